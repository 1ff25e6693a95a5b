package catalogue

import (
	"slices"
	"strconv"
	"strings"

	"liandong/internal/catalogue/seedfile"
)

// Table is one of the tables that a catalogue can be written as, for a
// spreadsheet: cells in rows, the first of which is the header.
type Table struct {
	Name  string
	Cells [][]string
}

// The names of the tables.
const (
	classTable = "classes"
	itemTable  = "items"
	limitTable = "limits"

	ladderTable = "ladders"
)

// headings say in Chinese what a column is; they stand behind its name.
var headings = map[string]string{
	"code": "编码", "name": "名称", "name_en": "英文名称", "line": "归属", "level": "等级", "lead": "主办部门", "joint": "协办部门", "pair": "对应类别",
	"synonyms": "群众说法", "exclude": "排除词", "escalate": "升级词", "first_response": "先期处置类", "mark": "P为建议项", "class": "类别", "item": "事项",
	"area": "区域类别", "kind": "时限种类", "budget": "时限", "urgent": "紧急yes", "source": "依据",
	"unit": "单位类别", "rung": "级别", "at": "时点", "quiet": "免扰时段",
}

func newTable(name string, columns []string) Table {
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = strings.TrimSpace(c + " " + headings[c])
	}
	return Table{Name: name, Cells: [][]string{header}}
}

// Tables writes the catalogue as tables, in the columns of its files. FromTables
// reads them back.
func (c *Catalogue) Tables() []Table {
	classes, items, limits := newTable(classTable, classColumns), newTable(itemTable, itemColumns), newTable(limitTable, limitColumns)
	for _, v := range c.Classes {
		classes.Cells = append(classes.Cells, []string{v.Code, v.Name, v.NameEN, string(v.Line), strconv.Itoa(v.Level), v.Lead, list(v.Joint), list(v.Pair), list(v.Synonyms)})
	}
	for _, v := range c.Items {
		var escalate []string
		for _, e := range v.Escalate {
			escalate = append(escalate, e.Word+">"+e.Class)
		}
		items.Cells = append(items.Cells, []string{v.Code, v.Name, v.NameEN, v.Lead, list(v.Joint), list(v.Synonyms), list(v.Exclude), list(escalate), v.FirstResponse, mark(v.Proposal, "P")})
	}
	for _, v := range c.Limits {
		limits.Cells = append(limits.Cells, []string{v.Class, v.Item, v.Area, v.Kind, v.Budget, mark(v.Urgent, "yes"), v.Source})
	}
	ladders := newTable(ladderTable, ladderColumns)
	for _, v := range c.Rungs {
		ladders.Cells = append(ladders.Cells, []string{v.Class, v.Kind, v.Unit, mark(v.Urgent, "yes"), v.Rung, v.At, v.Quiet, v.Source})
	}
	return []Table{classes, items, limits, ladders}
}

func list(words []string) string { return strings.Join(words, "|") }

func mark(on bool, as string) string {
	if on {
		return as
	}
	return ""
}

// FromTables reads and validates a catalogue from its tables; version, day and
// basis are those of base. All faults are found at once, each names its table
// and row.
func FromTables(base *Catalogue, tables []Table) (*Catalogue, error) {
	p := parser{table: func(name string, columns []string) ([]seedfile.Row, error) {
		name = strings.TrimSuffix(name, ".csv")
		i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == name })
		if i < 0 {
			return seedfile.FromCells(name, nil)
		}
		return seedfile.FromCells(name, tables[i].Cells, columns...)
	}}
	return p.rest(&Catalogue{Version: base.Version, EffectiveFrom: base.EffectiveFrom, Basis: base.Basis})
}
