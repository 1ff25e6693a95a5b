package storetest

import (
	"slices"
	"testing"

	"liandong/internal/store"
)

// Of each token the newest cases that hold it are listed, newest first, and
// cases are read by their ids.
func holding(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var all []string
	for range 4 {
		c := addCase(t, st)
		all = append(all, c.ID)
		text := "井盖"
		if len(all) == 2 {
			text = "井盖 路灯"
		}
		write(t, st, func(tx *store.Tx) error {
			return tx.IndexCases(ctx, store.Indexed{ID: c.ID, Tokens: store.Tokens(text)})
		})
	}
	got, err := st.Reader().Holding(ctx, store.Tokens("井盖 停水 路灯"), 3)
	if err != nil || len(got) != 3 {
		t.Fatalf("holding: got %v, %v, want a list for each token", got, err)
	}
	newest := slices.Clone(all[1:])
	slices.Reverse(newest)
	want(t, "井盖", got[0], err, newest)
	want(t, "停水", got[1], err, nil)
	want(t, "路灯", got[2], err, all[1:2])
	none, err := st.Reader().Holding(ctx, nil, 3)
	if err != nil || len(none) != 0 {
		t.Errorf("of no token: got %v, %v, want nothing", none, err)
	}
	rows, err := st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{IDs: all[:2], Limit: 10})
	want(t, "by ids", len(rows), err, 2)
	rows, err = st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{IDs: []string{}, Limit: 10})
	want(t, "by no ids", len(rows), err, 0)
}
