package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// EventRow is one event of the timeline in words.
type EventRow struct {
	desk.EventView
	Place string // name of the platform where it happened
	Here  bool   // this platform
	Who   string
	Role  string
	Leg   string   // whom the leg is with
	To    []string // where legs went, when several were sent in one action
	Facts []string
	Words string // what was said; masked, unless a reason was given
	Alarm bool
}

// oneAction is how close together legs were sent in one action.
const oneAction = time.Second

// timeline is the story, oldest first. Legs sent in one action are one row. A
// receipt is told only where the other platform gave it: that a unit of this
// node has what was just sent to it, or this node what it opened a case for, is
// no news.
func (b caseBuilder) timeline() []EventRow {
	node := b.desk.Node()
	out := make([]EventRow, 0, len(b.events))
	for _, e := range b.events {
		if l, ok := b.leg(e.LegID); ok && (l.Local() || l.Incoming()) && e.Kind == string(leg.Receive) {
			continue
		}
		if n := len(out) - 1; e.Kind == string(leg.Send) && n >= 0 && out[n].Kind == e.Kind && out[n].ActorID == e.ActorID &&
			e.At.Sub(out[n].At) < oneAction && string(e.Text) == out[n].Words {
			out[n].To = append(out[n].To, b.sentTo(e)...)
			continue
		}
		row := EventRow{
			EventView: e, Place: b.platform(e.Platform), Here: e.Platform == node.Platform, Who: e.ActorName,
			Role: e.ActorRole, Words: string(e.Text), Facts: b.facts(e), Alarm: alarming(e.Kind),
		}
		if l, ok := b.leg(e.LegID); ok && e.Kind != string(leg.Send) && !l.Incoming() {
			row.Leg = b.holder(l)
		}
		if e.Kind == string(leg.Send) {
			row.To = b.sentTo(e)
		}
		if e.ActorRole == string(hotline.Machine) {
			row.Who = b.w.Word("role", hotline.Machine)
		}
		if !row.Here && strings.Contains(row.Who, row.Place) {
			row.Place = "" // a peer's staff are named with their platform
		}
		if b.person != nil {
			if clear, ok := b.person.Notes[e.ID]; ok {
				row.Words = clear
			}
		}
		out = append(out, row)
	}
	return out
}

func alarming(kind string) bool {
	switch kind {
	case "danger_alarm", "prompted", "clock_over", "clock_red", "clock_order", "undeliverable", "dispute", "repair", "refused_letter", "escalate", "attachment_refused":
		return true
	}
	return false
}

// said reads the body of an event: plain values by name.
type said map[string]any

func (s said) text(name string) string {
	v, _ := s[name].(string)
	return v
}

func (s said) number(name string) (int64, bool) {
	v, ok := s[name].(float64)
	return int64(v), ok
}

func (s said) yes(name string) bool {
	v, _ := s[name].(bool)
	return v
}

