package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Lane is one leg on a page: state, whose move it is, clocks, and what the
// person may do with it.
type Lane struct {
	desk.LegView
	Holder, From string
	Owner        string // whose move it is, in words; "" at an end
	Clocks       []ClockRow
	Via          []string
	Own          []VerbForm // as the side that the person is on
	For          []VerbForm // at the desk: what a unit told it by phone
	Successor    bool
	NotMe        []NotMe // whom the unit may name as the owner, in two taps
}

// NotMe is a return that is filled in already: not ours but theirs, and why.
type NotMe struct {
	Form
	Unit   string
	Name   string
	Ground leg.Ground
	Basis  string
}

// VerbForm is the form for one verb of a leg.
type VerbForm struct {
	Form
	Verb    leg.Verb
	Label   string
	Grounds []leg.Ground
	Quick   bool // a button alone does it
	Note    int  // 0 none, 1 may, 2 must be said
	Result  bool
	Due     bool
	Of      leg.Verb // what grant and refuse answer
	Sure    bool     // danger was stated: whoever gives it back says that there is none
	Warn    bool     // not undone by another click
	Files   string   // where files go that come with it; "" none may
	LegID   string
	Stops   []string // grounds on which the time limit may stand still
	Hows    []string // by hand: how the other side told us of it
}

// holder is the name of who holds a leg, in the reader's language where it is
// a unit of ours.
func (b caseBuilder) holder(l desk.LegView) string {
	if l.Local() {
		return b.w.Unit(l.Unit)
	}
	return l.HolderName
}

func (b caseBuilder) sender(l desk.LegView) string { return l.SenderName }

func (b caseBuilder) lane(l desk.LegView) Lane {
	lane := Lane{LegView: l, Holder: b.holder(l), From: b.sender(l), Clocks: b.w.clocks(b.v, l.ID), Successor: l.Successor != ""}
	switch leg.Owner(l.State) {
	case leg.Holder:
		lane.Owner = lane.Holder
	case leg.Sender:
		lane.Owner = lane.From
	}
	if !b.q.actor.AtDesk() {
		lane.Phone = "" // it is their own
	}
	for _, code := range l.Via {
		lane.Via = append(lane.Via, b.platform(code))
	}
	for _, v := range verbs() {
		if !slices.Contains(l.Can, v) {
			continue
		}
		f := *b.verb(l, v)
		if b.byPhone(l, v) {
			lane.For = append(lane.For, f)
		} else {
			lane.Own = append(lane.Own, f)
		}
	}
	lane.Own, lane.For = b.stops(l, lane.Own, lane.For)
	lane.NotMe = b.notMe(l)
	for _, v := range l.Hand {
		f := *b.verb(l, v)
		f.Quick, f.Sure, f.Files, f.Hows = false, false, "", desk.Hows[:4]
		lane.For = append(lane.For, f)
	}
	return lane
}

// stops adds the forms by which a holder asks that the time limit stand still,
// beside its ask for more time, and by which the sender says yes.
func (b caseBuilder) stops(l desk.LegView, own, phoned []VerbForm) (mine, theirs []VerbForm) {
	at := "/legs/" + url.PathEscape(l.ID) + "/stop"
	if slices.Contains(l.Can, leg.Extend) {
		f := *b.verb(l, leg.Extend)
		f.Form, f.Verb, f.Label, f.Due, f.Stops = b.page.form(at, l.Version), "stop", b.w.T("web.stop.ask"), false, desk.SuspensionGrounds()
		f.Back = b.verb(l, leg.Extend).Back
		if b.byPhone(l, leg.Extend) {
			phoned = append(phoned, f)
		} else {
			own = append(own, f)
		}
	}
	if l.CanStop {
		f := *b.verb(l, leg.Grant)
		back := f.Back
		f.Form, f.Verb, f.Label, f.Due, f.Quick = b.page.form(at+"/grant", l.Version), "grant_stop", b.w.T("web.stop.grant"), false, true
		f.Back = back
		own = append([]VerbForm{f}, own...)
	}
	return own, phoned
}

