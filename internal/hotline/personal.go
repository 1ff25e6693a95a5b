package hotline

import (
	"fmt"
	"strings"
)

// Personal is personal data in the clear: a name, a phone number, an address,
// the words of a call. It prints, logs and marshals as a mask; Reveal is the
// one way to the value, so every place that uses it can be found. The value
// lies behind a pointer because fmt prints the fields of other people's
// unexported fields without asking their types.
type Personal struct{ value *string }

// NewPersonal marks a text as personal data.
func NewPersonal(s string) Personal {
	if s == "" {
		return Personal{}
	}
	return Personal{&s}
}

// Reveal returns the value itself.
func (p Personal) Reveal() string {
	if p.value == nil {
		return ""
	}
	return *p.value
}

// Empty says that there is nothing to protect.
func (p Personal) Empty() bool { return p.value == nil }

const hidden = "***"

func (p Personal) String() string {
	if p.Empty() {
		return ""
	}
	return hidden
}

func (p Personal) GoString() string             { return p.String() }
func (p Personal) Format(f fmt.State, _ rune)   { fmt.Fprint(f, p.String()) }
func (p Personal) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Masked is a value made for showing: parts are replaced by stars. It is no
// Personal and cannot become one, so it can never be written back.
type Masked string

// MaskName keeps the first character, the family name: 张**, 扎*.
func (p Personal) MaskName() Masked {
	if p.Empty() {
		return ""
	}
	rs := []rune(p.Reveal())
	return Masked(string(rs[0]) + strings.Repeat("*", min(max(len(rs)-1, 1), 4)))
}

// MaskPhone keeps the first three and the last two characters: 139******01.
// What has fewer than eight digits is hidden whole.
func (p Personal) MaskPhone() Masked {
	if p.Empty() {
		return ""
	}
	rs, digits := []rune(p.Reveal()), 0
	for _, r := range rs {
		if isDigit(r) {
			digits++
		}
	}
	if digits < 8 {
		return hidden
	}
	return Masked(string(rs[:3]) + strings.Repeat("*", len(rs)-5) + string(rs[len(rs)-2:]))
}

// MaskAll hides everything but whether there is something.
func (p Personal) MaskAll() Masked { return Masked(p.String()) }
