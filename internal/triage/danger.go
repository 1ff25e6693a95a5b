package triage

import (
	"cmp"
	"slices"
)

// Points of danger words. A sentence whose points for a class reach alarm is
// urgent.
const (
	strong = 4.0
	medium = 2.0
	weak   = 1.0
	alarm  = 2.0

	longText = 120 // runes from which a text is a letter
	nowBonus = 0.5 // 正在, 快来 in the same sentence

	shareLong   = 0.5 // of a word in the body of a long text: a strong one is still enough
	shareLetter = 0.4 // in a text that is written as a letter: it needs another word, or 正在
)

// The reach of what surrounds a danger word, in runes, within its sentence.
const (
	reachNegation   = 2 // 没有【发现】着火; within the clause
	reachMaybe      = 15
	reachPast       = 25
	reachPastLetter = 60
	reachHearsay    = 20
	reachQuestion   = 15
	reachChronic    = 15
)

// finding is a danger word and what became of it.
type finding struct {
	hit
	target
	reason string // Danger, Escalates, or why it does not count
	points float64
}

// scene is one text on its way through the danger rules.
type scene struct {
	*text
	context map[context][]hit
}

func (r *Rules) scene(t *text, hits []hit) scene {
	s := scene{text: t, context: map[context][]hit{}}
	for _, h := range hits {
		for _, g := range r.words[h.word].targets {
			if g.kind == isContext {
				s.context[g.context] = append(s.context[g.context], h)
			}
		}
	}
	return s
}

// danger judges every danger word and returns the urgent class, "" for none,
// and the findings, those that count first.
func (r *Rules) danger(s scene, hits []hit, items map[int]bool) (urgent int, found []finding) {
	found = r.findings(s, hits, items)
	type sum struct {
		danger   int
		sentence int32
	}
	type said struct {
		sum
		word int
	}
	points, known := map[sum]float64{}, map[said]bool{}
	for _, f := range found {
		at := sum{f.danger, s.sentence[f.from]}
		if f.points == 0 || dangerCodes[f.danger] == "C3" || known[said{at, f.word}] {
			continue // a word twice in a sentence is no second sign
		}
		known[said{at, f.word}] = true
		points[at] += f.points
	}
	urgent, best := -1, 0.0
	for k, p := range points {
		if s.any(now, func(h hit) bool { return s.sentence[h.from] == k.sentence }) {
			p += nowBonus
		}
		if p < alarm {
			continue
		}
		// The first of C1, C2, C4 where two are as strong, so that the order
		// of a map decides nothing.
		if p > best || p == best && k.danger < urgent {
			urgent, best = k.danger, p
		}
	}
	if urgent < 0 && r.gathering(s, found) {
		urgent = slices.Index(dangerCodes, "C3")
	}
	slices.SortStableFunc(found, func(a, b finding) int {
		return order(a, urgent) - order(b, urgent)
	})
	return urgent, found
}

func order(f finding, urgent int) int {
	switch {
	case f.points > 0 && f.danger == urgent:
		return 0
	case f.points == 0:
		return 1
	}
	return 2
}

func (r *Rules) findings(s scene, hits []hit, items map[int]bool) []finding {
	var found []finding
	for _, h := range hits {
		for _, g := range r.words[h.word].targets {
			f := finding{hit: h, target: g, reason: Danger}
			switch {
			case g.kind == escalatesItem && g.danger >= 0:
				if f.reason = Escalates; !items[g.item] {
					continue // beside another item it means something else
				}
			case g.kind != speaksOfDanger:
				continue
			}
			found = keep(found, f)
		}
	}
	found = longest(found)
	for i := range found {
		f := &found[i]
		if why := s.takenBack(*f); why != "" {
			f.reason = why
			continue
		}
		f.points = f.weight * s.share(*f)
	}
	return found
}

// share is how much of its points a word keeps. A call is short, and what is
// said in it is meant; a letter tells much that is over. Of a person's life the
// letter is believed sooner than of an accident.
func (s scene) share(f finding) float64 {
	switch {
	case len(s.runes) <= longText || f.from < s.title:
		return 1
	case len(s.context[letter]) > 0 && dangerCodes[f.danger] == "C4":
		return shareLetter
	}
	return shareLong
}

// keep adds a finding; of two for the same word and urgent class the stronger
// stays, else the first.
func keep(found []finding, f finding) []finding {
	for i := len(found) - 1; i >= 0 && found[i].hit == f.hit; i-- {
		if found[i].danger == f.danger {
			if f.weight > found[i].weight {
				found[i] = f
			}
			return found
		}
	}
	return append(found, f)
}

// longest leaves out a word inside a longer one of the same urgent class that
// is as strong; of two in the same place, 拿着刀 and 拿…刀, the first stays.
func longest(found []finding) []finding {
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.from, b.from) })
	return slices.Collect(func(yield func(finding) bool) {
		for i, f := range found {
			if !inside(found, i) && !yield(f) {
				return
			}
		}
	})
}

