package store

import (
	"context"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/supervision"
)

// Supervision is a supervision order (督办单) with the parts of its units.
type Supervision struct {
	ID, CaseID   string
	Year, Serial int
	Cause        supervision.Cause
	ByLadder     bool
	ByName       string
	IssuedAt     time.Time
	ClosedAt     time.Time // when the last part ended
	Parts        []SupervisionPart
}

// Number is how people call the order.
func (s Supervision) Number() string { return supervision.Number(s.Year, s.Serial) }

// SupervisionPart is what one unit owes.
type SupervisionPart struct {
	OrderID, Unit, LegID string
	State                supervision.State
	Version              int64
	Demands              int // second and later demands
	Budget               string
	DueAt, MovedAt       time.Time
	OverAt               time.Time // its running over was recorded
}

// NextSerial is the next number of a year. Two that take the same one are told
// apart by the unique index.
func (t *Tx) NextSerial(ctx context.Context, year int) (int, error) {
	var n int
	err := t.one(ctx, "supervision", `SELECT COALESCE(max(serial), 0) + 1 FROM supervision WHERE year = $1`, []any{year}, &n)
	return n, err
}

// AddSupervision writes an order and its parts.
func (t *Tx) AddSupervision(ctx context.Context, s Supervision) error {
	err := t.put(ctx, "add supervision order", `INSERT INTO supervision (id, case_id, year, serial, cause, by_ladder, by_name, issued_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, s.ID, s.CaseID, s.Year, s.Serial, string(s.Cause), flag(s.ByLadder), s.ByName, micros(s.IssuedAt))
	for _, p := range s.Parts {
		if err != nil {
			return err
		}
		err = t.put(ctx, "add supervision order", `INSERT INTO supervision_part (order_id, unit, leg_id, state, version, demands, budget, due_at, moved_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, s.ID, p.Unit, p.LegID, string(p.State), 1, p.Demands, p.Budget, micros(p.DueAt), micros(p.MovedAt))
	}
	return err
}

// SavePart writes what a move changes, guarded by the version, which it raises.
func (t *Tx) SavePart(ctx context.Context, p SupervisionPart) error {
	return t.must(ctx, "save supervision order", `UPDATE supervision_part SET state = $1, version = version + 1, demands = $2, budget = $3,
		due_at = $4, moved_at = $5, over_at = $6 WHERE order_id = $7 AND unit = $8 AND version = $9`,
		string(p.State), p.Demands, p.Budget, micros(p.DueAt), micros(p.MovedAt), micros(p.OverAt), p.OrderID, p.Unit, p.Version)
}

// CloseSupervision records that the last part ended.
func (t *Tx) CloseSupervision(ctx context.Context, id string, at time.Time) error {
	return t.must(ctx, "close supervision order", `UPDATE supervision SET closed_at = $1 WHERE id = $2 AND closed_at IS NULL`, micros(at), id)
}

const partColumns = `p.order_id, p.unit, p.leg_id, p.state, p.version, p.demands, p.budget, p.due_at, p.moved_at, p.over_at`

func scanPart(rows scanner) (p SupervisionPart, err error) {
	err = rows.Scan(&p.OrderID, &p.Unit, &p.LegID, &p.State, &p.Version, &p.Demands, &p.Budget, moment{&p.DueAt}, moment{&p.MovedAt}, moment{&p.OverAt})
	return p, err
}

