package desk

import (
	"cmp"
	"context"
	"slices"

	"liandong/internal/consultation"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Letters of consultations as they arrive, and the answers to ours.

// consultArrived takes a letter of a consultation in the order of its numbers,
// as those of a leg are taken.
func (d *Desk) consultArrived(ctx context.Context, tx *store.Tx, link store.Link, in Incoming, known store.Arrival) (leg.Letter, error) {
	m := in.Letter
	th, err := tx.Thread(ctx, m.Consultation)
	if err != nil {
		return leg.Letter{}, err
	}
	switch {
	case th == nil && m.Type == leg.TypeConsultOpen && m.Number == 1:
		return d.invited(ctx, tx, link, in, known)
	case th == nil && m.Type == string(leg.Void) && m.Number == 1: // an opening that never came
		return d.keepAnswer(ctx, tx, link, in, store.LetterVoided, "", "")
	case th == nil:
		return d.keepAnswer(ctx, tx, link, in, store.LetterWaiting, "", "")
	case th.Peer != link.Peer:
		return d.refuse(link, m, in.Hash, "not_your_consultation", Dropped), nil
	case m.Number <= th.InNo:
		return d.refuse(link, m, in.Hash, "number_reused", Dropped), nil
	}
	h, err := d.hear(ctx, tx, peerActor(link, m), th.ConsultationID)
	if err != nil {
		return leg.Letter{}, err
	}
	if m.Number > th.InNo+1 {
		return d.keepAnswer(ctx, tx, link, in, store.LetterWaiting, h.c.CaseID, "")
	}
	state, why, err := h.apply(m, in.Private)
	if err != nil {
		return leg.Letter{}, err
	}
	if h.erased != nil {
		in.Sealed = "" // what came too late is not kept
	}
	answer, err := d.keepAnswer(ctx, tx, link, in, state, h.ledgerCase(), why)
	if err != nil {
		return leg.Letter{}, err
	}
	if err := h.drain(link, m.Consultation, known.Next); err != nil {
		return leg.Letter{}, err
	}
	return answer, h.keep()
}

// ledgerCase is the case that a letter in the ledger is filed under: one that
// this platform presides over, whose erasure takes the letters with it.
func (h *hearing) ledgerCase() string {
	if h.w == nil {
		return ""
	}
	return h.w.c.ID
}

// invited opens the copy of a consultation over which another platform presides.
func (d *Desk) invited(ctx context.Context, tx *store.Tx, link store.Link, in Incoming, known store.Arrival) (leg.Letter, error) {
	m, b := in.Letter, in.Letter.Body
	h := &hearing{ctx: ctx, d: d, tx: tx, now: d.Now(), by: peerActor(link, m), isNew: true, dirty: map[int]bool{}, key: seal.NewCaseKey()}
	h.c = store.Consultation{ID: m.Consultation, Version: 1, State: consultation.Open, Cause: consultation.Cause(b.Cause), Form: consultation.Form(b.Form),
		Item: b.Item, Class: b.Class, Region: b.Region, Evidence: []string{}, Interim: b.Interim, ByName: cmp.Or(b.Person, link.Name), OpenedAt: h.now,
		DueAt: b.Due.UTC(), Host: link.Peer, HostCase: m.Cases[link.Peer], Confidential: b.Confidential,
		Threads: []store.Thread{{ID: m.Consultation, ConsultationID: m.Consultation, Peer: link.Peer, Rev: 1, State: store.ThreadThere, InNo: 1}}}
	var err error
	if h.c.WrappedKey, err = seal.WrapCaseKey(d.keys, h.c.ID, h.key); err != nil {
		return leg.Letter{}, err
	}
	if _, ok := d.dir.Region(b.Region); !ok {
		h.c.Region = d.node.Region
	}
	if h.c.CaseID, err = d.sharedCase(ctx, tx, link.Peer, m.Cases[d.node.Platform]); err != nil {
		return leg.Letter{}, err
	}
	for _, ids := range append([]map[string]string{m.Cases}, b.Evidence...) {
		id, err := d.sharedCase(ctx, tx, link.Peer, ids[d.node.Platform])
		if err != nil {
			return leg.Letter{}, err
		}
		if id != "" && !slices.Contains(h.c.Evidence, id) {
			h.c.Evidence = append(h.c.Evidence, id)
		}
	}
	slices.Sort(b.Parties)
	for _, p := range slices.Compact(b.Parties) {
		h.c.Parties = append(h.c.Parties, store.Party{Party: p})
	}
	if err := h.event("consultation_opened", body{"cause": b.Cause, "due": h.c.DueAt.UnixMicro(), "interim": b.Interim, "from": link.Peer}, in.Private.Note); err != nil {
		return leg.Letter{}, err
	}
	answer, err := d.keepAnswer(ctx, tx, link, in, store.LetterApplied, "", "")
	if err != nil {
		return leg.Letter{}, err
	}
	if err := h.keep(); err != nil { // those that overtook it need it on file
		return leg.Letter{}, err
	}
	if err := h.drain(link, m.Consultation, known.Next); err != nil {
		return leg.Letter{}, err
	}
	return answer, h.keep()
}

// sharedCase is a case of ours that a peer names, if it has had a leg of it; ""
// it has not: nobody tells us of our own cases.
func (d *Desk) sharedCase(ctx context.Context, tx *store.Tx, peer, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	legs, err := tx.LegsOf(ctx, id)
	if err != nil || !slices.ContainsFunc(legs, func(l store.LegRow) bool { return l.Peer == peer }) {
		return "", err
	}
	return id, nil
}

// apply makes a letter take effect on its consultation. One that the rules
// refuse keeps its number and is shown to people at both sides.
func (h *hearing) apply(m leg.Letter, p leg.Private) (state, why string, err error) {
	_, th := h.thread(m.Consultation)
	th.InNo = m.Number
	before := h.c
	if err = h.erased; err == nil || m.Type == leg.TypeErase || m.Type == string(leg.Void) {
		err = h.heard(th, m, p)
	}
	if state, why, err = appliedAs(m, err); state == store.LetterRefused {
		h.c = before
		_, th := h.thread(m.Consultation)
		th.Repair = why
		err = h.event("refused_letter", body{"type": m.Type, "number": m.Number, "code": why}, "")
	}
	return state, why, err
}

func (h *hearing) heard(th *store.Thread, m leg.Letter, p leg.Private) error {
	b := m.Body
	presides := !h.c.Presided() // who wrote the letter
	switch {
	case m.Type == string(leg.Void):
		th.Repair = "voided"
		return h.event("voided", body{"number": m.Number, "re": b.Re}, "")
	case m.Type == leg.TypeErase:
		return h.eraseAsked(th, b.Basis)
	case m.Type == leg.TypeConsultSay && presides:
		return h.opinion(b.Party, p.Note)
	case m.Type == leg.TypeConsultSay:
		if b.Party != "platform:"+th.Peer {
			return hotline.Errorf(hotline.Denied, "not_your_word", "party", b.Party)
		}
		if err := h.opinion(b.Party, p.Note); err != nil {
			return err
		}
		return h.tellAll(leg.TypeConsultSay, leg.Body{Party: b.Party}, p.Note, th.Peer)
	case !presides || m.Type == leg.TypeConsultOpen:
		return hotline.Errorf(hotline.Denied, "not_presiding", "type", m.Type)
	case h.c.State != consultation.Open:
		return hotline.Errorf(hotline.Conflict, "consultation_ended", "state", string(h.c.State))
	case m.Type == leg.TypeConsultClose:
		return h.close(p.Note)
	}
	h.c.RuledClass = b.Class
	return h.ruled(consultation.Ruling{Owner: b.Owner, Basis: b.Basis, From: b.RulesFrom.UTC(), Class: b.Class}, p.Note)
}

// opinion keeps what a party says. One that comes by letter after the end is
// kept and said to be late: it was under way.
func (h *hearing) opinion(party, text string) error {
	b := body{"party": party}
	if h.c.State != consultation.Open {
		b["late"] = "yes"
		return h.event("consultation_opinion", b, text)
	}
	if err := h.tx.HeardParty(h.ctx, h.c.ID, party, h.now); err != nil {
		return err
	}
	return h.event("consultation_opinion", b, text)
}

// ruled ends the consultation by a ruling.
func (h *hearing) ruled(r consultation.Ruling, minutes string) error {
	h.c.State, h.c.EndedAt, h.c.Owner, h.c.Basis, h.c.RulesFrom, h.c.RuledClass = consultation.Ruled, h.now, r.Owner, r.Basis, r.From, r.Class
	if err := h.tx.EndConsultation(h.ctx, h.c); err != nil {
		return err
	}
	h.c.Version++
	b := body{"owner": r.Owner, "basis": r.Basis, "from": r.From.UnixMicro()}
	if r.Class != "" {
		b["class"] = r.Class
	}
	return h.event("consultation_ruled", b, minutes)
}

// close ends the consultation without a ruling.
func (h *hearing) close(reason string) error {
	h.c.State, h.c.EndedAt = consultation.Cancelled, h.now
	if err := h.tx.EndConsultation(h.ctx, h.c); err != nil {
		return err
	}
	h.c.Version++
	return h.event("consultation_cancelled", nil, reason)
}

// drain applies the letters that waited for the one just applied.
func (h *hearing) drain(link store.Link, thread string, next *store.LetterIn) error {
	for next != nil {
		m, p, err := h.d.reopenLetter(*next)
		if err != nil {
			return err
		}
		h.by = peerActor(link, m)
		if h.w != nil {
			h.w.by = h.by
		}
		state, why, err := h.apply(m, p)
		if err != nil {
			return err
		}
		if err := h.tx.MarkLetterIn(h.ctx, next.ID, state, h.ledgerCase(), why); err != nil {
			return err
		}
		if state == store.LetterRefused { // it was receipted as waiting: tell its sender now
			out, err := letterOut(h.d.refuse(link, m, next.Hash, why, Kept), h.key, h.ledgerCase(), "", leg.Private{}, h.now)
			if err != nil {
				return err
			}
			h.post = append(h.post, out)
		}
		if next, err = h.tx.WaitingLetter(h.ctx, thread, next.Number+1); err != nil {
			return err
		}
	}
	return nil
}

// consultAnswered takes the answer to a letter of a consultation. A platform
// that takes none is asked by people.
func (d *Desk) consultAnswered(ctx context.Context, tx *store.Tx, link store.Link, th store.Thread, out store.LetterOut, m leg.Letter) error {
	quiet := m.Type == leg.TypeReceipt && out.Type != leg.TypeConsultOpen && out.Type != leg.TypeErase && m.Body.Code == ""
	if quiet {
		return nil
	}
	h, err := d.hear(ctx, tx, hotline.ThePeer(link.Peer, link.Name), th.ConsultationID)
	if err != nil {
		return err
	}
	_, t := h.thread(th.ID)
	switch {
	case m.Type == leg.TypeReceipt && out.Type == leg.TypeErase:
		err = h.event("erased_there", body{"peer": out.Peer}, "")
	case m.Type == leg.TypeReceipt && m.Body.Code == AlreadyApplied:
		t.Repair = ""
		err = h.event("repaired", body{"re": out.ID, "code": AlreadyApplied}, "")
	case m.Type == leg.TypeReceipt:
		if h.w != nil {
			h.w.learn(m)
		}
		if t.State == store.ThreadSent {
			t.State = store.ThreadThere
		}
	default:
		err = h.refused(t, out, m)
	}
	if err != nil {
		return err
	}
	return h.keep()
}

func (h *hearing) refused(t *store.Thread, out store.LetterOut, m leg.Letter) error {
	if err := h.event("refused_letter", body{"type": out.Type, "number": out.Number, "code": m.Body.Code, "field": m.Body.Field}, ""); err != nil {
		return err
	}
	if out.Type == leg.TypeConsultOpen || t.State == store.ThreadRefused { // nothing goes there any more
		t.State, t.Code = store.ThreadRefused, m.Body.Code
		return h.tx.CarryByHand(h.ctx, t.ID, h.ledgerCase(), h.now)
	}
	t.Repair = m.Body.Code
	if numberFree(out, m) {
		return h.void(t, out, "")
	}
	return nil
}

// void gives a letter of the consultation up with a signed void that takes its
// number.
func (h *hearing) void(t *store.Thread, out store.LetterOut, reason string) error {
	if err := h.tx.VoidLetter(h.ctx, out.ID, h.now); err != nil {
		return err
	}
	t.Repair = "voided"
	if err := h.event("voided", body{"number": out.Number, "re": out.ID, "type": out.Type}, reason); err != nil {
		return err
	}
	return h.tellAs(t, out.Number, string(leg.Void), leg.Body{Re: out.ID, Hash: out.Hash}, leg.Private{})
}
