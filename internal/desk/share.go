package desk

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/attachment"
	"liandong/internal/calendar"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// A file goes to another platform in two steps. A numbered supplement names it,
// in words too, so that a peer which knows no attachments still learns that
// there is one. Once that is receipted, each part goes as a letter of its own
// without a number: nothing waits for it, a lost one is sent again as every
// letter is, and whatever stops either side, those that were receipted are there.

// shareAll shares the files of the case with whoever has just got a leg of it.
func (w *work) shareAll() error {
	rows, err := w.tx.AttachmentsOf(w.ctx, w.c.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.State == store.AttachmentWhole {
			if err := w.share(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// share names a whole file to every platform that has a leg of the case under
// way and does not know it yet. One that belongs to a platform's leg goes to
// that platform only.
func (w *work) share(row store.Attachment) error {
	if row.OnlyHere {
		return nil
	}
	told := map[string]bool{"": true, row.Peer: true}
	for i := len(w.legs) - 1; i >= 0; i-- { // the newest leg of each
		l := w.legs[i]
		if told[l.Peer] || l.ByHand || l.State.Ended() {
			continue
		}
		told[l.Peer] = true
		if at, err := w.leg(row.LegID); err == nil && !at.Local() && at.Peer != l.Peer {
			continue
		}
		isNew, err := w.tx.AddShare(w.ctx, store.AttachmentShare{AttachmentID: row.ID, Peer: l.Peer, LegID: l.ID, State: store.ShareNamed})
		if err != nil {
			return err
		}
		if !isNew {
			continue
		}
		name, err := seal.OpenField(w.key, aadName(row.ID), row.Name)
		if err != nil {
			return err
		}
		f := leg.File{ID: row.ID, Hash: row.Hash, Size: row.Size, Media: row.Media}
		if err := w.tell(l, string(leg.Supplement), leg.Body{Attachment: &f}, leg.Private{Name: string(name), Note: inWords(f)}); err != nil {
			return err
		}
	}
	return nil
}

// inWords tells of a file to a platform that takes none.
func inWords(f leg.File) string {
	kind, _, _ := strings.Cut(f.Media, "/")
	word, ok := map[string]string{"image": "照片", "audio": "录音", "video": "视频"}[kind]
	if !ok {
		word = "文件"
	}
	return fmt.Sprintf("附件：%s，%d KB", word, (f.Size+1023)>>10)
}

// fileNamed is the file that a letter of ours names; nil where it names none.
func fileNamed(out store.LetterOut) (leg.Letter, *leg.File, error) {
	var m leg.Letter
	if err := json.Unmarshal([]byte(out.Content), &m); err != nil {
		return m, nil, fmt.Errorf("letter in the ledger: %w", err)
	}
	return m, m.Body.Attachment, nil
}

// namingAnswered: once the peer knows of a file, its parts follow.
func (d *Desk) namingAnswered(ctx context.Context, tx *store.Tx, link store.Link, out store.LetterOut, answer leg.Letter) error {
	m, f, err := fileNamed(out)
	if err != nil || f == nil {
		return err
	}
	if answer.Type == leg.TypeError {
		return tx.SetShare(ctx, store.AttachmentShare{AttachmentID: f.ID, Peer: link.Peer, State: store.ShareRefused, Code: answer.Body.Code})
	}
	if err := d.voidParts(ctx, tx, out, f.ID); err != nil { // it was named before: the peer has lost it
		return err
	}
	parts, err := tx.PartsOf(ctx, f.ID)
	if err != nil {
		return err
	}
	if err := tx.SetShare(ctx, store.AttachmentShare{AttachmentID: f.ID, Peer: link.Peer, State: store.ShareSending}); err != nil {
		return err
	}
	now := d.Now()
	for _, p := range parts {
		part := leg.Letter{ID: hotline.NewID(), Type: leg.TypeAttachment, Schema: leg.Schema, From: m.From, To: m.To, Link: m.Link, Epoch: d.node.Epoch,
			Cases: m.Cases, Leg: m.Leg, SentAt: now.In(calendar.Zone), Body: leg.Body{Attachment: f, Part: p.Number}, Commitment: p.Commitment}
		content, hash, err := letter.Content(part)
		if err != nil {
			return err
		}
		err = tx.PostLetter(ctx, store.LetterOut{ID: part.ID, Peer: link.Peer, CaseID: out.CaseID, LegID: m.Leg, Type: part.Type,
			Content: string(content), Hash: hash, CreatedAt: now})
		if err != nil {
			return err
		}
	}
	return nil
}

// replayParts sends the parts again that a peer has receipted since a moment,
// because it lost them. Those of a file that is named again besides go by their
// new letters instead.
func (d *Desk) replayParts(ctx context.Context, tx *store.Tx, peer string, since time.Time) error {
	letters, err := tx.PartsReceipted(ctx, peer, since)
	if err != nil {
		return err
	}
	back := map[string]int64{} // parts by file
	cases := map[string]bool{}
	for _, l := range letters {
		_, f, err := fileNamed(l)
		if err != nil {
			return err
		}
		if err := tx.ReplayPart(ctx, l.ID, d.Now()); err != nil {
			return err
		}
		back[f.ID]++
		cases[l.CaseID] = true
	}
	for id := range cases {
		shares, err := tx.SharesOf(ctx, id)
		if err != nil {
			return err
		}
		for _, s := range shares {
			if n := back[s.AttachmentID]; n > 0 && s.Peer == peer && s.State != store.ShareRefused {
				s.State, s.There = store.ShareSending, max(0, s.There-n)
				if err := tx.SetShare(ctx, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// PartOf is the personal part of a letter that carries a part of a file, in the
// clear, with the key that it is sealed under. Code erased: it is gone.
func (d *Desk) PartOf(ctx context.Context, out store.LetterOut) (plain []byte, key seal.CaseKey, err error) {
	m, f, err := fileNamed(out)
	if err != nil {
		return nil, key, err
	}
	if key, err = d.keyOf(ctx, out.CaseID); err != nil {
		return nil, key, err
	}
	p, err := d.read.AttachmentPart(ctx, f.ID, m.Body.Part)
	if err != nil {
		return nil, key, err
	}
	if p.Content == nil {
		return nil, key, hotline.Errorf(hotline.Conflict, "erased", "case")
	}
	salt, content, err := openPart(key, p)
	if err != nil {
		return nil, key, err
	}
	plain, _, err = letter.Plain(partPrivate(salt, content))
	return plain, key, err
}

// DropPart ends a letter whose part was erased before it went.
func (d *Desk) DropPart(ctx context.Context, out store.LetterOut) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.EndLetter(ctx, out.ID, store.LetterVoided, "", d.Now())
		return err
	})
}

// partTries is how often a part is sent that arrives damaged, or before its
// file is known there.
const partTries = 20

// sendAgain says that a peer asks for a part once more: it came damaged, or the
// peer was restored from a backup that does not know the file.
func sendAgain(code string) bool {
	return code == letter.CodeSealed || code == letter.CodeCommitment || code == "attachment_unknown"
}

// partAnswered counts the parts that the peer has. One that came damaged goes
// again; a peer that will not have the file gets no more of it.
func (d *Desk) partAnswered(ctx context.Context, tx *store.Tx, link store.Link, out store.LetterOut, m leg.Letter, doc string) error {
	if out.State != store.LetterWaiting {
		return nil
	}
	if m.Type == leg.TypeError && sendAgain(m.Body.Code) && out.Attempts < partTries {
		pause := min(time.Second<<min(out.Attempts, 10), 5*time.Minute)
		return tx.RetryLetter(ctx, out.ID, out.Attempts+1, d.Now().Add(pause), m.Body.Code)
	}
	_, f, err := fileNamed(out)
	if err != nil {
		return err
	}
	w, err := d.load(ctx, tx, hotline.ThePeer(link.Peer, link.Name), out.CaseID)
	if err != nil {
		return err
	}
	shares, err := tx.SharesOf(ctx, out.CaseID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(shares, func(s store.AttachmentShare) bool { return s.AttachmentID == f.ID && s.Peer == link.Peer })
	if i < 0 {
		return fmt.Errorf("attachment %s is not shared with %s", f.ID, link.Peer)
	}
	share := shares[i]
	if m.Type == leg.TypeError {
		return w.fileRefused(share, out, m)
	}
	if err := tx.EndWaiting(ctx, w.now, store.Ended{ID: out.ID, State: store.LetterReceipted, Answer: doc}); err != nil {
		return err
	}
	share.There++
	if share.There == attachment.Parts(f.Size) {
		share.State = store.ShareThere
		if err := w.event("attachment_there", out.LegID, body{"attachment": f.ID, "hash": f.Hash, "media": f.Media, "size": f.Size}, ""); err != nil {
			return err
		}
	}
	if err := tx.SetShare(ctx, share); err != nil {
		return err
	}
	return w.keep() // guards the count too: two receipts at once cannot both have read the same one
}

// fileRefused: the peer will not have a file, because it knows no attachments,
// or not this kind, or the case is erased there. What is still to go does not.
func (w *work) fileRefused(share store.AttachmentShare, out store.LetterOut, m leg.Letter) error {
	if err := w.d.voidParts(w.ctx, w.tx, out, share.AttachmentID); err != nil {
		return err
	}
	share.State, share.Code = store.ShareRefused, m.Body.Code
	if err := w.tx.SetShare(w.ctx, share); err != nil {
		return err
	}
	if err := w.event("attachment_refused", out.LegID, body{"attachment": share.AttachmentID, "code": m.Body.Code}, ""); err != nil {
		return err
	}
	return w.keep()
}

// voidParts ends the letters that still carry parts of a file to the peer of a
// letter.
func (d *Desk) voidParts(ctx context.Context, tx *store.Tx, out store.LetterOut, fileID string) error {
	letters, err := tx.LettersOutOfCase(ctx, out.CaseID)
	if err != nil {
		return err
	}
	for _, l := range letters {
		if l.Type != leg.TypeAttachment || l.Peer != out.Peer || l.State != store.LetterWaiting {
			continue
		}
		_, f, err := fileNamed(l)
		if err == nil && f.ID == fileID {
			_, err = tx.EndLetter(ctx, l.ID, store.LetterVoided, "", d.Now())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// heardFile takes what a peer's letter says of a file. Its parts follow.
func (w *work) heardFile(l *legWork, m leg.Letter, p leg.Private) error {
	f := m.Body.Attachment
	have, err := w.tx.Attachment(w.ctx, f.ID)
	switch {
	case err == nil && (have.CaseID != w.c.ID || have.Hash != f.Hash):
		return hotline.Errorf(hotline.Conflict, "attachment_conflict", "attachment")
	case err == nil: // it came another way round, or is ours
		return nil
	case hotline.KindOf(err) != hotline.NotFound:
		return err
	}
	if err := attachment.CheckSize(f.Size); err != nil {
		return err
	}
	if err := w.roomFor(l.Peer, attachment.MostAll); err != nil {
		return err
	}
	row := store.Attachment{ID: f.ID, CaseID: w.c.ID, Peer: l.Peer, ByID: l.Peer, State: store.AttachmentComing, Size: f.Size, Hash: f.Hash, CreatedAt: w.now,
		Name: seal.SealField(w.key, aadName(f.ID), []byte(attachment.CleanName(p.Name)))}
	if err := w.tx.AddAttachment(w.ctx, row); err != nil {
		return err
	}
	return w.event("attachment_named", l.ID, body{"attachment": f.ID, "hash": f.Hash, "media": f.Media, "size": f.Size}, "")
}

// partArrived takes one part of a file of a peer. It is receipted once it is on
// disk; the last one only when the hash of the whole holds. A refusal keeps
// nothing of the part.
func (d *Desk) partArrived(ctx context.Context, tx *store.Tx, link store.Link, in Incoming, l *store.LegRow) (leg.Letter, error) {
	m, f := in.Letter, in.Letter.Body.Attachment
	no := func(code string) (leg.Letter, error) { return d.refuse(link, m, in.Hash, code, Dropped), nil }
	if l == nil {
		return no("attachment_unknown")
	}
	if l.Peer != link.Peer {
		return no("not_your_leg")
	}
	row, err := tx.Attachment(ctx, f.ID)
	if hotline.KindOf(err) == hotline.NotFound && err != nil {
		return no("attachment_unknown")
	}
	if err != nil {
		return leg.Letter{}, err
	}
	in.Sealed = "" // the content is kept once, under our own key
	switch {
	case row.CaseID != l.CaseID || row.Hash != f.Hash:
		return no("attachment_conflict")
	case row.State == store.AttachmentWhole:
		return d.keepAnswer(ctx, tx, link, in, store.LetterApplied, l.CaseID, "")
	case row.State == store.AttachmentErased:
		return no("erased")
	case row.Peer != link.Peer:
		return no("attachment_conflict")
	}
	w, err := d.load(ctx, tx, peerActor(link, m), l.CaseID)
	if err != nil {
		return leg.Letter{}, err
	}
	if w.erased != nil {
		return no("erased")
	}
	code, err := w.takePart(row, m, in.Private)
	if err != nil {
		return leg.Letter{}, err
	}
	if code != "" {
		return no(code)
	}
	return d.keepAnswer(ctx, tx, link, in, store.LetterApplied, l.CaseID, "")
}

// takePart keeps a part, and the file as whole when it was the last one. code
// says why it is refused; "" it is taken.
func (w *work) takePart(row store.Attachment, m leg.Letter, p leg.Private) (code string, err error) {
	salt, err := hex.DecodeString(p.Salt)
	if err != nil {
		return "attachment_part_size", nil
	}
	content, err := base64.StdEncoding.DecodeString(p.Data)
	if want := attachment.PartLen(row.Size, m.Body.Part); err != nil || want == 0 || int64(len(content)) != want {
		return "attachment_part_size", nil
	}
	part, err := sealPart(w.key, row.ID, m.Body.Part, salt, content)
	if err != nil || part.Commitment != m.Commitment {
		return "attachment_commitment", err
	}
	if m.Body.Part == 1 {
		if row.Media = attachment.Sniff(content); row.Media == "" { // whatever its sender calls it
			return "attachment_kind", w.dropFile(row, m, "attachment_kind")
		}
	}
	if err := w.tx.HoldAttachment(w.ctx, row.ID); err != nil {
		return "", err
	}
	now, err := w.tx.Attachment(w.ctx, row.ID)
	if err != nil || now.State != store.AttachmentComing { // finished by a part that came at the same time
		return "", err
	}
	if row.Media == "" {
		row.Media = now.Media
	}
	if _, err := w.tx.AddAttachmentPart(w.ctx, part); err != nil {
		return "", err
	}
	if m.Body.Part == 1 {
		if err := w.tx.NameMedia(w.ctx, row.ID, row.Media); err != nil {
			return "", err
		}
	}
	parts, err := w.tx.PartsOf(w.ctx, row.ID)
	if err != nil || int64(len(parts)) < attachment.Parts(row.Size) {
		return "", err
	}
	if hashOf(parts) != row.Hash {
		return "attachment_hash", w.dropFile(row, m, "attachment_hash")
	}
	return "", w.attached(row)
}

// dropFile takes back a file that is not what its sender said.
func (w *work) dropFile(row store.Attachment, m leg.Letter, code string) error {
	if err := w.tx.DropAttachment(w.ctx, row.ID); err != nil {
		return err
	}
	if err := w.event("attachment_refused", m.Leg, body{"attachment": row.ID, "code": code}, ""); err != nil {
		return err
	}
	return w.keep()
}

// showArrived makes the preview of a photo that has just come whole. It is for
// show: without it the file is as good.
func (d *Desk) showArrived(ctx context.Context, id string) {
	row, err := d.read.Attachment(ctx, id)
	if err != nil || row.State != store.AttachmentWhole || row.Preview != nil {
		return
	}
	key, err := d.keyOf(ctx, row.CaseID)
	if err == nil {
		row.Preview, err = d.previewOf(ctx, row, key)
	}
	if err == nil && row.Preview != nil {
		err = d.st.Write(ctx, func(tx *store.Tx) error { return tx.SetPreview(ctx, id, row.Preview) })
	}
	if err != nil {
		d.log.Error("no preview", "attachment", id, "err", err)
	}
}
