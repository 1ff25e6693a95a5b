package store

import (
	"context"
	"time"
)

// Model is a model of triage that was trained here.
type Model struct {
	Version  string // what its file comes to
	Base     string // version of the model that it went on from
	Examples int    // decisions it learned from
	MadeAt   time.Time
	ByName   string
	Judged   string // JSON of the last comparison with the model at work
	File     []byte // empty in lists
}

// ModelUse says that a model was put to work.
type ModelUse struct {
	ID      string
	Version string
	At      time.Time
	ByName  string
}

// unusedModels is how many models are kept that were never at work.
const unusedModels = 5

// AddModel keeps a model; the same training again changes nothing. Of those
// that were never at work only the newest few are kept.
func (t *Tx) AddModel(ctx context.Context, m Model) error {
	_, err := t.exec(ctx, "add model", `INSERT INTO model (version, base, examples, made_at, by_name, judged, file) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (version) DO NOTHING`, m.Version, m.Base, m.Examples, micros(m.MadeAt), m.ByName, m.Judged, m.File)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "drop models", `DELETE FROM model WHERE version NOT IN (SELECT version FROM model_use) AND version NOT IN
		(SELECT version FROM model WHERE version NOT IN (SELECT version FROM model_use) ORDER BY made_at DESC, version LIMIT $1)`, unusedModels)
	return err
}

// JudgeModel keeps what a model came to when it was compared.
func (t *Tx) JudgeModel(ctx context.Context, version, judged string) error {
	return t.must(ctx, "judge model", `UPDATE model SET judged = $1 WHERE version = $2`, judged, version)
}

// UseModel keeps that a model was put to work.
func (t *Tx) UseModel(ctx context.Context, u ModelUse) error {
	return t.put(ctx, "use model", `INSERT INTO model_use (id, version, at, by_name) VALUES ($1, $2, $3, $4)`, u.ID, u.Version, micros(u.At), u.ByName)
}

// Models lists the models without their files, the newest first.
func (r *Reader) Models(ctx context.Context) ([]Model, error) {
	return all(ctx, r, "models", `SELECT version, base, examples, made_at, by_name, judged FROM model ORDER BY made_at DESC, version`, nil,
		func(row scanner) (m Model, err error) {
			err = row.Scan(&m.Version, &m.Base, &m.Examples, moment{&m.MadeAt}, &m.ByName, &m.Judged)
			return m, err
		})
}

// Model reads one with its file.
func (r *Reader) Model(ctx context.Context, version string) (Model, error) {
	var m Model
	err := r.one(ctx, "model", `SELECT version, base, examples, made_at, by_name, judged, file FROM model WHERE version = $1`, []any{version},
		&m.Version, &m.Base, &m.Examples, moment{&m.MadeAt}, &m.ByName, &m.Judged, &m.File)
	return m, err
}

// ModelUses lists what was at work, the newest first, at most limit.
func (r *Reader) ModelUses(ctx context.Context, limit int) ([]ModelUse, error) {
	return all(ctx, r, "model uses", `SELECT id, version, at, by_name FROM model_use ORDER BY id DESC LIMIT $1`, []any{limit},
		func(row scanner) (u ModelUse, err error) {
			err = row.Scan(&u.ID, &u.Version, moment{&u.At}, &u.ByName)
			return u, err
		})
}

// Lessons lists the newest judgements that triage learns from, blind or not, at
// most limit: those with a class that no return speaks against. Whether one is
// blind decides what it may be used for: what was decided in sight of the
// proposal teaches, what was decided blind judges.
func (r *Reader) Lessons(ctx context.Context, blind bool, limit int) ([]Judgement, error) {
	return all(ctx, r, "lessons", `SELECT case_id, category, urgent FROM judgement WHERE seen = $1 AND category <> '' AND returned <> category
		ORDER BY at DESC, case_id LIMIT $2`, []any{flag(!blind), limit}, func(row scanner) (j Judgement, err error) {
		j.Seen = !blind
		err = row.Scan(&j.CaseID, &j.Category, &j.Urgent)
		return j, err
	})
}
