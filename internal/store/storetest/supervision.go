package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/supervision"
)

func supervisions(t *testing.T, st *store.Store) {
	ctx := t.Context()
	r := st.Reader()
	part := func(order, unit string, due time.Duration) store.SupervisionPart {
		return store.SupervisionPart{OrderID: order, Unit: unit, LegID: "l-" + unit, State: supervision.Issued, Version: 1, Budget: "3wd", DueAt: start.Add(due), MovedAt: start}
	}
	one := store.Supervision{ID: "s1", CaseID: "c1", Year: 2026, Serial: 1, Cause: supervision.Overdue, ByName: "张测试", IssuedAt: start,
		Parts: []store.SupervisionPart{part("s1", "a", time.Hour), part("s1", "b", 2*time.Hour)}}
	two := store.Supervision{ID: "s2", CaseID: "c1", Year: 2026, Serial: 2, Cause: supervision.Silent, ByLadder: true, IssuedAt: start,
		Parts: []store.SupervisionPart{part("s2", "b", 3*time.Hour)}}
	write(t, st, func(tx *store.Tx) error {
		if n, err := tx.NextSerial(ctx, 2026); err != nil || n != 1 {
			t.Errorf("first number: got %d, %v, want 1", n, err)
		}
		if err := tx.AddSupervision(ctx, one); err != nil {
			return err
		}
		return tx.AddSupervision(ctx, two)
	})
	write(t, st, func(tx *store.Tx) error {
		n, err := tx.NextSerial(ctx, 2026)
		if n != 3 {
			t.Errorf("next number: got %d, want 3", n)
		}
		return err
	})
	same := two
	same.ID = "s3"
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddSupervision(ctx, same) }); !store.IsDuplicate(err) {
		t.Errorf("a number twice: got %v, want a duplicate", err)
	}
	got, err := r.Supervision(ctx, "s1")
	want(t, "one order", got, err, one)
	of, err := r.SupervisionsOf(ctx, "c1")
	if err != nil || len(of) != 2 || of[0].ID != "s2" || of[1].ID != "s1" {
		t.Errorf("orders of a case: got %v, %v", of, err)
	}
	if of, err := r.SupervisionsOf(ctx, "c2"); err != nil || len(of) != 0 {
		t.Errorf("orders of another case: got %v, %v", of, err)
	}
	_, err = r.Supervision(ctx, "none")
	wantCode(t, "no such order", err, hotline.NotFound, "supervision_not_found")
	list, err := r.OpenSupervisions(ctx, "a", 10)
	want(t, "open, of a unit", list, err, []store.Supervision{one})
	list, err = r.OpenSupervisions(ctx, "", 10)
	want(t, "open", list, err, []store.Supervision{two, one})
	if early, err := r.OverdueParts(ctx, one.Parts[0].DueAt.Add(-time.Microsecond), 10); err != nil || len(early) != 0 {
		t.Errorf("just before the due time: got %v, %v", early, err)
	}
	if due, err := r.OverdueParts(ctx, one.Parts[0].DueAt, 10); err != nil || len(due) == 0 {
		t.Errorf("at the due time: got %v, %v", due, err)
	}
	parts, err := r.OverdueParts(ctx, start.Add(150*time.Minute), 10)
	want(t, "overdue", parts, err, one.Parts)

	moved := one.Parts[0]
	moved.State, moved.Demands, moved.OverAt = supervision.Answered, 1, start
	write(t, st, func(tx *store.Tx) error { return tx.SavePart(ctx, moved) })
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.SavePart(ctx, moved) }); !errors.Is(err, store.ErrStale) {
		t.Errorf("a move of an old version: got %v, want stale", err)
	}
	moved.Version = 2
	one.Parts = []store.SupervisionPart{moved, one.Parts[1]}
	write(t, st, func(tx *store.Tx) error { return tx.CloseSupervision(ctx, "s1", start) })
	one.ClosedAt = start
	got, err = r.Supervision(ctx, "s1")
	want(t, "moved and closed", got, err, one)
	list, err = r.OpenSupervisions(ctx, "", 10)
	want(t, "still open", list, err, []store.Supervision{two})
}

