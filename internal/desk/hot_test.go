package desk_test

import (
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// A matter is hot where many call of it in one place, more than there usually
// do, and only as long; who may not see the region is not told.
func TestHot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		calls := func(n int, category, region string) {
			for range n {
				w.take(plain, func(in *desk.In) { in.Category, in.Region = category, region })
			}
		}
		hot := func(a hotline.Actor) []desk.HotTopic {
			w.clock.Add(2 * time.Minute)
			return must(w.Hot(ctx, a))(t)
		}
		for range 14 { // a busy matter: two every twelve hours
			calls(2, "A02", chengguan)
			w.clock.Add(12 * time.Hour)
		}
		calls(4, "A01", chengguan)
		if got := hot(w.lead); len(got) != 0 {
			t.Errorf("four calls: got %+v, want nothing hot", got)
		}
		calls(1, "A01", chengguan)
		calls(7, "A05", "540202")
		calls(6, "A02", chengguan)
		got := hot(w.lead)
		if len(got) != 3 || got[0].Category != "A05" || got[0].N != 7 || got[0].Usual != 0 || got[1].Category != "A02" || got[2].Category != "A01" || got[2].N != 5 {
			t.Fatalf("got %+v, want A05 with 7, A02 with 6, A01 with 5", got)
		}
		if u := got[1].Usual; u < 0.4 || u > 0.5 {
			t.Errorf("usual: got %v cases of A02 in three hours, want 26 or 28 of a week / 56", u)
		}
		if got := hot(w.actor(hotline.Operator, lhasa, "")); len(got) != 2 || got[0].Region != chengguan {
			t.Errorf("an operator in Lhasa: got %+v, want the two of Chengguan", got)
		}
		if _, err := w.Hot(ctx, w.clerk(urban)); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("a clerk: got %v, want denied", err)
		}
		w.clock.Add(desk.HotWindow)
		if got := hot(w.lead); len(got) != 0 {
			t.Errorf("hours later: got %+v, want nothing hot", got)
		}
	})
}
