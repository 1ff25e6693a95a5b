package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

func newLetter(change ...func(*store.LetterOut)) store.LetterOut {
	l := store.LetterOut{ID: hotline.NewID(), Peer: "p1", CaseID: "c1", LegID: "l1", Type: "offer", Number: 1, Content: "{}", Hash: "h",
		CreatedAt: start}
	for _, f := range change {
		f(&l)
	}
	return l
}

func post(t *testing.T, st *store.Store, change ...func(*store.LetterOut)) string {
	t.Helper()
	l := newLetter(change...)
	write(t, st, func(tx *store.Tx) error { return tx.PostLetter(t.Context(), l) })
	return l.ID
}

func numbered(legID string, number int64) func(*store.LetterOut) {
	return func(l *store.LetterOut) { l.LegID, l.Number = legID, number }
}

func due(t *testing.T, st *store.Store, now time.Time) []string {
	t.Helper()
	got, err := st.Reader().Due(t.Context(), "p1", now, false, 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	return ids(got, letterOutID)
}

func letterOutRoundTrip(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var l store.LetterOut
	fill(&l, 1)
	write(t, st, func(tx *store.Tx) error { return tx.PostLetter(ctx, l) })
	// A letter starts to wait when it is posted, whatever else is said of it.
	l.State, l.Attempts, l.NextTryAt, l.LastError, l.Answer, l.AnsweredAt, l.HandedAt = store.LetterWaiting, 0, l.CreatedAt, "", "", time.Time{}, time.Time{}
	got, err := r.LetterOut(ctx, l.ID)
	want(t, "posted", got, err, l)

	l.Attempts, l.NextTryAt, l.LastError = 3, start.Add(time.Hour), "没有应答"
	write(t, st, func(tx *store.Tx) error { return tx.RetryLetter(ctx, l.ID, l.Attempts, l.NextTryAt, l.LastError) })
	got, err = r.LetterOut(ctx, l.ID)
	want(t, "tried", got, err, l)

	l.State, l.Answer, l.AnsweredAt, l.NextTryAt = store.LetterRefused, `{"re":"x"}`, start.Add(2*time.Hour), time.Time{}
	write(t, st, func(tx *store.Tx) error {
		_, err := tx.EndLetter(ctx, l.ID, l.State, l.Answer, l.AnsweredAt)
		return err
	})
	got, err = r.LetterOut(ctx, l.ID)
	want(t, "ended", got, err, l)
	write(t, st, func(tx *store.Tx) error { return tx.RetryLetter(ctx, l.ID, 99, start, "too late") })
	got, err = r.LetterOut(ctx, l.ID)
	want(t, "tried after its end", got, err, l)

	bare := store.LetterOut{ID: "bare", Peer: "p", State: store.LetterWaiting, CreatedAt: start, NextTryAt: start}
	write(t, st, func(tx *store.Tx) error { return tx.PostLetter(ctx, bare) })
	got, err = r.LetterOut(ctx, bare.ID)
	want(t, "with little in it", got, err, bare)

	some, err := r.LettersOutByID(ctx, bare.ID, "none", l.ID)
	want(t, "several by their ids", some, err, map[string]store.LetterOut{bare.ID: bare, l.ID: l})

	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.PostLetter(ctx, bare) }); !store.IsDuplicate(err) {
		t.Errorf("a letter with an id that is taken: got %v, want a duplicate", err)
	}
	same := newLetter(numbered(l.LegID, l.Number))
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.PostLetter(ctx, same) }); !store.IsDuplicate(err) {
		t.Errorf("a number used twice in a leg: got %v, want a duplicate", err)
	}
}

