package desk

import (
	"context"
	"encoding/json"
	"slices"

	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Case shows one case to an actor. What the actor may not see is NotFound.
func (d *Desk) Case(ctx context.Context, a hotline.Actor, id string) (CaseView, error) {
	whole, err := d.read.Whole(ctx, id)
	if err != nil {
		return CaseView{}, err
	}
	return d.wholeView(ctx, a, whole)
}

// wholeView is Case for who has read the case already.
func (d *Desk) wholeView(ctx context.Context, a hotline.Actor, whole store.Whole) (CaseView, error) {
	c := whole.Case
	if !d.seesCase(a, c.Case, whole.Legs) {
		return CaseView{}, hotline.Errorf(hotline.NotFound, "case_not_found", "")
	}
	v, err := d.view(ctx, a, c, whole.Private, whole.Legs)
	if err != nil {
		return v, err
	}
	v.Clocks = whole.Clocks
	if !a.AtDesk() {
		v.Clocks = slices.DeleteFunc(v.Clocks, func(c deadline.Clock) bool { return !v.lane(c.LegID) })
	}
	if v.Attachments, err = d.attachments(ctx, a, v, whole); err != nil {
		return v, err
	}
	dispatches, err := d.dispatches(ctx, d.read, c.ID)
	if err != nil {
		return v, err
	}
	v.Dispatch = dispatches[c.ID]
	v.CanDispatch = d.node.Line == string(catalogue.Line110) && v.CanWork && c.ClosedAt.IsZero() && !v.Erased &&
		(c.Line != string(catalogue.Line12345) || c.Urgent != "" || c.FirstResponse != "" || v.Dispatch != nil)
	if c.Dispute || c.Returns > 0 {
		if v.Disputes, err = d.read.Disputes(ctx, c.ID); err != nil {
			return v, err
		}
	}
	if c.GroupID != "" && a.AtDesk() {
		members, err := d.read.GroupMembers(ctx, c.GroupID)
		if err != nil {
			return v, err
		}
		for _, m := range members {
			if d.seesAtDesk(a, m.Case) {
				v.Group = append(v.Group, m.Case)
			}
		}
	}
	return v, nil
}

// lane says that something about a leg, or about the case as a whole (""), is
// for whoever this view was made for: a unit has its own legs in it only.
func (v CaseView) lane(legID string) bool {
	return legID == "" || slices.ContainsFunc(v.Legs, func(l LegView) bool { return l.ID == legID })
}

// shows says that an event is for an actor: a unit sees its own lane, and not
// who looked at the caller's data.
func (v CaseView) shows(a hotline.Actor, e store.Event) bool {
	return a.AtDesk() || v.lane(e.LegID) && e.Kind != "viewed"
}

// seesCase: the desk sees the cases of its region, a unit those it has a leg
// of.
func (d *Desk) seesCase(a hotline.Actor, c casefile.Case, legs []store.LegRow) bool {
	if a.AtDesk() {
		return d.seesAtDesk(a, c)
	}
	for _, l := range legs {
		if l.Unit == a.Unit && a.May(hotline.SeeCases, d.where(a, l.Unit, c.Region)) {
			return true
		}
	}
	return false
}

// seesAtDesk: a program that may only hand cases in sees those it handed in.
func (d *Desk) seesAtDesk(a hotline.Actor, c casefile.Case) bool {
	at := d.where(a, "", c.Region)
	return a.May(hotline.SeeCases, at) || a.May(hotline.TakeCases, at) && c.Source == a.ID
}

// viewOf shows a case that was just kept, from what is in memory.
func (d *Desk) viewOf(w *work) (CaseView, error) {
	v, err := d.view(w.ctx, w.by, w.c, w.priv, w.legRows())
	for _, c := range w.clocks {
		v.Clocks = append(v.Clocks, c.Clock)
	}
	return v, err
}

// view masks a case for an actor.
func (d *Desk) view(ctx context.Context, a hotline.Actor, c store.CaseRow, priv store.Private, legs []store.LegRow) (CaseView, error) {
	v := CaseView{Case: c.Case, Line: c.Line, DueAt: c.DueAt, CanWork: a.May(hotline.DecideCases, d.where(a, "", c.Region))}
	if c.Proposal != "" {
		if err := json.Unmarshal([]byte(c.Proposal), &v.Proposal); err != nil {
			return v, err
		}
	}
	key, err := d.caseKey(priv)
	if hotline.CodeOf(err) == "erased" {
		v.Erased = true
	} else if err != nil {
		return v, err
	}
	var who caller
	if !v.Erased {
		if who, err = openCaller(key, priv); err != nil {
			return v, err
		}
		if err := d.mask(&v, a, who, key, priv); err != nil {
			return v, err
		}
	}
	v.CanErase = !v.Erased && !c.ClosedAt.IsZero() && a.May(hotline.EraseCase, d.where(a, "", c.Region))
	v.CanShow = !v.Erased && d.mayReveal(a, c.Case, legs) == nil
	v.CanSeeViews = a.AtDesk() && a.May(hotline.RevealPerson, d.where(a, "", c.Region))
	v.CanAttach = !v.Erased && c.ClosedAt.IsZero() && (a.AtDesk() && a.May(hotline.TakeCases, d.where(a, "", c.Region)) ||
		!a.AtDesk() && a.May(hotline.WorkLegs, d.where(a, a.Unit, c.Region)))
	around := casefile.Around{Prompted: map[string]bool{}, Police: map[string]bool{}}
	plain := make([]leg.Leg, len(legs))
	for i, l := range legs {
		lv, err := d.legView(ctx, a, c.Case, l, who, key)
		if err != nil {
			return v, err
		}
		if a.AtDesk() || l.Unit == a.Unit { // a unit sees its own lane only
			v.Legs = append(v.Legs, lv)
		}
		plain[i], around.Prompted[l.ID] = l.Leg, lv.Prompted
		around.Police[l.Peer] = lv.PeerLine == string(catalogue.Line110)
	}
	if v.CanWork {
		v.Steps = casefile.Steps(d.node.Line, c.Case, c.Line, plain, around)
	}
	return v, nil
}

func (d *Desk) mask(v *CaseView, a hotline.Actor, who caller, key seal.CaseKey, priv store.Private) error {
	words, err := seal.OpenField(key, aadWords(v.ID), priv.Words)
	if err != nil {
		return err
	}
	v.Text = who.redact(string(words), who.maskFor(a, v.Case))
	v.Redacted = string(v.Text) != string(words)
	if !hidesCaller(a, v.Case) {
		v.Caller, v.Phone = hotline.NewPersonal(who.Name).MaskName(), hotline.NewPersonal(who.Phone).MaskPhone()
	}
	v.Address = hotline.NewPersonal(who.Address).MaskAll()
	if len(priv.Told) > 0 {
		told, err := seal.OpenField(key, aadTold(v.ID), priv.Told)
		if err != nil {
			return err
		}
		v.Told = who.redact(string(told), who.maskFor(a, v.Case))
	}
	return nil
}

// hidesCaller: complaints and reports withhold the caller from handling units,
// and every case does from the unit that it is about.
func hidesCaller(a hotline.Actor, c casefile.Case) bool {
	if a.AtDesk() {
		return false
	}
	return c.Kind.HidesCaller() || c.Confidential || c.Category == "B07" || c.SubjectUnit == a.Unit
}

// maskFor is what stands for the caller's name in words that an actor reads.
func (c caller) maskFor(a hotline.Actor, of casefile.Case) string {
	if hidesCaller(a, of) {
		return "***"
	}
	return string(hotline.NewPersonal(c.Name).MaskName())
}

func (d *Desk) legView(ctx context.Context, a hotline.Actor, c casefile.Case, l store.LegRow, who caller, key seal.CaseKey) (LegView, error) {
	now := d.Now()
	v := LegView{Leg: l.Leg, DueAt: l.DueAt, MovedAt: l.MovedAt, Silenced: !l.SilencedAt.IsZero(), Unfounded: l.Times.Unfounded > 0, Acting: l.Side}
	if l.Local() {
		u, ok := d.dir.Unit(l.Unit)
		v.HolderName, v.SenderName, v.Phone = l.Unit, d.node.Name, u.Phone
		if ok {
			v.HolderName = u.Name
		}
		v.Acting = localSide("", l.Leg, a)
	} else if link, err := d.Link(ctx, l.Peer); err == nil {
		v.HolderName, v.SenderName, v.Phone, v.PeerLine = link.Name, d.node.Name, link.Phone, link.Line
		v.Hand = d.handVerbs(a, c, l, link)
		v.Adopt = d.canAdopt(l.Leg, link) && a.May(hotline.DecideCases, d.where(a, l.Unit, c.Region))
		if l.Incoming() {
			v.HolderName, v.SenderName = d.node.Name, link.Name
		}
	}
	if len(l.Ask) > 0 && !key.Zero() {
		ask, err := seal.OpenField(key, aadAsk(l.ID), l.Ask)
		if err != nil {
			return v, err
		}
		v.Ask = who.redact(string(ask), who.maskFor(a, c))
	}
	if !l.Incoming() {
		_, v.Prompted = deadline.Prompt(l.State, l.SentAt, l.Urgent, now, v.Silenced, deadline.DefaultPrompt)
	}
	at := d.where(a, l.Unit, c.Region)
	if l.Pending == leg.Extend {
		ask, err := d.read.SuspensionAsk(ctx, l.ID)
		switch {
		case err == nil:
			v.Stop, v.CanStop = &ask, Suspendable(l.Leg) && a.AtDesk() && a.May(hotline.Supervise, d.where(a, "", c.Region))
		case hotline.KindOf(err) != hotline.NotFound:
			return v, err
		}
	}
	for _, side := range []leg.Side{leg.Holder, leg.Sender} {
		if !l.Local() && side != l.Side || l.Local() && !a.AtDesk() && side == leg.Sender {
			continue
		}
		for _, verb := range l.Can(side, now) {
			if a.May(rightFor(verb, side), at) && !slices.Contains(v.Can, verb) {
				v.Can = append(v.Can, verb)
			}
		}
	}
	return v, nil
}

// Leg shows one leg.
func (d *Desk) Leg(ctx context.Context, a hotline.Actor, id string) (LegView, error) {
	l, err := d.read.Leg(ctx, id)
	if err != nil {
		return LegView{}, err
	}
	v, err := d.Case(ctx, a, l.CaseID)
	if err != nil {
		return LegView{}, hotline.Errorf(hotline.NotFound, "leg_not_found", "")
	}
	for _, lv := range v.Legs {
		if lv.ID == id {
			return lv, nil
		}
	}
	return LegView{}, hotline.Errorf(hotline.NotFound, "leg_not_found", "")
}

// Cases lists cases that the actor may see.
func (d *Desk) Cases(ctx context.Context, a hotline.Actor, f Filter) (CaseList, error) {
	if !a.Has(hotline.SeeCases) {
		return CaseList{}, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	limit, err := hotline.PageLimit(f.Limit)
	if err != nil {
		return CaseList{}, err
	}
	sf := store.CaseFilter{Status: f.Status, Category: f.Category, Line: f.Line, Urgent: f.Urgent, Unit: f.Unit, Overdue: f.Overdue,
		Dispute: f.Dispute, Unread: f.Unread, Open: f.Open, Now: d.Now(), ByDue: f.ByDue, After: f.After, Limit: limit + 1}
	if err := d.checkFilter(f); err != nil {
		return CaseList{}, err
	}
	if f.Region != "" && f.Region != d.node.Region {
		sf.Regions = d.below(f.Region)
	}
	if number, ok := casefile.ReadNumber(f.Query); ok {
		sf.Number = number
	} else if f.Query != "" {
		if sf.Tokens = store.Tokens(f.Query); len(sf.Tokens) == 0 {
			return CaseList{}, nil // nothing that the index could hold
		}
	}
	rows, err := d.read.Cases(ctx, d.sight(a), sf)
	if err != nil {
		return CaseList{}, err
	}
	var out CaseList
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		out.Next = hotline.Cursor{Key: last.CreatedAt.UnixMicro(), ID: last.ID}
		if f.ByDue {
			out.Next.Key = last.DueAt.UnixMicro()
		}
	}
	out.Cases, err = d.views(ctx, a, rows)
	return out, err
}

func (d *Desk) checkFilter(f Filter) error {
	if f.Status != "" && !slices.Contains(casefile.Statuses(), f.Status) {
		return hotline.Errorf(hotline.Invalid, "status_unknown", "status", string(f.Status))
	}
	if f.Line != "" && f.Line != string(catalogue.Line110) && f.Line != string(catalogue.Line12345) {
		return hotline.Errorf(hotline.Invalid, "line_unknown", "line", f.Line)
	}
	if f.Unit != "" {
		if _, ok := d.dir.Unit(f.Unit); !ok {
			return hotline.Errorf(hotline.Invalid, "unit_unknown", "unit", f.Unit)
		}
	}
	if f.Category != "" {
		if _, ok := d.Catalogue().Class(f.Category); !ok {
			return hotline.Errorf(hotline.Invalid, "category_unknown", "category", f.Category)
		}
	}
	return d.checkRegion(f.Region)
}

// views masks a page of cases with three queries, on the 110 side four, however
// many they are.
func (d *Desk) views(ctx context.Context, a hotline.Actor, rows []store.CaseRow) ([]CaseView, error) {
	ids := make([]string, len(rows))
	for i, c := range rows {
		ids[i] = c.ID
	}
	privs, err := d.read.PrivateOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	legs, err := d.read.LegsOfCases(ctx, ids)
	if err != nil {
		return nil, err
	}
	dispatches, err := d.dispatches(ctx, d.read, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]CaseView, len(rows))
	for i, c := range rows {
		if out[i], err = d.view(ctx, a, c, privs[c.ID], legs[c.ID]); err != nil {
			return nil, err
		}
		out[i].Dispatch = dispatches[c.ID]
	}
	return out, nil
}