// inside looks at the words around the i-th only: none is longer than reach.
func inside(found []finding, i int) bool {
	const reach = 40
	f := found[i]
	covers := func(o finding) bool {
		if o.hit == f.hit || o.danger != f.danger || o.from > f.from || o.to < f.to {
			return false
		}
		if o.from == f.from && o.to == f.to {
			return o.weight > f.weight || o.weight == f.weight && o.word < f.word
		}
		return o.weight >= f.weight
	}
	for j := i - 1; j >= 0 && found[j].from >= f.from-reach; j-- {
		if covers(found[j]) {
			return true
		}
	}
	for j := i + 1; j < len(found) && found[j].from == f.from; j++ {
		if covers(found[j]) {
			return true
		}
	}
	return false
}

// takenBack says which part of its surroundings takes a danger word back, ""
// for none.
func (s scene) takenBack(f finding) string {
	class := dangerCodes[f.danger]
	person := class == "C1" || class == "C2"
	before := func(k context, reach int) bool {
		return s.any(k, func(h hit) bool {
			return h.to <= f.from && f.from-h.to <= reach && s.sentence[h.from] == s.sentence[f.from]
		})
	}
	around := func(k context, reach int) bool {
		return before(k, reach) || s.any(k, func(h hit) bool {
			return h.from >= f.to && h.from-f.to <= reach && s.sentence[h.from] == s.sentence[f.from]
		})
	}
	// A letter tells, a call calls: in the body of a letter even a strong word
	// may be part of a story, and what dates the story may stand far before it.
	told := len(s.runes) > longText && f.from >= s.title
	dated := reachPast
	if told {
		dated = reachPastLetter
	}
	live := s.any(now, func(h hit) bool { return s.clause[h.from] == s.clause[f.from] })
	beside := func(k context) bool {
		return s.any(k, func(h hit) bool { return s.sentence[h.from] == s.sentence[f.from] })
	}
	switch {
	case s.any(mask, func(h hit) bool { return h.from <= f.from && h.to > f.from && h.to >= s.stem(f) }):
		return Rhetoric
	case s.any(holds, func(h hit) bool { return h.from <= f.from && h.to >= f.to && h.to-h.from > f.to-f.from }):
		return Rhetoric
	case s.any(topic, func(h hit) bool { return h.from == f.to || h.from == f.to+1 && s.runes[f.to] == '的' }):
		return Rhetoric
	case s.touched(f, negation):
		return Negated
	case !person && s.touched(f, avert):
		return Hypothetical
	case class == "C3":
		return "" // gathering has rules of its own
	case !person && !live && before(maybe, reachMaybe):
		return Hypothetical
	case !live && before(past, dated):
		return Past
	case !live && (f.weight < strong || told || around(question, reachQuestion)) && before(hearsay, reachHearsay):
		return Hearsay
	case !live && (f.weight < strong || told) && around(question, reachQuestion):
		return Question
	case !person && !live && (f.weight < strong || told) && around(chronic, reachChronic):
		return Chronic
	case !person && !live && (f.weight < strong || told) && around(aftermath, reachQuestion):
		return Past
	case !person && !live && beside(staged):
		return Rhetoric
	case beside(abroad) && !beside(near):
		return Hearsay
	case !person && !live && s.any(resolved, func(h hit) bool {
		return h.from >= f.to && s.sentence[h.from]-s.sentence[f.from] <= 1
	}):
		return Past
	}
	return ""
}

// stem is where a word ends without 了: 出不来 in 出不来了.
func (s scene) stem(f finding) int {
	if s.runes[f.to-1] == '了' {
		return f.to - 1
	}
	return f.to
}

// touched looks for 没有, 未, 防止 … right before the word, in its clause.
func (s scene) touched(f finding, k context) bool {
	return s.any(k, func(h hit) bool {
		if h.to > f.from || f.from-h.to > reachNegation || s.clause[h.from] != s.clause[f.from] {
			return false
		}
		// One rune negates only what it touches: 没着火, but 没人救火.
		if h.to-h.from == 1 && h.to != f.from {
			return false
		}
		return !s.any(uncertain, func(u hit) bool { return u.from <= h.from && u.to >= h.from+1 })
	})
}

func (s scene) any(k context, is func(hit) bool) bool { return slices.ContainsFunc(s.context[k], is) }

// gathering: people gather now, or a gathering is announced, and it is said
// who or where. A complaint by many people is none: anger, joint letters and
// petitions handed in are how people speak to their government.
func (r *Rules) gathering(s scene, found []finding) bool {
	whole := len(s.runes) <= longText/2
	yes := false
	for i := range found {
		f := &found[i]
		if dangerCodes[f.danger] != "C3" || f.points == 0 {
			continue
		}
		near := func(k context) bool {
			return s.any(k, func(h hit) bool { return whole || s.sentence[h.from] == s.sentence[f.from] })
		}
		over := s.any(past, func(h hit) bool {
			return h.to <= f.from && f.from-h.to <= reachPast && s.sentence[h.from] == s.sentence[f.from]
		})
		said := f.weight >= strong || near(crowd) || near(place)
		when := near(now) || near(plan)
		if over && !near(now) || !said || !when {
			f.points, f.reason = 0, Peaceful
			continue
		}
		f.reason = Gathered
		yes = true
	}
	return yes
}
