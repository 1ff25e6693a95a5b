package desk_test

import (
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, calendar.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

// A suspension moves the answer's deadline by what it takes out, says so in the
// account, keeps the other clocks running, and ends early by a click.
func TestSuspension(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain, func(in *desk.In) { in.Category = "A14" }) // 10 working days
		c = w.send(c.ID, to("unit:"+housing))
		l := c.Legs[0]
		w.act(w.clerk(housing), l.ID, leg.Accept)
		handling := func() deadline.Clock {
			for _, k := range w.see(c.ID).Clocks {
				if k.LegID == l.ID && k.Kind == deadline.Handling {
					return k
				}
			}
			t.Fatal("no handling clock")
			return deadline.Clock{}
		}
		due := func(want string) {
			t.Helper()
			if got := handling().Due.In(calendar.Zone).Format("2006-01-02 15:04"); got != want {
				t.Errorf("due %s, want %s", got, want)
			}
		}
		due("2026-03-25 18:00")
		snow := desk.NewSuspension{LegID: l.ID, Ground: desk.Weather, From: day("2026-03-16"), To: day("2026-03-19"), Note: "测试：大雪封山"}
		if err := w.Suspend(ctx, w.supervisor(), c.ID, snow); err != nil {
			t.Fatal(err)
		}
		due("2026-03-30 18:00") // three working days more
		for _, k := range w.see(c.ID).Clocks {
			if k.Kind == deadline.Case && k.Due.In(calendar.Zone).Format(time.DateOnly) != "2026-03-25" {
				t.Errorf("the case's own clock moved to %v", k.Due)
			}
		}
		a, err := w.ClockAccount(ctx, w.lead, c.ID, handling().ID)
		if err != nil || a.Moved != "" || !a.Due.Equal(handling().Due) {
			t.Fatalf("account %+v, %v", a, err)
		}
		suspended := 0
		for _, s := range a.Account {
			if s.Why == calendar.Suspended {
				suspended++
			}
		}
		if suspended == 0 {
			t.Errorf("the account does not name what was suspended: %+v", a.Account)
		}

		// An extension on top, and the early end: what each gave stays.
		if _, err := w.Act(ctx, w.clerk(housing), l.ID, do(leg.Extend, func(d *desk.Do) { d.Due = ptr(day("2026-04-02").Add(18 * time.Hour)) })); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Act(ctx, w.lead, l.ID, do(leg.Grant, func(d *desk.Do) { d.Due = ptr(day("2026-04-02").Add(18 * time.Hour)) })); err != nil {
			t.Fatal(err)
		}
		due("2026-04-02 18:00")
		w.clock.Add(day("2026-03-17").Add(10 * time.Hour).Sub(w.Now()))
		ledger, err := w.Suspensions(ctx, w.lead, c.ID)
		if err != nil || len(ledger) != 1 || ledger[0].Approver == "" || ledger[0].Ground != desk.Weather {
			t.Fatalf("ledger %+v, %v", ledger, err)
		}
		if err := w.EndSuspension(ctx, w.supervisor(), c.ID, ledger[0].ID); err != nil {
			t.Fatal(err)
		}
		due("2026-04-01 18:00") // the third day counts again
		if err := w.EndSuspension(ctx, w.supervisor(), c.ID, ledger[0].ID); hotline.CodeOf(err) != "suspension_over" {
			t.Errorf("ended twice: %v", err)
		}
	})
}

func TestSuspensionRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain, func(in *desk.In) { in.Category = "A14" })
		c = w.send(c.ID, to("unit:"+housing), to("110"))
		local := c.Legs[0].ID
		if c.Legs[0].Unit == "" {
			local = c.Legs[1].ID
		}
		good := desk.NewSuspension{LegID: local, Ground: desk.LegalProcedure, From: day("2026-03-13"), To: day("2026-03-16"), Note: "测试：公示"}
		if err := w.Suspend(ctx, w.supervisor(), c.ID, good); err != nil {
			t.Fatal(err)
		}
		due := w.see(c.ID).Legs
		for code, change := range map[string]func(*desk.NewSuspension){
			"suspension_ground":    func(n *desk.NewSuspension) { n.Ground = "tired" },
			"text_empty":           func(n *desk.NewSuspension) { n.Note = "" },
			"leg_not_found":        func(n *desk.NewSuspension) { n.LegID = "none" },
			"suspension_past":      func(n *desk.NewSuspension) { n.From = day("2026-03-10") },
			"suspension_empty":     func(n *desk.NewSuspension) { n.To = n.From },
			"suspension_long":      func(n *desk.NewSuspension) { n.To = day("2027-03-01") },
			"suspension_after_due": func(n *desk.NewSuspension) { n.From, n.To = day("2026-05-04"), day("2026-05-06") },
			"suspension_overlaps":  func(n *desk.NewSuspension) { n.From, n.To = day("2026-03-15"), day("2026-03-20") },
		} {
			n := good
			change(&n)
			if err := w.Suspend(ctx, w.supervisor(), c.ID, n); hotline.CodeOf(err) != code {
				t.Errorf("%s: got %v", code, err)
			}
		}
		n := good
		n.From, n.To = day("2026-03-18"), day("2026-03-20")
		if err := w.Suspend(ctx, w.clerk(housing), c.ID, n); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("by the holder: got %v", err)
		}
		_, in := w.offered("110", plain, leg.Body{Dues: []leg.Due{{Clock: "handling", Due: day("2026-03-18"), Budget: "5wd"}}})
		n.LegID = in.ID
		if err := w.Suspend(ctx, w.supervisor(), in.CaseID, n); hotline.CodeOf(err) != "suspension_leg" {
			t.Errorf("a leg of the other platform: got %v", err)
		}
		n.LegID = local
		if got := w.see(c.ID).Legs; !got[0].DueAt.Equal(due[0].DueAt) || !got[1].DueAt.Equal(due[1].DueAt) {
			t.Error("a refusal moved a deadline")
		}
		w.clock.Add(90 * 24 * time.Hour)
		n.From, n.To = midnightOf(w.Now()), midnightOf(w.Now()).AddDate(0, 0, 3)
		if err := w.Suspend(ctx, w.supervisor(), c.ID, n); hotline.CodeOf(err) != "suspension_too_late" {
			t.Errorf("after the deadline: got %v", err)
		}
	})
}

