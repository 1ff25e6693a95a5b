package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/knowledge"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// CasePage is one case with its story.
type CasePage struct {
	Page
	View     desk.CaseView
	Person   *desk.Person // in the clear, on the one answer to a stated reason
	Steps    []Step       // the first is the one primary step
	Lanes    []Lane
	Clocks   []ClockRow // the case's own
	Timeline []EventRow
	Views    []EventRow       // who saw personal data, for those who may know
	Interim  string           // interim owner, when it is not plainly this platform
	Prompts  []Lane           // urgent legs that want a phone call now: nobody has taken them, or they were given back
	Returned []Lane           // returned and nobody's since: this desk answers for them (首接)
	Stay     *Lane            // an urgent leg that we gave back: whether somebody has it is not ours to assume
	Script   []knowledge.Line // what to say while the caller of an urgent case is still on the telephone
	Reasons  []string
	Stamp    string // of the case as the page shows it

	Consults   []store.Consultation // about this case, for who sees them
	MayConsult bool

	Dispatch *DispatchPart
	Files    FilesPart
	Reveal   Form
	Erase    Form
	Decide   DecideForm
	Send     SendForm
	Call     CallForm
	Note     Form
	Caller   *CallerForm
	Group    GroupForm
	Ungroup  Form
}

// ClockRow is one clock in words.
type ClockRow struct {
	Kind deadline.Kind
	Left Left
	Path string // of its account
	// Provisional says that the calendar of a year was not loaded.
	Provisional bool
}

// DecideForm is the form for what a person decides.
type DecideForm struct {
	Form
	Classes []Option
	Items   []Option
	Kinds   []casefile.Kind
	Urgents []Option
	Levels  []int
	Regions []Option
}

// GroupForm puts cases of one matter together.
type GroupForm struct {
	Form
	Open    bool
	Similar []desk.CaseView
}

const eventsShown = 500

// stayFor is how long after it was taken the page of an urgent case says how to
// stay on the line: help is there by then, or has telephoned itself.
const stayFor = 30 * time.Minute

func (s *site) casePage(q *request) error { return s.showCase(q, nil) }

func (s *site) showCase(q *request, person *desk.Person) error {
	v, err := s.desk.Case(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	es, err := s.desk.Events(q.ctx(), q.actor, v.ID, "", eventsShown)
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	p := s.page(q, "web.case.title")
	if q.Method != "GET" {
		p.Here = "/cases/" + url.PathEscape(v.ID)
	}
	b := caseBuilder{site: s, q: q, w: w, page: p, v: v, events: es, person: person}
	data := CasePage{Page: p, View: v, Person: person, Clocks: w.clocks(v, ""), Reasons: w.reasons(v.Proposal), Stamp: stamp(v)}
	if node := s.desk.Node(); v.Interim != node.Platform && v.Interim != "" {
		data.Interim = b.platform(v.Interim)
	}
	data.MayConsult = q.actor.Has(hotline.Consult) && q.actor.AtDesk() && !v.Erased && (v.Dispute || v.ClosedAt.IsZero())
	if data.Consults, err = s.desk.ConsultationsOf(q.ctx(), q.actor, v.Case); err != nil {
		return err
	}
	for _, l := range v.Legs {
		lane := b.lane(l)
		data.Lanes = append(data.Lanes, lane)
		switch {
		case l.Prompted || l.GivenBack():
			data.Prompts = append(data.Prompts, lane)
		case l.State == leg.Returned && l.NeedsResolution():
			data.Returned = append(data.Returned, lane)
		case l.Incoming() && l.Urgent && l.State == leg.Returned && !data.Closed():
			data.Stay = &lane
		}
	}
	if data.Steps, err = b.steps(); err != nil {
		return err
	}
	b.thin(data.Lanes, data.Steps)
	data.Timeline = b.timeline()
	if v.CanSeeViews {
		if b.events, err = s.desk.Views(q.ctx(), q.actor, v.ID); err != nil {
			return err
		}
		data.Views = b.timeline()
		b.events = es
	}
	if data.MayWork() && casefile.Spoken(v.Channel) && s.desk.Now().Sub(v.CreatedAt) < stayFor {
		data.Script = s.book.Of(knowledge.Stay, v.Urgent)
	}
	data.Dispatch = b.dispatch()
	data.Files = b.files("")
	at := "/cases/" + url.PathEscape(v.ID)
	data.Reveal = p.form(at+"/reveal", 0)
	data.Erase = p.form(at+"/erase", v.Version)
	data.Caller = b.callerForm()
	data.Note = p.form(at+"/notes", 0)
	data.Ungroup = p.form(at+"/ungroup", 0)
	data.Decide = b.decideForm()
	data.Send = b.sendForm()
	data.Call = b.callForm("more", nil, cmp.Or(q.field("call"), desk.CallKinds[0]))
	data.Group = GroupForm{Form: p.form(at+"/group", 0), Open: q.field("group") != ""}
	if data.Group.Open && v.CanWork {
		if data.Group.Similar, err = s.desk.Similar(q.ctx(), q.actor, string(v.Text), v.Region, ""); err != nil {
			return err
		}
		data.Group.Similar = slices.DeleteFunc(data.Group.Similar, func(o desk.CaseView) bool {
			return o.ID == v.ID || o.GroupID != "" && o.GroupID == v.GroupID
		})
	}
	return s.show(q, "case", data)
}

// Closed says that nothing more is done with the case.
func (p CasePage) Closed() bool { return !p.View.ClosedAt.IsZero() }

// MayWork says that the person may do things with the open case.
func (p CasePage) MayWork() bool { return p.View.CanWork && !p.Closed() }

// Words are the words of the case, as far as they may be shown.
func (p CasePage) Words() string {
	if p.Person != nil {
		return p.Person.Text
	}
	return string(p.View.Text)
}

// Has says that a step of that kind is offered above, so that no second form
// of the same kind is needed below.
func (p CasePage) Has(codes ...string) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return slices.Contains(codes, s.Code) })
}

