package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

const (
	cityUnit   = "unit:540102-urban"
	housesUnit = "unit:540102-housing"
)

// secretary of a side.
func (s *side) secretary() hotline.Actor {
	return hotline.Actor{ID: "sec" + s.node.Line, Name: "测试秘书" + s.node.Line, Role: hotline.Secretary, Platform: s.node.Platform}
}

// disputed is a case that the other platform gave back twice.
func (p *pair) disputed(t *testing.T) desk.CaseView {
	t.Helper()
	c := p.a.take(t, "张测试说城关区北京中路的路灯坏了三天了", func(in *desk.In) { in.Category, in.Item = "A01", "A01.01" })
	last := ""
	for range 2 {
		c = p.a.send(t, c.ID, desk.Order{To: "110", Ask: "请处置", Role: leg.Lead, Replaces: last})
		last = c.Legs[len(c.Legs)-1].ID
		p.run()
		p.b.act(t, last, leg.Return)
		p.run()
	}
	if c = p.a.see(t, c.ID); !c.Dispute {
		t.Fatal("after the second return the case is not in dispute")
	}
	return c
}

func (p *pair) consult(t *testing.T, c desk.CaseView, change ...func(*desk.NewConsultation)) store.Consultation {
	t.Helper()
	n := desk.NewConsultation{CaseID: c.ID, Cause: consultation.OfDispute, Form: consultation.Written, Question: "路灯由谁处置？来电人张测试 13900000001",
		Parties: []string{cityUnit, "platform:" + p.b.node.Platform}}
	for _, f := range change {
		f(&n)
	}
	x, err := p.a.desk.OpenConsultation(t.Context(), p.a.secretary(), n)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// guest is the copy of the consultation at the platform that was asked.
func (p *pair) guest(t *testing.T, x store.Consultation) desk.ConsultationView {
	t.Helper()
	v, err := p.b.desk.Consultation(t.Context(), p.b.secretary(), x.Threads[0].ID)
	if err != nil {
		t.Fatalf("the copy of %s: %v", x.ID, err)
	}
	return v
}

func (p *pair) host(t *testing.T, x store.Consultation) desk.ConsultationView {
	t.Helper()
	v, err := p.a.desk.Consultation(t.Context(), p.a.secretary(), x.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// say speaks for the platform that was asked.
func (p *pair) say(t *testing.T, x store.Consultation, text string) {
	t.Helper()
	if err := p.b.desk.GiveOpinion(t.Context(), p.b.secretary(), x.Threads[0].ID, "", text); err != nil {
		t.Fatal(err)
	}
}

// story is what was said, in order: kind, party and text.
func story(v desk.ConsultationView) string {
	var b strings.Builder
	for _, e := range v.Story {
		b.WriteString(e.Kind + " " + e.Of("party") + " " + string(e.Text) + "\n")
	}
	return b.String()
}

// seedCatalogue puts the catalogue in force into the database, as a node does.
func (s *side) seedCatalogue(t *testing.T) {
	t.Helper()
	if _, _, err := desk.Seed(t.Context(), s.st, s.desk.Catalogue(), s.desk.Directory(), s.desk.Now()); err != nil {
		t.Fatal(err)
	}
}

// publish makes the ruling a version of the catalogue at a side.
func (s *side) publish(t *testing.T, id, version string) store.Draft {
	t.Helper()
	ctx, editor := t.Context(), hotline.Actor{ID: "ed", Name: "测试编目", Role: hotline.Editor, Platform: s.node.Platform}
	d, err := s.desk.DraftOfRuling(ctx, editor, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.desk.TryDraft(ctx, editor, d.ID, d.Version); err != nil {
		t.Fatal(err)
	}
	tried, err := s.desk.Draft(ctx, editor, d.ID)
	if err != nil || tried.Trial == nil || tried.Trial.Turned == 0 {
		t.Fatalf("%s: the back-test says %+v, %v, want a case that goes elsewhere", s.node.Line, tried.Trial, err)
	}
	err = s.desk.Publish(ctx, editor, d.ID, tried.Version, desk.Release{Version: version, From: s.desk.Now().In(calendar.Zone).Format(time.DateOnly), Basis: "会商裁定"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// From the second return to the new routing on both platforms: one presides, the
// other says its word on its own copy, both have minutes and ruling, and each
// makes it a version of its catalogue.
func TestConsultationAcrossPlatforms(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		ctx := t.Context()
		p.a.seedCatalogue(t)
		p.b.seedCatalogue(t)
		c := p.disputed(t)
		other := p.b.other(t, c.Legs[0].ID)
		x := p.consult(t, c)
		if got := p.a.see(t, c.ID); got.Interim != p.a.node.Platform || x.Interim != p.a.node.Platform {
			t.Errorf("interim owner %s, in the consultation %s, want %s", got.Interim, x.Interim, p.a.node.Platform)
		}
		p.run()
		if v := p.host(t, x); v.Threads[0].State != store.ThreadThere {
			t.Errorf("after the receipt the thread is %s, want there", v.Threads[0].State)
		}
		v := p.guest(t, x)
		if v.Host != p.a.node.Platform || v.CaseID != other.ID || len(v.Cases) != 1 || v.Cases[0].ID != other.ID || v.Item != "A01.01" ||
			v.Interim != "platform:"+p.a.node.Platform || !v.DueAt.Equal(x.DueAt) || !v.Awaits(p.b.node.Platform) {
			t.Errorf("the copy: got %+v", v.Consultation)
		}
		if s := story(v); !strings.Contains(s, "路灯由谁处置") || strings.Contains(s, "张测试") || strings.Contains(s, "13900000001") {
			t.Errorf("the question there: %s, want it without who called", s)
		}
		unit := hotline.Actor{ID: "u", Name: "测试承办", Role: hotline.Clerk, Platform: p.a.node.Platform, Unit: "540102-urban"}
		if err := p.a.desk.GiveOpinion(ctx, unit, x.ID, "", "路灯由我单位维护"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, p.b.desk.GiveOpinion(ctx, hotline.Actor{ID: "o", Role: hotline.Operator, Platform: p.b.node.Platform}, x.Threads[0].ID, "", "坐席"), "denied")
		p.say(t, x, "民警只作现场警示")
		p.run()
		for name, v := range map[string]desk.ConsultationView{"here": p.host(t, x), "there": p.guest(t, x)} {
			s := story(v)
			for _, want := range []string{cityUnit + " 路灯由我单位维护", "platform:" + p.b.node.Platform + " 民警只作现场警示"} {
				if strings.Count(s, want) != 1 {
					t.Errorf("%s: %s\nwant %q once", name, s, want)
				}
			}
			for _, party := range v.Parties {
				if party.HeardAt.IsZero() {
					t.Errorf("%s: %s counts as not heard", name, party.Party)
				}
			}
		}
		// Only who presides ends it.
		ruling := consultation.Ruling{Owner: housesUnit, Basis: "测试市政设施管理办法", From: p.clock.Now()}
		wantCode(t, p.b.desk.Rule(ctx, p.b.secretary(), x.Threads[0].ID, 1, ruling, "越权"), "not_presiding")
		wantCode(t, p.b.desk.CancelConsultation(ctx, p.b.secretary(), x.Threads[0].ID, 1, "越权"), "not_presiding")
		if err := p.a.desk.Rule(ctx, p.a.secretary(), x.ID, 1, ruling, "路灯由住建负责"); err != nil {
			t.Fatal(err)
		}
		if c = p.a.see(t, c.ID); c.Dispute || c.Legs[2].Unit != "540102-housing" {
			t.Errorf("after the ruling: dispute %v, legs %+v, want none and a leg to the owner", c.Dispute, c.Legs)
		}
		p.run()
		v = p.guest(t, x)
		if v.State != consultation.Ruled || v.Owner != housesUnit || v.Basis != ruling.Basis || !v.RulesFrom.Equal(ruling.From.Truncate(time.Microsecond)) ||
			!strings.Contains(story(v), "路灯由住建负责") {
			t.Errorf("ruled there: %+v\n%s", v.Consultation, story(v))
		}
		for _, s := range []*side{p.a, p.b} {
			id := x.ID
			if s == p.b {
				id = x.Threads[0].ID
			}
			before, _, _ := s.desk.Route("A01.01", "A01", "540102")
			s.publish(t, id, "xizang-2026."+s.node.Line)
			if lead, _, _ := s.desk.Route("A01.01", "A01", "540102"); lead.Code != "540102-housing" || before.Code == lead.Code {
				t.Errorf("%s routes to %s, before %s, want what was ruled", s.node.Line, lead.Code, before.Code)
			}
		}
		p.agree()
		p.a.proves(t, c.ID, len(p.a.lettersOf(t, c.ID)))
	})
}

// Letters are lost, repeated, late and damaged: both sides end equal, and
// nothing happens twice.
func TestConsultationOverABadNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		for seed := range uint64(6) {
			c := p.disputed(t)
			p.disturb(rand.New(rand.NewPCG(seed, 7)))
			x := p.consult(t, c)
			p.run()
			for _, text := range []string{"第一次意见", "第二次意见", "第三次意见"} {
				p.say(t, x, text)
				if err := p.a.desk.GiveOpinion(t.Context(), p.a.secretary(), x.ID, cityUnit, "市政"+text); err != nil {
					t.Fatal(err)
				}
			}
			p.run()
			if err := p.a.desk.Rule(t.Context(), p.a.secretary(), x.ID, 1, consultation.Ruling{Owner: "110", Basis: "测试职责清单", From: p.clock.Now(), Class: "B05"}, "归公安"); err != nil {
				t.Fatal(err)
			}
			p.run()
			p.calm()
			p.run()
			for name, v := range map[string]desk.ConsultationView{"here": p.host(t, x), "there": p.guest(t, x)} {
				if v.State != consultation.Ruled || v.Owner != "platform:"+p.b.node.Platform || v.RuledClass != "B05" || v.Repair() != "" {
					t.Errorf("seed %d, %s: %+v, want ruled for the other platform", seed, name, v.Consultation)
				}
				s := story(v)
				for _, text := range []string{" 第一次意见", " 第二次意见", " 第三次意见", "市政第一次意见", "市政第三次意见", "归公安"} {
					if strings.Count(s, text) != 1 {
						t.Errorf("seed %d, %s: %q not once in\n%s", seed, name, text, s)
					}
				}
			}
			p.agree()
		}
	})
}

// A letter of a consultation that is lost at one side is named, message by
// message, and about no leg.
func TestConsultationReconciled(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		x := p.consult(t, p.disputed(t))
		p.run()
		p.say(t, x, "我方意见")
		p.run()
		p.agree()
		p.a.sql(t, `DELETE FROM letter_in WHERE type = 'consult.say'`)
		r, err := p.b.x.Reconcile(t.Context(), p.b.op)
		if err != nil || len(r.Differences) != 1 || r.Differences[0].What != Lost || r.Differences[0].Leg != "" || r.Differences[0].Letter == "" {
			t.Errorf("got %+v, %v, want the one letter lost", r.Differences, err)
		}
	})
}

