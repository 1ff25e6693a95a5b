package desk

import (
	"context"
	"slices"

	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// InboxRow is a leg that waits for a unit, with its case.
type InboxRow struct {
	LegView
	Case CaseView
}

// Inbox lists the legs of the actor's unit: those that want something of it,
// what runs out first at the top; or those that are done, newest first.
func (d *Desk) Inbox(ctx context.Context, a hotline.Actor, done bool, after hotline.Cursor, limit int) ([]InboxRow, error) {
	if a.Unit == "" || !a.Has(hotline.WorkLegs) {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.WorkLegs), string(a.Role))
	}
	limit, err := hotline.PageLimit(limit)
	if err != nil {
		return nil, err
	}
	legs, err := d.read.UnitLegs(ctx, a.Unit, done, after, limit)
	if err != nil {
		return nil, err
	}
	return d.withCases(ctx, a, legs)
}

// withCases shows legs together with their cases.
func (d *Desk) withCases(ctx context.Context, a hotline.Actor, legs []store.LegRow) ([]InboxRow, error) {
	var out []InboxRow
	for _, l := range legs {
		v, err := d.Case(ctx, a, l.CaseID)
		if hotline.KindOf(err) == hotline.NotFound {
			continue // outside the actor's region
		}
		if err != nil {
			return nil, err
		}
		for _, lv := range v.Legs {
			if lv.ID == l.ID {
				out = append(out, InboxRow{LegView: lv, Case: v})
			}
		}
	}
	return out, nil
}

// Overview is what a shift leader looks at.
type Overview struct {
	Counts   store.OpenCounts
	Incoming []InboxRow // legs of the other platform that nobody has taken up
	Prompts  []InboxRow // urgent legs that want a phone call now, those given back first
	Overdue  []CaseView
	Disputes []CaseView
	Repair   []InboxRow
	Links    []LinkView
	// Strangers is how many letters of unknown senders call themselves urgent
	// and were not seen yet.
	Strangers int
}

const overviewRows = 20

// nearest keeps the first legs of an overview that the actor may see.
func (d *Desk) nearest(a hotline.Actor, legs []store.LegRow) []store.LegRow {
	legs = slices.DeleteFunc(legs, func(l store.LegRow) bool { return !d.where(a, "", l.Region).InRegion })
	return legs[:min(len(legs), overviewRows)]
}

// Overview gathers what the shift leader should see first.
func (d *Desk) Overview(ctx context.Context, a hotline.Actor) (Overview, error) {
	var o Overview
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return o, err
	}
	var err error
	if o.Counts, err = d.read.CountOpen(ctx, d.sight(a), d.Now()); err != nil {
		return o, err
	}
	incoming, err := d.read.Incoming(ctx, aRound)
	if err != nil {
		return o, err
	}
	waiting, err := d.read.UrgentWaiting(ctx, d.Now().Add(-deadline.DefaultPrompt.Receipt), aRound)
	if err != nil {
		return o, err
	}
	repair, err := d.read.RepairList(ctx, aRound)
	if err != nil {
		return o, err
	}
	if o.Incoming, err = d.withCases(ctx, a, d.nearest(a, incoming)); err != nil {
		return o, err
	}
	now := d.Now()
	waiting = slices.DeleteFunc(waiting, func(l store.LegRow) bool {
		_, due := deadline.Prompt(l.State, l.SentAt, l.Urgent, now, !l.SilencedAt.IsZero(), deadline.DefaultPrompt)
		return !due
	})
	back, err := d.read.GivenBack(ctx, aRound)
	if err != nil {
		return o, err
	}
	if o.Prompts, err = d.withCases(ctx, a, d.nearest(a, append(back, waiting...))); err != nil {
		return o, err
	}
	if o.Repair, err = d.withCases(ctx, a, d.nearest(a, repair)); err != nil {
		return o, err
	}
	if a.Has(hotline.SeeCases) {
		over, err := d.Cases(ctx, a, Filter{Overdue: true, ByDue: true, Limit: overviewRows})
		if err != nil {
			return o, err
		}
		o.Overdue = over.Cases
		disputes, err := d.Cases(ctx, a, Filter{Dispute: true, Limit: overviewRows})
		if err != nil {
			return o, err
		}
		o.Disputes = disputes.Cases
	}
	if a.Has(hotline.SeeLinks) {
		if o.Links, err = d.Links(ctx, a); err != nil {
			return o, err
		}
		o.Strangers, err = d.read.UrgentRefusals(ctx, "")
	}
	return o, err
}
