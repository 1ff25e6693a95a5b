package desk

import (
	"context"
	"fmt"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// NewObjection is what a unit objects to: one figure of its score of a month.
type NewObjection struct {
	Month, Indicator string
	Called           string // the indicator, as people call it; it stands in the case
	Reason           string // personal text
}

// ObjectionView is an objection with what became of its case.
type ObjectionView struct {
	store.Objection
	Number  string // of the case
	Status  casefile.Status
	Outcome casefile.Outcome
	Answer  hotline.Masked // what the unit was told at the end
	Path    bool           // the actor may open the case
}

// Open says that it has not been answered.
func (o ObjectionView) Open() bool { return o.ClosedAt.IsZero() }

// mayObject: the people who work a unit's legs.
func mayObject(a hotline.Actor) bool { return !a.AtDesk() && a.Has(hotline.WorkLegs) }

// Object opens a case of its own at the desk for an objection (考核申诉). The unit
// is the one that the case is about, so no leg of it can be sent there: nobody
// decides on their own objection. Of a figure one objection at a time is open,
// Conflict else; a figure that is not in the account, or of which nothing is
// counted, is Invalid.
func (d *Desk) Object(ctx context.Context, a hotline.Actor, n NewObjection) (store.Objection, error) {
	o := store.Objection{Unit: a.Unit, Month: n.Month, Indicator: n.Indicator, ByName: a.Name}
	if !mayObject(a) {
		return o, hotline.Errorf(hotline.Denied, "denied", string(hotline.WorkLegs), string(a.Role))
	}
	if err := casefile.CheckText("reason", n.Reason, casefile.NoteMost); err != nil {
		return o, err
	}
	sheet, err := d.Scores(ctx, a, n.Month, time.Time{})
	if err != nil {
		return o, err
	}
	score, _ := sheet.Of(a.Unit)
	for _, p := range score.Parts {
		if p.Indicator == n.Indicator {
			o.Cell = p.Cell
		}
	}
	if o.Cell.Den == 0 {
		return o, hotline.Errorf(hotline.Invalid, "objection_nothing", "indicator", n.Indicator)
	}
	unit, _ := d.dir.Unit(a.Unit)
	in := In{Channel: "web", Region: unit.Region, Kind: casefile.Complaint, Category: d.objectionClass(), SubjectUnit: a.Unit, Urgent: new(string),
		Text: fmt.Sprintf("考核申诉：%s对 %s 的%s（%d/%d，截至 %s，方案 %s）有异议。\n理由：%s", unit.Name, n.Month, n.Called, o.Cell.Num, o.Cell.Den,
			sheet.AsOf.In(calendar.Zone).Format("2006-01-02 15:04"), sheet.Scheme.Version, n.Reason)}
	if err := d.checkIn(&in); err != nil {
		return o, err
	}
	err = d.keepObjection(ctx, a, in, &o)
	if store.IsDuplicate(err) {
		err = hotline.Errorf(hotline.Conflict, "objection_open", "indicator", n.Indicator)
	}
	return o, err
}

// objectionClass is a class that stays on this line.
func (d *Desk) objectionClass() string {
	if d.node.Line == "110" {
		return "B07" // what is about the police
	}
	return "A17" // other matters
}

func (d *Desk) keepObjection(ctx context.Context, a hotline.Actor, in In, o *store.Objection) error {
	number, err := d.number(ctx)
	if err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		earlier, err := tx.Objections(ctx, o.Month, o.Unit)
		if err != nil {
			return err
		}
		o.Serial = 1
		for _, e := range earlier {
			switch {
			case e.Indicator != o.Indicator:
			case e.ClosedAt.IsZero():
				return hotline.Errorf(hotline.Conflict, "objection_open", "indicator", o.Indicator)
			default:
				o.Serial++
			}
		}
		w, err := d.decided(ctx, a, in, number)
		if err != nil {
			return err
		}
		w.tx, w.judged, w.c.FirstResponse = tx, nil, "" // it is no call that triage proposes for, or is judged by
		if err := w.keep(); err != nil {
			return err
		}
		o.CaseID, o.At = w.c.ID, w.now
		return tx.AddObjection(ctx, *o)
	})
}

// answeredObjection tells a unit that its objection has been answered: the case
// that was opened for it is closed. The answer itself stands beside the figure.
func (w *work) answeredObjection() error {
	if w.c.SubjectUnit == "" {
		return nil // the case of an objection is about its unit
	}
	o, err := w.tx.ObjectionOf(w.ctx, w.c.ID)
	if err != nil || o == nil {
		return err
	}
	return w.noticeTo(store.Notice{CaseID: w.c.ID, Unit: o.Unit, Region: w.c.Region, Rung: NoticeAnswered, Clock: OfObjection, Number: w.c.Number, Item: o.Month,
		DueAt: w.now, MadeAt: w.now})
}

// objections shows those of a month: a unit its own, the desk those whose cases
// it sees.
func (d *Desk) objections(ctx context.Context, a hotline.Actor, month string) ([]ObjectionView, error) {
	list, err := d.read.Objections(ctx, month, a.Unit)
	if err != nil {
		return nil, err
	}
	var out []ObjectionView
	for _, o := range list {
		whole, err := d.read.Whole(ctx, o.CaseID)
		if err != nil {
			return nil, err
		}
		sees := d.seesCase(a, whole.Case.Case, whole.Legs)
		if a.AtDesk() && !sees {
			continue
		}
		v, err := d.view(ctx, a, whole.Case, whole.Private, whole.Legs)
		if err != nil {
			return nil, err
		}
		out = append(out, ObjectionView{Objection: o, Number: v.Number, Status: v.Status, Outcome: v.Outcome, Answer: v.Told, Path: sees})
	}
	return out, nil
}
