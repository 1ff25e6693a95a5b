package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/store/storetest"
)

// crowded runs f in n goroutines at once and waits for all.
func crowded(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestConcurrentWritersAreAllDurable(t *testing.T) {
	const writers, each = 16, 25
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			ctx := t.Context()
			dsn := storetest.DSN(t, engine)
			st := storetest.Open(t, dsn)
			crowded(writers, func(w int) {
				for i := range each {
					c := store.CaseRow{Case: casefile.Case{ID: hotline.NewID(), Status: casefile.Open, Level: 3, ExternalID: fmt.Sprintf("%d-%d", w, i),
						OccurredAt: time.Unix(0, 0), CreatedAt: time.Unix(0, 0)}}
					if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddCase(ctx, &c) }); err != nil {
						t.Errorf("writer %d, case %d: got %v, want no error", w, i, err)
						return
					}
					// Whoever was answered finds it at once, also on another connection.
					if _, err := st.Reader().Case(ctx, c.ID); err != nil {
						t.Errorf("writer %d reads its case %d: got %v, want it there", w, i, err)
					}
				}
			})
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			again := storetest.Open(t, dsn)
			rows, err := again.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Limit: 10_000})
			seen := map[string]bool{}
			for _, r := range rows {
				seen[r.ExternalID] = true
			}
			if err != nil || len(rows) != writers*each || len(seen) != len(rows) {
				t.Errorf("opened again: got %d cases, %d of them different (error %v), want %d", len(rows), len(seen), err, writers*each)
			}
		})
	}
}

// Writers who change the same row all get their turn: a guard that misses runs
// the closure again, and no change is lost.
func TestConcurrentChangesOfOneRow(t *testing.T) {
	const each = 20
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := t.Context()
		c := store.CaseRow{Case: casefile.Case{ID: hotline.NewID(), Status: casefile.Open, Level: 3, OccurredAt: time.Unix(0, 0), CreatedAt: time.Unix(0, 0)}}
		if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddCase(ctx, &c) }); err != nil {
			t.Fatal(err)
		}
		var runs atomic.Int64
		crowded(2, func(int) {
			for range each {
				err := st.Write(ctx, func(tx *store.Tx) error {
					runs.Add(1)
					row, err := tx.Case(ctx, c.ID)
					if err != nil {
						return err
					}
					row.Returns++
					return tx.SaveCase(ctx, &row)
				})
				if err != nil {
					t.Errorf("a change: got %v, want it applied", err)
				}
			}
		})
		got, err := st.Reader().Case(ctx, c.ID)
		if err != nil || got.Returns != 2*each || got.Rev != 2*each+1 {
			t.Errorf("after %d changes in %d runs: got %d, rev %d (error %v), want all of them", 2*each, runs.Load(), got.Returns, got.Rev, err)
		}
	})
}

// A store that is closed under its writers answers each truthfully: what it
// acknowledged is on disk, what it refused is not.
func TestConcurrentCloseTellsTheTruth(t *testing.T) {
	dsn := storetest.DSN(t, "sqlite")
	st := storetest.Open(t, dsn)
	ctx := t.Context()
	var mu sync.Mutex
	acked, refused := map[string]bool{}, map[string]bool{}
	enough := make(chan struct{})
	var once sync.Once
	crowded(18, func(w int) {
		if w >= 16 { // two who close it
			<-enough
			if err := st.Close(); err != nil {
				t.Errorf("close: got %v, want no error", err)
			}
			return
		}
		for i := 0; ; i++ {
			key := strconv.Itoa(w) + "-" + strconv.Itoa(i)
			err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddIntakeKey(ctx, keyed(key)) })
			mu.Lock()
			if err == nil {
				acked[key] = true
				if len(acked) == 200 {
					once.Do(func() { close(enough) })
				}
				mu.Unlock()
				continue
			}
			refused[key] = true
			mu.Unlock()
			if hotline.CodeOf(err) != "database_closed" || hotline.KindOf(err) != hotline.Unavailable {
				t.Errorf("a write while it closes: got %v, want database_closed", err)
			}
			return
		}
	})
	again := storetest.Open(t, dsn)
	for key := range acked {
		if _, err := again.Reader().IntakeKey(ctx, "test", key); err != nil {
			t.Errorf("acknowledged write %s: got %v, want it there", key, err)
		}
	}
	for key := range refused {
		if _, err := again.Reader().IntakeKey(ctx, "test", key); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("refused write %s: got %v, want it gone", key, err)
		}
	}
	if len(refused) != 16 {
		t.Errorf("refused writers: got %d, want all 16", len(refused))
	}
}

