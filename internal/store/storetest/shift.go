package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A hand-over is kept as it was signed, and taken once.
func shifts(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var a, b store.Shift
	fill(&a, 1)
	fill(&b, 2)
	a.ID, b.ID = "1"+hotline.NewID()[1:], "2"+hotline.NewID()[1:]
	b.TookAt, b.TookID, b.TookName = time.Time{}, "", ""
	write(t, st, func(tx *store.Tx) error {
		if err := tx.AddShift(ctx, a); err != nil {
			return err
		}
		return tx.AddShift(ctx, b)
	})
	got, err := r.Shift(ctx, a.ID)
	want(t, "signed by both", got, err, a)
	list, err := r.Shifts(ctx, "", 10)
	want(t, "newest first", list, err, []store.Shift{b, a})
	list, err = r.Shifts(ctx, b.ID, 10)
	want(t, "before it", list, err, []store.Shift{a})
	list, err = r.Shifts(ctx, "", 1)
	want(t, "one", list, err, []store.Shift{b})

	write(t, st, func(tx *store.Tx) error { return tx.TakeShift(ctx, b.ID, "p", "测试接班", start) })
	b.TookAt, b.TookID, b.TookName = start, "p", "测试接班"
	got, err = r.Shift(ctx, b.ID)
	want(t, "taken", got, err, b)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.TakeShift(ctx, b.ID, "q", "另一人", start) }); hotline.CodeOf(err) != "stale" {
		t.Errorf("taken twice: got %v, want stale", err)
	}
	_, err = r.Shift(ctx, "gone")
	wantCode(t, "no such hand-over", err, hotline.NotFound, "shift_not_found")
}
