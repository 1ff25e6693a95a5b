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
		local, away := c.Legs[0].ID, c.Legs[1].ID
		if c.Legs[0].Unit == "" {
			local, away = away, local
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
			"suspension_leg":       func(n *desk.NewSuspension) { n.LegID = away },
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
