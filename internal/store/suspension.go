package store

import (
	"context"
	"time"
)

// Suspension is a stretch, half-open, in which the answer of a leg is not owed
// (时限中止): why, and who approved it. The reason in words is in the case's
// events.
type Suspension struct {
	ID         string
	CaseID     string
	LegID      string
	Ground     string
	From, To   time.Time
	Approver   string
	ApprovedAt time.Time
}

// AddSuspension enters one.
func (t *Tx) AddSuspension(ctx context.Context, s Suspension) error {
	return t.put(ctx, "add suspension", `INSERT INTO suspension (id, case_id, leg_id, ground, from_at, to_at, approver, approved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, s.CaseID, s.LegID, s.Ground, micros(s.From), micros(s.To), s.Approver, micros(s.ApprovedAt))
}

// EndSuspension brings the end of one forward.
func (t *Tx) EndSuspension(ctx context.Context, id string, to time.Time) error {
	return t.must(ctx, "end suspension", `UPDATE suspension SET to_at = $1 WHERE id = $2 AND to_at > $1`, micros(to), id)
}

// SuspensionsOf lists those of a case, the earliest first.
func (r *Reader) SuspensionsOf(ctx context.Context, caseID string) ([]Suspension, error) {
	return all(ctx, r, "suspensions", `SELECT id, case_id, leg_id, ground, from_at, to_at, approver, approved_at FROM suspension WHERE case_id = $1 ORDER BY from_at, id`,
		[]any{caseID}, func(rows scanner) (s Suspension, err error) {
			err = rows.Scan(&s.ID, &s.CaseID, &s.LegID, &s.Ground, moment{&s.From}, moment{&s.To}, &s.Approver, moment{&s.ApprovedAt})
			return s, err
		})
}
