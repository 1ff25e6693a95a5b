package conform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
)

// hardFields are fields that no reader knows, and on whose canonical form
// programs differ.
var hardFields = []byte("{\"body\":{\"hazard_map\":\"<a href=\\\"x\\\">&\\\\/\u007f\u2028\"},\"trace\":{\"a\":2,\"€\":0,\"𝄞\":-9007199254740991,\"\ue000\":9007199254740991}}")

// taking: right letters are stored and receipted, once or many times.
var taking = []rule{
	{id: "take-offer", says: "An offer is answered by a signed receipt that names its id and its hash", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx)
		return err
	}},
	{id: "take-least", says: "An offer with nothing but what is needed is taken", try: func(ctx context.Context, r *Run) error {
		m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead}}
		w, err := r.written(m, nil, nil)
		if err == nil {
			_, err = r.taken(ctx, w, leg.ReceiptApplied)
		}
		return err
	}},
	{id: "take-again", says: "The same letter again is receipted again", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		for range 2 {
			if err == nil {
				_, err = r.taken(ctx, w, "")
			}
		}
		return err
	}},
	{id: "take-again-signed-anew", says: "The same content signed again, without its sealed part, is the same letter", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		if w.wire, err = letter.Compose(content, nil, letter.Signer(r.cfg.Keys)); err != nil {
			return err
		}
		_, err = r.taken(ctx, w, "")
		return err
	}},
	{id: "take-at-once", says: "The same letter eight times at once is receipted eight times", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		var wait sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wait.Go(func() {
				alone := New(r.cfg) // each with what it sent and heard
				_, errs[i] = alone.taken(ctx, w, "")
			})
		}
		wait.Wait()
		return errors.Join(errs...)
	}},
	{id: "take-late", says: "An offer after its expiry is taken and called late", try: func(ctx context.Context, r *Run) error {
		past := time.Now().Add(-time.Hour)
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.SentAt, m.ExpiresAt = past.Add(-time.Hour), &past })
		if err != nil {
			return err
		}
		rec, err := r.taken(ctx, w, leg.ReceiptApplied)
		if err == nil && !rec.Body.Late {
			err = errors.New("the receipt does not say late")
		}
		return err
	}},
	{id: "take-urgent", says: "An urgent offer is taken", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) { m.Body.Urgent, m.Body.UrgentClass, m.Body.Level = true, "C4", 1 })
		return err
	}},
	{id: "take-unknown-words", says: "An offer with an unknown class, item, region, unit, channel and kind is never refused for them", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) {
			m.Body.Class, m.Body.Item, m.Body.Region, m.Body.Unit, m.Body.Channel, m.Body.Kind = "Z99", "Z99.99", "999999", "nobody", "pigeon", "riddle"
		})
		return err
	}},
	{id: "take-unknown-fields", says: "Fields that the contract does not know are taken, and hashed as RFC 8785 says", try: func(ctx context.Context, r *Run) error {
		m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead}}
		w, err := r.written(m, nil, hardFields)
		if err == nil {
			_, err = r.taken(ctx, w, leg.ReceiptApplied)
		}
		return err
	}},
	{id: "take-newer-minor", says: "A newer minor version of the contract is taken", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) { m.Schema = "1.99" })
		return err
	}},
	{id: "take-tibetan", says: "Words in Tibetan are taken as they are", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(_ *leg.Letter, p *leg.Private) {
			p.Text = "ལྷ་ས་གྲོང་ཁྱེར། 水管破了"
		})
		return err
	}},
	{id: "no-answer-to-receipts", says: "A receipt and an error are never answered by a letter, also where they are about nothing", try: func(ctx context.Context, r *Run) error {
		now := time.Now()
		for _, m := range []leg.Letter{
			{Type: leg.TypeReceipt, Body: leg.Body{Re: hotline.NewID(), Hash: strings.Repeat("0", 64), Status: leg.ReceiptApplied, At: &now}},
			{Type: leg.TypeError, Body: leg.Body{Re: hotline.NewID(), Hash: strings.Repeat("0", 64), Code: "letter_schema", Status: "dropped"}},
		} {
			wire, err := r.compose(m, nil)
			if err != nil {
				return err
			}
			a, err := r.post(ctx, wire)
			if err != nil {
				return err
			}
			if a.status != 204 && a.status != Silent {
				return fmt.Errorf("a %s is answered %d, want 204", m.Type, a.status)
			}
		}
		return nil
	}},
}
