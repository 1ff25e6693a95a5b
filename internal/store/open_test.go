package store_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/store/storetest"
)

// process runs this test program as a child on a database, until it says its
// first word.
func process(t *testing.T, dsn string) (cmd *exec.Cmd, words *bufio.Scanner, first string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childEnv+"="+dsn)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	words = bufio.NewScanner(out)
	if !words.Scan() {
		t.Fatalf("the child said nothing: %v", cmd.Wait())
	}
	return cmd, words, words.Text()
}

func TestSecondProcessOnOneFileIsRefused(t *testing.T) {
	dsn := storetest.DSN(t, "sqlite")
	st := storetest.Open(t, dsn)
	cmd, _, word := process(t, dsn)
	if err := cmd.Wait(); err != nil || word != "database_in_use" {
		t.Errorf("a second process: got %q (%v), want database_in_use", word, err)
	}
	_, err := store.Open(t.Context(), dsn)
	if hotline.KindOf(err) != hotline.Unavailable || hotline.CodeOf(err) != "database_in_use" {
		t.Errorf("a second store in this process: got %v, want database_in_use", err)
	}
	// The one that was refused has not harmed the first.
	if err := st.Write(t.Context(), func(tx *store.Tx) error { return tx.AddIntakeKey(t.Context(), keyed("still")) }); err != nil {
		t.Errorf("a write afterwards: got %v, want no error", err)
	}
}

// What was acknowledged is there after the process was killed, and the next one
// opens the database without being asked anything.
func TestAcknowledgedWritesSurviveAKill(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			dsn := storetest.DSN(t, engine)
			cmd, words, word := process(t, dsn)
			if word != "open" {
				t.Fatalf("the child said %q, want open", word)
			}
			var acked []string
			for len(acked) < 300 && words.Scan() {
				acked = append(acked, words.Text())
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			for words.Scan() { // said before it died
				acked = append(acked, words.Text())
			}
			if err := cmd.Wait(); err == nil || len(acked) < 300 {
				t.Fatalf("the child ended by itself after %d writes, want it killed", len(acked))
			}
			st := storetest.Open(t, dsn)
			for _, key := range acked {
				if _, err := st.Reader().IntakeKey(t.Context(), "test", key); err != nil {
					t.Errorf("write %s of %d acknowledged ones: got %v, want it there", key, len(acked), err)
				}
			}
		})
	}
}

func TestOpenFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no database")
	if err := os.WriteFile(file, []byte("this is a text and no database, and long enough to show it: 联动联动联动联动联动联动"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dsn := range map[string]string{
		"a file that is no database":      file,
		"a directory that cannot be made": filepath.Join(file, "x", "test.db"),
		"nobody at the address":           "postgres://nobody@127.0.0.1:1/none?sslmode=disable",
		"an address that cannot be read":  "postgres://%zz",
	} {
		st, err := store.Open(t.Context(), dsn)
		if err == nil {
			st.Close()
			t.Errorf("%s: got it open, want an error", name)
		}
	}
	// A fault gives the lock back.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, file)
}

// The path of a file is no URI, whatever characters its directory has.
func TestOddPaths(t *testing.T) {
	for _, name := range []string{"a b", "100%", "50%41", "what?x=1", "a#b", "数据", "plus+and&amp"} {
		dsn := filepath.Join(t.TempDir(), name, "data.db")
		st := storetest.Open(t, dsn)
		if err := st.Write(t.Context(), func(tx *store.Tx) error { return tx.AddIntakeKey(t.Context(), keyed("k")) }); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
		if _, err := os.Stat(dsn); err != nil {
			t.Errorf("%s: got %v, want the file where it was asked for", name, err)
		}
	}
}

func TestMigrationsTwiceAreNoOps(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			dsn := storetest.DSN(t, engine)
			st := storetest.Open(t, dsn)
			if err := st.Write(t.Context(), func(tx *store.Tx) error { return tx.AddIntakeKey(t.Context(), keyed("k")) }); err != nil {
				t.Fatal(err)
			}
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			before := schemaOf(t, engine, dsn)
			again := storetest.Open(t, dsn)
			if _, err := again.Reader().IntakeKey(t.Context(), "test", "k"); err != nil {
				t.Errorf("a row from before: got %v, want it there", err)
			}
			if again.Postgres() != (engine == "postgres") {
				t.Errorf("which engine it is: got PostgreSQL %v", again.Postgres())
			}
			compare(t, "schema after a second start", schemaOf(t, engine, dsn), before)
			if len(before.migrations) == 0 {
				t.Error("migrations: got none recorded, want some")
			}
		})
	}
}

// Any number of processes may start on one PostgreSQL database at once.
func TestConcurrentFirstStarts(t *testing.T) {
	dsn := storetest.DSN(t, "postgres")
	var wg sync.WaitGroup
	stores := make([]*store.Store, 4)
	for i := range stores {
		wg.Go(func() {
			st, err := store.Open(context.WithoutCancel(t.Context()), dsn)
			if err != nil {
				t.Errorf("process %d: got %v, want it open", i, err)
			}
			stores[i] = st
		})
	}
	wg.Wait()
	for _, st := range stores {
		if st != nil {
			st.Close()
		}
	}
	if got := schemaOf(t, "postgres", dsn).migrations; len(got) == 0 || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("migrations recorded: got %v, want each once", got)
	}
}
