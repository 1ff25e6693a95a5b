// Package browsertest drives a real browser (Debian's chromium, headless) through the pages. Whatever goes wrong ends the
// test with a sentence and a picture of the page in artefacts/; what the page complains of in its console fails it too.
// Only test files may import it.
//
// A method that acts returns at once. What the act leads to is waited for with WaitText or WaitVisible, never with a pause.
package browsertest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long anything may take: much more than it should, for two cores that are busy with other tests.
const patience = 90 * time.Second

// Page is one tab in a browser of its own, so that two pages are two people.
type Page struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu       sync.Mutex
	messages []string
}

// Open starts a browser with an empty profile and a window of 1366×768, and opens no page yet. Paths are taken relative to
// baseURL. The browser is closed when the test ends, before any server that was started earlier.
func Open(t testing.TB, baseURL string) *Page {
	t.Helper()
	chromium, err := exec.LookPath(cmp.Or(os.Getenv("LIANDONG_CHROMIUM"), "chromium"))
	if err != nil {
		t.Fatalf("no browser to test with (%v): run make setup, or name one in LIANDONG_CHROMIUM", err)
	}
	// Without a sandbox, since tests may run as root, and only ever on our own pages.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("accept-lang", "zh-CN"))
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(options...))
	p := &Page{t: t, ctx: ctx, base: strings.TrimSuffix(baseURL, "/")}
	t.Cleanup(func() {
		// An order for each message comes after what the page said before it, so none is missed.
		_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool]("true"))
		for _, message := range p.Console() {
			t.Errorf("browser console: %s", message)
		}
		_ = chromedp.Cancel(ctx)
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser %s: %v", chromium, err)
	}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatalf("listen to the browser: %v", err)
	}
	p.Size(1366, 768)
	return p
}

// listen keeps what a person would see in red in the console.
func (p *Page) listen(event any) {
	message := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			for _, arg := range e.Args {
				message += strings.Trim(cmp.Or(arg.Description, string(arg.Value)), `"`) + " "
			}
		}
	case *runtime.EventExceptionThrown:
		message = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			message += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			message = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if message = strings.TrimSpace(message); message != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.messages = append(p.messages, message)
	}
}

// Console returns the errors in the page's console since it was last asked, oldest first. A test that provokes one takes it
// away with this; those left at its end fail it. An answer of 400 and above counts as one.
func (p *Page) Console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	messages := p.messages
	p.messages = nil
	return messages
}

// Go opens a path such as "/cases", or a whole address, and waits until it is loaded.
func (p *Page) Go(path string) {
	p.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = p.base + path
	}
	p.do("open "+address, chromedp.Navigate(address))
}

// Path returns the path and query of the page that is open.
func (p *Page) Path() string {
	p.t.Helper()
	return eval[string](p, "ask for the address", "location.pathname + location.search")
}

// Click clicks on the first element that the CSS selector finds, once it can be seen.
func (p *Page) Click(sel string) {
	p.t.Helper()
	p.do("click "+sel, chromedp.Click(chromedp.CSS(sel), chromedp.NodeVisible))
}

// Choose puts files into a field for files.
func (p *Page) Choose(sel string, files ...string) {
	p.t.Helper()
	p.do("choose files for "+sel, chromedp.SetUploadFiles(chromedp.CSS(sel), files))
}

// Fill puts a text in place of what a field holds, as an input method does. In a list it chooses the entry with that value
// or label.
func (p *Page) Fill(sel, text string) {
	p.t.Helper()
	p.WaitVisible(sel)
	how := eval[string](p, "fill "+sel, fmt.Sprintf(`(el => {
		const text = %s;
		if (el.disabled || el.readOnly) return "it cannot be changed";
		el.focus();
		if (el.tagName === "SELECT") {
			const option = [...el.options].find(o => o.value === text || o.label.trim() === text);
			if (!option) return "it has no entry " + text;
			option.selected = true;
		} else if (text && !["date", "time", "datetime-local", "number", "color", "range"].includes(el.type)) {
			el.select();
			return "type";
		} else {
			el.value = text;
		}
		el.dispatchEvent(new Event("input", {bubbles: true}));
		el.dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	})(document.querySelector(%s))`, quote(text), quote(sel)))
	if how == "type" {
		_, err := call(p, func(ctx context.Context) (any, error) {
			return chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		})
		p.check("fill "+sel, err)
	} else if how != "" {
		p.check("fill "+sel, fmt.Errorf("%s", how))
	}
}

