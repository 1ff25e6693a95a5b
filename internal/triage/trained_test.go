package triage

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/catalogue"
)

var trained = sync.OnceValue(func() *Trained {
	cat, err := catalogue.Seed()
	if err != nil {
		panic(err)
	}
	return New(cat, engine().regions)
})

// What the rules alone can do, rules and model together must do too.
func TestTrainedClasses(t *testing.T) {
	first := 0
	for _, tc := range calls {
		p := trained().Propose(tc.text)
		check(t, tc.text, p)
		if tc.want != "" && !slices.Contains(top(p), tc.want) {
			t.Errorf("%s: got %v (%v), want %s among them", tc.text, p.Candidates, p.Reasons, tc.want)
		}
		if tc.want == p.Category {
			first++
		}
		if tc.first != "" && p.FirstResponse != tc.first {
			t.Errorf("%s: got first response %q, want %s", tc.text, p.FirstResponse, tc.first)
		}
	}
	if first < 74 {
		t.Errorf("got the class first %d times, want at least 74", first)
	}
}

func TestTrainedDanger(t *testing.T) {
	for _, tc := range dangers {
		p := trained().Propose(tc.text)
		check(t, tc.text, p)
		if p.Urgent != tc.urgent {
			t.Errorf("%s: got urgent %q, want %q (%v)", tc.text, p.Urgent, tc.urgent, p.Reasons)
		}
		if p.Urgent != "" && !slices.ContainsFunc(p.Reasons, func(r Reason) bool { return r.Of == p.Urgent }) {
			t.Errorf("%s: got no reason for %s: %v", tc.text, p.Urgent, p.Reasons)
		}
	}
}

// The proposal says which model made it, and in which words that saw its class.
func TestTrainedSaysWhy(t *testing.T) {
	p := trained().Propose("住在河边的老人家每天提水要走两公里山路，想请政府想想办法")
	if p.Category == "" || !slices.ContainsFunc(p.Reasons, func(r Reason) bool { return r.Kind == Learned && r.Of == p.Category }) {
		t.Errorf("got %+v, want a class and the words that made the model think of it", p)
	}
	if !strings.HasSuffix(p.Version, "+model-"+Shipped().Version) {
		t.Errorf("got version %s, want it to name the model %s", p.Version, Shipped().Version)
	}
}

func TestTrainedIsTheSameEachTime(t *testing.T) {
	want := make([]Proposal, len(dangers))
	for i, tc := range dangers {
		want[i] = trained().Propose(tc.text)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, tc := range dangers {
				if diff := cmp.Diff(want[i], trained().Propose(tc.text)); diff != "" {
					t.Errorf("%s: %s", tc.text, diff)
				}
			}
		})
	}
	wg.Wait()
}

func TestModelFile(t *testing.T) {
	if len(shipped) > 8<<20 {
		t.Errorf("the model has %d bytes, want at most 8 MB", len(shipped))
	}
	begin := time.Now()
	m, err := ReadModel(shipped)
	if spent := time.Since(begin); err != nil || spent > 300*time.Millisecond {
		t.Fatalf("read in %v: %v, want less than 300 ms", spent, err)
	}
	if again, err := ReadModel(slices.Clone(shipped)); err != nil || again.Version != m.Version {
		t.Errorf("got %v, %v, want the same version %s", again, err, m.Version)
	}

	small := Weights{Names: []uint32{3, 9}, Rows: [][]float64{row(2, 1.5), row(5, -0.5)}, Bias: make([]float64, columns), Dials: Dials{Sharp: 1}}.Pack()
	if m, err := ReadModel(small); err != nil || m.row(0)[2] != 127 || m.part(9) != 1 || m.part(4) != -1 {
		t.Errorf("got %+v, %v, want the model of two parts", m, err)
	}
	names := len(modelMark) + 8 + 16 + 4*columns
	for what, broken := range map[string][]byte{
		"empty":         nil,
		"no mark":       append([]byte("LDTRIA00"), small[8:]...),
		"cut":           small[:len(small)-1],
		"longer":        append(slices.Clone(small), 0),
		"columns":       changed(small, 12, 7),
		"parts":         changed(small, 8, 1<<30),
		"out of order":  changed(small, names, 9),
		"not a number":  changed(small, 16, math.Float32bits(float32(math.NaN()))),
		"unit too high": changed(small, names+8, math.Float32bits(1e9)),
	} {
		if _, err := ReadModel(broken); err == nil {
			t.Errorf("%s: read as a model", what)
		}
	}
}

