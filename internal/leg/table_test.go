package leg

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/hotline"
)

// allowed is the life of a leg written out by hand, side by side with nothing
// of the code: "state verb side" and the state afterwards. What is not here is
// refused.
var allowed = map[string]State{
	// The holder's machine receives; then the holder decides, works and answers.
	"sent receive holder":      "received",
	"received accept holder":   "accepted",
	"received return holder":   "returned",
	"accepted return holder":   "returned",
	"accepted progress holder": "working",
	"reopened progress holder": "working",
	"accepted feedback holder": "answered",
	"working feedback holder":  "answered",
	"reopened feedback holder": "answered",

	// The sender takes the answer or wants it again.
	"answered settle sender": "settled",
	"answered reopen sender": "reopened",
	"settled reopen sender":  "reopened",

	// The holder gives back what the sender asked back.
	"received grant holder": "withdrawn",
	"accepted grant holder": "withdrawn",
	"working grant holder":  "withdrawn",
	"reopened grant holder": "withdrawn",

	// Events: they move nothing.
	"working progress holder": "working",

	"sent withdraw sender":     "sent",
	"received withdraw sender": "received",
	"accepted withdraw sender": "accepted",
	"working withdraw sender":  "working",
	"reopened withdraw sender": "reopened",
	"received refuse holder":   "received",
	"accepted refuse holder":   "accepted",
	"working refuse holder":    "working",
	"reopened refuse holder":   "reopened",

	"received extend holder": "received",
	"accepted extend holder": "accepted",
	"working extend holder":  "working",
	"reopened extend holder": "reopened",
	"received grant sender":  "received",
	"accepted grant sender":  "accepted",
	"working grant sender":   "working",
	"reopened grant sender":  "reopened",
	"received refuse sender": "received",
	"accepted refuse sender": "accepted",
	"working refuse sender":  "working",
	"reopened refuse sender": "reopened",

	"returned contest sender": "returned",
}

// always are the events that a side may send in every state.
var always = []string{
	"urge sender",
	"supplement sender", "supplement holder",
	"call sender", "call holder",
	"callback sender", "callback holder",
	"escalate holder",
	"void sender", "void holder",
}

var (
	allStates = []State{"sent", "received", "accepted", "working", "answered", "settled", "reopened", "returned", "withdrawn"}
	allVerbs  = []Verb{"send", "receive", "accept", "return", "progress", "feedback", "settle", "reopen", "grant", "refuse",
		"withdraw", "extend", "urge", "supplement", "call", "callback", "contest", "escalate", "void"}
	allSides = []Side{"sender", "holder"}
)

func TestEveryStateVerbAndSide(t *testing.T) {
	if diff := cmp.Diff(allStates, States()); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(allVerbs, Verbs()); diff != "" {
		t.Errorf("verbs (-want +got):\n%s", diff)
	}
	want := map[string]State{}
	for k, v := range allowed {
		want[k] = v
	}
	for _, s := range allStates {
		for _, e := range always {
			want[string(s)+" "+e] = s
		}
	}
	for _, s := range allStates {
		for _, v := range allVerbs {
			for _, side := range allSides {
				key := fmt.Sprintf("%s %s %s", s, v, side)
				got, err := Next(s, v, side)
				to, ok := want[key]
				switch {
				case ok && (err != nil || got != to):
					t.Errorf("%s: got %s, %v, want %s", key, got, err, to)
				case !ok && err == nil:
					t.Errorf("%s: leads to %s, want it refused", key, got)
				case !ok && (hotline.KindOf(err) != hotline.Conflict || hotline.CodeOf(err) != "move_refused" || got != s):
					t.Errorf("%s: refused as %v in %s, want a conflict that stays in %s", key, err, got, s)
				}
				delete(want, key)
			}
		}
	}
	for key := range want {
		t.Errorf("%s was never tried: a state, verb or side is missing above", key)
	}
}

// What is no state, verb or side moves nothing.
func TestNextRefusesStrangers(t *testing.T) {
	for _, tc := range []struct {
		s    State
		v    Verb
		side Side
	}{
		{"", Accept, Holder}, {"sent ", Receive, Holder}, {Received, "", Holder}, {Received, "ACCEPT", Holder},
		{Received, Accept, ""}, {Received, Accept, "peer"}, {Working, Progress, ""}, {Sent, Withdraw, ""},
	} {
		if to, err := Next(tc.s, tc.v, tc.side); err == nil {
			t.Errorf("Next(%q, %q, %q) = %q, want it refused", tc.s, tc.v, tc.side, to)
		}
	}
}

// In every state the next move belongs to one side, so two copies can never be
// moved apart.
func TestOneOwner(t *testing.T) {
	want := map[State]Side{
		Sent: Holder, Received: Holder, Accepted: Holder, Working: Holder, Reopened: Holder,
		Answered: Sender, Settled: Sender, Returned: "", Withdrawn: "",
	}
	for _, s := range States() {
		if got := Owner(s); got != want[s] {
			t.Errorf("%s is the %q's to move, want %q", s, got, want[s])
		}
		for _, m := range Moves() {
			if m.From == s && m.Side != want[s] {
				t.Errorf("in %s the %s may %s, but the move is the %q's", s, m.Side, m.Verb, want[s])
			}
		}
		if got, end := s.Ended(), want[s] == ""; got != end {
			t.Errorf("%s.Ended() = %v, want %v", s, got, end)
		}
	}
	if Sender.Other() != Holder || Holder.Other() != Sender {
		t.Error("the other side of a side is not the other side")
	}
}

// Every row moves, no pair of rows contradicts another, and every state can be
// reached.
func TestTableIsSound(t *testing.T) {
	seen, reached := map[string]bool{}, map[State]bool{Sent: true}
	for _, m := range Moves() {
		if m.From == m.To {
			t.Errorf("%v moves nothing: it is an event", m)
		}
		key := fmt.Sprint(m.From, m.Verb, m.Side)
		if seen[key] {
			t.Errorf("%v is there twice", m)
		}
		seen[key] = true
	}
	for range States() {
		for _, m := range Moves() {
			if reached[m.From] {
				reached[m.To] = true
			}
		}
	}
	for _, s := range States() {
		if !reached[s] {
			t.Errorf("no way leads to %s", s)
		}
	}
	Moves()[0].To = Withdrawn
	if Moves()[0].To == Withdrawn {
		t.Error("who writes into Moves() writes into the table")
	}
}

func TestMoving(t *testing.T) {
	want := []Verb{Send, Receive, Accept, Return, Progress, Feedback, Settle, Reopen, Grant}
	var got []Verb
	for _, v := range Verbs() {
		if Moving(v) {
			got = append(got, v)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("moving verbs (-want +got):\n%s", diff)
	}
}
