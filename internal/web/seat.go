package web

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/knowledge"
	"liandong/internal/leg"
	"liandong/internal/triage"
)

// SeatPage is the seat desk: one call, one screen.
type SeatPage struct {
	Page
	Form     Form
	Key      string // the same click twice does one thing
	Regions  []Option
	Channels []string
	Kinds    []casefile.Kind
	Panel    Panel
	Files    SeatFiles
	Newly    *catalogue.Catalogue // a version that came into force these days; nil none
}

// Option is an entry of a list: what is sent and what is read.
type Option struct{ Value, Label string }

// Panel is the right side of the seat desk: what triage proposes for the words
// so far, and the next action that follows.
type Panel struct {
	Form       Form
	Line       string
	Blank      bool // nothing was typed yet
	Proposal   triage.Proposal
	Candidates []Candidate
	Category   string // in force: proposed, or chosen
	CaseLine   string
	Classes    []Option // every class that may be chosen
	Urgent     string   // in force
	Urgents    []Option
	Cleared    bool // a person says that it is not urgent: a reason is wanted
	NeedDanger bool // C3: say what danger there is
	Unread     bool
	Reasons    []string
	Region     string // code in force
	Guessed    bool   // the region was found in the words
	Lost       string // what was typed as a region and is none
	Nowhere    string // the whole region that the case goes by for want of a place in it; "" a place is known
	Speaks     string // language of a caller who needs an interpreter; "" none needed
	Lead       directory.Unit
	First      directory.Unit // at 110: the police of the place
	Joint      []directory.Unit
	Dual       []desk.Order
	Primary    Action
	Others     []Action
	Outcomes   []casefile.Outcome
	Similar    []SimilarCase
	Hot        []HotRow
	Seen       string // what the operator sees as urgent; checked on sending
	Quick      []QuickEnd
	Script     Script
	AskMore    string // of the words so far, where a second opinion is to be asked for; "" none
}

// Candidate is one of the top three classes.
type Candidate struct {
	Code, Item string
	Line       string
	Percent    int
	On         bool
	Key        int // Alt+Key chooses it
}

// Action is something that the seat can do with the call.
type Action struct {
	Do    string
	Label string
	Key   string // Alt+Key goes to its button, Enter presses it; "" none
}

// actionKeys are the keys of what is not the primary action: by the first
// letters of 移交, 双派, 派单, 先期处置, 三方 and 只受理.
var actionKeys = map[string]string{doTo110: "Y", doTo12345: "Y", doDual: "U", doDispatch: "P", doFirst: "X", doThreeWay: "S", doSave: "Z"}

// SimilarCase is an open case that may be the same matter.
type SimilarCase struct {
	desk.CaseView
	Own bool // of the same caller
}

// HotRow is a matter of which many people call now.
type HotRow struct {
	desk.HotTopic
	Path string // the cases
	This bool   // what this caller tells of, it seems
}

// UsualOf says how many there usually are, to one place.
func (h HotRow) UsualOf() string { return fmt.Sprintf("%.1f", h.Usual) }

// hotRows marks the hot topic that the call belongs to, it seems: the same
// matter, and the same region or a call that names none.
func (s *site) hotRows(q *request, p Panel) ([]HotRow, error) {
	topics, err := s.desk.Hot(q.ctx(), q.actor)
	if err != nil {
		return nil, err
	}
	var out []HotRow
	for _, t := range topics {
		out = append(out, HotRow{HotTopic: t, Path: "/cases?" + url.Values{"category": {t.Category}, "region": {t.Region}}.Encode(),
			This: !p.Blank && t.Category == p.Category && (t.Item == "" || t.Item == p.item()) && (p.Region == "" || p.Region == t.Region)})
	}
	return out, nil
}

// QuickEnd is an end of a call that takes two keys and no words.
type QuickEnd struct {
	Code    string
	Outcome casefile.Outcome
	Key     int // Alt+Key goes to its button, Enter presses it
}

var quickEnds = []QuickEnd{
	{"silent", casefile.SilentCall, 5}, {"false", casefile.FalseCall, 6},
	{"elsewhere", casefile.ReferredOut, 7}, {"refused", casefile.ReferredOut, 8},
}

