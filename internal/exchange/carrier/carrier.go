// Package carrier is the contract that everything which moves letters between
// two nodes fulfils: HTTPS, a shared table, files across a gap, a bus, people
// with paper. A carrier moves bytes and may lose, repeat, delay and reorder
// them; what is done, and done once, the ledgers at both ends decide.
//
//	ledger ──Send──▶ carrier ═════▶ carrier ──Collect, Take──▶ store, check, apply
//	   ▲                                                              │
//	   └──── receipt: in the answer of Send, or later by Collect ◀────┘
//
// A carrier that has the receipt in its answer says so in Sent.Answer. One that
// only puts letters down for the other side to fetch says Sent.Handed; the
// receipt comes back as a letter of its own, by Collect. A letter that was
// handed over and has no receipt after Traits.Patience is handed over again,
// under the same id.
package carrier

import (
	"context"
	"maps"
	"slices"
	"time"

	"liandong/internal/hotline"
)

// Link is the end of a link that a carrier serves.
type Link struct {
	Self string // our platform code
	Peer string
	ID   string // of the link, the same at both ends
	URL  string // of the peer's node; "" where it has none
	Set  map[string]string
	// Sign signs a document of the carrier's own (not a letter, which is signed
	// already) with the node's key; Verify checks one that the peer signed.
	Sign   func(doc []byte) (string, error)
	Verify func(doc []byte, signature string) error
}

// Parcel is one signed letter, as it stands on the wire.
type Parcel struct {
	ID   string // of the letter
	Wire []byte
}

// Sent is how it went with one parcel. Exactly one of three: the answer is here
// (nil: the letter has none), it was handed over, or an error.
type Sent struct {
	Answer []byte
	Handed bool
	Err    error // a *Refused is the other side's word; others say that nothing was heard
}

// Refused says that the other side is there and answered, but not with a letter.
type Refused struct {
	Detail string
	After  time.Duration // the other side takes nothing before; 0: it did not say
}

func (e *Refused) Error() string { return e.Detail }

// Taken is what the node made of a parcel that arrived. With neither Poison nor
// Again it is taken for good, and Answer, where there is one, goes back.
type Taken struct {
	Answer []byte // a signed receipt or error
	Poison string // code: no node can take it, ever; the carrier sets it aside
	Again  error  // not now: leave it where it is and bring it again
}

// Take hands parcels that arrived to the node, in their order. It returns as
// many results. What is taken is on disk when Take returns.
type Take func(ctx context.Context, in []Parcel) []Taken

// Traits tell the postman how to use a carrier.
type Traits struct {
	// Batch is how many parcels go well in one Send.
	Batch int
	// Lanes is how many Sends go well at once; 0: one.
	Lanes int
	// Stream says that letters of a leg need not wait for one another's receipt:
	// the way is long, and the other side puts them in order.
	Stream bool
	// Patience is how long a letter that was handed over waits for its receipt.
	Patience time.Duration
	// Look is the pause between two Collects that found nothing; 0: nothing is
	// ever collected.
	Look time.Duration
	// Passive: letters are not sent, they are fetched or done by people.
	Passive bool
}

// Carrier moves the letters of one link. Send and Collect may run at the same
// time; each runs once at a time, but Send in as many lanes as Traits says.
type Carrier interface {
	Traits() Traits
	// Send hands parcels over, in their order. It returns as many results. A
	// parcel is Handed only when it is where a crash of this node cannot lose it.
	Send(ctx context.Context, parcels []Parcel) []Sent
	// Collect brings what has arrived, until nothing is left or ctx ends. It says
	// how many parcels it brought.
	Collect(ctx context.Context, take Take) (int, error)
	Close() error
}

// Kind is a carrier as a link's configuration names it.
type Kind struct {
	Name     string
	NeedsURL bool
	Settings []Setting
	// Check refuses settings beyond what Settings says; nil: nothing more.
	Check func(set map[string]string) error
	Open  func(Link) (Carrier, error)
}

// Modes of a link, setting "mode": the peer cannot be called and fetches its
// letters here (Held), or we fetch ours there (Pull).
const (
	Held = "held"
	Pull = "pull"
)

// WantsURL says whether a link with these settings must have an address.
func (k Kind) WantsURL(set map[string]string) bool { return k.NeedsURL && set["mode"] != Held }

// Setting is one key of a carrier's configuration.
type Setting struct {
	Key    string
	Needed bool
	OneOf  []string // empty: free text
}

// CheckSet checks a link's settings: no unknown key, none missing. Errors are
// Invalid with the key in Field.
func (k Kind) CheckSet(set map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if !slices.ContainsFunc(k.Settings, func(s Setting) bool { return s.Key == key }) {
			return hotline.Errorf(hotline.Invalid, "carrier_setting_unknown", "set."+key, key, k.Name)
		}
	}
	for _, s := range k.Settings {
		v := set[s.Key]
		if v == "" && s.Needed {
			return hotline.Errorf(hotline.Invalid, "carrier_setting_missing", "set."+s.Key, s.Key, k.Name)
		}
		if v != "" && len(s.OneOf) > 0 && !slices.Contains(s.OneOf, v) {
			return BadSetting(s.Key, v)
		}
	}
	if k.Check != nil {
		return k.Check(set)
	}
	return nil
}

// BadSetting is the error for a setting whose value will not do.
func BadSetting(key, value string) error {
	return hotline.Errorf(hotline.Invalid, "carrier_setting_invalid", "set."+key, key, value)
}

// Duration reads a setting like 30s or 12h between two bounds; def where it is
// not set.
func Duration(set map[string]string, key string, def, least, most time.Duration) (time.Duration, error) {
	v := set[key]
	if v == "" {
		return def, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < least || d > most {
		return 0, BadSetting(key, v)
	}
	return d, nil
}
