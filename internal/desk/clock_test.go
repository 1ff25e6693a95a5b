package desk_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/supervision"
)

// Each leg has its clocks from the moment it is sent, and they stop by what
// they wait for, not by what anybody presses.
func TestLegClocks(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		c := w.take(plain, func(in *desk.In) { in.Category = "A06" })
		w.clock.Add(time.Hour)
		v := w.send(c.ID, to("unit:"+housing), to("110"))
		near, far := v.Legs[0], v.Legs[1]
		running := func(legID string) string {
			var out []string
			for _, k := range w.see(c.ID).Clocks {
				if k.LegID == legID && k.Running() {
					out = append(out, string(k.Kind))
				}
			}
			slices.Sort(out)
			return strings.Join(out, " ")
		}
		for _, k := range v.Clocks {
			if k.LegID == near.ID && !k.Start.Equal(near.SentAt) || k.LegID == far.ID && !k.Start.Equal(far.SentAt) {
				t.Errorf("%s clock: starts at %v, not when the leg was sent", k.Kind, k.Start)
			}
			if k.LegID == near.ID && k.Kind == deadline.Handling && k.Budget != "7wd" {
				t.Errorf("handling: got the limit %s, want 7wd of A06", k.Budget)
			}
		}
		steps := []struct {
			what string
			do   func()
			near string
		}{
			{"sent: the machine has received it", func() {}, "first_contact handling sign_in"},
			{"accepted", func() { w.act(w.lead, near.ID, leg.Accept) }, "first_contact handling"},
			{"called", func() {
				if _, err := w.Act(t.Context(), w.clerk(housing), near.ID, do(leg.Call)); err != nil {
					t.Fatal(err)
				}
			}, "handling"},
			{"progress", func() { w.act(w.lead, near.ID, leg.Progress) }, "handling"},
			{"answered", func() { w.act(w.lead, near.ID, leg.Feedback) }, ""},
			{"not enough", func() { w.act(w.lead, near.ID, leg.Reopen) }, "handling"},
			{"answered again", func() { w.act(w.lead, near.ID, leg.Feedback) }, ""},
		}
		if got, want := running(far.ID), "first_contact handling receipt sign_in"; got != want {
			t.Errorf("transfer: got %q, want %q", got, want)
		}
		for _, s := range steps {
			s.do()
			if got := running(near.ID); got != s.near {
				t.Errorf("%s: got the running clocks %q, want %q", s.what, got, s.near)
			}
		}
		w.peerSays("110", "return", far.ID, 1, leg.Body{Ground: leg.NotDuty, Basis: "测试"}, leg.Private{})
		if got := running(far.ID); got != "" {
			t.Errorf("returned: got the running clocks %q, want none", got)
		}
	})
}

// The clock of a case runs from intake and never starts again.
func TestCaseClockNeverRestarts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain)
		start, due, _ := caseClock(c, "case")
		if !start.Equal(c.CreatedAt) {
			t.Errorf("starts at %v, want intake %v", start, c.CreatedAt)
		}
		same := func(what string, wantDue time.Time) {
			t.Helper()
			n := 0
			v := w.see(c.ID)
			for _, k := range v.Clocks {
				if k.Kind == deadline.Case {
					n++
				}
			}
			s, d, running := caseClock(v, "case")
			if n != 1 || !s.Equal(start) || !d.Equal(wantDue) || !running {
				t.Errorf("after %s: %d case clocks, from %v to %v, running %v; want one from %v to %v", what, n, s, d, running, start, wantDue)
			}
		}
		var l desk.LegView
		for _, s := range []struct {
			what string
			do   func()
		}{
			{"sending", func() { v := w.send(c.ID, to("unit:"+housing)); l = v.Legs[0] }},
			{"a return", func() { w.act(w.lead, l.ID, leg.Return) }},
			{"a successor", func() { v := w.send(c.ID, desk.Order{To: "unit:" + urban, Replaces: l.ID}); l = v.Legs[1] }},
			{"an answer", func() { w.act(w.lead, l.ID, leg.Accept, leg.Feedback, leg.Settle) }},
			{"reopening", func() { w.act(w.lead, l.ID, leg.Reopen) }},
			{"closing and reopening", func() {
				w.act(w.lead, l.ID, leg.Feedback, leg.Settle)
				must(w.Callback(ctx, w.lead, c.ID, desk.Asked{Solved: true, Satisfaction: 1, Scale: 3}))(t)
				must(w.Close(ctx, w.lead, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome, Told: "已告知"}))(t)
				if _, _, running := caseClock(w.see(c.ID), "case"); running {
					t.Error("the clock of a closed case runs")
				}
				w.act(w.lead, l.ID, leg.Reopen)
			}},
			{"a note", func() {
				if err := w.Note(ctx, w.lead, c.ID, "来电补充：还是没有人来修"); err != nil {
					t.Fatal(err)
				}
			}},
			{"a decision of the same class", func() { must(w.Decide(ctx, w.lead, c.ID, desk.Decision{Kind: ptr(casefile.Consult)}))(t) }},
		} {
			w.clock.Add(10 * time.Minute)
			s.do()
			same(s.what, due)
		}
		// Another class or another area brings its limit, still from intake.
		for _, s := range []struct {
			what   string
			dec    desk.Decision
			budget string
		}{
			{"another class", desk.Decision{Category: ptr("A06")}, "7wd"},
			{"another area", desk.Decision{Region: ptr("540223")}, "10wd"},
		} {
			w.clock.Add(10 * time.Minute)
			v := must(w.Decide(ctx, w.lead, c.ID, s.dec))(t)
			area := ""
			if r, ok := w.Directory().Region(v.Region); ok {
				area = r.Area
			}
			limit, _ := w.Catalogue().Budget("handling", v.Category, v.Item, area, false)
			if limit != s.budget {
				t.Fatalf("%s: the catalogue says %s, this test %s", s.what, limit, s.budget)
			}
			b := must(calendar.ParseBudget(limit))(t)
			d := must(w.Calendar().Due(start, b, v.Region))(t)
			same(s.what, d.Due)
			for _, k := range v.Clocks {
				if k.Kind == deadline.Case && k.Budget != limit {
					t.Errorf("%s: the clock says %s, want %s", s.what, k.Budget, limit)
				}
			}
		}
	})
}

