package learn

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"liandong/internal/catalogue"
	"liandong/internal/triage"
)

func fixture(t *testing.T) (*catalogue.Catalogue, []Row) {
	t.Helper()
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	own := fstest.MapFS{
		"judged.csv":              file("# comment\nid,category,alternatives,urgent\nu1,A05,A04;A02,\n"),
		"examples/A01.txt":        file("# comment\n门口的路灯坏了\n自来水停了两天\n\n路灯不亮\n"),
		"examples/B01.txt":        file("手机被偷了\n"),
		"examples/danger/C4.txt":  file("楼里着火了快来\n仓库着火了\n"),
		"examples/danger/not.txt": file("没有着火就是问问\n"),
		"examples/none.txt":       file("今天天气真好\n"),
		"examples/news.txt":       file("B04 C4 仓库昨夜失火\n- - 外国火山喷发 了\n"),
	}
	extra := fstest.MapFS{
		"judged-dev.jsonl": file(`{"id":"d1","text":"学校乱收费，学校的老师补课收钱","set":"gold","category":"教育类","category_alt":["市场监管类"],"urgent":"none","urgent_alt":[]}` + "\n" +
			`{"id":"d2","text":"我不想活了","set":"emergency","category":null,"category_alt":[],"urgent":"个人极端事件","urgent_alt":["none"]}` + "\n"),
		"replies.jsonl":    file(`{"id":"r1","text":"路灯坏了","reply":"您好，路灯已修好。"}` + "\n"),
		"complaints.jsonl": file(`{"id":"u1","text":"工厂半夜排废气太臭了","time":""}` + "\n" + `{"id":"u2","text":"路灯坏了没有人修","time":""}` + "\n"),
	}
	rows, err := Read(cat, own, extra)
	if err != nil {
		t.Fatal(err)
	}
	return cat, rows
}

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestRead(t *testing.T) {
	_, rows := fixture(t)
	at := func(id string) Row {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.ID == id })
		if i < 0 {
			t.Fatalf("no row %s", id)
		}
		return rows[i]
	}
	for _, tc := range []struct {
		id, category, urgent string
		source               Source
		others               int
	}{
		{"d1", "A11", "", JudgedDev, 1},
		{"d2", "", "C1", JudgedDev, 0},
		{"u1", "A05", "", Judged, 2},
		{"u2", "", Unknown, Unjudged, 0},
		{"examples/A01-0002", "A01", "", Invented, 0},
		{"examples/B01-0001", "B01", Unknown, Invented, 0},
		{"examples/danger/C4-0001", "", "C4", Invented, 0},
		{"examples/danger/not-0001", "", "", Invented, 0},
		{"examples/news-0001", "B04", "C4", Invented, 0},
		{"A01.01-00", "A01", "", Listed, 0},
	} {
		r := at(tc.id)
		if r.Category != tc.category || r.Urgent != tc.urgent || r.Source != tc.source || len(r.Others) != tc.others {
			t.Errorf("%s: got %+v, want %+v", tc.id, r, tc)
		}
	}
	// A class under D bears the name of one under A, and is never meant.
	if slices.ContainsFunc(rows, func(r Row) bool { return strings.HasPrefix(r.Category, "D") }) {
		t.Error("a row has a class under D")
	}
}

func TestReadFaults(t *testing.T) {
	cat, _ := fixture(t)
	for want, own := range map[string]fstest.MapFS{
		"X01":     {"examples/news.txt": file("X01 - text\n")},
		"C9":      {"examples/news.txt": file("B04 C9 text\n")},
		"urgent":  {"examples/news.txt": file("B04 text\n")},
		"judged":  {"judged.csv": file("a,b\n")},
		"no clas": {"judged.csv": file("u1,Z01,,\n")},
	} {
		extra := fstest.MapFS{"judged-dev.jsonl": file(""), "replies.jsonl": file(""), "complaints.jsonl": file(`{"id":"u1","text":"水"}` + "\n")}
		if _, err := Read(cat, own, extra); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to speak of %q", err, want)
		}
	}
}

// make model gives the same bytes each time, and the model has learned its
// lessons.
func TestFitIsTheSameBitForBit(t *testing.T) {
	cat, rows := fixture(t)
	recipe := Default
	recipe.LeastSeen = 1
	rules := triage.NewRules(cat, nil)
	file := Fit(Examples(rows, rules), recipe).Pack()
	_, again := fixture(t)
	if !bytes.Equal(file, Fit(Examples(again, rules), recipe).Pack()) {
		t.Error("the same data gave another model")
	}
	m, err := triage.ReadModel(file)
	if err != nil {
		t.Fatal(err)
	}
	alone := triage.NewTrained(cat, nil, m).Alone()
	for text, want := range map[string]string{"路灯坏了": "A01", "学校补课收钱": "A11", "废气太臭": "A05"} {
		if p := alone.Propose(text); p.Category != want {
			t.Errorf("%s: got %v, want %s", text, p.Candidates, want)
		}
	}
}

