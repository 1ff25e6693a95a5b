package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/knowledge"
	"liandong/internal/message"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// Desk is what the pages ask of the desk; *desk.Desk is one.
type Desk interface {
	Supervision
	Assessment
	Scoring
	Consultation
	Catalogues
	Learning
	Paper
	Notices

	Node() store.Node
	Now() time.Time
	Catalogue() *catalogue.Catalogue
	Directory() *directory.Directory
	Calendar() *calendar.Calendar
	Changes() <-chan struct{}

	Triage(text, region string) triage.Proposal
	Route(item, class, region string) (lead directory.Unit, joint []directory.Unit, ok bool)
	Owners(unit, item, class, region string) []directory.Owner
	DualFor(urgent, item, region string) []desk.Order
	Outside(text, name, phone, address string) hotline.Masked
	Hot(ctx context.Context, a hotline.Actor) ([]desk.HotTopic, error)
	Similar(ctx context.Context, a hotline.Actor, text, region, phone string) ([]desk.CaseView, error)

	Intake(ctx context.Context, a hotline.Actor, in desk.In) (v desk.CaseView, created bool, err error)
	SendLegs(ctx context.Context, a hotline.Actor, caseID string, version *int64, orders []desk.Order) (desk.CaseView, error)
	PreviewAssign(ctx context.Context, a hotline.Actor, unit string, picks []desk.Pick) ([]desk.Assigned, error)
	Assign(ctx context.Context, a hotline.Actor, unit string, picks []desk.Pick) ([]desk.Assigned, error)
	UndoAssign(ctx context.Context, a hotline.Actor, legs []string, note string) ([]desk.Undone, error)
	DualOrders(ctx context.Context, a hotline.Actor, caseID string) ([]desk.Order, error)
	Dual(ctx context.Context, a hotline.Actor, caseID string, version *int64) (desk.CaseView, error)
	Act(ctx context.Context, a hotline.Actor, legID string, do desk.Do) (desk.LegView, error)
	GrantStop(ctx context.Context, a hotline.Actor, legID string, version *int64, note string) error
	Resolve(ctx context.Context, a hotline.Actor, legID string) error
	Adopt(ctx context.Context, a hotline.Actor, legID string) error
	Decide(ctx context.Context, a hotline.Actor, caseID string, dec desk.Decision) (desk.CaseView, error)
	RecordDispatch(ctx context.Context, a hotline.Actor, caseID string, m desk.Dispatched) error
	Note(ctx context.Context, a hotline.Actor, caseID, text string) error
	CompleteCaller(ctx context.Context, a hotline.Actor, caseID string, version *int64, p desk.Particulars) error
	RecordCall(ctx context.Context, a hotline.Actor, caseID, legID string, c desk.Call) error
	Callback(ctx context.Context, a hotline.Actor, caseID string, asked desk.Asked) (desk.CaseView, error)
	Close(ctx context.Context, a hotline.Actor, caseID string, c desk.Closing) (desk.CaseView, error)
	Group(ctx context.Context, a hotline.Actor, lead string, others []string) error
	Ungroup(ctx context.Context, a hotline.Actor, caseID string) error
	Reveal(ctx context.Context, a hotline.Actor, caseID, reason string) (desk.Person, error)
	BeginAttachment(ctx context.Context, a hotline.Actor, caseID string, up desk.Upload) (desk.AttachmentView, error)
	PutPart(ctx context.Context, a hotline.Actor, id string, number int64, content []byte) (desk.AttachmentView, error)
	OpenAttachment(ctx context.Context, a hotline.Actor, caseID, id, reason string) (desk.File, error)
	PutIntakeFile(ctx context.Context, a hotline.Actor, key, name string, size int64, content io.ReadSeeker) error
	IntakeFiles(ctx context.Context, a hotline.Actor, key string) ([]desk.IntakeFileView, error)
	DropIntakeFile(ctx context.Context, a hotline.Actor, key, id string) error
	Erase(ctx context.Context, a hotline.Actor, caseID string, version *int64, basis string) (desk.CaseView, error)

	MendLetter(ctx context.Context, a hotline.Actor, letterID, how, reason string) error
	ReplayLetters(ctx context.Context, a hotline.Actor, peer string, from desk.Replay) (int64, error)
	AcceptHistory(ctx context.Context, a hotline.Actor, peer, note string) error
	ClearRepair(ctx context.Context, a hotline.Actor, legID, note string) error
	SeeRefusal(ctx context.Context, a hotline.Actor, id string) error

	Case(ctx context.Context, a hotline.Actor, id string) (desk.CaseView, error)
	Cases(ctx context.Context, a hotline.Actor, f desk.Filter) (desk.CaseList, error)
	SavedViews(ctx context.Context, a hotline.Actor) ([]store.SavedView, error)
	SaveView(ctx context.Context, a hotline.Actor, name, query string) error
	RenameView(ctx context.Context, a hotline.Actor, id, name string) error
	DropView(ctx context.Context, a hotline.Actor, id string) error
	Events(ctx context.Context, a hotline.Actor, caseID, after string, limit int) ([]desk.EventView, error)
	Views(ctx context.Context, a hotline.Actor, caseID string) ([]desk.EventView, error)
	Leg(ctx context.Context, a hotline.Actor, legID string) (desk.LegView, error)
	Inbox(ctx context.Context, a hotline.Actor, done bool, after hotline.Cursor, limit int) ([]desk.InboxRow, error)
	Overview(ctx context.Context, a hotline.Actor) (desk.Overview, error)
	TriageFigures(ctx context.Context, a hotline.Actor) (desk.TriageFigures, error)
	Wall(ctx context.Context, a hotline.Actor) (desk.Wall, error)

	ShiftNow(ctx context.Context, a hotline.Actor) (desk.ShiftState, error)
	HandOverShift(ctx context.Context, a hotline.Actor, remarks string) (desk.ShiftView, error)
	TakeShift(ctx context.Context, a hotline.Actor, id string) (desk.ShiftView, error)
	ShiftOf(ctx context.Context, a hotline.Actor, id string) (desk.ShiftView, error)
	Shifts(ctx context.Context, a hotline.Actor, before string, limit int) ([]store.Shift, error)

	Links(ctx context.Context, a hotline.Actor) ([]desk.LinkView, error)
	LinkAlerts(ctx context.Context, a hotline.Actor) ([]desk.LinkAlert, error)
	Strangers(ctx context.Context, a hotline.Actor) ([]store.Refusal, error)
	ClockAccount(ctx context.Context, a hotline.Actor, caseID, clockID string) (desk.ClockAccount, error)
}

