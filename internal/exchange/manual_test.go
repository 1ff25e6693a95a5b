package exchange

import (
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/casefile"

	"liandong/internal/desk"
	"liandong/internal/hotline"
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
		if n, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); n.letters != 0 || err != nil {
			t.Errorf("a manual link sent %d letters, %v", n.letters, err)
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

// A sheet that comes back: a preview changes nothing, a row counts once however
// often it comes, also progress, which moves nothing, and a row goes in whole or
// not at all.
func TestSheetComesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		link := p.a.peerLink(t, p.b)
		link.Carrier, link.URL = store.ManualCarrier, ""
		if err := p.a.desk.PutLink(t.Context(), link); err != nil {
			t.Fatal(err)
		}
		id := p.a.send(t, p.a.take(t, "测试批量表登记的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
		list, err := p.a.desk.Handovers(t.Context(), p.a.op)
		if err != nil || len(list) != 1 || list[0].Leg.ID != id {
			t.Fatalf("hand-overs %v, %v, want the one", list, err)
		}
		told := func(verb leg.Verb, words string) *desk.Do {
			return &desk.Do{Verb: verb, Note: words, Result: words, Hand: &desk.Hand{How: "sheet", Who: "测试民警"}}
		}
		enter := func(row desk.HandRow, preview bool, want ...leg.Verb) {
			t.Helper()
			if got, err := p.a.desk.EnterRow(t.Context(), p.a.op, row, preview); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
		first := desk.HandRow{Sheet: "sheet-1", LegID: id, SignedWho: "测试值班", Do: told(leg.Progress, "测试已派人前往现场")}
		enter(first, true, leg.Accept, leg.Progress)
		if got := p.a.state(t, id); got != leg.Sent {
			t.Errorf("after a preview the leg is %s, want sent", got)
		}
		enter(first, false, leg.Accept, leg.Progress)
		enter(first, false)
		enter(first, true)
		second := first
		second.Sheet = "sheet-2"
		enter(second, false, leg.Progress) // signed for already
		bad := desk.HandRow{Sheet: "sheet-3", LegID: id, Do: told(leg.Return, "测试")}
		bad.Do.Ground, bad.Do.Basis = leg.NotDuty, "测试依据"
		if _, err := p.a.desk.EnterRow(t.Context(), p.a.op, bad, false); hotline.KindOf(err) != hotline.Conflict {
			t.Errorf("return after work began: got %v, want a conflict", err)
		}
		_, err = p.a.desk.EnterRow(t.Context(), p.a.op, desk.HandRow{LegID: id, SignedWho: "测试值班"}, false)
		wantCode(t, err, "sheet_unknown")
		_, err = p.a.desk.EnterRow(t.Context(), hotline.Actor{ID: "c", Role: hotline.Clerk, Unit: "540102-urban", Platform: p.a.node.Platform}, second, false)
		wantCode(t, err, "leg_not_found")
		enter(desk.HandRow{Sheet: "sheet-3", LegID: id, Do: told(leg.Feedback, "测试已处理完毕")}, false, leg.Feedback)
		if k := p.a.kinds(t, p.a.other(t, id).ID); p.a.state(t, id) != leg.Answered || k["receive"] != 1 || k["accept"] != 1 || k["progress"] != 2 || k["feedback"] != 1 {
			t.Errorf("leg %s, events %v", p.a.state(t, id), k)
		}
		if list, err := p.a.desk.Handovers(t.Context(), p.a.op); err != nil || len(list) != 0 {
			t.Errorf("answered, and still %d hand-overs wait, %v", len(list), err)
		}
		half := p.a.send(t, p.a.take(t, "测试只填一半的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
		row := desk.HandRow{Sheet: "sheet-4", LegID: half, SignedWho: "测试值班", Do: told(leg.Return, "测试")}
		row.Do.Ground = "none"
		if _, err := p.a.desk.EnterRow(t.Context(), p.a.op, row, false); hotline.CodeOf(err) != "ground_unknown" {
			t.Errorf("got %v, want ground_unknown", err)
		}
		if got := p.a.state(t, half); got != leg.Sent {
			t.Errorf("half of a bad row was taken: the leg is %s", got)
		}
	})
}

// A leg that people carried goes on by wire: the other side's copy comes into
// the same state with what was done, and its own people go on. Over every
// carrier, from every state.
func TestAdopt(t *testing.T) {
	for name, make := range ways(t) {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, "sqlite")
			w := make(t)
			p.over(w)
			p.adoptAll(w)
		})
	}
	onBoth(t, func(t *testing.T, p *pair) { p.adoptAll(way{kind: "https"}) })
}

