package deadline

import (
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
)

// RungOf is a rung's place, from 1; 0 for a name that is none.
func RungOf(name string) int { return slices.Index(catalogue.Rungs(), name) + 1 }

// Ladder is what one clock climbs: the steps of the catalogue, counted in the
// calendar of a region.
type Ladder struct {
	Steps    []catalogue.Step
	Calendar *calendar.Calendar
	Region   string
}

// Arm sets when the clock's next rung fires: the lowest above the last that
// did. A stopped clock has none.
func (l Ladder) Arm(c Clock) Clock {
	c.Next = time.Time{}
	if c.Running() {
		for n := c.Rung + 1; n <= len(catalogue.Rungs()); n++ {
			if at, ok := l.when(n, c); ok {
				c.Next = at
				break
			}
		}
	}
	return c
}

// Fire is the highest rung that is due now and has not fired, "" for none.
// After a stop of the process the rungs passed over do not follow one after the
// other: the highest fires alone and overtaken names the rest. after differs
// from c also where nothing fires and the ladder has changed since it was armed.
func (l Ladder) Fire(c Clock, now time.Time) (after Clock, rung string, overtaken []string) {
	if !c.Running() || c.Next.IsZero() || now.Before(c.Next) {
		return c, "", nil
	}
	var passed []string
	for n, name := range catalogue.Rungs() {
		if at, ok := l.when(n+1, c); ok && n+1 > c.Rung && !now.Before(at) {
			passed = append(passed, name)
		}
	}
	if len(passed) > 0 {
		rung, overtaken = passed[len(passed)-1], passed[:len(passed)-1]
		c.Rung = RungOf(rung)
	}
	return l.Arm(c), rung, overtaken
}

// when is the moment of a rung; ok is false where the clock has none: the
// ladder does not, or there is no room for a reminder before the deadline.
func (l Ladder) when(n int, c Clock) (at time.Time, ok bool) {
	rung := catalogue.Rungs()[n-1]
	if rung == catalogue.RungOver {
		return c.Due, true
	}
	i := slices.IndexFunc(l.Steps, func(s catalogue.Step) bool { return s.Rung == rung })
	if i < 0 {
		return at, false
	}
	s := l.Steps[i]
	if s.At.After {
		return s.Quiet.After(l.later(c.Due, s.At.Budget)), true
	}
	if !c.Due.After(c.Start) {
		return at, false // born overdue: nothing to remind of
	}
	at = l.before(c, s.At)
	if rung == catalogue.RungRemind {
		if near, ok := l.when(n+1, c); !at.After(c.Start) || ok && !at.Before(near) {
			return at, false
		}
	} else {
		at = c.within(at)
	}
	at = s.Quiet.After(at)
	return at, at.Before(c.Due)
}

// later is a time after a deadline: of working days the opening of the last.
func (l Ladder) later(due time.Time, b calendar.Budget) time.Time {
	if d, plain := b.Plain(); plain {
		return due.Add(d)
	}
	if b.Unit() == calendar.WorkingDays {
		return l.Calendar.DaysAfter(due, b.N(), l.Region)
	}
	d, err := l.Calendar.Due(due, b, l.Region)
	if err != nil {
		return due // a moment no calendar counts from
	}
	return d.Due
}

// before is a moment before the deadline. A budget of a day or less, or a run
// of that length where the deadline was moved, has 75 % of it.
func (l Ladder) before(c Clock, at calendar.Offset) time.Time {
	run := c.Due.Sub(c.Start)
	b, err := calendar.ParseBudget(c.Budget)
	d, dueErr := l.Calendar.Due(c.Start, b, l.Region)
	whole := err == nil && dueErr == nil && d.Due.Equal(c.Due)
	perDay := l.Calendar.PerDay(c.Due, l.Region)
	var budget time.Duration // in the budget's own time
	plain, isPlain := run, true
	if whole {
		plain, isPlain = b.Plain()
	}
	short := run <= 24*time.Hour
	switch {
	case isPlain:
		budget = plain
		short = plain <= 24*time.Hour
	case b.Unit() == calendar.WorkingDays:
		budget = time.Duration(b.N()) * perDay
		short = b.N() == 1
	default:
		budget = time.Duration(b.N()) * time.Hour
		short = budget <= perDay
	}
	percent := at.Percent
	if short && percent == 0 {
		percent = 75
	}
	if percent > 0 {
		left := budget / 100 * time.Duration(100-percent)
		if isPlain {
			return c.Due.Add(-left)
		}
		return l.Calendar.WorkBefore(c.Due, left, l.Region)
	}
	if plain, ok := at.Budget.Plain(); ok {
		return c.Due.Add(-plain)
	}
	if at.Budget.Unit() == calendar.WorkingDays {
		return l.Calendar.DaysBefore(c.Due, at.Budget.N(), l.Region)
	}
	return l.Calendar.WorkBefore(c.Due, time.Duration(at.Budget.N())*time.Hour, l.Region)
}
