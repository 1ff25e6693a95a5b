package store

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/hotline"
)

// crowd holds the one writer of a SQLite store back until all closures of a
// test are queued, so that they go into one batch.
type crowd struct {
	t       *testing.T
	st      *Store
	path    string
	release chan struct{}
	answers []chan error
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{t: t, path: filepath.Join(t.TempDir(), "test.db"), release: make(chan struct{})}
	var err error
	if c.st, err = Open(t.Context(), c.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.st.Close() })
	started := make(chan struct{})
	go c.st.Write(context.Background(), func(*Tx) error {
		close(started)
		<-c.release
		return nil
	})
	<-started
	return c
}

// join queues a write behind those before it and returns its number.
func (c *crowd) join(ctx context.Context, fn func(*Tx) error) int {
	c.t.Helper()
	answer := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				answer <- panicked{p}
			}
		}()
		answer <- c.st.Write(ctx, fn)
	}()
	c.answers = append(c.answers, answer)
	for len(c.st.group.queue) < len(c.answers) {
		runtime.Gosched()
	}
	return len(c.answers) - 1
}

type panicked struct{ value any }

func (panicked) Error() string { return "panic" }

// run lets the batch go and returns the answers, by number.
func (c *crowd) run() []error {
	close(c.release)
	out := make([]error, len(c.answers))
	for i, a := range c.answers {
		out[i] = <-a
	}
	return out
}

// keys are the rows in the database.
func (c *crowd) keys(names ...string) []string {
	c.t.Helper()
	var out []string
	for _, n := range names {
		_, err := c.st.Reader().IntakeKey(c.t.Context(), "test", n)
		if err == nil {
			out = append(out, n)
		} else if hotline.KindOf(err) != hotline.NotFound {
			c.t.Fatal(err)
		}
	}
	return out
}

func key(ctx context.Context, name string) func(*Tx) error {
	return func(tx *Tx) error {
		return tx.AddIntakeKey(ctx, IntakeKey{Source: "test", Key: name, BodyHash: "h", CaseID: name})
	}
}

func TestConcurrentErrorUndoesOnlyItsOwn(t *testing.T) {
	c := newCrowd(t)
	ctx := t.Context()
	failed := errors.New("failed after it wrote")
	first := c.join(ctx, key(ctx, "first"))
	bad := c.join(ctx, func(tx *Tx) error {
		if err := key(ctx, "bad")(tx); err != nil {
			return err
		}
		return failed
	})
	twin := c.join(ctx, key(ctx, "first")) // breaks a constraint
	last := c.join(ctx, func(tx *Tx) error {
		// It sees what the ones before it in the batch did, and nothing of those that failed.
		if _, err := tx.IntakeKey(ctx, "test", "first"); err != nil {
			return err
		}
		if _, err := tx.IntakeKey(ctx, "test", "bad"); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("a row of a closure that failed: got %v, want it gone", err)
		}
		return key(ctx, "last")(tx)
	})
	errs := c.run()
	if errs[first] != nil || errs[last] != nil || !errors.Is(errs[bad], failed) || !IsDuplicate(errs[twin]) {
		t.Errorf("answers: got %v, want none, its own, a duplicate, none", errs)
	}
	if diff := cmp.Diff([]string{"first", "last"}, c.keys("first", "bad", "last")); diff != "" {
		t.Errorf("rows: (-want +got)\n%s", diff)
	}
}

func TestConcurrentPanicReachesItsCallerOnly(t *testing.T) {
	c := newCrowd(t)
	ctx := t.Context()
	c.join(ctx, key(ctx, "first"))
	bad := c.join(ctx, func(tx *Tx) error {
		if err := key(ctx, "bad")(tx); err != nil {
			return err
		}
		panic("as a test does")
	})
	c.join(ctx, key(ctx, "last"))
	errs := c.run()
	if p, ok := errs[bad].(panicked); !ok || p.value != "as a test does" {
		t.Errorf("the caller: got %v, want the panic itself", errs[bad])
	}
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("the others: got %v and %v, want no error", errs[0], errs[2])
	}
	if diff := cmp.Diff([]string{"first", "last"}, c.keys("first", "bad", "last")); diff != "" {
		t.Errorf("rows: (-want +got)\n%s", diff)
	}
	if err := c.st.Write(ctx, key(ctx, "after")); err != nil {
		t.Errorf("a write afterwards: got %v, want no error", err)
	}
}