// Press presses one key where the focus is: "Enter", "F2", "a", or with others held down: "Control+Enter", "Alt+Shift+S".
func (p *Page) Press(key string) {
	p.t.Helper()
	held := map[string]kb.Modifier{"Alt": kb.ModifierAlt, "Control": kb.ModifierCtrl, "Meta": kb.ModifierMeta, "Shift": kb.ModifierShift}
	parts := strings.Split(key, "+")
	var modifiers []kb.Modifier
	for _, name := range parts[:len(parts)-1] {
		if held[name] == 0 {
			p.check("press "+key, fmt.Errorf("no key %q can be held down", name))
		}
		modifiers = append(modifiers, held[name])
	}
	var named []rune
	for r, k := range kb.Keys {
		if k.Key == parts[len(parts)-1] {
			named = append(named, r)
		}
	}
	if len(named) == 0 {
		p.check("press "+key, fmt.Errorf("there is no such key"))
	}
	// Several codes have one name (the line feed is Enter, too); the lowest that is no line feed is the key itself.
	slices.Sort(named)
	if named[0] == '\n' && len(named) > 1 {
		named = named[1:]
	}
	p.do("press "+key, chromedp.KeyEvent(string(named[0]), chromedp.KeyModifiers(modifiers...)))
}

// Text returns what a person reads in the first element that the selector finds, once it can be seen.
func (p *Page) Text(sel string) string {
	p.t.Helper()
	p.WaitVisible(sel)
	return eval[string](p, "read "+sel, "document.querySelector("+quote(sel)+").innerText.trim()")
}

// Count returns how many elements the selector finds now, seen or not.
func (p *Page) Count(sel string) int {
	p.t.Helper()
	return eval[int](p, "count "+sel, "document.querySelectorAll("+quote(sel)+").length")
}

// Visible reports whether the first element that the selector finds can be seen now; false when it finds none.
func (p *Page) Visible(sel string) bool {
	p.t.Helper()
	return eval[bool](p, "look for "+sel, visible(sel))
}

// WaitText waits until the text can be read in some element that the selector finds.
func (p *Page) WaitText(sel, text string) {
	p.t.Helper()
	// An element that cannot be seen has an innerText all the same, so its being seen is asked for.
	p.wait(fmt.Sprintf("wait for %q in %s", text, sel), fmt.Sprintf(
		"[...document.querySelectorAll(%s)].some(el => el.innerText.includes(%s) && el.checkVisibility({visibilityProperty: true}))",
		quote(sel), quote(text)))
}

// WaitVisible waits until the first element that the selector finds can be seen.
func (p *Page) WaitVisible(sel string) {
	p.t.Helper()
	p.wait("wait to see "+sel, visible(sel))
}

func visible(sel string) string {
	return "!!document.querySelector(" + quote(sel) + ")?.checkVisibility({visibilityProperty: true})"
}

// Shot writes a picture of the whole page, as long as it is, to artefacts/NAME.png.
func (p *Page) Shot(name string) {
	p.t.Helper()
	p.check("picture "+name, p.shot(name))
}

func (p *Page) shot(name string) error {
	picture, err := call(p, func(ctx context.Context) ([]byte, error) { return chromedp.Run(ctx, chromedp.FullScreenshot(100)) })
	if err != nil {
		return err
	}
	dir := filepath.Join(repository(p.t), "artefacts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// Print prints the page as a PDF beside the pictures, on the paper that its style asks for, and says how many sheets it takes.
func (p *Page) Print(name string) int {
	p.t.Helper()
	css := true
	got, err := call(p, func(ctx context.Context) (page.PrintToPDFResult, error) {
		return chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &css})
	})
	p.check("print "+name, err)
	dir := filepath.Join(repository(p.t), "artefacts")
	p.check("print "+name, os.MkdirAll(dir, 0o755))
	p.check("print "+name, os.WriteFile(filepath.Join(dir, name+".pdf"), got.Data, 0o644))
	return len(pdfPage.FindAll(got.Data, -1))
}

