package web

import (
	"testing"

	"liandong/internal/browsertest"
)

// Every role, on every page that its navigation offers, meets no refusal, no name of a sentence in place of the sentence, and no code or
// internal id in place of a name or number.
func TestEveryRoleWalks(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	for _, login := range []string{"operator", "leader", "clerk", "duty", "supervisor", "secretary", "editor", "auditor", "administrator"} {
		signIn(b, login, ".nav-main")
		for _, lang := range []string{"zh-CN", "en"} {
			b.WaitVisible("html[lang='" + lang + "'] .nav-main")
			for _, path := range w.gov.as(login).get(b.Path()).page().all(t, ".nav-main a") {
				at := path.attrs["href"]
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
