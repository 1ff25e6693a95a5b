package assessment

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"liandong/internal/hotline"
)

// Scheme is a scheme of assessment (考核方案): how the figures of a unit become
// its score of a month. No person is ever scored.
//
// Of each measure a unit gets all points at Full, none at Zero, and between
// the two in a straight line. A measure of which nothing is counted in a month
// (a rate without a denominator) is left out, and its weight is spread over the
// others in proportion to theirs. A unit with fewer than Least legs that count
// is not scored: with small numbers one leg decides everything.
type Scheme struct {
	Version  string
	From     string // the first month that it counts for, 2026-03
	Basis    string // the decision or rule it rests on
	Least    int    // legs
	Measures []Measure
}

// Measure is one indicator of a scheme.
type Measure struct {
	Indicator  string
	Weight     int // points; those of a scheme are 100 together
	Full, Zero int // rates per mille
	Source     string
}

// Bounds of a scheme.
const (
	WeightSum = 100     // points
	leastMost = 1000000 // legs
)

// Measurable lists the indicators that a unit may be scored by, in the order
// shown: all but what counts transfers to platforms alone.
func Measurable() []Indicator {
	return slices.DeleteFunc(Indicators(), func(i Indicator) bool { return i.Code == Misdirected })
}

// Validate names all that is wrong with a scheme, joined; each is Invalid.
func (s Scheme) Validate() error {
	var errs []error
	bad := func(code string, args ...any) {
		errs = append(errs, hotline.Errorf(hotline.Invalid, code, "measures", args...))
	}
	if _, err := time.Parse("2006-01", s.From); err != nil {
		errs = append(errs, hotline.Errorf(hotline.Invalid, "period_invalid", "from", s.From))
	}
	if s.Least < 1 || s.Least > leastMost {
		errs = append(errs, hotline.Errorf(hotline.Invalid, "scheme_least", "least", leastMost))
	}
	sum, seen := 0, map[string]bool{}
	for _, m := range s.Measures {
		x, ok := Find(m.Indicator)
		switch {
		case !ok:
			bad("indicator_unknown", m.Indicator)
			continue
		case m.Indicator == Misdirected:
			bad("scheme_transfers", m.Indicator)
		case seen[m.Indicator]:
			bad("scheme_twice", m.Indicator)
		}
		seen[m.Indicator] = true
		sum += m.Weight
		if m.Weight < 1 || m.Weight > WeightSum {
			bad("scheme_weight", m.Indicator)
		}
		switch {
		case min(m.Full, m.Zero) < 0 || max(m.Full, m.Zero) > 1000:
			bad("scheme_threshold", m.Indicator)
		case m.Full == m.Zero:
			bad("scheme_equal", m.Indicator)
		case x.Good != (m.Full > m.Zero) && x.Good:
			bad("scheme_higher", m.Indicator)
		case x.Good != (m.Full > m.Zero):
			bad("scheme_lower", m.Indicator)
		}
	}
	switch {
	case len(s.Measures) == 0:
		bad("scheme_empty")
	case sum != WeightSum:
		bad("scheme_sum", sum)
	}
	return errors.Join(errs...)
}

// Part is what one measure gives a unit.
type Part struct {
	Measure
	Cell
	Share  int // what it counts in this account, in hundredths of a point; 0: left out, nothing is counted
	Points int // of these, hundredths
}

// Why a unit has no score.
const (
	TooFewLegs     = "few"     // fewer legs than the scheme asks for
	NothingCounted = "nothing" // none of its measures has a denominator
)

// Score is the score of a unit with its account.
type Score struct {
	Unit   string
	Legs   int    // that count: without those of unreasonable demands
	Points int    // hundredths of a point, 0 to 10000: the sum of the parts'; 0 where Why is set
	Why    string // why there is none; "" there is one
	Parts  []Part // in the order of the scheme; they are there without a score, too
}

// Score works out the score of a unit from its row of a statement. What is
// shown adds up: each part is rounded to a hundredth, and the score is their
// sum.
func (s Scheme) Score(r Row) Score {
	out := Score{Unit: r.Key}
	weights := make([]int, len(s.Measures))
	for i, m := range s.Measures {
		p := Part{Measure: m, Cell: cellOf(r, m.Indicator)}
		if p.Den > 0 {
			weights[i] = m.Weight
		}
		out.Parts = append(out.Parts, p)
	}
	out.Legs = cellOf(r, Returned).Den // every leg that counts is in it
	for i, share := range spread(weights, WeightSum*100) {
		p := &out.Parts[i]
		p.Share = share
		p.Points = p.points()
		out.Points += p.Points
	}
	switch {
	case out.Legs < s.Least:
		out.Why, out.Points = TooFewLegs, 0
	case !slices.ContainsFunc(weights, func(w int) bool { return w > 0 }):
		out.Why = NothingCounted
	}
	return out
}