func TestConcurrentCancelledWhileQueued(t *testing.T) {
	c := newCrowd(t)
	ctx := t.Context()
	within, cancel := context.WithCancel(ctx)
	c.join(ctx, key(ctx, "first"))
	gone := c.join(within, func(*Tx) error {
		t.Error("the closure of somebody who has gone: got it run, want it left out")
		return nil
	})
	c.join(ctx, key(ctx, "last"))
	cancel()
	errs := c.run()
	if !errors.Is(errs[gone], context.Canceled) || errs[0] != nil || errs[2] != nil {
		t.Errorf("answers: got %v, want the second cancelled and no other", errs)
	}
	if diff := cmp.Diff([]string{"first", "last"}, c.keys("first", "last")); diff != "" {
		t.Errorf("rows: (-want +got)\n%s", diff)
	}
	if err := c.st.Write(within, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a write of somebody who has gone: got %v, want it cancelled", err)
	}
}

// A browser that goes away in the middle of a closure stops that closure, and
// neither the others of its batch nor the connection that all share.
func TestConcurrentCancelledInTheMiddle(t *testing.T) {
	c := newCrowd(t)
	ctx := t.Context()
	var gone []int
	for _, name := range []string{"a", "b", "c"} {
		within, cancel := context.WithCancel(ctx)
		defer cancel()
		c.join(ctx, key(ctx, "before "+name))
		gone = append(gone, c.join(within, func(tx *Tx) error {
			if err := key(within, name)(tx); err != nil {
				return err
			}
			cancel()
			return key(within, name+" again")(tx)
		}))
		// One that is cancelled while a statement runs. SQLite would roll back all that the batch did so far, and the driver
		// give up the connection.
		gone = append(gone, c.join(ctx, func(tx *Tx) error {
			running, stop := context.WithTimeout(ctx, 50*time.Millisecond)
			defer stop()
			if _, err := tx.exec(running, "long statement", `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
				INSERT INTO intake_key (source, key, body_hash, case_id) SELECT 'long', count(*), '', '' FROM n`); err != nil {
				t.Errorf("a statement under way: got %v, want it to end first", err)
			}
			<-running.Done()
			return key(running, name+" too late")(tx)
		}))
		c.join(ctx, key(ctx, "after "+name))
	}
	errs := c.run()
	for i, err := range errs {
		stopped := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
		if slices.Contains(gone, i) != stopped || !stopped && err != nil {
			t.Errorf("write %d: got %v, want cancelled: %v", i, err, slices.Contains(gone, i))
		}
	}
	want := []string{"before a", "after a", "before b", "after b", "before c", "after c"}
	if diff := cmp.Diff(want, c.keys("before a", "a", "a again", "after a", "before b", "b", "after b", "before c", "c", "after c")); diff != "" {
		t.Errorf("rows: (-want +got)\n%s", diff)
	}
	if err := c.st.Write(ctx, key(ctx, "still")); err != nil {
		t.Errorf("a write afterwards: got %v, want no error", err)
	}
}

// A closure that ends its goroutine, as a failing test does, must not have the
// others of its batch told that they are on disk.
func TestConcurrentGoexitAcknowledgesNobody(t *testing.T) {
	c := newCrowd(t)
	ctx := t.Context()
	c.join(ctx, key(ctx, "first"))
	c.join(ctx, func(*Tx) error { runtime.Goexit(); return nil })
	c.join(ctx, key(ctx, "last"))
	for i, err := range c.run() {
		if hotline.KindOf(err) != hotline.Unavailable {
			t.Errorf("write %d: got %v, want it unavailable", i, err)
		}
	}
	if err := c.st.Write(ctx, key(ctx, "after")); hotline.CodeOf(err) != "database_closed" {
		t.Errorf("a write afterwards: got %v, want database_closed", err)
	}
	if err := c.st.Close(); err != nil {
		t.Errorf("close: got %v, want no error", err)
	}
	again, err := Open(ctx, c.path)
	if err != nil {
		t.Fatal(err)
	}
	c.st = again
	t.Cleanup(func() { again.Close() })
	if got := c.keys("first", "last"); len(got) > 0 {
		t.Errorf("rows: got %v, want none", got)
	}
}

// More closures than a batch holds are all answered.
func TestConcurrentMoreThanABatch(t *testing.T) {
	c := newCrowd(t)
	ctx := t.Context()
	ran := make([]bool, batch)
	for i := range ran {
		c.join(ctx, func(*Tx) error { ran[i] = true; return nil })
	}
	over := make(chan error, 1)
	go func() { over <- c.st.Write(ctx, key(ctx, "over")) }()
	for i, err := range c.run() {
		if err != nil || !ran[i] {
			t.Errorf("write %d: got %v, ran %v, want it run", i, err, ran[i])
		}
	}
	if err := <-over; err != nil || len(c.keys("over")) != 1 {
		t.Errorf("one more than the queue holds: got %v, want it written", err)
	}
}
