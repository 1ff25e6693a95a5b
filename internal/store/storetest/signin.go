package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

func failures(t *testing.T, st *store.Store) {
	ctx := t.Context()
	p, other := newPerson("a"), newPerson("b")
	addPerson(t, st, p)
	addPerson(t, st, other)
	until := start.Add(time.Hour)
	for i, want := range []struct {
		failed int
		locked time.Time
	}{{1, time.Time{}}, {2, time.Time{}}, {0, until}, {1, until}} {
		write(t, st, func(tx *store.Tx) error { return tx.CountFailure(ctx, p.ID, 3, until) })
		got, err := st.Reader().PersonByLogin(ctx, "a")
		if err != nil || got.Failed != want.failed || !got.LockedUntil.Equal(want.locked) {
			t.Errorf("failure %d of 3: got %d, locked until %v (error %v), want %d, %v", i+1, got.Failed, got.LockedUntil, err, want.failed, want.locked)
		}
	}
	got, err := st.Reader().PersonByLogin(ctx, "b")
	want(t, "somebody else", got, err, other)

	admit := func(what, id, password string, at time.Time, want bool) {
		t.Helper()
		var got bool
		write(t, st, func(tx *store.Tx) (err error) {
			got, err = tx.Admit(ctx, id, password, at)
			return err
		})
		if got != want {
			t.Errorf("admit %s: got %v, want %v", what, got, want)
		}
	}
	admit("while locked", p.ID, p.Password, until.Add(-time.Second), false)
	admit("with another password", p.ID, "old hash", until, false)
	admit("nobody", "nobody", p.Password, until, false)
	admit("when the lock is over", p.ID, p.Password, until, true)
	got, err = st.Reader().PersonByLogin(ctx, "a")
	want(t, "admitted: nothing counted", got, err, p)
	write(t, st, func(tx *store.Tx) error { return tx.SetActive(ctx, p.ID, false) })
	admit("somebody put out", p.ID, p.Password, until, false)
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.CountFailure(ctx, "nobody", 3, until) })
	wantCode(t, "a failure of nobody", err, hotline.Conflict, "stale")
}

func putOut(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	p, other := newPerson("a"), newPerson("b")
	addPerson(t, st, p)
	addPerson(t, st, other)
	for hash, of := range map[string]string{"h1": p.ID, "h2": p.ID, "h3": other.ID} {
		write(t, st, func(tx *store.Tx) error {
			return tx.AddSession(ctx, store.Session{Hash: hash, PersonID: of, CreatedAt: start, ExpiresAt: start.Add(time.Hour)})
		})
	}
	write(t, st, func(tx *store.Tx) error { return tx.CountFailure(ctx, p.ID, 3, start) })
	for _, active := range []bool{false, true} { // sessions do not come back
		write(t, st, func(tx *store.Tx) error { return tx.SetActive(ctx, p.ID, active) })
		p.Active = active
		got, err := r.PersonByLogin(ctx, "a")
		want(t, "changed", got, err, p)
		for _, hash := range []string{"h1", "h2"} {
			_, _, err := r.Session(ctx, hash, start)
			wantCode(t, "session of somebody put out", err, hotline.NotFound, "session_not_found")
		}
	}
	if _, _, err := r.Session(ctx, "h3", start); err != nil {
		t.Errorf("somebody else's session: got %v, want it open", err)
	}
	err := st.Write(ctx, func(tx *store.Tx) error { return tx.SetActive(ctx, "nobody", false) })
	wantCode(t, "nobody", err, hotline.Conflict, "stale")
}

func tokensEnd(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var kept []store.Token
	for _, id := range []string{"1", "2"} {
		k := store.Token{ID: id, Hash: "hash " + id, Name: "程序" + id, Scopes: []hotline.Right{hotline.SeeCases, hotline.TakeCases}, Region: "540100",
			Active: true, CreatedAt: start}
		write(t, st, func(tx *store.Tx) error { return tx.AddToken(ctx, k) })
		k.Hash = "" // lists do not show it
		kept = append(kept, k)
	}
	got, err := st.Reader().Tokens(ctx)
	want(t, "tokens", got, err, kept)
	for range 2 {
		write(t, st, func(tx *store.Tx) error { return tx.RevokeToken(ctx, "1") })
		kept[0].Active = false
		got, err = st.Reader().Tokens(ctx)
		want(t, "one revoked", got, err, kept)
	}
	_, err = st.Reader().Token(ctx, "hash 1")
	wantCode(t, "revoked", err, hotline.NotFound, "token_not_found")
	if _, err := st.Reader().Token(ctx, "hash 2"); err != nil {
		t.Errorf("the other: got %v, want it to be good", err)
	}
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.RevokeToken(ctx, "3") })
	wantCode(t, "unknown", err, hotline.NotFound, "token_unknown")
}
