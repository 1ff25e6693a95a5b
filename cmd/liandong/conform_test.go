package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/conform"
	"liandong/internal/pgtest"
)

// linkedToKit is a demonstration whose 12345 node is linked to a kit, with the
// arguments of a run against it.
func linkedToKit(t *testing.T) (dir, url string, args []string) {
	t.Helper()
	listen := freePort(t)
	dir, url, args = linkedBy(t, "--url", "http://"+listen)
	return dir, url, slices.Insert(args, 2, "--listen", listen)
}

// linkedBy is linkedToKit with a link of other kinds.
func linkedBy(t *testing.T, link ...string) (dir, url string, args []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	_, _, ready := startDemo(t, "--dir", dir)
	n := ready.Nodes[0]
	kitKeys, peerKeys := filepath.Join(t.TempDir(), "kit.json"), filepath.Join(t.TempDir(), "peer.json")
	kit := must(t, "", "conform", "keys", "--keys", kitKeys, "--sm2")
	write(t, kitKeys+".public", kit.stdout)
	write(t, peerKeys, must(t, "", "link", "keys", "--node", n.URL, "--token", n.Token).stdout)
	must(t, "", append([]string{"link", "add", "--node", n.URL, "--token", n.Token, "--peer-keys", kitKeys + ".public", "--phone", "0891-0000110",
		"--line", "110", "--region", "540000", "--fingerprint", fingerprintOf(t, kit.stderr)}, link...)...)
	return dir, n.URL, []string{"conform", "run", "--keys", kitKeys, "--peer-keys", peerKeys, "--json", "--node", n.URL, "--token", n.Token}
}

func results(t *testing.T, out string) map[conform.Outcome][]string {
	t.Helper()
	by := map[conform.Outcome][]string{}
	for line := range strings.Lines(out) {
		var r conform.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		by[r.Outcome] = append(by[r.Outcome], r.ID)
		if r.Outcome == conform.Failed {
			t.Logf("%s: %s\nsent %s\ncame %s", r.ID, r.Why, r.Sent, r.Came)
		}
	}
	return by
}

// Our own node keeps every rule.
func TestOurNodeConforms(t *testing.T) {
	_, url, args := linkedToKit(t)
	want, notTried := len(conform.Rules(conform.OverHTTPS)), []string{"restart", "keys-out"} // which TestRestartIsTried and internal/conform do
	if os.Getenv("LIANDONG_TORTURE") == "" {
		args, notTried = append(args, "--patience", "14s"), slices.Insert(notTried, 1, "head-out") // it takes a minute
	}
	got := liandong(t, "", append(args, "--url", url)...)
	by := results(t, got.stdout)
	if got.status != done || len(by[conform.Passed]) != want-len(notTried) || !slices.Equal(by[conform.NotTried], notTried) {
		t.Errorf("exit %d, failed %v, not tried %v, want all but %v of %d rules passed", got.status, by[conform.Failed], by[conform.NotTried], notTried, want)
	}
}

// It does so over a shared table, too.
func TestOurNodeConformsOverTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shared.db")
	_, _, args := linkedBy(t, "--carrier", "table", "--set", "dsn="+file, "--set", "create=yes", "--set", "patience=1s")
	got := liandong(t, "", append(args, "--table", file, "--patience", "14s")...)
	by := results(t, got.stdout)
	notTried := []string{"restart", "head-out", "row-late"} // in SQLite nothing commits late
	want := len(conform.Rules(conform.OverTable)) - len(notTried)
	if got.status != done || len(by[conform.Passed]) != want || !slices.Equal(by[conform.NotTried], notTried) {
		t.Errorf("exit %d, failed %v, not tried %v, want %d rules passed: %s", got.status, by[conform.Failed], by[conform.NotTried], want, got.stderr)
	}
}

