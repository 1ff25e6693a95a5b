package desk

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// Incoming is an authentic letter as the exchange hands it over: parsed, its
// signature checked, its personal part opened.
type Incoming struct {
	Letter    leg.Letter
	Private   leg.Private
	Extra     string // unknown optional fields of the body, JSON object or ""
	Content   string // canonical
	Sealed    string // as received
	Signature string
	Hash      string

	number   string // of the case that an offer may open
	proposal triage.Proposal
}

// Outcomes of an error answer: a letter that was kept has used up its number;
// one that was dropped has not, and its sender voids it.
const (
	Kept    = "kept"
	Dropped = "dropped"
)

// Receive takes a letter of a peer: it is stored, checked and applied in one
// transaction, and only then answered. The answer is a receipt or an error, not
// signed yet. An error returned means that nothing was kept and the peer shall
// try again.
func (d *Desk) Receive(ctx context.Context, link store.Link, in Incoming) (leg.Letter, error) {
	var answer leg.Letter
	err := d.prepare(ctx, &in)
	if err != nil {
		return answer, err
	}
	take := func(tx *store.Tx) (err error) {
		answer, err = d.receive(ctx, tx, link, in)
		return err
	}
	err = d.st.Write(ctx, take)
	if store.IsDuplicate(err) { // the same letter came twice at the same time
		err = d.st.Write(ctx, take)
	}
	if err == nil && in.Letter.Type == leg.TypeKeys {
		d.links.forget() // its next letter may be signed by the new one
	}
	if f := in.Letter.Body.Attachment; err == nil && in.Letter.Type == leg.TypeAttachment && f != nil {
		d.showArrived(ctx, f.ID)
	}
	return answer, err
}

// prepare does for an offer what nobody shall wait for inside a transaction. A
// number that is not needed then is a gap.
func (d *Desk) prepare(ctx context.Context, in *Incoming) (err error) {
	if in.Letter.Type == leg.TypeOffer {
		in.proposal = d.Triage(in.Private.Text, "")
		in.number, err = d.number(ctx)
	}
	return err
}

func (d *Desk) receive(ctx context.Context, tx *store.Tx, link store.Link, in Incoming) (leg.Letter, error) {
	m := in.Letter
	switch m.Type {
	case leg.TypeHead:
		return leg.Letter{}, d.heardHead(ctx, tx, link, m)
	case leg.TypeKeys:
		return leg.Letter{}, d.heardKeys(ctx, tx, link, in)
	}
	known, err := tx.Arrival(ctx, m.ID, m.Thread(), m.Number, 1)
	if err != nil {
		return leg.Letter{}, err
	}
	if same := known.Same; same != nil {
		if same.Hash != in.Hash || same.Peer != link.Peer {
			return d.refuse(link, m, in.Hash, "letter_id_reused", Dropped), nil
		}
		return d.answerAgain(link, m, *same), nil
	}
	if m.Type == leg.TypeError || m.Type == leg.TypeReceipt {
		outs, err := tx.LettersOutByID(ctx, m.Body.Re)
		if err != nil {
			return leg.Letter{}, err
		}
		return leg.Letter{}, d.answered(ctx, tx, link, m, outs[m.Body.Re])
	}
	if m.Type == leg.TypeAttachment {
		return d.partArrived(ctx, tx, link, in, known.Leg)
	}
	if same := known.Numbered; same != nil {
		if m.Type == string(leg.Void) && same.ID == m.Body.Re && same.Hash == m.Body.Hash {
			// The voided letter is here and stands: its sender learns that.
			r := d.answerAgain(link, m, *same)
			r.Body.Re, r.Body.Hash, r.Body.Code = m.ID, in.Hash, AlreadyApplied
			return r, nil
		}
		return d.refuse(link, m, in.Hash, "number_reused", Dropped), nil
	}
	if consulting(m) {
		return d.consultArrived(ctx, tx, link, in, known)
	}
	switch l := known.Leg; {
	case l != nil && l.Peer != link.Peer:
		return d.refuse(link, m, in.Hash, "not_your_leg", Dropped), nil
	case l != nil:
		return only(d.numbered(ctx, tx, link, []Incoming{in}, known))
	case m.Type == leg.TypeOffer && m.Number == 1:
		return only(d.offered(ctx, tx, link, []Incoming{in}, known))
	case m.Type == string(leg.Void) && m.Number == 1: // an offer that never came
		return d.keepAnswer(ctx, tx, link, in, store.LetterVoided, "", "")
	}
	return d.keepAnswer(ctx, tx, link, in, store.LetterWaiting, "", "") // its offer is still under way
}

