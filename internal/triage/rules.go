package triage

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"liandong/internal/catalogue"
	"liandong/internal/directory"
)

// RegionFinder says where a text places what it tells of.
type RegionFinder interface {
	Locate(text string) directory.Place
}

// Rules is the engine of words and rules. It never changes once made.
type Rules struct {
	regions RegionFinder
	version string
	classes []string // A and B, in the order of the catalogue
	lines   []string // of classes
	levels  map[string]int
	items   []item
	words   []word
	trie    trie
}

var _ Engine = (*Rules)(nil)

// NewRules makes the engine for one version of the catalogue. regions may be
// nil: then no region is proposed. It panics where the words that the program
// itself holds are broken, which a test rules out.
func NewRules(cat *catalogue.Catalogue, regions RegionFinder) *Rules {
	files, err := fs.Sub(seed, "seed")
	if err != nil {
		panic(fmt.Sprintf("triage: %v", err))
	}
	l, err := parseLists(files)
	if err != nil {
		panic(fmt.Sprintf("triage: %v", err))
	}
	r := &Rules{regions: regions, version: Version + "+" + cat.Version, levels: map[string]int{}}
	b := builder{r}
	b.outline(cat)
	b.own(l)
	b.catalogue(cat)
	return r
}

// Propose reads a text. It takes some tens of microseconds for a call.
func (r *Rules) Propose(raw string) Proposal { return r.propose(raw, nil) }

// propose reads a text by the rules, and where there is a second reader, by
// both.
func (r *Rules) propose(raw string, second reader) Proposal {
	t := fold(raw)
	hits := r.pairs(t, r.trie.find(t.runes, nil))
	w := r.weigh(t, hits)
	s := r.scene(t, hits)
	urgent, found := r.danger(s, hits, w.items)
	why := t.unreadable()
	var learned []Reason
	v := verdict{urgent: urgent}
	if second != nil {
		v = second.read(t, urgent, found)
		learned = v.reasons
	}
	for _, f := range found {
		if f.points > 0 && f.class >= 0 && f.danger == v.urgent {
			w.classes[f.class] += f.points
		}
	}
	w.takeBack(found)
	chances := w.chances()
	if v.join != nil && (why == "" || w.spoken()) {
		chances = v.join(chances)
	}

	p := Proposal{Line: string(catalogue.Line12345), Candidates: w.top(r, chances), Reasons: []Reason{}, Version: r.version}
	if len(p.Candidates) > 0 {
		best := p.Candidates[0]
		p.Category, p.Item, p.Score = best.Category, best.Item, best.Score
		p.Line = r.lines[slices.Index(r.classes, best.Category)]
	}
	if v.urgent >= 0 {
		p.Urgent = dangerCodes[v.urgent]
		p.UrgentItem = r.urgentItem(w, v.urgent)
	}
	first, firstHit := r.first(s, w, p.Item)
	p.FirstResponse = first
	p.Level = r.level(p)
	p.Unread = why == "script" || why == "long" || why != "" && p.Urgent == ""

	r.explain(&p, t, w, found, why)
	p.Reasons = append(p.Reasons, learned...)
	if v.words != nil {
		p.Reasons = append(p.Reasons, v.words(t, p)...)
	}
	if first != "" {
		p.Reasons = append(p.Reasons, reason(FirstPolice, t, firstHit, first))
	}
	r.place(&p, raw)
	return p
}

// urgentItem is the item of an urgent class that most speaks for, "" for none.
func (r *Rules) urgentItem(w weights, danger int) string {
	best, code := 0.0, ""
	for i, it := range r.items {
		if it.danger == danger && w.ofItem[i] > best {
			best, code = w.ofItem[i], it.code
		}
	}
	return code
}

// pairs adds the words with a gap: their head, up to maxGap runes of the same
// clause, their tail.
func (r *Rules) pairs(t *text, hits []hit) []hit {
	for i, tail := range hits {
		for _, p := range r.words[tail.word].tails {
			for j := i - 1; j >= 0 && tail.from-hits[j].from <= maxGap+8; j-- {
				head := hits[j]
				if head.to <= tail.from && tail.from-head.to <= maxGap && t.clause[head.from] == t.clause[tail.from] &&
					slices.Contains(r.words[head.word].pairs, p) {
					hits = append(hits, hit{word: p, from: head.from, to: tail.to})
					break
				}
			}
		}
	}
	return hits
}

// weights is what speaks for each class and item.
type weights struct {
	classes []float64
	ofItem  []float64    // by item
	items   map[int]bool // that any word speaks for
	scenes  map[int]hit  // items under D that a word speaks for
	spoke   []spoken
}

type spoken struct {
	hit
	target
	points float64
}

