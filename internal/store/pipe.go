package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
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
	guard bool   // no row changed is ErrStale
	rows  *int64 // where somebody wants to know how many
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
	if len(p.heads) == 0 {
		return p.err
	}
	_, err := p.trip(ctx, nil)
	return err
}

// ask sends what waits and then the queries, and reads all answers.
func (p *pipe) ask(ctx context.Context, asks []ask) error {
	answers, err := p.trip(ctx, asks)
	if err != nil {
		return err
	}
	for i, a := range asks {
		if err := a.from(&answers[i]); err != nil {
			return err
		}
	}
	return nil
}

// trip goes to the server and back.
func (p *pipe) trip(ctx context.Context, asks []ask) ([]fetched, error) {
	if p.err != nil {
		return nil, p.err
	}
	p.begun = true
	for _, a := range asks {
		p.waiting.Queue(a.q, a.args...)
	}
	var answers []fetched
	p.err = p.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection is a %T, not one of pgx", driver)
		}
		batch := c.Conn().SendBatch(ctx, &p.waiting)
		err := p.told(batch)
		for i := 0; i < len(asks) && err == nil; i++ { // the server skips what comes after an error
			var f fetched
			if f, err = fetch(batch); err != nil {
				err = fmt.Errorf("read %s: %w", asks[i].thing, err)
			}
			answers = append(answers, f)
		}
		if cerr := batch.Close(); err == nil {
			err = cerr
		}
		return err
	})
	p.waiting, p.heads = pgx.Batch{}, nil
	return answers, p.err
}

// told reads the answers to the changes that waited.
func (p *pipe) told(batch pgx.BatchResults) error {
	for _, h := range p.heads {
		tag, err := batch.Exec()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", h.what, err)
		case h.guard && tag.RowsAffected() == 0:
			return ErrStale
		case h.what == "commit" && tag.String() == "ROLLBACK": // an error that the closure dropped
			return errors.New("commit: the transaction was rolled back")
		case h.rows != nil:
			*h.rows = tag.RowsAffected()
		}
	}
	return nil
}

// fetched is the rows of a query, all of them: other answers come behind them
// on the same connection.
type fetched struct {
	rows [][]any
	at   int
}

func fetch(batch pgx.BatchResults) (f fetched, err error) {
	rows, err := batch.Query()
	if err != nil {
		return f, err
	}
	defer rows.Close()
	for rows.Next() {
		vs, err := rows.Values()
		if err != nil {
			return f, err
		}
		f.rows = append(f.rows, vs)
	}
	return f, rows.Err()
}

// stream asks one thing whose answer may be long, on PostgreSQL row by row as
// they come; ask fetches them all first.
func (r *Reader) stream(ctx context.Context, a ask) error {
	if !r.postgres || r.pipe != nil {
		return r.ask(ctx, a)
	}
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read %s: %w", a.thing, err)
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("read %s: a connection of another driver", a.thing)
		}
		rows, err := c.Conn().Query(ctx, a.q, a.args...)
		if err != nil {
			return fmt.Errorf("read %s: %w", a.thing, err)
		}
		return a.from(streamed{rows})
	})
}

// streamed is rows that are still coming.
type streamed struct{ pgx.Rows }

func (s streamed) Close() error { s.Rows.Close(); return nil }

func (f *fetched) Next() bool {
	f.at++
	return f.at <= len(f.rows)
}

func (f *fetched) Err() error   { return nil }
func (f *fetched) Close() error { return nil }

// Scan does for our few types what database/sql does for many.
func (f *fetched) Scan(dest ...any) error {
	row := f.rows[f.at-1]
	if len(row) != len(dest) {
		return fmt.Errorf("scan %d columns into %d", len(row), len(dest))
	}
	for i, v := range row {
		if err := assign(dest[i], v); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// assign puts a value of a column into its place: a text, a whole number, a
// truth (stored as a number), bytes, or what scans itself.
func assign(dest, v any) error {
	switch x := v.(type) {
	case int32:
		v = int64(x)
	case int16:
		v = int64(x)
	}
	switch d := dest.(type) {
	case sql.Scanner:
		return d.Scan(v)
	case *[]byte:
		b, ok := v.([]byte)
		*d = b
		return mismatch(ok || v == nil, dest, v)
	case *bool:
		n, ok := v.(int64)
		*d = n != 0
		return mismatch(ok, dest, v)
	}
	to := reflect.ValueOf(dest).Elem()
	switch x := v.(type) {
	case string:
		if to.Kind() == reflect.String {
			to.SetString(x)
			return nil
		}
	case int64:
		if to.CanInt() && !to.OverflowInt(x) {
			to.SetInt(x)
			return nil
		}
	}
	return mismatch(false, dest, v)
}

func mismatch(ok bool, dest, v any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("a %T does not go into a %T", v, dest)
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
