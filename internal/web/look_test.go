package web

import (
	"testing"

	"liandong/internal/browsertest"
)

func signIn(b *browsertest.Page, login, landing string) {
	b.Go("/sign-in")
	b.Fill("#login", login)
	b.Fill("#password", testPassword)
	b.Click("#sign-in #primary")
	b.WaitVisible(landing)
}

func TestLook(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	look := func(b *browsertest.Page, name string) {
		b.Shot("web-" + name)
		if b.Overflow() {
			t.Errorf("%s overflows", name)
		}
		for _, a := range b.Axe() {
			t.Errorf("%s: %s", name, a)
		}
	}
	look(b, "seat-blank")
	b.Fill("#phone", "13900000001")
	b.Fill("#name", "张测试")
	b.Fill("#text", "城关区北京中路的井盖没了，一个老人掉进去了，周围很多人，里面还有煤气味，快来人")
	b.WaitVisible("#danger")
	look(b, "seat-urgent")
	b.Press("Control+Enter")
	b.WaitVisible("#timeline")
	look(b, "case-dual")
	b.Go("/desk")
	b.Fill("#phone", "13900000001")
	b.Fill("#text", "城关区北京中路的路灯坏了三天了，晚上黑，没人来修，打过电话13912345678也没人接")
	b.WaitVisible("#responsible")
	b.WaitVisible("#similar")
	look(b, "seat-dispatch")
	b.Click("#primary")
	b.WaitVisible("#timeline")
	look(b, "case-dispatch")
	b.Go("/desk")
	b.Fill("#text", "有人在八廓街偷了我的钱包，我看到他往北跑了")
	b.WaitVisible("#proposal")
	look(b, "seat-110")
	b.Click("#primary")
	b.WaitVisible("#timeline")
	look(b, "case-110")
	b.Go("/cases")
	look(b, "queue")
	c := browsertest.Open(t, w.gov.url)
	signIn(c, "clerk", "#list")
	look(c, "inbox")
	c.Size(390, 844)
	look(c, "inbox-390")
	c.Click(".inbox-row h2 a")
	c.WaitVisible("#timeline")
	look(c, "leg-390")
	b.Size(390, 844)
	b.Go("/cases")
	look(b, "queue-390")
	b.Go("/desk")
	look(b, "seat-390")
	d := browsertest.Open(t, w.police.url)
	signIn(d, "leader", "#counts")
	d.WaitText("#list", "未")
	look(d, "overview-110")
	d.Go("/links")
	look(d, "links")
	d.Go("/cases?sort=new")
	d.Click(".row-text a")
	d.WaitVisible("#timeline")
	look(d, "case-incoming")
}
