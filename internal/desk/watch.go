package desk

import (
	"context"
	"time"

	"liandong/internal/hotline"
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

// Differ keeps what a comparison found that both sides of a link do not agree
// on. It stays until a comparison does not find it any more, and is told once.
func (d *Desk) Differ(ctx context.Context, peer string, found []store.Difference) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		at, fresh := d.Now(), 0
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
	})
}
