package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
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
