package exchange

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// reopen opens a side's database again, as a start does.
func (s *side) reopen(t *testing.T, p *pair) {
	t.Helper()
	st, err := store.Open(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s.st = st
	if s.node, err = st.Reader().Node(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.restart(t, p, s.keys)
}

// backup copies the database of a side as the manual says, and returns what puts
// it back; the side's database must be closed by then.
func (s *side) backup(t *testing.T) (back func()) {
	t.Helper()
	if s.st.Postgres() {
		dump := filepath.Join(t.TempDir(), "backup.sql")
		address, err := url.Parse(s.dsn)
		if err != nil {
			t.Fatal(err)
		}
		schema := address.Query().Get("application_name")
		pg(t, "pg_dump", "-n", schema, "-f", dump, psqlDSN(s.dsn))
		return func() {
			pg(t, "psql", "-X", "-q", "-c", "SET client_min_messages = warning", "-c", "DROP SCHEMA "+schema+" CASCADE", psqlDSN(s.dsn))
			pg(t, "psql", "-X", "-q", "-o", os.DevNull, "-v", "ON_ERROR_STOP=1", "-f", dump, psqlDSN(s.dsn))
		}
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	s.sql(t, `VACUUM INTO '`+file+`'`)
	return func() {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, ending := range []string{"-wal", "-shm"} {
			if err := os.Remove(s.dsn + ending); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(s.dsn, doc, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A node whose database was put back from a backup raises its epoch; its peer
// says so, and sends again what was lost, once, under the same numbers.
func TestRestoredFromABackup(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) { p.restored(t) })
}

func (p *pair) restored(t *testing.T) {
	_, kept := p.transfers(t)
	p.tellHeads()
	back := p.b.backup(t)
	p.b.act(t, kept, leg.Progress)
	lost := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"}).Legs[0].ID
	p.run()
	p.tellHeads()

	if err := p.b.st.Close(); err != nil {
		t.Fatal(err)
	}
	back()
	p.b.reopen(t, p)
	if _, err := p.b.st.Reader().Leg(t.Context(), lost); err == nil {
		t.Fatal("the backup knows what came after it")
	}
	epoch, to, err := p.b.desk.Restored(t.Context())
	if err != nil || epoch != 2 || !to.Before(p.clock.Now().Add(-time.Minute)) {
		t.Fatalf("got epoch %d, until %s, %v, want the second, and the time of the backup", epoch, to, err)
	}
	p.b.restart(t, p, p.b.keys)
	if p.b.node, err = p.b.st.Reader().Node(t.Context()); err != nil || p.b.node.Epoch != 2 {
		t.Fatalf("got the node %+v, %v", p.b.node, err)
	}
	p.b.restart(t, p, p.b.keys)

	p.tellHeads()
	if got := p.a.peer(t); !got.Unproven() || got.Head.Unproven != "restored" {
		t.Errorf("the peer says %+v, want it restored", got.Head)
	}
	if got := p.b.state(t, lost); got != leg.Received {
		t.Errorf("what was lost is %s, want received again", got)
	}
	if events := p.a.kinds(t, p.a.leg(t, lost).CaseID); events["receive"] != 1 {
		t.Errorf("at the sender: got %v, want one receipt, however often it was sent", events)
	}
	before, err := p.a.st.Reader().LettersOutOfCase(t.Context(), p.a.leg(t, lost).CaseID)
	if err != nil {
		t.Fatal(err)
	}
	p.b.take(t, "城关区路灯坏了三天没有人来修")
	p.tellHeads() // there is a new head, and nothing is sent again with it
	after, err := p.a.st.Reader().LettersOutOfCase(t.Context(), p.a.leg(t, lost).CaseID)
	if err != nil || len(after) != len(before) || !after[0].AnsweredAt.Equal(before[0].AnsweredAt) {
		t.Errorf("sent again without a reason: %+v, then %+v, %v", before, after, err)
	}
	p.transfers(t)
}
