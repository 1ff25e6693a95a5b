package desk

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// What makes a matter a hot one: many people call of it now, in one place, and
// many more than usual. An operator who knows tells the caller at once, and
// need not send the fifteenth crew to one burst pipe.
const (
	HotWindow = 3 * time.Hour
	HotLeast  = 5                  // cases within HotWindow
	hotTimes  = 3                  // as many as usual
	hotPast   = 7 * 24 * time.Hour // before the window: what is usual
	hotMost   = 5                  // shown
	hotEvery  = time.Minute        // how often it is counted anew
)

// HotTopic is a matter of which many people call now.
type HotTopic struct {
	store.Topic         // of the last HotWindow
	Usual       float64 // cases in as long a time, by the week before
}

// hotCache keeps what was counted for all regions: every seat asks with every
// letter typed.
type hotCache struct {
	mu sync.Mutex
	at time.Time
	of []HotTopic
}

// Hot lists the hot topics within what the actor may see, the greatest first,
// at most five. It is counted once a minute.
func (d *Desk) Hot(ctx context.Context, a hotline.Actor) ([]HotTopic, error) {
	if !a.Has(hotline.SeeCases) || !a.AtDesk() {
		return nil, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeCases), string(a.Role))
	}
	all, err := d.hotNow(ctx)
	if err != nil {
		return nil, err
	}
	see := d.sight(a)
	var out []HotTopic
	for _, t := range all {
		if len(out) < hotMost && (see.Regions == nil || slices.Contains(see.Regions, t.Region)) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (d *Desk) hotNow(ctx context.Context) ([]HotTopic, error) {
	d.hot.mu.Lock()
	defer d.hot.mu.Unlock()
	now := d.Now()
	if age := now.Sub(d.hot.at); age >= 0 && age < hotEvery {
		return d.hot.of, nil
	}
	begin := now.Add(-HotWindow)
	recent, err := d.read.Topics(ctx, begin, now.Add(time.Microsecond))
	if err != nil {
		return nil, err
	}
	recent = slices.DeleteFunc(recent, func(t store.Topic) bool { return t.N < HotLeast })
	var hot []HotTopic
	if len(recent) > 0 {
		past, err := d.read.Topics(ctx, begin.Add(-hotPast), begin)
		if err != nil {
			return nil, err
		}
		for _, t := range recent {
			usual := 0
			if i := slices.IndexFunc(past, func(p store.Topic) bool {
				return p.Category == t.Category && p.Item == t.Item && p.Region == t.Region
			}); i >= 0 {
				usual = past[i].N
			}
			h := HotTopic{Topic: t, Usual: float64(usual) * float64(HotWindow) / float64(hotPast)}
			if float64(t.N) >= hotTimes*h.Usual {
				hot = append(hot, h)
			}
		}
	}
	slices.SortStableFunc(hot, func(x, y HotTopic) int { return cmp.Compare(y.N, x.N) })
	d.hot.at, d.hot.of = now, hot
	return hot, nil
}
