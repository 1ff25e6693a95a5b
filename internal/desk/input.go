package desk

import (
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// In is an intake: what a seat, a page, a program or a peer says of a new case.
type In struct {
	Text         string
	Channel      string    // casefile.Channels
	OccurredAt   time.Time // zero: now
	Region       string    // GB/T 2260 code, 6 digits; "" unknown
	Address      string
	CallerName   string
	CallerPhone  string
	Language     string // "zh", "bo", …; "" not said
	Consent      *bool  // to be transferred
	Confidential bool
	Kind         casefile.Kind // "" not said
	Seen         bool          `json:"-"` // whoever chose had seen what triage proposes
	Category     string        // class code chosen by a person or an integrator; "" the proposal stands
	Item         string
	Level        int // 1–4; 0 by class
	LevelReason  string
	Urgent       *string // a person's decision on the urgent class ("" none); nil the proposal stands
	// FirstResponse is a person's decision that police act first (D1..D7); ""
	// the proposal stands.
	FirstResponse string
	Danger        string // danger seen, in words: opens the dual dispatch of C3
	SafeContact   string
	SubjectUnit   string
	CallID        string // of the call it came by; an offer of the same call is adopted
	ExternalID    string
	Key           string // Idempotency-Key
	// WithFiles takes the files that the actor put up under Key; OnlyHere keeps
	// them from other platforms.
	WithFiles, OnlyHere bool `json:"-"`
	Legs                []Order

	draft *store.IntakeDraft // whose key the case gets; nil a new one
}

// Order is a leg to be sent.
type Order struct {
	To       string // "12345", "110", "platform:CODE" or "unit:CODE"
	Ask      string // what the holder shall do
	Role     leg.Role
	Urgent   *bool  // nil: by the case
	Replaces string // returned or undeliverable leg that this one succeeds
	ForLeg   string // leg of the same case whose rest this one carries
	// PoliceAction is what police did so far: the transfer of the rest after a
	// first response carries it.
	PoliceAction string
	CallID       string // the caller was put through on this call
	Spoken       bool
	LegID        string `json:"-"` // id that the leg shall have; "": any. A second one of the same id cannot be
}

// Do is what somebody does with a leg.
type Do struct {
	Verb      leg.Verb
	Version   *int64 // of the leg; nil: whatever it is
	Key       string // Idempotency-Key: an action that comes again under it is done once
	Ground    leg.Ground
	Basis     string
	NextOwner string
	Note      string     // reason, progress, supplement: personal
	Result    string     // feedback: what was done; personal
	Due       *time.Time // extension: asked (extend) or granted (grant)
	RestLeg   string     // feedback: "my part is done, the rest is leg X"
	Call      *Call      // verb call
	Hand      *Hand      // the move of a side that is not connected, as it told us
	Stop      *Stop      // extend: the time limit shall stand still instead
	told      *leg.Suspension
}

// Stop is what a holder asks where the time limit of its answer shall stand
// still (申请中止): from now on, until when, and on what ground.
type Stop struct {
	Ground string    // SuspensionGrounds
	To     time.Time // half-open
}

// Call is a telephone call that belongs to a case: a three-way call, a phone
// hand-over, or any other.
type Call struct {
	Kind     string // CallKinds
	CallID   string
	Parties  []string // "caller", line, platform or unit codes
	Outcome  string   // CallOutcomes
	Consent  *bool    // the caller agreed
	Accepted bool     // the other side took it by phone: silences the prompt
	At       time.Time
	Note     string // personal
}

// Kinds and outcomes of calls, in the order shown.
var (
	CallKinds    = []string{"three_way", "phone_transfer", "phone_report", "call_back"}
	CallOutcomes = []string{"taken_by_12345", "taken_by_110", "taken_by_unit", "still_unclear", "caller_refused", "no_answer", "done"}
)

// Decision is what a person decides of a case; a nil field stays as it is.
type Decision struct {
	Version     *int64
	Category    *string
	Item        *string
	Kind        *casefile.Kind
	Level       *int
	Urgent      *string // C1..C4 or "" (cleared)
	Danger      *string
	Region      *string
	SafeContact *string
	SubjectUnit *string
	Reason      string // needed for another level and for clearing an urgent class
}

// Asked is the result of a call-back.
type Asked struct {
	Version      *int64
	Solved       bool
	Satisfaction int // raw, 1 best; 0 not said
	Scale        int // 3 or 5
	Note         string
	Leg          string // the leg that failed; "" the lead
}

// Closing ends a case.
type Closing struct {
	Version *int64
	Outcome casefile.Outcome
	Told    string // what the caller was told
	Group   bool   // settle the other cases of the group too
}

// Filter narrows a list of cases; see store.CaseFilter.
type Filter struct {
	Status   casefile.Status
	Category string
	Line     string
	Region   string // with everything below it
	Unit     string
	Urgent   bool
	Overdue  bool
	Dispute  bool
	Unread   bool // not assessed for danger
	Open     bool
	Query    string
	ByDue    bool
	After    hotline.Cursor
	Limit    int
}
