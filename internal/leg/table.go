package leg

import (
	"slices"

	"liandong/internal/hotline"
)

// State of a leg. The names are part of the contract.
type State string

const (
	Sent      State = "sent"
	Received  State = "received"
	Accepted  State = "accepted"
	Working   State = "working"
	Answered  State = "answered"
	Settled   State = "settled"
	Reopened  State = "reopened"
	Returned  State = "returned"
	Withdrawn State = "withdrawn"
)

// States lists all states, in the order of a life.
func States() []State {
	return []State{Sent, Received, Accepted, Working, Answered, Settled, Reopened, Returned, Withdrawn}
}

// Ended says that no move leads out of s any more (settled may be reopened
// for a while, and is no end in this sense).
func (s State) Ended() bool { return s == Returned || s == Withdrawn }

// Side of a leg: the desk that sent it, or the party that holds it.
type Side string

const (
	Sender Side = "sender"
	Holder Side = "holder"
)

// Other is the other side.
func (s Side) Other() Side {
	if s == Sender {
		return Holder
	}
	return Sender
}

// Verb is what a side does with a leg. The moving verbs stand in the table;
// the others are events that move nothing.
type Verb string

const (
	Send     Verb = "send"
	Receive  Verb = "receive"
	Accept   Verb = "accept"
	Return   Verb = "return"
	Progress Verb = "progress"
	Feedback Verb = "feedback"
	Settle   Verb = "settle"
	Reopen   Verb = "reopen"
	Grant    Verb = "grant"  // answers an asked withdrawal (moves) or extension (does not)
	Refuse   Verb = "refuse" // answers an asked withdrawal or extension: no

	Withdraw   Verb = "withdraw" // asked by the sender
	Extend     Verb = "extend"   // asked by the holder
	Urge       Verb = "urge"
	Supplement Verb = "supplement"
	Call       Verb = "call"
	Callback   Verb = "callback"
	Contest    Verb = "contest"
	Escalate   Verb = "escalate"
	Void       Verb = "void" // gives up a numbered letter; takes its number
)

// Move is one row of the table: in From, Side may use Verb, and the leg is in
// To afterwards.
type Move struct {
	From State
	Verb Verb
	Side Side
	To   State
}

// table is every move there is, one row each. The same rows move the local copy
// of a leg and the copy of what the peer did.
var table = []Move{
	{Sent, Receive, Holder, Received},

	{Received, Accept, Holder, Accepted},
	{Received, Return, Holder, Returned},
	{Received, Grant, Holder, Withdrawn},

	{Accepted, Return, Holder, Returned},
	{Accepted, Progress, Holder, Working},
	{Accepted, Feedback, Holder, Answered},
	{Accepted, Grant, Holder, Withdrawn},

	{Working, Feedback, Holder, Answered},
	{Working, Grant, Holder, Withdrawn},

	{Answered, Settle, Sender, Settled},
	{Answered, Reopen, Sender, Reopened},

	{Settled, Reopen, Sender, Reopened}, // until reopen_until

	{Reopened, Progress, Holder, Working},
	{Reopened, Feedback, Holder, Answered},
	{Reopened, Grant, Holder, Withdrawn},
}

// Moves returns a copy of the table.
func Moves() []Move { return append([]Move(nil), table...) }

// Owner is the side whose move it is in a state; "" at an end.
func Owner(s State) Side {
	for _, m := range table {
		if m.From == s {
			return m.Side
		}
	}
	return ""
}

// held are the states in which the holder's people have the leg. Only in these
// is something asked and answered; a withdrawal may be asked of a sent leg too.
var (
	held  = []State{Received, Accepted, Working, Reopened}
	asked = append([]State{Sent}, held...)
)

// events are the verbs that move nothing: which side may use them, and in
// which states. A nil list of states means any.
var events = []struct {
	verb   Verb
	side   Side // "" either
	states []State
}{
	{Progress, Holder, []State{Working}},
	{Withdraw, Sender, asked},
	{Extend, Holder, held},
	{Grant, Sender, held},  // an asked extension
	{Refuse, Sender, held}, // an asked extension
	{Refuse, Holder, held}, // an asked withdrawal
	{Urge, Sender, nil},
	{Supplement, "", nil},
	{Call, "", nil},
	{Callback, "", nil},
	{Contest, Sender, []State{Returned}},
	{Escalate, Holder, nil},
	{Void, "", nil},
}

// Next decides a verb by one side in a state. It returns the state afterwards,
// which is the same state for an event, or a Conflict that names what is
// refused. This is the only place where a move is allowed.
func Next(from State, verb Verb, side Side) (State, error) {
	for _, m := range table {
		if m.From == from && m.Verb == verb && m.Side == side {
			return m.To, nil
		}
	}
	for _, e := range events {
		if e.verb == verb && (e.side == "" || e.side == side) && (e.states == nil || slices.Contains(e.states, from)) {
			return from, nil
		}
	}
	return from, hotline.Errorf(hotline.Conflict, "move_refused", "state", string(verb), string(from), string(side))
}

// moves says whether some row of the table has the verb on that side: the
// sender's grant is an event where the holder's moves.
func moves(v Verb, side Side) bool {
	for _, m := range table {
		if m.Verb == v && m.Side == side {
			return true
		}
	}
	return false
}

// event says whether a side may use a verb, in some state, without a move.
func event(v Verb, side Side) bool {
	for _, e := range events {
		if e.verb == v && (e.side == "" || e.side == side) {
			return true
		}
	}
	return false
}

// Verbs lists every verb, moving or not, in the order of a life.
func Verbs() []Verb {
	return []Verb{Send, Receive, Accept, Return, Progress, Feedback, Settle, Reopen, Grant, Refuse,
		Withdraw, Extend, Urge, Supplement, Call, Callback, Contest, Escalate, Void}
}
