package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"liandong/internal/node"
)

// program is the command, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "liandong-test.")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "liandong")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Stderr = os.Stderr
	status := 1
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
	} else {
		status = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

// result is how one run of the program ended.
type result struct {
	status         int
	stdout, stderr string
}

// liandong runs the program to its end.
func liandong(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, diagnostics bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &diagnostics
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("run %v: %v", args, err)
	}
	return result{status: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: diagnostics.String()}
}

// must is liandong that fails the test where the program fails.
func must(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	r := liandong(t, stdin, args...)
	if r.status != 0 {
		t.Fatalf("%v: status %d, want 0\n%s%s", args, r.status, r.stdout, r.stderr)
	}
	return r
}

// service is a running node or demonstration.
type service struct {
	t      *testing.T
	args   []string
	cmd    *exec.Cmd
	stderr *os.File
	ended  chan struct{}
}

// start starts the program and leaves it running; it is gone when the test
// ends, and its diagnostics are shown where the test failed.
func start(t *testing.T, args ...string) *service {
	t.Helper()
	s := &service{t: t, args: args}
	var err error
	if s.stderr, err = os.CreateTemp(t.TempDir(), "stderr"); err != nil {
		t.Fatal(err)
	}
	s.again()
	t.Cleanup(func() {
		if s.running() {
			s.cmd.Process.Kill()
			<-s.ended
		}
		if t.Failed() {
			s.showLog()
		}
		s.stderr.Close()
	})
	return s
}

func (s *service) running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// showLog shows the end of what the program said.
func (s *service) showLog() {
	b, err := os.ReadFile(s.stderr.Name())
	if err != nil {
		s.t.Log(err)
		return
	}
	const most = 4000
	if len(b) > most {
		b = b[len(b)-most:]
	}
	s.t.Logf("%v said:\n%s", s.args, b)
}

// again starts it once more after it ended.
func (s *service) again() {
	s.t.Helper()
	s.cmd = exec.Command(program, s.args...)
	s.cmd.Stderr = s.stderr
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended, cmd := make(chan struct{}), s.cmd
	s.ended = ended
	go func() {
		defer close(ended)
		cmd.Wait() // the status is in ProcessState
	}()
}

// stop ends it as an administrator does, which must succeed.
func (s *service) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		s.t.Fatalf("%v does not stop", s.args)
	}
	if got := s.cmd.ProcessState.ExitCode(); got != 0 {
		s.showLog()
		s.t.Fatalf("%v ended with status %d, want 0", s.args, got)
	}
}

// until waits for something, looking often.
func until(t *testing.T, what string, look func() bool) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for !look() {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// agree waits until both sides of a node's links agree: a letter may still be
// under way when the last thing that a test looked at has happened. What they
// do not agree on stays so, and fails the test.
func agree(t *testing.T, url, token string) {
	t.Helper()
	var last result
	defer func() {
		if last.status != 0 {
			t.Logf("%s%s", last.stdout, last.stderr)
		}
	}()
	until(t, "both sides agree", func() bool {
		last = liandong(t, "", "reconcile", "--node", url, "--token", token)
		return last.status == 0
	})
}

// startDemo starts a demonstration on free ports and waits until it answers.
func startDemo(t *testing.T, args ...string) (*service, string, node.Ready) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ready.json")
	if !slices.Contains(args, "--dir") {
		args = append(args, "--dir", t.TempDir())
	}
	s := start(t, append([]string{"demo", "--port", "0", "--ready", file}, args...)...)
	return s, file, waitForReady(t, s, file)
}

func waitForReady(t *testing.T, s *service, file string) (r node.Ready) {
	t.Helper()
	until(t, "the demonstration answers", func() bool {
		if !s.running() {
			s.showLog()
			t.Fatal("the demonstration ended")
		}
		b, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(b, &r) == nil
	})
	return r
}

