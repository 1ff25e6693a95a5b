package leg

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/hotline"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// at is a leg in a state, as its sender's copy has it.
func at(s State) Leg {
	l := Leg{ID: "leg", Side: Sender, Peer: "540000-110", State: s, Version: 7, SentAt: noon.Add(-time.Hour)}
	if s == Settled {
		l.ReopenUntil = noon.Add(time.Hour)
	}
	return l
}

func (l Leg) with(change func(*Leg)) Leg {
	change(&l)
	return l
}

func pending(v Verb) func(*Leg) { return func(l *Leg) { l.Pending = v } }

func TestDo(t *testing.T) {
	until := noon.Add(48 * time.Hour)
	for name, tc := range map[string]struct {
		leg  Leg
		act  Act
		want func(*Leg) // what the act changes; nil: refused
		kind hotline.Kind
		code string
	}{
		"received": {leg: at(Sent), act: Act{Verb: Receive, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Received, 8 }},
		"a late receipt clears the flag": {leg: at(Sent).with(func(l *Leg) { l.Undeliverable = true }), act: Act{Verb: Receive, Side: Holder},
			want: func(l *Leg) { l.State, l.Version, l.Undeliverable = Received, 8, false }},
		"accepted":      {leg: at(Received), act: Act{Verb: Accept, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Accepted, 8 }},
		"work begins":   {leg: at(Accepted), act: Act{Verb: Progress, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Working, 8 }},
		"work goes on":  {leg: at(Working), act: Act{Verb: Progress, Side: Holder}, want: func(*Leg) {}},
		"answered":      {leg: at(Working), act: Act{Verb: Feedback, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Answered, 8 }},
		"settled":       {leg: at(Answered), act: Act{Verb: Settle, Side: Sender, ReopenUntil: until}, want: func(l *Leg) { l.State, l.Version, l.ReopenUntil = Settled, 8, until }},
		"reopened":      {leg: at(Answered), act: Act{Verb: Reopen, Side: Sender, At: noon}, want: func(l *Leg) { l.State, l.Version = Reopened, 8 }},
		"reopened late": {leg: at(Settled), act: Act{Verb: Reopen, Side: Sender, At: noon}, want: func(l *Leg) { l.State, l.Version = Reopened, 8 }},
		"reopened at the last moment": {leg: at(Settled), act: Act{Verb: Reopen, Side: Sender, At: noon.Add(time.Hour)},
			want: func(l *Leg) { l.State, l.Version = Reopened, 8 }},
		"reopened too late": {leg: at(Settled), act: Act{Verb: Reopen, Side: Sender, At: noon.Add(time.Hour + 1)}, kind: hotline.Conflict, code: "reopen_too_late"},
		"reopened too late, by letter": {leg: at(Settled), act: Act{Verb: Reopen, Side: Sender, At: noon.Add(time.Hour + 1), Letter: true},
			kind: hotline.Conflict, code: "reopen_too_late"},
		"an answer counts while it waits, however late": {leg: at(Answered), act: Act{Verb: Reopen, Side: Sender, At: noon.Add(9999 * time.Hour)},
			want: func(l *Leg) { l.State, l.Version = Reopened, 8 }},

		"returned": {leg: at(Received), act: Act{Verb: Return, Side: Holder, Ground: NotArea, Basis: "职责清单第3条", NextOwner: "城关区"},
			want: func(l *Leg) {
				l.State, l.Version, l.Ground, l.Basis, l.NextOwner = Returned, 8, NotArea, "职责清单第3条", "城关区"
			}},
		"returned after acceptance": {leg: at(Accepted), act: Act{Verb: Return, Side: Holder, Ground: OtherGround, Basis: "依据"},
			want: func(l *Leg) { l.State, l.Version, l.Ground, l.Basis = Returned, 8, OtherGround, "依据" }},
		"returned without a ground":     {leg: at(Received), act: Act{Verb: Return, Side: Holder, Basis: "依据"}, kind: hotline.Invalid, code: "ground_unknown"},
		"returned on a strange ground":  {leg: at(Received), act: Act{Verb: Return, Side: Holder, Ground: "busy", Basis: "依据"}, kind: hotline.Invalid, code: "ground_unknown"},
		"returned without a basis":      {leg: at(Accepted), act: Act{Verb: Return, Side: Holder, Ground: NotDuty}, kind: hotline.Invalid, code: "basis_missing"},
		"never returned after work":     {leg: at(Working), act: Act{Verb: Return, Side: Holder, Ground: NotDuty, Basis: "依据"}, kind: hotline.Conflict, code: "move_refused"},
		"the state is said before both": {leg: at(Working), act: Act{Verb: Return, Side: Holder}, kind: hotline.Conflict, code: "move_refused"},
		"a peer's return always stands": {leg: at(Received), act: Act{Verb: Return, Side: Holder, Letter: true}, want: func(l *Leg) { l.State, l.Version = Returned, 8 }},
		"but never after work":          {leg: at(Working), act: Act{Verb: Return, Side: Holder, Letter: true}, kind: hotline.Conflict, code: "move_refused"},
		"contested":                     {leg: at(Returned), act: Act{Verb: Contest, Side: Sender}, want: func(l *Leg) { l.Contested = true }},
		"contested twice":               {leg: at(Returned).with(func(l *Leg) { l.Contested = true }), act: Act{Verb: Contest, Side: Sender}, kind: hotline.Conflict, code: "already_contested"},

		"asked back":           {leg: at(Working), act: Act{Verb: Withdraw, Side: Sender}, want: pending(Withdraw)},
		"asked back, sent":     {leg: at(Sent), act: Act{Verb: Withdraw, Side: Sender}, want: pending(Withdraw)},
		"asked back twice":     {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Withdraw, Side: Sender}, kind: hotline.Conflict, code: "ask_pending"},
		"one ask at a time":    {leg: at(Working).with(pending(Extend)), act: Act{Verb: Withdraw, Side: Sender}, kind: hotline.Conflict, code: "ask_pending"},
		"one ask, either side": {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Extend, Side: Holder}, kind: hotline.Conflict, code: "ask_pending"},
		"more time asked":      {leg: at(Working), act: Act{Verb: Extend, Side: Holder}, want: pending(Extend)},
		"more time, too late":  {leg: at(Answered), act: Act{Verb: Extend, Side: Holder}, kind: hotline.Conflict, code: "move_refused"},

		"given back":          {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Grant, Side: Holder}, want: func(l *Leg) { l.State, l.Version, l.Pending = Withdrawn, 8, "" }},
		"kept":                {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Refuse, Side: Holder, Of: Withdraw}, want: pending("")},
		"more time given":     {leg: at(Working).with(pending(Extend)), act: Act{Verb: Grant, Side: Sender, Of: Extend}, want: pending("")},
		"more time refused":   {leg: at(Working).with(pending(Extend)), act: Act{Verb: Refuse, Side: Sender}, want: pending("")},
		"nothing was asked":   {leg: at(Working), act: Act{Verb: Grant, Side: Holder}, kind: hotline.Conflict, code: "nothing_asked"},
		"nothing to refuse":   {leg: at(Working), act: Act{Verb: Refuse, Side: Sender}, kind: hotline.Conflict, code: "nothing_asked"},
		"not one's own ask":   {leg: at(Working).with(pending(Extend)), act: Act{Verb: Grant, Side: Holder}, kind: hotline.Conflict, code: "nothing_asked"},
		"nor the other's":     {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Refuse, Side: Sender}, kind: hotline.Conflict, code: "nothing_asked"},
		"not another ask":     {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Grant, Side: Holder, Of: Extend}, kind: hotline.Conflict, code: "nothing_asked"},
		"nor one by letter":   {leg: at(Working).with(pending(Extend)), act: Act{Verb: Grant, Side: Holder, Of: Extend, Letter: true}, kind: hotline.Conflict, code: "nothing_asked"},
		"one's own extension": {leg: at(Accepted).with(pending(Withdraw)), act: Act{Verb: Refuse, Side: Sender, Of: Withdraw, Letter: true}, kind: hotline.Conflict, code: "nothing_asked"},

		// Accepting or beginning does not end an ask, answering and returning do.
		"acceptance keeps an ask": {leg: at(Received).with(pending(Withdraw)), act: Act{Verb: Accept, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Accepted, 8 }},
		"a receipt keeps an ask":  {leg: at(Sent).with(pending(Withdraw)), act: Act{Verb: Receive, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Received, 8 }},
		"work keeps an ask":       {leg: at(Accepted).with(pending(Extend)), act: Act{Verb: Progress, Side: Holder}, want: func(l *Leg) { l.State, l.Version = Working, 8 }},
		"progress keeps an ask":   {leg: at(Working).with(pending(Extend)), act: Act{Verb: Progress, Side: Holder}, want: func(*Leg) {}},
		"an answer ends an ask":   {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Feedback, Side: Holder}, want: func(l *Leg) { l.State, l.Version, l.Pending = Answered, 8, "" }},
		"a return ends an ask": {leg: at(Accepted).with(pending(Extend)), act: Act{Verb: Return, Side: Holder, Ground: NotDuty, Basis: "依据"},
			want: func(l *Leg) {
				l.State, l.Version, l.Pending, l.Ground, l.Basis = Returned, 8, "", NotDuty, "依据"
			}},

		// Letters that crossed a move or an ask of ours.
		"a withdrawal beats an extension":     {leg: at(Working).with(pending(Extend)), act: Act{Verb: Withdraw, Side: Sender, Letter: true}, want: pending(Withdraw)},
		"an extension never beats it":         {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Extend, Side: Holder, Letter: true}, want: func(*Leg) {}},
		"a withdrawal that comes too late":    {leg: at(Answered), act: Act{Verb: Withdraw, Side: Sender, Letter: true}, want: func(*Leg) {}},
		"a withdrawal of what is returned":    {leg: at(Returned), act: Act{Verb: Withdraw, Side: Sender, Letter: true}, want: func(*Leg) {}},
		"a granted extension that comes late": {leg: at(Answered), act: Act{Verb: Grant, Side: Sender, Of: Extend, Letter: true}, want: func(*Leg) {}},
		"a refused extension that comes late": {leg: at(Returned), act: Act{Verb: Refuse, Side: Sender, Of: Extend, Letter: true}, want: func(*Leg) {}},
		"an answer to an ask that is beaten":  {leg: at(Working).with(pending(Withdraw)), act: Act{Verb: Grant, Side: Sender, Of: Extend, Letter: true}, want: func(*Leg) {}},
		"what is not asked may be given back": {leg: at(Working), act: Act{Verb: Grant, Side: Holder, Of: Withdraw, Letter: true}, want: func(l *Leg) { l.State, l.Version = Withdrawn, 8 }},
		"a letter moves no other way":         {leg: at(Settled), act: Act{Verb: Accept, Side: Holder, Letter: true}, kind: hotline.Conflict, code: "move_refused"},
		"a letter of the wrong side":          {leg: at(Received), act: Act{Verb: Accept, Side: Sender, Letter: true}, kind: hotline.Conflict, code: "move_refused"},
		"an ask of the wrong side":            {leg: at(Received), act: Act{Verb: Withdraw, Side: Holder, Letter: true}, kind: hotline.Conflict, code: "move_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.leg.Do(tc.act)
			want := tc.leg
			if tc.want != nil {
				tc.want(&want)
				if err != nil {
					t.Fatalf("got %v, want it done", err)
				}
			} else if hotline.KindOf(err) != tc.kind || hotline.CodeOf(err) != tc.code {
				t.Fatalf("got %v, want %s %s", err, tc.kind, tc.code)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("leg (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrantAtOnce(t *testing.T) {
	for _, s := range States() {
		for _, ask := range []Verb{"", Withdraw, Extend} {
			for _, urgent := range []bool{false, true} {
				l := at(s).with(func(l *Leg) { l.Pending, l.Urgent = ask, urgent })
				if got, want := l.GrantAtOnce(), s == Received && ask == Withdraw && !urgent; got != want {
					t.Errorf("%s, asked %q, urgent %v: got %v, want %v", s, ask, urgent, got, want)
				}
			}
		}
	}
}

// Whether a leg keeps its case open, and whether its sender must still say how
// it goes on, for either copy.
func TestDoneAndNeedsResolution(t *testing.T) {
	for _, tc := range []struct {
		name        string
		leg         Leg
		done, needs bool
	}{
		{"sent", at(Sent), false, false},
		{"received", at(Received), false, false},
		{"accepted", at(Accepted), false, false},
		{"working", at(Working), false, false},
		{"answered", at(Answered), false, false},
		{"reopened", at(Reopened), false, false},
		{"settled", at(Settled), true, false},
		{"withdrawn", at(Withdrawn), true, false},
		{"returned", at(Returned), false, true},
		{"returned, kept", at(Returned).with(resolved(KeptBySender)), true, false},
		{"returned, sent on", at(Returned).with(resolved(BySuccessor)), true, false},
		{"undeliverable", at(Sent).with(undeliverable), false, true},
		{"undeliverable, sent on", at(Sent).with(undeliverable).with(resolved(BySuccessor)), true, false},
		{"sent on, then received late", at(Received).with(resolved(BySuccessor)), false, false},
		{"flag without meaning", at(Working).with(undeliverable), false, false},
		{"we returned it", at(Returned).with(incoming), true, false},
		{"we answered it", at(Answered).with(incoming), false, false},
		{"they settled it", at(Settled).with(incoming), true, false},
	} {
		if got := tc.leg.Done(); got != tc.done {
			t.Errorf("%s: done %v, want %v", tc.name, got, tc.done)
		}
		if got := tc.leg.NeedsResolution(); got != tc.needs {
			t.Errorf("%s: needs a resolution %v, want %v", tc.name, got, tc.needs)
		}
	}
}

func resolved(r Resolution) func(*Leg) { return func(l *Leg) { l.Resolution = r } }
func undeliverable(l *Leg)             { l.Undeliverable = true }
func incoming(l *Leg)                  { l.Side = Holder }

// The buttons of a page: written out for every state and side, without asks.
func TestCan(t *testing.T) {
	for _, tc := range []struct {
		state  State
		side   Side
		change func(*Leg)
		want   []Verb
	}{
		{Sent, Sender, nil, []Verb{Withdraw, Urge, Supplement}},
		{Sent, Holder, nil, []Verb{Supplement, Escalate}},
		{Received, Sender, nil, []Verb{Withdraw, Urge, Supplement}},
		{Received, Holder, nil, []Verb{Accept, Return, Extend, Supplement, Escalate}},
		{Accepted, Sender, nil, []Verb{Withdraw, Urge, Supplement}},
		{Accepted, Holder, nil, []Verb{Return, Progress, Feedback, Extend, Supplement, Escalate}},
		{Working, Sender, nil, []Verb{Withdraw, Urge, Supplement}},
		{Working, Holder, nil, []Verb{Progress, Feedback, Extend, Supplement, Escalate}},
		{Answered, Sender, nil, []Verb{Settle, Reopen, Supplement}},
		{Answered, Holder, nil, []Verb{Supplement, Escalate}},
		{Settled, Sender, nil, []Verb{Reopen, Supplement}},
		{Settled, Sender, func(l *Leg) { l.ReopenUntil = noon.Add(-1) }, []Verb{Supplement}},
		{Settled, Holder, nil, []Verb{Supplement, Escalate}},
		{Reopened, Sender, nil, []Verb{Withdraw, Urge, Supplement}},
		{Reopened, Holder, nil, []Verb{Progress, Feedback, Extend, Supplement, Escalate}},
		{Returned, Sender, nil, []Verb{Supplement, Contest}},
		{Returned, Sender, func(l *Leg) { l.Contested = true }, []Verb{Supplement}},
		{Returned, Holder, nil, []Verb{Supplement, Escalate}},
		{Withdrawn, Sender, nil, []Verb{Supplement}},
		{Withdrawn, Holder, nil, []Verb{Supplement, Escalate}},

		{Working, Sender, pending(Withdraw), []Verb{Urge, Supplement}},
		{Working, Holder, pending(Withdraw), []Verb{Progress, Feedback, Grant, Refuse, Supplement, Escalate}},
		{Working, Sender, pending(Extend), []Verb{Grant, Refuse, Urge, Supplement}},
		{Working, Holder, pending(Extend), []Verb{Progress, Feedback, Supplement, Escalate}},
		{Sent, Holder, pending(Withdraw), []Verb{Supplement, Escalate}}, // nobody there has it yet
	} {
		l := at(tc.state)
		if tc.change != nil {
			tc.change(&l)
		}
		if diff := cmp.Diff(tc.want, l.Can(tc.side, noon)); diff != "" {
			t.Errorf("%s, %s, asked %q (-want +got):\n%s", tc.state, tc.side, l.Pending, diff)
		}
	}
}
