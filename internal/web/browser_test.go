package web

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
)

func signIn(b *browsertest.Page, login, landing string) {
	b.Go("/sign-in")
	b.Fill("#login", login)
	b.Fill("#password", testPassword)
	b.Click("#sign-in #primary")
	b.WaitVisible(landing)
}

// look checks a page as people meet it: a picture to look at, nothing wider
// than its window, nothing serious for those who cannot see or use a mouse, at
// most one primary button.
func look(t *testing.T, b *browsertest.Page, name string) {
	t.Helper()
	for _, width := range []int{390, 1366} {
		b.Size(width, 768)
		b.Shot(fmt.Sprintf("web-%s-%d", name, width))
		if b.Overflow() {
			t.Errorf("%s is wider than %d", name, width)
		}
	}
	for _, fault := range b.Axe() {
		t.Errorf("%s: %s", name, fault)
	}
	if n := b.Count("#primary"); n > 1 {
		t.Errorf("%s: got %d primary buttons, want one at most", name, n)
	}
}

// Every page, with something on it, in both languages where they differ in
// length.
func TestPagesInABrowser(t *testing.T) {
	w := newWorld(t)
	op := browsertest.Open(t, w.gov.url)
	op.Go("/sign-in")
	look(t, op, "sign-in")
	signIn(op, "operator", "#intake")
	op.Go("/cases")
	look(t, op, "queue-empty")
	op.Go("/desk")
	look(t, op, "seat-blank")
	op.Fill("#phone", "13900000001")
	op.Fill("#name", "张测试")
	op.Fill("#text", "城关区这里煤气泄漏，有人晕倒了，快来人")
	op.WaitVisible("#danger")
	look(t, op, "seat-urgent")
	op.Press("Control+Enter")
	op.WaitVisible("#timeline")
	look(t, op, "case-dual")
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修，打过 13912345678 也没人接", url.Values{"ask": {"请今天修好"}})
	op.Go("/desk")
	op.Fill("#phone", "13900000001")
	op.Fill("#text", "城关区北京中路的路灯坏了")
	op.WaitVisible("#responsible")
	op.WaitVisible("#similar")
	look(t, op, "seat-similar")
	op.Go("/cases?sort=new")
	look(t, op, "queue")
	op.Go("/nowhere")
	look(t, op, "problem")
	op.Console() // the browser tells of the 404 that was asked for
	op.Go("/cases")
	op.Click("form[action='/language'] button")
	op.WaitText("h1", "Queue")
	look(t, op, "queue-en")
	op.Click(".row-text a")
	op.WaitVisible("#timeline")
	look(t, op, "case-en")
	op.Click("form[action='/language'] button")

	clerk := browsertest.Open(t, w.gov.url)
	signIn(clerk, "clerk", "#list")
	look(t, clerk, "inbox")
	clerk.Click(".inbox-row h2 a")
	clerk.WaitVisible("#timeline")
	clerk.Click("details[data-open=return] summary")
	look(t, clerk, "leg")

	police := browsertest.Open(t, w.police.url)
	signIn(police, "leader", "#counts")
	police.WaitVisible("#incoming")
	police.WaitVisible("#alarm")
	look(t, police, "overview-110")
	police.Click("#incoming a")
	police.WaitVisible("#timeline")
	for _, id := range []string{"send", "decide", "call"} {
		police.Click("#" + id + " > summary")
	}
	look(t, police, "case-forms-110")
	w.police.nobody().do("POST", "/exchange/v1/letters", strings.NewReader(`{"id":"x","type":"offer","from":"540000-12345","body":{"urgent":true}}`), nil)
	w.police.nobody().do("POST", "/exchange/v1/letters", strings.NewReader(`{"id":"y","type":"offer","from":"999999-12345","body":{"urgent":true}}`), nil)
	police.Go("/overview")
	police.WaitVisible("#strangers")
	look(t, police, "overview-strangers-110")
	police.Go("/wall")
	police.WaitVisible("#wall .wall-urgent")
	look(t, police, "wall-110")
	police.Go("/shift")
	police.Fill("#remarks", "煤气那一件先问 119 到了没有")
	look(t, police, "shift-110")
	police.Click("#sign #primary")
	police.WaitVisible("#untaken")
	look(t, police, "shift-signed-110")
	police.Go("/links")
	police.WaitVisible("#strangers .refusal")
	look(t, police, "links-110")
}

