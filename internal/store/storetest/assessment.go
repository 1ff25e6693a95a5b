package storetest

import (
	"testing"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/deadline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Facts of a leg that was answered, reopened and asked about, of a transfer
// that came back, and of none that was sent outside the span.
func facts(t *testing.T, st *store.Store) {
	ctx := t.Context()
	yes := true
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	c := addCase(t, st, func(c *store.CaseRow) { c.CallbackAt, c.Solved, c.Mapped = at(9), &yes, 2 })
	done := addLeg(t, st, c.ID, func(l *store.LegRow) { l.State, l.Class, l.Region = leg.Settled, "A01", "540102" })
	back := addLeg(t, st, c.ID, func(l *store.LegRow) {
		l.Unit, l.Peer, l.State, l.SentAt, l.MovedAt, l.Ground, l.Region = "", "p", leg.Returned, at(1), at(2), leg.NotDuty, "540200"
	})
	addLeg(t, st, c.ID, func(l *store.LegRow) { l.SentAt = at(3) })
	clock := func(id, legID string, k deadline.Kind, from, due, stop int) deadline.Clock {
		return deadline.Clock{ID: id, CaseID: c.ID, LegID: legID, Kind: k, Budget: "1wd", Start: at(from), Due: at(due), Stopped: at(stop)}
	}
	write(t, st, func(tx *store.Tx) error {
		return tx.AddClocks(ctx, clock("k1", done.ID, deadline.SignIn, 0, 4, 1), clock("k2", done.ID, deadline.Handling, 0, 8, 5),
			clock("k3", done.ID, deadline.Handling, 6, 12, 7), clock("k4", back.ID, deadline.SignIn, 1, 5, 2))
	})
	us := func(h int) int64 { return at(h).UnixMicro() }
	want1 := assessment.Fact{CaseID: c.ID, LegID: done.ID, Direction: "local", Unit: done.Unit, Region: "540102", Class: "A01", Sent: us(0), SignDue: us(4),
		Signed: us(1), HandleDue: us(8), Answered: us(5), Reopened: us(6), Asked: us(9), Solved: true, SolvedKnown: true, Mapped: 2}
	want2 := assessment.Fact{CaseID: c.ID, LegID: back.ID, Direction: "out", Peer: "p", Region: "540200", Sent: us(1), SignDue: us(5), Signed: us(2),
		Returned: us(2), Misdirected: true, Asked: us(9), Solved: true, SolvedKnown: true, Mapped: 2}
	for _, tc := range []struct {
		see  store.Sight
		want map[string]assessment.Fact
	}{{store.Sight{}, map[string]assessment.Fact{done.ID: want1, back.ID: want2}}, {store.Sight{Regions: []string{"540200"}}, map[string]assessment.Fact{back.ID: want2}}} {
		got := map[string]assessment.Fact{}
		err := st.Reader().Facts(ctx, tc.see, at(0), at(3), func(f assessment.Fact) { got[f.LegID] = f })
		want(t, "facts", got, err, tc.want)
	}
}