// eventsMost bounds a page of events; a timeline shows a whole case with it.
const eventsMost = 1000

// Events shows what happened in a case, oldest first, at most limit events
// (1 to 1000) after the one whose id is given.
func (d *Desk) Events(ctx context.Context, a hotline.Actor, caseID, after string, limit int) ([]EventView, error) {
	whole, v, err := d.seen(ctx, a, caseID)
	if err != nil {
		return nil, err
	}
	if limit < 1 || limit > eventsMost {
		return nil, hotline.Errorf(hotline.Invalid, "limit_range", "limit", eventsMost)
	}
	es, err := d.shownEvents(ctx, d.read, a, v, after, limit)
	if err != nil {
		return nil, err
	}
	return d.eventViews(a, whole, es)
}

// Views shows who at this platform saw personal data of a case in the clear,
// the last first, at most 1000: to those who may look themselves, at the desk.
// An erased case still tells who looked, and no longer why.
func (d *Desk) Views(ctx context.Context, a hotline.Actor, caseID string) ([]EventView, error) {
	whole, v, err := d.seen(ctx, a, caseID)
	if err != nil {
		return nil, err
	}
	if !v.CanSeeViews {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.RevealPerson), string(a.Role))
	}
	es, err := d.read.EventsOfKind(ctx, caseID, "viewed", eventsMost)
	if err != nil {
		return nil, err
	}
	return d.eventViews(a, whole, es)
}

