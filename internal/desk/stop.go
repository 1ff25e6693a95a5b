package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// askStop makes an ask that the time limit stand still (申请中止) out of what the
// holder said. It travels as the ask for an extension to the deadline that would
// follow, with the stretch beside it and all of it in words: whoever knows no
// such ask answers it as one for more time.
func (w *work) askStop(l *legWork, do *Do) error {
	if !slices.Contains(SuspensionGrounds(), do.Stop.Ground) {
		return hotline.Errorf(hotline.Invalid, "suspension_ground", "stop_ground", do.Stop.Ground)
	}
	c := w.running(l.ID, deadline.Handling)
	if c == nil {
		return hotline.Errorf(hotline.Conflict, "suspension_no_clock", "leg")
	}
	if c.Overdue(w.now) {
		return hotline.Errorf(hotline.Conflict, "suspension_ask_late", "stop_to", c.Due)
	}
	ask := store.Suspension{From: w.now, To: do.Stop.To.UTC().Truncate(time.Microsecond)}
	ledger, err := w.checkStretch(l, c, NewSuspension{From: ask.From, To: ask.To})
	if err != nil {
		return err
	}
	due, _, err := w.dueWith(l, c, ledger, append(slices.Clone(ledger), ask))
	if err != nil {
		return err
	}
	if !due.After(c.Due) { // it lies in nights and days off
		return hotline.Errorf(hotline.Invalid, "suspension_nothing", "stop_to")
	}
	do.Due = &due
	do.told = &leg.Suspension{ID: hotline.NewID(), Ground: do.Stop.Ground, From: ask.From.In(calendar.Zone), To: ask.To.In(calendar.Zone)}
	do.Note = joined(fmt.Sprintf("申请中止时限：%s，至 %s（北京时间）。", groundsInWords[do.Stop.Ground], do.told.To.Format("2006-01-02 15:04")), do.Note)
	return casefile.CheckText("note", do.Note, casefile.NoteMost)
}

// heardStop is what a holder's letter asks beside its extension, from when it
// was asked. What no ledger of ours could hold is an ask for an extension alone.
func heardStop(s *leg.Suspension, at time.Time) *leg.Suspension {
	if s == nil || !slices.Contains(SuspensionGrounds(), s.Ground) || !s.To.After(at) || s.To.Sub(at) > SuspensionMost {
		return nil
	}
	return &leg.Suspension{ID: s.ID, Ground: s.Ground, From: at, To: s.To.UTC().Truncate(time.Microsecond)}
}

// keepAsk keeps what is asked as long as it is open.
func (w *work) keepAsk(l *legWork, a leg.Act, do Do, before leg.Leg) error {
	switch {
	case before.Pending == leg.Extend && l.Pending != leg.Extend:
		return w.tx.DropSuspensionAsk(w.ctx, l.ID)
	case a.Verb == leg.Extend && before.Pending == "" && l.Pending == leg.Extend && do.told != nil && do.Due != nil:
		return w.tx.AddSuspensionAsk(w.ctx, store.SuspensionAsk{LegID: l.ID, Ground: do.told.Ground, From: do.told.From, To: do.told.To, Due: *do.Due})
	}
	return nil
}

// grantStop tells this answer from others under an Idempotency-Key; no letter
// and no table knows it.
const grantStop leg.Verb = "grant_suspension"

// GrantStop answers an open ask that the time limit stand still with yes: the
// stretch goes into the ledger from the moment of asking, even where the
// deadline passed while the ask lay here, and the ask is answered. It takes who
// may suspend. No is said as to any ask, by Refuse; more time instead by Grant.
func (d *Desk) GrantStop(ctx context.Context, a hotline.Actor, legID string, version *int64, note string) error {
	return d.GrantStopOnce(ctx, a, legID, version, note, "")
}

// GrantStopOnce is GrantStop under a key: sent again under it, it is done once.
func (d *Desk) GrantStopOnce(ctx context.Context, a hotline.Actor, legID string, version *int64, note, key string) error {
	if err := casefile.CheckLine("Idempotency-Key", key); err != nil {
		return err
	}
	if note != "" {
		if err := casefile.CheckText("note", note, casefile.NoteMost); err != nil {
			return err
		}
	}
	row, err := d.read.Leg(ctx, legID)
	if err != nil {
		return err
	}
	return d.change(ctx, a, row.CaseID, nil, hotline.Supervise, func(w *work) error {
		l, err := w.leg(legID)
		if err != nil {
			return err
		}
		if done, err := w.doneBefore(l, Do{Verb: grantStop, Note: note, Key: key}); done || err != nil {
			return err
		}
		if version != nil && *version != l.Version {
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", l.Version)
		}
		ask, err := w.tx.SuspensionAsk(w.ctx, legID)
		if hotline.KindOf(err) == hotline.NotFound || err == nil && l.Pending != leg.Extend {
			return hotline.Errorf(hotline.Conflict, "suspension_not_asked", "leg")
		}
		if err != nil {
			return err
		}
		c := w.running(l.ID, deadline.Handling)
		switch {
		case !Suspendable(l.Leg):
			return hotline.Errorf(hotline.Conflict, "suspension_leg", "leg")
		case c == nil:
			return hotline.Errorf(hotline.Conflict, "suspension_no_clock", "leg")
		}
		n := NewSuspension{LegID: l.ID, Ground: ask.Ground, From: ask.From, To: ask.To, Note: note}
		if err := w.suspend(l, c, n); err != nil {
			return err
		}
		due := c.Due
		return w.perform(l, leg.Act{Verb: leg.Grant, Side: leg.Sender, At: w.now, Of: leg.Extend}, Do{Verb: leg.Grant, Due: &due})
	})
}
