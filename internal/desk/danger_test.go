package desk_test

import (
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Every text that comes in is checked for danger, whatever door it takes.
func TestDangerAlarms(t *testing.T) {
	const danger, calm = "现在着火了，有人困在里面快来救人", "今天下午师傅到现场看过，明天来换"
	// near is a case with a leg to a unit, far one with a leg to 110.
	near := func(w *world) (caseID, legID string) { c, l := w.sent(to("unit:" + housing)); return c.ID, l.ID }
	far := func(w *world) (caseID, legID string) { c, l := w.sent(to("110")); return c.ID, l.ID }
	act := func(w *world, legID string, d desk.Do) {
		w.t.Helper()
		if _, err := w.Act(w.t.Context(), w.clerk(housing), legID, d); err != nil {
			w.t.Fatal(err)
		}
	}
	ways := map[string]func(w *world, text string) (caseID string){
		"intake": func(w *world, text string) string { return w.take(text).ID },
		"supplement": func(w *world, text string) string {
			id := w.take(plain).ID
			if err := w.Note(w.t.Context(), w.lead, id, text); err != nil {
				w.t.Fatal(err)
			}
			return id
		},
		"supplement to a leg": func(w *world, text string) string {
			id, l := near(w)
			act(w, l, desk.Do{Verb: leg.Supplement, Note: text})
			return id
		},
		"progress": func(w *world, text string) string {
			id, l := near(w)
			w.act(w.clerk(housing), l, leg.Accept)
			act(w, l, desk.Do{Verb: leg.Progress, Note: text})
			return id
		},
		"feedback": func(w *world, text string) string {
			id, l := near(w)
			w.act(w.clerk(housing), l, leg.Accept)
			act(w, l, desk.Do{Verb: leg.Feedback, Result: text})
			return id
		},
		"return": func(w *world, text string) string {
			id, l := near(w)
			act(w, l, do(leg.Return, func(d *desk.Do) { d.Note = text }))
			return id
		},
		"call": func(w *world, text string) string {
			id := w.take(plain).ID
			if err := w.RecordCall(w.t.Context(), w.lead, id, "", desk.Call{Kind: "call_back", Parties: []string{"caller"}, Outcome: "done", Note: text}); err != nil {
				w.t.Fatal(err)
			}
			return id
		},
		"callback": func(w *world, text string) string {
			id, l := near(w)
			w.act(w.lead, l, leg.Accept, leg.Feedback, leg.Settle)
			must(w.Callback(w.t.Context(), w.lead, id, desk.Asked{Solved: true, Satisfaction: 1, Scale: 3, Note: text}))(w.t)
			return id
		},
		"offer of the other line": func(w *world, text string) string {
			c, _ := w.offered("110", text, leg.Body{Class: "A01", Region: chengguan, Level: 3})
			return c.ID
		},
		"offer that joins": func(w *world, text string) string {
			call := hotline.NewID()
			id := w.take(plain, func(in *desk.In) { in.CallID = call }).ID
			w.peerSays("110", leg.TypeOffer, hotline.NewID(), 1, leg.Body{Role: leg.Joint, CallID: call}, leg.Private{Text: plain, PoliceAction: text})
			return id
		},
		"offer of a leg that people carried": func(w *world, text string) string {
			call := hotline.NewID()
			id := w.take(plain, func(in *desk.In) { in.CallID = call }).ID
			w.peerSays("110", leg.TypeOffer, hotline.NewID(), 1, leg.Body{Role: leg.Joint, CallID: call, Adopt: []leg.Carried{{Verb: leg.Accept, At: w.clock.Now()}}}, leg.Private{Text: plain, Note: text})
			return id
		},
		"supplement of the other line": func(w *world, text string) string {
			id, l := far(w)
			w.peerSays("110", "supplement", l, 1, leg.Body{}, leg.Private{Note: text})
			return id
		},
		"progress of the other line": func(w *world, text string) string {
			id, l := far(w)
			w.peerSays("110", "accept", l, 1, leg.Body{}, leg.Private{})
			w.peerSays("110", "progress", l, 2, leg.Body{}, leg.Private{Note: text})
			return id
		},
		"call of the other line": func(w *world, text string) string {
			id, l := far(w)
			w.peerSays("110", "call", l, 1, leg.Body{Kind: "three_way", Parties: []string{"caller"}, Outcome: "done"}, leg.Private{Note: text})
			return id
		},
		"callback of the other line": func(w *world, text string) string {
			id, l := far(w)
			w.peerSays("110", "callback", l, 1, leg.Body{Solved: ptr(true)}, leg.Private{Note: text})
			return id
		},
	}
	onBoth(t, func(t *testing.T, w *world) {
		w.t = t
		for what, say := range ways {
			for text, alarm := range map[string]bool{danger: true, calm: false} {
				id := say(w, text)
				v, alarms := w.see(id), w.kinds(id)["danger_alarm"]
				urgent, n := "", 0
				if alarm {
					urgent, n = "C4", 1
				}
				if what == "intake" || what == "offer of the other line" {
					n = 0 // the case is urgent from its first moment
				}
				if v.Urgent != urgent || alarms != n || alarm != (v.Level == casefile.LifeNow) {
					t.Errorf("%s %q: got urgent %q, level %d, %d alarms; want %q and %d", what, text, v.Urgent, v.Level, alarms, urgent, n)
				}
				if alarm && (v.UrgentBy != "machine" || v.Unread) {
					t.Errorf("%s: got urgent by %q, unread %v; want the machine's", what, v.UrgentBy, v.Unread)
				}
			}
		}
	})
}

// One alarm is enough; a person's word stands until the next danger.
func TestAlarmOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain)
		note := func(text string) {
			t.Helper()
			if err := w.Note(ctx, w.lead, c.ID, text); err != nil {
				t.Fatal(err)
			}
		}
		note("现在着火了，有人困在里面")
		note("火越来越大了，快来救火")
		if n := w.kinds(c.ID)["danger_alarm"]; n != 1 {
			t.Errorf("got %d alarms, want 1", n)
		}
		_, err := w.Decide(ctx, w.lead, c.ID, desk.Decision{Urgent: ptr("")})
		wantField(t, "cleared without a reason", err, "urgent_reason_missing", "reason")
		v := must(w.Decide(ctx, w.lead, c.ID, desk.Decision{Urgent: ptr(""), Reason: "已核实，邻居烧烤冒烟"}))(t)
		if v.Urgent != "" || v.UrgentBy != w.lead.ID || v.Level != casefile.Ordinary {
			t.Errorf("cleared: got urgent %q by %q, level %d", v.Urgent, v.UrgentBy, v.Level)
		}
		note("又着火了，有人困在里面")
		if v := w.see(c.ID); v.Urgent != "C4" || w.kinds(c.ID)["danger_alarm"] != 2 {
			t.Errorf("danger again: got urgent %q, %d alarms", v.Urgent, w.kinds(c.ID)["danger_alarm"])
		}
		// Danger does not end in a case that nobody looks at any more.
		c = w.take(plain)
		must(w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		note("还是没有人来换井盖")
		if v := w.see(c.ID); v.Status != casefile.Closed {
			t.Errorf("a calm word to a closed case: got %s", v.Status)
		}
		note("现在着火了，有人困在里面")
		if v := w.see(c.ID); v.Status == casefile.Closed || v.Urgent != "C4" || w.kinds(c.ID)["reopened_case"] != 1 {
			t.Errorf("danger in a closed case: got %s, urgent %q", v.Status, v.Urgent)
		}
	})
}