func row(column int, weight float64) []float64 {
	r := make([]float64, columns)
	r[column] = weight
	return r
}

func changed(file []byte, at int, to uint32) []byte {
	file = slices.Clone(file)
	binary.LittleEndian.PutUint32(file[at:], to)
	return file
}

func FuzzReadModel(f *testing.F) {
	f.Add(Weights{Names: []uint32{3, 9}, Rows: [][]float64{row(2, 1.5), row(5, -0.5)}, Bias: make([]float64, columns)}.Pack())
	f.Fuzz(func(t *testing.T, file []byte) {
		if m, err := ReadModel(file); err == nil {
			for _, text := range []string{"", "停水三天了", "拿着刀"} {
				m.read(fold(text))
			}
		}
	})
}

func FuzzTrained(f *testing.F) {
	for _, s := range []string{"我不想活了", "", "\x00\xff", "ང་ཚོ路灯坏了help", strings.Repeat("着火了", 100), strings.Repeat("停", 5000), "。！？；\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := trained().Propose(text)
		check(t, text, p)
		if diff := cmp.Diff(p, trained().Propose(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	})
}

// A text is seen by training as it is by proposing.
func TestViewIsWhatTheModelReads(t *testing.T) {
	text := "反映路灯问题。" + strings.Repeat("我们小区门口的路灯坏了3个月，晚上漆黑一片。没有人来修！", 8)
	m, v := Shipped(), ViewOf(text)
	o := m.read(fold(text))
	for c, got := range o.classes {
		want := float64(m.bias[c])
		for _, part := range v.Class {
			if p := m.part(part.Name); p >= 0 {
				want += part.Value * float64(m.units[p]) * float64(m.row(p)[c])
			}
		}
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: proposing comes to %v, training to %v", modelClasses[c], got, want)
		}
	}
	if len(v.Pieces) < 2 {
		t.Errorf("got %d pieces, want several", len(v.Pieces))
	}
}

func BenchmarkTrained(b *testing.B) {
	for name, n := range map[string]int{"200": 200, "5000": 5000} {
		text := string([]rune(strings.Repeat("小区门口的路灯坏了三个月没有人修，晚上出门黑漆漆的，前几天还有老人摔了一跤。物业说不归他们管，社区也说管不了。"+
			"另外楼下烧烤摊每天晚上占道经营，油烟很大，吵得睡不着，垃圾也没人清。停车位被外面的车占满，找交警来过一次，过几天又是老样子。", 60))[:n])
		b.Run(name, func(b *testing.B) {
			e := trained()
			b.ReportMetric(float64(utf8.RuneCountInString(text)), "characters")
			for b.Loop() {
				e.Propose(text)
			}
		})
	}
}

// A word that is no strong sign by itself is doubted where the model sees little
// danger, and the proposal says so; a strong word is believed, and so is a weaker
// one in a clause that sounds dangerous, whatever was said before it.
func TestModelDoubtsWeakerWords(t *testing.T) {
	for _, tc := range []struct {
		text           string
		rules, trained string
	}{
		{"男子自杀未遂状告保险公司 法院终审驳回", "C1", ""},
		{"一旅游大巴坠谷 至少30人死亡", "C4", ""},
		{"您好，先问停车收费的事，门口车位老被占，物业说归街道，街道说归物业，另外隔壁着火了", "C4", "C4"},
		{"反映路灯和停车收费的问题，物业说归街道，街道说归物业，另外楼道里冒烟，有人晕倒", "C4", "C4"},
	} {
		r, p := engine().Propose(tc.text), trained().Propose(tc.text)
		if r.Urgent != tc.rules || p.Urgent != tc.trained {
			t.Errorf("%s: got %q by rules and %q with the model, want %q and %q (%v)", tc.text, r.Urgent, p.Urgent, tc.rules, tc.trained, p.Reasons)
		}
		if calmed := slices.ContainsFunc(p.Reasons, func(w Reason) bool { return w.Kind == Calmed }); calmed != (tc.trained == "") {
			t.Errorf("%s: says that it was calmed: %v", tc.text, calmed)
		}
	}
}
