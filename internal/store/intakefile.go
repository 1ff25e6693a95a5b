package store

import (
	"context"
	"time"
)

// IntakeDraft holds the files of an intake that somebody is writing. Its key
// becomes the key of the case.
type IntakeDraft struct {
	ID         string
	ByID       string // who writes it
	Key        string // of the form: the Idempotency-Key that the intake will have
	WrappedKey []byte
	ExpiresAt  time.Time
}

// IntakeFile is a file of such a draft. Its content lies beside it in parts.
type IntakeFile struct {
	ID        string
	DraftID   string
	Digest    string // keyed, of the content: the same file twice is one
	Media     string // media type
	Size      int64  // bytes
	Hash      string // as an attachment has it; "" until it is whole
	Name      []byte // sealed
	Preview   []byte // a small JPEG picture, sealed; nil: there is none
	CreatedAt time.Time
}

// AddIntakeDraft begins a draft. It says whether it is new: one that is there
// stays as it is.
func (t *Tx) AddIntakeDraft(ctx context.Context, d IntakeDraft) (bool, error) {
	n, err := t.exec(ctx, "add intake draft", `INSERT INTO intake_draft (id, by_id, key, wrapped_key, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (by_id, key) DO NOTHING`, d.ID, d.ByID, d.Key, d.WrappedKey, micros(d.ExpiresAt))
	return n == 1, err
}

// IntakeDraft reads a draft.
func (r *Reader) IntakeDraft(ctx context.Context, byID, key string) (IntakeDraft, error) {
	d := IntakeDraft{ByID: byID, Key: key}
	err := r.one(ctx, "draft", `SELECT id, wrapped_key, expires_at FROM intake_draft WHERE by_id = $1 AND key = $2`, []any{byID, key},
		&d.ID, &d.WrappedKey, moment{&d.ExpiresAt})
	return d, err
}

// ExpiredIntakeDrafts lists the ids of drafts whose time is over.
func (r *Reader) ExpiredIntakeDrafts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return all(ctx, r, "intake drafts", `SELECT id FROM intake_draft WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`,
		[]any{now.UnixMicro(), limit}, func(rows scanner) (id string, err error) {
			err = rows.Scan(&id)
			return id, err
		})
}

// DropIntakeDraft takes a draft away with all its files; one that is not there
// is no error.
func (t *Tx) DropIntakeDraft(ctx context.Context, id string) error {
	for _, q := range []string{
		`DELETE FROM intake_part WHERE file_id IN (SELECT id FROM intake_file WHERE draft_id = $1)`,
		`DELETE FROM intake_file WHERE draft_id = $1`,
		`DELETE FROM intake_draft WHERE id = $1`,
	} {
		if err := t.put(ctx, "drop intake draft", q, id); err != nil {
			return err
		}
	}
	return nil
}

// AddIntakeFile begins a file. It says whether it is new: the same content in
// the same draft is there already.
func (t *Tx) AddIntakeFile(ctx context.Context, f IntakeFile) (bool, error) {
	n, err := t.exec(ctx, "add intake file", `INSERT INTO intake_file (id, draft_id, digest, media, size, hash, name, preview, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (draft_id, digest) DO NOTHING`,
		f.ID, f.DraftID, f.Digest, f.Media, f.Size, f.Hash, f.Name, f.Preview, micros(f.CreatedAt))
	return n == 1, err
}

// IntakeFiles lists the files of a draft in the order of their ids, whole or
// not.
func (r *Reader) IntakeFiles(ctx context.Context, draftID string) ([]IntakeFile, error) {
	return all(ctx, r, "intake files", `SELECT id, draft_id, digest, media, size, hash, name, preview, created_at FROM intake_file
		WHERE draft_id = $1 ORDER BY id`, []any{draftID}, func(rows scanner) (f IntakeFile, err error) {
		err = rows.Scan(&f.ID, &f.DraftID, &f.Digest, &f.Media, &f.Size, &f.Hash, &f.Name, &f.Preview, moment{&f.CreatedAt})
		return f, err
	})
}

// AddIntakePart keeps a part of a file; one that is there stays as it is, and
// nothing is kept of a file that has gone.
func (t *Tx) AddIntakePart(ctx context.Context, p AttachmentPart) error {
	return t.put(ctx, "add intake part", `INSERT INTO intake_part (file_id, number, commitment, content)
		SELECT id, $2, $3, $4 FROM intake_file WHERE id = $1 ON CONFLICT (file_id, number) DO NOTHING`, p.AttachmentID, p.Number, p.Commitment, p.Content)
}

// IntakeParts lists the parts of a file that are there, without their content,
// in order.
func (r *Reader) IntakeParts(ctx context.Context, fileID string) ([]AttachmentPart, error) {
	return all(ctx, r, "intake parts", `SELECT file_id, number, commitment FROM intake_part WHERE file_id = $1 ORDER BY number`, []any{fileID},
		func(rows scanner) (p AttachmentPart, err error) {
			err = rows.Scan(&p.AttachmentID, &p.Number, &p.Commitment)
			return p, err
		})
}

// FinishIntakeFile makes a file whole. Where it has gone, or somebody was
// faster, nothing happens.
func (t *Tx) FinishIntakeFile(ctx context.Context, id, hash string) error {
	return t.put(ctx, "finish intake file", `UPDATE intake_file SET hash = $1 WHERE id = $2 AND hash = ''`, hash, id)
}

// DropIntakeFile takes one file out of a draft; one that is not there is no
// error.
func (t *Tx) DropIntakeFile(ctx context.Context, draftID, id string) error {
	for _, q := range []string{
		`DELETE FROM intake_part WHERE file_id IN (SELECT id FROM intake_file WHERE draft_id = $1 AND id = $2)`,
		`DELETE FROM intake_file WHERE draft_id = $1 AND id = $2`,
	} {
		if err := t.put(ctx, "drop intake file", q, draftID, id); err != nil {
			return err
		}
	}
	return nil
}

// TakeIntakeParts makes the parts of a draft's file those of the attachment of
// the same id.
func (t *Tx) TakeIntakeParts(ctx context.Context, fileID string) error {
	return t.put(ctx, "take intake parts", `INSERT INTO attachment_part (attachment_id, number, commitment, content)
		SELECT file_id, number, commitment, content FROM intake_part WHERE file_id = $1`, fileID)
}
