package desk

import (
	"slices"

	"liandong/internal/catalogue"
	"liandong/internal/triage"
)

// A ruling, or an editor, moves an item to another class. The words of the item
// go with it at once; the model goes on saying the class in whose name it has
// read such texts, until one has learned from what people decide since. So where
// it says a class that an item was moved out of, and the catalogue's words speak
// for that item, the item counts.

// movedItems is an engine that holds to the moves of its version of the
// catalogue.
type movedItems struct {
	judge triage.Engine
	words triage.Engine // by the catalogue's words alone
	cat   *catalogue.Catalogue
	was   map[string]string // class in which the model has read an item, by the item's code; of those that were moved
}

// withMoves makes the engine of a version that moved something out of the class
// in which the catalogue that the model has read has it; an item is known by its
// name. Another version's engine stays as it is.
func withMoves(judge triage.Engine, cat, read *catalogue.Catalogue, regions triage.RegionFinder) triage.Engine {
	old := map[string]string{}
	for _, it := range read.Items {
		old[it.Name] = it.Class
	}
	was := map[string]string{}
	for _, it := range cat.Items {
		from := old[it.Name]
		stays := func(x catalogue.Item) bool { return x.Name == it.Name && x.Class == from }
		if from != "" && from != it.Class && !slices.ContainsFunc(cat.Items, stays) {
			was[it.Code] = from
		}
	}
	if len(was) == 0 {
		return judge
	}
	return movedItems{judge: judge, words: triage.NewRules(cat, regions), cat: cat, was: was}
}

// Propose is the proposal of the engine within, in the class to which its matter
// was moved. What it says of danger stays.
func (e movedItems) Propose(text string) triage.Proposal {
	p := e.judge.Propose(text)
	if !e.movesFrom(p.Category) {
		return p
	}
	w := e.words.Propose(text)
	it, ok := e.cat.Item(w.Item)
	if !ok || e.was[it.Code] != p.Category {
		return p
	}
	var swapped []triage.Candidate
	var score float64 // that the new class had
	for _, c := range p.Candidates {
		if c.Category == it.Class {
			score = c.Score
		}
	}
	for _, c := range p.Candidates {
		switch c.Category {
		case p.Category:
			swapped = append(swapped, triage.Candidate{Category: it.Class, Item: it.Code, Score: c.Score}, triage.Candidate{Category: p.Category, Score: score})
		case it.Class:
		default:
			swapped = append(swapped, c)
		}
	}
	p.Candidates = swapped[:min(len(swapped), 3)]
	p.Reasons = slices.DeleteFunc(p.Reasons, func(r triage.Reason) bool {
		return r.Of == p.Category && (r.Kind == triage.Learned || r.Kind == triage.ForClass || r.Kind == triage.ForItem)
	})
	for _, r := range w.Reasons {
		if r.Of == it.Code && r.Kind == triage.ForItem {
			p.Reasons = append(p.Reasons, r)
		}
	}
	p.Category, p.Item, p.Line = it.Class, it.Code, string(e.cat.LineOf(it.Class))
	if p.Urgent == "" {
		p.FirstResponse = w.FirstResponse
		if w.Urgent == "" {
			p.Level = w.Level
		}
	}
	return p
}

func (e movedItems) movesFrom(class string) bool {
	for _, from := range e.was {
		if from == class {
			return true
		}
	}
	return false
}