// AlreadyApplied is the code of a receipt for a void that came too late.
const AlreadyApplied = "already_applied"

// keepAnswer stores a letter and makes its answer.
func (d *Desk) keepAnswer(ctx context.Context, tx *store.Tx, link store.Link, in Incoming, state, caseID, why string) (leg.Letter, error) {
	kept := d.kept(link, in, state, caseID, why)
	if err := tx.KeepLetter(ctx, kept); err != nil {
		return leg.Letter{}, err
	}
	return d.answerAgain(link, in.Letter, kept), nil
}

// kept is a received letter as it is stored.
func (d *Desk) kept(link store.Link, in Incoming, state, caseID, why string) store.LetterIn {
	return store.LetterIn{
		ID: in.Letter.ID, Peer: link.Peer, CaseID: caseID, LegID: in.Letter.Thread(), Type: in.Letter.Type, Number: in.Letter.Number,
		Content: in.Content, Sealed: in.Sealed, Signature: in.Signature, Hash: in.Hash, State: state, ReceivedAt: d.Now(), Error: why,
	}
}

// answerAgain answers a letter from what was kept of it: the same every time.
func (d *Desk) answerAgain(link store.Link, m leg.Letter, kept store.LetterIn) leg.Letter {
	if kept.State == store.LetterRefused {
		return d.refuse(link, m, kept.Hash, kept.Error, Kept)
	}
	at := kept.ReceivedAt.In(calendar.Zone)
	r := d.unnumbered(link, leg.TypeReceipt, m)
	r.Body = leg.Body{Re: m.ID, Hash: kept.Hash, Status: leg.ReceiptApplied, At: &at}
	if kept.State == store.LetterWaiting {
		r.Body.Status = leg.ReceiptWaiting
	}
	if m.ExpiresAt != nil && kept.ReceivedAt.After(*m.ExpiresAt) {
		r.Body.Late = true
	}
	if kept.CaseID != "" {
		r.Cases = map[string]string{d.node.Platform: kept.CaseID}
	}
	return r
}

// refuse is the one error that a letter gets. It is never receipted, and no
// error is sent about it.
func (d *Desk) refuse(link store.Link, m leg.Letter, hash, code, how string) leg.Letter {
	r := d.unnumbered(link, leg.TypeError, m)
	r.Body = leg.Body{Re: m.ID, Hash: hash, Code: code, Status: how}
	return r
}

func (d *Desk) unnumbered(link store.Link, typ string, m leg.Letter) leg.Letter {
	return leg.Letter{
		ID: hotline.NewID(), Type: typ, Schema: leg.Schema, From: d.node.Platform, To: link.Peer, Link: link.ID,
		Epoch: d.node.Epoch, Leg: m.Leg, Consultation: m.Consultation, SentAt: d.Now().In(calendar.Zone),
	}
}

// numbered takes letters of a known leg, one after another, in the order of
// their numbers: an early one waits, the next is applied, and then those that
// waited for it.
func (d *Desk) numbered(ctx context.Context, tx *store.Tx, link store.Link, run []Incoming, known store.Arrival) ([]leg.Letter, error) {
	l, in := known.Leg, run[0]
	if in.Letter.Number <= l.InNo {
		return []leg.Letter{d.refuse(link, in.Letter, in.Hash, "number_reused", Dropped)}, nil
	}
	if in.Letter.Number > l.InNo+1 {
		a, err := d.keepAnswer(ctx, tx, link, in, store.LetterWaiting, l.CaseID, "")
		return []leg.Letter{a}, err
	}
	w, err := d.load(ctx, tx, peerActor(link, in.Letter), l.CaseID)
	if err != nil {
		return nil, err
	}
	answers, err := w.applyRun(link, l.ID, run)
	if err != nil {
		return nil, err
	}
	if _, err := w.drain(link, l.ID, known.Next); err != nil {
		return nil, err
	}
	return answers, w.keep()
}

