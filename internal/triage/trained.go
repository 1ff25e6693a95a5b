package triage

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"liandong/internal/catalogue"
)

// Trained is the engine of rules and model together. It never changes once
// made.
type Trained struct {
	rules *Rules
	model *Model
	at    []int // column of the model, by class of the rules; -1 none
	alone bool  // the rules name items and places only
}

var _ Engine = (*Trained)(nil)

// NewTrained makes the engine for one version of the catalogue and a model.
func NewTrained(cat *catalogue.Catalogue, regions RegionFinder, m *Model) *Trained {
	r := NewRules(cat, regions)
	r.version += "+model-" + m.Version
	return &Trained{rules: r, model: m, at: columnsOf(r.classes)}
}

// Alone is the engine in which the model decides without the rules: to see what
// it is worth.
func (e *Trained) Alone() *Trained {
	alone := *e
	alone.alone = true
	return &alone
}

// Propose reads a text by rules and model.
func (e *Trained) Propose(raw string) Proposal { return e.rules.propose(raw, e) }

// reader is a second opinion on a text.
type reader interface {
	// read gets what the rules found: the urgent class, -1 for none, and every
	// word of danger with what became of it.
	read(t *text, urgent int, found []finding) verdict
}

// verdict is what both together come to.
type verdict struct {
	urgent  int // index in dangerCodes, -1 none
	reasons []Reason
	join    func(chances []float64) []float64 // of the rules, by class
	words   func(t *text, p Proposal) []Reason
}

// receiving is how much an alarm for C1, C2 or C3 adds to the class that
// receives it, in log-odds: who stands outside the railing of a bridge is no
// matter of bridges. Danger of C4 has many.
const receiving = 2.0

// silentChance is what a class has in the eyes of the rules that no word speaks
// for.
const silentChance = 0.02

func (e *Trained) read(t *text, urgent int, found []finding) verdict {
	o := e.model.read(t)
	v := verdict{urgent: e.urgent(o, urgent, found)}
	switch {
	case urgent >= 0 && e.objects(t, o, urgent, found):
		v.urgent = -1
		v.reasons = append(v.reasons, reason(Calmed, t, found[0].hit, dangerCodes[urgent]))
	case v.urgent >= 0 && v.urgent != urgent:
		v.reasons = append(v.reasons, e.dangerous(t, o, v.urgent))
	}
	v.join = func(chances []float64) []float64 {
		out := make([]float64, len(chances))
		for c, of := range chances {
			out[c] = math.Inf(-1)
			if e.at[c] >= 0 {
				out[c] = e.model.sharp * o.classes[e.at[c]]
			}
			if !e.alone {
				out[c] += e.model.rules * math.Log(of+silentChance)
			}
			if v.urgent >= 0 && dangerCodes[v.urgent] != "C4" && e.rules.classes[c] == receives[dangerCodes[v.urgent]] {
				out[c] += receiving
			}
		}
		soften(out)
		return out
	}
	v.words = e.words
	return v
}

// urgent joins the two danger checks: each may raise the alarm. Where the rules
// have taken back every word of danger, the model must be surer. It may object
// in a letter (see objects), where there is much to go by, when it sees next to no
// danger; in a call only where no strong word was said, see doubts. It has no say in what the rules
// take for a gathering (C3): it has seen too few.
func (e *Trained) urgent(o opinion, urgent int, found []finding) int {
	chance := 1 - o.danger[0]
	likest := 0
	for i, p := range o.danger[1:] {
		if p > o.danger[1+likest] {
			likest = i
		}
	}
	if e.alone {
		urgent, found = -1, nil
	}
	switch {
	case urgent >= 0:
		return urgent
	case chance < e.model.alarm:
		return -1
	case len(found) > 0 && !slices.ContainsFunc(found, func(f finding) bool { return f.points > 0 || f.reason == Peaceful }):
		if chance < math.Cbrt(e.model.alarm) {
			return -1
		}
	}
	return likest
}

// objects says whether the model takes back the alarm of the rules.
func (e *Trained) objects(t *text, o opinion, urgent int, found []finding) bool {
	if e.alone || dangerCodes[urgent] == "C3" {
		return false
	}
	return len(t.runes) > longText && 1-o.danger[0] < e.model.calm || e.doubts(t, o, urgent, found)
}

// doubted is the chance of danger below which the model doubts a word that is
// no strong sign by itself: half of what it needs to raise an alarm. It was chosen
// by cross-validation, see docs/triage.md.
const doubted = 0.06

// doubts the alarm of the rules where no strong word raised it and the model sees
// little danger in the text, and in the clause of each such word by itself, so
// that what is said beside it does not drown it.
func (e *Trained) doubts(t *text, o opinion, urgent int, found []finding) bool {
	if 1-o.danger[0] >= doubted {
		return false
	}
	for _, f := range found {
		if f.danger != urgent || f.points == 0 {
			continue
		}
		from, to := f.from, f.to
		for from > 0 && t.clause[from-1] == t.clause[f.from] {
			from--
		}
		for to < len(t.runes) && t.clause[to] == t.clause[f.from] {
			to++
		}
		if f.weight >= strong || 1-e.model.danger(t, from, to)[0] >= doubted {
			return false
		}
	}
	return true
}

