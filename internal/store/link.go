package store

import (
	"context"
	"time"
)

// Node is this platform as its database knows it.
type Node struct {
	Platform  string // code, e.g. 540000-12345
	Line      string // "12345", "110", …
	Name      string
	Region    string
	Epoch     int64 // raised when the database was put back from a backup
	CreatedAt time.Time
	// RestoredTo is the last moment that the backup knew; zero where none was
	// put back.
	RestoredTo time.Time
}

// Node reads who this database belongs to; NotFound before the first start.
func (r *Reader) Node(ctx context.Context) (Node, error) {
	var n Node
	err := r.one(ctx, "node", `SELECT platform, line, name, region, epoch, created_at, restored_to FROM node WHERE one = 1`, nil,
		&n.Platform, &n.Line, &n.Name, &n.Region, &n.Epoch, moment{&n.CreatedAt}, moment{&n.RestoredTo})
	return n, err
}

// AddNode writes the node's row at its first start.
func (t *Tx) AddNode(ctx context.Context, n Node) error {
	return t.put(ctx, "add node", `INSERT INTO node (one, platform, line, name, region, epoch, created_at) VALUES (1, $1, $2, $3, $4, $5, $6)`,
		n.Platform, n.Line, n.Name, n.Region, n.Epoch, micros(n.CreatedAt))
}

// RaiseEpoch notes that the database was put back from a backup, which knew
// what happened until a moment.
func (t *Tx) RaiseEpoch(ctx context.Context, to time.Time) error {
	return t.must(ctx, "raise epoch", `UPDATE node SET epoch = epoch + 1, restored_to = $1 WHERE one = 1`, micros(to))
}

// Link is a configured pair of platforms (对接).
type Link struct {
	Peer      string // platform code
	ID        string // the same at both ends
	Line      string
	Name      string
	Region    string
	URL       string // where its letters go; "" it cannot be called
	Phone     string // shown when a machine does not answer
	Keys      string // its public keys, JSON
	Carrier   string
	Settings  string // of the carrier, JSON object of texts; "" none
	Suite     string // what we sign by on this link; "" the default
	ToldKeys  string // fingerprint of our key document that the peer has; "" not noted
	ToldKid   string // our signing key that it knows
	Active    bool
	CreatedAt time.Time
	HeardAt   time.Time // last authentic answer or letter
	StuckAt   time.Time // since when it does not answer; zero: it does
	Trouble   string
}

// ManualCarrier is the carrier of a platform that is not connected: people hand
// cases over, and enter what the other side says.
const ManualCarrier = "manual"

const linkColumns = `peer, id, line, name, region, url, phone, keys, carrier, settings, suite, told_keys, told_kid, active, created_at, heard_at, stuck_at, trouble`

func scanLink(rows scanner) (Link, error) {
	var l Link
	err := rows.Scan(&l.Peer, &l.ID, &l.Line, &l.Name, &l.Region, &l.URL, &l.Phone, &l.Keys, &l.Carrier, &l.Settings, &l.Suite, &l.ToldKeys, &l.ToldKid, &l.Active,
		moment{&l.CreatedAt}, moment{&l.HeardAt}, moment{&l.StuckAt}, &l.Trouble)
	return l, err
}

// Links lists all links.
func (r *Reader) Links(ctx context.Context) ([]Link, error) {
	return all(ctx, r, "links", `SELECT `+linkColumns+` FROM link ORDER BY peer`, nil, scanLink)
}