// Others are the other cases of the group.
func (p CasePage) Others() []casefile.Case {
	return slices.DeleteFunc(slices.Clone(p.View.Group), func(c casefile.Case) bool { return c.ID == p.View.ID })
}

// clocks are the clocks of a leg ("" the case's own): those that run, and those
// that were missed. Of a leg that owes nothing more, whether it was in time.
func (w words) clocks(v desk.CaseView, legID string) []ClockRow {
	var out []ClockRow
	for _, kind := range deadline.Kinds() {
		var last *deadline.Clock
		for i, c := range v.Clocks {
			if c.LegID == legID && c.Kind == kind && (last == nil || c.Start.After(last.Start)) {
				last = &v.Clocks[i]
			}
		}
		if last != nil {
			out = append(out, ClockRow{Kind: kind, Left: w.OfClock(*last, v.Region), Path: accountPath(v.ID, last.ID), Provisional: last.Provisional})
		}
	}
	runs := slices.ContainsFunc(out, func(r ClockRow) bool { return r.Left.Tone != "done" && r.Left.Tone != "late" })
	return slices.DeleteFunc(out, func(r ClockRow) bool {
		return r.Left.Tone == "done" && (runs || r.Kind != deadline.Handling && r.Kind != deadline.Case)
	})
}

// caseBuilder makes the parts of a case page.
type caseBuilder struct {
	*site
	q      *request
	w      words
	page   Page
	v      desk.CaseView
	events []desk.EventView
	person *desk.Person
}

func (b caseBuilder) path(what string) string { return "/cases/" + url.PathEscape(b.v.ID) + what }

// platform is the name of a platform: this one's, or a linked one's as a leg
// of the case names it.
func (b caseBuilder) platform(code string) string {
	if node := b.desk.Node(); code == node.Platform {
		return node.Name
	}
	for _, l := range b.v.Legs {
		switch {
		case l.Peer != code:
		case l.Incoming():
			return l.SenderName
		default:
			return l.HolderName
		}
	}
	return b.w.Platform(code) // one further on
}

