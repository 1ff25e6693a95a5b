package web

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// submit sends a form of a page as a browser without scripts would: its fields
// as they stand, some changed, and the button that was pressed.
func (p *person) submit(on answer, selector string, change url.Values, button ...string) answer {
	p.t.Helper()
	e := on.one(selector)
	form := url.Values(e.form(p.t))
	maps.Copy(form, change)
	action := e.attrs["action"]
	if len(button) > 0 {
		b := on.one(selector + " " + button[0])
		if b.attrs["name"] != "" {
			form.Set(b.attrs["name"], b.attrs["value"])
		}
		if b.attrs["formaction"] != "" {
			action = b.attrs["formaction"]
		}
	}
	return p.post(action, form)
}

// follow goes where an answer sends the browser.
func (p *person) follow(a answer) answer {
	p.t.Helper()
	if a.status != http.StatusSeeOther {
		sentence := ""
		for _, e := range a.page().all(p.t, ".wrong") {
			sentence += e.text() + " "
		}
		p.t.Fatalf("got %d, want a redirect; the page says %q", a.status, sentence)
	}
	return p.get(a.location)
}

// take takes a case at the seat desk, as the page proposes, and returns the
// page of the case.
func (p *person) take(words string, change url.Values) answer {
	p.t.Helper()
	return p.follow(p.press(words, change, "#primary"))
}

// press types the words, has them assessed and presses a button.
func (p *person) press(words string, change url.Values, button string) answer {
	p.t.Helper()
	seat := p.get("/desk")
	typed := url.Values{"text": {words}}
	maps.Copy(typed, change)
	assessed := p.submit(seat, "#intake", typed, "#assess")
	if assessed.status != http.StatusOK {
		p.t.Fatalf("assess: got %d\n%s", assessed.status, assessed.body)
	}
	return p.submit(assessed, "#intake", change, button)
}

func (a answer) caseID() string {
	a.t.Helper()
	return a.one("#case-id").text()
}

func (a answer) status_() string {
	a.t.Helper()
	return a.one("#status").attrs["data-status"]
}

// A lamp is out: dispatched to the unit, accepted, worked, answered, settled,
// called back, closed – each by what the page offers next.
func TestJourneyDispatch(t *testing.T) {
	w := newWorld(t)
	op, clerk := w.gov.as("operator"), w.gov.as("clerk")
	c := op.take("城关区北京中路的路灯坏了三天了，没人来修", url.Values{"phone": {"13900000001"}, "name": {"张测试"}})
	if got := c.status_(); got != "in_progress" || c.count(".lane") != 1 {
		t.Fatalf("after intake: got status %s and %d lanes, want in_progress and 1", got, c.count(".lane"))
	}
	if c.count("#waits") != 1 || c.count("#primary") != 0 {
		t.Errorf("while the unit works: got a primary button, want a line that says to wait")
	}
	id := c.caseID()

	inbox := clerk.get("/inbox")
	if n := inbox.count(".inbox-row"); n != 1 {
		t.Fatalf("inbox: got %d rows, want 1", n)
	}
	inbox = clerk.follow(clerk.submit(inbox, ".inbox-row form[data-form=accept]", nil))
	page := clerk.get(inbox.one(".inbox-row h2 a").attrs["href"])
	if got := page.one(".lane-accepted .inline").text(); !strings.Contains(got, "轮到") {
		t.Errorf("leg: got %q, want whose move it is", got)
	}
	page = clerk.follow(clerk.submit(page, "form[data-form=progress]", url.Values{"note": {"已派人"}}))
	page = clerk.submit(page, "form[data-form=feedback]", url.Values{"result": {""}})
	if page.status != http.StatusUnprocessableEntity || page.count("#fault") != 1 {
		t.Errorf("empty feedback: got %d, want 422 with the sentence in the form", page.status)
	}
	page = clerk.follow(clerk.submit(page, "form[data-form=feedback]", url.Values{"result": {"路灯已修好"}}))
	if got := clerk.get("/inbox").count("#empty"); got != 1 {
		t.Errorf("inbox afterwards: want it empty")
	}
	if got := clerk.get("/inbox?done=1").count(".inbox-row"); got != 1 {
		t.Errorf("done: got %d rows, want 1", got)
	}

	c = op.get("/cases/" + id)
	if got := c.one("#next").attrs["data-step"]; got != casefile.StepSettle {
		t.Fatalf("after feedback: got step %s, want settle", got)
	}
	if !strings.Contains(c.one("#timeline").text(), "路灯已修好") {
		t.Errorf("the timeline does not tell what was done")
	}
	c = op.follow(op.submit(c, "#next form", nil))
	if got := c.one("#next").attrs["data-step"]; got != casefile.StepCallback {
		t.Fatalf("after settling: got step %s, want callback", got)
	}
	c = op.follow(op.submit(c, "#callback-form", url.Values{"solved": {"yes"}, "satisfaction": {"5:2"}}))
	if got := c.one("#next").attrs["data-step"]; got != casefile.StepClose {
		t.Fatalf("after the call-back: got step %s, want close", got)
	}
	c = op.follow(op.submit(c, "#next form", url.Values{"told": {"已告知修好"}}))
	if got := c.status_(); got != "closed" || c.count("#next") != 0 || c.count("#send") != 0 {
		t.Errorf("at the end: got status %s, next steps %d, want closed and none", got, c.count("#next"))
	}
	if got := op.get("/cases").count("tr[data-case]"); got != 0 {
		t.Errorf("queue: got %d open cases, want none", got)
	}
	if got := op.get("/cases?status=closed").count("tr[data-case]"); got != 1 {
		t.Errorf("queue of closed cases: got %d, want 1", got)
	}
}

