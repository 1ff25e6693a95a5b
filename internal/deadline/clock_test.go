package deadline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

func seed(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	for _, form := range []string{"2006-01-02 15:04", time.DateTime} {
		if got, err := time.ParseInLocation(form, s, calendar.Zone); err == nil {
			return got
		}
	}
	t.Fatalf("%q is no time", s)
	return time.Time{}
}

// 2026-11-23 is a Monday.
func TestPlan(t *testing.T) {
	cal := seed(t)
	for _, tc := range []struct{ start, budget, notAfter, near, due string }{
		// a day or less: 75 % of the budget's own time
		{"2026-11-23 10:00:00", "1m", "", "2026-11-23 10:00:45", "2026-11-23 10:01:00"},
		{"2026-11-23 10:00", "20m", "", "2026-11-23 10:15", "2026-11-23 10:20"},
		{"2026-11-23 10:00", "2h", "", "2026-11-23 11:30", "2026-11-23 12:00"},
		{"2026-11-23 10:00", "24h", "", "2026-11-24 04:00", "2026-11-24 10:00"},
		{"2026-11-23 10:00", "1d", "", "2026-11-24 04:00", "2026-11-24 10:00"},
		{"2026-11-23 10:00", "4wh", "", "2026-11-23 15:30", "2026-11-23 16:30"},
		{"2026-11-23 17:00", "4wh", "", "2026-11-24 11:30", "2026-11-24 12:30"},
		{"2026-11-23 10:00", "1wd", "", "2026-11-24 16:30", "2026-11-24 18:00"},
		{"2026-11-20 10:00", "1wd", "", "2026-11-23 16:30", "2026-11-23 18:00"},
		// longer: one working day before
		{"2026-11-23 10:00", "7wh", "", "2026-11-23 11:00", "2026-11-24 11:00"},
		{"2026-11-23 10:00", "2wd", "", "2026-11-24 18:00", "2026-11-25 18:00"},
		{"2026-11-23 10:00", "5wd", "", "2026-11-27 18:00", "2026-11-30 18:00"},
		{"2026-02-12 10:00", "3wd", "", "2026-02-14 18:00", "2026-02-24 18:00"},
		{"2026-11-23 10:00", "7d", "", "2026-11-27 10:00", "2026-11-30 10:00"},
		// no working day between: 75 % of the run
		{"2026-11-20 18:00", "2d", "", "2026-11-22 06:00", "2026-11-22 18:00"},
		// never later than the case
		{"2026-11-23 10:00", "5wd", "2026-11-25 18:00", "2026-11-24 18:00", "2026-11-25 18:00"},
		{"2026-11-23 10:00", "5wd", "2026-11-23 18:00", "2026-11-23 16:00", "2026-11-23 18:00"},
		{"2026-11-23 10:00", "5wd", "2026-12-25 18:00", "2026-11-27 18:00", "2026-11-30 18:00"},
		{"2026-11-23 10:00", "5wd", "2026-11-20 18:00", "2026-11-20 18:00", "2026-11-20 18:00"}, // born overdue
	} {
		notAfter := time.Time{}
		if tc.notAfter != "" {
			notAfter = at(t, tc.notAfter)
		}
		got, err := Plan(at(t, tc.start), map[Kind]string{Handling: tc.budget}, cal, "540102", notAfter)
		if err != nil {
			t.Errorf("%v: %v", tc, err)
			continue
		}
		got[0] = cards(cal).Arm(got[0])
		want := []Clock{{Kind: Handling, Budget: tc.budget, Start: at(t, tc.start), Due: at(t, tc.due), Next: at(t, tc.near)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", tc, diff)
		}
	}
}

func TestPlanWhole(t *testing.T) {
	cal := seed(t)
	start := at(t, "2026-11-23 10:00")
	budgets := map[Kind]string{Case: "15wd", Handling: "5wd", Receipt: "1m", SignIn: "1wd", FirstContact: "1h", Feedback: "20m", Callback: "2wd"}
	got, err := Plan(start, budgets, cal, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	for _, c := range got {
		c = cards(cal).Arm(c)
		kinds = append(kinds, c.Kind)
		if !c.Running() || c.Rung != 0 || !c.Next.After(start) || !c.Next.Before(c.Due) {
			t.Errorf("%s: got %+v, want it running with a rung ahead", c.Kind, c)
		}
	}
	if diff := cmp.Diff(Kinds(), kinds); diff != "" {
		t.Error(diff)
	}
	if got, err := Plan(start, nil, cal, "", time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("no budgets: got %v, %v", got, err)
	}
	if got, err := Plan(at(t, "2026-12-31 10:00"), map[Kind]string{Handling: "1wd", Receipt: "1m"}, cal, "", time.Time{}); err != nil || !got[1].Provisional || got[0].Provisional {
		t.Errorf("over the end of the calendar: got %v, %v, want only handling provisional", got, err)
	}
}

// What measures the new holder's promptness keeps its limit where the case is
// late already; what is owed to the caller does not.
func TestPlanOfALateCase(t *testing.T) {
	cal := seed(t)
	start := at(t, "2026-11-23 10:00")
	budgets := map[Kind]string{Receipt: "1m", SignIn: "1wd", FirstContact: "1h", Handling: "5wd"}
	over := at(t, "2026-11-23 09:00")
	got, err := Plan(start, budgets, cal, "", over)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got {
		if late := c.Overdue(start); late != (c.Kind == FirstContact || c.Kind == Handling) {
			t.Errorf("%s: overdue at once %v, due %v", c.Kind, late, c.Due)
		}
	}
	got, err = Plan(start, budgets, cal, "", at(t, "2026-11-23 10:30"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got {
		if c.Due.After(at(t, "2026-11-23 10:30")) {
			t.Errorf("%s is due %v, after its case", c.Kind, c.Due)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	cal := seed(t)
	_, err := Plan(at(t, "2026-11-23 10:00"), map[Kind]string{Handling: "0wd", SignIn: "soon", "lunch": "1h"}, cal, "", time.Time{})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"handling", "0wd", "sign_in", "soon", "lunch"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to name %s", err, want)
		}
	}
	if hotline.KindOf(err) != hotline.Invalid {
		t.Errorf("got kind %s, want invalid", hotline.KindOf(err))
	}
	if _, err := Plan(time.Time{}, map[Kind]string{Handling: "1h"}, cal, "", time.Time{}); err == nil {
		t.Error("zero start: got no error")
	}
}

// cards is the ladder of a version that has none: near, over.
func cards(cal *calendar.Calendar) Ladder {
	return Ladder{Steps: (&catalogue.Catalogue{}).Ladder("handling", "", "", false), Calendar: cal}
}

// shipped is a ladder that the product ships.
func shipped(t *testing.T, cal *calendar.Calendar, kind Kind, urgent bool) Ladder {
	c, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return Ladder{Steps: c.Ladder(string(kind), "A01", "", urgent), Calendar: cal}
}

func TestFire(t *testing.T) {
	cal := seed(t)
	start := at(t, "2026-11-23 10:00")
	fresh := cards(cal).Arm(Clock{Kind: Handling, Budget: "1h", Start: start, Due: start.Add(time.Hour)})
	type step struct {
		after time.Duration
		want  string
	}
	for _, tc := range []struct {
		what  string
		steps []step
	}{
		{"in order", []step{{0, ""}, {44 * time.Minute, ""}, {45 * time.Minute, "near"}, {50 * time.Minute, ""}, {59 * time.Minute, ""}, {time.Hour, "over"}, {2 * time.Hour, ""}, {99 * time.Hour, ""}}},
		{"down past near", []step{{10 * time.Minute, ""}, {90 * time.Minute, "near>over"}, {90 * time.Minute, ""}}},
		{"down between", []step{{55 * time.Minute, "near"}, {100 * time.Hour, "over"}, {101 * time.Hour, ""}}},
		{"a clock set back", []step{{time.Hour, "near>over"}, {50 * time.Minute, ""}, {time.Hour, ""}}},
	} {
		c := fresh
		for _, s := range tc.steps {
			was := c
			after, rung, overtaken := cards(cal).Fire(c, start.Add(s.after))
			c = after
			if got := strings.Join(append(overtaken, rung), ">"); got != s.want {
				t.Errorf("%s after %v: got %q, want %q", tc.what, s.after, got, s.want)
			}
			if rung == "" && c != was {
				t.Errorf("%s after %v: nothing fired, yet %+v became %+v", tc.what, s.after, was, c)
			}
		}
	}
	stopped := fresh
	stopped.Stopped = start.Add(time.Minute)
	if _, rung, _ := cards(cal).Fire(stopped, start.Add(5*time.Hour)); rung != "" {
		t.Errorf("stopped: got %s", rung)
	}
}

// The ladders that the product ships, rung by rung, written out by hand.
func TestShippedLadders(t *testing.T) {
	cal := seed(t)
	for _, tc := range []struct {
		what, start, budget string
		kind                Kind
		urgent              bool
		want                map[string]string
	}{
		{"five working days from Monday", "2026-11-23 10:00", "5wd", Handling, false, map[string]string{
			"remind": "2026-11-25 18:00", "near": "2026-11-27 18:00", "over": "2026-11-30 18:00", "red": "2026-12-01 09:30", "order": "2026-12-02 09:30"}},
		{"two working days leave no room to remind", "2026-11-23 10:00", "2wd", Handling, false, map[string]string{
			"near": "2026-11-24 18:00", "over": "2026-11-25 18:00", "red": "2026-11-26 09:30", "order": "2026-11-27 09:30"}},
		{"a day and less: 75 %", "2026-11-23 10:00", "24h", Handling, false, map[string]string{
			"near": "2026-11-24 08:00", "over": "2026-11-24 10:00", "red": "2026-11-25 09:30", "order": "2026-11-26 09:30"}}, // 04:00 is quiet
		{"over a weekend", "2026-11-26 10:00", "1wd", SignIn, false, map[string]string{
			"near": "2026-11-27 16:30", "over": "2026-11-27 18:00", "red": "2026-11-30 09:30", "order": "2026-12-02 09:30"}},
		{"at night, where the reminder finds no time", "2026-11-23 22:00", "2h", Handling, false, map[string]string{
			"over": "2026-11-24 00:00", "red": "2026-11-25 09:30", "order": "2026-11-26 09:30"}},
		{"urgent at night", "2026-11-27 23:00", "20m", Feedback, true, map[string]string{
			"near": "2026-11-27 23:15", "over": "2026-11-27 23:20", "red": "2026-11-27 23:25", "order": "2026-11-27 23:50"}},
	} {
		cs, err := Plan(at(t, tc.start), map[Kind]string{tc.kind: tc.budget}, cal, "", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		l := shipped(t, cal, tc.kind, tc.urgent)
		got := map[string]string{}
		for c := l.Arm(cs[0]); !c.Next.IsZero(); {
			when := c.Next
			var rung string
			c, rung, _ = l.Fire(c, when)
			got[rung] = when.In(calendar.Zone).Format("2006-01-02 15:04")
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.what, diff)
		}
	}
}

// Two months down: only the highest rung tells, and the others are named.
func TestLadderAfterTwoMonths(t *testing.T) {
	cal := seed(t)
	cs, err := Plan(at(t, "2026-09-01 10:00"), map[Kind]string{Handling: "5wd"}, cal, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	l := shipped(t, cal, Handling, false)
	c, rung, overtaken := l.Fire(l.Arm(cs[0]), at(t, "2026-11-01 10:00"))
	if rung != "order" || !slices.Equal(overtaken, []string{"remind", "near", "over", "red"}) || !c.Next.IsZero() {
		t.Errorf("got %s over %v, next %v", rung, overtaken, c.Next)
	}
}

// However the ticks fall, each rung fires at most once, in order, and the order
// comes last.
func TestFireOnce(t *testing.T) {
	cal := seed(t)
	start := at(t, "2026-11-23 10:00")
	l := shipped(t, cal, Handling, false)
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]string{"wd", "wh", "m", "h", "d"}).Draw(t, "unit")
		n := rapid.StringMatching(`[1-9][0-9]?`).Draw(t, "n")
		clocks, err := Plan(start, map[Kind]string{Handling: n + unit}, cal, "", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		c := l.Arm(clocks[0])
		run := c.Due.Sub(start) + 14*24*time.Hour
		ticks := rapid.SliceOfN(rapid.Int64Range(0, int64(run)*2), 1, 20).Draw(t, "ticks")
		slices.Sort(ticks)
		last := 0
		for _, tick := range append(ticks, int64(run)*2) {
			var rung string
			var over []string
			c, rung, over = l.Fire(c, start.Add(time.Duration(tick)))
			if rung == "" {
				continue
			}
			for _, r := range append(over, rung) {
				if RungOf(r) <= last {
					t.Errorf("%s: %s after rung %d", c.Budget, r, last)
				}
				last = RungOf(r)
			}
		}
		if last != RungOf("order") {
			t.Errorf("%s: ended at rung %d", c.Budget, last)
		}
	})
}

func TestMove(t *testing.T) {
	cal := seed(t)
	clocks, err := Plan(at(t, "2026-11-23 10:00"), map[Kind]string{Handling: "5wd"}, cal, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	c, rung, _ := cards(cal).Fire(cards(cal).Arm(clocks[0]), at(t, "2026-11-28 10:00"))
	if rung != "near" || c.Rung != RungOf("near") {
		t.Fatalf("got %+v, want near fired", c)
	}
	moved := cards(cal).Arm(c.Move(at(t, "2026-12-04 18:00")))
	if moved.Rung != 0 || !moved.Next.Equal(at(t, "2026-12-03 18:00")) || !moved.Start.Equal(c.Start) {
		t.Errorf("got %+v, want it to remind again on 3 December", moved)
	}
}

func TestLate(t *testing.T) {
	due := at(t, "2026-11-23 18:00")
	for _, tc := range []struct {
		stopped string
		now     string
		overdue bool
		late    bool
	}{
		{"", "2026-11-23 17:59", false, false},
		{"", "2026-11-23 18:00", true, true},
		{"2026-11-23 17:59", "2026-11-24 18:00", false, false},
		{"2026-11-23 18:00", "2026-11-24 18:00", false, true}, // half-open: at the due time it is over
		{"2026-11-23 18:01", "2026-11-24 18:00", false, true},
	} {
		c := Clock{Due: due}
		if tc.stopped != "" {
			c.Stopped = at(t, tc.stopped)
		}
		now := at(t, tc.now)
		if c.Overdue(now) != tc.overdue || c.Late(now) != tc.late {
			t.Errorf("%v: got overdue %v, late %v", tc, c.Overdue(now), c.Late(now))
		}
	}
}

// Walks a leg along the table and watches which clocks run in each state.
func TestClocksAlongTheLife(t *testing.T) {
	type move struct {
		verb leg.Verb
		to   leg.State
		want []Kind // running afterwards
	}
	sent := []Kind{Receipt, SignIn, FirstContact, Handling}
	received := []Kind{SignIn, FirstContact, Handling}
	accepted := []Kind{FirstContact, Handling}
	urgent := []Kind{FirstContact, Feedback, Handling}
	for _, tc := range []struct {
		what   string
		urgent bool
		moves  []move
	}{
		{"plain", false, []move{
			{leg.Send, leg.Sent, sent}, {leg.Receive, leg.Received, received}, {leg.Accept, leg.Accepted, accepted},
			{leg.Progress, leg.Working, accepted}, {leg.Urge, leg.Working, accepted}, {leg.Feedback, leg.Answered, nil},
			{leg.Settle, leg.Settled, nil}, {leg.Reopen, leg.Reopened, []Kind{Handling}}, {leg.Feedback, leg.Answered, nil},
		}},
		{"urgent", true, []move{
			{leg.Send, leg.Sent, sent}, {leg.Receive, leg.Received, received}, {leg.Accept, leg.Accepted, urgent},
			{leg.Progress, leg.Working, accepted}, {leg.Progress, leg.Working, accepted}, {leg.Feedback, leg.Answered, nil},
		}},
		{"answered at once", true, []move{
			{leg.Send, leg.Sent, sent}, {leg.Receive, leg.Received, received}, {leg.Accept, leg.Accepted, urgent}, {leg.Feedback, leg.Answered, nil},
		}},
		{"returned", false, []move{{leg.Send, leg.Sent, sent}, {leg.Receive, leg.Received, received}, {leg.Return, leg.Returned, nil}}},
		{"withdrawn", false, []move{
			{leg.Send, leg.Sent, sent}, {leg.Withdraw, leg.Sent, sent}, {leg.Receive, leg.Received, received}, {leg.Grant, leg.Withdrawn, nil},
		}},
		{"extension granted", false, []move{
			{leg.Send, leg.Sent, sent}, {leg.Receive, leg.Received, received}, {leg.Extend, leg.Received, received}, {leg.Grant, leg.Received, received},
		}},
	} {
		running := map[Kind]bool{}
		for i, m := range tc.moves {
			for _, k := range Stops(m.verb, m.to) {
				delete(running, k)
			}
			for _, k := range Starts(m.verb, tc.urgent) {
				running[k] = true
			}
			var got []Kind
			for _, k := range Kinds() {
				if running[k] {
					got = append(got, k)
				}
			}
			if diff := cmp.Diff(m.want, got); diff != "" {
				t.Errorf("%s, step %d (%s): %s", tc.what, i, m.verb, diff)
			}
		}
	}
}

// Where the table ends a leg or its answer, no clock of it may run on.
func TestEveryEndStopsEveryClock(t *testing.T) {
	for _, m := range leg.Moves() {
		ends := m.To == leg.Answered || m.To.Ended()
		got := Stops(m.Verb, m.To)
		all := !slices.ContainsFunc(LegKinds(), func(k Kind) bool { return !slices.Contains(got, k) })
		if all != ends {
			t.Errorf("%s from %s to %s stops %v; ends the clocks of the leg: got %v, want %v", m.Verb, m.From, m.To, got, all, ends)
		}
	}
	if diff := cmp.Diff([]Kind{Callback}, Stops(leg.Callback, leg.Settled)); diff != "" {
		t.Error(diff)
	}
	if got := CallStops([]string{"12345", "110"}); got != nil {
		t.Errorf("a call between the desks: got %v", got)
	}
	if diff := cmp.Diff([]Kind{FirstContact}, CallStops([]string{"caller", "12345"})); diff != "" {
		t.Error(diff)
	}
}

func TestLeft(t *testing.T) {
	cal := seed(t)
	for _, tc := range []struct {
		now, due string
		want     Remaining
	}{
		{"2026-11-23 10:00", "2026-11-23 12:15", Remaining{Hours: 2, Minutes: 15}},
		{"2026-11-23 10:00", "2026-11-30 18:00", Remaining{Days: 7, Hours: 8, WorkingDays: 5}},
		{"2026-11-23 10:00:30", "2026-11-23 10:01:00", Remaining{}},
		{"2026-11-23 10:00", "2026-11-23 10:00", Remaining{Overdue: true}},
		{"2026-11-23 18:20", "2026-11-23 18:00", Remaining{Overdue: true, Minutes: 20}},
		{"2026-11-24 10:00", "2026-11-23 18:00", Remaining{Overdue: true, Hours: 16, WorkingDays: 1}},
		{"2026-11-22 18:00", "2026-11-20 18:00", Remaining{Overdue: true, Days: 2}},
		{"2026-11-25 19:05", "2026-11-23 18:00", Remaining{Overdue: true, Days: 2, Hours: 1, Minutes: 5, WorkingDays: 2}},
	} {
		if diff := cmp.Diff(tc.want, Left(at(t, tc.now), at(t, tc.due), cal, "")); diff != "" {
			t.Errorf("%s for %s: %s", tc.now, tc.due, diff)
		}
	}
}

func TestPrompt(t *testing.T) {
	sentAt := at(t, "2026-11-23 10:00")
	for _, tc := range []struct {
		state  leg.State
		urgent bool
		waited time.Duration
		phone  bool
		want   string
	}{
		{leg.Sent, true, 4999 * time.Millisecond, false, ""},
		{leg.Sent, true, 5 * time.Second, false, NoReceipt},
		{leg.Sent, true, time.Hour, false, NoReceipt},
		{leg.Sent, true, time.Hour, true, ""},
		{leg.Sent, false, time.Hour, false, ""},
		{leg.Received, true, 59 * time.Second, false, ""},
		{leg.Received, true, 60 * time.Second, false, NoAcceptance},
		{leg.Received, true, time.Hour, true, ""},
		{leg.Received, false, time.Hour, false, ""},
		{leg.Accepted, true, time.Hour, false, ""},
		{leg.Working, true, time.Hour, false, ""},
		{leg.Returned, true, time.Hour, false, ""},
		{leg.Withdrawn, true, time.Hour, false, ""},
		{leg.Sent, true, -time.Minute, false, ""}, // this machine's clock was set back
	} {
		got, ok := Prompt(tc.state, sentAt, tc.urgent, sentAt.Add(tc.waited), tc.phone, DefaultPrompt)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("%+v: got %q %v", tc, got, ok)
		}
	}
	if got, _ := Prompt(leg.Sent, sentAt, true, sentAt.Add(time.Second), false, PromptLimits{Receipt: time.Second}); got != NoReceipt {
		t.Errorf("limits are data: got %q", got)
	}
}
