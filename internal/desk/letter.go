package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"liandong/internal/leg"
	"liandong/internal/seal"
)

// Content is a letter in the canonical form (RFC 8785) that is hashed and
// signed, and its hash, SHA-256 in hex.
func Content(m leg.Letter) (content []byte, hash string, err error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, "", fmt.Errorf("write letter: %w", err)
	}
	if content, err = seal.Canonical(raw); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(content)
	return content, hex.EncodeToString(sum[:]), nil
}
