package web

import (
	"testing"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// A unit asks on its page that the time limit stand still, is told when it asks
// for what cannot be, and the shift leader agrees by one click.
func TestStopInABrowser(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	c, _, err := w.gov.desk.Intake(ctx, w.gov.of(hotline.ShiftLeader), desk.In{Text: "测试外墙渗水需要鉴定", Channel: "phone", Region: "540102", Category: "A14", CallerName: "张测试"})
	if err != nil {
		t.Fatal(err)
	}
	c, err = w.gov.desk.SendLegs(ctx, w.gov.of(hotline.ShiftLeader), c.ID, nil, []desk.Order{{To: "unit:540102-urban", Role: leg.Lead}})
	if err != nil {
		t.Fatal(err)
	}
	id := c.Legs[0].ID
	unit := hotline.Actor{ID: "u", Name: "测试承办", Role: hotline.Clerk, Platform: w.gov.node.Platform, Unit: "540102-urban"}
	if _, err := w.gov.desk.Act(ctx, unit, id, desk.Do{Verb: leg.Accept}); err != nil {
		t.Fatal(err)
	}
	clerk := browsertest.Open(t, w.gov.url)
	signIn(clerk, "clerk", "#sign-out")
	clerk.Go("/legs/" + id)
	clerk.Click("details[data-open=stop] summary")
	clerk.Fill("[name=stop_ground]", "others")
	clerk.Fill("[name=stop_to]", "2026-03-10T09:00")
	clerk.Click("button[data-verb=stop]")
	clerk.WaitText("#fault", "须晚于开始时间和现在")
	look(t, clerk, "leg-stop")
	clerk.Console() // the browser tells of the refusal
	clerk.Fill("[name=stop_to]", "2026-03-18T00:00")
	clerk.Fill("[data-form=stop] [name=note]", "测试：等鉴定意见")
	clerk.Click("button[data-verb=stop]")
	clerk.WaitVisible("#flash")
	clerk.WaitText("[data-stop=others]", "等待检测、鉴定")

	leader := browsertest.Open(t, w.gov.url)
	signIn(leader, "leader", "#counts")
	leader.Go("/cases/" + c.ID)
	leader.WaitText("[data-stop=others]", "03-18 00:00")
	leader.WaitText("main", "不同意中止")
	leader.WaitText("main", "改为延期")
	look(t, leader, "case-stop")
	leader.Click("button[data-verb=grant_stop]")
	leader.WaitText("#flash", "已登记中止")
	if n := leader.Count("[data-stop]"); n != 0 {
		t.Error("the ask is still open")
	}
	leader.Go("/cases/" + c.ID + "/orders")
	leader.WaitText("main", "等待检测、鉴定")
}