// Script is what to ask and say.
type Script struct{ Stay, Ask, Tell []knowledge.Line }

// What a seat can do with a call; the value of the button "do".
const (
	doTriage   = "triage"
	doSave     = "save"
	doDual     = "dual"
	doTo110    = "to110"
	doTo12345  = "to12345"
	doFirst    = "first"
	doDispatch = "dispatch"
	doThreeWay = "three_way"
	doClose    = "close"
	closeAs    = "close:" // and the code of a quick end
)

func (s *site) seatPage(q *request) error {
	p := s.page(q, "web.seat.title")
	f := p.form("/desk", 0)
	f.fault = p.Fault // whichever of its buttons was refused
	key := hotline.NewID()
	if q.Method == "POST" {
		f.values = q.PostForm
		key = cmp.Or(q.field("key"), key)
		if p.Fault != nil && p.Fault.Code == "key_reused" {
			key = hotline.NewID() // those words were taken before; these are another case
			q.Form.Set("key", key)
			if err := s.stageFiles(q); err != nil { // and so are their files
				return err
			}
		}
	}
	panel, err := s.panel(q, f)
	if err != nil {
		return err
	}
	files, err := s.seatFiles(q, f, key)
	if err != nil {
		return err
	}
	data := SeatPage{Page: p, Form: f, Key: key, Regions: s.regionOptions(q), Channels: casefile.Channels, Kinds: casefile.Kinds(), Panel: panel, Files: files,
		Newly: s.newly()}
	return s.show(q, "seat", data)
}

// newDays is how long the desks are told of a new version of the catalogue.
const newDays = 3

func (s *site) newly() *catalogue.Catalogue {
	cat := s.desk.Catalogue()
	if cat.EffectiveFrom <= s.desk.Now().AddDate(0, 0, -newDays).In(calendar.Zone).Format(time.DateOnly) {
		return nil
	}
	return cat
}

// triage is the panel anew for what was typed so far: a part for htmx, the
// whole page without scripts.
func (s *site) triage(q *request) error {
	if !q.byScript() {
		if err := s.stageFiles(q); err != nil {
			return err
		}
		return s.seatPage(q)
	}
	panel, err := s.panel(q, Form{Action: "/desk", values: q.PostForm})
	if err != nil {
		return err
	}
	return s.part(q, "seat", "panel", panel)
}

// regionOptions are all places of this node's region, as findRegion reads them.
func (s *site) regionOptions(q *request) []Option {
	w := s.pages[q.lang].words
	var out []Option
	for _, r := range s.desk.Directory().Regions() {
		if r.Kind == directory.KindTownship || !s.desk.Directory().Within(r.Code, s.desk.Node().Region) {
			continue // seven hundred townships would be most of the page; they are found by typing them
		}
		out = append(out, Option{Value: w.Place(r.Code), Label: strings.TrimSpace(r.NameBO + " " + r.Code)})
	}
	return out
}

// findRegion reads a region field: a code, a place as the list offers it, or
// any text that names one region.
func (s *site) findRegion(text string) (code string, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	dir := s.desk.Directory()
	if _, ok := dir.Region(text); ok {
		return text, nil
	}
	for _, set := range s.pages {
		for _, r := range dir.Regions() {
			if strings.EqualFold(text, set.words.Place(r.Code)) || strings.EqualFold(text, set.words.Region(r.Code)) {
				return r.Code, nil
			}
		}
	}
	if found := dir.FindRegion(text); len(found) > 0 {
		return found[0].Code, nil
	}
	return "", hotline.Errorf(hotline.Invalid, "region_unknown", "region", text)
}

// findUnit reads a unit field: a code or the whole name.
func (s *site) findUnit(text, field string) (code string, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	if _, ok := s.desk.Directory().Unit(text); ok {
		return text, nil
	}
	for _, u := range s.desk.Directory().Units() {
		if text == u.Name || strings.EqualFold(text, u.NameEN) {
			return u.Code, nil
		}
	}
	return "", hotline.Errorf(hotline.Invalid, "unit_unknown", field, text)
}