// Danger: one press sends 110, local government and the departments.
func TestJourneyDual(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	seat := op.submit(op.get("/desk"), "#intake", url.Values{"text": {"城关区这里煤气泄漏，有人晕倒了，快来人"}}, "#assess")
	if seat.count("#danger") != 1 || seat.one("#primary").attrs["value"] != doDual {
		t.Fatalf("got button %q and %d banners, want dual and one", seat.one("#primary").attrs["value"], seat.count("#danger"))
	}
	promised := len(seat.page().all(t, "#dual-who li"))
	c := op.follow(op.submit(seat, "#intake", nil, "#primary"))
	if n := c.count(".lane"); n != promised || n < 3 {
		t.Errorf("got %d lanes, want the %d promised", n, promised)
	}
	if n := c.count(".lane .pill-urgent"); n != promised {
		t.Errorf("got %d urgent lanes of %d", n, promised)
	}
	// The caller is still on the telephone: what to say stays on the screen, for as long as that may be.
	if c.count("#stay-script li") == 0 || c.count("#waits") != 0 {
		t.Errorf("after the dispatch: got %d lines to say and %d times “nothing to do”", c.count("#stay-script li"), c.count("#waits"))
	}
	w.clock.Add(stayFor)
	if op.get("/cases/"+c.caseID()).count("#stay-script") != 0 {
		t.Error("half an hour later: the page still says how to stay on the line")
	}
	w.clock.Add(-stayFor)
	// The other side gets an alarm on every page, and the case with its accept.
	police := w.police.as("operator")
	w.police.until("the transfer arrives", func() bool { return police.get("/alert").count("#alarm") == 1 })
	there := police.get(police.get("/alert").one("#alarm a").attrs["href"])
	if got := there.one("#next").attrs["data-step"]; got != casefile.StepAccept || there.count("#stay-script") != 0 {
		t.Errorf("at 110: got step %s, want accept, and no caller to stay with", got)
	}
	there = police.follow(police.submit(there, "#next form", nil))
	if got := there.count(".lane [data-state=accepted]"); got != 1 {
		t.Errorf("at 110: got %d accepted lanes, want 1", got)
	}
	id := c.caseID()
	w.gov.until("the acceptance comes back", func() bool {
		return op.get("/cases/"+id).count(".lane [data-state=accepted]") == 1
	})
}

// A gathering is locked until somebody says what danger there is.
func TestJourneyGathering(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	change := url.Values{"urgent": {"C3"}}
	page := op.press("城关区政府门口很多人在聚集", change, "#primary")
	if page.status != http.StatusUnprocessableEntity || !strings.Contains(page.one(".wrong").text(), "危险") {
		t.Fatalf("without the danger: got %d, want 422 that asks for it\n%s", page.status, page.body)
	}
	if got := page.one("#text").text(); got != "城关区政府门口很多人在聚集" {
		t.Errorf("refused form: got words %q, want them kept", got)
	}
	c := op.follow(op.submit(page, "#intake", url.Values{"danger": {"有人持械堵路"}}, "#primary"))
	if c.count(".lane") < 3 || !strings.Contains(c.one("#proposal").text(), "有人持械堵路") {
		t.Errorf("got %d lanes, want the dual dispatch and the danger recorded", c.count(".lane"))
	}
}

// Police act first; their feedback offers to pass the rest on with what they did.
func TestJourneyFirstResponse(t *testing.T) {
	w := newWorld(t)
	op, clerk := w.police.as("operator"), w.police.as("clerk")
	c := op.take("城关区北京中路护栏被撞倒在路中间，很危险", url.Values{"urgent": {"none"}, "reason": {"车速慢，无人受伤"}})
	if c.count(".lane") != 1 {
		t.Fatalf("got %d lanes, want the police leg", c.count(".lane"))
	}
	id := c.caseID()
	legPath := clerk.get("/inbox").one(".inbox-row h2 a").attrs["href"]
	page := clerk.follow(clerk.submit(clerk.get(legPath), "#next form", nil))
	clerk.follow(clerk.submit(page, "form[data-form=feedback]", url.Values{"result": {"已设置警戒，疏导交通，护栏需更换"}}))
	c = op.get("/cases/" + id)
	if got := c.one("#next").attrs["data-step"]; got != casefile.StepRest {
		t.Fatalf("got step %s, want transfer_rest\n%s", got, c.one("#next").text())
	}
	if got := c.one("#next textarea[name=police_action]").text(); got != "已设置警戒，疏导交通，护栏需更换" {
		t.Errorf("what police did: got %q, want their feedback", got)
	}
	c = op.follow(op.submit(c, "#next form", nil))
	if c.count(".lane") != 2 {
		t.Errorf("got %d lanes, want two", c.count(".lane"))
	}
	gov := w.gov.as("operator")
	w.gov.until("the rest arrives", func() bool { return gov.get("/cases?sort=new").count("tr[data-case]") == 1 })
	there := gov.get(gov.get("/cases?sort=new").one("tr[data-case] .row-text a").attrs["href"])
	if !strings.Contains(there.body, "已设置警戒") {
		t.Errorf("12345 does not see what police did")
	}
}

