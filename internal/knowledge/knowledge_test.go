package knowledge

import (
	"strings"
	"testing"
	"testing/fstest"

	"liandong/internal/catalogue"
)

// Every class that a case can be in has questions, every urgent class has steps,
// and every line is of something that the catalogue knows.
func TestSeed(t *testing.T) {
	b, err := Seed()
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cat.Classes {
		kind := Ask
		switch c.Code[0] {
		case catalogue.Urgent:
			kind = Stay
		case catalogue.FirstResponse:
			continue
		}
		if len(b.Of(kind, c.Code)) == 0 {
			t.Errorf("class %s has no %s", c.Code, kind)
		}
	}
	for _, code := range b.Codes() {
		_, class := cat.Class(code)
		_, item := cat.Item(code)
		if !class && !item {
			t.Errorf("lines of %s, which the catalogue does not know", code)
		}
	}
	if got := b.Of(Ask, "A12.01", "A12"); len(got) < 3 || got[0].Of != "A12.01" {
		t.Errorf("got %v, want the item's own before its class's", got)
	}
}

func TestFaults(t *testing.T) {
	const head = "of,kind,zh,bo,reviewed\n"
	for row, want := range map[string]string{
		"A01,ask,,,":          "scripts.csv:2: a line needs",
		",ask,在哪里？,,":         "scripts.csv:2: a line needs",
		"A01,sing,在哪里？,,":     `unknown kind "sing"`,
		"A01,ask,在哪里？,ག་པར།,": "nobody has reviewed",
	} {
		_, err := Parse(fstest.MapFS{"scripts.csv": {Data: []byte(head + row + "\n")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", row, err, want)
		}
	}
}
