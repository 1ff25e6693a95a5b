package calendar

import (
	"strings"
	"testing"
	"time"
)

// Each line was counted by hand on a wall calendar: start, budget, due; a ~
// marks a provisional one. 2026-11-23 is a Monday without holidays near it.
const byHand = `
# the day of sending does not count, whenever in it
2026-11-20 10:00 1wd 2026-11-23 18:00
2026-11-22 12:00 1wd 2026-11-23 18:00
2026-11-21 00:00 1wd 2026-11-23 18:00
2026-11-22 23:59 1wd 2026-11-23 18:00
2026-11-23 00:00 1wd 2026-11-24 18:00
2026-11-23 09:00 1wd 2026-11-24 18:00
2026-11-23 14:00 1wd 2026-11-24 18:00
2026-11-23 18:00 1wd 2026-11-24 18:00
2026-11-23 23:59 1wd 2026-11-24 18:00
2026-11-23 10:00 2wd 2026-11-25 18:00
2026-11-23 10:00 4wd 2026-11-27 18:00
2026-11-23 10:00 5wd 2026-11-30 18:00
2026-11-23 10:00 6wd 2026-12-01 18:00
2026-11-23 10:00 10wd 2026-12-07 18:00
2026-11-23 10:00 15wd 2026-12-14 18:00
2026-11-23 10:00 20wd 2026-12-21 18:00

# Spring Festival 2026: off 15 to 23 February, work on Saturdays 14 and 28
2026-02-12 10:00 1wd 2026-02-13 18:00
2026-02-12 10:00 2wd 2026-02-14 18:00
2026-02-12 10:00 3wd 2026-02-24 18:00
2026-02-12 10:00 6wd 2026-02-27 18:00
2026-02-12 10:00 7wd 2026-02-28 18:00
2026-02-12 10:00 8wd 2026-03-02 18:00
2026-02-14 16:00 1wd 2026-02-24 18:00
2026-02-17 09:30 1wd 2026-02-24 18:00
2026-02-23 23:59 1wd 2026-02-24 18:00
2026-02-24 00:00 1wd 2026-02-25 18:00
2026-02-28 12:00 1wd 2026-03-02 18:00

# Spring Festival 2025: off 28 January to 4 February, work on Sunday 26 January and Saturday 8 February
2025-01-24 10:00 1wd 2025-01-26 18:00
2025-01-24 10:00 2wd 2025-01-27 18:00
2025-01-24 10:00 3wd 2025-02-05 18:00
2025-01-24 10:00 5wd 2025-02-07 18:00
2025-01-24 10:00 6wd 2025-02-08 18:00
2025-01-24 10:00 7wd 2025-02-10 18:00

# Spring Festival 2024: off 10 to 17 February, work on Sundays 4 and 18
2024-02-02 10:00 1wd 2024-02-04 18:00
2024-02-02 10:00 6wd 2024-02-09 18:00
2024-02-02 10:00 7wd 2024-02-18 18:00
2024-02-02 10:00 8wd 2024-02-19 18:00

# National Day 2026 with mid-autumn close before it
2026-09-18 10:00 1wd 2026-09-20 18:00
2026-09-18 10:00 5wd 2026-09-24 18:00
2026-09-18 10:00 6wd 2026-09-28 18:00
2026-09-18 10:00 8wd 2026-09-30 18:00
2026-09-18 10:00 9wd 2026-10-08 18:00
2026-09-18 10:00 11wd 2026-10-10 18:00
2026-09-18 10:00 12wd 2026-10-12 18:00

# National Day 2025 and 2024
2025-09-30 17:59 1wd 2025-10-09 18:00
2025-09-30 17:59 3wd 2025-10-11 18:00
2025-09-30 17:59 4wd 2025-10-13 18:00
2025-09-27 10:00 1wd 2025-09-28 18:00
2024-09-27 10:00 1wd 2024-09-29 18:00
2024-09-27 10:00 3wd 2024-10-08 18:00
2024-09-27 10:00 7wd 2024-10-12 18:00
2024-09-13 10:00 1wd 2024-09-14 18:00
2024-09-13 10:00 2wd 2024-09-18 18:00

# Qingming, Labour Day, Dragon Boat
2024-04-03 10:00 1wd 2024-04-07 18:00
2024-04-03 10:00 2wd 2024-04-08 18:00
2025-04-03 10:00 1wd 2025-04-07 18:00
2026-04-03 10:00 1wd 2026-04-07 18:00
2026-04-30 10:00 1wd 2026-05-06 18:00
2026-04-30 10:00 4wd 2026-05-09 18:00
2026-04-30 10:00 5wd 2026-05-11 18:00
2025-04-26 10:00 1wd 2025-04-27 18:00
2025-04-30 10:00 1wd 2025-05-06 18:00
2024-04-26 10:00 4wd 2024-05-06 18:00
2024-05-10 10:00 1wd 2024-05-11 18:00
2024-06-07 10:00 1wd 2024-06-11 18:00
2025-05-30 10:00 1wd 2025-06-03 18:00
2026-06-18 10:00 1wd 2026-06-22 18:00

# ends of months and years, and the leap day
2026-03-31 10:00 1wd 2026-04-01 18:00
2024-02-28 10:00 1wd 2024-02-29 18:00
2024-02-28 10:00 2wd 2024-03-01 18:00
2025-02-28 10:00 1wd 2025-03-03 18:00
2024-12-31 10:00 1wd 2025-01-02 18:00
2025-12-31 10:00 1wd 2026-01-04 18:00
2025-12-31 10:00 2wd 2026-01-05 18:00

# years without data
2026-12-28 10:00 3wd 2026-12-31 18:00
2026-12-28 10:00 4wd 2027-01-01 18:00 ~
2026-12-31 23:59 1wd 2027-01-01 18:00 ~
2023-12-29 10:00 1wd 2024-01-02 18:00 ~
2027-03-05 10:00 1wd 2027-03-08 18:00 ~

# working hours: the morning, the noon break, the ends of windows, the night
2026-11-23 10:00 1wh 2026-11-23 11:00
2026-11-23 10:00 3wh 2026-11-23 13:00
2026-11-23 10:00 4wh 2026-11-23 16:30
2026-11-23 10:00 5wh 2026-11-23 17:30
2026-11-23 10:00 6wh 2026-11-24 10:00
2026-11-23 09:30 6wh 2026-11-23 18:00
2026-11-23 09:30 7wh 2026-11-24 10:30
2026-11-23 09:30 12wh 2026-11-24 18:00
2026-11-23 00:00 1wh 2026-11-23 10:30
2026-11-23 08:00 1wh 2026-11-23 10:30
2026-11-23 12:00 1wh 2026-11-23 13:00
2026-11-23 12:59 1wh 2026-11-23 16:29
2026-11-23 13:00 1wh 2026-11-23 16:30
2026-11-23 14:00 1wh 2026-11-23 16:30
2026-11-23 15:30 2wh 2026-11-23 17:30
2026-11-23 15:30 3wh 2026-11-24 10:00
2026-11-23 17:00 1wh 2026-11-23 18:00
2026-11-23 17:30 1wh 2026-11-24 10:00
2026-11-23 18:00 1wh 2026-11-24 10:30
2026-11-23 23:59 1wh 2026-11-24 10:30
2026-11-20 17:00 2wh 2026-11-23 10:30
2026-11-21 12:00 4wh 2026-11-23 16:00
2026-11-20 10:00 30wh 2026-11-27 10:00
2026-02-14 17:00 2wh 2026-02-24 10:30
2026-02-15 10:00 1wh 2026-02-24 10:30
2025-01-26 10:00 1wh 2025-01-26 11:00
2026-09-20 17:00 1wh 2026-09-20 18:00
2025-09-30 17:30 1wh 2025-10-09 10:00
2026-12-31 17:00 1wh 2026-12-31 18:00
2026-12-31 17:30 1wh 2027-01-01 10:00 ~

# plain time asks no calendar
2026-11-23 23:45 30m 2026-11-24 00:15
2026-11-21 23:00 2h 2026-11-22 01:00
2026-02-17 12:00 24h 2026-02-18 12:00
2024-02-28 12:00 1d 2024-02-29 12:00
2024-02-28 12:00 2d 2024-03-01 12:00
2026-12-31 20:00 7d 2027-01-07 20:00
2026-11-23 10:00 90m 2026-11-23 11:30
`