func cellOf(r Row, indicator string) Cell {
	for i, x := range indicators {
		if x.Code == indicator && i < len(r.Cells) {
			return r.Cells[i]
		}
	}
	return Cell{}
}

// points of a part: in a straight line from Zero to Full, rounded half up.
func (p Part) points() int {
	if p.Den == 0 {
		return 0
	}
	share, den := int64(p.Share), int64(p.Den)
	above, span := int64(p.Num)*1000-int64(p.Zero)*den, int64(p.Full-p.Zero)*den
	if span < 0 { // lower is better
		above, span = -above, -span
	}
	above = min(max(above, 0), span)
	return int((2*share*above + span) / (2 * span))
}

// spread divides a total in proportion to weights, without a rest: what rounding
// leaves goes to the largest remainders, the first of equal ones first.
func spread(weights []int, total int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	out := make([]int, len(weights))
	if sum == 0 {
		return out
	}
	left, order := total, make([]int, len(weights))
	for i, w := range weights {
		out[i] = total * w / sum
		left -= out[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return total*weights[b]%sum - total*weights[a]%sum })
	for _, i := range order[:left] {
		out[i]++
	}
	return out
}

// The rows and columns of a scheme as a table.
const leastRow = "least_legs"

var schemeHead = []string{"what", "number", "full", "zero", "source"}

// Table is the scheme as rows of text, its head first, as ReadScheme reads it.
func (s Scheme) Table() [][]string {
	out := [][]string{schemeHead, {leastRow, strconv.Itoa(s.Least), "", "", ""}}
	for _, m := range s.Measures {
		out = append(out, []string{m.Indicator, strconv.Itoa(m.Weight), Percent(m.Full), Percent(m.Zero), m.Source})
	}
	return out
}

// ReadScheme reads the table of a scheme as CSV; lines that begin with # are
// remarks. What cannot be read is Invalid and names the line and what stands
// there. What it says is for Validate.
func ReadScheme(r io.Reader) (Scheme, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord = '#', -1
	var s Scheme
	for first := true; ; first = false {
		row, err := in.Read()
		switch {
		case err == io.EOF && first:
			return s, hotline.Errorf(hotline.Invalid, "scheme_head", "csv", strings.Join(schemeHead, ","))
		case err == io.EOF:
			return s, nil
		case err != nil:
			var at *csv.ParseError
			errors.As(err, &at)
			return s, hotline.Errorf(hotline.Invalid, "scheme_line", "csv", at.Line, "")
		}
		line, _ := in.FieldPos(0)
		if first {
			row[0] = strings.TrimPrefix(row[0], "\uFEFF") // Excel's mark
			if !slices.Equal(row, schemeHead) {
				return s, hotline.Errorf(hotline.Invalid, "scheme_head", "csv", strings.Join(schemeHead, ","))
			}
			continue
		}
		if err := s.read(row); err != "" {
			return s, hotline.Errorf(hotline.Invalid, "scheme_line", "csv", line, err)
		}
	}
}

// read takes one row and says what in it cannot be read; "" nothing.
func (s *Scheme) read(row []string) (wrong string) {
	if len(row) != len(schemeHead) {
		return strings.Join(row, ",")
	}
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	n, err := strconv.Atoi(row[1])
	if err != nil {
		return row[1]
	}
	if row[0] == leastRow {
		s.Least = n
		return ""
	}
	m := Measure{Indicator: row[0], Weight: n, Source: row[4]}
	for i, into := range []*int{&m.Full, &m.Zero} {
		var ok bool
		if *into, ok = PerMille(row[2+i]); !ok {
			return row[2+i]
		}
	}
	s.Measures = append(s.Measures, m)
	return ""
}

// PerMille reads a rate that is written in percent with one place at most.
func PerMille(percent string) (int, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
	n := math.Round(f * 10)
	if err != nil || !(math.Abs(f) <= 1000 && math.Abs(f*10-n) < 1e-6) { // NaN is neither
		return 0, false
	}
	return int(n), true
}

// Percent writes a rate per mille in percent.
func Percent(perMille int) string {
	return strconv.FormatFloat(float64(perMille)/10, 'f', -1, 64)
}

//go:embed seed/scheme.csv
var schemeSeed []byte

// The scheme that the program brings. It counts from long ago, so that every
// month has one.
const (
	SeedVersion = "default-2026.1"
	seedFrom    = "2000-01"
)

var seed = sync.OnceValues(func() (Scheme, error) {
	s, err := ReadScheme(bytes.NewReader(schemeSeed))
	s.Version, s.From = SeedVersion, seedFrom
	return s, errors.Join(err, s.Validate())
})

// SeedScheme is the scheme that the program brings, a proposal.
func SeedScheme() (Scheme, error) {
	s, err := seed()
	s.Measures = slices.Clone(s.Measures)
	return s, err
}