func dueLetters(t *testing.T, st *store.Store) {
	ctx := t.Context()
	later := start.Add(time.Minute)
	one := post(t, st, numbered("l1", 1))
	two := post(t, st, numbered("l1", 2))
	three := post(t, st, numbered("l1", 3))
	other := post(t, st, numbered("l2", 5))
	loose := post(t, st, numbered("l1", 0)) // unnumbered letters wait for nobody, and nobody for them
	post(t, st, func(l *store.LetterOut) { l.Peer, l.LegID = "p2", "l3" })
	future := post(t, st, func(l *store.LetterOut) { l.LegID, l.CreatedAt = "l4", later.Add(time.Microsecond) })

	want(t, "the first of each leg, oldest first", due(t, st, later), nil, []string{one, other, loose})
	want(t, "before they were written", due(t, st, start.Add(-time.Microsecond)), nil, []string{})
	got, err := st.Reader().Due(ctx, "p1", later, false, 2, 1)
	want(t, "two of them", ids(got, letterOutID), err, []string{one, other})

	// The first backs off, and the ones behind it wait with it.
	write(t, st, func(tx *store.Tx) error { return tx.RetryLetter(ctx, one, 1, later.Add(time.Hour), "no answer") })
	want(t, "behind one that backs off", due(t, st, later), nil, []string{other, loose})
	at, err := st.Reader().NextLetterAt(ctx, "p1")
	want(t, "next", at, err, start)
	want(t, "all in time", due(t, st, later.Add(time.Hour)), nil, []string{other, loose, future, one})

	// Numbers are compared as numbers: 10 comes after 2.
	ten := post(t, st, numbered("l1", 10))
	for _, step := range []struct {
		end  string
		then []string
	}{{one, []string{two, other, loose}}, {two, []string{three, other, loose}}, {three, []string{other, loose, ten}}, {ten, []string{other, loose}}} {
		write(t, st, func(tx *store.Tx) error {
			_, err := tx.EndLetter(ctx, step.end, store.LetterReceipted, "{}", later)
			return err
		})
		want(t, "after the one before is receipted", due(t, st, later), nil, step.then)
	}

	urgent := post(t, st, numbered("l5", 1), func(l *store.LetterOut) { l.CreatedAt, l.Urgent = later, true })
	post(t, st, numbered("l5", 2), func(l *store.LetterOut) { l.Urgent = true })
	want(t, "an urgent one first, and only the first of its leg", due(t, st, later), nil, []string{urgent, other, loose})
	got, err = st.Reader().Due(ctx, "p1", later, false, 1, 1)
	want(t, "one of them", ids(got, letterOutID), err, []string{urgent})
}

func letterEndsOnce(t *testing.T, st *store.Store) {
	ctx := t.Context()
	id := post(t, st)
	end := func(state string) (was bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error {
			var err error
			was, err = tx.EndLetter(ctx, id, state, state+" answer", start)
			return err
		})
		return was
	}
	if !end(store.LetterReceipted) {
		t.Error("the first receipt: got no effect, want one")
	}
	if end(store.LetterReceipted) || end(store.LetterRefused) {
		t.Error("a second answer: got an effect, want none")
	}
	got, err := st.Reader().LetterOut(ctx, id)
	if err != nil || got.State != store.LetterReceipted || got.Answer != "receipted answer" {
		t.Errorf("after two answers: got %s, %q (error %v), want the first to stand", got.State, got.Answer, err)
	}
	other := post(t, st, numbered("l2", 1))
	if err := st.Write(ctx, func(tx *store.Tx) error { _, err := tx.EndLetter(ctx, other, "eaten", "", start); return err }); err == nil {
		t.Error("an impossible end: got no error, want it refused")
	}
}

