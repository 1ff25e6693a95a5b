package contract_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	contract "liandong/docs/exchange"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/leg"
	"liandong/internal/message"
)

// codes writes the code tables from the data that the program works with, by
// the name of their file.
func codes(t *testing.T) map[string][][]string {
	t.Helper()
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := directory.Seed()
	if err != nil {
		t.Fatal(err)
	}
	zh := func(key string) string { return message.Text(message.Chinese, key) }
	en := func(key string) string { return message.Text(message.English, key) }

	classes := [][]string{{"code", "name", "name_en", "line", "level"}}
	for _, c := range cat.Classes {
		classes = append(classes, []string{c.Code, c.Name, c.NameEN, string(c.Line), strconv.Itoa(c.Level)})
	}
	items := [][]string{{"code", "class", "name", "name_en"}}
	for _, i := range cat.Items {
		items = append(items, []string{i.Code, i.Class, i.Name, i.NameEN})
	}
	regions := [][]string{{"code", "parent", "kind", "name"}}
	for _, r := range dir.Regions() {
		if r.Kind != directory.KindTownship {
			regions = append(regions, []string{r.Code, r.Parent, r.Kind, r.Name})
		}
	}
	units := [][]string{{"code", "kind", "region", "line", "name"}}
	for _, u := range dir.Units() {
		units = append(units, []string{u.Code, u.Kind, u.Region, u.Platform, u.Name})
	}
	grounds := [][]string{{"code", "name", "name_en"}}
	for _, g := range leg.Grounds() {
		grounds = append(grounds, []string{string(g), zh("ground." + string(g)), en("ground." + string(g))})
	}
	scales := [][]string{{"scale", "satisfaction", "mapped", "name", "name_en"}}
	for _, scale := range []int{3, 5} {
		for s := 1; s <= scale; s++ {
			mapped, err := casefile.Map(s, scale)
			if err != nil {
				t.Fatal(err)
			}
			key := "web.satisfaction." + strconv.Itoa(scale) + "." + strconv.Itoa(s)
			scales = append(scales, []string{strconv.Itoa(scale), strconv.Itoa(s), strconv.Itoa(mapped), afterColon(zh(key)), afterColon(en(key))})
		}
	}
	kinds := [][]string{{"code", "name", "name_en"}}
	for _, k := range casefile.Kinds() {
		kinds = append(kinds, []string{string(k), zh("kind." + string(k)), en("kind." + string(k))})
	}
	moves := [][]string{{"type", "by", "state", "becomes"}}
	for _, v := range leg.Verbs() {
		for _, side := range []leg.Side{leg.Sender, leg.Holder} {
			for _, from := range leg.States() {
				if to, err := leg.Next(from, v, side); err == nil && v != leg.Send && v != leg.Receive {
					moves = append(moves, []string{string(v), string(side), string(from), string(to)})
				}
			}
		}
	}
	return map[string][][]string{"moves": moves, "classes": classes, "items": items, "regions": regions, "units": units, "return-grounds": grounds,
		"satisfaction": scales, "case-kinds": kinds}
}

// afterColon is the level itself, of a sentence that names its scale first.
func afterColon(s string) string {
	if i := strings.LastIndexAny(s, ":："); i >= 0 {
		_, size := s[i], len(string([]rune(s[i:])[0]))
		return strings.TrimSpace(s[i+size:])
	}
	return s
}

// The published code tables are what the program works with.
func TestCodeTablesAreFresh(t *testing.T) {
	for name, rows := range codes(t) {
		var b bytes.Buffer
		if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("codes", name+".csv")
		if *update {
			if err := os.MkdirAll("codes", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.String(), string(got)); diff != "" {
			t.Errorf("%s is stale; run: go test ./docs/exchange -run CodeTables -update\n%.2000s", path, diff)
		}
		for i, row := range rows {
			for j, cell := range row {
				if cell == "" && rows[0][j] != "parent" && rows[0][j] != "line" {
					t.Errorf("%s, row %d: no %s", name, i, rows[0][j])
				}
			}
		}
	}
}

// Of each type there is a letter that must be taken and one that must be refused.
func TestEveryTypeHasExamples(t *testing.T) {
	typeOf := func(wire []byte) string {
		var m struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(wire, &m) != nil {
			return "" // some are no JSON, and meant to be none
		}
		return m.Type
	}
	good, bad := map[string]bool{}, map[string]bool{}
	for _, wire := range contract.Valid() {
		good[typeOf(wire)] = true
	}
	for _, f := range contract.Invalid() {
		bad[typeOf(f.Wire)] = true
	}
	for _, typ := range contract.Types() {
		if !good[typ] || !bad[typ] {
			t.Errorf("%s: a valid example %v, an invalid one %v, want both", typ, good[typ], bad[typ])
		}
	}
}
