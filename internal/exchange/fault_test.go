package exchange

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/exchange/https"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// wire is a letter of a side as it would leave.
func (s *side) wire(t *testing.T, to *side, out store.LetterOut) []byte {
	t.Helper()
	w, err := s.x.write(t.Context(), shipment{keys: to.keys.Public(to.node.Platform, to.node.Name)}, out)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// out lists the letters that a side keeps for the other.
func (s *side) out(t *testing.T, to *side) []store.LetterOut {
	t.Helper()
	ls, err := s.st.Reader().LettersOut(t.Context(), to.node.Platform, "", "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	return ls
}

// post gives a document to a side and returns status and answer.
func (s *side) post(t *testing.T, wire []byte) (int, letter.Envelope) {
	t.Helper()
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, https.LettersPath, bytes.NewReader(wire))
	s.x.Handler().ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		return rec.Code, letter.Envelope{}
	}
	e, err := letter.Parse(rec.Body.Bytes())
	if err != nil {
		t.Fatalf("answer %s: %v", rec.Body, err)
	}
	if err := e.Verify(s.keys.Public(s.node.Platform, s.node.Name)); err != nil {
		t.Errorf("answer is not signed: %v", err)
	}
	return rec.Code, e
}

// Lost answers: letters come again under the same id and have one effect.
func TestLostAnswers(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.loseIn = 7
		c := p.a.take(t, "测试丢失回执的诉求一二三四")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		p.b.act(t, id, leg.Accept)
		p.b.act(t, id, leg.Feedback)
		p.mu.Lock()
		p.loseIn = 5
		p.mu.Unlock()
		p.run()
		if got := p.a.state(t, id); got != leg.Answered {
			t.Errorf("sender's leg is %s, want answered", got)
		}
		for what, k := range map[string]map[string]int{"sender": p.a.kinds(t, c.ID), "holder": p.b.kinds(t, p.b.other(t, id).ID)} {
			for _, kind := range []string{"receive", "accept", "feedback"} {
				if k[kind] != 1 {
					t.Errorf("%s has %d events %s, want 1", what, k[kind], kind)
				}
			}
		}
		p.agree()
	})
}

// Early letters wait for the gap to close; repeats are receipted again; a used
// number with other content is refused and changes nothing.
func TestOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试乱序信件诉求一二三四五")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.a.act(t, id, leg.Urge)
		p.a.act(t, id, leg.Supplement)
		ls := p.a.out(t, p.b)
		for _, i := range []int{2, 1} { // the supplement and the urge overtake the offer
			code, e := p.b.post(t, p.a.wire(t, p.b, ls[i]))
			if code != http.StatusOK || e.Body.Status != leg.ReceiptWaiting {
				t.Errorf("early letter %d: got %d %s, want a receipt that it waits", ls[i].Number, code, e.Body.Status)
			}
		}
		offer := p.a.wire(t, p.b, ls[0])
		for range 3 {
			code, e := p.b.post(t, offer)
			if code != http.StatusOK || e.Type != leg.TypeReceipt || e.Body.Status != leg.ReceiptApplied {
				t.Errorf("offer: got %d %s %s", code, e.Type, e.Body.Status)
			}
		}
		there := p.b.other(t, id)
		if k := p.b.kinds(t, there.ID); k["urge"] != 1 || k["supplement"] != 1 || k["receive"] != 1 {
			t.Errorf("after the gap closed: %v, want one of each", k)
		}
		// The same number with other content.
		var m leg.Letter
		if err := json.Unmarshal([]byte(ls[1].Content), &m); err != nil {
			t.Fatal(err)
		}
		m.ID, m.Body.Person = hotline.NewID(), "别人"
		forged, hash, err := letter.Content(m)
		if err != nil {
			t.Fatal(err)
		}
		wire, err := letter.Compose(forged, nil, letter.Signer(p.a.keys))
		if err != nil {
			t.Fatal(err)
		}
		_, e := p.b.post(t, wire)
		if e.Type != leg.TypeError || e.Body.Code != "number_reused" || e.Body.Status != desk.Dropped || e.Body.Hash != hash {
			t.Errorf("reused number: got %s %s %s", e.Type, e.Body.Code, e.Body.Status)
		}
		p.run()
		p.agree()
	})
}

