package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// caseAnswer is a case in answer to something.
type caseAnswer struct {
	ETag string `header:"ETag" doc:"The version, for If-Match"`
	Body caseView
}

func (a *API) answerCase(ctx context.Context, v desk.CaseView) *caseAnswer {
	return &caseAnswer{ETag: etag(v.Version), Body: caseOf(v, a.desk.Catalogue(), traceOf(ctx).lang)}
}

// takeAnswer is the case of an intake: 201 a new one, 200 the first of a repeat.
type takeAnswer struct {
	Status   int
	ETag     string `header:"ETag" doc:"The version, for If-Match"`
	Location string `header:"Location" doc:"Where the case is"`
	Body     caseView
}

// intakeBody is an intake; contract.md fixes the names.
type intakeBody struct {
	Text         string      `json:"text" minLength:"1" maxLength:"10000" doc:"The caller's words as given"`
	Channel      string      `json:"channel" enum:"phone,web,wechat,app,counter,platform"`
	OccurredAt   time.Time   `json:"occurred_at,omitzero" doc:"Default: now"`
	Region       string      `json:"region,omitempty" doc:"GB/T 2260 code" example:"540102"`
	Address      string      `json:"address,omitempty" maxLength:"200"`
	Caller       intakeWho   `json:"caller,omitzero"`
	Confidential bool        `json:"confidential,omitempty"`
	Category     string      `json:"category,omitempty" doc:"A01 to B07; default: as triage proposes"`
	ExternalID   string      `json:"external_id,omitempty" maxLength:"200" doc:"Unique per token; a repeat gets the first case"`
	Kind         string      `json:"kind,omitempty" enum:"consult,help,complaint,report,suggestion,praise,other"`
	Level        int         `json:"level,omitempty" minimum:"1" maximum:"4"`
	LevelReason  string      `json:"level_reason,omitempty" maxLength:"200"`
	Item         string      `json:"item,omitempty"`
	Urgent       *string     `json:"urgent,omitempty" enum:"C1,C2,C3,C4," doc:"A person's decision; empty: none; absent: as triage proposes"`
	First        string      `json:"first_response,omitempty" doc:"D1 to D7: a person decides that police act first"`
	Danger       string      `json:"danger,omitempty" maxLength:"200" doc:"Danger seen, in words"`
	SafeContact  string      `json:"safe_contact,omitempty" maxLength:"200" doc:"When and how the caller may be called"`
	SubjectUnit  string      `json:"subject_unit,omitempty" doc:"Unit complained of"`
	CallID       string      `json:"call_id,omitempty" maxLength:"200" doc:"Of the call it came by"`
	Legs         []orderBody `json:"legs,omitempty" doc:"Legs to send in the same action; needs the scope cases.decide too"`
}

type intakeWho struct {
	Name     string `json:"name,omitempty" maxLength:"200"`
	Phone    string `json:"phone,omitempty" example:"13900000001"`
	Language string `json:"language,omitempty" doc:"zh, bo, …"`
	Consent  *bool  `json:"consent_to_transfer,omitempty"`
}

// orderBody is a leg to send.
type orderBody struct {
	To           string `json:"to" doc:"12345, 110, platform:CODE or unit:CODE" example:"unit:540102-housing"`
	Ask          string `json:"ask,omitempty" doc:"What the holder shall do"`
	Role         string `json:"role,omitempty" enum:"lead,joint" doc:"Default: the first leads where nobody does"`
	Urgent       *bool  `json:"urgent,omitempty" doc:"Default: as the case"`
	Replaces     string `json:"replaces,omitempty" doc:"Returned or undeliverable leg that this one succeeds"`
	ForLeg       string `json:"for_leg,omitempty" doc:"Leg of the same case whose rest this one carries"`
	PoliceAction string `json:"police_action,omitempty" doc:"First response: what police did so far"`
	CallID       string `json:"call_id,omitempty" doc:"The caller was put through on this call"`
	Spoken       bool   `json:"spoken,omitempty" doc:"The caller was put through"`
}

func ordersOf(bs []orderBody) []desk.Order {
	out := make([]desk.Order, len(bs))
	for i, b := range bs {
		out[i] = desk.Order{To: b.To, Ask: b.Ask, Role: leg.Role(b.Role), Urgent: b.Urgent, Replaces: b.Replaces, ForLeg: b.ForLeg,
			PoliceAction: b.PoliceAction, CallID: b.CallID, Spoken: b.Spoken}
	}
	return out
}

