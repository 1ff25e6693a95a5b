package desk_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// A wrong version is refused and changes nothing; the right one passes.
func TestVersions(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for what, change := range map[string]func(id string, v *int64) error{
			"decide": func(id string, v *int64) error {
				_, err := w.Decide(ctx, w.lead, id, desk.Decision{Version: v, Category: ptr("A02")})
				return err
			},
			"send": func(id string, v *int64) error {
				_, err := w.SendLegs(ctx, w.lead, id, v, []desk.Order{to("unit:" + housing)})
				return err
			},
			"dual": func(id string, v *int64) error {
				_, err := w.Dual(ctx, w.lead, id, v)
				return err
			},
			"close": func(id string, v *int64) error {
				_, err := w.Close(ctx, w.lead, id, desk.Closing{Version: v, Outcome: casefile.OnTheSpot})
				return err
			},
		} {
			c := w.take(fire)
			before := w.see(c.ID)
			for _, wrong := range []int64{0, 2, -1, 1 << 60} {
				err := change(c.ID, &wrong)
				wantField(t, what, err, "version_wrong", "version")
				if hotline.KindOf(err) != hotline.Conflict {
					t.Errorf("%s: got kind %s, want conflict", what, hotline.KindOf(err))
				}
			}
			if diff := cmp.Diff(before, w.see(c.ID)); diff != "" {
				t.Errorf("%s with a wrong version changed (-before +after):\n%s", what, diff)
			}
			if err := change(c.ID, ptr(before.Version)); err != nil {
				t.Errorf("%s with the right version: %v", what, err)
			}
			if after := w.see(c.ID).Version; after != before.Version+1 {
				t.Errorf("%s: got version %d, want %d", what, after, before.Version+1)
			}
			wantCode(t, what+" again", change(c.ID, ptr(before.Version)), "version_wrong")
		}
		c, l := w.sent(to("unit:" + housing))
		w.act(w.lead, l.ID, leg.Accept, leg.Feedback, leg.Settle)
		_, err := w.Callback(ctx, w.lead, c.ID, desk.Asked{Version: ptr(int64(99)), Solved: true})
		wantCode(t, "callback", err, "version_wrong")
		if _, err = w.Callback(ctx, w.lead, c.ID, desk.Asked{Version: ptr(w.see(c.ID).Version), Solved: true}); err != nil {
			t.Errorf("callback with the right version: %v", err)
		}
	})
}

// A leg's version counts its moves; what moves nothing does not raise it.
func TestLegVersions(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, l := w.sent(to("unit:" + housing))
		version := l.Version
		for _, s := range []struct {
			verb  leg.Verb
			moves bool
		}{
			{leg.Urge, false}, {leg.Supplement, false}, {leg.Accept, true}, {leg.Call, false}, {leg.Progress, true}, {leg.Progress, false},
			{leg.Urge, false}, {leg.Withdraw, false}, {leg.Refuse, false}, {leg.Feedback, true}, {leg.Reopen, true}, {leg.Feedback, true},
			{leg.Settle, true}, {leg.Supplement, false},
		} {
			_, err := w.Act(t.Context(), w.lead, l.ID, do(s.verb, func(d *desk.Do) { d.Version = ptr(version + 1) }))
			wantCode(t, "a version ahead of "+string(s.verb), err, "version_wrong")
			got, err := w.Act(t.Context(), w.lead, l.ID, do(s.verb, func(d *desk.Do) { d.Version = ptr(version) }))
			if err != nil {
				t.Fatalf("%s: %v", s.verb, err)
			}
			if s.moves {
				version++
			}
			if got.Version != version {
				t.Errorf("after %s: got version %d, want %d", s.verb, got.Version, version)
			}
		}
	})
}

// Of two who move a leg at the same moment one wins, and the other is told.
func TestConcurrentMoves(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for range 5 {
			c, l := w.sent(to("unit:" + housing))
			errs := make([]error, 6)
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() {
					verb := []leg.Verb{leg.Accept, leg.Return}[i%2]
					_, errs[i] = w.Act(t.Context(), w.clerk(housing), l.ID, do(verb, func(d *desk.Do) { d.Version = ptr(l.Version) }))
				})
			}
			wg.Wait()
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case hotline.KindOf(err) != hotline.Conflict:
					t.Errorf("got %v, want a conflict", err)
				}
			}
			k := w.kinds(c.ID)
			if after := w.leg(l.ID); won != 1 || after.Version != l.Version+1 || k["accept"]+k["return"] != 1 {
				t.Errorf("got %d winners, version %d, events %v; want one move", won, after.Version, k)
			}
		}
	})
}

// What moves nothing is never lost to somebody else's change.
func TestConcurrentNotes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		c, l := w.sent(to("unit:" + housing))
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					err = w.Note(t.Context(), w.lead, c.ID, "来电补充：还是没有人来修")
				} else {
					_, err = w.Act(t.Context(), w.lead, l.ID, do(leg.Urge))
				}
				if err != nil {
					t.Errorf("goroutine %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if k := w.kinds(c.ID); k["supplement"] != 4 || k["urge"] != 4 {
			t.Errorf("got %d supplements and %d urges, want 4 and 4", k["supplement"], k["urge"])
		}
	})
}
