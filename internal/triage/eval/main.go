// Command eval measures the engine of rules against judged texts, which lie
// outside the repository: go run ./internal/triage/eval FILE.jsonl
//
// Each line has id, text, set, category and category_alt (Chinese names of
// classes, or null), urgent and urgent_alt (Chinese names or "none").
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/triage"
)

type row struct {
	ID, Text, Set, Urgent string
	Category              *string
	CategoryAlt           []string `json:"category_alt"`
	UrgentAlt             []string `json:"urgent_alt"`
}

func main() {
	show := flag.String("show", "", "print what went wrong: class, urgent")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: eval [-show class|urgent] FILE.jsonl")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *show); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(path, show string) error {
	rows, err := read(path)
	if err != nil {
		return err
	}
	cat, err := catalogue.Seed()
	if err != nil {
		return err
	}
	dir, err := directory.Seed()
	if err != nil {
		return err
	}
	names := map[string]string{"": "–"}
	for _, c := range cat.Classes {
		names[c.Code] = c.Name
	}
	engine := triage.NewRules(cat, dir)

	begin := time.Now()
	runes := 0
	proposals := make([]triage.Proposal, len(rows))
	for i, r := range rows {
		proposals[i] = engine.Propose(r.Text)
		runes += len([]rune(r.Text))
	}
	spent := time.Since(begin)
	for _, set := range []string{"gold", "enriched", "mined", "emergency", ""} {
		classes(rows, proposals, names, set, show == "class" && set == "")
	}
	urgent(rows, proposals, names, show == "urgent")
	fmt.Printf("speed: %v a text of %d characters\n", spent/time.Duration(len(rows)), runes/len(rows))
	return nil
}

func read(path string) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows []row
	s := bufio.NewScanner(f)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var r row
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	return rows, s.Err()
}

func classes(rows []row, proposals []triage.Proposal, names map[string]string, set string, show bool) {
	n, strict, lenient, three := 0, 0, 0, 0
	hit, miss, wrong := 0, 0, 0 // the 110 side
	police := func(name string) bool {
		for code, n := range names {
			if n == name && strings.HasPrefix(code, "B") {
				return true
			}
		}
		return false
	}
	for i, r := range rows {
		if r.Category == nil || set != "" && r.Set != set {
			continue
		}
		n++
		p := proposals[i]
		got := names[p.Category]
		ok := got == *r.Category
		if ok {
			strict++
		}
		if ok || slices.Contains(r.CategoryAlt, got) {
			lenient++
		}
		if slices.ContainsFunc(p.Candidates, func(c triage.Candidate) bool { return names[c.Category] == *r.Category }) {
			three++
		}
		switch is, said := police(*r.Category), p.Line == "110"; {
		case is && said:
			hit++
		case is:
			miss++
		case said:
			wrong++
		}
		if show && !ok {
			fmt.Printf("%s %s want %s %v got", r.Set, r.ID, *r.Category, r.CategoryAlt)
			for _, c := range p.Candidates {
				fmt.Printf(" %s %.2f", names[c.Category], c.Score)
			}
			fmt.Printf("\n   %s\n   ", clip(r.Text))
			for _, w := range p.Reasons {
				fmt.Printf("%s:%s>%s ", w.Kind, w.Word, w.Of)
			}
			fmt.Println()
		}
	}
	if n == 0 {
		return
	}
	f1 := 2 * float64(hit) / float64(max(1, 2*hit+miss+wrong))
	if set == "" {
		set = "all"
	}
	fmt.Printf("%-10s n %3d  strict %.3f  lenient %.3f  top-3 %.3f  110-side F1 %.3f\n", set, n,
		float64(strict)/float64(n), float64(lenient)/float64(n), float64(three)/float64(n), f1)
}

func urgent(rows []row, proposals []triage.Proposal, names map[string]string, show bool) {
	type count struct{ n, alarm, exact int }
	positive, negative, borderline := map[string]*count{}, map[string]*count{}, &count{}
	bump := func(m map[string]*count, k string, alarm, exact bool) {
		if m[k] == nil {
			m[k] = &count{}
		}
		m[k].n++
		if alarm {
			m[k].alarm++
		}
		if exact {
			m[k].exact++
		}
	}
	for i, r := range rows {
		got := proposals[i].Urgent
		switch {
		case r.Urgent != "none":
			bump(positive, r.Urgent, got != "", names[got] == r.Urgent)
		case len(r.UrgentAlt) > 0:
			borderline.n++
			if got != "" {
				borderline.alarm++
			}
			continue
		default:
			key := r.Set
			if r.Category == nil {
				key += ", no request"
			}
			bump(negative, key, got != "", false)
		}
		if show && (r.Urgent == "none") == (got != "") {
			fmt.Printf("%s %s want %s got %q: %s\n   ", r.Set, r.ID, r.Urgent, got, clip(r.Text))
			for _, w := range proposals[i].Reasons {
				fmt.Printf("%s:%s>%s ", w.Kind, w.Word, w.Of)
			}
			fmt.Println()
		}
	}
	for _, k := range sorted(positive) {
		c := positive[k]
		fmt.Printf("urgent %s: %d of %d found, %d as that class\n", k, c.alarm, c.n, c.exact)
	}
	for _, k := range sorted(negative) {
		fmt.Printf("not urgent (%s): %d false alarms of %d\n", k, negative[k].alarm, negative[k].n)
	}
	fmt.Printf("borderline: %d alarms of %d\n", borderline.alarm, borderline.n)
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func clip(s string) string {
	r := []rune(strings.ReplaceAll(s, "\n", " "))
	return string(r[:min(len(r), 110)])
}
