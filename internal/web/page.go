package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/store"
)

//go:embed template/*.html
var templateFiles embed.FS

// pageSet is the templates of one language: layout and parts with one page
// each.
type pageSet struct {
	words words
	named map[string]func() *template.Template
}

// page is the template of a page. It is parsed when it is first wanted: each
// holds a copy of the layout, and few nodes show all pages in all languages.
// It panics on a mistake in the template; a test parses them all.
func (p *pageSet) page(name string) *template.Template { return p.named[name]() }

// pageNames are the pages, each a file of template/. layout.html and the files
// that begin with part- are parsed into every one.
var pageNames = []string{"problem", "sign-in", "seat", "queue", "assign", "case", "account", "leg", "inbox", "overview", "links", "wall", "shift", "figures", "models", "offline", "unlock"}

// parsePages parses what all templates share; it panics on a mistake there.
func parsePages(w words) *pageSet {
	files, err := fs.Sub(templateFiles, "template")
	if err != nil {
		panic(err)
	}
	set := &pageSet{words: w, named: map[string]func() *template.Template{}}
	common := template.Must(template.New("layout").Funcs(funcs(w)).ParseFS(files, "layout.html", "part-*.html"))
	for _, name := range slices.Concat(pageNames, supervisionPages, assessmentPages, scorePages, consultationPages, cataloguePages, paperPages, noticePages) {
		set.named[name] = sync.OnceValue(func() *template.Template {
			return template.Must(template.Must(common.Clone()).ParseFS(files, name+".html"))
		})
	}
	return set
}

// funcs are what templates may call: the words of their language.
func funcs(w words) template.FuncMap {
	return template.FuncMap{
		"t": w.T, "word": w.Word, "moment": w.Moment, "exact": w.Exact, "iso": w.ISO, "left": w.Left, "span": w.Span,
		"class": w.Class, "item": w.Item, "region": w.Region, "place": w.Place, "unit": w.Unit, "target": w.Target, "department": w.Department,
		"bytes": w.Bytes, "file_kind": w.FileKind, "asset": AssetURL, "number": casefile.SayNumber, "trouble": w.Trouble,
		"budget": w.Budget, "foreign": casefile.Foreign, "speaks": w.Speaks,
	}
}

// Page is what every page has.
type Page struct {
	Lang     string
	Title    string
	Here     string // path and query, where the language switch comes back to
	Line     string // of this platform: the accent
	Platform string // its name
	Who      store.Person
	UnitName string
	Nav      []NavItem
	NavMore  []NavItem // of the rarer pages, behind one word
	Flash    string    // sentence shown once
	FlashKey string
	Fault    *fault
	Bell     *Bell    // nil: the person sees no cases, and is told of none
	RunsOut  string   // when the calendar ends, told who can see to it; "" not soon
	Live     bool     // listens to /events
	Script   bool     // the whole page, not a part
	Shell    bool     // what a phone shows without a line
	Styles   []string // beside app.css, of this page alone

	keep time.Duration // how long the machine keeps what is written without a line; 0: it keeps nothing
}

// NavItem is one entry of the navigation.
type NavItem struct {
	Path, Key string
	On        bool
}

// SignedIn says that somebody is.
func (p Page) SignedIn() bool { return p.Who.ID != "" }

// Other is the language that the switch offers.
func (p Page) Other() string {
	if p.Lang == message.English {
		return message.Chinese
	}
	return message.English
}

// nav is the whole navigation, in order; who lacks the right does not see it.
var nav = []struct {
	path, key string
	right     hotline.Right
	unit      int  // 1 units only, -1 the desk only
	rare      bool // behind "more" where there are many
}{
	{"/desk", "web.nav.desk", hotline.TakeCases, -1, false},
	{"/inbox", "web.nav.inbox", hotline.WorkLegs, 1, false},
	{"/cases", "web.nav.cases", hotline.SeeCases, 0, false},
	{"/overview", "web.nav.overview", hotline.SeeOverview, 0, false},
	{"/shift", "web.nav.shift", hotline.HandOver, -1, false},
	{"/wall", "web.nav.wall", hotline.SeeOverview, 0, true},
	{"/assessment", "web.nav.assessment", hotline.SeeOverview, 0, true},
	{"/assessment/scores", "web.nav.scores", hotline.WorkLegs, 1, false},
	{"/consultations", "web.nav.consult", hotline.SeeCases, 0, false},
	{"/supervision", "web.nav.supervision", hotline.SeeCases, 0, false},
	{"/figures", "web.nav.figures", hotline.SeeOverview, 0, true},
	{"/catalogue", "web.nav.catalogue", hotline.EditCatalogue, 0, false},
	{"/links", "web.nav.links", hotline.SeeLinks, 0, true},
	{"/notices/log", "web.nav.notice_log", hotline.SeeLinks, 0, true},
}

// navMost is how many entries stand in one row beside the platform's name, the
// person and the switches on a screen of 1366 px.
const navMost = 6

func navOf(a hotline.Actor, path string) (often, more []NavItem) {
	var rare []NavItem
	for _, n := range nav {
		if !a.Has(n.right) || n.unit == 1 && a.AtDesk() || n.unit == -1 && !a.AtDesk() {
			continue
		}
		item := NavItem{Path: n.path, Key: n.key, On: path == n.path || strings.HasPrefix(path, n.path+"/")}
		if n.rare {
			rare = append(rare, item)
		} else {
			often = append(often, item)
		}
	}
	if len(often)+len(rare) <= navMost {
		return append(often, rare...), nil
	}
	return often, rare
}

