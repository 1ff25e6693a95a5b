package learn

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"liandong/internal/catalogue"
	"liandong/internal/triage"
)

func unseen(t *testing.T) []Row {
	t.Helper()
	rows, err := UnseenIn(os.DirFS("../testdata"))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// The lists are what says how much danger is found: enough sentences each way, of
// every class, and none so like an example that it would measure memory.
func TestUnseenIsUnseen(t *testing.T) {
	rows := unseen(t)
	by, day, strange := map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range rows {
		switch r.Set {
		case Workday:
			day[r.Urgent]++
			continue
		case Strangers:
			strange[r.Urgent]++
			continue
		}
		by[r.Urgent]++
		by[r.Set]++
	}
	if all := by["A"] + by["B"]; by[""] < 150 || all-by[""] < 150 || min(by["C1"], by["C2"], by["C3"], by["C4"]) < 30 || min(by["A"], by["B"]) < 150 {
		t.Errorf("got %v, want 150 each way and 30 of a class", by)
	}
	if day[""] < 120 || day["C1"]+day["C4"] < 50 || min(day["C1"], day["C2"], day["C3"], day["C4"]) < 5 {
		t.Errorf("a working day: got %v, want 120 without danger, 50 of C1 and C4, 5 of a class", day)
	}
	if strange[""] < 120 || strange["C1"]+strange["C4"] < 80 {
		t.Errorf("strangers: got %v, want 120 without danger and 80 of C1 and C4", strange)
	}
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	examples, err := Read(cat, os.DirFS(filepath.Join("..", "train")), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range examples {
		seen[e.Text] = true
	}
	for _, r := range rows {
		if seen[r.Text] {
			t.Errorf("%s is an example of training", r.ID)
		}
	}
}

// What the list came to is in the report: the program that ships does no other.
// (Single sentences are not named: half B must not be tuned on.)
func TestUnseenAsPublished(t *testing.T) {
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	both := triage.NewTrained(cat, nil, triage.Shipped())
	names := []string{"rules", "model", "both"}
	got := Hear(unseen(t), names, map[string]triage.Engine{"rules": triage.NewRules(cat, nil), "model": both.Alone(), "both": both})
	if want := Published().Unseen; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, published is %v: run make eval", got, want)
	}
}
