package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"liandong/internal/desk"
	"liandong/internal/exchange/carrier"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Pace of a lane. A letter whose attempt failed waits longer each time, with a
// jitter of a quarter; an urgent one never long.
const (
	laneWidth    = 32 // letters of different legs on their way at once; commits are shared, so width is speed
	firstPause   = 500 * time.Millisecond
	longPause    = 5 * time.Minute
	longestPause = longPause * 5 / 4 // with its jitter
	hastyPause   = 3 * time.Second   // longest for a peer with something urgent waiting
	lookEvery    = 200 * time.Millisecond
)

// Post sends letters, and fetches those that a carrier keeps for us, until ctx
// ends: lanes for each link, so that a dead peer holds up nobody else.
func (x *Exchange) Post(ctx context.Context) error {
	defer x.closeCarriers()
	var wg sync.WaitGroup
	defer wg.Wait()
	lanes := map[string]bool{}
	var last time.Time
	for {
		links, err := x.read.Links(ctx)
		if err != nil {
			return err
		}
		if last, err = x.watchClock(ctx, links, last); err != nil {
			return err
		}
		for _, l := range links {
			if !lanes[l.Peer] {
				lanes[l.Peer] = true
				wg.Go(func() { x.lane(ctx, l.Peer) })
				wg.Go(func() { x.fetch(ctx, l.Peer) })
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second): // a link may have been added
		}
	}
}

// watchClock looks whether the clock was set back since last: what was put off
// would wait until it has caught up, so it is due now. At the start, with last
// zero, nobody knows; then it is due where it would wait longer than any letter
// is ever put off.
func (x *Exchange) watchClock(ctx context.Context, links []store.Link, last time.Time) (time.Time, error) {
	now := x.desk.Now()
	if !last.IsZero() && !now.Before(last) {
		return now, nil
	}
	for _, l := range links {
		beyond := now
		if last.IsZero() {
			beyond = now.Add(longestPause)
			if c, err := x.carrierOf(l); err == nil {
				beyond = now.Add(max(longestPause, c.Traits().Patience))
			}
		} else {
			x.log.Warn("the clock was set back; what waits is sent now", "by", last.Sub(now), "peer", l.Peer)
		}
		if err := x.desk.Hurry(ctx, l.Peer, beyond); err != nil {
			return last, err
		}
	}
	return now, nil
}

// lane sends the letters to one peer, in order within each leg.
func (x *Exchange) lane(ctx context.Context, peer string) {
	silent := 0 // attempts in a row that got no answer at all
	for ctx.Err() == nil {
		rung := x.letters.Wait()
		n, answered, err := x.sendDue(ctx, peer, silent > 0)
		switch {
		case err != nil && ctx.Err() == nil:
			x.log.Error("lane", "peer", peer, "err", err)
			sleep(ctx, time.Second, nil)
		case n > 0 && answered:
			silent = 0
		case n > 0:
			silent++
			sleep(ctx, pause(silent, hastyPause), nil)
		default:
			sleep(ctx, lookEvery, rung)
		}
	}
}

func sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-woken:
	}
}

// pause before the next attempt after n failed ones: doubling, with jitter.
func pause(n int, most time.Duration) time.Duration {
	d := most
	if n < 20 {
		d = min(firstPause<<(n-1), most)
	}
	return d*3/4 + rand.N(d/2)
}

