package catalogue

import (
	"errors"
	"slices"
	"strings"
	"time"

	"liandong/internal/calendar"
)

// The rungs of a ladder (阶梯督办), lowest first.
const (
	RungRemind = "remind" // 提醒
	RungNear   = "near"   // 黄牌: the yellow card
	RungOver   = "over"   // the time is up: every clock has it, at its deadline, and no row says so
	RungRed    = "red"    // 红牌: the red card
	RungOrder  = "order"  // 督办单: a supervision order to the unit
)

// Rungs lists all rungs, lowest first.
func Rungs() []string { return []string{RungRemind, RungNear, RungOver, RungRed, RungOrder} }

// LadderKinds lists the clocks that climb: those with a limit, and the case's
// own.
func LadderKinds() []string { return append(LimitKinds(), "case") }

// Rung is one row of the table of ladders. The rows alike in class, kind, unit
// and urgency are one ladder; Ladder says which one a clock climbs.
type Rung struct {
	Class  string `json:"class"` // a class code, a group's letter (A, B, C, D), or *
	Kind   string `json:"kind"`  // one of LadderKinds, or *
	Unit   string `json:"unit"`  // a kind of department, or *
	Urgent bool   `json:"urgent,omitempty"`
	Rung   string `json:"rung"`            // one of Rungs but RungOver
	At     string `json:"at"`              // 75% of the budget, -1wd before the deadline, +30m after it
	Quiet  string `json:"quiet,omitempty"` // 20:00-08:00: in that part of the day it waits
	Source string `json:"source"`
}

// Step is a rung as it is climbed.
type Step struct {
	Rung  string
	At    calendar.Offset
	Quiet calendar.Quiet
}

type ladderKey struct {
	class, kind, unit string
	urgent            bool
}

func (r Rung) key() ladderKey { return ladderKey{r.Class, r.Kind, r.Unit, r.Urgent} }

// step reads a row; one that cannot be read, which Validate refuses, is none.
func (r Rung) step() (s Step, ok bool) {
	at, err := calendar.ParseOffset(r.At)
	if err != nil {
		return s, false
	}
	q, err := calendar.ParseQuiet(r.Quiet)
	return Step{Rung: r.Rung, At: at, Quiet: q}, err == nil
}

// withoutLadder is what a clock climbs under a version from before there were
// ladders: the yellow card of published practice, and the deadline itself.
var withoutLadder = []Step{{Rung: RungNear, At: mustOffset("-1wd")}}

func mustOffset(s string) calendar.Offset {
	o, err := calendar.ParseOffset(s)
	if err != nil {
		panic(err)
	}
	return o
}

// Ladder is what a clock climbs, lowest rung first and without RungOver. The
// most specific ladder wins: for an urgent leg those for urgent legs before all
// others, then the class before its group before *, then the kind, then the
// unit.
func (c *Catalogue) Ladder(kind, class, unit string, urgent bool) []Step {
	x := c.look()
	classes := []string{"*"}
	if class != "" {
		classes = []string{class, class[:1], "*"}
	}
	for _, forUrgent := range []bool{true, false} {
		if forUrgent && !urgent && !IsUrgent(class) {
			continue
		}
		for _, cl := range classes {
			for _, k := range []string{kind, "*"} {
				for _, u := range []string{unit, "*"} {
					if steps, ok := x.ladder[ladderKey{cl, k, u, forUrgent}]; ok {
						return steps
					}
				}
			}
		}
	}
	return withoutLadder
}

func (c *Catalogue) ladders() map[ladderKey][]Step {
	out := map[ladderKey][]Step{}
	for _, r := range c.Rungs {
		if s, ok := r.step(); ok {
			out[r.key()] = append(out[r.key()], s)
		}
	}
	for _, steps := range out {
		slices.SortStableFunc(steps, func(a, b Step) int { return slices.Index(Rungs(), a.Rung) - slices.Index(Rungs(), b.Rung) })
	}
	return out
}

