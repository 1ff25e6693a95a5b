package directory

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"liandong/internal/catalogue"
)

func seeded(t testing.TB) *Directory {
	t.Helper()
	d, err := Seed()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSeedRegions(t *testing.T) {
	d := seeded(t)
	count := make(map[string]int)
	counties := make(map[string]int)
	for _, r := range d.Regions() {
		count[r.Kind]++
		if r.Kind == KindCounty {
			counties[r.Parent]++
		}
		if got, ok := d.Region(r.Code); !ok || got.Name != r.Name {
			t.Errorf("Region(%s): got %v %v, want %s", r.Code, got, ok, r.Name)
		}
	}
	if diff := cmp.Diff(map[string]int{KindRegion: 1, KindPrefecture: 7, KindCounty: 74, KindZone: 4, KindTownship: 704}, count); diff != "" {
		t.Errorf("regions by kind (-want +got):\n%s", diff)
	}
	want := map[string]int{"540100": 8, "540200": 18, "540300": 11, "540400": 7, "540500": 12, "540600": 11, "542500": 7}
	if diff := cmp.Diff(want, counties); diff != "" {
		t.Errorf("counties by prefecture (-want +got):\n%s", diff)
	}
	if n := len(d.Children("540000")); n != 7 {
		t.Errorf("Children(540000): got %d, want the 7 prefectures", n)
	}
	if n := len(d.Children("540100")); n != 12 {
		t.Errorf("Children(540100): got %d, want 8 counties and 4 zones", n)
	}
	if n := len(d.Children("540102")); n != 12 {
		t.Errorf("Children(540102): got %d, want its townships", n)
	}
	if n := len(d.Children("540102002")); n != 0 {
		t.Errorf("Children(540102002): got %d, want none", n)
	}
}

func TestSeedRegionFacts(t *testing.T) {
	d := seeded(t)
	for _, tc := range []struct{ code, name, english, parent, area string }{
		{"540000", "西藏自治区", "Tibet", "", catalogue.AreaUrban},
		{"540102", "城关区", "Chengguan District", "540100", catalogue.AreaUrban},
		{"540122", "当雄县", "Damxung County", "540100", catalogue.AreaPastoral},
		{"540174", "达孜工业园区", "Dagzê Industrial Park", "540100", catalogue.AreaTown},
		{"540202", "桑珠孜区", "Samzhubzê District", "540200", catalogue.AreaUrban},
		{"540423", "墨脱县", "Mêdog County", "540400", catalogue.AreaRemote},
		{"540481", "米林市", "Mainling City", "540400", catalogue.AreaTown},
		{"540581", "错那市", "Cona City", "540500", catalogue.AreaRemote},
		{"540630", "双湖县", "Shuanghu County", "540600", catalogue.AreaRemote},
		{"542500", "阿里地区", "Ngari", "540000", catalogue.AreaPastoral},
		{"542523", "噶尔县", "Gar County", "542500", catalogue.AreaTown},
		{"540102002", "八廓街道", "八廓街道", "540102", catalogue.AreaUrban},
		{"540122101", "羊八井镇", "羊八井镇", "540122", catalogue.AreaPastoral},
	} {
		r, ok := d.Region(tc.code)
		if !ok || r.Name != tc.name || r.NameEN != tc.english || r.Parent != tc.parent || r.Area != tc.area {
			t.Errorf("Region(%s): got %+v %v, want %+v", tc.code, r, ok, tc)
		}
	}
}

func TestSeedUnits(t *testing.T) {
	d := seeded(t)
	codes, phones := make(map[string]bool), make(map[string]string)
	for _, u := range d.Units() {
		if codes[u.Code] {
			t.Errorf("unit code %s twice", u.Code)
		}
		codes[u.Code] = true
		if other := phones[u.Phone]; other != "" {
			t.Errorf("%s and %s have one telephone %s", other, u.Code, u.Phone)
		}
		phones[u.Phone] = u.Code
		if !strings.HasPrefix(u.Phone, "0891-000") || len(u.Phone) != len("0891-0000001") {
			t.Errorf("%s: telephone %s does not look invented", u.Code, u.Phone)
		}
		if strings.ContainsAny(u.Name+u.NameEN, "{}") {
			t.Errorf("%s: a place-holder was left in %s, %s", u.Code, u.Name, u.NameEN)
		}
		police := slices.Contains([]string{"police", "traffic-police", "discipline", "desk110"}, u.Kind)
		if want := map[bool]string{true: "110", false: "12345"}[police]; u.Platform != want {
			t.Errorf("%s: got platform %s, want %s", u.Code, u.Platform, want)
		}
		utility := slices.Contains([]string{"power", "watersupply", "gas", "heat"}, u.Kind)
		if u.Utility != utility {
			t.Errorf("%s: got utility %v, want %v", u.Code, u.Utility, utility)
		}
	}

	// Every county has the desks and the departments that act on the spot.
	for _, r := range d.Regions() {
		want := []string{"desk12345", "desk110", "government", "police"}
		switch r.Kind {
		case KindCounty:
			want = append(want, "townoffice", "housing", "health", "traffic-police", "line119", "line120", "power", "watersupply")
		case KindPrefecture:
			want = append(want, "urban", "env", "press", "fund", "gas", "heat", "power", "watersupply", "discipline")
		case KindZone:
			want = []string{"government"}
		case KindTownship: // its county's units answer
			want = nil
		}
		var got []string
		for _, u := range d.UnitsIn(r.Code) {
			got = append(got, u.Kind)
			if u.Region != r.Code {
				t.Errorf("UnitsIn(%s): got %s", r.Code, u.Code)
			}
		}
		for _, kind := range want {
			if !slices.Contains(got, kind) {
				t.Errorf("%s has no unit of kind %s", r.Name, kind)
			}
		}
	}
}

// Every kind that a catalogue may name exists somewhere, so that none is a dead
// end.
func TestEveryKindHasUnits(t *testing.T) {
	have := make(map[string]bool)
	for _, u := range seeded(t).Units() {
		have[u.Kind] = true
	}
	for _, k := range catalogue.Departments() {
		if !have[k.Kind] {
			t.Errorf("no unit of kind %s anywhere", k.Kind)
		}
	}
}

func TestUnitNames(t *testing.T) {
	d := seeded(t)
	for _, tc := range []struct{ code, name string }{
		{"540000-police", "西藏自治区公安厅"},
		{"540100-desk12345", "拉萨市12345政务服务便民热线"},
		{"540100-desk110", "拉萨市公安局110报警服务台"},
		{"540100-power", "国网拉萨供电公司"},
		{"540102-police", "拉萨市公安局城关区分局"},
		{"540122-police", "当雄县公安局"},
		{"540122-env", "拉萨市生态环境局当雄县分局"},
		{"540102-housing", "城关区住房和城乡建设局"},
		{"540172-government", "拉萨经济技术开发区管理委员会"},
		{"542500-government", "阿里地区行政公署"},
		{"540600-government", "那曲市人民政府"},
	} {
		if u, ok := d.Unit(tc.code); !ok || u.Name != tc.name {
			t.Errorf("Unit(%s): got %q %v, want %s", tc.code, u.Name, ok, tc.name)
		}
	}
	if u, ok := d.Unit("540102-gas"); ok {
		t.Errorf("Unit(540102-gas): got %v, want none", u)
	}
}

func TestResponsible(t *testing.T) {
	d := seeded(t)
	for _, tc := range []struct{ kind, region, want string }{
		{"housing", "540102", "540102-housing"},
		{"gas", "540102", "540100-gas"},         // the county has none
		{"telecom", "540630", "540000-telecom"}, // nor has the prefecture
		{"housing", "540171", "540100-housing"}, // a zone
		{"government", "540171", "540171-government"},
		{"police", "542522", "542522-police"},
		{"housing", "540000", "540000-housing"},
		{"townoffice", "540100", ""}, // only below
		{"housing", "540999", ""},    // no such region
		{"housing", "", ""},
		{"religion", "540102", ""},
	} {
		u, ok := d.Responsible(tc.kind, tc.region)
		if u.Code != tc.want || ok != (tc.want != "") {
			t.Errorf("Responsible(%s, %s): got %q %v, want %q", tc.kind, tc.region, u.Code, ok, tc.want)
		}
	}
}

func TestWithin(t *testing.T) {
	d := seeded(t)
	for _, tc := range []struct {
		region, ancestor string
		want             bool
	}{
		{"540102", "540102", true},
		{"540102", "540100", true},
		{"540102", "540000", true},
		{"540171", "540100", true},
		{"540100", "540102", false},
		{"540102", "540200", false},
		{"540102", "", false},
		{"", "", false},
		{"549999", "549999", false},
		{"549999", "540000", false},
	} {
		if got := d.Within(tc.region, tc.ancestor); got != tc.want {
			t.Errorf("Within(%s, %s): got %v, want %v", tc.region, tc.ancestor, got, tc.want)
		}
	}
}

func TestFindRegion(t *testing.T) {
	d := seeded(t)
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"城关区八廓街路灯坏了", []string{"八廓街道", "城关区"}},
		{"八廓街路灯坏了", nil}, // two characters alone are too often something else
		{"羊八井这边停电了", []string{"羊八井镇"}},
		{"当雄羊八井停电", []string{"羊八井镇", "当雄县"}},
		{"林周县卡孜乡没水", []string{"卡孜乡", "林周县"}},
		{"卡孜乡没水", []string{"卡孜乡", "卡孜乡"}},
		{"日喀则市的卡孜乡没水", []string{"卡孜乡", "日喀则市"}},
		{"拉萨市城关区路灯坏了", []string{"城关区", "拉萨市"}},
		{"拉萨这边停水，堆龙那边也停了", []string{"堆龙德庆区", "拉萨市"}},
		{"日喀则市亚东县，亚东的边防路", []string{"亚东县", "日喀则市"}},
		{"西藏自治区那曲市安多县", []string{"安多县", "那曲市", "西藏自治区"}},
		{"工布江达县金达镇", []string{"金达镇", "工布江达县"}},
		{"江达县城", []string{"江达县"}},
		{"白朗县停电", []string{"白朗县"}},
		{"在朗县停电", []string{"朗县"}},
		{"达孜工业园区门口", []string{"达孜工业园区"}},
		{"从阿里到措勤的路断了", []string{"措勤县", "阿里地区"}},
		{"墨脱 和 工布江达", []string{"工布江达县", "墨脱县"}}, // the longer name first
		{"在贡嘎机场", []string{"贡嘎县"}},
		{"མེ་ཏོག་རྫོང་ན་ཆུ་མེད།", []string{"墨脱县"}},
		{"ལྷ་སར་གློག་མེད།", []string{"拉萨市"}},
		{"我在阿里巴巴买的东西", nil},
		{"中山南路堵车", nil},
		{"比如说今天停水", nil},
		{"已经找公安多次了", nil},
		{"增加查处力度", nil},
		{"指定日期没来", nil},
		{"园林周边没有灯", nil},
		{"八宿舍没水", nil},
		{"你尼玛的", nil},
		{"མེ་ཏོག་མང་པོ།", nil}, // flowers
		{"家里停水了", nil},
		{"", nil},
		{"\xff\xfe城关区\xff", []string{"城关区"}},
	} {
		var got []string
		for _, r := range d.FindRegion(tc.text) {
			got = append(got, r.Name)
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("FindRegion(%q) (-want +got):\n%s", tc.text, diff)
		}
	}
}

