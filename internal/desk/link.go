package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// stuckAfter is after how many failed attempts in a row a link counts as stuck
// and alerts, once. Proposal.
const stuckAfter = 3

// heardEvery is how often a link that works is noted as heard.
const heardEvery = 10 * time.Second

// Retry is when a letter is tried again, and why it must be.
type Retry struct {
	At  time.Time
	Why string
}

// SendFailed records a failed attempt: the letter waits until next. After a few
// the link is stuck, which alerts once.
func (d *Desk) SendFailed(ctx context.Context, link store.Link, out store.LetterOut, next Retry) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RetryLetter(ctx, out.ID, out.Attempts+1, next.At, next.Why); err != nil {
			return err
		}
		if out.Attempts+1 < stuckAfter {
			return nil
		}
		return d.stuck(ctx, tx, link.Peer, next.Why)
	})
}

// noReceipt is why a letter is handed over again.
const noReceipt = "no receipt in time"

// Handed records that letters were given to a carrier whose receipts come
// later. One that was given before and is given again has failed once.
func (d *Desk) Handed(ctx context.Context, link store.Link, outs []store.LetterOut, patience time.Duration) error {
	now := d.Now()
	return d.st.Write(ctx, func(tx *store.Tx) error {
		worst := 0
		for _, out := range outs {
			attempts, why := out.Attempts, ""
			if !out.HandedAt.IsZero() {
				attempts, why = attempts+1, noReceipt
				worst = max(worst, attempts)
			}
			if err := tx.HandLetter(ctx, out.ID, attempts, now, now.Add(patience), why); err != nil {
				return err
			}
		}
		if worst < stuckAfter {
			return nil
		}
		return d.stuck(ctx, tx, link.Peer, noReceipt)
	})
}

// Heard records that a peer answered; the end of a stuck time is told once.
func (d *Desk) Heard(ctx context.Context, link store.Link) error {
	now := d.Now()
	if link.StuckAt.IsZero() && now.Sub(link.HeardAt) < heardEvery {
		return nil
	}
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		was, err := tx.HeardLink(ctx, link.Peer, now)
		if err != nil || !was {
			return err
		}
		return d.works(ctx, tx, link.Peer, now)
	})
	if err == nil {
		d.links.forget() // so that the next letter finds it said
	}
	return err
}

// Refused keeps what the exchange would not take from a peer, for a person to
// see; a broken letter that says urgent alarms.
func (d *Desk) Refused(ctx context.Context, f store.Refusal) error {
	f.ID, f.At = hotline.NewID(), d.Now()
	if len(f.Raw) > store.RawMost {
		f.Raw = f.Raw[:store.RawMost]
	}
	d.log.Warn("letter refused", "peer", f.Peer, "code", f.Code, "letter", f.Letter, "urgent", f.Urgent)
	return d.st.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.AddRefusal(ctx, f)
		return err
	})
}

// anewUntil is how long a letter is tried that is sent again: as long as at
// first. What it says itself of its end stays, so its receiver finds it late.
func (d *Desk) anewUntil(out store.LetterOut) (time.Time, error) {
	var m leg.Letter
	if err := json.Unmarshal([]byte(out.Content), &m); err != nil {
		return time.Time{}, fmt.Errorf("letter in the ledger: %w", err)
	}
	if m.ExpiresAt == nil {
		return time.Time{}, nil
	}
	return d.Now().Add(m.ExpiresAt.Sub(m.SentAt)), nil
}

// Hurry makes letters to a peer due that would wait beyond a moment, because
// the clock that said so was wrong.
func (d *Desk) Hurry(ctx context.Context, peer string, beyond time.Time) error {
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.HurryLetters(ctx, peer, d.Now(), beyond) })
}

