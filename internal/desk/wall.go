package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Wall is what the board on the wall (大屏) shows: figures, and of urgent cases
// what and where, never who and never their words.
type Wall struct {
	Day       time.Time // 00:00 of today, Beijing time
	Now       time.Time
	Arrivals  [48]int // by half hour of today
	Total     int     // today
	Yesterday int     // by the same time of day
	Flows     []WallFlow
	Urgent    []CaseView // open, what runs out first at the top
	Counts    store.OpenCounts
	Answers   Answers            // of today
	Regions   []store.RegionLoad // the regions right below the actor's, each with all in it
}

// WallFlow is what went over to a peer today, and what came from it.
type WallFlow struct {
	Peer, Name, Line string
	Out, In          FlowCount
}

// FlowCount counts transfers of one direction.
type FlowCount struct {
	Sent    int // all of them
	Waiting int // nobody has taken them up
	Done    int // answered or settled
	Back    int // returned
}

// Answers is what callers said when they were asked: every call-back counts, also
// one that reopened its case.
type Answers struct {
	Asked     int
	Solved    int
	Rated     int // that gave a rating
	Satisfied int // on three levels: satisfied or fairly
}

const (
	halfHour   = 30 * time.Minute
	wallUrgent = 8
)

// Wall gathers the figures of the board. Days are those of Beijing.
func (d *Desk) Wall(ctx context.Context, a hotline.Actor) (Wall, error) {
	now := d.Now().In(calendar.Zone)
	w := Wall{Now: now, Day: time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, calendar.Zone)}
	if err := a.CheckNode(hotline.SeeOverview); err != nil {
		return w, err
	}
	see := d.sight(a)
	slots, err := d.read.Arrivals(ctx, see, w.Day.AddDate(0, 0, -1), halfHour)
	if err != nil {
		return w, err
	}
	until := 48 + int(now.Sub(w.Day)/halfHour)
	for slot, n := range slots {
		switch {
		case slot >= 48 && slot < 96:
			w.Arrivals[slot-48] = n
			w.Total += n
		case slot+48 <= until:
			w.Yesterday += n
		}
	}
	if w.Counts, err = d.read.CountOpen(ctx, see, now); err != nil {
		return w, err
	}
	said, err := d.read.CallbacksSince(ctx, see, w.Day)
	if err != nil {
		return w, err
	}
	if w.Answers, err = answers(said); err != nil {
		return w, err
	}
	if w.Flows, err = d.wallFlows(ctx, w.Day); err != nil {
		return w, err
	}
	if w.Regions, err = d.wallRegions(ctx, a, now); err != nil {
		return w, err
	}
	if a.Has(hotline.SeeCases) {
		urgent, err := d.Cases(ctx, a, Filter{Urgent: true, Open: true, ByDue: true, Limit: wallUrgent})
		if err != nil {
			return w, err
		}
		w.Urgent = urgent.Cases
	}
	return w, nil
}

func answers(said []string) (a Answers, err error) {
	for _, doc := range said {
		var b struct {
			Solved bool
			Mapped int
		}
		if err := json.Unmarshal([]byte(doc), &b); err != nil {
			return a, fmt.Errorf("call-back: %w", err)
		}
		a.Asked++
		if b.Solved {
			a.Solved++
		}
		if b.Mapped > 0 {
			a.Rated++
		}
		if b.Mapped == 1 || b.Mapped == 2 {
			a.Satisfied++
		}
	}
	return a, nil
}

func (d *Desk) wallFlows(ctx context.Context, day time.Time) ([]WallFlow, error) {
	links, err := d.allLinks(ctx)
	if err != nil {
		return nil, err
	}
	var out []WallFlow
	for _, l := range links {
		fs, err := d.read.Flows(ctx, l.Peer, day)
		if err != nil {
			return nil, err
		}
		flow := WallFlow{Peer: l.Peer, Name: l.Name, Line: l.Line}
		for _, f := range fs {
			n := &flow.Out
			if f.Side == leg.Holder {
				n = &flow.In
			}
			n.Sent += f.N
			switch f.State {
			case leg.Sent, leg.Received:
				n.Waiting += f.N
			case leg.Answered, leg.Settled:
				n.Done += f.N
			case leg.Returned:
				n.Back += f.N
			}
		}
		out = append(out, flow)
	}
	return out, nil
}

// wallRegions sums what is open in the regions below the actor's, in the order
// of the directory. What has no region below it, or lies in none of them, is
// under the region itself.
func (d *Desk) wallRegions(ctx context.Context, a hotline.Actor, now time.Time) ([]store.RegionLoad, error) {
	loads, err := d.read.OpenByRegion(ctx, d.sight(a), now)
	if err != nil {
		return nil, err
	}
	top := d.node.Region
	if a.Region != "" {
		top = a.Region
	}
	var out []store.RegionLoad
	at := map[string]int{}
	for _, c := range d.dir.Children(top) {
		for _, code := range d.below(c.Code) {
			at[code] = len(out)
		}
		out = append(out, store.RegionLoad{Region: c.Code})
	}
	rest := store.RegionLoad{Region: top}
	for _, l := range loads {
		sum := &rest
		if i, ok := at[l.Region]; ok {
			sum = &out[i]
		}
		sum.Open, sum.Urgent, sum.Overdue = sum.Open+l.Open, sum.Urgent+l.Urgent, sum.Overdue+l.Overdue
	}
	if rest.Open > 0 {
		out = append(out, rest)
	}
	return out, nil
}
