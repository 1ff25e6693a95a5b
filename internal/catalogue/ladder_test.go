package catalogue

import (
	"slices"
	"strings"
	"testing"

	"liandong/internal/hotline"
)

// The most specific ladder wins, whole.
func TestLadder(t *testing.T) {
	c := seeded(t).Clone()
	c.Rungs = append(c.Rungs,
		Rung{Class: "A", Kind: "*", Unit: "*", Rung: RungOrder, At: "+7wd", Source: "P"},
		Rung{Class: "A06", Kind: "*", Unit: "housing", Rung: RungOrder, At: "+1wd", Source: "P"},
		Rung{Class: "A06", Kind: "handling", Unit: "*", Rung: RungOrder, At: "+4wd", Source: "P"})
	c.Index()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind, class, unit string
		urgent            bool
		want              string // when the order comes
		rungs             int
	}{
		{"sign_in", "B01", "", false, "+3wd", 3},
		{"handling", "B01", "police", false, "+2wd", 4},
		{"handling", "A01", "housing", false, "+7wd", 1}, // the group before the kind
		{"sign_in", "A06", "housing", false, "+1wd", 1},
		{"handling", "A06", "housing", false, "+4wd", 1}, // the kind before the unit
		{"sign_in", "A06", "urban", false, "+7wd", 1},
		{"handling", "A06", "housing", true, "+30m", 3}, // urgent before all
		{"handling", "C4", "", false, "+30m", 3},
		{"handling", "", "", false, "+2wd", 4},
	} {
		steps := c.Ladder(tc.kind, tc.class, tc.unit, tc.urgent)
		if len(steps) != tc.rungs || steps[len(steps)-1].At.String() != tc.want {
			t.Errorf("%+v: got %+v", tc, steps)
		}
	}
}

// Each fault of a ladder is named with its place.
func TestLadderFaults(t *testing.T) {
	good := Rung{Class: "A01", Kind: "handling", Unit: "*", Rung: RungOrder, At: "+2wd", Source: "P"}
	rung := func(change func(*Rung)) Rung { r := good; change(&r); return r }
	for code, rungs := range map[string][]Rung{
		"row_class_unknown":  {rung(func(r *Rung) { r.Class = "Z9" })},
		"row_kind_unknown":   {rung(func(r *Rung) { r.Kind = "lunch" })},
		"row_lead_unknown":   {rung(func(r *Rung) { r.Unit = "moon" })},
		"row_source_missing": {rung(func(r *Rung) { r.Source = "" })},
		"row_rung_unknown":   {good, rung(func(r *Rung) { r.Rung = "shout" })},
		"row_rung_twice":     {good, good},
		"row_quiet":          {rung(func(r *Rung) { r.Quiet = "night" })},
		"row_quiet_urgent":   {rung(func(r *Rung) { r.Urgent, r.At, r.Quiet = true, "+30m", "20:00-08:00" })},
		"row_offset":         {rung(func(r *Rung) { r.At = "+0wd" })},
		"row_rung_side":      {rung(func(r *Rung) { r.At = "-2wd" })},
		"row_rung_urgent":    {rung(func(r *Rung) { r.Urgent = true })},
		"row_rung_order":     {good, rung(func(r *Rung) { r.Rung, r.At = RungRed, "+2wd" })},
		"row_rung_order 2":   {rung(func(r *Rung) { r.Rung, r.At = RungRed, "+3wd" }), rung(func(r *Rung) { r.At = "+30m" })},
		"row_rung_order 3":   {rung(func(r *Rung) { r.Rung, r.At = RungRemind, "-30m" }), rung(func(r *Rung) { r.Rung, r.At = RungNear, "-1wd" }), good},
		"row_ladder_endless": {rung(func(r *Rung) { r.Rung, r.At = RungRed, "+1wd" })},
		"row_ladder_default": nil,
	} {
		c := seeded(t).Clone()
		if rungs == nil {
			c.Rungs = slices.DeleteFunc(c.Rungs, func(r Rung) bool { return r.Kind == "*" && !r.Urgent })
		}
		c.Rungs = append(c.Rungs, rungs...)
		faults := Faults(c.Validate())
		if len(faults) != 1 || hotline.CodeOf(faults[0]) != strings.Fields(code)[0] || !strings.Contains(faults[0].Error(), "ladders") {
			t.Errorf("%s: got %v", code, faults)
		}
	}
	before := seeded(t).Clone()
	before.Rungs = nil
	before.Index()
	if err := before.Validate(); err != nil {
		t.Errorf("a version from before there were ladders: %v", err)
	}
	if got := before.Ladder("handling", "A01", "", false); len(got) != 1 || got[0].Rung != RungNear {
		t.Errorf("its ladder: %+v", got)
	}
}

