package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
)

// CaseRow is a case with what only storage and lists need beside it.
type CaseRow struct {
	casefile.Case
	Line     string    // side of the category: "12345" or "110"
	Proposal string    // the triage proposal at intake, JSON
	DueAt    time.Time // earliest open due time; zero none
	Indexed  bool
}

const caseColumns = `id, version, rev, status, channel, kind, level, category, line, decided, item, urgent, urgent_by,
	first_response, unread, danger, region, region_raw, confidential, language, consent, safe_contact, subject_unit,
	outcome, catalogue, interim, returns, dispute, group_id, external_id, source, occurred_at, created_at, closed_at,
	callback_at, solved, satisfaction, scale, mapped, needs_callback, links, proposal, due_at, indexed, number`

func scanCase(rows scanner) (CaseRow, error) {
	var c CaseRow
	var links string
	err := rows.Scan(caseFields(&c, &links)...)
	if err == nil && links != "" {
		err = json.Unmarshal([]byte(links), &c.Links)
	}
	return c, err
}

func caseFields(c *CaseRow, links *string) []any {
	return []any{&c.ID, &c.Version, &c.Rev, &c.Status, &c.Channel, &c.Kind, &c.Level, &c.Category, &c.Line, &c.Decided,
		&c.Item, &c.Urgent, &c.UrgentBy, &c.FirstResponse, &c.Unread, &c.Danger, &c.Region, &c.RegionRaw, &c.Confidential,
		&c.Language, maybeFlag{&c.Consent}, &c.SafeContact, &c.SubjectUnit, &c.Outcome, &c.Catalogue, &c.Interim,
		&c.Returns, &c.Dispute, &c.GroupID, &c.ExternalID, &c.Source, moment{&c.OccurredAt}, moment{&c.CreatedAt},
		moment{&c.ClosedAt}, moment{&c.CallbackAt}, maybeFlag{&c.Solved}, &c.Satisfaction, &c.Scale, &c.Mapped,
		&c.NeedsCallback, links, &c.Proposal, moment{&c.DueAt}, &c.Indexed, &c.Number}
}

// Case reads one case.
func (r *Reader) Case(ctx context.Context, id string) (CaseRow, error) {
	var c []CaseRow
	if err := r.ask(ctx, askCase(&c, id)); err != nil {
		return CaseRow{}, err
	}
	return single(c, "case")
}

func askCase(into *[]CaseRow, id string) ask {
	return askAll(into, "case", `SELECT `+caseColumns+` FROM case_file WHERE id = $1`, []any{id}, scanCase)
}

// single is the one row of a list; none is a NotFound error.
func single[T any](rows []T, thing string) (one T, err error) {
	if len(rows) == 0 {
		return one, hotline.Errorf(hotline.NotFound, thing+"_not_found", "")
	}
	return rows[0], nil
}

// Whole is a case with all that a decision on it needs.
type Whole struct {
	Case    CaseRow
	Private Private
	Legs    []LegRow         // in the order they were sent
	Clocks  []deadline.Clock // running ones first by due time
}

// Whole reads a case with all that a decision on it needs; on PostgreSQL in
// one trip.
func (r *Reader) Whole(ctx context.Context, id string) (Whole, error) {
	var w Whole
	var cases []CaseRow
	var privates []Private
	err := r.ask(ctx, askCase(&cases, id), askPrivate(&privates, id), askLegs(&w.Legs, id), askClocks(&w.Clocks, id))
	if err == nil {
		w.Case, err = single(cases, "case")
	}
	if err == nil {
		w.Private, err = single(privates, "case")
	}
	return w, err
}

