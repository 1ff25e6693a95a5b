package desk

import (
	"context"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/supervision"
)

// NewOrder is a supervision order to be issued. No units: every unit that holds
// an open leg of the case. An empty budget is supervision.DefaultBudget.
type NewOrder struct {
	CaseID string
	Units  []string
	Cause  supervision.Cause
	Demand string // what is demanded, personal text
	Budget string
}

// OpenSupervision issues a supervision order on a case. The ladder calls it as
// the machine; who issues by hand needs the right.
func (d *Desk) OpenSupervision(ctx context.Context, a hotline.Actor, o NewOrder) (store.Supervision, error) {
	var s store.Supervision
	issue := func(tx *store.Tx) error {
		w, err := d.open(ctx, tx, a, o.CaseID)
		if err != nil {
			return err
		}
		if a.Role != hotline.Machine {
			if err := w.see(hotline.Supervise); err != nil {
				return err
			}
		}
		if s, err = w.supervise(o); err != nil {
			return err
		}
		return w.keep()
	}
	err := d.st.Write(ctx, issue)
	for range 8 {
		if !store.IsDuplicate(err) { // the same number was taken at the same time
			break
		}
		err = d.st.Write(ctx, issue)
	}
	return s, err
}

// supervise issues an order within a transaction on its case.
func (w *work) supervise(o NewOrder) (store.Supervision, error) {
	if !slices.Contains(supervision.Causes(), o.Cause) {
		return store.Supervision{}, hotline.Errorf(hotline.Invalid, "cause_unknown", "cause", string(o.Cause))
	}
	if err := casefile.CheckText("demand", o.Demand, casefile.NoteMost); err != nil {
		return store.Supervision{}, err
	}
	if o.Budget == "" {
		o.Budget = supervision.DefaultBudget
	}
	due, err := w.orderDue(o.Budget)
	if err != nil {
		return store.Supervision{}, err
	}
	s := store.Supervision{ID: hotline.NewID(), CaseID: w.c.ID, Cause: o.Cause, ByLadder: w.by.Role == hotline.Machine, ByName: w.by.Name, IssuedAt: w.now}
	for _, l := range w.legs {
		named := slices.Contains(o.Units, l.Unit) || len(o.Units) == 0 && !l.Done()
		if l.Unit == "" || !named || slices.ContainsFunc(s.Parts, func(p store.SupervisionPart) bool { return p.Unit == l.Unit }) {
			continue
		}
		s.Parts = append(s.Parts, store.SupervisionPart{OrderID: s.ID, Unit: l.Unit, LegID: l.ID, State: supervision.Issued, Budget: o.Budget, DueAt: due, MovedAt: w.now})
	}
	for _, u := range o.Units {
		if !slices.ContainsFunc(s.Parts, func(p store.SupervisionPart) bool { return p.Unit == u }) {
			return s, hotline.Errorf(hotline.Invalid, "order_unit_without_leg", "unit", u)
		}
	}
	if len(s.Parts) == 0 {
		return s, hotline.Errorf(hotline.Conflict, "order_without_unit", "unit")
	}
	s.Year = w.now.In(calendar.Zone).Year()
	if s.Serial, err = w.tx.NextSerial(w.ctx, s.Year); err != nil {
		return s, err
	}
	if err := w.tx.AddSupervision(w.ctx, s); err != nil {
		return s, err
	}
	for _, p := range s.Parts {
		b := body{"order": s.ID, "number": s.Number(), "unit": p.Unit, "cause": string(s.Cause), "due": p.DueAt.UnixMicro(), "joint": len(s.Parts)}
		if err := w.event("order_issued", p.LegID, b, o.Demand); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (w *work) orderDue(budget string) (time.Time, error) {
	b, err := calendar.ParseBudget(budget)
	if err != nil {
		return time.Time{}, err
	}
	due, err := w.d.cal.Due(w.now, b, w.c.Region)
	return due.Due, err
}

// OrderMove is what somebody does with a unit's part of an order.
type OrderMove struct {
	Unit    string
	Verb    supervision.Verb
	Text    string // the answer, the review: personal text
	Budget  string // of a second demand
	Version int64  // of the part, as last seen
}

// MoveOrder answers, accepts, demands again or withdraws.
func (d *Desk) MoveOrder(ctx context.Context, a hotline.Actor, orderID string, m OrderMove) error {
	side, right := supervision.Supervisor, hotline.Supervise
	if m.Verb == supervision.Answer {
		side, right = supervision.Unit, hotline.WorkLegs
	}
	if !slices.Contains(supervision.Verbs(), m.Verb) {
		return hotline.Errorf(hotline.Invalid, "verb_unknown", "verb", string(m.Verb))
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		s, err := tx.Supervision(ctx, orderID)
		if err != nil {
			return err
		}
		w, err := d.open(ctx, tx, a, s.CaseID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(s.Parts, func(p store.SupervisionPart) bool { return p.Unit == m.Unit })
		if i < 0 || !a.May(hotline.SeeCases, d.where(a, m.Unit, w.c.Region)) {
			return hotline.Errorf(hotline.NotFound, "supervision_not_found", "")
		}
		if err := a.Check(right, d.where(a, m.Unit, w.c.Region)); err != nil {
			return err
		}
		p := &s.Parts[i]
		if p.Version != m.Version {
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", p.Version)
		}
		if p.State, err = supervision.Next(p.State, m.Verb, side); err != nil {
			return err
		}
		if err := casefile.CheckText("text", m.Text, casefile.NoteMost); err != nil {
			return err
		}
		b := body{"order": s.ID, "number": s.Number(), "unit": p.Unit}
		p.MovedAt = w.now
		if m.Verb == supervision.Demand {
			if m.Budget == "" {
				m.Budget = supervision.DefaultBudget
			}
			p.Demands, p.Budget, p.OverAt = p.Demands+1, m.Budget, time.Time{}
			if p.DueAt, err = w.orderDue(m.Budget); err != nil {
				return err
			}
			b["due"] = p.DueAt.UnixMicro()
		}
		if m.Verb == supervision.Answer && !w.now.Before(p.DueAt) {
			b["late"] = true
		}
		if err := tx.SavePart(ctx, *p); err != nil {
			return err
		}
		if err := w.event("order_"+string(m.Verb), p.LegID, b, m.Text); err != nil {
			return err
		}
		if !slices.ContainsFunc(s.Parts, func(p store.SupervisionPart) bool { return !p.State.Ended() }) {
			if err := tx.CloseSupervision(ctx, s.ID, w.now); err != nil {
				return err
			}
		}
		return w.keep()
	})
}

// OrderView is an order as an actor may see it.
type OrderView struct {
	store.Supervision
	Case   CaseView
	Story  []EventView // the order's own, oldest first
	Review bool        // the actor may review
}

// Order shows one order. A unit sees its own part.
func (d *Desk) Order(ctx context.Context, a hotline.Actor, id string) (OrderView, error) {
	s, err := d.read.Supervision(ctx, id)
	if err != nil {
		return OrderView{}, err
	}
	v := OrderView{Supervision: s}
	if v.Parts = d.ownParts(a, s.Parts); len(v.Parts) == 0 {
		return OrderView{}, hotline.Errorf(hotline.NotFound, "supervision_not_found", "")
	}
	if v.Case, err = d.Case(ctx, a, s.CaseID); err != nil {
		return OrderView{}, err
	}
	es, err := d.Events(ctx, a, s.CaseID, "", eventsMost)
	if err != nil {
		return OrderView{}, err
	}
	for _, e := range es {
		if e.Of("order") == s.ID {
			v.Story = append(v.Story, e)
		}
	}
	v.Review = a.May(hotline.Supervise, d.where(a, "", v.Case.Region))
	return v, nil
}

func (d *Desk) ownParts(a hotline.Actor, ps []store.SupervisionPart) []store.SupervisionPart {
	return slices.DeleteFunc(slices.Clone(ps), func(p store.SupervisionPart) bool { return !a.AtDesk() && p.Unit != a.Unit })
}

// Orders lists the open orders that an actor may see, newest first, at most 200.
func (d *Desk) Orders(ctx context.Context, a hotline.Actor) ([]store.Supervision, error) {
	list, err := d.read.OpenSupervisions(ctx, a.Unit, hotline.PageMost)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.CaseID
	}
	legs, err := d.read.LegsOfCases(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := list[:0]
	for _, s := range list {
		c, err := d.read.Case(ctx, s.CaseID)
		if err != nil {
			return nil, err
		}
		if !d.seesCase(a, c.Case, legs[s.CaseID]) {
			continue
		}
		s.Parts = d.ownParts(a, s.Parts)
		out = append(out, s)
	}
	return out, nil
}

// Watched is one list of the supervisor's board, at most limit cases.
func (d *Desk) Watched(ctx context.Context, a hotline.Actor, watch supervision.Watch, limit int) ([]CaseView, error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return nil, err
	}
	rows, err := d.read.Watched(ctx, d.sight(a), watch, d.Now(), limit)
	if err != nil {
		return nil, err
	}
	return d.views(ctx, a, rows)
}

// OverdueOrders records in each case, once, that an answer to an order ran out
// of time.
func (d *Desk) OverdueOrders(ctx context.Context) error {
	parts, err := d.read.OverdueParts(ctx, d.Now(), aRound)
	if err != nil {
		return err
	}
	for _, p := range parts {
		s, err := d.read.Supervision(ctx, p.OrderID)
		if err != nil {
			return err
		}
		err = d.machineChange(ctx, s.CaseID, func(w *work) error {
			p.OverAt = w.now
			if err := w.tx.SavePart(ctx, p); err != nil {
				return err
			}
			return w.event("order_over", p.LegID, body{"order": s.ID, "number": s.Number(), "unit": p.Unit, "due": p.DueAt.UnixMicro()}, "")
		})
		if err != nil && hotline.CodeOf(err) != "stale" { // answered this moment
			return err
		}
	}
	return nil
}

// drawMost bounds a draw: what people can look at.
const drawMost = 200

// DrawClosed draws n of the cases closed in [from, until) by chance; the seed
// is recorded, so anybody can draw the same again.
func (d *Desk) DrawClosed(ctx context.Context, a hotline.Actor, from, until time.Time, n int, seed string) (store.Draw, error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return store.Draw{}, err
	}
	switch {
	case n < 1 || n > drawMost:
		return store.Draw{}, hotline.Errorf(hotline.Invalid, "draw_size", "size", drawMost)
	case !from.Before(until) || until.After(d.Now().Add(24*time.Hour)):
		return store.Draw{}, hotline.Errorf(hotline.Invalid, "draw_span", "until")
	}
	if err := casefile.CheckLine("seed", seed); err != nil {
		return store.Draw{}, err
	}
	if seed == "" {
		seed = hotline.NewID()
	}
	ids, err := d.read.ClosedBetween(ctx, d.sight(a), from, until)
	if err != nil {
		return store.Draw{}, err
	}
	if len(ids) == 0 {
		return store.Draw{}, hotline.Errorf(hotline.Conflict, "draw_empty", "until")
	}
	x := store.Draw{ID: hotline.NewID(), Seed: seed, From: from, Until: until, Among: len(ids), DrawnAt: d.Now(), ByName: a.Name}
	for _, id := range supervision.Draw(seed, ids, n) {
		x.Cases = append(x.Cases, store.DrawCase{CaseID: id})
	}
	return x, d.st.Write(ctx, func(tx *store.Tx) error { return tx.AddDraw(ctx, x) })
}

