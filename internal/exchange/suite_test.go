package exchange

import (
	"bytes"
	cryptorand "crypto/rand"
	"encoding/json"
	"testing"

	"liandong/internal/desk"
	"liandong/internal/leg"
	"liandong/internal/proof"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// nationalKeys gives both sides keys of the national suite.
func nationalKeys(t *testing.T, k *seal.Keyring) *seal.Keyring {
	t.Helper()
	k, err := k.WithSM2(cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// suite has a side sign by a suite on its link, and know the peer's keys.
func (s *side) suite(t *testing.T, peer *side, suite string) {
	t.Helper()
	l := s.peer(t).Link
	l.Suite = suite
	doc, err := json.Marshal(peer.keys.Public(peer.node.Platform, peer.node.Name))
	if err != nil {
		t.Fatal(err)
	}
	l.Keys = string(doc)
	if err := s.desk.PutLink(t.Context(), l); err != nil {
		t.Fatal(err)
	}
}

// Each link has its suite, one side may differ from the other, and it changes
// while letters are under way. Everything works as ever and is proved.
func TestSuiteOfALink(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			p := newPair(t, engine, nationalKeys)
			for _, c := range []struct{ a, b string }{{seal.SM2, seal.SM2}, {seal.SM2, ""}, {"", seal.SM2}, {"", ""}} {
				p.a.suite(t, p.b, c.a)
				p.b.suite(t, p.a, c.b)
				v := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"})
				id := v.Legs[0].ID
				p.run()
				p.b.act(t, id, leg.Accept)
				p.b.act(t, id, leg.Feedback)
				p.run()
				if got := p.a.state(t, id); got != leg.Answered {
					t.Fatalf("%+v: the leg is %s, want answered", c, got)
				}
				p.signedBy(t, p.a, v.ID, c.b)
				p.signedBy(t, p.b, p.b.leg(t, id).CaseID, c.a)
				p.agree()
				p.tellHeads()
				if p.a.peer(t).Unproven() || p.a.peer(t).Head.Size != p.b.size(t) {
					t.Errorf("%+v: heads are not exchanged: %+v", c, p.a.peer(t).Head)
				}
				p.a.proves(t, v.ID, 3)
			}
			// A letter that waits is signed by whatever counts when it goes.
			p.a.suite(t, p.b, "")
			v := p.a.send(t, p.a.take(t, "城关区有人打架").ID, desk.Order{To: "110", Ask: "请出警"})
			p.a.suite(t, p.b, seal.SM2)
			p.run()
			p.signedBy(t, p.b, p.b.leg(t, v.Legs[0].ID).CaseID, seal.SM2)
		})
	}
}

func (s *side) leg(t *testing.T, id string) store.LegRow {
	t.Helper()
	l, err := s.st.Reader().Leg(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// signedBy checks the suite of the letters that a side received about a case.
func (p *pair) signedBy(t *testing.T, s *side, caseID, suite string) {
	t.Helper()
	if suite == "" {
		suite = seal.Ed25519
	}
	ls, err := s.st.Reader().LettersInOfCase(t.Context(), caseID)
	if err != nil || len(ls) == 0 {
		t.Fatalf("got %d letters, %v", len(ls), err)
	}
	for _, l := range ls {
		var sig seal.Signature
		if err := json.Unmarshal([]byte(l.Signature), &sig); err != nil || sig.Alg != suite {
			t.Errorf("%s at %s: signed by %s, %v, want %s", l.Type, s.node.Line, sig.Alg, err, suite)
		}
	}
}

// proves exports a case and verifies it with both sides' keys pinned.
func (s *side) proves(t *testing.T, caseID string, letters int) {
	t.Helper()
	var b bytes.Buffer
	if err := s.desk.ExportCase(t.Context(), s.op, caseID, "", &b); err != nil {
		t.Fatal(err)
	}
	mine := s.keys.Public(s.node.Platform, s.node.Name)
	r, err := proof.Verify(&b, proof.Options{Keys: map[string]seal.PublicKeys{mine.Platform: mine}})
	if err != nil || !r.OK || r.Letters != letters {
		t.Errorf("got %+v, %v, want it proved", r, err)
	}
}