// Ladders go out as a table and come back.
func TestLadderTable(t *testing.T) {
	c := seeded(t)
	back, err := FromTables(c, c.Tables())
	if err != nil || !slices.Equal(back.Rungs, c.Rungs) {
		t.Errorf("%v, %d rungs, want %d", err, len(back.Rungs), len(c.Rungs))
	}
}

// A ladder is put in whole or not at all; the one for all cannot be taken out.
func TestPutLadder(t *testing.T) {
	seed := seeded(t)
	good := LadderRows{Class: "A01", Kind: "handling", Unit: "*", Rungs: []Rung{
		{Rung: RungNear, At: "-2wd", Quiet: "20:00-08:00", Source: "P"}, {Rung: RungOrder, At: "+2wd", Source: "P"}}}
	c := seed.Clone()
	if err := c.PutLadder(good); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if steps := c.Ladder("handling", "A01", "housing", false); len(steps) != 2 || steps[0].At.String() != "-2wd" {
		t.Errorf("climbed: %+v", steps)
	}
	if got := len(Diff(seed, c)); got != 2 {
		t.Errorf("%d changes, want the two rows", got)
	}
	again := good
	again.Rungs = []Rung{{Rung: RungRed, At: "+1wd", Source: "P"}, {Rung: RungOrder, At: "+3wd", Source: "P"}}
	if err := c.PutLadder(again); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(c.LadderTable(), func(l LadderRows) bool { return l.key() == good.key() }); i != len(c.LadderTable())-1 || c.LadderTable()[i].Rung(RungNear) != (Rung{}) ||
		c.LadderTable()[i].Rung(RungOrder).At != "+3wd" || len(c.Rungs) != len(seed.Rungs)+2 {
		t.Errorf("replaced: %+v", c.LadderTable())
	}
	before := slices.Clone(c.Rungs)
	for code, rungs := range map[string][]Rung{
		"row_ladder_endless": {{Rung: RungRed, At: "+1wd", Source: "P"}},
		"row_rung_order":     {{Rung: RungRed, At: "+3wd", Source: "P"}, {Rung: RungOrder, At: "+2wd", Source: "P"}},
		"row_offset":         {{Rung: RungOrder, At: "+0wd", Source: "P"}},
		"row_rung_side":      {{Rung: RungOrder, At: "-1wd", Source: "P"}},
		"row_source_missing": {{Rung: RungOrder, At: "+1wd"}},
		"row_quiet":          {{Rung: RungOrder, At: "+1wd", Quiet: "night", Source: "P"}},
	} {
		bad := good
		bad.Rungs = rungs
		if fs := Faults(c.PutLadder(bad)); len(fs) != 1 || hotline.CodeOf(fs[0]) != code || !slices.Equal(c.Rungs, before) {
			t.Errorf("%s: got %v", code, fs)
		}
	}
	if err := c.PutLadder(LadderRows{Class: "Z9", Kind: "handling", Unit: "*", Rungs: good.Rungs}); hotline.CodeOf(Faults(err)[0]) != "row_class_unknown" {
		t.Errorf("for a class that is none: %v", err)
	}
	for _, urgent := range []bool{false, true} {
		if err := c.DropLadder("*", "*", "*", urgent); hotline.CodeOf(err) != "row_ladder_default" {
			t.Errorf("the one for all, urgent %v: %v", urgent, err)
		}
	}
	if err := c.DropLadder("A01", "handling", "*", false); err != nil || len(Diff(seed, c)) != 0 {
		t.Errorf("taken out again: %v, %v", err, Diff(seed, c))
	}
}
