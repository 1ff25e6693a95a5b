package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
)

// Who signs in for the first time stands where the work of the role is.
func TestRolesBeginAtTheirWork(t *testing.T) {
	w := newWorld(t)
	for login, want := range map[string]string{"operator": "/desk", "leader": "/overview", "supervisor": "/supervision", "secretary": "/consultations",
		"editor": "/catalogue", "auditor": "/cases", "administrator": "/links", "clerk": "/inbox"} {
		if got := w.gov.as(login).get("/"); got.status != http.StatusSeeOther || got.location != want {
			t.Errorf("%s: got %d to %s, want %s", login, got.status, got.location, want)
		}
	}
}

// The seat says when a place or an interpreter is wanting; both the desk and the
// unit see the second on the case.
func TestSeatSaysWhatIsWanting(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	words := "家门口的路灯坏了三天了，没人来修"
	assess := func(change url.Values) answer {
		change.Set("text", words)
		return op.submit(op.get("/desk"), "#intake", change, "#assess")
	}
	if p := assess(url.Values{}); p.count("#nowhere") != 1 || !strings.Contains(p.one("#nowhere").text(), "西藏自治区") || p.count("#speaks") != 0 {
		t.Errorf("no place: got %d notices", p.count("#nowhere"))
	}
	if p := assess(url.Values{"region": {"拉撒"}}); p.count("#lost") != 1 || !strings.Contains(p.one("#lost").text(), "拉撒") {
		t.Errorf("a place that there is not: got %d notices", p.count("#lost"))
	}
	p := assess(url.Values{"region": {"城关区"}, "language": {"bo"}})
	if p.count("#nowhere")+p.count("#lost") != 0 || !strings.Contains(p.one("#speaks").text(), "藏语") {
		t.Errorf("a place and a language: got %d notices of a place, %q", p.count("#nowhere")+p.count("#lost"), p.one("#speaks").text())
	}
	c := op.follow(op.submit(p, "#intake", url.Values{"region": {"城关区"}, "language": {"bo"}}, "#primary"))
	clerk := w.gov.as("clerk")
	inbox := clerk.get("/inbox")
	for name, page := range map[string]answer{"case": c, "inbox": inbox, "leg": clerk.get(inbox.one(".inbox-row h2 a").attrs["href"]), "queue": op.get("/cases")} {
		if page.count("[data-speaks=bo]") != 1 {
			t.Errorf("%s: got %d marks of an interpreter, want one", name, page.count("[data-speaks=bo]"))
		}
	}
}

