package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// unit and senderDesk say who acts in a script.
const (
	unit       = "unit"
	senderDesk = "desk"
)

// Local legs: a script of verbs by the unit and the desk, and where it ends.
// A last verb with a code is refused and changes nothing.
func TestLocalLegs(t *testing.T) {
	type step struct {
		by   string
		verb leg.Verb
	}
	u := func(vs ...leg.Verb) (out []step) {
		for _, v := range vs {
			out = append(out, step{unit, v})
		}
		return out
	}
	d := func(vs ...leg.Verb) (out []step) {
		for _, v := range vs {
			out = append(out, step{senderDesk, v})
		}
		return out
	}
	join := func(parts ...[]step) (out []step) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	tests := []struct {
		what   string
		urgent bool
		steps  []step
		state  leg.State
		code   string
	}{
		{"received at once", false, nil, leg.Received, ""},
		{"accepted", false, u(leg.Accept), leg.Accepted, ""},
		{"worked and answered", false, u(leg.Accept, leg.Progress, leg.Progress, leg.Feedback), leg.Answered, ""},
		{"answered without progress", false, u(leg.Accept, leg.Feedback), leg.Answered, ""},
		{"settled", false, join(u(leg.Accept, leg.Feedback), d(leg.Settle)), leg.Settled, ""},
		{"answer not enough", false, join(u(leg.Accept, leg.Feedback), d(leg.Reopen)), leg.Reopened, ""},
		{"settled and reopened", false, join(u(leg.Accept, leg.Feedback), d(leg.Settle, leg.Reopen), u(leg.Progress, leg.Feedback), d(leg.Settle)), leg.Settled, ""},
		{"returned", false, u(leg.Return), leg.Returned, ""},
		{"returned after acceptance", false, u(leg.Accept, leg.Return), leg.Returned, ""},
		{"withdrawn before acceptance", false, d(leg.Withdraw), leg.Withdrawn, ""},
		{"urgent: a person answers", true, d(leg.Withdraw), leg.Received, ""},
		{"urgent: granted", true, join(d(leg.Withdraw), u(leg.Grant)), leg.Withdrawn, ""},
		{"withdrawal granted", false, join(u(leg.Accept), d(leg.Withdraw), u(leg.Grant)), leg.Withdrawn, ""},
		{"withdrawal refused", false, join(u(leg.Accept), d(leg.Withdraw), u(leg.Refuse)), leg.Accepted, ""},
		{"asked back again after a refusal", false, join(u(leg.Accept), d(leg.Withdraw), u(leg.Refuse), d(leg.Withdraw), u(leg.Grant)), leg.Withdrawn, ""},
		{"the desk enters what the unit told it", false, d(leg.Accept, leg.Progress, leg.Feedback, leg.Settle), leg.Settled, ""},
		{"extension granted", false, join(u(leg.Accept, leg.Extend), d(leg.Grant)), leg.Accepted, ""},
		{"extension refused", false, join(u(leg.Accept, leg.Extend), d(leg.Refuse)), leg.Accepted, ""},
		{"events", false, join(u(leg.Supplement, leg.Call), d(leg.Urge, leg.Supplement, leg.Call)), leg.Received, ""},
		{"contested", false, join(u(leg.Return), d(leg.Contest)), leg.Returned, ""},

		{"twice accepted", false, u(leg.Accept, leg.Accept), leg.Accepted, "move_refused"},
		{"answered before acceptance", false, u(leg.Feedback), leg.Received, "move_refused"},
		{"progress before acceptance", false, u(leg.Progress), leg.Received, "move_refused"},
		{"returned after work began", false, u(leg.Accept, leg.Progress, leg.Return), leg.Working, "move_refused"},
		{"settled before an answer", false, join(u(leg.Accept), d(leg.Settle)), leg.Accepted, "move_refused"},
		{"accepted after return", false, u(leg.Return, leg.Accept), leg.Returned, "move_refused"},
		{"asked back after the answer", false, join(u(leg.Accept, leg.Feedback), d(leg.Withdraw)), leg.Answered, "move_refused"},
		{"settled by the unit", false, u(leg.Accept, leg.Feedback, leg.Settle), leg.Answered, "denied"},
		{"reopened by the unit", false, u(leg.Accept, leg.Feedback, leg.Reopen), leg.Answered, "denied"},
		{"granted unasked", false, join(u(leg.Accept), d(leg.Grant)), leg.Accepted, "nothing_asked"},
		{"its own extension granted by the unit", false, u(leg.Accept, leg.Extend, leg.Grant), leg.Accepted, "nothing_asked"},
		{"two asks", false, join(u(leg.Accept, leg.Extend), d(leg.Withdraw)), leg.Accepted, "ask_pending"},
		{"contested twice", false, join(u(leg.Return), d(leg.Contest, leg.Contest)), leg.Returned, "already_contested"},
		{"contested by the unit", false, u(leg.Return, leg.Contest), leg.Returned, "move_refused"},
		{"urged by the unit", false, u(leg.Urge), leg.Received, "move_refused"},
		{"a machine's verb", false, u(leg.Receive), leg.Received, "not_your_move"},
		{"void", false, d(leg.Void), leg.Received, "not_your_move"},
		{"send", false, d(leg.Send), leg.Received, "not_your_move"},
		{"callback", false, d(leg.Callback), leg.Received, "not_your_move"},
		{"no verb at all", false, d("juggle"), leg.Received, "verb_unknown"},
	}
	onBoth(t, func(t *testing.T, w *world) {
		for _, tt := range tests {
			order := to("unit:" + housing)
			order.Urgent = &tt.urgent
			c, l := w.sent(order)
			for i, s := range tt.steps {
				a := w.lead
				if s.by == unit {
					a = w.clerk(housing)
				}
				x := do(s.verb)
				if s.verb == leg.Extend || s.verb == leg.Grant && w.leg(l.ID).Pending == leg.Extend {
					x.Due = ptr(w.clock.Now().AddDate(0, 1, 0))
				}
				before := len(w.events(c.ID))
				_, err := w.Act(t.Context(), a, l.ID, x)
				if i == len(tt.steps)-1 && tt.code != "" {
					wantCode(t, tt.what, err, tt.code)
					if after := len(w.events(c.ID)); after != before {
						t.Errorf("%s: refused, and %d events recorded", tt.what, after-before)
					}
				} else if err != nil {
					t.Fatalf("%s: %s: %v", tt.what, s.verb, err)
				}
			}
			if got := w.leg(l.ID).State; got != tt.state {
				t.Errorf("%s: got %s, want %s", tt.what, got, tt.state)
			}
		}
	})
}

