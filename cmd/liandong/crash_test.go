package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"liandong/internal/pgtest"
)

// Two nodes as processes of their own, speaking HTTPS, are killed in turn, again and again,
// while texts are fed in and sample clerks work them. Afterwards every text is
// one case, nothing is stuck, both sides agree and their logs are whole.
//
// Longer by make torture; with other texts, JSONL {"id","text"}, by
// LIANDONG_CRASH_FROM=FILE as well.
func TestKilledNodes(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { killNodes(t, engine) })
	}
}

func killNodes(t *testing.T, engine string) {
	kills, cases := 3, 240 // kills of each node
	if os.Getenv("LIANDONG_TORTURE") != "" {
		kills, cases = 25, 3000
	}
	dir := t.TempDir()
	w := &crashWorld{t: t, dir: dir, bin: program}
	w.certify()
	w.node("540000-12345", "12345", engine)
	w.node("540000-110", "110", engine)
	w.connect()
	for i := range w.nodes {
		w.start(i)
	}
	ready := filepath.Join(dir, "ready.json")
	doc, err := json.Marshal(map[string]any{"nodes": w.nodes})
	if err == nil {
		err = os.WriteFile(ready, doc, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
	defer cancel()
	batches := 0
	replay := func() <-chan error {
		batches++
		cmd := exec.CommandContext(ctx, w.bin, "replay", "--from", w.texts(cases, batches), "--ready", ready, "--drive", "5", "--json")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			err := cmd.Wait()
			if err == nil {
				err = checkSummary(t, out.Bytes())
			}
			if err != nil {
				err = fmt.Errorf("replay: %w\n%s\n%s", err, tail(out.String()), tail(errs.String()))
			}
			done <- err
		}()
		return done
	}
	done := replay()
	for k := range 2 * kills { // each node in turn, and never without work under way
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			done = replay()
		case <-time.After(time.Duration(700+(k*389)%1300) * time.Millisecond):
		}
		w.kill(k % 2)
		w.start(k % 2)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("killed each node %d times over %d batches of texts", kills, batches)
	for _, n := range w.nodes {
		agree(t, n.URL, n.Token)
		if r := liandong(t, "", "verify", "--token", n.Token, n.URL); r.status != 0 {
			t.Errorf("the log of %s: %s%s", n.Platform, r.stdout, r.stderr)
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

type crashNode struct {
	Platform string `json:"platform"`
	URL      string `json:"url"`
	Token    string `json:"token"`
	config   string
	address  string
	cmd      *exec.Cmd
	log      string
}

type crashWorld struct {
	t        *testing.T
	dir, bin string
	nodes    []*crashNode
	cert     string // PEM files of a certificate that signs itself
	key      string
	client   *http.Client
}

// command runs a program and returns what it printed.
func (w *crashWorld) command(name string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, tail(out.String()), tail(errs.String()))
	}
	return out.String()
}

// certify makes a certificate for the loopback address. Programs trust it by
// SSL_CERT_FILE, as they would an authority of a site's own.
func (w *crashWorld) certify() {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "liandong test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cert, w.key = filepath.Join(w.dir, "cert.pem"), filepath.Join(w.dir, "key.pem")
	pool := x509.NewCertPool()
	for path, block := range map[string]*pem.Block{w.cert: {Type: "CERTIFICATE", Bytes: der}, w.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		doc := pem.EncodeToMemory(block)
		pool.AppendCertsFromPEM(doc)
		if err := os.WriteFile(path, doc, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Setenv("SSL_CERT_FILE", w.cert)
	w.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// node writes a configuration and makes a token with every scope.
func (w *crashWorld) node(platform, line, engine string) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	n := &crashNode{Platform: line, address: l.Addr().String(), URL: "https://" + l.Addr().String(),
		config: filepath.Join(w.dir, line+".json"), log: filepath.Join(w.dir, line+".log")}
	l.Close()
	c := map[string]string{"platform": platform, "line": line, "name": "试验" + line, "region": "540000", "listen": n.address, "data": filepath.Join(w.dir, line),
		"tls_cert": w.cert, "tls_key": w.key}
	if engine == "postgres" {
		c["database"] = pgtest.DSN(w.t)
	}
	doc, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(n.config, doc, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	n.Token = strings.TrimSpace(w.command(w.bin, "token", "add", "--config", n.config, "--name", "crash",
		"--scope", "cases.see,cases.take,cases.decide,legs.work,legs.ask,overview.see,links.see,links.mend,proof.export"))
	w.nodes = append(w.nodes, n)
	w.t.Cleanup(func() { w.stop(n) })
}

// connect links the two by their key documents, as two administrators would.
func (w *crashWorld) connect() {
	w.t.Helper()
	for i, n := range w.nodes {
		peer := w.nodes[1-i]
		keys := filepath.Join(w.dir, peer.Platform+"-keys.json")
		if err := os.WriteFile(keys, []byte(w.command(w.bin, "link", "keys", "--config", peer.config)), 0o600); err != nil {
			w.t.Fatal(err)
		}
		w.command(w.bin, "link", "add", "--config", n.config, "--peer-keys", keys, "--url", peer.URL, "--phone", "08910000"+peer.Platform[:3])
	}
}

func (w *crashWorld) start(i int) {
	w.t.Helper()
	n := w.nodes[i]
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	n.cmd = exec.Command(w.bin, "serve", "--config", n.config)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	for range 300 {
		res, err := w.client.Get(n.URL + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		<-time.After(50 * time.Millisecond)
	}
	b, _ := os.ReadFile(n.log)
	w.t.Fatalf("%s does not come up\n%s", n.Platform, tail(string(b)))
}

// kill ends a node as a power cut would.
func (w *crashWorld) kill(i int) {
	w.t.Helper()
	n := w.nodes[i]
	if err := n.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	n.cmd.Wait()
	n.cmd = nil
}

func (w *crashWorld) stop(n *crashNode) {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
		n.cmd = nil
	}
}

// texts is a batch of invented texts, or of the file given, with ids that no
// other batch has.
func (w *crashWorld) texts(cases, batch int) string {
	if f := os.Getenv("LIANDONG_CRASH_FROM"); f != "" {
		doc, err := os.ReadFile(f)
		if err != nil {
			w.t.Fatal(err)
		}
		return w.batch(batch, bytes.ReplaceAll(doc, []byte(`{"id": "`), fmt.Appendf(nil, `{"id": "%d-`, batch)))
	}
	says := []string{"小区门口的路灯坏了三天没有人来修", "楼下烧烤店油烟很大晚上睡不着觉", "有人在路口打架，已经有人受伤了", "老板拖欠我们工资三个月了",
		"我家孩子走丢了，穿红色衣服", "自来水停了一天了什么时候来水", "邻居占了我家草场不肯退", "超市卖过期的牛奶给老人"}
	var b bytes.Buffer
	for i := range cases {
		fmt.Fprintf(&b, "{\"id\":\"invented-%d-%d\",\"text\":\"%s（第%d件）\"}\n", batch, i, says[i%len(says)], i)
	}
	return w.batch(batch, b.Bytes())
}

func (w *crashWorld) batch(n int, doc []byte) string {
	path := filepath.Join(w.dir, fmt.Sprintf("texts-%d.jsonl", n))
	if err := os.WriteFile(path, doc, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// checkSummary reads what replay says of the end: every text one case.
func checkSummary(t *testing.T, out []byte) error {
	var s Tally
	if err := json.Unmarshal(out, &s); err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if len(s.Failed) > 0 || s.Driven == nil || s.Driven.gaveUp() {
		return fmt.Errorf("got failed %v, driven %+v; want every text one case and nothing stuck", s.Failed, s.Driven)
	}
	for _, o := range s.Driven.Open {
		t.Logf("open, explained: %s %s %s", o.Platform, o.ExternalID, o.Reason)
	}
	return nil
}
