package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"liandong/internal/catalogue"
	"liandong/internal/directory"
)

// How clerks are played. A choice is a number from 0 to 1 that follows from the
// seed, the case and what is to be chosen: the same run makes the same ones.
const (
	drivePause  = 500 * time.Millisecond
	driveIdle   = 6               // passes without a move, when nobody is waited for
	driveLonger = 6 * time.Minute // letters wait this long at most between two tries
	driveSteps  = 40              // of one case in one pass
)

// DriveSummary is what became of the cases.
type DriveSummary struct {
	Passes  int            `json:"passes"`
	Actions int64          `json:"actions"`
	Refused map[string]int `json:"refused"` // by code: someone was faster, mostly
	Nodes   []DrivenNode   `json:"nodes"`
	Open    []OpenCase     `json:"open"` // every case that is not closed, and why
	// Lost are external ids that were taken and are nowhere, Doubled those
	// that are more than one case.
	Lost    []string `json:"lost"`
	Doubled []string `json:"doubled"`
	Stuck   bool     `json:"stuck"` // something was waited for that did not come
}

// DrivenNode counts the cases of one node.
type DrivenNode struct {
	Platform string         `json:"platform"`
	Status   map[string]int `json:"status"`
	Outcome  map[string]int `json:"outcome"`
}

// OpenCase is a case that is not closed.
type OpenCase struct {
	Platform   string `json:"platform"`
	ID         string `json:"id"`
	ExternalID string `json:"external_id,omitempty"`
	Status     string `json:"status"`
	Reason     string `json:"reason"`
}

func (s *DriveSummary) gaveUp() bool { return s.Stuck || len(s.Lost) > 0 || len(s.Doubled) > 0 }

func (s *DriveSummary) print(w io.Writer) {
	fmt.Fprintf(w, "passes %d, actions %d\n", s.Passes, s.Actions)
	for _, n := range s.Nodes {
		fmt.Fprintf(w, "%s:", n.Platform)
		for _, k := range slices.Sorted(maps.Keys(n.Status)) {
			fmt.Fprintf(w, " %s %d", k, n.Status[k])
		}
		fmt.Fprintln(w)
	}
	if len(s.Refused) > 0 {
		fmt.Fprint(w, "refused:")
		for _, k := range slices.Sorted(maps.Keys(s.Refused)) {
			fmt.Fprintf(w, " %s %d", k, s.Refused[k])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "not closed: %d\n", len(s.Open))
	for _, o := range s.Open {
		fmt.Fprintf(w, "  %s %s %s %s: %s\n", o.Platform, o.ID, o.ExternalID, o.Status, o.Reason)
	}
	for _, id := range s.Lost {
		fmt.Fprintln(w, "  lost:", id)
	}
	for _, id := range s.Doubled {
		fmt.Fprintln(w, "  doubled:", id)
	}
}

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

// playedNode is a node whose clerks are played.
type playedNode struct {
	*client
	Platform string `json:"platform"`
	Line     string `json:"line"`
}

// driver plays the clerks of all nodes.
type driver struct {
	seed  string
	nodes []*playedNode
	rules *triager

	mu      sync.Mutex
	keys    map[string]string // platform/case → what the choices about a case follow from
	did     map[string]bool   // what is done once
	refused map[string]int
	last    map[string]string // platform/case → the last refusal

	actions atomic.Int64
	silent  atomic.Int64   // calls that got no answer
	fed     map[string]int // external ids that were taken, and on how many nodes
}

// play plays until nothing moves.
func (r *replay) play(ctx context.Context) (*DriveSummary, error) {
	rules, err := newTriager(catalogue.SeedVersion)
	if err != nil {
		return nil, err
	}
	d := &driver{seed: r.drive, rules: rules, keys: map[string]string{}, did: map[string]bool{}, refused: map[string]int{}, last: map[string]string{}, fed: r.fed}
	for _, c := range r.clients {
		n := &playedNode{client: c}
		_, err := patiently(ctx, func() (int, error) { return c.call(ctx, http.MethodGet, "/readyz", nil, n) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.base, err)
		}
		d.nodes = append(d.nodes, n)
	}
	s := &DriveSummary{}
	idle, moved := 0, time.Now()
	for {
		waiting, err := d.pass(ctx)
		if err != nil {
			return nil, err
		}
		s.Passes++
		if n := d.actions.Swap(0); n > 0 || d.silent.Swap(0) > 0 {
			s.Actions += n
			idle, moved = 0, time.Now()
			fmt.Fprintf(r.log, "pass %d: %d actions\n", s.Passes, n)
			continue
		}
		idle++
		if idle >= driveIdle && waiting == 0 {
			break
		}
		if time.Since(moved) > driveLonger {
			s.Stuck = true
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(drivePause):
		}
	}
	s.Refused = d.refused
	return s, d.summarise(ctx, s)
}

// pass looks at every case that is not closed and does what there is to do. It
// says how many cases wait for the other side's next move.
func (d *driver) pass(ctx context.Context) (waiting int, err error) {
	lists := make([][]drivenCase, len(d.nodes))
	for i, n := range d.nodes {
		err := d.list(ctx, n, "open=true", func(c drivenCase) { lists[i] = append(lists[i], c) })
		if err != nil {
			return 0, err
		}
	}
	for i, n := range d.nodes {
		for _, c := range lists[i] {
			if c.ExternalID != "" {
				d.keys[n.Platform+"/"+c.ID] = c.ExternalID
			}
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, replayAtOnce)
	for i, n := range d.nodes {
		for _, c := range lists[i] {
			if d.waits(c) {
				waiting++
			}
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				d.work(ctx, n, c)
			})
		}
	}
	wg.Wait()
	return waiting, ctx.Err()
}

