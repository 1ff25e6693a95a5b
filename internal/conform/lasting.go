package conform

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// comparing: what a side says it holds is what it holds.
var comparing = []rule{
	{id: "reconcile", in: "Reconciling", says: "Asked what it holds, it is silent about what is the same and lists what is not", try: func(ctx context.Context, r *Run) error {
		before := hotline.NewID()
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		letters := leg.Range{List: leg.ListAsker, After: max(before, w.letter.Leg), Until: w.letter.ID, Count: 1, Hash: sumOf(w.letter.ID + " " + w.hash)}
		legs := leg.Range{List: leg.ListLegs, After: before, Until: w.letter.Leg, Count: 1, Hash: sumOf(w.letter.Leg + " received")}
		same, err := r.compared(ctx, letters, legs)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			return fmt.Errorf("both hold the same, and it answers with %d ranges", len(same))
		}
		letters.Count, letters.Hash = 0, sumOf()
		legs.Hash = sumOf(w.letter.Leg + " accepted")
		other, err := r.compared(ctx, letters, legs)
		if err != nil {
			return err
		}
		for _, want := range []struct {
			list string
			leg.Entry
		}{{leg.ListAsker, leg.Entry{ID: w.letter.ID, Hash: w.hash, State: "applied"}}, {leg.ListLegs, leg.Entry{ID: w.letter.Leg, State: "received"}}} {
			found := false
			for _, a := range other {
				for _, e := range a.Entries {
					found = found || a.Listed && a.List == want.list && e.ID == want.ID && e.Hash == want.Hash && e.State == want.State
				}
			}
			if !found {
				return fmt.Errorf("of the list %s it does not name %s in state %s", want.list, want.ID, want.State)
			}
		}
		return nil
	}},
}

// compared asks the side under test about ranges and returns those of its answer.
func (r *Run) compared(ctx context.Context, ranges ...leg.Range) ([]leg.Range, error) {
	w, err := r.written(leg.Letter{Type: leg.TypeReconcile, Body: leg.Body{Ranges: ranges}}, nil, nil)
	if err != nil {
		return nil, err
	}
	a, err := r.post(ctx, w.wire)
	switch {
	case err != nil:
		return nil, err
	case a.refuses(letter.CodeType) == nil:
		return nil, fmt.Errorf("%w: it does not compare", ErrNotTried)
	case a.letter == nil || a.letter.Type != leg.TypeReconcile || a.letter.Body.Re != w.letter.ID:
		return nil, fmt.Errorf("answered %d, want a letter of type reconcile about the question", a.status)
	}
	return a.letter.Body.Ranges, nil
}

