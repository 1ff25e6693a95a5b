package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"liandong/internal/store"
)

func search(t *testing.T, st *store.Store) {
	ctx := t.Context()
	texts := []string{
		"北京中路路口的井盖丢了，晚上很危险",           // 0
		"井里有水，盖子还在",                   // 1: the two characters, apart
		"ལྷ་ས་གྲོང་ཁྱེར་ནས་འབོད་བ།",   // 2
		"ལྷི་ས་ཞེས་པའི་ས་ཆ།",          // 3: another first syllable
		"车牌ZA12345停在消防通道 Fire Lane 3", // 4
		"ＡＢＣ超市第１２号收银台多收费",             // 5: full width
		"12345说不归他们管",                 // 6
	}
	names := map[string]int{}
	for i, text := range texts {
		c := addCase(t, st, func(c *store.CaseRow) { c.CreatedAt = start.Add(time.Duration(i) * time.Second) })
		names[c.ID] = i
		write(t, st, func(tx *store.Tx) error {
			return tx.IndexCases(ctx, store.Indexed{ID: c.ID, Tokens: store.Tokens(text)})
		})
	}
	for query, hits := range map[string][]int{
		"井盖":          {0},
		"井盖 危险":       {0},
		"北京中路":        {0},
		"京北":          {},
		"井盖丢失":        {}, // not all of its pairs are there
		"ལྷ་ས":        {2},
		"ལྷི་ས":       {3},
		"ལྷ":          {2},
		"ས":           {2, 3},
		"fire lane":   {4},
		"FIRE":        {4},
		"fir":         {}, // words, not their beginnings
		"12345":       {6},
		"ＺＡ１２３４５":     {4},
		"za12345":     {4},
		"abc":         {5},
		"12":          {5},
		"超市 12":       {5},
		"AND":         {}, // no operator of the index
		"井盖 OR 12345": {},
		`"井盖"*`:       {0},
		"归他们管":        {6},
	} {
		got, err := st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Tokens: store.Tokens(query), Limit: 100})
		numbers := []int{}
		for _, c := range got {
			numbers = append(numbers, names[c.ID])
		}
		slices.Sort(numbers)
		want(t, query, numbers, err, hits)
	}
	got, err := st.Reader().Cases(ctx, store.Sight{Regions: []string{"540300"}}, store.CaseFilter{Tokens: store.Tokens("井盖"), Limit: 100})
	want(t, "out of sight", ids(got, caseID), err, []string{})
	got, err = st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Tokens: store.Tokens("ས"), ByDue: true, Limit: 100})
	want(t, "by due time, and none is due", ids(got, caseID), err, []string{})
}

// searchPages: a search is a list like any other, newest first, page by page.
func searchPages(t *testing.T, st *store.Store) {
	const n = 41
	ctx := t.Context()
	var wanted []string
	for i := range n {
		text, region := "井盖丢了", "540102"
		if i%5 == 0 {
			text = "路灯不亮"
		}
		if i%3 == 0 {
			region = "540300"
		}
		c := addCase(t, st, func(c *store.CaseRow) { c.Region, c.CreatedAt = region, start.Add(time.Duration(i)*time.Second) })
		write(t, st, func(tx *store.Tx) error {
			return tx.IndexCases(ctx, store.Indexed{ID: c.ID, Tokens: store.Tokens(text)})
		})
		if i%5 != 0 && i%3 == 0 {
			wanted = append(wanted, c.ID)
		}
	}
	slices.Reverse(wanted)
	for _, limit := range []int{1, 4, n} {
		got := pages(t, st, store.CaseFilter{Limit: limit, Tokens: store.Tokens("井盖"), Regions: []string{"540300"}},
			func(c store.CaseRow) time.Time { return c.CreatedAt })
		want(t, fmt.Sprintf("pages of %d", limit), ids(got, caseID), nil, wanted)
	}
	want(t, "of nothing", pages(t, st, store.CaseFilter{Limit: 4, Tokens: store.Tokens("没有的词")},
		func(c store.CaseRow) time.Time { return c.CreatedAt }), nil, nil)
}

func searchIndex(t *testing.T, st *store.Store) {
	ctx := t.Context()
	first, second, third := addCase(t, st), addCase(t, st), addCase(t, st)
	got, err := st.Reader().Unindexed(ctx, 2)
	want(t, "not indexed yet, two of them", got, err, []string{first.ID, second.ID})
	index := func(id, text string) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error { return tx.IndexCases(ctx, store.Indexed{ID: id, Tokens: store.Tokens(text)}) })
	}
	index(first.ID, "井盖")
	index(second.ID, "") // nothing to find, and done
	index("none", "井盖")
	index(first.ID, "路灯") // the round ran twice
	got, err = st.Reader().Unindexed(ctx, 10)
	want(t, "not indexed yet", got, err, []string{third.ID})
	for query, hits := range map[string][]string{"井盖": {first.ID}, "路灯": {}} {
		got, err := st.Reader().Cases(ctx, store.Sight{}, store.CaseFilter{Tokens: store.Tokens(query), Limit: 10})
		want(t, query, ids(got, caseID), err, hits)
	}
	// An index run does not count as a change of the case: nobody's edit fails by it.
	if c, err := st.Reader().Case(ctx, first.ID); err != nil || !c.Indexed || c.Rev != 1 {
		t.Errorf("after indexing: got indexed %v, rev %d (error %v), want true and 1", c.Indexed, c.Rev, err)
	}
}
