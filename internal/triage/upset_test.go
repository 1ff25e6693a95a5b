package triage

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
)

//go:embed testdata/upset.txt
var upset string

// listed reads lines of an urgent class ("-" for none) and a text.
func listed(list string) (out [][2]string) {
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		code, text, _ := strings.Cut(line, " ")
		out = append(out, [2]string{strings.Trim(code, "-"), text})
	}
	return out
}

// An alarm for danger there is, whichever class it is given: all four take the
// same way, to police and departments at once. The line and the class are those
// that a person at the seat would choose, the class among the three offered; and
// there is something to read that made it so.
func TestUpset(t *testing.T) {
	yes, no := 0, 0
	for _, s := range listed(upset) {
		want := s[0]
		line, rest, _ := strings.Cut(s[1], " ")
		classes, text, ok := strings.Cut(rest, " ")
		if !ok {
			t.Fatalf("%s: want urgent class, line, classes and text", s[1])
		}
		p := trained().Propose(text)
		check(t, text, p)
		if (p.Urgent != "") != (want != "") {
			t.Errorf("%s: got urgent %q, want %q: %v, %.3f", text, p.Urgent, want, p.Reasons, trained().model.Danger(text))
		}
		if p.Urgent == "" && line != "*" && p.Line != line {
			t.Errorf("%s: got line %s (%v), want %s", text, p.Line, p.Candidates, line)
		}
		if of := strings.Split(classes, "/"); classes != "*" && !slices.ContainsFunc(top(p), func(c string) bool { return slices.Contains(of, c) }) {
			t.Errorf("%s: got %v, want one of %s among them", text, p.Candidates, classes)
		}
		if len(p.Reasons) == 0 {
			t.Errorf("%s: nothing to read that made it %s", text, p.Category)
		}
		if want != "" {
			yes++
		} else {
			no++
		}
	}
	if yes < 40 || no < 30 {
		t.Errorf("got %d sentences with danger and %d without", yes, no)
	}
}

//go:embed testdata/ground.txt
var ground string

// Danger from the ground, walls, water and cold is heard when it is told calmly
// and at length too, as once it was not; what is over, or only asked about,
// raises no alarm.
func TestDangerToldCalmly(t *testing.T) {
	for _, s := range listed(ground) {
		p := trained().Propose(s[1])
		check(t, s[1], p)
		if (p.Urgent != "") != (s[0] != "") {
			t.Errorf("%s: got urgent %q, want %q: %v", s[1], p.Urgent, s[0], p.Reasons)
		}
	}
}

//go:embed testdata/gathering.txt
var gathering string

// Threats and gatherings, by a list of sixty each way. They are found less
// surely than danger to persons: what is asked here is what is reached, so that
// it never falls unseen.
func TestThreatsAndGatherings(t *testing.T) {
	const leastFound, mostFalse = 50, 10
	found, with, false, without := 0, 0, 0, 0
	for _, s := range listed(gathering) {
		p := trained().Propose(s[1])
		check(t, s[1], p)
		switch {
		case s[0] != "":
			with++
			if p.Urgent != "" {
				found++
			} else {
				t.Logf("not found: %s %s %.3f", s[0], s[1], trained().model.Danger(s[1]))
			}
		default:
			without++
			if p.Urgent != "" {
				false++
				t.Logf("false alarm: %s %v", s[1], p.Reasons)
			}
		}
	}
	if with < 60 || without < 60 {
		t.Fatalf("got %d with and %d without, want sixty each", with, without)
	}
	if found < leastFound || false > mostFalse {
		t.Errorf("got %d of %d found and %d false alarms of %d, want at least %d and at most %d", found, with, false, without, leastFound, mostFalse)
	}
	t.Logf("%d of %d found, %d false alarms of %d", found, with, false, without)
}

//go:embed testdata/few.txt
var few string

// Few words leave little to go by: what a unit writes when something is done is no
// danger, and what is danger is found. The first four alarmed at the desk once.
func TestFewWords(t *testing.T) {
	calm, alarms := 0, 0
	for _, s := range listed(few) {
		p := trained().Propose(s[1])
		check(t, s[1], p)
		switch {
		case s[0] != "":
			if p.Urgent == "" {
				t.Errorf("%s: no alarm, want %s", s[1], s[0])
			}
			continue
		case p.Urgent != "":
			alarms++
			t.Logf("false alarm: %s %v", s[1], p.Reasons)
			if calm < 4 {
				t.Errorf("%s alarms again", s[1])
			}
		}
		calm++
	}
	if calm < 27 || alarms > 4 {
		t.Errorf("got %d false alarms of %d, want 4 of 27 at most", alarms, calm)
	}
}

//go:embed testdata/everyday.txt
var everyday string

// What 110 hears all day, stolen and scratched and cheated, is no emergency: an
// alarm that sounds at every theft is switched off. Nothing was trained on the
// list; of twenty, no more than two may alarm. And the sentence of the README
// never does.
func TestEverydayPoliceCalls(t *testing.T) {
	const readme = "我停在城关区北京中路小区楼下的电动车昨晚被偷了"
	if p := trained().Propose(readme); p.Urgent != "" || p.Category != "B01" {
		t.Errorf("%s: got %s, urgent %q (%v)", readme, p.Category, p.Urgent, p.Reasons)
	}
	calls, alarms := strings.Split(strings.TrimSpace(everyday), "\n"), 0
	for _, text := range calls {
		p := trained().Propose(text)
		check(t, text, p)
		if p.Urgent != "" {
			alarms++
			t.Logf("false alarm: %s %v", text, p.Reasons)
		}
	}
	if len(calls) < 20 || alarms > 2 {
		t.Errorf("got %d false alarms of %d", alarms, len(calls))
	}
}

// Wrong characters, other scripts beside Chinese, numbers and spaces: the class
// is found, danger is heard, and what cannot be read to its end is unread.
func TestHoweverWritten(t *testing.T) {
	for _, tc := range []struct {
		text, category, urgent string
		unread                 bool
	}{
		{"路登不亮，晚上嘿漆漆的", "A01", "", false},
		{"老板拖钱工字三个月了", "A12", "", false},
		{"ＷｉＦｉ宽带断了三天，信号 也没 有", "A01", "", false},
		{"my room 的暖气 not working，屋里很冷，供暖公司不管", "A01", "", true},
		{"help help 我家着火了 fire fire", "", "C4", true},
		{"ང་ཚོའི་གྲོང་ལ་མེ་ཤོར་སོང་། 房子着火了", "", "C4", true},
		{"བདེ་མོ། སྐད་ཆ་ཞིག་འདྲི་དགོས།", "", "", true},
		{"please call the police", "", "", true},
		{"3单元502漏水，13号楼2层，电话打了8次没人理", "", "", false},
	} {
		p := trained().Propose(tc.text)
		check(t, tc.text, p)
		if tc.category != "" && p.Category != tc.category || p.Urgent != tc.urgent || p.Unread != tc.unread {
			t.Errorf("%s: got %s, urgent %q, unread %v; want %s, %q, %v (%v)", tc.text, p.Category, p.Urgent, p.Unread, tc.category, tc.urgent, tc.unread, p.Candidates)
		}
	}
}
