package web

import (
	"strings"
	"testing"
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
