package exchange

import (
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/leg"
)

// What a peer has receipted is sent again, long after the offer would have
// expired, and nothing happens twice.
func TestReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		begin := p.clock.Now()
		c := p.a.take(t, "测试重新发送路灯坏了")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.run()
		there := p.b.other(t, id)
		before := p.b.kinds(t, there.ID)
		p.clock.Add(60 * 24 * time.Hour)
		n, err := p.a.desk.ReplayLetters(t.Context(), p.a.op, p.b.node.Platform, desk.Replay{Since: begin})
		if err != nil || n != 1 {
			t.Fatalf("got %d letters, %v, want the offer", n, err)
		}
		p.run()
		if after := p.b.kinds(t, there.ID); after["receive"] != before["receive"] || after["received_case"] != 1 {
			t.Errorf("after the replay: got %v, want what it was, %v", after, before)
		}
		if l := p.a.see(t, c.ID).Legs[0]; l.State != leg.Received || l.Undeliverable {
			t.Errorf("the leg: got %s, undeliverable %v, want received", l.State, l.Undeliverable)
		}
		p.agree()
	})
}
