package notify

import (
	"strings"
	"testing"

	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/store"
)

// That an objection was answered is said as what it is, and leads to the sheet of
// the month: its unit does not see the case.
func TestComposeAnswered(t *testing.T) {
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := directory.Seed()
	if err != nil {
		t.Fatal(err)
	}
	l := desk.NoticeLetter{Language: "zh-CN", Notices: []store.Notice{{CaseID: "c1", Unit: housing, Rung: desk.NoticeAnswered, Clock: desk.OfObjection, Item: "2026-03", Number: "2603110001"}}}
	m := compose(l, "测试热线", cat, dir, "https://x.example")
	const link = "https://x.example/assessment/scores?month=2026-03"
	for what, s := range map[string]string{"short": m.Short, "text": m.Text} {
		if !strings.Contains(s, "2026-03 考核申诉已答复") || !strings.Contains(s, link) {
			t.Errorf("%s: got %q", what, s)
		}
	}
	if !strings.Contains(m.Subject, "答复 1 件") || m.Notices[0].Link != link || m.Notices[0].Rung != "answered" {
		t.Errorf("got %q and %+v", m.Subject, m.Notices)
	}
}
