package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
)

// callerCompleted is the kind of the event that says which particulars of the
// caller were added, never what they are.
const callerCompleted = "caller_completed"

// Particulars are what may be wanting of a caller after a call that was sent on
// in a hurry. All of it is personal; "" is not said.
type Particulars struct {
	Name, Phone string
	Address     string // exact
}

// CompleteCaller adds what was not taken down of the caller: sealed as at
// intake, and told to the other platforms of the case by a supplement. It
// corrects nothing: what is on record stands (caller_known). A closed case is a
// Conflict (case_closed), an erased one too (erased).
func (d *Desk) CompleteCaller(ctx context.Context, a hotline.Actor, caseID string, version *int64, p Particulars) error {
	more := caller{Name: strings.TrimSpace(p.Name), Phone: strings.TrimSpace(p.Phone), Address: strings.TrimSpace(p.Address)}
	if more == (caller{}) {
		return hotline.Errorf(hotline.Invalid, "caller_empty", "phone")
	}
	for field, s := range map[string]string{"name": more.Name, "phone": more.Phone, "address": more.Address} {
		if err := casefile.CheckLine(field, s); err != nil {
			return err
		}
	}
	if more.Phone != "" && !phoneForm.MatchString(more.Phone) {
		return hotline.Errorf(hotline.Invalid, "phone_invalid", "phone")
	}
	return d.change(ctx, a, caseID, version, hotline.TakeCases, func(w *work) error {
		if !w.c.ClosedAt.IsZero() {
			return hotline.Errorf(hotline.Conflict, "case_closed", "status")
		}
		have, err := w.caller()
		if err != nil {
			return err
		}
		for _, f := range []struct{ field, have, more string }{
			{"name", have.Name, more.Name}, {"phone", have.Phone, more.Phone}, {"address", have.Address, more.Address},
		} {
			if f.have != "" && f.more != "" && f.have != f.more {
				return hotline.Errorf(hotline.Conflict, "caller_known", f.field)
			}
		}
		added, err := w.completeCaller(have, more)
		if err != nil || added == (caller{}) {
			return err // all of it is on record: the same click twice
		}
		return w.supplement(leg.Private{CallerName: added.Name, CallerPhone: added.Phone, Address: added.Address, Note: added.inWords()})
	})
}

// completeCaller seals what is new of the caller, with an event that says which
// parts it is; nothing new leaves no trace.
func (w *work) completeCaller(have, more caller) (added caller, err error) {
	var parts []string
	for _, f := range []struct {
		part             string
		have, new, added *string
	}{
		{"name", &have.Name, &more.Name, &added.Name}, {"phone", &have.Phone, &more.Phone, &added.Phone}, {"address", &have.Address, &more.Address, &added.Address},
	} {
		if *f.have == "" && *f.new != "" {
			*f.have, *f.added = *f.new, *f.new
			parts = append(parts, f.part)
		}
	}
	if len(parts) == 0 {
		return added, nil
	}
	doc, err := json.Marshal(have)
	if err != nil {
		return added, fmt.Errorf("caller: %w", err)
	}
	w.priv.Caller, w.callerNew = seal.SealField(w.key, aadCaller(w.c.ID), doc), true
	w.priv.PhoneIndex = w.d.phoneIndex(have.Phone)
	return added, w.event(callerCompleted, "", body{"parts": parts}, "")
}

// heardCaller takes what a supplement tells of the caller, as far as this desk
// does not know it.
func (w *work) heardCaller(p leg.Private) (added caller, err error) {
	told := caller{Name: p.CallerName, Phone: p.CallerPhone, Address: p.Address}
	if told == (caller{}) {
		return added, nil // most supplements: nothing to open
	}
	have, err := w.caller()
	if err != nil {
		return added, err
	}
	return w.completeCaller(have, told)
}

// inWords tells a side that takes no particulars in a supplement what they are;
// it stands in the sealed part.
func (c caller) inWords() string {
	var parts []string
	for _, f := range []struct{ label, value string }{{"姓名", c.Name}, {"电话", c.Phone}, {"地址", c.Address}} {
		if f.value != "" {
			parts = append(parts, f.label+" "+f.value)
		}
	}
	return "补登来话人：" + strings.Join(parts, "，")
}
