package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/audit"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// work is one transaction on one case: what was loaded, what was decided, and
// what has to be kept and told. Nothing is written before keep.
type work struct {
	ctx context.Context
	d   *Desk
	tx  *store.Tx
	now time.Time
	by  hotline.Actor

	isNew  bool
	c      store.CaseRow
	priv   store.Private
	key    seal.CaseKey
	erased error // why there is no key
	legs   []*legWork
	clocks []clockWork
	events []store.Event
	post   []store.LetterOut
	// callerNew says that the sealed particulars of the caller were added to.
	callerNew bool
	judged    *store.Judgement // what a person decided, to be learnt from
	// givenBack is the class of a leg that came back as not the holder's to do.
	givenBack string
}

type legWork struct {
	store.LegRow
	isNew, dirty bool
}

type clockWork struct {
	deadline.Clock
	isNew, stopped, moved, resumed bool
}

// open loads a case to be worked on; an erased one is a Conflict.
func (d *Desk) open(ctx context.Context, tx *store.Tx, by hotline.Actor, caseID string) (*work, error) {
	w, err := d.load(ctx, tx, by, caseID)
	if err == nil {
		err = w.erased
	}
	return w, err
}

// load reads a case, its legs, clocks and key. Of an erased case everything
// works but what needs its words.
func (d *Desk) load(ctx context.Context, tx *store.Tx, by hotline.Actor, caseID string) (*work, error) {
	w := &work{ctx: ctx, d: d, tx: tx, now: d.Now(), by: by}
	whole, err := tx.Whole(ctx, caseID)
	if err != nil {
		return nil, err
	}
	w.c, w.priv = whole.Case, whole.Private
	if w.key, err = d.caseKey(w.priv); hotline.CodeOf(err) == "erased" {
		w.erased = err
	} else if err != nil {
		return nil, err
	}
	for _, l := range whole.Legs {
		w.legs = append(w.legs, &legWork{LegRow: l})
	}
	for _, c := range whole.Clocks {
		w.clocks = append(w.clocks, clockWork{Clock: c})
	}
	return w, nil
}

// caseKey opens the key of a case; an erased case is a Conflict.
func (d *Desk) caseKey(p store.Private) (seal.CaseKey, error) {
	if p.WrappedKey == nil {
		return seal.CaseKey{}, hotline.Errorf(hotline.Conflict, "erased", "case")
	}
	return seal.UnwrapCaseKey(d.keys, p.CaseID, p.WrappedKey)
}

// see checks that the actor may do something with the case as a whole. What it
// may not even see is NotFound.
func (w *work) see(right hotline.Right) error {
	at := w.d.where(w.by, "", w.c.Region)
	if !w.d.seesCase(w.by, w.c.Case, w.legRows()) {
		return hotline.Errorf(hotline.NotFound, "case_not_found", "")
	}
	if err := w.by.Check(right, at); err != nil {
		return err
	}
	return w.erased
}

// at checks the version that the actor last saw.
func (w *work) at(version *int64) error {
	if version != nil && *version != w.c.Version {
		return hotline.Errorf(hotline.Conflict, "version_wrong", "version", w.c.Version)
	}
	return nil
}

func (w *work) leg(id string) (*legWork, error) {
	for _, l := range w.legs {
		if l.ID == id {
			return l, nil
		}
	}
	return nil, hotline.Errorf(hotline.NotFound, "leg_not_found", "leg")
}

func (w *work) legRows() []store.LegRow {
	out := make([]store.LegRow, len(w.legs))
	for i, l := range w.legs {
		out[i] = l.LegRow
	}
	return out
}

func (w *work) plainLegs() []leg.Leg {
	out := make([]leg.Leg, len(w.legs))
	for i, l := range w.legs {
		out[i] = l.Leg
	}
	return out
}

// body is what an event says besides who and when: no personal data in it.
type body map[string]any

// event appends an event of the actor. note is personal text.
func (w *work) event(kind, legID string, b body, note string) error {
	return w.eventBy(w.by, w.now, kind, legID, b, note)
}

