package storetest

import (
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Facts of a leg that was answered, reopened and asked about, of a transfer
// that came back, and of none that was sent outside the span.
func facts(t *testing.T, st *store.Store) {
	ctx := t.Context()
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	us := func(h int) int64 { return at(h).UnixMicro() }
	c := addCase(t, st)
	done := addLeg(t, st, c.ID, func(l *store.LegRow) {
		l.State, l.Class, l.Region = leg.Settled, "A01", "540102"
		l.Times = assessment.Times{SignDue: us(4), Signed: us(1), HandleDue: us(8), Handled: us(5), Reopened: us(6), Asked: us(9), Solved: assessment.SaidYes, Mapped: 2}
	})
	back := addLeg(t, st, c.ID, func(l *store.LegRow) {
		l.Unit, l.Peer, l.State, l.SentAt, l.MovedAt, l.Ground, l.Region = "", "p", leg.Returned, at(1), at(2), leg.NotDuty, "540200"
		l.Times = assessment.Times{SignDue: us(5), Signed: us(2), Asked: us(9), Solved: assessment.SaidNo, Unfounded: us(3)}
	})
	addLeg(t, st, c.ID, func(l *store.LegRow) { l.SentAt = at(3) })
	want1 := assessment.Fact{CaseID: c.ID, LegID: done.ID, Direction: "local", Unit: done.Unit, Region: "540102", Class: "A01", Sent: us(0), SignDue: us(4),
		Signed: us(1), HandleDue: us(8), Answered: us(5), Reopened: us(6), Asked: us(9), Solved: true, SolvedKnown: true, Mapped: 2}
	want2 := assessment.Fact{CaseID: c.ID, LegID: back.ID, Direction: "out", Peer: "p", Region: "540200", Sent: us(1), SignDue: us(5), Signed: us(2),
		Returned: us(2), Misdirected: true, Unfounded: us(3), Asked: us(9), SolvedKnown: true}
	for _, tc := range []struct {
		see  store.Sight
		want map[string]assessment.Fact
	}{{store.Sight{}, map[string]assessment.Fact{done.ID: want1, back.ID: want2}}, {store.Sight{Regions: []string{"540200"}}, map[string]assessment.Fact{back.ID: want2}}} {
		got := map[string]assessment.Fact{}
		err := st.Reader().Facts(ctx, tc.see, at(0), at(3), func(f assessment.Fact) { got[f.LegID] = f })
		want(t, "facts", got, err, tc.want)
	}

	// Parts read at once make the same statement as all facts one by one, in a transaction too.
	slow := assessment.NewTally(at(9))
	if err := st.Reader().Facts(ctx, store.Sight{}, at(0), at(4), slow.Add); err != nil {
		t.Fatal(err)
	}
	tally, err := st.Reader().Tally(ctx, store.Sight{}, at(0), at(4), at(9))
	want(t, "tally", tally.Statement(), err, slow.Statement())
	write(t, st, func(tx *store.Tx) error {
		tally, err := tx.Tally(ctx, store.Sight{}, at(0), at(4), at(9))
		want(t, "tally in a transaction", tally.Statement(), err, slow.Statement())
		return nil
	})
}

// Unfounded returns are counted for each holder, with the legs behind each
// count; legs we gave back ourselves and unreasonable demands are not.
func unfoundedReturns(t *testing.T, st *store.Store) {
	ctx := t.Context()
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	found := func(unit, peer string, h int, change ...func(*store.LegRow)) *store.LegRow {
		c := addCase(t, st)
		return addLeg(t, st, c.ID, append([]func(*store.LegRow){func(l *store.LegRow) {
			l.Unit, l.Peer, l.State, l.Region, l.Times.Unfounded = unit, peer, leg.Returned, "540102", at(h).UnixMicro()
		}}, change...)...)
	}
	first, second := found("a", "", 1), found("a", "", 2)
	found("b", "", 2)
	found("", "p", 3)
	found("", "p", 4)
	found("", "p", 5, func(l *store.LegRow) { l.Side = leg.Holder })
	demand := found("b", "", 3)
	c := addCase(t, st)
	addLeg(t, st, c.ID, func(l *store.LegRow) { l.Unit, l.State = "a", leg.Returned }) // founded
	write(t, st, func(tx *store.Tx) error {
		u := store.Unreasonable{CaseID: demand.CaseID, State: "asked", AskedAt: start}
		if err := tx.AskUnreasonable(ctx, u); err != nil {
			return err
		}
		u.State, u.ReviewedAt = "upheld", start
		_, err := tx.ReviewUnreasonable(ctx, u)
		return err
	})
	for _, tc := range []struct {
		name  string
		see   store.Sight
		since time.Time
		times int
		want  []store.UnfoundedReturns
	}{
		{"twice", store.Sight{}, at(0), 2, []store.UnfoundedReturns{{Peer: "p", Times: 2, Last: at(4)}, {Unit: "a", Times: 2, Last: at(2)}}},
		{"once too", store.Sight{}, at(0), 1, []store.UnfoundedReturns{{Peer: "p", Times: 2, Last: at(4)}, {Unit: "a", Times: 2, Last: at(2)}, {Unit: "b", Times: 1, Last: at(2)}}},
		{"since the very moment", store.Sight{}, at(1), 2, []store.UnfoundedReturns{{Peer: "p", Times: 2, Last: at(4)}, {Unit: "a", Times: 2, Last: at(2)}}},
		{"since just after it", store.Sight{}, at(1).Add(time.Microsecond), 2, []store.UnfoundedReturns{{Peer: "p", Times: 2, Last: at(4)}}},
		{"elsewhere", store.Sight{Regions: []string{"540200"}}, at(0), 1, nil},
	} {
		got, err := st.Reader().UnfoundedReturns(ctx, tc.see, tc.since, tc.times, 5)
		want(t, tc.name, got, err, tc.want)
	}
	legs, err := st.Reader().UnfoundedLegs(ctx, store.Sight{}, at(0), "a", "", 5)
	want(t, "legs of a unit", ids(legs, func(l store.LegRow) string { return l.ID }), err, []string{second.ID, first.ID})
	legs, err = st.Reader().UnfoundedLegs(ctx, store.Sight{}, at(0), "b", "", 5)
	if err != nil || len(legs) != 1 || legs[0].Times.Unfounded != at(2).UnixMicro() {
		t.Errorf("legs of another: got %v, %v, want the one that is no unreasonable demand", legs, err)
	}
	first.Times.Unfounded = 0
	write(t, st, func(tx *store.Tx) error { return tx.SaveLeg(ctx, first) })
	legs, err = st.Reader().UnfoundedLegs(ctx, store.Sight{}, at(0), "a", "", 5)
	want(t, "taken back", ids(legs, func(l store.LegRow) string { return l.ID }), err, []string{second.ID})
}
