package notify

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// Message is what goes to one recipient. ID is the same whenever it goes again.
type Message struct {
	ID      string
	To      hotline.Personal
	Subject string
	Text    string
	Short   string // for a telephone
	Notices []Line
}

// Channel is a way to people.
type Channel interface {
	// Send sends one message. An *Unsure error says that it may have arrived
	// all the same; after any other it has not.
	Send(ctx context.Context, m Message) error
}

// Unsure is the error of a sending of which nobody knows whether it arrived:
// everything was said, and no answer came.
type Unsure struct{ Err error }

func (u *Unsure) Error() string { return "it may have arrived: " + u.Err.Error() }
func (u *Unsure) Unwrap() error { return u.Err }

// Pace of the messenger: so many messages a look, so many under way at once,
// each at most so long, connecting and answer together.
const (
	messages = 64
	atOnce   = 8
	sendMost = 20 * time.Second
)

// Messenger sends what rungs tell to people (通知), by channels of which each is
// a lane of its own.
type Messenger struct {
	desk     *desk.Desk
	log      *slog.Logger
	channels map[string]Channel
	url      string // of the node's pages
}

// NewMessenger puts a messenger together; a nil log is none. url is where people
// reach the pages.
func NewMessenger(d *desk.Desk, channels map[string]Channel, url string, log *slog.Logger) *Messenger {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Messenger{desk: d, log: log, channels: channels, url: url}
}

// Send sends what is due by one channel. A recipient that does not answer holds
// up only those that share its lane, and those no longer than a sending lasts.
func (m *Messenger) Send(ctx context.Context, channel string) error {
	for {
		due, err := m.desk.DueNotices(ctx, channel, messages)
		if err != nil || len(due) == 0 {
			return err
		}
		var wg sync.WaitGroup
		free := make(chan struct{}, atOnce)
		errs := make([]error, len(due))
		for i, d := range due {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break // what is under way is sent and noted; nothing else begins
			}
			wg.Go(func() {
				defer func() { <-free }()
				errs[i] = m.one(ctx, m.channels[channel], d)
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil || ctx.Err() != nil || len(due) < messages {
			return err
		}
	}
}

// one takes a message, sends it and notes what became of it. Between taking and
// noting it does not stop when told to: a sending is short.
func (m *Messenger) one(ctx context.Context, by Channel, due store.NoticeMessage) error {
	letter, ok, err := m.desk.TakeNotice(ctx, due)
	if err != nil || !ok {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	within, cancel := context.WithTimeout(ctx, sendMost)
	defer cancel()
	err = by.Send(within, compose(letter, m.desk.Node().Name, m.desk.Catalogue(), m.desk.Directory(), m.url))
	if err == nil {
		return m.desk.NoticeWent(ctx, letter.NoticeMessage)
	}
	_, unsure := errors.AsType[*Unsure](err)
	m.log.Warn("notice does not go", "message", letter.ID, "recipient", letter.RecipientID, "attempts", letter.Attempts, "unsure", unsure, "err", err)
	return m.desk.NoticeFailed(ctx, letter.NoticeMessage, clip(err.Error()), unsure)
}

// clip bounds what a stranger's server says, and keeps it on one line.
func clip(s string) string {
	rs := []rune(s)
	for i, r := range rs {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			rs[i] = ' '
		}
	}
	return string(rs[:min(len(rs), 300)])
}
