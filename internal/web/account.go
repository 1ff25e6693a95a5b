package web

import (
	"net/url"

	"liandong/internal/desk"
	"liandong/internal/message"
)

// AccountPage shows how a deadline came about, day by day.
type AccountPage struct {
	Page
	desk.ClockAccount
	CaseID string
	Moved  string // the sentence; "" it is due as counted
}

func (s *site) accountPage(q *request) error {
	id := q.PathValue("id")
	acc, err := s.desk.ClockAccount(q.ctx(), q.actor, id, q.PathValue("clock"))
	if err != nil {
		return err
	}
	data := AccountPage{Page: s.page(q, "web.account.title"), ClockAccount: acc, CaseID: id}
	if w := s.pages[q.lang].words; acc.Moved != "" && len(acc.Account) > 0 {
		data.Moved = message.Text(q.lang, "moved."+acc.Moved, w.Exact(acc.Due), w.Exact(acc.Clock.Due))
	}
	return s.show(q, "account", data)
}

// accountPath is where the account of a clock stands.
func accountPath(caseID, clockID string) string {
	return "/cases/" + url.PathEscape(caseID) + "/clocks/" + url.PathEscape(clockID)
}
