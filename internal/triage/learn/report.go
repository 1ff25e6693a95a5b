package learn

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Report is what make eval found. It is kept in the repository, so that the
// page of figures shows the same.
type Report struct {
	Model  string  `json:"model"` // version of the model that ships, made with the same recipe from all rows
	Folds  int     `json:"folds"`
	Parts  []Part  `json:"parts"`
	Unseen []List  `json:"unseen"` // invented sentences, by the model that ships: nothing of them was trained on
	Topics Outcome `json:"topics"` // the public task of seven labels
}

// Part is one group of judged rows.
type Part struct {
	Name    string   `json:"name"` // fresh, judged, judged-dev, gold, enriched, mined, emergency
	Engines []Engine `json:"engines"`
}

// Engine is what one engine comes to on a part: majority, counting, rules,
// model, both.
type Engine struct {
	Name string `json:"name"`
	Figures
}

// Outcome is how many were right of how many.
type Outcome struct {
	Right int `json:"right"`
	N     int `json:"n"`
}

//go:embed report.json
var report []byte

// Published is the report that the program holds. It panics where that is
// broken, which a test rules out.
var Published = sync.OnceValue(func() Report {
	var r Report
	if err := json.Unmarshal(report, &r); err != nil {
		panic(fmt.Sprintf("triage: the report in this program: %v", err))
	}
	return r
})

// Print writes the report for people.
func (r Report) Print(w io.Writer) {
	fmt.Fprintf(w, "Cross-validation in %d parts: no row is proposed for by a model that learned from it. Model %s.\n", r.Folds, r.Model)
	for _, part := range r.Parts {
		fmt.Fprintf(w, "\n%s, %d rows with a class\n", part.Name, part.Engines[0].N)
		fmt.Fprintf(w, "  %-9s %6s %7s %6s %7s %8s %7s %6s %6s\n", "", "strict", "lenient", "top 3", "lenient", "macro-F1", "110 F1", "ECE", "strict")
		for _, e := range part.Engines {
			fmt.Fprintf(w, "  %-9s %6.3f %7.3f %6.3f %7.3f %5.3f/%-2d %7.3f %6.3f %6.3f\n", e.Name, e.Strict, e.Lenient, e.Top3, e.Top3Len, e.MacroF1, e.Classes, e.PoliceF1, e.ECE, e.ECEStrict)
		}
		for _, e := range part.Engines {
			if e.Name == "majority" || e.Name == "counting" {
				continue
			}
			for _, a := range e.Urgent {
				fmt.Fprintf(w, "  %-9s %s found: %d of %d (%.3f; Wilson %.3f–%.3f), %d as that class\n", e.Name, a.Group, a.Alarms, a.N, a.Rate(), a.Low, a.High, a.Same)
			}
			for _, a := range append(slices.Clone(e.False), e.Border) {
				if a.N > 0 {
					fmt.Fprintf(w, "  %-9s alarms where none was judged (%s): %d of %d (%.3f; Wilson %.3f–%.3f)\n", e.Name, a.Group, a.Alarms, a.N, a.Rate(), a.Low, a.High)
				}
			}
		}
	}
	for _, l := range r.Unseen {
		name := "half " + l.Name
		if l.Name == Workday {
			name = "a working day"
		}
		if l.Name == Strangers {
			name = "strangers"
		}
		fmt.Fprintf(w, "\nInvented sentences of danger and near it, %s, by the model that ships\n", name)
		for _, e := range l.Engines {
			for _, a := range e.Urgent {
				fmt.Fprintf(w, "  %-9s %-5s found: %d of %d (%.3f; Wilson %.3f–%.3f), %d as that class\n", e.Name, a.Group, a.Alarms, a.N, a.Rate(), a.Low, a.High, a.Same)
			}
			fmt.Fprintf(w, "  %-9s alarms where there is none: %d of %d (%.3f; Wilson %.3f–%.3f)\n", e.Name, e.False.Alarms, e.False.N, e.False.Rate(), e.False.Low, e.False.High)
		}
	}
	fmt.Fprintf(w, "\nPublic task of seven topics: %d of %d right (%.4f)\n", r.Topics.Right, r.Topics.N, float64(r.Topics.Right)/float64(max(1, r.Topics.N)))
}
