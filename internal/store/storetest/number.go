package storetest

import (
	"testing"

	"liandong/internal/store"
)

// Numbers of a day are given out once and in order; a case is found by its own,
// which no other may have.
func numbers(t *testing.T, st *store.Store) {
	ctx := t.Context()
	for i, tc := range []struct {
		day  string
		n    int64
		want int64
	}{{"261127", 64, 1}, {"261127", 1, 65}, {"261128", 64, 1}, {"261127", 2, 66}} {
		write(t, st, func(tx *store.Tx) error {
			got, err := tx.TakeNumbers(ctx, tc.day, tc.n)
			if err == nil && got != tc.want {
				t.Errorf("%d: got %d, want %d", i, got, tc.want)
			}
			return err
		})
	}
	numbered := func(c *store.CaseRow) { c.Number = "2611270042" }
	c := addCase(t, st, numbered)
	addCase(t, st)
	addCase(t, st)
	got, err := st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Number: "2611270042", Limit: 10})
	want(t, "by number", ids(got, caseID), err, []string{c.ID})
	twice := newCase(numbered)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddCase(ctx, twice) }); !store.IsDuplicate(err) {
		t.Errorf("one number twice: got %v, want a duplicate", err)
	}
}
