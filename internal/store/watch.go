package store

import (
	"context"
	"time"
)

// Outage is a time during which a link did not work.
type Outage struct {
	ID      string
	Peer    string
	StuckAt time.Time
	Why     string
	WorksAt time.Time // zero: it still does not work
}

// AddOutage writes that a link stuck.
func (t *Tx) AddOutage(ctx context.Context, o Outage) error {
	return t.put(ctx, "add outage", `INSERT INTO outage (id, peer, stuck_at, why) VALUES ($1, $2, $3, $4)`, o.ID, o.Peer, micros(o.StuckAt), o.Why)
}

// EndOutage writes that a link works again.
func (t *Tx) EndOutage(ctx context.Context, peer string, at time.Time) error {
	return t.put(ctx, "end outage", `UPDATE outage SET works_at = $1 WHERE peer = $2 AND works_at IS NULL`, micros(at), peer)
}

const outageColumns = `id, peer, stuck_at, why, works_at`

func scanOutage(rows scanner) (o Outage, err error) {
	err = rows.Scan(&o.ID, &o.Peer, moment{&o.StuckAt}, &o.Why, moment{&o.WorksAt})
	return o, err
}

// Outages lists the last outages of a link, the newest first.
func (r *Reader) Outages(ctx context.Context, peer string, limit int) ([]Outage, error) {
	return all(ctx, r, "outages", `SELECT `+outageColumns+` FROM outage WHERE peer = $1 ORDER BY id DESC LIMIT $2`, []any{peer, limit}, scanOutage)
}

// FreshOutages lists the outages of any link that go on, or that ended after a
// moment, the oldest first.
func (r *Reader) FreshOutages(ctx context.Context, endedAfter time.Time, limit int) ([]Outage, error) {
	return all(ctx, r, "outages", `SELECT `+outageColumns+` FROM outage WHERE works_at IS NULL OR works_at > $1 ORDER BY id LIMIT $2`,
		[]any{micros(endedAfter), limit}, scanOutage)
}

// Difference is something that both sides of a link do not agree on, as long as
// they do not.
type Difference struct {
	Peer, What    string
	Letter, LegID string // "" it is not about one; of a consultation LegID is the id that its letters name
	Ours, Theirs  string
	FoundAt       time.Time
	SeenAt        time.Time // by the last comparison
	Consultation  string    // id here of the one it is about; read only
}

// PutDifference writes a difference that was found, and says whether it is new.
func (t *Tx) PutDifference(ctx context.Context, d Difference) (bool, error) {
	n, err := t.exec(ctx, "seen difference", `UPDATE difference SET ours = $1, theirs = $2, seen_at = $3 WHERE peer = $4 AND what = $5 AND letter = $6 AND leg_id = $7`,
		d.Ours, d.Theirs, micros(d.SeenAt), d.Peer, d.What, d.Letter, d.LegID)
	if err != nil || n == 1 {
		return false, err
	}
	return true, t.put(ctx, "add difference", `INSERT INTO difference (peer, what, letter, leg_id, ours, theirs, found_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Peer, d.What, d.Letter, d.LegID, d.Ours, d.Theirs, micros(d.SeenAt), micros(d.SeenAt))
}

// DropDifferences forgets those of a link that the comparison at a moment did
// not find any more.
func (t *Tx) DropDifferences(ctx context.Context, peer string, seen time.Time) error {
	return t.put(ctx, "drop differences", `DELETE FROM difference WHERE peer = $1 AND seen_at < $2`, peer, micros(seen))
}

// Differences lists what both sides of a link do not agree on, the oldest first.
func (r *Reader) Differences(ctx context.Context, peer string, limit int) ([]Difference, error) {
	return all(ctx, r, "differences", `SELECT peer, what, letter, leg_id, ours, theirs, found_at, seen_at,
		COALESCE((SELECT t.consultation_id FROM consultation_thread t WHERE t.id = leg_id), '') FROM difference WHERE peer = $1 ORDER BY found_at, what, letter, leg_id LIMIT $2`,
		[]any{peer, limit}, func(rows scanner) (d Difference, err error) {
			err = rows.Scan(&d.Peer, &d.What, &d.Letter, &d.LegID, &d.Ours, &d.Theirs, moment{&d.FoundAt}, moment{&d.SeenAt}, &d.Consultation)
			return d, err
		})
}
