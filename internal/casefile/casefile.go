package casefile

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Status of a case. The names are part of the contract.
type Status string

const (
	Open             Status = "open"
	InProgress       Status = "in_progress"
	AwaitingCallback Status = "awaiting_callback"
	Closed           Status = "closed"
	Archived         Status = "archived"
)

// Statuses lists them in the order of a life.
func Statuses() []Status { return []Status{Open, InProgress, AwaitingCallback, Closed, Archived} }

// Kind of a case: 咨询 求助 投诉 举报 建议 表扬 其他.
type Kind string

const (
	Consult    Kind = "consult"
	Help       Kind = "help"
	Complaint  Kind = "complaint"
	Report     Kind = "report"
	Suggestion Kind = "suggestion"
	Praise     Kind = "praise"
	OtherKind  Kind = "other"
)

// Kinds lists them in the order shown.
func Kinds() []Kind {
	return []Kind{Consult, Help, Complaint, Report, Suggestion, Praise, OtherKind}
}

// HidesCaller says that handling units do not learn who called by default:
// complaints and reports.
func (k Kind) HidesCaller() bool { return k == Complaint || k == Report }

// Outcome is how a case ended, or why it is no case for these lines.
type Outcome string

const (
	SolvedOutcome Outcome = "solved"
	OnTheSpot     Outcome = "answered_on_the_spot"
	Explained     Outcome = "explained"       // not met, and the caller was told why
	Transferred   Outcome = "transferred"     // the other line has it whole
	ReturnedBack  Outcome = "returned"        // we gave the incoming leg back
	ReferredOut   Outcome = "referred"        // 信访, 诉讼, 仲裁, 纪检 …: told whom to turn to
	SilentCall    Outcome = "silent_call"     // nobody spoke
	FalseCall     Outcome = "false_call"      // invented or abusive
	NoAnswer      Outcome = "caller_no_reply" // the caller could not be reached for the call-back
	CallerGaveUp  Outcome = "caller_withdrew"
	RepeatOutcome Outcome = "repeat" // settled with the lead of its group
)

// Outcomes lists them in the order shown.
func Outcomes() []Outcome {
	return []Outcome{SolvedOutcome, OnTheSpot, Explained, Transferred, ReturnedBack, ReferredOut, SilentCall, FalseCall, NoAnswer, CallerGaveUp, RepeatOutcome}
}

// Channels of intake. The names are part of the contract.
var Channels = []string{"phone", "web", "wechat", "app", "counter", "platform"}

// Spoken says that somebody is on the line while the case is taken. Internet
// intake goes by system transfer, never by a phone call.
func Spoken(channel string) bool { return channel == "phone" }

// Levels of graded handling (分级处置).
const (
	LifeNow  = 1 // life or public safety now
	Pressing = 2
	Ordinary = 3
	Info     = 4
)

// Bounds of free text, in characters.
const (
	TextMost = 10000
	NoteMost = 4000
	LineMost = 200 // one-line fields: names, addresses, bases
)

// Case is what a node knows of a case, its personal part apart.
type Case struct {
	ID       string
	Number   string // that people say on the telephone: day and count, like 2611270042
	Version  int64  // counts what people decided of it; leg moves do not raise it
	Rev      int64  // counts every write of the row; the guard of storage
	Status   Status
	Channel  string
	Kind     Kind
	Level    int
	Category string // class in force: decided, or proposed until then
	Decided  bool   // a person, or an integrator by name, chose the category
	Item     string
	Urgent   string // C1..C4 or ""
	// UrgentBy says who raised it: "machine" until a person confirms or clears.
	UrgentBy      string
	FirstResponse string // D1..D7 or ""
	Unread        bool   // the text was not assessed for danger
	Danger        string // danger recorded by a person: opens the C3 dual dispatch
	Region        string
	RegionRaw     string // what a peer wrote and we do not know
	Confidential  bool
	Language      string
	Consent       *bool // the caller agreed to be transferred
	SafeContact   string
	SubjectUnit   string
	Outcome       Outcome
	Told          string // what the caller was told at the end; sealed by storage
	Catalogue     string // version that routed it
	Interim       string // interim owner (首接): platform code, moves with returns
	Returns       int    // returns in this case, over successors
	Dispute       bool
	GroupID       string // lead case of its group; "" alone
	ExternalID    string
	Source        string // token or platform that external ids are unique in
	OccurredAt    time.Time
	CreatedAt     time.Time
	ClosedAt      time.Time
	CallbackAt    time.Time
	Solved        *bool
	Satisfaction  int // raw
	Scale         int // 3 or 5; 0 not asked
	Mapped        int // on the 3-level scale
	// NeedsCallback is set by the first leg that was ever settled.
	NeedsCallback bool
	Links         map[string]string // platform code → its id of the same matter
}

