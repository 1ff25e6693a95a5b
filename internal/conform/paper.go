package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// fill gives a letter of the kit what every letter has.
func (r *Run) fill(m leg.Letter) leg.Letter {
	if m.ID == "" {
		m.ID = hotline.NewID()
	}
	if m.SentAt.IsZero() {
		m.SentAt = time.Now()
	}
	if m.From == "" {
		m.From = r.cfg.Platform
	}
	if m.To == "" {
		m.To = r.peer().Platform
	}
	if m.Link == "" {
		m.Link = r.cfg.Link
	}
	if m.Schema == "" {
		m.Schema = leg.Schema
	}
	m.Epoch = max(m.Epoch, 1)
	return m
}

// compose writes a letter of the kit, with a personal part where one is given.
func (r *Run) compose(m leg.Letter, p *leg.Private) ([]byte, error) {
	w, err := r.written(m, p, nil)
	return w.wire, err
}

// written is a letter of the kit on paper.
type written struct {
	letter leg.Letter
	hash   string
	wire   []byte
}

// written writes a letter; extra are fields of its body or envelope that the
// contract does not know.
func (r *Run) written(m leg.Letter, p *leg.Private, extra []byte) (written, error) {
	m = r.fill(m)
	var sealed *seal.Part
	if p != nil {
		plain, commitment, err := letter.Plain(*p)
		if err != nil {
			return written{}, err
		}
		m.Commitment = commitment
		key := seal.NewCaseKey()
		if sealed, err = letter.Wrap(m, letter.SealPrivate(key, m.ID, plain), key, r.peer()); err != nil {
			return written{}, err
		}
	}
	content, hash, err := letter.ContentWith(m, extra)
	if err != nil {
		return written{}, err
	}
	wire, err := letter.Compose(content, sealed, letter.Signer(r.keys()))
	return written{m, hash, wire}, err
}

// answer is what the side under test said to a document.
type answer struct {
	status int
	raw    []byte
	letter *letter.Envelope // nil: it said no letter
}

// turnedAway: the side under test would have nothing to do with a document.
func (a answer) turnedAway() bool { return a.status == http.StatusUnauthorized || a.status == Silent }

// post brings a document to the side under test.
func (r *Run) post(ctx context.Context, wire []byte) (answer, error) {
	r.sent, r.came = string(wire), ""
	if len(r.sent) > 4000 {
		r.sent = r.sent[:4000] + "…"
	}
	said, err := r.way.Bring(ctx, wire)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: said.Status, raw: said.Raw}
	r.came = fmt.Sprintf("%d %s", said.Status, said.Raw)
	if said.Status == Silent {
		r.came = "nothing, though a later letter was answered"
	}
	return a, r.read(&a)
}

// read reads the letter that an answer of 200 is.
func (r *Run) read(a *answer) error {
	if a.status != http.StatusOK {
		return nil
	}
	e, err := letter.Parse(a.raw)
	if err != nil {
		return fmt.Errorf("the answer is no letter: %w", err)
	}
	if err := e.Verify(r.peer()); err != nil {
		return fmt.Errorf("the answer is not signed by the side under test: %w", err)
	}
	if e.To != r.cfg.Platform || e.Link != r.cfg.Link {
		return fmt.Errorf("the answer is for %s over %s", e.To, e.Link)
	}
	a.letter = &e
	return nil
}

// taken posts a letter and wants it receipted with a status.
func (r *Run) taken(ctx context.Context, w written, status string) (*letter.Envelope, error) {
	a, err := r.post(ctx, w.wire)
	if err == nil {
		err = a.receipts(w, status)
	}
	if err != nil && a.status == http.StatusUnauthorized {
		err = fmt.Errorf("%w: is it linked to the kit's keys as they are now, fingerprint %s? (liandong conform keys prints them)", err, r.keys().Public(r.cfg.Platform, r.cfg.Name).Fingerprint())
	}
	if err != nil {
		return nil, err
	}
	return a.letter, nil
}

// receipts wants an answer to be the receipt of a letter with a status, "" any.
func (a answer) receipts(w written, status string) error {
	switch {
	case a.letter == nil:
		return fmt.Errorf("answered %d, want a receipt", a.status)
	case a.letter.Type != leg.TypeReceipt:
		return fmt.Errorf("answered by %s %s, want a receipt", a.letter.Type, a.letter.Body.Code)
	case a.letter.Body.Re != w.letter.ID:
		return fmt.Errorf("the receipt is for %s, not for %s", a.letter.Body.Re, w.letter.ID)
	case a.letter.Body.Hash != w.hash:
		return fmt.Errorf("the receipt has the hash %s, want %s", a.letter.Body.Hash, w.hash)
	case status != "" && a.letter.Body.Status != status:
		return fmt.Errorf("the receipt says %s, want %s", a.letter.Body.Status, status)
	case a.letter.Number != 0:
		return errors.New("the receipt has a number")
	}
	return nil
}