// api is a client for a node of a demonstration.
func api(t *testing.T, n node.ReadyNode) *client {
	t.Helper()
	c, err := newClient(n.URL, n.Token, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// do makes a call that must succeed.
func do[Out any](t *testing.T, c *client, method, path string, in any) (out Out) {
	t.Helper()
	if _, err := c.call(t.Context(), method, path, in, &out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

// freePort is a port that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// isUp says whether a node answers.
func isUp(url string) bool {
	res, err := http.Get(url + "/readyz")
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.json"), `{"platform": "一", "Line": "110"}`)
	write(t, filepath.Join(dir, "good.json"), `{"platform": "540100-110", "line": "110", "name": "测试110", "region": "540100", "data": "data"}`)
	for _, tc := range []struct {
		args   []string
		status int
		says   string // on stderr; where the status is 0, on stdout
	}{
		{nil, 2, "which command?"},
		{[]string{"help"}, 0, "liandong demo"},
		{[]string{"--help"}, 0, "Available Commands"},
		{[]string{"dance"}, 2, `unknown command "dance"`},
		{[]string{"demo", "--tango"}, 2, "unknown flag: --tango"},
		{[]string{"demo", "now"}, 2, "flags only"},
		{[]string{"demo", "--port", "65535"}, 2, "--port is 0 to 65534"},
		{[]string{"demo", "--port", "x"}, 2, "invalid argument"},
		{[]string{"demo", "--dir", filepath.Join(dir, "d"), "--port", "0", "--postgres", "mysql://x"}, 1, "postgres://"},
		{[]string{"serve"}, 2, "--config FILE"},
		{[]string{"serve", "--config", filepath.Join(dir, "gone.json")}, 1, "no such file"},
		{[]string{"serve", "--config", filepath.Join(dir, "bad.json")}, 1, "Line: unknown key"},
		{[]string{"check", "--config", filepath.Join(dir, "bad.json")}, 1, "platform: want"},
		{[]string{"check", "--config", filepath.Join(dir, "good.json")}, 0, "platform  540100-110"},
		{[]string{"check", "--config", filepath.Join(dir, "good.json"), "--json"}, 0, `"listen": "127.0.0.1:8080"`},
		{[]string{"link"}, 2, "which command of liandong link?"},
		{[]string{"link", "dance"}, 2, "unknown command"},
		{[]string{"link", "keys"}, 2, "which node?"},
		{[]string{"link", "keys", "--node", "x", "--config", "y"}, 2, "which node?"},
		{[]string{"link", "keys", "--node", "127.0.0.1:1", "--token", "x"}, 2, "--node is an address"},
		{[]string{"link", "add", "--node", "http://127.0.0.1:1"}, 2, "--peer-keys"},
		{[]string{"link", "list", "--node", "http://127.0.0.1:1"}, 2, "a token is needed"},
		{[]string{"link", "list", "--node", "http://127.0.0.1:1", "--token", "x"}, 1, "connection refused"},
		{[]string{"link", "stop", "--node", "http://127.0.0.1:1", "--token", "x"}, 2, "--peer is needed"},
		{[]string{"person", "add", "--config", "x"}, 2, "--login, --name and --role"},
		{[]string{"person", "password", "--config", "x"}, 2, "--login is needed"},
		{[]string{"person", "disable", "--config", "x"}, 2, "--login is needed"},
		{[]string{"token", "revoke", "--config", "x"}, 2, "--id is needed"},
		{[]string{"token", "add", "--config", "x"}, 2, "--name and --scope"},
		{[]string{"triage", "--catalogue", "moon-1"}, 2, `no catalogue "moon-1"`},
		{[]string{"export", "--node", "http://127.0.0.1:1", "--token", "x"}, 2, "--case ID"},
		{[]string{"export", "--case", "x", "--out", "y"}, 2, "--node is an address"},
		{[]string{"export", "--node", "http://127.0.0.1:1", "--token", "x", "--case", "x", "--out", filepath.Join(dir, "out")}, 1, "connection refused"},
		{[]string{"keys"}, 2, "which command of liandong keys?"},
		{[]string{"keys", "renew"}, 2, "--config FILE"},
		{[]string{"keys", "renew", "--config", filepath.Join(dir, "good.json")}, 1, "no such file"},
		{[]string{"keys", "revoke"}, 2, "--config FILE"},
		{[]string{"restored"}, 2, "--config FILE"},
		{[]string{"restored", "--config", filepath.Join(dir, "gone.json")}, 1, "no such file"},
		{[]string{"keys", "sm2"}, 2, "--config FILE"},
		{[]string{"keys", "sm2", "--config", filepath.Join(dir, "good.json")}, 1, "no such file"},
		{[]string{"verify"}, 2, "what is to be verified?"},
		{[]string{"verify", "http://127.0.0.1:1"}, 2, "a token is needed"},
		{[]string{"verify", filepath.Join(dir, "gone")}, 1, "no such file"},
		{[]string{"verify", filepath.Join(dir, "good.json"), "--key", filepath.Join(dir, "good.json")}, 1, "keys_format"},
		{[]string{"replay"}, 2, "--from FILE"},
		{[]string{"replay", "--from", "x"}, 2, "which nodes?"},
		{[]string{"replay", "--from", "x", "--node", "http://127.0.0.1:1"}, 2, "needs its --token"},
		{[]string{"replay", "--from", filepath.Join(dir, "gone"), "--node", "http://127.0.0.1:1", "--token", "x"}, 1, "no such file"},
		{[]string{"replay", "--from", "x", "--ready", filepath.Join(dir, "good.json")}, 1, "not what liandong demo --ready writes"},
		{[]string{"replay", "--from", "x", "--ready", "y", "--rate", "-1"}, 2, "--rate"},
		{[]string{"reconcile"}, 2, "which nodes?"},
		{[]string{"reconcile", "--node", "http://127.0.0.1:1", "--token", "x"}, 1, "connection refused"},
		{[]string{"version"}, 0, "liandong " + version},
		{[]string{"version", "--json"}, 0, `"version": "` + version + `"`},
		{[]string{"completion", "bash"}, 0, "bash completion"},
		{[]string{"man"}, 2, "want one directory"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			r := liandong(t, "", tc.args...)
			if r.status != tc.status {
				t.Errorf("status %d, want %d", r.status, tc.status)
			}
			said, silent := r.stderr, r.stdout
			if tc.status == 0 {
				said, silent = r.stdout, r.stderr
			}
			if !strings.Contains(said, tc.says) {
				t.Errorf("it does not say %q:\n%s%s", tc.says, r.stdout, r.stderr)
			}
			if silent != "" {
				t.Errorf("it says on the wrong stream:\n%s", silent)
			}
			if strings.Contains(r.stderr, "goroutine") {
				t.Errorf("it fell over:\n%s", r.stderr)
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	must(t, "", "man", dir)
	for page, wants := range map[string][]string{
		"liandong.1":          {".TH LIANDONG 1", "liandong\\-demo", "EXIT STATUS"},
		"liandong-demo.1":     {"\\-\\-port", ".SH OPTIONS"},
		"liandong-link-add.1": {"\\-\\-fingerprint", "liandong\\-link\\fR(1)"},
	} {
		b, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range wants {
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("%s does not hold %q", page, want)
			}
		}
	}
}

// Triage: contract.md's fields, in the order of the input; a bad line is named
// and the rest is done.
func TestTriage(t *testing.T) {
	in := strings.Join([]string{
		`{"id":"a","text":"城关区北京中路小区门口的路灯坏了半个月，一直没人修。","time":"2025-01-01"}`,
		`not json`,
		``,
		`{"id":7,"text":"我家昨晚被盗了，手机和现金都没有了。"}`,
		`{"id":"c"}`,
		`{"text":"没有编号的一行"}`,
		`{"id":"d","text":"有人拿着刀在街上砍人，快来！"}`,
		`{"id":"e","text":"ལྷ་ས་གྲོང་ཁྱེར།"}`,
		`{"id":"f","text":"` + strings.Repeat("长", 400_000) + `"}`,
	}, "\n")
	r := liandong(t, in, "triage")
	if r.status != 1 {
		t.Errorf("with bad lines: status %d, want 1", r.status)
	}
	for _, line := range []string{"line 2:", "line 5: text is missing", "line 6: id:", "line 9: longer than"} {
		if !strings.Contains(r.stderr, line) {
			t.Errorf("stderr does not say %q:\n%s", line, r.stderr)
		}
	}
	type answer struct {
		ID                           json.RawMessage
		Line, Category, Unit, Urgent string
		Level                        int
		Unread                       bool
		Score                        float64
		Candidates                   []struct{ Category string }
		Reasons                      []string
		FirstResponse                *string `json:"first_response"`
	}
	var got []answer
	lines := bufio.NewScanner(strings.NewReader(r.stdout))
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("output line %q: %v", lines.Text(), err)
		}
		if a.Level < 1 || a.Level > 4 || a.Score < 0 || a.Score > 1 || a.Candidates == nil || a.Reasons == nil || a.FirstResponse == nil {
			t.Errorf("a field is missing or out of range: %s", lines.Text())
		}
		got = append(got, a)
	}
	if len(got) != 4 {
		t.Fatalf("%d lines of output, want 4:\n%s", len(got), r.stdout)
	}
	if string(got[0].ID) != `"a"` || got[0].Line != "12345" || !strings.HasPrefix(got[0].Category, "A") || !strings.HasPrefix(got[0].Unit, "540102-") {
		t.Errorf("a broken street lamp in Chengguan: got %+v, want an A class and a unit of 540102", got[0])
	}
	if string(got[1].ID) != "7" || got[1].Line != "110" || !strings.HasPrefix(got[1].Category, "B") {
		t.Errorf("a theft: got %+v, want a B class", got[1])
	}
	if got[2].Urgent == "" || got[2].Level != 1 {
		t.Errorf("somebody with a knife: got %+v, want an urgent class at level 1", got[2])
	}
	if !got[3].Unread {
		t.Errorf("Tibetan: got %+v, want unread", got[3])
	}
	if r := liandong(t, `{"id":"a","text":"路灯不亮"}`, "triage", "--catalogue", "xizang-2025.1"); r.status != 0 || strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("one good line: status %d, output %q", r.status, r.stdout)
	}
	if r := liandong(t, "", "triage"); r.status != 0 || r.stdout != "" {
		t.Errorf("no line: status %d, output %q, want 0 and nothing", r.status, r.stdout)
	}
}

func FuzzIntake(f *testing.F) {
	f.Add([]byte(`{"id":"a","text":"路灯不亮","caller":{"name":"张测试"}}`))
	f.Add([]byte(`{"id":1,"text":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		id, body, err := intake(line)
		if err != nil {
			return
		}
		if id == "" || body["external_id"] != id {
			t.Errorf("taken without an id: %q", line)
		}
		if _, err := json.Marshal(body); err != nil {
			t.Errorf("taken, and cannot be sent: %v", err)
		}
	})
}

func FuzzTriageLine(f *testing.F) {
	f.Add([]byte(`{"id":"a","text":"路灯不亮"}`))
	f.Add([]byte(`{"id":-1,"text":"\u0000"}`))
	rules, err := newTriager("xizang-2025.1")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		out, err := rules.one(line)
		if err != nil {
			return
		}
		if doc, err := json.Marshal(out); err != nil || !json.Valid(doc) {
			t.Errorf("proposed, and cannot be written: %v", err)
		}
	})
}
