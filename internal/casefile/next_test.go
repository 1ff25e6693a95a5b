package casefile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"liandong/internal/leg"
)

func urgent(l leg.Leg) leg.Leg {
	l.Urgent = true
	return l
}

func named(id string, l leg.Leg) leg.Leg {
	l.ID = id
	return l
}

// restOf is the leg to 12345 that carries on what police left over.
func restOf(l leg.Leg, id string) leg.Leg {
	l.ID, l.ForLeg = "rest", id
	return l
}

// lineOf is the side of a class.
func lineOf(class string) string {
	switch {
	case strings.HasPrefix(class, "A"):
		return "12345"
	case strings.HasPrefix(class, "B"):
		return "110"
	}
	return ""
}

// police are the platforms that run a 110 line, where away legs go.
var police = map[string]bool{"540000-110": true}

// codes are the steps as "code leg", the primary first.
func codes(steps []Step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, strings.TrimSpace(s.Code+" "+s.Leg))
	}
	return out
}

// The routes that the policy names: the first step is the right one.
func TestRoutes(t *testing.T) {
	type route struct {
		line string
		c    Case
		legs []leg.Leg
		want string
	}
	routes := map[string]route{
		"unclear, on the phone at 12345":     {line: "12345", c: Case{Channel: "phone"}, want: StepThreeWay},
		"unclear, on the phone at 110":       {line: "110", c: Case{Channel: "phone"}, want: StepThreeWay},
		"unclear, from the internet":         {line: "12345", c: Case{Channel: "web"}, want: StepDispatch}, // never a call
		"unclear, from the internet, at 110": {line: "110", c: Case{Channel: "wechat"}, want: StepDispatch},

		"C3 with the danger recorded": {line: "12345", c: Case{Category: "A12", Urgent: "C3", Danger: "有人持棍棒"}, want: StepDual},
		"C3 without it":               {line: "12345", c: Case{Category: "A12", Urgent: "C3"}, want: StepDanger},

		"first response, police have not answered": {line: "110", c: Case{Category: "A01", FirstResponse: "D6"}, legs: []leg.Leg{out(leg.Working)}, want: ""},
		"first response, fed back":                 {line: "110", c: Case{Category: "A01", FirstResponse: "D6"}, legs: []leg.Leg{out(leg.Answered)}, want: StepRest + " out"},
		"first response, the rest is sent":         {line: "110", c: Case{Category: "A01", FirstResponse: "D6"}, legs: []leg.Leg{out(leg.Answered), restOf(away(leg.Sent), "out")}, want: StepSettle + " out"},
		"danger at 110, fed back":                  {line: "110", c: Case{Category: "A05", Urgent: "C4"}, legs: []leg.Leg{out(leg.Answered)}, want: StepRest + " out"},
		"danger at 110, a matter of police":        {line: "110", c: Case{Category: "B01", Urgent: "C4"}, legs: []leg.Leg{out(leg.Answered)}, want: StepSettle + " out"},
		"no first response, fed back":              {line: "110", c: Case{Category: "B05"}, legs: []leg.Leg{out(leg.Answered)}, want: StepSettle + " out"},
		"12345 has no first response":              {line: "12345", c: Case{Category: "A01", FirstResponse: "D6"}, legs: []leg.Leg{out(leg.Answered)}, want: StepSettle + " out"},

		"came from the other line":           {line: "12345", c: Case{Category: "A01", Channel: "platform"}, legs: []leg.Leg{in(leg.Received)}, want: StepAccept + " in"},
		"came urgent":                        {line: "12345", c: Case{Category: "A01", Urgent: "C4", Channel: "platform"}, legs: []leg.Leg{urgent(in(leg.Received))}, want: StepAccept + " in"},
		"came urgent, accepted":              {line: "12345", c: Case{Category: "A01", Urgent: "C4", Channel: "platform"}, legs: []leg.Leg{urgent(in(leg.Accepted))}, want: StepDispatch},
		"came calm, danger found here":       {line: "12345", c: Case{Category: "A01", Urgent: "C4"}, legs: []leg.Leg{in(leg.Accepted)}, want: StepDual},
		"came, accepted":                     {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{in(leg.Accepted)}, want: StepDispatch},
		"came to 110, accepted":              {line: "110", c: Case{Category: "B01"}, legs: []leg.Leg{in(leg.Accepted)}, want: StepDispatch},
		"came, sent on, under way":           {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{in(leg.Accepted), out(leg.Working)}, want: ""},
		"came, sent on, done":                {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{in(leg.Accepted), out(leg.Settled)}, want: StepAnswer + " in"},
		"came, sent on, done, danger since":  {line: "12345", c: Case{Category: "A01", Urgent: "C1"}, legs: []leg.Leg{in(leg.Working), out(leg.Settled)}, want: StepDual},
		"came, answered: the sender's move":  {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{in(leg.Answered)}, want: ""},
		"came, reopened":                     {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{in(leg.Reopened), out(leg.Settled)}, want: StepAnswer + " in"},
		"came, settled, we ask the caller":   {line: "12345", c: Case{Category: "A01", NeedsCallback: true}, legs: []leg.Leg{in(leg.Settled)}, want: StepCallback},
		"came, settled, they ask the caller": {line: "110", c: Case{Category: "B01", NeedsCallback: true}, legs: []leg.Leg{in(leg.Settled)}, want: StepClose},
		"came, taken back":                   {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{in(leg.Withdrawn)}, want: StepClose},

		"returned":                           {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{out(leg.Returned)}, want: StepResolve + " out"},
		"undeliverable":                      {line: "12345", c: Case{Category: "B01"}, legs: []leg.Leg{undeliverable(away(leg.Sent))}, want: StepResolve + " away"},
		"returned, another fed back":         {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{out(leg.Answered), away(leg.Returned)}, want: StepResolve + " away"},
		"110 gives danger back":              {line: "12345", c: Case{Urgent: "C4"}, legs: []leg.Leg{urgent(away(leg.Returned))}, want: StepDual},
		"dual dispatch sent":                 {line: "12345", c: Case{Urgent: "C4"}, legs: []leg.Leg{urgent(away(leg.Received)), urgent(out(leg.Received))}, want: ""},
		"departments only: 110 is missing":   {line: "12345", c: Case{Urgent: "C4"}, legs: []leg.Leg{urgent(out(leg.Received))}, want: StepDual},
		"fed back":                           {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{out(leg.Answered)}, want: StepSettle + " out"},
		"settled":                            {line: "12345", c: Case{Category: "A01", NeedsCallback: true}, legs: []leg.Leg{out(leg.Settled)}, want: StepCallback},
		"settled, asked":                     {line: "12345", c: Case{Category: "A01", NeedsCallback: true, CallbackAt: noon}, legs: []leg.Leg{out(leg.Settled)}, want: StepClose},
		"taken back: it stands as it began":  {line: "12345", c: Case{Category: "A01"}, legs: []leg.Leg{out(leg.Withdrawn)}, want: StepDispatch},
		"taken back from 110":                {line: "12345", c: Case{Category: "B01"}, legs: []leg.Leg{away(leg.Withdrawn)}, want: StepTo110},
		"not assessed":                       {line: "12345", c: Case{Category: "A01", Unread: true}, want: StepDispatch},
		"closed":                             {line: "12345", c: Case{Category: "A01", ClosedAt: noon}, legs: []leg.Leg{out(leg.Settled)}, want: ""},
		"not assessed, everything under way": {line: "12345", c: Case{Category: "A01", Unread: true}, legs: []leg.Leg{out(leg.Working)}, want: StepAssess},
	}
	for i := 1; i <= 17; i++ {
		class := fmt.Sprintf("A%02d", i)
		routes[class+" at 110"] = route{line: "110", c: Case{Category: class, Channel: "phone"}, want: StepTo12345}
		routes[class+" at 12345"] = route{line: "12345", c: Case{Category: class, Channel: "phone"}, want: StepDispatch}
	}
	for i := 1; i <= 7; i++ {
		class, first := fmt.Sprintf("B%02d", i), fmt.Sprintf("D%d", i)
		routes[class+" at 12345"] = route{line: "12345", c: Case{Category: class, Channel: "phone"}, want: StepTo110}
		routes[class+" at 110"] = route{line: "110", c: Case{Category: class, Channel: "phone"}, want: StepDispatch}
		routes[class+" from the internet"] = route{line: "12345", c: Case{Category: class, Channel: "app"}, want: StepTo110}
		routes[first+" at 110"] = route{line: "110", c: Case{Category: "A01", FirstResponse: first}, want: StepFirst}
		routes[first+" at 12345"] = route{line: "12345", c: Case{Category: "A01", FirstResponse: first}, want: StepDispatch}
	}
	for _, class := range []string{"C1", "C2", "C4"} {
		routes[class+" at 12345"] = route{line: "12345", c: Case{Urgent: class}, want: StepDual}
		routes[class+" at 12345, of whatever class"] = route{line: "12345", c: Case{Category: "B01", Urgent: class}, want: StepDual}
		routes[class+" at 110, whoever's it is"] = route{line: "110", c: Case{Category: "A05", Urgent: class}, want: StepFirst}
	}
	for name, r := range routes {
		got := codes(Steps(r.line, r.c, lineOf(r.c.Category), r.legs, Around{Police: police}))
		first := ""
		if len(got) > 0 {
			first = got[0]
		}
		if first != r.want {
			t.Errorf("%s: first of %v, want %q", name, got, r.want)
		}
	}
}