// What is not authentic is turned away, kept for a person and has no effect.
func TestNotAuthentic(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试伪造信件诉求一二三四五", func(in *desk.In) { in.Urgent = new("C4") })
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		out := p.a.out(t, p.b)[0]
		good := p.a.wire(t, p.b, out)

		stranger, err := seal.NewKeyring(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := letter.Compose([]byte(out.Content), nil, letter.Signer(stranger))
		if err != nil {
			t.Fatal(err)
		}
		for name, wire := range map[string][]byte{
			"changed content": bytes.Replace(good, []byte(`"level":`), []byte(`"level": `), 1)[:len(good)],
			"other level":     bytes.Replace(good, []byte(`"urgent":true`), []byte(`"urgent":false`), 1),
			"foreign key":     foreign,
			"unknown sender":  bytes.Replace(good, []byte("540000-12345"), []byte("540000-99999"), -1),
			"not JSON":        []byte("{"),
			"empty":           nil,
		} {
			if code, _ := p.b.post(t, wire); code != http.StatusUnauthorized {
				t.Errorf("%s: got %d, want 401", name, code)
			}
		}
		if _, err := p.b.st.Reader().Leg(t.Context(), id); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("a forged letter left a leg: %v", err)
		}
		// The same letter refused twice for the same reason is kept once.
		refusals, err := p.b.st.Reader().Refusals(t.Context(), p.a.node.Platform, 100)
		if err != nil || len(refusals) != 2 || !refusals[0].Urgent {
			t.Errorf("got %d refusals %v, want those kept that bear the peer's name, urgent ones first", len(refusals), err)
		}
		strangers, err := p.b.st.Reader().Refusals(t.Context(), "", 100)
		if err != nil || len(strangers) != 3 || !strangers[0].Urgent {
			t.Errorf("got %d refusals of unknown senders %v, want three, the urgent one first", len(strangers), err)
		}
		if code, e := p.b.post(t, good); code != http.StatusOK || e.Type != leg.TypeReceipt {
			t.Errorf("the genuine letter afterwards: got %d %s", code, e.Type)
		}
		p.run()
		p.agree()
	})
}

// A letter that breaks the contract gets one error; its number is voided, what
// follows is not held up, and both sides show it to a person.
func TestBrokenLetter(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试坏信件诉求一二三四五六")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		p.a.act(t, id, leg.Supplement)
		p.a.act(t, id, leg.Urge)
		bad := p.a.out(t, p.b)[1]
		// The peer cannot open the personal part: it was sealed for another.
		p.mangleNext(func(wire []byte) []byte {
			return bytes.Replace(wire, []byte(`"alg":"hpke`), []byte(`"alg":"hpkX`), 1)
		}, bad.ID)
		p.run()
		l, err := p.a.st.Reader().Leg(t.Context(), id)
		if err != nil || l.Repair == "" {
			t.Errorf("sender's leg: repair %q %v, want it on the repair list", l.Repair, err)
		}
		if k := p.b.kinds(t, p.b.other(t, id).ID); k["urge"] != 1 || k["supplement"] != 0 || k["voided"] != 1 {
			t.Errorf("holder heard %v, want the urge, the void and no supplement", k)
		}
		got, err := p.a.st.Reader().LetterOut(t.Context(), bad.ID)
		if err != nil || got.State != store.LetterVoided {
			t.Errorf("the letter is %s %v, want voided", got.State, err)
		}
		p.agree()
		if err := p.a.desk.ClearRepair(t.Context(), p.a.op, id, "已电话补充"); err != nil {
			t.Error(err)
		}
	})
}

// An offer that expires makes its leg undeliverable; a late receipt clears it,
// and where the sender went on meanwhile it asks the leg back.
func TestUndeliverable(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试无法送达诉求一二三四五")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		offer := p.a.out(t, p.b)[0]
		wire := p.a.wire(t, p.b, offer)
		p.clock.Add(desk.OfferExpiry + time.Hour)
		p.run()
		c = p.a.see(t, c.ID)
		if l := c.Legs[0]; l.State != leg.Sent || !l.Undeliverable {
			t.Fatalf("leg is %s, undeliverable %v", l.State, l.Undeliverable)
		}
		p.agree() // both know: nothing there
		c = p.a.send(t, c.ID, desk.Order{To: "unit:540102-housing", Replaces: id})

		code, e := p.b.post(t, wire) // it was on its way all the time
		if code != http.StatusOK || !e.Body.Late {
			t.Errorf("late offer: got %d late %v, want it taken and marked late", code, e.Body.Late)
		}
		if err := p.a.desk.Answered(t.Context(), p.a.peerLink(t, p.b), e.Letter); err != nil {
			t.Fatal(err)
		}
		p.run()
		if a, b := p.a.state(t, id), p.b.state(t, id); a != leg.Withdrawn || b != leg.Withdrawn {
			t.Errorf("sender has %s, holder %s, want withdrawn: the sender had gone on", a, b)
		}
		// The receipt itself came over our hands: the ledger still says expired.
		if got, _ := p.a.st.Reader().LetterOut(t.Context(), offer.ID); got.State != store.LetterExpired && got.State != store.LetterReceipted {
			t.Errorf("offer is %s", got.State)
		}
	})
}

