package exchange

import (
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/leg"
)

// A case goes over, is worked, answered, settled, called back and closed, and
// both sides hold the same.
func TestTransferThereAndBack(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "我家门口有人打架，一个人被打伤了，请快点来")
		c = p.a.send(t, c.ID, desk.Order{To: "110", Ask: "请出警"})
		id := c.Legs[0].ID
		p.run()
		if got := p.a.state(t, id); got != leg.Received {
			t.Fatalf("sender's leg is %s, want received", got)
		}
		there := p.b.other(t, id)
		if there.Text != c.Text || there.Region != "540102" {
			t.Errorf("got text %q region %s, want %q 540102", there.Text, there.Region, c.Text)
		}
		p.b.act(t, id, leg.Accept)
		p.b.act(t, id, leg.Progress)
		p.b.act(t, id, leg.Feedback)
		p.run()
		if got := p.a.state(t, id); got != leg.Answered {
			t.Fatalf("sender's leg is %s, want answered", got)
		}
		p.a.act(t, id, leg.Settle)
		if got := p.a.see(t, c.ID).Status; got != casefile.AwaitingCallback {
			t.Errorf("status is %s, want awaiting_callback", got)
		}
		v, err := p.a.desk.Callback(t.Context(), p.a.op, c.ID, desk.Asked{Solved: true, Satisfaction: 2, Scale: 5})
		if err != nil {
			t.Fatal(err)
		}
		if v.Mapped != 1 {
			t.Errorf("2 of 5 is mapped to %d, want 1", v.Mapped)
		}
		if _, err := p.a.desk.Close(t.Context(), p.a.op, c.ID, desk.Closing{Outcome: casefile.SolvedOutcome, Told: "已办结"}); err != nil {
			t.Fatal(err)
		}
		p.run()
		if _, err := p.b.desk.Close(t.Context(), p.b.op, there.ID, desk.Closing{Outcome: casefile.SolvedOutcome}); err != nil {
			t.Fatal(err)
		}
		if k := p.b.kinds(t, there.ID); k["callback"] != 1 || k["settle"] != 1 {
			t.Errorf("110 heard %v, want one callback and one settle", k)
		}
		p.run()
		p.agree()
	})
}