// A unit says that it has spoken to the caller, which ends that clock; a call
// that nobody answered does not.
func TestUnitRecordsFirstContact(t *testing.T) {
	w := newWorld(t)
	op, clerk := w.gov.as("operator"), w.gov.as("clerk")
	c := op.take("城关区北京中路的路灯坏了三天了，没人来修", url.Values{"phone": {"13900000001"}})
	inbox := clerk.get("/inbox")
	if row := inbox.one(".inbox-row .row-end").text(); !strings.Contains(row, "首次联系") {
		t.Errorf("the inbox says %q, want what is to be done by then", row)
	}
	path := inbox.one(".inbox-row h2 a").attrs["href"]
	if clerk.get(path).count("#contact") != 0 {
		t.Error("before it is accepted: want no contact asked for")
	}
	page := clerk.follow(clerk.submit(clerk.get(path), "#next form", nil))
	owed := func(a answer) bool { return strings.Contains(a.one(".lane-accepted").text(), "首次联系") }
	if !owed(page) || page.count("#contact") != 1 {
		t.Fatalf("accepted: got %d forms for the contact, want one beside its clock", page.count("#contact"))
	}
	if got := page.one("#next").attrs["data-step"]; got != "contact" || page.count("#next [data-verb]") != 0 || page.count("details[data-step=feedback] [data-verb=feedback]") != 1 {
		t.Errorf("while the first contact is owed: got %q as the next step, want the contact, and the answer beside it", got)
	}
	if got := clerk.submit(page, "#contact", url.Values{"outcome": {""}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without what came of it: got %d, want 422", got.status)
	}
	page = clerk.follow(clerk.submit(page, "#contact", url.Values{"outcome": {"no_answer"}}))
	if !owed(page) || page.count("#contact") != 1 {
		t.Error("nobody answered: the clock has stopped")
	}
	page = clerk.follow(clerk.submit(page, "#contact", url.Values{"outcome": {"done"}, "note": {"约好下午上门"}}))
	if owed(page) || page.count("#contact") != 0 {
		t.Error("spoken to: the clock still runs")
	}
	if got := page.one("#next").attrs["data-step"]; got != "feedback" || page.count("#next #primary[data-verb=feedback]") != 1 {
		t.Errorf("spoken to: got %q as the next step, want the answer", got)
	}
	if story := op.get("/cases/" + c.caseID()).one("#timeline").text(); !strings.Contains(story, "约好下午上门") {
		t.Errorf("the desk reads %q, want the call in it", story)
	}
	if got := w.gov.as("clerk2").post(path+"/contact", url.Values{"outcome": {"done"}}); got.status != http.StatusNotFound {
		t.Errorf("another unit: got %d, want 404", got.status)
	}
}

// What is urgent stands on the overview also while nobody need be telephoned.
func TestOverviewShowsUrgent(t *testing.T) {
	w := newWorld(t)
	leader := w.gov.as("leader")
	if leader.get("/overview").count("#empty") != 1 {
		t.Error("nothing to do: want it said")
	}
	w.gov.as("operator").take("城关区这里煤气泄漏，有人晕倒了，快来人", nil)
	w.clock.Add(time.Second)
	for _, path := range []string{"/overview", "/wall"} { // figures alone do not say that there is nothing
		if got := w.gov.as("administrator").get(path).one("#main").text(); strings.Contains(got, "现在没有") || !strings.Contains(got, "您的角色只看数字") {
			t.Errorf("%s for who may not see cases: got %q", path, got)
		}
	}
	if p := leader.get("/overview"); p.count("#urgent tr[data-case]") != 1 || p.count("#empty") != 0 {
		t.Errorf("an urgent case: got %d rows and %d empty states, want one and none", p.count("#urgent tr[data-case]"), p.count("#empty"))
	}
}

// A press without a line stays on the page, with what was written and a sentence
// that says so; the next one, with a line, sends it.
func TestSeatWithoutALine(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Fill("#text", "城关区北京中路的路灯坏了三天了，没人来修")
	b.WaitVisible("#responsible")
	b.Line(false)
	b.Press("Control+Enter")
	b.WaitText("#draft-note", "线路断了")
	b.Line(true)
	b.Press("Control+Enter")
	b.WaitVisible("#timeline")
	b.Console() // what the browser says of the line
}

// A caller's number that nobody took down in a hurry is asked for on the case
// page, until it is there; the timeline says that it was added, not what it is.
func TestCallerIsCompletedOnTheCase(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("城关区这里煤气泄漏，有人晕倒了，快来人", url.Values{"name": {"张测试"}})
	if c.count("#complete [name=phone]") != 1 || c.count("#complete [name=address]") != 1 || c.count("#complete [name=name]") != 0 {
		t.Fatalf("asked for: got %q, want the number and the address", c.one("#complete").text())
	}
	wrong := op.submit(c, "#complete form", url.Values{"phone": {"没听清"}})
	if wrong.status != http.StatusUnprocessableEntity || wrong.count("#complete[open] #fault") != 1 {
		t.Errorf("no number: got %d, want 422 with the sentence in the form", wrong.status)
	}
	c = op.follow(op.submit(c, "#complete form", url.Values{"phone": {"13900000031"}}))
	if got := c.one("#phone").text(); got == "—" || strings.Contains(got, "13900000031") {
		t.Errorf("the number on the page: got %q, want it masked", got)
	}
	row := c.one("#timeline [data-kind=caller_completed]").text()
	if !strings.Contains(row, "来话号码") || strings.Contains(row, "1390000") || strings.Contains(row, "地址") {
		t.Errorf("the timeline says %q, want which part and not what it is", row)
	}
	if c.count("#complete [name=phone]") != 0 || c.count("#complete [name=address]") != 1 {
		t.Errorf("afterwards: got %q, want the address alone", c.one("#complete").text())
	}
	if n := w.gov.as("supervisor").get("/cases/" + c.caseID()).count("#complete"); n != 0 {
		t.Error("who takes no cases is asked to complete one")
	}
}
