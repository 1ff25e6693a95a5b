package triage

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"

	"liandong/internal/catalogue"
	"liandong/internal/catalogue/seedfile"
)

// Version names the rules and their words; it changes with either.
const Version = "rules-1"

//go:embed seed/*.csv
var seed embed.FS

// lists are this package's own words, beside those of the catalogue.
type lists struct {
	words   []ownWords
	dangers []dangerWords
	context []contextWords
}

type ownWords struct {
	of     string // class or item
	weight float64
	words  []string
}

type dangerWords struct {
	class    string
	strength float64
	to       string // class that receives the matter beside the urgent one
	words    []string
}

type contextWords struct {
	kind  context
	words []string
}

// strengths of danger words in points; danger.go says what they add up to.
var strengths = map[string]float64{"strong": strong, "medium": medium, "weak": weak}

// context is what surrounds a danger word and takes it back, or the opposite.
type context string

const (
	negation  context = "negation"  // before it: 没有
	avert     context = "avert"     // before it: 防止; not of what a person may do to himself or others
	maybe     context = "maybe"     // before it: 万一, 如果
	past      context = "past"      // before it: 去年
	chronic   context = "chronic"   // around it: 经常
	question  context = "question"  // around it: 请问
	hearsay   context = "hearsay"   // before it: 听说
	topic     context = "topic"     // right after it: …险, …演练, …热线
	resolved  context = "resolved"  // after it: 已经找到
	now       context = "now"       // around it: 正在
	plan      context = "plan"      // around a gathering: 明天
	crowd     context = "crowd"     // around a gathering: 几十个人
	place     context = "place"     // around a gathering: 政府门口
	mask      context = "mask"      // holds a danger word and means something else: 跳楼价
	holds     context = "holds"     // an item's exclude word: like mask, where it is longer than the danger word
	staged    context = "staged"    // in its sentence: it is played or told, 演练
	abroad    context = "abroad"    // in its sentence: it is news from another country
	near      context = "near"      // in its sentence: it is somebody's own after all, 我儿子, 游客
	aftermath context = "aftermath" // around it: what is spoken of afterwards, 赔偿
	letter    context = "letter"    // anywhere: the text is a letter, not a call
	uncertain context = "uncertain" // looks like a negation and is none: 有没有
)

var contexts = []context{negation, avert, maybe, past, chronic, question, hearsay, topic, resolved, now, plan, crowd, place, mask, staged, abroad, near, aftermath, letter, uncertain}

// parseLists reads words.csv (of, weight, words), danger.csv (class, strength,
// to, words) and context.csv (kind, words), all faults at once.
func parseLists(files fs.FS) (lists, error) {
	var l lists
	var faults []error
	read := func(name string, columns ...string) []seedfile.Row {
		rows, err := seedfile.Read(files, name, append(columns, "words")...)
		faults = append(faults, err)
		for _, r := range rows {
			if err := checkWords(r.List("words")); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", r.Where(), err))
			}
		}
		return rows
	}
	for _, r := range read("words.csv", "of", "weight") {
		w, err := strconv.ParseFloat(r.Get("weight"), 64)
		if err != nil || math.IsNaN(w) || w <= 0 || w > 10 {
			faults = append(faults, fmt.Errorf("%s: weight %q is not between 0 and 10", r.Where(), r.Get("weight")))
		}
		if catalogue.Group(r.Get("of")) == 0 {
			faults = append(faults, fmt.Errorf("%s: %q is no class or item", r.Where(), r.Get("of")))
		}
		l.words = append(l.words, ownWords{of: r.Get("of"), weight: w, words: r.List("words")})
	}
	for _, r := range read("danger.csv", "class", "strength", "to") {
		s, ok := strengths[r.Get("strength")]
		if !ok {
			faults = append(faults, fmt.Errorf("%s: strength %q is not strong, medium or weak", r.Where(), r.Get("strength")))
		}
		if !catalogue.IsUrgent(r.Get("class")) {
			faults = append(faults, fmt.Errorf("%s: %q is no urgent class", r.Where(), r.Get("class")))
		}
		l.dangers = append(l.dangers, dangerWords{class: r.Get("class"), strength: s, to: r.Get("to"), words: r.List("words")})
	}
	for _, r := range read("context.csv", "kind") {
		k := context(r.Get("kind"))
		if !slices.Contains(contexts, k) {
			faults = append(faults, fmt.Errorf("%s: %q is no kind of context", r.Where(), k))
		}
		l.context = append(l.context, contextWords{kind: k, words: r.List("words")})
	}
	return l, errors.Join(faults...)
}

