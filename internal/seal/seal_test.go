package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"liandong/internal/hotline"
)

// fixed is a random source that gives the same keys in every run.
type fixed struct{ next byte }

func (f *fixed) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = f.next
		f.next++
	}
	return len(p), nil
}

func testKeys(t testing.TB) *Keyring {
	t.Helper()
	k, err := NewKeyring(&fixed{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func otherKeys(t testing.TB) *Keyring {
	t.Helper()
	k, err := NewKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if err == nil || hotline.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
}

func TestFieldRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := NewCaseKey()
		aad, plain := rapid.String().Draw(t, "aad"), rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed := SealField(key, aad, plain)
		if len(sealed) != len(plain)+Overhead {
			t.Fatalf("got length %d, want %d", len(sealed), len(plain)+Overhead)
		}
		got, err := OpenField(key, aad, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v, want %q", got, err, plain)
		}
		if kid, err := ValueKey(sealed); err != nil || kid != key.ID() {
			t.Fatalf("got key id %q, %v, want %q", kid, err, key.ID())
		}
	})
}

func TestFieldTwiceDiffers(t *testing.T) {
	key := NewCaseKey()
	if bytes.Equal(SealField(key, "a", []byte("x")), SealField(key, "a", []byte("x"))) {
		t.Fatal("the same value sealed twice is the same: the nonce repeats")
	}
}

func TestFieldRefused(t *testing.T) {
	key := NewCaseKey()
	aad := "case|phone|01"
	sealed := SealField(key, aad, []byte("13900000001"))
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(sealed)
			bad[i] ^= bit
			want := "seal_tampered"
			switch {
			case i < 2:
				want = "seal_format"
			case i < headerSize:
				want = "seal_key"
			}
			_, err := OpenField(key, aad, bad)
			if hotline.CodeOf(err) != want || hotline.KindOf(err) != hotline.Invalid {
				t.Fatalf("byte %d changed: got %v, want %s", i, err, want)
			}
		}
	}
	for n := range sealed {
		if _, err := OpenField(key, aad, sealed[:n]); err == nil {
			t.Fatalf("cut to %d bytes: opened", n)
		}
	}
	_, err := OpenField(key, "case|phone|02", sealed)
	wantCode(t, err, "seal_tampered")
	_, err = OpenField(NewCaseKey(), aad, sealed)
	wantCode(t, err, "seal_key")
	_, err = OpenField(CaseKey{}, aad, sealed)
	wantCode(t, err, "seal_key")

	// A forged header that names another key does not open under that one.
	other := NewCaseKey()
	forged := bytes.Clone(sealed)
	copy(forged[2:], other.id[:])
	_, err = OpenField(other, aad, forged)
	wantCode(t, err, "seal_tampered")
}

func TestCaseKeyWrapping(t *testing.T) {
	keys := testKeys(t)
	key := NewCaseKey()
	wrapped, err := WrapCaseKey(keys, "case1", key)
	if err != nil {
		t.Fatal(err)
	}
	back, err := UnwrapCaseKey(keys, "case1", wrapped)
	if err != nil || back.ID() != key.ID() {
		t.Fatalf("got %v, %v, want %v", back, err, key)
	}
	sealed := SealField(key, "a", []byte("张测试"))
	if plain, err := OpenField(back, "a", sealed); err != nil || string(plain) != "张测试" {
		t.Fatalf("got %q, %v, want 张测试", plain, err)
	}
	_, err = UnwrapCaseKey(keys, "case2", wrapped)
	wantCode(t, err, "seal_tampered")
	_, err = UnwrapCaseKey(otherKeys(t), "case1", wrapped)
	wantCode(t, err, "seal_key")
	_, err = WrapCaseKey(keys, "case1", CaseKey{})
	wantCode(t, err, "seal_no_key")
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 1
		if _, err := UnwrapCaseKey(keys, "case1", bad); err == nil {
			t.Fatalf("byte %d changed: opened", i)
		}
	}
}