// A return shows who, why and on what basis; the second one opens a dispute.
func TestJourneyReturns(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	id := c.caseID()
	for i, login := range []string{"clerk", "clerk2"} {
		clerk := w.gov.as(login)
		page := clerk.get(clerk.get("/inbox").one(".inbox-row h2 a").attrs["href"])
		page = clerk.submit(page, "form[data-form=return]", url.Values{"ground": {"not_duty"}, "basis": {""}})
		if page.status != http.StatusUnprocessableEntity {
			t.Fatalf("a return without a basis: got %d, want 422", page.status)
		}
		clerk.follow(clerk.submit(page, "form[data-form=return]", url.Values{"ground": {"not_duty"}, "basis": {"三定方案第四条"}, "next_owner": {"住建局"}}))
		c = op.get("/cases/" + id)
		if got := c.one("#next").attrs["data-step"]; got != casefile.StepResolve {
			t.Fatalf("return %d: got step %s, want resolve", i+1, got)
		}
		if !strings.Contains(c.one("#lanes").text(), "三定方案第四条") {
			t.Errorf("return %d: the lane does not give the basis", i+1)
		}
		if i == 0 {
			c = op.follow(op.submit(c, "#next form.send-form", url.Values{"to": {"unit:540102-housing"}}))
		}
	}
	if c.count("#dispute") != 1 || c.count("#disputes") != 1 {
		t.Errorf("after two returns: want the dispute to be seen")
	}
	if got := op.get("/cases?dispute=1").count("tr[data-case]"); got != 1 {
		t.Errorf("queue of disputes: got %d, want 1", got)
	}
	c = op.follow(op.submit(c, "form[action=/legs/"+c.page().all(t, ".lane-returned")[1].attrs["data-leg"]+"/resolve]", nil))
	if c.count("#next[data-step=close]")+c.count("#next[data-step=callback]") != 1 {
		t.Errorf("kept by the desk: want to go on to the end, got %d steps", c.count("#next"))
	}
}

// An urgent leg that nobody takes within a minute: the number is on the screen,
// and the call is recorded on the leg.
func TestJourneyPhonePrompt(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("城关区这里煤气泄漏，有人晕倒了，快来人", nil)
	id := c.caseID()
	w.gov.until("110 has it", func() bool { return op.get("/cases/"+id).count(".lane [data-state=sent]") == 0 })
	w.clock.Add(2 * time.Minute)
	c = op.get("/cases/" + id)
	prompts := c.page().all(t, "[data-prompt]")
	if len(prompts) == 0 || !strings.Contains(prompts[0].text(), "0891-0000110") {
		t.Fatalf("got %d prompts, want one with the number of 110", len(prompts))
	}
	if got := c.one("#next").attrs["data-step"]; got != casefile.StepPhone {
		t.Fatalf("got step %s, want phone", got)
	}
	refused := op.submit(c, "#next form", url.Values{"outcome": {""}})
	if refused.status != http.StatusUnprocessableEntity {
		t.Errorf("a call without an outcome: got %d, want 422", refused.status)
	}
	op.follow(op.submit(c, "#next form", url.Values{"outcome": {"taken_by_110"}}))
	if got := len(op.get("/cases/"+id).page().all(t, "[data-prompt]")); got != len(prompts)-1 {
		t.Errorf("after the call: got %d prompts, want one fewer than %d", got, len(prompts))
	}
}

// One leader signs for the end of a shift, the next for its beginning.
func TestJourneyShift(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区这里煤气泄漏，有人晕倒了，快来人", nil)
	leader, next := w.gov.as("leader"), w.gov.as("leader2")
	page := leader.follow(leader.submit(leader.get("/shift"), "#sign", url.Values{"remarks": {"煤气那一件先办"}}))
	if page.count("#untaken") != 1 || page.count("#take") != 0 {
		t.Errorf("its giver is offered to take it")
	}
	page = next.get("/shift")
	if !strings.Contains(page.one("#told").text(), "煤气那一件先办") || page.count("tr.row-urgent") == 0 {
		t.Errorf("who comes does not see what is open and what was said:\n%s", page.one("#main").text())
	}
	page = next.follow(next.submit(page, "#take", nil))
	if page.count("#untaken") != 0 || !strings.Contains(page.one("#signatures").text(), "测试接班") {
		t.Errorf("after both signed: got %q", page.one("#signatures").text())
	}
	if got := next.get("/shift").count("#past li a"); got != 1 {
		t.Errorf("earlier hand-overs: got %d, want one", got)
	}
}