// Each verb wants its texts, and refuses those that cannot be kept.
func TestActRefusesWhatIsMissing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		c, l := w.sent(to("unit:" + housing))
		w.act(w.clerk(housing), l.ID, leg.Accept)
		before, events := w.see(c.ID), len(w.events(c.ID))
		past := w.clock.Now().Add(-time.Hour)
		for _, tt := range []struct {
			what        string
			verb        leg.Verb
			change      func(*desk.Do)
			code, field string
		}{
			{"no ground", leg.Return, func(d *desk.Do) { d.Ground = "" }, "ground_unknown", "ground"},
			{"another ground", leg.Return, func(d *desk.Do) { d.Ground = "tired" }, "ground_unknown", "ground"},
			{"no basis", leg.Return, func(d *desk.Do) { d.Basis = "" }, "basis_missing", "basis"},
			{"basis of two lines", leg.Return, func(d *desk.Do) { d.Basis = "a\nb" }, "text_control", "basis"},
			{"long owner", leg.Return, func(d *desk.Do) { d.NextOwner = strings.Repeat("长", 201) }, "text_long", "next_owner"},
			{"no result", leg.Feedback, func(d *desk.Do) { d.Result = "" }, "result_missing", "result"},
			{"blank result", leg.Feedback, func(d *desk.Do) { d.Result = "\u3000 " }, "text_empty", "result"},
			{"long result", leg.Feedback, func(d *desk.Do) { d.Result = strings.Repeat("长", 4001) }, "text_long", "result"},
			{"rest leg", leg.Feedback, func(d *desk.Do) { d.RestLeg = "a\x00" }, "text_control", "rest_leg"},
			{"supplement of nothing", leg.Supplement, func(d *desk.Do) { d.Note = "" }, "note_missing", "note"},
			{"withdrawal without why", leg.Withdraw, func(d *desk.Do) { d.Note = "" }, "note_missing", "note"},
			{"escalation without why", leg.Escalate, func(d *desk.Do) { d.Note = "" }, "note_missing", "note"},
			{"note not UTF-8", leg.Progress, func(d *desk.Do) { d.Note = "\xff" }, "text_encoding", "note"},
			{"extension without a day", leg.Extend, func(d *desk.Do) { d.Due = nil }, "due_missing", "due"},
			{"extension to the past", leg.Extend, func(d *desk.Do) { d.Due = &past }, "due_past", "due"},
			{"extension to the same day", leg.Extend, func(d *desk.Do) { d.Due = ptr(w.leg(l.ID).DueAt) }, "due_past", "due"},
			{"call without a call", leg.Call, func(d *desk.Do) { d.Call = nil }, "call_kind_unknown", "call"},
			{"call of no kind", leg.Call, func(d *desk.Do) { d.Call.Kind = "chat" }, "call_kind_unknown", "kind"},
			{"call without outcome", leg.Call, func(d *desk.Do) { d.Call.Outcome = "" }, "call_outcome_unknown", "outcome"},
			{"call to come", leg.Call, func(d *desk.Do) { d.Call.At = w.clock.Now().Add(time.Hour) }, "occurred_in_future", "at"},
			{"call with a number", leg.Call, func(d *desk.Do) { d.Call.Parties = []string{"13900000001"} }, "personal_here", "parties"},
			{"call of a crowd", leg.Call, func(d *desk.Do) { d.Call.Parties = make([]string, 21) }, "text_long", "parties"},
			{"call id", leg.Call, func(d *desk.Do) { d.Call.CallID = "a\nb" }, "text_control", "call_id"},
		} {
			_, err := w.Act(t.Context(), w.lead, l.ID, do(tt.verb, func(d *desk.Do) { d.Due = ptr(w.clock.Now().AddDate(0, 2, 0)) }, tt.change))
			wantField(t, tt.what, err, tt.code, tt.field)
		}
		if diff := cmp.Diff(before, w.see(c.ID)); diff != "" || len(w.events(c.ID)) != events {
			t.Errorf("refusals changed the case (-before +after):\n%s", diff)
		}
		_, err := w.Act(t.Context(), w.lead, "nothing", do(leg.Accept))
		wantCode(t, "no such leg", err, "leg_not_found")
	})
}

