package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/store"
)

// Models are kept with their files, and which was at work from when; of those
// that never were, the newest five.
func models(t *testing.T, st *store.Store) {
	ctx := t.Context()
	at := time.Date(2026, 3, 8, 16, 0, 0, 0, time.UTC)
	model := func(i int) store.Model {
		return store.Model{Version: fmt.Sprintf("m%d", i), Base: "b", Examples: i, MadeAt: at.Add(time.Duration(i) * time.Minute), ByName: "测试编辑",
			Judged: `{"n":1}`, File: []byte{0, 1, byte(i)}}
	}
	write(t, st, func(tx *store.Tx) error { return tx.AddModel(ctx, model(0)) })
	for i, v := range []string{"m0", "b"} {
		write(t, st, func(tx *store.Tx) error {
			return tx.UseModel(ctx, store.ModelUse{ID: fmt.Sprintf("u%d", i), Version: v, At: at, ByName: "测试编辑"})
		})
	}
	for i := range 7 {
		write(t, st, func(tx *store.Tx) error { return tx.AddModel(ctx, model(i+1)) })
	}
	write(t, st, func(tx *store.Tx) error { return tx.AddModel(ctx, model(7)) }) // the same again
	write(t, st, func(tx *store.Tx) error { return tx.JudgeModel(ctx, "m7", `{"n":2}`) })
	list, err := st.Reader().Models(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range list {
		got = append(got, m.Version)
	}
	if diff := cmp.Diff([]string{"m7", "m6", "m5", "m4", "m3", "m0"}, got); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
	want := model(7)
	want.Judged = `{"n":2}`
	m, err := st.Reader().Model(ctx, "m7")
	if diff := cmp.Diff(want, m); err != nil || diff != "" {
		t.Errorf("model: %v (-want +got):\n%s", err, diff)
	}
	uses, err := st.Reader().ModelUses(ctx, 1)
	if diff := cmp.Diff([]store.ModelUse{{ID: "u1", Version: "b", At: at, ByName: "测试编辑"}}, uses); err != nil || diff != "" {
		t.Errorf("uses: %v (-want +got):\n%s", err, diff)
	}

	var ids []string
	for i, j := range []store.Judgement{{Category: "A01"}, {Category: "A02", Seen: true}, {Category: "A03", Seen: true, Returned: "A03"}, {Seen: true},
		{Category: "A04", Seen: true, Returned: "A05", Urgent: "C4"}} {
		j.CaseID, j.At, j.Week = addCase(t, st).ID, at.Add(time.Duration(i)*time.Second), at
		ids = append(ids, j.CaseID)
		write(t, st, func(tx *store.Tx) error { return tx.AddJudgement(ctx, j) })
	}
	for _, tc := range []struct {
		blind bool
		want  []store.Judgement
	}{
		{true, []store.Judgement{{CaseID: ids[0], Category: "A01"}}},
		{false, []store.Judgement{{CaseID: ids[4], Category: "A04", Urgent: "C4", Seen: true}, {CaseID: ids[1], Category: "A02", Seen: true}}},
	} {
		got, err := st.Reader().Lessons(ctx, tc.blind, 10)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("lessons, blind %v: %v (-want +got):\n%s", tc.blind, err, diff)
		}
	}
}
