package desk_test

import (
	"strings"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// stopAsked is a case whose unit has the answer's clock running, and asks that
// it stand still.
func stopAsked(w *world) (caseID, legID string, ask func(ground, until string) error) {
	c := w.take(plain, func(in *desk.In) { in.Category = "A14" }) // due on the 25th
	c = w.send(c.ID, to("unit:"+housing))
	l := c.Legs[0].ID
	w.act(w.clerk(housing), l, leg.Accept)
	return c.ID, l, func(ground, until string) error {
		_, err := w.Act(w.t.Context(), w.clerk(housing), l, desk.Do{Verb: leg.Extend, Note: "测试：等鉴定意见", Stop: &desk.Stop{Ground: ground, To: day(until)}})
		return err
	}
}

func (w *world) handlingDue(caseID, legID string) time.Time {
	w.t.Helper()
	for _, k := range w.see(caseID).Clocks {
		if k.LegID == legID && k.Kind == deadline.Handling {
			return k.Due
		}
	}
	w.t.Fatal("no handling clock")
	return time.Time{}
}

// The holder asks with ground and until when, the sender says yes by a click,
// and the stretch stands in the ledger from the moment of asking, also where the
// answer comes after the deadline.
func TestStopIsAskedAndGranted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		_, legID, ask := stopAsked(w)
		w.clock.Add(day("2026-03-16").Add(9 * time.Hour).Sub(w.Now()))
		if err := ask(desk.WaitsForOthers, "2026-03-19"); err != nil {
			t.Fatal(err)
		}
		v := must(w.Leg(ctx, w.lead, legID))(t)
		if v.Pending != leg.Extend || v.Stop == nil || v.Stop.Ground != desk.WaitsForOthers || !v.Stop.To.Equal(day("2026-03-19")) || !v.CanStop {
			t.Fatalf("the sender sees %+v, %+v", v.Pending, v.Stop)
		}
		if got := v.Stop.Due.In(calendar.Zone).Format("01-02 15:04"); got != "03-30 18:00" {
			t.Errorf("it would be due %s, want 03-30 18:00", got)
		}
		if own := must(w.Leg(ctx, w.clerk(housing), legID))(t); own.Stop == nil || own.CanStop {
			t.Errorf("the holder sees %+v, may grant %v", own.Stop, own.CanStop)
		}
		if err := w.GrantStop(ctx, w.clerk(housing), legID, nil, ""); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("granted by the holder: %v", err)
		}
		if err := w.GrantStop(ctx, w.actor(hotline.Operator, "", ""), legID, nil, ""); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("granted by an operator: %v", err)
		}
		stale := v.Version + 1
		if err := w.GrantStop(ctx, w.supervisor(), legID, &stale, ""); hotline.CodeOf(err) != "version_wrong" {
			t.Errorf("granted on what nobody saw: %v", err)
		}
		if err := ask(desk.Weather, "2026-03-20"); hotline.CodeOf(err) != "ask_pending" {
			t.Errorf("asked twice: %v", err)
		}
		w.clock.Add(day("2026-03-26").Add(11 * time.Hour).Sub(w.Now())) // the deadline has passed meanwhile
		if _, err := w.FireClocks(ctx); err != nil {
			t.Fatal(err)
		}
		if err := w.GrantStop(ctx, w.supervisor(), legID, &v.Version, ""); hotline.CodeOf(err) != "suspension_empty" {
			t.Errorf("a stretch that is over: %v", err)
		}
	})
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		caseID, legID, ask := stopAsked(w)
		w.clock.Add(day("2026-03-24").Add(9 * time.Hour).Sub(w.Now()))
		if err := ask(desk.WaitsForOthers, "2026-03-31"); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(day("2026-03-26").Add(11 * time.Hour).Sub(w.Now()))
		if err := w.GrantStop(ctx, w.supervisor(), legID, nil, "测试：同意"); err != nil {
			t.Fatal(err)
		}
		if got := w.handlingDue(caseID, legID).In(calendar.Zone).Format("01-02 15:04"); got != "04-01 18:00" {
			t.Errorf("due %s, want 04-01 18:00: five working days more", got)
		}
		v := must(w.Leg(ctx, w.lead, legID))(t)
		ledger := must(w.Suspensions(ctx, w.lead, caseID))(t)
		if v.Pending != "" || v.Stop != nil || len(ledger) != 1 || ledger[0].From.In(calendar.Zone).Format("01-02 15h") != "03-24 09h" || ledger[0].Approver != "测试supervisor" {
			t.Errorf("afterwards %q, %+v, ledger %+v", v.Pending, v.Stop, ledger)
		}
		if k := w.kinds(caseID); k["extend"] != 1 || k["suspended"] != 1 || k["grant"] != 1 {
			t.Errorf("events %v", k)
		}
		for _, e := range w.events(caseID) {
			if e.Kind == "extend" && (!strings.Contains(string(e.Text), "申请中止时限：等待检测、鉴定或第三方意见，至 2026-03-31 00:00") || e.Of("suspension") != desk.WaitsForOthers) {
				t.Errorf("asked in words: %s %s", e.Text, e.Body)
			}
		}
		if err := w.GrantStop(ctx, w.supervisor(), legID, nil, ""); hotline.CodeOf(err) != "suspension_not_asked" {
			t.Errorf("granted twice: %v", err)
		}
		if err := ask(desk.Weather, "2026-03-30"); hotline.CodeOf(err) != "suspension_overlaps" {
			t.Errorf("asked over what is suspended: %v", err)
		}
	})
}

