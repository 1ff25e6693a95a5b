package learn

import (
	"cmp"
	"slices"
	"strings"

	"liandong/internal/catalogue"
	"liandong/internal/triage"
)

// Counting is the plain engine that others are measured against: the class
// whose words of the catalogue occur most often in the text. It knows nothing
// of danger.
type Counting struct {
	classes []string
	words   map[string][]string
	silent  string // the class proposed where no word occurs
}

// NewCounting makes one. The class that most rows have is proposed where no
// word of the catalogue occurs.
func NewCounting(cat *catalogue.Catalogue, rows []Row) *Counting {
	c := &Counting{words: map[string][]string{}, silent: Majority(rows)}
	for _, full := range cat.Classes {
		if g := catalogue.Group(full.Code); g == catalogue.NonPolice || g == catalogue.Police {
			c.classes = append(c.classes, full.Code)
			c.words[full.Code] = slices.Clone(full.Synonyms)
		}
	}
	for _, it := range cat.Items {
		if c.words[it.Class] != nil {
			c.words[it.Class] = append(c.words[it.Class], it.Synonyms...)
		}
	}
	return c
}

// Propose counts.
func (c *Counting) Propose(text string) triage.Proposal {
	found := map[string]int{}
	for class, words := range c.words {
		for _, w := range words {
			if w != "" {
				found[class] += strings.Count(text, w)
			}
		}
	}
	order := slices.Clone(c.classes)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(found[b], found[a]) })
	if found[order[0]] == 0 {
		order = append([]string{c.silent}, order...)
	}
	p := triage.Proposal{Category: order[0]}
	for _, class := range order[:3] {
		p.Candidates = append(p.Candidates, triage.Candidate{Category: class})
	}
	return p
}

// Majority is the class that most rows have; the variants of patterns, written
// for danger, do not count.
func Majority(rows []Row) string {
	count := map[string]int{}
	most := ""
	for _, r := range rows {
		if r.Category == "" || r.Of > 0 {
			continue
		}
		count[r.Category]++
		if n := count[r.Category]; n > count[most] || n == count[most] && r.Category < most {
			most = r.Category
		}
	}
	return most
}
