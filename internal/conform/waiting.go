package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"liandong/internal/leg"
)

// What the kit says, or does not say, in place of a receipt.
const (
	retryAfter = 6 * time.Second  // longer than any first back-off
	noAnswer   = 12 * time.Second // longer than an answer may take
)

// waiting: the sender of the side under test waits as it should, and for what it
// should.
var waiting = []rule{
	{id: "retry-after", in: "Over HTTPS", on: OverHTTPS, person: true, says: "After 429 or 503 a letter comes again, and not before Retry-After says", try: func(ctx context.Context, r *Run) error {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			gap, err := r.unreceipted(ctx, unready{status: status, after: retryAfter}, retryAfter)
			if err == nil && gap < retryAfter {
				err = fmt.Errorf("it came again after %v", gap.Round(10*time.Millisecond))
			}
			if err != nil {
				return fmt.Errorf("an acceptance was answered %d with Retry-After: %d: %w", status, retryAfter/time.Second, err)
			}
		}
		return nil
	}},
	{id: "no-answer", in: "Over HTTPS", on: OverHTTPS, person: true, says: "A letter that gets no answer, and whose connection then breaks, is sent again", try: func(ctx context.Context, r *Run) error {
		if _, err := r.unreceipted(ctx, unready{silent: noAnswer}, noAnswer); err != nil {
			return fmt.Errorf("an acceptance got no answer for %v: %w", noAnswer, err)
		}
		return nil
	}},
	{id: "overtaken", in: "Order, repeats, expiry", on: OverHTTPS, person: true, says: "The holder's first letter, should it overtake the receipt of the offer, is taken, and the leg goes on", try: func(ctx context.Context, r *Run) error {
		r.setWithhold(true)
		defer r.setWithhold(false)
		h, err := r.invited(ctx)
		if err != nil {
			return err
		}
		of := written{letter: leg.Letter{Leg: h.Leg, Cases: h.Cases}}
		accept, err := r.said(ctx, of, 1, string(leg.Accept), leg.Body{Person: "符合性测试"}, "", "")
		if err != nil {
			return err
		}
		r.setWithhold(false)
		if err := r.comesAgain(ctx, h.ID); err != nil {
			return fmt.Errorf("the offer: %w", err)
		}
		if _, err := r.said(ctx, of, 2, string(leg.Progress), leg.Body{Person: "符合性测试"}, "继续处理", leg.ReceiptApplied); err != nil {
			return err
		}
		_, err = r.taken(ctx, accept, leg.ReceiptApplied)
		return err
	}},
	{id: "expiry-out", in: "What the schemas do not say", person: true, says: "expires_at stands in its offers, urges and asks alone, and later than their making: what moves a leg is tried until it is receipted", try: func(ctx context.Context, r *Run) error {
		if _, err := r.invited(ctx); err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, h := range r.inbox {
			if h.ExpiresAt == nil {
				continue
			}
			r.came = string(h.Content())
			switch leg.Verb(h.Type) {
			case leg.TypeOffer, leg.Urge, leg.Withdraw, leg.Extend:
			default:
				return fmt.Errorf("the %s has an end of its trying, as if it could be left unsaid", h.Type)
			}
			if !h.ExpiresAt.After(h.SentAt) {
				return fmt.Errorf("the %s of %v was over at %v", h.Type, h.SentAt.Format(time.RFC3339), h.ExpiresAt.Format(time.RFC3339))
			}
		}
		return nil
	}},
	{id: "call-out", in: "`call`", person: true, says: "A call about the leg comes as the holder's next letter and says how it ended", try: func(ctx context.Context, r *Run) error {
		w, err := r.driven(ctx, leg.Accept, leg.Call)
		if err == nil {
			_, err = r.hearOf(ctx, string(leg.Call), w.letter.Leg, 2)
		}
		return err
	}},
	{id: "callback-out", in: "`callback`", person: true, says: "What the caller said, when asked after the leg was settled, comes as the sender's next letter, within the scale that it names", try: func(ctx context.Context, r *Run) error {
		s, err := r.settled(ctx)
		if err == nil {
			err = r.drive(ctx, leg.Callback, s.Leg)
		}
		if err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Callback), s.Leg, 3)
		if err == nil && h.Body.Satisfaction > h.Body.Scale {
			err = fmt.Errorf("satisfaction %d on a scale of %d", h.Body.Satisfaction, h.Body.Scale)
		}
		return err
	}},
}

// renewing comes last: what the side under test signs afterwards, only its new
// document shows.
var renewing = []rule{
	{id: "keys-out", in: "Keys", on: OverHTTPS, person: true, says: "A new key of its own is announced under the old one, which stays with its end, and signs from then on", try: func(ctx context.Context, r *Run) error {
		driver, ok := r.cfg.Driver.(Rekeyer)
		if !ok {
			return fmt.Errorf("%w: the driver cannot give the side under test a new key", ErrNotTried)
		}
		r.mu.Lock()
		old, before := r.cfg.Peer, len(r.inbox)
		r.mu.Unlock()
		if err := driver.NewKey(ctx); err != nil {
			return fmt.Errorf("the driver did not change the key: %w", err)
		}
		if _, err := r.hear(ctx, "announcement of a key", func(h heard) bool {
			return h.Type == leg.TypeKeys && r.place(h.ID) >= before
		}); err != nil {
			return err
		}
		r.mu.Lock()
		now, untaken := r.cfg.Peer, r.untaken
		r.mu.Unlock()
		if untaken != nil {
			return fmt.Errorf("what it announced was not taken: %w", untaken)
		}
		if now.Signing[0].ID == old.Signing[0].ID {
			return errors.New("the first signing key is the old one: the key in use stands first")
		}
		for end := time.Now().Add(r.cfg.Patience); ; { // it signs by the new key once it knows that the announcement is there
			w, err := r.offer()
			if err != nil {
				return err
			}
			receipt, err := r.taken(ctx, w, leg.ReceiptApplied)
			if err != nil || receipt.Sig.KeyID == now.Signing[0].ID {
				return err
			}
			if time.Now().After(end) {
				return fmt.Errorf("%v after the announcement its receipt is signed by %s, want the new key %s", r.cfg.Patience, receipt.Sig.KeyID, now.Signing[0].ID)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
	}},
}

// unreceipted has an acceptance of the side under test answered as u says, and
// tells after how long it came again.
func (r *Run) unreceipted(ctx context.Context, u unready, lasts time.Duration) (time.Duration, error) {
	w, err := r.offered(ctx)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	r.withhold, r.unready = true, u
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.withhold, r.unready = false, unready{}
	}()
	if err := r.drive(ctx, leg.Accept, w.letter.Leg); err != nil {
		return 0, err
	}
	h, err := r.hearOf(ctx, string(leg.Accept), w.letter.Leg, 1)
	if err != nil {
		return 0, err
	}
	return r.comesTwice(ctx, h.ID, lasts+2*r.cfg.Patience)
}
