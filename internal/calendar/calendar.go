package calendar

import (
	"fmt"
	"slices"
	"time"

	"liandong/internal/hotline"
)

// Zone is Asia/Shanghai: eight hours ahead of UTC all year since 1991.
var Zone = time.FixedZone("CST", 8*3600)

// The years that a deadline may start in. Others are slips: a zero time, or a
// time in seconds taken for one in milliseconds.
const (
	firstYear = 1991
	lastYear  = 2199
)

// Why a span of an account counts or does not; keys of the message catalogues.
type Why string

const (
	Working      Why = "working"        // office hours, or a whole working day
	MakeUp       Why = "make_up"        // working by 调休; the span names the holiday it makes up for
	Weekend      Why = "weekend"        // not counted
	Holiday      Why = "holiday"        // not counted; the span names it
	OutsideHours Why = "outside_hours"  // a working day's time outside its windows
	DayOfSending Why = "day_of_sending" // does not count where days are counted
	Elapsed      Why = "elapsed"        // plain minutes, hours or days
)

// Span is a piece of an account, half-open.
type Span struct {
	From, To time.Time
	Counted  bool
	Why      Why
	Name     string // of the holiday, in Chinese; else ""
}

// Deadline is when a budget runs out.
type Deadline struct {
	Due time.Time
	// Provisional says that counting needed a day of a year whose holidays are
	// not loaded: only its weekends were taken off, so Due may move later.
	Provisional bool
	// Account covers the time from start to Due without gap; Explain fills it.
	Account []Span
}

// Calendar is immutable: any number of goroutines may use it.
type Calendar struct {
	first, last int // years whose holidays are loaded
	plans       map[string]*plan
}

// plan is what holds in one region: its days and windows, inherited ones
// included.
type plan struct {
	hours   []hours        // office hours, each from a day on, in order
	days    map[int64]rule // by day number; days that differ from the week
	working []bool         // the loaded years, day by day, from day base
	base    int64
}

type window struct{ from, to int64 } // ns of the day

// hours are the windows that hold from a day on, until others do: a plateau
// has summer and winter hours.
type hours struct {
	since   int64    // day number
	windows []window // in order, disjoint
}

type rule struct {
	off  bool
	name string
}

const (
	hour = int64(time.Hour)
	day  = 24 * hour
)

// Years are the first and the last year whose holidays are loaded; all years
// between them are.
func (c *Calendar) Years() (first, last int) { return c.first, c.last }

// RunsOut says that less than WarnBefore of what is loaded is left at a moment,
// and when it ends: from then on only weekends are known.
func (c *Calendar) RunsOut(now time.Time) (end time.Time, soon bool) {
	end = time.Date(c.last+1, 1, 1, 0, 0, 0, 0, Zone)
	return end, end.Sub(now) < WarnBefore
}

// WarnBefore is how long before its end a calendar calls for the next year: two
// months. The State Council's notice comes in November.
const WarnBefore = 61 * 24 * time.Hour

// plan is what holds in the region (a GB/T 2260 code, also a township's nine
// digits) or, where the region has nothing of its own, in the one above it. A
// code that nobody knows gets the country's: no deadline fails over it.
func (c *Calendar) plan(region string) *plan {
	for n := len(region); n > 0; n-- {
		if p, ok := c.plans[region[:n]]; ok {
			return p
		}
	}
	return c.plans[""]
}

// WorkingDay says whether the day that the moment lies in, as people in China
// see it, is a working day.
func (c *Calendar) WorkingDay(day time.Time, region string) bool {
	n, _ := split(day)
	return c.plan(region).works(n)
}

// Day says what kind of day a moment lies in: Working, MakeUp, Weekend or
// Holiday, and the holiday's name.
func (c *Calendar) Day(day time.Time, region string) (why Why, name string) {
	n, _ := split(day)
	return c.plan(region).kind(n)
}

// split is the day number since 1970-01-01 in Zone and the ns of that day.
func split(t time.Time) (n, at int64) {
	s := t.Unix() + 8*3600
	n = s / 86400
	if s%86400 < 0 {
		n--
	}
	return n, (s-n*86400)*int64(time.Second) + int64(t.Nanosecond())
}

func join(n, at int64) time.Time {
	return time.Unix(n*86400-8*3600+at/int64(time.Second), at%int64(time.Second)).In(Zone)
}

