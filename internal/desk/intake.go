package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// caller is the personal part of a case beside its words, as it is sealed.
type caller struct {
	Name    string `json:"name,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Address string `json:"address,omitempty"`
}

// Intake takes a case. A repeated Key or ExternalID of the same source returns
// the first case and created false; with another body it is Invalid
// (key_reused). Legs in it are sent in the same transaction.
func (d *Desk) Intake(ctx context.Context, a hotline.Actor, in In) (v CaseView, created bool, err error) {
	at := d.where(a, "", cmp.Or(in.Region, a.Region, d.node.Region))
	if err := a.Check(hotline.TakeCases, at); err != nil {
		return v, false, err
	}
	if len(in.Legs) > 0 {
		if err := a.Check(hotline.DecideCases, at); err != nil {
			return v, false, err
		}
	}
	if err := d.checkIn(&in); err != nil {
		return v, false, err
	}
	keys, err := d.intakeKeys(a, in)
	if err != nil {
		return v, false, err
	}
	w, err := d.taken(ctx, a, in, keys)
	again := store.IsDuplicate(err)
	if again || err != nil && len(keys) > 0 { // a repeat gets the first case also when it could not be taken now
		first, rerr := d.repeated(ctx, a, keys)
		if hotline.CodeOf(rerr) != "stale" {
			return first, false, rerr
		}
	}
	if again {
		w, err = d.taken(ctx, a, in, keys) // it was the call's id, which another case of the call has just claimed
	}
	if err != nil {
		return v, false, err
	}
	v, err = d.viewOf(w)
	return v, true, err
}

// taken keeps a case with its keys and legs, all or nothing. A new case depends
// on nothing in the database, so it is decided before the transaction begins:
// sealing and writing letters hold up no other writer.
func (d *Desk) taken(ctx context.Context, a hotline.Actor, in In, keys []store.IntakeKey) (*work, error) {
	number, err := d.number(ctx)
	if err != nil {
		return nil, err
	}
	if in.draft, err = d.draftFor(ctx, a, in); err != nil {
		return nil, err
	}
	w, err := d.decided(ctx, a, in, number)
	if err != nil {
		return nil, err
	}
	kept := false
	err = d.st.Write(ctx, func(tx *store.Tx) error {
		if kept { // the transaction runs again, and keeping leaves its marks
			if w, err = d.decided(ctx, a, in, number); err != nil {
				return err
			}
		}
		w.tx, kept = tx, true
		if err := w.claimCall(in.CallID); err != nil {
			return err
		}
		for _, k := range keys {
			k.CaseID = w.c.ID
			if err := tx.AddIntakeKey(ctx, k); err != nil {
				return err
			}
		}
		if err := w.keep(); err != nil || in.draft == nil {
			return err
		}
		w, err = w.takeFiles(in)
		return err
	})
	return w, err
}

// decided is a new case with its legs, decided and not kept yet.
func (d *Desk) decided(ctx context.Context, a hotline.Actor, in In, number string) (*work, error) {
	w := &work{ctx: ctx, d: d, now: d.Now(), by: a, isNew: true}
	w.c.Number = number
	if err := w.take(in); err != nil {
		return nil, err
	}
	if len(in.Legs) > 0 {
		if err := w.send(in.Legs); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// repeated finds the case that was taken under one of the keys before.
func (d *Desk) repeated(ctx context.Context, a hotline.Actor, keys []store.IntakeKey) (CaseView, error) {
	for _, k := range keys {
		first, err := d.read.IntakeKey(ctx, k.Source, k.Key)
		if hotline.KindOf(err) == hotline.NotFound {
			continue
		}
		if err != nil {
			return CaseView{}, err
		}
		if first.BodyHash != k.BodyHash {
			return CaseView{}, hotline.Errorf(hotline.Invalid, "key_reused", "Idempotency-Key", first.CaseID)
		}
		return d.Case(ctx, a, first.CaseID)
	}
	return CaseView{}, hotline.Errorf(hotline.Conflict, "stale", "external_id")
}

// formKey is an Idempotency-Key among the keys of intakes.
func formKey(key string) string { return "key:" + key }

// intakeKeys are the keys under which a repeat of this intake is known.
func (d *Desk) intakeKeys(a hotline.Actor, in In) ([]store.IntakeKey, error) {
	if in.Key == "" && in.ExternalID == "" {
		return nil, nil
	}
	key := in.Key
	in.Key = ""
	doc, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	hash := seal.BlindIndex(d.keys, "intake", string(doc)) // keyed: nobody guesses a phone number by it
	var out []store.IntakeKey
	if key != "" {
		out = append(out, store.IntakeKey{Source: a.ID, Key: formKey(key), BodyHash: hash})
	}
	if in.ExternalID != "" {
		out = append(out, store.IntakeKey{Source: a.ID, Key: "external:" + in.ExternalID, BodyHash: hash})
	}
	return out, nil
}

var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 \-]{1,22}[0-9]$`)

