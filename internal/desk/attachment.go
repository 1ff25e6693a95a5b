package desk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"liandong/internal/attachment"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// UploadFor is how long half an upload is kept: a shift and a night on a line
// that comes and goes.
const UploadFor = 24 * time.Hour

// Upload is a file that somebody puts to a case.
type Upload struct {
	Name     string // as the device calls it; it is cleaned, and personal
	Size     int64  // bytes
	Leg      string // the leg that it belongs to; "" the case as a whole
	OnlyHere bool   // it goes to no other platform
}

// AttachmentView is a file as one actor may see it: what it is and where it came
// from. Its name, picture and bytes are personal; Reveal and OpenAttachment show
// them.
type AttachmentView struct {
	ID        string
	CaseID    string
	LegID     string
	From      string // name of the platform that it came from; "" put up here
	Media     string // media type; "" until the first part is here
	Size      int64  // bytes
	Hash      string // "" until it is whole
	State     string // coming, whole, erased
	OnlyHere  bool
	Parts     int64   // into how many it is cut
	Missing   []int64 // the numbers of the parts that are not here yet
	At        time.Time
	ExpiresAt time.Time // when half an upload ends
	CanOpen   bool      // the actor may open it, with a reason
	Shares    []ShareView
}

// ShareView is a file on its way to another platform.
type ShareView struct {
	store.AttachmentShare
	To string // name of the platform
}

// Kind is what the media type begins with: image, audio, video, application.
func (v AttachmentView) Kind() string {
	kind, _, _ := bytes.Cut([]byte(v.Media), []byte("/"))
	return string(kind)
}

// Whole says that every part is here.
func (v AttachmentView) Whole() bool { return v.State == store.AttachmentWhole }

// BeginAttachment begins an upload. Its parts follow by PutPart, in any order
// and as often as the line needs; the last one makes it whole.
func (d *Desk) BeginAttachment(ctx context.Context, a hotline.Actor, caseID string, up Upload) (AttachmentView, error) {
	if err := attachment.CheckSize(up.Size); err != nil {
		return AttachmentView{}, err
	}
	var row store.Attachment
	err := d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, caseID)
		if err != nil {
			return err
		}
		row = store.Attachment{ID: hotline.NewID(), CaseID: caseID, ByID: a.ID, State: store.AttachmentComing, Size: up.Size,
			OnlyHere: up.OnlyHere, CreatedAt: w.now, ExpiresAt: w.now.Add(UploadFor)}
		if row.LegID, err = w.mayAttach(up.Leg); err != nil {
			return err
		}
		if err := w.roomFor("", attachment.MostOwn); err != nil {
			return err
		}
		row.Name = seal.SealField(w.key, aadName(row.ID), []byte(attachment.CleanName(up.Name)))
		return tx.AddAttachment(ctx, row)
	})
	if err != nil {
		return AttachmentView{}, err
	}
	return d.attachmentView(ctx, row)
}

// mayAttach checks that the actor may put a file to the case, and says to which
// leg it belongs: a unit puts it to its own.
func (w *work) mayAttach(legID string) (string, error) {
	if !w.d.seesCase(w.by, w.c.Case, w.legRows()) {
		return "", hotline.Errorf(hotline.NotFound, "case_not_found", "")
	}
	if w.erased != nil {
		return "", w.erased
	}
	if !w.c.ClosedAt.IsZero() {
		return "", hotline.Errorf(hotline.Conflict, "case_closed", "status")
	}
	if w.by.AtDesk() {
		if legID != "" {
			if _, err := w.leg(legID); err != nil {
				return "", err
			}
		}
		return legID, w.by.Check(hotline.TakeCases, w.d.where(w.by, "", w.c.Region))
	}
	for i := len(w.legs) - 1; i >= 0; i-- { // the newest of its own
		if l := w.legs[i]; l.Unit == w.by.Unit && (legID == "" || l.ID == legID) {
			return l.ID, w.by.Check(hotline.WorkLegs, w.d.where(w.by, l.Unit, w.c.Region))
		}
	}
	return "", hotline.Errorf(hotline.NotFound, "leg_not_found", "leg")
}