// Auth is what the pages ask of sign-in; *auth.Auth is one. Its errors are
// Denied with a code that has a sentence.
type Auth interface {
	SignIn(ctx context.Context, login, password, ip string) (secret string, p store.Person, err error)
	Session(ctx context.Context, secret string) (hotline.Actor, store.Person, error)
	SignOut(ctx context.Context, secret string) error
	Lock(ctx context.Context, secret string) error
	Unlock(ctx context.Context, secret, code, ip string) error
	SetPIN(ctx context.Context, secret, pin string) error
	HasPIN(ctx context.Context, secret string) (bool, error)
	SetLanguage(ctx context.Context, personID, language string) error
}

// Config is what the pages are put together from.
type Config struct {
	Desk    Desk
	Auth    Auth
	Log     *slog.Logger // nil: none
	Secure  bool         // the node is reached by HTTPS: cookies say so
	Advisor Advisor      // a second opinion on what a text belongs to; nil: none
	// KeepOffline is how long a unit's phone keeps, encrypted, what was written
	// without a line; 0: nothing is kept.
	KeepOffline time.Duration
	Demo        []DemoUser // shown on the sign-in page; empty on a real node
}

// DemoUser is a sample user that a newcomer may sign in as with one click.
type DemoUser struct {
	Login, Password, Name string
	Role                  hotline.Role
	Unit                  string // code; "" at the desk
}