// What came early waits; the order of a consultation holds up no other letter.
func TestConsultationLettersInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		x := p.consult(t, p.disputed(t))
		p.run()
		if err := p.a.desk.GiveOpinion(t.Context(), p.a.secretary(), x.ID, cityUnit, "先说"); err != nil {
			t.Fatal(err)
		}
		if err := p.a.desk.CancelConsultation(t.Context(), p.a.secretary(), x.ID, 1, "协商一致"); err != nil {
			t.Fatal(err)
		}
		ls := p.a.out(t, p.b)
		say, end := ls[len(ls)-2], ls[len(ls)-1]
		if say.Type != leg.TypeConsultSay || end.Type != leg.TypeConsultClose || say.Number != 2 || end.Number != 3 || say.LegID != x.Threads[0].ID {
			t.Fatalf("letters: %s %d and %s %d, want consult.say 2 and consult.close 3", say.Type, say.Number, end.Type, end.Number)
		}
		if _, e := p.b.post(t, p.a.wire(t, p.b, end)); e.Body.Status != leg.ReceiptWaiting || e.Consultation != x.Threads[0].ID {
			t.Errorf("early: got %+v, want waiting", e.Letter)
		}
		if v := p.guest(t, x); v.State != consultation.Open {
			t.Errorf("an early letter ended it: %s", v.State)
		}
		if _, e := p.b.post(t, p.a.wire(t, p.b, say)); e.Body.Status != leg.ReceiptApplied {
			t.Errorf("in turn: got %+v", e.Letter)
		}
		v := p.guest(t, x)
		if v.State != consultation.Cancelled || !strings.Contains(story(v), "协商一致") {
			t.Errorf("after the gap closed: %s\n%s", v.State, story(v))
		}
		p.say2(t, x, p.b.post, say)
		p.run()
		p.agree()
	})
}

