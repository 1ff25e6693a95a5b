package desk_test

import (
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// rule opens a consultation on a case and ends it with an owner.
func (w *world) rule(caseID, owner string) {
	w.t.Helper()
	ctx, secretary := w.t.Context(), w.actor(hotline.Secretary, "", "")
	x := must(w.OpenConsultation(ctx, secretary, desk.NewConsultation{CaseID: caseID, Cause: consultation.ByHand, Form: consultation.Written, Question: "归谁",
		Parties: []string{"unit:" + housing, "unit:" + urban, "platform:540000-110"}}))(w.t)
	r := consultation.Ruling{Owner: owner, Basis: "市政设施管理办法", From: w.Now()}
	if err := w.Rule(ctx, secretary, x.ID, x.Version, r, "会商纪要：由其办理"); err != nil {
		w.t.Fatal(err)
	}
}

// unfoundedOf works out slowly, from the events of a case up to a moment, which
// returned legs count as returned without ground, and who held them: it goes
// through them again for each leg, and looks for the last decision from the end.
func unfoundedOf(events []desk.EventView, asOf time.Time) map[string]string {
	type sent struct{ To, Replaces string }
	legs, out := map[string]sent{}, map[string]string{}
	party := func(to string) string {
		if to == "110" {
			return "platform:540000-110"
		}
		return to
	}
	var seen []desk.EventView
	for _, e := range events {
		if e.At.After(asOf) {
			break
		}
		seen = append(seen, e)
		if e.Kind == "send" {
			legs[e.LegID] = sent{party(e.Of("to")), e.Of("replaces")}
		}
	}
	for id, l := range legs {
		returned, contested, decided := false, false, false
		for _, e := range seen {
			returned = returned || e.Kind == "return" && e.LegID == id
		}
		for i := len(seen) - 1; i >= 0 && returned && !decided; i-- {
			switch e := seen[i]; {
			case e.Kind == "consultation_ruled":
				decided = true
				if party(e.Of("owner")) == l.To {
					out[id] = l.To
				}
			case e.Kind == "accept" && legs[e.LegID].Replaces == id && legs[e.LegID].To == l.To:
				for _, before := range seen[:i] {
					contested = contested || before.Kind == "contest" && before.LegID == id
				}
				if contested {
					out[id], decided = l.To, true
				}
			}
		}
	}
	return out
}

// Real moves: returns that a ruling upholds, overturns, or that were made
// against one, contested ones that are taken back or not, of units and of the
// other platform. Indicator, board and drill-down equal the recomputation.
func TestUnfoundedReturns(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		n := 0
		begin := func(where string) (string, string) {
			c := w.take(plain + string(rune('甲'+n)))
			n++
			c = w.send(c.ID, desk.Order{To: where, Ask: "请办理", Role: leg.Lead})
			return c.ID, c.Legs[len(c.Legs)-1].ID
		}
		next := func(caseID, where, replaces string) string {
			c := w.send(caseID, desk.Order{To: where, Ask: "请办理", Role: leg.Lead, Replaces: replaces})
			return c.Legs[len(c.Legs)-1].ID
		}
		var cases []string
		home, town := "unit:"+housing, "unit:"+urban

		one, l1 := begin(home) // ruled against the unit that gave it back
		w.act(w.clerk(housing), l1, leg.Return)
		beforeRuling := w.Now()
		w.rule(one, home)
		if !w.leg(l1).Unfounded {
			t.Error("a ruling names the unit that gave it back: its return does not count as unfounded")
		}

		two, l2 := begin(home) // ruled for it
		w.act(w.clerk(housing), l2, leg.Return)
		w.rule(two, town)
		if w.leg(l2).Unfounded {
			t.Error("a ruling names another unit: the return counts as unfounded")
		}
		third := w.see(two).Legs[1].ID // and the other gives it back against the ruling
		w.act(w.clerk(urban), third, leg.Return)
		if !w.leg(third).Unfounded {
			t.Error("given back against a ruling: does not count as unfounded")
		}

		four, l4 := begin(home) // contested and taken back
		w.act(w.clerk(housing), l4, leg.Return)
		w.act(w.lead, l4, leg.Contest)
		again := next(four, home, l4)
		if w.leg(l4).Unfounded {
			t.Error("contested, and nobody has taken it back yet: counts as unfounded")
		}
		w.act(w.clerk(housing), again, leg.Accept)
		if !w.leg(l4).Unfounded {
			t.Error("contested and taken back: does not count as unfounded")
		}

		five, l5 := begin(home) // taken back without a contest
		w.act(w.clerk(housing), l5, leg.Return)
		w.act(w.clerk(housing), next(five, home, l5), leg.Accept)

		six, l6 := begin(home) // contested, another takes it
		w.act(w.clerk(housing), l6, leg.Return)
		w.act(w.lead, l6, leg.Contest)
		w.act(w.clerk(urban), next(six, town, l6), leg.Accept)

		seven, l7 := begin("110") // the other platform gave it back by letter
		w.peerSays("110", "return", l7, 1, leg.Body{Ground: leg.NotDuty, Basis: "测试职责规定"}, leg.Private{})
		w.rule(seven, "110")

		cases = append(cases, one, two, four, five, six, seven)
		middle := w.Now()
		w.clock.Add(time.Hour)
		eight, l8 := begin(home)
		w.act(w.clerk(housing), l8, leg.Return)
		w.rule(eight, home)
		cases = append(cases, eight)
		end := w.Now()

		for _, asOf := range []time.Time{beforeRuling, middle, end} {
			w.unfoundedEqual(cases, asOf)
		}
		board, err := w.UnfoundedReturns(ctx, w.supervisor())
		if err != nil || len(board) != 1 || board[0].Unit != housing || board[0].Times != 3 || board[0].Last.IsZero() {
			t.Errorf("board: got %+v, %v, want three of %s and none of the others, which have one each", board, err, housing)
		}
		behind, legs, err := w.UnfoundedCases(ctx, w.supervisor(), housing, "")
		if err != nil || legs != 3 || len(behind) != 3 || behind[0].ID != eight || behind[2].ID != one {
			t.Errorf("behind it: got %d cases, %d legs, %v, want three, the newest finding first", len(behind), legs, err)
		}

		w.rule(eight, town) // overturned
		if w.leg(l8).Unfounded {
			t.Error("the ruling was overturned: the return counts as unfounded")
		}
		w.unfoundedEqual(cases, w.Now())
		if board, err := w.UnfoundedReturns(ctx, w.supervisor()); err != nil || len(board) != 1 || board[0].Times != 2 {
			t.Errorf("board after it: got %+v, %v, want two", board, err)
		}
		w.clock.Add(31 * 24 * time.Hour)
		if board, err := w.UnfoundedReturns(ctx, w.supervisor()); err != nil || len(board) != 0 {
			t.Errorf("board a month later: got %+v, %v, want none", board, err)
		}
		for what, err := range map[string]error{"board": second(w.UnfoundedReturns(ctx, w.clerk(housing))), "cases": third3(w.UnfoundedCases(ctx, w.clerk(housing), housing, ""))} {
			wantCode(t, what+" of a clerk", err, "denied")
		}
	})
}

