package deadline

import (
	"testing"
	"time"

	"liandong/internal/calendar"
)

func TestNoticeAt(t *testing.T) {
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		v, err := time.ParseInLocation("01-02 15:04", s, calendar.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 0, 0)
	}
	for _, c := range []struct {
		now, told, quiet string
		urgent           bool
		want             string
	}{
		{"03-11 10:00", "", "", false, "03-11 10:01"},
		{"03-11 10:00", "03-11 09:30", "", false, "03-11 10:30"},
		{"03-11 10:00", "03-11 08:00", "", false, "03-11 10:01"},
		{"03-11 20:59", "", "21:00-08:00", false, "03-12 08:00"},
		{"03-11 20:58", "", "21:00-08:00", false, "03-11 20:59"},
		{"03-11 20:30", "03-11 20:20", "21:00-08:00", false, "03-12 08:00"},
		{"03-12 07:59", "", "21:00-08:00", false, "03-12 08:00"},
		{"03-11 23:00", "03-11 22:59", "21:00-08:00", true, "03-11 23:00"},
	} {
		q, err := calendar.ParseQuiet(c.quiet)
		if err != nil {
			t.Fatal(err)
		}
		if got := NoticeAt(at(c.now), at(c.told), q, c.urgent); !got.Equal(at(c.want)) {
			t.Errorf("made %s, told %s, quiet %s, urgent %v: got %s, want %s", c.now, c.told, c.quiet, c.urgent, got, c.want)
		}
	}
}

func TestNoticePause(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 30 * time.Second, 1: 30 * time.Second, 2: time.Minute, 8: time.Hour, 10: time.Hour, 1000: time.Hour} {
		if got := NoticePause(n, false); got != want {
			t.Errorf("after %d: got %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int]time.Duration{1: 10 * time.Second, 6: 5 * time.Minute, 1000: 5 * time.Minute} {
		if got := NoticePause(n, true); got != want {
			t.Errorf("urgent, after %d: got %s, want %s", n, got, want)
		}
	}
}