type takeRequest struct {
	Key  string `header:"Idempotency-Key" doc:"A repeat with the same key gets the first case with 200"`
	Body body[intakeBody]
}

func (r *takeRequest) fault() error { return r.Body.err }

func (a *API) takeCase(ctx context.Context, by hotline.Actor, r *takeRequest) (*takeAnswer, error) {
	b := r.Body.value
	if len(b.Legs) > 0 && !by.Has(hotline.DecideCases) {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.DecideCases), string(by.Role))
	}
	in := desk.In{
		Text: b.Text, Channel: b.Channel, OccurredAt: b.OccurredAt, Region: b.Region, Address: b.Address,
		CallerName: b.Caller.Name, CallerPhone: b.Caller.Phone, Language: b.Caller.Language, Consent: b.Caller.Consent,
		Confidential: b.Confidential, Kind: casefile.Kind(b.Kind), Category: b.Category, Item: b.Item, Level: b.Level, LevelReason: b.LevelReason,
		Urgent: b.Urgent, FirstResponse: b.First, Danger: b.Danger, SafeContact: b.SafeContact, SubjectUnit: b.SubjectUnit, CallID: b.CallID,
		ExternalID: b.ExternalID, Key: r.Key,
	}
	if len(b.Legs) > 0 {
		in.Legs = ordersOf(b.Legs)
	}
	v, created, err := a.desk.Intake(ctx, by, in)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c := a.answerCase(ctx, v)
	return &takeAnswer{Status: status, ETag: c.ETag, Location: "/api/v1/cases/" + v.ID, Body: c.Body}, nil
}

type listRequest struct {
	Status   string `query:"status" doc:"open, in_progress, awaiting_callback, closed or archived"`
	Category string `query:"category"`
	Line     string `query:"line" doc:"12345 or 110"`
	Region   string `query:"region" doc:"With everything below it"`
	Unit     string `query:"unit" doc:"A leg of the case is with this unit"`
	Overdue  bool   `query:"overdue"`
	Urgent   bool   `query:"urgent"`
	Open     bool   `query:"open" doc:"Not closed"`
	Dispute  bool   `query:"dispute"`
	Unread   bool   `query:"unread" doc:"Not assessed for danger: a person must check"`
	Query    string `query:"q" doc:"Words of the text"`
	Order    string `query:"order" enum:"newest,due" doc:"newest first, which is the default, or what runs out first"`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" doc:"Default 50"`
	Cursor   string `query:"cursor" doc:"next_cursor of the page before"`
}

type listAnswer struct {
	Body struct {
		Cases []CaseRow `json:"cases"`
		Next  string    `json:"next_cursor" doc:"Empty at the end"`
	}
}

