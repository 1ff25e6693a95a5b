package desk

import (
	"context"
	"slices"
	"strings"

	"liandong/internal/casefile"
	"liandong/internal/consultation"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// NewConsultation is a consultation to be opened on a case.
type NewConsultation struct {
	CaseID   string
	Cause    consultation.Cause
	Form     consultation.Form
	Parties  []string // unit:CODE or platform:CODE, two at least
	Question string   // personal text
	Evidence []string // further cases
	Budget   string
}

// OpenConsultation calls the parties together. The case goes on meanwhile with
// its interim owner.
func (d *Desk) OpenConsultation(ctx context.Context, a hotline.Actor, n NewConsultation) (store.Consultation, error) {
	c := store.Consultation{ID: hotline.NewID(), CaseID: n.CaseID, Version: 1, State: consultation.Open, Cause: n.Cause, Form: n.Form, ByName: a.Name}
	switch {
	case !slices.Contains(consultation.Causes(), n.Cause):
		return c, hotline.Errorf(hotline.Invalid, "cause_unknown", "cause", string(n.Cause))
	case !slices.Contains(consultation.Forms(), n.Form):
		return c, hotline.Errorf(hotline.Invalid, "form_unknown", "form", string(n.Form))
	}
	if err := casefile.CheckText("question", n.Question, casefile.NoteMost); err != nil {
		return c, err
	}
	slices.Sort(n.Parties)
	for _, p := range slices.Compact(n.Parties) {
		if err := d.checkParty(ctx, p); err != nil {
			return c, err
		}
		c.Parties = append(c.Parties, store.Party{Party: p})
	}
	if len(c.Parties) < 2 {
		return c, hotline.Errorf(hotline.Invalid, "parties_missing", "party")
	}
	if n.Budget == "" {
		n.Budget = consultation.DefaultBudget
	}
	c.Evidence = []string{n.CaseID}
	for _, id := range n.Evidence {
		if _, err := d.Case(ctx, a, id); err != nil {
			return c, err
		}
		if !slices.Contains(c.Evidence, id) {
			c.Evidence = append(c.Evidence, id)
		}
	}
	err := d.change(ctx, a, n.CaseID, nil, hotline.Consult, func(w *work) (err error) {
		c.Item, c.Region, c.OpenedAt = w.c.Item, w.c.Region, w.now
		if c.Interim = w.c.Interim; c.Interim == "" {
			c.Interim = d.node.Platform
		}
		if c.DueAt, err = w.orderDue(n.Budget); err != nil {
			return err
		}
		if err := w.tx.AddConsultation(ctx, c); err != nil {
			return err
		}
		return w.event("consultation_opened", "", body{"consultation": c.ID, "cause": string(c.Cause), "due": c.DueAt.UnixMicro(), "interim": c.Interim}, n.Question)
	})
	return c, err
}

// checkParty: a party is a unit of the directory or a platform that we know.
func (d *Desk) checkParty(ctx context.Context, party string) error {
	if code, ok := strings.CutPrefix(party, "unit:"); ok {
		if _, ok := d.dir.Unit(code); ok {
			return nil
		}
	}
	if code, ok := strings.CutPrefix(party, "platform:"); ok {
		if code == d.node.Platform {
			return nil
		}
		if _, err := d.Link(ctx, code); err == nil {
			return nil
		}
	}
	return hotline.Errorf(hotline.Invalid, "to_unknown", "party", party)
}

// GiveOpinion records what a party says. A unit speaks for itself; the
// secretary enters what was said in the meeting, or by another platform.
func (d *Desk) GiveOpinion(ctx context.Context, a hotline.Actor, id, party, text string) error {
	if err := casefile.CheckText("text", text, casefile.NoteMost); err != nil {
		return err
	}
	if !a.AtDesk() {
		party = "unit:" + a.Unit
	}
	return d.consulted(ctx, a, id, func(w *work, c store.Consultation) error {
		right := hotline.Consult
		if !a.AtDesk() {
			right = hotline.WorkLegs
		}
		if err := a.CheckNode(right); err != nil {
			return err
		}
		if err := consultation.Hear(c.State, partyCodes(c), party); err != nil {
			return err
		}
		if err := w.tx.HeardParty(ctx, id, party, w.now); err != nil {
			return err
		}
		return w.event("consultation_opinion", "", body{"consultation": id, "party": party}, text)
	})
}

func partyCodes(c store.Consultation) []string {
	var out []string
	for _, p := range c.Parties {
		out = append(out, p.Party)
	}
	return out
}

// consulted is load, decide, keep for a consultation and its case.
func (d *Desk) consulted(ctx context.Context, a hotline.Actor, id string, decide func(*work, store.Consultation) error) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		c, err := tx.Consultation(ctx, id)
		if err != nil {
			return err
		}
		w, err := d.open(ctx, tx, a, c.CaseID)
		if err != nil {
			return err
		}
		if !d.seesConsultation(a, w.c.Case, c) {
			return hotline.Errorf(hotline.NotFound, "consultation_not_found", "")
		}
		if err := decide(w, c); err != nil {
			return err
		}
		return w.keep()
	})
}

