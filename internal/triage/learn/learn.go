// Package learn makes a model of triage out of texts of which somebody has said
// what they are. It is no part of proposing: triage reads the file that this
// package's weights are packed into.
//
//	examples ─▶ runs of characters that occur often enough ─▶ two softmax regressions ─▶ triage.Weights
//	                                                          (class; danger, by pieces)
//
// The same examples in the same order give the same weights, bit for bit, on
// every machine: nothing runs side by side, no order of a map is used, and what
// processors compute differently is computed here.
package learn

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"liandong/internal/triage"
)

// Example is a text and what it is.
type Example struct {
	Text   string
	Class  []Share // nil where nothing is known
	Weight float64 // of Class, 1 for a text that was read and judged
	Danger string  // urgent class, "" none, Unknown
	Sure   float64 // weight of Danger
	Varied bool    // one of many variants: what is said in such alone tells no class
}

// Unknown danger: the text teaches classes only.
const Unknown = "?"

// Share of a text belongs to a class; the shares of a text sum to 1.
type Share struct {
	Class string
	Of    float64
}

// Recipe is how a model is trained.
type Recipe struct {
	Rounds    int
	Rate      float64 // of learning, at first
	Decay     float64 // of weights, by how much they are held back
	LeastSeen int     // texts in which a run of characters must occur

	DangerRounds int
	DangerDecay  float64
	Dials        triage.Dials
}

// Default is the recipe of the model that is shipped. It was chosen by
// cross-validation, see docs/triage.md.
var Default = Recipe{
	Rounds: 20, Rate: 0.5, Decay: 2e-5, LeastSeen: 3,
	DangerRounds: 12, DangerDecay: 1e-5,
	Dials: triage.Dials{Sharp: 1.5, Rules: 0.5, Alarm: 0.12, Calm: 0.02},
}

// Fit trains a model.
func Fit(examples []Example, r Recipe) triage.Weights {
	views := make([]triage.View, len(examples))
	for i, e := range examples {
		views[i] = triage.ViewOf(e.Text)
	}
	names := vocabulary(views, r.LeastSeen)
	apart := slices.Collect(func(yield func(triage.View) bool) {
		for i, v := range views {
			if !examples[i].Varied && !yield(v) {
				return
			}
		}
	})
	named := vocabulary(apart, r.LeastSeen).within(names)
	classes := triage.Column("")
	var class, danger []sample
	var several []choice
	for i, e := range examples {
		if e.Class != nil && e.Weight > 0 {
			s := sample{parts: named.parts(views[i].Class), want: make([]float64, classes), weight: e.Weight}
			for _, c := range e.Class {
				s.want[triage.Column(c.Class)] += c.Of
			}
			class = append(class, s)
		}
		if e.Danger != "" && e.Danger != Unknown && len(views[i].Pieces) > 1 {
			several = append(several, choice{len(danger), views[i].Pieces})
		}
		danger = append(danger, dangerSamples(e, views[i], names)...)
		if e.Danger == "" {
			danger = append(danger, calmClauses(e, names)...)
		}
	}
	c := softmax{columns: classes, rounds: r.Rounds, rate: r.Rate, decay: r.Decay}
	d := softmax{columns: triage.Columns() - classes, rounds: r.DangerRounds, rate: r.Rate, decay: r.DangerDecay}
	forClass, forDanger := c.telling(class, len(names.list)), d.telling(danger, len(names.list))
	byClass, byDanger := c.fit(class, forClass), d.fit(danger, forDanger)
	for range choosing {
		for _, s := range several {
			danger[s.at].parts = names.parts(s.pieces[byDanger.worst(s.pieces, names)])
		}
		byDanger = d.fit(danger, d.telling(danger, len(names.list)))
	}

	w := triage.Weights{Names: names.list, Bias: append(byClass.bias, byDanger.bias...), Dials: r.Dials}
	w.Rows = make([][]float64, len(names.list))
	for i := range w.Rows {
		w.Rows[i] = append(slices.Clone(byClass.row(i)), byDanger.row(i)...)
	}
	return w.WithoutIdle()
}

