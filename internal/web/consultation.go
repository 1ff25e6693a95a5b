package web

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/directory"
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
	ConsultationsOf(ctx context.Context, a hotline.Actor, c casefile.Case) ([]store.Consultation, error)
	AwaitedConsultations(ctx context.Context, a hotline.Actor) ([]store.Consultation, error)
	MendConsultation(ctx context.Context, a hotline.Actor, id, note string) error
	PartyNames(ctx context.Context) (map[string]string, error)
	ReturnedItems(ctx context.Context, a hotline.Actor) ([]store.ReturnedItem, error)
}

// Parties says who the parties of consultations are.
type Parties struct {
	Self  string // code of this platform
	names map[string]string
	words words
}

func (s *site) parties(q *request) (Parties, error) {
	names, err := s.desk.PartyNames(q.ctx())
	return Parties{Self: s.desk.Node().Platform, names: names, words: s.pages[q.lang].words}, err
}

// Name is a party as people call it; a bare code is a platform's.
func (p Parties) Name(party string) string {
	for _, as := range []string{party, "platform:" + party} {
		if name, ok := p.names[as]; ok {
			return name
		}
	}
	return p.words.Target(party)
}

// platforms lists those that may be parties, this one first.
func (p Parties) platforms() []string {
	self := "platform:" + p.Self
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(p.names)), func(x string) bool { return x == self })
	return append([]string{self}, others...)
}

// ConsultationsPage is the consultations and what wants one.
type ConsultationsPage struct {
	Page
	Parties
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
	if data.Parties, err = s.parties(q); err != nil {
		return err
	}
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
	Parties
	Case   desk.CaseView
	Causes []consultation.Cause
	Forms  []consultation.Form
	Likely []string // parties: who had it, who leads it by the catalogue, the platforms
	Units  []string // names to choose from
	Budget BudgetField
	New    Form
}

