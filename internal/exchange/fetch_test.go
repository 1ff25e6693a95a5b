package exchange

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/exchange/https"
	"liandong/internal/leg"
)

// A side that cannot be called fetches its letters and posts the receipts; lost
// answers bring them again, and nothing is done twice.
func TestPull(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		p.clock.Add(time.Since(p.clock.Now())) // a question is good for some minutes of real time
		held, pull := p.a.peerLink(t, p.b), p.b.peerLink(t, p.a)
		held.URL, held.Settings, pull.Settings = "", `{"mode":"held"}`, `{"mode":"pull"}`
		if err := p.a.desk.PutLink(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		if err := p.b.desk.PutLink(t.Context(), pull); err != nil {
			t.Fatal(err)
		}
		c := p.a.take(t, "测试对方来取的诉求一二三四")
		id := p.a.send(t, c.ID, desk.Order{To: "110"}).Legs[0].ID
		p.a.act(t, id, leg.Urge)
		if n, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); n.letters != 0 || err != nil {
			t.Errorf("a side that is fetched from sent %d letters, %v", n.letters, err)
		}
		collect := func() error {
			_, _, err := p.b.x.collect(t.Context(), p.a.node.Platform)
			return err
		}
		p.loseIn = 1 // the letters
		if err := collect(); err == nil {
			t.Error("letters lost on their way: got no error")
		}
		p.clock.Add(fetchPatience)
		p.faulty(func(wire []byte) ([]byte, fault) { return wire, loseLetter }) // the receipt
		if err := collect(); err == nil {
			t.Error("a receipt lost on its way: got no error")
		}
		if got := p.b.state(t, id); got != leg.Received {
			t.Errorf("holder's leg is %s, want received", got)
		}
		p.calm()
		p.clock.Add(fetchPatience)
		for range 4 {
			if err := collect(); err != nil {
				t.Fatal(err)
			}
			p.clock.Add(fetchPatience)
		}
		p.b.act(t, id, leg.Accept)
		if _, err := p.b.x.sendDue(t.Context(), p.a.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		if got := p.a.state(t, id); got != leg.Accepted {
			t.Errorf("sender's leg is %s, want accepted", got)
		}
		if k := p.b.kinds(t, p.b.other(t, id).ID); k["receive"] != 1 || k["urge"] != 1 {
			t.Errorf("holder's events %v, want one receive and one urge", k)
		}
		if p.waiting() != 0 {
			t.Errorf("%d letters wait, want none", p.waiting())
		}
		res, err := http.Post(p.a.srv.URL+https.FetchPath, "application/json", strings.NewReader(`{"from":"540000-110","to":"540000-12345"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("a question that nobody signed: got %d, want 401", res.StatusCode)
		}
	})
}
