package web

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/sheet"
	"liandong/internal/store"
)

// cataloguePages are the templates of these pages.
var cataloguePages = []string{"catalogue", "catalogue-version", "draft", "draft-item", "draft-ladder", "catalogue-moves"}

// Catalogues is what the pages of the catalogue ask of the desk.
type Catalogues interface {
	CatalogueVersions(ctx context.Context, a hotline.Actor) ([]store.Document, error)
	CatalogueVersion(ctx context.Context, a hotline.Actor, version string) (*catalogue.Catalogue, store.Document, error)
	Drafts(ctx context.Context, a hotline.Actor) ([]store.Draft, error)
	NewDraft(ctx context.Context, a hotline.Actor, title, base string) (store.Draft, error)
	DraftOfRuling(ctx context.Context, a hotline.Actor, consultationID string) (store.Draft, error)
	Draft(ctx context.Context, a hotline.Actor, id string) (desk.DraftView, error)
	EditDraft(ctx context.Context, a hotline.Actor, id string, version int64, change func(*catalogue.Catalogue) error) error
	DropDraft(ctx context.Context, a hotline.Actor, id string, version int64) error
	TryDraft(ctx context.Context, a hotline.Actor, id string, version int64) error
	Publish(ctx context.Context, a hotline.Actor, id string, version int64, r desk.Release) error
	CatalogueNews(ctx context.Context, a hotline.Actor) (*store.Document, error)
	CatalogueMoves(ctx context.Context, a hotline.Actor, version string) ([]desk.Moving, error)
	MoveCase(ctx context.Context, a hotline.Actor, catalogueVersion, caseID string, version *int64) (bool, error)
}

// catalogueRoutes are the pages of the catalogue.
func (s *site) catalogueRoutes() []route {
	return []route{
		{pattern: "GET /catalogue", right: hotline.SeeOverview, handle: s.cataloguePage},
		{pattern: "GET /catalogue/versions/{version}", right: hotline.SeeOverview, handle: s.versionPage},
		{pattern: "GET /catalogue/versions/{version}/xlsx", right: hotline.SeeOverview, handle: s.versionSheet},
		{pattern: "GET /catalogue/versions/{version}/moves", right: hotline.SeeCases, handle: s.movesPage},
		{pattern: "POST /catalogue/versions/{version}/moves", right: hotline.DecideCases, handle: s.moveCase, form: s.movesPage},
		{pattern: "POST /catalogue/drafts", right: hotline.EditCatalogue, handle: s.newDraft, form: s.cataloguePage},
		{pattern: "POST /consultations/{id}/draft", right: hotline.EditCatalogue, handle: s.draftOfRuling, form: s.consultationPage},
		{pattern: "GET /catalogue/drafts/{id}", right: hotline.EditCatalogue, handle: s.draftPage},
		{pattern: "GET /catalogue/drafts/{id}/xlsx", right: hotline.EditCatalogue, handle: s.draftSheet},
		{pattern: "POST /catalogue/drafts/{id}/import", right: hotline.EditCatalogue, upload: sheetMost, handle: s.importDraft, form: s.draftPage},
		{pattern: "GET /catalogue/drafts/{id}/item", right: hotline.EditCatalogue, handle: s.itemPage},
		{pattern: "POST /catalogue/drafts/{id}/item", right: hotline.EditCatalogue, handle: s.putItem, form: s.itemPage},
		{pattern: "POST /catalogue/drafts/{id}/item/drop", right: hotline.EditCatalogue, handle: s.dropItem, form: s.draftPage},
		{pattern: "POST /catalogue/drafts/{id}/limit", right: hotline.EditCatalogue, handle: s.putLimit, form: s.draftPage},
		{pattern: "POST /catalogue/drafts/{id}/limit/drop", right: hotline.EditCatalogue, handle: s.dropLimit, form: s.draftPage},
		{pattern: "GET /catalogue/drafts/{id}/ladder", right: hotline.EditCatalogue, handle: s.ladderPage},
		{pattern: "POST /catalogue/drafts/{id}/ladder", right: hotline.EditCatalogue, handle: s.putLadder, form: s.ladderPage},
		{pattern: "POST /catalogue/drafts/{id}/ladder/drop", right: hotline.EditCatalogue, handle: s.dropLadder, form: s.draftPage},
		{pattern: "POST /catalogue/drafts/{id}/try", right: hotline.EditCatalogue, handle: s.tryDraft, form: s.draftPage},
		{pattern: "POST /catalogue/drafts/{id}/publish", right: hotline.EditCatalogue, handle: s.publishDraft, form: s.draftPage},
		{pattern: "POST /catalogue/drafts/{id}/drop", right: hotline.EditCatalogue, handle: s.dropDraft, form: s.draftPage},
	}
}

