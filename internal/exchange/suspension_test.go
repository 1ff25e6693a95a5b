package exchange

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, calendar.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

// handling is the running answer's clock of a leg as a side has it.
func (s *side) handling(t *testing.T, legID string) deadline.Clock {
	t.Helper()
	v := s.other(t, legID)
	for _, c := range v.Clocks {
		if c.LegID == legID && c.Kind == deadline.Handling && c.Running() {
			return c
		}
	}
	t.Fatalf("%s: no running handling clock in %+v", s.node.Line, v.Clocks)
	return deadline.Clock{}
}

func (s *side) ledger(t *testing.T, legID string) []store.Suspension {
	t.Helper()
	out, err := s.desk.Suspensions(t.Context(), s.op, s.other(t, legID).ID)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The sender suspends the answer of a leg that the other platform holds: both
// deadlines move alike and the ledger stands on both sides, with who approved
// it; its early end too; the holder cannot lift it, and asks in the way it asks
// for an extension. A letter that comes twice enters it once.
func TestSuspensionCrosses(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		ctx := t.Context()
		c := p.a.take(t, "测试跨平台中止时限一二三四五", func(in *desk.In) { in.Category = "A14"; in.Urgent = new("") })
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		p.b.act(t, id, leg.Accept)
		p.run()
		was := p.a.handling(t, id).Due
		if there := p.b.handling(t, id).Due; !there.Equal(was) {
			t.Fatalf("before: due %v here and %v there", was, there)
		}
		boss := func(s *side) hotline.Actor {
			return hotline.Actor{ID: "boss" + s.node.Line, Name: "测试督办" + s.node.Line, Role: hotline.Supervisor, Platform: s.node.Platform}
		}
		snow := desk.NewSuspension{LegID: id, Ground: desk.Weather, From: day("2026-03-12"), To: day("2026-03-14"), Note: "测试：高速路口尚未开通"}
		wantCode(t, p.b.desk.Suspend(ctx, boss(p.b), p.b.other(t, id).ID, snow), "suspension_leg")

		// The holder asks, as for an extension; the sender suspends instead.
		later := was.AddDate(0, 0, 9)
		p.b.act(t, id, leg.Extend, func(do *desk.Do) { do.Due, do.Note = &later, "高速路口尚未开通，请求中止" })
		p.run()
		p.faulty(func(wire []byte) ([]byte, fault) {
			if bytes.Contains(wire, []byte(`"suspension"`)) {
				return wire, repeat
			}
			return wire, deliver
		})
		if err := p.a.desk.Suspend(ctx, boss(p.a), c.ID, snow); err != nil {
			t.Fatal(err)
		}
		p.a.act(t, id, leg.Refuse)
		p.run()
		p.calm()
		moved := p.a.handling(t, id).Due
		if got := p.b.handling(t, id).Due; !moved.After(was) || !got.Equal(moved) {
			t.Errorf("due %v here and %v there, want both alike and after %v", moved, got, was)
		}
		here, there := p.a.ledger(t, id), p.b.ledger(t, id)
		if len(here) != 1 || len(there) != 1 || there[0].Ground != desk.Weather || !there[0].From.Equal(here[0].From) || !there[0].To.Equal(here[0].To) ||
			!strings.Contains(there[0].Approver, "测试督办12345") || !strings.Contains(there[0].Approver, p.a.node.Platform) {
			t.Fatalf("ledgers: here %+v, there %+v, want one entry alike", here, there)
		}
		acc, err := p.b.desk.ClockAccount(ctx, p.b.op, p.b.other(t, id).ID, p.b.handling(t, id).ID)
		if err != nil || !slices.ContainsFunc(acc.Account, func(s calendar.Span) bool { return s.Why == calendar.Suspended }) {
			t.Errorf("the holder's account does not name what is suspended: %+v, %v", acc.Account, err)
		}
		es, err := p.b.desk.Events(ctx, p.b.op, p.b.other(t, id).ID, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, e := range es {
			if e.Kind == "suspended" {
				told++
				if text := string(e.Text); !strings.Contains(text, "时限中止") || !strings.Contains(text, "尚未开通") || !strings.Contains(text, moved.In(calendar.Zone).Format("2006-01-02 15:04")) {
					t.Errorf("told in words: %q, want what, why and until when", text)
				}
			}
			if e.Kind == "danger_alarm" {
				t.Error("a suspension reads as danger")
			}
		}
		if told != 1 {
			t.Errorf("told %d times, want once", told)
		}

		// Only the sender ends it early.
		wantCode(t, p.b.desk.EndSuspension(ctx, boss(p.b), p.b.other(t, id).ID, there[0].ID), "suspension_leg")
		p.clock.Add(day("2026-03-12").Add(10 * time.Hour).Sub(p.clock.Now()))
		if err := p.a.desk.EndSuspension(ctx, boss(p.a), c.ID, here[0].ID); err != nil {
			t.Fatal(err)
		}
		p.run()
		if a, b := p.a.handling(t, id).Due, p.b.handling(t, id).Due; !a.Before(moved) || a.Before(was) || !b.Equal(a) {
			t.Errorf("after the early end: due %v here and %v there, want both alike, between %v and %v", a, b, was, moved)
		}
		if here, there := p.a.ledger(t, id), p.b.ledger(t, id); len(there) != 1 || !there[0].To.Equal(here[0].To) {
			t.Errorf("ledgers after the early end: here %+v, there %+v", here, there)
		}
		p.agree()

		// What the other side hears too late moves nothing: it has answered.
		p.faulty(func(wire []byte) ([]byte, fault) {
			if bytes.Contains(wire, []byte(`"suspension"`)) {
				return wire, loseLetter
			}
			return wire, deliver
		})
		works := desk.NewSuspension{LegID: id, Ground: desk.Works, From: day("2026-03-16"), To: day("2026-03-17"), Note: "测试：等停水窗口"}
		if err := p.a.desk.Suspend(ctx, boss(p.a), c.ID, works); err != nil {
			t.Fatal(err)
		}
		p.b.act(t, id, leg.Feedback)
		p.calm()
		p.run()
		if a, b := p.a.state(t, id), p.b.state(t, id); a != leg.Answered || b != leg.Answered {
			t.Errorf("crossed: %s here, %s there, want answered", a, b)
		}
		p.agree()
	})
}