func seeded(t testing.TB) *Calendar {
	t.Helper()
	c, err := Seed()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	got, err := time.ParseInLocation("2006-01-02 15:04", s, Zone)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func budget(t testing.TB, s string) Budget {
	t.Helper()
	b, err := ParseBudget(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDueByHand(t *testing.T) {
	c := seeded(t)
	cases := 0
	for line := range strings.Lines(byHand) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		cases++
		from, b := at(t, f[0]+" "+f[1]), budget(t, f[2])
		got, err := c.Due(from, b, "540102")
		if err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
			continue
		}
		if want := at(t, f[3]+" "+f[4]); !got.Due.Equal(want) || got.Provisional != (len(f) == 6) {
			t.Errorf("%s sent %s %s: got %s, provisional %v; want %s", b, from.Weekday(), f[0]+" "+f[1],
				got.Due.Format("Mon 2006-01-02 15:04"), got.Provisional, strings.Join(f[3:], " "))
		}
		explained, err := c.Explain(from, b, "540102")
		if err != nil || !explained.Due.Equal(got.Due) || explained.Provisional != got.Provisional {
			t.Errorf("%s: Explain says %v (%v), Due says %v", strings.TrimSpace(line), explained, err, got)
		}
	}
	if cases < 80 {
		t.Errorf("got %d cases, want at least 80", cases)
	}
}

// A peer's times come in any zone, with fractions of a second.
func TestDueInOtherZones(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct{ from, budget, want string }{
		{"2026-11-20T02:00:00Z", "1wd", "2026-11-23T18:00:00+08:00"},
		{"2026-11-22T15:59:59Z", "1wd", "2026-11-23T18:00:00+08:00"}, // still Sunday in China
		{"2026-11-22T16:00:00Z", "1wd", "2026-11-24T18:00:00+08:00"}, // Monday in China
		{"2026-11-22T20:00:00-05:00", "4wh", "2026-11-23T16:00:00+08:00"},
		{"2026-11-23T10:00:00.25+08:00", "1wh", "2026-11-23T11:00:00.25+08:00"},
		{"2026-11-23T12:59:59.75+08:00", "1wh", "2026-11-23T16:29:59.75+08:00"},
		{"2026-11-23T02:00:00Z", "30m", "2026-11-23T10:30:00+08:00"},
	} {
		from, err := time.Parse(time.RFC3339Nano, tc.from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Due(from, budget(t, tc.budget), "")
		if err != nil {
			t.Errorf("%v: %v", tc, err)
		} else if s := got.Due.Format(time.RFC3339Nano); s != tc.want {
			t.Errorf("%s from %s: got %s, want %s", tc.budget, tc.from, s, tc.want)
		}
	}
}

func TestDueRefuses(t *testing.T) {
	c := seeded(t)
	good := at(t, "2026-11-23 10:00")
	for _, tc := range []struct {
		what string
		from time.Time
		b    Budget
	}{
		{"no budget", good, Budget{}},
		{"the zero time", time.Time{}, budget(t, "1wd")},
		{"1970", time.Unix(0, 0), budget(t, "1h")},
		{"milliseconds taken for seconds", time.Unix(1_795_000_000_000, 0), budget(t, "1wd")},
	} {
		if got, err := c.Due(tc.from, tc.b, ""); err == nil {
			t.Errorf("%s: got %v, want an error", tc.what, got)
		}
		if got, err := c.Explain(tc.from, tc.b, ""); err == nil {
			t.Errorf("%s: got %v, want an error", tc.what, got)
		}
	}
}

func TestBetween(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-11-23 10:00", "2026-11-23 10:00", 0},
		{"2026-11-23 10:00", "2026-11-23 12:00", 2 * time.Hour},
		{"2026-11-23 12:00", "2026-11-23 16:00", 90 * time.Minute},
		{"2026-11-23 13:00", "2026-11-23 15:30", 0},
		{"2026-11-23 18:00", "2026-11-24 09:30", 0},
		{"2026-11-23 00:00", "2026-11-24 00:00", 6 * time.Hour},
		{"2026-11-20 17:00", "2026-11-23 10:00", 90 * time.Minute},
		{"2026-02-13 17:00", "2026-02-24 10:00", 7*time.Hour + 30*time.Minute}, // the make-up Saturday between
		{"2026-02-15 00:00", "2026-02-24 00:00", 0},
		{"2026-11-23 12:00", "2026-11-23 10:00", -2 * time.Hour},
	} {
		if got := c.Between(at(t, tc.from), at(t, tc.to), ""); got != tc.want {
			t.Errorf("from %s to %s: got %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
}

func TestWorkingDays(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct {
		from, to string
		want     int
	}{
		{"2026-11-23 18:00", "2026-11-23 23:00", 0},
		{"2026-11-23 18:00", "2026-11-24 00:00", 1},
		{"2026-11-23 18:00", "2026-11-24 18:00", 1},
		{"2026-11-20 18:00", "2026-11-22 18:00", 0},
		{"2026-11-20 18:00", "2026-11-23 08:00", 1},
		{"2026-02-13 18:00", "2026-02-23 12:00", 1},
		{"2026-11-24 18:00", "2026-11-20 12:00", 0},
	} {
		if got := c.WorkingDays(at(t, tc.from), at(t, tc.to), ""); got != tc.want {
			t.Errorf("from %s to %s: got %d, want %d", tc.from, tc.to, got, tc.want)
		}
	}
}

func TestBackwards(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct {
		to   string
		work time.Duration
		want string
	}{
		{"2026-11-24 18:00", 90 * time.Minute, "2026-11-24 16:30"},
		{"2026-11-24 16:30", 2 * time.Hour, "2026-11-24 12:00"},
		{"2026-11-24 10:00", time.Hour, "2026-11-23 17:30"},
		{"2026-11-24 15:30", time.Hour, "2026-11-24 12:00"},
		{"2026-11-24 14:00", time.Hour, "2026-11-24 12:00"},
		{"2026-11-23 10:00", time.Hour, "2026-11-20 17:30"},
		{"2026-02-24 10:00", time.Hour, "2026-02-14 17:30"},
		{"2026-11-23 18:00", 6 * time.Hour, "2026-11-23 09:30"},
		{"2026-11-23 20:00", 0, "2026-11-23 20:00"},
	} {
		if got := c.WorkBefore(at(t, tc.to), tc.work, ""); !got.Equal(at(t, tc.want)) {
			t.Errorf("%v before %s: got %s, want %s", tc.work, tc.to, got, tc.want)
		}
	}
	for _, tc := range []struct {
		to   string
		days int
		want string
	}{
		{"2026-11-24 18:00", 1, "2026-11-23 18:00"},
		{"2026-11-23 18:00", 1, "2026-11-20 18:00"},
		{"2026-11-23 11:00", 1, "2026-11-20 11:00"},
		{"2026-11-22 11:00", 1, "2026-11-20 11:00"}, // a plain deadline on a Sunday
		{"2026-11-24 14:00", 1, "2026-11-23 13:00"},
		{"2026-11-24 03:00", 1, "2026-11-20 18:00"}, // nobody reads at three in the morning
		{"2026-11-24 09:30", 1, "2026-11-23 09:30"},
		{"2026-11-24 23:00", 1, "2026-11-23 18:00"},
		{"2026-02-24 18:00", 1, "2026-02-14 18:00"},
		{"2026-11-24 18:00", 3, "2026-11-19 18:00"},
	} {
		if got := c.DaysBefore(at(t, tc.to), tc.days, ""); !got.Equal(at(t, tc.want)) {
			t.Errorf("%d working days before %s: got %s, want %s", tc.days, tc.to, got, tc.want)
		}
	}
}
