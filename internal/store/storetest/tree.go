package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"liandong/internal/store"
)

// places: every event gets its place in the tree once.
func places(t *testing.T, st *store.Store) {
	ctx := t.Context()
	var all []store.Event
	for i := range 5 {
		var e store.Event
		fill(&e, i+1)
		e.ID, e.CaseID = fmt.Sprintf("e%d", i), "c1"
		all = append(all, e)
	}
	write(t, st, func(tx *store.Tx) error { return tx.AddEvents(ctx, all...) })
	waiting, err := st.Reader().Unplaced(ctx, 3)
	want(t, "the oldest that wait", waiting, err, []store.Event{
		{ID: "e0", Leaf: all[0].Leaf}, {ID: "e1", Leaf: all[1].Leaf}, {ID: "e2", Leaf: all[2].Leaf}})
	write(t, st, func(tx *store.Tx) error { return tx.IndexEvents(ctx, 7, waiting[1:]) })
	waiting, err = st.Reader().Unplaced(ctx, 9)
	want(t, "those left", ids(waiting, func(e store.Event) string { return e.ID }), err, []string{"e0", "e3", "e4"})
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.IndexEvents(ctx, 20, []store.Event{{ID: "e1"}}) })
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("a second place: got %v, want it stale", err)
	}
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.IndexEvents(ctx, 7, []store.Event{{ID: "e3"}}) })
	if !store.IsDuplicate(err) {
		t.Errorf("a place that is taken: got %v, want a duplicate", err)
	}
	logged, err := st.Reader().LoggedOf(ctx, "c1", "e0", 3)
	want(t, "of the case", logged, err, []store.LoggedEvent{{Event: all[1], Index: 7}, {Event: all[2], Index: 8}, {Event: all[3], Index: -1}})
	logged, err = st.Reader().LoggedFrom(ctx, 8, 10)
	want(t, "from an index", logged, err, []store.LoggedEvent{{Event: all[2], Index: 8}})
	for caseID, last := range map[string]int64{"c1": 8, "none": -1} {
		got, err := st.Reader().LastIndexOf(ctx, caseID)
		want(t, "the last place of "+caseID, got, err, last)
	}
}

func tilesAndHeads(t *testing.T, st *store.Store) {
	ctx := t.Context()
	_, err := st.Reader().Head(ctx)
	wantCode(t, "no head", err, "not_found", "head_not_found")
	got, err := st.Reader().Tile(ctx, 1, 2)
	want(t, "no tile", got, err, nil)
	for _, b := range [][]byte{{1}, {1, 2}} {
		write(t, st, func(tx *store.Tx) error { return tx.PutTile(ctx, 1, 2, b) })
	}
	write(t, st, func(tx *store.Tx) error { return tx.PutTile(ctx, 0, 2, []byte{3}) })
	got, err = st.Reader().Tile(ctx, 1, 2)
	want(t, "a tile that grew", got, err, []byte{1, 2})

	head := func(hour, size int64) store.TreeHead {
		return store.TreeHead{Hour: hour, Size: size, Root: []byte{byte(size)}, Epoch: 1, At: start.Add(time.Duration(size) * time.Second), Note: fmt.Sprint(size)}
	}
	for _, h := range []store.TreeHead{head(5, 10), head(5, 20), head(6, 30), head(4, 40)} {
		write(t, st, func(tx *store.Tx) error { return tx.PutHead(ctx, h) })
	}
	newest, err := st.Reader().Head(ctx)
	want(t, "the greatest, though the clock went back", newest, err, head(4, 40))
	kept, err := st.Reader().Heads(ctx, 10, 2)
	want(t, "one an hour", kept, err, []store.HeadNote{{Size: 20, Note: "20"}, {Size: 30, Note: "30"}})

	last, err := st.Reader().LastStamped(ctx)
	want(t, "none stamped", last, err, nil)
	at, err := st.Reader().LastStampAt(ctx)
	want(t, "when", at, err, time.Time{})
	stamped := []store.HeadNote{{Size: 25, Note: "25 of that hour", Stamp: []byte{1}}, {Size: 30, Note: "30", Stamp: []byte{2}}}
	for i, h := range append(stamped, store.HeadNote{Size: 25, Note: "again", Stamp: []byte{3}}) {
		write(t, st, func(tx *store.Tx) error { return tx.PutStamp(ctx, h, start.Add(time.Duration(i)*time.Hour)) })
	}
	kept, err = st.Reader().Heads(ctx, 10, 3)
	want(t, "one an hour, and those stamped", kept, err, []store.HeadNote{{Size: 20, Note: "20"}, stamped[0], stamped[1]})
	last, err = st.Reader().LastStamped(ctx)
	want(t, "the longest stamped", last, err, &stamped[1])
	at, err = st.Reader().LastStampAt(ctx)
	want(t, "when it was", at, err, start.Add(time.Hour))
}

