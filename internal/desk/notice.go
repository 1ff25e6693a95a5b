package desk

import (
	"context"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Channels by which notices go beside the screen.
const (
	ByMail    = "mail"
	BySMS     = "sms"
	ByWebhook = "webhook"
)

// NoticeChannels lists them all, in the order shown.
func NoticeChannels() []string { return []string{ByMail, BySMS, ByWebhook} }

// UnreadMost is up to where unread notices are counted.
const UnreadMost = 100

// Channels lists those that this node has.
func (d *Desk) Channels() []string { return d.channels }

// circles are who is told of a rung: the unit that holds the leg, and the desk
// from the deadline on, or from the beginning where no unit here holds it.
func circles(unit, rung string) []string {
	switch late := deadline.RungOf(rung) >= deadline.RungOf(catalogue.RungOver); {
	case unit == "":
		return []string{""}
	case late:
		return []string{unit, ""}
	}
	return []string{unit}
}

// notice keeps the notices of a rung that fires, and gathers them for whoever
// hears of them by mail, SMS or webhook.
func (w *work) notice(c deadline.Clock, rung string) error {
	n := store.Notice{CaseID: w.c.ID, LegID: c.LegID, ClockID: c.ID, Region: w.c.Region, Rung: rung, Clock: string(c.Kind), Number: w.c.Number,
		Item: w.c.Item, Urgent: c.Urgent, DueAt: c.Due, MadeAt: w.now}
	if n.Item == "" {
		n.Item = w.c.Category
	}
	holder := ""
	if l, err := w.leg(c.LegID); err == nil {
		holder, n.Region = l.Unit, l.Region
		if l.Item != "" {
			n.Item = l.Item
		}
	}
	if w.c.Confidential {
		n.Item = "" // the matter itself is the secret
	}
	for _, unit := range circles(holder, rung) {
		n.Unit = unit
		if err := w.noticeTo(n); err != nil {
			return err
		}
	}
	return nil
}

// A notice that is of no rung: the unit's objection to a figure has been
// answered. Its item is the month of the score. All recipients of the unit hear
// of it, from whatever rung on they are told of deadlines.
const (
	NoticeAnswered = "answered"
	OfObjection    = "objection"
)

// noticeTo keeps a notice for its circle, and gathers it for those who are told
// otherwise than on screen.
func (w *work) noticeTo(n store.Notice) error {
	n.ID = hotline.NewID()
	if err := w.tx.AddNotice(w.ctx, n); err != nil {
		return err
	}
	to, err := w.tx.RecipientsOf(w.ctx, n.Unit)
	if err != nil {
		return err
	}
	for _, p := range to {
		if n.Rung != NoticeAnswered && deadline.RungOf(n.Rung) < deadline.RungOf(p.Rung) {
			continue
		}
		m := store.NoticeMessage{ID: hotline.NewID(), RecipientID: p.ID, Urgent: n.Urgent, State: store.NoticeWaiting, MadeAt: w.now,
			NextAt: deadline.NoticeAt(w.now, p.ToldAt, quietOf(p), n.Urgent)}
		if err := w.tx.GatherNotice(w.ctx, m, n.ID); err != nil {
			return err
		}
	}
	return nil
}

// quietOf is a recipient's quiet hours; they were read when it was added.
func quietOf(p store.NoticeRecipient) calendar.Quiet {
	q, _ := calendar.ParseQuiet(p.Quiet)
	return q
}

// NoticesOf lists the notices of the actor's circle before a moment, the newest
// first.
func (d *Desk) NoticesOf(ctx context.Context, a hotline.Actor, before time.Time, limit int) ([]store.Notice, error) {
	if !a.Has(hotline.SeeCases) {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	limit, err := hotline.PageLimit(limit)
	if err != nil {
		return nil, err
	}
	return d.read.Notices(ctx, d.sight(a), before, limit)
}

// UnreadNotices counts what the actor has not seen yet, up to UnreadMost.
func (d *Desk) UnreadNotices(ctx context.Context, a hotline.Actor) (int, error) {
	if !a.Has(hotline.SeeCases) {
		return 0, nil
	}
	return d.read.UnreadNotices(ctx, d.sight(a), a.ID, UnreadMost)
}

// SeeNotices records that the actor has seen what there is up to a moment.
func (d *Desk) SeeNotices(ctx context.Context, a hotline.Actor, upTo time.Time) error {
	if !a.Has(hotline.SeeCases) {
		return hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	if now := d.Now(); upTo.After(now) || upTo.IsZero() {
		upTo = now
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.SeeNotices(ctx, a.ID, upTo) })
}

// RecipientView is a recipient with its address masked.
type RecipientView struct {
	store.NoticeRecipient
	Masked hotline.Masked
}

// NoticeRecipients lists the recipients.
func (d *Desk) NoticeRecipients(ctx context.Context, a hotline.Actor) ([]RecipientView, error) {
	if err := a.CheckNode(hotline.SeeLinks); err != nil {
		return nil, err
	}
	all, err := d.read.NoticeRecipients(ctx)
	if err != nil {
		return nil, err
	}
	var out []RecipientView
	for _, p := range all {
		v, err := d.recipientView(p)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// maskAddress leaves what tells one address from another: the host, or some
// digits.
func maskAddress(channel string, p hotline.Personal) hotline.Masked {
	if p.Empty() {
		return ""
	}
	switch channel {
	case ByMail:
		name, host, _ := strings.Cut(p.Reveal(), "@")
		return hotline.Masked(string([]rune(name)[:1]) + "***@" + host)
	case ByWebhook:
		if u, err := url.Parse(p.Reveal()); err == nil {
			return hotline.Masked(u.Scheme + "://" + u.Host + "/***")
		}
	}
	return p.MaskPhone()
}

// NewRecipient is where notices shall go.
type NewRecipient struct {
	Name, Unit, Channel   string
	Address               hotline.Personal
	Rung, Quiet, Language string
}

var smsNumber = regexp.MustCompile(`^\+?[0-9]{5,15}$`)

// AddNoticeRecipient adds a recipient, for the notices of a unit or of the
// desk, from a rung on.
func (d *Desk) AddNoticeRecipient(ctx context.Context, a hotline.Actor, in NewRecipient) error {
	_, _, err := d.NewNoticeRecipient(ctx, a, in, "")
	return err
}

// NewNoticeRecipient is AddNoticeRecipient under a key: sent again under it, it
// gives the recipient that is there, and says that none was made. Another
// recipient under the same key is Invalid.
func (d *Desk) NewNoticeRecipient(ctx context.Context, a hotline.Actor, in NewRecipient, key string) (v RecipientView, created bool, err error) {
	if err := a.CheckNode(hotline.Administer); err != nil {
		return v, false, err
	}
	if err := casefile.CheckLine("Idempotency-Key", key); err != nil {
		return v, false, err
	}
	if err := d.checkRecipient(in); err != nil {
		return v, false, err
	}
	p := store.NoticeRecipient{ID: hotline.NewID(), Name: strings.TrimSpace(in.Name), Unit: in.Unit, Channel: in.Channel, Rung: in.Rung, Quiet: in.Quiet,
		Language: in.Language, State: store.RecipientActive, CreatedAt: d.Now()}
	if key != "" { // the same key makes the same id
		p.ID = "k" + seal.BlindIndex(d.keys, "recipient", a.ID+" "+key)[:31]
	}
	secret := seal.NewCaseKey()
	if p.WrappedKey, err = seal.WrapCaseKey(d.keys, p.ID, secret); err != nil {
		return v, false, err
	}
	p.Address = seal.SealField(secret, aadAddress(p.ID), []byte(in.Address.Reveal()))
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.AddNoticeRecipient(ctx, p); err != nil {
			return err
		}
		return d.recipientEvent(ctx, tx, a, p.ID, "add")
	})
	if key != "" && store.IsDuplicate(err) {
		v, err = d.sameRecipient(ctx, p, in)
		return v, false, err
	}
	if err != nil {
		return v, false, err
	}
	v, err = d.recipientView(p)
	return v, true, err
}

// sameRecipient is the one that was added under a key before, if it is the same.
func (d *Desk) sameRecipient(ctx context.Context, p store.NoticeRecipient, in NewRecipient) (RecipientView, error) {
	first, err := d.read.NoticeRecipient(ctx, p.ID)
	if err != nil {
		return RecipientView{}, err
	}
	address, err := d.address(first)
	if err != nil {
		return RecipientView{}, err
	}
	if first.Name != p.Name || first.Unit != p.Unit || first.Channel != p.Channel || first.Rung != p.Rung || first.Quiet != p.Quiet || first.Language != p.Language ||
		!address.Empty() && address.Reveal() != in.Address.Reveal() {
		return RecipientView{}, hotline.Errorf(hotline.Invalid, "key_reused", "Idempotency-Key", first.ID)
	}
	return d.recipientView(first)
}

// NoticeRecipient shows one recipient.
func (d *Desk) NoticeRecipient(ctx context.Context, a hotline.Actor, id string) (RecipientView, error) {
	if !a.Has(hotline.Administer) {
		if err := a.CheckNode(hotline.SeeLinks); err != nil {
			return RecipientView{}, err
		}
	}
	p, err := d.read.NoticeRecipient(ctx, id)
	if err != nil {
		return RecipientView{}, err
	}
	return d.recipientView(p)
}

func (d *Desk) recipientView(p store.NoticeRecipient) (RecipientView, error) {
	address, err := d.address(p)
	return RecipientView{NoticeRecipient: p, Masked: maskAddress(p.Channel, address)}, err
}

func (d *Desk) checkRecipient(in NewRecipient) error {
	if strings.TrimSpace(in.Name) == "" {
		return hotline.Errorf(hotline.Invalid, "text_empty", "name")
	}
	if err := casefile.CheckLine("name", in.Name); err != nil {
		return err
	}
	if _, known := d.dir.Unit(in.Unit); in.Unit != "" && !known {
		return hotline.Errorf(hotline.Invalid, "unit_unknown", "unit", in.Unit)
	}
	if !slices.Contains(d.channels, in.Channel) {
		return hotline.Errorf(hotline.Invalid, "notice_channel", "channel", in.Channel)
	}
	if !validAddress(in.Channel, in.Address.Reveal()) {
		return hotline.Errorf(hotline.Invalid, "notice_address", "address", in.Channel)
	}
	if !slices.Contains(catalogue.Rungs(), in.Rung) {
		return hotline.Errorf(hotline.Invalid, "rung_unknown", "rung", in.Rung)
	}
	if in.Language != "zh-CN" && in.Language != "en" { // those that there are sentences in
		return hotline.Errorf(hotline.Invalid, "language_unknown", "language", in.Language)
	}
	if _, err := calendar.ParseQuiet(in.Quiet); err != nil {
		return hotline.Errorf(hotline.Invalid, "quiet_unreadable", "quiet", in.Quiet)
	}
	return nil
}

func validAddress(channel, s string) bool {
	switch channel {
	case ByMail:
		at, err := mail.ParseAddress(s)
		return err == nil && at.Address == s && len(s) <= 254 && !strings.ContainsAny(s, "\r\n \"") // what stands in a head line as it is
	case BySMS:
		return smsNumber.MatchString(s)
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.Fragment == "" && len(s) <= 1000
}

// ChangeNoticeRecipient stops a recipient ("stop"), starts it again ("start"),
// takes it and its address away ("remove"), or sends it a test ("test").
func (d *Desk) ChangeNoticeRecipient(ctx context.Context, a hotline.Actor, id, how string) error {
	if err := a.CheckNode(hotline.Administer); err != nil {
		return err
	}
	err := d.st.Write(ctx, func(tx *store.Tx) (err error) {
		switch how {
		case "stop":
			err = tx.SetNoticeRecipient(ctx, id, store.RecipientStopped)
		case "start":
			err = tx.SetNoticeRecipient(ctx, id, store.RecipientActive)
		case "remove":
			err = tx.RemoveNoticeRecipient(ctx, id)
		case "test":
			err = d.testNotice(ctx, tx, id)
		default:
			return hotline.Errorf(hotline.Invalid, "how_unknown", "how", how)
		}
		if err != nil {
			return err
		}
		return d.recipientEvent(ctx, tx, a, id, how)
	})
	if hotline.CodeOf(err) == "stale" { // nothing guards it but that it is there
		return hotline.Errorf(hotline.NotFound, "recipient_not_found", "")
	}
	return err
}

// testNotice sends a recipient at once what waits for it, or else a message that
// tells of no case: by it somebody sees whether a channel works.
func (d *Desk) testNotice(ctx context.Context, tx *store.Tx, id string) error {
	p, err := tx.NoticeRecipient(ctx, id)
	if err != nil {
		return err
	}
	if p.State != store.RecipientActive {
		return hotline.Errorf(hotline.Conflict, "recipient_stopped", "")
	}
	if hurried, err := tx.HurryNotices(ctx, id, d.Now()); err != nil || hurried {
		return err
	}
	return tx.AddNoticeMessage(ctx, store.NoticeMessage{ID: hotline.NewID(), RecipientID: id, State: store.NoticeWaiting, MadeAt: d.Now(), NextAt: d.Now()})
}

// recipientEvent records who changed where notices go. It is an event of no
// case, and names no address.
func (d *Desk) recipientEvent(ctx context.Context, tx *store.Tx, a hotline.Actor, id, how string) error {
	w := &work{ctx: ctx, d: d, tx: tx, now: d.Now(), by: a}
	if err := w.event("notice_recipient", "", body{"recipient": id, "how": how}, ""); err != nil {
		return err
	}
	return tx.AddEvents(ctx, w.events...)
}

// address opens the address of a recipient; a removed one has none.
func (d *Desk) address(p store.NoticeRecipient) (hotline.Personal, error) {
	if p.WrappedKey == nil {
		return hotline.Personal{}, nil
	}
	key, err := seal.UnwrapCaseKey(d.keys, p.ID, p.WrappedKey)
	if err != nil {
		return hotline.Personal{}, err
	}
	plain, err := seal.OpenField(key, aadAddress(p.ID), p.Address)
	return hotline.NewPersonal(string(plain)), err
}

func aadAddress(id string) string { return "notice|address|" + id }

// LogRow is a message with what it tells, for people.
type LogRow struct {
	store.LoggedNotice
	Masked  hotline.Masked
	Notices []store.Notice
}

// NoticeLog lists what was sent to whom about which case, the newest first,
// before the message whose id is given; with open only what did not go yet.
func (d *Desk) NoticeLog(ctx context.Context, a hotline.Actor, before string, open bool, limit int) ([]LogRow, error) {
	if err := a.CheckNode(hotline.SeeLinks); err != nil {
		return nil, err
	}
	limit, err := hotline.PageLimit(limit)
	if err != nil {
		return nil, err
	}
	log, err := d.read.NoticeLog(ctx, before, open, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(log))
	for i, l := range log {
		ids[i] = l.ID
	}
	told, err := d.read.NoticesOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]LogRow, len(log))
	for i, l := range log {
		address, err := d.address(l.To)
		if err != nil {
			return nil, err
		}
		out[i] = LogRow{LoggedNotice: l, Masked: maskAddress(l.To.Channel, address), Notices: told[l.ID]}
	}
	return out, nil
}

// ResendNotice sends a message again of which nobody knows whether it arrived.
func (d *Desk) ResendNotice(ctx context.Context, a hotline.Actor, id string) error {
	if err := a.CheckNode(hotline.MendLinks); err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		m, err := tx.NoticeMessage(ctx, id)
		if err != nil {
			return err
		}
		again := m
		again.NextAt = d.Now()
		if m.State != store.NoticeUnsure {
			return hotline.Errorf(hotline.Conflict, "notice_sure", "")
		}
		_, err = tx.MoveNoticeMessage(ctx, m, again)
		return err
	})
}

