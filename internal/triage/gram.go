package triage

import "math"

// What the model reads of a text, beside its length: runs of one to longestRun
// characters, none across a comma or a full stop. Digits are one digit, because
// a number is seldom the subject. The head, a heading or the first sentence, is
// read a second time under names of its own: what is asked for stands there.
const (
	longestRun = 4
	mostRead   = 1500 // runes that speak for a class; danger is looked for to the end
	mostHead   = 40   // runes

	piece     = 60 // runes at which a piece of the text ends with its sentence
	mostPiece = 140
)

const (
	inText uint64 = 0x9E3779B97F4A7C15
	inHead uint64 = 0xC2B2AE3D27D4EB4F
)

// grams calls each with every run of characters within runes [from, to), by
// its name and by where it stands.
func (t *text) grams(from, to int, zone uint64, each func(name uint32, at, runes int)) {
	for i := from; i < to; i++ {
		name := zone
		for j := i; j < to && j < i+longestRun && t.clause[j] == t.clause[i]; j++ {
			r := t.runes[j]
			if r < utf8Self {
				if r >= '0' && r <= '9' {
					r = '0'
				} else if mark(r) {
					break
				}
			} else if endsClause(r) || endsSentence(r) {
				break
			}
			name = (name ^ uint64(r)) * 0x9FB21C651E98DF25
			name ^= name >> 32
			each(uint32(name*0xD6E8FEB86659FD93>>32), i, j-i+1)
		}
	}
}

const utf8Self = 0x80

// mark is a sign of ASCII that is no letter or digit.
func mark(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' }

// head is where the head ends.
func (t *text) head() int {
	if t.title > 0 {
		return min(t.title, mostHead)
	}
	for i := range t.runes {
		if i == mostHead || i > 0 && t.sentence[i] != t.sentence[0] {
			return i
		}
	}
	return len(t.runes)
}

// pieces are the parts of the text in which danger is looked for one by one, so
// that a long letter does not drown one sentence of it: whole sentences, or a
// very long one cut.
func (t *text) pieces() (ends []int) {
	from := 0
	for i := range t.runes {
		last := i+1 == len(t.runes)
		if last || i+1-from >= piece && t.sentence[i+1] != t.sentence[i] || i+1-from >= mostPiece {
			ends = append(ends, i+1)
			from = i + 1
		}
	}
	return ends
}

// Part is one run of characters of a text by its name, and how much of it
// there is.
type Part struct {
	Name  uint32
	Value float64
}

// View is a text as a model sees it: for what it is about, and piece by piece
// for danger. Training reads texts by it.
type View struct {
	Class  []Part
	Pieces [][]Part
	Head   []Part // as a piece of its own
}

// ViewOf reads a text.
func ViewOf(raw string) View {
	t := fold(raw)
	v := View{}
	v.Class = append(t.parts(0, min(len(t.runes), mostRead), inText, 1), t.parts(0, t.head(), inHead, headShare)...)
	v.Head = t.parts(0, t.head(), inText, 1)
	from := 0
	for _, end := range t.pieces() {
		v.Pieces = append(v.Pieces, t.parts(from, end, inText, 1))
		from = end
	}
	return v
}

// headShare is what the head counts for beside the whole text.
const headShare = 0.8

// parts in the order in which they are met. What is said again counts, but
// less: the root of how often; and all of a text together counts as much as all
// of another.
func (t *text) parts(from, to int, zone uint64, share float64) []Part {
	var parts []Part
	index := map[uint32]int{}
	all := 0
	t.grams(from, to, zone, func(name uint32, _, _ int) {
		all++
		if i, ok := index[name]; ok {
			parts[i].Value++
			return
		}
		index[name] = len(parts)
		parts = append(parts, Part{Name: name, Value: 1})
	})
	for i := range parts {
		parts[i].Value = share * math.Sqrt(parts[i].Value/float64(all))
	}
	return parts
}
