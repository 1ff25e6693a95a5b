package web

import (
	"context"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/message"
)

// AssignPage is a batch of cases on their way to one unit: before, afterwards,
// or after it was taken back.
type AssignPage struct {
	Page
	Form  Form
	Unit  string   // code
	Step  string   // assignChoose, assignPreview, assignDone, assignUndone
	Typed string   // for the unit, where it is no unit's whole name
	Cases []string // as they were ticked
	Units []AssignUnit
	Ready []AssignRow
	Not   []AssignRow
	Until time.Time // undo is offered until then
	Back  string    // the list
}

// AssignUnit is a unit that what was typed may mean, with the page that looks
// at the same cases for it.
type AssignUnit struct{ Code, Path string }

const (
	assignChoose  = "choose"
	assignPreview = "preview"
	assignDone    = "done"
	assignUndone  = "undone"
)

// AssignRow is one case of a batch.
type AssignRow struct {
	View    desk.CaseView
	ID      string // of the case; "" unknown
	Leg     string
	Version int64
	Why     string // it is not done; "" it is
	After   string // unit that gave it back before; "" none
}

// MayUndo says that something was sent that can be taken back.
func (p AssignPage) MayUndo() bool { return p.Step == assignDone && len(p.Ready) > 0 }

// assigner looks at a batch, or sends it.
type assigner = func(context.Context, hotline.Actor, string, []desk.Pick) ([]desk.Assigned, error)

// picks reads the ticked cases, each case:version or case:version:leg.
func picks(q *request) ([]desk.Pick, error) {
	var out []desk.Pick
	seen := map[string]bool{}
	for _, s := range q.Form["case"] {
		parts := strings.Split(s, ":")
		if len(parts) < 2 || len(parts) > 3 {
			return nil, hotline.Errorf(hotline.Invalid, "form_invalid", "body")
		}
		n, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return nil, hotline.Errorf(hotline.Invalid, "form_invalid", "body")
		}
		p := desk.Pick{Case: parts[0], Version: n}
		if len(parts) == 3 {
			p.Leg = parts[2]
		}
		if !seen[p.Case] {
			out = append(out, p)
		}
		seen[p.Case] = true
	}
	return out, nil
}

// assignPage shows what assigning the ticked cases would do.
func (s *site) assignPage(q *request) error {
	if err := q.ParseForm(); err != nil {
		return hotline.Errorf(hotline.Invalid, "form_invalid", "body")
	}
	if typed := q.field("unit"); typed != "" {
		if _, err := s.findUnit(typed, "unit"); err != nil {
			return s.chooseUnit(q, typed)
		}
	}
	return s.assigning(q, assignPreview, s.desk.PreviewAssign)
}

// chooseUnit offers the units that a part of a name may mean: nobody knows
// codes, and what was ticked stays ticked.
func (s *site) chooseUnit(q *request, typed string) error {
	data := AssignPage{Page: s.page(q, "web.assign."+assignChoose), Step: assignChoose, Typed: typed, Cases: q.Form["case"], Back: back(q)}
	data.Form = data.form("/assign", 0).preset("unit", typed)
	for _, u := range s.unitsLike(typed, unitsToRead) {
		v := maps.Clone(q.Form)
		v.Set("unit", u.Code)
		data.Units = append(data.Units, AssignUnit{Code: u.Code, Path: "/assign?" + v.Encode()})
	}
	return s.show(q, "assign", data)
}

// assign does it. It is answered with a page and no redirect: what was not done
// is in no address, and sending it again does nothing more.
func (s *site) assign(q *request) error { return s.assigning(q, assignDone, s.desk.Assign) }

func (s *site) assigning(q *request, step string, do assigner) error {
	unit, err := s.findUnit(q.field("unit"), "unit")
	if err != nil {
		return err
	}
	chosen, err := picks(q)
	if err != nil {
		return err
	}
	list, err := do(q.ctx(), q.actor, unit, chosen)
	if err != nil {
		return err
	}
	data := AssignPage{Page: s.page(q, "web.assign."+step), Unit: unit, Step: step, Back: back(q)}
	if step == assignDone {
		data.Here = data.Back // this page has no address
	}
	data.Form = data.form("/assign", 0)
	for _, x := range list {
		row := AssignRow{View: x.View, ID: x.View.ID, Leg: x.Leg, Version: x.Version, Why: whyNot(q.lang, x.Err)}
		for _, l := range x.View.Legs {
			if l.ID == x.After && x.After != "" {
				row.After = l.HolderName
				if l.Local() {
					row.After = s.pages[q.lang].words.Unit(l.Unit)
				}
			}
		}
		if x.Err != nil {
			data.Not = append(data.Not, row)
			continue
		}
		data.Ready = append(data.Ready, row)
		if until := x.SentAt.Add(desk.UndoFor); data.Until.IsZero() || until.Before(data.Until) {
			data.Until = until
		}
	}
	return s.show(q, "assign", data)
}

// undoAssign takes back what was sent.
func (s *site) undoAssign(q *request) error {
	list, err := s.desk.UndoAssign(q.ctx(), q.actor, q.PostForm["leg"], s.pages[q.lang].words.T("web.assign.undo_note"))
	if err != nil {
		return err
	}
	data := AssignPage{Page: s.page(q, "web.assign."+assignUndone), Step: assignUndone, Back: back(q)}
	data.Here = data.Back
	for _, x := range list {
		row := AssignRow{View: x.View, ID: x.View.ID, Leg: x.Leg, Why: whyNot(q.lang, x.Err)}
		if x.Err != nil {
			data.Not = append(data.Not, row)
		} else {
			data.Ready = append(data.Ready, row)
		}
	}
	return s.show(q, "assign", data)
}

// whyNot is the reason why one case was left alone, in the words of this page.
func whyNot(lang string, err error) string {
	if err == nil {
		return ""
	}
	if key := "web.assign.not." + hotline.CodeOf(err); message.Has(lang, key) {
		return message.Text(lang, key)
	}
	return message.Error(lang, err)
}

// back is the list that somebody came from.
func back(q *request) string {
	b := q.field("back")
	if u, err := url.Parse(b); err != nil || u.Path != "/cases" || !local(b) {
		return "/cases"
	}
	return b
}