// A leg that people carry is suspended as well: nobody reads a letter of it.
func TestSuspensionOnPaper(t *testing.T) {
	p := newPair(t, "sqlite")
	links, err := p.a.st.Reader().Links(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		l.Carrier = store.ManualCarrier
		if err := p.a.desk.PutLink(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	c := p.a.take(t, "测试人工转交中止时限一二三四", func(in *desk.In) { in.Category = "A14"; in.Urgent = new("") })
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	was := p.a.handling(t, id).Due
	boss := hotline.Actor{ID: "boss", Name: "测试督办", Role: hotline.Supervisor, Platform: p.a.node.Platform}
	if err := p.a.desk.Suspend(t.Context(), boss, c.ID, desk.NewSuspension{LegID: id, Ground: desk.Weather, From: day("2026-03-12"), To: day("2026-03-14"), Note: "测试：高速路口尚未开通"}); err != nil {
		t.Fatal(err)
	}
	if got := p.a.handling(t, id).Due; !got.After(was) {
		t.Errorf("due %v, want it after %v", got, was)
	}
}

// What the letter says in words of any ground is no danger, and no case that
// nobody has read.
func TestSuspensionIsNoDanger(t *testing.T) {
	p := newPair(t, "sqlite")
	c := p.a.take(t, "测试各种中止事由一二三四五", func(in *desk.In) { in.Category = "A14"; in.Urgent = new("") })
	id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
	p.run()
	before := p.b.other(t, id)
	boss := hotline.Actor{ID: "boss", Name: "测试督办", Role: hotline.Supervisor, Platform: p.a.node.Platform}
	for i, ground := range desk.SuspensionGrounds() {
		n := desk.NewSuspension{LegID: id, Ground: ground, From: day("2026-03-12").AddDate(0, 0, i), To: day("2026-03-13").AddDate(0, 0, i), Note: "测试：经批准中止"}
		if err := p.a.desk.Suspend(t.Context(), boss, c.ID, n); err != nil {
			t.Fatal(err)
		}
	}
	p.run()
	after := p.b.other(t, id)
	if k := p.b.kinds(t, after.ID); k["suspended"] != len(desk.SuspensionGrounds()) || k["danger_alarm"] != 0 || after.Unread != before.Unread {
		t.Errorf("got %v, unread %v, want each told and no alarm", k, after.Unread)
	}
}

// The holder asks across platforms, with the letters lost and repeated on the
// way; a click of the sender's supervisor stands in both ledgers and moves both
// deadlines alike. A sender that knows no such ask gives more time.
func TestStopCrosses(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		ctx := t.Context()
		c := p.a.take(t, "测试对方申请中止一二三四五", func(in *desk.In) { in.Category = "A14"; in.Urgent = new("") })
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		p.b.act(t, id, leg.Accept)
		p.run()
		was := p.a.handling(t, id).Due
		p.faulty(func(wire []byte) ([]byte, fault) {
			if bytes.Contains(wire, []byte(`"suspension"`)) {
				return wire, repeat
			}
			return wire, deliver
		})
		p.b.act(t, id, leg.Extend, func(do *desk.Do) {
			do.Note, do.Stop = "测试：高速路口尚未开通", &desk.Stop{Ground: desk.Weather, To: day("2026-03-14")}
		})
		p.run()
		asked := p.a.other(t, id)
		i := slices.IndexFunc(asked.Legs, func(l desk.LegView) bool { return l.ID == id })
		l := asked.Legs[i]
		if l.Pending != leg.Extend || l.Stop == nil || l.Stop.Ground != desk.Weather || !l.Stop.To.Equal(day("2026-03-14")) || !l.Stop.Due.After(was) {
			t.Fatalf("the sender hears %q, %+v", l.Pending, l.Stop)
		}
		boss := hotline.Actor{ID: "boss", Name: "测试督办", Role: hotline.Supervisor, Platform: p.a.node.Platform}
		wantCode(t, p.b.desk.GrantStop(ctx, hotline.Actor{ID: "boss", Name: "测试督办", Role: hotline.Supervisor, Platform: p.b.node.Platform}, id, nil, ""), "suspension_leg")
		if err := p.a.desk.GrantStop(ctx, boss, id, nil, ""); err != nil {
			t.Fatal(err)
		}
		p.run()
		p.calm()
		p.run()
		moved := p.a.handling(t, id).Due
		if got := p.b.handling(t, id).Due; !moved.After(was) || !got.Equal(moved) {
			t.Errorf("due %v here and %v there, want both alike and after %v", moved, got, was)
		}
		here, there := p.a.ledger(t, id), p.b.ledger(t, id)
		if len(here) != 1 || len(there) != 1 || !there[0].From.Equal(here[0].From) || !there[0].To.Equal(day("2026-03-14")) || there[0].Ground != desk.Weather {
			t.Errorf("ledgers: here %+v, there %+v, want one entry alike", here, there)
		}
		for _, s := range []*side{p.a, p.b} {
			v := s.other(t, id)
			for _, l := range v.Legs {
				if l.ID == id && (l.Pending != "" || l.Stop != nil) {
					t.Errorf("%s: the ask is still open: %q, %+v", s.node.Line, l.Pending, l.Stop)
				}
			}
			if k := s.kinds(t, v.ID); k["extend"] != 1 || k["suspended"] != 1 || k["grant"] != 1 || k["danger_alarm"] != 0 {
				t.Errorf("%s: events %v", s.node.Line, k)
			}
		}
		p.agree()

		p.clock.Add(day("2026-03-16").Add(10 * time.Hour).Sub(p.clock.Now()))
		// As a sender of before answers: it takes the ask for one for more time.
		p.b.act(t, id, leg.Extend, func(do *desk.Do) { do.Stop = &desk.Stop{Ground: desk.Works, To: day("2026-03-21")} })
		p.run()
		later := day("2026-04-10").Add(18 * time.Hour)
		p.a.act(t, id, leg.Grant, func(do *desk.Do) { do.Due = &later })
		p.run()
		if a, b := p.a.handling(t, id).Due, p.b.handling(t, id).Due; !a.Equal(later) || !b.Equal(later) || len(p.b.ledger(t, id)) != 1 {
			t.Errorf("due %v here and %v there, want %v on both, and no entry more", a, b, later)
		}
		p.agree()
	})
}