func (d *Desk) regionOr(region string) string {
	if region == "" {
		return d.node.Region
	}
	return region
}

// checkIn refuses what cannot be kept as given, naming the field.
func (d *Desk) checkIn(in *In) error {
	if err := casefile.CheckText("text", in.Text, casefile.TextMost); err != nil {
		return err
	}
	if !slices.Contains(casefile.Channels, in.Channel) {
		return hotline.Errorf(hotline.Invalid, "channel_unknown", "channel", in.Channel)
	}
	for field, s := range map[string]string{"address": in.Address, "caller.name": in.CallerName, "caller.language": in.Language,
		"safe_contact": in.SafeContact, "call_id": in.CallID, "external_id": in.ExternalID, "Idempotency-Key": in.Key, "danger": in.Danger,
		"level_reason": in.LevelReason} {
		if err := casefile.CheckLine(field, s); err != nil {
			return err
		}
	}
	if err := checkOpen(in.caller(), map[string]string{"safe_contact": in.SafeContact}); err != nil {
		return err
	}
	if in.CallerPhone != "" && !phoneForm.MatchString(in.CallerPhone) {
		return hotline.Errorf(hotline.Invalid, "phone_invalid", "caller.phone")
	}
	if in.OccurredAt.After(d.now().Add(time.Minute)) {
		return hotline.Errorf(hotline.Invalid, "occurred_in_future", "occurred_at")
	}
	if err := d.checkRegion(in.Region); err != nil {
		return err
	}
	dec := Decision{Item: &in.Item, Category: &in.Category, Urgent: in.Urgent, Reason: "intake"}
	if in.Kind != "" {
		dec.Kind = &in.Kind
	}
	if in.Level != 0 {
		dec.Level = &in.Level
	}
	if in.SubjectUnit != "" {
		dec.SubjectUnit = &in.SubjectUnit
	}
	if in.FirstResponse != "" && !catalogue.IsFirstResponse(in.FirstResponse) {
		return hotline.Errorf(hotline.Invalid, "first_response_unknown", "first_response", in.FirstResponse)
	}
	return d.checkDecision(dec)
}

func (in In) caller() caller {
	return caller{Name: in.CallerName, Phone: in.CallerPhone, Address: in.Address}
}

// checkOpen refuses personal data in the fields that are kept unsealed, since
// lists, letters and other desks must be able to read them.
func checkOpen(who caller, fields map[string]string) error {
	for field, s := range fields {
		if s != string(who.redact(s, "***")) {
			return hotline.Errorf(hotline.Invalid, "personal_here", field)
		}
	}
	return nil
}

// redact hides numbers, and what is known of the caller, in a text. name
// stands for the caller's name.
func (c caller) redact(text, name string) hotline.Masked {
	for _, known := range []struct{ value, mask string }{{c.Name, name}, {c.Address, "***"}, {c.Phone, "***"}} {
		if utf8.RuneCountInString(known.value) > 1 { // one character says nothing of anybody
			text = strings.ReplaceAll(text, known.value, known.mask)
		}
	}
	return hotline.NewPersonal(text).Redact()
}

