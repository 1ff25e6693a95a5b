package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/pgtest"
)

func openPipe(t *testing.T) *Store {
	t.Helper()
	st, err := Open(t.Context(), pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	st.write.SetMaxOpenConns(1) // what one transaction leaves behind, the next one meets
	return st
}

func (s *Store) has(t *testing.T, name string) bool {
	t.Helper()
	_, err := s.Reader().IntakeKey(t.Context(), "test", name)
	if err != nil && hotline.KindOf(err) != hotline.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

// Changes wait until somebody looks, and who looks sees them.
func TestChangesWaitAndAreSeen(t *testing.T) {
	st, ctx := openPipe(t), t.Context()
	err := st.Write(ctx, func(tx *Tx) error {
		for _, name := range []string{"a", "b", "c"} {
			if err := key(ctx, name)(tx); err != nil {
				return err
			}
		}
		if got := len(tx.pipe.heads); got != 4 || tx.pipe.begun {
			t.Errorf("before a look: got %d waiting, begun %v, want the begin and three changes, nothing sent", got, tx.pipe.begun)
		}
		if _, err := tx.IntakeKey(ctx, "test", "b"); err != nil {
			t.Errorf("its own change: got %v, want it seen", err)
		}
		if st.has(t, "b") {
			t.Error("seen from outside before the commit: got it there, want not")
		}
		if len(tx.pipe.heads) != 0 || !tx.pipe.begun {
			t.Errorf("after a look: got %d waiting, want none", len(tx.pipe.heads))
		}
		return key(ctx, "d")(tx)
	})
	if err != nil || !st.has(t, "a") || !st.has(t, "d") {
		t.Errorf("after the commit: got error %v, want all there", err)
	}
	if err := st.Write(ctx, func(*Tx) error { return nil }); err != nil {
		t.Errorf("nothing to do: got %v, want no error", err)
	}
}

// An error of a change that waited comes out, whatever the closure makes of it,
// and the connection is good for the next one.
func TestErrorsOfWaitingChangesComeOut(t *testing.T) {
	st, ctx := openPipe(t), t.Context()
	if err := st.Write(ctx, key(ctx, "there")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("the closure's own")
	for _, tc := range []struct {
		name string
		fn   func(*Tx) error
		ok   func(error) bool
	}{
		{"at the commit", func(tx *Tx) error { return errors.Join(key(ctx, "new")(tx), key(ctx, "there")(tx)) }, IsDuplicate},
		{"at a read", func(tx *Tx) error {
			if err := errors.Join(key(ctx, "new")(tx), key(ctx, "there")(tx)); err != nil {
				return err
			}
			_, err := tx.Links(ctx)
			return err
		}, IsDuplicate},
		{"dropped by the closure", func(tx *Tx) error {
			if err := errors.Join(key(ctx, "new")(tx), key(ctx, "there")(tx)); err != nil {
				return err
			}
			if _, err := tx.Links(ctx); err == nil {
				t.Error("a read after a change that failed: got no error, want one")
			}
			return key(ctx, "new too")(tx)
		}, IsDuplicate},
		{"dropped, of a statement that was looked at", func(tx *Tx) error {
			if err := key(ctx, "new")(tx); err != nil {
				return err
			}
			if _, err := tx.exec(ctx, "nonsense", "SELECT nonsense"); err == nil {
				t.Error("nonsense: got no error, want one")
			}
			return nil
		}, func(err error) bool { return err != nil }},
		{"the closure's own", func(tx *Tx) error {
			if err := key(ctx, "new")(tx); err != nil {
				return err
			}
			if _, err := tx.Links(ctx); err != nil {
				return err
			}
			return failed
		}, func(err error) bool { return errors.Is(err, failed) }},
		{"a panic", func(tx *Tx) error {
			if err := key(ctx, "new")(tx); err != nil {
				return err
			}
			if _, err := tx.Links(ctx); err != nil {
				return err
			}
			panic("as a test does")
		}, func(err error) bool { return err == errPanicked }},
		{"cancelled", func(tx *Tx) error {
			within, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			if err := key(ctx, "new")(tx); err != nil {
				return err
			}
			_, err := tx.exec(within, "long statement", "SELECT pg_sleep(30)")
			return err
		}, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := st.tryWrite(ctx, tc.fn); !tc.ok(err) {
				t.Errorf("got error %v, want what went wrong", err)
			}
			if st.has(t, "new") || st.has(t, "new too") {
				t.Error("what was done besides: got it kept, want it undone")
			}
			limit, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			if err := st.Write(limit, key(ctx, "after "+tc.name)); err != nil || !st.has(t, "after "+tc.name) {
				t.Errorf("the next write: got %v, want it kept", err)
			}
		})
	}
}

var errPanicked = errors.New("panicked")

func (s *Store) tryWrite(ctx context.Context, fn func(*Tx) error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	return s.Write(ctx, fn)
}
