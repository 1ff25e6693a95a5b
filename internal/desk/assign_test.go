package desk_test

import (
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Cases go to a unit together, each by itself; what moved meanwhile is told and
// left alone, the same again makes nothing more, and what was not taken up can
// be taken back.
func TestAssignMany(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, b, moved, twice, closed := w.take(plain), w.take(plain), w.take(plain), w.take(plain), w.take(plain)
		w.send(twice.ID, to("unit:"+housing))
		if _, err := w.Close(ctx, w.lead, closed.ID, desk.Closing{Outcome: casefile.OnTheSpot, Told: "已答复"}); err != nil {
			t.Fatal(err)
		}
		var picks []desk.Pick
		for _, v := range []desk.CaseView{a, b, moved, w.see(twice.ID), w.see(closed.ID)} {
			picks = append(picks, desk.Pick{Case: v.ID, Version: w.see(v.ID).Version})
		}
		picks = append(picks, desk.Pick{Case: "none", Version: 1})
		codes := func(list []desk.Assigned) (out []string) {
			for _, x := range list {
				out = append(out, hotline.CodeOf(x.Err))
			}
			return out
		}
		same := func(what string, got []string, want ...string) {
			t.Helper()
			if len(got) != len(want) {
				t.Fatalf("%s: got %v, want %v", what, got, want)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s: %d: got %q, want %q", what, i, got[i], want[i])
				}
			}
		}
		preview, err := w.PreviewAssign(ctx, w.lead, housing, picks)
		if err != nil {
			t.Fatal(err)
		}
		none := hotline.CodeOf(nil)
		same("preview", codes(preview), none, none, none, "leg_twice", "case_closed", "case_not_found")
		if n := len(w.see(a.ID).Legs); n != 0 {
			t.Errorf("a preview sent %d legs", n)
		}
		for i := range picks {
			picks[i].Leg = preview[i].Leg
		}
		reason := "另有考虑"
		level := 2
		if _, err := w.Decide(ctx, w.lead, moved.ID, desk.Decision{Level: &level, Reason: reason}); err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"assigned", "the same again"} {
			got, err := w.Assign(ctx, w.lead, housing, picks)
			if err != nil {
				t.Fatal(err)
			}
			same(what, codes(got), none, none, "version_wrong", "leg_twice", "case_closed", "case_not_found")
			for id, n := range map[string]int{a.ID: 1, b.ID: 1, moved.ID: 0, twice.ID: 1} {
				if legs := w.see(id).Legs; len(legs) != n {
					t.Errorf("%s: got %d legs, want %d", what, len(legs), n)
				}
			}
		}
		stolen := desk.Pick{Case: moved.ID, Version: w.see(moved.ID).Version, Leg: picks[0].Leg}
		got, err := w.Assign(ctx, w.lead, housing, []desk.Pick{stolen})
		if err != nil || hotline.CodeOf(got[0].Err) != "form_invalid" || len(w.see(moved.ID).Legs) != 0 {
			t.Errorf("the leg of another case: got %v, %v, want it refused", got, err)
		}
		_, err = w.Assign(ctx, w.lead, "nowhere", picks)
		wantCode(t, "to no unit", err, "unit_unknown")
		_, err = w.PreviewAssign(ctx, w.lead, housing, make([]desk.Pick, desk.AssignMost+1))
		wantCode(t, "too many", err, "assign_most")
		got, err = w.Assign(ctx, w.clerk(housing), housing, []desk.Pick{{Case: a.ID, Version: 9, Leg: hotline.NewID()}})
		if err != nil || hotline.CodeOf(got[0].Err) != "denied" {
			t.Errorf("by a unit: got %v, %v, want denied", got, err)
		}

		w.act(w.clerk(housing), picks[1].Leg, leg.Accept)
		undone, err := w.UndoAssign(ctx, w.lead, []string{picks[0].Leg, picks[1].Leg, "none"}, "撤回")
		if err != nil || undone[0].Err != nil || hotline.CodeOf(undone[1].Err) != "undo_taken" || hotline.CodeOf(undone[2].Err) != "leg_not_found" {
			t.Errorf("undo: got %+v, %v, want the first alone", undone, err)
		}
		if x, y := w.leg(picks[0].Leg).State, w.leg(picks[1].Leg).State; x != leg.Withdrawn || y != leg.Accepted {
			t.Errorf("after undo: got %s and %s, want withdrawn and accepted", x, y)
		}
		if again, err := w.UndoAssign(ctx, w.lead, []string{picks[0].Leg}, "撤回"); err != nil || again[0].Err != nil {
			t.Errorf("undo again: got %v, %v, want the same answer", again, err)
		}
		grave := w.take(fire)
		late := w.take(plain)
		var next []desk.Pick
		for _, v := range []desk.CaseView{grave, late} {
			next = append(next, desk.Pick{Case: v.ID, Version: w.see(v.ID).Version, Leg: hotline.NewID()})
		}
		if got, err = w.Assign(ctx, w.lead, housing, next); err != nil || hotline.CodeOf(got[0].Err) != "assign_urgent" || got[1].Err != nil {
			t.Fatalf("an urgent one with another: got %v, %v, want it left to its page", got, err)
		}
		must(w.SendLegs(ctx, w.lead, grave.ID, nil, []desk.Order{{To: "unit:" + housing, LegID: next[0].Leg}}))(t)
		w.clock.Add(desk.UndoFor + time.Second)
		undone, err = w.UndoAssign(ctx, w.lead, []string{next[0].Leg, next[1].Leg}, "撤回")
		if err != nil || hotline.CodeOf(undone[0].Err) != "undo_urgent" || hotline.CodeOf(undone[1].Err) != "undo_late" {
			t.Errorf("undo of an urgent one and too late: got %+v, %v", undone, err)
		}
	})
}

