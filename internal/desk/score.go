package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// SchemeKind is the kind of the versions of the scheme of assessment.
const SchemeKind = "scheme"

// seedScheme writes the scheme that the program brings into a database that has
// none. A later program with another one leaves it alone: what months were
// scored by stands.
func seedScheme(ctx context.Context, st *store.Store, now time.Time) error {
	vs, err := st.Reader().Versions(ctx, SchemeKind, today(now))
	if err != nil || len(vs) > 0 {
		return err
	}
	s, err := assessment.SeedScheme()
	if err != nil {
		return err
	}
	return seedDocument(ctx, st, SchemeKind, s.Version, firstDay(s.From), s, now)
}

// firstDay is where a month begins, as documents write days.
func firstDay(month string) string { return month + "-01" }

// schemeOf reads the scheme that counts for a month: the last one from that
// month or before. A database without any has the one of the program.
func schemeOf(ctx context.Context, r *store.Reader, month string) (assessment.Scheme, error) {
	vs, err := r.Versions(ctx, SchemeKind, firstDay(month))
	if err != nil {
		return assessment.Scheme{}, err
	}
	if len(vs) == 0 || vs[0].EffectiveFrom > firstDay(month) {
		return assessment.SeedScheme()
	}
	return schemeIn(ctx, r, vs[0].Version)
}

func schemeIn(ctx context.Context, r *store.Reader, version string) (assessment.Scheme, error) {
	var s assessment.Scheme
	doc, err := r.Document(ctx, SchemeKind, version)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(doc.Content), &s); err != nil {
		return s, fmt.Errorf("read scheme %s: %w", version, err)
	}
	return s, nil
}

// Schemes lists the versions of the scheme, the one in force first, and says
// which counts this month.
func (d *Desk) Schemes(ctx context.Context, a hotline.Actor) ([]store.Document, assessment.Scheme, error) {
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return nil, assessment.Scheme{}, err
	}
	month := d.thisMonth()
	s, err := schemeOf(ctx, d.read, month)
	if err != nil {
		return nil, s, err
	}
	vs, err := d.read.Versions(ctx, SchemeKind, firstDay(month))
	return vs, s, err
}

// Scheme reads one version.
func (d *Desk) Scheme(ctx context.Context, a hotline.Actor, version string) (assessment.Scheme, error) {
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return assessment.Scheme{}, err
	}
	return schemeIn(ctx, d.read, version)
}

func (d *Desk) thisMonth() string { return d.Now().In(calendar.Zone).Format("2006-01") }

// PublishScheme makes a scheme the next version, for the months from s.From on,
// which must be a month to come: what has begun keeps the scheme it began with.
// One for the same month replaces the one published before. All that is wrong
// with it is told, joined. It gives the version's name.
func (d *Desk) PublishScheme(ctx context.Context, a hotline.Actor, s assessment.Scheme) (string, error) {
	if err := a.CheckNode(hotline.EditCatalogue); err != nil {
		return "", err
	}
	if err := casefile.CheckLine("basis", s.Basis); err != nil {
		return "", err
	}
	if s.Basis == "" {
		return "", hotline.Errorf(hotline.Invalid, "text_empty", "basis")
	}
	if err := s.Validate(); err != nil {
		return "", err
	}
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		if now := d.thisMonth(); s.From <= now {
			return hotline.Errorf(hotline.Invalid, "scheme_month", "from", s.From, now)
		}
		vs, err := tx.Versions(ctx, SchemeKind, today(d.Now()))
		if err != nil {
			return err
		}
		n := 1
		for _, v := range vs {
			if v.EffectiveFrom == firstDay(s.From) {
				n++
			}
		}
		s.Version = s.From + "." + strconv.Itoa(n)
		content, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("write scheme: %w", err)
		}
		return tx.AddDocument(ctx, store.Document{Kind: SchemeKind, Version: s.Version, EffectiveFrom: firstDay(s.From), Content: string(content),
			LoadedAt: d.Now(), ByName: a.Name, Basis: s.Basis})
	})
	if store.IsDuplicate(err) {
		return "", hotline.Errorf(hotline.Conflict, "version_taken", "name", s.Version)
	}
	return s.Version, err
}

