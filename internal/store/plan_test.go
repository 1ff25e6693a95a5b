package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/pgtest"
)

// TestQueriesUseTheirIndexes: what is asked every second, or for every page,
// costs what it finds and not what is on file. Both engines are asked how they
// would go about the very texts that the methods run; PostgreSQL as if tables
// were too big to read whole, and without knowing the arguments.
func TestQueriesUseTheirIndexes(t *testing.T) {
	lite, err := Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lite.Close() })
	post, err := Open(t.Context(), pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { post.Close() })

	ctx, now := t.Context(), time.Unix(1_800_000_000, 0)
	list := func(f CaseFilter) func(*Reader) error {
		f.Limit, f.Now = 50, now
		return func(r *Reader) error { _, err := r.Cases(ctx, Sight{}, f); return err }
	}
	for _, tc := range []struct {
		name string
		run  func(*Reader) error
		want string // the index that both engines use to go to the rows asked for
		list bool   // the index holds these rows only, or in this order, so it is read from its beginning
	}{
		{"due clocks", func(r *Reader) error { _, err := r.DueClocks(ctx, now, 10); return err }, "clock_next", false},
		{"clocks of a case", func(r *Reader) error { _, err := r.ClocksOf(ctx, "c"); return err }, "clock_case", false},
		{"due letters", func(r *Reader) error { _, err := r.Due(ctx, "p", now, false, 10, 10); return err }, "letter_out_(due|urgent)", false},
		{"due letters of a stream", func(r *Reader) error { _, err := r.Due(ctx, "p", now, true, 10, 10); return err }, "letter_out_(due|urgent)", false},
		{"letters behind others", func(r *Reader) error {
			_, err := r.Behind(ctx, []LetterOut{{LegID: "a", Number: 1}, {LegID: "b", Number: 2}}, 10)
			return err
		}, "letter_out_number", false},
		{"next letter", func(r *Reader) error { _, err := r.NextLetterAt(ctx, "p"); return err }, "letter_out_due", false},
		{"waiting letters", func(r *Reader) error { _, err := r.LettersOut(ctx, "p", LetterWaiting, "", 10); return err }, "letter_out_open", false},
		{"all letters out", func(r *Reader) error { _, err := r.LettersOut(ctx, "p", "", "a", 10); return err }, "letter_out_peer", false},
		{"stuck letters", func(r *Reader) error { _, err := r.StuckLetters(ctx, "p", 10); return err }, "letter_out_open", false},
		{"traffic", func(r *Reader) error { _, err := r.Traffic(ctx, "p"); return err }, "letter_out_open", false},
		{"letters out of a case", func(r *Reader) error { _, err := r.LettersOutOfCase(ctx, "c"); return err }, "letter_out_case", false},
		{"all letters in", func(r *Reader) error { _, err := r.LettersIn(ctx, "p", "a", 10); return err }, "letter_in_peer", false},
		{"digests out", func(r *Reader) error { _, err := r.DigestsOut(ctx, "p", "a", "~", 10); return err }, "letter_out_peer", false},
		{"digests in", func(r *Reader) error { _, err := r.DigestsIn(ctx, "p", "a", "~", 10); return err }, "letter_in_peer", false},
		{"digests of legs", func(r *Reader) error { _, err := r.DigestsLegs(ctx, "p", "a", "~", 10); return err }, "leg_peer", false},
		{"quiet", func(r *Reader) error { _, err := r.Quiet(ctx, "a", "b", now); return err }, "letter_in_number", false},
		{"refused letters", func(r *Reader) error { _, err := r.RefusedLetters(ctx, "p", 10); return err }, "letter_in_not_applied", false},
		{"letters in of a case", func(r *Reader) error { _, err := r.LettersInOfCase(ctx, "c"); return err }, "letter_in_case", false},
		{"urgent refusals", func(r *Reader) error { _, err := r.UrgentRefusals(ctx, "p"); return err }, "refusal_unseen", true},
		{"refusals", func(r *Reader) error { _, err := r.Refusals(ctx, "p", 10); return err }, "refusal_unseen", true},
		{"events", func(r *Reader) error { _, err := r.EventsOf(ctx, "c", "", 10); return err }, "event_case", false},
		{"events of cases", func(r *Reader) error { _, err := r.EventsOfCases(ctx, []string{"a", "b"}, "x", "y"); return err }, "event_case", false},
		{"events of a kind", func(r *Reader) error { _, err := r.EventsOfKind(ctx, "c", "viewed", 10); return err }, "event_case", false},
		{"events without a place in the tree", func(r *Reader) error { _, err := r.Unplaced(ctx, 10); return err }, "event_unindexed", true},
		{"events in the tree's order", func(r *Reader) error { _, err := r.LoggedFrom(ctx, 7, 10); return err }, "event_leaf_index", false},
		{"heads", func(r *Reader) error { _, err := r.Heads(ctx, 7, 10); return err }, "tree_head_size", false},
		{"last event of a case", func(r *Reader) error { _, err := r.LastIndexOf(ctx, "c"); return err }, "event_case", false},
		{"disputes", func(r *Reader) error { _, err := r.Disputes(ctx, "c"); return err }, "dispute_case", false},
		{"unindexed", func(r *Reader) error { _, err := r.Unindexed(ctx, 10); return err }, "case_unindexed", true},
		{"legs of a case", func(r *Reader) error { _, err := r.LegsOf(ctx, "c"); return err }, "leg_case", false},
		{"legs of cases", func(r *Reader) error { _, err := r.LegsOfCases(ctx, []string{"a", "b"}); return err }, "leg_case", false},
		{"urgent legs", func(r *Reader) error { _, err := r.UrgentWaiting(ctx, now, 10); return err }, "leg_urgent", false},
		{"unprompted legs", func(r *Reader) error { _, err := r.Unprompted(ctx, now, now, 10); return err }, "leg_urgent", true},
		{"incoming legs", func(r *Reader) error { _, err := r.Incoming(ctx, 10); return err }, "leg_incoming", true},
		{"legs given back", func(r *Reader) error { _, err := r.GivenBack(ctx, 10); return err }, "leg_given_back", true},
		{"repair list", func(r *Reader) error { _, err := r.RepairList(ctx, 10); return err }, "leg_repair", true},
		{"legs of a unit", func(r *Reader) error { _, err := r.UnitLegs(ctx, "u", false, hotline.Cursor{}, 10); return err }, "leg_unit", false},
		{"cases by phone", func(r *Reader) error { _, err := r.OpenCasesByPhone(ctx, "x", 10); return err }, "case_phone", false},
		{"group", func(r *Reader) error { _, err := r.GroupMembers(ctx, "c"); return err }, "case_group", false},
		{"open counts", func(r *Reader) error { _, err := r.CountOpen(ctx, Sight{}, now); return err }, "case_status", false},
		{"arrivals", func(r *Reader) error { _, err := r.Arrivals(ctx, Sight{}, now, time.Hour); return err }, "case_new", false},
		{"flows", func(r *Reader) error { _, err := r.Flows(ctx, "p", now); return err }, "leg_peer", false},
		{"open by region", func(r *Reader) error { _, err := r.OpenByRegion(ctx, Sight{}, now); return err }, "case_status", false},
		{"call-backs", func(r *Reader) error { _, err := r.CallbacksSince(ctx, Sight{}, now); return err }, "event_callback", false},
		{"newest cases", list(CaseFilter{}), "case_new", true},
		{"next page", list(CaseFilter{After: hotline.Cursor{Key: 1, ID: "a"}}), "case_new", false},
		{"cases by status", list(CaseFilter{Status: casefile.Open}), "case_status", false},
		{"cases by category", list(CaseFilter{Category: "A06"}), "case_category", false},
		{"cases by due time", list(CaseFilter{ByDue: true}), "case_due", true},
		{"case by number", list(CaseFilter{Number: "2611270042"}), "case_number", false},
		{"unfounded returns", func(r *Reader) error { _, err := r.UnfoundedReturns(ctx, Sight{}, now, 2, 10); return err }, "leg_unfounded", false},
		{"unfounded legs", func(r *Reader) error { _, err := r.UnfoundedLegs(ctx, Sight{}, now, "u", "", 10); return err }, "leg_unfounded", false},
		{"ruled owner", func(r *Reader) error { _, err := r.RuledOwner(ctx, "c"); return err }, "consultation_case", false},
		{"cases in dispute", list(CaseFilter{Dispute: true}), "case_dispute", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := textOf(t, lite, tc.run)
			if err := tc.run(post.Reader()); err != nil {
				t.Fatalf("on PostgreSQL: %v", err)
			}
			for engine, plan := range map[string]string{"sqlite": plan(t, lite, text), "postgres": planPostgres(t, post, text)} {
				seek := regexp.MustCompile(`SEARCH \w+ USING (COVERING )?INDEX ` + tc.want + ` |(using|on) ` + tc.want + `\b.*\n +Index Cond: `)
				if tc.list {
					seek = regexp.MustCompile(`\b` + tc.want + `\b`)
				}
				if !seek.MatchString(plan) {
					t.Errorf("%s: got this plan, want it to go by index %s\n%s\n%s", engine, tc.want, plan, text)
				}
				if wholeTable.MatchString(plan) {
					t.Errorf("%s: got a table read whole\n%s\n%s", engine, plan, text)
				}
			}
		})
	}
}