// rung checks one row of the ladders.
func (k *checker) rung(i int, v Rung) {
	if v.Class != "*" && !k.knownClass(v.Class) && !(len(v.Class) == 1 && Group(v.Class) != 0) {
		k.fault("row_class_unknown", "unknown class %q", v.Class)
	}
	if v.Kind != "*" && !slices.Contains(LadderKinds(), v.Kind) {
		k.fault("row_kind_unknown", "unknown kind of limit %q: one of %s", v.Kind, strings.Join(LadderKinds(), ", "))
	}
	if _, ok := FindDepartment(v.Unit); v.Unit != "*" && !ok {
		k.fault("row_lead_unknown", "unknown lead department kind %q", v.Unit)
	}
	if v.Source == "" {
		k.fault("row_source_missing", "no source: name the rule, or P for a proposal")
	}
	if slices.IndexFunc(k.c.Rungs, func(r Rung) bool { return r.key() == v.key() && r.Rung == v.Rung }) != i {
		k.fault("row_rung_twice", "a second %s in the same ladder", v.Rung)
	}
	if v.Rung == RungOver || !slices.Contains(Rungs(), v.Rung) {
		k.fault("row_rung_unknown", "unknown rung %q: remind, near, red or order", v.Rung)
		return
	}
	if _, err := calendar.ParseQuiet(v.Quiet); err != nil {
		k.unreadable("row_quiet", "quiet hours", v.Quiet, cause(err))
	} else if v.Quiet != "" && v.Urgent {
		k.fault("row_quiet_urgent", "quiet hours for urgent legs: they have none")
	}
	at, err := calendar.ParseOffset(v.At)
	if err != nil {
		k.unreadable("row_offset", "at", v.At, cause(err))
		return
	}
	if late := v.Rung == RungRed || v.Rung == RungOrder; late != at.After {
		k.fault("row_rung_side", "%s at %s: remind and near come before the deadline, red and order after it", v.Rung, v.At)
	}
	if _, plain := at.Budget.Plain(); v.Urgent && at.Percent == 0 && !plain {
		k.fault("row_rung_urgent", "%s in working time: the rungs of urgent legs never stand still", v.At)
	}
	for _, r := range k.c.Rungs { // against the rungs below, as far as they can be compared
		below, ok := r.step()
		if !ok || r.key() != v.key() || !slices.Contains(Rungs(), r.Rung) || slices.Index(Rungs(), r.Rung) >= slices.Index(Rungs(), v.Rung) || below.At.After != at.After {
			continue
		}
		a, b := below.At, at
		same := a.Percent > 0 && b.Percent > 0 || a.Percent == 0 && b.Percent == 0 && a.Budget.Unit() == b.Budget.Unit()
		rises := a.Percent < b.Percent
		if a.Percent == 0 {
			rises = at.After == (a.Budget.N() < b.Budget.N()) && a.Budget.N() != b.Budget.N()
		}
		if low, high := below.At, at; !same && at.After && apart(low, high) || !at.After && apart(high, low) {
			same, rises = true, false
		}
		if same && !rises {
			k.fault("row_rung_order", "%s at %s comes no later than %s at %s", v.Rung, v.At, r.Rung, r.At)
		}
	}
}

// apart says that a moment told in working days is further from the deadline
// than one in plain time, whatever the calendar: the n-th working day begins
// after n-1 whole days and a night, of eight hours at least.
func apart(days, plain calendar.Offset) bool {
	d, isPlain := plain.Budget.Plain()
	return isPlain && days.Percent == 0 && plain.Percent == 0 && days.Budget.Unit() == calendar.WorkingDays &&
		d < time.Duration(days.Budget.N()-1)*24*time.Hour+8*time.Hour
}

// LadderRows are the rows of one ladder, lowest rung first.
type LadderRows struct {
	Class, Kind, Unit string
	Urgent            bool
	Rungs             []Rung
}

// Rung is the row of a rung; the zero Rung where the ladder has none.
func (l LadderRows) Rung(name string) Rung {
	for _, r := range l.Rungs {
		if r.Rung == name {
			return r
		}
	}
	return Rung{}
}

