package desk

import (
	"context"
	"slices"
	"strings"

	"liandong/internal/calendar"
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
	Key      string // one that is opened again under it is opened once; "" none
}

// OpenConsultation calls the parties together; a platform among them by letter,
// where one reaches it. The case goes on meanwhile with its interim owner.
func (d *Desk) OpenConsultation(ctx context.Context, a hotline.Actor, n NewConsultation) (store.Consultation, error) {
	c, _, err := d.OpenConsultationOnce(ctx, a, n)
	return c, err
}

// OpenConsultationOnce is OpenConsultation that says whether it was this call that
// opened it, or one before under the same key.
func (d *Desk) OpenConsultationOnce(ctx context.Context, a hotline.Actor, n NewConsultation) (c store.Consultation, created bool, err error) {
	said, first := n, ""
	said.Key = ""
	c, err = d.newConsultation(ctx, a, n)
	if err != nil {
		return c, false, err
	}
	err = d.change(ctx, a, n.CaseID, nil, hotline.Consult, func(w *work) (err error) {
		if n.Key != "" {
			if first, err = d.claim(w.ctx, w.tx, a, "consult:"+n.Key, n.CaseID, said, c.ID); err != nil || first != "" {
				return err
			}
		}
		return w.consult(&c, n)
	})
	if err == nil && first != "" {
		c, err = d.read.Consultation(ctx, first)
	}
	return c, first == "", err
}

