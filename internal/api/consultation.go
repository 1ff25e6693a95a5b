package api

import (
	"context"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// ConsultationRow is a consultation (会商) as lists show it.
type ConsultationRow struct {
	ID       string      `json:"id"`
	Version  int64       `json:"version" doc:"Raised when it ends; for If-Match"`
	State    string      `json:"state" enum:"open,ruled,cancelled"`
	Cause    string      `json:"cause" doc:"dispute, threshold or hand; what another platform wrote stays as it is"`
	Form     string      `json:"form" doc:"meeting or written"`
	Host     string      `json:"host" doc:"Platform that presides; empty: this one"`
	Category string      `json:"category" doc:"Class of the matter"`
	Item     string      `json:"item"`
	Region   string      `json:"region"`
	Parties  []partyView `json:"parties"`
	Interim  string      `json:"interim" doc:"Who works on meanwhile (首接)"`
	OpenedBy string      `json:"opened_by"`
	OpenedAt time.Time   `json:"opened_at"`
	DueAt    time.Time   `json:"due_at" doc:"Until when the parties are asked to speak"`
	EndedAt  *time.Time  `json:"ended_at,omitempty" doc:"Absent while it is open"`
	Ruling   *rulingView `json:"ruling,omitempty"`
	Repair   string      `json:"repair" doc:"Why a person must see to one of its letters; empty where nothing is wrong"`
}

// partyView is a party of a consultation.
type partyView struct {
	Party   string     `json:"party" doc:"unit:CODE or platform:CODE"`
	HeardAt *time.Time `json:"heard_at,omitempty" doc:"Absent until it has spoken"`
	Letters string     `json:"letters" doc:"Of a platform that is asked by letter: sent, there, refused; empty: people ask it and enter its word"`
}

type rulingView struct {
	Owner    string    `json:"owner" doc:"unit:CODE or platform:CODE"`
	Basis    string    `json:"basis"`
	From     time.Time `json:"from"`
	Category string    `json:"category" doc:"Class to which the matter is moved; empty: it stays"`
}

// consultationPage is a consultation by itself.
type consultationPage struct {
	ConsultationRow
	Cases  []string    `json:"cases" doc:"Ids of the cases attached that the token may see; the one that it is about first"`
	Events []eventView `json:"events" doc:"Question, opinions, minutes, ruling, oldest first; what is known of the caller is hidden"`
	Leads  bool        `json:"leads" doc:"This token may rule, or answer for this platform where another one presides"`
	Erased bool        `json:"erased,omitzero" doc:"The words have been erased"`
}

func consultationOf(c store.Consultation) ConsultationRow {
	out := ConsultationRow{ID: c.ID, Version: c.Version, State: string(c.State), Cause: string(c.Cause), Form: string(c.Form), Host: c.Host, Category: c.Class, Item: c.Item,
		Region: c.Region, Interim: c.Interim, OpenedBy: c.ByName, OpenedAt: zoned(c.OpenedAt), DueAt: zoned(c.DueAt), EndedAt: moment(c.EndedAt)}
	for _, p := range c.Parties {
		v := partyView{Party: p.Party, HeardAt: moment(p.HeardAt)}
		for _, th := range c.Threads {
			if c.Presided() && "platform:"+th.Peer == p.Party {
				v.Letters = th.State
			}
		}
		out.Parties = append(out.Parties, v)
	}
	for _, th := range c.Threads {
		if out.Repair == "" {
			out.Repair = th.Repair
		}
	}
	if c.State == consultation.Ruled {
		out.Ruling = &rulingView{Owner: c.Owner, Basis: c.Basis, From: zoned(c.RulesFrom), Category: c.RuledClass}
	}
	return out
}

type consultationsRequest struct {
	State string `query:"state" enum:"open,ruled,cancelled" default:"open"`
}

type consultationsAnswer struct {
	Body struct {
		Consultations []ConsultationRow `json:"consultations" doc:"The newest first, at most 50"`
		// Wanted is what wants a consultation, for who may open one.
		Wanted []wantedView `json:"wanted" doc:"Items returned again and again within 30 days, which want a consultation; for tokens that may open one"`
	}
}

// wantedView is an item that is returned again and again.
type wantedView struct {
	Category string `json:"category"`
	Item     string `json:"item"`
	Returns  int    `json:"returns"`
	CaseID   string `json:"case_id" doc:"The newest case among them, on which one can be opened"`
}

func (a *API) listConsultations(ctx context.Context, by hotline.Actor, r *consultationsRequest) (*consultationsAnswer, error) {
	list, err := a.desk.Consultations(ctx, by, consultation.State(r.State))
	if err != nil {
		return nil, err
	}
	out := &consultationsAnswer{}
	for _, c := range list {
		out.Body.Consultations = append(out.Body.Consultations, consultationOf(c))
	}
	if by.Has(hotline.Consult) {
		items, err := a.desk.ReturnedItems(ctx, by)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			out.Body.Wanted = append(out.Body.Wanted, wantedView{Category: i.Class, Item: i.Item, Returns: i.Times, CaseID: i.CaseID})
		}
	}
	return out, nil
}

