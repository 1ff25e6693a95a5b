package desk_test

import (
	"slices"
	"testing"
	"time"

	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// Of a rung hears the unit that holds the leg, and from the deadline on the desk
// too; of a leg that no unit here holds, the desk from the first rung on. What is
// confidential is told without its matter.
func TestWhoHearsOfARung(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		local := w.take(plain, func(in *desk.In) { in.Category = "A14" })
		w.send(local.ID, to("unit:"+housing))
		across, _ := w.sent(to("110"))
		secret := w.take(plain, func(in *desk.In) { in.Category, in.Confidential = "A14", true })
		w.send(secret.ID, to("unit:"+housing))
		heard := func(a hotline.Actor, c desk.CaseView) (rungs []string, items []string) {
			t.Helper()
			ns := must(w.NoticesOf(ctx, a, time.Time{}, 200))(t)
			slices.Reverse(ns)
			for _, n := range ns {
				if n.CaseID == c.ID && n.Clock == "handling" {
					rungs, items = append(rungs, n.Rung), append(items, n.Item)
				}
			}
			return rungs, items
		}
		climb := func(days int) {
			t.Helper()
			for range days * 24 {
				w.clock.Add(time.Hour)
				if _, err := w.FireClocks(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		climb(14) // past the reminder and the yellow card, before the deadline
		early := []string{catalogue.RungRemind, catalogue.RungNear}
		if got, _ := heard(w.clerk(housing), local); !slices.Equal(got, early) {
			t.Errorf("before the deadline the unit heard of %v, want %v", got, early)
		}
		if got, _ := heard(w.supervisor(), local); len(got) != 0 {
			t.Errorf("before the deadline the desk heard of %v, want nothing: a unit has it", got)
		}
		if got, _ := heard(w.supervisor(), across); !slices.Contains(got, catalogue.RungNear) {
			t.Errorf("of a leg that no unit here holds the desk heard of %v, want the rungs before its deadline too", got)
		}
		climb(8)
		late := []string{catalogue.RungOver, catalogue.RungRed, catalogue.RungOrder}
		if got, _ := heard(w.supervisor(), local); !slices.Equal(got, late) {
			t.Errorf("from the deadline on the desk heard of %v, want %v", got, late)
		}
		if got, _ := heard(w.clerk(housing), local); !slices.Equal(got, append(early, late...)) {
			t.Errorf("the unit heard of %v, want all rungs, once each", got)
		}
		if got, _ := heard(w.clerk("540102-urban"), local); len(got) != 0 {
			t.Errorf("another unit heard of %v", got)
		}
		rungs, items := heard(w.clerk(housing), secret)
		if len(rungs) == 0 || slices.ContainsFunc(items, func(s string) bool { return s != "" }) {
			t.Errorf("of the confidential case it heard of %v with the matters %q, want the rungs alone", rungs, items)
		}
		if _, items := heard(w.clerk(housing), local); slices.Contains(items, "") {
			t.Errorf("of the open one the matters are %q", items)
		}
	})
}
