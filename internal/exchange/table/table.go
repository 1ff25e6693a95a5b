// Package table carries letters by a shared table between two platforms
// (共建中间数据库): one row a letter, with a status that both sides can see.
//
//	writer: INSERT … 'new' ──▶ reader: take, INSERT the receipt, 'new' → 'taken'
//	                                   or 'new' → 'poison' with the reason
//
// Rows are read by their status, never by "greater than the last": a row whose
// transaction commits late, or out of order, is found all the same. The letters
// are signed and sealed; whoever keeps the database reads nothing personal and
// changes nothing unseen. docs/exchange/table.md is the contract, plain SQL for a
// vendor's engineer.
//
// The database is neither side's own: this room has its SQL for itself
// (docs/decisions/0017).
package table

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	_ "modernc.org/sqlite"             // driver sqlite

	contract "liandong/docs/exchange"
	"liandong/internal/exchange/carrier"
)

// Kind is this carrier in a link's configuration. Settings: dsn, the address of
// the database (postgres://… or the path of an SQLite file), or dsn_file, a file
// that holds it; create=yes makes the table where it is missing; patience, how
// long a letter waits for its receipt before it is put up again (2m).
var Kind = carrier.Kind{
	Name:     "table",
	Settings: []carrier.Setting{{Key: "dsn"}, {Key: "dsn_file"}, {Key: "create", OneOf: []string{"yes"}}, {Key: "patience"}},
	Check: func(set map[string]string) error {
		_, _, err := address(set)
		if err == nil {
			_, err = patience(set)
		}
		return err
	},
	Open: func(l carrier.Link) (carrier.Carrier, error) {
		c, err := New(l)
		if err != nil { // a nil pointer in the interface would look like a carrier
			return nil, err
		}
		return c, nil
	},
}

const (
	batch  = 200
	look   = 300 * time.Millisecond
	limit  = 30 * time.Second // for a statement
	reason = 200              // characters
)

func address(set map[string]string) (driver, dsn string, err error) {
	dsn = set["dsn"]
	if path := set["dsn_file"]; path != "" {
		if dsn != "" {
			return "", "", carrier.BadSetting("dsn_file", path)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return "", "", carrier.BadSetting("dsn_file", path)
		}
		dsn = strings.TrimSpace(string(b))
	}
	switch {
	case strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://"):
		return "pgx", dsn, nil
	case strings.HasPrefix(dsn, "/"):
		return "sqlite", "file:" + dsn + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate", nil
	}
	return "", "", carrier.BadSetting("dsn", "***") // it may hold a password
}

func patience(set map[string]string) (time.Duration, error) {
	return carrier.Duration(set, "patience", 2*time.Minute, time.Second, 24*time.Hour)
}

// Carrier carries the letters of one link.
type Carrier struct {
	link      carrier.Link
	db        *sql.DB
	oneWriter bool
	patience  time.Duration
}

// New opens the database. The table must be there, or create must be set.
func New(l carrier.Link) (*Carrier, error) {
	driver, dsn, err := address(l.Set)
	if err != nil {
		return nil, err
	}
	c := &Carrier{link: l, oneWriter: driver == "sqlite"}
	if c.patience, err = patience(l.Set); err != nil {
		return nil, err
	}
	if c.db, err = sql.Open(driver, dsn); err != nil {
		return nil, fmt.Errorf("shared table: %w", err)
	}
	c.db.SetMaxOpenConns(4)
	if l.Set["create"] == "yes" {
		if err := c.create(driver); err != nil {
			c.db.Close()
			return nil, err
		}
	}
	return c, nil
}

func (c *Carrier) create(driver string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var n int
	if c.db.QueryRowContext(ctx, `SELECT count(*) FROM liandong_letter WHERE status = 'new'`).Scan(&n) == nil {
		return nil
	}
	ddl := contract.TableDDL("postgres")
	if driver == "sqlite" {
		ddl = contract.TableDDL("sqlite")
	}
	_, err := c.db.ExecContext(ctx, ddl)
	if err != nil && c.db.QueryRowContext(ctx, `SELECT count(*) FROM liandong_letter WHERE status = 'new'`).Scan(&n) == nil {
		return nil // the other side was faster
	}
	if err != nil {
		return fmt.Errorf("make the shared table: %w", err)
	}
	return nil
}

// Traits: many rows at once, in no order; the receipt is a row that comes back.
func (c *Carrier) Traits() carrier.Traits {
	return carrier.Traits{Batch: batch, Stream: true, Patience: c.patience, Look: look}
}

// Close ends the connections.
func (c *Carrier) Close() error { return c.db.Close() }

// put writes a letter, or puts one that is there up again: its receipt has not
// come. One that was set aside stays so.
const put = `INSERT INTO liandong_letter (id, from_code, to_code, wire) VALUES ($1, $2, $3, $4)
	ON CONFLICT (id, from_code) DO UPDATE SET status = 'new', taken_at = NULL WHERE liandong_letter.status = 'taken'`