// panel judges what was typed and says what follows from it.
func (s *site) panel(q *request, f Form) (Panel, error) {
	text := strings.TrimSpace(f.Val("text"))
	p := Panel{Form: f, Line: s.desk.Node().Line, Blank: text == "", Outcomes: spotOutcomes()}
	region, err := s.findRegion(f.Val("region"))
	if err != nil {
		region, p.Lost = "", f.Val("region") // it may still be being typed
	}
	if !p.Blank {
		p.Proposal = s.desk.Triage(text, region)
	}
	p.Region, p.Guessed = region, region == "" && p.Proposal.Region != ""
	if p.Guessed {
		p.Region = p.Proposal.Region
	}
	if here, ok := s.desk.Directory().Region(s.desk.Node().Region); ok && !p.Blank && p.Region == "" && (here.Kind == directory.KindRegion || here.Kind == directory.KindPrefecture) {
		p.Nowhere = here.Code
	}
	if casefile.Foreign(f.Val("language")) {
		p.Speaks = f.Val("language")
	}
	p.Unread = !p.Blank && p.Proposal.Unread
	s.chooseClass(&p)
	s.chooseUrgent(&p)
	w := s.pages[q.lang].words
	p.Reasons = w.reasons(p.Proposal)
	for _, c := range s.desk.Catalogue().Classes {
		switch c.Code[0] {
		case catalogue.NonPolice, catalogue.Police:
			p.Classes = append(p.Classes, Option{c.Code, c.Code + " " + w.Class(c.Code)})
		case catalogue.Urgent:
			p.Urgents = append(p.Urgents, Option{c.Code, c.Code + " " + w.Class(c.Code)})
		}
	}
	s.chooseUnits(&p)
	if p.Urgent == "" {
		p.Quick = quickEnds
	}
	p.Script = Script{Stay: s.book.Of(knowledge.Stay, p.Urgent), Ask: s.book.Of(knowledge.Ask, p.item(), p.Category), Tell: s.book.Of(knowledge.Tell, p.item(), p.Category)}
	if s.cfg.Advisor != nil && !p.Blank && !p.Unread {
		p.AskMore = fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text)))
	}
	p.Primary, p.Others = s.actions(w, p)
	if phone := f.Val("phone"); text != "" || phone != "" {
		if p.Similar, err = s.similar(q, text, p.Region, phone); err != nil {
			return p, err
		}
	}
	p.Hot, err = s.hotRows(q, p)
	return p, err
}

// chooseClass: the proposal stands until a person has chosen another class
// than the one proposed when the form was last shown.
func (s *site) chooseClass(p *Panel) {
	p.Category = p.Proposal.Category
	chosen := cmp.Or(p.Form.Val("category_other"), p.Form.Val("category"))
	if _, ok := s.desk.Catalogue().Class(chosen); ok && chosen != p.Form.Val("proposed") {
		p.Category = chosen
	}
	for i, c := range p.Proposal.Candidates {
		p.Candidates = append(p.Candidates, Candidate{
			Code: c.Category, Item: c.Item, Line: string(s.desk.Catalogue().LineOf(c.Category)),
			Percent: int(math.Round(c.Score * 100)), On: c.Category == p.Category, Key: i + 1,
		})
	}
	if p.Category != "" && !slices.ContainsFunc(p.Candidates, func(c Candidate) bool { return c.On }) {
		p.Candidates = append(p.Candidates, Candidate{Code: p.Category, Line: string(s.desk.Catalogue().LineOf(p.Category)), On: true, Key: len(p.Candidates) + 1})
	}
	p.CaseLine = string(s.desk.Catalogue().LineOf(p.Category))
}

// item is the item that goes with the class in force.
func (p Panel) item() string {
	if p.Category == p.Proposal.Category {
		return p.Proposal.Item
	}
	for _, c := range p.Candidates {
		if c.On {
			return c.Item
		}
	}
	return ""
}

// Item is the item that goes with the class in force, for the page.
func (p Panel) Item() string { return p.item() }

