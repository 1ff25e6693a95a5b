package store

import (
	"context"
	"time"

	"liandong/internal/assessment"
)

// Facts goes through the legs sent in a span, half-open, for the figures. It
// streams: a month of a large platform does not stand in memory.
func (r *Reader) Facts(ctx context.Context, see Sight, from, until time.Time, each func(assessment.Fact)) error {
	var w where
	w.add("l.sent_at >= ? AND l.sent_at < ?", from.UnixMicro(), until.UnixMicro())
	if see.Regions != nil {
		w.in("l.region", see.Regions)
	}
	q := `SELECT l.case_id, l.id, CASE WHEN l.peer = '' THEN 'local' WHEN l.side = 'holder' THEN 'in' ELSE 'out' END, l.peer, l.unit, l.region, l.class,
		l.sent_at, COALESCE(s.due_at, 0), COALESCE(s.stopped_at, 0), COALESCE(h.due_at, 0), COALESCE(h.stopped_at, 0), l.state, l.moved_at, l.ground,
		COALESCE((SELECT min(k.start_at) FROM clock k WHERE k.case_id = l.case_id AND k.leg_id = l.id AND k.kind = 'handling' AND k.start_at > h.start_at), 0),
		COALESCE(c.callback_at, 0), COALESCE(c.solved, -1), c.mapped, COALESCE(u.reviewed_at, 0)
		FROM leg l JOIN case_file c ON c.id = l.case_id
		LEFT JOIN clock s ON s.case_id = l.case_id AND s.leg_id = l.id AND s.kind = 'sign_in'
		LEFT JOIN clock h ON h.case_id = l.case_id AND h.leg_id = l.id AND h.kind = 'handling'
			AND NOT EXISTS (SELECT 1 FROM clock e WHERE e.case_id = l.case_id AND e.leg_id = l.id AND e.kind = 'handling' AND e.start_at < h.start_at)
		LEFT JOIN unreasonable u ON u.case_id = l.case_id AND u.state = 'upheld'` + w.sql()
	return r.ask(ctx, ask{thing: "facts", q: q, args: w.args, read: func(rows answer) error {
		for rows.Next() {
			var f assessment.Fact
			var state, ground string
			var handled, moved int64
			var solved int
			err := rows.Scan(&f.CaseID, &f.LegID, &f.Direction, &f.Peer, &f.Unit, &f.Region, &f.Class, &f.Sent, &f.SignDue, &f.Signed, &f.HandleDue,
				&handled, &state, &moved, &ground, &f.Reopened, &f.Asked, &solved, &f.Mapped, &f.Unreasonable)
			if err != nil {
				return err
			}
			switch state { // the clocks of a leg stop at its end too
			case "returned":
				f.Returned, f.Misdirected = moved, ground == "not_duty" || ground == "not_area"
			case "withdrawn":
				f.Withdrawn = moved
			default:
				f.Answered = handled
			}
			f.Solved, f.SolvedKnown = solved == 1, solved >= 0
			each(f)
		}
		return rows.Err()
	}})
}
