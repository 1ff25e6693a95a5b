package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// statement measures a month's statement over many cases, from their rows to
// its figures.
func (b *bench) statement(ctx context.Context, engine string, limit time.Duration) error {
	n, err := b.newNode(ctx, engine, "12345")
	if err != nil {
		return err
	}
	const month = "2026-03"
	p, err := assessment.ParsePeriod(month, time.FixedZone("CST", 8*60*60), time.Now())
	if err != nil {
		return err
	}
	if err := n.multiply(ctx, b.monthly, p.From, p.Until); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	st, err := store.Open(ctx, n.dsn)
	if err != nil {
		return err
	}
	defer st.Close()
	var took []time.Duration
	for range 3 {
		at := time.Now()
		t, err := st.Reader().Tally(ctx, store.Sight{}, p.From, p.Until, p.Until)
		if err != nil {
			return err
		}
		if got := t.Statement().Total.Legs; got != b.monthly {
			return fmt.Errorf("%d legs in the statement, want %d", got, b.monthly)
		}
		took = append(took, time.Since(at))
	}
	b.atMost(fmt.Sprintf("statement of a month, %d cases, %s", b.monthly, engine), ms(median(took)), ms(limit), float64(median(took))/float64(limit), 1)
	return nil
}

// multiply makes many cases with a leg each out of one, in the engine itself:
// they only have to be there, in their width and with their moments.
func (n *node) multiply(ctx context.Context, cases int, from, until time.Time) error {
	raw, err := os.ReadFile(filepath.Join(n.data, "keys.json"))
	if err != nil {
		return err
	}
	keys, err := seal.ParseKeyring(raw)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, n.dsn)
	if err != nil {
		return err
	}
	var id string
	err = st.Write(ctx, func(tx *store.Tx) error {
		id, err = n.fillOne(ctx, tx, keys, 1, from.Add(-time.Hour))
		return err
	})
	st.Close()
	if err != nil {
		return err
	}
	sent := fmt.Sprintf("%d + i * %d", from.UnixMicro(), until.Sub(from).Microseconds()/int64(cases+1))
	after := func(most int) string { // some hours later, not all alike
		return fmt.Sprintf("%s + (i * 7919 %% %d + 1) * 60000000", sent, most)
	}
	number := "CAST(1000000000 + i AS TEXT)"
	return n.copies(ctx, id, cases, []copied{
		{"case_file", map[string]string{"id": "'bench-case-' || " + number, "created_at": sent, "number": "''"}},
		{"leg", map[string]string{
			"id": "'bench-leg--' || " + number, "case_id": "'bench-case-' || " + number, "sent_at": sent, "moved_at": after(6000),
			"unit":   "'5401' || CAST(20 + i % 7 AS TEXT) || CASE i % 3 WHEN 0 THEN '-housing' WHEN 1 THEN '-urban' ELSE '-market' END",
			"region": "CAST(540100 + i % 74 AS TEXT)", "class": "'A' || substr(CAST(101 + i % 17 AS TEXT), 2)",
			"sign_due": after(120), "signed_at": after(150), "handle_due": after(7000), "handled_at": after(7500),
			"asked_at": "CASE i % 4 WHEN 0 THEN " + after(9000) + " ELSE 0 END", "solved": "CASE i % 4 WHEN 0 THEN 1 + i % 3 / 2 ELSE 0 END",
			"mapped": "CASE i % 4 WHEN 0 THEN i % 3 ELSE 0 END",
		}},
	})
}

// copied is a table whose row of one case is multiplied; values are what is
// other in the copies, in SQL, i counting from 0.
type copied struct {
	table  string
	values map[string]string
}

// copies multiplies rows of one case in the engine itself.
func (n *node) copies(ctx context.Context, caseID string, times int, tables []copied) error {
	driver := "pgx"
	if n.engine == "sqlite" {
		driver = "sqlite"
	}
	db, err := sql.Open(driver, n.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, t := range tables {
		columns, err := columnsOf(ctx, db, t.table)
		if err != nil {
			return err
		}
		exprs := make([]string, len(columns))
		for i, c := range columns {
			exprs[i] = "t." + c
			if v, ok := t.values[c]; ok {
				exprs[i] = v
			}
		}
		where := "t.case_id"
		if t.table == "case_file" {
			where = "t.id"
		}
		q := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d) INSERT INTO %s (%s) SELECT %s FROM n, %s t WHERE %s = '%s'`,
			times, t.table, strings.Join(columns, ", "), strings.Join(exprs, ", "), t.table, where, caseID)
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
	}
	return n.analyse(ctx)
}

func columnsOf(ctx context.Context, db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return rows.Columns()
}
