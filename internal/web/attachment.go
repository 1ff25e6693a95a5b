package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"liandong/internal/attachment"
	"liandong/internal/desk"
	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/store"
)

// uploadMost bounds a form with files: the largest file there is, or several
// smaller ones, with the fields around them.
const uploadMost = attachment.MostBytes + 64<<10

// FilesPart is the files of a case on a page: what there is, and a form for one
// more.
type FilesPart struct {
	Form
	Rows   []FileRow
	May    bool // the person may add one
	Shared bool // another platform has the case: a file may be kept from it
	Leg    string
	Accept string
	Most   int64 // MB
}

// FileRow is one file in words. Name and picture stand in it on the one answer
// to a stated reason.
type FileRow struct {
	desk.AttachmentView
	Open    Form
	Reason  string // given just now
	Name    string
	Picture template.URL // of an image, as data
	Came    int64        // parts that are here
}

// files are the files of a case as a page shows them; legID is the leg that a
// new one belongs to, "" the case as a whole.
func (b caseBuilder) files(legID string) FilesPart {
	f := FilesPart{Form: b.page.form(b.path("/attachments"), 0), May: b.v.CanAttach, Leg: legID, Accept: acceptFiles, Most: attachment.MostBytes >> 20}
	f.Back = b.path("")
	if strings.HasPrefix(b.page.Here, "/legs/") {
		f.Back = b.page.Here
	}
	for _, l := range b.v.Legs {
		f.Shared = f.Shared || !l.Local()
	}
	for _, a := range b.v.Attachments {
		row := FileRow{AttachmentView: a, Open: b.page.form(b.path("/attachments/"+url.PathEscape(a.ID)), 0), Came: a.Parts - int64(len(a.Missing))}
		row.Open.Back = f.Back
		if b.person != nil {
			file := b.person.Files[a.ID]
			row.Name, row.Reason = file.Name, b.q.field("reason")
			if len(file.Preview) > 0 { // our own JPEG: nothing else is ever sent as a picture
				row.Picture = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file.Preview))
			}
		}
		f.Rows = append(f.Rows, row)
	}
	return f
}

// acceptFiles is what a browser offers to choose from; on a telephone it offers
// the camera too.
var acceptFiles = "image/*,audio/*,video/*," + strings.Join(attachment.Extensions(), ",")

