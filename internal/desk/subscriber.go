package desk

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

var eventKind = regexp.MustCompile(`^[a-z_]{1,40}$`)

// Subscribers lists the programs that are told of changes, and how many events
// the log holds.
func (d *Desk) Subscribers(ctx context.Context, a hotline.Actor) (all []store.Subscriber, size int64, err error) {
	if err := a.CheckNode(hotline.Administer); err != nil {
		return nil, 0, err
	}
	if all, err = d.read.Subscribers(ctx); err != nil {
		return nil, 0, err
	}
	size, err = d.logSize(ctx)
	return all, size, err
}

// logSize is how many events have their place in the log.
func (d *Desk) logSize(ctx context.Context) (int64, error) {
	head, err := d.read.Head(ctx)
	if hotline.KindOf(err) == hotline.NotFound {
		return 0, nil
	}
	return head.Size, err
}

// AddSubscriber adds a program that is told of what happens from now on.
func (d *Desk) AddSubscriber(ctx context.Context, a hotline.Actor, s store.Subscriber) (store.Subscriber, error) {
	if err := a.CheckNode(hotline.Administer); err != nil {
		return s, err
	}
	if err := casefile.CheckLine("name", s.Name); err != nil {
		return s, err
	}
	if strings.TrimSpace(s.Name) == "" {
		return s, hotline.Errorf(hotline.Invalid, "text_empty", "name")
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(s.URL) > 1000 {
		return s, hotline.Errorf(hotline.Invalid, "subscriber_url", "url")
	}
	for _, k := range s.Kinds {
		if !eventKind.MatchString(k) {
			return s, hotline.Errorf(hotline.Invalid, "event_kind", "kinds", k)
		}
	}
	s.ID, s.Active, s.CreatedAt = hotline.NewID(), true, d.Now()
	if s.NextIndex, err = d.logSize(ctx); err != nil {
		return s, err
	}
	return s, d.st.Write(ctx, func(tx *store.Tx) error { return tx.AddSubscriber(ctx, s) })
}

// ChangeSubscriber stops a subscriber ("stop"), starts it again where it stood
// ("start"), or takes it away ("remove").
func (d *Desk) ChangeSubscriber(ctx context.Context, a hotline.Actor, id, how string) error {
	return d.onSubscriber(ctx, a, func(tx *store.Tx) error {
		switch how {
		case "stop", "start":
			return tx.SetSubscriber(ctx, id, how == "start")
		case "remove":
			return tx.RemoveSubscriber(ctx, id)
		}
		return hotline.Errorf(hotline.Invalid, "how_unknown", "how", how)
	})
}

// RewindSubscriber tells a subscriber again of everything from a place in the
// log on.
func (d *Desk) RewindSubscriber(ctx context.Context, a hotline.Actor, id string, from int64) error {
	size, err := d.logSize(ctx)
	if err != nil {
		return err
	}
	if from < 0 || from > size {
		return hotline.Errorf(hotline.Invalid, "log_place", "from", size)
	}
	return d.onSubscriber(ctx, a, func(tx *store.Tx) error { return tx.RewindSubscriber(ctx, id, from) })
}

func (d *Desk) onSubscriber(ctx context.Context, a hotline.Actor, change func(tx *store.Tx) error) error {
	if err := a.CheckNode(hotline.Administer); err != nil {
		return err
	}
	err := d.st.Write(ctx, change)
	if hotline.CodeOf(err) == "stale" { // nothing guards it but that it is there
		return hotline.Errorf(hotline.NotFound, "subscriber_not_found", "")
	}
	return err
}

// Told records that a subscriber has been told of everything before next, and
// whether it took something.
func (d *Desk) Told(ctx context.Context, s store.Subscriber, next int64, took bool) error {
	var at time.Time
	if took {
		at = d.Now()
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.ToldSubscriber(ctx, s.ID, s.NextIndex, next, at) })
}

// Missed records that a subscriber did not take the event that is next for it.
func (d *Desk) Missed(ctx context.Context, s store.Subscriber, retry Retry) error {
	if s.Attempts+1 == stuckAfter {
		d.log.Warn("subscriber does not take events", "subscriber", s.ID, "why", retry.Why)
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		return tx.MissedSubscriber(ctx, s.ID, s.NextIndex, s.Attempts+1, retry.At, retry.Why)
	})
}

// Gone stops a subscriber that says that it is not there any more.
func (d *Desk) Gone(ctx context.Context, s store.Subscriber) error {
	d.log.Warn("subscriber is gone", "subscriber", s.ID)
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.SetSubscriber(ctx, s.ID, false) })
}
