package web

import (
	"testing"

	"liandong/internal/browsertest"
)

func TestLook(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	b.Go("/sign-in")
	b.Shot("web-sign-in")
	b.Fill("#login", "operator")
	b.Fill("#password", testPassword)
	b.Click("#sign-in #primary")
	b.WaitVisible("#intake")
	b.Shot("web-seat-blank")
	b.Fill("#phone", "13900000001")
	b.Fill("#text", "城关区北京中路的井盖没了，一个老人掉进去了，周围很多人，里面还有煤气味，快来人")
	b.WaitVisible("#proposal")
	b.Shot("web-seat-urgent")
	t.Log(b.Overflow(), b.Axe())
}
