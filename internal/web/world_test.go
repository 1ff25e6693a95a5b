package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liandong/internal/auth"
	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/exchange"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// world is a 12345 and a 110 platform with their pages, linked over HTTP, with
// somebody of each role to sign in.
type world struct {
	t      testing.TB
	clock  *wallClock
	gov    *platform // 12345
	police *platform // 110
}

type platform struct {
	t     testing.TB
	line  string
	desk  *desk.Desk
	store *store.Store
	auth  *auth.Auth
	url   string
	down  atomic.Bool // the line to it is lost
	lose  atomic.Bool // it does what is asked of a leg, and the answer is lost
	node  store.Node
	keys  *seal.Keyring
}

// wallClock is a clock that a test may move on; it never stands still, so that
// no two events share a moment.
type wallClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *wallClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (c *wallClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const testPassword = "ceshi-mima-2025"

// everybody is one person of each role, by login; units stand in Lhasa.
var everybody = []auth.NewPerson{
	{Login: "operator", Name: "测试坐席", Role: hotline.Operator},
	{Login: "leader", Name: "测试班长", Role: hotline.ShiftLeader},
	{Login: "leader2", Name: "测试接班", Role: hotline.ShiftLeader},
	{Login: "supervisor", Name: "测试督办", Role: hotline.Supervisor},
	{Login: "secretary", Name: "测试秘书", Role: hotline.Secretary},
	{Login: "editor", Name: "测试编辑", Role: hotline.Editor},
	{Login: "auditor", Name: "测试审计", Role: hotline.Auditor},
	{Login: "administrator", Name: "测试管理", Role: hotline.Administrator},
}

var seeds = sync.OnceValues(func() (*catalogue.Catalogue, error) { return catalogue.Seed() })
var places = sync.OnceValues(func() (*directory.Directory, error) { return directory.Seed() })
var passwordHash = sync.OnceValue(func() string { return auth.HashPassword(testPassword) })

func newWorld(t testing.TB) *world {
	t.Helper()
	// A Wednesday morning at work.
	w := &world{t: t, clock: &wallClock{now: time.Date(2026, 3, 11, 10, 0, 0, 0, calendar.Zone)}}
	w.gov = w.platform("12345", "西藏自治区 12345 政务服务便民热线", "540102-urban", "540102-housing")
	w.police = w.platform("110", "西藏自治区公安 110 报警服务台", "540102-police")
	w.gov.link(w.police)
	w.police.link(w.gov)
	for _, p := range []*platform{w.gov, w.police} {
		x := exchange.New(p.desk, p.store, p.keys, nil)
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { _ = x.Post(ctx) })
		t.Cleanup(func() { stop(); wg.Wait() })
	}
	return w
}

func (w *world) platform(line, name string, units ...string) *platform {
	t := w.t
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), line+".db"))
	must(err)
	t.Cleanup(func() { st.Close() })
	cat, err := seeds()
	must(err)
	dir, err := places()
	must(err)
	cal, err := calendar.Seed()
	must(err)
	keys, err := seal.NewKeyring(rand.Reader)
	must(err)
	p := &platform{t: t, line: line, store: st, keys: keys,
		node: store.Node{Platform: "540000-" + line, Line: line, Name: name, Region: "540000", Epoch: 1, CreatedAt: w.clock.Now()}}
	must(st.Write(ctx, func(tx *store.Tx) error { return tx.AddNode(ctx, p.node) }))
	p.desk = desk.New(desk.Config{Store: st, Keys: keys, Node: p.node, Catalogue: cat, Directory: dir, Calendar: cal, Channels: desk.NoticeChannels(),
		Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }, Now: w.clock.Now})
	p.auth = auth.New(st, p.node.Platform, nil)
	hash := passwordHash()
	people := append([]auth.NewPerson(nil), everybody...)
	for i, u := range units {
		people = append(people, auth.NewPerson{Login: []string{"clerk", "clerk2"}[i], Name: "测试承办", Role: hotline.Clerk, Unit: u})
	}
	people = append(people, auth.NewPerson{Login: "duty", Name: "测试值班", Role: hotline.DutyOfficer, Unit: units[0]})
	for _, n := range people {
		n.Hash = hash
		_, err := p.auth.AddPerson(ctx, n)
		must(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", New(Config{Desk: p.desk, Auth: p.auth, KeepOffline: 12 * time.Hour, Demo: []DemoUser{{Login: "operator", Password: testPassword, Name: "测试坐席", Role: hotline.Operator}}}))
	mux.Handle("/exchange/", exchange.New(p.desk, st, keys, nil).Handler())
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if p.down.Load() {
			panic(http.ErrAbortHandler)
		}
		if p.lose.Load() && strings.HasPrefix(r.URL.Path, "/legs/") && r.Method == http.MethodPost {
			mux.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(rw, r)
	}))
	base, stop := context.WithCancel(ctx)
	srv.Config.BaseContext = func(_ net.Listener) context.Context { return base }
	srv.Start()
	t.Cleanup(func() { stop(); srv.CloseClientConnections(); srv.Close() })
	p.url = srv.URL
	return p
}

func (p *platform) link(to *platform) {
	p.t.Helper()
	doc, err := json.Marshal(to.keys.Public(to.node.Platform, to.node.Name))
	if err != nil {
		p.t.Fatal(err)
	}
	err = p.desk.PutLink(context.Background(), store.Link{Peer: to.node.Platform, ID: desk.LinkID(p.node.Platform, to.node.Platform), Line: to.line,
		Name: to.node.Name, Region: "540000", URL: to.url, Phone: "0891-0000110", Keys: string(doc), Carrier: "https", Active: true})
	if err != nil {
		p.t.Fatal(err)
	}
}

// until waits for something that letters under way bring about.
func (p *platform) until(what string, ok func() bool) {
	p.t.Helper()
	end := time.After(20 * time.Second)
	for {
		changed := p.desk.Changes()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-end:
			p.t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// person is somebody at a browser without scripts.
type person struct {
	t      testing.TB
	url    string
	client *http.Client
}

func (p *platform) nobody() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &person{t: p.t, url: p.url, client: client}
}

// as signs somebody in.
func (p *platform) as(login string) *person {
	p.t.Helper()
	who := p.nobody()
	got := who.post("/sign-in", url.Values{"login": {login}, "password": {testPassword}})
	if got.status != http.StatusSeeOther {
		p.t.Fatalf("sign in as %s: got %d, want a redirect:\n%s", login, got.status, got.body)
	}
	return who
}

type answer struct {
	t        testing.TB
	status   int
	location string
	header   http.Header
	body     string
}

func (p *person) get(path string) answer { return p.do(http.MethodGet, path, nil, nil) }

func (p *person) post(path string, form url.Values) answer {
	return p.do(http.MethodPost, path, strings.NewReader(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func (p *person) do(method, path string, body io.Reader, header map[string]string) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, p.url+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{t: p.t, status: res.StatusCode, location: res.Header.Get("Location"), header: res.Header, body: string(b)}
}
