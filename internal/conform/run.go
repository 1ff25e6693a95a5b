package conform

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

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
	// Renew keeps the kit's keys when they have changed; nil: they cannot be.
	Renew func(*seal.Keyring) error
}

// Driver does what a person of the side under test would do. With ErrNotTried the
// rule is not tried, with another error it has failed.
type Driver interface {
	// Do does a verb on a leg that the kit has offered, or that was offered to
	// it: accept, return, progress, feedback, extend, settle, withdraw, grant,
	// refuse, call, callback.
	Do(ctx context.Context, verb leg.Verb, legID string) error
	// Offer takes a case at the side under test and sends it to the kit.
	Offer(ctx context.Context, text string) error
}

// Restarter is a Driver that can also stop the side under test, as hard as a loss
// of power, and start it again.
type Restarter interface {
	Restart(ctx context.Context) error
}

// Rekeyer is a Driver that can also give the side under test a new signing key,
// and have it announced.
type Rekeyer interface {
	NewKey(ctx context.Context) error
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
	Section string  `json:"section"` // of the contract, see Rule
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
	withhold bool                                  // letters that arrive get no receipt
	unready  unready                               // what is said by HTTPS in place of one
	answers  func(letter.Envelope) ([]byte, error) // in place of a receipt; nil: a receipt
	untaken  error                                 // why the last announcement of keys was not taken
	bell     chan struct{}
	tries    map[string][]time.Time // when a letter came, by its id; of one content
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
	r := &Run{cfg: c, way: c.Way, bell: make(chan struct{}), tries: map[string][]time.Time{}, hashes: map[string]string{}}
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

// Rule is one rule in words.
type Rule struct {
	ID      string `json:"id"`
	Says    string `json:"rule"`
	Section string `json:"section"` // of docs/exchange/README.md, or another page beside it: table.md
}

// Rules lists all rules that are tried on a way: OverHTTPS, OverTable, OverFerry,
// OverFetch.
func Rules(way string) []Rule {
	var out []Rule
	for _, r := range rules {
		if r.on == "" || r.on == way {
			out = append(out, Rule{r.id, r.says, r.in})
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
	res = Result{ID: rule.id, Rule: rule.says, Section: rule.in, Outcome: Passed}
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
		res.Outcome, res.Why = NotTried, strings.ReplaceAll(err.Error(), ErrNotTried.Error()+": ", "")
	case err != nil:
		res.Outcome, res.Why, res.Sent, res.Came = Failed, err.Error(), r.sent, r.came
	}
	return res
}
