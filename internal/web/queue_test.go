package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"liandong/internal/browsertest"
)

// A filter is kept under a name, stands above the list of who kept it, and goes
// by another name and away again.
func TestSavedViewsOnTheQueue(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	op.take("城关区北京中路的路灯坏了三天了，没人来修", url.Values{"region": {"540102"}})
	if list := op.get("/cases"); list.count("#views") != 0 {
		t.Errorf("nothing filtered and nothing kept: want nothing about views")
	}
	list := op.get("/cases?q=路灯")
	if !strings.Contains(list.one("#save-view").text(), "“路灯”会随视图一起保存") {
		t.Errorf("got %q, want to be told that the words are stored", list.one("#save-view").text())
	}
	list = op.get("/cases?line=12345&region=" + url.QueryEscape("拉萨市") + "&overdue=&cursor=")
	refused := op.submit(list, "#save-view form", url.Values{"name": {""}})
	if refused.status != http.StatusUnprocessableEntity || refused.count("#save-view[open]") != 1 || refused.count("#f-line option[selected]") != 1 {
		t.Errorf("without a name: got %d, want the form again above the same list", refused.status)
	}
	list = op.follow(op.submit(refused, "#save-view form", url.Values{"name": {"拉萨路灯"}}))
	link := list.one("#views nav a")
	if link.text() != "拉萨路灯" || link.attrs["aria-current"] != "page" || list.count("#save-view") != 0 || list.count("tr[data-case]") != 1 {
		t.Errorf("kept: got %q, current %q, save offered %d times", link.text(), link.attrs["aria-current"], list.count("#save-view"))
	}
	again := op.get("/cases?urgent=1")
	if again.count("#views nav a[aria-current]") != 0 || again.count("tr[data-case]") != 0 {
		t.Errorf("another filter is not the view")
	}
	personal := op.submit(op.get("/cases?q=13900000001"), "#save-view form", url.Values{"name": {"电话"}})
	if personal.status != http.StatusUnprocessableEntity || !strings.Contains(personal.one("#save-view #fault").text(), "视图不保存") {
		t.Errorf("a phone number: got %d, want it refused", personal.status)
	}
	taken := op.submit(again, "#save-view form", url.Values{"name": {"拉萨路灯"}})
	if taken.status != http.StatusConflict || taken.count("#save-view #fault") != 1 {
		t.Errorf("a name that is there: got %d, want it refused in the form", taken.status)
	}
	again = op.follow(op.submit(again, "#edit-views form", url.Values{"name": {"市区路灯"}}))
	if again.one("#views nav a").text() != "市区路灯" || !strings.HasSuffix(again.one("form[action=/language] input").attrs["value"], "urgent=1") {
		t.Errorf("renamed: got %q, want it on the list that was shown", again.one("#views nav a").text())
	}
	if n := w.gov.as("leader").get("/cases").count("#views"); n != 0 {
		t.Errorf("somebody else sees it")
	}
	if got := op.get(again.one("#views nav a").attrs["href"]); got.count("tr[data-case]") != 1 {
		t.Errorf("the view opened: got %d cases, want one", got.count("tr[data-case]"))
	}
	again = op.follow(op.submit(again, "#edit-views form", nil, "button[data-do=drop]"))
	if again.count("#views nav") != 0 {
		t.Errorf("deleted: want no link")
	}
}

// Views and the menu of the rarer pages, in a browser and without scripts.
func TestViewsAndMenuInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	b.NoScript()
	signIn(b, "leader", "#counts")
	b.Go("/cases?q=" + url.QueryEscape("路灯"))
	b.Click("#save-view > summary")
	b.Fill("#view-name", "路灯")
	b.Click("#save-view button")
	b.WaitVisible("#views nav a[aria-current]")
	b.Click("#nav-more > summary")
	b.Click("#nav-more a[href='/figures']")
	b.WaitVisible("#nav-more summary.on")

	b = browsertest.Open(t, w.gov.url)
	signIn(b, "leader", "#counts")
	b.Go("/cases")
	b.Click("#views nav a")
	b.WaitVisible("#views nav a[aria-current]")
	b.Click("#edit-views > summary")
	b.Click("#nav-more > summary")
	b.WaitVisible("#nav-more a[href='/wall']")
	look(t, b, "queue-views")
	b.Click("h1")
	if b.Visible("#nav-more a[href='/wall']") {
		t.Errorf("the menu stays open where somebody goes on elsewhere")
	}
}

