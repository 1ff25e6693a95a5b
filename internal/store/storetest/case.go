package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// fullCase is a case with something else in every field. What the caller was
// told is no column of it: it is sealed in the personal part.
func fullCase(seed int) store.CaseRow {
	var c store.CaseRow
	fill(&c, seed)
	c.Status, c.Level, c.Told = casefile.Statuses()[seed%5], 1+seed%4, ""
	return c
}

func caseRoundTrip(t *testing.T, st *store.Store) {
	ctx := t.Context()
	first := fullCase(1)
	write(t, st, func(tx *store.Tx) error { return tx.AddCase(ctx, &first) })
	if first.Version != 1 || first.Rev != 1 {
		t.Errorf("a new case: got version %d and rev %d, want 1 and 1", first.Version, first.Rev)
	}
	got, err := st.Reader().Case(ctx, first.ID)
	want(t, "added", got, err, first)

	// Everything that may change changes; the rest stays as it was taken.
	next := fullCase(2)
	next.ID, next.Rev, next.Channel, next.RegionRaw, next.Catalogue = first.ID, 1, first.Channel, first.RegionRaw, first.Catalogue
	next.ExternalID, next.Source, next.OccurredAt, next.CreatedAt = first.ExternalID, first.Source, first.OccurredAt, first.CreatedAt
	next.Proposal, next.Indexed, next.Number = first.Proposal, first.Indexed, first.Number
	write(t, st, func(tx *store.Tx) error { c := next; return tx.SaveCase(ctx, &c) })
	next.Rev = 2
	got, err = st.Reader().Case(ctx, first.ID)
	want(t, "saved", got, err, next)

	oneHot(&next, func(field string) {
		next.ID = hotline.NewID()
		next.Number = next.ID
		write(t, st, func(tx *store.Tx) error { return tx.AddCase(ctx, &next) })
		got, err = st.Reader().Case(ctx, next.ID)
		want(t, "only "+field, got, err, next)
	})
	for _, answer := range []struct{ consent, solved *bool }{{nil, new(true)}, {new(false), nil}} {
		next.ID, next.Consent, next.Solved = hotline.NewID(), answer.consent, answer.solved
		next.Number = next.ID
		write(t, st, func(tx *store.Tx) error { return tx.AddCase(ctx, &next) })
		got, err = st.Reader().Case(ctx, next.ID)
		want(t, "truths that may be unknown", got, err, next)
	}

	empty := newCase(func(c *store.CaseRow) { c.OccurredAt = time.Unix(-1, 0).UTC(); c.Satisfaction = math.MaxInt32 })
	write(t, st, func(tx *store.Tx) error { return tx.AddCase(ctx, empty) })
	got, err = st.Reader().Case(ctx, empty.ID)
	want(t, "with little in it", got, err, *empty)
}

func caseGuard(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st)
	write(t, st, func(tx *store.Tx) error { d := *c; return tx.SaveCase(ctx, &d) })

	runs := 0
	err := st.Write(ctx, func(tx *store.Tx) error {
		runs++
		d := *c // as it was before somebody was faster
		d.Item = "late"
		return tx.SaveCase(ctx, &d)
	})
	wantCode(t, "saved over a newer one", err, hotline.Conflict, "stale")
	if runs < 2 {
		t.Errorf("a guard that misses: got %d run, want the closure run again", runs)
	}
	got, err := st.Reader().Case(ctx, c.ID)
	if err != nil || got.Item != "" || got.Rev != 2 {
		t.Errorf("after a refused save: got item %q, rev %d (error %v), want none and 2", got.Item, got.Rev, err)
	}

	// The second run sees what the faster one wrote, and stands.
	runs = 0
	write(t, st, func(tx *store.Tx) error {
		runs++
		d, err := tx.Case(ctx, c.ID)
		if err != nil {
			return err
		}
		if runs == 1 {
			d.Rev--
		}
		d.Item = "second run"
		return tx.SaveCase(ctx, &d)
	})
	if got, err := st.Reader().Case(ctx, c.ID); err != nil || got.Item != "second run" || runs != 2 {
		t.Errorf("run again: got item %q after %d runs (error %v), want second run after 2", got.Item, runs, err)
	}

	err = st.Write(ctx, func(tx *store.Tx) error { return tx.AddCase(ctx, newCase(func(d *store.CaseRow) { d.ID = c.ID })) })
	if !store.IsDuplicate(err) {
		t.Errorf("a case with an id that is taken: got %v, want a duplicate", err)
	}
	for what, spoil := range map[string]func(*store.CaseRow){
		"status": func(c *store.CaseRow) { c.Status = "lost" },
		"level":  func(c *store.CaseRow) { c.Level = 5 },
	} {
		err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddCase(ctx, newCase(spoil)) })
		if err == nil || store.IsDuplicate(err) {
			t.Errorf("an impossible %s: got error %v, want it refused", what, err)
		}
	}
}