// roomFor refuses one file too many of a platform, or of all.
func (w *work) roomFor(peer string, most int) error {
	have, err := w.tx.AttachmentsOf(w.ctx, w.c.ID)
	if err != nil {
		return err
	}
	same := 0
	for _, h := range have {
		if h.Peer == peer {
			same++
		}
	}
	if same >= most || len(have) >= attachment.MostAll {
		return hotline.Errorf(hotline.Conflict, "attachment_too_many", "case", most)
	}
	return nil
}

// PutPart takes one part of an upload of the actor's own. A part that is there
// already does nothing; with other content it is a Conflict. The first part
// decides what kind of file it is, and one that is refused ends the upload.
func (d *Desk) PutPart(ctx context.Context, a hotline.Actor, id string, number int64, content []byte) (AttachmentView, error) {
	row, err := d.read.Attachment(ctx, id)
	if err == nil && (row.Peer != "" || row.ByID != a.ID) {
		err = hotline.Errorf(hotline.NotFound, "attachment_not_found", "")
	}
	if err != nil {
		return AttachmentView{}, err
	}
	if want := attachment.PartLen(row.Size, number); int64(len(content)) != want || want == 0 {
		return AttachmentView{}, hotline.Errorf(hotline.Invalid, "attachment_part_size", "part", number, want)
	}
	if row.State == store.AttachmentComing && d.Now().After(row.ExpiresAt) {
		return AttachmentView{}, hotline.Errorf(hotline.Conflict, "attachment_expired", "")
	}
	key, err := d.keyOf(ctx, row.CaseID)
	if err != nil {
		return AttachmentView{}, err
	}
	if number == 1 && row.State == store.AttachmentComing {
		if row.Media, err = d.kindOfUpload(ctx, key, row, content); err != nil {
			return AttachmentView{}, err
		}
	}
	part, err := newPart(key, id, number, content)
	if err != nil {
		return AttachmentView{}, err
	}
	err = d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, row.CaseID)
		if err != nil {
			return err
		}
		if _, err := w.mayAttach(row.LegID); err != nil {
			return err
		}
		if isNew, err := tx.AddAttachmentPart(ctx, part); err != nil || !isNew {
			if err == nil {
				err = w.samePart(part, content)
			}
			return err
		}
		if number == 1 {
			return tx.NameMedia(ctx, id, row.Media)
		}
		return nil
	})
	if err != nil {
		return AttachmentView{}, err
	}
	if err := d.finishUpload(ctx, a, row, key); err != nil {
		return AttachmentView{}, err
	}
	if row, err = d.read.Attachment(ctx, id); err != nil {
		return AttachmentView{}, err
	}
	return d.attachmentView(ctx, row)
}

// kindOfUpload decides what a file is by its first part. What is not taken ends
// the upload: its other parts would be sent in vain.
func (d *Desk) kindOfUpload(ctx context.Context, key seal.CaseKey, row store.Attachment, content []byte) (string, error) {
	name, err := seal.OpenField(key, aadName(row.ID), row.Name)
	if err != nil {
		return "", err
	}
	media, refused := attachment.Check(string(name), content)
	if refused == nil {
		return media, nil
	}
	err = d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.DropAttachment(ctx, row.ID) })
	if err != nil {
		return "", err
	}
	return "", refused
}

// samePart: a part that comes again must say the same.
func (w *work) samePart(p store.AttachmentPart, content []byte) error {
	have, err := w.tx.AttachmentPart(w.ctx, p.AttachmentID, p.Number)
	if err != nil {
		return err
	}
	_, was, err := openPart(w.key, have)
	if err == nil && !bytes.Equal(was, content) {
		err = hotline.Errorf(hotline.Conflict, "attachment_part_differs", "part", p.Number)
	}
	return err
}

// saltSize is how many random bytes stand before the content of a part, so that
// its commitment tells nothing of it.
const saltSize = 32

