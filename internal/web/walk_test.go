package web

import (
	"testing"

	"liandong/internal/browsertest"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// Every role, on every page that its navigation offers, meets no refusal, no name of a sentence in place of the sentence, and no code or
// internal id in place of a name or number.
func TestEveryRoleWalks(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	consultations := []string{w.consulted(t, w.gov, w.police), w.consulted(t, w.police, w.gov)}
	b := browsertest.Open(t, w.gov.url)
	for _, login := range []string{"operator", "leader", "clerk", "duty", "supervisor", "secretary", "editor", "auditor", "administrator"} {
		signIn(b, login, ".nav-main")
		for _, lang := range []string{"zh-CN", "en"} {
			b.WaitVisible("html[lang='" + lang + "'] .nav-main")
			var paths []string
			for _, link := range w.gov.as(login).get(b.Path()).page().all(t, ".nav-main a") {
				paths = append(paths, link.attrs["href"])
				if link.attrs["href"] == "/consultations" && login != "clerk" && login != "duty" { // what it leads to
					paths = append(paths, consultations...)
				}
			}
			for _, at := range paths {
				b.Go(at)
				b.WaitVisible("h1, #intake, #wall")
				if b.Count("#problem, .top .top") > 0 || b.Count(".top") != 1 && at != "/wall" {
					t.Errorf("%s at %s: a page within the page", login, at)
				}
				if raw := b.Eval(`(document.body.innerText.match(/\b[0-9a-hjkmnp-tv-z]{26}\b|\b5\d{5}-[a-z][a-z-]+\b|\b(web|word|error|field)\.[a-z_.]+\b|\bC[1-4] /g) || []).join(" ")`); raw != "" {
					t.Errorf("%s at %s in %s: shows %s", login, at, lang, raw)
				}
			}
			if b.Count("form[action='/language']") == 0 {
				b.Go("/")
			}
			b.Click("form[action='/language'] button")
		}
		b.WaitVisible("html[lang='zh-CN'] #sign-out")
		b.Click("#sign-out")
		settled(b)
		b.Console() // what a page asked of a session that had just ended
	}
}

// consulted is the path at 12345 of a consultation that one platform opened and
// asks the other in.
func (w *world) consulted(t *testing.T, host, guest *platform) string {
	t.Helper()
	secretary := hotline.Actor{ID: "s", Name: "测试秘书", Role: hotline.Secretary, Platform: host.node.Platform}
	v, _, err := host.desk.Intake(t.Context(), hotline.Actor{ID: "o", Name: "测试坐席", Role: hotline.Operator, Platform: host.node.Platform},
		desk.In{Text: "小区外的路灯一个星期不亮", Channel: "phone", Region: "540102", Category: "A01", Item: "A01.01"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := host.desk.OpenConsultation(t.Context(), secretary, desk.NewConsultation{CaseID: v.ID, Cause: consultation.ByHand, Form: consultation.Written,
		Question: "归谁", Parties: []string{"platform:" + guest.node.Platform, "unit:540102-urban"}})
	if err != nil {
		t.Fatal(err)
	}
	thread := c.Threads[0].ID
	guest.until("the consultation is there", func() bool { _, err := guest.store.Reader().Consultation(t.Context(), thread); return err == nil })
	if host == w.gov {
		return "/consultations/" + c.ID
	}
	return "/consultations/" + thread
}