// applyRun applies letters of a leg and keeps them.
func (w *work) applyRun(link store.Link, legID string, run []Incoming) ([]leg.Letter, error) {
	var keep []store.LetterIn
	var answers []leg.Letter
	for _, in := range run {
		w.by = peerActor(link, in.Letter)
		state, why, err := w.apply(legID, in.Letter, in.Private)
		if err != nil {
			return nil, err
		}
		if w.erased != nil {
			in.Sealed = "" // what came too late is not kept
		}
		kept := w.d.kept(link, in, state, w.c.ID, why)
		keep, answers = append(keep, kept), append(answers, w.d.answerAgain(link, in.Letter, kept))
	}
	return answers, w.tx.KeepLetter(w.ctx, keep...)
}

// peerActor is who acted on the other side, as its letter names them.
func peerActor(link store.Link, m leg.Letter) hotline.Actor {
	name := link.Name
	if m.Body.Person != "" {
		name = m.Body.Person + "(" + link.Name + ")"
	}
	return hotline.ThePeer(link.Peer, name)
}

// apply makes a letter take effect on its leg. A letter that the rules refuse
// keeps its number and puts the leg on the repair list; only a fault of ours is
// an error.
func (w *work) apply(legID string, m leg.Letter, p leg.Private) (state, why string, err error) {
	l, err := w.leg(legID)
	if err != nil {
		return "", "", err
	}
	l.InNo, l.dirty = m.Number, true
	w.learn(m)
	before := *l
	if err = w.erased; err == nil || m.Type == leg.TypeErase { // nothing else moves in an erased case
		err = w.applyVerb(l, m, p)
	}
	if state, why, err = appliedAs(m, err); state == store.LetterRefused {
		*l = before
		l.Repair = why
		err = w.event("refused_letter", legID, body{"type": m.Type, "number": m.Number, "code": why}, "")
	}
	return state, why, err
}

// appliedAs is the state of a numbered letter after the rules said err about it,
// and, of one that they refuse, the code of why; a fault of ours stays an error.
func appliedAs(m leg.Letter, err error) (state, why string, fault error) {
	switch kind := hotline.KindOf(err); {
	case err == nil && m.Type == string(leg.Void):
		return store.LetterVoided, "", nil
	case err == nil:
		return store.LetterApplied, "", nil
	case kind == hotline.Conflict || kind == hotline.Invalid || kind == hotline.Denied:
		return store.LetterRefused, hotline.CodeOf(err), nil
	}
	return "", "", err
}

// learn notes the peer's id of the same matter.
func (w *work) learn(m leg.Letter) {
	if id := m.Cases[m.From]; id != "" && w.c.Links[m.From] != id {
		if w.c.Links == nil {
			w.c.Links = map[string]string{}
		}
		w.c.Links[m.From] = id
	}
}

func (w *work) applyVerb(l *legWork, m leg.Letter, p leg.Private) error {
	if m.Type == leg.TypeErase {
		return w.erasedBy(l, m)
	}
	at := clamp(m.SentAt, l.SentAt, w.now)
	side := l.Side.Other()
	if side == leg.Holder && l.State == leg.Sent && m.Type != string(leg.Void) {
		// The holder acts, so it has the offer: its receipt was lost.
		if err := w.perform(l, leg.Act{Verb: leg.Receive, Side: leg.Holder, At: at, Letter: true}, Do{Verb: leg.Receive}); err != nil {
			return err
		}
	}
	do := Do{Verb: leg.Verb(m.Type), Note: p.Note, Result: p.Result, Due: m.Body.Due, RestLeg: m.Body.RestLeg}
	if do.Verb == leg.Extend {
		do.told = heardStop(m.Body.Suspension, at)
	}
	a := leg.Act{Verb: do.Verb, Side: side, At: at, Letter: true, Ground: m.Body.Ground, Basis: m.Body.Basis,
		NextOwner: m.Body.NextOwner, Of: m.Body.Of}
	switch do.Verb {
	case leg.Settle:
		a.ReopenUntil = at.Add(leg.ReopenFor)
		if m.Body.ReopenUntil != nil {
			a.ReopenUntil = m.Body.ReopenUntil.UTC()
		}
	case leg.Void:
		l.Repair = "voided"
		return w.event("voided", l.ID, body{"number": m.Number, "re": m.Body.Re}, "")
	case leg.Supplement:
		if m.Body.Attachment != nil {
			return w.heardFile(l, m, p)
		}
		if m.Body.Suspension != nil && l.Incoming() { // the clock is the sender's
			return w.heardSuspension(l, m, p)
		}
		added, err := w.heardCaller(p)
		if err != nil {
			return err
		}
		if added != (caller{}) && p.Note == added.inWords() {
			return nil // it says the same once more
		}
		if err := w.event(m.Type, l.ID, nil, p.Note); err != nil {
			return err
		}
		return w.check(p.Note, l.ID, true)
	case leg.Call:
		return w.heardCall(l, m, p)
	case leg.Callback:
		return w.heardCallback(l, m, p)
	}
	return w.perform(l, a, do)
}

