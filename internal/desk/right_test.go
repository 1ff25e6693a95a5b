package desk_test

import (
	"fmt"
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Who may do what with a real object: the outcome is "", or the code of the
// refusal. Each cell gets a case of its own.
func TestRights(t *testing.T) {
	const (
		no   = "denied"
		none = "case_not_found"
		leg0 = "leg_not_found"
	)
	methods := []string{"intake", "case", "cases", "events", "note", "call", "decide", "send", "group", "close", "accept", "settle", "supplement",
		"inbox", "similar", "overview", "links", "mend"}
	type row struct {
		who  func(*world) hotline.Actor
		want []string // by method
	}
	rows := map[string]row{
		"leader": {func(w *world) hotline.Actor { return w.lead },
			[]string{"", "", "", "", "", "", "", "", "", "", "", "", "", no, "", "", "", ""}},
		"operator": {func(w *world) hotline.Actor { return w.actor(hotline.Operator, "", "") },
			[]string{"", "", "", "", "", "", "", "", "", "", "", "", "", no, "", no, no, no}},
		"operator of the region": {func(w *world) hotline.Actor { return w.actor(hotline.Operator, lhasa, "") },
			[]string{"", "", "", "", "", "", "", "", "", "", "", "", "", no, "", no, no, no}},
		"operator of another region": {func(w *world) hotline.Actor { return w.actor(hotline.Operator, shigatse, "") },
			[]string{no, none, "", none, none, none, none, none, none, none, leg0, leg0, leg0, no, "", no, no, no}},
		"clerk of the unit": {func(w *world) hotline.Actor { return w.clerk(housing) },
			[]string{no, "", "", "", no, no, no, no, no, none, "", no, "", "", no, no, no, no}},
		"duty officer of the unit": {func(w *world) hotline.Actor { return w.actor(hotline.DutyOfficer, "", housing) },
			[]string{no, "", "", "", no, no, no, no, no, none, "", no, "", "", no, no, no, no}},
		"clerk of another unit": {func(w *world) hotline.Actor { return w.clerk(urban) },
			[]string{no, none, "", none, none, none, none, none, none, none, leg0, leg0, leg0, "", no, no, no, no}},
		"supervisor": {func(w *world) hotline.Actor { return w.actor(hotline.Supervisor, "", "") },
			[]string{no, "", "", "", no, no, no, no, no, no, no, no, "", no, "", "", "", no}},
		"secretary": {func(w *world) hotline.Actor { return w.actor(hotline.Secretary, "", "") },
			[]string{no, "", "", "", no, no, no, no, no, no, no, no, no, no, "", "", no, no}},
		"auditor": {func(w *world) hotline.Actor { return w.actor(hotline.Auditor, "", "") },
			[]string{no, "", "", "", no, no, no, no, no, no, no, no, no, no, "", "", "", no}},
		"editor": {func(w *world) hotline.Actor { return w.actor(hotline.Editor, "", "") },
			[]string{no, "", "", "", no, no, no, no, no, no, no, no, no, no, "", "", no, no}},
		"administrator": {func(w *world) hotline.Actor { return w.actor(hotline.Administrator, "", "") },
			[]string{no, none, no, none, none, none, none, none, none, none, leg0, leg0, leg0, no, no, "", "", ""}},
		"citizen": {func(w *world) hotline.Actor { return w.actor(hotline.Citizen, "", "") },
			[]string{no, none, no, none, none, none, none, none, none, none, leg0, leg0, leg0, no, no, no, no, no}},
		"nobody": {func(w *world) hotline.Actor { return hotline.Actor{} },
			[]string{no, none, no, none, none, none, none, none, none, none, leg0, leg0, leg0, no, no, no, no, no}},
		"program that hands in": {func(w *world) hotline.Actor { return token("in", hotline.TakeCases) },
			[]string{"", none, no, none, none, none, none, none, none, none, leg0, leg0, leg0, no, no, no, no, no}},
		"program that reads": {func(w *world) hotline.Actor { return token("read", hotline.SeeCases) },
			[]string{no, "", "", "", no, no, no, no, no, no, no, no, no, no, "", no, no, no}},
		"program that decides": {func(w *world) hotline.Actor { return token("decide", hotline.SeeCases, hotline.DecideCases) },
			[]string{no, "", "", "", no, no, "", "", no, "", no, "", no, no, "", no, no, no}},
		"program without scopes": {func(w *world) hotline.Actor { return token("none") },
			[]string{no, none, no, none, none, none, none, none, none, none, leg0, leg0, leg0, no, no, no, no, no}},
	}
	call := map[string]func(w *world, a hotline.Actor, c desk.CaseView, legID string) error{
		"intake": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, _, err := w.Intake(w.t.Context(), a, intake(plain))
			return err
		},
		"case": func(w *world, a hotline.Actor, c desk.CaseView, _ string) error {
			_, err := w.Case(w.t.Context(), a, c.ID)
			return err
		},
		"cases": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, err := w.Cases(w.t.Context(), a, desk.Filter{})
			return err
		},
		"events": func(w *world, a hotline.Actor, c desk.CaseView, _ string) error {
			_, err := w.Events(w.t.Context(), a, c.ID, "", 100)
			return err
		},
		"note": func(w *world, a hotline.Actor, c desk.CaseView, _ string) error {
			return w.Note(w.t.Context(), a, c.ID, "来电补充：还是没有人来修")
		},
		"call": func(w *world, a hotline.Actor, c desk.CaseView, legID string) error {
			return w.RecordCall(w.t.Context(), a, c.ID, legID, *do(leg.Call).Call)
		},
		"decide": func(w *world, a hotline.Actor, c desk.CaseView, _ string) error {
			_, err := w.Decide(w.t.Context(), a, c.ID, desk.Decision{Category: ptr("A02")})
			return err
		},
		"send": func(w *world, a hotline.Actor, c desk.CaseView, _ string) error {
			_, err := w.SendLegs(w.t.Context(), a, c.ID, nil, []desk.Order{to("110")})
			return err
		},
		"group": func(w *world, a hotline.Actor, c desk.CaseView, _ string) error {
			return w.Group(w.t.Context(), a, c.ID, []string{w.take(plain).ID})
		},
		"close": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, err := w.Close(w.t.Context(), a, w.take(plain).ID, desk.Closing{Outcome: casefile.OnTheSpot})
			return err
		},
		"accept": func(w *world, a hotline.Actor, _ desk.CaseView, legID string) error {
			_, err := w.Act(w.t.Context(), a, legID, do(leg.Accept))
			return err
		},
		"settle": func(w *world, a hotline.Actor, _ desk.CaseView, legID string) error {
			w.act(w.lead, legID, leg.Accept, leg.Feedback)
			_, err := w.Act(w.t.Context(), a, legID, do(leg.Settle))
			return err
		},
		"supplement": func(w *world, a hotline.Actor, _ desk.CaseView, legID string) error {
			_, err := w.Act(w.t.Context(), a, legID, do(leg.Supplement))
			return err
		},
		"inbox": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, err := w.Inbox(w.t.Context(), a, false, hotline.Cursor{}, 0)
			return err
		},
		"similar": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, err := w.Similar(w.t.Context(), a, plain, "", "13900000001")
			return err
		},
		"overview": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, err := w.Overview(w.t.Context(), a)
			return err
		},
		"links": func(w *world, a hotline.Actor, _ desk.CaseView, _ string) error {
			_, err := w.Links(w.t.Context(), a)
			return err
		},
		"mend": func(w *world, a hotline.Actor, _ desk.CaseView, legID string) error {
			return w.ClearRepair(w.t.Context(), a, legID, "电话核对过")
		},
	}
	if len(call) != len(methods) {
		t.Fatalf("%d methods called, %d named", len(call), len(methods))
	}
	for _, r := range hotline.Roles() {
		if _, ok := rows[string(r)]; !ok && r != hotline.ShiftLeader && r != hotline.Clerk && r != hotline.DutyOfficer {
			t.Errorf("no row for the role %s", r)
		}
	}
	onBoth(t, func(t *testing.T, w *world) {
		w.t = t
		for name, r := range rows {
			if len(r.want) != len(methods) {
				t.Fatalf("%s: %d cells, want %d", name, len(r.want), len(methods))
			}
			for i, method := range methods {
				c, l := w.sent(to("unit:" + housing))
				err := call[method](w, r.who(w), c, l.ID)
				got := ""
				if err != nil {
					got = hotline.CodeOf(err)
				}
				if got != r.want[i] {
					t.Errorf("%s of %s: got %q (%v), want %q", method, name, got, err, r.want[i])
				}
			}
		}
	})
}

