package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/store"
)

// cut has a link fail until it counts as stuck.
func (p *platform) cut(peer string) {
	p.t.Helper()
	ctx := context.Background()
	l, err := p.desk.Link(ctx, peer)
	if err == nil {
		err = p.desk.SendFailed(ctx, l, store.LetterOut{ID: "none", Attempts: 2}, desk.Retry{At: p.desk.Now(), Why: "no answer"})
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// A link that sticks is told over every page of the shift leader, and of nobody
// else; when it works again, that too, for a while.
func TestLinkAlarm(t *testing.T) {
	w := newWorld(t)
	peer := w.police.node.Platform
	leader, op := w.gov.as("leader"), w.gov.as("operator")
	if got := leader.get("/alert").count(".link-alarm"); got != 0 {
		t.Fatalf("a link that works: got %d bars", got)
	}
	w.gov.cut(peer)
	bar := leader.get("/alert").one(".link-alarm")
	if text := bar.text(); !strings.Contains(text, w.police.node.Name) || !strings.Contains(text, "不通") {
		t.Errorf("stuck: the bar says %q", text)
	}
	if got := op.get("/alert").count(".link-alarm"); got != 0 {
		t.Errorf("an operator sees %d bars, want none", got)
	}
	if got := leader.get("/links").one("[data-outages]").attrs["data-outages"]; got != "1" {
		t.Errorf("outages on the page: got %s, want 1", got)
	}
	l, err := w.gov.desk.Link(context.Background(), peer)
	if err == nil {
		l.StuckAt = w.clock.Now()
		err = w.gov.desk.Heard(context.Background(), l)
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := leader.get("/alert").one(".link-works").text(); !strings.Contains(text, "恢复") {
		t.Errorf("mended: the bar says %q", text)
	}
	w.clock.Add(time.Hour)
	if got := leader.get("/alert").count(".link-alarm"); got != 0 {
		t.Errorf("an hour later: got %d bars, want none", got)
	}
}

func TestLinkTroubleInABrowser(t *testing.T) {
	w := newWorld(t)
	peer := w.police.node.Platform
	w.gov.cut(peer)
	found := []store.Difference{{What: "leg_state", LegID: "01k0000000000000000000test", Ours: "accepted", Theirs: "working"}, {What: "lost", Letter: "01k000000000000000000letter", LegID: "01k0000000000000000000test", Ours: "receipted"}}
	if err := w.gov.desk.Compared(context.Background(), peer, "", found); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, w.gov.url)
	b.Go("/sign-in")
	b.Fill("#login", "leader")
	b.Fill("#password", testPassword)
	b.Click("#sign-in #primary")
	b.WaitVisible(".link-alarm")
	look(t, b, "overview-link-stuck")
	b.Go("/links")
	b.WaitVisible("[data-differences]")
	b.WaitVisible(".link-alarm")
	look(t, b, "links-differ")
}
