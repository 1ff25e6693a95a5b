package calendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Counted by hand, like byHand: 2026-11-23 is a Monday.
func TestDueWithPauses(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct{ from, budget, pauseFrom, pauseTo, want string }{
		{"2026-11-23 10:00", "5wd", "2026-11-25 00:00", "2026-11-27 00:00", "2026-12-02 18:00"},
		{"2026-11-23 10:00", "5wd", "2026-11-25 17:00", "2026-11-27 09:30", "2026-12-02 18:00"}, // two days touched
		{"2026-11-23 10:00", "5wd", "2026-11-25 18:00", "2026-11-26 09:30", "2026-11-30 18:00"}, // a night
		{"2026-11-23 10:00", "5wd", "2026-11-28 00:00", "2026-11-30 00:00", "2026-11-30 18:00"}, // a weekend
		{"2026-11-23 10:00", "1wd", "2026-11-23 09:00", "2026-11-23 17:00", "2026-11-24 18:00"}, // the day of sending
		{"2026-11-23 10:00", "2wd", "2026-12-01 00:00", "2026-12-05 00:00", "2026-11-25 18:00"}, // after it was due
		{"2026-11-23 10:00", "2wd", "2026-11-01 00:00", "2026-11-23 10:00", "2026-11-25 18:00"}, // before it began
		{"2026-11-23 10:00", "4wh", "2026-11-23 12:00", "2026-11-23 16:00", "2026-11-23 18:00"},
		{"2026-11-23 10:00", "4wh", "2026-11-23 12:00", "2026-11-24 12:00", "2026-11-24 16:30"},
		{"2026-11-23 10:00", "3wh", "2026-11-23 13:00", "2026-11-24 12:00", "2026-11-23 13:00"}, // over when the pause began
		{"2026-11-23 10:00", "30m", "2026-11-23 10:10", "2026-11-23 11:10", "2026-11-23 11:30"},
		{"2026-11-23 10:00", "30m", "2026-11-23 09:00", "2026-11-23 10:20", "2026-11-23 10:50"},
		{"2026-11-23 10:00", "30m", "2026-11-23 10:30", "2026-11-23 12:00", "2026-11-23 10:30"},
	} {
		pause := []Pause{{From: at(t, tc.pauseFrom), To: at(t, tc.pauseTo)}}
		got, err := c.DueWith(at(t, tc.from), budget(t, tc.budget), "", pause)
		if err != nil || !got.Due.Equal(at(t, tc.want)) {
			t.Errorf("%v: got %v, %v", tc, got.Due, err)
		}
	}
	if _, err := c.DueWith(time.Time{}, budget(t, "1wd"), "", []Pause{{To: at(t, "2026-11-23 10:00")}}); err == nil {
		t.Error("the zero time: got no error")
	}
}

// What is counted outside the pauses is the budget, whatever the pauses are.
func TestPausesAddUp(t *testing.T) {
	c := seeded(t)
	rapid.Check(t, func(t *rapid.T) {
		from, b := drawTime(t, "from"), drawBudget(t, "budget")
		var pauses []Pause
		for range rapid.IntRange(0, 4).Draw(t, "pauses") {
			start := from.Add(time.Duration(rapid.Int64Range(-48, 400).Draw(t, "start")) * time.Hour)
			pauses = append(pauses, Pause{From: start, To: start.Add(time.Duration(rapid.Int64Range(0, 300).Draw(t, "length")) * time.Hour)})
		}
		d, err := c.ExplainWith(from, b, "", pauses)
		if err != nil {
			t.Fatal(err)
		}
		if d.Due.Before(due(t, c, from, b, "")) {
			t.Errorf("a pause made it due earlier: %v", d.Due)
		}
		end, days := from, 0
		var counted time.Duration
		for i, s := range d.Account {
			if !s.From.Equal(end) || !s.To.After(s.From) {
				t.Fatalf("span %d is %v to %v, want a gapless account from %v", i, s.From, s.To, end)
			}
			end = s.To
			if !s.Counted {
				continue
			}
			days++
			counted += s.To.Sub(s.From)
			for _, p := range pauses {
				if b.unit != WorkingDays && p.To.After(p.From) && p.From.Before(s.To) && p.To.After(s.From) {
					t.Errorf("span %v to %v counts though paused from %v to %v", s.From, s.To, p.From, p.To)
				}
			}
		}
		if !end.Equal(d.Due) {
			t.Errorf("account ends %v, want %v", end, d.Due)
		}
		want := time.Duration(b.n) * time.Hour
		if plain, ok := b.Plain(); ok {
			want = plain
		}
		if b.unit == WorkingDays && days != b.n || b.unit != WorkingDays && counted != want {
			t.Errorf("%s: account has %d spans that count, %v", b, days, counted)
		}
	})
}