type consultationRequest struct {
	ID string `path:"id" doc:"Id of the consultation"`
}

type consultationAnswer struct {
	Status int
	ETag   string `header:"ETag" doc:"The version, for If-Match"`
	Body   consultationPage
}

func (a *API) showConsultation(ctx context.Context, by hotline.Actor, r *consultationRequest) (*consultationAnswer, error) {
	id, err := knownID(r.ID, "consultation_not_found")
	if err != nil {
		return nil, err
	}
	return a.answerConsultation(ctx, by, id, 200)
}

func (a *API) answerConsultation(ctx context.Context, by hotline.Actor, id string, status int) (*consultationAnswer, error) {
	v, err := a.desk.Consultation(ctx, by, id)
	if err != nil {
		return nil, err
	}
	out := &consultationAnswer{Status: status, ETag: etag(v.Version), Body: consultationPage{ConsultationRow: consultationOf(v.Consultation), Leads: v.Leads, Erased: v.Erased}}
	for _, c := range v.Cases {
		out.Body.Cases = append(out.Body.Cases, c.ID)
	}
	for _, e := range v.Story {
		out.Body.Events = append(out.Body.Events, eventOf(e))
	}
	return out, nil
}

type newConsultation struct {
	Cause    string   `json:"cause" enum:"dispute,threshold,hand" doc:"A dispute over the case; a matter that is returned again and again; by hand"`
	Form     string   `json:"form,omitempty" enum:"written,meeting" doc:"How the parties are heard; default: written"`
	Parties  []string `json:"parties" doc:"Two at least, as unit:CODE or platform:CODE; a platform is asked by letter where one reaches it"`
	Question string   `json:"question" minLength:"1" maxLength:"4000" doc:"What the parties are asked"`
	Evidence []string `json:"evidence,omitempty" doc:"Ids of further cases that are attached"`
	Budget   string   `json:"budget,omitempty" doc:"How long the parties have; default: 5wd" example:"3wd"`
}

type openRequest struct {
	IDPath
	Body body[newConsultation]
	Key  string `header:"Idempotency-Key" doc:"A repeat with the same key gets the consultation that is there"`
}

func (r *openRequest) fault() error { return r.Body.err }

func (a *API) openConsultation(ctx context.Context, by hotline.Actor, r *openRequest) (*consultationAnswer, error) {
	id, err := knownID(r.ID, "case_not_found")
	if err != nil {
		return nil, err
	}
	b := r.Body.value
	if b.Form == "" {
		b.Form = string(consultation.Written)
	}
	c, created, err := a.desk.OpenConsultationOnce(ctx, by, desk.NewConsultation{CaseID: id, Cause: consultation.Cause(b.Cause), Form: consultation.Form(b.Form),
		Parties: b.Parties, Question: b.Question, Evidence: b.Evidence, Budget: b.Budget, Key: r.Key})
	if err != nil {
		return nil, err
	}
	status := 201
	if !created {
		status = 200
	}
	return a.answerConsultation(ctx, by, c.ID, status)
}

// turn is a request that does something in a consultation; one that is sent again
// under its key is done once.
type turn[B any] struct {
	ID      string `path:"id" doc:"Id of the consultation"`
	IfMatch string `header:"If-Match" doc:"The version that the change was decided on, quotes optional; * is any" example:"\"3\""`
	Body    body[B]
	Key     string `header:"Idempotency-Key" doc:"A repeat with the same key does nothing more"`
}

func (r *turn[B]) fault() error { return r.Body.err }

func (r *turn[B]) version() (*int64, error) {
	return (&change[B]{IfMatch: r.IfMatch, Body: r.Body}).version()
}

type sayTurn struct {
	Party string `json:"party,omitempty" doc:"Who spoke, as unit:CODE or platform:CODE, where the secretary enters it; a unit speaks for itself, and for this platform where another one presides"`
	Text  string `json:"text" minLength:"1" maxLength:"4000"`
	Versioned
}

func (b sayTurn) turn() (desk.Turn, error) {
	return desk.Turn{Verb: desk.SayTurn, Party: b.Party, Text: b.Text}, nil
}

