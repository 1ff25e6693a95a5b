package storetest

import (
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A figure is objected to once at a time: of two of the same serial one is
// refused. The case tells whether an objection is open.
func objections(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	objection := func(unit, month string, serial, hour int) store.Objection {
		return store.Objection{Unit: unit, Month: month, Indicator: assessment.Solved, Serial: serial, CaseID: addCase(t, st).ID,
			Cell: assessment.Cell{Num: 3, Den: 4}, ByName: "测试承办", At: start.Add(time.Duration(hour) * time.Hour)}
	}
	later, first, theirs, before := objection("a", "2026-03", 2, 9), objection("a", "2026-03", 1, 3), objection("b", "2026-03", 1, 5), objection("a", "2026-02", 1, 1)
	for _, o := range []store.Objection{later, first, theirs, before} {
		write(t, st, func(tx *store.Tx) error { return tx.AddObjection(ctx, o) })
	}
	again := objection("a", "2026-03", 2, 10)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddObjection(ctx, again) }); !store.IsDuplicate(err) {
		t.Errorf("a serial twice: got %v, want a duplicate", err)
	}
	nowhere := objection("c", "2026-03", 1, 10)
	nowhere.CaseID = hotline.NewID()
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddObjection(ctx, nowhere) }); err == nil {
		t.Error("one without a case: got no error")
	}
	c, err := r.Case(ctx, first.CaseID)
	if err != nil {
		t.Fatal(err)
	}
	first.ClosedAt = start.Add(20 * time.Hour)
	c.ClosedAt = first.ClosedAt
	write(t, st, func(tx *store.Tx) error { return tx.SaveCase(ctx, &c) })
	got, err := r.Objections(ctx, "2026-03", "")
	want(t, "of a month", got, err, []store.Objection{first, theirs, later})
	got, err = r.Objections(ctx, "2026-03", "b")
	want(t, "of a unit", got, err, []store.Objection{theirs})
	one, err := r.ObjectionOf(ctx, theirs.CaseID)
	want(t, "of a case", one, err, &theirs)
	one, err = r.ObjectionOf(ctx, again.CaseID)
	want(t, "of a case without one", one, err, nil)
	got, err = r.Objections(ctx, "2026-01", "a")
	want(t, "of another month", got, err, nil)
}