// notMe are the returns that a unit gives in two taps. Danger is never given
// back so: there the whole form asks for certainty.
func (b caseBuilder) notMe(l desk.LegView) []NotMe {
	if !l.Local() || l.Urgent || b.q.actor.AtDesk() || !slices.Contains(l.Can, leg.Return) {
		return nil
	}
	matter := b.w.Class(b.v.Category)
	if b.v.Item != "" {
		matter = b.w.Item(b.v.Item)
	}
	form := b.verb(l, leg.Return).Form
	var out []NotMe
	for _, o := range b.desk.Owners(l.Unit, b.v.Item, b.v.Category, b.v.Region) {
		n := NotMe{Form: form, Unit: o.Unit.Code, Name: b.w.Unit(o.Unit.Code), Ground: leg.NotDuty}
		switch o.Why {
		case directory.ByArea:
			n.Ground, n.Basis = leg.NotArea, b.w.T("web.notme.area", b.w.Place(b.v.Region), n.Name)
		case directory.ByPlace:
			n.Basis = b.w.T("web.notme.place", n.Name)
		default:
			n.Basis = b.w.T("web.notme."+o.Why, b.v.Catalogue, matter, n.Name)
		}
		out = append(out, n)
	}
	return out
}

// byPhone says that a verb is the holder's, at a desk that only enters what
// the unit told it.
func (b caseBuilder) byPhone(l desk.LegView, v leg.Verb) bool {
	if !l.Local() || !b.q.actor.AtDesk() {
		return false
	}
	switch v {
	case leg.Accept, leg.Return, leg.Progress, leg.Feedback, leg.Escalate, leg.Extend:
		return true
	case leg.Grant, leg.Refuse:
		return l.Pending == leg.Withdraw
	}
	return false
}

// verb is the form for a verb of a leg.
func (b caseBuilder) verb(l desk.LegView, v leg.Verb) *VerbForm {
	f := VerbForm{Form: b.page.form("/legs/"+url.PathEscape(l.ID)+"/"+string(v), l.Version), Verb: v, Label: b.w.Word("verb", v)}
	f.Back = b.page.Here
	if strings.HasPrefix(f.Back, "/cases/") {
		f.Back = b.path("")
	}
	switch v {
	case leg.Accept, leg.Settle:
		f.Quick = true
	case leg.Return:
		f.Grounds, f.Note, f.Sure = leg.Grounds(), 1, l.Urgent
	case leg.Feedback:
		f.Result = true
	case leg.Grant:
		f.Of, f.Label = l.Pending, b.w.T("web.verb.grant."+string(l.Pending))
		f.Quick, f.Due = l.Pending == leg.Withdraw, l.Pending == leg.Extend
	case leg.Refuse:
		f.Of, f.Label, f.Note = l.Pending, b.w.T("web.verb.refuse."+string(l.Pending)), 2
	case leg.Extend:
		f.Due, f.Note = true, 1
	case leg.Progress, leg.Urge:
		f.Note = 1
	default:
		f.Note = 2
	}
	if l.Stop != nil && f.Of == leg.Extend {
		f.Label = b.w.T("web.stop.refuse")
		if v == leg.Grant {
			f.Label = b.w.T("web.stop.instead")
		}
	}
	f.Warn = v == leg.Escalate
	if showsFiles(v) && b.v.CanAttach && !b.byPhone(l, v) {
		f.Files, f.LegID = b.path("/attachments"), l.ID
	}
	return &f
}

// thin takes verbs from the lanes that the steps above offer, so that each
// stands on the page once.
func (b caseBuilder) thin(lanes []Lane, steps []Step) {
	for _, st := range steps {
		if st.Verb == nil {
			continue
		}
		same := func(f VerbForm) bool { return f.Action == st.Verb.Action }
		for i := range lanes {
			lanes[i].Own = slices.DeleteFunc(lanes[i].Own, same)
			lanes[i].For = slices.DeleteFunc(lanes[i].For, same)
		}
	}
}

// LegPage is one leg for those who work on it, made for a phone too.
type LegPage struct {
	Page
	View   desk.CaseView
	Lane   Lane
	Step   *Step
	Person *desk.Person
	Reveal Form
	// Contact records that the holder spoke to the caller; nil where no first
	// contact is owed any more.
	Contact *Form
	Files   FilesPart
	Events  []EventRow
}