// say2 brings a letter again, and another one under its number.
func (p *pair) say2(t *testing.T, x store.Consultation, post func(*testing.T, []byte) (int, letter.Envelope), say store.LetterOut) {
	t.Helper()
	if _, e := post(t, p.a.wire(t, p.b, say)); e.Type != leg.TypeReceipt || e.Body.Status != leg.ReceiptApplied {
		t.Errorf("again: got %+v, want the same receipt", e.Letter)
	}
	if got := strings.Count(story(p.guest(t, x)), "先说"); got != 1 {
		t.Errorf("the word stands %d times, want once", got)
	}
	var m leg.Letter
	if err := json.Unmarshal([]byte(say.Content), &m); err != nil {
		t.Fatal(err)
	}
	m.ID, m.Body.Party = hotline.NewID(), housesUnit
	if _, e := post(t, p.a.forge(t, p.b, m)); e.Type != leg.TypeError || e.Body.Code != "number_reused" || e.Body.Status != desk.Dropped {
		t.Errorf("another under its number: got %+v, want number_reused", e.Letter)
	}
}

// A word that was under way when the ruling was made is kept as late; what only
// who presides may say is refused, kept, and shown to people at both sides.
func TestConsultationCrossings(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		x := p.consult(t, p.disputed(t))
		p.run()
		p.say(t, x, "晚到的意见")
		if err := p.a.desk.Rule(t.Context(), p.a.secretary(), x.ID, 1, consultation.Ruling{Owner: cityUnit, Basis: "测试办法", From: p.clock.Now()}, "纪要"); err != nil {
			t.Fatal(err)
		}
		p.run()
		v := p.host(t, x)
		if last := v.Story[len(v.Story)-1]; last.Text != "晚到的意见" || last.Of("late") != "yes" || v.Repair() != "" {
			t.Errorf("the last of the story is %q, late %q, repair %q, want the word, late", last.Text, last.Of("late"), v.Repair())
		}
		p.agree()
		m := leg.Letter{Type: leg.TypeConsultClose, Number: 2, Cases: map[string]string{p.b.node.Platform: "x"}, Consultation: x.Threads[0].ID}
		if _, e := p.a.post(t, p.b.forge(t, p.a, m)); e.Body.Code != "not_presiding" || e.Body.Status != desk.Kept {
			t.Errorf("closed by who was asked: got %+v, want not_presiding, kept", e.Letter)
		}
		if v := p.host(t, x); v.Repair() != "not_presiding" {
			t.Errorf("nobody is told of it: %q", v.Repair())
		}
		if err := p.a.desk.MendConsultation(t.Context(), p.a.secretary(), x.ID, "已电话核实"); err != nil {
			t.Fatal(err)
		}
		if v := p.host(t, x); v.Repair() != "" {
			t.Errorf("seen to, it still says %q", v.Repair())
		}
		m.Type, m.Number, m.Body.Party = leg.TypeConsultSay, 3, cityUnit
		if _, e := p.a.post(t, p.b.forge(t, p.a, m)); e.Body.Code != "not_your_word" {
			t.Errorf("in another's name: got %+v, want not_your_word", e.Letter)
		}
	})
}