// The first return makes the desk interim owner; from the second a dispute is
// open beside it; each wants a resolution before the case closes.
func TestReturnsAndDisputes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c, l := w.sent(to("unit:" + housing))
		caseDue := c.DueAt
		for _, k := range c.Clocks {
			if k.Kind == "case" {
				caseDue = k.Due
			}
		}
		got := w.act(w.clerk(housing), l.ID, leg.Return)
		if got.Ground != leg.NotDuty || got.Basis == "" || got.NextOwner == "" {
			t.Errorf("return: got ground %q, basis %q, next owner %q", got.Ground, got.Basis, got.NextOwner)
		}
		v := w.see(c.ID)
		if v.Returns != 1 || v.Dispute || v.Interim != "540000-12345" || len(v.Disputes) != 0 {
			t.Errorf("first return: got %d returns, dispute %v, interim %s", v.Returns, v.Dispute, v.Interim)
		}
		_, err := w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.Explained})
		wantCode(t, "closed with an unresolved return", err, "leg_open")

		// Later another unit gets it: never due later than the case.
		w.clock.Add(5 * time.Hour)
		_, err = w.SendLegs(ctx, w.lead, c.ID, nil, []desk.Order{{To: "unit:" + urban, Replaces: "nothing"}})
		wantCode(t, "successor of nothing", err, "replaces_wrong")
		v = w.send(c.ID, desk.Order{To: "unit:" + urban, Replaces: l.ID})
		if old := w.leg(l.ID); old.Resolution != leg.BySuccessor || old.Successor == "" {
			t.Errorf("resolution: got %q by %q", old.Resolution, old.Successor)
		}
		for _, k := range v.Clocks {
			if k.LegID == v.Legs[1].ID && k.Due.After(caseDue) {
				t.Errorf("successor's %s clock: got due %v, want none later than the case's %v", k.Kind, k.Due, caseDue)
			}
		}
		_, err = w.SendLegs(ctx, w.lead, c.ID, nil, []desk.Order{{To: "unit:" + housing, Replaces: l.ID}})
		wantCode(t, "a second successor", err, "replaces_wrong")

		w.act(w.clerk(urban), v.Legs[1].ID, leg.Return)
		v = w.see(c.ID)
		if v.Returns != 2 || !v.Dispute || len(v.Disputes) != 1 || v.Disputes[0].Cause != "second_return" {
			t.Errorf("second return: got %d returns, disputes %+v", v.Returns, v.Disputes)
		}
		if l := must(w.Cases(ctx, w.lead, desk.Filter{Dispute: true}))(t); len(l.Cases) != 1 || l.Cases[0].ID != c.ID {
			t.Errorf("list of disputes: got %d", len(l.Cases))
		}
		if err := w.Resolve(ctx, w.lead, v.Legs[1].ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "resolved twice", w.Resolve(ctx, w.lead, v.Legs[1].ID), "not_kept")
		wantCode(t, "resolved by a unit", w.Resolve(ctx, w.clerk(urban), v.Legs[1].ID), "denied")
		v = must(w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.Explained, Told: "请向上级反映"}))(t)
		if v.Dispute || v.Disputes[0].ClosedAt.IsZero() || v.Status != casefile.Closed || v.Told == "" {
			t.Errorf("closed: got dispute %v, %+v, status %s", v.Dispute, v.Disputes, v.Status)
		}

		// Contested at the first return: a dispute at once, and only one.
		c, l = w.sent(to("unit:" + housing))
		w.act(w.clerk(housing), l.ID, leg.Return)
		w.act(w.lead, l.ID, leg.Contest)
		if v := w.see(c.ID); !v.Dispute || len(v.Disputes) != 1 || v.Disputes[0].Cause != "contested" {
			t.Errorf("contested: got %+v", v.Disputes)
		}
	})
}

