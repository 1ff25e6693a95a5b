package triage

import "slices"

// trie finds all words of all lists in one pass. Words are few runes long, so
// walking down from every place costs little more than one look each.
type trie struct {
	first map[rune]int32 // children of the root
	nodes []node
}

type node struct {
	runes []rune // of the children, sorted
	next  []int32
	word  int32 // index of the word that ends here, or -1
}

// hit is a word found at runes [from, to).
type hit struct {
	word, from, to int
}

// add puts a word in and returns its number: the one it had before, or next.
func (t *trie) add(word []rune, next int) int {
	if t.first == nil {
		t.first = map[rune]int32{}
	}
	at, ok := t.first[word[0]]
	if !ok {
		at = t.grow()
		t.first[word[0]] = at
	}
	for _, r := range word[1:] {
		i, ok := slices.BinarySearch(t.nodes[at].runes, r)
		if !ok {
			child := t.grow()
			n := &t.nodes[at]
			n.runes = slices.Insert(n.runes, i, r)
			n.next = slices.Insert(n.next, i, child)
		}
		at = t.nodes[at].next[i]
	}
	if t.nodes[at].word < 0 {
		t.nodes[at].word = int32(next)
	}
	return int(t.nodes[at].word)
}

func (t *trie) grow() int32 {
	t.nodes = append(t.nodes, node{word: -1})
	return int32(len(t.nodes) - 1)
}

// find appends every word in the text, in the order of where they begin, the
// shorter first.
func (t *trie) find(runes []rune, hits []hit) []hit {
	for from, r := range runes {
		at, ok := t.first[r]
		for to := from + 1; ok; to++ {
			n := &t.nodes[at]
			if n.word >= 0 {
				hits = append(hits, hit{word: int(n.word), from: from, to: to})
			}
			if to == len(runes) {
				break
			}
			var i int
			if i, ok = slices.BinarySearch(n.runes, runes[to]); ok {
				at = n.next[i]
			}
		}
	}
	return hits
}
