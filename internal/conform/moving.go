package conform

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// moving: what people of the side under test do reaches the kit as it must.
var moving = []rule{
	{id: "accept", in: "`accept`", person: true, says: "Acceptance comes as the holder's letter 1 and tells of a person", try: func(ctx context.Context, r *Run) error {
		w, err := r.driven(ctx, leg.Accept)
		if err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Accept), w.letter.Leg, 1)
		if err == nil && h.Body.Person == "" {
			err = errors.New("it names no person: who accepted?")
		}
		return err
	}},
	{id: "whole-life", in: "Vocabulary", person: true, says: "Accepted, worked on, answered, settled, reopened, answered again: numbers without gaps, answers that open", try: func(ctx context.Context, r *Run) error {
		w, err := r.driven(ctx, leg.Accept, leg.Progress, leg.Feedback)
		if err != nil {
			return err
		}
		for i, typ := range []leg.Verb{leg.Accept, leg.Progress, leg.Feedback} {
			h, err := r.hearOf(ctx, string(typ), w.letter.Leg, 0)
			if err != nil {
				return err
			}
			if h.Number != int64(i+1) {
				return fmt.Errorf("%s has the number %d, want %d", typ, h.Number, i+1)
			}
			if typ == leg.Feedback && h.private.Result == "" {
				return errors.New("the feedback says nothing of what was done")
			}
		}
		until := time.Now().Add(24 * time.Hour)
		if _, err := r.said(ctx, w, 2, string(leg.Settle), leg.Body{ReopenUntil: &until}, "", leg.ReceiptApplied); err != nil {
			return err
		}
		if _, err := r.said(ctx, w, 3, string(leg.Reopen), leg.Body{}, "来话人说没有修好", leg.ReceiptApplied); err != nil {
			return err
		}
		if err := r.drive(ctx, leg.Feedback, w.letter.Leg); err != nil {
			return err
		}
		_, err = r.hearOf(ctx, string(leg.Feedback), w.letter.Leg, 4)
		return err
	}},
	{id: "return", in: "`return`", person: true, says: "A return names its ground and its basis; nothing moves the leg after it", try: func(ctx context.Context, r *Run) error {
		w, err := r.driven(ctx, leg.Return)
		if err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Return), w.letter.Leg, 1)
		if err != nil {
			return err
		}
		if h.Body.Ground == "" || h.Body.Basis == "" {
			return errors.New("the return names no ground or no basis")
		}
		until := time.Now().Add(24 * time.Hour)
		settle, err := r.next(w, 2, string(leg.Settle), leg.Body{ReopenUntil: &until}, "")
		if err != nil {
			return err
		}
		return r.refused(ctx, settle.wire, "move_refused")
	}},
	{id: "extension", in: "`extend`", person: true, says: "An extension is asked with a time, and the answer is taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.driven(ctx, leg.Accept, leg.Extend)
		if err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Extend), w.letter.Leg, 2)
		if err != nil {
			return err
		}
		if h.Body.Due == nil || !h.Body.Due.After(time.Now()) {
			return fmt.Errorf("it asks for %v, want a time that has not come", h.Body.Due)
		}
		_, err = r.said(ctx, w, 2, string(leg.Grant), leg.Body{Of: leg.Extend, Due: h.Body.Due}, "", leg.ReceiptApplied)
		return err
	}},
	{id: "resend", in: "Over HTTPS", person: true, says: "A letter without a receipt is sent again, with the same id and content", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		r.setWithhold(true)
		defer r.setWithhold(false)
		if err := r.drive(ctx, leg.Accept, w.letter.Leg); err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Accept), w.letter.Leg, 1)
		if err != nil {
			return err
		}
		return r.comesAgain(ctx, h.ID)
	}},
	{id: "receipt-forged", in: "Over HTTPS", person: true, says: "A receipt that the kit did not sign is none: the letter is sent again", try: func(ctx context.Context, r *Run) error {
		other, err := seal.NewKeyring(rand.Reader)
		if err != nil {
			return err
		}
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		r.instead(func(e letter.Envelope) ([]byte, error) { return r.receipt(e, other) })
		defer r.instead(nil)
		if err := r.drive(ctx, leg.Accept, w.letter.Leg); err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Accept), w.letter.Leg, 1)
		if err != nil {
			return err
		}
		return r.comesAgain(ctx, h.ID)
	}},
	{id: "refused-out", in: "Errors", person: true, says: "A letter that the kit refuses and drops is given up: a void with its id and hash takes its number", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		r.instead(func(e letter.Envelope) ([]byte, error) {
			if e.Type != string(leg.Accept) {
				return r.receipt(e, r.keys())
			}
			return r.compose(leg.Letter{Type: leg.TypeError, Leg: e.Leg, Body: leg.Body{Re: e.ID, Hash: e.Hash(), Code: "letter_unknown_required", Field: "/requires/0", Status: "dropped"}}, nil)
		})
		defer r.instead(nil)
		if err := r.drive(ctx, leg.Accept, w.letter.Leg); err != nil {
			return err
		}
		accept, err := r.hearOf(ctx, string(leg.Accept), w.letter.Leg, 1)
		if err != nil {
			return err
		}
		void, err := r.hearOf(ctx, string(leg.Void), w.letter.Leg, 1)
		if err == nil && (void.Body.Re != accept.ID || void.Body.Hash != accept.Hash()) {
			err = fmt.Errorf("the void names %s with the hash %s, want %s with %s", void.Body.Re, void.Body.Hash, accept.ID, accept.Hash())
		}
		return err
	}},
	{id: "contest", in: "`contest`", person: true, says: "A return that is contested stands, and the contest is taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.driven(ctx, leg.Return)
		if err != nil {
			return err
		}
		if _, err := r.hearOf(ctx, string(leg.Return), w.letter.Leg, 1); err != nil {
			return err
		}
		_, err = r.said(ctx, w, 2, string(leg.Contest), leg.Body{Person: "符合性测试"}, "按清单属贵方职责", leg.ReceiptApplied)
		return err
	}},
	{id: "adopt", in: "`offer`", person: true, says: "A leg that people began goes on where they left it: answered at once, as the holder's letter 1", try: func(ctx context.Context, r *Run) error {
		begun := time.Now().Add(-2 * time.Hour).Truncate(time.Second)
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) {
			m.Requires = []string{"/body/adopt"}
			m.Body.Adopt = []leg.Carried{{Verb: leg.Accept, At: begun, How: "phone", Who: "王测试"}, {Verb: leg.Progress, At: begun.Add(time.Hour), How: "phone", Who: "王测试"}}
		})
		if err != nil {
			return err
		}
		a, err := r.post(ctx, w.wire)
		if err != nil {
			return err
		}
		if a.refuses("letter_unknown_required") == nil {
			return fmt.Errorf("%w: it adopts no legs", ErrNotTried)
		}
		if err := a.receipts(w, leg.ReceiptApplied); err != nil {
			return err
		}
		if err := r.drive(ctx, leg.Feedback, w.letter.Leg); err != nil {
			return err
		}
		_, err = r.hearOf(ctx, string(leg.Feedback), w.letter.Leg, 1)
		return err
	}},
}