func caseNotFound(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	for thing, read := range map[string]func() error{
		"case":     func() error { _, err := r.Case(ctx, "none"); return err },
		"leg":      func() error { _, err := r.Leg(ctx, "none"); return err },
		"letter":   func() error { _, err := r.LetterOut(ctx, "none"); return err },
		"person":   func() error { _, err := r.PersonByLogin(ctx, "none"); return err },
		"session":  func() error { _, _, err := r.Session(ctx, "none", start); return err },
		"token":    func() error { _, err := r.Token(ctx, "none"); return err },
		"node":     func() error { _, err := r.Node(ctx); return err },
		"calendar": func() error { _, err := r.Document(ctx, "calendar", "none"); return err },
	} {
		wantCode(t, thing, read(), hotline.NotFound, thing+"_not_found")
	}
	_, err := r.Private(ctx, "none")
	wantCode(t, "personal part", err, hotline.NotFound, "case_not_found")
	_, err = r.IntakeKey(ctx, "none", "none")
	wantCode(t, "intake key", err, hotline.NotFound, "case_not_found")
	_, err = r.LetterIn(ctx, "none")
	wantCode(t, "letter in", err, hotline.NotFound, "letter_not_found")
	if at, err := r.NextLetterAt(ctx, "none"); err != nil || !at.IsZero() {
		t.Errorf("next letter of none: got %v (error %v), want the zero moment", at, err)
	}
}

func personalPart(t *testing.T, st *store.Store) {
	ctx := t.Context()
	c := addCase(t, st)
	var p store.Private
	fill(&p, 1)
	p.CaseID = c.ID
	write(t, st, func(tx *store.Tx) error { return tx.AddPrivate(ctx, p) })
	got, err := st.Reader().Private(ctx, c.ID)
	want(t, "added", got, err, p)

	p.Told = []byte("other")
	write(t, st, func(tx *store.Tx) error { return tx.SaveTold(ctx, c.ID, p.Told) })
	got, err = st.Reader().Private(ctx, c.ID)
	want(t, "told", got, err, p)

	p.Caller, p.PhoneIndex = []byte("more"), "another"
	write(t, st, func(tx *store.Tx) error { return tx.SaveCaller(ctx, p) })
	got, err = st.Reader().Private(ctx, c.ID)
	want(t, "the caller", got, err, p)

	bare := store.Private{CaseID: addCase(t, st).ID}
	write(t, st, func(tx *store.Tx) error { return tx.AddPrivate(ctx, bare) })
	got, err = st.Reader().Private(ctx, bare.CaseID)
	want(t, "erased", got, err, bare)

	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddPrivate(ctx, p) }); !store.IsDuplicate(err) {
		t.Errorf("a second personal part: got %v, want a duplicate", err)
	}
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddPrivate(ctx, store.Private{CaseID: "none"}) }); err == nil {
		t.Error("the personal part of no case: got no error, want it refused")
	}
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.SaveTold(ctx, "none", p.Told) })
	wantCode(t, "told, of no case", err, hotline.Conflict, "stale")
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.SaveCaller(ctx, bare) })
	wantCode(t, "the caller of an erased case", err, hotline.Conflict, "stale")
}

