package api

import (
	"context"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// dispatchBody is one moment of a police dispatch.
type dispatchBody struct {
	Mark    string    `json:"mark" enum:"level_set,unit_sent,on_scene,first_feedback"`
	At      time.Time `json:"at,omitzero" doc:"Default: now"`
	Correct bool      `json:"correct,omitempty" doc:"It was recorded already, and wrongly; what was recorded stays in the log"`
	Reason  string    `json:"reason,omitempty" maxLength:"200" doc:"Of a correction: why"`
	Versioned
}

// dispatchView is how far a police dispatch is. What is absent was not reached.
type dispatchView struct {
	LevelSet      *time.Time `json:"level_set,omitempty"`
	UnitSent      *time.Time `json:"unit_sent,omitempty"`
	OnScene       *time.Time `json:"on_scene,omitempty"`
	FirstFeedback *time.Time `json:"first_feedback,omitempty"`
}

func dispatchOf(d casefile.Dispatch) *dispatchView {
	if len(d) == 0 {
		return nil
	}
	return &dispatchView{LevelSet: moment(d[casefile.LevelSet]), UnitSent: moment(d[casefile.UnitSent]), OnScene: moment(d[casefile.OnScene]),
		FirstFeedback: moment(d[casefile.FirstFeedback])}
}

func (a *API) recordDispatch(ctx context.Context, by hotline.Actor, r *change[dispatchBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		b := r.Body.value
		m := desk.Dispatched{Version: version, Mark: casefile.Mark(b.Mark), At: b.At, Correct: b.Correct, Reason: b.Reason}
		if err := a.desk.RecordDispatch(ctx, by, id, m); err != nil {
			return desk.CaseView{}, err
		}
		return a.desk.Case(ctx, by, id)
	})
}
