package store

import (
	"context"
	"time"
)

// TreeHead is a signed head of this node's log of events.
type TreeHead struct {
	Hour  int64 // since 1970: of each hour the last head is kept
	Size  int64
	Root  []byte
	Epoch int64
	At    time.Time
	Note  string // as signed
}

const headColumns = `hour, size, root, epoch, at, note`

// Head is the newest head of the log; NotFound where nothing was signed yet.
func (r *Reader) Head(ctx context.Context) (TreeHead, error) {
	var h TreeHead
	err := r.one(ctx, "head", `SELECT `+headColumns+` FROM tree_head ORDER BY size DESC LIMIT 1`, nil,
		&h.Hour, &h.Size, &h.Root, &h.Epoch, moment{&h.At}, &h.Note)
	return h, err
}

// HeadNote is a signed head with its time-stamp, where it has one.
type HeadNote struct {
	Size  int64
	Note  string
	Stamp []byte // DER, RFC 3161
}

// Heads lists the kept and the stamped heads over more than a size, the smallest
// first.
func (r *Reader) Heads(ctx context.Context, after int64, limit int) ([]HeadNote, error) {
	return all(ctx, r, "heads", `SELECT h.size, h.note, s.token FROM tree_head h LEFT JOIN tree_stamp s ON s.size = h.size WHERE h.size > $1
		UNION ALL SELECT s.size, s.note, s.token FROM tree_stamp s WHERE s.size > $1 AND NOT EXISTS (SELECT 1 FROM tree_head h WHERE h.size = s.size)
		ORDER BY 1 LIMIT $2`, []any{after, limit}, scanHeadNote)
}

// LastStamped is the stamped head over the longest log; nil: there is none.
func (r *Reader) LastStamped(ctx context.Context) (*HeadNote, error) {
	hs, err := all(ctx, r, "time-stamps", `SELECT size, note, token FROM tree_stamp ORDER BY size DESC LIMIT 1`, nil, scanHeadNote)
	return first(hs), err
}

func scanHeadNote(rows scanner) (h HeadNote, err error) {
	err = rows.Scan(&h.Size, &h.Note, &h.Stamp)
	return h, err
}

// PutStamp keeps a time-stamp over a head, which has one; at is the authority's
// time.
func (t *Tx) PutStamp(ctx context.Context, h HeadNote, at time.Time) error {
	return t.put(ctx, "keep time-stamp", `INSERT INTO tree_stamp (size, note, token, at) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING`,
		h.Size, h.Note, h.Stamp, micros(at))
}

// LastStampAt is when an authority last stamped a head, by its time; zero: never.
func (r *Reader) LastStampAt(ctx context.Context) (at time.Time, err error) {
	err = r.one(ctx, "head", `SELECT max(at) FROM tree_stamp`, nil, moment{&at})
	return at, err
}

// PutHead keeps a head in the place of the one before of the same hour.
func (t *Tx) PutHead(ctx context.Context, h TreeHead) error {
	return t.put(ctx, "keep head", `INSERT INTO tree_head (hour, size, root, epoch, at, note) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (hour) DO UPDATE SET size = excluded.size, root = excluded.root, epoch = excluded.epoch, at = excluded.at, note = excluded.note`,
		h.Hour, h.Size, h.Root, h.Epoch, micros(h.At), h.Note)
}

// LastIndexOf is the place in the tree of a case's last event that has one; -1:
// none has.
func (r *Reader) LastIndexOf(ctx context.Context, caseID string) (index int64, err error) {
	err = r.one(ctx, "head", `SELECT COALESCE(max(leaf_index), -1) FROM event WHERE case_id = $1`, []any{caseID}, &index)
	return index, err
}