// A unit sees its own lane and nothing of the others'.
func TestUnitSeesItsLane(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		v := w.send(w.take(plain).ID, to("unit:"+housing), to("unit:"+urban), to("110"))
		for _, l := range v.Legs {
			if l.Local() {
				w.act(w.clerk(l.Unit), l.ID, leg.Accept, leg.Progress)
			}
		}
		must(w.Reveal(ctx, w.lead, v.ID, "核对"))(t)
		for _, unit := range []string{housing, urban} {
			a := w.clerk(unit)
			got := must(w.Case(ctx, a, v.ID))(t)
			if len(got.Legs) != 1 || got.Legs[0].Unit != unit || got.CanWork || len(got.Steps) != 0 {
				t.Errorf("%s: got the legs %+v and %d steps, want its own and none", unit, got.Legs, len(got.Steps))
				continue
			}
			mine := got.Legs[0].ID
			for _, c := range got.Clocks {
				if c.LegID != "" && c.LegID != mine {
					t.Errorf("%s: sees a clock of another leg", unit)
				}
			}
			es := must(w.Events(ctx, a, v.ID, "", 1000))(t)
			verbs := 0
			for _, e := range es {
				if e.LegID != "" && e.LegID != mine || e.Kind == "viewed" {
					t.Errorf("%s: sees %s of leg %q", unit, e.Kind, e.LegID)
				}
				if e.LegID == mine {
					verbs++
				}
			}
			if verbs != 4 {
				t.Errorf("%s: got %d events of its leg, want send, receive, accept, progress", unit, verbs)
			}
			// A page ends early only at the end, whatever lies between.
			var paged []string
			for after := ""; ; {
				page := must(w.Events(ctx, a, v.ID, after, 2))(t)
				for _, e := range page {
					paged = append(paged, e.ID)
				}
				if len(page) < 2 {
					break
				}
				after = page[1].ID
			}
			if len(paged) != len(es) {
				t.Errorf("%s: got %d events by pages, want %d", unit, len(paged), len(es))
			}
			for _, l := range v.Legs {
				_, err := w.Leg(ctx, a, l.ID)
				if l.ID != mine {
					wantCode(t, unit+" and another's leg", err, "leg_not_found")
					_, err = w.Act(ctx, a, l.ID, do(leg.Supplement))
					wantCode(t, unit+" acts on another's leg", err, "leg_not_found")
				} else if err != nil {
					t.Errorf("%s: its own leg: %v", unit, err)
				}
			}
			if rows := must(w.Inbox(ctx, a, false, hotline.Cursor{}, 0))(t); len(rows) != 1 || rows[0].ID != mine {
				t.Errorf("%s: inbox has %d rows", unit, len(rows))
			}
			if l := must(w.Cases(ctx, a, desk.Filter{}))(t); len(l.Cases) != 1 {
				t.Errorf("%s: list has %d cases", unit, len(l.Cases))
			}
		}
		for _, limit := range []int{0, -1, 1001} {
			_, err := w.Events(ctx, w.lead, v.ID, "", limit)
			wantCode(t, fmt.Sprint("limit ", limit), err, "limit_range")
		}
	})
}