// A poisoned letter, one that the peer can never digest, blocks no other leg.
func TestPoisonBlocksNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		var ids []string
		for i := range 5 {
			c := p.a.take(t, fmt.Sprintf("测试毒信件诉求编号%d请处理", i))
			ids = append(ids, p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID)
		}
		poison := p.a.out(t, p.b)[0].ID
		p.failNext(poison, 3)
		for range 3 {
			if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range ids[1:] {
			if got := p.a.state(t, id); got != leg.Received {
				t.Errorf("a leg behind the poisoned letter is %s, want received", got)
			}
		}
		stuck, err := p.a.st.Reader().StuckLetters(t.Context(), p.b.node.Platform, 10)
		if err != nil || len(stuck) != 1 || stuck[0].ID != poison || stuck[0].LastError == "" {
			t.Errorf("stuck letters: %+v %v, want the poisoned one with its error", stuck, err)
		}
		p.run()
		p.agree()
	})
}

// Reconcile names what a rewritten or lost row on one side leaves behind.
func TestReconcileNames(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试对账诉求一二三四五六七")
		p.a.send(t, c.ID, desk.Order{To: "110"})
		r, err := p.a.x.Reconcile(t.Context(), p.a.op)
		if err != nil || r.Agree || len(r.Differences) == 0 || r.Differences[0].What != UnderWay {
			t.Errorf("before sending: %+v %v, want under_way", r, err)
		}
		p.run()
		p.agree()
		p.b.srv.Close()
		r, err = p.a.x.Reconcile(t.Context(), p.a.op)
		if err != nil || r.Agree || r.Differences[0].What != Unreachable {
			t.Errorf("peer down: %+v %v, want unreachable", r, err)
		}
	})
}

// Clerks at random, by seeds, over a network that loses, repeats, delays, cuts
// and changes, and a clock that is set back: both sides end equal, and both logs
// prove what happened. Longer by make torture.
func TestDisturbed(t *testing.T) {
	seeds := uint64(4)
	if os.Getenv("LIANDONG_TORTURE") != "" {
		seeds = 200
	}
	onBoth(t, func(t *testing.T, p *pair) {
		for seed := range seeds {
			p.drive(t, seed, 12)
		}
		p.calm()
		p.run()
		p.agree()
		p.prove()
	})
}

// drive takes cases and does whatever may be done next, at random.
func (p *pair) drive(t *testing.T, seed uint64, cases int) {
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	p.disturb(r)
	var legs []string
	for i := range cases {
		from, to := p.a, "110"
		if r.IntN(2) == 0 {
			from, to = p.b, "12345"
		}
		c := from.take(t, fmt.Sprintf("测试随机诉求种子%d编号%d请处理", seed, i))
		legs = append(legs, from.send(t, c.ID, desk.Order{To: to}).Legs[0].ID)
	}
	for range cases * 12 {
		s := []*side{p.a, p.b}[r.IntN(2)]
		id := legs[r.IntN(len(legs))]
		lv, err := s.desk.Leg(t.Context(), s.op, id)
		if err == nil && len(lv.Can) > 0 {
			s.try(t, r, lv)
		}
		if r.IntN(3) == 0 {
			for _, x := range []*side{p.a, p.b} {
				other := p.a
				if x == p.a {
					other = p.b
				}
				if _, err := x.x.sendDue(t.Context(), other.node.Platform, false); err != nil {
					t.Fatal(err)
				}
			}
			p.clock.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
		}
		if r.IntN(40) == 0 {
			p.setBack(t)
		}
	}
}

// setBack sets the clock back by an hour, as each node's postman notices.
func (p *pair) setBack(t *testing.T) {
	before := p.clock.Now()
	p.clock.Add(-time.Hour)
	for _, s := range []*side{p.a, p.b} {
		links, err := s.st.Reader().Links(t.Context())
		if err == nil {
			_, err = s.x.watchClock(t.Context(), links, before)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (s *side) try(t *testing.T, r *mathrand.Rand, lv desk.LegView) {
	v := lv.Can[r.IntN(len(lv.Can))]
	if v == leg.Return && r.IntN(3) > 0 || v == leg.Escalate {
		return
	}
	do := desk.Do{Verb: v, Note: "测试说明一二三四五六", Result: "已办结测试", Ground: leg.NotArea, Basis: "测试依据"}
	if v == leg.Extend || v == leg.Grant && lv.Pending == leg.Extend {
		due := lv.DueAt.Add(48 * time.Hour)
		do.Due = &due
	}
	if _, err := s.desk.Act(t.Context(), s.op, lv.ID, do); err != nil && hotline.KindOf(err) != hotline.Conflict && hotline.KindOf(err) != hotline.Invalid {
		t.Fatalf("%s %s: %v", s.node.Line, v, err)
	}
}

func (s *side) peerLink(t *testing.T, peer *side) store.Link {
	t.Helper()
	l, err := s.desk.Link(t.Context(), peer.node.Platform)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
