package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/store"
)

// scorePages are the templates of these pages.
var scorePages = []string{"score", "scheme"}

// Scoring is what the pages of scores and schemes ask of the desk.
type Scoring interface {
	Scores(ctx context.Context, a hotline.Actor, month string, asOf time.Time) (desk.ScoreSheet, error)
	ScoreCases(ctx context.Context, a hotline.Actor, b desk.Behind, limit int) ([]desk.CaseView, int, error)
	Object(ctx context.Context, a hotline.Actor, n desk.NewObjection) (store.Objection, error)
	Schemes(ctx context.Context, a hotline.Actor) ([]store.Document, assessment.Scheme, error)
	Scheme(ctx context.Context, a hotline.Actor, version string) (assessment.Scheme, error)
	PublishScheme(ctx context.Context, a hotline.Actor, s assessment.Scheme) (string, error)
}

// scoreRoutes are the pages of scores and schemes. A unit and the desk open the
// same address; the desk says who sees what.
func (s *site) scoreRoutes() []route {
	return []route{
		{pattern: "GET /assessment/scores", right: hotline.SeeCases, handle: s.scorePage},
		{pattern: "GET /assessment/scores/cases", right: hotline.WorkLegs, handle: s.scoreCasesPage},
		{pattern: "POST /assessment/scores/objections/{indicator}", right: hotline.WorkLegs, handle: s.object, form: s.scorePage},
		{pattern: "GET /assessment/scheme", right: hotline.SeeOverview, handle: s.schemePage},
		{pattern: "GET /assessment/scheme.csv", right: hotline.SeeOverview, handle: s.schemeCSV},
		{pattern: "POST /assessment/scheme", right: hotline.EditCatalogue, handle: s.publishScheme, form: s.schemePage},
		{pattern: "POST /assessment/scheme/table", right: hotline.EditCatalogue, upload: sheetMost, handle: s.publishTable, form: s.schemePage},
	}
}

// ScorePage is the scores of a month: of all units for the desk, its own for a
// unit.
type ScorePage struct {
	Page
	desk.ScoreSheet
	Wish      string // the month asked for, as typed
	AsOfDay   string // the day it is made for; "" now
	Units     []ScoreRow
	Without   []ScoreRow
	Objected  []ObjectionRow
	Statement string // the statement of the same month; "" for whom there is none
}

// ScoreRow is a unit with its score and its account.
type ScoreRow struct {
	assessment.Score
	Month string
	Name  string
	Total string // points
	Cells []ScoreCell
}

// ScoreCell is what one measure gives, with the cases behind it.
type ScoreCell struct {
	assessment.Part
	Percent          string // "" where nothing is counted
	Full, Zero       string // percent
	Points, Of       string
	NumPath, DenPath string
	Objection        *ObjectionRow // the last one to this figure; nil: none
	Object           *Form         // where one may be made
}

// ObjectionRow is an objection with its unit's name.
type ObjectionRow struct {
	desk.ObjectionView
	Name string
}

