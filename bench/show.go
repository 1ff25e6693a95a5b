package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// show measures, with one client, how long it takes to show a case and a page
// of fifty out of many.
func (b *bench) show(ctx context.Context, engine string) error {
	n, err := b.newNode(ctx, engine, "12345")
	if err != nil {
		return err
	}
	ids, err := n.fill(ctx, b.cases)
	if err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if err := n.start(ctx); err != nil {
		return err
	}
	defer n.stop()
	const showLimit, pageLimit = 2 * time.Millisecond, 10 * time.Millisecond
	file := fmt.Sprintf("of %d", b.cases)
	if err := b.timed(ctx, n, "a case shown, "+engine, file, showLimit, 1000, func(int) string {
		return "/api/v1/cases/" + ids[rand.N(len(ids))]
	}); err != nil {
		return err
	}
	middle, err := n.cursorAfter(ctx, 3)
	if err != nil {
		return err
	}
	for _, page := range []struct{ name, query string }{
		{"the newest", ""},
		{"a later page", "cursor=" + url.QueryEscape(middle)},
		{"open ones", "status=open"},
		{"of a class", "category=A06"},
		{"of a district", "region=540102"},
		{"of a unit", "unit=540102-housing"},
		{"overdue", "overdue=true"},
		{"by words (井盖)", "q=" + url.QueryEscape("井盖")},
	} {
		if err := b.timed(ctx, n, "page of 50, "+page.name+", "+engine, file, pageLimit, 200, func(int) string {
			return "/api/v1/cases?limit=50&" + page.query
		}); err != nil {
			return err
		}
	}
	return nil
}

// timed makes calls one after the other and puts their median into the table.
func (b *bench) timed(ctx context.Context, n *node, what, base string, limit time.Duration, times int, path func(i int) string) error {
	var took []time.Duration
	for i := range times + times/10 {
		p := path(i)
		at := time.Now()
		if err := n.call(ctx, "GET", p, nil, nil); err != nil {
			return err
		}
		if i >= times/10 { // the first ones warm
			took = append(took, time.Since(at))
		}
	}
	got := median(took)
	b.atMost(what, fmt.Sprintf("p50 %s, p99 %s", ms(got), ms(percentile(took, 99))), fmt.Sprintf("%s (%s)", ms(limit), base), float64(got)/float64(limit), 1)
	return nil
}

// cursorAfter is the cursor of the page after some pages.
func (n *node) cursorAfter(ctx context.Context, pages int) (string, error) {
	cursor := ""
	for range pages {
		var list struct {
			Next string `json:"next_cursor"`
		}
		if err := n.call(ctx, "GET", "/api/v1/cases?limit=50&cursor="+url.QueryEscape(cursor), nil, &list); err != nil {
			return "", err
		}
		if cursor = list.Next; cursor == "" {
			return "", fmt.Errorf("a list of %d cases has no next page", n.b.cases)
		}
	}
	return cursor, nil
}

