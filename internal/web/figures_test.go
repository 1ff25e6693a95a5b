package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"liandong/internal/browsertest"
	"liandong/internal/triage/learn"
)

// The page of figures shows each share with its denominator and leads to the
// cases behind it.
func TestFigures(t *testing.T) {
	w := newWorld(t)
	leader := w.gov.as("leader")
	if got := leader.get("/figures").count("#empty"); got != 1 {
		t.Errorf("before anything was decided: got %d empty states, want one", got)
	}
	operator := w.gov.as("operator")
	if got := operator.get("/figures").status; got != 403 {
		t.Errorf("an operator: got %d, want 403", got)
	}
	operator.take("城关区小区门口的井盖坏了三天没有人来修", nil)
	page := leader.get("/figures")
	if got := page.one("#counts").text(); !strings.Contains(got, "(") || page.count("#classes tbody tr") < 1 || page.count("#weeks tbody tr") != 1 {
		t.Errorf("after a decision: got %q", got)
	}
	if got := page.one("#classes tbody a").attrs["href"]; !strings.HasPrefix(got, "/cases?category=") {
		t.Errorf("a class leads to %q, want its cases", got)
	}
	for _, list := range learn.Published().Unseen {
		for _, e := range list.Engines {
			if a := e.False; !strings.Contains(page.one("#report").text(), fmt.Sprintf("%d/%d", a.Alarms, a.N)) {
				t.Errorf("%s, %s: the page lacks %d false alarms of %d", list.Name, e.Name, a.Alarms, a.N)
			}
		}
	}
	both := learn.Published().Parts[0].Engines[4]
	if got := page.one("#report").text(); page.count("#report tbody tr") < 20 || !strings.Contains(got, fmt.Sprintf("%.1f%%", 100*both.Strict)) {
		t.Errorf("the report: got %q, want what make eval found, %.4f among it", got, both.Strict)
	}
	leader.post("/language", url.Values{"language": {"en"}})
	if got := leader.get("/figures").one("h1").text(); got != "How triage does" {
		t.Errorf("in English: got %q", got)
	}
}

func TestFiguresInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区小区门口的井盖坏了三天没有人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	b.Go("/sign-in")
	signIn(b, "leader", "#list")
	b.Go("/figures")
	look(t, b, "figures")
}
