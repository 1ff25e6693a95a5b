package learn

import (
	"hash/fnv"
	"math"
	"slices"
	"strings"
)

// Topic is a text of a public task beside ours: seven labels, cut into words.
// It shows what this way of training is worth where much was judged.
type Topic struct {
	Tokens string `json:"tokens"` // words, parted by spaces
	Label  string `json:"label"`
	Split  string `json:"split"`             // train, test
	Copy   bool   `json:"near_dup_of_train"` // of a test text: left out
}

// Topics trains on the texts of the split train and says of how many of those
// of the split test, copies left out, it finds the label. Three regressions
// vote: all parts by how rare they are, all parts by how much they tell, and
// the words alone by how much they tell.
func Topics(topics []Topic) (right, n int) {
	v := vocabularyOf(topics)
	var train, test []sample
	for _, t := range topics {
		s := v.sample(t)
		switch {
		case t.Split == "train":
			train = append(train, s)
		case !t.Copy:
			test = append(test, s)
		}
	}
	fit := softmax{columns: len(v.labels), rounds: 12, rate: 0.5, decay: 2e-5}
	telling := fit.telling(train, len(v.isWord))
	words := slices.Clone(telling)
	for i, is := range v.isWord {
		if !is {
			words[i] = 0
		}
	}
	votes := make([][]float64, len(test))
	for _, counts := range [][]float64{rarity(train, len(v.isWord)), telling, words} {
		f := fit.fit(weighed(train, counts), ones(len(counts)))
		for i, s := range weighed(test, counts) {
			votes[i] = added(votes[i], f.chances(s))
		}
	}
	for i, s := range test {
		if highest(votes[i]) == highest(s.want) {
			right++
		}
	}
	return right, len(test)
}

type topicVocabulary struct {
	labels []string
	at     map[uint32]int32
	isWord []bool
}

// vocabularyOf takes words, pairs of words and runs of one to four characters
// that occur in two texts for training.
func vocabularyOf(topics []Topic) topicVocabulary {
	v := topicVocabulary{at: map[uint32]int32{}}
	texts, word := map[uint32]int{}, map[uint32]bool{}
	for _, t := range topics {
		if !slices.Contains(v.labels, t.Label) {
			v.labels = append(v.labels, t.Label)
		}
		if t.Split != "train" {
			continue
		}
		seen := map[uint32]bool{}
		topicParts(t.Tokens, func(name uint32, isWord bool) {
			if !seen[name] {
				seen[name], word[name] = true, isWord
				texts[name]++
			}
		})
	}
	slices.Sort(v.labels)
	var list []uint32
	for name, n := range texts {
		if n >= 2 {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	for i, name := range list {
		v.at[name] = int32(i)
		v.isWord = append(v.isWord, word[name])
	}
	return v
}

func topicParts(tokens string, each func(name uint32, isWord bool)) {
	name := func(zone byte, s string) uint32 {
		h := fnv.New32a()
		h.Write([]byte{zone})
		h.Write([]byte(s))
		return h.Sum32()
	}
	words := strings.Fields(tokens)
	for i, w := range words {
		each(name('w', w), true)
		if i > 0 {
			each(name('p', words[i-1]+" "+w), true)
		}
	}
	const longest = 4
	runes := []rune(strings.Join(words, ""))
	for i := range runes {
		for n := 1; n <= longest && i+n <= len(runes); n++ {
			each(name('c', string(runes[i:i+n])), false)
		}
	}
}

func (v topicVocabulary) sample(t Topic) sample {
	s := sample{want: make([]float64, len(v.labels)), weight: 1}
	s.want[slices.Index(v.labels, t.Label)] = 1
	index := map[int32]int{}
	topicParts(t.Tokens, func(name uint32, _ bool) {
		at, ok := v.at[name]
		if !ok {
			return
		}
		if i, ok := index[at]; ok {
			s.parts[i].value++
			return
		}
		index[at] = len(s.parts)
		s.parts = append(s.parts, part{at, 1})
	})
	return s
}

// weighed are the samples with each part by what it counts for, all of a text
// together counting as much as all of another.
func weighed(samples []sample, counts []float64) []sample {
	const size = 5
	out := make([]sample, len(samples))
	for i, s := range samples {
		out[i] = sample{want: s.want, weight: s.weight}
		sum := 0.0
		for _, p := range s.parts {
			if v := math.Sqrt(p.value) * counts[p.at]; v != 0 {
				out[i].parts = append(out[i].parts, part{p.at, v})
				sum += float64(v * v)
			}
		}
		for j := range out[i].parts {
			out[i].parts[j].value *= size / math.Sqrt(sum)
		}
	}
	return out
}

func (f fitted) chances(s sample) []float64 {
	p := slices.Clone(f.bias)
	for _, x := range s.parts {
		for c, w := range f.row(int(x.at)) {
			p[c] += float64(x.value * w)
		}
	}
	soften(p)
	return p
}

func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

func added(sum, x []float64) []float64 {
	if sum == nil {
		return slices.Clone(x)
	}
	for i := range sum {
		sum[i] += x[i]
	}
	return sum
}

func highest(x []float64) int { return slices.Index(x, slices.Max(x)) }