// Danger that 110 gives back is the loudest thing at 12345, and stays open at
// 110 until a person ends it there.
func TestJourneyDangerGivenBack(t *testing.T) {
	w := newWorld(t)
	op, police := w.gov.as("operator"), w.police.as("operator")
	c := op.take("城关区这里煤气泄漏，有人晕倒了，快来人", nil)
	id := c.caseID()
	w.police.until("the transfer arrives", func() bool { return police.get("/alert").count("#alarm") == 1 })
	there := police.get(police.get("/alert").one("#alarm a").attrs["href"])
	theirs := there.caseID()
	back := url.Values{"ground": {"not_duty"}, "basis": {"燃气条例"}, "sure": {""}}
	refused := police.submit(there, "form[data-form=return]", back)
	if refused.status != http.StatusUnprocessableEntity || !strings.Contains(refused.one(".wrong").text(), "没有危险") {
		t.Fatalf("danger given back unlooked at: got %d, want 422 that asks for certainty", refused.status)
	}
	back["sure"] = []string{"yes"}
	there = police.follow(police.submit(refused, "form[data-form=return]", back))
	if there.status_() == "closed" || there.count("#stay") != 1 {
		t.Errorf("at 110: got status %s and %d notices, want it open, with one that says so", there.status_(), there.count("#stay"))
	}
	w.gov.until("the return arrives", func() bool { return op.get("/cases/"+id).count(".lane [data-state=returned]") == 1 })
	c = op.get("/cases/" + id)
	if first := c.page().all(t, "[data-prompt]"); len(first) == 0 || !strings.Contains(first[0].text(), "0891-0000110") || !strings.Contains(c.one("#prompts").text(), "首接负责") {
		t.Errorf("at 12345: got %q, want the number and who answers for it", c.one("#prompts").text())
	}
	if got := c.one("#next").attrs["data-step"]; got != casefile.StepDual {
		t.Errorf("at 12345: got step %s, want to send 110 again at once", got)
	}
	if got := op.get("/alert").count("#alarm"); got != 1 {
		t.Errorf("at 12345: got %d alarms, want one", got)
	}
	if got := w.gov.as("leader").get("/overview").count("#prompts"); got != 1 {
		t.Errorf("overview: got %d lists of urgent legs, want one", got)
	}
	c = op.follow(op.submit(c, "#next form", nil))
	w.police.until("110 has it again", func() bool { return police.get("/cases/"+theirs).count(".lane [data-state=received]") == 1 })
	if got := len(op.get("/cases/"+id).page().all(t, "[data-prompt]")); got != 0 {
		t.Errorf("sent again: got %d prompts, want none", got)
	}
}

// What is unclear: a three-way call is recorded with its parties and outcome,
// and the platform that was called first keeps the case.
func TestJourneyThreeWay(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.follow(op.press("我想说一下我们这边的一些情况你们给看看怎么办", nil, "button[value=three_way]"))
	form := "#call form.call-form"
	if c.count("#next[data-step=three_way]") == 1 {
		form = "#next form.call-form"
	}
	c = op.follow(op.submit(c, form, url.Values{"kind": {"three_way"}, "parties": {"caller", "12345", "110"}, "outcome": {"still_unclear"}, "consent": {"yes"}}))
	told := c.one("#timeline").text()
	for _, want := range []string{"三方通话", "仍不明确", "来话人 · 12345", "来话人同意转接"} {
		if !strings.Contains(told, want) {
			t.Errorf("the timeline does not say %q: %s", want, told)
		}
	}
}

// The dispatcher records times with a click each; the queue shows how far it is.
func TestJourneyDispatchTimes(t *testing.T) {
	w := newWorld(t)
	op := w.police.as("operator")
	c := op.take("城关区有人打架，快来人", url.Values{"region": {"拉萨市 城关区"}})
	id := c.caseID()
	if n := c.count(".dispatch-now"); n != 4 {
		t.Fatalf("got %d moments to record, want 4", n)
	}
	for _, m := range []string{"level_set", "unit_sent", "on_scene"} {
		w.clock.Add(3 * time.Minute)
		c = op.follow(op.submit(c, "#dispatch [data-mark="+m+"] .dispatch-now", nil))
	}
	if got := c.one("#dispatch [data-mark=on_scene] time").text(); got != "今天 10:09" {
		t.Errorf("on scene: got %q", got)
	}
	if n := c.count(".dispatch-now"); n != 1 {
		t.Errorf("afterwards: got %d moments left, want 1", n)
	}
	back := op.submit(c, "#dispatch [data-mark=on_scene] .dispatch-then", url.Values{"at": {"2026-03-11T10:04"}, "reason": {"记错了"}})
	if back.status != http.StatusConflict || !strings.Contains(back.one("#dispatch .wrong").text(), "不能倒退") {
		t.Errorf("backwards: got %d, %q", back.status, back.one("#dispatch .wrong").text())
	}
	c = op.follow(op.submit(c, "#dispatch [data-mark=on_scene] .dispatch-then", url.Values{"at": {"2026-03-11T10:08"}, "reason": {"按记录仪更正"}}))
	if got := c.one("#dispatch [data-mark=on_scene] time").text(); got != "今天 10:08" {
		t.Errorf("put right: got %q", got)
	}
	if story := c.one("#timeline").text(); !strings.Contains(story, "更正出警时间") || !strings.Contains(story, "原记 2026-03-11 10:09:00") || !strings.Contains(story, "按记录仪更正") {
		t.Errorf("timeline: got %q", story)
	}
	if got := op.get("/cases").one("[data-case=" + id + "] .row-dispatch").text(); got != "到场 今天 10:08" {
		t.Errorf("queue: got %q", got)
	}
	if w.police.as("auditor").get("/cases/"+id).count("#dispatch form") != 0 {
		t.Error("an auditor may record times")
	}
	gov := w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	if gov.count("#dispatch") != 0 {
		t.Error("12345 shows dispatch times")
	}
}

