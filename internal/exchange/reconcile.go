package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/exchange/carrier"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Difference is something that the two sides of a link do not agree on.
type Difference struct {
	Peer   string `json:"peer"`
	What   string `json:"what"` // see the list below
	Letter string `json:"letter,omitempty"`
	Leg    string `json:"leg,omitempty"` // of a consultation: the id that its letters name
	Ours   string `json:"ours,omitempty"`
	Theirs string `json:"theirs,omitempty"`
}

// What two sides may not agree on.
const (
	Unreachable    = "unreachable"     // the peer did not answer: nothing is known
	UnderWay       = "under_way"       // not yet received
	ReceiptMissing = "receipt_missing" // received, its receipt is not here yet
	Lost           = "lost"            // receipted, and not there
	Changed        = "changed"         // the same id, another content
	Unknown        = "unknown"         // received, and never sent
	Gap            = "gap"             // received, and waits for an earlier number
	VoidedApplied  = "voided_applied"  // given up here, applied there
	LegMissing     = "leg_missing"
	LegState       = "leg_state"

	ConsultationMissing = "consultation_missing"
	ConsultationState   = "consultation_state"
	ConsultationRuling  = "consultation_ruling" // both are ruled, and not the same way
)

// Reconciled is the result of comparing all links.
type Reconciled struct {
	Agree       bool         `json:"agree"`
	Links       int          `json:"links"`
	Letters     int          `json:"letters"`
	Legs        int          `json:"legs"`
	Differences []Difference `json:"differences"`
}

// differencesMost bounds the list; Agree is false in any case.
const differencesMost = 1000

// Awaited: the question went by letter and its answer is not here; nothing is
// known yet.
const Awaited = "awaited"

// answerPatience is how long Reconcile waits for answers that come by letter.
const answerPatience = 30 * time.Second

// Reconcile compares both sides of every active link, message by message, leg by
// leg and consultation by consultation. A link that people carry has nobody to ask. Where answers come by
// letter it waits for them a while.
func (x *Exchange) Reconcile(ctx context.Context, a hotline.Actor) (Reconciled, error) {
	return x.reconcile(ctx, a, answerPatience)
}

func (x *Exchange) reconcile(ctx context.Context, a hotline.Actor, patience time.Duration) (Reconciled, error) {
	if err := a.CheckNode(hotline.SeeLinks); err != nil {
		return Reconciled{}, err
	}
	links, err := x.read.Links(ctx)
	if err != nil {
		return Reconciled{}, err
	}
	res := Reconciled{Differences: []Difference{}}
	for _, l := range links {
		if !l.Active || l.Carrier == store.ManualCarrier {
			continue
		}
		res.Links++
		if err := x.reconcileLink(ctx, l, patience, &res); err != nil {
			res.add(Difference{Peer: l.Peer, What: Unreachable, Theirs: err.Error()})
		}
	}
	res.Agree = len(res.Differences) == 0
	return res, nil
}

func (x *Exchange) reconcileLink(ctx context.Context, l store.Link, patience time.Duration, res *Reconciled) error {
	c, err := x.carrierOf(l)
	if err != nil {
		return err
	}
	if asks(c) {
		cmp, err := x.newComparison(ctx, l)
		if err == nil {
			err = x.compareNow(ctx, l, c, cmp)
		}
		res.Letters, res.Legs = res.Letters+cmp.Letters, res.Legs+cmp.Legs
		for _, d := range cmp.Found {
			d.Peer = l.Peer
			res.add(d)
		}
		return err
	}
	before, err := x.read.Comparison(ctx, l.Peer)
	if err == nil {
		err = x.begin(ctx, l)
	}
	for end := time.Now().Add(patience); err == nil; {
		var now store.Comparison
		now, err = x.read.Comparison(ctx, l.Peer)
		switch {
		case err != nil:
		case now.Question == "" && now.Trouble != "":
			return errors.New(now.Trouble)
		case now.DoneAt.After(before.DoneAt):
			return x.listed(ctx, l, res)
		case time.Now().After(end) || ctx.Err() != nil:
			res.add(Difference{Peer: l.Peer, What: Awaited, Theirs: now.AskedAt.In(calendar.Zone).Format(time.RFC3339)})
			return nil
		default:
			sleep(ctx, lookEvery, nil)
		}
	}
	return err
}

// listed adds what the last comparison of a link found.
func (x *Exchange) listed(ctx context.Context, l store.Link, res *Reconciled) error {
	for k, n := range map[kind]*int{sent: &res.Letters, legs: &res.Legs} {
		s, err := x.sum(ctx, l.Peer, k, "", "")
		if err != nil {
			return err
		}
		*n += s.all
	}
	found, err := x.read.Differences(ctx, l.Peer, differencesMost)
	for _, d := range found {
		res.add(Difference{Peer: l.Peer, What: d.What, Letter: d.Letter, Leg: d.LegID, Ours: d.Ours, Theirs: d.Theirs})
	}
	return err
}

// Watch compares both sides of every link, and keeps what they do not agree on
// as a work list. Where the peer answers at once the comparison is done when
// Watch returns; elsewhere it goes on by letters.
func (x *Exchange) Watch(ctx context.Context) error {
	links, err := x.read.Links(ctx)
	if err != nil {
		return err
	}
	for _, l := range links {
		if !l.Active || l.Carrier == store.ManualCarrier {
			continue
		}
		if err := x.watch(ctx, l); err != nil {
			return fmt.Errorf("compare with %s: %w", l.Peer, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return ctx.Err()
}

func (x *Exchange) watch(ctx context.Context, l store.Link) error {
	c, err := x.carrierOf(l)
	if err != nil {
		return x.notCompared(ctx, l, err) // which the lanes alarm about
	}
	if !asks(c) {
		return x.begin(ctx, l)
	}
	cmp, err := x.newComparison(ctx, l)
	if err != nil {
		return err
	}
	if err := x.compareNow(ctx, l, c, cmp); err != nil {
		return x.notCompared(ctx, l, err)
	}
	found, err := x.lasting(ctx, cmp)
	if err != nil {
		return err
	}
	return x.desk.Compared(ctx, l.Peer, "", found)
}

func (x *Exchange) notCompared(ctx context.Context, l store.Link, why error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	x.log.Info("not compared", "peer", l.Peer, "err", why)
	return x.desk.NotCompared(ctx, l.Peer, "", why.Error())
}

func (r *Reconciled) add(d Difference) {
	if len(r.Differences) < differencesMost {
		r.Differences = append(r.Differences, d)
	}
}

// letterDiffers compares a letter as its sender and as its receiver keep it.
func letterDiffers(sent, got leg.Entry, there bool) string {
	switch {
	case there && sent.Hash != got.Hash:
		return Changed
	case there && got.State == store.LetterWaiting:
		return Gap
	case there && sent.State == store.LetterWaiting:
		return ReceiptMissing
	case there && sent.State == store.LetterVoided && got.State == store.LetterApplied:
		return VoidedApplied
	case there:
		return ""
	case sent.State == store.LetterWaiting:
		return UnderWay
	case sent.State == store.LetterReceipted:
		return Lost
	}
	return "" // refused, expired, voided: given up, and known to be
}

// questionAge is for how long a signed question that is no letter counts.
const questionAge = 5 * time.Minute

func (x *Exchange) signDoc(link store.Link, doc []byte) (string, error) {
	return carrier.Sign(x.keysOf(link), doc)
}

func verifyDoc(link store.Link, doc []byte, header string, now time.Time) error {
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	if err != nil {
		return err
	}
	return carrier.Verify(keys, doc, header, now)
}
