package seal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
)

// Signed says whether this key signed a message.
func (k PublicKey) Signed(message, sig []byte) bool {
	if k.Alg == SM2 {
		return signedSM2(k.Key, message, sig)
	}
	return k.Alg == Ed25519 && len(k.Key) == ed25519.PublicKeySize && ed25519.Verify(k.Key, message, sig)
}

// NoteKeyHash names a key in the signature line of a note
// (golang.org/x/mod/sumdb/note; C2SP signed-note).
func NoteKeyHash(name string, k PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	if k.Alg == SM2 {
		h.Write([]byte("\xff" + SM2 + "\n")) // a type of signature without a number
	} else {
		h.Write([]byte{1}) // Ed25519
	}
	h.Write(k.Key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}