// list calls f for every case of a node that a query finds.
func (d *driver) list(ctx context.Context, n *playedNode, query string, f func(drivenCase)) error {
	for cursor := ""; ; {
		var page struct {
			Cases []drivenCase `json:"cases"`
			Next  string       `json:"next_cursor"`
		}
		path := "/api/v1/cases?limit=200&" + query
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		if _, err := patiently(ctx, func() (int, error) { return n.call(ctx, http.MethodGet, path, nil, &page) }); err != nil {
			return fmt.Errorf("list cases of %s: %w", n.Platform, err)
		}
		for _, c := range page.Cases {
			f(c)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// waits says that the next move is the other platform's, and that it is played
// here too: then a letter is under way.
func (d *driver) waits(c drivenCase) bool {
	return slices.ContainsFunc(c.Legs, func(l drivenLeg) bool {
		if l.local() || l.done() || l.Repair != "" || !slices.ContainsFunc(d.nodes, func(n *playedNode) bool { return n.Platform == l.Peer }) {
			return false
		}
		theirs := l.State != "answered"
		if l.incoming() {
			theirs = !theirs
		}
		return theirs
	})
}

// work does what there is to do with a case, one step after the other.
func (d *driver) work(ctx context.Context, n *playedNode, c drivenCase) {
	for range driveSteps {
		a, ok := d.choose(n, c)
		if !ok || ctx.Err() != nil {
			return
		}
		at := n.Platform + "/" + c.ID
		_, err := n.call(ctx, http.MethodPost, a.path, a.body, nil)
		d.note(at, a, err)
		if err != nil {
			return // look again in the next pass
		}
		c = drivenCase{}
		if _, err := n.call(ctx, http.MethodGet, "/api/v1/cases/"+at[len(n.Platform)+1:], nil, &c); err != nil {
			d.note(at, a, err)
			return
		}
	}
}

// note keeps count of how a call went.
func (d *driver) note(at string, a action, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, spoke := errors.AsType[*problem](err)
	switch {
	case err == nil:
		d.actions.Add(1)
		delete(d.last, at)
		d.did[at+a.once] = d.did[at+a.once] || a.once != ""
	case spoke && !worthTrying(err):
		d.refused[p.code()]++
		d.last[at] = a.path + ": " + p.Error()
		d.did[at+a.once] = d.did[at+a.once] || a.once != ""
	default:
		d.silent.Add(1)
	}
}

// action is one call. once names it where it must not come again.
type action struct {
	path string
	body any
	once string
}

type fields map[string]any

// luck is the number from 0 to 1 that a choice follows from.
type luck func(what string, a ...any) float64

func (d *driver) luckOf(n *playedNode, c drivenCase) luck {
	key := c.ID
	d.mu.Lock()
	if k, ok := d.keys[n.Platform+"/"+c.ID]; ok {
		key = k
	}
	for peer, id := range c.LinkIDs {
		if k, ok := d.keys[peer+"/"+id]; ok {
			key = k
		}
	}
	d.mu.Unlock()
	return func(what string, a ...any) float64 {
		sum := sha256.Sum256([]byte(strings.Join([]string{d.seed, key, n.Line, what, fmt.Sprint(a...)}, "|")))
		return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
	}
}

func (d *driver) done(n *playedNode, c drivenCase, once string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.did[n.Platform+"/"+c.ID+once]
}

// choose is what the clerk of a node does next with a case.
func (d *driver) choose(n *playedNode, c drivenCase) (action, bool) {
	if c.Status == "closed" || c.Status == "archived" {
		return action{}, false
	}
	chance := d.luckOf(n, c)
	slices.SortFunc(c.Legs, func(a, b drivenLeg) int { return cmp.Compare(a.ID, b.ID) })
	for i, l := range c.Legs {
		if a, ok := d.chooseLeg(n, c, i, l, chance); ok && !(a.once != "" && d.done(n, c, a.once)) {
			return a, true
		}
	}
	if a, ok := d.chooseCase(n, c, chance); ok && !(a.once != "" && d.done(n, c, a.once)) {
		return a, true
	}
	return action{}, false
}

func onLeg(l drivenLeg, verb string, body fields) (action, bool) {
	return action{path: "/api/v1/legs/" + l.ID + "/" + verb, body: body}, true
}

func onCase(c drivenCase, what string, body fields) (action, bool) {
	return action{path: "/api/v1/cases/" + c.ID + "/" + what, body: body}, true
}

func only(once string, a action, ok bool) (action, bool) {
	a.once = once
	return a, ok
}

// chooseLeg is what there is to do with one leg.
func (d *driver) chooseLeg(n *playedNode, c drivenCase, i int, l drivenLeg, chance luck) (action, bool) {
	at := fmt.Sprintf("%d.%d", i, l.Version)
	ours := l.local() || l.incoming() // the holder is played here
	switch {
	case l.Pending == "withdraw" && ours:
		if chance("grant", at) < 0.8 {
			return onLeg(l, "grant", fields{"note": "演示：同意撤回"})
		}
		a, ok := onLeg(l, "refuse", fields{"note": "演示：已经着手，不同意撤回"})
		return only("/refuse"+at, a, ok)
	case l.Pending == "extend" && !l.incoming():
		return onLeg(l, "grant", fields{"due": time.Now().AddDate(0, 0, 20).Format(time.RFC3339)})
	case l.incoming():
		return d.chooseIncoming(n, c, at, l, chance)
	case l.State == "answered":
		return d.chooseAnswered(c, at, l, chance)
	case (l.State == "returned" || l.Undeliverable && l.State == "sent") && l.Resolution == "":
		return d.chooseReturned(n, c, i, l, chance)
	case l.local():
		return chooseUnit(n, at, l, chance)
	}
	return chooseSent(at, l, chance)
}

// chooseIncoming plays the desk that holds another platform's leg.
func (d *driver) chooseIncoming(n *playedNode, c drivenCase, at string, l drivenLeg, chance luck) (action, bool) {
	out := c.outgoing()
	switch l.State {
	case "received":
		if !l.Urgent && len(out) == 0 && chance("return", at) < 0.12 {
			return onLeg(l, "return", returnBody(chance("ground", at)))
		}
		return onLeg(l, "accept", nil)
	case "accepted", "working", "reopened":
		switch {
		case len(out) > 0 && !allDone(out):
			return action{}, false // answered by legs further on
		case len(out) == 0 && l.State != "reopened" && chance("onward", c.Category) < 0.5:
			return onCase(c, "legs", fields{"legs": []fields{d.unitOrder(n, c, 0)}})
		case l.State == "accepted" && chance("progress", at) < 0.3:
			return onLeg(l, "progress", fields{"note": "演示：已到现场"})
		}
		return onLeg(l, "feedback", fields{"result": "演示：已处理完毕"})
	}
	return action{}, false
}

func returnBody(p float64) fields {
	grounds := []string{"not_duty", "not_area", "unclear_ownership", "already_settled", "duplicate", "other"}
	return fields{"ground": grounds[int(p*float64(len(grounds)))], "basis": "演示依据：事项清单第1条", "next_owner": "演示：属地政府", "note": "演示：退回说明"}
}

// chooseAnswered plays the sender of a leg that was answered.
func (d *driver) chooseAnswered(c drivenCase, at string, l drivenLeg, chance luck) (action, bool) {
	rest := slices.ContainsFunc(c.Next, func(s drivenStep) bool { return s.Code == "transfer_rest" && s.Leg == l.ID })
	if rest && chance("rest", at) < 0.6 {
		a, ok := onCase(c, "legs", fields{"legs": []fields{{"to": "12345", "for_leg": l.ID, "ask": "演示：后续处置", "police_action": "演示：民警已先期处置"}}})
		return only("/rest"+at, a, ok)
	}
	if chance("reopen", at) < 0.07 {
		return onLeg(l, "reopen", fields{"note": "演示：答复不完整"})
	}
	return onLeg(l, "settle", nil)
}

// chooseReturned plays the sender of a leg that came back: contest, send it to
// somebody else, or do it oneself.
func (d *driver) chooseReturned(n *playedNode, c drivenCase, i int, l drivenLeg, chance luck) (action, bool) {
	if l.State == "returned" && !l.Contested && chance("contest", i) < 0.2 && !d.done(n, c, "/contest"+l.ID) {
		a, ok := onLeg(l, "contest", fields{"note": "演示：对退回有异议"})
		return only("/contest"+l.ID, a, ok)
	}
	if chance("successor", i) < 0.7 && i < 4 && !d.done(n, c, "/successor"+l.ID) {
		o := d.unitOrder(n, c, i+1)
		o["replaces"] = l.ID
		a, ok := onCase(c, "legs", fields{"legs": []fields{o}})
		return only("/successor"+l.ID, a, ok)
	}
	a, ok := onLeg(l, "resolve", nil)
	return a, ok
}

// chooseUnit plays a unit of this desk.
func chooseUnit(n *playedNode, at string, l drivenLeg, chance luck) (action, bool) {
	switch l.State {
	case "received":
		if !l.Urgent && chance("return", at) < 0.1 {
			return onLeg(l, "return", returnBody(chance("ground", at)))
		}
		return onLeg(l, "accept", nil)
	case "accepted":
		p := chance("accepted", at)
		switch {
		case p < 0.02 && n.Line == "12345" && l.ForLeg == "":
			a, ok := onLeg(l, "escalate", fields{"note": "演示：现场有人打架"})
			return only("/escalate"+l.ID, a, ok)
		case p < 0.08:
			a, ok := onLeg(l, "extend", fields{"due": time.Now().AddDate(0, 0, 25).Format(time.RFC3339), "note": "演示：需要外省配合"})
			return only("/extend"+l.ID, a, ok)
		case p < 0.4:
			return onLeg(l, "progress", fields{"note": "演示：正在办理"})
		}
		return onLeg(l, "feedback", fields{"result": "演示：已整改到位"})
	case "working", "reopened":
		return onLeg(l, "feedback", fields{"result": "演示：已整改到位，并答复来电人"})
	}
	return action{}, false
}

// chooseSent plays the sender while another platform has the leg.
func chooseSent(at string, l drivenLeg, chance luck) (action, bool) {
	if !slices.Contains([]string{"sent", "received", "accepted", "working", "reopened"}, l.State) || l.Undeliverable {
		return action{}, false
	}
	p := chance("meanwhile", l.Urgent)
	switch {
	case p < 0.03:
		a, ok := onLeg(l, "urge", nil)
		return only("/urge"+l.ID, a, ok)
	case p < 0.06:
		a, ok := onLeg(l, "supplement", fields{"note": "演示：来电人补充了楼栋号"})
		return only("/supplement"+l.ID, a, ok)
	case p < 0.08 && !l.Urgent && l.Pending == "":
		a, ok := onLeg(l, "withdraw", fields{"note": "演示：来电人自行解决"})
		return only("/withdraw"+l.ID, a, ok)
	}
	return action{}, false
}

// chooseCase is what there is to do with a case as a whole.
func (d *driver) chooseCase(n *playedNode, c drivenCase, chance luck) (action, bool) {
	for _, s := range c.Next {
		if s.Code == "phone" {
			a, ok := onCase(c, "calls", fields{"leg": s.Leg, "kind": "phone_report", "outcome": "done", "accepted": true, "parties": []string{n.Line}})
			return only("/phone"+s.Leg, a, ok)
		}
	}
	switch {
	case c.Status == "awaiting_callback" || len(c.Legs) > 0 && allDone(c.Legs):
		return d.chooseEnd(n, c, chance)
	case c.next("record_danger"):
		if chance("danger") < 0.5 {
			return onCase(c, "decide", fields{"danger": "演示：现场有人受伤"})
		}
		return onCase(c, "decide", fields{"urgent": "", "reason": "演示：核实后无危险"})
	case c.next("dual_dispatch"):
		if len(c.Legs) == 0 && chance("false alarm") < 0.5 {
			return onCase(c, "decide", fields{"urgent": "", "reason": "演示：核实后无危险"})
		}
		a, ok := onCase(c, "dual", nil)
		return only("/dual", a, ok)
	case len(c.Legs) > 0:
		return action{}, false
	case c.Unread && !d.done(n, c, "/read"):
		a, ok := onCase(c, "decide", fields{})
		return only("/read", a, ok)
	}
	return d.chooseFirst(n, c, chance)
}

// chooseFirst plays the desk with a case that nothing was done with yet.
func (d *driver) chooseFirst(n *playedNode, c drivenCase, chance luck) (action, bool) {
	if chance("on the spot") < 0.1 && c.Urgent == "" {
		outcome := []string{"answered_on_the_spot", "referred", "explained"}[int(chance("outcome")*3)]
		return onCase(c, "close", fields{"outcome": outcome, "told": "演示：已当场答复"})
	}
	other := "110"
	if n.Line == "110" {
		other = "12345"
	}
	to := func(line string) (action, bool) {
		if d.done(n, c, "/transfer") { // it was refused: no such link
			return onCase(c, "legs", fields{"legs": []fields{d.unitOrder(n, c, 0)}})
		}
		a, ok := onCase(c, "legs", fields{"legs": []fields{{"to": line, "ask": "演示：请依职责处理"}}})
		return only("/transfer", a, ok)
	}
	for _, s := range c.Next {
		switch s.Code {
		case "transfer_110", "transfer_12345":
			return to(other)
		case "three_way":
			if d.done(n, c, "/three") {
				continue
			}
			outcome := []string{"taken_by_12345", "taken_by_110", "still_unclear"}[int(chance("three way")*3)]
			a, ok := onCase(c, "calls", fields{"kind": "three_way", "outcome": outcome, "parties": []string{"caller", "12345", "110"}, "consent_to_transfer": true})
			return only("/three", a, ok)
		case "dispatch", "dispatch_first":
			legs := []fields{d.unitOrder(n, c, 0)}
			if chance("joint") < 0.15 {
				second := d.unitOrder(n, c, 1)
				if second["to"] != legs[0]["to"] {
					second["role"] = "joint"
					legs = append(legs, second)
				}
			}
			a, ok := onCase(c, "legs", fields{"legs": legs})
			return only("/dispatch", a, ok)
		}
	}
	return action{}, false
}

// chooseEnd asks the caller and closes the case.
func (d *driver) chooseEnd(n *playedNode, c drivenCase, chance luck) (action, bool) {
	if c.next("callback") && c.CallbackAt == nil {
		rounds := 0
		for _, l := range c.Legs {
			rounds += int(l.Version)
		}
		p := chance("callback", rounds)
		switch {
		case p < 0.05:
			return onCase(c, "callback", fields{"solved": false, "satisfaction": 5, "scale": 5, "note": "演示：问题仍在"})
		case p < 0.08:
			return onCase(c, "callback", fields{"solved": true, "satisfaction": 3, "scale": 3, "note": "演示：态度不好"})
		case p < 0.5:
			return onCase(c, "callback", fields{"solved": true, "satisfaction": 1, "scale": 3})
		}
		return onCase(c, "callback", fields{"solved": true, "satisfaction": 2, "scale": 5})
	}
	outcome := "solved"
	if c.Solved != nil && !*c.Solved {
		outcome = "explained"
	}
	if len(c.Legs) > 0 && !slices.ContainsFunc(c.Legs, func(l drivenLeg) bool { return l.State == "settled" }) {
		outcome = "caller_withdrew"
	}
	return onCase(c, "close", fields{"outcome": outcome, "told": "演示：已告知办理结果"})
}

// unitOrder is a leg to a unit of the node: the responsible one, or the n-th
// other choice where that gave it back.
func (d *driver) unitOrder(n *playedNode, c drivenCase, choice int) fields {
	region := c.Region
	if _, ok := d.rules.dir.Region(region); !ok {
		region = d.rules.root
	}
	var codes []string
	add := func(u directory.Unit, ok bool) {
		if ok && u.Platform == n.Line && !slices.Contains(codes, u.Code) {
			codes = append(codes, u.Code)
		}
	}
	lead, joint, ok := directory.Route(d.rules.cat, d.rules.dir, c.Item, c.Category, region)
	add(lead, ok)
	for _, u := range joint {
		add(u, true)
	}
	kinds := []string{"government", "emergency", "civil", "housing", "petition"}
	if n.Line == "110" {
		kinds = []string{"police", "traffic-police", "desk110"}
	}
	for _, kind := range kinds {
		u, ok := d.rules.dir.Responsible(kind, region)
		add(u, ok)
	}
	if len(codes) == 0 {
		return fields{"to": "unit:none"}
	}
	return fields{"to": "unit:" + codes[choice%len(codes)], "ask": "演示：请核实办理并答复"}
}

// summarise lists what became of all cases.
func (d *driver) summarise(ctx context.Context, s *DriveSummary) error {
	s.Open, s.Lost, s.Doubled = []OpenCase{}, []string{}, []string{}
	seen := map[string]int{}
	for _, n := range d.nodes {
		sum := DrivenNode{Platform: n.Platform, Status: map[string]int{}, Outcome: map[string]int{}}
		err := d.list(ctx, n, "", func(c drivenCase) {
			sum.Status[c.Status]++
			if c.ExternalID != "" {
				seen[c.ExternalID]++
			}
			if c.Status == "closed" || c.Status == "archived" {
				sum.Outcome[c.Outcome]++
				return
			}
			s.Open = append(s.Open, OpenCase{Platform: n.Platform, ID: c.ID, ExternalID: c.ExternalID, Status: c.Status,
				Reason: d.why(n, c)})
		})
		if err != nil {
			return err
		}
		s.Nodes = append(s.Nodes, sum)
	}
	for id, times := range d.fed {
		if seen[id] == 0 {
			s.Lost = append(s.Lost, id)
		}
		if seen[id] > times {
			s.Doubled = append(s.Doubled, id)
		}
	}
	slices.Sort(s.Lost)
	slices.Sort(s.Doubled)
	return nil
}

// why is what keeps a case from being closed.
func (d *driver) why(n *playedNode, c drivenCase) string {
	var parts []string
	for _, l := range c.Legs {
		if l.done() || l.incoming() && l.State == "answered" && len(c.Legs) > 1 {
			continue
		}
		who := l.Unit
		if who == "" {
			who = l.Peer
		}
		part := fmt.Sprintf("leg %s (%s, %s) is %s", l.ID, l.Side, who, l.State)
		if l.Undeliverable {
			part += ", undeliverable"
		}
		if l.Repair != "" {
			part += ", to be mended: " + l.Repair
		}
		if l.Pending != "" {
			part += ", " + l.Pending + " is asked"
		}
		parts = append(parts, part)
	}
	d.mu.Lock()
	if refusal := d.last[n.Platform+"/"+c.ID]; refusal != "" {
		parts = append(parts, "refused "+refusal)
	}
	d.mu.Unlock()
	if len(parts) == 0 {
		for _, s := range c.Next {
			parts = append(parts, "next: "+s.Code)
		}
	}
	if len(parts) == 0 {
		return "nothing is left to do but to close it"
	}
	return strings.Join(parts, "; ")
}