// MendLetter sends a letter that was refused or gave up again ("resend"), or
// gives it up for good ("void"), for a reason.
func (d *Desk) MendLetter(ctx context.Context, a hotline.Actor, letterID, how, reason string) error {
	if err := a.CheckNode(hotline.MendLinks); err != nil {
		return err
	}
	out, err := d.read.LetterOut(ctx, letterID)
	if err != nil {
		return err
	}
	link, err := d.Link(ctx, out.Peer)
	if err != nil {
		return err
	}
	switch how {
	case "resend":
		return d.st.Write(ctx, func(tx *store.Tx) error {
			if out.State == store.LetterWaiting {
				return tx.HurryLetters(ctx, out.Peer, d.Now(), d.Now())
			}
			expires, err := d.anewUntil(out)
			if err != nil {
				return err
			}
			return tx.ReviveLetter(ctx, letterID, d.Now(), expires)
		})
	case "void":
		if out.Number == 0 {
			return hotline.Errorf(hotline.Conflict, "move_refused", "letter", out.Type, out.State, "")
		}
		if err := casefile.CheckText("reason", reason, casefile.NoteMost); err != nil {
			return err
		}
		return d.st.Write(ctx, func(tx *store.Tx) error {
			if th, err := d.threadOf(ctx, tx, out); err != nil || th != nil {
				if err == nil {
					err = d.voidConsult(ctx, tx, a, *th, out, reason)
				}
				return err
			}
			w, err := d.open(ctx, tx, a, out.CaseID)
			if err != nil {
				return err
			}
			l, err := w.leg(out.LegID)
			if err != nil {
				return err
			}
			if out.Type == leg.TypeOffer {
				l.Undeliverable = l.State == leg.Sent
			}
			if err := w.void(link, l, out, reason); err != nil {
				return err
			}
			return w.keep()
		})
	}
	return hotline.Errorf(hotline.Invalid, "how_unknown", "how", how)
}

// Replay is from where letters are sent again: of a leg from a number on, or
// all that were written since a moment.
type Replay struct {
	Leg    string
	Number int64
	Since  time.Time
}

// ReplayLetters sends letters that a peer has receipted again, because it says
// that it lost them. Those that it has have no second effect there. It says how
// many will go.
func (d *Desk) ReplayLetters(ctx context.Context, a hotline.Actor, peer string, from Replay) (n int64, err error) {
	if err := a.CheckNode(hotline.MendLinks); err != nil {
		return 0, err
	}
	if _, err := d.Link(ctx, peer); err != nil {
		return 0, err
	}
	if (from.Leg == "") == from.Since.IsZero() || from.Leg != "" && from.Number < 1 {
		return 0, hotline.Errorf(hotline.Invalid, "replay_from", "since")
	}
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		n, err = tx.ReplayLetters(ctx, peer, from.Leg, from.Number, from.Since, d.Now())
		if err != nil || from.Leg != "" {
			return err
		}
		return d.replayParts(ctx, tx, peer, from.Since)
	})
	if err == nil {
		d.log.Info("letters are sent again", "peer", peer, "letters", n, "by", a.ID)
	}
	return n, err
}

// ClearRepair takes a leg off the repair list: a person has mended it.
func (d *Desk) ClearRepair(ctx context.Context, a hotline.Actor, legID, note string) error {
	if err := a.CheckNode(hotline.MendLinks); err != nil {
		return err
	}
	if err := casefile.CheckText("note", note, casefile.NoteMost); err != nil {
		return err
	}
	row, err := d.read.Leg(ctx, legID)
	if err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.open(ctx, tx, a, row.CaseID)
		if err != nil {
			return err
		}
		l, err := w.leg(legID)
		if err != nil || l.Repair == "" {
			return err
		}
		was := l.Repair
		l.Repair, l.dirty = "", true
		if err := w.event("repaired", legID, body{"was": was}, note); err != nil {
			return err
		}
		return w.keep()
	})
}

// SeeRefusal records that a person has seen a refusal.
func (d *Desk) SeeRefusal(ctx context.Context, a hotline.Actor, id string) error {
	if err := a.CheckNode(hotline.MendLinks); err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error { return tx.SeeRefusal(ctx, id, d.Now()) })
}

// LinkView is a link with what is stuck on it, and why.
type LinkView struct {
	store.Link
	Traffic    store.Traffic
	Stuck      []store.LetterOut
	Refused    []store.LetterIn
	Refusals   []store.Refusal
	Head       store.PeerHead // what is known of the peer's log
	Outages    []store.Outage // the newest first
	Comparison store.Comparison
	// Differences is what the last comparison found that both sides do not agree on.
	Differences []store.Difference
}

// Unproven says that the peer's history is not the one that was known.
func (v LinkView) Unproven() bool { return !v.Head.UnprovenAt.IsZero() }

