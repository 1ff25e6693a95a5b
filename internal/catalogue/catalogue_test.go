package catalogue

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func seeded(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Seed()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// policy is the list of classes as the rule (藏政办函〔2025〕11号) names them,
// written out again so that no edit of the seed moves it.
var policy = []struct {
	code, name string
	line       Line
}{
	{"A01", "公共设施类", "12345"},
	{"A02", "市容环境类", "12345"},
	{"A03", "园林绿化类", "12345"},
	{"A04", "施工管理类", "12345"},
	{"A05", "环境保护类", "12345"},
	{"A06", "消费纠纷类", "12345"},
	{"A07", "经济纠纷类", "12345"},
	{"A08", "市场监管类", "12345"},
	{"A09", "文化新闻类", "12345"},
	{"A10", "卫生健康类", "12345"},
	{"A11", "教育类", "12345"},
	{"A12", "民生保障类", "12345"},
	{"A13", "野生动物类", "12345"},
	{"A14", "矛盾纠纷类", "12345"},
	{"A15", "突发事件类", "12345"},
	{"A16", "其他求助类", "12345"},
	{"A17", "其他事件类", "12345"},
	{"B01", "违法犯罪行为", "110"},
	{"B02", "群体性事件", "110"},
	{"B03", "道路交通管理", "110"},
	{"B04", "治安灾害事故", "110"},
	{"B05", "群众救助服务", "110"},
	{"B06", "抢险抗灾救援", "110"},
	{"B07", "涉警投诉举报", "110"},
	{"C1", "个人极端事件", "110"},
	{"C2", "扬言报复社会事件", "110"},
	{"C3", "群体性聚集事件", "110"},
	{"C4", "危及公共、人身或财产安全事件", "110"},
	{"D1", "交通设施类", "110"},
	{"D2", "街面秩序类", "110"},
	{"D3", "环境保护类", "110"},
	{"D4", "市场监管类", "110"},
	{"D5", "治安管理类", "110"},
	{"D6", "公共设施类", "110"},
	{"D7", "突发事件类", "110"},
}

func TestSeedHoldsThePolicysClasses(t *testing.T) {
	c := seeded(t)
	if len(c.Classes) != len(policy) {
		t.Fatalf("got %d classes, want %d", len(c.Classes), len(policy))
	}
	codes := ClassCodes()
	for i, want := range policy {
		got := c.Classes[i]
		if got.Code != want.code || got.Name != want.name || got.Line != want.line {
			t.Errorf("class %d: got %s %s %s, want %s %s %s", i, got.Code, got.Name, got.Line, want.code, want.name, want.line)
		}
		if codes[i] != want.code {
			t.Errorf("ClassCodes()[%d]: got %s, want %s", i, codes[i], want.code)
		}
		if line := c.LineOf(want.code); line != want.line {
			t.Errorf("LineOf(%s): got %s, want %s", want.code, line, want.line)
		}
		if urgent := want.code[0] == 'C'; IsUrgent(want.code) != urgent {
			t.Errorf("IsUrgent(%s): got %v, want %v", want.code, !urgent, urgent)
		}
		if first := want.code[0] == 'D'; IsFirstResponse(want.code) != first {
			t.Errorf("IsFirstResponse(%s): got %v, want %v", want.code, !first, first)
		}
		if len(got.Synonyms) == 0 {
			t.Errorf("class %s has no synonyms", got.Code)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, tc := range []struct {
		code          string
		group         byte
		urgent, first bool
	}{
		{"A01", 'A', false, false},
		{"B07", 'B', false, false},
		{"C1", 'C', true, false},
		{"C4", 'C', true, false},
		{"C5", 'C', false, false},
		{"C0", 'C', false, false},
		{"C4.01", 'C', false, false},
		{"C10", 'C', false, false},
		{"D7", 'D', false, true},
		{"D8", 'D', false, false},
		{"E1", 0, false, false},
		{"*", 0, false, false},
		{"", 0, false, false},
	} {
		if g := Group(tc.code); g != tc.group {
			t.Errorf("Group(%q): got %q, want %q", tc.code, g, tc.group)
		}
		if u := IsUrgent(tc.code); u != tc.urgent {
			t.Errorf("IsUrgent(%q): got %v, want %v", tc.code, u, tc.urgent)
		}
		if f := IsFirstResponse(tc.code); f != tc.first {
			t.Errorf("IsFirstResponse(%q): got %v, want %v", tc.code, f, tc.first)
		}
	}
}

func TestSeedItems(t *testing.T) {
	c := seeded(t)
	if n := len(c.Items); n < 170 {
		t.Errorf("got %d items, want at least 170", n)
	}
	for _, class := range c.Classes {
		items := c.ItemsOf(class.Code)
		if len(items) < 3 {
			t.Errorf("class %s: got %d items, want at least 3", class.Code, len(items))
		}
		for _, item := range items {
			if item.Class != class.Code || !strings.HasPrefix(item.Code, class.Code+".") {
				t.Errorf("ItemsOf(%s): got %s of class %s", class.Code, item.Code, item.Class)
			}
		}
	}
	names := make(map[string]string)
	for _, item := range c.Items {
		if len(item.Synonyms) < 2 {
			t.Errorf("item %s: got %d synonyms, want at least 2", item.Code, len(item.Synonyms))
		}
		if other := names[item.Class+item.Name]; other != "" {
			t.Errorf("items %s and %s of one class have the same name %s", other, item.Code, item.Name)
		}
		names[item.Class+item.Name] = item.Code
	}
}

// TestSeedRoutes holds a few rows that much hangs on.
func TestSeedRoutes(t *testing.T) {
	c := seeded(t)
	for _, tc := range []struct {
		item, lead string
		joint      string // one that must join
		word       string // a synonym
		escalation Escalation
		first      string
	}{
		{"A01.02", "housing", "urban", "井盖没了", Escalation{"掉进井里", "C4"}, "D6"},
		{"A01.03", "watersupply", "housing", "家里没水", Escalation{}, ""},
		{"A01.09", "gas", "housing", "停气", Escalation{"燃气泄漏", "C4"}, ""},
		{"A04.01", "housing", "env", "半夜施工", Escalation{}, "D3"},
		{"A12.01", "labour", "housing", "不发工资", Escalation{"跳楼", "C1"}, ""},
		{"A13.02", "forestry", "townoffice", "狼咬了羊", Escalation{"咬人", "C4"}, ""},
		{"A16.02", "traffic-police", "", "挪车", Escalation{"救护车进不来", "C4"}, "D2"},
		{"B07.01", "discipline", "", "警察打人", Escalation{"正在打", "C4"}, ""},
		{"C3.01", "police", "labour", "讨薪堵路", Escalation{}, ""},
		{"C4.01", "gas", "line119", "煤气味", Escalation{}, ""},
	} {
		item, ok := c.Item(tc.item)
		if !ok {
			t.Errorf("no item %s", tc.item)
			continue
		}
		if item.Lead != tc.lead {
			t.Errorf("%s: got lead %s, want %s", tc.item, item.Lead, tc.lead)
		}
		if tc.joint != "" && !slices.Contains(item.Joint, tc.joint) {
			t.Errorf("%s: got joint %v, want %s among them", tc.item, item.Joint, tc.joint)
		}
		if !slices.Contains(item.Synonyms, tc.word) {
			t.Errorf("%s: got synonyms %v, want %s among them", tc.item, item.Synonyms, tc.word)
		}
		if tc.escalation.Word != "" && !slices.Contains(item.Escalate, tc.escalation) {
			t.Errorf("%s: got escalations %v, want %v among them", tc.item, item.Escalate, tc.escalation)
		}
		if item.FirstResponse != tc.first {
			t.Errorf("%s: got first response %q, want %q", tc.item, item.FirstResponse, tc.first)
		}
	}
}

func TestLookUpsOfWhatIsNotThere(t *testing.T) {
	c := seeded(t)
	if v, ok := c.Class("A18"); ok {
		t.Errorf("Class(A18): got %v, want none", v)
	}
	if v, ok := c.Item("A01.99"); ok {
		t.Errorf("Item(A01.99): got %v, want none", v)
	}
	if v := c.ItemsOf("A18"); len(v) != 0 {
		t.Errorf("ItemsOf(A18): got %v, want none", v)
	}
	if v := c.LineOf("A18"); v != "" {
		t.Errorf("LineOf(A18): got %q, want nothing", v)
	}
}

func TestDocumentOfTheDatabase(t *testing.T) {
	want := seeded(t)
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Catalogue
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got, cmpopts.IgnoreUnexported(Catalogue{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("written and read again (-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if item, ok := got.Item("C4.01"); !ok || item.Class != "C4" {
		t.Errorf("Item(C4.01) after reading: got %v %v", item, ok)
	}
	if b, ok := got.Budget(LimitHandling, "A02", "A02.01", AreaUrban, false); !ok || b != "4wh" {
		t.Errorf("Budget after reading: got %q %v, want 4wh", b, ok)
	}
	if err := json.Unmarshal([]byte(`{"classes": 1}`), &got); err == nil {
		t.Error("a document with a number for classes was taken")
	}
}

// A catalogue made by hand answers like an indexed one, before and after Index.
func TestWithoutIndex(t *testing.T) {
	c := &Catalogue{
		Classes: []Class{{Code: "A01", Line: Line12345}, {Code: "C1", Line: Line110}},
		Items:   []Item{{Code: "A01.02", Class: "A01", Name: "second"}, {Code: "A01.01", Class: "A01"}, {Code: "A01.02", Class: "A01", Name: "double"}},
		Limits:  []Limit{{Class: "*", Area: "*", Kind: LimitHandling, Budget: "5wd"}, {Class: "*", Area: "*", Kind: LimitHandling, Budget: "9wd"}},
	}
	for _, state := range []string{"before Index", "after Index"} {
		if got := c.LineOf("C1"); got != Line110 {
			t.Errorf("%s: LineOf(C1): got %q, want 110", state, got)
		}
		if got, _ := c.Item("A01.02"); got.Name != "second" {
			t.Errorf("%s: Item(A01.02): got %q, want the first of the two", state, got.Name)
		}
		if got := c.ItemsOf("A01"); len(got) != 3 || got[0].Code != "A01.02" {
			t.Errorf("%s: ItemsOf(A01): got %v, want all three in their order", state, got)
		}
		if got, _ := c.Budget(LimitHandling, "A01", "", "", false); got != "5wd" {
			t.Errorf("%s: Budget: got %q, want the first of the two", state, got)
		}
		c.Index()
	}
}

func TestDepartments(t *testing.T) {
	seen := make(map[string]bool)
	for _, d := range Departments() {
		if d.Kind == "" || d.Name == "" || d.NameEN == "" {
			t.Errorf("department %+v lacks a word", d)
		}
		if seen[d.Kind] {
			t.Errorf("department kind %s twice", d.Kind)
		}
		seen[d.Kind] = true
		if got, ok := FindDepartment(d.Kind); !ok || got != d {
			t.Errorf("FindDepartment(%s): got %v %v, want %v", d.Kind, got, ok, d)
		}
	}
	for _, kind := range []string{KindGovernment, KindPolice, KindDesk12345, KindDesk110, "traffic-police", "discipline", "line119", "line120", "power", "gas"} {
		if !seen[kind] {
			t.Errorf("no department kind %s", kind)
		}
	}
	if d, ok := FindDepartment("religion"); ok {
		t.Errorf("FindDepartment(religion): got %v, want none", d)
	}
}