// Outside is the words of a call as they may be shown to a program outside the
// node: what is known of the caller, numbers and names that people introduce
// themselves by are hidden.
func (d *Desk) Outside(text, name, phone, address string) hotline.Masked {
	known := string(caller{Name: name, Phone: phone, Address: address}.redact(text, "***"))
	return hotline.NewPersonal(known).Anonymous()
}

func (d *Desk) checkRegion(region string) error {
	if region == "" {
		return nil
	}
	if _, ok := d.dir.Region(region); !ok {
		return hotline.Errorf(hotline.Invalid, "region_unknown", "region", region)
	}
	return nil
}

// receives says that a case can be in a class: those of the two lines, not the
// urgent and the first-response ones, which stand beside it.
func receives(class string) bool {
	g := catalogue.Group(class)
	return g == catalogue.NonPolice || g == catalogue.Police
}

// checkDecision refuses codes that do not exist.
func (d *Desk) checkDecision(dec Decision) error {
	if dec.Category != nil && *dec.Category != "" {
		c, ok := d.Catalogue().Class(*dec.Category)
		if !ok || !receives(c.Code) {
			return hotline.Errorf(hotline.Invalid, "category_unknown", "category", *dec.Category)
		}
	}
	if dec.Item != nil && *dec.Item != "" {
		if _, ok := d.Catalogue().Item(*dec.Item); !ok {
			return hotline.Errorf(hotline.Invalid, "item_unknown", "item", *dec.Item)
		}
	}
	if dec.Kind != nil && !slices.Contains(casefile.Kinds(), *dec.Kind) {
		return hotline.Errorf(hotline.Invalid, "kind_unknown", "kind", string(*dec.Kind))
	}
	if dec.Level != nil && (*dec.Level < casefile.LifeNow || *dec.Level > casefile.Info) {
		return hotline.Errorf(hotline.Invalid, "level_range", "level")
	}
	if dec.Urgent != nil && *dec.Urgent != "" && !catalogue.IsUrgent(*dec.Urgent) {
		return hotline.Errorf(hotline.Invalid, "urgent_unknown", "urgent", *dec.Urgent)
	}
	if dec.SubjectUnit != nil && *dec.SubjectUnit != "" {
		if _, ok := d.dir.Unit(*dec.SubjectUnit); !ok {
			return hotline.Errorf(hotline.Invalid, "unit_unknown", "subject_unit", *dec.SubjectUnit)
		}
	}
	if dec.Region != nil {
		return d.checkRegion(*dec.Region)
	}
	return nil
}

// take makes the case of an intake: words sealed, triage kept, clock started.
func (w *work) take(in In) error {
	d := w.d
	p := d.Triage(in.Text, in.Region)
	w.newCase(in, p)
	if err := w.seal(in); err != nil {
		return err
	}
	b := body{"channel": in.Channel, "proposed": p.Category, "proposed_item": p.Item, "proposed_urgent": p.Urgent,
		"proposed_per_mille": int(p.Score * 1000), "triage": p.Version, "category": w.c.Category, "decided": w.c.Decided,
		"urgent": w.c.Urgent, "unread": w.c.Unread, "level": w.c.Level, "region": w.c.Region}
	if w.c.Decided {
		if err := w.judge(in.Seen); err != nil {
			return err
		}
	}
	if err := w.event("created", "", b, joined(in.LevelReason, in.Danger)); err != nil {
		return err
	}
	return w.startCaseClock()
}

// callSource is the source under which calls of this node are known.
const callSource = "call"

// claimCall lets an offer of the same call be adopted by this case, unless
// another case has the call already.
func (w *work) claimCall(id string) error {
	if id == "" {
		return nil
	}
	k := store.IntakeKey{Source: callSource, Key: id, CaseID: w.c.ID}
	if _, err := w.tx.IntakeKey(w.ctx, k.Source, k.Key); hotline.KindOf(err) != hotline.NotFound {
		return err
	}
	return w.tx.AddIntakeKey(w.ctx, k)
}