func (d *Desk) seesConsultation(a hotline.Actor, c casefile.Case, x store.Consultation) bool {
	if a.AtDesk() {
		return d.seesAtDesk(a, c)
	}
	return a.Has(hotline.SeeCases) && slices.Contains(partyCodes(x), "unit:"+a.Unit)
}

// Rule ends a consultation: the owner gets the next leg of the case, the
// dispute is over, and the ruling stands with its basis and from when. version
// is the consultation's, as last seen.
func (d *Desk) Rule(ctx context.Context, a hotline.Actor, id string, version int64, r consultation.Ruling, minutes string) error {
	for field, s := range map[string]string{"owner": r.Owner, "basis": r.Basis} {
		if err := casefile.CheckLine(field, s); err != nil {
			return err
		}
	}
	if err := casefile.CheckText("minutes", minutes, casefile.NoteMost); err != nil {
		return err
	}
	return d.consulted(ctx, a, id, func(w *work, c store.Consultation) error {
		if err := w.see(hotline.Consult); err != nil {
			return err
		}
		if c.Version != version {
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", c.Version)
		}
		if err := consultation.Rule(c.State, r, c.OpenedAt); err != nil {
			return err
		}
		if r.Owner != "platform:"+d.node.Platform { // also where nothing is sent to it any more
			if _, _, err := w.target(r.Owner, ""); err != nil && hotline.CodeOf(err) != "link_stopped" {
				return err
			}
		}
		c.State, c.EndedAt, c.Owner, c.Basis, c.RulesFrom = consultation.Ruled, w.now, r.Owner, r.Basis, r.From
		if err := w.tx.EndConsultation(ctx, c); err != nil {
			return err
		}
		b := body{"consultation": id, "owner": r.Owner, "basis": r.Basis, "from": r.From.UnixMicro()}
		if err := w.event("consultation_ruled", "", b, minutes); err != nil {
			return err
		}
		w.ruledOn(r.Owner)
		if err := w.endDispute(); err != nil {
			return err
		}
		if !w.c.ClosedAt.IsZero() || w.holds(r.Owner) || r.Owner == "platform:"+d.node.Platform {
			return nil // it was dealt with meanwhile, or whom the ruling names has it already
		}
		o := Order{To: r.Owner, Ask: minutes, Role: leg.Lead}
		for _, l := range w.legs {
			if l.NeedsResolution() {
				o.Replaces = l.ID
			}
		}
		return w.sendOne(o, "")
	})
}

// holds says that whom an order would go to has a live leg already.
func (w *work) holds(to string) bool {
	link, unit, err := w.target(to, "")
	return err == nil && slices.ContainsFunc(w.legs, func(l *legWork) bool {
		return live(l.Leg) && (unit.Code != "" && l.Unit == unit.Code || link.Peer != "" && l.Peer == link.Peer)
	})
}

// endDispute closes what was in dispute in the case.
func (w *work) endDispute() error {
	if !w.c.Dispute {
		return nil
	}
	w.c.Dispute = false
	return w.tx.CloseDisputes(w.ctx, w.c.ID, w.now)
}

