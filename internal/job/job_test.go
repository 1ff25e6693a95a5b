package job

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liandong/internal/store"
)

// journal collects log lines.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) count(s string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.b.String(), s)
}

func (j *journal) log() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// running starts rounds and returns what stops them and waits for their end.
func running(t *testing.T, lease Lease, log *slog.Logger, rounds ...Round) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Run(ctx, lease, log, rounds...)
	}()
	return func() { cancel(); <-done }
}

func counting(n *atomic.Int64) func(context.Context) error {
	return func(context.Context) error { n.Add(1); return nil }
}

func TestRoundsRunOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var seconds, minutes atomic.Int64
		stop := running(t, nil, j.log(),
			Round{Name: "second", Every: time.Second, Run: counting(&seconds), Lease: true},
			Round{Name: "minute", Every: time.Minute, Run: counting(&minutes)})
		pass(10*time.Minute + time.Millisecond)
		synctest.Wait()
		if got, want := seconds.Load(), int64(601); got != want {
			t.Errorf("a round of one second ran %d times in ten minutes, want %d", got, want)
		}
		if got, want := minutes.Load(), int64(11); got != want {
			t.Errorf("a round of one minute ran %d times in ten minutes, want %d", got, want)
		}
		stop()
		pass(time.Hour)
		if got, want := seconds.Load(), int64(601); got != want {
			t.Errorf("after the stop: %d runs, want the %d before it", got, want)
		}
	})
}

func TestRoundIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var bell store.Bell
		var n atomic.Int64
		stop := running(t, nil, j.log(), Round{Name: "post", Every: time.Hour, Wake: bell.Wait, Run: func(context.Context) error {
			if n.Add(1) == 1 {
				bell.Ring() // something comes while the round is looking
			}
			return nil
		}})
		defer stop()
		synctest.Wait()
		if got := n.Load(); got != 2 {
			t.Fatalf("rung during its run: got %d runs, want 2", got)
		}
		bell.Ring()
		synctest.Wait()
		if got := n.Load(); got != 3 {
			t.Errorf("rung while it waits: got %d runs, want 3", got)
		}
	})
}

func TestFailuresBackOffAndAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var bell store.Bell
		var broken atomic.Bool
		broken.Store(true)
		var n atomic.Int64
		stop := running(t, nil, j.log(), Round{Name: "shaky", Every: time.Second, Wake: bell.Wait, Run: func(context.Context) error {
			n.Add(1)
			if broken.Load() {
				bell.Ring() // work that wakes its own round must not make it spin when it fails
				return errors.New("the disk is full")
			}
			return nil
		}})
		defer stop()
		pass(time.Hour)
		synctest.Wait()
		// 2+4+8+16+32 s, then once a minute.
		if got, want := n.Load(), int64(6+58); got != want {
			t.Errorf("a round that fails for an hour: got %d tries, want %d", got, want)
		}
		if got := j.count("the disk is full"); got != 1 {
			t.Errorf("the same failure was logged %d times, want once", got)
		}
		broken.Store(false)
		pass(2 * time.Minute)
		synctest.Wait()
		if got := j.count("works again"); got != 1 {
			t.Errorf("that it works again was logged %d times, want once", got)
		}
	})
}

func TestPanicIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		var good, bad atomic.Int64
		stop := running(t, nil, j.log(),
			Round{Name: "bad", Every: time.Second, Run: func(context.Context) error { bad.Add(1); panic("nil map") }},
			Round{Name: "good", Every: time.Second, Run: counting(&good)})
		defer stop()
		pass(time.Minute)
		synctest.Wait()
		if good.Load() < 60 || bad.Load() < 3 {
			t.Errorf("beside a round that panics: good ran %d times, bad %d; want at least 60 and 3", good.Load(), bad.Load())
		}
		if j.count("panic: nil map") == 0 || j.count("job_test.go") == 0 {
			t.Error("the log does not say that a round panicked, and where")
		}
	})
}

// open opens a SQLite file inside the bubble.
func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "node.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConcurrentHoldersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		defer s.Close()
		var j journal
		var at [2]atomic.Int64
		var active, most atomic.Int64
		round := func(i int) Round {
			return Round{Name: "clocks", Every: time.Second, Lease: true, Run: func(ctx context.Context) error {
				most.Store(max(most.Load(), active.Add(1)))
				sleep(ctx, 500*time.Millisecond)
				active.Add(-1)
				at[i].Add(1)
				return nil
			}}
		}
		stopFirst := running(t, InStore(s), j.log(), round(0))
		pass(time.Second)
		stopSecond := running(t, InStore(s), j.log(), round(1))
		pass(time.Minute)
		synctest.Wait()
		if at[0].Load() < 30 || at[1].Load() != 0 {
			t.Errorf("runs of the holder and of who waits: %d and %d, want over 30 and 0", at[0].Load(), at[1].Load())
		}
		stopFirst() // gives the lease up
		pass(leaseEvery + time.Second)
		synctest.Wait()
		if at[1].Load() == 0 {
			t.Error("the second did not take over after the first had stopped")
		}
		stopAgain := running(t, InStore(s), j.log(), round(0))
		pass(time.Minute)
		stopSecond()
		stopAgain()
		if got := most.Load(); got != 1 {
			t.Errorf("%d holders ran at once, want 1", got)
		}
	})
}

// faulty is a lease whose database can go away.
type faulty struct {
	Lease
	down atomic.Bool
}

func (f *faulty) Take(ctx context.Context, holder string, now, until time.Time) (bool, error) {
	if f.down.Load() {
		return false, errors.New("connection refused")
	}
	return f.Lease.Take(ctx, holder, now, until)
}

func TestHolderWithoutDatabaseStopsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		defer s.Close()
		var j journal
		cut := &faulty{Lease: InStore(s)}
		var lastFirst, firstSecond atomic.Int64
		stopFirst := running(t, cut, j.log(), Round{Name: "clocks", Every: 10 * time.Millisecond, Lease: true,
			Run: func(context.Context) error { lastFirst.Store(time.Now().UnixMicro()); return nil }})
		pass(5 * time.Second)
		stopSecond := running(t, InStore(s), j.log(), Round{Name: "clocks", Every: 10 * time.Millisecond, Lease: true,
			Run: func(context.Context) error { firstSecond.CompareAndSwap(0, time.Now().UnixMicro()); return nil }})
		cut.down.Store(true)
		pass(time.Minute)
		synctest.Wait()
		if firstSecond.Load() == 0 {
			t.Fatal("nobody took over from a holder that lost its database")
		}
		if lastFirst.Load() >= firstSecond.Load() {
			t.Error("the first still ran when the second had begun")
		}
		if got := j.count("no answer on the lease"); got != 1 {
			t.Errorf("the lost database was logged %d times, want once", got)
		}
		stopSecond()
		cut.down.Store(false)
		before := lastFirst.Load()
		pass(time.Minute)
		synctest.Wait()
		if lastFirst.Load() == before {
			t.Error("the first did not come back with its database")
		}
		stopFirst()
	})
}

// pass lets the bubble's time go by.
func pass(d time.Duration) { <-time.After(d) }