// writing: legs of the side under test.
var writing = []rule{
	{id: "offer-out", in: "`offer`", person: true, says: "An offer of the side under test: number 1, its own case, a commitment that its words open to", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		switch {
		case h.Number != 1:
			return fmt.Errorf("it has the number %d, want 1", h.Number)
		case h.Cases[r.peer().Platform] == "":
			return errors.New("it does not name its own case")
		case h.Link != r.cfg.Link || h.To != r.cfg.Platform:
			return fmt.Errorf("it is for %s over %s", h.To, h.Link)
		case h.private.Text == "":
			return errors.New("its words do not open")
		}
		doc, _ := json.Marshal(h.Body)
		if strings.Contains(string(doc), h.private.Text) {
			return errors.New("the words of the caller stand in the open part")
		}
		return nil
	}},
	{id: "holder-out", in: "Vocabulary", person: true, says: "Accepted and answered by the kit, the leg is settled with the time until which it may be reopened", try: func(ctx context.Context, r *Run) error {
		s, err := r.settled(ctx)
		if err == nil && (s.Body.ReopenUntil == nil || !s.Body.ReopenUntil.After(time.Now())) {
			err = fmt.Errorf("it may be reopened until %v, want a time that has not come", s.Body.ReopenUntil)
		}
		return err
	}},
	{id: "return-out", in: "`return`", person: true, says: "A return by the kit always stands", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		_, err = r.said(ctx, of, 1, string(leg.Return), leg.Body{Ground: leg.NotDuty, Basis: "《测试职责规定》第一条", Person: "符合性测试"}, "不属于本单位职责", leg.ReceiptApplied)
		return err
	}},
	{id: "withdraw-out", in: "Vocabulary", person: true, says: "Its withdrawal comes as the sender's next letter; granted, the leg has ended", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		if err := r.drive(ctx, leg.Withdraw, h.Leg); err != nil {
			return err
		}
		if _, err := r.hearOf(ctx, string(leg.Withdraw), h.Leg, 2); err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		grant, err := r.next(of, 1, string(leg.Grant), leg.Body{Of: leg.Withdraw, Person: "符合性测试"}, "")
		if err == nil {
			_, err = r.taken(ctx, grant, leg.ReceiptApplied)
		}
		if err != nil {
			return err
		}
		late, err := r.next(of, 2, string(leg.Accept), leg.Body{Person: "符合性测试"}, "")
		if err != nil {
			return err
		}
		return r.refused(ctx, late.wire, "move_refused")
	}},
	{id: "extension-out", in: "`extend`", person: true, says: "What the kit asks for, more time, is refused and granted by people: each answer names what it answers", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		accept, err := r.next(of, 1, string(leg.Accept), leg.Body{Person: "符合性测试"}, "")
		if err == nil {
			_, err = r.taken(ctx, accept, leg.ReceiptApplied)
		}
		if err != nil {
			return err
		}
		due := time.Now().AddDate(0, 0, 30)
		for i, verb := range []leg.Verb{leg.Refuse, leg.Grant} {
			ask, err := r.next(of, int64(i+2), string(leg.Extend), leg.Body{Due: &due, Person: "符合性测试"}, "需要更多时间")
			if err == nil {
				_, err = r.taken(ctx, ask, leg.ReceiptApplied)
			}
			if err == nil {
				err = r.drive(ctx, verb, h.Leg)
			}
			if err != nil {
				return err
			}
			said, err := r.hearOf(ctx, string(verb), h.Leg, int64(i+2))
			if err != nil {
				return err
			}
			if said.Body.Of != leg.Extend || verb == leg.Grant && said.Body.Due == nil {
				return fmt.Errorf("the %s is of %q until %v, want extend, and until when", verb, said.Body.Of, said.Body.Due)
			}
		}
		return nil
	}},
	{id: "escalate-out", in: "`escalate`", person: true, says: "An escalation by the kit, as holder, is taken, and the leg goes on", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		for i, said := range []struct {
			typ  leg.Verb
			body leg.Body
			note string
		}{
			{leg.Accept, leg.Body{Person: "符合性测试"}, ""},
			{leg.Escalate, leg.Body{Person: "符合性测试", UrgentClass: "C4", Level: 1}, "现场电线裸露"},
			{leg.Progress, leg.Body{Person: "符合性测试"}, "继续处理"},
		} {
			m, err := r.next(of, int64(i+1), string(said.typ), said.body, said.note)
			if err == nil {
				_, err = r.taken(ctx, m, leg.ReceiptApplied)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", said.typ, err)
			}
		}
		return nil
	}},
	{id: "sealed-away", in: "Sealed part", person: true, says: "What callers said, and who they are, stands in no letter outside of its sealed part, and no salt comes twice", try: func(ctx context.Context, r *Run) error {
		if _, err := r.invited(ctx); err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		salts := map[string]bool{}
		for _, h := range r.inbox {
			r.came = string(h.Content())
			for _, word := range []string{callerText, callerName, callerPhone, offeredText} {
				if strings.Contains(r.came, word) {
					return fmt.Errorf("the %s says %q for everybody to read", h.Type, word)
				}
			}
			if salt := h.private.Salt; salt != "" {
				if salts[salt] {
					return fmt.Errorf("the salt of the %s was used before", h.Type)
				}
				salts[salt] = true
			}
		}
		return nil
	}},
}

