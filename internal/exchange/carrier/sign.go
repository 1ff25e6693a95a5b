package carrier

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/seal"
)

// signContext keeps signatures of these documents apart from those of letters.
const signContext = "liandong digest v1\n"

// Sign signs a document that is no letter: a bundle's manifest, a comparison.
// It returns the signature as base64 of JSON.
func Sign(keys seal.KeyService, doc []byte) (string, error) {
	s, err := seal.SignContent(keys, signContext, doc)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(s)
	return base64.StdEncoding.EncodeToString(b), err
}

// Verify checks what Sign made, at a time. Errors are Denied.
func Verify(keys seal.PublicKeys, doc []byte, signature string, at time.Time) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return hotline.Errorf(hotline.Denied, "letter_signature", "signature")
	}
	var sig seal.Signature
	if err := json.Unmarshal(raw, &sig); err != nil {
		return hotline.Errorf(hotline.Denied, "letter_signature", "signature")
	}
	return seal.VerifyContent(keys, signContext, doc, at, sig)
}
