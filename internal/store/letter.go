package store

import (
	"context"
	"slices"
	"time"

	"liandong/internal/hotline"
)

// LetterOut is a letter that we send. It waits until its receipt is here.
type LetterOut struct {
	ID         string
	Peer       string
	CaseID     string
	LegID      string
	Type       string
	Number     int64  // per leg; 0 unnumbered
	Content    string // canonical, without sealed part and signature
	Private    []byte // personal part, sealed under the case's key
	Hash       string
	State      string // waiting, receipted, refused, expired, voided
	CreatedAt  time.Time
	ExpiresAt  time.Time
	Attempts   int
	NextTryAt  time.Time
	LastError  string
	Answer     string // the receipt or error that ended it
	AnsweredAt time.Time
	HandedAt   time.Time // given to a carrier whose receipts come later
	Urgent     bool      // of an urgent leg
}

// States of a letter that we send.
const (
	LetterWaiting   = "waiting"
	LetterReceipted = "receipted"
	LetterRefused   = "refused"
	LetterExpired   = "expired"
	LetterVoided    = "voided"
)

const letterOutColumns = `id, peer, case_id, leg_id, type, number, content, private, hash, state, created_at, expires_at, attempts,
	next_try_at, last_error, answer, answered_at, handed_at, urgent`

func scanLetterOut(rows scanner) (LetterOut, error) {
	var l LetterOut
	err := rows.Scan(letterOutFields(&l)...)
	return l, err
}

func letterOutFields(l *LetterOut) []any {
	return []any{&l.ID, &l.Peer, &l.CaseID, &l.LegID, &l.Type, &l.Number, &l.Content, &l.Private, &l.Hash, &l.State,
		moment{&l.CreatedAt}, moment{&l.ExpiresAt}, &l.Attempts, moment{&l.NextTryAt}, &l.LastError, &l.Answer, moment{&l.AnsweredAt}, moment{&l.HandedAt}, &l.Urgent}
}

// PostLetter puts a letter into the ledger, to be sent at once.
func (t *Tx) PostLetter(ctx context.Context, l LetterOut) error {
	err := t.put(ctx, "post letter", `INSERT INTO letter_out (`+letterOutColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		l.ID, l.Peer, l.CaseID, l.LegID, l.Type, l.Number, l.Content, l.Private, l.Hash, LetterWaiting, micros(l.CreatedAt),
		micros(l.ExpiresAt), 0, micros(l.CreatedAt), "", "", nil, nil, flag(l.Urgent))
	t.posted = t.posted || err == nil
	return err
}

// Due lists what may be sent to a peer now: at most so many letters, those of
// urgent legs first, then oldest first, and behind them parts of files, since an
// urgent letter never waits behind a video. Of a leg only the first letter that
// waits is listed: order per leg; on a stream all of them, because there they
// keep their order without waiting for each other's receipts. (That what waits is
// not voided goes without saying; SQLite wants it said to use the index.)
func (r *Reader) Due(ctx context.Context, peer string, now time.Time, stream bool, letters, parts int) ([]LetterOut, error) {
	const due = `SELECT ` + letterOutColumns + ` FROM letter_out o WHERE peer = $1 AND next_try_at <= $2 AND type `
	const order = ` ORDER BY next_try_at, id LIMIT $3`
	inTurn := ` AND NOT EXISTS (SELECT 1 FROM letter_out e WHERE e.leg_id = o.leg_id AND o.number > 0 AND e.number > 0
		AND e.number < o.number AND e.state = 'waiting' AND e.state <> 'voided')`
	if stream {
		inTurn = ""
	}
	var out, others, files []LetterOut
	args := []any{peer, now.UnixMicro(), letters}
	err := r.ask(ctx,
		askAll(&out, "due letters", due+`<> 'attachment' AND urgent = 1`+inTurn+order, args, scanLetterOut),
		askAll(&others, "due letters", due+`<> 'attachment' AND urgent = 0`+inTurn+order, args, scanLetterOut),
		askAll(&files, "due parts", due+`= 'attachment'`+order, []any{peer, now.UnixMicro(), parts}, scanLetterOut))
	if out = append(out, others...); len(out) >= letters {
		return out[:letters], err
	}
	return append(out, files...), err
}