func (s *site) chooseUrgent(p *Panel) {
	p.Urgent = p.Proposal.Urgent
	switch v := p.Form.Val("urgent"); {
	case v == "none":
		p.Urgent, p.Cleared = "", p.Proposal.Urgent != ""
	case catalogue.IsUrgent(v):
		p.Urgent = v
	}
	p.NeedDanger = p.Urgent == "C3"
	p.Seen = p.Proposal.Urgent
}

// chooseUnits finds who would take it: at 110 the police of the place where
// police act, else the responsible unit.
func (s *site) chooseUnits(p *Panel) {
	region := cmp.Or(p.Region, s.desk.Node().Region)
	if p.Category != "" {
		if lead, joint, ok := s.desk.Route(p.item(), p.Category, region); ok {
			p.Lead, p.Joint = lead, joint
		}
	}
	p.First = p.Lead
	if p.Line == string(catalogue.Line110) && p.Lead.Platform != p.Line {
		p.First, _ = s.desk.Directory().Responsible(catalogue.KindPolice, region)
	}
	if p.policeFirst() && p.Lead.Code != p.First.Code {
		p.Lead, p.Joint = p.First, nil
	}
	if p.Urgent != "" {
		item := p.item()
		if p.Urgent == p.Proposal.Urgent {
			item = cmp.Or(p.Proposal.UrgentItem, item)
		}
		p.Dual = s.desk.DualFor(p.Urgent, item, region)
	}
}

// policeFirst: at 110, danger and the seven first-response classes go to the
// police of the place before anything else.
func (p Panel) policeFirst() bool {
	return p.Line == string(catalogue.Line110) && (p.Urgent != "" || p.Proposal.FirstResponse != "")
}

// Here says that the responsible unit is under this desk; another's is reached
// through its line.
func (p Panel) Here() bool { return p.Lead.Code != "" && p.Lead.Platform == p.Line }

// JointHere are the joining units under this desk.
func (p Panel) JointHere() []directory.Unit {
	var out []directory.Unit
	for _, u := range p.Joint {
		if u.Platform == p.Line {
			out = append(out, u)
		}
	}
	return out
}

// Missing names what the next desk will lack where the case goes over as it is:
// keys of words. It is said, and keeps nobody from sending: danger does not wait
// for a name.
func (p Panel) Missing() []string {
	sends := []string{doDual, doTo110, doTo12345, doDispatch, doFirst}
	if p.Form.Val("channel") != "" && !casefile.Spoken(p.Form.Val("channel")) || !slices.Contains(sends, p.Primary.Do) {
		return nil
	}
	var out []string
	for _, name := range []string{"phone", "name"} {
		if p.Form.Val(name) == "" {
			out = append(out, "web.seat."+name)
		}
	}
	if p.Form.Val("consent") == "" && (p.Primary.Do == doTo110 || p.Primary.Do == doTo12345) {
		out = append(out, "web.seat.consent")
	}
	return out
}

// actions are the one thing to do next, and the others.
func (s *site) actions(w words, p Panel) (primary Action, others []Action) {
	if p.Blank {
		return Action{Do: doTriage, Label: w.T("web.seat.do.triage")}, nil
	}
	c := casefile.Case{Category: p.Category, Urgent: p.Urgent, FirstResponse: p.Proposal.FirstResponse, Danger: p.Form.Val("danger")}
	first := doSave
	switch step := casefile.Steps(p.Line, c, p.CaseLine, nil, casefile.Around{})[0].Code; {
	case p.policeFirst():
		first = doFirst
	case step == casefile.StepDual || step == casefile.StepDanger:
		first = doDual
	case step == casefile.StepTo110:
		first = doTo110
	case step == casefile.StepTo12345:
		first = doTo12345
	case step == casefile.StepThreeWay:
		first = doThreeWay
	case p.Lead.Kind == catalogue.KindDesk12345 || p.Lead.Kind == catalogue.KindDesk110:
		first = doClose // a matter of the desk itself: a question, a word of thanks
	case p.Here():
		first = doDispatch
	}
	offer := []string{first}
	if p.Urgent != "" && p.Line != string(catalogue.Line110) {
		offer = append(offer, doDual)
	}
	if p.Line == string(catalogue.Line110) {
		offer = append(offer, doFirst, doTo12345)
	} else {
		offer = append(offer, doTo110)
	}
	if p.Here() {
		offer = append(offer, doDispatch)
	}
	for i, do := range append(offer, doThreeWay, doSave) {
		switch {
		case i == 0:
			primary = Action{Do: do, Label: s.label(w, p, do)}
		case do == first || do == doDispatch && first == doFirst || do == doFirst && first == doDispatch:
		case !slices.ContainsFunc(others, func(a Action) bool { return a.Do == do }):
			others = append(others, Action{Do: do, Label: s.label(w, p, do), Key: actionKeys[do]})
		}
	}
	return primary, others
}

