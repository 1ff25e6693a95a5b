package desk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/store"
)

// Answered takes what a peer answered to letters of ours, all or none. It has an
// effect once; a repeat changes nothing. answer_unknown (Invalid): to a letter
// that we did not send, or to another with its id.
func (d *Desk) Answered(ctx context.Context, link store.Link, answers ...leg.Letter) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		ids := make([]string, len(answers))
		for i, m := range answers {
			ids[i] = m.Body.Re
		}
		outs, err := tx.LettersOutByID(ctx, ids...)
		if err != nil {
			return err
		}
		var ended []store.Ended
		for _, m := range answers {
			out := outs[m.Body.Re]
			if !quiet(link, out, m) {
				if err := d.answered(ctx, tx, link, m, out); err != nil {
					return err
				}
				continue
			}
			doc, err := json.Marshal(m)
			if err != nil {
				return err
			}
			ended = append(ended, store.Ended{ID: out.ID, State: store.LetterReceipted, Answer: string(doc)})
		}
		return tx.EndWaiting(ctx, d.Now(), ended...)
	})
}

// quiet says that an answer is a receipt which ends its letter and nothing else.
func quiet(link store.Link, out store.LetterOut, m leg.Letter) bool {
	return m.Type == leg.TypeReceipt && m.Body.Code == "" && out.Peer == link.Peer && out.Hash == m.Body.Hash && out.State == store.LetterWaiting &&
		plain(out.Type) && !(out.Type == string(leg.Supplement) && strings.Contains(out.Content, `"attachment"`))
}

// answered takes an answer to a letter, as it was when the transaction began.
func (d *Desk) answered(ctx context.Context, tx *store.Tx, link store.Link, m leg.Letter, out store.LetterOut) error {
	if out.Peer != link.Peer || out.Hash != m.Body.Hash {
		return hotline.Errorf(hotline.Invalid, "answer_unknown", "re", m.Body.Re)
	}
	doc, err := json.Marshal(m)
	if err != nil {
		return err
	}
	state := store.LetterReceipted
	if m.Type == leg.TypeError {
		state = store.LetterRefused
	}
	if out.Type == leg.TypeAttachment {
		return d.partAnswered(ctx, tx, link, out, m, string(doc))
	}
	if !leg.Numbered(out.Type) { // a peer that knows no heads: nothing waits for one
		if _, err := tx.EndLetter(ctx, out.ID, store.LetterReceipted, string(doc), d.Now()); err != nil || out.Type != leg.TypeReconcile {
			return err
		}
		return d.endedComparison(ctx, tx, link.Peer, out.ID, func(_ *store.Tx, c *store.Comparison) error { // a peer that does not compare
			c.Trouble = m.Body.Code
			return nil
		})
	}
	if n := damages(out); out.State == store.LetterWaiting && damaged(m) && n < damagesMost {
		return tx.RetryLetter(ctx, out.ID, n, d.Now().Add(time.Duration(n)*time.Second), cameDamaged+": "+m.Body.Code)
	}
	switch {
	case out.State == store.LetterWaiting:
		if err := tx.EndWaiting(ctx, d.Now(), store.Ended{ID: out.ID, State: state, Answer: string(doc)}); err != nil {
			return err
		}
	case out.State != store.LetterExpired && !(state == store.LetterRefused && out.State == store.LetterReceipted):
		return nil
	}
	if out.Type == string(leg.Supplement) {
		if err := d.namingAnswered(ctx, tx, link, out, m); err != nil {
			return err
		}
	}
	if th, err := d.threadOf(ctx, tx, out); err != nil || th != nil {
		if err == nil {
			err = d.consultAnswered(ctx, tx, link, *th, out, m)
		}
		return err
	}
	done := state == store.LetterReceipted && out.Type != leg.TypeOffer && out.Type != leg.TypeErase && m.Body.Code == ""
	if done || out.CaseID == "" || out.Number == 0 {
		return nil
	}
	w, err := d.load(ctx, tx, hotline.ThePeer(link.Peer, link.Name), out.CaseID)
	if err != nil {
		return err
	}
	l, err := w.leg(out.LegID)
	if err != nil {
		return err
	}
	if m.Type == leg.TypeError {
		err = w.refused(link, l, out, m)
	} else {
		err = w.receipted(l, out, m)
	}
	if err != nil {
		return err
	}
	return w.keep()
}

// damagesMost is how often a letter goes whose personal part arrives damaged,
// before it counts as refused: its key may be a wrong one. Proposal.
const damagesMost = 3

// cameDamaged is why a letter goes once more.
const cameDamaged = "came damaged"

// damaged says that a peer could not open a letter: what is sealed stands outside
// of the signature, so the same letter may arrive whole the next time.
func damaged(m leg.Letter) bool {
	return m.Type == leg.TypeError && m.Body.Status == Dropped &&
		(m.Body.Code == letter.CodeSealed || m.Body.Code == letter.CodeCommitment || m.Body.Code == letter.CodeSchema && strings.HasPrefix(m.Body.Field, "/sealed"))
}

