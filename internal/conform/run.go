package conform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// Config is the two sides.
type Config struct {
	Keys     seal.KeyService // of the kit
	Platform string          // its code
	Name     string
	Peer     seal.PublicKeys // of the side under test
	Link     string          // id of the link
	URL      string          // where the side under test takes letters, by HTTPS
	Way      Way             // another way than HTTPS; nil: HTTPS
	Driver   Driver          // nil: what needs a person of that side is not tried
	Patience time.Duration   // how long an answer may take that is not given at once
	Client   *http.Client    // nil: one of its own
}

// Driver does what a person of the side under test would do. With an error the
// rule is not tried.
type Driver interface {
	// Do does a verb on a leg that the kit has offered, or that was offered to
	// it: accept, return, progress, feedback, extend, settle, urge.
	Do(ctx context.Context, verb leg.Verb, legID string) error
	// Offer takes a case at the side under test and sends it to the kit.
	Offer(ctx context.Context, text string) error
}

// Outcome of a rule.
type Outcome string

const (
	Passed   Outcome = "passed"
	Failed   Outcome = "failed"
	NotTried Outcome = "not tried"
)

// Result is what came of one rule.
type Result struct {
	ID      string  `json:"id"`
	Rule    string  `json:"rule"`
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why,omitempty"`
	Sent    string  `json:"sent,omitempty"` // the last letter before a failure
	Came    string  `json:"came,omitempty"` // and what came back
}

// Run is one run of the kit.
type Run struct {
	cfg Config
	way Way

	sent, came string // of the rule at hand, for a report

	mu       sync.Mutex
	inbox    []heard
	withhold bool // letters that arrive get no receipt
	bell     chan struct{}
	tries    map[string]int // by letter id; of one content
	broken   []broken
	hashes   map[string]string // by letter id
}

// broken is a letter of the side under test that broke the contract.
type broken struct {
	typ, why string
	wire     []byte
}

type heard struct {
	letter.Envelope
	private leg.Private
}

// New makes a run.
func New(c Config) *Run {
	r := &Run{cfg: c, way: c.Way, bell: make(chan struct{}), tries: map[string]int{}, hashes: map[string]string{}}
	if r.way == nil {
		r.way = overHTTPS{url: c.URL, client: cmp.Or(c.Client, &http.Client{Timeout: 30 * time.Second})}
	}
	if r.cfg.Patience == 0 {
		r.cfg.Patience = 15 * time.Second
	}
	if w, ok := r.way.(*overFerry); ok {
		w.probe = func() (string, []byte, error) {
			o, err := r.offer()
			return o.letter.ID, o.wire, err
		}
	}
	return r
}

// Rules lists the ids and the words of all rules that are tried on a way:
// OverHTTPS, OverTable, OverFerry.
func Rules(way string) [][2]string {
	var out [][2]string
	for _, r := range rules {
		if r.on == "" || r.on == way {
			out = append(out, [2]string{r.id, r.says})
		}
	}
	return out
}

// All tries every rule, or those whose ids are given, and tells of each as it
// ends.
func (r *Run) All(ctx context.Context, only []string, tell func(Result)) {
	for _, rule := range rules {
		if len(only) > 0 && !slices.Contains(only, rule.id) || rule.on != "" && rule.on != r.way.Name() {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		tell(r.one(ctx, rule))
	}
}

// ErrNotTried is for a driver that leaves something undone on purpose; after any
// other error of it the rule has failed.
var ErrNotTried = errors.New("not tried")

func (r *Run) one(ctx context.Context, rule rule) (res Result) {
	res = Result{ID: rule.id, Rule: rule.says, Outcome: Passed}
	r.sent, r.came = "", ""
	r.mu.Lock()
	r.broken = nil
	r.mu.Unlock()
	if rule.person && r.cfg.Driver == nil {
		res.Outcome, res.Why = NotTried, "a person of the side under test has to act: give a driver"
		return res
	}
	err := rule.try(ctx, r)
	switch {
	case errors.Is(err, ErrNotTried):
		res.Outcome, res.Why = NotTried, err.Error()
	case err != nil:
		res.Outcome, res.Why, res.Sent, res.Came = Failed, err.Error(), r.sent, r.came
	}
	return res
}

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
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Write(answer)
		}
	})
}