// The navigation of those who have most in it stands in one row at 1366 px, on
// both platforms and in both languages.
func TestNavigationFits(t *testing.T) {
	w := newWorld(t)
	w.runOver() // with unread notices
	for _, who := range []struct {
		at    *platform
		login string
	}{{w.gov, "leader"}, {w.police, "leader"}, {w.gov, "secretary"}, {w.gov, "clerk"}, {w.gov, "duty"}, {w.police, "clerk"}, {w.gov, "administrator"}} {
		b := browsertest.Open(t, who.at.url)
		b.Size(1366, 768)
		signIn(b, who.login, ".nav-main")
		for _, lang := range []string{"zh-CN", "en"} {
			b.WaitVisible("html[lang='" + lang + "'] .nav-main")
			if h := b.Height(".top-in"); h > 60 {
				t.Errorf("%s at %s in %s: the head is %d px high, want one row", who.login, who.at.line, lang, h)
			}
			b.Click("form[action='/language'] button")
		}
	}
}

// Ticked cases go to a unit: named first, sent once however often it is
// clicked, taken back while nobody has accepted them.
func TestAssignFromTheQueue(t *testing.T) {
	w := newWorld(t)
	op, other := w.gov.as("operator"), w.gov.as("leader")
	for _, words := range []string{"城关区北京中路的路灯坏了三天了，没人来修", "城关区林廓北路的路灯不亮", "城关区江苏路的路灯坏了"} {
		op.follow(op.press(words, nil, "button[value=save]"))
	}
	list := op.get("/cases")
	var ticked []string
	for _, box := range list.page().all(t, "input[name=case]") {
		ticked = append(ticked, box.attrs["value"])
	}
	if len(ticked) != 3 || list.count("#assign") != 1 || w.gov.as("auditor").get("/cases").count("input[name=case]") != 0 {
		t.Fatalf("got %d boxes, want three for who may send, none for an auditor", len(ticked))
	}
	address := "/assign?" + url.Values{"case": ticked, "unit": {"540102-housing"}, "back": {"/cases?urgent="}}.Encode()
	preview := op.get(address)
	if preview.count("#confirm li[data-case]") != 3 || preview.count("#not") != 0 || !strings.Contains(preview.one("#confirm").text(), "江苏路") {
		t.Fatalf("preview: got %d ready\n%s", preview.count("#confirm li[data-case]"), preview.one("#main").text())
	}
	movedID, _, _ := strings.Cut(ticked[0], ":")
	level := url.Values{"level": {"2"}, "level_reason": {"多人反映"}, "reason": {"多人反映"}}
	page := other.get("/cases/" + movedID)
	other.follow(other.submit(page, "form[action=/cases/"+movedID+"/decide]", level))
	var undo answer
	for _, what := range []string{"confirmed", "clicked again"} {
		done := op.submit(preview, "#confirm", url.Values{"case": values(preview.page().all(t, "#confirm input[name=case]"))})
		if done.status != http.StatusOK || done.count("#done li[data-case]") != 2 || done.count("#not li[data-case]") != 1 || !strings.Contains(done.one("#not").text(), "已有人改动") {
			t.Fatalf("%s: got %d\n%s", what, done.status, done.one("#main").text())
		}
		if got := w.gov.as("clerk2").get("/inbox").count(".inbox-row"); got != 2 {
			t.Errorf("%s: the unit has %d, want two", what, got)
		}
		undo = done
	}
	if stale := op.get(address); stale.count("#not li[data-case]") != 3 || stale.count("#primary") != 0 {
		t.Errorf("afterwards the preview offers %d", stale.count("#confirm li[data-case]"))
	}
	clerk := w.gov.as("clerk2")
	legs := values(undo.page().all(t, "#undo input[name=leg]"))
	clerk.follow(clerk.submit(clerk.get("/inbox"), "form[action=/legs/"+legs[0]+"/accept]", nil))
	back := op.submit(undo, "#undo", url.Values{"leg": legs})
	if back.count("#done li[data-case]") != 1 || back.count("#not li[data-case]") != 1 || !strings.Contains(back.one("#not").text(), "已经签收") {
		t.Errorf("undo: got\n%s", back.one("#main").text())
	}
	if back.one("#back").attrs["href"] != "/cases?urgent=" {
		t.Errorf("got back to %q, want the list", back.one("#back").attrs["href"])
	}
	if none := op.get("/assign?unit=540102-housing"); none.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing ticked: got %d, want to be told", none.status)
	}
}