// dangerous says in which words the model sees danger: the clause they stand
// in, because a person cannot judge a scrap.
func (e *Trained) dangerous(t *text, o opinion, urgent int) Reason {
	k := len(modelClasses)
	best := e.model.spans(t, o.from, o.to, func(row []int8) float64 { return float64(row[k+1+urgent]) - float64(row[k]) })
	if len(best) == 0 {
		best = []span{{from: o.from, to: o.to}}
	}
	return reason(LearnedDanger, t, t.around(best[0].from, best[0].to), dangerCodes[urgent])
}

// around is the clause about the runes [from, to), or as much of it as is read
// at a glance.
func (t *text) around(from, to int) hit {
	const glance = 20
	ends := func(r rune) bool { return endsClause(r) || endsSentence(r) }
	for grown := true; grown && to-from < glance; {
		grown = false
		if from > 0 && t.clause[from-1] == t.clause[from] && !ends(t.runes[from-1]) {
			from, grown = from-1, true
		}
		if to < len(t.runes) && t.clause[to] == t.clause[from] && !ends(t.runes[to]) {
			to, grown = to+1, true
		}
	}
	return hit{from: from, to: to}
}

// plain narrows a span to what can be read as a word: scraps of grammar at its
// ends go, and a span with less than two characters of another kind goes whole.
func (t *text) plain(s span) (span, bool) {
	const first, last = "的了着过们子吗吧呢啊么得地个点上里下中间", "的了着过是就都也还又很我你他她它在把被给和跟与说不一"
	const grammar = first + last + "这那有没呀要会能"
	for s.from < s.to && strings.ContainsRune(first, t.runes[s.from]) {
		s.from++
	}
	for s.to > s.from && strings.ContainsRune(last, t.runes[s.to-1]) {
		s.to--
	}
	content := 0
	for _, r := range t.runes[s.from:s.to] {
		if !strings.ContainsRune(grammar, r) {
			content++
		}
	}
	return s, content > 1
}

// words are those that most made the model think of the class proposed.
func (e *Trained) words(t *text, p Proposal) []Reason {
	c := slices.Index(modelClasses, p.Category)
	if c < 0 {
		return nil
	}
	var out []Reason
	best := e.model.spans(t, 0, min(len(t.runes), mostRead), func(row []int8) float64 {
		mean := 0.0
		for _, w := range row[:len(modelClasses)] {
			mean += float64(w)
		}
		return float64(row[c]) - mean/float64(len(modelClasses))
	})
	for _, s := range best {
		s, ok := t.plain(s)
		if !ok {
			continue
		}
		why := reason(Learned, t, hit{from: s.from, to: s.to}, p.Category)
		if !slices.ContainsFunc(append(p.Reasons, out...), func(r Reason) bool { return r.Word == why.Word }) {
			out = append(out, why)
		}
		if len(out) == mostLearned {
			break
		}
	}
	if len(out) == 0 && len(best) > 0 { // nothing of it reads as a word: the clause, then
		out = append(out, reason(Learned, t, t.around(best[0].from, best[0].to), p.Category))
	}
	return out
}

const mostLearned = 3

// span is a stretch of runes with what it weighs.
type span struct {
	from, to int
	weight   float64
}

// spans finds the stretches of two to six characters that weigh most, the
// heaviest first, none overlapping another: each run of characters that the
// model knows gives its weight to the characters under it.
func (m *Model) spans(t *text, from, to int, weight func(row []int8) float64) []span {
	heat := make([]float64, to-from)
	t.grams(from, to, inText, func(name uint32, at, runes int) {
		if p := m.part(name); p >= 0 && runes > 1 {
			w := weight(m.row(p)) * float64(m.units[p]) / float64(runes)
			for i := range runes {
				heat[at-from+i] += w
			}
		}
	})
	mean := 0.0
	for _, h := range heat {
		mean += max(0, h) / float64(len(heat))
	}
	var out []span
	for i := 0; i < len(heat); {
		s := span{from: from + i}
		for ; i < len(heat) && heat[i] > 1.5*mean && from+i-s.from < 6 && t.clause[from+i] == t.clause[s.from]; i++ {
			s.weight += heat[i]
		}
		if s.to = from + i; s.to-s.from > 1 {
			out = append(out, s)
		}
		if s.to == s.from {
			i++
		}
	}
	slices.SortStableFunc(out, func(a, b span) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	return out
}

//go:embed model.bin
var shipped []byte

// Shipped is the model that the program holds. It panics where that is broken,
// which a test rules out.
var Shipped = sync.OnceValue(func() *Model {
	m, err := ReadModel(shipped)
	if err != nil {
		panic(fmt.Sprintf("triage: the model in this program: %v", err))
	}
	return m
})

// New makes the engine that the program proposes with: rules and the model that
// it ships.
func New(cat *catalogue.Catalogue, regions RegionFinder) *Trained {
	return NewTrained(cat, regions, Shipped())
}