// PutLink writes a link, new or changed. What the node itself notes of it
// (heard, stuck) stays.
func (t *Tx) PutLink(ctx context.Context, l Link) error {
	n, err := t.exec(ctx, "change link", `UPDATE link SET id = $1, line = $2, name = $3, region = $4, url = $5, phone = $6, keys = $7,
		carrier = $8, active = $9, settings = $10, suite = $11 WHERE peer = $12`,
		l.ID, l.Line, l.Name, l.Region, l.URL, l.Phone, l.Keys, l.Carrier, flag(l.Active), l.Settings, l.Suite, l.Peer)
	if err != nil || n == 1 {
		return err
	}
	return t.put(ctx, "add link", `INSERT INTO link (peer, id, line, name, region, url, phone, keys, carrier, active, created_at, settings, suite, told_keys, told_kid)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		l.Peer, l.ID, l.Line, l.Name, l.Region, l.URL, l.Phone, l.Keys, l.Carrier, flag(l.Active), micros(l.CreatedAt), l.Settings, l.Suite, l.ToldKeys, l.ToldKid)
}

// TellKeys notes which key document of ours a peer has, and our key in it.
func (t *Tx) TellKeys(ctx context.Context, peer, fingerprint, keyID string) error {
	return t.put(ctx, "note told keys", `UPDATE link SET told_keys = $1, told_kid = $2 WHERE peer = $3`, fingerprint, keyID, peer)
}

// SetPeerKeys writes the key document that a peer announced.
func (t *Tx) SetPeerKeys(ctx context.Context, peer, keys string) error {
	return t.must(ctx, "change peer keys", `UPDATE link SET keys = $1 WHERE peer = $2`, keys, peer)
}

// HeardLink records that a peer answered. It says whether the link was stuck.
func (t *Tx) HeardLink(ctx context.Context, peer string, at time.Time) (wasStuck bool, err error) {
	n, err := t.exec(ctx, "heard link", `UPDATE link SET heard_at = $1, stuck_at = NULL, trouble = '' WHERE peer = $2 AND stuck_at IS NOT NULL`,
		micros(at), peer)
	if err != nil || n == 1 {
		return n == 1, err
	}
	err = t.put(ctx, "heard link", `UPDATE link SET heard_at = $1 WHERE peer = $2 AND (heard_at IS NULL OR heard_at < $3)`,
		micros(at), peer, at.Add(-10*time.Second).UnixMicro()) // not a write for every letter
	return false, err
}

// StuckLink records that a peer does not answer. It says whether that is new.
func (t *Tx) StuckLink(ctx context.Context, peer string, at time.Time, why string) (bool, error) {
	n, err := t.exec(ctx, "stuck link", `UPDATE link SET stuck_at = $1, trouble = $2 WHERE peer = $3 AND stuck_at IS NULL`, micros(at), why, peer)
	return n == 1, err
}

// Document is a version of data that people may read whole: catalogue,
// directory.
type Document struct {
	Kind, Version, EffectiveFrom, Content string
	LoadedAt                              time.Time
	ByName, Basis                         string // who published it and on what ground; "" for what the program brought
	Tested                                string // what its trial on past cases said, JSON; "" it was not tried
}

// Document reads one version.
func (r *Reader) Document(ctx context.Context, kind, version string) (Document, error) {
	d := Document{Kind: kind, Version: version}
	err := r.one(ctx, kind, `SELECT effective_from, content, loaded_at, by_name, basis, tested FROM document WHERE kind = $1 AND version = $2`,
		[]any{kind, version}, &d.EffectiveFrom, &d.Content, moment{&d.LoadedAt}, &d.ByName, &d.Basis, &d.Tested)
	return d, err
}

// Versions lists the versions of a kind, without content, the one in force on
// a day (YYYY-MM-DD) first.
func (r *Reader) Versions(ctx context.Context, kind, day string) ([]Document, error) {
	return all(ctx, r, kind, `SELECT version, effective_from, loaded_at, by_name, basis FROM document WHERE kind = $1
		ORDER BY CASE WHEN effective_from <= $2 THEN 0 ELSE 1 END, effective_from DESC, loaded_at DESC`, []any{kind, day},
		func(rows scanner) (Document, error) {
			d := Document{Kind: kind}
			err := rows.Scan(&d.Version, &d.EffectiveFrom, moment{&d.LoadedAt}, &d.ByName, &d.Basis)
			return d, err
		})
}

// AddDocument writes a version; versions are never changed.
func (t *Tx) AddDocument(ctx context.Context, d Document) error {
	return t.put(ctx, "add "+d.Kind, `INSERT INTO document (kind, version, effective_from, content, loaded_at, by_name, basis, tested)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Kind, d.Version, d.EffectiveFrom, d.Content, micros(d.LoadedAt), d.ByName, d.Basis, d.Tested)
}

// TakeLease takes or renews a named lease until a moment. It says whether this
// holder has it. Two who take a lease that never was at the same moment are
// told apart by running the transaction of one again. One that lasts ten times
// as long as is asked for was taken by a clock that has been set back since.
func (t *Tx) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	n, err := t.exec(ctx, "take lease", `UPDATE lease SET holder = $1, until = $2 WHERE name = $3 AND (holder = $1 OR until < $4 OR until > $5)`,
		holder, micros(until), name, now.UnixMicro(), now.Add(10*until.Sub(now)).UnixMicro())
	if err != nil || n == 1 {
		return n == 1, err
	}
	n, err = t.exec(ctx, "take lease", `INSERT INTO lease (name, holder, until) SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM lease WHERE name = $1)`,
		name, holder, micros(until))
	if IsDuplicate(err) { // another process took it this moment; PostgreSQL refuses the rest of the transaction
		return false, ErrStale
	}
	return n == 1, err
}

// Dispute is a visible quarrel over who owns a case.
type Dispute struct {
	ID, CaseID, LegID, Item, Cause string
	OpenedAt, ClosedAt             time.Time
}

// AddDispute opens a dispute.
func (t *Tx) AddDispute(ctx context.Context, d Dispute) error {
	return t.put(ctx, "open dispute", `INSERT INTO dispute (id, case_id, leg_id, item, cause, opened_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		d.ID, d.CaseID, d.LegID, d.Item, d.Cause, micros(d.OpenedAt))
}

// CloseDisputes ends the open disputes of a case.
func (t *Tx) CloseDisputes(ctx context.Context, caseID string, at time.Time) error {
	return t.put(ctx, "close disputes", `UPDATE dispute SET closed_at = $1 WHERE case_id = $2 AND closed_at IS NULL`, micros(at), caseID)
}

// Disputes lists the disputes of a case.
func (r *Reader) Disputes(ctx context.Context, caseID string) ([]Dispute, error) {
	return all(ctx, r, "disputes", `SELECT id, case_id, leg_id, item, cause, opened_at, closed_at FROM dispute WHERE case_id = $1 ORDER BY id`,
		[]any{caseID}, func(rows scanner) (d Dispute, err error) {
			err = rows.Scan(&d.ID, &d.CaseID, &d.LegID, &d.Item, &d.Cause, moment{&d.OpenedAt}, moment{&d.ClosedAt})
			return d, err
		})
}