// fired lists what clocks told in a case.
func (w *world) fired(id string) []string {
	w.t.Helper()
	var out []string
	for _, e := range w.events(id) {
		if !strings.HasPrefix(e.Kind, "clock_") {
			continue
		}
		var b struct {
			Clock     string
			Overtaken []string
		}
		if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, strings.Join(append([]string{b.Clock, strings.TrimPrefix(e.Kind, "clock_")}, b.Overtaken...), " "))
	}
	slices.Sort(out)
	return out
}

// Every rung fires once, however often and by however many it is looked for.
func TestConcurrentFireClocks(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		fire := func() {
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					if _, err := w.FireClocks(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		step := w.take(plain, func(in *desk.In) { in.Category = "A06" }) // 7 working days
		fire()
		if got := w.fired(step.ID); got != nil {
			t.Errorf("before anything is due: got %v", got)
		}
		_, due, _ := caseClock(step, "case")
		w.clock.Add(due.Sub(w.Now()) - 10*time.Minute)
		fire()
		fire()
		if diff := cmp.Diff([]string{"case near"}, w.fired(step.ID)); diff != "" {
			t.Errorf("before the due time (-want +got):\n%s", diff)
		}
		w.clock.Add(10 * time.Minute)
		fire()
		fire()
		if diff := cmp.Diff([]string{"case near", "case over"}, w.fired(step.ID)); diff != "" {
			t.Errorf("at the due time (-want +got):\n%s", diff)
		}

		// Two months down: the highest rung alone tells, and names what it overtook.
		down := w.send(w.take(plain).ID, to("unit:"+housing))
		w.clock.Add(61 * 24 * time.Hour)
		fire()
		// The answer was due within the night, so there was no time to remind of it.
		want := []string{"case order over red", "first_contact order near over red", "handling order over red", "sign_in order near over red"}
		if diff := cmp.Diff(want, w.fired(down.ID)); diff != "" {
			t.Errorf("after two months (-want +got):\n%s", diff)
		}
		if n, err := w.FireClocks(ctx); n != 0 || err != nil {
			t.Errorf("again: fired %d, %v", n, err)
		}
		if v := w.see(down.ID); v.Version != down.Version || v.Legs[0].Version != down.Legs[0].Version {
			t.Error("a reminder raised a version")
		}
	})
}