func (s *site) legPage(q *request) error {
	l, err := s.desk.Leg(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	v, err := s.desk.Case(q.ctx(), q.actor, l.CaseID)
	if err != nil {
		return err
	}
	es, err := s.desk.Events(q.ctx(), q.actor, v.ID, "", eventsShown)
	if err != nil {
		return err
	}
	p := s.page(q, "web.leg.title")
	p.Here = "/legs/" + url.PathEscape(l.ID)
	b := caseBuilder{site: s, q: q, w: s.pages[q.lang].words, page: p, v: v, events: es}
	data := LegPage{Page: p, View: v, Lane: b.lane(l), Reveal: p.form("/cases/"+url.PathEscape(v.ID)+"/reveal", 0)}
	data.Files = b.files(l.ID)
	data.Step = b.legStep(l)
	if b.owesContact(l) {
		f := p.form(p.Here+"/contact", 0)
		data.Contact = &f
	}
	if data.Step != nil {
		lanes := []Lane{data.Lane}
		b.thin(lanes, []Step{*data.Step})
		data.Lane = lanes[0]
	}
	for _, e := range b.timeline() {
		if e.LegID == l.ID || e.LegID == "" {
			data.Events = append(data.Events, e)
		}
	}
	return s.show(q, "leg", data)
}

// owesContact says that the unit whose leg it is has not spoken to the caller
// yet, and that this can be said by it now.
func (b caseBuilder) owesContact(l desk.LegView) bool {
	return !b.q.actor.AtDesk() && leg.Owner(l.State) == leg.Holder && l.State != leg.Sent && l.State != leg.Received &&
		slices.ContainsFunc(b.v.Clocks, func(c deadline.Clock) bool {
			return c.LegID == l.ID && c.Kind == deadline.FirstContact && c.Running()
		})
}

// contact records that a unit called the caller of its leg.
func (s *site) contact(q *request) error {
	l, err := s.desk.Leg(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	c := desk.Call{Kind: "call_back", Parties: []string{"unit:" + l.Unit, "caller"}, Outcome: q.field("outcome"), Note: q.text("note")}
	if c.Outcome != "done" && c.Outcome != "no_answer" {
		return hotline.Errorf(hotline.Invalid, "call_outcome_unknown", "outcome", c.Outcome)
	}
	if _, err := s.desk.Act(q.ctx(), q.actor, l.ID, desk.Do{Verb: leg.Call, Call: &c}); err != nil {
		return err
	}
	return s.to(q, "/legs/"+url.PathEscape(l.ID), "web.flash.call")
}

// legStep is the one next move of somebody who works on a leg.
func (b caseBuilder) legStep(l desk.LegView) *Step {
	for _, v := range []leg.Verb{leg.Accept, leg.Feedback, leg.Settle} {
		if slices.Contains(l.Can, v) && !b.byPhone(l, v) {
			step := Step{Code: string(v), Primary: true, Name: b.sender(l), Text: string(l.Ask), Verb: b.verb(l, v)}
			if v == leg.Settle {
				step.Text = b.answer(l.ID)
			}
			return &step
		}
	}
	return nil
}

// Words are the words of the case as far as they may be shown.
func (p LegPage) Words() string { return string(p.View.Text) }

// act does a verb, whichever: the address says which.
func (s *site) act(q *request) error {
	id := q.PathValue("id")
	do := desk.Do{
		Verb: leg.Verb(q.URL.Path[strings.LastIndexByte(q.URL.Path, '/')+1:]), Version: version(q), Ground: leg.Ground(q.field("ground")),
		Basis: q.field("basis"), NextOwner: q.field("next_owner"), Note: q.text("note"), Result: q.text("result"),
	}
	do.Key = q.Header.Get("Idempotency-Key")
	if t := q.field("due"); t != "" {
		due, err := localTime(t)
		if err != nil {
			return hotline.Errorf(hotline.Invalid, "time_invalid", "due")
		}
		do.Due = &due
	}
	if how := q.field("how"); how != "" {
		do.Hand = &desk.Hand{How: how, Who: q.field("who")}
	}
	if do.Verb == leg.Return && do.Hand == nil && q.field("sure") == "" {
		switch l, err := s.desk.Leg(q.ctx(), q.actor, id); {
		case err != nil:
			return err
		case l.Urgent:
			return hotline.Errorf(hotline.Invalid, "sure_missing", "sure")
		}
	}
	if q.MultipartForm != nil { // first: what was done is not told without the photo that shows it
		l, err := s.desk.Leg(q.ctx(), q.actor, id)
		if err == nil {
			_, err = s.takeFiles(q, l.CaseID, id)
		}
		if err != nil {
			return err
		}
	}
	l, err := s.desk.Act(q.ctx(), q.actor, id, do)
	if err != nil {
		return err
	}
	return s.moved(q, l, "web.flash."+string(do.Verb))
}

// askStop: the holder asks that the time limit stand still.
func (s *site) askStop(q *request) error {
	to, err := localTime(q.field("stop_to"))
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "time_invalid", "stop_to")
	}
	l, err := s.desk.Act(q.ctx(), q.actor, q.PathValue("id"), desk.Do{Verb: leg.Extend, Version: version(q), Note: q.text("note"),
		Stop: &desk.Stop{Ground: q.field("stop_ground"), To: to}})
	if err != nil {
		return err
	}
	return s.moved(q, l, "web.flash.stop_asked")
}

