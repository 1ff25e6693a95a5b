package desk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/audit"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// headEvery is how often a peer hears of our head at most. Proposal.
const headEvery = time.Minute

// untoldMost is how long heads may come whose proofs begin elsewhere, before
// the peer's history counts as unproven: two letters settle it. Proposal.
const untoldMost = time.Hour

// replaySpare is how much earlier than the last moment that a peer's backup
// knew letters are sent again: what it has has no second effect.
const replaySpare = 10 * time.Minute

// Restored says that this database was put back from a backup: its epoch is
// raised, and the peers, who hear of it with the next head, send again what it
// lost. It is for a node that is not running. It returns the new epoch, and the
// last moment that the backup knew.
func (d *Desk) Restored(ctx context.Context) (epoch int64, to time.Time, err error) {
	head, err := d.read.Head(ctx)
	if err != nil {
		return 0, to, err
	}
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RaiseEpoch(ctx, head.At); err != nil {
			return err
		}
		return d.nodeEvent(ctx, tx, hotline.TheMachine(d.node.Platform), "restored", body{"epoch": d.node.Epoch + 1, "to": head.At.UnixMicro()})
	})
	return d.node.Epoch + 1, head.At, err
}

// PostHeads writes to every peer the head of our log, where there is something
// new in it, with the proof that it goes on from the head that the peer holds.
func (d *Desk) PostHeads(ctx context.Context) error {
	links, err := d.read.Links(ctx)
	if err != nil {
		return err
	}
	head, err := d.read.Head(ctx)
	if err != nil {
		if hotline.KindOf(err) == hotline.NotFound {
			return nil
		}
		return err
	}
	for _, l := range links {
		if !l.Active || l.Carrier == "manual" { // nobody types a head
			continue
		}
		if err := d.postHead(ctx, l, head); err != nil {
			return fmt.Errorf("head for %s: %w", l.Peer, err)
		}
	}
	return nil
}

func (d *Desk) postHead(ctx context.Context, link store.Link, head store.TreeHead) error {
	known, err := d.read.PeerHead(ctx, link.Peer)
	now := d.Now()
	nothingNew := known.SentSize == head.Size && !head.At.After(known.SentAt) && known.SentSeen == known.Size
	if err != nil || nothingNew || now.Sub(known.SentAt) < headEvery {
		return err
	}
	m := d.unnumbered(link, leg.TypeHead, leg.Letter{})
	m.Body = leg.Body{Head: head.Note, Seen: known.Size}
	if to := d.node.RestoredTo; !to.IsZero() {
		at := to.In(calendar.Zone)
		m.Body.At = &at
	}
	if known.Theirs > 0 && known.Theirs <= head.Size {
		path, err := audit.Consistency(known.Theirs, head.Size, tilesOf(ctx, d.read))
		if err != nil {
			return err
		}
		m.Body.From = known.Theirs
		for _, h := range path {
			m.Body.Path = append(m.Body.Path, base64.StdEncoding.EncodeToString(h))
		}
	}
	content, hash, err := letter.Content(m)
	if err != nil {
		return err
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		if err := tx.DropLetters(ctx, link.Peer, leg.TypeHead); err != nil { // the newest says it all
			return err
		}
		if err := tx.SentHead(ctx, link.Peer, head.Size, known.Size, now); err != nil {
			return err
		}
		return tx.PostLetter(ctx, store.LetterOut{ID: m.ID, Peer: link.Peer, Type: m.Type, Content: string(content), Hash: hash, CreatedAt: now})
	})
}

