package store_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"liandong/internal/store/storetest"
)

// schema is what a database says of itself, in words that both engines share.
type schema struct {
	// columns by table.column: type and whether it may be null, its place in
	// the primary key, its default.
	columns map[string]string
	// indexes by name: table, whether unique, columns, the words of the
	// condition.
	indexes map[string]string
	// checks and foreign keys by table.
	checks, references map[string][]string
	migrations         []string
}

// TestSchemasAreTheSame: what a method of store may write must fit both
// engines, and what is fast on one must not be slow on the other.
func TestSchemasAreTheSame(t *testing.T) {
	all := map[string]schema{}
	for _, engine := range storetest.Engines {
		dsn := storetest.DSN(t, engine)
		if err := storetest.Open(t, dsn).Close(); err != nil {
			t.Fatal(err)
		}
		all[engine] = schemaOf(t, engine, dsn)
	}
	lite, post := all["sqlite"], all["postgres"]
	compare(t, "columns", post.columns, lite.columns)
	compare(t, "indexes", post.indexes, lite.indexes)
	compare(t, "checks", post.checks, lite.checks)
	compare(t, "references", post.references, lite.references)
	compare(t, "migrations", post.migrations, lite.migrations)
	if len(lite.columns) < 180 || len(lite.indexes) < 30 || len(lite.checks) < 5 || len(lite.references) < 3 {
		t.Errorf("read %d columns, %d indexes, checks of %d tables and references of %d, want the whole schema",
			len(lite.columns), len(lite.indexes), len(lite.checks), len(lite.references))
	}
}

// Text sorts byte by byte, as SQLite does it, whatever language the database
// was made for: cursors and reconciling compare ids.
func TestPostgresTextComparesByteByByte(t *testing.T) {
	dsn := storetest.DSN(t, "postgres")
	storetest.Open(t, dsn)
	db := raw(t, "postgres", dsn)
	n := 0
	for _, r := range rows(t, db, `SELECT table_name || '.' || column_name, coalesce(collation_name, 'of the database') FROM information_schema.columns
		WHERE table_schema = current_schema() AND data_type = 'text' AND table_name <> 'goose_db_version'`) {
		n++
		if r[1] != "C" {
			t.Errorf("%s: got collation %s, want C", r[0], r[1])
		}
	}
	if n < 100 {
		t.Errorf("looked at %d columns, want all", n)
	}
}

func TestSQLiteTablesAreStrict(t *testing.T) {
	dsn := storetest.DSN(t, "sqlite")
	storetest.Open(t, dsn)
	for _, r := range rows(t, raw(t, "sqlite", dsn), `SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
		AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`) {
		if r[1] != "1" {
			t.Errorf("table %s: got it loose, want it STRICT", r[0])
		}
	}
}

func compare(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(schema{})); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

