package letter

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
)

// MaxLetter bounds a letter on the wire, in bytes. A part of a file fits into it.
const MaxLetter = 1 << 20

// Codes of what is wrong with a letter. They stand in error letters and never
// change their meaning.
const (
	CodeTooLarge   = "letter_too_large"        // over MaxLetter
	CodeNotJSON    = "letter_not_json"         // or a name twice, or not UTF-8
	CodeDepth      = "letter_depth"            // nested too deep
	CodeNumber     = "letter_number"           // a number that is no integer below 2^53
	CodeVersion    = "letter_version"          // another major version
	CodeType       = "letter_type"             // no such type of letter
	CodeRequires   = "letter_unknown_required" // requires a field that we do not know
	CodeSchema     = "letter_schema"           // breaks the schema of its type
	CodeSignature  = "letter_signature"        // not signed by the platform it names
	CodeSealed     = "letter_sealed"           // the sealed part is missing, not for us, or damaged
	CodeCommitment = "letter_commitment"       // the sealed part is not what was signed
	CodePrivate    = "letter_private"          // the sealed part breaks its schema
)

// signContext keeps the signature of a letter from being one of anything else.
const signContext = "liandong letter v1\n"

// Sealed is the personal part of a letter, encrypted, with the case's key for
// each platform that may read it. It is no part of the letter's identity.
type Sealed = seal.Part

// Envelope is a letter as it came over the wire, its shape checked.
type Envelope struct {
	leg.Letter
	Sealed *Sealed // nil where nothing is sealed, or it was erased
	Sig    seal.Signature

	content []byte // canonical, with the fields that we do not know
	extra   []byte
}

// Content is the letter without sealed part and signature in its canonical
// form (RFC 8785), fields that we do not know included: what is stored.
func (e Envelope) Content() []byte { return bytes.Clone(e.content) }

// Hash is the content's hash, hex SHA-256. With the id it is the identity of
// the letter.
func (e Envelope) Hash() string { return HashOf(e.content) }

// HashOf is the hash of a canonical content.
func HashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// HashOfWire is the content hash of a document that Parse may refuse, "" where
// it has no canonical form.
func HashOfWire(wire []byte) string {
	p, err := split(wire)
	if err != nil {
		return ""
	}
	return HashOf(p.content)
}

// Extra is the optional fields that we do not know, as a JSON object in which
// each stands in its place (top level, or below "body"); nil where there are
// none. ContentWith takes it for the letter that passes them on.
func (e Envelope) Extra() []byte { return bytes.Clone(e.extra) }

// Erased says that the letter had a personal part which is not there any more.
// A letter that arrives so for the first time was cut on its way.
func (e Envelope) Erased() bool { return e.Commitment != "" && e.Sealed == nil }

// Verify checks that the platform named in from signed this content. The error
// is letter_signature; its cause says why.
func (e Envelope) Verify(pub seal.PublicKeys) error {
	if pub.Platform != e.From {
		return refuse(CodeSignature, "/from", "these are the keys of another platform", nil)
	}
	return verify(pub, e.content, e.SentAt, e.Sig)
}

// VerifyContent checks a signature under a canonical content, by its writer's
// keys; sent is the content's own sent_at. The error is letter_signature.
func VerifyContent(pub seal.PublicKeys, content []byte, sent time.Time, sig seal.Signature) error {
	return verify(pub, content, sent, sig)
}

func verify(pub seal.PublicKeys, content []byte, sent time.Time, sig seal.Signature) error {
	err := seal.VerifyContent(pub, signContext, content, sent, sig)
	switch {
	case err == nil:
		return nil
	case hotline.CodeOf(err) == "signature_key":
		return refuse(CodeSignature, "/sig/kid", "not a key of this platform, or past its end", err)
	}
	return refuse(CodeSignature, "/sig/value", "does not fit the content", err)
}

// VerifyWire says whether a platform signed a document, whatever else is wrong
// with it: only who is authentic is answered with a reason.
func VerifyWire(wire []byte, pub seal.PublicKeys) error {
	p, err := split(wire)
	if err != nil {
		return err
	}
	var head struct {
		From   string    `json:"from"`
		SentAt time.Time `json:"sent_at"`
	}
	var sig seal.Signature
	// Unreadable fields stay empty and then fit no key.
	_ = json.Unmarshal(p.content, &head)
	_ = json.Unmarshal(p.sig, &sig)
	if head.From != pub.Platform {
		return refuse(CodeSignature, "/from", "these are the keys of another platform", nil)
	}
	return verify(pub, p.content, head.SentAt, sig)
}

