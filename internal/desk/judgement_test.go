package desk_test

import (
	"testing"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// What people decided is kept beside the proposal: once a case, with whether
// the proposal had been seen, and with a return that speaks against it.
func TestJudgements(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		class := func(code string, seen bool) func(*desk.In) {
			return func(in *desk.In) { in.Category, in.Seen = code, seen }
		}
		agreed := w.take(plain, class("A01", true))
		w.take(plain, class("A02", false))
		w.take(plain) // nobody decided
		calm := ""
		w.take(fire, func(in *desk.In) { in.Category, in.Urgent, in.LevelReason = "B04", &calm, "演练，没有着火" })

		j := must(w.st.Reader().Judgement(ctx, agreed.ID))(t)
		if j.Category != "A01" || j.Proposed != agreed.Proposal.Category || j.Triage != agreed.Proposal.Version || !j.Seen || j.Region != chengguan {
			t.Errorf("judgement: got %+v, want what was decided beside %+v", j, agreed.Proposal)
		}
		if j.Week.Weekday() != 0 && j.Week.UTC().Format("2006-01-02 15:04") != "2026-03-08 16:00" {
			t.Errorf("week: got %v, want Monday 9 March, 00:00 in Shanghai", j.Week)
		}

		v := w.send(agreed.ID, to("unit:"+urban))
		l := v.Legs[len(v.Legs)-1]
		if _, err := w.Act(ctx, w.clerk(urban), l.ID, do(leg.Return)); err != nil {
			t.Fatal(err)
		}
		f := must(w.TriageFigures(ctx, w.lead))(t)
		got := f.All
		if got.N != 3 || got.Agreed != 2 || got.Blind != 2 || got.FalseAlarms != 1 || got.Returned != 1 || got.ReturnedProposed != 1 {
			t.Errorf("figures: got %+v, want 3 judged, 2 as proposed, 2 blind, 1 alarm cleared, 1 returned though as proposed", got)
		}
		if len(f.Classes) != 3 || len(f.Regions) != 1 || f.Regions[0].Region != lhasa || len(f.Weeks) != 1 {
			t.Errorf("got %d classes, regions %+v, %d weeks", len(f.Classes), f.Regions, len(f.Weeks))
		}

		// Another decision takes the place of the first; that it was blind stays.
		other := must(w.Cases(ctx, w.lead, desk.Filter{Category: "A02"}))(t).Cases[0]
		to := "A01"
		if _, err := w.Decide(ctx, w.lead, other.ID, desk.Decision{Category: &to}); err != nil {
			t.Fatal(err)
		}
		if got = must(w.TriageFigures(ctx, w.lead))(t).All; got.N != 3 || got.Agreed != 3 || got.Blind != 2 {
			t.Errorf("after another decision: got %+v, want 3 judged, all as proposed, 2 blind", got)
		}

		elsewhere := w.actor(hotline.ShiftLeader, shigatse, "")
		if got := must(w.TriageFigures(ctx, elsewhere))(t).All.N; got != 0 {
			t.Errorf("a leader of another prefecture: got %d judgements, want none", got)
		}
		if _, err := w.TriageFigures(ctx, w.clerk(urban)); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("a clerk: got %v, want denied", err)
		}
	})
}
