package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Act does a verb on a leg for an actor: the one way for pages, programs and
// units. Letters of a peer reach perform by receive.go.
func (d *Desk) Act(ctx context.Context, a hotline.Actor, legID string, do Do) (LegView, error) {
	if err := checkDo(do); err != nil {
		return LegView{}, err
	}
	row, err := d.read.Leg(ctx, legID)
	if err != nil {
		return LegView{}, err
	}
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, row.CaseID)
		if err != nil {
			return err
		}
		l, err := w.leg(legID)
		if err != nil {
			return err
		}
		side, err := w.sideOf(l, do)
		if err != nil {
			return err
		}
		if w.erased != nil {
			return w.erased
		}
		if done, err := w.doneBefore(l, do); done || err != nil {
			return err
		}
		if do.Version != nil && *do.Version != l.Version {
			return hotline.Errorf(hotline.Conflict, "version_wrong", "version", l.Version)
		}
		if do.Hand != nil {
			err = w.actByHand(l, do)
		} else {
			err = w.act(l, side, do)
		}
		if err != nil {
			return err
		}
		return w.keep()
	})
	if err != nil {
		return LegView{}, err
	}
	return d.Leg(ctx, a, legID)
}

// doneBefore says that this action was done under its key already, and claims the key otherwise. The version is no part of what
// is compared: an action that is sent again after the one before it was done carries another.
func (w *work) doneBefore(l *legWork, do Do) (bool, error) {
	if do.Key == "" {
		return false, nil
	}
	key := "act:" + do.Key
	do.Key, do.Version = "", nil
	first, err := w.d.claim(w.ctx, w.tx, w.by, key, l.ID, do, w.c.ID)
	return first != "", err
}

// claim says what was done with an object under an actor's key already: the id
// of what it is about or of what it made; "" nothing was, and the key is claimed
// with that id.
func (d *Desk) claim(ctx context.Context, tx *store.Tx, a hotline.Actor, key, object string, what any, id string) (first string, err error) {
	doc, err := json.Marshal(what)
	if err != nil {
		return "", fmt.Errorf("claim key: %w", err)
	}
	k := store.IntakeKey{Source: a.ID, Key: key, BodyHash: seal.BlindIndex(d.keys, "act", object+" "+string(doc)), CaseID: id}
	was, err := tx.IntakeKey(ctx, k.Source, k.Key)
	switch {
	case hotline.KindOf(err) == hotline.NotFound:
		return "", tx.AddIntakeKey(ctx, k)
	case err != nil:
		return "", err
	case was.BodyHash != k.BodyHash:
		return "", hotline.Errorf(hotline.Invalid, "key_reused", "Idempotency-Key", was.CaseID)
	}
	return was.CaseID, nil
}

// sideOf decides which side the actor stands on and whether they may act for
// it. Of a transfer this node is one side only; of a local leg the desk is the
// sender, the unit the holder, and the desk may enter what a unit told it.
func (w *work) sideOf(l *legWork, do Do) (leg.Side, error) {
	side := l.Side
	if do.Hand != nil {
		var err error
		if side, err = w.handSide(l, do); err != nil {
			return "", err
		}
	}
	if l.Local() {
		side = localSide(do.Verb, l.Leg, w.by)
	}
	at := w.d.where(w.by, l.Unit, w.c.Region)
	if !w.by.May(hotline.SeeCases, at) {
		return "", hotline.Errorf(hotline.NotFound, "leg_not_found", "leg")
	}
	return side, w.by.Check(rightFor(do.Verb, side), at)
}

func localSide(v leg.Verb, l leg.Leg, by hotline.Actor) leg.Side {
	if !by.AtDesk() {
		return leg.Holder
	}
	switch v {
	case leg.Accept, leg.Return, leg.Progress, leg.Feedback, leg.Escalate, leg.Extend:
		return leg.Holder
	case leg.Grant, leg.Refuse:
		if l.Pending == leg.Withdraw {
			return leg.Holder
		}
	}
	return leg.Sender
}