func (b caseBuilder) decideForm() DecideForm {
	d := DecideForm{
		Form: b.page.form(b.path("/decide"), b.v.Version), Kinds: casefile.Kinds(), Regions: b.regionOptions(b.q),
		Levels: []int{casefile.LifeNow, casefile.Pressing, casefile.Ordinary, casefile.Info},
	}
	d.Form = d.preset("category", b.v.Category).preset("item", b.v.Item).preset("kind", string(b.v.Kind)).
		preset("level", strconv.Itoa(b.v.Level)).preset("urgent", b.v.Urgent).preset("region", b.w.Place(b.v.Region)).
		preset("danger", b.v.Danger).preset("safe_contact", b.v.SafeContact).preset("subject_unit", b.w.Unit(b.v.SubjectUnit))
	for _, c := range b.desk.Catalogue().Classes {
		o := Option{c.Code, c.Code + " " + b.w.Class(c.Code)}
		switch c.Code[0] {
		case catalogue.NonPolice, catalogue.Police:
			d.Classes = append(d.Classes, o)
		case catalogue.Urgent:
			d.Urgents = append(d.Urgents, o)
		}
	}
	for _, i := range b.desk.Catalogue().ItemsOf(b.v.Category) {
		d.Items = append(d.Items, Option{i.Code, b.w.Item(i.Code)})
	}
	return d
}

// decide records what a person decided. Only what they changed is sent on; the
// same values again confirm the proposal.
func (s *site) decide(q *request) error {
	id := q.PathValue("id")
	v, err := s.desk.Case(q.ctx(), q.actor, id)
	if err != nil {
		return err
	}
	dec := desk.Decision{Version: version(q), Reason: q.field("reason")}
	changed := func(name, now string) *string {
		if _, sent := q.PostForm[name]; !sent {
			return nil
		}
		if have := q.field(name); have != now {
			return &have
		}
		return nil
	}
	dec.Category = changed("category", v.Category)
	if item := changed("item", v.Item); item != nil {
		if it, ok := s.desk.Catalogue().Item(*item); *item == "" || !ok || it.Class == q.field("category") || q.field("category") == "" {
			dec.Item = item // an item of another class than the one chosen goes with the old class
		}
	}
	dec.Danger, dec.SafeContact = changed("danger", v.Danger), changed("safe_contact", v.SafeContact)
	if u := changed("urgent", v.Urgent); u != nil {
		dec.Urgent = u
	}
	if kind := changed("kind", string(v.Kind)); kind != nil {
		k := casefile.Kind(*kind)
		dec.Kind = &k
	}
	if level := changed("level", strconv.Itoa(v.Level)); level != nil {
		n, err := strconv.Atoi(*level)
		if err != nil {
			return hotline.Errorf(hotline.Invalid, "level_range", "level")
		}
		dec.Level = &n
	}
	if q.PostForm.Has("region") {
		region, err := s.findRegion(q.field("region"))
		if err != nil {
			return err
		}
		if region != "" && region != v.Region {
			dec.Region = &region
		}
	}
	if q.PostForm.Has("subject_unit") {
		unit, err := s.findUnit(q.field("subject_unit"), "subject_unit")
		if err != nil {
			return err
		}
		if unit != v.SubjectUnit {
			dec.SubjectUnit = &unit
		}
	}
	if _, err := s.desk.Decide(q.ctx(), q.actor, id, dec); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.decided")
}

func (s *site) toCase(q *request, id, flash string) error {
	return s.to(q, "/cases/"+url.PathEscape(id), flash)
}