// newPart seals a part of a file with a new salt.
func newPart(key seal.CaseKey, id string, number int64, content []byte) (store.AttachmentPart, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	return sealPart(key, id, number, salt, content)
}

func sealPart(key seal.CaseKey, id string, number int64, salt, content []byte) (store.AttachmentPart, error) {
	_, commitment, err := letter.Plain(partPrivate(salt, content))
	return store.AttachmentPart{AttachmentID: id, Number: number, Commitment: commitment,
		Content: seal.SealField(key, aadPart(id, number), append(slices.Clone(salt), content...))}, err
}

// partPrivate is a part as it is committed to: the personal part of the letter
// that carries it.
func partPrivate(salt, content []byte) leg.Private {
	return leg.Private{Salt: hex.EncodeToString(salt), Data: base64.StdEncoding.EncodeToString(content)}
}

// openPart opens a part of a file.
func openPart(key seal.CaseKey, p store.AttachmentPart) (salt, content []byte, err error) {
	plain, err := seal.OpenField(key, aadPart(p.AttachmentID, p.Number), p.Content)
	if err != nil {
		return nil, nil, fmt.Errorf("part %d of attachment %s: %w", p.Number, p.AttachmentID, err)
	}
	return plain[:saltSize], plain[saltSize:], nil
}

func aadName(id string) string    { return "attachment|name|" + id }
func aadPreview(id string) string { return "attachment|preview|" + id }
func aadPart(id string, number int64) string {
	return "attachment_part|content|" + id + "|" + strconv.FormatInt(number, 10)
}

// keyOf opens the key of a case outside a transaction.
func (d *Desk) keyOf(ctx context.Context, caseID string) (seal.CaseKey, error) {
	priv, err := d.read.Private(ctx, caseID)
	if err != nil {
		return seal.CaseKey{}, err
	}
	return d.caseKey(priv)
}

// whole reads the parts of a file: nil where some are missing.
func (d *Desk) whole(ctx context.Context, row store.Attachment) ([]store.AttachmentPart, error) {
	parts, err := d.read.PartsOf(ctx, row.ID)
	if err != nil || int64(len(parts)) < attachment.Parts(row.Size) {
		return nil, err
	}
	return parts, nil
}

func hashOf(parts []store.AttachmentPart) string {
	commitments := make([]string, len(parts))
	for i, p := range parts {
		commitments[i] = p.Commitment
	}
	return attachment.Hash(commitments)
}

// finishUpload makes an upload whole once all parts are there, which is an event
// of the case.
func (d *Desk) finishUpload(ctx context.Context, a hotline.Actor, row store.Attachment, key seal.CaseKey) error {
	if row.State != store.AttachmentComing {
		return nil
	}
	parts, err := d.whole(ctx, row)
	if err != nil || parts == nil {
		return err
	}
	if row, err = d.read.Attachment(ctx, row.ID); err != nil { // its kind may have come meanwhile
		return err
	}
	preview, err := d.previewOf(ctx, row, key)
	if err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.open(ctx, tx, a, row.CaseID)
		if err != nil {
			return err
		}
		now, err := tx.Attachment(ctx, row.ID)
		if err != nil || now.State != store.AttachmentComing { // the same part came twice at once
			return err
		}
		row.Hash, row.Preview = hashOf(parts), preview
		return w.attached(row)
	})
}

// attached keeps that a file is whole.
func (w *work) attached(row store.Attachment) error {
	if err := w.tx.FinishAttachment(w.ctx, row.ID, row.Hash, row.Preview); err != nil {
		return err
	}
	err := w.event("attached", row.LegID, body{"attachment": row.ID, "hash": row.Hash, "media": row.Media, "size": row.Size}, "")
	if err == nil {
		err = w.share(row)
	}
	if err != nil {
		return err
	}
	return w.keep()
}