// Behind lists the letters that wait behind letters of the same legs, by leg and
// in their order: at most so many.
func (r *Reader) Behind(ctx context.Context, heads []LetterOut, limit int) ([]LetterOut, error) {
	var legs []string
	number := map[string]int64{}
	for _, h := range heads {
		if h.Number > 0 {
			legs, number[h.LegID] = append(legs, h.LegID), h.Number
		}
	}
	if len(legs) == 0 {
		return nil, nil
	}
	args := padded(legs)
	n := len(args)
	args = append(args, limit)
	ls, err := all(ctx, r, "letters behind", `SELECT `+letterOutColumns+` FROM letter_out WHERE leg_id IN (`+places(1, n)+`) AND number > 0
		AND state = 'waiting' AND state <> 'voided' ORDER BY leg_id, number LIMIT `+places(n+1, 1), args, scanLetterOut)
	return slices.DeleteFunc(ls, func(l LetterOut) bool { return l.Peer != heads[0].Peer || l.Number <= number[l.LegID] }), err
}

// HandLetter records that a letter was given to a carrier whose receipts come
// later, and when it is given again without one.
func (t *Tx) HandLetter(ctx context.Context, id string, attempts int, at, next time.Time, why string) error {
	return t.put(ctx, "hand letter", `UPDATE letter_out SET handed_at = $1, attempts = $2, next_try_at = $3, last_error = $4
		WHERE id = $5 AND state = 'waiting'`, micros(at), attempts, micros(next), why, id)
}

// NextLetterAt is when the next letter to a peer may be tried; zero: none.
func (r *Reader) NextLetterAt(ctx context.Context, peer string) (time.Time, error) {
	var at time.Time
	err := r.one(ctx, "letters", `SELECT min(next_try_at) FROM letter_out WHERE peer = $1 AND next_try_at IS NOT NULL`,
		[]any{peer}, moment{&at})
	return at, err
}

// RetryLetter records a failed attempt and when to try again.
func (t *Tx) RetryLetter(ctx context.Context, id string, attempts int, next time.Time, why string) error {
	return t.put(ctx, "retry letter", `UPDATE letter_out SET attempts = $1, next_try_at = $2, last_error = $3
		WHERE id = $4 AND state = 'waiting'`, attempts, micros(next), why, id)
}

// EndLetter records how a waiting letter ended. It says whether this call was
// the one: a second receipt has no effect.
func (t *Tx) EndLetter(ctx context.Context, id, state, answer string, at time.Time) (bool, error) {
	n, err := t.exec(ctx, "end letter", endLetter, state, answer, micros(at), id)
	return n == 1, err
}

// Ended is how a letter ended: the new state, and the receipt or error.
type Ended struct{ ID, State, Answer string }

// EndWaiting is EndLetter for letters that this transaction has read and found
// waiting: someone faster is ErrStale.
func (t *Tx) EndWaiting(ctx context.Context, at time.Time, ends ...Ended) error {
	switch len(ends) {
	case 0:
		return nil
	case 1:
		return t.must(ctx, "end letter", endLetter, ends[0].State, ends[0].Answer, micros(at), ends[0].ID)
	}
	args := []any{micros(at)}
	for _, e := range ends {
		args = append(args, e.ID, e.State, e.Answer)
	}
	n, err := t.exec(ctx, "end letters", `WITH ended (id, state, answer) AS (VALUES `+rowPlaces(2, len(ends), 3)+`)
		UPDATE letter_out SET state = ended.state, answer = ended.answer, answered_at = $1, next_try_at = NULL
		FROM ended WHERE letter_out.id = ended.id AND letter_out.state = 'waiting'`, args...)
	if err == nil && n != int64(len(ends)) {
		return ErrStale
	}
	return err
}

const endLetter = `UPDATE letter_out SET state = $1, answer = $2, answered_at = $3, next_try_at = NULL WHERE id = $4 AND state = 'waiting'`

