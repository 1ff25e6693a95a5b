package exchange

import (
	"bytes"
	cryptorand "crypto/rand"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/exchange/https"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/pgtest"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// onBoth runs a test with two whole platforms on each engine.
func onBoth(t *testing.T, f func(t *testing.T, p *pair)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { f(t, newPair(t, engine)) })
	}
}

// pair is a 12345 and a 110 node, linked, each with its own database, and a
// network between them that a test may disturb.
type pair struct {
	t      *testing.T
	a, b   *side // 12345 and 110
	clock  *fakeClock
	mu     sync.Mutex
	faults func(wire []byte) ([]byte, fault)
	loseIn int    // answers to lose
	held   func() // brings the letter that is late
}

type side struct {
	st   *store.Store
	desk *desk.Desk
	x    *Exchange
	dsn  string
	keys *seal.Keyring
	srv  *httptest.Server
	node store.Node
	op   hotline.Actor
}

type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond) // no two moments are the same
	return c.now
}

func (c *fakeClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var seeds = sync.OnceValues(func() (*catalogue.Catalogue, error) { return catalogue.Seed() })
var places = sync.OnceValues(func() (*directory.Directory, error) { return directory.Seed() })

func newPair(t *testing.T, engine string, keys ...func(*testing.T, *seal.Keyring) *seal.Keyring) *pair {
	t.Helper()
	// A Wednesday morning at work.
	p := &pair{t: t, clock: &fakeClock{now: time.Date(2026, 3, 11, 10, 0, 0, 0, calendar.Zone)}}
	p.a = newSide(t, engine, p, "12345", keys...)
	p.b = newSide(t, engine, p, "110", keys...)
	p.link(p.a, p.b)
	p.link(p.b, p.a)
	return p
}

func newSide(t *testing.T, engine string, p *pair, line string, change ...func(*testing.T, *seal.Keyring) *seal.Keyring) *side {
	t.Helper()
	ctx := t.Context()
	dsn := filepath.Join(t.TempDir(), line+".db")
	if engine == "postgres" {
		dsn = pgtest.DSN(t)
	}
	st, err := store.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keys, err := seal.NewKeyring(cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		keys = f(t, keys)
	}
	s := &side{st: st, keys: keys, node: store.Node{Platform: "540000-" + line, Line: line, Name: "试点" + line, Region: "540000", Epoch: 1, CreatedAt: p.clock.Now()}}
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddNode(ctx, s.node) }); err != nil {
		t.Fatal(err)
	}
	s.dsn = dsn
	s.desk = p.deskOf(t, s)
	s.x = New(s.desk, st, keys, nil)
	s.op = hotline.Actor{ID: "op" + line, Name: "测试坐席" + line, Role: hotline.ShiftLeader, Platform: s.node.Platform}
	s.srv = httptest.NewServer(p.network(s))
	t.Cleanup(s.srv.Close)
	return s
}

// deskOf puts a desk over what a side has.
func (p *pair) deskOf(t *testing.T, s *side) *desk.Desk {
	t.Helper()
	cat, err := seeds()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := places()
	if err != nil {
		t.Fatal(err)
	}
	cal, err := calendar.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return desk.New(desk.Config{Store: s.st, Keys: s.keys, Node: s.node, Catalogue: cat, Directory: dir, Calendar: cal,
		Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }, Now: p.clock.Now})
}

