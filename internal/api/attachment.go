package api

import (
	"context"
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liandong/internal/attachment"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// attachmentView is a file of a case. Its name and bytes are personal and stand
// in no list.
type attachmentView struct {
	ID        string     `json:"id"`
	Case      string     `json:"case"`
	Leg       string     `json:"leg" doc:"Leg that it belongs to; empty: the case as a whole"`
	From      string     `json:"from" doc:"Name of the platform that it came from; empty: this one"`
	Media     string     `json:"media" doc:"Media type as found in its bytes; empty until the first part is here"`
	Size      int64      `json:"size" doc:"Bytes"`
	Hash      string     `json:"hash" doc:"SHA-256 over the salted commitments of its parts; empty until it is whole"`
	State     string     `json:"state" enum:"coming,whole,erased"`
	OnlyHere  bool       `json:"only_here" doc:"It goes to no other platform"`
	PartSize  int64      `json:"part_size" doc:"Bytes of every part but the last"`
	Parts     int64      `json:"parts"`
	Missing   []int64    `json:"missing" nullable:"false" doc:"Numbers of the parts that are not here"`
	At        time.Time  `json:"at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When half an upload ends"`
}

func attachmentOf(v desk.AttachmentView) attachmentView {
	return attachmentView{ID: v.ID, Case: v.CaseID, Leg: v.LegID, From: v.From, Media: v.Media, Size: v.Size, Hash: v.Hash, State: v.State,
		OnlyHere: v.OnlyHere, PartSize: attachment.PartSize, Parts: v.Parts, Missing: append([]int64{}, v.Missing...), At: zoned(v.At), ExpiresAt: moment(v.ExpiresAt)}
}

type attachmentAnswer struct{ Body attachmentView }

type attachmentsAnswer struct {
	Body struct {
		Attachments []attachmentView `json:"attachments" nullable:"false"`
	}
}

// AttachmentPath is a file of a case.
type AttachmentPath struct {
	IDPath
	Attachment string `path:"attachment" doc:"Id of the attachment"`
}

// ids checks both ids of the path.
func (p AttachmentPath) ids() (caseID, id string, err error) {
	if caseID, err = knownID(p.ID, "case_not_found"); err == nil {
		id, err = knownID(p.Attachment, "attachment_not_found")
	}
	return caseID, id, err
}

type attachBody struct {
	Name     string `json:"name,omitempty" maxLength:"200" doc:"File name; it is personal"`
	Size     int64  `json:"size" minimum:"1" maximum:"20971520" doc:"Bytes"`
	Leg      string `json:"leg,omitempty" doc:"Leg that it belongs to; default: the case as a whole"`
	OnlyHere bool   `json:"only_here,omitempty" doc:"It goes to no other platform"`
}

func (a *API) attach(ctx context.Context, by hotline.Actor, r *change[attachBody]) (*attachmentAnswer, error) {
	id, err := knownID(r.ID, "case_not_found")
	if err != nil {
		return nil, err
	}
	b := r.Body.value
	v, err := a.desk.BeginAttachment(ctx, by, id, desk.Upload{Name: b.Name, Size: b.Size, Leg: b.Leg, OnlyHere: b.OnlyHere})
	if err != nil {
		return nil, err
	}
	return &attachmentAnswer{attachmentOf(v)}, nil
}

type partRequest struct {
	AttachmentPath
	Body body[partBody]
}

func (r *partRequest) fault() error { return r.Body.err }

type partBody struct {
	Part int64  `json:"part" minimum:"1" doc:"Its number, from 1"`
	Data string `json:"data" contentEncoding:"base64" maxLength:"349528" doc:"part_size bytes, the last part the rest, in base64"`
}

func (a *API) putPart(ctx context.Context, by hotline.Actor, r *partRequest) (*attachmentAnswer, error) {
	caseID, id, err := r.ids()
	if err != nil {
		return nil, err
	}
	content, err := base64.StdEncoding.DecodeString(r.Body.value.Data)
	if err != nil {
		return nil, hotline.Errorf(hotline.Invalid, "attachment_base64", "data")
	}
	if _, err := a.desk.Attachment(ctx, by, caseID, id); err != nil {
		return nil, err
	}
	v, err := a.desk.PutPart(ctx, by, id, r.Body.value.Part, content)
	if err != nil {
		return nil, err
	}
	return &attachmentAnswer{attachmentOf(v)}, nil
}

func (a *API) listAttachments(ctx context.Context, by hotline.Actor, r *struct{ IDPath }) (*attachmentsAnswer, error) {
	id, err := knownID(r.ID, "case_not_found")
	if err != nil {
		return nil, err
	}
	v, err := a.desk.Case(ctx, by, id)
	if err != nil {
		return nil, err
	}
	var out attachmentsAnswer
	out.Body.Attachments = []attachmentView{}
	for _, f := range v.Attachments {
		out.Body.Attachments = append(out.Body.Attachments, attachmentOf(f))
	}
	return &out, nil
}

func (a *API) showAttachment(ctx context.Context, by hotline.Actor, r *struct{ AttachmentPath }) (*attachmentAnswer, error) {
	caseID, id, err := r.ids()
	if err != nil {
		return nil, err
	}
	v, err := a.desk.Attachment(ctx, by, caseID, id)
	if err != nil {
		return nil, err
	}
	return &attachmentAnswer{attachmentOf(v)}, nil
}

type contentRequest struct {
	ShowRequest
	Attachment string `path:"attachment" doc:"Id of the attachment"`
}

// attachmentContent gives the bytes. They go out as nothing that a browser
// runs, whatever they are; the view of the attachment says what that is.
func (a *API) attachmentContent(ctx context.Context, by hotline.Actor, r *contentRequest) (*huma.StreamResponse, error) {
	caseID, id, err := AttachmentPath{r.IDPath, r.Attachment}.ids()
	if err != nil {
		return nil, err
	}
	f, err := a.desk.OpenAttachment(ctx, by, caseID, id, r.reason())
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", octets)
		h.SetHeader("Content-Length", strconv.FormatInt(f.Size, 10))
		h.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		h.SetHeader("Content-Security-Policy", "default-src 'none'; sandbox")
		h.SetStatus(http.StatusOK)
		if err := f.Copy(h.Context(), h.BodyWriter()); err != nil { // the length says that it is cut
			traceOf(ctx).cause = err
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

const octets = "application/octet-stream"