// ReviveLetter puts a refused or expired letter back to be sent, for a person
// or a late receipt; its attempts end at expires, zero: never.
func (t *Tx) ReviveLetter(ctx context.Context, id string, now, expires time.Time) error {
	return t.must(ctx, "send letter again", `UPDATE letter_out SET state = 'waiting', next_try_at = $1, expires_at = $2, attempts = 0, handed_at = NULL,
		answer = '', answered_at = NULL WHERE id = $3 AND state IN ('refused','expired')`, micros(now), micros(expires), id)
}

// HurryLetters makes waiting letters to a peer due now: those that would wait
// beyond a moment.
func (t *Tx) HurryLetters(ctx context.Context, peer string, now, beyond time.Time) error {
	err := t.put(ctx, "hurry letters", `UPDATE letter_out SET next_try_at = $1 WHERE peer = $2 AND next_try_at > $3`, micros(now), peer, micros(beyond))
	t.posted = t.posted || err == nil
	return err
}

// VoidLetter gives a letter up, so that its number can be taken by the void.
func (t *Tx) VoidLetter(ctx context.Context, id string, at time.Time) error {
	return t.must(ctx, "void letter", `UPDATE letter_out SET state = 'voided', next_try_at = NULL, answered_at = $1
		WHERE id = $2 AND state IN ('waiting','refused','expired')`, micros(at), id)
}

// CarryByHand ends the open letters of a leg that people carry: none of them
// goes by wire any more.
func (t *Tx) CarryByHand(ctx context.Context, legID, caseID string, at time.Time) error {
	return t.put(ctx, "carry letters by hand", `UPDATE letter_out SET state = 'voided', next_try_at = NULL, answered_at = $1
		WHERE case_id = $2 AND leg_id = $3 AND state IN ('waiting','refused','expired')`, micros(at), caseID, legID)
}

// LetterOut reads one letter that we send.
func (r *Reader) LetterOut(ctx context.Context, id string) (LetterOut, error) {
	var l LetterOut
	err := r.one(ctx, "letter", `SELECT `+letterOutColumns+` FROM letter_out WHERE id = $1`, []any{id}, letterOutFields(&l)...)
	return l, err
}

// LettersOutByID reads letters that we send; what is not there is left out.
func (r *Reader) LettersOutByID(ctx context.Context, ids ...string) (map[string]LetterOut, error) {
	args := padded(ids)
	ls, err := all(ctx, r, "letters", `SELECT `+letterOutColumns+` FROM letter_out WHERE id IN (`+places(1, len(args))+`)`, args, scanLetterOut)
	out := make(map[string]LetterOut, len(ls))
	for _, l := range ls {
		out[l.ID] = l
	}
	return out, err
}

// LettersOut lists letters to a peer in the order of their ids, for the links
// page and for reconciling. Of a state, or of any with "".
func (r *Reader) LettersOut(ctx context.Context, peer, state, after string, limit int) ([]LetterOut, error) {
	var w where
	w.add("peer = ?", peer)
	w.add("id > ?", after)
	if state != "" {
		w.add("state = ?", state)
	}
	if state == LetterWaiting || state == LetterRefused || state == LetterExpired {
		w.add(openLetters)
	}
	return all(ctx, r, "letters", `SELECT `+letterOutColumns+` FROM letter_out`+w.sql()+` ORDER BY id LIMIT `+w.place(limit), w.args, scanLetterOut)
}

// openLetters is the condition of the index letter_out_open, word for word.
const openLetters = `state IN ('waiting','refused','expired')`

// StuckLetters lists letters to a peer that wait after at least one failed
// attempt, or were refused or gave up, oldest first.
func (r *Reader) StuckLetters(ctx context.Context, peer string, limit int) ([]LetterOut, error) {
	return all(ctx, r, "stuck letters", `SELECT `+letterOutColumns+` FROM letter_out WHERE peer = $1 AND `+openLetters+`
		AND (state <> 'waiting' OR attempts > 0) ORDER BY id LIMIT $2`, []any{peer, limit}, scanLetterOut)
}

