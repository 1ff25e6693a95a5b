package api

import (
	"context"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// legAnswer is a leg in answer to something.
type legAnswer struct {
	ETag string `header:"ETag" doc:"The version, for If-Match"`
	Body legView
}

func answerLeg(v desk.LegView) *legAnswer { return &legAnswer{ETag: etag(v.Version), Body: legOf(v)} }

type legRequest struct{ IDPath }

func (a *API) showLeg(ctx context.Context, by hotline.Actor, r *legRequest) (*legAnswer, error) {
	id, err := knownID(r.ID, "leg_not_found")
	if err != nil {
		return nil, err
	}
	v, err := a.desk.Leg(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return answerLeg(v), nil
}

func (a *API) resolve(ctx context.Context, by hotline.Actor, r *change[emptyBody]) (*legAnswer, error) {
	id, err := knownID(r.ID, "leg_not_found")
	if err != nil {
		return nil, err
	}
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	if version != nil { // the resolution moves nothing, so desk does not ask
		v, err := a.desk.Leg(ctx, by, id)
		if err != nil {
			return nil, err
		}
		if v.Version != *version {
			return nil, hotline.Errorf(hotline.Conflict, "version_wrong", "version", v.Version)
		}
	}
	if err := a.desk.Resolve(ctx, by, id); err != nil {
		return nil, err
	}
	v, err := a.desk.Leg(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return answerLeg(v), nil
}

// The bodies of the verbs. Each says what it does.

type plainDo struct {
	Note string `json:"note,omitempty" maxLength:"4000"`
	Versioned
}

func (b plainDo) do() desk.Do { return desk.Do{Note: b.Note} }

type notedDo struct {
	Note string `json:"note" minLength:"1" maxLength:"4000"`
	Versioned
}

func (b notedDo) do() desk.Do { return desk.Do{Note: b.Note} }

type returnDo struct {
	Ground    string `json:"ground" enum:"not_duty,not_area,unclear_ownership,already_settled,duplicate,other"`
	Basis     string `json:"basis" minLength:"1" maxLength:"200" doc:"The legal basis, or the clause of the catalogue"`
	NextOwner string `json:"next_owner,omitempty" maxLength:"200" doc:"Whom the returning party proposes"`
	Note      string `json:"note,omitempty" maxLength:"4000"`
	Versioned
}

func (b returnDo) do() desk.Do {
	return desk.Do{Ground: leg.Ground(b.Ground), Basis: b.Basis, NextOwner: b.NextOwner, Note: b.Note}
}

type feedbackDo struct {
	Result  string `json:"result" minLength:"1" maxLength:"4000" doc:"What was done"`
	RestLeg string `json:"rest_leg,omitempty" doc:"My part is done, the rest is this leg"`
	Note    string `json:"note,omitempty" maxLength:"4000"`
	Versioned
}

func (b feedbackDo) do() desk.Do {
	return desk.Do{Result: b.Result, RestLeg: b.RestLeg, Note: b.Note}
}

type extendDo struct {
	Due        *time.Time `json:"due,omitempty" doc:"Until when; not beside suspension, from which it follows"`
	Suspension *askedStop `json:"suspension,omitempty" doc:"The time limit shall stand still instead; asked before the deadline"`
	Note       string     `json:"note,omitempty" maxLength:"4000" doc:"Why"`
	Versioned
}

func (b extendDo) do() desk.Do {
	out := desk.Do{Due: b.Due, Note: b.Note}
	if b.Suspension != nil {
		out.Stop = &desk.Stop{Ground: b.Suspension.Ground, To: b.Suspension.Until}
	}
	return out
}

type grantDo struct {
	Due  *time.Time `json:"due,omitempty" doc:"Of an extension: until when"`
	Note string     `json:"note,omitempty" maxLength:"4000"`
	Versioned
}

func (b grantDo) do() desk.Do { return desk.Do{Due: b.Due, Note: b.Note} }

// verbs registers an operation for each verb of contract.md, with the rights
// of the side that uses it.
func (a *API) verbs() {
	work := []hotline.Right{hotline.WorkLegs}
	decide := []hotline.Right{hotline.DecideCases}
	ask := []hotline.Right{hotline.AskLegs}
	either := []hotline.Right{hotline.WorkLegs, hotline.DecideCases}

	addVerb[plainDo](a, leg.Accept, work, "The holder takes the leg: a person's decision")
	addVerb[returnDo](a, leg.Return, work, "The holder gives the leg back; the sender is interim owner from then on")
	addVerb[plainDo](a, leg.Progress, work, "The holder says how it goes")
	addVerb[feedbackDo](a, leg.Feedback, work, "The holder says what was done")
	addVerb[plainDo](a, leg.Settle, decide, "The sender is content with the answer")
	addVerb[notedDo](a, leg.Reopen, decide, "The sender is not content with the answer")
	addVerb[notedDo](a, leg.Withdraw, ask, "The sender asks for the leg back; the holder grants or refuses")
	addVerb[plainDo](a, leg.Urge, ask, "The sender urges")
	addVerb[notedDo](a, leg.Supplement, ask, "Either side adds what it learnt")
	addVerb[extendDo](a, leg.Extend, ask, "The holder asks for more time; the sender grants or refuses")
	addVerb[notedDo](a, leg.Contest, ask, "The sender disputes a return")
	addVerb[notedDo](a, leg.Escalate, work, "The holder met danger or a crime: 110 gets a leg at once")
	addVerb[grantDo](a, leg.Grant, either, "Yes to an asked withdrawal or extension")
	addVerb[notedDo](a, leg.Refuse, either, "No to an asked withdrawal or extension")
}

// act is a verb of a leg; one that is sent again under its key is done once.
type act[B any] struct {
	IDPath
	IfMatch string `header:"If-Match" doc:"The version that the change was decided on, quotes optional; * is any" example:"\"3\""`
	Body    body[B]
	Key     string `header:"Idempotency-Key" doc:"A repeat with the same key does nothing more and gets the leg as it is"`
}

func (r *act[B]) fault() error { return r.Body.err }

func (r *act[B]) version() (*int64, error) {
	return (&change[B]{IfMatch: r.IfMatch, Body: r.Body}).version()
}

func addVerb[B interface{ do() desk.Do }](a *API, verb leg.Verb, rights []hotline.Right, summary string) {
	r := route{"POST", "/api/v1/legs/{id}/" + string(verb), string(verb) + "-leg", summary, rights, 200}
	add(a, r, func(ctx context.Context, by hotline.Actor, in *act[B]) (*legAnswer, error) {
		id, err := knownID(in.ID, "leg_not_found")
		if err != nil {
			return nil, err
		}
		do := in.Body.value.do()
		do.Verb, do.Key = verb, in.Key
		if do.Version, err = in.version(); err != nil {
			return nil, err
		}
		v, err := a.desk.Act(ctx, by, id, do)
		if err != nil {
			return nil, err
		}
		return answerLeg(v), nil
	})
}
