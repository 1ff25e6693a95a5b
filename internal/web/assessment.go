package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/sheet"
)

// assessmentPages are the templates of these pages.
var assessmentPages = []string{"assessment", "behind"}

// Assessment is what the pages of figures ask of the desk.
type Assessment interface {
	Statement(ctx context.Context, a hotline.Actor, month string, asOf time.Time) (assessment.Statement, error)
	CasesBehind(ctx context.Context, a hotline.Actor, b desk.Behind, limit int) ([]desk.CaseView, int, error)
}

// StatementPage is a report: daily brief, weekly exceptions, monthly statement,
// yearly report.
type StatementPage struct {
	Page
	assessment.Statement
	AsOfDay    string // the day it is made for; "" now
	Kinds      []PeriodLink
	Before     PeriodLink
	Next       *PeriodLink // nil: it has not begun
	Day        string      // within the period, for the form
	Indicators []assessment.Indicator
	Total      StatementRow
	Tables     []StatementTable
	Exceptions []StatementException
	Arrivals   []WallBar
	Most       int // the highest bar
	Late       []Bar
	Flows      []Bar
	CSV, XLSX  string
}

// PeriodLink leads to the report of a period.
type PeriodLink struct {
	Kind, Name, Path string
	Here             bool
}

// StatementException is a figure that somebody should look at.
type StatementException struct {
	Name, Indicator, Path string
	Bad, Den              int
}

// Bar is a row of a chart of rows.
type Bar struct {
	Name  string
	N     int
	Width int // of 100
	Path  string
}

// bars gives rows the width of their part of the greatest.
func bars(rows []Bar) []Bar {
	most := 0
	for _, r := range rows {
		most = max(most, r.N)
	}
	for i := range rows {
		rows[i].Width = (rows[i].N*100 + most - 1) / max(most, 1)
	}
	return rows
}

// exceptionsMost and lateMost are how many rows a report shows.
const (
	exceptionsMost = 20
	lateMost       = 10
)

// StatementTable is a statement broken down by one dimension.
type StatementTable struct {
	By   string
	Rows []StatementRow
}

// StatementRow is one row with its figures.
type StatementRow struct {
	Name  string
	Legs  int
	Cells []StatementCell
}

// StatementCell is a figure that leads to its cases.
type StatementCell struct {
	Label            string
	Num, Den         int
	Percent          string // "" where nothing is counted
	NumPath, DenPath string
}

func (s *site) statementPage(q *request) error {
	st, err := s.statement(q)
	if err != nil {
		return err
	}
	v := reportQuery(q, st.Period)
	w := s.pages[q.lang].words
	data := StatementPage{Page: s.page(q, "web.assessment."+st.Period.Kind), Statement: st, AsOfDay: q.field("as_of"), Indicators: assessment.Indicators(),
		Day: st.Period.From.Format(time.DateOnly), CSV: "/assessment.csv?" + v.Encode(), XLSX: "/assessment.xlsx?" + v.Encode()}
	now := s.desk.Now().In(calendar.Zone)
	inside := now // the day that other kinds are shown around
	if !now.Before(st.Period.Until) {
		inside = st.Period.Until.Add(-time.Nanosecond)
	}
	for _, kind := range assessment.Kinds() {
		data.Kinds = append(data.Kinds, periodLink(w.T("web.assessment."+kind), assessment.PeriodOf(kind, inside), kind == st.Period.Kind))
	}
	before := st.Period.Before()
	data.Before = periodLink(before.String(), before, false)
	if next := st.Period.Next(); !next.From.After(now) {
		link := periodLink(next.String(), next, false)
		data.Next = &link
	}
	data.Total = w.statementRow(st.Total, v, "")
	for _, by := range assessment.Dimensions() {
		if t := (StatementTable{By: by}); len(st.By[by]) > 0 {
			for _, r := range st.By[by] {
				t.Rows = append(t.Rows, w.statementRow(r, v, by))
			}
			data.Tables = append(data.Tables, t)
		}
	}
	for _, e := range st.Exceptions(exceptionsMost) {
		part := desk.Numerator
		if e.Rest {
			part = desk.Rest
		}
		name := w.part(e.By, e.Key)
		data.Exceptions = append(data.Exceptions, StatementException{Name: name, Indicator: e.Indicator, Bad: e.Bad, Den: e.Den, Path: behindPath(v, e.By, e.Key, e.Indicator, part)})
		if e.Indicator == assessment.HandledOnTime && len(data.Late) < lateMost {
			data.Late = append(data.Late, Bar{Name: name, N: e.Bad, Path: behindPath(v, e.By, e.Key, e.Indicator, part)})
		}
	}
	data.Late = bars(data.Late)
	for _, r := range st.By[assessment.ByDirection] {
		data.Flows = append(data.Flows, Bar{Name: w.part(assessment.ByDirection, r.Key), N: r.Legs})
	}
	data.Flows = bars(data.Flows)
	data.Arrivals, data.Most = halfHours(st.Sent[:])
	return s.show(q, "assessment", data)
}

