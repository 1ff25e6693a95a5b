package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"liandong/internal/assessment"
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// LegRow is a leg with what only storage and lists need beside it.
type LegRow struct {
	leg.Leg
	MovedAt    time.Time
	Ask        []byte    // what the holder shall do, sealed under the case's key
	DueAt      time.Time // earliest open due time; zero none
	PromptedAt time.Time // the operator was told to pick up the phone
	SilencedAt time.Time // accepted by phone
	Times      assessment.Times
}

const legColumns = `id, case_id, side, peer, unit, role, urgent, class, item, region, state, version, rev, sent_at, moved_at,
	reopen_until, pending, ground, basis, next_owner, contested, undeliverable, repair, resolution, successor, for_leg,
	out_no, in_no, callback_by, call_id, spoken, looped, late, via, extra, ask, due_at, prompted_at, silenced_at, by_hand,
	sign_due, signed_at, handle_due, handled_at, reopened_at, asked_at, solved, mapped, unfounded_at`

func scanLeg(rows scanner) (LegRow, error) {
	var l LegRow
	var via string
	err := rows.Scan(legFields(&l, &via)...)
	if err == nil && via != "" {
		err = json.Unmarshal([]byte(via), &l.Via)
	}
	return l, err
}

func legFields(l *LegRow, via *string) []any {
	return []any{&l.ID, &l.CaseID, &l.Side, &l.Peer, &l.Unit, &l.Role, &l.Urgent, &l.Class, &l.Item, &l.Region, &l.State,
		&l.Version, &l.Rev, moment{&l.SentAt}, moment{&l.MovedAt}, moment{&l.ReopenUntil}, &l.Pending, &l.Ground, &l.Basis,
		&l.NextOwner, &l.Contested, &l.Undeliverable, &l.Repair, &l.Resolution, &l.Successor, &l.ForLeg, &l.OutNo, &l.InNo,
		&l.CallbackBy, &l.CallID, &l.Spoken, &l.Looped, &l.Late, via, &l.Extra, &l.Ask, moment{&l.DueAt},
		moment{&l.PromptedAt}, moment{&l.SilencedAt}, &l.ByHand, &l.Times.SignDue, &l.Times.Signed, &l.Times.HandleDue, &l.Times.Handled,
		&l.Times.Reopened, &l.Times.Asked, &l.Times.Solved, &l.Times.Mapped, &l.Times.Unfounded}
}

// Leg reads one leg.
func (r *Reader) Leg(ctx context.Context, id string) (LegRow, error) {
	var l LegRow
	var via string
	err := r.one(ctx, "leg", `SELECT `+legColumns+` FROM leg WHERE id = $1`, []any{id}, legFields(&l, &via)...)
	if err == nil && via != "" {
		err = json.Unmarshal([]byte(via), &l.Via)
	}
	return l, err
}

// LegsOf lists the legs of a case in the order they were sent.
func (r *Reader) LegsOf(ctx context.Context, caseID string) ([]LegRow, error) {
	var out []LegRow
	err := r.ask(ctx, askLegs(&out, caseID))
	return out, err
}

func askLegs(into *[]LegRow, caseID string) ask {
	return askAll(into, "legs", `SELECT `+legColumns+` FROM leg WHERE case_id = $1 ORDER BY sent_at, id`, []any{caseID}, scanLeg)
}

// LegsOfCases lists the legs of many cases at once, by case id.
func (r *Reader) LegsOfCases(ctx context.Context, ids []string) (map[string][]LegRow, error) {
	out := map[string][]LegRow{}
	if len(ids) == 0 {
		return out, nil
	}
	args := padded(ids)
	ls, err := all(ctx, r, "legs", `SELECT `+legColumns+` FROM leg WHERE case_id IN (`+places(1, len(args))+`) ORDER BY sent_at, id`,
		args, scanLeg)
	for _, l := range ls {
		out[l.CaseID] = append(out[l.CaseID], l)
	}
	return out, err
}

