package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"liandong/internal/attachment"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Files of an intake that is still being written. A case has no key before it is
// taken, so the draft has one, which becomes that of the case: what was put up
// is moved then, in the same transaction, and nothing is sealed again. A draft is
// known by who writes it and by the Idempotency-Key that the intake will have.

// IntakeFileView is such a file, for who put it up.
type IntakeFileView struct {
	ID      string
	Name    string
	Media   string
	Size    int64  // bytes
	Preview []byte // a small JPEG picture; nil: there is none
}

// PutIntakeFile puts a file to the intake that the actor writes under a key. The
// same content again is one file. Once a case was taken under the key it is a
// Conflict (intake_taken).
func (d *Desk) PutIntakeFile(ctx context.Context, a hotline.Actor, key, name string, size int64, content io.ReadSeeker) error {
	if err := attachment.CheckSize(size); err != nil {
		return err
	}
	draft, err := d.intakeDraft(ctx, a, key)
	if err != nil {
		return err
	}
	sealed, err := d.draftKey(draft)
	if err != nil {
		return err
	}
	f, err := d.newIntakeFile(draft, sealed, name, size, content)
	if err != nil {
		return err
	}
	f, err = d.addIntakeFile(ctx, f)
	if hotline.CodeOf(err) == "stale" { // the same was put up between the look and the adding
		f, err = d.addIntakeFile(ctx, f)
	}
	if err != nil || f.Hash != "" { // it is there whole
		return err
	}
	return d.putIntakeParts(ctx, f, sealed, content)
}

// intakeDraft is the draft of a key; it begins with its first file.
func (d *Desk) intakeDraft(ctx context.Context, a hotline.Actor, key string) (store.IntakeDraft, error) {
	draft := store.IntakeDraft{ID: hotline.NewID(), ByID: a.ID, Key: key, ExpiresAt: d.Now().Add(UploadFor)}
	if err := a.Check(hotline.TakeCases, d.where(a, "", d.regionOr(a.Region))); err != nil {
		return draft, err
	}
	if key == "" {
		return draft, hotline.Errorf(hotline.Invalid, "form_invalid", "key")
	}
	if err := casefile.CheckLine("Idempotency-Key", key); err != nil {
		return draft, err
	}
	var err error
	if draft.WrappedKey, err = seal.WrapCaseKey(d.keys, draft.ID, seal.NewCaseKey()); err != nil {
		return draft, err
	}
	err = d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		if _, err := tx.IntakeKey(ctx, a.ID, formKey(key)); hotline.KindOf(err) != hotline.NotFound {
			if err == nil {
				err = hotline.Errorf(hotline.Conflict, "intake_taken", "file")
			}
			return err
		}
		isNew, err := tx.AddIntakeDraft(ctx, draft)
		if err == nil && !isNew {
			draft, err = tx.IntakeDraft(ctx, a.ID, key)
		}
		return err
	})
	return draft, err
}

func (d *Desk) draftKey(x store.IntakeDraft) (seal.CaseKey, error) {
	return seal.UnwrapCaseKey(d.keys, x.ID, x.WrappedKey)
}

// newIntakeFile looks at a file and says what it is.
func (d *Desk) newIntakeFile(draft store.IntakeDraft, key seal.CaseKey, name string, size int64, content io.ReadSeeker) (store.IntakeFile, error) {
	f := store.IntakeFile{ID: hotline.NewID(), DraftID: draft.ID, Size: size, CreatedAt: d.Now()}
	head := make([]byte, attachment.PartLen(size, 1))
	if _, err := io.ReadFull(content, head); err != nil {
		return f, fmt.Errorf("read the file: %w", err)
	}
	var err error
	if f.Media, err = attachment.Check(attachment.CleanName(name), head); err != nil {
		return f, err
	}
	hash := sha256.New()
	hash.Write(head)
	if _, err := io.Copy(hash, content); err != nil {
		return f, fmt.Errorf("read the file: %w", err)
	}
	f.Digest = seal.BlindIndex(d.keys, "intake file", hex.EncodeToString(hash.Sum(nil)))
	f.Name = seal.SealField(key, aadName(f.ID), []byte(attachment.CleanName(name)))
	if f.Media == "image/jpeg" || f.Media == "image/png" {
		f.Preview, err = d.intakePreview(f, key, content)
	}
	return f, err
}

func (d *Desk) intakePreview(f store.IntakeFile, key seal.CaseKey, content io.ReadSeeker) ([]byte, error) {
	d.previews.Lock() // one picture in memory at a time
	defer d.previews.Unlock()
	var whole bytes.Buffer
	if err := fromStart(content, &whole); err != nil {
		return nil, err
	}
	preview := attachment.Preview(f.Media, whole.Bytes())
	if preview == nil {
		return nil, nil
	}
	return seal.SealField(key, aadPreview(f.ID), preview), nil
}

func fromStart(content io.ReadSeeker, to io.Writer) error {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file again: %w", err)
	}
	if _, err := io.Copy(to, content); err != nil {
		return fmt.Errorf("read the file again: %w", err)
	}
	return nil
}

