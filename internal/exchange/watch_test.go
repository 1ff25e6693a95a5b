package exchange

import (
	"context"
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// linkEvents counts what subscribers hear of links.
func (s *side) linkEvents(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	es, err := s.st.Reader().EventsOf(t.Context(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		var b struct{ Peer string }
		if err := json.Unmarshal([]byte(e.Body), &b); err == nil && b.Peer != "" {
			out[e.Kind]++
		}
	}
	return out
}

// A link that sticks alerts once, however many letters fail and however often,
// and once when it works again; the next time counts anew.
func TestAlertOnceAtEachEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		for round := 1; round <= 2; round++ {
			for range 3 {
				p.a.send(t, p.a.take(t, "测试对接中断的诉求一二三四五"+string(rune('0'+round))).ID, desk.Order{To: "110"})
			}
			p.faulty(func(wire []byte) ([]byte, fault) { return wire, loseLetter })
			for range 8 {
				if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
					t.Fatal(err)
				}
				p.clock.Add(10 * time.Minute)
			}
			p.forget()
			if got := p.a.linkEvents(t); got["link_stuck"] != round || got["link_works"] != round-1 {
				t.Errorf("round %d, stuck: events %v", round, got)
			}
			alerts, err := p.a.desk.LinkAlerts(t.Context(), p.a.op)
			if err != nil || len(alerts) != 1 || !alerts[0].WorksAt.IsZero() || alerts[0].Name != p.b.node.Name {
				t.Errorf("round %d, stuck: alerts %+v, %v, want the one link", round, alerts, err)
			}
			p.calm()
			p.run()
			if got := p.a.linkEvents(t); got["link_stuck"] != round || got["link_works"] != round {
				t.Errorf("round %d, mended: events %v", round, got)
			}
			if alerts, err = p.a.desk.LinkAlerts(t.Context(), p.a.op); err != nil || len(alerts) != 1 || alerts[0].WorksAt.IsZero() {
				t.Errorf("round %d, mended: alerts %+v, %v, want one that has ended", round, alerts, err)
			}
			p.clock.Add(time.Hour)
			if alerts, err = p.a.desk.LinkAlerts(t.Context(), p.a.op); err != nil || len(alerts) != 0 {
				t.Errorf("an hour later: alerts %+v, %v, want none", alerts, err)
			}
		}
		views, err := p.a.desk.Links(t.Context(), p.a.op)
		if err != nil || len(views[0].Outages) != 2 {
			t.Errorf("outages %+v, %v, want both times", views[0].Outages, err)
		}
	})
}

// What both sides do not agree on is told once and stays on the list until it is
// gone; letters under way and a peer that does not answer change nothing.
func TestDifferencesAreAWorkList(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		id := p.a.send(t, p.a.take(t, "测试定时核对的诉求一二三四五").ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		list := func() []store.Difference {
			t.Helper()
			if err := p.a.x.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			ds, err := p.a.st.Reader().Differences(t.Context(), p.b.node.Platform, 100)
			if err != nil {
				t.Fatal(err)
			}
			return ds
		}
		if ds := list(); len(ds) != 0 {
			t.Errorf("they agree, and still %+v", ds)
		}
		p.b.act(t, id, leg.Accept) // its letter is not sent yet
		if ds := list(); len(ds) != 0 {
			t.Errorf("a letter is under way, and still %+v", ds)
		}
		p.run()
		// Somebody changes a row of the peer's database by hand.
		set := func(state leg.State) { p.b.exec(t, `UPDATE leg SET state = '`+string(state)+`' WHERE id = '`+id+`'`) }
		set(leg.Working)
		ds := list()
		if len(ds) != 1 || ds[0].What != LegState || ds[0].LegID != id || ds[0].Ours != "accepted" || ds[0].Theirs != "working" {
			t.Errorf("got %+v, want the leg's states", ds)
		}
		p.clock.Add(24 * time.Hour)
		if again := list(); len(again) != 1 || len(ds) == 1 && !again[0].FoundAt.Equal(ds[0].FoundAt) {
			t.Errorf("the next day: got %+v, want the same entry", again)
		}
		if got := p.a.linkEvents(t); got["link_differs"] != 1 {
			t.Errorf("events %v, want it told once", got)
		}
		p.faulty(func(wire []byte) ([]byte, fault) { return wire, loseLetter })
		p.b.srv.CloseClientConnections()
		url := p.a.peerLink(t, p.b)
		away := url
		away.URL = "http://127.0.0.1:1"
		if err := p.a.desk.PutLink(t.Context(), away); err != nil {
			t.Fatal(err)
		}
		if ds := list(); len(ds) != 1 {
			t.Errorf("a peer that does not answer: %+v, want the list as it was", ds)
		}
		if err := p.a.desk.PutLink(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		p.calm()
		set(leg.Accepted)
		if ds := list(); len(ds) != 0 {
			t.Errorf("mended, and still %+v", ds)
		}
		set(leg.Working)
		list()
		if got := p.a.linkEvents(t); got["link_differs"] != 2 {
			t.Errorf("events %v, want the new one told too", got)
		}
	})
}

// exec changes a side's database behind its back.
func (s *side) exec(t *testing.T, statement string) {
	t.Helper()
	driver := "sqlite"
	if s.st.Postgres() {
		driver = "pgx"
	}
	db, err := sql.Open(driver, s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatal(err)
	}
}

// A carrier that cannot be opened makes the link stick, letters or none; once.
func TestCarrierCannotBeOpened(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		link := p.a.peerLink(t, p.b)
		link.Carrier, link.Settings = "table", `{"dsn":"/nowhere/at/all.db","create":"yes"}`
		if err := p.a.desk.PutLink(t.Context(), link); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err == nil {
				t.Error("a carrier without its database opened")
			}
			if _, _, err := p.a.x.collect(t.Context(), p.b.node.Platform); err == nil {
				t.Error("a carrier without its database opened")
			}
			p.clock.Add(time.Minute)
		}
		if got := p.a.linkEvents(t); got["link_stuck"] != 1 {
			t.Errorf("events %v, want it told once", got)
		}
		alerts, err := p.a.desk.LinkAlerts(t.Context(), p.a.op)
		if err != nil || len(alerts) != 1 || alerts[0].Why == "" {
			t.Errorf("alerts %+v, %v, want the link with the reason", alerts, err)
		}
	})
}