// sheetMost bounds a workbook, in bytes.
const sheetMost = 4 << 20

// CataloguePage is the published versions and the drafts.
type CataloguePage struct {
	Page
	Cat      *catalogue.Catalogue
	Versions []store.Document
	Today    string
	Drafts   []store.Draft
	Edits    bool
	New      Form
}

func (s *site) cataloguePage(q *request) error {
	data := CataloguePage{Page: s.page(q, "web.catalogue.title"), Cat: s.desk.Catalogue(), Today: s.today(), Edits: q.actor.Has(hotline.EditCatalogue)}
	var err error
	if data.Versions, err = s.desk.CatalogueVersions(q.ctx(), q.actor); err != nil {
		return err
	}
	if data.Edits {
		if data.Drafts, err = s.desk.Drafts(q.ctx(), q.actor); err != nil {
			return err
		}
	}
	data.New = data.form("/catalogue/drafts", 0).preset("base", data.Cat.Version)
	return s.show(q, "catalogue", data)
}

func (s *site) today() string { return s.desk.Now().In(calendar.Zone).Format(time.DateOnly) }

// ItemsOfClass is a class with its items, for reading and for editing.
type ItemsOfClass struct {
	catalogue.Class
	Items []catalogue.Item
}

// itemsBy lists classes with the items in which a text occurs; all for "".
func itemsBy(c *catalogue.Catalogue, find string) []ItemsOfClass {
	var out []ItemsOfClass
	for _, class := range c.Classes {
		x := ItemsOfClass{Class: class}
		for _, it := range c.ItemsOf(class.Code) {
			if strings.Contains(it.Code+" "+it.Name+" "+it.NameEN+" "+strings.Join(it.Synonyms, " "), find) {
				x.Items = append(x.Items, it)
			}
		}
		if len(x.Items) > 0 {
			out = append(out, x)
		}
	}
	return out
}

// VersionPage is one published version.
type VersionPage struct {
	Page
	Cat     *catalogue.Catalogue
	Doc     store.Document
	Find    string
	Classes []ItemsOfClass
	Moves   bool // it was tried on past cases, and the person may see which of them lie elsewhere
}

func (s *site) versionPage(q *request) error {
	cat, doc, err := s.desk.CatalogueVersion(q.ctx(), q.actor, q.PathValue("version"))
	if err != nil {
		return err
	}
	find := q.field("q")
	return s.show(q, "catalogue-version", VersionPage{Page: s.page(q, "web.catalogue.title"), Cat: cat, Doc: doc, Find: find, Classes: itemsBy(cat, find),
		Moves: doc.Tested != "" && q.actor.AtDesk() && q.actor.Has(hotline.SeeCases)})
}

func (s *site) versionSheet(q *request) error {
	cat, doc, err := s.desk.CatalogueVersion(q.ctx(), q.actor, q.PathValue("version"))
	if err != nil {
		return err
	}
	return sendSheet(q, doc.Version, tables(cat))
}