// previewOf makes the small picture of a photo, sealed; nil where there is none.
func (d *Desk) previewOf(ctx context.Context, row store.Attachment, key seal.CaseKey) ([]byte, error) {
	if row.Media != "image/jpeg" && row.Media != "image/png" {
		return nil, nil
	}
	d.previews.Lock() // one picture in memory at a time
	defer d.previews.Unlock()
	var content bytes.Buffer
	if err := d.copyParts(ctx, row, key, &content); err != nil {
		return nil, err
	}
	preview := attachment.Preview(row.Media, content.Bytes())
	if preview == nil {
		return nil, nil
	}
	return seal.SealField(key, aadPreview(row.ID), preview), nil
}

// copyParts writes the content of a file that is whole, a part at a time.
func (d *Desk) copyParts(ctx context.Context, row store.Attachment, key seal.CaseKey, w io.Writer) error {
	for n := int64(1); n <= attachment.Parts(row.Size); n++ {
		p, err := d.read.AttachmentPart(ctx, row.ID, n)
		if err != nil {
			return err
		}
		_, content, err := openPart(key, p)
		if err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) attachmentView(ctx context.Context, row store.Attachment) (AttachmentView, error) {
	v := AttachmentView{ID: row.ID, CaseID: row.CaseID, LegID: row.LegID, Media: row.Media, Size: row.Size, Hash: row.Hash, State: row.State,
		OnlyHere: row.OnlyHere, Parts: attachment.Parts(row.Size), At: row.CreatedAt, ExpiresAt: row.ExpiresAt}
	if row.Peer != "" {
		v.From = row.Peer
		if link, err := d.Link(ctx, row.Peer); err == nil {
			v.From = link.Name
		}
	}
	if row.State != store.AttachmentComing {
		return v, nil
	}
	parts, err := d.read.PartsOf(ctx, row.ID)
	if err != nil {
		return v, err
	}
	for n := int64(1); n <= v.Parts; n++ {
		if !slices.ContainsFunc(parts, func(p store.AttachmentPart) bool { return p.Number == n }) {
			v.Missing = append(v.Missing, n)
		}
	}
	return v, nil
}

// attachments lists the files of a case that the actor of its view may know of:
// a unit's are its own and those of the case as a whole, and half an upload is
// for who began it.
func (d *Desk) attachments(ctx context.Context, a hotline.Actor, v CaseView, whole store.Whole) ([]AttachmentView, error) {
	rows, err := d.read.AttachmentsOf(ctx, v.ID)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	shares, err := d.read.SharesOf(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	var out []AttachmentView
	for _, row := range rows {
		if !v.lane(row.LegID) || row.State == store.AttachmentComing && row.Peer == "" && row.ByID != a.ID {
			continue
		}
		av, err := d.attachmentView(ctx, row)
		if err != nil {
			return nil, err
		}
		for _, sh := range shares {
			if sh.AttachmentID == row.ID && a.AtDesk() {
				sv := ShareView{AttachmentShare: sh, To: sh.Peer}
				if link, err := d.Link(ctx, sh.Peer); err == nil {
					sv.To = link.Name
				}
				av.Shares = append(av.Shares, sv)
			}
		}
		av.CanOpen = av.Whole() && d.mayOpen(a, whole.Case.Case, whole.Legs, row) == nil
		out = append(out, av)
	}
	return out, nil
}

// Attachment shows one file.
func (d *Desk) Attachment(ctx context.Context, a hotline.Actor, caseID, id string) (AttachmentView, error) {
	v, err := d.Case(ctx, a, caseID)
	if err != nil {
		return AttachmentView{}, err
	}
	for _, av := range v.Attachments {
		if av.ID == id {
			return av, nil
		}
	}
	return AttachmentView{}, hotline.Errorf(hotline.NotFound, "attachment_not_found", "")
}

// mayOpen: as for personal data, except that a unit may see again what it put up
// itself.
func (d *Desk) mayOpen(a hotline.Actor, c casefile.Case, legs []store.LegRow, row store.Attachment) error {
	own := row.Peer == "" && row.LegID != "" && slices.ContainsFunc(legs, func(l store.LegRow) bool { return l.ID == row.LegID && l.Unit == a.Unit })
	if !a.AtDesk() && own {
		return a.Check(hotline.RevealPerson, d.where(a, a.Unit, c.Region))
	}
	return d.mayReveal(a, c, legs)
}

// File is a file that was opened.
type File struct {
	Name  string // cleaned, ending as its kind does; personal
	Media string
	Size  int64 // bytes
	copy  func(ctx context.Context, w io.Writer) error
}

// Copy writes the content of the file.
func (f File) Copy(ctx context.Context, w io.Writer) error { return f.copy(ctx, w) }

// OpenAttachment gives the bytes of a file to an actor who has the right to see
// personal data and gives a reason; that view is an event.
func (d *Desk) OpenAttachment(ctx context.Context, a hotline.Actor, caseID, id, reason string) (File, error) {
	if reason == "" {
		return File{}, hotline.Errorf(hotline.Invalid, "reason_missing", "reason")
	}
	if err := casefile.CheckLine("reason", reason); err != nil {
		return File{}, err
	}
	var f File
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, caseID)
		if err != nil {
			return err
		}
		if !d.seesCase(a, w.c.Case, w.legRows()) {
			return hotline.Errorf(hotline.NotFound, "case_not_found", "")
		}
		row, err := tx.Attachment(ctx, id)
		if err != nil {
			return err
		}
		v, err := d.viewOf(w)
		if err != nil {
			return err
		}
		switch {
		case row.CaseID != caseID || !v.lane(row.LegID):
			return hotline.Errorf(hotline.NotFound, "attachment_not_found", "")
		case w.erased != nil:
			return w.erased
		case row.State == store.AttachmentErased:
			return hotline.Errorf(hotline.Conflict, "erased", "case")
		case row.State != store.AttachmentWhole:
			return hotline.Errorf(hotline.Conflict, "attachment_coming", "")
		}
		if err := d.mayOpen(a, w.c.Case, w.legRows(), row); err != nil {
			return err
		}
		name, err := seal.OpenField(w.key, aadName(row.ID), row.Name)
		if err != nil {
			return err
		}
		key := w.key
		f = File{Name: attachment.FileName(string(name), w.c.Number, row.Media), Media: row.Media, Size: row.Size,
			copy: func(ctx context.Context, to io.Writer) error { return d.copyParts(ctx, row, key, to) }}
		if err := w.event("viewed", "", body{"attachment": id}, reason); err != nil {
			return err
		}
		return w.keep()
	})
	return f, err
}

