// Package tsatest is a time-stamp authority for tests, with a root certificate of its own.
package tsatest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// Authority answers requests for time-stamps.
type Authority struct {
	URL   string
	Roots *x509.CertPool
	PEM   []byte // the root, as a file has it

	// Now is the time that it states; Usage what its certificate is for.
	Now   func() time.Time
	Usage x509.ExtKeyUsage
	// Answer, if set, changes an answer on its way.
	Answer func([]byte) []byte

	mu    sync.Mutex
	asked int
	key   *ecdsa.PrivateKey
	root  *x509.Certificate
	rootK *ecdsa.PrivateKey
}

// New starts an authority, which ends with the test.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{Now: time.Now, Usage: x509.ExtKeyUsageTimeStamping, Roots: x509.NewCertPool()}
	a.key, a.rootK = newKey(t), newKey(t)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "测试时间戳根"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageCertSign}
	a.root = a.certify(t, about, about, a.rootK)
	a.Roots.AddCert(a.root)
	a.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		der, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(a.Answers(t, der))
	}))
	t.Cleanup(srv.Close)
	a.URL = srv.URL
	return a
}

// Asked is how often it was asked.
func (a *Authority) Asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// Answers is the answer to a request, both in DER.
func (a *Authority) Answers(t testing.TB, der []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	q, err := timestamp.ParseRequest(der)
	if err != nil {
		t.Errorf("the request is none: %v", err)
		return nil
	}
	cert := a.certify(t, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "测试时间戳机构"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{a.Usage}}, a.root, a.key)
	ts := timestamp.Timestamp{HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: a.Now(), Nonce: q.Nonce, AddTSACertificate: true,
		Policy: asn1.ObjectIdentifier{1, 2, 3}}
	out, err := ts.CreateResponseWithOpts(cert, a.key, crypto.SHA256)
	if err != nil {
		t.Errorf("answer: %v", err)
	}
	if a.Answer != nil {
		out = a.Answer(out)
	}
	return out
}

// Ask is Answers as a desk asks.
func (a *Authority) Ask(t testing.TB) func(context.Context, []byte) ([]byte, error) {
	return func(_ context.Context, der []byte) ([]byte, error) { return a.Answers(t, der), nil }
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *Authority) certify(t testing.TB, about, by *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, about, by, key.Public(), a.rootK)
	if err == nil {
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(der); err == nil {
			return c
		}
	}
	t.Fatal(err)
	return nil
}