// weekend: day 0 was a Thursday.
func weekend(n int64) bool {
	w := (n%7 + 7) % 7
	return w == 2 || w == 3
}

func (p *plan) works(n int64) bool {
	if i := n - p.base; i >= 0 && i < int64(len(p.working)) {
		return p.working[i]
	}
	return !weekend(n)
}

func (p *plan) kind(n int64) (Why, string) {
	if r, ok := p.days[n]; ok {
		if r.off {
			return Holiday, r.name
		}
		return MakeUp, r.name
	}
	if weekend(n) {
		return Weekend, ""
	}
	return Working, ""
}

// windowsOn are the office hours of a day that works.
func (p *plan) windowsOn(n int64) []window {
	i := len(p.hours) - 1
	for i > 0 && n < p.hours[i].since {
		i--
	}
	return p.hours[i].windows
}

// end is the end of the last window of a day that works, in ns of the day.
func (p *plan) end(n int64) int64 {
	ws := p.windowsOn(n)
	return ws[len(ws)-1].to
}

// loaded says whether the holidays of the day's year are known.
func (p *plan) loaded(n int64) bool {
	return n >= p.base && n < p.base+int64(len(p.working))
}

// Due is when a budget that starts at from runs out:
//
//   - Nwd: the end of the last window of the N-th working day after the day of
//     sending;
//   - Nwh: when N hours of office time have passed since from; hours that end
//     exactly with a window are due at its end, not at the next one's start;
//   - Nm, Nh, Nd: plain time.
//
// It leaves the account out, which makes it cheap; Explain has it. Errors are
// Invalid: no budget, or a start outside 1991–2199.
func (c *Calendar) Due(from time.Time, b Budget, region string) (Deadline, error) {
	if err := check(from, b); err != nil {
		return Deadline{}, err
	}
	p := c.plan(region)
	n, at := split(from)
	switch b.unit {
	case WorkingDays:
		end, provisional := p.forwardDays(n, b.n)
		return Deadline{Due: join(end, p.end(end)), Provisional: provisional}, nil
	case WorkingHours:
		end, endAt, provisional := p.forwardWork(n, at, int64(b.n)*hour)
		return Deadline{Due: join(end, endAt), Provisional: provisional}, nil
	}
	d, _ := b.Plain()
	return Deadline{Due: from.Add(d).In(Zone).Round(0)}, nil
}

func check(from time.Time, b Budget) error {
	if b.IsZero() {
		return refuse("budget_unreadable", "", "there is no budget to count")
	}
	if y := from.In(Zone).Year(); y < firstYear || y > lastYear {
		return &hotline.Error{Kind: hotline.Invalid, Code: "start_out_of_range", Field: "from", Args: []any{y},
			Cause: fmt.Errorf("a deadline cannot start in the year %d", y)}
	}
	return nil
}

// forwardDays is the count-th working day after day n.
func (p *plan) forwardDays(n int64, count int) (end int64, provisional bool) {
	for count > 0 {
		n++
		provisional = provisional || !p.loaded(n)
		if p.works(n) {
			count--
		}
	}
	return n, provisional
}

// forwardWork is the moment at which the given office time (ns, above 0) has
// passed since a moment.
func (p *plan) forwardWork(n, at, left int64) (end, endAt int64, provisional bool) {
	for {
		provisional = provisional || !p.loaded(n)
		if p.works(n) {
			for _, w := range p.windowsOn(n) {
				start := max(w.from, at)
				if start >= w.to {
					continue
				}
				if left <= w.to-start {
					return n, start + left, provisional
				}
				left -= w.to - start
			}
		}
		n, at = n+1, 0
	}
}

// Explain is Due with the account.
func (c *Calendar) Explain(from time.Time, b Budget, region string) (Deadline, error) {
	d, err := c.Due(from, b, region)
	if err != nil {
		return Deadline{}, err
	}
	from = from.In(Zone).Round(0)
	switch b.unit {
	case WorkingDays:
		d.Account = c.plan(region).accountDays(from, d.Due)
	case WorkingHours:
		d.Account = c.plan(region).accountHours(from, d.Due)
	default:
		d.Account = []Span{{From: from, To: d.Due, Counted: true, Why: Elapsed}}
	}
	return d, nil
}