// What a unit gave back goes to another with the rest, in place of the leg that was returned; not to who gave it back, and not where it is
// in dispute.
func TestAssignReturned(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		const urban = "540102-urban"
		back, disputed := w.take(plain), w.take(plain)
		giveBack := func(id, unit string) string {
			w.send(id, to("unit:"+unit))
			legs := w.see(id).Legs
			l := legs[len(legs)-1].ID
			must(w.Act(ctx, w.clerk(unit), l, desk.Do{Verb: leg.Return, Ground: leg.NotDuty, Basis: "三定规定"}))(t)
			return l
		}
		old := giveBack(back.ID, urban)
		giveBack(disputed.ID, urban)
		giveBack(disputed.ID, housing) // the second return opens a dispute
		pick := func(id string) desk.Pick {
			return desk.Pick{Case: id, Version: w.see(id).Version, Leg: hotline.NewID()}
		}
		picks := []desk.Pick{pick(back.ID), pick(disputed.ID)}
		got := must(w.PreviewAssign(ctx, w.lead, urban, picks))(t)
		if hotline.CodeOf(got[0].Err) != "assign_gave_back" {
			t.Errorf("to who gave it back: got %v, want it refused", got[0].Err)
		}
		got = must(w.PreviewAssign(ctx, w.lead, housing, picks))(t)
		if got[0].Err != nil || got[0].After != old || got[1].Err == nil {
			t.Errorf("preview: got %+v, want the first in place of %s, and the disputed one left", got, old)
		}
		got = must(w.Assign(ctx, w.lead, housing, picks))(t)
		if got[0].Err != nil {
			t.Fatal(got[0].Err)
		}
		if l := w.leg(old); l.Resolution != leg.BySuccessor || l.Successor != picks[0].Leg {
			t.Errorf("the returned leg: got %s by %s, want it succeeded", l.Resolution, l.Successor)
		}
		undone := must(w.UndoAssign(ctx, w.lead, []string{picks[0].Leg}, "撤回"))(t)
		if undone[0].Err != nil {
			t.Errorf("undo: %v", undone[0].Err)
		}
		if again := must(w.Assign(ctx, w.lead, housing, []desk.Pick{pick(back.ID)}))(t); again[0].Err != nil {
			t.Errorf("assigned again after it was taken back: %v", again[0].Err)
		}
	})
}
