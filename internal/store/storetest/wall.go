package storetest

import (
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// What the board on the wall counts, within sight of whoever looks.
func wall(t *testing.T, st *store.Store) {
	ctx := t.Context()
	at := func(d time.Duration, region string, more func(*store.CaseRow)) *store.CaseRow {
		return addCase(t, st, func(c *store.CaseRow) {
			c.CreatedAt, c.Region = start.Add(d), region
			if more != nil {
				more(c)
			}
		})
	}
	first := at(0, "540102", nil)
	at(59*time.Minute, "540102", func(c *store.CaseRow) { c.Urgent, c.DueAt = "C4", start.Add(time.Hour) })
	at(time.Hour, "540202", func(c *store.CaseRow) { c.DueAt = start.Add(3 * time.Hour) })
	at(2*time.Hour, "540202", func(c *store.CaseRow) { c.Status = casefile.Closed })
	at(-time.Microsecond, "540102", nil)

	r, lhasa := st.Reader(), store.Sight{Regions: []string{"540102"}}
	got, err := r.Arrivals(ctx, store.Sight{}, start, time.Hour)
	want(t, "arrivals", got, err, map[int]int{0: 2, 1: 1, 2: 1})
	got, err = r.Arrivals(ctx, lhasa, start, time.Hour)
	want(t, "arrivals in one region", got, err, map[int]int{0: 2})

	topics, err := r.Topics(ctx, start, start.Add(2*time.Hour))
	want(t, "topics", topics, err, []store.Topic{{Category: first.Category, Item: first.Item, Region: "540102", N: 2}, {Category: first.Category, Item: first.Item, Region: "540202", N: 1}})

	loads, err := r.OpenByRegion(ctx, store.Sight{}, start.Add(time.Hour))
	want(t, "open by region", loads, err, []store.RegionLoad{{Region: "540102", Open: 3, Urgent: 1, Overdue: 1}, {Region: "540202", Open: 1}})
	loads, err = r.OpenByRegion(ctx, lhasa, start)
	want(t, "open in one region, a moment before it is due", loads, err, []store.RegionLoad{{Region: "540102", Open: 3, Urgent: 1}})

	transfer := func(side leg.Side, state leg.State, more func(*store.LegRow)) {
		addLeg(t, st, first.ID, func(l *store.LegRow) {
			l.Side, l.State, l.Peer, l.Unit = side, state, "p1", ""
			if more != nil {
				more(l)
			}
		})
	}
	transfer(leg.Sender, leg.Sent, nil)
	transfer(leg.Sender, leg.Sent, nil)
	transfer(leg.Holder, leg.Returned, nil)
	transfer(leg.Sender, leg.Sent, func(l *store.LegRow) { l.ID = hotline.FirstID(start.Add(-time.Hour)) })
	transfer(leg.Sender, leg.Sent, func(l *store.LegRow) { l.Peer = "p2" })
	flows, err := r.Flows(ctx, "p1", start)
	want(t, "flows", flows, err, []store.Flow{{Peer: "p1", Side: leg.Holder, State: leg.Returned, N: 1}, {Peer: "p1", Side: leg.Sender, State: leg.Sent, N: 2}})

	said := func(caseID, legID, kind, body string, d time.Duration) {
		write(t, st, func(tx *store.Tx) error {
			return tx.AddEvents(ctx, store.Event{ID: hotline.NewID(), CaseID: caseID, LegID: legID, At: start.Add(d), Kind: kind, Body: body})
		})
	}
	said(first.ID, "", "callback", `{"solved":true}`, 0)
	said(first.ID, "", "callback", `{"solved":false}`, -time.Microsecond)
	said(first.ID, "l", "callback", `{"told":"by the peer"}`, time.Minute)
	said(first.ID, "", "note", `{}`, time.Minute)
	bodies, err := r.CallbacksSince(ctx, store.Sight{}, start)
	want(t, "call-backs", bodies, err, []string{`{"solved":true}`})
	bodies, err = r.CallbacksSince(ctx, store.Sight{Regions: []string{"540202"}}, start)
	want(t, "call-backs of another region", bodies, err, nil)
}
