package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	_ "modernc.org/sqlite"

	"liandong/internal/store"
)

// floor is what the engine itself does with the statements of an intake.
type floor interface {
	// run goes on for a while and returns transactions a second.
	run(ctx context.Context, d time.Duration) (float64, error)
	// rested takes some transactions by one client, with a rest before each, and
	// returns how long one takes, without the rest.
	rested(ctx context.Context, n int) (time.Duration, error)
	close()
}

// rest is how long nothing happens before a commit that a transfer is compared
// with: as long as between two transfers, because a disk and a processor that
// never rest are faster.
const rest = 5 * time.Millisecond

// floor makes an empty database with the same schema; target is the ratio that
// we want to reach.
func (b *bench) floor(ctx context.Context, engine string, s script) (f floor, name string, target float64, err error) {
	if engine == "postgres" {
		f, err = b.newPgbench(ctx, s)
		return f, fmt.Sprintf("pgbench -M prepared -c %d", b.clients), 0.5, err
	}
	f, err = b.newLoop(ctx, s)
	return f, "plain loop, a commit each", 1, err
}

type pgbench struct {
	b      *bench
	bin    string
	dsn    string
	script string
	vars   []string
	base   int64
}

// firstID has nineteen digits, and room for a thousand runs above it.
const firstID = 1_000_000_000_000_000_000

func (b *bench) newPgbench(ctx context.Context, s script) (*pgbench, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil {
		return nil, err
	}
	if path, err := exec.LookPath("pgbench"); err == nil {
		bins = append(bins, path)
	}
	if len(bins) == 0 {
		return nil, fmt.Errorf("no pgbench found; it comes with the PostgreSQL server")
	}
	dsn, err := store.Schema(ctx, b.server, fmt.Sprintf("bench_floor_%d", time.Now().UnixNano()))
	if err != nil {
		return nil, err
	}
	if err := makeSchema(ctx, dsn); err != nil {
		return nil, err
	}
	return &pgbench{b: b, bin: slices.Max(bins), dsn: dsn, script: s.pgbench(), vars: s.variables(), base: firstID}, nil
}

func makeSchema(ctx context.Context, dsn string) error {
	st, err := store.Open(ctx, dsn)
	if err != nil {
		return err
	}
	return st.Close()
}

var tps = regexp.MustCompile(`tps = ([0-9.]+) \(without initial`)

func (p *pgbench) run(ctx context.Context, d time.Duration) (float64, error) {
	out, err := p.bench(ctx, p.script, "-c", strconv.Itoa(p.b.clients), "-j", "2", "-T", strconv.Itoa(max(1, int(d.Seconds()))))
	if err != nil {
		return 0, err
	}
	m := tps.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench tells no rate: %.600s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// latency is a line of pgbench's report: milliseconds, failures, what was run.
var latency = regexp.MustCompile(`(?m)^ +([0-9.]+) +[0-9]+ +(\S+)`)

func (p *pgbench) rested(ctx context.Context, n int) (time.Duration, error) {
	out, err := p.bench(ctx, fmt.Sprintf("\\sleep %d us\n", rest.Microseconds())+p.script, "-c", "1", "-t", strconv.Itoa(n), "-r")
	if err != nil {
		return 0, err
	}
	sum, committed := 0.0, false
	for _, m := range latency.FindAllSubmatch(out, -1) {
		if what := string(m[2]); what != `\sleep` {
			took, err := strconv.ParseFloat(string(m[1]), 64)
			if err != nil {
				return 0, fmt.Errorf("pgbench: %w", err)
			}
			sum, committed = sum+took, committed || what == "COMMIT;"
		}
	}
	if !committed {
		return 0, fmt.Errorf("pgbench tells no latencies: %.600s", out)
	}
	return time.Duration(sum * float64(time.Millisecond)), nil
}

func (p *pgbench) bench(ctx context.Context, script string, args ...string) ([]byte, error) {
	file := filepath.Join(p.b.dir, "floor.sql")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return nil, err
	}
	p.base += 1_000_000_000_000_000
	args = append(args, "-n", "-M", "prepared", "-f", file, "-D", "n=0", "-D", "base="+strconv.FormatInt(p.base, 10))
	out, err := exec.CommandContext(ctx, p.bin, append(append(args, p.vars...), p.dsn)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("pgbench: %w: %.600s", err, out)
	}
	return out, nil
}

