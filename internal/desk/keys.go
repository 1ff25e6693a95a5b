package desk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// PostKeys announces a change of this platform's keys to every peer, under the
// key that the peer knows. Until the announcement is there, everything that
// goes to it is signed by that key.
func (d *Desk) PostKeys(ctx context.Context) error {
	links, err := d.read.Links(ctx)
	if err != nil {
		return err
	}
	ours := d.keys.Public(d.node.Platform, d.node.Name)
	for _, l := range links {
		if !l.Active || l.ToldKeys == ours.Fingerprint() {
			continue
		}
		if err := d.postKeys(ctx, l, ours); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) postKeys(ctx context.Context, link store.Link, ours seal.PublicKeys) error {
	fingerprint := ours.Fingerprint()
	if _, held := ours.SigningKey(link.ToldKid); !held || link.Carrier == "manual" {
		// Not noted yet, or revoked: then the new document goes by hand.
		return d.st.WriteSilently(ctx, func(tx *store.Tx) error { return tx.TellKeys(ctx, link.Peer, fingerprint, ours.Signing[0].ID) })
	}
	waiting, err := d.read.WaitingOf(ctx, link.Peer, leg.TypeKeys)
	if err != nil || slices.ContainsFunc(waiting, func(l store.LetterOut) bool { return strings.Contains(l.Content, fingerprint) }) {
		return err
	}
	m := d.unnumbered(link, leg.TypeKeys, leg.Letter{})
	m.Body = leg.Body{Keys: string(ours.Bytes()), Fingerprint: fingerprint}
	content, hash, err := letter.Content(m)
	if err != nil {
		return err
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		if err := tx.DropLetters(ctx, link.Peer, leg.TypeKeys); err != nil {
			return err
		}
		return tx.PostLetter(ctx, store.LetterOut{ID: m.ID, Peer: link.Peer, Type: m.Type, Content: string(content), Hash: hash, CreatedAt: d.Now()})
	})
}

// toldKeys notes that a peer has the announcement: from here on the new key
// signs.
func (d *Desk) toldKeys(ctx context.Context, tx *store.Tx, out store.LetterOut) error {
	var m leg.Letter
	if err := json.Unmarshal([]byte(out.Content), &m); err != nil {
		return err
	}
	told, err := seal.ParsePublicKeys([]byte(m.Body.Keys))
	if err != nil {
		return err
	}
	return tx.TellKeys(ctx, out.Peer, m.Body.Fingerprint, told.Signing[0].ID)
}

// heardKeys takes a peer's new key document. The letter is signed by a key that
// we know; it must stay in the document, with its end, so that a key is never
// taken back this way: that is done by hand, after a telephone call.
func (d *Desk) heardKeys(ctx context.Context, tx *store.Tx, link store.Link, in Incoming) error {
	next, err := seal.ParsePublicKeys([]byte(in.Letter.Body.Keys))
	if err != nil {
		return err
	}
	before, err := seal.ParsePublicKeys([]byte(link.Keys))
	if err != nil {
		return err
	}
	var sig seal.Signature
	if err := json.Unmarshal([]byte(in.Signature), &sig); err != nil {
		return err
	}
	if _, kept := next.SigningKey(sig.KeyID); next.Platform != link.Peer || !kept || next.Fingerprint() != in.Letter.Body.Fingerprint {
		return hotline.Errorf(hotline.Invalid, "keys_announcement", "keys", link.Peer)
	}
	if next.Fingerprint() == before.Fingerprint() {
		return nil
	}
	d.log.Warn("a peer has new keys, announced under the old", "peer", link.Peer, "fingerprint", next.Fingerprint())
	if err := d.nodeEvent(ctx, tx, hotline.ThePeer(link.Peer, link.Name), "peer_keys",
		body{"peer": link.Peer, "was": before.Fingerprint(), "now": next.Fingerprint(), "under": sig.KeyID}); err != nil {
		return err
	}
	return tx.SetPeerKeys(ctx, link.Peer, string(next.Bytes()))
}
