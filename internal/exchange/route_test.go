package exchange

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// A case goes over, is worked, answered, settled, called back and closed, and
// both sides hold the same.
func TestTransferThereAndBack(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "我家门口有人打架，一个人被打伤了，请快点来")
		c = p.a.send(t, c.ID, desk.Order{To: "110", Ask: "请出警"})
		id := c.Legs[0].ID
		p.run()
		if got := p.a.state(t, id); got != leg.Received {
			t.Fatalf("sender's leg is %s, want received", got)
		}
		there := p.b.other(t, id)
		if there.Text != c.Text || there.Region != "540102" {
			t.Errorf("got text %q region %s, want %q 540102", there.Text, there.Region, c.Text)
		}
		p.b.act(t, id, leg.Accept)
		p.b.act(t, id, leg.Progress)
		p.b.act(t, id, leg.Feedback)
		p.run()
		if got := p.a.state(t, id); got != leg.Answered {
			t.Fatalf("sender's leg is %s, want answered", got)
		}
		p.a.act(t, id, leg.Settle)
		if got := p.a.see(t, c.ID).Status; got != casefile.AwaitingCallback {
			t.Errorf("status is %s, want awaiting_callback", got)
		}
		v, err := p.a.desk.Callback(t.Context(), p.a.op, c.ID, desk.Asked{Solved: true, Satisfaction: 2, Scale: 5})
		if err != nil {
			t.Fatal(err)
		}
		if v.Mapped != 1 {
			t.Errorf("2 of 5 is mapped to %d, want 1", v.Mapped)
		}
		if _, err := p.a.desk.Close(t.Context(), p.a.op, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome, Told: "已办结"}); err != nil {
			t.Fatal(err)
		}
		p.run()
		if _, err := p.b.desk.Close(t.Context(), p.b.op, there.ID, desk.Closing{Outcome: casefile.SolvedOutcome}); err != nil {
			t.Fatal(err)
		}
		if k := p.b.kinds(t, there.ID); k["callback"] != 1 || k["settle"] != 1 {
			t.Errorf("110 heard %v, want one callback and one settle", k)
		}
		p.run()
		p.agree()
	})
}

// Each of the 17 classes of 110 goes to 12345, each of the 7 of 12345 to 110,
// and arrives with its class.
func TestEveryClassCrosses(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		for i := 1; i <= 24; i++ {
			from, to, class := p.b, p.a, fmt.Sprintf("A%02d", i)
			if i > 17 {
				from, to, class = p.a, p.b, fmt.Sprintf("B%02d", i-17)
			}
			c := from.take(t, "测试诉求"+class+"请处理一下这个问题", func(in *desk.In) { in.Category = class; in.Urgent = new("") })
			if got := c.Steps[0].Code; got != "transfer_"+to.node.Line {
				t.Errorf("%s on %s: first step is %s, want transfer_%s", class, from.node.Line, got, to.node.Line)
			}
			c = from.send(t, c.ID, desk.Order{To: to.node.Line})
			p.run()
			there := to.other(t, c.Legs[0].ID)
			if there.Category != class || there.Links[from.node.Platform] != c.ID || there.Steps[0].Code != casefile.StepAccept {
				t.Errorf("%s arrived as %s of %v, first step %s", class, there.Category, there.Links, there.Steps[0].Code)
			}
			if got := from.see(t, c.ID).Links[to.node.Platform]; got != there.ID {
				t.Errorf("%s: the sender knows the other case as %q, want %q", class, got, there.ID)
			}
		}
		p.agree()
	})
}

