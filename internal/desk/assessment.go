package desk

import (
	"context"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/hotline"
)

// Statement is the figures of a month (2006-01) as they stood at a moment; a
// zero moment is now. A month that has not begun, or a moment that has not
// come, is Invalid.
func (d *Desk) Statement(ctx context.Context, a hotline.Actor, month string, asOf time.Time) (assessment.Statement, error) {
	var t *assessment.Tally
	from, until, at, err := d.eachFact(ctx, a, month, asOf, func(at time.Time) { t = assessment.NewTally(at) }, func(f assessment.Fact) { t.Add(f) })
	if err != nil {
		return assessment.Statement{}, err
	}
	s := t.Statement()
	s.Month, s.From, s.Until, s.AsOf = month, from, until, at
	return s, nil
}

// Behind is the cases behind one figure: of an indicator, the numerator or the
// denominator, in one row of a dimension ("" all). At most limit, and how many
// legs there are.
type Behind struct {
	Month, Indicator, By, Key string
	Num                       bool
	AsOf                      time.Time
}

// CasesBehind follows a figure down to its cases.
func (d *Desk) CasesBehind(ctx context.Context, a hotline.Actor, b Behind, limit int) (cases []CaseView, n int, err error) {
	x, ok := assessment.Find(b.Indicator)
	if !ok {
		return nil, 0, hotline.Errorf(hotline.Invalid, "indicator_unknown", "indicator", b.Indicator)
	}
	var ids []string
	seen := map[string]bool{}
	var at int64
	_, _, _, err = d.eachFact(ctx, a, b.Month, b.AsOf, func(t time.Time) { at = t.UnixMicro() }, func(f assessment.Fact) {
		if b.By != "" && f.Key(b.By) != b.Key {
			return
		}
		den, num := x.Counts(f, at)
		if b.Num && !num || !den {
			return
		}
		n++
		if !seen[f.CaseID] && len(ids) < limit {
			seen[f.CaseID] = true
			ids = append(ids, f.CaseID)
		}
	})
	if err != nil {
		return nil, 0, err
	}
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

func (d *Desk) eachFact(ctx context.Context, a hotline.Actor, month string, asOf time.Time, begin func(time.Time), each func(assessment.Fact)) (from, until, at time.Time, err error) {
	if err = a.CheckNode(hotline.SeeOverview); err != nil {
		return
	}
	now := d.Now()
	if from, until, err = assessment.Month(month, calendar.Zone, now); err != nil {
		return
	}
	if at = asOf; at.IsZero() {
		at = now
	}
	if at.After(now) {
		return from, until, at, hotline.Errorf(hotline.Invalid, "as_of_future", "as_of", at)
	}
	begin(at)
	return from, until, at, d.read.Facts(ctx, d.sight(a), from, until, each)
}
