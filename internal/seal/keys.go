package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"liandong/internal/hotline"
)

// Names of algorithms, as they stand in letters and key documents.
const (
	Ed25519 = "ed25519"
	HPKE    = "hpke-x25519-sha256-aes256gcm" // RFC 9180 base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM
	AES     = "aes-256-gcm"
	HMAC    = "hmac-sha256"
)

// KeyService holds the long-term keys of a node and does what needs the secret
// half of them. Implementations are safe for concurrent use. Keyring is the one
// over a key file; a hardware module would be another.
type KeyService interface {
	// Sign signs a message with the current signing key of Suite; SignAs with
	// that of a suite that the node has a key of.
	Sign(message []byte) (Signature, error)
	Suite() string
	SignAs(suite string, message []byte) (Signature, error)
	// SignWith signs with a signing key by its id, an old one perhaps: a peer
	// may not know the new one yet.
	SignWith(keyID string, message []byte) (Signature, error)
	// WrapKey encrypts the 32 bytes of a case key under the current master
	// key; aad says whose key it is. UnwrapKey takes any master key held.
	WrapKey(aad string, key []byte) ([]byte, error)
	UnwrapKey(aad string, wrapped []byte) ([]byte, error)
	// Holds says whether this is the id of a receiving key that we have;
	// OpenHPKE opens what was sealed to it.
	Holds(keyID string) bool
	OpenHPKE(keyID string, enc []byte, info string, sealed []byte) ([]byte, error)
	// MAC is HMAC-SHA256 under the blind-index key.
	MAC(message []byte) []byte
	// Public is the half that peers get.
	Public(platform, name string) PublicKeys
}

// Signature names its algorithm and key. The value is base64 in JSON.
type Signature struct {
	Alg   string `json:"alg"`
	KeyID string `json:"kid"`
	Value []byte `json:"value"`
}

// KeyKind is what a long-term key is for.
type KeyKind string

const (
	Signing   KeyKind = "signing"
	Receiving KeyKind = "receiving"
	Master    KeyKind = "master"
)

// Keyring is a KeyService over keys in memory. It never changes once made, so
// it may be used from any number of goroutines. Of each kind the first key is
// the current one; the others are there to read what is older.
type Keyring struct {
	signing   []signingKey
	sm2       []sm2Key // none unless the node was given one
	receiving []receivingKey
	master    []symmetricKey
	index     []symmetricKey
}

var _ KeyService = (*Keyring)(nil)

type signingKey struct {
	secret ed25519.PrivateKey
	public PublicKey
}

type receivingKey struct {
	raw    []byte
	secret hpke.PrivateKey
	public PublicKey
}

type symmetricKey struct {
	id   string
	raw  []byte
	aead cipher.AEAD
}

