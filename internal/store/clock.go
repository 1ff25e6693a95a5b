package store

import (
	"context"
	"time"

	"liandong/internal/deadline"
)

const clockColumns = `id, case_id, leg_id, kind, budget, start_at, due_at, provisional, urgent, stopped_at, rung, next_at`

func scanClock(rows scanner) (deadline.Clock, error) {
	var c deadline.Clock
	err := rows.Scan(&c.ID, &c.CaseID, &c.LegID, &c.Kind, &c.Budget, moment{&c.Start}, moment{&c.Due}, &c.Provisional, &c.Urgent,
		moment{&c.Stopped}, &c.Rung, moment{&c.Next})
	return c, err
}

// AddClocks starts clocks.
func (t *Tx) AddClocks(ctx context.Context, cs ...deadline.Clock) error {
	if len(cs) == 0 {
		return nil
	}
	args := make([]any, 0, 12*len(cs))
	for _, c := range cs {
		args = append(args, c.ID, c.CaseID, c.LegID, string(c.Kind), c.Budget, micros(c.Start), micros(c.Due), flag(c.Provisional),
			flag(c.Urgent), micros(c.Stopped), c.Rung, micros(c.Next))
	}
	return t.put(ctx, "start clocks", `INSERT INTO clock (`+clockColumns+`) VALUES `+rowPlaces(1, len(cs), 12), args...)
}

// StopClock stops a running clock; one that stopped before stays as it was.
func (t *Tx) StopClock(ctx context.Context, id string, at time.Time) error {
	return t.put(ctx, "stop clock", `UPDATE clock SET stopped_at = $1, next_at = NULL WHERE id = $2 AND stopped_at IS NULL`,
		micros(at), id)
}

// ResumeClock takes up a stopped clock again.
func (t *Tx) ResumeClock(ctx context.Context, c deadline.Clock) error {
	return t.put(ctx, "resume clock", `UPDATE clock SET stopped_at = NULL, next_at = $1 WHERE id = $2 AND stopped_at IS NOT NULL`,
		micros(c.Next), c.ID)
}

// MoveClock gives a running clock another due time, after a granted extension
// or a decision that brings another limit.
func (t *Tx) MoveClock(ctx context.Context, c deadline.Clock) error {
	return t.must(ctx, "move clock", `UPDATE clock SET due_at = $1, provisional = $2, rung = $3, next_at = $4,
		budget = $5, urgent = $6 WHERE id = $7 AND stopped_at IS NULL`, micros(c.Due), flag(c.Provisional), c.Rung, micros(c.Next),
		c.Budget, flag(c.Urgent), c.ID)
}

// FireClock records that a rung fired: guarded, so each fires once, and none of
// a due time that was moved meanwhile. It says
// whether this call was the one.
func (t *Tx) FireClock(ctx context.Context, c deadline.Clock, was int) (bool, error) {
	n, err := t.exec(ctx, "fire clock", `UPDATE clock SET rung = $1, next_at = $2 WHERE id = $3 AND rung = $4
		AND due_at = $5 AND stopped_at IS NULL`, c.Rung, micros(c.Next), c.ID, was, micros(c.Due))
	return n == 1, err
}

// ClocksOf lists the clocks of a case, running ones first by due time.
func (r *Reader) ClocksOf(ctx context.Context, caseID string) ([]deadline.Clock, error) {
	var out []deadline.Clock
	err := r.ask(ctx, askClocks(&out, caseID))
	return out, err
}

func askClocks(into *[]deadline.Clock, caseID string) ask {
	return askAll(into, "clocks", `SELECT `+clockColumns+` FROM clock WHERE case_id = $1
		ORDER BY CASE WHEN stopped_at IS NULL THEN 0 ELSE 1 END, due_at, id`, []any{caseID}, scanClock)
}

// DueClocks lists clocks whose next rung is due: an indexed query that costs
// what is due.
func (r *Reader) DueClocks(ctx context.Context, now time.Time, limit int) ([]deadline.Clock, error) {
	return all(ctx, r, "due clocks", `SELECT `+clockColumns+` FROM clock WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2`,
		[]any{now.UnixMicro(), limit}, scanClock)
}
