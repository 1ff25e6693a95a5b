package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// SendLegs sends legs of a case in one action, all or none.
func (d *Desk) SendLegs(ctx context.Context, a hotline.Actor, caseID string, version *int64, orders []Order) (CaseView, error) {
	err := d.change(ctx, a, caseID, version, hotline.DecideCases, func(w *work) error { return w.send(orders) })
	if err != nil {
		return CaseView{}, err
	}
	return d.Case(ctx, a, caseID)
}

// DualOrders is who a dual dispatch of the case would send: 110 first, then
// local government and the responsible departments.
func (d *Desk) DualOrders(ctx context.Context, a hotline.Actor, caseID string) ([]Order, error) {
	v, err := d.Case(ctx, a, caseID)
	if err != nil {
		return nil, err
	}
	legs := make([]leg.Leg, len(v.Legs))
	for i, l := range v.Legs {
		legs[i] = l.Leg
	}
	return d.toSend(ctx, v.Case, legs, d.DualFor(v.Urgent, urgentItem(v.Case, v.Proposal), v.Region)), nil
}

// toSend is what of a dual dispatch is still to be sent: not to who has an
// urgent leg of the case already, and never to the unit that the case is about.
// Who works on an ordinary leg gets an urgent one beside it; who gave theirs
// back gets another in its place.
func (d *Desk) toSend(ctx context.Context, c casefile.Case, legs []leg.Leg, orders []Order) []Order {
	var out []Order
	for _, o := range orders {
		unit, _ := strings.CutPrefix(o.To, "unit:")
		has := unit == c.SubjectUnit
		for _, l := range legs {
			same := l.Local() && l.Unit == unit
			if link, err := d.Link(ctx, l.Peer); err == nil {
				same = link.Line == o.To
			}
			switch {
			case same && l.State == leg.Returned && l.NeedsResolution():
				o.Replaces = l.ID
				continue
			case !same || !live(l):
				continue
			}
			has = has || l.Urgent
			o.ForLeg = l.ID
		}
		if !has {
			out = append(out, o)
		}
	}
	return out
}

// live says that a leg of ours is still with its holder or waits for us.
func live(l leg.Leg) bool { return !l.Incoming() && !l.Done() && l.State != leg.Returned }

// urgentItem says which departments the danger concerns: the item of the urgent
// class that was proposed, while that class stands, else the case's own.
func urgentItem(c casefile.Case, p triage.Proposal) string {
	if p.Urgent == c.Urgent && p.UrgentItem != "" {
		return p.UrgentItem
	}
	return c.Item
}

// DualFor is who a dual dispatch of an urgent class sends in a region, so that a
// seat sees it before it acts. item may be of the urgent class or of another.
func (d *Desk) DualFor(urgent, item, region string) []Order {
	region = d.regionOr(region)
	yes := true
	var out []Order
	if d.node.Line != string(catalogue.Line110) {
		out = append(out, Order{To: string(catalogue.Line110), Role: leg.Lead, Urgent: &yes})
	} else if u, ok := d.dir.Responsible(catalogue.KindDesk110, region); ok {
		out = append(out, Order{To: "unit:" + u.Code, Role: leg.Lead, Urgent: &yes})
	}
	for _, u := range directory.Dual(d.Catalogue(), d.dir, urgent, item, region) {
		if u.Platform == d.node.Line {
			out = append(out, Order{To: "unit:" + u.Code, Role: leg.Joint, Urgent: &yes})
		}
	}
	return out
}

// Dual sends the dual dispatch of an urgent case in one action. Gathering (C3)
// stays locked until a person has recorded the danger.
func (d *Desk) Dual(ctx context.Context, a hotline.Actor, caseID string, version *int64) (CaseView, error) {
	err := d.change(ctx, a, caseID, version, hotline.DecideCases, func(w *work) error {
		switch {
		case w.c.Urgent == "":
			return hotline.Errorf(hotline.Conflict, "not_dual", "urgent")
		case w.c.Urgent == "C3" && w.c.Danger == "":
			return hotline.Errorf(hotline.Conflict, "danger_missing", "danger")
		}
		var p triage.Proposal
		if err := json.Unmarshal([]byte(w.c.Proposal), &p); err != nil {
			return fmt.Errorf("proposal: %w", err)
		}
		orders := d.toSend(ctx, w.c.Case, w.plainLegs(), d.DualFor(w.c.Urgent, urgentItem(w.c.Case, p), w.c.Region))
		if len(orders) == 0 {
			return hotline.Errorf(hotline.Conflict, "leg_twice", "legs", string(catalogue.Line110))
		}
		return w.send(orders)
	})
	if err != nil {
		return CaseView{}, err
	}
	return d.Case(ctx, a, caseID)
}

