package triage

import (
	"math"
	"time"
	"unicode"
)

// Matter is a text with what is known of it, to be compared with others.
type Matter struct {
	Text     string
	Category string
	Item     string
	At       time.Time
}

// What speaks for two texts telling of one matter, beside their words.
const (
	sameItem     = 0.30
	sameCategory = 0.06
	pairFactor   = 1.6 // of a pair of characters against a single one
	freshFor     = 14 * 24 * time.Hour
	oldCut       = 0.25 // what age takes from a likeness, at most
)

// Alike says of each candidate how likely it tells of the same matter as the
// text, 0 to about 1.4: the words that both use, the rare ones counting most;
// the item and class; and how long ago. What is rare is seen from the
// candidates themselves, so the more there are the better.
func Alike(of Matter, candidates []Matter) []float64 {
	words := featuresOf(of.Text)
	others := make([]map[feature]bool, len(candidates))
	seen := map[feature]int{}
	for i, c := range candidates {
		others[i] = featuresOf(c.Text)
		for f := range others[i] {
			seen[f]++
		}
	}
	weight := func(f feature) float64 {
		w := math.Log(1 + float64(len(candidates)+1)/float64(seen[f]+1))
		if f[1] != 0 {
			w *= pairFactor
		}
		return w
	}
	norm := func(fs map[feature]bool) (sum float64) {
		for f := range fs {
			sum += weight(f)
		}
		return sum
	}
	whole := norm(words)
	out := make([]float64, len(candidates))
	for i, c := range candidates {
		both := 0.0
		for f := range others[i] {
			if words[f] {
				both += weight(f)
			}
		}
		if both == 0 {
			continue
		}
		score := both / math.Sqrt(whole*norm(others[i]))
		switch {
		case of.Item != "" && of.Item == c.Item:
			score += sameItem
		case of.Category != "" && of.Category == c.Category:
			score += sameCategory
		}
		age := max(0, of.At.Sub(c.At))
		out[i] = score * (1 - oldCut*(1-math.Exp(-float64(age)/float64(freshFor))))
	}
	return out
}

// feature is a character, or two that stand side by side; of a script with
// words, the hash of one.
type feature [2]rune

func featuresOf(raw string) map[feature]bool {
	out := map[feature]bool{}
	var before, word rune
	flush := func() {
		if word != 0 {
			out[feature{word, -1}] = true
		}
		word = 0
	}
	for _, r := range raw {
		r = narrow(r)
		switch {
		case unicode.Is(unicode.Han, r):
			flush()
			if !idle[r] {
				out[feature{r}] = true
			}
			if before != 0 {
				out[feature{before, r}] = true
			}
			before = r
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			word = word*31 + r
		default:
			flush()
		}
		before = 0
	}
	flush()
	return out
}

// idle are characters that say nothing by themselves.
var idle = func() map[rune]bool {
	m := map[rune]bool{}
	for _, r := range "的了是我们你他她它这那有在不没就都也很把被给到去来说要个上下里着过吗呢吧啊和与及还又再请问" {
		m[r] = true
	}
	return m
}()