// A letter that cannot be taken is given up with a void; what follows is not
// held up. A platform that knows no consultations is asked by people.
func TestConsultationGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.disputed(t)
		x := p.consult(t, c)
		p.run()
		if err := p.a.desk.GiveOpinion(t.Context(), p.a.secretary(), x.ID, cityUnit, "到不了"); err != nil {
			t.Fatal(err)
		}
		ls := p.a.out(t, p.b)
		p.mangleNext(func(wire []byte) []byte {
			return bytes.Replace(wire, []byte(`"ciphertext":"AQ`), []byte(`"ciphertext":"AR`), 1)
		}, ls[len(ls)-1].ID)
		p.run()
		p.calm()
		if err := p.a.desk.CancelConsultation(t.Context(), p.a.secretary(), x.ID, 1, "协商一致"); err != nil {
			t.Fatal(err)
		}
		p.run()
		if here, there := p.host(t, x), p.guest(t, x); here.Repair() != "voided" || there.Repair() != "voided" || there.State != consultation.Cancelled {
			t.Errorf("here %q, there %q %s, want both voided and the end there too", here.Repair(), there.Repair(), there.State)
		}
		p.agree()

		x = p.consult(t, c)
		ls = p.a.out(t, p.b)
		open := ls[len(ls)-1]
		unknown := strings.Replace(open.Content, `"consult.open"`, `"ponder_open"`, 1) // as one that knows none reads it
		p.a.sql(t, `UPDATE letter_out SET content = '`+unknown+`', hash = '`+letter.HashOf([]byte(unknown))+`' WHERE id = '`+open.ID+`'`)
		p.run()
		v := p.host(t, x)
		if th := v.Threads[0]; th.State != store.ThreadRefused || th.Code != "letter_type" {
			t.Fatalf("the thread is %+v, want refused: letter_type", th)
		}
		n := len(p.a.out(t, p.b))
		if err := p.a.desk.GiveOpinion(t.Context(), p.a.secretary(), x.ID, "platform:"+p.b.node.Platform, "电话所述"); err != nil {
			t.Fatal(err)
		}
		if got := len(p.a.out(t, p.b)); got != n {
			t.Errorf("%d letters more went to who takes none", got-n)
		}
		if s := story(p.host(t, x)); !strings.Contains(s, "电话所述") {
			t.Errorf("what they said by phone is not in\n%s", s)
		}
		p.agree()
	})
}

