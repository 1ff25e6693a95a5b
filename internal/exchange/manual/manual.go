// Package manual stands for people with telephone, fax and paper, before two
// platforms are connected. It sends nothing: the letters of the link wait in the
// ledger until a person enters what the other side did, or until the link gets
// another carrier, by which they then go under the same ids.
package manual

import (
	"context"
	"errors"

	"liandong/internal/exchange/carrier"
	"liandong/internal/store"
)

// Kind is this carrier in a link's configuration.
var Kind = carrier.Kind{
	Name: store.ManualCarrier,
	Open: func(carrier.Link) (carrier.Carrier, error) { return people{}, nil },
}

type people struct{}

func (people) Traits() carrier.Traits { return carrier.Traits{Batch: 1, Passive: true} }

var errPeople = errors.New("letters of this link are carried by people")

// Send is never asked of a passive carrier; it loses nothing if it is.
func (people) Send(_ context.Context, parcels []carrier.Parcel) []carrier.Sent {
	out := make([]carrier.Sent, len(parcels))
	for i := range out {
		out[i].Err = errPeople
	}
	return out
}

func (people) Collect(context.Context, carrier.Take) (int, error) { return 0, nil }
func (people) Close() error                                       { return nil }
