package api

import (
	"context"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// recipientBody is where notices shall go beside the screen.
type recipientBody struct {
	Name     string `json:"name" minLength:"1" maxLength:"200"`
	Unit     string `json:"unit,omitempty" doc:"Code of the unit whose notices go there; empty: those of the desk"`
	Channel  string `json:"channel" enum:"mail,sms,webhook" doc:"One that this node has"`
	Address  string `json:"address" minLength:"1" maxLength:"1000" doc:"Mail address, telephone number or URL; kept sealed, and shown masked ever after"`
	Rung     string `json:"rung,omitempty" enum:"remind,near,over,red,order" doc:"From which rung on; default: remind"`
	Quiet    string `json:"quiet,omitempty" doc:"Part of the day in which nothing that is not urgent goes there" example:"21:00-08:00"`
	Language string `json:"language,omitempty" enum:"zh-CN,en" doc:"Default: zh-CN"`
}

// recipientView is a recipient, its address masked.
type recipientView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Unit      string    `json:"unit" doc:"Empty: the desk"`
	Channel   string    `json:"channel"`
	Address   string    `json:"address" doc:"Masked; empty once it was removed"`
	Rung      string    `json:"rung"`
	Quiet     string    `json:"quiet"`
	Language  string    `json:"language"`
	State     string    `json:"state" enum:"active,stopped,removed"`
	CreatedAt time.Time `json:"created_at"`
}

func recipientOf(v desk.RecipientView) recipientView {
	return recipientView{ID: v.ID, Name: v.Name, Unit: v.Unit, Channel: v.Channel, Address: string(v.Masked), Rung: v.Rung, Quiet: v.Quiet, Language: v.Language,
		State: v.State, CreatedAt: zoned(v.CreatedAt)}
}

type recipientAnswer struct {
	Status int
	Body   recipientView
}

type recipientsAnswer struct {
	Body struct {
		Channels   []string        `json:"channels" doc:"Those that this node has"`
		Recipients []recipientView `json:"recipients"`
	}
}

func (a *API) listRecipients(ctx context.Context, by hotline.Actor, _ *struct{}) (*recipientsAnswer, error) {
	all, err := a.desk.NoticeRecipients(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &recipientsAnswer{}
	out.Body.Channels = a.desk.Channels()
	for _, v := range all {
		out.Body.Recipients = append(out.Body.Recipients, recipientOf(v))
	}
	return out, nil
}

type newRecipient struct {
	Body body[recipientBody]
	Key  string `header:"Idempotency-Key" doc:"A repeat with the same key gets the recipient that is there"`
}

func (r *newRecipient) fault() error { return r.Body.err }

func (a *API) addRecipient(ctx context.Context, by hotline.Actor, r *newRecipient) (*recipientAnswer, error) {
	b := r.Body.value
	in := desk.NewRecipient{Name: b.Name, Unit: b.Unit, Channel: b.Channel, Address: hotline.NewPersonal(b.Address), Rung: b.Rung, Quiet: b.Quiet, Language: b.Language}
	if in.Rung == "" {
		in.Rung = "remind"
	}
	if in.Language == "" {
		in.Language = "zh-CN"
	}
	v, created, err := a.desk.NewNoticeRecipient(ctx, by, in, r.Key)
	if err != nil {
		return nil, err
	}
	status := 201
	if !created {
		status = 200
	}
	return &recipientAnswer{Status: status, Body: recipientOf(v)}, nil
}

type recipientRequest struct {
	ID string `path:"id" doc:"Id of the recipient"`
}

// changeRecipient does one thing with a recipient. Done again it changes nothing
// more; a removed one is gone.
func (a *API) changeRecipient(how string) func(context.Context, hotline.Actor, *recipientRequest) (*recipientAnswer, error) {
	return func(ctx context.Context, by hotline.Actor, r *recipientRequest) (*recipientAnswer, error) {
		id, err := knownID(r.ID, "recipient_not_found")
		if err != nil {
			return nil, err
		}
		if err := a.desk.ChangeNoticeRecipient(ctx, by, id, how); err != nil {
			return nil, err
		}
		v, err := a.desk.NoticeRecipient(ctx, by, id)
		if err != nil {
			return nil, err
		}
		return &recipientAnswer{Status: 200, Body: recipientOf(v)}, nil
	}
}
