package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/consultation"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// A consultation goes across platforms by letters of its own. Who opened it
// presides: it asks, passes on what each party says, and rules. A platform that
// is asked keeps a copy, which the letters of who presides move, and says its
// own word. Its words are sealed under a key of its own there, since the case
// may never have been at that platform.

// hearing is one transaction on a consultation: of a case of this platform, or
// one over which another platform presides.
type hearing struct {
	ctx context.Context
	d   *Desk
	tx  *store.Tx
	now time.Time
	by  hotline.Actor

	c store.Consultation
	w *work // its case; nil where another platform presides

	key    seal.CaseKey // of the words
	erased error        // why there is no key
	isNew  bool
	dirty  map[int]bool // threads that changed
	events []store.Event
	post   []store.LetterOut
}

// hear loads a consultation to be worked on.
func (d *Desk) hear(ctx context.Context, tx *store.Tx, by hotline.Actor, id string) (*hearing, error) {
	c, err := tx.Consultation(ctx, id)
	if err != nil {
		return nil, err
	}
	h := &hearing{ctx: ctx, d: d, tx: tx, now: d.Now(), by: by, c: c, dirty: map[int]bool{}}
	if !c.Presided() {
		h.key, err = d.caseKey(store.Private{CaseID: c.ID, WrappedKey: c.WrappedKey})
		if hotline.CodeOf(err) == "erased" {
			h.erased, err = err, nil
		}
		return h, err
	}
	if h.w, err = d.load(ctx, tx, by, c.CaseID); err != nil {
		return nil, err
	}
	h.key, h.erased = h.w.key, h.w.erased
	return h, nil
}

// event appends an event. note is personal text.
func (h *hearing) event(kind string, b body, note string) error {
	if b == nil {
		b = body{}
	}
	b["consultation"] = h.c.ID
	if h.w != nil {
		return h.w.eventBy(h.by, h.now, kind, "", b, note)
	}
	e, err := h.d.newEvent("", "", h.by, h.now, kind, b, note, h.key)
	if err == nil {
		h.events = append(h.events, e)
	}
	return err
}

// keep writes everything.
func (h *hearing) keep() error {
	if h.isNew {
		if err := h.tx.AddConsultation(h.ctx, h.c); err != nil {
			return err
		}
		h.isNew = false
		clear(h.dirty)
	}
	if err := h.saveThreads(); err != nil {
		return err
	}
	for _, out := range h.post {
		if err := h.tx.PostLetter(h.ctx, out); err != nil {
			return err
		}
	}
	h.post = nil
	if h.w != nil {
		return h.w.keep()
	}
	err := h.tx.AddConsultationEvents(h.ctx, h.c.ID, h.events...)
	h.events = nil
	return err
}

// saveThreads writes the threads that changed.
func (h *hearing) saveThreads() error {
	for i := range h.c.Threads {
		if h.dirty[i] {
			if err := h.tx.SaveThread(h.ctx, &h.c.Threads[i]); err != nil {
				return err
			}
		}
	}
	clear(h.dirty)
	return nil
}

func (h *hearing) thread(id string) (int, *store.Thread) {
	i := slices.IndexFunc(h.c.Threads, func(th store.Thread) bool { return th.ID == id })
	if i < 0 {
		return i, &store.Thread{}
	}
	h.dirty[i] = true
	return i, &h.c.Threads[i]
}

// tell posts a letter to one platform of the consultation.
func (h *hearing) tell(th *store.Thread, typ string, b leg.Body, p leg.Private) error {
	th.OutNo++
	return h.tellAs(th, th.OutNo, typ, b, p)
}

func (h *hearing) tellAs(th *store.Thread, number int64, typ string, b leg.Body, p leg.Private) error {
	link, err := h.d.Link(h.ctx, th.Peer)
	if err != nil {
		return err
	}
	if h.by.Role != hotline.Machine && h.by.Role != hotline.Peer && typ != string(leg.Void) {
		b.Person, b.Unit = h.by.Name, h.by.Unit
	}
	m := leg.Letter{ID: hotline.NewID(), Type: typ, Schema: leg.Schema, From: h.d.node.Platform, To: link.Peer, Link: link.ID, Epoch: h.d.node.Epoch,
		Cases: h.caseIDs(), Consultation: th.ID, Number: number, SentAt: h.now.In(calendar.Zone), Body: b}
	caseID := ""
	if h.w != nil {
		caseID, m.Cases = h.w.c.ID, h.w.caseIDs(link.Peer)
	}
	out, err := letterOut(m, h.key, caseID, "", p, h.now)
	if err == nil {
		h.post = append(h.post, out)
	}
	return err
}

