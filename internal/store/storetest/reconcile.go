package storetest

import (
	"testing"
	"time"

	"liandong/internal/consultation"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// An answer that comes twice, or to a question that is not asked any more, counts
// once.
func comparisons(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	got, err := r.Comparison(ctx, "p1")
	want(t, "before any", got, err, store.Comparison{Peer: "p1"})
	var full store.Comparison
	fill(&full, 1)
	full.Peer = "p1"
	put := func(awaited string, c store.Comparison) (ok bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) { ok, err = tx.PutComparison(ctx, awaited, c); return err })
		return ok
	}
	if !put("", full) {
		t.Error("the first was not written")
	}
	got, err = r.Comparison(ctx, "p1")
	want(t, "under way", got, err, full)
	next := store.Comparison{Peer: "p1", Question: "q2", BegunAt: full.BegunAt, AskedAt: start, Progress: "{}"}
	for _, awaited := range []string{"", "another"} {
		if put(awaited, next) {
			t.Errorf("awaiting %q: was written, want nothing", awaited)
		}
	}
	if !put(full.Question, next) || put(full.Question, next) {
		t.Error("want the answer to count once")
	}
	got, err = r.Comparison(ctx, "p1")
	want(t, "with the next question", got, err, next)
	got, err = r.Comparison(ctx, "p2")
	want(t, "of another link", got, err, store.Comparison{Peer: "p2"})
}

func digests(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	id := func(d store.Digest) string { return d.ID }
	var out []string
	for i, typ := range []string{"offer", "head", "receipt", "error", "keys", "reconcile", "attachment"} {
		letter := post(t, st, func(l *store.LetterOut) { l.Type, l.Number, l.LegID = typ, 0, "g"+typ })
		if i == 0 || i == 6 {
			out = append(out, letter)
		}
	}
	post(t, st, func(l *store.LetterOut) { l.Peer, l.LegID = "p2", "other" })
	got, err := r.DigestsOut(ctx, "p1", "", "~", 10)
	want(t, "letters out that are receipted", ids(got, id), err, out)
	want(t, "one of them", got[0], nil, store.Digest{ID: out[0], Hash: "h", State: store.LetterWaiting, LegID: "goffer"})
	got, err = r.DigestsOut(ctx, "p1", out[0], "~", 10)
	want(t, "after the first", ids(got, id), err, out[1:])
	got, err = r.DigestsOut(ctx, "p1", "", out[0], 10)
	want(t, "up to the first", ids(got, id), err, out[:1])
	got, err = r.DigestsOut(ctx, "p1", "", "~", 1)
	want(t, "one", ids(got, id), err, out[:1])

	in := []string{keep(t, st), keep(t, st, func(l *store.LetterIn) { l.Number, l.State = 2, store.LetterWaiting })}
	keep(t, st, func(l *store.LetterIn) { l.Peer, l.LegID = "p2", "other" })
	got, err = r.DigestsIn(ctx, "p1", "", "~", 10)
	want(t, "letters in", ids(got, id), err, in)
	got, err = r.DigestsIn(ctx, "p1", in[0], in[1], 10)
	want(t, "letters in of a stretch", ids(got, id), err, in[1:])

	c := addCase(t, st)
	legs := []string{
		addLeg(t, st, c.ID, func(l *store.LegRow) { l.Peer, l.State = "p1", leg.Accepted }).ID,
		addLeg(t, st, c.ID, func(l *store.LegRow) { l.Peer, l.State, l.Undeliverable = "p1", leg.Sent, true }).ID,
		addLeg(t, st, c.ID, func(l *store.LegRow) { l.Peer, l.State, l.ByHand = "p1", leg.Working, true }).ID,
	}
	moving := post(t, st, numbered(legs[0], 1))
	two, err := r.DigestsLegs(ctx, "p1", "", "~", 10)
	want(t, "legs", two, err, []store.Digest{{ID: legs[0], LegID: legs[0], State: "accepted", Moving: true}, {ID: legs[1], LegID: legs[1], State: "sent", Apart: true}, {ID: legs[2], LegID: legs[2], State: "working", Apart: true}})
	write(t, st, func(tx *store.Tx) error {
		_, err := tx.EndLetter(ctx, moving, store.LetterReceipted, "{}", start)
		return err
	})
	two, err = r.DigestsLegs(ctx, "p1", "", legs[0], 10)
	want(t, "with the receipt here", two, err, []store.Digest{{ID: legs[0], LegID: legs[0], State: "accepted"}})
}

