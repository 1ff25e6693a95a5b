package api

import (
	stdjson "encoding/json"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// CaseRow is a case as lists show it; contract.md fixes the names.
type CaseRow struct {
	ID               string            `json:"id"`
	Number           string            `json:"number" doc:"What people say on the telephone: day and count, like 2611270042; a list finds it by q"`
	Version          int64             `json:"version" doc:"Counts what was decided of the case; for If-Match"`
	LinkIDs          map[string]string `json:"link_ids" doc:"Ids of the same matter at other platforms, by platform code"`
	Status           string            `json:"status" enum:"open,in_progress,awaiting_callback,closed,archived"`
	Channel          string            `json:"channel" doc:"phone, web, wechat, app, counter or platform"`
	Kind             string            `json:"kind" doc:"consult, help, complaint, report, suggestion, praise or other"`
	Level            int               `json:"level" doc:"1 life or public safety now, 2 urgent, 3 ordinary, 4 information"`
	Line             string            `json:"line" doc:"Side of the category: 12345 or 110"`
	Category         string            `json:"category" doc:"A01 to A17 or B01 to B07; empty where nothing was proposed or decided"`
	CategoryDecided  bool              `json:"category_decided" doc:"A person, or a program by name, chose it; otherwise it is the proposal"`
	Item             string            `json:"item"`
	Urgent           string            `json:"urgent" doc:"C1 to C4, or empty; stands beside the category and overrides routing"`
	UrgentBy         string            `json:"urgent_by" doc:"machine until a person confirmed it"`
	FirstResponse    string            `json:"first_response" doc:"D1 to D7, or empty: police act first"`
	Unread           bool              `json:"unread" doc:"Not assessed for danger: a person must check"`
	Danger           string            `json:"danger" doc:"Danger that a person saw"`
	Region           string            `json:"region"`
	RegionRaw        string            `json:"region_raw,omitempty" doc:"What another platform wrote and this one does not know"`
	Text             string            `json:"text" doc:"The caller's words; personal numbers are hidden unless revealed"`
	TextRedacted     bool              `json:"text_redacted" doc:"The text hides something"`
	Address          string            `json:"address"`
	Caller           callerView        `json:"caller"`
	Confidential     bool              `json:"confidential"`
	SafeContact      string            `json:"safe_contact"`
	SubjectUnit      string            `json:"subject_unit"`
	Outcome          string            `json:"outcome" doc:"Empty until closed"`
	Told             string            `json:"told" doc:"What the caller was told at the end"`
	CatalogueVersion string            `json:"catalogue_version" doc:"The version that routed it"`
	Interim          string            `json:"interim" doc:"Platform that owns it meanwhile"`
	Returns          int               `json:"returns" doc:"Returns in this case, over successors"`
	Dispute          bool              `json:"dispute"`
	GroupID          string            `json:"group_id" doc:"Lead case of its group"`
	ExternalID       string            `json:"external_id"`
	Solved           *bool             `json:"solved,omitempty" doc:"What the caller said; absent until asked"`
	Satisfaction     int               `json:"satisfaction" doc:"1 best, on the scale; 0 not said"`
	Scale            int               `json:"scale" doc:"3 or 5; 0 not asked"`
	Satisfied        int               `json:"satisfaction_mapped" doc:"On three levels, 1 best; 0 not said"`
	OccurredAt       time.Time         `json:"occurred_at"`
	CreatedAt        time.Time         `json:"created_at"`
	DueAt            *time.Time        `json:"due_at,omitempty" doc:"The earliest limit that runs"`
	CallbackAt       *time.Time        `json:"callback_at,omitempty"`
	ClosedAt         *time.Time        `json:"closed_at,omitempty"`
	Erased           bool              `json:"erased,omitzero" doc:"The personal data has been erased"`
	Revealed         bool              `json:"revealed,omitzero" doc:"Personal data is in the clear here, and that was recorded"`
	Dispatch         *dispatchView     `json:"dispatch,omitempty" doc:"On a 110 platform: how far the police dispatch is; absent where nothing is recorded"`
	Legs             []legView         `json:"legs"`
	Next             []nextStep        `json:"next" doc:"What may be done next, most pressing first"`
}

// callerView is who called, masked unless revealed.
type callerView struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Language string `json:"language"`
	Consent  *bool  `json:"consent_to_transfer,omitempty" doc:"Absent where nobody asked"`
}

