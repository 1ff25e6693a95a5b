package assessment

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"liandong/internal/deadline"
)

// Fact is what is known of one leg. Moments are microseconds UTC, 0 none.
type Fact struct {
	CaseID, LegID string
	Direction     string // out, in (transfers), local
	Peer, Unit    string
	Region, Class string
	Sent          int64
	SignDue       int64
	Signed        int64 // accepted or returned by a person
	HandleDue     int64
	Answered      int64
	Returned      int64
	Withdrawn     int64
	Misdirected   bool  // returned, for duty or area
	Unfounded     int64 // since when the return counts as unfounded
	Reopened      int64 // when the first answer was not enough
	Asked         int64 // the caller was called back
	Solved        bool  // the caller says so
	SolvedKnown   bool
	Mapped        int // satisfaction, 1 to 3, 1 best; 0 not rated
	Unreasonable  int64
}

// Times is the part of a Fact that comes from the clocks of a leg and from the
// call-back of its case. It is kept beside the leg, so that a statement reads
// one row for each leg and not its clocks, of which there are many times more.
type Times struct {
	SignDue, Signed    int64 // the first sign-in clock: its end, and when it stopped
	HandleDue, Handled int64 // the first handling clock, likewise
	Reopened           int64 // when the second handling clock started
	Asked              int64
	Solved             int // what the caller said: SaidYes, SaidNo, 0 nothing
	Mapped             int
	Unfounded          int64 // since when the leg's return counts as unfounded
}

// What a caller said to whether the matter is solved.
const (
	SaidNo  = 1
	SaidYes = 2
)

// TimesOf reads them from the clocks of a case, in any order; the call-back and
// what became of a return are the caller's to add.
func TimesOf(legID string, clocks iter.Seq[deadline.Clock]) Times {
	var sign, first, second deadline.Clock
	earlier := func(c, than deadline.Clock) bool { return than.Start.IsZero() || c.Start.Before(than.Start) }
	for c := range clocks {
		switch {
		case c.LegID != legID:
		case c.Kind == deadline.SignIn && earlier(c, sign):
			sign = c
		case c.Kind == deadline.Handling && earlier(c, first):
			first, second = c, first
		case c.Kind == deadline.Handling && earlier(c, second):
			second = c
		}
	}
	return Times{SignDue: micros(sign.Due), Signed: micros(sign.Stopped), HandleDue: micros(first.Due), Handled: micros(first.Stopped), Reopened: micros(second.Start)}
}

// A return counts as unfounded (退单不当) while the last decision of its case
// says that who gave the leg back has to do it after all. A return always
// stands as a move, so nobody refuses one; what decides is a ruling, whether it
// came before the return or after it, or that its holder took the matter back
// when the sender contested.
//
// GaveBack, Ruled and TookBack are the events that decide, one after another:
// each tells since when the return counts, 0 not at all. A holder and an owner
// are written unit:CODE or platform:CODE; an owner "" is none.

// GaveBack: the holder returns the leg; owner is whom the last ruling of the
// case named before.
func GaveBack(holder, owner string, at time.Time) int64 { return Ruled(0, holder, owner, at) }

// Ruled: a ruling names an owner. What counted before by since goes on counting
// from then; a ruling for somebody else ends it, at every moment.
func Ruled(since int64, holder, owner string, at time.Time) int64 {
	switch {
	case holder != owner:
		return 0
	case since > 0:
		return since
	}
	return micros(at)
}