// Send writes letters in one transaction.
func (c *Carrier) Send(ctx context.Context, parcels []carrier.Parcel) []carrier.Sent {
	err := c.within(ctx, func(tx *sql.Tx) error {
		for _, p := range parcels {
			if _, err := tx.ExecContext(ctx, put, p.ID, c.link.Self, c.link.Peer, string(p.Wire)); err != nil {
				return err
			}
		}
		return nil
	})
	out := make([]carrier.Sent, len(parcels))
	for i := range out {
		out[i] = carrier.Sent{Handed: err == nil, Err: err}
	}
	return out
}

func (c *Carrier) within(ctx context.Context, f func(*sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("shared table: %w", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(tx); err != nil {
		return fmt.Errorf("shared table: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("shared table: %w", err)
	}
	return nil
}

// Begin writes a letter and leaves its transaction open: commit ends it. It is
// for trying whether a side misses what commits late.
func (c *Carrier) Begin(ctx context.Context, p carrier.Parcel) (commit func() error, err error) {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("shared table: %w", err)
	}
	if _, err := tx.ExecContext(ctx, put, p.ID, c.link.Self, c.link.Peer, string(p.Wire)); err != nil {
		tx.Rollback()
		return nil, fmt.Errorf("shared table: %w", err)
	}
	return tx.Commit, nil
}

// OneWriter says that no two transactions write at once: the table lies in a
// SQLite file.
func (c *Carrier) OneWriter() bool { return c.oneWriter }

// State says what became of a row of ours: new, taken, or poison with a reason.
func (c *Carrier) State(ctx context.Context, id string) (status, reason string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = c.db.QueryRowContext(ctx, `SELECT status, coalesce(reason, '') FROM liandong_letter WHERE id = $1 AND from_code = $2`, id, c.link.Self).Scan(&status, &reason)
	if err != nil {
		err = fmt.Errorf("shared table: %w", err)
	}
	return status, reason, err
}

// Collect takes what is new, until nothing is.
func (c *Carrier) Collect(ctx context.Context, take carrier.Take) (n int, err error) {
	for ctx.Err() == nil {
		parcels, err := c.fresh(ctx)
		if err != nil || len(parcels) == 0 {
			return n, err
		}
		took, err := c.taken(ctx, parcels, take(ctx, parcels))
		n += took
		if err != nil {
			return n, err
		}
	}
	return n, ctx.Err()
}

func (c *Carrier) fresh(ctx context.Context) ([]carrier.Parcel, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	rows, err := c.db.QueryContext(ctx, `SELECT id, wire FROM liandong_letter WHERE to_code = $1 AND from_code = $2 AND status = 'new' ORDER BY put_at, id LIMIT $3`,
		c.link.Self, c.link.Peer, batch)
	if err != nil {
		return nil, fmt.Errorf("shared table: %w", err)
	}
	defer rows.Close()
	var out []carrier.Parcel
	for rows.Next() {
		var id, wire string
		if err := rows.Scan(&id, &wire); err != nil {
			return nil, fmt.Errorf("shared table: %w", err)
		}
		out = append(out, carrier.Parcel{ID: id, Wire: []byte(wire)})
	}
	return out, rows.Err()
}

// taken records what became of the letters, and puts their receipts up in the
// same transaction. What shall come again stays new, and is told.
func (c *Carrier) taken(ctx context.Context, parcels []carrier.Parcel, results []carrier.Taken) (n int, err error) {
	var again error
	err = c.within(ctx, func(tx *sql.Tx) error {
		n, again = 0, nil
		for i, t := range results {
			if t.Again != nil {
				again = errors.Join(again, t.Again)
				continue
			}
			status := "taken"
			if t.Poison != "" {
				status = "poison"
			}
			if _, err := tx.ExecContext(ctx, `UPDATE liandong_letter SET status = $1, reason = $2, taken_at = CURRENT_TIMESTAMP WHERE id = $3 AND from_code = $4 AND status = 'new'`,
				status, clip(t.Poison), parcels[i].ID, c.link.Peer); err != nil {
				return err
			}
			n++
			if t.Answer == nil {
				continue
			}
			id, err := idOf(t.Answer)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, put, id, c.link.Self, c.link.Peer, string(t.Answer)); err != nil {
				return err
			}
		}
		return nil
	})
	return n, errors.Join(err, again)
}

func idOf(wire []byte) (string, error) {
	var m struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(wire, &m)
	if err == nil && m.ID == "" {
		err = errors.New("an answer without an id")
	}
	return m.ID, err
}

func clip(s string) string {
	if rs := []rune(s); len(rs) > reason {
		return string(rs[:reason])
	}
	return s
}

var _ carrier.Carrier = (*Carrier)(nil)
