package storetest

import (
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A view is its person's alone: seen, renamed and deleted by nobody else, under
// a name that only their own views must not share.
func savedViews(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	p, other := newPerson("a"), newPerson("b")
	addPerson(t, st, p)
	addPerson(t, st, other)
	var first, second, theirs store.SavedView
	for i, v := range []*store.SavedView{&first, &second, &theirs} {
		fill(v, i+1)
		v.ID, v.PersonID = hotline.NewID(), p.ID
	}
	theirs.PersonID, theirs.Name = other.ID, first.Name
	for _, v := range []store.SavedView{second, theirs, first} {
		write(t, st, func(tx *store.Tx) error { return tx.AddSavedView(ctx, v) })
	}
	got, err := r.SavedViews(ctx, p.ID)
	want(t, "mine, the oldest first", got, err, []store.SavedView{first, second})

	again := second
	again.ID, again.Name = hotline.NewID(), first.Name
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddSavedView(ctx, again) }); !store.IsDuplicate(err) {
		t.Errorf("a name that is there: got %v, want a duplicate", err)
	}
	err = st.Write(ctx, func(tx *store.Tx) error { _, err := tx.RenameSavedView(ctx, p.ID, second.ID, first.Name); return err })
	if !store.IsDuplicate(err) {
		t.Errorf("renamed to a name that is there: got %v, want a duplicate", err)
	}
	change := func(what string, wanted bool, f func(tx *store.Tx) (bool, error)) {
		t.Helper()
		var done bool
		write(t, st, func(tx *store.Tx) (err error) { done, err = f(tx); return err })
		if done != wanted {
			t.Errorf("%s: got %v, want %v", what, done, wanted)
		}
	}
	change("renamed by somebody else", false, func(tx *store.Tx) (bool, error) { return tx.RenameSavedView(ctx, other.ID, first.ID, "x") })
	change("dropped by somebody else", false, func(tx *store.Tx) (bool, error) { return tx.DropSavedView(ctx, other.ID, first.ID) })
	change("renamed", true, func(tx *store.Tx) (bool, error) { return tx.RenameSavedView(ctx, p.ID, second.ID, "夜班") })
	change("dropped", true, func(tx *store.Tx) (bool, error) { return tx.DropSavedView(ctx, p.ID, first.ID) })
	change("dropped again", false, func(tx *store.Tx) (bool, error) { return tx.DropSavedView(ctx, p.ID, first.ID) })
	second.Name = "夜班"
	got, err = r.SavedViews(ctx, p.ID)
	want(t, "afterwards", got, err, []store.SavedView{second})
	got, err = r.SavedViews(ctx, other.ID)
	want(t, "theirs", got, err, []store.SavedView{theirs})
}