// Traffic is how the letters to a peer fare.
type Traffic struct {
	Waiting int       // on their way
	Retried int       // of these, tried in vain at least once
	Tries   int64     // in vain, of all that are on their way
	Oldest  time.Time // when the oldest of them was written; zero: there is none
	Refused int       // refused or given up by the clock: a person has not dealt with them
}

// Traffic counts the open letters to a peer.
func (r *Reader) Traffic(ctx context.Context, peer string) (t Traffic, err error) {
	err = r.one(ctx, "letters", `SELECT COALESCE(SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state = 'waiting' AND attempts > 0 THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state = 'waiting' THEN attempts ELSE 0 END), 0),
		MIN(CASE WHEN state = 'waiting' THEN created_at END),
		COALESCE(SUM(CASE WHEN state = 'waiting' THEN 0 ELSE 1 END), 0)
		FROM letter_out WHERE peer = $1 AND `+openLetters, []any{peer}, &t.Waiting, &t.Retried, &t.Tries, moment{&t.Oldest}, &t.Refused)
	return t, err
}

// ReplayLetters puts receipted letters to a peer back to be sent: those of a
// leg from a number on, or with no leg all that were written since a moment.
// They never expire then: the peer had them once. It says how many.
func (t *Tx) ReplayLetters(ctx context.Context, peer, legID string, number int64, since, now time.Time) (int64, error) {
	q := `UPDATE letter_out SET state = 'waiting', next_try_at = $1, attempts = 0, handed_at = NULL, expires_at = NULL
		WHERE peer = $2 AND state = 'receipted' AND number > 0 AND `
	cond, args := `created_at >= $3`, []any{micros(now), peer, micros(since)}
	if legID != "" {
		cond, args = `leg_id = $3 AND number >= $4`, []any{micros(now), peer, legID, number}
	}
	n, err := t.exec(ctx, "replay letters", q+cond, args...)
	t.posted = t.posted || err == nil
	return n, err
}

// PartsReceipted lists the parts of files that a peer has receipted since a
// moment.
func (r *Reader) PartsReceipted(ctx context.Context, peer string, since time.Time) ([]LetterOut, error) {
	return all(ctx, r, "parts", `SELECT `+letterOutColumns+` FROM letter_out WHERE peer = $1 AND type = 'attachment' AND state = 'receipted'
		AND answered_at >= $2 ORDER BY id`, []any{peer, since.UnixMicro()}, scanLetterOut)
}

// ReplayPart puts a receipted part back to be sent.
func (t *Tx) ReplayPart(ctx context.Context, id string, now time.Time) error {
	err := t.must(ctx, "replay part", `UPDATE letter_out SET state = 'waiting', next_try_at = $1, expires_at = $1 + expires_at - created_at, attempts = 0, handed_at = NULL,
		answer = '', answered_at = NULL WHERE id = $2 AND state = 'receipted'`, micros(now), id)
	t.posted = t.posted || err == nil
	return err
}

// LettersOutOfCase lists the letters of a case that we sent.
func (r *Reader) LettersOutOfCase(ctx context.Context, caseID string) ([]LetterOut, error) {
	return all(ctx, r, "letters", `SELECT `+letterOutColumns+` FROM letter_out WHERE case_id = $1 ORDER BY id`, []any{caseID}, scanLetterOut)
}

// LetterIn is a letter that we received, stored before it was answered.
type LetterIn struct {
	ID         string
	Peer       string
	CaseID     string
	LegID      string
	Type       string
	Number     int64
	Content    string
	Sealed     string // as received, JSON; empty after erasure
	Signature  string // as received, JSON
	Hash       string
	State      string // applied, waiting, refused, voided
	ReceivedAt time.Time
	Error      string // code and detail of a refusal
}

// States of a letter that we received, beside those above.
const LetterApplied = "applied"

const letterInColumns = `id, peer, case_id, leg_id, type, number, content, COALESCE(sealed, ''), signature, hash, state, received_at, error`

func scanLetterIn(rows scanner) (LetterIn, error) {
	var l LetterIn
	err := rows.Scan(letterInFields(&l)...)
	return l, err
}

