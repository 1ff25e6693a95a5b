package assessment

import (
	"fmt"
	"slices"
	"time"

	"liandong/internal/hotline"
)

// Kinds of period: the daily brief, the weekly exceptions, the monthly statement
// and the yearly report.
const (
	Daily   = "day"
	Weekly  = "week"
	Monthly = "month"
	Yearly  = "year"
)

// Kinds lists them, the shortest first.
func Kinds() []string { return []string{Daily, Weekly, Monthly, Yearly} }

// Period is the stretch that figures are made of: a day, a week from Monday, a
// month or a year, half-open, in the zone of its moments.
type Period struct {
	Kind        string
	From, Until time.Time
}

// PeriodOf is the period of a kind that holds a moment; zero for no such kind.
func PeriodOf(kind string, at time.Time) Period {
	y, m, d := at.Date()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, at.Location()) }
	switch kind {
	case Daily:
		return Period{kind, day(y, m, d), day(y, m, d+1)}
	case Weekly:
		d -= (int(at.Weekday()) + 6) % 7
		return Period{kind, day(y, m, d), day(y, m, d+7)}
	case Monthly:
		return Period{kind, day(y, m, 1), day(y, m+1, 1)}
	case Yearly:
		return Period{kind, day(y, 1, 1), day(y+1, 1, 1)}
	}
	return Period{}
}

// String is the period as ParsePeriod reads it.
func (p Period) String() string {
	switch p.Kind {
	case Daily:
		return p.From.Format(time.DateOnly)
	case Weekly:
		y, w := p.From.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	case Monthly:
		return p.From.Format("2006-01")
	case Yearly:
		return p.From.Format("2006")
	}
	return ""
}

// Next is the period after it, Before the one before.
func (p Period) Next() Period   { return PeriodOf(p.Kind, p.Until) }
func (p Period) Before() Period { return PeriodOf(p.Kind, p.From.Add(-time.Nanosecond)) }

// ParsePeriod reads a day (2026-03-11), a week (2026-W11, ISO 8601), a month
// (2026-03) or a year (2026). One that is none, or has not begun at now, is
// Invalid: period_invalid, period_future.
func ParsePeriod(s string, zone *time.Location, now time.Time) (Period, error) {
	p := Period{}
	for _, form := range []struct{ kind, layout string }{{Daily, time.DateOnly}, {Monthly, "2006-01"}, {Yearly, "2006"}} {
		if at, err := time.ParseInLocation(form.layout, s, zone); err == nil {
			p = PeriodOf(form.kind, at)
		}
	}
	var y, w int
	if n, err := fmt.Sscanf(s, "%d-W%d", &y, &w); n == 2 && err == nil {
		p = PeriodOf(Weekly, time.Date(y, 1, 4, 0, 0, 0, 0, zone).AddDate(0, 0, 7*(w-1))) // the fourth is always in week 1
	}
	if p.Kind == "" || p.String() != s {
		return Period{}, hotline.Errorf(hotline.Invalid, "period_invalid", "period", s)
	}
	if p.From.After(now) {
		return Period{}, hotline.Errorf(hotline.Invalid, "period_future", "period", s)
	}
	return p, nil
}

// Exception is a figure of a unit or platform that somebody should look at: how
// many of its legs are on the wrong side of an indicator.
type Exception struct {
	By, Key   string // ByUnit or ByPeer
	Indicator string
	Bad, Den  int
	Rest      bool // the bad ones are those that are not in the numerator
}

// watched are the indicators whose wrong side is an exception.
var watched = []string{SignedOnTime, HandledOnTime, Unfounded, ReopenedRate, Solved, Satisfied}

// Exceptions lists them, the most legs first, at most so many.
func (s Statement) Exceptions(most int) []Exception {
	var out []Exception
	for _, by := range []string{ByUnit, ByPeer} {
		for _, r := range s.By[by] {
			for i, x := range indicators {
				if !slices.Contains(watched, x.Code) {
					continue
				}
				e := Exception{By: by, Key: r.Key, Indicator: x.Code, Bad: r.Cells[i].Num, Den: r.Cells[i].Den, Rest: x.Good}
				if x.Good {
					e.Bad = e.Den - e.Bad
				}
				if e.Bad > 0 {
					out = append(out, e)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Exception) int { return b.Bad - a.Bad })
	return out[:min(len(out), most)]
}
