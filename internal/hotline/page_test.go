package hotline

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCursorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Cursor{Key: rapid.Int64().Draw(t, "key"), ID: rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "id")}
		s := want.String()
		got, err := ParseCursor(s)
		if err != nil || got != want {
			t.Errorf("ParseCursor(%q) = %v, %v, want %v", s, got, err, want)
		}
		if strings.ContainsAny(s, "+/=&?# %") {
			t.Errorf("%q does not stand in a URL as it is", s)
		}
	})
	if s := (Cursor{}).String(); s != "" {
		t.Errorf("the cursor of the beginning is %q, want none", s)
	}
	if c, err := ParseCursor(""); err != nil || !c.Zero() {
		t.Errorf("no cursor is %v, %v, want the beginning", c, err)
	}
	if (Cursor{Key: 1}).Zero() || (Cursor{ID: "a"}).Zero() {
		t.Error("a place in the list is its beginning")
	}
}

func TestParseCursorRefuses(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	good := Cursor{Key: 42, ID: NewID()}.String()
	for _, bad := range []string{
		"x", "!!!!", good + "=", good + "\n", " " + good, good[:len(good)-2] + "\x00",
		b64([]byte("42")), b64([]byte("42.")), b64([]byte(".id")), b64([]byte("x.id")), b64([]byte("4 2.id")),
		b64([]byte("+42.id")), b64([]byte("042.id")), b64([]byte("9223372036854775808.id")),
		b64([]byte("42." + strings.Repeat("a", 65))), b64([]byte("42.a\x00b")), b64([]byte("42.a b")), b64([]byte("42.\xff")), b64([]byte("42.藏")),
		b64([]byte("42.id"))[:5] + "R", // the same bytes with bits to spare
		strings.Repeat("A", 1<<16),
	} {
		c, err := ParseCursor(bad)
		if KindOf(err) != Invalid || CodeOf(err) != "cursor_invalid" || !c.Zero() {
			t.Errorf("ParseCursor(%.40q) = %v, %v, want it refused", bad, c, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	for _, s := range []string{"", "x", Cursor{Key: 1, ID: "a"}.String(), Cursor{Key: math.MinInt64, ID: NewID()}.String(), "NDIuaWQ", "MDQyLmlk"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s)
		switch {
		case err != nil && (KindOf(err) != Invalid || !c.Zero()):
			t.Errorf("ParseCursor(%q) = %v, %v", s, c, err)
		case err == nil && c.String() != s:
			t.Errorf("ParseCursor(%q) = %v, which is written %q", s, c, c.String())
		}
	})
}

func TestPageLimit(t *testing.T) {
	for n, want := range map[int]int{0: 50, 1: 1, 50: 50, 200: 200} {
		if got, err := PageLimit(n); err != nil || got != want {
			t.Errorf("PageLimit(%d) = %d, %v, want %d", n, got, err, want)
		}
	}
	for _, n := range []int{-1, 201, math.MaxInt, math.MinInt} {
		if got, err := PageLimit(n); KindOf(err) != Invalid || CodeOf(err) != "limit_range" || got != 0 {
			t.Errorf("PageLimit(%d) = %d, %v, want it refused", n, got, err)
		}
	}
}
