package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"liandong/internal/assessment"
)

// Facts goes through the legs sent in a span, half-open, for the figures. It
// streams: a month of a large platform does not stand in memory.
func (r *Reader) Facts(ctx context.Context, see Sight, from, until time.Time, each func(assessment.Fact)) error {
	unreasonable, err := r.unreasonable(ctx)
	if err != nil {
		return err
	}
	var w where
	w.add("sent_at >= ? AND sent_at < ?", from.UnixMicro(), until.UnixMicro())
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	q := `SELECT case_id, id, side, peer, unit, region, class, sent_at, state, moved_at, ground,
		sign_due, signed_at, handle_due, handled_at, reopened_at, asked_at, solved, mapped, unfounded_at FROM leg` + w.sql()
	return r.stream(ctx, ask{thing: "facts", q: q, args: w.args, read: func(rows answer) error {
		for rows.Next() {
			var f assessment.Fact
			var side, state, ground string
			var handled, moved, unfounded int64
			var solved int
			err := rows.Scan(&f.CaseID, &f.LegID, &side, &f.Peer, &f.Unit, &f.Region, &f.Class, &f.Sent, &state, &moved, &ground,
				&f.SignDue, &f.Signed, &f.HandleDue, &handled, &f.Reopened, &f.Asked, &solved, &f.Mapped, &unfounded)
			if err != nil {
				return err
			}
			switch {
			case f.Peer == "":
				f.Direction = "local"
			case side == "holder":
				f.Direction = "in"
			default:
				f.Direction = "out"
			}
			switch state { // the clocks of a leg stop at its end too
			case "returned":
				f.Unfounded = unfounded
				f.Returned, f.Misdirected = moved, ground == "not_duty" || ground == "not_area"
			case "withdrawn":
				f.Withdrawn = moved
			default:
				f.Answered = handled
			}
			f.Solved, f.SolvedKnown = solved == assessment.SaidYes, solved != 0
			f.Unreasonable = unreasonable[f.CaseID]
			each(f)
		}
		return rows.Err()
	}})
}

// Tally adds up the facts of a span, half-open, as they stood at a moment. It
// reads parts of the span at once, since a month may be a million legs.
func (r *Reader) Tally(ctx context.Context, see Sight, from, until, asOf time.Time) (*assessment.Tally, error) {
	n := min(4, runtime.GOMAXPROCS(0))
	if r.pipe != nil || r.shared {
		n = 1 // a transaction has one connection
	}
	parts := make([]*assessment.Tally, n)
	errs := make([]error, len(parts))
	at := func(i int) time.Time { return from.Add(until.Sub(from) / time.Duration(len(parts)) * time.Duration(i)) }
	var wg sync.WaitGroup
	for i := range parts {
		parts[i] = assessment.NewTally(asOf)
		end := at(i + 1)
		if i == len(parts)-1 {
			end = until
		}
		wg.Go(func() { errs[i] = r.Facts(ctx, see, at(i), end, parts[i].Add) })
	}
	wg.Wait()
	for _, p := range parts[1:] {
		parts[0].Merge(p)
	}
	return parts[0], errors.Join(errs...)
}

// UnfoundedReturns is how often one holder's returns were found unfounded.
type UnfoundedReturns struct {
	Unit, Peer string // a unit of this platform, or the platform that a leg went to
	Times      int
	Last       time.Time
}

// ofUnfounded are the legs of this platform that came back without ground, found
// so since a moment; without demands that a review called unreasonable.
func ofUnfounded(see Sight, since time.Time) where {
	var w where
	w.add("unfounded_at > 0 AND unfounded_at >= ? AND side = 'sender'", since.UnixMicro())
	w.add("NOT EXISTS (SELECT 1 FROM unreasonable u WHERE u.case_id = leg.case_id AND u.state = 'upheld')")
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	return w
}

// UnfoundedReturns lists the holders whose returns were found unfounded at least
// so many times since a moment, most often first.
func (r *Reader) UnfoundedReturns(ctx context.Context, see Sight, since time.Time, times, limit int) ([]UnfoundedReturns, error) {
	w := ofUnfounded(see, since)
	return all(ctx, r, "unfounded returns", `SELECT unit, peer, count(*), max(unfounded_at) FROM leg`+w.sql()+` GROUP BY unit, peer HAVING count(*) >= `+
		w.place(times)+` ORDER BY count(*) DESC, unit, peer LIMIT `+w.place(limit), w.args, func(rows scanner) (u UnfoundedReturns, err error) {
		err = rows.Scan(&u.Unit, &u.Peer, &u.Times, moment{&u.Last})
		return u, err
	})
}

// UnfoundedLegs lists those of one holder, the newest finding first.
func (r *Reader) UnfoundedLegs(ctx context.Context, see Sight, since time.Time, unit, peer string, limit int) ([]LegRow, error) {
	w := ofUnfounded(see, since)
	w.add("unit = ? AND peer = ?", unit, peer)
	return all(ctx, r, "legs", `SELECT `+legColumns+` FROM leg`+w.sql()+` ORDER BY unfounded_at DESC, id LIMIT `+w.place(limit), w.args, scanLeg)
}

// unreasonable is when a review called the demand of a case so, by case.
func (r *Reader) unreasonable(ctx context.Context) (map[string]int64, error) {
	upheld := map[string]int64{}
	err := r.ask(ctx, ask{thing: "unreasonable demands", q: `SELECT case_id, COALESCE(reviewed_at, 0) FROM unreasonable WHERE state = 'upheld'`,
		read: func(rows answer) error {
			for rows.Next() {
				var id string
				var at int64
				if err := rows.Scan(&id, &at); err != nil {
					return err
				}
				upheld[id] = at
			}
			return rows.Err()
		}})
	return upheld, err
}
