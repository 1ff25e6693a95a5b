package exchange

import (
	"database/sql"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/leg"
)

// tellHeads has both sides tell each other of their logs, until nothing is new.
func (p *pair) tellHeads() {
	p.t.Helper()
	for range 3 {
		p.clock.Add(2 * time.Minute)
		for _, s := range []*side{p.a, p.b} {
			if err := s.desk.Sequence(p.t.Context()); err != nil {
				p.t.Fatal(err)
			}
			if err := s.desk.PostHeads(p.t.Context()); err != nil {
				p.t.Fatal(err)
			}
		}
		p.run()
	}
}

// link is what a side knows of its only peer.
func (s *side) peer(t *testing.T) desk.LinkView {
	t.Helper()
	links, err := s.desk.Links(t.Context(), s.op)
	if err != nil || len(links) != 1 {
		t.Fatalf("got %d links, %v, want one", len(links), err)
	}
	return links[0]
}

func (s *side) size(t *testing.T) int64 {
	t.Helper()
	h, err := s.st.Reader().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h.Size
}

// sql changes a side's database behind its back.
func (s *side) sql(t *testing.T, statements ...string) {
	t.Helper()
	driver, dsn := "pgx", s.dsn
	if !s.st.Postgres() {
		driver, dsn = "sqlite", "file:"+s.dsn+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHeadsAreExchanged(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		work := func() {
			c := p.a.send(t, p.a.take(t, "城关区路灯坏了三天没有人来修").ID, desk.Order{To: "110", Ask: "请协助"})
			p.run()
			p.b.act(t, c.Legs[0].ID, leg.Accept)
			p.run()
		}
		for range 3 {
			work()
			p.tellHeads()
			for s, o := range map[*side]*side{p.a: p.b, p.b: p.a} {
				got := s.peer(t)
				if got.Unproven() || got.Head.Size != o.size(t) || got.Head.Theirs != s.size(t) || len(got.Stuck) > 0 {
					t.Fatalf("%s knows of its peer %+v, want its %d records, and that it knows our %d", s.node.Line, got.Head, o.size(t), s.size(t))
				}
			}
		}
		p.agree()
	})
}

// A peer whose database was rewritten, tree and all, is found out; its letters
// go on, and a person ends the alarm.
func TestRewrittenPeer(t *testing.T) {
	rewrite := []string{
		`UPDATE event SET leaf_index = NULL`, `DELETE FROM tree_tile`, `DELETE FROM tree_head`,
		`UPDATE event SET leaf = (SELECT leaf FROM event ORDER BY id DESC LIMIT 1) WHERE id = (SELECT min(id) FROM event)`,
	}
	for name, c := range map[string]struct {
		sql  []string
		more bool // it goes on afterwards, before anybody hears of it
		want string
	}{
		"rewritten":            {rewrite, false, "rewritten"},
		"rewritten and longer": {rewrite, true, "rewritten"},
		"shorter":              {append([]string{`DELETE FROM event WHERE id > (SELECT min(id) FROM event)`}, rewrite...), false, "shorter"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, p *pair) {
				for range 3 {
					p.a.take(t, "城关区路灯坏了三天没有人来修")
				}
				p.b.take(t, "城关区路灯坏了三天没有人来修")
				p.tellHeads()
				if got := p.b.peer(t); got.Unproven() || got.Head.Size != p.a.size(t) {
					t.Fatalf("before: got %+v", got.Head)
				}
				p.a.sql(t, c.sql...)
				if c.more {
					p.a.take(t, "城关区路灯坏了三天没有人来修")
				}
				p.tellHeads()
				got := p.b.peer(t)
				if !got.Unproven() || got.Head.Unproven != c.want || got.Head.Other == "" {
					t.Fatalf("got %+v, want it %s", got.Head, c.want)
				}
				if p.a.peer(t).Unproven() {
					t.Error("the honest side counts as unproven too")
				}
				// Letters go on, both ways.
				l := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"}).Legs[0].ID
				p.run()
				p.b.act(t, l, leg.Accept)
				p.run()
				if got := p.a.state(t, l); got != leg.Accepted {
					t.Errorf("the leg is %s, want accepted", got)
				}
				p.tellHeads()
				if !p.b.peer(t).Unproven() {
					t.Error("the alarm ended by itself")
				}
				wantCode(t, p.b.desk.AcceptHistory(t.Context(), p.b.op, p.a.node.Platform, ""), "reason_missing")
				if err := p.b.desk.AcceptHistory(t.Context(), p.b.op, p.a.node.Platform, "对方误删数据，已电话核实"); err != nil {
					t.Fatal(err)
				}
				p.a.take(t, "城关区路灯坏了三天没有人来修")
				p.tellHeads()
				if got := p.b.peer(t); got.Unproven() || got.Head.Size != p.a.size(t) {
					t.Errorf("after: got %+v, want it to follow again, to %d", got.Head, p.a.size(t))
				}
			})
		})
	}
}