// Content brings a letter of ours to its canonical form and checks it as Parse
// does, so that no letter leaves which a peer must refuse. Times are cut to
// microseconds. The hash is hex SHA-256.
func Content(l leg.Letter) (canonical []byte, hash string, err error) {
	return ContentWith(l, nil)
}

// ContentWith is Content for a letter that passes on fields that we do not know
// (see Envelope.Extra).
func ContentWith(l leg.Letter, extra []byte) (canonical []byte, hash string, err error) {
	doc, err := json.Marshal(micro(l), jsonv1.OmitEmptyWithLegacySemantics(true))
	if err != nil {
		return nil, "", refuse(CodeSchema, pointer(err), "not valid text", nil)
	}
	if len(extra) > 0 {
		if doc, err = merge(doc, extra); err != nil {
			return nil, "", err
		}
	}
	canonical, err = seal.Canonical(doc)
	if err != nil {
		return nil, "", letterFault(err)
	}
	tree, err := decode(canonical)
	if err != nil {
		return nil, "", err
	}
	tree["sig"] = map[string]any{"alg": "none", "kid": "none", "value": "none"} // comes with Compose
	if err := check(tree); err != nil {
		return nil, "", err
	}
	return canonical, HashOf(canonical), nil
}

// micro is the letter with its times cut to microseconds, the finest that
// storage and peers keep.
func micro(l leg.Letter) leg.Letter {
	cut := func(t *time.Time) *time.Time {
		if t == nil {
			return nil
		}
		c := t.Truncate(time.Microsecond)
		return &c
	}
	l.SentAt = *cut(&l.SentAt)
	l.ExpiresAt = cut(l.ExpiresAt)
	b := &l.Body
	b.OccurredAt, b.At, b.ReopenUntil, b.Due, b.RulesFrom = cut(b.OccurredAt), cut(b.At), cut(b.ReopenUntil), cut(b.Due), cut(b.RulesFrom)
	if b.Suspension != nil {
		s := *b.Suspension
		s.From, s.To = *cut(&s.From), *cut(&s.To)
		b.Suspension = &s
	}
	dues := make([]leg.Due, len(b.Dues))
	for i, d := range b.Dues {
		d.Due = *cut(&d.Due)
		dues[i] = d
	}
	b.Dues = dues
	return l
}

// merge puts fields that we do not know into a letter of ours.
func merge(doc, extra []byte) ([]byte, error) {
	var into, from map[string]jsontext.Value
	if err := json.Unmarshal(extra, &from); err != nil {
		return nil, refuse(CodeSchema, "", "the fields to pass on are not an object", nil)
	}
	if err := json.Unmarshal(doc, &into); err != nil {
		return nil, refuse(CodeSchema, "", "not an object", nil)
	}
	if body, ok := from["body"]; ok {
		var b, more map[string]jsontext.Value
		if err := json.Unmarshal(body, &more); err != nil {
			return nil, refuse(CodeSchema, "/body", "the fields to pass on are not an object", nil)
		}
		if err := json.Unmarshal(into["body"], &b); err != nil {
			return nil, refuse(CodeSchema, "/body", "not an object", nil)
		}
		for name := range more {
			if bodyFields()[name] {
				return nil, refuse(CodeSchema, "/body/"+name, "is ours to write, not to pass on", nil)
			}
		}
		maps.Copy(b, more)
		merged, err := json.Marshal(b)
		if err != nil {
			return nil, refuse(CodeSchema, "/body", "not valid text", nil)
		}
		into["body"] = merged
		delete(from, "body")
	}
	for name := range from {
		if letterFields()[name] {
			return nil, refuse(CodeSchema, "/"+name, "is ours to write, not to pass on", nil)
		}
	}
	maps.Copy(into, from)
	return json.Marshal(into)
}

// Signer signs letters with the keys of a node, for Compose.
func Signer(keys seal.KeyService) func(content []byte) (seal.Signature, error) {
	return func(content []byte) (seal.Signature, error) { return seal.SignContent(keys, signContext, content) }
}

