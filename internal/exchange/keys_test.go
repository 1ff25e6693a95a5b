package exchange

import (
	cryptorand "crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// restart puts a side together anew, with other keys, as after a stop.
func (s *side) restart(t *testing.T, p *pair, keys *seal.Keyring) {
	t.Helper()
	s.keys = keys
	s.desk = p.deskOf(t, s)
	s.x = New(s.desk, s.st, keys, nil)
}

func (p *pair) tellKeys(t *testing.T) {
	t.Helper()
	for _, s := range []*side{p.a, p.b} {
		if err := s.desk.PostKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.run()
	p.forget()
}

// A case goes over and back, whatever the keys.
func (p *pair) transfers(t *testing.T) (here, leg1 string) {
	t.Helper()
	v := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"})
	id := v.Legs[0].ID
	p.run()
	p.b.act(t, id, leg.Accept)
	p.run()
	if got := p.a.state(t, id); got != leg.Accepted {
		t.Fatalf("the leg is %s, want accepted", got)
	}
	return v.ID, id
}

// signer is the key that signed the newest letter that a side received.
func (s *side) signer(t *testing.T, caseID string) string {
	t.Helper()
	ls, err := s.st.Reader().LettersInOfCase(t.Context(), caseID)
	if err != nil || len(ls) == 0 {
		t.Fatalf("got %d letters, %v", len(ls), err)
	}
	var sig seal.Signature
	if err := json.Unmarshal([]byte(ls[len(ls)-1].Signature), &sig); err != nil {
		t.Fatal(err)
	}
	return sig.KeyID
}

func kid(k *seal.Keyring) string { return k.Public("1", "1").Signing[0].ID }

// A new key is announced under the old one; until the peer has it the old one
// signs, also what waited meanwhile, and nothing is refused on the way.
func TestKeysAreRenewed(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.tellKeys(t) // the first time it is noted what the peer has
		p.transfers(t)
		waits := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"}).Legs[0].ID
		old := kid(p.a.keys)
		renewed, err := p.a.keys.Renew(seal.Signing, p.clock.Now().Add(desk.OfferExpiry), cryptorand.Reader)
		if err == nil {
			renewed, err = renewed.Renew(seal.Receiving, time.Time{}, cryptorand.Reader)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.a.restart(t, p, renewed)
		p.run()
		if got := p.b.signer(t, p.b.leg(t, waits).CaseID); got != old {
			t.Errorf("before the announcement: signed by %s, want the old key %s", got, old)
		}
		p.tellKeys(t)
		_, id := p.transfers(t)
		if got := p.b.signer(t, p.b.leg(t, id).CaseID); got != kid(renewed) {
			t.Errorf("after the announcement: signed by %s, want the new key %s", got, kid(renewed))
		}
		known, err := seal.ParsePublicKeys([]byte(p.b.peer(t).Keys))
		if err != nil || known.Fingerprint() != renewed.Public(p.a.node.Platform, p.a.node.Name).Fingerprint() {
			t.Errorf("the peer knows %s, %v", known.Fingerprint(), err)
		}
		p.b.act(t, waits, leg.Accept) // sealed to the new key, and to the old one before
		p.run()
		if rs, err := p.b.st.Reader().Refusals(t.Context(), p.a.node.Platform, 10); err != nil || len(rs) > 0 {
			t.Errorf("refused on the way: %+v, %v", rs, err)
		}
		p.agree()
		p.tellHeads()
		if p.b.peer(t).Unproven() {
			t.Error("a head by the new key counts as another history")
		}
	})
}

// A revoked key signs nothing any more: who has it announces nothing either.
// The peer takes the new one by hand, and what waited is signed again.
func TestKeyIsRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.tellKeys(t)
		p.transfers(t)
		waits := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"})
		stolen := p.a.keys
		revoked, err := stolen.Revoke(cryptorand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, kept := revoked.Public("1", "1").SigningKey(kid(stolen)); kept {
			t.Fatal("the revoked key is still in the document")
		}
		p.a.restart(t, p, revoked)
		if err := p.a.desk.PostKeys(t.Context()); err != nil { // nothing to announce under
			t.Fatal(err)
		}
		for range 3 {
			if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
				t.Fatal(err)
			}
			p.clock.Add(time.Minute)
		}
		if _, err := p.b.st.Reader().Leg(t.Context(), waits.Legs[0].ID); err == nil {
			t.Fatal("a letter by a key that the peer does not know was taken")
		}
		l := p.b.peer(t).Link
		l.Keys = string(revoked.Public(p.a.node.Platform, p.a.node.Name).Bytes())
		if err := p.b.desk.PutLink(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		p.run()
		if got := p.b.signer(t, p.b.leg(t, waits.Legs[0].ID).CaseID); got != kid(revoked) {
			t.Errorf("what waited: signed by %s, want the new key", got)
		}
		p.transfers(t)
		p.a.proves(t, waits.ID, 1)

		// Whoever has the stolen key cannot announce one of theirs any more.
		thief, err := stolen.Renew(seal.Signing, p.clock.Now().Add(desk.OfferExpiry), cryptorand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		before := p.b.peer(t).Keys
		p.a.restart(t, p, thief)
		if err := p.a.st.Write(t.Context(), func(tx *store.Tx) error { return tx.TellKeys(t.Context(), p.b.node.Platform, "x", kid(stolen)) }); err != nil {
			t.Fatal(err)
		}
		p.forget()
		if err := p.a.desk.PostKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		if p.b.peer(t).Keys != before {
			t.Error("a revoked key announced another one, and was believed")
		}
	})
}
