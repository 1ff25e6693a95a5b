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
	Rung        int       // the last that fired: 0 none, else its place in catalogue.Rungs from 1
	Next        time.Time // when the next rung fires, as Ladder.Arm sets it; zero none
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
		return c.Move(notAfter), nil
	}
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

// within takes a moment to remind that lies inside the clock's run; another
// one, as when a weekend fills the run, gives way to 75 % of the run.
func (c Clock) within(near time.Time) time.Time {
	if near.After(c.Start) && near.Before(c.Due) {
		return near
	}
	return c.Due.Add(-c.Due.Sub(c.Start) / 4)
}

// Move gives the clock another due time, as a granted extension does; its
// rungs are then those of the new time. The start stays.
func (c Clock) Move(due time.Time) Clock {
	c.Due, c.Rung = due, 0
	return c
}

// Resume takes up a clock again that was stopped: it never restarts, so start,
// due time and the rungs that fired stay.
func (c Clock) Resume() Clock {
	c.Stopped = time.Time{}
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
