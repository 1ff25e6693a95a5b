package contract_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	contract "liandong/docs/exchange"
)

var update = flag.Bool("update", false, "write the tables of README.md anew")

// schema is what the tables need of a JSON Schema.
type schema struct {
	Title       string                     `json:"title"`
	Description string                     `json:"description"`
	Ref         string                     `json:"$ref"`
	Type        string                     `json:"type"`
	Enum        []any                      `json:"enum"`
	Required    []string                   `json:"required"`
	Properties  map[string]json.RawMessage `json:"properties"`
	Items       *schema                    `json:"items"`
	Minimum     *int                       `json:"minimum"`
	Maximum     *int64                     `json:"maximum"`
	MinLength   int                        `json:"minLength"`
	MaxLength   int                        `json:"maxLength"`
	MaxItems    int                        `json:"maxItems"`
	Defs        map[string]schema          `json:"$defs"`
}

func read(t *testing.T, name string) schema {
	t.Helper()
	return parse(t, contract.Schemas()[name])
}

func parse(t *testing.T, raw []byte) schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return s
}

// order is the names of a JSON object as they are written.
func order(t *testing.T, raw []byte) []string {
	t.Helper()
	var names []string
	d := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		t.Fatalf("got %v, %v, want an object", tok, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
	}
	return names
}

// table writes the properties of a schema for people.
func table(t *testing.T, raw []byte) string {
	t.Helper()
	var written struct {
		Properties json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &written); err != nil {
		t.Fatal(err)
	}
	s := parse(t, raw)
	defs := read(t, contract.Envelope).Defs
	var b strings.Builder
	b.WriteString("| field | | what | says |\n|---|---|---|---|\n")
	for _, name := range order(t, written.Properties) {
		p := parse(t, s.Properties[name])
		must := ""
		if slices.Contains(s.Required, name) {
			must = "must"
		}
		says := p.Description
		if says == "" {
			says = defs[path.Base(p.Ref)].Description
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, must, shape(p), says)
	}
	return b.String()
}

// shape is what a value looks like, in a word or two.
func shape(p schema) string {
	switch {
	case p.Ref != "":
		return path.Base(p.Ref)
	case len(p.Enum) > 0:
		var out []string
		for _, v := range p.Enum {
			out = append(out, fmt.Sprintf("`%v`", v))
		}
		return strings.Join(out, ", ")
	case p.Type == "array" && p.Items != nil && p.MaxItems > 0:
		each := shape(*p.Items)
		if each == "text" || strings.HasPrefix(each, "text,") {
			each = "each " + each
		}
		return fmt.Sprintf("list of up to %d: %s", p.MaxItems, each)
	case p.Type == "array" && p.Items != nil:
		return "list of " + shape(*p.Items)
	case p.Type == "integer" && p.Minimum != nil && p.Maximum != nil:
		return fmt.Sprintf("%d to %d", *p.Minimum, *p.Maximum)
	case p.Type == "string" && p.MaxLength > 0 && p.MinLength == p.MaxLength:
		return fmt.Sprintf("text of %d", p.MaxLength)
	case p.Type == "string" && p.MaxLength > 0:
		return fmt.Sprintf("text, at most %d", p.MaxLength)
	case p.Type == "string":
		return "text"
	case p.Type == "boolean":
		return "true or false"
	}
	return p.Type
}

