package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// Grounds of a suspension (中止事由).
const (
	WaitsForCaller = "caller"  // 等待来话人补充材料或配合
	WaitsForOthers = "others"  // 等待检测、鉴定或第三方意见
	Weather        = "weather" // 大雪封山、道路中断等自然条件
	LegalProcedure = "legal"   // 法定程序：公示、听证、诉讼、仲裁
	Works          = "works"   // 工程施工所需的季节或停水停电窗口
)

// SuspensionGrounds lists the grounds in the order shown.
func SuspensionGrounds() []string {
	return []string{WaitsForCaller, WaitsForOthers, Weather, LegalProcedure, Works}
}

// SuspensionMost bounds one entry: half a year. Proposal.
const SuspensionMost = 183 * 24 * time.Hour

// NewSuspension is what a supervisor enters into the ledger.
type NewSuspension struct {
	LegID  string
	Ground string
	From   time.Time // not before today; what is past cannot be bought back
	To     time.Time // half-open
	Note   string    // why, personal text
}

// Suspend stops the answer's clock of a leg for a stretch. Only a leg that this
// platform sent, whose clock it owns, and that is still handled can be
// suspended, before its deadline, by somebody who supervises and is not the
// holder; the case's own clock and the promptness of the holder (sign-in, first
// contact) run on. The clock itself never stops: its deadline moves by what did
// not count. Another platform that holds the leg is told by letter.
func (d *Desk) Suspend(ctx context.Context, a hotline.Actor, caseID string, n NewSuspension) error {
	if !slices.Contains(SuspensionGrounds(), n.Ground) {
		return hotline.Errorf(hotline.Invalid, "suspension_ground", "ground", n.Ground)
	}
	if err := casefile.CheckText("note", n.Note, casefile.NoteMost); err != nil {
		return err
	}
	return d.change(ctx, a, caseID, nil, hotline.Supervise, func(w *work) error {
		l, err := w.leg(n.LegID)
		if err != nil {
			return err
		}
		c := w.running(l.ID, deadline.Handling)
		switch {
		case !Suspendable(l.Leg):
			return hotline.Errorf(hotline.Conflict, "suspension_leg", "leg")
		case c == nil:
			return hotline.Errorf(hotline.Conflict, "suspension_no_clock", "leg")
		case c.Overdue(w.now):
			return hotline.Errorf(hotline.Conflict, "suspension_too_late", "from", c.Due)
		case n.From.Before(midnight(w.now)):
			return hotline.Errorf(hotline.Invalid, "suspension_past", "from")
		}
		return w.suspend(l, c, n)
	})
}

// suspend enters a suspension into the ledger of a leg whose clock runs here.
func (w *work) suspend(l *legWork, c *clockWork, n NewSuspension) error {
	ledger, err := w.checkStretch(l, c, n)
	if err != nil {
		return err
	}
	s := store.Suspension{ID: hotline.NewID(), CaseID: w.c.ID, LegID: l.ID, Ground: n.Ground, From: n.From.UTC().Truncate(time.Microsecond),
		To: n.To.UTC().Truncate(time.Microsecond), Approver: w.by.Name, ApprovedAt: w.now}
	if err := w.tx.AddSuspension(w.ctx, s); err != nil {
		return err
	}
	err = w.replan(l, c, ledger, append(slices.Clone(ledger), s), "suspended", body{"ground": n.Ground, "from": s.From.UnixMicro(), "to": s.To.UnixMicro()}, n.Note)
	if err != nil {
		return err
	}
	return w.tellSuspension(l, c, s, n.Note)
}