// wholeCase: everything at once is the same as one after the other, also inside
// a transaction that has just changed it.
func wholeCase(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	_, err := r.Whole(ctx, "none")
	wantCode(t, "of no case", err, hotline.NotFound, "case_not_found")
	c := fullCase(1)
	write(t, st, func(tx *store.Tx) error { return tx.AddCase(ctx, &c) })
	_, err = r.Whole(ctx, c.ID)
	wantCode(t, "of a case without a personal part", err, hotline.NotFound, "case_not_found")

	w := store.Whole{Case: c}
	fill(&w.Private, 2)
	w.Private.CaseID = c.ID
	write(t, st, func(tx *store.Tx) error { return tx.AddPrivate(ctx, w.Private) })
	got, err := r.Whole(ctx, c.ID)
	want(t, "without legs and clocks", got, err, w)

	late, early := fullLeg(c.ID, 4), fullLeg(c.ID, 3)
	clock := newClock(func(k *deadline.Clock) { k.CaseID = c.ID })
	w.Legs, w.Clocks = []store.LegRow{early, late}, []deadline.Clock{clock}
	w.Legs[0].Rev, w.Legs[1].Rev = 1, 1
	other := addCase(t, st)
	addLeg(t, st, other.ID)
	write(t, st, func(tx *store.Tx) error {
		for _, l := range []store.LegRow{late, early} {
			if err := tx.AddLeg(ctx, &l); err != nil {
				return err
			}
		}
		if err := tx.AddClocks(ctx, clock); err != nil {
			return err
		}
		got, err := tx.Whole(ctx, c.ID)
		want(t, "inside the transaction", got, err, w)
		return err
	})
	got, err = r.Whole(ctx, c.ID)
	want(t, "whole", got, err, w)
}

func personalPartsOfMany(t *testing.T, st *store.Store) {
	ctx := t.Context()
	all := map[string]store.Private{}
	var list []string
	for i := range 7 {
		var p store.Private
		fill(&p, i)
		p.CaseID, p.Told = addCase(t, st).ID, nil // lists do not show it
		write(t, st, func(tx *store.Tx) error { return tx.AddPrivate(ctx, p) })
		all[p.CaseID], list = p, append(list, p.CaseID)
	}
	for n := range len(list) + 1 { // any number of ids
		some := map[string]store.Private{}
		for _, id := range list[:n] {
			some[id] = all[id]
		}
		got, err := st.Reader().PrivateOf(ctx, append(list[:n:n], "none"))
		want(t, fmt.Sprintf("of %d cases", n), got, err, some)
	}
	got, err := st.Reader().PrivateOf(ctx, nil)
	want(t, "of no case", got, err, map[string]store.Private{})
}

func casesByPhone(t *testing.T, st *store.Store) {
	ctx := t.Context()
	add := func(phone string, at time.Duration, closed bool) string {
		c := addCase(t, st, func(c *store.CaseRow) {
			c.CreatedAt = start.Add(at * time.Second)
			if closed {
				c.ClosedAt = start.Add(time.Hour)
			}
		})
		write(t, st, func(tx *store.Tx) error { return tx.AddPrivate(ctx, store.Private{CaseID: c.ID, PhoneIndex: phone}) })
		return c.ID
	}
	old, young := add("x", 0, false), add("x", 2, false)
	middle := add("x", 1, false)
	add("x", 3, true)
	add("y", 4, false)
	add("", 5, false)
	got, err := st.Reader().OpenCasesByPhone(ctx, "x", 10)
	want(t, "open ones of a caller", ids(got, caseID), err, []string{young, middle, old})
	got, err = st.Reader().OpenCasesByPhone(ctx, "x", 2)
	want(t, "two of them", ids(got, caseID), err, []string{young, middle})
	got, err = st.Reader().OpenCasesByPhone(ctx, "", 10)
	want(t, "of nobody", ids(got, caseID), err, []string{})
}