func (s *site) label(w words, p Panel, do string) string {
	switch do {
	case doDispatch:
		return w.T("web.seat.do.dispatch", w.Unit(p.Lead.Code))
	case doFirst:
		if p.First.Code != "" {
			return w.T("web.seat.do.first_unit", w.Unit(p.First.Code))
		}
	}
	return w.T("web.seat.do." + do)
}

// spotOutcomes are the ends of a call that never becomes a leg.
func spotOutcomes() []casefile.Outcome {
	return []casefile.Outcome{casefile.OnTheSpot, casefile.ReferredOut, casefile.Explained, casefile.SilentCall, casefile.FalseCall, casefile.CallerGaveUp}
}

func (s *site) similar(q *request, text, region, phone string) ([]SimilarCase, error) {
	vs, err := s.desk.Similar(q.ctx(), q.actor, text, region, phone)
	if err != nil {
		return nil, err
	}
	mask := hotline.NewPersonal(phone).MaskPhone()
	out := make([]SimilarCase, len(vs))
	for i, v := range vs {
		out[i] = SimilarCase{CaseView: v, Own: mask != "" && v.Phone == mask}
	}
	return out, nil
}

// intake takes the case and does with it what the button said, in one action.
func (s *site) intake(q *request) error {
	f := Form{Action: "/desk", values: q.PostForm}
	do := s.quickEnd(q)
	if err := s.stageFiles(q); err != nil && !stagedBefore(err) {
		return err
	}
	if do == doTriage {
		return s.seatPage(q)
	}
	in, err := s.readIntake(q, f, do)
	if err != nil {
		return err
	}
	v, created, err := s.desk.Intake(q.ctx(), q.actor, in)
	if err != nil {
		return err
	}
	flash := "web.flash.taken"
	switch {
	case do == doClose && v.ClosedAt.IsZero():
		outcome := casefile.Outcome(cmp.Or(q.field("outcome"), string(casefile.OnTheSpot)))
		if _, err := s.desk.Close(q.ctx(), q.actor, v.ID, desk.Closing{Version: &v.Version, Outcome: outcome, Told: q.text("told")}); err != nil {
			return err
		}
		flash = "web.flash.taken_closed"
	case !created:
		flash = "web.flash.taken_before"
	case do == doDual:
		flash = "web.flash.taken_dual"
	case len(in.Legs) > 0:
		flash = "web.flash.taken_sent"
	}
	if created && q.field("unsent") != "" {
		flash = "web.flash.taken_unsent"
	}
	to := "/cases/" + url.PathEscape(v.ID)
	if do == doThreeWay {
		to += "?call=three_way#call"
	}
	return s.to(q, to, flash)
}

// quickEnd reads what the button said. A quick end fills in what has to be on
// record, where nobody typed it.
func (s *site) quickEnd(q *request) (do string) {
	do = q.field("do")
	code, ok := strings.CutPrefix(do, closeAs)
	i := slices.IndexFunc(quickEnds, func(e QuickEnd) bool { return e.Code == code })
	if !ok || i < 0 {
		return do
	}
	w := s.pages[q.lang].words
	set := func(name, value string) { q.Form.Set(name, value); q.PostForm.Set(name, value) }
	set("outcome", string(quickEnds[i].Outcome))
	if code == "refused" {
		set("consent", "no") // that is what the button says
	}
	for _, name := range []string{"told", "text"} {
		if q.text(name) == "" {
			set(name, w.T("web.seat."+name+"."+code))
		}
	}
	return doClose
}

