package web

import (
	"fmt"
	"net/url"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/triage/learn"
)

// FiguresPage shows how triage did against what people decided.
type FiguresPage struct {
	Page
	Since  time.Time
	Weeks  int
	All    AgreementRow
	Tables []AgreementTable
	Report learn.Report // what make eval found of the model that ships
}

// Caught says how many of a group raised an alarm, and between which shares the
// truth lies with 95 % certainty.
func (FiguresPage) Caught(a learn.Alarm) string {
	return fmt.Sprintf("%d/%d (%.0f–%.0f%%)", a.Alarms, a.N, 100*a.Low, 100*a.High)
}

// AgreementTable is the figures cut one way.
type AgreementTable struct {
	ID   string // classes, regions, weeks
	Rows []AgreementRow
}

// AgreementRow is the figures of one class, region or week.
type AgreementRow struct {
	store.Agreement
	Name string
	Path string // the cases behind it; "" where there is no such list
}

// Rate is a share with what it is a share of: "87% (26/30)"; a dash of nothing.
func (AgreementRow) Rate(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f%% (%d/%d)", 100*float64(part)/float64(whole), part, whole)
}

func (s *site) figuresPage(q *request) error {
	f, err := s.desk.TriageFigures(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	path := func(name, code string) string {
		if !q.actor.Has(hotline.SeeCases) {
			return ""
		}
		return "/cases?" + url.Values{name: {code}}.Encode()
	}
	data := FiguresPage{Page: s.page(q, "web.figures.title"), Report: learn.Published(), Since: f.Since, Weeks: desk.FigureWeeks, All: AgreementRow{Agreement: f.All}}
	classes, regions, weeks := AgreementTable{ID: "classes"}, AgreementTable{ID: "regions"}, AgreementTable{ID: "weeks"}
	for _, a := range f.Classes {
		name := w.T("web.figures.no_class")
		if a.Category != "" {
			name = a.Category + " " + w.Class(a.Category)
		}
		classes.Rows = append(classes.Rows, AgreementRow{Agreement: a, Name: name, Path: path("category", a.Category)})
	}
	for _, a := range f.Regions {
		regions.Rows = append(regions.Rows, AgreementRow{Agreement: a, Name: w.Region(a.Region), Path: path("region", a.Region)})
	}
	for _, a := range f.Weeks {
		weeks.Rows = append(weeks.Rows, AgreementRow{Agreement: a, Name: w.T("web.figures.week", a.Week.In(calendar.Zone).Format(time.DateOnly))})
	}
	data.Tables = []AgreementTable{classes, regions, weeks}
	return s.show(q, "figures", data)
}
