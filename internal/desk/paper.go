package desk

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Handover is a leg at a platform that is not connected, whose next move is that
// platform's: what its slip (转办单) and the shift's sheet show.
type Handover struct {
	Case CaseView
	Leg  LegView
}

const handoversMost = 1000

// Handovers lists what platforms that are not connected still owe, the oldest
// first: at most 1000 legs, of which the actor sees those of their region. Who
// may enter what the other side did may see it.
func (d *Desk) Handovers(ctx context.Context, a hotline.Actor) ([]Handover, error) {
	if err := a.CheckNode(hotline.WorkLegs); err != nil || !a.AtDesk() { // a unit hands nothing to platforms
		return nil, err
	}
	rows, err := d.read.HandedLegs(ctx, handoversMost)
	if err != nil {
		return nil, err
	}
	cases := map[string]CaseView{}
	var out []Handover
	for _, row := range rows {
		v, known := cases[row.CaseID]
		if !known {
			if v, err = d.Case(ctx, a, row.CaseID); err != nil && hotline.KindOf(err) != hotline.NotFound {
				return nil, err
			}
			cases[row.CaseID] = v
		}
		for _, l := range v.Legs {
			if l.ID == row.ID && len(l.Hand) > 0 {
				out = append(out, Handover{Case: v, Leg: l})
			}
		}
	}
	return out, nil
}

// HandRow is a row of a shift's sheet that came back filled in: that the other
// side signed for a leg, what it did then, or both.
type HandRow struct {
	// Sheet is the id of the sheet that the row stood on. Of one sheet a verb of a
	// leg counts once, however often the sheet comes.
	Sheet     string
	LegID     string
	SignedWho string // who signed for it there; "" nobody
	SignedAt  time.Time
	Do        *Do // Return, Progress or Feedback, with its Hand; nil: nothing more
}

func (r HandRow) dos() []Do {
	var out []Do
	if r.SignedWho != "" {
		out = append(out, Do{Verb: leg.Accept, Hand: &Hand{How: "sheet", Who: r.SignedWho, At: r.SignedAt}})
	}
	if r.Do != nil {
		out = append(out, *r.Do)
	}
	return out
}

var errPreview = errors.New("only a preview")

// EnterRow takes a row of a sheet, all of it or nothing, and says which verbs it
// did: none where everything was entered before. A preview says the same and
// changes nothing.
func (d *Desk) EnterRow(ctx context.Context, a hotline.Actor, row HandRow, preview bool) (done []leg.Verb, err error) {
	dos := row.dos()
	for _, do := range dos {
		if err := checkDo(do); err != nil {
			return nil, err
		}
	}
	if err := casefile.CheckLine("sheet", row.Sheet); err != nil || row.Sheet == "" {
		return nil, hotline.Errorf(hotline.Invalid, "sheet_unknown", "sheet")
	}
	known, err := d.read.Leg(ctx, row.LegID)
	if err != nil {
		return nil, err
	}
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, known.CaseID)
		if err != nil {
			return err
		}
		if done, err = w.enter(row, dos); err != nil {
			return err
		}
		switch {
		case len(done) == 0:
			return nil
		case preview:
			return errPreview
		}
		return w.keep()
	})
	if errors.Is(err, errPreview) {
		return done, nil
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// enter does those moves of a row that were not done before.
func (w *work) enter(row HandRow, dos []Do) (done []leg.Verb, err error) {
	l, err := w.leg(row.LegID)
	if err != nil {
		return nil, err
	}
	at := w.d.where(w.by, l.Unit, w.c.Region)
	if !w.by.May(hotline.SeeCases, at) {
		return nil, hotline.Errorf(hotline.NotFound, "leg_not_found", "leg")
	}
	if err := w.by.Check(hotline.WorkLegs, at); err != nil {
		return nil, err
	}
	before, err := w.entered(row)
	if err != nil {
		return nil, err
	}
	for _, do := range dos {
		if before[do.Verb] {
			continue
		}
		if do.Verb == leg.Accept && row.Do != nil && l.State != leg.Sent && l.State != leg.Received {
			continue // it is signed for already, and the row says more
		}
		if _, err := w.sideOf(l, do); err != nil {
			return nil, err
		}
		if w.erased != nil {
			return nil, w.erased
		}
		hand := *do.Hand
		hand.Sheet = row.Sheet
		do.Hand = &hand
		if err := w.actByHand(l, do); err != nil {
			return nil, err
		}
		done = append(done, do.Verb)
	}
	return done, nil
}

// entered says which verbs of a leg were taken from a sheet before.
func (w *work) entered(row HandRow) (map[leg.Verb]bool, error) {
	es, err := w.tx.EventsOf(w.ctx, w.c.ID, "", eventsMost)
	if err != nil {
		return nil, err
	}
	out := map[leg.Verb]bool{}
	for _, e := range es {
		var b struct {
			Sheet string `json:"sheet"`
		}
		if e.LegID == row.LegID && json.Unmarshal([]byte(e.Body), &b) == nil && b.Sheet == row.Sheet {
			out[leg.Verb(e.Kind)] = true
		}
	}
	return out, nil
}
