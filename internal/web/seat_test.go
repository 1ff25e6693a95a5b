package web

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"liandong/internal/browsertest"
)

// A call that comes to nothing ends in two keys, with the right outcome and
// what has to be on record.
func TestTwoKeyEnds(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	for _, tc := range []struct{ key, typed, outcome string }{
		{"Alt+5", "", "无声电话"}, {"Alt+6", "", "虚假或骚扰电话"}, {"Alt+7", "我要反映成都的路灯不亮", "应向何处"}, {"Alt+8", "", "应向何处"},
	} {
		b.Go("/desk")
		if tc.typed != "" {
			b.Fill("#text", tc.typed)
			b.WaitVisible("#proposal")
		}
		b.Press(tc.key)
		b.Press("Enter")
		b.WaitVisible("#closed")
		if got := b.Text("#closed"); !strings.Contains(got, tc.outcome) {
			t.Errorf("%s: got %q, want %s", tc.key, got, tc.outcome)
		}
	}
}

// The key of a button goes to it and says what confirms it; then Ctrl+Enter means that button too, and never the large one: a caller who refuses the
// transfer is not transferred.
func TestKeyOfAButtonIsThatButton(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	words := "我停在城关区北京中路小区楼下的电动车昨晚被偷了"
	b.Fill("#text", words)
	b.WaitText("#primary", "移交 110")
	b.Press("Alt+8")
	if got := b.Eval(`getComputedStyle(document.activeElement, "::after").content`); !strings.Contains(got, "Enter") {
		t.Errorf("at the button: it says %q, want the key that confirms it", got)
	}
	look(t, b, "seat-refused")
	b.Press("Control+Enter")
	b.WaitVisible("#closed")
	if n := b.Count(".lane"); n != 0 {
		t.Errorf("the caller refused: got %d legs, want none", n)
	}
	if got := strings.Join(strings.Fields(b.Text(".case-side dl")), ""); !strings.Contains(got, "是否同意转接否") {
		t.Errorf("the caller refused: the case says %q, want that it is on record", got)
	}
	for key, want := range map[string]string{"Alt+s": "#call[open]", "Alt+z": "#timeline"} {
		b.Go("/desk")
		b.Fill("#text", words)
		b.WaitText("#primary", "移交 110")
		b.Press(key)
		b.Press("Enter")
		b.WaitVisible(want)
		if n := b.Count(".lane"); n != 0 {
			t.Errorf("%s: got %d legs, want none yet", key, n)
		}
	}
}

// What to ask stands beside the words; where life is at risk, how to stay on
// the line stands in the banner, and no end of the call is one key away.
func TestScripts(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Fill("#text", "城关区北京中路的路灯坏了三天了")
	b.WaitText("#script", "哪条路")
	look(t, b, "seat-script")
	b.Fill("#text", "我不想活了，我站在楼顶")
	b.WaitText("#stay-script", "不要挂断")
	if n := b.Count("#quick"); n != 0 {
		t.Error("beside danger stands a way to end the call with two keys")
	}
	look(t, b, "seat-stay")
}

// An urgent case from the other line is heard there, with the sound of the other
// line, and not by who has silenced it for a while.
func TestAlarmIsHeard(t *testing.T) {
	w := newWorld(t)
	police := browsertest.Open(t, w.police.url)
	signIn(police, "operator", "#intake")
	quiet := browsertest.Open(t, w.police.url)
	signIn(quiet, "leader", "#list")
	quiet.Click("#sound summary")
	quiet.Click("#sound [data-mute='15']")
	quiet.WaitText("#sound-state", "静音到")
	op := w.gov.as("operator")
	op.take("城关区一户人家煤气泄漏，屋里有人晕倒了", nil)
	police.WaitVisible("#alarm")
	police.WaitVisible(`body[data-played="other"]`)
	quiet.WaitVisible("#alarm")
	if n := quiet.Count("body[data-played]"); n != 0 {
		t.Error("a desk that was silenced made a sound")
	}
	quiet.Click("#sound summary")
	quiet.Click("#sound [data-play='own']")
	quiet.WaitVisible(`body[data-played="own"]`)
	w.clock.Add(2 * 60e9)
	quiet.Go("/overview")
	quiet.WaitText("#alarm", "已升级到班长")
	look(t, quiet, "alarm")
}

// A seat sees what many call of now, before a word is typed and then which of
// it the caller means.
func TestHotTopics(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	if n := b.Count("#hot"); n != 0 {
		t.Error("nobody has called, and something is hot")
	}
	op := w.gov.as("operator")
	for _, s := range []string{"城关区北京中路停水了", "城关区家里没水了", "城关区小区从早上停水到现在", "城关区停水没有通知", "城关区停水什么时候来水"} {
		op.take(s, nil)
	}
	op.take("城关区路灯坏了没有人修", nil)
	w.clock.Add(2 * 60e9)
	b.Go("/desk")
	b.WaitText("#hot", "5 件")
	if n := b.Count("#hot li"); n != 1 {
		t.Errorf("got %d hot topics, want one", n)
	}
	b.Fill("#text", "城关区我们家停水了，什么时候来")
	b.WaitVisible("#hot .hot-this")
	look(t, b, "seat-hot")
	b.Fill("#text", "城关区路灯坏了")
	b.WaitText("#proposal", "路灯")
	if n := b.Count("#hot .hot-this"); n != 0 {
		t.Error("a call about a street lamp is taken for one about water")
	}
}

// A button that was drawn for other words does nothing: the page comes back with
// what is proposed now, and nothing is taken until it is pressed again.
func TestButtonOfOtherWords(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	stolen := url.Values{"text": {"我停在城关区北京中路小区楼下的电动车昨晚被偷了"}, "channel": {"phone"}, "seen": {""}}
	knife := url.Values{"text": {"城关区北京中路有人拿着刀在街上砍人，快来"}, "channel": {"phone"}, "seen": {""}}
	for _, tc := range []struct {
		name, do, proposed, category string
		form                         url.Values
		says                         string // "": taken
	}{
		{"drawn for a lamp", "dispatch", "A02", "A02", stolen, "来话内容已变"},
		{"chosen against the proposal", "dispatch", "A02", "A01", stolen, ""},
		{"only taken", "save", "A02", "A02", stolen, ""},
		{"drawn before the danger", "dispatch", "A02", "A02", knife, "来话内容刚刚被研判为紧急"},
	} {
		form := maps.Clone(tc.form)
		form.Set("do", tc.do)
		form.Set("proposed", tc.proposed)
		form.Set("category", tc.category)
		got := op.post("/desk", form)
		if tc.says == "" && got.status != http.StatusSeeOther || tc.says != "" && (got.status != http.StatusConflict || !strings.Contains(got.body, tc.says)) {
			t.Errorf("%s: %d, want %q:\n%.600s", tc.name, got.status, tc.says, got.body)
		}
	}
}
