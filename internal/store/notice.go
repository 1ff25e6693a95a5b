package store

import (
	"context"
	"time"
)

// Notice is what a rung of a ladder tells a circle of people (通知): those of a
// unit or, with Unit "", those at the desk. It names nobody of the case.
type Notice struct {
	ID, CaseID, LegID, ClockID string
	Unit, Region               string
	Rung, Clock                string // names of the rung and of the kind of clock
	Number                     string // of the case, "" it has none
	Item                       string // item or class of the matter; "" not told
	Urgent                     bool
	DueAt, MadeAt              time.Time
	Done                       bool // the clock has stopped meanwhile; read only
}

const noticeColumns = `id, case_id, leg_id, clock_id, unit, region, rung, clock, number, item, urgent, due_at, made_at`

// noticesSeen are their columns with whether their clocks have stopped, of
// noticesRead.
const (
	noticesSeen = `n.id, n.case_id, n.leg_id, n.clock_id, n.unit, n.region, n.rung, n.clock, n.number, n.item, n.urgent, n.due_at, n.made_at,
	CASE WHEN c.stopped_at IS NULL THEN 0 ELSE 1 END`
	noticesRead = `notice n LEFT JOIN clock c ON c.id = n.clock_id`
)

func noticeFields(n *Notice) []any {
	return []any{&n.ID, &n.CaseID, &n.LegID, &n.ClockID, &n.Unit, &n.Region, &n.Rung, &n.Clock, &n.Number, &n.Item, &n.Urgent, moment{&n.DueAt}, moment{&n.MadeAt}, &n.Done}
}

// AddNotice keeps a notice: from then on it is on the screens of its circle.
func (t *Tx) AddNotice(ctx context.Context, n Notice) error {
	return t.put(ctx, "add notice", `INSERT INTO notice (`+noticeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		n.ID, n.CaseID, n.LegID, n.ClockID, n.Unit, n.Region, n.Rung, n.Clock, n.Number, n.Item, flag(n.Urgent), micros(n.DueAt), micros(n.MadeAt))
}

// circle are the notices of a unit, or of the desk in some regions.
func (see Sight) circle() (w where) {
	w.add("n.unit = ?", see.Unit)
	if see.Unit == "" && see.Regions != nil {
		w.in("n.region", see.Regions)
	}
	return w
}

// Notices lists those of a circle that were made before a moment, the newest
// first; the zero moment is no bound.
func (r *Reader) Notices(ctx context.Context, see Sight, before time.Time, limit int) ([]Notice, error) {
	w := see.circle()
	if !before.IsZero() {
		w.add("n.made_at < ?", before.UnixMicro())
	}
	return all(ctx, r, "notices", `SELECT `+noticesSeen+` FROM `+noticesRead+w.sql()+` ORDER BY n.made_at DESC, n.id DESC LIMIT `+w.place(limit), w.args, func(rows scanner) (n Notice, err error) {
		err = rows.Scan(noticeFields(&n)...)
		return n, err
	})
}

// UnreadNotices counts those of a circle that a person has not seen, up to a
// limit.
func (r *Reader) UnreadNotices(ctx context.Context, see Sight, personID string, limit int) (n int, err error) {
	w := see.circle()
	w.add("n.made_at > COALESCE((SELECT seen_at FROM notice_seen WHERE person_id = ?), 0)", personID)
	err = r.one(ctx, "notice", `SELECT COUNT(*) FROM (SELECT 1 FROM notice n`+w.sql()+` LIMIT `+w.place(limit)+`) AS few`, w.args, &n)
	return n, err
}

// SeeNotices records that a person has seen what there is up to a moment.
func (t *Tx) SeeNotices(ctx context.Context, personID string, at time.Time) error {
	return t.put(ctx, "see notices", `INSERT INTO notice_seen (person_id, seen_at) VALUES ($1, $2) ON CONFLICT (person_id) DO UPDATE SET seen_at = excluded.seen_at`,
		personID, micros(at))
}

// States of a recipient.
const (
	RecipientActive  = "active"
	RecipientStopped = "stopped"
	RecipientRemoved = "removed" // its address is gone, its name stays in the log
)

