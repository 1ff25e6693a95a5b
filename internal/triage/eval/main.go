// Command eval measures triage on judged texts, which lie outside the
// repository: by cross-validation, no text ever judged by a model that it
// trained.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
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
	show := flag.String("show", "", "print what went wrong: class, urgent")
	flag.Parse()
	if *data == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*data, *own, *folds, *show); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(data, own string, folds int, show string) error {
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
	rules := triage.NewRules(cat, dir)
	var judged []learn.Row
	for _, r := range rows {
		if r.Source == learn.JudgedDev || r.Source == learn.Judged {
			judged = append(judged, r)
		}
	}
	out := map[string][]triage.Proposal{}
	for _, name := range engines {
		out[name] = make([]triage.Proposal, len(judged))
	}
	for fold := range folds {
		var train []learn.Row
		for _, r := range rows {
			if r.Source != learn.JudgedDev && r.Source != learn.Judged || r.Fold(folds) != fold {
				train = append(train, r)
			}
		}
		begin := time.Now()
		file := learn.Fit(learn.Examples(train, rules), learn.Default).Pack()
		m, err := triage.ReadModel(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "fold %d: %.1f MB in %v\n", fold+1, float64(len(file))/1e6, time.Since(begin).Round(time.Second/10))
		both := triage.NewTrained(cat, dir, m)
		alone := both.Alone()
		for i, r := range judged {
			if r.Fold(folds) == fold {
				out["rules"][i], out["model"][i], out["both"][i] = rules.Propose(r.Text), alone.Propose(r.Text), both.Propose(r.Text)
			}
		}
	}
	for _, part := range []string{"", "gold", "enriched", "mined", "emergency", "judged"} {
		var some []int
		for i, r := range judged {
			if r.Set == part || part == "" && r.Set != "judged" {
				some = append(some, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		fmt.Printf("%s\n", cmp.Or(part, "judged-dev"))
		for _, name := range engines {
			f := learn.Measure(pick(judged, some), pick(out[name], some))
			fmt.Printf("  %-6s n %4d strict %.3f lenient %.3f top3 %.3f/%.3f macroF1 %.3f(%d) 110F1 %.3f ECE %.3f/%.3f |", name, f.N, f.Strict, f.Lenient, f.Top3, f.Top3Len,
				f.MacroF1, f.Classes, f.PoliceF1, f.ECE, f.ECEStrict)
			for _, a := range append(slices.Clone(f.Urgent), f.False...) {
				fmt.Printf(" %s %d/%d", a.Group, a.Alarms, a.N)
			}
			fmt.Println()
		}
	}
	for i, r := range judged {
		p := out["both"][i]
		wrong := show == "class" && r.Category != "" && p.Category != r.Category && !slices.Contains(r.Others, p.Category)
		wrong = wrong || show == "urgent" && r.Urgent != learn.Unknown && (r.Urgent == "") != (p.Urgent == "") && len(r.Border) == 0
		if wrong {
			fmt.Printf("%s %s %s %v %q: got %v %q\n   %s\n  ", r.Set, r.ID, r.Category, r.Others, r.Urgent, p.Candidates, p.Urgent, clip(r.Text))
			for _, w := range p.Reasons {
				fmt.Printf(" %s:%s>%s", w.Kind, w.Word, w.Of)
			}
			fmt.Println()
		}
	}
	return nil
}

var engines = []string{"rules", "model", "both"}

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