func (s *site) draftSheet(q *request) error {
	v, err := s.desk.Draft(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	return sendSheet(q, "draft-"+v.ID, tables(v.Catalogue))
}

func tables(c *catalogue.Catalogue) []sheet.Table {
	var out []sheet.Table
	for _, t := range c.Tables() {
		out = append(out, sheet.Table(t))
	}
	return out
}

// sendSheet answers with a workbook.
func sendSheet(q *request, name string, tables []sheet.Table) error {
	var b bytes.Buffer
	if err := sheet.Write(&b, tables); err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.xlsx"`)
	_, _ = b.WriteTo(q.w) // a browser that went away needs no answer
	return nil
}

func (s *site) newDraft(q *request) error {
	x, err := s.desk.NewDraft(q.ctx(), q.actor, q.field("title"), q.field("base"))
	if err != nil {
		return err
	}
	return s.to(q, draftPath(x.ID), "web.flash.draft_made")
}

func (s *site) draftOfRuling(q *request) error {
	x, err := s.desk.DraftOfRuling(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.desk.TryDraft(q.ctx(), q.actor, x.ID, x.Version); err != nil {
		return err
	}
	return s.to(q, draftPath(x.ID), "web.flash.draft_made")
}

func draftPath(id string) string { return "/catalogue/drafts/" + url.PathEscape(id) }

// DraftPage is a draft: what is wrong with it, what it changes, what it would
// have done to past cases, and all its rows.
type DraftPage struct {
	Page
	desk.DraftView
	Force                              string // version in force
	Sentences                          []string
	Open                               int // of the cases listed, those still open
	Find                               string
	Classes                            []ItemsOfClass
	Ladders                            []LadderRow
	Rungs                              []string
	Areas, Kinds                       []string
	TrialMost                          int
	Import, Try, Release, Drop, LimitF Form
}

// LadderRow is a ladder of a draft and where it is edited.
type LadderRow struct {
	catalogue.LadderRows
	Path string
}

func (s *site) draftPage(q *request) error {
	v, err := s.desk.Draft(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	at := draftPath(v.ID)
	data := DraftPage{Page: s.page(q, "web.catalogue.draft"), DraftView: v, Force: s.desk.Catalogue().Version, Find: q.field("q"),
		Areas: catalogue.Areas(), Kinds: catalogue.LimitKinds(), Rungs: editedRungs(), TrialMost: desk.TrialMost}
	data.Classes = itemsBy(v.Catalogue, data.Find)
	for _, l := range v.Catalogue.LadderTable() {
		data.Ladders = append(data.Ladders, LadderRow{l, ladderPath(v.ID, l)})
	}
	for _, f := range v.Faults {
		data.Sentences = append(data.Sentences, message.Error(q.lang, f))
	}
	if v.Trial != nil {
		for _, r := range v.Trial.Rows {
			if r.Open {
				data.Open++
			}
		}
	}
	data.Import, data.Try, data.Drop, data.LimitF = data.form(at+"/import", v.Version), data.form(at+"/try", v.Version), data.form(at+"/drop", v.Version), data.form(at+"/limit", v.Version)
	data.Release = data.form(at+"/publish", v.Version).preset("from", s.today())
	return s.show(q, "draft", data)
}

// importDraft takes a workbook in place of what the draft holds.
func (s *site) importDraft(q *request) error {
	file, _, err := q.FormFile("file")
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "text_empty", "file")
	}
	defer file.Close()
	read, err := sheet.Read(file)
	if err != nil {
		return err
	}
	var ts []catalogue.Table
	for _, t := range read {
		ts = append(ts, catalogue.Table(t))
	}
	return s.edit(q, func(c *catalogue.Catalogue) error {
		next, err := catalogue.FromTables(c, ts)
		if err != nil {
			return rowFaults(q.lang, err)
		}
		*c = *next
		return nil
	})
}

// rowsSaid is how many faults of a workbook are told at once.
const rowsSaid = 20

// rowFaults puts the faults of a workbook into one refusal.
func rowFaults(lang string, err error) error {
	fs := catalogue.Faults(err)
	var said []string
	for _, f := range fs[:min(len(fs), rowsSaid)] {
		said = append(said, message.Error(lang, f))
	}
	return hotline.Errorf(hotline.Invalid, "rows_wrong", "file", len(fs), strings.Join(said, "；"))
}

// edit changes the draft of the path and goes back to it.
func (s *site) edit(q *request, change func(*catalogue.Catalogue) error) error {
	if err := s.desk.EditDraft(q.ctx(), q.actor, q.PathValue("id"), seenVersion(q), change); err != nil {
		return err
	}
	return s.to(q, draftPath(q.PathValue("id")), "web.flash.draft_saved")
}

// ItemPage is the form for one item of a draft.
type ItemPage struct {
	Page
	Draft       store.Draft
	Code        string // "" a new one
	Classes     []Option
	Firsts      []Option
	Departments []Option
	Edit        Form
}

func (s *site) itemPage(q *request) error {
	v, err := s.desk.Draft(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	data := ItemPage{Page: s.page(q, "web.catalogue.item"), Draft: v.Draft, Code: q.field("code")}
	for _, c := range v.Catalogue.Classes {
		o := Option{c.Code, c.Code + " " + w.Class(c.Code)}
		if catalogue.IsFirstResponse(c.Code) {
			data.Firsts = append(data.Firsts, o)
		}
		data.Classes = append(data.Classes, o)
	}
	for _, d := range catalogue.Departments() {
		data.Departments = append(data.Departments, Option{d.Kind, w.Department(d.Kind)})
	}
	data.Edit = data.form(draftPath(v.ID)+"/item", v.Version).preset("class", q.field("class"))
	if it, ok := v.Catalogue.Item(data.Code); ok {
		data.Edit = data.Edit.preset("class", it.Class).preset("name", it.Name).preset("name_en", it.NameEN).preset("lead", it.Lead).
			preset("joint", it.Joint...).preset("synonyms", strings.Join(it.Synonyms, "\n")).preset("exclude", strings.Join(it.Exclude, "\n")).
			preset("escalate", strings.Join(escalations(it), "\n")).preset("first_response", it.FirstResponse)
		if it.Proposal {
			data.Edit = data.Edit.preset("proposal", "yes")
		}
	}
	return s.show(q, "draft-item", data)
}

func escalations(it catalogue.Item) []string {
	var out []string
	for _, e := range it.Escalate {
		out = append(out, e.Word+">"+e.Class)
	}
	return out
}

func (s *site) putItem(q *request) error {
	it := catalogue.Item{Code: q.field("code"), Class: q.field("class"), Name: q.field("name"), NameEN: q.field("name_en"), Lead: q.field("lead"),
		Joint: slices.DeleteFunc(q.PostForm["joint"], func(k string) bool { return k == "" }), Synonyms: q.lines("synonyms"), Exclude: q.lines("exclude"),
		FirstResponse: q.field("first_response"), Proposal: q.field("proposal") == "yes"}
	for _, line := range q.lines("escalate") {
		word, class, ok := strings.Cut(line, ">")
		if !ok {
			return hotline.Errorf(hotline.Invalid, "row_escalate_form", "escalate", it.Name, line)
		}
		it.Escalate = append(it.Escalate, catalogue.Escalation{Word: strings.TrimSpace(word), Class: strings.TrimSpace(class)})
	}
	return s.edit(q, func(c *catalogue.Catalogue) error {
		if class, _, _ := strings.Cut(it.Code, "."); it.Code != "" && class != it.Class {
			c.DropItem(it.Code) // it moves to another class, and gets a code there
			it.Code = ""
		}
		it.Code = c.PutItem(it, s.desk.Catalogue())
		for _, f := range catalogue.Faults(c.Validate()) { // its own are told in the form; the others are the draft's
			if e, ok := f.(*hotline.Error); ok && len(e.Args) > 0 && strings.HasSuffix(e.Args[0].(string), " "+it.Code) {
				return e
			}
		}
		return nil
	})
}

// lines are the lines of a field that are not blank.
func (q *request) lines(name string) []string {
	var out []string
	for line := range strings.Lines(q.text(name)) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (s *site) dropItem(q *request) error {
	return s.edit(q, func(c *catalogue.Catalogue) error {
		c.DropItem(q.field("code"))
		return nil
	})
}

func (s *site) putLimit(q *request) error {
	l := catalogue.Limit{Class: q.field("class"), Item: q.field("item"), Area: q.field("area"), Kind: q.field("kind"), Budget: q.field("budget"),
		Urgent: q.field("urgent") == "yes", Source: q.field("source")}
	return s.edit(q, func(c *catalogue.Catalogue) error {
		before := len(catalogue.Faults(c.Validate()))
		c.PutLimit(l)
		if fs := catalogue.Faults(c.Validate()); len(fs) > before {
			return fs[len(fs)-1] // the table of limits is checked last
		}
		return nil
	})
}

func (s *site) dropLimit(q *request) error {
	at, err := strconv.Atoi(q.field("at"))
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "form_invalid", "body")
	}
	return s.edit(q, func(c *catalogue.Catalogue) error {
		c.DropLimit(at)
		return nil
	})
}

func (s *site) tryDraft(q *request) error {
	if err := s.desk.TryDraft(q.ctx(), q.actor, q.PathValue("id"), seenVersion(q)); err != nil {
		return err
	}
	return s.to(q, draftPath(q.PathValue("id"))+"#trial", "web.flash.draft_tried")
}

func (s *site) publishDraft(q *request) error {
	r := desk.Release{Version: q.field("name"), From: q.field("from"), Basis: q.field("basis")}
	if err := s.desk.Publish(q.ctx(), q.actor, q.PathValue("id"), seenVersion(q), r); err != nil {
		return err
	}
	at := "/catalogue"
	if moves, err := s.desk.CatalogueMoves(q.ctx(), q.actor, r.Version); err == nil && len(moves) > 0 {
		at = movesPath(r.Version)
	}
	return s.to(q, at, "web.flash.catalogue_published")
}

func movesPath(version string) string {
	return "/catalogue/versions/" + url.PathEscape(version) + "/moves"
}

// MovesPage is the open cases that lie elsewhere by a published version.
type MovesPage struct {
	Page
	Version string
	Rows    []MoveRow
	Moves   bool // the person may move them
	Move    Form
}

// MoveRow is one of them.
type MoveRow struct {
	desk.Moving
	Row CaseRow
}

func (s *site) movesPage(q *request) error {
	version := q.PathValue("version")
	moves, err := s.desk.CatalogueMoves(q.ctx(), q.actor, version)
	if err != nil {
		return err
	}
	data := MovesPage{Page: s.page(q, "web.moves.title"), Version: version, Moves: q.actor.Has(hotline.DecideCases)}
	data.Move = data.form(movesPath(version), 0)
	for _, m := range moves {
		data.Rows = append(data.Rows, MoveRow{Moving: m, Row: rows([]desk.CaseView{m.View})[0]})
	}
	return s.show(q, "catalogue-moves", data)
}

func (s *site) moveCase(q *request) error {
	moved, err := s.desk.MoveCase(q.ctx(), q.actor, q.PathValue("version"), q.field("case"), version(q))
	if err != nil {
		return err
	}
	said := "web.flash.case_moved"
	if !moved {
		said = "web.flash.case_asked_back"
	}
	return s.to(q, movesPath(q.PathValue("version")), said)
}

func (s *site) dropDraft(q *request) error {
	if err := s.desk.DropDraft(q.ctx(), q.actor, q.PathValue("id"), seenVersion(q)); err != nil {
		return err
	}
	return s.to(q, "/catalogue", "web.flash.draft_dropped")
}
