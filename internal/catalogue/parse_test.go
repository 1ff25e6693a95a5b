package catalogue

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// seedFiles is a copy of the shipped files, to be spoilt.
func seedFiles(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{versionFile, classFile, itemFile, limitFile} {
		b, err := fs.ReadFile(seed, "seed/"+SeedVersion+"/"+name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	return files
}

// Each case spoils one place of the shipped files; the fault must be told with
// the file and line of that place.
func TestFaultsNameFileAndLine(t *testing.T) {
	const (
		gas   = "A01.09,停气或气压低,Gas cut off or weak,gas,housing,停气|没气了|"
		dogs  = "A02.11,动物尸体,Dead animals,urban,agri,死狗|"
		class = "A03,园林绿化类,Parks and greenery,12345,3,urban,forestry,,园林|"
		first = "D2,街面秩序类,Street order,110,3,police,urban,A02|B01,"
	)
	for _, tc := range []struct {
		name, file, old, new, want string
	}{
		{"wrong number of fields", itemFile, gas, "A01.09,停气或气压低,gas,housing,停气|没气了|", "9 fields where the header has 10"},
		{"open quote", classFile, `"Danger to the public, persons or property"`, `"Danger to the public" x`, `column`},
		{"not UTF-8", itemFile, gas, "A01.09,\xff,Gas,gas,housing,停气|没气了|", "not UTF-8"},
		{"control character", itemFile, gas, "A01.09,停\x00气,Gas,gas,housing,停气|没气了|", "control character"},
		{"unknown column", classFile, "code,name,name_en,line", "code,name,name_en,colour", `unknown column "colour"; column "line" is missing`},
		{"column twice", limitFile, "class,item,area,kind", "class,item,area,area", `column "area" twice`},
		{"class code twice", classFile, class, strings.Replace(class, "A03", "A02", 1), `class code "A02" twice`},
		{"class code of no policy", classFile, class, strings.Replace(class, "A03", "A18", 1), `class code "A18" is none of`},
		{"empty class name", classFile, class, strings.Replace(class, "园林绿化类", "", 1), "empty name"},
		{"empty English name", itemFile, gas, strings.Replace(gas, "Gas cut off or weak", " ", 1), "empty English name"},
		{"unknown line", classFile, class, strings.Replace(class, "12345", "911", 1), `unknown line "911"`},
		{"wrong line", classFile, class, strings.Replace(class, "12345", "110", 1), "line 110, but classes A are taken by 12345"},
		{"level out of range", classFile, class, strings.Replace(class, ",3,", ",5,", 1), "level 5 is not within 1 to 4"},
		{"level zero", classFile, class, strings.Replace(class, ",3,", ",0,", 1), "level 0 is not within 1 to 4"},
		{"level no number", classFile, class, strings.Replace(class, ",3,", ",high,", 1), `level "high" is not a number`},
		{"unknown lead of a class", classFile, class, strings.Replace(class, "urban", "urbam", 1), `unknown lead department kind "urbam"`},
		{"pair of a class A", classFile, class, strings.Replace(class, "forestry,,", "forestry,A01,", 1), "pair is for classes D only"},
		{"no pair of a class D", classFile, first, strings.Replace(first, "A02|B01", "", 1), "pairs with the class"},
		{"pair with a class C", classFile, first, strings.Replace(first, "B01", "C1", 1), `pair "C1" is no class A or B`},
		{"pair twice", classFile, first, strings.Replace(first, "B01", "A02", 1), `"A02" twice in pair`},
		{"unknown lead of an item", itemFile, gas, strings.Replace(gas, ",gas,", ",gaz,", 1), `unknown lead department kind "gaz"`},
		{"unknown joint", itemFile, gas, strings.Replace(gas, "housing", "housing|housings", 1), `unknown joint department kind "housings"`},
		{"joint twice", itemFile, gas, strings.Replace(gas, "housing", "housing|env|housing", 1), `joint department "housing" twice`},
		{"lead joins", itemFile, gas, strings.Replace(gas, "housing", "gas", 1), `"gas" both leads and joins`},
		{"item code twice", itemFile, gas, strings.Replace(gas, "A01.09", "A01.08", 1), `item code "A01.08" twice`},
		{"item code malformed", itemFile, gas, strings.Replace(gas, "A01.09", "A01-09", 1), `item code "A01-09" is not`},
		{"item of no class", itemFile, gas, strings.Replace(gas, "A01.09", "A18.09", 1), `unknown class "A18"`},
		{"one synonym", itemFile, dogs + "动物尸体|死猫|死牛|死羊|牲畜尸体|死了的动物|死猪", dogs[:len(dogs)-1], "1 synonyms: an item needs two"},
		{"synonym of one character", itemFile, gas, gas + "气|", `"气" in synonyms is a single character`},
		{"synonym twice", itemFile, gas, gas + "停气|", `"停气" twice in synonyms`},
		{"empty synonym", itemFile, gas, gas + " |", "empty word in synonyms"},
		{"excluded part of a synonym", itemFile, dogs, dogs + "野生动物|", `excluded word "野生" is part of the synonym "野生动物"`},
		{"escalation without class", itemFile, "燃气泄漏>C4|漏气>C4", "燃气泄漏|漏气>C4", `escalate "燃气泄漏" is not a word, > and a class`},
		{"escalation to a class A", itemFile, "燃气泄漏>C4|漏气>C4", "燃气泄漏>A15|漏气>C4", `escalates to "A15", which is no class B or C`},
		{"escalation to no class", itemFile, "燃气泄漏>C4|漏气>C4", "燃气泄漏>C9|漏气>C4", `escalates to "C9"`},
		{"escalation twice", itemFile, "燃气泄漏>C4|漏气>C4", "燃气泄漏>C4|漏气>C4|漏气>C1", `"漏气" twice in escalate`},
		{"mark", itemFile, "人畜饮水|村里没水喝|饮水管冻了|自来水没通|水窖|村里没通水|牧场没水|水冻住了,,,,P", "人畜饮水|村里没水喝,,,,Q", `mark is "Q", want "P" or nothing`},
		{"first response unknown", itemFile, "掉进井里>C4|掉井里>C4|摔进井里>C4,D6,", "掉进井里>C4,D9,", `first response "D9" is no class D`},
		{"limit of no class", limitFile, "A17,,*,handling,3wd", "A18,,*,handling,3wd", `unknown class "A18"`},
		{"limit of an unknown item", limitFile, "A01,A01.02,*,sign_in", "A01,A01.98,*,sign_in", `unknown item "A01.98"`},
		{"limit with an item of another class", limitFile, "A01,A01.02,*,sign_in", "A02,A01.02,*,sign_in", "item A01.02 is under class A01, not A02"},
		{"limit of an unknown area", limitFile, "A16,,remote,handling", "A16,,moon,handling", `unknown area "moon"`},
		{"limit of an unknown kind", limitFile, "A16,,remote,handling", "A16,,remote,hurry", `unknown kind of limit "hurry"`},
		{"limit of zero", limitFile, "A17,,*,handling,3wd", "A17,,*,handling,0wd", "no time at all"},
		{"limit below zero", limitFile, "A17,,*,handling,3wd", "A17,,*,handling,-3wd", "budget"},
		{"limit without unit", limitFile, "A17,,*,handling,3wd", "A17,,*,handling,3", "budget"},
		{"limit of years", limitFile, "A17,,*,handling,3wd", "A17,,*,handling,99999wd", "budget"},
		{"limit twice", limitFile, "A17,,remote,handling", "A17,,*,handling", "a second limit for the same"},
		{"limit without source", limitFile, "A17,,remote,handling,5wd,,P", "A17,,remote,handling,5wd,,", "no source"},
		{"limit urgent or not", limitFile, "A17,,remote,handling,5wd,,P", "A17,,remote,handling,5wd,maybe,P", `urgent is "maybe"`},
		{"plain limit of a class C", limitFile, "C,,town,feedback,20m,yes,P", "C,,town,feedback,20m,,P", "every leg of it is urgent"},
		{"wrong version", versionFile, "xizang-2025.1,2025", "xizang-2024.9,2025", `version "xizang-2024.9", want "xizang-2025.1"`},
		{"date", versionFile, "2025-01-01", "2025-02-30", "is not a date"},
		{"second version", versionFile, "xizang-2025.1,2025-01-01", "xizang-2025.1,2025-01-02,x\nxizang-2025.1,2025-01-01", "a second row"},
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
			if tc.name == "second version" {
				line++
			}

			c, err := Parse(files, SeedVersion)
			if err == nil || c != nil {
				t.Fatalf("got %v, %v, want no catalogue and an error", c != nil, err)
			}
			place := fmt.Sprintf("%s:%d: ", tc.file, line)
			if !someLineHas(err.Error(), place, tc.want) {
				t.Errorf("got\n%s\nwant a line with %q and %q", err, place, tc.want)
			}
		})
	}
}