func (a *API) listCases(ctx context.Context, by hotline.Actor, r *listRequest) (*listAnswer, error) {
	for _, p := range []struct{ name, value string }{{"category", r.Category}, {"region", r.Region}, {"unit", r.Unit}, {"q", r.Query}} {
		if err := casefile.CheckLine(p.name, p.value); err != nil {
			return nil, err
		}
	}
	after, err := cursorOf(r.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := a.desk.Cases(ctx, by, desk.Filter{Status: casefile.Status(r.Status), Category: r.Category, Line: r.Line, Region: r.Region,
		Unit: r.Unit, Urgent: r.Urgent, Overdue: r.Overdue, Open: r.Open, Dispute: r.Dispute, Unread: r.Unread, Query: r.Query, ByDue: r.Order == "due",
		After: after, Limit: r.Limit})
	if err != nil {
		return nil, err
	}
	var out listAnswer
	for _, v := range list.Cases {
		out.Body.Cases = append(out.Body.Cases, rowOf(v))
	}
	out.Body.Next = list.Next.String()
	return &out, nil
}

func cursorOf(s string) (hotline.Cursor, error) {
	c, err := hotline.ParseCursor(s)
	if err == nil && c.ID != "" && !idForm.MatchString(c.ID) {
		err = hotline.Errorf(hotline.Invalid, "cursor_invalid", "cursor")
	}
	return c, err
}

// ShowRequest asks for a case, or its events.
type ShowRequest struct {
	IDPath
	Reason string `header:"X-Reason" doc:"Why personal data must be seen, percent-encoded where it is not ASCII; needs the scope person.reveal and is recorded"`
}

// reason reads a header that may be percent-encoded.
func (r ShowRequest) reason() string {
	if s, err := url.PathUnescape(r.Reason); err == nil {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(r.Reason)
}

func (a *API) showCase(ctx context.Context, by hotline.Actor, r *ShowRequest) (*caseAnswer, error) {
	id, err := knownID(r.ID, "case_not_found")
	if err != nil {
		return nil, err
	}
	return a.show(ctx, by, id, r.reason())
}

// show answers with a case, revealed where a reason is given: the view is
// recorded before anything is shown.
func (a *API) show(ctx context.Context, by hotline.Actor, id, reason string) (*caseAnswer, error) {
	var person desk.Person
	if reason != "" {
		var err error
		if person, err = a.desk.Reveal(ctx, by, id, reason); err != nil {
			return nil, err
		}
	}
	v, err := a.desk.Case(ctx, by, id)
	if err != nil {
		return nil, err
	}
	out := a.answerCase(ctx, v)
	if reason != "" {
		out.Body.reveal(person)
	}
	return out, nil
}

type revealBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"200"`
}

func (a *API) reveal(ctx context.Context, by hotline.Actor, r *change[revealBody]) (*caseAnswer, error) {
	id, err := knownID(r.ID, "case_not_found")
	if err != nil {
		return nil, err
	}
	reason := strings.TrimSpace(r.Body.value.Reason)
	if reason == "" {
		return nil, hotline.Errorf(hotline.Invalid, "reason_missing", "reason")
	}
	return a.show(ctx, by, id, reason)
}

type eventsRequest struct {
	ShowRequest
	Limit  int    `query:"limit" minimum:"1" maximum:"200" doc:"Default 200"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

type eventsAnswer struct {
	Body struct {
		Events []eventView `json:"events"`
		Next   string      `json:"next_cursor" doc:"Empty at the end"`
	}
}

func (a *API) listEvents(ctx context.Context, by hotline.Actor, r *eventsRequest) (*eventsAnswer, error) {
	id, err := knownID(r.ID, "case_not_found")
	if err != nil {
		return nil, err
	}
	after, err := cursorOf(r.Cursor)
	if err != nil {
		return nil, err
	}
	limit := r.Limit
	if limit == 0 {
		limit = hotline.PageMost
	}
	if limit, err = hotline.PageLimit(limit); err != nil {
		return nil, err
	}
	var person desk.Person
	if reason := r.reason(); reason != "" {
		if person, err = a.desk.Reveal(ctx, by, id, reason); err != nil {
			return nil, err
		}
	}
	events, err := a.desk.Events(ctx, by, id, after.ID, limit+1)
	if err != nil {
		return nil, err
	}
	var out eventsAnswer
	for i, e := range events {
		if i == limit {
			out.Body.Next = hotline.Cursor{ID: events[i-1].ID}.String()
			break
		}
		v := eventOf(e)
		if clear, ok := person.Notes[e.ID]; ok {
			v.Text = clear
		}
		out.Body.Events = append(out.Body.Events, v)
	}
	return &out, nil
}

type decideBody struct {
	Category    *string `json:"category,omitempty"`
	Item        *string `json:"item,omitempty"`
	Kind        *string `json:"kind,omitempty"`
	Level       *int    `json:"level,omitempty" minimum:"1" maximum:"4"`
	Urgent      *string `json:"urgent,omitempty" doc:"C1 to C4; empty clears it and needs a reason"`
	Danger      *string `json:"danger,omitempty"`
	Region      *string `json:"region,omitempty"`
	SafeContact *string `json:"safe_contact,omitempty"`
	SubjectUnit *string `json:"subject_unit,omitempty"`
	Reason      string  `json:"reason,omitempty" doc:"Needed for another level and to clear an urgent class"`
	Versioned
}

func (a *API) decideCase(ctx context.Context, by hotline.Actor, r *change[decideBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		b := r.Body.value
		dec := desk.Decision{Version: version, Category: b.Category, Item: b.Item, Level: b.Level, Urgent: b.Urgent, Danger: b.Danger,
			Region: b.Region, SafeContact: b.SafeContact, SubjectUnit: b.SubjectUnit, Reason: b.Reason}
		if b.Kind != nil {
			kind := casefile.Kind(*b.Kind)
			dec.Kind = &kind
		}
		return a.desk.Decide(ctx, by, id, dec)
	})
}

// changeCase is the frame of a change: the id, the version, the answer.
func (a *API) changeCase(ctx context.Context, id string, version func() (*int64, error), do func(string, *int64) (desk.CaseView, error)) (*caseAnswer, error) {
	id, err := knownID(id, "case_not_found")
	if err != nil {
		return nil, err
	}
	at, err := version()
	if err != nil {
		return nil, err
	}
	v, err := do(id, at)
	if err != nil {
		return nil, err
	}
	return a.answerCase(ctx, v), nil
}

// atVersion refuses a change that desk itself does not guard, because it moves
// nothing, where the case is not at the version that the client saw.
func (a *API) atVersion(ctx context.Context, by hotline.Actor, id string, version *int64) error {
	if version == nil {
		return nil
	}
	v, err := a.desk.Case(ctx, by, id)
	if err != nil {
		return err
	}
	if v.Version != *version {
		return hotline.Errorf(hotline.Conflict, "version_wrong", "version", v.Version)
	}
	return nil
}

type legsBody struct {
	Legs []orderBody `json:"legs" minItems:"1"`
	Versioned
}

func (a *API) sendLegs(ctx context.Context, by hotline.Actor, r *change[legsBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		return a.desk.SendLegs(ctx, by, id, version, ordersOf(r.Body.value.Legs))
	})
}