// A case that is let run over climbs the whole ladder in simulated time, up to a
// supervision order on the unit, one, which the unit owes an answer to.
func TestLadderEndsInAnOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain, func(in *desk.In) { in.Category = "A14" }) // 10 working days
		c = w.send(c.ID, to("unit:"+housing))
		w.act(w.clerk(housing), c.Legs[0].ID, leg.Accept)
		var handling []string
		for range 24 * 20 {
			w.clock.Add(time.Hour)
			if _, err := w.FireClocks(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range w.events(c.ID) {
			var b struct{ Clock string }
			if strings.HasPrefix(e.Kind, "clock_") {
				if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
					t.Fatal(err)
				}
			}
			if b.Clock == "handling" || e.Kind == "order_issued" {
				handling = append(handling, e.At.In(calendar.Zone).Format("01-02 15h ")+strings.TrimPrefix(e.Kind, "clock_"))
			}
		}
		// The caller was not spoken to in the hour that the first contact has; that clock's order, on its third working day, is the only
		// one: while it is open the later rungs issue no other.
		want := []string{"03-16 10h order_issued", "03-20 18h remind", "03-24 18h near", "03-25 18h over", "03-26 10h red", "03-27 10h order"}
		if diff := cmp.Diff(want, handling); diff != "" {
			t.Errorf("rungs of the answer (-want +got):\n%s", diff)
		}
		orders, err := w.st.Reader().SupervisionsOf(ctx, c.ID)
		if err != nil || len(orders) != 1 || !orders[0].ByLadder || orders[0].Cause != supervision.Overdue || orders[0].Parts[0].Unit != housing || !orders[0].Parts[0].State.Owed() {
			t.Fatalf("orders %+v, %v", orders, err)
		}
		for _, k := range w.see(c.ID).Clocks {
			if k.Kind == deadline.Handling && k.Rung != deadline.RungOf(catalogue.RungOrder) {
				t.Errorf("the clock stands on rung %d", k.Rung)
			}
		}
	})
}

// A leg on the other platform and an erased case get no order; the rungs are
// recorded all the same.
func TestLadderWithoutAUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		c, _ := w.sent(to("110"))
		w.clock.Add(61 * 24 * time.Hour)
		if n, err := w.FireClocks(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		if orders, err := w.st.Reader().SupervisionsOf(t.Context(), c.ID); err != nil || len(orders) != 0 {
			t.Errorf("orders %+v, %v", orders, err)
		}
		if !slices.ContainsFunc(w.fired(c.ID), func(s string) bool { return strings.Contains(s, "order") }) {
			t.Errorf("fired %v", w.fired(c.ID))
		}
	})
}

// A rung does not fire for a due time that was moved just before.
func TestMovedClockDoesNotFire(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c, l := w.sent(to("unit:" + housing))
		var was deadline.Clock
		for _, k := range c.Clocks {
			if k.LegID == l.ID && k.Kind == deadline.Handling {
				was = k
			}
		}
		w.act(w.lead, l.ID, leg.Accept)
		if _, err := w.Act(ctx, w.lead, l.ID, do(leg.Extend, func(d *desk.Do) { d.Due = ptr(was.Due.AddDate(0, 1, 0)) })); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Act(ctx, w.lead, l.ID, do(leg.Grant, func(d *desk.Do) { d.Due = ptr(was.Due.AddDate(0, 1, 0)) })); err != nil {
			t.Fatal(err)
		}
		after := was
		after.Rung, after.Next = deadline.RungOf(catalogue.RungOver), time.Time{}
		fired := true
		if err := w.st.Write(ctx, func(tx *store.Tx) (err error) { fired, err = tx.FireClock(ctx, after, was.Rung); return err }); err != nil {
			t.Fatal(err)
		}
		if fired {
			t.Error("a rung of the old due time fired")
		}
	})
}