// NoticeRecipient is where notices go beside the screen. Its address is sealed.
type NoticeRecipient struct {
	ID, Name            string
	Unit                string // whose notices; "" the desk's
	Channel             string
	WrappedKey, Address []byte
	Rung                string // the lowest rung that it is told of
	Quiet               string // part of the day in which nothing that is not urgent goes to it
	Language            string
	State               string
	CreatedAt, ToldAt   time.Time // ToldAt: the last message that was not urgent went
}

const recipientColumns = `id, name, unit, channel, wrapped_key, address, rung, quiet, language, state, created_at, told_at`

func recipientFields(p *NoticeRecipient) []any {
	return []any{&p.ID, &p.Name, &p.Unit, &p.Channel, &p.WrappedKey, &p.Address, &p.Rung, &p.Quiet, &p.Language, &p.State, moment{&p.CreatedAt}, moment{&p.ToldAt}}
}

func scanRecipient(rows scanner) (p NoticeRecipient, err error) {
	err = rows.Scan(recipientFields(&p)...)
	return p, err
}

// AddNoticeRecipient adds a recipient.
func (t *Tx) AddNoticeRecipient(ctx context.Context, p NoticeRecipient) error {
	return t.put(ctx, "add recipient", `INSERT INTO notice_recipient (`+recipientColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		p.ID, p.Name, p.Unit, p.Channel, p.WrappedKey, p.Address, p.Rung, p.Quiet, p.Language, p.State, micros(p.CreatedAt), micros(p.ToldAt))
}

// SetNoticeRecipient stops a recipient or starts it again; one that was removed
// is ErrStale.
func (t *Tx) SetNoticeRecipient(ctx context.Context, id, state string) error {
	return t.must(ctx, "change recipient", `UPDATE notice_recipient SET state = $1 WHERE id = $2 AND state <> 'removed'`, state, id)
}

// RemoveNoticeRecipient destroys a recipient's address and its key.
func (t *Tx) RemoveNoticeRecipient(ctx context.Context, id string) error {
	return t.must(ctx, "remove recipient", `UPDATE notice_recipient SET state = 'removed', wrapped_key = NULL, address = NULL WHERE id = $1 AND state <> 'removed'`, id)
}

// NoticeRecipients lists those that were not removed, by unit and name.
func (r *Reader) NoticeRecipients(ctx context.Context) ([]NoticeRecipient, error) {
	return all(ctx, r, "recipients", `SELECT `+recipientColumns+` FROM notice_recipient WHERE state <> 'removed' ORDER BY unit, name, id`, nil, scanRecipient)
}

// RecipientsOf lists the active recipients of a circle.
func (r *Reader) RecipientsOf(ctx context.Context, unit string) ([]NoticeRecipient, error) {
	return all(ctx, r, "recipients", `SELECT `+recipientColumns+` FROM notice_recipient WHERE state = 'active' AND unit = $1 ORDER BY id`, []any{unit}, scanRecipient)
}

// NoticeRecipient finds one recipient, a removed one too.
func (r *Reader) NoticeRecipient(ctx context.Context, id string) (p NoticeRecipient, err error) {
	err = r.one(ctx, "recipient", `SELECT `+recipientColumns+` FROM notice_recipient WHERE id = $1`, []any{id}, recipientFields(&p)...)
	return p, err
}

// States of a message.
const (
	NoticeWaiting = "waiting" // it gathers notices, and goes at NextAt
	NoticeSending = "sending" // it is under way; at NextAt whoever took it is taken for dead
	NoticeSent    = "sent"
	NoticeUnsure  = "unsure"  // nobody knows whether it arrived
	NoticeDropped = "dropped" // its recipient was stopped or removed before it went
)

// NoticeMessage is one sending to one recipient.
type NoticeMessage struct {
	ID, RecipientID string
	Urgent          bool
	State           string
	MadeAt, NextAt  time.Time // NextAt zero: nothing more happens by itself
	Attempts        int
	SentAt          time.Time
	LastError       string
}

