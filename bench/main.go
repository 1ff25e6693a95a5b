// Command bench measures how fast the product is, and says each figure as a ratio to
// what the machine itself can do, measured in the same run, turn about: the
// figures of one machine mean nothing on another, the ratios do. It is run by
// hand (make bench); no test looks at a clock.
//
// The nodes are processes of their own, made from the binary that ships, and
// are used by their API only. The load comes from this process, on the same
// cores. What it compares with:
//
//   - pgbench, prepared statements and 16 clients, running the very statements
//     of the transaction that the node runs, as PostgreSQL's own log tells them;
//   - on SQLite, a plain loop with one prepared connection that runs the same
//     statements and commits case by case, as durable as the node;
//   - one durable commit, of the same statements and of one small row.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// bench is one run.
type bench struct {
	bin     string // the program under test
	dir     string // scratch, gone afterwards
	server  string // PostgreSQL address
	rounds  int    // turns of each pair
	turn    time.Duration
	clients int
	cases   int // on file where a case is shown and a page listed
	letters int // that wait for a peer
	events  int // in a log
	monthly int // in the month of a statement
	only    string
	table   *tabwriter.Writer
	missed  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bench{table: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)}
	flag.StringVar(&b.bin, "bin", "bin/liandong", "the program, as make build makes it")
	flag.IntVar(&b.rounds, "rounds", 5, "turns of each pair; the median counts")
	flag.DurationVar(&b.turn, "turn", 4*time.Second, "how long a turn is")
	flag.IntVar(&b.clients, "clients", 16, "clients at once")
	flag.IntVar(&b.cases, "cases", 100_000, "cases on file for showing and listing")
	flag.IntVar(&b.letters, "letters", 10_000, "letters of a backlog")
	flag.IntVar(&b.events, "events", 100_000, "events of a log")
	flag.IntVar(&b.monthly, "monthly", 1_000_000, "cases of the month of a statement, clocks of a sweep")
	flag.StringVar(&b.only, "only", "", "measure only what has this in its name: intake, transfer, backlog, dead peer, proof, show, statement, sweep, rest")
	flag.Parse()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context) error {
	b.server = os.Getenv("LIANDONG_TEST_PG")
	if b.server == "" {
		return fmt.Errorf("no PostgreSQL: run make bench, or make pg to start one and export LIANDONG_TEST_PG")
	}
	var err error
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	if _, err := exec.LookPath(b.bin); err != nil {
		return fmt.Errorf("%w; make build makes it", err)
	}
	if b.dir, err = os.MkdirTemp("", "liandong-bench."); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	fmt.Printf("%s, %d cores, %s, %s; %d clients, %d turns of %v\n\n", runtime.GOARCH, runtime.NumCPU(), runtime.Version(), loadAverage(),
		b.clients, b.rounds, b.turn)
	fmt.Fprintln(b.table, "what\tgot\tcompared with\tratio\ttarget\t")
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"intake on postgres", func(ctx context.Context) error { return b.intake(ctx, "postgres") }},
		{"intake on sqlite", func(ctx context.Context) error { return b.intake(ctx, "sqlite") }},
		{"transfer on postgres", func(ctx context.Context) error { return b.transfer(ctx, "postgres") }},
		{"transfer on sqlite", func(ctx context.Context) error { return b.transfer(ctx, "sqlite") }},
		{"backlog on postgres", func(ctx context.Context) error { return b.backlog(ctx, "postgres") }},
		{"backlog on sqlite", func(ctx context.Context) error { return b.backlog(ctx, "sqlite") }},
		{"dead peer", b.deadPeer},
		{"proof", b.proof},
		{"show on postgres", func(ctx context.Context) error { return b.show(ctx, "postgres") }},
		{"show on sqlite", func(ctx context.Context) error { return b.show(ctx, "sqlite") }},
		{"statement on postgres", func(ctx context.Context) error { return b.statement(ctx, "postgres", 3*time.Second) }},
		{"statement on sqlite", func(ctx context.Context) error { return b.statement(ctx, "sqlite", 5*time.Second) }},
		{"sweep of clocks", b.sweep},
		{"rest: memory and start", b.rest},
	} {
		if !strings.Contains(part.name, b.only) {
			continue
		}
		fmt.Fprintln(os.Stderr, "…", part.name)
		if err := part.run(ctx); err != nil {
			b.table.Flush()
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.table.Flush()
	if b.missed > 0 {
		fmt.Printf("\n%d missed; a machine that does something else at the same time misses first\n", b.missed)
	}
	return nil
}

// loadAverage says how busy the machine is besides us, where it can be known.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown"
	}
	return "load " + strings.Fields(string(b))[0]
}

// atLeast and atMost put a line into the table; a target of 0 is none.
func (b *bench) atLeast(what, got, base string, ratio, target float64) {
	b.line(what, got, base, ratio, target, "≥", ratio >= target)
}

func (b *bench) atMost(what, got, base string, ratio, target float64) {
	b.line(what, got, base, ratio, target, "≤", ratio <= target)
}

func (b *bench) line(what, got, base string, ratio, target float64, sign string, met bool) {
	goal, verdict := "", ""
	if target > 0 {
		goal, verdict = fmt.Sprintf("%s %.0f%%", sign, 100*target), "met"
		if !met {
			verdict = "MISSED"
			b.missed++
		}
	}
	fmt.Fprintf(b.table, "%s\t%s\t%s\t%.0f%%\t%s\t%s\n", what, got, base, 100*ratio, goal, verdict)
}

// median of some figures; of none, 0.
func median[T float64 | time.Duration](vs []T) T { return percentile(vs, 50) }

// percentile is the value that p in a hundred do not exceed.
func percentile[T float64 | time.Duration](vs []T, p int) T {
	if len(vs) == 0 {
		return 0
	}
	vs = slices.Sorted(slices.Values(vs))
	return vs[min(len(vs)-1, len(vs)*p/100)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }
