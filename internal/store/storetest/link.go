package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

func node(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var n store.Node
	fill(&n, 1)
	write(t, st, func(tx *store.Tx) error { return tx.AddNode(ctx, n) })
	got, err := st.Reader().Node(ctx)
	n.RestoredTo = time.Time{} // a new database was not put back from anywhere
	want(t, "node", got, err, n)
	write(t, st, func(tx *store.Tx) error { return tx.RaiseEpoch(ctx, start) })
	raised := n
	raised.Epoch, raised.RestoredTo = n.Epoch+1, start
	got, err = st.Reader().Node(ctx)
	want(t, "restored", got, err, raised)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddNode(ctx, n) }); !store.IsDuplicate(err) {
		t.Errorf("a second node in one database: got %v, want a duplicate", err)
	}
}

func links(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var l, other store.Link
	fill(&l, 1)
	fill(&other, 2)
	l.Peer, other.Peer = "p1", "p0"
	put := func(l store.Link) { write(t, st, func(tx *store.Tx) error { return tx.PutLink(ctx, l) }) }
	put(l)
	put(other)
	// What the node notes of a link by itself is not the administrator's to write.
	l.HeardAt, l.StuckAt, l.Trouble = time.Time{}, time.Time{}, ""
	other.HeardAt, other.StuckAt, other.Trouble = time.Time{}, time.Time{}, ""
	got, err := st.Reader().Links(ctx)
	want(t, "by code", got, err, []store.Link{other, l})

	write(t, st, func(tx *store.Tx) error { _, err := tx.StuckLink(ctx, "p1", start, "no answer"); return err })
	var changed store.Link
	fill(&changed, 3)
	changed.Peer, changed.Active = "p1", false
	put(changed)
	changed.CreatedAt, changed.HeardAt, changed.StuckAt, changed.Trouble = l.CreatedAt, time.Time{}, start, "no answer"
	changed.ToldKeys, changed.ToldKid = l.ToldKeys, l.ToldKid
	got, err = st.Reader().Links(ctx)
	want(t, "changed", got, err, []store.Link{other, changed})
}

func linkHealth(t *testing.T, st *store.Store) {
	ctx := t.Context()
	write(t, st, func(tx *store.Tx) error { return tx.PutLink(ctx, store.Link{Peer: "p1", CreatedAt: start}) })
	heard := func(at time.Time) (was bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error { var err error; was, err = tx.HeardLink(ctx, "p1", at); return err })
		return was
	}
	stuck := func(at time.Time, why string) (isNew bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error { var err error; isNew, err = tx.StuckLink(ctx, "p1", at, why); return err })
		return isNew
	}
	state := func() store.Link {
		t.Helper()
		ls, err := st.Reader().Links(ctx)
		if err != nil || len(ls) != 1 {
			t.Fatalf("links: got %d (error %v), want 1", len(ls), err)
		}
		return ls[0]
	}
	if heard(start) || !state().HeardAt.Equal(start) {
		t.Errorf("first heard: got %+v, want it heard at %v and not stuck before", state(), start)
	}
	heard(start.Add(9 * time.Second))
	if got := state().HeardAt; !got.Equal(start) {
		t.Errorf("heard again within ten seconds: got a write, at %v", got)
	}
	heard(start.Add(11 * time.Second))
	if got := state().HeardAt; !got.Equal(start.Add(11 * time.Second)) {
		t.Errorf("heard later: got %v, want the later moment", got)
	}
	if !stuck(start.Add(time.Minute), "no answer") || stuck(start.Add(2*time.Minute), "still none") {
		t.Error("a link gets stuck: want it new once")
	}
	if got := state(); !got.StuckAt.Equal(start.Add(time.Minute)) || got.Trouble != "no answer" {
		t.Errorf("stuck: got since %v, %q, want since the first time", got.StuckAt, got.Trouble)
	}
	if !heard(start.Add(3*time.Minute)) || heard(start.Add(3*time.Minute)) {
		t.Error("a stuck link answers: want it told once")
	}
	if got := state(); !got.StuckAt.IsZero() || got.Trouble != "" || !got.HeardAt.Equal(start.Add(3*time.Minute)) {
		t.Errorf("mended: got %+v, want no trouble", got)
	}
	write(t, st, func(tx *store.Tx) error {
		if is, err := tx.StuckLink(ctx, "nobody", start, "x"); is || err != nil {
			t.Errorf("a link that is not there: got new %v, error %v, want neither", is, err)
		}
		return nil
	})
}

func documents(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var d store.Document
	fill(&d, 1)
	write(t, st, func(tx *store.Tx) error { return tx.AddDocument(ctx, d) })
	got, err := r.Document(ctx, d.Kind, d.Version)
	want(t, "document", got, err, d)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddDocument(ctx, d) }); !store.IsDuplicate(err) {
		t.Errorf("a version written twice: got %v, want a duplicate", err)
	}
	for i, v := range []struct{ version, from string }{{"old", "2025-01-01"}, {"next", "2026-07-01"}, {"now", "2026-01-01"}, {"now, mended", "2026-01-01"}} {
		write(t, st, func(tx *store.Tx) error {
			return tx.AddDocument(ctx, store.Document{Kind: "catalogue", Version: v.version, EffectiveFrom: v.from, LoadedAt: start.Add(time.Duration(i) * time.Hour)})
		})
	}
	version := func(d store.Document) string { return d.Version }
	for day, order := range map[string][]string{
		"2026-03-11": {"now, mended", "now", "old", "next"},
		"2026-06-30": {"now, mended", "now", "old", "next"},
		"2026-07-01": {"next", "now, mended", "now", "old"},
		"2025-01-01": {"old", "next", "now, mended", "now"},
	} {
		vs, err := r.Versions(ctx, "catalogue", day)
		want(t, "versions on "+day, ids(vs, version), err, order)
	}
	vs, err := r.Versions(ctx, d.Kind, "9999-12-31")
	d.Content = "" // lists go without
	d.Tested = ""
	want(t, "a version in a list", vs, err, []store.Document{d})
}

func leases(t *testing.T, st *store.Store) {
	ctx := t.Context()
	take := func(name, holder string, now, until time.Duration) (has bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error {
			var err error
			has, err = tx.TakeLease(ctx, name, holder, start.Add(now), start.Add(until))
			return err
		})
		return has
	}
	for i, step := range []struct {
		name, holder string
		now, until   time.Duration
		want         bool
	}{
		{"postman", "a", 0, 10 * time.Second, true},
		{"postman", "b", 5 * time.Second, 15 * time.Second, false},
		{"clocks", "b", 5 * time.Second, 15 * time.Second, true},
		{"postman", "a", 8 * time.Second, 18 * time.Second, true}, // renewed
		{"postman", "b", 11 * time.Second, 21 * time.Second, false},
		{"postman", "b", 18 * time.Second, 28 * time.Second, false}, // until is the last moment of the old one
		{"postman", "b", 18*time.Second + time.Microsecond, 28 * time.Second, true},
		{"postman", "a", 19 * time.Second, 29 * time.Second, false},
		{"postman", "b", 19 * time.Second, 19 * time.Second, true}, // given back
		{"postman", "a", 20 * time.Second, 30 * time.Second, true},
		{"postman", "b", -70 * time.Second, -60 * time.Second, false},
		{"postman", "b", -71 * time.Second, -61 * time.Second, true}, // the clock was set back
	} {
		if got := take(step.name, step.holder, step.now, step.until); got != step.want {
			t.Errorf("step %d, %s takes %s: got %v, want %v", i, step.holder, step.name, got, step.want)
		}
	}
}

func disputes(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var d store.Dispute
	fill(&d, 1)
	d.ID, d.CaseID, d.ClosedAt = "d2", "c1", time.Time{}
	first := store.Dispute{ID: "d1", CaseID: "c1", OpenedAt: start}
	other := store.Dispute{ID: "d0", CaseID: "c2", OpenedAt: start}
	for _, x := range []store.Dispute{d, first, other} {
		write(t, st, func(tx *store.Tx) error { return tx.AddDispute(ctx, x) })
	}
	got, err := st.Reader().Disputes(ctx, "c1")
	want(t, "open", got, err, []store.Dispute{first, d})
	write(t, st, func(tx *store.Tx) error { return tx.CloseDisputes(ctx, "c1", start) })
	write(t, st, func(tx *store.Tx) error { return tx.CloseDisputes(ctx, "c1", start.Add(time.Hour)) })
	first.ClosedAt, d.ClosedAt = start, start
	got, err = st.Reader().Disputes(ctx, "c1")
	want(t, "closed once", got, err, []store.Dispute{first, d})
	got, err = st.Reader().Disputes(ctx, "c2")
	want(t, "of another case", got, err, []store.Dispute{other})
}

