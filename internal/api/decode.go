package api

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"liandong/internal/hotline"
)

// body is the JSON of a request. It is read strictly: one object, no name
// twice, none unknown, valid UTF-8. What is wrong with it is kept until the
// handler asks, so that it is told like every other refusal.
type body[T any] struct {
	value T
	err   error
}

// Schema is the schema of T: what stands between is not seen by a client.
func (*body[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

func (b *body[T]) read(data []byte) { b.err = decode(data, &b.value) }

// unmarshal is what huma calls with the bytes of a body.
func unmarshal(data []byte, v any) error {
	b, ok := v.(interface{ read([]byte) })
	if !ok {
		return errors.New("a request's body is of type body")
	}
	b.read(data)
	return nil
}

// decode reads a JSON object into v. A body that is no JSON is json_invalid;
// a field that does not fit is named.
func decode(data []byte, v any) error {
	if len(strings.TrimSpace(string(data))) == 0 {
		return nil
	}
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	if err == nil {
		return noNUL(data)
	}
	if e, ok := errors.AsType[*hotline.Error](err); ok {
		return e
	}
	e, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return &hotline.Error{Kind: hotline.Invalid, Code: "json_invalid", Field: "body", Cause: err}
	}
	field := fieldAt(e.JSONPointer)
	if errors.Is(e, json.ErrUnknownName) {
		return hotline.Errorf(hotline.Invalid, "field_unknown", field, field)
	}
	return hotline.Errorf(hotline.Invalid, "field_type", field, typeName(e.GoType))
}

// noNUL refuses the one character that no database keeps, in whatever field.
func noNUL(data []byte) error {
	if !bytes.Contains(data, []byte(`\u0000`)) { // elsewhere it is no JSON
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return nil // the end: the whole was read before
		}
		if t.Kind() == '"' && strings.ContainsRune(t.String(), 0) {
			return hotline.Errorf(hotline.Invalid, "text_control", fieldAt(d.StackPointer()), 0)
		}
	}
}

// fieldAt writes a JSON pointer as people do: legs[0].to.
func fieldAt(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		if _, err := strconv.Atoi(token); err == nil && b.Len() > 0 {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	if b.Len() == 0 {
		return "body"
	}
	return b.String()
}

// typeName is the word key of what a field must be.
func typeName(t reflect.Type) string {
	if t == nil {
		return "object"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64:
		return "integer"
	}
	if t == reflect.TypeFor[time.Time]() {
		return "time"
	}
	return "object"
}

// IDPath is the id of the case or leg that a request is about.
type IDPath struct {
	ID string `path:"id" doc:"Id of the case or leg"`
}

// idForm is what an id can look like; anything else names nothing.
var idForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// knownID returns the id, or NotFound with the code of what was looked for.
func knownID(id, code string) (string, error) {
	if !idForm.MatchString(id) {
		return "", hotline.Errorf(hotline.NotFound, code, "")
	}
	return id, nil
}

// change is a request that changes the object with that id.
type change[B any] struct {
	IDPath
	IfMatch string `header:"If-Match" doc:"The version that the change was decided on, quotes optional; * is any" example:"\"3\""`
	Body    body[B]
}

func (c *change[B]) fault() error { return c.Body.err }

// Versioned is the version in a body, for clients that cannot set headers.
type Versioned struct {
	Version *int64 `json:"version,omitempty" doc:"The same as If-Match"`
}

func (v Versioned) own() *int64 { return v.Version }

// version is what the change was decided on; nil where the client does not say.
func (c *change[B]) version() (*int64, error) {
	var own *int64
	if b, ok := any(c.Body.value).(interface{ own() *int64 }); ok {
		own = b.own()
	}
	text := strings.TrimSpace(c.IfMatch)
	if text == "" || text == "*" {
		return own, nil
	}
	n, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil || n < 0 {
		return nil, hotline.Errorf(hotline.Invalid, "header_invalid", "header.If-Match", "If-Match")
	}
	if own != nil && *own != n {
		return nil, hotline.Errorf(hotline.Invalid, "version_conflicting", "version")
	}
	return &n, nil
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// satisfaction is an integer, or an integer written as a string: both are in
// use.
type satisfaction int

// UnmarshalJSON reads either form.
func (s *satisfaction) UnmarshalJSON(data []byte) error {
	text := strings.TrimSpace(string(data))
	if n := len(text); n >= 2 && text[0] == '"' {
		text = text[1 : n-1]
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "satisfaction_form", "satisfaction")
	}
	*s = satisfaction(n)
	return nil
}

// Schema documents either form.
func (*satisfaction) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "1 is best, up to scale",
		OneOf:       []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Pattern: "^[0-9]+$"}},
	}
}