const (
	titleFactor  = 2.5 // a heading says what is asked for; the body tells the story
	lateFactor   = 0.5 // what comes late in a letter is seldom its subject
	lateAfter    = 250 // runes
	coverFactor  = 0.4 // of a word inside a longer one: 路灯 in 路灯漏电
	excludeCut   = 0.2
	otherItems   = 0.5 // of a class's points: all items but its best
	sharpness    = 1.6 // how far the best stands out from the rest
	silence      = 2.5 // points that stand for all that was not said
	fewestPoints = 0.6 // below it a class is not even a candidate
)

func (r *Rules) weigh(t *text, hits []hit) weights {
	w := weights{classes: make([]float64, len(r.classes)), ofItem: make([]float64, len(r.items)), items: map[int]bool{}, scenes: map[int]hit{}}
	excluded := map[int]bool{}
	seen := map[int]int{}
	cover := coverOf(len(t.runes), hits)
	for _, h := range hits {
		known := r.words[h.word]
		if len(known.targets) == 0 {
			continue
		}
		seen[h.word]++
		points := float64(0)
		if known.claims > 0 {
			points = length(known.runes) / math.Sqrt(float64(known.claims)) / float64(seen[h.word])
		}
		switch {
		case h.from < t.title:
			points *= titleFactor
		case t.title > 0 && h.from > lateAfter:
			points *= lateFactor
		}
		if cover[h.from] > h.to {
			points *= coverFactor
		}
		for _, g := range known.targets {
			switch g.kind {
			case excludesItem:
				excluded[g.item] = true
			case speaksForClass, speaksForItem:
				if g.item >= 0 {
					w.items[g.item] = true
					if _, ok := w.scenes[g.item]; !ok && r.items[g.item].onScene {
						w.scenes[g.item] = h
					}
				}
				if g.class >= 0 {
					w.spoke = append(w.spoke, spoken{hit: h, target: g, points: points * g.weight})
				}
			}
		}
	}
	r.escalate(t, hits, &w)
	r.sum(&w, excluded)
	return w
}

// escalate lets a word beside its item speak for a police class: 诈骗 beside a
// matter of savings.
func (r *Rules) escalate(t *text, hits []hit, w *weights) {
	for _, h := range hits {
		for _, g := range r.words[h.word].targets {
			if g.kind == escalatesItem && g.danger < 0 && g.class >= 0 && w.items[g.item] {
				w.spoke = append(w.spoke, spoken{hit: h, target: target{kind: escalatesItem, class: g.class, item: -1}, points: length(h.to - h.from)})
			}
		}
	}
}

func (r *Rules) sum(w *weights, excluded map[int]bool) {
	best := map[int]float64{} // by class
	for i := range w.spoke {
		s := &w.spoke[i]
		if s.item < 0 {
			w.classes[s.class] += s.points
			continue
		}
		if excluded[s.item] {
			s.points *= excludeCut
		}
		w.ofItem[s.item] += s.points
		best[s.class] = max(best[s.class], w.ofItem[s.item])
	}
	inItems := make([]float64, len(r.classes))
	for i, points := range w.ofItem {
		if points > 0 {
			inItems[r.items[i].class] += points
		}
	}
	for c, all := range inItems {
		w.classes[c] += best[c] + (all-best[c])*otherItems
	}
}

// takeBack lowers what was said in a word that means something else there: a
// drill against drowning is no drowning.
func (w *weights) takeBack(found []finding) {
	for _, f := range found {
		if f.reason != Rhetoric {
			continue
		}
		for i := range w.spoke {
			s := &w.spoke[i]
			if s.from < f.to && f.from < s.to {
				lost := s.points * (1 - excludeCut)
				s.points -= lost
				w.classes[s.class] = max(0, w.classes[s.class]-lost)
				if s.item >= 0 {
					w.ofItem[s.item] = max(0, w.ofItem[s.item]-lost)
				}
			}
		}
	}
}

// length is what a word's length is worth: long words are rare and mean one
// thing.
func length(runes int) float64 {
	return 0.4 + 0.6*float64(min(max(runes, 1), 6))/2
}

// coverOf says for each rune how far the farthest word reaches that began at
// it or before it.
func coverOf(n int, hits []hit) []int {
	cover := make([]int, n)
	for _, h := range hits {
		cover[h.from] = max(cover[h.from], h.to)
	}
	for i := 1; i < n; i++ {
		cover[i] = max(cover[i], cover[i-1])
	}
	return cover
}

// chances are the shares of the classes in all that was said and, by silence,
// in all that was not.
func (w weights) chances() []float64 {
	sharp := make([]float64, len(w.classes))
	total := math.Pow(silence, sharpness)
	for c, points := range w.classes {
		if points < fewestPoints {
			continue
		}
		sharp[c] = math.Pow(points, sharpness)
		total += sharp[c]
	}
	for c := range sharp {
		sharp[c] /= total
	}
	return sharp
}

