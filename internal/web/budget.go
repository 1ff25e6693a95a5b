package web

import "regexp"

// A time limit is written as 3wd, 4wh or 30m in tables and in the API. People
// read it in words, and give it as a number and a unit.

// BudgetField is such a field of a form.
type BudgetField struct {
	N, Unit string
	Units   []Option
}

var (
	budgetForm = regexp.MustCompile(`^([0-9]{1,3})(wd|wh|m|h)$`)
	offsetForm = regexp.MustCompile(`^([+-])([0-9]{1,3})(wd|wh|m|h)$`)
	shareForm  = regexp.MustCompile(`^[0-9]{1,3}%$`)
)

// budgetField is the field as it was sent, or with a limit to begin with.
func (s *site) budgetField(q *request, limit string) BudgetField {
	w := s.pages[q.lang].words
	var f BudgetField
	for _, unit := range []string{"wd", "wh", "h", "m"} {
		f.Units = append(f.Units, Option{unit, w.T("web.budget.unit." + unit)})
	}
	if sent := budgetOf(q); sent != "" {
		limit = sent
	}
	if m := budgetForm.FindStringSubmatch(limit); m != nil {
		f.N, f.Unit = m[1], m[2]
	}
	return f
}

// budgetOf reads the field; a script may send the limit in one piece.
func budgetOf(q *request) string {
	if n := q.field("budget_n"); n != "" {
		return n + q.field("budget_unit")
	}
	return q.field("budget")
}

// Budget is a time limit, or a time around a deadline, in words; what is written
// otherwise stays as it is.
func (w words) Budget(limit string) string {
	if m := budgetForm.FindStringSubmatch(limit); m != nil {
		return w.T("web.budget."+m[2], m[1])
	}
	if m := offsetForm.FindStringSubmatch(limit); m != nil {
		if m[1] == "-" {
			return w.T("web.budget.before", w.T("web.budget."+m[3], m[2]))
		}
		return w.T("web.budget.after", w.T("web.budget."+m[3], m[2]))
	}
	if shareForm.MatchString(limit) {
		return w.T("web.budget.share", limit)
	}
	return limit
}