// sendDue sends what is due now; a peer that was silent gets one letter to try.
// answered says that the peer spoke, whatever it said.
func (x *Exchange) sendDue(ctx context.Context, peer string, probe bool) (n int, answered bool, err error) {
	defer recovered(&err)
	link, err := x.desk.Link(ctx, peer)
	if err != nil || !link.Active {
		return 0, false, err
	}
	c, err := x.carrierOf(link)
	if err != nil {
		return 0, false, errors.Join(err, x.desk.Broke(ctx, link, err))
	}
	traits := c.Traits()
	if traits.Passive {
		return 0, false, nil
	}
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	if err != nil {
		return 0, false, fmt.Errorf("keys of %s: %w", peer, err)
	}
	most := max(256, traits.Batch)
	if probe {
		most = 1
	}
	parts := partsOnWire
	if traits.Batch > 1 {
		parts = partsInBulk
	}
	due, err := x.read.Due(ctx, peer, x.desk.Now(), traits.Stream, most, parts)
	if err != nil || len(due) == 0 {
		return 0, false, err
	}
	s := shipment{link: link, keys: keys, carrier: c, traits: traits}
	if traits.Batch > 1 {
		answered, err = x.sendSome(ctx, s, due)
		return len(due), answered, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, laneWidth)
	var errs []error
	for _, out := range due {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			spoke, err := x.sendSome(ctx, s, []store.LetterOut{out})
			mu.Lock()
			defer mu.Unlock()
			answered = answered || spoke
			if err != nil {
				errs = append(errs, fmt.Errorf("letter %s: %w", out.ID, err))
			}
		})
	}
	wg.Wait()
	return len(due), answered, errors.Join(errs...)
}

// How many parts of files go with what else is due. On a wire few, so that a
// letter that comes meanwhile is soon on its way: two are a second at 8 Mbit/s.
// In a bundle or a table as many as a stick carries easily, 20 MB.
const (
	partsOnWire = 2
	partsInBulk = 40
)

// shipment is what all letters that go together share.
type shipment struct {
	link    store.Link
	keys    seal.PublicKeys
	carrier carrier.Carrier
	traits  carrier.Traits
}

// sendSome sends letters together and records how each went.
func (x *Exchange) sendSome(ctx context.Context, s shipment, due []store.LetterOut) (spoke bool, err error) {
	var outs []store.LetterOut
	var parcels []carrier.Parcel
	var errs []error
	for _, out := range due {
		wire, ready, err := x.prepare(ctx, s, out)
		if err != nil {
			errs = append(errs, err)
		}
		if ready {
			outs, parcels = append(outs, out), append(parcels, carrier.Parcel{ID: out.ID, Wire: wire})
		}
		spoke = spoke || !ready
	}
	if len(parcels) == 0 {
		return spoke, errors.Join(errs...)
	}
	results, err := carry(ctx, s.carrier, parcels)
	if ctx.Err() != nil {
		return false, nil // told to stop; the receipt may come with the next attempt
	}
	var handed []store.LetterOut
	for i, out := range outs {
		r := carrier.Sent{Err: err}
		if err == nil {
			r = results[i]
		}
		if r.Handed {
			handed = append(handed, out)
			continue
		}
		heard, err := x.sent(ctx, s, out, r)
		spoke = spoke || heard
		errs = append(errs, err)
	}
	if len(handed) > 0 {
		spoke = true
		errs = append(errs, x.handed(ctx, s, handed))
	}
	return spoke, errors.Join(errs...)
}

// carry is Send of a carrier that may break.
func carry(ctx context.Context, c carrier.Carrier, parcels []carrier.Parcel) (out []carrier.Sent, err error) {
	defer recovered(&err)
	out = c.Send(ctx, parcels)
	if len(out) != len(parcels) {
		return nil, fmt.Errorf("the carrier answered for %d of %d letters", len(out), len(parcels))
	}
	return out, nil
}

// prepare makes the wire form of a letter that is to go; ready is false where
// it will not, and that is recorded.
func (x *Exchange) prepare(ctx context.Context, s shipment, out store.LetterOut) (wire []byte, ready bool, err error) {
	if !out.ExpiresAt.IsZero() && x.desk.Now().After(out.ExpiresAt) {
		return nil, false, x.desk.GiveUp(ctx, s.link, out)
	}
	wire, err = x.write(ctx, s, out)
	if out.Type == leg.TypeAttachment && hotline.CodeOf(err) == "erased" && err != nil {
		return nil, false, x.desk.DropPart(ctx, out) // there is nothing left to send
	}
	if err != nil {
		return nil, false, x.later(ctx, s.link, out, err)
	}
	return wire, true, nil
}

