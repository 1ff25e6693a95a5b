package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// worked gives units legs of this month, most of them signed in time, until
// every limit to sign has passed.
func (w *world) worked() {
	w.t.Helper()
	ctx := w.t.Context()
	lead := hotline.Actor{ID: "leader", Name: "测试班长", Role: hotline.ShiftLeader, Platform: w.gov.node.Platform}
	for i, unit := range []string{"540102-urban", "540102-housing", "540102-market"} {
		n := 12
		if i == 2 {
			n = 3
		}
		for j := range n {
			v, _, err := w.gov.desk.Intake(ctx, lead, desk.In{Text: "小区门口的井盖坏了三天没有人来修", Channel: "web", Region: "540102"})
			if err == nil {
				v, err = w.gov.desk.SendLegs(ctx, lead, v.ID, nil, []desk.Order{{To: "unit:" + unit, Ask: "请办理", Role: leg.Lead}})
			}
			clerk := hotline.Actor{ID: "clerk-" + unit, Name: "测试承办", Role: hotline.Clerk, Platform: w.gov.node.Platform, Unit: unit}
			if err == nil && j > i { // one is not signed, of the second unit two
				_, err = w.gov.desk.Act(ctx, clerk, v.Legs[0].ID, desk.Do{Verb: leg.Accept})
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.clock.Add(7 * 24 * time.Hour)
}

// The desk sees all units and follows a figure to its cases; a unit sees itself,
// objects to a figure, and reads the answer beside it.
func TestScorePages(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	const signed = "#account tr[data-indicator=signed_on_time]"
	clerk, leader := w.gov.as("clerk"), w.gov.as("leader")
	for who, p := range map[string]*person{"clerk": clerk, "leader": leader} {
		if got := p.get("/assessment/scores").count("#empty"); got != 1 {
			t.Errorf("%s, before anything was sent: got %d empty states, want one", who, got)
		}
	}
	w.worked()
	all := leader.get("/assessment/scores")
	// 11 of 12 signed is (91.67-90)/(100-90) of 37.50 points; 10 of 12 is below the
	// zero mark, and nothing is answered.
	if got := all.one("#scored tr[data-unit=540102-urban]").text(); all.count("#scored tbody tr") != 2 || !strings.Contains(got, "得 6.25 / 37.50 分") || !strings.Contains(got, "91.7%") {
		t.Errorf("the scores: got %q, want 6.25 points for 91.7%%", got)
	}
	if got := all.one("#apart tbody").text(); !strings.Contains(got, "计入 3 个环节，不足 10 个") {
		t.Errorf("apart: got %q", got)
	}
	for _, a := range all.page().all(t, "#scored a") {
		behind := leader.get(a.attrs["href"])
		if n := len(behind.page().all(t, "tr[data-case]")); behind.status != http.StatusOK || a.text() != "0" && n == 0 {
			t.Errorf("%s leads to %d with %d cases, want those of the figure %s", a.attrs["href"], behind.status, n, a.text())
		}
	}

	own := clerk.get("/assessment/scores")
	if got := own.one("#own").text(); !strings.Contains(got, "6.25") || own.count("#scored")+own.count("#apart") != 0 || strings.Contains(own.body, "540102-housing") || strings.Contains(own.body, "住房") {
		t.Errorf("a unit's page: got %q, want its own score and no other unit", got)
	}
	if got := own.one(signed).text(); !strings.Contains(got, "37.50") || !strings.Contains(got, "100% 满分，90% 零分") {
		t.Errorf("the account: got %q", got)
	}
	if n := own.count("#account form"); n != 2 {
		t.Errorf("got %d forms, want one for each of the two figures that are counted", n)
	}
	link := own.one(signed + " a[href=/assessment/scores/cases?indicator=signed_on_time&month=2026-03&part=num]")
	if n := clerk.get(link.attrs["href"]).count("tr[data-case]"); n != 11 {
		t.Errorf("behind the figure a unit sees %d cases, want its 11", n)
	}
	if got := clerk.get("/assessment/cases?month=2026-03&indicator=signed_on_time&by=unit&key=540102-housing").status; got != http.StatusForbidden {
		t.Errorf("a unit asks for another's cases: got %d, want 403", got)
	}

	refused := clerk.submit(own, signed+" form", url.Values{"reason": {" "}})
	if refused.status != http.StatusBadRequest && refused.status != http.StatusUnprocessableEntity || refused.count("#account details[open]") != 1 {
		t.Errorf("no reason: got %d, want the form again", refused.status)
	}
	after := clerk.follow(clerk.submit(own, signed+" form", url.Values{"reason": {"有一件是系统故障时派来的"}}))
	if got := after.one(signed).text(); !strings.Contains(got, "已申诉 · 待办") || after.count(signed+" form") != 0 || after.count("#account form") != 1 {
		t.Errorf("after the objection: got %q, want its state and no second form", got)
	}
	if again := clerk.submit(own, signed+" form", url.Values{"reason": {"再来一次"}}); again.status != http.StatusConflict || !strings.Contains(again.one("#fault").text(), "已有一件申诉在办") {
		t.Errorf("again: got %d %q", again.status, again.one("#fault").text())
	}
	seen := w.gov.as("supervisor").get("/assessment/scores")
	pill := seen.one("#scored tr[data-unit=540102-urban] .pill")
	if c := leader.get(pill.attrs["href"]); c.status != http.StatusOK || !strings.Contains(c.body, "系统故障") || !strings.Contains(pill.text(), "已申诉") {
		t.Errorf("the supervisor's page leads to %q (%d)", pill.attrs["href"], c.status)
	}
	path := strings.TrimSuffix(pill.attrs["href"], "/") + "/close"
	leader.follow(leader.post(path, url.Values{"outcome": {"explained"}, "told": {"经核对，维持原数"}}))
	if got := clerk.get("/assessment/scores").one("#objections").text(); !strings.Contains(got, "维持原数") || !strings.Contains(got, "已办结") {
		t.Errorf("the answer on the unit's page: got %q", got)
	}
	told := clerk.get("/notices")
	if at := told.one("tr[data-rung=answered] a").attrs["href"]; at != "/assessment/scores?month=2026-03" || clerk.get(at).count("#objections") != 1 || told.one("#bell").text() == "" {
		t.Errorf("the notice of the answer leads to %s, want the sheet with it", at)
	}
	if got := w.gov.as("clerk2").get("/assessment/scores"); got.count("#objections") != 0 || strings.Contains(got.body, "维持原数") {
		t.Error("another unit sees the objection")
	}
	if got := w.gov.as("operator").get("/assessment/scores").status; got != http.StatusForbidden {
		t.Errorf("an operator: got %d, want 403", got)
	}
	clerk.post("/language", url.Values{"language": {"en"}})
	if got := clerk.get("/assessment/scores"); !strings.Contains(got.one("#account").text(), "full at 100%, zero at 90%") || !strings.Contains(got.one(".head h1").text(), "Scores") {
		t.Errorf("in English: got %q", got.one("#account").text())
	}
}

// An editor publishes a scheme by the form and by the exported table; all that is
// wrong is told at once, with what was typed kept.
func TestSchemePages(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	editor := w.gov.as("editor")
	page := editor.get("/assessment/scheme")
	if page.count("#shown tbody tr") != 6 || page.count("#versions tbody tr") != 1 || !strings.Contains(page.one("#shown").text(), "建议方案") {
		t.Errorf("at first: got %q", page.one("#shown").text())
	}
	if w.gov.as("supervisor").get("/assessment/scheme").count("#edit") != 0 {
		t.Error("a supervisor is offered the form")
	}
	bad := editor.submit(page, "#scheme-form", url.Values{"basis": {"测试办法"}, "weight_signed_on_time": {"14"}, "full_solved": {"60"}})
	if got := bad.one("#fault").text(); !strings.Contains(got, "权重合计为 99") || !strings.Contains(got, "解决率的满分线和零分线相同") || bad.one("#weight_signed_on_time").attrs["value"] != "14" {
		t.Errorf("two faults: got %q", got)
	}
	for field, value := range map[string]string{"weight_solved": "x", "full_solved": "90.55", "least": ""} {
		got := editor.submit(page, "#scheme-form", url.Values{"basis": {"测试办法"}, field: {value}})
		if !strings.Contains(got.one("#fault").text(), "不是可用的数") {
			t.Errorf("%s %q: got %q", field, value, got.one("#fault").text())
		}
	}
	if got := editor.submit(page, "#scheme-form", url.Values{"basis": {"测试办法"}, "from": {"2026-03"}}); !strings.Contains(got.one("#fault").text(), "不是以后的月份") {
		t.Errorf("this month: got %q", got.one("#fault").text())
	}
	done := editor.follow(editor.submit(page, "#scheme-form", url.Values{"basis": {"测试办法"}, "weight_signed_on_time": {"10"}, "weight_solved": {"25"}}))
	if got := done.one("#shown").text(); !strings.Contains(got, "2026-04") || !strings.Contains(got, "测试办法") || !strings.Contains(done.one("#shown tr[data-indicator=solved]").text(), "Gaoan") || done.count("#versions tbody tr") != 2 {
		t.Errorf("published: got %q", got)
	}

	table := editor.get("/assessment/scheme.csv?version=2026-04.1")
	if !strings.HasPrefix(table.body, "\uFEFFwhat,number,full,zero,source\nleast_legs,10,,,\nsigned_on_time,10,100,90,") {
		t.Errorf("the table: got %q", table.body)
	}
	form := url.Values{"table_from": {"2026-06"}, "table_basis": {"测试办法二"}}
	changed := strings.Replace(table.body, "least_legs,10", "least_legs,20", 1)
	if got := editor.follow(editor.sendFile("/assessment/scheme/table", form, "方案.csv", []byte(changed))); !strings.Contains(got.one("#shown").text(), "满 20 个环节") {
		t.Errorf("by a file: got %q", got.one("#shown").text())
	}
	form.Set("csv", strings.TrimPrefix(changed, "\uFEFF"))
	if got := editor.follow(editor.post("/assessment/scheme/table", form)); !strings.Contains(got.one("h1").text(), "2026-06.2") {
		t.Errorf("pasted: got %q", got.one("h1").text())
	}
	form.Set("csv", "what,number,full,zero,source\nsolved,viel,90,60,\n")
	if got := editor.post("/assessment/scheme/table", form); !strings.Contains(got.one("#fault").text(), "第 2 行读不懂：viel") || got.count("#table[open]") != 1 {
		t.Errorf("a table that cannot be read: got %q", got.one("#fault").text())
	}
	if got := editor.get("/assessment/scheme?version=none").status; got != http.StatusNotFound {
		t.Errorf("no such version: got %d, want 404", got)
	}
	if x, _ := assessment.Find(assessment.Misdirected); strings.Contains(page.one("#edit").text(), x.Code) || page.count("#weight_misdirected") != 0 {
		t.Error("the form offers what counts transfers")
	}
}

func TestScoresInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	w.worked()
	clerk := browsertest.Open(t, w.gov.url)
	signIn(clerk, "clerk", "#list")
	clerk.Click(".nav-main a[href='/assessment/scores']")
	clerk.WaitVisible("#account")
	clerk.Click("#account [data-open=object-signed_on_time] summary")
	look(t, clerk, "score-own")
	clerk.Fill("#reason-signed_on_time", "有一件是系统故障时派来的，请核对派出时间")
	clerk.Click("[data-open=object-signed_on_time] [data-do=object]")
	clerk.WaitVisible("#objections")
	look(t, clerk, "score-objected")
	clerk.Click("form[action='/language'] button")
	clerk.WaitText("h1", "Scores")
	look(t, clerk, "score-own-en")

	leader := browsertest.Open(t, w.gov.url)
	signIn(leader, "leader", "#counts")
	leader.Go("/assessment")
	leader.Click("#scores")
	leader.WaitVisible("#scored")
	look(t, leader, "scores")
	leader.Click("form[action='/language'] button")
	leader.WaitText("h1", "Scores")
	look(t, leader, "scores-en")

	editor := browsertest.Open(t, w.gov.url)
	signIn(editor, "editor", "#sign-out")
	editor.Go("/assessment/scheme")
	look(t, editor, "scheme")
	editor.Click("#table summary")
	look(t, editor, "scheme-table")
}
