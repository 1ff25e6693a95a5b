package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A log as PostgreSQL writes it: two sessions at once, a text over several
// lines, values with quotes, commas and dollars in them.
const log = `2026-03-11 02:00:00.000 UTC [7] LOG:  database system is ready to accept connections
2026-03-11 02:00:01.000 UTC [41] LOG:  execute stmtcache_1: BEGIN
2026-03-11 02:00:01.000 UTC [42] LOG:  statement: begin
2026-03-11 02:00:01.001 UTC [41] LOG:  execute stmtcache_2: INSERT INTO case_file (id, text, due,
	created_at) VALUES ($1, $2, $3, $4)
2026-03-11 02:00:01.001 UTC [41] DETAIL:  parameters: $1 = '01m85f19vqavbasc4j0xxze20h', $2 = 'it''s, $2 = ''x''', $3 = NULL, $4 = '1773194400000000'
2026-03-11 02:00:01.001 UTC [42] LOG:  execute stmtcache_3: UPDATE lease SET holder = $1
2026-03-11 02:00:01.001 UTC [42] DETAIL:  parameters: $1 = 'a'
2026-03-11 02:00:01.002 UTC [41] LOG:  execute stmtcache_4: INSERT INTO leg (id, case_id, note, raw) VALUES ($1, $2, $3, $4)
2026-03-11 02:00:01.002 UTC [41] DETAIL:  parameters: $1 = '01m85f19vqavbasc4j0xxze20k', $2 = '01m85f19vqavbasc4j0xxze20h', $3 = '', $4 = '\x00ff'
2026-03-11 02:00:01.002 UTC [42] LOG:  statement: commit
2026-03-11 02:00:01.003 UTC [41] LOG:  execute stmtcache_5: COMMIT
2026-03-11 02:00:02.000 UTC [41] LOG:  execute stmtcache_1: BEGIN
2026-03-11 02:00:02.000 UTC [41] LOG:  execute stmtcache_2: INSERT INTO case_file (id) VALUES ($1)
2026-03-11 02:00:02.000 UTC [41] DETAIL:  parameters: $1 = 'never committed'
`

func TestTransactionFromALog(t *testing.T) {
	s, err := lastTransaction(log, "INSERT INTO case_file")
	if err != nil {
		t.Fatal(err)
	}
	want := `\set n :n + 1
\set t0 1773194400000000 + :n * 250
\set i0 :base + :client_id * 10000000000 + :n * 64 + 0
\set i1 :base + :client_id * 10000000000 + :n * 64 + 1
BEGIN;
INSERT INTO case_file (id, text, due, created_at) VALUES (:i0, :s0a2, NULL, :t0);
INSERT INTO leg (id, case_id, note, raw) VALUES (:i1, :i0, '', :s1a4);
COMMIT;
`
	if diff := cmp.Diff(want, s.pgbench()); diff != "" {
		t.Errorf("script: (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"-D", "s0a2=it's, $2 = 'x'", "-D", `s1a4=\x00ff`}, s.variables()); diff != "" {
		t.Errorf("variables: (-want +got)\n%s", diff)
	}
	got := s.statements[1].values(s.ids(), firstID+2*idsEach)
	if diff := cmp.Diff([]any{"1000000000000000129", "1000000000000000128", "", []byte{0, 255}}, got); diff != "" {
		t.Errorf("values for SQLite: (-want +got)\n%s", diff)
	}
	if got := s.statements[0].values(s.ids(), firstID+2*idsEach)[3]; got != int64(1773194400000500) {
		t.Errorf("a moment, two transactions later: got %v, want half a millisecond later", got)
	}
	if _, err := lastTransaction(log, "INSERT INTO nothing"); err == nil || !strings.Contains(err.Error(), "INSERT INTO nothing") {
		t.Errorf("a transaction that is not there: got %v, want it named", err)
	}
}