// The 4 urgent classes: one action sends 110, local government and the
// responsible departments, each on its own clock. Gathering waits for a person.
func TestDualDispatch(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		for _, class := range []string{"C1", "C2", "C3", "C4"} {
			c := p.a.take(t, "测试紧急诉求一二三四五六", func(in *desk.In) { in.Urgent = &class })
			if class == "C3" {
				_, err := p.a.desk.Dual(t.Context(), p.a.op, c.ID, nil)
				wantCode(t, err, "danger_missing")
				if got := c.Steps[0].Code; got != casefile.StepDanger {
					t.Errorf("C3: first step is %s, want record_danger", got)
				}
				if _, err := p.a.desk.Decide(t.Context(), p.a.op, c.ID, desk.Decision{Danger: new("有人持棍棒")}); err != nil {
					t.Fatal(err)
				}
			} else if got := c.Steps[0].Code; got != casefile.StepDual {
				t.Errorf("%s: first step is %s, want dual_dispatch", class, got)
			}
			c, err := p.a.desk.Dual(t.Context(), p.a.op, c.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Legs) < 3 {
				t.Fatalf("%s: got %d legs, want 110, government and departments", class, len(c.Legs))
			}
			clocks := map[string]int{}
			for _, k := range c.Clocks {
				clocks[k.LegID]++
			}
			leads := 0
			for _, l := range c.Legs {
				if !l.Urgent || clocks[l.ID] < 3 {
					t.Errorf("%s: leg to %s urgent %v with %d clocks", class, l.HolderName, l.Urgent, clocks[l.ID])
				}
				if l.Role == leg.Lead {
					leads++
					if l.Peer != p.b.node.Platform {
						t.Errorf("%s: %s leads, want 110 until danger is over", class, l.HolderName)
					}
				}
			}
			if leads != 1 {
				t.Errorf("%s: %d leads, want 1", class, leads)
			}
			_, err = p.a.desk.Dual(t.Context(), p.a.op, c.ID, nil)
			wantCode(t, err, "leg_twice")
		}
		p.run()
		p.agree()
	})
}

// The 7 first-response classes: police first, and the rest goes over with what
// they did.
func TestFirstResponse(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		for i := 1; i <= 7; i++ {
			c := p.b.take(t, "测试先期处置诉求请派人看看", func(in *desk.In) { in.Category = "A01"; in.Urgent = new(""); in.FirstResponse = fmt.Sprintf("D%d", i) })
			if got := c.Steps[0].Code; got != casefile.StepFirst {
				t.Fatalf("D%d: first step is %s, want dispatch_first", i, got)
			}
			c = p.b.send(t, c.ID, desk.Order{To: "unit:540102-desk110"})
			police := c.Legs[0].ID
			p.b.act(t, police, leg.Accept)
			p.b.act(t, police, leg.Feedback, func(do *desk.Do) { do.Result = "已设置警戒，人员疏散" })
			c = p.b.see(t, c.ID)
			if got := c.Steps[0].Code; got != casefile.StepRest {
				t.Fatalf("D%d: after feedback the first step is %s, want transfer_rest", i, got)
			}
			p.b.act(t, police, leg.Settle)
			c = p.b.send(t, c.ID, desk.Order{To: "12345", ForLeg: police, Ask: "请修复", PoliceAction: "已设置警戒，人员疏散"})
			p.run()
			there := p.a.other(t, c.Legs[len(c.Legs)-1].ID)
			if got := string(there.Legs[0].Ask); got != "请修复\n公安已做处置：已设置警戒，人员疏散" {
				t.Errorf("D%d: 12345 reads %q, want the ask and what police did", i, got)
			}
		}
		p.agree()
	})
}

// Unclear: a three-way call is recorded and the platform called first keeps the
// case meanwhile. A phone hand-over carries its call, and the seat that took it
// gets the offer in the case it opened.
func TestCalls(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "这个事情说不清楚到底归谁管理")
		yes := true
		call := desk.Call{Kind: "three_way", Parties: []string{"caller", "12345", "110"}, Outcome: "still_unclear", Consent: &yes, CallID: "call-1"}
		if err := p.a.desk.RecordCall(t.Context(), p.a.op, c.ID, "", call); err != nil {
			t.Fatal(err)
		}
		c = p.a.see(t, c.ID)
		if c.Interim != p.a.node.Platform || c.Consent == nil || !*c.Consent {
			t.Errorf("interim owner %s, consent %v; want the platform called first, and consent", c.Interim, c.Consent)
		}

		taken := p.b.take(t, "电话转来的报警内容测试一二三", func(in *desk.In) { in.CallID = "call-2" })
		c = p.a.send(t, c.ID, desk.Order{To: "110", CallID: "call-2", Spoken: true})
		p.run()
		if there := p.b.other(t, c.Legs[0].ID); there.ID != taken.ID {
			t.Errorf("the offer opened case %s, want it adopted by %s", there.ID, taken.ID)
		}
		bad := call
		bad.Outcome = "perhaps"
		wantCode(t, p.a.desk.RecordCall(t.Context(), p.a.op, c.ID, "", bad), "call_outcome_unknown")
		p.agree()
	})
}

