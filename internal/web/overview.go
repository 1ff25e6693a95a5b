package web

import (
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// OverviewPage is what a shift leader looks at first.
type OverviewPage struct {
	Page
	Counts   []Count
	Prompts  []desk.InboxRow
	Urgent   []CaseRow
	Incoming []desk.InboxRow
	Overdue  []CaseRow
	Disputes []CaseRow
	Repair   []desk.InboxRow
	Stuck    []desk.LinkView
	// Strangers is how many letters of unknown senders call themselves urgent.
	Strangers int
	MayLinks  bool
	MayCases  bool
}

// Count is a figure with the list behind it.
type Count struct {
	Key  string
	N    int
	Path string // "" there is no such list
	Warn bool   // it should be zero
}

func (s *site) overviewPage(q *request) error {
	o, err := s.desk.Overview(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	data := OverviewPage{
		Page: s.page(q, "web.overview.title"), Counts: counts(o.Counts), Prompts: o.Prompts, Incoming: o.Incoming,
		Overdue: rows(o.Overdue), Disputes: rows(o.Disputes), Repair: o.Repair, Strangers: o.Strangers,
		MayLinks: q.actor.Has(hotline.SeeLinks), MayCases: q.actor.Has(hotline.SeeCases),
	}
	if data.MayCases {
		urgent, err := s.desk.Cases(q.ctx(), q.actor, desk.Filter{Urgent: true, Open: true, ByDue: true, Limit: alertRows})
		if err != nil {
			return err
		}
		data.Urgent = rows(urgent.Cases)
	}
	for _, l := range o.Links {
		if !l.StuckAt.IsZero() || l.Unproven() || len(l.Stuck) > 0 || len(l.Refused) > 0 || len(l.Refusals) > 0 {
			data.Stuck = append(data.Stuck, l)
		}
	}
	return s.show(q, "overview", data)
}

func counts(n store.OpenCounts) []Count {
	return []Count{
		{"web.overview.overdue", n.Overdue, "/cases?overdue=1", true},
		{"web.overview.urgent", n.Urgent, "/cases?urgent=1", false},
		{"web.overview.dispute", n.Dispute, "/cases?dispute=1", true},
		{"web.overview.unread", n.Unread, "/cases?unread=1", true},
		{"web.overview.open", n.Open, "/cases?status=open", false},
		{"web.overview.in_progress", n.InProgress, "/cases?status=in_progress", false},
		{"web.overview.awaiting", n.Awaiting, "/cases?status=awaiting_callback", false},
	}
}

// Quiet says that nothing wants a shift leader now.
func (p OverviewPage) Quiet() bool {
	return len(p.Prompts)+len(p.Urgent)+len(p.Incoming)+len(p.Overdue)+len(p.Disputes)+len(p.Repair)+len(p.Stuck)+p.Strangers == 0
}

// AlertPart is the banner over every page: what must not wait.
type AlertPart struct {
	N    int
	Path string
	Unit bool
	At   time.Time // since when the first of them waits
	// Other says that one of them came from the other line: it has a sound of its own.
	Other bool
	// Climbed says that nobody took up the first within climbAfter, and that a
	// shift leader is asked.
	Climbed bool
	// Links that do not work, or have just begun to again: a shift leader's.
	Links []desk.LinkAlert
	// Consult is what other platforms ask this one; nil: nothing, or somebody else answers.
	Consult *Asked
	// News is the version of the catalogue that the desks are told of; nil: none.
	News *store.Document
}

// Asked is the consultations that wait for the word of this platform.
type Asked struct {
	N     int
	Path  string
	DueAt time.Time // of the first
}

// asked is what waits for the actor's word; nil: nothing.
func (s *site) asked(q *request) (*Asked, error) {
	list, err := s.desk.AwaitedConsultations(q.ctx(), q.actor)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	a := &Asked{N: len(list), Path: "/consultations/" + list[0].ID, DueAt: list[0].DueAt}
	if a.N > 1 {
		a.Path = "/consultations"
	}
	return a, nil
}

// climbAfter is how long an urgent case may wait for anybody before it is the
// shift leader's (a minute, as for acceptance: docs/operations.md).
const climbAfter = time.Minute

const alertRows = 20

// alert counts what must not wait: urgent cases that nobody has taken up or
// that want a phone call; for a unit, urgent legs not yet accepted.
func (s *site) alert(q *request) error {
	var a AlertPart
	if q.actor.AtDesk() {
		var err error
		if a.Consult, err = s.asked(q); err != nil {
			return err
		}
		if a.News, err = s.desk.CatalogueNews(q.ctx(), q.actor); err != nil {
			return err
		}
		if q.actor.Has(hotline.HandOver) {
			if a.Links, err = s.desk.LinkAlerts(q.ctx(), q.actor); err != nil {
				return err
			}
		}
		list, err := s.desk.Cases(q.ctx(), q.actor, desk.Filter{Urgent: true, Open: true, ByDue: true, Limit: alertRows})
		if err != nil {
			return err
		}
		for _, v := range list.Cases {
			switch firstStep(v) {
			case "accept", "phone", "dual_dispatch", "record_danger", "dispatch_first", "resolve":
				a.add("/cases/"+v.ID, v.CreatedAt)
				a.Other = a.Other || v.Channel == "platform"
			}
		}
		if a.N > 1 {
			a.Path = "/cases?urgent=1"
		}
		a.Climbed = a.N > 0 && q.actor.Has(hotline.HandOver) && s.desk.Now().Sub(a.At) > climbAfter
		return s.part(q, "overview", "alert", a)
	}
	if q.actor.Has(hotline.WorkLegs) {
		list, err := s.desk.Inbox(q.ctx(), q.actor, false, hotline.Cursor{}, alertRows)
		if err != nil {
			return err
		}
		for _, r := range list {
			if r.Urgent && r.State == leg.Received {
				a.add("/legs/"+r.ID, r.SentAt)
			}
		}
		a.Unit = true
		if a.N > 1 {
			a.Path = "/inbox"
		}
	}
	return s.part(q, "overview", "alert", a)
}

func (a *AlertPart) add(path string, since time.Time) {
	if a.N++; a.N == 1 {
		a.Path, a.At = path, since
	} else if since.Before(a.At) {
		a.At = since
	}
}