// AddLeg writes a new leg; its rev becomes 1.
func (t *Tx) AddLeg(ctx context.Context, l *LegRow) error {
	l.Rev = 1
	via, err := json.Marshal(l.Via)
	if err != nil {
		return fmt.Errorf("add leg: %w", err)
	}
	return t.put(ctx, "add leg", `INSERT INTO leg (`+legColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
		$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
		$37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49)`,
		l.ID, l.CaseID, string(l.Side), l.Peer, l.Unit, string(l.Role), flag(l.Urgent), l.Class, l.Item, l.Region, string(l.State),
		l.Version, l.Rev, micros(l.SentAt), micros(l.MovedAt), micros(l.ReopenUntil), string(l.Pending), string(l.Ground), l.Basis,
		l.NextOwner, flag(l.Contested), flag(l.Undeliverable), l.Repair, string(l.Resolution), l.Successor, l.ForLeg, l.OutNo, l.InNo,
		l.CallbackBy, l.CallID, flag(l.Spoken), flag(l.Looped), flag(l.Late), string(via), l.Extra, l.Ask, micros(l.DueAt),
		micros(l.PromptedAt), micros(l.SilencedAt), flag(l.ByHand), l.Times.SignDue, l.Times.Signed, l.Times.HandleDue, l.Times.Handled,
		l.Times.Reopened, l.Times.Asked, l.Times.Solved, l.Times.Mapped, l.Times.Unfounded)
}

// SaveLeg writes what may change in a leg, guarded by its rev, which it raises.
func (t *Tx) SaveLeg(ctx context.Context, l *LegRow) error {
	err := t.save(ctx, "leg", "leg", l.ID, l.Rev, []column{
		{name: "unit", value: l.Unit, indexed: true}, {name: "state", value: string(l.State), indexed: true}, {name: "version", value: l.Version},
		{name: "moved_at", value: micros(l.MovedAt)}, {name: "reopen_until", value: micros(l.ReopenUntil)}, {name: "pending", value: string(l.Pending)},
		{name: "ground", value: string(l.Ground)}, {name: "basis", value: l.Basis}, {name: "next_owner", value: l.NextOwner},
		{name: "contested", value: flag(l.Contested)}, {name: "undeliverable", value: flag(l.Undeliverable)},
		{name: "repair", value: l.Repair, indexed: true}, {name: "resolution", value: string(l.Resolution)}, {name: "successor", value: l.Successor},
		{name: "out_no", value: l.OutNo}, {name: "in_no", value: l.InNo}, {name: "due_at", value: micros(l.DueAt), indexed: true},
		{name: "prompted_at", value: micros(l.PromptedAt)}, {name: "silenced_at", value: micros(l.SilencedAt)}, {name: "role", value: string(l.Role)},
		{name: "by_hand", value: flag(l.ByHand)},
		{name: "sign_due", value: l.Times.SignDue}, {name: "signed_at", value: l.Times.Signed}, {name: "handle_due", value: l.Times.HandleDue},
		{name: "handled_at", value: l.Times.Handled}, {name: "reopened_at", value: l.Times.Reopened}, {name: "asked_at", value: l.Times.Asked},
		{name: "solved", value: l.Times.Solved}, {name: "mapped", value: l.Times.Mapped},
		{name: "unfounded_at", value: l.Times.Unfounded, indexed: true},
	})
	if err == nil {
		l.Rev++
	}
	return err
}

// UnitLegs lists the legs that a unit holds and that still want something of
// it, what runs out first at the top; done lists the others, newest first.
func (r *Reader) UnitLegs(ctx context.Context, unit string, done bool, after hotline.Cursor, limit int) ([]LegRow, error) {
	var w where
	w.add("unit = ?", unit)
	w.add("unit <> ''")
	live := []string{"sent", "received", "accepted", "working", "reopened"}
	order := "COALESCE(due_at, 0), id"
	if done {
		w.in("state", []string{"answered", "settled", "returned", "withdrawn"})
		order = "id DESC"
		if !after.Zero() {
			w.add("id < ?", after.ID)
		}
	} else {
		w.in("state", live)
		if !after.Zero() {
			w.add("(COALESCE(due_at, 0), id) > (?, ?)", after.Key, after.ID)
		}
	}
	return all(ctx, r, "legs", `SELECT `+legColumns+` FROM leg`+w.sql()+` ORDER BY `+order+` LIMIT `+w.place(limit), w.args, scanLeg)
}

// UrgentWaiting lists urgent legs sent before a moment that nobody has accepted.
func (r *Reader) UrgentWaiting(ctx context.Context, sentBefore time.Time, limit int) ([]LegRow, error) {
	return all(ctx, r, "urgent legs", `SELECT `+legColumns+` FROM leg WHERE urgent = 1 AND state IN ('sent','received')
		AND side = 'sender' AND sent_at < $1 AND silenced_at IS NULL ORDER BY sent_at, id LIMIT $2`,
		[]any{sentBefore.UnixMicro(), limit}, scanLeg)
}

// Unprompted lists those of UrgentWaiting that no prompt was recorded of and
// that have waited long enough for one: sent ones since sentBefore, received
// ones since receivedBefore.
func (r *Reader) Unprompted(ctx context.Context, sentBefore, receivedBefore time.Time, limit int) ([]LegRow, error) {
	return all(ctx, r, "urgent legs", `SELECT `+legColumns+` FROM leg WHERE urgent = 1 AND state IN ('sent','received')
		AND side = 'sender' AND silenced_at IS NULL AND prompted_at IS NULL
		AND (state = 'sent' AND sent_at <= $1 OR state = 'received' AND sent_at <= $2) ORDER BY sent_at, id LIMIT $3`,
		[]any{sentBefore.UnixMicro(), receivedBefore.UnixMicro(), limit}, scanLeg)
}

// GivenBack lists urgent legs that were returned and that nobody has now, the
// oldest first.
func (r *Reader) GivenBack(ctx context.Context, limit int) ([]LegRow, error) {
	return all(ctx, r, "legs given back", `SELECT `+legColumns+` FROM leg WHERE urgent = 1 AND state = 'returned' AND resolution = ''
		AND side = 'sender' ORDER BY sent_at, id LIMIT $1`, []any{limit}, scanLeg)
}

// Incoming lists legs that peers sent and that nobody here has taken up,
// urgent ones first, then oldest first.
func (r *Reader) Incoming(ctx context.Context, limit int) ([]LegRow, error) {
	return all(ctx, r, "incoming legs", `SELECT `+legColumns+` FROM leg WHERE peer <> '' AND side = 'holder' AND state = 'received'
		ORDER BY urgent DESC, sent_at, id LIMIT $1`, []any{limit}, scanLeg)
}

// HandedLegs lists legs that people carry to other platforms and that still want
// something of those, the oldest first.
func (r *Reader) HandedLegs(ctx context.Context, limit int) ([]LegRow, error) {
	return all(ctx, r, "legs by hand", `SELECT `+legColumns+` FROM leg WHERE side = 'sender' AND peer <> ''
		AND state IN ('sent','received','accepted','working','reopened')
		AND (by_hand = 1 OR peer IN (SELECT peer FROM link WHERE carrier = $1)) ORDER BY sent_at, id LIMIT $2`, []any{ManualCarrier, limit}, scanLeg)
}

// RepairList lists legs that wait for a person to mend them.
func (r *Reader) RepairList(ctx context.Context, limit int) ([]LegRow, error) {
	return all(ctx, r, "repair list", `SELECT `+legColumns+` FROM leg WHERE repair <> '' ORDER BY id LIMIT $1`, []any{limit}, scanLeg)
}
