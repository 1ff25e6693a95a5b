package web

import (
	"encoding/csv"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/sheet"
)

// Each kind of report is reached from every other, around the same days, and the
// one before it; what has not begun is not offered.
func TestReports(t *testing.T) {
	w := newWorld(t)
	boss := w.gov.as("supervisor")
	for period, want := range map[string][]string{
		"":                         {"月度通报 2026-03", "period=2026-02", "period=2026-03-11", "period=2026-W11", "period=2026"},
		"period=2026-03-11":        {"每日简报 2026-03-11", "period=2026-03-10"},
		"period=2026-W11":          {"每周情况 2026-W11", "period=2026-W10"},
		"period=2026":              {"年度报告 2026", "period=2025"},
		"period=2025-12":           {"月度通报 2025-12", "period=2026-01", "period=2025-12-31", "period=2026-W01"},
		"kind=week&day=2026-03-08": {"每周情况 2026-W10", "period=2026-W11"},
	} {
		p := boss.get("/assessment?" + period)
		for _, text := range want {
			if !strings.Contains(p.body, text) {
				t.Errorf("%q: no %q on the page", period, text)
			}
		}
		if strings.Contains(p.body, "period=2026-04") || strings.Contains(p.body, "period=2027") {
			t.Errorf("%q: leads to what has not begun", period)
		}
	}
	for query, text := range map[string]string{"kind=decade": "不是日期", "kind=day&day=soon": "soon"} {
		if p := boss.get("/assessment?" + query); p.status != 422 || !strings.Contains(p.body, text) {
			t.Errorf("%s: got %d, want 422 and %q", query, p.status, text)
		}
	}
	if p := boss.get("/assessment.xlsx?period=2026-03"); p.status != 200 || !strings.HasPrefix(p.body, "PK") {
		t.Errorf("the workbook: %d, %.20q", p.status, p.body)
	}
}

// The workbook and the lines of text hold the same figures.
func TestReportFiles(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	boss := w.gov.as("supervisor")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(boss.get("/assessment.csv").body, "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tables, err := sheet.Read(strings.NewReader(boss.get("/assessment.xlsx").body))
	if err != nil {
		t.Fatal(err)
	}
	n := 1 // after the head
	for _, table := range tables[1:] {
		for _, row := range table.Cells[1:] {
			for len(row) < len(lines[0])-1 {
				row = append(row, "") // a workbook leaves out what is empty at the end
			}
			if n >= len(lines) || lines[n][0] != table.Name || !slices.Equal(lines[n][1:], row) {
				t.Fatalf("row %d: the workbook has %s %q, the lines of text another", n, table.Name, row)
			}
			n++
		}
	}
	if n != len(lines) || n < 4 || lines[1][2] != "1" {
		t.Errorf("got %d rows of %d, %q first, want all with the one leg", n, len(lines), lines[1])
	}
}

// A list behind a figure goes on page by page, and keeps what it was asked for.
func TestBehindGoesOn(t *testing.T) {
	cases := make([]desk.CaseView, hotline.PageMost+1)
	for i := range cases {
		cases[i].ID = fmt.Sprintf("c%04d", i)
	}
	r := httptest.NewRequest("GET", "/assessment/cases?period=2026-03&indicator=solved&after=x", nil)
	page, next := onward(&request{Request: r}, cases)
	if want := "/assessment/cases?after=c0199&indicator=solved&period=2026-03"; len(page) != hotline.PageMost || next != want {
		t.Errorf("got %d cases and %s, want %d and %s", len(page), next, hotline.PageMost, want)
	}
	if page, next := onward(&request{Request: r}, cases[1:]); len(page) != hotline.PageMost || next != "" {
		t.Errorf("the last page: got %d cases and %q, want all and nothing more", len(page), next)
	}
}
