package letter

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	contract "liandong/docs/exchange"
	"liandong/internal/leg"
)

// schemas are the published ones, compiled at the first letter.
type schemas struct {
	types   map[string]*jsonschema.Schema
	private *jsonschema.Schema
	// known are the JSON pointers that a letter of a type may require.
	known map[string]map[string]bool
}

var compiled = sync.OnceValue(func() schemas {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	for name, doc := range contract.Schemas() {
		tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err == nil {
			err = c.AddResource(contract.BaseURL+name+".json", tree)
		}
		if err != nil {
			panic(fmt.Errorf("published schema %s: %w", name, err)) // a test compiles them all
		}
	}
	compile := func(name string) *jsonschema.Schema {
		return c.MustCompile(contract.BaseURL + name + ".json")
	}
	s := schemas{private: compile(contract.Private), types: map[string]*jsonschema.Schema{}, known: map[string]map[string]bool{}}
	envelope := compile(contract.Envelope)
	for _, name := range contract.Types() {
		t := compile(name)
		s.types[name] = t
		s.known[name] = map[string]bool{}
		for p := range envelope.Properties {
			s.known[name]["/"+p] = true
		}
		for p := range t.Properties["body"].Properties {
			s.known[name]["/body/"+p] = true
		}
	}
	return s
})

// check decides whether a letter as a tree can be taken: version, type,
// required fields, schema.
func check(tree map[string]any) error {
	version, _ := tree["schema"].(string)
	major, minor, ok := strings.Cut(version, ".")
	if _, err := strconv.ParseUint(minor, 10, 16); err != nil || !ok {
		return refuse(CodeSchema, "/schema", "want major.minor", nil)
	}
	if ours, _, _ := strings.Cut(leg.Schema, "."); major != ours {
		return refuse(CodeVersion, "/schema", "we read version "+ours, nil)
	}
	typ, ok := tree["type"].(string)
	if !ok {
		return refuse(CodeSchema, "/type", "want the type of the letter", nil)
	}
	schema := compiled().types[typ]
	if schema == nil {
		return refuse(CodeType, "/type", "no such type of letter", nil)
	}
	if requires, ok := tree["requires"].([]any); ok {
		for i, r := range requires {
			if name, ok := r.(string); ok && !compiled().known[typ][name] {
				return refuse(CodeRequires, fmt.Sprintf("/requires/%d", i), "requires a field that we do not know", nil)
			}
		}
	}
	return schemaFault(CodeSchema, schema.Validate(tree))
}

func checkPrivate(tree map[string]any) error {
	return schemaFault(CodePrivate, compiled().private.Validate(tree))
}

// schemaFault names one fault of all that the schema found: the first by
// pointer, so that the same letter is always refused for the same reason.
func schemaFault(code string, err error) error {
	if err == nil {
		return nil
	}
	v, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return refuse(code, "", "the schema cannot be applied", err)
	}
	faults := leaves(v, nil)
	first := slices.MinFunc(faults, func(a, b fault) int {
		return strings.Compare(a.at+"\x00"+a.why, b.at+"\x00"+b.why)
	})
	return refuse(code, first.at, first.why, nil) // no cause: the library's words quote values
}

type fault struct{ at, why string }

func leaves(v *jsonschema.ValidationError, into []fault) []fault {
	at := ""
	for _, name := range v.InstanceLocation {
		at += "/" + escape(name)
	}
	switch k := v.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			into = append(into, fault{at + "/" + escape(name), "missing"})
		}
		return into
	case *kind.DependentRequired:
		for _, name := range k.Missing {
			into = append(into, fault{at + "/" + escape(name), "missing beside " + k.Prop})
		}
		return into
	case *kind.AnyOf:
		return append(into, fault{at, "none of the forms that the schema allows"})
	}
	if len(v.Causes) == 0 {
		return append(into, fault{at, reason(v.ErrorKind)})
	}
	for _, c := range v.Causes {
		into = leaves(c, into)
	}
	return into
}

// reason says what the schema wants. It never says what the letter holds.
func reason(e jsonschema.ErrorKind) string {
	switch k := e.(type) {
	case *kind.Type:
		return "want " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		return fmt.Sprintf("want one of %v", k.Want)
	case *kind.Const:
		return fmt.Sprintf("want %v", k.Want)
	case *kind.Pattern:
		return "want a text like " + k.Want
	case *kind.Format:
		return "want a " + k.Want
	case *kind.ContentEncoding:
		return "want " + k.Want
	case *kind.MinLength:
		return fmt.Sprintf("want at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("want at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("want at least %d items", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("want at most %d items", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("want at least %d members", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("want at most %d members", k.Want)
	case *kind.Minimum:
		return "want at least " + k.Want.RatString()
	case *kind.Maximum:
		return "want at most " + k.Want.RatString()
	case *kind.FalseSchema:
		return "not in a letter of this type"
	}
	return "not as the schema says"
}

func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// letterFields and bodyFields are the names that leg.Letter and leg.Body hold,
// and the two that stand beside the content.
var (
	letterFields = sync.OnceValue(func() map[string]bool {
		m := tags(reflect.TypeFor[leg.Letter]())
		m["sealed"], m["sig"] = true, true
		return m
	})
	bodyFields = sync.OnceValue(func() map[string]bool { return tags(reflect.TypeFor[leg.Body]()) })
)

func tags(t reflect.Type) map[string]bool {
	m := map[string]bool{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		m[name] = true
	}
	return m
}