func letterInFields(l *LetterIn) []any {
	return []any{&l.ID, &l.Peer, &l.CaseID, &l.LegID, &l.Type, &l.Number, &l.Content, &l.Sealed, &l.Signature, &l.Hash, &l.State,
		moment{&l.ReceivedAt}, &l.Error}
}

// KeepLetter stores received letters. One with the same id or the same number in
// its leg is IsDuplicate.
func (t *Tx) KeepLetter(ctx context.Context, ls ...LetterIn) error {
	if len(ls) == 0 {
		return nil
	}
	args := make([]any, 0, 13*len(ls))
	for _, l := range ls {
		args = append(args, l.ID, l.Peer, l.CaseID, l.LegID, l.Type, l.Number, l.Content, l.Sealed, l.Signature, l.Hash, l.State, micros(l.ReceivedAt), l.Error)
	}
	return t.put(ctx, "keep letters", `INSERT INTO letter_in (id, peer, case_id, leg_id, type, number, content, sealed, signature, hash,
		state, received_at, error) VALUES `+rowPlaces(1, len(ls), 13), args...)
}

// MarkLetterIn changes the state of a received letter that waited.
func (t *Tx) MarkLetterIn(ctx context.Context, id, state, caseID, why string) error {
	return t.must(ctx, "mark letter", `UPDATE letter_in SET state = $1, case_id = $2, error = $3 WHERE id = $4 AND state = 'waiting'`,
		state, caseID, why, id)
}

// LetterIn reads one received letter.
func (r *Reader) LetterIn(ctx context.Context, id string) (LetterIn, error) {
	var l LetterIn
	err := r.one(ctx, "letter", `SELECT `+letterInColumns+` FROM letter_in WHERE id = $1`, []any{id}, letterInFields(&l)...)
	return l, err
}

// WaitingLetter reads the received letter with a number in a leg that waits for
// the one before it; nil: none.
func (r *Reader) WaitingLetter(ctx context.Context, legID string, number int64) (*LetterIn, error) {
	ls, err := all(ctx, r, "letter", `SELECT `+letterInColumns+` FROM letter_in WHERE leg_id = $1 AND number = $2 AND number > 0
		AND state = 'waiting'`, []any{legID, number}, scanLetterIn)
	return first(ls), err
}

// Arrival is what is known when letters arrive; a nil part is not there.
type Arrival struct {
	Same     *LetterIn // with the id of the first
	Numbered *LetterIn // with the number of one of them in their leg
	Next     *LetterIn // that waits for the last
	Leg      *LegRow
}

// Arrival reads what is known of n letters of a leg with numbers in a row, by
// their leg, the id of the first and its number.
func (r *Reader) Arrival(ctx context.Context, id, legID string, number, n int64) (Arrival, error) {
	var same, numbered []LetterIn
	var legs []LegRow
	err := r.ask(ctx,
		askAll(&same, "letter", `SELECT `+letterInColumns+` FROM letter_in WHERE id = $1`, []any{id}, scanLetterIn),
		askAll(&numbered, "letter", `SELECT `+letterInColumns+` FROM letter_in WHERE leg_id = $1 AND number BETWEEN $2 AND $3 AND number > 0`,
			[]any{legID, number, number + n}, scanLetterIn),
		askAll(&legs, "leg", `SELECT `+legColumns+` FROM leg WHERE id = $1`, []any{legID}, scanLeg))
	a := Arrival{Same: first(same), Leg: first(legs)}
	for i, l := range numbered {
		switch {
		case l.Number < number+n:
			a.Numbered = &numbered[i]
		case number > 0 && l.State == LetterWaiting:
			a.Next = &numbered[i]
		}
	}
	return a, err
}