func (s *site) readIntake(q *request, f Form, do string) (in desk.In, err error) {
	w := s.pages[q.lang].words
	outcome := casefile.Outcome(q.field("outcome"))
	if do == doClose && q.text("text") == "" && outcome == casefile.SilentCall {
		f = f.preset("text", w.T("web.seat.text.silent")) // nobody spoke: there are no words to keep
	}
	p, err := s.panel(q, f)
	if err != nil {
		return in, err
	}
	region, err := s.findRegion(q.field("region"))
	if err != nil {
		return in, err
	}
	subject, err := s.findUnit(q.field("subject_unit"), "subject_unit")
	if err != nil {
		return in, err
	}
	if do != doSave && do != doClose && p.Proposal.Urgent != f.Val("seen") && p.Proposal.Urgent != "" {
		// The words became urgent after the button was drawn: what the operator
		// pressed is not what they would press now.
		return in, hotline.Errorf(hotline.Conflict, "became_urgent", "urgent", p.Proposal.Urgent)
	}
	if was := f.Val("proposed"); do != doSave && do != doClose && was != "" && was != p.Proposal.Category && p.Category == p.Proposal.Category {
		// Nor where the words went on to something else, before the proposal did.
		return in, hotline.Errorf(hotline.Conflict, "became_other", "category", p.Category)
	}
	in = desk.In{
		Text: strings.TrimSpace(strings.ReplaceAll(f.Val("text"), "\r\n", "\n")), Channel: cmp.Or(q.field("channel"), "phone"),
		Region: cmp.Or(region, p.Region), Address: q.field("address"), CallerName: q.field("name"), CallerPhone: q.field("phone"),
		Language: q.field("language"), Consent: yesNo(q.field("consent")), Confidential: q.field("confidential") != "",
		Kind: casefile.Kind(q.field("kind")), Category: p.Category, Item: p.item(), Danger: q.field("danger"),
		SafeContact: q.field("safe_contact"), SubjectUnit: subject, CallID: q.field("call_id"), Key: q.field("key"), Seen: true,
		WithFiles: true, OnlyHere: q.field("only_here") != "",
		LevelReason: q.field("reason"),
	}
	if n, err := strconv.Atoi(q.field("level")); err == nil {
		in.Level = n
		if in.LevelReason == "" {
			return in, hotline.Errorf(hotline.Invalid, "level_reason_missing", "reason")
		}
	}
	if v := q.field("urgent"); v != "" || do == doDual {
		in.Urgent = &p.Urgent
	}
	if p.Cleared && in.LevelReason == "" {
		return in, hotline.Errorf(hotline.Invalid, "urgent_reason_missing", "reason")
	}
	if do == doFirst && p.Urgent == "" && p.Proposal.FirstResponse == "" {
		in.FirstResponse = s.firstResponseOf(p.Category)
	}
	in.Legs, err = s.seatOrders(q, p, do)
	return in, err
}

// firstResponseOf is the first-response class that goes with a class: a person
// who sends police first decides that the matter is one of these.
func (s *site) firstResponseOf(category string) string {
	for _, c := range s.desk.Catalogue().Classes {
		if catalogue.IsFirstResponse(c.Code) && slices.Contains(c.Pair, category) {
			return c.Code
		}
	}
	return ""
}

