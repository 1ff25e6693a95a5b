package catalogue

import (
	"errors"

	"liandong/internal/calendar"
)

// checkBudget says what is wrong with a budget: its form, or a number that
// cannot be meant. Package calendar, which counts it, decides.
func checkBudget(s string) error {
	_, err := calendar.ParseBudget(s)
	return cause(err)
}

// cause is the sentence of an error without its code.
func cause(err error) error {
	if c := errors.Unwrap(err); c != nil {
		return c
	}
	return err
}

func (l Limit) key() limitKey {
	return limitKey{class: l.Class, item: l.Item, area: l.Area, kind: l.Kind, urgent: l.Urgent}
}

// Budget is the limit of a kind for a leg, in the words of the calendar
// ("5wd", "20m"). Any of class, item and area may be "". The most specific row
// wins, in this order:
//
//  1. for an urgent leg, rows for urgent legs before all others; rows for
//     urgent legs never count for one that is not. A leg of a class C is
//     always urgent;
//  2. the item, then the class, then its group (the letter), then *;
//  3. within each of these the area, then *.
//
// So an item's row for all areas beats a class's row for this area. ok is
// false only where a catalogue has no row at all that fits, which Validate
// forbids.
func (c *Catalogue) Budget(kind, class, item, area string, urgent bool) (budget string, ok bool) {
	x := c.look()
	if at, found := x.item[item]; found && class == "" {
		class = c.Items[at].Class
	}
	urgent = urgent || IsUrgent(class)
	rows := make([]limitKey, 0, 4)
	if at, found := x.item[item]; found {
		rows = append(rows, limitKey{class: c.Items[at].Class, item: item})
	}
	if class != "" {
		rows = append(rows, limitKey{class: class}, limitKey{class: class[:1]})
	}
	rows = append(rows, limitKey{class: "*"})

	for _, forUrgent := range []bool{true, false} {
		if forUrgent && !urgent {
			continue
		}
		for _, k := range rows {
			k.kind, k.urgent = kind, forUrgent
			for _, k.area = range []string{area, "*"} {
				if at, found := x.limit[k]; found {
					return c.Limits[at].Budget, true
				}
			}
		}
	}
	return "", false
}