// send sends legs: each on its own clock, the transfers with a letter.
func (w *work) send(orders []Order) error {
	if len(orders) == 0 {
		return hotline.Errorf(hotline.Invalid, "legs_missing", "legs")
	}
	if !w.c.ClosedAt.IsZero() {
		return hotline.Errorf(hotline.Conflict, "case_closed", "status")
	}
	orders = slices.Clone(orders) // they are the caller's, and this may run twice
	defaultRoles(w.plainLegs(), orders)
	for i, o := range orders {
		if err := w.sendOne(o, fmt.Sprintf("legs[%d].", i)); err != nil {
			return err
		}
	}
	w.c.Version++
	w.c.Decided = true // sending it on is deciding
	return nil
}

// defaultRoles makes the first leg without a role the lead where nobody leads.
func defaultRoles(legs []leg.Leg, orders []Order) {
	lead := false
	for _, l := range legs {
		lead = lead || !l.Incoming() && l.Role == leg.Lead && !l.State.Ended()
	}
	for _, o := range orders {
		lead = lead || o.Role == leg.Lead
	}
	for i := range orders {
		if orders[i].Role == "" {
			orders[i].Role = leg.Joint
			if !lead {
				orders[i].Role, lead = leg.Lead, true
			}
		}
	}
}

func (w *work) sendOne(o Order, field string) error {
	link, unit, err := w.target(o.To, field)
	if err != nil {
		return err
	}
	if o.Role != leg.Lead && o.Role != leg.Joint {
		return hotline.Errorf(hotline.Invalid, "role_unknown", field+"role", string(o.Role))
	}
	for name, s := range map[string]string{"ask": o.Ask, "police_action": o.PoliceAction} {
		if s != "" {
			if err := casefile.CheckText(field+name, s, casefile.NoteMost); err != nil {
				return err
			}
		}
	}
	for name, s := range map[string]string{"call_id": o.CallID, "for_leg": o.ForLeg, "replaces": o.Replaces} {
		if err := casefile.CheckLine(field+name, s); err != nil {
			return err
		}
	}
	if _, err := w.leg(o.ForLeg); o.ForLeg != "" && err != nil {
		return hotline.Errorf(hotline.Invalid, "for_leg_unknown", field+"for_leg", o.ForLeg)
	}
	if unit.Code != "" && unit.Code == w.c.SubjectUnit {
		return hotline.Errorf(hotline.Denied, "subject_unit", field+"to", unit.Code)
	}
	for _, l := range w.legs {
		if live(l.Leg) && (unit.Code != "" && l.Unit == unit.Code || link.Peer != "" && l.Peer == link.Peer) && o.ForLeg == "" && o.Replaces != l.ID {
			return hotline.Errorf(hotline.Conflict, "leg_twice", field+"to", o.To)
		}
	}
	l := &legWork{isNew: true}
	l.Leg = leg.Leg{
		ID: cmp.Or(o.LegID, hotline.NewID()), CaseID: w.c.ID, Side: leg.Sender, Peer: link.Peer, Unit: unit.Code, Role: o.Role,
		Urgent: w.c.Urgent != "", Class: w.c.Category, Item: w.c.Item, Region: w.c.Region, State: leg.Sent, Version: 1,
		SentAt: w.now, ForLeg: o.ForLeg, CallbackBy: "12345", CallID: o.CallID, Spoken: o.Spoken,
	}
	if o.Urgent != nil {
		l.Urgent = *o.Urgent
	}
	l.MovedAt = w.now
	w.inherit(l)
	ask := asked(o.Ask, o.PoliceAction)
	if ask != "" {
		l.Ask = w.sealAsk(l.ID, ask)
	}
	if err := w.succeed(o, l.ID, field); err != nil {
		return err
	}
	if err := w.legClocks(l, o.Replaces != ""); err != nil {
		return err
	}
	to := "unit:" + unit.Code
	if link.Peer != "" {
		to = "platform:" + link.Peer
	}
	b := body{"to": to, "role": string(o.Role), "urgent": l.Urgent, "class": l.Class, "for_leg": o.ForLeg, "replaces": o.Replaces,
		"spoken": o.Spoken, "call_id": o.CallID}
	if err := w.event(string(leg.Send), l.ID, b, ask); err != nil {
		return err
	}
	w.legs = append(w.legs, l)
	if l.Local() {
		return w.perform(l, leg.Act{Verb: leg.Receive, Side: leg.Holder, At: w.now}, Do{Verb: leg.Receive})
	}
	return w.offer(l, o)
}

