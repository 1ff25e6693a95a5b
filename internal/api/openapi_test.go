package api

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"liandong/internal/hotline"
)

// checkAnswer holds every answer of every test against the published document:
// the status is announced, and the body is as its schema says.
func (n *node) checkAnswer(r *http.Request, a answer) {
	n.t.Helper()
	_, pattern := n.mux.Handler(r)
	method, path, _ := strings.Cut(pattern, " ")
	item, ok := n.huma.OpenAPI().Paths[path]
	if !ok {
		return // health, the document itself, no such path
	}
	op := item.Post
	if method == http.MethodGet {
		op = item.Get
	}
	response, ok := op.Responses[fmt.Sprint(a.Code)]
	if !ok {
		n.t.Errorf("%s: the document does not announce status %d", pattern, a.Code)
		return
	}
	media, ok := response.Content[a.Header().Get("Content-Type")]
	if !ok {
		n.t.Errorf("%s: the document does not announce %s for %d", pattern, a.Header().Get("Content-Type"), a.Code)
		return
	}
	if a.Header().Get("Content-Type") == octets {
		return
	}
	schema, err := n.schema(strings.TrimPrefix(media.Schema.Ref, "#"))
	if err != nil {
		n.t.Errorf("%s: %v", pattern, err)
		return
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body.Bytes()))
	if err != nil {
		n.t.Errorf("%s: %v", pattern, err)
		return
	}
	if err := schema.Validate(doc); err != nil {
		n.t.Errorf("%s: the answer is not as the document says: %v\n%s", pattern, err, a.Body)
	}
}

// schema compiles one schema of the document.
func (n *node) schema(pointer string) (*jsonschema.Schema, error) {
	n.schemas.mu.Lock()
	defer n.schemas.mu.Unlock()
	if n.schemas.compiler == nil {
		raw, err := stdjson.Marshal(n.huma.OpenAPI())
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		n.schemas.compiler = jsonschema.NewCompiler()
		n.schemas.compiler.DefaultDraft(jsonschema.Draft2020)
		n.schemas.compiler.AssertFormat()
		if err := n.schemas.compiler.AddResource("openapi.json", doc); err != nil {
			return nil, err
		}
	}
	return n.schemas.compiler.Compile("openapi.json#" + pointer)
}