// handed records letters whose receipts come later. One that never gets one,
// an error about a letter, has arrived as far as its sender will ever know.
func (x *Exchange) handed(ctx context.Context, s shipment, outs []store.LetterOut) error {
	var wait []store.LetterOut
	for _, out := range outs {
		if leg.Receipted(out.Type) {
			wait = append(wait, out)
			continue
		}
		if err := x.desk.Delivered(ctx, out); err != nil {
			return err
		}
	}
	return x.desk.Handed(ctx, s.link, wait, s.traits.Patience)
}

// sent records how one letter went. spoke says that the peer answered.
func (x *Exchange) sent(ctx context.Context, s shipment, out store.LetterOut, r carrier.Sent) (spoke bool, err error) {
	if r.Err != nil {
		word, _ := errors.AsType[*carrier.Refused](r.Err)
		return word != nil, x.later(ctx, s.link, out, r.Err)
	}
	if err := x.desk.Heard(ctx, s.link); err != nil {
		return true, err
	}
	if r.Answer == nil { // an error letter has no answer
		return true, x.desk.Delivered(ctx, out)
	}
	return true, x.hear(ctx, s.link, s.keys, out, r.Answer)
}

// hear takes the answer to a letter. One that is not authentic, or not about
// this letter, counts as none.
func (x *Exchange) hear(ctx context.Context, link store.Link, keys seal.PublicKeys, out store.LetterOut, answer []byte) error {
	e, err := letter.Parse(answer)
	if err == nil {
		err = e.Verify(keys)
	}
	if err == nil && e.Type == leg.TypeReconcile && out.Type == leg.TypeReconcile && e.Body.Re == out.ID && e.To == x.desk.Node().Platform {
		if _, err = x.reconciled(ctx, link, e.Letter); err == nil || hotline.KindOf(err) == hotline.Invalid {
			return x.desk.Delivered(ctx, out)
		}
		return err
	}
	if err == nil && (e.Body.Re != out.ID || e.To != x.desk.Node().Platform || e.Type != leg.TypeReceipt && e.Type != leg.TypeError) {
		err = hotline.Errorf(hotline.Invalid, "answer_unknown", "re", e.Body.Re)
	}
	if err == nil {
		err = x.desk.Answered(ctx, link, e.Letter)
	}
	if hotline.KindOf(err) == hotline.Invalid && err != nil {
		return x.later(ctx, link, out, err)
	}
	return err
}

// later puts a letter off.
func (x *Exchange) later(ctx context.Context, link store.Link, out store.LetterOut, why error) error {
	most := longPause
	if urgent(out) {
		most = hastyPause
	}
	return x.desk.SendFailed(ctx, link, out, desk.Retry{At: x.desk.Now().Add(pause(out.Attempts+1, most)), Why: why.Error()})
}

func urgent(out store.LetterOut) bool {
	var m leg.Letter
	return json.Unmarshal([]byte(out.Content), &m) == nil && m.Body.Urgent
}

// write makes the wire form of a letter: the case's key wrapped for the peer's
// current key, and signed with ours of the link's suite.
func (x *Exchange) write(ctx context.Context, s shipment, out store.LetterOut) (wire []byte, err error) {
	defer recovered(&err)
	var sealed *seal.Part
	if out.Type == leg.TypeAttachment { // its content lies in one place only
		plain, key, err := x.desk.PartOf(ctx, out)
		if err != nil {
			return nil, err
		}
		if sealed, err = seal.WrapPart(out.ID, x.desk.Node().Platform, seal.SealPart(key, out.ID, plain), key, s.keys); err != nil {
			return nil, err
		}
	} else if len(out.Private) > 0 {
		var m leg.Letter
		if err := json.Unmarshal([]byte(out.Content), &m); err != nil {
			return nil, fmt.Errorf("letter in the ledger: %w", err)
		}
		key, err := x.desk.KeyOf(ctx, out)
		if err != nil {
			return nil, err
		}
		if sealed, err = seal.WrapPart(m.ID, m.From, out.Private, key, s.keys); err != nil {
			return nil, err
		}
	}
	return letter.Compose([]byte(out.Content), sealed, letter.Signer(x.keysOf(s.link)))
}
