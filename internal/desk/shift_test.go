package desk_test

import (
	"strings"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// One leader signs, another takes over; what stood open then stays as it was,
// and what the one told the other is sealed.
func TestShift(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		urgent := w.take(fire)
		late := w.take(plain)
		w.clock.Add(30 * 24 * time.Hour)
		soon := w.take(plain, func(in *desk.In) { in.Urgent = ptr("C4") })
		next := w.actor(hotline.ShiftLeader, "", "")
		next.ID, next.Name = "next", "测试接班"

		const told = "答应王测试今天回电"
		s, err := w.HandOverShift(ctx, w.lead, told)
		if err != nil {
			t.Fatal(err)
		}
		has := func(list []desk.ShiftCase, id string) bool {
			for _, c := range list {
				if c.ID == id && c.Number != "" {
					return true
				}
			}
			return false
		}
		if !has(s.State.Urgent, urgent.ID) || !has(s.State.Overdue, late.ID) || !has(s.State.Promised, soon.ID) || has(s.State.Promised, late.ID) {
			t.Errorf("got %+v, want each case under its kind", s.State)
		}
		if s.Can || s.Told != told {
			t.Errorf("as its giver sees it: may take it %v, remarks %q", s.Can, s.Told)
		}
		if row, err := w.st.Reader().Shift(ctx, s.ID); err != nil || strings.Contains(row.Content+string(row.Remarks), "王测试") {
			t.Errorf("on disk: got %s %q, %v, want the remarks sealed", row.Content, row.Remarks, err)
		}
		_, err = w.HandOverShift(ctx, w.lead, "")
		wantCode(t, "before it was taken", err, "shift_open")
		_, err = w.TakeShift(ctx, w.lead, s.ID)
		wantCode(t, "by the same person", err, "shift_same")
		_, err = w.TakeShift(ctx, w.actor(hotline.Operator, "", ""), s.ID)
		wantCode(t, "by an operator", err, "denied")
		_, err = w.TakeShift(ctx, next, "gone")
		wantCode(t, "which does not exist", err, "shift_not_found")

		if _, err := w.Close(ctx, w.lead, late.ID, desk.Closing{Outcome: casefile.OnTheSpot, Told: "已答复"}); err != nil {
			t.Fatal(err)
		}
		taken, err := w.TakeShift(ctx, next, s.ID)
		if err != nil || taken.TookName != next.Name || taken.Told != told || !has(taken.State.Overdue, late.ID) {
			t.Errorf("taken: got %+v, %v, want it as it was signed", taken, err)
		}
		_, err = w.TakeShift(ctx, next, s.ID)
		wantCode(t, "twice", err, "shift_taken")
		if seen, err := w.ShiftOf(ctx, w.actor(hotline.Auditor, "", ""), s.ID); err != nil || seen.Told != "" || seen.Can {
			t.Errorf("an auditor: got remarks %q, %v, want the signatures alone", seen.Told, err)
		}
		if _, err = w.HandOverShift(ctx, next, strings.Repeat("长", 5000)); hotline.CodeOf(err) != "text_long" {
			t.Errorf("remarks of 5000 characters: got %v, want them refused", err)
		}
	})
}
