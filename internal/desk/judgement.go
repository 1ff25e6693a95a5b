package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// judge keeps what a person has decided of the case beside what was proposed at
// intake: what triage is judged by and learns from. Of a case that another
// platform sent there is a judgement once somebody here decides.
func (w *work) judge(seen bool) error {
	var p triage.Proposal
	if w.c.Proposal == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(w.c.Proposal), &p); err != nil {
		return err
	}
	w.judged = &store.Judgement{
		CaseID: w.c.ID, At: w.now, Week: weekOf(w.now), Region: w.c.Region, Category: w.c.Category, Item: w.c.Item, Urgent: w.c.Urgent,
		Proposed: p.Category, ProposedItem: p.Item, ProposedUrgent: p.Urgent, PerMille: int(p.Score * 1000), Triage: p.Version, Seen: seen,
	}
	return nil
}

// keepJudgement writes what was judged; the case is there already.
func (w *work) keepJudgement(isNew bool) error {
	j, back := w.judged, w.givenBack
	w.judged, w.givenBack = nil, ""
	if j != nil {
		var err error
		if isNew {
			err = w.tx.AddJudgement(w.ctx, *j)
		} else {
			err = w.tx.SaveJudgement(w.ctx, *j)
		}
		if err != nil {
			return err
		}
	}
	if back == "" {
		return nil
	}
	return w.tx.JudgeReturn(w.ctx, w.c.ID, back)
}

// wronglySent says that a return speaks against the class of the leg: whoever
// held it says that it is not theirs to do.
func wronglySent(ground leg.Ground) bool {
	return ground == leg.NotDuty || ground == leg.UnclearOwnership
}

// weekOf is Monday 00:00 of the week, where the line works.
func weekOf(t time.Time) time.Time {
	t = t.In(calendar.Zone)
	monday := t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	return time.Date(monday.Year(), monday.Month(), monday.Day(), 0, 0, 0, 0, calendar.Zone)
}

// TriageFigures is how triage did against what people decided.
type TriageFigures struct {
	Since   time.Time
	All     store.Agreement
	Classes []store.Agreement // by class
	Regions []store.Agreement // by prefecture, or what is above it
	Weeks   []store.Agreement // newest first
}

// FigureWeeks is how many weeks back the live figures of triage go.
const FigureWeeks = 12

// TriageFigures counts, over the last FigureWeeks weeks and within what the
// actor may see, how often people decided as proposed.
func (d *Desk) TriageFigures(ctx context.Context, a hotline.Actor) (TriageFigures, error) {
	f := TriageFigures{Since: weekOf(d.Now()).AddDate(0, 0, -7*(FigureWeeks-1))}
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return f, err
	}
	as, err := d.read.Agreements(ctx, d.sight(a), f.Since)
	if err != nil {
		return f, err
	}
	for _, x := range as {
		x.Region = d.prefectureOf(x.Region)
		f.All = added(f.All, x)
		f.Classes = counted(f.Classes, x, func(y store.Agreement) bool { return y.Category == x.Category })
		f.Regions = counted(f.Regions, x, func(y store.Agreement) bool { return y.Region == x.Region })
		f.Weeks = counted(f.Weeks, x, func(y store.Agreement) bool { return y.Week.Equal(x.Week) })
	}
	slices.SortFunc(f.Regions, func(x, y store.Agreement) int { return cmp.Compare(x.Region, y.Region) })
	slices.SortFunc(f.Weeks, func(x, y store.Agreement) int { return y.Week.Compare(x.Week) })
	return f, nil
}

// prefectureOf is the prefecture that a region lies in, or the region itself
// where it is above one.
func (d *Desk) prefectureOf(code string) string {
	for {
		r, ok := d.dir.Region(code)
		up, found := d.dir.Region(r.Parent)
		if !ok || !found || up.Parent == "" {
			return code
		}
		code = up.Code
	}
}

func counted(list []store.Agreement, x store.Agreement, same func(store.Agreement) bool) []store.Agreement {
	if at := slices.IndexFunc(list, same); at >= 0 {
		list[at] = added(list[at], x)
		return list
	}
	return append(list, x)
}

// added are the counts of both, under the names of the first.
func added(sum, x store.Agreement) store.Agreement {
	sum.N += x.N
	sum.Agreed += x.Agreed
	sum.Urgent += x.Urgent
	sum.UrgentFound += x.UrgentFound
	sum.FalseAlarms += x.FalseAlarms
	sum.Blind += x.Blind
	sum.BlindAgreed += x.BlindAgreed
	sum.Returned += x.Returned
	sum.ReturnedProposed += x.ReturnedProposed
	return sum
}