// Draws lists the draws, newest first, at most 50; Draw shows one.
func (d *Desk) Draws(ctx context.Context, a hotline.Actor) ([]store.Draw, error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return nil, err
	}
	return d.read.Draws(ctx, hotline.PageDefault)
}

// Draw shows a draw with its cases as far as the actor may see them.
func (d *Desk) Draw(ctx context.Context, a hotline.Actor, id string) (store.Draw, []CaseView, error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return store.Draw{}, nil, err
	}
	x, err := d.read.Draw(ctx, id)
	if err != nil {
		return x, nil, err
	}
	var views []CaseView
	kept := x.Cases[:0]
	for _, c := range x.Cases {
		v, err := d.Case(ctx, a, c.CaseID)
		if hotline.KindOf(err) == hotline.NotFound && err != nil {
			continue
		}
		if err != nil {
			return x, nil, err
		}
		kept, views = append(kept, c), append(views, v)
	}
	x.Cases = kept
	return x, views, nil
}

// CheckDrawn records what came of looking at a drawn case: true_close or
// false_close, with the reason. It is an event of the case.
func (d *Desk) CheckDrawn(ctx context.Context, a hotline.Actor, drawID, caseID, result, note string) error {
	if result != "true_close" && result != "false_close" {
		return hotline.Errorf(hotline.Invalid, "draw_result", "result", result)
	}
	if err := casefile.CheckText("note", note, casefile.NoteMost); err != nil {
		return err
	}
	return d.change(ctx, a, caseID, nil, hotline.Supervise, func(w *work) error {
		ok, err := w.tx.CheckDrawn(ctx, drawID, store.DrawCase{CaseID: caseID, Result: result, CheckedAt: w.now, ByName: a.Name})
		if err != nil {
			return err
		}
		if !ok {
			return hotline.Errorf(hotline.Conflict, "draw_checked", "result")
		}
		return w.event("drawn", "", body{"draw": drawID, "result": result}, note)
	})
}