// newConsultation checks what can be checked outside the case.
func (d *Desk) newConsultation(ctx context.Context, a hotline.Actor, n NewConsultation) (store.Consultation, error) {
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
	if err := casefile.CheckLine("Idempotency-Key", n.Key); err != nil {
		return c, err
	}
	parties := slices.Clone(n.Parties)
	slices.Sort(parties)
	for _, p := range slices.Compact(parties) {
		if err := d.checkParty(ctx, p); err != nil {
			return c, err
		}
		c.Parties = append(c.Parties, store.Party{Party: p})
	}
	if len(c.Parties) < 2 {
		return c, hotline.Errorf(hotline.Invalid, "parties_missing", "party")
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
	return c, nil
}

// consult opens a consultation on the case.
func (w *work) consult(c *store.Consultation, n NewConsultation) (err error) {
	if n.Budget == "" {
		n.Budget = consultation.DefaultBudget
	}
	c.Item, c.Class, c.Region, c.OpenedAt = w.c.Item, w.c.Category, w.c.Region, w.now
	c.Confidential = w.c.Confidential || w.c.Category == "B07"
	if c.Interim = w.c.Interim; c.Interim == "" {
		c.Interim = w.d.node.Platform
	}
	if c.DueAt, err = w.orderDue(n.Budget); err != nil {
		return err
	}
	h := &hearing{ctx: w.ctx, d: w.d, tx: w.tx, now: w.now, by: w.by, c: *c, w: w, key: w.key, isNew: true, dirty: map[int]bool{}}
	h.c.Threads = nil // it may run twice
	if err := h.invite(n.Question); err != nil {
		return err
	}
	if err := h.event("consultation_opened", body{"cause": string(c.Cause), "due": c.DueAt.UnixMicro(), "interim": c.Interim}, n.Question); err != nil {
		return err
	}
	*c = h.c
	w.post = append(w.post, h.post...)
	return w.tx.AddConsultation(w.ctx, *c)
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

// Turn is what somebody does in a consultation that goes on, or, to mend, with
// one whose letters went wrong.
type Turn struct {
	Verb    string              // SayTurn, RuleTurn, CloseTurn or MendTurn
	Party   string              // say: who speaks
	Text    string              // personal text: the word of a party, minutes, the reason, how it was mended
	Ruling  consultation.Ruling // rule
	Version *int64              // of the consultation, as last seen; nil: it is not said
	Key     string              // one that is taken again under it is taken once; "" none
}

// The verbs of a Turn.
const (
	SayTurn   = "say"
	RuleTurn  = "rule"
	CloseTurn = "close"
	MendTurn  = "mend"
)

// TakeTurn does what a Turn says. Each verb is a method by itself, too.
func (d *Desk) TakeTurn(ctx context.Context, a hotline.Actor, id string, t Turn) error {
	if err := casefile.CheckLine("Idempotency-Key", t.Key); err != nil {
		return err
	}
	do := map[string]func(*hearing, Turn) error{SayTurn: (*hearing).say, RuleTurn: (*hearing).rule, CloseTurn: (*hearing).cancel, MendTurn: (*hearing).mend}[t.Verb]
	if do == nil {
		return hotline.Errorf(hotline.Invalid, "verb_unknown", "verb", t.Verb)
	}
	field := map[string]string{SayTurn: "text", RuleTurn: "minutes", CloseTurn: "minutes", MendTurn: "note"}[t.Verb]
	if t.Verb == RuleTurn {
		for field, s := range map[string]string{"owner": t.Ruling.Owner, "basis": t.Ruling.Basis} {
			if err := casefile.CheckLine(field, s); err != nil {
				return err
			}
		}
	}
	if err := casefile.CheckText(field, t.Text, casefile.NoteMost); err != nil {
		return err
	}
	if _, ok := d.Catalogue().Class(t.Ruling.Class); !ok && t.Ruling.Class != "" {
		return hotline.Errorf(hotline.Invalid, "category_unknown", "class", t.Ruling.Class)
	}
	return d.consulted(ctx, a, id, func(h *hearing) error {
		if t.Key != "" {
			said := t
			said.Key, said.Version = "", nil
			if first, err := d.claim(ctx, h.tx, a, "consult:"+t.Key, id, said, id); err != nil || first != "" {
				return err
			}
		}
		if t.Version != nil && h.c.Version != *t.Version {
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", h.c.Version)
		}
		return do(h, t)
	})
}

// GiveOpinion records what a party says, and tells the platforms that take part.
// A unit speaks for itself; the secretary enters what was said in the meeting,
// or by a platform that no letter reaches. Where another platform presides, the
// secretary speaks for this one.
func (d *Desk) GiveOpinion(ctx context.Context, a hotline.Actor, id, party, text string) error {
	return d.TakeTurn(ctx, a, id, Turn{Verb: SayTurn, Party: party, Text: text})
}

func (h *hearing) say(t Turn) error {
	right, party := hotline.Consult, t.Party
	if !h.by.AtDesk() {
		right = hotline.WorkLegs
		party = "unit:" + h.by.Unit
	}
	if !h.c.Presided() {
		party = "platform:" + h.d.node.Platform
	}
	if err := h.by.CheckNode(right); err != nil {
		return err
	}
	if err := consultation.Hear(h.c.State, partyCodes(h.c), party); err != nil {
		return err
	}
	if err := h.opinion(party, t.Text); err != nil {
		return err
	}
	if h.c.Presided() {
		return h.tellAll(leg.TypeConsultSay, leg.Body{Party: party}, t.Text, "")
	}
	who, err := h.guestCaller()
	if err != nil {
		return err
	}
	h.dirty[0] = true
	return h.tell(&h.c.Threads[0], leg.TypeConsultSay, leg.Body{Party: party}, leg.Private{Note: string(who.redact(t.Text, "***"))})
}

func partyCodes(c store.Consultation) []string {
	var out []string
	for _, p := range c.Parties {
		out = append(out, p.Party)
	}
	return out
}

// consulted is load, decide, keep for a consultation and its case.
func (d *Desk) consulted(ctx context.Context, a hotline.Actor, id string, decide func(*hearing) error) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		h, err := d.hear(ctx, tx, a, id)
		if err == nil {
			err = h.erased
		}
		if err != nil {
			return err
		}
		var c casefile.Case
		if h.w != nil {
			c = h.w.c.Case
		}
		if !d.seesConsultation(a, c, h.c) {
			return hotline.Errorf(hotline.NotFound, "consultation_not_found", "")
		}
		if err := decide(h); err != nil {
			return err
		}
		return h.keep()
	})
}

