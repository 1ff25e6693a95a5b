package https

import (
	"bytes"
	"fmt"
	"testing"
)

// The answer to n letters has n lines, or it is none.
func FuzzLines(f *testing.F) {
	for _, doc := range []string{
		"", "{\"status\":204}\n", "{\"status\":200,\"answer\":{\"id\":\"x\"}}\n{\"status\":401,\"detail\":\"not authentic\"}\n",
		"{\"status\":200,\"answer\":{\"id\"", "[]", "{}{}", "null\n", "{\"status\":1e9}", "{\"status\":204} x",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for n := range 4 {
			lines, err := ReadLines(doc, n)
			if err == nil && len(lines) != n {
				t.Errorf("%q as an answer to %d: %d lines, want as many or an error", doc, n, len(lines))
			}
		}
	})
}

func TestLines(t *testing.T) {
	doc := []byte("{\"status\":200,\"answer\":{\"id\":\"a<b\"}}\n{\"status\":204}\n")
	for n, want := range map[int]string{1: "error", 2: "200 {\"id\":\"a<b\"} 204 ", 3: "error"} {
		lines, err := ReadLines(doc, n)
		var got bytes.Buffer
		for i, l := range lines {
			if i > 0 {
				got.WriteByte(' ')
			}
			fmt.Fprintf(&got, "%d %s", l.Status, l.Answer)
		}
		if err != nil {
			got.Reset()
			got.WriteString("error")
		}
		if got.String() != want {
			t.Errorf("as an answer to %d letters: %q, %v; want %q", n, got.String(), err, want)
		}
	}
}
