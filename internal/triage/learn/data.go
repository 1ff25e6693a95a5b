package learn

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"slices"
	"strings"

	"liandong/internal/catalogue"
	"liandong/internal/triage"
)

// Row is a text of the data with what is known of it.
type Row struct {
	ID, Text string
	Source   Source
	Set      string   // of a judged row: gold, enriched, mined, emergency, judged, fresh
	Category string   // code; "" for no request, or not known
	Others   []string // codes that a careful person could defend
	Urgent   string   // code, "" none, Unknown
	Of       int      // variants of one pattern, this among them; 0 where it is none
	Border   []string // urgent codes, or "" for none, that could be defended too
}

// Source says where a row comes from.
type Source string

// The sources, the most trusted first.
const (
	JudgedDev Source = "judged-dev" // read and judged, for development; outside the repository
	Judged    Source = "judged"     // real texts, outside the repository; what was judged of them is in it
	Invented  Source = "invented"   // written for training
	Listed    Source = "listed"     // words of the catalogue
	Fresh     Source = "fresh"      // judged too, and never learned from: kept to see what an engine is worth
	Unjudged  Source = "unjudged"   // real texts that nobody has read
	Reply     Source = "reply"      // answers of offices to such texts: how those write who act
)

// Read gets all data: of the repository (internal/triage/train), and of the
// folder with texts of others that is not part of it, which may be nil.
func Read(cat *catalogue.Catalogue, own, extra fs.FS) ([]Row, error) {
	r := reader{codes: map[string]string{}}
	for _, c := range cat.Classes {
		if !catalogue.IsFirstResponse(c.Code) { // these bear the names of others
			r.codes[c.Name] = c.Code
		}
	}
	r.invented(own)
	r.listed(cat)
	if extra != nil {
		r.dev(extra)
		r.judged(own, extra)
		r.replies(extra)
	}
	slices.SortStableFunc(r.rows, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID)) })
	return r.rows, errors.Join(r.faults...)
}

