package casefile

import "strings"

// numberLeast is how many digits a case number has at least: six of the day, as
// in 261127, and four that count.
const numberLeast = 10

// ReadNumber reads a case number as people write it, with or without the hyphen
// or a space after the day; false: it is none.
func ReadNumber(s string) (string, bool) {
	digits := strings.NewReplacer("-", "", "－", "", " ", "").Replace(s)
	if len(digits) < numberLeast || len(digits) > numberLeast+4 || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	// Eleven digits that begin with 1 are a mobile telephone; no day of a year from 2020 on does.
	return digits, digits[0] != '1'
}

// SayNumber is the number as it is shown and read out: 261127-0042. A case from
// before there were numbers has none.
func SayNumber(number string) string {
	if len(number) < numberLeast {
		return number
	}
	return number[:6] + "-" + number[6:]
}