const messageColumns = `id, recipient_id, urgent, state, made_at, next_at, attempts, sent_at, last_error`

func messageFields(m *NoticeMessage) []any {
	return []any{&m.ID, &m.RecipientID, &m.Urgent, &m.State, moment{&m.MadeAt}, moment{&m.NextAt}, &m.Attempts, moment{&m.SentAt}, &m.LastError}
}

// GatherNotice puts a notice into the message that waits for a recipient, or
// into m where none does. A waiting message that was made at the same time is
// IsDuplicate.
func (t *Tx) GatherNotice(ctx context.Context, m NoticeMessage, noticeID string) error {
	n, err := t.exec(ctx, "gather notice", `UPDATE notice_message SET state = 'waiting' WHERE recipient_id = $1 AND urgent = $2 AND state = 'waiting'`,
		m.RecipientID, flag(m.Urgent)) // held until the end, so that it does not go without
	if err != nil {
		return err
	}
	if n == 0 {
		if err := t.AddNoticeMessage(ctx, m); err != nil {
			return err
		}
	}
	return t.put(ctx, "gather notice", `INSERT INTO notice_part (message_id, notice_id)
		SELECT id, $1 FROM notice_message WHERE recipient_id = $2 AND urgent = $3 AND state = 'waiting'`, noticeID, m.RecipientID, flag(m.Urgent))
}

// AddNoticeMessage adds a message that says nothing yet.
func (t *Tx) AddNoticeMessage(ctx context.Context, m NoticeMessage) error {
	return t.put(ctx, "add message", `INSERT INTO notice_message (`+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.ID, m.RecipientID, flag(m.Urgent), m.State, micros(m.MadeAt), micros(m.NextAt), m.Attempts, micros(m.SentAt), m.LastError)
}

// DueNotices lists the messages by a channel whose time has come, the urgent
// ones and the oldest first.
func (r *Reader) DueNotices(ctx context.Context, channel string, now time.Time, limit int) ([]NoticeMessage, error) {
	return all(ctx, r, "due messages", `SELECT `+prefix("m.", messageColumns)+` FROM notice_message m JOIN notice_recipient p ON p.id = m.recipient_id
		WHERE m.next_at <= $1 AND p.channel = $2 ORDER BY m.urgent DESC, m.next_at, m.id LIMIT $3`, []any{now.UnixMicro(), channel, limit},
		func(rows scanner) (m NoticeMessage, err error) {
			err = rows.Scan(messageFields(&m)...)
			return m, err
		})
}

// MoveNoticeMessage gives a message another state, guarded by the one that was
// seen; it says whether this call was the one.
func (t *Tx) MoveNoticeMessage(ctx context.Context, was, m NoticeMessage) (bool, error) {
	n, err := t.exec(ctx, "move message", `UPDATE notice_message SET state = $1, next_at = $2, attempts = $3, sent_at = $4, last_error = $5
		WHERE id = $6 AND state = $7 AND attempts = $8`, m.State, micros(m.NextAt), m.Attempts, micros(m.SentAt), m.LastError, was.ID, was.State, was.Attempts)
	return n == 1, err
}

// JoinNoticeMessages moves what waits for a message's recipient into it: it
// waits itself again.
func (t *Tx) JoinNoticeMessages(ctx context.Context, m NoticeMessage) error {
	if err := t.put(ctx, "join messages", `UPDATE notice_part SET message_id = $1 WHERE message_id IN
		(SELECT id FROM notice_message WHERE recipient_id = $2 AND urgent = $3 AND state = 'waiting')`, m.ID, m.RecipientID, flag(m.Urgent)); err != nil {
		return err
	}
	return t.put(ctx, "join messages", `DELETE FROM notice_message WHERE recipient_id = $1 AND urgent = $2 AND state = 'waiting'`, m.RecipientID, flag(m.Urgent))
}

// HurryNotices lets what waits for a recipient go at a moment, quiet hours or
// not, and says whether anything does.
func (t *Tx) HurryNotices(ctx context.Context, recipient string, at time.Time) (bool, error) {
	n, err := t.exec(ctx, "hurry messages", `UPDATE notice_message SET next_at = $1 WHERE recipient_id = $2 AND state = 'waiting'`, micros(at), recipient)
	return n > 0, err
}

