package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/store"
)

// A case has one judgement: the last decision, with what was seen at the first;
// figures count it once, within sight.
func judgements(t *testing.T, st *store.Store) {
	ctx := t.Context()
	week := time.Date(2026, 3, 8, 16, 0, 0, 0, time.UTC)
	judge := func(change func(*store.Judgement)) store.Judgement {
		j := store.Judgement{CaseID: addCase(t, st).ID, At: week.Add(50 * time.Hour), Week: week, Region: "540102", Category: "A01",
			Proposed: "A01", ProposedItem: "A01.02", PerMille: 812, Triage: "v1"}
		change(&j)
		write(t, st, func(tx *store.Tx) error { return tx.AddJudgement(ctx, j) })
		return j
	}
	j := judge(func(j *store.Judgement) { j.Category, j.Urgent = "A05", "C4" })
	j.Category, j.Seen, j.At = "A01", true, j.At.Add(time.Minute)
	write(t, st, func(tx *store.Tx) error { return tx.SaveJudgement(ctx, j) })
	write(t, st, func(tx *store.Tx) error { return tx.JudgeReturn(ctx, j.CaseID, "A01") })
	j.Seen, j.Returned = false, "A01"
	got, err := st.Reader().Judgement(ctx, j.CaseID)
	if diff := cmp.Diff(j, got); err != nil || diff != "" {
		t.Errorf("judgement: %v (-want +got):\n%s", err, diff)
	}
	late := store.Judgement{CaseID: addCase(t, st).ID, At: j.At, Week: week, Region: "540202", Category: "B01", Proposed: "A01", ProposedUrgent: "C4", Seen: true}
	write(t, st, func(tx *store.Tx) error { return tx.SaveJudgement(ctx, late) }) // its first
	judge(func(j *store.Judgement) { j.At = week.Add(-time.Hour) })               // before the time asked for
	write(t, st, func(tx *store.Tx) error { return tx.JudgeReturn(ctx, "nobody judged it", "A01") })

	all := []store.Agreement{
		{Category: "A01", Region: "540102", Week: week, N: 1, Agreed: 1, Urgent: 1, Blind: 1, BlindAgreed: 1, Returned: 1, ReturnedProposed: 1},
		{Category: "B01", Region: "540202", Week: week, N: 1, FalseAlarms: 1},
	}
	for _, tc := range []struct {
		see  store.Sight
		want []store.Agreement
	}{{store.Sight{}, all}, {store.Sight{Regions: []string{"540202"}}, all[1:]}, {store.Sight{Regions: []string{}}, nil}} {
		got, err := st.Reader().Agreements(ctx, tc.see, week)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("agreements within %v: %v (-want +got):\n%s", tc.see.Regions, err, diff)
		}
	}
}
