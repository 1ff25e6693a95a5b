// Command train makes the model that the program ships, out of what lies in its
// own folder and of a folder of texts that are not part of the repository. The
// same data give the same file, bit for bit; its README.md says how the data
// were made, docs/triage.md the recipe.
package main

import (
	"flag"
	"fmt"
	"os"

	"liandong/internal/catalogue"
	"liandong/internal/triage"
	"liandong/internal/triage/learn"
)

func main() {
	data := flag.String("data", "", "`folder` with judged-dev.jsonl and complaints.jsonl")
	own := flag.String("own", "internal/triage/train", "`folder` with judged.csv and examples")
	out := flag.String("out", "internal/triage/model.bin", "`file` to write")
	flag.Parse()
	if *data == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*own, *data, *out); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(own, data, out string) error {
	cat, err := catalogue.Seed()
	if err != nil {
		return err
	}
	rows, err := learn.Read(cat, os.DirFS(own), os.DirFS(data))
	if err != nil {
		return err
	}
	file := learn.Fit(learn.Examples(rows, triage.NewRules(cat, nil)), learn.Default).Pack()
	m, err := triage.ReadModel(file)
	if err != nil {
		return err
	}
	fmt.Printf("model %s from %d texts, %.1f MB\n", m.Version, len(rows), float64(len(file))/1e6)
	return os.WriteFile(out, file, 0o644)
}
