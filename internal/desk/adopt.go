package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// What an offer tells of a leg that people carried before: the moves of either
// side that may stand in it, oldest first.
var adoptedVerbs = map[leg.Verb]leg.Side{leg.Accept: leg.Holder, leg.Progress: leg.Holder, leg.Feedback: leg.Holder, leg.Reopen: leg.Sender}

// adoptable are the states in which a leg may change from people to a wire.
var adoptable = []leg.State{leg.Accepted, leg.Working, leg.Answered, leg.Reopened}

// canAdopt says that a leg which people carried may go on by wire: its link has
// one now.
func (d *Desk) canAdopt(l leg.Leg, link store.Link) bool {
	return l.ByHand && l.Side == leg.Sender && link.Active && link.Carrier != store.ManualCarrier && slices.Contains(adoptable, l.State)
}

// Adopt hands a leg that people carried over to the other platform by wire, as
// it stands: an offer with everything that was done, by which the peer's copy
// comes into the same state. From then on its own people move it.
func (d *Desk) Adopt(ctx context.Context, a hotline.Actor, legID string) error {
	row, err := d.read.Leg(ctx, legID)
	if err != nil {
		return err
	}
	return d.change(ctx, a, row.CaseID, nil, hotline.DecideCases, func(w *work) error {
		l, err := w.leg(legID)
		if err != nil {
			return err
		}
		link, err := d.Link(ctx, l.Peer)
		if err != nil || !d.canAdopt(l.Leg, link) {
			return hotline.Errorf(hotline.Conflict, "not_to_adopt", "leg", string(l.State))
		}
		outs, err := w.tx.LettersOutOfCase(ctx, w.c.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(outs, func(o store.LetterOut) bool { return o.LegID == l.ID && o.State == store.LetterReceipted }) {
			return hotline.Errorf(hotline.Conflict, "adopt_known", "leg") // it went by wire once: the peer has a copy, and not this one
		}
		moves, told, err := w.carried(l)
		if err != nil {
			return err
		}
		var o Order
		if len(l.Ask) > 0 {
			plain, err := seal.OpenField(w.key, aadAsk(l.ID), l.Ask)
			if err != nil {
				return err
			}
			o.Ask, o.PoliceAction = askedParts(string(plain))
		}
		l.ByHand, l.OutNo, l.dirty = false, 0, true // what was numbered before never left
		notes := pieces(told, casefile.NoteMost)
		if err := w.offerWith(l, o, moves, notes[0]); err != nil {
			return err
		}
		for _, more := range notes[1:] {
			if err := w.tell(l, string(leg.Supplement), leg.Body{}, leg.Private{Note: more}); err != nil {
				return err
			}
		}
		w.c.Version++
		return w.event("adopted", l.ID, body{"peer": l.Peer, "state": string(l.State)}, "")
	})
}

// carried is what people entered of a leg: the moves, and what was said with
// them.
func (w *work) carried(l *legWork) (moves []leg.Carried, told string, err error) {
	es, err := w.tx.EventsOf(w.ctx, w.c.ID, "", eventsMost)
	if err != nil {
		return nil, "", err
	}
	var lines []string
	for _, e := range es {
		_, moved := adoptedVerbs[leg.Verb(e.Kind)]
		switch {
		case e.LegID == l.ID && e.Kind == string(leg.Settle): // settled once and reopened: it stays where it was settled
			return nil, "", hotline.Errorf(hotline.Conflict, "not_to_adopt", "leg", string(l.State))
		case e.LegID != l.ID || !moved:
			continue
		}
		var b struct {
			How string `json:"by_hand"`
			Who string `json:"who"`
		}
		if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
			return nil, "", fmt.Errorf("event %s: %w", e.ID, err)
		}
		moves = append(moves, leg.Carried{Verb: leg.Verb(e.Kind), At: e.At.In(calendar.Zone), How: b.How, Who: b.Who})
		if len(e.Note) == 0 {
			continue
		}
		note, err := openNote(w.key, e)
		if err != nil {
			return nil, "", err
		}
		lines = append(lines, e.At.In(calendar.Zone).Format("01-02 15:04 ")+b.Who+" "+note)
	}
	return moves, strings.Join(lines, "\n"), nil
}

// pieces cuts a text into such of at most so many characters; at least one.
func pieces(text string, most int) []string {
	r := []rune(text)
	var out []string
	for len(r) > most {
		out, r = append(out, string(r[:most])), r[most:]
	}
	return append(out, string(r))
}

// takeOver brings the holder's copy of a leg that people carried before into the
// state in which the sender's is.
func (w *work) takeOver(l *legWork, moves []leg.Carried, told string) error {
	for i, m := range moves {
		side, ok := adoptedVerbs[m.Verb]
		if !ok {
			return hotline.Errorf(hotline.Invalid, "adopt_move", fmt.Sprintf("/body/adopt/%d/verb", i), string(m.Verb))
		}
		act := leg.Act{Verb: m.Verb, Side: side, At: clamp(m.At, l.MovedAt, w.now), Letter: true}
		if err := w.perform(l, act, Do{Verb: m.Verb, Hand: &Hand{How: m.How, Who: m.Who, At: m.At}}); err != nil {
			return hotline.Errorf(hotline.Invalid, "adopt_move", fmt.Sprintf("/body/adopt/%d/verb", i), string(m.Verb))
		}
	}
	if told != "" { // every text that comes in is checked for danger
		if err := w.check(told, l.ID, false); err != nil {
			return err
		}
	}
	return w.event("adopted", l.ID, body{"peer": l.Peer, "state": string(l.State)}, told)
}

// adopting says that a letter is an offer of a leg that people carried.
func adopting(out store.LetterOut) bool {
	var m leg.Letter
	return out.Type == leg.TypeOffer && json.Unmarshal([]byte(out.Content), &m) == nil && len(m.Body.Adopt) > 0
}
