package deadline

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Kind is which answer a clock waits for.
type Kind string

const (
	Receipt      Kind = "receipt"
	SignIn       Kind = "sign_in"
	FirstContact Kind = "first_contact"
	Handling     Kind = "handling"
	Feedback     Kind = "feedback"
	Callback     Kind = "callback"
	Case         Kind = "case"
)

// Kinds lists all kinds in the order in which they run out.
func Kinds() []Kind { return append(LegKinds(), Callback, Case) }

// LegKinds are the clocks that belong to a leg: all stop when the leg ends.
func LegKinds() []Kind { return []Kind{Receipt, SignIn, FirstContact, Feedback, Handling} }

// Rungs of a clock.
const (
	Near = "near" // it runs out soon
	Over = "over" // it has run out
)

var rungs = []string{Near, Over} // rung n of a clock is rungs[n-1]

// Clock is one owed answer's limit.
type Clock struct {
	ID          string
	CaseID      string
	LegID       string // "" for the clocks of a case
	Kind        Kind
	Budget      string // as the catalogue states it: 5wd, 4wh, 30m
	Start       time.Time
	Due         time.Time
	Provisional bool      // the calendar of a year it needs was not loaded
	Stopped     time.Time // zero while it runs
	Rung        int       // the last that fired: 0 none, 1 near, 2 over
	Next        time.Time // when the next rung fires; zero none
	Urgent      bool
}