// A platform that never had the case is asked all the same; it gets no case,
// nor ids of cases that it does not share. A confidential one is for who answers.
func TestConsultationWithoutACaseThere(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "举报材料一二三四五六七八", func(in *desk.In) { in.Category, in.Confidential = "A01", true })
		another := p.a.take(t, "另一件诉求一二三四五六七八")
		x := p.consult(t, c, func(n *desk.NewConsultation) { n.Cause, n.Evidence = consultation.ByHand, []string{another.ID} })
		p.run()
		v := p.guest(t, x)
		if v.CaseID != "" || len(v.Cases) != 0 || len(v.Evidence) != 0 || !v.Confidential {
			t.Errorf("the copy: %+v, want no case", v.Consultation)
		}
		for _, l := range p.a.out(t, p.b) {
			if l.Type == leg.TypeConsultOpen && bytes.Contains([]byte(l.Content), []byte(another.ID)) {
				t.Error("the letter names a case that the other platform does not have")
			}
		}
		_, err := p.b.desk.Consultation(t.Context(), hotline.Actor{ID: "o", Role: hotline.Operator, Platform: p.b.node.Platform}, x.Threads[0].ID)
		wantCode(t, err, "consultation_not_found")
		p.say(t, x, "我方意见")
		p.run()
		if s := story(p.host(t, x)); !strings.Contains(s, "我方意见") {
			t.Errorf("the word is not in\n%s", s)
		}
		if list, err := p.b.desk.Cases(t.Context(), p.b.op, desk.Filter{}); err != nil || len(list.Cases) != 0 {
			t.Errorf("the other platform has %d cases, %v, want none", len(list.Cases), err)
		}
		p.agree()
	})
}

