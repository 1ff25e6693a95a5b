package api

import (
	"context"
	"mime"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"liandong/internal/hotline"
)

// admit lets an operation's request in: a token that is good, a right that the
// operation names, a body that is JSON. Nothing of the body is read before.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	rights, ok := ctx.Operation().Metadata[rightsKey].([]hotline.Right)
	if !ok {
		rights = nil // no right is enough: denied
	}
	actor, err := a.actor(ctx.Context(), ctx.Header("Authorization"), rights)
	if err == nil {
		err = checkMedia(ctx)
	}
	if err != nil {
		p := problemOf(ctx.Context(), err)
		p.write(ctx.SetHeader, ctx.SetStatus, ctx.BodyWriter())
		return
	}
	traceOf(ctx.Context()).actor = actor
	next(ctx)
}

// actor says who a request comes from, and refuses who holds none of the
// rights.
func (a *API) actor(ctx context.Context, header string, rights []hotline.Right) (hotline.Actor, error) {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return hotline.Actor{}, hotline.Errorf(hotline.Denied, "token_missing", "")
	}
	actor, err := a.auth.Token(ctx, strings.TrimSpace(secret))
	if err != nil {
		return hotline.Actor{}, err
	}
	traceOf(ctx).actor = actor
	for _, r := range rights {
		if actor.Has(r) {
			return actor, nil
		}
	}
	right := ""
	if len(rights) > 0 {
		right = string(rights[0])
	}
	return hotline.Actor{}, hotline.Errorf(hotline.Denied, "denied", right, string(actor.Role))
}

func checkMedia(ctx huma.Context) error {
	kind := ctx.Header("Content-Type")
	if ctx.Operation().RequestBody == nil || kind == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(kind)
	charset := strings.ToLower(params["charset"])
	if err != nil || media != "application/json" || charset != "" && charset != "utf-8" {
		return hotline.Errorf(hotline.Invalid, "media_type", "")
	}
	return nil
}
