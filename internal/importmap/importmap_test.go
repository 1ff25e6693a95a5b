package importmap

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pinyin(t *testing.T) Map {
	t.Helper()
	doc, err := os.ReadFile("../../docs/maps/pinyin.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPinyinMap(t *testing.T) {
	m := pinyin(t)
	record := map[string]string{"FLOWID": "F1", "TITLE": "路灯", "BJNR": "路灯坏了", "BJSJ": "2026-03-11 10:00:00", "XZQHDM": "540102", "BJDZ": "测试路1号",
		"BJDHYHM": "张测试", "LXDH": "13900000001", "SFBM": "1", "SEATNO": "7", "GXDWDM": ""}
	got, err := m.Apply(record)
	want := map[string]any{"external_id": "F1", "text": "路灯\n路灯坏了", "channel": "platform", "occurred_at": "2026-03-11T10:00:00+08:00", "region": "540102",
		"address": "测试路1号", "caller": map[string]any{"name": "张测试", "phone": "13900000001"}, "confidential": true}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"GXDWDM", "SEATNO"}, m.Unused(record)); diff != "" {
		t.Errorf("unused (-want +got):\n%s", diff)
	}
	_, err = m.Apply(map[string]string{"TITLE": "密语", "BJSJ": "密时", "SFBM": "密码"})
	for _, says := range []string{"external_id", "occurred_at", "confidential"} {
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "密") {
			t.Errorf("got %v, want a fault of %s that quotes nothing", err, says)
		}
	}
}

func TestMapsAreChecked(t *testing.T) {
	for doc, says := range map[string]string{
		`{"format":"x","fields":{}}`:                                   "format",
		`{"format":"liandong-map/1","fields":{"text":{"from":["A"]}}}`: "external_id is missing",
		`{"format":"liandong-map/1","fields":{"text":{"from":["A"]},"external_id":{"from":["B"]},"nation":{"from":["MZ"]}}}`:      "fields.nation: no such field",
		`{"format":"liandong-map/1","fields":{"text":{"from":["A"],"value":"x"},"external_id":{"from":["B"]}}}`:                   "from or value",
		`{"format":"liandong-map/1","fields":{"text":{"from":["A"]},"external_id":{"from":["B"]},"occurred_at":{"from":["C"]}}}`:  "layout",
		`{"format":"liandong-map/1","fields":{"text":{"from":["A"]},"external_id":{"from":["B"]},"confidential":{"from":["C"]}}}`: "true and false",
		`{"format":"liandong-map/1","fields":{"text":{"from":["A"]},"external_id":{"from":["B"]}},"extra":1}`:                     "extra",
	} {
		if _, err := Parse([]byte(doc)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", doc, err, says)
		}
	}
}