// A return makes the sender interim owner; the second opens a dispute, and so
// does contesting one. The case waits for a resolution.
func TestReturns(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试退回诉求一二三四五六七", func(in *desk.In) { in.Category = "A14"; in.Urgent = new("") })
		c = p.a.send(t, c.ID, desk.Order{To: "110"})
		first := c.Legs[0].ID
		p.run()
		there := p.b.other(t, first)
		_, err := p.b.desk.Act(t.Context(), p.b.op, first, desk.Do{Verb: leg.Return, Ground: leg.NotDuty})
		wantCode(t, err, "basis_missing")
		p.b.act(t, first, leg.Return)
		if got := p.b.see(t, there.ID); got.Status != casefile.Closed || got.Outcome != casefile.ReturnedBack {
			t.Errorf("110's case is %s (%s), want closed as returned", got.Status, got.Outcome)
		}
		p.run()
		c = p.a.see(t, c.ID)
		if c.Interim != p.a.node.Platform || c.Returns != 1 || c.Dispute || c.Steps[0].Code != casefile.StepResolve {
			t.Errorf("after a return: interim %s, %d returns, dispute %v, step %s", c.Interim, c.Returns, c.Dispute, c.Steps[0].Code)
		}
		_, err = p.a.desk.Close(t.Context(), p.a.op, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome})
		wantCode(t, err, "leg_open")
		c = p.a.send(t, c.ID, desk.Order{To: "unit:540102-justice", Replaces: first})
		second := c.Legs[len(c.Legs)-1].ID
		p.a.act(t, second, leg.Accept)
		p.a.act(t, second, leg.Return)
		c = p.a.see(t, c.ID)
		if !c.Dispute || c.Returns != 2 || len(c.Disputes) != 1 || c.Disputes[0].Cause != "second_return" {
			t.Errorf("after two returns: dispute %v %v, %d returns", c.Dispute, c.Disputes, c.Returns)
		}
		if err := p.a.desk.Resolve(t.Context(), p.a.op, second); err != nil {
			t.Fatal(err)
		}
		if _, err := p.a.desk.Close(t.Context(), p.a.op, c.ID, desk.Closing{Outcome: casefile.OnTheSpot}); err != nil {
			t.Fatal(err)
		}

		c = p.a.take(t, "测试退回异议诉求一二三四五")
		c = p.a.send(t, c.ID, desk.Order{To: "110"})
		p.run()
		p.b.act(t, c.Legs[0].ID, leg.Return)
		p.run()
		p.a.act(t, c.Legs[0].ID, leg.Contest)
		if c = p.a.see(t, c.ID); !c.Dispute || c.Disputes[0].Cause != "contested" {
			t.Errorf("contested: dispute %v %v", c.Dispute, c.Disputes)
		}
		p.run()
		p.agree()
	})
}

