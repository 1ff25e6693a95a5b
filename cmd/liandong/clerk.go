package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"liandong/internal/directory"
)

// What the sample clerks of a driven replay do with the cases they find.

// drivenCase is a case as the API lists it, as far as clerks look at it.
type drivenCase struct {
	ID         string            `json:"id"`
	Status     string            `json:"status"`
	LinkIDs    map[string]string `json:"link_ids"`
	Line       string            `json:"line"`
	Category   string            `json:"category"`
	Item       string            `json:"item"`
	Urgent     string            `json:"urgent"`
	First      string            `json:"first_response"`
	Unread     bool              `json:"unread"`
	Region     string            `json:"region"`
	ExternalID string            `json:"external_id"`
	Outcome    string            `json:"outcome"`
	Solved     *bool             `json:"solved"`
	CallbackAt *time.Time        `json:"callback_at"`
	Dispute    bool              `json:"dispute"`
	Legs       []drivenLeg       `json:"legs"`
	Next       []drivenStep      `json:"next"`
}

type drivenStep struct {
	Code string `json:"code"`
	Leg  string `json:"leg"`
}

type drivenLeg struct {
	ID            string   `json:"id"`
	Version       int64    `json:"version"`
	State         string   `json:"state"`
	Undeliverable bool     `json:"undeliverable"`
	Side          string   `json:"side"`
	Peer          string   `json:"peer"`
	Unit          string   `json:"unit"`
	Urgent        bool     `json:"urgent"`
	Pending       string   `json:"pending"`
	Resolution    string   `json:"resolution"`
	ForLeg        string   `json:"for_leg"`
	Repair        string   `json:"repair"`
	Contested     bool     `json:"contested"`
	Can           []string `json:"can"`
}

func (l drivenLeg) incoming() bool { return l.Side == "holder" }
func (l drivenLeg) local() bool    { return l.Peer == "" }

func (l drivenLeg) done() bool {
	switch l.State {
	case "settled", "withdrawn":
		return true
	case "returned":
		return l.incoming() || l.Resolution != ""
	}
	return l.Undeliverable && l.Resolution != ""
}

func (c drivenCase) next(code string) bool {
	for _, n := range c.Next {
		if n.Code == code {
			return true
		}
	}
	return false
}

func (c drivenCase) outgoing() (out []drivenLeg) {
	for _, l := range c.Legs {
		if !l.incoming() {
			out = append(out, l)
		}
	}
	return out
}

func allDone(legs []drivenLeg) bool {
	return !slices.ContainsFunc(legs, func(l drivenLeg) bool { return !l.done() })
}

// action is one call. once names it where it must not come again.
type action struct {
	path string
	body fields
	once string
}

type fields map[string]any

// turn is a clerk of a node looking at a case.
type turn struct {
	*driver
	n   *playedNode
	c   drivenCase
	key string // what choices follow from: the external id that the matter began with
}

func (d *driver) turn(n *playedNode, c drivenCase) turn {
	t := turn{driver: d, n: n, c: c, key: c.ID}
	d.mu.Lock()
	defer d.mu.Unlock()
	for peer, id := range c.LinkIDs {
		if k, ok := d.keys[peer+"/"+id]; ok {
			t.key = k
		}
	}
	if k, ok := d.keys[n.Platform+"/"+c.ID]; ok {
		t.key = k
	}
	return t
}