// Tile is a tile of the tree: hashes of 32 bytes, one after another; empty
// where there is none.
func (r *Reader) Tile(ctx context.Context, level int, index int64) ([]byte, error) {
	found, err := all(ctx, r, "tile", `SELECT hashes FROM tree_tile WHERE level = $1 AND at = $2`, []any{level, index},
		func(rows scanner) (b []byte, err error) {
			err = rows.Scan(&b)
			return b, err
		})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// PutTile writes a tile, new or grown.
func (t *Tx) PutTile(ctx context.Context, level int, index int64, hashes []byte) error {
	return t.put(ctx, "write tile", `INSERT INTO tree_tile (level, at, hashes) VALUES ($1, $2, $3)
		ON CONFLICT (level, at) DO UPDATE SET hashes = excluded.hashes`, level, index, hashes)
}

// Unplaced lists events that have no place in the tree yet, oldest first.
func (r *Reader) Unplaced(ctx context.Context, limit int) ([]Event, error) {
	return all(ctx, r, "events", `SELECT id, leaf FROM event WHERE leaf_index IS NULL ORDER BY id LIMIT $1`, []any{limit},
		func(rows scanner) (e Event, err error) {
			var leaf []byte
			err = rows.Scan(&e.ID, &leaf)
			copy(e.Leaf[:], leaf)
			return e, err
		})
}

// IndexEvents gives events their places in the tree, one after another from
// first. One that has a place already is ErrStale.
func (t *Tx) IndexEvents(ctx context.Context, first int64, es []Event) error {
	for i, e := range es {
		err := t.must(ctx, "index event", `UPDATE event SET leaf_index = $1 WHERE id = $2 AND leaf_index IS NULL`, first+int64(i), e.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// LoggedEvent is an event with its place in the tree.
type LoggedEvent struct {
	Event
	Index int64 // -1: it has none yet
}

const loggedColumns = eventColumns + `, COALESCE(leaf_index, -1)`

func scanLogged(rows scanner) (LoggedEvent, error) {
	var e LoggedEvent
	var leaf []byte
	err := rows.Scan(&e.ID, &e.CaseID, &e.LegID, moment{&e.At}, &e.Kind, &e.Platform, &e.ActorID, &e.ActorName, &e.ActorRole,
		&e.Body, &e.Note, &e.Commitment, &leaf, &e.Index)
	copy(e.Leaf[:], leaf)
	return e, err
}

// LoggedOf lists the events of a case with their places, oldest first.
func (r *Reader) LoggedOf(ctx context.Context, caseID, after string, limit int) ([]LoggedEvent, error) {
	return all(ctx, r, "events", `SELECT `+loggedColumns+` FROM event WHERE case_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
		[]any{caseID, after, limit}, scanLogged)
}

// LoggedFrom lists events in the order of the tree, from an index on.
func (r *Reader) LoggedFrom(ctx context.Context, index int64, limit int) ([]LoggedEvent, error) {
	return all(ctx, r, "events", `SELECT `+loggedColumns+` FROM event WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2`,
		[]any{index, limit}, scanLogged)
}

// PeerHead is what a node knows of a peer's log, and the peer of ours.
type PeerHead struct {
	Peer     string
	Size     int64  // of the last head that fitted
	Note     string // that head, as signed
	HeardAt  time.Time
	Theirs   int64 // size of our head that the peer said it holds
	SentSize int64 // of our head, when we last wrote
	SentSeen int64 // of its head, when we last wrote
	SentAt   time.Time

	// UnprovenAt is since when the peer's log is not the one that we knew; Other
	// is the head that shows it, until a person has dealt with it.
	UnprovenAt time.Time
	Unproven   string // why: a verdict
	Other      string
}

const peerHeadColumns = `peer, size, note, heard_at, theirs, sent_size, sent_seen, sent_at, unproven_at, unproven, other`

func scanPeerHead(rows scanner) (PeerHead, error) {
	var p PeerHead
	err := rows.Scan(&p.Peer, &p.Size, &p.Note, moment{&p.HeardAt}, &p.Theirs, &p.SentSize, &p.SentSeen, moment{&p.SentAt},
		moment{&p.UnprovenAt}, &p.Unproven, &p.Other)
	return p, err
}

// PeerHead is what is known of a peer; empty where nothing is.
func (r *Reader) PeerHead(ctx context.Context, peer string) (PeerHead, error) {
	found, err := all(ctx, r, "peer head", `SELECT `+peerHeadColumns+` FROM peer_head WHERE peer = $1`, []any{peer}, scanPeerHead)
	if err != nil || len(found) == 0 {
		return PeerHead{Peer: peer}, err
	}
	return found[0], nil
}

// HearHead keeps what a peer's head letter told.
func (t *Tx) HearHead(ctx context.Context, p PeerHead) error {
	return t.put(ctx, "keep peer head", `INSERT INTO peer_head (`+peerHeadColumns+`) VALUES ($1, $2, $3, $4, $5, 0, 0, NULL, $6, $7, $8)
		ON CONFLICT (peer) DO UPDATE SET size = excluded.size, note = excluded.note, heard_at = excluded.heard_at, theirs = excluded.theirs,
		unproven_at = excluded.unproven_at, unproven = excluded.unproven, other = excluded.other`,
		p.Peer, p.Size, p.Note, micros(p.HeardAt), p.Theirs, micros(p.UnprovenAt), p.Unproven, p.Other)
}

// SentHead notes what we wrote to a peer of our head.
func (t *Tx) SentHead(ctx context.Context, peer string, size, seen int64, at time.Time) error {
	return t.put(ctx, "note sent head", `INSERT INTO peer_head (`+peerHeadColumns+`) VALUES ($1, 0, '', NULL, 0, $2, $3, $4, NULL, '', '')
		ON CONFLICT (peer) DO UPDATE SET sent_size = excluded.sent_size, sent_seen = excluded.sent_seen, sent_at = excluded.sent_at`,
		peer, size, seen, micros(at))
}

// WaitingOf lists the letters of a type that wait for a peer, without their
// order in legs: those that have no number.
func (r *Reader) WaitingOf(ctx context.Context, peer, typ string) ([]LetterOut, error) {
	return all(ctx, r, "letters", `SELECT `+letterOutColumns+` FROM letter_out WHERE peer = $1 AND `+openLetters+`
		AND state = 'waiting' AND type = $2 AND number = 0 ORDER BY id`, []any{peer, typ}, scanLetterOut)
}

// DropLetters takes letters to a peer of a type out of the ledger: those that
// the next of its type says better.
func (t *Tx) DropLetters(ctx context.Context, peer, typ string) error {
	return t.put(ctx, "drop letters", `DELETE FROM letter_out WHERE peer = $1 AND type = $2 AND number = 0`, peer, typ)
}