func groupMembers(t *testing.T, st *store.Store) {
	add := func(group string, at time.Duration) string {
		return addCase(t, st, func(c *store.CaseRow) { c.GroupID, c.CreatedAt = group, start.Add(at*time.Second) }).ID
	}
	first := add("", 0)
	lead := addCase(t, st, func(c *store.CaseRow) { c.CreatedAt = start.Add(3 * time.Second); c.GroupID = c.ID }).ID
	late, early := add(lead, 2), add(lead, 1)
	add(first, 4)
	got, err := st.Reader().GroupMembers(t.Context(), lead)
	want(t, "members", ids(got, caseID), err, []string{lead, early, late})
	got, err = st.Reader().GroupMembers(t.Context(), "")
	want(t, "of no group", ids(got, caseID), err, []string{})
}

func intakeKeys(t *testing.T, st *store.Store) {
	ctx := t.Context()
	k := store.IntakeKey{Source: "token", Key: "key:1", BodyHash: "hash", CaseID: "case"}
	other := k
	other.Source = "other token"
	write(t, st, func(tx *store.Tx) error {
		if err := tx.AddIntakeKey(ctx, k); err != nil {
			return err
		}
		return tx.AddIntakeKey(ctx, other)
	})
	got, err := st.Reader().IntakeKey(ctx, k.Source, k.Key)
	want(t, "found", got, err, k)
	again := k
	again.CaseID = "another case"
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddIntakeKey(ctx, again) }); !store.IsDuplicate(err) {
		t.Errorf("a key claimed twice: got %v, want a duplicate", err)
	}
	got, err = st.Reader().IntakeKey(ctx, k.Source, k.Key)
	want(t, "after the second claim", got, err, k)
}