// CancelConsultation ends a consultation without a ruling, with the reason;
// the dispute stays open.
func (d *Desk) CancelConsultation(ctx context.Context, a hotline.Actor, id string, version int64, reason string) error {
	if err := casefile.CheckText("minutes", reason, casefile.NoteMost); err != nil {
		return err
	}
	return d.consulted(ctx, a, id, func(w *work, c store.Consultation) error {
		if err := w.see(hotline.Consult); err != nil {
			return err
		}
		switch {
		case c.Version != version:
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", c.Version)
		case c.State != consultation.Open:
			return hotline.Errorf(hotline.Conflict, "consultation_ended", "state", string(c.State))
		}
		c.State, c.EndedAt = consultation.Cancelled, w.now
		if err := w.tx.EndConsultation(ctx, c); err != nil {
			return err
		}
		return w.event("consultation_cancelled", "", body{"consultation": id}, reason)
	})
}

// ConsultationView is a consultation as an actor may see it. A party that has
// no leg of the case sees the consultation's words, redacted, and not the case.
type ConsultationView struct {
	store.Consultation
	Cases []CaseView // those attached that the actor may see
	Story []EventView
	Leads bool // the actor may rule
}

// Consultation shows one.
func (d *Desk) Consultation(ctx context.Context, a hotline.Actor, id string) (ConsultationView, error) {
	c, err := d.read.Consultation(ctx, id)
	if err != nil {
		return ConsultationView{}, err
	}
	whole, err := d.read.Whole(ctx, c.CaseID)
	if err != nil {
		return ConsultationView{}, err
	}
	if !d.seesConsultation(a, whole.Case.Case, c) {
		return ConsultationView{}, hotline.Errorf(hotline.NotFound, "consultation_not_found", "")
	}
	v := ConsultationView{Consultation: c, Leads: a.May(hotline.Consult, d.where(a, "", c.Region))}
	for _, id := range c.Evidence {
		x, err := d.Case(ctx, a, id)
		if hotline.KindOf(err) == hotline.NotFound && err != nil {
			continue
		}
		if err != nil {
			return v, err
		}
		v.Cases = append(v.Cases, x)
	}
	key, err := d.caseKey(whole.Private)
	if hotline.CodeOf(err) == "erased" {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	who, err := openCaller(key, whole.Private)
	if err != nil {
		return v, err
	}
	es, err := d.read.EventsOf(ctx, c.CaseID, "", eventsMost)
	for _, e := range es {
		ev := EventView{Event: e}
		if ev.Of("consultation") != c.ID {
			continue
		}
		if len(e.Note) > 0 {
			note, err := openNote(key, e)
			if err != nil {
				return v, err
			}
			ev.Text = who.redact(note, who.maskFor(a, whole.Case.Case))
		}
		v.Story = append(v.Story, ev)
	}
	return v, err
}

// Consultations lists those of a state that an actor may see, newest first, at
// most 50.
func (d *Desk) Consultations(ctx context.Context, a hotline.Actor, state consultation.State) ([]store.Consultation, error) {
	party := ""
	if !a.AtDesk() {
		party = "unit:" + a.Unit
	}
	list, err := d.read.Consultations(ctx, state, party, hotline.PageDefault)
	out := list[:0]
	for _, c := range list {
		x, err := d.read.Case(ctx, c.CaseID)
		if err != nil {
			return nil, err
		}
		if d.seesConsultation(a, x.Case, c) {
			out = append(out, c)
		}
	}
	return out, err
}

// ReturnedItems lists the items that were returned consultation.Times or more
// within consultation.Within: each wants a consultation.
func (d *Desk) ReturnedItems(ctx context.Context, a hotline.Actor) ([]store.ReturnedItem, error) {
	if err := a.CheckNode(hotline.Consult); err != nil {
		return nil, err
	}
	return d.read.ReturnedItems(ctx, d.sight(a), d.Now().Add(-consultation.Within), consultation.Times, hotline.PageDefault)
}
