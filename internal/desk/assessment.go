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
	from, until, at, err := d.month(a, month, asOf)
	if err != nil {
		return assessment.Statement{}, err
	}
	t, err := d.read.Tally(ctx, d.sight(a), from, until, at)
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
	from, until, at, err := d.month(a, b.Month, b.AsOf)
	if err != nil {
		return nil, 0, err
	}
	err = d.read.Facts(ctx, d.sight(a), from, until, func(f assessment.Fact) {
		if b.By != "" && f.Key(b.By) != b.Key {
			return
		}
		den, num := x.Counts(f, at.UnixMicro())
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

// month checks what a statement is asked for: its span, half-open, and its
// moment.
func (d *Desk) month(a hotline.Actor, month string, asOf time.Time) (from, until, at time.Time, err error) {
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
	return from, until, at, nil
}
