package calendar

import (
	"cmp"
	"slices"
	"time"
)

// Suspended is why a span of an account does not count that lies in a pause.
const Suspended Why = "suspended"

// Pause is a stretch in which a budget does not run (中止), half-open.
type Pause struct{ From, To time.Time }

// DueWith is Due for a budget that stood still during the pauses, in any order:
// plain time and office time go on after a pause with what was left; a working
// day counts only where none of its office time lies in a pause.
func (c *Calendar) DueWith(from time.Time, b Budget, region string, pauses []Pause) (Deadline, error) {
	pauses = after(pauses, from)
	if len(pauses) == 0 {
		return c.Due(from, b, region)
	}
	if err := check(from, b); err != nil {
		return Deadline{}, err
	}
	p := c.plan(region)
	var due time.Time
	switch b.unit {
	case WorkingDays:
		n, _ := split(from)
		for count := b.n; count > 0; {
			if n++; p.works(n) && !p.paused(n, pauses) {
				count--
			}
		}
		due = join(n, p.end(n))
	case WorkingHours:
		at, left := from, int64(b.n)*hour
		for _, pause := range pauses {
			if pause.From.After(at) {
				worked := int64(c.Between(at, pause.From, region))
				if worked >= left {
					break
				}
				left -= worked
			}
			at = latest(at, pause.To)
		}
		n, ns := split(at)
		n, ns, _ = p.forwardWork(n, ns, left)
		due = join(n, ns)
	default:
		d, _ := b.Plain()
		due = from.Add(d)
		at := from
		for _, pause := range pauses {
			if !pause.From.Before(due) {
				break
			}
			if at = latest(at, pause.From); pause.To.After(at) {
				due = due.Add(pause.To.Sub(at))
				at = pause.To
			}
		}
		return Deadline{Due: due.In(Zone).Round(0)}, nil
	}
	first, _ := split(from)
	last, _ := split(due.Add(-1))
	return Deadline{Due: due, Provisional: !p.loaded(first) && b.unit == WorkingHours || !p.loaded(last)}, nil
}

// ExplainWith is DueWith with the account.
func (c *Calendar) ExplainWith(from time.Time, b Budget, region string, pauses []Pause) (Deadline, error) {
	pauses = after(pauses, from)
	if len(pauses) == 0 {
		return c.Explain(from, b, region)
	}
	d, err := c.DueWith(from, b, region, pauses)
	if err != nil {
		return Deadline{}, err
	}
	from = from.In(Zone).Round(0)
	p := c.plan(region)
	switch b.unit {
	case WorkingDays:
		d.Account = p.accountDays(from, d.Due)
		for i, s := range d.Account {
			if n, _ := split(s.From); s.Counted && p.paused(n, pauses) {
				d.Account[i].Counted, d.Account[i].Why, d.Account[i].Name = false, Suspended, ""
			}
		}
		return d, nil
	case WorkingHours:
		d.Account = p.accountHours(from, d.Due)
	default:
		d.Account = []Span{{From: from, To: d.Due, Counted: true, Why: Elapsed}}
	}
	d.Account = cut(d.Account, pauses)
	return d, nil
}

// after puts pauses in order and leaves out those that are over at from, or
// empty.
func after(pauses []Pause, from time.Time) []Pause {
	if len(pauses) == 0 {
		return nil
	}
	pauses = slices.DeleteFunc(slices.Clone(pauses), func(p Pause) bool { return !p.To.After(from) || !p.To.After(p.From) })
	slices.SortFunc(pauses, func(a, b Pause) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return pauses
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// paused says whether some office time of day n lies in a pause.
func (p *plan) paused(n int64, pauses []Pause) bool {
	for _, pause := range pauses {
		for _, w := range p.windowsOn(n) {
			if pause.From.Before(join(n, w.to)) && pause.To.After(join(n, w.from)) {
				return true
			}
		}
	}
	return false
}

// cut takes the pauses out of the spans that count.
func cut(spans []Span, pauses []Pause) []Span {
	var out []Span
	for _, s := range spans {
		if !s.Counted {
			out = append(out, s)
			continue
		}
		for _, p := range pauses {
			if !p.From.Before(s.To) || !p.To.After(s.From) || !s.To.After(s.From) {
				continue
			}
			if p.From.After(s.From) {
				head := s
				head.To = p.From.In(Zone)
				out = append(out, head)
				s.From = head.To
			}
			still := Span{From: s.From, To: s.To, Why: Suspended}
			if p.To.Before(s.To) {
				still.To = p.To.In(Zone)
			}
			out = append(out, still)
			s.From = still.To
		}
		if s.To.After(s.From) {
			out = append(out, s)
		}
	}
	return out
}
