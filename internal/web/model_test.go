package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// decided takes cases of one kind, invented, that somebody decided in sight of
// the proposal or without.
func (p *platform) decided(from, n int, seen bool) {
	p.t.Helper()
	a := hotline.Actor{ID: "x", Name: "测试班长", Role: hotline.ShiftLeader, Platform: p.node.Platform}
	what := []string{"栈道缺了两块板", "昨天又停航了", "票不能退", "几点开门", "船票太贵了"}
	for i := from; i < from+n; i++ {
		_, _, err := p.desk.Intake(p.t.Context(), a, desk.In{Text: fmt.Sprintf("冰湖游艇第%d号%s", i, what[i%len(what)]), Channel: "phone", Region: "540102",
			Category: "A09", Seen: seen})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// A model is trained, read about, put to work and taken back on the page, by
// who edits the catalogue; others look on.
func TestModelsPage(t *testing.T) {
	w := newWorld(t)
	editor, leader := w.gov.as("editor"), w.gov.as("leader")
	if got := editor.post("/figures/models", nil); got.status != 409 || !strings.Contains(got.one("#fault").text(), "50") {
		t.Errorf("training on nothing: got %d, %q, want 409 and how many it takes", got.status, got.one("#fault").text())
	}
	w.gov.decided(0, 60, true)
	w.gov.decided(100, desk.HeldOutLeast+5, false)
	editor.post("/figures/models", nil)
	page := editor.get("/figures/models")
	row := page.one("#others article")
	if got := page.one(".verdict").attrs["data-verdict"]; got != "may" || page.count("#do-rollback") != 0 {
		t.Fatalf("a better model: verdict %q in %q", got, row.text())
	}
	version := strings.TrimPrefix(row.attrs["id"], "model-")
	live := page.one("input[name=live]").attrs["value"]
	if seen := leader.get("/figures/models"); seen.count("#do-train") != 0 || seen.count("#others form") != 0 || !strings.Contains(seen.one("#others").text(), version) {
		t.Error("a shift leader sees a button, or no model")
	}
	if got := editor.post("/figures/models/"+version+"/publish", url.Values{"live": {"other"}}); got.status != 409 {
		t.Errorf("publishing over a model not seen: got %d, want 409", got.status)
	}
	editor.post("/figures/models/"+version+"/publish", url.Values{"live": {live}})
	page = editor.get("/figures/models")
	if got := page.one("#live").text(); !strings.Contains(got, version) || page.count("#uses tbody tr") != 1 {
		t.Errorf("published: got %q, want %s at work", got, version)
	}
	editor.post("/figures/models/rollback", url.Values{"live": {version}})
	if got := editor.get("/figures/models").one("#live").text(); !strings.Contains(got, live) {
		t.Errorf("rolled back: got %q, want %s at work", got, live)
	}
}

func TestModelsInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.decided(0, 60, true)
	w.gov.decided(100, desk.HeldOutLeast, false)
	b := browsertest.Open(t, w.gov.url)
	b.Go("/sign-in")
	signIn(b, "editor", "#sign-out")
	b.Go("/figures/models")
	look(t, b, "models-none")
	b.Click("#do-train")
	b.WaitVisible(`[data-do="publish"]`)
	look(t, b, "models")
	b.Click(`[data-do="publish"]`)
	b.WaitVisible("#do-rollback")
	look(t, b, "models-live")
}