// forget has both desks read their links anew: they keep them for a second.
func (p *pair) forget() {
	p.t.Helper()
	for s, o := range map[*side]*side{p.a: p.b, p.b: p.a} {
		links, err := s.st.Reader().Links(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		for _, l := range links {
			if l.Peer == o.node.Platform {
				if err := s.desk.PutLink(p.t.Context(), l); err != nil {
					p.t.Fatal(err)
				}
			}
		}
	}
}

func (p *pair) link(from, to *side) {
	doc, err := json.Marshal(to.keys.Public(to.node.Platform, to.node.Name))
	if err != nil {
		p.t.Fatal(err)
	}
	err = from.desk.PutLink(p.t.Context(), store.Link{Peer: to.node.Platform, ID: desk.LinkID(from.node.Platform, to.node.Platform), Line: to.node.Line,
		Name: to.node.Name, Region: "540000", URL: to.srv.URL, Phone: "0891-0000110", Keys: string(doc), Carrier: "https", Active: true})
	if err != nil {
		p.t.Fatal(err)
	}
}

// fault is what the network does to one request.
type fault int

const (
	deliver    fault = iota
	loseLetter       // it never arrives
	loseAnswer       // it arrives, and its answer is lost
	repeat           // it arrives twice
	fail             // the other side breaks down over it
	late             // it arrives after the next one, when nobody waits for its answer any more
)

// network passes requests on to a side, disturbed as the test says.
func (p *pair) network(s *side) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		f := deliver
		p.mu.Lock()
		if r.URL.Path == https.LettersPath && p.faults != nil {
			wire, f = p.faults(wire)
		}
		if p.loseIn > 0 {
			p.loseIn--
			f = loseAnswer
		}
		p.mu.Unlock()
		again := func(w http.ResponseWriter) {
			req := httptest.NewRequest(r.Method, r.URL.Path, bytes.NewReader(wire))
			req.Header = r.Header
			s.x.Handler().ServeHTTP(w, req)
		}
		p.mu.Lock()
		held := p.held
		p.held = nil
		if f == late {
			p.held = func() { again(httptest.NewRecorder()) }
		}
		p.mu.Unlock()
		if held != nil {
			defer held()
		}
		switch f {
		case loseLetter, late:
			panic(http.ErrAbortHandler)
		case loseAnswer:
			again(httptest.NewRecorder())
			panic(http.ErrAbortHandler)
		case repeat:
			again(httptest.NewRecorder())
		case fail:
			http.Error(w, "broken down", http.StatusInternalServerError)
			return
		}
		again(w)
	})
}

// mangleNext changes one letter on its way, every time it is sent.
func (p *pair) mangleNext(change func([]byte) []byte, id string) {
	p.faulty(func(wire []byte) ([]byte, fault) {
		if bytes.Contains(wire, []byte(`"id":"`+id)) {
			return change(wire), deliver
		}
		return wire, deliver
	})
}

// failNext makes the receiver break down over a letter some times.
func (p *pair) failNext(id string, times int) {
	p.faulty(func(wire []byte) ([]byte, fault) {
		if times > 0 && bytes.Contains(wire, []byte(`"id":"`+id)) {
			times--
			return wire, fail
		}
		return wire, deliver
	})
}

// disturb makes the network lose, repeat, delay, cut and change at random.
func (p *pair) disturb(r *rand.Rand) {
	p.faulty(func(wire []byte) ([]byte, fault) {
		switch r.IntN(12) {
		case 0:
			return wire, loseLetter
		case 1, 2:
			return wire, loseAnswer
		case 3:
			return wire, repeat
		case 4:
			return wire, late
		case 5:
			return wire[:r.IntN(len(wire))], deliver
		case 6:
			changed := bytes.Clone(wire)
			changed[r.IntN(len(wire))] ^= 1 << r.IntN(8)
			return changed, deliver
		}
		return wire, deliver
	})
}