func (w *work) eventBy(by hotline.Actor, at time.Time, kind, legID string, b body, note string) error {
	e, err := w.d.newEvent(w.c.ID, legID, by, at, kind, b, note, w.key)
	if err == nil {
		w.events = append(w.events, e)
	}
	return err
}

// newEvent is an event as it is kept, its note sealed under a key.
func (d *Desk) newEvent(caseID, legID string, by hotline.Actor, at time.Time, kind string, b body, note string, key seal.CaseKey) (store.Event, error) {
	e := store.Event{
		ID: hotline.NewID(), CaseID: caseID, LegID: legID, At: at, Kind: kind,
		Platform: by.Platform, ActorID: by.ID, ActorName: by.Name, ActorRole: string(by.Role), Body: "{}",
	}
	if len(b) > 0 {
		doc, err := json.Marshal(b)
		if err != nil {
			return e, fmt.Errorf("event %s: %w", kind, err)
		}
		e.Body = string(doc)
	}
	if note != "" {
		plain, commitment, err := letter.Note(note)
		if err != nil {
			return e, err
		}
		e.Note, e.Commitment = seal.SealField(key, "event|note|"+e.ID, plain), commitment
	}
	_, leaf, err := audit.Leaf(recordOf(d.node.Platform, e))
	if err != nil {
		return e, fmt.Errorf("event %s: %w", kind, err)
	}
	e.Leaf = leaf
	return e, nil
}

// recordOf is an event as it is proved.
func recordOf(platform string, e store.Event) audit.Record {
	return audit.Record{
		ID: e.ID, Node: platform, Case: e.CaseID, Leg: e.LegID, At: e.At.UnixMicro(), Kind: e.Kind,
		Actor: e.ActorID, ActorRole: e.ActorRole, Body: json.RawMessage(e.Body), Commitment: e.Commitment,
	}
}

// Expiry of retries, and only of retries: the receiver takes a late offer.
// Proposals; no published rule was found.
const (
	OfferExpiry       = 7 * 24 * time.Hour
	UrgentOfferExpiry = 24 * time.Hour
	AskExpiry         = 3 * 24 * time.Hour
)

// tell posts the letter of an act on a transfer; a local leg needs none.
func (w *work) tell(l *legWork, typ string, b leg.Body, p leg.Private) error {
	if l.Local() || l.ByHand {
		return nil // nobody reads one
	}
	link, err := w.d.Link(w.ctx, l.Peer)
	if err != nil {
		return err
	}
	l.OutNo++
	l.dirty = true
	if w.by.Role != hotline.Machine && w.by.Role != hotline.Peer {
		b.Person = w.by.Name
	}
	extra := ""
	if typ == leg.TypeOffer {
		extra = l.Extra // what an offer carried that we do not know goes on with it
	}
	return w.postLetter(link, l.ID, l.OutNo, typ, l.Via, extra, b, p, l.Urgent)
}

func (w *work) postLetter(link store.Link, legID string, number int64, typ string, via []string, extra string, b leg.Body, p leg.Private, urgent bool) error {
	m := leg.Letter{
		ID: hotline.NewID(), Type: typ, Schema: leg.Schema, From: w.d.node.Platform, To: link.Peer, Link: link.ID,
		Epoch: w.d.node.Epoch, Cases: w.caseIDs(link.Peer), Leg: legID, Number: number, SentAt: w.now.In(calendar.Zone), Body: b,
	}
	if typ == leg.TypeOffer {
		m.Via = append(append([]string(nil), via...), w.d.node.Platform)
	}
	if len(b.Adopt) > 0 {
		m.Requires = []string{"/body/adopt"} // who does not know it would take the leg for a new one
	}
	if leg.Expires(typ) {
		after := AskExpiry
		if typ == leg.TypeOffer {
			after = OfferExpiry
			if urgent {
				after = UrgentOfferExpiry
			}
		}
		until := w.now.Add(after).In(calendar.Zone)
		m.ExpiresAt = &until
	}
	out, err := letterOut(m, w.key, w.c.ID, extra, p, w.now)
	out.Urgent = urgent
	if err == nil {
		w.post = append(w.post, out)
	}
	return err
}

