package conform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/leg"
)

// moving: what people of the side under test do reaches the kit as it must.
var moving = []rule{
	{id: "accept", person: true, says: "Acceptance comes as the holder's letter 1 and tells of a person", try: func(ctx context.Context, r *Run) error {
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
	{id: "whole-life", person: true, says: "Accepted, worked on, answered, settled, reopened, answered again: numbers without gaps, answers that open", try: func(ctx context.Context, r *Run) error {
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
		settle, err := r.next(w, 2, string(leg.Settle), leg.Body{ReopenUntil: &until}, "")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, settle, leg.ReceiptApplied); err != nil {
			return err
		}
		reopen, err := r.next(w, 3, string(leg.Reopen), leg.Body{}, "来话人说没有修好")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, reopen, leg.ReceiptApplied); err != nil {
			return err
		}
		if err := r.drive(ctx, leg.Feedback, w.letter.Leg); err != nil {
			return err
		}
		_, err = r.hearOf(ctx, string(leg.Feedback), w.letter.Leg, 4)
		return err
	}},
	{id: "return", person: true, says: "A return names its ground and its basis; nothing moves the leg after it", try: func(ctx context.Context, r *Run) error {
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
	{id: "extension", person: true, says: "An extension is asked with a time, and the answer is taken", try: func(ctx context.Context, r *Run) error {
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
		grant, err := r.next(w, 2, string(leg.Grant), leg.Body{Of: leg.Extend, Due: h.Body.Due}, "")
		if err == nil {
			_, err = r.taken(ctx, grant, leg.ReceiptApplied)
		}
		return err
	}},
	{id: "resend", person: true, says: "A letter without a receipt is sent again, with the same id and content", try: func(ctx context.Context, r *Run) error {
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
		deadline := time.Now().Add(2 * r.cfg.Patience)
		for time.Now().Before(deadline) {
			r.mu.Lock()
			n, other := r.tries[h.ID], len(r.broken) > 0
			r.mu.Unlock()
			if other {
				return fmt.Errorf("it came again, and not as before: %s", r.broken[0].why)
			}
			if n > 1 {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		return fmt.Errorf("it came once in %v", 2*r.cfg.Patience)
	}},
}

// writing: legs of the side under test.
var writing = []rule{
	{id: "offer-out", person: true, says: "An offer of the side under test: number 1, its own case, a commitment that its words open to", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		switch {
		case h.Number != 1:
			return fmt.Errorf("it has the number %d, want 1", h.Number)
		case h.Cases[r.cfg.Peer.Platform] == "":
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
	{id: "holder-out", person: true, says: "Accepted and answered by the kit, the leg is settled with the time until which it may be reopened", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		accept, err := r.next(of, 1, string(leg.Accept), leg.Body{Person: "符合性测试"}, "")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, accept, leg.ReceiptApplied); err != nil {
			return err
		}
		m := leg.Letter{Type: string(leg.Feedback), Leg: h.Leg, Number: 2, Cases: h.Cases, Body: leg.Body{Person: "符合性测试"}}
		feedback, err := r.written(m, &leg.Private{Result: "已到现场处理"}, nil)
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, feedback, leg.ReceiptApplied); err != nil {
			return err
		}
		if err := r.drive(ctx, leg.Settle, h.Leg); err != nil {
			return err
		}
		s, err := r.hearOf(ctx, string(leg.Settle), h.Leg, 2)
		if err == nil && (s.Body.ReopenUntil == nil || !s.Body.ReopenUntil.After(time.Now())) {
			err = fmt.Errorf("it may be reopened until %v, want a time that has not come", s.Body.ReopenUntil)
		}
		return err
	}},
	{id: "return-out", person: true, says: "A return by the kit always stands", try: func(ctx context.Context, r *Run) error {
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		back, err := r.next(of, 1, string(leg.Return), leg.Body{Ground: leg.NotDuty, Basis: "《测试职责规定》第一条", Person: "符合性测试"}, "不属于本单位职责")
		if err == nil {
			_, err = r.taken(ctx, back, leg.ReceiptApplied)
		}
		return err
	}},
	{id: "sealed-away", person: true, says: "What callers said, and who they are, stands in no letter outside of its sealed part, and no salt comes twice", try: func(ctx context.Context, r *Run) error {
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
		return h.Type == leg.TypeOffer && slices.IndexFunc(r.inbox, func(x heard) bool { return x.ID == h.ID }) >= before
	})
}

func (r *Run) setWithhold(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withhold = on
}
