package calendar

import (
	"fmt"
	"strconv"
	"time"

	"liandong/internal/hotline"
)

// Unit is what a budget is counted in; the values are the suffixes of the
// written form.
type Unit string

const (
	WorkingDays  Unit = "wd" // 工作日: the day of sending does not count
	WorkingHours Unit = "wh" // 工作时: run only inside office hours
	Minutes      Unit = "m"  // plain, working time or not
	Hours        Unit = "h"
	Days         Unit = "d" // plain, 24 hours each
)

// longest is the largest number that makes sense of each unit: about four
// years. What is longer is a slip of the hand. The catalogue holds limits to
// the same numbers.
var longest = map[Unit]int{WorkingDays: 1000, WorkingHours: 7500, Minutes: 999_999, Hours: 36_000, Days: 1500}

// Budget is a length of time as limits state it: 5wd, 4wh, 30m, 2h, 7d. The
// zero Budget is none; ParseBudget makes all others.
type Budget struct {
	n    int
	unit Unit
}

// ParseBudget reads a whole number from 1 and a unit. It refuses everything
// else, signs and spaces included, as Invalid: budget_unreadable, budget_zero
// or budget_too_long.
func ParseBudget(s string) (Budget, error) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	unit := Unit(s[digits:])
	most, known := longest[unit]
	if digits == 0 || !known {
		return Budget{}, refuse("budget_unreadable", s, "%q is not a whole number and a unit: 5wd, 4wh, 30m, 2h, 7d", clip(s))
	}
	n, err := strconv.Atoi(s[:digits])
	if err != nil || n > most {
		return Budget{}, refuse("budget_too_long", s, "%q is more than %d%s", clip(s), most, unit)
	}
	if n == 0 {
		return Budget{}, refuse("budget_zero", s, "%q leaves no time at all", s)
	}
	return Budget{n: n, unit: unit}, nil
}

func refuse(code, s, format string, args ...any) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: code, Field: "budget", Args: []any{clip(s)}, Cause: fmt.Errorf(format, args...)}
}

// clip keeps a sentence readable when what it quotes is not.
func clip(s string) string {
	if len(s) <= 40 {
		return s
	}
	return s[:40] + "…"
}

// String is the written form, without leading zeros; "" for the zero Budget.
func (b Budget) String() string {
	if b.n == 0 {
		return ""
	}
	return strconv.Itoa(b.n) + string(b.unit)
}

// N is the number and Unit the unit that it counts.
func (b Budget) N() int     { return b.n }
func (b Budget) Unit() Unit { return b.unit }

// IsZero says that there is no budget.
func (b Budget) IsZero() bool { return b.n == 0 }

// Plain is the budget's length where it is plain time (m, h, d); ok is false
// where the calendar must be asked (wd, wh).
func (b Budget) Plain() (d time.Duration, ok bool) {
	switch b.unit {
	case Minutes:
		return time.Duration(b.n) * time.Minute, true
	case Hours:
		return time.Duration(b.n) * time.Hour, true
	case Days:
		return time.Duration(b.n) * 24 * time.Hour, true
	}
	return 0, false
}

// MarshalText and UnmarshalText carry the written form in JSON.
func (b Budget) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

func (b *Budget) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*b = Budget{}
		return nil
	}
	got, err := ParseBudget(string(text))
	if err != nil {
		return err
	}
	*b = got
	return nil
}
