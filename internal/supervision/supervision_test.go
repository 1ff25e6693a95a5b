package supervision

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/hotline"
)

// Every state × verb × side against a list written out by hand.
func TestEveryMove(t *testing.T) {
	want := map[string]State{
		"issued answer unit": Answered, "issued withdraw supervisor": Withdrawn, "answered accept supervisor": Accepted,
		"answered demand supervisor": Demanded, "demanded answer unit": Answered, "demanded withdraw supervisor": Withdrawn,
	}
	seen := 0
	for _, s := range States() {
		for _, v := range Verbs() {
			for _, side := range []Side{Unit, Supervisor} {
				to, err := Next(s, v, side)
				w, ok := want[fmt.Sprintf("%s %s %s", s, v, side)]
				if ok != (err == nil) || ok && to != w || !ok && (to != s || hotline.KindOf(err) != hotline.Conflict) {
					t.Errorf("%s %s %s: got %s, %v, want %s", s, v, side, to, err, w)
				}
				if slices.Contains(Can(s, side), v) != ok {
					t.Errorf("%s %s %s: offered %v, want %v", s, v, side, !ok, ok)
				}
				if ok {
					seen++
				}
			}
		}
		if s.Ended() != (len(Can(s, Unit))+len(Can(s, Supervisor)) == 0) || s.Owed() != slices.Contains(Can(s, Unit), Answer) {
			t.Errorf("%s: ended %v, owed %v", s, s.Ended(), s.Owed())
		}
	}
	if seen != len(Moves()) || seen != len(want) {
		t.Errorf("got %d moves, the table has %d, want %d", seen, len(Moves()), len(want))
	}
}

func TestDraw(t *testing.T) {
	var ids []string
	for i := range 200 {
		ids = append(ids, fmt.Sprint("c", i))
	}
	first := Draw("seed", ids, 20)
	slices.Reverse(ids) // the order of the list is nobody's business
	if diff := cmp.Diff(first, Draw("seed", ids, 20)); diff != "" {
		t.Errorf("the same draw again (-first +again):\n%s", diff)
	}
	if cmp.Equal(first, Draw("other", ids, 20)) || len(first) != 20 {
		t.Errorf("got %d cases, and the same with another seed", len(first))
	}
	if got := len(Draw("seed", ids, 500)); got != 200 {
		t.Errorf("more than there are: got %d, want 200", got)
	}
	if got := len(Draw("seed", ids, -1)); got != 0 {
		t.Errorf("fewer than none: got %d", got)
	}
}
