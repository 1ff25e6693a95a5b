package web

import (
	"net/url"
	"slices"
	"strconv"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// QueuePage is the list of cases, what runs out first at the top.
type QueuePage struct {
	Page
	Filter   url.Values
	Query    string
	Rows     []CaseRow
	Statuses []casefile.Status
	Classes  []Option
	Regions  []Option
	Lines    []string
	NextPath string // of the next page; "" none
	Newest   bool
	SwapPath string // the same list in the other order
	Filtered bool   // something narrows the list
	Assign   bool   // some can be ticked
	Views    []ViewLink
	Save     *Form // keeps the filter as it is; nil: there is none, or it is kept already
}

// ViewLink is a filter that the person keeps.
type ViewLink struct {
	store.SavedView
	On     bool // the list is filtered so now
	Rename Form
}

// Path is the list as the view filters it.
func (v ViewLink) Path() string { return "/cases?" + v.Query }

// CaseRow is one case of a list.
type CaseRow struct {
	desk.CaseView
	Step string // what is to be done next; "" nothing here
	Pick bool   // it can be ticked, to be assigned with others
}

// Marked says that the row wears a mark.
func (r CaseRow) Marked() bool {
	return r.Urgent != "" || r.Dispute || r.Unread || r.Confidential || casefile.Foreign(r.Language)
}

func rows(vs []desk.CaseView) []CaseRow {
	out := make([]CaseRow, len(vs))
	for i, v := range vs {
		out[i] = CaseRow{CaseView: v, Step: firstStep(v)}
	}
	return out
}

// firstStep is the code of what to do next with a case.
func firstStep(v desk.CaseView) string {
	if len(v.Steps) == 0 {
		return ""
	}
	return v.Steps[0].Code
}

func (s *site) queuePage(q *request) error {
	f, err := s.readFilter(q)
	if err != nil {
		return err
	}
	list, err := s.desk.Cases(q.ctx(), q.actor, f)
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	data := QueuePage{
		Page: s.page(q, "web.queue.title"), Filter: shownFilter(q, f.Region), Query: f.Query, Rows: rows(list.Cases), Statuses: casefile.Statuses(),
		Regions: s.regionOptions(q), Lines: []string{"12345", "110"}, Newest: !f.ByDue,
	}
	for name := range data.Filter {
		data.Filtered = data.Filtered || name != "sort"
	}
	for i := range data.Rows {
		data.Rows[i].Pick = q.actor.Has(hotline.DecideCases) && data.Rows[i].ClosedAt.IsZero()
		data.Assign = data.Assign || data.Rows[i].Pick
	}
	if err := s.savedViews(q, &data); err != nil {
		return err
	}
	for _, c := range s.desk.Catalogue().Classes {
		if c.Code[0] == 'A' || c.Code[0] == 'B' {
			data.Classes = append(data.Classes, Option{c.Code, c.Code + " " + w.Class(c.Code)})
		}
	}
	if !list.Next.Zero() {
		data.NextPath = queuePath(data.Filter, "cursor", list.Next.String())
	}
	if data.Newest {
		data.SwapPath = queuePath(data.Filter, "sort", "")
	} else {
		data.SwapPath = queuePath(data.Filter, "sort", "new")
	}
	return s.show(q, "queue", data)
}

// savedViews puts what the person keeps above the list.
func (s *site) savedViews(q *request, data *QueuePage) error {
	views, err := s.desk.SavedViews(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	now, kept := data.Filter.Encode(), false
	for _, v := range views {
		link := ViewLink{SavedView: v, On: v.Query == now, Rename: data.form("/views/"+v.ID, 0).preset("name", v.Name)}
		kept = kept || link.On
		data.Views = append(data.Views, link)
	}
	if now != "" && !kept {
		f := data.form("/views", 0)
		data.Save = &f
	}
	return nil
}

// Renaming says that a view is being renamed, and was refused.
func (p QueuePage) Renaming() bool {
	return slices.ContainsFunc(p.Views, func(v ViewLink) bool { return v.Rename.Refused() })
}

// shownFilter is the filter of the list as its address has it; region is the
// code of the one named in it, whatever was typed.
func shownFilter(q *request, region string) url.Values {
	v := url.Values{}
	for _, name := range desk.SavedViewFilters {
		if x := q.field(name); x != "" {
			v.Set(name, x)
		}
	}
	if region != "" {
		v.Set("region", region)
	}
	return v
}

// filterAbove is the filter of the list that a form about views stands above.
func (s *site) filterAbove(q *request) (string, error) {
	region, err := s.findRegion(q.field("region"))
	return shownFilter(q, region).Encode(), err
}

func (s *site) saveView(q *request) error {
	query, err := s.filterAbove(q)
	if err != nil {
		return err
	}
	if err := s.desk.SaveView(q.ctx(), q.actor, q.field("name"), query); err != nil {
		return err
	}
	return s.to(q, "/cases?"+query, "web.flash.view_saved")
}

func (s *site) renameView(q *request) error {
	if err := s.desk.RenameView(q.ctx(), q.actor, q.PathValue("id"), q.field("name")); err != nil {
		return err
	}
	return s.toList(q, "web.flash.view_renamed")
}

func (s *site) dropView(q *request) error {
	if err := s.desk.DropView(q.ctx(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return s.toList(q, "web.flash.view_dropped")
}

// toList goes back to the list that the form stood above.
func (s *site) toList(q *request, flash string) error {
	query, err := s.filterAbove(q)
	if err != nil {
		return err
	}
	if query != "" {
		query = "?" + query
	}
	return s.to(q, "/cases"+query, flash)
}

// Has says that a filter holds a value.
func (p QueuePage) Has(name, value string) bool { return p.Filter.Get(name) == value }

func queuePath(filter url.Values, name, value string) string {
	v := url.Values{}
	for k, old := range filter {
		v[k] = old
	}
	v.Set(name, value)
	if value == "" {
		v.Del(name)
	}
	if len(v) == 0 {
		return "/cases"
	}
	return "/cases?" + v.Encode()
}

// readFilter reads the address of a queue. What runs out first is the order
// unless another is asked for, or something is sought among closed cases,
// which owe nothing more.
func (s *site) readFilter(q *request) (desk.Filter, error) {
	cursor, err := hotline.ParseCursor(q.field("cursor"))
	if err != nil {
		return desk.Filter{}, err
	}
	region, err := s.findRegion(q.field("region"))
	if err != nil {
		return desk.Filter{}, err
	}
	f := desk.Filter{
		Status: casefile.Status(q.field("status")), Category: q.field("category"), Line: q.field("line"), Region: region,
		Unit: q.field("unit"), Urgent: q.field("urgent") != "", Overdue: q.field("overdue") != "", Dispute: q.field("dispute") != "",
		Unread: q.field("unread") != "", Query: q.field("q"), After: cursor,
	}
	done := f.Status == casefile.Closed || f.Status == casefile.Archived
	f.ByDue = q.field("sort") != "new" && !done
	f.Open = f.Status == "" && q.field("closed") == "" || f.ByDue
	if n := q.field("limit"); n != "" {
		if f.Limit, err = strconv.Atoi(n); err != nil {
			return f, hotline.Errorf(hotline.Invalid, "limit_range", "limit", hotline.PageMost)
		}
	}
	return f, nil
}