// site is the pages of one node.
type site struct {
	desk  Desk
	auth  Auth
	log   *slog.Logger
	cfg   Config
	book  *knowledge.Book     // what the seat asks and says
	pages map[string]*pageSet // by language
}

// New returns the handler of all operator pages, to be mounted at "/". It
// panics when a template does not parse: templates are part of the program,
// and a test parses them. The streams of /events end when the request's
// context does, so give the server a BaseContext that ends with it.
func New(cfg Config) http.Handler { return newSite(cfg).handler() }

func newSite(cfg Config) *site {
	s := &site{desk: cfg.Desk, auth: cfg.Auth, log: cfg.Log, cfg: cfg, pages: map[string]*pageSet{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.book, err = knowledge.Seed(); err != nil {
		panic(err) // part of the program, as templates are; a test reads it
	}
	for _, lang := range message.Languages() {
		s.pages[lang] = parsePages(s.words(lang))
	}
	return s
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", AssetHandler())
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.wrap(r))
	}
	mux.Handle("/", s.wrap(route{open: true, handle: s.nothing}))
	return headers(http.NewCrossOriginProtection().Handler(mux))
}

func (s *site) words(lang string) words {
	return words{lang: lang, cat: s.desk.Catalogue, dir: s.desk.Directory(), cal: s.desk.Calendar(), now: s.desk.Now}
}

// headers are set on every answer: nothing is loaded or framed from outside,
// no page is kept, and no script or style stands in a page itself.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// request is one request with who asks.
type request struct {
	*http.Request
	w      *door.Recorder
	lang   string
	actor  hotline.Actor
	who    store.Person // zero: nobody signed in
	locked store.Person // whose session it is that is locked; zero: it is not
	fault  *fault       // a form that was refused and is shown again
	ref    string       // of this request, in the log
}

func (q *request) ctx() context.Context { return q.Context() }

// field is a value of the form or the query, without blanks around it.
func (q *request) field(name string) string { return strings.TrimSpace(q.FormValue(name)) }

// words of a form as somebody typed them: line ends as Unix has them.
func (q *request) text(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(q.FormValue(name), "\r\n", "\n"))
}

// byScript says that htmx asks for a part of a page.
func (q *request) byScript() bool { return q.Header.Get("HX-Request") == "true" }

// bodyMost bounds a form: texts of TextMost characters at three bytes each,
// written as %XX.
const bodyMost = 256 << 10

// wrap is the one way into a handler: language, session, right, form, what
// becomes of an error, and one line in the log.
func (s *site) wrap(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		began := time.Now()
		rec := &door.Recorder{ResponseWriter: w}
		q := &request{Request: hr, w: rec, lang: s.language(hr), ref: hotline.NewID()}
		defer func() {
			level := slog.LevelInfo
			if r.often {
				level = slog.LevelDebug
			}
			s.log.Log(hr.Context(), level, "page", "ref", q.ref, "route", r.pattern, "status", rec.Status, "actor", q.actor.ID, "took", time.Since(began))
		}()
		err := s.safely(r, q)
		if err != nil {
			s.refuse(r, q, err)
		}
	})
}

// safely turns a panic of a handler into an error, so that the person gets a
// page and the log the place.
func (s *site) safely(r route, q *request) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		s.log.Error("page panicked", "ref", q.ref, "route", r.pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		err = hotline.Errorf(hotline.Internal, "panic", "")
	}()
	return s.serve(r, q)
}

func (s *site) serve(r route, q *request) error {
	if err := s.session(q); err != nil && !r.open {
		return err
	}
	if r.right != "" && !q.actor.Has(r.right) {
		return hotline.Errorf(hotline.Denied, "denied", string(r.right), string(q.actor.Role))
	}
	if q.Method == http.MethodPost {
		if err := q.parse(r.upload); err != nil {
			return err
		}
	}
	return r.handle(q)
}