// TookBack: taker accepts the leg that took the place of the returned one.
func TookBack(since int64, contested bool, holder, taker string, at time.Time) int64 {
	if !contested || since > 0 || holder != taker {
		return since
	}
	return micros(at)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// At is the fact as it stood at a moment: what happened later is not there.
func (f Fact) At(asOf int64) Fact {
	for _, m := range []*int64{&f.Signed, &f.Answered, &f.Returned, &f.Withdrawn, &f.Reopened, &f.Asked, &f.Unreasonable, &f.Unfounded} {
		if *m > asOf {
			*m = 0
		}
	}
	if f.Returned == 0 {
		f.Misdirected = false
	}
	if f.Asked == 0 {
		f.Solved, f.SolvedKnown, f.Mapped = false, false, 0
	}
	return f
}

// Indicator codes.
const (
	SignedOnTime  = "signed_on_time"  // 及时签收率
	HandledOnTime = "handled_on_time" // 按时办结率
	Overdue       = "overdue"         // 超期率
	Returned      = "returned"        // 退单率
	Misdirected   = "misdirected"     // 错转率, of transfers
	Unfounded     = "unfounded"       // 退单不当率, of what was returned
	ReopenedRate  = "reopened"        // 重办率
	Solved        = "solved"          // 解决率
	Satisfied     = "satisfied"       // 满意率
	Rated         = "rated"           // 参评率, to be shown beside 满意率
)

// Indicator is one rate. Counts says of a fact, as it stood at asOf, whether it
// is in the denominator, and if so whether in the numerator. Legs of demands
// that a review called unreasonable are in neither, and are listed.
type Indicator struct {
	Code   string
	Good   bool // high is good
	counts func(f *Fact, asOf int64) (den, num bool)
}

// Counts decides on one fact.
func (i Indicator) Counts(f Fact, asOf int64) (den, num bool) {
	f = f.At(asOf)
	return i.countsAt(&f, asOf)
}

// countsAt is Counts of a fact that is already as it stood.
func (i Indicator) countsAt(f *Fact, asOf int64) (den, num bool) {
	if f.Sent > asOf || f.Unreasonable > 0 {
		return false, false
	}
	den, num = i.counts(f, asOf)
	return den, den && num
}

// An answer at the due time itself is late, as deadline.Clock has it: intervals
// are half-open.
func handled(f *Fact, asOf int64) bool {
	return f.HandleDue > 0 && f.HandleDue <= asOf && f.Returned == 0 && f.Withdrawn == 0
}

var indicators = []Indicator{
	{SignedOnTime, true, func(f *Fact, asOf int64) (bool, bool) {
		return f.SignDue > 0 && f.SignDue <= asOf && f.Withdrawn == 0, f.Signed > 0 && f.Signed < f.SignDue
	}},
	{HandledOnTime, true, func(f *Fact, asOf int64) (bool, bool) {
		return handled(f, asOf), f.Answered > 0 && f.Answered < f.HandleDue
	}},
	{Overdue, false, func(f *Fact, asOf int64) (bool, bool) {
		return handled(f, asOf), f.Answered == 0 || f.Answered >= f.HandleDue
	}},
	{Returned, false, func(f *Fact, _ int64) (bool, bool) { return true, f.Returned > 0 }},
	{Misdirected, false, func(f *Fact, _ int64) (bool, bool) { return f.Peer != "", f.Misdirected }},
	{Unfounded, false, func(f *Fact, _ int64) (bool, bool) { return f.Returned > 0, f.Unfounded > 0 }},
	{ReopenedRate, false, func(f *Fact, _ int64) (bool, bool) { return f.Answered > 0, f.Reopened > 0 }},
	{Solved, true, func(f *Fact, _ int64) (bool, bool) { return f.SolvedKnown, f.Solved }},
	{Satisfied, true, func(f *Fact, _ int64) (bool, bool) { return f.Mapped > 0, f.Mapped <= 2 }},
	{Rated, true, func(f *Fact, _ int64) (bool, bool) { return f.Asked > 0, f.Mapped > 0 }},
}

// Indicators lists them in the order shown.
func Indicators() []Indicator { return slices.Clone(indicators) }

// Find finds an indicator by its code.
func Find(code string) (Indicator, bool) {
	i := slices.IndexFunc(indicators, func(x Indicator) bool { return x.Code == code })
	if i < 0 {
		return Indicator{}, false
	}
	return indicators[i], true
}

// Dimensions that a statement is broken down by.
const (
	ByDirection = "direction"
	ByPeer      = "peer"
	ByUnit      = "unit"
	ByRegion    = "region"
	ByClass     = "class"
)

// Dimensions lists them in the order shown.
func Dimensions() []string { return []string{ByDirection, ByPeer, ByUnit, ByRegion, ByClass} }

// Key is where a fact stands in a dimension; "" in none of its rows.
func (f Fact) Key(dimension string) string {
	switch dimension {
	case ByDirection:
		return f.Direction
	case ByPeer:
		return f.Peer
	case ByUnit:
		return f.Unit
	case ByRegion:
		return f.Region
	case ByClass:
		return f.Class
	}
	return ""
}

// Cell is a rate as two counts.
type Cell struct{ Num, Den int }

// Row is the figures of one part of a dimension.
type Row struct {
	Key   string
	Legs  int
	Cells []Cell // in the order of Indicators
}

// Span is percentiles of how long something took, in plain time.
type Span struct {
	N             int
	P50, P90, P99 time.Duration
}

// Statement is the figures of a period.
type Statement struct {
	Period       Period
	AsOf         time.Time
	Total        Row
	By           map[string][]Row // by dimension, largest first
	Sign, Settle Span
	Sent         [48]int // legs by the half hour of the day in which they were sent, in Asia/Shanghai
	Unreasonable int     // left out of every rate
}

// Tally adds facts up. Add takes each fact of the period once.
type Tally struct {
	asOf         int64
	total        *Row
	by           map[string]map[string]*Row
	sign, settle []int64
	sent         [48]int
	unreasonable int
}

// NewTally begins a statement as of a moment.
func NewTally(asOf time.Time) *Tally {
	t := &Tally{asOf: asOf.UnixMicro(), total: newRow(""), by: map[string]map[string]*Row{}}
	for _, d := range Dimensions() {
		t.by[d] = map[string]*Row{}
	}
	return t
}

func newRow(key string) *Row { return &Row{Key: key, Cells: make([]Cell, len(indicators))} }

// Add counts one fact.
func (t *Tally) Add(f Fact) {
	if f.Sent > t.asOf {
		return
	}
	f = f.At(t.asOf)
	t.sent[halfHour(f.Sent)]++
	rows := append(make([]*Row, 0, 6), t.total)
	for d, m := range t.by {
		key := f.Key(d)
		if key == "" {
			continue
		}
		if m[key] == nil {
			m[key] = newRow(key)
		}
		rows = append(rows, m[key])
	}
	for _, r := range rows {
		r.Legs++
	}
	for i := range indicators {
		den, num := indicators[i].countsAt(&f, t.asOf)
		for _, r := range rows {
			if den {
				r.Cells[i].Den++
			}
			if num {
				r.Cells[i].Num++
			}
		}
	}
	switch {
	case f.Unreasonable > 0:
		t.unreasonable++
		return
	case f.Signed > 0:
		t.sign = append(t.sign, f.Signed-f.Sent)
	}
	if f.Answered > 0 {
		t.settle = append(t.settle, f.Answered-f.Sent)
	}
}

// Merge adds what another tally, as of the same moment, has counted of other
// facts.
func (t *Tally) Merge(o *Tally) {
	t.total.add(o.total)
	for d, m := range o.by {
		for key, r := range m {
			if t.by[d][key] == nil {
				t.by[d][key] = newRow(key)
			}
			t.by[d][key].add(r)
		}
	}
	t.sign, t.settle = append(t.sign, o.sign...), append(t.settle, o.settle...)
	for i, n := range o.sent {
		t.sent[i] += n
	}
	t.unreasonable += o.unreasonable
}

// halfHour is where a moment stands in the day of Asia/Shanghai.
func halfHour(micros int64) int {
	const half, ahead = 30 * 60 * 1_000_000, 8 * 60 * 60 * 1_000_000
	return int((micros + ahead) / half % 48)
}

func (r *Row) add(o *Row) {
	r.Legs += o.Legs
	for i, c := range o.Cells {
		r.Cells[i].Num += c.Num
		r.Cells[i].Den += c.Den
	}
}

// Statement is what was added up.
func (t *Tally) Statement() Statement {
	s := Statement{AsOf: time.UnixMicro(t.asOf).UTC(), Total: *t.total, By: map[string][]Row{}, Sign: span(t.sign), Settle: span(t.settle), Sent: t.sent, Unreasonable: t.unreasonable}
	for d, m := range t.by {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			s.By[d] = append(s.By[d], *m[key])
		}
		slices.SortStableFunc(s.By[d], func(a, b Row) int { return cmp.Compare(b.Legs, a.Legs) })
	}
	return s
}

// span takes percentiles by nearest rank.
func span(micros []int64) Span {
	slices.Sort(micros)
	at := func(p int) time.Duration {
		if len(micros) == 0 {
			return 0
		}
		return time.Duration(micros[(len(micros)*p+99)/100-1]) * time.Microsecond
	}
	return Span{N: len(micros), P50: at(50), P90: at(90), P99: at(99)}
}