// Bytes is a size in words: 12 KB, 1.5 MB.
func (w words) Bytes(n int64) string {
	if n < 1<<20 {
		return strconv.FormatInt((n+1023)>>10, 10) + " KB"
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// FileKind is what a file is, in a word.
func (w words) FileKind(media string) string {
	kind, _, _ := strings.Cut(media, "/")
	switch kind {
	case "image", "audio", "video":
		return w.T("web.file.kind." + kind)
	case "application":
		return "PDF"
	}
	return w.T("web.file.kind.other")
}

// addFiles takes the files of a form.
func (s *site) addFiles(q *request) error {
	n, err := s.takeFiles(q, q.PathValue("id"), q.field("leg"))
	if err != nil {
		return err
	}
	if n == 0 {
		return hotline.Errorf(hotline.Invalid, "attachment_empty", "file")
	}
	return s.toBack(q, "web.flash.attached")
}

// toBack goes on to where the form says.
func (s *site) toBack(q *request, flash string) error {
	back := q.FormValue("back")
	if !local(back) {
		back = "/cases/" + url.PathEscape(q.PathValue("id"))
	}
	return s.to(q, back, flash)
}

// takeFiles puts the files of a form to a case and says how many there were. A
// field that was left empty is none.
func (s *site) takeFiles(q *request, caseID, legID string) (n int, err error) {
	if q.MultipartForm == nil {
		return 0, nil
	}
	for _, h := range q.MultipartForm.File["file"] {
		if h.Filename == "" && h.Size == 0 {
			continue
		}
		if err := s.takeFile(q, caseID, desk.Upload{Name: h.Filename, Size: h.Size, Leg: legID, OnlyHere: q.field("only_here") != ""}, h); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (s *site) takeFile(q *request, caseID string, up desk.Upload, h *multipart.FileHeader) error {
	f, err := h.Open()
	if err != nil {
		return fmt.Errorf("read the form's file: %w", err)
	}
	defer f.Close()
	v, err := s.desk.BeginAttachment(q.ctx(), q.actor, caseID, up)
	if err != nil {
		return err
	}
	for n := int64(1); n <= v.Parts; n++ {
		part := make([]byte, attachment.PartLen(up.Size, n))
		if _, err := io.ReadFull(f, part); err != nil {
			return fmt.Errorf("read the form's file: %w", err)
		}
		if _, err := s.desk.PutPart(q.ctx(), q.actor, v.ID, n, part); err != nil {
			return err
		}
	}
	return nil
}

// Uploading is what a script is told of an upload, so that it goes on where the
// line broke.
type Uploading struct {
	ID       string  `json:"id,omitempty"`
	PartSize int64   `json:"part_size,omitempty"`
	Missing  []int64 `json:"missing"`            // parts that are not here
	Sentence string  `json:"sentence,omitempty"` // why it was refused
}

// beginUpload begins an upload for a script.
func (s *site) beginUpload(q *request) error {
	size, err := strconv.ParseInt(q.field("size"), 10, 64)
	if err != nil {
		size = 0
	}
	v, err := s.desk.BeginAttachment(q.ctx(), q.actor, q.PathValue("id"), desk.Upload{Name: q.field("name"), Size: size, Leg: q.field("leg"),
		OnlyHere: q.field("only_here") != ""})
	return s.uploading(q, v, err)
}

// putPart takes one part of an upload, as it is, from a script.
func (s *site) putPart(q *request) error {
	n, err := strconv.ParseInt(q.PathValue("part"), 10, 64)
	if err != nil {
		return hotline.Errorf(hotline.NotFound, "attachment_not_found", "")
	}
	content, err := io.ReadAll(q.Body) // bounded by parse
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "form_invalid", "body")
	}
	v, err := s.desk.PutPart(q.ctx(), q.actor, q.PathValue("file"), n, content)
	return s.uploading(q, v, err)
}

// uploading answers a script. A refusal is the sentence that a page would show;
// what is no refusal goes the way of all errors.
func (s *site) uploading(q *request, v desk.AttachmentView, err error) error {
	u, status := Uploading{ID: v.ID, PartSize: attachment.PartSize, Missing: v.Missing}, http.StatusOK
	if err != nil {
		if kind := hotline.KindOf(err); kind == hotline.Internal || kind == hotline.Unavailable {
			return err
		}
		u, status = Uploading{Sentence: message.Error(q.lang, err)}, door.Status(err)
	}
	doc, err := json.Marshal(u)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	_, _ = q.w.Write(doc) // the browser that went away needs no answer
	return nil
}

// openFile gives a file out. It is never shown by the browser itself: it comes
// as a download, in a sandbox, as what it was found to be.
func (s *site) openFile(q *request) error {
	f, err := s.desk.OpenAttachment(q.ctx(), q.actor, q.PathValue("id"), q.PathValue("file"), q.field("reason"))
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", f.Media)
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if err := f.Copy(q.ctx(), q.w); err != nil { // the length says that it is cut
		s.log.Error("attachment not given whole", "ref", q.ref, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// filesForm shows the page again that a refused upload or opening came from.
func (s *site) filesForm(q *request) error {
	if id, ok := strings.CutPrefix(q.FormValue("back"), "/legs/"); ok {
		q.SetPathValue("id", id)
		return s.legPage(q)
	}
	return s.casePage(q)
}

// Erased says that its bytes are gone.
func (r FileRow) Erased() bool { return r.State == store.AttachmentErased }