// checkStretch refuses what no ledger may hold, and returns the one of the leg.
func (w *work) checkStretch(l *legWork, c *clockWork, n NewSuspension) ([]store.Suspension, error) {
	switch {
	case !n.To.After(n.From) || !n.To.After(w.now):
		return nil, hotline.Errorf(hotline.Invalid, "suspension_empty", "to")
	case n.To.Sub(n.From) > SuspensionMost:
		return nil, hotline.Errorf(hotline.Invalid, "suspension_long", "to", int(SuspensionMost/(24*time.Hour)))
	case !n.From.Before(c.Due):
		return nil, hotline.Errorf(hotline.Invalid, "suspension_after_due", "from", c.Due)
	}
	ledger, err := w.suspensionsOf(l.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range ledger {
		if n.From.Before(s.To) && s.From.Before(n.To) {
			return nil, hotline.Errorf(hotline.Conflict, "suspension_overlaps", "from", s.From, s.To)
		}
	}
	return ledger, nil
}

// EndSuspension ends one now, before its time; what is over stays as it was.
func (d *Desk) EndSuspension(ctx context.Context, a hotline.Actor, caseID, id string) error {
	return d.change(ctx, a, caseID, nil, hotline.Supervise, func(w *work) error {
		ledger, err := w.tx.SuspensionsOf(w.ctx, caseID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(ledger, func(s store.Suspension) bool { return s.ID == id })
		if i < 0 {
			return hotline.Errorf(hotline.NotFound, "suspension_not_found", "")
		}
		s := ledger[i]
		if !w.now.Before(s.To) {
			return hotline.Errorf(hotline.Conflict, "suspension_over", "", s.To)
		}
		l, err := w.leg(s.LegID)
		if err != nil {
			return err
		}
		if l.Incoming() {
			return hotline.Errorf(hotline.Conflict, "suspension_leg", "leg")
		}
		was, err := w.suspensionsOf(l.ID)
		if err != nil {
			return err
		}
		to := w.now
		if to.Before(s.From) {
			to = s.From // it never was
		}
		if err := w.tx.EndSuspension(w.ctx, s.ID, to); err != nil {
			return err
		}
		now := slices.Clone(was)
		now[slices.IndexFunc(now, func(x store.Suspension) bool { return x.ID == id })].To = to
		c := w.running(l.ID, deadline.Handling)
		if err := w.replan(l, c, was, now, "suspension_ended", body{"ground": s.Ground, "to": to.UnixMicro()}, ""); err != nil {
			return err
		}
		s.To = to
		return w.tellSuspension(l, c, s, "")
	})
}

// tellSuspension tells the platform that holds a leg of an entry, as it is now:
// by a supplement that says it in words too, for a side that does not know the
// fields. What is not owed any more is not told.
func (w *work) tellSuspension(l *legWork, c *clockWork, s store.Suspension, note string) error {
	if l.Local() || c == nil {
		return nil
	}
	due := c.Due.In(calendar.Zone)
	told := leg.Suspension{ID: s.ID, Ground: s.Ground, From: s.From.In(calendar.Zone), To: s.To.In(calendar.Zone)}
	words := joined(suspensionInWords(told, due, w.now), note)
	if err := casefile.CheckText("note", words, casefile.NoteMost); err != nil {
		return err
	}
	return w.tell(l, string(leg.Supplement), leg.Body{Suspension: &told, Due: &due}, leg.Private{Note: words})
}

// groundsInWords are the grounds as a letter says them to people of another
// platform.
var groundsInWords = map[string]string{
	WaitsForCaller: "等待来话人补充材料或配合", WaitsForOthers: "等待检测、鉴定或第三方意见", Weather: "自然条件所限",
	LegalProcedure: "公示、听证、诉讼等法定程序", Works: "施工季节或窗口期所限",
}

func suspensionInWords(s leg.Suspension, due, now time.Time) string {
	const minute = "2006-01-02 15:04"
	what := fmt.Sprintf("时限中止：%s，%s 至 %s", groundsInWords[s.Ground], s.From.Format(minute), s.To.Format(minute))
	if !s.To.After(now) || !s.To.After(s.From) {
		what = "时限恢复计算"
	}
	return fmt.Sprintf("%s，反馈期限改为 %s（北京时间）。", what, due.Format(minute))
}

// heardSuspension enters what the sender of a leg says of its ledger: the entry
// is new, or it ends earlier. The due time is the sender's, as all of its are.
func (w *work) heardSuspension(l *legWork, m leg.Letter, p leg.Private) error {
	told := *m.Body.Suspension
	s := store.Suspension{ID: l.ID + "." + told.ID, CaseID: w.c.ID, LegID: l.ID, Ground: told.Ground, Approver: approver(m), ApprovedAt: clamp(m.SentAt, l.SentAt, w.now),
		From: told.From.UTC().Truncate(time.Microsecond), To: told.To.UTC().Truncate(time.Microsecond)}
	ledger, err := w.suspensionsOf(l.ID)
	if err != nil {
		return err
	}
	kind := "suspended"
	i := slices.IndexFunc(ledger, func(x store.Suspension) bool { return x.ID == s.ID })
	switch {
	case i >= 0 && s.To.Before(ledger[i].To):
		kind = "suspension_ended"
		if err := w.tx.EndSuspension(w.ctx, s.ID, s.To); err != nil {
			return err
		}
	case i < 0 && s.To.After(s.From):
		if err := w.tx.AddSuspension(w.ctx, s); err != nil {
			return err
		}
	}
	b := body{"ground": s.Ground, "from": s.From.UnixMicro(), "to": s.To.UnixMicro()}
	if c := w.running(l.ID, deadline.Handling); c != nil && m.Body.Due != nil {
		due := m.Body.Due.UTC().Truncate(time.Microsecond)
		b["was"], b["due"] = c.Due.UnixMicro(), due.UnixMicro()
		c.Clock, c.moved = c.Move(due), true
	}
	if err := w.event(kind, l.ID, b, p.Note); err != nil {
		return err
	}
	return w.check(p.Note, l.ID, true)
}

// approver is who approved, at which platform.
func approver(m leg.Letter) string {
	if m.Body.Person == "" {
		return m.From
	}
	return m.Body.Person + " " + m.From
}

func midnight(t time.Time) time.Time {
	y, m, day := t.In(calendar.Zone).Date()
	return time.Date(y, m, day, 0, 0, 0, 0, calendar.Zone)
}

// suspensionsOf is the ledger of one leg.
func (w *work) suspensionsOf(legID string) ([]store.Suspension, error) {
	all, err := w.tx.SuspensionsOf(w.ctx, w.c.ID)
	return slices.DeleteFunc(all, func(s store.Suspension) bool { return s.LegID != legID }), err
}

// replan moves the deadline of an answer by what the ledger takes out of its
// run. A deadline that an extension had moved keeps what it had won: working
// days where the budget counts office time, and plain time otherwise.
func (w *work) replan(l *legWork, c *clockWork, was, now []store.Suspension, kind string, b body, note string) error {
	if c != nil {
		due, provisional, err := w.dueWith(l, c, was, now)
		if err != nil {
			return err
		}
		b["was"], b["due"] = c.Due.UnixMicro(), due.UnixMicro()
		c.Clock = c.Move(due)
		c.Provisional, c.moved = provisional, true
	}
	return w.event(kind, l.ID, b, note)
}

// dueWith is when an answer is due under another ledger.
func (w *work) dueWith(l *legWork, c *clockWork, was, now []store.Suspension) (due time.Time, provisional bool, err error) {
	budget, err := calendar.ParseBudget(c.Budget)
	if err != nil {
		return due, false, err
	}
	before, err := w.d.cal.DueWith(c.Start, budget, l.Region, pauses(was))
	if err != nil {
		return due, false, err
	}
	after, err := w.d.cal.DueWith(c.Start, budget, l.Region, pauses(now))
	if err != nil {
		return due, false, err
	}
	due = after.Due
	if !before.Due.Equal(c.Due) {
		due = c.Due.Add(after.Due.Sub(before.Due))
		won := w.d.cal.WorkingDays(before.Due, c.Due, l.Region)
		if _, plain := budget.Plain(); !plain && won > 0 {
			due = w.d.cal.DaysAfter(after.Due, won, l.Region)
			due = midnight(due).Add(c.Due.Sub(midnight(c.Due)))
		}
	}
	return due.UTC().Truncate(time.Microsecond), after.Provisional, nil
}

func pauses(ledger []store.Suspension) []calendar.Pause {
	out := make([]calendar.Pause, len(ledger))
	for i, s := range ledger {
		out[i] = calendar.Pause{From: s.From, To: s.To}
	}
	return out
}

// Suspensions is the ledger of a case that the actor may see.
func (d *Desk) Suspensions(ctx context.Context, a hotline.Actor, caseID string) ([]store.Suspension, error) {
	if _, err := d.Case(ctx, a, caseID); err != nil {
		return nil, err
	}
	return d.read.SuspensionsOf(ctx, caseID)
}

// Suspendable says whether a leg's answer can be suspended at all.
func Suspendable(l leg.Leg) bool { return !l.Incoming() && !l.Done() }
