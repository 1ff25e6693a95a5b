package catalogue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two versions, in the cells of their tables.
type Change struct {
	Table  string // classes, items, limits, ladders
	Code   string // of the class or item; of a limit what it is for
	Name   string // of the class or item, as it is after the change
	Column string // "" where the whole row came or went
	Before string // "" where the row is new
	After  string // "" where the row is gone
}

// Diff lists what is other in b than in a: rows that came and went, and cells
// that changed, in the order of the tables.
func Diff(a, b *Catalogue) []Change {
	var out []Change
	old, now := a.Tables(), b.Tables()
	for i, t := range now {
		columns := columnsOf(t)
		before, after := byKey(old[i]), byKey(t)
		for _, row := range old[i].Cells[1:] {
			if _, ok := after[rowKey(t.Name, row)]; !ok {
				out = append(out, Change{Table: t.Name, Code: rowKey(t.Name, row), Name: rowName(t.Name, row), Before: strings.Join(row, " · ")})
			}
		}
		for _, row := range t.Cells[1:] {
			key := rowKey(t.Name, row)
			was, ok := before[key]
			if !ok {
				out = append(out, Change{Table: t.Name, Code: key, Name: rowName(t.Name, row), After: strings.Join(row, " · ")})
				continue
			}
			for j, cell := range row {
				if cell != was[j] {
					out = append(out, Change{Table: t.Name, Code: key, Name: rowName(t.Name, row), Column: columns[j], Before: was[j], After: cell})
				}
			}
		}
	}
	return out
}

func columnsOf(t Table) []string {
	out := slices.Clone(t.Cells[0])
	for i, h := range out {
		out[i], _, _ = strings.Cut(h, " ")
	}
	return out
}

func byKey(t Table) map[string][]string {
	out := make(map[string][]string, len(t.Cells))
	for _, row := range t.Cells[1:] {
		out[rowKey(t.Name, row)] = row
	}
	return out
}

// rowKey tells rows apart: by code, and limits and rungs by all that says what
// they are for.
func rowKey(table string, row []string) string {
	switch table {
	case limitTable:
		return strings.Join([]string{row[0], row[1], row[2], row[3], row[5]}, " ")
	case ladderTable:
		return strings.Join(row[:5], " ")
	}
	return row[0]
}

func rowName(table string, row []string) string {
	if table == limitTable || table == ladderTable {
		return ""
	}
	return row[1]
}

// PutItem adds an item or replaces the one with its code; without a code it
// gets the next of its class that is free here and in the known versions, since
// old cases go on naming theirs. It returns the code.
func (c *Catalogue) PutItem(v Item, known ...*Catalogue) string {
	if v.Code == "" {
		v.Code = freeCode(v.Class, append(known, c))
	}
	if i := slices.IndexFunc(c.Items, func(x Item) bool { return x.Code == v.Code }); i >= 0 {
		c.Items[i] = v
	} else {
		at, _ := slices.BinarySearchFunc(c.Items, v, func(x, y Item) int { return strings.Compare(x.Code, y.Code) })
		c.Items = slices.Insert(c.Items, at, v)
	}
	c.Index()
	return v.Code
}

func freeCode(class string, in []*Catalogue) string {
	highest := 0
	for _, c := range in {
		for _, v := range c.ItemsOf(class) {
			if n, err := strconv.Atoi(strings.TrimPrefix(v.Code, class+".")); err == nil {
				highest = max(highest, n)
			}
		}
	}
	return fmt.Sprintf("%s.%02d", class, highest+1)
}

// DropItem takes an item out, with the limits that are for it alone.
func (c *Catalogue) DropItem(code string) {
	c.Items = slices.DeleteFunc(c.Items, func(v Item) bool { return v.Code == code })
	c.Limits = slices.DeleteFunc(c.Limits, func(v Limit) bool { return v.Item == code })
	c.Index()
}

// PutLimit adds a limit or replaces the one for the same class, item, area, kind
// and urgency.
func (c *Catalogue) PutLimit(v Limit) {
	if i := slices.IndexFunc(c.Limits, func(x Limit) bool { return x.key() == v.key() }); i >= 0 {
		c.Limits[i] = v
	} else {
		c.Limits = append(c.Limits, v)
	}
	c.Index()
}

// DropLimit takes the limit at a position out; nothing at one that there is not.
func (c *Catalogue) DropLimit(i int) {
	if i >= 0 && i < len(c.Limits) {
		c.Limits = slices.Delete(c.Limits, i, i+1)
		c.Index()
	}
}

// Clone is a copy that can be changed without changing the original.
func (c *Catalogue) Clone() *Catalogue {
	out := *c
	out.Classes, out.Items, out.Limits, out.Rungs = slices.Clone(c.Classes), slices.Clone(c.Items), slices.Clone(c.Limits), slices.Clone(c.Rungs)
	out.Index()
	return &out
}