// ScoreSheet is the scores of a month as they stood at a moment.
type ScoreSheet struct {
	Month       string
	Until, AsOf time.Time // the month ends before Until
	Scheme      assessment.Scheme
	Scored      []assessment.Score // the best first
	Apart       []assessment.Score // without a score, and why
	Objections  []ObjectionView    // the oldest first
	Own         bool               // it is a unit's, of itself alone
	CanObject   bool
}

// Running says that the month had not ended: its figures still move.
func (s ScoreSheet) Running() bool { return s.AsOf.Before(s.Until) }

// Of finds the score of a unit, with one or without.
func (s ScoreSheet) Of(unit string) (assessment.Score, bool) {
	for _, x := range slices.Concat(s.Scored, s.Apart) {
		if x.Unit == unit {
			return x, true
		}
	}
	return assessment.Score{}, false
}

// Scores works out the scores of a month (2006-01) by the scheme that counts for
// it, as they stood at a moment; zero: now. A unit gets its own alone, the desk
// those of the units in its region. A unit's score is the same whoever looks.
func (d *Desk) Scores(ctx context.Context, a hotline.Actor, month string, asOf time.Time) (ScoreSheet, error) {
	p, at, err := d.scoreMonth(a, month, asOf)
	if err != nil {
		return ScoreSheet{}, err
	}
	out := ScoreSheet{Month: month, Until: p.Until, AsOf: at, Own: !a.AtDesk(), CanObject: mayObject(a)}
	if out.Scheme, err = schemeOf(ctx, d.read, month); err != nil {
		return out, err
	}
	t, err := d.read.Tally(ctx, store.Sight{}, p.From, p.Until, at)
	if err != nil {
		return out, err
	}
	for _, r := range t.Statement().By[assessment.ByUnit] {
		if !d.seesScore(a, r.Key) {
			continue
		}
		if s := out.Scheme.Score(r); s.Why == "" {
			out.Scored = append(out.Scored, s)
		} else {
			out.Apart = append(out.Apart, s)
		}
	}
	slices.SortStableFunc(out.Scored, func(x, y assessment.Score) int {
		return cmp.Or(cmp.Compare(y.Points, x.Points), cmp.Compare(x.Unit, y.Unit))
	})
	out.Objections, err = d.objections(ctx, a, month)
	return out, err
}

// seesScore: a unit its own, the desk those of the units in its region.
func (d *Desk) seesScore(a hotline.Actor, unit string) bool {
	u, ok := d.dir.Unit(unit)
	if !a.AtDesk() {
		return unit == a.Unit
	}
	return d.where(a, unit, u.Region).InRegion || !ok && a.Region == ""
}

// scoreMonth checks what scores are asked for: who asks, the month, the moment.
func (d *Desk) scoreMonth(a hotline.Actor, month string, asOf time.Time) (p assessment.Period, at time.Time, err error) {
	right := hotline.SeeOverview
	if !a.AtDesk() {
		right = hotline.SeeCases
	}
	if err = a.CheckNode(right); err != nil {
		return
	}
	p, err = assessment.ParsePeriod(month, calendar.Zone, d.Now())
	if err == nil && p.Kind != assessment.Monthly {
		err = hotline.Errorf(hotline.Invalid, "period_invalid", "month", month)
	}
	if err == nil {
		at, err = d.asOf(asOf)
	}
	return p, at, err
}

// ScoreCases is CasesBehind for a unit: the cases behind a figure of its own
// score, whatever unit b names.
func (d *Desk) ScoreCases(ctx context.Context, a hotline.Actor, b Behind, limit int) (cases []CaseView, n int, err error) {
	x, ok := assessment.Find(b.Indicator)
	if !ok {
		return nil, 0, hotline.Errorf(hotline.Invalid, "indicator_unknown", "indicator", b.Indicator)
	}
	if a.AtDesk() {
		return nil, 0, hotline.Errorf(hotline.Denied, "denied", string(hotline.WorkLegs), string(a.Role))
	}
	p, at, err := d.scoreMonth(a, b.Period, b.AsOf)
	if err != nil {
		return nil, 0, err
	}
	b.By, b.Key = assessment.ByUnit, a.Unit
	return d.behind(ctx, a, x, b, store.Sight{}, p, at, limit)
}
