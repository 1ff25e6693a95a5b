package web

import (
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
	b.WaitText("#stay", "不要挂断")
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