func values(es []*element) (out []string) {
	for _, e := range es {
		out = append(out, e.attrs["value"])
	}
	return out
}

// In a browser: ticks outlive what others do to the list.
func TestAssignInABrowser(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	for _, words := range []string{"城关区北京中路的路灯坏了三天了，没人来修", "城关区林廓北路的路灯不亮"} {
		op.follow(op.press(words, nil, "button[value=save]"))
	}
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "leader", "#counts")
	b.Go("/cases")
	b.Click("tbody tr:nth-child(1) input[name=case]")
	b.Click("tbody tr:nth-child(2) input[name=case]")
	b.WaitText("#ticked", "已选 2 件")
	b.Fill("#assign-unit", "城关区")
	op.follow(op.press("城关区江苏路的路灯坏了", nil, "button[value=save]"))
	look(t, b, "queue-ticked")
	if n := b.Count("input[name=case]:checked"); n != 2 {
		t.Fatalf("got %d ticks after somebody else took a case, want two", n)
	}
	b.Click("#assign button:not([type])")
	b.WaitText("#choose", "名称里有“城关区”") // nobody knows codes, and the ticks are not lost over one
	look(t, b, "assign-choose")
	b.Fill("#assign-unit", "没有这个局")
	b.Click("#again button")
	b.WaitText("#choose", "没有名称里有")
	b.Fill("#assign-unit", "住建") // as people call it
	b.Click("#again button")
	b.Click("#choose a[href*='540102-housing']")
	b.WaitVisible("#confirm")
	if n := b.Count("#confirm li[data-case]"); n != 2 {
		t.Errorf("after the unit was chosen: got %d cases, want the two that were ticked", n)
	}
	look(t, b, "assign-preview")
	b.Click("#primary")
	b.WaitVisible("#undo")
	look(t, b, "assign-done")
	b.Click("#undo button")
	b.WaitVisible("#done")
	again := browsertest.Open(t, w.gov.url) // the first page may still be on its way
	signIn(again, "leader", ".nav-main")
	again.Go("/cases")
	again.Click("#tick-all")
	again.WaitText("#ticked", "已选 3 件")
}

// What people call a unit for short is in its name, in order and not far apart.
func TestUnitsForShort(t *testing.T) {
	for _, tc := range []struct {
		text, name string
		want       int
	}{
		{"城管", "城关区城市管理和综合执法局", 3}, {"住建", "城关区住房和城乡建设局", 6}, {"人社", "城关区人力资源和社会保障局", 6},
		{"城管", "城关区市场监督管理局", 0}, {"管城", "城关区城市管理和综合执法局", 0}, {"城", "城关区人民政府", 0}, {"", "城关区人民政府", 0},
	} {
		if got := shortFor(tc.text, tc.name); got != tc.want {
			t.Errorf("%s in %s: got a span of %d, want %d", tc.text, tc.name, got, tc.want)
		}
	}
}
