package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// small is a scheme that two legs are enough for: half for signing in time, half
// for not being asked again.
func small(from string) assessment.Scheme {
	return assessment.Scheme{From: from, Basis: "考核办法（测试）", Least: 2, Measures: []assessment.Measure{
		{Indicator: assessment.SignedOnTime, Weight: 50, Full: 1000, Zero: 500},
		{Indicator: assessment.ReopenedRate, Weight: 30, Full: 0, Zero: 1000},
		{Indicator: assessment.Solved, Weight: 20, Full: 900, Zero: 600},
	}}
}

const market = "540102-market"

func (w *world) editor() hotline.Actor { return w.actor(hotline.Editor, "", "") }

// publish makes a scheme a version and moves to the first day of its month.
func (w *world) publish(s assessment.Scheme) string {
	w.t.Helper()
	name := must(w.PublishScheme(w.t.Context(), w.editor(), s))(w.t)
	begin, err := time.ParseInLocation("2006-01", s.From, calendar.Zone)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Add(begin.Add(10 * time.Hour).Sub(w.Now()))
	return name
}

// work sends a unit a leg and lets it do what is said.
func (w *world) work(unit string, late bool, verbs ...leg.Verb) string {
	w.t.Helper()
	c := w.send(w.take(plain+fmt.Sprint(w.Now().UnixMicro())).ID, desk.Order{To: "unit:" + unit, Ask: "请办理", Role: leg.Lead})
	if late {
		w.clock.Add(5 * 24 * time.Hour)
	}
	w.act(w.clerk(unit), c.Legs[0].ID, verbs...)
	return c.Legs[0].ID
}