// Whatever a region is called, it is found by it; and where townships share a
// name, by it and their county's.
func TestEveryNameIsFound(t *testing.T) {
	d := seeded(t)
	for _, r := range d.Regions() {
		for _, n := range r.allNames() {
			found := d.FindRegion("在" + n + "。")
			if r.Kind == KindTownship && len(found) > 1 {
				county, _ := d.Region(r.Parent)
				if found = d.FindRegion("在" + county.Name + n + "。"); len(found) == 2 {
					found = found[:1]
				}
			}
			if len(found) != 1 || found[0].Code != r.Code {
				t.Errorf("FindRegion of %s: got %v, want %s alone", n, found, r.Name)
			}
		}
	}
}

// Where a text leaves open which place is meant, what it may be is all there.
func TestLocate(t *testing.T) {
	d := seeded(t)
	for _, tc := range []struct {
		text, want string
		or         []string
	}{
		{"当雄县羊八井镇停电", "540122101", nil},
		{"拉萨停电", "540100", nil},
		{"没有地名", "", nil},
		{"卡孜乡没水", "", []string{"540121203", "540221201"}},
		{"林周县卡孜乡没水", "540121203", nil},
		{"德庆镇路灯不亮", "", []string{"540103104", "540104100", "540627102"}},
		{"拉萨德庆镇路灯不亮", "540100", []string{"540103104", "540104100"}}, // both of Lhasa
		{"从墨脱县到工布江达县的路断了", "540406", []string{"540423"}},
		{"西藏自治区", "540000", nil},
	} {
		p := d.Locate(tc.text)
		if strings.HasPrefix(tc.text, "从墨脱") { // whichever has the longer name comes first
			if len(p.Alternatives) != 1 {
				t.Errorf("Locate(%s): got %v, want one alternative", tc.text, p)
			}
			continue
		}
		var or []string
		for _, r := range p.Alternatives {
			or = append(or, r.Code)
		}
		if p.Region.Code != tc.want || !slices.Equal(or, tc.or) {
			t.Errorf("Locate(%s): got %s or %v, want %s or %v", tc.text, p.Region.Code, or, tc.want, tc.or)
		}
	}
}

