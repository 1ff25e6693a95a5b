package desk_test

import (
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/pgtest"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

const (
	lhasa     = "540100"
	chengguan = "540102" // a district of Lhasa
	shigatse  = "540200"
	housing   = "540102-housing"
	urban     = "540102-urban"
	police    = "540102-police"
	plain     = "小区门口的井盖坏了三天没有人来修"
	fire      = "我家厨房着火了快来救人"
)

// world is one desk with its own database and a clock of its own. Its peer is
// a link and a pair of keys: letters to it wait, and peerSays makes its own.
type world struct {
	*desk.Desk
	t       *testing.T
	st      *store.Store
	dsn     string
	keys    *seal.Keyring
	clock   *fakeClock
	links   map[string]store.Link
	lead    hotline.Actor     // shift leader of the whole platform
	process func() *desk.Desk // one more desk of the same platform
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

var engines = []string{"sqlite", "postgres"}

// onBoth runs a test with a 12345 desk on each engine.
func onBoth(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) { f(t, newWorld(t, engine, "12345")) })
	}
}

var (
	catalogues = sync.OnceValues(catalogue.Seed)
	places     = sync.OnceValues(directory.Seed)
	calendars  = sync.OnceValues(calendar.Seed)
)

func newWorld(t *testing.T, engine, line string) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, links: map[string]store.Link{}, dsn: filepath.Join(t.TempDir(), line+".db"),
		clock: &fakeClock{now: time.Date(2026, 3, 11, 10, 0, 0, 0, calendar.Zone)}} // a Wednesday morning at work
	if engine == "postgres" {
		w.dsn = pgtest.DSN(t)
	}
	w.st = must(store.Open(ctx, w.dsn))(t)
	t.Cleanup(func() { w.st.Close() })
	w.keys = must(seal.NewKeyring(cryptorand.Reader))(t)
	cat, dir, cal := must(catalogues())(t), must(places())(t), must(calendars())(t)
	node := store.Node{Platform: "540000-" + line, Line: line, Name: "试点" + line, Region: "540000", Epoch: 1, CreatedAt: w.clock.Now()}
	if err := w.st.Write(ctx, func(tx *store.Tx) error { return tx.AddNode(ctx, node) }); err != nil {
		t.Fatal(err)
	}
	w.process = func() *desk.Desk {
		return desk.New(desk.Config{Store: w.st, Keys: w.keys, Node: node, Catalogue: cat, Directory: dir, Calendar: cal,
			Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }, Now: w.clock.Now})
	}
	w.Desk = w.process()
	w.lead = hotline.Actor{ID: "leader", Name: "测试班长", Role: hotline.ShiftLeader, Platform: node.Platform}
	peer := "110"
	if line == "110" {
		peer = "12345"
	}
	w.link(peer)
	return w
}

// link makes a link to a platform that does not exist.
func (w *world) link(line string) {
	w.t.Helper()
	keys := must(seal.NewKeyring(cryptorand.Reader))(w.t)
	code := "540000-" + line
	doc := must(json.Marshal(keys.Public(code, "试点"+line)))(w.t)
	l := store.Link{Peer: code, ID: desk.LinkID(w.Node().Platform, code), Line: line, Name: "试点" + line, Region: "540000",
		Phone: "0891-0000110", Keys: string(doc), Carrier: "https", Active: true}
	if err := w.PutLink(w.t.Context(), l); err != nil {
		w.t.Fatal(err)
	}
	w.links[line] = l
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) actor(role hotline.Role, region, unit string) hotline.Actor {
	return hotline.Actor{ID: string(role) + region + unit, Name: "测试" + string(role), Role: role, Platform: w.Node().Platform, Region: region, Unit: unit}
}

func (w *world) clerk(unit string) hotline.Actor { return w.actor(hotline.Clerk, "", unit) }

func token(id string, scopes ...hotline.Right) hotline.Actor {
	return hotline.Actor{ID: id, Name: "测试程序", Role: hotline.Integration, Platform: "540000-12345", Scopes: scopes}
}

func intake(text string) desk.In {
	return desk.In{Text: text, Channel: "phone", Region: chengguan, CallerName: "张测试", CallerPhone: "13900000001", Address: "测试路1号院2单元"}
}

// take takes a case as the shift leader.
func (w *world) take(text string, change ...func(*desk.In)) desk.CaseView {
	w.t.Helper()
	in := intake(text)
	for _, c := range change {
		c(&in)
	}
	v, created, err := w.Intake(w.t.Context(), w.lead, in)
	if err != nil {
		w.t.Fatalf("intake of %q: %v", text, err)
	}
	if !created {
		w.t.Fatalf("intake of %q: got a repeat, want a new case", text)
	}
	return v
}

// sent takes a case and sends legs; it returns the case and the last leg.
func (w *world) sent(orders ...desk.Order) (desk.CaseView, desk.LegView) {
	w.t.Helper()
	v := w.send(w.take(plain).ID, orders...)
	return v, v.Legs[len(v.Legs)-1]
}