func someLineHas(text string, parts ...string) bool {
lines:
	for line := range strings.Lines(text) {
		for _, p := range parts {
			if !strings.Contains(line, p) {
				continue lines
			}
		}
		return true
	}
	return false
}

func TestFaultsOfWholeFiles(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(fstest.MapFS)
		want  string
	}{
		{"missing", func(f fstest.MapFS) { delete(f, itemFile) }, "items.csv: "},
		{"empty", func(f fstest.MapFS) { f[limitFile].Data = nil }, "limits.csv:1: no header row"},
		{"comments only", func(f fstest.MapFS) { f[classFile].Data = []byte("# nothing\n") }, "classes.csv:1: no header row"},
		{"huge", func(f fstest.MapFS) { f[itemFile].Data = make([]byte, 5<<20) }, "items.csv: 5242880 bytes, more than"},
		{"no version row", func(f fstest.MapFS) { f[versionFile].Data = []byte("version,effective_from,basis\n") }, "version.csv: effective from"},
		{"no limits", func(f fstest.MapFS) { f[limitFile].Data = []byte(strings.Join(limitColumns, ",") + "\n") }, "no receipt limit for class *"},
		{"a class gone", func(f fstest.MapFS) { cut(f, classFile, "\nC3,") }, "no class C3: all 35 are needed"},
		{"a class without items", func(f fstest.MapFS) {
			cut(f, itemFile, "\nD4.01")
			cut(f, itemFile, "\nD4.02")
			cut(f, itemFile, "\nD4.03")
		},
			"D4: no items under class D4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := seedFiles(t)
			tc.spoil(files)
			_, err := Parse(files, SeedVersion)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

// cut takes out the line that begins with start.
func cut(files fstest.MapFS, name, start string) {
	before, after, _ := strings.Cut(string(files[name].Data), start)
	_, rest, _ := strings.Cut(after, "\n")
	files[name].Data = []byte(before + "\n" + rest)
}

func TestAllFaultsAtOnce(t *testing.T) {
	files := seedFiles(t)
	spoil := func(name, old, new string) {
		text := string(files[name].Data)
		if !strings.Contains(text, old) {
			t.Fatalf("%s no longer holds %q", name, old)
		}
		files[name].Data = []byte(strings.Replace(text, old, new, 1))
	}
	spoil(classFile, "A03,园林绿化类", "A03,")
	spoil(itemFile, "A01.03,停水,Water cut off,watersupply", "A01.03,停水,Water cut off,waterworks")
	spoil(itemFile, "A17.02,意见建议", "A17.99x,意见建议")
	spoil(limitFile, "A17,,*,handling,3wd", "A17,,*,handling,0h")
	_, err := Parse(files, SeedVersion)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"empty name", `"waterworks"`, `"A17.99x"`, "no time at all"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%s\nwant %s in it", err, want)
		}
	}
}