func TestNewTellsAllFaults(t *testing.T) {
	root := Region{Code: "540000", Name: "甲", NameEN: "A", Kind: KindRegion, Area: "urban"}
	under := func(code, parent string) Region {
		return Region{Code: code, Name: "乙", NameEN: "B", Parent: parent, Kind: KindPrefecture, Area: "town"}
	}
	unit := func(region, kind, phone string) Unit {
		return Unit{Code: UnitCode(region, kind), Kind: kind, Name: "单位", NameEN: "unit", Region: region, Phone: phone, Platform: "12345"}
	}
	change := func(u Unit, f func(*Unit)) Unit { f(&u); return u }
	changeRegion := func(r Region, f func(*Region)) Region { f(&r); return r }
	for _, tc := range []struct {
		name    string
		regions []Region
		units   []Unit
		want    []string
	}{
		{"region twice", []Region{root, root}, nil, []string{"region 540000: code twice"}},
		{"bad code", []Region{root, under("5401", "540000")}, nil, []string{`region 5401: code "5401" is not six or nine digits`}},
		{"eight digits", []Region{root, under("54010200", "540000")}, nil, []string{"not six or nine digits"}},
		{"no name", []Region{changeRegion(root, func(r *Region) { r.Name = "" })}, nil, []string{"empty name"}},
		{"kind", []Region{root, changeRegion(under("540100", "540000"), func(r *Region) { r.Kind = "moon" })}, nil, []string{`unknown kind "moon"`}},
		{"area", []Region{changeRegion(root, func(r *Region) { r.Area = "" })}, nil, []string{`unknown area ""`}},
		{"no parent", []Region{root, under("540100", "")}, nil, []string{"a prefecture needs a parent"}},
		{"unknown parent", []Region{root, under("540100", "549900")}, nil, []string{`unknown parent "549900"`}},
		{"own parent", []Region{root, under("540100", "540100")}, nil, []string{"is its own ancestor"}},
		{"circle", []Region{root, under("540100", "540200"), under("540200", "540100")}, nil,
			[]string{"region 540100: is its own ancestor", "region 540200: is its own ancestor"}},
		{"short name too short", []Region{changeRegion(root, func(r *Region) { r.Short = []string{"藏"} })}, nil, []string{"too short"}},
		{"short name twice", []Region{changeRegion(root, func(r *Region) { r.Short = []string{"西藏", "西藏"} })}, nil, []string{`"西藏" twice`}},
		{"unlike what", []Region{changeRegion(root, func(r *Region) { r.Unlike = []string{"丙丁"} })}, nil, []string{"holds none of its names"}},
		{"unit twice", []Region{root}, []Unit{unit("540000", "gas", "1"), unit("540000", "gas", "2")}, []string{"unit 540000-gas: code twice"}},
		{"unit code", []Region{root}, []Unit{change(unit("540000", "gas", "1"), func(u *Unit) { u.Code = "gas" })}, []string{"unit gas: code does not say"}},
		{"unit's region", []Region{root}, []Unit{unit("540100", "gas", "1")}, []string{`unknown region "540100"`}},
		{"unit's kind", []Region{root}, []Unit{unit("540000", "gaz", "1")}, []string{`unknown department kind "gaz"`}},
		{"unit's name", []Region{root}, []Unit{change(unit("540000", "gas", "1"), func(u *Unit) { u.NameEN = "" })}, []string{"empty name"}},
		{"unit's platform", []Region{root}, []Unit{change(unit("540000", "gas", "1"), func(u *Unit) { u.Platform = "119" })}, []string{`unknown platform "119"`}},
		{"no telephone", []Region{root}, []Unit{unit("540000", "gas", "")}, []string{"no duty telephone"}},
		{"one telephone", []Region{root}, []Unit{unit("540000", "gas", "1"), unit("540000", "heat", "1")}, []string{"unit 540000-heat: same telephone as 540000-gas"}},
		{"all at once", []Region{root, under("5401", "x")}, []Unit{unit("1", "gaz", "")},
			[]string{"not six or nine", "unknown parent", "unknown region", "unknown department", "no duty telephone"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := New(tc.regions, tc.units)
			if err == nil || d != nil {
				t.Fatalf("got %v, %v, want no directory and an error", d != nil, err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwant %q in it", err, want)
				}
			}
		})
	}
}

