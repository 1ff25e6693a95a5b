package web

import (
	"net/url"

	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// InboxPage is what a unit has to do.
type InboxPage struct {
	Page
	Done     bool
	Rows     []InboxRow
	NextPath string
	PIN      *Form               // a PIN for this session
	Orders   []store.Supervision // that the unit still has to do with
}

// InboxRow is one leg of the unit with its case and what may be done at once.
type InboxRow struct {
	Lane
	Case  desk.CaseView
	Quick *VerbForm // accept, from the list
	// DueKind is what is to be done by then; "" nothing is owed.
	DueKind deadline.Kind
}

func (s *site) inboxPage(q *request) error {
	done := q.URL.Query().Get("done") != ""
	if q.Method != "GET" {
		done = false
	}
	cursor, err := hotline.ParseCursor(q.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	list, err := s.desk.Inbox(q.ctx(), q.actor, done, cursor, hotline.PageDefault)
	if err != nil {
		return err
	}
	data := InboxPage{Page: s.page(q, "web.inbox.title"), Done: done}
	if q.Method != "GET" {
		data.Here = "/inbox"
	}
	data.PIN = s.pinForm(q, data.Page)
	if !done {
		if data.Orders, err = s.desk.Orders(q.ctx(), q.actor); err != nil {
			return err
		}
	}
	for _, r := range list {
		b := caseBuilder{site: s, q: q, w: s.pages[q.lang].words, page: data.Page, v: r.Case}
		row := InboxRow{Lane: b.lane(r.LegView), Case: r.Case}
		for i, f := range row.Own {
			if f.Verb == leg.Accept {
				row.Quick = &row.Own[i]
			}
		}
		for _, c := range r.Case.Clocks {
			if c.LegID == r.ID && c.Running() && c.Due.Equal(r.DueAt) {
				row.DueKind = c.Kind
			}
		}
		data.Rows = append(data.Rows, row)
	}
	if len(list) == hotline.PageDefault {
		last := list[len(list)-1]
		c := hotline.Cursor{ID: last.ID}
		if !last.DueAt.IsZero() {
			c.Key = last.DueAt.UnixMicro()
		}
		v := url.Values{"cursor": {c.String()}}
		if done {
			v.Set("done", "1")
		}
		data.NextPath = "/inbox?" + v.Encode()
	}
	return s.show(q, "inbox", data)
}
