package web

import (
	"strings"
	"testing"
)

// Every deadline on the case page leads to its account.
func TestDeadlineOpensItsAccount(t *testing.T) {
	if _, ok := may["GET /cases/{id}/clocks/{clock}"]; !ok {
		t.Fatal("no such route")
	}
	var page strings.Builder
	set := parsePages(words{lang: "zh-CN"})
	rows := []ClockRow{{Kind: "handling", Path: accountPath("c 1", "k1"), Left: Left{Tone: "ok", Words: "还剩 2 个工作日"}}}
	if err := set.page("case").ExecuteTemplate(&page, "clocks", rows); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), `href="/cases/c%201/clocks/k1"`) {
		t.Errorf("got %s, want a link to the account", page.String())
	}
}
