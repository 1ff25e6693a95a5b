package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"liandong/internal/hotline"
)

// group is the one writer of a SQLite file. It takes what waits, up to batch
// closures, runs each in a savepoint of one transaction, and commits once: 2.5
// times the rate of a commit each at 16 writers, and fair (docs/decisions/0002).
type group struct {
	conn  *sql.Conn
	cache *stmts
	queue chan *request
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once
}

const batch = 128

// together is how long the writer waits for company after a commit that was
// shared: under load each commit then holds more, and the processor has time for
// what is yet to be written. Who writes alone never waits.
const together = time.Millisecond

type request struct {
	ctx    context.Context
	fn     func(*Tx) error
	posted bool
	err    error
	panics any
	done   chan struct{}
}

func startGroup(db *sql.DB) (*group, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, fmt.Errorf("write connection: %w", err)
	}
	g := &group{
		conn: conn, cache: &stmts{conn: conn},
		queue: make(chan *request, batch), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go g.run()
	return g, nil
}

func (g *group) write(ctx context.Context, fn func(*Tx) error) (posted bool, err error) {
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case g.queue <- r:
	case <-ctx.Done():
		return false, ctx.Err()
	case <-g.quit:
		return false, errClosed
	}
	select { // once queued it is answered, unless the store is closed under it
	case <-r.done:
	case <-g.done:
		select {
		case <-r.done:
		default:
			return false, errClosed
		}
	}
	if r.panics != nil {
		panic(r.panics)
	}
	return r.posted, r.err
}

var errClosed = hotline.Errorf(hotline.Unavailable, "database_closed", "")

func (g *group) run() {
	defer close(g.done)
	shared := false
	for {
		select {
		case <-g.quit:
			return
		case r := <-g.queue:
			rs := []*request{r}
			if shared {
				time.Sleep(together)
			}
		more:
			for len(rs) < batch {
				select {
				case r := <-g.queue:
					rs = append(rs, r)
				default:
					break more
				}
			}
			shared = len(rs) > 2
			g.commit(rs)
		}
	}
}

// commit runs the requests in one transaction and answers all of them.
func (g *group) commit(rs []*request) {
	ctx := context.Background()
	fail := func(err error) {
		for _, r := range rs {
			if r.err == nil {
				r.err, r.posted = unavailable(err), false
			}
		}
	}
	through := false
	defer func() {
		if !through { // a closure ended the goroutine, as a failing test does
			fail(errClosed)
		}
		for _, r := range rs {
			close(r.done)
		}
	}()
	if err := g.all(ctx, rs); err != nil {
		g.exec(ctx, "ROLLBACK") // fails where the engine has rolled back by itself
		fail(err)
	}
	through = true
}

// all is the transaction; an error means that none of it is on disk.
func (g *group) all(ctx context.Context, rs []*request) error {
	if err := g.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, r := range rs {
		if r.err = r.ctx.Err(); r.err != nil {
			continue
		}
		if err := g.one(ctx, r); err != nil {
			return err
		}
	}
	return g.exec(ctx, "COMMIT")
}

func (g *group) one(ctx context.Context, r *request) error {
	if err := g.exec(ctx, "SAVEPOINT s"); err != nil {
		return err
	}
	tx := &Tx{Reader: Reader{cache: g.cache, shared: true}}
	func() {
		defer func() {
			if p := recover(); p != nil {
				r.panics, r.err = p, hotline.Errorf(hotline.Internal, "panic", "")
			}
		}()
		r.err = r.fn(tx)
	}()
	if r.err != nil {
		if err := g.exec(ctx, "ROLLBACK TO s"); err != nil {
			return err
		}
	}
	r.posted = r.err == nil && tx.posted
	return g.exec(ctx, "RELEASE s")
}

func (g *group) exec(ctx context.Context, q string) error {
	st, err := g.cache.get(ctx, q)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx)
	return err
}

func (g *group) stop() {
	g.once.Do(func() { close(g.quit) })
	<-g.done
	g.cache.close()
	g.conn.Close()
}
