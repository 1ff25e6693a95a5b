package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
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
	Leg    string `json:"leg,omitempty"`
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

// Reconcile compares both sides of every active link, message by message and
// leg by leg. A link that people carry has nobody to ask.
func (x *Exchange) Reconcile(ctx context.Context, a hotline.Actor) (Reconciled, error) {
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
		if err := x.compare(ctx, l, &res); err != nil {
			res.add(Difference{Peer: l.Peer, What: Unreachable, Theirs: err.Error()})
		}
	}
	res.Agree = len(res.Differences) == 0
	return res, nil
}

// settles is how long a difference must stay to be one: letters that are on their
// way while both sides are read look like some.
const settles = 30 * time.Second

// Watch compares both sides of every link that can be asked, and keeps what they
// do not agree on as a work list. Letters under way are none: the ledger has
// them, and until they have arrived their legs cannot be compared.
func (x *Exchange) Watch(ctx context.Context) error { return x.watch(ctx, settles) }

func (x *Exchange) watch(ctx context.Context, settles time.Duration) error {
	links, err := x.read.Links(ctx)
	if err != nil {
		return err
	}
	for _, l := range links {
		if !l.Active || l.Carrier == store.ManualCarrier {
			continue
		}
		found, ok := x.differing(ctx, l)
		if ok && len(found) > 0 {
			sleep(ctx, settles, nil)
			var again map[store.Difference]bool
			if again, ok = x.differing(ctx, l); ok {
				maps.DeleteFunc(found, func(d store.Difference, _ bool) bool { return !again[d] })
			}
		}
		if !ok || ctx.Err() != nil {
			continue // nothing is known: what stands on the list stays
		}
		if err := x.desk.Differ(ctx, l.Peer, slices.Collect(maps.Keys(found))); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// differing is what both sides of a link do not agree on now; ok is false where
// the peer could not be asked.
func (x *Exchange) differing(ctx context.Context, l store.Link) (found map[store.Difference]bool, ok bool) {
	var res Reconciled
	if err := x.compare(ctx, l, &res); err != nil {
		x.log.Info("not compared", "peer", l.Peer, "err", err)
		return nil, false
	}
	moving := map[string]bool{}
	for _, d := range res.Differences {
		if d.Leg != "" && (d.What == UnderWay || d.What == ReceiptMissing) {
			moving[d.Leg] = true
		}
	}
	found = map[store.Difference]bool{}
	for _, d := range res.Differences {
		if !moving[d.Leg] && d.What != UnderWay && d.What != ReceiptMissing {
			found[store.Difference{What: d.What, Letter: d.Letter, LegID: d.Leg, Ours: strings.TrimPrefix(d.Ours, undeliverable), Theirs: strings.TrimPrefix(d.Theirs, undeliverable)}] = true
		}
	}
	return found, true
}

func (r *Reconciled) add(d Difference) {
	if len(r.Differences) < differencesMost {
		r.Differences = append(r.Differences, d)
	}
}

// Lists that are compared.
const (
	listOut  = "out"  // letters that we sent, against what the peer received
	listIn   = "in"   // letters that we received, against what the peer sent
	listLegs = "legs" // legs of both
)

// digest is one row of a list: enough to compare, and nothing personal.
type digest struct {
	ID    string `json:"id"`
	Hash  string `json:"hash,omitempty"`
	State string `json:"state"`
	Leg   string `json:"leg,omitempty"`
}

// compare goes through the three lists window by window, both sides sorted by
// id.
func (x *Exchange) compare(ctx context.Context, link store.Link, res *Reconciled) error {
	for _, list := range []string{listOut, listIn, listLegs} {
		for after := ""; ; {
			ours, err := x.digests(ctx, link.Peer, list, after)
			if err != nil {
				return err
			}
			theirs, err := x.askDigests(ctx, link, opposite(list), after)
			if err != nil {
				return err
			}
			until, more := window(ours, theirs)
			x.match(link, list, within(ours, until), within(theirs, until), res)
			if !more {
				break
			}
			after = until
		}
	}
	return nil
}

func opposite(list string) string {
	switch list {
	case listOut:
		return listIn
	case listIn:
		return listOut
	}
	return list
}

const digestPage = 500

// window is the id up to which both pages are complete, and whether more may
// follow.
func window(a, b []digest) (until string, more bool) {
	for _, page := range [][]digest{a, b} {
		if len(page) == digestPage {
			if last := page[len(page)-1].ID; until == "" || last < until {
				until = last
			}
			more = true
		}
	}
	return until, more
}

func within(page []digest, until string) []digest {
	if until == "" {
		return page
	}
	n := 0
	for n < len(page) && page[n].ID <= until {
		n++
	}
	return page[:n]
}

func (x *Exchange) match(link store.Link, list string, ours, theirs []digest, res *Reconciled) {
	byID := make(map[string]digest, len(theirs))
	for _, t := range theirs {
		byID[t.ID] = t
	}
	for _, o := range ours {
		t, ok := byID[o.ID]
		delete(byID, o.ID)
		what := ""
		switch {
		case list == listLegs:
			res.Legs++
			what = legDiffers(o, t, ok)
		case list == listOut:
			res.Letters++
			what = letterDiffers(o, t, ok)
		case !ok:
			what = Unknown
		}
		if what != "" {
			res.add(Difference{Peer: link.Peer, What: what, Letter: letterOf(list, o), Leg: o.Leg, Ours: o.State, Theirs: t.State})
		}
	}
	for _, t := range byID {
		what := ""
		switch {
		case list == listLegs:
			what = legDiffers(t, digest{}, false)
		case list == listOut:
			what = Unknown
		default: // they sent it and we do not have it
			what = letterDiffers(t, digest{}, false)
		}
		if what != "" {
			res.add(Difference{Peer: link.Peer, What: what, Letter: letterOf(list, t), Leg: t.Leg, Theirs: t.State})
		}
	}
}

func letterOf(list string, d digest) string {
	if list == listLegs {
		return ""
	}
	return d.ID
}

// letterDiffers compares a letter as its sender and as its receiver keep it.
func letterDiffers(sent, got digest, there bool) string {
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

// legDiffers compares the two copies of a leg. One that is undeliverable, or
// that people carry, has no other copy.
func legDiffers(o, t digest, there bool) string {
	switch {
	case !there && strings.HasPrefix(o.State, undeliverable):
		return ""
	case !there:
		return LegMissing
	case strings.TrimPrefix(o.State, undeliverable) != strings.TrimPrefix(t.State, undeliverable):
		return LegState
	}
	return ""
}

const undeliverable = "undeliverable:"

// digests lists a window of what this node keeps of a link.
func (x *Exchange) digests(ctx context.Context, peer, list, after string) ([]digest, error) {
	out := []digest{}
	switch list {
	case listOut:
		ls, err := x.read.LettersOut(ctx, peer, "", after, digestPage)
		for _, l := range ls {
			if !leg.Receipted(l.Type) { // nobody keeps it
				l.State, l.Hash = store.LetterVoided, ""
			}
			out = append(out, digest{ID: l.ID, Hash: l.Hash, State: l.State, Leg: legOf(l.Type, l.LegID, l.Content)})
		}
		return out, err
	case listIn:
		ls, err := x.read.LettersIn(ctx, peer, after, digestPage)
		for _, l := range ls {
			out = append(out, digest{ID: l.ID, Hash: l.Hash, State: l.State, Leg: legOf(l.Type, l.LegID, l.Content)})
		}
		return out, err
	case listLegs:
		ls, err := x.read.PeerLegs(ctx, peer, after, digestPage)
		for _, l := range ls {
			state := string(l.State)
			if l.Undeliverable || l.ByHand {
				state = undeliverable + state
			}
			out = append(out, digest{ID: l.ID, State: state, Leg: l.ID})
		}
		return out, err
	}
	return nil, hotline.Errorf(hotline.Invalid, "list_unknown", "list", list)
}

// legOf is the leg of a letter in the ledger; "" for one of a consultation, which
// is filed in the same place.
func legOf(typ, thread, content string) string {
	var m leg.Letter
	if strings.HasPrefix(typ, "consult.") {
		return ""
	}
	if (typ == string(leg.Void) || typ == leg.TypeErase) && json.Unmarshal([]byte(content), &m) == nil {
		return m.Leg
	}
	return thread
}

// question asks a peer for a window of one of its lists.
type question struct {
	From  string    `json:"from"`
	To    string    `json:"to"`
	At    time.Time `json:"at"`
	List  string    `json:"list"`
	After string    `json:"after"`
}

type reply struct {
	To   string   `json:"to"`
	Rows []digest `json:"rows"`
}

// Signatures of questions and replies stand beside the document.
const (
	signatureHeader = https.SignatureHeader
	questionAge     = 5 * time.Minute
)

func (x *Exchange) askDigests(ctx context.Context, link store.Link, list, after string) ([]digest, error) {
	doc, err := json.Marshal(question{From: x.desk.Node().Platform, To: link.Peer, At: x.desk.Now(), List: list, After: after})
	if err != nil {
		return nil, err
	}
	sig, err := x.signDoc(link, doc)
	if err != nil {
		return nil, err
	}
	c, err := x.carrierOf(link)
	if err != nil {
		return nil, err
	}
	caller, ok := c.(*https.Carrier)
	if !ok {
		return nil, fmt.Errorf("%s cannot be asked: its letters go by %s", link.Peer, link.Carrier)
	}
	body, header, err := caller.Post(ctx, https.DigestsPath, doc, http.Header{signatureHeader: {sig}})
	if err != nil {
		return nil, err
	}
	if err := verifyDoc(link, body, header.Get(signatureHeader), x.desk.Now()); err != nil {
		return nil, err
	}
	var r reply
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("reply of %s: %w", link.Peer, err)
	}
	if r.To != x.desk.Node().Platform {
		return nil, fmt.Errorf("reply of %s is for %s", link.Peer, r.To)
	}
	return r.Rows, nil
}

// serveDigests answers a peer's question, and nobody else's.
func (x *Exchange) serveDigests(w http.ResponseWriter, r *http.Request) {
	doc, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4096))
	var q question
	if err != nil || json.Unmarshal(doc, &q) != nil {
		http.Error(w, "not a question", http.StatusBadRequest)
		return
	}
	link, _, err := x.peer(r.Context(), q.From)
	now := x.desk.Now()
	if err == nil {
		err = verifyDoc(link, doc, r.Header.Get(signatureHeader), now)
	}
	if err != nil || q.To != x.desk.Node().Platform || math.Abs(float64(now.Sub(q.At))) > float64(questionAge) {
		http.Error(w, "not authentic", http.StatusUnauthorized)
		return
	}
	rows, err := x.digests(r.Context(), q.From, q.List, q.After)
	if hotline.KindOf(err) == hotline.Invalid && err != nil {
		http.Error(w, "no such list", http.StatusBadRequest)
		return
	}
	if err == nil {
		doc, err = json.Marshal(reply{To: q.From, Rows: rows})
	}
	var sig string
	if err == nil {
		sig, err = x.signDoc(link, doc)
	}
	if err != nil {
		x.log.Error("digests not answered", "peer", q.From, "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set(signatureHeader, sig)
	w.Header().Set("Content-Type", "application/json")
	w.Write(doc)
}

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
