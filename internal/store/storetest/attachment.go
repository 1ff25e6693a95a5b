package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

func addAttachment(t *testing.T, st *store.Store, caseID string, change func(*store.Attachment)) store.Attachment {
	t.Helper()
	a := store.Attachment{ID: hotline.NewID(), CaseID: caseID, LegID: "leg", ByID: "somebody", State: store.AttachmentComing, Size: 300000,
		OnlyHere: true, Name: []byte{1, 2}, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	change(&a)
	write(t, st, func(tx *store.Tx) error { return tx.AddAttachment(t.Context(), a) })
	return a
}

func addPart(t *testing.T, st *store.Store, p store.AttachmentPart) (isNew bool) {
	t.Helper()
	write(t, st, func(tx *store.Tx) (err error) { isNew, err = tx.AddAttachmentPart(t.Context(), p); return err })
	return isNew
}

// A file comes in parts, each once, and is whole once.
func attachments(t *testing.T, st *store.Store) {
	ctx, r, caseID := t.Context(), st.Reader(), addCase(t, st).ID
	a := addAttachment(t, st, caseID, func(*store.Attachment) {})
	b := addAttachment(t, st, caseID, func(b *store.Attachment) {
		b.LegID, b.Peer, b.Media, b.OnlyHere, b.Preview, b.ExpiresAt = "", "p1", "image/png", false, []byte{9}, time.Time{}
	})
	addAttachment(t, st, addCase(t, st).ID, func(*store.Attachment) {})
	list, err := r.AttachmentsOf(ctx, caseID)
	want(t, "of the case", list, err, []store.Attachment{a, b})

	second := store.AttachmentPart{AttachmentID: a.ID, Number: 2, Commitment: "c2", Content: []byte("second")}
	first := store.AttachmentPart{AttachmentID: a.ID, Number: 1, Commitment: "c1", Content: []byte{0, 255}}
	if !addPart(t, st, second) || !addPart(t, st, first) {
		t.Error("two parts: want both new")
	}
	if addPart(t, st, store.AttachmentPart{AttachmentID: a.ID, Number: 2, Commitment: "other", Content: []byte("other")}) {
		t.Error("a part again: want it not new")
	}
	part, err := r.AttachmentPart(ctx, a.ID, 2)
	want(t, "a part, as it came first", part, err, second)
	_, err = r.AttachmentPart(ctx, a.ID, 3)
	if hotline.KindOf(err) != hotline.NotFound {
		t.Errorf("a part that is not there: got %v", err)
	}
	first.Content, second.Content = nil, nil
	parts, err := r.PartsOf(ctx, a.ID)
	want(t, "parts", parts, err, []store.AttachmentPart{first, second})

	write(t, st, func(tx *store.Tx) error { return tx.NameMedia(ctx, a.ID, "image/jpeg") })
	write(t, st, func(tx *store.Tx) error { return tx.FinishAttachment(ctx, a.ID, "hash", []byte{7}) })
	a.Media, a.State, a.Hash, a.Preview, a.ExpiresAt = "image/jpeg", store.AttachmentWhole, "hash", []byte{7}, time.Time{}
	got, err := r.Attachment(ctx, a.ID)
	want(t, "whole", got, err, a)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.FinishAttachment(ctx, a.ID, "again", nil) }); err == nil {
		t.Error("finished twice: got no error")
	}
	write(t, st, func(tx *store.Tx) error { return tx.NameMedia(ctx, a.ID, "text/html") })
	write(t, st, func(tx *store.Tx) error { return tx.DropAttachment(ctx, a.ID) })
	got, err = r.Attachment(ctx, a.ID)
	want(t, "what is whole stays as it is", got, err, a)
}

// Half an upload goes when its time is over, with its parts; no other does.
func uploadsEnd(t *testing.T, st *store.Store) {
	ctx, r, caseID := t.Context(), st.Reader(), addCase(t, st).ID
	old := addAttachment(t, st, caseID, func(*store.Attachment) {})
	addPart(t, st, store.AttachmentPart{AttachmentID: old.ID, Number: 1, Content: []byte{1}})
	addAttachment(t, st, caseID, func(a *store.Attachment) { a.ExpiresAt = start.Add(2 * time.Hour) })
	addAttachment(t, st, caseID, func(a *store.Attachment) { a.ExpiresAt = time.Time{} })
	ids, err := r.ExpiredUploads(ctx, start.Add(time.Hour), 10)
	want(t, "over", ids, err, []string{old.ID})
	write(t, st, func(tx *store.Tx) error { return tx.DropAttachment(ctx, old.ID) })
	if list, err := r.AttachmentsOf(ctx, caseID); err != nil || len(list) != 2 {
		t.Errorf("got %d, %v, want the two others", len(list), err)
	}
	if parts, err := r.PartsOf(ctx, old.ID); err != nil || len(parts) != 0 {
		t.Errorf("got %d parts, %v, want none", len(parts), err)
	}
}

