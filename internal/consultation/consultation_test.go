package consultation

import (
	"testing"
	"time"

	"liandong/internal/hotline"
)

func TestRule(t *testing.T) {
	opened := time.Date(2026, 3, 11, 2, 0, 0, 0, time.UTC)
	good := Ruling{Owner: "unit:a", Basis: "三定规定", From: opened}
	for name, tc := range map[string]struct {
		s    State
		r    Ruling
		code string
	}{
		"good":             {Open, good, ""},
		"ruled already":    {Ruled, good, "consultation_ended"},
		"cancelled":        {Cancelled, good, "consultation_ended"},
		"nobody":           {Open, Ruling{Basis: "x", From: opened}, "ruling_owner_missing"},
		"without basis":    {Open, Ruling{Owner: "110", From: opened}, "ruling_basis_missing"},
		"reaches far back": {Open, Ruling{Owner: "110", Basis: "x", From: opened.Add(-25 * time.Hour)}, "ruling_backdated"},
	} {
		if err := Rule(tc.s, tc.r, opened); (err == nil) != (tc.code == "") || err != nil && hotline.CodeOf(err) != tc.code {
			t.Errorf("%s: got %v, want %q", name, err, tc.code)
		}
	}
}

func TestHear(t *testing.T) {
	for name, tc := range map[string]struct {
		s     State
		party string
		kind  hotline.Kind
	}{"a party": {Open, "a", ""}, "nobody asked": {Open, "c", hotline.NotFound}, "too late": {Ruled, "a", hotline.Conflict}} {
		if err := Hear(tc.s, []string{"a", "b"}, tc.party); (err == nil) != (tc.kind == "") || err != nil && hotline.KindOf(err) != tc.kind {
			t.Errorf("%s: got %v, want %q", name, err, tc.kind)
		}
	}
}