func endWaiting(t *testing.T, st *store.Store) {
	ctx := t.Context()
	id := post(t, st)
	end := func(state string) error {
		return st.Write(ctx, func(tx *store.Tx) error {
			return tx.EndWaiting(ctx, start, store.Ended{ID: id, State: state, Answer: state + " answer"})
		})
	}
	if err := end(store.LetterRefused); err != nil {
		t.Fatalf("a waiting letter: got %v, want it ended", err)
	}
	got, err := st.Reader().LetterOut(ctx, id)
	want(t, "ended", got, err, newLetter(func(l *store.LetterOut) {
		l.ID, l.State, l.Answer, l.AnsweredAt = id, store.LetterRefused, "refused answer", start
	}))
	wantCode(t, "ended twice", end(store.LetterReceipted), hotline.Conflict, "stale")

	second, third := post(t, st, numbered("l2", 1)), post(t, st, numbered("l2", 2))
	both := func() error {
		return st.Write(ctx, func(tx *store.Tx) error {
			return tx.EndWaiting(ctx, start, store.Ended{ID: second, State: store.LetterReceipted, Answer: "a"}, store.Ended{ID: third, State: store.LetterRefused, Answer: "b"})
		})
	}
	if err := both(); err != nil {
		t.Fatalf("two waiting letters: got %v, want them ended", err)
	}
	some, err := st.Reader().LettersOutByID(ctx, second, third)
	want(t, "ended together", some, err, map[string]store.LetterOut{
		second: newLetter(numbered("l2", 1), func(l *store.LetterOut) {
			l.ID, l.State, l.Answer, l.AnsweredAt = second, store.LetterReceipted, "a", start
		}),
		third: newLetter(numbered("l2", 2), func(l *store.LetterOut) {
			l.ID, l.State, l.Answer, l.AnsweredAt = third, store.LetterRefused, "b", start
		}),
	})
	wantCode(t, "two of which both have ended", both(), hotline.Conflict, "stale")
	fourth := post(t, st, numbered("l2", 3))
	wantCode(t, "two of which one has ended", st.Write(ctx, func(tx *store.Tx) error {
		return tx.EndWaiting(ctx, start, store.Ended{ID: fourth, State: store.LetterReceipted, Answer: "c"}, store.Ended{ID: third, State: store.LetterReceipted, Answer: "c"})
	}), hotline.Conflict, "stale")
	got, err = st.Reader().LetterOut(ctx, fourth)
	want(t, "the one that had not", got.State, err, store.LetterWaiting)
}

func voidTakesNumber(t *testing.T, st *store.Store) {
	ctx := t.Context()
	lost := post(t, st, numbered("l1", 4))
	behind := post(t, st, numbered("l1", 5))
	void := newLetter(numbered("l1", 4), func(l *store.LetterOut) { l.Type = "void" })
	write(t, st, func(tx *store.Tx) error {
		if err := tx.VoidLetter(ctx, lost, start); err != nil {
			return err
		}
		return tx.PostLetter(ctx, void)
	})
	want(t, "the void goes first", due(t, st, start), nil, []string{void.ID})
	got, err := st.Reader().LetterOut(ctx, lost)
	if err != nil || got.State != store.LetterVoided || !got.NextTryAt.IsZero() || !got.AnsweredAt.Equal(start) {
		t.Errorf("the voided letter: got %+v (error %v), want it voided and never tried again", got, err)
	}
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.VoidLetter(ctx, lost, start) })
	wantCode(t, "voided twice", err, hotline.Conflict, "stale")
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.ReviveLetter(ctx, lost, start, time.Time{}) })
	wantCode(t, "a voided letter sent again", err, hotline.Conflict, "stale")
	write(t, st, func(tx *store.Tx) error {
		_, err := tx.EndLetter(ctx, void.ID, store.LetterReceipted, "{}", start)
		return err
	})
	want(t, "and then the one behind", due(t, st, start), nil, []string{behind})
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.VoidLetter(ctx, void.ID, start) })
	wantCode(t, "voided after its receipt", err, hotline.Conflict, "stale")
}