// Many people who complain in peace are no emergency; a gathering's dual
// dispatch stays locked until a person says what danger there is.
func TestGatherings(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, text := range []string{"我们小区三百多户业主联名反映物业乱收费", "全体村民希望修一条水泥路", "很多人都对公交改线不满意"} {
			if v := w.take(text); v.Urgent != "" || v.Level != casefile.Ordinary {
				t.Errorf("%s: got urgent %q, level %d", text, v.Urgent, v.Level)
			}
			c := w.take(plain)
			if err := w.Note(ctx, w.lead, c.ID, text); err != nil {
				t.Fatal(err)
			}
			if v := w.see(c.ID); v.Urgent != "" {
				t.Errorf("%s, as a supplement: got urgent %q", text, v.Urgent)
			}
		}
		v := w.take("几十个工人正在堵门要工资")
		if v.Urgent != "C3" || v.Steps[0].Code != casefile.StepDanger {
			t.Fatalf("gathering: got urgent %q, first step %v", v.Urgent, v.Steps)
		}
		_, err := w.Dual(ctx, w.lead, v.ID, nil)
		wantField(t, "locked", err, "danger_missing", "danger")
		if n := len(w.see(v.ID).Legs); n != 0 {
			t.Errorf("locked: got %d legs", n)
		}
		v = must(w.Decide(ctx, w.lead, v.ID, desk.Decision{Danger: ptr("有人拿着铁棍")}))(t)
		if v.Steps[0].Code != casefile.StepDual || v.Danger == "" {
			t.Errorf("danger recorded: got the first step %v", v.Steps[0])
		}
		if v = must(w.Dual(ctx, w.lead, v.ID, nil))(t); len(v.Legs) < 2 || v.Legs[0].Peer != "540000-110" {
			t.Errorf("unlocked: got %d legs", len(v.Legs))
		}
		// The other three need no such word.
		if v = must(w.Dual(ctx, w.lead, w.take(fire).ID, nil))(t); len(v.Legs) < 2 {
			t.Errorf("fire: got %d legs", len(v.Legs))
		}
	})
}

// What was not assessed says so until a person has read it.
func TestUnreadUntilAPersonReads(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain)
		if err := w.Note(ctx, w.lead, c.ID, "ང་ཚོའི་ཁྱིམ་ལ་ཆུ་མི་འདུག་རོགས་རམ་གནང་རོགས།"); err != nil {
			t.Fatal(err)
		}
		v := w.see(c.ID)
		if !v.Unread || v.Steps[len(v.Steps)-1].Code != casefile.StepAssess {
			t.Errorf("Tibetan supplement: got unread %v, steps %v", v.Unread, v.Steps)
		}
		if o := must(w.Overview(ctx, w.lead))(t); o.Counts.Unread != 1 {
			t.Errorf("overview: got %d unread", o.Counts.Unread)
		}
		w.take(plain)
		if l := must(w.Cases(ctx, w.lead, desk.Filter{Unread: true}))(t); len(l.Cases) != 1 || l.Cases[0].ID != c.ID {
			t.Errorf("list of what nobody has assessed: got %d cases, want that one", len(l.Cases))
		}
		v = w.send(c.ID, to("unit:"+housing))
		w.act(w.lead, v.Legs[0].ID, leg.Accept)
		if !w.see(c.ID).Unread {
			t.Error("a leg's move cleared what nobody has read")
		}
		if v = must(w.Decide(ctx, w.lead, c.ID, desk.Decision{Kind: ptr(casefile.Help)}))(t); v.Unread {
			t.Error("read by a person, and still unread")
		}
	})
}
