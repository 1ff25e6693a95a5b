package store

import (
	"context"
	"strconv"
	"time"

	"liandong/internal/consultation"
)

// Digest is what two sides compare of a letter, a leg or a consultation: nothing
// personal.
type Digest struct {
	ID     string
	Hash   string // of a letter
	State  string
	LegID  string
	Apart  bool   // what the other side need not have: a leg that is undeliverable or carried by people, a consultation that it refused or whose words are erased
	Moving bool   // a leg or consultation of which a letter of ours waits for its receipt
	Ruling string // of a consultation that is ruled: owner, basis, class, and from when in microseconds, a line each
}

func scanDigest(rows scanner) (d Digest, err error) {
	err = rows.Scan(&d.ID, &d.Hash, &d.State, &d.LegID, &d.Apart, &d.Moving)
	return d, err
}

// theLeg is the leg of a letter; "" where it is of a consultation, whose thread
// of numbers stands in the same column.
const theLeg = `CASE WHEN EXISTS (SELECT 1 FROM consultation_thread t WHERE t.id = leg_id) THEN '' ELSE leg_id END`

// DigestsOut lists the letters to a peer that are receipted, whose ids are after
// one and up to another, in the order of their ids.
func (r *Reader) DigestsOut(ctx context.Context, peer, after, until string, limit int) ([]Digest, error) {
	return all(ctx, r, "digests", `SELECT id, hash, state, `+theLeg+`, 0, 0 FROM letter_out WHERE peer = $1 AND id > $2 AND id <= $3
		AND type NOT IN ('receipt', 'error', 'head', 'keys', 'reconcile') ORDER BY id LIMIT $4`, []any{peer, after, until, limit}, scanDigest)
}

// DigestsIn is DigestsOut of the letters that a peer wrote.
func (r *Reader) DigestsIn(ctx context.Context, peer, after, until string, limit int) ([]Digest, error) {
	return all(ctx, r, "digests", `SELECT id, hash, state, `+theLeg+`, 0, 0 FROM letter_in WHERE peer = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4`,
		[]any{peer, after, until, limit}, scanDigest)
}

// DigestsLegs is DigestsOut of the legs shared with a peer.
func (r *Reader) DigestsLegs(ctx context.Context, peer, after, until string, limit int) ([]Digest, error) {
	return all(ctx, r, "digests", `SELECT id, '', state, id, CASE WHEN undeliverable = 1 OR by_hand = 1 THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM letter_out o WHERE o.leg_id = leg.id AND o.number > 0 AND o.state <> 'voided' AND o.state = 'waiting') THEN 1 ELSE 0 END
		FROM leg WHERE peer = $1 AND peer <> '' AND id > $2 AND id <= $3 ORDER BY id LIMIT $4`, []any{peer, after, until, limit}, scanDigest)
}

// DigestsConsultations is DigestsOut of the consultations shared with a peer, by
// the ids that their letters name.
func (r *Reader) DigestsConsultations(ctx context.Context, peer, after, until string, limit int) ([]Digest, error) {
	return all(ctx, r, "digests", `SELECT t.id, c.state, CASE WHEN t.state = 'refused' OR (c.host <> '' AND c.wrapped_key IS NULL) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM letter_out o WHERE o.leg_id = t.id AND o.number > 0 AND o.state = 'waiting') THEN 1 ELSE 0 END,
		c.owner, c.basis, c.ruled_class, c.rules_from
		FROM consultation_thread t JOIN consultation c ON c.id = t.consultation_id WHERE t.peer = $1 AND t.id > $2 AND t.id <= $3 ORDER BY t.id LIMIT $4`,
		[]any{peer, after, until, limit}, func(rows scanner) (d Digest, err error) {
			var owner, basis, class string
			var from time.Time
			err = rows.Scan(&d.ID, &d.State, &d.Apart, &d.Moving, &owner, &basis, &class, moment{&from})
			if d.State == string(consultation.Ruled) {
				d.Ruling = owner + "\n" + basis + "\n" + class + "\n" + strconv.FormatInt(from.UnixMicro(), 10) + "\n"
			}
			return d, err
		})
}

// Quiet says that nothing has happened since a moment to a leg or consultation
// ("" none) and to a letter ("" none), and that no letter of the leg waits for
// its receipt.
func (r *Reader) Quiet(ctx context.Context, legID, letterID string, since time.Time) (bool, error) {
	var n int
	err := r.one(ctx, "letter", `SELECT
		(SELECT count(*) FROM leg WHERE id = $1 AND moved_at >= $2) +
		(SELECT count(*) FROM consultation_thread t JOIN consultation c ON c.id = t.consultation_id WHERE t.id = $1 AND (c.opened_at >= $2 OR c.ended_at >= $2)) +
		(SELECT count(*) FROM letter_out WHERE leg_id = $1 AND number > 0 AND state <> 'voided' AND (state = 'waiting' OR created_at >= $2 OR answered_at >= $2)) +
		(SELECT count(*) FROM letter_in WHERE leg_id = $1 AND number > 0 AND received_at >= $2) +
		(SELECT count(*) FROM letter_out WHERE id = $3 AND (state = 'waiting' OR created_at >= $2 OR answered_at >= $2)) +
		(SELECT count(*) FROM letter_in WHERE id = $3 AND received_at >= $2)`, []any{legID, micros(since), letterID}, &n)
	return n == 0, err
}

// Comparison is how far the comparison of a link has got, and how the last one
// ended.
type Comparison struct {
	Peer     string
	Question string    // id of the letter whose answer is awaited; "": none is
	BegunAt  time.Time // what has changed since is not compared
	AskedAt  time.Time // when the question was written
	Progress string    // what is still to be asked and what was found, JSON
	DoneAt   time.Time // when one was last finished; zero: never
	Trouble  string    // why the last one was not; "": it was, or is under way
}

// Comparison reads how far the comparison of a link has got; zero where there
// never was one.
func (r *Reader) Comparison(ctx context.Context, peer string) (Comparison, error) {
	c, err := all(ctx, r, "comparison", `SELECT peer, question, begun_at, asked_at, progress, done_at, trouble FROM comparison WHERE peer = $1`, []any{peer},
		func(rows scanner) (c Comparison, err error) {
			err = rows.Scan(&c.Peer, &c.Question, moment{&c.BegunAt}, moment{&c.AskedAt}, &c.Progress, moment{&c.DoneAt}, &c.Trouble)
			return c, err
		})
	if len(c) == 0 {
		return Comparison{Peer: peer}, err
	}
	return c[0], err
}

// PutComparison writes how far a comparison has got, where it still awaits the
// answer to a question ("" none). It says whether it did: an answer that comes
// twice counts once.
func (t *Tx) PutComparison(ctx context.Context, awaited string, c Comparison) (bool, error) {
	n, err := t.exec(ctx, "comparison", `INSERT INTO comparison (peer, question, begun_at, asked_at, progress, done_at, trouble) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (peer) DO UPDATE SET question = excluded.question, begun_at = excluded.begun_at, asked_at = excluded.asked_at,
		progress = excluded.progress, done_at = excluded.done_at, trouble = excluded.trouble WHERE comparison.question = $8`,
		c.Peer, c.Question, micros(c.BegunAt), micros(c.AskedAt), c.Progress, micros(c.DoneAt), c.Trouble, awaited)
	return n == 1, err
}
