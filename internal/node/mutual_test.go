package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/hotline"
)

// selfSigned writes a certificate, which is its own authority, and its key.
func selfSigned(t *testing.T, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
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
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// With tls_client_ca only a peer that shows a certificate of that authority
// gets as far as having its letter read.
func TestMutualTLS(t *testing.T) {
	serverCert, serverKey := selfSigned(t, "server")
	peerCert, peerKey := selfSigned(t, "peer")
	otherCert, otherKey := selfSigned(t, "other")
	n, err := Open(t.Context(), Config{Platform: "540000-12345", Line: "12345", Name: "试点12345", Region: "540000", Listen: "127.0.0.1:0",
		Data: t.TempDir(), TLSCert: serverCert, TLSKey: serverKey, TLSClientCA: peerCert}.withDefaults(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	l, err := n.cfg.OpenListener(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- n.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-served })

	send := func(set map[string]string) error {
		c, err := https.New(carrier.Link{Peer: "540000-12345", URL: "https://" + l.Addr().String(), Set: set})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.Send(t.Context(), []carrier.Parcel{{ID: "x", Wire: []byte("{}")}})[0].Err
	}
	refused := func(err error) string {
		if r, ok := errors.AsType[*carrier.Refused](err); ok {
			return r.Detail[:len("answered 401")]
		}
		return ""
	}
	if got := refused(send(map[string]string{"ca": serverCert, "cert": peerCert, "key": peerKey})); got != "answered 401" {
		t.Errorf("with the peer's certificate: got %q, want answered 401, since the letter is no letter", got)
	}
	if got := refused(send(map[string]string{"ca": serverCert})); got != "answered 403" {
		t.Errorf("without a certificate: got %q, want answered 403", got)
	}
	// The client keeps a certificate back that the server's authorities did not issue.
	if got := refused(send(map[string]string{"ca": serverCert, "cert": otherCert, "key": otherKey})); got != "answered 403" {
		t.Errorf("with a stranger's certificate: got %q, want answered 403", got)
	}
	if err := send(map[string]string{"ca": otherCert, "cert": peerCert, "key": peerKey}); err == nil || refused(err) != "" {
		t.Errorf("a server of another authority: got %v, want no answer at all", err)
	}
	err = https.Kind.CheckSet(map[string]string{"cert": "/nowhere.pem", "key": peerKey})
	if hotline.CodeOf(err) != "carrier_setting_invalid" {
		t.Errorf("a certificate that is not there: got %v, want carrier_setting_invalid", err)
	}
}
