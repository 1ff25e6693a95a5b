package store

import (
	"context"
	"time"
)

// Judgement is what a person decided of a case beside what triage proposed: one
// example, without its words, which stay under the key of their case and go
// with it.
type Judgement struct {
	CaseID         string
	At             time.Time // of the last decision
	Week           time.Time // Monday 00:00 of that week where the line works
	Region         string
	Category       string
	Item           string
	Urgent         string
	Proposed       string // the class proposed at intake
	ProposedItem   string
	ProposedUrgent string
	PerMille       int    // how sure the proposal was
	Triage         string // version of the engine that proposed
	Seen           bool   // the proposal had been seen before the decision
	Returned       string // class of a leg that was returned as not the holder's to do; "" none
}

const judgementColumns = `case_id, at, week, region, category, item, urgent, proposed, proposed_item, proposed_urgent, per_mille, triage, seen, returned`

// AddJudgement writes the first judgement of a case.
func (t *Tx) AddJudgement(ctx context.Context, j Judgement) error {
	return t.put(ctx, "keep judgement", `INSERT INTO judgement (`+judgementColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		j.CaseID, micros(j.At), micros(j.Week), j.Region, j.Category, j.Item, j.Urgent, j.Proposed, j.ProposedItem, j.ProposedUrgent,
		j.PerMille, j.Triage, flag(j.Seen), j.Returned)
}

// SaveJudgement writes a later judgement of a case, or its first. Whether the
// proposal had been seen at the first one stays.
func (t *Tx) SaveJudgement(ctx context.Context, j Judgement) error {
	n, err := t.exec(ctx, "keep judgement", `UPDATE judgement SET at = $1, week = $2, region = $3, category = $4, item = $5, urgent = $6 WHERE case_id = $7`,
		micros(j.At), micros(j.Week), j.Region, j.Category, j.Item, j.Urgent, j.CaseID)
	if err != nil || n > 0 {
		return err
	}
	return t.AddJudgement(ctx, j)
}

// JudgeReturn keeps that a leg of the case was returned, which says that its
// class was wrong. A case that nobody judged has nothing to keep it in.
func (t *Tx) JudgeReturn(ctx context.Context, caseID, class string) error {
	_, err := t.exec(ctx, "keep return", `UPDATE judgement SET returned = $1 WHERE case_id = $2`, class, caseID)
	return err
}

// Judgement reads the judgement of a case.
func (r *Reader) Judgement(ctx context.Context, caseID string) (Judgement, error) {
	var j Judgement
	err := r.one(ctx, "judgement", `SELECT `+judgementColumns+` FROM judgement WHERE case_id = $1`, []any{caseID},
		&j.CaseID, moment{&j.At}, moment{&j.Week}, &j.Region, &j.Category, &j.Item, &j.Urgent, &j.Proposed, &j.ProposedItem,
		&j.ProposedUrgent, &j.PerMille, &j.Triage, &j.Seen, &j.Returned)
	return j, err
}

// Agreement counts judgements of one class, region and week.
type Agreement struct {
	Category, Region string
	Week             time.Time
	N                int // judgements
	Agreed           int // the class is the one proposed
	Urgent           int // judged urgent by the person
	UrgentFound      int // … and proposed as urgent
	FalseAlarms      int // proposed as urgent, and not judged so
	Blind            int // judged before the proposal was seen
	BlindAgreed      int
	Returned         int // a leg came back as not the holder's to do
	ReturnedProposed int // … which had gone where the proposal said
}

// Agreements counts the judgements within sight since a moment, by class,
// region and week.
func (r *Reader) Agreements(ctx context.Context, see Sight, since time.Time) ([]Agreement, error) {
	var w where
	w.add("at >= ?", since.UnixMicro())
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	q := `SELECT category, region, week, count(*), count(*) FILTER (WHERE category = proposed), count(*) FILTER (WHERE urgent <> ''),
		count(*) FILTER (WHERE urgent <> '' AND proposed_urgent <> ''), count(*) FILTER (WHERE urgent = '' AND proposed_urgent <> ''),
		count(*) FILTER (WHERE seen = 0), count(*) FILTER (WHERE seen = 0 AND category = proposed),
		count(*) FILTER (WHERE returned <> ''), count(*) FILTER (WHERE returned <> '' AND returned = proposed)
		FROM judgement` + w.sql() + ` GROUP BY category, region, week ORDER BY category, region, week`
	return all(ctx, r, "agreements", q, w.args, func(rows scanner) (a Agreement, err error) {
		err = rows.Scan(&a.Category, &a.Region, moment{&a.Week}, &a.N, &a.Agreed, &a.Urgent, &a.UrgentFound, &a.FalseAlarms,
			&a.Blind, &a.BlindAgreed, &a.Returned, &a.ReturnedProposed)
		return a, err
	})
}
