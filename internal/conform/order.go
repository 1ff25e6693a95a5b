package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"liandong/internal/leg"
)

// order: numbers, gaps and what fills them.
var order = []rule{
	{id: "early", says: "A letter with a gap before it is receipted as waiting", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		third, err := r.next(w, 3, string(leg.Urge), leg.Body{}, "")
		if err == nil {
			_, err = r.taken(ctx, third, leg.ReceiptWaiting)
		}
		return err
	}},
	{id: "gap-closed", says: "When the gap closes, what waited is applied: its receipt then says so", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		third, err := r.next(w, 3, string(leg.Urge), leg.Body{}, "")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, third, leg.ReceiptWaiting); err != nil {
			return err
		}
		second, err := r.next(w, 2, string(leg.Supplement), leg.Body{}, "补充：路口东侧")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, second, leg.ReceiptApplied); err != nil {
			return err
		}
		_, err = r.taken(ctx, third, leg.ReceiptApplied)
		return err
	}},
	{id: "void", says: "A void takes the number of the letter that it gives up, and what waited goes on", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		lost, err := r.next(w, 2, string(leg.Urge), leg.Body{}, "")
		if err != nil {
			return err
		}
		third, err := r.next(w, 3, string(leg.Urge), leg.Body{}, "")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, third, leg.ReceiptWaiting); err != nil {
			return err
		}
		void, err := r.next(w, 2, string(leg.Void), leg.Body{Re: lost.letter.ID, Hash: lost.hash}, "")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, void, leg.ReceiptApplied); err != nil {
			return err
		}
		_, err = r.taken(ctx, third, leg.ReceiptApplied)
		return err
	}},
	{id: "withdraw-granted", says: "A withdrawal before anybody accepted is granted by the machine", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		ask, err := r.next(w, 2, string(leg.Withdraw), leg.Body{}, "重复登记")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, ask, leg.ReceiptApplied); err != nil {
			return err
		}
		h, err := r.hearOf(ctx, string(leg.Grant), w.letter.Leg, 1)
		if err == nil && h.Body.Of != leg.Withdraw {
			err = fmt.Errorf("the grant is of %q, want withdraw", h.Body.Of)
		}
		return err
	}},
	{id: "withdraw-urgent", says: "A withdrawal of an urgent leg waits for a person", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) { m.Body.Urgent, m.Body.UrgentClass, m.Body.Level = true, "C4", 1 })
		if err != nil {
			return err
		}
		ask, err := r.next(w, 2, string(leg.Withdraw), leg.Body{}, "误报")
		if err != nil {
			return err
		}
		if _, err := r.taken(ctx, ask, leg.ReceiptApplied); err != nil {
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