// heardHead takes a peer's head. What does not fit raises an alarm and marks
// the peer unproven; it refuses nothing, and its letters go on.
func (d *Desk) heardHead(ctx context.Context, tx *store.Tx, link store.Link, m leg.Letter) error {
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	if err != nil {
		return err
	}
	next, _, err := audit.OpenHead(m.Body.Head, keys)
	if err != nil {
		return err // Invalid: the sender hears of it
	}
	known, err := tx.PeerHead(ctx, link.Peer)
	if err != nil {
		return err
	}
	known.Theirs = m.Body.Seen
	before, err := headOf(known.Note)
	if err != nil {
		return err
	}
	now := d.Now()
	verdict := audit.Follow(before, next, m.Body.From, pathOf(m.Body.Path))
	if verdict == audit.Untold && now.Sub(known.HeardAt) > untoldMost {
		verdict = audit.Rewritten
	}
	if next.Epoch > before.Epoch && before.Size > 0 && known.UnprovenAt.IsZero() && m.Body.At != nil { // it lost what came after
		since := m.Body.At.Add(-replaySpare)
		n, err := tx.ReplayLetters(ctx, link.Peer, "", 0, since, now)
		if err == nil {
			err = d.replayParts(ctx, tx, link.Peer, since)
		}
		if err != nil {
			return err
		}
		d.log.Warn("a peer was restored from a backup: its letters are sent again", "peer", link.Peer, "epoch", next.Epoch, "since", *m.Body.At, "letters", n)
	}
	switch {
	case verdict.Broken() && known.UnprovenAt.IsZero():
		known.UnprovenAt, known.Unproven, known.Other = now, string(verdict), m.Body.Head
		d.log.Error("a peer's history is not the one that was known", "peer", link.Peer, "verdict", string(verdict), "known", before.Size, "now", next.Size)
		if err := d.nodeEvent(ctx, tx, hotline.ThePeer(link.Peer, link.Name), "peer_unproven",
			body{"peer": link.Peer, "verdict": string(verdict), "known": known.Note, "other": m.Body.Head}); err != nil {
			return err
		}
	case verdict.Broken():
		known.Unproven, known.Other = string(verdict), m.Body.Head
	case verdict == audit.Follows && known.UnprovenAt.IsZero():
		known.Size, known.Note, known.HeardAt = next.Size, m.Body.Head, now
	}
	return tx.HearHead(ctx, known)
}

// headOf reads a head that was checked when it came; "" is none.
func headOf(signed string) (audit.Head, error) {
	if signed == "" {
		return audit.Head{}, nil
	}
	return audit.ReadHead(signed)
}

func pathOf(texts []string) [][]byte {
	var path [][]byte
	for _, s := range texts {
		h, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil // no proof
		}
		path = append(path, h)
	}
	return path
}

// AcceptHistory ends the alarm over a peer's history: a person has found out
// what happened, and says so. What is known of the peer begins anew with the
// head that did not fit; both heads stay in the event.
func (d *Desk) AcceptHistory(ctx context.Context, a hotline.Actor, peer, note string) error {
	if err := a.CheckNode(hotline.MendLinks); err != nil {
		return err
	}
	if err := casefile.CheckLine("note", note); err != nil {
		return err
	}
	if note == "" {
		return hotline.Errorf(hotline.Invalid, "reason_missing", "note")
	}
	if _, err := d.Link(ctx, peer); err != nil {
		return err
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.PeerHead(ctx, peer)
		if err != nil || p.UnprovenAt.IsZero() {
			return err
		}
		other, err := headOf(p.Other)
		if err != nil {
			return err
		}
		if err := d.nodeEvent(ctx, tx, a, "peer_accepted", body{"peer": peer, "verdict": p.Unproven, "known": p.Note, "other": p.Other, "note": note}); err != nil {
			return err
		}
		p.Size, p.Note, p.HeardAt = other.Size, p.Other, d.Now()
		p.UnprovenAt, p.Unproven, p.Other = time.Time{}, "", ""
		return tx.HearHead(ctx, p)
	})
}

// nodeEvent appends an event of no case: something that concerns the node.
func (d *Desk) nodeEvent(ctx context.Context, tx *store.Tx, by hotline.Actor, kind string, b body) error {
	doc, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	e := store.Event{ID: hotline.NewID(), At: d.Now(), Kind: kind, Platform: by.Platform, ActorID: by.ID, ActorName: by.Name,
		ActorRole: string(by.Role), Body: string(doc)}
	if _, e.Leaf, err = audit.Leaf(recordOf(d.node.Platform, e)); err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	return tx.AddEvents(ctx, e)
}
