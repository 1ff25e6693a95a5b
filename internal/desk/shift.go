package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// ShiftState is what one shift leaves to the next (交接班): figures, and the cases
// that must not be forgotten, by number, class and place. It holds no words and
// no names of callers.
type ShiftState struct {
	Counts   store.OpenCounts
	Urgent   []ShiftCase // open urgent cases, what runs out first at the top
	Overdue  []ShiftCase
	Promised []ShiftCase // due within the coming shift
	Callback []ShiftCase // the caller waits to be asked
	Disputes []ShiftCase
}

// ShiftCase is one case of a hand-over.
type ShiftCase struct {
	ID, Number, Category, Item, Region, Urgent string
	Status                                     casefile.Status
	DueAt                                      time.Time
	Step                                       string // what was to be done next
}

// ShiftView is a hand-over as it is shown.
type ShiftView struct {
	store.Shift
	State ShiftState
	Told  string // what who goes told who comes
	Can   bool   // the actor may take it over
}

const (
	shiftLength = 12 * time.Hour // how far "promised" looks ahead. Proposal
	shiftRows   = 50             // cases of each kind
)

// ShiftNow is what a hand-over signed now would hold.
func (d *Desk) ShiftNow(ctx context.Context, a hotline.Actor) (ShiftState, error) {
	var s ShiftState
	if err := a.CheckNode(hotline.HandOver); err != nil {
		return s, err
	}
	var err error
	if s.Counts, err = d.read.CountOpen(ctx, d.sight(a), d.Now()); err != nil {
		return s, err
	}
	soon := d.Now().Add(shiftLength)
	for _, list := range []struct {
		into *[]ShiftCase
		f    Filter
		keep func(CaseView) bool
	}{
		{&s.Urgent, Filter{Urgent: true, Open: true, ByDue: true}, nil},
		{&s.Overdue, Filter{Overdue: true, ByDue: true}, nil},
		{&s.Promised, Filter{Open: true, ByDue: true}, func(v CaseView) bool { return v.DueAt.After(d.Now()) && v.DueAt.Before(soon) }},
		{&s.Callback, Filter{Status: casefile.AwaitingCallback, ByDue: true}, nil},
		{&s.Disputes, Filter{Dispute: true}, nil},
	} {
		if *list.into, err = d.shiftCases(ctx, a, list.f, list.keep); err != nil {
			return s, err
		}
	}
	return s, nil
}

// shiftCases reads on until there are enough or no more.
func (d *Desk) shiftCases(ctx context.Context, a hotline.Actor, f Filter, keep func(CaseView) bool) ([]ShiftCase, error) {
	var out []ShiftCase
	f.Limit = shiftRows
	for {
		page, err := d.Cases(ctx, a, f)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Cases {
			if keep != nil && !keep(v) {
				continue
			}
			c := ShiftCase{ID: v.ID, Number: v.Number, Category: v.Category, Item: v.Item, Region: v.Region, Urgent: v.Urgent, Status: v.Status, DueAt: v.DueAt}
			if len(v.Steps) > 0 {
				c.Step = v.Steps[0].Code
			}
			if out = append(out, c); len(out) == shiftRows {
				return out, nil
			}
		}
		if page.Next.Zero() || len(out) == 0 && keep == nil {
			return out, nil
		}
		f.After = page.Next
	}
}

