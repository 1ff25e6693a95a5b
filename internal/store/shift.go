package store

import (
	"context"
	"time"
)

// Shift is one hand-over from a shift to the next (交接班): who gave, who took, and
// what stood open then.
type Shift struct {
	ID         string
	At         time.Time // signed by who goes
	GaveID     string
	GaveName   string
	TookAt     time.Time // signed by who comes; zero not yet
	TookID     string
	TookName   string
	Content    string // JSON of what stood open, without words or names of callers
	WrappedKey []byte
	Remarks    []byte // what the one tells the other, sealed
}

const shiftColumns = `id, at, gave_id, gave_name, took_at, took_id, took_name, content, wrapped_key, remarks`

func scanShift(row scanner) (s Shift, err error) {
	err = row.Scan(&s.ID, moment{&s.At}, &s.GaveID, &s.GaveName, moment{&s.TookAt}, &s.TookID, &s.TookName, &s.Content, &s.WrappedKey, &s.Remarks)
	return s, err
}

// AddShift writes a hand-over that its giver has signed.
func (t *Tx) AddShift(ctx context.Context, s Shift) error {
	return t.put(ctx, "add hand-over", `INSERT INTO shift_handover (`+shiftColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		s.ID, micros(s.At), s.GaveID, s.GaveName, micros(s.TookAt), s.TookID, s.TookName, s.Content, s.WrappedKey, s.Remarks)
}

// TakeShift signs a hand-over by who comes. One that was taken is ErrStale.
func (t *Tx) TakeShift(ctx context.Context, id, tookID, tookName string, at time.Time) error {
	return t.must(ctx, "take over", `UPDATE shift_handover SET took_at = $1, took_id = $2, took_name = $3 WHERE id = $4 AND took_at IS NULL`,
		micros(at), tookID, tookName, id)
}

// Shift reads one hand-over.
func (r *Reader) Shift(ctx context.Context, id string) (Shift, error) {
	ss, err := all(ctx, r, "hand-over", `SELECT `+shiftColumns+` FROM shift_handover WHERE id = $1`, []any{id}, scanShift)
	if err != nil {
		return Shift{}, err
	}
	return single(ss, "shift")
}

// Shifts lists hand-overs, the newest first, before the one whose id is given
// ("" from the newest on).
func (r *Reader) Shifts(ctx context.Context, before string, limit int) ([]Shift, error) {
	var w where
	if before != "" {
		w.add("id < ?", before)
	}
	return all(ctx, r, "hand-overs", `SELECT `+shiftColumns+` FROM shift_handover`+w.sql()+` ORDER BY id DESC LIMIT `+w.place(limit), w.args, scanShift)
}
