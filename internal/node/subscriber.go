package node

import (
	"context"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// SubscriberInfo is a program that is told of changes.
type SubscriberInfo struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	URL       string     `json:"url"`
	Kinds     []string   `json:"kinds"`
	Active    bool       `json:"active"`
	Next      int64      `json:"next"`   // place in the log of what it is told next
	Behind    int64      `json:"behind"` // events of the log that it has not been told of
	Attempts  int        `json:"attempts"`
	NextTryAt *time.Time `json:"next_try_at,omitempty"`
	LastError string     `json:"last_error,omitempty"`
	HeardAt   *time.Time `json:"heard_at,omitempty"`
}

// NewSubscriber is a program that shall be told of changes; no kinds: of all.
type NewSubscriber struct {
	Name  string   `json:"name"`
	URL   string   `json:"url"`
	Kinds []string `json:"kinds,omitempty"`
}

// RewindAsk says from which place in the log on a subscriber is told again.
type RewindAsk struct {
	From int64 `json:"from"`
}

// administrator is who works with the node's own files.
func (n *Node) administrator() hotline.Actor {
	return hotline.Actor{ID: "machine", Name: n.cfg.Name, Role: hotline.Administrator, Platform: n.cfg.Platform}
}

// Subscribers lists the subscribers.
func (n *Node) Subscribers(ctx context.Context) ([]SubscriberInfo, error) {
	all, size, err := n.desk.Subscribers(ctx, n.administrator())
	if err != nil {
		return nil, err
	}
	out := []SubscriberInfo{}
	for _, s := range all {
		out = append(out, subscriberInfo(s, size))
	}
	return out, nil
}

func subscriberInfo(s store.Subscriber, size int64) SubscriberInfo {
	return SubscriberInfo{ID: s.ID, Name: s.Name, URL: s.URL, Kinds: append([]string{}, s.Kinds...), Active: s.Active, Next: s.NextIndex,
		Behind: max(0, size-s.NextIndex), Attempts: s.Attempts, NextTryAt: known(s.NextTryAt), LastError: s.LastError, HeardAt: known(s.HeardAt)}
}

// AddSubscriber adds a subscriber, which is told of what happens from now on.
func (n *Node) AddSubscriber(ctx context.Context, in NewSubscriber) (SubscriberInfo, error) {
	s, err := n.desk.AddSubscriber(ctx, n.administrator(), store.Subscriber{Name: in.Name, URL: in.URL, Kinds: in.Kinds})
	return subscriberInfo(s, s.NextIndex), err
}

// ChangeSubscriber stops, starts or removes a subscriber.
func (n *Node) ChangeSubscriber(ctx context.Context, id, how string) error {
	return n.desk.ChangeSubscriber(ctx, n.administrator(), id, how)
}

// RewindSubscriber tells a subscriber again from a place in the log on.
func (n *Node) RewindSubscriber(ctx context.Context, id string, from int64) error {
	return n.desk.RewindSubscriber(ctx, n.administrator(), id, from)
}
