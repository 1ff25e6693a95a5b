package desk

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"

	"liandong/internal/audit"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/proof"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// exportPage is how many rows an export reads at a time.
const exportPage = 1000

// ExportCase writes a case with everything that proves it: its events with
// their places in the tree, its letters both ways, heads and keys. Personal
// data stays sealed unless a reason is given and the actor may see it; that
// view is an event, and in the export.
func (d *Desk) ExportCase(ctx context.Context, a hotline.Actor, caseID, reason string, w io.Writer) error {
	whole, err := d.read.Whole(ctx, caseID)
	if err != nil {
		return err
	}
	if !d.seesCase(a, whole.Case.Case, whole.Legs) {
		return hotline.Errorf(hotline.NotFound, "case_not_found", "")
	}
	if err := a.Check(hotline.ExportProof, d.where(a, "", whole.Case.Region)); err != nil {
		return err
	}
	var key seal.CaseKey // none: everything stays sealed
	if reason != "" {
		if key, err = d.viewForExport(ctx, a, whole, reason); err != nil {
			return err
		}
	}
	if err := d.Sequence(ctx); err != nil { // what happened just now shall be proved too
		return err
	}
	e := &export{ctx: ctx, d: d, key: key, w: proof.NewWriter(w, proof.Title{Kind: proof.OfCase, Platform: d.node.Platform, Case: caseID,
		At: d.Now().In(calendar.Zone), Revealed: !key.Zero()})}
	if err := e.begin(caseID); err != nil {
		return err
	}
	if err := e.caseEvents(caseID); err != nil {
		return err
	}
	out, err := d.read.LettersOutOfCase(ctx, caseID)
	if err != nil {
		return err
	}
	in, err := d.read.LettersInOfCase(ctx, caseID)
	if err != nil {
		return err
	}
	if err := e.letters(out, in); err != nil {
		return err
	}
	return e.w.Close(d.keys)
}

// viewForExport records who looks at the personal data of a case and why, and
// gives the key that opens it.
func (d *Desk) viewForExport(ctx context.Context, a hotline.Actor, whole store.Whole, reason string) (seal.CaseKey, error) {
	if err := d.mayReveal(a, whole.Case.Case, whole.Legs); err != nil {
		return seal.CaseKey{}, err
	}
	if err := casefile.CheckLine("reason", reason); err != nil {
		return seal.CaseKey{}, err
	}
	var key seal.CaseKey
	err := d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.open(ctx, tx, a, whole.Case.ID)
		if err != nil {
			return err
		}
		if err := w.event("viewed", "", body{"export": true}, reason); err != nil {
			return err
		}
		key = w.key
		return w.keep()
	})
	return key, err
}

// ExportLog writes the node's whole log: every record and every letter, with
// all heads. Nothing personal is in it, not even sealed.
func (d *Desk) ExportLog(ctx context.Context, a hotline.Actor, w io.Writer) error {
	if err := a.CheckNode(hotline.ExportProof); err != nil {
		return err
	}
	if !a.AtDesk() || a.Region != "" && a.Region != d.node.Region {
		return hotline.Errorf(hotline.Denied, "denied", string(hotline.ExportProof), string(a.Role))
	}
	e := &export{ctx: ctx, d: d, bare: true, w: proof.NewWriter(w, proof.Title{Kind: proof.OfLog, Platform: d.node.Platform, At: d.Now().In(calendar.Zone)})}
	if err := e.begin(""); err != nil {
		return err
	}
	if err := e.allEvents(); err != nil {
		return err
	}
	waiting, err := d.read.Unplaced(ctx, 10*exportPage)
	if err != nil {
		return err
	}
	e.w.Waiting(len(waiting))
	links, err := d.read.Links(ctx)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := e.lettersOf(l.Peer); err != nil {
			return err
		}
	}
	return e.w.Close(d.keys)
}

// export is one file on its way.
type export struct {
	ctx   context.Context
	d     *Desk
	w     *proof.Writer
	key   seal.CaseKey // zero: personal data stays sealed
	bare  bool         // nothing personal, not even sealed
	ours  seal.PublicKeys
	size  int64 // of the log up to the last head
	tiles audit.Tiles

	suites map[string]string // by peer
}