// spoken says whether any word spoke for any class.
func (w weights) spoken() bool {
	return slices.ContainsFunc(w.classes, func(points float64) bool { return points >= fewestPoints })
}

// top is the best three classes with their best items.
func (w weights) top(r *Rules, chances []float64) []Candidate {
	order := make([]int, len(chances))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(chances[b], chances[a]) })
	candidates := []Candidate{}
	for _, c := range order[:min(3, len(order))] {
		if chances[c] == 0 {
			break
		}
		candidates = append(candidates, Candidate{Category: r.classes[c], Item: w.itemOf(r, c), Score: math.Round(chances[c]*1000) / 1000})
	}
	return candidates
}

// itemOf is the item of the class that most speaks for; items under C and D
// lend their words to a class and are none of its items.
func (w weights) itemOf(r *Rules, class int) string {
	best, code := 0.0, ""
	for i, it := range r.items {
		if it.class == class && !it.onScene && it.danger < 0 && w.ofItem[i] > best {
			best, code = w.ofItem[i], it.code
		}
	}
	return code
}

// first is the class under D by which police act first: a scene that is told
// as one, or an item that allows it, happening now.
func (r *Rules) first(s scene, w weights, proposed string) (class string, at hit) {
	best := 0.0
	for i, it := range r.items { // in the order of the catalogue: a tie is settled the same way each time
		if points := w.ofItem[i]; it.onScene && points > best {
			best, class, at = points, it.first, w.scenes[i]
		}
	}
	if class != "" || len(s.context[now]) == 0 {
		return class, at
	}
	for _, it := range r.items {
		if it.code == proposed && it.first != "" {
			return it.first, s.context[now][0]
		}
	}
	return "", hit{}
}

func (r *Rules) level(p Proposal) int {
	if p.Urgent != "" {
		return 1
	}
	level, ok := r.levels[p.Category]
	if !ok || level == 0 || level == 1 && p.Score < sureEnough {
		level = 3
	}
	if first := r.levels[p.FirstResponse]; first > 0 {
		level = min(level, first)
	}
	return level
}

// sureEnough is the score from which a class without danger may make a matter
// one of life: a guess does not.
const sureEnough = 0.4

const mostReasons = 4 // of each kind: a person reads them while somebody waits

func (r *Rules) explain(p *Proposal, t *text, w weights, found []finding, unread string) {
	if p.Unread {
		p.Reasons = append(p.Reasons, Reason{Kind: Unreadable, Of: unread, At: -1})
	}
	for _, f := range found {
		if len(p.Reasons) > mostReasons {
			break
		}
		// What was taken back is not told where the alarm sounds all the same.
		if (f.points > 0) != (dangerCodes[f.danger] == p.Urgent) || f.weight < weak {
			continue
		}
		p.Reasons = append(p.Reasons, reason(f.reason, t, f.hit, dangerCodes[f.danger]))
	}
	class := slices.Index(r.classes, p.Category)
	spoke := slices.DeleteFunc(slices.Clone(w.spoke), func(s spoken) bool { return s.class != class })
	slices.SortStableFunc(spoke, func(a, b spoken) int {
		switch {
		case a.points > b.points:
			return -1
		case a.points < b.points:
			return 1
		}
		return 0
	})
	told := map[string]bool{}
	for _, s := range spoke {
		kind, of := ForClass, p.Category
		if s.item >= 0 && r.items[s.item].class == class && !r.items[s.item].onScene && r.items[s.item].danger < 0 {
			kind, of = ForItem, r.items[s.item].code
		}
		if s.kind == escalatesItem {
			kind = Escalates
		}
		why := reason(kind, t, s.hit, of)
		if told[why.Word] || s.points < 0.3 {
			continue
		}
		if told[why.Word] = true; len(told) > mostReasons {
			break
		}
		p.Reasons = append(p.Reasons, why)
	}
}

func reason(kind string, t *text, h hit, of string) Reason {
	return Reason{Kind: kind, Word: t.slice(h.from, h.to), Of: of, At: int(t.at[h.from])}
}

func (r *Rules) place(p *Proposal, raw string) {
	if r.regions == nil {
		return
	}
	found := r.regions.Locate(raw)
	if found.Region.Code != "" {
		p.Region = found.Region.Code
		p.Reasons = append(p.Reasons, Reason{Kind: InRegion, Word: found.Region.Name, Of: found.Region.Code, At: -1})
	}
	for _, r := range found.Alternatives[:min(mostReasons, len(found.Alternatives))] {
		p.Reasons = append(p.Reasons, Reason{Kind: OrRegion, Word: r.Name, Of: r.Code, At: -1})
	}
}