// A document from the database has no lines; its faults name the position.
func TestFaultsOfADocument(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*Catalogue)
		want  string
	}{
		{"unknown class in an item", func(c *Catalogue) { c.Items[3].Class = "A18" }, `items[3] A01.04: class "A18", but its code says "A01"`},
		{"unknown department", func(c *Catalogue) { c.Items[3].Lead = "" }, `items[3] A01.04: unknown lead department kind ""`},
		{"empty name", func(c *Catalogue) { c.Classes[1].Name = "" }, "classes[1] A02: empty name"},
		{"control character", func(c *Catalogue) { c.Items[0].Name = "路\n灯" }, "items[0] A01.01: control character"},
		{"no limit", func(c *Catalogue) { c.Limits = nil }, "limits: no handling limit for class *"},
		{"bad budget", func(c *Catalogue) { c.Limits[2].Budget = "" }, "limits[2]: budget"},
		{"no version", func(c *Catalogue) { c.Version = "" }, "catalogue: no version"},
		{"nothing at all", func(c *Catalogue) { *c = Catalogue{} }, "catalogue: no class A01, A02,"},
		{"level", func(c *Catalogue) { c.Classes[0].Level = -1 }, "classes[0] A01: level -1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := json.Marshal(seeded(t))
			if err != nil {
				t.Fatal(err)
			}
			var c Catalogue
			if err := json.Unmarshal(b, &c); err != nil {
				t.Fatal(err)
			}
			tc.spoil(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

// FuzzParse: whatever is in the files, Parse gives a valid catalogue or says
// what is wrong, and never panics.
func FuzzParse(f *testing.F) {
	files := seedFiles(f)
	f.Add(string(files[classFile].Data), string(files[itemFile].Data), string(files[limitFile].Data))
	f.Add("code\n", "code\n", "class\n")
	f.Add(strings.Join(classColumns, ",")+"\nD1,x,x,110,1,police,,,\n", strings.Join(itemColumns, ",")+"\n.,,,,,|,|,>,,\n", strings.Join(limitColumns, ",")+"\n,,,,,,\nAé,,*,receipt,1m,,P\n")
	f.Fuzz(func(t *testing.T, classes, items, limits string) {
		spoilt := fstest.MapFS{
			versionFile: files[versionFile],
			classFile:   {Data: []byte(classes)},
			itemFile:    {Data: []byte(items)},
			limitFile:   {Data: []byte(limits)},
		}
		c, err := Parse(spoilt, SeedVersion)
		if (c == nil) == (err == nil) {
			t.Fatalf("got catalogue %v and error %v, want one of them", c != nil, err)
		}
		if c != nil && c.Validate() != nil {
			t.Fatalf("parsed, but not valid: %v", c.Validate())
		}
	})
}

// FuzzDocument: no document makes Validate or the look-ups panic.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"classes":[{"code":"D1","pair":[""]}],"items":[{"code":"A01.01","class":"A01","synonyms":["","停水"],"exclude":[""],"escalate":[{"word":"","class":"C"}]}],"limits":[{"class":"","kind":"receipt"}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Catalogue
		if json.Unmarshal(b, &c) != nil {
			return
		}
		if err := c.Validate(); err == nil && len(c.Classes) != 35 {
			t.Fatalf("valid with %d classes", len(c.Classes))
		}
		for _, item := range c.Items {
			c.Budget(LimitReceipt, item.Class, item.Code, "", true)
		}
	})
}

func BenchmarkBudget(b *testing.B) {
	c := seeded(b)
	for b.Loop() {
		c.Budget(LimitHandling, "A12", "A12.02", AreaRemote, true)
	}
}