type emptyBody struct{ Versioned }

func (a *API) dual(ctx context.Context, by hotline.Actor, r *change[emptyBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		return a.desk.Dual(ctx, by, id, version)
	})
}

type noteBody struct {
	Note string `json:"note" minLength:"1" maxLength:"4000"`
	Versioned
}

func (a *API) addNote(ctx context.Context, by hotline.Actor, r *change[noteBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		if err := a.atVersion(ctx, by, id, version); err != nil {
			return desk.CaseView{}, err
		}
		if err := a.desk.Note(ctx, by, id, r.Body.value.Note); err != nil {
			return desk.CaseView{}, err
		}
		return a.desk.Case(ctx, by, id)
	})
}

type callerMoreBody struct {
	Name    string `json:"name,omitempty" maxLength:"200"`
	Phone   string `json:"phone,omitempty" maxLength:"200" example:"13900000001"`
	Address string `json:"address,omitempty" maxLength:"200" doc:"Exact address"`
	Versioned
}

func (a *API) completeCaller(ctx context.Context, by hotline.Actor, r *change[callerMoreBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		b := r.Body.value
		if err := a.desk.CompleteCaller(ctx, by, id, version, desk.Particulars{Name: b.Name, Phone: b.Phone, Address: b.Address}); err != nil {
			return desk.CaseView{}, err
		}
		return a.desk.Case(ctx, by, id)
	})
}

type callBody struct {
	Leg      string    `json:"leg,omitempty" doc:"The leg that the call was about"`
	Kind     string    `json:"kind" enum:"three_way,phone_transfer,phone_report,call_back"`
	CallID   string    `json:"call_id,omitempty"`
	Parties  []string  `json:"parties,omitempty" doc:"caller, a line, a platform or a unit code"`
	Outcome  string    `json:"outcome" enum:"taken_by_12345,taken_by_110,taken_by_unit,still_unclear,caller_refused,no_answer,done"`
	Consent  *bool     `json:"consent_to_transfer,omitempty" doc:"The caller agreed"`
	Accepted bool      `json:"accepted,omitempty" doc:"The other side took it by phone: silences the prompt"`
	At       time.Time `json:"at,omitzero" doc:"Default: now"`
	Note     string    `json:"note,omitempty"`
	Versioned
}

func (a *API) recordCall(ctx context.Context, by hotline.Actor, r *change[callBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		if err := a.atVersion(ctx, by, id, version); err != nil {
			return desk.CaseView{}, err
		}
		b := r.Body.value
		call := desk.Call{Kind: b.Kind, CallID: b.CallID, Parties: b.Parties, Outcome: b.Outcome, Consent: b.Consent, Accepted: b.Accepted, At: b.At, Note: b.Note}
		if err := a.desk.RecordCall(ctx, by, id, b.Leg, call); err != nil {
			return desk.CaseView{}, err
		}
		return a.desk.Case(ctx, by, id)
	})
}

type callbackBody struct {
	Solved       *bool        `json:"solved"`
	Satisfaction satisfaction `json:"satisfaction,omitempty"`
	Scale        int          `json:"scale,omitempty" enum:"3,5"`
	Note         string       `json:"note,omitempty"`
	Leg          string       `json:"leg,omitempty" doc:"The leg that failed; default: the lead"`
	Versioned
}

func (b callbackBody) asked(version *int64) desk.Asked {
	return desk.Asked{Version: version, Solved: *b.Solved, Satisfaction: int(b.Satisfaction), Scale: b.Scale, Note: b.Note, Leg: b.Leg}
}