func checkWords(words []string) error {
	if len(words) == 0 {
		return errors.New("no words")
	}
	for i, w := range words {
		head, tail, gap := strings.Cut(w, gapMark)
		if w == "" || gap && (head == "" || tail == "") {
			return fmt.Errorf("word %d is empty", i+1)
		}
		if slices.Contains(words[:i], w) {
			return fmt.Errorf("%q twice", w)
		}
	}
	return nil
}

// gapMark in a word stands for up to maxGap other runes of the same clause.
const (
	gapMark = "…"
	maxGap  = 8
)

// The kinds of target that a word may have.
type targetKind uint8

const (
	speaksForClass targetKind = iota
	speaksForItem
	excludesItem
	escalatesItem
	speaksOfDanger
	isContext
)

// target is what a word does when it is found. A word may have several.
type target struct {
	kind    targetKind
	class   int // index in Rules.classes; -1 none
	item    int // index in Rules.items
	weight  float64
	danger  int // index in dangerCodes, of speaksOfDanger and of escalatesItem where that is to C
	context context
}

type word struct {
	runes   int
	targets []target
	claims  int   // how many classes it speaks for: a word that speaks for many says little for each
	pairs   []int // gapped words that it begins
	tails   []int // gapped words that it ends
}

var dangerCodes = []string{"C1", "C2", "C3", "C4"}

// item is one item of the catalogue.
type item struct {
	code    string
	class   int // index of its class; of a D item, of the first class it pairs with; -1 none
	first   string
	onScene bool // an item under D: police act first
	danger  int  // of an item under C; -1 otherwise
}

// builder puts the words together. It is used once, in NewRules.
type builder struct{ *Rules }

func (b builder) word(text string) *word {
	head, tail, gap := strings.Cut(text, gapMark)
	if !gap {
		return &b.words[b.plain(head)]
	}
	h, t := b.plain(head), b.plain(tail)
	for _, p := range b.words[h].pairs {
		if slices.Contains(b.words[t].tails, p) {
			return &b.words[p]
		}
	}
	b.words = append(b.words, word{runes: len(fold(head).runes) + len(fold(tail).runes)})
	p := len(b.words) - 1
	b.words[h].pairs = append(b.words[h].pairs, p)
	b.words[t].tails = append(b.words[t].tails, p)
	return &b.words[p]
}

func (b builder) plain(text string) int {
	runes := fold(text).runes
	i := b.trie.add(runes, len(b.words))
	if i == len(b.words) {
		b.words = append(b.words, word{runes: len(runes)})
	}
	return i
}

// put gives words a target. A word that folds to nothing is left out: the
// catalogue is the editor's, and one odd synonym must not stop the desk.
func (b builder) put(words []string, t target) {
	for _, text := range words {
		if len(fold(strings.ReplaceAll(text, gapMark, "")).runes) == 0 {
			continue
		}
		w := b.word(text)
		if t.kind == speaksForClass || t.kind == speaksForItem {
			known := slices.ContainsFunc(w.targets, func(o target) bool {
				return o.class == t.class && (o.kind == speaksForClass || o.kind == speaksForItem)
			})
			if !known {
				w.claims++
			}
		}
		if t.kind == speaksOfDanger {
			// The strongest word of ours counts, and ours before the catalogue's.
			if slices.ContainsFunc(w.targets, func(o target) bool { return o.kind == speaksOfDanger && o.danger == t.danger }) {
				continue
			}
		}
		w.targets = append(w.targets, t)
	}
}

