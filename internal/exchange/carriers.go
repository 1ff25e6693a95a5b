package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/ferry"
	"liandong/internal/exchange/https"
	"liandong/internal/exchange/manual"
	"liandong/internal/exchange/nats"
	"liandong/internal/exchange/table"
	"liandong/internal/hotline"
	"liandong/internal/letter"
	"liandong/internal/store"
)

// Kinds are the carriers that a link may name.
func Kinds() []carrier.Kind {
	return []carrier.Kind{https.Kind, table.Kind, ferry.Kind, nats.Kind, manual.Kind}
}

// KindOf finds a carrier by its name; Invalid where there is none.
func KindOf(name string) (carrier.Kind, error) {
	var known []string
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return carrier.Kind{}, hotline.Errorf(hotline.Invalid, "carrier_unknown", "carrier", name, strings.Join(known, ", "))
}

// carriers are the open ones, by peer. One is opened anew when its link's
// address, keys, suite or settings change.
type carriers struct {
	mu   sync.Mutex
	open map[string]opened
}

type opened struct {
	config string
	carrier.Carrier
}

// carrierOf is the carrier of a link, opened when it is first needed.
func (x *Exchange) carrierOf(link store.Link) (carrier.Carrier, error) {
	config := strings.Join([]string{link.Carrier, link.URL, link.Settings, link.Suite, link.Keys}, "\n")
	x.carriers.mu.Lock()
	defer x.carriers.mu.Unlock()
	o, ok := x.carriers.open[link.Peer]
	if ok && o.config == config {
		return o.Carrier, nil
	}
	if ok {
		delete(x.carriers.open, link.Peer)
		if err := o.Close(); err != nil {
			x.log.Warn("carrier not closed", "peer", link.Peer, "err", err)
		}
	}
	kind, err := KindOf(link.Carrier)
	if err != nil {
		return nil, err
	}
	l := carrier.Link{Self: x.desk.Node().Platform, Peer: link.Peer, ID: link.ID, URL: link.URL, Sign: func(doc []byte) (string, error) { return x.signDoc(link, doc) },
		Verify: func(doc []byte, sig string) error { return verifyDoc(link, doc, sig, x.desk.Now()) }}
	if link.Settings != "" {
		if err := json.Unmarshal([]byte(link.Settings), &l.Set); err != nil {
			return nil, fmt.Errorf("settings of %s: %w", link.Peer, err)
		}
	}
	c, err := kind.Open(l)
	if err != nil {
		return nil, fmt.Errorf("carrier %s of %s: %w", kind.Name, link.Peer, err)
	}
	if x.carriers.open == nil {
		x.carriers.open = map[string]opened{}
	}
	x.carriers.open[link.Peer] = opened{config, c}
	return c, nil
}

// closeCarriers ends all carriers; they are opened again when needed.
func (x *Exchange) closeCarriers() {
	x.carriers.mu.Lock()
	defer x.carriers.mu.Unlock()
	for peer, o := range x.carriers.open {
		if err := o.Close(); err != nil {
			x.log.Warn("carrier not closed", "peer", peer, "err", err)
		}
	}
	x.carriers.open = nil
}

// fetch brings what a link's carrier has for us until ctx ends.
func (x *Exchange) fetch(ctx context.Context, peer string) {
	last, failed := "", 0
	for ctx.Err() == nil {
		n, look, err := x.collect(ctx, peer)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failed++; err.Error() != last {
				last = err.Error()
				x.log.Error("fetch letters", "peer", peer, "err", err)
			}
			sleep(ctx, pause(failed, longPause/10), nil)
		case n == 0:
			last, failed = "", 0
			sleep(ctx, look, nil)
		}
	}
}

// linkLook is how often a link without anything to collect is looked at again:
// its carrier may have been changed.
const linkLook = time.Second

// collect brings what has arrived on one link. look is the pause before the
// next time.
func (x *Exchange) collect(ctx context.Context, peer string) (n int, look time.Duration, err error) {
	defer recovered(&err)
	link, err := x.desk.Link(ctx, peer)
	if err != nil || !link.Active {
		return 0, linkLook, err
	}
	c, err := x.carrierOf(link)
	if err != nil {
		return 0, linkLook, errors.Join(err, x.desk.Broke(ctx, link, err))
	}
	look = c.Traits().Look
	if look == 0 {
		return 0, linkLook, nil
	}
	n, err = c.Collect(ctx, x.take)
	return n, look, err
}

// take takes what a carrier brought: letters of different legs at once, those
// of a leg in their order.
func (x *Exchange) take(ctx context.Context, in []carrier.Parcel) []carrier.Taken {
	out := make([]carrier.Taken, len(in))
	legs := map[string][]int{}
	for i, p := range in {
		_, _, _, legID, _ := letter.Peek(p.Wire)
		legs[legID] = append(legs[legID], i)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, takeWidth)
	for _, of := range legs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			x.takeInOrder(ctx, in, of, out)
		})
	}
	wg.Wait()
	return out
}

// takeInOrder takes letters of one leg: together where they follow one another,
// otherwise each by itself.
func (x *Exchange) takeInOrder(ctx context.Context, in []carrier.Parcel, of []int, out []carrier.Taken) {
	if len(of) > 1 {
		wires := make([][]byte, len(of))
		for i, n := range of {
			wires[i] = in[n].Wire
		}
		if answers, ok := x.receiveRun(ctx, wires); ok {
			for i, n := range of {
				out[n].Answer = answers[i]
			}
			return
		}
	}
	for _, n := range of {
		out[n] = x.takeOne(ctx, in[n].Wire)
	}
}

// takeWidth: commits go in groups, so many at once cost little more than one.
const takeWidth = 32

// takeOne takes one letter. One over which the program breaks is set aside: it
// would break over it again.
func (x *Exchange) takeOne(ctx context.Context, wire []byte) carrier.Taken {
	answer, err := x.Receive(ctx, wire)
	var broke *panicError
	var foreign *notAuthentic
	switch {
	case errors.As(err, &broke):
		x.log.Error("letter breaks the receiver", "err", err)
		return carrier.Taken{Poison: poisonPanic}
	case errors.As(err, &foreign):
		return carrier.Taken{Poison: foreign.code}
	}
	return carrier.Taken{Answer: answer, Again: err}
}

// poisonPanic is why a letter is set aside over which the program broke.
const poisonPanic = "panic"

// panicError is a panic that was caught: one bad letter must not end the
// process.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// recovered turns a panic into an error; it is deferred.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = &panicError{p, debug.Stack()}
	}
}