func consultationDigests(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	add := func(id, peer, threadState string) store.Consultation {
		c := store.Consultation{ID: "h" + id, CaseID: "c1", Version: 1, State: consultation.Open, Cause: consultation.OfDispute, Form: consultation.Written,
			Region: "540102", Interim: "540000-12345", ByName: "张测试", OpenedAt: start, DueAt: start.Add(time.Hour),
			Threads: []store.Thread{{ID: id, ConsultationID: "h" + id, Peer: peer, Rev: 1, State: threadState}}}
		write(t, st, func(tx *store.Tx) error { return tx.AddConsultation(ctx, c) })
		return c
	}
	add("g1", "p1", store.ThreadThere)
	ruled := add("g2", "p1", store.ThreadThere)
	add("g3", "p1", store.ThreadRefused)
	add("g4", "p2", store.ThreadThere)
	ruled.State, ruled.EndedAt, ruled.Owner, ruled.Basis, ruled.RulesFrom = consultation.Ruled, start, "unit:a", "三定规定", time.UnixMicro(7).UTC()
	write(t, st, func(tx *store.Tx) error { return tx.EndConsultation(ctx, ruled) })
	post(t, st, numbered("g1", 1))
	all := []store.Digest{{ID: "g1", State: "open", Moving: true}, {ID: "g2", State: "ruled", Ruling: "unit:a\n三定规定\n\n7\n"}, {ID: "g3", State: "open", Apart: true}}
	got, err := r.DigestsConsultations(ctx, "p1", "", "~", 10)
	want(t, "consultations with a peer", got, err, all)
	got, err = r.DigestsConsultations(ctx, "p1", "g1", "g2", 10)
	want(t, "consultations of a stretch", got, err, all[1:2])
	got, err = r.DigestsConsultations(ctx, "p1", "", "~", 1)
	want(t, "the first of them", got, err, all[:1])
}

func quiet(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	hour := start.Add(time.Hour)
	is := func(what, legID, letter string, since time.Time, is bool) {
		t.Helper()
		got, err := r.Quiet(ctx, legID, letter, since)
		want(t, what, got, err, is)
	}
	is("a leg and a letter of nobody", "nowhere", "nothing", start, true)
	c := addCase(t, st)
	l := addLeg(t, st, c.ID, func(l *store.LegRow) { l.Peer, l.MovedAt = "p1", start })
	is("moved before", l.ID, "", hour, true)
	is("moved at that moment", l.ID, "", start, false)
	out := post(t, st, numbered(l.ID, 1))
	is("a letter of the leg waits", l.ID, "", hour, false)
	is("the letter waits", "", out, hour, false)
	end := func(at time.Time) {
		write(t, st, func(tx *store.Tx) error {
			_, err := tx.EndLetter(ctx, out, store.LetterReceipted, "{}", at)
			return err
		})
	}
	end(hour)
	is("receipted since", l.ID, "", hour, false)
	is("receipted before", l.ID, out, hour.Add(time.Second), true)
	in := keep(t, st, func(m *store.LetterIn) { m.LegID, m.ReceivedAt = l.ID, hour.Add(time.Minute) })
	is("received since", l.ID, "", hour.Add(time.Second), false)
	is("the letter came since", "", in, hour.Add(time.Second), false)
	is("received before", l.ID, in, hour.Add(time.Hour), true)
	is("another leg", "other", "", hour.Add(time.Second), true)
}