// Compose writes the letter for the wire: the canonical content, its sealed
// part where it has one, and the signature over the content.
func Compose(content []byte, sealed *Sealed, sign func(content []byte) (seal.Signature, error)) ([]byte, error) {
	canonical, err := seal.Canonical(content)
	if err != nil {
		return nil, letterFault(err)
	}
	if !bytes.Equal(canonical, content) || len(content) < 2 || content[0] != '{' || content[1] == '}' {
		return nil, refuse(CodeNotJSON, "", "not the canonical content of a letter", nil)
	}
	sig, err := sign(content)
	if err != nil {
		return nil, err
	}
	tail, err := json.Marshal(struct {
		Sealed *Sealed        `json:"sealed,omitzero"`
		Sig    seal.Signature `json:"sig"`
	}{sealed, sig})
	if err != nil {
		return nil, err
	}
	wire := make([]byte, 0, len(content)+len(tail))
	wire = append(wire, content[:len(content)-1]...)
	wire = append(wire, ',')
	wire = append(wire, tail[1:]...)
	if len(wire) > MaxLetter {
		return nil, refuse(CodeTooLarge, "", "over the limit of a letter", nil)
	}
	return wire, nil
}

// Parse reads a letter from the wire and checks its shape: size, JSON, version,
// type, required fields and the schema of its type. Fields that we do not know
// are kept. It checks neither the signature (Verify) nor the sealed part (Open),
// and no word of a vocabulary. Errors are *hotline.Error of kind Invalid with
// one of the codes above, the JSON pointer in Field and a reason that quotes
// nothing of the letter in Args.
func Parse(wire []byte) (Envelope, error) {
	p, err := split(wire)
	if err != nil {
		return Envelope{}, err
	}
	tree, err := decode(wire)
	if err != nil {
		return Envelope{}, err
	}
	if err := check(tree); err != nil {
		return Envelope{}, err
	}
	e := Envelope{content: p.content}
	for _, part := range []struct {
		at   string
		raw  []byte
		into any
	}{{"", p.content, &e.Letter}, {"/sealed", p.sealed, &e.Sealed}, {"/sig", p.sig, &e.Sig}} {
		if part.raw == nil {
			continue
		}
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return Envelope{}, refuse(CodeSchema, part.at+pointer(err), "not as the schema says", nil)
		}
	}
	if e.From == e.To {
		return Envelope{}, refuse(CodeSchema, "/to", "a platform writes no letters to itself", nil)
	}
	if e.extra, err = extraOf(tree); err != nil {
		return Envelope{}, err
	}
	return e, nil
}

// parts of a letter on the wire; sealed and sig are nil where they are absent.
type parts struct{ content, sealed, sig []byte }

// split takes a document apart and brings the content to its canonical form.
func split(wire []byte) (parts, error) {
	if len(wire) > MaxLetter {
		return parts{}, refuse(CodeTooLarge, "", "over the limit of a letter", nil)
	}
	if err := seal.CheckJSON(wire); err != nil {
		return parts{}, letterFault(err)
	}
	var p parts
	d := jsontext.NewDecoder(bytes.NewReader(wire))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != '{' {
		return parts{}, refuse(CodeSchema, "", "want an object", nil)
	}
	content := append(make([]byte, 0, len(wire)), '{')
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return parts{}, refuse(CodeNotJSON, "", "not JSON", nil)
		}
		key, err := jsontext.AppendUnquote(nil, name)
		if err != nil {
			return parts{}, refuse(CodeNotJSON, "", "not JSON", nil)
		}
		keep := len(content)
		if keep > 1 {
			content = append(content, ',')
		}
		content = append(append(content, name...), ':')
		value, err := d.ReadValue()
		if err != nil {
			return parts{}, refuse(CodeNotJSON, "", "not JSON", nil)
		}
		switch string(key) {
		case "sealed":
			p.sealed, content = value.Clone(), content[:keep]
		case "sig":
			p.sig, content = value.Clone(), content[:keep]
		default:
			content = append(content, value...)
		}
	}
	v := jsontext.Value(append(content, '}'))
	if err := v.Canonicalize(); err != nil {
		return parts{}, refuse(CodeNotJSON, "", "not JSON", nil)
	}
	p.content = v
	return p, nil
}

// decode reads a checked document as a tree.
func decode(doc []byte) (map[string]any, error) {
	var tree any
	if err := json.Unmarshal(doc, &tree); err != nil {
		return nil, refuse(CodeNotJSON, "", "not JSON", nil)
	}
	m, ok := tree.(map[string]any)
	if !ok {
		return nil, refuse(CodeSchema, "", "want an object", nil)
	}
	return m, nil
}

// extraOf collects the fields that leg.Letter does not hold, canonical.
func extraOf(tree map[string]any) ([]byte, error) {
	extra, more := map[string]any{}, map[string]any{}
	for name, v := range tree {
		if !letterFields()[name] {
			extra[name] = v
		}
	}
	if body, ok := tree["body"].(map[string]any); ok {
		for name, v := range body {
			if !bodyFields()[name] {
				more[name] = v
			}
		}
	}
	if len(more) > 0 {
		extra["body"] = more
	}
	if len(extra) == 0 {
		return nil, nil
	}
	doc, err := json.Marshal(extra)
	if err != nil {
		return nil, refuse(CodeNotJSON, "", "not JSON", nil)
	}
	out, err := seal.Canonical(doc)
	if err != nil {
		return nil, letterFault(err)
	}
	return out, nil
}

