package api

import (
	"context"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
)

type triageBody struct {
	ID     string `json:"id,omitempty" maxLength:"200" doc:"Given back as it is"`
	Text   string `json:"text" minLength:"1" maxLength:"10000"`
	Region string `json:"region,omitempty" doc:"Where it happened, where that is known"`
}

type triageRequest struct{ Body body[triageBody] }

func (r *triageRequest) fault() error { return r.Body.err }

type triageAnswer struct{ Body triageView }

func (a *API) triage(ctx context.Context, _ hotline.Actor, r *triageRequest) (*triageAnswer, error) {
	b := r.Body.value
	if err := casefile.CheckText("text", b.Text, casefile.TextMost); err != nil {
		return nil, err
	}
	for _, p := range []struct{ name, value string }{{"id", b.ID}, {"region", b.Region}} {
		if err := casefile.CheckLine(p.name, p.value); err != nil {
			return nil, err
		}
	}
	p := a.desk.Propose(b.Text, b.Region)
	out := proposalOf(p.Proposal, p.Unit.Code, a.desk.Catalogue(), traceOf(ctx).lang)
	out.ID = b.ID
	return &triageAnswer{Body: out}, nil
}
