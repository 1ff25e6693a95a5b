package learn

import (
	"slices"

	"liandong/internal/triage"
)

// AdaptRecipe is how a model goes on learning: few rounds, and what is learned
// is held back more than at the first training, because the examples are few.
var AdaptRecipe = Recipe{Rounds: 10, Rate: 0.3, Decay: 1e-4, LeastSeen: 3}

// Adapt teaches a model classes from more examples: what people decided where
// it is at work. Their danger is not learned from: the check for danger stays
// as it was trained, but for the rounding of its weights. Runs of characters
// that the model did not know, names of places say, are taken up once r.LeastSeen
// of the texts hold them. The same model and examples give the same weights,
// bit for bit.
func Adapt(from triage.Weights, examples []Example, r Recipe) triage.Weights {
	views := make([]triage.View, len(examples))
	for i, e := range examples {
		views[i] = triage.ViewOf(e.Text)
		views[i].Pieces = nil
	}
	names := vocabulary(views, r.LeastSeen)
	classes := triage.Column("")
	var samples []sample
	for i, e := range examples {
		if e.Class == nil || e.Weight <= 0 {
			continue
		}
		s := sample{parts: names.parts(views[i].Class), want: make([]float64, classes), known: oddsOf(from, views[i].Class, classes), weight: e.Weight}
		for _, c := range e.Class {
			s.want[triage.Column(c.Class)] += c.Of
		}
		samples = append(samples, s)
	}
	c := softmax{columns: classes, rounds: r.Rounds, rate: r.Rate, decay: r.Decay}
	learned := c.fit(samples, c.telling(samples, len(names.list)))

	out := triage.Weights{Names: slices.Clone(from.Names), Bias: slices.Clone(from.Bias), Dials: from.Dials}
	for i := range learned.bias {
		out.Bias[i] += learned.bias[i]
	}
	rows := map[uint32][]float64{}
	for i, name := range names.list {
		row := make([]float64, triage.Columns())
		if at, known := slices.BinarySearch(from.Names, name); known {
			copy(row, from.Rows[at])
		} else {
			out.Names = append(out.Names, name)
		}
		for k, v := range learned.row(i) {
			row[k] += v
		}
		rows[name] = row
	}
	slices.Sort(out.Names)
	out.Rows = make([][]float64, len(out.Names))
	for i, name := range out.Names {
		row, changed := rows[name]
		if !changed {
			at, _ := slices.BinarySearch(from.Names, name)
			row = from.Rows[at]
		}
		out.Rows[i] = row
	}
	return out.WithoutIdle()
}

// oddsOf is what a model says of a text, by class.
func oddsOf(w triage.Weights, parts []triage.Part, classes int) []float64 {
	out := slices.Clone(w.Bias[:classes])
	for _, p := range parts {
		at, known := slices.BinarySearch(w.Names, p.Name)
		if !known {
			continue
		}
		for c := range out {
			out[c] += float64(p.Value * w.Rows[at][c])
		}
	}
	return out
}
