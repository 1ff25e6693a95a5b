package web

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// element is one element of a page, for assertions by selector.
type element struct {
	name     string
	attrs    map[string]string
	parent   *element
	children []*element
	words    strings.Builder
}

// page reads the HTML that our templates write: well-formed but for void
// elements and attributes without a value.
func (a answer) page() *element {
	a.t.Helper()
	// What a browser shows as a replacement character, the reader would refuse.
	readable := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(a.body, "\uFFFD"))
	d := xml.NewDecoder(strings.NewReader(readable))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &element{name: "root"}
	at := root
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			a.t.Fatalf("page cannot be read: %v\n%s", err, a.body)
		}
		switch tk := token.(type) {
		case xml.StartElement:
			e := &element{name: strings.ToLower(tk.Name.Local), attrs: map[string]string{}, parent: at}
			for _, at := range tk.Attr {
				name := at.Name.Local
				if at.Name.Space != "" {
					name = at.Name.Space + ":" + name
				}
				e.attrs[name] = at.Value
			}
			at.children = append(at.children, e)
			at = e
		case xml.EndElement:
			at = at.parent
		case xml.CharData:
			for e := at; e != nil; e = e.parent {
				e.words.Write(tk)
			}
		}
	}
}

var part = regexp.MustCompile(`^([a-z0-9]*)((?:[#.][\w-]+|\[[\w-]+(?:=[^\]]*)?\])*)$`)
var condition = regexp.MustCompile(`[#.][\w-]+|\[[\w-]+(?:=[^\]]*)?\]`)

// all finds elements by a selector: names, #ids, .classes, [attr=value], and
// blanks for "somewhere inside".
func (e *element) all(t testing.TB, selector string) []*element {
	t.Helper()
	found := []*element{e}
	for _, p := range strings.Fields(selector) {
		if !part.MatchString(p) {
			t.Fatalf("selector %q: cannot read %q", selector, p)
		}
		var next []*element
		for _, f := range found {
			next = f.inside(p, next)
		}
		found = next
	}
	return found
}

func (e *element) inside(p string, found []*element) []*element {
	for _, c := range e.children {
		if c.is(p) {
			found = append(found, c)
		}
		found = c.inside(p, found)
	}
	return found
}

func (e *element) is(p string) bool {
	m := part.FindStringSubmatch(p)
	if m[1] != "" && m[1] != e.name {
		return false
	}
	for _, c := range condition.FindAllString(m[2], -1) {
		switch c[0] {
		case '#':
			if e.attrs["id"] != c[1:] {
				return false
			}
		case '.':
			if !strings.Contains(" "+e.attrs["class"]+" ", " "+c[1:]+" ") {
				return false
			}
		default:
			name, value, has := strings.Cut(strings.Trim(c, "[]"), "=")
			got, ok := e.attrs[name]
			if !ok || has && got != value {
				return false
			}
		}
	}
	return true
}

// one is the only element that a selector finds; anything else fails.
func (a answer) one(selector string) *element {
	a.t.Helper()
	found := a.page().all(a.t, selector)
	if len(found) != 1 {
		a.t.Fatalf("got %d of %s, want 1 (status %d)\n%s", len(found), selector, a.status, a.body)
	}
	return found[0]
}

func (a answer) count(selector string) int {
	a.t.Helper()
	return len(a.page().all(a.t, selector))
}

// text is what a person reads in an element, blanks folded.
func (e *element) text() string { return strings.Join(strings.Fields(e.words.String()), " ") }

// form is what a browser would send for a form: its fields as they stand.
func (e *element) form(t testing.TB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, in := range e.all(t, "input[name]") {
		typ := in.attrs["type"]
		_, checked := in.attrs["checked"]
		if (typ == "checkbox" || typ == "radio") && !checked {
			continue
		}
		out[in.attrs["name"]] = append(out[in.attrs["name"]], in.attrs["value"])
	}
	for _, area := range e.all(t, "textarea[name]") {
		out[area.attrs["name"]] = append(out[area.attrs["name"]], area.words.String())
	}
	for _, list := range e.all(t, "select[name]") {
		options := list.all(t, "option")
		value := ""
		for i, o := range options {
			if _, on := o.attrs["selected"]; on || i == 0 {
				value = o.attrs["value"]
			}
		}
		out[list.attrs["name"]] = append(out[list.attrs["name"]], value)
	}
	return out
}