// first is the first row of a list, nil of an empty one.
func first[T any](rows []T) *T {
	if len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

// LettersIn lists letters of a peer in the order of their ids, for reconciling.
func (r *Reader) LettersIn(ctx context.Context, peer, after string, limit int) ([]LetterIn, error) {
	return all(ctx, r, "letters", `SELECT `+letterInColumns+` FROM letter_in WHERE peer = $1 AND id > $2 ORDER BY id LIMIT $3`,
		[]any{peer, after, limit}, scanLetterIn)
}

// RefusedLetters lists received letters of a peer that were refused or wait
// for an earlier number, newest first.
func (r *Reader) RefusedLetters(ctx context.Context, peer string, limit int) ([]LetterIn, error) {
	return all(ctx, r, "letters", `SELECT `+letterInColumns+` FROM letter_in WHERE peer = $1 AND state IN ('refused','waiting')
		ORDER BY id DESC LIMIT $2`, []any{peer, limit}, scanLetterIn)
}

// LettersInOfCase lists the received letters of a case.
func (r *Reader) LettersInOfCase(ctx context.Context, caseID string) ([]LetterIn, error) {
	return all(ctx, r, "letters", `SELECT `+letterInColumns+` FROM letter_in WHERE case_id = $1 ORDER BY id`, []any{caseID}, scanLetterIn)
}

// Refusal is something a door would not take, kept for a person to see.
type Refusal struct {
	ID     string
	At     time.Time
	Door   string // letter, api, page
	Peer   string
	Code   string
	Detail string
	Letter string // its id, where it could be read
	Raw    []byte // as it came, cut at RawMost; sealed parts stay sealed
	Urgent bool
	SeenAt time.Time
}

// RawMost is how much of a refused letter is kept: 64 KiB.
const RawMost = 64 << 10

const refusalsMost = 1000 // unseen ones kept for each peer

// AddRefusal keeps a refusal. The same letter refused again for the same
// reason is kept once; beyond refusalsMost unseen ones of a peer nothing is
// added, so that a broken peer cannot fill the disk.
func (t *Tx) AddRefusal(ctx context.Context, f Refusal) (bool, error) {
	n, err := t.exec(ctx, "keep refusal", `INSERT INTO refusal (id, at, door, peer, code, detail, letter, raw, urgent)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
		WHERE NOT EXISTS (SELECT 1 FROM refusal WHERE seen_at IS NULL AND peer = $4 AND letter = $7 AND letter <> '' AND code = $5)
		AND (SELECT count(*) FROM refusal WHERE seen_at IS NULL AND peer = $4) < $10`,
		f.ID, micros(f.At), f.Door, f.Peer, f.Code, f.Detail, f.Letter, f.Raw, flag(f.Urgent), refusalsMost)
	return n == 1, err
}

// UrgentRefusals counts what was refused from a peer ("" unknown senders),
// called itself urgent, and was not seen by anybody yet.
func (r *Reader) UrgentRefusals(ctx context.Context, peer string) (n int, err error) {
	err = r.one(ctx, "refusal", `SELECT count(*) FROM refusal WHERE seen_at IS NULL AND peer = $1 AND urgent = 1`, []any{peer}, &n)
	return n, err
}

// Refusals lists what was refused from a peer ("" unknown senders) and nobody
// has seen yet, urgent ones first.
func (r *Reader) Refusals(ctx context.Context, peer string, limit int) ([]Refusal, error) {
	return all(ctx, r, "refusals", `SELECT id, at, door, peer, code, detail, letter, raw, urgent, seen_at FROM refusal
		WHERE seen_at IS NULL AND peer = $1 ORDER BY urgent DESC, id DESC LIMIT $2`, []any{peer, limit}, func(rows scanner) (f Refusal, err error) {
		err = rows.Scan(&f.ID, moment{&f.At}, &f.Door, &f.Peer, &f.Code, &f.Detail, &f.Letter, &f.Raw, &f.Urgent, moment{&f.SeenAt})
		return f, err
	})
}

// SeeRefusal records that a person has seen a refusal.
func (t *Tx) SeeRefusal(ctx context.Context, id string, at time.Time) error {
	n, err := t.exec(ctx, "see refusal", `UPDATE refusal SET seen_at = $1 WHERE id = $2 AND seen_at IS NULL`, micros(at), id)
	if err == nil && n == 0 {
		return hotline.Errorf(hotline.NotFound, "refusal_not_found", "")
	}
	return err
}
