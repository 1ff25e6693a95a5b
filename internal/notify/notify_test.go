package notify

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/pgtest"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// world is a desk with what tells of its changes.
type world struct {
	t    *testing.T
	st   *store.Store
	desk *desk.Desk
	keys *seal.Keyring
	root hotline.Actor
}

func onBoth(t *testing.T, test func(w *world)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "test.db")
			if engine == "postgres" {
				dsn = pgtest.DSN(t)
			}
			test(newWorld(t, dsn))
		})
	}
}

func newWorld(t *testing.T, dsn string) *world {
	t.Helper()
	st, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := directory.Seed()
	if err != nil {
		t.Fatal(err)
	}
	cal, err := calendar.Seed()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.NewKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	who := store.Node{Platform: "540000-12345", Line: "12345", Name: "测试", Region: "540000", Epoch: 1, CreatedAt: time.Now()}
	if err := st.Write(t.Context(), func(tx *store.Tx) error { return tx.AddNode(t.Context(), who) }); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, st: st, keys: keys, root: hotline.Actor{ID: "root", Name: "测试管理员", Role: hotline.Administrator, Platform: who.Platform}}
	w.desk = desk.New(desk.Config{Store: st, Keys: keys, Node: who, Catalogue: cat, Directory: dir, Calendar: cal,
		Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }})
	return w
}

const words = "测试路灯坏了三天没人修"

// happen takes cases, and gives their events their place in the log.
func (w *world) happen(cases int) {
	w.t.Helper()
	op := hotline.Actor{ID: "op", Name: "测试坐席", Role: hotline.Operator, Platform: w.root.Platform}
	for range cases {
		in := desk.In{Text: words, Channel: "phone", Region: "540102", CallerName: "张测试", CallerPhone: "13900000001"}
		if _, _, err := w.desk.Intake(w.t.Context(), op, in); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.desk.Sequence(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) subscribe(url string, kinds ...string) store.Subscriber {
	w.t.Helper()
	s, err := w.desk.AddSubscriber(w.t.Context(), w.root, store.Subscriber{Name: "测试订阅", URL: url, Kinds: kinds})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) subscriber(id string) store.Subscriber {
	w.t.Helper()
	all, _, err := w.desk.Subscribers(w.t.Context(), w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s store.Subscriber) bool { return s.ID == id })
	if i < 0 {
		w.t.Fatalf("no subscriber %s", id)
	}
	return all[i]
}

// run tells until stopped.
func (w *world) run() (stop func()) {
	n := New(w.desk, w.st, w.keys, nil)
	n.first, n.http.Timeout = 10*time.Millisecond, 300*time.Millisecond
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); n.Run(ctx) }()
	return func() { cancel(); <-ended }
}

// until waits for something, for ten seconds at most.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(end) {
			w.t.Fatalf("not within ten seconds: %s", what)
		}
		select {
		case <-w.t.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// program is a subscriber that behaves as the test says.
type program struct {
	*httptest.Server
	mu    sync.Mutex
	calls []Event // every call, also those that it did not take
	taken []Event // in the order in which it took them first
}

// subscriberOf is a program; status says what its n-th call is answered, and may
// take its time.
func (w *world) subscriberOf(status func(call int) int) *program {
	p := &program{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		doc, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if err := Verify(w.keys.Public(w.root.Platform, "测试"), r.Header, doc); err != nil || r.Header.Get("Content-Type") != ContentType {
			w.t.Errorf("not to be trusted: %v, %s", err, r.Header.Get("Content-Type"))
		}
		var e Event
		if err := json.Unmarshal(doc, &e); err != nil {
			w.t.Errorf("%v in %s", err, doc)
		}
		for _, word := range []string{"路灯", "张测试", "13900000001", "测试坐席"} {
			if strings.Contains(string(doc), word) {
				w.t.Errorf("an event says %q: %s", word, doc)
			}
		}
		p.mu.Lock()
		p.calls = append(p.calls, e)
		n := len(p.calls)
		p.mu.Unlock()
		code := status(n)
		if code/100 == 2 {
			p.mu.Lock()
			if !slices.ContainsFunc(p.taken, func(t Event) bool { return t.ID == e.ID }) {
				p.taken = append(p.taken, e)
			}
			p.mu.Unlock()
		}
		rw.WriteHeader(code)
	}))
	w.t.Cleanup(p.Close)
	return p
}

func (p *program) got() []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken)
}

func (p *program) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

