package store

import (
	"context"
	"time"
)

// Attachment is a file of a case. Its content lies beside it in parts.
type Attachment struct {
	ID        string
	CaseID    string
	LegID     string // the leg that it belongs to; "" the case as a whole
	Peer      string // the platform that it came from; "" put up here
	ByID      string // who put it up
	State     string // coming, whole, erased
	Media     string // media type; "" until the first part is here
	Size      int64  // bytes
	Hash      string // "" until it is whole
	OnlyHere  bool   // it goes to no other platform
	Name      []byte // sealed; nil: erased
	Preview   []byte // a small JPEG picture, sealed; nil: there is none
	CreatedAt time.Time
	ExpiresAt time.Time // half an upload ends then; zero: never
}

// States of an attachment.
const (
	AttachmentComing = "coming" // parts are missing
	AttachmentWhole  = "whole"
	AttachmentErased = "erased"
)

const attachmentColumns = `id, case_id, leg_id, peer, by_id, state, media, size, hash, only_here, name, preview, created_at, expires_at`

func scanAttachment(rows scanner) (a Attachment, err error) {
	err = rows.Scan(&a.ID, &a.CaseID, &a.LegID, &a.Peer, &a.ByID, &a.State, &a.Media, &a.Size, &a.Hash, &a.OnlyHere, &a.Name, &a.Preview,
		moment{&a.CreatedAt}, moment{&a.ExpiresAt})
	return a, err
}

// AddAttachment begins an attachment, its parts still to come.
func (t *Tx) AddAttachment(ctx context.Context, a Attachment) error {
	return t.put(ctx, "add attachment", `INSERT INTO attachment (`+attachmentColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, a.ID, a.CaseID, a.LegID, a.Peer, a.ByID, a.State, a.Media,
		a.Size, a.Hash, flag(a.OnlyHere), a.Name, a.Preview, micros(a.CreatedAt), micros(a.ExpiresAt))
}

// Attachment reads one attachment.
func (r *Reader) Attachment(ctx context.Context, id string) (Attachment, error) {
	as, err := all(ctx, r, "attachment", `SELECT `+attachmentColumns+` FROM attachment WHERE id = $1`, []any{id}, scanAttachment)
	if err != nil {
		return Attachment{}, err
	}
	return single(as, "attachment")
}

// AttachmentsOf lists the attachments of a case in the order of their ids.
func (r *Reader) AttachmentsOf(ctx context.Context, caseID string) ([]Attachment, error) {
	return all(ctx, r, "attachments", `SELECT `+attachmentColumns+` FROM attachment WHERE case_id = $1 ORDER BY id`, []any{caseID}, scanAttachment)
}

// NameMedia notes the kind of a file whose first part has come.
func (t *Tx) NameMedia(ctx context.Context, id, media string) error {
	return t.put(ctx, "name kind of attachment", `UPDATE attachment SET media = $1 WHERE id = $2 AND state = 'coming'`, media, id)
}

// FinishAttachment makes an attachment whole; someone faster is ErrStale.
func (t *Tx) FinishAttachment(ctx context.Context, id, hash string, preview []byte) error {
	return t.must(ctx, "finish attachment", `UPDATE attachment SET state = 'whole', hash = $1, preview = $2, expires_at = NULL
		WHERE id = $3 AND state = 'coming'`, hash, preview, id)
}

// DropAttachment takes back an attachment that is not whole.
func (t *Tx) DropAttachment(ctx context.Context, id string) error {
	err := t.put(ctx, "drop parts", `DELETE FROM attachment_part WHERE attachment_id IN (SELECT id FROM attachment WHERE id = $1 AND state = 'coming')`, id)
	if err != nil {
		return err
	}
	return t.put(ctx, "drop attachment", `DELETE FROM attachment WHERE id = $1 AND state = 'coming'`, id)
}

// ExpiredUploads lists the attachments whose upload has ended without being
// whole.
func (r *Reader) ExpiredUploads(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return all(ctx, r, "attachments", `SELECT id FROM attachment WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`,
		[]any{now.UnixMicro(), limit}, func(rows scanner) (id string, err error) {
			err = rows.Scan(&id)
			return id, err
		})
}

// AttachmentPart is a part of a file, sealed under the key of its case.
type AttachmentPart struct {
	AttachmentID string
	Number       int64  // from 1
	Commitment   string // to its content
	Content      []byte // nil: erased
}

