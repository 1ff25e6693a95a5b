package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/supervision"
)

// supervisionPages are the templates of these pages.
var supervisionPages = []string{"supervision", "order", "case-orders", "unreasonable", "draws", "draw"}

// Supervision is what the pages of supervision ask of the desk.
type Supervision interface {
	OpenSupervision(ctx context.Context, a hotline.Actor, o desk.NewOrder) (store.Supervision, error)
	MoveOrder(ctx context.Context, a hotline.Actor, orderID string, m desk.OrderMove) error
	Order(ctx context.Context, a hotline.Actor, id string) (desk.OrderView, error)
	Orders(ctx context.Context, a hotline.Actor) ([]store.Supervision, error)
	Watched(ctx context.Context, a hotline.Actor, watch supervision.Watch, limit int) ([]desk.CaseView, error)
	UnfoundedReturns(ctx context.Context, a hotline.Actor) ([]store.UnfoundedReturns, error)
	UnfoundedCases(ctx context.Context, a hotline.Actor, unit, peer string) ([]desk.CaseView, int, error)
	DrawClosed(ctx context.Context, a hotline.Actor, from, until time.Time, n int, seed string) (store.Draw, error)
	Draws(ctx context.Context, a hotline.Actor) ([]store.Draw, error)
	Draw(ctx context.Context, a hotline.Actor, id string) (store.Draw, []desk.CaseView, error)
	CheckDrawn(ctx context.Context, a hotline.Actor, drawID, caseID, result, note string) error
	AskUnreasonable(ctx context.Context, a hotline.Actor, caseID, reason string) error
	Suspend(ctx context.Context, a hotline.Actor, caseID string, n desk.NewSuspension) error
	EndSuspension(ctx context.Context, a hotline.Actor, caseID, id string) error
	Suspensions(ctx context.Context, a hotline.Actor, caseID string) ([]store.Suspension, error)
	ReviewUnreasonable(ctx context.Context, a hotline.Actor, caseID string, uphold bool, reason string) error
	Unreasonables(ctx context.Context, a hotline.Actor) ([]desk.UnreasonableRow, error)
}

// BoardPage is the supervisor's board: what has gone wrong or soon will, and
// the orders that are open.
type BoardPage struct {
	Page
	Lists  []BoardList
	Orders []store.Supervision
	Board  bool // all of it, not only a unit's orders

	Unfounded     []UnfoundedRow
	UnfoundedDays int
}

// UnfoundedRow is a unit, or a platform, whose returns were found unfounded
// again and again.
type UnfoundedRow struct {
	store.UnfoundedReturns
	Path string // the cases behind it
}

// BoardList is one list of the board.
type BoardList struct {
	Watch supervision.Watch
	Rows  []CaseRow
	More  bool
}

// boardRows is how many cases a list of the board shows.
const boardRows = 20

func (s *site) boardPage(q *request) error {
	data := BoardPage{Page: s.page(q, "web.supervision.title"), Board: q.actor.Has(hotline.Supervise)}
	var err error
	if data.Orders, err = s.desk.Orders(q.ctx(), q.actor); err != nil {
		return err
	}
	if data.Board {
		for _, w := range supervision.Watches() {
			list, err := s.desk.Watched(q.ctx(), q.actor, w, boardRows+1)
			if err != nil {
				return err
			}
			data.Lists = append(data.Lists, BoardList{Watch: w, Rows: rows(list[:min(len(list), boardRows)]), More: len(list) > boardRows})
		}
	}
	if data.Board {
		found, err := s.desk.UnfoundedReturns(q.ctx(), q.actor)
		if err != nil {
			return err
		}
		data.UnfoundedDays = int(supervision.UnfoundedFor / (24 * time.Hour))
		for _, u := range found {
			data.Unfounded = append(data.Unfounded, UnfoundedRow{u, "/supervision/unfounded?" + url.Values{"unit": {u.Unit}, "peer": {u.Peer}}.Encode()})
		}
	}
	return s.show(q, "supervision", data)
}