// version is the version that the person last saw; nil when the form has none.
func version(q *request) *int64 {
	n, err := strconv.ParseInt(q.field("version"), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// SendForm sends legs: one or several, all or none.
type SendForm struct {
	Form
	Title   string
	Label   string // of the button
	Targets []Target
	Single  bool // the one target is certain: no boxes
	// Replaces is the returned leg that the new one succeeds; ForLeg the leg
	// whose rest it carries.
	Replaces, ForLeg string
	PoliceAction     bool
	Hidden           bool // what police did holds personal data and is not copied here
	Spoken           bool // offer to say that the caller was put through
	Step             string
}

// Target is a party that a leg may be sent to.
type Target struct {
	To, Label, Note string
}

// peerLine is the line at the other side of this desk.
func (b caseBuilder) peerLine() string {
	if b.desk.Node().Line == string(catalogue.Line110) {
		return string(catalogue.Line12345)
	}
	return string(catalogue.Line110)
}

func (b caseBuilder) lineTarget(line string) Target {
	return Target{To: line, Label: b.w.Word("line", line), Note: b.w.T("web.send.transfer")}
}

func (b caseBuilder) unitTarget(u directory.Unit, role leg.Role) Target {
	note := b.w.Word("leg_role", role)
	if u.Phone != "" {
		note += " · " + u.Phone
	}
	return Target{To: "unit:" + u.Code, Label: b.w.Unit(u.Code), Note: note}
}

// units are the responsible units under this desk, the lead first.
func (b caseBuilder) units() []Target {
	line := b.desk.Node().Line
	var out []Target
	lead, joint, ok := b.desk.Route(b.v.Item, b.v.Category, b.v.Region)
	if ok && lead.Platform == line {
		out = append(out, b.unitTarget(lead, leg.Lead))
	}
	if line == string(catalogue.Line110) && (!ok || lead.Platform != line) {
		if u, ok := b.desk.Directory().Responsible(catalogue.KindPolice, b.v.Region); ok {
			out = append(out, b.unitTarget(u, leg.Lead))
		}
	}
	for _, u := range joint {
		if u.Platform == line {
			out = append(out, b.unitTarget(u, leg.Joint))
		}
	}
	return out
}

func (b caseBuilder) sendForm() SendForm {
	f := SendForm{Form: b.page.form(b.path("/legs"), b.v.Version), Label: b.w.T("web.send.button"), Step: "send"}
	f.Targets = append(b.units(), b.lineTarget(b.peerLine()))
	if f.Val("step") != "" && f.Val("step") != f.Step {
		f.fault = nil // it is another form of the same address that was refused
	}
	return f
}

// stepSend is the form of a step that sends legs, with its targets chosen.
func (b caseBuilder) stepSend(step, title, label string, targets ...Target) *SendForm {
	f := SendForm{Form: b.page.form(b.path("/legs"), b.v.Version), Title: title, Label: label, Targets: targets, Single: len(targets) == 1, Step: step}
	if f.Val("step") != step {
		f.fault = nil
	}
	if len(targets) > 0 {
		f.Form = f.preset("to", targets[0].To)
	}
	return &f
}

// sendLegs sends what was ticked, and the unit that was typed.
func (s *site) sendLegs(q *request) error {
	id := q.PathValue("id")
	to := slices.Clone(q.PostForm["to"])
	unit, err := s.findUnit(q.field("unit"), "unit")
	if err != nil {
		return err
	}
	if unit != "" {
		to = append(to, "unit:"+unit)
	}
	orders := make([]desk.Order, 0, len(to))
	for i, t := range to {
		o := desk.Order{
			To: t, Ask: q.text("ask"), Role: leg.Role(q.field("role")), Replaces: q.field("replaces"), ForLeg: q.field("for_leg"),
			PoliceAction: q.text("police_action"), Spoken: q.field("spoken") != "", CallID: q.field("call_id"),
		}
		if i > 0 {
			o.Replaces, o.ForLeg = "", "" // one leg succeeds another; the rest are new
			o.Role = leg.Joint
		}
		switch q.field("urgent") {
		case "yes", "no":
			o.Urgent = yesNo(q.field("urgent"))
		}
		orders = append(orders, o)
	}
	if _, err := s.desk.SendLegs(q.ctx(), q.actor, id, version(q), orders); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.sent")
}

func (s *site) dual(q *request) error {
	id := q.PathValue("id")
	if _, err := s.desk.Dual(q.ctx(), q.actor, id, version(q)); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.dual")
}

// CallForm records a telephone call.
type CallForm struct {
	Form
	Kinds    []string
	Outcomes []string
	Leg      string // "" the case as a whole
	Parties  []Option
	Phone    string // to be called
	Step     string // tells several such forms on one page apart
}

func (b caseBuilder) callForm(step string, l *desk.LegView, kind string) CallForm {
	f := CallForm{Step: step, Form: b.page.form(b.path("/calls"), 0), Kinds: desk.CallKinds, Outcomes: desk.CallOutcomes}
	line := b.desk.Node().Line
	f.Parties = []Option{{"caller", b.w.T("web.call.caller")}, {"12345", "12345"}, {"110", "110"}}
	parties := []string{line}
	switch {
	case l != nil:
		f.Leg, f.Phone = l.ID, l.Phone
		if l.Local() {
			f.Parties = append(f.Parties, Option{"unit:" + l.Unit, b.w.Unit(l.Unit)})
			parties = append(parties, "unit:"+l.Unit)
		} else {
			parties = append(parties, b.peerLine())
		}
	case kind == "three_way":
		parties = []string{"caller", "12345", "110"}
	case kind == "phone_transfer":
		parties = []string{"caller", line, b.peerLine()}
	}
	if f.Val("step") != f.Step {
		f.fault = nil // it is another form of the same address that was refused
	}
	f.Form = f.preset("kind", kind).preset("parties", parties...).preset("accepted", map[bool]string{true: "yes"}[l != nil])
	return f
}

func (s *site) recordCall(q *request) error {
	id := q.PathValue("id")
	c := desk.Call{
		Kind: q.field("kind"), CallID: q.field("call_id"), Parties: q.PostForm["parties"], Outcome: q.field("outcome"),
		Consent: yesNo(q.field("consent")), Accepted: q.field("accepted") != "" && q.field("outcome") != "no_answer", Note: q.text("note"),
	}
	if t := q.field("at"); t != "" {
		at, err := localTime(t)
		if err != nil {
			return hotline.Errorf(hotline.Invalid, "time_invalid", "at")
		}
		c.At = at
	}
	if err := s.desk.RecordCall(q.ctx(), q.actor, id, q.field("leg"), c); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.call")
}

// localTime reads a datetime-local field: what the clock on the wall says.
func localTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, calendar.Zone); err == nil {
			return t, nil
		}
	}
	return time.ParseInLocation("2006-01-02T15:04", s, calendar.Zone)
}