type ruleTurn struct {
	Owner    string `json:"owner" maxLength:"200" doc:"Who owns the matter: unit:CODE, platform:CODE, 12345 or 110; it gets the next leg"`
	Basis    string `json:"basis" maxLength:"200" doc:"Legal basis or list of duties"`
	From     string `json:"from" format:"date" doc:"Day from which it stands" example:"2026-03-02"`
	Category string `json:"category,omitempty" doc:"Class to which the matter is moved; absent: it stays"`
	Minutes  string `json:"minutes" minLength:"1" maxLength:"4000"`
	Versioned
}

func (b ruleTurn) turn() (desk.Turn, error) {
	from, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(b.From), calendar.Zone)
	if err != nil {
		return desk.Turn{}, hotline.Errorf(hotline.Invalid, "day_invalid", "from", b.From)
	}
	return desk.Turn{Verb: desk.RuleTurn, Text: b.Minutes, Ruling: consultation.Ruling{Owner: b.Owner, Basis: b.Basis, From: from, Class: b.Category}}, nil
}

type closeTurn struct {
	Minutes string `json:"minutes" minLength:"1" maxLength:"4000" doc:"Why it ends without a ruling; the dispute stays open"`
	Versioned
}

func (b closeTurn) turn() (desk.Turn, error) {
	return desk.Turn{Verb: desk.CloseTurn, Text: b.Minutes}, nil
}

type mendTurn struct {
	Note string `json:"note" minLength:"1" maxLength:"4000" doc:"How it was seen to"`
	Versioned
}

func (b mendTurn) turn() (desk.Turn, error) {
	return desk.Turn{Verb: desk.MendTurn, Text: b.Note}, nil
}

// draftAnswer is the draft of a version of the catalogue.
type draftAnswer struct {
	Status int
	Body   draftView
}

type draftView struct {
	ID        string    `json:"id"`
	Version   int64     `json:"version" doc:"Counts its changes"`
	Title     string    `json:"title"`
	Base      string    `json:"base" doc:"The version that it began as"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *API) draftOfRuling(ctx context.Context, by hotline.Actor, r *turn[emptyBody]) (*draftAnswer, error) {
	id, err := knownID(r.ID, "consultation_not_found")
	if err != nil {
		return nil, err
	}
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	d, created, err := a.desk.DraftOfRulingOnce(ctx, by, id, version, r.Key)
	if err != nil {
		return nil, err
	}
	status := 201
	if !created {
		status = 200
	}
	return &draftAnswer{Status: status, Body: draftView{ID: d.ID, Version: d.Version, Title: d.Title, Base: d.Base, CreatedAt: zoned(d.CreatedAt)}}, nil
}

const consultationsPath = "/api/v1/consultations"

// consultations registers the operations of consultations. What a token may do
// in one of them desk decides, as for people.
func (a *API) consultations() {
	see, lead := []hotline.Right{hotline.SeeCases}, []hotline.Right{hotline.Consult}
	add(a, route{"GET", consultationsPath, "list-consultations", "List consultations of a state, and what wants one", see, 200}, a.listConsultations)
	add(a, route{"GET", consultationsPath + "/{id}", "show-consultation", "Show a consultation with what was said", see, 200}, a.showConsultation)
	add(a, route{"POST", "/api/v1/cases/{id}/consultations", "open-consultation", "Open a consultation on a case: parties, question, further cases, time limit", lead, 201}, a.openConsultation)
	addTurn[sayTurn](a, "say", []hotline.Right{hotline.Consult, hotline.WorkLegs}, "A party says its word, or the secretary enters it")
	addTurn[ruleTurn](a, "rule", lead, "End it by a ruling, with minutes: the owner gets the next leg, the dispute is over")
	addTurn[closeTurn](a, "close", lead, "End it without a ruling")
	addTurn[mendTurn](a, "mend", lead, "A person has seen to a letter of it that went wrong")
	add(a, route{"POST", consultationsPath + "/{id}/draft", "draft-of-ruling", "Begin a draft of the catalogue from its ruling", []hotline.Right{hotline.EditCatalogue}, 201}, a.draftOfRuling)
}

func addTurn[B interface{ turn() (desk.Turn, error) }](a *API, verb string, rights []hotline.Right, summary string) {
	add(a, route{"POST", consultationsPath + "/{id}/" + verb, verb + "-consultation", summary, rights, 200}, func(ctx context.Context, by hotline.Actor, r *turn[B]) (*consultationAnswer, error) {
		id, err := knownID(r.ID, "consultation_not_found")
		if err != nil {
			return nil, err
		}
		t, err := r.Body.value.turn()
		if err != nil {
			return nil, err
		}
		t.Key = r.Key
		if t.Version, err = r.version(); err != nil {
			return nil, err
		}
		if err := a.desk.TakeTurn(ctx, by, id, t); err != nil {
			return nil, err
		}
		return a.answerConsultation(ctx, by, id, 200)
	})
}
