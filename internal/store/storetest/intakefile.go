package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// Files of an intake: the same content once, kept by their author and the key of
// the form, and moved to the case or gone as a whole.
func intakeFiles(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	draft := store.IntakeDraft{ID: "d1", ByID: "op", Key: "k", WrappedKey: []byte{1, 2}, ExpiresAt: start.Add(time.Hour)}
	begin := func(d store.IntakeDraft) (isNew bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) { isNew, err = tx.AddIntakeDraft(ctx, d); return err })
		return isNew
	}
	later := draft
	later.ID, later.WrappedKey = "d9", []byte{9}
	if !begin(draft) || begin(later) {
		t.Error("a draft twice: want it new once")
	}
	got, err := r.IntakeDraft(ctx, "op", "k")
	want(t, "draft, as it came first", got, err, draft)
	if _, err := r.IntakeDraft(ctx, "other", "k"); hotline.KindOf(err) != hotline.NotFound {
		t.Errorf("somebody else's draft: got %v", err)
	}
	begin(store.IntakeDraft{ID: "d2", ByID: "other", Key: "k", WrappedKey: []byte{3}, ExpiresAt: start.Add(2 * time.Hour)})

	add := func(f store.IntakeFile) (isNew bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) { isNew, err = tx.AddIntakeFile(ctx, f); return err })
		return isNew
	}
	a := store.IntakeFile{ID: hotline.NewID(), DraftID: "d1", Digest: "x1", Media: "image/png", Size: 5, Name: []byte{4}, Preview: []byte{5}, CreatedAt: start}
	b := store.IntakeFile{ID: hotline.NewID(), DraftID: "d1", Digest: "x2", Media: "application/pdf", Size: 6, Name: []byte{6}, CreatedAt: start}
	same := a
	same.ID = hotline.NewID()
	if !add(a) || !add(b) || add(same) {
		t.Error("the same content twice: want it new once")
	}
	part := store.AttachmentPart{AttachmentID: a.ID, Number: 1, Commitment: "c1", Content: []byte("one")}
	gone := store.AttachmentPart{AttachmentID: "gone", Number: 1, Commitment: "c", Content: []byte("x")}
	write(t, st, func(tx *store.Tx) error { return tx.AddIntakePart(ctx, part) })
	write(t, st, func(tx *store.Tx) error { return tx.AddIntakePart(ctx, part) })
	write(t, st, func(tx *store.Tx) error { return tx.AddIntakePart(ctx, gone) })
	parts, err := r.IntakeParts(ctx, a.ID)
	want(t, "parts", parts, err, []store.AttachmentPart{{AttachmentID: a.ID, Number: 1, Commitment: "c1"}})
	for _, hash := range []string{"hash", "another"} {
		write(t, st, func(tx *store.Tx) error { return tx.FinishIntakeFile(ctx, a.ID, hash) })
	}
	a.Hash = "hash"
	files, err := r.IntakeFiles(ctx, "d1")
	want(t, "files", files, err, []store.IntakeFile{a, b})

	caseID := addCase(t, st).ID
	att := addAttachment(t, st, caseID, func(x *store.Attachment) { x.ID = a.ID })
	write(t, st, func(tx *store.Tx) error { return tx.TakeIntakeParts(ctx, a.ID) })
	moved, err := r.AttachmentPart(ctx, att.ID, 1)
	want(t, "part of the case's file", moved, err, part)

	write(t, st, func(tx *store.Tx) error { return tx.DropIntakeFile(ctx, "d2", a.ID) }) // not theirs
	write(t, st, func(tx *store.Tx) error { return tx.DropIntakeFile(ctx, "d1", b.ID) })
	files, err = r.IntakeFiles(ctx, "d1")
	want(t, "one taken out", files, err, []store.IntakeFile{a})
	old, err := r.ExpiredIntakeDrafts(ctx, start.Add(time.Hour), 10)
	want(t, "over", old, err, []string{"d1"})
	write(t, st, func(tx *store.Tx) error { return tx.DropIntakeDraft(ctx, "d1") })
	files, err = r.IntakeFiles(ctx, "d1")
	want(t, "after the draft went", files, err, []store.IntakeFile(nil))
	if _, err := r.IntakeDraft(ctx, "other", "k"); err != nil {
		t.Errorf("somebody else's draft of the same key: got %v", err)
	}
}