// reportQuery is the query of a report's address.
func reportQuery(q *request, p assessment.Period) url.Values {
	v := url.Values{"period": {p.String()}}
	if day := q.field("as_of"); day != "" {
		v.Set("as_of", day)
	}
	return v
}

func periodLink(name string, p assessment.Period, here bool) PeriodLink {
	return PeriodLink{Kind: p.Kind, Name: name, Path: "/assessment?period=" + p.String(), Here: here}
}

// behindPath leads to the cases behind a part of a figure.
func behindPath(v url.Values, by, key, indicator, part string) string {
	path := url.Values{"by": {by}, "key": {key}, "indicator": {indicator}, "part": {part}}
	for k, x := range v {
		path[k] = x
	}
	return "/assessment/cases?" + path.Encode()
}

// statement makes the report that the query asks for: of a period, or of a kind
// around a day; this month, now, where it names none.
func (s *site) statement(q *request) (assessment.Statement, error) {
	period := q.field("period")
	if period == "" {
		day, kind := s.desk.Now().In(calendar.Zone), assessment.Monthly
		if f := q.field("kind"); f != "" {
			kind = f
		}
		if f := q.field("day"); f != "" {
			var err error
			if day, err = time.ParseInLocation(time.DateOnly, f, calendar.Zone); err != nil {
				return assessment.Statement{}, hotline.Errorf(hotline.Invalid, "day_invalid", "day", f)
			}
		}
		if period = assessment.PeriodOf(kind, day).String(); period == "" {
			return assessment.Statement{}, hotline.Errorf(hotline.Invalid, "period_invalid", "kind", kind)
		}
	}
	at, err := asOf(q)
	if err != nil {
		return assessment.Statement{}, err
	}
	return s.desk.Statement(q.ctx(), q.actor, period, at)
}

// asOf is the end of the day that figures are made for; zero: now.
func asOf(q *request) (time.Time, error) {
	day := q.field("as_of")
	if day == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, day, calendar.Zone)
	if err != nil {
		return t, hotline.Errorf(hotline.Invalid, "day_invalid", "as_of", day)
	}
	return t.AddDate(0, 0, 1).Add(-time.Microsecond), nil
}

func (w words) statementRow(r assessment.Row, v url.Values, by string) StatementRow {
	out := StatementRow{Name: w.part(by, r.Key), Legs: r.Legs}
	for i, c := range r.Cells {
		code := assessment.Indicators()[i].Code
		cell := StatementCell{Label: w.Word("indicator", code), Num: c.Num, Den: c.Den, NumPath: behindPath(v, by, r.Key, code, desk.Numerator), DenPath: behindPath(v, by, r.Key, code, desk.Denominator)}
		if c.Den > 0 {
			cell.Percent = percent(c)
		}
		out.Cells = append(out.Cells, cell)
	}
	return out
}

func percent(c assessment.Cell) string {
	return fmt.Sprintf("%.1f%%", 100*float64(c.Num)/float64(c.Den))
}

// part is the name of a row of a dimension.
func (w words) part(by, key string) string {
	switch by {
	case "":
		return w.T("web.assessment.total")
	case assessment.ByUnit:
		return w.Unit(key)
	case assessment.ByRegion:
		return w.Region(key)
	case assessment.ByClass:
		return w.Class(key)
	case assessment.ByDirection:
		return w.Word("direction", key)
	case assessment.ByPeer:
		return w.Target("platform:" + key)
	}
	return key
}

// Span says how long something took, in at most two units.
func (w words) Span(d time.Duration) string {
	switch m := int(d / time.Minute); {
	case m >= 24*60 && m/60%24 > 0:
		return w.T("web.span.days_hours", m/60/24, m/60%24)
	case m >= 24*60:
		return w.T("web.span.days", m/60/24)
	case m >= 60 && m%60 > 0:
		return w.T("web.span.hours_minutes", m/60, m%60)
	case m >= 60:
		return w.T("web.span.hours", m/60)
	case m > 0:
		return w.T("web.span.minutes", m)
	}
	return w.T("web.span.under_minute")
}

// statementCSV is the same figures for a spreadsheet: UTF-8 with a mark, as
// Excel wants it.
func (s *site) statementCSV(q *request) error {
	st, err := s.statement(q)
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	out := csv.NewWriter(&b)
	var lines [][]string
	for _, t := range w.statementTables(st) {
		for n, row := range t.Cells {
			what := t.Name
			if n == 0 {
				what = w.T("web.assessment.by")
			}
			if n > 0 || lines == nil { // the head is the same in all of them
				lines = append(lines, append([]string{what}, row...))
			}
		}
	}
	if err := out.WriteAll(lines); err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	q.w.Header().Set("Content-Disposition", `attachment; filename="statement-`+st.Period.String()+`.csv"`)
	_, _ = b.WriteTo(q.w) // the browser that went away needs no answer
	return nil
}

