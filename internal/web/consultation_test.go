package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
)

// givenBackTwice is the path of a case at 12345 that 110 returned twice.
func (w *world) givenBackTwice(t *testing.T) string {
	t.Helper()
	leader, police := w.gov.as("leader"), w.police.as("leader")
	at := leader.post("/desk", url.Values{"text": {"城关区北京中路的路灯坏了三天了，没人来修"}, "region": {"拉萨市 城关区"}, "category": {"A01"}, "item": {"A01.01"}, "channel": {"phone"},
		"name": {"张测试"}, "phone": {"13900000001"}, "do": {"save"}}).location
	id := strings.TrimPrefix(at, "/cases/")
	for n := range 2 {
		v, err := w.gov.store.Reader().Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"to": {"110"}, "ask": {"请处置"}, "role": {"lead"}, "version": {strconv.FormatInt(v.Version, 10)}}
		if n > 0 {
			legs, err := w.gov.store.Reader().LegsOf(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			form.Set("replaces", legs[n-1].ID)
		}
		if got := leader.post(at+"/legs", form); got.status != http.StatusSeeOther {
			t.Fatalf("send: got %d\n%s", got.status, got.body)
		}
		legs, err := w.gov.store.Reader().LegsOf(t.Context(), id)
		if err != nil || len(legs) != n+1 {
			t.Fatalf("%d legs, %v, want %d", len(legs), err, n+1)
		}
		last := legs[n].ID
		w.police.until("the leg is there", func() bool { _, err := w.police.store.Reader().Leg(t.Context(), last); return err == nil })
		if got := police.post("/legs/"+last+"/return", url.Values{"ground": {"not_duty"}, "basis": {"测试三定规定"}, "back": {"/cases"}}); got.status != http.StatusSeeOther {
			t.Fatalf("return: got %d\n%s", got.status, got.body)
		}
		w.gov.until("the return is here", func() bool {
			l, err := w.gov.store.Reader().Leg(t.Context(), last)
			return err == nil && l.State == "returned"
		})
	}
	return at
}

