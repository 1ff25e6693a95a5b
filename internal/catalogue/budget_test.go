package catalogue

import (
	"testing"

	"pgregory.net/rapid"

	"liandong/internal/calendar"
)

// TestBudgetOrder walks the order that Budget documents, on a table in which
// every row has a number of its own.
func TestBudgetOrder(t *testing.T) {
	c := &Catalogue{
		Items: []Item{{Code: "A01.01", Class: "A01"}, {Code: "A01.02", Class: "A01"}, {Code: "C4.01", Class: "C4"}},
		Limits: []Limit{
			{Class: "*", Area: "*", Kind: "handling", Budget: "1d"},
			{Class: "*", Area: "remote", Kind: "handling", Budget: "2d"},
			{Class: "A", Area: "*", Kind: "handling", Budget: "3d"},
			{Class: "A", Area: "remote", Kind: "handling", Budget: "4d"},
			{Class: "A01", Area: "*", Kind: "handling", Budget: "5d"},
			{Class: "A01", Area: "remote", Kind: "handling", Budget: "6d"},
			{Class: "A01", Item: "A01.01", Area: "*", Kind: "handling", Budget: "7d"},
			{Class: "A01", Item: "A01.01", Area: "remote", Kind: "handling", Budget: "8d"},
			{Class: "*", Area: "*", Kind: "handling", Budget: "1m", Urgent: true},
			{Class: "A01", Area: "remote", Kind: "handling", Budget: "2m", Urgent: true},
			{Class: "C", Area: "*", Kind: "handling", Budget: "3m", Urgent: true},
			{Class: "C4", Item: "C4.01", Area: "town", Kind: "handling", Budget: "4m", Urgent: true},
			{Class: "*", Area: "*", Kind: "callback", Budget: "9d"},
		},
	}
	c.Index()
	for _, tc := range []struct {
		kind, class, item, area string
		urgent                  bool
		want                    string
	}{
		{"handling", "", "", "", false, "1d"},
		{"handling", "B01", "", "town", false, "1d"},
		{"handling", "B01", "", "remote", false, "2d"},
		{"handling", "A02", "", "town", false, "3d"},
		{"handling", "A02", "", "remote", false, "4d"},
		{"handling", "A01", "", "town", false, "5d"},
		{"handling", "A01", "", "", false, "5d"},
		{"handling", "A01", "", "remote", false, "6d"},
		{"handling", "A01", "A01.02", "remote", false, "6d"},
		{"handling", "A01", "A01.01", "urban", false, "7d"},
		{"handling", "A01", "A01.01", "remote", false, "8d"},
		{"handling", "", "A01.01", "remote", false, "8d"},
		{"handling", "", "A01.02", "remote", false, "6d"},    // the item names its class
		{"handling", "B01", "A01.01", "remote", false, "8d"}, // the item decides
		{"handling", "A01", "A01.77", "remote", false, "6d"}, // unknown item
		{"handling", "A01", "A01.01", "remote", true, "2m"},  // urgent rows first, the item's plain row later
		{"handling", "A01", "A01.01", "urban", true, "1m"},
		{"handling", "B01", "", "remote", true, "1m"},
		{"handling", "C4", "", "town", true, "3m"},
		{"handling", "C4", "", "town", false, "3m"}, // a class C is always urgent
		{"handling", "C4", "C4.01", "town", false, "4m"},
		{"handling", "C4", "C4.01", "urban", false, "3m"},
		{"callback", "C4", "C4.01", "town", true, "9d"}, // no urgent row: the plain one
		{"receipt", "A01", "", "", false, ""},
		{"", "A01", "", "", false, ""},
	} {
		got, ok := c.Budget(tc.kind, tc.class, tc.item, tc.area, tc.urgent)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("Budget(%q, %q, %q, %q, urgent %v): got %q %v, want %q", tc.kind, tc.class, tc.item, tc.area, tc.urgent, got, ok, tc.want)
		}
	}
}

func TestSeedBudgets(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct {
		kind, class, item, area string
		urgent                  bool
		want                    string
	}{
		{LimitReceipt, "A01", "", AreaUrban, false, "5m"},
		{LimitReceipt, "A01", "", AreaUrban, true, "1m"},
		{LimitSignIn, "A12", "A12.01", AreaTown, false, "1wd"},
		{LimitSignIn, "C1", "C1.01", AreaRemote, false, "1m"},
		{LimitFirstContact, "A06", "", AreaUrban, false, "1wh"},
		{LimitHandling, "A06", "", AreaUrban, false, "7wd"},
		{LimitHandling, "A12", "", AreaUrban, false, "5wd"},
		{LimitHandling, "A12", "", AreaRemote, false, "10wd"},
		{LimitHandling, "A02", "A02.01", AreaUrban, false, "4wh"},
		{LimitHandling, "A02", "A02.03", AreaUrban, false, "2wh"},
		{LimitHandling, "A01", "A01.12", AreaUrban, false, "4wh"},
		{LimitHandling, "A01", "A01.02", AreaUrban, false, "6h"},
		{LimitHandling, "A03", "A03.04", AreaUrban, false, "5wd"},
		{LimitHandling, "A17", "", AreaUrban, false, "3wd"},
		{LimitHandling, "C4", "C4.03", AreaUrban, true, "2h"},
		{LimitFeedback, "C4", "C4.03", AreaUrban, true, "10m"},
		{LimitFirstContact, "C4", "C4.01", AreaUrban, true, "15m"},
		{LimitFirstContact, "C4", "C4.01", AreaPastoral, true, "60m"},
		{LimitCallback, "B01", "", AreaUrban, false, "2wd"},
	} {
		got, ok := c.Budget(tc.kind, tc.class, tc.item, tc.area, tc.urgent)
		if !ok || got != tc.want {
			t.Errorf("Budget(%s, %s, %s, %s, urgent %v): got %q %v, want %q", tc.kind, tc.class, tc.item, tc.area, tc.urgent, got, ok, tc.want)
		}
	}
}

// No clock is ever without a limit, and every limit can be counted; an urgent
// leg never gets office hours for its receipt, sign-in or handling.
func TestEveryLegHasEveryBudget(t *testing.T) {
	c := seeded(t)
	codes := append([]string{""}, ClassCodes()...)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(LimitKinds()).Draw(t, "kind")
		class := rapid.SampledFrom(codes).Draw(t, "class")
		area := rapid.SampledFrom(append(Areas(), "", "nowhere")).Draw(t, "area")
		urgent := rapid.Bool().Draw(t, "urgent")
		item := ""
		if items := c.ItemsOf(class); len(items) > 0 && rapid.Bool().Draw(t, "with item") {
			item = rapid.SampledFrom(items).Draw(t, "item").Code
		}
		s, ok := c.Budget(kind, class, item, area, urgent)
		if !ok {
			t.Fatalf("no %s limit for class %q, item %q, area %q, urgent %v", kind, class, item, area, urgent)
		}
		b, err := calendar.ParseBudget(s)
		if err != nil {
			t.Fatal(err)
		}
		inOffice := b.Unit() == "wd" || b.Unit() == "wh"
		if (urgent || IsUrgent(class)) && kind != LimitCallback && inOffice {
			t.Fatalf("%s limit of an urgent leg of class %q, item %q, area %q stands still at night: %s", kind, class, item, area, s)
		}
	})
}

func TestEveryLimitParses(t *testing.T) {
	for _, l := range seeded(t).Limits {
		if _, err := calendar.ParseBudget(l.Budget); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
		if l.Source == "" {
			t.Errorf("%+v names no source", l)
		}
	}
}
