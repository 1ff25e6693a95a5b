package audit_test

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/tsa/tsatest"
)

func stamped(t testing.TB, a *tsatest.Authority, h audit.Head, roots *x509.CertPool) ([]byte, audit.Stamp, error) {
	t.Helper()
	request, nonce, err := audit.StampRequest(h)
	if err != nil {
		t.Fatal(err)
	}
	answer := a.Answers(t, request)
	return audit.ReadStamp(h, nonce, answer, roots)
}

func TestStamp(t *testing.T) {
	a, other := tsatest.New(t), tsatest.New(t)
	at := time.Date(2026, 3, 11, 2, 0, 0, 0, time.UTC)
	a.Now = func() time.Time { return at }
	h := audit.Head{Platform: "540000-12345", Size: 7, Epoch: 1, At: at.Add(-time.Minute)}
	token, s, err := stamped(t, a, h, a.Roots)
	if err != nil || !s.At.Equal(at) || !s.Trusted || s.Authority != "CN=测试时间戳机构" {
		t.Fatalf("got %+v, %v, want a trusted stamp of %v", s, err, at)
	}
	if s, err := audit.OpenStamp(h, token, nil); err != nil || s.Trusted {
		t.Errorf("without roots: got %+v, %v, want it whole and not trusted", s, err)
	}
	later := h
	later.Size++
	cut := token[:len(token)-1]
	changed := append([]byte(nil), token...)
	changed[len(changed)-1] ^= 1 // in the signature
	for name, tc := range map[string]struct {
		head  audit.Head
		token []byte
		roots *x509.CertPool
		code  string
	}{
		"another head":      {later, token, a.Roots, "stamp_other"},
		"cut":               {h, cut, a.Roots, "stamp_form"},
		"changed":           {h, changed, a.Roots, "stamp_form"},
		"nothing":           {h, nil, nil, "stamp_form"},
		"another authority": {h, token, other.Roots, "stamp_authority"},
	} {
		if _, err := audit.OpenStamp(tc.head, tc.token, tc.roots); err == nil || hotline.CodeOf(err) != tc.code {
			t.Errorf("%s: got %v, want %s", name, err, tc.code)
		}
	}
	a.Usage = x509.ExtKeyUsageServerAuth
	if _, _, err := stamped(t, a, h, nil); err == nil || hotline.CodeOf(err) != "stamp_authority" {
		t.Errorf("a certificate for something else: got %v, want stamp_authority", err)
	}
}

// An answer to a request of before is none to this one.
func TestStampAnswersThisRequest(t *testing.T) {
	a := tsatest.New(t)
	h := audit.Head{Platform: "540000-12345", Size: 7, Epoch: 1, At: time.Now().UTC().Truncate(time.Microsecond)}
	request, _, err := audit.StampRequest(h)
	if err != nil {
		t.Fatal(err)
	}
	answer := a.Answers(t, request)
	if _, _, err := audit.ReadStamp(h, big.NewInt(1), answer, a.Roots); err == nil || hotline.CodeOf(err) != "stamp_other" {
		t.Errorf("got %v, want stamp_other", err)
	}
}

func FuzzOpenStamp(f *testing.F) {
	a := tsatest.New(f)
	h := audit.Head{Platform: "540000-12345", Size: 7, Epoch: 1, At: time.Date(2026, 3, 11, 2, 0, 0, 0, time.UTC)}
	token, _, err := stamped(f, a, h, a.Roots)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Fuzz(func(t *testing.T, token []byte) {
		if s, err := audit.OpenStamp(h, token, a.Roots); err == nil && !s.Trusted {
			t.Error("opened by roots, and not trusted")
		}
	})
}
