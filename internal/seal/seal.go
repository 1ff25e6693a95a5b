package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"liandong/internal/hotline"
)

// CaseKey is the key of one case: every personal field of the case and the
// personal part of every letter about it is sealed under it. The zero value is
// no key. Safe for concurrent use.
type CaseKey struct {
	raw  *[32]byte
	id   [8]byte
	aead cipher.AEAD
}

// NewCaseKey makes a key for a new case.
func NewCaseKey() CaseKey {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails (crypto/rand)
	k, err := caseKey(raw)
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	return k
}

func caseKey(raw []byte) (CaseKey, error) {
	if len(raw) != 32 {
		return CaseKey{}, hotline.Errorf(hotline.Invalid, "seal_format", "key", len(raw))
	}
	k := CaseKey{raw: (*[32]byte)(raw), aead: newAEAD(raw)}
	copy(k.id[:], keyHash("liandong case key id\n", raw))
	return k, nil
}

// ID names the key: 16 hex digits, as in the header of what it sealed.
func (k CaseKey) ID() string { return hex.EncodeToString(k.id[:]) }

// Zero says that there is no key.
func (k CaseKey) Zero() bool { return k.raw == nil }

// Format prints the id only.
func (k CaseKey) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "case key %x", k.id[:]) }

// WrapCaseKey encrypts a case's key under the node's master key, for keeping
// beside the case. It opens only as the key of the same case.
func WrapCaseKey(keys KeyService, caseID string, key CaseKey) ([]byte, error) {
	if key.Zero() {
		return nil, hotline.Errorf(hotline.Internal, "seal_no_key", "")
	}
	return keys.WrapKey("case key|"+caseID, key.raw[:])
}

// UnwrapCaseKey opens what WrapCaseKey made. Errors: seal_format, seal_key,
// seal_tampered.
func UnwrapCaseKey(keys KeyService, caseID string, wrapped []byte) (CaseKey, error) {
	raw, err := keys.UnwrapKey("case key|"+caseID, wrapped)
	if err != nil {
		return CaseKey{}, err
	}
	return caseKey(raw)
}

// SealField encrypts a personal value under a case's key. aad says where the
// value stands ("table|column|row id"); it is not stored, and the value opens
// only with the same one, so it cannot be moved elsewhere. The result names
// algorithm and key; see the layout below. The key must not be zero.
func SealField(key CaseKey, aad string, plain []byte) []byte {
	return sealValue(key.aead, key.id[:], aad, plain)
}

// OpenField decrypts what SealField made. Errors are Invalid: seal_format (not
// a sealed value), seal_key (sealed under another key), seal_tampered (changed,
// or moved to another place).
func OpenField(key CaseKey, aad string, sealed []byte) ([]byte, error) {
	kid, err := ValueKey(sealed)
	if err != nil {
		return nil, err
	}
	if key.Zero() || kid != key.ID() {
		return nil, hotline.Errorf(hotline.Invalid, "seal_key", "", kid)
	}
	return openValue(key.aead, aad, sealed)
}

// A sealed value:
//
//	version 1 │ algorithm 1 │ key id 8 │ nonce 12 │ ciphertext and tag (n + 16)
//
// The header (version, algorithm, key id) is authenticated together with the
// caller's aad. Nonces are random: at 2^32 values under one key a repeat is
// still unlikely, and a case has dozens.
const (
	valueVersion = 1
	algAESGCM    = 1

	headerSize = 10
	nonceSize  = 12
	tagSize    = 16
)

// Overhead is by how many bytes a sealed value is longer than the plain one.
const Overhead = headerSize + nonceSize + tagSize

func sealValue(aead cipher.AEAD, kid []byte, aad string, plain []byte) []byte {
	out := make([]byte, headerSize+nonceSize, Overhead+len(plain))
	out[0], out[1] = valueVersion, algAESGCM
	copy(out[2:headerSize], kid)
	rand.Read(out[headerSize:]) // never fails (crypto/rand)
	return aead.Seal(out, out[headerSize:], plain, fullAAD(out[:headerSize], aad))
}

// openValue expects a value that ValueKey has read.
func openValue(aead cipher.AEAD, aad string, sealed []byte) ([]byte, error) {
	body := sealed[headerSize:]
	plain, err := aead.Open(nil, body[:nonceSize], body[nonceSize:], fullAAD(sealed[:headerSize], aad))
	if err != nil {
		return nil, tampered(err)
	}
	return plain, nil
}

func fullAAD(header []byte, aad string) []byte {
	return append(append([]byte("liandong sealed v1\n"), header...), aad...)
}

// ValueKey is the id of the key that a value is sealed under: 16 hex digits.
// What is no sealed value of a known version and algorithm is seal_format.
func ValueKey(sealed []byte) (string, error) {
	if len(sealed) < Overhead || sealed[0] != valueVersion || sealed[1] != algAESGCM {
		return "", hotline.Errorf(hotline.Invalid, "seal_format", "")
	}
	return hex.EncodeToString(sealed[2:headerSize]), nil
}

// BlindIndex is a value to find equal texts by without keeping them: hex
// HMAC-SHA256 of the purpose and the text, which the caller has brought to one
// form (digits only for a phone number). Purposes do not share indexes.
func BlindIndex(keys KeyService, purpose, normalised string) string {
	return hex.EncodeToString(keys.MAC([]byte(purpose + "\x00" + normalised)))
}

// Commit is the commitment to a text that holds a salt of its own: hex SHA-256.
func Commit(plain []byte) string {
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:])
}
