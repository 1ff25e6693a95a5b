package casefile

import "liandong/internal/leg"

// Step is something that may be done next with a case; the page shows the
// first as its primary button.
type Step struct {
	Code string // StepDual, …
	Leg  string // the leg it is about, or ""
}

// Codes of steps.
const (
	StepDual        = "dual_dispatch"  // urgent class: 110, local government and departments at once
	StepDanger      = "record_danger"  // C3: a person says what danger there is, then dual dispatch
	StepTo110       = "transfer_110"   // clearly police
	StepTo12345     = "transfer_12345" // clearly not police
	StepFirst       = "dispatch_first" // first response: police leg first
	StepRest        = "transfer_rest"  // first response is fed back: settle, or pass the rest on
	StepDispatch    = "dispatch"       // to the responsible unit
	StepThreeWay    = "three_way"      // unclear: call with both lines
	StepAccept      = "accept"         // an incoming leg waits
	StepAnswer      = "feedback"       // our legs are settled: answer the incoming leg
	StepSettle      = "settle"
	StepResolve     = "resolve" // a returned or undeliverable leg wants a successor
	StepPhone       = "phone"   // an urgent leg has no receipt or acceptance
	StepCallback    = "callback"
	StepClose       = "close"
	StepCloseOnSpot = "close_on_spot" // answered on the spot, or no case for the lines
	StepAssess      = "assess"        // not assessed for danger: a person must check
)

// Around is what Steps needs to know beside the case: of the urgent prompt, by
// leg id, and which platforms run a 110 line, by code.
type Around struct {
	Prompted map[string]bool
	Police   map[string]bool
}

// Steps lists what may be done next, most pressing first. line is the side that
// this node runs.
func Steps(line string, c Case, caseLine string, legs []leg.Leg, around Around) []Step {
	if !c.ClosedAt.IsZero() {
		return nil
	}
	var out []Step
	add := func(code, legID string) { out = append(out, Step{Code: code, Leg: legID}) }

	var outgoing, incoming []leg.Leg
	for _, l := range legs {
		if l.Incoming() {
			incoming = append(incoming, l)
		} else {
			outgoing = append(outgoing, l)
		}
	}
	for _, l := range outgoing {
		if around.Prompted[l.ID] {
			add(StepPhone, l.ID)
		}
	}
	untaken := false
	for _, l := range incoming {
		if l.State == leg.Received {
			add(StepAccept, l.ID)
			untaken = true
		}
	}
	dual := StepDual
	if c.Urgent == "C3" && c.Danger == "" {
		dual = StepDanger
	}
	toDual := c.Urgent != "" && line != "110" && !hasLegTo110(outgoing, around.Police)
	if toDual && !toldUrgent(incoming) {
		add(dual, "")
	}
	for _, l := range incoming {
		if live(outgoing) && canAnswer(l, outgoing) {
			add(StepAnswer, l.ID)
		}
	}
	for _, l := range outgoing {
		if l.NeedsResolution() {
			add(StepResolve, l.ID)
		}
	}
	for _, l := range outgoing {
		if l.State != leg.Answered {
			continue
		}
		if line == "110" && policeFirst(c) && (c.FirstResponse != "" || caseLine == "12345") && l.Local() && !restSent(outgoing, l.ID) {
			add(StepRest, l.ID)
		}
		add(StepSettle, l.ID)
	}
	if !live(outgoing) && !untaken && (len(incoming) == 0 || inHand(incoming)) {
		out = append(out, firstSteps(line, c, caseLine)...)
		for _, l := range incoming {
			if canAnswer(l, nil) {
				add(StepAnswer, l.ID)
			}
		}
	}
	if toDual && toldUrgent(incoming) {
		add(dual, "")
	}
	if allDone(legs) && len(legs) > 0 {
		if c.CallbackAt.IsZero() && c.NeedsCallback && callsBack(line, incoming) {
			add(StepCallback, "")
		}
		add(StepClose, "")
	}
	if len(legs) == 0 {
		add(StepCloseOnSpot, "")
	}
	if c.Unread {
		add(StepAssess, "")
	}
	return out
}

// firstSteps are the ways out of a case that nothing was done with yet.
func firstSteps(line string, c Case, caseLine string) []Step {
	first := StepDispatch
	switch {
	case line == "110" && policeFirst(c):
		first = StepFirst // danger: 110 dispatches first, whose matter it is comes later
	case line == "12345" && caseLine == "110":
		first = StepTo110
	case line == "110" && caseLine == "12345":
		first = StepTo12345
	case c.Category == "" && !internet(c.Channel):
		first = StepThreeWay
	}
	out := []Step{{Code: first}}
	for _, s := range []string{StepDispatch, StepTo110, StepTo12345, StepThreeWay} {
		if s == first || s == StepTo110 && line == "110" || s == StepTo12345 && line == "12345" || s == StepThreeWay && internet(c.Channel) {
			continue
		}
		out = append(out, Step{Code: s})
	}
	return out
}

// internet intake goes by system transfer, never by a phone call: the caller is
// not on the line.
func internet(channel string) bool {
	return channel == "web" || channel == "wechat" || channel == "app"
}

// policeFirst: at 110, danger and the first-response classes go to police
// before anybody asks whose matter it is.
func policeFirst(c Case) bool { return c.FirstResponse != "" || c.Urgent != "" }

// live says that something was sent that was not taken back: a case whose legs
// were all withdrawn stands where it began.
func live(outgoing []leg.Leg) bool {
	for _, l := range outgoing {
		if l.State != leg.Withdrawn {
			return true
		}
	}
	return false
}

// inHand says that we hold a leg and have not answered it.
func inHand(incoming []leg.Leg) bool {
	for _, l := range incoming {
		if canAnswer(l, nil) {
			return true
		}
	}
	return false
}

// toldUrgent says that the case came to us as urgent: who sent it has 110, or
// is 110. The dual dispatch is then still offered, not urged.
func toldUrgent(incoming []leg.Leg) bool {
	for _, l := range incoming {
		if l.Urgent {
			return true
		}
	}
	return false
}

// canAnswer: a leg that we hold is answered when what we sent on for it is
// done. What we sent to the same platform does not count: where a case has come
// back to where it came from, each would wait for the other.
func canAnswer(l leg.Leg, outgoing []leg.Leg) bool {
	if l.State != leg.Accepted && l.State != leg.Working && l.State != leg.Reopened {
		return false
	}
	for _, o := range outgoing {
		if !o.Done() && o.Peer != l.Peer {
			return false
		}
	}
	return true
}

// callsBack: 12345 asks the caller by default, also for a matter of 110's that
// it received; 110 asks only for what it never passed on.
func callsBack(line string, incoming []leg.Leg) bool {
	if len(incoming) > 0 {
		return incoming[0].CallbackBy == line
	}
	return true
}

func hasLegTo110(legs []leg.Leg, police map[string]bool) bool {
	for _, l := range legs {
		if police[l.Peer] && l.Urgent && l.State != leg.Returned && l.State != leg.Withdrawn {
			return true
		}
	}
	return false
}

func restSent(legs []leg.Leg, of string) bool {
	for _, l := range legs {
		if l.ForLeg == of {
			return true
		}
	}
	return false
}

func allDone(legs []leg.Leg) bool {
	for _, l := range legs {
		if !l.Done() {
			return false
		}
	}
	return true
}
