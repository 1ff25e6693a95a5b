package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/message"
	"liandong/internal/sheet"
)

// paperPages are the templates of these pages.
var paperPages = []string{"handovers", "handover-rows", "slip"}

// Paper is what the pages for a platform that is not connected ask of the desk.
type Paper interface {
	Handovers(ctx context.Context, a hotline.Actor) ([]desk.Handover, error)
	EnterRow(ctx context.Context, a hotline.Actor, row desk.HandRow, preview bool) ([]leg.Verb, error)
}

func (s *site) paperRoutes() []route {
	return []route{
		{pattern: "GET /handovers", right: hotline.WorkLegs, handle: s.handoversPage},
		{pattern: "GET /handovers/xlsx", right: hotline.WorkLegs, handle: s.handoversSheet},
		{pattern: "POST /handovers/preview", right: hotline.WorkLegs, upload: sheetMost, handle: s.previewSheet, form: s.handoversPage},
		{pattern: "POST /handovers/enter", right: hotline.WorkLegs, upload: sheetMost, handle: s.enterSheet, form: s.handoversPage},
		{pattern: "GET /legs/{id}/slip", right: hotline.WorkLegs, handle: s.slipPage},
		{pattern: "POST /legs/{id}/slip", right: hotline.RevealPerson, handle: s.slipPage, form: s.slipAgain},
	}
}

// HandoversPage is what other platforms still owe, carried by people: slips to
// print, and the shift's sheet out and in.
type HandoversPage struct {
	Page
	Rows   []desk.Handover
	Import Form
}

