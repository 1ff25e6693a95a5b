package exchange

import (
	"context"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/exchange/carrier"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// shelf is a carrier between two sides that only puts letters down: receipts
// come later. It loses, repeats and reorders as a seed says.
type shelf struct {
	in, out *[]carrier.Parcel
	lose    func() bool
	breaks  bool
}

func (s *shelf) Traits() carrier.Traits {
	return carrier.Traits{Batch: 100, Stream: true, Patience: time.Minute, Look: time.Second}
}

func (s *shelf) Send(_ context.Context, parcels []carrier.Parcel) []carrier.Sent {
	if s.breaks {
		panic("a carrier that breaks")
	}
	out := make([]carrier.Sent, len(parcels))
	for i, p := range parcels {
		out[i].Handed = true
		if s.lose == nil || !s.lose() {
			*s.out = append([]carrier.Parcel{p, p}, *s.out...) // twice, and the last first
		}
	}
	return out
}

func (s *shelf) Collect(ctx context.Context, take carrier.Take) (int, error) {
	in := *s.in
	*s.in = nil
	for i, t := range take(ctx, in) {
		switch {
		case t.Again != nil:
			return i, t.Again
		case t.Answer != nil:
			*s.out = append(*s.out, carrier.Parcel{ID: in[i].ID, Wire: t.Answer})
		}
	}
	return len(in), nil
}

func (s *shelf) Close() error { return nil }

// put puts a carrier into a side's hands in place of the configured one.
func (s *side) put(t *testing.T, peer *side, c carrier.Carrier) {
	t.Helper()
	link := s.peerLink(t, peer)
	if _, err := s.x.carrierOf(link); err != nil {
		t.Fatal(err)
	}
	s.x.carriers.mu.Lock()
	defer s.x.carriers.mu.Unlock()
	o := s.x.carriers.open[peer.node.Platform]
	o.Carrier = c
	s.x.carriers.open[peer.node.Platform] = o
}

// Letters of a leg go without waiting for one another's receipt, in any order,
// twice, with losses, and receipts come as letters: both sides end equal.
func TestReceiptsLater(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		var ab, ba []carrier.Parcel
		n := 0
		lose := func() bool { n++; return n%3 == 0 }
		a, b := &shelf{in: &ba, out: &ab, lose: lose}, &shelf{in: &ab, out: &ba, lose: lose}
		p.a.put(t, p.b, a)
		p.b.put(t, p.a, b)
		c := p.a.take(t, "测试回执后到的诉求一二三四")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.a.act(t, id, leg.Urge)
		p.a.act(t, id, leg.Supplement)
		round := func() {
			for _, s := range []*side{p.a, p.b} {
				peer := p.b
				if s == p.b {
					peer = p.a
				}
				if _, err := s.x.sendDue(t.Context(), peer.node.Platform, false); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.x.collect(t.Context(), peer.node.Platform); err != nil {
					t.Fatal(err)
				}
			}
			p.clock.Add(61 * time.Second)
		}
		for range 8 {
			round()
		}
		if got := p.a.state(t, id); got != leg.Received {
			t.Fatalf("sender's leg is %s, want received", got)
		}
		p.b.act(t, id, leg.Accept)
		p.b.act(t, id, leg.Feedback)
		for range 8 {
			round()
		}
		if got := p.a.state(t, id); got != leg.Answered {
			t.Errorf("sender's leg is %s, want answered", got)
		}
		if k := p.b.kinds(t, p.b.other(t, id).ID); k["urge"] != 1 || k["supplement"] != 1 {
			t.Errorf("holder's events %v, want one urge and one supplement", k)
		}
		if p.waiting() != 0 {
			t.Errorf("%d letters wait for a receipt, want none", p.waiting())
		}
		for _, s := range []*side{p.a, p.b} { // reconciling asks by HTTPS
			peer := p.b
			if s == p.b {
				peer = p.a
			}
			link := s.peerLink(t, peer)
			link.Settings = "{}"
			if err := s.desk.PutLink(t.Context(), link); err != nil {
				t.Fatal(err)
			}
		}
		p.agree()
	})
}

// A carrier that breaks ends nothing: its letters wait and say why.
func TestCarrierBreaks(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.a.put(t, p.b, &shelf{breaks: true})
		c := p.a.take(t, "测试传输故障的诉求一二三四")
		p.a.send(t, c.ID, desk.Order{To: "110"})
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		if out := p.a.out(t, p.b)[0]; out.State != store.LetterWaiting || out.Attempts != 1 || out.LastError == "" {
			t.Errorf("letter is %s after %d attempts, error %q", out.State, out.Attempts, out.LastError)
		}
	})
}

func TestSettings(t *testing.T) {
	if _, err := KindOf("pigeon"); hotline.CodeOf(err) != "carrier_unknown" {
		t.Errorf("unknown carrier: got %v", err)
	}
	k := carrier.Kind{Name: "k", Settings: []carrier.Setting{{Key: "dir", Needed: true}, {Key: "mode", OneOf: []string{"a", "b"}}}}
	for code, set := range map[string]map[string]string{
		"":                        {"dir": "/x", "mode": "a"},
		"carrier_setting_missing": {"mode": "a"},
		"carrier_setting_unknown": {"dir": "/x", "dri": "/x"},
		"carrier_setting_invalid": {"dir": "/x", "mode": "c"},
	} {
		if err := k.CheckSet(set); hotline.CodeOf(err) != code && (err != nil || code != "") {
			t.Errorf("%v: got %v, want %s", set, err, code)
		}
	}
}