// An erasure takes names, previews and bytes, of the case or of what one peer
// sent; what is proved stays.
func attachmentsErased(t *testing.T, st *store.Store) {
	ctx, r, caseID := t.Context(), st.Reader(), addCase(t, st).ID
	whole := func(peer string) store.Attachment {
		a := addAttachment(t, st, caseID, func(a *store.Attachment) { a.Peer = peer })
		addPart(t, st, store.AttachmentPart{AttachmentID: a.ID, Number: 1, Commitment: "c", Content: []byte{1}})
		write(t, st, func(tx *store.Tx) error { return tx.FinishAttachment(ctx, a.ID, "hash", []byte{7}) })
		a.State, a.Hash, a.Preview, a.ExpiresAt = store.AttachmentWhole, "hash", []byte{7}, time.Time{}
		return a
	}
	ours, theirs := whole(""), whole("p1")
	gone := func(a store.Attachment) store.Attachment {
		a.State, a.Name, a.Preview = store.AttachmentErased, nil, nil
		return a
	}
	write(t, st, func(tx *store.Tx) error { return tx.EraseReceived(ctx, caseID, "p1") })
	list, err := r.AttachmentsOf(ctx, caseID)
	want(t, "the peer's", list, err, []store.Attachment{ours, gone(theirs)})
	write(t, st, func(tx *store.Tx) error { return tx.EraseCase(ctx, caseID) })
	list, err = r.AttachmentsOf(ctx, caseID)
	want(t, "all", list, err, []store.Attachment{gone(ours), gone(theirs)})
	for _, id := range []string{ours.ID, theirs.ID} {
		part, err := r.AttachmentPart(ctx, id, 1)
		want(t, "its part", part, err, store.AttachmentPart{AttachmentID: id, Number: 1, Commitment: "c"})
	}
}

// A file is shared with a peer once, and its parts go after all other letters.
func attachmentsShared(t *testing.T, st *store.Store) {
	ctx, r, caseID := t.Context(), st.Reader(), addCase(t, st).ID
	a := addAttachment(t, st, caseID, func(a *store.Attachment) { a.Media = "image/jpeg" })
	add := func(s store.AttachmentShare) (isNew bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) { isNew, err = tx.AddShare(ctx, s); return err })
		return isNew
	}
	s := store.AttachmentShare{AttachmentID: a.ID, Peer: "p1", LegID: "leg", State: store.ShareNamed}
	other := store.AttachmentShare{AttachmentID: a.ID, Peer: "p2", LegID: "leg2", State: store.ShareRefused, There: 2, Code: "why"}
	if !add(s) || !add(other) || add(store.AttachmentShare{AttachmentID: a.ID, Peer: "p1", State: store.ShareThere}) {
		t.Error("a share: want it new once")
	}
	s.State, s.There = store.ShareSending, 1
	write(t, st, func(tx *store.Tx) error { return tx.SetShare(ctx, s) })
	got, err := r.SharesOf(ctx, caseID)
	want(t, "shares", got, err, []store.AttachmentShare{s, other})

	write(t, st, func(tx *store.Tx) error { return tx.HoldAttachment(ctx, a.ID) })
	write(t, st, func(tx *store.Tx) error { return tx.FinishAttachment(ctx, a.ID, "hash", nil) })
	for _, preview := range [][]byte{{1}, {2}} {
		write(t, st, func(tx *store.Tx) error { return tx.SetPreview(ctx, a.ID, preview) })
	}
	if row, err := r.Attachment(ctx, a.ID); err != nil || len(row.Preview) != 1 || row.Preview[0] != 1 {
		t.Errorf("preview: got %v, %v, want the first", row.Preview, err)
	}

	for i, typ := range []string{"attachment", "attachment", "urge"} {
		write(t, st, func(tx *store.Tx) error {
			return tx.PostLetter(ctx, store.LetterOut{ID: hotline.NewID(), Peer: "p1", CaseID: caseID, LegID: "leg", Type: typ, Hash: typ,
				CreatedAt: start.Add(time.Duration(i) * time.Second)})
		})
	}
	types := func(ls []store.LetterOut) (out []string) {
		for _, l := range ls {
			out = append(out, l.Type)
		}
		return out
	}
	for _, stream := range []bool{false, true} {
		ls, err := r.Due(ctx, "p1", start.Add(time.Hour), stream, 10, 10)
		want(t, "due, parts last", types(ls), err, []string{"urge", "attachment", "attachment"})
		ls, err = r.Due(ctx, "p1", start.Add(time.Hour), stream, 1, 10)
		want(t, "due where letters fill the list", types(ls), err, []string{"urge"})
	}
	part := func() (l store.LetterOut) {
		ls, err := r.Due(ctx, "p1", start.Add(time.Hour), false, 10, 1)
		if err != nil || len(ls) != 2 {
			t.Fatalf("due: got %d, %v, want a letter and a part", len(ls), err)
		}
		return ls[1]
	}
	first := part()
	end := start.Add(2 * time.Hour)
	write(t, st, func(tx *store.Tx) error {
		return tx.EndWaiting(ctx, end, store.Ended{ID: first.ID, State: store.LetterReceipted, Answer: "{}"})
	})
	for since, n := range map[time.Time]int{end: 1, end.Add(time.Second): 0} {
		if ls, err := r.PartsReceipted(ctx, "p1", since); err != nil || len(ls) != n {
			t.Errorf("receipted since %v: got %d, %v, want %d", since, len(ls), err, n)
		}
	}
	write(t, st, func(tx *store.Tx) error { return tx.ReplayPart(ctx, first.ID, start) })
	if again := part(); again.ID != first.ID || again.State != store.LetterWaiting || !again.AnsweredAt.IsZero() {
		t.Errorf("sent again: got %+v", again)
	}
	if !part().CreatedAt.Equal(start) {
		t.Errorf("due: got a part of %v, want the oldest", part().CreatedAt)
	}
}
