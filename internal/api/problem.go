package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/message"
)

// problem is a refusal as RFC 9457 has it.
type problem struct {
	Type    string  `json:"type" doc:"Stable name of this kind of refusal" example:"urn:liandong:problem:version_wrong"`
	Title   string  `json:"title" doc:"What it means in general, for a person"`
	Status  int     `json:"status" doc:"The HTTP status"`
	Detail  string  `json:"detail" doc:"What is wrong and how to mend it, for a person"`
	Code    string  `json:"code" doc:"The last part of type" example:"version_wrong"`
	Errors  []fault `json:"errors,omitempty" nullable:"false" doc:"The fields at fault"`
	Request string  `json:"request_id" doc:"Under which the log has it"`

	header http.Header
}

// fault is one field at fault.
type fault struct {
	Location string `json:"location" doc:"Where the field is" example:"body.text"`
	Message  string `json:"message" doc:"What is wrong with it, for a person"`
}

const problemPrefix = "urn:liandong:problem:"

func (p *problem) Error() string             { return p.Code }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) GetHeaders() http.Header   { return p.header }
func (p *problem) ContentType(string) string { return "application/problem+json" }

// statuses by code go before those by kind.
var statuses = map[string]int{
	"token_missing":      http.StatusUnauthorized,
	"token_invalid":      http.StatusUnauthorized,
	"too_many_tries":     http.StatusTooManyRequests,
	"json_invalid":       http.StatusBadRequest,
	"body_missing":       http.StatusBadRequest,
	"body_slow":          http.StatusRequestTimeout,
	"body_large":         http.StatusRequestEntityTooLarge,
	"media_type":         http.StatusUnsupportedMediaType,
	"not_acceptable":     http.StatusNotAcceptable,
	"method_not_allowed": http.StatusMethodNotAllowed,
}

func statusOf(err error) int {
	if s, ok := statuses[hotline.CodeOf(err)]; ok {
		return s
	}
	return door.Status(err)
}

// problemOf makes an error into the answer, in the reader's language, and notes
// it for the log. Of an error of ours it tells nothing but the request id.
func problemOf(ctx context.Context, err error) *problem {
	t := traceOf(ctx)
	if errors.Is(err, context.Canceled) {
		err = &hotline.Error{Kind: hotline.Unavailable, Code: "cancelled", Cause: err}
	}
	p := &problem{Status: statusOf(err), Detail: message.Error(t.lang, err), Code: hotline.CodeOf(err), Request: t.id, header: http.Header{}}
	kind := hotline.KindOf(err)
	if kind == hotline.Internal {
		p.Code = "internal"
	}
	p.Type = problemPrefix + p.Code
	p.Title = message.Title(t.lang, kind)
	if e, ok := errors.AsType[*hotline.Error](err); ok {
		if at := t.locate(e); at != "" {
			p.Errors = []fault{{Location: at, Message: p.Detail}}
		}
	}
	switch p.Status {
	case http.StatusUnauthorized:
		challenge := `Bearer realm="liandong"`
		if p.Code == "token_invalid" {
			challenge += `, error="invalid_token"`
		}
		p.header.Set("WWW-Authenticate", challenge)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		p.header.Set("Retry-After", "1")
	}
	t.code, t.cause = p.Code, err
	if len(p.Errors) > 0 {
		t.field = p.Errors[0].Location
	}
	return p
}

// locate says where the field of an error is in this request.
func (t *trace) locate(e *hotline.Error) string {
	switch {
	case e.Field == "" || e.Kind != hotline.Invalid && e.Kind != hotline.Conflict:
		return ""
	case strings.HasPrefix(e.Field, "header.") || strings.HasPrefix(e.Field, "query."):
		return e.Field
	case e.Field == "Idempotency-Key":
		return "header." + e.Field
	case e.Field == "body":
		return "body"
	case e.Code == "version_wrong" || e.Code == "stale":
		return "header.If-Match"
	case e.Kind == hotline.Conflict:
		return e.Field // of the object, not of the request
	case t.method == http.MethodGet:
		return "query." + e.Field
	}
	return "body." + e.Field
}

// refuse answers a request outside of huma with a problem.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	problemOf(r.Context(), err).write(w.Header().Set, w.WriteHeader, w)
}

func (p *problem) write(header func(name, value string), status func(int), body io.Writer) {
	for name := range p.header {
		header(name, p.header.Get(name))
	}
	header("Content-Type", p.ContentType(""))
	doc, err := json.Marshal(p)
	if err != nil {
		status(http.StatusInternalServerError)
		return
	}
	status(p.Status)
	body.Write(append(doc, '\n')) // the client has gone where this fails
}

// huma asks these package variables for the refusals that it makes itself,
// before a handler is called: parameters, the size of the body. They are the
// only way to give those the form and the language of all others.
func init() {
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return &problem{Status: status} }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return problemOf(ctx.Context(), translate(mostFor(ctx.Operation().Path), status, msg, errs))
	}
	huma.DefaultArrayNullable = false
}

// translate finds our words for a refusal of huma's of a request that may have
// so many bytes.
func translate(most int64, status int, msg string, errs []error) error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return hotline.Errorf(hotline.Invalid, "body_large", "body", most>>10)
	case http.StatusRequestTimeout:
		return hotline.Errorf(hotline.Unavailable, "body_slow", "body")
	case http.StatusNotAcceptable:
		return hotline.Errorf(hotline.Invalid, "not_acceptable", "")
	}
	for _, err := range errs {
		d, ok := err.(huma.ErrorDetailer)
		if !ok {
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				return hotline.Errorf(hotline.Invalid, "body_large", "body", most>>10)
			}
			continue
		}
		at := d.ErrorDetail().Location
		place, name, _ := strings.Cut(at, ".")
		switch {
		case at == "query.limit":
			return hotline.Errorf(hotline.Invalid, "limit_range", "limit", hotline.PageMost)
		case place == "query" && strings.HasPrefix(d.ErrorDetail().Message, "unknown"):
			return hotline.Errorf(hotline.Invalid, "param_unknown", at, name)
		case place == "query" || place == "path":
			return hotline.Errorf(hotline.Invalid, "param_invalid", at, name)
		case place == "header":
			return hotline.Errorf(hotline.Invalid, "header_invalid", at, name)
		}
	}
	if status == http.StatusBadRequest { // no body where one is needed
		return hotline.Errorf(hotline.Invalid, "body_missing", "body")
	}
	if status == http.StatusInternalServerError && msg == "cannot read request body" { // the client went away, or sent broken chunks
		return &hotline.Error{Kind: hotline.Invalid, Code: "body_missing", Field: "body", Cause: errors.Join(errs...)}
	}
	return errors.Join(append([]error{errors.New(msg)}, errs...)...)
}