// All the steps, in their order, where more than one is open.
func TestStepsInOrder(t *testing.T) {
	for _, tc := range []struct {
		name string
		line string
		c    Case
		legs []leg.Leg
		want []string
	}{
		{"new", "12345", Case{Category: "A01"}, nil, []string{StepDispatch, StepTo110, StepThreeWay, StepCloseOnSpot}},
		{"new, from the internet", "12345", Case{Category: "A01", Channel: "web"}, nil, []string{StepDispatch, StepTo110, StepCloseOnSpot}},
		{"new at 110", "110", Case{Category: "A01"}, nil, []string{StepTo12345, StepDispatch, StepThreeWay, StepCloseOnSpot}},
		{"danger", "12345", Case{Urgent: "C4", Unread: true}, nil, []string{StepDual, StepThreeWay, StepDispatch, StepTo110, StepCloseOnSpot, StepAssess}},
		{"first response is fed back", "110", Case{Category: "A01", FirstResponse: "D1"}, []leg.Leg{out(leg.Answered)}, []string{StepRest + " out", StepSettle + " out"}},
		{"an urgent leg waits", "12345", Case{Urgent: "C4"}, []leg.Leg{named("slow", urgent(away(leg.Sent))), out(leg.Answered)}, []string{StepPhone + " slow", StepSettle + " out"}},
		{"an urgent leg to another line is none to 110", "12345", Case{Category: "A01", Urgent: "C4"}, []leg.Leg{urgent(leg.Leg{ID: "fire", Side: leg.Sender, Peer: "540000-119", State: leg.Accepted})}, []string{StepDual}},
		{"110 gave danger back", "12345", Case{Category: "A01", Urgent: "C4"}, []leg.Leg{urgent(away(leg.Returned))}, []string{StepDual, StepResolve + " away"}},
		{"two came in", "12345", Case{Category: "A01"}, []leg.Leg{named("one", in(leg.Received)), named("two", in(leg.Received))}, []string{StepAccept + " one", StepAccept + " two"}},
		{"two came in, both in hand", "12345", Case{Category: "A01"}, []leg.Leg{named("one", in(leg.Accepted)), named("two", in(leg.Working)), out(leg.Settled)},
			[]string{StepAnswer + " one", StepAnswer + " two"}},
		{"came urgent: 110 may be sent, and is not urged", "12345", Case{Category: "A01", Urgent: "C3"}, []leg.Leg{urgent(in(leg.Accepted)), out(leg.Settled)},
			[]string{StepAnswer + " in", StepDanger}},
		{"settled", "12345", Case{Category: "A01", NeedsCallback: true}, []leg.Leg{out(leg.Settled)}, []string{StepCallback, StepClose}},
		{"taken back", "110", Case{Category: "B01"}, []leg.Leg{out(leg.Withdrawn)}, []string{StepDispatch, StepTo12345, StepThreeWay, StepClose}},
		{"it came back to where it came from", "12345", Case{Category: "B01"}, []leg.Leg{in(leg.Accepted), away(leg.Answered)}, []string{StepAnswer + " in", StepSettle + " away"}},
	} {
		got := codes(Steps(tc.line, tc.c, lineOf(tc.c.Category), tc.legs, Around{Prompted: map[string]bool{"slow": true}, Police: police}))
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s:\n got %v\nwant %v", tc.name, got, tc.want)
		}
	}
}

