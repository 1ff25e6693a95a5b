package calendar

import (
	"testing"
	"time"

	"liandong/internal/hotline"
)

func TestParseOffset(t *testing.T) {
	for s, want := range map[string]string{"75%": "", "-1wd": "", "+30m": "", "1%": "", "99%": "", "": "offset_unreadable", "1wd": "offset_unreadable", "0%": "offset_unreadable",
		"100%": "offset_unreadable", "+75%": "offset_unreadable", "%": "offset_unreadable", "-0wd": "budget_zero", "+x": "budget_unreadable", "+": "budget_unreadable", "--1wd": "budget_unreadable"} {
		o, err := ParseOffset(s)
		if got := hotline.CodeOf(err); err != nil && got != want || err == nil && want != "" {
			t.Errorf("%q: got %v, want %q", s, err, want)
		}
		if err == nil && o.String() != s {
			t.Errorf("%q is written %q", s, o)
		}
	}
}

func TestQuiet(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("01-02 15:04", s, Zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tc := range []struct{ quiet, in, want string }{
		{"20:00-08:00", "03-05 19:59", "03-05 19:59"},
		{"20:00-08:00", "03-05 20:00", "03-06 08:00"},
		{"20:00-08:00", "03-06 00:00", "03-06 08:00"},
		{"20:00-08:00", "03-06 07:59", "03-06 08:00"},
		{"20:00-08:00", "03-06 08:00", "03-06 08:00"},
		{"12:00-14:00", "03-06 13:00", "03-06 14:00"},
		{"12:00-14:00", "03-06 14:00", "03-06 14:00"},
		{"", "03-06 03:00", "03-06 03:00"},
	} {
		q, err := ParseQuiet(tc.quiet)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.After(at(tc.in)); !got.Equal(at(tc.want)) {
			t.Errorf("%s, %s: got %v, want %s", tc.quiet, tc.in, got, tc.want)
		}
	}
	for _, s := range []string{"8-20", "20:00", "20:00-20:00", "25:00-08:00", "20:00-08:00x"} {
		if _, err := ParseQuiet(s); hotline.CodeOf(err) != "quiet_unreadable" {
			t.Errorf("%q: got %v", s, err)
		}
	}
}
