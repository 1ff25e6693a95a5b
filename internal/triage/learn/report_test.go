package learn

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"liandong/internal/triage"
)

// What the page of figures shows was found with the model that ships.
func TestPublishedReport(t *testing.T) {
	r := Published()
	if r.Model != triage.Shipped().Version {
		t.Errorf("the report is of model %s, and %s ships: run make eval", r.Model, triage.Shipped().Version)
	}
	var out bytes.Buffer
	r.Print(&out)
	for _, want := range []string{"judged-dev", "gold", "emergency", "majority", "both", "Wilson", "seven topics"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the printed report lacks %q", want)
		}
	}
	at := slices.IndexFunc(r.Parts, func(p Part) bool { return p.Name == "judged" })
	if at < 0 {
		t.Fatal("no figures on judged rows")
	}
	by := map[string]Engine{}
	for _, e := range r.Parts[at].Engines {
		by[e.Name] = e
	}
	both := by["both"]
	if both.Strict < 0.72 || both.Lenient < 0.87 || both.Top3Len < 0.95 || both.MacroF1 < 0.65 || both.PoliceF1 < 0.75 {
		t.Errorf("rules and model together: got %+v, below what is wanted", both.Figures)
	}
	if both.Strict < by["rules"].Strict || both.Strict < by["counting"].Strict || by["counting"].Strict < by["majority"].Strict {
		t.Errorf("got %.3f together, %.3f rules, %.3f counting, %.3f majority: want each better than the next", both.Strict, by["rules"].Strict, by["counting"].Strict, by["majority"].Strict)
	}
}

// The held out half says what danger is worth in words that nobody has seen: it
// does not fall unnoticed.
func TestPublishedDanger(t *testing.T) {
	const leastFound, mostFalse = 0.93, 0.36
	for _, h := range Published().Unseen {
		for _, e := range h.Engines {
			if h.Name != "B" || e.Name != "both" {
				continue
			}
			at := slices.IndexFunc(e.Urgent, func(a Alarm) bool { return a.Group == "C1+C4" })
			if a := e.Urgent[at]; a.Rate() < leastFound || a.N < 70 || e.False.Rate() > mostFalse {
				t.Errorf("got %d of %d found and %d false alarms of %d, want %.2f and at most %.2f", a.Alarms, a.N, e.False.Alarms, e.False.N, leastFound, mostFalse)
			}
			return
		}
	}
	t.Error("no figures of the held out half")
}

func TestCounting(t *testing.T) {
	cat, rows := fixture(t)
	c := NewCounting(cat, rows)
	if p := c.Propose("路灯坏了，路灯不亮"); p.Category != "A01" || len(p.Candidates) != 3 {
		t.Errorf("got %+v, want A01 of three", p)
	}
	if p := c.Propose("xyz"); p.Category != Majority(rows) {
		t.Errorf("got %s, want the most frequent class %s", p.Category, Majority(rows))
	}
}

func TestTopics(t *testing.T) {
	var topics []Topic
	for range 3 {
		topics = append(topics, Topic{"学校 老师 补课", "教育", "train", false}, Topic{"医院 医生 看病", "卫生", "train", false})
	}
	topics = append(topics, Topic{"老师 补课 收费", "教育", "test", false}, Topic{"医生 看病 难", "卫生", "test", false}, Topic{"医院", "教育", "test", true})
	if right, n := Topics(topics); right != 2 || n != 2 {
		t.Errorf("got %d of %d right, want 2 of 2: the copy is left out", right, n)
	}
}