func TestHPKE(t *testing.T) {
	keys, stranger := testKeys(t), otherKeys(t)
	key := NewCaseKey()
	pub := keys.Public("110", "测试公安").Receiving[0]
	w, err := WrapFor(pub, "letter 1|12345|110", key)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Unwrap(keys, "letter 1|12345|110", w)
	if err != nil || back.ID() != key.ID() {
		t.Fatalf("got %v, %v, want %v", back, err, key)
	}
	if !keys.Holds(pub.ID) || stranger.Holds(pub.ID) {
		t.Fatal("Holds does not tell our key from a stranger's")
	}
	_, err = Unwrap(keys, "letter 2|12345|110", w)
	wantCode(t, err, "seal_tampered")
	_, err = Unwrap(stranger, "letter 1|12345|110", w)
	wantCode(t, err, "seal_key")

	bad := w
	bad.Alg = "rot13"
	_, err = Unwrap(keys, "letter 1|12345|110", bad)
	wantCode(t, err, "seal_format")
	bad = w
	bad.KeyID = stranger.Public("x", "x").Receiving[0].ID
	_, err = Unwrap(stranger, "letter 1|12345|110", bad)
	wantCode(t, err, "seal_tampered")
	for i := range w.Enc {
		bad = w
		bad.Enc = bytes.Clone(w.Enc)
		bad.Enc[i] ^= 1
		if _, err := Unwrap(keys, "letter 1|12345|110", bad); err == nil {
			t.Fatalf("enc byte %d changed: opened", i)
		}
	}
	for i := range w.Wrapped {
		bad = w
		bad.Wrapped = bytes.Clone(w.Wrapped)
		bad.Wrapped[i] ^= 1
		if _, err := Unwrap(keys, "letter 1|12345|110", bad); err == nil {
			t.Fatalf("wrapped byte %d changed: opened", i)
		}
	}
	_, err = WrapFor(keys.Public("1", "1").Signing[0], "", key)
	wantCode(t, err, "keys_format")
	_, err = WrapFor(PublicKey{Alg: HPKE, Key: make([]byte, 32)}, "", key) // a point of low order
	wantCode(t, err, "keys_format")
	_, err = WrapFor(pub, "", CaseKey{})
	wantCode(t, err, "seal_no_key")
}

