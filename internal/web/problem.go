package web

import (
	"errors"
	"net/http"

	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/message"
)

// ProblemPage says what happened where no form can say it.
type ProblemPage struct {
	Page
	Sentence string
	Kept     string // what became of what was typed
	Code     string
	Ref      string // finds the line in the log; "" where there is nothing to find
	Back     string
}

// problem shows an error as a page of its own.
func (s *site) problem(q *request, err error) {
	q.fault = nil
	p := s.page(q, "web.problem.title")
	data := ProblemPage{Page: p, Sentence: message.Error(q.lang, err), Code: hotline.CodeOf(err), Back: "/"}
	if hotline.KindOf(err) == hotline.Internal {
		data.Ref = q.ref
	}
	w := s.pages[q.lang].words
	switch {
	case q.Method == http.MethodGet:
	case hotline.KindOf(err) == hotline.Internal:
		data.Kept = w.T("web.problem.maybe_kept")
	default:
		data.Kept = w.T("web.problem.nothing_changed")
	}
	if q.Method == http.MethodPost {
		data.Back = here(q.Request)
	}
	data.Live = false
	q.fault = &fault{status: door.Status(err)}
	if rerr := s.show(q, "problem", data); rerr != nil {
		s.log.Error("page failed", "err", rerr)
		http.Error(q.w, data.Sentence, door.Status(err))
	}
}

func asError(err error) (*hotline.Error, bool) { return errors.AsType[*hotline.Error](err) }
