package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// fullLeg is a leg with something else in every field.
func fullLeg(caseID string, seed int) store.LegRow {
	var l store.LegRow
	fill(&l, seed)
	l.CaseID, l.Side, l.State = caseID, leg.Holder, leg.States()[seed%9]
	return l
}

func legRoundTrip(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st)
	first := fullLeg(c.ID, 1)
	write(t, st, func(tx *store.Tx) error { return tx.AddLeg(ctx, &first) })
	if first.Rev != 1 {
		t.Errorf("a new leg: got rev %d, want 1", first.Rev)
	}
	got, err := st.Reader().Leg(ctx, first.ID)
	want(t, "added", got, err, first)

	// Everything that may change changes; what was sent stays what was sent.
	next := fullLeg(c.ID, 2)
	next.ID, next.Rev, next.Side, next.Peer, next.Urgent, next.Class = first.ID, 1, first.Side, first.Peer, first.Urgent, first.Class
	next.Item, next.Region, next.SentAt, next.ForLeg, next.CallbackBy = first.Item, first.Region, first.SentAt, first.ForLeg, first.CallbackBy
	next.CallID, next.Spoken, next.Looped, next.Late, next.Via = first.CallID, first.Spoken, first.Looped, first.Late, first.Via
	next.Extra, next.Ask = first.Extra, first.Ask
	write(t, st, func(tx *store.Tx) error { l := next; return tx.SaveLeg(ctx, &l) })
	next.Rev = 2
	got, err = st.Reader().Leg(ctx, first.ID)
	want(t, "saved", got, err, next)

	oneHot(&next, func(field string) {
		next.ID = hotline.NewID()
		write(t, st, func(tx *store.Tx) error { return tx.AddLeg(ctx, &next) })
		got, err := st.Reader().Leg(ctx, next.ID)
		want(t, "only "+field, got, err, next)

		flags := next
		flags.Contested, flags.Undeliverable = !next.Contested, !next.Undeliverable
		write(t, st, func(tx *store.Tx) error { l := flags; return tx.SaveLeg(ctx, &l) })
		flags.Rev++
		got, err = st.Reader().Leg(ctx, next.ID)
		want(t, "changed from only "+field, got, err, flags)
	})

	bare := store.LegRow{Leg: leg.Leg{ID: hotline.NewID(), CaseID: c.ID, Side: leg.Sender, State: leg.Sent, SentAt: start}, MovedAt: start}
	write(t, st, func(tx *store.Tx) error { return tx.AddLeg(ctx, &bare) })
	got, err = st.Reader().Leg(ctx, bare.ID)
	want(t, "with little in it", got, err, bare)
}

func legGuard(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st)
	l := addLeg(t, st, c.ID)
	write(t, st, func(tx *store.Tx) error { m := *l; return tx.SaveLeg(ctx, &m) })
	err := st.Write(ctx, func(tx *store.Tx) error {
		m := *l
		m.State = leg.Accepted
		return tx.SaveLeg(ctx, &m)
	})
	wantCode(t, "saved over a newer one", err, hotline.Conflict, "stale")
	if got, err := st.Reader().Leg(ctx, l.ID); err != nil || got.State != leg.Received || got.Rev != 2 {
		t.Errorf("after a refused save: got %s, rev %d (error %v), want received and 2", got.State, got.Rev, err)
	}
	if err := st.Write(ctx, func(tx *store.Tx) error { m := *l; return tx.AddLeg(ctx, &m) }); !store.IsDuplicate(err) {
		t.Errorf("a leg with an id that is taken: got %v, want a duplicate", err)
	}
	for what, spoil := range map[string]func(*store.LegRow){
		"state": func(l *store.LegRow) { l.State = "lost" },
		"side":  func(l *store.LegRow) { l.Side = "third" },
		"case":  func(l *store.LegRow) { l.CaseID = "none" },
	} {
		m := *l
		m.ID = hotline.NewID()
		spoil(&m)
		if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddLeg(ctx, &m) }); err == nil || store.IsDuplicate(err) {
			t.Errorf("an impossible %s: got error %v, want it refused", what, err)
		}
	}
}

