package web

import (
	"net/url"
	"slices"

	"liandong/internal/catalogue"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/store"
)

// LadderPage is the form for one ladder of a draft, whole.
type LadderPage struct {
	Page
	Draft   store.Draft
	Known   bool // one that is there: what it is for stands fast
	Default bool // what all others fall back to
	Of      catalogue.LadderRows
	Classes []Option
	Kinds   []Option
	Units   []Option
	Rungs   []string
	Edit    Form
	Drop    string // where the form goes that takes it out
}

// editedRungs are the rungs that a ladder may have.
func editedRungs() []string {
	return slices.DeleteFunc(catalogue.Rungs(), func(r string) bool { return r == catalogue.RungOver })
}

func (s *site) ladderPage(q *request) error {
	v, err := s.desk.Draft(q.ctx(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	w := s.pages[q.lang].words
	data := LadderPage{Page: s.page(q, "web.catalogue.ladder"), Draft: v.Draft, Of: ladderAsked(q), Rungs: editedRungs(), Drop: draftPath(v.ID) + "/ladder/drop"}
	all := Option{"*", w.T("web.catalogue.ladder_any")}
	data.Classes, data.Kinds, data.Units = []Option{all}, []Option{all}, []Option{all}
	for _, g := range []string{"A", "B", "C", "D"} {
		data.Classes = append(data.Classes, Option{g, g + "*"})
	}
	for _, c := range v.Catalogue.Classes {
		data.Classes = append(data.Classes, Option{c.Code, c.Code + " " + w.Class(c.Code)})
	}
	for _, k := range catalogue.LadderKinds() {
		data.Kinds = append(data.Kinds, Option{k, w.Word("clock", k)})
	}
	for _, d := range catalogue.Departments() {
		data.Units = append(data.Units, Option{d.Kind, w.Department(d.Kind)})
	}
	data.Edit = data.form(draftPath(v.ID)+"/ladder", v.Version).preset("class", "*").preset("kind", "*").preset("unit", "*")
	for _, r := range data.Rungs {
		data.Edit = data.Edit.preset("source_"+r, "P")
	}
	for _, l := range v.Catalogue.LadderTable() {
		if l.Class != data.Of.Class || l.Kind != data.Of.Kind || l.Unit != data.Of.Unit || l.Urgent != data.Of.Urgent || q.field("known") == "" {
			continue
		}
		data.Known, data.Of, data.Default = true, l, l.Class == "*" && l.Kind == "*" && l.Unit == "*"
		for _, r := range l.Rungs {
			data.Edit = data.Edit.preset("at_"+r.Rung, r.At).preset("quiet_"+r.Rung, r.Quiet).preset("source_"+r.Rung, r.Source)
		}
	}
	return s.show(q, "draft-ladder", data)
}

// ladderAsked is the ladder that a form or an address names, with the rungs of
// the form.
func ladderAsked(q *request) catalogue.LadderRows {
	l := catalogue.LadderRows{Class: q.field("class"), Kind: q.field("kind"), Unit: q.field("unit"), Urgent: q.field("urgent") == "yes"}
	for _, r := range editedRungs() {
		if at := q.field("at_" + r); at != "" {
			l.Rungs = append(l.Rungs, catalogue.Rung{Rung: r, At: at, Quiet: q.field("quiet_" + r), Source: q.field("source_" + r)})
		}
	}
	return l
}

// ladderPath is where a ladder of a draft is edited.
func ladderPath(draft string, l catalogue.LadderRows) string {
	v := url.Values{"known": {"1"}, "class": {l.Class}, "kind": {l.Kind}, "unit": {l.Unit}}
	if l.Urgent {
		v.Set("urgent", "yes")
	}
	return draftPath(draft) + "/ladder?" + v.Encode()
}

func (s *site) putLadder(q *request) error {
	l := ladderAsked(q)
	return s.edit(q, func(c *catalogue.Catalogue) error {
		if q.field("known") == "" && slices.ContainsFunc(c.LadderTable(), func(x catalogue.LadderRows) bool {
			return x.Class == l.Class && x.Kind == l.Kind && x.Unit == l.Unit && x.Urgent == l.Urgent
		}) {
			return hotline.Errorf(hotline.Invalid, "ladder_there", "class")
		}
		return allFaults(q.lang, c.PutLadder(l))
	})
}

// allFaults tells all that is wrong with a ladder in one refusal.
func allFaults(lang string, err error) error {
	fs := catalogue.Faults(err)
	switch len(fs) {
	case 0:
		return nil
	case 1:
		return fs[0]
	}
	said := ""
	for i, f := range fs {
		if i > 0 {
			said += message.Text(lang, "web.catalogue.ladder_and")
		}
		said += message.Error(lang, f)
	}
	return hotline.Errorf(hotline.Invalid, "ladder_wrong", "class", said)
}

func (s *site) dropLadder(q *request) error {
	l := ladderAsked(q)
	return s.edit(q, func(c *catalogue.Catalogue) error { return c.DropLadder(l.Class, l.Kind, l.Unit, l.Urgent) })
}