// An ask ends with no, with more time instead, or with the answer; each time
// nothing is suspended and nothing is left to grant.
func TestStopEndsOtherwise(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		later := day("2026-03-31").Add(18 * time.Hour)
		for what, end := range map[string]func(legID string) error{
			"no": func(l string) error { _, err := w.Act(ctx, w.lead, l, do(leg.Refuse)); return err },
			"more time": func(l string) error {
				_, err := w.Act(ctx, w.lead, l, desk.Do{Verb: leg.Grant, Due: &later})
				return err
			},
			"answered": func(l string) error { _, err := w.Act(ctx, w.clerk(housing), l, do(leg.Feedback)); return err },
		} {
			caseID, legID, ask := stopAsked(w)
			was := w.handlingDue(caseID, legID)
			if err := ask(desk.Weather, "2026-03-19"); err != nil {
				t.Fatal(err)
			}
			if err := end(legID); err != nil {
				t.Fatal(what, err)
			}
			want := was
			if what == "more time" {
				want = later
			}
			if got := w.handlingDue(caseID, legID); !got.Equal(want) {
				t.Errorf("%s: due %v, want %v", what, got, want)
			}
			if err := w.GrantStop(ctx, w.supervisor(), legID, nil, ""); hotline.CodeOf(err) != "suspension_not_asked" {
				t.Errorf("%s: granted all the same: %v", what, err)
			}
			if ledger := must(w.Suspensions(ctx, w.lead, caseID))(t); len(ledger) != 0 {
				t.Errorf("%s: ledger %+v", what, ledger)
			}
		}
	})
}

func TestStopRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		caseID, legID, ask := stopAsked(w)
		was := w.handlingDue(caseID, legID)
		for _, c := range []struct{ ground, until, want string }{
			{"tired", "2026-03-19", "suspension_ground"},
			{desk.Weather, "2026-03-10", "suspension_empty"},
			{desk.Weather, "2027-03-10", "suspension_long"},
		} {
			if err := ask(c.ground, c.until); hotline.CodeOf(err) != c.want {
				t.Errorf("%s until %s: got %v, want %s", c.ground, c.until, err, c.want)
			}
		}
		w.clock.Add(day("2026-03-13").Add(20 * time.Hour).Sub(w.Now())) // a Friday night
		if err := ask(desk.Weather, "2026-03-15"); hotline.CodeOf(err) != "suspension_nothing" {
			t.Errorf("of a weekend: %v", err)
		}
		w.clock.Add(day("2026-03-25").Add(18 * time.Hour).Sub(w.Now()))
		if err := ask(desk.Weather, "2026-04-15"); hotline.CodeOf(err) != "suspension_ask_late" {
			t.Errorf("at the deadline: %v", err)
		}
		if got := w.handlingDue(caseID, legID); !got.Equal(was) || w.leg(legID).Pending != "" {
			t.Errorf("a refusal changed something: due %v, pending %q", got, w.leg(legID).Pending)
		}
		if _, err := w.st.Reader().SuspensionAsk(t.Context(), legID); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("a refused ask stands: %v", err)
		}
	})
}

// A letter asks only for what a ledger of ours could hold; anything else is an
// ask for more time.
func TestStopOfAPeer(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		due := day("2026-04-02").Add(18 * time.Hour)
		for what, s := range map[string]leg.Suspension{
			"a ground of its own": {ID: "s", Ground: "某种新事由", From: day("2026-03-11"), To: day("2026-03-19")},
			"what is past":        {ID: "s", Ground: desk.Weather, From: day("2026-03-01"), To: day("2026-03-10")},
			"a year":              {ID: "s", Ground: desk.Weather, From: day("2026-03-11"), To: day("2027-03-19")},
		} {
			c, l := w.sent(to(string(catalogue.Line110)))
			w.peerSays("110", "accept", l.ID, 1, leg.Body{}, leg.Private{})
			w.peerSays("110", "extend", l.ID, 2, leg.Body{Due: &due, Suspension: &s}, leg.Private{Note: "测试"})
			v := must(w.Leg(t.Context(), w.lead, l.ID))(t)
			if v.Pending != leg.Extend || v.Stop != nil {
				t.Errorf("%s: %q, %+v, want an ask for more time (%s)", what, v.Pending, v.Stop, c.ID)
			}
		}
		_, l := w.sent(to(string(catalogue.Line110)))
		w.peerSays("110", "accept", l.ID, 1, leg.Body{}, leg.Private{})
		s := leg.Suspension{ID: "s", Ground: desk.Weather, From: day("2026-01-01"), To: day("2026-03-19")}
		w.peerSays("110", "extend", l.ID, 2, leg.Body{Due: &due, Suspension: &s}, leg.Private{Note: "测试"})
		v := must(w.Leg(t.Context(), w.lead, l.ID))(t)
		if v.Stop == nil || v.Stop.From.Before(l.SentAt) {
			t.Errorf("asked from %+v, want from when it was asked and not before", v.Stop)
		}
	})
}
