package browsertest

import (
	"fmt"
	"html/template"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// site is a small web application with one of each thing that the helper must cope with.
const site = `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>试</title><link rel="icon" href="data:,"></head>
<body><main><h1>联动 ལྷ་ས</h1>
{{with .}}<p id="got">收到：{{.}}</p>{{end}}
<form method="post" action="/send">
<label>内容 <textarea name="text">旧</textarea></label>
<label>区县 <select name="region"><option value="540102">城关区</option><option value="540202">桑珠孜区</option></select></label>
<label>日期 <input type="date" name="day"></label>
<label>固定 <input name="fixed" value="不变" readonly></label>
<button>提交</button>
</form>
<p id="later" hidden>好了</p><p id="key"></p><noscript><p id="plain">没有脚本</p></noscript></main>
<script>
setTimeout(() => later.hidden = false, 200);
document.addEventListener("keydown", e => key.textContent = (e.ctrlKey ? "Control+" : "") + (e.altKey ? "Alt+" : "") + e.key);
</script></body></html>`

func serve(t *testing.T) string {
	t.Helper()
	page := template.Must(template.New("").Parse(site))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if err := page.Execute(w, r.URL.Query().Get("got")); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }) // a page without an icon may be asked for one
	mux.HandleFunc("POST /send", func(w http.ResponseWriter, r *http.Request) {
		got := r.PostFormValue("text") + "|" + r.PostFormValue("region") + "|" + r.PostFormValue("day")
		http.Redirect(w, r, "/?got="+template.URLQueryEscaper(got), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><html><head><link rel="icon" href="data:,"></head><body><div style="width:3000px">wide</div>
<input><script>console.error("said", "aloud"); nowhere.to.go()</script></body></html>`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestJourney(t *testing.T) {
	p := Open(t, serve(t))
	p.Go("/")
	p.WaitVisible("#later")
	p.Fill("textarea", "井盖丢失 ལྷ་ས \"'\\")
	p.Fill("select", "桑珠孜区")
	p.Fill("[type=date]", "2026-02-14")
	p.Click("form button")
	p.WaitText("#got", "井盖丢失")
	if got, want := p.Text("#got"), "收到：井盖丢失 ལྷ་ས \"'\\|540202|2026-02-14"; got != want {
		t.Errorf("what the server got: got %q, want %q", got, want)
	}
	if got := p.Path(); !strings.HasPrefix(got, "/?got=") {
		t.Errorf("path: got %q, want one that begins with /?got=", got)
	}
	if got := p.Count("option"); got != 2 {
		t.Errorf("entries in the list: got %d, want 2", got)
	}
	for _, key := range []string{"Control+Enter", "F2", "Alt+s"} {
		p.Press(key)
		p.WaitText("#key", key)
	}
	if got := eval[string](p, "ask for the language", "navigator.language"); got != "zh-CN" {
		t.Errorf("language of the browser: got %q, want zh-CN", got)
	}
	if got := p.Axe(); len(got) != 0 {
		t.Errorf("axe: got %v, want nothing", got)
	}
}

func TestSizesAndPictures(t *testing.T) {
	p := Open(t, serve(t))
	for _, size := range [][2]int{{1366, 768}, {390, 844}} {
		p.Size(size[0], size[1])
		p.Go("/")
		if p.Overflow() {
			t.Errorf("at %d pixels: got a page that overflows, want one that fits", size[0])
		}
		name := fmt.Sprintf("browsertest-%d", size[0])
		p.Shot(name)
		file, err := os.Open(filepath.Join(repository(t), "artefacts", name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if picture, err := png.DecodeConfig(file); err != nil || picture.Width != size[0] || picture.Height < 600 {
			t.Errorf("picture at %d pixels: got %d×%d (error %v), want it as wide and high as the page", size[0], picture.Width, picture.Height, err)
		}
	}
}

func TestBadPageIsReported(t *testing.T) {
	p := Open(t, serve(t))
	p.Go("/bad")
	if !p.Overflow() {
		t.Error("a page 3000 pixels wide: got one that fits, want one that overflows")
	}
	axe := strings.Join(p.Axe(), "\n")
	for _, rule := range []string{"critical label:", "serious html-has-lang:"} {
		if !strings.Contains(axe, rule) {
			t.Errorf("axe: got %q, want a line with %q", axe, rule)
		}
	}
	p.Go("/missing")
	said := strings.Join(p.Console(), "\n")
	for _, want := range []string{"said aloud", "nowhere is not defined", "404"} {
		if !strings.Contains(said, want) {
			t.Errorf("console: got %q, want %q in it", said, want)
		}
	}
}

func TestWithoutScripts(t *testing.T) {
	p := Open(t, serve(t))
	p.NoScript()
	p.Go("/")
	p.WaitVisible("#plain")
	p.Fill("textarea", "没有脚本也行")
	p.Click("form button")
	p.WaitText("#got", "没有脚本也行")
	if p.Visible("#later") || p.Visible("#nothing") || !p.Visible("#plain") {
		t.Error("seen without scripts: got something else than the plain page")
	}
}

// What fails must end the test, and say what was tried.
func TestFailures(t *testing.T) {
	p := Open(t, serve(t))
	p.Go("/")
	for _, tc := range []struct {
		name string
		do   func()
		want string
	}{
		{"read only", func() { p.Fill("[name=fixed]", "x") }, "fill [name=fixed]: it cannot be changed"},
		{"no such entry", func() { p.Fill("select", "拉萨") }, "it has no entry 拉萨"},
		{"no such key", func() { p.Press("Enterr") }, "there is no such key"},
		{"no such modifier", func() { p.Press("Ctl+a") }, `no key "Ctl" can be held down`},
		{"nobody there", func() { p.Go("http://127.0.0.1:1/") }, "open http://127.0.0.1:1/"},
		{"no browser", func() {
			t.Setenv("LIANDONG_CHROMIUM", "no-such-browser")
			Open(p.t, "http://127.0.0.1")
		}, "no browser to test with"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fake := &fakeT{TB: t}
			p.t = fake
			defer func() { p.t = t }()
			done := make(chan struct{})
			go func() {
				defer close(done)
				tc.do()
			}()
			<-done
			if !strings.Contains(fake.fatal, tc.want) {
				t.Errorf("got failure %q, want one that says %q", fake.fatal, tc.want)
			}
		})
	}
	p.Console()
}

// Errors in the console that no test has taken fail it.
func TestUnseenConsoleErrorsFail(t *testing.T) {
	fake := &fakeT{TB: t}
	t.Run("inner", func(t *testing.T) {
		fake.TB = t
		Open(fake, serve(t)).Go("/bad")
	})
	if diff := cmp.Diff(2, len(fake.errors)); diff != "" {
		t.Errorf("errors (-want +got):\n%s%v", diff, fake.errors)
	}
}

// fakeT keeps what a test would have failed with.
type fakeT struct {
	testing.TB
	fatal  string
	errors []string
}

func (f *fakeT) Helper() {}

func (f *fakeT) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fakeT) Fatalf(format string, args ...any) {
	f.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
