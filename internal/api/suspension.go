package api

import (
	"context"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// askedStop is what a holder asks where the time limit of its answer shall stand
// still (申请中止), beside its ask for more time.
type askedStop struct {
	Ground string    `json:"ground" enum:"caller,others,weather,legal,works" doc:"What the handling waits for: the caller; a test, an expert or a third party; the weather; a legal procedure; the building season"`
	Until  time.Time `json:"until" doc:"The moment from which time counts again; it stands still from now on"`
}

// suspensionView is an open ask that the time limit stand still.
type suspensionView struct {
	Ground string    `json:"ground"`
	From   time.Time `json:"from" doc:"When it was asked"`
	Until  time.Time `json:"until"`
	DueAt  time.Time `json:"due_at" doc:"The deadline that would follow"`
	Can    bool      `json:"can_grant" doc:"This token may say yes"`
}

func suspensionOf(v desk.LegView) *suspensionView {
	if v.Stop == nil {
		return nil
	}
	return &suspensionView{Ground: v.Stop.Ground, From: zoned(v.Stop.From), Until: zoned(v.Stop.To), DueAt: zoned(v.Stop.Due), Can: v.CanStop}
}

// grantSuspension is yes to an ask that the time limit stand still. No is said
// by refuse, and more time instead by grant.
func (a *API) grantSuspension(ctx context.Context, by hotline.Actor, r *act[plainDo]) (*legAnswer, error) {
	id, err := knownID(r.ID, "leg_not_found")
	if err != nil {
		return nil, err
	}
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	if err := a.desk.GrantStopOnce(ctx, by, id, version, r.Body.value.Note, r.Key); err != nil {
		return nil, err
	}
	v, err := a.desk.Leg(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return answerLeg(v), nil
}