func (w *work) newCase(in In, p triage.Proposal) {
	doc, _ := json.Marshal(p) // a struct of texts and numbers always marshals
	c := &w.c
	c.ID = hotline.NewID()
	c.Channel, c.Kind, c.Language, c.Consent = in.Channel, in.Kind, in.Language, in.Consent
	c.Category, c.Item, c.Decided = in.Category, in.Item, in.Category != "" || in.Item != ""
	if it, ok := w.d.Catalogue().Item(in.Item); ok && in.Category == "" && receives(it.Class) {
		c.Category = it.Class
	}
	if !c.Decided {
		c.Category, c.Item = p.Category, p.Item
	}
	c.Line = string(w.d.Catalogue().LineOf(c.Category))
	c.Urgent, c.UrgentBy = p.Urgent, "machine"
	if in.Urgent != nil {
		c.Urgent, c.UrgentBy = *in.Urgent, w.by.ID
	}
	if c.Urgent == "" {
		c.UrgentBy = ""
	}
	c.FirstResponse, c.Unread = p.FirstResponse, p.Unread
	if in.FirstResponse != "" {
		c.FirstResponse = in.FirstResponse
	}
	if c.Kind == "" {
		c.Kind = casefile.Help
	}
	c.Level = in.Level
	if c.Level == 0 {
		c.Level = w.d.levelOf(c.Case)
	}
	c.Danger, c.SafeContact, c.SubjectUnit, c.Confidential = string(in.caller().redact(in.Danger, "***")), in.SafeContact, in.SubjectUnit, in.Confidential
	c.Region = in.Region
	if c.Region == "" && p.Region != "" && w.d.where(w.by, "", p.Region).InRegion {
		c.Region = p.Region // a place named in the text, where whoever takes the case may see it
	}
	c.Region = cmp.Or(c.Region, w.by.Region, w.d.node.Region)
	c.Catalogue, c.Interim = w.d.Catalogue().Version, w.d.node.Platform
	c.ExternalID, c.Source = in.ExternalID, w.by.ID
	c.CreatedAt, c.OccurredAt = w.now, in.OccurredAt.UTC().Truncate(time.Microsecond)
	if c.OccurredAt.IsZero() {
		c.OccurredAt = w.now
	}
	c.Links = map[string]string{}
	c.Proposal = string(doc)
}

// levelOf is the default level: by the urgent class, else by the class.
func (d *Desk) levelOf(c casefile.Case) int {
	for _, code := range []string{c.Urgent, c.Category} {
		if cl, ok := d.Catalogue().Class(code); ok {
			return cl.Level
		}
	}
	return casefile.Ordinary
}

// seal makes the case's key, or takes that of its files, and seals the personal
// part.
func (w *work) seal(in In) (err error) {
	w.key = seal.NewCaseKey()
	if in.draft != nil {
		if w.key, err = w.d.draftKey(*in.draft); err != nil {
			return err
		}
	}
	wrapped, err := seal.WrapCaseKey(w.d.keys, w.c.ID, w.key)
	if err != nil {
		return err
	}
	w.priv = store.Private{CaseID: w.c.ID, WrappedKey: wrapped, Words: seal.SealField(w.key, aadWords(w.c.ID), []byte(in.Text))}
	who := in.caller()
	if who != (caller{}) {
		doc, err := json.Marshal(who)
		if err != nil {
			return fmt.Errorf("caller: %w", err)
		}
		w.priv.Caller = seal.SealField(w.key, aadCaller(w.c.ID), doc)
	}
	w.priv.PhoneIndex = w.d.phoneIndex(in.CallerPhone)
	return nil
}

func aadWords(caseID string) string  { return "case_private|words|" + caseID }
func aadCaller(caseID string) string { return "case_private|caller|" + caseID }
func aadTold(caseID string) string   { return "case_private|told|" + caseID }

// phoneIndex finds a caller's own open case without keeping the number.
func (d *Desk) phoneIndex(phone string) string {
	number := phoneNumber(phone)
	if len(number) < 7 {
		return ""
	}
	return seal.BlindIndex(d.keys, "phone", number)
}

