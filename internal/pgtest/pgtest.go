// Package pgtest gives a test a PostgreSQL schema of its own, on a real server. It starts none itself: make test starts one
// for all tests, make pg one for a developer. Only test files may import it.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the environment variable with the server's address, a URL that begins with postgres://.
const Env = "LIANDONG_TEST_PG"

// DSN returns the address of a new, empty schema on the test server; it is the only one in the search path. The schema goes
// when the test ends, so connections opened after this call must be closed by then: with t.Cleanup, say.
// Where there is no server the test fails.
func DSN(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		t.Fatalf("no PostgreSQL to test on: run make test, or make pg to start one and export %s", Env)
	}
	address, err := url.Parse(server)
	if err != nil || !strings.HasPrefix(address.Scheme, "postgres") {
		t.Fatalf("%s is not an address such as postgres://user:password@127.0.0.1:5432/postgres", Env)
	}

	schema := "test_" + strings.ToLower(rand.Text())
	if err := exec(server, "CREATE SCHEMA "+schema); err != nil {
		t.Fatalf("make a schema on the server that %s names: %v", Env, err)
	}
	t.Cleanup(func() {
		// The limit turns a connection that somebody forgot, with a transaction open, into a message instead of a hang.
		if err := exec(server, "SET lock_timeout = '10s'", "SET client_min_messages = warning", "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Errorf("drop schema %s: %v; is every connection of the test closed?", schema, err)
		}
	})

	// As an option of the session, since PostgreSQL's own tools refuse search_path as a parameter of the address.
	query := address.Query()
	query.Set("options", strings.TrimSpace(query.Get("options")+" -csearch_path="+schema))
	query.Set("application_name", schema) // so that a test can tell its connections from others'
	address.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return address.String()
}

func exec(dsn string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