func legsOfCases(t *testing.T, st *store.Store) {
	ctx := t.Context()
	one, two, none := addCase(t, st).ID, addCase(t, st).ID, addCase(t, st).ID
	late := addLeg(t, st, one, func(l *store.LegRow) { l.SentAt = start.Add(2 * time.Second) }).ID
	early := addLeg(t, st, one, func(l *store.LegRow) { l.SentAt = start.Add(-2 * time.Second) }).ID
	same := addLeg(t, st, one, func(l *store.LegRow) { l.SentAt = start.Add(2 * time.Second) }).ID
	other := addLeg(t, st, two).ID
	got, err := st.Reader().LegsOf(ctx, one)
	want(t, "in the order they were sent", ids(got, legID), err, []string{early, late, same})
	got, err = st.Reader().LegsOf(ctx, none)
	want(t, "of a case without", ids(got, legID), err, []string{})

	many, err := st.Reader().LegsOfCases(ctx, []string{one, none, two})
	flat := map[string][]string{}
	for id, ls := range many {
		flat[id] = ids(ls, legID)
	}
	want(t, "of three cases", flat, err, map[string][]string{one: {early, late, same}, two: {other}})
	many, err = st.Reader().LegsOfCases(ctx, nil)
	want(t, "of no case", many, err, map[string][]store.LegRow{})
}

func unitLegs(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st).ID
	live, done := map[string]bool{}, map[string]bool{}
	for i, s := range leg.States() {
		for range 3 {
			l := addLeg(t, st, c, func(l *store.LegRow) {
				l.Unit, l.State = "u1", s
				if i%3 != 0 {
					l.DueAt = start.Add(time.Duration(i%2) * time.Hour) // often the same moment
				}
			})
			switch s {
			case leg.Answered, leg.Settled, leg.Returned, leg.Withdrawn:
				done[l.ID] = true
			default:
				live[l.ID] = true
			}
		}
	}
	addLeg(t, st, c, func(l *store.LegRow) { l.Unit = "u2" })
	addLeg(t, st, c, func(l *store.LegRow) { l.Unit, l.Peer = "", "540000-110" })

	for _, limit := range []int{1, 4, 100} {
		for _, tc := range []struct {
			done bool
			want map[string]bool
		}{{false, live}, {true, done}} {
			seen := map[string]bool{}
			var after hotline.Cursor
			var last store.LegRow
			for {
				got, err := st.Reader().UnitLegs(ctx, "u1", tc.done, after, limit)
				if err != nil {
					t.Fatal(err)
				}
				if len(got) == 0 {
					break
				}
				for _, l := range got {
					if seen[l.ID] || !tc.want[l.ID] {
						t.Fatalf("done %v, pages of %d: leg %s (%s) came twice or does not belong", tc.done, limit, l.ID, l.State)
					}
					if last.ID != "" && !tc.done && dueKey(l) < dueKey(last) || last.ID != "" && tc.done && l.ID > last.ID {
						t.Errorf("done %v, pages of %d: %s follows %s, out of order", tc.done, limit, l.ID, last.ID)
					}
					seen[l.ID], last = true, l
				}
				after = hotline.Cursor{Key: dueKey(last), ID: last.ID}
			}
			if len(seen) != len(tc.want) {
				t.Errorf("done %v, pages of %d: got %d legs, want %d", tc.done, limit, len(seen), len(tc.want))
			}
		}
	}
	got, err := st.Reader().UnitLegs(ctx, "", false, hotline.Cursor{}, 10)
	want(t, "of no unit", ids(got, legID), err, []string{})
}

// dueKey is what the list of a unit is sorted by: no due time comes first.
func dueKey(l store.LegRow) int64 {
	if l.DueAt.IsZero() {
		return 0
	}
	return l.DueAt.UnixMicro()
}

