package storetest

import (
	"errors"
	"testing"
	"time"

	"liandong/internal/consultation"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

func consultations(t *testing.T, st *store.Store) {
	ctx := t.Context()
	r := st.Reader()
	c := store.Consultation{ID: "t1", CaseID: "c1", Version: 1, State: consultation.Open, Cause: consultation.OfDispute, Form: consultation.Written, Item: "A01-01",
		Region: "540102", Evidence: []string{"c1", "c2"}, Interim: "540000-12345", ByName: "张测试", OpenedAt: start, DueAt: start.Add(time.Hour),
		Parties: []store.Party{{Party: "110"}, {Party: "unit:a"}}}
	write(t, st, func(tx *store.Tx) error { return tx.AddConsultation(ctx, c) })
	write(t, st, func(tx *store.Tx) error { return tx.HeardParty(ctx, "t1", "unit:a", start) })
	c.Parties[1].HeardAt = start
	got, err := r.Consultation(ctx, "t1")
	want(t, "open", got, err, c)
	for party, n := range map[string]int{"": 1, "unit:a": 1, "unit:b": 0} {
		list, err := r.Consultations(ctx, consultation.Open, party, 5)
		if err != nil || len(list) != n {
			t.Errorf("of %q: got %d, %v, want %d", party, len(list), err, n)
		}
	}
	c.State, c.EndedAt, c.Owner, c.Basis, c.RulesFrom = consultation.Ruled, start, "unit:a", "三定规定", start
	write(t, st, func(tx *store.Tx) error { return tx.EndConsultation(ctx, c) })
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.EndConsultation(ctx, c) }); !errors.Is(err, store.ErrStale) {
		t.Errorf("ended twice: got %v, want stale", err)
	}
	c.Version = 2
	later := c
	later.ID, later.State, later.Version, later.Owner, later.EndedAt = "t2", consultation.Open, 1, "", time.Time{}
	write(t, st, func(tx *store.Tx) error { return tx.AddConsultation(ctx, later) })
	for _, end := range []struct {
		state consultation.State
		want  string
	}{{consultation.Cancelled, "unit:a"}, {consultation.Ruled, "platform:p"}} {
		later.State, later.Owner, later.EndedAt = end.state, "platform:p", start.Add(time.Hour)
		if end.state == consultation.Ruled {
			later.ID = "t3"
			open := later
			open.State, open.Owner, open.EndedAt = consultation.Open, "", time.Time{}
			write(t, st, func(tx *store.Tx) error { return tx.AddConsultation(ctx, open) })
		}
		write(t, st, func(tx *store.Tx) error { return tx.EndConsultation(ctx, later) })
		owner, err := r.RuledOwner(ctx, "c1")
		want(t, "owner after "+string(end.state), owner, err, end.want)
	}
	owner, err := r.RuledOwner(ctx, "c2")
	want(t, "owner where nothing was ruled", owner, err, "")
	got, err = r.Consultation(ctx, "t1")
	want(t, "ruled", got, err, c)
	_, err = r.Consultation(ctx, "none")
	wantCode(t, "no such", err, hotline.NotFound, "consultation_not_found")
}

func returnedItems(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st)
	for i, item := range []string{"x", "x", "y"} {
		addLeg(t, st, c.ID, func(l *store.LegRow) {
			l.State, l.Item, l.Class, l.MovedAt, l.Region = leg.Returned, item, "A01", start.Add(time.Duration(i)*time.Hour), "540102"
		})
	}
	got, err := st.Reader().ReturnedItems(ctx, store.Sight{}, start, 2, 5)
	want(t, "twice", got, err, []store.ReturnedItem{{Item: "x", Class: "A01", Times: 2, CaseID: c.ID}})
	got, err = st.Reader().ReturnedItems(ctx, store.Sight{Regions: []string{"540200"}}, start, 1, 5)
	want(t, "elsewhere", got, err, nil)
	got, err = st.Reader().ReturnedItems(ctx, store.Sight{}, start.Add(time.Minute), 2, 5)
	want(t, "too long ago", got, err, nil)
}