// supervisions reads orders by a condition and joins their parts.
func (r *Reader) supervisions(ctx context.Context, cond string, args ...any) ([]Supervision, error) {
	out, err := all(ctx, r, "supervision", `SELECT id, case_id, year, serial, cause, by_ladder, by_name, issued_at, closed_at FROM supervision s WHERE `+
		cond, args, func(rows scanner) (s Supervision, err error) {
		err = rows.Scan(&s.ID, &s.CaseID, &s.Year, &s.Serial, &s.Cause, &s.ByLadder, &s.ByName, moment{&s.IssuedAt}, moment{&s.ClosedAt})
		return s, err
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	ids := make([]string, len(out))
	at := map[string]int{}
	for i, s := range out {
		ids[i], at[s.ID] = s.ID, i
	}
	args = padded(ids)
	parts, err := all(ctx, r, "supervision", `SELECT `+partColumns+` FROM supervision_part p WHERE p.order_id IN (`+places(1, len(args))+`) ORDER BY p.unit`, args, scanPart)
	for _, p := range parts {
		out[at[p.OrderID]].Parts = append(out[at[p.OrderID]].Parts, p)
	}
	return out, err
}

// Supervision reads one order.
func (r *Reader) Supervision(ctx context.Context, id string) (Supervision, error) {
	s, err := r.supervisions(ctx, `id = $1`, id)
	if err != nil {
		return Supervision{}, err
	}
	return single(s, "supervision")
}

// OpenSupervisions lists the orders that have not ended, newest first; of a
// unit those that it has a part in.
func (r *Reader) OpenSupervisions(ctx context.Context, unit string, limit int) ([]Supervision, error) {
	return r.supervisions(ctx, `closed_at IS NULL AND ($1 = '' OR EXISTS (SELECT 1 FROM supervision_part p WHERE p.order_id = s.id AND p.unit = $1))
		ORDER BY id DESC LIMIT $2`, unit, limit)
}

// SupervisionsOf lists the orders on a case, newest first.
func (r *Reader) SupervisionsOf(ctx context.Context, caseID string) ([]Supervision, error) {
	return r.supervisions(ctx, `case_id = $1 ORDER BY id DESC`, caseID)
}

// OverdueParts lists the parts whose answer ran out of time and of which that
// was not recorded yet.
func (r *Reader) OverdueParts(ctx context.Context, now time.Time, limit int) ([]SupervisionPart, error) {
	return all(ctx, r, "supervision", `SELECT `+partColumns+` FROM supervision_part p WHERE over_at IS NULL AND state IN ('issued','demanded')
		AND due_at <= $1 ORDER BY due_at, order_id LIMIT $2`, []any{now.UnixMicro(), limit}, scanPart)
}

// Watched lists the cases of one list of the supervisor's board.
func (r *Reader) Watched(ctx context.Context, see Sight, watch supervision.Watch, now time.Time, limit int) ([]CaseRow, error) {
	var w where
	order := "created_at, id"
	switch watch {
	case supervision.WatchNear:
		w.add("due_at > ? AND due_at <= ? AND closed_at IS NULL", now.UnixMicro(), now.Add(supervision.NearFor).UnixMicro())
		order = "due_at, id"
	case supervision.WatchOver:
		w.add("due_at <= ? AND closed_at IS NULL", now.UnixMicro())
		order = "due_at, id"
	case supervision.WatchReturned:
		w.add("status IN ('open','in_progress','awaiting_callback') AND returns >= ?", supervision.ReturnedTimes)
	case supervision.WatchReopened:
		w.add("status IN ('open','in_progress','awaiting_callback') AND EXISTS (SELECT 1 FROM event e WHERE e.case_id = case_file.id AND e.kind = 'reopen')")
	case supervision.WatchUnsatisfied:
		w.add("(solved = 0 OR mapped = 3) AND callback_at > ?", now.Add(-supervision.UnsatisfiedFor).UnixMicro())
		order = "callback_at, id"
	case supervision.WatchSilent:
		w.add("status IN ('open','in_progress','awaiting_callback') AND created_at < ?", now.Add(-supervision.SilentAfter).UnixMicro())
		w.add("NOT EXISTS (SELECT 1 FROM event e WHERE e.case_id = case_file.id AND e.at > ?)", now.Add(-supervision.SilentAfter).UnixMicro())
	default:
		return nil, hotline.Errorf(hotline.Invalid, "watch_unknown", "watch", string(watch))
	}
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	return all(ctx, r, "cases", `SELECT `+caseColumns+` FROM case_file`+w.sql()+` ORDER BY `+order+` LIMIT `+w.place(limit), w.args, scanCase)
}

// Draw is a draw of closed cases, to be looked at for false closing.
type Draw struct {
	ID, Seed    string
	From, Until time.Time // closed in this span, half-open
	Among       int
	DrawnAt     time.Time
	ByName      string
	Cases       []DrawCase
}

// DrawCase is one case of a draw and what came of looking at it.
type DrawCase struct {
	CaseID    string
	Result    string // "", true_close or false_close
	CheckedAt time.Time
	ByName    string
}

// ClosedBetween lists the ids of the cases closed in a span, half-open.
func (r *Reader) ClosedBetween(ctx context.Context, see Sight, from, until time.Time) ([]string, error) {
	var w where
	w.add("closed_at >= ? AND closed_at < ?", from.UnixMicro(), until.UnixMicro())
	if see.Regions != nil {
		w.in("region", see.Regions)
	}
	return all(ctx, r, "cases", `SELECT id FROM case_file`+w.sql()+` ORDER BY closed_at, id`, w.args, func(rows scanner) (id string, err error) {
		return id, rows.Scan(&id)
	})
}

// AddDraw writes a draw.
func (t *Tx) AddDraw(ctx context.Context, d Draw) error {
	err := t.put(ctx, "add draw", `INSERT INTO draw (id, seed, from_at, until_at, among, drawn_at, by_name) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.ID, d.Seed, micros(d.From), micros(d.Until), d.Among, micros(d.DrawnAt), d.ByName)
	for _, c := range d.Cases {
		if err != nil {
			return err
		}
		err = t.put(ctx, "add draw", `INSERT INTO draw_case (draw_id, case_id, result, by_name) VALUES ($1, $2, '', '')`, d.ID, c.CaseID)
	}
	return err
}

// CheckDrawn records what came of looking at a case, once.
func (t *Tx) CheckDrawn(ctx context.Context, drawID string, c DrawCase) (bool, error) {
	n, err := t.exec(ctx, "check drawn case", `UPDATE draw_case SET result = $1, checked_at = $2, by_name = $3
		WHERE draw_id = $4 AND case_id = $5 AND result = ''`, c.Result, micros(c.CheckedAt), c.ByName, drawID, c.CaseID)
	return n == 1, err
}

// Draws lists the draws, newest first, without their cases.
func (r *Reader) Draws(ctx context.Context, limit int) ([]Draw, error) {
	return all(ctx, r, "draw", `SELECT id, seed, from_at, until_at, among, drawn_at, by_name FROM draw ORDER BY id DESC LIMIT $1`, []any{limit}, scanDraw)
}

func scanDraw(rows scanner) (d Draw, err error) {
	err = rows.Scan(&d.ID, &d.Seed, moment{&d.From}, moment{&d.Until}, &d.Among, moment{&d.DrawnAt}, &d.ByName)
	return d, err
}

// Draw reads one draw with its cases.
func (r *Reader) Draw(ctx context.Context, id string) (Draw, error) {
	ds, err := all(ctx, r, "draw", `SELECT id, seed, from_at, until_at, among, drawn_at, by_name FROM draw WHERE id = $1`, []any{id}, scanDraw)
	if err != nil {
		return Draw{}, err
	}
	d, err := single(ds, "draw")
	if err != nil {
		return d, err
	}
	d.Cases, err = all(ctx, r, "draw", `SELECT case_id, result, checked_at, by_name FROM draw_case WHERE draw_id = $1 ORDER BY case_id`, []any{id},
		func(rows scanner) (c DrawCase, err error) {
			err = rows.Scan(&c.CaseID, &c.Result, moment{&c.CheckedAt}, &c.ByName)
			return c, err
		})
	return d, err
}

// Unreasonable is a demand that somebody calls unreasonable, and the review.
type Unreasonable struct {
	CaseID     string
	State      string // asked, upheld, refused
	AskedAt    time.Time
	AskedBy    string
	ReviewedAt time.Time
	ReviewedBy string
}

// AskUnreasonable asks for the review of a case, once.
func (t *Tx) AskUnreasonable(ctx context.Context, u Unreasonable) error {
	return t.put(ctx, "call unreasonable", `INSERT INTO unreasonable (case_id, state, asked_at, asked_by, reviewed_by) VALUES ($1, 'asked', $2, $3, '')`,
		u.CaseID, micros(u.AskedAt), u.AskedBy)
}

// ReviewUnreasonable records the review, once.
func (t *Tx) ReviewUnreasonable(ctx context.Context, u Unreasonable) (bool, error) {
	n, err := t.exec(ctx, "review unreasonable", `UPDATE unreasonable SET state = $1, reviewed_at = $2, reviewed_by = $3 WHERE case_id = $4 AND state = 'asked'`,
		u.State, micros(u.ReviewedAt), u.ReviewedBy, u.CaseID)
	return n == 1, err
}

// Unreasonables lists them by state, oldest first; "" every state.
func (r *Reader) Unreasonables(ctx context.Context, state string, limit int) ([]Unreasonable, error) {
	return all(ctx, r, "unreasonable", `SELECT case_id, state, asked_at, asked_by, reviewed_at, reviewed_by FROM unreasonable
		WHERE $1 = '' OR state = $1 ORDER BY asked_at, case_id LIMIT $2`, []any{state, limit}, func(rows scanner) (u Unreasonable, err error) {
		err = rows.Scan(&u.CaseID, &u.State, moment{&u.AskedAt}, &u.AskedBy, moment{&u.ReviewedAt}, &u.ReviewedBy)
		return u, err
	})
}