// AskUnreasonable calls a demand unreasonable, with the reason; a supervisor
// reviews it. What is upheld is left out of rates and listed.
func (d *Desk) AskUnreasonable(ctx context.Context, a hotline.Actor, caseID, reason string) error {
	if err := casefile.CheckText("note", reason, casefile.NoteMost); err != nil {
		return err
	}
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.open(ctx, tx, a, caseID)
		if err != nil {
			return err
		}
		if !d.seesCase(a, w.c.Case, w.legRows()) {
			return hotline.Errorf(hotline.NotFound, "case_not_found", "")
		}
		if err := a.CheckNode(hotline.AskLegs); err != nil {
			return err
		}
		if err := tx.AskUnreasonable(ctx, store.Unreasonable{CaseID: caseID, AskedAt: w.now, AskedBy: a.Name}); err != nil {
			return err
		}
		if err := w.event("unreasonable_asked", "", nil, reason); err != nil {
			return err
		}
		return w.keep()
	})
	if store.IsDuplicate(err) {
		return hotline.Errorf(hotline.Conflict, "unreasonable_twice", "")
	}
	return err
}

// ReviewUnreasonable upholds or refuses it, with the reason.
func (d *Desk) ReviewUnreasonable(ctx context.Context, a hotline.Actor, caseID string, uphold bool, reason string) error {
	if err := casefile.CheckText("note", reason, casefile.NoteMost); err != nil {
		return err
	}
	state := "refused"
	if uphold {
		state = "upheld"
	}
	return d.change(ctx, a, caseID, nil, hotline.Supervise, func(w *work) error {
		ok, err := w.tx.ReviewUnreasonable(ctx, store.Unreasonable{CaseID: caseID, State: state, ReviewedAt: w.now, ReviewedBy: a.Name})
		if err != nil {
			return err
		}
		if !ok {
			return hotline.Errorf(hotline.Conflict, "unreasonable_reviewed", "")
		}
		return w.event("unreasonable_"+state, "", nil, reason)
	})
}

// UnreasonableRow is a case called unreasonable.
type UnreasonableRow struct {
	store.Unreasonable
	Case CaseView
}

// Unreasonables lists them, oldest first, at most 200.
func (d *Desk) Unreasonables(ctx context.Context, a hotline.Actor) ([]UnreasonableRow, error) {
	if err := a.CheckNode(hotline.Supervise); err != nil {
		return nil, err
	}
	list, err := d.read.Unreasonables(ctx, "", hotline.PageMost)
	var out []UnreasonableRow
	for _, u := range list {
		v, err := d.Case(ctx, a, u.CaseID)
		if hotline.KindOf(err) == hotline.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, UnreasonableRow{u, v})
	}
	return out, err
}