// seesConsultation: a desk sees what lies in its region, of a confidential one
// of another platform only who may answer it; a unit sees what it is asked.
func (d *Desk) seesConsultation(a hotline.Actor, c casefile.Case, x store.Consultation) bool {
	switch {
	case !a.AtDesk():
		return a.Has(hotline.SeeCases) && slices.Contains(partyCodes(x), "unit:"+a.Unit) && x.Presided()
	case x.Presided():
		return d.seesAtDesk(a, c)
	}
	at := d.where(a, "", x.Region)
	return a.May(hotline.SeeCases, at) && (!x.Confidential || a.May(hotline.Consult, at))
}

// leads checks that the actor leads the consultation here: presides over it, or
// answers it for this platform.
func (h *hearing) leads() error {
	if h.w != nil {
		return h.w.see(hotline.Consult)
	}
	return h.by.Check(hotline.Consult, h.d.where(h.by, "", h.c.Region))
}

// presides checks that the actor may end the consultation.
func (h *hearing) presides() error {
	if err := h.leads(); err != nil {
		return err
	}
	if !h.c.Presided() {
		return hotline.Errorf(hotline.Conflict, "not_presiding", "", h.c.Host)
	}
	return nil
}

// Rule ends a consultation: the owner gets the next leg of the case, the
// dispute is over, and the ruling stands with its basis and from when, here and
// at every platform that takes part. version is the consultation's, as last
// seen.
func (d *Desk) Rule(ctx context.Context, a hotline.Actor, id string, version int64, r consultation.Ruling, minutes string) error {
	return d.TakeTurn(ctx, a, id, Turn{Verb: RuleTurn, Ruling: r, Text: minutes, Version: &version})
}

func (h *hearing) rule(t Turn) error {
	if err := h.presides(); err != nil {
		return err
	}
	r, minutes := t.Ruling, t.Text
	w, c := h.w, h.c
	if err := consultation.Rule(c.State, r, c.OpenedAt); err != nil {
		return err
	}
	if r.Owner == h.d.node.Line {
		r.Owner = "platform:" + h.d.node.Platform
	}
	if r.Owner != "platform:"+h.d.node.Platform { // also where nothing is sent to it any more
		link, _, err := w.target(r.Owner, "")
		if err != nil && hotline.CodeOf(err) != "link_stopped" {
			return err
		}
		if link.Peer != "" {
			r.Owner = "platform:" + link.Peer // a line's number means another platform at the other side
		}
	}
	if err := h.ruled(r, minutes); err != nil {
		return err
	}
	from := r.From.In(calendar.Zone)
	if err := h.tellAll(leg.TypeConsultRule, leg.Body{Owner: r.Owner, Basis: r.Basis, RulesFrom: &from, Class: r.Class}, minutes, ""); err != nil {
		return err
	}
	w.ruledOn(r.Owner)
	if err := w.endDispute(); err != nil {
		return err
	}
	if !w.c.ClosedAt.IsZero() || w.holds(r.Owner) || r.Owner == "platform:"+h.d.node.Platform {
		return nil // it was dealt with meanwhile, or whom the ruling names has it already
	}
	o := Order{To: r.Owner, Ask: minutes, Role: leg.Lead}
	for _, l := range w.legs {
		if l.NeedsResolution() {
			o.Replaces = l.ID
		}
	}
	return w.sendOne(o, "")
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
	return d.TakeTurn(ctx, a, id, Turn{Verb: CloseTurn, Text: reason, Version: &version})
}

func (h *hearing) cancel(t Turn) error {
	if err := h.presides(); err != nil {
		return err
	}
	if h.c.State != consultation.Open {
		return hotline.Errorf(hotline.Conflict, "consultation_ended", "state", string(h.c.State))
	}
	if err := h.close(t.Text); err != nil {
		return err
	}
	return h.tellAll(leg.TypeConsultClose, leg.Body{}, t.Text, "")
}

// ConsultationView is a consultation as an actor may see it. A party that has
// no leg of the case sees the consultation's words, redacted, and not the case.
type ConsultationView struct {
	store.Consultation
	Cases []CaseView // those attached that the actor may see
	Story []EventView
	Leads bool // the actor may rule, or answer for this platform where another presides
	// HostName is the platform that presides, where it is another one.
	HostName string
	Erased   bool
}

