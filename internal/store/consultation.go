package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
	Class        string // of the matter
	RuledClass   string // to which the ruling moves it; "" it stays
	Parties      []Party

	Host         string // platform that presides; "" this one
	HostCase     string // its id of the case, where it presides
	Confidential bool
	WrappedKey   []byte // of the words, where another platform presides; nil: erased
	Threads      []Thread
}

// Presided says that this platform presides over the consultation.
func (c Consultation) Presided() bool { return c.Host == "" }

// Awaits says that a platform is asked by another one and has not said its word
// yet.
func (c Consultation) Awaits(platform string) bool {
	return c.State == consultation.Open && !c.Presided() && slices.ContainsFunc(c.Parties, func(p Party) bool {
		return p.Party == "platform:"+platform && p.HeardAt.IsZero()
	})
}

// Thread is what the letters of a consultation to and from one platform are
// numbered in. Its id is in the letters.
type Thread struct {
	ID, ConsultationID, Peer string

	Rev    int64
	State  string // ThreadSent, ThreadThere, ThreadRefused
	Code   string // why it was refused
	Repair string // code of a letter that went wrong; a person has to see to it
	OutNo  int64  // last number used for a letter of ours
	InNo   int64  // last number applied of the other side's
}

// What became of the letter that opens a consultation at another platform.
const (
	ThreadSent    = "sent"
	ThreadThere   = "there"
	ThreadRefused = "refused"
)

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
		opened_at, due_at, owner, basis, host, host_case, class, confidential, wrapped_key)
		VALUES ($1, $2, 1, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', $12, $13, $14, $15, $16)`, c.ID, c.CaseID, string(c.Cause),
		string(c.Form), c.Item, c.Region, string(evidence), c.Interim, c.ByName, micros(c.OpenedAt), micros(c.DueAt), c.Host, c.HostCase, c.Class,
		flag(c.Confidential), c.WrappedKey)
	for _, p := range c.Parties {
		if err != nil {
			return err
		}
		err = t.put(ctx, "open consultation", `INSERT INTO consultation_party (consultation_id, party) VALUES ($1, $2)`, c.ID, p.Party)
	}
	for _, th := range c.Threads {
		if err != nil {
			return err
		}
		err = t.put(ctx, "open consultation", `INSERT INTO consultation_thread (id, consultation_id, peer, rev, state, code, repair, out_no, in_no)
			VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)`, th.ID, c.ID, th.Peer, th.State, th.Code, th.Repair, th.OutNo, th.InNo)
	}
	return err
}

// SaveThread writes what changed in a thread; guarded by Rev, which it raises.
func (t *Tx) SaveThread(ctx context.Context, th *Thread) error {
	err := t.must(ctx, "save thread", `UPDATE consultation_thread SET rev = rev + 1, state = $1, code = $2, repair = $3, out_no = $4, in_no = $5
		WHERE id = $6 AND rev = $7`, th.State, th.Code, th.Repair, th.OutNo, th.InNo, th.ID, th.Rev)
	th.Rev++
	return err
}

