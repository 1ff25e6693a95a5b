package node

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// StuckLetter is a letter of ours that is in trouble, without its content.
type StuckLetter struct {
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	Leg       string     `json:"leg,omitempty"`
	Number    int64      `json:"number,omitempty"`
	State     string     `json:"state"`
	Attempts  int        `json:"attempts"`
	LastError string     `json:"last_error,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	NextTryAt *time.Time `json:"next_try_at,omitempty"`
}

// StuckLetters lists the letters to a peer that are in trouble, oldest first.
func (n *Node) StuckLetters(ctx context.Context, peer string) ([]StuckLetter, error) {
	if _, err := n.link(ctx, peer); err != nil {
		return nil, err
	}
	ls, err := n.store.Reader().StuckLetters(ctx, peer, hotline.PageMost)
	if err != nil {
		return nil, err
	}
	out := []StuckLetter{}
	for _, l := range ls {
		out = append(out, StuckLetter{ID: l.ID, Type: l.Type, Leg: l.LegID, Number: l.Number, State: l.State, Attempts: l.Attempts,
			LastError: l.LastError, CreatedAt: l.CreatedAt, NextTryAt: known(l.NextTryAt)})
	}
	return out, nil
}

// ReplayAsk says from where letters are sent again: since a moment, or of a leg
// from a number on.
type ReplayAsk struct {
	Since  *time.Time `json:"since,omitempty"`
	Leg    string     `json:"leg,omitempty"`
	Number int64      `json:"number,omitempty"`
}

// Replayed says how many letters go again.
type Replayed struct {
	Letters int64 `json:"letters"`
}

func (n *Node) replay(ctx context.Context, a hotline.Actor, peer string, in ReplayAsk) (Replayed, error) {
	from := desk.Replay{Leg: in.Leg, Number: in.Number}
	if in.Since != nil {
		from.Since = *in.Since
	}
	letters, err := n.desk.ReplayLetters(ctx, a, peer, from)
	return Replayed{Letters: letters}, err
}

// VoidAsk gives a letter up, and says why.
type VoidAsk struct {
	Reason string `json:"reason"`
}

// linkMetrics says at every scrape how the links fare.
type linkMetrics struct{ read *store.Reader }

var (
	linkLabels   = []string{"peer"}
	linkWaiting  = prometheus.NewDesc("liandong_link_letters_waiting", "Letters on their way to a peer.", linkLabels, nil)
	linkOldest   = prometheus.NewDesc("liandong_link_oldest_letter_seconds", "Age of the oldest letter on its way to a peer; 0 where none is.", linkLabels, nil)
	linkRetried  = prometheus.NewDesc("liandong_link_letters_retried", "Letters on their way that were tried in vain.", linkLabels, nil)
	linkTries    = prometheus.NewDesc("liandong_link_failed_tries", "Tries in vain of all letters on their way.", linkLabels, nil)
	linkRefused  = prometheus.NewDesc("liandong_link_letters_refused", "Letters refused by a peer or expired that nobody has dealt with.", linkLabels, nil)
	linkHeard    = prometheus.NewDesc("liandong_link_heard_seconds", "How long ago the peer was heard last; absent before the first time.", linkLabels, nil)
	linkStuck    = prometheus.NewDesc("liandong_link_stuck", "1 while the peer does not answer.", linkLabels, nil)
	linkActive   = prometheus.NewDesc("liandong_link_active", "0 while the link is stopped.", linkLabels, nil)
	linkHead     = prometheus.NewDesc("liandong_link_agreed_head", "Events of the peer's log that are proved to be the ones known before.", linkLabels, nil)
	linkUnproven = prometheus.NewDesc("liandong_link_unproven", "1 while the peer's history is not the one that was known.", linkLabels, nil)
)

// Describe is part of prometheus.Collector.
func (m linkMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{linkWaiting, linkOldest, linkRetried, linkTries, linkRefused, linkHeard, linkStuck, linkActive, linkHead, linkUnproven} {
		out <- d
	}
}

// scrapeMost bounds what a scrape may wait for the database.
const scrapeMost = 3 * time.Second

// Collect is part of prometheus.Collector.
func (m linkMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeMost)
	defer cancel()
	links, err := m.read.Links(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(linkWaiting, err)
		return
	}
	now := time.Now()
	for _, l := range links {
		t, err := m.read.Traffic(ctx, l.Peer)
		if err != nil {
			out <- prometheus.NewInvalidMetric(linkWaiting, err)
			return
		}
		head, err := m.read.PeerHead(ctx, l.Peer)
		if err != nil {
			out <- prometheus.NewInvalidMetric(linkHead, err)
			return
		}
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, l.Peer)
		}
		gauge(linkWaiting, float64(t.Waiting))
		gauge(linkOldest, since(now, t.Oldest))
		gauge(linkRetried, float64(t.Retried))
		gauge(linkTries, float64(t.Tries))
		gauge(linkRefused, float64(t.Refused))
		if !l.HeardAt.IsZero() {
			gauge(linkHeard, since(now, l.HeardAt))
		}
		gauge(linkStuck, yes(!l.StuckAt.IsZero()))
		gauge(linkActive, yes(l.Active))
		gauge(linkHead, float64(head.Size))
		gauge(linkUnproven, yes(!head.UnprovenAt.IsZero()))
	}
}

// since is for how long, in seconds; 0 of the zero time.
func since(now, t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t).Seconds())
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