// Plan starts a clock for each budget, in the order of Kinds, without ids.
// notAfter is the due time of the case's own clock (zero none): no clock of a
// leg is due later, so passing a case on never wins time. A leg that starts
// when that is over already still gets its whole receipt and sign-in limit,
// which measure how promptly the new holder takes it; what is owed to the
// caller is overdue at once. Errors are Invalid: a kind that there is not, a
// budget that cannot be read, a start that no calendar can count from.
func Plan(start time.Time, budgets map[Kind]string, cal *calendar.Calendar, region string, notAfter time.Time) ([]Clock, error) {
	var clocks []Clock
	var faults []error
	for _, kind := range Kinds() {
		text, ok := budgets[kind]
		if !ok {
			continue
		}
		c, err := plan(kind, start, text, cal, region, notAfter)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s clock: %w", kind, err))
			continue
		}
		clocks = append(clocks, c)
	}
	for kind := range budgets {
		if !slices.Contains(Kinds(), kind) {
			faults = append(faults, hotline.Errorf(hotline.Invalid, "clock_unknown", "kind", string(kind)))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return clocks, nil
}

func plan(kind Kind, start time.Time, text string, cal *calendar.Calendar, region string, notAfter time.Time) (Clock, error) {
	b, err := calendar.ParseBudget(text)
	if err != nil {
		return Clock{}, err
	}
	d, err := cal.Due(start, b, region)
	if err != nil {
		return Clock{}, err
	}
	c := Clock{Kind: kind, Budget: b.String(), Start: start, Due: d.Due, Provisional: d.Provisional}
	if bounded(kind, start, notAfter) && c.Due.After(notAfter) {
		return c.Move(notAfter, cal, region), nil
	}
	c.Next = nearBudget(c, b, cal, region)
	return c, nil
}

func bounded(kind Kind, start, notAfter time.Time) bool {
	switch {
	case notAfter.IsZero() || kind == Case || kind == Callback:
		return false
	case kind == Receipt || kind == SignIn:
		return notAfter.After(start)
	}
	return true
}

// nearBudget is when a clock that runs for its whole budget reminds: at 75 %
// of a budget of a day or less, counted in the budget's own time, otherwise one
// working day before it is due (the yellow card of published practice).
func nearBudget(c Clock, b calendar.Budget, cal *calendar.Calendar, region string) time.Time {
	plain, isPlain := b.Plain()
	perDay := cal.PerDay(c.Due, region)
	near := cal.DaysBefore(c.Due, 1, region)
	switch {
	case isPlain && plain <= 24*time.Hour:
		near = c.Due.Add(-plain / 4)
	case b.Unit() == calendar.WorkingDays && b.N() == 1:
		near = cal.WorkBefore(c.Due, perDay/4, region)
	case b.Unit() == calendar.WorkingHours && time.Duration(b.N())*time.Hour <= perDay:
		near = cal.WorkBefore(c.Due, time.Duration(b.N())*time.Hour/4, region)
	}
	return c.within(near)
}

// within takes a moment to remind that lies inside the clock's run; another
// one, as when a weekend fills the run, gives way to 75 % of the run.
func (c Clock) within(near time.Time) time.Time {
	if near.After(c.Start) && near.Before(c.Due) {
		return near
	}
	if !c.Due.After(c.Start) {
		return c.Due // born overdue: nothing to remind of
	}
	return c.Due.Add(-c.Due.Sub(c.Start) / 4)
}

// Move gives the clock another due time, as a granted extension does; its
// rungs are then those of the new time. The start stays.
func (c Clock) Move(due time.Time, cal *calendar.Calendar, region string) Clock {
	c.Due, c.Rung = due, 0
	near := due.Add(-due.Sub(c.Start) / 4)
	if due.Sub(c.Start) > 24*time.Hour {
		near = cal.DaysBefore(due, 1, region)
	}
	c.Next = c.within(near)
	return c
}

// Resume takes up a clock again that was stopped: it never restarts, so start,
// due time and the rungs that fired stay.
func (c Clock) Resume(cal *calendar.Calendar, region string) Clock {
	c.Stopped = time.Time{}
	switch c.Rung {
	case 0:
		return c.Move(c.Due, cal, region)
	case 1:
		c.Next = c.Due
	}
	return c
}

// Running says that the answer is still owed.
func (c Clock) Running() bool { return c.Stopped.IsZero() }

// Overdue says that the answer is owed and late. A clock is over at its due
// time, not after it: intervals are half-open.
func (c Clock) Overdue(now time.Time) bool { return c.Running() && !now.Before(c.Due) }

// Late says that the answer came late or is late; one that came at the due time
// itself is late, by the same rule.
func (c Clock) Late(now time.Time) bool {
	if c.Running() {
		return c.Overdue(now)
	}
	return !c.Stopped.Before(c.Due)
}

// Fire is the highest rung that is due now and has not fired. After a stop of
// the process the rungs passed over do not follow one after the other: the
// highest fires alone and Overtaken names the rest.
func (c Clock) Fire(now time.Time) (after Clock, rung string, fired bool) {
	if !c.Running() || c.Next.IsZero() || now.Before(c.Next) || c.Rung >= len(rungs) {
		return c, "", false
	}
	if now.Before(c.Due) {
		c.Rung, c.Next = 1, c.Due
		return c, Near, true
	}
	c.Rung, c.Next = 2, time.Time{}
	return c, Over, true
}

// Overtaken names the rungs that were passed over when a clock went from one
// rung to another.
func Overtaken(was, is int) []string {
	if is-was < 2 || was < 0 || is > len(rungs) {
		return nil
	}
	return slices.Clone(rungs[was : is-1])
}

// Starts are the kinds of clock that an applied move starts. The callback
// clock is none of a single leg: it starts when the last one is settled.
func Starts(verb leg.Verb, urgent bool) []Kind {
	switch verb {
	case leg.Send:
		return []Kind{Receipt, SignIn, FirstContact, Handling}
	case leg.Accept:
		if urgent {
			return []Kind{Feedback}
		}
	case leg.Reopen:
		return []Kind{Handling}
	}
	return nil
}

// Stops are the kinds of clock that a verb stops once it is applied and the
// leg is in state to. CallStops is for calls.
func Stops(verb leg.Verb, to leg.State) []Kind {
	switch verb {
	case leg.Receive:
		return []Kind{Receipt}
	case leg.Accept:
		return []Kind{Receipt, SignIn}
	case leg.Progress:
		return []Kind{Feedback} // the first report back, not yet the answer
	case leg.Feedback:
		return LegKinds()
	case leg.Return:
		return LegKinds()
	case leg.Grant:
		if to == leg.Withdrawn {
			return LegKinds()
		}
	case leg.Reopen, leg.Callback:
		return []Kind{Callback}
	}
	return nil
}

// CallStops are the kinds of clock that a recorded call stops: the caller was
// spoken to where the caller was one of its parties.
func CallStops(parties []string) []Kind {
	if slices.Contains(parties, "caller") {
		return []Kind{FirstContact}
	}
	return nil
}

// Remaining is the time left, or the time gone over, as a person says it.
type Remaining struct {
	Overdue              bool
	Days, Hours, Minutes int // calendar time; hours below 24, minutes below 60
	// WorkingDays that have begun since the due time where it is overdue, and
	// that are still to begin until it where it is not.
	WorkingDays int
}

// Left tells how far due is from now. Time left is rounded down and so is time
// gone over: nobody is told of a minute that is not there.
func Left(now, due time.Time, cal *calendar.Calendar, region string) Remaining {
	r := Remaining{Overdue: !now.Before(due)}
	d := due.Sub(now)
	if r.Overdue {
		d = -d
		r.WorkingDays = cal.WorkingDays(due, now, region)
	} else {
		r.WorkingDays = cal.WorkingDays(now, due, region)
	}
	minutes := int(d / time.Minute)
	r.Days, r.Hours, r.Minutes = minutes/(24*60), minutes/60%24, minutes%60
	return r
}