// HandOverShift signs the hand-over by who goes: what stands open is kept as it
// is at this moment, with what they tell who comes.
func (d *Desk) HandOverShift(ctx context.Context, a hotline.Actor, remarks string) (ShiftView, error) {
	state, err := d.ShiftNow(ctx, a)
	if err != nil {
		return ShiftView{}, err
	}
	if remarks != "" {
		if err := casefile.CheckText("remarks", remarks, casefile.NoteMost); err != nil {
			return ShiftView{}, err
		}
	}
	last, err := d.read.Shifts(ctx, "", 1)
	if err != nil {
		return ShiftView{}, err
	}
	if len(last) > 0 && last[0].TookAt.IsZero() {
		return ShiftView{}, hotline.Errorf(hotline.Conflict, "shift_open", "shift")
	}
	content, err := json.Marshal(state)
	if err != nil {
		return ShiftView{}, fmt.Errorf("hand over: %w", err)
	}
	s := store.Shift{ID: hotline.NewID(), At: d.Now(), GaveID: a.ID, GaveName: a.Name, Content: string(content)}
	key := seal.NewCaseKey()
	if s.WrappedKey, err = seal.WrapCaseKey(d.keys, s.ID, key); err != nil {
		return ShiftView{}, err
	}
	s.Remarks = seal.SealField(key, aadRemarks(s.ID), []byte(remarks))
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.AddShift(ctx, s); err != nil {
			return err
		}
		return d.shiftEvent(ctx, tx, a, "shift_given", s.ID)
	})
	if err != nil {
		return ShiftView{}, err
	}
	return d.shiftView(a, s)
}

// TakeShift signs a hand-over by who comes: somebody else than who went.
func (d *Desk) TakeShift(ctx context.Context, a hotline.Actor, id string) (ShiftView, error) {
	if err := a.CheckNode(hotline.HandOver); err != nil {
		return ShiftView{}, err
	}
	s, err := d.read.Shift(ctx, id)
	switch {
	case err != nil:
		return ShiftView{}, err
	case !s.TookAt.IsZero():
		return ShiftView{}, hotline.Errorf(hotline.Conflict, "shift_taken", "shift", s.TookName)
	case s.GaveID == a.ID:
		return ShiftView{}, hotline.Errorf(hotline.Conflict, "shift_same", "shift")
	}
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.TakeShift(ctx, id, a.ID, a.Name, d.Now()); err != nil {
			return err
		}
		return d.shiftEvent(ctx, tx, a, "shift_taken", id)
	})
	if err != nil {
		return ShiftView{}, err
	}
	return d.ShiftOf(ctx, a, id)
}

// shiftEvent records a signature. It is an event of no case.
func (d *Desk) shiftEvent(ctx context.Context, tx *store.Tx, a hotline.Actor, kind, id string) error {
	w := &work{ctx: ctx, d: d, tx: tx, now: d.Now(), by: a}
	if err := w.event(kind, "", body{"shift": id}, ""); err != nil {
		return err
	}
	return tx.AddEvents(ctx, w.events...)
}

// ShiftOf shows one hand-over.
func (d *Desk) ShiftOf(ctx context.Context, a hotline.Actor, id string) (ShiftView, error) {
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return ShiftView{}, err
	}
	s, err := d.read.Shift(ctx, id)
	if err != nil {
		return ShiftView{}, err
	}
	return d.shiftView(a, s)
}

// Shifts lists hand-overs, the newest first, before the one whose id is given.
func (d *Desk) Shifts(ctx context.Context, a hotline.Actor, before string, limit int) ([]store.Shift, error) {
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return nil, err
	}
	limit, err := hotline.PageLimit(limit)
	if err != nil {
		return nil, err
	}
	return d.read.Shifts(ctx, before, limit)
}

// shiftView opens what is sealed for who may hand over; others see that there
// is something.
func (d *Desk) shiftView(a hotline.Actor, s store.Shift) (ShiftView, error) {
	v := ShiftView{Shift: s, Can: s.TookAt.IsZero() && s.GaveID != a.ID && a.Has(hotline.HandOver)}
	if err := json.Unmarshal([]byte(s.Content), &v.State); err != nil {
		return v, fmt.Errorf("hand-over %s: %w", s.ID, err)
	}
	if !a.Has(hotline.HandOver) {
		return v, nil
	}
	key, err := seal.UnwrapCaseKey(d.keys, s.ID, s.WrappedKey)
	if err != nil {
		return v, err
	}
	told, err := seal.OpenField(key, aadRemarks(s.ID), s.Remarks)
	v.Told = string(told)
	return v, err
}

func aadRemarks(id string) string { return "shift|remarks|" + id }
