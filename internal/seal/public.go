package seal

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm2"

	"liandong/internal/hotline"
)

// PublicFormat names the version of the key document.
const PublicFormat = "liandong-keys/1"

// PublicKey is the public half of a signing or receiving key.
type PublicKey struct {
	Alg string `json:"alg"` // Ed25519, SM2 or HPKE
	// ID is "ed25519:", "sm2:" or "hpke:" and the first 16 hex digits of the
	// SHA-256 of the key, of an SM2 key of its SM3.
	ID  string `json:"id"`
	Key []byte `json:"key"` // 32 bytes, 65 of SM2; base64 in JSON
	// Until is the last moment at which something signed with an old key may
	// have been sent; nil while the key is in use.
	Until *time.Time `json:"until,omitempty"`
}

// PublicKeys is the document that two platforms exchange before they are
// linked. Of each list the first key is the one in use.
type PublicKeys struct {
	Format   string      `json:"format"`
	Platform string      `json:"platform"` // code
	Name     string      `json:"name"`     // as people call it
	Signing  []PublicKey `json:"signing"`
	// SigningSM2 are the keys of the national suite, of a node that has one.
	SigningSM2 []PublicKey `json:"signing_sm2,omitempty"`
	Receiving  []PublicKey `json:"receiving"`
}

func newPublicKey(alg string, key []byte) PublicKey {
	sum := contentHash(alg, key)
	return PublicKey{Alg: alg, ID: idPrefix[alg] + hex.EncodeToString(sum[:8]), Key: key}
}

var idPrefix = map[string]string{Ed25519: "ed25519:", SM2: "sm2:", HPKE: "hpke:"}

// Bytes is the document as a file.
func (p PublicKeys) Bytes() []byte {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(err) // strings, bytes and times always marshal
	}
	return append(b, '\n')
}

// ParsePublicKeys reads and checks a key document. The error is keys_format
// with the place at fault.
func ParsePublicKeys(b []byte) (PublicKeys, error) {
	var p PublicKeys
	if len(b) > maxKeyDocument {
		return p, badKeys("", "too large")
	}
	if err := strictJSON(b, &p); err != nil {
		return PublicKeys{}, err
	}
	if err := p.Check(); err != nil {
		return PublicKeys{}, err
	}
	return p, nil
}

// maxKeyDocument: two dozen keys fit many times over.
const maxKeyDocument = 64 << 10

// maxKeys of a list: one in use and old ones that some letter may still need.
const maxKeys = 16

// Check says whether the document can be used: format, platform code, name,
// and every key sound, named by its own hash, once.
func (p PublicKeys) Check() error {
	if p.Format != PublicFormat {
		return badKeys("format", "want "+PublicFormat)
	}
	if !goodCode(p.Platform) {
		return badKeys("platform", "want 1 to 64 letters, digits, '.', '_', ':' or '-'")
	}
	if !goodName(p.Name) {
		return badKeys("name", "want 1 to 100 printable characters")
	}
	if err := checkKeys("signing", Ed25519, p.Signing); err != nil {
		return err
	}
	if err := checkSM2(p.SigningSM2); err != nil {
		return err
	}
	return checkKeys("receiving", HPKE, p.Receiving)
}

// checkSM2 checks the keys of the national suite; a node may have none.
func checkSM2(keys []PublicKey) error {
	if len(keys) == 0 {
		return nil
	}
	for i, k := range keys {
		if _, err := sm2.NewPublicKey(k.Key); err != nil {
			return badKeys(fmt.Sprintf("signing_sm2[%d].key", i), "no point of the curve")
		}
	}
	return checkKeys("signing_sm2", SM2, keys)
}

func checkKeys(list, alg string, keys []PublicKey) error {
	if len(keys) == 0 || len(keys) > maxKeys {
		return badKeys(list, fmt.Sprintf("want 1 to %d keys", maxKeys))
	}
	seen := map[string]bool{}
	for i, k := range keys {
		at := fmt.Sprintf("%s[%d]", list, i)
		switch {
		case k.Alg != alg:
			return badKeys(at+".alg", "want "+alg)
		case len(k.Key) != keySize(alg):
			return badKeys(at+".key", fmt.Sprintf("want %d bytes in base64", keySize(alg)))
		case newPublicKey(alg, k.Key).ID != k.ID:
			return badKeys(at+".id", "does not fit the key")
		case seen[k.ID]:
			return badKeys(at+".id", "the same key twice")
		case i == 0 && k.Until != nil:
			return badKeys(at+".until", "the first key is the one in use")
		case i > 0 && list != "receiving" && k.Until == nil:
			return badKeys(at+".until", "an old signing key needs an end")
		}
		seen[k.ID] = true
	}
	return nil
}

func keySize(alg string) int {
	if alg == SM2 {
		return 65
	}
	return 32
}

func goodCode(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i, r := range s {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !alnum && (i == 0 || !strings.ContainsRune("._:-", r)) {
			return false
		}
	}
	return true
}