// nextStep is something that may be done next.
type nextStep struct {
	Code string `json:"code"`
	Leg  string `json:"leg,omitempty"`
}

// caseView is a case by itself.
type caseView struct {
	CaseRow
	Proposal triageView    `json:"proposal" doc:"What triage said at intake"`
	Clocks   []clockView   `json:"clocks"`
	Disputes []disputeView `json:"disputes"`
	Group    []string      `json:"group" doc:"Cases of the same group, the lead first"`
}

// legView is a leg; contract.md fixes the states.
type legView struct {
	ID            string          `json:"id"`
	Version       int64           `json:"version" doc:"Counts the moves; for If-Match"`
	CaseID        string          `json:"case_id"`
	State         string          `json:"state" enum:"sent,received,accepted,working,answered,settled,reopened,returned,withdrawn"`
	Undeliverable bool            `json:"undeliverable" doc:"Of a sent leg: its offer was given up"`
	Side          string          `json:"side" enum:"sender,holder" doc:"Which side this copy is"`
	Peer          string          `json:"peer" doc:"Platform at the other end; empty for a unit of this platform"`
	Unit          string          `json:"unit" doc:"Unit that holds it; empty for another platform"`
	Holder        string          `json:"holder" doc:"Name of who holds it"`
	Sender        string          `json:"sender" doc:"Name of who sent it"`
	Phone         string          `json:"phone" doc:"Duty phone of the holder"`
	Role          string          `json:"role" enum:"lead,joint"`
	Urgent        bool            `json:"urgent"`
	Category      string          `json:"category"`
	Item          string          `json:"item"`
	Region        string          `json:"region"`
	Ask           string          `json:"ask" doc:"What the holder shall do; personal numbers are hidden"`
	SentAt        time.Time       `json:"sent_at"`
	MovedAt       *time.Time      `json:"moved_at,omitempty"`
	DueAt         *time.Time      `json:"due_at,omitempty" doc:"The earliest limit that runs"`
	ReopenUntil   *time.Time      `json:"reopen_until,omitempty" doc:"Of a settled leg"`
	Pending       string          `json:"pending" doc:"withdraw or extend, where it was asked and waits for grant or refuse"`
	Suspension    *suspensionView `json:"suspension_asked,omitempty" doc:"Of a pending extend: the time limit shall stand still instead"`
	Ground        string          `json:"ground" doc:"Of a return"`
	Basis         string          `json:"basis" doc:"Of a return"`
	NextOwner     string          `json:"next_owner" doc:"Whom the returning party proposes"`
	Contested     bool            `json:"contested"`
	Resolution    string          `json:"resolution" doc:"Of a returned or undeliverable leg: successor or kept"`
	Successor     string          `json:"successor"`
	ForLeg        string          `json:"for_leg" doc:"The leg that this one carries on"`
	Repair        string          `json:"repair" doc:"Why a person must mend it; empty where nothing is wrong"`
	CallbackBy    string          `json:"callback_by"`
	CallID        string          `json:"call_id"`
	Spoken        bool            `json:"spoken"`
	Late          bool            `json:"late" doc:"Its offer was taken after its expiry"`
	Prompted      bool            `json:"prompted" doc:"Pick up the phone: no receipt or no acceptance in time"`
	ByPhone       bool            `json:"accepted_by_phone" doc:"Silences the prompt; moves nothing"`
	Can           []string        `json:"can" doc:"The verbs that this token may use on it now"`
}

// clockView is one owed answer's limit.
type clockView struct {
	ID          string     `json:"id"`
	Leg         string     `json:"leg" doc:"Empty for the clocks of the case itself"`
	Kind        string     `json:"kind" doc:"receipt, sign_in, first_contact, handling, feedback, callback or case"`
	Budget      string     `json:"budget" example:"5wd"`
	StartAt     time.Time  `json:"start_at"`
	DueAt       time.Time  `json:"due_at"`
	StoppedAt   *time.Time `json:"stopped_at,omitempty" doc:"Absent while it runs"`
	Provisional bool       `json:"provisional" doc:"No calendar is loaded for a year that it needs"`
	Urgent      bool       `json:"urgent"`
}

