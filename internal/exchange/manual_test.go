package exchange

import (
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Before interconnection: nothing goes by wire, people enter what the other
// side did. After the link changed, what nobody had taken up goes under the same
// id, and what people had begun stays theirs.
func TestManual(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		link := p.a.peerLink(t, p.b)
		wired := link
		link.Carrier, link.URL = store.ManualCarrier, ""
		if err := p.a.desk.PutLink(t.Context(), link); err != nil {
			t.Fatal(err)
		}
		mine := p.a.send(t, p.a.take(t, "测试人工转办的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
		open := p.a.send(t, p.a.take(t, "测试尚未转交的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
		letter := p.a.out(t, p.b)[1].ID
		if n, _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); n != 0 || err != nil {
			t.Errorf("a manual link sent %d letters, %v", n, err)
		}
		if r, err := p.a.x.Reconcile(t.Context(), p.a.op); err != nil || !r.Agree || r.Links != 0 {
			t.Errorf("reconcile of a manual link: %+v, %v; want nobody asked", r, err)
		}
		hand := func(do *desk.Do) { do.Hand = &desk.Hand{How: "phone", Who: "测试民警"} }
		_, err := p.a.desk.Act(t.Context(), p.a.op, mine, desk.Do{Verb: leg.Accept, Hand: &desk.Hand{How: "pigeon", Who: "测试民警"}})
		wantCode(t, err, "how_unknown")
		_, err = p.a.desk.Act(t.Context(), p.a.op, mine, desk.Do{Verb: leg.Accept, Hand: &desk.Hand{How: "phone"}})
		wantCode(t, err, "text_empty")
		p.a.act(t, mine, leg.Accept, hand)
		if got := p.a.state(t, mine); got != leg.Accepted {
			t.Errorf("signed in by hand: the leg is %s", got)
		}
		if err := p.a.desk.PutLink(t.Context(), wired); err != nil {
			t.Fatal(err)
		}
		p.run()
		if got, err := p.a.st.Reader().LetterOut(t.Context(), letter); err != nil || got.State != store.LetterReceipted || got.LegID != open {
			t.Errorf("the letter that waited is %s %v, want it receipted", got.State, err)
		}
		if got := p.b.state(t, open); got != leg.Received {
			t.Errorf("what nobody had taken up is %s there, want received", got)
		}
		if _, err := p.b.st.Reader().Leg(t.Context(), mine); err == nil {
			t.Error("what people had begun went by wire too")
		}
		if r, err := p.a.x.Reconcile(t.Context(), p.a.op); err != nil || !r.Agree || r.Legs != 2 {
			t.Errorf("reconcile after the switch: %+v, %v; want two legs that agree", r, err)
		}
		p.clock.Add(time.Minute)
		p.a.act(t, mine, leg.Feedback, hand)
		p.a.act(t, mine, leg.Settle)
		p.run()
		if k := p.a.kinds(t, p.a.other(t, mine).ID); p.a.state(t, mine) != leg.Settled || k["receive"] != 1 || k["accept"] != 1 || k["feedback"] != 1 {
			t.Errorf("leg %s, events %v, want each once", p.a.state(t, mine), k)
		}
		_, err = p.a.desk.Act(t.Context(), p.a.op, open, desk.Do{Verb: leg.Accept, Hand: &desk.Hand{How: "phone", Who: "测试民警"}})
		wantCode(t, err, "not_your_move")
	})
}