func midnightOf(t time.Time) time.Time { return day(t.In(calendar.Zone).Format(time.DateOnly)) }

// A peer's suspension counts for the legs that it sent, and for no others; the
// same entry told again is the same entry, and only its end may come nearer.
func TestSuspensionOfAPeer(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		at := func(s string) time.Time { return day(s).Add(18 * time.Hour) }
		_, in := w.offered("110", plain, leg.Body{Dues: []leg.Due{{Clock: "handling", Due: at("2026-03-18"), Budget: "5wd"}}})
		number := int64(1)
		says := func(legID, id, from, to, due string) {
			t.Helper()
			number++
			s := leg.Suspension{ID: id, Ground: "某种新事由", From: day(from), To: day(to)}
			w.peerSays("110", "supplement", legID, number, leg.Body{Suspension: &s, Due: ptr(at(due)), Person: "王测试"}, leg.Private{Note: "说明：时限有变"})
		}
		for _, tc := range []struct{ what, id, from, to, due, wantTo string }{
			{"begins", "s1", "2026-03-12", "2026-03-16", "2026-03-20", "2026-03-16"},
			{"is told again", "s1", "2026-03-12", "2026-03-16", "2026-03-20", "2026-03-16"},
			{"would last longer under the same id", "s1", "2026-03-12", "2026-03-17", "2026-03-20", "2026-03-16"},
			{"ends early", "s1", "2026-03-12", "2026-03-13", "2026-03-19", "2026-03-13"},
			{"never was", "s2", "2026-03-16", "2026-03-16", "2026-03-19", "2026-03-13"},
		} {
			says(in.ID, tc.id, tc.from, tc.to, tc.due)
			ledger := must(w.Suspensions(ctx, w.lead, in.CaseID))(t)
			if len(ledger) != 1 || !ledger[0].To.Equal(day(tc.wantTo)) || ledger[0].Ground != "某种新事由" || ledger[0].Approver != "王测试 540000-110" {
				t.Errorf("%s: got the ledger %+v, want one entry until %s", tc.what, ledger, tc.wantTo)
			}
			if got := w.leg(in.ID); !got.DueAt.Equal(at(tc.due)) || got.Repair != "" {
				t.Errorf("%s: due %v, repair %q, want %v", tc.what, got.DueAt, got.Repair, at(tc.due))
			}
		}

		_, out := w.sent(to("110"))
		before := w.leg(out.ID).DueAt
		number = 0
		says(out.ID, "s1", "2026-03-12", "2026-03-16", "2027-01-01")
		if got := w.leg(out.ID); got.Repair != "" || w.kinds(out.CaseID)["supplement"] != 1 || len(must(w.Suspensions(ctx, w.lead, out.CaseID))(t)) != 0 {
			t.Errorf("the holder suspends what we sent: got %+v, %v, want words and no more", got, w.kinds(out.CaseID))
		}
		for _, c := range w.see(out.CaseID).Clocks {
			if c.LegID == out.ID && c.Due.Year() == 2027 {
				t.Errorf("the holder moved our clock %s, due %v before", c.Kind, before)
			}
		}
	})
}

// Stretches are half-open: one may begin where another ends. One that is ended
// before it began never was: the deadline is what it had been.
func TestSuspensionsMeetAndVanish(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.take(plain, func(in *desk.In) { in.Category = "A14" })
		c = w.send(c.ID, to("unit:"+housing))
		was := w.leg(c.Legs[0].ID).DueAt
		stretch := func(from, until string) string {
			t.Helper()
			err := w.Suspend(ctx, w.supervisor(), c.ID, desk.NewSuspension{LegID: c.Legs[0].ID, Ground: desk.Weather, From: day(from), To: day(until), Note: "测试"})
			if err != nil {
				t.Fatal(err)
			}
			ledger := must(w.Suspensions(ctx, w.lead, c.ID))(t)
			return ledger[len(ledger)-1].ID
		}
		first := stretch("2026-03-13", "2026-03-14")
		second := stretch("2026-03-14", "2026-03-17")
		for _, id := range []string{second, first} {
			if err := w.EndSuspension(ctx, w.supervisor(), c.ID, id); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range must(w.Suspensions(ctx, w.lead, c.ID))(t) {
			if !s.To.Equal(s.From) {
				t.Errorf("ended before it began, the entry is %s to %s, want nothing of it", s.From, s.To)
			}
		}
		if got := w.leg(c.Legs[0].ID).DueAt; !got.Equal(was) {
			t.Errorf("the answer is due %s, want %s as before", got, was)
		}
	})
}
