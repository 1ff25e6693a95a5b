package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/sheet"
)

// seedCatalogue writes the catalogue into the database, as a new node does.
func (p *platform) seedCatalogue() {
	p.t.Helper()
	if _, _, err := desk.Seed(p.t.Context(), p.store, p.desk.Catalogue(), p.desk.Directory(), p.desk.Now()); err != nil {
		p.t.Fatal(err)
	}
}

// An editor changes an item, sees which past cases would have gone elsewhere,
// publishes, and the seat desk goes by it.
func TestCatalogueInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了", nil)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "editor", "#sign-out")
	b.Go("/catalogue")
	look(t, b, "catalogue")
	b.Fill("#title", "路灯改由供电公司负责")
	b.Click("#do-new")
	b.WaitVisible("#changes")
	draft := b.Path()
	b.Go(draft + "/item?code=A01.01")
	b.Fill("#lead", "供电")
	b.Click("input[name=joint]:checked")
	look(t, b, "draft-item")
	b.Click("#do-save")
	b.WaitText("#changes", "主办部门")
	b.Click("#do-try")
	b.WaitText("#turned", "1 件诉求中，1 件会去往别处")
	look(t, b, "draft")
	b.Fill("#name", "test-2")
	b.Fill("#basis", "测试会议纪要1号")
	b.Click("#do-publish")
	b.WaitText("#moves", "供电")
	b.WaitVisible("#catalogue-news")
	look(t, b, "catalogue-moves")
	b.Go("/catalogue")
	b.WaitText("#in-force", "test-2")
	lead := browsertest.Open(t, w.gov.url)
	signIn(lead, "leader", ".nav-main")
	lead.WaitVisible("#catalogue-news")
	lead.Go(w.gov.as("leader").get("/alert").one("#catalogue-news a").attrs["href"])
	lead.WaitVisible("#moves button")
	look(t, lead, "catalogue-moves-leader")
	lead.Click("#moves button")
	lead.WaitText("main", "没有需要改派")
	if got := w.gov.as("clerk").get("/alert"); got.count("#catalogue-news") != 0 {
		t.Error("a unit is told of it")
	}
	b.Go("/catalogue/versions/test-2?q=路灯")
	b.WaitText("main", "供电")
	look(t, b, "catalogue-version")
}

// A workbook goes out, is changed and comes back; one with a fault changes
// nothing and says where it is.
func TestCatalogueByWorkbook(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	editor := w.gov.as("editor")
	made := editor.post("/catalogue/drafts", url.Values{"title": {"测试草案"}, "base": {w.gov.desk.Catalogue().Version}})
	path, _, _ := strings.Cut(made.location, "#")
	tables, err := sheet.Read(strings.NewReader(editor.get(path + "/xlsx").body))
	if err != nil {
		t.Fatal(err)
	}
	items := &tables[1].Cells
	(*items)[1][3] = "env"
	got := editor.upload(path+"/import", url.Values{"version": {"1"}}, tables)
	if got.status != http.StatusSeeOther {
		t.Fatalf("a good workbook: got %d %s", got.status, got.one("#fault").text())
	}
	if text := editor.get(path).one("#changes").text(); !strings.Contains(text, "A01.01") || !strings.Contains(text, "env") {
		t.Errorf("changes: got %q", text)
	}
	(*items)[2][0] = (*items)[1][0]
	got = editor.upload(path+"/import", url.Values{"version": {"2"}}, tables)
	if text := got.one("#fault").text(); got.status != 422 || !strings.Contains(text, "items:3") {
		t.Errorf("a code twice: got %d %q, want the row", got.status, text)
	}
	if text := editor.upload(path+"/import", url.Values{"version": {"2"}}, nil).one("#fault").text(); text == "" {
		t.Error("no workbook: got no refusal")
	}
}

// upload sends a form with a workbook in it.
func (p *person) upload(path string, form url.Values, tables []sheet.Table) answer {
	p.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, vs := range form {
		for _, v := range vs {
			if err := m.WriteField(k, v); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	file, err := m.CreateFormFile("file", "清单.xlsx")
	if err != nil {
		p.t.Fatal(err)
	}
	if tables != nil {
		if err := sheet.Write(file, tables); err != nil {
			p.t.Fatal(err)
		}
	}
	m.Close()
	return p.do(http.MethodPost, path, &b, map[string]string{"Content-Type": m.FormDataContentType()})
}