// rightFor names the right that a verb needs.
func rightFor(v leg.Verb, side leg.Side) hotline.Right {
	switch v {
	case leg.Accept, leg.Return, leg.Progress, leg.Feedback, leg.Escalate:
		return hotline.WorkLegs
	case leg.Settle, leg.Reopen:
		return hotline.DecideCases
	case leg.Grant, leg.Refuse:
		if side == leg.Holder {
			return hotline.WorkLegs
		}
		return hotline.DecideCases
	}
	return hotline.AskLegs
}

func checkDo(do Do) error {
	if err := checkHand(do.Hand); err != nil {
		return err
	}
	for field, s := range map[string]string{"note": do.Note, "result": do.Result} {
		if s != "" {
			if err := casefile.CheckText(field, s, casefile.NoteMost); err != nil {
				return err
			}
		}
	}
	for field, s := range map[string]string{"basis": do.Basis, "next_owner": do.NextOwner, "rest_leg": do.RestLeg, "Idempotency-Key": do.Key} {
		if err := casefile.CheckLine(field, s); err != nil {
			return err
		}
	}
	switch do.Verb {
	case leg.Feedback:
		if do.Result == "" {
			return hotline.Errorf(hotline.Invalid, "result_missing", "result")
		}
	case leg.Reopen, leg.Withdraw, leg.Contest, leg.Escalate, leg.Supplement, leg.Refuse:
		if do.Note == "" {
			return hotline.Errorf(hotline.Invalid, "note_missing", "note")
		}
	case leg.Call:
		if do.Call == nil {
			return hotline.Errorf(hotline.Invalid, "call_kind_unknown", "call")
		}
	case leg.Send, leg.Receive, leg.Callback, leg.Void: // not for people
		return hotline.Errorf(hotline.Invalid, "not_your_move", "verb", string(do.Verb))
	}
	if !slices.Contains(leg.Verbs(), do.Verb) {
		return hotline.Errorf(hotline.Invalid, "verb_unknown", "verb", string(do.Verb))
	}
	return nil
}

// act does a verb of a person of this node.
func (w *work) act(l *legWork, side leg.Side, do Do) error {
	if do.Verb == leg.Call {
		return w.call(l, *do.Call)
	}
	a := leg.Act{Verb: do.Verb, Side: side, At: w.now, Ground: do.Ground, Basis: do.Basis, NextOwner: do.NextOwner, Of: l.Pending}
	switch do.Verb {
	case leg.Settle:
		a.ReopenUntil = w.now.Add(leg.ReopenFor)
	case leg.Extend:
		if do.Stop != nil {
			if err := w.askStop(l, &do); err != nil {
				return err
			}
			break
		}
		if err := w.checkExtension(l, do.Due); err != nil {
			return err
		}
	case leg.Grant:
		if l.Pending == leg.Extend && do.Due == nil {
			return hotline.Errorf(hotline.Invalid, "due_missing", "due")
		}
		if do.Due != nil && !do.Due.After(w.now) {
			return hotline.Errorf(hotline.Invalid, "due_past", "due")
		}
		if l.Pending == leg.Extend {
			if err := w.checkOnce(l, do.Due); err != nil {
				return err
			}
		}
	}
	return w.perform(l, a, do)
}

// perform is the one place where a verb takes effect, whoever did it: the pure
// rule decides, clocks follow, the event is appended, and what a peer must know
// is posted. An act told by letter is not told back.
func (w *work) perform(l *legWork, a leg.Act, do Do) error {
	before := l.Leg
	after, err := l.Leg.Do(a)
	if err != nil {
		return err
	}
	l.Leg, l.dirty = after, true
	moved := after.Version != before.Version
	if moved {
		l.MovedAt = a.At
	}
	if err := w.keepAsk(l, a, do, before); err != nil {
		return err
	}
	if moved || a.Verb == leg.Progress {
		stops := deadline.Stops(a.Verb, after.State)
		w.stopClocks(l.ID, a.At, stops...)
		w.stopClocks("", a.At, stops...) // the call-back clock is the case's
	}
	if err := w.event(string(a.Verb), l.ID, actBody(a, do, before, after), joined(do.Note, do.Result)); err != nil {
		return err
	}
	if !a.Letter && a.Verb != leg.Receive {
		if err := w.tell(l, string(a.Verb), letterBody(a, do), leg.Private{Note: do.Note, Result: do.Result}); err != nil {
			return err
		}
	}
	if err := w.follow(l, a, do, before); err != nil {
		return err
	}
	if text := joined(do.Note, do.Result); text != "" {
		return w.check(text, l.ID, false)
	}
	return nil
}