func TestExp(t *testing.T) {
	for _, x := range []float64{0, -1e-9, -0.3, -1, -7.77, -100, -650} {
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-12*want {
			t.Errorf("exp(%v): got %v, want %v", x, got, want)
		}
	}
	if exp(-800) != 0 {
		t.Error("exp(-800) is not 0")
	}
}

func TestMeasure(t *testing.T) {
	rows := []Row{
		{Category: "A01", Set: "gold"}, {Category: "A02", Others: []string{"A01"}, Set: "gold"},
		{Category: "B05", Urgent: "C1", Set: "emergency"}, {Category: "B04", Urgent: "C4", Set: "emergency"},
		{Category: "A05", Border: []string{"C4"}, Set: "gold"}, {Set: "emergency"},
	}
	of := func(category, urgent string, others ...string) triage.Proposal {
		p := triage.Proposal{Category: category, Urgent: urgent, Score: 0.8, Candidates: []triage.Candidate{{Category: category}}}
		for _, o := range others {
			p.Candidates = append(p.Candidates, triage.Candidate{Category: o})
		}
		return p
	}
	f := Measure(rows, []triage.Proposal{of("A01", "C4"), of("A01", "", "A02"), of("B05", "C1"), of("A17", "", "A16"), of("A05", "C4"), of("A17", "C4")})
	if f.N != 5 || f.Strict != 3.0/5 || f.Lenient != 4.0/5 || f.Top3 != 4.0/5 || f.PoliceF1 != 2.0/3 {
		t.Errorf("got %+v", f)
	}
	pooled := f.Urgent[slices.IndexFunc(f.Urgent, func(a Alarm) bool { return a.Group == "C1+C4" })]
	if pooled.N != 2 || pooled.Alarms != 1 || pooled.Low > 0.1 || pooled.High < 0.9 {
		t.Errorf("C1+C4: got %+v, want 1 of 2", pooled)
	}
	gold := f.False[slices.IndexFunc(f.False, func(a Alarm) bool { return a.Group == "gold" })]
	if gold.N != 2 || gold.Alarms != 1 {
		t.Errorf("gold: got %+v, want 1 of 2: the borderline row is left out", gold)
	}
	if f.Border.N != 1 || math.Abs(f.ECE-0) > 1e-9 {
		t.Errorf("got border %+v and calibration %v, want 1 row and 0", f.Border, f.ECE)
	}
}

// A model that goes on learning takes up what it is taught, new words included,
// keeps what it knew of other things and of danger, and is the same every time.
func TestAdapt(t *testing.T) {
	from := triage.Shipped()
	var examples []Example
	for _, s := range []string{"冰湖游艇码头的栈道缺了两块板", "冰湖游艇昨天又停航了没有人管", "冰湖游艇票不能退", "请问冰湖游艇几点开", "冰湖游艇的救生衣都旧了"} {
		examples = append(examples, Example{Text: s, Class: []Share{{"A09", 1}}, Weight: 1, Danger: Unknown})
	}
	file := Adapt(from.Weights(), examples, AdaptRecipe).Pack()
	if again := Adapt(from.Weights(), examples, AdaptRecipe).Pack(); !bytes.Equal(file, again) {
		t.Error("two trainings on the same examples differ")
	}
	m, err := triage.ReadModel(file)
	if err != nil {
		t.Fatal(err)
	}
	if m.Version == from.Version {
		t.Error("the new model has the version of the old one")
	}
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	before, after := triage.NewTrained(cat, nil, from).Alone(), triage.NewTrained(cat, nil, m).Alone()
	const taught = "冰湖游艇的门口没有人管理"
	if was, is := before.Propose(taught).Category, after.Propose(taught).Category; was == "A09" || is != "A09" {
		t.Errorf("what was taught: %s before, %s after, want A09 only after", was, is)
	}
	for _, other := range []string{"路灯坏了三天没有人修", "手机在车站被人偷走了", "超市卖过期的牛奶"} {
		if was, is := before.Propose(other).Category, after.Propose(other).Category; was != is {
			t.Errorf("%s: %s before, %s after, want no change", other, was, is)
		}
	}
	for _, s := range []string{"我不想活了", "他拿着刀追我", "请问几点上班", taught} {
		if was, is := from.Danger(s), m.Danger(s); math.Abs(was-is) > 0.02 {
			t.Errorf("danger of %s: %.3f before, %.3f after, want the same", s, was, is)
		}
	}
}
