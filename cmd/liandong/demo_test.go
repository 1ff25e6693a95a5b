package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"liandong/internal/hotline"
	"liandong/internal/node"
	"liandong/internal/pgtest"
)

// one is a case as these tests look at it.
type one struct {
	drivenCase
	Text   string `json:"text"`
	Caller struct {
		Name  string `json:"name"`
		Phone string `json:"phone"`
	} `json:"caller"`
}

func cases(t *testing.T, c *client, query string) []one {
	t.Helper()
	return do[struct {
		Cases []one `json:"cases"`
	}](t, c, http.MethodGet, "/api/v1/cases?"+query, nil).Cases
}

// The first five minutes of the README, on either engine: a case taken at
// 12345 goes to 110, is worked there, answered, called back and closed; and the
// demonstration goes on where it stopped.
func TestDemo(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testDemo(t) })
	t.Run("postgres", func(t *testing.T) { testDemo(t, "--postgres", freshDatabase(t)) })
}

func testDemo(t *testing.T, more ...string) {
	dir := filepath.Join(t.TempDir(), "data")
	args := append([]string{"--dir", dir}, more...)
	s, file, ready := startDemo(t, args...)
	checkReady(t, s, ready)
	desk, police := api(t, ready.Nodes[0]), api(t, ready.Nodes[1])

	c := do[one](t, desk, http.MethodPost, "/api/v1/cases", fields{"text": "城关区朵森格路口有人打架，请派人来。", "channel": "web", "external_id": "t1",
		"caller": fields{"name": "张测试", "phone": "13900000001"}})
	if c.Caller.Phone == "13900000001" || strings.Contains(c.Caller.Name, "测试") {
		t.Errorf("personal data is in the clear: %+v", c.Caller)
	}
	c = do[one](t, desk, http.MethodPost, "/api/v1/cases/"+c.ID+"/legs", fields{"legs": []fields{{"to": "110", "ask": "请出警"}}})
	leg := c.Legs[0].ID
	there := arrived(t, police, "540000-12345", c.ID)
	if there.Text != "城关区朵森格路口有人打架，请派人来。" {
		t.Errorf("what arrived reads %q", there.Text)
	}
	if got := there.Legs[0]; got.ID != leg || got.Side != "holder" || got.State != "received" {
		t.Errorf("the leg that arrived: %+v, want %s received", got, leg)
	}
	do[any](t, police, http.MethodPost, "/api/v1/legs/"+leg+"/accept", fields{})
	do[any](t, police, http.MethodPost, "/api/v1/legs/"+leg+"/feedback", fields{"result": "已到场调解"})
	until(t, "the answer is back", func() bool {
		return do[one](t, desk, http.MethodGet, "/api/v1/cases/"+c.ID, nil).Legs[0].State == "answered"
	})
	do[any](t, desk, http.MethodPost, "/api/v1/legs/"+leg+"/settle", fields{})
	do[one](t, desk, http.MethodPost, "/api/v1/cases/"+c.ID+"/callback", fields{"solved": true, "satisfaction": 1, "scale": 3})
	c = do[one](t, desk, http.MethodPost, "/api/v1/cases/"+c.ID+"/close", fields{"outcome": "solved", "told": "已处理"})
	if c.Status != "closed" {
		t.Errorf("at the end the case is %s, want closed", c.Status)
	}
	until(t, "the settlement is there", func() bool {
		return do[one](t, police, http.MethodGet, "/api/v1/cases/"+there.ID, nil).Legs[0].State == "settled"
	})
	for _, n := range ready.Nodes {
		agree(t, n.URL, n.Token)
	}
	signIn(t, ready)
	proves(t, ready.Nodes[0], c.ID)
	proves(t, ready.Nodes[1], there.ID)

	s.stop()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.again()
	again := waitForReady(t, s, file)
	if diff := cmp.Diff(ready.Users, again.Users); diff != "" {
		t.Errorf("users after the restart (-before +after):\n%s", diff)
	}
	for i := range ready.Nodes {
		if ready.Nodes[i].Token != again.Nodes[i].Token {
			t.Errorf("the token of %s changed", ready.Nodes[i].Platform)
		}
	}
	desk, police = api(t, again.Nodes[0]), api(t, again.Nodes[1])
	if got := do[one](t, desk, http.MethodGet, "/api/v1/cases/"+c.ID, nil).Status; got != "closed" {
		t.Errorf("after the restart the case is %s, want closed", got)
	}
	// The ports differ now: letters find the other side all the same.
	c = do[one](t, police, http.MethodPost, "/api/v1/cases", fields{"text": "城关区小区路灯坏了。", "channel": "web",
		"legs": []fields{{"to": "12345", "ask": "非警务，请接续"}}})
	arrived(t, desk, "540000-110", c.ID)
	s.stop()
}

