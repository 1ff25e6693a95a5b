package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// How long a lease lasts without renewal, how often it is renewed or tried for,
// how long one try may take, and how long before its end an unrenewed one is
// given up: the others may take it at its end, and our last round must be over
// by then.
const (
	leaseFor   = 10 * time.Second
	leaseEvery = 2 * time.Second
	leaseTry   = time.Second
	leaseSpare = 2 * time.Second
)

// LeaseName is the row of the lease under which rounds run.
const LeaseName = "rounds"

// Rounds that fail wait longer each time, up to this.
const slowest = time.Minute

// Round is a piece of work done again and again.
type Round struct {
	Name string
	// Every is the longest pause between two runs; above zero.
	Every time.Duration
	// Wake returns a channel that is closed when there is something to do
	// sooner, like store.Bell.Wait; it is taken before each run. May be nil.
	Wake func() <-chan struct{}
	// Run does the work that there is. Its context ends when the rounds stop
	// or the lease is lost.
	Run func(ctx context.Context) error
	// Lease says that of all processes on one database only one may run it.
	Lease bool
}

// Lease decides which process runs the rounds.
type Lease interface {
	// Take takes or renews the lease for a holder until a moment. It says
	// whether the holder has it.
	Take(ctx context.Context, holder string, now, until time.Time) (bool, error)
}

// InStore is the lease in the database that the processes share.
func InStore(s *store.Store) Lease { return inStore{s} }

type inStore struct{ store *store.Store }

func (l inStore) Take(ctx context.Context, holder string, now, until time.Time) (has bool, err error) {
	err = l.store.Write(ctx, func(tx *store.Tx) error {
		has, err = tx.TakeLease(ctx, LeaseName, holder, now, until)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take lease %s: %w", LeaseName, err)
	}
	return has, nil
}

// Run runs the rounds until ctx ends and returns when the last has come to its
// end. A nil lease says that this process has the database for itself; then
// every round runs at once. Run may be called any number of times, one after
// another.
func Run(ctx context.Context, lease Lease, log *slog.Logger, rounds ...Round) {
	var wg sync.WaitGroup
	var leased []Round
	for _, r := range rounds {
		if r.Lease && lease != nil {
			leased = append(leased, r)
			continue
		}
		wg.Go(func() { repeat(ctx, log, r) })
	}
	if len(leased) > 0 {
		wg.Go(func() {
			k := keeper{lease: lease, holder: hotline.NewID(), log: log}
			k.keep(ctx, leased)
		})
	}
	wg.Wait()
}

// repeat runs one round until ctx ends.
func repeat(ctx context.Context, log *slog.Logger, r Round) {
	var failed int
	var last string
	for {
		var woken <-chan struct{}
		if r.Wake != nil {
			woken = r.Wake() // before looking, so that nothing comes unseen
		}
		err := safely(ctx, r.Run)
		if ctx.Err() != nil {
			return // what a round says that was told to stop is no fault
		}
		pause := r.Every
		switch {
		case err != nil:
			failed++
			pause, woken = backOff(r.Every, failed), nil
			if s := err.Error(); s != last {
				log.Error("round fails", "round", r.Name, "err", err)
				last = s
			}
		case failed > 0:
			log.Info("round works again", "round", r.Name, "failed", failed)
			failed, last = 0, ""
		}
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-time.After(pause):
		}
	}
}

// backOff is the pause after the n-th failure in a row.
func backOff(every time.Duration, n int) time.Duration {
	d := every
	for range n {
		if d *= 2; d >= slowest {
			return max(slowest, every)
		}
	}
	return d
}

// safely turns a panic into an error, so that one bad round does not take the
// desk down with it.
func safely(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}

// keeper holds the lease and runs rounds while it has it.
type keeper struct {
	lease  Lease
	holder string
	log    *slog.Logger
	last   string // trouble that was logged
}

// keep tries for the lease until ctx ends.
func (k *keeper) keep(ctx context.Context, rounds []Round) {
	for ctx.Err() == nil {
		if until, ok, _ := k.take(ctx); ok {
			k.tenure(ctx, rounds, until)
		}
		sleep(ctx, leaseEvery)
	}
}

// take takes or renews the lease; until is the moment to which it was asked
// for. Trouble is logged here, once.
func (k *keeper) take(ctx context.Context) (until time.Time, ok bool, err error) {
	try, cancel := context.WithTimeout(ctx, leaseTry)
	defer cancel()
	now := time.Now()
	until = now.Add(leaseFor)
	ok, err = k.lease.Take(try, k.holder, now, until)
	switch {
	case err != nil && ctx.Err() == nil && err.Error() != k.last:
		k.log.Error("no answer on the lease", "lease", LeaseName, "err", err)
		k.last = err.Error()
	case err == nil && k.last != "":
		k.log.Info("the lease answers again", "lease", LeaseName)
		k.last = ""
	}
	return until, ok, err
}

// errLost ends a tenure whose lease could not be renewed.
var errLost = errors.New("the lease was lost")

// tenure runs the rounds while the lease is ours.
func (k *keeper) tenure(ctx context.Context, rounds []Round, until time.Time) {
	k.log.Info("rounds start", "lease", LeaseName, "holder", k.holder)
	within, end := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	for _, r := range rounds {
		wg.Go(func() { repeat(within, k.log, r) })
	}
	for within.Err() == nil {
		sleep(ctx, leaseEvery)
		next, ok, err := k.take(ctx)
		switch {
		case ok:
			until = next
		case err == nil, time.Until(until) < leaseSpare+leaseEvery+leaseTry:
			end(errLost) // another has it, or the next try would come too late
		}
	}
	wg.Wait()
	k.log.Info("rounds stop", "lease", LeaseName, "holder", k.holder, "cause", context.Cause(within))
	end(nil)
	if ctx.Err() != nil {
		k.release()
	}
}

// release gives the lease up, so that the next process need not wait for its
// end. Where that fails it only has to wait.
func (k *keeper) release() {
	ctx, cancel := context.WithTimeout(context.Background(), leaseSpare)
	defer cancel()
	now := time.Now()
	if _, err := k.lease.Take(ctx, k.holder, now, now); err != nil {
		k.log.Warn("the lease was not given up", "lease", LeaseName, "err", err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
