package web

import (
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// What cannot be is refused on the pages with a sentence that says why, and
// nothing is changed.
func TestBadTimes(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	ctx := t.Context()
	d, lead := w.gov.desk, w.gov.of(hotline.ShiftLeader)
	editor, leader, clerk := w.gov.as("editor"), w.gov.as("leader"), w.gov.as("clerk")
	says := func(what string, a answer, status int, sentence string) {
		t.Helper()
		if a.status != status || !strings.Contains(html.UnescapeString(a.body), sentence) {
			t.Errorf("%s: got %d, want %d and %q", what, a.status, status, sentence)
		}
	}

	says("a report for next month", leader.get("/assessment?period=2026-04"), 422, "2026-04 还没有开始，不能出通报")
	says("a report as of tomorrow", leader.get("/assessment?period=2026-03&as_of=2026-03-12"), 422, "还没有到")
	says("a report for no month", leader.get("/assessment?period=2026-13"), 422, "不是日期")

	draft := editor.post("/catalogue/drafts", url.Values{"title": {"测试草案"}, "base": {d.Catalogue().Version}}).location
	limit := url.Values{"version": {"1"}, "class": {"A14"}, "area": {"*"}, "kind": {"handling"}, "budget": {"0wd"}, "source": {"P"}}
	says("a limit of zero", editor.post(draft+"/limit", limit), 422, "时限不对（0wd），应为不为零的整数加单位")
	limit.Set("class", "Z9")
	limit.Set("budget", "5wd")
	says("a limit for a class that is none", editor.post(draft+"/limit", limit), 422, "没有类别“Z9”")
	ladder := url.Values{"version": {"1"}, "class": {"A14"}, "kind": {"handling"}, "unit": {"*"}, "at_near": {"-1wd"}, "source_near": {"P"}}
	says("a ladder that never ends", editor.post(draft+"/ladder", ladder), 422, "没有尽头")
	ladder.Set("at_order", "+30m")
	ladder.Set("source_order", "P")
	ladder.Set("at_red", "+3wd")
	ladder.Set("source_red", "P")
	says("a rung out of order", editor.post(draft+"/ladder", ladder), 422, "督办（+30m）不晚于红牌（+3wd）")
	says("the ladder for all", editor.post(draft+"/ladder/drop", url.Values{"version": {"1"}, "class": {"*"}, "kind": {"*"}, "unit": {"*"}}), 422, "缺少兜底的阶梯")
	if page := editor.get(draft); strings.Contains(page.body, "<ins>") || strings.Contains(page.body, "<del>") {
		t.Error("a refusal changed the draft")
	}

	c, _, err := d.Intake(ctx, lead, desk.In{Text: "测试路灯坏了三天没人修", Channel: "phone", Region: "540102", Category: "A14"})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = d.SendLegs(ctx, lead, c.ID, nil, []desk.Order{{To: "unit:540102-urban", Role: leg.Lead}}); err != nil {
		t.Fatal(err)
	}
	id := c.Legs[0].ID
	if _, err := d.Act(ctx, hotline.Actor{ID: "u", Name: "测试承办", Role: hotline.Clerk, Platform: lead.Platform, Unit: "540102-urban"}, id, desk.Do{Verb: leg.Accept}); err != nil {
		t.Fatal(err)
	}
	suspend := url.Values{"leg": {id}, "ground": {"weather"}, "suspend_from": {"2026-03-12"}, "suspend_to": {"2026-03-14"}, "why": {"测试：大雪封山"}}
	if a := leader.post("/cases/"+c.ID+"/suspensions", suspend); a.status != 303 {
		t.Fatalf("suspended: %d %s", a.status, a.body)
	}
	suspend.Set("suspend_from", "2026-03-14")
	suspend.Set("suspend_to", "2026-03-20")
	says("overlapping suspensions", leader.post("/cases/"+c.ID+"/suspensions", suspend), 409, "与已登记的中止重叠")

	w.clock.Add(30 * 24 * time.Hour)
	due := w.clock.Now().Add(72 * time.Hour).Format("2006-01-02T15:04")
	says("an extension after the deadline", clerk.post("/legs/"+id+"/extend", url.Values{"due": {due}, "note": {"测试"}}), 409, "期限已过，不能再申请延期")
	says("a suspension asked after the deadline", clerk.post("/legs/"+id+"/stop", url.Values{"stop_ground": {"weather"}, "stop_to": {due}}), 409, "已过，不能再申请中止")
	l, err := d.Leg(ctx, lead, id)
	if err != nil || l.Pending != "" {
		t.Errorf("a refusal left an ask: %q, %v", l.Pending, err)
	}
	if ledger, err := d.Suspensions(ctx, lead, c.ID); err != nil || len(ledger) != 1 {
		t.Errorf("ledger %+v, %v", ledger, err)
	}
}

// Who can see to it is told two months before the calendar ends, on every page.
func TestCalendarRunsOut(t *testing.T) {
	w := newWorld(t)
	if strings.Contains(w.gov.as("leader").get("/overview").body, "calendar-ends") {
		t.Error("told in March")
	}
	w.clock.Add(240 * 24 * time.Hour) // November
	if a := w.gov.as("leader").get("/overview"); !strings.Contains(a.body, "calendar-ends") || !strings.Contains(a.body, "只到 2027-01-01 之前") {
		t.Error("the shift leader is not told")
	}
	if a := w.gov.as("administrator").get("/notices/log"); !strings.Contains(a.body, "calendar-ends") {
		t.Error("the administrator is not told")
	}
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "leader", "#calendar-ends")
	look(t, b, "calendar-ends")
	if a := w.gov.as("clerk").get("/inbox"); strings.Contains(a.body, "calendar-ends") {
		t.Error("a unit is told, which can do nothing about it")
	}
}
