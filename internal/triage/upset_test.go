package triage

import (
	_ "embed"
	"strings"
	"testing"
)

//go:embed testdata/upset.txt
var upset string

// listed reads lines of an urgent class ("-" for none) and a text.
func listed(list string) (out [][2]string) {
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		code, text, _ := strings.Cut(line, " ")
		out = append(out, [2]string{strings.Trim(code, "-"), text})
	}
	return out
}

// An alarm for danger there is, whichever class it is given: all four take the
// same way, to police and departments at once.
func TestUpset(t *testing.T) {
	yes, no := 0, 0
	for _, s := range listed(upset) {
		want, text := s[0], s[1]
		p := trained().Propose(text)
		check(t, text, p)
		if (p.Urgent != "") != (want != "") {
			t.Errorf("%s: got urgent %q, want %q: %v, %.3f", text, p.Urgent, want, p.Reasons, trained().model.Danger(text))
		}
		if want != "" {
			yes++
		} else {
			no++
		}
	}
	if yes < 30 || no < 20 {
		t.Errorf("got %d sentences with danger and %d without", yes, no)
	}
}