// Scores of real moves, by hand: who is scored, by which points, and who sees
// what. A month keeps the scheme that was in force in it.
func TestScores(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.work(housing, false, leg.Accept)
		march := must(w.Scores(ctx, w.lead, "2026-03", time.Time{}))(t)
		if march.Scheme.Version != assessment.SeedVersion || len(march.Scored) != 0 || len(march.Apart) != 1 || march.Apart[0].Why != assessment.TooFewLegs || !march.Running() {
			t.Errorf("one leg in March: got %+v", march)
		}
		before := w.Now()
		name := w.publish(small("2026-04"))

		w.work(housing, true, leg.Accept)                              // signed late
		w.work(housing, false, leg.Accept, leg.Progress, leg.Feedback) // in time
		again := w.work(housing, false, leg.Accept, leg.Progress, leg.Feedback)
		w.act(w.lead, again, leg.Reopen)
		w.work(housing, false, leg.Accept)
		w.work(urban, false, leg.Accept)
		w.work(urban, false, leg.Accept)
		w.work(market, false, leg.Accept)
		w.clock.Add(5 * 24 * time.Hour) // every limit to sign has passed

		got := must(w.Scores(ctx, w.lead, "2026-04", time.Time{}))(t)
		if got.Scheme.Version != name || name != "2026-04.1" || got.Own || got.CanObject {
			t.Errorf("April: got %+v, want the scheme %s, for the desk", got, name)
		}
		if len(got.Scored) != 2 || got.Scored[0].Unit != urban || got.Scored[1].Unit != housing || len(got.Apart) != 1 || got.Apart[0].Unit != market {
			t.Fatalf("April: got %+v, want urban before housing, and the market office apart", got)
		}
		// urban: nothing but signing is counted, all of it in time.
		if u := got.Scored[0]; u.Points != 10000 || u.Parts[0].Share != 10000 || u.Parts[1].Share != 0 {
			t.Errorf("urban: got %+v, want 100 points of one measure", u)
		}
		// housing: 3 of 4 in time is half of 62.50, one of two asked again half of 37.50.
		h := got.Scored[1]
		want := []assessment.Cell{{Num: 3, Den: 4}, {Num: 1, Den: 2}, {}}
		for i, p := range h.Parts {
			if p.Cell != want[i] {
				t.Errorf("housing, %s: got %v, want %v", p.Indicator, p.Cell, want[i])
			}
		}
		if h.Points != 5000 || h.Parts[0].Points != 3125 || h.Parts[1].Points != 1875 || h.Legs != 4 {
			t.Errorf("housing: got %+v, want 50 points of 4 legs", h)
		}

		// Each figure leads to its cases, for the desk and for the unit.
		for _, p := range h.Parts {
			for _, num := range []bool{true, false} {
				b := desk.Behind{Period: "2026-04", Indicator: p.Indicator}
				n := p.Den
				if num {
					b.Part, n = desk.Numerator, p.Num
				}
				cases, own, err := w.ScoreCases(ctx, w.clerk(housing), b, 50)
				b.By, b.Key = assessment.ByUnit, housing
				_, all, err2 := w.CasesBehind(ctx, w.lead, b, 50)
				if errors.Join(err, err2) != nil || own != n || all != n || len(cases) != n {
					t.Errorf("%s, numerator %v: got %d for the unit (%d cases), %d for the desk, %v, %v, want %d", p.Indicator, num, own, len(cases), all, err, err2, n)
				}
			}
		}

		// A unit sees itself alone, with the same figures.
		own := must(w.Scores(ctx, w.clerk(housing), "2026-04", time.Time{}))(t)
		if diff := cmp.Diff([]assessment.Score{h}, own.Scored); diff != "" || len(own.Apart) != 0 || !own.Own || !own.CanObject {
			t.Errorf("housing's own (-want +got):\n%s and %+v", diff, own)
		}
		if _, n, err := w.ScoreCases(ctx, w.clerk(urban), desk.Behind{Period: "2026-04", Indicator: assessment.SignedOnTime, By: assessment.ByUnit, Key: housing}, 50); err != nil || n != 2 {
			t.Errorf("urban asks for housing's cases: got %d, %v, want its own 2", n, err)
		}
		elsewhere := must(w.Scores(ctx, w.actor(hotline.Supervisor, shigatse, ""), "2026-04", time.Time{}))(t)
		if len(elsewhere.Scored)+len(elsewhere.Apart) != 0 {
			t.Errorf("a supervisor of another region: got %+v, want nothing", elsewhere)
		}

		// March is as it was, at its moment and by its scheme.
		past := must(w.Scores(ctx, w.lead, "2026-03", before))(t)
		march.AsOf = past.AsOf
		if diff := cmp.Diff(march, past); diff != "" {
			t.Errorf("March made again (-then +now):\n%s", diff)
		}

		for what, tc := range map[string]struct {
			a     hotline.Actor
			month string
			at    time.Time
			code  string
		}{
			"operator":      {w.actor(hotline.Operator, "", ""), "2026-04", time.Time{}, "denied"},
			"next month":    {w.lead, "2026-05", time.Time{}, "period_future"},
			"no month":      {w.lead, "April", time.Time{}, "period_invalid"},
			"a later day":   {w.lead, "2026-04", w.Now().Add(time.Hour), "as_of_future"},
			"administrator": {w.actor(hotline.Administrator, "", housing), "2026-04", time.Time{}, "denied"},
		} {
			wantCode(t, what, second(w.Scores(ctx, tc.a, tc.month, tc.at)), tc.code)
		}
		_, _, err := w.ScoreCases(ctx, w.lead, desk.Behind{Period: "2026-04", Indicator: assessment.Solved}, 5)
		wantCode(t, "the desk by the unit's way", err, "denied")
		_, _, err = w.ScoreCases(ctx, w.clerk(housing), desk.Behind{Period: "2026-04", Indicator: "whim"}, 5)
		wantCode(t, "an indicator that is none", err, "indicator_unknown")
	})
}

