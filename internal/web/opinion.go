package web

import (
	"context"

	"liandong/internal/catalogue"
	"liandong/internal/hotline"
	"liandong/internal/opinion"
)

// Advisor gives a second opinion on a masked text; *opinion.Advisor is one.
type Advisor interface {
	Ask(ctx context.Context, text hotline.Masked, classes []opinion.Class) (opinion.Opinion, error)
}

// opinion shows what the second opinion is, beside the proposal and after it.
// Where there is none, there is nothing to see.
func (s *site) opinion(q *request) error {
	var o opinion.Opinion
	if s.cfg.Advisor != nil {
		w := s.pages[q.lang].words
		var classes []opinion.Class
		for _, c := range s.desk.Catalogue().Classes {
			if c.Code[0] == catalogue.NonPolice || c.Code[0] == catalogue.Police {
				classes = append(classes, opinion.Class{Code: c.Code, Name: w.Class(c.Code)})
			}
		}
		text := s.desk.Outside(q.text("text"), q.field("name"), q.field("phone"), q.field("address"))
		got, err := s.cfg.Advisor.Ask(q.ctx(), text, classes)
		if err != nil {
			s.log.Debug("no second opinion", "err", err)
		} else {
			o = got
		}
	}
	return s.part(q, "seat", "opinion", o)
}
