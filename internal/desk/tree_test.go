package desk_test

import (
	"sync"
	"testing"

	"liandong/internal/audit"
)

// Every event gets one place, whoever gives it, and the signed head covers all
// of them; no page hears of it.
func TestSequence(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for range 3 {
			w.take(plain)
		}
		bell := w.st.Changes().Wait()
		var wg sync.WaitGroup
		for range 4 { // as many processes would
			wg.Go(func() {
				if err := w.Sequence(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		select {
		case <-bell:
			t.Error("the bell of changes rang, at which open pages look again")
		default:
		}
		w.treeHolds()
		w.take(plain)
		if err := w.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.treeHolds()
	})
}

// treeHolds checks every event's place against the signed head.
func (w *world) treeHolds() audit.Head {
	w.t.Helper()
	ctx, r := w.t.Context(), w.st.Reader()
	kept := must(r.Head(ctx))(w.t)
	head, _, err := audit.OpenHead(kept.Note, w.keys.Public(w.Node().Platform, w.Node().Name))
	if err != nil || head.Size != kept.Size {
		w.t.Fatalf("head over %d: got %+v, %v", kept.Size, head, err)
	}
	events := must(r.LoggedFrom(ctx, 0, 10_000))(w.t)
	if waiting := must(r.Unplaced(ctx, 10))(w.t); len(waiting) > 0 || int64(len(events)) != head.Size || head.Size < 3 {
		w.t.Fatalf("got %d events with a place, %d without, and a head over %d", len(events), len(waiting), head.Size)
	}
	roller := audit.NewRoller()
	for i, e := range events {
		if e.Index != int64(i) {
			w.t.Fatalf("event %d has the place %d", i, e.Index)
		}
		if err := roller.Add(e.Leaf); err != nil {
			w.t.Fatal(err)
		}
	}
	if root := must(roller.Root())(w.t); root != head.Root {
		w.t.Fatalf("got root %x, want %x", head.Root, root)
	}
	return head
}
