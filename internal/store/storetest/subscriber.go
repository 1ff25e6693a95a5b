package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A subscriber stands where it was told last, whatever happens in between.
func subscribers(t *testing.T, st *store.Store) {
	ctx := t.Context()
	a := store.Subscriber{ID: "a", Name: "看板", URL: "http://a", Kinds: []string{"accept", "return"}, Active: true, CreatedAt: start, NextIndex: 7}
	b := store.Subscriber{ID: "b", Name: "另一个", URL: "http://b", Kinds: []string{}, CreatedAt: start}
	write(t, st, func(tx *store.Tx) error {
		if err := tx.AddSubscriber(ctx, b); err != nil {
			return err
		}
		return tx.AddSubscriber(ctx, a)
	})
	wanted := func(what string) {
		t.Helper()
		got, err := st.Reader().Subscribers(ctx)
		want(t, what, got, err, []store.Subscriber{a, b})
	}
	wanted("added")
	write(t, st, func(tx *store.Tx) error {
		return tx.MissedSubscriber(ctx, "a", 7, 3, start.Add(time.Minute), "no answer")
	})
	a.Attempts, a.NextTryAt, a.LastError = 3, start.Add(time.Minute), "no answer"
	wanted("missed")
	write(t, st, func(tx *store.Tx) error { return tx.MissedSubscriber(ctx, "a", 6, 9, start, "late word") })
	wanted("missed at another place")
	write(t, st, func(tx *store.Tx) error { return tx.ToldSubscriber(ctx, "a", 7, 9, start.Add(time.Hour)) })
	a.Attempts, a.NextTryAt, a.LastError, a.NextIndex, a.HeardAt = 0, time.Time{}, "", 9, start.Add(time.Hour)
	wanted("told")
	write(t, st, func(tx *store.Tx) error { return tx.RewindSubscriber(ctx, "a", 2) })
	a.NextIndex = 2
	wanted("rewound")
	write(t, st, func(tx *store.Tx) error { return tx.ToldSubscriber(ctx, "a", 9, 12, start) })
	wanted("told from where it no longer stands")
	write(t, st, func(tx *store.Tx) error { return tx.ToldSubscriber(ctx, "a", 2, 3, time.Time{}) })
	a.NextIndex = 3
	wanted("passed over what it does not want")
	write(t, st, func(tx *store.Tx) error { return tx.SetSubscriber(ctx, "b", true) })
	b.Active = true
	wanted("started")
	for what, gone := range map[string]func(tx *store.Tx) error{
		"started": func(tx *store.Tx) error { return tx.SetSubscriber(ctx, "z", true) },
		"rewound": func(tx *store.Tx) error { return tx.RewindSubscriber(ctx, "z", 1) },
		"removed": func(tx *store.Tx) error { return tx.RemoveSubscriber(ctx, "z") },
	} {
		wantCode(t, "one that is not there "+what, st.Write(ctx, gone), hotline.Conflict, "stale")
	}
	write(t, st, func(tx *store.Tx) error { return tx.RemoveSubscriber(ctx, "b") })
	got, err := st.Reader().Subscribers(ctx)
	want(t, "removed", got, err, []store.Subscriber{a})
}
