package desk_test

import (
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// The board counts what happened today by Beijing's day, both ways, and sums
// regions below the actor's own.
func TestWall(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		now := w.clock.Now().In(calendar.Zone)
		w.clock.Add(time.Date(now.Year(), now.Month(), now.Day(), 23, 50, 0, 0, calendar.Zone).Sub(now))
		w.take(plain) // late yesterday, later than this time of day
		w.clock.Add(20 * time.Minute)
		first := w.take(plain)
		w.clock.Add(50 * time.Minute) // 01:00
		w.take(plain, func(in *desk.In) { in.Region = "540202" })
		urgent := w.take(fire)
		w.send(first.ID, to("110"))
		_, in := w.offered("110", plain, leg.Body{Class: "A01", Region: chengguan})
		w.act(w.lead, in.ID, leg.Return)

		b, err := w.Wall(ctx, w.lead)
		if err != nil {
			t.Fatal(err)
		}
		// A transfer that came in is a case taken here, too.
		if b.Total != 4 || b.Yesterday != 0 || b.Arrivals[0] != 1 || b.Arrivals[2] != 3 {
			t.Errorf("got %d today (%v), %d yesterday, want 1 and 3 of 4, and none", b.Total, b.Arrivals, b.Yesterday)
		}
		var flow desk.WallFlow
		for _, f := range b.Flows {
			if f.Line == "110" {
				flow = f
			}
		}
		if want := (desk.FlowCount{Sent: 1, Waiting: 1}); flow.Out != want {
			t.Errorf("to 110: got %+v, want %+v", flow.Out, want)
		}
		if want := (desk.FlowCount{Sent: 1, Back: 1}); flow.In != want {
			t.Errorf("from 110: got %+v, want %+v", flow.In, want)
		}
		if len(b.Urgent) != 1 || b.Urgent[0].ID != urgent.ID {
			t.Errorf("urgent: got %d, want the one", len(b.Urgent))
		}
		open := map[string]int{}
		for _, r := range b.Regions {
			open[r.Region] = r.Open
		}
		if open["540100"] != 3 || open["540200"] != 1 {
			t.Errorf("open by region: got %v, want 3 in Lhasa and 1 in Shigatse", open)
		}
		w.clock.Add(24 * time.Hour)
		if b, err = w.Wall(ctx, w.lead); err != nil || b.Total != 0 || b.Yesterday != 4 {
			t.Errorf("a day on: got %d today, %d yesterday, %v, want 0 and 4", b.Total, b.Yesterday, err)
		}

		_, err = w.Wall(ctx, w.clerk(housing))
		wantCode(t, "a clerk", err, "denied")
		lhasa := w.actor(hotline.Supervisor, "540100", "")
		if b, err = w.Wall(ctx, lhasa); err != nil || b.Counts.Open+b.Counts.InProgress != 3 {
			t.Errorf("Lhasa's own: got %+v, %v, want 3 open", b.Counts, err)
		}
	})
}

func TestWallAnswers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for i, said := range []desk.Asked{{Solved: true, Scale: 3, Satisfaction: 1}, {Solved: false, Scale: 5, Satisfaction: 5}, {Solved: true}} {
			v, l := w.sent(to("unit:" + housing))
			w.act(w.lead, l.ID, leg.Accept, leg.Feedback, leg.Settle)
			if _, err := w.Callback(t.Context(), w.lead, v.ID, said); err != nil {
				t.Fatalf("call-back %d: %v", i, err)
			}
		}
		b, err := w.Wall(t.Context(), w.lead)
		if a := b.Answers; err != nil || a.Asked != 3 || a.Solved != 2 || a.Rated != 2 || a.Satisfied != 1 {
			t.Errorf("got %+v, %v, want 2 of 3 solved and 1 of 2 satisfied", b.Answers, err)
		}
		w.clock.Add(24 * time.Hour)
		if b, err = w.Wall(t.Context(), w.lead); err != nil || b.Answers.Asked != 0 {
			t.Errorf("the next day: got %+v, %v, want nothing", b.Answers, err)
		}
	})
}