// Where people carry the link, they ask the other platform and enter its word.
func TestConsultationByHand(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		link := p.a.peerLink(t, p.b)
		link.Carrier = store.ManualCarrier
		if err := p.a.desk.PutLink(t.Context(), link); err != nil {
			t.Fatal(err)
		}
		n := len(p.a.out(t, p.b))
		x := p.consult(t, p.a.take(t, "测试人工传递的诉求一二三四"), func(n *desk.NewConsultation) { n.Cause = consultation.ByHand })
		if err := p.a.desk.GiveOpinion(t.Context(), p.a.secretary(), x.ID, "platform:"+p.b.node.Platform, "传真所述"); err != nil {
			t.Fatal(err)
		}
		if got := len(p.a.out(t, p.b)); got != n || len(x.Threads) != 0 {
			t.Errorf("%d letters for a link that people carry, %d threads", got-n, len(x.Threads))
		}
	})
}

// A peer names no case of ours that it does not share.
func TestConsultationNamesNoCaseOfOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		mine := p.b.send(t, p.b.take(t, "本平台自己的警情一二三四").ID, desk.Order{To: "unit:540102-police", Ask: "请处置"})
		due := p.clock.Now()
		m := leg.Letter{Type: leg.TypeConsultOpen, Number: 1, Consultation: hotline.NewID(), Cases: map[string]string{p.a.node.Platform: "x", p.b.node.Platform: mine.ID},
			Body: leg.Body{Cause: "novelty", Form: "circle", Parties: []string{"platform:" + p.b.node.Platform}, Due: &due, Interim: "platform:x", Item: "Z9", Region: "某地"}}
		if _, e := p.b.post(t, p.a.forge(t, p.b, m)); e.Type != leg.TypeReceipt {
			t.Fatalf("got %+v, want a receipt: nothing is refused for its meaning", e.Letter)
		}
		v, err := p.b.desk.Consultation(t.Context(), p.b.secretary(), m.Consultation)
		if err != nil || v.CaseID != "" || len(v.Cases) != 0 || v.Cause != "novelty" || v.Region != p.b.node.Region {
			t.Errorf("got %+v, %v, want no case and its words as they came", v.Consultation, err)
		}
	})
}

// The erasure of the case reaches the words at the other platform.
func TestConsultationErased(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试删除的诉求一二三四五六", func(in *desk.In) { in.Category = "A01" })
		x := p.consult(t, c, func(n *desk.NewConsultation) { n.Cause = consultation.ByHand })
		p.run()
		p.say(t, x, "将被删除的意见")
		p.run()
		if _, err := p.a.desk.Close(t.Context(), p.a.op, c.ID, desk.Closing{Outcome: casefile.OnTheSpot}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.a.desk.Erase(t.Context(), p.a.op, c.ID, nil, "当事人申请"); err != nil {
			t.Fatal(err)
		}
		p.run()
		v := p.guest(t, x)
		if !v.Erased || v.State != consultation.Cancelled || v.WrappedKey != nil {
			t.Errorf("there: %+v, erased %v, want erased and ended", v.Consultation, v.Erased)
		}
		if v := p.host(t, x); !v.Erased || v.State != consultation.Cancelled {
			t.Errorf("here: erased %v %s", v.Erased, v.State)
		}
		for _, s := range []*side{p.a, p.b} {
			o := p.b
			if s == p.b {
				o = p.a
			}
			ls, err := s.st.Reader().LettersIn(t.Context(), o.node.Platform, "", 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range ls {
				if l.Sealed != "" {
					t.Errorf("%s keeps the sealed part of %s", s.node.Line, l.Type)
				}
			}
			for _, l := range s.out(t, o) {
				if len(l.Private) > 0 {
					t.Errorf("%s keeps the personal part of %s", s.node.Line, l.Type)
				}
			}
		}
		wantCode(t, p.b.desk.GiveOpinion(t.Context(), p.b.secretary(), x.Threads[0].ID, "", "还想说"), "erased")
		p.agree()
	})
}