func (s *site) casesConsultPage(q *request) error {
	v, err := s.desk.Case(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	data := ConsultPage{Page: s.page(q, "web.consult.open"), Case: v, Causes: consultation.Causes(), Forms: consultation.Forms(), Budget: s.budgetField(q, consultation.DefaultBudget)}
	if data.Parties, err = s.parties(q); err != nil {
		return err
	}
	var had []string
	for _, l := range v.Legs { // who had it, to begin with
		switch {
		case l.Unit != "":
			had = append(had, "unit:"+l.Unit)
		case l.Peer != "":
			had = append(had, "platform:"+l.Peer)
		}
	}
	data.Likely = slices.Clone(had)
	if lead, joint, ok := s.desk.Route(v.Item, v.Category, v.Region); ok {
		for _, u := range append([]directory.Unit{lead}, joint...) {
			data.Likely = append(data.Likely, "unit:"+u.Code)
		}
	}
	seen := map[string]bool{}
	data.Likely = slices.DeleteFunc(append(data.Likely, data.platforms()...), func(p string) bool {
		twice := seen[p]
		seen[p] = true
		return twice
	})
	data.Units = s.unitNames(q, v.Region)
	data.New = data.form("/cases/"+v.ID+"/consult", 0).preset("party", had...)
	if v.Dispute {
		data.New = data.New.preset("cause", string(consultation.OfDispute))
	}
	return s.show(q, "case-consult", data)
}

// unitNames are the units of a region and above, as they are typed.
func (s *site) unitNames(q *request, region string) []string {
	w, dir := s.pages[q.lang].words, s.desk.Directory()
	var out []string
	for _, u := range dir.Units() {
		if region == "" || dir.Within(region, u.Region) || dir.Within(u.Region, region) {
			out = append(out, w.Unit(u.Code))
		}
	}
	return out
}

// chosen are the parties that were ticked, and those whose names were typed.
func (s *site) chosen(q *request) ([]string, error) {
	q.text("party") // reads the form
	var out []string
	for _, v := range q.PostForm["party"] {
		out = append(out, strings.Fields(v)...)
	}
	for _, name := range q.lines("others") {
		code, err := s.findUnit(name, "others")
		if err != nil {
			return nil, err
		}
		out = append(out, "unit:"+code)
	}
	return out, nil
}

// numbered are the cases whose numbers were typed into a field.
func (s *site) numbered(q *request, field string) ([]string, error) {
	var out []string
	for _, word := range strings.Fields(q.text(field)) {
		if _, ok := casefile.ReadNumber(word); !ok {
			out = append(out, word)
			continue
		}
		list, err := s.desk.Cases(q.ctx(), q.actor, desk.Filter{Query: word, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(list.Cases) == 0 {
			return nil, hotline.Errorf(hotline.Invalid, "case_not_found", field)
		}
		out = append(out, list.Cases[0].ID)
	}
	return out, nil
}

func (s *site) openConsultation(q *request) error {
	parties, err := s.chosen(q)
	if err != nil {
		return err
	}
	evidence, err := s.numbered(q, "evidence")
	if err != nil {
		return err
	}
	c, err := s.desk.OpenConsultation(q.ctx(), q.actor, desk.NewConsultation{CaseID: q.PathValue("id"), Cause: consultation.Cause(q.field("cause")),
		Form: consultation.Form(q.field("form")), Parties: parties, Question: q.text("question"),
		Evidence: evidence, Budget: budgetOf(q)})
	if err != nil {
		return err
	}
	return s.to(q, "/consultations/"+c.ID, "web.flash.consult_opened")
}

// ConsultationPage is one consultation.
type ConsultationPage struct {
	Page
	Parties
	desk.ConsultationView
	Rows    []CaseRow
	Classes []Option
	Owners  []string // whom the ruling may name by a click
	Units   []string // whose names may be typed

	Opinion, Rule, Cancel, Mend Form

	Speak  bool // the person speaks for a party, or enters what one said
	Drafts bool // the person may make a draft of the catalogue from the ruling
	Left   Left
}

// ByHand says that people ask a party and enter its word: no letter reaches that
// platform.
func (p ConsultationPage) ByHand(party string) bool {
	return p.Presided() && strings.HasPrefix(party, "platform:") && party != "platform:"+p.Self && p.Thread(party) == nil
}

func (s *site) consultationPage(q *request) error {
	v, err := s.desk.Consultation(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	at := "/consultations/" + v.ID
	data := ConsultationPage{Page: s.page(q, "web.consult.one"), ConsultationView: v, Rows: rows(v.Cases)}
	if data.Parties, err = s.parties(q); err != nil {
		return err
	}
	data.Mend = data.form(at+"/mend", v.Version)
	data.Opinion, data.Cancel = data.form(at+"/opinion", v.Version), data.form(at+"/cancel", v.Version)
	data.Rule = data.form(at+"/rule", v.Version).preset("from", s.desk.Now().In(calendar.Zone).Format(time.DateOnly))
	data.Drafts = v.State == consultation.Ruled && q.actor.Has(hotline.EditCatalogue)
	if v.State == consultation.Open {
		data.Left = s.pages[q.lang].words.Left(v.DueAt, v.Region)
		for _, p := range v.Consultation.Parties {
			data.Owners = append(data.Owners, p.Party)
		}
		for _, p := range data.platforms() {
			if !slices.Contains(data.Owners, p) {
				data.Owners = append(data.Owners, p)
			}
		}
		data.Units = s.unitNames(q, v.Region)
		for _, c := range s.desk.Catalogue().Classes {
			if c.Code != v.Class && (catalogue.Group(c.Code) == catalogue.NonPolice || catalogue.Group(c.Code) == catalogue.Police) {
				data.Classes = append(data.Classes, Option{c.Code, c.Code + " " + s.pages[q.lang].words.Class(c.Code)})
			}
		}
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
	owner := q.field("owner")
	if name := q.field("owner_other"); name != "" {
		code, err := s.findUnit(name, "owner_other")
		if err != nil {
			return err
		}
		owner = "unit:" + code
	}
	r := consultation.Ruling{Owner: owner, Basis: q.field("basis"), From: from, Class: q.field("class")}
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

func (s *site) mendConsultation(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.MendConsultation(q.ctx(), q.actor, id, q.text("note")); err != nil {
		return err
	}
	return s.to(q, "/consultations/"+url.PathEscape(id), "web.flash.consult_mended")
}

// consultationRoutes are the pages of consultations.
func (s *site) consultationRoutes() []route {
	return []route{
		{pattern: "GET /consultations", right: hotline.SeeCases, handle: s.consultationsPage},
		{pattern: "GET /consultations/{id}", right: hotline.SeeCases, handle: s.consultationPage},
		{pattern: "POST /consultations/{id}/opinion", right: hotline.SeeCases, handle: s.giveOpinion, form: s.consultationPage},
		{pattern: "POST /consultations/{id}/rule", right: hotline.Consult, handle: s.rule, form: s.consultationPage},
		{pattern: "POST /consultations/{id}/cancel", right: hotline.Consult, handle: s.cancelConsultation, form: s.consultationPage},
		{pattern: "POST /consultations/{id}/mend", right: hotline.Consult, handle: s.mendConsultation, form: s.consultationPage},
		{pattern: "GET /cases/{id}/consult", right: hotline.Consult, handle: s.casesConsultPage},
		{pattern: "POST /cases/{id}/consult", right: hotline.Consult, handle: s.openConsultation, form: s.casesConsultPage},
	}
}
