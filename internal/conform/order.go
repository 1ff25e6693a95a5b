package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
)

// order: numbers, gaps and what fills them.
var order = []rule{
	{id: "early", in: "Order, repeats, expiry", says: "A letter with a gap before it is receipted as waiting", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		_, err = r.said(ctx, w, 3, string(leg.Urge), leg.Body{}, "", leg.ReceiptWaiting)
		return err
	}},
	{id: "gap-closed", in: "Order, repeats, expiry", says: "When the gap closes, what waited is applied: its receipt then says so", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		third, err := r.said(ctx, w, 3, string(leg.Urge), leg.Body{}, "", leg.ReceiptWaiting)
		if err != nil {
			return err
		}
		if _, err := r.said(ctx, w, 2, string(leg.Supplement), leg.Body{}, "补充：路口东侧", leg.ReceiptApplied); err != nil {
			return err
		}
		_, err = r.taken(ctx, third, leg.ReceiptApplied)
		return err
	}},
	{id: "void", in: "Order, repeats, expiry", says: "A void takes the number of the letter that it gives up, and what waited goes on", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		lost, err := r.next(w, 2, string(leg.Urge), leg.Body{}, "")
		if err != nil {
			return err
		}
		third, err := r.said(ctx, w, 3, string(leg.Urge), leg.Body{}, "", leg.ReceiptWaiting)
		if err != nil {
			return err
		}
		if _, err := r.said(ctx, w, 2, string(leg.Void), leg.Body{Re: lost.letter.ID, Hash: lost.hash}, "", leg.ReceiptApplied); err != nil {
			return err
		}
		_, err = r.taken(ctx, third, leg.ReceiptApplied)
		return err
	}},
	{id: "void-late", in: "Order, repeats, expiry", says: "A void of a letter that is there comes too late: the letter stands, and the receipt says already_applied", try: func(ctx context.Context, r *Run) error {
		w, second, err := r.urged(ctx)
		if err != nil {
			return err
		}
		void, err := r.next(w, 2, string(leg.Void), leg.Body{Re: second.letter.ID, Hash: second.hash}, "")
		if err != nil {
			return err
		}
		rec, err := r.taken(ctx, void, leg.ReceiptApplied)
		if err != nil {
			return err
		}
		if rec.Body.Code != "already_applied" {
			return fmt.Errorf("the receipt has the code %q, want already_applied", rec.Body.Code)
		}
		_, err = r.taken(ctx, second, leg.ReceiptApplied)
		return err
	}},
	{id: "void-then-letter", in: "Order, repeats, expiry", says: "The letter that was given up, should it come after its void, is refused: number_reused", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		lost, err := r.next(w, 2, string(leg.Urge), leg.Body{}, "")
		if err != nil {
			return err
		}
		void, err := r.next(w, 2, string(leg.Void), leg.Body{Re: lost.letter.ID, Hash: lost.hash}, "")
		if err == nil {
			_, err = r.taken(ctx, void, leg.ReceiptApplied)
		}
		if err != nil {
			return err
		}
		return r.refused(ctx, lost.wire, "number_reused")
	}},
	{id: "void-of-another", in: "Order, repeats, expiry", says: "A void of a number that another letter than the one it names has used is refused: number_reused", try: func(ctx context.Context, r *Run) error {
		w, _, err := r.urged(ctx)
		if err != nil {
			return err
		}
		void, err := r.next(w, 2, string(leg.Void), leg.Body{Re: hotline.NewID(), Hash: strings.Repeat("0", 64)}, "")
		if err != nil {
			return err
		}
		return r.refused(ctx, void.wire, "number_reused")
	}},
	{id: "void-of-offer", in: "Order, repeats, expiry", says: "The void of an offer that never came takes number 1, and the offer, should it come, is refused: number_reused", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		void, err := r.next(w, 1, string(leg.Void), leg.Body{Re: w.letter.ID, Hash: w.hash}, "")
		if err == nil {
			_, err = r.taken(ctx, void, leg.ReceiptApplied)
		}
		if err != nil {
			return err
		}
		return r.refused(ctx, w.wire, "number_reused")
	}},
	{id: "dropped", in: "Errors", says: "What is refused before the leg is looked at is dropped: its number is free, and a void takes it", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		bad, err := r.next(w, 2, string(leg.Urge), leg.Body{Person: "符合性测试"}, "")
		if err != nil {
			return err
		}
		t, err := bad.tree()
		if err != nil {
			return err
		}
		body(t)["person"] = "a\u0007b"
		if bad.wire, err = r.signedAs(t); err != nil {
			return err
		}
		bad.hash = letter.HashOfWire(bad.wire)
		if err := r.answeredError(ctx, bad, "letter_schema", "dropped"); err != nil {
			return err
		}
		_, err = r.said(ctx, w, 2, string(leg.Void), leg.Body{Re: bad.letter.ID, Hash: bad.hash}, "", leg.ReceiptApplied)
		return err
	}},
	{id: "kept", in: "Errors", says: "What the rules of legs refuse is kept: it has used up its number, and the same letter is refused again alike", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		until := time.Now().Add(24 * time.Hour)
		wrong, err := r.next(w, 2, string(leg.Settle), leg.Body{ReopenUntil: &until}, "")
		if err != nil {
			return err
		}
		for range 2 {
			if err := r.answeredError(ctx, wrong, "move_refused", "kept"); err != nil {
				return err
			}
		}
		return nil
	}},
	{id: "withdraw-granted", in: "Vocabulary", says: "A withdrawal before anybody accepted is granted by the machine", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		if _, err := r.said(ctx, w, 2, string(leg.Withdraw), leg.Body{}, "重复登记", leg.ReceiptApplied); err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Grant), w.letter.Leg, 1)
		if err == nil && h.Body.Of != leg.Withdraw {
			err = fmt.Errorf("the grant is of %q, want withdraw", h.Body.Of)
		}
		return err
	}},
	{id: "withdraw-urgent", in: "Vocabulary", says: "A withdrawal of an urgent leg waits for a person", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) { m.Body.Urgent, m.Body.UrgentClass, m.Body.Level = true, "C4", 1 })
		if err != nil {
			return err
		}
		if _, err := r.said(ctx, w, 2, string(leg.Withdraw), leg.Body{}, "误报", leg.ReceiptApplied); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(3*time.Second, r.cfg.Patience)):
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if slices.ContainsFunc(r.inbox, func(h heard) bool { return h.Type == string(leg.Grant) && h.Leg == w.letter.Leg }) {
			return errors.New("the machine granted it by itself")
		}
		return nil
	}},
}

// urged is an offered leg with an urge, both applied.
func (r *Run) urged(ctx context.Context) (offer, urge written, err error) {
	if offer, err = r.offered(ctx); err != nil {
		return offer, urge, err
	}
	if urge, err = r.next(offer, 2, string(leg.Urge), leg.Body{}, ""); err == nil {
		_, err = r.taken(ctx, urge, leg.ReceiptApplied)
	}
	return offer, urge, err
}

// answeredError posts a letter and wants an error about it, with its id and hash,
// a code, and what became of its number.
func (r *Run) answeredError(ctx context.Context, w written, code, status string) error {
	a, err := r.post(ctx, w.wire)
	if err == nil {
		err = a.refuses(code)
	}
	if err != nil {
		return err
	}
	switch b := a.letter.Body; {
	case b.Re != w.letter.ID || b.Hash != w.hash:
		return fmt.Errorf("the error is about %s with the hash %s, want %s with %s", b.Re, b.Hash, w.letter.ID, w.hash)
	case b.Status != status:
		return fmt.Errorf("the error says %q of the number, want %s", b.Status, status)
	}
	return nil
}