// A unit that meets danger: 110 gets a leg at once, its own goes on.
func TestEscalation(t *testing.T) {
	for _, tt := range []struct{ line, unit, to string }{
		{"12345", housing, "540000-110"},
		{"110", "540102-police", "540102-desk110"},
	} {
		for _, engine := range engines {
			t.Run(tt.line+" "+engine, func(t *testing.T) {
				w := newWorld(t, engine, tt.line)
				c, l := w.sent(to("unit:" + tt.unit))
				a := w.clerk(tt.unit)
				w.act(a, l.ID, leg.Accept)
				if got := w.act(a, l.ID, leg.Escalate).State; got != leg.Accepted {
					t.Errorf("its own leg: got %s, want accepted", got)
				}
				v := w.see(c.ID)
				if v.Urgent != "C4" || v.Level != casefile.LifeNow || v.UrgentBy != a.ID || len(v.Legs) != 2 {
					t.Fatalf("case: got urgent %q by %q, level %d, %d legs", v.Urgent, v.UrgentBy, v.Level, len(v.Legs))
				}
				o := v.Legs[1]
				if o.Unit+o.Peer != tt.to || !o.Urgent || o.Role != leg.Lead || o.ForLeg != l.ID || o.Ask == "" {
					t.Errorf("leg to 110: got to %q, urgent %v, role %s, for %q, ask %q", o.Unit+o.Peer, o.Urgent, o.Role, o.ForLeg, o.Ask)
				}
				if k := w.kinds(c.ID); k["escalate"] != 1 || k["send"] != 2 {
					t.Errorf("events: got %v", k)
				}
			})
		}
	}
}

func TestExtensions(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, a := t.Context(), w.clerk(housing)
		c, l := w.sent(to("unit:" + housing))
		w.act(a, l.ID, leg.Accept)
		_, caseDue, _ := caseClock(w.see(c.ID), "case")
		handling := func() (due time.Time, budget string) {
			for _, k := range w.see(c.ID).Clocks {
				if k.LegID == l.ID && k.Kind == "handling" {
					return k.Due, k.Budget
				}
			}
			t.Fatal("no handling clock")
			return
		}
		was, _ := handling()
		asked := was.AddDate(0, 0, 3)
		if _, err := w.Act(ctx, a, l.ID, do(leg.Extend, func(d *desk.Do) { d.Due = &asked })); err != nil {
			t.Fatal(err)
		}
		if due, _ := handling(); !due.Equal(was) {
			t.Errorf("asked and not granted: got %v, want %v", due, was)
		}
		_, err := w.Act(ctx, w.lead, l.ID, do(leg.Grant))
		wantField(t, "granted without a day", err, "due_missing", "due")
		_, err = w.Act(ctx, w.lead, l.ID, do(leg.Grant, func(d *desk.Do) { d.Due = ptr(w.clock.Now().Add(-time.Hour)) }))
		wantField(t, "granted into the past", err, "due_past", "due")
		_, err = w.Act(ctx, w.lead, l.ID, do(leg.Grant, func(d *desk.Do) { d.Due = ptr(was.AddDate(0, 0, 60)) }))
		wantField(t, "granted far beyond", err, "extend_too_long", "due")
		if due, _ := handling(); !due.Equal(was) {
			t.Errorf("refused, and it is due %v, want %v", due, was)
		}
		granted := asked.AddDate(0, 0, -1)
		if _, err := w.Act(ctx, w.lead, l.ID, do(leg.Grant, func(d *desk.Do) { d.Due = &granted })); err != nil {
			t.Fatal(err)
		}
		if due, _ := handling(); !due.Equal(granted) {
			t.Errorf("granted: got %v, want %v", due, granted)
		}
		if _, due, running := caseClock(w.see(c.ID), "case"); !due.Equal(caseDue) || !running {
			t.Errorf("the case's own clock: got %v, want %v", due, caseDue)
		}
		again := granted.AddDate(0, 0, 1)
		_, err = w.Act(ctx, a, l.ID, do(leg.Extend, func(d *desk.Do) { d.Due = &again }))
		wantCode(t, "asked a second time", err, "extend_twice")
		w.clock.Add(60 * 24 * time.Hour)
		_, err = w.Act(ctx, a, l.ID, do(leg.Extend, func(d *desk.Do) { d.Due = ptr(w.clock.Now().AddDate(0, 1, 0)) }))
		wantCode(t, "asked after the deadline", err, "extend_too_late")
	})
}

func TestReopenWindow(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for after, code := range map[time.Duration]string{29 * 24 * time.Hour: "", 30*24*time.Hour + time.Minute: "reopen_too_late"} {
			c, l := w.sent(to("unit:" + housing))
			settled := w.act(w.lead, l.ID, leg.Accept, leg.Feedback, leg.Settle)
			if want := settled.MovedAt.Add(leg.ReopenFor); !settled.ReopenUntil.Equal(want) {
				t.Errorf("window: got until %v, want %v", settled.ReopenUntil, want)
			}
			must(w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome}))(t)
			w.clock.Add(after)
			_, err := w.Act(ctx, w.lead, l.ID, do(leg.Reopen))
			v := w.see(c.ID)
			if code != "" {
				wantCode(t, "after the window", err, code)
				if v.Status != casefile.Closed {
					t.Errorf("after the window: got %s, want closed", v.Status)
				}
				continue
			}
			if err != nil || v.Status != casefile.InProgress || v.Outcome != "" || !v.ClosedAt.IsZero() || w.kinds(c.ID)["reopened_case"] != 1 {
				t.Errorf("within the window: got %v, %s, outcome %q", err, v.Status, v.Outcome)
			}
			running := 0
			for _, k := range v.Clocks {
				if k.LegID == l.ID && k.Kind == "handling" && k.Running() {
					running++
				}
			}
			if running != 1 {
				t.Errorf("reopened: got %d running handling clocks, want 1", running)
			}
		}
	})
}