// asked is what a leg says to whoever holds it: what is to be done, and after a
// first response what police did already.
func asked(ask, policeAction string) string {
	if policeAction != "" {
		policeAction = policeDid + policeAction
	}
	return joined(ask, policeAction)
}

// policeDid stands before what police did, where a leg says it beside the rest.
const policeDid = "公安已做处置："

// askedParts is asked taken apart again.
func askedParts(said string) (ask, policeAction string) {
	if did, ok := strings.CutPrefix(said, policeDid); ok {
		return "", did
	}
	ask, policeAction, _ = strings.Cut(said, "\n"+policeDid)
	return ask, policeAction
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}

// target finds where a leg goes.
func (w *work) target(to, field string) (store.Link, directory.Unit, error) {
	kind, code, _ := strings.Cut(to, ":")
	switch {
	case to == w.d.node.Line || kind == "platform" && code == w.d.node.Platform:
		return store.Link{}, directory.Unit{}, hotline.Errorf(hotline.Invalid, "to_self", field+"to", to)
	case kind == "unit":
		u, ok := w.d.dir.Unit(code)
		if !ok {
			return store.Link{}, directory.Unit{}, hotline.Errorf(hotline.Invalid, "unit_unknown", field+"to", code)
		}
		if u.Platform != w.d.node.Line {
			return store.Link{}, directory.Unit{}, hotline.Errorf(hotline.Invalid, "unit_other_line", field+"to", code, u.Platform)
		}
		return store.Link{}, u, nil
	case kind == "platform":
		l, err := w.d.Link(w.ctx, code)
		if err != nil {
			return store.Link{}, directory.Unit{}, hotline.Errorf(hotline.Invalid, "link_unknown", field+"to", code)
		}
		if !l.Active {
			return store.Link{}, directory.Unit{}, hotline.Errorf(hotline.Conflict, "link_stopped", field+"to", code)
		}
		return l, directory.Unit{}, nil
	case code == "" && slices.Contains([]string{"12345", "110", "119", "120", "122"}, to):
		l, err := w.d.linkTo(w.ctx, to, w.c.Region)
		return l, directory.Unit{}, err
	}
	return store.Link{}, directory.Unit{}, hotline.Errorf(hotline.Invalid, "to_unknown", field+"to", to)
}

// inherit hands on what an incoming offer carried: the platforms it passed and
// the optional fields that this node does not know.
func (w *work) inherit(l *legWork) {
	for _, in := range w.legs {
		if in.Incoming() {
			l.Via, l.Extra = in.Via, in.Extra
			l.CallbackBy = in.CallbackBy
			return
		}
	}
}

// succeed resolves the returned or undeliverable leg that this one replaces.
func (w *work) succeed(o Order, id, field string) error {
	if o.Replaces == "" {
		return nil
	}
	old, err := w.leg(o.Replaces)
	if err != nil || !old.NeedsResolution() {
		return hotline.Errorf(hotline.Conflict, "replaces_wrong", field+"replaces", o.Replaces)
	}
	old.Resolution, old.Successor, old.dirty = leg.BySuccessor, id, true
	w.stopClocks(old.ID, w.now, deadline.LegKinds()...) // of an undeliverable leg they still run
	return nil
}

