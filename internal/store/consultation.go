package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/consultation"
)

// Consultation is a consultation (会商) with its parties.
type Consultation struct {
	ID, CaseID   string
	Version      int64
	State        consultation.State
	Cause        consultation.Cause
	Form         consultation.Form
	Item, Region string
	Evidence     []string // ids of the cases attached
	Interim      string   // who works on meanwhile
	ByName       string
	OpenedAt     time.Time
	DueAt        time.Time
	EndedAt      time.Time
	Owner, Basis string // the ruling
	RulesFrom    time.Time
	Parties      []Party
}

// Party of a consultation: a unit or a platform, as an order writes it.
type Party struct {
	Party   string
	HeardAt time.Time
}

// AddConsultation writes a consultation and its parties.
func (t *Tx) AddConsultation(ctx context.Context, c Consultation) error {
	evidence, err := json.Marshal(c.Evidence)
	if err != nil {
		return fmt.Errorf("open consultation: %w", err)
	}
	err = t.put(ctx, "open consultation", `INSERT INTO consultation (id, case_id, version, state, cause, form, item, region, evidence, interim, by_name,
		opened_at, due_at, owner, basis) VALUES ($1, $2, 1, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '')`, c.ID, c.CaseID, string(c.Cause),
		string(c.Form), c.Item, c.Region, string(evidence), c.Interim, c.ByName, micros(c.OpenedAt), micros(c.DueAt))
	for _, p := range c.Parties {
		if err != nil {
			return err
		}
		err = t.put(ctx, "open consultation", `INSERT INTO consultation_party (consultation_id, party) VALUES ($1, $2)`, c.ID, p.Party)
	}
	return err
}

// EndConsultation writes the ruling, or that there is none; guarded by the
// version.
func (t *Tx) EndConsultation(ctx context.Context, c Consultation) error {
	return t.must(ctx, "end consultation", `UPDATE consultation SET state = $1, version = version + 1, ended_at = $2, owner = $3, basis = $4, rules_from = $5
		WHERE id = $6 AND version = $7 AND state = 'open'`, string(c.State), micros(c.EndedAt), c.Owner, c.Basis, micros(c.RulesFrom), c.ID, c.Version)
}

// HeardParty records that a party gave its opinion; later ones stand in the
// events.
func (t *Tx) HeardParty(ctx context.Context, id, party string, at time.Time) error {
	return t.put(ctx, "hear party", `UPDATE consultation_party SET heard_at = $1 WHERE consultation_id = $2 AND party = $3`, micros(at), id, party)
}

func (r *Reader) consultations(ctx context.Context, cond string, args ...any) ([]Consultation, error) {
	out, err := all(ctx, r, "consultation", `SELECT id, case_id, version, state, cause, form, item, region, evidence, interim, by_name, opened_at, due_at,
		ended_at, owner, basis, rules_from FROM consultation c WHERE `+cond, args, func(rows scanner) (c Consultation, err error) {
		var evidence string
		err = rows.Scan(&c.ID, &c.CaseID, &c.Version, &c.State, &c.Cause, &c.Form, &c.Item, &c.Region, &evidence, &c.Interim, &c.ByName,
			moment{&c.OpenedAt}, moment{&c.DueAt}, moment{&c.EndedAt}, &c.Owner, &c.Basis, moment{&c.RulesFrom})
		if err == nil {
			err = json.Unmarshal([]byte(evidence), &c.Evidence)
		}
		return c, err
	})
	for i := range out {
		if err != nil {
			return nil, err
		}
		out[i].Parties, err = all(ctx, r, "consultation", `SELECT party, heard_at FROM consultation_party WHERE consultation_id = $1 ORDER BY party`,
			[]any{out[i].ID}, func(rows scanner) (p Party, err error) {
				err = rows.Scan(&p.Party, moment{&p.HeardAt})
				return p, err
			})
	}
	return out, err
}

// Consultation reads one.
func (r *Reader) Consultation(ctx context.Context, id string) (Consultation, error) {
	cs, err := r.consultations(ctx, `id = $1`, id)
	if err != nil {
		return Consultation{}, err
	}
	return single(cs, "consultation")
}

// Consultations lists the newest of a state; of one party where it is named.
func (r *Reader) Consultations(ctx context.Context, state consultation.State, party string, limit int) ([]Consultation, error) {
	return r.consultations(ctx, `state = $1 AND ($2 = '' OR EXISTS (SELECT 1 FROM consultation_party p WHERE p.consultation_id = c.id AND p.party = $2))
		ORDER BY id DESC LIMIT $3`, string(state), party, limit)
}

// RuledOwner is whom the last ruling of a case names; "" there is none.
func (r *Reader) RuledOwner(ctx context.Context, caseID string) (string, error) {
	owners, err := all(ctx, r, "rulings", `SELECT owner FROM consultation WHERE case_id = $1 AND state = 'ruled' ORDER BY ended_at DESC, id DESC LIMIT 1`,
		[]any{caseID}, func(rows scanner) (owner string, err error) { return owner, rows.Scan(&owner) })
	if len(owners) == 0 {
		return "", err
	}
	return owners[0], err
}

// ReturnedItem is an item whose legs are returned again and again.
type ReturnedItem struct {
	Item, Class string
	Times       int
	CaseID      string // the newest of them
}

// ReturnedItems lists the items returned at least so many times since a
// moment, most often first.
func (r *Reader) ReturnedItems(ctx context.Context, see Sight, since time.Time, times, limit int) ([]ReturnedItem, error) {
	var w where
	w.add("state = 'returned' AND moved_at >= ?", since.UnixMicro())
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	return all(ctx, r, "returned items", `SELECT item, class, count(*), max(case_id) FROM leg`+w.sql()+` GROUP BY item, class HAVING count(*) >= `+
		w.place(times)+` ORDER BY count(*) DESC, class, item LIMIT `+w.place(limit), w.args, func(rows scanner) (i ReturnedItem, err error) {
		err = rows.Scan(&i.Item, &i.Class, &i.Times, &i.CaseID)
		return i, err
	})
}