// disputeView is a quarrel over who owns a case.
type disputeView struct {
	ID       string     `json:"id"`
	Leg      string     `json:"leg"`
	Item     string     `json:"item"`
	Cause    string     `json:"cause"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
}

// eventView is something that happened.
type eventView struct {
	ID       string             `json:"id"`
	CaseID   string             `json:"case_id"`
	LegID    string             `json:"leg_id"`
	At       time.Time          `json:"at"`
	Kind     string             `json:"kind"`
	Platform string             `json:"platform" doc:"Where it happened"`
	Actor    actorView          `json:"actor"`
	Body     stdjson.RawMessage `json:"body" doc:"What it tells, without personal data"`
	Text     string             `json:"text" doc:"What was written, personal numbers hidden unless revealed"`
	Leaf     string             `json:"leaf" doc:"Leaf hash of its record in the audit log, hex"`
}

// actorView is who did something.
type actorView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

// triageView is a proposal; contract.md fixes the names.
type triageView struct {
	ID            string          `json:"id,omitempty"`
	Line          string          `json:"line"`
	Category      string          `json:"category"`
	Item          string          `json:"item,omitempty"`
	Region        string          `json:"region,omitempty"`
	Unit          string          `json:"unit,omitempty" doc:"The responsible unit"`
	Level         int             `json:"level"`
	Unread        bool            `json:"unread"`
	Urgent        string          `json:"urgent"`
	FirstResponse string          `json:"first_response"`
	Score         float64         `json:"score"`
	Candidates    []candidateView `json:"candidates"`
	Reasons       []string        `json:"reasons"`
	Version       string          `json:"version,omitempty" doc:"Of the engine and its words"`
}

type candidateView struct {
	Category string  `json:"category"`
	Score    float64 `json:"score"`
	Item     string  `json:"item,omitempty"`
}

func rowOf(v desk.CaseView) CaseRow {
	c := v.Case
	row := CaseRow{
		ID: c.ID, Number: c.Number, Version: c.Version, LinkIDs: c.Links, Status: string(c.Status), Channel: c.Channel, Kind: string(c.Kind), Level: c.Level,
		Line: v.Line, Category: c.Category, CategoryDecided: c.Decided, Item: c.Item, Urgent: c.Urgent, UrgentBy: c.UrgentBy,
		FirstResponse: c.FirstResponse, Unread: c.Unread, Danger: c.Danger, Region: c.Region, RegionRaw: c.RegionRaw,
		Text: string(v.Text), TextRedacted: v.Redacted, Address: string(v.Address),
		Caller:       callerView{Name: string(v.Caller), Phone: string(v.Phone), Language: c.Language, Consent: c.Consent},
		Confidential: c.Confidential, SafeContact: c.SafeContact, SubjectUnit: c.SubjectUnit, Outcome: string(c.Outcome), Told: string(v.Told),
		CatalogueVersion: c.Catalogue, Interim: c.Interim, Returns: c.Returns, Dispute: c.Dispute, GroupID: c.GroupID, ExternalID: c.ExternalID,
		Solved: c.Solved, Satisfaction: c.Satisfaction, Scale: c.Scale, Satisfied: c.Mapped,
		OccurredAt: zoned(c.OccurredAt), CreatedAt: zoned(c.CreatedAt), DueAt: moment(v.DueAt), CallbackAt: moment(c.CallbackAt),
		ClosedAt: moment(c.ClosedAt), Erased: v.Erased, Dispatch: dispatchOf(v.Dispatch),
	}
	for _, l := range v.Legs {
		row.Legs = append(row.Legs, legOf(l))
	}
	for _, s := range v.Steps {
		row.Next = append(row.Next, nextStep{Code: s.Code, Leg: s.Leg})
	}
	return row
}

func caseOf(v desk.CaseView, cat *catalogue.Catalogue, lang string) caseView {
	out := caseView{CaseRow: rowOf(v), Proposal: proposalOf(v.Proposal, "", cat, lang)}
	for _, c := range v.Clocks {
		out.Clocks = append(out.Clocks, clockOf(c))
	}
	for _, d := range v.Disputes {
		out.Disputes = append(out.Disputes, disputeOf(d))
	}
	for _, g := range v.Group {
		out.Group = append(out.Group, g.ID)
	}
	return out
}

// reveal puts personal data in the clear into a case.
func (c *caseView) reveal(p desk.Person) {
	c.Revealed, c.TextRedacted = true, false
	c.Text, c.Caller.Name, c.Caller.Phone, c.Address, c.Told = p.Text, p.Name, p.Phone, p.Address, p.Told
}

func legOf(l desk.LegView) legView {
	out := legView{
		ID: l.ID, Version: l.Version, CaseID: l.CaseID, State: string(l.State), Undeliverable: l.Undeliverable, Side: string(l.Side),
		Peer: l.Peer, Unit: l.Unit, Holder: l.HolderName, Sender: l.SenderName, Phone: l.Phone, Role: string(l.Role), Urgent: l.Urgent,
		Category: l.Class, Item: l.Item, Region: l.Region, Ask: string(l.Ask), SentAt: zoned(l.SentAt), MovedAt: moment(l.MovedAt),
		DueAt: moment(l.DueAt), ReopenUntil: moment(l.ReopenUntil), Pending: string(l.Pending), Suspension: suspensionOf(l), Ground: string(l.Ground), Basis: l.Basis,
		NextOwner: l.NextOwner, Contested: l.Contested, Resolution: string(l.Resolution), Successor: l.Successor, ForLeg: l.ForLeg,
		Repair: l.Repair, CallbackBy: l.CallbackBy, CallID: l.CallID, Spoken: l.Spoken, Late: l.Late, Prompted: l.Prompted, ByPhone: l.Silenced,
	}
	for _, v := range l.Can {
		out.Can = append(out.Can, string(v))
	}
	return out
}

func clockOf(c deadline.Clock) clockView {
	return clockView{ID: c.ID, Leg: c.LegID, Kind: string(c.Kind), Budget: c.Budget, StartAt: zoned(c.Start), DueAt: zoned(c.Due),
		StoppedAt: moment(c.Stopped), Provisional: c.Provisional, Urgent: c.Urgent}
}

func disputeOf(d store.Dispute) disputeView {
	return disputeView{ID: d.ID, Leg: d.LegID, Item: d.Item, Cause: d.Cause, OpenedAt: zoned(d.OpenedAt), ClosedAt: moment(d.ClosedAt)}
}

func eventOf(e desk.EventView) eventView {
	body := stdjson.RawMessage(e.Body)
	if len(body) == 0 {
		body = stdjson.RawMessage("{}")
	}
	return eventView{ID: e.ID, CaseID: e.CaseID, LegID: e.LegID, At: zoned(e.At), Kind: e.Kind, Platform: e.Platform,
		Actor: actorView{ID: e.ActorID, Name: e.ActorName, Role: e.ActorRole}, Body: body, Text: string(e.Text), Leaf: e.LeafHex()}
}

func proposalOf(p triage.Proposal, unit string, cat *catalogue.Catalogue, lang string) triageView {
	out := triageView{Line: p.Line, Category: p.Category, Item: p.Item, Region: p.Region, Unit: unit, Level: p.Level, Unread: p.Unread,
		Urgent: p.Urgent, FirstResponse: p.FirstResponse, Score: p.Score, Version: p.Version}
	for _, c := range p.Candidates {
		out.Candidates = append(out.Candidates, candidateView{Category: c.Category, Score: c.Score, Item: c.Item})
	}
	for _, r := range p.Reasons {
		out.Reasons = append(out.Reasons, string(hotline.NewPersonal(r.Say(cat, lang)).Redact()))
	}
	return out
}

// zoned is a moment on a Chinese clock.
func zoned(t time.Time) time.Time { return t.In(calendar.Zone) }

// moment is a moment that may be none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = zoned(t)
	return &t
}
