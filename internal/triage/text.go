package triage

import (
	"unicode"
	"unicode/utf8"
)

// text is what was said, folded for comparing: full-width forms narrowed,
// letters lowered, spaces and marks that cannot be seen dropped. Punctuation
// stays, so that no word is found across it.
type text struct {
	raw      string
	runes    []rune
	at       []int32 // byte offset of each rune in raw, and the length of raw at the end
	clause   []int32 // number of the clause that each rune is in
	sentence []int32
	cut      bool // there is more than was read
	title    int  // runes of the heading before the text proper; 0 where there is none
}

// maxRunes bounds the work: what a caller or a letter has to say is said long
// before that, and the door refuses longer texts anyway.
const maxRunes = 20_000

func fold(raw string) *text {
	n := min(utf8.RuneCountInString(raw), maxRunes)
	t := &text{raw: raw, runes: make([]rune, 0, n), at: make([]int32, 0, n+1)}
	t.clause, t.sentence = make([]int32, 0, n), make([]int32, 0, n)
	var clause, sentence int32
	for i, r := range raw {
		if len(t.runes) == maxRunes {
			t.cut = true
			break
		}
		if r == '\n' || r == '\r' {
			clause++
			sentence++
			continue
		}
		if r = narrow(r); !seen(r) {
			continue
		}
		t.runes = append(t.runes, r)
		t.at = append(t.at, int32(i))
		t.clause = append(t.clause, clause)
		t.sentence = append(t.sentence, sentence)
		switch {
		case endsSentence(r):
			clause++
			sentence++
		case endsClause(r):
			clause++
		}
	}
	t.at = append(t.at, int32(len(raw)))
	t.findTitle()
	return t
}

// findTitle takes the first sentence as a heading where it is short and much
// more follows, as in letters and forms.
func (t *text) findTitle() {
	const most, atLeastMore = 60, 30
	for i, r := range t.runes {
		if i > most {
			return
		}
		if endsSentence(r) && len(t.runes)-i > atLeastMore {
			t.title = i + 1
			return
		}
	}
}

func narrow(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E { // full-width ASCII
		r -= 0xFEE0
	}
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

func seen(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7F
	}
	return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Cc, r)
}

func endsSentence(r rune) bool {
	switch r {
	case '。', '!', '?', ';', '…', '~', '།':
		return true
	}
	return false
}

func endsClause(r rune) bool {
	switch r {
	case ',', '、', ':', '(', ')', '"', '“', '”', '《', '》', '【', '】', '/', '[', ']', '.':
		return true
	}
	return false
}

// raw words of the text between two runes.
func (t *text) slice(from, to int) string {
	if from >= to {
		return ""
	}
	end := int(t.at[to-1])
	_, size := utf8.DecodeRuneInString(t.raw[end:])
	return t.raw[t.at[from] : end+size]
}

// unreadable says why nothing can be concluded from the text's silence, or "".
func (t *text) unreadable() string {
	letters, han, tibetan, broken := 0, 0, 0, 0
	kinds := map[rune]struct{}{}
	for _, r := range t.runes {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Tibetan, r):
			tibetan++
		case r == utf8.RuneError || unicode.Is(unicode.Co, r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r):
			broken++
			continue
		case !unicode.IsLetter(r) && !unicode.IsMark(r):
			continue
		}
		letters++
		if len(kinds) < 6 {
			kinds[r] = struct{}{}
		}
	}
	switch {
	case t.cut:
		return "long"
	// A sentence in Tibetan is enough: it may hold the danger.
	case tibetan*4 >= letters && tibetan > 0:
		return "script"
	case letters < 10:
		return "short"
	case broken*4 >= letters || len(kinds) < 5:
		return "garbled"
	case han*2 < letters:
		return "script"
	}
	return ""
}
