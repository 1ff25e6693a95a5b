package desk_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// The statement equals a slow and obvious recomputation from the events of each
// case, at moments on the way too; each figure leads to as many legs.
func TestStatementIsWhatTheEventsSay(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		var ids []string
		for i := range 8 {
			c := w.take(fmt.Sprint(plain, i))
			c = w.send(c.ID, desk.Order{To: "unit:" + housing, Ask: "请办理", Role: leg.Lead})
			ids = append(ids, c.ID)
			l, who := c.Legs[0].ID, w.clerk(housing)
			w.clock.Add(time.Duration(i) * 20 * time.Hour)
			switch i % 4 {
			case 0:
				w.act(who, l, leg.Accept, leg.Progress, leg.Feedback)
			case 1:
				w.act(who, l, leg.Return)
			case 2:
				w.act(who, l, leg.Accept, leg.Progress, leg.Feedback)
				w.act(w.lead, l, leg.Reopen)
			}
		}
		if err := w.AskUnreasonable(ctx, w.lead, ids[4], "要求拆除合法建筑"); err != nil {
			t.Fatal(err)
		}
		middle := w.Now()
		w.clock.Add(time.Hour)
		if err := w.ReviewUnreasonable(ctx, w.supervisor(), ids[4], true, "核实无误"); err != nil {
			t.Fatal(err)
		}
		end := w.Now()
		for _, asOf := range []time.Time{middle, end} {
			legs, returned, answered, reopened, out := 0, 0, 0, 0, 0
			for _, id := range ids {
				seen := map[string]bool{}
				for _, e := range w.events(id) {
					if !e.At.After(asOf) {
						seen[e.Kind] = true
					}
				}
				legs++
				if seen["unreasonable_upheld"] {
					out++
					continue
				}
				if seen["return"] {
					returned++
				}
				if seen["feedback"] {
					answered++
				}
				if seen["reopen"] {
					reopened++
				}
			}
			s, err := w.Statement(ctx, w.lead, "2026-03", asOf)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]assessment.Cell{}
			for i, x := range assessment.Indicators() {
				got[x.Code] = s.Total.Cells[i]
				c := s.Total.Cells[i]
				for part, want := range map[string]int{desk.Numerator: c.Num, desk.Denominator: c.Den, desk.Rest: c.Den - c.Num} {
					b := desk.Behind{Period: "2026-03", Indicator: x.Code, Part: part, AsOf: asOf}
					all, n, err := w.CasesBehind(ctx, w.lead, b, 50)
					if err != nil || n != want {
						t.Errorf("%s, %s: %d legs behind it, %v, want %d", x.Code, part, n, err, want)
					}
					for i := range all { // one by one it is the same list
						one, m, err := w.CasesBehind(ctx, w.lead, b, 1)
						if err != nil || len(one) != 1 || one[0].ID != all[i].ID || m != n {
							t.Fatalf("%s, %s: case %d: got %d and %d legs, %v, want %s", x.Code, part, i, len(one), m, err, all[i].ID)
						}
						b.After = one[0].ID
					}
				}
			}
			if s.Total.Legs != legs || s.Unreasonable != out || got[assessment.Returned] != (assessment.Cell{Num: returned, Den: legs - out}) ||
				got[assessment.ReopenedRate] != (assessment.Cell{Num: reopened, Den: answered}) {
				doc, _ := json.Marshal(s)
				t.Errorf("as of %v: want %d legs, %d left out, %d returned, %d reopened of %d answered, got\n%s", asOf, legs, out, returned, reopened, answered, doc)
			}
			if on, over := got[assessment.HandledOnTime], got[assessment.Overdue]; on.Den != over.Den || on.Num+over.Num != on.Den {
				t.Errorf("in time %v and overdue %v do not add up", on, over)
			}
		}
	})
}

func TestStatementRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for code, err := range map[string]error{
			"period_future": second(w.Statement(t.Context(), w.lead, "2026-04", time.Time{})),
			"as_of_future":  second(w.Statement(t.Context(), w.lead, "2026-03", w.Now().Add(time.Hour))),
			"denied":        second(w.Statement(t.Context(), w.clerk(housing), "2026-03", time.Time{})),
		} {
			if hotline.CodeOf(err) != code {
				t.Errorf("got %v, want %s", err, code)
			}
		}
		if _, _, err := w.CasesBehind(t.Context(), w.lead, desk.Behind{Period: "2026-03", Indicator: "whim"}, 5); hotline.CodeOf(err) != "indicator_unknown" {
			t.Errorf("an indicator that is none: got %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
