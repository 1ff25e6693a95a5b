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
		l.Times = assessment.Times{SignDue: us(5), Signed: us(2), Asked: us(9), Solved: assessment.SaidNo}
	})
	addLeg(t, st, c.ID, func(l *store.LegRow) { l.SentAt = at(3) })
	want1 := assessment.Fact{CaseID: c.ID, LegID: done.ID, Direction: "local", Unit: done.Unit, Region: "540102", Class: "A01", Sent: us(0), SignDue: us(4),
		Signed: us(1), HandleDue: us(8), Answered: us(5), Reopened: us(6), Asked: us(9), Solved: true, SolvedKnown: true, Mapped: 2}
	want2 := assessment.Fact{CaseID: c.ID, LegID: back.ID, Direction: "out", Peer: "p", Region: "540200", Sent: us(1), SignDue: us(5), Signed: us(2),
		Returned: us(2), Misdirected: true, Asked: us(9), SolvedKnown: true}
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
