package casefile

import (
	"testing"
	"time"

	"liandong/internal/hotline"
)

func TestDispatchDoesNotRunBackwards(t *testing.T) {
	taken := time.Date(2026, 3, 11, 10, 0, 40, 0, time.UTC)
	at := func(minutes int) time.Time { return taken.Add(time.Duration(minutes) * time.Minute) }
	now := at(60)
	d := Dispatch{UnitSent: at(5), OnScene: at(15)}
	for _, tc := range []struct {
		mark    Mark
		at      time.Time
		correct bool
		code    string
	}{
		{FirstFeedback, at(20), false, ""},
		{FirstFeedback, at(15), false, ""},
		{FirstFeedback, at(14), false, "dispatch_backwards"},
		{FirstFeedback, at(62), false, "occurred_in_future"},
		{FirstFeedback, at(20), true, "dispatch_not_yet"},
		{LevelSet, at(5), false, ""}, // forgotten, and entered behind
		{LevelSet, at(6), false, "dispatch_backwards"},
		{LevelSet, taken.Truncate(time.Minute), false, ""}, // a person enters minutes
		{LevelSet, at(-1), false, "dispatch_before_case"},
		{UnitSent, at(7), false, "dispatch_twice"},
		{UnitSent, at(7), true, ""},
		{UnitSent, at(16), true, "dispatch_backwards"},
		{OnScene, at(4), true, "dispatch_backwards"},
		{"gone", at(20), false, "dispatch_unknown"},
	} {
		err := d.Check(tc.mark, tc.at, taken, now, tc.correct)
		if (err != nil) != (tc.code != "") || err != nil && hotline.CodeOf(err) != tc.code {
			t.Errorf("%s at %s, correct %v: got %v, want %q", tc.mark, tc.at.Sub(taken), tc.correct, err, tc.code)
		}
	}
	if got := d.Last(); got != OnScene {
		t.Errorf("last: got %q", got)
	}
	if got := (Dispatch{}).Last(); got != "" {
		t.Errorf("last of none: got %q", got)
	}
}
