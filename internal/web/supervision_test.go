package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"liandong/internal/browsertest"
)

// An order by hand: the supervisor issues it from the case, the unit finds it
// in its inbox and answers, the supervisor demands more and then accepts.
func TestSupervisionByPages(t *testing.T) {
	w := newWorld(t)
	leader, boss, clerk := w.gov.as("leader"), w.gov.as("supervisor"), w.gov.as("clerk")
	took := leader.post("/desk", url.Values{"text": {"小区门口的井盖坏了三天没有人来修"}, "region": {"拉萨市 城关区"}, "category": {"A01"}, "channel": {"phone"}, "do": {"save"}})
	if took.status != http.StatusSeeOther {
		t.Fatalf("intake: got %d\n%s", took.status, took.body)
	}
	at := took.location
	if got := leader.post(at+"/legs", url.Values{"to": {"unit:540102-urban"}, "ask": {"请办理"}, "role": {"lead"}, "version": {"1"}}); got.status != http.StatusSeeOther {
		t.Fatalf("send: got %d\n%s", got.status, got.body)
	}
	refused := boss.post(at+"/orders", url.Values{"cause": {"overdue"}})
	if refused.status != http.StatusBadRequest && refused.status != http.StatusUnprocessableEntity || !strings.Contains(refused.body, `id="fault"`) {
		t.Errorf("an order that demands nothing: got %d, want the form again with a sentence", refused.status)
	}
	issued := boss.post(at+"/orders", url.Values{"cause": {"overdue"}, "demand": {"请说明为何三天未修"}, "budget": {"3wd"}})
	if issued.status != http.StatusSeeOther {
		t.Fatalf("issue: got %d\n%s", issued.status, issued.body)
	}
	order := issued.location
	if got := clerk.get("/inbox"); !strings.Contains(got.body, order) {
		t.Error("the unit's inbox does not show the order")
	}
	for i, step := range []struct {
		who     *person
		verb    string
		version string
	}{{clerk, "answer", "1"}, {boss, "demand", "2"}, {clerk, "answer", "3"}, {boss, "accept", "4"}} {
		got := step.who.post(order+"/"+step.verb, url.Values{"unit": {"540102-urban"}, "text": {"情况说明"}, "version": {step.version}, "budget": {"1wd"}})
		if got.status != http.StatusSeeOther {
			t.Fatalf("step %d, %s: got %d\n%s", i, step.verb, got.status, got.body)
		}
	}
	page := boss.get(order)
	for _, want := range []string{"请说明为何三天未修", `data-state="accepted"`, `data-kind="order_demand"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the order's page does not show %s", want)
		}
	}
	if got := clerk.get("/supervision"); strings.Contains(got.body, order) {
		t.Error("an order that ended is still on the list")
	}
}

// Two returns of a unit that rulings upheld against it: the board names the
// unit, its line leads to the cases, and each leg says so.
func TestUnfoundedReturnsByPages(t *testing.T) {
	w := newWorld(t)
	leader, boss, clerk, secretary := w.gov.as("leader"), w.gov.as("supervisor"), w.gov.as("clerk"), w.gov.as("secretary")
	var cases []string
	for _, text := range []string{"小区门口的井盖坏了三天没有人来修", "小区外的路灯一个星期不亮没有人来修"} {
		if got := boss.get("/supervision"); strings.Contains(got.body, `id="unfounded"`) {
			t.Fatalf("after %d unfounded returns the board names somebody", len(cases))
		}
		at := leader.post("/desk", url.Values{"text": {text}, "region": {"拉萨市 城关区"}, "category": {"A01"}, "channel": {"phone"}, "do": {"save"}}).location
		cases = append(cases, at)
		leader.post(at+"/legs", url.Values{"to": {"unit:540102-urban"}, "ask": {"请办理"}, "role": {"lead"}, "version": {"1"}})
		leg := boss.get(at).one("[data-leg]").attrs["data-leg"]
		if got := clerk.post("/legs/"+leg+"/return", url.Values{"ground": {"not_duty"}, "basis": {"三定规定"}, "back": {"/inbox"}}); got.status != http.StatusSeeOther {
			t.Fatalf("return: got %d\n%s", got.status, got.body)
		}
		opened := secretary.post(at+"/consult", url.Values{"cause": {"hand"}, "form": {"written"}, "question": {"归谁"}, "party": {"unit:540102-urban\nunit:540102-housing"}})
		if opened.status != http.StatusSeeOther {
			t.Fatalf("consult: got %d\n%s", opened.status, opened.body)
		}
		ruled := secretary.post(opened.location+"/rule", url.Values{"owner": {"unit:540102-urban"}, "basis": {"市政管理办法"}, "from": {"2026-03-11"}, "minutes": {"由其办理"}, "version": {"1"}})
		if ruled.status != http.StatusSeeOther {
			t.Fatalf("rule: got %d\n%s", ruled.status, ruled.body)
		}
	}
	board := boss.get("/supervision")
	line := regexp.MustCompile(`(?s)<section id="unfounded">.*?data-unit="540102-urban".*?<a href="([^"]+)">2</a>`).FindStringSubmatch(board.body)
	if line == nil {
		t.Fatalf("the board does not name the unit with its two returns:\n%s", board.body)
	}
	behind := boss.get(html.UnescapeString(line[1]))
	for _, at := range cases {
		if behind.status != http.StatusOK || !strings.Contains(behind.body, at) {
			t.Errorf("behind the line: got %d, without %s", behind.status, at)
		}
		if page := boss.get(at); !strings.Contains(page.body, "data-unfounded") {
			t.Errorf("%s does not say that its return was found unfounded", at)
		}
	}
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "supervisor", ".nav-main")
	b.Go("/supervision")
	b.WaitVisible("#unfounded")
	look(t, b, "supervision-unfounded")
	b.Click("#unfounded a")
	b.WaitVisible("main table")
	look(t, b, "unfounded-cases")
	if got := clerk.get(html.UnescapeString(line[1])); got.status != http.StatusForbidden {
		t.Errorf("a clerk: got %d, want forbidden", got.status)
	}
	if figures := boss.get("/assessment?period=2026-03"); !strings.Contains(figures.body, "indicator=unfounded") {
		t.Error("the statement has no column for unfounded returns")
	}
}

