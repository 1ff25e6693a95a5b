package hotline

import (
	"regexp"
	"strings"
	"unicode"
)

// Redact shows a text with what is plainly personal hidden: every number that
// may be a phone, identity or card number, also when its digits are grouped,
// and every e-mail address. Years, dates, amounts, house numbers and the
// numbers of the lines stay, since a clerk needs them. In doubt it hides.
func (p Personal) Redact() Masked {
	return Masked(hideNumbers(hideMail([]rune(p.Reveal()))))
}

// introduced is a name that follows words by which people give one.
var introduced = regexp.MustCompile(`((?:我|名|名字|乳名)叫|(?:姓名|联系人|举报人|投诉人|户主|来电人)(?:是|为|[:： ])?)(\p{Han}{2,3})`)

// Anonymous is Redact with the names hidden, too, that people introduce
// themselves by: for what leaves the node and may name nobody.
func (p Personal) Anonymous() Masked {
	return Masked(introduced.ReplaceAllString(string(p.Redact()), "${1}"+hidden))
}

func hideMail(rs []rune) []rune {
	out := make([]rune, 0, len(rs))
	for i := 0; i < len(rs); {
		end := i
		if rs[i] == '@' || rs[i] == '＠' {
			end = mailEnd(rs, i)
		}
		if end <= i+1 {
			out = append(out, rs[i])
			i++
			continue
		}
		for len(out) > 0 && mailRune(out[len(out)-1]) {
			out = out[:len(out)-1]
		}
		out = append(out, []rune(hidden+"@"+hidden)...)
		i = end
	}
	return out
}

func hideNumbers(rs []rune) []rune {
	out := make([]rune, 0, len(rs))
	for i := 0; i < len(rs); {
		n := readNumber(rs, i)
		switch {
		case n.end == i:
			out = append(out, rs[i])
			i++
		case n.personal(rs):
			out = append(out, []rune(strings.Repeat("*", n.digits))...)
			i = n.end
		default:
			out = append(out, rs[i:n.end]...)
			i = n.end
		}
	}
	return out
}

// number is a run of digits in a text, in groups with separators between them.
type number struct {
	end     int // index after it; the start where there is none
	digits  int // a closing X of an identity number counts as one
	groups  int
	longest int  // digits of the longest group
	dotted  bool // a point stands between groups: an amount, a version
	plain   bool // a date or the number of a line
	years   bool // 2023-2024
}

// personal: seven digits make a local phone number, so as many in one group are
// hidden, or in two that a person would read as one. Three and more groups,
// like a house number of 12-3-1502, are a phone number from ten digits on.
func (n number) personal(rs []rune) bool {
	if n.plain {
		return false
	}
	if n.longest >= 7 {
		return true
	}
	if n.groups == 2 && (n.years || measured(rs, n.end)) {
		return false
	}
	return n.digits >= 10 || n.digits >= 7 && n.groups == 2 && !n.dotted
}

// measures are the characters after a range of amounts: 5000-8000元.
const measures = "元块万千亿年米㎡平户亩吨度"

func measured(rs []rune, end int) bool {
	return end < len(rs) && strings.ContainsRune(measures, rs[end])
}

// readNumber reads the number that begins at i.
func readNumber(rs []rune, i int) number {
	n := number{end: i}
	if !isDigit(rs[i]) {
		return n
	}
	if end := plainEnd(rs, i); end > i {
		return number{end: end, plain: true}
	}
	group, start := 0, i // digits of the group, and where it began
	for j := i; j < len(rs) && isDigit(rs[j]); {
		for j < len(rs) && isDigit(rs[j]) {
			j++
			n.digits++
			group++
		}
		n.end, n.longest = j, max(n.longest, group)
		if n.digits >= 17 && j < len(rs) && strings.ContainsRune("XxＸｘ", rs[j]) {
			n.end++
			n.digits++
			break
		}
		next, seen, dot := separators(rs, j)
		if next == j || next == len(rs) || !isDigit(rs[next]) || seen && dateEnd(rs, next) > next {
			break
		}
		if seen {
			n.groups++
			n.years = n.groups == 1 && isYear(rs[start:j]) && next+4 <= len(rs) && isYear(rs[next:next+4])
			n.dotted = n.dotted || dot
			group, start = 0, next
		}
		j = next
	}
	n.groups++
	return n
}

// separators is the end of at most three separators at i, not counting those
// that cannot be seen; whether any can be seen; and whether a point is one.
func separators(rs []rune, i int) (end int, seen, dot bool) {
	count := 0
	for ; i < len(rs) && count <= 3; i++ {
		switch r := rs[i]; {
		case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me):
		case r == '.' || r == '．' || r == '·':
			dot = true
			count++
		case r == '\t' || r == '−' || unicode.In(r, unicode.Zs, unicode.Pd):
			count++
		default:
			return i, count > 0, dot
		}
	}
	return i, count > 0, dot
}

// lines are numbers that everybody may know. No phone number begins with one,
// but it may go on with one: 139 110 12345.
var lines = []string{"110", "119", "120", "122", "12345"}

// plainEnd is the end of a date or of the number of a line at i; i where there
// is none.
func plainEnd(rs []rune, i int) int {
	for _, l := range lines {
		if end := i + len(l); end <= len(rs) && string(rs[i:end]) == l && !goesOn(rs, end) {
			return end
		}
	}
	return dateEnd(rs, i)
}

// dateEnd is the end of a date like 2024-5-1 or 2024.05.01 at i.
func dateEnd(rs []rune, i int) int {
	j := i + 4
	if j > len(rs) || !isYear(rs[i:j]) {
		return i
	}
	for range 2 {
		if j >= len(rs) || !strings.ContainsRune("-.－/", rs[j]) {
			return i
		}
		g := j + 1
		for g < len(rs) && g <= j+2 && isDigit(rs[g]) {
			g++
		}
		if g == j+1 {
			return i
		}
		j = g
	}
	if goesOn(rs, j) || j+1 < len(rs) && strings.ContainsRune("-.－/", rs[j]) && isDigit(rs[j+1]) {
		return i
	}
	return j
}

// goesOn says that digits follow at i with nothing to be seen between.
func goesOn(rs []rune, i int) bool {
	next, seen, _ := separators(rs, i)
	return !seen && next < len(rs) && isDigit(rs[next])
}

func isYear(rs []rune) bool {
	return len(rs) == 4 && (rs[0] == '1' && rs[1] == '9' || rs[0] == '2' && rs[1] == '0') && isDigit(rs[2]) && isDigit(rs[3])
}

// isDigit takes the digits of every script, Tibetan and full-width ones too,
// and the Chinese ones that numbers are read out with.
func isDigit(r rune) bool {
	if r < 0x80 {
		return '0' <= r && r <= '9'
	}
	switch r {
	case '〇', '零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '幺':
		return true
	}
	return unicode.IsDigit(r)
}

func mailRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || unicode.IsDigit(r) || strings.ContainsRune("._-+*", r)
}

// mailEnd is the end of the host of an e-mail address whose @ is at at, or the
// place after the @ where no host follows. A mask is no host.
func mailEnd(rs []rune, at int) int {
	k := at + 1
	if k < len(rs) && rs[k] == '*' {
		return k
	}
	for k < len(rs) && mailRune(rs[k]) {
		k++
	}
	return k
}