// A township has nine digits and stands under its county.
func TestTownship(t *testing.T) {
	s := seeded(t)
	town := Region{Code: "540122900", Name: "试验镇", NameEN: "Test Town", Parent: "540122", Kind: KindTownship, Area: catalogue.AreaPastoral}
	d, err := New(append(s.Regions(), town), s.Units())
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := d.Responsible("housing", town.Code); !ok || u.Code != "540122-housing" {
		t.Errorf("Responsible(housing, township): got %v %v, want the county's", u, ok)
	}
	if !d.Within(town.Code, "540100") {
		t.Error("a township of 当雄县 is not within 拉萨市")
	}
	if got := d.FindRegion("当雄县试验镇"); len(got) != 2 || got[0].Code != town.Code {
		t.Errorf("FindRegion: got %v, want the township first", got)
	}
}

// A directory does not change with what it was built from or gave out.
func TestImmutable(t *testing.T) {
	s := seeded(t)
	regions, units := s.Regions(), s.Units()
	d, err := New(regions, units)
	if err != nil {
		t.Fatal(err)
	}
	regions[0].Name, units[0].Name = "changed", "changed"
	d.Regions()[0].Name, d.Units()[0].Name = "changed", "changed"
	for _, r := range d.Regions() {
		if r.Name == "changed" {
			t.Errorf("region %s changed", r.Code)
		}
	}
	for _, u := range d.Units() {
		if u.Name == "changed" {
			t.Errorf("unit %s changed", u.Code)
		}
	}
}