func revivedAndHurried(t *testing.T, st *store.Store) {
	ctx := t.Context()
	id := post(t, st, func(l *store.LetterOut) { l.ExpiresAt = start.Add(10 * time.Minute) })
	end := func(state string) {
		write(t, st, func(tx *store.Tx) error { _, err := tx.EndLetter(ctx, id, state, "{}", start); return err })
	}
	revive := func() error {
		return st.Write(ctx, func(tx *store.Tx) error {
			return tx.ReviveLetter(ctx, id, start.Add(time.Hour), start.Add(time.Hour+10*time.Minute))
		})
	}
	wantCode(t, "a waiting letter sent again", revive(), hotline.Conflict, "stale")
	for _, state := range []string{store.LetterRefused, store.LetterExpired} {
		write(t, st, func(tx *store.Tx) error { return tx.RetryLetter(ctx, id, 7, start, "why") })
		end(state)
		if err := revive(); err != nil {
			t.Fatalf("a %s letter sent again: got %v, want no error", state, err)
		}
		l := newLetter(func(l *store.LetterOut) {
			l.ID, l.State, l.NextTryAt, l.LastError = id, store.LetterWaiting, start.Add(time.Hour), "why"
			l.ExpiresAt = start.Add(time.Hour + 10*time.Minute)
		})
		got, err := st.Reader().LetterOut(ctx, id)
		want(t, "sent again after "+state, got, err, l)
	}
	early := post(t, st, numbered("l2", 1))
	stranger := post(t, st, func(l *store.LetterOut) { l.Peer, l.LegID, l.CreatedAt = "p2", "l3", start.Add(time.Hour) })
	for _, beyond := range []time.Duration{time.Hour, time.Minute} {
		want(t, "before", due(t, st, start.Add(time.Minute)), nil, []string{early})
		write(t, st, func(tx *store.Tx) error { return tx.HurryLetters(ctx, "p1", start.Add(time.Minute), start.Add(beyond)) })
	}
	want(t, "hurried", due(t, st, start.Add(time.Minute)), nil, []string{early, id})
	at, err := st.Reader().NextLetterAt(ctx, "p2")
	want(t, "next to "+stranger, at, err, start.Add(time.Hour))
	at, err = st.Reader().NextLetterAt(ctx, "p1")
	want(t, "next", at, err, start)
	end(store.LetterReceipted)
	wantCode(t, "a receipted letter sent again", revive(), hotline.Conflict, "stale")
}

func traffic(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	got, err := r.Traffic(ctx, "p1")
	want(t, "nothing", got, err, store.Traffic{})
	var ids []string
	for i := range 6 {
		ids = append(ids, post(t, st, numbered("l1", int64(i+1)), func(l *store.LetterOut) {
			l.CreatedAt, l.ExpiresAt = start.Add(time.Duration(i)*time.Minute), start.Add(time.Hour)
		}))
	}
	post(t, st, func(l *store.LetterOut) { l.Peer, l.LegID = "p2", "l2" })
	write(t, st, func(tx *store.Tx) error {
		for i, state := range []string{store.LetterReceipted, store.LetterRefused, store.LetterExpired} {
			if _, err := tx.EndLetter(ctx, ids[i], state, "{}", start); err != nil {
				return err
			}
		}
		return tx.RetryLetter(ctx, ids[4], 7, start, "no answer")
	})
	got, err = r.Traffic(ctx, "p1")
	want(t, "of a peer", got, err, store.Traffic{Waiting: 3, Retried: 1, Tries: 7, Oldest: start.Add(3 * time.Minute), Refused: 2})

	replay := func(leg string, number int64, since time.Time) (n int64) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) {
			n, err = tx.ReplayLetters(ctx, "p1", leg, number, since, start.Add(2*time.Hour))
			return err
		})
		return n
	}
	if n := replay("l1", 2, time.Time{}) + replay("l9", 1, time.Time{}) + replay("", 0, start.Add(time.Second)); n != 0 {
		t.Errorf("after the receipted one: %d letters go again, want none", n)
	}
	for _, again := range []func() int64{func() int64 { return replay("l1", 1, time.Time{}) }, func() int64 { return replay("", 0, start) }} {
		if n := again(); n != 1 {
			t.Errorf("%d letters go again, want the receipted one", n)
		}
		l, err := r.LetterOut(ctx, ids[0])
		if err != nil || l.State != store.LetterWaiting || !l.NextTryAt.Equal(start.Add(2*time.Hour)) || !l.ExpiresAt.IsZero() {
			t.Errorf("to be sent again: got %s at %v until %v, %v", l.State, l.NextTryAt, l.ExpiresAt, err)
		}
		write(t, st, func(tx *store.Tx) error {
			_, err := tx.EndLetter(ctx, ids[0], store.LetterReceipted, "{}", start)
			return err
		})
	}
}

