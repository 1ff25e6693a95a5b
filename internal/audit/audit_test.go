package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"liandong/internal/hotline"
)

func sample() Record {
	return Record{
		ID: "01k1a2b3c4d5e6f7g8h9j0kmnp", Node: "12345", Case: "01k1a2b3c4d5e6f7g8h9j0kmnq", Leg: "01k1a2b3c4d5e6f7g8h9j0kmnr",
		At: 1_772_326_800_000_001, Kind: "return", Actor: "user-测试", ActorRole: "clerk",
		Body:       json.RawMessage(`{"ground":"not_duty", "basis":"《测试条例》第一条","version":3}`),
		Commitment: strings.Repeat("ab", 32),
	}
}

// The vectors are fixed: a log written today must verify for ever.
func TestLeafGolden(t *testing.T) {
	for _, c := range []struct {
		name, canonical, leaf string
		record                Record
	}{
		{
			name:   "full",
			record: sample(),
			canonical: `{"actor":"user-测试","actor_role":"clerk","at":1772326800000001,"body":{"basis":"《测试条例》第一条","ground":"not_duty","version":3},` +
				`"case":"01k1a2b3c4d5e6f7g8h9j0kmnq","commitment":"abababababababababababababababababababababababababababababababab","id":"01k1a2b3c4d5e6f7g8h9j0kmnp",` +
				`"kind":"return","leg":"01k1a2b3c4d5e6f7g8h9j0kmnr","node":"12345"}`,
			leaf: "ebfa43e77780814a0391d7ef15e741fbad92794e742a8d69cd196f132cbe3478",
		},
		{
			name:      "empty",
			canonical: `{"actor":"","actor_role":"","at":0,"body":null,"case":"","commitment":"","id":"","kind":"","leg":"","node":""}`,
			leaf:      "13ca4acde3f0a439e47dd9deef83024a80f82f22ea60746874ea48a9251a21eb",
		},
	} {
		canonical, leaf, err := Leaf(c.record)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.canonical, string(canonical)); diff != "" {
			t.Errorf("%s: canonical form (-want +got):\n%s", c.name, diff)
		}
		if got := hex.EncodeToString(leaf[:]); got != c.leaf {
			t.Errorf("%s: got leaf %s, want %s", c.name, got, c.leaf)
		}
		if want := sha256.Sum256(append([]byte{0}, canonical...)); leaf != want {
			t.Errorf("%s: got leaf %x, want RFC 6962's %x", c.name, leaf, want)
		}
	}
}

func TestLeafRefused(t *testing.T) {
	for _, c := range []struct {
		code   string
		change func(*Record)
	}{
		{"record_text", func(r *Record) { r.Kind = "\xff" }},
		{"record_text", func(r *Record) { r.ActorRole = "a\xc3" }},
		{"record_commitment", func(r *Record) { r.Commitment = "ab" }},
		{"record_commitment", func(r *Record) { r.Commitment = strings.Repeat("AB", 32) }},
		{"record_time", func(r *Record) { r.At = 1 << 53 }},
		{"record_time", func(r *Record) { r.At = -1 << 53 }},
		{"json_invalid", func(r *Record) { r.Body = json.RawMessage(`{`) }},
		{"json_invalid", func(r *Record) { r.Body = json.RawMessage(``) }},
		{"json_invalid", func(r *Record) { r.Body = json.RawMessage(`1}, "x": {`) }},
		{"json_invalid", func(r *Record) { r.Body = json.RawMessage(`{"a":1,"a":2}`) }},
		{"json_number", func(r *Record) { r.Body = json.RawMessage(`{"a":0.5}`) }},
	} {
		r := sample()
		c.change(&r)
		_, _, err := Leaf(r)
		if hotline.CodeOf(err) != c.code || hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("%+v: got %v, want %s", r, err, c.code)
		}
	}
}

// Two records have the same leaf only if they are the same.
func TestEveryFieldIsInTheLeaf(t *testing.T) {
	record := rapid.Custom(func(t *rapid.T) Record {
		text := rapid.String()
		body, err := json.Marshal(rapid.MapOf(text, rapid.Int32()).Draw(t, "body"))
		if err != nil {
			t.Fatal(err)
		}
		return Record{
			ID: text.Draw(t, "id"), Node: text.Draw(t, "node"), Case: text.Draw(t, "case"), Leg: text.Draw(t, "leg"),
			At: rapid.Int64Range(0, 1<<53-2).Draw(t, "at"), Kind: text.Draw(t, "kind"),
			Actor: text.Draw(t, "actor"), ActorRole: text.Draw(t, "role"),
			Body: body, Commitment: strings.Repeat("0a", 32),
		}
	})
	fields := reflect.TypeFor[Record]().NumField()
	rapid.Check(t, func(t *rapid.T) {
		r := record.Draw(t, "record")
		_, before, err := Leaf(r)
		if err != nil {
			t.Fatal(err)
		}
		changed := r
		f := reflect.ValueOf(&changed).Elem().Field(rapid.IntRange(0, fields-1).Draw(t, "field"))
		switch v := f.Interface().(type) {
		case int64:
			f.SetInt(v + 1)
		case json.RawMessage:
			f.SetBytes(fmt.Appendf(nil, `{"changed":%s}`, v))
		case string:
			if v == r.Commitment && len(v) == 64 {
				f.SetString(strings.Repeat("0b", 32))
			} else {
				f.SetString(v + rapid.StringN(1, 8, -1).Draw(t, "more"))
			}
		default:
			t.Fatalf("a field of type %T that this test does not change", v)
		}
		_, after, err := Leaf(changed)
		if err != nil || after == before {
			t.Fatalf("changed %+v to %+v: the leaf is the same (%v)", r, changed, err)
		}
	})
}

// Text cannot move from one field to the next and give the same leaf.
func TestFieldsDoNotRunTogether(t *testing.T) {
	_, a, err := Leaf(Record{Case: "ab", Leg: "c"})
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := Leaf(Record{Case: "a", Leg: "bc"})
	if err != nil || a == b {
		t.Fatalf("got the same leaf %x (%v)", a, err)
	}
}

func TestParse(t *testing.T) {
	canonical, leaf, err := Leaf(sample())
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(canonical)
	if err != nil {
		t.Fatal(err)
	}
	again, leaf2, err := Leaf(r)
	if err != nil || leaf2 != leaf || !bytes.Equal(again, canonical) {
		t.Fatalf("got %s, %v, want %s", again, err, canonical)
	}
	for _, bad := range []string{
		"", "{}", "null", " " + string(canonical), string(canonical) + "\n", string(canonical) + string(canonical),
		strings.Replace(string(canonical), `"actor"`, `"Actor"`, 1),
		strings.Replace(string(canonical), `"kind":`, `"kind":"x","kind":`, 1),
		strings.Replace(string(canonical), `"case"`, `"b":1,"case"`, 1),
	} {
		if _, err := Parse([]byte(bad)); err == nil || hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("%q: got %v, want it refused", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	canonical, _, err := Leaf(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(canonical)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		if again, _, err := Leaf(r); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("taken, and written again as %q, %v", again, err)
		}
	})
}

func BenchmarkLeaf(b *testing.B) {
	r := sample()
	for b.Loop() {
		if _, _, err := Leaf(r); err != nil {
			b.Fatal(err)
		}
	}
}
