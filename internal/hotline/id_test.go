package hotline

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var idForm = regexp.MustCompile(`^[0-7][0-9a-hjkmnp-tv-z]{25}$`)

func TestNewID(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	last := ""
	for range 10000 {
		id := NewID()
		if !idForm.MatchString(id) {
			t.Fatalf("got %q, want 26 characters of Crockford's base 32", id)
		}
		if id <= last {
			t.Fatalf("%s came after %s", id, last)
		}
		last = id
	}
	made, ok := IDTime(last)
	if !ok || made.Before(before) || made.After(time.Now().Add(time.Second)) {
		t.Errorf("IDTime(%s) = %v, %v, want about now", last, made, ok)
	}
}

// Ids are in order in each goroutine, and no two are the same.
func TestNewIDConcurrent(t *testing.T) {
	const each, all = 2000, 8
	made := make([][]string, all)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			for range each {
				made[i] = append(made[i], NewID())
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, ids := range made {
		if !slices.IsSorted(ids) {
			t.Error("ids of one goroutine are out of order")
		}
		for _, id := range ids {
			if seen[id] {
				t.Fatalf("%s was made twice", id)
			}
			seen[id] = true
		}
	}
}

// Whatever the clock does, ids go up, and an id tells the latest time seen.
func TestIDsGoUpWhateverTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s idSource
		last, latest := "", time.Time{}
		for _, ms := range rapid.SliceOfN(rapid.Int64Range(1, 1<<48-1), 1, 50).Draw(t, "clock") {
			now := time.UnixMilli(ms)
			id := s.next(now)
			if now.After(latest) {
				latest = now
			}
			if id <= last {
				t.Fatalf("%s after %s", id, last)
			}
			if got, ok := IDTime(id); !ok || !got.Equal(latest) {
				t.Fatalf("IDTime(%s) = %v, %v, want %v", id, got, ok, latest)
			}
			last = id
		}
	})
}

// Counting on within a millisecond carries over into the upper part.
func TestIDCarries(t *testing.T) {
	s := idSource{last: 5, hi: 1, lo: 1<<64 - 1}
	id := s.next(time.UnixMilli(5))
	if want := encode32([16]byte{5: 5, 7: 2}); id != want {
		t.Errorf("got %s, want %s", id, want)
	}
	before := idSource{last: 5, hi: 1, lo: 1<<64 - 2}
	if first := before.next(time.UnixMilli(5)); first >= id {
		t.Errorf("%s before the carry sorts behind %s after it", first, id)
	}
}

func TestFirstID(t *testing.T) {
	at := time.Date(2026, 3, 2, 1, 30, 0, 123e6, time.UTC)
	first := FirstID(at)
	if before := (&idSource{}).next(at.Add(-time.Millisecond)); before >= first {
		t.Errorf("%s, made before, sorts behind %s", before, first)
	}
	if after := (&idSource{}).next(at); after < first {
		t.Errorf("%s, made then, sorts before %s", after, first)
	}
}

func TestIDTime(t *testing.T) {
	when := time.Date(2026, 3, 2, 1, 30, 0, 123e6, time.UTC)
	id := (&idSource{}).next(when)
	if got, ok := IDTime(id); !ok || !got.Equal(when) {
		t.Errorf("IDTime(%s) = %v, %v, want %v", id, got, ok, when)
	}
	for _, bad := range []string{"", "x", id[:25], id + "0", strings.ToUpper(id), "u" + id[1:], "8" + id[1:], id[:25] + "u", id[:25] + " ",
		strings.Repeat("藏", 9)[:26], strings.Repeat("z", 26)} {
		if got, ok := IDTime(bad); ok {
			t.Errorf("IDTime(%q) = %v, want it refused", bad, got)
		}
	}
}