// proves exports a case by the command and verifies it, and the node's log.
func proves(t *testing.T, n node.ReadyNode, id string) {
	t.Helper()
	file, keys := filepath.Join(t.TempDir(), "case.proof"), filepath.Join(t.TempDir(), "keys.json")
	info := do[node.KeysInfo](t, api(t, n), http.MethodGet, "/api/v1/keys", nil)
	if err := os.WriteFile(keys, info.Keys.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(status int, says string, args ...string) {
		t.Helper()
		var out, diagnostics strings.Builder
		if got := run(t.Context(), args, strings.NewReader(""), &out, &diagnostics); got != status || !strings.Contains(out.String(), says) {
			t.Errorf("%v: got status %d, %s%s, want %d and %q", args, got, out.String(), diagnostics.String(), status, says)
		}
	}
	command(done, "", "export", "--node", n.URL, "--token", n.Token, "--case", id, "--out", file)
	command(done, "The key is the file's own", "verify", file)
	command(done, "OK\n", "verify", file, "--key", keys)
	command(done, `"pinned": true`, "verify", file, "--key", keys, "--json")
	command(done, "log of "+info.Keys.Platform, "verify", n.URL, "--token", n.Token, "--key", keys)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(whole), `"kind":"accept"`, `"kind":"return"`, 1)
	if forged == string(whole) {
		t.Fatal("nothing to forge in the file")
	}
	if err := os.WriteFile(file, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	command(failed, "(record_changed)", "verify", file)
}

// arrived waits for the case that belongs to another platform's.
func arrived(t *testing.T, c *client, platform, id string) (found one) {
	t.Helper()
	until(t, "the case arrives", func() bool {
		i := -1
		list := cases(t, c, "")
		i = slices.IndexFunc(list, func(o one) bool { return o.LinkIDs[platform] == id })
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	})
	return found
}

func checkReady(t *testing.T, s *service, r node.Ready) {
	t.Helper()
	if len(r.Nodes) != 2 || r.Nodes[0].Platform != "12345" || r.Nodes[1].Platform != "110" {
		t.Fatalf("nodes: %+v, want 12345 and 110", r.Nodes)
	}
	for _, n := range r.Nodes {
		if n.PID != s.cmd.Process.Pid || !isUp(n.URL) {
			t.Errorf("%s: pid %d, up %v; want %d and up", n.Platform, n.PID, isUp(n.URL), s.cmd.Process.Pid)
		}
	}
	roles := map[string]bool{}
	for _, u := range r.Users {
		roles[u.Role] = true
	}
	for _, role := range hotline.Roles() {
		if !roles[string(role)] {
			t.Errorf("no sample user is a %s", role)
		}
	}
}

// signIn signs in as every sample user, and sees a page.
func signIn(t *testing.T, r node.Ready) {
	t.Helper()
	for _, u := range r.Users {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		for _, n := range r.Nodes {
			if n.Platform != u.Platform {
				continue
			}
			res, err := browser.PostForm(n.URL+"/sign-in", url.Values{"login": {u.User}, "password": {u.Password}})
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || res.Request.URL.Path == "/sign-in" || !strings.Contains(string(page), "</html>") {
				t.Errorf("%s at %s: status %d at %s (%v), want a page behind the sign-in", u.User, u.Platform, res.StatusCode, res.Request.URL.Path, err)
			}
		}
		browser.CloseIdleConnections()
	}
}

// freshDatabase is an empty PostgreSQL database: the demonstration names its
// schemas itself.
func freshDatabase(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(pgtest.DSN(t)) // fails with a sentence where there is no server
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("options")
	u.RawQuery = q.Encode()
	name := "demo_" + strings.ToLower(filepath.Base(t.TempDir())) + "_" + hotline.NewID()
	exec := func(statement string) {
		t.Helper()
		conn, err := pgx.Connect(context.Background(), u.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("CREATE DATABASE " + name)
	t.Cleanup(func() { exec("DROP DATABASE " + name + " WITH (FORCE)") })
	fresh := *u
	fresh.Path = "/" + name
	return fresh.String()
}

// A port in use, or keys that are gone, is said plainly.
func TestDemoRefuses(t *testing.T) {
	_, _, ready := startDemo(t)
	port := ready.Nodes[0].URL[strings.LastIndexByte(ready.Nodes[0].URL, ':')+1:]
	r := liandong(t, "", "demo", "--dir", t.TempDir(), "--port", port)
	if r.status != 1 || !strings.Contains(r.stderr, "choose another pair with --port") {
		t.Errorf("port in use: status %d, says %q", r.status, r.stderr)
	}

	dir := t.TempDir()
	s, _, _ := startDemo(t, "--dir", dir)
	r = liandong(t, "", "demo", "--dir", dir, "--port", "0")
	if r.status != 1 || !strings.Contains(r.stderr, "database_in_use") {
		t.Errorf("data in use: status %d, says %q", r.status, r.stderr)
	}
	s.stop()
	keys := filepath.Join(dir, "110", "keys.json")
	if err := os.Chmod(keys, 0o644); err != nil {
		t.Fatal(err)
	}
	r = liandong(t, "", "demo", "--dir", dir, "--port", "0")
	if r.status != 1 || !strings.Contains(r.stderr, "may be read by others") {
		t.Errorf("keys open to all: status %d, says %q", r.status, r.stderr)
	}
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	r = liandong(t, "", "demo", "--dir", dir, "--port", "0")
	if r.status != 1 || !strings.Contains(r.stderr, "put it back from its copy") {
		t.Errorf("keys gone: status %d, says %q", r.status, r.stderr)
	}
	other, err := os.ReadFile(filepath.Join(dir, "12345", "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, keys, string(other))
	r = liandong(t, "", "demo", "--dir", dir, "--port", "0")
	if r.status != 1 || !strings.Contains(r.stderr, "does not hold the keys") {
		t.Errorf("another node's keys: status %d, says %q", r.status, r.stderr)
	}
}

// Fed twice, a text is one case; driven, all come to their end and both sides
// agree.
func TestReplay(t *testing.T) {
	_, file, ready := startDemo(t)
	var lines []string
	says := []string{"城关区%d号路灯不亮", "我的第%d辆电动车被偷了", "%d号楼下烧烤店油烟大", "老板欠了%d个月工资", "第%d天停水了", "邻居打架，%d人受伤，快来"}
	for i := range 36 {
		doc, err := json.Marshal(fields{"id": fmt.Sprintf("r%d", i), "text": fmt.Sprintf(says[i%len(says)], i), "time": "2025-01-01"})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(doc))
	}
	from := filepath.Join(t.TempDir(), "texts.jsonl")
	write(t, from, strings.Join(lines, "\n"))
	for _, want := range []string{"lines 36, taken 36, there already 0, failed 0", "lines 36, taken 0, there already 36, failed 0"} {
		if got := must(t, "", "replay", "--from", from, "--ready", file).stdout; !strings.Contains(got, want) {
			t.Errorf("replay says %q, want %q", got, want)
		}
	}
	for _, n := range ready.Nodes {
		if got := len(cases(t, api(t, n), "limit=200")); got != 18 {
			t.Errorf("%s has %d cases, want 18", n.Platform, got)
		}
	}

	bad := strings.Join([]string{lines[0], `{"id":"x1","text":""}`, `no`, `{"id":"","text":"a"}`, `{"id":"x2"}`,
		`{"id":"x3","text":"有控制字符` + "\\u0007" + `"}`, `{"id":"x4","text":"` + strings.Repeat("长", 20_000) + `"}`,
		`{"id":"x5","text":"路灯不亮","region":"999999"}`, `{"id":"r0","text":"同一编号，别的内容"}`, `{"id":"x6","text":"路灯不亮","caller":7}`}, "\n")
	write(t, from, bad)
	r := liandong(t, "", "replay", "--from", from, "--node", ready.Nodes[0].URL, "--token", ready.Nodes[0].Token, "--json")
	var tally Tally
	if err := json.Unmarshal([]byte(r.stdout), &tally); err != nil {
		t.Fatalf("%v in %q", err, r.stdout)
	}
	if r.status != 1 || tally.Taken != 0 || tally.Already != 1 || len(tally.Failed) != 9 {
		t.Errorf("bad lines: status %d, %+v; want 1, nothing taken, one there already, nine failed", r.status, tally)
	}
	for _, f := range tally.Failed {
		if f.Line == 0 || f.Reason == "" {
			t.Errorf("a failure without line or reason: %+v", f)
		}
	}

	write(t, from, strings.Join(lines, "\n"))
	r = must(t, "", "replay", "--from", from, "--ready", file, "--drive", "11", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &tally); err != nil {
		t.Fatal(err)
	}
	if len(tally.Driven.Open) > 0 || len(tally.Driven.Lost) > 0 || len(tally.Driven.Doubled) > 0 || tally.Driven.Actions < 100 {
		t.Errorf("driven: %+v, want all cases closed, none lost or doubled", tally.Driven)
	}
	for _, n := range ready.Nodes {
		agree(t, n.URL, n.Token)
	}
}

// realNode is a node for real use in a directory of its own.
func realNode(t *testing.T, platform, line string) (config, url string) {
	t.Helper()
	dir, addr := t.TempDir(), freePort(t)
	doc, err := json.Marshal(map[string]string{"platform": platform, "line": line, "name": "测试" + line, "region": "540100", "data": "data", "listen": addr})
	if err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(dir, "node.json")
	write(t, config, string(doc))
	return config, "http://" + addr
}

// Two administrators connect two nodes: once while they do not run, once while
// they do.
func TestLinkByHand(t *testing.T) {
	config12345, url12345 := realNode(t, "540100-12345", "12345")
	config110, url110 := realNode(t, "540100-110", "110")

	// 12345 before its first start.
	keys := must(t, "", "link", "keys", "--config", config12345)
	keys12345 := filepath.Join(t.TempDir(), "12345.json")
	write(t, keys12345, keys.stdout)
	print12345 := fingerprintOf(t, keys.stderr)
	must(t, "a-long-password\n", "person", "add", "--config", config12345, "--login", "admin", "--name", "测试管理员", "--role", "administrator")
	token12345 := strings.TrimSpace(must(t, "", "token", "add", "--config", config12345, "--name", "all", "--scope", list(hotline.Rights())).stdout)
	token110 := strings.TrimSpace(must(t, "", "token", "add", "--config", config110, "--name", "all", "--scope", list(hotline.Rights())).stdout)

	// 110 runs: its files are its own, its API is not.
	s110 := start(t, "serve", "--config", config110)
	until(t, "110 is up", func() bool { return isUp(url110) })
	if r := liandong(t, "", "link", "list", "--config", config110); r.status != 1 || !strings.Contains(r.stderr, "--node URL") {
		t.Errorf("the files of a running node: status %d, says %q; want 1 and what to do", r.status, r.stderr)
	}
	on110 := []string{"--node", url110, "--token", token110}
	add := append([]string{"link", "add", "--peer-keys", keys12345, "--url", url12345, "--phone", "0891-0000001"}, on110...)
	if r := liandong(t, "", append(add, "--fingerprint", "0000 0000 0000 0000 0000 0000")...); r.status != 1 || !strings.Contains(r.stderr, print12345) {
		t.Errorf("a fingerprint that was heard wrong: status %d, says %q; want 1 and the right one", r.status, r.stderr)
	}
	if r := must(t, "", append(add, "--fingerprint", strings.ToUpper(print12345))...); strings.Contains(r.stdout, "Call the other side") {
		t.Errorf("a fingerprint that was compared is asked for again: %s", r.stdout)
	}
	keys = must(t, "", append([]string{"link", "keys"}, on110...)...)
	keys110 := filepath.Join(t.TempDir(), "110.json")
	write(t, keys110, keys.stdout)
	if r := must(t, "", "link", "add", "--config", config12345, "--peer-keys", keys110, "--url", url110, "--phone", "0891-0000002"); !strings.Contains(r.stdout, fingerprintOf(t, keys.stderr)) {
		t.Errorf("the fingerprint to compare is not shown: %s", r.stdout)
	}
	if r := liandong(t, "", "link", "add", "--config", config12345, "--peer-keys", keys12345, "--url", url12345, "--phone", "1"); r.status != 1 || !strings.Contains(r.stderr, "to_self") {
		t.Errorf("linked to itself: status %d, says %q", r.status, r.stderr)
	}

	start(t, "serve", "--config", config12345)
	until(t, "12345 is up", func() bool { return isUp(url12345) })
	desk, police := api(t, node.ReadyNode{URL: url12345, Token: token12345}), api(t, node.ReadyNode{URL: url110, Token: token110})

	// Stopped, nothing arrives; started, it does.
	must(t, "", append([]string{"link", "stop", "--peer", "540100-12345"}, on110...)...)
	c := do[one](t, desk, http.MethodPost, "/api/v1/cases", fields{"text": "家里进了小偷", "channel": "phone", "legs": []fields{{"to": "110"}}})
	until(t, "the letter was refused once", func() bool {
		links := do[[]node.LinkInfo](t, desk, http.MethodGet, "/api/v1/links", nil)
		return links[0].Trouble != "" || links[0].StuckAt != nil
	})
	if got := len(cases(t, police, "")); got != 0 {
		t.Errorf("%d cases came over a stopped link, want none", got)
	}
	must(t, "", append([]string{"link", "start", "--peer", "540100-12345"}, on110...)...)
	arrived(t, police, "540100-12345", c.ID)
	must(t, "", append([]string{"reconcile"}, on110...)...)

	// People on a running node.
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "another-password")
	must(t, "", append([]string{"person", "add", "--login", "Op1", "--name", "测试接警员", "--role", "operator", "--password-file", file}, on110...)...)
	for says, args := range map[string][]string{
		"login_taken":         {"--login", "op1", "--name", "甲", "--role", "operator"},
		"person_role_unknown": {"--login", "op2", "--name", "甲", "--role", "king"},
		"unit_unknown":        {"--login", "op2", "--name", "甲", "--role", "clerk", "--unit", "540102-housing"}, // 12345's
		"region_unknown":      {"--login", "op2", "--name", "甲", "--role", "operator", "--region", "999999"},
	} {
		r := liandong(t, "", append(append([]string{"person", "add", "--password-file", file}, on110...), args...)...)
		if r.status != 1 {
			t.Errorf("%s: status %d, want 1: %s", says, r.status, r.stderr)
		}
	}
	must(t, "a-third-password\n", append([]string{"person", "password", "--login", "op1"}, on110...)...)
	if r := must(t, "", append([]string{"person", "list"}, on110...)...); !strings.Contains(r.stdout, "op1") || strings.Contains(r.stdout, "argon2id") {
		t.Errorf("people: %s", r.stdout)
	}
	must(t, "", append([]string{"person", "disable", "--login", "Op1"}, on110...)...)
	if r := must(t, "", append([]string{"person", "list"}, on110...)...); !regexp.MustCompile(`(?m)^op1 .* disabled `).MatchString(r.stdout) {
		t.Errorf("people after one was put out: %s", r.stdout)
	}
	if r := must(t, "", append([]string{"person", "enable", "--login", "op1"}, on110...)...); r.stdout != "op1: active\n" {
		t.Errorf("enable says %q", r.stdout)
	}
	if r := liandong(t, "", append([]string{"person", "disable", "--login", "nobody"}, on110...)...); r.status != 1 || !strings.Contains(r.stderr, "404") {
		t.Errorf("disable nobody: status %d, %s", r.status, r.stderr)
	}

	// A program's token, seen to work and to end.
	secret := strings.TrimSpace(must(t, "", append([]string{"token", "add", "--name", "短命程序", "--scope", "links.see"}, on110...)...).stdout)
	asProgram := []string{"link", "list", "--node", url110, "--token", secret}
	must(t, "", asProgram...)
	r := must(t, "", append([]string{"token", "list"}, on110...)...)
	if strings.Contains(r.stdout, secret) {
		t.Error("the list of tokens shows a secret")
	}
	line := regexp.MustCompile(`(?m)^(\S+) active +短命程序 .*links.see$`).FindStringSubmatch(r.stdout)
	if line == nil {
		t.Fatalf("tokens: %s", r.stdout)
	}
	must(t, "", append([]string{"token", "revoke", "--id", line[1]}, on110...)...)
	if r := liandong(t, "", asProgram...); r.status != 1 {
		t.Errorf("with a revoked token: status %d, want 1", r.status)
	}
	if r := must(t, "", append([]string{"token", "list"}, on110...)...); !strings.Contains(r.stdout, line[1]+" revoked") {
		t.Errorf("tokens after one was revoked: %s", r.stdout)
	}
	s110.stop()
}

func fingerprintOf(t *testing.T, said string) string {
	t.Helper()
	_, rest, ok := strings.Cut(said, "fingerprint  ")
	if !ok {
		t.Fatalf("no fingerprint in %q", said)
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// Administrators' calls: who may make them, and what a bad body is told.
func TestAdminCalls(t *testing.T) {
	_, _, ready := startDemo(t)
	n := ready.Nodes[0]
	all := api(t, n)
	little := do[node.TokenInfo](t, all, http.MethodPost, "/api/v1/tokens", node.NewToken{Name: "little", Scopes: []string{string(hotline.SeeCases)}})
	for _, tc := range []struct {
		method, path, token, body string
		status                    int
		code                      string
	}{
		{"GET", "/api/v1/links", "", "", 401, "token_missing"},
		{"GET", "/api/v1/links", "ld_wrong", "", 401, "token_invalid"},
		{"GET", "/api/v1/links", little.Token, "", 403, "denied"},
		{"POST", "/api/v1/links", little.Token, "{}", 403, "denied"},
		{"GET", "/api/v1/people", little.Token, "", 403, "denied"},
		{"POST", "/api/v1/tokens", little.Token, "{}", 403, "denied"},
		{"POST", "/api/v1/reconcile", little.Token, "", 403, "denied"},
		{"GET", "/api/v1/log", little.Token, "", 403, "denied"},
		{"POST", "/api/v1/cases/moon/export", little.Token, "{}", 403, "denied"},
		{"POST", "/api/v1/cases/moon/export", n.Token, "{}", 404, "case_not_found"},
		{"POST", "/api/v1/links", n.Token, "{", 422, "body_invalid"},
		{"POST", "/api/v1/links", n.Token, `{"kees": 1}`, 422, "body_invalid"},
		{"POST", "/api/v1/links", n.Token, `{"keys": {}}`, 422, "keys_format"},
		{"POST", "/api/v1/links/moon/stop", n.Token, "", 404, "link_not_found"},
		{"POST", "/api/v1/tokens", n.Token, `{"name": "x", "scopes": ["fly"]}`, 422, "scope_unknown"},
		{"POST", "/api/v1/tokens", n.Token, `{"name": "` + strings.Repeat("x", 70_000) + `"}`, 413, "body_large"},
		{"POST", "/api/v1/people", n.Token, `{"login": "a b"}`, 422, "login_invalid"},
		{"POST", "/api/v1/people/nobody/password", n.Token, `{"password": "long-enough-1"}`, 404, "person_not_found"},
		{"POST", "/api/v1/people/nobody/disable", n.Token, "", 404, "person_not_found"},
		{"POST", "/api/v1/people/nobody/enable", little.Token, "", 403, "denied"},
		{"GET", "/api/v1/tokens", little.Token, "", 403, "denied"},
		{"POST", "/api/v1/tokens/moon/revoke", little.Token, "", 403, "denied"},
		{"POST", "/api/v1/tokens/moon/revoke", n.Token, "", 404, "token_unknown"},
		{"DELETE", "/api/v1/links", n.Token, "", 404, "no_such_path"},
	} {
		t.Run(tc.method+tc.path+tc.code, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tc.method, n.URL+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if tc.token != "" {
				req.Header.Set("Authorization", "Bearer "+tc.token)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var p problem
			if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
				t.Fatalf("status %d, and no problem document: %v", res.StatusCode, err)
			}
			if res.StatusCode != tc.status || p.code() != tc.code || p.Detail == "" {
				t.Errorf("got %d %s %q, want %d %s with a sentence", res.StatusCode, p.code(), p.Detail, tc.status, tc.code)
			}
		})
	}
}