// completeCaller adds what was not taken down of the caller.
func (s *site) completeCaller(q *request) error {
	id := q.PathValue("id")
	p := desk.Particulars{Name: q.field("name"), Phone: q.field("phone"), Address: q.field("address")}
	if err := s.desk.CompleteCaller(q.ctx(), q.actor, id, nil, p); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.caller")
}

// CallerForm asks for what was not taken down of the caller.
type CallerForm struct {
	Form
	Wants []string // name, phone, address
}

// callerForm is nil where nothing is wanting, or the person may not add it.
func (b caseBuilder) callerForm() *CallerForm {
	if !b.v.CanWork || b.v.Erased || !b.v.ClosedAt.IsZero() || !b.q.actor.Has(hotline.TakeCases) {
		return nil
	}
	f := &CallerForm{Form: b.page.form(b.path("/caller"), 0)}
	for _, p := range []struct {
		name string
		have hotline.Masked
	}{{"phone", b.v.Phone}, {"name", b.v.Caller}, {"address", b.v.Address}} {
		if p.have == "" {
			f.Wants = append(f.Wants, p.name)
		}
	}
	if len(f.Wants) == 0 {
		return nil
	}
	return f
}

func (s *site) note(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.Note(q.ctx(), q.actor, id, q.text("note")); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.noted")
}

// callback reads satisfaction as scale:raw, so that one list holds both scales.
func (s *site) callback(q *request) error {
	id := q.PathValue("id")
	asked := desk.Asked{Version: version(q), Note: q.text("note"), Leg: q.field("leg")}
	solved := yesNo(q.field("solved"))
	if solved == nil {
		return hotline.Errorf(hotline.Invalid, "solved_missing", "solved")
	}
	asked.Solved = *solved
	if v := q.field("satisfaction"); v != "" {
		scale, raw, _ := strings.Cut(v, ":")
		var err error
		if asked.Scale, err = strconv.Atoi(scale); err != nil {
			return hotline.Errorf(hotline.Invalid, "scale_unknown", "satisfaction", scale)
		}
		if asked.Satisfaction, err = strconv.Atoi(raw); err != nil {
			return hotline.Errorf(hotline.Invalid, "satisfaction_range", "satisfaction", asked.Scale)
		}
	}
	if _, err := s.desk.Callback(q.ctx(), q.actor, id, asked); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.callback")
}

