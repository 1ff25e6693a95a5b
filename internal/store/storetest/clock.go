package storetest

import (
	"fmt"
	"testing"
	"time"

	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

func newClock(change ...func(*deadline.Clock)) deadline.Clock {
	c := deadline.Clock{ID: hotline.NewID(), CaseID: "c1", Kind: deadline.Handling, Budget: "5wd", Start: start, Due: start.Add(time.Hour),
		Next: start.Add(45 * time.Minute)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func addClocks(t *testing.T, st *store.Store, cs ...deadline.Clock) {
	t.Helper()
	write(t, st, func(tx *store.Tx) error { return tx.AddClocks(t.Context(), cs...) })
}

func clockRoundTrip(t *testing.T, st *store.Store) {
	var full deadline.Clock
	fill(&full, 1)
	full.CaseID = "c1"
	bare := deadline.Clock{ID: "bare", CaseID: "c1", Start: start, Due: start}
	clocks := []deadline.Clock{bare, full} // the running one first
	oneHot(&full, func(field string) {
		c := full
		c.ID, c.Due = "only "+field, full.Due.Add(time.Duration(len(clocks))*time.Microsecond)
		clocks = append(clocks, c)
	})
	clocks[1].Provisional, clocks[1].Urgent = true, true
	addClocks(t, st, clocks...) // several in one statement
	got, err := st.Reader().ClocksOf(t.Context(), "c1")
	want(t, "clocks of a case", got, err, clocks)
	addClocks(t, st)
	if err := st.Write(t.Context(), func(tx *store.Tx) error { return tx.AddClocks(t.Context(), newClock(), bare) }); !store.IsDuplicate(err) {
		t.Errorf("a clock with an id that is taken: got %v, want a duplicate", err)
	}
	if got, err := st.Reader().ClocksOf(t.Context(), "c1"); err != nil || len(got) != len(clocks) {
		t.Errorf("after a duplicate: got %d clocks (error %v), want none of the batch: %d", len(got), err, len(clocks))
	}
}

func clocksStopOnce(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := newClock()
	moved := newClock(func(m *deadline.Clock) { m.Due = start.Add(2 * time.Hour) })
	addClocks(t, st, c, moved)
	stop := func(at time.Time) {
		write(t, st, func(tx *store.Tx) error { return tx.StopClock(ctx, c.ID, at) })
	}
	stop(start.Add(time.Minute))
	stop(start.Add(time.Hour)) // stopped before: stays as it was

	moved.Due, moved.Provisional, moved.Rung, moved.Next = start.Add(9*time.Hour), true, 1, start.Add(8*time.Hour)
	moved.Budget, moved.Urgent = "9wd", true
	write(t, st, func(tx *store.Tx) error { return tx.MoveClock(ctx, moved) })
	c.Stopped, c.Next = start.Add(time.Minute), time.Time{}
	got, err := st.Reader().ClocksOf(ctx, "c1")
	want(t, "running ones first", got, err, []deadline.Clock{moved, c})

	err = st.Write(ctx, func(tx *store.Tx) error { return tx.MoveClock(ctx, c) })
	wantCode(t, "a stopped clock moved", err, hotline.Conflict, "stale")

	c.Stopped, c.Next = time.Time{}, start.Add(3*time.Hour)
	write(t, st, func(tx *store.Tx) error { return tx.ResumeClock(ctx, c) })
	other := moved
	other.Next = start
	write(t, st, func(tx *store.Tx) error { return tx.ResumeClock(ctx, other) }) // it runs: stays as it was
	got, err = st.Reader().ClocksOf(ctx, "c1")
	want(t, "resumed", got, err, []deadline.Clock{c, moved})
}

func clocksFireOnce(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := newClock()
	addClocks(t, st, c)
	fire := func(c deadline.Clock, was int) (fired bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error {
			var err error
			fired, err = tx.FireClock(ctx, c, was)
			return err
		})
		return fired
	}
	near, over := c, c
	near.Rung, near.Next = 2, c.Due
	over.Rung, over.Next = 3, time.Time{}
	for i, step := range []struct {
		to   deadline.Clock
		was  int
		want bool
	}{{near, 0, true}, {near, 0, false}, {over, 0, false}, {over, 2, true}, {over, 2, false}} {
		if got := fire(step.to, step.was); got != step.want {
			t.Errorf("step %d, from rung %d to %d: got fired %v, want %v", i, step.was, step.to.Rung, got, step.want)
		}
	}
	got, err := st.Reader().ClocksOf(ctx, "c1")
	want(t, "after both rungs", got, err, []deadline.Clock{over})

	moved := newClock()
	addClocks(t, st, moved)
	late := moved
	late.Rung, late.Next = 2, moved.Due
	moved.Due = start.Add(24 * time.Hour)
	write(t, st, func(tx *store.Tx) error { return tx.MoveClock(ctx, moved) })
	if fire(late, 0) {
		t.Error("a rung of a due time that was moved meanwhile: got fired, want not")
	}

	stopped := newClock()
	addClocks(t, st, stopped)
	write(t, st, func(tx *store.Tx) error { return tx.StopClock(ctx, stopped.ID, start) })
	rung := stopped
	rung.Rung, rung.Next = 2, stopped.Due
	if fire(rung, 0) {
		t.Error("a rung of a stopped clock: got fired, want not")
	}
}

func dueClocks(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	now := start.Add(time.Hour)
	name := map[string]string{}
	add := func(what string, change func(*deadline.Clock)) {
		c := newClock(change)
		name[c.ID] = what
		addClocks(t, st, c)
	}
	add("now", func(c *deadline.Clock) { c.Next, c.Due = now, now })
	add("long ago", func(c *deadline.Clock) { c.Next, c.Due = start, start })
	add("long ago too", func(c *deadline.Clock) { c.Next, c.Due = start, start })
	add("not yet", func(c *deadline.Clock) { c.Next, c.Due = now.Add(time.Microsecond), now.Add(time.Microsecond) })
	add("no rung left", func(c *deadline.Clock) { c.Next, c.Due = time.Time{}, start.Add(time.Minute) })
	add("stopped", func(c *deadline.Clock) { c.Next, c.Due, c.Stopped = time.Time{}, start, start })
	named := func(cs []deadline.Clock) []string {
		return ids(cs, func(c deadline.Clock) string { return name[c.ID] })
	}
	got, err := r.DueClocks(ctx, now, 10)
	want(t, "due", named(got), err, []string{"long ago", "long ago too", "now"})
	got, err = r.DueClocks(ctx, now, 2)
	want(t, "two that are due", named(got), err, []string{"long ago", "long ago too"})
	got, err = r.DueClocks(ctx, start.Add(-time.Hour), 10)
	want(t, "due before all", named(got), err, []string{})
}

func events(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var all []store.Event
	for i := range 5 {
		var e store.Event
		fill(&e, i+1)
		e.ID, e.CaseID = fmt.Sprintf("e%d", i), "c1"
		if i == 4 {
			e.Note = nil
		}
		all = append(all, e)
	}
	other := all[0]
	other.ID, other.CaseID = "e9", "c2"
	write(t, st, func(tx *store.Tx) error {
		if err := tx.AddEvents(ctx); err != nil { // nothing happened
			return err
		}
		return tx.AddEvents(ctx, all[3], all[0], other, all[4], all[1], all[2])
	})
	got, err := st.Reader().EventsOf(ctx, "c1", "", 100)
	want(t, "oldest first", got, err, all)
	got, err = st.Reader().EventsOf(ctx, "c1", "e1", 2)
	want(t, "two after the second", got, err, all[2:4])
	got, err = st.Reader().EventsOfKind(ctx, "c1", all[1].Kind, 100)
	want(t, "of one kind", got, err, all[1:2])
	got, err = st.Reader().EventsOfCases(ctx, []string{"c1", "c2", "c3"}, all[1].Kind, all[0].Kind)
	want(t, "of two kinds", got, err, []store.Event{all[0], all[1], other})
	got, err = st.Reader().EventsOfCases(ctx, nil, all[1].Kind, all[0].Kind)
	want(t, "of no case", got, err, nil)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddEvents(ctx, other) }); !store.IsDuplicate(err) {
		t.Errorf("an event with an id that is taken: got %v, want a duplicate", err)
	}
	if got, want := all[0].LeafHex(), fmt.Sprintf("%x", all[0].Leaf); got != want {
		t.Errorf("leaf as text: got %s, want %s", got, want)
	}
}
