// Command eval measures triage on judged texts, which lie outside the
// repository, by cross-validation: no text is proposed for by a model that
// learned from it. It prints the figures and keeps them for the page of figures.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/triage"
	"liandong/internal/triage/learn"
)

func main() {
	data := flag.String("data", "", "`folder` with judged-dev.jsonl, complaints.jsonl and topics7.jsonl")
	own := flag.String("own", "internal/triage/train", "`folder` with judged.csv and examples")
	folds := flag.Int("folds", 5, "`parts` of the cross-validation")
	show := flag.String("show", "", "print what went wrong too: class, urgent")
	unseen := flag.String("unseen", "internal/triage/testdata", "`folder` with unseen.txt and workday.txt, sentences of danger and near it that nothing learns from")
	keep := flag.String("keep", "internal/triage/learn/report.json", "`file` that keeps the figures")
	flag.Parse()
	if *data == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*data, *own, *unseen, *folds, *show, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(data, own, unseen string, folds int, show, keep string) error {
	cat, err := catalogue.Seed()
	if err != nil {
		return err
	}
	dir, err := directory.Seed()
	if err != nil {
		return err
	}
	rows, err := learn.Read(cat, os.DirFS(own), os.DirFS(data))
	if err != nil {
		return err
	}
	x := trial{cat: cat, dir: dir, rows: rows, out: map[string][]triage.Proposal{}}
	x.judged = slices.DeleteFunc(slices.Clone(rows), func(r learn.Row) bool { return !isJudged(r) })
	if err := x.cross(folds); err != nil {
		return err
	}
	report := learn.Report{Model: triage.Shipped().Version, Folds: folds, Parts: x.parts()}
	if report.Unseen, err = x.unseen(unseen); err != nil {
		return err
	}
	topics, err := readTopics(filepath.Join(data, "topics7.jsonl"))
	if err != nil {
		return err
	}
	report.Topics.Right, report.Topics.N = learn.Topics(topics)
	report.Print(os.Stdout)
	x.confusion()
	x.speed()
	x.show(show)
	file, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(keep, append(file, '\n'), 0o644)
}

func isJudged(r learn.Row) bool {
	return r.Source == learn.JudgedDev || r.Source == learn.Judged || r.Source == learn.Fresh
}

var engines = []string{"majority", "counting", "rules", "model", "both"}

// trial is one cross-validation.
type trial struct {
	cat    *catalogue.Catalogue
	dir    *directory.Directory
	rows   []learn.Row
	judged []learn.Row
	out    map[string][]triage.Proposal // by engine, for each of judged
}

func (x *trial) cross(folds int) error {
	for _, name := range engines {
		x.out[name] = make([]triage.Proposal, len(x.judged))
	}
	rules := triage.NewRules(x.cat, x.dir)
	for fold := range folds {
		train := slices.DeleteFunc(slices.Clone(x.rows), func(r learn.Row) bool { return isJudged(r) && r.Fold(folds) == fold })
		m, err := triage.ReadModel(learn.Fit(learn.Examples(train, rules), learn.Default).Pack())
		if err != nil {
			return err
		}
		both := triage.NewTrained(x.cat, x.dir, m)
		by := map[string]triage.Engine{"counting": learn.NewCounting(x.cat, train), "rules": rules, "model": both.Alone(), "both": both}
		most := learn.Majority(train)
		for i, r := range x.judged {
			if r.Fold(folds) != fold {
				continue
			}
			x.out["majority"][i] = triage.Proposal{Category: most, Candidates: []triage.Candidate{{Category: most}}}
			for name, e := range by {
				x.out[name][i] = e.Propose(r.Text)
			}
		}
	}
	return nil
}

func (x *trial) parts() (parts []learn.Part) {
	for _, name := range []string{"fresh", "judged", "judged-dev", "gold", "enriched", "mined", "emergency"} {
		var some []int
		for i, r := range x.judged {
			if r.Set == name || name == "judged-dev" && r.Source == learn.JudgedDev {
				some = append(some, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		part := learn.Part{Name: name}
		for _, e := range engines {
			part.Engines = append(part.Engines, learn.Engine{Name: e, Figures: learn.Measure(pick(x.judged, some), pick(x.out[e], some))})
		}
		parts = append(parts, part)
	}
	return parts
}

// unseen is measured with the model that ships: it never learned from the lists.
func (x *trial) unseen(folder string) ([]learn.List, error) {
	rows, err := learn.UnseenIn(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	both := triage.NewTrained(x.cat, x.dir, triage.Shipped())
	return learn.Hear(rows, []string{"rules", "model", "both"}, map[string]triage.Engine{"rules": triage.NewRules(x.cat, x.dir), "model": both.Alone(), "both": both}), nil
}

func (x *trial) confusion() {
	wrong := learn.Measure(x.judged, x.out["both"]).Wrong
	type pair struct {
		of [2]string
		n  int
	}
	var pairs []pair
	for of, n := range wrong {
		pairs = append(pairs, pair{of, n})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.of[0]+a.of[1], b.of[0]+b.of[1]))
	})
	fmt.Print("\nMistaken most often (judged → proposed, by both):")
	for _, p := range pairs[:min(24, len(pairs))] {
		fmt.Printf(" %s→%s %d", p.of[0], p.of[1], p.n)
	}
	fmt.Println()
}

func (x *trial) speed() {
	e := triage.New(x.cat, x.dir)
	text := strings.Repeat("小区门口的路灯坏了三个月没有人修，晚上出门黑漆漆的，前几天还有老人摔了一跤。物业说不归他们管，社区也说管不了。", 100)
	for _, n := range []int{200, 5000} {
		call, times := string([]rune(text)[:n]), 200
		begin := time.Now()
		for range times {
			e.Propose(call)
		}
		fmt.Printf("Speed: %v for a text of %d characters\n", (time.Since(begin) / time.Duration(times)).Round(time.Microsecond), n)
	}
}

func (x *trial) show(what string) {
	for i, r := range x.judged {
		p := x.out["both"][i]
		wrong := what == "class" && r.Category != "" && p.Category != r.Category && !slices.Contains(r.Others, p.Category)
		wrong = wrong || what == "urgent" && r.Urgent != learn.Unknown && (r.Urgent == "") != (p.Urgent == "") && len(r.Border) == 0
		if !wrong {
			continue
		}
		fmt.Printf("%s %s %s %v %q: got %v %q\n   %s\n  ", r.Set, r.ID, r.Category, r.Others, r.Urgent, p.Candidates, p.Urgent, clip(r.Text))
		for _, w := range p.Reasons {
			fmt.Printf(" %s:%s>%s", w.Kind, w.Word, w.Of)
		}
		fmt.Println()
	}
}

func readTopics(path string) ([]learn.Topic, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []learn.Topic
	s := bufio.NewScanner(f)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var t learn.Topic
		if err := json.Unmarshal(s.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, len(out)+1, err)
		}
		out = append(out, t)
	}
	return out, s.Err()
}

func pick[T any](all []T, some []int) []T {
	out := make([]T, len(some))
	for i, at := range some {
		out[i] = all[at]
	}
	return out
}

func clip(s string) string {
	r := []rune(strings.ReplaceAll(s, "\n", " "))
	return string(r[:min(len(r), 110)])
}