// The caller is asked; both scales are kept raw and mapped; who is not content
// has the failed leg reopened.
func TestCallbacks(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		settled := func(orders ...desk.Order) desk.CaseView {
			v := w.send(w.take(plain).ID, orders...)
			for _, l := range v.Legs {
				w.act(w.lead, l.ID, leg.Accept, leg.Feedback, leg.Settle)
			}
			return w.see(v.ID)
		}
		for _, tt := range []struct {
			asked  desk.Asked
			mapped int
			reopen bool
			code   string
		}{
			{desk.Asked{Solved: true}, 0, false, ""},
			{desk.Asked{Solved: true, Satisfaction: 1, Scale: 3}, 1, false, ""},
			{desk.Asked{Solved: true, Satisfaction: 2, Scale: 3}, 2, false, ""},
			{desk.Asked{Solved: true, Satisfaction: 3, Scale: 3}, 3, true, ""},
			{desk.Asked{Solved: true, Satisfaction: 2, Scale: 5}, 1, false, ""},
			{desk.Asked{Solved: true, Satisfaction: 3, Scale: 5}, 2, false, ""},
			{desk.Asked{Solved: true, Satisfaction: 4, Scale: 5}, 3, true, ""},
			{desk.Asked{Solved: true, Satisfaction: 5, Scale: 5}, 3, true, ""},
			{desk.Asked{Solved: false}, 0, true, ""},
			{desk.Asked{Solved: false, Satisfaction: 1, Scale: 3}, 1, true, ""},
			{desk.Asked{Solved: true, Satisfaction: 0, Scale: 3}, 0, false, "satisfaction_range"},
			{desk.Asked{Solved: true, Satisfaction: 4, Scale: 3}, 0, false, "satisfaction_range"},
			{desk.Asked{Solved: true, Satisfaction: 6, Scale: 5}, 0, false, "satisfaction_range"},
			{desk.Asked{Solved: true, Satisfaction: -1, Scale: 5}, 0, false, "satisfaction_range"},
			{desk.Asked{Solved: true, Satisfaction: 1, Scale: 10}, 0, false, "scale_unknown"},
			{desk.Asked{Solved: true, Satisfaction: 1}, 0, false, "scale_unknown"},
			{desk.Asked{Solved: true, Note: " "}, 0, false, "text_empty"},
			{desk.Asked{Solved: false, Leg: "nothing"}, 0, false, "leg_not_found"},
		} {
			what := fmt.Sprintf("%+v", tt.asked)
			c := settled(to("unit:" + housing))
			if c.Status != casefile.AwaitingCallback {
				t.Fatalf("settled: got %s", c.Status)
			}
			if _, _, running := caseClock(c, "callback"); !running {
				t.Errorf("settled: no call-back clock runs")
			}
			v, err := w.Callback(ctx, w.lead, c.ID, tt.asked)
			if tt.code != "" {
				wantCode(t, what, err, tt.code)
				if again := w.see(c.ID); again.Solved != nil || again.Version != c.Version {
					t.Errorf("%s: refused, and kept %+v", what, again.Case)
				}
				continue
			}
			if err != nil || *v.Solved != tt.asked.Solved || v.Satisfaction != tt.asked.Satisfaction || v.Scale != tt.asked.Scale || v.Mapped != tt.mapped {
				t.Errorf("%s: got %+v, %v", what, v.Case, err)
			}
			state, status := leg.Settled, casefile.AwaitingCallback
			if tt.reopen {
				state, status = leg.Reopened, casefile.InProgress
			}
			if v.Legs[0].State != state || v.Status != status {
				t.Errorf("%s: got the leg %s and the case %s, want %s and %s", what, v.Legs[0].State, v.Status, state, status)
			}
			if _, _, running := caseClock(v, "callback"); running {
				t.Errorf("%s: the call-back clock still runs", what)
			}
		}

		// Of several legs the one named fails, else the lead.
		for _, named := range []bool{true, false} {
			c := settled(to("unit:"+housing), to("unit:"+urban))
			asked, want := desk.Asked{}, 0
			if named {
				asked.Leg, want = c.Legs[1].ID, 1
			}
			v := must(w.Callback(ctx, w.lead, c.ID, asked))(t)
			if v.Legs[want].State != leg.Reopened || v.Legs[1-want].State != leg.Settled {
				t.Errorf("named %v: got %s and %s", named, v.Legs[0].State, v.Legs[1].State)
			}
			_, err := w.Callback(ctx, w.lead, c.ID, desk.Asked{Solved: true})
			wantCode(t, "asked while it is worked on again", err, "callback_not_yet")
			// Worked on again and asked again.
			w.act(w.lead, v.Legs[want].ID, leg.Feedback, leg.Settle)
			v = must(w.Callback(ctx, w.lead, c.ID, desk.Asked{Solved: true, Satisfaction: 1, Scale: 3}))(t)
			if v.Status != casefile.AwaitingCallback || !*v.Solved {
				t.Errorf("asked again: got %s, solved %v", v.Status, *v.Solved)
			}
		}
		c := settled(to("unit:"+housing), to("unit:"+urban))
		w.act(w.lead, c.Legs[0].ID, leg.Reopen)
		w.act(w.lead, c.Legs[0].ID, leg.Withdraw)
		w.act(w.clerk(housing), c.Legs[0].ID, leg.Grant)
		_, err := w.Callback(ctx, w.lead, c.ID, desk.Asked{Leg: c.Legs[0].ID})
		wantCode(t, "a leg that was withdrawn", err, "leg_not_failed")
		_, err = w.Callback(ctx, w.lead, w.take(plain).ID, desk.Asked{Solved: true})
		wantCode(t, "nothing was done yet", err, "callback_not_yet")
	})
}