// seen is a case as an actor may see it.
func (d *Desk) seen(ctx context.Context, a hotline.Actor, caseID string) (store.Whole, CaseView, error) {
	whole, err := d.read.Whole(ctx, caseID)
	if err != nil {
		return whole, CaseView{}, err
	}
	v, err := d.wholeView(ctx, a, whole)
	return whole, v, err
}

// eventViews opens what was said with events, masked for an actor.
func (d *Desk) eventViews(a hotline.Actor, whole store.Whole, es []store.Event) ([]EventView, error) {
	var who caller
	key, err := d.caseKey(whole.Private)
	if err == nil {
		who, err = openCaller(key, whole.Private)
	}
	if err != nil && hotline.CodeOf(err) != "erased" {
		return nil, err
	}
	var out []EventView
	for _, e := range es {
		ev := EventView{Event: e}
		if len(e.Note) > 0 && !key.Zero() {
			note, err := openNote(key, e)
			if err != nil {
				return nil, err
			}
			ev.Text = who.redact(note, who.maskFor(a, whole.Case.Case))
		}
		out = append(out, ev)
	}
	return out, nil
}

// shownEvents reads on over what an actor does not see, so that a page is short
// only at the end.
func (d *Desk) shownEvents(ctx context.Context, r *store.Reader, a hotline.Actor, v CaseView, after string, limit int) ([]store.Event, error) {
	var out []store.Event
	for {
		es, err := r.EventsOf(ctx, v.ID, after, limit)
		if err != nil {
			return nil, err
		}
		for _, e := range es {
			if v.shows(a, e) && len(out) < limit {
				out = append(out, e)
			}
		}
		if len(es) < limit || len(out) == limit {
			return out, nil
		}
		after = es[len(es)-1].ID
	}
}

