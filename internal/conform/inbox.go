package conform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// Handler takes the letters of the side under test and receipts them.
func (r *Run) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		wire, err := io.ReadAll(io.LimitReader(req.Body, letter.MaxLetter+1))
		if err != nil {
			return
		}
		answer, err := r.take(wire)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusUnauthorized)
		case answer == nil:
			r.notNow(w, req)
		case len(answer) == 0:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Write(answer)
		}
	})
}

// unready is how the kit says that it cannot receipt a letter now; zero: 503, come
// again in a second.
type unready struct {
	status int
	after  time.Duration // Retry-After
	silent time.Duration // nothing is said for so long, and then the connection breaks
}

func (r *Run) notNow(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	u := r.unready
	r.mu.Unlock()
	if u.silent > 0 {
		select {
		case <-req.Context().Done():
		case <-time.After(u.silent):
		}
		panic(http.ErrAbortHandler) // the connection ends without an answer
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(max(u.after, time.Second)/time.Second)))
	w.WriteHeader(cmp.Or(u.status, http.StatusServiceUnavailable))
}

// Listen takes what the side under test puts down on a way without calls, until
// ctx ends. Over HTTPS its letters come to Handler, and Listen returns at once.
func (r *Run) Listen(ctx context.Context) error {
	if w, ok := r.way.(Carried); ok {
		return w.Listen(ctx, r.take)
	}
	return nil
}

// unanswered is the answer to a letter that was taken and has none.
var unanswered = []byte{}

// take keeps a letter and receipts it; nil without an error where it gets no
// receipt yet, unanswered where it never has one. One that is authentic and breaks the contract gets a signed error; an
// error returned is of one that is not authentic.
func (r *Run) take(wire []byte) ([]byte, error) {
	e, err := letter.Parse(wire)
	if err != nil {
		if letter.VerifyWire(wire, r.peer()) != nil {
			return nil, err
		}
		return r.refuse(wire, err)
	}
	if e.From != r.peer().Platform {
		return nil, fmt.Errorf("from %s, who is not under test", e.From)
	}
	if err := e.Verify(r.peer()); err != nil {
		return nil, err
	}
	h := heard{Envelope: e}
	if e.Sealed != nil {
		if h.private, _, err = letter.Open(r.keys(), e); err != nil {
			return r.refuse(wire, err)
		}
	}
	if e.Type == leg.TypeKeys { // before anybody hears that it came
		r.announced(e)
	}
	same, silent := r.arrived(h)
	switch {
	case !same:
		return r.refuse(wire, hotline.Errorf(hotline.Invalid, "letter_id_reused", "/id", "it came before with another content"))
	case silent:
		return nil, nil
	}
	r.mu.Lock()
	instead := r.answers
	r.mu.Unlock()
	switch {
	case e.Type == leg.TypeReconcile && e.Body.Re == "": // the kit has no ledger that lasts
		return r.compose(leg.Letter{Type: leg.TypeError, Body: leg.Body{Re: e.ID, Hash: e.Hash(), Code: letter.CodeType, Status: "dropped"}}, nil)
	case !leg.Receipted(e.Type):
		return unanswered, nil
	case instead != nil:
		return instead(e)
	}
	return r.receipt(e, r.keys())
}

