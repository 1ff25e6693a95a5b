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

// SuspensionAsk is what the holder of a leg asks where it asks that the time
// limit of its answer stand still (申请中止): from when it asked until To, by
// which the answer would be due at Due.
type SuspensionAsk struct {
	LegID         string
	Ground        string
	From, To, Due time.Time
}

// AddSuspensionAsk keeps an ask; a leg has one at most.
func (t *Tx) AddSuspensionAsk(ctx context.Context, a SuspensionAsk) error {
	return t.put(ctx, "add suspension ask", `INSERT INTO suspension_ask (leg_id, ground, from_at, to_at, due_at) VALUES ($1, $2, $3, $4, $5)`,
		a.LegID, a.Ground, micros(a.From), micros(a.To), micros(a.Due))
}

// DropSuspensionAsk forgets what was asked for a leg: it was answered, or
// nothing is asked any more.
func (t *Tx) DropSuspensionAsk(ctx context.Context, legID string) error {
	return t.put(ctx, "drop suspension ask", `DELETE FROM suspension_ask WHERE leg_id = $1`, legID)
}

// SuspensionAsk is what is asked for a leg; NotFound where no suspension is.
func (r *Reader) SuspensionAsk(ctx context.Context, legID string) (a SuspensionAsk, err error) {
	err = r.one(ctx, "suspension_ask", `SELECT leg_id, ground, from_at, to_at, due_at FROM suspension_ask WHERE leg_id = $1`, []any{legID},
		&a.LegID, &a.Ground, moment{&a.From}, moment{&a.To}, moment{&a.Due})
	return a, err
}
