package web

import (
	"slices"
	"strings"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/leg"
)

// Step is one thing that may be done next with a case, with the form for it.
type Step struct {
	Code    string
	Primary bool
	Name    string // of the party that the step is about
	Text    string // what it is about, as a leg says it

	Verb     *VerbForm
	Send     *SendForm
	Keep     *Form // a returned leg: the sender does it itself
	Dual     *DualForm
	Call     *CallForm
	Callback *CallbackForm
	Close    *CloseForm
	Decide   *Form // what danger there is; or: I have read it
	Urgent   string
}

// DualForm sends 110, local government and departments at once.
type DualForm struct {
	Form
	Orders []desk.Order
}

// CallbackForm records how the caller was asked.
type CallbackForm struct {
	Form
	Legs  []Option // that may have failed
	Safe  string   // limits of contact
	Scale []Option
}

// CloseForm ends a case.
type CloseForm struct {
	Form
	Outcomes []casefile.Outcome
	Group    int // other open cases of its group
}

// steps turns what desk says may be done next into forms.
func (b caseBuilder) steps() ([]Step, error) {
	var out []Step
	for _, st := range b.v.Steps {
		step, ok, err := b.step(st)
		if err != nil {
			return nil, err
		}
		if ok {
			step.Primary = len(out) == 0
			out = append(out, step)
		}
	}
	if !b.v.CanWork {
		out = b.holderSteps()
	}
	return out, nil
}

// holderSteps are the next move of somebody who works on a leg and decides
// nothing of the case: a unit's clerk.
func (b caseBuilder) holderSteps() []Step {
	for _, l := range b.v.Legs {
		for _, v := range []leg.Verb{leg.Accept, leg.Feedback} {
			if slices.Contains(l.Can, v) {
				return []Step{{Code: string(v), Primary: true, Name: b.sender(l), Text: string(l.Ask), Verb: b.verb(l, v)}}
			}
		}
	}
	return nil
}

func (b caseBuilder) step(st casefile.Step) (Step, bool, error) {
	step := Step{Code: st.Code}
	l, hasLeg := b.leg(st.Leg)
	if hasLeg {
		step.Name, step.Text = b.holder(l), string(l.Ask)
		if l.Incoming() {
			step.Name = b.sender(l)
		}
	}
	switch st.Code {
	case casefile.StepPhone:
		f := b.callForm(st.Code, &l, "phone_report")
		step.Call = &f
	case casefile.StepAccept:
		step.Verb = b.verb(l, leg.Accept)
	case casefile.StepSettle:
		step.Verb = b.verb(l, leg.Settle)
		step.Text = b.answer(l.ID) // what is to be found right stands beside the button
	case casefile.StepAnswer:
		step.Verb = b.verb(l, leg.Feedback)
	case casefile.StepDual:
		orders, err := b.desk.DualOrders(b.q.ctx(), b.q.actor, b.v.ID)
		if err != nil {
			return step, false, err
		}
		step.Dual = &DualForm{Form: b.page.form(b.path("/dual"), b.v.Version), Orders: orders}
		step.Urgent = b.v.Urgent
	case casefile.StepDanger, casefile.StepAssess:
		f := b.page.form(b.path("/decide"), b.v.Version)
		step.Decide, step.Urgent = &f, b.v.Urgent
	case casefile.StepTo110:
		step.Send = b.stepSend(st.Code, "", b.w.T("web.step.to110.button"), b.lineTarget("110"))
		step.Send.Spoken = casefile.Spoken(b.v.Channel)
	case casefile.StepTo12345:
		step.Send = b.stepSend(st.Code, "", b.w.T("web.step.to12345.button"), b.lineTarget("12345"))
		step.Send.Spoken = casefile.Spoken(b.v.Channel)
	case casefile.StepFirst, casefile.StepDispatch:
		units := b.units()
		if len(units) == 0 {
			return step, false, nil // nobody under this desk: the form below looks one up
		}
		step.Send = b.stepSend(st.Code, "", b.w.T("web.step."+st.Code+".button"), units...)
	case casefile.StepRest:
		step.Send = b.rest(l)
	case casefile.StepThreeWay:
		f := b.callForm(st.Code, nil, "three_way")
		step.Call = &f
	case casefile.StepResolve:
		step.Send, step.Keep = b.successor(l)
		step.Text = ""
	case casefile.StepCallback:
		step.Callback = b.callbackForm()
	case casefile.StepClose, casefile.StepCloseOnSpot:
		step.Close = b.closeForm(st.Code)
	default:
		return step, false, nil
	}
	return step, true, nil
}

