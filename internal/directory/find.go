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
	text    string
	regions []int // positions in Directory.regions; none for a word that is no region's name
	// beside: it counts only directly behind the name of a region above. A
	// township's name without its kind (当雄县宁中, of 宁中乡) is too often
	// part of something else.
	beside bool
}

// streetOffice ends the names of townships in a city.
const streetOffice = "街道"

// townshipKinds are what callers leave off the name of a township.
var townshipKinds = []string{streetOffice, "镇", "乡"}

// surely is from how many characters on the name of a township without its kind
// is taken for it wherever it stands: 羊八井.
const surely = 3

// allNames lists the names that mean the region.
func (r Region) allNames() []string {
	all := append([]string{r.Name}, r.Short...)
	if r.NameBO != "" {
		all = append(all, r.NameBO)
	}
	return all
}

func (d *Directory) collectNames() names {
	byText := map[string]*name{}
	var order []*name
	add := func(text string, beside bool, regions ...int) {
		n, ok := byText[text]
		if !ok {
			n = &name{text: text, beside: beside}
			byText[text] = n
			order = append(order, n)
		}
		n.regions = append(n.regions, regions...)
	}
	for i, r := range d.regions {
		for _, text := range r.allNames() {
			add(text, false, i)
		}
		for _, text := range r.Unlike {
			add(text, false)
		}
	}
	whole := len(order)
	for i, r := range d.regions {
		bare, ok := bareName(r)
		if n, taken := byText[bare]; ok && (!taken || slices.Contains(order[whole:], n)) {
			add(bare, utf8.RuneCountInString(bare) < surely, i)
		}
	}
	ns := make(names)
	for _, n := range order {
		first, _ := utf8.DecodeRuneInString(n.text)
		ns[first] = append(ns[first], *n)
	}
	for _, list := range ns {
		slices.SortStableFunc(list, func(a, b name) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return ns
}

// bareName is the name of a township without its kind.
func bareName(r Region) (string, bool) {
	if r.Kind != KindTownship {
		return "", false
	}
	for _, kind := range townshipKinds {
		if bare, ok := strings.CutSuffix(r.Name, kind); ok && utf8.RuneCountInString(bare) >= 2 {
			return bare, true
		}
	}
	return "", false
}

// hit is a region that a text names.
type hit struct {
	region, depth, length int
}

// FindRegion finds the regions that a text names, each once: townships before
// counties and zones before prefectures before the region itself, then the
// longer name first, then the earlier. So the first of "日喀则市亚东县" is
// 亚东县.
//
// It matches full and short names only, the longest at each place: 工布江达 is
// not also 江达. Of several townships of one name those are meant whose county
// or prefecture is named too; where none is, all are listed. It does not know
// streets, villages or what is near what.
func (d *Directory) FindRegion(text string) []Region {
	hits := d.hits(text)
	regions := make([]Region, len(hits))
	for i, f := range hits {
		regions[i] = d.regions[f.region]
	}
	return regions
}

func (d *Directory) hits(text string) []hit {
	var hits []hit
	var several []name // names of more than one region
	last, lastEnd := -1, -1
	note := func(region, length int) {
		at := slices.IndexFunc(hits, func(f hit) bool { return f.region == region })
		if at < 0 {
			hits = append(hits, hit{region, d.depth(region), length})
		} else {
			hits[at].length = max(hits[at].length, length)
		}
	}
	for i := 0; i < len(text); {
		first, size := utf8.DecodeRuneInString(text[i:])
		behind := -1
		if i == lastEnd {
			behind = last
		}
		n, ok := d.nameAt(first, text[i:], behind)
		if !ok {
			i += size
			continue
		}
		i += len(n.text)
		if within := d.under(n.regions, behind); len(n.regions) > 1 && len(within) == 1 {
			n.regions = within
		}
		switch len(n.regions) {
		case 0:
			continue
		case 1:
			note(n.regions[0], len(n.text))
			last, lastEnd = n.regions[0], i
		default:
			several = append(several, n)
		}
	}
	for _, n := range several {
		meant := slices.DeleteFunc(slices.Clone(n.regions), func(r int) bool {
			return !slices.ContainsFunc(hits, func(h hit) bool { return d.isUnder(r, h.region) && h.depth > 0 })
		})
		if len(meant) == 0 {
			meant = n.regions
		}
		for _, r := range meant {
			note(r, len(n.text))
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.depth, a.depth), cmp.Compare(b.length, a.length))
	})
	return hits
}

// nameAt is the longest name that the text begins with; behind is the region
// whose name ends here, -1 for none.
func (d *Directory) nameAt(first rune, text string, behind int) (name, bool) {
	for _, n := range d.names[first] {
		if !strings.HasPrefix(text, n.text) {
			continue
		}
		if n.beside {
			if n.regions = d.under(n.regions, behind); len(n.regions) == 0 {
				continue
			}
		}
		return n, true
	}
	return name{}, false
}

// under are those of the regions that lie below another.
func (d *Directory) under(regions []int, above int) []int {
	var out []int
	for _, r := range regions {
		if above >= 0 && r != above && d.isUnder(r, above) {
			out = append(out, r)
		}
	}
	return out
}

func (d *Directory) isUnder(region, above int) bool {
	return d.Within(d.regions[region].Code, d.regions[above].Code)
}

// Place is where a text says that something is.
type Place struct {
	Region Region // zero: nothing was named that narrows it down
	// Alternatives are what else the text may mean: a second place that it
	// names, or all of one name; then Region is what lies above them all.
	Alternatives []Region
}

// Locate says where a text places what it tells of. A person decides.
func (d *Directory) Locate(text string) Place {
	hits := d.hits(text)
	if len(hits) == 0 {
		return Place{}
	}
	p := Place{Region: d.regions[hits[0].region]}
	alike := []Region{p.Region}
	for _, h := range hits[1:] {
		r := d.regions[h.region]
		if d.Within(r.Code, p.Region.Code) || d.Within(p.Region.Code, r.Code) {
			continue
		}
		p.Alternatives = append(p.Alternatives, r)
		if r.Name == p.Region.Name {
			alike = append(alike, r)
		}
	}
	if len(alike) > 1 {
		p.Region, p.Alternatives = d.common(alike), alike
	}
	return p
}

// common is the lowest region that holds all of some; the zero Region where
// that is the root, which says nothing.
func (d *Directory) common(regions []Region) Region {
	for up, ok := d.Region(regions[0].Parent); ok && up.Parent != ""; up, ok = d.Region(up.Parent) {
		if !slices.ContainsFunc(regions, func(r Region) bool { return !d.Within(r.Code, up.Code) }) {
			return up
		}
	}
	return Region{}
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