// Links lists the links and what is stuck on them.
func (d *Desk) Links(ctx context.Context, a hotline.Actor) ([]LinkView, error) {
	if err := a.CheckNode(hotline.SeeLinks); err != nil {
		return nil, err
	}
	links, err := d.read.Links(ctx)
	if err != nil {
		return nil, err
	}
	var out []LinkView
	for _, l := range links {
		v := LinkView{Link: l}
		if v.Traffic, err = d.read.Traffic(ctx, l.Peer); err != nil {
			return nil, err
		}
		if v.Stuck, err = d.read.StuckLetters(ctx, l.Peer, hotline.PageDefault); err != nil {
			return nil, err
		}
		if v.Refused, err = d.read.RefusedLetters(ctx, l.Peer, hotline.PageDefault); err != nil {
			return nil, err
		}
		if v.Refusals, err = d.read.Refusals(ctx, l.Peer, hotline.PageDefault); err != nil {
			return nil, err
		}
		if v.Head, err = d.read.PeerHead(ctx, l.Peer); err != nil {
			return nil, err
		}
		if v.Outages, err = d.read.Outages(ctx, l.Peer, outagesShown); err != nil {
			return nil, err
		}
		if v.Comparison, err = d.read.Comparison(ctx, l.Peer); err != nil {
			return nil, err
		}
		if v.Differences, err = d.read.Differences(ctx, l.Peer, hotline.PageDefault); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Strangers lists what came from senders that are no peers of ours, or only say
// that they are, and that nobody has seen yet; what calls itself urgent first.
// It may be a peer's mistake, so a person looks.
func (d *Desk) Strangers(ctx context.Context, a hotline.Actor) ([]store.Refusal, error) {
	if err := a.CheckNode(hotline.SeeLinks); err != nil {
		return nil, err
	}
	return d.read.Refusals(ctx, "", hotline.PageDefault)
}

// PutLink adds or changes a link, after its keys were compared by phone.
func (d *Desk) PutLink(ctx context.Context, l store.Link) error {
	if l.CreatedAt.IsZero() {
		l.CreatedAt = d.Now()
	}
	err := d.st.Write(ctx, func(tx *store.Tx) error { return tx.PutLink(ctx, l) })
	d.links.forget()
	return err
}

// LinkID names a pair of platforms, the same at both ends.
func LinkID(a, b string) string {
	if a > b {
		a, b = b, a
	}
	return a + "~" + b
}

// linkCache keeps the links for a second, so that a letter costs no query.
type linkCache struct {
	mu    sync.Mutex
	at    time.Time
	links []store.Link
}

func (c *linkCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links = nil
}

func (d *Desk) allLinks(ctx context.Context) ([]store.Link, error) {
	d.links.mu.Lock()
	defer d.links.mu.Unlock()
	if now := time.Now(); d.links.links == nil || now.Sub(d.links.at) > time.Second {
		ls, err := d.read.Links(ctx)
		if err != nil {
			return nil, err
		}
		d.links.links, d.links.at = ls, now
	}
	return d.links.links, nil
}

// Link finds the link to a peer by its platform code; NotFound without one.
func (d *Desk) Link(ctx context.Context, peer string) (store.Link, error) {
	ls, err := d.allLinks(ctx)
	if err != nil {
		return store.Link{}, err
	}
	for _, l := range ls {
		if l.Peer == peer {
			return l, nil
		}
	}
	return store.Link{}, hotline.Errorf(hotline.NotFound, "link_not_found", "peer", peer)
}

// linkTo finds the active link to a line: the one whose region holds the
// case's, else the first.
func (d *Desk) linkTo(ctx context.Context, line, region string) (store.Link, error) {
	ls, err := d.allLinks(ctx)
	if err != nil {
		return store.Link{}, err
	}
	var found *store.Link
	for i, l := range ls {
		if l.Line != line || !l.Active {
			continue
		}
		if found == nil || region != "" && d.dir.Within(region, l.Region) && !d.dir.Within(region, found.Region) {
			found = &ls[i]
		}
	}
	if found == nil {
		return store.Link{}, hotline.Errorf(hotline.Invalid, "link_unknown", "to", line)
	}
	return *found, nil
}
