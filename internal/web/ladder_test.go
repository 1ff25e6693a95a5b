package web

import (
	"strings"
	"testing"

	"liandong/internal/browsertest"
)

// An editor changes a ladder on a page, is told of every fault before anything
// is changed, and sees the change against the version in force.
func TestLadderInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.seedCatalogue()
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "editor", "#sign-out")
	b.Go("/catalogue")
	b.Fill("#title", "咨询类阶梯")
	b.Click("#do-new")
	b.WaitVisible("#ladders")
	draft := b.Path()
	b.Click("#new-ladder")
	b.WaitVisible("#at_order")
	b.Fill("#class", "A14")
	b.Fill("#kind", "handling")
	b.Fill("#at_near", "-2wd")
	b.Fill("#at_red", "+1wd")
	look(t, b, "draft-ladder")
	b.Click("#do-save")
	b.WaitText("#fault", "没有尽头")
	b.Fill("#at_order", "+0wd")
	b.Fill("#at_red", "-1wd")
	b.Click("#do-save")
	b.WaitText("#fault", "督办：时点不对")
	b.WaitText("#fault", "红牌：红牌 在 -1wd")
	look(t, b, "draft-ladder-refused")
	b.Console() // the browser tells of the refusals
	b.Go(draft)
	if n := b.Count("#changes tbody tr"); n != 0 {
		t.Errorf("what was refused changed %d rows", n)
	}
	b.Click("#new-ladder")
	b.WaitVisible("#at_order")
	b.Fill("#class", "A14")
	b.Fill("#kind", "handling")
	b.Fill("#at_near", "-2wd")
	b.Fill("#at_order", "+2wd")
	b.Click("#do-save")
	b.WaitText("#changes", "A14 handling")
	b.WaitText("#ladders", "到期后 2 个工作日")
	b.Go(draft + "/ladder?known=1&class=*&kind=handling&unit=*")
	b.WaitVisible("#at_order")
	b.Fill("#at_remind", "")
	b.Fill("#at_order", "+3wd")
	b.Click("#do-save")
	b.WaitText("#changes", "* handling *")
	b.WaitText("#changes", "+3wd")
	look(t, b, "draft-ladders")
	b.Go(draft + "/ladder?known=1&class=A14&kind=handling&unit=*")
	b.WaitVisible(".act summary")
	b.Click(".act summary")
	b.Click("#do-drop")
	b.WaitVisible("#changes")
	if strings.Contains(b.Text("#changes"), "A14") {
		t.Error("the ladder that was taken out still stands in the changes")
	}
}
