package hotline

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Personal is personal data in the clear: a name, a phone number, an address,
// the words of a call. It prints, logs and marshals as a mask; Reveal is the
// one way to the value, so every place that uses it can be found.
type Personal struct{ value string }

// NewPersonal marks a text as personal data.
func NewPersonal(s string) Personal { return Personal{s} }

// Reveal returns the value itself.
func (p Personal) Reveal() string { return p.value }

// Empty says that there is nothing to protect.
func (p Personal) Empty() bool { return p.value == "" }

const hidden = "***"

func (p Personal) String() string {
	if p.value == "" {
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

// MaskName keeps the family name: 张*, 扎西** .
func (p Personal) MaskName() Masked {
	if p.value == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(p.value)
	rest := utf8.RuneCountInString(p.value[n:])
	return Masked(string(r) + strings.Repeat("*", min(max(rest, 1), 4)))
}

// MaskPhone keeps the first three and the last two digits: 139******01.
// A number of fewer than eight digits is hidden whole.
func (p Personal) MaskPhone() Masked {
	if p.value == "" {
		return ""
	}
	if len(p.value) < 8 {
		return hidden
	}
	return Masked(p.value[:3] + strings.Repeat("*", len(p.value)-5) + p.value[len(p.value)-2:])
}

// MaskAll hides everything but whether there is something.
func (p Personal) MaskAll() Masked { return Masked(p.String()) }

// Redact shows a text with what is plainly personal hidden: every run of seven
// or more digits (phone, identity and card numbers, also when grouped by spaces
// or hyphens) and every e-mail address.
func (p Personal) Redact() Masked {
	rs := []rune(p.value)
	out := make([]rune, 0, len(rs))
	for i := 0; i < len(rs); {
		j, digits := digitRun(rs, i)
		if digits >= 7 {
			out = append(out, []rune(strings.Repeat("*", digits))...)
			i = j
			continue
		}
		if digits > 0 {
			out = append(out, rs[i:j]...)
			i = j
			continue
		}
		if rs[i] == '@' {
			if k := mailEnd(rs, i); k > i+1 {
				for len(out) > 0 && mailRune(out[len(out)-1]) {
					out = out[:len(out)-1]
				}
				out = append(out, []rune(hidden+"@"+hidden)...)
				i = k
				continue
			}
		}
		out = append(out, rs[i])
		i++
	}
	return Masked(out)
}

// digitRun is the end of the run of digits at i, single separators between
// digits included, and how many digits it has. A closing X of an identity
// number counts as one.
func digitRun(rs []rune, i int) (end, digits int) {
	j := i
	for j < len(rs) {
		switch {
		case isDigit(rs[j]):
			digits++
			j++
		case digits > 0 && (rs[j] == '-' || rs[j] == ' ' || rs[j] == '－') && j+1 < len(rs) && isDigit(rs[j+1]):
			j++
		case digits >= 17 && (rs[j] == 'X' || rs[j] == 'x'):
			return j + 1, digits + 1
		default:
			return j, digits
		}
	}
	return j, digits
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

func mailRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' || r == '+' || r == '*'
}

func mailEnd(rs []rune, at int) int {
	k := at + 1
	for k < len(rs) && mailRune(rs[k]) {
		k++
	}
	return k
}
