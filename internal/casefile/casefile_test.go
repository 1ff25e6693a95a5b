package casefile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"liandong/internal/hotline"
	"liandong/internal/leg"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// out is a leg to a unit of ours, away one to another platform, in one that
// another platform sent to us.
func out(s leg.State) leg.Leg {
	return leg.Leg{ID: "out", Side: leg.Sender, Unit: "540102-water", State: s}
}
func away(s leg.State) leg.Leg {
	return leg.Leg{ID: "away", Side: leg.Sender, Peer: "540000-110", State: s}
}
func in(s leg.State) leg.Leg {
	return leg.Leg{ID: "in", Side: leg.Holder, Peer: "540000-110", CallbackBy: "12345", State: s}
}

func kept(l leg.Leg) leg.Leg {
	l.Resolution = leg.KeptBySender
	return l
}

func undeliverable(l leg.Leg) leg.Leg {
	l.Undeliverable = true
	return l
}

func TestStatusOf(t *testing.T) {
	closed := Case{ClosedAt: noon}
	for _, tc := range []struct {
		name string
		c    Case
		legs []leg.Leg
		want Status
	}{
		{"nothing was done", Case{}, nil, Open},
		{"kept in storage as something else", Case{Status: AwaitingCallback}, nil, Open},
		{"closed", closed, nil, Closed},
		{"closed with legs", closed, []leg.Leg{out(leg.Settled)}, Closed},
		{"archived", Case{Status: Archived, ClosedAt: noon}, nil, Archived},
		{"sent", Case{}, []leg.Leg{out(leg.Sent)}, InProgress},
		{"received", Case{}, []leg.Leg{away(leg.Received)}, InProgress},
		{"accepted", Case{}, []leg.Leg{out(leg.Accepted)}, InProgress},
		{"working", Case{}, []leg.Leg{out(leg.Working)}, InProgress},
		{"answered, to be settled", Case{}, []leg.Leg{out(leg.Answered)}, InProgress},
		{"reopened", Case{}, []leg.Leg{out(leg.Reopened)}, InProgress},
		{"returned", Case{}, []leg.Leg{out(leg.Returned)}, InProgress},
		{"undeliverable", Case{}, []leg.Leg{undeliverable(away(leg.Sent))}, InProgress},
		{"one of two settled", Case{}, []leg.Leg{out(leg.Settled), away(leg.Working)}, InProgress},
		{"the other of two settled", Case{}, []leg.Leg{away(leg.Working), out(leg.Settled)}, InProgress},
		{"settled", Case{}, []leg.Leg{out(leg.Settled)}, AwaitingCallback},
		{"withdrawn: it stands as it began", Case{}, []leg.Leg{out(leg.Withdrawn), away(leg.Withdrawn)}, Open},
		{"came in, all that went out withdrawn", Case{}, []leg.Leg{in(leg.Accepted), out(leg.Withdrawn)}, InProgress},
		{"came in, and was taken back", Case{}, []leg.Leg{in(leg.Withdrawn)}, AwaitingCallback},
		{"settled and withdrawn", Case{}, []leg.Leg{out(leg.Settled), away(leg.Withdrawn)}, AwaitingCallback},
		{"returned and kept", Case{}, []leg.Leg{kept(out(leg.Returned))}, AwaitingCallback},
		{"undeliverable and kept", Case{}, []leg.Leg{kept(undeliverable(away(leg.Sent)))}, AwaitingCallback},

		{"came in", Case{}, []leg.Leg{in(leg.Received)}, Open},
		{"came in, taken up", Case{}, []leg.Leg{in(leg.Accepted)}, InProgress},
		{"came in, in work", Case{}, []leg.Leg{in(leg.Working)}, InProgress},
		{"came in, sent on before it was taken up", Case{}, []leg.Leg{in(leg.Received), out(leg.Sent)}, InProgress},
		{"came in, sent on", Case{}, []leg.Leg{in(leg.Accepted), out(leg.Received)}, InProgress},
		{"came in, the part sent on is done", Case{}, []leg.Leg{in(leg.Accepted), out(leg.Settled)}, InProgress},
		{"came in, answered", Case{}, []leg.Leg{in(leg.Answered)}, AwaitingCallback},
		{"came in, answered, the rest goes on", Case{}, []leg.Leg{in(leg.Answered), out(leg.Working)}, InProgress},
		{"came in, reopened", Case{}, []leg.Leg{in(leg.Reopened), out(leg.Settled)}, InProgress},
		{"came in, settled", Case{}, []leg.Leg{in(leg.Settled)}, AwaitingCallback},
	} {
		if got := StatusOf(tc.c, tc.legs); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestCanClose(t *testing.T) {
	for _, tc := range []struct {
		name    string
		c       Case
		legs    []leg.Leg
		outcome Outcome
		code    string // "" where it may be closed
	}{
		{"answered on the spot", Case{}, nil, OnTheSpot, ""},
		{"settled", Case{}, []leg.Leg{out(leg.Settled)}, SolvedOutcome, ""},
		{"withdrawn", Case{}, []leg.Leg{out(leg.Withdrawn)}, CallerGaveUp, ""},
		{"returned and kept", Case{}, []leg.Leg{kept(out(leg.Returned))}, Explained, ""},
		{"undeliverable and kept", Case{}, []leg.Leg{kept(undeliverable(away(leg.Sent)))}, SolvedOutcome, ""},
		{"all four", Case{}, []leg.Leg{out(leg.Settled), out(leg.Withdrawn), kept(out(leg.Returned)), kept(undeliverable(away(leg.Sent)))}, SolvedOutcome, ""},
		{"we returned it", Case{}, []leg.Leg{in(leg.Returned)}, ReturnedBack, ""},
		{"their leg is settled", Case{}, []leg.Leg{in(leg.Settled)}, SolvedOutcome, ""},

		{"closed", Case{ClosedAt: noon}, nil, OnTheSpot, "case_closed"},
		{"no outcome", Case{}, nil, "", "outcome_unknown"},
		{"strange outcome", Case{}, nil, "done", "outcome_unknown"},
		{"sent", Case{}, []leg.Leg{out(leg.Sent)}, SolvedOutcome, "leg_open"},
		{"sent, kept without the flag", Case{}, []leg.Leg{kept(away(leg.Sent))}, SolvedOutcome, "leg_open"},
		{"received", Case{}, []leg.Leg{out(leg.Received)}, SolvedOutcome, "leg_open"},
		{"accepted", Case{}, []leg.Leg{out(leg.Accepted)}, SolvedOutcome, "leg_open"},
		{"working", Case{}, []leg.Leg{out(leg.Working)}, SolvedOutcome, "leg_open"},
		{"answered", Case{}, []leg.Leg{out(leg.Answered)}, SolvedOutcome, "leg_open"},
		{"reopened", Case{}, []leg.Leg{out(leg.Reopened)}, SolvedOutcome, "leg_open"},
		{"returned", Case{}, []leg.Leg{out(leg.Returned)}, SolvedOutcome, "leg_open"},
		{"undeliverable", Case{}, []leg.Leg{undeliverable(away(leg.Sent))}, SolvedOutcome, "leg_open"},
		{"the last of three", Case{}, []leg.Leg{out(leg.Settled), out(leg.Withdrawn), away(leg.Working)}, SolvedOutcome, "leg_open"},
		{"their leg is not answered", Case{}, []leg.Leg{in(leg.Accepted)}, SolvedOutcome, "leg_open"},
		{"their leg is not settled", Case{}, []leg.Leg{in(leg.Answered)}, SolvedOutcome, "leg_open"},
	} {
		err := CanClose(tc.c, tc.legs, tc.outcome)
		switch {
		case tc.code == "" && err != nil:
			t.Errorf("%s: %v, want it closed", tc.name, err)
		case tc.code != "" && hotline.CodeOf(err) != tc.code:
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.code)
		}
	}
	err := CanClose(Case{}, []leg.Leg{out(leg.Settled), away(leg.Working)}, SolvedOutcome)
	if e, ok := err.(*hotline.Error); !ok || cmp.Diff([]any{"away", "working"}, e.Args) != "" {
		t.Errorf("got %v, want an error that names the leg in the way", err)
	}
}

// A case can be closed exactly when no leg of its own is open; its status then
// never says that work is under way.
func TestCloseAndStatusAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var legs []leg.Leg
		for range rapid.IntRange(0, 4).Draw(t, "legs") {
			l := rapid.SampledFrom([]func(leg.State) leg.Leg{out, away, in}).Draw(t, "side")(rapid.SampledFrom(leg.States()).Draw(t, "state"))
			if rapid.Bool().Draw(t, "kept") {
				l = kept(l)
			}
			legs = append(legs, l)
		}
		status := StatusOf(Case{}, legs)
		if err := CanClose(Case{}, legs, SolvedOutcome); err == nil && status == InProgress {
			t.Errorf("may be closed while %s: %+v", status, legs)
		}
		if !slices.Contains(Statuses(), status) || status == Closed || status == Archived {
			t.Errorf("an open case is %s", status)
		}
	})
}

