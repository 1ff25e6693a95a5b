package store

import (
	"context"
	"time"
)

// SavedView is a filter of the list of cases that somebody keeps under a name.
type SavedView struct {
	ID, PersonID string
	Name         string // of its person's views no other has it
	Query        string // of the list's address, as url.Values.Encode writes it
	CreatedAt    time.Time
}

// AddSavedView keeps a view; a name that its person has already is IsDuplicate.
func (t *Tx) AddSavedView(ctx context.Context, v SavedView) error {
	return t.put(ctx, "add saved view", `INSERT INTO saved_view (id, person_id, name, query, created_at) VALUES ($1, $2, $3, $4, $5)`,
		v.ID, v.PersonID, v.Name, v.Query, micros(v.CreatedAt))
}

// RenameSavedView gives a view of a person another name; one that they have
// already is IsDuplicate.
func (t *Tx) RenameSavedView(ctx context.Context, personID, id, name string) (bool, error) {
	n, err := t.exec(ctx, "rename saved view", `UPDATE saved_view SET name = $1 WHERE id = $2 AND person_id = $3`, name, id, personID)
	return n == 1, err
}

// DropSavedView deletes a view of a person and says whether there was one.
func (t *Tx) DropSavedView(ctx context.Context, personID, id string) (bool, error) {
	n, err := t.exec(ctx, "drop saved view", `DELETE FROM saved_view WHERE id = $1 AND person_id = $2`, id, personID)
	return n == 1, err
}

// SavedViews lists those of a person, the oldest first.
func (r *Reader) SavedViews(ctx context.Context, personID string) ([]SavedView, error) {
	return all(ctx, r, "saved views", `SELECT id, person_id, name, query, created_at FROM saved_view WHERE person_id = $1 ORDER BY created_at, id`,
		[]any{personID}, func(row scanner) (v SavedView, err error) {
			err = row.Scan(&v.ID, &v.PersonID, &v.Name, &v.Query, moment{&v.CreatedAt})
			return v, err
		})
}