// Every call of the contract, and of ours, is in the document.
func TestDocumentHasEveryCall(t *testing.T) {
	n := newNode(t)
	doc := n.want(200, "GET", "/openapi.json", nil, "Authorization", "")
	if doc["openapi"] != "3.1.0" {
		t.Errorf("got version %v, want 3.1.0", doc["openapi"])
	}
	var got []string
	for path, item := range doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(got)
	want := []string{
		"GET /api/v1/cases", "GET /api/v1/cases/{id}", "GET /api/v1/cases/{id}/events", "GET /api/v1/legs/{id}",
		"GET /api/v1/deadline", "GET /api/v1/cases/{id}/clocks/{clock}",
		"GET /api/v1/scores", "GET /api/v1/notices/recipients", "POST /api/v1/notices/recipients",
		"GET /api/v1/consultations", "GET /api/v1/consultations/{id}", "POST /api/v1/cases/{id}/consultations",
		"POST /api/v1/cases", "POST /api/v1/triage",
		"GET /api/v1/cases/{id}/attachments", "POST /api/v1/cases/{id}/attachments", "GET /api/v1/cases/{id}/attachments/{attachment}",
		"POST /api/v1/cases/{id}/attachments/{attachment}/parts", "GET /api/v1/cases/{id}/attachments/{attachment}/content",
	}
	for _, verb := range []string{"callback", "caller", "calls", "close", "decide", "dispatch", "dual", "erase", "group", "legs", "notes", "reveal", "ungroup"} {
		want = append(want, "POST /api/v1/cases/{id}/"+verb)
	}
	for _, verb := range []string{"accept", "return", "progress", "feedback", "settle", "reopen", "withdraw", "urge", "supplement", "extend",
		"contest", "escalate", "grant", "refuse", "resolve", "grant-suspension"} {
		want = append(want, "POST /api/v1/legs/{id}/"+verb)
	}
	for _, verb := range []string{"say", "rule", "close", "mend", "draft"} {
		want = append(want, "POST /api/v1/consultations/{id}/"+verb)
	}
	for _, how := range []string{"start", "stop", "remove", "test"} {
		want = append(want, "POST /api/v1/notices/recipients/{id}/"+how)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if yaml := n.call("GET", "/openapi.yaml", nil).Body.String(); !strings.Contains(yaml, "openapi: 3.1.0") {
		t.Errorf("got %.100s, want the document in YAML", yaml)
	}
}

// Traps of generated clients: arrays that may be null, ids that are numbers,
// uniqueItems; and each schema compiles.
func TestDocumentIsSound(t *testing.T) {
	n := newNode(t)
	doc := n.want(200, "GET", "/openapi.json", nil)
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch x := v.(type) {
		case map[string]any:
			if x["uniqueItems"] != nil {
				t.Errorf("%s has uniqueItems", at)
			}
			if kinds, ok := x["type"].([]any); ok && (slices.Contains(kinds, any("array")) || slices.Contains(kinds, any("string"))) && strings.Contains(at, "View") {
				t.Errorf("%s may be %v, want no null in an answer", at, kinds)
			}
			props, _ := x["properties"].(map[string]any)
			for name, p := range props {
				if kind, _ := p.(map[string]any)["type"].(string); (name == "id" || strings.HasSuffix(name, "_id")) && kind != "string" {
					t.Errorf("%s.%s is %s, want a string", at, name, kind)
				}
			}
			for name, p := range x {
				walk(at+"/"+name, p)
			}
		case []any:
			for i, p := range x {
				walk(fmt.Sprint(at, "/", i), p)
			}
		}
	}
	walk("", doc)
	schemas := at(doc, "components", "schemas").(map[string]any)
	if len(schemas) < 20 {
		t.Errorf("got %d schemas, want those of all bodies", len(schemas))
	}
	for name := range schemas {
		if _, err := n.schema("/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, fields := range map[string][]string{
		"IntakeBody": {"text", "channel"}, "LegsBody": {"legs"}, "ReturnDo": {"ground", "basis"}, "FeedbackDo": {"result"}, "CallbackBody": {"solved"},
	} {
		required := fmt.Sprint(at(schemas, name, "required"))
		for _, f := range fields {
			if !strings.Contains(required, f) {
				t.Errorf("%s requires %s, want %s among them", name, required, f)
			}
		}
	}
}

// Whatever bytes come, the decoder answers or refuses, and a refusal names a
// code and a place.
func FuzzIntake(f *testing.F) {
	for _, seed := range []string{
		`{"text":"路灯不亮","channel":"web"}`, `{"text":1}`, `{"legs":[{"to":"110","urgent":null}]}`, `{"caller":{"consent_to_transfer":true}}`,
		`{"occurred_at":"2025-01-01T00:00:00+08:00"}`, "{", "null", "[]", `{"a":{"b":[0]}}`, `{"text":"\u0000"}`, `{"text":"a","text":"b"}`, "\xff",
		`{"level":1e400}`, `{"/~01":1}`, `{"":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var b body[intakeBody]
		b.read(data)
		if b.err == nil {
			if len(bytes.TrimSpace(data)) > 0 && !stdjson.Valid(data) {
				t.Errorf("took %q, which is no JSON", data)
			}
			return
		}
		if hotline.KindOf(b.err) != hotline.Invalid {
			t.Errorf("decode %q: got %v, want invalid", data, b.err)
		}
		if e, ok := b.err.(*hotline.Error); !ok || e.Field == "" {
			t.Errorf("decode %q: got %v, want a field", data, b.err)
		}
	})
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{`"1"`, "1", "*", "", `W/"1"`, "-1", "9223372036854775808", `""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := change[emptyBody]{IfMatch: s}
		v, err := c.version()
		if err != nil && hotline.KindOf(err) != hotline.Invalid || v != nil && *v < 0 {
			t.Errorf("If-Match %q: got %v, %v", s, v, err)
		}
	})
}
