package learn

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"liandong/internal/triage"
)

// Half is a part of the sentences of internal/triage/testdata/unseen.txt: A may be
// read to mend an engine, B is held out.
type Half struct {
	Name    string       `json:"name"` // A, B
	Engines []HalfEngine `json:"engines"`
}

// HalfEngine is how one engine hears danger on a half.
type HalfEngine struct {
	Name   string  `json:"name"`   // rules, model, both
	Urgent []Alarm `json:"urgent"` // C1 … C4, C1 and C4 together, all four
	False  Alarm   `json:"false"`  // of the sentences without danger
}

// ReadUnseen reads lines of an urgent class ("-" for none) and a text; "#" begins
// a comment. Set of a row is its half, which the text alone decides.
func ReadUnseen(list string) (rows []Row, err error) {
	n := 0
	for line := range strings.Lines(list) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		code, text, ok := strings.Cut(line, " ")
		code = strings.Trim(code, "-")
		if !ok || triage.Column(code) < 0 {
			return nil, fmt.Errorf("line %d: want an urgent class or - and a text", n)
		}
		half := "A"
		if sha256.Sum256([]byte(text))[0]&1 == 1 {
			half = "B"
		}
		rows = append(rows, Row{ID: fmt.Sprintf("unseen-%04d", n), Text: text, Set: half, Urgent: code})
	}
	return rows, nil
}

// Hear counts the alarms of engines on both halves.
func Hear(rows []Row, names []string, engines map[string]triage.Engine) (halves []Half) {
	for _, half := range []string{"A", "B"} {
		h := Half{Name: half}
		for _, name := range names {
			groups := []string{"C1", "C2", "C3", "C4", "C1+C4", "C1–C4", "-"}
			by := map[string]*Alarm{}
			for _, g := range groups {
				by[g] = &Alarm{Group: g}
			}
			for _, r := range rows {
				if r.Set != half {
					continue
				}
				got := engines[name].Propose(r.Text).Urgent
				for _, g := range groupsOf(r.Urgent) {
					by[g].add(r.Urgent, got)
				}
			}
			e := HalfEngine{Name: name, False: by["-"].wilson()}
			for _, g := range groups[:len(groups)-1] {
				e.Urgent = append(e.Urgent, by[g].wilson())
			}
			h.Engines = append(h.Engines, e)
		}
		halves = append(halves, h)
	}
	return halves
}

func groupsOf(urgent string) []string {
	switch urgent {
	case "":
		return []string{"-"}
	case "C1", "C4":
		return []string{urgent, "C1+C4", "C1–C4"}
	}
	return []string{urgent, "C1–C4"}
}

func (a *Alarm) add(want, got string) {
	a.N++
	if got != "" {
		a.Alarms++
	}
	if got == want {
		a.Same++
	}
}
