package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Bounds of what goes into one letter, so that none comes near 1 MiB.
const (
	rangesAsked   = 200
	rangesMost    = 1000 // in an answer
	entriesMost   = 256  // of a range that is listed; one with more is cut
	entriesAll    = 2000 // in an answer
	rangesCut     = 64   // into how many a range is cut
	questionsMost = 64   // of one comparison
)

// comparison is what the asking side knows while it compares: both sides say how
// much they hold of a stretch of a list, and its hash; where these differ, the
// stretch is cut or its entries are listed.
//
//	asker ── ranges: count, hash ──▶ answerer
//	asker ◀── of those that differ: entries, or smaller ranges ── answerer
type comparison struct {
	Open  []leg.Range  `json:"open"`  // still to be asked about
	Asked []leg.Range  `json:"asked"` // in the question that is under way
	Found []Difference `json:"found"`
	Steps int          `json:"steps"`

	Letters int `json:"letters"` // of ours
	Legs    int `json:"legs"`

	begun time.Time
}

// newComparison begins with the whole lists. Of consultations a peer is asked
// that has had one: it knows these letters.
func (x *Exchange) newComparison(ctx context.Context, link store.Link) (*comparison, error) {
	c := &comparison{begun: x.desk.Now(), Open: []leg.Range{{List: leg.ListAsker}, {List: leg.ListAnswerer}, {List: leg.ListLegs}}}
	had, err := x.read.DigestsConsultations(ctx, link.Peer, "", end(""), 1)
	if len(had) > 0 {
		c.Open = append(c.Open, leg.Range{List: leg.ListConsultations})
	}
	return c, err
}

func (c *comparison) done() bool { return len(c.Open) == 0 && len(c.Asked) == 0 }

func (c *comparison) add(d Difference) {
	if len(c.Found) < differencesMost {
		c.Found = append(c.Found, d)
	}
}

// asks says that a carrier brings the answer to a question at once.
func asks(c carrier.Carrier) bool {
	_, ok := c.(*https.Carrier)
	return ok && !c.Traits().Passive
}