func third3[A, B any](_ A, _ B, err error) error { return err }

// unfoundedEqual compares the statement with the slow recomputation, for each
// holder, and with what is behind it.
func (w *world) unfoundedEqual(cases []string, asOf time.Time) {
	w.t.Helper()
	returned, total, units := 0, 0, map[string]int{}
	for _, id := range cases {
		for _, e := range w.events(id) {
			if e.Kind == "return" && !e.At.After(asOf) {
				returned++
			}
		}
		for _, who := range unfoundedOf(w.events(id), asOf) {
			total++
			units[who]++
		}
	}
	s := must(w.Statement(w.t.Context(), w.lead, "2026-03", asOf))(w.t)
	for i, x := range assessment.Indicators() {
		if x.Code != assessment.Unfounded {
			continue
		}
		if got, want := s.Total.Cells[i], (assessment.Cell{Num: total, Den: returned}); got != want {
			w.t.Errorf("as of %v: got %v, want %v", asOf, got, want)
		}
		for by, kind := range map[string]string{assessment.ByUnit: "unit:", assessment.ByPeer: "platform:"} {
			for _, r := range s.By[by] {
				if got, want := r.Cells[i].Num, units[kind+r.Key]; got != want {
					w.t.Errorf("as of %v, %s%s: got %d, want %d", asOf, kind, r.Key, got, want)
				}
			}
		}
		_, n, err := w.CasesBehind(w.t.Context(), w.lead, desk.Behind{Period: "2026-03", Indicator: x.Code, Part: desk.Numerator, AsOf: asOf}, 50)
		if err != nil || n != total {
			w.t.Errorf("as of %v: %d legs behind the numerator, %v, want %d", asOf, n, err, total)
		}
	}
}
