package desk_test

import (
	"strings"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// A dispatcher records times on the police case; they cannot run backwards, and
// a correction stands beside what it corrects.
func TestDispatchTimes(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine, "110")
			ctx := t.Context()
			id := w.take("有人在打架，快来").ID
			record := func(m casefile.Mark, at time.Time, reason string) error {
				return w.RecordDispatch(ctx, w.lead, id, desk.Dispatched{Mark: m, At: at, Correct: reason != "", Reason: reason})
			}
			ok := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			ok("level", record(casefile.LevelSet, time.Time{}, ""))
			w.clock.Add(2 * time.Minute)
			ok("sent", record(casefile.UnitSent, time.Time{}, ""))
			wantCode(t, "sent twice", record(casefile.UnitSent, time.Time{}, ""), "dispatch_twice")
			w.clock.Add(10 * time.Minute)
			ok("on scene", record(casefile.OnScene, time.Time{}, ""))
			wantCode(t, "answered before they came", record(casefile.FirstFeedback, w.clock.Now().Add(-5*time.Minute), ""), "dispatch_backwards")
			scene := w.clock.Now().Add(-3 * time.Minute)
			wantCode(t, "no reason", w.RecordDispatch(ctx, w.lead, id, desk.Dispatched{Mark: casefile.OnScene, At: scene, Correct: true}), "reason_missing")
			ok("put right", record(casefile.OnScene, scene, "按执法记录仪时间更正"))

			v := w.see(id)
			if !v.Dispatch[casefile.OnScene].Equal(scene.Truncate(time.Microsecond)) || len(v.Dispatch) != 3 || v.Dispatch.Last() != casefile.OnScene || !v.CanDispatch {
				t.Errorf("got %v, may dispatch %v", v.Dispatch, v.CanDispatch)
			}
			es := w.events(id)
			last := es[len(es)-1]
			if last.Kind != "dispatch_corrected" || last.Text != "按执法记录仪时间更正" || !strings.Contains(last.Body, `"was"`) || w.kinds(id)["dispatch"] != 3 {
				t.Errorf("correction: got %s %s %q, %d marks", last.Kind, last.Body, last.Text, w.kinds(id)["dispatch"])
			}
			list := must(w.Cases(ctx, w.lead, desk.Filter{}))(t)
			if len(list.Cases) != 1 || list.Cases[0].Dispatch.Last() != casefile.OnScene {
				t.Errorf("queue: got %+v", list.Cases)
			}
			for role, code := range map[hotline.Role]string{hotline.Supervisor: "denied", hotline.Auditor: "denied", hotline.Administrator: "case_not_found"} {
				err := w.RecordDispatch(ctx, w.actor(role, "", ""), id, desk.Dispatched{Mark: casefile.FirstFeedback})
				wantCode(t, string(role), err, code)
			}
			must(w.Close(ctx, w.lead, id, desk.Closing{Outcome: casefile.OnTheSpot}))(t)
			wantCode(t, "closed", record(casefile.FirstFeedback, time.Time{}, ""), "case_closed")
			if v = w.see(id); v.CanDispatch || len(v.Dispatch) != 3 {
				t.Errorf("closed: got %v, may dispatch %v", v.Dispatch, v.CanDispatch)
			}
		})
	}
	w := newWorld(t, engines[0], "12345")
	id := w.take(plain).ID
	wantCode(t, "at 12345", w.RecordDispatch(t.Context(), w.lead, id, desk.Dispatched{Mark: casefile.UnitSent}), "dispatch_not_here")
	if w.see(id).CanDispatch {
		t.Error("12345 may dispatch police")
	}
}