// comesAgain waits for a letter that has come to come once more, unchanged.
func (r *Run) comesAgain(ctx context.Context, id string) error {
	_, err := r.comesTwice(ctx, id, 2*r.cfg.Patience)
	return err
}

// comesTwice is comesAgain within a time, and tells how long after the first time
// it came.
func (r *Run) comesTwice(ctx context.Context, id string, within time.Duration) (time.Duration, error) {
	deadline := time.Now().Add(within)
	for time.Now().Before(deadline) {
		r.mu.Lock()
		came, other := r.tries[id], len(r.broken) > 0
		r.mu.Unlock()
		if other {
			return 0, fmt.Errorf("it came again, and not as before: %s", r.broken[0].why)
		}
		if len(came) > 1 {
			return came[1].Sub(came[0]), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return 0, fmt.Errorf("it came once in %v", within)
}

// driven is an offered leg with which people of the side under test have done
// something.
func (r *Run) driven(ctx context.Context, verbs ...leg.Verb) (written, error) {
	w, err := r.offered(ctx)
	for _, v := range verbs {
		if err == nil {
			err = r.drive(ctx, v, w.letter.Leg)
		}
	}
	return w, err
}

// invited is an offer that the side under test makes to the kit.
func (r *Run) invited(ctx context.Context) (heard, error) {
	r.mu.Lock()
	before := len(r.inbox)
	r.mu.Unlock()
	if err := r.cfg.Driver.Offer(ctx, offeredText); err != nil {
		return heard{}, fmt.Errorf("the driver did not offer: %w", err)
	}
	return r.hear(ctx, "offer", func(h heard) bool {
		return h.Type == leg.TypeOffer && r.place(h.ID) >= before
	})
}

// settled is an offer that the side under test made, and that the kit accepted and
// answered, as it is settled.
func (r *Run) settled(ctx context.Context) (heard, error) {
	h, err := r.invited(ctx)
	if err != nil {
		return heard{}, err
	}
	of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
	if _, err := r.said(ctx, of, 1, string(leg.Accept), leg.Body{Person: "符合性测试"}, "", leg.ReceiptApplied); err != nil {
		return heard{}, err
	}
	m := leg.Letter{Type: string(leg.Feedback), Leg: h.Leg, Number: 2, Cases: h.Cases, Body: leg.Body{Person: "符合性测试"}}
	feedback, err := r.written(m, &leg.Private{Result: "已到现场处理"}, nil)
	if err == nil {
		_, err = r.taken(ctx, feedback, leg.ReceiptApplied)
	}
	if err == nil {
		err = r.drive(ctx, leg.Settle, h.Leg)
	}
	if err != nil {
		return heard{}, err
	}
	return r.hearOf(ctx, string(leg.Settle), h.Leg, 2)
}

// place of a letter in the inbox, which is locked.
func (r *Run) place(id string) int {
	return slices.IndexFunc(r.inbox, func(x heard) bool { return x.ID == id })
}

func (r *Run) setWithhold(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withhold = on
}