// A unit that is not the right one names who is, in two taps; the desk has that
// unit at hand first. Danger is not given back so.
func TestJourneyNotMe(t *testing.T) {
	w := newWorld(t)
	op, clerk := w.gov.as("operator"), w.gov.as("clerk")
	c := op.take("城关区北京中路有人占道经营，堵得没法走", url.Values{"region": {"拉萨市 城关区"}})
	id := c.caseID()
	inbox := clerk.get("/inbox")
	if n := inbox.count(".inbox-row"); n != 1 {
		t.Fatalf("inbox: got %d rows, want 1", n)
	}
	offered := inbox.page().all(t, ".not-me form")
	if len(offered) < 2 || inbox.count(".not-me form[data-to=540102-urban]") != 0 {
		t.Fatalf("offered: got %d units, want others than the unit itself", len(offered))
	}
	after := clerk.follow(clerk.submit(inbox, ".not-me form[data-to=540102-government]", nil))
	if after.count(".inbox-row .not-me") != 0 {
		t.Errorf("what was given back is still offered")
	}
	v, err := w.gov.desk.Case(t.Context(), hotline.Actor{ID: "x", Role: hotline.ShiftLeader, Platform: w.gov.node.Platform}, id)
	if err != nil {
		t.Fatal(err)
	}
	l := v.Legs[0]
	if l.State != leg.Returned || l.Ground != leg.NotDuty || !strings.Contains(l.NextOwner, "城关区") || !strings.Contains(l.Basis, "兜底") {
		t.Errorf("returned: got %s, %s, %q, %q", l.State, l.Ground, l.NextOwner, l.Basis)
	}
	targets := op.get("/cases/"+id).page().all(t, "#next input[name=to]")
	if len(targets) == 0 || targets[0].attrs["value"] != "unit:540102-government" {
		t.Errorf("next step: got %d targets, want the proposed unit first", len(targets))
	}
	// Of an urgent leg the whole form asks for certainty.
	if _, err := w.gov.desk.SendLegs(t.Context(), hotline.Actor{ID: "x", Role: hotline.ShiftLeader, Platform: w.gov.node.Platform}, op.take("城关区的井盖不见了", nil).caseID(), nil,
		[]desk.Order{{To: "unit:540102-urban", Urgent: new(true)}}); err != nil {
		t.Fatal(err)
	}
	inbox = clerk.get("/inbox")
	if inbox.count(".inbox-row.row-urgent") != 1 || inbox.count(".row-urgent .not-me") != 0 {
		t.Errorf("urgent: want a row and no return in two taps")
	}
}

// Personal data is masked everywhere, shown once for a reason, and the view is
// part of the story.
func TestJourneyReveal(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("路灯坏了，我电话是13912345678，请回电", url.Values{"phone": {"13900000001"}, "name": {"张测试"}, "address": {"北京中路 8 号"}, "region": {"拉萨市 城关区"}})
	id := c.caseID()
	secrets := []string{"13912345678", "13900000001", "张测试", "北京中路 8 号"}
	for _, path := range []string{"/cases/" + id, "/cases", "/cases?sort=new"} {
		body := op.get(path).body
		for _, s := range secrets {
			if strings.Contains(body, s) {
				t.Errorf("%s shows %s", path, s)
			}
		}
	}
	refused := op.submit(c, "#reveal form", url.Values{"reason": {""}})
	if refused.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: got %d, want 422", refused.status)
	}
	shown := op.submit(c, "#reveal form", url.Values{"reason": {"回拨核实地点"}})
	for _, s := range secrets {
		if !strings.Contains(shown.body, s) {
			t.Errorf("with a reason: %s is not shown", s)
		}
	}
	after := op.get("/cases/" + id)
	if strings.Contains(after.body, "13900000001") {
		t.Errorf("the next page still shows personal data")
	}
	if !strings.Contains(after.one("#timeline").text(), "回拨核实地点") {
		t.Errorf("the view is not in the timeline")
	}
	views := w.gov.as("auditor").get("/cases/" + id).one("#views").text()
	for _, s := range []string{"谁看过个人信息（1）", "测试坐席", "回拨核实地点"} {
		if !strings.Contains(views, s) {
			t.Errorf("who saw it: got %q, want %s in it", views, s)
		}
	}
	if w.gov.as("supervisor").get("/cases/"+id).count("#views") != 0 {
		t.Errorf("who may not look sees who did")
	}
	// The unit that complaints are kept from never gets the button.
	hidden := w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", url.Values{"confidential": {"yes"}})
	clerk := w.gov.as("clerk")
	for _, row := range clerk.get("/inbox").page().all(t, ".inbox-row h2 a") {
		page := clerk.get(row.attrs["href"])
		if strings.Contains(page.body, hidden.caseID()) && page.count("#reveal") != 0 {
			t.Errorf("a confidential case offers the unit to show its caller")
		}
	}
}

// Words are shown as words, whatever they hold.
func TestWordsAreNotMarkup(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	words := `路灯坏了 <script>alert(1)</script> " onmouseover="x" རྒྱ་གར་ཡིན།`
	seat := op.submit(op.get("/desk"), "#intake", url.Values{"text": {words}}, "#assess")
	c := op.take(words, nil)
	for name, page := range map[string]answer{"seat": seat, "case": c, "queue": op.get("/cases")} {
		if strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, `" onmouseover="`) {
			t.Errorf("%s: words become markup", name)
		}
	}
	if got := c.one("#words").text(); got != words {
		t.Errorf("got words %q, want %q", got, words)
	}
}

// The same click twice does one thing; the key of a taken case with other words
// is refused, and the form comes back with a fresh key.
func TestIntakeTwice(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	seat := op.submit(op.get("/desk"), "#intake", url.Values{"text": {"城关区北京中路的路灯坏了三天了"}}, "#assess")
	first := op.submit(seat, "#intake", nil, "#primary")
	second := op.submit(seat, "#intake", nil, "#primary")
	if first.status != http.StatusSeeOther || second.location != first.location {
		t.Fatalf("got %s and %s, want the same case twice", first.location, second.location)
	}
	if got := op.follow(second).count(".lane"); got != 1 {
		t.Errorf("got %d legs, want 1", got)
	}
	other := op.submit(seat, "#intake", url.Values{"text": {"城关区北京中路的井盖丢了三天了"}}, "#primary")
	if other.status != http.StatusUnprocessableEntity {
		t.Fatalf("same key, other words: got %d, want 422", other.status)
	}
	if fresh, old := other.one("#intake input[name=key]").attrs["value"], seat.one("#intake input[name=key]").attrs["value"]; fresh == old {
		t.Errorf("the form comes back with the key that is used up")
	}
	third := op.submit(other, "#intake", nil, "#primary")
	if third.status != http.StatusSeeOther || third.location == first.location {
		t.Errorf("sent again: got %d to %s, want another case", third.status, third.location)
	}
}

