package web

import (
	"net/http"
	"net/url"
	"slices"

	"liandong/internal/auth"
	"liandong/internal/hotline"
	"liandong/internal/message"
)

// SignInPage is where people say who they are.
type SignInPage struct {
	Page
	Form  Form
	Next  string
	Ended bool // a session ended: what was typed is kept by the browser
	Demo  []DemoUser
}

func (s *site) signInPage(q *request) error {
	p := s.page(q, "web.signin.title")
	p.Live = false
	data := SignInPage{Page: p, Form: p.form("/sign-in", 0), Next: next(q), Demo: s.cfg.Demo, Ended: q.FormValue("ended") != ""}
	return s.show(q, "sign-in", data)
}

// next is where to go after signing in.
func next(q *request) string {
	if n := q.FormValue("next"); local(n) {
		return n
	}
	return "/"
}

func (s *site) signIn(q *request) error {
	secret, _, err := s.auth.SignIn(q.ctx(), q.field("login"), q.FormValue("password"), address(q.Request))
	if err != nil {
		return err
	}
	s.setCookie(q, "session", secret, int(auth.SessionFor.Seconds()))
	return s.to(q, next(q), "")
}

func (s *site) signOut(q *request) error {
	if c, err := q.Cookie(s.cookie("session")); err == nil {
		if err := s.auth.SignOut(q.ctx(), c.Value); err != nil {
			return err
		}
	}
	s.setCookie(q, "session", "", -1)
	return s.to(q, "/sign-in", "web.flash.signed_out")
}

// askToSignIn sends somebody without a session to the sign-in page and back
// afterwards to where they were.
func (s *site) askToSignIn(q *request) {
	at := here(q.Request)
	to := "/sign-in?next=" + url.QueryEscape(at)
	if at == "/" && q.Method == http.MethodGet {
		to = "/sign-in"
	}
	if q.Method == http.MethodPost {
		to += "&ended=1"
	}
	if q.byScript() || q.URL.Path == "/events" {
		q.w.Header().Set("HX-Redirect", to)
		q.w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(q.w, q.Request, to, http.StatusSeeOther)
}

// chooseLanguage keeps the language in a cookie and, for somebody signed in,
// with the person.
func (s *site) chooseLanguage(q *request) error {
	lang := q.field("language")
	known := false
	for _, l := range message.Languages() {
		known = known || l == lang
	}
	if !known {
		return hotline.Errorf(hotline.Invalid, "language_unknown", "language", lang)
	}
	if q.who.ID != "" {
		if err := s.auth.SetLanguage(q.ctx(), q.who.ID, lang); err != nil {
			return err
		}
	}
	http.SetCookie(q.w, &http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteLaxMode,
	})
	to := q.FormValue("here")
	if !local(to) {
		to = "/"
	}
	return s.to(q, to, "")
}

// home sends people to where their work is.
// homes are the pages that roles begin at which have work of their own; the
// others begin at the first that they may see.
var homes = map[hotline.Role]string{
	hotline.ShiftLeader:   "/overview",
	hotline.Supervisor:    "/supervision",
	hotline.Secretary:     "/consultations",
	hotline.Editor:        "/catalogue",
	hotline.Administrator: "/links",
}

func (s *site) home(q *request) error {
	often, more := navOf(q.actor, "")
	own := homes[q.actor.Role]
	for _, n := range slices.Concat(often, more) {
		if own == "" || n.Path == own {
			return s.to(q, n.Path, "")
		}
	}
	return hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(q.actor.Role))
}