func peerHeads(t *testing.T, st *store.Store) {
	ctx := t.Context()
	got, err := st.Reader().PeerHead(ctx, "p")
	want(t, "nothing known", got, err, store.PeerHead{Peer: "p"})
	write(t, st, func(tx *store.Tx) error { return tx.SentHead(ctx, "p", 7, 3, start) })
	heard := store.PeerHead{Peer: "p", Size: 4, Note: "n", HeardAt: start, Theirs: 5, UnprovenAt: start, Unproven: "shorter", Other: "o"}
	write(t, st, func(tx *store.Tx) error { return tx.HearHead(ctx, heard) })
	heard.SentSize, heard.SentSeen, heard.SentAt = 7, 3, start
	got, err = st.Reader().PeerHead(ctx, "p")
	want(t, "sent and heard", got, err, heard)
	write(t, st, func(tx *store.Tx) error { return tx.SentHead(ctx, "p", 8, 4, start) })
	heard.SentSize, heard.SentSeen = 8, 4
	got, err = st.Reader().PeerHead(ctx, "p")
	want(t, "sent again", got, err, heard)
	write(t, st, func(tx *store.Tx) error { return tx.HearHead(ctx, store.PeerHead{Peer: "q", Size: 1}) })
	got, err = st.Reader().PeerHead(ctx, "q")
	want(t, "heard first", got, err, store.PeerHead{Peer: "q", Size: 1})

	l := newLetter()
	l.Type, l.Number, l.LegID = "head", 0, ""
	other := newLetter()
	write(t, st, func(tx *store.Tx) error {
		if err := tx.PostLetter(ctx, l); err != nil {
			return err
		}
		return tx.PostLetter(ctx, other)
	})
	waiting, err := st.Reader().WaitingOf(ctx, l.Peer, "head")
	want(t, "the one that waits", ids(waiting, letterOutID), err, []string{l.ID})
	write(t, st, func(tx *store.Tx) error { return tx.DropLetters(ctx, l.Peer, "head") })
	left, err := st.Reader().LettersOut(ctx, l.Peer, "", "", 10)
	want(t, "the others stay", ids(left, letterOutID), err, []string{other.ID})
}

// erasures: what is sealed goes, and what happened stays.
func erasures(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c, other := addCase(t, st), addCase(t, st)
	for _, id := range []string{c.ID, other.ID} {
		l := addLeg(t, st, id, func(l *store.LegRow) { l.Ask = []byte{1} })
		var e store.Event
		fill(&e, 3)
		e.ID, e.CaseID, e.LegID = "e"+id, id, l.ID
		out, in := newLetter(), store.LetterIn{ID: "in" + id, Peer: "p", CaseID: id, LegID: l.ID, Type: "accept", Number: 1, Sealed: "{}", State: store.LetterApplied, ReceivedAt: start}
		out.CaseID, out.LegID, out.Private = id, l.ID, []byte{2}
		write(t, st, func(tx *store.Tx) error {
			for _, err := range []error{
				tx.AddPrivate(ctx, store.Private{CaseID: id, WrappedKey: []byte{1}, Words: []byte{2}, Caller: []byte{3}, Told: []byte{4}, PhoneIndex: "x" + id}),
				tx.AddEvents(ctx, e), tx.PostLetter(ctx, out), tx.KeepLetter(ctx, in), tx.IndexCases(ctx, store.Indexed{ID: id, Tokens: []int32{7}}),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	sealed := func(id string) (n int) {
		t.Helper()
		p, err := st.Reader().Private(ctx, id)
		es, err2 := st.Reader().EventsOf(ctx, id, "", 9)
		ls, err3 := st.Reader().LegsOf(ctx, id)
		outs, err4 := st.Reader().LettersOutOfCase(ctx, id)
		ins, err5 := st.Reader().LettersInOfCase(ctx, id)
		found, err6 := st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Tokens: []int32{7}, Limit: 9})
		for _, err := range []error{err, err2, err3, err4, err5, err6} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(es) != 1 || len(ls) != 1 || len(outs) != 1 || len(ins) != 1 {
			t.Fatalf("%s: got %d events, %d legs, %d and %d letters, want one of each", id, len(es), len(ls), len(outs), len(ins))
		}
		for _, b := range [][]byte{p.WrappedKey, p.Words, p.Caller, p.Told, []byte(p.PhoneIndex), es[0].Note, ls[0].Ask, outs[0].Private, []byte(ins[0].Sealed)} {
			n += min(len(b), 1)
		}
		for _, f := range found {
			if f.ID == id {
				n++
			}
		}
		return n
	}
	write(t, st, func(tx *store.Tx) error { return tx.EraseReceived(ctx, c.ID, "q") })
	if got := sealed(c.ID); got != 10 {
		t.Errorf("letters of another peer: got %d sealed, want 10", got)
	}
	write(t, st, func(tx *store.Tx) error { return tx.EraseReceived(ctx, c.ID, "p") })
	if got := sealed(c.ID); got != 9 {
		t.Errorf("the peer's letters: got %d sealed, want 9", got)
	}
	write(t, st, func(tx *store.Tx) error { return tx.EraseCase(ctx, c.ID) })
	if got, beside := sealed(c.ID), sealed(other.ID); got != 0 || beside != 10 {
		t.Errorf("erased: got %d sealed and %d of the other case, want 0 and 10", got, beside)
	}
}

// toldKeys: what a peer knows of our keys, and announces of its own.
func toldKeys(t *testing.T, st *store.Store) {
	ctx := t.Context()
	l := store.Link{Peer: "p", ID: "p~q", Keys: "a", Active: true, CreatedAt: start}
	write(t, st, func(tx *store.Tx) error { return tx.PutLink(ctx, l) })
	write(t, st, func(tx *store.Tx) error { return tx.TellKeys(ctx, "p", "f", "k") })
	write(t, st, func(tx *store.Tx) error { return tx.SetPeerKeys(ctx, "p", "b") })
	l.ToldKeys, l.ToldKid, l.Keys = "f", "k", "b"
	got, err := st.Reader().Links(ctx)
	want(t, "noted", got, err, []store.Link{l})
	l.Phone, l.ToldKid = "1", "another"
	write(t, st, func(tx *store.Tx) error { return tx.PutLink(ctx, l) })
	l.ToldKid = "k" // what the node notes itself stays
	got, err = st.Reader().Links(ctx)
	want(t, "after a change by hand", got, err, []store.Link{l})
}