// caseIDs are the ids of the case where another platform presides.
func (h *hearing) caseIDs() map[string]string {
	ids := map[string]string{}
	if h.c.HostCase != "" {
		ids[h.c.Host] = h.c.HostCase
	}
	if h.c.CaseID != "" {
		ids[h.d.node.Platform] = h.c.CaseID
	}
	return ids
}

// tellAll posts a letter to every platform that takes part by letter, but one.
// What is known of the caller does not go: the parties are asked whose the
// matter is, not whose the call was.
func (h *hearing) tellAll(typ string, b leg.Body, note, but string) error {
	if len(h.c.Threads) == 0 {
		return nil
	}
	who, err := h.w.caller()
	if err != nil {
		return err
	}
	for i := range h.c.Threads {
		th := &h.c.Threads[i]
		if th.Peer == but || th.State == store.ThreadRefused {
			continue
		}
		h.dirty[i] = true
		if err := h.tell(th, typ, b, leg.Private{Note: string(who.redact(note, "***"))}); err != nil {
			return err
		}
	}
	return nil
}

// guestCaller is the caller of our case of the matter, where another platform
// presides and we have one.
func (h *hearing) guestCaller() (caller, error) {
	if h.c.CaseID == "" {
		return caller{}, nil
	}
	priv, err := h.tx.Private(h.ctx, h.c.CaseID)
	if err != nil {
		return caller{}, err
	}
	key, err := h.d.caseKey(priv)
	if hotline.CodeOf(err) == "erased" {
		return caller{}, nil
	}
	if err != nil {
		return caller{}, err
	}
	return openCaller(key, priv)
}

// invite makes the threads of the platforms that are asked by letter, and posts
// what opens the consultation there. One that only people reach is asked by
// them.
func (h *hearing) invite(question string) error {
	parties := partyCodes(h.c)
	for _, p := range parties {
		code, ok := strings.CutPrefix(p, "platform:")
		if !ok || code == h.d.node.Platform {
			continue
		}
		link, err := h.d.Link(h.ctx, code)
		if err != nil {
			return err
		}
		if !link.Active || link.Carrier == store.ManualCarrier {
			continue
		}
		h.c.Threads = append(h.c.Threads, store.Thread{ID: hotline.NewID(), ConsultationID: h.c.ID, Peer: code, Rev: 1, State: store.ThreadSent})
	}
	who, err := h.w.caller()
	if err != nil {
		return err
	}
	due := h.c.DueAt.In(calendar.Zone)
	for i := range h.c.Threads {
		th := &h.c.Threads[i]
		b := leg.Body{Cause: string(h.c.Cause), Form: string(h.c.Form), Parties: parties, Due: &due, Interim: asParty(h.c.Interim), Class: h.c.Class, Item: h.c.Item,
			Region: h.c.Region, Catalogue: h.w.c.Catalogue, Confidential: h.c.Confidential}
		if b.Evidence, err = h.shared(th.Peer); err != nil {
			return err
		}
		if err := h.tell(th, leg.TypeConsultOpen, b, leg.Private{Note: string(who.redact(question, "***"))}); err != nil {
			return err
		}
	}
	return nil
}

// asParty writes a platform's code as parties are written.
func asParty(who string) string {
	if who == "" || strings.Contains(who, ":") {
		return who
	}
	return "platform:" + who
}

// shared are the further cases attached that a platform holds too; of others it
// hears nothing.
func (h *hearing) shared(peer string) ([]map[string]string, error) {
	var out []map[string]string
	for _, id := range h.c.Evidence {
		if id == h.c.CaseID {
			continue
		}
		x, err := h.tx.Case(h.ctx, id)
		if err != nil {
			return nil, err
		}
		if there := x.Links[peer]; there != "" {
			out = append(out, map[string]string{h.d.node.Platform: id, peer: there})
		}
	}
	return out, nil
}

// consulting says that a letter is about a consultation and no leg.
func consulting(m leg.Letter) bool { return m.Leg == "" && m.Consultation != "" }

func consultType(typ string) bool { return strings.HasPrefix(typ, "consult.") }

// threadOf is the thread of a letter of ours; nil: it is about a leg.
func (d *Desk) threadOf(ctx context.Context, tx *store.Tx, out store.LetterOut) (*store.Thread, error) {
	if !consultType(out.Type) && out.Type != string(leg.Void) && out.Type != leg.TypeErase {
		return nil, nil
	}
	return tx.Thread(ctx, out.LegID)
}

