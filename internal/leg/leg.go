package leg

import (
	"slices"
	"time"

	"liandong/internal/hotline"
)

// Role of a party in a case: 主办 or 协办. The lead writes the one answer to
// the caller; in a dual dispatch police lead until danger is over.
type Role string

const (
	Lead  Role = "lead"
	Joint Role = "joint"
)

// Ground of a return. The codes are part of the contract.
type Ground string

const (
	NotDuty          Ground = "not_duty"
	NotArea          Ground = "not_area"
	UnclearOwnership Ground = "unclear_ownership"
	AlreadySettled   Ground = "already_settled"
	Duplicate        Ground = "duplicate"
	OtherGround      Ground = "other"
)

// Grounds lists the return grounds in the order shown.
func Grounds() []Ground {
	return []Ground{NotDuty, NotArea, UnclearOwnership, AlreadySettled, Duplicate, OtherGround}
}

// Resolution is how the sender of a returned or undeliverable leg went on.
type Resolution string

const (
	Unresolved   Resolution = ""
	BySuccessor  Resolution = "successor" // another leg took its place
	KeptBySender Resolution = "kept"      // the sender does it
)

// ReopenFor is how long a settled leg may be reopened: 30 days. Proposal: no
// published rule was found; the holder keeps the case at least that long.
const ReopenFor = 30 * 24 * time.Hour

// Leg is one copy of a leg. A local leg (to a unit of the same node) has one
// copy that serves both sides; a transfer has one at each platform.
type Leg struct {
	ID     string
	CaseID string // of this node
	// Side that this copy is: Sender at the desk that sent it, Holder at the
	// platform that received it. A local leg is Sender with an empty Peer.
	Side Side
	Peer string // platform code at the other end; "" for a local leg
	Unit string // unit that holds a local leg

	Role   Role
	Urgent bool
	Class  string // class code that routed it; may be raw from a peer
	Item   string
	Region string

	State   State
	Version int64 // counts moves; events do not raise it
	Rev     int64 // counts every write of the row; the guard of storage

	SentAt      time.Time
	ReopenUntil time.Time // zero until settled
	Pending     Verb      // Withdraw or Extend that waits for an answer, or ""
	Ground      Ground    // of the return
	Basis       string    // legal basis of the return
	NextOwner   string    // whom the returning party proposes
	Contested   bool

	Undeliverable bool // the sender's machine gave up on the offer
	Repair        string
	Resolution    Resolution
	Successor     string // leg that took its place
	ForLeg        string // leg of the same case that this one carries on (onward, escalation)

	OutNo int64 // last number used for a letter of ours
	InNo  int64 // last number applied of the other side's

	CallbackBy string // line that asks the caller: "12345" by default
	CallID     string // call that was passed with the offer
	Spoken     bool
	Looped     bool // the offer came back to a platform it had passed
	Late       bool // the offer was taken after its expiry
	ByHand     bool // the other side's moves are entered here by people: no letter of it goes by wire
	Via        []string
	Extra      string // unknown optional fields of the offer, JSON, passed on
}

// Local says that the holder is a unit of this node.
func (l Leg) Local() bool { return l.Peer == "" }

// Incoming says that another platform sent this leg to us.
func (l Leg) Incoming() bool { return l.Side == Holder }

// Act is what one side does with a leg.
type Act struct {
	Verb Verb
	Side Side
	At   time.Time
	// Letter says that the act was told by the other platform. It happened
	// there: its asks and answers are taken whatever we wanted meanwhile.
	Letter bool

	Ground      Ground
	Basis       string
	NextOwner   string
	ReopenUntil time.Time
	Of          Verb // what Grant and Refuse answer: Withdraw or Extend
}