// AddAttachmentPart keeps a part. It says whether it is new: one that is there
// stays as it is.
func (t *Tx) AddAttachmentPart(ctx context.Context, p AttachmentPart) (bool, error) {
	n, err := t.exec(ctx, "add part", `INSERT INTO attachment_part (attachment_id, number, commitment, content) VALUES ($1, $2, $3, $4)
		ON CONFLICT (attachment_id, number) DO NOTHING`, p.AttachmentID, p.Number, p.Commitment, p.Content)
	return n == 1, err
}

// AttachmentPart reads one part with its content.
func (r *Reader) AttachmentPart(ctx context.Context, id string, number int64) (AttachmentPart, error) {
	p := AttachmentPart{AttachmentID: id, Number: number}
	err := r.one(ctx, "attachment", `SELECT commitment, content FROM attachment_part WHERE attachment_id = $1 AND number = $2`,
		[]any{id, number}, &p.Commitment, &p.Content)
	return p, err
}

// PartsOf lists the parts of a file that are there, without their content, in
// order.
func (r *Reader) PartsOf(ctx context.Context, id string) ([]AttachmentPart, error) {
	return all(ctx, r, "parts", `SELECT attachment_id, number, commitment FROM attachment_part WHERE attachment_id = $1 ORDER BY number`, []any{id},
		func(rows scanner) (p AttachmentPart, err error) {
			err = rows.Scan(&p.AttachmentID, &p.Number, &p.Commitment)
			return p, err
		})
}

// eraseAttachments destroys what is sealed of the files that a condition
// chooses. Their hashes and the commitments of their parts stay: they are what
// is proved.
func (t *Tx) eraseAttachments(ctx context.Context, cond string, args ...any) error {
	for _, q := range []string{
		`UPDATE attachment_part SET content = NULL WHERE attachment_id IN (SELECT id FROM attachment WHERE ` + cond + `)`,
		`UPDATE attachment SET name = NULL, preview = NULL, expires_at = NULL, state = 'erased' WHERE ` + cond,
	} {
		if err := t.put(ctx, "erase attachments", q, args...); err != nil {
			return err
		}
	}
	return nil
}

// HoldAttachment keeps others from changing a file until this transaction ends:
// of two parts that arrive at once one sees that both are there.
func (t *Tx) HoldAttachment(ctx context.Context, id string) error {
	return t.must(ctx, "hold attachment", `UPDATE attachment SET size = size WHERE id = $1`, id)
}

// SetPreview adds the preview of a file that came whole without one.
func (t *Tx) SetPreview(ctx context.Context, id string, preview []byte) error {
	return t.put(ctx, "add preview", `UPDATE attachment SET preview = $1 WHERE id = $2 AND state = 'whole' AND preview IS NULL`, preview, id)
}

// AttachmentShare is a file on its way to another platform.
type AttachmentShare struct {
	AttachmentID string
	Peer         string
	LegID        string // the leg whose letters carry it
	State        string // named, sending, there, refused
	There        int64  // parts that the peer has receipted
	Code         string // why the peer would not have it
}

// States of a share.
const (
	ShareNamed   = "named" // the letter that names it waits for its receipt
	ShareSending = "sending"
	ShareThere   = "there" // every part is on the peer's disk, and the hash holds
	ShareRefused = "refused"
)

// AddShare begins to share a file with a peer. It says whether this is new.
func (t *Tx) AddShare(ctx context.Context, s AttachmentShare) (bool, error) {
	n, err := t.exec(ctx, "share attachment", `INSERT INTO attachment_share (attachment_id, peer, leg_id, state, there, code)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (attachment_id, peer) DO NOTHING`, s.AttachmentID, s.Peer, s.LegID, s.State, s.There, s.Code)
	return n == 1, err
}

// SetShare moves a share to a state, with as many parts there as said.
func (t *Tx) SetShare(ctx context.Context, s AttachmentShare) error {
	return t.put(ctx, "move share", `UPDATE attachment_share SET state = $1, there = $2, code = $3 WHERE attachment_id = $4 AND peer = $5`,
		s.State, s.There, s.Code, s.AttachmentID, s.Peer)
}

// SharesOf lists where the files of a case go.
func (r *Reader) SharesOf(ctx context.Context, caseID string) ([]AttachmentShare, error) {
	return all(ctx, r, "shares", `SELECT attachment_id, s.peer, s.leg_id, s.state, there, code FROM attachment_share s
		JOIN attachment a ON a.id = s.attachment_id WHERE a.case_id = $1 ORDER BY attachment_id, s.peer`, []any{caseID},
		func(rows scanner) (s AttachmentShare, err error) {
			err = rows.Scan(&s.AttachmentID, &s.Peer, &s.LegID, &s.State, &s.There, &s.Code)
			return s, err
		})
}
