package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/supervision"
)

func (w *world) supervisor() hotline.Actor { return w.actor(hotline.Supervisor, "", "") }

// A joint order: each unit answers for itself, one answer is not enough, the
// order ends with the last part; its clock runs over once.
func TestSupervisionOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c, _ := w.sent(desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead}, desk.Order{To: "unit:" + urban, Ask: "请协办", Role: leg.Joint})
		boss := w.supervisor()
		s, err := w.OpenSupervision(ctx, boss, desk.NewOrder{CaseID: c.ID, Cause: supervision.Overdue, Demand: "三天没有动静，请说明"})
		if err != nil || len(s.Parts) != 2 || s.Number() != "督〔2026〕1号" {
			t.Fatalf("issue: got %+v, %v, want two parts and number 1", s, err)
		}
		move := func(a hotline.Actor, unit string, v supervision.Verb, version int64) error {
			return w.MoveOrder(ctx, a, s.ID, desk.OrderMove{Unit: unit, Verb: v, Text: "说明", Version: version})
		}
		for what, tc := range map[string]struct {
			err  error
			code string
		}{
			"another unit answers":     {move(w.clerk(urban), housing, supervision.Answer, 1), "supervision_not_found"},
			"the unit reviews":         {move(w.clerk(housing), housing, supervision.Accept, 1), "denied"},
			"review before the answer": {move(boss, housing, supervision.Accept, 1), "order_move_refused"},
			"of another version":       {move(w.clerk(housing), housing, supervision.Answer, 7), "version_wrong"},
		} {
			if got := hotline.CodeOf(tc.err); got != tc.code {
				t.Errorf("%s: got %v, want %s", what, tc.err, tc.code)
			}
		}
		if v, err := w.Order(ctx, w.clerk(housing), s.ID); err != nil || len(v.Parts) != 1 || string(v.Story[0].Text) != "三天没有动静，请说明" {
			t.Errorf("the unit sees: got %+v, %v, want its own part and the demand", v.Parts, err)
		}
		w.clock.Add(8 * 24 * time.Hour)
		for range 2 {
			if err := w.OverdueOrders(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.kinds(c.ID)["order_over"]; got != 2 {
			t.Errorf("got %d records of running over, want one for each part", got)
		}
		for i, step := range []struct {
			a    hotline.Actor
			unit string
			v    supervision.Verb
			at   int64
		}{
			{w.clerk(housing), housing, supervision.Answer, 2}, {boss, housing, supervision.Demand, 3},
			{w.clerk(housing), housing, supervision.Answer, 4}, {boss, housing, supervision.Accept, 5}, {boss, urban, supervision.Withdraw, 2},
		} {
			if err := move(step.a, step.unit, step.v, step.at); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			if list, err := w.Orders(ctx, boss); err != nil || (len(list) == 1) != (i < 4) {
				t.Errorf("step %d: got %d open orders, %v", i, len(list), err)
			}
		}
		v, err := w.Order(ctx, boss, s.ID)
		if err != nil || v.ClosedAt.IsZero() || v.Parts[0].Demands != 1 {
			t.Errorf("at the end: got %+v, %v, want it closed after one more demand", v.Supervision, err)
		}
		ladder, err := w.OpenSupervision(ctx, hotline.TheMachine(w.Node().Platform), desk.NewOrder{CaseID: c.ID, Cause: supervision.Overdue, Demand: "超期", Units: []string{housing}})
		if err != nil || !ladder.ByLadder || ladder.Serial != 2 {
			t.Errorf("by ladder: got %+v, %v, want number 2", ladder, err)
		}
	})
}

func TestSupervisionRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		c, _ := w.sent(desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead})
		for code, o := range map[string]desk.NewOrder{
			"cause_unknown":          {CaseID: c.ID, Cause: "whim", Demand: "x"},
			"text_empty":             {CaseID: c.ID, Cause: supervision.Overdue},
			"order_unit_without_leg": {CaseID: c.ID, Cause: supervision.Overdue, Demand: "x", Units: []string{urban}},
			"case_not_found":         {CaseID: "none", Cause: supervision.Overdue, Demand: "x"},
		} {
			if _, err := w.OpenSupervision(t.Context(), w.supervisor(), o); hotline.CodeOf(err) != code {
				t.Errorf("got %v, want %s", err, code)
			}
		}
		if _, err := w.OpenSupervision(t.Context(), w.supervisor(), desk.NewOrder{CaseID: c.ID, Cause: supervision.Overdue, Demand: "x", Budget: "0wd"}); hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("a limit of zero: got %v, want Invalid", err)
		}
		if _, err := w.OpenSupervision(t.Context(), w.clerk(housing), desk.NewOrder{CaseID: c.ID, Cause: supervision.Overdue, Demand: "x"}); hotline.CodeOf(err) != "denied" {
			t.Errorf("by a clerk: got %v, want denied", err)
		}
		if n := w.kinds(c.ID)["order_issued"]; n != 0 {
			t.Errorf("got %d orders after refusals, want none", n)
		}
	})
}