// Do decides an act on a leg and returns the leg afterwards, its counters
// untouched but for Version. An open ask ends with its answer, or when the leg
// reaches a state in which nothing is asked; accepting or beginning work does
// not end it, since the other side may have asked just before it heard of that,
// and then the two copies would disagree about what is open. Errors are Conflict (the state or an open ask does
// not allow it) or Invalid (a field is missing); the leg is then unchanged.
func (l Leg) Do(a Act) (Leg, error) {
	if err := a.check(l); err != nil {
		return l, err
	}
	to, err := Next(l.State, a.Verb, a.Side)
	if err != nil {
		if a.Letter && event(a.Verb, a.Side) && !moves(a.Verb, a.Side) {
			return l, nil // an ask or an answer that crossed a move: an event and no more
		}
		return l, err
	}
	moved := to != l.State
	if moved {
		l.Version++
		if !slices.Contains(asked, to) {
			l.Pending = ""
		}
	}
	l.State = to
	switch a.Verb {
	case Receive:
		l.Undeliverable = false // a late receipt clears the flag
	case Withdraw:
		l.Pending = Withdraw // beats an extension asked at the same time, on both sides
	case Extend:
		if l.Pending == "" {
			l.Pending = Extend
		}
	case Grant, Refuse:
		if l.Pending == answers(a.Side) {
			l.Pending = ""
		}
	case Return:
		l.Ground, l.Basis, l.NextOwner = a.Ground, a.Basis, a.NextOwner
	case Settle:
		l.ReopenUntil = a.ReopenUntil
	case Contest:
		l.Contested = true
	}
	return l, nil
}

// Moving says that a verb can move a leg in some state. Letters of moving
// verbs are retried until receipted and, when refused, go on the repair list.
func Moving(v Verb) bool {
	if v == Send {
		return true
	}
	return moves(v, Sender) || moves(v, Holder)
}

func (a Act) check(l Leg) error {
	if a.Verb == Return && (!slices.Contains(groundStates, l.State) || a.Letter) {
		return nil // Next refuses a wrong state; a peer's return always stands
	}
	switch a.Verb {
	case Return:
		if !slices.Contains(Grounds(), a.Ground) {
			return hotline.Errorf(hotline.Invalid, "ground_unknown", "ground", string(a.Ground))
		}
		if a.Basis == "" {
			return hotline.Errorf(hotline.Invalid, "basis_missing", "basis")
		}
	case Grant, Refuse:
		want := answers(a.Side)
		if !a.Letter && l.Pending != want || a.Of != "" && a.Of != want {
			return hotline.Errorf(hotline.Conflict, "nothing_asked", "state", string(want))
		}
	case Withdraw, Extend:
		if !a.Letter && l.Pending != "" {
			return hotline.Errorf(hotline.Conflict, "ask_pending", "state", string(l.Pending))
		}
	case Reopen:
		if l.State == Settled && a.At.After(l.ReopenUntil) {
			return hotline.Errorf(hotline.Conflict, "reopen_too_late", "state", l.ReopenUntil)
		}
	case Contest:
		if l.Contested {
			return hotline.Errorf(hotline.Conflict, "already_contested", "state")
		}
	}
	return nil
}

var groundStates = []State{Received, Accepted}

// answers is the ask that a side answers: the holder a withdrawal, the sender
// an extension.
func answers(side Side) Verb {
	if side == Holder {
		return Withdraw
	}
	return Extend
}

// GrantAtOnce says that the holder's machine grants an asked withdrawal by
// itself: before acceptance, and never on an urgent leg, since a car may
// already be rolling.
func (l Leg) GrantAtOnce() bool {
	return l.Pending == Withdraw && l.State == Received && !l.Urgent
}

// NeedsResolution says that the sender must still say how it goes on. It is
// never true of the holder's copy.
func (l Leg) NeedsResolution() bool {
	return !l.Incoming() && (l.State == Returned || l.Undeliverable && l.State == Sent) && l.Resolution == Unresolved
}

// GivenBack says that an urgent leg was returned and nobody has it now: the
// sender acts at once, whoever is right about the duty.
func (l Leg) GivenBack() bool {
	return l.Urgent && l.State == Returned && l.NeedsResolution()
}

// Done says that the leg does not keep its case from closing.
func (l Leg) Done() bool {
	switch l.State {
	case Settled, Withdrawn:
		return true
	case Returned:
		return l.Incoming() || l.Resolution != Unresolved
	case Sent:
		return l.Undeliverable && l.Resolution != Unresolved
	}
	return false
}

// Can lists the verbs that a side may use now, in the order of the table: what
// the page shows as buttons, and only those. An urge is taken in any state, but
// offered only while the holder has something to do.
func (l Leg) Can(side Side, now time.Time) []Verb {
	var out []Verb
	for _, v := range Verbs() {
		if v == Send || v == Receive || v == Void || v == Call || v == Callback {
			continue // a machine's, or with a form of their own
		}
		if v == Urge && Owner(l.State) != Holder {
			continue // nobody there to hurry
		}
		if _, err := l.Do(Act{Verb: v, Side: side, At: now, Ground: OtherGround, Basis: "?"}); err == nil {
			out = append(out, v)
		}
	}
	return out
}
