package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// Kinds of the events that tell of a dispatch. They are all there is of it: the
// times are read from them, and a correction leaves standing what it corrects.
const (
	dispatched        = "dispatch"
	dispatchCorrected = "dispatch_corrected"
)

// Dispatched is what a dispatcher records of a police dispatch.
type Dispatched struct {
	Version *int64 // of the case; nil: whatever it is
	Mark    casefile.Mark
	At      time.Time // zero: now
	Correct bool      // it was recorded already, and wrongly
	Reason  string    // of a correction; personal
}

// RecordDispatch records when the level was set, a unit sent, the scene reached,
// the first feedback given: on the 110 side, while the case is open.
func (d *Desk) RecordDispatch(ctx context.Context, a hotline.Actor, caseID string, m Dispatched) error {
	if m.Correct && m.Reason == "" {
		return hotline.Errorf(hotline.Invalid, "reason_missing", "reason")
	}
	if err := casefile.CheckLine("reason", m.Reason); err != nil {
		return err
	}
	return d.change(ctx, a, caseID, m.Version, hotline.DecideCases, func(w *work) error { return w.dispatch(m) })
}

func (w *work) dispatch(m Dispatched) error {
	switch {
	case w.d.node.Line != string(catalogue.Line110):
		return hotline.Errorf(hotline.Conflict, "dispatch_not_here", "mark")
	case !w.c.ClosedAt.IsZero():
		return hotline.Errorf(hotline.Conflict, "case_closed", "status")
	}
	at := m.At
	if at.IsZero() {
		at = w.now
	}
	all, err := w.d.dispatches(w.ctx, &w.tx.Reader, w.c.ID)
	if err != nil {
		return err
	}
	was := all[w.c.ID]
	taken := w.c.CreatedAt
	if !w.c.OccurredAt.IsZero() && w.c.OccurredAt.Before(taken) {
		taken = w.c.OccurredAt
	}
	if err := was.Check(m.Mark, at, taken, w.now, m.Correct); err != nil {
		return err
	}
	b := body{"mark": string(m.Mark), "at": at.UnixMicro()}
	if !m.Correct {
		return w.event(dispatched, "", b, m.Reason)
	}
	b["was"] = was[m.Mark].UnixMicro()
	return w.event(dispatchCorrected, "", b, m.Reason)
}

// dispatches reads how far the dispatch of each case is; on the 110 side only.
func (d *Desk) dispatches(ctx context.Context, r *store.Reader, ids ...string) (map[string]casefile.Dispatch, error) {
	if d.node.Line != string(catalogue.Line110) {
		return nil, nil
	}
	es, err := r.EventsOfCases(ctx, ids, dispatched, dispatchCorrected)
	if err != nil {
		return nil, err
	}
	out := map[string]casefile.Dispatch{}
	for _, e := range es {
		var b struct {
			Mark casefile.Mark `json:"mark"`
			At   int64         `json:"at"`
		}
		if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
			return nil, fmt.Errorf("dispatch %s: %w", e.ID, err)
		}
		if out[e.CaseID] == nil {
			out[e.CaseID] = casefile.Dispatch{}
		}
		out[e.CaseID][b.Mark] = time.UnixMicro(b.At).UTC()
	}
	return out, nil
}