// NewKeyring makes one key of each kind from the random source, which for real
// use is crypto/rand.Reader and nothing else.
func NewKeyring(rand io.Reader) (*Keyring, error) {
	k := &Keyring{}
	for _, kind := range []string{"signing", "receiving", "master", "index"} {
		raw, err := secret(rand)
		if err != nil {
			return nil, err
		}
		if err := k.add(kind, raw, nil); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func secret(rand io.Reader) ([]byte, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(rand, raw); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return raw, nil
}

// Renew returns a keyring with a new current key of a kind; the old ones stay
// for reading. A signature of the old signing key is good under letters sent
// until the time given, which the caller sets to the change plus the longest
// expiry of a letter (protocol.md, keys). The index key is never renewed: every
// index made with it would be lost.
func (k *Keyring) Renew(kind KeyKind, until time.Time, rand io.Reader) (*Keyring, error) {
	raw, err := secret(rand)
	if err != nil {
		return nil, err
	}
	next := &Keyring{}
	if kind == Signing || kind == Receiving || kind == Master {
		err = next.add(string(kind), raw, nil)
	} else {
		err = hotline.Errorf(hotline.Invalid, "keys_format", "kind", string(kind))
	}
	if err != nil {
		return nil, err
	}
	next.signing = append(next.signing, k.signing...)
	next.sm2 = k.sm2
	next.receiving = append(next.receiving, k.receiving...)
	next.master = append(next.master, k.master...)
	next.index = append(next.index, k.index...)
	if kind == Signing {
		u := until.UTC().Truncate(time.Microsecond)
		next.signing[1].public.Until = &u
	}
	return next, nil
}

// add appends a key of a kind. The raw secret is 32 bytes of any value.
func (k *Keyring) add(kind string, raw []byte, until *time.Time) error {
	if len(raw) != 32 {
		return badKeys(kind, "a secret is 32 bytes")
	}
	switch kind {
	case "signing":
		s := ed25519.NewKeyFromSeed(raw)
		pub := newPublicKey(Ed25519, s.Public().(ed25519.PublicKey))
		pub.Until = until
		k.signing = append(k.signing, signingKey{secret: s, public: pub})
	case "sm2":
		s, err := newSM2Key(raw, until)
		if err != nil {
			return err
		}
		k.sm2 = append(k.sm2, s)
	case "receiving":
		s, err := ecdh.X25519().NewPrivateKey(raw)
		if err != nil {
			return badKeys(kind, err.Error())
		}
		h, err := hpke.NewDHKEMPrivateKey(s)
		if err != nil {
			return badKeys(kind, err.Error())
		}
		pub := newPublicKey(HPKE, s.PublicKey().Bytes())
		k.receiving = append(k.receiving, receivingKey{raw: raw, secret: h, public: pub})
	case "master":
		k.master = append(k.master, symmetricKey{id: symmetricID(AES, raw), raw: raw, aead: newAEAD(raw)})
	case "index":
		k.index = append(k.index, symmetricKey{id: symmetricID(HMAC, raw), raw: raw})
	}
	return nil
}

func symmetricID(alg string, raw []byte) string {
	return alg + ":" + hex.EncodeToString(keyHash("liandong key id\n", raw))
}

// keyHash is the 8 bytes that name a key: of a secret only under a label of its
// own, so that the name is never a hash used elsewhere.
func keyHash(label string, key []byte) []byte {
	sum := sha256.Sum256(append([]byte(label), key...))
	return sum[:8]
}

func newAEAD(raw []byte) cipher.AEAD {
	block, err := aes.NewCipher(raw)
	if err != nil {
		panic(err) // a key of 32 bytes is always good
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES blocks are 16 bytes
	}
	return a
}

// Sign is part of KeyService.
func (k *Keyring) Sign(message []byte) (Signature, error) {
	s := k.signing[0]
	return Signature{Alg: Ed25519, KeyID: s.public.ID, Value: ed25519.Sign(s.secret, message)}, nil
}

// Suite is part of KeyService.
func (k *Keyring) Suite() string { return Ed25519 }

// SignAs is part of KeyService. The error is suite_no_key.
func (k *Keyring) SignAs(suite string, message []byte) (Signature, error) {
	switch suite {
	case Ed25519:
		return k.Sign(message)
	case SM2:
		return k.signSM2(message)
	}
	return Signature{}, hotline.Errorf(hotline.Invalid, "suite_unknown", "suite", suite)
}

// SignWith is part of KeyService. The error is suite_no_key.
func (k *Keyring) SignWith(keyID string, message []byte) (Signature, error) {
	for _, s := range k.signing {
		if s.public.ID == keyID {
			return Signature{Alg: Ed25519, KeyID: keyID, Value: ed25519.Sign(s.secret, message)}, nil
		}
	}
	return Signature{}, hotline.Errorf(hotline.Conflict, "suite_no_key", "kid", keyID)
}

// Revoke returns a keyring with a new signing key and without the old ones:
// somebody else may have them, so nothing that they sign counts any more.
func (k *Keyring) Revoke(rand io.Reader) (*Keyring, error) {
	raw, err := secret(rand)
	if err != nil {
		return nil, err
	}
	next := *k
	next.signing = nil
	return &next, next.add("signing", raw, nil)
}

// Forget returns a keyring with so many signing keys at most, the newest. What
// the others signed cannot be proved to be this platform's any more.
func (k *Keyring) Forget(keep int) *Keyring {
	next := *k
	next.signing = k.signing[:min(keep, len(k.signing)):min(keep, len(k.signing))]
	return &next
}

// WrapKey is part of KeyService.
func (k *Keyring) WrapKey(aad string, key []byte) ([]byte, error) {
	m := k.master[0]
	return sealValue(m.aead, keyHash("liandong key id\n", m.raw), aad, key), nil
}

// UnwrapKey is part of KeyService. Errors: seal_format, seal_key, seal_tampered.
func (k *Keyring) UnwrapKey(aad string, wrapped []byte) ([]byte, error) {
	kid, err := ValueKey(wrapped)
	if err != nil {
		return nil, err
	}
	for _, m := range k.master {
		if m.id == AES+":"+kid {
			return openValue(m.aead, aad, wrapped)
		}
	}
	return nil, hotline.Errorf(hotline.Invalid, "seal_key", "", kid)
}

// Holds is part of KeyService.
func (k *Keyring) Holds(keyID string) bool {
	for _, r := range k.receiving {
		if r.public.ID == keyID {
			return true
		}
	}
	return false
}

// OpenHPKE is part of KeyService. Errors: seal_key, seal_tampered.
func (k *Keyring) OpenHPKE(keyID string, enc []byte, info string, sealed []byte) ([]byte, error) {
	for _, r := range k.receiving {
		if r.public.ID != keyID {
			continue
		}
		rec, err := hpke.NewRecipient(enc, r.secret, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
		if err != nil {
			return nil, tampered(err)
		}
		plain, err := rec.Open(nil, sealed)
		if err != nil {
			return nil, tampered(err)
		}
		return plain, nil
	}
	return nil, hotline.Errorf(hotline.Invalid, "seal_key", "", keyID)
}

// MAC is part of KeyService.
func (k *Keyring) MAC(message []byte) []byte {
	h := hmac.New(sha256.New, k.index[0].raw)
	h.Write(message)
	return h.Sum(nil)
}

// Public is part of KeyService.
func (k *Keyring) Public(platform, name string) PublicKeys {
	p := PublicKeys{Format: PublicFormat, Platform: platform, Name: name}
	for _, s := range k.signing {
		p.Signing = append(p.Signing, s.public)
	}
	for _, s := range k.sm2 {
		p.SigningSM2 = append(p.SigningSM2, s.public)
	}
	for _, r := range k.receiving {
		p.Receiving = append(p.Receiving, r.public)
	}
	return p
}

// keyringFormat names the version of the key file.
const keyringFormat = "liandong-keyring/1"

type keyringFile struct {
	Format    string      `json:"format"`
	Signing   []secretKey `json:"signing"`
	SM2       []secretKey `json:"sm2,omitempty"`
	Receiving []secretKey `json:"receiving"`
	Master    []secretKey `json:"master"`
	Index     []secretKey `json:"index"`
}

type secretKey struct {
	ID     string     `json:"id"`
	Secret []byte     `json:"secret"`
	Until  *time.Time `json:"until,omitempty"`
}

// Bytes is the keyring as the content of its file, secrets in the clear: the
// caller keeps it readable by the node alone (mode 0600).
func (k *Keyring) Bytes() []byte {
	f := keyringFile{Format: keyringFormat}
	for _, s := range k.signing {
		f.Signing = append(f.Signing, secretKey{ID: s.public.ID, Secret: s.secret.Seed(), Until: s.public.Until})
	}
	for _, s := range k.sm2 {
		f.SM2 = append(f.SM2, secretKey{ID: s.public.ID, Secret: s.raw, Until: s.public.Until})
	}
	for _, r := range k.receiving {
		f.Receiving = append(f.Receiving, secretKey{ID: r.public.ID, Secret: r.raw})
	}
	for _, m := range k.master {
		f.Master = append(f.Master, secretKey{ID: m.id, Secret: m.raw})
	}
	for _, x := range k.index {
		f.Index = append(f.Index, secretKey{ID: x.id, Secret: x.raw})
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		panic(err) // strings, bytes and times always marshal
	}
	return append(b, '\n')
}

// ParseKeyring reads what Bytes wrote. Everything is checked: format, number of
// keys, and that each id fits its secret, so a damaged file is noticed before
// it is used. The error is keys_format with the place at fault, never a secret.
func ParseKeyring(b []byte) (*Keyring, error) {
	var f keyringFile
	if err := strictJSON(b, &f); err != nil {
		return nil, err
	}
	if f.Format != keyringFormat {
		return nil, badKeys("format", "want "+keyringFormat)
	}
	k := &Keyring{}
	for _, part := range []struct {
		kind string
		keys []secretKey
	}{{"signing", f.Signing}, {"sm2", f.SM2}, {"receiving", f.Receiving}, {"master", f.Master}, {"index", f.Index}} {
		if len(part.keys) == 0 && part.kind != "sm2" {
			return nil, badKeys(part.kind, "no key")
		}
		for i, s := range part.keys {
			if err := k.add(part.kind, s.Secret, s.Until); err != nil {
				return nil, err
			}
			if got := k.id(part.kind, i); got != s.ID {
				return nil, badKeys(fmt.Sprintf("%s[%d].id", part.kind, i), "does not fit the secret")
			}
		}
	}
	public := k.Public("", "")
	if err := checkKeys("signing", Ed25519, public.Signing); err != nil {
		return nil, err
	}
	if err := checkSM2(public.SigningSM2); err != nil {
		return nil, err
	}
	if err := checkKeys("receiving", HPKE, public.Receiving); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Keyring) id(kind string, i int) string {
	switch kind {
	case "signing":
		return k.signing[i].public.ID
	case "sm2":
		return k.sm2[i].public.ID
	case "receiving":
		return k.receiving[i].public.ID
	case "master":
		return k.master[i].id
	}
	return k.index[i].id
}

// Format prints a mask: secrets appear in no log by accident.
func (k *Keyring) Format(f fmt.State, _ rune) { fmt.Fprint(f, "keyring(***)") }

// strictJSON decodes one document and refuses what it does not know.
func strictJSON(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badKeys("", jsonFault(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badKeys("", "something follows the document")
	}
	return nil
}

// jsonFault says what is wrong without quoting any of the document.
func jsonFault(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "wrong type at " + t.Field
	}
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not JSON at byte %d", s.Offset)
	}
	return "not a key document"
}

func badKeys(field, why string) error {
	return hotline.Errorf(hotline.Invalid, "keys_format", field, why)
}

func tampered(cause error) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: "seal_tampered", Cause: cause}
}
