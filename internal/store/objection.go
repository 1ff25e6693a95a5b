package store

import (
	"context"
	"time"

	"liandong/internal/assessment"
)

// Objection is what a unit objects to (考核申诉): one figure of its score of a
// month, as it stood then. Why it does, and what it is answered, stands in the
// case that was opened for it.
type Objection struct {
	Unit, Month, Indicator string
	Serial                 int // counts those to the same figure, from 1
	CaseID                 string
	Cell                   assessment.Cell
	ByName                 string
	At                     time.Time
	ClosedAt               time.Time // of its case; zero as long as that is open
}

// AddObjection keeps one; the case is there already. A second of the same
// serial is IsDuplicate.
func (t *Tx) AddObjection(ctx context.Context, o Objection) error {
	return t.put(ctx, "add objection", `INSERT INTO objection (unit, month, indicator, serial, case_id, num, den, by_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		o.Unit, o.Month, o.Indicator, o.Serial, o.CaseID, o.Cell.Num, o.Cell.Den, o.ByName, micros(o.At))
}

// Objections lists those of a month, of one unit or of all (""), the oldest
// first.
func (r *Reader) Objections(ctx context.Context, month, unit string) ([]Objection, error) {
	return r.objections(ctx, `o.month = $1 AND ($2 = '' OR o.unit = $2)`, month, unit)
}

// ObjectionOf is what a case was opened for; nil: for none.
func (r *Reader) ObjectionOf(ctx context.Context, caseID string) (*Objection, error) {
	os, err := r.objections(ctx, `o.case_id = $1`, caseID)
	return first(os), err
}

func (r *Reader) objections(ctx context.Context, cond string, args ...any) ([]Objection, error) {
	return all(ctx, r, "objections", `SELECT o.unit, o.month, o.indicator, o.serial, o.case_id, o.num, o.den, o.by_name, o.at, c.closed_at
		FROM objection o JOIN case_file c ON c.id = o.case_id WHERE `+cond+` ORDER BY o.at, o.case_id`,
		args, func(row scanner) (o Objection, err error) {
			err = row.Scan(&o.Unit, &o.Month, &o.Indicator, &o.Serial, &o.CaseID, &o.Cell.Num, &o.Cell.Den, &o.ByName, moment{&o.At}, moment{&o.ClosedAt})
			return o, err
		})
}
