package desk

import (
	"context"
	"slices"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// Statement is the figures of a period (assessment.ParsePeriod) as they stood at
// a moment; a zero moment is now. A period that has not begun, or a moment that
// has not come, is Invalid.
func (d *Desk) Statement(ctx context.Context, a hotline.Actor, period string, asOf time.Time) (assessment.Statement, error) {
	p, at, err := d.period(a, period, asOf)
	if err != nil {
		return assessment.Statement{}, err
	}
	t, err := d.read.Tally(ctx, d.sight(a), p.From, p.Until, at)
	if err != nil {
		return assessment.Statement{}, err
	}
	s := t.Statement()
	s.Period, s.AsOf = p, at
	return s, nil
}

// Behind is the cases behind one figure: of an indicator, a part of it, in one
// row of a dimension ("" all). At most limit in the order of their ids, and how
// many legs there are in all.
type Behind struct {
	Period, Indicator, By, Key string
	Part                       string // Numerator, Denominator, or Rest: what is in the one and not in the other
	AsOf                       time.Time
	After                      string // id of the case after which the list goes on; "" from the beginning
}

// Parts of a figure.
const (
	Denominator = "den"
	Numerator   = "num"
	Rest        = "rest"
)

// holds says whether a leg is in the part that is asked for.
func (b Behind) holds(den, num bool) bool {
	return den && (b.Part != Numerator || num) && (b.Part != Rest || !num)
}

// CasesBehind follows a figure down to its cases.
func (d *Desk) CasesBehind(ctx context.Context, a hotline.Actor, b Behind, limit int) (cases []CaseView, n int, err error) {
	x, ok := assessment.Find(b.Indicator)
	if !ok {
		return nil, 0, hotline.Errorf(hotline.Invalid, "indicator_unknown", "indicator", b.Indicator)
	}
	p, at, err := d.period(a, b.Period, b.AsOf)
	if err != nil {
		return nil, 0, err
	}
	return d.behind(ctx, a, x, b, d.sight(a), p, at, limit)
}

// firstOf are the first ids of a list, each once.
func firstOf(ids []string, limit int) []string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), limit)]
}

// behind lists the cases of the legs that a figure counts, of those in sight.
func (d *Desk) behind(ctx context.Context, a hotline.Actor, x assessment.Indicator, b Behind, see store.Sight, p assessment.Period, at time.Time, limit int) (cases []CaseView, n int, err error) {
	var ids []string
	err = d.read.Facts(ctx, see, p.From, p.Until, func(f assessment.Fact) {
		if b.By != "" && f.Key(b.By) != b.Key {
			return
		}
		den, num := x.Counts(f, at.UnixMicro())
		if !b.holds(den, num) {
			return
		}
		n++
		if f.CaseID > b.After {
			ids = append(ids, f.CaseID)
		}
		if len(ids) > 8*limit { // a page of them is enough
			ids = firstOf(ids, limit)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	ids = firstOf(ids, limit)
	for _, id := range ids {
		v, err := d.Case(ctx, a, id)
		if hotline.KindOf(err) == hotline.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		cases = append(cases, v)
	}
	return cases, n, nil
}

// period checks what a statement is asked for, and its moment.
func (d *Desk) period(a hotline.Actor, period string, asOf time.Time) (p assessment.Period, at time.Time, err error) {
	if err = a.CheckNode(hotline.SeeOverview); err != nil {
		return
	}
	if p, err = assessment.ParsePeriod(period, calendar.Zone, d.Now()); err == nil {
		at, err = d.asOf(asOf)
	}
	return p, at, err
}

// asOf is the moment that figures are made for: now, for zero. One that has not
// come is Invalid.
func (d *Desk) asOf(at time.Time) (time.Time, error) {
	now := d.Now()
	switch {
	case at.IsZero():
		return now, nil
	case at.After(now):
		return at, hotline.Errorf(hotline.Invalid, "as_of_future", "as_of", at)
	}
	return at, nil
}
