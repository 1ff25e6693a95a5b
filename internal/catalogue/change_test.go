package catalogue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"liandong/internal/hotline"
)

// What goes out to a spreadsheet comes back as it was.
func TestTablesAndBack(t *testing.T) {
	c := seeded(t)
	got, err := FromTables(c, c.Tables())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got, cmpopts.IgnoreUnexported(Catalogue{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if changes := Diff(c, got); len(changes) != 0 {
		t.Errorf("got changes %v, want none", changes)
	}
}

// Each case spoils the tables as somebody with a spreadsheet would; the fault
// names the table and the row, and has a code with a sentence.
func TestFaultsOfTables(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func([]Table) []Table
		code  string
		args  []any
	}{
		{"no sheet", func(ts []Table) []Table { return ts[:2] }, "sheet_empty", []any{"limits"}},
		{"no column", func(ts []Table) []Table { ts[1].Cells[0][3] = ""; return ts }, "sheet_column_missing", []any{"items", "lead"}},
		{"a column of their own", func(ts []Table) []Table { ts[1].Cells[0][3] = "remark 备注"; return ts }, "sheet_column_unknown", []any{"items", "remark"}},
		{"a code twice", func(ts []Table) []Table { ts[1].Cells[4][0] = ts[1].Cells[5][0]; return ts }, "row_code_twice", []any{"items:6: A01.05", "A01.05"}},
		{"an unknown unit", func(ts []Table) []Table { ts[1].Cells[2][3] = "nobody"; return ts }, "row_lead_unknown", []any{"items:3: A01.02", "nobody"}},
		{"a limit of no time", func(ts []Table) []Table { ts[2].Cells[1][4] = "0wd"; return ts }, "row_budget", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := seeded(t)
			got, err := FromTables(c, tc.spoil(c.Tables()))
			if got != nil || err == nil {
				t.Fatalf("got %v, %v, want a refusal", got != nil, err)
			}
			first, ok := Faults(err)[0].(*hotline.Error)
			if !ok || first.Code != tc.code || tc.args != nil && !cmp.Equal(first.Args, tc.args) {
				t.Errorf("got %v, want code %s %v", Faults(err)[0], tc.code, tc.args)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	a := seeded(t)
	b := a.Clone()
	code := b.PutItem(Item{Class: "A13", Name: "藏马熊进村", NameEN: "Bears in the village", Lead: "forestry", Synonyms: []string{"熊来了", "马熊"}}, a)
	lamp, _ := b.Item("A01.01")
	lamp.Lead = "env"
	b.PutItem(lamp)
	b.DropItem("A17.02")
	b.PutLimit(Limit{Class: "A13", Item: code, Area: "*", Kind: LimitHandling, Budget: "1wd", Source: "P"})
	if err := b.Validate(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range Diff(a, b) {
		got = append(got, strings.Join([]string{c.Table, c.Code, c.Column, short(c.Before), short(c.After)}, "|"))
	}
	want := []string{
		"items|A17.02||A17.02|",
		"items|A01.01|lead|urban|env",
		"items|" + code + "||" + "|" + code,
		"limits|A13 " + code + " * handling |||A13",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := a.Item(code); ok {
		t.Error("the original changed with its copy")
	}
}

// A code that was taken out is not given to something else: old cases name it.
func TestCodesAreGivenOnce(t *testing.T) {
	a := seeded(t)
	items := a.ItemsOf("A13")
	last := items[len(items)-1].Code
	b := a.Clone()
	b.DropItem(last)
	if got := b.PutItem(Item{Class: "A13"}, a); got <= last {
		t.Errorf("got %s, want one above %s", got, last)
	}
}

func short(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return s
}
