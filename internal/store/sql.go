package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"liandong/internal/hotline"
)

// Reader reads; it has no method that writes.
type Reader struct {
	db       *sql.DB
	pipe     *pipe // inside a transaction on PostgreSQL
	cache    *stmts
	postgres bool
	shared   bool // the group's connection, on which others' changes lie too
}

// stmts keeps prepared statements by their text, of a pool or of one
// connection of SQLite. PostgreSQL's driver does so by itself.
type stmts struct {
	db   *sql.DB
	conn *sql.Conn
	mu   sync.Mutex
	m    map[string]*sql.Stmt
}

func (c *stmts) get(ctx context.Context, q string) (*sql.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, ok := c.m[q]; ok {
		return st, nil
	}
	var st *sql.Stmt
	var err error
	if c.conn != nil {
		st, err = c.conn.PrepareContext(ctx, q)
	} else {
		st, err = c.db.PrepareContext(ctx, q)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", q, err)
	}
	if c.m == nil {
		c.m = map[string]*sql.Stmt{}
	}
	c.m[q] = st
	return st, nil
}

func (c *stmts) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, st := range c.m {
		st.Close()
	}
	c.m = nil
}

// within is the context for one statement. A context that ends in the middle
// of a statement makes SQLite roll back the whole transaction and the driver
// drop the connection, so on the shared one it counts between statements only.
func (r *Reader) within(ctx context.Context) (context.Context, error) {
	if !r.shared {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

// scanner is a row that is read.
type scanner interface{ Scan(dest ...any) error }

// answer is the rows of a query, of either driver.
type answer interface {
	scanner
	Next() bool
	Err() error
	Close() error
}

// ask is a query and what becomes of its rows.
type ask struct {
	thing string // what was looked for, for errors
	q     string
	args  []any
	read  func(answer) error
}

// askOne scans a single row; none is a NotFound error of the thing.
func askOne(thing, q string, args []any, dest ...any) ask {
	return ask{thing: thing, q: q, args: args, read: func(rows answer) error {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return err
			}
			return hotline.Errorf(hotline.NotFound, thing+"_not_found", "")
		}
		return rows.Scan(dest...)
	}}
}

// askAll scans every row into a list.
func askAll[T any](into *[]T, thing, q string, args []any, scan func(scanner) (T, error)) ask {
	return ask{thing: thing, q: q, args: args, read: func(rows answer) error {
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			*into = append(*into, v)
		}
		return nil
	}}
}

func (r *Reader) query(ctx context.Context, q string, args ...any) (answer, error) {
	ctx, err := r.within(ctx)
	if err != nil {
		return nil, err
	}
	st, err := r.cache.get(ctx, q)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

// ask asks everything; on PostgreSQL several queries are one trip.
func (r *Reader) ask(ctx context.Context, asks ...ask) error {
	switch {
	case r.pipe != nil:
		return r.pipe.ask(ctx, asks)
	case r.postgres:
		conn, err := r.db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("read %s: %w", asks[0].thing, err)
		}
		defer conn.Close()
		return (&pipe{conn: conn}).ask(ctx, asks)
	}
	for _, a := range asks {
		rows, err := r.query(ctx, a.q, a.args...)
		if err != nil {
			return fmt.Errorf("read %s: %w", a.thing, err)
		}
		if err := a.from(rows); err != nil {
			return err
		}
	}
	return nil
}

// from reads and closes the rows.
func (a ask) from(rows answer) error {
	defer rows.Close()
	err := a.read(rows)
	if err == nil {
		err = rows.Err()
	}
	if _, ok := err.(*hotline.Error); err == nil || ok {
		return err
	}
	return fmt.Errorf("read %s: %w", a.thing, err)
}

// one scans the single row of a query; none is a NotFound error of the thing
// that was looked for.
func (r *Reader) one(ctx context.Context, thing, q string, args []any, dest ...any) error {
	return r.ask(ctx, askOne(thing, q, args, dest...))
}

// all scans every row of a query by scan.
func all[T any](ctx context.Context, r *Reader, thing, q string, args []any, scan func(scanner) (T, error)) ([]T, error) {
	var out []T
	if err := r.ask(ctx, askAll(&out, thing, q, args, scan)); err != nil {
		return nil, err
	}
	return out, nil
}

