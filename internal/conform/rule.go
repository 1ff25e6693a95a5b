package conform

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// rule is one thing that a side has to keep.
type rule struct {
	id, says string
	person   bool   // somebody of the side under test has to act
	on       string // the way that it is about; "" every way
	try      func(ctx context.Context, r *Run) error
}

// rules are tried in this order; each makes legs of its own.
var rules = slices.Concat(taking, refusing, order, moving, writing, rows, bundles)

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

// refusing: wrong letters are refused, each with its code, and only to who is
// authentic.
var refusing = []rule{
	{id: "forged-content", says: "A letter that was changed after it was signed is not taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		wire, err := spoilt(w.wire, `"level":3`, `"level":1`)
		if err != nil {
			return err
		}
		return r.stranger(ctx, wire)
	}},
	{id: "forged-key", says: "A letter signed with another key is not taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		other, err := seal.NewKeyring(rand.Reader)
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		wire, err := letter.Compose(content, nil, letter.Signer(other))
		if err != nil {
			return err
		}
		return r.stranger(ctx, wire)
	}},
	{id: "unknown-platform", says: "A letter from a platform that is not linked is not taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.From = "nobody-we-know" })
		if err != nil {
			return err
		}
		return r.stranger(ctx, w.wire)
	}},
	{id: "not-json", says: "What is no JSON is not taken", try: func(ctx context.Context, r *Run) error {
		return r.stranger(ctx, []byte("{\"id\": \"x\", "))
	}},
	{id: "id-reused", says: "The id of a letter with another content is refused: letter_id_reused", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		again, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.ID = w.letter.ID })
		if err != nil {
			return err
		}
		return r.refused(ctx, again.wire, "letter_id_reused")
	}},
	{id: "number-reused", says: "A number of a leg that another letter has used is refused: number_reused", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		again, err := r.next(w, 1, string(leg.Urge), leg.Body{}, "")
		if err != nil {
			return err
		}
		return r.refused(ctx, again.wire, "number_reused")
	}},
	{id: "wrong-link", says: "A letter over another link is refused: letter_address", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.Link = "another~link" })
		if err != nil {
			return err
		}
		return r.refused(ctx, w.wire, "letter_address")
	}},
	{id: "wrong-reader", says: "A letter for another platform is refused: letter_address", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.To = "somebody-else" })
		if err != nil {
			return err
		}
		return r.refused(ctx, w.wire, "letter_address")
	}},
	spoiltRule("schema-missing", "An offer without a role is refused: letter_schema", func(t map[string]any) { delete(body(t), "role") }, "letter_schema"),
	spoiltRule("schema-kind", "A role that is none is refused: letter_schema", func(t map[string]any) { body(t)["role"] = "boss" }, "letter_schema"),
	spoiltRule("schema-level", "A level beyond 4 is refused: letter_schema", func(t map[string]any) { body(t)["level"] = 9 }, "letter_schema"),
	spoiltRule("schema-time", "A time without a zone is refused: letter_schema", func(t map[string]any) { t["sent_at"] = "2026-03-02 09:30" }, "letter_schema"),
	spoiltRule("schema-no-case", "An offer without the sender's case is refused: letter_schema", func(t map[string]any) { delete(t, "cases") }, "letter_schema"),
	spoiltRule("control-characters", "A line with control characters in it is refused: letter_schema", func(t map[string]any) { body(t)["person"] = "a\u0007b" }, "letter_schema"),
	spoiltRule("unknown-type", "A type that is not in the contract is refused: letter_type", func(t map[string]any) { t["type"] = "sing" }, "letter_type"),
	spoiltRule("other-major", "Another major version is refused: letter_version", func(t map[string]any) { t["schema"] = "2.0" }, "letter_version"),
	spoiltRule("unknown-required", "A field that must be known and is not is refused: letter_unknown_required", func(t map[string]any) {
		body(t)["hazard_map"], t["requires"] = "h1", []any{"/body/hazard_map"}
	}, "letter_unknown_required"),
	{id: "too-deep", says: "A letter nested deeper than 16 is not taken: letter_depth, or turned away where it is not read so far", try: func(ctx context.Context, r *Run) error {
		m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead, Level: 3}}
		content, _, err := letter.Content(r.fill(m))
		if err != nil {
			return err
		}
		// Written by hand, in its canonical order: no writer of ours makes such a thing.
		deep, err := spoilt(content, `"body":{`, `"body":{"deep":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`,`)
		if err != nil {
			return err
		}
		sig, err := letter.Signer(r.cfg.Keys)(deep)
		if err != nil {
			return err
		}
		end, err := json.Marshal(map[string]seal.Signature{"sig": sig})
		if err != nil {
			return err
		}
		a, err := r.post(ctx, slices.Concat(deep[:len(deep)-1], []byte(","), end[1:]))
		if err != nil || a.turnedAway() {
			return err
		}
		return a.refuses("letter_depth")
	}},
	{id: "too-large", says: "A letter over 1 MiB is refused: letter_too_large", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		wire := slices.Concat(w.wire[:len(w.wire)-1], []byte(`,"filler":"`), []byte(strings.Repeat("x", letter.MaxLetter)), []byte(`"}`))
		a, err := r.post(ctx, wire)
		if err != nil {
			return err
		}
		if a.status == 413 || a.turnedAway() || a.letter != nil && a.letter.Type == leg.TypeError && a.letter.Body.Code == "letter_too_large" {
			return nil
		}
		return fmt.Errorf("answered %d", a.status)
	}},
	{id: "sealed-missing", says: "A new letter whose sealed part was cut off is refused: letter_sealed", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		wire, err := letter.Compose(content, nil, letter.Signer(r.cfg.Keys))
		if err != nil {
			return err
		}
		return r.refused(ctx, wire, "letter_sealed")
	}},
	{id: "sealed-other", says: "A sealed part that is not the one that was signed is refused: letter_commitment or letter_sealed", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		other, _, err := letter.Plain(leg.Private{Text: "别的话"})
		if err != nil {
			return err
		}
		key := seal.NewCaseKey()
		part, err := letter.Wrap(w.letter, letter.SealPrivate(key, w.letter.ID, other), key, r.cfg.Peer)
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		wire, err := letter.Compose(content, part, letter.Signer(r.cfg.Keys))
		if err != nil {
			return err
		}
		return r.refused(ctx, wire, "letter_commitment", "letter_sealed")
	}},
	{id: "not-your-leg", says: "A word about a leg of the reader's that was never offered to the writer is refused or kept waiting, and does nothing", try: func(ctx context.Context, r *Run) error {
		w, err := r.written(leg.Letter{Type: string(leg.Accept), Leg: hotline.NewID(), Number: 1}, nil, nil)
		if err != nil {
			return err
		}
		a, err := r.post(ctx, w.wire)
		if err != nil {
			return err
		}
		if a.letter == nil || a.letter.Type == leg.TypeReceipt && a.letter.Body.Status == leg.ReceiptApplied {
			return fmt.Errorf("answered %d, as if it were applied", a.status)
		}
		return nil
	}},
	{id: "wrong-move", says: "A move that the state does not allow is refused, and the leg goes on", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		until := time.Now().Add(24 * time.Hour)
		wrong, err := r.next(w, 2, string(leg.Settle), leg.Body{ReopenUntil: &until}, "")
		if err != nil {
			return err
		}
		if err := r.refused(ctx, wrong.wire, "move_refused"); err != nil {
			return err
		}
		right, err := r.next(w, 3, string(leg.Urge), leg.Body{}, "")
		if err == nil {
			_, err = r.taken(ctx, right, leg.ReceiptApplied)
		}
		return err
	}},
}

func body(t map[string]any) map[string]any { return t["body"].(map[string]any) }

// spoiltRule signs an offer that is wrong in one place.
func spoiltRule(id, says string, spoil func(map[string]any), code string) rule {
	return rule{id: id, says: says, try: func(ctx context.Context, r *Run) error {
		m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead, Level: 3}}
		w, err := r.written(m, nil, nil)
		if err != nil {
			return err
		}
		t, err := w.tree()
		if err != nil {
			return err
		}
		spoil(t)
		wire, err := r.signedAs(t)
		if err != nil {
			return err
		}
		return r.refused(ctx, wire, code)
	}}
}

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

// rows: what a side does beside the letters where they lie in a shared table.
var rows = []rule{
	{id: "row-again", on: OverTable, says: "A row that is put up again, its receipt not having come, is taken and receipted again", try: func(ctx context.Context, r *Run) error {
		w, row := r.way.(*overTable), hotline.NewID()
		o, err := r.offer()
		if err != nil {
			return err
		}
		for range 2 {
			if err := w.put(ctx, row, o.wire); err != nil {
				return err
			}
			said, err := w.fate(ctx, row, o.wire)
			if err != nil {
				return err
			}
			if said.Status != http.StatusOK {
				return fmt.Errorf("the row came to %d %s, want a receipt", said.Status, said.Raw)
			}
		}
		return nil
	}},
	{id: "row-late", on: OverTable, says: "A row that was put up before another and commits after it is not missed", try: late},
	{id: "row-poison", on: OverTable, says: "A row that nobody can read is set aside as poison with a reason, and holds up no other", try: func(ctx context.Context, r *Run) error {
		w, bad, good := r.way.(*overTable), hotline.NewID(), hotline.NewID()
		o, err := r.offer()
		if err != nil {
			return err
		}
		for _, x := range []struct {
			row  string
			wire []byte
		}{{bad, []byte("这不是函件")}, {good, o.wire}} {
			if err := w.put(ctx, x.row, x.wire); err != nil {
				return err
			}
		}
		if said, err := w.fate(ctx, good, o.wire); err != nil || said.Status != http.StatusOK {
			return errors.Join(fmt.Errorf("the row after it came to %d %s, want a receipt", said.Status, said.Raw), err)
		}
		status, reason, err := w.state(ctx, bad)
		if err == nil && (status != "poison" || reason == "") {
			err = fmt.Errorf("the row is %s, reason %q, want poison and why", status, reason)
		}
		return err
	}},
}

// late has the row of an offer commit after that of a later one.
func late(ctx context.Context, r *Run) error {
	w := r.way.(*overTable)
	if w.rows.OneWriter() {
		return fmt.Errorf("%w: in a SQLite file no row commits late; give a table in PostgreSQL", ErrNotTried)
	}
	o, err := r.offer()
	if err != nil {
		return err
	}
	row := hotline.NewID()
	ctx, cancel := context.WithCancel(ctx) // whatever happens, the transaction ends
	defer cancel()
	commit, err := w.rows.Begin(ctx, carrier.Parcel{ID: row, Wire: o.wire})
	if err != nil {
		return err
	}
	if _, err := r.offered(ctx); err != nil { // it was put up later, and is taken before
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	said, err := w.fate(ctx, row, o.wire)
	if err == nil && said.Status != http.StatusOK {
		err = fmt.Errorf("the row came to %d %s, want a receipt", said.Status, said.Raw)
	}
	return err
}

// bundles: what a side does beside the letters where they come in files.
var bundles = []rule{
	{id: "bundle-twice", on: OverFerry, says: "A bundle that comes twice holds nothing up", try: func(ctx context.Context, r *Run) error {
		w := r.way.(*overFerry)
		o, err := r.offered(ctx)
		if err != nil {
			return err
		}
		file, doc, err := w.bundleOf(filepath.Join(w.stage, ".kept"), o.wire)
		if err == nil {
			err = os.WriteFile(filepath.Join(w.out, filepath.Base(file)), doc, 0o600)
		}
		if err == nil {
			_, err = r.offered(ctx)
		}
		return err
	}},
	{id: "bundle-lost", on: OverFerry, says: "A bundle that was lost is asked for by its number, and the later one is not kept waiting for it", try: func(ctx context.Context, r *Run) error {
		w := r.way.(*overFerry)
		o, err := r.offer()
		if err != nil {
			return err
		}
		if _, _, err := w.lose(ctx, o.wire); err != nil {
			return err
		}
		return r.askedFor(ctx, o)
	}},
	{id: "bundle-half", on: OverFerry, says: "Half of a bundle is not taken, and is asked for", try: func(ctx context.Context, r *Run) error {
		w := r.way.(*overFerry)
		o, err := r.offer()
		if err != nil {
			return err
		}
		file, doc, err := w.lose(ctx, o.wire)
		if err != nil {
			return err
		}
		path, old := filepath.Join(w.out, "."+file), time.Now().Add(-24*time.Hour) // nobody is still writing it
		if err := os.WriteFile(path, doc[:len(doc)/2], 0o600); err != nil {
			return err
		}
		if err := errors.Join(os.Chtimes(path, old, old), os.Rename(path, filepath.Join(w.out, file))); err != nil {
			return err
		}
		return r.askedFor(ctx, o)
	}},
}

// askedFor: a later bundle is taken, and one that did not come whole is asked
// for, comes again, and is answered.
func (r *Run) askedFor(ctx context.Context, o written) error {
	if _, err := r.offered(ctx); err != nil {
		return fmt.Errorf("the bundle after it: %w", err)
	}
	if r.way.(*overFerry).answer(ctx, o.letter.ID, r.cfg.Patience) == nil {
		return fmt.Errorf("it was not asked for, or not answered when it came, within %v", r.cfg.Patience)
	}
	return nil
}