func watched(t *testing.T, st *store.Store) {
	ctx := t.Context()
	now := start.Add(10 * 24 * time.Hour)
	no := false
	over := addCase(t, st, func(c *store.CaseRow) { c.DueAt = now.Add(-time.Hour) })
	near := addCase(t, st, func(c *store.CaseRow) { c.DueAt, c.CreatedAt, c.Region = now.Add(time.Hour), now, "540200" })
	returned := addCase(t, st, func(c *store.CaseRow) { c.Returns, c.CreatedAt = 2, now })
	unhappy := addCase(t, st, func(c *store.CaseRow) { c.Solved, c.CallbackAt, c.CreatedAt = &no, now, now })
	reopened := addCase(t, st, func(c *store.CaseRow) { c.CreatedAt = now })
	write(t, st, func(tx *store.Tx) error {
		return tx.AddEvents(ctx, store.Event{ID: "e1", CaseID: reopened.ID, At: now, Kind: "reopen", Body: "{}"})
	})
	for watch, id := range map[supervision.Watch]string{supervision.WatchOver: over.ID, supervision.WatchNear: near.ID, supervision.WatchReturned: returned.ID,
		supervision.WatchUnsatisfied: unhappy.ID, supervision.WatchReopened: reopened.ID, supervision.WatchSilent: over.ID} {
		got, err := st.Reader().Watched(ctx, store.Sight{}, watch, now, 10)
		want(t, string(watch), ids(got, caseID), err, []string{id})
	}
	for at, want := range map[time.Time]supervision.Watch{over.DueAt: supervision.WatchOver, over.DueAt.Add(-time.Microsecond): supervision.WatchNear} {
		for _, watch := range []supervision.Watch{supervision.WatchOver, supervision.WatchNear} { // half-open: at the due time it is over
			got, err := st.Reader().Watched(ctx, store.Sight{}, watch, at, 10)
			if found := slices.Contains(ids(got, caseID), over.ID); err != nil || found != (watch == want) {
				t.Errorf("%s, %v from the due time: found %v, %v", watch, at.Sub(over.DueAt), found, err)
			}
		}
	}
	got, err := st.Reader().Watched(ctx, store.Sight{Regions: []string{"540102"}}, supervision.WatchNear, now, 10)
	want(t, "of another region", ids(got, caseID), err, []string{})
	_, err = st.Reader().Watched(ctx, store.Sight{}, "whim", now, 10)
	wantCode(t, "no such list", err, hotline.Invalid, "watch_unknown")
}

func draws(t *testing.T, st *store.Store) {
	ctx := t.Context()
	r := st.Reader()
	closed := addCase(t, st, func(c *store.CaseRow) { c.ClosedAt = start })
	addCase(t, st, func(c *store.CaseRow) { c.ClosedAt = start.Add(time.Hour) })
	addCase(t, st)
	found, err := r.ClosedBetween(ctx, store.Sight{}, start, start.Add(time.Hour))
	want(t, "closed, half-open", found, err, []string{closed.ID})
	d := store.Draw{ID: "d1", Seed: "七", From: start, Until: start.Add(time.Hour), Among: 1, DrawnAt: start, ByName: "张测试"}
	listed := d
	d.Cases = []store.DrawCase{{CaseID: closed.ID}}
	write(t, st, func(tx *store.Tx) error { return tx.AddDraw(ctx, d) })
	checked := store.DrawCase{CaseID: closed.ID, Result: "false_close", CheckedAt: start, ByName: "李测试"}
	for _, first := range []bool{true, false} {
		write(t, st, func(tx *store.Tx) error {
			ok, err := tx.CheckDrawn(ctx, "d1", checked)
			if ok != first {
				t.Errorf("judged: got %v, want %v", ok, first)
			}
			return err
		})
	}
	d.Cases = []store.DrawCase{checked}
	got, err := r.Draw(ctx, "d1")
	want(t, "draw", got, err, d)
	_, err = r.Draw(ctx, "none")
	wantCode(t, "no such draw", err, hotline.NotFound, "draw_not_found")
	list, err := r.Draws(ctx, 5)
	want(t, "draws", list, err, []store.Draw{listed})
}

func unreasonables(t *testing.T, st *store.Store) {
	ctx := t.Context()
	u := store.Unreasonable{CaseID: "c1", State: "asked", AskedAt: start, AskedBy: "张测试"}
	write(t, st, func(tx *store.Tx) error { return tx.AskUnreasonable(ctx, u) })
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AskUnreasonable(ctx, u) }); !store.IsDuplicate(err) {
		t.Errorf("asked twice: got %v, want a duplicate", err)
	}
	u.State, u.ReviewedAt, u.ReviewedBy = "upheld", start, "李测试"
	for _, first := range []bool{true, false} {
		write(t, st, func(tx *store.Tx) error {
			ok, err := tx.ReviewUnreasonable(ctx, u)
			if ok != first {
				t.Errorf("reviewed: got %v, want %v", ok, first)
			}
			return err
		})
	}
	got, err := st.Reader().Unreasonables(ctx, "upheld", 5)
	want(t, "upheld", got, err, []store.Unreasonable{u})
	got, err = st.Reader().Unreasonables(ctx, "asked", 5)
	want(t, "asked", got, err, nil)
}
