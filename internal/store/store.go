package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"liandong/internal/hotline"
)

//go:embed migrations
var migrations embed.FS

// ErrStale says that a guarded change found another rev: someone was faster.
// Write runs its closure again; it reaches a caller only when that keeps
// happening.
var ErrStale = hotline.Errorf(hotline.Conflict, "stale", "version")

// Store is one platform's database.
type Store struct {
	postgres bool
	write    *sql.DB
	group    *group // SQLite only
	lock     *os.File
	reader   Reader
	letters  Bell // rung when a letter was posted
	changes  Bell // rung after every write that is not silent
	once     sync.Once
	closed   error // what Close returned
}

// Open opens the database named by dsn and brings its schema up to date. A DSN
// that begins with postgres:// is PostgreSQL, with search_path naming its
// schema; anything else is the path of a SQLite file, which only one process
// may open.
func Open(ctx context.Context, dsn string) (*Store, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	return openSQLite(ctx, dsn)
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	s := &Store{postgres: true}
	// Two pools: a closure that also reads beside its transaction must never wait for a connection that only other
	// closures, waiting for the same, could give back.
	for _, pool := range []**sql.DB{&s.write, &s.reader.db} {
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			return nil, fmt.Errorf("open PostgreSQL: %w", err)
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		db.SetConnMaxIdleTime(5 * time.Minute)
		*pool = db
	}
	s.reader.postgres = true
	if err := s.migrate(ctx, goose.DialectPostgres, "migrations/postgres"); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// uriPath keeps the characters of a path that mean something in a URI.
var uriPath = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")

func openSQLite(ctx context.Context, path string) (*Store, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	open := func(mode string) (*sql.DB, error) {
		return sql.Open("sqlite", "file:"+uriPath.Replace(path)+"?"+mode+
			"_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"+
			"&_pragma=wal_autocheckpoint(20000)&_pragma=cache_size(-16000)&_pragma=temp_store(MEMORY)")
	}
	w, err := open("_txlock=immediate&")
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	r, err := open("_pragma=query_only(1)&")
	if err != nil {
		w.Close()
		lock.Close()
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	r.SetMaxOpenConns(4)
	r.SetMaxIdleConns(4)
	s := &Store{write: w, lock: lock}
	s.reader = Reader{db: r, cache: &stmts{db: r}}
	if err := s.migrate(ctx, goose.DialectSQLite3, "migrations/sqlite"); err != nil {
		s.Close()
		return nil, err
	}
	if s.group, err = startGroup(w); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) migrate(ctx context.Context, dialect goose.Dialect, dir string) error {
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, s.write, sub, goose.WithVerbose(false))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	for range tries {
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		if !raced(err) {
			break
		}
		select { // let the other process finish
		case <-time.After(rand.N(500 * time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("bring the schema up to date: %w", err)
}

// raced says that another process is bringing the same schema up to date: what
// this one makes is there already. Locks for this are not the same everywhere;
// to look again is.
func raced(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pe.Code == "42P07" || pe.Code == "42710" || pe.Code == "42701" || pe.Code == "23505" || retryable(err))
}

// Close ends the store, after the writes under way; those that waited get
// database_closed and are not on disk. Closing twice is no fault.
func (s *Store) Close() error {
	s.once.Do(func() {
		if s.group != nil {
			s.group.stop()
		}
		if s.reader.cache != nil {
			s.reader.cache.close()
		}
		errs := []error{s.reader.db.Close(), s.write.Close()}
		if s.lock != nil {
			errs = append(errs, s.lock.Close())
		}
		s.closed = errors.Join(errs...)
	})
	return s.closed
}

// Postgres says which engine this is.
func (s *Store) Postgres() bool { return s.postgres }

// Reader reads without being able to write.
func (s *Store) Reader() *Reader { return &s.reader }

// Letters rings whenever a write posted a letter.
func (s *Store) Letters() *Bell { return &s.letters }

// Changes rings after every write that is not silent.
func (s *Store) Changes() *Bell { return &s.changes }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.reader.db.PingContext(ctx) }

// Tx is an open transaction; it reads its own writes.
type Tx struct {
	Reader
	posted bool
}

const tries = 8

// Write runs fn in a transaction and returns when it is on disk. fn runs again
// when a guard missed or PostgreSQL asks for it. An error of fn undoes
// everything it did.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	err := s.keep(ctx, fn)
	if err == nil {
		s.changes.Ring()
	}
	return err
}

// WriteSilently is Write for what no page shows: it does not ring the bell of
// changes, at which open pages look again.
func (s *Store) WriteSilently(ctx context.Context, fn func(*Tx) error) error { return s.keep(ctx, fn) }

func (s *Store) keep(ctx context.Context, fn func(*Tx) error) error {
	var err error
	for try := range tries {
		if try > 0 && s.postgres {
			select { // let the faster one finish
			case <-time.After(rand.N(time.Duration(try*try) * 2 * time.Millisecond)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var posted bool
		if s.postgres {
			posted, err = s.writePostgres(ctx, fn)
		} else {
			posted, err = s.group.write(ctx, fn)
		}
		if err == nil {
			if posted {
				s.letters.Ring()
			}
			return nil
		}
		if !errors.Is(err, ErrStale) && !retryable(err) {
			return err
		}
	}
	return err
}

func (s *Store) writePostgres(ctx context.Context, fn func(*Tx) error) (posted bool, err error) {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	defer conn.Close()
	p := newPipe(conn)
	through := false
	defer func() {
		if !through { // an error, or a panic of the closure
			p.rollback(ctx)
		}
	}()
	tx := &Tx{Reader: Reader{pipe: p, postgres: true}}
	if err := fn(tx); err != nil {
		return false, err
	}
	if err := p.commit(ctx); err != nil {
		return false, err
	}
	through = true
	return tx.posted, nil
}

func unavailable(err error) error {
	return &hotline.Error{Kind: hotline.Unavailable, Code: "database_unavailable", Cause: err}
}

// retryable: serialization failure or deadlock.
func retryable(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pe.Code == "40001" || pe.Code == "40P01")
}

// IsDuplicate says that a unique key was already there.
func IsDuplicate(err error) bool {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pe.Code == "23505"
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		return se.Code() == 2067 || se.Code() == 1555 // UNIQUE, PRIMARY KEY
	}
	return false
}

// lockFile keeps a second process off a SQLite file.
func lockFile(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, &hotline.Error{Kind: hotline.Unavailable, Code: "database_in_use", Args: []any{path}, Cause: err}
	}
	return f, nil
}

// Bell wakes whoever waits for something to have happened.
type Bell struct {
	mu sync.Mutex
	ch chan struct{}
}

// Ring wakes all waiters.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// Wait returns a channel that is closed at the next Ring. Take it before
// looking, so that nothing rings unheard.
func (b *Bell) Wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}