func actBody(a leg.Act, do Do, before, after leg.Leg) body {
	b := body{"from": string(before.State), "to": string(after.State), "side": string(a.Side)}
	switch a.Verb {
	case leg.Return:
		b["ground"], b["basis"], b["next_owner"] = string(a.Ground), a.Basis, a.NextOwner
	case leg.Settle:
		b["reopen_until"] = a.ReopenUntil.UnixMicro()
	case leg.Grant, leg.Refuse:
		b["of"] = string(a.Of)
	case leg.Feedback:
		if do.RestLeg != "" {
			b["rest_leg"] = do.RestLeg
		}
	case leg.Extend:
		if s := do.told; s != nil {
			b["suspension"], b["until"] = s.Ground, s.To.UnixMicro()
		}
	}
	if h := do.Hand; h != nil {
		b["by_hand"], b["who"] = h.How, h.Who
		if h.Sheet != "" {
			b["sheet"] = h.Sheet
		}
	}
	if do.Due != nil {
		b["due"] = do.Due.UnixMicro()
	}
	return b
}

func letterBody(a leg.Act, do Do) leg.Body {
	b := leg.Body{Ground: a.Ground, Basis: a.Basis, NextOwner: a.NextOwner, RestLeg: do.RestLeg}
	if a.Verb != leg.Return {
		b.Ground, b.Basis, b.NextOwner = "", "", ""
	}
	if a.Verb == leg.Grant || a.Verb == leg.Refuse {
		b.Of = a.Of
	}
	if a.Verb == leg.Extend {
		b.Suspension = do.told
	}
	if a.Verb == leg.Settle {
		until := a.ReopenUntil.In(calendar.Zone)
		b.ReopenUntil = &until
	}
	if do.Due != nil {
		due := do.Due.UTC().Truncate(time.Microsecond).In(calendar.Zone)
		b.Due = &due
	}
	return b
}

// follow is what an act brings with it for the case around the leg.
func (w *work) follow(l *legWork, a leg.Act, do Do, before leg.Leg) error {
	switch a.Verb {
	case leg.Accept:
		w.tookBack(l, a.At)
		return w.planLeg(l, a.At, time.Time{}, deadline.Starts(leg.Accept, l.Urgent)...)
	case leg.Return:
		if err := w.gaveBack(l, a.At); err != nil {
			return err
		}
		return w.returned(l)
	case leg.Contest:
		return w.dispute(l, "contested")
	case leg.Settle:
		w.c.NeedsCallback = true
	case leg.Reopen:
		return w.reopened(l, a)
	case leg.Withdraw:
		// Before acceptance the holder's machine grants at once, but not on
		// urgent legs. Of a transfer the holder's node does it.
		if l.GrantAtOnce() && (l.Local() || l.Incoming()) {
			return w.asMachine(func() error {
				return w.perform(l, leg.Act{Verb: leg.Grant, Side: leg.Holder, At: w.now, Of: leg.Withdraw}, Do{Verb: leg.Grant})
			})
		}
	case leg.Grant:
		if a.Of == leg.Extend && do.Due != nil && before.Pending == leg.Extend {
			w.extend(l, *do.Due)
		}
	case leg.Escalate:
		if !a.Letter {
			return w.escalate(l, do.Note)
		}
	}
	return nil
}

// asMachine runs something as this node itself.
func (w *work) asMachine(f func() error) error {
	by := w.by
	w.by = hotline.TheMachine(w.d.node.Platform)
	defer func() { w.by = by }()
	return f()
}