// What is overdue is found; lists go by what runs out first.
func TestDueTimes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		slow := w.take(plain, func(in *desk.In) { in.Category = "A14" }) // 10 working days
		mid := w.take(plain, func(in *desk.In) { in.Category = "A06" })  // 7
		quick := w.take(fire, func(in *desk.In) { in.Legs = []desk.Order{to("unit:" + housing)} })
		order := func(f desk.Filter) string {
			t.Helper()
			var out []string
			for _, v := range must(w.Cases(ctx, w.lead, f))(t).Cases {
				out = append(out, map[string]string{slow.ID: "slow", mid.ID: "mid", quick.ID: "quick"}[v.ID])
			}
			return strings.Join(out, " ")
		}
		if got := order(desk.Filter{}); got != "quick mid slow" {
			t.Errorf("newest first: got %q", got)
		}
		if got := order(desk.Filter{ByDue: true}); got != "quick mid slow" {
			t.Errorf("by due time: got %q", got)
		}
		// The due time shown is that of the earliest clock that runs.
		check := func(what string) {
			t.Helper()
			for _, id := range []string{slow.ID, mid.ID, quick.ID} {
				v := w.see(id)
				var first time.Time
				legs := map[string]time.Time{}
				for _, k := range v.Clocks {
					if !k.Running() {
						continue
					}
					if first.IsZero() || k.Due.Before(first) {
						first = k.Due
					}
					if d, ok := legs[k.LegID]; !ok || k.Due.Before(d) {
						legs[k.LegID] = k.Due
					}
				}
				if !v.DueAt.Equal(first) {
					t.Errorf("%s: case due at %v, its first clock at %v", what, v.DueAt, first)
				}
				for _, l := range v.Legs {
					if !l.DueAt.Equal(legs[l.ID]) {
						t.Errorf("%s: leg due at %v, its first clock at %v", what, l.DueAt, legs[l.ID])
					}
				}
			}
		}
		check("at intake")
		if got := order(desk.Filter{Overdue: true}); got != "" {
			t.Errorf("overdue at intake: got %q", got)
		}
		w.clock.Add(3 * time.Hour) // the urgent one's 2 hours are over
		if got := order(desk.Filter{Overdue: true}); got != "quick" {
			t.Errorf("overdue after 3 hours: got %q, want quick", got)
		}
		mid = w.send(mid.ID, to("unit:"+housing)) // its first contact comes before all others but quick
		check("sent")
		rows := must(w.Inbox(ctx, w.clerk(housing), false, hotline.Cursor{}, 0))(t)
		if len(rows) != 2 || rows[0].CaseID != quick.ID || rows[1].CaseID != mid.ID {
			t.Errorf("inbox: got %d rows, the first of %s; want what runs out first", len(rows), rows[0].CaseID)
		}
		page := must(w.Inbox(ctx, w.clerk(housing), false, hotline.Cursor{Key: rows[0].DueAt.UnixMicro(), ID: rows[0].ID}, 1))(t)
		if len(page) != 1 || page[0].ID != rows[1].ID {
			t.Errorf("inbox, second page: got %d rows", len(page))
		}
		w.act(w.lead, mid.Legs[0].ID, leg.Accept, leg.Feedback)
		check("answered")
		w.act(w.lead, mid.Legs[0].ID, leg.Settle)
		check("settled")
		if rows := must(w.Inbox(ctx, w.clerk(housing), true, hotline.Cursor{}, 0))(t); len(rows) != 1 || rows[0].CaseID != mid.ID {
			t.Errorf("done: got %d rows, want the settled one", len(rows))
		}
		w.clock.Add(40 * 24 * time.Hour)
		if got := order(desk.Filter{Overdue: true, ByDue: true}); !strings.HasPrefix(got, "quick") || len(got) != len("quick mid slow") {
			t.Errorf("overdue after 40 days: got %q, want all", got)
		}
		o := must(w.Overview(ctx, w.lead))(t)
		if o.Counts.Overdue != 3 || len(o.Overdue) != 3 || o.Overdue[0].ID != quick.ID {
			t.Errorf("overview: got %d counted, %d listed", o.Counts.Overdue, len(o.Overdue))
		}
		// By pages of one, each once.
		var paged []string
		f := desk.Filter{ByDue: true, Limit: 1}
		for {
			l := must(w.Cases(ctx, w.lead, f))(t)
			for _, v := range l.Cases {
				paged = append(paged, v.ID)
			}
			if f.After = l.Next; l.Next.Zero() {
				break
			}
		}
		if slices.Sort(paged); len(slices.Compact(paged)) != 3 {
			t.Errorf("paged: got %d different cases, want 3", len(paged))
		}
	})
}

func TestFilterRefuses(t *testing.T) {
	w := newWorld(t, "sqlite", "12345")
	for code, f := range map[string]desk.Filter{
		"status_unknown": {Status: "lost"}, "line_unknown": {Line: "119"}, "category_unknown": {Category: "Z1"}, "region_unknown": {Region: "1"},
		"unit_unknown": {Unit: "540102-none"}, "limit_range": {Limit: 201},
	} {
		_, err := w.Cases(t.Context(), w.lead, f)
		wantCode(t, code, err, code)
	}
}

