package desk

import (
	"context"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Erase destroys the key of a closed case, and everything that was sealed under
// it: nobody can read its words, names and numbers again, here or in its
// exports. Every platform that got the case hears of it by a letter and does
// the same. What happened, when and by whom stays, and stays proved.
func (d *Desk) Erase(ctx context.Context, a hotline.Actor, caseID string, version *int64, basis string) (CaseView, error) {
	if basis == "" {
		return CaseView{}, hotline.Errorf(hotline.Invalid, "basis_missing", "basis")
	}
	if err := casefile.CheckLine("basis", basis); err != nil {
		return CaseView{}, err
	}
	err := d.change(ctx, a, caseID, version, hotline.EraseCase, func(w *work) error {
		if w.c.ClosedAt.IsZero() {
			return hotline.Errorf(hotline.Conflict, "erase_open", "case")
		}
		out, err := w.tx.LettersOutOfCase(ctx, caseID)
		if err != nil {
			return err
		}
		for _, l := range out {
			if l.State == store.LetterWaiting && len(l.Private) > 0 {
				return hotline.Errorf(hotline.Conflict, "erase_waiting", "case")
			}
		}
		who, err := w.caller()
		if err != nil {
			return err
		}
		return w.erase(string(who.redact(basis, "***")), "") // the ground stays in the clear
	})
	if err != nil {
		return CaseView{}, err
	}
	return d.Case(ctx, a, caseID)
}

// erase destroys what is personal of the case and tells every platform that has
// some of it, but the one that asked.
func (w *work) erase(basis, from string) error {
	told := map[string]bool{from: true, "": true}
	for i := len(w.legs) - 1; i >= 0; i-- { // the newest leg of each
		l := w.legs[i]
		if told[l.Peer] {
			continue
		}
		told[l.Peer] = true
		if err := w.tell(l, leg.TypeErase, leg.Body{Basis: basis}, leg.Private{}); err != nil {
			return err
		}
	}
	if err := w.eraseConsultations(basis, from); err != nil {
		return err
	}
	if err := w.event("erased", "", body{"basis": basis, "from": from}, ""); err != nil {
		return err
	}
	for _, l := range w.legs {
		l.Ask = nil
	}
	w.c.SafeContact = ""
	w.c.Version++
	w.priv = store.Private{CaseID: w.c.ID}
	w.key, w.erased = w.d.caseKey(w.priv)
	return w.tx.EraseCase(w.ctx, w.c.ID)
}

// erasedBy does what an erase letter asks. The case that the peer gave us goes;
// of one that a caller of our own brought, or that we gave the peer, only what
// the peer wrote.
func (w *work) erasedBy(l *legWork, m leg.Letter) error {
	if w.erased != nil {
		return nil
	}
	if l.Side == leg.Holder && w.c.Channel == "platform" {
		return w.erase(m.Body.Basis, l.Peer)
	}
	if l.Side == leg.Holder {
		l.Ask = nil
	}
	if err := w.event("erased_part", l.ID, body{"basis": m.Body.Basis, "from": l.Peer}, ""); err != nil {
		return err
	}
	return w.tx.EraseReceived(w.ctx, w.c.ID, l.Peer)
}
