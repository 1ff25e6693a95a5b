package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liandong/internal/auth"
	"liandong/internal/hotline"
	"liandong/internal/pgtest"
)

// configOf is a configuration for a test, on SQLite.
func configOf(t *testing.T) Config {
	t.Helper()
	c, err := ParseConfig([]byte(goodConfig), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c.Listen = "127.0.0.1:0"
	return c
}

func open(t *testing.T, c Config) *Node {
	t.Helper()
	n, err := Open(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// onBoth runs a test with each engine.
func onBoth(t *testing.T, test func(t *testing.T, c Config)) {
	t.Run("sqlite", func(t *testing.T) { test(t, configOf(t)) })
	t.Run("postgres", func(t *testing.T) {
		c := configOf(t)
		c.Database = pgtest.DSN(t)
		test(t, c)
	})
}

func TestOpenAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		n := open(t, c)
		keys := n.Keys().Fingerprint()
		n.Close()
		for path, want := range map[string]fs.FileMode{c.Data: 0o700, c.keys(): 0o600} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("mode of %s: %04o, want %04o", path, got, want)
			}
		}

		c.Name = "改了名字"
		n = open(t, c)
		if n.Keys().Fingerprint() != keys || n.desk.Node().Name != "改了名字" {
			t.Errorf("opened again: keys %s, name %s; want %s and the new name", n.Keys().Fingerprint(), n.desk.Node().Name, keys)
		}
		n.Close()

		for what, change := range map[string]func(*Config){
			"belongs to platform": func(c *Config) { c.Platform = "540200-12345" },
			"not to 540100-12345": func(c *Config) { c.Line = "110" },
			"region":              func(c *Config) { c.Region = "540200" },
		} {
			wrong := c
			change(&wrong)
			if _, err := Open(t.Context(), wrong, Options{}); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("another platform on the same database: got %v, want an error that says %q", err, what)
			}
		}
	})
}

// Keys are never made anew over data that was written with others.
func TestKeysBelongToTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		open(t, c).Close()
		mine, err := os.ReadFile(c.keys())
		if err != nil {
			t.Fatal(err)
		}
		other, err := makeKeys(filepath.Join(t.TempDir(), "other"))
		if err != nil {
			t.Fatal(err)
		}
		for says, content := range map[string][]byte{"put it back": nil, "does not hold the keys": other.Bytes(), "keys_format": mine[:len(mine)/2]} {
			if err := os.Remove(c.keys()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if content != nil {
				if err := WriteFile(c.keys(), content); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Open(t.Context(), c, Options{}); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v, want an error that says %q", err, says)
			}
		}
		if err := WriteFile(c.keys(), mine); err != nil {
			t.Fatal(err)
		}
		open(t, c).Close()
	})
}

func TestUnknownRegion(t *testing.T) {
	c := configOf(t)
	c.Region = "999999"
	if _, err := Open(t.Context(), c, Options{}); err == nil || !strings.Contains(err.Error(), "999999") {
		t.Errorf("got %v, want an error that names the region", err)
	}
}

// serve serves a node and returns what stops it and waits for its end.
func serve(t *testing.T, n *Node) (addr string, stop func() error) {
	t.Helper()
	l, err := n.cfg.OpenListener(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Serve(ctx, l) }()
	return l.Addr().String(), func() error { cancel(); return <-ended }
}

// A page that listens for changes keeps nobody from stopping the node.
func TestConcurrentStreamAndStop(t *testing.T) {
	n := open(t, configOf(t))
	defer n.Close()
	if _, err := n.addPerson(t.Context(), auth.NewPerson{Login: "op", Name: "测试坐席", Password: "a-long-password", Role: hotline.Operator}); err != nil {
		t.Fatal(err)
	}
	secret, _, err := n.auth.SignIn(t.Context(), "op", "a-long-password", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	addr, stop := serve(t, n)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "liandong_session_540100-12345", Value: secret})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("status %d, %s; want a stream of events", res.StatusCode, got)
	}
	began := time.Now()
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := time.Since(began); took >= stopTimeout {
		t.Errorf("stopping took %v: the stream was waited for", took)
	}
	if _, err := io.ReadAll(res.Body); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestServeTLS(t *testing.T) {
	c := configOf(t)
	dir := t.TempDir()
	c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := certificate(t, c.TLSCert, c.TLSKey)
	n := open(t, c)
	defer n.Close()
	addr, stop := serve(t, n)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]int{"/readyz": 200, "/healthz": 200, "/openapi.json": 200, "/sign-in": 200, "/api/v1/cases": 401, "/exchange/v1/letters": 405} {
		res, err := client.Get("https://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}

	c.TLSKey = c.TLSCert
	n.cfg = c
	l, err := c.OpenListener(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "TLS certificate") {
		t.Errorf("a key that is none: got %v, want an error that says so", err)
	}
}

// certificate writes a certificate for loopback and returns what trusts it.
func certificate(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "测试"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := WriteFile(path, pem.EncodeToMemory(block)); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, content := range []string{"first", "second"} {
		if err := WriteFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("got %q, %v; want %q", got, err, content)
		}
	}
	if err := WriteFile(filepath.Join(dir, "gone", "f"), nil); err == nil {
		t.Error("written into a directory that is not there")
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(dir, "d"), nil); err == nil {
		t.Error("written over a directory")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%d files are left, want f and d alone (%v)", len(left), err)
	}
}