// KeyOf is the key that the personal part of a letter of ours is sealed under.
func (d *Desk) KeyOf(ctx context.Context, out store.LetterOut) (seal.CaseKey, error) {
	if out.CaseID != "" {
		return d.keyOf(ctx, out.CaseID)
	}
	c, err := d.read.Consultation(ctx, out.LegID) // another platform presides: both have its id
	if err != nil {
		return seal.CaseKey{}, err
	}
	return d.caseKey(store.Private{CaseID: c.ID, WrappedKey: c.WrappedKey})
}

// voidConsult is void by a person, who says why.
func (d *Desk) voidConsult(ctx context.Context, tx *store.Tx, a hotline.Actor, th store.Thread, out store.LetterOut, reason string) error {
	h, err := d.hear(ctx, tx, a, th.ConsultationID)
	if err == nil {
		err = h.erased
	}
	if err != nil {
		return err
	}
	_, t := h.thread(th.ID)
	if out.Type == leg.TypeConsultOpen {
		t.State, t.Code = store.ThreadRefused, "voided"
	}
	if err := h.void(t, out, reason); err != nil {
		return err
	}
	return h.keep()
}

// eraseConsultations destroys the words of the consultations about a case, and
// tells the platforms that have them, but the one that asked.
func (w *work) eraseConsultations(basis, from string) error {
	list, err := w.tx.ConsultationsOfCase(w.ctx, w.c.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		h := &hearing{ctx: w.ctx, d: w.d, tx: w.tx, now: w.now, by: w.by, c: c, dirty: map[int]bool{}}
		if c.Presided() {
			h.w, h.key = w, w.key
		} else if h.key, err = w.d.caseKey(store.Private{CaseID: c.ID, WrappedKey: c.WrappedKey}); hotline.CodeOf(err) == "erased" {
			continue
		} else if err != nil {
			return err
		}
		if c.State == consultation.Open && c.Presided() {
			if err := h.close(""); err != nil {
				return err
			}
		}
		for i := range h.c.Threads {
			if th := &h.c.Threads[i]; th.Peer != from && th.State != store.ThreadRefused {
				h.dirty[i] = true
				if err := h.tell(th, leg.TypeErase, leg.Body{Basis: basis}, leg.Private{}); err != nil {
					return err
				}
			}
		}
		if c.Presided() {
			w.post = append(w.post, h.post...)
			if err := h.saveThreads(); err != nil {
				return err
			}
			continue
		}
		if err := h.erase(basis, from); err != nil {
			return err
		}
		if err := h.keep(); err != nil {
			return err
		}
	}
	return nil
}

// erase destroys the words of a consultation over which another platform
// presides.
func (h *hearing) erase(basis, from string) error {
	if err := h.event("erased", body{"basis": basis, "from": from}, ""); err != nil {
		return err
	}
	if h.c.State == consultation.Open { // nobody can read what it is about
		if err := h.close(""); err != nil {
			return err
		}
	}
	h.erased = hotline.Errorf(hotline.Conflict, "erased", "case")
	return h.tx.EraseConsultation(h.ctx, h.c.ID, h.c.Threads[0].ID, h.now)
}

// eraseAsked does what an erase letter of a consultation asks: of who presides
// all of it, of who was asked its own word.
func (h *hearing) eraseAsked(th *store.Thread, basis string) error {
	if h.erased != nil {
		return nil
	}
	if h.w == nil {
		return h.erase(basis, th.Peer)
	}
	if err := h.event("erased_part", body{"basis": basis, "from": th.Peer}, ""); err != nil {
		return err
	}
	return h.tx.EraseHeard(h.ctx, th.ID)
}

// MendConsultation says that a person has seen to a letter of a consultation
// that went wrong.
func (d *Desk) MendConsultation(ctx context.Context, a hotline.Actor, id, note string) error {
	return d.TakeTurn(ctx, a, id, Turn{Verb: MendTurn, Text: note})
}

func (h *hearing) mend(t Turn) error {
	if err := h.leads(); err != nil {
		return err
	}
	was := ""
	for i := range h.c.Threads {
		if th := &h.c.Threads[i]; th.Repair != "" {
			was, th.Repair, h.dirty[i] = th.Repair, "", true
		}
	}
	if was == "" {
		return nil
	}
	return h.event("repaired", body{"was": was}, t.Text)
}