// Closures read beside their transaction, too: the links, say. However many do
// so at once, all come to an end.
func TestConcurrentReadsBesideWrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var inside sync.WaitGroup
		if st.Postgres() {
			inside.Add(16) // as many as have a connection at once
		}
		var n atomic.Int64
		crowded(40, func(i int) {
			err := st.Write(ctx, func(tx *store.Tx) error {
				if err := tx.AddIntakeKey(ctx, keyed(strconv.Itoa(i))); err != nil {
					return err
				}
				if st.Postgres() && n.Add(1) <= 16 {
					inside.Done()
					inside.Wait()
				}
				_, err := st.Reader().Links(ctx)
				return err
			})
			if err != nil {
				t.Errorf("writer %d: got %v, want no error", i, err)
			}
		})
	})
}

// once runs what only one of many may win, and counts the winners.
func once(t *testing.T, what string, try func(i int) (bool, error)) {
	t.Helper()
	var won atomic.Int64
	crowded(8, func(i int) {
		ok, err := try(i)
		if err != nil {
			t.Errorf("%s: got %v, want no error", what, err)
		}
		if ok {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%s: got %d winners, want 1", what, won.Load())
	}
}

func TestConcurrentWinners(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := t.Context()
		now := time.Unix(1_800_000_000, 0)
		write := func(fn func(*store.Tx) (bool, error)) (ok bool, err error) {
			err = st.Write(ctx, func(tx *store.Tx) (err error) {
				ok, err = fn(tx)
				return err
			})
			return ok && err == nil, err
		}
		for round := range 20 { // the moment is short
			once(t, "take a lease that never was", func(i int) (bool, error) {
				return write(func(tx *store.Tx) (bool, error) {
					return tx.TakeLease(ctx, "postman"+strconv.Itoa(round), strconv.Itoa(i), now, now.Add(time.Minute))
				})
			})
		}
		once(t, "take a lease that ran out", func(i int) (bool, error) {
			return write(func(tx *store.Tx) (bool, error) {
				return tx.TakeLease(ctx, "postman0", "new "+strconv.Itoa(i), now.Add(time.Hour), now.Add(2*time.Hour))
			})
		})
		once(t, "claim an intake key", func(i int) (bool, error) {
			ok, err := write(func(tx *store.Tx) (bool, error) { return true, tx.AddIntakeKey(ctx, keyed("the key")) })
			if store.IsDuplicate(err) {
				return false, nil
			}
			return ok, err
		})
		clock := deadline.Clock{ID: "clock", CaseID: "c", Kind: deadline.Handling, Start: now, Due: now.Add(time.Hour), Next: now.Add(time.Hour)}
		letter := store.LetterOut{ID: "letter", Peer: "p", CreatedAt: now}
		if _, err := write(func(tx *store.Tx) (bool, error) {
			return true, errors.Join(tx.AddClocks(ctx, clock), tx.PostLetter(ctx, letter))
		}); err != nil {
			t.Fatal(err)
		}
		fired := clock
		fired.Rung, fired.Next = 2, time.Time{}
		once(t, "fire a rung", func(int) (bool, error) {
			return write(func(tx *store.Tx) (bool, error) { return tx.FireClock(ctx, fired, 0) })
		})
		once(t, "end a letter", func(int) (bool, error) {
			return write(func(tx *store.Tx) (bool, error) {
				return tx.EndLetter(ctx, "letter", store.LetterReceipted, "{}", now)
			})
		})
	})
}