// The answer of the other platform is suspended from the case's page: the form
// names it, both ledgers show the entry, and only the sender's can end it.
func TestSuspensionOfAPlatformByPages(t *testing.T) {
	w := newWorld(t)
	leader, boss := w.gov.as("leader"), w.gov.as("supervisor")
	at := leader.post("/desk", url.Values{"text": {"小区门口有人长期占道停车，请交警管一管"}, "region": {"拉萨市 城关区"}, "category": {"A14"}, "channel": {"phone"}, "do": {"save"}}).location
	if got := leader.post(at+"/legs", url.Values{"to": {"110"}, "ask": {"请处理"}, "role": {"lead"}, "version": {"1"}}); got.status != http.StatusSeeOther {
		t.Fatalf("send: got %d\n%s", got.status, got.body)
	}
	legID := boss.get(at).one("[data-leg]").attrs["data-leg"]
	var there string
	w.police.until("the leg is there", func() bool {
		l, err := w.police.store.Reader().Leg(t.Context(), legID)
		there = "/cases/" + l.CaseID
		return err == nil
	})
	form := boss.get(at + "/orders")
	if !strings.Contains(form.body, `<option value="`+legID+`">`+w.police.node.Name+`</option>`) {
		t.Fatalf("the form does not offer the other platform's leg:\n%s", form.body)
	}
	got := boss.post(at+"/suspensions", url.Values{"leg": {legID}, "ground": {"others"}, "suspend_from": {"2026-03-12"}, "suspend_to": {"2026-03-13"}, "why": {"等待鉴定意见"}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("suspend: got %d\n%s", got.status, got.body)
	}
	theirs := w.police.as("supervisor")
	w.police.until("the suspension is there", func() bool { return strings.Contains(theirs.get(there).body, `data-kind="suspended"`) })
	for name, tc := range map[string]struct {
		page answer
		end  bool
	}{"sender": {boss.get(at + "/orders"), true}, "holder": {theirs.get(there + "/orders"), false}} {
		if !strings.Contains(tc.page.body, "等待检测、鉴定或第三方意见 · 2026-03-12") || strings.Contains(tc.page.body, `/end"`) != tc.end {
			t.Errorf("%s: want the entry, and a button to end it: %v\n%s", name, tc.end, tc.page.body)
		}
		if strings.Contains(tc.page.body, `id="do-suspend"`) != tc.end {
			t.Errorf("%s: want the form to suspend: %v", name, tc.end)
		}
	}
	if got := theirs.post(there+"/suspensions", url.Values{"leg": {legID}, "ground": {"others"}, "suspend_from": {"2026-03-16"}, "suspend_to": {"2026-03-16"}, "why": {"等待鉴定意见"}}); got.status != http.StatusConflict || !strings.Contains(got.body, "对方平台") {
		t.Errorf("the holder suspends: got %d", got.status)
	}
}