// damages is how often in a row a letter has come damaged, with this time.
func damages(out store.LetterOut) int {
	if !strings.HasPrefix(out.LastError, cameDamaged) {
		return 1
	}
	return out.Attempts + 1
}

// receipted: the peer has the offer on disk. Where the sender went on without
// it meanwhile, it asks it back at once.
func (w *work) receipted(l *legWork, out store.LetterOut, m leg.Letter) error {
	w.learn(m)
	if out.Type == leg.TypeErase {
		return w.event("erased_there", l.ID, body{"peer": out.Peer}, "")
	}
	if m.Body.Code == AlreadyApplied {
		l.Repair, l.dirty = "", true
		return w.event("repaired", l.ID, body{"re": out.ID, "code": AlreadyApplied}, "")
	}
	if l.State == leg.Sent {
		at := w.now
		if m.Body.At != nil {
			at = clamp(*m.Body.At, l.SentAt, w.now)
		}
		if err := w.perform(l, leg.Act{Verb: leg.Receive, Side: leg.Holder, At: at, Letter: true}, Do{Verb: leg.Receive}); err != nil {
			return err
		}
	}
	if w.erased == nil && l.Resolution != leg.Unresolved && slices.Contains(l.Can(leg.Sender, w.now), leg.Withdraw) { // unless it is asked back already
		return w.asMachine(func() error {
			return w.perform(l, leg.Act{Verb: leg.Withdraw, Side: leg.Sender, At: w.now}, Do{Verb: leg.Withdraw, Note: "已另行处理"})
		})
	}
	return nil
}

// refused: the peer would not take a letter. The leg goes on the repair list;
// a number that was not used up there is voided, so that what follows is not
// held up.
func (w *work) refused(link store.Link, l *legWork, out store.LetterOut, m leg.Letter) error {
	if adopting(out) { // it stays with people, as it was
		l.ByHand, l.dirty = true, true
		if err := w.event("refused_letter", l.ID, body{"type": out.Type, "number": out.Number, "code": m.Body.Code, "field": m.Body.Field}, ""); err != nil {
			return err
		}
		return w.tx.CarryByHand(w.ctx, l.ID, w.c.ID, w.now)
	}
	l.Repair, l.dirty = m.Body.Code, true
	if out.Type == leg.TypeOffer {
		l.Undeliverable = l.State == leg.Sent
	}
	if err := w.event("refused_letter", l.ID, body{"type": out.Type, "number": out.Number, "code": m.Body.Code, "field": m.Body.Field}, ""); err != nil {
		return err
	}
	if numberFree(out, m) {
		return w.void(link, l, out, "")
	}
	return nil
}

// numberFree says that a peer dropped a letter and its number with it, so that a
// void has to take the number.
func numberFree(out store.LetterOut, m leg.Letter) bool {
	return m.Body.Status == Dropped && out.Type != string(leg.Void) && !strings.HasSuffix(m.Body.Code, "_reused")
}

// void gives a numbered letter up with a signed void that takes its number.
func (w *work) void(link store.Link, l *legWork, out store.LetterOut, reason string) error {
	if err := w.tx.VoidLetter(w.ctx, out.ID, w.now); err != nil {
		return err
	}
	l.Repair, l.dirty = "voided", true
	if l.Pending == leg.Verb(out.Type) { // an ask that nobody heard is not open, and may be asked again
		l.Pending = ""
	}
	if err := w.event("voided", l.ID, body{"number": out.Number, "re": out.ID, "type": out.Type}, reason); err != nil {
		return err
	}
	return w.postLetter(link, l.ID, out.Number, string(leg.Void), nil, "", leg.Body{Re: out.ID, Hash: out.Hash}, leg.Private{}, l.Urgent)
}

// Delivered ends a letter that has no answer: an error letter is never
// receipted.
func (d *Desk) Delivered(ctx context.Context, out store.LetterOut) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		ended, err := tx.EndLetter(ctx, out.ID, store.LetterReceipted, "", d.Now())
		if err == nil && ended && out.Type == leg.TypeKeys {
			return d.toldKeys(ctx, tx, out)
		}
		return err
	})
}

// Refusal is the error letter for an authentic letter that no node can take:
// it was dropped, and its number is not used.
func (d *Desk) Refusal(link store.Link, id, typ, legID, hash string, why error) leg.Letter {
	m := leg.Letter{ID: id, Leg: legID}
	if consultType(typ) {
		m.Leg, m.Consultation = "", legID
	}
	r := d.refuse(link, m, hash, hotline.CodeOf(why), Dropped)
	if e, ok := errors.AsType[*hotline.Error](why); ok {
		r.Body.Field = e.Field
	}
	return r
}
