package supervision

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"liandong/internal/hotline"
)

// State of one unit's part in an order.
type State string

const (
	Issued    State = "issued"    // the unit owes an answer
	Answered  State = "answered"  // the supervisor reviews it
	Demanded  State = "demanded"  // the answer was not enough: a second one is owed
	Accepted  State = "accepted"  // an end
	Withdrawn State = "withdrawn" // an end
)

// States lists all states in the order of a life.
func States() []State { return []State{Issued, Answered, Demanded, Accepted, Withdrawn} }

// Verb is what is done with a part.
type Verb string

const (
	Answer   Verb = "answer"
	Accept   Verb = "accept"
	Demand   Verb = "demand"
	Withdraw Verb = "withdraw"
)

// Verbs lists all verbs.
func Verbs() []Verb { return []Verb{Answer, Accept, Demand, Withdraw} }

// Side whose move it is: the unit that owes an answer, or the supervisor.
type Side string

const (
	Unit       Side = "unit"
	Supervisor Side = "supervisor"
)

// Move is one row of the table.
type Move struct {
	From State
	Verb Verb
	Side Side
	To   State
}

var table = []Move{
	{Issued, Answer, Unit, Answered},
	{Issued, Withdraw, Supervisor, Withdrawn},
	{Answered, Accept, Supervisor, Accepted},
	{Answered, Demand, Supervisor, Demanded},
	{Demanded, Answer, Unit, Answered},
	{Demanded, Withdraw, Supervisor, Withdrawn},
}

// Moves returns a copy of the table.
func Moves() []Move { return slices.Clone(table) }

// Next decides a verb in a state; a refusal is a Conflict.
func Next(from State, v Verb, side Side) (State, error) {
	for _, m := range table {
		if m.From == from && m.Verb == v && m.Side == side {
			return m.To, nil
		}
	}
	return from, hotline.Errorf(hotline.Conflict, "order_move_refused", "state", string(v), string(from))
}

// Can lists the verbs that a side has in a state.
func Can(from State, side Side) []Verb {
	var out []Verb
	for _, m := range table {
		if m.From == from && m.Side == side {
			out = append(out, m.Verb)
		}
	}
	return out
}

// Owed says that the unit still owes an answer.
func (s State) Owed() bool { return s == Issued || s == Demanded }

// Ended says that no move leads out.
func (s State) Ended() bool { return s == Accepted || s == Withdrawn }

// Cause of an order.
type Cause string

const (
	Overdue     Cause = "overdue"     // by the ladder, or by hand
	Returned    Cause = "returned"    // returned again and again
	Reopened    Cause = "reopened"    // failed once already
	Unsatisfied Cause = "unsatisfied" // the caller says so
	Silent      Cause = "silent"      // nothing happens
	FalseClose  Cause = "false_close" // closed without being done
	OtherCause  Cause = "other"
)

// Causes lists the causes in the order shown.
func Causes() []Cause {
	return []Cause{Overdue, Returned, Reopened, Unsatisfied, Silent, FalseClose, OtherCause}
}

// Watch is a list of the supervisor's board.
type Watch string

const (
	WatchNear        Watch = "near" // due within a day
	WatchOver        Watch = "over"
	WatchReturned    Watch = "returned" // twice or more
	WatchReopened    Watch = "reopened"
	WatchUnsatisfied Watch = "unsatisfied" // asked within 30 days, not solved or not satisfied
	WatchSilent      Watch = "silent"      // open, and nothing happened for SilentAfter
)

// Watches lists the lists of the board.
func Watches() []Watch {
	return []Watch{WatchOver, WatchNear, WatchReturned, WatchReopened, WatchUnsatisfied, WatchSilent}
}

// Spans of the board. Proposals; no published rule was found.
const (
	NearFor        = 24 * time.Hour
	SilentAfter    = 3 * 24 * time.Hour
	UnsatisfiedFor = 30 * 24 * time.Hour
	ReturnedTimes  = 2
	UnfoundedTimes = 2 // a unit whose returns were found unfounded so often within UnfoundedFor is named
	UnfoundedFor   = 30 * 24 * time.Hour
)

// DefaultBudget is the limit of an answer where the supervisor names none:
// three working days. Proposal.
const DefaultBudget = "3wd"

// LadderDemand is what an order of the ladder demands, in the language of the
// orders themselves: it is kept with the case, as a supervisor's words are.
const LadderDemand = "承办事项超过时限仍未办结，请立即办理，并说明超期原因和办结时间。"

// Number is how an order is called: 督〔2026〕7号.
func Number(year, serial int) string { return fmt.Sprintf("督〔%d〕%d号", year, serial) }

// Draw picks n of the ids, by chance and yet the same for the same seed
// whoever draws again: the n whose SHA-256 of seed and id is least.
func Draw(seed string, ids []string, n int) []string {
	type lot struct {
		id  string
		key [sha256.Size]byte
	}
	lots := make([]lot, len(ids))
	for i, id := range ids {
		lots[i] = lot{id, sha256.Sum256([]byte(seed + "\n" + id))}
	}
	slices.SortFunc(lots, func(a, b lot) int { return cmp.Or(bytes.Compare(a.key[:], b.key[:]), cmp.Compare(a.id, b.id)) })
	out := make([]string, 0, max(0, min(n, len(lots))))
	for _, l := range lots[:cap(out)] {
		out = append(out, l.id)
	}
	return out
}