// Caller is the personal part of a case beside its text.
type Caller struct {
	Name, Phone, Address hotline.Personal
}

// StatusOf computes the status from facts: the legs of the case, and whether a
// person closed it.
func StatusOf(c Case, legs []leg.Leg) Status {
	switch {
	case c.Status == Archived:
		return Archived
	case !c.ClosedAt.IsZero():
		return Closed
	case len(legs) == 0:
		return Open
	}
	if !slices.ContainsFunc(legs, func(l leg.Leg) bool { return l.Incoming() || l.State != leg.Withdrawn }) {
		return Open // taken back, all of it: nobody has it, and there is nothing to ask the caller about
	}
	outgoing := 0
	for _, l := range legs {
		if !l.Incoming() {
			outgoing++
		}
	}
	for _, l := range legs {
		if l.Incoming() && (l.State == leg.Answered || l.Done()) {
			continue
		}
		if l.Incoming() && l.State == leg.Received && outgoing == 0 {
			return Open // nobody here has taken it up yet
		}
		if !l.Done() {
			return InProgress
		}
	}
	return AwaitingCallback
}

// CanClose says whether a person may close the case now: every leg settled,
// withdrawn, or returned or undeliverable with a resolution. The error names
// the leg that is in the way.
func CanClose(c Case, legs []leg.Leg, outcome Outcome) error {
	if !c.ClosedAt.IsZero() {
		return hotline.Errorf(hotline.Conflict, "case_closed", "status")
	}
	if !slices.Contains(Outcomes(), outcome) {
		return hotline.Errorf(hotline.Invalid, "outcome_unknown", "outcome", string(outcome))
	}
	for _, l := range legs {
		if !l.Done() {
			return hotline.Errorf(hotline.Conflict, "leg_open", "legs", l.ID, string(l.State))
		}
	}
	return nil
}

// Map puts a raw satisfaction on the 3-level scale: 1 satisfied, 2 fairly,
// 3 not. Of five levels the first two are satisfied, the third fairly.
func Map(raw, scale int) (int, error) {
	switch {
	case scale != 3 && scale != 5:
		return 0, hotline.Errorf(hotline.Invalid, "scale_unknown", "scale", scale)
	case raw < 1 || raw > scale:
		return 0, hotline.Errorf(hotline.Invalid, "satisfaction_range", "satisfaction", scale)
	case scale == 3:
		return raw, nil
	}
	return []int{1, 1, 2, 3, 3}[raw-1], nil
}

// CheckText says whether words can be kept as given: some text, at most most
// characters, valid UTF-8, no control characters but line breaks and tabs.
func CheckText(field, s string, most int) error {
	if !utf8.ValidString(s) {
		return hotline.Errorf(hotline.Invalid, "text_encoding", field)
	}
	if n := utf8.RuneCountInString(s); n > most {
		return hotline.Errorf(hotline.Invalid, "text_long", field, most, n)
	}
	blank := true
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return hotline.Errorf(hotline.Invalid, "text_control", field, int(r))
		}
		if !unseen(r) {
			blank = false
		}
	}
	if blank {
		return hotline.Errorf(hotline.Invalid, "text_empty", field)
	}
	return nil
}

// unseen says that a reader sees nothing of r by itself: spaces, joiners, marks
// without a letter, and the letters that are made to fill a place.
func unseen(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.M)
}

// CheckLine is CheckText for an optional field of one line.
func CheckLine(field, s string) error {
	if s == "" {
		return nil
	}
	for _, r := range s {
		if r == '\n' || r == '\r' || r == '\t' || unicode.In(r, unicode.Zl, unicode.Zp) {
			return hotline.Errorf(hotline.Invalid, "text_control", field, int(r))
		}
	}
	return CheckText(field, s, LineMost)
}

// Foreign says that a caller's language (BCP 47; "" not said) is another than the
// one the desks work in, so that whoever speaks to the caller needs an
// interpreter.
func Foreign(language string) bool {
	return language != "" && language != "zh" && !strings.HasPrefix(language, "zh-")
}
