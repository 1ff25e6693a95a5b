package web

import (
	"net/url"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// ShiftPage is the hand-over from one shift to the next: what stands open, to be
// signed by who goes and by who comes, and printed.
type ShiftPage struct {
	Page
	View   *desk.ShiftView // one that was signed; nil: what a signature would hold now
	State  desk.ShiftState
	Lists  []ShiftList
	Counts []Count
	Sign   *Form // for who goes
	Take   *Form // for who comes
	Past   []store.Shift
}

// ShiftList is one kind of case that must not be forgotten.
type ShiftList struct {
	Key   string
	Cases []desk.ShiftCase
}

const pastShifts = 20

func (s *site) shiftPage(q *request) error {
	data := ShiftPage{Page: s.page(q, "web.shift.title")}
	var err error
	if data.Past, err = s.desk.Shifts(q.ctx(), q.actor, "", pastShifts); err != nil {
		return err
	}
	if !q.actor.Has(hotline.HandOver) {
		return s.show(q, "shift", data)
	}
	if len(data.Past) > 0 && data.Past[0].TookAt.IsZero() { // it waits to be taken: nothing else is to be done
		return s.showShift(q, data, data.Past[0].ID)
	}
	if data.State, err = s.desk.ShiftNow(q.ctx(), q.actor); err != nil {
		return err
	}
	sign := data.form("/shift", 0)
	data.Sign = &sign
	data.lists()
	return s.show(q, "shift", data)
}

func (s *site) oneShift(q *request) error {
	return s.showShift(q, ShiftPage{Page: s.page(q, "web.shift.title")}, q.PathValue("id"))
}

func (s *site) showShift(q *request, data ShiftPage, id string) error {
	v, err := s.desk.ShiftOf(q.ctx(), q.actor, id)
	if err != nil {
		return err
	}
	data.View, data.State = &v, v.State
	if v.Can {
		take := data.form("/shift/"+url.PathEscape(id)+"/take", 0)
		data.Take = &take
	}
	data.lists()
	return s.show(q, "shift", data)
}

func (p *ShiftPage) lists() {
	p.Counts = counts(p.State.Counts)
	for _, l := range []ShiftList{
		{"web.shift.urgent", p.State.Urgent}, {"web.shift.overdue", p.State.Overdue}, {"web.shift.promised", p.State.Promised},
		{"web.shift.callback", p.State.Callback}, {"web.shift.disputes", p.State.Disputes},
	} {
		if len(l.Cases) > 0 {
			p.Lists = append(p.Lists, l)
		}
	}
}

func (s *site) handOver(q *request) error {
	v, err := s.desk.HandOverShift(q.ctx(), q.actor, q.text("remarks"))
	if err != nil {
		return err
	}
	return s.to(q, "/shift/"+url.PathEscape(v.ID), "web.flash.shift_given")
}

func (s *site) takeShift(q *request) error {
	v, err := s.desk.TakeShift(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	return s.to(q, "/shift/"+url.PathEscape(v.ID), "web.flash.shift_taken")
}
