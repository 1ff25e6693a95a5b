package web

import (
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// DispatchPart is how far a police dispatch is, a row for each moment.
type DispatchPart struct {
	Form
	Rows []DispatchRow
	May  bool
}

// DispatchRow is one moment of a dispatch.
type DispatchRow struct {
	Mark casefile.Mark
	At   time.Time // zero: not recorded
	Now  bool      // one click records it: nothing later is recorded yet
	Then string    // what a form for another time begins with
}

// dispatch is the part for a case, nil where there is none.
func (b caseBuilder) dispatch() *DispatchPart {
	if !b.v.CanDispatch && b.v.Dispatch == nil {
		return nil
	}
	p := &DispatchPart{Form: b.page.form(b.path("/dispatch"), 0), May: b.v.CanDispatch}
	passed := b.v.Dispatch.Last() != ""
	for _, m := range casefile.Marks() {
		row := DispatchRow{Mark: m, At: b.v.Dispatch[m], Now: b.v.CanDispatch && !passed}
		if m == b.v.Dispatch.Last() {
			passed = false
		}
		row.Then = row.At.In(calendar.Zone).Format("2006-01-02T15:04")
		if row.At.IsZero() {
			row.Then = b.w.now().In(calendar.Zone).Format("2006-01-02T15:04")
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// recordDispatch records a moment: now, where no time is given.
func (s *site) recordDispatch(q *request) error {
	id := q.PathValue("id")
	m := desk.Dispatched{Mark: casefile.Mark(q.field("mark")), Correct: q.field("correct") != "", Reason: q.field("reason")}
	if t := q.field("at"); t != "" {
		at, err := localTime(t)
		if err != nil {
			return hotline.Errorf(hotline.Invalid, "time_invalid", "at")
		}
		m.At = at
	}
	if err := s.desk.RecordDispatch(q.ctx(), q.actor, id, m); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.dispatch")
}