// ToldRecipient records when a recipient was told last of what is not urgent.
func (t *Tx) ToldRecipient(ctx context.Context, id string, at time.Time) error {
	return t.put(ctx, "told recipient", `UPDATE notice_recipient SET told_at = $1 WHERE id = $2`, micros(at), id)
}

// NoticesOf lists what messages tell, by message, in the order in which it
// happened.
func (r *Reader) NoticesOf(ctx context.Context, messages ...string) (map[string][]Notice, error) {
	out := map[string][]Notice{}
	if len(messages) == 0 {
		return out, nil
	}
	args := padded(messages)
	_, err := all(ctx, r, "notices of messages", `SELECT x.message_id, `+noticesSeen+` FROM `+noticesRead+` JOIN notice_part x ON x.notice_id = n.id
		WHERE x.message_id IN (`+places(1, len(args))+`) ORDER BY n.made_at, n.id`, args, func(rows scanner) (_ struct{}, err error) {
		var id string
		var n Notice
		err = rows.Scan(append([]any{&id}, noticeFields(&n)...)...)
		out[id] = append(out[id], n)
		return struct{}{}, err
	})
	return out, err
}

// LoggedNotice is a message with its recipient.
type LoggedNotice struct {
	NoticeMessage
	To NoticeRecipient
}

// NoticeLog lists messages before the one whose id is given, the newest first;
// "" is no bound. With open only those that did not go yet.
func (r *Reader) NoticeLog(ctx context.Context, before string, open bool, limit int) ([]LoggedNotice, error) {
	var w where
	if before != "" {
		w.add("m.id < ?", before)
	}
	if open {
		w.add("m.state IN ('waiting','sending','unsure')")
	}
	return all(ctx, r, "log of notices", `SELECT `+prefix("m.", messageColumns)+`, `+prefix("p.", recipientColumns)+` FROM notice_message m
		JOIN notice_recipient p ON p.id = m.recipient_id`+w.sql()+` ORDER BY m.id DESC LIMIT `+w.place(limit), w.args, func(rows scanner) (l LoggedNotice, err error) {
		err = rows.Scan(append(messageFields(&l.NoticeMessage), recipientFields(&l.To)...)...)
		return l, err
	})
}

// NoticeMessage finds one message.
func (r *Reader) NoticeMessage(ctx context.Context, id string) (m NoticeMessage, err error) {
	err = r.one(ctx, "notice", `SELECT `+messageColumns+` FROM notice_message WHERE id = $1`, []any{id}, messageFields(&m)...)
	return m, err
}

// NoticeCounts are messages that did not go yet.
type NoticeCounts struct {
	Waiting int64     // Failing among them
	Failing int64     // tried in vain
	Unsure  int64     // nobody knows whether they arrived
	Oldest  time.Time // of those that wait
}

// CountNotices counts what did not go yet, by channel.
func (r *Reader) CountNotices(ctx context.Context) (map[string]NoticeCounts, error) {
	out := map[string]NoticeCounts{}
	_, err := all(ctx, r, "count of notices", `SELECT p.channel, SUM(CASE WHEN m.state <> 'unsure' THEN 1 ELSE 0 END),
		SUM(CASE WHEN m.state <> 'unsure' AND m.last_error <> '' THEN 1 ELSE 0 END), SUM(CASE WHEN m.state = 'unsure' THEN 1 ELSE 0 END),
		MIN(CASE WHEN m.state <> 'unsure' THEN m.made_at END)
		FROM notice_message m JOIN notice_recipient p ON p.id = m.recipient_id WHERE m.state IN ('waiting','sending','unsure') GROUP BY p.channel`, nil,
		func(rows scanner) (_ struct{}, err error) {
			var channel string
			var n NoticeCounts
			err = rows.Scan(&channel, &n.Waiting, &n.Failing, &n.Unsure, moment{&n.Oldest})
			out[channel] = n
			return struct{}{}, err
		})
	return out, err
}
