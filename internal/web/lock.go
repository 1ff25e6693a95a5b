package web

import (
	"net/http"
	"net/url"
	"time"
)

// lockAfter is how long nobody touches a unit's page until it locks itself.
// Five minutes is ours: a phone that is handed on, not one that is put down
// between two sentences.
const lockAfter = 5 * time.Minute

// LockSeconds is lockAfter for the script that does it.
func (Page) LockSeconds() int { return int(lockAfter.Seconds()) }

// UnlockPage asks whoever locked the screen for the PIN or the password.
type UnlockPage struct {
	Page
	Unlock
	Name string // who locked it
}

// Unlock is the form that opens a locked page.
type Unlock struct {
	Form
	Next string
	PIN  bool // a PIN opens it; else the password
}

func (s *site) secret(q *request) string {
	c, err := q.Cookie(s.cookie("session"))
	if err != nil {
		return ""
	}
	return c.Value
}

// lock locks the session: until it is opened it shows nothing to anybody.
func (s *site) lock(q *request) error {
	if err := s.auth.Lock(q.ctx(), s.secret(q)); err != nil {
		return err
	}
	if q.wantsJSON() {
		return q.tell(http.StatusOK, Told{})
	}
	return s.to(q, "/unlock?next="+url.QueryEscape(next(q)), "")
}

func (s *site) unlockPage(q *request) error {
	pin, err := s.auth.HasPIN(q.ctx(), s.secret(q))
	if err != nil {
		return err
	}
	if q.locked.ID == "" && q.Method == http.MethodGet {
		return s.to(q, next(q), "")
	}
	p := s.page(q, "web.lock.title")
	p.Live, p.keep = false, s.cfg.KeepOffline
	return s.show(q, "unlock", UnlockPage{Page: p, Name: q.locked.Name, Unlock: Unlock{Form: p.form("/unlock", 0), Next: next(q), PIN: pin}})
}

func (s *site) unlock(q *request) error {
	if q.who.ID != "" { // it was not locked, or is no longer
		return s.to(q, next(q), "")
	}
	if err := s.auth.Unlock(q.ctx(), s.secret(q), q.FormValue("code"), address(q.Request)); err != nil {
		return err
	}
	if q.wantsJSON() {
		return q.tell(http.StatusOK, Told{To: next(q)})
	}
	return s.to(q, next(q), "")
}

// setPIN takes the PIN that opens this session again until it ends.
func (s *site) setPIN(q *request) error {
	if err := s.auth.SetPIN(q.ctx(), s.secret(q), q.field("pin")); err != nil {
		return err
	}
	if q.wantsJSON() {
		s.setCookie(q, "flash", "web.flash.pin", 60)
		return q.tell(http.StatusOK, Told{To: "/inbox"})
	}
	return s.to(q, "/inbox", "web.flash.pin")
}

// askToUnlock sends somebody whose session is locked to where it is opened. A
// part of a page that a script asks for stays as it is: the page beneath is
// locked, not lost.
func (s *site) askToUnlock(q *request) {
	if q.byScript() || q.URL.Path == "/events" {
		q.w.Header().Set("HX-Reswap", "none")
		q.w.WriteHeader(http.StatusLocked)
		return
	}
	http.Redirect(q.w, q.Request, "/unlock?next="+url.QueryEscape(here(q.Request)), http.StatusSeeOther)
}

// pinForm is the form for a PIN, for those whose pages lock themselves.
func (s *site) pinForm(q *request, p Page) *Form {
	if !mayKeep(q.actor) {
		return nil
	}
	f := p.form("/pin", 0)
	return &f
}