// unfoundedPage is the cases behind a line of the board: whose returns were
// found unfounded.
func (s *site) unfoundedPage(q *request) error {
	unit, peer := q.field("unit"), q.field("peer")
	cases, n, err := s.desk.UnfoundedCases(q.ctx(), q.actor, unit, peer)
	if err != nil {
		return err
	}
	data := BehindPage{Page: s.page(q, "web.assessment.behind"), Indicator: assessment.Unfounded, Part: peer, Which: desk.Numerator, Legs: n, Rows: rows(cases), Back: "/supervision", Board: true}
	if unit != "" {
		data.Part = s.pages[q.lang].words.Unit(unit)
	}
	return s.show(q, "behind", data)
}

// OrderPage is one supervision order.
type OrderPage struct {
	Page
	desk.OrderView
	Rows   []OrderPart
	Budget BudgetField
}

// OrderPart is a unit's part with what the person may do.
type OrderPart struct {
	store.SupervisionPart
	Left  Left
	Forms []OrderForm
}

// OrderForm is one move.
type OrderForm struct {
	Form
	Verb supervision.Verb
	Unit string
}

func (s *site) orderPage(q *request) error {
	v, err := s.desk.Order(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	data := OrderPage{Page: s.page(q, "web.supervision.order"), OrderView: v, Budget: s.budgetField(q, supervision.DefaultBudget)}
	w := s.pages[q.lang].words
	for _, p := range v.Parts {
		row := OrderPart{SupervisionPart: p}
		if p.State.Owed() {
			row.Left = w.Left(p.DueAt, v.Case.Region)
		}
		var verbs []supervision.Verb
		if v.Review {
			verbs = supervision.Can(p.State, supervision.Supervisor)
		}
		if q.actor.Has(hotline.WorkLegs) && (q.actor.AtDesk() || q.actor.Unit == p.Unit) {
			verbs = append(verbs, supervision.Can(p.State, supervision.Unit)...)
		}
		for _, verb := range verbs {
			row.Forms = append(row.Forms, OrderForm{Form: data.form("/supervision/"+v.ID+"/"+string(verb), p.Version), Verb: verb, Unit: p.Unit})
		}
		data.Rows = append(data.Rows, row)
	}
	return s.show(q, "order", data)
}

func (s *site) moveOrder(verb supervision.Verb) func(*request) error {
	return func(q *request) error {
		m := desk.OrderMove{Unit: q.field("unit"), Verb: verb, Text: q.text("text"), Budget: budgetOf(q)}
		if v := version(q); v != nil {
			m.Version = *v
		}
		id := q.PathValue("id")
		if err := s.desk.MoveOrder(q.ctx(), q.actor, id, m); err != nil {
			return err
		}
		return s.to(q, "/supervision/"+url.PathEscape(id), "web.flash.order_"+string(verb))
	}
}

// OrdersPage is what supervision did and may do about one case.
type OrdersPage struct {
	Page
	Case         desk.CaseView
	Orders       []store.Supervision
	Units        []string
	Causes       []supervision.Cause
	Budget       BudgetField
	New          Form
	Unreasonable Form
	Issue        bool

	Suspensions []SuspensionRow
	Suspendable []desk.LegView
	Grounds     []string
	Suspend     Form
}

// SuspensionRow is one entry of the ledger.
type SuspensionRow struct {
	store.Suspension
	Holder desk.LegView
	End    string // where it is ended; "" it is over, or not this person's to end
}

func (s *site) caseOrdersPage(q *request) error {
	v, err := s.desk.Case(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := s.desk.Orders(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	at := "/cases/" + v.ID
	data := OrdersPage{Page: s.page(q, "web.supervision.of_case"), Case: v, Causes: supervision.Causes(), Budget: s.budgetField(q, supervision.DefaultBudget),
		Issue: q.actor.Has(hotline.Supervise)}
	data.New, data.Unreasonable = data.form(at+"/orders", 0), data.form(at+"/unreasonable", 0)
	for _, o := range all {
		if o.CaseID == v.ID {
			data.Orders = append(data.Orders, o)
		}
	}
	ledger, err := s.desk.Suspensions(q.ctx(), q.actor, v.ID)
	if err != nil {
		return err
	}
	data.Grounds, data.Suspend = desk.SuspensionGrounds(), data.form(at+"/suspensions", 0)
	for _, e := range ledger {
		row := SuspensionRow{Suspension: e}
		for _, l := range v.Legs {
			if l.ID != e.LegID {
				continue
			}
			row.Holder = l
			if data.Issue && !l.Incoming() && s.desk.Now().Before(e.To) {
				row.End = at + "/suspensions/" + e.ID + "/end"
			}
		}
		data.Suspensions = append(data.Suspensions, row)
	}
	for _, l := range v.Legs {
		if desk.Suspendable(l.Leg) {
			data.Suspendable = append(data.Suspendable, l)
		}
	}
	for _, l := range v.Legs {
		if l.Unit != "" && !slices.Contains(data.Units, l.Unit) {
			data.Units = append(data.Units, l.Unit)
		}
	}
	return s.show(q, "case-orders", data)
}

func (s *site) issueOrder(q *request) error {
	o := desk.NewOrder{CaseID: q.PathValue("id"), Units: q.PostForm["unit"], Cause: supervision.Cause(q.field("cause")), Demand: q.text("demand"), Budget: budgetOf(q)}
	v, err := s.desk.OpenSupervision(q.ctx(), q.actor, o)
	if err != nil {
		return err
	}
	return s.to(q, "/supervision/"+v.ID, "web.flash.order_issued")
}

func (s *site) suspend(q *request) error {
	n := desk.NewSuspension{LegID: q.field("leg"), Ground: q.field("ground"), Note: q.text("why")}
	for _, f := range []struct {
		name string
		into *time.Time
		days int
	}{{"suspend_from", &n.From, 0}, {"suspend_to", &n.To, 1}} { // the last day is in it
		day, err := time.ParseInLocation(time.DateOnly, q.field(f.name), calendar.Zone)
		if err != nil {
			return hotline.Errorf(hotline.Invalid, "day_invalid", f.name, q.field(f.name))
		}
		*f.into = day.AddDate(0, 0, f.days)
	}
	if err := s.desk.Suspend(q.ctx(), q.actor, q.PathValue("id"), n); err != nil {
		return err
	}
	return s.toCase(q, q.PathValue("id"), "web.flash.suspended")
}

func (s *site) endSuspension(q *request) error {
	if err := s.desk.EndSuspension(q.ctx(), q.actor, q.PathValue("id"), q.PathValue("entry")); err != nil {
		return err
	}
	return s.toCase(q, q.PathValue("id"), "web.flash.suspension_ended")
}

func (s *site) askUnreasonable(q *request) error {
	if err := s.desk.AskUnreasonable(q.ctx(), q.actor, q.PathValue("id"), q.text("note")); err != nil {
		return err
	}
	return s.toCase(q, q.PathValue("id"), "web.flash.unreasonable_asked")
}

// UnreasonablePage lists the demands that somebody called unreasonable.
type UnreasonablePage struct {
	Page
	Rows []UnreasonableRow
}

// UnreasonableRow is one of them with its review.
type UnreasonableRow struct {
	desk.UnreasonableRow
	Form Form
}

func (s *site) unreasonablePage(q *request) error {
	list, err := s.desk.Unreasonables(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	data := UnreasonablePage{Page: s.page(q, "web.supervision.unreasonable")}
	for _, u := range list {
		data.Rows = append(data.Rows, UnreasonableRow{u, data.form("/unreasonable/"+u.CaseID, 0)})
	}
	return s.show(q, "unreasonable", data)
}

func (s *site) reviewUnreasonable(q *request) error {
	if err := s.desk.ReviewUnreasonable(q.ctx(), q.actor, q.PathValue("id"), q.field("uphold") == "yes", q.text("note")); err != nil {
		return err
	}
	return s.to(q, "/unreasonable", "web.flash.unreasonable_reviewed")
}

// DrawsPage is the draws of closed cases.
type DrawsPage struct {
	Page
	Draws []store.Draw
	New   Form
}

func (s *site) drawsPage(q *request) error {
	list, err := s.desk.Draws(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	data := DrawsPage{Page: s.page(q, "web.supervision.draws"), Draws: list}
	now := s.desk.Now().In(calendar.Zone)
	data.New = data.form("/draws", 0).preset("from", now.AddDate(0, 0, -30).Format(time.DateOnly)).
		preset("until", now.AddDate(0, 0, 1).Format(time.DateOnly)).preset("size", "10")
	return s.show(q, "draws", data)
}

func (s *site) drawClosed(q *request) error {
	var days [2]time.Time
	for i, name := range []string{"from", "until"} {
		t, err := time.ParseInLocation(time.DateOnly, q.field(name), calendar.Zone)
		if err != nil {
			return hotline.Errorf(hotline.Invalid, "day_invalid", name, q.field(name))
		}
		days[i] = t
	}
	n, err := strconv.Atoi(q.field("size"))
	if err != nil {
		n = 0 // refused as a size
	}
	x, err := s.desk.DrawClosed(q.ctx(), q.actor, days[0], days[1], n, q.field("seed"))
	if err != nil {
		return err
	}
	return s.to(q, "/draws/"+x.ID, "web.flash.drawn")
}

// DrawPage is one draw.
type DrawPage struct {
	Page
	store.Draw
	Rows []DrawRow
}

// DrawRow is a drawn case.
type DrawRow struct {
	store.DrawCase
	Case desk.CaseView
	Form Form
}

func (s *site) drawPage(q *request) error {
	x, views, err := s.desk.Draw(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	data := DrawPage{Page: s.page(q, "web.supervision.draw"), Draw: x}
	for i, c := range x.Cases {
		data.Rows = append(data.Rows, DrawRow{c, views[i], data.form("/draws/"+x.ID+"/"+c.CaseID, 0)})
	}
	return s.show(q, "draw", data)
}

func (s *site) checkDrawn(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.CheckDrawn(q.ctx(), q.actor, id, q.PathValue("case"), q.field("result"), q.text("note")); err != nil {
		return err
	}
	return s.to(q, "/draws/"+url.PathEscape(id), "web.flash.draw_checked")
}

// supervisionRoutes are the pages of supervision.
func (s *site) supervisionRoutes() []route {
	rs := []route{
		{pattern: "GET /supervision", right: hotline.SeeCases, handle: s.boardPage},
		{pattern: "GET /supervision/unfounded", right: hotline.Supervise, handle: s.unfoundedPage},
		{pattern: "GET /supervision/{id}", right: hotline.SeeCases, handle: s.orderPage},
		{pattern: "GET /unreasonable", right: hotline.Supervise, handle: s.unreasonablePage},
		{pattern: "POST /unreasonable/{id}", right: hotline.Supervise, handle: s.reviewUnreasonable, form: s.unreasonablePage},
		{pattern: "GET /draws", right: hotline.Supervise, handle: s.drawsPage},
		{pattern: "POST /draws", right: hotline.Supervise, handle: s.drawClosed, form: s.drawsPage},
		{pattern: "GET /draws/{id}", right: hotline.Supervise, handle: s.drawPage},
		{pattern: "POST /draws/{id}/{case}", right: hotline.Supervise, handle: s.checkDrawn, form: s.drawPage},
		{pattern: "GET /cases/{id}/orders", right: hotline.SeeCases, handle: s.caseOrdersPage},
		{pattern: "POST /cases/{id}/orders", right: hotline.Supervise, handle: s.issueOrder, form: s.caseOrdersPage},
		{pattern: "POST /cases/{id}/suspensions", right: hotline.Supervise, handle: s.suspend, form: s.caseOrdersPage},
		{pattern: "POST /cases/{id}/suspensions/{entry}/end", right: hotline.Supervise, handle: s.endSuspension, form: s.caseOrdersPage},
		{pattern: "POST /cases/{id}/unreasonable", right: hotline.AskLegs, handle: s.askUnreasonable, form: s.caseOrdersPage},
	}
	for _, v := range supervision.Verbs() {
		right := hotline.Supervise
		if v == supervision.Answer {
			right = hotline.WorkLegs
		}
		rs = append(rs, route{pattern: "POST /supervision/{id}/" + string(v), right: right, handle: s.moveOrder(v), form: s.orderPage})
	}
	return rs
}
