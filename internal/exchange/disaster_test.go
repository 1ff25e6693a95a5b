package exchange

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/proof"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// prove exports the log of each side and verifies it.
func (p *pair) prove() {
	p.t.Helper()
	for _, s := range []*side{p.a, p.b} {
		if err := s.desk.Sequence(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
		var b bytes.Buffer
		if err := s.desk.ExportLog(p.t.Context(), s.op, &b); err != nil {
			p.t.Fatal(err)
		}
		mine := s.keys.Public(s.node.Platform, s.node.Name)
		r, err := proof.Verify(&b, proof.Options{Keys: map[string]seal.PublicKeys{mine.Platform: mine}})
		if err != nil || !r.OK {
			p.t.Errorf("the log of %s: got %+v, %v, want it proved", s.node.Line, r, err)
		}
	}
}

// count is how many rows a table of a side has.
func (s *side) count(t *testing.T, table string) (n int) {
	t.Helper()
	driver, dsn := "pgx", s.dsn
	if !s.st.Postgres() {
		driver, dsn = "sqlite", "file:"+s.dsn
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A peer is down for a week, while cases go on. Offers expire meanwhile, which
// people are told; when the peer is back and they send those again, everything
// reaches it, in the order of each leg, and once. With make torture ten thousand
// letters wait.
func TestWeekDown(t *testing.T) {
	cases := 20
	if os.Getenv("LIANDONG_TORTURE") != "" {
		cases = 2500
	}
	onBoth(t, func(t *testing.T, p *pair) {
		p.faulty(func(wire []byte) ([]byte, fault) { return wire, loseLetter })
		var legs []string
		for i := range cases {
			c := p.a.take(t, fmt.Sprintf("测试停机一周期间第%d件请出警", i))
			id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
			for _, v := range []leg.Verb{leg.Supplement, leg.Urge, leg.Supplement} {
				p.clock.Add(11 * time.Minute) // one may not urge without end
				p.a.act(t, id, v)
			}
			legs = append(legs, id)
			if i%(cases/10) == 0 {
				p.clock.Add(16 * time.Hour)
				if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.clock.Add(24 * time.Hour)
		for range cases { // the offers of the last day expire, too; a peer that is silent gets one letter a turn
			if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, true); err != nil {
				t.Fatal(err)
			}
		}
		p.calm()
		p.run()
		expired, err := p.a.st.Reader().LettersOut(t.Context(), p.b.node.Platform, store.LetterExpired, "", 10*cases)
		if err != nil || len(expired) == 0 {
			t.Fatalf("%d letters expired, %v, want some", len(expired), err)
		}
		for _, out := range expired {
			if out.Type != leg.TypeOffer {
				continue // it was voided
			}
			if lv, err := p.a.desk.Leg(t.Context(), p.a.op, out.LegID); err != nil || !lv.Undeliverable {
				t.Fatalf("leg %s of an expired offer: %+v, %v, want it undeliverable", out.LegID, lv, err)
			}
			if err := p.a.desk.MendLetter(t.Context(), p.a.op, out.ID, "resend", ""); err != nil {
				t.Fatal(err)
			}
		}
		p.run()
		p.agree()
		p.prove()
		for _, id := range legs {
			l, err := p.b.st.Reader().Leg(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.b.kinds(t, l.CaseID); got["received_case"] != 1 || got["supplement"] != 2 || l.InNo != 4 {
				t.Errorf("leg %s there: got %v up to letter %d, want it once, two supplements, up to letter 4", id, got, l.InNo)
			}
		}
	})
}

// The clock of both sides is set back by an hour while letters wait. They do not
// wait for it to catch up.
func TestClockSetBack(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.faulty(func(wire []byte) ([]byte, fault) { return wire, loseLetter })
		id := p.a.send(t, p.a.take(t, "测试时钟回拨期间有人打架").ID, desk.Order{To: "110"}).Legs[0].ID
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := p.a.x.Post(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		defer wg.Wait()
		defer stop()
		attempted := func() bool {
			out, err := p.a.st.Reader().LettersOut(ctx, p.b.node.Platform, store.LetterWaiting, "", 10)
			return err == nil && len(out) == 1 && out[0].Attempts > 0
		}
		eventually(t, "a first attempt", attempted)
		p.clock.Add(-time.Hour)
		p.calm()
		eventually(t, "the letter there", func() bool { _, err := p.b.st.Reader().Leg(ctx, id); return err == nil })
		eventually(t, "its receipt here", func() bool { return p.a.state(t, id) == leg.Received })
		p.agree()
		p.prove()
	})
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}

// A node that starts after its clock was set back finds letters that are due in
// an hour, longer than any is ever put off.
func TestClockSetBackBeforeStart(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		id := p.a.send(t, p.a.take(t, "测试开机前时钟回拨").ID, desk.Order{To: "110"}).Legs[0].ID
		p.clock.Add(-time.Hour)
		links, err := p.a.st.Reader().Links(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.a.x.watchClock(t.Context(), links, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if n, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); n.letters != 1 || err != nil {
			t.Fatalf("sent %d letters, %v, want 1", n.letters, err)
		}
		if got := p.a.state(t, id); got != leg.Received {
			t.Errorf("got %s, want it received", got)
		}
	})
}

// No file can grow any more. What was acknowledged is there, nothing else is,
// and when there is room again everything goes on. (SQLite only: the files of a
// PostgreSQL server are not ours.)
func TestFullDisk(t *testing.T) {
	p := newPair(t, "sqlite")
	legs := []string{p.a.send(t, p.a.take(t, "测试磁盘写满之前").ID, desk.Order{To: "110"}).Legs[0].ID}
	p.run()
	legs = append(legs, p.a.send(t, p.a.take(t, "测试磁盘写满时还没有寄出").ID, desk.Order{To: "110"}).Legs[0].ID)

	signal.Ignore(syscall.SIGXFSZ) // a write that goes too far fails instead
	defer signal.Reset(syscall.SIGXFSZ)
	var room syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &room); err != nil {
		t.Fatal(err)
	}
	full := room
	full.Cur = 0
	for _, s := range []*side{p.a, p.b} {
		info, err := os.Stat(s.dsn + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		full.Cur = max(full.Cur, uint64(info.Size()))
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &room)
	acknowledged, refused := 2, 0
	for i := range 20 {
		in := desk.In{Text: fmt.Sprintf("测试磁盘写满后第%d件", i), Channel: "phone", Region: "540102", CallerName: "张测试"}
		_, _, err := p.a.desk.Intake(t.Context(), p.a.op, in)
		switch {
		case err == nil:
			acknowledged++
		case hotline.KindOf(err) == hotline.Unavailable:
			refused++
		default:
			t.Errorf("intake on a full disk: got %v, want it unavailable", err)
		}
		_, _ = p.a.x.sendDue(t.Context(), p.b.node.Platform, false) // whatever it says, nothing is lost by it
	}
	if refused == 0 {
		t.Fatal("the disk was not full")
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &room); err != nil {
		t.Fatal(err)
	}
	p.run()
	p.agree()
	p.prove()
	if got := p.a.count(t, "case_file"); got != acknowledged {
		t.Errorf("got %d cases, want the %d that were acknowledged", got, acknowledged)
	}
	if got := p.b.count(t, "case_file"); got != len(legs) {
		t.Errorf("got %d cases there, want %d", got, len(legs))
	}
	for _, id := range legs {
		if a, b := p.a.state(t, id), p.b.state(t, id); a != leg.Received || b != leg.Received {
			t.Errorf("leg %s: %s here, %s there, want both received", id, a, b)
		}
	}
}

// reconnect uses every connection of both pools of each side, so that those that
// were ended are gone from them.
func (p *pair) reconnect() {
	p.t.Helper()
	for range 3 {
		var wg sync.WaitGroup
		for _, s := range []*side{p.a, p.b} {
			for range 32 {
				wg.Go(func() {
					_, _ = s.st.Reader().Links(p.t.Context())
					_ = s.st.WriteSilently(p.t.Context(), func(tx *store.Tx) error { _, err := tx.Links(p.t.Context()); return err })
				})
			}
		}
		wg.Wait()
	}
}

// The server ends every connection again and again, as at a restart, under
// clerks who take and pass on. Each tries until it is told that it was done; what
// was done is there once.
func TestDatabaseRestarted(t *testing.T) {
	const clerks, each = 4, 12
	p := newPair(t, "postgres")
	ctx, stop := context.WithCancel(t.Context())
	var server, people sync.WaitGroup
	restarts := 0
	server.Go(func() {
		for ; ctx.Err() == nil; restarts++ {
			for _, s := range []*side{p.a, p.b} {
				s.sql(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()`)
			}
			sleep(ctx, 30*time.Millisecond+rand.N(60*time.Millisecond), nil)
		}
	})
	server.Go(func() {
		for ctx.Err() == nil {
			_, _ = p.a.x.sendDue(ctx, p.b.node.Platform, false)
			sleep(ctx, 5*time.Millisecond, nil)
		}
	})
	failed := make([]int, clerks)
	for c := range clerks {
		people.Go(func() {
			for i := range each {
				in := desk.In{Text: fmt.Sprintf("测试数据库重启第%d席第%d件", c, i), Channel: "phone", Region: "540102", CallerName: "张测试",
					Key: fmt.Sprintf("restart-%d-%d", c, i), Legs: []desk.Order{{To: "110"}}}
				for {
					if _, _, err := p.a.desk.Intake(ctx, p.a.op, in); err == nil {
						break
					}
					failed[c]++
					sleep(ctx, 10*time.Millisecond, nil)
				}
			}
		})
	}
	people.Wait()
	stop()
	server.Wait()
	p.reconnect()
	p.run()
	p.agree()
	p.prove()
	for _, s := range []*side{p.a, p.b} {
		if got := s.count(t, "case_file"); got != clerks*each {
			t.Errorf("%s: got %d cases, want %d", s.node.Line, got, clerks*each)
		}
	}
	t.Logf("%d times all connections were ended, attempts that failed: %v", restarts, failed)
}