// phoneNumber brings the ways to write one number to one form: the digits
// without the country code (+86, 0086, or 86 before ten digits or more) and
// without leading zeros, so 0891 and +86 891 are one area.
func phoneNumber(phone string) string {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		}
		return -1
	}, phone)
	digits = strings.TrimLeft(digits, "0")
	if rest, ok := strings.CutPrefix(digits, "86"); ok && len(rest) >= 10 {
		digits = strings.TrimLeft(rest, "0")
	}
	return digits
}

// startCaseClock starts the clock that runs from intake and never restarts.
func (w *work) startCaseClock() error {
	b, err := w.budgets(w.c.Category, w.c.Item, w.c.Region, w.c.Urgent != "", deadline.Handling)
	if err != nil {
		return err
	}
	cs, err := deadline.Plan(w.c.CreatedAt, map[deadline.Kind]string{deadline.Case: b[deadline.Handling]}, w.d.cal, w.c.Region, time.Time{})
	if err != nil {
		return fmt.Errorf("case clock: %w", err)
	}
	w.startClocks(cs, "", w.c.Urgent != "")
	return nil
}

// words opens the words of the case, for letters and for somebody with a reason.
func (w *work) words() (string, error) {
	b, err := seal.OpenField(w.key, aadWords(w.c.ID), w.priv.Words)
	return string(b), err
}

func (w *work) caller() (caller, error) { return openCaller(w.key, w.priv) }

func openCaller(key seal.CaseKey, p store.Private) (c caller, err error) {
	if len(p.Caller) == 0 {
		return c, nil
	}
	b, err := seal.OpenField(key, aadCaller(p.CaseID), p.Caller)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(b, &c)
}

// check reads a later text for danger: every text that comes in is checked. An
// alarm proposes a 110 leg; what could not be judged is said.
func (w *work) check(text, legID string, fromCaller bool) error {
	p := w.d.Triage(text, "")
	if p.Unread && fromCaller {
		w.c.Unread = true
	}
	if p.Urgent == "" || w.c.Urgent != "" {
		return nil
	}
	w.raise(p.Urgent, "machine")
	if !w.c.ClosedAt.IsZero() { // nobody looks at a closed case
		if err := w.takeUp(); err != nil {
			return err
		}
	}
	return w.eventBy(hotline.TheMachine(w.d.node.Platform), w.now, "danger_alarm", legID, body{"urgent": p.Urgent, "triage": p.Version}, "")
}

// raise makes a case urgent; its level follows the class, and only upwards.
func (w *work) raise(urgent, by string) {
	w.c.Urgent, w.c.UrgentBy = urgent, by
	w.c.Level = min(w.c.Level, w.d.levelOf(w.c.Case))
}

// Note records what the caller or a colleague adds to a case, and tells the
// other platforms of it.
func (d *Desk) Note(ctx context.Context, a hotline.Actor, caseID, text string) error {
	if err := casefile.CheckText("note", text, casefile.NoteMost); err != nil {
		return err
	}
	return d.change(ctx, a, caseID, nil, hotline.TakeCases, func(w *work) error {
		if err := w.event(string(leg.Supplement), "", nil, text); err != nil {
			return err
		}
		if err := w.supplement(leg.Private{Note: text}); err != nil {
			return err
		}
		return w.check(text, "", true)
	})
}

// supplement tells the other platforms that have a leg of the case under way.
func (w *work) supplement(p leg.Private) error {
	for _, l := range w.legs {
		if l.Local() || l.State.Ended() || l.State == leg.Settled {
			continue
		}
		if err := w.tell(l, string(leg.Supplement), leg.Body{}, p); err != nil {
			return err
		}
	}
	return nil
}

// change is load, decide, keep for a case as a whole.
func (d *Desk) change(ctx context.Context, a hotline.Actor, caseID string, version *int64, right hotline.Right, decide func(*work) error) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, a, caseID)
		if err != nil {
			return err
		}
		if err := w.see(right); err != nil {
			return err
		}
		if err := w.at(version); err != nil {
			return err
		}
		if err := decide(w); err != nil {
			return err
		}
		return w.keep()
	})
}