// Thread is what goes by letter to a party; nil: nothing does.
func (v ConsultationView) Thread(party string) *store.Thread {
	for i, th := range v.Threads {
		if "platform:"+th.Peer == party && v.Presided() {
			return &v.Threads[i]
		}
	}
	return nil
}

// Repair is the code of a letter that went wrong and that nobody has seen to.
func (v ConsultationView) Repair() string {
	for _, th := range v.Threads {
		if th.Repair != "" {
			return th.Repair
		}
	}
	return ""
}

// Consultation shows one.
func (d *Desk) Consultation(ctx context.Context, a hotline.Actor, id string) (ConsultationView, error) {
	c, err := d.read.Consultation(ctx, id)
	if err != nil {
		return ConsultationView{}, err
	}
	var whole store.Whole
	if c.Presided() {
		if whole, err = d.read.Whole(ctx, c.CaseID); err != nil {
			return ConsultationView{}, err
		}
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
	private, events := whole.Private, func() ([]store.Event, error) { return d.read.EventsOf(ctx, c.CaseID, "", eventsMost) }
	if !c.Presided() {
		v.HostName = c.Host
		if link, err := d.Link(ctx, c.Host); err == nil {
			v.HostName = link.Name
		}
		private, events = store.Private{CaseID: c.ID, WrappedKey: c.WrappedKey}, func() ([]store.Event, error) { return d.read.ConsultationEvents(ctx, c.ID, eventsMost) }
	}
	key, err := d.caseKey(private)
	if hotline.CodeOf(err) == "erased" {
		v.Erased = true
		return v, nil
	}
	if err != nil {
		return v, err
	}
	who, err := openCaller(key, private)
	if err != nil {
		return v, err
	}
	es, err := events()
	for _, e := range es {
		ev := EventView{Event: e}
		if ev.Of("consultation") != c.ID || !a.AtDesk() && ev.Kind == "viewed" {
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

// ConsultationsOf lists the consultations of a case that an actor sees.
func (d *Desk) ConsultationsOf(ctx context.Context, a hotline.Actor, c casefile.Case) ([]store.Consultation, error) {
	list, err := d.read.ConsultationsOfCase(ctx, c.ID)
	return slices.DeleteFunc(list, func(x store.Consultation) bool { return !d.seesConsultation(a, c, x) }), err
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
		var x store.CaseRow
		if c.Presided() {
			if x, err = d.read.Case(ctx, c.CaseID); err != nil {
				return nil, err
			}
		}
		if d.seesConsultation(a, x.Case, c) {
			out = append(out, c)
		}
	}
	return out, err
}

// AwaitedConsultations lists the open ones of other platforms in which this one
// has not said its word yet, the first due first; for who may say it.
func (d *Desk) AwaitedConsultations(ctx context.Context, a hotline.Actor) ([]store.Consultation, error) {
	if !a.AtDesk() || !a.Has(hotline.Consult) {
		return nil, nil
	}
	list, err := d.read.Consultations(ctx, consultation.Open, "platform:"+d.node.Platform, hotline.PageDefault)
	list = slices.DeleteFunc(list, func(c store.Consultation) bool {
		return !c.Awaits(d.node.Platform) || !d.seesConsultation(a, casefile.Case{}, c)
	})
	slices.SortFunc(list, func(x, y store.Consultation) int { return x.DueAt.Compare(y.DueAt) })
	return list, err
}

// PartyNames are the platforms that may be parties, this one among them, with
// their names, as parties are written.
func (d *Desk) PartyNames(ctx context.Context) (map[string]string, error) {
	links, err := d.allLinks(ctx)
	names := map[string]string{"platform:" + d.node.Platform: d.node.Name}
	for _, l := range links {
		names["platform:"+l.Peer] = l.Name
	}
	return names, err
}

// ReturnedItems lists the items that were returned consultation.Times or more
// within consultation.Within: each wants a consultation.
func (d *Desk) ReturnedItems(ctx context.Context, a hotline.Actor) ([]store.ReturnedItem, error) {
	if err := a.CheckNode(hotline.Consult); err != nil {
		return nil, err
	}
	return d.read.ReturnedItems(ctx, d.sight(a), d.Now().Add(-consultation.Within), consultation.Times, hotline.PageDefault)
}
