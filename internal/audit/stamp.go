package audit

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"liandong/internal/hotline"
)

// Stamp is somebody else's word that a head existed at a time: a time-stamp by
// RFC 3161 over the head's text.
type Stamp struct {
	At        time.Time
	Authority string // as its certificate names it
	Trusted   bool   // its certificate leads to an authority that the reader trusts
}

// StampRequest asks an authority for a time-stamp over a head, in DER. The nonce
// keeps its answer from being one of before.
func StampRequest(h Head) (request []byte, nonce *big.Int, err error) {
	if nonce, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64)); err != nil {
		return nil, nil, fmt.Errorf("time-stamp: %w", err)
	}
	sum := sha256.Sum256([]byte(h.Text()))
	request, err = (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: nonce}).Marshal()
	return request, nonce, err
}

// ReadStamp takes the token out of an authority's answer and checks it as
// OpenStamp does, and that it answers this request. Errors are Invalid:
// stamp_form also where the authority refused, then with its words as cause.
func ReadStamp(h Head, nonce *big.Int, answer []byte, roots *x509.CertPool) (token []byte, s Stamp, err error) {
	defer unreadable(&err)
	ts, err := timestamp.ParseResponse(answer)
	if err != nil {
		return nil, Stamp{}, stampFault("stamp_form", err)
	}
	if ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 {
		return nil, Stamp{}, stampFault("stamp_other", nil)
	}
	s, err = OpenStamp(h, ts.RawToken, roots)
	return ts.RawToken, s, err
}

// OpenStamp checks a time-stamp over a head: that it is over this head, that the
// certificate in it signed it and is one for time-stamps, and, with roots, that
// one of them stands behind it. Without roots it shows that the stamp is whole,
// but not by whom. Errors are Invalid: stamp_form, stamp_other (over something
// else), stamp_authority.
func OpenStamp(h Head, token []byte, roots *x509.CertPool) (s Stamp, err error) {
	defer unreadable(&err)
	ts, err := timestamp.Parse(token)
	if err != nil {
		return Stamp{}, stampFault("stamp_form", err)
	}
	sum := sha256.Sum256([]byte(h.Text()))
	if ts.HashAlgorithm != crypto.SHA256 || !bytes.Equal(ts.HashedMessage, sum[:]) {
		return Stamp{}, stampFault("stamp_other", nil)
	}
	p, err := pkcs7.Parse(token)
	if err != nil {
		return Stamp{}, stampFault("stamp_form", err)
	}
	signer := p.GetOnlySigner()
	if signer == nil || p.Verify() != nil {
		return Stamp{}, stampFault("stamp_form", nil)
	}
	if !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageTimeStamping) || ts.Time.Before(signer.NotBefore) || ts.Time.After(signer.NotAfter) {
		return Stamp{}, stampFault("stamp_authority", nil)
	}
	if roots != nil {
		between := x509.NewCertPool()
		for _, c := range ts.Certificates {
			between.AddCert(c)
		}
		if _, err := signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: ts.Time,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}}); err != nil {
			return Stamp{}, stampFault("stamp_authority", err)
		}
	}
	return Stamp{At: ts.Time.UTC(), Authority: signer.Subject.String(), Trusted: roots != nil}, nil
}

func stampFault(code string, cause error) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: code, Field: "stamp", Cause: cause}
}

// unreadable turns a panic of the libraries that read DER into an error: files
// come from anybody.
func unreadable(err *error) {
	if p := recover(); p != nil {
		*err = stampFault("stamp_form", fmt.Errorf("%v", p))
	}
}
