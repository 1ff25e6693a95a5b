package calendar

import (
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

var regions = []string{"", "540000", "540102", "540102001", "999999"}

func drawTime(t *rapid.T, name string) time.Time {
	first, last := time.Date(2023, 11, 1, 0, 0, 0, 0, Zone), time.Date(2027, 3, 1, 0, 0, 0, 0, Zone)
	// Whole minutes half the time, to meet the ends of windows.
	if rapid.Bool().Draw(t, name+" whole") {
		return time.Unix(rapid.Int64Range(first.Unix()/60, last.Unix()/60).Draw(t, name)*60, 0)
	}
	return time.Unix(0, rapid.Int64Range(first.UnixNano(), last.UnixNano()).Draw(t, name))
}

func drawBudget(t *rapid.T, name string) Budget {
	return Budget{n: rapid.IntRange(1, 60).Draw(t, name), unit: rapid.SampledFrom([]Unit{WorkingDays, WorkingHours, Minutes, Hours, Days}).Draw(t, name+" unit")}
}

func due(t *rapid.T, c *Calendar, from time.Time, b Budget, region string) time.Time {
	d, err := c.Due(from, b, region)
	if err != nil {
		t.Fatal(err)
	}
	return d.Due
}

func TestDueIsMonotone(t *testing.T) {
	c := seeded(t)
	rapid.Check(t, func(t *rapid.T) {
		from, b, region := drawTime(t, "from"), drawBudget(t, "budget"), rapid.SampledFrom(regions).Draw(t, "region")
		got := due(t, c, from, b, region)
		if !got.After(from) {
			t.Errorf("due %v is not after %v", got, from)
		}
		later := from.Add(time.Duration(rapid.Int64Range(0, int64(10*24*time.Hour)).Draw(t, "later")))
		if due(t, c, later, b, region).Before(got) {
			t.Errorf("%s sent later, at %v, is due before one sent at %v", b, later, from)
		}
		if more := (Budget{n: b.n + 1, unit: b.unit}); !due(t, c, from, more, region).After(got) {
			t.Errorf("%s is due no later than %s", more, b)
		}
	})
}

func TestWorkingHoursAdd(t *testing.T) {
	c := seeded(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawTime(t, "from")
		a, b := rapid.IntRange(1, 60).Draw(t, "a"), rapid.IntRange(1, 60).Draw(t, "b")
		whole := due(t, c, from, Budget{n: a + b, unit: WorkingHours}, "")
		parts := due(t, c, due(t, c, from, Budget{n: a, unit: WorkingHours}, ""), Budget{n: b, unit: WorkingHours}, "")
		if !whole.Equal(parts) {
			t.Errorf("%dwh then %dwh is %v, in one %v", a, b, parts, whole)
		}
		if got, want := c.Between(from, whole, ""), time.Duration(a+b)*time.Hour; got != want {
			t.Errorf("office time until %v: got %v, want %v", whole, got, want)
		}
		if back := c.WorkBefore(whole, time.Duration(a+b)*time.Hour, ""); c.Between(from, back, "") != 0 || back.Before(from) {
			t.Errorf("%dwh back from %v is %v, want %v or the window after it", a+b, whole, back, from)
		}
	})
}

func TestAccountAddsUp(t *testing.T) {
	c := seeded(t)
	rapid.Check(t, func(t *rapid.T) {
		from, b := drawTime(t, "from"), drawBudget(t, "budget")
		d, err := c.Explain(from, b, "")
		if err != nil {
			t.Fatal(err)
		}
		end, days := from, 0
		var counted time.Duration
		for i, s := range d.Account {
			if !s.From.Equal(end) || !s.To.After(s.From) {
				t.Fatalf("span %d is %v to %v, want a gapless account from %v", i, s.From, s.To, end)
			}
			end = s.To
			if (s.Why == Holiday || s.Why == MakeUp) != (s.Name != "") {
				t.Errorf("span %d: %s with the name %q", i, s.Why, s.Name)
			}
			if s.Counted != (s.Why == Working || s.Why == MakeUp || s.Why == Elapsed) {
				t.Errorf("span %d: counted %v, %s", i, s.Counted, s.Why)
			}
			if s.Counted {
				days++
				counted += s.To.Sub(s.From)
			}
		}
		if !end.Equal(d.Due) {
			t.Errorf("account ends %v, want %v", end, d.Due)
		}
		if plain, ok := b.Plain(); ok && counted != plain {
			t.Errorf("account has %v, want %v", counted, plain)
		}
		if b.unit == WorkingHours && counted != time.Duration(b.n)*time.Hour {
			t.Errorf("account has %v, want %v", counted, b)
		}
		if b.unit == WorkingDays && (days != b.n || c.WorkingDays(from, d.Due, "") != b.n) {
			t.Errorf("account has %d days, want %v", days, b)
		}
	})
}

// The same by the plainest means: walk on minute by minute.
func TestDueAgainstSteps(t *testing.T) {
	c := seeded(t)
	inWindow := func(t time.Time) bool {
		m := t.In(Zone).Hour()*60 + t.In(Zone).Minute()
		return c.WorkingDay(t, "") && (m >= 9*60+30 && m < 13*60 || m >= 15*60+30 && m < 18*60)
	}
	rapid.Check(t, func(t *rapid.T) {
		from := drawTime(t, "from").Truncate(time.Minute)
		n := rapid.IntRange(1, 20).Draw(t, "hours")
		at := from
		for left := n * 60; left > 0; at = at.Add(time.Minute) {
			if inWindow(at) {
				left--
			}
		}
		if got := due(t, c, from, Budget{n: n, unit: WorkingHours}, ""); !got.Equal(at) {
			t.Errorf("%dwh from %v: got %v, want %v", n, from.In(Zone), got, at.In(Zone))
		}
	})
}

// A window until midnight must not cost a minute, nor add an empty span.
func TestAccountWithMidnight(t *testing.T) {
	c, err := Parse(fstest.MapFS{
		"cn.csv":      {Data: []byte("date,kind,name,region\n2026-01-01,off,元旦,\n")},
		"windows.csv": {Data: []byte("region,from,to\n,00:00,24:00\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Explain(at(t, "2026-11-23 10:00"), budget(t, "1wd"), "")
	if err != nil || !d.Due.Equal(at(t, "2026-11-25 00:00")) || len(d.Account) != 2 {
		t.Errorf("got %v, %v, want midnight after Tuesday in two spans", d, err)
	}
	d, err = c.Explain(at(t, "2026-11-23 10:00"), budget(t, "24wh"), "")
	if err != nil || !d.Due.Equal(at(t, "2026-11-24 10:00")) {
		t.Errorf("got %v, %v, want the same time a day later", d, err)
	}
}

func BenchmarkDue10wd(b *testing.B) {
	c, from, ten := seeded(b), at(b, "2026-09-18 10:00"), budget(b, "10wd")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Due(from, ten, "540102"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDue40wh(b *testing.B) {
	c, from, forty := seeded(b), at(b, "2026-09-18 10:00"), budget(b, "40wh")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Due(from, forty, "540102"); err != nil {
			b.Fatal(err)
		}
	}
}
