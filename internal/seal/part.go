package seal

import "liandong/internal/hotline"

// Part is the personal part of a letter, encrypted under the case's key, with
// that key for each platform that may read it. It is no part of the letter's
// identity: it can be dropped when the case is erased, and its keys wrapped
// anew after a change of keys.
type Part struct {
	Alg        string    `json:"alg"`        // AES: a sealed value of this package
	Ciphertext []byte    `json:"ciphertext"` // base64 in JSON
	Keys       []PartKey `json:"keys"`
}

// PartKey is the case's key for one platform.
type PartKey struct {
	To string `json:"to"` // platform code
	Wrapped
}

// SealPart encrypts the plain personal part of a letter: what the ledger keeps.
func SealPart(key CaseKey, letterID string, plain []byte) (ciphertext []byte) {
	return SealField(key, partAAD(letterID), plain)
}

func partAAD(letterID string) string { return "letter|private|" + letterID }

// WrapPart makes the part for the wire from what SealPart made: the case's key
// is wrapped for the receiving key in use of each reader. from is the platform
// that writes the letter.
func WrapPart(letterID, from string, ciphertext []byte, key CaseKey, readers ...PublicKeys) (*Part, error) {
	p := &Part{Alg: AES, Ciphertext: ciphertext, Keys: []PartKey{}}
	for _, r := range readers {
		if len(r.Receiving) == 0 {
			return nil, badKeys("receiving", "no key")
		}
		w, err := WrapFor(r.Receiving[0], partInfo(letterID, from, r.Platform), key)
		if err != nil {
			return nil, err
		}
		p.Keys = append(p.Keys, PartKey{To: r.Platform, Wrapped: w})
	}
	return p, nil
}

// partInfo binds a wrapped key to its letter, its writer and its reader.
func partInfo(letterID, from, to string) string {
	return "liandong case key v1\n" + letterID + "\n" + from + "\n" + to
}

// OpenPart decrypts the personal part of a letter with the keys of the node,
// and gives the case's key of the letter's writer with it. Errors are Invalid:
// seal_format, seal_key (not wrapped for a key of ours), seal_tampered; Field is
// "keys" or "ciphertext".
func OpenPart(keys KeyService, letterID, from string, p Part) (plain []byte, key CaseKey, err error) {
	for _, k := range p.Keys {
		if !keys.Holds(k.KeyID) {
			continue
		}
		if key, err = Unwrap(keys, partInfo(letterID, from, k.To), k.Wrapped); err != nil {
			return nil, CaseKey{}, &hotline.Error{Kind: hotline.Invalid, Code: hotline.CodeOf(err), Field: "keys", Cause: err}
		}
		if plain, err = OpenPartWith(key, letterID, p.Ciphertext); err != nil {
			return nil, CaseKey{}, err
		}
		return plain, key, nil
	}
	return nil, CaseKey{}, hotline.Errorf(hotline.Invalid, "seal_key", "keys", len(p.Keys))
}

// OpenPartWith is OpenPart for who has the case's key already: the writer, and
// the reader when it reads the letter again.
func OpenPartWith(key CaseKey, letterID string, ciphertext []byte) ([]byte, error) {
	plain, err := OpenField(key, partAAD(letterID), ciphertext)
	if err != nil {
		return nil, &hotline.Error{Kind: hotline.Invalid, Code: hotline.CodeOf(err), Field: "ciphertext", Cause: err}
	}
	return plain, nil
}
