package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodConfig = `{"platform": "540100-12345", "line": "12345", "name": "测试市12345", "region": "540100", "data": "data"}`

func TestParseConfig(t *testing.T) {
	dir := t.TempDir()
	got, err := ParseConfig([]byte(goodConfig), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Platform: "540100-12345", Line: "12345", Name: "测试市12345", Region: "540100", Data: filepath.Join(dir, "data"),
		Listen: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if len(got.Warnings()) != 0 {
		t.Errorf("warnings of a node on loopback: %q, want none", got.Warnings())
	}
}

func TestParseConfigFaults(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("dsn", "postgres://desk:secret@db.invalid/desk?search_path=a\n")
	write("empty", "\n")
	write("2028.csv", "date,kind,name,region\n2028-01-01,off,元旦,\n")
	for _, tc := range []struct {
		name, doc string
		want      []string // in the error, all of them
	}{
		{"no JSON", `platform: 540100`, []string{"not a JSON object"}},
		{"a list", `[]`, []string{"not a JSON object"}},
		{"something after it", goodConfig + `{}`, []string{"not a JSON object"}},
		{"a key twice", `{"line": "110", "line": "110"}`, []string{"not a JSON object", "line"}},
		{"nothing", `{}`, []string{"platform:", "line:", "name:", "region:", "data:"}},
		{"all wrong at once", `{"platform": "一", "line": "119", "name": "a\nb", "region": "54", "data": "d", "listen": "8080", "public_url": "ftp://x",
			"database": "mysql://x", "tls_cert": "gone.pem", "peers": [], "Line": "110"}`,
			[]string{"platform:", "line:", "name:", "region:", "listen:", "public_url:", "database:", "tls_cert: tls_cert and", "tls_cert: stat", "peers: unknown key", "Line: unknown key"}},
		{"wrong types", `{"platform": 540100, "line": 110, "name": null, "region": "540100", "data": "d"}`,
			[]string{"platform: want a text", "line: want a text", "name: want a text"}},
		{"a URL with a path", strings.Replace(goodConfig, `{`, `{"public_url": "https://desk.invalid/12345",`, 1), []string{"public_url:"}},
		{"secret file is gone", strings.Replace(goodConfig, `{`, `{"database_file": "gone",`, 1), []string{"database_file:", "gone"}},
		{"secret file is empty", strings.Replace(goodConfig, `{`, `{"database_file": "empty",`, 1), []string{"database_file:", "not empty"}},
		{"compared too often", strings.Replace(goodConfig, `{`, `{"reconcile_every": "1m",`, 1), []string{"reconcile_every:", "10m"}},
		{"compared in words", strings.Replace(goodConfig, `{`, `{"reconcile_every": "daily",`, 1), []string{"reconcile_every:"}},
		{"calendar is gone", strings.Replace(goodConfig, `{`, `{"calendar_file": "gone.csv",`, 1), []string{"calendar_file:", "gone.csv"}},
		{"calendar with a gap", strings.Replace(goodConfig, `{`, `{"calendar_file": "2028.csv",`, 1), []string{"calendar_file:", "no day off in 2027"}},
		{"mail without a server", strings.Replace(goodConfig, `{`, `{"mail_from": "a@b.example",`, 1), []string{"mail_server:"}},
		{"mail all wrong", strings.Replace(goodConfig, `{`, `{"mail_server": "mail.example", "mail_from": "desk", "mail_user": "u", "mail_tls": "maybe",`, 1),
			[]string{"mail_server: want host:port", "mail_from:", "mail_user:", "mail_tls:"}},
		{"mail's password is gone", strings.Replace(goodConfig, `{`, `{"mail_server": "m.example:25", "mail_from": "a@b.example", "mail_user": "u", "mail_password_file": "gone",`, 1), []string{"mail_password_file:"}},
		{"SMS without a gateway", strings.Replace(goodConfig, `{`, `{"sms_body": "{to}{text}",`, 1), []string{"sms_url:"}},
		{"SMS all wrong", strings.Replace(goodConfig, `{`, `{"sms_url": "https://u:p@sms.example", "sms_body": "to={to}",`, 1), []string{"sms_url: want", "sms_body:"}},
		{"secret twice", strings.Replace(goodConfig, `{`, `{"database_file": "dsn", "database": "postgres://x/y",`, 1), []string{"leave one out"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseConfig([]byte(tc.doc), dir)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, w := range tc.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error does not say %q:\n%v", w, err)
				}
			}
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dsn"), []byte("postgres://desk:geheim@db.invalid/desk?search_path=a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig([]byte(strings.Replace(goodConfig, `{`, `{"database_file": "dsn",`, 1)), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := "postgres://desk:geheim@db.invalid/desk?search_path=a"; c.Database != want {
		t.Errorf("database from its file: got %q, want %q", c.Database, want)
	}
	for _, shown := range []string{c.Storage(), c.Redacted().Database} {
		if strings.Contains(shown, "geheim") || !strings.Contains(shown, "db.invalid") {
			t.Errorf("shown: %q, want the host without the password", shown)
		}
	}
}

func TestWarnings(t *testing.T) {
	for listen, want := range map[string]int{"127.0.0.1:8080": 0, "localhost:1": 0, "[::1]:8080": 0, "0.0.0.0:8080": 2, ":8080": 2, "10.0.0.1:80": 2} {
		c, err := ParseConfig([]byte(strings.Replace(goodConfig, `{`, `{"listen": "`+listen+`",`, 1)), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if got := len(c.Warnings()); got != want {
			t.Errorf("listening on %s without TLS: %d warnings, want %d", listen, got, want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(goodConfig))
	f.Add([]byte(`{"platform": 1, "x": null}`))
	f.Add([]byte(`{"name": "\u0000", "data": "/", "listen": ":"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseConfig(b, "dir")
		if err == nil && (c.Platform == "" || c.Listen == "" || c.PublicURL == "" || c.Data == "") {
			t.Errorf("taken, but not complete: %+v", c)
		}
	})
}

func TestStampFaults(t *testing.T) {
	for doc, want := range map[string]string{
		`"stamp_url": "ftp://a"`:                                             "stamp_url",
		`"stamp_every": "1h"`:                                                "stamp_url",
		`"stamp_url": "http://tsa.invalid", "stamp_every": "1s"`:             "stamp_every",
		`"stamp_url": "http://tsa.invalid", "stamp_ca_file": "/none/at/all"`: "stamp_ca_file",
		`"stamp_url": "http://tsa.invalid", "stamp_every": "24h"`:            "",
	} {
		_, err := ParseConfig([]byte(strings.Replace(goodConfig, `{`, "{"+doc+",", 1)), t.TempDir())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", doc, err, want)
		}
	}
}

func TestKeepOffline(t *testing.T) {
	for word, want := range map[string]time.Duration{"": 12 * time.Hour, "off": 0, "24h": 24 * time.Hour} {
		c, err := ParseConfig([]byte(strings.Replace(goodConfig, `{`, `{"keep_offline": "`+word+`",`, 1)), t.TempDir())
		if err != nil || c.keepOffline() != want {
			t.Errorf("%q: got %v, %v, want %v", word, c.keepOffline(), err, want)
		}
	}
	for _, word := range []string{"30m", "96h", "long"} {
		if _, err := ParseConfig([]byte(strings.Replace(goodConfig, `{`, `{"keep_offline": "`+word+`",`, 1)), t.TempDir()); err == nil {
			t.Errorf("%q: got no error, want it refused", word)
		}
	}
}

func TestReconcileEvery(t *testing.T) {
	for word, want := range map[string]time.Duration{"": 24 * time.Hour, "off": 0, "6h": 6 * time.Hour} {
		c, err := ParseConfig([]byte(strings.Replace(goodConfig, `{`, `{"reconcile_every": "`+word+`",`, 1)), t.TempDir())
		if err != nil || c.reconcileEvery() != want {
			t.Errorf("%q: got %v, %v, want %v", word, c.reconcileEvery(), err, want)
		}
	}
}