// addIntakeFile begins a file, or finds the one of the same content.
func (d *Desk) addIntakeFile(ctx context.Context, f store.IntakeFile) (store.IntakeFile, error) {
	err := d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		have, err := tx.IntakeFiles(ctx, f.DraftID)
		if err != nil {
			return err
		}
		for _, h := range have {
			if h.Digest == f.Digest {
				f = h
				return nil
			}
		}
		if len(have) >= attachment.MostOwn {
			return hotline.Errorf(hotline.Conflict, "attachment_too_many", "file", attachment.MostOwn)
		}
		isNew, err := tx.AddIntakeFile(ctx, f)
		if err == nil && !isNew { // somebody put up the same between the two
			err = hotline.Errorf(hotline.Conflict, "stale", "file")
		}
		return err
	})
	return f, err
}

// putIntakeParts seals the content, a part in each transaction, so that a large
// file holds nobody up.
func (d *Desk) putIntakeParts(ctx context.Context, f store.IntakeFile, key seal.CaseKey, content io.ReadSeeker) error {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file again: %w", err)
	}
	for n := int64(1); n <= attachment.Parts(f.Size); n++ {
		plain := make([]byte, attachment.PartLen(f.Size, n))
		if _, err := io.ReadFull(content, plain); err != nil {
			return fmt.Errorf("read the file again: %w", err)
		}
		part, err := newPart(key, f.ID, n, plain)
		if err != nil {
			return err
		}
		if err := d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.AddIntakePart(ctx, part) }); err != nil {
			return err
		}
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		parts, err := tx.IntakeParts(ctx, f.ID)
		if err != nil || int64(len(parts)) < attachment.Parts(f.Size) {
			return err
		}
		return tx.FinishIntakeFile(ctx, f.ID, hashOf(parts))
	})
}

// IntakeFiles lists what the actor has put to the intake of a key, whole files
// only.
func (d *Desk) IntakeFiles(ctx context.Context, a hotline.Actor, key string) ([]IntakeFileView, error) {
	draft, err := d.read.IntakeDraft(ctx, a.ID, key)
	if hotline.KindOf(err) == hotline.NotFound {
		return nil, nil // none yet
	}
	if err != nil {
		return nil, err
	}
	rows, err := d.read.IntakeFiles(ctx, draft.ID)
	if err != nil {
		return nil, err
	}
	sealed, err := d.draftKey(draft)
	if err != nil {
		return nil, err
	}
	var out []IntakeFileView
	for _, row := range rows {
		if row.Hash == "" {
			continue
		}
		v := IntakeFileView{ID: row.ID, Media: row.Media, Size: row.Size}
		name, err := seal.OpenField(sealed, aadName(row.ID), row.Name)
		if err != nil {
			return nil, err
		}
		v.Name = string(name)
		if len(row.Preview) > 0 {
			if v.Preview, err = seal.OpenField(sealed, aadPreview(row.ID), row.Preview); err != nil {
				return nil, err
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// DropIntakeFile takes a file of the actor's own out of the intake of a key; ""
// all of them, with their key.
func (d *Desk) DropIntakeFile(ctx context.Context, a hotline.Actor, key, id string) error {
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		draft, err := tx.IntakeDraft(ctx, a.ID, key)
		switch {
		case hotline.KindOf(err) == hotline.NotFound:
			return nil
		case err != nil:
			return err
		case id == "":
			return tx.DropIntakeDraft(ctx, draft.ID)
		}
		return tx.DropIntakeFile(ctx, draft.ID, id)
	})
}

// takeFiles gives a new case, which is kept already, the files of its draft:
// those that are whole, each an event, and named to whoever got a leg. The work
// that it returns is the case as it stands afterwards.
func (w *work) takeFiles(in In) (*work, error) {
	rows, err := w.tx.IntakeFiles(w.ctx, in.draft.ID)
	if err != nil {
		return w, err
	}
	for _, row := range rows {
		if row.Hash == "" {
			continue
		}
		a := store.Attachment{ID: row.ID, CaseID: w.c.ID, ByID: w.by.ID, State: store.AttachmentComing, Media: row.Media, Size: row.Size, Hash: row.Hash,
			OnlyHere: in.OnlyHere, Name: row.Name, Preview: row.Preview, CreatedAt: row.CreatedAt}
		if err := w.tx.AddAttachment(w.ctx, a); err != nil {
			return w, err
		}
		if err := w.tx.TakeIntakeParts(w.ctx, a.ID); err != nil {
			return w, err
		}
		if w, err = w.d.load(w.ctx, w.tx, w.by, w.c.ID); err != nil { // one keeping, one work
			return w, err
		}
		if err := w.attached(a); err != nil {
			return w, err
		}
	}
	return w, w.tx.DropIntakeDraft(w.ctx, in.draft.ID)
}

// draftFor is the draft whose files an intake takes; nil where it has none.
func (d *Desk) draftFor(ctx context.Context, a hotline.Actor, in In) (*store.IntakeDraft, error) {
	if !in.WithFiles || in.Key == "" {
		return nil, nil
	}
	x, err := d.read.IntakeDraft(ctx, a.ID, in.Key)
	if hotline.KindOf(err) == hotline.NotFound {
		return nil, nil
	}
	return &x, err
}

// dropDrafts takes back the files of intakes that were never taken.
func (d *Desk) dropDrafts(ctx context.Context) error {
	for {
		old, err := d.read.ExpiredIntakeDrafts(ctx, d.Now(), aRound)
		if err != nil || len(old) == 0 {
			return err
		}
		for _, id := range old {
			if err := d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.DropIntakeDraft(ctx, id) }); err != nil {
				return err
			}
		}
		if len(old) < aRound {
			return nil
		}
	}
}