// clamp: timeliness is judged by the holder's signed time of the move, between
// sending and hearing back.
func clamp(t, from, to time.Time) time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Before(from) {
		return from
	}
	if t.After(to) {
		return to
	}
	return t
}

func (w *work) heardCall(l *legWork, m leg.Letter, p leg.Private) error {
	if m.Body.Consent != nil {
		w.c.Consent = m.Body.Consent
	}
	at := w.now
	if m.Body.At != nil {
		at = clamp(*m.Body.At, l.SentAt, w.now)
	}
	w.stopClocks(l.ID, at, deadline.CallStops(m.Body.Parties)...)
	if m.Body.ByPhone && l.SilencedAt.IsZero() {
		l.SilencedAt = w.now
	}
	err := w.event(m.Type, l.ID, body{"kind": m.Body.Kind, "parties": m.Body.Parties, "outcome": m.Body.Outcome,
		"accepted": m.Body.ByPhone, "call_id": m.Body.CallID}, p.Note)
	if err != nil || p.Note == "" {
		return err
	}
	return w.check(p.Note, l.ID, false)
}

// heardCallback: the other side asked the caller. It is an event; only the
// leg's sender reopens. What the caller said last counts, here as there: the
// sender may have reopened a leg that this side does not know, and asked again.
func (w *work) heardCallback(l *legWork, m leg.Letter, p leg.Private) error {
	at := clamp(m.SentAt, l.SentAt, w.now)
	if m.Body.At != nil {
		at = clamp(*m.Body.At, l.SentAt, w.now)
	}
	if at.After(w.c.CallbackAt) && m.Body.Solved != nil {
		w.c.CallbackAt, w.c.Solved = at, m.Body.Solved
		w.c.Satisfaction, w.c.Scale, w.c.Mapped = m.Body.Satisfaction, m.Body.Scale, m.Body.Mapped
		w.stopClocks("", w.now, deadline.Callback)
	}
	b := body{"satisfaction": m.Body.Satisfaction, "scale": m.Body.Scale, "mapped": m.Body.Mapped}
	if m.Body.Solved != nil {
		b["solved"] = *m.Body.Solved
	}
	if err := w.event(m.Type, l.ID, b, p.Note); err != nil || p.Note == "" {
		return err
	}
	return w.check(p.Note, l.ID, true)
}

// drain applies the letters that waited for the one just applied, beginning with
// next, and says how many there were.
func (w *work) drain(link store.Link, legID string, next *store.LetterIn) (drained int, err error) {
	for ; next != nil; drained++ {
		m, p, err := w.d.reopenLetter(*next)
		if err != nil {
			return drained, err
		}
		w.by = peerActor(link, m)
		state, why, err := w.apply(legID, m, p)
		if err != nil {
			return drained, err
		}
		if err := w.tx.MarkLetterIn(w.ctx, next.ID, state, w.c.ID, why); err != nil {
			return drained, err
		}
		if state == store.LetterRefused { // it was receipted as waiting: tell its sender now
			e := w.d.refuse(link, m, next.Hash, why, Kept)
			if err := w.postUnnumbered(e); err != nil {
				return drained, err
			}
		}
		if next, err = w.tx.WaitingLetter(w.ctx, legID, next.Number+1); err != nil {
			return drained, err
		}
	}
	return drained, nil
}

func (w *work) postUnnumbered(m leg.Letter) error {
	out, err := letterOut(m, w.key, w.c.ID, "", leg.Private{}, w.now)
	if err == nil {
		w.post = append(w.post, out)
	}
	return err
}