func listsOfLettersOut(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var all []string
	for i := range 6 {
		all = append(all, post(t, st, numbered("l1", int64(i+1)), func(l *store.LetterOut) { l.CaseID = fmt.Sprintf("c%d", i%2) }))
	}
	post(t, st, func(l *store.LetterOut) { l.Peer, l.LegID, l.CaseID = "p2", "l2", "c9" })
	write(t, st, func(tx *store.Tx) error {
		for i, state := range []string{store.LetterReceipted, store.LetterRefused, store.LetterExpired} {
			if _, err := tx.EndLetter(ctx, all[i], state, "{}", start); err != nil {
				return err
			}
		}
		return tx.RetryLetter(ctx, all[3], 1, start, "no answer")
	})
	got, err := r.LettersOut(ctx, "p1", "", "", 100)
	want(t, "to a peer", ids(got, letterOutID), err, all)
	got, err = r.LettersOut(ctx, "p1", "", all[1], 2)
	want(t, "two after the second", ids(got, letterOutID), err, all[2:4])
	got, err = r.LettersOut(ctx, "p1", store.LetterWaiting, all[3], 100)
	want(t, "that wait", ids(got, letterOutID), err, all[4:])
	got, err = r.StuckLetters(ctx, "p1", 100)
	want(t, "stuck", ids(got, letterOutID), err, all[1:4])
	got, err = r.StuckLetters(ctx, "p1", 1)
	want(t, "one that is stuck", ids(got, letterOutID), err, all[1:2])
	got, err = r.LettersOutOfCase(ctx, "c1")
	want(t, "of a case", ids(got, letterOutID), err, []string{all[1], all[3], all[5]})
}

func newLetterIn(change ...func(*store.LetterIn)) store.LetterIn {
	l := store.LetterIn{ID: hotline.NewID(), Peer: "p1", CaseID: "c1", LegID: "l1", Type: "offer", Number: 1, Content: "{}", Hash: "h",
		State: store.LetterApplied, ReceivedAt: start}
	for _, f := range change {
		f(&l)
	}
	return l
}

func keep(t *testing.T, st *store.Store, change ...func(*store.LetterIn)) string {
	t.Helper()
	l := newLetterIn(change...)
	write(t, st, func(tx *store.Tx) error { return tx.KeepLetter(t.Context(), l) })
	return l.ID
}

func letterInRoundTrip(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var l store.LetterIn
	fill(&l, 1)
	l.State = store.LetterWaiting
	write(t, st, func(tx *store.Tx) error { return tx.KeepLetter(ctx, l) })
	got, err := r.LetterIn(ctx, l.ID)
	want(t, "kept", got, err, l)
	next, err := r.WaitingLetter(ctx, l.LegID, l.Number)
	want(t, "waiting", next, err, &l)

	l.State, l.CaseID, l.Error = store.LetterApplied, "its case", "none"
	write(t, st, func(tx *store.Tx) error { return tx.MarkLetterIn(ctx, l.ID, l.State, l.CaseID, l.Error) })
	got, err = r.LetterIn(ctx, l.ID)
	want(t, "marked", got, err, l)
	next, err = r.WaitingLetter(ctx, l.LegID, l.Number)
	want(t, "waiting no more", next, err, nil)
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.MarkLetterIn(ctx, l.ID, store.LetterRefused, "", "") })
	wantCode(t, "marked twice", err, hotline.Conflict, "stale")

	bare := store.LetterIn{ID: "bare", State: store.LetterRefused, ReceivedAt: start}
	write(t, st, func(tx *store.Tx) error { return tx.KeepLetter(ctx, bare) })
	got, err = r.LetterIn(ctx, bare.ID)
	want(t, "with little in it", got, err, bare)
	for what, twin := range map[string]store.LetterIn{
		"id":     newLetterIn(func(m *store.LetterIn) { m.ID = l.ID }),
		"number": newLetterIn(func(m *store.LetterIn) { m.LegID, m.Number = l.LegID, l.Number }),
	} {
		if err := st.Write(ctx, func(tx *store.Tx) error { return tx.KeepLetter(ctx, twin) }); !store.IsDuplicate(err) {
			t.Errorf("a second letter with that %s: got %v, want a duplicate", what, err)
		}
	}
	write(t, st, func(tx *store.Tx) error { // unnumbered ones are as many as come
		for range 2 {
			if err := tx.KeepLetter(ctx, newLetterIn(func(m *store.LetterIn) { m.Number = 0 })); err != nil {
				return err
			}
		}
		return nil
	})
	next, err = r.WaitingLetter(ctx, "l1", 0)
	want(t, "waiting with no number", next, err, nil)
}