// begin writes keys and heads: all that are kept, or, for a case, one over its
// events.
func (e *export) begin(caseID string) error {
	e.ours = e.d.keys.Public(e.d.node.Platform, e.d.node.Name)
	e.w.Keys(e.ours)
	links, err := e.d.read.Links(e.ctx)
	if err != nil {
		return err
	}
	e.suites = map[string]string{}
	for _, l := range links {
		k, err := seal.ParsePublicKeys([]byte(l.Keys))
		if err != nil {
			return err
		}
		e.w.Keys(k)
		e.suites[l.Peer] = l.Suite
	}
	e.tiles = remember(tilesOf(e.ctx, e.d.read))
	if caseID != "" {
		h, err := e.headOver(caseID)
		if err != nil || h == nil {
			return err
		}
		return e.putHead(*h, true)
	}
	newest, err := e.newest()
	if err != nil || newest == nil {
		return err
	}
	for after := int64(-1); after < newest.Size; {
		heads, err := e.d.read.Heads(e.ctx, after, exportPage)
		if err != nil {
			return err
		}
		for _, h := range heads {
			after = h.Size
			if err := e.putHead(h, h.Size >= newest.Size || len(h.Stamp) > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// newest is the newest head; nil where there is none.
func (e *export) newest() (*store.HeadNote, error) {
	h, err := e.d.read.Head(e.ctx)
	if hotline.KindOf(err) == hotline.NotFound && err != nil {
		return nil, nil
	}
	return &store.HeadNote{Size: h.Size, Note: h.Note}, err
}

// headOver is the head that a case is proved by: the newest that is stamped, if
// every event of the case is below it, else the newest; nil where there is none.
func (e *export) headOver(caseID string) (*store.HeadNote, error) {
	last, err := e.d.read.LastIndexOf(e.ctx, caseID)
	if err != nil {
		return nil, err
	}
	stamped, err := e.d.read.LastStamped(e.ctx)
	if err != nil || stamped != nil && last < stamped.Size {
		return stamped, err
	}
	return e.newest()
}

// putHead writes a head. One by a key that was revoked since proves nothing: it
// is left out, or, where it must be there, signed again; what it says stays the
// same, and so does what was stamped.
func (e *export) putHead(h store.HeadNote, must bool) error {
	if _, _, err := audit.OpenHead(h.Note, e.ours); err != nil {
		if !must {
			return nil
		}
		head, err := audit.ReadHead(h.Note)
		if err != nil {
			return err
		}
		if h.Note, err = audit.SignHead(head, e.d.keys); err != nil {
			return err
		}
	}
	e.w.Head(h.Note)
	if len(h.Stamp) > 0 {
		e.w.Stamp(h.Stamp)
	}
	e.size = h.Size
	return nil
}

// remember keeps the tiles that were read: neighbours ask for the same ones.
func remember(read audit.Tiles) audit.Tiles {
	known := map[audit.TileAt][]audit.Hash{}
	return func(at audit.TileAt) ([]audit.Hash, error) {
		if tile, ok := known[at]; ok {
			return tile, nil
		}
		tile, err := read(at)
		if err != nil {
			return nil, err
		}
		if len(known) > 64 {
			clear(known)
		}
		known[at] = tile
		return tile, nil
	}
}

// caseEvents writes the events of a case in the order of the log, each with its
// path to the head; those without a place come last.
func (e *export) caseEvents(caseID string) error {
	var placed, waiting []store.LoggedEvent
	for after := ""; ; {
		es, err := e.d.read.LoggedOf(e.ctx, caseID, after, exportPage)
		if err != nil {
			return err
		}
		for _, ev := range es {
			after = ev.ID
			if ev.Index >= 0 && ev.Index < e.size {
				placed = append(placed, ev)
			} else {
				ev.Index = -1
				waiting = append(waiting, ev)
			}
		}
		if len(es) < exportPage {
			break
		}
	}
	slices.SortFunc(placed, func(a, b store.LoggedEvent) int { return cmp.Compare(a.Index, b.Index) })
	for _, ev := range append(placed, waiting...) {
		out, err := e.event(ev)
		if err != nil {
			return err
		}
		out.Sealed = ev.Note
		if !e.key.Zero() && len(ev.Note) > 0 {
			plain, err := seal.OpenField(e.key, "event|note|"+ev.ID, ev.Note)
			if err != nil {
				return err
			}
			out.Personal, out.Sealed = string(plain), nil
		}
		if ev.Index >= 0 {
			if out.Path, err = audit.Inclusion(ev.Index, e.size, e.tiles); err != nil {
				return err
			}
		}
		e.w.Event(ev.ID, out)
	}
	return nil
}

// allEvents writes the log from its beginning, and what has no place yet.
func (e *export) allEvents() error {
	for next := int64(0); next < e.size; {
		es, err := e.d.read.LoggedFrom(e.ctx, next, exportPage)
		if err != nil {
			return err
		}
		if len(es) == 0 {
			break // the file will say so
		}
		for _, ev := range es {
			if next = ev.Index + 1; ev.Index >= e.size {
				continue // placed since the head was read
			}
			out, err := e.event(ev)
			if err != nil {
				return err
			}
			e.w.Event(ev.ID, out)
		}
	}
	return nil
}

// event is a record as the row has it, with the leaf as the tree has it.
func (e *export) event(ev store.LoggedEvent) (proof.Event, error) {
	canonical, err := canonicalRecord(e.d.node.Platform, ev.Event)
	if err != nil {
		return proof.Event{}, err
	}
	leaf := ev.Leaf
	if ev.Index >= 0 {
		tile, err := e.tiles(audit.TileAt{Index: ev.Index / audit.TileWidth})
		if err != nil {
			return proof.Event{}, err
		}
		if at := int(ev.Index % audit.TileWidth); at < len(tile) {
			leaf = tile[at]
		}
	}
	return proof.Event{Index: ev.Index, Leaf: hex.EncodeToString(leaf[:]), Record: canonical}, nil
}

// canonicalRecord is an event as it was hashed. A row that somebody wrote
// something into which is no record any more is exported all the same: the
// verifier shall see it.
func canonicalRecord(platform string, e store.Event) ([]byte, error) {
	r := recordOf(platform, e)
	canonical, _, err := audit.Leaf(r)
	if hotline.KindOf(err) == hotline.Invalid && err != nil {
		r.Body, r.Commitment = json.RawMessage(`"?"`), ""
		canonical, _, err = audit.Leaf(r)
	}
	return canonical, err
}

// lettersOf writes all letters to and from a peer.
func (e *export) lettersOf(peer string) error {
	for after := ""; ; {
		out, err := e.d.read.LettersOut(e.ctx, peer, "", after, exportPage)
		if err != nil {
			return err
		}
		if err := e.letters(out, nil); err != nil {
			return err
		}
		if len(out) < exportPage {
			break
		}
		after = out[len(out)-1].ID
	}
	for after := ""; ; {
		in, err := e.d.read.LettersIn(e.ctx, peer, after, exportPage)
		if err != nil {
			return err
		}
		if err := e.letters(nil, in); err != nil {
			return err
		}
		if len(in) < exportPage {
			return nil
		}
		after = in[len(in)-1].ID
	}
}

// letters writes letters: ours signed again by the key in use, the peers' with
// the signatures that they came with.
func (e *export) letters(out []store.LetterOut, in []store.LetterIn) error {
	for _, l := range out {
		sig, err := letter.Signer(seal.Suited(e.d.keys, e.suites[l.Peer]))([]byte(l.Content))
		if err != nil {
			return err
		}
		p := proof.Letter{State: l.State, Hash: l.Hash, Sig: sig, Content: []byte(l.Content)}
		if err := e.personal(&p, l.ID, l.Private); err != nil {
			return err
		}
		e.w.Letter(l.ID, p)
	}
	for _, l := range in {
		p := proof.Letter{State: l.State, Hash: l.Hash, Content: []byte(l.Content)}
		if err := json.Unmarshal([]byte(l.Signature), &p.Sig); err != nil {
			p.Sig = seal.Signature{} // the verifier says that it does not fit
		}
		e.received(&p, l)
		e.w.Letter(l.ID, p)
	}
	return nil
}

// personal adds the personal part of a letter of ours.
func (e *export) personal(p *proof.Letter, id string, sealed []byte) error {
	if len(sealed) == 0 || e.bare {
		return nil
	}
	if e.key.Zero() {
		p.Sealed = sealed
		return nil
	}
	plain, err := seal.OpenPartWith(e.key, id, sealed)
	p.Personal = string(plain)
	return err
}

// received adds the personal part of a peer's letter, without the keys that it
// came with.
func (e *export) received(p *proof.Letter, l store.LetterIn) {
	if l.Sealed == "" || e.bare {
		return
	}
	var part letter.Sealed
	if err := json.Unmarshal([]byte(l.Sealed), &part); err != nil {
		return // a damaged part is as good as none: its commitment stays
	}
	if p.Sealed = part.Ciphertext; e.key.Zero() {
		return
	}
	var m leg.Letter
	if err := json.Unmarshal([]byte(l.Content), &m); err != nil {
		return // the verifier says that it was changed
	}
	if plain, _, err := seal.OpenPart(e.d.keys, m.ID, m.From, part); err == nil { // else it was not for us to open, and stays sealed
		p.Personal, p.Sealed = string(plain), nil
	}
}
