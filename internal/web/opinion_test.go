package web

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/opinion"
)

type advisor struct {
	asked hotline.Masked
	err   error
}

func (a *advisor) Ask(_ context.Context, text hotline.Masked, classes []opinion.Class) (opinion.Opinion, error) {
	a.asked = text
	return opinion.Opinion{Category: classes[0].Code, Why: "说的是路灯"}, a.err
}

// The second opinion stands beside the proposal, comes after it, is asked
// without anything that names the caller, and is missed by nobody.
func TestSecondOpinion(t *testing.T) {
	w := newWorld(t)
	if body := w.gov.as("operator").post("/desk/triage", url.Values{"text": {"城关区北京中路的路灯坏了三天了"}}).body; strings.Contains(body, "/desk/opinion") {
		t.Error("without an advisor the page asks for an opinion")
	}
	a := &advisor{}
	srv := httptest.NewServer(New(Config{Desk: w.gov.desk, Auth: w.gov.auth, Advisor: a}))
	defer srv.Close()
	w.gov.url = srv.URL
	operator := w.gov.as("operator")
	form := url.Values{"text": {"我叫王测试，张测试家门口的路灯坏了，打13900000001找我"}, "name": {"张测试"}, "phone": {"13900000002"}}
	if body := operator.post("/desk/triage", form).body; !strings.Contains(body, `hx-post="/desk/opinion"`) {
		t.Error("with an advisor the page asks for no opinion")
	}
	if got := operator.post("/desk/opinion", form).one("#opinion").text(); !strings.Contains(got, "A01") || !strings.Contains(got, "说的是路灯") {
		t.Errorf("got %q", got)
	}
	for _, secret := range []string{"王测试", "张测试", "13900000001"} {
		if strings.Contains(string(a.asked), secret) {
			t.Errorf("asked %q, with %s in it", a.asked, secret)
		}
	}
	a.err = hotline.Errorf(hotline.Unavailable, "no_opinion", "")
	if got := operator.post("/desk/opinion", form); got.status != 200 || strings.TrimSpace(got.body) != "" {
		t.Errorf("no opinion: got %d %q, want nothing to see", got.status, got.body)
	}
}