func lettersBehind(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var first []store.LetterOut
	var behind []string
	for _, legID := range []string{"l1", "l2"} {
		for n := range int64(4) {
			l := newLetter(numbered(legID, n+1), func(l *store.LetterOut) { l.CreatedAt = start.Add(time.Duration(n) * time.Hour) })
			write(t, st, func(tx *store.Tx) error { return tx.PostLetter(ctx, l) })
			if n == 1 {
				first = append(first, l)
			} else if n > 1 {
				behind = append(behind, l.ID)
			}
		}
	}
	got, err := r.Behind(ctx, first, 100)
	want(t, "behind the second letters, due or not", ids(got, letterOutID), err, behind)
	got, err = r.Behind(ctx, first[:1], 100)
	want(t, "behind one of them", ids(got, letterOutID), err, behind[:2])
	write(t, st, func(tx *store.Tx) error {
		_, err := tx.EndLetter(ctx, behind[0], store.LetterReceipted, "", start)
		return err
	})
	got, err = r.Behind(ctx, first, 100)
	want(t, "without the one that has its receipt", ids(got, letterOutID), err, behind[1:])
	got, err = r.Behind(ctx, []store.LetterOut{{LegID: "l1", Peer: "p1"}}, 100)
	want(t, "behind what has no number", ids(got, letterOutID), err, []string{})
}

func arrival(t *testing.T, st *store.Store) {
	ctx := t.Context()
	l := addLeg(t, st, addCase(t, st).ID)
	first := newLetterIn(func(m *store.LetterIn) { m.LegID = l.ID })
	second := newLetterIn(func(m *store.LetterIn) { m.LegID, m.Number = "l9", 2 })
	early := newLetterIn(func(m *store.LetterIn) { m.LegID, m.Number, m.State = "l9", 3, store.LetterWaiting })
	write(t, st, func(tx *store.Tx) error {
		return errors.Join(tx.KeepLetter(ctx, first), tx.KeepLetter(ctx, second), tx.KeepLetter(ctx, early))
	})
	for _, tc := range []struct {
		name, id, leg string
		number, n     int64
		want          store.Arrival
	}{
		{"nothing known", "none", "none", 1, 1, store.Arrival{}},
		{"its leg", "none", l.ID, 2, 1, store.Arrival{Leg: l}},
		{"several, one of them known", "none", "l9", 1, 2, store.Arrival{Numbered: &second, Next: &early}},
		{"several, the last of them known", "none", "l9", 1, 3, store.Arrival{Numbered: &early}},
		{"all of it", first.ID, l.ID, 1, 1, store.Arrival{Same: &first, Numbered: &first, Leg: l}},
		{"another with its number", "none", "l9", 2, 1, store.Arrival{Numbered: &second, Next: &early}},
		{"the one before it", "none", "l9", 1, 1, store.Arrival{}},
		{"itself, from elsewhere", second.ID, l.ID, 1, 1, store.Arrival{Same: &second, Numbered: &first, Leg: l}},
		{"no number", "none", "l9", 0, 1, store.Arrival{}},
	} {
		got, err := st.Reader().Arrival(ctx, tc.id, tc.leg, tc.number, tc.n)
		want(t, tc.name, got, err, tc.want)
	}
}

