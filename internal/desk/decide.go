package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Decide records what a person decides of a case: the choice stands beside the
// proposal, which is kept.
func (d *Desk) Decide(ctx context.Context, a hotline.Actor, caseID string, dec Decision) (CaseView, error) {
	if err := d.checkDecision(dec); err != nil {
		return CaseView{}, err
	}
	for field, s := range map[string]*string{"danger": dec.Danger, "safe_contact": dec.SafeContact, "reason": &dec.Reason} {
		if s != nil {
			if err := casefile.CheckLine(field, *s); err != nil {
				return CaseView{}, err
			}
		}
	}
	err := d.change(ctx, a, caseID, dec.Version, hotline.DecideCases, func(w *work) error { return w.decide(dec) })
	if err != nil {
		return CaseView{}, err
	}
	return d.Case(ctx, a, caseID)
}

func (w *work) decide(dec Decision) error {
	c := &w.c
	if !c.ClosedAt.IsZero() {
		return hotline.Errorf(hotline.Conflict, "case_closed", "status")
	}
	if dec.Urgent != nil && *dec.Urgent == "" && c.Urgent != "" && dec.Reason == "" {
		return hotline.Errorf(hotline.Invalid, "urgent_reason_missing", "reason")
	}
	if dec.Level != nil && *dec.Level != c.Level && dec.Reason == "" {
		return hotline.Errorf(hotline.Invalid, "level_reason_missing", "reason")
	}
	who, err := w.caller()
	if err != nil {
		return err
	}
	if err := checkOpen(who, map[string]string{"safe_contact": deref(dec.SafeContact)}); err != nil {
		return err
	}
	was := c.Case
	w.applyDecision(dec)
	if dec.Danger != nil { // danger is never refused for its words: what is personal in them is sealed with the event
		c.Danger = string(who.redact(*dec.Danger, "***"))
	}
	c.Line = string(w.d.Catalogue().LineOf(c.Category))
	if dec.Level == nil && (c.Category != was.Category || c.Urgent != was.Urgent) {
		c.Level = w.d.levelOf(c.Case)
	}
	c.Unread = false // a person has read it
	c.Decided = true
	c.Version++
	if err := w.replanCase(was); err != nil {
		return err
	}
	if err := w.judge(true); err != nil { // the page of a case shows what was proposed
		return err
	}
	return w.event("decided", "", body{"category": c.Category, "item": c.Item, "kind": string(c.Kind), "level": c.Level,
		"urgent": c.Urgent, "region": c.Region, "was_category": was.Category, "was_urgent": was.Urgent, "was_level": was.Level,
		"danger": c.Danger != ""}, joined(dec.Reason, deref(dec.Danger)))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (w *work) applyDecision(dec Decision) {
	c := &w.c
	if dec.Category != nil {
		if *dec.Category != c.Category {
			c.Item = ""
		}
		c.Category = *dec.Category
	}
	if dec.Item != nil {
		c.Item = *dec.Item
		if it, ok := w.d.Catalogue().Item(c.Item); ok && dec.Category == nil && receives(it.Class) {
			c.Category = it.Class
		}
	}
	if dec.Kind != nil {
		c.Kind = *dec.Kind
	}
	if dec.Level != nil {
		c.Level = *dec.Level
	}
	if dec.Urgent != nil {
		c.Urgent, c.UrgentBy = *dec.Urgent, w.by.ID
	}
	if dec.Region != nil && *dec.Region != "" {
		c.Region = *dec.Region
	}
	if dec.SafeContact != nil {
		c.SafeContact = *dec.SafeContact
	}
	if dec.SubjectUnit != nil {
		c.SubjectUnit = *dec.SubjectUnit
	}
}

// replanCase gives the case clock the limit of another class. It still runs
// from intake: a decision wins no time but what the class allows.
func (w *work) replanCase(was casefile.Case) error {
	c := w.running("", deadline.Case)
	if c == nil || was.Category == w.c.Category && was.Urgent == w.c.Urgent && was.Item == w.c.Item && was.Region == w.c.Region {
		return nil
	}
	b, err := w.budgets(w.c.Category, w.c.Item, w.c.Region, w.c.Urgent != "", deadline.Handling)
	if err != nil {
		return err
	}
	cs, err := deadline.Plan(c.Start, map[deadline.Kind]string{deadline.Case: b[deadline.Handling]}, w.d.cal, w.c.Region, time.Time{})
	if err != nil {
		return err
	}
	id, caseID := c.ID, c.CaseID
	c.Clock = cs[0]
	c.ID, c.CaseID, c.Urgent, c.moved = id, caseID, w.c.Urgent != "", true
	return nil
}

// RecordCall records a telephone call: three-way, phone hand-over, phoned
// report. legID may be "". Consent is kept; "accepted by phone" silences the
// urgent prompt of the leg and moves nothing.
func (d *Desk) RecordCall(ctx context.Context, a hotline.Actor, caseID, legID string, c Call) error {
	return d.change(ctx, a, caseID, nil, hotline.TakeCases, func(w *work) error {
		var l *legWork
		if legID != "" {
			var err error
			if l, err = w.leg(legID); err != nil {
				return err
			}
		}
		return w.call(l, c)
	})
}

func (w *work) call(l *legWork, c Call) error {
	if err := checkCall(c, w.now); err != nil {
		return err
	}
	for _, p := range c.Parties {
		if _, known := w.d.dir.Unit(strings.TrimPrefix(p, "unit:")); known {
			continue
		}
		if _, err := w.d.Link(w.ctx, strings.TrimPrefix(p, "platform:")); err == nil || strings.HasSuffix(p, w.d.node.Platform) {
			continue
		}
		if err := checkOpen(caller{}, map[string]string{"parties": p}); err != nil {
			return err // a party is named by its code, not by its number
		}
	}
	at := c.At
	if at.IsZero() {
		at = w.now
	}
	if c.Consent != nil {
		w.c.Consent = c.Consent
	}
	legID := ""
	if l != nil {
		legID = l.ID
		if c.Outcome != "no_answer" { // nobody was spoken to
			w.stopClocks(l.ID, at, deadline.CallStops(c.Parties)...)
		}
		if c.Accepted && l.SilencedAt.IsZero() {
			l.SilencedAt, l.dirty = w.now, true
		}
	}
	b := body{"kind": c.Kind, "call_id": c.CallID, "parties": c.Parties, "outcome": c.Outcome, "accepted": c.Accepted, "at": at.UnixMicro()}
	if c.Consent != nil {
		b["consent"] = *c.Consent
	}
	if err := w.event(string(leg.Call), legID, b, c.Note); err != nil {
		return err
	}
	if c.Outcome == "still_unclear" && w.c.Interim == "" {
		w.c.Interim = w.d.node.Platform // the platform called first keeps it meanwhile
	}
	if l != nil && !l.Local() {
		at := at.In(calendar.Zone)
		err := w.tell(l, string(leg.Call), leg.Body{CallID: c.CallID, Parties: c.Parties, Outcome: c.Outcome, Consent: c.Consent,
			ByPhone: c.Accepted, At: &at, Kind: c.Kind}, leg.Private{Note: c.Note})
		if err != nil {
			return err
		}
	}
	if c.Note == "" {
		return nil
	}
	return w.check(c.Note, legID, false)
}

func checkCall(c Call, now time.Time) error {
	switch {
	case !slices.Contains(CallKinds, c.Kind):
		return hotline.Errorf(hotline.Invalid, "call_kind_unknown", "kind", c.Kind)
	case !slices.Contains(CallOutcomes, c.Outcome):
		return hotline.Errorf(hotline.Invalid, "call_outcome_unknown", "outcome", c.Outcome)
	case c.At.After(now.Add(time.Minute)):
		return hotline.Errorf(hotline.Invalid, "occurred_in_future", "at")
	}
	if len(c.Parties) > 20 {
		return hotline.Errorf(hotline.Invalid, "text_long", "parties", 20, len(c.Parties))
	}
	if err := casefile.CheckLine("call_id", c.CallID); err != nil {
		return err
	}
	for _, p := range c.Parties {
		if err := casefile.CheckLine("parties", p); err != nil {
			return err
		}
	}
	if c.Note == "" {
		return nil
	}
	return casefile.CheckText("note", c.Note, casefile.NoteMost)
}

// Callback records that the caller was asked. Unsolved or unsatisfied reopens
// the leg that failed; the other platforms hear the result.
func (d *Desk) Callback(ctx context.Context, a hotline.Actor, caseID string, asked Asked) (CaseView, error) {
	mapped := 0
	if asked.Satisfaction != 0 || asked.Scale != 0 {
		var err error
		if mapped, err = casefile.Map(asked.Satisfaction, asked.Scale); err != nil {
			return CaseView{}, err
		}
	}
	if asked.Note != "" {
		if err := casefile.CheckText("note", asked.Note, casefile.NoteMost); err != nil {
			return CaseView{}, err
		}
	}
	err := d.change(ctx, a, caseID, asked.Version, hotline.DecideCases, func(w *work) error { return w.callback(asked, mapped) })
	if err != nil {
		return CaseView{}, err
	}
	return d.Case(ctx, a, caseID)
}

func (w *work) callback(asked Asked, mapped int) error {
	c := &w.c
	if !c.ClosedAt.IsZero() {
		return hotline.Errorf(hotline.Conflict, "case_closed", "status")
	}
	if _, err := w.leg(asked.Leg); asked.Leg != "" && err != nil {
		return err
	}
	if casefile.StatusOf(c.Case, w.plainLegs()) != casefile.AwaitingCallback {
		return hotline.Errorf(hotline.Conflict, "callback_not_yet", "status", string(c.Status))
	}
	c.CallbackAt, c.Solved, c.Satisfaction, c.Scale, c.Mapped = w.now, &asked.Solved, asked.Satisfaction, asked.Scale, mapped
	c.Version++
	w.stopClocks("", w.now, deadline.Callback)
	b := body{"solved": asked.Solved, "satisfaction": asked.Satisfaction, "scale": asked.Scale, "mapped": mapped}
	if err := w.event(string(leg.Callback), "", b, asked.Note); err != nil {
		return err
	}
	at := w.now.In(calendar.Zone)
	for _, l := range w.legs {
		if l.Local() || l.State == leg.Returned || l.State == leg.Withdrawn {
			continue
		}
		err := w.tell(l, string(leg.Callback), leg.Body{Solved: &asked.Solved, Satisfaction: asked.Satisfaction, Scale: asked.Scale,
			Mapped: mapped, At: &at}, leg.Private{Note: asked.Note})
		if err != nil {
			return err
		}
	}
	if asked.Note != "" {
		if err := w.check(asked.Note, "", true); err != nil {
			return err
		}
	}
	if asked.Solved && mapped < 3 {
		return nil
	}
	return w.reopenFailed(asked)
}

// reopenFailed reopens the leg that the caller is not content with: the one
// named, else the lead, else the last that was settled. Where this desk sent
// none, only its sender can reopen, who has just been told.
func (w *work) reopenFailed(asked Asked) error {
	var failed *legWork
	for _, l := range w.legs {
		ours := !l.Incoming() && l.State == leg.Settled && !w.now.After(l.ReopenUntil)
		switch {
		case asked.Leg != "" && l.ID == asked.Leg && !ours:
			return hotline.Errorf(hotline.Conflict, "leg_not_failed", "leg", string(l.State))
		case !ours || asked.Leg != "" && l.ID != asked.Leg:
		case failed == nil || l.Role == leg.Lead && failed.Role != leg.Lead || l.Role == failed.Role && l.MovedAt.After(failed.MovedAt):
			failed = l
		}
	}
	if failed == nil {
		return nil
	}
	note := asked.Note
	return w.perform(failed, leg.Act{Verb: leg.Reopen, Side: leg.Sender, At: w.now}, Do{Verb: leg.Reopen, Note: note})
}

// Close ends a case; only a person does, and only when every leg is settled,
// withdrawn, or resolved. With Group the other cases of the group end too,
// those that may.
func (d *Desk) Close(ctx context.Context, a hotline.Actor, caseID string, c Closing) (CaseView, error) {
	if c.Told != "" {
		if err := casefile.CheckText("told", c.Told, casefile.NoteMost); err != nil {
			return CaseView{}, err
		}
	}
	err := d.change(ctx, a, caseID, c.Version, hotline.DecideCases, func(w *work) error { return w.close(c) })
	if err != nil {
		return CaseView{}, err
	}
	v, err := d.Case(ctx, a, caseID)
	if err != nil || !c.Group || v.GroupID != caseID { // only the lead's end is the others'
		return v, err
	}
	for _, m := range v.Group {
		if m.ID == caseID || !m.ClosedAt.IsZero() {
			continue
		}
		_, err := d.Close(ctx, a, m.ID, Closing{Outcome: casefile.RepeatOutcome, Told: c.Told})
		if err != nil && hotline.KindOf(err) != hotline.Conflict {
			return v, err // beside a Conflict: a member with open legs stays open and shows why
		}
	}
	return d.Case(ctx, a, caseID)
}

func (w *work) close(c Closing) error {
	if err := casefile.CanClose(w.c.Case, w.plainLegs(), c.Outcome); err != nil {
		return err
	}
	w.c.ClosedAt, w.c.Outcome = w.now, c.Outcome
	w.c.Version++
	w.stopClocks("", w.now, deadline.Case, deadline.Callback)
	if c.Told != "" {
		if err := w.tx.SaveTold(w.ctx, w.c.ID, seal.SealField(w.key, aadTold(w.c.ID), []byte(c.Told))); err != nil {
			return err
		}
	}
	if w.c.Dispute {
		w.c.Dispute = false
		if err := w.tx.CloseDisputes(w.ctx, w.c.ID, w.now); err != nil {
			return err
		}
	}
	if err := w.event("closed", "", body{"outcome": string(c.Outcome)}, c.Told); err != nil {
		return err
	}
	return w.answeredObjection()
}

// Group puts cases of one matter together under a lead; none is changed or
// lost, and each keeps its own caller and answer. Who leads others already
// brings them along.
func (d *Desk) Group(ctx context.Context, a hotline.Actor, lead string, others []string) error {
	if len(others) == 0 || slices.Contains(others, lead) {
		return hotline.Errorf(hotline.Invalid, "group_self", "others")
	}
	return d.st.Write(ctx, func(tx *store.Tx) error {
		ids := append([]string{lead}, others...)
		for _, id := range others {
			members, err := tx.GroupMembers(ctx, id)
			if err != nil {
				return err
			}
			for _, m := range members {
				if !slices.Contains(ids, m.ID) {
					ids = append(ids, m.ID)
				}
			}
		}
		for i, id := range ids {
			if err := d.regroup(ctx, tx, a, id, lead, i <= len(others)); err != nil {
				return err
			}
		}
		return nil
	})
}

// regroup puts one case under a lead, "" under none. One that was named must
// be open; one that comes along may have ended.
func (d *Desk) regroup(ctx context.Context, tx *store.Tx, a hotline.Actor, id, lead string, named bool) error {
	w, err := d.load(ctx, tx, a, id)
	if err != nil {
		return err
	}
	if err := w.see(hotline.TakeCases); err != nil {
		return err
	}
	was := w.c.GroupID
	switch {
	case was == lead:
		return nil
	case named && lead != "" && !w.c.ClosedAt.IsZero():
		return hotline.Errorf(hotline.Conflict, "group_closed", "others")
	}
	w.c.GroupID = lead
	w.c.Version++
	kind, b := "grouped", body{"lead": lead}
	if lead == "" {
		kind, b = "ungrouped", body{"lead": was}
	}
	if err := w.event(kind, "", b, ""); err != nil {
		return err
	}
	return w.keep()
}

// Ungroup takes a case out of its group. A group without its lead, or with
// nobody but its lead, is none any more.
func (d *Desk) Ungroup(ctx context.Context, a hotline.Actor, caseID string) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, caseID)
		if err != nil {
			return err
		}
		if err := w.see(hotline.TakeCases); err != nil || w.c.GroupID == "" {
			return err
		}
		lead := w.c.GroupID
		members, err := tx.GroupMembers(ctx, lead)
		if err != nil {
			return err
		}
		if err := d.regroup(ctx, tx, a, caseID, "", true); err != nil {
			return err
		}
		for _, m := range members {
			if m.ID == caseID || caseID != lead && len(members) > 2 {
				continue
			}
			if err := d.regroup(ctx, tx, a, m.ID, "", false); err != nil {
				return err
			}
		}
		return nil
	})
}
