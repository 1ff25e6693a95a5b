package desk_test

import (
	"slices"
	"testing"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// A clerk's phone sends again what was not answered: under its key an action is done once, whatever happened to the leg since.
func TestActOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		clerk := w.clerk("540102-urban")
		id := w.take("城关区北京中路的路灯坏了").ID
		v := must(w.SendLegs(ctx, w.lead, id, nil, []desk.Order{{To: "unit:540102-urban"}}))(t)
		l := v.Legs[0]
		act := func(do desk.Do) (desk.LegView, error) { return w.Act(ctx, clerk, l.ID, do) }
		accept := desk.Do{Verb: leg.Accept, Version: &l.Version, Key: "one"}
		first := must(act(accept))(t)
		again := must(act(accept))(t)
		if again.Version != first.Version || again.State != leg.Accepted {
			t.Errorf("the same again: got %s at version %d, want %s at %d", again.State, again.Version, first.State, first.Version)
		}
		must(act(desk.Do{Verb: leg.Progress, Note: "已派人", Key: "two", Version: &first.Version}))(t)
		if got := must(act(accept))(t); got.State != leg.Working {
			t.Errorf("long after: got %s, want what there is now", got.State)
		}
		_, err := act(desk.Do{Verb: leg.Progress, Note: "别的话", Key: "two"})
		wantCode(t, "other words under the key", err, "key_reused")
		_, err = act(desk.Do{Verb: leg.Feedback, Result: "已修好", Key: "three", Version: &l.Version})
		wantCode(t, "on what was there before", err, "version_wrong")
		now := must(w.Leg(ctx, clerk, l.ID))(t).Version
		must(act(desk.Do{Verb: leg.Feedback, Result: "已修好", Key: "three", Version: &now}))(t) // a refusal claims no key
		kinds := w.kinds(id)
		for _, k := range []string{"accepted", "progress", "answered"} {
			if kinds[k] > 1 {
				t.Errorf("%s: got %d events, want one", k, kinds[k])
			}
		}
		if n := kinds["progress"]; n != 1 {
			t.Errorf("progress: got %d of %v, want one", n, kinds)
		}
		other := w.clerk("540102-housing")
		_, err = w.Act(ctx, other, l.ID, accept)
		if code := hotline.CodeOf(err); !slices.Contains([]string{"leg_not_found", "case_not_found"}, code) {
			t.Errorf("another unit with the key: got %v, want it not found", err)
		}
	})
}