func lettersIn(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var all []string
	for i, state := range []string{store.LetterApplied, store.LetterWaiting, store.LetterRefused, store.LetterVoided, store.LetterWaiting} {
		all = append(all, keep(t, st, func(l *store.LetterIn) {
			l.Number, l.State, l.CaseID = int64(i+1), state, fmt.Sprintf("c%d", i%2)
		}))
	}
	keep(t, st, func(l *store.LetterIn) { l.Peer, l.LegID, l.CaseID, l.State = "p2", "l2", "c9", store.LetterRefused })
	got, err := r.LettersIn(ctx, "p1", "", 100)
	want(t, "of a peer", ids(got, letterInID), err, all)
	got, err = r.LettersIn(ctx, "p1", all[1], 2)
	want(t, "two after the second", ids(got, letterInID), err, all[2:4])
	got, err = r.RefusedLetters(ctx, "p1", 100)
	want(t, "refused or waiting, newest first", ids(got, letterInID), err, []string{all[4], all[2], all[1]})
	got, err = r.RefusedLetters(ctx, "p1", 1)
	want(t, "the newest of them", ids(got, letterInID), err, all[4:])
	got, err = r.LettersInOfCase(ctx, "c1")
	want(t, "of a case", ids(got, letterInID), err, []string{all[1], all[3]})
}

func refusals(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	var full store.Refusal
	fill(&full, 1)
	add := func(f store.Refusal) (added bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error {
			var err error
			added, err = tx.AddRefusal(ctx, f)
			return err
		})
		return added
	}
	if !add(full) {
		t.Error("the first refusal: got it left out, want it kept")
	}
	full.SeenAt = time.Time{}
	got, err := r.Refusals(ctx, full.Peer, 10)
	want(t, "kept", got, err, []store.Refusal{full})

	again := full
	again.ID = hotline.NewID()
	if add(again) {
		t.Error("the same letter, refused again for the same reason: got it kept, want it left out")
	}
	again.Code = "another reason"
	again.Urgent, again.ID = false, "zzz"
	if !add(again) {
		t.Error("the same letter, another reason: got it left out, want it kept")
	}
	nameless := store.Refusal{ID: "y1", At: start, Peer: full.Peer, Code: "x"}
	if !add(nameless) {
		t.Error("a letter without an id: got it left out, want it kept")
	}
	nameless.ID = "y2"
	if !add(nameless) {
		t.Error("another letter without an id: got it left out, want it kept")
	}
	name := func(f store.Refusal) string { return f.ID }
	got, err = r.Refusals(ctx, full.Peer, 10)
	want(t, "urgent ones first, then newest", ids(got, name), err, []string{full.ID, "zzz", "y2", "y1"})
	got, err = r.Refusals(ctx, full.Peer, 2)
	want(t, "two of them", ids(got, name), err, []string{full.ID, "zzz"})

	stranger := store.Refusal{ID: "z1", At: start, Code: "x", Urgent: true}
	for _, f := range []store.Refusal{stranger, {ID: "z2", At: start, Code: "x"}} {
		if !add(f) {
			t.Errorf("%s of an unknown sender: got it left out, want it kept", f.ID)
		}
	}
	got, err = r.Refusals(ctx, "", 10)
	want(t, "unknown senders", ids(got, name), err, []string{"z1", "z2"})
	count := func(what, peer string, urgent int) {
		t.Helper()
		n, err := r.UrgentRefusals(ctx, peer)
		want(t, what, n, err, urgent)
	}
	count("urgent ones of unknown senders", "", 1)
	count("urgent ones of the peer", full.Peer, 1)
	count("of a peer that sent none", "nobody", 0)
	write(t, st, func(tx *store.Tx) error { return tx.SeeRefusal(ctx, stranger.ID, start) })
	count("seen", "", 0)

	write(t, st, func(tx *store.Tx) error { return tx.SeeRefusal(ctx, full.ID, start) })
	got, err = r.Refusals(ctx, full.Peer, 10)
	want(t, "not seen yet", ids(got, name), err, []string{"zzz", "y2", "y1"})
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.SeeRefusal(ctx, full.ID, start) })
	wantCode(t, "seen twice", err, hotline.NotFound, "refusal_not_found")
	full.ID = hotline.NewID()
	if !add(full) {
		t.Error("refused again after it was seen: got it left out, want it kept")
	}
}

