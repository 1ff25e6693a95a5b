package main

import (
	"context"
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
		a := d.choose(n, c)
		if a.path == "" || ctx.Err() != nil {
			return
		}
		at := n.Platform + "/" + c.ID
		var body any
		if len(a.body) > 0 {
			body = a.body
		}
		_, err := n.call(ctx, http.MethodPost, a.path, body, nil)
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