func (s *site) handoversPage(q *request) error {
	rows, err := s.desk.Handovers(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	data := HandoversPage{Page: s.page(q, "web.paper.title"), Rows: rows}
	data.Here = "/handovers"
	data.Import = data.form("/handovers/preview", 0)
	return s.show(q, "handovers", data)
}

// Columns of a shift's sheet: what we say, what the other side fills in, and by
// what a row is known again.
var (
	paperSaid   = []string{"case", "class", "region", "urgent", "sent", "due", "ask", "words"}
	paperFilled = []string{"signed_by", "signed_at", "move", "who", "at", "what", "ground", "basis", "next_owner"}
	paperKnown  = []string{"leg", "sheet"}
)

func paperColumns() []string { return slices.Concat(paperSaid, paperFilled, paperKnown) }

// paperHeading is a column as it stands on the sheet: its name for programs, and
// what it is for people.
func paperHeading(lang, column string) string {
	return column + " " + message.Text(lang, "web.paper.col."+column)
}

// paperMoves are the moves that a row may tell.
var paperMoves = []leg.Verb{leg.Feedback, leg.Return, leg.Progress}

// handoversSheet is the sheet of the shift. Words are masked as on the pages: a
// sheet travels in ways that nobody sees.
func (s *site) handoversSheet(q *request) error {
	rows, err := s.desk.Handovers(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	w, id := s.pages[q.lang].words, hotline.NewID()
	t := sheet.Table{Name: w.T("web.paper.sheet")}
	var head []string
	for _, c := range paperColumns() {
		head = append(head, paperHeading(q.lang, c))
	}
	t.Cells = append(t.Cells, head)
	for _, r := range rows {
		urgent, due := "", ""
		if r.Leg.Urgent {
			urgent = w.T("web.lane.urgent")
		}
		if !r.Leg.DueAt.IsZero() {
			due = sheetTime(r.Leg.DueAt)
		}
		cells := []string{r.Case.Number, w.Class(r.Case.Category), w.Place(r.Leg.Region), urgent, sheetTime(r.Leg.SentAt), due, string(r.Leg.Ask), string(r.Case.Text)}
		cells = append(cells, make([]string, len(paperFilled))...)
		t.Cells = append(t.Cells, append(cells, r.Leg.ID, id))
	}
	return sendSheet(q, "handovers-"+s.desk.Now().In(calendar.Zone).Format("20060102-1504"), []sheet.Table{t, s.paperHelp(q.lang)})
}

const sheetMinute = "2006-01-02 15:04"

func sheetTime(t time.Time) string { return t.In(calendar.Zone).Format(sheetMinute) }

// paperHelp is the second table of the sheet: what may stand in which column.
func (s *site) paperHelp(lang string) sheet.Table {
	w := s.pages[lang].words
	t := sheet.Table{Name: w.T("web.paper.help"), Cells: [][]string{{w.T("web.paper.help.column"), w.T("web.paper.help.may")}}}
	for _, c := range paperFilled {
		may := w.T("web.paper.may." + c)
		switch c {
		case "move":
			for _, v := range paperMoves {
				may += " " + w.Word("verb", v)
			}
		case "ground":
			for _, g := range leg.Grounds() {
				may += " " + w.Word("ground", g)
			}
		}
		t.Cells = append(t.Cells, []string{paperHeading(lang, c), may})
	}
	return t
}

// paperRow is a row of a sheet that came back, with its number there.
type paperRow struct {
	N     int               `json:"n"`
	Cells map[string]string `json:"cells"`
}

const paperRowsMost = 1000

// readPaper reads the first table of a workbook that names legs. Rows in which
// nothing was filled in are left out.
func readPaper(ts []sheet.Table) ([]paperRow, error) {
	for _, t := range ts {
		if len(t.Cells) == 0 {
			continue
		}
		var columns []string
		for _, h := range t.Cells[0] {
			name, _, _ := strings.Cut(strings.TrimSpace(h), " ")
			columns = append(columns, name)
		}
		if !slices.Contains(columns, "leg") {
			continue
		}
		for _, c := range slices.Concat(paperFilled, paperKnown) {
			if !slices.Contains(columns, c) {
				return nil, hotline.Errorf(hotline.Invalid, "paper_column_missing", "file", c)
			}
		}
		var out []paperRow
		for i, cells := range t.Cells[1:] {
			row := paperRow{N: i + 2, Cells: map[string]string{}}
			for j, cell := range cells {
				if j < len(columns) {
					row.Cells[columns[j]] = strings.TrimSpace(cell)
				}
			}
			if slices.ContainsFunc(paperFilled, func(c string) bool { return row.Cells[c] != "" }) {
				out = append(out, row)
			}
		}
		if len(out) > paperRowsMost {
			return nil, hotline.Errorf(hotline.Invalid, "sheet_large", "file", paperRowsMost)
		}
		return out, nil
	}
	return nil, hotline.Errorf(hotline.Invalid, "paper_column_missing", "file", "leg")
}

// meant is a row as the desk takes it. An error names the column in Field.
func (r paperRow) meant(now time.Time) (desk.HandRow, error) {
	c := r.Cells
	out := desk.HandRow{Sheet: c["sheet"], LegID: c["leg"], SignedWho: c["signed_by"]}
	if out.LegID == "" {
		return out, hotline.Errorf(hotline.Invalid, "text_empty", "leg")
	}
	var err error
	if out.SignedAt, err = paperTime(c["signed_at"], "signed_at", now); err != nil {
		return out, err
	}
	if out.SignedWho == "" && c["signed_at"] != "" {
		return out, hotline.Errorf(hotline.Invalid, "text_empty", "signed_by")
	}
	if c["move"] == "" {
		for _, name := range []string{"who", "at", "what", "ground", "basis", "next_owner"} {
			if c[name] != "" {
				return out, hotline.Errorf(hotline.Invalid, "text_empty", "move")
			}
		}
		return out, nil
	}
	do := desk.Do{Hand: &desk.Hand{How: "sheet", Who: c["who"]}, Basis: c["basis"], NextOwner: c["next_owner"]}
	var ok bool
	if do.Verb, ok = worded("verb", c["move"], paperMoves); !ok {
		return out, hotline.Errorf(hotline.Invalid, "move_unknown", "move", c["move"])
	}
	if do.Hand.At, err = paperTime(c["at"], "at", now); err != nil {
		return out, err
	}
	switch do.Verb {
	case leg.Return:
		if do.Ground, ok = worded("ground", c["ground"], leg.Grounds()); !ok {
			return out, hotline.Errorf(hotline.Invalid, "ground_unknown", "ground", c["ground"])
		}
		do.Note = c["what"]
	case leg.Feedback:
		do.Result = c["what"]
	default:
		if do.Note = c["what"]; do.Note == "" {
			return out, hotline.Errorf(hotline.Invalid, "text_empty", "what")
		}
	}
	out.Do = &do
	return out, nil
}

// worded finds what a cell says: the code, or its word in any language.
func worded[T ~string](kind, cell string, among []T) (T, bool) {
	for _, x := range among {
		if strings.EqualFold(cell, string(x)) {
			return x, true
		}
		for _, lang := range message.Languages() {
			if strings.EqualFold(cell, message.Word(lang, kind, string(x))) {
				return x, true
			}
		}
	}
	return "", false
}

// paperLayouts are moments as people and spreadsheets write them. A spreadsheet
// shows what was typed as a date in its own way.
var paperLayouts = []string{sheetMinute, "2006-1-2 15:04", "2006/1/2 15:04", "2006-01-02 15:04:05", "2006/1/2 15:04:05", "1/2/06 15:04", "2006年1月2日 15:04", "2006-01-02T15:04"}

func paperTime(cell, column string, now time.Time) (time.Time, error) {
	if cell == "" {
		return time.Time{}, nil
	}
	for _, layout := range paperLayouts {
		t, err := time.ParseInLocation(layout, cell, calendar.Zone)
		if err != nil {
			continue
		}
		if t.After(now) {
			return t, hotline.Errorf(hotline.Invalid, "time_future", column)
		}
		return t, nil
	}
	return time.Time{}, hotline.Errorf(hotline.Invalid, "time_unread", column, cell)
}

// paperField is the column of a sheet in which a field of the desk stands.
var paperField = map[string]string{"result": "what", "note": "what", "how": "move", "verb": "move", "version": "leg", "": "leg", "state": "leg"}

// PaperRow is what becomes of a row: taken, known from before, or bad.
type PaperRow struct {
	N      int
	Case   string
	LegID  string
	Does   []string // what was entered, or would be
	Bad    string   // the sentence; "" it is good
	Column string   // at fault, as people see it: the letter and the name
}

// PaperPage is a sheet that came back, before it is taken and after.
type PaperPage struct {
	Page
	Rows             []PaperRow
	Take, Same, Left int    // rows: good, entered before, bad
	Done             bool   // they were taken
	Doc              string // the rows, to be sent back
	Enter            Form
}

func (s *site) previewSheet(q *request) error {
	file, _, err := q.FormFile("file")
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "text_empty", "file")
	}
	defer file.Close()
	tables, err := sheet.Read(file)
	if err != nil {
		return err
	}
	rows, err := readPaper(tables)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return hotline.Errorf(hotline.Invalid, "sheet_blank", "file")
	}
	return s.showPaper(q, rows, true)
}