func caseFilters(t *testing.T, st *store.Store) {
	ctx := t.Context()
	names := map[string]string{}
	add := func(name string, change func(*store.CaseRow)) string {
		c := addCase(t, st, func(c *store.CaseRow) {
			c.CreatedAt = start.Add(time.Duration(len(names)) * time.Second)
			change(c)
		})
		names[c.ID] = name
		return c.ID
	}
	now := start.Add(time.Hour)
	add("plain", func(*store.CaseRow) {})
	add("closed", func(c *store.CaseRow) { c.Status, c.ClosedAt = casefile.Closed, start })
	add("police", func(c *store.CaseRow) { c.Category, c.Line, c.Region = "B01", "110", "540121" })
	add("urgent", func(c *store.CaseRow) { c.Urgent = "C4"; c.Region = "540300" })
	add("late", func(c *store.CaseRow) { c.DueAt = now.Add(-time.Microsecond) })
	add("due now", func(c *store.CaseRow) { c.DueAt = now })
	add("disputed", func(c *store.CaseRow) { c.Dispute = true })
	add("unread", func(c *store.CaseRow) { c.Unread = true })
	held := add("held", func(c *store.CaseRow) { c.Status = casefile.InProgress })
	twice := add("held twice", func(c *store.CaseRow) { c.Status = casefile.InProgress })
	addLeg(t, st, held, func(l *store.LegRow) { l.Unit = "u1" })
	addLeg(t, st, twice, func(l *store.LegRow) { l.Unit = "u1" })
	addLeg(t, st, twice, func(l *store.LegRow) { l.Unit = "u1"; l.State = leg.Returned })
	addLeg(t, st, twice, func(l *store.LegRow) { l.Unit = "u2" })

	all := []string{"plain", "closed", "police", "urgent", "late", "due now", "disputed", "unread", "held", "held twice"}
	without := func(out ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(out, s) })
	}
	for _, tc := range []struct {
		name string
		see  store.Sight
		f    store.CaseFilter
		want []string
	}{
		{"all", store.Sight{}, store.CaseFilter{}, all},
		{"status", store.Sight{}, store.CaseFilter{Status: casefile.Closed}, []string{"closed"}},
		{"open", store.Sight{}, store.CaseFilter{Open: true}, without("closed")},
		{"category", store.Sight{}, store.CaseFilter{Category: "B01"}, []string{"police"}},
		{"line", store.Sight{}, store.CaseFilter{Line: "12345"}, without("police")},
		{"urgent", store.Sight{}, store.CaseFilter{Urgent: true}, []string{"urgent"}},
		{"overdue", store.Sight{}, store.CaseFilter{Overdue: true, Now: now}, []string{"late", "due now"}},
		{"dispute", store.Sight{}, store.CaseFilter{Dispute: true}, []string{"disputed"}},
		{"not assessed", store.Sight{}, store.CaseFilter{Unread: true}, []string{"unread"}},
		{"regions", store.Sight{}, store.CaseFilter{Regions: []string{"540121", "540300", "549999"}}, []string{"police", "urgent"}},
		{"no region at all", store.Sight{}, store.CaseFilter{Regions: []string{}}, []string{}},
		{"unit", store.Sight{}, store.CaseFilter{Unit: "u1"}, []string{"held", "held twice"}},
		{"two at once", store.Sight{}, store.CaseFilter{Unit: "u1", Status: casefile.InProgress, Category: "A06"}, []string{"held", "held twice"}},
		{"sight of a region", store.Sight{Regions: []string{"540121"}}, store.CaseFilter{}, []string{"police"}},
		{"sight of a region, asked for another", store.Sight{Regions: []string{"540121"}}, store.CaseFilter{Regions: []string{"540300"}}, []string{}},
		{"sight of nothing", store.Sight{Regions: []string{}}, store.CaseFilter{}, []string{}},
		{"sight of a unit", store.Sight{Unit: "u2"}, store.CaseFilter{}, []string{"held twice"}},
		{"sight of a unit, asked for another", store.Sight{Unit: "u2"}, store.CaseFilter{Unit: "u1"}, []string{"held twice"}},
		{"by due time", store.Sight{}, store.CaseFilter{ByDue: true}, []string{"late", "due now"}},
	} {
		tc.f.Limit = 100
		got, err := st.Reader().Cases(ctx, tc.see, tc.f)
		if !tc.f.ByDue {
			slices.Reverse(got) // newest first
		}
		want(t, tc.name, ids(got, func(c store.CaseRow) string { return names[c.ID] }), err, tc.want)
	}
	got, err := st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Limit: 3})
	want(t, "three", ids(got, func(c store.CaseRow) string { return names[c.ID] }), err, []string{"held twice", "held", "unread"})
}

// manyCases writes cases whose moments are often the same.
func manyCases(t *testing.T, st *store.Store, n int) {
	write(t, st, func(tx *store.Tx) error {
		for i := range n {
			c := newCase(func(c *store.CaseRow) {
				c.CreatedAt = start.Add(time.Duration(i*7%5) * time.Second)
				if i%4 != 0 {
					c.DueAt = start.Add(time.Duration(i*3%7) * time.Hour)
				}
			})
			if err := tx.AddCase(t.Context(), c); err != nil {
				return err
			}
		}
		return nil
	})
}

// pages walks a list of cases to its end.
func pages(t *testing.T, st *store.Store, f store.CaseFilter, key func(store.CaseRow) time.Time) []store.CaseRow {
	t.Helper()
	var out []store.CaseRow
	for {
		got, err := st.Reader().Cases(t.Context(), store.Sight{}, f)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return out
		}
		out = append(out, got...)
		last := got[len(got)-1]
		f.After = hotline.Cursor{Key: key(last).UnixMicro(), ID: last.ID}
		if len(out) > 10_000 {
			t.Fatal("the list does not end")
		}
	}
}

