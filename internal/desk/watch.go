package desk

import (
	"context"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/store"
)

// What befalls a link is an event of no case: subscribers hear of it as of any
// other, each once.
const (
	linkStuck   = "link_stuck"
	linkWorks   = "link_works"
	linkDiffers = "link_differs"
)

// outagesShown is how many of a link's outages people see.
const outagesShown = 10

// stuck records that a link does not work. Only the first time is told.
func (d *Desk) stuck(ctx context.Context, tx *store.Tx, peer, why string) error {
	now := d.Now()
	started, err := tx.StuckLink(ctx, peer, now, why)
	if err != nil || !started {
		return err
	}
	d.log.Warn("link stuck", "peer", peer, "why", why)
	if err := tx.AddOutage(ctx, store.Outage{ID: hotline.NewID(), Peer: peer, StuckAt: now, Why: why}); err != nil {
		return err
	}
	return d.linkEvent(ctx, tx, linkStuck, body{"peer": peer})
}

// Broke records that the carrier of a link cannot be opened: no letter goes or
// comes, and the link is stuck.
func (d *Desk) Broke(ctx context.Context, link store.Link, why error) error {
	if !link.StuckAt.IsZero() {
		return nil
	}
	return d.st.Write(ctx, func(tx *store.Tx) error { return d.stuck(ctx, tx, link.Peer, why.Error()) })
}

// works records that a link works again.
func (d *Desk) works(ctx context.Context, tx *store.Tx, peer string, at time.Time) error {
	d.log.Info("link works again", "peer", peer)
	if err := tx.EndOutage(ctx, peer, at); err != nil {
		return err
	}
	return d.linkEvent(ctx, tx, linkWorks, body{"peer": peer})
}

func (d *Desk) linkEvent(ctx context.Context, tx *store.Tx, kind string, b body) error {
	w := &work{ctx: ctx, d: d, tx: tx, now: d.Now(), by: hotline.TheMachine(d.node.Platform)}
	if err := w.event(kind, "", b, ""); err != nil {
		return err
	}
	return tx.AddEvents(ctx, w.events...)
}

// LinkAlert is an outage of a link with its name.
type LinkAlert struct {
	store.Outage
	Name string
}

// worksShown is for how long it is told on every page that a link works again.
const worksShown = 10 * time.Minute

// LinkAlerts lists the links that do not work, and those that have just begun to
// work again.
func (d *Desk) LinkAlerts(ctx context.Context, a hotline.Actor) ([]LinkAlert, error) {
	if err := a.CheckNode(hotline.SeeLinks); err != nil {
		return nil, err
	}
	fresh, err := d.read.FreshOutages(ctx, d.Now().Add(-worksShown), outagesShown)
	if err != nil || len(fresh) == 0 {
		return nil, err
	}
	links, err := d.allLinks(ctx)
	if err != nil {
		return nil, err
	}
	var out []LinkAlert
	for _, o := range fresh {
		for _, l := range links {
			if l.Peer == o.Peer && l.Active && l.Carrier != store.ManualCarrier {
				out = append(out, LinkAlert{o, l.Name})
			}
		}
	}
	return out, nil
}

// ReconcileLetter asks a peer about stretches of both ledgers or, with the id of
// its question in re, answers it.
func (d *Desk) ReconcileLetter(link store.Link, re string, ranges []leg.Range) leg.Letter {
	m := d.unnumbered(link, leg.TypeReconcile, leg.Letter{})
	m.Body = leg.Body{Re: re, Ranges: ranges}
	return m
}

// AskToCompare posts the next question of a comparison, or its first. awaited is
// the question that was answered, "" at the beginning; where something else is
// awaited meanwhile, nothing happens.
func (d *Desk) AskToCompare(ctx context.Context, link store.Link, awaited string, c store.Comparison, m leg.Letter) error {
	content, hash, err := letter.Content(m)
	if err != nil {
		return err
	}
	c.Peer, c.Question, c.AskedAt, c.Trouble = link.Peer, m.ID, d.Now(), ""
	return d.st.Write(ctx, func(tx *store.Tx) error {
		if ok, err := tx.PutComparison(ctx, awaited, c); err != nil || !ok {
			return err
		}
		if err := tx.DropLetters(ctx, link.Peer, leg.TypeReconcile); err != nil { // one question at a time
			return err
		}
		return tx.PostLetter(ctx, store.LetterOut{ID: m.ID, Peer: link.Peer, Type: m.Type, Content: string(content), Hash: hash, CreatedAt: c.AskedAt})
	})
}

// Compared keeps what a comparison found that both sides of a link do not agree
// on. It stays until a comparison does not find it any more, and is told once.
// awaited is the question that was answered last, "" of a comparison that went
// by calls; where something else is awaited meanwhile, nothing happens.
func (d *Desk) Compared(ctx context.Context, peer, awaited string, found []store.Difference) error {
	return d.endComparison(ctx, peer, awaited, func(tx *store.Tx, c *store.Comparison) error {
		c.DoneAt, c.Trouble = d.Now(), ""
		return d.differ(ctx, tx, peer, c.DoneAt, found)
	})
}

// NotCompared records why a comparison did not come to its end. What stands on
// the list stays: nothing is known.
func (d *Desk) NotCompared(ctx context.Context, peer, awaited, why string) error {
	return d.endComparison(ctx, peer, awaited, func(_ *store.Tx, c *store.Comparison) error {
		c.Trouble = why
		return nil
	})
}

func (d *Desk) endComparison(ctx context.Context, peer, awaited string, end func(*store.Tx, *store.Comparison) error) error {
	return d.st.Write(ctx, func(tx *store.Tx) error { return d.endedComparison(ctx, tx, peer, awaited, end) })
}

func (d *Desk) endedComparison(ctx context.Context, tx *store.Tx, peer, awaited string, end func(*store.Tx, *store.Comparison) error) error {
	c, err := tx.Comparison(ctx, peer)
	if err != nil || awaited != "" && c.Question != awaited {
		return err
	}
	was := c.Question
	c.Question, c.Progress = "", ""
	if err := end(tx, &c); err != nil {
		return err
	}
	_, err = tx.PutComparison(ctx, was, c)
	return err
}

func (d *Desk) differ(ctx context.Context, tx *store.Tx, peer string, at time.Time, found []store.Difference) error {
	fresh := 0
	for _, f := range found {
		f.Peer, f.SeenAt = peer, at
		isNew, err := tx.PutDifference(ctx, f)
		if err != nil {
			return err
		}
		if isNew {
			fresh++
		}
	}
	if err := tx.DropDifferences(ctx, peer, at); err != nil || fresh == 0 {
		return err
	}
	d.log.Warn("both sides differ", "peer", peer, "new", fresh, "all", len(found))
	return d.linkEvent(ctx, tx, linkDiffers, body{"peer": peer, "new": fresh})
}
