package seal

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"liandong/internal/hotline"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{` { "b" : 1 , "a" : [ true , null ] } `, `{"a":[true,null],"b":1}`},
		{`{"\u5f20":"\u6d4b","a":"<&>\/"}`, `{"a":"<&>/","张":"测"}`},
		{"{\"\U0001F600\":1,\"\uFB33\":2}", "{\"\U0001F600\":1,\"\uFB33\":2}"}, // by UTF-16 units, not by code points
		{`{"a":"\u000a\u001F\u007f"}`, "{\"a\":\"\\n\\u001f\u007f\"}"},
		{`[9007199254740991,-9007199254740991,0]`, `[9007199254740991,-9007199254740991,0]`},
		{`"x"`, `"x"`},
		{strings.Repeat("[", 16) + strings.Repeat("]", 16), strings.Repeat("[", 16) + strings.Repeat("]", 16)},
	} {
		got, err := Canonical([]byte(c.doc))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.doc, got, err, c.want)
		}
	}
}

func TestCanonicalRefused(t *testing.T) {
	for _, c := range []struct{ doc, code, field string }{
		{``, "json_invalid", ""},
		{` `, "json_invalid", ""},
		{`{`, "json_invalid", ""},
		{`{"a":1,"a":2}`, "json_invalid", "/a"},
		{`{"a":{"b":1,"\u0062":2}}`, "json_invalid", "/a/b"},
		{"\"\xff\"", "json_invalid", ""},
		{`"\ud800"`, "json_invalid", ""},
		{`{} {}`, "json_invalid", ""},
		{`{} 1`, "json_invalid", ""},
		{`{} x`, "json_invalid", ""},
		{`1 2`, "json_invalid", ""},
		{`{"a":[1,{"b":1.5}]}`, "json_number", "/a/1/b"},
		{`1.0`, "json_number", ""},
		{`1e2`, "json_number", ""},
		{`-0`, "json_number", ""},
		{`9007199254740992`, "json_number", ""},
		{`-9007199254740992`, "json_number", ""},
		{`10000000000000000`, "json_number", ""},
		{`[01]`, "json_invalid", ""},
		{strings.Repeat("[", 17) + strings.Repeat("]", 17), "json_depth", ""},
	} {
		_, err := Canonical([]byte(c.doc))
		e, ok := err.(*hotline.Error)
		if !ok || e.Code != c.code || e.Kind != hotline.Invalid || c.field != "" && e.Field != c.field {
			t.Errorf("%s: got %v, want %s (%s)", c.doc, err, c.code, c.field)
		}
	}
}

// Whatever order and spacing a document is written in, its canonical form is
// the same, and says the same.
func TestCanonicalIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.Int64Range(-MaxInteger, MaxInteger)).Draw(t, "m")
		plain, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, plain, " ", "\t"); err != nil {
			t.Fatal(err)
		}
		a, err := Canonical(plain)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Canonical(spaced.Bytes())
		if err != nil || !bytes.Equal(a, b) {
			t.Fatalf("got %s and %s, %v", a, b, err)
		}
		var back map[string]int64
		if err := json.Unmarshal(a, &back); err != nil || len(back) != len(m) {
			t.Fatalf("got %v, %v, want %v", back, err, m)
		}
		for k, v := range m {
			if back[k] != v {
				t.Fatalf("%q: got %d, want %d", k, back[k], v)
			}
		}
	})
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":[true,null,"x"]}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := Canonical(doc)
		if err != nil {
			return
		}
		if !json.Valid(doc) {
			t.Fatalf("taken, and the standard library does not: %q", doc)
		}
		again, err := Canonical(got)
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("%q is not canonical: %q, %v", got, again, err)
		}
	})
}

// The quick check and the thorough one take the same documents.
func TestQuickCheckIsTheThoroughOne(t *testing.T) {
	pieces := []string{`{`, `}`, `[`, `]`, `"a"`, `"b"`, `"a\""`, `"\\"`, `"\u00e9"`, `"药"`, "\"\xff\"", `:`, `,`, ` `, `1`, `-`, `0`, `-0`, `00`, `1.5`, `1e3`,
		`9007199254740991`, `9007199254740992`, `12345678901234567`, `true`, `null`, `nul`, strings.Repeat("[", MaxDepth-1), strings.Repeat("]", MaxDepth-1)}
	agree := func(doc string) {
		quick := plainNumbers([]byte(doc)) && jsontext.Value(doc).IsValid()
		if err := findFault([]byte(doc)); quick != (err == nil) {
			t.Fatalf("%s: the quick check takes it: %v, the thorough one says %v", doc, quick, err)
		}
	}
	for _, doc := range []string{``, ` `, `{}`, `{} {}`, `1 2`, `[1,2]`, `{"a":1,"a":2}`, `{"a":{"b":[1,-2,{"c":"]"}]}}`, strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
		strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)} {
		agree(doc)
	}
	rapid.Check(t, func(r *rapid.T) {
		agree(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(r, "pieces"), ""))
	})
}