// lettersOf are the letters of a case in the ledger, both ways.
func (s *side) lettersOf(t *testing.T, caseID string) []string {
	t.Helper()
	out, err := s.st.Reader().LettersOutOfCase(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.st.Reader().LettersInOfCase(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, l := range out {
		ids = append(ids, l.ID)
	}
	for _, l := range in {
		ids = append(ids, l.ID)
	}
	return ids
}

// forge is a letter as a side could write it whatever its desk allows.
func (s *side) forge(t *testing.T, to *side, m leg.Letter) []byte {
	t.Helper()
	if m.ID == "" {
		m.ID = hotline.NewID()
	}
	m.Schema, m.From, m.To, m.Link, m.Epoch = leg.Schema, s.node.Platform, to.node.Platform, desk.LinkID(s.node.Platform, to.node.Platform), 1
	m.SentAt = s.desk.Now().In(calendar.Zone)
	plain, commitment, err := letter.Plain(leg.Private{Note: "测试伪造"})
	if err != nil {
		t.Fatal(err)
	}
	m.Commitment = commitment
	key := seal.NewCaseKey()
	sealed, err := letter.Wrap(m, letter.SealPrivate(key, m.ID, plain), key, to.keys.Public(to.node.Platform, to.node.Name))
	if err != nil {
		t.Fatal(err)
	}
	content, _, err := letter.Content(m)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := letter.Compose(content, sealed, letter.Signer(s.keys))
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// A copy of a consultation that drifted behind the letters' backs is found by
// both sides, its state and its ruling, and goes from the list when it is mended.
func TestConsultationsCompared(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		x := p.consult(t, p.disputed(t))
		p.run()
		id := x.Threads[0].ID
		compare := func(a, b []string) {
			t.Helper()
			for s, want := range map[*side][]string{p.a: a, p.b: b} {
				if err := s.x.Watch(t.Context()); err != nil {
					t.Fatal(err)
				}
				o := p.a
				if s == p.a {
					o = p.b
				}
				if diff := cmp.Diff(append([]string{}, want...), s.differences(t, o)); diff != "" {
					t.Errorf("%s: differences (-want +got):\n%s", s.node.Line, diff)
				}
			}
		}
		compare(nil, nil)
		p.b.exec(t, `UPDATE consultation SET state = 'cancelled'`)
		p.clock.Add(time.Minute)
		compare([]string{"consultation_state  " + id + " open cancelled"}, []string{"consultation_state  " + id + " cancelled open"})
		if ds, err := p.a.st.Reader().Differences(t.Context(), p.b.node.Platform, 10); err != nil || len(ds) != 1 || ds[0].Consultation != x.ID {
			t.Errorf("the work list says %+v, %v, want the consultation %s", ds, err, x.ID)
		}
		p.b.exec(t, `UPDATE consultation SET ended_at = `+fmt.Sprint(p.clock.Now().Add(time.Hour).UnixMicro())) // after the comparison began: what is happening is no difference
		compare([]string{"consultation_state  " + id + " open cancelled"}, nil)
		p.b.exec(t, `UPDATE consultation SET state = 'open', ended_at = NULL`)
		compare(nil, nil)

		r := consultation.Ruling{Owner: cityUnit, Basis: "测试职责清单第1条", From: p.clock.Now().Truncate(time.Second), Class: "A02"}
		if err := p.a.desk.Rule(t.Context(), p.a.secretary(), x.ID, 1, r, "测试纪要"); err != nil {
			t.Fatal(err)
		}
		compare(nil, nil) // under way
		p.run()
		compare(nil, nil)
		p.clock.Add(time.Minute)
		for _, drift := range []string{`owner = 'unit:540102-housing'`, `basis = '另一条'`, `ruled_class = 'A03'`, `rules_from = rules_from + 1`} {
			p.b.exec(t, `UPDATE consultation SET `+drift)
			compare([]string{"consultation_ruling  " + id + " ruled ruled"}, []string{"consultation_ruling  " + id + " ruled ruled"})
			p.b.exec(t, `UPDATE consultation SET owner = '`+r.Owner+`', basis = '`+r.Basis+`', ruled_class = 'A02', rules_from = `+fmt.Sprint(r.From.UnixMicro()))
			compare(nil, nil)
		}
		for _, table := range []string{"consultation_event", "consultation_party", "consultation_thread", "consultation"} {
			p.b.exec(t, `DELETE FROM `+table)
		}
		compare([]string{"consultation_missing  " + id + " ruled"}, nil) // it has none to ask about
	})
}