// Whatever the case: gathering without danger recorded is never dispatched to
// two sides, a line never transfers to itself, nothing from the internet is
// called about, nothing is offered twice, a step's leg is there and can be
// moved so, and a case that may be closed can be.
func TestStepsHold(t *testing.T) {
	allowed := map[string]func(leg.Leg) bool{
		StepAccept:  func(l leg.Leg) bool { return slices.Contains(l.Can(leg.Holder, noon), leg.Accept) },
		StepAnswer:  func(l leg.Leg) bool { return slices.Contains(l.Can(leg.Holder, noon), leg.Feedback) },
		StepSettle:  func(l leg.Leg) bool { return slices.Contains(l.Can(leg.Sender, noon), leg.Settle) },
		StepRest:    func(l leg.Leg) bool { return l.Local() && l.State == leg.Answered },
		StepResolve: leg.Leg.NeedsResolution,
		StepPhone:   func(l leg.Leg) bool { return !l.Incoming() },
	}
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"12345", "110"}).Draw(t, "line")
		c := Case{
			Category:      rapid.SampledFrom([]string{"", "A01", "A12", "B01", "B07"}).Draw(t, "category"),
			Urgent:        rapid.SampledFrom([]string{"", "C1", "C3", "C4"}).Draw(t, "urgent"),
			Danger:        rapid.SampledFrom([]string{"", "有人持棍棒"}).Draw(t, "danger"),
			FirstResponse: rapid.SampledFrom([]string{"", "D7"}).Draw(t, "first response"),
			Channel:       rapid.SampledFrom(Channels).Draw(t, "channel"),
			Unread:        rapid.Bool().Draw(t, "unread"),
			NeedsCallback: rapid.Bool().Draw(t, "needs a callback"),
		}
		legs, byID, prompted := []leg.Leg{}, map[string]leg.Leg{}, map[string]bool{}
		for i := range rapid.IntRange(0, 4).Draw(t, "legs") {
			l := rapid.SampledFrom([]func(leg.State) leg.Leg{out, away, in}).Draw(t, "side")(rapid.SampledFrom(leg.States()).Draw(t, "state"))
			l.ID, l.Urgent = fmt.Sprint("leg", i), rapid.Bool().Draw(t, "urgent leg")
			if rapid.Bool().Draw(t, "kept") {
				l = kept(l)
			}
			legs, byID[l.ID], prompted[l.ID] = append(legs, l), l, rapid.Bool().Draw(t, "prompted")
		}
		steps := Steps(line, c, lineOf(c.Category), legs, Around{Prompted: prompted, Police: police})
		seen := map[Step]bool{}
		for _, s := range steps {
			if seen[s] {
				t.Fatalf("%v is offered twice: %v", s, steps)
			}
			seen[s] = true
			l, known := byID[s.Leg]
			if check := allowed[s.Code]; check != nil && (!known || !check(l)) || check == nil && s.Leg != "" {
				t.Fatalf("%v is offered of %+v", s, l)
			}
		}
		has := func(code string) bool { return seen[Step{Code: code}] }
		switch {
		case c.Urgent == "C3" && c.Danger == "" && has(StepDual):
			t.Fatalf("gathering is dispatched with no danger recorded: %v", steps)
		case line == "110" && (has(StepDual) || has(StepDanger) || has(StepTo110)), line == "12345" && (has(StepTo12345) || has(StepFirst)):
			t.Fatalf("%s sends to itself: %v", line, steps)
		case c.Urgent == "" && (has(StepDual) || has(StepDanger)):
			t.Fatalf("a calm case is dispatched as urgent: %v", steps)
		case has(StepThreeWay) && (c.Channel == "web" || c.Channel == "wechat" || c.Channel == "app"):
			t.Fatalf("a call about what came from the internet: %v", steps)
		case has(StepClose) != (len(legs) > 0 && CanClose(c, legs, SolvedOutcome) == nil):
			t.Fatalf("close offered: %v, but it may be closed: %v", has(StepClose), CanClose(c, legs, SolvedOutcome))
		case has(StepCloseOnSpot) != (len(legs) == 0):
			t.Fatalf("answered on the spot, with %d legs: %v", len(legs), steps)
		case len(legs) == 0 && len(steps) == 0:
			t.Fatal("nothing can be done with a new case")
		case has(StepAssess) != c.Unread:
			t.Fatalf("unread %v: %v", c.Unread, steps)
		}
		c.ClosedAt = noon
		if steps := Steps(line, c, lineOf(c.Category), legs, Around{Prompted: prompted, Police: police}); steps != nil {
			t.Fatalf("a closed case offers %v", steps)
		}
	})
}
