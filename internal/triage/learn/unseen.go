package learn

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"

	"liandong/internal/triage"
)

// List is sentences of danger and near it that nothing learns from: the halves A
// and B of internal/triage/testdata/unseen.txt, of which A may be read to mend an
// engine and B is held out, or workday.txt or strangers.txt, held out too.
type List struct {
	Name    string       `json:"name"` // A, B, workday, strangers
	Engines []ListEngine `json:"engines"`
}

// ListEngine is how one engine hears danger on a list.
type ListEngine struct {
	Name   string  `json:"name"`   // rules, model, both
	Urgent []Alarm `json:"urgent"` // C1 … C4, C1 and C4 together, all four
	False  Alarm   `json:"false"`  // of the sentences without danger
}

// Workday is the name of the list of what callers say and clerks write all day.
const Workday = "workday"

// Strangers is the name of the list of other speakers in other situations.
const Strangers = "strangers"

// UnseenIn reads the lists of a folder.
func UnseenIn(folder fs.FS) ([]Row, error) {
	var all []Row
	for _, of := range []struct{ file, name string }{{"unseen.txt", ""}, {"workday.txt", Workday}, {"strangers.txt", Strangers}} {
		list, err := fs.ReadFile(folder, of.file)
		if err != nil {
			return nil, fmt.Errorf("read what is unseen: %w", err)
		}
		rows, err := ReadUnseen(string(list), of.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", of.file, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// ReadUnseen reads lines of an urgent class ("-" for none) and a text; "#" begins
// a comment. Set of a row is the name of the list; with "" it is the half, which
// the text alone decides.
func ReadUnseen(list, name string) (rows []Row, err error) {
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
		set := name
		if set == "" {
			set = half(text)
		}
		rows = append(rows, Row{ID: fmt.Sprintf("%s-%04d", cmp.Or(name, "unseen"), n), Text: text, Set: set, Urgent: code})
	}
	return rows, nil
}

func half(text string) string {
	if sha256.Sum256([]byte(text))[0]&1 == 1 {
		return "B"
	}
	return "A"
}

// Hear counts the alarms of engines on each list.
func Hear(rows []Row, names []string, engines map[string]triage.Engine) (lists []List) {
	for _, set := range []string{"A", "B", Workday, Strangers} {
		l := List{Name: set}
		for _, name := range names {
			groups := []string{"C1", "C2", "C3", "C4", "C1+C4", "C1–C4", "-"}
			by := map[string]*Alarm{}
			for _, g := range groups {
				by[g] = &Alarm{Group: g}
			}
			for _, r := range rows {
				if r.Set != set {
					continue
				}
				got := engines[name].Propose(r.Text).Urgent
				for _, g := range groupsOf(r.Urgent) {
					by[g].add(r.Urgent, got)
				}
			}
			e := ListEngine{Name: name, False: by["-"].wilson()}
			for _, g := range groups[:len(groups)-1] {
				e.Urgent = append(e.Urgent, by[g].wilson())
			}
			l.Engines = append(l.Engines, e)
		}
		lists = append(lists, l)
	}
	return lists
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