// Withdrawal and extension are asked and answered; before acceptance the
// holder's machine grants, but never on an urgent leg.
func TestAsks(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		send := func(urgent bool) string {
			c := p.a.take(t, "测试撤回诉求一二三四五六七")
			return p.a.send(t, c.ID, desk.Order{To: "110", Urgent: &urgent}).Legs[0].ID
		}
		early, urgent, late := send(false), send(true), send(false)
		p.run()
		p.b.act(t, late, leg.Accept)
		for _, id := range []string{early, urgent, late} {
			p.a.act(t, id, leg.Withdraw)
		}
		p.run()
		for id, want := range map[string]leg.State{early: leg.Withdrawn, urgent: leg.Received, late: leg.Accepted} {
			if a, b := p.a.state(t, id), p.b.state(t, id); a != want || b != want {
				t.Errorf("asked to withdraw: sender has %s, holder %s, want %s", a, b, want)
			}
		}
		p.b.act(t, urgent, leg.Grant)
		p.b.act(t, late, leg.Refuse)
		p.run()
		if a := p.a.state(t, urgent); a != leg.Withdrawn {
			t.Errorf("granted: sender has %s", a)
		}
		if _, err := p.a.desk.Act(t.Context(), p.a.op, late, desk.Do{Verb: leg.Withdraw, Note: "再次请求撤回"}); err != nil {
			t.Errorf("asking again after a refusal: %v", err)
		}
		p.run()
		p.b.act(t, late, leg.Refuse)

		l, err := p.b.desk.Leg(t.Context(), p.b.op, late)
		if err != nil {
			t.Fatal(err)
		}
		due := l.DueAt.AddDate(0, 0, 10)
		_, err = p.b.desk.Act(t.Context(), p.b.op, late, desk.Do{Verb: leg.Extend})
		wantCode(t, err, "due_missing")
		p.b.act(t, late, leg.Extend, func(do *desk.Do) { do.Due = &due })
		p.run()
		p.a.act(t, late, leg.Grant, func(do *desk.Do) { do.Due = &due })
		p.run()
		for _, s := range []*side{p.a, p.b} {
			found := false
			for _, c := range s.other(t, late).Clocks {
				found = found || c.LegID == late && c.Kind == "handling" && c.Due.Equal(due)
			}
			if !found {
				t.Errorf("%s: no handling clock of the leg is due at %v", s.node.Line, due)
			}
		}
		p.agree()
	})
}

// An unsatisfied caller reopens the leg that failed, on both sides.
func TestCallbackReopens(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试回访诉求一二三四五六七")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		p.b.act(t, id, leg.Accept)
		p.b.act(t, id, leg.Feedback)
		p.run()
		p.a.act(t, id, leg.Settle)
		p.run()
		there := p.b.other(t, id)
		if _, err := p.b.desk.Close(t.Context(), p.b.op, there.ID, desk.Closing{Outcome: casefile.SolvedOutcome}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.a.desk.Callback(t.Context(), p.a.op, c.ID, desk.Asked{Solved: false, Satisfaction: 5, Scale: 5, Note: "问题还在"}); err != nil {
			t.Fatal(err)
		}
		p.run()
		if a, b := p.a.state(t, id), p.b.state(t, id); a != leg.Reopened || b != leg.Reopened {
			t.Errorf("sender has %s, holder %s, want reopened", a, b)
		}
		if got := p.b.see(t, there.ID).Status; got != casefile.InProgress {
			t.Errorf("110's closed case is %s, want in_progress", got)
		}
		p.agree()
	})
}

// A unit that meets danger escalates: 110 gets a leg at once, the unit's own
// goes on. A case that comes back to where it came from joins its case there.
func TestEscalation(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.b.take(t, "测试来自110的诉求一二三四五", func(in *desk.In) { in.Category = "A14"; in.Urgent = new("") })
		over := p.b.send(t, c.ID, desk.Order{To: "12345"}).Legs[0].ID
		p.run()
		p.a.act(t, over, leg.Accept)
		there := p.a.other(t, over)
		there = p.a.send(t, there.ID, desk.Order{To: "unit:540102-housing"})
		unit := there.Legs[len(there.Legs)-1].ID
		clerk := hotline.Actor{ID: "clerk", Name: "测试经办", Role: hotline.Clerk, Platform: p.a.node.Platform, Unit: "540102-housing"}
		for _, do := range []desk.Do{{Verb: leg.Accept}, {Verb: leg.Escalate, Note: "现场有人持刀"}} {
			if _, err := p.a.desk.Act(t.Context(), clerk, unit, do); err != nil {
				t.Fatal(err)
			}
		}
		p.run()
		if got := p.a.state(t, unit); got != leg.Accepted {
			t.Errorf("the unit's leg is %s, want it to go on as accepted", got)
		}
		back := p.b.see(t, c.ID)
		var joined *desk.LegView
		for i, l := range back.Legs {
			if l.Incoming() {
				joined = &back.Legs[i]
			}
		}
		if joined == nil || !joined.Urgent || !joined.Looped || back.Urgent == "" {
			t.Errorf("110 has legs %+v, urgent %q; want an urgent incoming leg in the same case, marked as come back", back.Legs, back.Urgent)
		}
		p.agree()
	})
}

