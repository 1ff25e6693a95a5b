package store

import (
	"context"
	"strings"
	"time"
)

// Subscriber is a program that is told of changes (订阅方).
type Subscriber struct {
	ID        string
	Name      string
	URL       string
	Kinds     []string // of events; none: all
	Active    bool
	CreatedAt time.Time
	NextIndex int64 // place in the log of the first event that it has not been told of
	Attempts  int   // in vain, of that event
	NextTryAt time.Time
	LastError string
	HeardAt   time.Time // it took an event
}

const subscriberColumns = `id, name, url, kinds, active, created_at, next_index, attempts, next_try_at, last_error, heard_at`

func scanSubscriber(rows scanner) (s Subscriber, err error) {
	var kinds string
	err = rows.Scan(&s.ID, &s.Name, &s.URL, &kinds, &s.Active, moment{&s.CreatedAt}, &s.NextIndex, &s.Attempts, moment{&s.NextTryAt},
		&s.LastError, moment{&s.HeardAt})
	s.Kinds = strings.Fields(kinds)
	return s, err
}

// Subscribers lists all subscribers in the order in which they were added.
func (r *Reader) Subscribers(ctx context.Context) ([]Subscriber, error) {
	return all(ctx, r, "subscribers", `SELECT `+subscriberColumns+` FROM subscriber ORDER BY id`, nil, scanSubscriber)
}

// AddSubscriber adds a subscriber.
func (t *Tx) AddSubscriber(ctx context.Context, s Subscriber) error {
	return t.put(ctx, "add subscriber", `INSERT INTO subscriber (`+subscriberColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, NULL, '', NULL)`,
		s.ID, s.Name, s.URL, strings.Join(s.Kinds, " "), flag(s.Active), micros(s.CreatedAt), s.NextIndex)
}

// SetSubscriber stops a subscriber or starts it again, at once.
func (t *Tx) SetSubscriber(ctx context.Context, id string, active bool) error {
	return t.must(ctx, "change subscriber", `UPDATE subscriber SET active = $1, attempts = 0, next_try_at = NULL, last_error = '' WHERE id = $2`, flag(active), id)
}

// RewindSubscriber says from which place in the log a subscriber is told next.
func (t *Tx) RewindSubscriber(ctx context.Context, id string, index int64) error {
	return t.must(ctx, "rewind subscriber", `UPDATE subscriber SET next_index = $1, attempts = 0, next_try_at = NULL, last_error = '' WHERE id = $2`, index, id)
}

// RemoveSubscriber takes a subscriber away.
func (t *Tx) RemoveSubscriber(ctx context.Context, id string) error {
	return t.must(ctx, "remove subscriber", `DELETE FROM subscriber WHERE id = $1`, id)
}

// ToldSubscriber records that a subscriber has been told of everything before
// next. from guards it: who was rewound meanwhile is left where it stands.
func (t *Tx) ToldSubscriber(ctx context.Context, id string, from, next int64, heardAt time.Time) error {
	_, err := t.exec(ctx, "told subscriber", `UPDATE subscriber SET next_index = $1, attempts = 0, next_try_at = NULL, last_error = '',
		heard_at = COALESCE($2, heard_at) WHERE id = $3 AND next_index = $4`, next, micros(heardAt), id, from)
	return err
}

// MissedSubscriber records that a subscriber did not take the event at a place.
func (t *Tx) MissedSubscriber(ctx context.Context, id string, at int64, attempts int, next time.Time, why string) error {
	_, err := t.exec(ctx, "missed subscriber", `UPDATE subscriber SET attempts = $1, next_try_at = $2, last_error = $3 WHERE id = $4 AND next_index = $5`,
		attempts, micros(next), why, id, at)
	return err
}