// enterSheet takes the rows that were previewed. Sent again they do nothing, so
// the answer may be the page itself.
func (s *site) enterSheet(q *request) error {
	var rows []paperRow
	if err := json.Unmarshal([]byte(q.FormValue("rows")), &rows); err != nil || len(rows) == 0 || len(rows) > paperRowsMost {
		return hotline.Errorf(hotline.Invalid, "form_invalid", "rows")
	}
	return s.showPaper(q, rows, false)
}

func (s *site) showPaper(q *request, rows []paperRow, preview bool) error {
	data := PaperPage{Page: s.page(q, "web.paper.in"), Done: !preview}
	data.Here = "/handovers"
	seen := map[string]int{}
	for _, r := range rows {
		row := PaperRow{N: r.N, Case: r.Cells["case"], LegID: r.Cells["leg"]}
		verbs, err := s.enterOne(q, r, seen, preview)
		switch {
		case err != nil && hotline.KindOf(err) == hotline.Internal:
			return err
		case err != nil:
			row.Bad, row.Column = message.Error(q.lang, err), paperAt(q.lang, err)
			data.Left++
		case len(verbs) == 0:
			data.Same++
		default:
			data.Take++
		}
		for _, v := range verbs {
			row.Does = append(row.Does, s.pages[q.lang].words.Word("verb", v))
		}
		data.Rows = append(data.Rows, row)
	}
	doc, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	data.Doc, data.Enter = string(doc), data.form("/handovers/enter", 0)
	return s.show(q, "handover-rows", data)
}