// RevealedFile is the personal part of a file but its bytes.
type RevealedFile struct {
	Name    string
	Preview []byte // a small JPEG picture; nil where there is none
}

// revealFiles opens names and previews of the files that the actor may open.
func (w *work) revealFiles(v CaseView) (map[string]RevealedFile, error) {
	rows, err := w.tx.AttachmentsOf(w.ctx, w.c.ID)
	if err != nil {
		return nil, err
	}
	out := map[string]RevealedFile{}
	for _, row := range rows {
		if !v.lane(row.LegID) || row.State != store.AttachmentWhole || w.d.mayOpen(w.by, w.c.Case, w.legRows(), row) != nil {
			continue
		}
		name, err := seal.OpenField(w.key, aadName(row.ID), row.Name)
		if err != nil {
			return nil, err
		}
		f := RevealedFile{Name: attachment.FileName(string(name), w.c.Number, row.Media)}
		if len(row.Preview) > 0 {
			if f.Preview, err = seal.OpenField(w.key, aadPreview(row.ID), row.Preview); err != nil {
				return nil, err
			}
		}
		out[row.ID] = f
	}
	return out, nil
}

// DropUploads takes back what was begun and never came whole, and the files of
// intakes that were never taken.
func (d *Desk) DropUploads(ctx context.Context) error {
	for {
		ids, err := d.read.ExpiredUploads(ctx, d.Now(), aRound)
		if err != nil {
			return err
		}
		for _, id := range ids {
			err := d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.DropAttachment(ctx, id) })
			if err != nil {
				return err
			}
		}
		if len(ids) < aRound {
			return d.dropDrafts(ctx)
		}
	}
}