// raw opens a database beside the store, to look at it.
func raw(t *testing.T, engine, dsn string) *sql.DB {
	t.Helper()
	driver := "pgx"
	if engine == "sqlite" {
		driver, dsn = "sqlite", "file:"+dsn+"?_pragma=query_only(1)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rows reads a query as texts; NULL is "".
func rows(t *testing.T, db *sql.DB, query string, args ...any) [][]string {
	t.Helper()
	rs, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rs.Close()
	names, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rs.Next() {
		cells := make([]sql.NullString, len(names))
		dest := make([]any, len(names))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rs.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, c := range cells {
			row[i] = c.String
		}
		out = append(out, row)
	}
	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// own says that a table is one engine's own affair: the search index is built
// differently, and the migration library keeps its book.
func own(table string) bool {
	return strings.HasPrefix(table, "case_search") || strings.HasPrefix(table, "goose_") || strings.HasPrefix(table, "sqlite_")
}

func schemaOf(t *testing.T, engine, dsn string) schema {
	t.Helper()
	db := raw(t, engine, dsn)
	s := schema{columns: map[string]string{}, indexes: map[string]string{}, checks: map[string][]string{}, references: map[string][]string{}}
	if engine == "sqlite" {
		s.readSQLite(t, db)
	} else {
		s.readPostgres(t, db)
	}
	for _, list := range []map[string][]string{s.checks, s.references} {
		for table := range list {
			slices.Sort(list[table])
		}
	}
	for _, r := range rows(t, db, `SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY id`) {
		s.migrations = append(s.migrations, r[0])
	}
	db.Close()
	return s
}

func column(typ, notNull, pk, def string) string {
	return fmt.Sprintf("%s, not null %s, primary key %s, default %s", typ, notNull, pk, strings.TrimSuffix(def, "::text"))
}

var sqliteCheck = regexp.MustCompile(`CHECK \((.*?)\)(?:,?\n)`)

func (s *schema) readSQLite(t *testing.T, db *sql.DB) {
	for _, tab := range rows(t, db, `SELECT name, sql FROM sqlite_master WHERE type = 'table'`) {
		name := tab[0]
		if own(name) {
			continue
		}
		for _, c := range rows(t, db, `SELECT name, type, "notnull" OR pk > 0, pk, dflt_value, sum(pk > 0) OVER () FROM pragma_table_info(?)`, name) {
			s.columns[name+"."+c[0]] = column(c[1], c[2], c[3], c[4])
			if c[1] == "INTEGER" && c[3] == "1" && c[5] == "1" { // the row number itself: SQLite keeps no index for it
				s.index("", name, "1", false, []string{c[0]}, "")
			}
		}
		for _, m := range sqliteCheck.FindAllStringSubmatch(tab[1], -1) {
			s.checks[name] = append(s.checks[name], words(m[1]))
		}
		for _, f := range rows(t, db, `SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)`, name) {
			s.references[name] = append(s.references[name], strings.Join(f, " "))
		}
		for _, x := range rows(t, db, `SELECT l.name, l."unique", l.origin, (SELECT sql FROM sqlite_master WHERE name = l.name) FROM pragma_index_list(?) l`, name) {
			var columns []string
			for _, c := range rows(t, db, `SELECT name FROM pragma_index_info(?) ORDER BY seqno`, x[0]) {
				columns = append(columns, c[0])
			}
			_, cond, _ := strings.Cut(x[3], " WHERE ")
			s.index(x[0], name, x[1], x[2] == "c", columns, cond)
		}
	}
}

func (s *schema) readPostgres(t *testing.T, db *sql.DB) {
	types := map[string]string{"text": "TEXT", "bigint": "INTEGER", "integer": "INTEGER", "bytea": "BLOB"}
	for _, c := range rows(t, db, `SELECT c.table_name, c.column_name, c.data_type, CASE c.is_nullable WHEN 'NO' THEN 1 ELSE 0 END,
		coalesce((SELECT k.ordinal_position FROM information_schema.key_column_usage k JOIN information_schema.table_constraints x
			ON x.constraint_name = k.constraint_name AND x.table_schema = k.table_schema
			WHERE x.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name), 0),
		c.column_default FROM information_schema.columns c WHERE c.table_schema = current_schema()`) {
		if !own(c[0]) {
			s.columns[c[0]+"."+c[1]] = column(types[c[2]], c[3], c[4], c[5])
		}
	}
	for _, x := range rows(t, db, `SELECT i.relname, tab.relname, CASE WHEN x.indisunique THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u')) THEN 0 ELSE 1 END,
		(SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.indexrelid), pg_get_expr(x.indpred, x.indrelid)
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class tab ON tab.oid = x.indrelid
		WHERE i.relnamespace = current_schema()::regnamespace`) {
		if !own(x[1]) {
			s.index(x[0], x[1], x[2], x[3] == "1", strings.Fields(x[4]), x[5])
		}
	}
	for _, k := range rows(t, db, `SELECT k.conrelid::regclass, k.contype, pg_get_constraintdef(k.oid) FROM pg_constraint k
		WHERE k.connamespace = current_schema()::regnamespace AND k.contype IN ('c', 'f')`) {
		if k[1] == "c" {
			s.checks[k[0]] = append(s.checks[k[0]], words(strings.TrimPrefix(k[2], "CHECK ")))
			continue
		}
		m := regexp.MustCompile(`FOREIGN KEY \((.*)\) REFERENCES (.*)\((.*)\)`).FindStringSubmatch(k[2])
		if m == nil {
			t.Fatalf("%s: cannot read %q", k[0], k[2])
		}
		s.references[k[0]] = append(s.references[k[0]], strings.Join(m[1:], " "))
	}
}

// index keeps an index. One that the engine made for a key has a name of the
// engine's making, so its columns name it.
func (s *schema) index(name, table, unique string, named bool, columns []string, cond string) {
	if !named {
		name = "key of " + table + " " + strings.Join(columns, " ")
	}
	s.indexes[name] = fmt.Sprintf("%s (%s), unique %s, where %s", table, strings.Join(columns, ", "), unique, words(cond))
}

var (
	wordForm = regexp.MustCompile(`'[^']*'|[A-Za-z_]+|[0-9]+|<>|>=|<=|[<>]`)
	casts    = regexp.MustCompile(`::[a-z]+(\[\])?`)
)

// words reduces a condition to what it speaks of, sorted: PostgreSQL prints
// state IN ('a','b') as state = ANY (ARRAY['a'::text, 'b'::text]), and BETWEEN
// as two comparisons.
func words(cond string) string {
	cond = casts.ReplaceAllString(cond, "")
	cond = regexp.MustCompile(`([a-z_]+) BETWEEN (\d+) AND (\d+)`).ReplaceAllString(cond, "$1 >= $2 AND $1 <= $3")
	found := map[string]bool{}
	for _, w := range wordForm.FindAllString(cond, -1) {
		switch w {
		case "AND", "IN", "ANY", "ARRAY":
		default:
			found[w] = true
		}
	}
	return strings.Join(slices.SortedFunc(maps.Keys(found), cmp.Compare[string]), " ")
}