func (s *site) enterOne(q *request, r paperRow, seen map[string]int, preview bool) ([]leg.Verb, error) {
	row, err := r.meant(s.desk.Now())
	if err != nil {
		return nil, err
	}
	if first, twice := seen[row.LegID]; twice {
		return nil, hotline.Errorf(hotline.Invalid, "row_twice", "leg", first)
	}
	seen[row.LegID] = r.N
	return s.desk.EnterRow(q.ctx(), q.actor, row, preview)
}

// paperAt names the column at fault.
func paperAt(lang string, err error) string {
	var e *hotline.Error
	if !errors.As(err, &e) {
		return ""
	}
	column := e.Field
	if c, other := paperField[column]; other {
		column = c
	}
	at := slices.Index(paperColumns(), column)
	if at < 0 {
		return ""
	}
	return string(rune('A'+at)) + " " + message.Text(lang, "web.paper.col."+column)
}

// SlipPage is one hand-over on paper (转办单).
type SlipPage struct {
	Page
	View    desk.CaseView
	Leg     desk.LegView
	Dues    []deadline.Clock // what the other side owes, still open
	Person  *desk.Person     // in the clear, for a reason that was recorded
	Printed time.Time
	QR      QR
	Reveal  Form
	Grounds []leg.Ground
}

// Words are the words of the case as far as they may be shown.
func (p SlipPage) Words() string {
	if p.Person != nil {
		return p.Person.Text
	}
	return string(p.View.Text)
}

func (s *site) slipPage(q *request) error {
	l, err := s.desk.Leg(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	if len(l.Hand) == 0 {
		return hotline.Errorf(hotline.Conflict, "not_on_paper", "leg")
	}
	var person *desk.Person
	if q.Method == "POST" && q.fault == nil {
		p, err := s.desk.Reveal(q.ctx(), q.actor, l.CaseID, q.field("reason"))
		if err != nil {
			return err
		}
		person = &p
	}
	return s.showSlip(q, l, person)
}

// slipAgain shows the slip with the reason that was refused.
func (s *site) slipAgain(q *request) error {
	l, err := s.desk.Leg(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showSlip(q, l, nil)
}

func (s *site) showSlip(q *request, l desk.LegView, person *desk.Person) error {
	v, err := s.desk.Case(q.ctx(), q.actor, l.CaseID)
	if err != nil {
		return err
	}
	data := SlipPage{Page: s.page(q, "web.paper.slip"), View: v, Leg: l, Person: person, Printed: s.desk.Now(), Grounds: leg.Grounds()}
	data.Here = "/legs/" + url.PathEscape(l.ID) + "/slip"
	data.Styles = []string{"own/paper.css"}
	data.Reveal = data.form(data.Here, 0)
	for _, c := range v.Clocks {
		if c.LegID == l.ID && c.Stopped.IsZero() && c.Kind != deadline.Receipt {
			data.Dues = append(data.Dues, c)
		}
	}
	if data.QR, err = qrOf(slipCode(v, l)); err != nil {
		return err
	}
	return s.show(q, "slip", data)
}

// slipCode is what the square on a slip holds: the number of the case and the id
// of the leg. Nothing personal: anybody may photograph it.
func slipCode(v desk.CaseView, l desk.LegView) string {
	return "LIANDONG/1 " + v.Number + " " + l.ID + " " + strconv.FormatInt(l.Version, 10)
}