func openNote(key seal.CaseKey, e store.Event) (string, error) {
	plain, err := seal.OpenField(key, "event|note|"+e.ID, e.Note)
	if err != nil {
		return "", err
	}
	var p leg.Private
	err = json.Unmarshal(plain, &p)
	return p.Note, err
}

// Reveal shows personal data in the clear to an actor who has the right and
// gives a reason; that view is an event.
func (d *Desk) Reveal(ctx context.Context, a hotline.Actor, caseID, reason string) (Person, error) {
	if reason == "" {
		return Person{}, hotline.Errorf(hotline.Invalid, "reason_missing", "reason")
	}
	if err := casefile.CheckLine("reason", reason); err != nil {
		return Person{}, err
	}
	var out Person
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, caseID)
		if err != nil {
			return err
		}
		rows := w.legRows()
		if !d.seesCase(a, w.c.Case, rows) {
			return hotline.Errorf(hotline.NotFound, "case_not_found", "")
		}
		if err := d.mayReveal(a, w.c.Case, rows); err != nil {
			return err
		}
		if w.erased != nil {
			return w.erased
		}
		v, err := d.viewOf(w)
		if err != nil {
			return err
		}
		if out, err = w.reveal(v); err != nil {
			return err
		}
		if err := w.event("viewed", "", nil, reason); err != nil {
			return err
		}
		return w.keep()
	})
	return out, err
}