// accountDays has one span for each day; the last ends with the deadline.
func (p *plan) accountDays(from, due time.Time) []Span {
	n, _ := split(from)
	last, _ := split(due.Add(-1)) // a window may end with the day
	spans := []Span{{From: from, To: join(n+1, 0), Why: DayOfSending}}
	for n++; n <= last; n++ {
		s := Span{From: join(n, 0), To: join(n+1, 0), Counted: p.works(n)}
		s.Why, s.Name = p.kind(n)
		if n == last {
			s.To = due
		}
		spans = append(spans, s)
	}
	return spans
}

// accountHours has one span for each window and for each stretch without: a
// night is one, and so is each day off.
func (p *plan) accountHours(from, due time.Time) []Span {
	var spans []Span
	at := from
	add := func(to time.Time, counted bool, why Why, name string) {
		if to.After(due) {
			to = due
		}
		if !to.After(at) {
			return
		}
		if k := len(spans) - 1; k >= 0 && why == OutsideHours && spans[k].Why == OutsideHours {
			spans[k].To = to // an evening and the morning after it
		} else {
			spans = append(spans, Span{From: at, To: to, Counted: counted, Why: why, Name: name})
		}
		at = to
	}
	for n, _ := split(from); at.Before(due); n++ {
		why, name := p.kind(n)
		if p.works(n) {
			for _, w := range p.windowsOn(n) {
				add(join(n, w.from), false, OutsideHours, "")
				add(join(n, w.to), true, why, name)
			}
			why, name = OutsideHours, ""
		}
		add(join(n+1, 0), false, why, name)
	}
	return spans
}

// Between is the office time from one moment to another; negative where to is
// the earlier one.
func (c *Calendar) Between(from, to time.Time, region string) time.Duration {
	if to.Before(from) {
		return -c.Between(to, from, region)
	}
	p := c.plan(region)
	n, at := split(from)
	last, lastAt := split(to)
	var sum int64
	for ; n <= last; n, at = n+1, 0 {
		if !p.works(n) {
			continue
		}
		end := day
		if n == last {
			end = lastAt
		}
		for _, w := range p.windowsOn(n) {
			sum += max(0, min(w.to, end)-max(w.from, at))
		}
	}
	return time.Duration(sum)
}

// WorkingDays is how many working days have begun between two moments: those
// after the day of from, the day of to included. 0 where to is not later.
func (c *Calendar) WorkingDays(from, to time.Time, region string) int {
	p := c.plan(region)
	n, _ := split(from)
	last, _ := split(to)
	count := 0
	for n++; n <= last; n++ {
		if p.works(n) {
			count++
		}
	}
	return count
}

// PerDay is the office time that a day has where it works.
func (c *Calendar) PerDay(day time.Time, region string) time.Duration {
	n, _ := split(day)
	var sum int64
	for _, w := range c.plan(region).windowsOn(n) {
		sum += w.to - w.from
	}
	return time.Duration(sum)
}

// WorkBefore is the latest moment from which the given office time is left
// until to. With nothing to count it is to itself.
func (c *Calendar) WorkBefore(to time.Time, d time.Duration, region string) time.Time {
	p := c.plan(region)
	n, at := split(to)
	left := int64(d)
	if left <= 0 {
		return to.In(Zone).Round(0)
	}
	for {
		if p.works(n) {
			for _, w := range slices.Backward(p.windowsOn(n)) {
				end := min(w.to, at)
				if end <= w.from {
					continue
				}
				if left <= end-w.from {
					return join(n, end-left)
				}
				left -= end - w.from
			}
		}
		n, at = n-1, day
	}
}

// DaysBefore is the same time of day, count working days earlier; a time of
// day outside office hours moves back to the end of the window before it, so
// that what it triggers finds somebody at work.
func (c *Calendar) DaysBefore(to time.Time, count int, region string) time.Time {
	p := c.plan(region)
	n, at := split(to)
	for count > 0 {
		n--
		if p.works(n) {
			count--
		}
	}
	for {
		if p.works(n) {
			for _, w := range slices.Backward(p.windowsOn(n)) {
				if w.from <= at {
					return join(n, min(at, w.to))
				}
			}
		}
		n, at = n-1, day
	}
}