// refused posts a document and wants an error with one of the codes.
func (r *Run) refused(ctx context.Context, wire []byte, codes ...string) error {
	a, err := r.post(ctx, wire)
	if err != nil {
		return err
	}
	return a.refuses(codes...)
}

// refuses wants an answer to be an error with one of the codes.
func (a answer) refuses(codes ...string) error {
	switch {
	case a.letter == nil:
		return fmt.Errorf("answered %d, want an error %v", a.status, codes)
	case a.letter.Type != leg.TypeError:
		return fmt.Errorf("answered by a %s, want an error %v", a.letter.Type, codes)
	case !slices.Contains(codes, a.letter.Body.Code):
		return fmt.Errorf("refused with %s, want %v", a.letter.Body.Code, codes)
	}
	return nil
}

// stranger posts a document that is not authentic and wants it turned away.
func (r *Run) stranger(ctx context.Context, wire []byte) error {
	a, err := r.post(ctx, wire)
	if err != nil {
		return err
	}
	if !a.turnedAway() {
		return fmt.Errorf("answered %d, want %s", a.status, r.way.Refuses())
	}
	return nil
}

// What callers say and are in this kit: it must never be read in the open.
const (
	callerText  = "符合性测试：测试路的路灯不亮"
	callerName  = "张测试"
	callerPhone = "13900000001"
	offeredText = "符合性测试：测试路口的红绿灯坏了" // a driver makes a case of it
)

// offer is an offer of the kit, changed as wished.
func (r *Run) offer(change ...func(*leg.Letter, *leg.Private)) (written, error) {
	m := leg.Letter{Type: leg.TypeOffer, Leg: hotline.NewID(), Number: 1, Cases: map[string]string{r.cfg.Platform: hotline.NewID()},
		Body: leg.Body{Role: leg.Lead, Kind: "help", Level: 3, Class: "A01", Channel: "phone", Person: "符合性测试"}}
	p := leg.Private{Text: callerText, CallerName: callerName, CallerPhone: callerPhone}
	for _, c := range change {
		c(&m, &p)
	}
	return r.written(m, &p, nil)
}

// offered posts an offer and wants it applied.
func (r *Run) offered(ctx context.Context, change ...func(*leg.Letter, *leg.Private)) (written, error) {
	w, err := r.offer(change...)
	if err == nil {
		_, err = r.taken(ctx, w, leg.ReceiptApplied)
	}
	return w, err
}

// next is a further letter of the kit about a leg that it offered.
func (r *Run) next(of written, number int64, typ string, b leg.Body, note string) (written, error) {
	m := leg.Letter{Type: typ, Leg: of.letter.Leg, Number: number, Cases: of.letter.Cases, Body: b}
	var p *leg.Private
	if note != "" {
		p = &leg.Private{Note: note}
	}
	return r.written(m, p, nil)
}

// said posts such a letter and wants its receipt with a status.
func (r *Run) said(ctx context.Context, of written, number int64, typ string, b leg.Body, note, status string) (written, error) {
	w, err := r.next(of, number, typ, b, note)
	if err == nil {
		_, err = r.taken(ctx, w, status)
	}
	return w, err
}

// signedBy is an offer of the kit with the signature of another of its keys.
func (r *Run) signedBy(keys seal.KeyService) (written, error) {
	w, err := r.offer()
	if err != nil {
		return w, err
	}
	content, _, err := letter.Content(w.letter)
	if err != nil {
		return w, err
	}
	sealed, err := sealedOf(w.wire)
	if err == nil {
		w.wire, err = letter.Compose(content, sealed, letter.Signer(keys))
	}
	return w, err
}

// drive has a person of the side under test do something.
func (r *Run) drive(ctx context.Context, v leg.Verb, legID string) error {
	if err := r.cfg.Driver.Do(ctx, v, legID); err != nil {
		return fmt.Errorf("the driver did not %s leg %s: %w", v, legID, err)
	}
	return nil
}

// spoilt is a document with one text in place of another; it is an error of the
// kit when the text is not there.
func spoilt(wire []byte, old, new string) ([]byte, error) {
	if !bytes.Contains(wire, []byte(old)) {
		return nil, fmt.Errorf("kit: the letter holds no %s", old)
	}
	return bytes.Replace(wire, []byte(old), []byte(new), 1), nil
}

// signedAs signs a content that need not be right, as a wrong letter of a right
// side is.
func (r *Run) signedAs(content map[string]any) ([]byte, error) {
	doc, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	canonical, err := seal.Canonical(doc)
	if err != nil {
		return nil, err
	}
	return letter.Compose(canonical, nil, letter.Signer(r.keys()))
}

// tree is the content of a letter, to be spoilt; the sealed part is lost.
func (w written) tree() (map[string]any, error) {
	var t map[string]any
	d := json.NewDecoder(bytes.NewReader(w.wire))
	d.UseNumber()
	if err := d.Decode(&t); err != nil {
		return nil, err
	}
	delete(t, "sealed")
	delete(t, "sig")
	return t, nil
}