// sumOf is the hash of entries, each an id and what is compared of it.
func sumOf(lines ...string) string {
	h := sha256.New()
	for _, l := range lines {
		h.Write([]byte(l + "\n")) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// erasing: the personal part goes, the letters stay.
var erasing = []rule{
	{id: "erase", in: "Erasure", says: "An erasure is receipted; what comes later of the leg is refused: erased; the letters without their sealed parts stay the same letters", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		erase, err := r.next(w, 2, leg.TypeErase, leg.Body{Basis: "当事人申请", Person: "符合性测试"}, "")
		if err != nil {
			return err
		}
		for range 2 {
			if _, err := r.taken(ctx, erase, leg.ReceiptApplied); err != nil {
				return err
			}
		}
		later, err := r.next(w, 3, string(leg.Supplement), leg.Body{}, "补充：路口东侧")
		if err != nil {
			return err
		}
		if err := r.refused(ctx, later.wire, "erased"); err != nil {
			return err
		}
		content, _, err := letter.Content(w.letter)
		if err != nil {
			return err
		}
		if w.wire, err = letter.Compose(content, nil, letter.Signer(r.keys())); err == nil {
			_, err = r.taken(ctx, w, "")
		}
		return err
	}},
}

// keys: which keys count, and since when.
var keys = []rule{
	{id: "keys-forged", in: "Keys", says: "An announcement of keys without the key that signs it changes nothing", try: func(ctx context.Context, r *Run) error {
		other, err := seal.NewKeyring(rand.Reader)
		if err != nil {
			return err
		}
		if _, err := r.announce(ctx, other); err != nil {
			return err
		}
		w, err := r.offer()
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
		if err := r.stranger(ctx, wire); err != nil {
			return fmt.Errorf("a letter signed by the key that was announced so: %w", err)
		}
		_, err = r.taken(ctx, w, leg.ReceiptApplied)
		return err
	}},
	{id: "keys-new", in: "Keys", says: "A new key that is announced under the old counts within seconds, and the old one until its end", try: func(ctx context.Context, r *Run) error {
		old, ok := r.keys().(*seal.Keyring)
		if !ok || r.cfg.Renew == nil {
			return fmt.Errorf("%w: the kit cannot keep a new key", ErrNotTried)
		}
		next, err := old.Renew(seal.Signing, time.Now().Add(7*24*time.Hour), rand.Reader)
		if err != nil {
			return err
		}
		next = next.Forget(2) // a document holds 16, and the kit is run often
		if err := r.cfg.Renew(next); err != nil {
			return err
		}
		a, err := r.announce(ctx, next)
		if err == nil && a.refuses(letter.CodeType) == nil {
			err = fmt.Errorf("%w: it takes no announcements", ErrNotTried)
		}
		if err == nil && a.letter != nil {
			err = fmt.Errorf("answered by a %s %s, want nothing", a.letter.Type, a.letter.Body.Code)
		}
		r.useKeys(next)
		if err == nil {
			err = r.knows(ctx)
		}
		if err != nil { // it does not know the new key: on with the old
			r.useKeys(old)
			return errors.Join(err, r.cfg.Renew(old))
		}
		w, err := r.signedBy(old)
		if err == nil {
			_, err = r.taken(ctx, w, leg.ReceiptApplied)
		}
		if err != nil {
			return fmt.Errorf("a letter signed by the old key before its end: %w", err)
		}
		return nil
	}},
	{id: "sm2", in: "Signature", says: "A letter signed by SM2 with SM3 is taken like any other, and not where it was changed", try: func(ctx context.Context, r *Run) error {
		if len(r.keys().Public("", "").SigningSM2) == 0 {
			return fmt.Errorf("%w: the kit has no key of the national suite: conform keys --sm2 makes one", ErrNotTried)
		}
		w, err := r.signedBy(seal.Suited(r.keys(), seal.SM2))
		if err != nil {
			return err
		}
		changed, err := spoilt(w.wire, `"level":3`, `"level":1`)
		if err != nil {
			return err
		}
		if err := r.stranger(ctx, changed); err != nil {
			return err
		}
		_, err = r.taken(ctx, w, leg.ReceiptApplied)
		return err
	}},
}

// knows posts an offer until the key that signed it is known, for a few seconds:
// a side of several machines need not tell them all at once.
func (r *Run) knows(ctx context.Context) error {
	w, err := r.offer()
	for end := time.Now().Add(min(5*time.Second, r.cfg.Patience)); err == nil; {
		a, err := r.post(ctx, w.wire)
		if err != nil {
			return err
		}
		if !a.turnedAway() || time.Now().After(end) {
			if err = a.receipts(w, leg.ReceiptApplied); err != nil {
				err = fmt.Errorf("an offer under the new key, after the announcement of a document with the fingerprint %s: %w", r.keys().Public(r.cfg.Platform, r.cfg.Name).Fingerprint(), err)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	return err
}

func (r *Run) useKeys(k *seal.Keyring) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Keys = k
}

// announce posts a keys letter with the public part of keys.
func (r *Run) announce(ctx context.Context, k *seal.Keyring) (answer, error) {
	doc := k.Public(r.cfg.Platform, r.cfg.Name)
	wire, err := r.compose(leg.Letter{Type: leg.TypeKeys, Body: leg.Body{Keys: string(doc.Bytes()), Fingerprint: doc.Fingerprint()}}, nil)
	if err != nil {
		return answer{}, err
	}
	return r.post(ctx, wire)
}

// sealedOf is the sealed part of a letter of the kit.
func sealedOf(wire []byte) (*letter.Sealed, error) {
	e, err := letter.Parse(wire)
	return e.Sealed, err
}

// heads: what both sides know of each other's logs stops no letter.
var heads = []rule{
	{id: "head", in: "Heads", says: "A head has no answer; one that contradicts it raises an alarm and stops no letter", try: func(ctx context.Context, r *Run) error {
		for _, root := range []string{"1", "2"} {
			h := audit.Head{Platform: r.cfg.Platform, Size: 5, Root: audit.Hash(sha256.Sum256([]byte(root))), Epoch: 1, At: time.Now()}
			signed, err := audit.SignHead(h, r.keys())
			if err != nil {
				return err
			}
			wire, err := r.compose(leg.Letter{Type: leg.TypeHead, Body: leg.Body{Head: signed}}, nil)
			if err != nil {
				return err
			}
			a, err := r.post(ctx, wire)
			if err != nil {
				return err
			}
			if a.status != 204 && a.status != Silent {
				return fmt.Errorf("a head is answered %d, want 204", a.status)
			}
		}
		_, err := r.offered(ctx)
		return err
	}},
	{id: "head-out", in: "Heads", says: "Its own heads are signed, and each goes on from the one that the kit holds", try: func(ctx context.Context, r *Run) error {
		isHead := func(after int64) func(heard) bool {
			return func(h heard) bool {
				if h.Type != leg.TypeHead {
					return false
				}
				head, err := audit.ReadHead(h.Body.Head)
				return err == nil && head.Size > after
			}
		}
		if r.cfg.Patience < headFirst {
			return fmt.Errorf("%w: heads come once a minute: give --patience %v at least", ErrNotTried, headFirst)
		}
		first, err := r.hear(ctx, "head", isHead(0))
		if err != nil {
			return fmt.Errorf("%w: no head came, and a side that keeps no log writes none", ErrNotTried)
		}
		known, _, err := audit.OpenHead(first.Body.Head, r.peer())
		if err != nil {
			return fmt.Errorf("its head does not open: %w", err)
		}
		own := audit.Head{Platform: r.cfg.Platform, Size: 5, Root: audit.Hash(sha256.Sum256([]byte("1"))), Epoch: 1, At: time.Now()}
		signed, err := audit.SignHead(own, r.keys())
		if err != nil {
			return err
		}
		wire, err := r.compose(leg.Letter{Type: leg.TypeHead, Body: leg.Body{Head: signed, Seen: known.Size}}, nil)
		if err != nil {
			return err
		}
		if _, err := r.post(ctx, wire); err != nil {
			return err
		}
		if _, err := r.offered(ctx); err != nil { // so that its log grows
			return err
		}
		patience := r.cfg.Patience
		r.cfg.Patience = max(patience, headPatience)
		defer func() { r.cfg.Patience = patience }()
		next, err := r.hear(ctx, "further head with a proof", func(h heard) bool { return isHead(known.Size)(h) && h.Body.From == known.Size })
		if err != nil {
			return err
		}
		head, _, err := audit.OpenHead(next.Body.Head, r.peer())
		if err != nil {
			return fmt.Errorf("its head does not open: %w", err)
		}
		if verdict := audit.Follow(known, head, next.Body.From, hashes(next.Body.Path)); verdict != audit.Follows {
			return fmt.Errorf("the head of %d records does not go on from that of %d: %s", head.Size, known.Size, verdict)
		}
		return nil
	}},
}

// headFirst is how much patience it takes to try heads at all.
const headFirst = 15 * time.Second

// headPatience is how long a further head may take: heads are written at most
// once a minute.
const headPatience = 90 * time.Second

// hashes reads the hashes of a proof; what cannot be read proves nothing.
func hashes(texts []string) [][]byte {
	var out [][]byte
	for _, s := range texts {
		h, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil
		}
		out = append(out, h)
	}
	return out
}

// lasting: what a receipt says is true after the power has gone.
var lasting = []rule{
	{id: "restart", in: "Over HTTPS", person: true, says: "After a restart everything that was receipted is known: repeated, waiting, and in its order", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		third, err := r.next(w, 3, string(leg.Urge), leg.Body{}, "")
		if err == nil {
			_, err = r.taken(ctx, third, leg.ReceiptWaiting)
		}
		if err != nil {
			return err
		}
		driver, ok := r.cfg.Driver.(Restarter)
		if !ok {
			return fmt.Errorf("%w: the driver cannot restart the side under test", ErrNotTried)
		}
		if err := driver.Restart(ctx); err != nil {
			return fmt.Errorf("the driver did not restart it: %w", err)
		}
		for end := time.Now().Add(4 * r.cfg.Patience); ; {
			if _, err = r.taken(ctx, w, leg.ReceiptApplied); err == nil {
				break
			}
			if strings.Contains(err.Error(), "receipt") || time.Now().After(end) { // it is there, and says something else
				return fmt.Errorf("after the restart: %w", err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
		changed, err := r.offer(func(m *leg.Letter, _ *leg.Private) { m.ID = w.letter.ID })
		if err != nil {
			return err
		}
		if err := r.refused(ctx, changed.wire, "letter_id_reused"); err != nil {
			return err
		}
		second, err := r.next(w, 2, string(leg.Urge), leg.Body{}, "")
		if err == nil {
			_, err = r.taken(ctx, second, leg.ReceiptApplied)
		}
		if err == nil {
			_, err = r.taken(ctx, third, leg.ReceiptApplied)
		}
		return err
	}},
}