func TestClosing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		closing := func(id string, o casefile.Outcome, told string) error {
			_, err := w.Close(ctx, w.lead, id, desk.Closing{Outcome: o, Told: told})
			return err
		}
		c := w.take(plain)
		wantCode(t, "no outcome", closing(c.ID, "", ""), "outcome_unknown")
		wantCode(t, "another outcome", closing(c.ID, "great", ""), "outcome_unknown")
		wantCode(t, "told nothing", closing(c.ID, casefile.OnTheSpot, "\t"), "text_empty")
		wantCode(t, "told too much", closing(c.ID, casefile.OnTheSpot, strings.Repeat("长", 4001)), "text_long")
		if err := closing(c.ID, casefile.OnTheSpot, "已当场答复，请拨打测试电话"); err != nil {
			t.Fatal(err)
		}
		v := w.see(c.ID)
		if v.Status != casefile.Closed || v.Outcome != casefile.OnTheSpot || v.Told == "" || !v.DueAt.IsZero() || len(v.Steps) != 0 {
			t.Errorf("closed: got %s, %s, told %q, due %v", v.Status, v.Outcome, v.Told, v.DueAt)
		}
		for _, k := range v.Clocks {
			if k.Running() {
				t.Errorf("closed: the %s clock still runs", k.Kind)
			}
		}
		wantCode(t, "closed twice", closing(c.ID, casefile.OnTheSpot, ""), "case_closed")
		_, err := w.SendLegs(ctx, w.lead, c.ID, nil, []desk.Order{to("110")})
		wantCode(t, "sent on", err, "case_closed")
		_, err = w.Decide(ctx, w.lead, c.ID, desk.Decision{Category: ptr("A02")})
		wantCode(t, "decided", err, "case_closed")

		for state, verbs := range map[leg.State][]leg.Verb{
			leg.Received: {}, leg.Accepted: {leg.Accept}, leg.Working: {leg.Accept, leg.Progress},
			leg.Answered: {leg.Accept, leg.Feedback}, leg.Reopened: {leg.Accept, leg.Feedback, leg.Reopen}, leg.Returned: {leg.Return},
		} {
			c, l := w.sent(to("unit:" + housing))
			w.act(w.lead, l.ID, verbs...)
			err := closing(c.ID, casefile.SolvedOutcome, "")
			wantCode(t, "a leg is "+string(state), err, "leg_open")
			if s := w.see(c.ID).Status; s != casefile.InProgress {
				t.Errorf("a leg is %s: got %s", state, s)
			}
		}
		for what, verbs := range map[string][]leg.Verb{"settled": {leg.Accept, leg.Feedback, leg.Settle}, "withdrawn": {leg.Withdraw}} {
			c, l := w.sent(to("unit:" + housing))
			w.act(w.lead, l.ID, verbs...)
			if err := closing(c.ID, casefile.SolvedOutcome, ""); err != nil {
				t.Errorf("every leg is %s: %v", what, err)
			}
		}
	})
}

// What cannot be delivered wants a resolution; then nothing of it runs on.
func TestUndeliverable(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, kept := range []bool{true, false} {
			c, l := w.sent(to("110"))
			_, err := w.SendLegs(ctx, w.lead, c.ID, nil, []desk.Order{to("110")})
			wantCode(t, "twice to 110", err, "leg_twice")
			out := must(w.st.Reader().LettersOutOfCase(ctx, c.ID))(t)
			w.clock.Add(8 * 24 * time.Hour)
			if err := w.GiveUp(ctx, w.links["110"], out[0]); err != nil {
				t.Fatal(err)
			}
			if got := w.leg(l.ID); got.State != leg.Sent || !got.Undeliverable {
				t.Fatalf("given up: got %s, undeliverable %v", got.State, got.Undeliverable)
			}
			_, err = w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.Explained})
			wantCode(t, "closed without a resolution", err, "leg_open")
			if !kept {
				v := w.send(c.ID, desk.Order{To: "unit:" + housing, Replaces: l.ID})
				w.act(w.lead, v.Legs[1].ID, leg.Withdraw)
			} else if err := w.Resolve(ctx, w.lead, l.ID); err != nil {
				t.Fatal(err)
			}
			for _, k := range w.see(c.ID).Clocks {
				if k.LegID == l.ID && k.Running() {
					t.Errorf("resolved (kept %v): its %s clock still runs", kept, k.Kind)
				}
			}
			v := must(w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.Explained}))(t)
			if !v.DueAt.IsZero() {
				t.Errorf("closed: still due at %v", v.DueAt)
			}
		}
		if over := must(w.Cases(ctx, w.lead, desk.Filter{Overdue: true}))(t); len(over.Cases) != 0 {
			t.Errorf("closed cases in the list of overdue ones: %d", len(over.Cases))
		}
	})
}