// fill writes many cases with a leg, clocks and an event each past the API,
// since they only have to be there. Most are closed, as on a real desk.
func (n *node) fill(ctx context.Context, cases int) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(n.data, "keys.json"))
	if err != nil {
		return nil, err
	}
	keys, err := seal.ParseKeyring(raw)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, n.dsn)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	begin := time.Now().Add(-time.Duration(cases) * time.Minute).Truncate(time.Microsecond)
	var ids []string
	const together = 500
	for from := 0; from < cases; from += together {
		var made []string
		err := st.Write(ctx, func(tx *store.Tx) error {
			made = nil
			for i := from; i < min(cases, from+together); i++ {
				id, err := n.fillOne(ctx, tx, keys, i, begin.Add(time.Duration(i)*time.Minute))
				if err != nil {
					return err
				}
				made = append(made, id)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, made...)
	}
	return ids, n.analyse(ctx)
}

// analyse does at once what PostgreSQL does by itself within a minute or so of
// many new rows: it counts them, so that the planner knows them.
func (n *node) analyse(ctx context.Context) error {
	if n.engine != "postgres" {
		return nil
	}
	db, err := sql.Open("pgx", n.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "ANALYZE")
	return err
}

func (n *node) fillOne(ctx context.Context, tx *store.Tx, keys seal.KeyService, i int, at time.Time) (string, error) {
	classes := []string{"A01", "A02", "A06", "A08", "A12", "B03"}
	regions := []string{"540102", "540103", "540121", "540202", "540302", "540402"}
	units := []string{"540102-housing", "540102-urban", "540102-market", "540102-env"}
	thing := []string{"路灯不亮", "垃圾没人清运", "超市价格与标签不符", "施工噪声扰民", "井盖松动"}[i%5]
	if i%100 == 4 {
		thing = "井盖丢失"
	}
	text := fmt.Sprintf("来电人反映测试路%d号%s，已经持续多日，希望有关部门尽快到现场核实处理，并把处理结果告诉来电人。", i%997, thing)
	c := store.CaseRow{Case: casefile.Case{
		ID: hotline.NewID(), Status: casefile.Closed, Channel: "phone", Kind: casefile.Help, Level: 3, Category: classes[i%len(classes)],
		Region: regions[i/7%len(regions)], Catalogue: "xizang-2025.1", Interim: "540000-12345", OccurredAt: at, CreatedAt: at,
		ClosedAt: at.Add(time.Hour), Outcome: casefile.SolvedOutcome, Links: map[string]string{},
	}, Line: "12345", Proposal: "{}"}
	open := i%20 == 0
	l := store.LegRow{Leg: leg.Leg{ID: hotline.NewID(), CaseID: c.ID, Side: leg.Sender, Unit: units[i%len(units)], Role: leg.Lead, State: leg.Settled,
		Class: c.Category, Region: c.Region, Version: 5, SentAt: at}, MovedAt: at}
	k := deadline.Clock{ID: hotline.NewID(), CaseID: c.ID, LegID: l.ID, Kind: deadline.Handling, Budget: "5wd", Start: at, Due: at.Add(5 * 24 * time.Hour),
		Stopped: at.Add(time.Hour)}
	if open {
		c.Status, c.ClosedAt, c.Outcome, c.DueAt = casefile.Open, time.Time{}, "", k.Due
		l.State, l.DueAt = leg.Working, k.Due
		k.Stopped, k.Next = time.Time{}, time.Time{}
	}
	if c.Category[0] == 'B' {
		c.Line = "110"
	}
	key := seal.NewCaseKey()
	wrapped, err := seal.WrapCaseKey(keys, c.ID, key)
	if err != nil {
		return "", err
	}
	who := `{"name":"张测试","phone":"13900000001","address":"测试路1号"}`
	p := store.Private{CaseID: c.ID, WrappedKey: wrapped, Words: seal.SealField(key, "case_private|words|"+c.ID, []byte(text)),
		Caller: seal.SealField(key, "case_private|caller|"+c.ID, []byte(who)), PhoneIndex: fmt.Sprint("phone ", i%5000)}
	e := store.Event{ID: hotline.NewID(), CaseID: c.ID, At: at, Kind: "created", Platform: "540000-12345", ActorID: "bench", ActorName: "测试",
		ActorRole: "operator", Body: `{"channel":"phone"}`}
	for _, write := range []func() error{
		func() error { return tx.AddCase(ctx, &c) },
		func() error { return tx.AddPrivate(ctx, p) },
		func() error { return tx.AddLeg(ctx, &l) },
		func() error { return tx.AddClocks(ctx, k) },
		func() error { return tx.AddEvents(ctx, e) },
		func() error {
			return tx.IndexCases(ctx, store.Indexed{ID: c.ID, Tokens: store.Tokens(strings.TrimSpace(text))})
		},
	} {
		if err := write(); err != nil {
			return "", err
		}
	}
	return c.ID, nil
}
