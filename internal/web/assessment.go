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
)

// assessmentPages are the templates of these pages.
var assessmentPages = []string{"assessment", "behind"}

// Assessment is what the pages of figures ask of the desk.
type Assessment interface {
	Statement(ctx context.Context, a hotline.Actor, month string, asOf time.Time) (assessment.Statement, error)
	CasesBehind(ctx context.Context, a hotline.Actor, b desk.Behind, limit int) ([]desk.CaseView, int, error)
}

// StatementPage is the monthly statement.
type StatementPage struct {
	Page
	assessment.Statement
	Wish       string // the month asked for, as typed
	AsOfDay    string // the day it is made for; "" now
	Indicators []assessment.Indicator
	Total      StatementRow
	Tables     []StatementTable
	CSV        string
}

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
	Num, Den         int
	Percent          string // "" where nothing is counted
	NumPath, DenPath string
}

func (s *site) statementPage(q *request) error {
	st, err := s.statement(q)
	if err != nil {
		return err
	}
	v := url.Values{"month": {st.Month}}
	day := q.field("as_of")
	if day != "" {
		v.Set("as_of", day)
	}
	data := StatementPage{Page: s.page(q, "web.assessment.title"), Statement: st, Wish: st.Month, AsOfDay: day, Indicators: assessment.Indicators(), CSV: "/assessment.csv?" + v.Encode()}
	w := s.pages[q.lang].words
	data.Total = w.statementRow(st.Total, v, "")
	for _, by := range assessment.Dimensions() {
		if t := (StatementTable{By: by}); len(st.By[by]) > 0 {
			for _, r := range st.By[by] {
				t.Rows = append(t.Rows, w.statementRow(r, v, by))
			}
			data.Tables = append(data.Tables, t)
		}
	}
	return s.show(q, "assessment", data)
}

// statement makes the statement that the query asks for: this month, now,
// where it names none.
func (s *site) statement(q *request) (assessment.Statement, error) {
	month := q.field("month")
	if month == "" {
		month = s.desk.Now().In(calendar.Zone).Format("2006-01")
	}
	at, err := asOf(q)
	if err != nil {
		return assessment.Statement{}, err
	}
	return s.desk.Statement(q.ctx(), q.actor, month, at)
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
		path := url.Values{"by": {by}, "key": {r.Key}, "indicator": {assessment.Indicators()[i].Code}}
		for k, x := range v {
			path[k] = x
		}
		cell := StatementCell{Num: c.Num, Den: c.Den, DenPath: "/assessment/cases?" + path.Encode()}
		path.Set("part", "num")
		cell.NumPath = "/assessment/cases?" + path.Encode()
		if c.Den > 0 {
			cell.Percent = fmt.Sprintf("%.1f%%", 100*float64(c.Num)/float64(c.Den))
		}
		out.Cells = append(out.Cells, cell)
	}
	return out
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
	head := []string{w.T("web.assessment.by"), w.T("web.assessment.part"), w.T("web.assessment.legs")}
	for _, i := range assessment.Indicators() {
		name := w.Word("indicator", i.Code)
		head = append(head, name+" "+w.T("web.assessment.num"), name+" "+w.T("web.assessment.den"))
	}
	lines := [][]string{head}
	for _, by := range append([]string{""}, assessment.Dimensions()...) {
		rows := st.By[by]
		if by == "" {
			rows = []assessment.Row{st.Total}
		}
		for _, r := range rows {
			line := []string{w.Word("dimension", by), w.part(by, r.Key), strconv.Itoa(r.Legs)}
			for _, c := range r.Cells {
				line = append(line, strconv.Itoa(c.Num), strconv.Itoa(c.Den))
			}
			lines = append(lines, line)
		}
	}
	if err := out.WriteAll(lines); err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	q.w.Header().Set("Content-Disposition", `attachment; filename="statement-`+st.Month+`.csv"`)
	_, _ = b.WriteTo(q.w) // the browser that went away needs no answer
	return nil
}

// BehindPage is the cases behind one figure.
type BehindPage struct {
	Page
	Indicator string
	Part      string
	Num       bool
	Legs      int
	Rows      []CaseRow
	Back      string
	Board     bool // it is reached from the supervisor's board
}

func (s *site) behindPage(q *request) error {
	at, err := asOf(q)
	if err != nil {
		return err
	}
	b := desk.Behind{Month: q.field("month"), Indicator: q.field("indicator"), By: q.field("by"), Key: q.field("key"), Num: q.field("part") == "num", AsOf: at}
	if b.By != "" && !slices.Contains(assessment.Dimensions(), b.By) {
		return hotline.Errorf(hotline.Invalid, "dimension_unknown", "by", b.By)
	}
	cases, n, err := s.desk.CasesBehind(q.ctx(), q.actor, b, hotline.PageMost)
	if err != nil {
		return err
	}
	data := BehindPage{Page: s.page(q, "web.assessment.behind"), Indicator: b.Indicator, Part: s.pages[q.lang].words.part(b.By, b.Key), Num: b.Num, Legs: n, Rows: rows(cases)}
	back := url.Values{"month": {b.Month}}
	if day := q.field("as_of"); day != "" {
		back.Set("as_of", day)
	}
	data.Back = "/assessment?" + back.Encode()
	return s.show(q, "behind", data)
}

// assessmentRoutes are the pages of figures.
func (s *site) assessmentRoutes() []route {
	return []route{
		{pattern: "GET /assessment", right: hotline.SeeOverview, handle: s.statementPage},
		{pattern: "GET /assessment.csv", right: hotline.SeeOverview, handle: s.statementCSV},
		{pattern: "GET /assessment/cases", right: hotline.SeeOverview, handle: s.behindPage},
	}
}