// Plain is the personal part as it is committed to and sealed: canonical JSON,
// with a new salt where it has none. The commitment goes into the letter. Both
// are empty where there is nothing personal.
func Plain(p leg.Private) (plain []byte, commitment string, err error) {
	plain, commitment, err = salted(p)
	if err != nil || plain == nil {
		return nil, "", err
	}
	tree, err := decode(plain)
	if err == nil {
		err = checkPrivate(tree)
	}
	if err != nil {
		return nil, "", err
	}
	return plain, commitment, nil
}

// Note is the note of an event as it is committed to and sealed, in the form of
// a personal part. It may be longer than the note of a letter: one event tells
// all that a letter said, its note and its result.
func Note(text string) (plain []byte, commitment string, err error) {
	return salted(leg.Private{Note: text})
}

func salted(p leg.Private) (plain []byte, commitment string, err error) {
	if p.Empty() {
		return nil, "", nil
	}
	if p.Salt == "" {
		var salt [32]byte
		rand.Read(salt[:]) // never fails (crypto/rand)
		p.Salt = hex.EncodeToString(salt[:])
	}
	doc, err := json.Marshal(p, jsonv1.OmitEmptyWithLegacySemantics(true))
	if err != nil {
		return nil, "", refuse(CodePrivate, pointer(err), "not valid text", nil)
	}
	if plain, err = seal.Canonical(doc); err != nil {
		return nil, "", refuse(CodePrivate, "", "not valid text", nil)
	}
	return plain, seal.Commit(plain), nil
}

// SealPrivate encrypts the plain personal part of a letter under the case's
// key: what the ledger keeps.
func SealPrivate(key seal.CaseKey, letterID string, plain []byte) (ciphertext []byte) {
	return seal.SealPart(key, letterID, plain)
}

// Wrap makes the sealed part for the wire from what SealPrivate made: the
// case's key is wrapped for the key in use of each reader.
func Wrap(l leg.Letter, ciphertext []byte, key seal.CaseKey, readers ...seal.PublicKeys) (*Sealed, error) {
	return seal.WrapPart(l.ID, l.From, ciphertext, key, readers...)
}

// Open decrypts the personal part with the keys of the node and checks it
// against the commitment. The key returned opens what the sender seals for this
// case. A letter without personal part gives zero values. Errors: letter_sealed
// (erased, not for us, or damaged), letter_commitment, letter_private.
func Open(keys seal.KeyService, e Envelope) (leg.Private, seal.CaseKey, error) {
	if e.Commitment == "" {
		return leg.Private{}, seal.CaseKey{}, nil
	}
	if e.Sealed == nil {
		return leg.Private{}, seal.CaseKey{}, refuse(CodeSealed, "/sealed", "the personal part is not there", nil)
	}
	plain, key, err := seal.OpenPart(keys, e.ID, e.From, *e.Sealed)
	if err != nil {
		return leg.Private{}, seal.CaseKey{}, sealedFault(err)
	}
	p, err := committed(e.Letter, plain)
	if err != nil {
		return leg.Private{}, seal.CaseKey{}, err
	}
	return p, key, nil
}

// OpenWith is Open for who has the case's key already: the sender, and the
// receiver when it reads the letter again.
func OpenWith(key seal.CaseKey, l leg.Letter, ciphertext []byte) (leg.Private, error) {
	plain, err := seal.OpenPartWith(key, l.ID, ciphertext)
	if err != nil {
		return leg.Private{}, sealedFault(err)
	}
	return committed(l, plain)
}

// sealedFault says which of the sealed part's fields does not open.
func sealedFault(err error) error {
	field := "/sealed"
	if e, ok := errors.AsType[*hotline.Error](err); ok && e.Field != "" {
		field += "/" + e.Field
	}
	return refuse(CodeSealed, field, "does not open with our keys", err)
}

func committed(l leg.Letter, plain []byte) (leg.Private, error) {
	if seal.Commit(plain) != l.Commitment {
		return leg.Private{}, refuse(CodeCommitment, "/commitment", "the sealed part is not what was signed", nil)
	}
	return readPrivate(plain)
}

