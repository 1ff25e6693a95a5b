package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/transparency-dev/merkle/rfc6962"

	"liandong/internal/hotline"
	"liandong/internal/seal"
)

// Record is one event as it is proved. Every field stands in the leaf, also
// when it is empty.
type Record struct {
	ID   string `json:"id"`   // of the event
	Node string `json:"node"` // platform code of the node that keeps the log
	Case string `json:"case"` // "" for an event of no case
	Leg  string `json:"leg"`  // "" for an event of no leg
	At   int64  `json:"at"`   // microseconds since 1970 UTC, below 2^53
	Kind string `json:"kind"`

	Actor     string `json:"actor"`
	ActorRole string `json:"actor_role"`

	// Body is what changed, JSON with integers as its only numbers; nil is
	// null. Nothing personal stands in it.
	Body json.RawMessage `json:"body"`
	// Commitment covers the personal part, which holds a salt; hex SHA-256,
	// "" where there is none.
	Commitment string `json:"commitment"`
}

// Leaf is the record in its canonical form (RFC 8785) and its leaf hash by RFC
// 6962: SHA-256 of a zero byte and that form. Errors are Invalid: record_text
// (not UTF-8), record_commitment, record_time, or what seal.Canonical refuses
// in the body, with the field at fault.
func Leaf(r Record) (canonical []byte, leaf [32]byte, err error) {
	if err := r.check(); err != nil {
		return nil, leaf, err
	}
	if r.Body == nil {
		r.Body = json.RawMessage("null")
	}
	doc, err := json.Marshal(r)
	if err != nil {
		return nil, leaf, fmt.Errorf("marshal record: %w", err)
	}
	canonical, err = seal.Canonical(doc)
	if err != nil {
		return nil, leaf, err
	}
	copy(leaf[:], rfc6962.DefaultHasher.HashLeaf(canonical))
	return canonical, leaf, nil
}

// check refuses what would not come back from the canonical form as it was:
// encoding/json mends text that is not UTF-8 and escapes nothing else away.
func (r Record) check() error {
	for _, f := range []struct{ name, value string }{
		{"id", r.ID}, {"node", r.Node}, {"case", r.Case}, {"leg", r.Leg}, {"kind", r.Kind},
		{"actor", r.Actor}, {"actor_role", r.ActorRole},
	} {
		if !utf8.ValidString(f.value) {
			return hotline.Errorf(hotline.Invalid, "record_text", f.name)
		}
	}
	if r.Commitment != "" {
		raw, err := hex.DecodeString(r.Commitment)
		if err != nil || len(raw) != 32 || hex.EncodeToString(raw) != r.Commitment {
			return hotline.Errorf(hotline.Invalid, "record_commitment", "commitment")
		}
	}
	if r.At < -seal.MaxInteger || r.At > seal.MaxInteger {
		return hotline.Errorf(hotline.Invalid, "record_time", "at", r.At)
	}
	if r.Body != nil {
		if err := seal.CheckJSON(r.Body); err != nil {
			return fmt.Errorf("record body: %w", err)
		}
	}
	return nil
}

// Parse reads a canonical record back and refuses every other form of it, so
// that a stored record and its leaf cannot part. The error is record_form.
func Parse(canonical []byte) (Record, error) {
	var r Record
	d := json.NewDecoder(bytes.NewReader(canonical))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Record{}, &hotline.Error{Kind: hotline.Invalid, Code: "record_form", Cause: err}
	}
	again, _, err := Leaf(r)
	if err != nil {
		return Record{}, err
	}
	if !bytes.Equal(again, canonical) {
		return Record{}, hotline.Errorf(hotline.Invalid, "record_form", "")
	}
	return r, nil
}