func TestMap(t *testing.T) {
	want := map[int][]int{3: {1, 2, 3}, 5: {1, 1, 2, 3, 3}}
	for scale := -1; scale <= 7; scale++ {
		for raw := -1; raw <= 7; raw++ {
			got, err := Map(raw, scale)
			switch levels := want[scale]; {
			case levels == nil:
				if hotline.KindOf(err) != hotline.Invalid || hotline.CodeOf(err) != "scale_unknown" {
					t.Errorf("Map(%d, %d) = %d, %v, want scale_unknown", raw, scale, got, err)
				}
			case raw < 1 || raw > len(levels):
				if hotline.KindOf(err) != hotline.Invalid || hotline.CodeOf(err) != "satisfaction_range" {
					t.Errorf("Map(%d, %d) = %d, %v, want satisfaction_range", raw, scale, got, err)
				}
			case err != nil || got != levels[raw-1]:
				t.Errorf("Map(%d, %d) = %d, %v, want %d", raw, scale, got, err, levels[raw-1])
			}
		}
	}
}

func TestCheckText(t *testing.T) {
	for _, tc := range []struct{ name, text, code string }{
		{"Chinese", "路灯坏了三天没人修", ""},
		{"Tibetan", "ང་ཚོའི་སྡེ་བར་ཆུ་མི་འདུག", ""},
		{"lines and tabs", "第一行\r\n第二行\t完\n", ""},
		{"one character", "水", ""},
		{"a mark on its letter", "é", ""},
		{"a smile alone", "🙂", ""},
		{"a point alone", "。", ""},
		{"unseen characters between", "张\u200b测\u200d试", ""},
		{"as long as may be", strings.Repeat("水", TextMost), ""},

		{"nothing", "", "text_empty"},
		{"spaces", " \t\r\n ", "text_empty"},
		{"full-width spaces", "　　", "text_empty"},
		{"hard spaces", "\u00a0\u2007\u202f", "text_empty"},
		{"zero width", "\u200b\u200c\u200d\u2060\ufeff", "text_empty"},
		{"soft hyphens", "\u00ad\u00ad", "text_empty"},
		{"fillers", "\u3164\u115f\u1160\uffa0\u2800", "text_empty"},
		{"marks without a letter", "\u0301\ufe0f\u20e3", "text_empty"},
		{"line separators", "\u2028\u2029", "text_empty"},

		{"NUL", "路灯\x00坏了", "text_control"},
		{"escape", "\x1b[31m路灯坏了", "text_control"},
		{"backspace", "路灯\b坏了", "text_control"},
		{"DEL", "路灯坏了\x7f", "text_control"},
		{"a C1 control", "路灯\u0085坏了", "text_control"},
		{"form feed", "路灯\f坏了", "text_control"},
		{"one too many", strings.Repeat("水", TextMost+1), "text_long"},
		{"100 KB", strings.Repeat("x", 100<<10), "text_long"},
		{"100 KB of spaces", strings.Repeat(" ", 100<<10), "text_long"},
		{"half a character", "路灯坏了\xe6\xb0", "text_encoding"},
		{"GBK", "\xc2\xb7\xb5\xc6\xbb\xb5", "text_encoding"},
		{"a surrogate", "\xed\xa0\x80", "text_encoding"},
		{"an overlong NUL", "\xc0\x80", "text_encoding"},
	} {
		err := CheckText("text", tc.text, TextMost)
		if tc.code == "" {
			if err != nil {
				t.Errorf("%s: %v, want it taken", tc.name, err)
			}
			continue
		}
		e, ok := err.(*hotline.Error)
		if !ok || e.Kind != hotline.Invalid || e.Code != tc.code || e.Field != "text" {
			t.Errorf("%s: got %v, want %s at text", tc.name, err, tc.code)
		}
	}
}

