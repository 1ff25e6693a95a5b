package web

import (
	"context"
	"net/url"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// consultationPages are the templates of these pages.
var consultationPages = []string{"consultations", "consultation", "case-consult"}

// Consultation is what the pages of consultations ask of the desk.
type Consultation interface {
	OpenConsultation(ctx context.Context, a hotline.Actor, n desk.NewConsultation) (store.Consultation, error)
	GiveOpinion(ctx context.Context, a hotline.Actor, id, party, text string) error
	Rule(ctx context.Context, a hotline.Actor, id string, version int64, r consultation.Ruling, minutes string) error
	CancelConsultation(ctx context.Context, a hotline.Actor, id string, version int64, reason string) error
	Consultation(ctx context.Context, a hotline.Actor, id string) (desk.ConsultationView, error)
	Consultations(ctx context.Context, a hotline.Actor, state consultation.State) ([]store.Consultation, error)
	ReturnedItems(ctx context.Context, a hotline.Actor) ([]store.ReturnedItem, error)
}

// ConsultationsPage is the consultations and what wants one.
type ConsultationsPage struct {
	Page
	State    consultation.State
	States   []consultation.State
	Rows     []store.Consultation
	Disputes []CaseRow
	Items    []store.ReturnedItem
}

func (s *site) consultationsPage(q *request) error {
	data := ConsultationsPage{Page: s.page(q, "web.consult.title"), State: consultation.State(q.field("state")), States: consultation.States()}
	if data.State == "" {
		data.State = consultation.Open
	}
	var err error
	if data.Rows, err = s.desk.Consultations(q.ctx(), q.actor, data.State); err != nil {
		return err
	}
	if q.actor.Has(hotline.Consult) {
		if data.Items, err = s.desk.ReturnedItems(q.ctx(), q.actor); err != nil {
			return err
		}
		list, err := s.desk.Cases(q.ctx(), q.actor, desk.Filter{Dispute: true, Limit: hotline.PageDefault})
		if err != nil {
			return err
		}
		data.Disputes = rows(list.Cases)
	}
	return s.show(q, "consultations", data)
}

// ConsultPage opens a consultation on a case.
type ConsultPage struct {
	Page
	Case   desk.CaseView
	Causes []consultation.Cause
	Forms  []consultation.Form
	Budget string
	New    Form
}

func (s *site) casesConsultPage(q *request) error {
	v, err := s.desk.Case(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	data := ConsultPage{Page: s.page(q, "web.consult.open"), Case: v, Causes: consultation.Causes(), Forms: consultation.Forms(), Budget: consultation.DefaultBudget}
	var parties []string
	for _, l := range v.Legs { // who had it, to begin with
		switch {
		case l.Unit != "":
			parties = append(parties, "unit:"+l.Unit)
		case l.Peer != "":
			parties = append(parties, "platform:"+l.Peer)
		}
	}
	data.New = data.form("/cases/"+v.ID+"/consult", 0).preset("party", strings.Join(parties, "\n"))
	if v.Dispute {
		data.New = data.New.preset("cause", string(consultation.OfDispute))
	}
	return s.show(q, "case-consult", data)
}

func (s *site) openConsultation(q *request) error {
	c, err := s.desk.OpenConsultation(q.ctx(), q.actor, desk.NewConsultation{CaseID: q.PathValue("id"), Cause: consultation.Cause(q.field("cause")),
		Form: consultation.Form(q.field("form")), Parties: strings.Fields(q.text("party")), Question: q.text("question"),
		Evidence: strings.Fields(q.text("evidence")), Budget: q.field("budget")})
	if err != nil {
		return err
	}
	return s.to(q, "/consultations/"+c.ID, "web.flash.consult_opened")
}

// ConsultationPage is one consultation.
type ConsultationPage struct {
	Page
	desk.ConsultationView
	Rows                  []CaseRow
	Opinion, Rule, Cancel Form
	Speak                 bool // the person speaks for a party, or enters what one said
	Drafts                bool // the person may make a draft of the catalogue from the ruling
	Left                  Left
}

func (s *site) consultationPage(q *request) error {
	v, err := s.desk.Consultation(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	at := "/consultations/" + v.ID
	data := ConsultationPage{Page: s.page(q, "web.consult.one"), ConsultationView: v, Rows: rows(v.Cases)}
	data.Opinion, data.Cancel = data.form(at+"/opinion", v.Version), data.form(at+"/cancel", v.Version)
	data.Rule = data.form(at+"/rule", v.Version).preset("from", s.desk.Now().In(calendar.Zone).Format(time.DateOnly))
	data.Drafts = v.State == consultation.Ruled && q.actor.Has(hotline.EditCatalogue)
	if v.State == consultation.Open {
		data.Left = s.pages[q.lang].words.Left(v.DueAt, v.Region)
		data.Speak = v.Leads || !q.actor.AtDesk() && q.actor.Has(hotline.WorkLegs)
	}
	return s.show(q, "consultation", data)
}

func (s *site) giveOpinion(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.GiveOpinion(q.ctx(), q.actor, id, q.field("party"), q.text("text")); err != nil {
		return err
	}
	return s.to(q, "/consultations/"+url.PathEscape(id), "web.flash.consult_heard")
}

func (s *site) rule(q *request) error {
	id := q.PathValue("id")
	from, err := time.ParseInLocation(time.DateOnly, q.field("from"), calendar.Zone)
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "day_invalid", "from", q.field("from"))
	}
	r := consultation.Ruling{Owner: q.field("owner"), Basis: q.field("basis"), From: from}
	if err := s.desk.Rule(q.ctx(), q.actor, id, seenVersion(q), r, q.text("minutes")); err != nil {
		return err
	}
	return s.to(q, "/consultations/"+url.PathEscape(id), "web.flash.consult_ruled")
}

// seenVersion is the version in the form; 0, which nothing has, without one.
func seenVersion(q *request) int64 {
	if v := version(q); v != nil {
		return *v
	}
	return 0
}

func (s *site) cancelConsultation(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.CancelConsultation(q.ctx(), q.actor, id, seenVersion(q), q.text("minutes")); err != nil {
		return err
	}
	return s.to(q, "/consultations/"+url.PathEscape(id), "web.flash.consult_cancelled")
}

// consultationRoutes are the pages of consultations.
func (s *site) consultationRoutes() []route {
	return []route{
		{pattern: "GET /consultations", right: hotline.SeeCases, handle: s.consultationsPage},
		{pattern: "GET /consultations/{id}", right: hotline.SeeCases, handle: s.consultationPage},
		{pattern: "POST /consultations/{id}/opinion", right: hotline.SeeCases, handle: s.giveOpinion, form: s.consultationPage},
		{pattern: "POST /consultations/{id}/rule", right: hotline.Consult, handle: s.rule, form: s.consultationPage},
		{pattern: "POST /consultations/{id}/cancel", right: hotline.Consult, handle: s.cancelConsultation, form: s.consultationPage},
		{pattern: "GET /cases/{id}/consult", right: hotline.Consult, handle: s.casesConsultPage},
		{pattern: "POST /cases/{id}/consult", right: hotline.Consult, handle: s.openConsultation, form: s.casesConsultPage},
	}
}
