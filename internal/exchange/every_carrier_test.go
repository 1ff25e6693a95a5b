package exchange

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	contract "liandong/docs/exchange"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/pgtest"
)

// way is a carrier between the two sides of a pair, and what happens to its
// letters between one look and the next.
type way struct {
	kind    string
	a, b    map[string]string // settings of the ends
	between func()
	pace    time.Duration // of a round; 0: a minute
}

// ways are all carriers that put letters down for the other side, each with
// nothing going wrong.
func ways(t *testing.T) map[string]func(t *testing.T) way {
	t.Helper()
	return map[string]func(t *testing.T) way{
		"table on sqlite": func(t *testing.T) way {
			set := map[string]string{"dsn": filepath.Join(t.TempDir(), "shared.db"), "create": "yes", "patience": "1m"}
			return way{kind: "table", a: set, b: set, between: func() {}}
		},
		"table on postgres": func(t *testing.T) way {
			set := map[string]string{"dsn": pgtest.DSN(t), "create": "yes", "patience": "1m"}
			return way{kind: "table", a: set, b: set, between: func() {}}
		},
		"ferry": func(t *testing.T) way { return newFerry(t, nil).way() },
		"nats":  natsWay,
	}
}

// over moves a pair's links to a carrier.
func (p *pair) over(w way) {
	p.t.Helper()
	for _, end := range []struct {
		s, peer *side
		set     map[string]string
	}{{p.a, p.b, w.a}, {p.b, p.a, w.b}} {
		kind, err := KindOf(w.kind)
		if err == nil {
			err = kind.CheckSet(end.set)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		link := end.s.peerLink(p.t, end.peer)
		doc, err := json.Marshal(end.set)
		if err != nil {
			p.t.Fatal(err)
		}
		link.Carrier, link.Settings = w.kind, string(doc)
		if err := end.s.desk.PutLink(p.t.Context(), link); err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(end.s.x.closeCarriers)
	}
}

// back moves the links back to HTTPS, by which both sides compare.
func (p *pair) back() {
	p.t.Helper()
	p.a.x.closeCarriers()
	p.b.x.closeCarriers()
	for _, end := range [][2]*side{{p.a, p.b}, {p.b, p.a}} {
		link := end[0].peerLink(p.t, end[1])
		link.Carrier, link.Settings = "https", "{}"
		if err := end[0].desk.PutLink(p.t.Context(), link); err != nil {
			p.t.Fatal(err)
		}
	}
}

// rounds sends and collects at both ends n times, with what happens between.
func (p *pair) rounds(w way, n int) {
	p.t.Helper()
	for range n {
		for _, end := range [][2]*side{{p.a, p.b}, {p.b, p.a}} {
			peer := end[1].node.Platform
			if _, err := end[0].x.sendDue(p.t.Context(), peer, false); err != nil {
				p.t.Fatal(err)
			}
			if _, _, err := end[0].x.collect(p.t.Context(), peer); err != nil && !strings.Contains(err.Error(), "set aside") {
				p.t.Fatal(err)
			}
			w.between()
		}
		p.clock.Add(cmp.Or(w.pace, 61*time.Second))
	}
}

// Every carrier carries a whole life, both ways; both sides end equal.
func TestEveryCarrier(t *testing.T) {
	for name, make := range ways(t) {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, "sqlite")
			w := make(t)
			p.over(w)
			c := p.a.take(t, "测试每种传输方式的诉求一二三四")
			id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
			p.a.act(t, id, leg.Urge)
			p.a.act(t, id, leg.Supplement)
			x := p.consult(t, c)
			p.rounds(w, 3)
			if got := p.a.state(t, id); got != leg.Received {
				t.Fatalf("the leg is %s, want received", got)
			}
			p.say(t, x, "我方意见")
			p.b.act(t, id, leg.Accept)
			p.b.act(t, id, leg.Progress)
			p.b.act(t, id, leg.Feedback)
			p.rounds(w, 3)
			p.a.act(t, id, leg.Settle)
			if err := p.a.desk.Rule(t.Context(), p.a.secretary(), x.ID, 1, consultation.Ruling{Owner: cityUnit, Basis: "测试办法", From: p.clock.Now()}, "纪要"); err != nil {
				t.Fatal(err)
			}
			p.rounds(w, 3)
			if got := p.b.state(t, id); got != leg.Settled {
				t.Errorf("the holder's leg is %s, want settled", got)
			}
			if here, there := p.host(t, x), p.guest(t, x); there.State != consultation.Ruled || !strings.Contains(story(here), "我方意见") {
				t.Errorf("the consultation is %s there, and here\n%s", there.State, story(here))
			}
			if p.waiting() != 0 {
				t.Errorf("%d letters wait for a receipt, want none", p.waiting())
			}
			p.back()
			p.agree()
		})
	}
}

