package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A dry run shows what would be taken in, hides whom it is about, names what is
// wrong, and takes CSV and JSONL alike.
func TestImportDryRun(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"r.csv":   "\uFEFFFLOWID,BJNR,BJSJ,LXDH\nF1,路灯坏了,2026-03-11 10:00:00,13900000001\nF2,井盖丢了,昨天,\nF3,短\n",
		"r.jsonl": `{"FLOWID":"F1","BJNR":"路灯坏了","BJSJ":"2026-03-11 10:00:00","LXDH":13900000001}` + "\n" + `{"FLOWID":"F2","BJNR":"井盖丢了","BJSJ":"昨天"}` + "\n[1]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, log bytes.Buffer
		status := run(t.Context(), []string{"import", "--map", "../../docs/maps/pinyin.json", "--from", path, "--dry-run"}, nil, &out, &log)
		if status != failed || !strings.Contains(out.String(), `"external_id":"F1"`) || strings.Contains(out.String(), "F2") {
			t.Errorf("%s: got status %d and %s", name, status, out.String())
		}
		if !strings.Contains(log.String(), "record 2: occurred_at") || !strings.Contains(log.String(), "right 1, wrong 2") {
			t.Errorf("%s: got %s, want the wrong ones named", name, log.String())
		}
		for _, secret := range []string{"13900000001", "路灯", "昨天"} {
			if strings.Contains(out.String()+log.String(), secret) {
				t.Errorf("%s: shows %q", name, secret)
			}
		}
	}
}