// On PostgreSQL, too: the rules about rows here, the whole under LIANDONG_TORTURE.
func TestOurNodeConformsOverTableOnPostgres(t *testing.T) {
	dsn := pgtest.DSN(t)
	_, _, args := linkedBy(t, "--carrier", "table", "--set", "dsn="+dsn, "--set", "create=yes", "--set", "patience=1s")
	want := []string{"take-offer", "row-again", "row-late", "row-poison"}
	args = append(args, "--table", dsn)
	if os.Getenv("LIANDONG_TORTURE") == "" {
		args = append(args, "--only", strings.Join(want, ","))
	} else {
		want = nil
		for _, r := range conform.Rules(conform.OverTable) {
			want = append(want, r.ID)
		}
	}
	got := liandong(t, "", args...)
	want = slices.DeleteFunc(want, func(id string) bool { return id == "restart" })
	if by := results(t, got.stdout); got.status != done || !slices.Equal(by[conform.Passed], want) {
		t.Errorf("exit %d, failed %v, not tried %v, want %v passed: %s", got.status, by[conform.Failed], by[conform.NotTried], want, got.stderr)
	}
}

// And by bundles in folders. What takes no longer than a look at a folder for
// each letter is tried always, the whole under LIANDONG_TORTURE.
func TestOurNodeConformsOverFerry(t *testing.T) {
	to, from := filepath.Join(t.TempDir(), "to"), filepath.Join(t.TempDir(), "from")
	for _, dir := range []string{to, from} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, _, args := linkedBy(t, "--carrier", "ferry", "--set", "in="+to, "--set", "out="+from, "--set", "settle=1s", "--set", "patience=1m")
	args = append(args, "--in", from, "--out", to, "--patience", "45s")
	want := []string{"take-offer", "take-again", "take-at-once", "no-answer-to-receipts", "forged-content", "id-reused", "early", "gap-closed", "withdraw-granted", "file-parts", "reconcile", "erase", "keys-new", "accept", "whole-life", "holder-out",
		"head", "bundle-twice", "bundle-lost", "bundle-half"}
	if os.Getenv("LIANDONG_TORTURE") != "" {
		want = nil
		for _, r := range conform.Rules(conform.OverFerry) {
			if r.ID != "restart" {
				want = append(want, r.ID)
			}
		}
	}
	for some := range slices.Chunk(want, 24) { // a run may take five minutes
		got := liandong(t, "", append(args, "--only", strings.Join(some, ","))...)
		by := results(t, got.stdout)
		if got.status != done || !slices.Equal(by[conform.Passed], some) {
			t.Errorf("exit %d, passed %v, failed %v, not tried %v, want %v passed: %s", got.status, by[conform.Passed], by[conform.Failed], by[conform.NotTried], some, got.stderr)
		}
	}
}

// And where the kit cannot be called and fetches. A few always, the whole under
// LIANDONG_TORTURE.
func TestOurNodeConformsFetched(t *testing.T) {
	_, url, args := linkedBy(t, "--set", "mode=held")
	args = append(args, "--url", url, "--fetch", "--patience", "16s")
	want := []string{"take-offer", "forged-content", "withdraw-granted", "reconcile", "keys-new", "accept", "holder-out", "fetch-stranger", "fetch-old"}
	if os.Getenv("LIANDONG_TORTURE") == "" {
		args = append(args, "--only", strings.Join(want, ","))
	} else {
		want = nil
		for _, r := range conform.Rules(conform.OverFetch) {
			want = append(want, r.ID)
		}
		want = slices.DeleteFunc(want, func(id string) bool { return id == "restart" })
	}
	got := liandong(t, "", args...)
	if by := results(t, got.stdout); got.status != done || !slices.Equal(by[conform.Passed], want) {
		t.Errorf("exit %d, failed %v, not tried %v, want %v passed: %s", got.status, by[conform.Failed], by[conform.NotTried], want, got.stderr)
	}
}