type reader struct {
	codes  map[string]string // by Chinese name
	rows   []Row
	faults []error
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

func (r *reader) lines(files fs.FS, name string, each func(line []byte) error) {
	file, err := fs.ReadFile(files, name)
	if err != nil {
		r.fault("read data: %w", err)
		return
	}
	s := bufio.NewScanner(bytes.NewReader(file))
	s.Buffer(nil, 4<<20)
	for n := 1; s.Scan(); n++ {
		if line := bytes.TrimSpace(s.Bytes()); len(line) > 0 && line[0] != '#' {
			if err := each(line); err != nil {
				r.fault("%s:%d: %w", name, n, err)
			}
		}
	}
}

// invented reads examples: a file that bears the name of a class holds texts of
// it, a text a line, in danger/ of an urgent class; none.txt is no request, and
// danger/not.txt no danger, though it sounds so. Any other file has in each line
// the class, the urgent class ("-" for none) and the text.
func (r *reader) invented(own fs.FS) {
	names, err := fs.Glob(own, "examples/*.txt")
	danger, err2 := fs.Glob(own, "examples/danger/*.txt")
	if err := errors.Join(err, err2); err != nil {
		r.fault("examples: %w", err)
	}
	for _, name := range slices.Concat(names, danger) {
		n := 0
		r.lines(own, name, func(line []byte) error {
			row, err := example(name, string(line))
			n++
			row.ID = fmt.Sprintf("%s-%04d", strings.TrimSuffix(name, ".txt"), n)
			if !strings.Contains(row.Text, "{") {
				r.rows = append(r.rows, row)
				return err
			}
			texts, err2 := variants(row.Text)
			pattern := row
			for i, text := range texts {
				row.ID, row.Text, row.Of = fmt.Sprintf("%s/%02d", pattern.ID, i+1), text, len(texts)
				r.rows = append(r.rows, row)
			}
			return errors.Join(err, err2)
		})
	}
}

func example(name, line string) (Row, error) {
	row := Row{Source: Invented, Text: line, Urgent: Unknown}
	code := strings.TrimSuffix(path.Base(name), ".txt")
	switch {
	case code == "none" || code == "not":
		row.Urgent = ""
	case triage.Column(code) < 0:
		cells := strings.SplitN(line, " ", 3)
		if len(cells) < 3 {
			return row, errors.New("want class, urgent class and text")
		}
		row.Category, row.Urgent, row.Text = strings.Trim(cells[0], "-"), strings.Trim(cells[1], "-"), cells[2]
	case path.Dir(name) == "examples/danger":
		row.Urgent = code
	case strings.HasPrefix(code, "A"):
		row.Category, row.Urgent = code, ""
	default:
		row.Category = code // a police matter may be dangerous or not
	}
	if row.Category != "" && triage.Column(row.Category) < 0 || row.Urgent != Unknown && triage.Column(row.Urgent) < 0 {
		return row, fmt.Errorf("%q, %q: no class", row.Category, row.Urgent)
	}
	return row, nil
}

// variants writes a pattern out: of "{着火了|冒烟了}，{快来|人在里面|救命}" the
// first text has the first of each, the second the second, and so on; where one
// has fewer, it begins anew. There are as many texts as the longest has words.
func variants(pattern string) ([]string, error) {
	var fixed []string // before each choice, and at the end
	var choices [][]string
	rest, most := pattern, 0
	for {
		before, after, open := strings.Cut(rest, "{")
		if fixed = append(fixed, before); !open {
			break
		}
		inner, tail, closed := strings.Cut(after, "}")
		words := strings.Split(inner, "|")
		if !closed || len(words) < 2 || strings.Contains(inner, "{") {
			return nil, fmt.Errorf("%q: want {one|other}", pattern)
		}
		choices, rest, most = append(choices, words), tail, max(most, len(words))
	}
	texts := make([]string, most)
	for i := range texts {
		for j, words := range choices {
			texts[i] += fixed[j] + words[i%len(words)]
		}
		texts[i] += fixed[len(choices)]
	}
	return texts, nil
}

// listed are the words of the catalogue, each as a text of its own.
func (r *reader) listed(cat *catalogue.Catalogue) {
	for _, it := range cat.Items {
		if g := catalogue.Group(it.Class); g != catalogue.NonPolice && g != catalogue.Police {
			continue
		}
		for i, word := range append([]string{it.Name}, it.Synonyms...) {
			r.rows = append(r.rows, Row{ID: fmt.Sprintf("%s-%02d", it.Code, i), Text: word, Source: Listed, Category: it.Class, Urgent: calmWord(it)})
		}
	}
}

// calmWord: the words of an item are no danger where it is no matter of police.
func calmWord(it catalogue.Item) string {
	if catalogue.Group(it.Class) == catalogue.NonPolice && it.FirstResponse == "" && it.Class != "A15" {
		return ""
	}
	return Unknown
}

func (r *reader) dev(extra fs.FS) {
	r.lines(extra, "judged-dev.jsonl", func(line []byte) error {
		var in struct {
			ID, Text, Set, Urgent string
			Category              *string
			CategoryAlt           []string `json:"category_alt"`
			UrgentAlt             []string `json:"urgent_alt"`
		}
		if err := json.Unmarshal(line, &in); err != nil {
			return err
		}
		row := Row{ID: in.ID, Text: in.Text, Source: JudgedDev, Set: in.Set}
		code := func(name string) string {
			if name == "none" {
				return ""
			}
			c, ok := r.codes[name]
			if !ok {
				r.fault("%s: %q is no class", in.ID, name)
			}
			return c
		}
		if in.Category != nil {
			row.Category = code(*in.Category)
		}
		row.Urgent = code(in.Urgent)
		for _, name := range in.CategoryAlt {
			row.Others = append(row.Others, code(name))
		}
		for _, name := range in.UrgentAlt {
			row.Border = append(row.Border, code(name))
		}
		r.rows = append(r.rows, row)
		return nil
	})
}

func (r *reader) replies(extra fs.FS) {
	r.lines(extra, "replies.jsonl", func(line []byte) error {
		var in struct{ ID, Reply string }
		if err := json.Unmarshal(line, &in); err != nil {
			return err
		}
		r.rows = append(r.rows, Row{ID: "reply-" + in.ID, Text: in.Reply, Source: Reply, Urgent: Unknown})
		return nil
	})
}

// judged joins the real texts with judged.csv and fresh.csv: id, category,
// alternatives (;), urgent. For learning, a fresh row is one that nobody has read.
func (r *reader) judged(own, extra fs.FS) {
	labels, fresh := r.labels(own, "judged.csv"), r.labels(own, "fresh.csv")
	r.lines(extra, "complaints.jsonl", func(line []byte) error {
		var in struct{ ID, Text string }
		if err := json.Unmarshal(line, &in); err != nil {
			return err
		}
		row := Row{ID: in.ID, Text: in.Text, Source: Unjudged, Urgent: Unknown}
		if rec := labels[in.ID]; rec != nil {
			r.rows = append(r.rows, r.label(row, Judged, rec))
			return nil
		}
		if rec := fresh[in.ID]; rec != nil {
			r.rows = append(r.rows, r.label(row, Fresh, rec))
		}
		r.rows = append(r.rows, row)
		return nil
	})
}

func (r *reader) labels(own fs.FS, name string) map[string][]string {
	labels := map[string][]string{}
	file, err := fs.ReadFile(own, name)
	if err != nil {
		return labels // whoever has other texts may have judged none of them
	}
	c := csv.NewReader(bytes.NewReader(file))
	c.Comment, c.FieldsPerRecord = '#', 4
	records, err := c.ReadAll()
	if err != nil {
		r.fault("%s: %w", name, err)
	}
	for _, rec := range records {
		labels[rec[0]] = rec
	}
	return labels
}

func (r *reader) label(row Row, source Source, rec []string) Row {
	row.Source, row.Set, row.Category, row.Urgent = source, string(source), rec[1], rec[3]
	if rec[2] != "" {
		row.Others = strings.Split(rec[2], ";")
	}
	for _, code := range append(row.Others, row.Category) {
		if code != "" && triage.Column(code) < 0 {
			r.fault("%s: %q is no class", row.ID, code)
		}
	}
	return row
}

// Fold puts a row into one of n parts, by its id alone; the variants of a
// pattern stay together.
func (r Row) Fold(n int) int {
	id := r.ID
	if r.Of > 0 {
		id = id[:strings.LastIndexByte(id, '/')]
	}
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32()>>8) % n
}
