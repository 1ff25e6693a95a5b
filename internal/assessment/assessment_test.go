package assessment

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/deadline"
)

var shanghai = time.FixedZone("CST", 8*60*60)

// Each indicator on facts whose answer is written out by hand.
func TestIndicators(t *testing.T) {
	base := Fact{Sent: 1, SignDue: 10, HandleDue: 20, Peer: "p"}
	with := func(change func(*Fact)) Fact { f := base; change(&f); return f }
	for _, tc := range []struct {
		name string
		f    Fact
		asOf int64
		want map[string][2]bool // code → in denominator, in numerator; others as in none
	}{
		{"limit not reached", base, 9, map[string][2]bool{Returned: {true, false}, Misdirected: {true, false}}},
		{"signed at the due time, which is late", with(func(f *Fact) { f.Signed = 10 }), 15, map[string][2]bool{SignedOnTime: {true, false}, Returned: {true, false}, Misdirected: {true, false}}},
		{"answered at the due time", with(func(f *Fact) { f.Signed, f.Answered = 2, 20 }), 30, map[string][2]bool{SignedOnTime: {true, true},
			HandledOnTime: {true, false}, Overdue: {true, true}, Returned: {true, false}, Misdirected: {true, false}, ReopenedRate: {true, false}}},
		{"signed in time, just", with(func(f *Fact) { f.Signed = 9 }), 15, map[string][2]bool{SignedOnTime: {true, true}, Returned: {true, false}, Misdirected: {true, false}}},
		{"signed late", with(func(f *Fact) { f.Signed = 11 }), 15, map[string][2]bool{SignedOnTime: {true, false}, Returned: {true, false}, Misdirected: {true, false}}},
		{"signed after the statement", with(func(f *Fact) { f.Signed = 16 }), 15, map[string][2]bool{SignedOnTime: {true, false}, Returned: {true, false}, Misdirected: {true, false}}},
		{"answered in time, reopened", with(func(f *Fact) { f.Signed, f.Answered, f.Reopened = 2, 19, 25 }), 30, map[string][2]bool{SignedOnTime: {true, true},
			HandledOnTime: {true, true}, Overdue: {true, false}, Returned: {true, false}, Misdirected: {true, false}, ReopenedRate: {true, true}}},
		{"over", base, 30, map[string][2]bool{SignedOnTime: {true, false}, HandledOnTime: {true, false}, Overdue: {true, true}, Returned: {true, false}, Misdirected: {true, false}}},
		{"returned for duty", with(func(f *Fact) { f.Signed, f.Returned, f.Misdirected = 5, 5, true }), 30, map[string][2]bool{SignedOnTime: {true, true}, Returned: {true, true}, Misdirected: {true, true}, Unfounded: {true, false}}},
		{"returned without ground", with(func(f *Fact) { f.Signed, f.Returned, f.Unfounded = 5, 5, 30 }), 30, map[string][2]bool{SignedOnTime: {true, true}, Returned: {true, true}, Misdirected: {true, false}, Unfounded: {true, true}}},
		{"found so after the statement", with(func(f *Fact) { f.Signed, f.Returned, f.Unfounded = 5, 5, 31 }), 30, map[string][2]bool{SignedOnTime: {true, true}, Returned: {true, true}, Misdirected: {true, false}, Unfounded: {true, false}}},
		{"asked, content, not solved", with(func(f *Fact) { f.Asked, f.SolvedKnown, f.Mapped = 5, true, 2 }), 9, map[string][2]bool{Returned: {true, false}, Misdirected: {true, false},
			Solved: {true, false}, Satisfied: {true, true}, Rated: {true, true}}},
		{"unreasonable", with(func(f *Fact) { f.Unreasonable = 3 }), 30, nil},
		{"not sent yet", base, 0, nil},
	} {
		for _, i := range Indicators() {
			den, num := i.Counts(tc.f, tc.asOf)
			if got := [2]bool{den, num}; got != tc.want[i.Code] {
				t.Errorf("%s, %s: got %v, want %v", tc.name, i.Code, got, tc.want[i.Code])
			}
		}
	}
}

func TestTally(t *testing.T) {
	ta := NewTally(time.UnixMicro(100))
	for i := range int64(10) {
		ta.Add(Fact{Sent: 1, Unit: "a", Signed: 2 + i, SignDue: 5, Direction: "local"})
	}
	ta.Add(Fact{Sent: 1, Unit: "b", Unreasonable: 2, Direction: "local"})
	ta.Add(Fact{Sent: 101, Unit: "c"})
	s := ta.Statement()
	if diff := cmp.Diff(Span{N: 10, P50: 5 * time.Microsecond, P90: 9 * time.Microsecond, P99: 10 * time.Microsecond}, s.Sign); diff != "" {
		t.Errorf("time to sign (-want +got):\n%s", diff)
	}
	if len(s.By[ByUnit]) != 2 || s.By[ByUnit][0].Key != "a" || s.By[ByUnit][0].Cells[0] != (Cell{3, 10}) || s.Total.Legs != 11 || s.Unreasonable != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestTimesOf(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	us := func(h int) int64 { return at(h).UnixMicro() }
	clock := func(leg string, k deadline.Kind, from, due, stop int) deadline.Clock {
		c := deadline.Clock{LegID: leg, Kind: k, Start: at(from), Due: at(due)}
		if stop > 0 {
			c.Stopped = at(stop)
		}
		return c
	}
	clocks := []deadline.Clock{
		clock("a", deadline.Handling, 12, 20, 0), // reopened once more
		clock("a", deadline.Handling, 6, 12, 7),  // reopened
		clock("a", deadline.Handling, 1, 8, 5),
		clock("a", deadline.SignIn, 1, 4, 2),
		clock("b", deadline.SignIn, 0, 1, 0),
		clock("", deadline.Case, 0, 23, 0),
	}
	for leg, want := range map[string]Times{
		"a": {SignDue: us(4), Signed: us(2), HandleDue: us(8), Handled: us(5), Reopened: us(6)},
		"b": {SignDue: us(1)},
		"c": {},
	} {
		if got := TimesOf(leg, slices.Values(clocks)); got != want {
			t.Errorf("leg %s: got %+v, want %+v", leg, got, want)
		}
	}
}

// What each event decides of a return, after what was decided before.
func TestUnfounded(t *testing.T) {
	at := time.UnixMicro(7)
	for name, tc := range map[string]struct{ got, want int64 }{
		"given back, nothing ruled":              {GaveBack("unit:a", "", at), 0},
		"given back against a ruling":            {GaveBack("unit:a", "unit:a", at), 7},
		"given back, another was named":          {GaveBack("unit:a", "unit:b", at), 0},
		"ruled against it":                       {Ruled(0, "unit:a", "unit:a", at), 7},
		"ruled against it again":                 {Ruled(3, "unit:a", "unit:a", at), 3},
		"ruled for it":                           {Ruled(0, "unit:a", "unit:b", at), 0},
		"ruled for it after all":                 {Ruled(3, "unit:a", "unit:b", at), 0},
		"a platform is no unit of the same code": {Ruled(0, "platform:a", "unit:a", at), 0},
		"taken back when contested":              {TookBack(0, true, "unit:a", "unit:a", at), 7},
		"taken back by itself":                   {TookBack(0, false, "unit:a", "unit:a", at), 0},
		"another took it when contested":         {TookBack(0, true, "unit:a", "unit:b", at), 0},
		"taken back after a ruling":              {TookBack(3, true, "unit:a", "unit:a", at), 3},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %d, want %d", name, tc.got, tc.want)
		}
	}
}
