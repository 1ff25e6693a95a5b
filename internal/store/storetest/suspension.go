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

// A leg has one ask for a suspension at most, until it is answered.
func suspensionAsks(t *testing.T, st *store.Store) {
	ctx := t.Context()
	l := addLeg(t, st, addCase(t, st).ID)
	ask := store.SuspensionAsk{LegID: l.ID, Ground: "weather", From: start, To: start.Add(time.Hour), Due: start.Add(2 * time.Hour)}
	write(t, st, func(tx *store.Tx) error { return tx.AddSuspensionAsk(ctx, ask) })
	got, err := st.Reader().SuspensionAsk(ctx, l.ID)
	want(t, "what is asked", got, err, ask)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddSuspensionAsk(ctx, ask) }); !store.IsDuplicate(err) {
		t.Errorf("a second: got %v, want a duplicate", err)
	}
	write(t, st, func(tx *store.Tx) error { return tx.DropSuspensionAsk(ctx, l.ID) })
	_, err = st.Reader().SuspensionAsk(ctx, l.ID)
	wantCode(t, "answered", err, hotline.NotFound, "suspension_ask_not_found")
}