func TestCheckLine(t *testing.T) {
	for _, tc := range []struct{ name, line, code string }{
		{"nothing", "", ""},
		{"a name", "张测试", ""},
		{"with spaces", "测试路 1 号", ""},
		{"as long as may be", strings.Repeat("水", LineMost), ""},
		{"a line break", "张测试\n李测试", "text_control"},
		{"a carriage return", "张测试\r", "text_control"},
		{"a tab", "张\t测试", "text_control"},
		{"a line separator", "张测试\u2028李测试", "text_control"},
		{"a paragraph separator", "张测试\u2029李测试", "text_control"},
		{"NUL", "张\x00", "text_control"},
		{"spaces only", "  ", "text_empty"},
		{"zero width only", "\u200b", "text_empty"},
		{"one too many", strings.Repeat("水", LineMost+1), "text_long"},
		{"100 KB", strings.Repeat("水", 100<<10), "text_long"},
		{"invalid", "\xff", "text_encoding"},
	} {
		if err := CheckLine("name", tc.line); tc.code == "" && err != nil || tc.code != "" && (hotline.CodeOf(err) != tc.code || hotline.KindOf(err) != hotline.Invalid) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.code)
		}
	}
}

// What is taken holds no control character, and can be seen.
func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"", "路灯坏了", "\x00", "\u200b", "\xff", "a\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckLine("f", s) != nil || s == "" {
			return
		}
		if CheckText("f", s, LineMost) != nil {
			t.Errorf("%q is a line and no text", s)
		}
		for _, r := range s {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Errorf("%q was taken with %q in it", s, r)
			}
		}
		if strings.TrimSpace(s) == "" {
			t.Errorf("%q was taken", s)
		}
	})
}

// The names that others rely on stay put.
func TestNames(t *testing.T) {
	if diff := cmp.Diff([]Status{"open", "in_progress", "awaiting_callback", "closed", "archived"}, Statuses()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"phone", "web", "wechat", "app", "counter", "platform"}, Channels); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Kind{"consult", "help", "complaint", "report", "suggestion", "praise", "other"}, Kinds()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	for _, k := range Kinds() {
		if got, want := k.HidesCaller(), k == "complaint" || k == "report"; got != want {
			t.Errorf("%s hides the caller from the handling unit: %v, want %v", k, got, want)
		}
	}
	for _, c := range Channels {
		if got, want := Spoken(c), c == "phone"; got != want {
			t.Errorf("somebody is on the line of %s: %v, want %v", c, got, want)
		}
	}
	seen := map[Outcome]bool{}
	for _, o := range Outcomes() {
		if o == "" || seen[o] {
			t.Errorf("outcome %q is nothing or there twice", o)
		}
		seen[o] = true
	}
	if slices.Contains(Channels, "fax") || !slices.Contains(Kinds(), Praise) {
		t.Error("the lists of channels and kinds are not what the contract says")
	}
}