func (l LadderRows) key() ladderKey { return ladderKey{l.Class, l.Kind, l.Unit, l.Urgent} }

// LadderTable lists the ladders, in the order of the table.
func (c *Catalogue) LadderTable() []LadderRows {
	var out []LadderRows
	for _, r := range c.Rungs {
		i := slices.IndexFunc(out, func(l LadderRows) bool { return l.key() == r.key() })
		if i < 0 {
			out = append(out, LadderRows{Class: r.Class, Kind: r.Kind, Unit: r.Unit, Urgent: r.Urgent})
			i = len(out) - 1
		}
		out[i].Rungs = append(out[i].Rungs, r)
	}
	for _, l := range out {
		slices.SortStableFunc(l.Rungs, func(a, b Rung) int { return slices.Index(Rungs(), a.Rung) - slices.Index(Rungs(), b.Rung) })
	}
	return out
}

// PutLadder adds a ladder or replaces the one for the same class, kind, unit and
// urgency, whole. What is wrong with it is told as by Validate, at the rung's
// name instead of a place, and then nothing is changed.
func (c *Catalogue) PutLadder(l LadderRows) error {
	next := c.Clone()
	at := slices.IndexFunc(next.Rungs, func(r Rung) bool { return r.key() == l.key() })
	if at < 0 {
		at = len(next.Rungs)
	}
	next.Rungs = slices.DeleteFunc(next.Rungs, func(r Rung) bool { return r.key() == l.key() })
	for i, r := range l.Rungs {
		r.Class, r.Kind, r.Unit, r.Urgent = l.Class, l.Kind, l.Unit, l.Urgent
		next.Rungs = slices.Insert(next.Rungs, at+i, r)
	}
	k := &checker{c: next, x: next.build()}
	for i, r := range next.Rungs {
		if r.key() == l.key() {
			k.at = r.Rung
			k.rung(i, r)
		}
	}
	if l.Rung(RungOrder).Rung == "" {
		k.at = RungOrder
		k.fault("row_ladder_endless", "the ladder of class %s, kind %s, unit %s never ends: it has no order", l.Class, l.Kind, l.Unit)
	}
	if len(k.faults) > 0 {
		return errors.Join(k.faults...)
	}
	c.Rungs = next.Rungs
	c.Index()
	return nil
}

// DropLadder takes a ladder out. The ones that all others fall back to stay.
func (c *Catalogue) DropLadder(class, kind, unit string, urgent bool) error {
	key := ladderKey{class, kind, unit, urgent}
	if key == (ladderKey{"*", "*", "*", urgent}) {
		return refuse("order", "row_ladder_default", "no ladder for class *, kind *, unit *, urgent %v: what all others fall back to", urgent)
	}
	c.Rungs = slices.DeleteFunc(c.Rungs, func(r Rung) bool { return r.key() == key })
	c.Index()
	return nil
}

// ends asks of each ladder that it ends in an order, and for one that every
// clock falls back to. A version without any ladder is from before there were
// some.
func (k *checker) ends() {
	if len(k.c.Rungs) == 0 {
		return
	}
	last := map[ladderKey]bool{}
	for _, r := range k.c.Rungs {
		last[r.key()] = last[r.key()] || r.Rung == RungOrder
	}
	for _, r := range k.c.Rungs {
		if ended, ok := last[r.key()]; ok && !ended {
			k.fault("row_ladder_endless", "the ladder of class %s, kind %s, unit %s never ends: it has no order", r.Class, r.Kind, r.Unit)
			delete(last, r.key())
		}
	}
	for _, urgent := range []bool{false, true} {
		if !slices.ContainsFunc(k.c.Rungs, func(r Rung) bool { return r.key() == ladderKey{"*", "*", "*", urgent} }) {
			k.fault("row_ladder_default", "no ladder for class *, kind *, unit *, urgent %v: what all others fall back to", urgent)
		}
	}
}