func newPerson(login string) store.Person {
	return store.Person{ID: hotline.NewID(), Login: login, Name: "张测试", Password: "hash", Role: hotline.Operator, Language: "zh-CN",
		Active: true, CreatedAt: start}
}

func addPerson(t *testing.T, st *store.Store, p store.Person) {
	t.Helper()
	write(t, st, func(tx *store.Tx) error { return tx.AddPerson(t.Context(), p) })
}

func people(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var p store.Person
	fill(&p, 1)
	p.Login = "b"
	addPerson(t, st, p)
	got, err := r.PersonByLogin(ctx, "b")
	want(t, "added", got, err, p)
	for _, login := range []string{"王", "B", "a"} {
		q := newPerson(login)
		q.Active = false
		addPerson(t, st, q)
	}
	list, err := r.People(ctx)
	want(t, "byte by byte on every engine", ids(list, func(p store.Person) string { return p.Login }), err, []string{"B", "a", "b", "王"})
	if list[0].Active {
		t.Error("somebody who may not sign in: got active, want not")
	}
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddPerson(ctx, newPerson("b")) }); !store.IsDuplicate(err) {
		t.Errorf("a login that is taken: got %v, want a duplicate", err)
	}

	p.Failed, p.LockedUntil = 0, start.Add(time.Hour)
	write(t, st, func(tx *store.Tx) error { return tx.CountFailure(ctx, p.ID, 1, p.LockedUntil) })
	got, err = r.PersonByLogin(ctx, "b")
	want(t, "locked", got, err, p)
	p.Language = "en"
	write(t, st, func(tx *store.Tx) error { return tx.SetLanguage(ctx, p.ID, p.Language) })
	got, err = r.PersonByLogin(ctx, "b")
	want(t, "another language", got, err, p)

	for _, s := range []store.Session{{Hash: "h1", PersonID: p.ID}, {Hash: "h2", PersonID: list[0].ID}} {
		s.CreatedAt, s.ExpiresAt = start, start.Add(time.Hour)
		write(t, st, func(tx *store.Tx) error { return tx.AddSession(ctx, s) })
	}
	p.Password, p.Failed, p.LockedUntil = "another hash", 0, time.Time{}
	write(t, st, func(tx *store.Tx) error { return tx.SetPassword(ctx, p.ID, p.Password) })
	got, err = r.PersonByLogin(ctx, "b")
	want(t, "another password", got, err, p)
	_, _, err = r.Session(ctx, "h1", start)
	wantCode(t, "a session from before it", err, hotline.NotFound, "session_not_found")
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.SetPassword(ctx, "nobody", "x") })
	wantCode(t, "the password of nobody", err, hotline.Conflict, "stale")
	list, err = r.People(ctx)
	if err != nil || list[0].Password != "hash" {
		t.Errorf("the password of another: got %q (error %v), want it left alone", list[0].Password, err)
	}
}