// The seat desk by keyboard: choose a candidate, see the button follow, send,
// and have the draft only as long as it is one.
func TestSeatByKeyboard(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Fill("#text", "城关区北京中路井盖丢了，路灯也不亮，楼上装修吵得睡不着")
	b.WaitVisible("#responsible")
	proposed := b.Text("#primary")
	b.Press("Alt+2")
	b.WaitVisible(".candidate.on input[data-key='2']")
	if got := b.Text("#primary"); got == proposed {
		t.Errorf("after another class was chosen: the button still says %q", got)
	}
	b.WaitText("#draft-note", "草稿已保存")
	b.Go("/cases") // somebody walks away
	b.Go("/desk")
	b.WaitText("#draft-note", "已恢复")
	b.WaitVisible("#responsible")
	b.Press("Control+Enter")
	b.WaitVisible("#timeline")
	b.Go("/desk")
	b.WaitVisible("#intake")
	if got := b.Visible("#drop-draft"); got {
		t.Errorf("the draft is still there after it was sent")
	}
}

// A list follows what others do, and an open case says that it has changed and
// shows it, where nobody is typing.
func TestPagesFollowChanges(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Go("/cases?sort=new")
	b.WaitVisible("#empty")
	c := w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b.WaitVisible("tr[data-case='" + c.caseID() + "']")
	b.Click(".row-text a")
	b.WaitVisible(".state-received")
	clerk := w.gov.as("clerk")
	clerk.follow(clerk.submit(clerk.get("/inbox"), ".inbox-row form[data-form=accept]", nil))
	b.WaitVisible(".state-accepted")
	b.Click("#note > summary")
	b.Fill("#note-text", "来话人又补充")
	page := clerk.get(clerk.get("/inbox").one(".inbox-row h2 a").attrs["href"])
	clerk.follow(clerk.submit(page, "form[data-form=progress]", url.Values{"note": {"已派人"}}))
	b.WaitVisible("#news")
	if b.Count(".state-accepted") != 1 {
		t.Errorf("the page was changed under somebody's hands")
	}
}

// What a clock says on an open page goes on, also beside something half typed; that a clock ran out is news.
func TestPagesFollowTime(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	c := w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b.Go("/cases/" + c.caseID())
	b.WaitVisible(".lane .clocks .left-ok, .lane .clocks .left-near")
	b.Click("#note > summary")
	b.Fill("#note-text", "来话人又补充")
	w.clock.Add(30 * 24 * time.Hour)
	b.Wake()
	b.WaitVisible(".lane .clocks .left-over")
	if b.Count("#news") != 0 || b.Count("#note[open]") != 1 {
		t.Errorf("time alone is no news and closes no form")
	}
	if _, err := w.gov.desk.FireClocks(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.WaitVisible("#news")
}

// Without scripts the same is done with one press more.
func TestSeatWithoutScripts(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	b.NoScript()
	signIn(b, "operator", "#intake")
	b.Fill("#text", "城关区北京中路的路灯坏了三天了")
	b.Click("#assess")
	b.WaitVisible("#responsible")
	b.Click("#primary")
	b.WaitVisible("#timeline")
	if got := b.Count(".lane"); got != 1 {
		t.Errorf("got %d legs, want one", got)
	}
}

// The tones of our own style sheet are readable by the light and in the dark:
// at least 4.5 to 1 (WCAG 2.2 AA).
func TestContrast(t *testing.T) {
	css, err := os.ReadFile("static/own/app.css")
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6})`)
	light, dark := map[string]string{}, map[string]string{}
	before, after, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	for _, m := range token.FindAllStringSubmatch(before, -1) {
		if _, ok := light[m[1]]; !ok {
			light[m[1]] = m[2]
		}
	}
	after, _, _ = strings.Cut(after, "\nbody {")
	for k, v := range light {
		dark[k] = v
	}
	seen := map[string]bool{}
	for _, m := range token.FindAllStringSubmatch(after, -1) {
		if !seen[m[1]] {
			dark[m[1]], seen[m[1]] = m[2], true
		}
	}
	for name, tones := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, pair := range [][2]string{
			{"ink", "paper"}, {"ink", "card"}, {"ink", "accent-soft"}, {"ink", "good-soft"}, {"ink", "warn-soft"}, {"ink-quiet", "paper"}, {"ink-quiet", "card"},
			{"ink-quiet", "accent-soft"}, {"link", "card"}, {"link", "paper"}, {"accent-ink", "accent"}, {"accent-ink", "bad-strong"}, {"accent-ink", "line-110"},
			{"accent-ink", "line-12345"}, {"good", "good-soft"}, {"warn", "warn-soft"}, {"bad", "bad-soft"}, {"bad", "card"},
		} {
			a, b := tones[pair[0]], tones[pair[1]]
			if a == "" || b == "" {
				t.Fatalf("%s: no tone %s or %s in app.css", name, pair[0], pair[1])
			}
			if got := contrast(t, a, b); got < 4.5 {
				t.Errorf("%s: %s on %s is %.2f to 1, want 4.5", name, pair[0], pair[1], got)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, tone string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(tone[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