// letterOut is a letter for the ledger, its personal part sealed under a key.
func letterOut(m leg.Letter, key seal.CaseKey, caseID, extra string, p leg.Private, now time.Time) (store.LetterOut, error) {
	out := store.LetterOut{ID: m.ID, Peer: m.To, CaseID: caseID, LegID: m.Thread(), Type: m.Type, Number: m.Number, CreatedAt: now}
	if m.ExpiresAt != nil {
		out.ExpiresAt = *m.ExpiresAt
	}
	if !p.Empty() {
		plain, commitment, err := letter.Plain(p)
		if err != nil {
			return out, err
		}
		m.Commitment = commitment
		out.Private = seal.SealPart(key, m.ID, plain)
	}
	content, hash, err := letter.ContentWith(m, []byte(extra))
	if err != nil {
		return out, fmt.Errorf("letter %s: %w", m.Type, err)
	}
	out.Content, out.Hash = string(content), hash
	return out, nil
}

func (w *work) caseIDs(peer string) map[string]string {
	ids := map[string]string{w.d.node.Platform: w.c.ID}
	if id := w.c.Links[peer]; id != "" {
		ids[peer] = id
	}
	return ids
}

// startClocks starts planned clocks of a leg, or of the case ("").
func (w *work) startClocks(cs []deadline.Clock, legID string, urgent bool) {
	for _, c := range cs {
		c.ID, c.CaseID, c.LegID, c.Urgent = hotline.NewID(), w.c.ID, legID, urgent
		w.clocks = append(w.clocks, clockWork{Clock: c, isNew: true})
	}
}

// stopClocks stops running clocks of a leg ("" the case's own).
func (w *work) stopClocks(legID string, at time.Time, kinds ...deadline.Kind) {
	for i := range w.clocks {
		c := &w.clocks[i]
		if c.LegID == legID && c.Stopped.IsZero() && slices.Contains(kinds, c.Kind) {
			c.Stopped, c.Next, c.stopped = at, time.Time{}, true
		}
	}
}

// running finds a running clock of a leg.
func (w *work) running(legID string, kind deadline.Kind) *clockWork {
	for i := range w.clocks {
		if c := &w.clocks[i]; c.LegID == legID && c.Kind == kind && c.Stopped.IsZero() {
			return c
		}
	}
	return nil
}

// budgets reads the limits of a leg from the catalogue.
func (w *work) budgets(class, item, region string, urgent bool, kinds ...deadline.Kind) (map[deadline.Kind]string, error) {
	area := ""
	if r, ok := w.d.dir.Region(region); ok {
		area = r.Area
	}
	out := make(map[deadline.Kind]string, len(kinds))
	for _, k := range kinds {
		b, ok := w.d.Catalogue().Budget(string(k), class, item, area, urgent)
		if !ok {
			return nil, hotline.Errorf(hotline.Internal, "limits_missing", string(k), class)
		}
		out[k] = b
	}
	return out, nil
}

// keep writes everything, the case first.
func (w *work) keep() error {
	w.derive()
	ctx, tx, isNew := w.ctx, w.tx, w.isNew
	if w.isNew {
		if err := tx.AddCase(ctx, &w.c); err != nil {
			return err
		}
		if err := tx.AddPrivate(ctx, w.priv); err != nil {
			return err
		}
	} else if err := tx.SaveCase(ctx, &w.c); err != nil {
		return err
	} else if w.callerNew {
		if err := tx.SaveCaller(ctx, w.priv); err != nil {
			return err
		}
	}
	if err := w.keepJudgement(isNew); err != nil {
		return err
	}
	for _, l := range w.legs {
		var err error
		switch {
		case l.isNew:
			err = tx.AddLeg(ctx, &l.LegRow)
		case l.dirty:
			err = tx.SaveLeg(ctx, &l.LegRow)
		}
		if err != nil {
			return err
		}
		l.isNew, l.dirty = false, false
	}
	var started []deadline.Clock
	for i, c := range w.clocks {
		var err error
		if c.isNew || c.moved || c.resumed {
			c.Clock = w.ladder(c.Clock).Arm(c.Clock)
			w.clocks[i].Clock = c.Clock
		}
		switch {
		case c.isNew:
			started = append(started, c.Clock)
		case c.resumed && !c.Running(): // stopped again at once: as it was
		case c.resumed:
			err = tx.ResumeClock(ctx, c.Clock)
		case c.stopped:
			err = tx.StopClock(ctx, c.ID, c.Stopped)
		case c.moved:
			err = tx.MoveClock(ctx, c.Clock)
		}
		if err != nil {
			return err
		}
		w.clocks[i].isNew, w.clocks[i].stopped, w.clocks[i].moved, w.clocks[i].resumed = false, false, false, false
	}
	if err := tx.AddClocks(ctx, started...); err != nil {
		return err
	}
	if err := tx.AddEvents(ctx, w.events...); err != nil {
		return err
	}
	for _, l := range w.post {
		if err := tx.PostLetter(ctx, l); err != nil {
			return err
		}
	}
	w.events, w.post = nil, nil
	return nil
}