// parse reads the form, with files of at most so many bytes where there may be
// any.
func (q *request) parse(upload int64) error {
	most := max(upload, bodyMost)
	q.Body = http.MaxBytesReader(q.w, q.Body, most)
	err := q.ParseForm()
	if err == nil && upload > 0 { // in memory: nothing personal is written down beside the database
		if err = q.ParseMultipartForm(upload); errors.Is(err, http.ErrNotMultipart) {
			err = nil // no file was sent
		}
	}
	if _, tooMuch := errors.AsType[*http.MaxBytesError](err); tooMuch {
		return hotline.Errorf(hotline.Invalid, "body_large", "body", most>>10)
	}
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "form_invalid", "body")
	}
	return nil
}

// session finds out who asks. Nobody is Denied with session_expired.
func (s *site) session(q *request) error {
	c, err := q.Cookie(s.cookie("session"))
	if err != nil {
		return hotline.Errorf(hotline.Denied, "session_expired", "")
	}
	q.actor, q.who, err = s.auth.Session(q.ctx(), c.Value)
	if hotline.CodeOf(err) == "session_locked" {
		q.locked, q.who = q.who, store.Person{}
	}
	if err == nil && !q.hasLanguage() && q.who.Language != "" {
		q.lang = q.who.Language
	}
	return err
}

// refuse turns an error into what the person sees: the sign-in page where the
// session ended, the form again with the sentence in it, or a page that says
// what happened.
func (s *site) refuse(r route, q *request, err error) {
	if q.ctx().Err() != nil || q.w.Status != 0 {
		return // the browser has gone, or has its answer
	}
	kind := hotline.KindOf(err)
	attrs := []any{"ref", q.ref, "route", r.pattern, "kind", string(kind), "code", hotline.CodeOf(err), "actor", q.actor.ID}
	if kind == hotline.Internal || kind == hotline.Unavailable {
		s.log.Error("page failed", append(attrs, "err", err)...)
	} else {
		s.log.Info("page refused", attrs...)
	}
	if q.wantsJSON() {
		q.tellRefusal(err)
		return
	}
	switch hotline.CodeOf(err) {
	case "session_expired":
		s.askToSignIn(q)
		return
	case "session_locked":
		s.askToUnlock(q)
		return
	}
	if q.Method == http.MethodPost && r.form != nil && q.fault == nil && kind != hotline.Internal {
		q.fault = newFault(q, err)
		if again := r.form(q); again == nil {
			return
		}
	}
	s.problem(q, err)
}

// nothing is the answer to a path that no route has.
func (s *site) nothing(q *request) error {
	return hotline.Errorf(hotline.NotFound, "no_such_path", "")
}

// to sends the browser on after a form was done: POST, redirect, GET. flash is
// the key of a sentence that the next page shows once, or "".
func (s *site) to(q *request, path, flash string) error {
	if flash != "" {
		s.setCookie(q, "flash", flash, 60)
	}
	http.Redirect(q.w, q.Request, path, http.StatusSeeOther)
	return nil
}

// cookie is the name of a cookie. It names the platform, since browsers do not
// tell two nodes on one machine apart by their ports.
func (s *site) cookie(what string) string {
	name := "liandong_" + what + "_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, s.desk.Node().Platform)
	if s.cfg.Secure {
		return "__Host-" + name
	}
	return name
}

func (s *site) setCookie(q *request, what, value string, seconds int) {
	http.SetCookie(q.w, &http.Cookie{
		Name: s.cookie(what), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// language of a request: the cookie that the switch sets, else Chinese; the
// session's person may have another, see session.
func (s *site) language(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil {
		for _, l := range message.Languages() {
			if c.Value == l {
				return l
			}
		}
	}
	return message.Chinese
}

const languageCookie = "liandong_language"

func (q *request) hasLanguage() bool {
	_, err := q.Cookie(languageCookie)
	return err == nil
}

// address is where the request came from, without the port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