// returned: the sender is interim owner from that moment. From the second
// return in a case a dispute opens beside it.
func (w *work) returned(l *legWork) error {
	if l.Incoming() { // we gave it back: the case ends here where nothing else is open
		w.c.Interim = l.Peer
		if l.Urgent {
			return nil // danger stays with us until a person has made sure that somebody else has it
		}
		for _, o := range w.legs {
			if !o.Done() {
				return nil
			}
		}
		w.c.Outcome, w.c.ClosedAt = casefile.ReturnedBack, w.now
		w.stopClocks("", w.now, deadline.Case, deadline.Callback)
		return w.event("closed", "", body{"outcome": string(casefile.ReturnedBack)}, "")
	}
	w.c.Returns++
	if wronglySent(l.Ground) {
		w.givenBack = l.Class
	}
	w.c.Interim = w.d.node.Platform
	if w.c.Returns >= 2 {
		return w.dispute(l, "second_return")
	}
	return nil
}

// dispute opens a visible dispute; one open dispute of a case is enough.
func (w *work) dispute(l *legWork, cause string) error {
	if w.c.Dispute || l.Incoming() {
		return nil
	}
	w.c.Dispute = true
	err := w.tx.AddDispute(w.ctx, store.Dispute{ID: hotline.NewID(), CaseID: w.c.ID, LegID: l.ID, Item: w.c.Item, Cause: cause, OpenedAt: w.now})
	if err != nil {
		return err
	}
	return w.event("dispute", l.ID, body{"cause": cause, "returns": w.c.Returns}, "")
}

// reopened starts another handling clock and takes the case up again where it
// had been closed.
func (w *work) reopened(l *legWork, a leg.Act) error {
	if err := w.planLeg(l, a.At, time.Time{}, deadline.Starts(leg.Reopen, l.Urgent)...); err != nil {
		return err
	}
	w.c.CallbackAt = time.Time{}
	if w.c.ClosedAt.IsZero() {
		return nil
	}
	return w.takeUp()
}

// takeUp opens a closed case again.
func (w *work) takeUp() error {
	w.c.ClosedAt, w.c.Outcome, w.c.Status = time.Time{}, "", casefile.InProgress
	w.c.Version++
	w.resumeCaseClock()
	return w.event("reopened_case", "", nil, "")
}

// resumeCaseClock: the case's own clock runs from intake and never restarts, so
// a case that is taken up again is as late as it was.
func (w *work) resumeCaseClock() {
	for i := range w.clocks {
		if c := &w.clocks[i]; c.Kind == deadline.Case && !c.Running() {
			c.Clock, c.resumed = c.Resume(), true
		}
	}
}

// extend moves the handling clock; the case's own clock stays.
func (w *work) extend(l *legWork, due time.Time) {
	if c := w.running(l.ID, deadline.Handling); c != nil {
		c.Clock = c.Move(due.UTC().Truncate(time.Microsecond))
		c.moved = true
	}
}

// escalate: a unit that meets danger or a crime on site; 110 gets a leg at once
// and the unit's own goes on.
func (w *work) escalate(l *legWork, note string) error {
	yes := true
	o := Order{To: string(catalogue.Line110), Ask: note, Urgent: &yes, ForLeg: l.ID, Role: leg.Lead}
	if w.d.node.Line == string(catalogue.Line110) {
		u, ok := w.d.dir.Responsible(catalogue.KindDesk110, w.c.Region)
		if !ok {
			return hotline.Errorf(hotline.Conflict, "unit_unknown", "region", w.c.Region)
		}
		o.To = "unit:" + u.Code
	}
	if w.c.Urgent == "" {
		w.raise("C4", w.by.ID)
	}
	return w.sendOne(o, "")
}

func (w *work) sealAsk(legID, ask string) []byte {
	return seal.SealField(w.key, aadAsk(legID), []byte(ask))
}

func aadAsk(legID string) string { return "leg|ask|" + legID }
