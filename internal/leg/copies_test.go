package leg

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// copies are the two copies of one leg, the sender's and the holder's, and the
// letters under way between them. Letters of one direction are applied in the
// order of their numbers; how long each direction takes is anybody's guess. A
// receipt has no number: it may overtake, come twice, or be lost.
type copies struct {
	now              time.Time
	sender, holder   Leg
	toHolder         []Act // Send is the offer
	toSender         []Act
	offered, receipt bool // the holder has the offer; a receipt is under way
	log              []string
}

func newCopies(urgent bool) *copies {
	c := &copies{now: noon}
	c.sender = Leg{ID: "leg", Side: Sender, Peer: "540000-110", State: Sent, Version: 1, Urgent: urgent, SentAt: noon}
	c.holder = Leg{ID: "leg", Side: Holder, Peer: "540000-12345", State: Sent, Version: 1, Urgent: urgent, SentAt: noon}
	c.toHolder = []Act{{Verb: Send}}
	return c
}

// at returns the copy of a side and the letters that leave it.
func (c *copies) at(side Side) (copy *Leg, out *[]Act) {
	if side == Sender {
		return &c.sender, &c.toHolder
	}
	return &c.holder, &c.toSender
}

// do lets somebody at a side use a verb, if their page offers it, and posts
// the letter.
func (c *copies) do(side Side, v Verb, reopenFor time.Duration) error {
	l, out := c.at(side)
	if side == Holder && !c.offered {
		return nil // nobody there knows of it
	}
	can := false
	for _, x := range l.Can(side, c.now) {
		can = can || x == v
	}
	if !can {
		return nil
	}
	a := Act{Verb: v, Side: side, At: c.now, Ground: NotDuty, Basis: "职责清单第3条", NextOwner: "水务局", ReopenUntil: c.now.Add(reopenFor)}
	if v == Grant || v == Refuse {
		a.Of = l.Pending
	}
	return c.act(l, out, a)
}

func (c *copies) act(l *Leg, out *[]Act, a Act) error {
	after, err := l.Do(a)
	if err != nil {
		return fmt.Errorf("%s may not %s in %s though its page offers it: %w", a.Side, a.Verb, l.State, err)
	}
	c.log = append(c.log, fmt.Sprintf("%s: %s → %s, asked %q", a.Side, a.Verb, after.State, after.Pending))
	*l = after
	a.Letter = true
	*out = append(*out, a)
	return nil
}

// deliver applies the next letter to a side.
func (c *copies) deliver(to Side) error {
	l, out := c.at(to)
	_, in := c.at(to.Other())
	if len(*in) == 0 {
		return nil
	}
	a := (*in)[0]
	*in = (*in)[1:]
	if a.Verb == Send {
		c.offered, c.receipt = true, true
		return c.hear(l, Act{Verb: Receive, Side: Holder, At: c.now})
	}
	if to == Sender && l.State == Sent { // the holder acts, so it has the offer
		if err := c.hear(l, Act{Verb: Receive, Side: Holder, At: c.now, Letter: true}); err != nil {
			return err
		}
	}
	if err := c.hear(l, a); err != nil {
		return err
	}
	if a.Verb == Withdraw && l.GrantAtOnce() { // by the holder's machine
		return c.act(l, out, Act{Verb: Grant, Side: Holder, At: c.now, Of: Withdraw})
	}
	return nil
}

func (c *copies) hear(l *Leg, a Act) error {
	after, err := l.Do(a)
	if err != nil {
		return fmt.Errorf("the letter %s of the %s finds %s and is refused: %w", a.Verb, a.Side, l.State, err)
	}
	c.log = append(c.log, fmt.Sprintf("%s hears %s → %s, asked %q", l.Side, a.Verb, after.State, after.Pending))
	*l = after
	return nil
}

// heardReceipt is the sender's machine with a receipt. Where people went on
// without the leg meanwhile, it asks it back.
func (c *copies) heardReceipt() error {
	if !c.receipt {
		return nil
	}
	if c.sender.State == Sent {
		if err := c.hear(&c.sender, Act{Verb: Receive, Side: Holder, At: c.now, Letter: true}); err != nil {
			return err
		}
	}
	if c.sender.Resolution != Unresolved {
		return c.do(Sender, Withdraw, 0)
	}
	return nil
}

// settle delivers all that is under way.
func (c *copies) settle() error {
	for len(c.toHolder)+len(c.toSender) > 0 {
		if err := c.deliver(Holder); err != nil {
			return err
		}
		if err := c.deliver(Sender); err != nil {
			return err
		}
	}
	return c.heardReceipt()
}

// known is what both sides know of a leg, so must agree on.
func known(l Leg) Leg {
	return Leg{ID: l.ID, State: l.State, Version: l.Version, Pending: l.Pending, Ground: l.Ground, Basis: l.Basis,
		NextOwner: l.NextOwner, Contested: l.Contested, ReopenUntil: l.ReopenUntil, Urgent: l.Urgent, SentAt: l.SentAt}
}

// agree compares the copies; nothing may be under way.
func (c *copies) agree() string { return cmp.Diff(known(c.sender), known(c.holder)) }

