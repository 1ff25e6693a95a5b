package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"liandong/internal/hotline"
)

// Offset is a moment told from a deadline: a share of its budget (75%), a time
// before it (-1wd) or after it (+30m). The zero Offset is none.
type Offset struct {
	Percent int    // 1 to 99, of the budget gone; 0: Budget says it
	Budget  Budget // before or after
	After   bool
}

// ParseOffset reads the written form. It refuses everything else as Invalid:
// offset_unreadable, or what ParseBudget refuses.
func ParseOffset(s string) (Offset, error) {
	if n, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.Atoi(n)
		if err != nil || p < 1 || p > 99 || n[0] == '+' {
			return Offset{}, unreadable(s)
		}
		return Offset{Percent: p}, nil
	}
	if s == "" || s[0] != '-' && s[0] != '+' {
		return Offset{}, unreadable(s)
	}
	b, err := ParseBudget(s[1:])
	return Offset{Budget: b, After: s[0] == '+'}, err
}

func unreadable(s string) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: "offset_unreadable", Args: []any{clip(s)},
		Cause: fmt.Errorf("%q is neither a share of the budget nor a time before or after the deadline: 75%%, -1wd, +30m", clip(s))}
}

// String is the written form; "" for the zero Offset.
func (o Offset) String() string {
	switch {
	case o.Percent > 0:
		return strconv.Itoa(o.Percent) + "%"
	case o.Budget.IsZero():
		return ""
	case o.After:
		return "+" + o.Budget.String()
	}
	return "-" + o.Budget.String()
}

// Quiet is the part of the day in which nobody is reminded, in minutes since
// midnight, Asia/Shanghai: from From until Until, past midnight where From is
// the later. The zero Quiet is none.
type Quiet struct{ From, Until int }

// ParseQuiet reads "20:00-08:00"; "" is none. Errors are Invalid,
// quiet_unreadable.
func ParseQuiet(s string) (Quiet, error) {
	if s == "" {
		return Quiet{}, nil
	}
	from, until, _ := strings.Cut(s, "-")
	a, err1 := time.Parse("15:04", from)
	b, err2 := time.Parse("15:04", until)
	if err1 != nil || err2 != nil || a.Equal(b) {
		return Quiet{}, &hotline.Error{Kind: hotline.Invalid, Code: "quiet_unreadable", Args: []any{clip(s)},
			Cause: fmt.Errorf("%q is no part of a day like 20:00-08:00", clip(s))}
	}
	return Quiet{a.Hour()*60 + a.Minute(), b.Hour()*60 + b.Minute()}, nil
}

// IsZero says that no time is quiet.
func (q Quiet) IsZero() bool { return q == Quiet{} }

// After is t, or the end of the quiet time that t lies in.
func (q Quiet) After(t time.Time) time.Time {
	if q.IsZero() {
		return t
	}
	t = t.In(Zone)
	at := t.Hour()*60 + t.Minute()
	inside := q.From <= at && at < q.Until
	if q.From > q.Until {
		inside = at >= q.From || at < q.Until
	}
	if !inside {
		return t
	}
	day := t
	if at >= q.From && q.From > q.Until {
		day = t.AddDate(0, 0, 1)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), q.Until/60, q.Until%60, 0, 0, Zone)
}

// DaysAfter is when the count-th working day after a moment's day begins: its
// office opens.
func (c *Calendar) DaysAfter(from time.Time, count int, region string) time.Time {
	p := c.plan(region)
	n, _ := split(from)
	for count > 0 {
		n++
		if p.works(n) {
			count--
		}
	}
	return join(n, p.windowsOn(n)[0].from)
}
