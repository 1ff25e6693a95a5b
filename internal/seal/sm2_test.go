package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// The example of GB/T 32905, appendix A.1, so that the hash is the national one.
func TestSM3(t *testing.T) {
	got := sm3.Sum([]byte("abc"))
	if want := "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"; hex.EncodeToString(got[:]) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}

func withSM2(t testing.TB) *Keyring {
	t.Helper()
	k, err := testKeys(t).WithSM2(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSuites(t *testing.T) {
	keys, other := withSM2(t), withSM2(t)
	pub := keys.Public("12345", "测试热线")
	if err := pub.Check(); err != nil {
		t.Fatal(err)
	}
	content, now := []byte(`{"a":"张测试"}`), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			s := Suited(keys, suite)
			sig, err := SignContent(s, "c v1\n", content)
			if err != nil || sig.Alg != suite || s.Suite() != suite {
				t.Fatalf("got %+v, %v, want it by %s", sig, err, suite)
			}
			if err := VerifyContent(pub, "c v1\n", content, now, sig); err != nil {
				t.Fatal(err)
			}
			wantCode(t, VerifyContent(pub, "d v1\n", content, now, sig), "signature_invalid")
			wantCode(t, VerifyContent(pub, "c v1\n", []byte("x"), now, sig), "signature_invalid")
			for _, alg := range Suites() {
				if alg != suite {
					swapped := sig
					swapped.Alg = alg
					wantCode(t, VerifyContent(pub, "c v1\n", content, now, swapped), "signature_key")
				}
			}
			for i := range sig.Value {
				bad := sig
				bad.Value = bytes.Clone(sig.Value)
				bad.Value[i] ^= 1
				if VerifyContent(pub, "c v1\n", content, now, bad) == nil {
					t.Fatalf("byte %d of the signature changed: it passes", i)
				}
			}
			if suite == SM2 {
				wantCode(t, VerifyContent(other.Public("12345", "x"), "c v1\n", content, now, sig), "signature_key")
			}
		})
	}
	// The hash under the signature is the suite's own.
	sig, err := SignContent(Suited(keys, SM2), "c\n", content)
	if err != nil {
		t.Fatal(err)
	}
	point, err := sm2.NewPublicKey(pub.SigningSM2[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	hash := sm3.Sum(content)
	if !sm2.VerifyASN1WithSM2(point, nil, append([]byte("c\n"), hash[:]...), sig.Value) {
		t.Error("it is no SM2 signature over the context and the SM3 of the content")
	}
	wantCode(t, Verify(pub, "c\n", sha256.Sum256(content), now, sig), "signature_invalid")
	_, err = SignContent(Suited(testKeys(t), SM2), "c\n", content)
	wantCode(t, err, "suite_no_key")
	_, err = keys.SignAs("rot13", content)
	wantCode(t, err, "suite_unknown")
	_, err = keys.WithSM2(rand.Reader)
	wantCode(t, err, "keys_sm2")
}

func TestSM2KeyDocuments(t *testing.T) {
	keys := withSM2(t)
	back, err := ParseKeyring(keys.Bytes())
	if err != nil || !bytes.Equal(back.Bytes(), keys.Bytes()) {
		t.Fatalf("the key file: %v", err)
	}
	pub := keys.Public("12345", "测试热线")
	read, err := ParsePublicKeys(pub.Bytes())
	if err != nil || read.Fingerprint() != pub.Fingerprint() || !read.Has(SM2) || len(read.Current()) != 2 {
		t.Fatalf("the key document: %+v, %v", read, err)
	}
	bare := pub
	bare.SigningSM2 = nil
	if bare.Fingerprint() == pub.Fingerprint() {
		t.Error("the fingerprint does not cover the key of the national suite")
	}
	if bare.Fingerprint() != testKeys(t).Public("12345", "测试热线").Fingerprint() || strings.Contains(string(bare.Bytes()), "sm2") || bare.Has(SM2) {
		t.Error("a document without such a key changed")
	}
	good := string(pub.Bytes())
	key, err := json.Marshal(pub.SigningSM2[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	off := bytes.Clone(pub.SigningSM2[0].Key)
	off[64] ^= 1
	wrong, err := json.Marshal(off)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"no point": strings.Replace(good, string(key), string(wrong), 1),
		"short":    strings.Replace(good, string(key), `"AAAA"`, 1),
		"alg":      strings.Replace(good, `"sm2-sm3"`, `"ed25519"`, 1),
		"id":       strings.Replace(good, `"sm2:`, `"sm3:`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePublicKeys([]byte(bad))
			wantCode(t, err, "keys_format")
		})
	}
	renewed, err := keys.Renew(Signing, time.Now(), rand.Reader)
	if err != nil || !renewed.Public("1", "1").Has(SM2) {
		t.Errorf("renewing the other key lost it: %v", err)
	}
}

func BenchmarkSuites(b *testing.B) {
	keys := withSM2(b)
	pub := keys.Public("1", "1")
	content := make([]byte, 500)
	for _, suite := range Suites() {
		s := Suited(keys, suite)
		sig, err := SignContent(s, "c\n", content)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("sign/"+suite, func(b *testing.B) {
			for b.Loop() {
				if _, err := SignContent(s, "c\n", content); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("verify/"+suite, func(b *testing.B) {
			for b.Loop() {
				if err := VerifyContent(pub, "c\n", content, time.Time{}, sig); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
