package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
)

// statement is one statement of a transaction with its arguments, as texts;
// nil is NULL.
type statement struct {
	text string
	args []*string
}

// script is a transaction, begin and commit left out.
type script struct{ statements []statement }

// recorder has PostgreSQL log every statement and reads the log.
type recorder struct {
	db   *sql.DB
	from int64 // length of the log when it began
}

// startRecording turns the log on for sessions that begin from now on. The
// server must be one of scripts/pg, which logs into server.log.
func startRecording(ctx context.Context, server string) (*recorder, error) {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	r := &recorder{db: db}
	if err := db.QueryRowContext(ctx, `SELECT size FROM pg_stat_file('server.log')`).Scan(&r.from); err != nil {
		db.Close()
		return nil, fmt.Errorf("the server's log: %w", err)
	}
	for _, q := range []string{`ALTER ROLE CURRENT_USER SET log_statement = 'all'`} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			db.Close()
			return nil, err
		}
	}
	return r, nil
}

func (r *recorder) stop() {
	// Sessions that are open go on logging; they end with the node.
	if _, err := r.db.Exec(`ALTER ROLE CURRENT_USER RESET log_statement`); err != nil {
		fmt.Println("bench: the server goes on logging statements:", err)
	}
	r.db.Close()
}

// transaction is the last whole transaction in the log with a statement that
// begins so.
func (r *recorder) transaction(ctx context.Context, beginning string) (script, error) {
	var log string
	if err := r.db.QueryRowContext(ctx, `SELECT pg_read_file('server.log', $1, 1000000000)`, r.from).Scan(&log); err != nil {
		return script{}, fmt.Errorf("the server's log: %w", err)
	}
	return lastTransaction(log, beginning)
}

var (
	logLine  = regexp.MustCompile(`^\S+ \S+ \S+ \[(\d+)\] (LOG|DETAIL):  (.*)$`)
	executed = regexp.MustCompile(`(?s)^(?:execute [^:]*|statement): (.*)$`)
	argument = regexp.MustCompile(`(?s)\$(\d+) = (NULL|'(?:[^']|'')*')`)
)

// lastTransaction reads a log of PostgreSQL.
func lastTransaction(log, beginning string) (script, error) {
	open := map[string][]statement{} // by process
	var last []statement
	end := func(pid, text string) {
		m := executed.FindStringSubmatch(text)
		if m == nil {
			return
		}
		switch word := strings.ToLower(m[1]); {
		case strings.HasPrefix(word, "begin"):
			open[pid] = []statement{}
		case word == "commit":
			if slices.ContainsFunc(open[pid], func(s statement) bool { return strings.HasPrefix(s.text, beginning) }) {
				last = open[pid]
			}
			delete(open, pid)
		case open[pid] != nil:
			open[pid] = append(open[pid], statement{text: m[1]})
		}
	}
	var pid, kind, text string
	flush := func() {
		switch kind {
		case "LOG":
			end(pid, text)
		case "DETAIL":
			if ss := open[pid]; len(ss) > 0 && strings.HasPrefix(text, "parameters: ") {
				ss[len(ss)-1].args = arguments(text)
			}
		}
	}
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		if more, ok := strings.CutPrefix(line, "\t"); ok { // the log indents what goes on
			text += "\n" + more
			continue
		}
		flush()
		kind = ""
		if m := logLine.FindStringSubmatch(line); m != nil {
			pid, kind, text = m[1], m[2], m[3]
		}
	}
	flush()
	if last == nil {
		return script{}, fmt.Errorf("no transaction with %s in the log", beginning)
	}
	return script{last}, nil
}

// arguments reads "parameters: $1 = 'a', $2 = NULL".
func arguments(text string) []*string {
	var out []*string
	for _, m := range argument.FindAllStringSubmatch(text, -1) {
		if m[2] == "NULL" {
			out = append(out, nil)
			continue
		}
		v := strings.ReplaceAll(m[2][1:len(m[2])-1], "''", "'")
		out = append(out, &v)
	}
	return out
}