// A side that reads only what was put up after the last row it read misses what
// commits late, and fails the rule about that.
func TestLateRowMissed(t *testing.T) {
	dsn := pgtest.DSN(t)
	_, _, args := linkedBy(t, "--carrier", "table", "--set", "dsn="+dsn, "--set", "create=yes")
	args = append(args, "--table", dsn, "--patience", "4s")
	must(t, "", append(slices.Clone(args), "--only", "take-offer")...) // the table is there
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{`CREATE FUNCTION miss() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		UPDATE liandong_letter SET status = 'taken' WHERE id = NEW.id AND from_code = NEW.from_code
			AND EXISTS (SELECT 1 FROM liandong_letter l WHERE l.to_code = NEW.to_code AND l.put_at > NEW.put_at);
		RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER miss AFTER INSERT ON liandong_letter DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION miss()`} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	got := liandong(t, "", append(args, "--only", "take-offer,row-again,row-late,row-poison")...)
	if by := results(t, got.stdout); got.status != failed || !slices.Equal(by[conform.Failed], []string{"row-late"}) {
		t.Errorf("exit %d, failed %v, want row-late alone: %s", got.status, by[conform.Failed], got.stderr)
	}
}

// A side that breaks one thing of the shared table fails the rules about it.
func TestBrokenTablesDoNot(t *testing.T) {
	for name, tc := range map[string]struct {
		breaks string
		fails  []string
	}{
		"sets aside without a reason": {`CREATE TRIGGER broken AFTER UPDATE OF status ON liandong_letter WHEN new.status = 'poison' AND new.reason <> ''
			BEGIN UPDATE liandong_letter SET reason = '' WHERE id = new.id; END`,
			[]string{"forged-content", "forged-key", "unknown-platform", "not-json", "too-deep", "too-large", "name-twice", "number-fraction", "keys-forged", "sm2", "row-poison"}},
		"takes a row once and for all": {`CREATE TRIGGER broken BEFORE UPDATE OF status ON liandong_letter WHEN old.status = 'taken' BEGIN SELECT RAISE(IGNORE); END`,
			[]string{"row-again"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "shared.db")
			_, _, args := linkedBy(t, "--carrier", "table", "--set", "dsn="+file, "--set", "create=yes")
			args = append(args[:slices.Index(args, "--node")], "--table", file, "--patience", "4s")
			must(t, "", append(slices.Clone(args), "--only", "take-offer")...) // the table is there
			db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(tc.breaks); err != nil {
				t.Fatal(err)
			}
			got := liandong(t, "", args...)
			if by := results(t, got.stdout); got.status != failed || !slices.Equal(by[conform.Failed], tc.fails) {
				t.Errorf("exit %d, failed %v, want %v: %s", got.status, by[conform.Failed], tc.fails, got.stderr)
			}
		})
	}
}

// A side that never sees a bundle again fails the rules about lost ones.
func TestBrokenFerryDoesNot(t *testing.T) {
	to, from := filepath.Join(t.TempDir(), "to"), filepath.Join(t.TempDir(), "from")
	for _, dir := range []string{to, from} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, _, args := linkedBy(t, "--carrier", "ferry", "--set", "in="+to, "--set", "out="+from, "--set", "settle=1s")
	stop, gone := make(chan bool), make(chan bool)
	go func() { // what comes behind a higher number is lost
		defer close(gone)
		highest := ""
		var before []string
		for {
			files, _ := filepath.Glob(filepath.Join(to, "*.bundle"))
			for _, f := range files {
				if f < highest && !slices.Contains(before, f) {
					os.Remove(f)
				}
				highest = max(highest, f)
			}
			before = files
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	got := liandong(t, "", append(args[:slices.Index(args, "--node")], "--in", from, "--out", to, "--patience", "8s", "--only", "take-offer,early,bundle-twice,bundle-lost,bundle-half")...)
	close(stop)
	<-gone
	by := results(t, got.stdout)
	if want := []string{"bundle-lost", "bundle-half"}; got.status != failed || !slices.Equal(by[conform.Failed], want) {
		t.Errorf("exit %d, failed %v, want %v: %s", got.status, by[conform.Failed], want, got.stderr)
	}
}

// The kit speaks to a side that wants its certificate, trusts one authority alone,
// and listens with a certificate of its own.
func TestConformOverTLS(t *testing.T) {
	kitCert, kitKey := certificate(t)
	listen := freePort(t)
	_, url, args := linkedBy(t, "--url", "https://"+listen, "--set", "ca="+kitCert)
	pem509, err := os.ReadFile(kitCert)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(pem509)
	front := between(t, url, func(exchanged) []byte { return nil })
	front.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	front.StartTLS()
	ca := filepath.Join(t.TempDir(), "front.pem")
	write(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})))
	args = append(args, "--url", front.URL, "--listen", listen, "--only", "take-offer,withdraw-granted", "--patience", "5s")
	whole := []string{"--ca", ca, "--cert", kitCert, "--key", kitKey, "--listen-cert", kitCert, "--listen-key", kitKey}
	for name, tc := range map[string]struct {
		with  []string
		fails []string
	}{
		"all of it":                    {whole, nil},
		"an authority that is unknown": {whole[2:], []string{"take-offer", "withdraw-granted"}},
		"no certificate shown":         {slices.Concat(whole[:2], whole[6:]), []string{"take-offer", "withdraw-granted"}},
		"listens in the open":          {whole[:6], []string{"withdraw-granted"}},
	} {
		got := liandong(t, "", slices.Concat(args, tc.with)...)
		if by := results(t, got.stdout); !slices.Equal(by[conform.Failed], tc.fails) || got.status == done != (tc.fails == nil) {
			t.Errorf("%s: exit %d, failed %v, want %v: %s", name, got.status, by[conform.Failed], tc.fails, got.stderr)
		}
	}
	for _, wrong := range [][]string{{"--cert", kitCert}, {"--listen-key", kitKey}, {"--ca", "/nowhere.pem"}, {"--listen-cert", kitKey, "--listen-key", kitKey}} {
		if got := liandong(t, "", slices.Concat(args, wrong)...); got.status != wrongUsage {
			t.Errorf("%v: exit %d, %q, want wrong usage", wrong, got.status, got.stderr)
		}
	}
}