func (b builder) own(l lists) {
	for _, c := range l.context {
		b.put(c.words, target{kind: isContext, context: c.kind})
	}
	for _, d := range l.dangers {
		b.put(d.words, target{kind: speaksOfDanger, class: b.class(d.to), item: -1, weight: d.strength, danger: slices.Index(dangerCodes, d.class)})
	}
	for _, w := range l.words {
		if i := b.item(w.of); i >= 0 {
			b.put(w.words, target{kind: speaksForItem, class: b.items[i].class, item: i, weight: w.weight})
		} else if c := b.class(w.of); c >= 0 {
			b.put(w.words, target{kind: speaksForClass, class: c, item: -1, weight: w.weight})
		}
	}
}

// The weights of the catalogue's words, beside which words.csv is measured.
const (
	weightItem  = 2
	weightClass = 1.2
	weightScene = 1.6 // an item under D speaks for the class it pairs with
)

func (b builder) catalogue(c *catalogue.Catalogue) {
	for i, it := range b.items {
		full, _ := c.Item(it.code)
		weight := float64(weightItem)
		if it.onScene {
			weight = weightScene
		}
		b.put(full.Synonyms, target{kind: speaksForItem, class: it.class, item: i, weight: weight})
		b.put([]string{full.Name}, target{kind: speaksForItem, class: it.class, item: i, weight: weight})
		b.put(full.Exclude, target{kind: excludesItem, item: i})
		b.put(full.Exclude, target{kind: isContext, context: holds})
		if it.danger >= 0 {
			b.put(full.Synonyms, target{kind: speaksOfDanger, class: it.class, item: i, weight: medium, danger: it.danger})
		}
		for _, e := range full.Escalate {
			b.put([]string{e.Word}, target{kind: escalatesItem, item: i, class: b.class(e.Class), weight: medium,
				danger: slices.Index(dangerCodes, e.Class)})
		}
	}
	for _, full := range c.Classes {
		if i := b.class(full.Code); i >= 0 {
			b.put(full.Synonyms, target{kind: speaksForClass, class: i, item: -1, weight: weightClass})
		}
	}
}

func (b builder) class(code string) int { return slices.Index(b.classes, code) }

func (b builder) item(code string) int {
	return slices.IndexFunc(b.items, func(it item) bool { return it.code == code })
}

// receives is the class that takes a matter whose item is under C and that has
// no class of its own there.
var receives = map[string]string{
	"C1": "B05", "C2": "B01", "C3": "B02", "C4": "B05",
	"C4.01": "B06", "C4.02": "B06", "C4.03": "B04", "C4.06": "B01", "C4.07": "B06", "C4.08": "B04", "C4.11": "B03", "C4.12": "B06",
}

// outline takes over the catalogue's classes and items.
func (b builder) outline(c *catalogue.Catalogue) {
	for _, full := range c.Classes {
		if g := catalogue.Group(full.Code); g == catalogue.NonPolice || g == catalogue.Police {
			b.classes = append(b.classes, full.Code)
			b.lines = append(b.lines, string(full.Line))
		}
		b.levels[full.Code] = full.Level
	}
	for _, full := range c.Items {
		it := item{code: full.Code, first: full.FirstResponse, class: b.class(full.Class), danger: slices.Index(dangerCodes, full.Class)}
		switch catalogue.Group(full.Class) {
		case catalogue.Urgent:
			to, ok := receives[full.Code]
			if !ok {
				to = receives[full.Class]
			}
			it.class = b.class(to)
		case catalogue.FirstResponse:
			it.onScene, it.first = true, full.Class
			if under, ok := c.Class(full.Class); ok && len(under.Pair) > 0 {
				it.class = b.class(under.Pair[0])
			}
		}
		b.items = append(b.items, it)
	}
}
