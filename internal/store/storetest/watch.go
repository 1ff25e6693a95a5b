package storetest

import (
	"testing"
	"time"

	"liandong/internal/store"
)

func outages(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	add := func(id, peer string, from int) {
		write(t, st, func(tx *store.Tx) error {
			return tx.AddOutage(ctx, store.Outage{ID: id, Peer: peer, StuckAt: at(from), Why: "no answer"})
		})
	}
	end := func(peer string, n int) {
		write(t, st, func(tx *store.Tx) error { return tx.EndOutage(ctx, peer, at(n)) })
	}
	id := func(o store.Outage) string { return o.ID }
	add("1", "p1", 1)
	end("p1", 2)
	add("2", "p1", 3)
	add("3", "p2", 4)
	end("nobody", 5)
	end("p2", 6)
	got, err := r.Outages(ctx, "p1", 10)
	want(t, "of a link", got, err, []store.Outage{{ID: "2", Peer: "p1", StuckAt: at(3), Why: "no answer"}, {ID: "1", Peer: "p1", StuckAt: at(1), Why: "no answer", WorksAt: at(2)}})
	got, err = r.Outages(ctx, "p1", 1)
	want(t, "the newest", ids(got, id), err, []string{"2"})
	got, err = r.FreshOutages(ctx, at(2), 10)
	want(t, "that go on or ended lately", ids(got, id), err, []string{"2", "3"})
	got, err = r.FreshOutages(ctx, at(6), 10)
	want(t, "that go on", ids(got, id), err, []string{"2"})
}

func differences(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	put := func(d store.Difference) (isNew bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) { isNew, err = tx.PutDifference(ctx, d); return err })
		return isNew
	}
	a := store.Difference{Peer: "p1", What: "lost", Letter: "l1", LegID: "g1", Ours: "receipted", SeenAt: start}
	b := store.Difference{Peer: "p1", What: "leg_state", LegID: "g1", Ours: "sent", Theirs: "accepted", SeenAt: start.Add(time.Second)}
	other := store.Difference{Peer: "p2", What: "lost", Letter: "l1", LegID: "g1", SeenAt: start}
	for _, d := range []store.Difference{a, b, other} {
		if !put(d) {
			t.Errorf("%s of %s is not new", d.What, d.Peer)
		}
	}
	later := start.Add(time.Minute)
	b.Theirs, b.SeenAt = "working", later
	if put(b) {
		t.Error("a difference that goes on is new")
	}
	a.FoundAt, b.FoundAt = start, start.Add(time.Second)
	got, err := r.Differences(ctx, "p1", 10)
	want(t, "of a link", got, err, []store.Difference{a, b})
	got, err = r.Differences(ctx, "p1", 1)
	want(t, "the oldest", got, err, []store.Difference{a})
	write(t, st, func(tx *store.Tx) error { return tx.DropDifferences(ctx, "p1", later) })
	got, err = r.Differences(ctx, "p1", 10)
	want(t, "without what is gone", got, err, []store.Difference{b})
	got, err = r.Differences(ctx, "p2", 10)
	other.FoundAt = start
	want(t, "of another link", got, err, []store.Difference{other})
}