func goodName(s string) bool {
	if strings.TrimSpace(s) == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > 100 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Fingerprint is what two people read to each other over the phone before they
// trust a key document: 24 hex digits in six groups. It covers the platform
// code and every key with its end. 96 bits, so that nobody can make another
// document with the same one.
func (p PublicKeys) Fingerprint() string {
	var lines []string
	for _, k := range slices.Concat(p.Signing, p.SigningSM2, p.Receiving) {
		line := k.Alg + " " + hex.EncodeToString(k.Key)
		if k.Until != nil {
			line += " " + k.Until.UTC().Format(time.RFC3339Nano)
		}
		lines = append(lines, line)
	}
	sum := sha256.Sum256([]byte("liandong keys v1\n" + p.Platform + "\n" + strings.Join(lines, "\n")))
	s := hex.EncodeToString(sum[:12])
	var groups []string
	for i := 0; i < len(s); i += 4 {
		groups = append(groups, s[i:i+4])
	}
	return strings.Join(groups, " ")
}

// SigningKey finds a signing key by its id.
func (p PublicKeys) SigningKey(id string) (PublicKey, bool) {
	for _, k := range p.AllSigning() {
		if k.ID == id {
			return k, true
		}
	}
	return PublicKey{}, false
}

// AllSigning are the signing keys of every suite.
func (p PublicKeys) AllSigning() []PublicKey { return slices.Concat(p.Signing, p.SigningSM2) }

// Current are the signing keys in use, one of each suite that there is.
func (p PublicKeys) Current() []PublicKey {
	return slices.Concat(p.Signing[:min(1, len(p.Signing))], p.SigningSM2[:min(1, len(p.SigningSM2))])
}

// Has says whether there is a signing key of a suite.
func (p PublicKeys) Has(suite string) bool {
	return slices.ContainsFunc(p.Current(), func(k PublicKey) bool { return k.Alg == suite })
}

// Sign signs a digest for one purpose. The context ends with a line break and
// is never the beginning of another one, so a signature made for one purpose is
// worth nothing for any other.
func Sign(keys KeyService, context string, digest [32]byte) (Signature, error) {
	return keys.Sign(append([]byte(context), digest[:]...))
}

// Verify checks what Sign made, sent at a time, against the peer's keys. Errors
// are Invalid: signature_key (no such key, or past its end), signature_invalid.
func Verify(keys PublicKeys, context string, digest [32]byte, sent time.Time, sig Signature) error {
	k, ok := keys.SigningKey(sig.KeyID)
	if !ok || sig.Alg != k.Alg {
		return hotline.Errorf(hotline.Invalid, "signature_key", "kid", sig.KeyID)
	}
	if k.Until != nil && sent.After(*k.Until) {
		return hotline.Errorf(hotline.Invalid, "signature_key", "kid", sig.KeyID, k.Until.UTC().Format(time.RFC3339))
	}
	if !k.Signed(append([]byte(context), digest[:]...), sig.Value) {
		return hotline.Errorf(hotline.Invalid, "signature_invalid", "value", sig.KeyID)
	}
	return nil
}

// Wrapped is a case key sealed to one receiving key (HPKE, RFC 9180).
type Wrapped struct {
	KeyID   string `json:"kid"`
	Alg     string `json:"alg"`
	Enc     []byte `json:"enc"`     // encapsulated key, 32 bytes
	Wrapped []byte `json:"wrapped"` // the key, sealed: 48 bytes
}

// WrapFor seals a case key to a receiving key. The info binds it to its use: it
// opens only with the same info.
func WrapFor(pub PublicKey, info string, key CaseKey) (Wrapped, error) {
	if key.Zero() {
		return Wrapped{}, hotline.Errorf(hotline.Internal, "seal_no_key", "")
	}
	if pub.Alg != HPKE {
		return Wrapped{}, badKeys("receiving", "cannot seal with "+pub.Alg)
	}
	point, err := ecdh.X25519().NewPublicKey(pub.Key)
	if err != nil {
		return Wrapped{}, badKeys("receiving", err.Error())
	}
	to, err := hpke.NewDHKEMPublicKey(point)
	if err != nil {
		return Wrapped{}, badKeys("receiving", err.Error())
	}
	enc, sender, err := hpke.NewSender(to, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return Wrapped{}, badKeys("receiving", err.Error())
	}
	wrapped, err := sender.Seal(nil, key.raw[:])
	if err != nil {
		return Wrapped{}, fmt.Errorf("seal a case key: %w", err)
	}
	return Wrapped{KeyID: pub.ID, Alg: HPKE, Enc: enc, Wrapped: wrapped}, nil
}

// Unwrap opens what WrapFor sealed to one of our keys. Errors: seal_format (an
// algorithm or a length that is none of ours), seal_key, seal_tampered.
func Unwrap(keys KeyService, info string, w Wrapped) (CaseKey, error) {
	if w.Alg != HPKE {
		return CaseKey{}, hotline.Errorf(hotline.Invalid, "seal_format", "alg", w.Alg)
	}
	raw, err := keys.OpenHPKE(w.KeyID, w.Enc, info, w.Wrapped)
	if err != nil {
		return CaseKey{}, err
	}
	return caseKey(raw)
}