func sessions(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	p, gone := newPerson("a"), newPerson("b")
	gone.Active = false
	addPerson(t, st, p)
	addPerson(t, st, gone)
	add := func(hash, person string, from, until time.Duration) store.Session {
		s := store.Session{Hash: hash, PersonID: person, CreatedAt: start.Add(from), ExpiresAt: start.Add(until)}
		write(t, st, func(tx *store.Tx) error { return tx.AddSession(ctx, s) })
		return s
	}
	s := add("h1", p.ID, 0, time.Hour)
	add("h2", gone.ID, 0, time.Hour)
	gotSession, gotPerson, err := r.Session(ctx, "h1", start)
	want(t, "session", gotSession, err, s)
	want(t, "its person", gotPerson, err, p)

	missing := func(what, hash string, at time.Duration) {
		t.Helper()
		_, _, err := r.Session(ctx, hash, start.Add(at))
		wantCode(t, what, err, hotline.NotFound, "session_not_found")
	}
	missing("of somebody who may not sign in any more", "h2", 0)
	missing("at the moment it ends", "h1", time.Hour)
	write(t, st, func(tx *store.Tx) error { return tx.ExtendSession(ctx, "h1", start.Add(2*time.Hour)) })
	if got, _, err := r.Session(ctx, "h1", start.Add(time.Hour)); err != nil || !got.ExpiresAt.Equal(start.Add(2*time.Hour)) {
		t.Errorf("extended: got until %v (error %v), want two hours", got.ExpiresAt, err)
	}
	pinned := s
	pinned.ExpiresAt, pinned.Locked, pinned.PIN = start.Add(2*time.Hour), true, "pin hash"
	write(t, st, func(tx *store.Tx) error {
		if err := tx.SetPIN(ctx, "h1", pinned.PIN); err != nil {
			return err
		}
		return tx.LockSession(ctx, "h1", true)
	})
	gotSession, _, err = r.Session(ctx, "h1", start)
	want(t, "locked", gotSession, err, pinned)
	wrong := func() { write(t, st, func(tx *store.Tx) error { return tx.CountWrongPIN(ctx, "h1", 2) }) }
	wrong()
	pinned.PINFailed = 1
	gotSession, _, err = r.Session(ctx, "h1", start)
	want(t, "a wrong pin", gotSession, err, pinned)
	write(t, st, func(tx *store.Tx) error { return tx.LockSession(ctx, "h1", false) })
	pinned.Locked, pinned.PINFailed = false, 0
	gotSession, _, err = r.Session(ctx, "h1", start)
	want(t, "opened", gotSession, err, pinned)
	wrong()
	wrong()
	missing("after the last wrong pin", "h1", 0)
	s = add("h1", p.ID, 0, time.Hour)
	write(t, st, func(tx *store.Tx) error { return tx.EndSession(ctx, "h1") })
	missing("ended", "h1", 0)

	add("old", p.ID, 0, time.Minute)
	add("new", p.ID, 2*time.Minute, time.Hour) // drops what has ended by then
	missing("dropped", "old", 0)
	if _, _, err := r.Session(ctx, "new", start.Add(3*time.Minute)); err != nil {
		t.Errorf("a session opened beside it: got %v, want it open", err)
	}
	if err := st.Write(ctx, func(tx *store.Tx) error {
		return tx.AddSession(ctx, store.Session{Hash: "x", PersonID: "nobody", CreatedAt: start, ExpiresAt: start})
	}); err == nil {
		t.Error("a session of nobody: got no error, want it refused")
	}
}

func tokens(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var k store.Token
	fill(&k, 1)
	k.Scopes = []hotline.Right{hotline.TakeCases, hotline.SeeCases}
	add := func(k store.Token) error {
		return st.Write(ctx, func(tx *store.Tx) error { return tx.AddToken(ctx, k) })
	}
	if err := add(k); err != nil {
		t.Fatal(err)
	}
	got, err := st.Reader().Token(ctx, k.Hash)
	want(t, "token", got, err, k)
	bare := store.Token{ID: "bare", Hash: "bare hash", Active: true, CreatedAt: start}
	if err := add(bare); err != nil {
		t.Fatal(err)
	}
	got, err = st.Reader().Token(ctx, bare.Hash)
	want(t, "without scopes", got, err, bare)
	off := store.Token{ID: "off", Hash: "off hash", CreatedAt: start}
	if err := add(off); err != nil {
		t.Fatal(err)
	}
	_, err = st.Reader().Token(ctx, off.Hash)
	wantCode(t, "switched off", err, hotline.NotFound, "token_not_found")
	off.ID = "twin"
	if err := add(off); !store.IsDuplicate(err) {
		t.Errorf("a secret used twice: got %v, want a duplicate", err)
	}
}

// bells: whoever waits is woken by a write, and by no write that failed.
func bells(t *testing.T, st *store.Store) {
	ctx := t.Context()
	rang := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	letters, changes := st.Letters().Wait(), st.Changes().Wait()
	write(t, st, func(*store.Tx) error { return nil })
	if rang(letters) || !rang(changes) {
		t.Error("a write without letters: want the changes to ring, and they alone")
	}
	letters, changes = st.Letters().Wait(), st.Changes().Wait()
	if err := st.WriteSilently(ctx, func(*store.Tx) error { return nil }); err != nil || rang(letters) || rang(changes) {
		t.Errorf("a silent write: got %v, want it done and no bell", err)
	}
	failed := hotline.Errorf(hotline.Conflict, "case_closed", "")
	err := st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PostLetter(ctx, newLetter()); err != nil {
			return err
		}
		return failed
	})
	wantCode(t, "a failed write", err, hotline.Conflict, "case_closed")
	if rang(letters) || rang(changes) {
		t.Error("a failed write: want no bell")
	}
	write(t, st, func(tx *store.Tx) error { return tx.PostLetter(ctx, newLetter()) })
	if !rang(letters) || !rang(changes) {
		t.Error("a posted letter: want both bells")
	}
	if err := st.Ping(ctx); err != nil {
		t.Errorf("ping: got %v, want an answer", err)
	}
}