// Share is a share, or a chance, of 0 to 1 as people read it.
func (Page) Share(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }

// Keeps says that the page may keep on the machine what is written without a
// line.
func (p Page) Keeps() bool { return p.keep > 0 }

// MoreOn says that the page is one of those behind "more".
func (p Page) MoreOn() bool {
	return slices.ContainsFunc(p.NavMore, func(n NavItem) bool { return n.On })
}

// page is the common part of a page with a title.
func (s *site) page(q *request, title string) Page {
	node := s.desk.Node()
	w := s.pages[q.lang].words
	p := Page{
		Lang: q.lang, Title: w.T(title), Here: here(q.Request), Line: node.Line, Platform: node.Name,
		Who: q.who, Fault: q.fault, Live: q.who.ID != "",
	}
	if q.who.ID != "" {
		p.Nav, p.NavMore = navOf(q.actor, q.URL.Path)
		p.UnitName = w.Unit(q.actor.Unit)
		p.Bell = s.ringing(q)
		if end, soon := s.desk.Calendar().RunsOut(s.desk.Now()); soon && q.actor.Has(hotline.SeeLinks) {
			p.RunsOut = w.T("web.calendar.runs_out", end.Format(time.DateOnly))
		}
		if mayKeep(q.actor) {
			p.keep = s.cfg.KeepOffline
		}
	}
	if c, err := q.Cookie(s.cookie("flash")); err == nil {
		if strings.HasPrefix(c.Value, "web.flash.") && message.Has(q.lang, c.Value) {
			p.FlashKey, p.Flash = c.Value, w.T(c.Value)
		}
		s.setCookie(q, "flash", "", -1)
	}
	return p
}

// here is where a GET would show this page again; after a refused POST it is
// the page that the form stands on.
func here(r *http.Request) string {
	if r.Method == http.MethodGet {
		return r.URL.RequestURI()
	}
	if u, err := url.Parse(r.Referer()); err == nil && local(u.RequestURI()) {
		return u.RequestURI()
	}
	return "/"
}

// local says that a path stays on this node.
func local(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\\r\n\t")
}

// show renders a whole page into a buffer and then sends it.
func (s *site) show(q *request, name string, data any) error {
	return s.render(q, name, "layout", data)
}

// part renders one block of a page, for htmx.
func (s *site) part(q *request, name, block string, data any) error {
	return s.render(q, name, block, data)
}

func (s *site) render(q *request, name, block string, data any) error {
	var b bytes.Buffer
	if err := s.pages[q.lang].page(name).ExecuteTemplate(&b, block, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", q.lang)
	h.Add("Vary", "Cookie")
	if q.fault != nil {
		q.w.WriteHeader(q.fault.status)
	}
	// The browser that went away needs no answer.
	_, _ = b.WriteTo(q.w)
	return nil
}

// fault is a form that was refused: shown again with what was typed and the
// sentence that says why.
type fault struct {
	Action   string // path of the form
	Field    string
	Sentence string
	Code     string
	status   int
	values   url.Values
}

func newFault(q *request, err error) *fault {
	f := &fault{Action: q.URL.Path, Sentence: message.Error(q.lang, err), Code: hotline.CodeOf(err), status: door.Status(err), values: q.PostForm}
	if e, ok := asError(err); ok {
		f.Field = fieldName(e.Field)
	}
	return f
}

// fieldName is the name of the form field that a field of the desk stands for:
// legs[0].to is "to", caller.phone "phone".
func fieldName(field string) string {
	if i := strings.LastIndexByte(field, '.'); i >= 0 {
		field = field[i+1:]
	}
	field, _, _ = strings.Cut(field, "[")
	return field
}

// Form is one form of a page: where it goes and what it was sent with, if it
// was refused.
type Form struct {
	Action  string
	Version int64
	Back    string // where to go on to when done
	Primary bool   // it holds the one primary button
	fault   *fault
	values  url.Values // to start with
}

// form is a form of the page; it is filled with what was typed when it was
// refused just now.
func (p Page) form(action string, version int64) Form {
	f := Form{Action: action, Version: version}
	if p.Fault != nil && p.Fault.Action == action {
		f.fault = p.Fault
	}
	return f
}

// preset fills a field as long as nobody typed into it.
func (f Form) preset(name string, values ...string) Form {
	v := url.Values{}
	for k, old := range f.values {
		v[k] = old
	}
	v[name] = values
	f.values = v
	return f
}

// Val is what a field holds.
func (f Form) Val(name string) string {
	if f.fault != nil {
		return f.fault.values.Get(name)
	}
	return f.values.Get(name)
}

// Is says that a field holds a value, for boxes and lists.
func (f Form) Is(name string, value any) bool {
	v := f.values[name]
	if f.fault != nil {
		v = f.fault.values[name]
	}
	return slices.Contains(v, fmt.Sprint(value))
}

// Wrong is the sentence for a field, if it is the one at fault.
func (f Form) Wrong(name string) string {
	if f.fault != nil && f.fault.Field == name {
		return f.fault.Sentence
	}
	return ""
}

// Refused says that this form was refused just now: it is shown open.
func (f Form) Refused() bool { return f.fault != nil }

// Sentence is why the form was refused; "" where the field says it itself.
func (f Form) Sentence() string {
	if f.fault == nil {
		return ""
	}
	return f.fault.Sentence
}