// mayReveal: the right, and the withholding of callers from handling units.
func (d *Desk) mayReveal(a hotline.Actor, c casefile.Case, legs []store.LegRow) error {
	if a.AtDesk() {
		return a.Check(hotline.RevealPerson, d.where(a, "", c.Region))
	}
	if hidesCaller(a, c) {
		return hotline.Errorf(hotline.Denied, "hidden_from_unit", "case")
	}
	return a.Check(hotline.RevealPerson, d.where(a, a.Unit, c.Region))
}

func (w *work) reveal(v CaseView) (Person, error) {
	text, err := w.words()
	if err != nil {
		return Person{}, err
	}
	who, err := w.caller()
	if err != nil {
		return Person{}, err
	}
	p := Person{Text: text, Name: who.Name, Phone: who.Phone, Address: who.Address, Notes: map[string]string{}}
	if len(w.priv.Told) > 0 {
		told, err := seal.OpenField(w.key, aadTold(w.c.ID), w.priv.Told)
		if err != nil {
			return p, err
		}
		p.Told = string(told)
	}
	es, err := w.d.shownEvents(w.ctx, &w.tx.Reader, w.by, v, "", eventsMost)
	if err != nil {
		return p, err
	}
	for _, e := range es {
		if len(e.Note) == 0 {
			continue
		}
		if p.Notes[e.ID], err = openNote(w.key, e); err != nil {
			return p, err
		}
	}
	p.Files, err = w.revealFiles(v)
	return p, err
}