// An id differs each time, and so does a case's number (2611270042). The script
// makes numbers of nineteen digits instead, which sort by time within a client,
// as ids do.
var id = regexp.MustCompile(`^(?:[0-9a-hjkmnp-tv-z]{26}|[2-9]\d[01]\d[0-3]\d{5,7})$`)

const idsEach = 64 // numbers that a transaction may use

// A moment in microseconds. The script moves it on, so that the indexes on time
// grow as the node's do.
var moment = regexp.MustCompile(`^1[6-9]\d{14}$`)

const apart = 250 // microseconds between two transactions of a client

// ids numbers the ids that a transaction uses, moments the moments.
func (s script) ids() map[string]int     { return s.numbered(id) }
func (s script) moments() map[string]int { return s.numbered(moment) }

func (s script) numbered(form *regexp.Regexp) map[string]int {
	out := map[string]int{}
	for _, st := range s.statements {
		for _, a := range st.args {
			if a != nil && form.MatchString(*a) {
				if _, known := out[*a]; !known {
					out[*a] = len(out)
				}
			}
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// pgbench is the transaction as a script of pgbench's. Its arguments are
// variables, so with -M prepared they go over as the node's do.
func (s script) pgbench() string {
	ids, moments := s.ids(), s.moments()
	var b strings.Builder
	b.WriteString("\\set n :n + 1\n")
	for _, m := range slices.Sorted(maps.Keys(moments)) {
		fmt.Fprintf(&b, "\\set t%d %s + :n * %d\n", moments[m], m, apart)
	}
	for k := range len(ids) {
		fmt.Fprintf(&b, "\\set i%d :base + :client_id * 10000000000 + :n * %d + %d\n", k, idsEach, k)
	}
	b.WriteString("BEGIN;\n")
	for i, st := range s.statements {
		text := placeholder.ReplaceAllStringFunc(strings.Join(strings.Fields(st.text), " "), func(p string) string {
			n, _ := strconv.Atoi(p[1:]) // digits by the pattern
			switch a := st.args[n-1]; {
			case a == nil:
				return "NULL"
			case *a == "": // which is no value of a variable
				return "''"
			case id.MatchString(*a):
				return fmt.Sprintf(":i%d", ids[*a])
			case moment.MatchString(*a):
				return fmt.Sprintf(":t%d", moments[*a])
			}
			return ":" + variable(i, n)
		})
		b.WriteString(text + ";\n")
	}
	b.WriteString("COMMIT;\n")
	return b.String()
}

func variable(statement, arg int) string { return fmt.Sprintf("s%da%d", statement, arg) }

// variables are the constants of pgbench's script, as its options.
func (s script) variables() []string {
	var out []string
	for i, st := range s.statements {
		for j, a := range st.args {
			if a != nil && *a != "" && !id.MatchString(*a) && !moment.MatchString(*a) {
				out = append(out, "-D", variable(i, j+1)+"="+*a)
			}
		}
	}
	return out
}

// values are the arguments of a statement for SQLite, with the ids of one
// repetition.
func (st statement) values(ids map[string]int, base int64) []any {
	out := make([]any, len(st.args))
	for i, a := range st.args {
		switch {
		case a == nil:
		case id.MatchString(*a):
			out[i] = strconv.FormatInt(base+int64(ids[*a]), 10)
		case moment.MatchString(*a):
			at, _ := strconv.ParseInt(*a, 10, 64) // digits by the pattern
			out[i] = at + (base-firstID)/idsEach*apart
		case strings.HasPrefix(*a, `\x`):
			raw, err := hex.DecodeString((*a)[2:])
			if err != nil {
				out[i] = *a
				continue
			}
			out[i] = raw
		default:
			out[i] = *a // STRICT tables make numbers of what reads as one
		}
	}
	return out
}