// chance is a number from 0 to 1 for one choice.
func (t turn) chance(what string, a ...any) float64 {
	sum := sha256.Sum256([]byte(strings.Join([]string{t.seed, t.key, t.n.Line, what, fmt.Sprint(a...)}, "|")))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// fresh says that something which is done once has not been done.
func (t turn) fresh(once string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.did[t.n.Platform+"/"+t.c.ID+once]
}

func onLeg(l drivenLeg, verb string, body fields) action {
	return action{path: "/api/v1/legs/" + l.ID + "/" + verb, body: body}
}

func (t turn) onCase(what string, body fields) action {
	return action{path: "/api/v1/cases/" + t.c.ID + "/" + what, body: body}
}

func (a action) only(once string) action {
	a.once = once
	return a
}

// nothing is no action.
var nothing action

// choose is what the clerk of a node does next with a case; nothing where it is
// somebody else's turn.
func (d *driver) choose(n *playedNode, c drivenCase) action {
	if c.Status == "closed" || c.Status == "archived" {
		return nothing
	}
	t := d.turn(n, c)
	slices.SortFunc(c.Legs, func(a, b drivenLeg) int { return cmp.Compare(a.ID, b.ID) })
	for i, l := range c.Legs {
		if a := t.leg(i, l); a.path != "" {
			return a
		}
	}
	return t.whole()
}

// leg is what there is to do with one leg.
func (t turn) leg(i int, l drivenLeg) action {
	at := fmt.Sprintf("%d.%d", i, l.Version)
	ours := l.local() || l.incoming() // the holder is played here
	switch {
	case l.Pending == "withdraw" && ours:
		if t.chance("grant", at) < 0.8 {
			return onLeg(l, "grant", fields{"note": "演示：同意撤回"})
		}
		return onLeg(l, "refuse", fields{"note": "演示：已经着手，不同意撤回"})
	case l.Pending == "extend" && !l.incoming():
		return onLeg(l, "grant", fields{"due": time.Now().AddDate(0, 0, 25).Format(time.RFC3339)})
	case l.incoming():
		return t.incoming(at, l)
	case l.State == "answered":
		return t.answered(at, l)
	case (l.State == "returned" || l.Undeliverable && l.State == "sent") && l.Resolution == "":
		return t.returned(i, l)
	case l.local():
		return t.unit(at, l)
	}
	return t.meanwhile(l)
}

// incoming plays the desk that holds another platform's leg.
func (t turn) incoming(at string, l drivenLeg) action {
	out := t.c.outgoing()
	switch l.State {
	case "received":
		if !l.Urgent && len(out) == 0 && t.chance("return", at) < 0.12 {
			return onLeg(l, "return", returnBody(t.chance("ground", at)))
		}
		return onLeg(l, "accept", nil)
	case "accepted", "working", "reopened":
		if back := slices.IndexFunc(out, func(o drivenLeg) bool { return !o.done() && o.Peer == l.Peer }); back >= 0 {
			// Each side would wait for the other: this part is done, the rest goes back.
			return onLeg(l, "feedback", fields{"result": "演示：本环节已办结，其余事项另行移交", "rest_leg": out[back].ID})
		}
		switch {
		case !allDone(out):
			return nothing // the legs further on answer it
		case len(out) == 0 && l.State != "reopened" && t.chance("onward", t.c.Category) < 0.5 && t.fresh("/onward"):
			return t.onCase("legs", fields{"legs": []fields{t.unitOrder(0)}}).only("/onward")
		case l.State == "accepted" && t.chance("progress", at) < 0.3:
			return onLeg(l, "progress", fields{"note": "演示：已到现场"})
		}
		return onLeg(l, "feedback", fields{"result": "演示：已处理完毕"})
	}
	return nothing
}

func returnBody(p float64) fields {
	grounds := []string{"not_duty", "not_area", "unclear_ownership", "already_settled", "duplicate", "other"}
	return fields{"ground": grounds[int(p*float64(len(grounds)))], "basis": "演示依据：事项清单第1条", "next_owner": "演示：属地政府", "note": "演示：退回说明"}
}

// answered plays the sender of a leg that was answered.
func (t turn) answered(at string, l drivenLeg) action {
	rest := slices.Contains(t.c.Next, drivenStep{Code: "transfer_rest", Leg: l.ID})
	if rest && t.chance("rest", at) < 0.6 && t.fresh("/rest"+l.ID) {
		return t.onCase("legs", fields{"legs": []fields{{"to": "12345", "for_leg": l.ID, "ask": "演示：后续处置", "police_action": "演示：民警已先期处置"}}}).only("/rest" + l.ID)
	}
	if t.chance("reopen", at) < 0.07 {
		return onLeg(l, "reopen", fields{"note": "演示：答复不完整"})
	}
	return onLeg(l, "settle", nil)
}

// returned plays the sender of a leg that came back: contest, send it to
// somebody else, or do it oneself.
func (t turn) returned(i int, l drivenLeg) action {
	if l.State == "returned" && !l.Contested && t.chance("contest", i) < 0.2 && t.fresh("/contest"+l.ID) {
		return onLeg(l, "contest", fields{"note": "演示：对退回有异议"}).only("/contest" + l.ID)
	}
	if t.chance("successor", i) < 0.7 && i < 4 && t.fresh("/successor"+l.ID) {
		o := t.unitOrder(i + 1)
		o["replaces"] = l.ID
		return t.onCase("legs", fields{"legs": []fields{o}}).only("/successor" + l.ID)
	}
	return onLeg(l, "resolve", nil)
}

// unit plays a unit of this desk.
func (t turn) unit(at string, l drivenLeg) action {
	switch l.State {
	case "received":
		if !l.Urgent && t.chance("return", at) < 0.1 {
			return onLeg(l, "return", returnBody(t.chance("ground", at)))
		}
		return onLeg(l, "accept", nil)
	case "accepted":
		p := t.chance("accepted", at)
		switch {
		case p < 0.02 && t.n.Line == "12345" && l.ForLeg == "" && t.fresh("/escalate"+l.ID):
			return onLeg(l, "escalate", fields{"note": "演示：现场有人打架"}).only("/escalate" + l.ID)
		case p < 0.08 && t.fresh("/extend"+l.ID):
			return onLeg(l, "extend", fields{"due": time.Now().AddDate(0, 0, 25).Format(time.RFC3339), "note": "演示：需要外省配合"}).only("/extend" + l.ID)
		case p < 0.4:
			return onLeg(l, "progress", fields{"note": "演示：正在办理"})
		}
		return onLeg(l, "feedback", fields{"result": "演示：已整改到位"})
	case "working", "reopened":
		return onLeg(l, "feedback", fields{"result": "演示：已整改到位，并答复来电人"})
	}
	return nothing
}

// meanwhile plays the sender while another platform has the leg.
func (t turn) meanwhile(l drivenLeg) action {
	if !slices.Contains([]string{"sent", "received", "accepted", "working", "reopened"}, l.State) || l.Undeliverable || !t.fresh("/meanwhile"+l.ID) {
		return nothing
	}
	once := "/meanwhile" + l.ID
	switch p := t.chance("meanwhile", l.Urgent); {
	case p < 0.03:
		return onLeg(l, "urge", nil).only(once)
	case p < 0.06:
		return onLeg(l, "supplement", fields{"note": "演示：来电人补充了楼栋号"}).only(once)
	case p < 0.08 && !l.Urgent && l.Pending == "":
		return onLeg(l, "withdraw", fields{"note": "演示：来电人自行解决"}).only(once)
	}
	return nothing
}

// whole is what there is to do with a case as a whole.
func (t turn) whole() action {
	for _, s := range t.c.Next {
		if s.Code == "phone" && t.fresh("/phone"+s.Leg) {
			return t.onCase("calls", fields{"leg": s.Leg, "kind": "phone_report", "outcome": "done", "accepted": true, "parties": []string{t.n.Line}}).only("/phone" + s.Leg)
		}
	}
	switch {
	case t.c.Status == "awaiting_callback" && allDone(t.c.Legs): // an answered leg of another platform is still to be settled there
		return t.end()
	case t.c.next("record_danger"):
		if t.chance("danger") < 0.5 {
			return t.onCase("decide", fields{"danger": "演示：现场有人受伤"})
		}
		return t.onCase("decide", fields{"urgent": "", "reason": "演示：核实后无危险"})
	case t.c.next("dual_dispatch") && t.fresh("/dual"):
		if len(t.c.Legs) == 0 && t.chance("false alarm") < 0.5 {
			return t.onCase("decide", fields{"urgent": "", "reason": "演示：核实后无危险"})
		}
		return t.onCase("dual", nil).only("/dual")
	case len(t.c.Legs) > 0:
		return nothing
	case t.c.Unread && t.fresh("/read"):
		return t.onCase("decide", nil).only("/read")
	}
	return t.first()
}

// first plays the desk with a case that nothing was done with yet.
func (t turn) first() action {
	if t.chance("on the spot") < 0.1 && t.c.Urgent == "" {
		outcome := []string{"answered_on_the_spot", "referred", "explained"}[int(t.chance("outcome")*3)]
		return t.onCase("close", fields{"outcome": outcome, "told": "演示：已当场答复"})
	}
	other := "110"
	if t.n.Line == "110" {
		other = "12345"
	}
	for _, s := range t.c.Next {
		switch {
		case strings.HasPrefix(s.Code, "transfer_") && t.fresh("/transfer"):
			return t.onCase("legs", fields{"legs": []fields{{"to": other, "ask": "演示：请依职责处理"}}}).only("/transfer")
		case s.Code == "three_way" && t.fresh("/three"):
			outcome := []string{"taken_by_12345", "taken_by_110", "still_unclear"}[int(t.chance("three way")*3)]
			return t.onCase("calls", fields{"kind": "three_way", "outcome": outcome, "parties": []string{"caller", "12345", "110"}, "consent_to_transfer": true}).only("/three")
		case strings.HasPrefix(s.Code, "dispatch") && t.fresh("/dispatch"):
			legs := []fields{t.unitOrder(0)}
			if second := t.unitOrder(1); t.chance("joint") < 0.15 && second["to"] != legs[0]["to"] {
				second["role"] = "joint"
				legs = append(legs, second)
			}
			return t.onCase("legs", fields{"legs": legs}).only("/dispatch")
		}
	}
	return nothing
}

// end asks the caller and closes the case.
func (t turn) end() action {
	if t.c.next("callback") && t.c.CallbackAt == nil {
		moves := int64(0)
		for _, l := range t.c.Legs {
			moves += l.Version
		}
		switch p := t.chance("callback", moves); {
		case p < 0.05:
			return t.onCase("callback", fields{"solved": false, "satisfaction": 5, "scale": 5, "note": "演示：问题仍在"})
		case p < 0.08:
			return t.onCase("callback", fields{"solved": true, "satisfaction": 3, "scale": 3, "note": "演示：态度不好"})
		case p < 0.5:
			return t.onCase("callback", fields{"solved": true, "satisfaction": 1, "scale": 3})
		}
		return t.onCase("callback", fields{"solved": true, "satisfaction": 2, "scale": 5})
	}
	outcome := "solved"
	if t.c.Solved != nil && !*t.c.Solved {
		outcome = "explained"
	}
	if !slices.ContainsFunc(t.c.Legs, func(l drivenLeg) bool { return l.State == "settled" }) {
		outcome = "caller_withdrew"
	}
	return t.onCase("close", fields{"outcome": outcome, "told": "演示：已告知办理结果"})
}

// unitOrder is a leg to a unit of the node: the responsible one, or the n-th
// other choice where that gave it back.
func (t turn) unitOrder(choice int) fields {
	region := t.c.Region
	if _, ok := t.rules.dir.Region(region); !ok {
		region = t.rules.root
	}
	var codes []string
	add := func(u directory.Unit, ok bool) {
		if ok && u.Platform == t.n.Line && !slices.Contains(codes, u.Code) {
			codes = append(codes, u.Code)
		}
	}
	lead, joint, ok := directory.Route(t.rules.cat, t.rules.dir, t.c.Item, t.c.Category, region)
	add(lead, ok)
	for _, u := range joint {
		add(u, true)
	}
	kinds := []string{"government", "emergency", "civil", "housing", "petition"}
	if t.n.Line == "110" {
		kinds = []string{"police", "traffic-police", "desk110"}
	}
	for _, kind := range kinds {
		u, ok := t.rules.dir.Responsible(kind, region)
		add(u, ok)
	}
	if len(codes) == 0 {
		return fields{"to": "unit:none"}
	}
	return fields{"to": "unit:" + codes[choice%len(codes)], "ask": "演示：请核实办理并答复"}
}