// Listen takes what the side under test puts down on a way without calls, until
// ctx ends. Over HTTPS its letters come to Handler, and Listen returns at once.
func (r *Run) Listen(ctx context.Context) error {
	if w, ok := r.way.(Carried); ok {
		return w.Listen(ctx, r.take)
	}
	return nil
}

// take keeps a letter and receipts it; nil without an error where it gets no
// receipt. One that is authentic and breaks the contract gets a signed error; an
// error returned is of one that is not authentic.
func (r *Run) take(wire []byte) ([]byte, error) {
	e, err := letter.Parse(wire)
	if err != nil {
		if letter.VerifyWire(wire, r.cfg.Peer) != nil {
			return nil, err
		}
		return r.refuse(wire, err)
	}
	if e.From != r.cfg.Peer.Platform {
		return nil, fmt.Errorf("from %s, who is not under test", e.From)
	}
	if err := e.Verify(r.cfg.Peer); err != nil {
		return nil, err
	}
	h := heard{Envelope: e}
	if e.Sealed != nil {
		if h.private, _, err = letter.Open(r.cfg.Keys, e); err != nil {
			return r.refuse(wire, err)
		}
	}
	same, silent := r.arrived(h)
	switch {
	case !same:
		return r.refuse(wire, hotline.Errorf(hotline.Invalid, "letter_id_reused", "/id", "it came before with another content"))
	case silent:
		return nil, nil
	}
	now := time.Now()
	return r.compose(leg.Letter{Type: leg.TypeReceipt, Leg: e.Leg, Body: leg.Body{Re: e.ID, Hash: e.Hash(), Status: leg.ReceiptApplied, At: &now}}, nil)
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
	r.tries[h.ID]++
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
		m.To = r.cfg.Peer.Platform
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
		if sealed, err = letter.Wrap(m, letter.SealPrivate(key, m.ID, plain), key, r.cfg.Peer); err != nil {
			return written{}, err
		}
	}
	content, hash, err := letter.ContentWith(m, extra)
	if err != nil {
		return written{}, err
	}
	wire, err := letter.Compose(content, sealed, letter.Signer(r.cfg.Keys))
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
	if said.Status != http.StatusOK {
		return a, nil
	}
	e, err := letter.Parse(said.Raw)
	if err != nil {
		return a, fmt.Errorf("the answer is no letter: %w", err)
	}
	if err := e.Verify(r.cfg.Peer); err != nil {
		return a, fmt.Errorf("the answer is not signed by the side under test: %w", err)
	}
	if e.To != r.cfg.Platform || e.Link != r.cfg.Link {
		return a, fmt.Errorf("the answer is for %s over %s", e.To, e.Link)
	}
	a.letter = &e
	return a, nil
}

// taken posts a letter and wants it receipted with a status.
func (r *Run) taken(ctx context.Context, w written, status string) (*letter.Envelope, error) {
	a, err := r.post(ctx, w.wire)
	if err != nil {
		return nil, err
	}
	switch {
	case a.letter == nil:
		return nil, fmt.Errorf("answered %d, want a receipt", a.status)
	case a.letter.Type != leg.TypeReceipt:
		return nil, fmt.Errorf("answered by %s %s, want a receipt", a.letter.Type, a.letter.Body.Code)
	case a.letter.Body.Re != w.letter.ID:
		return nil, fmt.Errorf("the receipt is for %s, not for %s", a.letter.Body.Re, w.letter.ID)
	case a.letter.Body.Hash != w.hash:
		return nil, fmt.Errorf("the receipt has the hash %s, want %s", a.letter.Body.Hash, w.hash)
	case status != "" && a.letter.Body.Status != status:
		return nil, fmt.Errorf("the receipt says %s, want %s", a.letter.Body.Status, status)
	case a.letter.Number != 0:
		return nil, errors.New("the receipt has a number")
	}
	return a.letter, nil
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
	return letter.Compose(canonical, nil, letter.Signer(r.cfg.Keys))
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