// exec changes something and says how many rows, for a caller who goes on by
// that. One who does not calls put, or must.
func (t *Tx) exec(ctx context.Context, what, q string, args ...any) (int64, error) {
	ctx, err := t.within(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	if t.pipe != nil {
		var n int64
		t.pipe.add(head{what: what, rows: &n}, q, args)
		err := t.pipe.flush(ctx)
		return n, err
	}
	st, err := t.cache.get(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return res.RowsAffected()
}

// put changes something. On PostgreSQL it may wait for what comes after it, and
// tell of an error then.
func (t *Tx) put(ctx context.Context, what, q string, args ...any) error {
	if t.pipe != nil {
		t.pipe.add(head{what: what}, q, args)
		return nil
	}
	_, err := t.exec(ctx, what, q, args...)
	return err
}

// must is put for a guarded change: no row is ErrStale.
func (t *Tx) must(ctx context.Context, what, q string, args ...any) error {
	if t.pipe != nil {
		t.pipe.add(head{what: what, guard: true}, q, args)
		return nil
	}
	n, err := t.exec(ctx, what, q, args...)
	if err == nil && n == 0 {
		return ErrStale
	}
	return err
}

// column is a column of a row to be saved.
type column struct {
	name    string
	value   any  // string, int, int64 or nil
	indexed bool // stands in an index, in its columns or in its condition
}

// save writes columns of a row, guarded by its rev, which it raises. SQLite
// takes an entry out of an index and puts it back for every column that a
// statement names, changed or not; so there what stands in an index is named
// only when it changes.
func (t *Tx) save(ctx context.Context, thing, table, id string, rev int64, columns []column) error {
	if !t.postgres {
		var err error
		if columns, err = t.changed(ctx, thing, table, id, rev, columns); err != nil {
			return err
		}
	}
	args := make([]any, 0, len(columns)+2)
	var q strings.Builder
	q.WriteString("UPDATE " + table + " SET rev = rev + 1")
	for _, c := range columns {
		args = append(args, c.value)
		q.WriteString(", " + c.name + " = $" + strconv.Itoa(len(args)))
	}
	args = append(args, id, rev)
	q.WriteString(" WHERE id = $" + strconv.Itoa(len(args)-1) + " AND rev = $" + strconv.Itoa(len(args)))
	return t.must(ctx, "save "+thing, q.String(), args...)
}

// changed leaves out indexed columns that are already as they shall be.
func (t *Tx) changed(ctx context.Context, thing, table, id string, rev int64, columns []column) ([]column, error) {
	var names []string
	for _, c := range columns {
		if c.indexed {
			names = append(names, c.name)
		}
	}
	were := make([]any, len(names))
	into := make([]any, len(names))
	for i := range were {
		into[i] = &were[i]
	}
	err := t.one(ctx, thing, "SELECT "+strings.Join(names, ", ")+" FROM "+table+" WHERE id = $1 AND rev = $2", []any{id, rev}, into...)
	if hotline.KindOf(err) == hotline.NotFound {
		return nil, ErrStale
	}
	if err != nil {
		return nil, err
	}
	var out []column
	for _, c := range columns {
		if c.indexed {
			was := were[0]
			were = were[1:]
			if n, ok := c.value.(int); ok {
				c.value = int64(n)
			}
			if was == c.value {
				continue
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// micros is a moment as it is stored; the zero moment is NULL.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// moment reads what micros stored.
type moment struct{ t *time.Time }

func (m moment) Scan(v any) error {
	switch x := v.(type) {
	case nil:
		*m.t = time.Time{}
	case int64:
		*m.t = time.UnixMicro(x).UTC()
	default:
		return fmt.Errorf("a moment is no %T", v)
	}
	return nil
}

// flag stores a truth as 0 or 1 and reads it back.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// maybe stores a truth that may be unknown.
func maybe(b *bool) any {
	if b == nil {
		return nil
	}
	return flag(*b)
}

type maybeFlag struct{ b **bool }

func (m maybeFlag) Scan(v any) error {
	switch x := v.(type) {
	case nil:
		*m.b = nil
	case int64:
		t := x != 0
		*m.b = &t
	default:
		return fmt.Errorf("a truth is no %T", v)
	}
	return nil
}