// Repeats are grouped and ungrouped; the lead's end may be the others'.
func TestGroups(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, b, c, d := w.take(plain).ID, w.take(plain).ID, w.take(plain).ID, w.take(plain).ID
		groups := func() []string {
			var out []string
			for _, id := range []string{a, b, c, d} {
				g := w.see(id).GroupID
				out = append(out, map[string]string{"": "", a: "a", b: "b", c: "c", d: "d"}[g])
			}
			return out
		}
		want := func(what string, g ...string) {
			t.Helper()
			if diff := cmp.Diff(g, groups()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		group := func(lead string, others ...string) {
			t.Helper()
			if err := w.Group(ctx, w.lead, lead, others); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, "alone", w.Group(ctx, w.lead, a, nil), "group_self")
		wantCode(t, "with itself", w.Group(ctx, w.lead, a, []string{b, a}), "group_self")
		wantCode(t, "with nothing", w.Group(ctx, w.lead, a, []string{b, "nothing"}), "case_not_found")
		want("refused", "", "", "", "")

		group(b, c)
		want("two", "", "b", "b", "")
		group(a, b)
		want("a lead brings its own along", "a", "a", "a", "")
		if v := w.see(c); len(v.Group) != 3 || v.Group[0].ID != a {
			t.Errorf("group: got %d cases", len(v.Group))
		}
		if err := w.Ungroup(ctx, w.lead, c); err != nil {
			t.Fatal(err)
		}
		want("one leaves", "a", "a", "", "")
		if err := w.Ungroup(ctx, w.lead, b); err != nil {
			t.Fatal(err)
		}
		want("nobody but the lead", "", "", "", "")
		group(a, b, c)
		if err := w.Ungroup(ctx, w.lead, a); err != nil {
			t.Fatal(err)
		}
		want("without its lead", "", "", "", "")
		if err := w.Ungroup(ctx, w.lead, a); err != nil {
			t.Errorf("nothing to leave: %v", err)
		}

		// The end of a follower ends nobody else; the lead's does, but for those with open legs.
		group(a, b, c, d)
		w.send(c, to("unit:"+housing))
		must(w.Close(ctx, w.lead, b, desk.Closing{Outcome: casefile.SolvedOutcome, Group: true}))(t)
		if w.see(a).Status == casefile.Closed {
			t.Error("a follower's end ended its lead")
		}
		v := must(w.Close(ctx, w.lead, a, desk.Closing{Outcome: casefile.SolvedOutcome, Told: "井盖已换好", Group: true}))(t)
		if v.Status != casefile.Closed || v.Outcome != casefile.SolvedOutcome {
			t.Errorf("lead: got %s, %s", v.Status, v.Outcome)
		}
		if v = w.see(d); v.Status != casefile.Closed || v.Outcome != casefile.RepeatOutcome || v.Told == "" {
			t.Errorf("follower: got %s, %s, told %q", v.Status, v.Outcome, v.Told)
		}
		if v = w.see(c); v.Status != casefile.InProgress {
			t.Errorf("follower with an open leg: got %s, want in progress", v.Status)
		}
		if v = w.see(b); v.Outcome != casefile.SolvedOutcome {
			t.Errorf("who had ended before: got %s", v.Outcome)
		}
		e := w.take(plain).ID
		wantCode(t, "with an ended one", w.Group(ctx, w.lead, e, []string{d}), "group_closed")
		if g := w.see(e).GroupID; g != "" {
			t.Errorf("refused: got the group %s", g)
		}
	})
}

