package desk

import (
	"context"
	"strings"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/supervision"
)

// gaveBack, ruledOn and tookBack keep, beside each returned leg, since when its
// return counts as unfounded; assessment decides it.
func (w *work) gaveBack(l *legWork, at time.Time) error {
	owner, err := w.tx.RuledOwner(w.ctx, w.c.ID)
	if err == nil {
		l.Times.Unfounded = assessment.GaveBack(w.holder(l), w.party(owner), at)
	}
	return err
}

func (w *work) ruledOn(owner string) {
	owner = w.party(owner)
	for _, l := range w.legs {
		if l.State == leg.Returned {
			l.Times.Unfounded, l.dirty = assessment.Ruled(l.Times.Unfounded, w.holder(l), owner, w.now), true
		}
	}
}

func (w *work) tookBack(taken *legWork, at time.Time) {
	for _, l := range w.legs {
		if l.State == leg.Returned && l.Successor == taken.ID {
			l.Times.Unfounded, l.dirty = assessment.TookBack(l.Times.Unfounded, l.Contested, w.holder(l), w.holder(taken), at), true
		}
	}
}

// holder is the party that holds a leg or held it, as a consultation writes
// parties.
func (w *work) holder(l *legWork) string {
	switch {
	case l.Local():
		return "unit:" + l.Unit
	case l.Incoming():
		return "platform:" + w.d.node.Platform
	}
	return "platform:" + l.Peer
}

// party is an owner as an order writes it ("110"), written as a holder.
func (w *work) party(owner string) string {
	switch {
	case owner == w.d.node.Line:
		return "platform:" + w.d.node.Platform
	case owner == "" || strings.Contains(owner, ":"):
		return owner
	}
	link, err := w.d.linkTo(w.ctx, owner, w.c.Region)
	if err != nil {
		return owner // a line that no link leads to held nothing
	}
	return "platform:" + link.Peer
}

// UnfoundedReturns lists the units, and platforms, whose returns were found
// unfounded supervision.UnfoundedTimes or more within supervision.UnfoundedFor.
func (d *Desk) UnfoundedReturns(ctx context.Context, a hotline.Actor) ([]store.UnfoundedReturns, error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return nil, err
	}
	return d.read.UnfoundedReturns(ctx, d.sight(a), d.Now().Add(-supervision.UnfoundedFor), supervision.UnfoundedTimes, hotline.PageDefault)
}

// UnfoundedCases lists the cases behind a line of UnfoundedReturns, and how many
// returns there are in them.
func (d *Desk) UnfoundedCases(ctx context.Context, a hotline.Actor, unit, peer string) (cases []CaseView, returns int, err error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return nil, 0, err
	}
	legs, err := d.read.UnfoundedLegs(ctx, d.sight(a), d.Now().Add(-supervision.UnfoundedFor), unit, peer, hotline.PageMost)
	if err != nil {
		return nil, 0, err
	}
	seen := map[string]bool{}
	for _, l := range legs {
		if seen[l.CaseID] {
			continue
		}
		seen[l.CaseID] = true
		v, err := d.Case(ctx, a, l.CaseID)
		if hotline.KindOf(err) == hotline.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		cases = append(cases, v)
	}
	return cases, len(legs), nil
}