// From the second return to the ruling and to the routing of both platforms, by
// the pages of the secretaries of both.
func TestConsultationAcrossPlatformsByPages(t *testing.T) {
	w := newWorld(t)
	for _, p := range []*platform{w.gov, w.police} {
		if _, _, err := desk.Seed(t.Context(), p.store, p.desk.Catalogue(), p.desk.Directory(), p.desk.Now()); err != nil {
			t.Fatal(err)
		}
	}
	at := w.givenBackTwice(t)
	sec, theirs := w.gov.as("secretary"), w.police.as("secretary")

	b := browsertest.Open(t, w.gov.url)
	signIn(b, "secretary", ".nav-main")
	b.Go(at)
	b.Click("#consult")
	b.WaitVisible("#do-consult")
	look(t, b, "consult-open")
	form := sec.get(at + "/consult")
	if !strings.Contains(form.body, `value="platform:`+w.police.node.Platform+`" checked`) || !strings.Contains(form.body, w.police.node.Name) {
		t.Errorf("who returned it is not proposed as a party by name:\n%s", form.body)
	}
	if got := form.one("input[name=budget_n]").attrs["value"] + form.one("select[name=budget_unit] option[selected]").attrs["value"]; got != "5wd" {
		t.Errorf("the time limit to begin with is %q, want 5wd as number and unit", got)
	}
	opened := sec.post(at+"/consult", url.Values{"cause": {"dispute"}, "form": {"written"}, "question": {"路灯由谁修？来电人张测试"},
		"party": {"platform:" + w.police.node.Platform}, "others": {"城关区城市管理部门"}})
	if opened.status != http.StatusUnprocessableEntity && opened.status != http.StatusBadRequest {
		t.Errorf("a unit that is none: got %d", opened.status)
	}
	second := w.gov.as("leader").post("/desk", url.Values{"text": {"另一处路灯也坏了没有人来修"}, "region": {"拉萨市 城关区"}, "category": {"A01"}, "channel": {"phone"}, "do": {"save"}}).location
	number := regexp.MustCompile(`\d{6}-\d{4}`).FindString(sec.get(second).body)
	opened = sec.post(at+"/consult", url.Values{"cause": {"dispute"}, "form": {"written"}, "question": {"路灯由谁修？来电人张测试"}, "evidence": {number}, "budget_n": {"2"}, "budget_unit": {"h"},
		"party": {"platform:" + w.police.node.Platform, "unit:540102-urban"}})
	if opened.status != http.StatusSeeOther {
		t.Fatalf("consult: got %d\n%s", opened.status, opened.body)
	}
	here := opened.location
	if made, err := w.gov.store.Reader().Consultation(t.Context(), strings.TrimPrefix(here, "/consultations/")); err != nil || made.DueAt.Sub(made.OpenedAt) != 2*time.Hour {
		t.Errorf("opened for two hours, it is due after %s, %v", made.DueAt.Sub(made.OpenedAt), err)
	}
	if !strings.Contains(sec.get(here).body, second) {
		t.Errorf("the case of number %q is not attached", number)
	}
	if got := sec.get(at).one("#consults a").attrs["href"]; got != here {
		t.Errorf("the case leads to %s, want %s", got, here)
	}

	var there string
	w.police.until("the consultation is there", func() bool {
		got := theirs.get("/alert")
		if got.count("#consult-waits") == 0 {
			return false
		}
		there = got.one("#consult-waits a").attrs["href"]
		return true
	})
	if got := w.police.as("operator").get("/alert"); got.count("#consult-waits") != 0 {
		t.Error("an operator, who may not answer it, is told of it")
	}
	page := theirs.get(there)
	for what, want := range map[string]string{"who presides": w.gov.node.Name, "the question": "路灯由谁修", "the form": `id="do-speak"`, "interim owner": "首接"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("%s is not on their page:\n%s", what, page.body)
		}
	}
	for what, no := range map[string]string{"the caller": "张测试", "a ruling": `id="do-rule"`, "a code": ">platform:"} {
		if strings.Contains(page.body, no) {
			t.Errorf("%s is on their page", what)
		}
	}
	pb := browsertest.Open(t, w.police.url)
	signIn(pb, "secretary", ".nav-main")
	pb.Go("/consultations")
	look(t, pb, "consultations-110")
	pb.Go(there)
	pb.WaitVisible("#do-speak")
	look(t, pb, "consultation-110")
	if got := theirs.post(there+"/opinion", url.Values{"text": {"民警只作现场警示，修复不属警务"}}); got.status != http.StatusSeeOther {
		t.Fatalf("their word: got %d\n%s", got.status, got.body)
	}
	if got := theirs.get("/alert"); got.count("#consult-waits") != 0 {
		t.Error("answered, it still waits")
	}
	if got := theirs.post(there+"/rule", url.Values{"owner": {"unit:540102-urban"}, "basis": {"测试"}, "from": {"2026-03-11"}, "minutes": {"越权"}, "version": {"1"}}); got.status != http.StatusConflict {
		t.Errorf("they rule: got %d, want a conflict", got.status)
	}
	w.gov.as("clerk").post(here+"/opinion", url.Values{"text": {"路灯由我单位修"}})
	w.gov.until("their word is here", func() bool { return strings.Contains(sec.get(here).body, "民警只作现场警示") })
	b.Go(here)
	b.WaitVisible("#do-rule")
	look(t, b, "consultation-12345")
	ruled := sec.post(here+"/rule", url.Values{"owner": {"unit:540102-housing"}, "basis": {"测试市政设施管理办法"}, "from": {"2026-03-11"}, "minutes": {"路灯由住建修"}, "version": {"1"}})
	if ruled.status != http.StatusSeeOther {
		t.Fatalf("rule: got %d\n%s", ruled.status, ruled.body)
	}
	w.police.until("the ruling is there", func() bool { return strings.Contains(theirs.get(there).body, "路灯由住建修") })

	for _, p := range []*platform{w.gov, w.police} {
		editor, at := p.as("editor"), here
		if p == w.police {
			at = there
		}
		draft := editor.post(at+"/draft", nil)
		if draft.status != http.StatusSeeOther {
			t.Fatalf("%s, draft: got %d\n%s", p.line, draft.status, draft.body)
		}
		tried := editor.get(draft.location)
		if tried.count("#turned") != 1 || tried.count("#publish") != 1 {
			t.Fatalf("%s: the draft was not tried, or cannot be published:\n%s", p.line, tried.body)
		}
		published := editor.post(draft.location+"/publish", url.Values{"name": {"xizang-2026.1"}, "from": {"2026-03-11"}, "basis": {"会商裁定"}, "version": {tried.one("#publish input[name=version]").attrs["value"]}})
		if published.status != http.StatusSeeOther {
			t.Fatalf("%s, publish: got %d\n%s", p.line, published.status, published.body)
		}
		if lead, _, _ := p.desk.Route("A01.01", "A01", "540102"); lead.Code != "540102-housing" {
			t.Errorf("%s routes to %s, want what was ruled", p.line, lead.Code)
		}
	}
	pb.Go(there)
	pb.WaitVisible("#owner")
	look(t, pb, "consultation-ruled-110")
}