func (w *world) send(caseID string, orders ...desk.Order) desk.CaseView {
	w.t.Helper()
	return must(w.SendLegs(w.t.Context(), w.lead, caseID, nil, orders))(w.t)
}

func to(where string) desk.Order { return desk.Order{To: where} }

func urgent(where string) desk.Order {
	yes := true
	return desk.Order{To: where, Urgent: &yes}
}

// do is a verb with the texts that it needs.
func do(v leg.Verb, change ...func(*desk.Do)) desk.Do {
	d := desk.Do{Verb: v}
	switch v {
	case leg.Return:
		d.Ground, d.Basis, d.NextOwner = leg.NotDuty, "测试三定方案第一条", "城关区城管局"
	case leg.Feedback:
		d.Result = "已经到现场把井盖换好"
	case leg.Reopen, leg.Withdraw, leg.Contest, leg.Escalate, leg.Supplement, leg.Refuse, leg.Progress, leg.Urge:
		d.Note = "说明：我们的师傅下午再到现场看看"
	case leg.Call:
		d.Call = &desk.Call{Kind: "phone_transfer", Parties: []string{"caller", "12345", "110"}, Outcome: "done"}
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

func (w *world) act(a hotline.Actor, legID string, verbs ...leg.Verb) desk.LegView {
	w.t.Helper()
	var l desk.LegView
	for _, v := range verbs {
		var err error
		if l, err = w.Act(w.t.Context(), a, legID, do(v)); err != nil {
			w.t.Fatalf("%s by %s: %v", v, a.ID, err)
		}
	}
	return l
}

func (w *world) see(id string) desk.CaseView {
	w.t.Helper()
	return must(w.Case(w.t.Context(), w.lead, id))(w.t)
}

func (w *world) leg(id string) desk.LegView {
	w.t.Helper()
	return must(w.Leg(w.t.Context(), w.lead, id))(w.t)
}

func (w *world) events(id string) []desk.EventView {
	w.t.Helper()
	return must(w.Events(w.t.Context(), w.lead, id, "", 1000))(w.t)
}

func (w *world) kinds(id string) map[string]int {
	w.t.Helper()
	out := map[string]int{}
	for _, e := range w.events(id) {
		out[e.Kind]++
	}
	return out
}

// count is how many cases are on file.
func (w *world) count() int {
	w.t.Helper()
	l := must(w.Cases(w.t.Context(), w.lead, desk.Filter{Limit: hotline.PageMost}))(w.t)
	if !l.Next.Zero() {
		w.t.Fatal("more cases on file than this test counts")
	}
	return len(l.Cases)
}

// peerSays hands a letter of the peer to the desk as the exchange does.
func (w *world) peerSays(line, typ, legID string, number int64, b leg.Body, p leg.Private) leg.Letter {
	w.t.Helper()
	link := w.links[line]
	m := leg.Letter{ID: hotline.NewID(), Type: typ, Schema: leg.Schema, From: link.Peer, To: w.Node().Platform, Link: link.ID, Epoch: 1,
		Cases: map[string]string{link.Peer: "peercase" + legID}, Leg: legID, Number: number, SentAt: w.clock.Now().In(calendar.Zone), Body: b}
	content, hash, err := letter.Content(m)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := w.Receive(w.t.Context(), link, desk.Incoming{Letter: m, Private: p, Content: string(content), Signature: "{}", Hash: hash})
	if err != nil {
		w.t.Fatalf("%s of %s: %v", typ, line, err)
	}
	if answer.Type != leg.TypeReceipt {
		w.t.Fatalf("%s of %s: got %s %s, want a receipt", typ, line, answer.Type, answer.Body.Code)
	}
	return answer
}

// offered is a case that the other platform transferred to this one.
func (w *world) offered(line, text string, b leg.Body) (desk.CaseView, desk.LegView) {
	w.t.Helper()
	id := hotline.NewID()
	if b.Role == "" {
		b.Role = leg.Lead
	}
	w.peerSays(line, leg.TypeOffer, id, 1, b, leg.Private{Text: text, CallerName: "李测试", CallerPhone: "13900000009"})
	row := must(w.st.Reader().Leg(w.t.Context(), id))(w.t)
	return w.see(row.CaseID), w.leg(id)
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if err == nil || hotline.CodeOf(err) != code {
		t.Errorf("%s: got error %v, want %s", what, err, code)
	}
}

func wantField(t *testing.T, what string, err error, code, field string) {
	t.Helper()
	wantCode(t, what, err, code)
	if e, ok := errors.AsType[*hotline.Error](err); ok && e.Field != field {
		t.Errorf("%s: got field %q, want %q", what, e.Field, field)
	}
}

func ptr[T any](v T) *T { return &v }

func caseClock(v desk.CaseView, kind string) (start, due time.Time, running bool) {
	for _, c := range v.Clocks {
		if string(c.Kind) == kind && c.LegID == "" {
			return c.Start, c.Due, c.Running()
		}
	}
	return
}
