package desk

import (
	"context"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// Deadline counts a budget (5wd, 4wh, 30m) from a moment, with its account, by
// the calendar in force. Region "" is the node's own. Errors are Invalid: a
// region that the directory does not know, a budget or a start that cannot be
// counted.
func (d *Desk) Deadline(from time.Time, budget, region string) (calendar.Deadline, error) {
	region = d.regionOr(region)
	if _, ok := d.dir.Region(region); !ok {
		return calendar.Deadline{}, hotline.Errorf(hotline.Invalid, "region_unknown", "region", region)
	}
	b, err := calendar.ParseBudget(budget)
	if err != nil {
		return calendar.Deadline{}, err
	}
	return d.Calendar().Explain(from, b, region)
}

// Why a clock is due at another time than its budget alone leads to.
const (
	MovedByCase   = "case"   // no leg is due later than its case
	MovedBySender = "sender" // the other platform computed it
	MovedByGrant  = "grant"  // an extension was granted, or a decision changed the limit
)

// ClockAccount is how the due time of a clock came about.
type ClockAccount struct {
	Clock             deadline.Clock
	Region            string
	calendar.Deadline        // of the budget, counted from the clock's start, without what was suspended
	Moved             string // why the clock is due at another time; "" it is not
}

// ClockAccount explains a clock of a case that the actor may see. A clock that
// is not there, or not theirs to see, is NotFound.
func (d *Desk) ClockAccount(ctx context.Context, a hotline.Actor, caseID, clockID string) (ClockAccount, error) {
	v, err := d.Case(ctx, a, caseID)
	if err != nil {
		return ClockAccount{}, err
	}
	i := slices.IndexFunc(v.Clocks, func(c deadline.Clock) bool { return c.ID == clockID })
	if i < 0 {
		return ClockAccount{}, hotline.Errorf(hotline.NotFound, "clock_not_found", "clock")
	}
	out := ClockAccount{Clock: v.Clocks[i], Region: v.Region}
	incoming := false
	for _, l := range v.Legs {
		if l.ID == out.Clock.LegID {
			out.Region, incoming = l.Region, l.Incoming()
		}
	}
	b, err := calendar.ParseBudget(out.Clock.Budget)
	if err == nil {
		var ledger []store.Suspension
		if out.Clock.Kind == deadline.Handling { // no other stands still
			ledger, err = d.read.SuspensionsOf(ctx, caseID)
			ledger = slices.DeleteFunc(ledger, func(s store.Suspension) bool { return s.LegID != out.Clock.LegID })
		}
		if err != nil {
			return ClockAccount{}, err
		}
		out.Deadline, err = d.Calendar().ExplainWith(out.Clock.Start, b, d.regionOr(out.Region), pauses(ledger))
	}
	if err != nil && !incoming { // what another platform calls a budget need not be one
		return ClockAccount{}, err
	}
	if !out.Due.Equal(out.Clock.Due) {
		out.Moved = movedBy(v.Clocks, out.Clock, incoming)
	}
	return out, nil
}

func movedBy(clocks []deadline.Clock, c deadline.Clock, incoming bool) string {
	if incoming {
		return MovedBySender
	}
	for _, o := range clocks {
		if o.Kind == deadline.Case && c.LegID != "" && o.Due.Equal(c.Due) {
			return MovedByCase
		}
	}
	return MovedByGrant
}