// wholeTable finds in either engine's plan that a table is read from end to end.
var wholeTable = regexp.MustCompile(`(?m)^SCAN \w+$|Seq Scan on`)

// textOf is the text that a method sends to the engine.
func textOf(t *testing.T, st *Store, run func(*Reader) error) string {
	t.Helper()
	cache := st.reader.cache
	before := maps.Clone(cache.m)
	if err := run(st.Reader()); err != nil {
		t.Fatal(err)
	}
	for text := range cache.m {
		if _, known := before[text]; !known {
			return text
		}
	}
	t.Fatal("the method sent no text that was not sent before; give it a case that differs")
	return ""
}

// holes are the arguments of a text, all NULL: only the plan is asked for.
func holes(text string) []any {
	most := 0
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1]) // digits by the pattern
		most = max(most, n)
	}
	return make([]any, most)
}

func plan(t *testing.T, st *Store, text string) string {
	t.Helper()
	rows, err := st.reader.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, holes(text)...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, detail)
	}
	return strings.Join(lines, "\n") + "\n"
}

func planPostgres(t *testing.T, st *Store, text string) string {
	t.Helper()
	tx, err := st.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	nulls := strings.Join(slices.Repeat([]string{"NULL"}, len(holes(text))), ", ")
	if nulls != "" {
		nulls = "(" + nulls + ")"
	}
	for _, q := range []string{"SET LOCAL enable_seqscan = off", "SET LOCAL plan_cache_mode = force_generic_plan", "PREPARE looked_at AS " + text} {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	rows, err := tx.QueryContext(t.Context(), "EXPLAIN EXECUTE looked_at"+nulls)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	rows.Close()
	if _, err := tx.ExecContext(t.Context(), "DEALLOCATE looked_at"); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(strings.Join(lines, "\n"))
}
