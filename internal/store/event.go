package store

import (
	"context"
	"encoding/hex"
	"time"
)

// Event is something that happened, as it is kept for ever. Body is JSON
// without personal data; Note is personal text sealed under the case's key.
type Event struct {
	ID         string
	CaseID     string
	LegID      string
	At         time.Time
	Kind       string
	Platform   string // where it happened
	ActorID    string
	ActorName  string
	ActorRole  string
	Body       string
	Note       []byte
	Commitment string
	Leaf       [32]byte // RFC 6962 leaf hash of the record
}

const eventColumns = `id, case_id, leg_id, at, kind, platform, actor_id, actor_name, actor_role, body, note, commitment, leaf`

func scanEvent(rows scanner) (Event, error) {
	var e Event
	var leaf []byte
	err := rows.Scan(&e.ID, &e.CaseID, &e.LegID, moment{&e.At}, &e.Kind, &e.Platform, &e.ActorID, &e.ActorName, &e.ActorRole,
		&e.Body, &e.Note, &e.Commitment, &leaf)
	copy(e.Leaf[:], leaf)
	return e, err
}

// LeafHex is the leaf hash as text.
func (e Event) LeafHex() string { return hex.EncodeToString(e.Leaf[:]) }

// AddEvents appends events.
func (t *Tx) AddEvents(ctx context.Context, es ...Event) error {
	if len(es) == 0 {
		return nil
	}
	args := make([]any, 0, 13*len(es))
	for _, e := range es {
		args = append(args, e.ID, e.CaseID, e.LegID, micros(e.At), e.Kind, e.Platform, e.ActorID, e.ActorName, e.ActorRole,
			e.Body, e.Note, e.Commitment, e.Leaf[:])
	}
	return t.put(ctx, "append events", `INSERT INTO event (`+eventColumns+`) VALUES `+rowPlaces(1, len(es), 13), args...)
}

// EventsOf lists what happened in a case, oldest first.
func (r *Reader) EventsOf(ctx context.Context, caseID, after string, limit int) ([]Event, error) {
	return all(ctx, r, "events", `SELECT `+eventColumns+` FROM event WHERE case_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
		[]any{caseID, after, limit}, scanEvent)
}

// EventsOfKind lists events of one kind in a case, the last first.
func (r *Reader) EventsOfKind(ctx context.Context, caseID, kind string, limit int) ([]Event, error) {
	return all(ctx, r, "events of a kind", `SELECT `+eventColumns+` FROM event WHERE case_id = $1 AND kind = $2 ORDER BY id DESC LIMIT $3`,
		[]any{caseID, kind, limit}, scanEvent)
}

// EventsOfCases lists events of one of two kinds in any of the cases, oldest
// first.
func (r *Reader) EventsOfCases(ctx context.Context, ids []string, kind, or string) ([]Event, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := append(padded(ids), kind, or)
	return all(ctx, r, "events of cases", `SELECT `+eventColumns+` FROM event WHERE case_id IN (`+places(1, len(args)-2)+`) AND kind IN (`+
		places(len(args)-1, 2)+`) ORDER BY id`, args, scanEvent)
}

// rowPlaces is "($1, …), (…)" for n rows of m columns, beginning with a place.
func rowPlaces(from, n, m int) string {
	b := make([]byte, 0, n*m*5)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '(')
		b = append(b, places(from+i*m, m)...)
		b = append(b, ')')
	}
	return string(b)
}
