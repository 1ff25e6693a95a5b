package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// of is somebody at the desk in a role.
func (p *platform) of(role hotline.Role) hotline.Actor {
	return hotline.Actor{ID: "x", Name: "测试", Role: role, Platform: p.node.Platform}
}

// runOver gives a case to a unit and lets it run over, up to the order.
func (w *world) runOver() (number string) {
	w.t.Helper()
	ctx := w.t.Context()
	d := w.gov.desk
	c, _, err := d.Intake(ctx, w.gov.of(hotline.ShiftLeader), desk.In{Text: "测试路灯坏了三天没人修", Channel: "phone", Region: "540102", Category: "A14", CallerName: "张测试"})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err = d.SendLegs(ctx, w.gov.of(hotline.ShiftLeader), c.ID, nil, []desk.Order{{To: "unit:540102-urban", Role: leg.Lead}})
	if err != nil {
		w.t.Fatal(err)
	}
	for range 20 * 24 {
		w.clock.Add(time.Hour)
		if _, err := d.FireClocks(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	return c.Number
}

// What a rung tells stands on the screens of the unit and of the desk, and the
// administrator says where else it goes.
func TestNoticesInABrowser(t *testing.T) {
	w := newWorld(t)
	root := browsertest.Open(t, w.gov.url)
	signIn(root, "administrator", "#sign-out")
	root.Go("/notices/log")
	root.WaitVisible("#empty")
	look(t, root, "notice-log-empty")
	root.Fill("#name", "城管局值班室")
	root.Fill("#unit", "城关区城市管理和综合执法局")
	root.Fill("#channel_by", "webhook")
	root.Fill("#address", "不是网址")
	root.Click("#add #primary")
	root.WaitText("#add #fault", "地址不像网络回调的地址")
	root.Console() // the browser tells of the refusal
	root.Fill("#address", "http://127.0.0.1:9/robot")
	root.Fill("#rung", "remind")
	root.Click("#add #primary")
	root.WaitText("#recipients", "http://127.0.0.1:9/***")
	w.runOver()
	root.Go("/notices/log")
	root.WaitVisible("#log [data-state=waiting]")
	look(t, root, "notice-log")

	clerk := browsertest.Open(t, w.gov.url)
	signIn(clerk, "clerk", "#sign-out")
	clerk.WaitVisible("#bell .bell-n")
	look(t, clerk, "inbox-bell")
	clerk.Click("#bell")
	clerk.WaitVisible("tr[data-rung=order]")
	look(t, clerk, "notices")
	clerk.Click("#do-see")
	clerk.WaitVisible("#flash")
	if n := clerk.Count("#bell .bell-n"); n != 0 {
		t.Errorf("the bell still rings")
	}
	leader := browsertest.Open(t, w.gov.url)
	signIn(leader, "leader", "#counts")
	leader.Go("/notices")
	leader.WaitVisible("tr[data-rung=over]")
	if n := leader.Count("tr[data-rung=remind]"); n != 0 {
		t.Errorf("the desk is told of %d reminders to a unit, want none", n)
	}
	look(t, leader, "notices-desk")
}

// A message that may have arrived is sent again by a person alone; one whose
// end is known is not.
func TestNoticeLogPage(t *testing.T) {
	w := newWorld(t)
	root := w.gov.as("administrator")
	form := url.Values{"name": {"测试"}, "unit": {"540102-urban"}, "channel_by": {"webhook"}, "address": {"http://127.0.0.1:9/r"}, "rung": {"over"}, "quiet": {""}, "language": {"zh-CN"}}
	if a := root.post("/notices/recipients", form); a.status != 303 {
		t.Fatalf("added: %d %s", a.status, a.body)
	}
	for _, c := range []struct{ field, value, says string }{
		{"address", "ftp://x", "地址不像"}, {"channel_by", "pigeon", "没有配置"}, {"quiet", "夜里", "免扰时段"}, {"unit", "没有的局", "没有名称或代码"}, {"rung", "black", "没有“black”"},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(c.field, c.value)
		if a := root.post("/notices/recipients", bad); a.status == 303 || !strings.Contains(a.body, c.says) {
			t.Errorf("%s %s: %d, want %q", c.field, c.value, a.status, c.says)
		}
	}
	all, err := w.gov.desk.NoticeRecipients(t.Context(), w.gov.of(hotline.Administrator))
	if err != nil || len(all) != 1 {
		t.Fatalf("%d recipients, %v", len(all), err)
	}
	number := w.runOver()
	log, err := w.gov.desk.NoticeLog(t.Context(), w.gov.of(hotline.ShiftLeader), "", false, 10)
	if err != nil || len(log) != 1 {
		t.Fatalf("log %+v, %v", log, err)
	}
	leader := w.gov.as("leader")
	if a := leader.post("/notices/log/"+log[0].ID+"/resend", nil); a.status != 409 || !strings.Contains(a.body, "结果是明确的") {
		t.Errorf("sent again while it waits: %d", a.status)
	}
	ctx := t.Context()
	unsure := log[0].NoticeMessage
	unsure.State, unsure.NextAt = store.NoticeUnsure, time.Time{}
	if err := w.gov.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.MoveNoticeMessage(ctx, log[0].NoticeMessage, unsure)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	page := leader.get("/notices/log?open=1")
	for _, want := range []string{"不知是否送达", number[:6] + "-" + number[6:], "http://127.0.0.1:9/***", "督办"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if strings.Contains(page.body, "张测试") || strings.Contains(page.body, "127.0.0.1:9/r") {
		t.Error("the log says what it must not")
	}
	if a := leader.post("/notices/log/"+log[0].ID+"/resend", nil); a.status != 303 {
		t.Errorf("sent again: %d %s", a.status, a.body)
	}
}