// The board shows what went wrong and nothing else.
func TestSupervisorsBoard(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		over, l := w.sent(desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead})
		w.act(w.clerk(housing), l.ID, leg.Accept)
		board := func() map[supervision.Watch]int {
			out := map[supervision.Watch]int{}
			for _, x := range supervision.Watches() {
				list, err := w.Watched(t.Context(), w.supervisor(), x, 10)
				if err != nil {
					t.Fatal(err)
				}
				if len(list) > 0 {
					out[x] = len(list)
				}
			}
			return out
		}
		w.clock.Add(30 * 24 * time.Hour)
		w.take(plain)
		want := map[supervision.Watch]int{supervision.WatchOver: 1, supervision.WatchSilent: 1, supervision.WatchNear: 1}
		if diff := cmp.Diff(want, board()); diff != "" {
			t.Errorf("after a month (-want +got):\n%s", diff)
		}
		w.act(w.clerk(housing), l.ID, leg.Progress, leg.Feedback)
		w.act(w.lead, l.ID, leg.Reopen)
		want = map[supervision.Watch]int{supervision.WatchOver: 1, supervision.WatchReopened: 1, supervision.WatchNear: 1}
		if diff := cmp.Diff(want, board()); diff != "" {
			t.Errorf("after reopening %s (-want +got):\n%s", over.ID, diff)
		}
		if _, err := w.Watched(t.Context(), w.clerk(housing), supervision.WatchOver, 10); hotline.CodeOf(err) != "denied" {
			t.Errorf("a clerk looks at the board: got %v, want denied", err)
		}
	})
}

// A draw is the same for the same seed, and each case of it is judged once.
func TestDrawAndUnreasonable(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, boss := t.Context(), w.supervisor()
		from := w.Now()
		for i := range 6 {
			c := w.take(fmt.Sprint(plain, i))
			if _, err := w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: "answered_on_the_spot", Told: "已当场答复"}); err != nil {
				t.Fatal(err)
			}
		}
		until := w.Now().Add(time.Second)
		a, err := w.DrawClosed(ctx, boss, from, until, 3, "七")
		if err != nil || len(a.Cases) != 3 || a.Among != 6 {
			t.Fatalf("draw: got %+v, %v, want 3 of 6", a, err)
		}
		b, err := w.DrawClosed(ctx, boss, from, until, 3, "七")
		if diff := cmp.Diff(a.Cases, b.Cases); err != nil || diff != "" {
			t.Errorf("again: %v (-first +again)\n%s", err, diff)
		}
		id := a.Cases[0].CaseID
		if err := w.CheckDrawn(ctx, boss, a.ID, id, "false_close", "回访时井盖仍未修"); err != nil {
			t.Fatal(err)
		}
		if err := w.CheckDrawn(ctx, boss, a.ID, id, "true_close", "改口"); hotline.CodeOf(err) != "draw_checked" {
			t.Errorf("judged twice: got %v, want draw_checked", err)
		}
		if _, err := w.DrawClosed(ctx, boss, until, from, 3, ""); hotline.CodeOf(err) != "draw_span" {
			t.Errorf("a span that ends before it begins: got %v", err)
		}
		if _, err := w.DrawClosed(ctx, boss, from, until, 0, ""); hotline.CodeOf(err) != "draw_size" {
			t.Errorf("nothing to draw: got %v", err)
		}
		if err := w.AskUnreasonable(ctx, w.lead, id, "要求拆除合法建筑"); err != nil {
			t.Fatal(err)
		}
		if err := w.AskUnreasonable(ctx, w.lead, id, "再说一遍"); hotline.CodeOf(err) != "unreasonable_twice" {
			t.Errorf("asked twice: got %v", err)
		}
		if err := w.ReviewUnreasonable(ctx, boss, id, true, "核实无误"); err != nil {
			t.Fatal(err)
		}
		if err := w.ReviewUnreasonable(ctx, boss, id, false, "反悔"); hotline.CodeOf(err) != "unreasonable_reviewed" {
			t.Errorf("reviewed twice: got %v", err)
		}
		list, err := w.Unreasonables(ctx, boss)
		if err != nil || len(list) != 1 || list[0].State != "upheld" {
			t.Errorf("listed: got %+v, %v, want one upheld", list, err)
		}
	})
}
