package desk

import (
	"slices"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Hand is how a platform that is not connected told us of a move of its own.
type Hand struct {
	How string    // Hows
	Who string    // of the other side, who said or signed it
	At  time.Time // when it happened; zero: now
	// Sheet is the shift's sheet that it stood on; "" none.
	Sheet string
}

// Hows are the ways by which people tell: 电话, 传真, 纸质, 即时通讯, 表格.
var Hows = []string{"phone", "fax", "paper", "chat", "sheet"}

// HandVerbs are the moves of the other side that people enter.
var HandVerbs = []leg.Verb{leg.Accept, leg.Return, leg.Progress, leg.Feedback}

func checkHand(h *Hand) error {
	if h == nil {
		return nil
	}
	if !slices.Contains(Hows, h.How) {
		return hotline.Errorf(hotline.Invalid, "how_unknown", "how", h.How)
	}
	if h.Who == "" {
		return hotline.Errorf(hotline.Invalid, "text_empty", "who")
	}
	return casefile.CheckLine("who", h.Who)
}

// handed says that the other side's moves of a leg are entered here: it went
// to a platform that is not connected, or was begun while it was not.
func (d *Desk) handed(l leg.Leg, link store.Link) bool {
	return l.Side == leg.Sender && l.Peer != "" && (l.ByHand || link.Carrier == store.ManualCarrier)
}

// handSide is the side of a move that is entered by hand. The first one makes
// the leg one that people carry: its letters no longer wait for a wire, also
// when the link gets another carrier.
func (w *work) handSide(l *legWork, do Do) (leg.Side, error) {
	link, err := w.d.Link(w.ctx, l.Peer)
	if err != nil || !w.d.handed(l.Leg, link) || !slices.Contains(HandVerbs, do.Verb) {
		return "", hotline.Errorf(hotline.Conflict, "not_your_move", "verb", string(do.Verb))
	}
	return leg.Holder, nil
}

// actByHand does a move of the other side that a person enters here.
func (w *work) actByHand(l *legWork, do Do) error {
	if !l.ByHand {
		l.ByHand, l.dirty = true, true
		if err := w.tx.CarryByHand(w.ctx, l.ID, w.c.ID, w.now); err != nil {
			return err
		}
	}
	at := w.now
	if !do.Hand.At.IsZero() {
		at = clamp(do.Hand.At, l.MovedAt, w.now)
	}
	if l.State == leg.Sent { // who signs has it
		if err := w.perform(l, leg.Act{Verb: leg.Receive, Side: leg.Holder, At: at}, Do{Verb: leg.Receive, Hand: do.Hand}); err != nil {
			return err
		}
	}
	return w.perform(l, leg.Act{Verb: do.Verb, Side: leg.Holder, At: at, Ground: do.Ground, Basis: do.Basis, NextOwner: do.NextOwner}, do)
}

// handVerbs lists the moves of the other side that an actor may enter now.
func (d *Desk) handVerbs(a hotline.Actor, c casefile.Case, l store.LegRow, link store.Link) []leg.Verb {
	if !d.handed(l.Leg, link) || !a.May(hotline.WorkLegs, d.where(a, l.Unit, c.Region)) {
		return nil
	}
	there := l.Leg
	if there.State == leg.Sent {
		there.State = leg.Received
	}
	var out []leg.Verb
	for _, v := range there.Can(leg.Holder, d.Now()) {
		if slices.Contains(HandVerbs, v) {
			out = append(out, v)
		}
	}
	return out
}