// statementXLSX is the same figures as a workbook, a sheet for each dimension, with
// the exceptions before them.
func (s *site) statementXLSX(q *request) error {
	st, err := s.statement(q)
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	exceptions := sheet.Table{Name: w.T("web.assessment.exceptions"), Cells: [][]string{{w.T("web.assessment.part"), w.T("web.assessment.figure"), w.T("web.assessment.bad"), w.T("web.assessment.den")}}}
	for _, e := range st.Exceptions(exceptionsMost) {
		exceptions.Cells = append(exceptions.Cells, []string{w.part(e.By, e.Key), w.Word("exception", e.Indicator), strconv.Itoa(e.Bad), strconv.Itoa(e.Den)})
	}
	q.w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	q.w.Header().Set("Content-Disposition", `attachment; filename="statement-`+st.Period.String()+`.xlsx"`)
	return sheet.Write(q.w, append([]sheet.Table{exceptions}, w.statementTables(st)...))
}

// statementTables are the figures as tables of text: the total, then each
// dimension.
func (w words) statementTables(st assessment.Statement) []sheet.Table {
	head := []string{w.T("web.assessment.part"), w.T("web.assessment.legs")}
	for _, i := range assessment.Indicators() {
		name := w.Word("indicator", i.Code)
		head = append(head, name, name+" "+w.T("web.assessment.num"), name+" "+w.T("web.assessment.den"))
	}
	table := func(name, by string, rows []assessment.Row) sheet.Table {
		t := sheet.Table{Name: name, Cells: [][]string{head}}
		for _, r := range rows {
			line := []string{w.part(by, r.Key), strconv.Itoa(r.Legs)}
			for _, c := range r.Cells {
				rate := ""
				if c.Den > 0 {
					rate = percent(c)
				}
				line = append(line, rate, strconv.Itoa(c.Num), strconv.Itoa(c.Den))
			}
			t.Cells = append(t.Cells, line)
		}
		return t
	}
	out := []sheet.Table{table(w.T("web.assessment.total"), "", []assessment.Row{st.Total})}
	for _, by := range assessment.Dimensions() {
		out = append(out, table(w.Word("dimension", by), by, st.By[by]))
	}
	return out
}

// BehindPage is the cases behind one figure.
type BehindPage struct {
	Page
	Indicator string
	Part      string
	Which     string // part of the figure: num, den, rest
	Legs      int
	Rows      []CaseRow
	Back      string
	Next      string // where the list goes on; "" it ends here
	Board     bool   // it is reached from the supervisor's board
}

func (s *site) behindPage(q *request) error {
	at, err := asOf(q)
	if err != nil {
		return err
	}
	b := desk.Behind{Period: q.field("period"), Indicator: q.field("indicator"), By: q.field("by"), Key: q.field("key"), Part: q.field("part"), AsOf: at, After: q.field("after")}
	if !slices.Contains([]string{desk.Numerator, desk.Denominator, desk.Rest}, b.Part) {
		b.Part = desk.Denominator
	}
	if b.By != "" && !slices.Contains(assessment.Dimensions(), b.By) {
		return hotline.Errorf(hotline.Invalid, "dimension_unknown", "by", b.By)
	}
	cases, n, err := s.desk.CasesBehind(q.ctx(), q.actor, b, hotline.PageMost+1)
	if err != nil {
		return err
	}
	cases, next := onward(q, cases)
	data := BehindPage{Page: s.page(q, "web.assessment.behind"), Indicator: b.Indicator, Part: s.pages[q.lang].words.part(b.By, b.Key), Which: b.Part, Legs: n, Rows: rows(cases), Next: next}
	back := url.Values{"period": {b.Period}}
	if day := q.field("as_of"); day != "" {
		back.Set("as_of", day)
	}
	data.Back = "/assessment?" + back.Encode()
	return s.show(q, "behind", data)
}

// onward is a page of cases, and where the list goes on after it.
func onward(q *request, cases []desk.CaseView) (page []desk.CaseView, next string) {
	if len(cases) <= hotline.PageMost {
		return cases, ""
	}
	query := q.URL.Query()
	query.Set("after", cases[hotline.PageMost-1].ID)
	return cases[:hotline.PageMost], q.URL.Path + "?" + query.Encode()
}

// assessmentRoutes are the pages of figures.
func (s *site) assessmentRoutes() []route {
	return []route{
		{pattern: "GET /assessment", right: hotline.SeeOverview, handle: s.statementPage},
		{pattern: "GET /assessment.xlsx", right: hotline.SeeOverview, handle: s.statementXLSX},
		{pattern: "GET /assessment.csv", right: hotline.SeeOverview, handle: s.statementCSV},
		{pattern: "GET /assessment/cases", right: hotline.SeeOverview, handle: s.behindPage},
	}
}

// Says is the chart of the half hours in words, for those who do not see it.
func (p StatementPage) Says() string { return barsInWords(p.Arrivals) }