func (b caseBuilder) leg(id string) (desk.LegView, bool) {
	for _, l := range b.v.Legs {
		if l.ID == id && id != "" {
			return l, true
		}
	}
	return desk.LegView{}, false
}

// rest passes on what police leave over, with what they did. Words that hold
// masked personal data are not copied into the form: a mask is never written
// back as if it were the text.
func (b caseBuilder) rest(l desk.LegView) *SendForm {
	f := b.stepSend(casefile.StepRest, "", b.w.T("web.step.transfer_rest.button"), b.lineTarget("12345"))
	f.ForLeg, f.PoliceAction = l.ID, true
	if did := b.answer(l.ID); strings.Contains(did, "***") {
		f.Hidden = true
	} else {
		f.Form = f.preset("police_action", did)
	}
	return f
}

// answer is the last feedback of a leg, masked; "" where there was none.
func (b caseBuilder) answer(legID string) string {
	for i := len(b.events) - 1; i >= 0; i-- {
		if e := b.events[i]; e.LegID == legID && e.Kind == string(leg.Feedback) {
			return string(e.Text)
		}
	}
	return ""
}

// successor is how a returned or undeliverable leg goes on: the party that the
// return names, or the responsible units, or this desk itself.
func (b caseBuilder) successor(l desk.LegView) (*SendForm, *Form) {
	targets := append(b.units(), b.lineTarget(b.peerLine()))
	kept := targets[:0]
	for _, t := range targets {
		if t.To != "unit:"+l.Unit && !(l.Peer != "" && !l.Undeliverable && t.To == b.peerLine()) {
			kept = append(kept, t)
		}
	}
	if code, err := b.findUnit(l.NextOwner, "next_owner"); err == nil && code != "" && code != l.Unit {
		if u, _ := b.desk.Directory().Unit(code); u.Platform == b.desk.Node().Line {
			kept = slices.DeleteFunc(kept, func(t Target) bool { return t.To == "unit:"+code })
			kept = slices.Insert(kept, 0, b.unitTarget(u, leg.Lead))
		}
	}
	f := b.stepSend(casefile.StepResolve, "", b.w.T("web.step.resolve.button"), kept...)
	f.Single, f.Replaces = false, l.ID
	keep := b.page.form("/legs/"+l.ID+"/resolve", 0)
	keep.Back = b.path("")
	return f, &keep
}

func (b caseBuilder) callbackForm() *CallbackForm {
	f := &CallbackForm{Form: b.page.form(b.path("/callback"), b.v.Version), Safe: b.v.SafeContact}
	for _, l := range b.v.Legs {
		if !l.Incoming() && l.State == leg.Settled {
			f.Legs = append(f.Legs, Option{l.ID, b.holder(l)})
		}
	}
	for _, scale := range []string{"3", "5"} {
		for _, raw := range []string{"1", "2", "3", "4", "5"} {
			if raw <= scale {
				f.Scale = append(f.Scale, Option{scale + ":" + raw, b.w.T("web.satisfaction." + scale + "." + raw)})
			}
		}
	}
	return f
}

// gaveBack says that what came in for the case was given back, all of it.
func (b caseBuilder) gaveBack() bool {
	back := false
	for _, l := range b.v.Legs {
		if l.Incoming() && l.State != leg.Returned {
			return false
		}
		back = back || l.Incoming()
	}
	return back
}

func (b caseBuilder) closeForm(step string) *CloseForm {
	f := &CloseForm{Form: b.page.form(b.path("/close"), b.v.Version), Outcomes: casefile.Outcomes()}
	if step == casefile.StepCloseOnSpot {
		f.Outcomes = spotOutcomes()
	} else if b.gaveBack() {
		f.Form = f.preset("outcome", string(casefile.ReturnedBack))
	} else if b.v.Solved != nil && !*b.v.Solved {
		f.Form = f.preset("outcome", string(casefile.Explained))
	}
	for _, c := range b.v.Group {
		if b.v.GroupID == b.v.ID && c.ID != b.v.ID && c.ClosedAt.IsZero() {
			f.Group++
		}
	}
	return f
}