// announced takes the key document that the side under test announces, where it
// is one: of that side, with the fingerprint that the letter names, and with the
// key that signed the letter. Why it is none is kept for a report.
func (r *Run) announced(e letter.Envelope) {
	doc, err := seal.ParsePublicKeys([]byte(e.Body.Keys))
	_, holds := doc.SigningKey(e.Sig.KeyID)
	switch {
	case err != nil:
	case doc.Platform != e.From:
		err = fmt.Errorf("the document is of %s", doc.Platform)
	case doc.Fingerprint() != e.Body.Fingerprint:
		err = fmt.Errorf("the document has the fingerprint %s, and the letter says %s", doc.Fingerprint(), e.Body.Fingerprint)
	case !holds:
		err = fmt.Errorf("the document does not hold %s, which signs the letter", e.Sig.KeyID)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.untaken = err; err == nil {
		r.cfg.Peer = doc
	}
}

// peer is the key document of the side under test as it is now.
func (r *Run) peer() seal.PublicKeys {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg.Peer
}

// receipt receipts a letter, signed with keys that need not be the kit's.
func (r *Run) receipt(e letter.Envelope, keys seal.KeyService) ([]byte, error) {
	now := time.Now()
	content, _, err := letter.Content(r.fill(leg.Letter{Type: leg.TypeReceipt, Leg: e.Leg, Body: leg.Body{Re: e.ID, Hash: e.Hash(), Status: leg.ReceiptApplied, At: &now}}))
	if err != nil {
		return nil, err
	}
	return letter.Compose(content, nil, letter.Signer(keys))
}

// keys of the kit as they are now.
func (r *Run) keys() seal.KeyService {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg.Keys
}

// instead has letters that arrive answered by f, nil: by receipts again.
func (r *Run) instead(f func(letter.Envelope) ([]byte, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = f
}

// arrived keeps a letter. same says that it did not come before with another
// content; silent, that it gets no receipt.
func (r *Run) arrived(h heard) (same, silent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, again := r.hashes[h.ID]
	if again && known != h.Hash() {
		return false, false
	}
	r.tries[h.ID] = append(r.tries[h.ID], time.Now())
	if !again {
		r.hashes[h.ID] = h.Hash()
		r.inbox = append(r.inbox, h)
	}
	close(r.bell)
	r.bell = make(chan struct{})
	return true, r.withhold
}

// refuse answers an authentic letter that breaks the contract, and keeps it for
// the report of the rule at hand.
func (r *Run) refuse(wire []byte, why error) ([]byte, error) {
	id, typ, _, legID, _ := letter.Peek(wire)
	b := leg.Body{Re: id, Hash: letter.HashOfWire(wire), Code: hotline.CodeOf(why), Status: "dropped"}
	if e, ok := errors.AsType[*hotline.Error](why); ok {
		b.Field = e.Field
	}
	r.mu.Lock()
	r.broken = append(r.broken, broken{typ, why.Error(), wire})
	close(r.bell)
	r.bell = make(chan struct{})
	r.mu.Unlock()
	if typ == leg.TypeError || typ == leg.TypeReceipt || id == "" {
		return nil, fmt.Errorf("no error about an error: %w", why)
	}
	return r.compose(leg.Letter{Type: leg.TypeError, Leg: legID, Body: b}, nil)
}

// hear waits until a letter has come that is asked for.
func (r *Run) hear(ctx context.Context, what string, is func(heard) bool) (heard, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Patience)
	defer cancel()
	for {
		r.mu.Lock()
		i := slices.IndexFunc(r.inbox, is)
		bell := r.bell
		var h heard
		if i >= 0 {
			h = r.inbox[i]
		}
		r.mu.Unlock()
		if i >= 0 {
			r.came = string(h.Content())
			return h, nil
		}
		select {
		case <-bell:
		case <-ctx.Done():
			r.mu.Lock()
			defer r.mu.Unlock()
			if n := len(r.broken); n > 0 {
				last := r.broken[n-1]
				r.came = string(last.wire)
				return heard{}, fmt.Errorf("no %s came within %v that keeps the contract; a letter of type %q came and was refused: %s", what, r.cfg.Patience, last.typ, last.why)
			}
			return heard{}, fmt.Errorf("no %s came within %v", what, r.cfg.Patience)
		}
	}
}

func (r *Run) hearOf(ctx context.Context, typ, legID string, number int64) (heard, error) {
	return r.hear(ctx, typ+" of the leg", func(h heard) bool {
		return h.Type == typ && h.Leg == legID && (number == 0 || h.Number == number)
	})
}
