package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
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
	dueMost      = 256  // letters of a round
	behindMost   = 1024 // that go with them where a call takes several
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
		went, err := x.sendDue(ctx, peer, silent > 0)
		switch {
		case err != nil && ctx.Err() == nil:
			x.log.Error("lane", "peer", peer, "err", err)
			sleep(ctx, time.Second, nil)
		case went.rest > 0: // it is busy, and said for how long
			silent = 0
			sleep(ctx, min(went.rest, longPause), nil)
		case went.letters > 0 && went.answered:
			silent = 0
		case went.letters > 0:
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

// round is how it went with what was due.
type round struct {
	letters  int
	answered bool          // the peer spoke, whatever it said
	rest     time.Duration // for so long it takes nothing
}

func (r *round) add(some round) {
	r.letters += some.letters
	r.answered = r.answered || some.answered
	r.rest = max(r.rest, some.rest)
}

// sendDue sends what is due now; a peer that was silent gets one letter to try.
func (x *Exchange) sendDue(ctx context.Context, peer string, probe bool) (went round, err error) {
	defer recovered(&err)
	link, err := x.desk.Link(ctx, peer)
	if err != nil || !link.Active {
		return went, err
	}
	c, err := x.carrierOf(link)
	if err != nil {
		return went, errors.Join(err, x.desk.Broke(ctx, link, err))
	}
	traits := c.Traits()
	if traits.Passive {
		return went, nil
	}
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	if err != nil {
		return went, fmt.Errorf("keys of %s: %w", peer, err)
	}
	most, parts := max(dueMost, traits.Batch), partsOnWire
	if probe {
		most = 1
	}
	if traits.Lanes == 0 {
		parts = partsInBulk
	}
	due, err := x.read.Due(ctx, peer, x.desk.Now(), traits.Stream, most, parts)
	if err != nil || len(due) == 0 {
		return went, err
	}
	s := shipment{link: link, keys: keys, carrier: c, traits: traits}
	if traits.Lanes == 0 {
		return x.sendSome(ctx, s, due)
	}
	var behind []store.LetterOut
	if traits.Batch > 1 && !probe {
		if behind, err = x.read.Behind(ctx, due, behindMost); err != nil {
			return went, err
		}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, traits.Lanes)
	var errs []error
	for some := range batches(due, behind, traits.Batch) {
		slots <- struct{}{}
		mu.Lock()
		rest := went.rest
		mu.Unlock()
		if rest > 0 {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			how, err := x.sendSome(ctx, s, some)
			mu.Lock()
			defer mu.Unlock()
			went.add(how)
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return went, errors.Join(errs...)
}

// batches yields letters in batches of so many, each followed by those of its
// leg that wait behind it, in their order; what does not fit into the batch is
// left for the next round.
func batches(due, behind []store.LetterOut, most int) iter.Seq[[]store.LetterOut] {
	follow := map[string][]store.LetterOut{}
	for _, out := range behind {
		follow[out.LegID] = append(follow[out.LegID], out)
	}
	return func(yield func([]store.LetterOut) bool) {
		var batch []store.LetterOut
		for _, out := range due {
			run := []store.LetterOut{out}
			if out.Number > 0 {
				more := follow[out.LegID]
				run = append(run, more[:min(len(more), most-1)]...)
			}
			if len(batch) > 0 && len(batch)+len(run) > most {
				if !yield(batch) {
					return
				}
				batch = nil
			}
			batch = append(batch, run...)
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
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

	caseKeys map[string]seal.CaseKey // of the cases whose letters go together
}

// sendSome sends letters together and records how each went.
func (x *Exchange) sendSome(ctx context.Context, s shipment, due []store.LetterOut) (went round, err error) {
	var outs []store.LetterOut
	var parcels []carrier.Parcel
	var errs []error
	went.letters = len(due)
	s.caseKeys = map[string]seal.CaseKey{}
	for _, out := range due {
		wire, ready, err := x.prepare(ctx, s, out)
		if err != nil {
			errs = append(errs, err)
		}
		if ready {
			outs, parcels = append(outs, out), append(parcels, carrier.Parcel{ID: out.ID, Wire: wire})
		}
		went.answered = went.answered || !ready
	}
	if len(parcels) == 0 {
		return went, errors.Join(errs...)
	}
	results, err := carry(ctx, s.carrier, parcels)
	if ctx.Err() != nil {
		return round{letters: len(due)}, nil // told to stop; the receipt may come with the next attempt
	}
	if err != nil {
		results = slices.Repeat([]carrier.Sent{{Err: err}}, len(outs))
	}
	var handed []store.LetterOut
	heard := x.hearAll(ctx, s, outs, results)
	for i, out := range outs {
		r := results[i]
		if word, _ := errors.AsType[*carrier.Refused](r.Err); word != nil {
			went.rest = max(went.rest, word.After)
		}
		switch {
		case r.Handed:
			handed = append(handed, out)
		case heard[out.ID]:
			went.answered = true
		default:
			spoke, err := x.sent(ctx, s, out, r)
			went.answered = went.answered || spoke
			errs = append(errs, err)
		}
	}
	if len(handed) > 0 {
		went.answered = true
		errs = append(errs, x.handed(ctx, s, handed))
	}
	return went, errors.Join(errs...)
}

// hearAll takes the answers to several letters together, and says to which. What
// it leaves is heard one by one.
func (x *Exchange) hearAll(ctx context.Context, s shipment, outs []store.LetterOut, results []carrier.Sent) map[string]bool {
	var answers []leg.Letter
	heard := map[string]bool{}
	for i, out := range outs {
		if results[i].Answer == nil || out.Type == leg.TypeReconcile {
			continue
		}
		if e, err := x.readAnswer(s.keys, out, results[i].Answer); err == nil {
			answers, heard[out.ID] = append(answers, e.Letter), true
		}
	}
	if len(answers) < 2 || x.desk.Heard(ctx, s.link) != nil || x.desk.Answered(ctx, s.link, answers...) != nil {
		return nil
	}
	return heard
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
	e, err := x.readAnswer(keys, out, answer)
	switch {
	case err != nil:
	case e.Type == leg.TypeReconcile:
		if _, err = x.reconciled(ctx, link, e.Letter); err == nil || hotline.KindOf(err) == hotline.Invalid {
			return x.desk.Delivered(ctx, out)
		}
		return err
	default:
		err = x.desk.Answered(ctx, link, e.Letter)
	}
	if hotline.KindOf(err) == hotline.Invalid && err != nil {
		return x.later(ctx, link, out, err)
	}
	return err
}

// readAnswer reads an authentic answer to a letter. Errors are Invalid.
func (x *Exchange) readAnswer(keys seal.PublicKeys, out store.LetterOut, answer []byte) (letter.Envelope, error) {
	e, err := letter.Parse(answer)
	if err == nil {
		err = e.Verify(keys)
	}
	fits := e.Type == leg.TypeReceipt || e.Type == leg.TypeError || e.Type == leg.TypeReconcile && out.Type == leg.TypeReconcile
	if err == nil && (e.Body.Re != out.ID || e.To != x.desk.Node().Platform || !fits) {
		err = hotline.Errorf(hotline.Invalid, "answer_unknown", "re", e.Body.Re)
	}
	return e, err
}

// later puts a letter off.
func (x *Exchange) later(ctx context.Context, link store.Link, out store.LetterOut, why error) error {
	most := longPause
	if out.Urgent {
		most = hastyPause
	}
	wait := pause(out.Attempts+1, most)
	if word, _ := errors.AsType[*carrier.Refused](why); word != nil {
		wait = max(wait, min(word.After, longPause))
	}
	return x.desk.SendFailed(ctx, link, out, desk.Retry{At: x.desk.Now().Add(wait), Why: why.Error()})
}

// keyOf is the key that a letter's personal part is sealed under, looked up once
// for all of its case in a shipment.
func (x *Exchange) keyOf(ctx context.Context, s shipment, out store.LetterOut) (seal.CaseKey, error) {
	if key, known := s.caseKeys[out.CaseID]; known {
		return key, nil
	}
	key, err := x.desk.KeyOf(ctx, out)
	if err == nil && out.CaseID != "" && s.caseKeys != nil {
		s.caseKeys[out.CaseID] = key
	}
	return key, err
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
		key, err := x.keyOf(ctx, s, out)
		if err != nil {
			return nil, err
		}
		if sealed, err = seal.WrapPart(m.ID, m.From, out.Private, key, s.keys); err != nil {
			return nil, err
		}
	}
	return letter.Compose([]byte(out.Content), sealed, letter.Signer(x.keysOf(s.link)))
}
