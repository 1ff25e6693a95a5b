package contract_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/go-json-experiment/json/jsontext"

	contract "liandong/docs/exchange"
	"liandong/internal/seal"
)

// A reader built from README.md alone, with the standard library and a JCS
// library and nothing of the program: it reads every valid example. What it does
// is what an integrator will do.
func TestReadmeIsEnough(t *testing.T) {
	type keyFile struct {
		Signing, Receiving []struct {
			ID     string
			Secret []byte
		}
	}
	keys := map[string]keyFile{}
	for platform, raw := range contract.TestKeys() {
		var k keyFile
		if err := json.Unmarshal(raw, &k); err != nil {
			t.Fatal(err)
		}
		keys[platform] = k
	}
	opened := 0
	for name, wire := range contract.Valid() {
		var l struct {
			ID, From, To, Commitment string
			Sealed                   *struct {
				Ciphertext []byte
				Keys       []struct {
					To, KID      string
					Enc, Wrapped []byte
				}
			}
			Sig struct {
				Alg   string
				KID   string
				Value []byte
			}
		}
		var content map[string]json.RawMessage
		if err := json.Unmarshal(wire, &l); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(wire, &content); err != nil {
			t.Fatal(err)
		}

		// Identity.
		delete(content, "sealed")
		delete(content, "sig")
		raw, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		canonical := jsontext.Value(raw)
		if err := canonical.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(canonical)

		// Signature.
		if l.Sig.Alg == "sm2-sm3" {
			public := publicSM2(t, l.From)
			id := sm3.Sum(public)
			if got, want := l.Sig.KID, "sm2:"+hex.EncodeToString(id[:])[:16]; got != want {
				t.Errorf("%s: got signing key %s, want %s", name, got, want)
			}
			key, err := sm2.NewPublicKey(public)
			if err != nil {
				t.Fatal(err)
			}
			under := sm3.Sum(canonical)
			if !sm2.VerifyASN1WithSM2(key, []byte("1234567812345678"), slices.Concat([]byte("liandong letter v1\n"), under[:]), l.Sig.Value) {
				t.Errorf("%s: the signature does not verify", name)
			}
		} else {
			public := ed25519.NewKeyFromSeed(keys[l.From].Signing[0].Secret).Public().(ed25519.PublicKey)
			id := sha256.Sum256(public)
			if got, want := l.Sig.KID, "ed25519:"+hex.EncodeToString(id[:])[:16]; got != want {
				t.Errorf("%s: got signing key %s, want %s", name, got, want)
			}
			if !ed25519.Verify(public, slices.Concat([]byte("liandong letter v1\n"), hash[:]), l.Sig.Value) {
				t.Errorf("%s: the signature does not verify", name)
			}
		}

		// Sealed part.
		if l.Sealed == nil {
			continue
		}
		opened++
		k := l.Sealed.Keys[0]
		x, err := ecdh.X25519().NewPrivateKey(keys[l.To].Receiving[0].Secret)
		if err != nil {
			t.Fatal(err)
		}
		kid := sha256.Sum256(x.PublicKey().Bytes())
		if got, want := k.KID, "hpke:"+hex.EncodeToString(kid[:])[:16]; got != want || k.To != l.To {
			t.Errorf("%s: got receiving key %s for %s, want %s for %s", name, got, k.To, want, l.To)
		}
		secret, err := hpke.NewDHKEMPrivateKey(x)
		if err != nil {
			t.Fatal(err)
		}
		info := strings.Join([]string{"liandong case key v1", l.ID, l.From, k.To}, "\n")
		r, err := hpke.NewRecipient(k.Enc, secret, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
		if err != nil {
			t.Fatal(err)
		}
		caseKey, err := r.Open(nil, k.Wrapped)
		if err != nil {
			t.Errorf("%s: the case's key does not open: %v", name, err)
			continue
		}
		c := l.Sealed.Ciphertext
		caseKeyID := sha256.Sum256(append([]byte("liandong case key id\n"), caseKey...))
		if c[0] != 1 || c[1] != 1 || string(c[2:10]) != string(caseKeyID[:8]) {
			t.Errorf("%s: got header %x, want version 1, algorithm 1, key %x", name, c[:10], caseKeyID[:8])
		}
		block, err := aes.NewCipher(caseKey)
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		aad := slices.Concat([]byte("liandong sealed v1\n"), c[:10], []byte("letter|private|"+l.ID))
		plain, err := gcm.Open(nil, c[10:22], c[22:], aad)
		if err != nil {
			t.Errorf("%s: the personal part does not open: %v", name, err)
			continue
		}
		if sum := sha256.Sum256(plain); hex.EncodeToString(sum[:]) != l.Commitment {
			t.Errorf("%s: the personal part does not fit the commitment", name)
		}
	}
	if opened < 10 {
		t.Errorf("opened %d personal parts, want those of the examples", opened)
	}
}

// The fingerprint of a key document as the README says it, and as it stands there.
func TestFingerprintByReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		Alg   string
		Key   []byte
		Until string
	}
	for _, name := range []string{"110", "119", "12345"} {
		raw, err := os.ReadFile("examples/keys/" + name + ".public.json")
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Platform           string
			Signing, Receiving []key
			SigningSM2         []key `json:"signing_sm2"`
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		lines := []string{"liandong keys v1", doc.Platform}
		for _, k := range slices.Concat(doc.Signing, doc.SigningSM2, doc.Receiving) {
			line := k.Alg + " " + hex.EncodeToString(k.Key)
			if k.Until != "" {
				line += " " + k.Until
			}
			lines = append(lines, line)
		}
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		digits := hex.EncodeToString(sum[:12])
		var groups []string
		for ; digits != ""; digits = digits[4:] {
			groups = append(groups, digits[:4])
		}
		if want := "`" + strings.Join(groups, " ") + "` (" + name + ")"; !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not say %s", want)
		}
		if keys, err := seal.ParsePublicKeys(raw); err != nil || keys.Fingerprint() != strings.Join(groups, " ") {
			t.Errorf("%s: the program says %s, %v", name, keys.Fingerprint(), err)
		}
	}
}