func casesNewestFirst(t *testing.T, st *store.Store) {
	const n = 53
	manyCases(t, st, n)
	for _, limit := range []int{1, 7, n, 200} {
		got := pages(t, st, store.CaseFilter{Limit: limit}, func(c store.CaseRow) time.Time { return c.CreatedAt })
		sorted := slices.IsSortedFunc(got, func(a, b store.CaseRow) int {
			if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
				return c
			}
			return -compare(a.ID, b.ID)
		})
		if len(got) != n || !sorted || !distinct(got) {
			t.Errorf("pages of %d: got %d cases (sorted %v, each once %v), want %d, newest first, each once", limit, len(got), sorted, distinct(got), n)
		}
	}
}

func casesByDue(t *testing.T, st *store.Store) {
	const n = 53
	manyCases(t, st, n)
	const due = n - (n+3)/4
	for _, limit := range []int{1, 7, n} {
		got := pages(t, st, store.CaseFilter{Limit: limit, ByDue: true}, func(c store.CaseRow) time.Time { return c.DueAt })
		sorted := slices.IsSortedFunc(got, func(a, b store.CaseRow) int {
			if c := a.DueAt.Compare(b.DueAt); c != 0 {
				return c
			}
			return compare(a.ID, b.ID)
		})
		if len(got) != due || !sorted || !distinct(got) {
			t.Errorf("pages of %d: got %d cases (sorted %v, each once %v), want %d, soonest first, each once", limit, len(got), sorted, distinct(got), due)
		}
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func distinct(cs []store.CaseRow) bool {
	seen := map[string]bool{}
	for _, c := range cs {
		if seen[c.ID] {
			return false
		}
		seen[c.ID] = true
	}
	return true
}

func openCounts(t *testing.T, st *store.Store) {
	now := start.Add(time.Hour)
	set := func(status casefile.Status, region string, change func(*store.CaseRow)) string {
		return addCase(t, st, func(c *store.CaseRow) {
			c.Status, c.Region = status, region
			change(c)
		}).ID
	}
	plain := func(*store.CaseRow) {}
	everything := func(c *store.CaseRow) {
		c.Urgent, c.Dispute, c.Unread, c.DueAt = "C1", true, true, now.Add(-time.Microsecond)
	}
	set(casefile.Open, "540102", plain)
	set(casefile.Open, "540102", func(c *store.CaseRow) { c.Urgent = "C2"; c.DueAt = now })
	held := set(casefile.InProgress, "540102", everything)
	set(casefile.InProgress, "540300", plain)
	set(casefile.InProgress, "540300", func(c *store.CaseRow) { c.DueAt = now.Add(-time.Microsecond) })
	set(casefile.AwaitingCallback, "540300", func(c *store.CaseRow) { c.Unread = true })
	set(casefile.Closed, "540102", everything)
	set(casefile.Archived, "540102", everything)
	addLeg(t, st, held, func(l *store.LegRow) { l.Unit = "u1" })
	for name, tc := range map[string]struct {
		see  store.Sight
		want store.OpenCounts
	}{
		"everywhere": {store.Sight{}, store.OpenCounts{Open: 2, InProgress: 3, Awaiting: 1, Urgent: 2, Overdue: 3, Dispute: 1, Unread: 2}},
		"a region":   {store.Sight{Regions: []string{"540300"}}, store.OpenCounts{InProgress: 2, Awaiting: 1, Overdue: 1, Unread: 1}},
		"nowhere":    {store.Sight{Regions: []string{}}, store.OpenCounts{}},
		"a unit":     {store.Sight{Unit: "u1"}, store.OpenCounts{InProgress: 1, Urgent: 1, Overdue: 1, Dispute: 1, Unread: 1}},
	} {
		got, err := st.Reader().CountOpen(t.Context(), tc.see, now)
		want(t, name, got, err, tc.want)
	}
}