func readPrivate(plain []byte) (leg.Private, error) {
	if err := seal.CheckJSON(plain); err != nil {
		return leg.Private{}, refuse(CodePrivate, "", "not JSON that every reader reads alike", nil)
	}
	tree, err := decode(plain)
	if err != nil {
		return leg.Private{}, refuse(CodePrivate, "", "want an object", nil)
	}
	if err := checkPrivate(tree); err != nil {
		return leg.Private{}, err
	}
	var p leg.Private
	if err := json.Unmarshal(plain, &p); err != nil {
		return leg.Private{}, refuse(CodePrivate, pointer(err), "not as the schema says", nil)
	}
	return p, nil
}

// Stored reads a content that was checked before, from the ledger. The sealed
// part and the signature are kept beside it and are not filled in.
func Stored(content []byte) (Envelope, error) {
	e := Envelope{content: bytes.Clone(content)}
	tree, err := decode(content)
	if err != nil {
		return Envelope{}, err
	}
	if err := json.Unmarshal(content, &e.Letter); err != nil {
		return Envelope{}, refuse(CodeSchema, pointer(err), "not as the schema says", nil)
	}
	if e.extra, err = extraOf(tree); err != nil {
		return Envelope{}, err
	}
	return e, nil
}

// Peek reads what it can of a document that Parse refuses, so that a person can
// be told of it: a letter that is broken but says urgent is shown and alarms.
// What cannot be read is empty; leg is the consultation where the letter has one
// in place of a leg. Nothing it returns is checked or authentic.
func Peek(wire []byte) (id, typ, from, leg string, urgent bool) {
	if len(wire) > MaxLetter {
		wire = wire[:MaxLetter] // what stands at its beginning still counts
	}
	consultation := ""
	defer func() { leg = cmp.Or(leg, consultation) }()
	d := jsontext.NewDecoder(bytes.NewReader(wire), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != '{' {
		return
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return
		}
		switch at := name.String(); at {
		case "body":
			if d.PeekKind() != '{' {
				break
			}
			if peekBody(d, &urgent) != nil {
				return
			}
			continue
		case "urgent", "urgent_class": // out of its place, and still a sign
			value, err := d.ReadValue()
			if err != nil {
				return
			}
			urgent = urgent || saysUrgent(value)
			continue
		case "id", "type", "from", "leg", "consultation":
			if d.PeekKind() != '"' {
				break
			}
			tok, err := d.ReadToken()
			if err != nil {
				return
			}
			*map[string]*string{"id": &id, "type": &typ, "from": &from, "leg": &leg, "consultation": &consultation}[at] = tidy(tok.String())
			continue
		}
		if d.SkipValue() != nil {
			return
		}
	}
	return
}

// peekBody looks for a sign of urgency and errs on the side of danger.
func peekBody(d *jsontext.Decoder, urgent *bool) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		tok, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		if name != "urgent" && name != "urgent_class" {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		*urgent = *urgent || saysUrgent(value)
	}
	_, err := d.ReadToken()
	return err
}

// saysUrgent takes everything for a yes that is not plainly a no.
func saysUrgent(value jsontext.Value) bool {
	switch string(value) {
	case "false", "null", `""`, "0", `"false"`:
		return false
	}
	return true
}

// tidy makes an id from an unchecked letter fit to be shown.
func tidy(s string) string { return shorten(s, 64) }

// shorten makes a text from an unchecked letter fit to be shown: one line, at
// most so many characters.
func shorten(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, s)
	if rs := []rune(s); len(rs) > most {
		return string(rs[:most])
	}
	return s
}

// refuse is the error of a letter that is wrong: code, JSON pointer, and a
// reason in English. It quotes nothing of the letter, which may be personal; so
// the errors of JSON libraries, which quote, are never its cause.
func refuse(code, field, reason string, cause error) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: code, Field: shorten(field, fieldMost), Args: []any{reason}, Cause: cause}
}

// fieldMost bounds a JSON pointer in an error, in characters: names in it come
// from the letter.
const fieldMost = 200

// letterFault names what seal.Canonical refuses in the words of letters.
func letterFault(err error) error {
	e, ok := errors.AsType[*hotline.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case "json_number":
		return refuse(CodeNumber, e.Field, "want an integer below 2^53", err)
	case "json_depth":
		return refuse(CodeDepth, e.Field, "nested too deep", err)
	}
	return refuse(CodeNotJSON, e.Field, "not JSON that every reader reads alike", nil)
}

// pointer is the place that a JSON library's error names.
func pointer(err error) string {
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		return string(s.JSONPointer)
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return string(s.JSONPointer)
	}
	return ""
}