// NoticeCounts counts what did not go yet, by channel.
func (d *Desk) NoticeCounts(ctx context.Context) (map[string]store.NoticeCounts, error) {
	return d.read.CountNotices(ctx)
}

// The messenger's part: what is due, taken before it is sent and noted after.

// DueNotices lists the messages by a channel whose time has come.
func (d *Desk) DueNotices(ctx context.Context, channel string, limit int) ([]store.NoticeMessage, error) {
	return d.read.DueNotices(ctx, channel, d.Now(), limit)
}

// NoticeLetter is a message as it is sent. Notices is empty for a test.
type NoticeLetter struct {
	store.NoticeMessage
	Name, Language string
	Address        hotline.Personal
	Notices        []store.Notice
}

// noticeTaken is after which time whoever took a message is taken for dead; far
// longer than a sending lasts.
const noticeTaken = 2 * time.Minute

// unsureTries is how often a message of urgent legs is sent that may have
// arrived each time.
const unsureTries = 3

// TakeNotice takes a message that is due before it is sent, so that it does
// not go twice; ok is false where there is nothing to send. One that was taken
// before, by a process that was killed, may have arrived. So it does not go by
// itself again; but of urgent legs it does: there twice is better than never.
func (d *Desk) TakeNotice(ctx context.Context, m store.NoticeMessage) (letter NoticeLetter, ok bool, err error) {
	err = d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		ok = false
		p, err := tx.NoticeRecipient(ctx, m.RecipientID)
		if err != nil {
			return err
		}
		next := m
		switch {
		case p.State != store.RecipientActive:
			next.State, next.NextAt = store.NoticeDropped, time.Time{}
		case m.State == store.NoticeSending && (!m.Urgent || m.Attempts >= unsureTries):
			next.State, next.NextAt, next.LastError = store.NoticeUnsure, time.Time{}, "the process ended while it was sent"
		default:
			next.State, next.NextAt, next.Attempts = store.NoticeSending, d.Now().Add(noticeTaken), m.Attempts+1
		}
		done, err := tx.MoveNoticeMessage(ctx, m, next)
		if err != nil || !done || next.State != store.NoticeSending {
			return err
		}
		letter = NoticeLetter{NoticeMessage: next, Name: p.Name, Language: p.Language}
		if letter.Address, err = d.address(p); err != nil {
			return err
		}
		told, err := tx.NoticesOf(ctx, m.ID)
		letter.Notices, ok = told[m.ID], true
		return err
	})
	return letter, ok && err == nil, err
}

