package web

import (
	"net/url"
	"strings"
	"testing"
)

// A time limit is asked for as a number and a unit, and read in words.
func TestBudgetInWords(t *testing.T) {
	w := newWorld(t)
	c := w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	boss := w.gov.as("supervisor")
	page := boss.get("/cases/" + c.caseID() + "/orders")
	refused := boss.submit(page, "#issue form", url.Values{"demand": {""}, "budget_n": {"4"}, "budget_unit": {"wh"}})
	if got := refused.one("#issue input[name=budget_n]").attrs["value"]; refused.status != 422 || got != "4" {
		t.Errorf("refused: got %d and %q, want 422 and the 4 that was given", refused.status, got)
	}
	order := boss.follow(boss.submit(refused, "#issue form", url.Values{"demand": {"请说明为何三天未修"}, "budget_n": {"2"}, "budget_unit": {"h"}}))
	if left := order.one("[data-unit] .left").text(); !strings.Contains(left, "小时") {
		t.Errorf("an order for two hours says %q", left)
	}
	zh := words{lang: "zh-CN"}
	for limit, want := range map[string]string{"5wd": "5 个工作日", "4wh": "4 个工作时", "30m": "30 分钟", "2h": "2 小时", "+3wd": "到期后 3 个工作日", "-1wd": "到期前 1 个工作日",
		"75%": "用到 75%", "odd": "odd", "": ""} {
		if got := zh.Budget(limit); got != want {
			t.Errorf("%q: got %q, want %q", limit, got, want)
		}
	}
}