// A link's carrier is changed while letters are under way: they go by the new
// one, with the same ids, and nothing is done twice.
func TestCarrierIsChanged(t *testing.T) {
	p := newPair(t, "sqlite")
	f := newFerry(t, nil)
	p.over(f.way())
	c := p.a.take(t, "测试中途更换传输方式的诉求")
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
		t.Fatal(err)
	}
	w := ways(t)["table on sqlite"](t)
	p.over(w)
	p.clock.Add(2 * time.Minute)
	p.rounds(w, 2)
	if got := p.a.state(t, id); got != leg.Received {
		t.Errorf("the leg is %s, want received by the new carrier", got)
	}
	f.carry() // the old bundle arrives after all
	p.over(f.way())
	p.rounds(f.way(), 2)
	p.back()
	p.agree()
}

// sails is a ferry between two folders, and whoever carries the files: they may
// lose, repeat, cut and hold back what they carry.
type sails struct {
	t        *testing.T
	ab, ba   [2]string // from the one's out to the other's in
	disturb  func() trouble
	held     []string
	troubles map[trouble]int
}

type trouble int

const (
	carried trouble = iota
	lost
	twice
	cut
	heldBack
)

func newFerry(t *testing.T, disturb func() trouble) *sails {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	return &sails{t: t, ab: [2]string{at("a-out"), at("b-in")}, ba: [2]string{at("b-out"), at("a-in")}, disturb: disturb, troubles: map[trouble]int{}}
}

func (f *sails) way() way {
	set := func(out, in string) map[string]string {
		return map[string]string{"out": out, "in": in, "patience": "1m", "settle": "1s"}
	}
	return way{kind: "ferry", a: set(f.ab[0], f.ba[1]), b: set(f.ba[0], f.ab[1]), between: f.carry}
}

// carry moves what lies in the folders.
func (f *sails) carry() {
	f.t.Helper()
	for _, d := range [][2]string{f.ab, f.ba} {
		entries, err := os.ReadDir(d[0])
		if err != nil {
			continue // not opened yet
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			from, to := filepath.Join(d[0], e.Name()), filepath.Join(d[1], e.Name())
			doc, err := os.ReadFile(from)
			if err != nil {
				f.t.Fatal(err)
			}
			what := carried
			if f.disturb != nil {
				what = f.disturb()
			}
			f.troubles[what]++
			switch what {
			case heldBack:
				continue
			case lost:
				os.Remove(from)
				continue
			case cut:
				doc = doc[:len(doc)/2]
			case twice: // it stays and is carried again
				defer os.WriteFile(from, doc, 0o600)
			}
			if err := os.MkdirAll(d[1], 0o700); err != nil {
				f.t.Fatal(err)
			}
			if err := os.WriteFile(to, doc, 0o600); err != nil {
				f.t.Fatal(err)
			}
			if what == cut { // an hour ago, so that it grows no more
				old := time.Now().Add(-time.Hour)
				if err := os.Chtimes(to, old, old); err != nil {
					f.t.Fatal(err)
				}
			}
			os.Remove(from)
		}
	}
}

// A ferry that loses, repeats, cuts, holds back and reorders its bundles: many
// seeds, both sides end equal.
func TestDisturbedFerry(t *testing.T) {
	seeds := 3
	if os.Getenv("LIANDONG_TORTURE") != "" {
		seeds = 60
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := mathrand.New(mathrand.NewPCG(seed, 3))
			calm := false
			f := newFerry(t, func() trouble {
				if calm {
					return carried
				}
				return []trouble{carried, carried, carried, lost, twice, cut, heldBack}[r.IntN(7)]
			})
			p := newPair(t, "sqlite")
			w := f.way()
			p.over(w)
			var ids []string
			for i := range 6 {
				c := p.a.take(t, fmt.Sprintf("测试摆渡乱序丢失重复的诉求第%d件", i))
				ids = append(ids, p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID)
			}
			for range 12 {
				p.rounds(w, 1)
				for _, id := range ids {
					for _, s := range []*side{p.a, p.b} {
						if lv, err := s.desk.Leg(t.Context(), s.op, id); err == nil {
							s.try(t, r, lv)
						}
					}
				}
			}
			calm = true
			p.rounds(w, 12)
			if p.waiting() != 0 {
				t.Errorf("%d letters wait for a receipt, want none (%v)", p.waiting(), f.troubles)
			}
			if f.troubles[lost] == 0 || f.troubles[cut] == 0 {
				t.Errorf("nothing went wrong: %v", f.troubles)
			}
			p.back()
			p.agree()
		})
	}
}