func (a *API) callback(ctx context.Context, by hotline.Actor, r *change[callbackBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		b := r.Body.value
		if b.Solved == nil {
			return desk.CaseView{}, hotline.Errorf(hotline.Invalid, "field_missing", "solved")
		}
		return a.desk.Callback(ctx, by, id, b.asked(version))
	})
}

// closeBody closes a case. With solved it records the call-back in the same
// call, where the caller is content: contract.md has one body for both.
type closeBody struct {
	Outcome string `json:"outcome,omitempty" doc:"Default: by what the caller said"`
	Told    string `json:"told,omitempty" doc:"What the caller was told; default: note"`
	Group   bool   `json:"group,omitempty" doc:"Settle the other cases of the group too"`
	CloseAsked
	Versioned
}

// CloseAsked is the call-back that a closing may bring along.
type CloseAsked struct {
	Solved       *bool        `json:"solved,omitempty"`
	Satisfaction satisfaction `json:"satisfaction,omitempty"`
	Scale        int          `json:"scale,omitempty" enum:"3,5"`
	Note         string       `json:"note,omitempty"`
}

type eraseBody struct {
	Basis string `json:"basis" minLength:"1" maxLength:"200" doc:"On what ground; it stays in the clear, so nothing personal stands in it"`
	Versioned
}

func (a *API) eraseCase(ctx context.Context, by hotline.Actor, r *change[eraseBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		return a.desk.Erase(ctx, by, id, version, r.Body.value.Basis)
	})
}

func (a *API) closeCase(ctx context.Context, by hotline.Actor, r *change[closeBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		b := r.Body.value
		v, err := a.desk.Case(ctx, by, id)
		if err != nil {
			return v, err
		}
		c := desk.Closing{Version: version, Outcome: b.outcome(v), Told: b.Told, Group: b.Group}
		if c.Told == "" {
			c.Told = b.Note
		}
		if b.Solved != nil && v.Status == casefile.AwaitingCallback && v.CallbackAt.IsZero() {
			asked, err := b.content()
			if err != nil {
				return v, err
			}
			asked.Version = version
			if v, err = a.desk.Callback(ctx, by, id, asked); err != nil {
				return v, err
			}
			c.Version = &v.Version
		}
		return a.desk.Close(ctx, by, id, c)
	})
}

// outcome is what is said, or what follows from what the caller said.
func (b closeBody) outcome(v desk.CaseView) casefile.Outcome {
	solved := b.Solved
	if solved == nil {
		solved = v.Solved
	}
	switch {
	case b.Outcome != "":
		return casefile.Outcome(b.Outcome)
	case solved != nil && !*solved:
		return casefile.Explained
	case solved == nil && len(v.Legs) == 0:
		return casefile.OnTheSpot
	}
	return casefile.SolvedOutcome
}

// content is the call-back in a closing. One that would reopen a leg is no
// closing, and nothing is changed then.
func (b CloseAsked) content() (desk.Asked, error) {
	mapped := 0
	if b.Satisfaction != 0 || b.Scale != 0 {
		var err error
		if mapped, err = casefile.Map(int(b.Satisfaction), b.Scale); err != nil {
			return desk.Asked{}, err
		}
	}
	if !*b.Solved || mapped == 3 {
		return desk.Asked{}, hotline.Errorf(hotline.Conflict, "callback_first", "solved")
	}
	return desk.Asked{Solved: true, Satisfaction: int(b.Satisfaction), Scale: b.Scale, Note: b.Note}, nil
}

type groupBody struct {
	Others []string `json:"others" minItems:"1" doc:"Ids of the other cases"`
	Versioned
}

func (a *API) group(ctx context.Context, by hotline.Actor, r *change[groupBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		for _, other := range r.Body.value.Others {
			if _, err := knownID(other, "case_not_found"); err != nil {
				return desk.CaseView{}, err
			}
		}
		if err := a.atVersion(ctx, by, id, version); err != nil {
			return desk.CaseView{}, err
		}
		if err := a.desk.Group(ctx, by, id, r.Body.value.Others); err != nil {
			return desk.CaseView{}, err
		}
		return a.desk.Case(ctx, by, id)
	})
}

func (a *API) ungroup(ctx context.Context, by hotline.Actor, r *change[emptyBody]) (*caseAnswer, error) {
	return a.changeCase(ctx, r.ID, r.version, func(id string, version *int64) (desk.CaseView, error) {
		if err := a.atVersion(ctx, by, id, version); err != nil {
			return desk.CaseView{}, err
		}
		if err := a.desk.Ungroup(ctx, by, id); err != nil {
			return desk.CaseView{}, err
		}
		return a.desk.Case(ctx, by, id)
	})
}