// Bad input at the seat desk: a sentence, the words kept, nothing changed.
func TestSeatRefuses(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	good := url.Values{"text": {"城关区的路灯坏了三天了"}, "do": {"save"}, "channel": {"phone"}, "seen": {""}}
	for _, tc := range []struct {
		name  string
		with  url.Values
		field string
		want  int
	}{
		{"no words", url.Values{"text": {" "}}, "text", 422},
		{"100 KB", url.Values{"text": {strings.Repeat("a", 100<<10)}}, "text", 422},
		{"300 KB", url.Values{"text": {strings.Repeat("a", 300<<10)}}, "", 422},
		{"control characters", url.Values{"text": {"路灯坏了\x07"}}, "text", 422},
		{"not UTF-8", url.Values{"text": {"路灯\xff坏了"}}, "text", 422},
		{"phone", url.Values{"phone": {"abc"}}, "phone", 422},
		{"region", url.Values{"region": {"火星"}}, "region", 422},
		{"unit complained of", url.Values{"subject_unit": {"没有的单位"}}, "subject_unit", 422},
		{"channel", url.Values{"channel": {"pigeon"}}, "", 422},
		{"kind", url.Values{"kind": {"joke"}}, "", 422},
		{"what to do", url.Values{"do": {"dance"}}, "", 422},
		{"level without a reason", url.Values{"level": {"1"}}, "reason", 422},
		{"urgent without the panel", url.Values{"text": {"这里煤气泄漏，有人晕倒了，快来人"}, "do": {"dispatch"}}, "", 409},
	} {
		form := url.Values{}
		maps.Copy(form, good)
		maps.Copy(form, tc.with)
		got := op.post("/desk", form)
		if got.status != tc.want || len(got.page().all(t, ".wrong"))+got.count("#problem") != 1 {
			t.Errorf("%s: got %d, want %d and one sentence", tc.name, got.status, tc.want)
		}
		if tc.field != "" && got.count("[name="+tc.field+"][aria-invalid]") != 1 {
			t.Errorf("%s: the field %s is not marked", tc.name, tc.field)
		}
	}
	if got := op.get("/cases?sort=new").count("tr[data-case]"); got != 0 {
		t.Errorf("got %d cases from refused forms, want none", got)
	}
}

// Somebody was faster: 409, the form comes back, nothing changed.
func TestStaleFormIsRefused(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	old := op.get("/cases/" + c.caseID())
	op.follow(op.submit(old, "#decide form", url.Values{"kind": {"complaint"}}))
	got := op.submit(old, "#decide form", url.Values{"kind": {"praise"}})
	if got.status != http.StatusConflict || !strings.Contains(got.one(".wrong").text(), "刷新") {
		t.Errorf("got %d, want 409 that asks to reload", got.status)
	}
	v, err := w.gov.desk.Case(t.Context(), hotline.Actor{ID: "x", Role: hotline.Operator, Platform: w.gov.node.Platform}, c.caseID())
	if err != nil || v.Kind != casefile.Complaint {
		t.Errorf("got kind %s (error %v), want complaint", v.Kind, err)
	}
}

func TestAnsweredOnTheSpot(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.follow(op.press("请问身份证怎么补办，需要什么材料", url.Values{"outcome": {"answered_on_the_spot"}, "told": {"带户口本到派出所"}}, "button[value=close]"))
	if c.status_() != "closed" || !strings.Contains(c.one("#closed").text(), "带户口本到派出所") {
		t.Errorf("got status %s, want closed with what was told", c.status_())
	}
	silent := op.post("/desk", url.Values{"do": {"close"}, "outcome": {"silent_call"}, "channel": {"phone"}})
	if c := op.follow(silent); !strings.Contains(c.one("#closed").text(), "无声电话") {
		t.Errorf("a silent call is not closed as one")
	}
}

