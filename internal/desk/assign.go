package desk

import (
	"context"
	"slices"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// What is sent to one unit in one go: so many cases, and taken back for so
// long.
const (
	AssignMost = 50
	UndoFor    = 10 * time.Minute
)

// Pick is a case that somebody chose to assign, as they saw it.
type Pick struct {
	Case    string
	Version int64
	Leg     string // id that the leg will have: sent twice, it is made once
}

// Assigned is what becomes of one pick.
type Assigned struct {
	Pick
	View   CaseView // zero where the actor may not see it
	After  string   // leg that its unit gave back and that this one takes the place of; "" none
	SentAt time.Time
	Err    error // why it cannot be, or was not, assigned
}

// Undone is what became of taking a leg back.
type Undone struct {
	Leg  string
	View CaseView
	Err  error // why it was not taken back
}

// PreviewAssign says of each pick whether it could be assigned to a unit now,
// and gives it the id of its leg. It changes nothing.
func (d *Desk) PreviewAssign(ctx context.Context, a hotline.Actor, unit string, picks []Pick) ([]Assigned, error) {
	picks = slices.Clone(picks)
	for i := range picks {
		picks[i].Leg = hotline.NewID()
	}
	return d.eachPick(ctx, a, unit, picks, func(x *Assigned) (err error) {
		x.After, err = assignable(x.View, x.Pick, unit)
		return err
	})
}

// eachPick does something with each pick that the actor may see; one that fails
// is told and keeps none of the others.
func (d *Desk) eachPick(ctx context.Context, a hotline.Actor, unit string, picks []Pick, do func(*Assigned) error) ([]Assigned, error) {
	if err := d.checkAssign(unit, len(picks)); err != nil {
		return nil, err
	}
	out := make([]Assigned, len(picks))
	for i, p := range picks {
		x := &out[i]
		x.Pick = p
		v, err := d.Case(ctx, a, p.Case)
		if err == nil {
			x.View = v
			err = do(x)
		}
		if hotline.KindOf(err) == hotline.Internal && err != nil {
			return nil, err
		}
		x.Err = err
	}
	return out, nil
}

func (d *Desk) checkAssign(unit string, picks int) error {
	u, ok := d.dir.Unit(unit)
	switch {
	case unit == "":
		return hotline.Errorf(hotline.Invalid, "assign_unit", "unit")
	case !ok:
		return hotline.Errorf(hotline.Invalid, "unit_unknown", "unit", unit)
	case u.Platform != d.node.Line:
		return hotline.Errorf(hotline.Invalid, "unit_other_line", "unit", unit, u.Platform)
	case picks == 0:
		return hotline.Errorf(hotline.Invalid, "assign_none", "case")
	case picks > AssignMost:
		return hotline.Errorf(hotline.Invalid, "assign_most", "case", AssignMost)
	}
	return nil
}

// assignable says why a case cannot go to a unit with others; nil: it can, in
// place of the leg that it names. A leg that a unit gave back goes to another
// as it would by hand. What needs a look of its own is left to the page of the
// case: urgent cases, disputes, and what nobody could be reached with.
func assignable(v CaseView, p Pick, unit string) (after string, err error) {
	switch {
	case !v.CanWork:
		return "", hotline.Errorf(hotline.Denied, "denied", string(hotline.DecideCases))
	case !v.ClosedAt.IsZero():
		return "", hotline.Errorf(hotline.Conflict, "case_closed", "status")
	case v.Erased:
		return "", hotline.Errorf(hotline.Conflict, "erased", "case")
	case v.Version != p.Version:
		return "", hotline.Errorf(hotline.Conflict, "version_wrong", "version", v.Version)
	case v.Urgent != "":
		return "", hotline.Errorf(hotline.Conflict, "assign_urgent", "case")
	case v.SubjectUnit == unit:
		return "", hotline.Errorf(hotline.Denied, "subject_unit", "unit", unit)
	}
	for _, l := range v.Legs {
		switch {
		case live(l.Leg) && l.Unit == unit:
			return "", hotline.Errorf(hotline.Conflict, "leg_twice", "unit", unit)
		case !l.NeedsResolution():
		case l.State == leg.Returned && l.Unit == unit:
			return "", hotline.Errorf(hotline.Conflict, "assign_gave_back", "unit", unit)
		case after != "", v.Dispute, l.State != leg.Returned:
			return "", hotline.Errorf(hotline.Conflict, "assign_returned", "unit")
		default:
			after = l.ID
		}
	}
	return after, nil
}

// Assign sends each pick to a unit, each as an action of its own: one that
// cannot be is told and left alone, and keeps none of the others. The same
// picks again do nothing and get the same answer.
func (d *Desk) Assign(ctx context.Context, a hotline.Actor, unit string, picks []Pick) ([]Assigned, error) {
	return d.eachPick(ctx, a, unit, picks, func(x *Assigned) (err error) {
		x.SentAt, err = d.assignOne(ctx, a, x.View, unit, x.Pick)
		return err
	})
}

func (d *Desk) assignOne(ctx context.Context, a hotline.Actor, v CaseView, unit string, p Pick) (time.Time, error) {
	if _, ok := hotline.IDTime(p.Leg); !ok {
		return time.Time{}, hotline.Errorf(hotline.Invalid, "form_invalid", "body")
	}
	if at, ok := d.assigned(ctx, p, unit); ok {
		return at, nil
	}
	after, err := assignable(v, p, unit)
	if err == nil {
		_, err = d.SendLegs(ctx, a, p.Case, &p.Version, []Order{{To: "unit:" + unit, LegID: p.Leg, Replaces: after}})
	}
	if at, ok := d.assigned(ctx, p, unit); ok {
		return at, nil // also where the other of two clicks at the same moment did it
	}
	if store.IsDuplicate(err) {
		err = hotline.Errorf(hotline.Invalid, "form_invalid", "body") // a leg of something else
	}
	return time.Time{}, err
}

// assigned says that the leg of a pick is there, and since when.
func (d *Desk) assigned(ctx context.Context, p Pick, unit string) (time.Time, bool) {
	l, err := d.read.Leg(ctx, p.Leg)
	return l.SentAt, err == nil && l.CaseID == p.Case && l.Unit == unit && !l.Incoming()
}

// UndoAssign takes back the legs that were sent and that their unit has not
// taken up, for UndoFor after they were sent.
func (d *Desk) UndoAssign(ctx context.Context, a hotline.Actor, legs []string, note string) ([]Undone, error) {
	if len(legs) == 0 || len(legs) > AssignMost {
		return nil, hotline.Errorf(hotline.Invalid, "assign_none", "case")
	}
	out := make([]Undone, len(legs))
	for i, id := range legs {
		out[i] = Undone{Leg: id}
		l, err := d.Leg(ctx, a, id)
		if err == nil {
			if out[i].View, err = d.Case(ctx, a, l.CaseID); err == nil {
				err = d.undo(ctx, a, l, note)
			}
		}
		if hotline.KindOf(err) == hotline.Internal && err != nil {
			return nil, err
		}
		out[i].Err = err
	}
	return out, nil
}

func (d *Desk) undo(ctx context.Context, a hotline.Actor, l LegView, note string) error {
	switch {
	case l.State == leg.Withdrawn:
		return nil // before, or by the same click
	case !l.Local() || l.Incoming() || l.State != leg.Received:
		return hotline.Errorf(hotline.Conflict, "undo_taken", "leg")
	case l.Urgent:
		return hotline.Errorf(hotline.Conflict, "undo_urgent", "leg")
	case d.Now().Sub(l.SentAt) > UndoFor:
		return hotline.Errorf(hotline.Conflict, "undo_late", "leg", int(UndoFor/time.Minute))
	}
	got, err := d.Act(ctx, a, l.ID, Do{Verb: leg.Withdraw, Version: &l.Version, Note: note})
	if hotline.CodeOf(err) == "version_wrong" || err == nil && got.State != leg.Withdrawn {
		return hotline.Errorf(hotline.Conflict, "undo_taken", "leg") // it was taken up meanwhile
	}
	return err
}