func (p *pair) adoptAll(w way) {
	t := p.t
	wired := p.a.peerLink(t, p.b)
	paper := wired
	paper.Carrier, paper.URL, paper.Settings = store.ManualCarrier, "", ""
	if err := p.a.desk.PutLink(t.Context(), paper); err != nil {
		t.Fatal(err)
	}
	p.a.x.closeCarriers()
	long := strings.Repeat("长", casefile.NoteMost)
	hand := func(do *desk.Do) { do.Hand, do.Note = &desk.Hand{How: "phone", Who: "测试民警"}, long }
	begun := map[leg.State]string{}
	for state, verbs := range map[leg.State][]leg.Verb{
		leg.Accepted: {leg.Accept}, leg.Working: {leg.Accept, leg.Progress, leg.Progress}, leg.Answered: {leg.Accept, leg.Feedback},
		leg.Reopened: {leg.Accept, leg.Feedback, leg.Reopen},
	} {
		id := p.a.send(t, p.a.take(t, "测试改为联网办理的诉求"+string(state)).ID, desk.Order{To: "110", Ask: long, PoliceAction: long}).Legs[0].ID
		p.a.act(t, id, leg.Urge)
		for _, v := range verbs {
			if v == leg.Reopen {
				p.a.act(t, id, v)
				continue
			}
			p.a.act(t, id, v, hand)
		}
		begun[state] = id
		wantCode(t, p.a.desk.Adopt(t.Context(), p.a.op, id), "not_to_adopt") // there is no wire yet
	}
	if err := p.a.desk.PutLink(t.Context(), wired); err != nil {
		t.Fatal(err)
	}
	carry := func() {
		if w.kind == "https" {
			p.run()
		} else {
			p.rounds(w, 3)
		}
	}
	for state, id := range begun {
		if err := p.a.desk.Adopt(t.Context(), p.a.op, id); err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		wantCode(t, p.a.desk.Adopt(t.Context(), p.a.op, id), "not_to_adopt")
	}
	carry()
	for state, id := range begun {
		if a, b := p.a.leg(t, id), p.b.leg(t, id); a.State != state || b.State != state || a.Version != b.Version || a.ByHand {
			t.Errorf("%s: here %s %d, there %s %d, by hand %v", state, a.State, a.Version, b.State, b.Version, a.ByHand)
		}
		if k := p.b.kinds(t, p.b.leg(t, id).CaseID); k["adopted"] != 1 || k["accept"] != 1 {
			t.Errorf("%s: events there %v", state, k)
		}
	}
	for state, notes := range map[leg.State]int{leg.Accepted: 1, leg.Working: 3, leg.Answered: 2, leg.Reopened: 2} {
		there := p.b.other(t, begun[state])
		if want := long + "\n公安已做处置：" + long; string(there.Legs[0].Ask) != want {
			t.Errorf("%s: the peer reads an ask of %d bytes, want %d: what is to be done and what police did", state, len(there.Legs[0].Ask), len(want))
		}
		var heard strings.Builder
		es, err := p.b.desk.Events(t.Context(), p.b.op, there.ID, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			heard.WriteString(string(e.Text))
		}
		if got := strings.Count(heard.String(), "长"); got != notes*len([]rune(long)) {
			t.Errorf("%s: of %d notes of full length %d characters came", state, notes, got)
		}
	}
	p.b.act(t, begun[leg.Accepted], leg.Feedback, func(do *desk.Do) { do.Note, do.Result = long, long }) // each part as long as may be
	p.b.act(t, begun[leg.Working], leg.Progress)
	p.b.act(t, begun[leg.Reopened], leg.Feedback)
	p.a.act(t, begun[leg.Answered], leg.Settle)
	p.a.act(t, begun[leg.Working], leg.Urge)
	carry()
	for state, id := range map[leg.State]string{leg.Answered: begun[leg.Accepted], leg.Settled: begun[leg.Answered], leg.Working: begun[leg.Working]} {
		if a, b := p.a.state(t, id), p.b.state(t, id); a != state || b != state {
			t.Errorf("afterwards %s here and %s there, want %s", a, b, state)
		}
	}
	if p.waiting() != 0 {
		t.Errorf("%d letters wait for a receipt, want none", p.waiting())
	}
	if w.kind != "https" {
		p.back()
	}
	p.agree()
}

// A peer that does not know how to take a leg over refuses, and it stays with
// people; one that was there already is not offered twice.
func TestAdoptIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		wired := p.a.peerLink(t, p.b)
		known := p.a.send(t, p.a.take(t, "测试已经联网送达的诉求一二").ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		paper := wired
		paper.Carrier, paper.URL = store.ManualCarrier, ""
		if err := p.a.desk.PutLink(t.Context(), paper); err != nil {
			t.Fatal(err)
		}
		id := p.a.send(t, p.a.take(t, "测试对方版本较旧的诉求一二").ID, desk.Order{To: "110"}).Legs[0].ID
		for _, id := range []string{known, id} {
			p.a.act(t, id, leg.Accept, func(do *desk.Do) { do.Hand = &desk.Hand{How: "fax", Who: "测试民警"} })
		}
		if err := p.a.desk.PutLink(t.Context(), wired); err != nil {
			t.Fatal(err)
		}
		wantCode(t, p.a.desk.Adopt(t.Context(), p.a.op, known), "adopt_known")
		if err := p.a.desk.Adopt(t.Context(), p.a.op, id); err != nil {
			t.Fatal(err)
		}
		out := p.a.out(t, p.b)
		offer := out[len(out)-1]
		p.a.desk.Answered(t.Context(), wired, leg.Letter{Type: leg.TypeError, From: p.b.node.Platform, To: p.a.node.Platform, Leg: id,
			Body: leg.Body{Re: offer.ID, Hash: offer.Hash, Code: "letter_unknown_required", Status: "dropped"}})
		if l := p.a.leg(t, id); !l.ByHand || l.State != leg.Accepted || l.Repair != "" {
			t.Errorf("refused: by hand %v, %s, repair %q, want it as it was", l.ByHand, l.State, l.Repair)
		}
		p.a.act(t, id, leg.Feedback, func(do *desk.Do) { do.Hand = &desk.Hand{How: "fax", Who: "测试民警"} })
		p.run()
		if _, err := p.b.st.Reader().Leg(t.Context(), id); err == nil {
			t.Error("what the peer refused went there all the same")
		}
	})
}
