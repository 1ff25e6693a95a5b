package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

func suspensions(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st)
	l := addLeg(t, st, c.ID)
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	late := store.Suspension{ID: "s2", CaseID: c.ID, LegID: l.ID, Ground: "weather", From: at(40), To: at(50), Approver: "测试督办", ApprovedAt: at(1)}
	soon := store.Suspension{ID: "s1", CaseID: c.ID, LegID: l.ID, Ground: "legal", From: at(10), To: at(20), Approver: "测试班长", ApprovedAt: at(2)}
	write(t, st, func(tx *store.Tx) error {
		if err := tx.AddSuspension(ctx, late); err != nil {
			return err
		}
		return tx.AddSuspension(ctx, soon)
	})
	got, err := st.Reader().SuspensionsOf(ctx, c.ID)
	want(t, "both, the earlier first", got, err, []store.Suspension{soon, late})
	soon.To = at(15)
	write(t, st, func(tx *store.Tx) error { return tx.EndSuspension(ctx, soon.ID, at(15)) })
	got, err = st.Reader().SuspensionsOf(ctx, c.ID)
	want(t, "one ended early", got, err, []store.Suspension{soon, late})
	for what, end := range map[string]func(tx *store.Tx) error{
		"later":    func(tx *store.Tx) error { return tx.EndSuspension(ctx, soon.ID, at(16)) },
		"one that": func(tx *store.Tx) error { return tx.EndSuspension(ctx, "none", at(1)) },
	} {
		if err := st.Write(ctx, end); hotline.KindOf(err) != hotline.Conflict && err == nil {
			t.Errorf("%s: got %v, want a refusal", what, err)
		}
	}
}
