package calendar

import (
	"encoding/json"
	"testing"
	"time"

	"liandong/internal/hotline"
)

func TestParseBudget(t *testing.T) {
	for _, s := range []string{"1wd", "5wd", "1000wd", "4wh", "7500wh", "1m", "30m", "999999m", "2h", "36000h", "7d", "1500d"} {
		b, err := ParseBudget(s)
		if err != nil || b.String() != s {
			t.Errorf("%s: got %q, %v", s, b, err)
		}
	}
	if b, err := ParseBudget("05wd"); err != nil || b.String() != "5wd" {
		t.Errorf("05wd: got %q, %v, want 5wd", b, err)
	}
	for _, tc := range []struct{ s, code string }{
		{"", "budget_unreadable"}, {"5", "budget_unreadable"}, {"wd", "budget_unreadable"}, {"-1wd", "budget_unreadable"},
		{"+1wd", "budget_unreadable"}, {" 1wd", "budget_unreadable"}, {"1wd ", "budget_unreadable"}, {"1.5h", "budget_unreadable"},
		{"1 wd", "budget_unreadable"}, {"1WD", "budget_unreadable"}, {"1w", "budget_unreadable"}, {"1s", "budget_unreadable"},
		{"一wd", "budget_unreadable"}, {"5个工作日", "budget_unreadable"}, {"５wd", "budget_unreadable"},
		{"0wd", "budget_zero"}, {"000h", "budget_zero"},
		{"1001wd", "budget_too_long"}, {"7501wh", "budget_too_long"}, {"1501d", "budget_too_long"}, {"36001h", "budget_too_long"},
		{"1000000m", "budget_too_long"}, {"99999999999999999999wd", "budget_too_long"},
	} {
		b, err := ParseBudget(tc.s)
		if hotline.KindOf(err) != hotline.Invalid || hotline.CodeOf(err) != tc.code || !b.IsZero() {
			t.Errorf("%q: got %q, %v, want %s", tc.s, b, err, tc.code)
		}
	}
}

func TestBudgetPlain(t *testing.T) {
	for _, tc := range []struct {
		s    string
		want time.Duration
	}{{"30m", 30 * time.Minute}, {"2h", 2 * time.Hour}, {"2d", 48 * time.Hour}, {"1wd", 0}, {"1wh", 0}} {
		if got, ok := budget(t, tc.s).Plain(); got != tc.want || ok != (tc.want != 0) {
			t.Errorf("%s: got %v, %v, want %v", tc.s, got, ok, tc.want)
		}
	}
}

func TestBudgetJSON(t *testing.T) {
	type limit struct{ Handling, Receipt Budget }
	in := limit{Handling: budget(t, "5wd")}
	doc, err := json.Marshal(in)
	if err != nil || string(doc) != `{"Handling":"5wd","Receipt":""}` {
		t.Fatalf("got %s, %v", doc, err)
	}
	var out limit
	if err := json.Unmarshal(doc, &out); err != nil || out != in {
		t.Errorf("got %v, %v, want %v", out, err, in)
	}
	if err := json.Unmarshal([]byte(`{"Handling":"0wd"}`), &out); err == nil {
		t.Error("0wd: got no error")
	}
}

func FuzzParseBudget(f *testing.F) {
	for _, s := range []string{"5wd", "4wh", "30m", "2h", "3d", "0m", "-1wd", "1001wd", "", "wd", "९wd", "1\x00m"} {
		f.Add(s)
	}
	c := seeded(f)
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseBudget(s)
		if err != nil {
			if !b.IsZero() {
				t.Errorf("%q: got %q beside %v", s, b, err)
			}
			return
		}
		again, err := ParseBudget(b.String())
		if err != nil || again != b {
			t.Errorf("%q reads as %q, which reads as %q (%v)", s, b, again, err)
		}
		from := at(t, "2026-11-23 10:00")
		if d, err := c.Due(from, b, ""); err != nil || !d.Due.After(from) {
			t.Errorf("%q: got %v, %v, want a time after %v", s, d.Due, err, from)
		}
	})
}
