package seal

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"liandong/internal/hotline"
)

// MaxDepth is how deep a document may nest; letters need four levels.
const MaxDepth = 16

// MaxInteger bounds the numbers of what is hashed or signed: every JSON
// library reads integers up to it the same way (RFC 7493, I-JSON).
const MaxInteger = 1<<53 - 1

// Canonical brings one JSON document to the form that is hashed and signed:
// RFC 8785 (JCS). It takes only what every reader reads alike; what it refuses
// is Invalid, with the JSON pointer of the place in Field:
//   - json_invalid: not JSON, a name twice, text that is not UTF-8, more than
//     one document
//   - json_number: anything but an integer from -MaxInteger to MaxInteger,
//     written without fraction or exponent
//   - json_depth: nested deeper than MaxDepth
func Canonical(doc []byte) ([]byte, error) {
	if err := CheckJSON(doc); err != nil {
		return nil, err
	}
	v := jsontext.Value(bytes.Clone(doc))
	if err := v.Canonicalize(); err != nil {
		return nil, notJSON(err)
	}
	return v, nil
}

// CheckJSON is the check of Canonical without its work.
func CheckJSON(doc []byte) error {
	if plainNumbers(doc) && jsontext.Value(doc).IsValid() {
		return nil // nearly every document, three times as fast
	}
	return findFault(doc)
}

// plainNumbers says of a valid document whether its numbers and its depth are
// as Canonical takes them. Of any other it says anything.
func plainNumbers(doc []byte) bool {
	depth := 0
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case c == '"':
			for i++; i < len(doc) && doc[i] != '"'; i++ {
				if doc[i] == '\\' {
					i++
				}
			}
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || c >= '0' && c <= '9':
			from := i
			for i+1 < len(doc) && strings.IndexByte("0123456789+-.eE", doc[i+1]) >= 0 {
				i++
			}
			if !PlainInteger(string(doc[from : i+1])) {
				return false
			}
		}
	}
	return true
}

// findFault checks token by token, to name the place of a fault.
func findFault(doc []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(doc))
	for ended := false; ; ended = d.StackDepth() == 0 {
		tok, err := d.ReadToken()
		switch {
		case ended && errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return notJSON(err)
		case ended:
			return notJSON(errors.New("more than one document"))
		}
		if d.StackDepth() > MaxDepth {
			return hotline.Errorf(hotline.Invalid, "json_depth", "", MaxDepth)
		}
		if tok.Kind() == '0' && !PlainInteger(tok.String()) {
			return hotline.Errorf(hotline.Invalid, "json_number", string(d.StackPointer()))
		}
	}
}

// PlainInteger says whether a JSON number is an integer as Canonical takes it.
func PlainInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) == 0 || len(digits) > 16 || s == "-0" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return len(digits) < 16 || digits <= "9007199254740991"
}

// notJSON says where the fault is. The library's words are left out: they may
// quote the document, and logs hold nothing personal.
func notJSON(err error) error {
	e := hotline.Errorf(hotline.Invalid, "json_invalid", "")
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		e.Field = string(s.JSONPointer)
		e.Args = []any{s.ByteOffset}
	}
	return e
}