// hundredths writes points: 60.83.
func hundredths(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

func (s *site) scorePage(q *request) error {
	month := q.field("month")
	if month == "" {
		month = s.desk.Now().In(calendar.Zone).Format("2006-01")
	}
	at, err := asOf(q)
	if err != nil {
		return err
	}
	sheet, err := s.desk.Scores(q.ctx(), q.actor, month, at)
	if err != nil {
		return err
	}
	data := ScorePage{Page: s.page(q, "web.score.title"), ScoreSheet: sheet, Wish: month, AsOfDay: q.field("as_of")}
	v := url.Values{"month": {month}}
	if data.AsOfDay != "" {
		v.Set("as_of", data.AsOfDay)
	}
	if !sheet.Own {
		data.Statement = "/assessment?" + reportOf(v).Encode()
	}
	w := s.pages[q.lang].words
	for _, o := range sheet.Objections {
		data.Objected = append(data.Objected, ObjectionRow{o, w.Unit(o.Unit)})
	}
	for _, x := range sheet.Scored {
		data.Units = append(data.Units, data.row(w, x, v))
	}
	for _, x := range sheet.Apart {
		data.Without = append(data.Without, data.row(w, x, v))
	}
	return s.show(q, "score", data)
}

func (p ScorePage) row(w words, x assessment.Score, v url.Values) ScoreRow {
	out := ScoreRow{Score: x, Month: p.Month, Name: w.Unit(x.Unit), Total: hundredths(x.Points)}
	for _, part := range x.Parts {
		c := ScoreCell{Part: part, Full: assessment.Percent(part.Full), Zero: assessment.Percent(part.Zero), Points: hundredths(part.Points), Of: hundredths(part.Share)}
		if part.Den > 0 {
			c.Percent = fmt.Sprintf("%.1f%%", 100*float64(part.Num)/float64(part.Den))
		}
		c.NumPath, c.DenPath = p.behind(x.Unit, part.Indicator, v)
		for i, o := range p.Objected {
			if o.Unit == x.Unit && o.Indicator == part.Indicator {
				c.Objection = &p.Objected[i]
			}
		}
		if p.CanObject && p.AsOfDay == "" && part.Den > 0 && (c.Objection == nil || !c.Objection.Open()) {
			f := p.form("/assessment/scores/objections/"+part.Indicator, 0)
			c.Object = &f
		}
		out.Cells = append(out.Cells, c)
	}
	return out
}

// behind is where the cases behind a figure are listed.
func (p ScorePage) behind(unit, indicator string, v url.Values) (num, den string) {
	if !p.Own {
		v = reportOf(v)
		return behindPath(v, assessment.ByUnit, unit, indicator, desk.Numerator), behindPath(v, assessment.ByUnit, unit, indicator, desk.Denominator)
	}
	path := url.Values{"indicator": {indicator}}
	for k, x := range v {
		path[k] = x
	}
	const at = "/assessment/scores/cases?"
	den = at + path.Encode()
	path.Set("part", desk.Numerator)
	return at + path.Encode(), den
}

// reportOf is the query of the report of the same month.
func reportOf(v url.Values) url.Values {
	out := url.Values{"period": v["month"]}
	if day := v.Get("as_of"); day != "" {
		out.Set("as_of", day)
	}
	return out
}

// scoreCasesPage is the cases behind a figure of a unit's own score.
func (s *site) scoreCasesPage(q *request) error {
	at, err := asOf(q)
	if err != nil {
		return err
	}
	b := desk.Behind{Period: q.field("month"), Indicator: q.field("indicator"), Part: desk.Denominator, AsOf: at, After: q.field("after")}
	if q.field("part") == desk.Numerator {
		b.Part = desk.Numerator
	}
	cases, n, err := s.desk.ScoreCases(q.ctx(), q.actor, b, hotline.PageMost+1)
	if err != nil {
		return err
	}
	cases, next := onward(q, cases)
	back := url.Values{"month": {b.Period}}
	if day := q.field("as_of"); day != "" {
		back.Set("as_of", day)
	}
	return s.show(q, "behind", BehindPage{Page: s.page(q, "web.assessment.behind"), Indicator: b.Indicator, Part: s.pages[q.lang].words.Unit(q.actor.Unit),
		Which: b.Part, Legs: n, Rows: rows(cases), Next: next, Back: "/assessment/scores?" + back.Encode()})
}

func (s *site) object(q *request) error {
	n := desk.NewObjection{Month: q.field("month"), Indicator: q.PathValue("indicator"), Reason: q.text("reason")}
	n.Called = s.pages[message.Chinese].words.Word("indicator", n.Indicator)
	if _, err := s.desk.Object(q.ctx(), q.actor, n); err != nil {
		return err
	}
	return s.to(q, "/assessment/scores?"+url.Values{"month": {n.Month}}.Encode(), "web.flash.objected")
}

// SchemePage is the scheme of assessment: one version, all versions, and the
// form for the next.
type SchemePage struct {
	Page
	Scheme   assessment.Scheme // shown
	Force    string            // the version that counts this month
	Rows     []SchemeRow
	Versions []store.Document
	Today    string
	Edits    bool
	Edit     Form
	Table    Form
	Measures []assessment.Indicator
}

// SchemeRow is a measure as it is shown, in percent.
type SchemeRow struct {
	assessment.Measure
	Full, Zero string
	Good       bool
}

func (s *site) schemePage(q *request) error {
	versions, force, err := s.desk.Schemes(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	shown := force
	if v := q.field("version"); v != "" && v != force.Version {
		if shown, err = s.desk.Scheme(q.ctx(), q.actor, v); err != nil {
			return err
		}
	}
	data := SchemePage{Page: s.page(q, "web.scheme.title"), Scheme: shown, Force: force.Version, Versions: versions, Today: s.today(),
		Edits: q.actor.Has(hotline.EditCatalogue), Measures: assessment.Measurable()}
	next := s.desk.Now().In(calendar.Zone)
	month := time.Date(next.Year(), next.Month()+1, 1, 0, 0, 0, 0, calendar.Zone).Format("2006-01")
	data.Edit = data.form("/assessment/scheme", 0).preset("from", month).preset("least", strconv.Itoa(shown.Least))
	data.Table = data.form("/assessment/scheme/table", 0).preset("table_from", month)
	for _, m := range shown.Measures {
		x, _ := assessment.Find(m.Indicator)
		row := SchemeRow{Measure: m, Full: assessment.Percent(m.Full), Zero: assessment.Percent(m.Zero), Good: x.Good}
		data.Rows = append(data.Rows, row)
		data.Edit = data.Edit.preset("weight_"+m.Indicator, strconv.Itoa(m.Weight)).preset("full_"+m.Indicator, row.Full).
			preset("zero_"+m.Indicator, row.Zero).preset("source_"+m.Indicator, m.Source)
	}
	return s.show(q, "scheme", data)
}

func (s *site) schemeCSV(q *request) error {
	x, err := s.desk.Scheme(q.ctx(), q.actor, q.field("version"))
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	q.w.Header().Set("Content-Disposition", `attachment; filename="scheme-`+x.Version+`.csv"`)
	_, _ = q.w.Write([]byte("\uFEFF"))
	_ = csv.NewWriter(q.w).WriteAll(x.Table()) // the browser that went away needs no answer
	return nil
}

// publishScheme takes the form: a measure without a weight is not used.
func (s *site) publishScheme(q *request) error {
	x := assessment.Scheme{From: q.field("from"), Basis: q.field("basis")}
	var ok bool
	if x.Least, ok = whole(q.field("least")); !ok {
		return hotline.Errorf(hotline.Invalid, "scheme_number", "least", q.field("least"))
	}
	for _, i := range assessment.Measurable() {
		weight := q.field("weight_" + i.Code)
		if weight == "" {
			continue
		}
		m := assessment.Measure{Indicator: i.Code, Source: q.field("source_" + i.Code)}
		if m.Weight, ok = whole(weight); !ok {
			return hotline.Errorf(hotline.Invalid, "scheme_number", "weight_"+i.Code, weight)
		}
		for field, into := range map[string]*int{"full_": &m.Full, "zero_": &m.Zero} {
			if *into, ok = assessment.PerMille(q.field(field + i.Code)); !ok {
				return hotline.Errorf(hotline.Invalid, "scheme_number", field+i.Code, q.field(field+i.Code))
			}
		}
		x.Measures = append(x.Measures, m)
	}
	return s.publish(q, x)
}

func whole(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// publishTable takes a table, as a file or pasted.
func (s *site) publishTable(q *request) error {
	x, err := s.tableSent(q)
	if err != nil {
		return err
	}
	x.From, x.Basis = q.field("table_from"), q.field("table_basis")
	return s.publish(q, x)
}

func (s *site) publish(q *request, x assessment.Scheme) error {
	version, err := s.desk.PublishScheme(q.ctx(), q.actor, x)
	if err != nil {
		return schemeFaults(q.lang, err)
	}
	return s.to(q, "/assessment/scheme?"+url.Values{"version": {version}}.Encode(), "web.flash.scheme_published")
}

// tableSent reads the table of a form: the file where one was chosen, else what
// was pasted.
func (s *site) tableSent(q *request) (assessment.Scheme, error) {
	file, head, err := q.FormFile("file")
	if err != nil || head.Size == 0 {
		return assessment.ReadScheme(strings.NewReader(q.text("csv")))
	}
	defer file.Close()
	return assessment.ReadScheme(file)
}

// schemeFaults tells all that is wrong with a scheme in one refusal.
func schemeFaults(lang string, err error) error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	faults := many.Unwrap()
	if len(faults) == 1 {
		return faults[0]
	}
	said := make([]string, len(faults))
	for i, f := range faults {
		said[i] = message.Error(lang, f)
	}
	return hotline.Errorf(hotline.Invalid, "scheme_wrong", "measures", strings.Join(said, message.Text(lang, "web.catalogue.ladder_and")))
}