// seatOrders are the legs that the button stands for.
func (s *site) seatOrders(q *request, p Panel, do string) ([]desk.Order, error) {
	ask := q.text("ask")
	spoken := q.field("spoken") != ""
	switch do {
	case doSave, doThreeWay, doClose:
		return nil, nil
	case doDual:
		if p.Urgent == "" {
			return nil, hotline.Errorf(hotline.Invalid, "not_dual", "urgent")
		}
		if p.NeedDanger && q.field("danger") == "" {
			return nil, hotline.Errorf(hotline.Invalid, "danger_missing", "danger")
		}
		orders := slices.Clone(p.Dual)
		for i := range orders {
			orders[i].Ask = ask
		}
		return orders, nil
	case doTo110, doTo12345:
		return []desk.Order{{To: strings.TrimPrefix(do, "to"), Ask: ask, Spoken: spoken, CallID: q.field("call_id")}}, nil
	case doDispatch, doFirst:
		to := p.Lead
		if do == doFirst {
			to = p.First
		}
		if to.Code == "" {
			return nil, hotline.Errorf(hotline.Invalid, "unit_missing", "to")
		}
		orders := []desk.Order{{To: "unit:" + to.Code, Ask: ask, Role: leg.Lead}}
		for _, code := range q.Form["joint"] {
			orders = append(orders, desk.Order{To: "unit:" + code, Ask: ask, Role: leg.Joint})
		}
		return orders, nil
	}
	return nil, hotline.Errorf(hotline.Invalid, "how_unknown", "how", do)
}

// yesNo reads a choice of three: yes, no, not said.
func yesNo(s string) *bool {
	switch s {
	case "yes", "no":
		b := s == "yes"
		return &b
	}
	return nil
}

// UnitOptions is the list that a unit field completes from.
type UnitOptions struct{ Units []Option }

const (
	unitsMost   = 30  // that a field completes from
	unitsToRead = 200 // on a page to choose from: one of a kind for each county
)

// unitOptions finds units whose name or code holds what was typed, those under
// this desk only.
func (s *site) unitOptions(q *request) error {
	w := s.pages[q.lang].words
	var out UnitOptions
	for _, u := range s.unitsLike(q.field("unit"), unitsMost) {
		out.Units = append(out.Units, Option{Value: w.Unit(u.Code), Label: u.Code})
	}
	return s.part(q, "case", "unit-options", out)
}

// unitsLike are the units under this desk whose name holds a text, or whose
// code begins with it, at most so many. Where there is none: those that people
// call so for short (城管, 住建), the closest first; none for none.
func (s *site) unitsLike(text string, most int) []directory.Unit {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return nil
	}
	var out, short []directory.Unit
	for _, u := range s.desk.Directory().Units() {
		switch {
		case u.Platform != s.desk.Node().Line:
		case strings.Contains(strings.ToLower(u.Name+" "+u.NameEN), text) || strings.HasPrefix(u.Code, text):
			out = append(out, u)
		case shortFor(text, u.Name) > 0:
			short = append(short, u)
		}
	}
	if len(out) == 0 {
		slices.SortStableFunc(short, func(a, b directory.Unit) int { return cmp.Compare(shortFor(text, a.Name), shortFor(text, b.Name)) })
		out = short
	}
	return out[:min(len(out), most)]
}

// shortFor is how many characters of a name the characters of a text span, in
// their order, at the closest; 0 where that is more than three for one, or the
// text is one character.
func shortFor(text, name string) int {
	want, have := []rune(text), []rune(name)
	best := 0
	for from := range have {
		n := 0
		for i := from; i < len(have) && i-from < 3*len(want) && n < len(want); i++ {
			if have[i] != want[n] {
				if n == 0 {
					break
				}
				continue
			}
			if n++; n == len(want) && n > 1 && (best == 0 || i-from+1 < best) {
				best = i - from + 1
			}
		}
	}
	return best
}

// reasons say why triage proposes what it does, each sentence once.
func (w words) reasons(p triage.Proposal) []string {
	var out []string
	for _, r := range p.Reasons {
		s := w.reason(r)
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (w words) reason(r triage.Reason) string {
	of := r.Of
	switch r.Kind {
	case triage.ForItem:
		of = w.Item(r.Of)
	case triage.InRegion, triage.OrRegion:
		of = w.Place(r.Of)
	case triage.Unreadable:
		return w.T("web.unread." + r.Of)
	default:
		if r.Of != "" {
			of = w.Class(r.Of)
		}
	}
	return w.T("web.reason."+r.Kind, r.Word, of)
}

// Levels are those of graded handling.
func (p Panel) Levels() []int {
	return []int{casefile.LifeNow, casefile.Pressing, casefile.Ordinary, casefile.Info}
}
