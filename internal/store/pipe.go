package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pipe is a transaction on PostgreSQL. Changes whose result nobody looks at
// wait, and go to the server together with the next thing that somebody does
// look at: an intake of eight statements costs one trip over the network, not
// eight, and trips are most of what a small transaction costs (docs/decisions/0011).
//
// So an error of such a change shows at the next read or at the commit. By then
// the closure may have gone on; what it did is undone as ever.
type pipe struct {
	conn    *sql.Conn
	waiting pgx.Batch
	heads   []head
	begun   bool  // BEGIN has reached the server
	err     error // the first one; nothing is sent after it
}

// head is what to make of the answer to a waiting change.
type head struct {
	what  string
	guard bool // no row changed is ErrStale
}

func newPipe(conn *sql.Conn) *pipe {
	p := &pipe{conn: conn}
	p.add(head{what: "begin"}, "BEGIN", nil)
	return p
}

func (p *pipe) add(h head, q string, args []any) {
	p.waiting.Queue(q, args...)
	p.heads = append(p.heads, h)
}

// flush sends what waits and reads the answers.
func (p *pipe) flush(ctx context.Context) error {
	if p.err != nil || len(p.heads) == 0 {
		return p.err
	}
	p.begun = true
	p.err = p.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection is a %T, not one of pgx", driver)
		}
		answers := c.Conn().SendBatch(ctx, &p.waiting)
		var first error
		for _, h := range p.heads {
			tag, err := answers.Exec()
			switch {
			case first != nil: // the server skips what comes after an error
			case err != nil:
				first = fmt.Errorf("%s: %w", h.what, err)
			case h.guard && tag.RowsAffected() == 0:
				first = ErrStale
			case h.what == "commit" && tag.String() == "ROLLBACK": // an error that the closure dropped
				first = errors.New("commit: the transaction was rolled back")
			}
		}
		if err := answers.Close(); first == nil {
			first = err
		}
		return first
	})
	p.waiting, p.heads = pgx.Batch{}, nil
	return p.err
}

// commit ends the transaction. It goes along with the changes that wait, unless
// one of them is guarded: whether that one hit must be known before.
func (p *pipe) commit(ctx context.Context) error {
	if p.err == nil && !p.begun && len(p.heads) == 1 {
		return ctx.Err() // nothing was done
	}
	for _, h := range p.heads {
		if h.guard {
			if err := p.flush(ctx); err != nil {
				return err
			}
			break
		}
	}
	p.add(head{what: "commit"}, "COMMIT", nil)
	return p.flush(ctx)
}

// rollback undoes what reached the server, also for a caller who has gone. A
// connection on which that fails is dropped by the pool, since it is still in a
// transaction.
func (p *pipe) rollback(ctx context.Context) {
	if !p.begun {
		return
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = p.conn.ExecContext(within, "ROLLBACK")
}