// choice is a dangerous text of several pieces, and the sample it teaches by. It
// begins with the first piece; then twice the piece that looks most dangerous
// to what has been learned takes its place.
type choice struct {
	at     int
	pieces [][]triage.Part
}

const choosing = 2

// worst is the piece with the least chance of no danger.
func (f fitted) worst(pieces [][]triage.Part, names names) (at int) {
	least := 2.0
	for i, piece := range pieces {
		p := slices.Clone(f.bias)
		for _, part := range names.parts(piece) {
			for c, w := range f.row(int(part.at)) {
				p[c] += float64(part.value * w)
			}
		}
		if soften(p); p[0] < least {
			at, least = i, p[0]
		}
	}
	return at
}

// dangerSamples are the pieces of a text. Where a text is dangerous it is not
// known which of its pieces is; a short text has one, and of a longer one the
// first, with its heading, is taken to begin with, see choice. The heading of a harmless letter is one
// more lesson: it is as short as what people say.
func dangerSamples(e Example, v triage.View, names names) (out []sample) {
	if e.Danger == Unknown || e.Sure == 0 {
		return nil
	}
	none := triage.Column("")
	pieces := v.Pieces
	if e.Danger == "" && len(pieces) > 1 {
		pieces = append(slices.Clone(pieces), v.Head)
	}
	if e.Danger != "" && len(pieces) > 1 {
		pieces = pieces[:1]
	}
	for _, p := range pieces {
		s := sample{parts: names.parts(p), want: make([]float64, triage.Columns()-none), weight: e.Sure}
		s.want[triage.Column(e.Danger)-none] = 1
		out = append(out, s)
	}
	return out
}

// calmClauses are some clauses of a harmless text as lessons of their own: each
// is as harmless, and as short as what a clerk notes or a caller begins with. A
// clause of a dangerous text may be anything.
func calmClauses(e Example, names names) (out []sample) {
	if e.Sure == 0 {
		return nil
	}
	clauses := slices.DeleteFunc(strings.FieldsFunc(e.Text, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) }), func(c string) bool {
		n := utf8.RuneCountInString(c)
		return n < clauseLeast || n > clauseMost
	})
	if len(clauses) < 2 {
		return nil // the text itself is one
	}
	none := triage.Column("")
	step := (len(clauses) + clausesOf - 1) / clausesOf
	for i := 0; i < len(clauses); i += step {
		s := sample{parts: names.parts(triage.ViewOf(clauses[i]).Pieces[0]), want: make([]float64, triage.Columns()-none), weight: e.Sure * weightClause}
		s.want[0] = 1
		out = append(out, s)
	}
	return out
}

// Clauses of harmless texts: runes of one, how many are taken of a text, and what
// one counts for beside it.
const (
	clauseLeast, clauseMost = 4, 20
	clausesOf               = 3
	weightClause            = 0.3
)

// names are the runs of characters that a model knows.
type names struct {
	list []uint32
	at   map[uint32]int32
}

// vocabulary are the runs that enough texts hold.
func vocabulary(views []triage.View, least int) names {
	texts := countTexts(views)
	n := names{at: map[uint32]int32{}}
	for name, count := range texts {
		if count >= least {
			n.list = append(n.list, name)
		}
	}
	slices.Sort(n.list)
	for i, name := range n.list {
		n.at[name] = int32(i)
	}
	return n
}

func countTexts(views []triage.View) map[uint32]int {
	texts, last := map[uint32]int{}, map[uint32]int{}
	for i, v := range views {
		for _, parts := range append([][]triage.Part{v.Class}, v.Pieces...) {
			for _, p := range parts {
				if last[p.Name] != i+1 {
					last[p.Name] = i + 1
					texts[p.Name]++
				}
			}
		}
	}
	return texts
}

// within are those of n that all knows too, by their numbers in all.
func (n names) within(all names) names {
	out := names{at: map[uint32]int32{}}
	for _, name := range n.list {
		if i, ok := all.at[name]; ok {
			out.list, out.at[name] = append(out.list, name), i
		}
	}
	return out
}

func (n names) parts(parts []triage.Part) []part {
	out := make([]part, 0, len(parts))
	for _, p := range parts {
		if i, ok := n.at[p.Name]; ok {
			out = append(out, part{i, p.Value})
		}
	}
	return out
}
