package store

import (
	"context"
	"time"
)

// Draft is a version of the catalogue in the making.
type Draft struct {
	ID        string
	Version   int64 // counts its changes
	Title     string
	Base      string // the version it began as
	Content   string // JSON of the catalogue
	Tested    string // JSON of the last trial on past cases, "" where none fits the content
	ByName    string // who changed it last
	CreatedAt time.Time
	ChangedAt time.Time
}

const draftColumns = `id, version, title, base, content, tested, by_name, created_at, changed_at`

func scanDraft(row scanner) (d Draft, err error) {
	err = row.Scan(&d.ID, &d.Version, &d.Title, &d.Base, &d.Content, &d.Tested, &d.ByName, moment{&d.CreatedAt}, moment{&d.ChangedAt})
	return d, err
}

// AddDraft writes a new draft.
func (t *Tx) AddDraft(ctx context.Context, d Draft) error {
	return t.put(ctx, "add draft", `INSERT INTO draft (`+draftColumns+`) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)`,
		d.ID, d.Title, d.Base, d.Content, d.Tested, d.ByName, micros(d.CreatedAt), micros(d.ChangedAt))
}

// SaveDraft writes what changed; guarded by the version.
func (t *Tx) SaveDraft(ctx context.Context, d Draft) error {
	return t.must(ctx, "save draft", `UPDATE draft SET version = version + 1, content = $1, tested = $2, by_name = $3, changed_at = $4
		WHERE id = $5 AND version = $6`, d.Content, d.Tested, d.ByName, micros(d.ChangedAt), d.ID, d.Version)
}

// DropDraft ends a draft, published or given up; guarded by the version.
func (t *Tx) DropDraft(ctx context.Context, id string, version int64) error {
	return t.must(ctx, "drop draft", `DELETE FROM draft WHERE id = $1 AND version = $2`, id, version)
}

// Draft reads one.
func (r *Reader) Draft(ctx context.Context, id string) (Draft, error) {
	ds, err := all(ctx, r, "draft", `SELECT `+draftColumns+` FROM draft WHERE id = $1`, []any{id}, scanDraft)
	if err != nil {
		return Draft{}, err
	}
	return single(ds, "draft")
}

// Drafts lists all, the newest first.
func (r *Reader) Drafts(ctx context.Context) ([]Draft, error) {
	return all(ctx, r, "drafts", `SELECT `+draftColumns+` FROM draft ORDER BY id DESC`, nil, scanDraft)
}