// offered takes an offer, and the letters that follow it: it joins the case of
// ours that it names, or the one of the same call, or opens a case.
func (d *Desk) offered(ctx context.Context, tx *store.Tx, link store.Link, run []Incoming, known store.Arrival) ([]leg.Letter, error) {
	in, rest := run[0], run[1:]
	m := in.Letter
	w, err := d.adopt(ctx, tx, link, m)
	if err != nil {
		return nil, err
	}
	if w == nil {
		w = &work{ctx: ctx, d: d, tx: tx, now: d.Now(), by: peerActor(link, m), isNew: true}
		w.c.Number = in.number
		if err := w.takeOffer(link, in); err != nil {
			return nil, err
		}
	}
	if err := w.addIncoming(link, in); err != nil {
		return nil, err
	}
	answer, err := d.keepAnswer(ctx, tx, link, in, store.LetterApplied, w.c.ID, "")
	if err != nil {
		return nil, err
	}
	kept := false
	if w.isNew && (len(rest) == 0 || known.Next != nil || slices.ContainsFunc(rest, leansOnCase)) {
		if err := w.keep(); err != nil {
			return nil, err
		}
		w.isNew, kept = false, true
	}
	answers, err := w.applyRun(link, m.Leg, rest)
	if err != nil {
		return nil, err
	}
	drained, err := w.drain(link, m.Leg, known.Next)
	if err != nil {
		return nil, err
	}
	answers = append([]leg.Letter{answer}, answers...)
	if kept && len(rest)+drained == 0 {
		return answers, nil
	}
	return answers, w.keep()
}

// leansOnCase says that a letter brings rows that want the case on file.
func leansOnCase(in Incoming) bool {
	return in.Letter.Body.Attachment != nil || in.Letter.Body.Suspension != nil
}

// adopt finds the case of ours that an offer belongs to; nil: none.
func (d *Desk) adopt(ctx context.Context, tx *store.Tx, link store.Link, m leg.Letter) (*work, error) {
	id := m.Cases[d.node.Platform]
	if id != "" { // only a case that is shared with this peer already
		legs, err := tx.LegsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(legs, func(l store.LegRow) bool { return l.Peer == link.Peer }) {
			id = ""
		}
	}
	if id == "" && m.Body.CallID != "" {
		k, err := tx.IntakeKey(ctx, callSource, m.Body.CallID)
		if err != nil && hotline.KindOf(err) != hotline.NotFound {
			return nil, err
		}
		id = k.CaseID
	}
	if id == "" {
		return nil, nil
	}
	w, err := d.open(ctx, tx, peerActor(link, m), id)
	if err != nil {
		return nil, err
	}
	if !w.c.ClosedAt.IsZero() {
		return w, w.takeUp()
	}
	return w, nil
}

// takeOffer opens a case for an offer. Nothing in it is refused for its
// meaning: what this node does not know is kept raw and shown.
func (w *work) takeOffer(link store.Link, in Incoming) error {
	m, p := in.Letter, in.Private
	b := m.Body
	proposal := in.proposal
	urgent := b.UrgentClass
	if !catalogue.IsUrgent(urgent) {
		urgent = proposal.Urgent
	}
	w.newCase(In{Channel: "platform", Kind: casefile.Kind(b.Kind), Category: b.Class, Item: b.Item, Level: b.Level, Urgent: &urgent,
		Language: b.Language, Consent: b.Consent, Confidential: b.Confidential, SafeContact: b.SafeContact, SubjectUnit: b.SubjectUnit}, proposal)
	c := &w.c
	c.Line = string(w.d.Catalogue().LineOf(c.Category))
	c.Decided = false // nobody here has looked yet
	if urgent != "" && urgent != b.UrgentClass {
		c.UrgentBy = "machine"
	}
	if !slices.Contains(casefile.Kinds(), c.Kind) {
		c.Kind = casefile.OtherKind
	}
	if c.Level < casefile.LifeNow || c.Level > casefile.Info {
		c.Level = w.d.levelOf(c.Case)
	}
	if c.UrgentBy == "machine" { // its sender did not see the danger
		c.Level = min(c.Level, w.d.levelOf(c.Case))
	}
	c.FirstResponse = b.FirstResponse
	c.Unread = b.Unread || proposal.Unread
	c.Region = w.d.node.Region
	if _, ok := w.d.dir.Region(b.Region); ok {
		c.Region = b.Region
	} else {
		c.RegionRaw = b.Region
	}
	if b.OccurredAt != nil {
		c.OccurredAt = b.OccurredAt.UTC()
	}
	c.Interim = link.Peer
	w.learn(m)
	if err := w.seal(In{Text: p.Text, CallerName: p.CallerName, CallerPhone: p.CallerPhone, Address: p.Address}); err != nil {
		return err
	}
	return w.event("received_case", m.Leg, body{"from": link.Peer, "case": m.Cases[link.Peer], "class": b.Class, "urgent": b.UrgentClass,
		"proposed": proposal.Category, "proposed_urgent": proposal.Urgent, "region": b.Region}, "")
}