// Cases of one matter are grouped, found from each other, closed together, and
// taken apart again.
func TestGroup(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	var ids []string
	for range 2 {
		ids = append(ids, op.follow(op.press("城关区北京中路的路灯坏了三天了，没人来修", nil, "button[value=save]")).caseID())
	}
	lead := op.get("/cases/" + ids[0] + "?group=1")
	none := op.submit(lead, "#group form", nil)
	if none.status != http.StatusUnprocessableEntity {
		t.Errorf("grouping nothing: got %d, want 422", none.status)
	}
	lead = op.follow(op.submit(lead, "#group form", url.Values{"numbers": {strings.ToUpper(ids[1])}}))
	other := op.get("/cases/" + ids[1])
	for _, page := range []answer{lead, other} {
		if n := page.count("#h-group"); n != 1 {
			t.Errorf("%s: does not name the group", page.caseID())
		}
	}
	other = op.follow(op.submit(other, "form[action=/cases/"+ids[1]+"/ungroup]", nil))
	if other.count("#h-group") != 0 {
		t.Errorf("still in the group")
	}
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	who := w.gov.nobody()
	asked := who.get("/cases?urgent=1")
	if asked.location != "/sign-in?next=%2Fcases%3Furgent%3D1" {
		t.Errorf("without a session: sent to %s, want to sign in and come back", asked.location)
	}
	page := who.get(asked.location)
	wrong := who.submit(page, "#sign-in", url.Values{"login": {"operator"}, "password": {"wrong"}})
	if wrong.status != http.StatusForbidden || wrong.one("#sign-in .wrong").text() == "" || wrong.one("#login").attrs["value"] != "operator" {
		t.Errorf("wrong password: got %d, want 403 with the sentence and the name kept", wrong.status)
	}
	if strings.Contains(wrong.body, `value="wrong"`) {
		t.Errorf("the password comes back in the page")
	}
	in := who.submit(wrong, "#sign-in", url.Values{"login": {"operator"}, "password": {testPassword}})
	if in.status != http.StatusSeeOther || in.location != "/cases?urgent=1" {
		t.Fatalf("sign in: got %d to %s, want back to where one was", in.status, in.location)
	}
	cookie := in.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "540000-12345"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("session cookie %q: want %s", cookie, want)
		}
	}
	elsewhere := who.submit(page, "#sign-in", url.Values{"login": {"operator"}, "password": {testPassword}, "next": {"//elsewhere.invalid/"}})
	if elsewhere.location != "/" {
		t.Errorf("next to another site: sent to %s, want /", elsewhere.location)
	}
	if out := who.post("/sign-out", nil); out.location != "/sign-in" || who.get("/cases").location == "" {
		t.Errorf("sign out: got %s, want the session to be over", out.location)
	}
	late := who.post("/desk", url.Values{"text": {"x"}})
	if !strings.Contains(late.location, "ended=1") || who.get(late.location).count(".notice") != 1 {
		t.Errorf("a form after the session: got %s, want to sign in and be told that the draft is kept", late.location)
	}
	demo := who.submit(who.get("/sign-in"), ".demo-list form", nil)
	if demo.status != http.StatusSeeOther {
		t.Errorf("a click on a sample user: got %d, want to be signed in", demo.status)
	}
}