func seedFiles(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{regionFile, townshipFile, departmentFile} {
		b, err := fs.ReadFile(seed, "seed/"+name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	return files
}

func TestFaultsNameFileAndLine(t *testing.T) {
	for _, tc := range []struct{ name, file, old, new, want string }{
		{"region twice", regionFile, "540127,墨竹工卡县", "540124,墨竹工卡县", "region 540124 twice"},
		{"fields", regionFile, "540127,墨竹工卡县,", "540127,墨竹工卡县", "8 fields where the header has 9"},
		{"kind", departmentFile, "gas,,,{short}燃气公司", "gaz,,,{short}燃气公司", `unknown department kind "gaz"`},
		{"kind twice", departmentFile, "gas,,,{short}燃气公司", "heat,,,{short}燃气公司", ""},
		{"township twice", townshipFile, "540102003,", "540102002,", "township 540102002 twice"},
		{"township of nowhere", townshipFile, "540102003,", "540999003,", `township "540999003" is under no county`},
		{"platform", departmentFile, "Bureau,12345,\nurban", "Bureau,119,\nurban", `unknown platform "119"`},
		{"utility", departmentFile, "{region} Gas Company,12345,yes", "{region} Gas Company,12345,no", `utility is "no"`},
		{"English name", departmentFile, "{region} Gas Company,12345,yes", ",12345,yes", "empty English name"},
		{"region only", departmentFile, "government,542500", "government,549999", `no region "549999"`},
		{"place-holder", departmentFile, "{short}燃气公司", "{shrt}燃气公司", "prefecture: \"{shrt}燃气公司\" has a place-holder"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := seedFiles(t)
			text := string(files[tc.file].Data)
			at := strings.Index(text, tc.old)
			if at < 0 {
				t.Fatalf("%s no longer holds %q", tc.file, tc.old)
			}
			files[tc.file].Data = []byte(text[:at] + tc.new + text[at+len(tc.old):])
			line := 1 + strings.Count(text[:at], "\n")
			if tc.name == "kind twice" { // the second of the two is at fault
				line, tc.want = line+1, "department kind heat twice"
			}
			_, err := Parse(files)
			if err == nil {
				t.Fatal("taken")
			}
			if want := fmt.Sprintf("%s:%d: %s", tc.file, line, tc.want); !strings.Contains(err.Error(), want) {
				t.Errorf("got\n%v\nwant %q in it", err, want)
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(seedFiles(t))) {
		files := seedFiles(t)
		delete(files, name)
		if _, err := Parse(files); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want it named", name, err)
		}
	}
}

// FuzzParse: whatever is in the files, Parse gives a directory or says what is
// wrong, and never panics or goes round for ever.
func FuzzParse(f *testing.F) {
	head := strings.Join(regionColumns, ",") + "\n"
	rules := strings.Join(departmentColumns, ",") + "\n"
	f.Add(head+"540000,西藏自治区,Tibet,,西藏,西藏路,,region,urban\n540100,拉萨市,Lhasa,,拉萨,,540000,prefecture,urban\n",
		rules+"gas,,{region}燃气,{short}燃气,,,,{region} Gas,12345,yes\ngas,540100,,{parent}燃气,,,,Gas,12345,\n")
	f.Add(head+"540000,甲,A,,,,540000,region,urban\n", rules)
	f.Fuzz(func(t *testing.T, regions, departments string) {
		d, err := Parse(fstest.MapFS{regionFile: {Data: []byte(regions)}, townshipFile: {Data: []byte("code,name\n540100001,试验镇\n")}, departmentFile: {Data: []byte(departments)}})
		if (d == nil) == (err == nil) {
			t.Fatalf("got directory %v and error %v, want one of them", d != nil, err)
		}
		if d == nil {
			return
		}
		for _, r := range d.Regions() {
			if !d.Within(r.Code, r.Code) {
				t.Fatalf("%s is not within itself", r.Code)
			}
			d.Responsible("gas", r.Code)
		}
		d.FindRegion(regions)
	})
}

// FuzzFindRegion: no text makes it panic, and no region is found twice.
func FuzzFindRegion(f *testing.F) {
	d := seeded(f)
	f.Add("日喀则市亚东县")
	f.Add("ལྷ་ས\xff阿里巴巴")
	f.Fuzz(func(t *testing.T, text string) {
		seen := make(map[string]bool)
		for _, r := range d.FindRegion(text) {
			if seen[r.Code] {
				t.Fatalf("%s twice", r.Code)
			}
			seen[r.Code] = true
		}
	})
}

func BenchmarkFindRegion(b *testing.B) {
	d := seeded(b)
	text := strings.Repeat("城关区北京路的路灯坏了三天没人管，", 12)
	for b.Loop() {
		d.FindRegion(text)
	}
}
