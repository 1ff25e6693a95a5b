package api

import (
	"context"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/hotline"
)

// deadlineRequest asks when a budget runs out.
type deadlineRequest struct {
	From   string `query:"from" required:"true" doc:"Start, RFC 3339 with zone" example:"2026-11-27T10:00:00+08:00"`
	Budget string `query:"budget" required:"true" doc:"5wd working days, 4wh working hours, 30m, 2h, 7d" example:"5wd"`
	Region string `query:"region" doc:"GB/T 2260 code; default: the platform's own"`
}

type deadlineAnswer struct{ Body deadlineView }

// deadlineView is when a budget runs out, and its account.
type deadlineView struct {
	Due         time.Time  `json:"due"`
	Provisional bool       `json:"provisional" doc:"No calendar is loaded for a year that it needs"`
	Account     []spanView `json:"account" doc:"From start to due without gap"`
}

// spanView is a piece of an account, half-open.
type spanView struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Counted bool      `json:"counted"`
	Why     string    `json:"why" doc:"working, make_up, weekend, holiday, outside_hours, day_of_sending, elapsed or suspended"`
	Name    string    `json:"name,omitempty" doc:"Of the holiday"`
}

func (a *API) deadline(_ context.Context, _ hotline.Actor, r *deadlineRequest) (*deadlineAnswer, error) {
	from, err := time.Parse(time.RFC3339, r.From)
	if err != nil {
		return nil, &hotline.Error{Kind: hotline.Invalid, Code: "start_unreadable", Field: "from", Cause: err}
	}
	d, err := a.desk.Deadline(from, r.Budget, r.Region)
	if err != nil {
		return nil, err
	}
	return &deadlineAnswer{Body: deadlineOf(d)}, nil
}

func deadlineOf(d calendar.Deadline) deadlineView {
	v := deadlineView{Due: zoned(d.Due), Provisional: d.Provisional, Account: make([]spanView, 0, len(d.Account))}
	for _, s := range d.Account {
		v.Account = append(v.Account, spanView{From: zoned(s.From), To: zoned(s.To), Counted: s.Counted, Why: string(s.Why), Name: s.Name})
	}
	return v
}

type clockRequest struct {
	ID    string `path:"id"`
	Clock string `path:"clock" doc:"Id of a clock of the case"`
}

type clockAnswer struct{ Body clockAccountView }

// clockAccountView is a clock and how its due time came about.
type clockAccountView struct {
	Clock   clockView    `json:"clock"`
	Region  string       `json:"region" doc:"Whose calendar counts"`
	Counted deadlineView `json:"counted" doc:"The budget alone, from the clock's start"`
	Moved   string       `json:"moved" enum:",case,sender,grant" doc:"Why the clock is due at another time: the case's own limit is earlier, the other platform computed it, or an extension or decision changed it"`
}

func (a *API) clockAccount(ctx context.Context, actor hotline.Actor, r *clockRequest) (*clockAnswer, error) {
	acc, err := a.desk.ClockAccount(ctx, actor, r.ID, r.Clock)
	if err != nil {
		return nil, err
	}
	return &clockAnswer{Body: clockAccountView{Clock: clockOf(acc.Clock), Region: acc.Region, Counted: deadlineOf(acc.Deadline), Moved: acc.Moved}}, nil
}