// A case that two legs came in for ends here only when both are given back.
func TestReturnOneOfTwo(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.b.take(t, "测试同一诉求两次移交一二三", func(in *desk.In) { in.Category = "A08"; in.Urgent = new("") })
		c = p.b.send(t, c.ID, desk.Order{To: "12345"})
		p.run()
		c = p.b.send(t, c.ID, desk.Order{To: "12345", ForLeg: c.Legs[0].ID})
		p.run()
		there := p.a.other(t, c.Legs[0].ID)
		if len(there.Legs) != 2 {
			t.Fatalf("12345 has %d legs in the case, want the second to join the first", len(there.Legs))
		}
		p.a.act(t, c.Legs[0].ID, leg.Return)
		if got := p.a.see(t, there.ID).Status; got == casefile.Closed {
			t.Error("closed while the other leg waits to be accepted")
		}
		p.a.act(t, c.Legs[1].ID, leg.Return)
		if got := p.a.see(t, there.ID).Status; got != casefile.Closed {
			t.Errorf("after both were returned the case is %s, want closed", got)
		}
		p.run()
		p.agree()
	})
}

// What the caller said last counts on both platforms, also where it was another
// leg that was reopened in between: both figures of the transfer are the same.
func TestTheLastWordOfTheCallerCountsOnBothSides(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试主办单位重办而协办平台不重办的诉求", func(in *desk.In) { in.Category = "A01" })
		c = p.a.send(t, c.ID, desk.Order{To: cityUnit, Role: leg.Lead}, desk.Order{To: "110", Role: leg.Joint})
		local, across := c.Legs[0].ID, c.Legs[1].ID
		if c.Legs[0].Unit == "" {
			local, across = across, local
		}
		clerk := hotline.Actor{ID: "clerk", Name: "测试承办", Role: hotline.Clerk, Platform: p.a.node.Platform, Unit: strings.TrimPrefix(cityUnit, "unit:")}
		answer := func() {
			t.Helper()
			for _, v := range []leg.Verb{leg.Accept, leg.Feedback} {
				lv, err := p.a.desk.Leg(t.Context(), clerk, local)
				if err != nil || v == leg.Accept && lv.State == leg.Reopened {
					continue
				}
				if _, err := p.a.desk.Act(t.Context(), clerk, local, desk.Do{Verb: v, Result: "测试办结"}); err != nil {
					t.Fatal(err)
				}
			}
			p.a.act(t, local, leg.Settle)
		}
		says := func(a desk.Asked) {
			t.Helper()
			p.clock.Add(time.Minute)
			if _, err := p.a.desk.Callback(t.Context(), p.a.op, c.ID, a); err != nil {
				t.Fatal(err)
			}
			p.run()
		}
		p.run()
		p.b.act(t, across, leg.Accept)
		p.b.act(t, across, leg.Feedback)
		p.run()
		p.a.act(t, across, leg.Settle)
		answer()
		p.run()
		says(desk.Asked{Solved: false, Satisfaction: 3, Scale: 3, Leg: local})
		if got := p.b.state(t, across); got != leg.Settled {
			t.Fatalf("the leg of the other platform is %s, want settled: it is not the one that failed", got)
		}
		p.clock.Add(time.Minute)
		answer()
		says(desk.Asked{Solved: true, Satisfaction: 1, Scale: 3})
		for _, s := range []*side{p.a, p.b} {
			boss := hotline.Actor{ID: "boss", Name: "测试督办", Role: hotline.Supervisor, Platform: s.node.Platform}
			st, err := s.desk.Statement(t.Context(), boss, p.clock.Now().In(calendar.Zone).Format("2006-01"), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range assessment.Indicators() {
				if x.Code != assessment.Solved && x.Code != assessment.Satisfied {
					continue
				}
				for _, r := range st.By[assessment.ByPeer] {
					if r.Cells[i] != (assessment.Cell{Num: 1, Den: 1}) {
						t.Errorf("%s: %s of the transfer is %v, want 1 of 1: the caller is content at last", s.node.Line, x.Code, r.Cells[i])
					}
				}
				if len(st.By[assessment.ByPeer]) != 1 {
					t.Errorf("%s: %d platforms in the statement, want one", s.node.Line, len(st.By[assessment.ByPeer]))
				}
			}
		}
	})
}