// A bundle that was lost is named in the next one back, and put out again.
func TestFerryGap(t *testing.T) {
	first := true
	f := newFerry(t, func() trouble {
		if first {
			first = false
			return lost
		}
		return carried
	})
	p := newPair(t, "sqlite")
	w := f.way()
	p.over(w)
	send := func(text string) string {
		id := p.a.send(t, p.a.take(t, text).ID, desk.Order{To: "110"}).Legs[0].ID
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		f.carry()
		return id
	}
	lostID := send("测试丢失的第一包诉求一二三四")
	send("测试到达的第二包诉求一二三四")
	if _, _, err := p.b.x.collect(t.Context(), p.a.node.Platform); err != nil {
		t.Fatal(err)
	}
	f.carry() // the receipt of the second, which names the first
	if _, _, err := p.a.x.collect(t.Context(), p.b.node.Platform); err != nil {
		t.Fatal(err)
	}
	f.carry()
	if _, _, err := p.b.x.collect(t.Context(), p.a.node.Platform); err != nil {
		t.Fatal(err)
	}
	if got := p.b.state(t, lostID); got != leg.Received { // without any patience having run out
		t.Errorf("what was lost is %s, want received", got)
	}
}

// A bundle that somebody changed, or that is another link's, is set aside and
// says so; a full disk hands nothing over.
func TestFerryBroken(t *testing.T) {
	p := newPair(t, "sqlite")
	f := newFerry(t, nil)
	p.over(f.way())
	c := p.a.take(t, "测试被改动的摆渡包一二三四")
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	peer := p.b.node.Platform
	if _, err := p.a.x.sendDue(t.Context(), peer, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.b.x.collect(t.Context(), p.a.node.Platform); err != nil { // opens the folders
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(f.ab[0], "*.bundle"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("bundles %v, %v, want one", entries, err)
	}
	doc, err := os.ReadFile(entries[0])
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(f.ab[1], filepath.Base(entries[0]))
	old := time.Now().Add(-time.Hour)
	if err := os.WriteFile(to, []byte(strings.Replace(string(doc), `"number":1`, `"number":7`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(to, old, old); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.b.x.collect(t.Context(), p.a.node.Platform); err == nil || !strings.Contains(err.Error(), "set aside") {
		t.Errorf("a changed bundle: got %v, want it set aside", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(f.ab[1], ".broken", "*")); len(kept) != 1 {
		t.Errorf("set aside %v, want it kept", kept)
	}
	if err := os.RemoveAll(f.ab[0]); err != nil { // as good as a disk that is full: nothing can be written
		t.Fatal(err)
	}
	p.clock.Add(2 * time.Minute)
	if _, err := p.a.x.sendDue(t.Context(), peer, false); err != nil {
		t.Fatal(err)
	}
	if out := p.a.out(t, p.b)[0]; out.LastError == "" || out.State != "waiting" {
		t.Errorf("with no folder: the letter is %s, error %q, want it waiting with the reason", out.State, out.LastError)
	}
	if got := p.a.state(t, id); got != leg.Sent {
		t.Errorf("the leg is %s, want sent", got)
	}
}

// A vendor's side of the shared table, played with psql and nothing else: it
// sees what is new, takes it, sets a poisoned row aside, and a row that commits
// late is not missed.
func TestTableByPsql(t *testing.T) {
	dsn := pgtest.DSN(t)
	ask := func(sql string) string {
		t.Helper()
		return pg(t, "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql, psqlDSN(dsn))
	}
	ask(contract.TableDDL("postgres")) // by the published file
	p := newPair(t, "sqlite")
	set := map[string]string{"dsn": dsn, "patience": "1m"}
	w := way{kind: "table", a: set, b: set, between: func() {}}
	p.over(w)
	c := p.a.take(t, "测试共建中间数据库的诉求一二三四")
	p.a.send(t, c.ID, desk.Order{To: "110"})
	if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
		t.Fatal(err)
	}
	if got := ask(`SELECT count(*) FROM liandong_letter WHERE to_code = '540000-110' AND status = 'new'`); got != "1" {
		t.Errorf("the vendor sees %s new letters, want 1", got)
	}
	// The vendor puts up a letter that is none, and one whose transaction begins first and commits last.
	ask(`INSERT INTO liandong_letter (id, from_code, to_code, wire) VALUES ('bad-1', '540000-110', '540000-12345', 'not a letter')`)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	late, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(`INSERT INTO liandong_letter (id, from_code, to_code, wire) VALUES ('bad-0', '540000-110', '540000-12345', 'not a letter either')`); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.a.x.collect(t.Context(), p.b.node.Platform); err != nil {
		t.Fatal(err)
	}
	if got := ask(`SELECT id || ' ' || status || ' ' || (reason <> '') FROM liandong_letter WHERE from_code = '540000-110'`); got != "bad-1 poison true" {
		t.Errorf("the vendor sees %q, want its row set aside with the reason", got)
	}
	if err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.a.x.collect(t.Context(), p.b.node.Platform); err != nil {
		t.Fatal(err)
	}
	if got := ask(`SELECT status FROM liandong_letter WHERE id = 'bad-0'`); got != "poison" {
		t.Errorf("the row that committed late is %s, want it read", got)
	}
	// The vendor takes our letter, as docs/exchange/table.md says.
	if got := ask(`UPDATE liandong_letter SET status = 'taken', taken_at = CURRENT_TIMESTAMP WHERE to_code = '540000-110' AND status = 'new' RETURNING id`); got == "" {
		t.Error("the vendor could not take the letter")
	}
	// No receipt came: after its patience the letter is put up again.
	p.clock.Add(2 * time.Minute)
	if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
		t.Fatal(err)
	}
	if got := ask(`SELECT status FROM liandong_letter WHERE to_code = '540000-110'`); got != "new" {
		t.Errorf("without a receipt the letter is %s, want new again", got)
	}
}

// pg runs one of PostgreSQL's own tools and returns what it printed.
func pg(t *testing.T, tool string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		matches, _ := fs.Glob(os.DirFS("/usr/lib/postgresql"), "*/bin/"+tool)
		if len(matches) == 0 {
			t.Fatalf("no %s: run make setup", tool)
		}
		path = "/usr/lib/postgresql/" + matches[len(matches)-1]
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", tool, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// psqlDSN leaves out what psql does not know.
func psqlDSN(dsn string) string {
	u, rest, ok := strings.Cut(dsn, "?")
	if !ok {
		return dsn
	}
	var keep []string
	for _, kv := range strings.Split(rest, "&") {
		if schema, found := strings.CutPrefix(kv, "search_path="); found {
			keep = append(keep, "options=-csearch_path%3D"+schema)
		} else {
			keep = append(keep, kv)
		}
	}
	return u + "?" + strings.Join(keep, "&")
}

func TestCarrierSettings(t *testing.T) {
	for _, tc := range []struct {
		kind string
		set  map[string]string
		code string
	}{
		{"ferry", map[string]string{"out": "/a", "in": "/b"}, ""},
		{"ferry", map[string]string{"out": "/a"}, "carrier_setting_missing"},
		{"ferry", map[string]string{"out": "/a", "in": "/a"}, "carrier_setting_invalid"},
		{"ferry", map[string]string{"out": "a", "in": "/b"}, "carrier_setting_invalid"},
		{"ferry", map[string]string{"out": "/a", "in": "/b", "patience": "soon"}, "carrier_setting_invalid"},
		{"ferry", map[string]string{"out": "/a", "in": "/b", "keep": "1"}, "carrier_setting_invalid"},
		{"table", map[string]string{"dsn": "postgres://x/y"}, ""},
		{"table", map[string]string{"dsn": "mysql://x/y"}, "carrier_setting_invalid"},
		{"table", map[string]string{}, "carrier_setting_invalid"},
		{"table", map[string]string{"dsn_file": "/none"}, "carrier_setting_invalid"},
		{"table", map[string]string{"dsn": "/x.db", "create": "perhaps"}, "carrier_setting_invalid"},
	} {
		kind, err := KindOf(tc.kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := kind.CheckSet(tc.set); hotline.CodeOf(err) != tc.code && (err != nil || tc.code != "") {
			t.Errorf("%s %v: got %v, want %q", tc.kind, tc.set, err, tc.code)
		}
	}
}
