package store

import (
	"context"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// Arrivals counts the cases taken since a moment, by how many steps after it:
// it costs what was taken.
func (r *Reader) Arrivals(ctx context.Context, see Sight, since time.Time, step time.Duration) (map[int]int, error) {
	var w where
	slot := "(created_at - " + w.place(since.UnixMicro()) + ") / " + w.place(step.Microseconds())
	w.add("created_at >= ?", since.UnixMicro())
	see.narrow(&w)
	type row struct{ slot, n int }
	rows, err := all(ctx, r, "arrivals", `SELECT `+slot+` AS slot, count(*) FROM case_file`+w.sql()+` GROUP BY slot`, w.args,
		func(s scanner) (x row, err error) { return x, s.Scan(&x.slot, &x.n) })
	out := map[int]int{}
	for _, x := range rows {
		out[x.slot] = x.n
	}
	return out, err
}

// Topic is how many cases of one matter were taken in a region.
type Topic struct {
	Category string
	Item     string // "" where none was named
	Region   string
	N        int
}

// Topics counts the cases taken in [from, to) by matter and region; it costs
// what was taken. A case without a class belongs to none.
func (r *Reader) Topics(ctx context.Context, from, to time.Time) ([]Topic, error) {
	return all(ctx, r, "topics", `SELECT category, item, region, count(*) FROM case_file WHERE created_at >= $1 AND created_at < $2 AND category <> ''
		GROUP BY category, item, region ORDER BY category, item, region`, []any{from.UnixMicro(), to.UnixMicro()},
		func(s scanner) (t Topic, err error) { return t, s.Scan(&t.Category, &t.Item, &t.Region, &t.N) })
}

// Flow is how many transfers of one side stand in a state with a peer.
type Flow struct {
	Peer  string
	Side  leg.Side // Sender: we sent them
	State leg.State
	N     int
}

// Flows counts the transfers with a peer sent since a moment. Ids of legs sort
// by time, so it costs what was sent.
func (r *Reader) Flows(ctx context.Context, peer string, since time.Time) ([]Flow, error) {
	return all(ctx, r, "flows", `SELECT side, state, count(*) FROM leg WHERE peer = $1 AND peer <> '' AND id >= $2 GROUP BY side, state ORDER BY side, state`,
		[]any{peer, hotline.FirstID(since)}, func(s scanner) (Flow, error) {
			f := Flow{Peer: peer}
			return f, s.Scan(&f.Side, &f.State, &f.N)
		})
}

// RegionLoad is what is open in a region.
type RegionLoad struct {
	Region                string
	Open, Urgent, Overdue int
}

// OpenByRegion counts the open cases by region; it costs what is open.
func (r *Reader) OpenByRegion(ctx context.Context, see Sight, now time.Time) ([]RegionLoad, error) {
	var w where
	late := w.place(now.UnixMicro())
	w.in("status", openStatuses)
	see.narrow(&w)
	return all(ctx, r, "regions", `SELECT region, count(*), count(*) FILTER (WHERE urgent <> ''), count(*) FILTER (WHERE due_at <= `+late+`)
		FROM case_file`+w.sql()+` GROUP BY region ORDER BY region`, w.args,
		func(s scanner) (l RegionLoad, err error) { return l, s.Scan(&l.Region, &l.Open, &l.Urgent, &l.Overdue) })
}

// CallbacksSince reads what callers said to this desk since a moment, the
// bodies of the events; it costs what they are.
func (r *Reader) CallbacksSince(ctx context.Context, see Sight, since time.Time) ([]string, error) {
	var w where
	w.add("e.kind = 'callback'")
	w.add("e.leg_id = ''")
	w.add("e.at >= ?", since.UnixMicro())
	from := "event e"
	if see.Regions != nil || see.Unit != "" {
		from = "event e JOIN case_file ON case_file.id = e.case_id"
		see.narrow(&w)
	}
	return all(ctx, r, "call-backs", `SELECT e.body FROM `+from+w.sql(), w.args, func(s scanner) (body string, err error) { return body, s.Scan(&body) })
}