// NoticeWent notes that a message went.
func (d *Desk) NoticeWent(ctx context.Context, m store.NoticeMessage) error {
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		sent := m
		sent.State, sent.NextAt, sent.SentAt, sent.LastError = store.NoticeSent, time.Time{}, d.Now(), ""
		if done, err := tx.MoveNoticeMessage(ctx, m, sent); err != nil || !done || m.Urgent {
			return err
		}
		return tx.ToldRecipient(ctx, m.RecipientID, sent.SentAt)
	})
}

// NoticeFailed notes that a message did not go: it waits, together with what
// was gathered meanwhile. Where it may have gone all the same, it is unsure;
// that of urgent legs goes again under the same id.
func (d *Desk) NoticeFailed(ctx context.Context, m store.NoticeMessage, why string, unsure bool) error {
	fail := func(tx *store.Tx) error {
		p, err := tx.NoticeRecipient(ctx, m.RecipientID)
		if err != nil {
			return err
		}
		next := m
		next.State, next.LastError, next.NextAt = store.NoticeWaiting, why, d.Now().Add(deadline.NoticePause(m.Attempts, m.Urgent))
		if !m.Urgent {
			next.NextAt = quietOf(p).After(next.NextAt)
		}
		if unsure {
			next.State = store.NoticeUnsure
			if !m.Urgent || m.Attempts >= unsureTries {
				next.NextAt = time.Time{}
			}
		} else if err := tx.JoinNoticeMessages(ctx, m); err != nil {
			return err
		}
		_, err = tx.MoveNoticeMessage(ctx, m, next)
		return err
	}
	err := d.st.WriteSilently(ctx, fail)
	for range 8 {
		if !store.IsDuplicate(err) { // a rung fired at the same time, and waits
			break
		}
		err = d.st.WriteSilently(ctx, fail)
	}
	return err
}