// addIncoming adds the holder's copy of the leg, received, with the clocks that
// the sender computed.
func (w *work) addIncoming(link store.Link, in Incoming) error {
	m, b := in.Letter, in.Letter.Body
	l := &legWork{isNew: true}
	l.Leg = leg.Leg{
		ID: m.Leg, CaseID: w.c.ID, Side: leg.Holder, Peer: link.Peer, Role: b.Role, Urgent: b.Urgent, Class: b.Class, Item: b.Item,
		Region: w.c.Region, State: leg.Sent, Version: 1, SentAt: clamp(m.SentAt, time.Time{}, w.now), ForLeg: b.ForLeg, InNo: 1,
		CallbackBy: b.CallbackBy, CallID: b.CallID, Spoken: b.Spoken, Via: m.Via, Extra: in.Extra,
		Looped: slices.Contains(m.Via, w.d.node.Platform), Late: m.ExpiresAt != nil && w.now.After(*m.ExpiresAt),
	}
	if l.CallbackBy == "" {
		l.CallbackBy = string(catalogue.Line12345)
	}
	if l.Role != leg.Lead {
		l.Role = leg.Joint
	}
	l.MovedAt = l.SentAt
	if b.Urgent && w.c.Urgent == "" && catalogue.IsUrgent(b.UrgentClass) {
		w.raise(b.UrgentClass, link.Peer)
	}
	if ask := asked(in.Private.Ask, in.Private.PoliceAction); ask != "" {
		l.Ask = w.sealAsk(l.ID, ask)
		if err := w.check(ask, l.ID, false); err != nil {
			return err
		}
	}
	w.legs = append(w.legs, l)
	w.startClocks(w.d.heardDues(b.Dues, l.Leg), l.ID, l.Urgent)
	if w.isNew {
		if c := w.running(l.ID, deadline.Handling); c != nil { // what we owe the sender bounds our case
			own := c.Clock
			own.Kind = deadline.Case
			w.startClocks([]deadline.Clock{own}, "", l.Urgent)
		}
	}
	if l.Late {
		if err := w.event("late", l.ID, nil, ""); err != nil {
			return err
		}
	}
	if err := w.perform(l, leg.Act{Verb: leg.Receive, Side: leg.Holder, At: w.now, Letter: true}, Do{Verb: leg.Receive}); err != nil || len(b.Adopt) == 0 {
		return err
	}
	return w.takeOver(l, b.Adopt, in.Private.Note)
}

// heardDues makes clocks of the dues that the sender computed; the holder shows
// them and computes none of its own.
func (d *Desk) heardDues(dues []leg.Due, l leg.Leg) []deadline.Clock {
	var out []deadline.Clock
	for _, due := range dues {
		k := deadline.Kind(due.Clock)
		if !slices.Contains(deadline.LegKinds(), k) {
			continue // a clock that this version does not know
		}
		c := deadline.Clock{Kind: k, Budget: due.Budget, Start: l.SentAt}
		out = append(out, c.Move(due.Due.UTC().Truncate(time.Microsecond)))
	}
	return out
}

// reopenLetter reads a stored letter back, its personal part opened.
func (d *Desk) reopenLetter(in store.LetterIn) (leg.Letter, leg.Private, error) {
	e, err := letter.Stored([]byte(in.Content))
	if err != nil || in.Sealed == "" {
		return e.Letter, leg.Private{}, err
	}
	if err := json.Unmarshal([]byte(in.Sealed), &e.Sealed); err != nil {
		return e.Letter, leg.Private{}, err
	}
	p, _, err := letter.Open(d.keys, e)
	return e.Letter, p, err
}