// AddCase writes a new case; its version and rev become 1.
func (t *Tx) AddCase(ctx context.Context, c *CaseRow) error {
	c.Version, c.Rev = 1, 1
	links, err := json.Marshal(c.Links)
	if err != nil {
		return fmt.Errorf("add case: %w", err)
	}
	return t.put(ctx, "add case", `INSERT INTO case_file (`+caseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
		$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
		$35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45)`,
		c.ID, c.Version, c.Rev, string(c.Status), c.Channel, string(c.Kind), c.Level, c.Category, c.Line, flag(c.Decided),
		c.Item, c.Urgent, c.UrgentBy, c.FirstResponse, flag(c.Unread), c.Danger, c.Region, c.RegionRaw, flag(c.Confidential),
		c.Language, maybe(c.Consent), c.SafeContact, c.SubjectUnit, string(c.Outcome), c.Catalogue, c.Interim,
		c.Returns, flag(c.Dispute), c.GroupID, c.ExternalID, c.Source, micros(c.OccurredAt), micros(c.CreatedAt),
		micros(c.ClosedAt), micros(c.CallbackAt), maybe(c.Solved), c.Satisfaction, c.Scale, c.Mapped,
		flag(c.NeedsCallback), string(links), c.Proposal, micros(c.DueAt), flag(c.Indexed), c.Number)
}

// SaveCase writes what may change in a case, guarded by its rev, which it
// raises.
func (t *Tx) SaveCase(ctx context.Context, c *CaseRow) error {
	links, err := json.Marshal(c.Links)
	if err != nil {
		return fmt.Errorf("save case: %w", err)
	}
	err = t.save(ctx, "case", "case_file", c.ID, c.Rev, []column{
		{name: "version", value: c.Version}, {name: "status", value: string(c.Status), indexed: true}, {name: "kind", value: string(c.Kind)},
		{name: "level", value: c.Level}, {name: "category", value: c.Category, indexed: true}, {name: "line", value: c.Line},
		{name: "decided", value: flag(c.Decided)}, {name: "item", value: c.Item}, {name: "urgent", value: c.Urgent},
		{name: "urgent_by", value: c.UrgentBy}, {name: "first_response", value: c.FirstResponse}, {name: "unread", value: flag(c.Unread)},
		{name: "danger", value: c.Danger}, {name: "region", value: c.Region, indexed: true}, {name: "confidential", value: flag(c.Confidential)},
		{name: "language", value: c.Language}, {name: "consent", value: maybe(c.Consent)}, {name: "safe_contact", value: c.SafeContact},
		{name: "subject_unit", value: c.SubjectUnit}, {name: "outcome", value: string(c.Outcome)}, {name: "interim", value: c.Interim},
		{name: "returns", value: c.Returns}, {name: "dispute", value: flag(c.Dispute), indexed: true},
		{name: "group_id", value: c.GroupID, indexed: true}, {name: "closed_at", value: micros(c.ClosedAt)},
		{name: "callback_at", value: micros(c.CallbackAt)}, {name: "solved", value: maybe(c.Solved)}, {name: "satisfaction", value: c.Satisfaction},
		{name: "scale", value: c.Scale}, {name: "mapped", value: c.Mapped}, {name: "needs_callback", value: flag(c.NeedsCallback)},
		{name: "links", value: string(links)}, {name: "due_at", value: micros(c.DueAt), indexed: true},
	})
	if err == nil {
		c.Rev++
	}
	return err
}

// Private is the sealed personal part of a case, field by field.
type Private struct {
	CaseID     string
	WrappedKey []byte // nil: erased
	Words      []byte
	Caller     []byte
	Told       []byte
	PhoneIndex string
}

// AddPrivate writes the personal part of a new case.
func (t *Tx) AddPrivate(ctx context.Context, p Private) error {
	return t.put(ctx, "add personal part", `INSERT INTO case_private (case_id, wrapped_key, words, caller, told, phone_index)
		VALUES ($1, $2, $3, $4, $5, $6)`, p.CaseID, p.WrappedKey, p.Words, p.Caller, p.Told, p.PhoneIndex)
}

// SaveTold writes what the caller was told at the end, sealed.
func (t *Tx) SaveTold(ctx context.Context, caseID string, told []byte) error {
	return t.must(ctx, "save what the caller was told", `UPDATE case_private SET told = $1 WHERE case_id = $2`, told, caseID)
}

// SaveCaller writes the sealed particulars of the caller, and by what number
// they are found. An erased case is ErrStale.
func (t *Tx) SaveCaller(ctx context.Context, p Private) error {
	return t.must(ctx, "save the caller", `UPDATE case_private SET caller = $1, phone_index = $2 WHERE case_id = $3 AND wrapped_key IS NOT NULL`,
		p.Caller, p.PhoneIndex, p.CaseID)
}

// EraseCase destroys what is sealed of a case, with its key, and takes it out of
// the search index.
func (t *Tx) EraseCase(ctx context.Context, caseID string) error {
	search := []string{`DELETE FROM case_search WHERE rowid = (SELECT row FROM case_search_row WHERE case_id = $1)`, `DELETE FROM case_search_row WHERE case_id = $1`}
	if t.postgres {
		search = []string{`DELETE FROM case_search WHERE case_id = $1`}
	}
	for _, q := range append(search,
		`UPDATE case_private SET wrapped_key = NULL, words = NULL, caller = NULL, told = NULL, phone_index = '' WHERE case_id = $1`,
		`UPDATE leg SET ask = NULL WHERE case_id = $1`,
		`UPDATE event SET note = NULL WHERE case_id = $1`,
		`UPDATE letter_out SET private = NULL WHERE case_id = $1`,
		`UPDATE letter_in SET sealed = NULL WHERE case_id = $1`) {
		if err := t.put(ctx, "erase case", q, caseID); err != nil {
			return err
		}
	}
	return t.eraseAttachments(ctx, `case_id = $1`, caseID)
}

// EraseReceived destroys the personal parts of a peer's letters about a case,
// with the keys that they came with, and the files that it sent.
func (t *Tx) EraseReceived(ctx context.Context, caseID, peer string) error {
	err := t.put(ctx, "erase letters", `UPDATE letter_in SET sealed = NULL WHERE case_id = $1 AND peer = $2`, caseID, peer)
	if err != nil {
		return err
	}
	return t.eraseAttachments(ctx, `case_id = $1 AND peer = $2`, caseID, peer)
}

// Private reads the personal part of a case.
func (r *Reader) Private(ctx context.Context, caseID string) (Private, error) {
	var p []Private
	if err := r.ask(ctx, askPrivate(&p, caseID)); err != nil {
		return Private{}, err
	}
	return single(p, "case")
}

func askPrivate(into *[]Private, caseID string) ask {
	return askAll(into, "case", `SELECT wrapped_key, words, caller, told, phone_index FROM case_private WHERE case_id = $1`, []any{caseID},
		func(row scanner) (Private, error) {
			p := Private{CaseID: caseID}
			err := row.Scan(&p.WrappedKey, &p.Words, &p.Caller, &p.Told, &p.PhoneIndex)
			return p, err
		})
}

// PrivateOf reads the personal parts of many cases at once, by case id.
func (r *Reader) PrivateOf(ctx context.Context, ids []string) (map[string]Private, error) {
	out := make(map[string]Private, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	args := padded(ids)
	ps, err := all(ctx, r, "personal parts", `SELECT case_id, wrapped_key, words, caller, phone_index FROM case_private
		WHERE case_id IN (`+places(1, len(args))+`)`, args, func(rows scanner) (p Private, err error) {
		err = rows.Scan(&p.CaseID, &p.WrappedKey, &p.Words, &p.Caller, &p.PhoneIndex)
		return p, err
	})
	for _, p := range ps {
		out[p.CaseID] = p
	}
	return out, err
}

// OpenCasesByPhone lists the open cases of one caller, newest first, by the
// blind index of the phone number.
func (r *Reader) OpenCasesByPhone(ctx context.Context, index string, most int) ([]CaseRow, error) {
	return all(ctx, r, "cases", `SELECT `+prefix("c.", caseColumns)+` FROM case_private p JOIN case_file c ON c.id = p.case_id
		WHERE p.phone_index = $1 AND p.phone_index <> '' AND c.closed_at IS NULL ORDER BY c.created_at DESC, c.id DESC LIMIT $2`,
		[]any{index, most}, scanCase)
}

// GroupMembers lists the cases of a group, the lead first.
func (r *Reader) GroupMembers(ctx context.Context, lead string) ([]CaseRow, error) {
	return all(ctx, r, "cases", `SELECT `+caseColumns+` FROM case_file WHERE group_id = $1 AND group_id <> ''
		ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END, created_at, id LIMIT 500`, []any{lead}, scanCase)
}

// IntakeKey is a key under which a source sent a case, or acted on one, before.
type IntakeKey struct{ Source, Key, BodyHash, CaseID string }

// AddIntakeKey claims a key; a key that is there already is IsDuplicate.
func (t *Tx) AddIntakeKey(ctx context.Context, k IntakeKey) error {
	return t.put(ctx, "claim intake key", `INSERT INTO intake_key (source, key, body_hash, case_id) VALUES ($1, $2, $3, $4)`,
		k.Source, k.Key, k.BodyHash, k.CaseID)
}

// IntakeKey finds a key.
func (r *Reader) IntakeKey(ctx context.Context, source, key string) (IntakeKey, error) {
	k := IntakeKey{Source: source, Key: key}
	err := r.one(ctx, "case", `SELECT body_hash, case_id FROM intake_key WHERE source = $1 AND key = $2`,
		[]any{source, key}, &k.BodyHash, &k.CaseID)
	return k, err
}

// Sight is what an actor may see of cases: those of its regions and, for a
// unit, only those it holds or held a leg of.
type Sight struct {
	Regions []string // nil: every region
	Unit    string   // "" the desk
}

// narrow keeps to what may be seen.
func (see Sight) narrow(w *where) {
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	if see.Unit != "" {
		w.add("EXISTS (SELECT 1 FROM leg l WHERE l.case_id = case_file.id AND l.unit = ?)", see.Unit)
	}
}

// openStatuses are those of cases that are not closed.
var openStatuses = []string{string(casefile.Open), string(casefile.InProgress), string(casefile.AwaitingCallback)}

// CaseFilter narrows a list of cases.
type CaseFilter struct {
	Status   casefile.Status
	Category string
	Line     string
	Urgent   bool // any urgent class
	Regions  []string
	Unit     string // a leg of the case is held by this unit
	Overdue  bool
	Dispute  bool
	Unread   bool     // nobody has looked for danger in it yet
	Open     bool     // not closed
	Tokens   []int32  // search; see hotline-free search.go
	IDs      []string // nil: any
	Number   string   // the one case with this number
	Now      time.Time
	ByDue    bool // what runs out first, instead of newest first
	After    hotline.Cursor
	Limit    int
}

// Cases lists cases within sight, newest first or by due time.
func (r *Reader) Cases(ctx context.Context, see Sight, f CaseFilter) ([]CaseRow, error) {
	var w where
	see.narrow(&w)
	if f.Status != "" {
		w.add("status = ?", string(f.Status))
	}
	if f.Open {
		w.add("closed_at IS NULL")
	}
	if f.IDs != nil {
		w.in("id", f.IDs)
	}
	if f.Category != "" {
		w.add("category = ?", f.Category)
	}
	if f.Line != "" {
		w.add("line = ?", f.Line)
	}
	if f.Urgent {
		w.add("urgent <> ''")
	}
	if f.Regions != nil {
		w.in("region", f.Regions)
	}
	if f.Unit != "" {
		w.add("EXISTS (SELECT 1 FROM leg l WHERE l.case_id = case_file.id AND l.unit = ?)", f.Unit)
	}
	if f.Overdue {
		w.add("due_at <= ?", f.Now.UnixMicro())
	}
	if f.Dispute {
		w.add("dispute = 1")
	}
	if f.Unread {
		w.add("unread = 1")
	}
	if f.Number != "" {
		w.add("number = ? AND number <> ''", f.Number)
	}
	from, order := "case_file", "created_at DESC, id DESC"
	byIndex := len(f.Tokens) > 0 && !r.postgres && !f.ByDue
	if len(f.Tokens) > 0 && !byIndex {
		r.matching(&w, f.Tokens)
	}
	switch {
	case byIndex:
		from, order = newestMatching(&w, f.Tokens, f.After)
	case f.ByDue:
		w.add("due_at IS NOT NULL")
		order = "due_at, id"
		if !f.After.Zero() {
			w.add("(due_at, id) > (?, ?)", f.After.Key, f.After.ID)
		}
	case !f.After.Zero():
		w.add("(created_at, id) < (?, ?)", f.After.Key, f.After.ID)
	}
	q := `SELECT ` + caseColumns + ` FROM ` + from + w.sql() + ` ORDER BY ` + order + ` LIMIT ` + w.place(f.Limit)
	return all(ctx, r, "cases", q, w.args, scanCase)
}

// OpenCounts are open cases by what a shift leader looks at.
type OpenCounts struct {
	Open, InProgress, Awaiting, Urgent, Overdue, Dispute, Unread int
}

// CountOpen counts the open cases within sight; it costs what is open, not what is on file.
func (r *Reader) CountOpen(ctx context.Context, see Sight, now time.Time) (OpenCounts, error) {
	var w where
	w.in("status", openStatuses)
	see.narrow(&w)
	var n OpenCounts
	q := `SELECT count(*) FILTER (WHERE status = 'open'), count(*) FILTER (WHERE status = 'in_progress'),
		count(*) FILTER (WHERE status = 'awaiting_callback'), count(*) FILTER (WHERE urgent <> ''),
		count(*) FILTER (WHERE due_at <= ` + w.place(now.UnixMicro()) + `), count(*) FILTER (WHERE dispute = 1),
		count(*) FILTER (WHERE unread = 1) FROM case_file` + w.sql()
	err := r.one(ctx, "counts", q, w.args, &n.Open, &n.InProgress, &n.Awaiting, &n.Urgent, &n.Overdue, &n.Dispute, &n.Unread)
	return n, err
}

// where gathers conditions and their arguments; ? in a condition becomes the
// next $n.
type where struct {
	conds []string
	args  []any
}

func (w *where) place(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) add(cond string, vs ...any) {
	for _, v := range vs {
		cond = strings.Replace(cond, "?", w.place(v), 1)
	}
	w.conds = append(w.conds, cond)
}

// in is column IN (…); an empty list matches nothing.
func (w *where) in(column string, vs []string) {
	if len(vs) == 0 {
		w.conds = append(w.conds, "1 = 0")
		return
	}
	ps := make([]string, len(vs))
	for i, v := range vs {
		ps[i] = w.place(v)
	}
	w.conds = append(w.conds, column+" IN ("+strings.Join(ps, ", ")+")")
}

func (w *where) sql() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// places is "$from, …" for n arguments.
func places(from, n int) string {
	b := make([]byte, 0, 6*n)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(append(b, '$'), int64(from+i), 10)
	}
	return string(b)
}

// padded are the arguments of IN (…): the last one is repeated until their
// number is a power of two, so that lists of any length are a few texts, which
// stay prepared, and not two hundred.
func padded(ids []string) []any {
	n := 1
	for n < len(ids) {
		n *= 2
	}
	out := make([]any, n)
	for i := range out {
		out[i] = ids[min(i, len(ids)-1)]
	}
	return out
}

func prefix(p, columns string) string {
	fs := strings.Split(columns, ",")
	for i, f := range fs {
		fs[i] = p + strings.TrimSpace(f)
	}
	return strings.Join(fs, ", ")
}