// AddConsultationEvents appends events of a consultation that are of no case.
func (t *Tx) AddConsultationEvents(ctx context.Context, id string, es ...Event) error {
	if err := t.AddEvents(ctx, es...); err != nil {
		return err
	}
	for _, e := range es {
		if err := t.put(ctx, "append events", `INSERT INTO consultation_event (consultation_id, event_id) VALUES ($1, $2)`, id, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// EraseConsultation destroys the words of a consultation over which another
// platform presides, and ends its letters that wait.
func (t *Tx) EraseConsultation(ctx context.Context, id, thread string, at time.Time) error {
	if err := t.put(ctx, "erase consultation", `UPDATE letter_out SET state = 'voided', next_try_at = NULL, answered_at = $1
		WHERE leg_id = $2 AND state IN ('waiting','refused','expired') AND type <> 'erase'`, micros(at), thread); err != nil {
		return err
	}
	for _, x := range [][2]string{
		{`UPDATE consultation SET wrapped_key = NULL WHERE id = $1`, id},
		{`UPDATE event SET note = NULL WHERE id IN (SELECT event_id FROM consultation_event WHERE consultation_id = $1)`, id},
		{`UPDATE letter_out SET private = NULL WHERE leg_id = $1`, thread},
		{`UPDATE letter_in SET sealed = NULL WHERE leg_id = $1`, thread},
	} {
		if err := t.put(ctx, "erase consultation", x[0], x[1]); err != nil {
			return err
		}
	}
	return nil
}

// EraseHeard destroys the personal parts of the letters received in a thread.
func (t *Tx) EraseHeard(ctx context.Context, thread string) error {
	return t.put(ctx, "erase letters", `UPDATE letter_in SET sealed = NULL WHERE leg_id = $1`, thread)
}

// EndConsultation writes the ruling, or that there is none; guarded by the
// version.
func (t *Tx) EndConsultation(ctx context.Context, c Consultation) error {
	return t.must(ctx, "end consultation", `UPDATE consultation SET state = $1, version = version + 1, ended_at = $2, owner = $3, basis = $4, rules_from = $5, ruled_class = $6
		WHERE id = $7 AND version = $8 AND state = 'open'`, string(c.State), micros(c.EndedAt), c.Owner, c.Basis, micros(c.RulesFrom), c.RuledClass, c.ID, c.Version)
}

// HeardParty records that a party gave its opinion; later ones stand in the
// events.
func (t *Tx) HeardParty(ctx context.Context, id, party string, at time.Time) error {
	return t.put(ctx, "hear party", `UPDATE consultation_party SET heard_at = $1 WHERE consultation_id = $2 AND party = $3`, micros(at), id, party)
}

func (r *Reader) consultations(ctx context.Context, cond string, args ...any) ([]Consultation, error) {
	out, err := all(ctx, r, "consultation", `SELECT id, case_id, version, state, cause, form, item, region, evidence, interim, by_name, opened_at, due_at,
		ended_at, owner, basis, rules_from, class, ruled_class, host, host_case, confidential, wrapped_key FROM consultation c WHERE `+cond, args, func(rows scanner) (c Consultation, err error) {
		var evidence string
		err = rows.Scan(&c.ID, &c.CaseID, &c.Version, &c.State, &c.Cause, &c.Form, &c.Item, &c.Region, &evidence, &c.Interim, &c.ByName,
			moment{&c.OpenedAt}, moment{&c.DueAt}, moment{&c.EndedAt}, &c.Owner, &c.Basis, moment{&c.RulesFrom},
			&c.Class, &c.RuledClass, &c.Host, &c.HostCase, &c.Confidential, &c.WrappedKey)
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
		if err == nil {
			out[i].Threads, err = r.threads(ctx, `consultation_id = $1 ORDER BY id`, out[i].ID)
		}
	}
	return out, err
}

func (r *Reader) threads(ctx context.Context, cond string, args ...any) ([]Thread, error) {
	return all(ctx, r, "thread", `SELECT id, consultation_id, peer, rev, state, code, repair, out_no, in_no FROM consultation_thread WHERE `+cond, args,
		func(rows scanner) (th Thread, err error) {
			err = rows.Scan(&th.ID, &th.ConsultationID, &th.Peer, &th.Rev, &th.State, &th.Code, &th.Repair, &th.OutNo, &th.InNo)
			return th, err
		})
}

// Thread reads one by its id, as the letters name it; nil: there is none.
func (r *Reader) Thread(ctx context.Context, id string) (*Thread, error) {
	ths, err := r.threads(ctx, `id = $1`, id)
	return first(ths), err
}

// ConsultationEvents lists the events of a consultation that are of no case,
// oldest first.
func (r *Reader) ConsultationEvents(ctx context.Context, id string, limit int) ([]Event, error) {
	return all(ctx, r, "events", `SELECT `+eventColumns+` FROM event WHERE id IN (SELECT event_id FROM consultation_event WHERE consultation_id = $1)
		ORDER BY id LIMIT $2`, []any{id, limit}, scanEvent)
}

// ConsultationsOfCase lists those of a case, newest first.
func (r *Reader) ConsultationsOfCase(ctx context.Context, caseID string) ([]Consultation, error) {
	return r.consultations(ctx, `case_id = $1 ORDER BY id DESC`, caseID)
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
	owners, err := all(ctx, r, "rulings", `SELECT owner FROM consultation WHERE case_id = $1 AND state = 'ruled' AND host = '' ORDER BY ended_at DESC, id DESC LIMIT 1`,
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