// facts says what an event's body holds, one short sentence each.
func (b caseBuilder) facts(e desk.EventView) []string {
	var s said
	if err := json.Unmarshal([]byte(e.Body), &s); err != nil {
		return nil // not ours to read: the event itself is shown
	}
	w := b.w
	var out []string
	add := func(label, value string) {
		if value != "" {
			out = append(out, w.T("web.fact", w.Word("field", label), value))
		}
	}
	switch e.Kind {
	case "created", "received_case":
		if c := s.text("channel"); c != "" {
			add("channel", w.Word("channel", c))
		}
		add("category", w.Class(cmp.Or(s.text("category"), s.text("class"))))
		add("urgent", w.Class(s.text("urgent")))
	case "decided":
		add("category", w.Class(s.text("category")))
		add("item", w.Item(s.text("item")))
		add("urgent", w.Class(s.text("urgent")))
		if n, ok := s.number("level"); ok {
			add("level", w.Word("level", n))
		}
		add("region", w.Place(s.text("region")))
	case string(leg.Send):
		if s.yes("urgent") {
			out = append(out, w.T("web.fact.urgent"))
		}
		if s.yes("spoken") {
			out = append(out, w.T("web.fact.spoken"))
		}
	case string(leg.Return):
		if g := s.text("ground"); g != "" {
			add("ground", w.Word("ground", g))
		}
		add("basis", s.text("basis"))
		add("next_owner", s.text("next_owner"))
	case string(leg.Grant), string(leg.Refuse):
		if of := s.text("of"); of != "" {
			out = append(out, w.Word("verb", of))
		}
	case string(leg.Call):
		out = append(out, b.callFacts(s)...)
	case string(leg.Callback):
		out = append(out, b.callbackFacts(s)...)
	case "closed":
		if o := s.text("outcome"); o != "" {
			add("outcome", w.Word("outcome", o))
		}
	case "dispute":
		out = append(out, w.T("web.dispute."+s.text("cause")))
	case "resolved":
		out = append(out, w.Word("resolution", s.text("how")))
	case "danger_alarm":
		add("urgent", w.Class(s.text("urgent")))
	case "clock_remind", "clock_near", "clock_over", "clock_red", "clock_order":
		if c := s.text("clock"); c != "" {
			out = append(out, w.Word("clock", c))
		}
		if over, ok := s["overtaken"].([]any); ok {
			var names []string
			for _, o := range over {
				names = append(names, w.Word("rung", fmt.Sprint(o)))
			}
			out = append(out, w.T("web.clock.overtaken", strings.Join(names, w.T("web.seat.missing_and"))))
		}
	case "suspended", "suspension_ended":
		out = append(out, w.Word("suspension", s.text("ground")))
	case "prompted":
		if r := s.text("reason"); r != "" {
			out = append(out, w.T("web.prompt."+r))
		}
	case "attachment_refused":
		add("reason", s.text("code"))
	case "caller_completed":
		parts, _ := s["parts"].([]any)
		for _, p := range parts {
			out = append(out, w.T("web.seat."+fmt.Sprint(p)))
		}
	case "dispatch", "dispatch_corrected":
		at, _ := s.number("at")
		out = append(out, w.T("web.fact", w.Word("dispatch", s.text("mark")), w.Exact(time.UnixMicro(at))))
		if was, ok := s.number("was"); ok {
			out = append(out, w.T("web.dispatch.was", w.Exact(time.UnixMicro(was))))
		}
	case "viewed":
		switch {
		case s.yes("export"):
			out = append(out, w.T("web.views.export"))
		case s.text("attachment") != "":
			out = append(out, w.T("web.views.file"))
		}
	case "attached", "attachment_named", "attachment_there":
		n, _ := s.number("size")
		out = append(out, w.FileKind(s.text("media")), w.Bytes(n))
	case "erased", "erased_part":
		add("basis", s.text("basis"))
	case "refused_letter", "repair", "undeliverable", "voided":
		add("reason", s.text("code"))
	}
	if how := s.text("by_hand"); how != "" {
		out = append(out, w.T("web.fact.by_hand", w.T("web.hand."+how), s.text("who")))
	}
	if us, ok := s.number("due"); ok {
		add("due", w.Exact(time.UnixMicro(us)))
	}
	return out
}

// sentTo says where a leg went and as what.
func (b caseBuilder) sentTo(e desk.EventView) []string {
	var s said
	if err := json.Unmarshal([]byte(e.Body), &s); err != nil || s.text("to") == "" {
		return nil
	}
	return []string{b.w.T("web.fact.to", b.target(s.text("to")), b.w.Word("leg_role", s.text("role")))}
}

// target names where a leg went, as an event keeps it.
func (b caseBuilder) target(to string) string {
	if code, ok := strings.CutPrefix(to, "platform:"); ok {
		return b.platform(code)
	}
	return b.w.Target(to)
}

func (b caseBuilder) callFacts(s said) []string {
	w := b.w
	var out []string
	for _, k := range []struct{ name, kind string }{{"kind", "call_kind"}, {"outcome", "call_outcome"}} {
		if v := s.text(k.name); v != "" {
			out = append(out, w.Word(k.kind, v))
		}
	}
	if ps, ok := s["parties"].([]any); ok && len(ps) > 0 {
		var names []string
		for _, p := range ps {
			code, _ := p.(string)
			switch {
			case code == "caller":
				names = append(names, w.T("web.call.caller"))
			default:
				names = append(names, b.target(code))
			}
		}
		out = append(out, w.T("web.fact", w.Word("field", "parties"), strings.Join(names, " · ")))
	}
	if c, ok := s["consent"].(bool); ok {
		out = append(out, w.T(map[bool]string{true: "web.fact.consent", false: "web.fact.no_consent"}[c]))
	}
	if s.yes("accepted") {
		out = append(out, w.T("web.fact.accepted"))
	}
	return out
}

func (b caseBuilder) callbackFacts(s said) []string {
	w := b.w
	out := []string{w.Word("solved", s.yes("solved"))}
	raw, _ := s.number("satisfaction")
	scale, _ := s.number("scale")
	if raw > 0 {
		out = append(out, w.T("web.satisfaction."+strconv.FormatInt(scale, 10)+"."+strconv.FormatInt(raw, 10)))
		if mapped, err := casefile.Map(int(raw), int(scale)); err == nil && scale == 5 {
			out = append(out, w.T("web.fact.mapped", w.Word("satisfaction", mapped)))
		}
	}
	return out
}