// What may not be published leaves everything as it was.
func TestPublishScheme(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.seedDocuments()
		w.seedDocuments() // a node starts again
		publish := func(a hotline.Actor, change func(*assessment.Scheme)) error {
			s := small("2026-05")
			change(&s)
			return second(w.PublishScheme(ctx, a, s))
		}
		for what, tc := range map[string]struct {
			a      hotline.Actor
			change func(*assessment.Scheme)
			code   string
		}{
			"a supervisor":     {w.supervisor(), func(*assessment.Scheme) {}, "denied"},
			"a unit":           {w.clerk(housing), func(*assessment.Scheme) {}, "denied"},
			"this month":       {w.editor(), func(s *assessment.Scheme) { s.From = "2026-03" }, "scheme_month"},
			"a past month":     {w.editor(), func(s *assessment.Scheme) { s.From = "2025-12" }, "scheme_month"},
			"no basis":         {w.editor(), func(s *assessment.Scheme) { s.Basis = "" }, "text_empty"},
			"weights of 99":    {w.editor(), func(s *assessment.Scheme) { s.Measures[0].Weight-- }, "scheme_sum"},
			"equal thresholds": {w.editor(), func(s *assessment.Scheme) { s.Measures[0].Zero = 1000 }, "scheme_equal"},
		} {
			wantCode(t, what, publish(tc.a, tc.change), tc.code)
		}
		vs, now, err := w.Schemes(ctx, w.lead)
		if err != nil || len(vs) != 1 || vs[0].Version != assessment.SeedVersion || now.Version != assessment.SeedVersion {
			t.Fatalf("after the refusals: got %v, %+v, %v, want what the program brought", vs, now, err)
		}
		wantCode(t, "a unit asks for the versions", third(w.Schemes(ctx, w.clerk(housing))), "denied")

		// Two for one month: the later one counts. The month before keeps its own.
		for range 2 {
			if err := publish(w.editor(), func(*assessment.Scheme) {}); err != nil {
				t.Fatal(err)
			}
		}
		vs, now, err = w.Schemes(ctx, w.lead)
		if err != nil || len(vs) != 3 || now.Version != assessment.SeedVersion {
			t.Errorf("in March: got %v, %s, %v", vs, now.Version, err)
		}
		w.clock.Add(60 * 24 * time.Hour)
		if _, now, err = w.Schemes(ctx, w.lead); err != nil || now.Version != "2026-05.2" {
			t.Errorf("in May: got %s, %v, want the later one", now.Version, err)
		}
		for month, want := range map[string]string{"2026-04": assessment.SeedVersion, "2026-05": "2026-05.2"} {
			if s := must(w.Scores(ctx, w.lead, month, time.Time{}))(t); s.Scheme.Version != want {
				t.Errorf("%s: got %s, want %s", month, s.Scheme.Version, want)
			}
		}
		if s := must(w.Scheme(ctx, w.lead, "2026-05.1"))(t); s.Version != "2026-05.1" || len(s.Measures) != 3 || s.Basis == "" {
			t.Errorf("one version: got %+v", s)
		}
		wantCode(t, "no such version", second(w.Scheme(ctx, w.lead, "none")), "scheme_not_found")
	})
}

func third[T, U any](_ T, _ U, err error) error { return err }

