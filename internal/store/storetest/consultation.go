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

// consultLetters is what a consultation over which another platform presides
// keeps, and a thread of numbers.
func consultLetters(t *testing.T, st *store.Store) {
	ctx := t.Context()
	r := st.Reader()
	c := store.Consultation{ID: "g1", CaseID: "c7", Version: 1, State: consultation.Open, Cause: "novelty", Form: consultation.Written, Class: "A01",
		Region: "540102", Evidence: []string{}, Interim: "platform:p", ByName: "李测试", OpenedAt: start, DueAt: start.Add(time.Hour), Host: "p", HostCase: "x",
		Confidential: true, WrappedKey: []byte{1}, Parties: []store.Party{{Party: "platform:me"}},
		Threads: []store.Thread{{ID: "g1", ConsultationID: "g1", Peer: "p", Rev: 1, State: store.ThreadThere, InNo: 1}}}
	write(t, st, func(tx *store.Tx) error { return tx.AddConsultation(ctx, c) })
	got, err := r.Consultation(ctx, "g1")
	want(t, "added", got, err, c)
	if !c.Awaits("me") || c.Awaits("p") {
		t.Error("it awaits the word of who is asked, and of nobody else")
	}
	th := c.Threads[0]
	th.OutNo, th.InNo, th.Repair, th.Code = 3, 2, "voided", "letter_type"
	stale := th
	write(t, st, func(tx *store.Tx) error { return tx.SaveThread(ctx, &th) })
	if err := st.Write(ctx, func(tx *store.Tx) error { again := stale; return tx.SaveThread(ctx, &again) }); !errors.Is(err, store.ErrStale) {
		t.Errorf("saved by who did not see the last change: got %v, want stale", err)
	}
	saved, err := r.Thread(ctx, "g1")
	want(t, "thread", saved, err, &th)
	none, err := r.Thread(ctx, "none")
	want(t, "no thread", none, err, nil)
	e := store.Event{ID: hotline.NewID(), At: start, Kind: "consultation_opened", Body: "{}", Note: []byte{7}}
	write(t, st, func(tx *store.Tx) error { return tx.AddConsultationEvents(ctx, "g1", e) })
	es, err := r.ConsultationEvents(ctx, "g1", 5)
	want(t, "events", es, err, []store.Event{e})
	list, err := r.ConsultationsOfCase(ctx, "c7")
	if err != nil || len(list) != 1 || list[0].ID != "g1" {
		t.Errorf("of the case: got %d, %v", len(list), err)
	}
	out := post(t, st, func(l *store.LetterOut) { l.LegID, l.Private, l.Type = "g1", []byte{1}, "consult.say" })
	in := keep(t, st, func(l *store.LetterIn) { l.LegID, l.Sealed = "g1", "{}" })
	write(t, st, func(tx *store.Tx) error { return tx.EraseConsultation(ctx, "g1", "g1", start) })
	got, err = r.Consultation(ctx, "g1")
	if es, _ := r.ConsultationEvents(ctx, "g1", 5); err != nil || got.WrappedKey != nil || es[0].Note != nil {
		t.Errorf("erased: got %+v, %v", got, err)
	}
	if l, err := r.LetterOut(ctx, out); err != nil || len(l.Private) > 0 || l.State != store.LetterVoided {
		t.Errorf("a letter of it: got %+v, %v, want voided and without words", l, err)
	}
	if l, err := r.LetterIn(ctx, in); err != nil || l.Sealed != "" {
		t.Errorf("a letter received: got %+v, %v, want no words", l, err)
	}
	in = keep(t, st, func(l *store.LetterIn) { l.LegID, l.Number, l.Sealed = "g1", 2, "{}" })
	write(t, st, func(tx *store.Tx) error { return tx.EraseHeard(ctx, "g1") })
	if l, err := r.LetterIn(ctx, in); err != nil || l.Sealed != "" {
		t.Errorf("what was heard: got %+v, %v, want no words", l, err)
	}
	c.ID, c.State, c.Version = "g2", consultation.Ruled, 1
	c.Threads[0].ID, c.Threads[0].ConsultationID = "g2", "g2"
	open := c
	open.State = consultation.Open
	write(t, st, func(tx *store.Tx) error { return tx.AddConsultation(ctx, open) })
	c.EndedAt, c.Owner, c.Basis, c.RulesFrom, c.RuledClass = start, "platform:p", "三定规定", start, "B05"
	write(t, st, func(tx *store.Tx) error { return tx.EndConsultation(ctx, c) })
	c.Version = 2
	got, err = r.Consultation(ctx, "g2")
	want(t, "ruled", got, err, c)
	if owner, err := r.RuledOwner(ctx, "c7"); err != nil || owner != "" {
		t.Errorf("the ruling of another platform on its case counts for ours: %q, %v", owner, err)
	}
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
