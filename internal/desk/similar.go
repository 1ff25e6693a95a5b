package desk

import (
	"cmp"
	"context"
	"math"
	"slices"

	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// How far a search for similar cases looks: it runs while somebody types.
const (
	similarMost    = 5
	similarTokens  = 40   // of the text, from its beginning
	similarHolding = 300  // newest cases for each of them
	similarRead    = 120  // cases whose words are compared
	similarOfItem  = 120  // newest open cases of the proposed class among them
	similarLeast   = 0.11 // low: a poor likeness costs a glance, one that is not shown costs a second case
)

// Similar lists the caller's own open cases and open cases that are likely the
// same matter, at most five; the caller's first. It compares what the actor may
// see, near the region where one is given, and joins nothing: that is a
// person's decision.
func (d *Desk) Similar(ctx context.Context, a hotline.Actor, text, region, phone string) ([]CaseView, error) {
	if !a.Has(hotline.SeeCases) || !a.AtDesk() {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	var rows []store.CaseRow
	if index := d.phoneIndex(phone); index != "" {
		var err error
		if rows, err = d.read.OpenCasesByPhone(ctx, index, hotline.PageMost); err != nil {
			return nil, err
		}
		rows = slices.DeleteFunc(rows, func(c store.CaseRow) bool { return !d.seesAtDesk(a, c.Case) })
		rows = rows[:min(len(rows), similarMost)]
	}
	if len(rows) < similarMost {
		more, err := d.alike(ctx, a, text, region)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if len(rows) < similarMost && !slices.ContainsFunc(rows, func(r store.CaseRow) bool { return r.ID == c.ID }) {
				rows = append(rows, c)
			}
		}
	}
	return d.views(ctx, a, rows)
}

// alike are the open cases most like a text, the likest first.
func (d *Desk) alike(ctx context.Context, a hotline.Actor, text, region string) ([]store.CaseRow, error) {
	tokens := store.Tokens(text)
	if len(tokens) == 0 {
		return nil, nil
	}
	p := d.Triage(text, region)
	rows, err := d.maybeAlike(ctx, a, tokens[:min(len(tokens), similarTokens)], p.Category)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(c store.CaseRow) bool {
		return region != "" && !d.dir.Within(c.Region, region) && !d.dir.Within(region, c.Region)
	})
	ids := make([]string, len(rows))
	for i, c := range rows {
		ids[i] = c.ID
	}
	privs, err := d.read.PrivateOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	matters := make([]triage.Matter, len(rows))
	for i, c := range rows {
		words, err := d.wordsOf(privs[c.ID])
		if err != nil {
			return nil, err
		}
		matters[i] = triage.Matter{Text: words, Category: c.Category, Item: c.Item, At: c.CreatedAt}
	}
	of := triage.Matter{Text: text, Category: p.Category, Item: p.Item, At: d.Now()}
	return likest(rows, triage.Alike(of, matters)), nil
}

// likest sorts cases by how alike they are and drops those that are not.
func likest(rows []store.CaseRow, scores []float64) []store.CaseRow {
	order := make([]int, 0, len(rows))
	for i := range rows {
		if scores[i] >= similarLeast {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(scores[j], scores[i]) })
	out := make([]store.CaseRow, 0, similarMost)
	for _, i := range order[:min(len(order), similarMost)] {
		out = append(out, rows[i])
	}
	return out
}

// maybeAlike are the open cases that share the most telling words with a text,
// and the newest of its class: the same matter may be told in other words.
func (d *Desk) maybeAlike(ctx context.Context, a hotline.Actor, tokens []int32, category string) ([]store.CaseRow, error) {
	holding, err := d.read.Holding(ctx, tokens, similarHolding)
	if err != nil {
		return nil, err
	}
	points := map[string]float64{}
	for _, ids := range holding {
		for _, id := range ids {
			points[id] += math.Log(1 + similarHolding/float64(len(ids)))
		}
	}
	ids := make([]string, 0, len(points))
	for id := range points {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y string) int { return cmp.Or(cmp.Compare(points[y], points[x]), cmp.Compare(y, x)) })
	ids = ids[:min(len(ids), similarRead)]
	rows, err := d.read.Cases(ctx, d.sight(a), store.CaseFilter{Open: true, IDs: ids, Now: d.Now(), Limit: len(ids)})
	if err != nil || category == "" {
		return rows, err
	}
	same, err := d.read.Cases(ctx, d.sight(a), store.CaseFilter{Open: true, Category: category, Now: d.Now(), Limit: similarOfItem})
	for _, c := range same {
		if !slices.Contains(ids, c.ID) {
			rows = append(rows, c)
		}
	}
	return rows, err
}

// wordsOf opens the words of a case for comparing; "" of an erased one.
func (d *Desk) wordsOf(p store.Private) (string, error) {
	key, err := d.caseKey(p)
	if hotline.CodeOf(err) == "erased" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	words, err := seal.OpenField(key, aadWords(p.CaseID), p.Words)
	return string(words), err
}
