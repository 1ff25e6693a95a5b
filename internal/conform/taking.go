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
	{id: "take-offer", in: "Over HTTPS", says: "An offer is answered by a signed receipt that names its id and its hash", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx)
		return err
	}},
	{id: "take-least", in: "`offer`", says: "An offer with nothing but what is needed is taken", try: func(ctx context.Context, r *Run) error {
		m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead}}
		w, err := r.written(m, nil, nil)
		if err == nil {
			_, err = r.taken(ctx, w, leg.ReceiptApplied)
		}
		return err
	}},
	{id: "take-again", in: "Order, repeats, expiry", says: "The same letter again is receipted again", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		for range 2 {
			if err == nil {
				_, err = r.taken(ctx, w, "")
			}
		}
		return err
	}},
	{id: "take-again-signed-anew", in: "Identity", says: "The same content signed again, without its sealed part, is the same letter", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		if w.wire, err = letter.Compose(content, nil, letter.Signer(r.keys())); err != nil {
			return err
		}
		_, err = r.taken(ctx, w, "")
		return err
	}},
	{id: "take-at-once", in: "Order, repeats, expiry", says: "The same letter eight times at once is receipted eight times", try: func(ctx context.Context, r *Run) error {
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
	{id: "take-late", in: "Order, repeats, expiry", says: "An offer after its expiry is taken and called late", try: func(ctx context.Context, r *Run) error {
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
	{id: "take-urgent", in: "`offer`", says: "An urgent offer is taken", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) { m.Body.Urgent, m.Body.UrgentClass, m.Body.Level = true, "C4", 1 })
		return err
	}},
	{id: "take-unknown-words", in: "Errors", says: "An offer with an unknown class, item, region, unit, channel and kind is never refused for them", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) {
			m.Body.Class, m.Body.Item, m.Body.Region, m.Body.Unit, m.Body.Channel, m.Body.Kind = "Z99", "Z99.99", "999999", "nobody", "pigeon", "riddle"
		})
		return err
	}},
	{id: "take-unknown-fields", in: "Versions", says: "Fields that the contract does not know are taken, and hashed as RFC 8785 says", try: func(ctx context.Context, r *Run) error {
		m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead}}
		w, err := r.written(m, nil, hardFields)
		if err == nil {
			_, err = r.taken(ctx, w, leg.ReceiptApplied)
		}
		return err
	}},
	{id: "take-newer-minor", in: "Versions", says: "A newer minor version of the contract is taken", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) { m.Schema = "1.99" })
		return err
	}},
	{id: "take-tibetan", in: "A letter", says: "Words in Tibetan are taken as they are", try: func(ctx context.Context, r *Run) error {
		_, err := r.offered(ctx, func(_ *leg.Letter, p *leg.Private) {
			p.Text = "ལྷ་ས་གྲོང་ཁྱེར། 水管破了"
		})
		return err
	}},
	{id: "no-answer-to-receipts", in: "Over HTTPS", says: "A receipt and an error are never answered by a letter, also where they are about nothing", try: func(ctx context.Context, r *Run) error {
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
	}}, {id: "take-words", in: "`call`", says: "Between the moves: a call, what the caller said when asked, and a supplement that has become urgent are taken in their order", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		yes, now := true, time.Now()
		for i, said := range []struct {
			typ  leg.Verb
			body leg.Body
			note string
		}{
			{leg.Call, leg.Body{Kind: "three_way", Parties: []string{"caller", r.cfg.Platform, r.peer().Platform}, Outcome: "still_unclear", Consent: &yes, At: &now}, ""},
			{leg.Callback, leg.Body{Solved: &yes, Satisfaction: 2, Scale: 5, Mapped: 1, At: &now}, ""},
			{leg.Supplement, leg.Body{Urgent: true, UrgentClass: "C4", Level: 1}, "补充：灯杆倾斜，可能倒下"},
		} {
			said.body.Person = "符合性测试"
			m, err := r.next(w, int64(i+2), string(said.typ), said.body, said.note)
			if err == nil {
				_, err = r.taken(ctx, m, leg.ReceiptApplied)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", said.typ, err)
			}
		}
		return nil
	}},
	{id: "take-suspension", in: "`supplement`", says: "A suspension of the time limit by the leg's sender, and its earlier end, are taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx, func(m *leg.Letter, _ *leg.Private) {
			m.Body.Dues = []leg.Due{{Clock: "handling", Due: time.Now().Add(5 * 24 * time.Hour)}}
		})
		if err != nil {
			return err
		}
		from, id := time.Now().Add(time.Hour), hotline.NewID()
		for i, to := range []time.Time{from.Add(48 * time.Hour), from.Add(24 * time.Hour)} {
			due := time.Now().Add(7*24*time.Hour - time.Duration(i)*24*time.Hour)
			m, err := r.next(w, int64(i+2), string(leg.Supplement), leg.Body{Due: &due, Person: "符合性测试",
				Suspension: &leg.Suspension{ID: id, Ground: "weather", From: from, To: to}}, "时限中止：符合性测试")
			if err == nil {
				_, err = r.taken(ctx, m, leg.ReceiptApplied)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{id: "receipt-own-id", in: "Receipts", says: "Each receipt is a letter with an id of its own", try: func(ctx context.Context, r *Run) error {
		seen := map[string]bool{}
		for range 3 {
			w, err := r.offer()
			if err != nil {
				return err
			}
			rec, err := r.taken(ctx, w, leg.ReceiptApplied)
			if err != nil {
				return err
			}
			if seen[rec.ID] || rec.ID == w.letter.ID {
				return fmt.Errorf("the id %s comes twice", rec.ID)
			}
			seen[rec.ID] = true
		}
		return nil
	}},
}
