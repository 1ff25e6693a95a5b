package pgtest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestEachCallGivesItsOwnEmptySchema(t *testing.T) {
	first, second := DSN(t), DSN(t)
	if first == second {
		t.Fatalf("got the same address twice: %s", first)
	}
	for _, dsn := range []string{first, second} {
		conn := connect(t, dsn)
		if _, err := conn.Exec(context.Background(), "CREATE TABLE letter (id text PRIMARY KEY)"); err != nil {
			t.Errorf("make a table in %s: got %v, want none in the way", dsn, err)
		}
	}
}

func TestSchemaIsGoneAfterTheTest(t *testing.T) {
	var dsn, schema string
	t.Run("inner", func(t *testing.T) {
		dsn = DSN(t)
		if err := connect(t, dsn).QueryRow(context.Background(), "SELECT current_schema()").Scan(&schema); err != nil {
			t.Fatal(err)
		}
	})
	var left int
	err := connect(t, dsn).QueryRow(context.Background(), "SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("schemas named %s: got %d (error %v), want 0", schema, left, err)
	}
}

// The figures of a crash test mean nothing on a server that does not wait for the disk.
func TestServerWaitsForTheDisk(t *testing.T) {
	conn := connect(t, DSN(t))
	for _, setting := range []string{"fsync", "synchronous_commit"} {
		var got string
		if err := conn.QueryRow(context.Background(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != "on" {
			t.Errorf("%s: got %q (error %v), want on", setting, got, err)
		}
	}
}

func TestWithoutServerTheTestFails(t *testing.T) {
	for _, tc := range []struct{ name, server, want string }{
		{"not set", "", "run make test, or make pg"},
		{"not an address", "127.0.0.1:5432", "is not an address"},
		{"nobody there", "postgres://liandong@127.0.0.1:1/postgres?sslmode=disable", "make a schema"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(Env, tc.server)
			fake := &fakeT{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				DSN(fake)
			}()
			<-done
			if !strings.Contains(fake.fatal, tc.want) {
				t.Errorf("got failure %q, want one that says %q", fake.fatal, tc.want)
			}
		})
	}
	if os.Getenv(Env) == "" {
		t.Errorf("%s is lost after the test", Env)
	}
}

// fakeT keeps what a test would have failed with.
type fakeT struct {
	testing.TB
	fatal string
}

func (f *fakeT) Helper() {}

func (f *fakeT) Fatalf(format string, args ...any) {
	f.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
