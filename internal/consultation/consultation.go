// Package consultation holds the rules of consultations (会商): a dispute, or a
// matter that is returned again and again, goes to the parties concerned; they
// give their opinions, in a meeting or in writing, and it ends in a ruling that
// says who owns the matter, on what basis and from when.
//
// What it is not: the routing that the ruling changes, and the store. The caller
// never waits for it: the interim owner (首接) works on all the while.
//
//	open ──rule──▶ ruled
//	  └───cancel──▶ cancelled
//
// The platform that opened it presides: every move is its own. Another platform
// that is asked keeps a copy, which only the letters of who presides move, and
// gives its opinion.
package consultation

import (
	"slices"
	"time"

	"liandong/internal/hotline"
)

// State of a consultation.
type State string

const (
	Open      State = "open"
	Ruled     State = "ruled"
	Cancelled State = "cancelled"
)

// States lists them in the order of a life.
func States() []State { return []State{Open, Ruled, Cancelled} }

// Cause why it was opened.
type Cause string

const (
	OfDispute Cause = "dispute"   // a case that was returned twice, or whose return is contested
	OfReturns Cause = "threshold" // the same item returned Times in Within
	ByHand    Cause = "hand"
)

// Causes lists them in the order shown.
func Causes() []Cause { return []Cause{OfDispute, OfReturns, ByHand} }

// Form in which the parties are heard.
type Form string

const (
	Meeting Form = "meeting"
	Written Form = "written"
)

// Forms lists them in the order shown.
func Forms() []Form { return []Form{Written, Meeting} }

// The threshold: an item whose legs were returned Times within Within is put
// before people. A proposal: the field's rules say "high-frequency".
const (
	Times  = 5
	Within = 30 * 24 * time.Hour
)

// DefaultBudget is how long the parties have where nobody says: five working
// days. Proposal.
const DefaultBudget = "5wd"

// Ruling is how a consultation ends.
type Ruling struct {
	Owner string // as an order writes it: unit:CODE, 12345, 110, platform:CODE
	Basis string // legal basis or list of duties
	From  time.Time
	Class string // to which the matter is moved in the catalogue; "" it stays in its own
}

// Rule decides whether a ruling can be made. It needs an owner and a basis, and
// does not reach back behind the consultation's opening.
func Rule(s State, r Ruling, opened time.Time) error {
	switch {
	case s != Open:
		return hotline.Errorf(hotline.Conflict, "consultation_ended", "state", string(s))
	case r.Owner == "":
		return hotline.Errorf(hotline.Invalid, "ruling_owner_missing", "owner")
	case r.Basis == "":
		return hotline.Errorf(hotline.Invalid, "ruling_basis_missing", "basis")
	case r.From.Before(opened.Add(-24 * time.Hour)):
		return hotline.Errorf(hotline.Invalid, "ruling_backdated", "from", opened)
	}
	return nil
}

// Hear decides whether a party may still give its opinion.
func Hear(s State, parties []string, party string) error {
	if s != Open {
		return hotline.Errorf(hotline.Conflict, "consultation_ended", "state", string(s))
	}
	if !slices.Contains(parties, party) {
		return hotline.Errorf(hotline.NotFound, "consultation_not_found", "")
	}
	return nil
}