func deskLists(t *testing.T, st *store.Store) {
	ctx := t.Context()
	r := st.Reader()
	c := addCase(t, st).ID
	names := map[string]string{}
	add := func(name string, change func(*store.LegRow)) string {
		l := addLeg(t, st, c, func(l *store.LegRow) { change(l) })
		names[l.ID] = name
		return l.ID
	}
	urgent := func(state leg.State, at time.Duration, change func(*store.LegRow)) func(*store.LegRow) {
		return func(l *store.LegRow) {
			l.Urgent, l.State, l.SentAt, l.Peer, l.Unit = true, state, start.Add(at), "p1", ""
			if change != nil {
				change(l)
			}
		}
	}
	add("later", urgent(leg.Sent, 2*time.Second, nil))
	add("first", urgent(leg.Received, time.Second, nil))
	add("too young", urgent(leg.Sent, time.Minute, nil))
	add("accepted", urgent(leg.Accepted, 0, nil))
	add("by phone", urgent(leg.Sent, 0, func(l *store.LegRow) { l.SilencedAt = start }))
	add("prompted", urgent(leg.Sent, 4*time.Second, func(l *store.LegRow) { l.PromptedAt = start }))
	add("given back", urgent(leg.Returned, 0, nil))
	add("given back, sent anew", urgent(leg.Returned, 0, func(l *store.LegRow) { l.Resolution, l.Successor = leg.BySuccessor, "x" }))
	add("we gave it back", urgent(leg.Returned, 0, func(l *store.LegRow) { l.Side, l.Peer = leg.Holder, "p2" }))
	add("incoming urgent", urgent(leg.Received, 3*time.Second, func(l *store.LegRow) { l.Side, l.Peer = leg.Holder, "p2" }))
	add("incoming", func(l *store.LegRow) { l.Side, l.Peer, l.Unit = leg.Holder, "p2", "" })
	add("incoming older", func(l *store.LegRow) { l.Side, l.Peer, l.Unit, l.SentAt = leg.Holder, "p2", "", start.Add(-time.Hour) })
	add("incoming taken up", func(l *store.LegRow) { l.Side, l.Peer, l.Unit, l.State = leg.Holder, "p2", "", leg.Accepted })
	add("broken", func(l *store.LegRow) { l.Repair = "letter refused" })
	add("broken too", func(l *store.LegRow) { l.Repair = "void" })
	named := func(ls []store.LegRow) []string { return ids(ls, func(l store.LegRow) string { return names[l.ID] }) }
	write(t, st, func(tx *store.Tx) error {
		return tx.PutLink(ctx, store.Link{Peer: "p9", Carrier: store.ManualCarrier, CreatedAt: start})
	})
	add("on paper", func(l *store.LegRow) { l.Side, l.Peer, l.Unit, l.SentAt = leg.Sender, "p9", "", start.Add(time.Second) })
	add("on paper, answered", func(l *store.LegRow) { l.Side, l.Peer, l.Unit, l.State = leg.Sender, "p9", "", leg.Answered })
	add("begun on paper", func(l *store.LegRow) {
		l.Side, l.Peer, l.Unit, l.State, l.ByHand = leg.Sender, "p8", "", leg.Working, true
	})
	handed, err := r.HandedLegs(ctx, 10)
	want(t, "carried by people", named(handed), err, []string{"begun on paper", "on paper"})
	handed, err = r.HandedLegs(ctx, 1)
	want(t, "one carried by people", named(handed), err, []string{"begun on paper"})

	got, err := r.UrgentWaiting(ctx, start.Add(time.Minute), 10)
	want(t, "urgent and waiting", named(got), err, []string{"first", "later", "prompted"})
	got, err = r.UrgentWaiting(ctx, start.Add(time.Minute), 1)
	want(t, "one of them", named(got), err, []string{"first"})
	got, err = r.Unprompted(ctx, start.Add(2*time.Second), start.Add(time.Second), 10)
	want(t, "to prompt", named(got), err, []string{"first", "later"})
	got, err = r.Unprompted(ctx, start.Add(2*time.Second), start.Add(time.Second), 1)
	want(t, "one to prompt", named(got), err, []string{"first"})
	got, err = r.Unprompted(ctx, start.Add(time.Second), start, 10)
	want(t, "to prompt a moment before", named(got), err, []string{})
	got, err = r.Incoming(ctx, 10)
	want(t, "incoming", named(got), err, []string{"incoming urgent", "incoming older", "incoming"})
	got, err = r.Incoming(ctx, 2)
	want(t, "two incoming", named(got), err, []string{"incoming urgent", "incoming older"})
	got, err = r.GivenBack(ctx, 10)
	want(t, "given back", named(got), err, []string{"given back"})
	got, err = r.RepairList(ctx, 10)
	want(t, "to repair", named(got), err, []string{"broken", "broken too"})
	got, err = r.RepairList(ctx, 1)
	want(t, "one to repair", named(got), err, []string{"broken"})

	var all []string
	after := ""
	for {
		got, err := r.DigestsLegs(ctx, "p1", after, "~", 2)
		if err != nil || len(got) == 0 {
			want(t, "all legs with a peer", len(all), err, 8)
			break
		}
		for _, d := range got {
			if d.Apart || d.Moving || d.State == "" || d.Hash != "" || d.LegID != d.ID {
				t.Errorf("got %+v, want a leg's state and nothing else", d)
			}
			all = append(all, d.ID)
		}
		after = got[len(got)-1].ID
	}
	few, err := r.DigestsLegs(ctx, "p1", all[0], all[2], 10)
	want(t, "legs of a stretch", len(few), err, 2)
	few, err = r.DigestsLegs(ctx, "", "", "~", 10)
	want(t, "legs with no peer", len(few), err, 0)
}
