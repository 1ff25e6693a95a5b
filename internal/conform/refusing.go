package conform

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// refusing: wrong letters are refused, each with its code, and only to who is
// authentic.
var refusing = []rule{
	{id: "forged-content", in: "Over HTTPS", says: "A letter that was changed after it was signed is not taken", try: func(ctx context.Context, r *Run) error {
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
	{id: "forged-key", in: "Over HTTPS", says: "A letter signed with another key is not taken", try: func(ctx context.Context, r *Run) error {
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
	{id: "unknown-platform", in: "Over HTTPS", says: "A letter from a platform that is not linked is not taken", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.From = "nobody-we-know" })
		if err != nil {
			return err
		}
		return r.stranger(ctx, w.wire)
	}},
	{id: "not-json", in: "Errors", says: "What is no JSON is not taken", try: func(ctx context.Context, r *Run) error {
		return r.stranger(ctx, []byte("{\"id\": \"x\", "))
	}},
	{id: "id-reused", in: "Order, repeats, expiry", says: "The id of a letter with another content is refused: letter_id_reused", try: func(ctx context.Context, r *Run) error {
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
	{id: "number-reused", in: "Order, repeats, expiry", says: "A number of a leg that another letter has used is refused: number_reused", try: func(ctx context.Context, r *Run) error {
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
	{id: "wrong-link", in: "The id of a link", says: "A letter over another link is refused: letter_address", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.Link = "another~link" })
		if err != nil {
			return err
		}
		return r.refused(ctx, w.wire, "letter_address")
	}},
	{id: "wrong-reader", in: "Errors", says: "A letter for another platform is refused: letter_address", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.To = "somebody-else" })
		if err != nil {
			return err
		}
		return r.refused(ctx, w.wire, "letter_address")
	}},
	spoiltRule("schema-missing", "`offer`", "An offer without a role is refused: letter_schema", func(t map[string]any) { delete(body(t), "role") }, "letter_schema"),
	spoiltRule("schema-kind", "`offer`", "A role that is none is refused: letter_schema", func(t map[string]any) { body(t)["role"] = "boss" }, "letter_schema"),
	spoiltRule("schema-level", "`offer`", "A level beyond 4 is refused: letter_schema", func(t map[string]any) { body(t)["level"] = 9 }, "letter_schema"),
	spoiltRule("schema-time", "A letter", "A time without a zone is refused: letter_schema", func(t map[string]any) { t["sent_at"] = "2026-03-02 09:30" }, "letter_schema"),
	spoiltRule("schema-no-case", "`offer`", "An offer without the sender's case is refused: letter_schema", func(t map[string]any) { delete(t, "cases") }, "letter_schema"),
	spoiltRule("control-characters", "A letter", "A line with control characters in it is refused: letter_schema", func(t map[string]any) { body(t)["person"] = "a\u0007b" }, "letter_schema"),
	spoiltRule("unknown-type", "Errors", "A type that is not in the contract is refused: letter_type", func(t map[string]any) { t["type"] = "sing" }, "letter_type"),
	spoiltRule("other-major", "Versions", "Another major version is refused: letter_version", func(t map[string]any) { t["schema"] = "2.0" }, "letter_version"),
	spoiltRule("unknown-required", "Versions", "A field that must be known and is not is refused: letter_unknown_required", func(t map[string]any) {
		body(t)["hazard_map"], t["requires"] = "h1", []any{"/body/hazard_map"}
	}, "letter_unknown_required"),
	{id: "too-deep", in: "A letter", says: "A letter nested deeper than 16 is not taken: letter_depth, or turned away where it is not read so far", try: func(ctx context.Context, r *Run) error {
		return r.oddContent(ctx, `"body":{`, `"body":{"deep":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`,`, "letter_depth")
	}},
	{id: "too-large", in: "Errors", says: "A letter over 1 MiB is not taken: 401, 413 or letter_too_large", try: func(ctx context.Context, r *Run) error {
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
	{id: "name-twice", in: "Errors", says: "A letter with a name twice in it is not taken: readers would not read it alike", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		wire, err := spoilt(w.wire, `"level":3`, `"level":3,"level":1`)
		if err != nil {
			return err
		}
		return r.stranger(ctx, wire)
	}},
	{id: "number-fraction", in: "A letter", says: "A number with a fraction is not taken: letter_number, or turned away where it is not read so far", try: func(ctx context.Context, r *Run) error {
		return r.oddContent(ctx, `"level":3`, `"level":2.5`, "letter_number")
	}},
	{id: "sealed-schema", in: "Sealed part", says: "A personal part without its salt is refused: letter_private", try: func(ctx context.Context, r *Run) error {
		m := r.fill(leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead}})
		plain := []byte(`{"text":"没有盐"}`)
		m.Commitment = seal.Commit(plain)
		key := seal.NewCaseKey()
		part, err := letter.Wrap(m, letter.SealPrivate(key, m.ID, plain), key, r.peer())
		if err != nil {
			return err
		}
		content, _, err := letter.Content(m)
		if err != nil {
			return err
		}
		wire, err := letter.Compose(content, part, letter.Signer(r.keys()))
		if err != nil {
			return err
		}
		return r.refused(ctx, wire, "letter_private")
	}},
	{id: "sealed-missing", in: "Sealed part", says: "A new letter whose sealed part was cut off is refused: letter_sealed", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		wire, err := letter.Compose(content, nil, letter.Signer(r.keys()))
		if err != nil {
			return err
		}
		return r.refused(ctx, wire, "letter_sealed")
	}},
	{id: "sealed-other", in: "Sealed part", says: "A sealed part that is not the one that was signed is refused: letter_commitment or letter_sealed", try: func(ctx context.Context, r *Run) error {
		w, err := r.offer()
		if err != nil {
			return err
		}
		other, _, err := letter.Plain(leg.Private{Text: "别的话"})
		if err != nil {
			return err
		}
		key := seal.NewCaseKey()
		part, err := letter.Wrap(w.letter, letter.SealPrivate(key, w.letter.ID, other), key, r.peer())
		if err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		wire, err := letter.Compose(content, part, letter.Signer(r.keys()))
		if err != nil {
			return err
		}
		return r.refused(ctx, wire, "letter_commitment", "letter_sealed")
	}},
	{id: "not-your-leg", in: "Order, repeats, expiry", says: "A word about a leg of the reader's that was never offered to the writer is refused or kept waiting, and does nothing", try: func(ctx context.Context, r *Run) error {
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
	{id: "wrong-move", in: "Vocabulary", says: "A move that the state does not allow is refused, and the leg goes on", try: func(ctx context.Context, r *Run) error {
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
		_, err = r.said(ctx, w, 3, string(leg.Urge), leg.Body{}, "", leg.ReceiptApplied)
		return err
	}},
}

// oddContent signs an offer that no writer of ours can make, with one text in its
// canonical form in place of another, and wants it refused or turned away.
func (r *Run) oddContent(ctx context.Context, old, new, code string) error {
	m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()}, Body: leg.Body{Role: leg.Lead, Level: 3}}
	content, _, err := letter.Content(r.fill(m))
	if err != nil {
		return err
	}
	odd, err := spoilt(content, old, new)
	if err != nil {
		return err
	}
	sig, err := letter.Signer(r.keys())(odd)
	if err != nil {
		return err
	}
	end, err := json.Marshal(map[string]seal.Signature{"sig": sig})
	if err != nil {
		return err
	}
	a, err := r.post(ctx, slices.Concat(odd[:len(odd)-1], []byte(","), end[1:]))
	if err != nil || a.turnedAway() {
		return err
	}
	return a.refuses(code)
}

func body(t map[string]any) map[string]any { return t["body"].(map[string]any) }

// spoiltRule signs an offer that is wrong in one place.
func spoiltRule(id, in, says string, spoil func(map[string]any), code string) rule {
	return rule{id: id, in: in, says: says, try: func(ctx context.Context, r *Run) error {
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