// legClocks starts the clocks of a leg: they run from sending, whatever the
// holder presses. A successor's due is never later than the case's.
func (w *work) legClocks(l *legWork, successor bool) error {
	var notAfter time.Time
	if cc := w.running("", deadline.Case); successor && cc != nil {
		notAfter = cc.Due
	}
	return w.planLeg(l, w.now, notAfter, deadline.Starts(leg.Send, l.Urgent)...)
}

// planLeg starts clocks of a leg by the limits of its class: the urgent class
// of the case where the leg is urgent.
func (w *work) planLeg(l *legWork, from, notAfter time.Time, kinds ...deadline.Kind) error {
	class, item := l.Class, l.Item
	if l.Urgent && w.c.Urgent != "" {
		class, item = w.c.Urgent, ""
	}
	b, err := w.budgets(class, item, l.Region, l.Urgent, kinds...)
	if err != nil {
		return err
	}
	cs, err := deadline.Plan(from, b, w.d.cal, l.Region, notAfter)
	if err != nil {
		return fmt.Errorf("clocks: %w", err)
	}
	w.startClocks(cs, l.ID, l.Urgent)
	return nil
}

// offer posts the letter that hands a case to another platform.
func (w *work) offer(l *legWork, o Order) error { return w.offerWith(l, o, nil, "") }

// offerWith is offer for a leg of which something was done before.
func (w *work) offerWith(l *legWork, o Order, moves []leg.Carried, told string) error {
	words, err := w.words()
	if err != nil {
		return err
	}
	who, err := w.caller()
	if err != nil {
		return err
	}
	occurred := w.c.OccurredAt.In(calendar.Zone)
	b := leg.Body{
		Role: l.Role, Urgent: l.Urgent, Kind: string(w.c.Kind), Level: w.c.Level, Class: l.Class, Item: l.Item,
		UrgentClass: w.c.Urgent, FirstResponse: w.c.FirstResponse, Region: l.Region, Catalogue: w.c.Catalogue,
		Channel: w.c.Channel, OccurredAt: &occurred, Confidential: w.c.Confidential, SafeContact: w.c.SafeContact,
		SubjectUnit: w.c.SubjectUnit, Language: w.c.Language, Unread: w.c.Unread, Consent: w.c.Consent,
		CallbackBy: l.CallbackBy, CallID: l.CallID, Spoken: l.Spoken, ForLeg: l.ForLeg, Dues: w.dues(l.ID), Adopt: moves,
	}
	err = w.tell(l, leg.TypeOffer, b, leg.Private{
		Text: words, CallerName: who.Name, CallerPhone: who.Phone, Address: who.Address, Ask: o.Ask, PoliceAction: o.PoliceAction, Note: told,
	})
	if err != nil || w.isNew {
		return err
	}
	return w.shareAll()
}

func (w *work) dues(legID string) []leg.Due {
	var out []leg.Due
	for _, c := range w.clocks {
		if c.LegID == legID && c.Kind != deadline.Receipt {
			out = append(out, leg.Due{Clock: string(c.Kind), Due: c.Due.In(calendar.Zone), Budget: c.Budget})
		}
	}
	return out
}

// Resolve records that the sender of a returned or undeliverable leg does the
// matter itself.
func (d *Desk) Resolve(ctx context.Context, a hotline.Actor, legID string) error {
	l, err := d.read.Leg(ctx, legID)
	if err != nil {
		return err
	}
	return d.change(ctx, a, l.CaseID, nil, hotline.DecideCases, func(w *work) error {
		l, err := w.leg(legID)
		if err != nil {
			return err
		}
		if !l.NeedsResolution() || l.Incoming() {
			return hotline.Errorf(hotline.Conflict, "not_kept", "leg", string(l.State))
		}
		l.Resolution, l.dirty = leg.KeptBySender, true
		w.stopClocks(l.ID, w.now, deadline.LegKinds()...)
		w.c.Version++
		return w.event("resolved", legID, body{"how": string(leg.KeptBySender)}, "")
	})
}