func TestLanguage(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	page := op.get("/cases")
	if got := page.one("html").attrs["lang"]; got != "zh-CN" {
		t.Errorf("got language %s, want Chinese by default", got)
	}
	page = op.follow(op.submit(page, "form[action=/language]", nil, "button"))
	if got := page.one("h1").text(); page.one("html").attrs["lang"] != "en" || got != "Queue" {
		t.Errorf("after the switch: got %q in %s, want Queue in en", got, page.one("html").attrs["lang"])
	}
	again := w.gov.as("operator").get("/cases")
	if got := again.one("html").attrs["lang"]; got != "en" {
		t.Errorf("the same person elsewhere: got %s, want en", got)
	}
	if got := op.post("/language", url.Values{"language": {"tlh"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no such language: got %d, want 422", got.status)
	}
}

// The ledger's troubles are on the page, and can be mended there.
func TestLinksPage(t *testing.T) {
	w := newWorld(t)
	leader := w.gov.as("leader")
	page := leader.get("/links")
	if page.count(".link") != 1 || page.count(".pill-good")+page.count(".pill-warn") != 1 {
		t.Fatalf("got %d links, want one with its state", page.count(".link"))
	}
	// Somebody sends what is no letter of the peer's, and says that it is urgent.
	w.gov.nobody().do(http.MethodPost, "/exchange/v1/letters", strings.NewReader(`{"id":"x","type":"offer","from":"540000-110","body":{"urgent":true},"a":"<b>"}`),
		map[string]string{"Content-Type": "application/json"})
	page = leader.get("/links")
	if page.count(".refusal-urgent") != 1 || !strings.Contains(page.one(".refusal .raw").text(), "<b>") {
		t.Fatalf("got %d refusals, want the letter as it came\n%s", page.count(".refusal"), page.body)
	}
	if auditor := w.gov.as("auditor").get("/links"); auditor.count("form[action]") != 2 { // language and sign-out
		t.Errorf("an auditor sees forms to mend: %d", auditor.count("form[action]"))
	}
	page = leader.follow(leader.submit(page, ".refusal form", nil))
	if page.count(".refusal") != 0 {
		t.Errorf("seen: still %d refusals", page.count(".refusal"))
	}
	if page.count("#strangers") != 0 || leader.get("/overview").count("#strangers") != 0 {
		t.Error("what bears the peer's name is shown as of unknown senders")
	}

	// What comes from nobody that we know stands apart; only what says that it is urgent is on the overview.
	for id, urgent := range map[string]string{"y": "false", "z": "true"} {
		w.gov.nobody().do(http.MethodPost, "/exchange/v1/letters", strings.NewReader(`{"id":"`+id+`","type":"offer","from":"999999-110","body":{"urgent":`+urgent+`}}`),
			map[string]string{"Content-Type": "application/json"})
	}
	if got := leader.get("/overview").one("#strangers").text(); !strings.Contains(got, "1 封") {
		t.Errorf("the overview says %q, want one", got)
	}
	page = leader.get(leader.get("/overview").one("#strangers a").attrs["href"])
	if page.count("#strangers .refusal") != 2 || page.count(".link .refusal") != 0 {
		t.Fatalf("got %d refusals of unknown senders, want 2\n%s", page.count("#strangers .refusal"), page.body)
	}
	page = leader.follow(leader.submit(page, "#strangers .refusal-urgent form", nil)) // urgent ones first
	if page.count("#strangers .refusal") != 1 || leader.get("/overview").count("#strangers") != 0 {
		t.Errorf("seen: still %d of unknown senders, %d on the overview", page.count("#strangers .refusal"), leader.get("/overview").count("#strangers"))
	}
	// Letters go again from a moment on; no moment is no answer.
	if got := leader.post("/links/540000-110/replay", url.Values{"since": {""}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("from no moment on: got %d, want 422", got.status)
	}
	leader.follow(leader.post("/links/540000-110/replay", url.Values{"since": {"2026-01-02T03:04"}}))
	if got := leader.post("/links/letters/none/resend", nil); got.status != http.StatusNotFound {
		t.Errorf("no such letter: got %d, want 404", got.status)
	}
}

func TestOverviewCountsLeadToTheirCases(t *testing.T) {
	w := newWorld(t)
	op, leader := w.gov.as("operator"), w.gov.as("leader")
	op.take("城关区这里煤气泄漏，有人晕倒了，快来人", nil)
	op.follow(op.press("城关区北京中路的路灯坏了三天了，没人来修", nil, "button[value=save]"))
	op.follow(op.press("你好", nil, "button[value=save]")) // too short to be judged
	w.clock.Add(10 * 24 * time.Hour)
	page := leader.get("/overview")
	says := map[string]string{}
	for _, a := range page.page().all(t, "#counts a") {
		n := a.all(t, "strong")[0].text()
		path := a.attrs["href"]
		says[path] = n
		if got := leader.get(path).count("tr[data-case]"); itoa(got) != n {
			t.Errorf("%s: the overview says %s, the list has %d", path, n, got)
		}
	}
	if got := says["/cases?unread=1"]; got != "1" {
		t.Errorf("not assessed: got %q, want 1", got)
	}
	if page.count("#overdue tr[data-case]") != 3 {
		t.Errorf("overdue: got %d, want 3", page.count("#overdue tr[data-case]"))
	}
	if !strings.Contains(page.one("#overdue").text(), "超期") {
		t.Errorf("overdue cases do not say by how much")
	}
}

func itoa(n int) string { return string(rune('0' + n)) }

// A page of the queue leads to the next, without repeating a row.
func TestQueuePages(t *testing.T) {
	w := newWorld(t)
	a := hotline.Actor{ID: "x", Name: "测试", Role: hotline.Operator, Platform: w.gov.node.Platform}
	for range 7 {
		if _, _, err := w.gov.desk.Intake(t.Context(), a, desk.In{Text: "路灯坏了三天了没人来修", Channel: "phone", Region: "540102"}); err != nil {
			t.Fatal(err)
		}
	}
	op := w.gov.as("operator")
	for _, path := range []string{"/cases?limit=3", "/cases?limit=3&sort=new"} {
		seen := map[string]bool{}
		next, pages := path, 0
		for next != "" && pages < 5 {
			page := op.get(next)
			for _, r := range page.page().all(t, "tr[data-case]") {
				if seen[r.attrs["data-case"]] {
					t.Errorf("%s: row twice", path)
				}
				seen[r.attrs["data-case"]] = true
			}
			next = ""
			if l := page.page().all(t, "#next-page"); len(l) == 1 {
				next = l[0].attrs["href"] + "&limit=3"
			}
			pages++
		}
		if len(seen) != 7 || pages != 3 {
			t.Errorf("%s: got %d rows on %d pages, want 7 on 3", path, len(seen), pages)
		}
	}
	if got := op.get("/cases?cursor=rubbish"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a broken cursor: got %d, want 422", got.status)
	}
	if got := op.get("/cases?status=odd"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown status: got %d, want 422", got.status)
	}
	if got := op.get("/cases?region=%E6%8B%89%E8%90%A8%E5%B8%82").count("tr[data-case]"); got != 7 {
		t.Errorf("region 拉萨市: got %d, want all 7 below it", got)
	}
}

// Whoever may not see a case is told that there is none.
func TestOthersCasesAreNotThere(t *testing.T) {
	w := newWorld(t)
	c := w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	stranger := w.gov.as("clerk2") // of a unit that has no leg of it
	for _, path := range []string{"/cases/" + c.caseID(), "/legs/" + c.one(".lane").attrs["data-leg"], "/cases/none", "/nowhere"} {
		if got := stranger.get(path); got.status != http.StatusNotFound || got.count("#problem") != 1 {
			t.Errorf("%s: got %d, want 404 with a page that says so", path, got.status)
		}
	}
	if got := stranger.post("/legs/"+c.one(".lane").attrs["data-leg"]+"/"+string(leg.Accept), nil); got.status != http.StatusNotFound {
		t.Errorf("accepting another unit's leg: got %d, want 404", got.status)
	}
}

// The stream says that something changed, and no more than that.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, op.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := op.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("got %s, want a stream", got)
	}
	heard := make(chan string)
	go func() {
		b := make([]byte, 4096)
		all := ""
		for strings.Count(all, "event: changed") < 2 { // one to begin with
			n, err := res.Body.Read(b)
			all += string(b[:n])
			if err != nil {
				break
			}
		}
		heard <- all
	}()
	op.take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	select {
	case got := <-heard:
		if !strings.Contains(got, "event: changed\nid: ") || strings.Contains(got, "路灯") {
			t.Errorf("got %q, want a tick without words", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing heard within 10 s")
	}
	if got := w.gov.nobody().get("/events"); got.status != http.StatusUnauthorized {
		t.Errorf("without a session: got %d, want 401", got.status)
	}
}