// An urgent leg never waits on a machine: the operator is told to telephone,
// once, unless somebody took it by phone.
func TestPrompts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		type leg0 struct {
			desk.LegView
			what string
		}
		send := func(what string, o desk.Order) leg0 {
			v := w.send(w.take(plain).ID, o)
			return leg0{v.Legs[0], what}
		}
		prompt := func(l leg0, shown bool, recorded int, reason string) {
			t.Helper()
			if err := w.FirePrompts(ctx); err != nil {
				t.Fatal(err)
			}
			if got := w.leg(l.ID).Prompted; got != shown {
				t.Errorf("%s: shown %v, want %v", l.what, got, shown)
			}
			n := 0
			for _, e := range w.events(l.CaseID) {
				if e.Kind == "prompted" {
					n++
					if !strings.Contains(e.Body, reason) || e.LegID != l.ID {
						t.Errorf("%s: recorded %s, want %s", l.what, e.Body, reason)
					}
				}
			}
			if n != recorded {
				t.Errorf("%s: recorded %d times, want %d", l.what, n, recorded)
			}
		}
		far, near, slow, accepted, phoned := send("transfer", urgent("110")), send("local", urgent("unit:"+housing)), send("not urgent", to("110")),
			send("accepted", urgent("unit:"+housing)), send("taken by phone", urgent("110"))
		w.act(w.lead, accepted.ID, leg.Accept)
		call := desk.Call{Kind: "phone_transfer", Parties: []string{"12345", "110"}, Outcome: "taken_by_110", Accepted: true}
		if err := w.RecordCall(ctx, w.lead, phoned.CaseID, phoned.ID, call); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(4 * time.Second)
		prompt(far, false, 0, "")
		w.clock.Add(2 * time.Second)
		prompt(far, true, 1, deadline.NoReceipt)
		prompt(far, true, 1, deadline.NoReceipt)
		prompt(near, false, 0, "")
		w.clock.Add(60 * time.Second)
		prompt(near, true, 1, deadline.NoAcceptance)
		prompt(near, true, 1, deadline.NoAcceptance)
		for _, l := range []leg0{slow, accepted, phoned} {
			prompt(l, false, 0, "")
		}
		o := must(w.Overview(ctx, w.lead))(t)
		if len(o.Prompts) != 2 || o.Prompts[0].Phone == "" {
			t.Errorf("overview: got %d prompts, want 2 with a number to call", len(o.Prompts))
		}
		if got := w.leg(phoned.ID); got.State != leg.Sent || !got.Silenced || got.Version != 1 {
			t.Errorf("taken by phone: got %s, silenced %v; a call moves nothing", got.State, got.Silenced)
		}
		// Taken by phone afterwards, the prompt goes.
		if _, err := w.Act(ctx, w.lead, near.ID, do(leg.Call, func(d *desk.Do) { d.Call.Accepted = true })); err != nil {
			t.Fatal(err)
		}
		prompt(near, false, 1, deadline.NoAcceptance)
		w.act(w.lead, near.ID, leg.Accept)
		prompt(near, false, 1, deadline.NoAcceptance)
	})
}

// Each clock of a case explains itself to who may see the case, and to nobody
// else.
func TestClockAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain)
		w.clock.Add(time.Hour)
		v := w.send(c.ID, to("unit:"+housing))
		for _, k := range v.Clocks {
			acc := must(w.ClockAccount(ctx, w.lead, c.ID, k.ID))(t)
			if n := len(acc.Account); n == 0 || !acc.Account[n-1].To.Equal(acc.Due) || acc.Moved != "" || !acc.Due.Equal(k.Due) {
				t.Errorf("%s: account of %d spans to %v, moved %q; due %v", k.Kind, n, acc.Due, acc.Moved, k.Due)
			}
		}
		handling := slices.IndexFunc(v.Clocks, func(k deadline.Clock) bool { return k.Kind == deadline.Handling })
		later := v.Clocks[handling].Due.Add(72 * time.Hour)
		must(w.Act(ctx, w.clerk(housing), v.Legs[0].ID, do(leg.Accept)))(t)
		must(w.Act(ctx, w.clerk(housing), v.Legs[0].ID, do(leg.Extend, func(d *desk.Do) { d.Due = &later })))(t)
		must(w.Act(ctx, w.lead, v.Legs[0].ID, do(leg.Grant, func(d *desk.Do) { d.Due = &later })))(t)
		acc := must(w.ClockAccount(ctx, w.clerk(housing), c.ID, v.Clocks[handling].ID))(t)
		if acc.Moved != desk.MovedByGrant || !acc.Clock.Due.Equal(later) || !acc.Due.Equal(v.Clocks[handling].Due) {
			t.Errorf("after an extension: moved %q from %v to %v", acc.Moved, acc.Due, acc.Clock.Due)
		}
		_, err := w.ClockAccount(ctx, w.clerk(urban), c.ID, v.Clocks[handling].ID)
		wantCode(t, "another unit", err, "case_not_found")
		_, err = w.ClockAccount(ctx, w.lead, c.ID, "none")
		wantCode(t, "no such clock", err, "clock_not_found")
		_, err = w.Deadline(w.clock.Now(), "5wd", "999999")
		wantCode(t, "no such region", err, "region_unknown")
		_, err = w.Deadline(w.clock.Now(), "0wd", "")
		wantCode(t, "no time", err, "budget_zero")
	})
}