func TestSignatures(t *testing.T) {
	keys := testKeys(t)
	pub := keys.Public("12345", "测试热线")
	digest := sha256.Sum256([]byte("content"))
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	sig, err := Sign(keys, "liandong letter v1\n", digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(pub, "liandong letter v1\n", digest, now, sig); err != nil {
		t.Fatal(err)
	}
	wantCode(t, Verify(pub, "liandong head v1\n", digest, now, sig), "signature_invalid")
	wantCode(t, Verify(pub, "liandong letter v1\n", sha256.Sum256([]byte("Content")), now, sig), "signature_invalid")
	wantCode(t, Verify(otherKeys(t).Public("12345", "x"), "liandong letter v1\n", digest, now, sig), "signature_key")
	alg := sig
	alg.Alg = "none"
	wantCode(t, Verify(pub, "liandong letter v1\n", digest, now, alg), "signature_key")
	for i := range sig.Value {
		bad := sig
		bad.Value = bytes.Clone(sig.Value)
		bad.Value[i] ^= 1
		wantCode(t, Verify(pub, "liandong letter v1\n", digest, now, bad), "signature_invalid")
	}
}

func TestRenew(t *testing.T) {
	old := testKeys(t)
	until := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	digest := sha256.Sum256([]byte("content"))
	oldSig, err := Sign(old, "c\n", digest)
	if err != nil {
		t.Fatal(err)
	}
	key := NewCaseKey()
	wrapped, err := WrapCaseKey(old, "case1", key)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := WrapFor(old.Public("1", "1").Receiving[0], "i", key)
	if err != nil {
		t.Fatal(err)
	}

	k := old
	for _, kind := range []KeyKind{Signing, Receiving, Master} {
		if k, err = k.Renew(kind, until, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Renew("index", until, rand.Reader); err == nil {
		t.Fatal("the index key was renewed: every index made with it is lost")
	}
	k, err = ParseKeyring(k.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	pub := k.Public("12345", "测试热线")
	if err := pub.Check(); err != nil {
		t.Fatal(err)
	}
	newSig, err := Sign(k, "c\n", digest)
	if err != nil || newSig.KeyID == oldSig.KeyID {
		t.Fatalf("signed with key %s, %v, want a new one", newSig.KeyID, err)
	}
	if err := Verify(pub, "c\n", digest, until.Add(time.Hour), newSig); err != nil {
		t.Fatal(err)
	}
	if err := Verify(pub, "c\n", digest, until, oldSig); err != nil {
		t.Fatalf("an old signature at its last moment: %v", err)
	}
	wantCode(t, Verify(pub, "c\n", digest, until.Add(time.Microsecond), oldSig), "signature_key")
	if got, err := UnwrapCaseKey(k, "case1", wrapped); err != nil || got.ID() != key.ID() {
		t.Fatalf("got %v, %v, want the key wrapped before", got, err)
	}
	if got, err := Unwrap(k, "i", letter); err != nil || got.ID() != key.ID() {
		t.Fatalf("got %v, %v, want the key sealed before", got, err)
	}
	if BlindIndex(k, "phone", "1") != BlindIndex(old, "phone", "1") {
		t.Fatal("the blind index changed")
	}
}

func TestKeyringFile(t *testing.T) {
	k := testKeys(t)
	back, err := ParseKeyring(k.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(k.Bytes()), string(back.Bytes())); diff != "" {
		t.Fatalf("written again (-want +got):\n%s", diff)
	}
	// The ids of the fixed keys, so that a change of their making is noticed.
	var f map[string]any
	if err := json.Unmarshal(k.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, kind := range []string{"signing", "receiving", "master", "index"} {
		got[kind] = f[kind].([]any)[0].(map[string]any)["id"].(string)
	}
	want := map[string]string{
		"signing":   "ed25519:56475aa75463474c",
		"receiving": "hpke:a0289810032eb417",
		"master":    "aes-256-gcm:7c5cc38d1ec29234",
		"index":     "hmac-sha256:e26f03c906d6a644",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("ids (-want +got):\n%s", diff)
	}
}

func TestKeyringRefused(t *testing.T) {
	good := string(testKeys(t).Bytes())
	for name, bad := range map[string]string{
		"empty":          "",
		"cut":            good[:len(good)/2],
		"followed":       good + "{}",
		"unknown field":  strings.Replace(good, `"format"`, `"x":1,"format"`, 1),
		"other format":   strings.Replace(good, "keyring/1", "keyring/9", 1),
		"no master":      strings.Replace(good, `"master"`, `"index"`, 1),
		"wrong id":       strings.Replace(good, "ed25519:5", "ed25519:6", 1),
		"short secret":   strings.Replace(good, `"secret": "`, `"secret": "AAAA`, 1),
		"secret no text": strings.Replace(good, `"secret": "`, `"secret": 7, "id": "`, 1),
		"end of current": strings.Replace(good, `"secret"`, `"until": "2026-03-01T00:00:00Z", "secret"`, 1),
	} {
		_, err := ParseKeyring([]byte(bad))
		if hotline.CodeOf(err) != "keys_format" {
			t.Errorf("%s: got %v, want keys_format", name, err)
		}
	}
	if _, err := NewKeyring(strings.NewReader("too short")); err == nil {
		t.Error("a random source that ends gave keys")
	}
}

func TestPublicKeys(t *testing.T) {
	p := testKeys(t).Public("12345", "测试热线")
	back, err := ParsePublicKeys(p.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Fatalf("read back (-want +got):\n%s", diff)
	}
	if got, want := p.Fingerprint(), "ae9a 8a4b b5e8 2969 84d5 51c4"; got != want {
		t.Errorf("got fingerprint %q, want %q", got, want)
	}
	if a := p; true {
		a.Platform = "110"
		if a.Fingerprint() == p.Fingerprint() {
			t.Error("the fingerprint does not cover the platform")
		}
	}
	good := string(p.Bytes())
	other := otherKeys(t).Public("12345", "x")
	key, _ := json.Marshal(p.Signing[0].Key)
	otherKey, _ := json.Marshal(other.Signing[0].Key)
	for name, bad := range map[string]string{
		"empty":         "",
		"format":        strings.Replace(good, "keys/1", "keys/2", 1),
		"unknown field": strings.Replace(good, `"format"`, `"x":1,"format"`, 1),
		"platform":      strings.Replace(good, `"12345"`, `"12 345"`, 1),
		"platform long": strings.Replace(good, `"12345"`, `"`+strings.Repeat("1", 65)+`"`, 1),
		"no name":       strings.Replace(good, "测试热线", " ", 1),
		"name control":  strings.Replace(good, "测试热线", `a\u0007`, 1),
		"key replaced":  strings.Replace(good, string(key), string(otherKey), 1),
		"key short":     strings.Replace(good, string(key), `"AAAA"`, 1),
		"alg":           strings.Replace(good, `"ed25519"`, `"rsa"`, 1),
		"none":          strings.Replace(good, `"receiving"`, `"x"`, 1),
		"large":         good + strings.Repeat(" ", maxKeyDocument),
		"followed":      good + "1",
	} {
		_, err := ParsePublicKeys([]byte(bad))
		if hotline.CodeOf(err) != "keys_format" {
			t.Errorf("%s: got %v, want keys_format", name, err)
		}
	}
	twice := p
	until := time.Now()
	again := p.Signing[0]
	again.Until = &until
	twice.Signing = []PublicKey{p.Signing[0], again}
	wantCode(t, twice.Check(), "keys_format")
	endless := p
	endless.Signing = []PublicKey{p.Signing[0], other.Signing[0]}
	wantCode(t, endless.Check(), "keys_format")
}

func TestBlindIndex(t *testing.T) {
	k := testKeys(t)
	seen := map[string]string{}
	for _, c := range [][2]string{{"phone", "13900000001"}, {"phone", "13900000002"}, {"name", "13900000001"}, {"phon", "e13900000001"}, {"", ""}} {
		got := BlindIndex(k, c[0], c[1])
		if len(got) != 64 {
			t.Errorf("got length %d, want 64", len(got))
		}
		if was, ok := seen[got]; ok {
			t.Errorf("%v has the index of %s", c, was)
		}
		seen[got] = fmt.Sprint(c)
		if again := BlindIndex(k, c[0], c[1]); again != got {
			t.Errorf("%v: got %s and %s", c, got, again)
		}
	}
	if BlindIndex(k, "phone", "1") == BlindIndex(otherKeys(t), "phone", "1") {
		t.Error("two nodes share their indexes")
	}
}

func TestCommit(t *testing.T) {
	want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180 example
	if got := Commit([]byte("abc")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	k, key := testKeys(t), NewCaseKey()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		s := fmt.Sprintf(verb+verb, k, key)
		if strings.Contains(s, fmt.Sprintf("%x", key.raw[:4])) || strings.Contains(s, "[]byte") || strings.Contains(s, "seed") {
			t.Errorf("%s prints a secret: %s", verb, s)
		}
	}
}

func TestConcurrent(t *testing.T) {
	k, key := testKeys(t), NewCaseKey()
	pub := k.Public("12345", "测试热线")
	digest := sha256.Sum256(nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			aad := fmt.Sprint("a|b|", i)
			for range 20 {
				if p, err := OpenField(key, aad, SealField(key, aad, []byte(aad))); err != nil || string(p) != aad {
					t.Errorf("got %q, %v, want %q", p, err, aad)
				}
				w, err := WrapFor(pub.Receiving[0], aad, key)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := Unwrap(k, aad, w); err != nil || got.ID() != key.ID() {
					t.Errorf("got %v, %v, want %v", got, err, key)
				}
				sig, err := Sign(k, "c\n", digest)
				if err == nil {
					err = Verify(pub, "c\n", digest, time.Time{}, sig)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzOpenField(f *testing.F) {
	key, err := caseKey(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("a|b|c", SealField(key, "a|b|c", []byte("张测试")))
	f.Add("", []byte{1, 1})
	f.Fuzz(func(t *testing.T, aad string, sealed []byte) {
		plain, err := OpenField(key, aad, sealed)
		if err != nil && (plain != nil || hotline.KindOf(err) != hotline.Invalid) {
			t.Fatalf("got %q with error %v", plain, err)
		}
	})
}

func FuzzParseKeyring(f *testing.F) {
	f.Add(testKeys(f).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseKeyring(b)
		if err != nil {
			return
		}
		again, err := ParseKeyring(k.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), k.Bytes()) {
			t.Fatalf("taken once, not again: %v", err)
		}
	})
}

func FuzzParsePublicKeys(f *testing.F) {
	f.Add(testKeys(f).Public("12345", "测试热线").Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePublicKeys(b)
		if err != nil {
			return
		}
		again, err := ParsePublicKeys(p.Bytes())
		if err != nil || again.Fingerprint() != p.Fingerprint() {
			t.Fatalf("taken once, not again: %v", err)
		}
	})
}

func BenchmarkSealField(b *testing.B) {
	key, plain := NewCaseKey(), make([]byte, 64)
	for b.Loop() {
		SealField(key, "case|phone|01", plain)
	}
}

func BenchmarkWrapFor(b *testing.B) {
	key, pub := NewCaseKey(), testKeys(b).Public("1", "1").Receiving[0]
	for b.Loop() {
		if _, err := WrapFor(pub, "i", key); err != nil {
			b.Fatal(err)
		}
	}
}

func TestForget(t *testing.T) {
	k, err := NewKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := k.Public("", "").Signing[0].ID
	for range 3 {
		if k, err = k.Renew(Signing, time.Now().Add(time.Hour), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	newest := k.Public("", "").Signing[:2]
	got := k.Forget(2).Public("", "").Signing
	if diff := cmp.Diff(newest, got); diff != "" {
		t.Errorf("of four keys (-want +got):\n%s", diff)
	}
	if n := len(k.Public("", "").Signing); n != 4 {
		t.Errorf("the keyring itself has %d keys now, want 4", n)
	}
	if got := k.Forget(9).Public("", "").Signing; len(got) != 4 || got[3].ID != first {
		t.Errorf("of more than there are: got %d, want all", len(got))
	}
}