func (p *pgbench) close() {}

// loop is a program that somebody would write without us: one connection, the
// statements prepared, a commit for each case, as durable as ours.
type loop struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts []*sql.Stmt
	s     script
	ids   map[string]int
	next  int64
}

func (b *bench) newLoop(ctx context.Context, s script) (*loop, error) {
	path := filepath.Join(b.dir, fmt.Sprintf("floor%d.db", time.Now().UnixNano()))
	if err := makeSchema(ctx, path); err != nil {
		return nil, err
	}
	l := &loop{s: s, ids: s.ids(), next: firstID}
	var err error
	if l.db, l.conn, err = openSQLite(ctx, path); err != nil {
		return nil, err
	}
	for _, st := range s.statements {
		p, err := l.conn.PrepareContext(ctx, st.text)
		if err != nil {
			l.close()
			return nil, fmt.Errorf("prepare %s: %w", st.text, err)
		}
		l.stmts = append(l.stmts, p)
	}
	return l, nil
}

func openSQLite(ctx context.Context, path string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"+
		"&_pragma=wal_autocheckpoint(20000)&_pragma=cache_size(-16000)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return db, conn, nil
}

func (l *loop) run(ctx context.Context, d time.Duration) (float64, error) {
	n := 0
	start := time.Now()
	for ; time.Since(start) < d; n++ {
		if err := l.one(ctx); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

func (l *loop) rested(ctx context.Context, n int) (time.Duration, error) {
	var took []time.Duration
	for range n {
		time.Sleep(rest)
		at := time.Now()
		if err := l.one(ctx); err != nil {
			return 0, err
		}
		took = append(took, time.Since(at))
	}
	return median(took), nil
}

func (l *loop) one(ctx context.Context) error {
	l.next += idsEach
	if _, err := l.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i, st := range l.s.statements {
		if _, err := l.stmts[i].ExecContext(ctx, st.values(l.ids, l.next)...); err != nil {
			return fmt.Errorf("%s: %w", st.text, err)
		}
	}
	_, err := l.conn.ExecContext(ctx, "COMMIT")
	return err
}

func (l *loop) close() {
	for _, s := range l.stmts {
		s.Close()
	}
	l.conn.Close()
	l.db.Close()
}

// commit is the median of one durable commit of one small row by one client,
// on an engine, with a pause before each.
func (b *bench) commit(ctx context.Context, engine string, pause time.Duration) (time.Duration, error) {
	var conn *sql.Conn
	var db *sql.DB
	var err error
	if engine == "postgres" {
		if db, err = sql.Open("pgx", b.server); err == nil {
			conn, err = db.Conn(ctx)
		}
	} else {
		db, conn, err = openSQLite(ctx, filepath.Join(b.dir, fmt.Sprintf("commit%d.db", time.Now().UnixNano())))
	}
	if err != nil {
		return 0, err
	}
	defer db.Close()
	defer conn.Close()
	table := fmt.Sprintf("bench_commit_%d", time.Now().UnixNano())
	if _, err := conn.ExecContext(ctx, "CREATE TABLE "+table+" (id BIGINT PRIMARY KEY, words TEXT NOT NULL)"); err != nil {
		return 0, err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+table)
	st, err := conn.PrepareContext(ctx, "INSERT INTO "+table+" (id, words) VALUES ($1, $2)")
	if err != nil {
		return 0, err
	}
	defer st.Close()
	var took []time.Duration
	for i := range 400 {
		time.Sleep(pause)
		at := time.Now()
		if _, err := st.ExecContext(ctx, i, "联动"); err != nil {
			return 0, err
		}
		took = append(took, time.Since(at))
	}
	return median(took), nil
}