// ladder is what a clock of the case climbs, by the catalogue in force.
func (w *work) ladder(c deadline.Clock) deadline.Ladder {
	class, unit, region := w.c.Category, "", w.c.Region
	if l, err := w.leg(c.LegID); err == nil {
		class, region = l.Class, l.Region
		if u, ok := w.d.dir.Unit(l.Unit); ok {
			unit = u.Kind
		}
	}
	if c.Urgent && w.c.Urgent != "" {
		class = w.c.Urgent
	}
	return deadline.Ladder{Steps: w.d.Catalogue().Ladder(string(c.Kind), class, unit, c.Urgent), Calendar: w.d.cal, Region: region}
}

// derive computes what follows from facts: the status, the earliest due times
// that lists are sorted by, and the times that statements are made of.
func (w *work) derive() {
	w.c.Status = casefile.StatusOf(w.c.Case, w.plainLegs())
	if w.c.Status == casefile.AwaitingCallback {
		w.needCallbackClock()
	}
	due := map[string]time.Time{}
	earlier := func(id string, t time.Time) {
		if have, ok := due[id]; !ok || t.Before(have) {
			due[id] = t
		}
	}
	for _, c := range w.clocks {
		if !c.Stopped.IsZero() {
			continue
		}
		if c.LegID != "" {
			earlier(c.LegID, c.Due)
		}
		earlier("", c.Due)
	}
	w.c.DueAt = due[""]
	for _, l := range w.legs {
		if !l.DueAt.Equal(due[l.ID]) {
			l.DueAt, l.dirty = due[l.ID], true
		}
		if times := w.times(l); times != l.Times {
			l.Times, l.dirty = times, true
		}
	}
}

// times is what the figures of assessment know of a leg.
func (w *work) times(l *legWork) assessment.Times {
	t := assessment.TimesOf(l.ID, func(yield func(deadline.Clock) bool) {
		for _, c := range w.clocks {
			if !yield(c.Clock) {
				return
			}
		}
	})
	if !w.c.CallbackAt.IsZero() {
		t.Asked = w.c.CallbackAt.UnixMicro()
	}
	if w.c.Solved != nil {
		t.Solved = assessment.SaidNo
		if *w.c.Solved {
			t.Solved = assessment.SaidYes
		}
	}
	t.Mapped, t.Unfounded = w.c.Mapped, l.Times.Unfounded // the latter is decided where it happens
	return t
}

// needCallbackClock starts the call-back clock once the last leg is settled.
func (w *work) needCallbackClock() {
	if !w.c.NeedsCallback || !w.c.CallbackAt.IsZero() || w.running("", deadline.Callback) != nil {
		return
	}
	b, err := w.budgets(w.c.Category, w.c.Item, w.c.Region, false, deadline.Callback)
	if err != nil {
		return // a catalogue without a call-back limit owes none
	}
	cs, err := deadline.Plan(w.now, b, w.d.cal, w.c.Region, time.Time{})
	if err == nil {
		w.startClocks(cs, "", false)
	}
}