// publicSM2 is the key of the national suite in a platform's key document.
func publicSM2(t *testing.T, platform string) []byte {
	t.Helper()
	raw, err := os.ReadFile("examples/keys/" + platform + ".public.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		SigningSM2 []struct{ Key []byte } `json:"signing_sm2"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil || len(doc.SigningSM2) != 1 || len(doc.SigningSM2[0].Key) != 65 {
		t.Fatalf("%s: got %d keys of the national suite, %v, want one of 65 bytes", platform, len(doc.SigningSM2), err)
	}
	return doc.SigningSM2[0].Key
}

// What the examples of reconciling say of themselves, by the README.
func TestReconcileByReadme(t *testing.T) {
	type entry struct {
		ID, Hash, State string
		Apart, Moving   bool
	}
	var l struct {
		Body struct {
			Re     string
			Ranges []struct {
				List    string
				Count   int
				Hash    string
				Listed  bool
				Entries []entry
			}
		}
	}
	if err := json.Unmarshal(contract.Valid()["reconcile-answer"], &l); err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, r := range l.Body.Ranges {
		if !r.Listed {
			continue
		}
		listed++
		text, count := "", 0
		for _, e := range r.Entries {
			if !e.Apart && !e.Moving {
				text, count = text+e.ID+" "+e.State+"\n", count+1
			}
		}
		sum := sha256.Sum256([]byte(text))
		if got := hex.EncodeToString(sum[:]); got != r.Hash || count != r.Count {
			t.Errorf("%s: got %d entries with the hash %s, want %d with %s", r.List, count, got, r.Count, r.Hash)
		}
	}
	if listed == 0 {
		t.Error("the example lists no range")
	}
}

// The header that signs what is no letter, by the README.
func TestHeaderByReadme(t *testing.T) {
	for _, name := range []string{"110", "119"} {
		doc, err := os.ReadFile("examples/signed/fetch-" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		header, err := os.ReadFile("examples/signed/fetch-" + name + ".signature")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(string(header))
		if err != nil {
			t.Fatal(err)
		}
		var sig struct {
			Alg   string
			KID   string
			Value []byte
		}
		if err := json.Unmarshal(raw, &sig); err != nil {
			t.Fatal(err)
		}
		if name == "119" {
			key, err := sm2.NewPublicKey(publicSM2(t, name))
			if err != nil {
				t.Fatal(err)
			}
			under := sm3.Sum(doc)
			if sig.Alg != "sm2-sm3" || !sm2.VerifyASN1WithSM2(key, []byte("1234567812345678"), slices.Concat([]byte("liandong digest v1\n"), under[:]), sig.Value) {
				t.Errorf("%s: the signature by %s does not verify", name, sig.Alg)
			}
			continue
		}
		var ring struct{ Signing []struct{ Secret []byte } }
		if err := json.Unmarshal(contract.TestKeys()[name], &ring); err != nil {
			t.Fatal(err)
		}
		public := ed25519.NewKeyFromSeed(ring.Signing[0].Secret).Public().(ed25519.PublicKey)
		under := sha256.Sum256(doc)
		if sig.Alg != "ed25519" || !ed25519.Verify(public, slices.Concat([]byte("liandong digest v1\n"), under[:]), sig.Value) {
			t.Errorf("%s: the signature by %s does not verify", name, sig.Alg)
		}
	}
}