// Two copies can never be moved apart: whatever people do on both sides, and
// however late letters are, no letter is refused, and when all have arrived
// both copies stand in the same state with the same ask open.
func TestCopiesNeverApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCopies(rapid.Bool().Draw(t, "urgent"))
		check := func(err error) {
			if err != nil {
				t.Fatalf("%v\n%q", err, c.log)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"sender acts": func(t *rapid.T) {
				if can := c.sender.Can(Sender, c.now); len(can) > 0 {
					check(c.do(Sender, rapid.SampledFrom(can).Draw(t, "verb"), time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes"))*time.Minute))
				}
			},
			"holder acts": func(t *rapid.T) {
				if can := c.holder.Can(Holder, c.now); len(can) > 0 {
					check(c.do(Holder, rapid.SampledFrom(can).Draw(t, "verb"), 0))
				}
			},
			"to holder": func(*rapid.T) { check(c.deliver(Holder)) },
			"to sender": func(*rapid.T) { check(c.deliver(Sender)) },
			"receipt":   func(*rapid.T) { check(c.heardReceipt()) },
			"give up": func(*rapid.T) { // the offer expired; a person goes another way
				if c.sender.State == Sent {
					c.sender.Undeliverable, c.sender.Resolution = true, BySuccessor
				}
			},
			"": func(t *rapid.T) {
				c.now = c.now.Add(time.Minute)
				if len(c.toHolder)+len(c.toSender) == 0 && c.sender.State != Sent {
					if diff := c.agree(); diff != "" {
						t.Fatalf("nothing is under way, and the copies differ (-sender +holder):\n%s\n%q", diff, c.log)
					}
				}
				if c.sender.Undeliverable && c.sender.State != Sent {
					t.Fatalf("a leg in %s is undeliverable", c.sender.State)
				}
			},
		})
		check(c.settle())
		check(c.settle()) // a receipt may have asked the leg back
		if diff := c.agree(); diff != "" {
			t.Fatalf("the copies differ (-sender +holder):\n%s\n%q", diff, c.log)
		}
	})
}

// The crossings that are easily got wrong, each by name. A step is a verb of a
// side, or "→" and the side that hears its next letter.
func TestCrossings(t *testing.T) {
	for _, tc := range []struct {
		name    string
		urgent  bool
		steps   []string
		state   State
		pending Verb
	}{
		{"asked back before it arrived", false, []string{"sender withdraw"}, Withdrawn, ""},
		{"an urgent one waits for a person", true, []string{"sender withdraw"}, Received, Withdraw},
		{"asked back while it was accepted", false, []string{"→holder", "holder accept", "sender withdraw"}, Accepted, Withdraw},
		{"asked back while work began", false, []string{"→holder", "holder accept", "→sender", "holder progress", "sender withdraw"}, Working, Withdraw},
		{"asked back while it was answered", false, []string{"→holder", "holder accept", "→sender", "sender withdraw", "holder feedback"}, Answered, ""},
		{"asked back while it was returned", true, []string{"→holder", "receipt", "sender withdraw", "holder return"}, Returned, ""},
		{"asked back while more time was asked", true, []string{"→holder", "receipt", "sender withdraw", "holder extend"}, Received, Withdraw},
		{"accepted with an ask open", true, []string{"→holder", "receipt", "sender withdraw", "→holder", "holder accept"}, Accepted, Withdraw},
		{"refused, and asked again meanwhile", true, []string{"→holder", "receipt", "sender withdraw", "→holder", "holder refuse", "holder extend", "→sender", "sender withdraw"}, Received, Withdraw},
		{"more time granted while it was answered", false, []string{"→holder", "holder accept", "holder extend", "→sender", "→sender", "sender grant", "holder feedback"}, Answered, ""},
		{"more time refused while it was returned", false, []string{"→holder", "holder accept", "holder extend", "→sender", "→sender", "sender refuse", "holder return"}, Returned, ""},
		{"more time granted, then answered and reopened, then asked again", false, []string{"→holder", "holder accept", "holder extend", "→sender", "→sender",
			"sender grant", "holder feedback", "→sender", "sender reopen", "→holder", "→holder", "holder extend"}, Reopened, Extend},
		{"given back while more was said", false, []string{"→holder", "holder accept", "→sender", "sender withdraw", "sender supplement", "→holder", "holder grant", "sender urge"}, Withdrawn, ""},
		{"contested while the holder spoke", false, []string{"→holder", "holder return", "→sender", "sender contest", "holder supplement"}, Returned, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCopies(tc.urgent)
			for _, step := range tc.steps {
				if err := c.step(step); err != nil {
					t.Fatalf("%s: %v", step, err)
				}
			}
			if err := c.settle(); err != nil {
				t.Fatal(err)
			}
			if diff := c.agree(); diff != "" {
				t.Fatalf("the copies differ (-sender +holder):\n%s\n%q", diff, c.log)
			}
			if c.sender.State != tc.state || c.sender.Pending != tc.pending {
				t.Errorf("got %s with %q asked, want %s with %q; %q", c.sender.State, c.sender.Pending, tc.state, tc.pending, c.log)
			}
		})
	}
}

func (c *copies) step(step string) error {
	switch step {
	case "→holder":
		return c.deliver(Holder)
	case "→sender":
		return c.deliver(Sender)
	case "receipt":
		return c.heardReceipt()
	}
	var side Side
	var v Verb
	if _, err := fmt.Sscan(step, &side, &v); err != nil {
		return err
	}
	before := len(c.log)
	if err := c.do(side, v, time.Hour); err != nil {
		return err
	}
	if len(c.log) == before {
		return fmt.Errorf("the page does not offer it: %q", c.log)
	}
	return nil
}