// An objection is a case at the desk; of a figure one is open at a time, and the
// unit reads its answer on its own sheet.
func TestObjection(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.work(housing, false, leg.Accept)
		w.work(urban, false, leg.Accept)
		w.clock.Add(5 * 24 * time.Hour)
		n := desk.NewObjection{Month: "2026-03", Indicator: assessment.SignedOnTime, Called: "及时签收率", Reason: "井盖那一件是系统故障时派来的，我家着火"}
		o := must(w.Object(ctx, w.clerk(housing), n))(t)

		c := w.see(o.CaseID)
		if c.SubjectUnit != housing || c.Kind != casefile.Complaint || c.Category != "A17" || !c.Decided || c.Line != "12345" || c.Region != chengguan ||
			c.Urgent != "" || c.FirstResponse != "" || len(c.Legs) != 0 || c.Status != casefile.Open {
			t.Errorf("its case: got %+v", c)
		}
		for _, part := range []string{"2026-03", "及时签收率", "1/1", assessment.SeedVersion, "系统故障", "考核申诉"} {
			if !strings.Contains(string(c.Text), part) {
				t.Errorf("its case says %q, want %q in it", c.Text, part)
			}
		}
		_, err := w.st.Reader().Judgement(ctx, o.CaseID)
		wantCode(t, "a judgement of triage", err, "judgement_not_found")
		seen := must(w.Case(ctx, w.supervisor(), o.CaseID))(t)
		if seen.Number != c.Number {
			t.Errorf("a supervisor sees %q", seen.Number)
		}
		_, err = w.SendLegs(ctx, w.lead, o.CaseID, nil, []desk.Order{to("unit:" + housing)})
		wantCode(t, "a unit decides on its own objection", err, "subject_unit")

		wantCode(t, "again", second(w.Object(ctx, w.clerk(housing), n)), "objection_open")
		for what, tc := range map[string]struct {
			a      hotline.Actor
			change func(*desk.NewObjection)
			code   string
		}{
			"the desk":       {w.lead, func(*desk.NewObjection) {}, "denied"},
			"no reason":      {w.clerk(housing), func(n *desk.NewObjection) { n.Reason = " " }, "text_empty"},
			"no figure":      {w.clerk(housing), func(n *desk.NewObjection) { n.Indicator = assessment.Solved }, "objection_nothing"},
			"none of ours":   {w.clerk(housing), func(n *desk.NewObjection) { n.Indicator = assessment.Rated }, "objection_nothing"},
			"next month":     {w.clerk(housing), func(n *desk.NewObjection) { n.Month = "2026-04" }, "period_future"},
			"nothing worked": {w.clerk(police), func(*desk.NewObjection) {}, "objection_nothing"},
		} {
			m := n
			tc.change(&m)
			wantCode(t, what, second(w.Object(ctx, tc.a, m)), tc.code)
		}
		must(w.Object(ctx, w.clerk(urban), n))(t) // another unit's is another one

		sheet := func(a hotline.Actor) []desk.ObjectionView {
			t.Helper()
			return must(w.Scores(ctx, a, "2026-03", time.Time{}))(t).Objections
		}
		if got := sheet(w.clerk(housing)); len(got) != 1 || !got[0].Open() || got[0].Path || got[0].Number != c.Number || got[0].Cell != (assessment.Cell{Num: 1, Den: 1}) {
			t.Errorf("the unit's sheet: got %+v", got)
		}
		if got := sheet(w.supervisor()); len(got) != 2 || !got[0].Path || got[0].Unit != housing {
			t.Errorf("the supervisor's sheet: got %+v", got)
		}
		if got := sheet(w.actor(hotline.Supervisor, shigatse, "")); len(got) != 0 {
			t.Errorf("another region's sheet: got %+v", got)
		}

		if ns := must(w.NoticesOf(ctx, w.clerk(housing), time.Time{}, 10))(t); slices.ContainsFunc(ns, func(n store.Notice) bool { return n.Rung == desk.NoticeAnswered }) {
			t.Error("told of an answer before there is one")
		}
		must(w.Close(ctx, w.lead, o.CaseID, desk.Closing{Outcome: casefile.Explained, Told: "经核对，时间无误，维持原数"}))(t)
		answered := func(a hotline.Actor) (got []store.Notice) {
			for _, n := range must(w.NoticesOf(ctx, a, time.Time{}, 10))(t) {
				if n.Rung == desk.NoticeAnswered {
					got = append(got, n)
				}
			}
			return got
		}
		if got := answered(w.clerk(housing)); len(got) != 1 || got[0].CaseID != o.CaseID || got[0].Item != "2026-03" || got[0].Clock != desk.OfObjection || got[0].Number != c.Number {
			t.Errorf("the unit is told %+v, want once of its answer", got)
		}
		if a, b := answered(w.clerk(urban)), answered(w.lead); len(a)+len(b) != 0 {
			t.Errorf("another unit is told %+v, the desk %+v", a, b)
		}
		if got := sheet(w.clerk(housing)); len(got) != 1 || got[0].Open() || got[0].Status != casefile.Closed || got[0].Outcome != casefile.Explained || !strings.Contains(string(got[0].Answer), "维持原数") {
			t.Errorf("answered: got %+v", got)
		}
		if again := must(w.Object(ctx, w.clerk(housing), n))(t); again.Serial != 2 || again.CaseID == o.CaseID {
			t.Errorf("once more after the answer: got %+v", again)
		}
	})
}

// Two people of a unit object at the same moment: one case.
func TestObjectionsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.work(housing, false, leg.Accept)
		w.clock.Add(5 * 24 * time.Hour)
		before := w.count()
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() {
				o, err := w.Object(context.WithoutCancel(t.Context()), w.clerk(housing), desk.NewObjection{Month: "2026-03", Indicator: assessment.SignedOnTime, Called: "及时签收率", Reason: "有异议"})
				if err == nil && o.Serial != 1 {
					err = fmt.Errorf("got serial %d", o.Serial)
				}
				errs <- err
			}()
		}
		var codes []string
		for range cap(errs) {
			code := "done"
			if err := <-errs; err != nil {
				code = hotline.CodeOf(err)
			}
			codes = append(codes, code)
		}
		slices.Sort(codes)
		if want := []string{"done", "objection_open", "objection_open", "objection_open"}; !slices.Equal(codes, want) || w.count() != before+1 {
			t.Errorf("got %q and %d cases more, want one of them", codes, w.count()-before)
		}
	})
}

// An objection at a 110 desk stays there.
func TestObjectionOfThePolice(t *testing.T) {
	w := newWorld(t, "sqlite", "110")
	w.work(police, false, leg.Accept)
	w.clock.Add(5 * 24 * time.Hour)
	o := must(w.Object(t.Context(), w.clerk(police), desk.NewObjection{Month: "2026-03", Indicator: assessment.SignedOnTime, Called: "及时签收率", Reason: "有异议"}))(t)
	if c := w.see(o.CaseID); c.Line != "110" || c.Category != "B07" {
		t.Errorf("got class %s of line %s, want one of this line", c.Category, c.Line)
	}
}