// certificate makes one that is its own authority, for 127.0.0.1.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kit"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	return cert, key
}

func TestConformRefuses(t *testing.T) {
	for _, args := range [][]string{{"run"}, {"run", "--url", "http://127.0.0.1:1"}, {"run", "--node", "here", "--url", "x", "--peer-keys", "none"}, {"run", "--peer-keys", "none", "--url", "http://127.0.0.1:1", "--table", "x"}, {"run", "--peer-keys", "none", "--in", "x"}, {"sing"}} {
		if got := liandong(t, "", append([]string{"conform"}, args...)...); got.status == done || got.stderr == "" {
			t.Errorf("%v: exit %d, %q", args, got.status, got.stderr)
		}
	}
	keys, peer := filepath.Join(t.TempDir(), "kit.json"), filepath.Join(t.TempDir(), "peer.json")
	write(t, peer, must(t, "", "conform", "keys", "--keys", filepath.Join(t.TempDir(), "other.json"), "--platform", "540000-110").stdout)
	kit := must(t, "", "conform", "keys", "--keys", keys).stdout
	write(t, keys+".public", kit)
	for says, args := range map[string][]string{
		"no keys in":       {"--keys", keys + ".none", "--peer-keys", peer, "--url", "http://127.0.0.1:1"},
		"the kit itself":   {"--keys", keys, "--peer-keys", keys + ".public", "--url", "http://127.0.0.1:1"},
		"no rule take-all": {"--keys", keys, "--peer-keys", peer, "--url", "http://127.0.0.1:1", "--only", "take-all"},
		"want http":        {"--keys", keys, "--peer-keys", peer, "--url", "127.0.0.1:1"},
		"nobody answers":   {"--keys", keys, "--peer-keys", peer, "--url", "http://127.0.0.1:1"},
	} {
		if got := liandong(t, "", append([]string{"conform", "run"}, args...)...); got.status == done || !strings.Contains(got.stderr, says) {
			t.Errorf("%v: exit %d, %q, want %q", args, got.status, got.stderr, says)
		}
	}
	if got := must(t, "", "conform", "rules"); strings.Count(got.stdout, "\n") != len(conform.Rules(conform.OverHTTPS)) {
		t.Errorf("got %d lines, want %d rules", strings.Count(got.stdout, "\n"), len(conform.Rules(conform.OverHTTPS)))
	}
}