func refusalsAreBounded(t *testing.T, st *store.Store) {
	ctx := t.Context()
	const most = 1000
	kept := 0
	write(t, st, func(tx *store.Tx) error {
		kept = 0
		for i := range most + 5 {
			added, err := tx.AddRefusal(ctx, store.Refusal{ID: hotline.NewID(), At: start, Peer: "p1", Code: "x", Letter: fmt.Sprint(i)})
			if err != nil {
				return err
			}
			if added {
				kept++
			}
		}
		added, err := tx.AddRefusal(ctx, store.Refusal{ID: "other", At: start, Peer: "p2", Code: "x"})
		if err == nil && !added {
			t.Error("a refusal of another peer: got it left out, want it kept")
		}
		return err
	})
	got, err := st.Reader().Refusals(ctx, "p1", 10*most)
	if err != nil || kept != most || len(got) != most {
		t.Errorf("refusals of a broken peer: got %d kept, %d listed (error %v), want %d", kept, len(got), err, most)
	}
	write(t, st, func(tx *store.Tx) error { return tx.SeeRefusal(ctx, got[len(got)-1].ID, start) })
	write(t, st, func(tx *store.Tx) error {
		added, err := tx.AddRefusal(ctx, store.Refusal{ID: hotline.NewID(), At: start, Peer: "p1", Code: "x", Letter: "more"})
		if err == nil && !added {
			t.Error("after one was seen: got it left out, want it kept")
		}
		return err
	})
}

// On a carrier whose receipts come later, letters of a leg do not wait for one
// another; a letter that was handed over waits for its receipt, not for ever.
func lettersHanded(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	later := start.Add(time.Hour)
	first, second := post(t, st, numbered("l1", 1)), post(t, st, numbered("l1", 2))
	got, err := r.Due(ctx, "p1", later, true, 10, 1)
	want(t, "due", ids(got, letterOutID), err, []string{first, second})
	write(t, st, func(tx *store.Tx) error {
		return tx.HandLetter(ctx, first, 1, later, later.Add(time.Hour), "no receipt")
	})
	got, err = r.Due(ctx, "p1", later, true, 10, 1)
	want(t, "due after the first was handed over", ids(got, letterOutID), err, []string{second})
	out, err := r.LetterOut(ctx, first)
	want(t, "handed", out.HandedAt, err, later)
	want(t, "attempts", out.Attempts, nil, 1)
	got, err = r.Due(ctx, "p1", later.Add(time.Hour), true, 1, 1)
	want(t, "one of what is due an hour later", len(got), err, 1)
}

// What people carry ends of its leg what still waits or was refused, and nothing else.
func lettersByHand(t *testing.T, st *store.Store) {
	ctx := t.Context()
	waits := post(t, st, numbered("l1", 1))
	refused := post(t, st, numbered("l1", 2))
	arrived := post(t, st, numbered("l1", 3))
	other := post(t, st, numbered("l2", 1))
	write(t, st, func(tx *store.Tx) error {
		_, err := tx.EndLetter(ctx, refused, store.LetterRefused, "{}", start)
		_, err2 := tx.EndLetter(ctx, arrived, store.LetterReceipted, "{}", start)
		return errors.Join(err, err2)
	})
	write(t, st, func(tx *store.Tx) error { return tx.CarryByHand(ctx, "l1", "c1", start.Add(time.Second)) })
	for id, state := range map[string]string{waits: store.LetterVoided, refused: store.LetterVoided, arrived: store.LetterReceipted, other: store.LetterWaiting} {
		got, err := st.Reader().LetterOut(ctx, id)
		want(t, "state", got.State, err, state)
	}
	want(t, "due", due(t, st, start.Add(time.Hour)), nil, []string{other})
}