func (p *pair) faulty(f func([]byte) ([]byte, fault)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

// calm mends the network.
func (p *pair) calm() { p.faulty(nil) }

// run sends until nothing is due on either side, moving the clock over pauses.
func (p *pair) run() {
	p.t.Helper()
	for range 400 {
		n := 0
		for _, s := range []*side{p.a, p.b} {
			other := p.b
			if s == p.b {
				other = p.a
			}
			sent, err := s.x.sendDue(p.t.Context(), other.node.Platform, false)
			if err != nil {
				p.t.Fatal(err)
			}
			n += sent.letters
		}
		if n > 0 {
			continue
		}
		if p.waiting() == 0 {
			return
		}
		p.clock.Add(time.Second)
	}
	p.t.Fatal("letters still wait after 400 rounds")
}

func (p *pair) waiting() int {
	n := 0
	for _, s := range []*side{p.a, p.b} {
		other := p.b.node.Platform
		if s == p.b {
			other = p.a.node.Platform
		}
		ls, err := s.st.Reader().LettersOut(p.t.Context(), other, store.LetterWaiting, "", 10000)
		if err != nil {
			p.t.Fatal(err)
		}
		n += len(ls)
	}
	return n
}

// agree fails the test where the two sides do not.
func (p *pair) agree() {
	p.t.Helper()
	for _, s := range []*side{p.a, p.b} {
		r, err := s.x.Reconcile(p.t.Context(), s.op)
		if err != nil {
			p.t.Fatal(err)
		}
		if !r.Agree {
			p.t.Errorf("%s does not agree: %+v", s.node.Line, r.Differences)
		}
	}
}

// take takes a case on a side.
func (s *side) take(t *testing.T, text string, change ...func(*desk.In)) desk.CaseView {
	t.Helper()
	in := desk.In{Text: text, Channel: "phone", Region: "540102", CallerName: "张测试", CallerPhone: "13900000001", Address: "测试路1号"}
	for _, c := range change {
		c(&in)
	}
	v, created, err := s.desk.Intake(t.Context(), s.op, in)
	if err != nil {
		t.Fatalf("intake: %v", err)
	}
	if !created {
		t.Fatalf("intake of %q: got a repeat, want a new case", text)
	}
	return v
}

func (s *side) send(t *testing.T, caseID string, orders ...desk.Order) desk.CaseView {
	t.Helper()
	v, err := s.desk.SendLegs(t.Context(), s.op, caseID, nil, orders)
	if err != nil {
		t.Fatalf("send legs: %v", err)
	}
	return v
}

// act does a verb with the texts that it needs.
func (s *side) act(t *testing.T, legID string, v leg.Verb, change ...func(*desk.Do)) desk.LegView {
	t.Helper()
	do := desk.Do{Verb: v}
	switch v {
	case leg.Return:
		do.Ground, do.Basis, do.NextOwner = leg.NotDuty, "测试三定方案第1条", "12345"
	case leg.Feedback:
		do.Result = "已到现场处理完毕"
	case leg.Reopen, leg.Withdraw, leg.Contest, leg.Escalate, leg.Supplement, leg.Refuse, leg.Progress:
		do.Note = "测试说明一二三四五六七八"
	}
	for _, c := range change {
		c(&do)
	}
	lv, err := s.desk.Act(t.Context(), s.op, legID, do)
	if err != nil {
		t.Fatalf("%s %s: %v", s.node.Line, v, err)
	}
	return lv
}

func (s *side) see(t *testing.T, caseID string) desk.CaseView {
	t.Helper()
	v, err := s.desk.Case(t.Context(), s.op, caseID)
	if err != nil {
		t.Fatalf("case: %v", err)
	}
	return v
}

// other finds the case that a leg opened on a side.
func (s *side) other(t *testing.T, legID string) desk.CaseView {
	t.Helper()
	l, err := s.st.Reader().Leg(t.Context(), legID)
	if err != nil {
		t.Fatalf("%s has no leg %s: %v", s.node.Line, legID, err)
	}
	return s.see(t, l.CaseID)
}

func (s *side) state(t *testing.T, legID string) leg.State {
	t.Helper()
	l, err := s.st.Reader().Leg(t.Context(), legID)
	if err != nil {
		t.Fatalf("%s has no leg %s: %v", s.node.Line, legID, err)
	}
	return l.State
}

func (s *side) kinds(t *testing.T, caseID string) map[string]int {
	t.Helper()
	es, err := s.desk.Events(t.Context(), s.op, caseID, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, e := range es {
		out[e.Kind]++
	}
	return out
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if hotline.CodeOf(err) != code || err == nil {
		t.Errorf("got error %v, want %s", err, code)
	}
}