// A subscriber that fails, is slow and breaks off hears of everything, in the
// order of the log, an event under one id however often it comes.
func TestTold(t *testing.T) {
	onBoth(t, func(w *world) {
		w.happen(1) // before it subscribed
		p := w.subscriberOf(func(call int) int {
			switch {
			case call%5 == 1:
				return 503
			case call == 7:
				time.Sleep(600 * time.Millisecond) // longer than anybody waits for it
			}
			return 204
		})
		s := w.subscribe(p.URL)
		stop := w.run()
		w.happen(6)
		w.until("some are told", func() bool { return len(p.got()) >= 4 })
		stop()
		w.happen(3) // while nobody tells
		defer w.run()()
		events, err := w.st.Reader().LoggedFrom(t.Context(), s.NextIndex, 100)
		if err != nil || len(events) < 9 {
			t.Fatalf("%d events happened, %v", len(events), err)
		}
		w.until("all are told", func() bool { return len(p.got()) == len(events) })
		for i, e := range p.got() {
			want := Event{SpecVersion: "1.0", ID: events[i].ID, Source: "liandong/540000-12345", Type: "liandong." + events[i].Kind,
				Subject: events[i].CaseID, Time: events[i].At.UTC(), ContentType: "application/json",
				Data: Data{Case: events[i].CaseID, Leg: events[i].LegID, Place: events[i].Index}}
			if e != want {
				t.Errorf("event %d: got %+v, want %+v", i, e, want)
			}
		}
		w.until("its place is on disk", func() bool { return w.subscriber(s.ID).NextIndex == events[len(events)-1].Index+1 })
		if got := w.subscriber(s.ID); got.Attempts != 0 || got.LastError != "" || got.HeardAt.IsZero() {
			t.Errorf("afterwards: got %+v, want no trouble", got)
		}
		before := p.called()
		if before <= len(events) {
			t.Errorf("%d calls for %d events, want some to have come again", before, len(events))
		}

		// From a place on, once more: the same ids.
		if err := w.desk.RewindSubscriber(t.Context(), w.root, s.ID, s.NextIndex); err != nil {
			t.Fatal(err)
		}
		w.until("told again", func() bool { return p.called() >= before+len(events) })
		if got := len(p.got()); got != len(events) {
			t.Errorf("%d different ids, want the %d of before", got, len(events))
		}
	})
}

// Lanes do not wait for each other; one that is gone is stopped; kinds that
// were not asked for are passed over.
func TestLanes(t *testing.T) {
	onBoth(t, func(w *world) {
		dead := w.subscribe("http://127.0.0.1:1")
		hang := w.subscriberOf(func(int) int { time.Sleep(time.Second); return 204 })
		hung := w.subscribe(hang.URL)
		gone := w.subscriberOf(func(int) int { return http.StatusGone })
		left := w.subscribe(gone.URL)
		few := w.subscriberOf(func(int) int { return 200 })
		w.subscribe(few.URL, "created")
		well := w.subscriberOf(func(int) int { return 200 })
		w.subscribe(well.URL)
		defer w.run()()
		w.happen(20)
		events, err := w.st.Reader().LoggedFrom(t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		w.until("the one that is well hears of all", func() bool { return len(well.got()) == len(events) })
		w.until("of the kind asked for", func() bool { return len(few.got()) == 20 })
		for _, e := range few.got() {
			if e.Type != "liandong.created" {
				t.Errorf("told of %s, which it did not ask for", e.Type)
			}
		}
		w.until("who is gone is stopped", func() bool { return !w.subscriber(left.ID).Active })
		w.until("who is dead is tried again", func() bool { return w.subscriber(dead.ID).Attempts >= 3 })
		if s := w.subscriber(dead.ID); s.NextIndex != 0 || !s.Active || s.LastError == "" {
			t.Errorf("who is dead: got %+v, want it to wait at its place and say why", s)
		}
		if s := w.subscriber(hung.ID); s.NextIndex != 0 {
			t.Errorf("who hangs: stands at %d, want its first event", s.NextIndex)
		}
	})
}

func TestSubscriberIsChecked(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "test.db"))
	for code, s := range map[string]store.Subscriber{
		"text_empty":     {URL: "http://a"},
		"subscriber_url": {Name: "n", URL: "ftp://a"},
		"event_kind":     {Name: "n", URL: "http://a", Kinds: []string{"a b"}},
	} {
		if _, err := w.desk.AddSubscriber(t.Context(), w.root, s); hotline.CodeOf(err) != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	clerk := hotline.Actor{ID: "c", Role: hotline.Operator, Platform: w.root.Platform}
	if _, err := w.desk.AddSubscriber(t.Context(), clerk, store.Subscriber{Name: "n", URL: "http://a"}); hotline.KindOf(err) != hotline.Denied {
		t.Errorf("by an operator: got %v, want denied", err)
	}
	for what, err := range map[string]error{
		"log_place":            w.desk.RewindSubscriber(t.Context(), w.root, "x", 9),
		"how_unknown":          w.desk.ChangeSubscriber(t.Context(), w.root, "x", "paint"),
		"subscriber_not_found": w.desk.ChangeSubscriber(t.Context(), w.root, "x", "stop"),
	} {
		if hotline.CodeOf(err) != what {
			t.Errorf("got %v, want %s", err, what)
		}
	}
}

// What was changed, meant for another, or given another time is not to be
// trusted.
func TestVerifyRefuses(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "test.db"))
	var doc []byte
	var head http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		doc, _ = io.ReadAll(r.Body)
		head = r.Header.Clone()
	}))
	defer srv.Close()
	if err := New(w.desk, w.st, w.keys, nil).post(t.Context(), store.Subscriber{ID: "s", URL: srv.URL}, store.LoggedEvent{Event: store.Event{ID: "e", Kind: "accept"}}); err != nil {
		t.Fatal(err)
	}
	public := w.keys.Public(w.root.Platform, "测试")
	if err := Verify(public, head, doc); err != nil {
		t.Fatalf("as it came: %v", err)
	}
	for name, value := range map[string]string{SentAtHeader: "2020-01-02T03:04:05Z", SubscriberHeader: "other", SignatureHeader: "e30="} {
		h := head.Clone()
		h.Set(name, value)
		if Verify(public, h, doc) == nil {
			t.Errorf("%s changed: taken", name)
		}
	}
	if Verify(public, head, append(doc, ' ')) == nil {
		t.Error("a changed event is taken")
	}
	stranger, err := seal.NewKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if Verify(stranger.Public(w.root.Platform, "测试"), head, doc) == nil {
		t.Error("taken with another's keys")
	}
}