// Region bounds lists, pages and the overview alike.
func TestRegionBoundsWhatIsSeen(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		here := w.take(fire, func(in *desk.In) { in.Legs = []desk.Order{urgent("110")} })
		there := w.take(fire, func(in *desk.In) { in.Region, in.Legs = "540202", []desk.Order{urgent("110")} })
		w.clock.Add(24 * 60 * 60 * 1e9)
		for _, id := range []string{here.Legs[0].ID, there.Legs[0].ID} {
			row := must(w.st.Reader().Leg(ctx, id))(t)
			row.Repair = "voided"
			if err := w.st.Write(ctx, func(tx *store.Tx) error { return tx.SaveLeg(ctx, &row) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Group(ctx, w.lead, here.ID, []string{there.ID}); err != nil {
			t.Fatal(err)
		}
		for region, want := range map[string]string{lhasa: here.ID, shigatse: there.ID} {
			a := w.actor(hotline.ShiftLeader, region, "")
			l := must(w.Cases(ctx, a, desk.Filter{}))(t)
			if len(l.Cases) != 1 || l.Cases[0].ID != want {
				t.Errorf("list of %s: got %d cases", region, len(l.Cases))
			}
			o := must(w.Overview(ctx, a))(t)
			if len(o.Overdue) != 1 || o.Overdue[0].ID != want || len(o.Prompts) != 1 || o.Prompts[0].CaseID != want ||
				len(o.Repair) != 1 || o.Repair[0].CaseID != want || o.Counts.InProgress != 1 {
				t.Errorf("overview of %s: got %d overdue, %d prompts, %d to repair, %+v", region, len(o.Overdue), len(o.Prompts), len(o.Repair), o.Counts)
			}
			sim := must(w.Similar(ctx, a, "", "", "13900000001"))(t)
			if len(sim) != 1 || sim[0].ID != want {
				t.Errorf("the caller's cases in %s: got %d", region, len(sim))
			}
			if v := must(w.Case(ctx, a, want))(t); len(v.Group) != 1 || v.Group[0].ID != want {
				t.Errorf("group seen from %s: got %d cases, want the own one", region, len(v.Group))
			}
		}
	})
}

// A program that only hands cases in sees its own and no other's.
func TestProgramSeesWhatItHandedIn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, b := token("a", hotline.TakeCases), token("b", hotline.TakeCases)
		v, _, err := w.Intake(ctx, a, intake(plain))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Case(ctx, a, v.ID); err != nil || got.CanShow || got.CanWork || len(got.Steps) != 0 {
			t.Errorf("its own: %v, may reveal %v, may decide %v", err, got.CanShow, got.CanWork)
		}
		if err := w.Note(ctx, a, v.ID, "补充：昨天又有人掉进去"); err != nil {
			t.Errorf("a supplement to its own: %v", err)
		}
		_, err = w.Case(ctx, b, v.ID)
		wantCode(t, "another's", err, "case_not_found")
		wantCode(t, "a supplement to another's", w.Note(ctx, b, v.ID, "补充：昨天又有人掉进去"), "case_not_found")
		_, err = w.Events(ctx, b, v.ID, "", 10)
		wantCode(t, "events of another's", err, "case_not_found")
	})
}