func (s *site) closeCase(q *request) error {
	id := q.PathValue("id")
	c := desk.Closing{Version: version(q), Outcome: casefile.Outcome(q.field("outcome")), Told: q.text("told"), Group: q.field("group") != ""}
	if _, err := s.desk.Close(q.ctx(), q.actor, id, c); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.closed")
}

// group reads the ticked cases and those whose numbers were typed.
func (s *site) group(q *request) error {
	id := q.PathValue("id")
	others := slices.Clone(q.PostForm["others"])
	others = append(others, strings.FieldsFunc(strings.ToLower(q.field("numbers")), func(r rune) bool {
		return r == ',' || r == ' ' || r == '，' || r == '、' || r == ';'
	})...)
	if len(others) == 0 {
		return hotline.Errorf(hotline.Invalid, "others_missing", "others")
	}
	for i, n := range others {
		number, ok := casefile.ReadNumber(n)
		if !ok {
			continue
		}
		list, err := s.desk.Cases(q.ctx(), q.actor, desk.Filter{Query: number, Limit: 1})
		if err != nil {
			return err
		}
		if len(list.Cases) == 0 {
			return hotline.Errorf(hotline.NotFound, "case_not_found", "others")
		}
		others[i] = list.Cases[0].ID
	}
	if err := s.desk.Group(q.ctx(), q.actor, id, others); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.grouped")
}

func (s *site) ungroup(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.Ungroup(q.ctx(), q.actor, id); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.ungrouped")
}

// reveal shows personal data once, on the answer itself: it is in no address,
// no history and no cache, and looking again takes another reason.
// erase destroys the key of a closed case.
func (s *site) erase(q *request) error {
	id := q.PathValue("id")
	if _, err := s.desk.Erase(q.ctx(), q.actor, id, version(q), q.text("basis")); err != nil {
		return err
	}
	return s.toCase(q, id, "web.flash.erased")
}

func (s *site) reveal(q *request) error {
	id := q.PathValue("id")
	person, err := s.desk.Reveal(q.ctx(), q.actor, id, q.field("reason"))
	if err != nil {
		return err
	}
	return s.showCase(q, &person)
}

// FreshPage says whether a case has changed since a page showed it.
type FreshPage struct{ Path string }

// stamp changes with whatever happens to a case: a change, or a clock that has
// come near its end or run over.
func stamp(v desk.CaseView) string {
	rungs := 0
	for _, c := range v.Clocks {
		rungs += c.Rung
	}
	return strconv.FormatInt(v.Rev, 10) + "." + strconv.Itoa(rungs)
}

// fresh is asked by an open case page on each tick. Nothing is taken from under
// somebody's hands: the page says that there is news, and app.js reloads it
// where nothing was typed.
func (s *site) fresh(q *request) error {
	v, err := s.desk.Case(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	data := FreshPage{}
	if stamp(v) != q.field("stamp") {
		data.Path = "/cases/" + url.PathEscape(v.ID)
	}
	return s.part(q, "case", "fresh", data)
}

// As is the form as the one primary step of a page, or not.
func (f SendForm) As(primary bool) SendForm {
	f.Primary = primary
	return f
}

// As is the form as the one primary step of a page, or not.
func (f CallForm) As(primary bool) CallForm {
	f.Primary = primary
	return f
}

// ID tells the fields of this form from those of others on the same page.
func (f CallForm) ID() string {
	return f.Step + f.Leg
}

// Consent is yes, no, or "" where nobody asked the caller.
func (p CasePage) Consent() string {
	switch {
	case p.View.Consent == nil:
		return ""
	case *p.View.Consent:
		return "yes"
	}
	return "no"
}