// Size makes the window so many pixels large. One under 600 wide is a phone, with its rules for pages made for larger ones.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	var phone []chromedp.EmulateViewportOption
	if width < 600 {
		phone = append(phone, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do(fmt.Sprintf("resize to %d×%d", width, height), chromedp.EmulateViewport(int64(width), int64(height), phone...))
}

// Wake tells the page that somebody looks at it again, as when a tab comes to the front.
func (p *Page) Wake() {
	p.t.Helper()
	eval[bool](p, "come to the front", "document.dispatchEvent(new Event('visibilitychange'))")
}

// NoScript turns scripts off, from the next Go on.
func (p *Page) NoScript() {
	p.t.Helper()
	_, err := call(p, func(ctx context.Context) (any, error) {
		return chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	})
	p.check("turn scripts off", err)
}

// The protocol's generated package has left this order out for its successor, which Debian's chromium does not know yet.
type networkConditions struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

var emulateNetwork = cdp.Command[networkConditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// Line takes the network away from the tab, or gives it back. A service worker has a line of its own: let the server fail too.
func (p *Page) Line(there bool) {
	p.t.Helper()
	_, err := call(p, func(ctx context.Context) (any, error) {
		return chromedp.Call(ctx, emulateNetwork, networkConditions{Offline: !there, Download: -1, Upload: -1})
	})
	p.check("change the line", err)
}

// Answer says beforehand what is answered to the next question that the page asks (confirm).
func (p *Page) Answer(yes bool) {
	p.t.Helper()
	eval[bool](p, "answer", fmt.Sprintf("window.confirm = () => %v; true", yes))
}

// Eval evaluates an expression, or waits for a promise, and returns it as a text. A page that goes on elsewhere meanwhile is asked again.
func (p *Page) Eval(expression string) string {
	p.t.Helper()
	var got string
	var err error
	for range 5 {
		got, err = call(p, func(ctx context.Context) (string, error) {
			return chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
		})
		if err == nil || !strings.Contains(err.Error(), "navigated") {
			break
		}
	}
	p.check("evaluate", err)
	return got
}

// Overflow reports whether the page is wider than its window, so that one would have to scroll sideways to read it.
func (p *Page) Overflow() bool {
	p.t.Helper()
	return eval[bool](p, "measure", "document.documentElement.scrollWidth > document.documentElement.clientWidth")
}

// Height is how many pixels high the first element of a selector stands.
func (p *Page) Height(sel string) int {
	p.t.Helper()
	return int(eval[float64](p, "height of "+sel, "document.querySelector("+quote(sel)+").offsetHeight"))
}

// Axe returns what axe-core finds serious or critical for people who cannot see or use a mouse, a line each with the rule
// and the element. It needs scripts to be on.
func (p *Page) Axe() []string {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join(repository(p.t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		p.t.Fatalf("axe-core is not there (%v): run make assets", err)
	}
	eval[bool](p, "load axe-core", string(source)+";true")
	return eval[[]string](p, "run axe-core", `axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.flatMap(v => v.nodes.map(n => v.impact + " " + v.id + ": " + v.help + ": " + n.target.join(" "))))`, chromedp.EvalAwaitPromise)
}

// wait asks until the expression is true. A page that is just changing cannot answer, so an error is asked again, too.
func (p *Page) wait(what, expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if yes {
			return
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = fmt.Errorf("not within %v", patience)
			}
			p.check(what, err)
		case <-again.C:
		}
	}
}

func (p *Page) do(what string, action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	_, err := call(p, func(ctx context.Context) (chromedp.Void, error) { return chromedp.Run(ctx, action) })
	p.check(what, err)
}

func eval[T any](p *Page, what, expression string, options ...chromedp.EvaluateOption) T {
	p.t.Helper()
	value, err := call(p, func(ctx context.Context) (T, error) {
		return chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	})
	p.check(what, err)
	return value
}

func call[T any](p *Page, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return f(ctx)
}

var notInNames = regexp.MustCompile(`[^\p{L}\p{N}_-]+`)

// check ends the test when there is an error, leaving a picture of how the page looked.
func (p *Page) check(what string, err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	name := "failed-" + notInNames.ReplaceAllString(p.t.Name(), "-")
	_ = p.shot(name)
	p.t.Fatalf("browser: %s: %v (see artefacts/%s.png)", what, err, name)
}

// quote returns the text as JavaScript writes it.
func quote(text string) string {
	// A string can always be written as JSON.
	b, _ := json.Marshal(text)
	return string(b)
}

// repository returns the directory with go.mod in it: a test runs in the directory of its package.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}
