package learn

import (
	"math"
	"slices"
	"strings"

	"liandong/internal/triage"
)

// Figures are how good proposals are on judged rows.
type Figures struct {
	N         int     `json:"n"` // rows with a class
	Strict    float64 `json:"strict"`
	Lenient   float64 `json:"lenient"` // the class or one that could be defended
	Top3      float64 `json:"top3"`
	Top3Len   float64 `json:"top3_lenient"`
	MacroF1   float64 `json:"macro_f1"` // over classes with five rows or more
	Classes   int     `json:"classes"`  // those
	PoliceF1  float64 `json:"police_f1"`
	ECE       float64 `json:"ece"` // of the score against lenient, ten bins
	ECEStrict float64 `json:"ece_strict"`

	Urgent []Alarm `json:"urgent"` // C1 … C4, C1 and C4 together
	False  []Alarm `json:"false"`  // false alarms by set
	Border Alarm   `json:"border"`

	Wrong map[[2]string]int `json:"-"` // judged, proposed: what was mistaken for what
}

// Alarm is how many of a group raised one.
type Alarm struct {
	Group  string  `json:"group"`
	N      int     `json:"n"`
	Alarms int     `json:"alarms"`
	Same   int     `json:"same"` // of the right class
	Low    float64 `json:"low"`  // Wilson interval, 95 %
	High   float64 `json:"high"`
}

// Rate of alarms.
func (a Alarm) Rate() float64 { return float64(a.Alarms) / float64(max(1, a.N)) }

func (a Alarm) wilson() Alarm {
	const z = 1.96
	if a.N == 0 {
		return a
	}
	n, p := float64(a.N), a.Rate()
	mid, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	a.Low, a.High = (mid-half)/(1+z*z/n), (mid+half)/(1+z*z/n)
	return a
}

// Measure compares proposals with what was judged.
func Measure(rows []Row, proposals []triage.Proposal) Figures {
	f := Figures{Wrong: map[[2]string]int{}}
	type count struct{ hit, miss, wrong float64 }
	by := map[string]*count{}
	of := func(code string) *count {
		if by[code] == nil {
			by[code] = &count{}
		}
		return by[code]
	}
	bins, binsStrict := make([][3]float64, 10), make([][3]float64, 10)
	var police count
	for i, r := range rows {
		if r.Category == "" {
			continue
		}
		p := proposals[i]
		f.N++
		exact := p.Category == r.Category
		ok := exact || slices.Contains(r.Others, p.Category)
		f.Strict += number(exact)
		f.Lenient += number(ok)
		f.Top3 += number(slices.ContainsFunc(p.Candidates, func(c triage.Candidate) bool { return c.Category == r.Category }))
		f.Top3Len += number(slices.ContainsFunc(p.Candidates, func(c triage.Candidate) bool {
			return c.Category == r.Category || slices.Contains(r.Others, c.Category)
		}))
		if exact {
			of(r.Category).hit++
		} else {
			of(r.Category).miss++
			of(p.Category).wrong++
			f.Wrong[[2]string{r.Category, p.Category}]++
		}
		switch is, said := strings.HasPrefix(r.Category, "B"), strings.HasPrefix(p.Category, "B"); {
		case is && said:
			police.hit++
		case is:
			police.miss++
		case said:
			police.wrong++
		}
		bin(bins, p.Score, ok)
		bin(binsStrict, p.Score, exact)
	}
	n := float64(max(1, f.N))
	f.Strict, f.Lenient, f.Top3, f.Top3Len = f.Strict/n, f.Lenient/n, f.Top3/n, f.Top3Len/n
	f1 := func(c count) float64 { return 2 * c.hit / max(1, 2*c.hit+c.miss+c.wrong) }
	f.PoliceF1 = f1(police)
	var codes []string
	for code, c := range by {
		if c.hit+c.miss >= 5 {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	for _, code := range codes {
		f.MacroF1 += f1(*by[code]) / float64(len(codes))
	}
	f.Classes = len(codes)
	f.ECE, f.ECEStrict = ece(bins, n), ece(binsStrict, n)
	f.alarms(rows, proposals)
	return f
}

func (f *Figures) alarms(rows []Row, proposals []triage.Proposal) {
	groups := map[string]*Alarm{}
	add := func(group, want, got string) {
		a := groups[group]
		if a == nil {
			a = &Alarm{Group: group}
			groups[group] = a
		}
		a.add(want, got)
	}
	for i, r := range rows {
		got := proposals[i].Urgent
		switch {
		case r.Urgent == Unknown:
		case r.Urgent == "" && len(r.Border) > 0:
			add("border", "", got)
		case r.Urgent == "" && r.Category == "":
			add(r.Set+", no request", "", got)
		case r.Urgent == "":
			add(r.Set, "", got)
		default:
			add(r.Urgent, r.Urgent, got)
			if r.Urgent == "C1" || r.Urgent == "C4" {
				add("C1+C4", r.Urgent, got)
			}
		}
	}
	var names []string
	for g := range groups {
		names = append(names, g)
	}
	slices.Sort(names)
	for _, g := range names {
		switch a := groups[g].wilson(); {
		case g == "border":
			f.Border = a
		case strings.HasPrefix(g, "C"):
			f.Urgent = append(f.Urgent, a)
		default:
			f.False = append(f.False, a)
		}
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func bin(bins [][3]float64, score float64, ok bool) {
	b := &bins[min(9, int(score*10))]
	b[0]++
	b[1] += score
	b[2] += number(ok)
}

func ece(bins [][3]float64, n float64) float64 {
	e := 0.0
	for _, b := range bins {
		e += math.Abs(b[1]-b[2]) / n
	}
	return e
}