// grantStop: the sender says yes to that.
func (s *site) grantStop(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.GrantStop(q.ctx(), q.actor, id, version(q), q.text("note")); err != nil {
		return err
	}
	return s.back(q, id, "web.flash.suspended")
}

// moved says that a leg was moved: to a page's script, which sends what was kept
// on the machine, or by going back.
func (s *site) moved(q *request, l desk.LegView, flash string) error {
	if q.wantsJSON() {
		s.setCookie(q, "flash", flash, 60)
		return q.tell(http.StatusOK, Told{To: backOf(q, l.ID), Version: l.Version})
	}
	return s.back(q, l.ID, flash)
}

// back goes on where the form of a leg stood.
func (s *site) back(q *request, legID, flash string) error { return s.to(q, backOf(q, legID), flash) }

func backOf(q *request, legID string) string {
	back := q.FormValue("back")
	if !local(back) {
		back = "/legs/" + url.PathEscape(legID)
	}
	return back
}

// adopt hands a leg that people carried over by wire.
func (s *site) adopt(q *request) error {
	id := q.PathValue("id")
	if err := s.desk.Adopt(q.ctx(), q.actor, id); err != nil {
		return err
	}
	l, err := s.desk.Leg(q.ctx(), q.actor, id)
	if err != nil {
		return err
	}
	return s.toCase(q, l.CaseID, "web.flash.adopted")
}

// resolve: the sender of a returned leg does the matter itself.
func (s *site) resolve(q *request) error {
	id := q.PathValue("id")
	l, err := s.desk.Leg(q.ctx(), q.actor, id)
	if err != nil {
		return err
	}
	if err := s.desk.Resolve(q.ctx(), q.actor, id); err != nil {
		return err
	}
	return s.toCase(q, l.CaseID, "web.flash.resolved")
}

// legForm shows the page again that a refused verb came from: the case, the
// inbox or the leg.
func (s *site) legForm(q *request) error {
	switch back := q.FormValue("back"); {
	case strings.HasPrefix(back, "/cases/"):
		q.SetPathValue("id", strings.TrimPrefix(back, "/cases/"))
		return s.casePage(q)
	case strings.HasPrefix(back, "/inbox"):
		return s.inboxPage(q)
	}
	return s.legPage(q)
}

// As is the form as the one primary step of a page, or not.
func (f VerbForm) As(primary bool) VerbForm {
	f.Primary = primary
	return f
}

// ID tells the fields of this form from those of others on the same page.
func (f VerbForm) ID() string {
	id := strings.NewReplacer("/legs/", "", "/", "-").Replace(f.Action)
	if f.Primary {
		return "next-" + id
	}
	return id
}

// ForRefused says that a verb entered for the unit was refused just now.
func (l Lane) ForRefused() bool {
	return slices.ContainsFunc(l.For, func(f VerbForm) bool { return f.Refused() })
}
