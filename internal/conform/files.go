package conform

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"liandong/internal/attachment"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
)

// files: a file is named by a supplement, and follows in parts.
var files = []rule{
	{id: "file-parts", in: "Files", says: "The parts of a file come in any order, and again; each is receipted, the last when the whole holds", try: func(ctx context.Context, r *Run) error {
		w, f, err := r.named(ctx, func(*leg.File) {})
		if err != nil {
			return err
		}
		for _, n := range []int64{2, 2, 1, 1} {
			if err := r.partTaken(ctx, w, f, n); err != nil {
				return err
			}
		}
		return nil
	}},
	{id: "file-hash", in: "Files", says: "A file whose parts are not those of its hash is refused with the last of them: attachment_hash", try: func(ctx context.Context, r *Run) error {
		w, f, err := r.named(ctx, func(f *leg.File) { f.Hash = strings.Repeat("0", 64) })
		if err != nil {
			return err
		}
		if err := r.partTaken(ctx, w, f, 1); err != nil {
			return err
		}
		last, err := r.part(w, f, 2)
		if err != nil {
			return err
		}
		return r.refused(ctx, last.wire, "attachment_hash")
	}},
	{id: "file-unknown", in: "Files", says: "A part of a file that no supplement has named is asked for again: attachment_unknown", try: func(ctx context.Context, r *Run) error {
		w, err := r.offered(ctx)
		if err != nil {
			return err
		}
		f, err := newFile()
		if err != nil {
			return err
		}
		part, err := r.part(w, f, 1)
		if err != nil {
			return err
		}
		a, err := r.post(ctx, part.wire)
		if err != nil {
			return err
		}
		if a.refuses(letter.CodeType) == nil {
			return fmt.Errorf("%w: it takes no files", ErrNotTried)
		}
		return a.refuses("attachment_unknown")
	}},
}

// file is a file of the kit, of two parts.
type file struct {
	leg.File
	parts []leg.Private
}

// newFile makes a PDF that holds next to nothing.
func newFile() (file, error) {
	content := append([]byte("%PDF-1.7\n% 符合性测试\n"), make([]byte, attachment.PartSize)...)
	f := file{File: leg.File{ID: hotline.NewID(), Size: int64(len(content)), Media: "application/pdf"}}
	var commitments []string
	for len(content) > 0 {
		n := min(len(content), attachment.PartSize)
		var salt [32]byte
		rand.Read(salt[:]) // never fails (crypto/rand)
		p := leg.Private{Salt: hex.EncodeToString(salt[:]), Data: base64.StdEncoding.EncodeToString(content[:n])}
		_, commitment, err := letter.Plain(p)
		if err != nil {
			return file{}, err
		}
		f.parts, commitments, content = append(f.parts, p), append(commitments, commitment), content[n:]
	}
	f.Hash = attachment.Hash(commitments)
	return f, nil
}

// named is an offered leg with a supplement that names a file.
func (r *Run) named(ctx context.Context, change func(*leg.File)) (written, file, error) {
	w, err := r.offered(ctx)
	if err != nil {
		return w, file{}, err
	}
	f, err := newFile()
	if err != nil {
		return w, f, err
	}
	change(&f.File)
	m := leg.Letter{Type: string(leg.Supplement), Leg: w.letter.Leg, Number: 2, Cases: w.letter.Cases, Body: leg.Body{Attachment: &f.File, Person: "符合性测试"}}
	naming, err := r.written(m, &leg.Private{Name: "符合性测试.pdf", Note: "附件：文件"}, nil)
	if err != nil {
		return w, f, err
	}
	if _, err := r.taken(ctx, naming, leg.ReceiptApplied); err != nil {
		return w, f, err
	}
	return w, f, nil
}

// partTaken posts a part and wants it receipted.
func (r *Run) partTaken(ctx context.Context, of written, f file, n int64) error {
	part, err := r.part(of, f, n)
	if err != nil {
		return err
	}
	a, err := r.post(ctx, part.wire)
	if err != nil {
		return err
	}
	if a.refuses(letter.CodeType, "attachment_kind") == nil {
		return fmt.Errorf("%w: it takes no files, or none of this kind", ErrNotTried)
	}
	if err := a.receipts(part, leg.ReceiptApplied); err != nil {
		return fmt.Errorf("part %d: %w", n, err)
	}
	return nil
}

// part is a part of a file as a letter.
func (r *Run) part(of written, f file, n int64) (written, error) {
	m := leg.Letter{Type: leg.TypeAttachment, Leg: of.letter.Leg, Cases: of.letter.Cases, Body: leg.Body{Attachment: &f.File, Part: n}}
	return r.written(m, &f.parts[n-1], nil)
}