// compareNow compares with a peer that answers at once.
func (x *Exchange) compareNow(ctx context.Context, link store.Link, c carrier.Carrier, cmp *comparison) error {
	for !cmp.done() {
		ranges, err := x.ask(ctx, link, cmp)
		if err != nil {
			return err
		}
		m := x.desk.ReconcileLetter(link, "", ranges)
		wire, err := x.sign(link, m)
		if err != nil {
			return err
		}
		sent := c.Send(ctx, []carrier.Parcel{{ID: m.ID, Wire: wire}})[0]
		if sent.Err != nil {
			return sent.Err
		}
		answered, err := answerOf(link, m.ID, sent.Answer)
		if err == nil {
			err = x.advance(ctx, link, cmp, answered)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answerOf reads the answer to a question.
func answerOf(link store.Link, question string, wire []byte) ([]leg.Range, error) {
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	if err != nil {
		return nil, err
	}
	e, err := letter.Parse(wire)
	if err == nil {
		err = e.Verify(keys)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("answer of %s: %w", link.Peer, err)
	case e.Type == leg.TypeError:
		return nil, errors.New(e.Body.Code)
	case e.Type != leg.TypeReconcile || e.Body.Re != question || e.From != link.Peer || e.Link != link.ID:
		return nil, fmt.Errorf("answer of %s is another letter", link.Peer)
	}
	return e.Body.Ranges, nil
}

// answerAge is for how long a question that went by letter is waited for: two
// ways by a ferry that sails once a day, and a day. Proposal.
const answerAge = 72 * time.Hour

// begin begins a comparison by letters, where none is under way.
func (x *Exchange) begin(ctx context.Context, link store.Link) error {
	st, err := x.read.Comparison(ctx, link.Peer)
	if err != nil || st.Question != "" && x.desk.Now().Sub(st.AskedAt) < answerAge {
		return err
	}
	awaited := st.Question
	cmp, err := x.newComparison(ctx, link)
	if err != nil {
		return err
	}
	st.BegunAt = cmp.begun
	return x.next(ctx, link, awaited, st, cmp)
}

// next posts the next question of a comparison.
func (x *Exchange) next(ctx context.Context, link store.Link, awaited string, st store.Comparison, cmp *comparison) error {
	ranges, err := x.ask(ctx, link, cmp)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(cmp)
	if err != nil {
		return err
	}
	st.Progress = string(doc)
	return x.desk.AskToCompare(ctx, link, awaited, st, x.desk.ReconcileLetter(link, "", ranges))
}

// reconciled takes a letter of a comparison: a question is answered; an answer
// leads to the next question, or ends the comparison.
func (x *Exchange) reconciled(ctx context.Context, link store.Link, m leg.Letter) (answer leg.Letter, err error) {
	if m.Body.Re == "" {
		ranges, err := x.answer(ctx, link.Peer, m.Body.Ranges)
		if err != nil {
			return leg.Letter{}, err
		}
		return x.desk.ReconcileLetter(link, m.ID, ranges), nil
	}
	st, err := x.read.Comparison(ctx, link.Peer)
	if err != nil || st.Question != m.Body.Re { // it came before, or too late
		return leg.Letter{}, err
	}
	cmp := &comparison{begun: st.BegunAt}
	if err := json.Unmarshal([]byte(st.Progress), cmp); err != nil {
		return leg.Letter{}, fmt.Errorf("comparison: %w", err)
	}
	err = x.advance(ctx, link, cmp, m.Body.Ranges)
	switch {
	case hotline.KindOf(err) == hotline.Invalid && err != nil:
		return leg.Letter{}, errors.Join(x.desk.NotCompared(ctx, link.Peer, m.Body.Re, hotline.CodeOf(err)), err)
	case err != nil:
		return leg.Letter{}, err
	case !cmp.done():
		return leg.Letter{}, x.next(ctx, link, m.Body.Re, st, cmp)
	}
	found, err := x.lasting(ctx, cmp)
	if err != nil {
		return leg.Letter{}, err
	}
	return leg.Letter{}, x.desk.Compared(ctx, link.Peer, m.Body.Re, found)
}

// ask makes the next question: what we hold of the ranges that are open.
func (x *Exchange) ask(ctx context.Context, link store.Link, cmp *comparison) ([]leg.Range, error) {
	if cmp.Steps++; cmp.Steps > questionsMost {
		return nil, hotline.Errorf(hotline.Invalid, "reconcile_endless", "ranges", link.Peer)
	}
	n := min(len(cmp.Open), rangesAsked)
	cmp.Asked, cmp.Open = cmp.Open[:n:n], cmp.Open[n:]
	for i, r := range cmp.Asked {
		s, err := x.sum(ctx, link.Peer, ours(r.List), r.After, r.Until)
		if err != nil {
			return nil, err
		}
		cmp.Asked[i].Count, cmp.Asked[i].Hash = s.count, s.hash
		switch {
		case cmp.Steps > 1:
		case r.List == leg.ListAsker:
			cmp.Letters = s.all
		case r.List == leg.ListLegs:
			cmp.Legs = s.all
		}
	}
	return cmp.Asked, nil
}

// advance takes the answer to what was asked. Of a range that is not in it both
// sides hold the same.
func (x *Exchange) advance(ctx context.Context, link store.Link, cmp *comparison, answered []leg.Range) error {
	asked := cmp.Asked
	cmp.Asked = nil
	for _, r := range answered {
		if !within(r, asked) {
			return hotline.Errorf(hotline.Invalid, "reconcile_ranges", "ranges", link.Peer)
		}
		if r.Listed {
			if err := x.match(ctx, link.Peer, r, cmp); err != nil {
				return err
			}
			continue
		}
		s, err := x.sum(ctx, link.Peer, ours(r.List), r.After, r.Until)
		if err != nil {
			return err
		}
		if s.count != r.Count || s.hash != r.Hash {
			cmp.Open = append(cmp.Open, leg.Range{List: r.List, After: r.After, Until: r.Until})
		}
	}
	return nil
}

// within says that a range lies in one of others.
func within(r leg.Range, others []leg.Range) bool {
	for _, o := range others {
		if o.List == r.List && o.After <= r.After && end(r.Until) <= end(o.Until) {
			return true
		}
	}
	return false
}

// end is the bound of a range; no id comes after "~".
func end(until string) string {
	if until == "" {
		return "~"
	}
	return until
}

// answer says of each range that was asked about, and in which we do not hold the
// same, what we hold. Invalid where the ranges overlap: each is read once.
func (x *Exchange) answer(ctx context.Context, peer string, asked []leg.Range) ([]leg.Range, error) {
	var out []leg.Range
	last := map[string]string{}
	budget := entriesAll
	for _, r := range asked {
		if before, again := last[r.List]; again && r.After < before || end(r.Until) < r.After {
			return nil, hotline.Errorf(hotline.Invalid, "reconcile_ranges", "/body/ranges", peer)
		}
		last[r.List] = end(r.Until)
		s, err := x.sum(ctx, peer, theirs(r.List), r.After, r.Until)
		if err != nil {
			return nil, err
		}
		if s.count == r.Count && s.hash == r.Hash {
			continue
		}
		have := leg.Range{List: r.List, After: r.After, Until: r.Until, Count: s.count, Hash: s.hash}
		switch {
		case s.all <= entriesMost && s.all <= budget:
			have.Listed = true
			err = x.each(ctx, peer, theirs(r.List), r.After, r.Until, func(e leg.Entry) { have.Entries = append(have.Entries, e) })
			budget -= len(have.Entries)
			out = append(out, have)
		case s.all <= entriesMost || len(out)+rangesCut > rangesMost: // it does not go into this letter
			out = append(out, have)
		default:
			var cut []leg.Range
			if cut, err = x.cut(ctx, peer, r, s.all); err == nil {
				out = append(out, cut...)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cut cuts a range into smaller ones of as many entries each.
func (x *Exchange) cut(ctx context.Context, peer string, r leg.Range, all int) ([]leg.Range, error) {
	var out []leg.Range
	var s summer
	each := (all + rangesCut - 1) / rangesCut
	after, last := r.After, r.After
	list := theirs(r.List)
	err := x.each(ctx, peer, list, r.After, r.Until, func(e leg.Entry) {
		if s.all == each && len(out) < rangesCut-1 {
			sum := s.sum()
			out = append(out, leg.Range{List: r.List, After: after, Until: last, Count: sum.count, Hash: sum.hash})
			after, s = last, summer{}
		}
		s.add(list, e)
		last = e.ID
	})
	sum := s.sum()
	return append(out, leg.Range{List: r.List, After: after, Until: r.Until, Count: sum.count, Hash: sum.hash}), err
}

// kind is which of our tables a list is.
type kind int

const (
	sent kind = iota // letters that we wrote
	got              // letters that the peer wrote
	legs
	consultations
)

// ours is what a list is to the side that asks, theirs to the one that answers.
func ours(list string) kind {
	return map[string]kind{leg.ListAsker: sent, leg.ListAnswerer: got, leg.ListLegs: legs, leg.ListConsultations: consultations}[list]
}

func theirs(list string) kind {
	return map[string]kind{leg.ListAsker: got, leg.ListAnswerer: sent, leg.ListLegs: legs, leg.ListConsultations: consultations}[list]
}

// sum is what a side holds of a range: all entries, and those in force.
type sum struct {
	all   int
	count int64
	hash  string
}

// summer makes a sum. The zero value is ready.
type summer struct {
	all   int
	count int64
	h     hash.Hash
}

func (s *summer) add(k kind, e leg.Entry) {
	s.all++
	if s.h == nil {
		s.h = sha256.New()
	}
	line := e.Hash
	switch {
	case k >= legs && (e.Apart || e.Moving):
		return
	case k == legs, k == consultations && e.Hash == "":
		line = e.State
	case k == consultations:
		line = e.State + " " + e.Hash
	case k == sent && e.State != store.LetterWaiting && e.State != store.LetterReceipted:
		return
	case k == got && e.State != store.LetterApplied && e.State != store.LetterVoided:
		return
	}
	s.count++
	io.WriteString(s.h, e.ID+" "+line+"\n") // a hash never fails
}

func (s *summer) sum() sum {
	if s.h == nil {
		s.h = sha256.New()
	}
	return sum{all: s.all, count: s.count, hash: hex.EncodeToString(s.h.Sum(nil))}
}

func (x *Exchange) sum(ctx context.Context, peer string, k kind, after, until string) (sum, error) {
	var s summer
	err := x.each(ctx, peer, k, after, until, func(e leg.Entry) { s.add(k, e) })
	return s.sum(), err
}

// digestPage is how many entries are read at once.
const digestPage = 1000

// each goes through what this node keeps of a range.
func (x *Exchange) each(ctx context.Context, peer string, k kind, after, until string, do func(leg.Entry)) error {
	list := map[kind]func(context.Context, string, string, string, int) ([]store.Digest, error){
		sent: x.read.DigestsOut, got: x.read.DigestsIn, legs: x.read.DigestsLegs, consultations: x.read.DigestsConsultations}[k]
	for {
		page, err := list(ctx, peer, after, end(until), digestPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			e := leg.Entry{ID: d.ID, Hash: d.Hash, State: d.State, Apart: d.Apart, Moving: d.Moving}
			switch {
			case k < legs:
				e.Leg = d.LegID
			case d.Ruling != "":
				h := sha256.Sum256([]byte(d.Ruling))
				e.Hash = hex.EncodeToString(h[:])
			}
			do(e)
			after = d.ID
		}
		if len(page) < digestPage {
			return nil
		}
	}
}

// match compares a range that the other side has listed with what we keep.
func (x *Exchange) match(ctx context.Context, peer string, r leg.Range, cmp *comparison) error {
	there := make(map[string]leg.Entry, len(r.Entries))
	for _, e := range r.Entries {
		there[e.ID] = e
	}
	k := ours(r.List)
	err := x.each(ctx, peer, k, r.After, r.Until, func(o leg.Entry) {
		t, ok := there[o.ID]
		delete(there, o.ID)
		what := ""
		switch k {
		case legs:
			what = legDiffers(o, t, ok)
		case consultations:
			what = consultationDiffers(o, t, ok)
		case sent:
			what = letterDiffers(o, t, ok)
		case got:
			if what = letterDiffers(t, o, true); !ok {
				what = Unknown
			}
		}
		cmp.differ(k, what, o, t)
	})
	for _, t := range there {
		what := ""
		switch k {
		case legs:
			what = legDiffers(t, leg.Entry{}, false)
		case consultations:
			what = consultationDiffers(t, leg.Entry{}, false)
		case sent:
			what = Unknown
		case got: // they sent it and we do not have it
			what = letterDiffers(t, leg.Entry{}, false)
		}
		cmp.differ(k, what, leg.Entry{}, t)
	}
	return err
}

func (c *comparison) differ(k kind, what string, o, t leg.Entry) {
	if what == "" {
		return
	}
	one := o
	if one.ID == "" {
		one = t
	}
	d := Difference{What: what, Letter: one.ID, Leg: one.Leg, Ours: o.State, Theirs: t.State}
	if k >= legs {
		d.Letter, d.Leg = "", one.ID
	}
	c.add(d)
}

// legDiffers compares the two copies of a leg. One that is undeliverable, or
// that people carry, need not have another; one of which a letter is under way
// cannot be compared.
func legDiffers(o, t leg.Entry, there bool) string {
	switch {
	case o.Moving || t.Moving:
		return ""
	case !there && o.Apart:
		return ""
	case !there:
		return LegMissing
	case o.State != t.State:
		return LegState
	}
	return ""
}

// consultationDiffers compares the two copies of a consultation. One that the
// other side refused, or whose words were erased, need not have another.
func consultationDiffers(o, t leg.Entry, there bool) string {
	switch {
	case o.Moving || t.Moving || o.Apart || t.Apart:
		return ""
	case !there:
		return ConsultationMissing
	case o.State != t.State:
		return ConsultationState
	case o.Hash != t.Hash:
		return ConsultationRuling
	}
	return ""
}

// lasting is what of a comparison is for a person: letters under way are not,
// nor is a leg to which something has happened since the comparison began. What
// stayed as it was all the time was so, too, when the other side looked.
func (x *Exchange) lasting(ctx context.Context, cmp *comparison) ([]store.Difference, error) {
	moving := map[string]bool{}
	for _, d := range cmp.Found {
		if d.Leg != "" && (d.What == UnderWay || d.What == ReceiptMissing) {
			moving[d.Leg] = true
		}
	}
	var out []store.Difference
	for _, d := range cmp.Found {
		if moving[d.Leg] || d.What == UnderWay || d.What == ReceiptMissing {
			continue
		}
		quiet, err := x.read.Quiet(ctx, d.Leg, d.Letter, cmp.begun)
		if err != nil {
			return nil, err
		}
		if quiet {
			out = append(out, store.Difference{What: d.What, Letter: d.Letter, LegID: d.Leg, Ours: d.Ours, Theirs: d.Theirs})
		}
	}
	return out, nil
}
