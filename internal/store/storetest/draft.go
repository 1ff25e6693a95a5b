package storetest

import (
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A draft is kept, changed by whoever saw it last, and gone once it is dropped.
func drafts(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var a, b store.Draft
	fill(&a, 1)
	fill(&b, 2)
	a.ID, b.ID = "1"+hotline.NewID()[1:], "2"+hotline.NewID()[1:]
	a.Version, b.Version = 1, 1
	write(t, st, func(tx *store.Tx) error {
		if err := tx.AddDraft(ctx, a); err != nil {
			return err
		}
		return tx.AddDraft(ctx, b)
	})
	list, err := r.Drafts(ctx)
	want(t, "newest first", list, err, []store.Draft{b, a})

	changed := a
	changed.Content, changed.Tested, changed.ByName, changed.ChangedAt = "{}", "", "另一人", start
	write(t, st, func(tx *store.Tx) error { return tx.SaveDraft(ctx, changed) })
	changed.Version = 2
	got, err := r.Draft(ctx, a.ID)
	want(t, "changed", got, err, changed)
	for what, f := range map[string]func(tx *store.Tx) error{
		"saved by who saw the first": func(tx *store.Tx) error { return tx.SaveDraft(ctx, a) },
		"dropped by them":            func(tx *store.Tx) error { return tx.DropDraft(ctx, a.ID, 1) },
	} {
		if err := st.Write(ctx, f); hotline.CodeOf(err) != "stale" {
			t.Errorf("%s: got %v, want stale", what, err)
		}
	}
	write(t, st, func(tx *store.Tx) error { return tx.DropDraft(ctx, a.ID, 2) })
	_, err = r.Draft(ctx, a.ID)
	wantCode(t, "dropped", err, hotline.NotFound, "draft_not_found")
}