// A three-way call is recorded with its parties and outcome; unclear, the line
// called first keeps the case meanwhile.
func TestThreeWayCall(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c, l := w.sent(to("110"))
		call := desk.Call{Kind: "three_way", CallID: "call-1", Parties: []string{"caller", "12345", "platform:540000-110", "unit:" + housing},
			Outcome: "still_unclear", Consent: ptr(true), Note: "三方都说不归自己管，先由12345跟进"}
		if err := w.RecordCall(ctx, w.lead, c.ID, l.ID, call); err != nil {
			t.Fatal(err)
		}
		v := w.see(c.ID)
		if v.Consent == nil || !*v.Consent || v.Interim != "540000-12345" {
			t.Errorf("got consent %v, interim %q", v.Consent, v.Interim)
		}
		es := w.events(c.ID)
		e := es[len(es)-1]
		if e.Kind != "call" || e.LegID != l.ID || !strings.Contains(e.Body, `"still_unclear"`) || !strings.Contains(e.Body, `"platform:540000-110"`) || e.Text == "" {
			t.Errorf("event: got %s %s %q", e.Kind, e.Body, e.Text)
		}
		for _, k := range v.Clocks {
			if k.LegID == l.ID && k.Kind == "first_contact" && k.Running() {
				t.Error("the caller was spoken to, and the first-contact clock runs on")
			}
		}
		out := must(w.st.Reader().LettersOutOfCase(ctx, c.ID))(t)
		if last := out[len(out)-1]; last.Type != "call" || last.Number != 2 {
			t.Errorf("the other line: got letter %s number %d, want call 2", last.Type, last.Number)
		}
		if l := w.leg(l.ID); l.State != leg.Sent || l.Version != 1 {
			t.Errorf("a call moved the leg to %s", l.State)
		}
		wantCode(t, "a leg of another case", w.RecordCall(ctx, w.lead, w.take(plain).ID, l.ID, call), "leg_not_found")
	})
}

// Dual dispatch goes out in one action, also where somebody works on it already.
func TestDualDispatch(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		_, err := w.Dual(ctx, w.lead, w.take(plain).ID, nil)
		wantCode(t, "not urgent", err, "not_dual")

		c := w.send(w.take(plain).ID, to("unit:540102-emergency"))
		ordinary := c.Legs[0].ID
		if err := w.Note(ctx, w.lead, c.ID, "来电补充：现在着火了，有人在里面"); err != nil {
			t.Fatal(err)
		}
		orders := must(w.DualOrders(ctx, w.lead, c.ID))(t)
		v := must(w.Dual(ctx, w.lead, c.ID, nil))(t)
		if len(v.Legs) != 1+len(orders) {
			t.Errorf("got %d legs, want the first and %d of the preview", len(v.Legs), len(orders))
		}
		to110, beside := 0, 0
		for _, l := range v.Legs[1:] {
			if !l.Urgent {
				t.Errorf("leg to %s%s is not urgent", l.Unit, l.Peer)
			}
			if l.Peer == "540000-110" && l.Role == leg.Lead {
				to110++
			}
			if l.Unit == "540102-emergency" && l.ForLeg == ordinary {
				beside++
			}
		}
		if to110 != 1 || beside != 1 {
			t.Errorf("got %d leading legs to 110 and %d urgent ones beside the ordinary, want 1 and 1", to110, beside)
		}
		_, err = w.Dual(ctx, w.lead, c.ID, nil)
		wantCode(t, "twice", err, "leg_twice")
	})
}

// A case that another line transferred: who takes it up, answers, gives it back.
func TestOfferedCases(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		v, l := w.offered("110", plain, leg.Body{Class: "A01", Kind: "help", Level: 3, Region: chengguan})
		if v.Status != casefile.Open || v.Decided || !l.Incoming() || l.State != leg.Received || v.Channel != "platform" {
			t.Errorf("offered: got %s, decided %v, leg %s", v.Status, v.Decided, l.State)
		}
		if o := must(w.Overview(ctx, w.lead))(t); len(o.Incoming) != 1 || o.Incoming[0].ID != l.ID {
			t.Errorf("overview: got %d incoming", len(o.Incoming))
		}
		_, err := w.Act(ctx, w.lead, l.ID, do(leg.Settle))
		wantCode(t, "the sender's move", err, "move_refused")
		w.act(w.lead, l.ID, leg.Accept)
		v = w.send(v.ID, to("unit:"+housing))
		w.act(w.lead, v.Legs[1].ID, leg.Accept, leg.Feedback, leg.Settle)
		w.act(w.lead, l.ID, leg.Feedback)
		if v = w.see(v.ID); v.Status != casefile.AwaitingCallback {
			t.Errorf("answered: got %s", v.Status)
		}

		v, l = w.offered("110", plain, leg.Body{Class: "A01", Region: chengguan})
		w.act(w.lead, l.ID, leg.Return)
		if v = w.see(v.ID); v.Status != casefile.Closed || v.Outcome != casefile.ReturnedBack || !v.DueAt.IsZero() || v.Interim != "540000-110" {
			t.Errorf("given back: got %s, %s, due %v, interim %s", v.Status, v.Outcome, v.DueAt, v.Interim)
		}

		// What this desk does not know is kept, shown, and can be worked on.
		v, l = w.offered("110", plain, leg.Body{Class: "Z77", Item: "nope", Kind: "riddle", Region: "999999"})
		if v.Region != "540000" || v.RegionRaw != "999999" || v.Kind != casefile.OtherKind || v.Level != 3 {
			t.Errorf("unknown meaning: got region %s (%s), kind %s, level %d", v.Region, v.RegionRaw, v.Kind, v.Level)
		}
		w.act(w.lead, l.ID, leg.Accept, leg.Progress, leg.Feedback)

		_, _, err = w.Intake(ctx, hotline.ThePeer("540000-110", "110"), intake(plain))
		wantCode(t, "a peer at the counter", err, "denied")
	})
}
