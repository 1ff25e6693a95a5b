package directory

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// names holds every name by its first rune, the longest first, so that one
// pass over a text finds them all.
type names map[rune][]name

type name struct {
	text   string
	region int // position in Directory.regions; -1 for a word that is no region's name
}

// allNames lists the names that mean the region.
func (r Region) allNames() []string {
	all := append([]string{r.Name}, r.Short...)
	if r.NameBO != "" {
		all = append(all, r.NameBO)
	}
	return all
}

func (d *Directory) collectNames() names {
	ns := make(names)
	add := func(text string, region int) {
		first, _ := utf8.DecodeRuneInString(text)
		ns[first] = append(ns[first], name{text: text, region: region})
	}
	for i, r := range d.regions {
		for _, text := range r.allNames() {
			add(text, i)
		}
		for _, text := range r.Unlike {
			add(text, -1)
		}
	}
	for _, list := range ns {
		slices.SortStableFunc(list, func(a, b name) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return ns
}

// FindRegion finds the regions that a text names, each once: counties and
// zones before prefectures before the region itself, then the longer name
// first, then the earlier. So the first of "日喀则市亚东县" is 亚东县.
//
// It matches full and short names only, the longest at each place: 工布江达 is
// not also 江达. It does not know streets, villages or what is near what.
func (d *Directory) FindRegion(text string) []Region {
	type found struct{ region, depth, length int }
	var hits []found
	for i := 0; i < len(text); {
		first, size := utf8.DecodeRuneInString(text[i:])
		n, ok := d.names.at(first, text[i:])
		if !ok {
			i += size
			continue
		}
		i += len(n.text)
		if n.region < 0 {
			continue
		}
		at := slices.IndexFunc(hits, func(f found) bool { return f.region == n.region })
		if at < 0 {
			hits = append(hits, found{n.region, d.depth(n.region), len(n.text)})
		} else {
			hits[at].length = max(hits[at].length, len(n.text))
		}
	}
	slices.SortStableFunc(hits, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.depth, a.depth), cmp.Compare(b.length, a.length))
	})
	regions := make([]Region, len(hits))
	for i, f := range hits {
		regions[i] = d.regions[f.region]
	}
	return regions
}

// at is the longest name that the text begins with.
func (ns names) at(first rune, text string) (name, bool) {
	for _, n := range ns[first] {
		if strings.HasPrefix(text, n.text) {
			return n, true
		}
	}
	return name{}, false
}

// depth counts the regions above one.
func (d *Directory) depth(region int) int {
	n := 0
	for {
		up, ok := d.region[d.regions[region].Parent]
		if !ok {
			return n
		}
		region, n = up, n+1
	}
}