// shapes writes the small shapes that the other tables name.
func shapes(t *testing.T) string {
	t.Helper()
	var envelope struct {
		Defs json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(contract.Schemas()[contract.Envelope], &envelope); err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(envelope.Defs, &raw); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| shape | is |\n|---|---|\n")
	for _, name := range order(t, envelope.Defs) {
		says := parse(t, raw[name]).Description
		if d := parse(t, raw[name]); len(d.Properties) > 0 {
			for _, field := range slices.Sorted(maps.Keys(d.Properties)) {
				says += fmt.Sprintf(" `%s`: %s", field, parse(t, d.Properties[field]).Description)
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, says)
	}
	return b.String()
}

// types writes the chapter on the types of letter.
func types(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	valid := contract.Valid()
	for _, name := range inOrder(t) {
		s := read(t, name)
		fmt.Fprintf(&b, "### `%s`\n\n**%s.** %s\n\n", name, s.Title, s.Description)
		needs := "nothing more"
		if len(s.Required) > 0 {
			needs = "`" + strings.Join(s.Required, "`, `") + "`"
		}
		fmt.Fprintf(&b, "Needs %s. [Schema](schema/%s.json).\n\n", needs, name)
		if len(parse(t, s.Properties["body"]).Properties) > 0 {
			b.WriteString(table(t, s.Properties["body"]) + "\n")
		}
		var examples []string
		for example := range valid {
			if typeOf(t, valid[example]) == name {
				examples = append(examples, example)
			}
		}
		slices.Sort(examples)
		for i, e := range examples {
			examples[i] = fmt.Sprintf("[%s](examples/valid/%s.json)", e, e)
		}
		fmt.Fprintf(&b, "Examples: %s.", strings.Join(examples, ", "))
		fmt.Fprintf(&b, " The body of %s:\n\n```json\n%s\n```\n\n", firstOf(t, valid, name), body(t, valid[firstOf(t, valid, name)]))
	}
	return b.String()
}

// inOrder is the types in the order of a leg's life.
func inOrder(t *testing.T) []string {
	t.Helper()
	life := []string{"offer", "receipt", "error", "head", "keys", "reconcile", "accept", "return", "progress", "feedback", "settle", "reopen", "withdraw", "extend", "grant", "refuse",
		"urge", "supplement", "attachment", "call", "callback", "contest", "escalate", "void", "erase",
		"consult.open", "consult.say", "consult.rule", "consult.close"}
	sorted := slices.Sorted(slices.Values(life))
	if diff := cmp.Diff(contract.Types(), sorted); diff != "" {
		t.Fatalf("types in the order of this test (-schemas +test):\n%s", diff)
	}
	return life
}

func typeOf(t *testing.T, wire []byte) string {
	t.Helper()
	var l struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(wire, &l); err != nil {
		t.Fatal(err)
	}
	return l.Type
}

func firstOf(t *testing.T, valid map[string][]byte, typ string) string {
	t.Helper()
	var names []string
	for name, wire := range valid {
		if typeOf(t, wire) == typ {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no example of type %s", typ)
	}
	if slices.Contains(names, typ) {
		return typ
	}
	return slices.Min(names)
}

func body(t *testing.T, wire []byte) []byte {
	t.Helper()
	var l struct {
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(wire, &l); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, l.Body, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The tables of README.md are made from the schemas and the examples.
func TestReadme(t *testing.T) {
	have, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(have)
	for mark, text := range map[string]string{
		"fields of envelope": table(t, contract.Schemas()[contract.Envelope]),
		"fields of private":  table(t, contract.Schemas()[contract.Private]),
		"types":              types(t),
		"shapes":             shapes(t),
	} {
		re := regexp.MustCompile(`(?s)<!-- ` + mark + ` -->.*?<!-- end -->`)
		if !re.MatchString(want) {
			t.Fatalf("README.md has no place for the %s", mark)
		}
		made := "<!-- " + mark + " -->\n\n" + strings.TrimSpace(text) + "\n\n<!-- end -->"
		want = re.ReplaceAllLiteralString(want, made)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("README.md is not what the schemas say; run the test with -update (-want +got):\n%s", diff)
	}
}

// Every link of README.md leads somewhere.
func TestReadmeLinks(t *testing.T) {
	have, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(have), -1)
	if len(links) < 20 {
		t.Errorf("got %d links, want those to schemas and examples", len(links))
	}
	for _, l := range links {
		if _, err := os.Stat(l[1]); err != nil {
			t.Errorf("a link to %s: %v", l[1], err)
		}
	}
}

// Anyone's validator can load the schemas and agrees with the examples: what is
// valid passes, and what is refused for its schema fails.
func TestSchemasAlone(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	for name, raw := range contract.Schemas() {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if id := doc.(map[string]any)["$id"]; id != contract.BaseURL+name+".json" {
			t.Errorf("%s: got $id %v", name, id)
		}
		if err := c.AddResource(contract.BaseURL+name+".json", doc); err != nil {
			t.Fatal(err)
		}
	}
	validate := func(wire []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(wire))
		if err != nil {
			return err
		}
		s, err := c.Compile(contract.BaseURL + doc.(map[string]any)["type"].(string) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(doc)
	}
	for name, wire := range contract.Valid() {
		if err := validate(wire); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Faults of the schema that stand beside a readable type, but one that no
	// schema can see.
	count := 0
	for name, bad := range contract.Invalid() {
		if bad.Code != "letter_schema" || bad.Field == "/type" || name == "json-array" || name == "from-is-to" || name == "base64-in-lines" {
			continue
		}
		count++
		if err := validate(bad.Wire); err == nil {
			t.Errorf("%s: the schemas let it pass", name)
		}
	}
	if count < 40 {
		t.Errorf("got %d letters that break a schema, want those of the directory", count)
	}
}

// Each letter that must be refused says why.
func TestInvalidHaveCodes(t *testing.T) {
	code := regexp.MustCompile(`^letter_[a-z_]+$`)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range contract.Invalid() {
		if !code.MatchString(bad.Code) || bad.Field != "" && bad.Field[0] != '/' {
			t.Errorf("%s: got code %q at %q", name, bad.Code, bad.Field)
		}
		if !bytes.Contains(readme, []byte("| `"+bad.Code+"` |")) {
			t.Errorf("%s: README.md does not tell of %s", name, bad.Code)
		}
	}
	if n := len(contract.Invalid()); n < 60 {
		t.Errorf("got %d letters, want those of the directory", n)
	}
}

// Codes in the examples are those of the code tables, except where an example is
// about words that a reader does not know.
func TestExamplesUseTheCodes(t *testing.T) {
	known := map[string]string{}
	for _, table := range []string{"classes", "items", "units", "regions", "case-kinds", "return-grounds"} {
		f, err := os.Open("codes/" + table + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatalf("%s: %d rows, %v", table, len(rows), err)
		}
		for _, row := range rows[1:] {
			known[table+" "+row[0]] = table
		}
	}
	count := 0
	for name, wire := range contract.Valid() {
		if name == "offer-unknown-words" {
			continue
		}
		var l struct{ Body map[string]any }
		if err := json.Unmarshal(wire, &l); err != nil {
			t.Fatal(err)
		}
		for field, table := range map[string]string{"class": "classes", "urgent_class": "classes", "first_response": "classes", "item": "items", "unit": "units", "region": "regions", "kind": "case-kinds", "ground": "return-grounds"} {
			code, ok := l.Body[field].(string)
			if !ok || field == "kind" && typeOf(t, wire) != "offer" {
				continue
			}
			count++
			if known[table+" "+code] == "" {
				t.Errorf("%s: %s %s is not in codes/%s.csv", name, field, code, table)
			}
		}
	}
	if count < 40 {
		t.Errorf("got %d codes, want those of the examples", count)
	}
}
