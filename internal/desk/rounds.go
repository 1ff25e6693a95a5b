package desk

import (
	"context"
	"slices"

	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/supervision"
)

// aRound is how many rows a round looks at before it comes back.
const aRound = 500

// FirePrompts records that an operator has to pick up the phone: an urgent leg
// got no receipt, or no acceptance, in time. Each leg once; the page shows the
// prompt by itself for as long as it holds.
func (d *Desk) FirePrompts(ctx context.Context) error {
	now, limits := d.Now(), deadline.DefaultPrompt
	legs, err := d.read.Unprompted(ctx, now.Add(-limits.Receipt), now.Add(-limits.Acceptance), aRound)
	if err != nil {
		return err
	}
	for _, l := range legs {
		err := d.machineChange(ctx, l.CaseID, func(w *work) error {
			l, err := w.leg(l.ID)
			if err != nil || !l.PromptedAt.IsZero() {
				return err
			}
			reason, due := deadline.Prompt(l.State, l.SentAt, l.Urgent, now, !l.SilencedAt.IsZero(), limits)
			if !due { // taken up this moment
				return nil
			}
			l.PromptedAt, l.dirty = w.now, true
			return w.event("prompted", l.ID, body{"reason": reason}, "")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// machineChange is change for the node itself.
func (d *Desk) machineChange(ctx context.Context, caseID string, decide func(*work) error) error {
	return d.st.Write(ctx, func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, hotline.TheMachine(d.node.Platform), caseID)
		if err != nil {
			return err
		}
		if err := decide(w); err != nil {
			return err
		}
		return w.keep()
	})
}

// FireClocks fires every rung that is due, each once, and says how many. What
// was passed over while the node was down is recorded as overtaken, and only
// the highest rung tells.
func (d *Desk) FireClocks(ctx context.Context) (int, error) {
	fired := 0
	for {
		due, err := d.read.DueClocks(ctx, d.Now(), aRound)
		if err != nil || len(due) == 0 {
			return fired, err
		}
		for _, c := range due {
			ok, err := d.fireClock(ctx, c)
			if err != nil {
				return fired, err
			}
			if ok {
				fired++
			}
		}
		if len(due) < aRound {
			return fired, nil
		}
	}
}

// fireClock fires the highest rung of a clock that is due. The last rung is a
// supervision order to the unit that holds the leg.
func (d *Desk) fireClock(ctx context.Context, c deadline.Clock) (bool, error) {
	fired := false
	fire := func(tx *store.Tx) error {
		w, err := d.load(ctx, tx, hotline.TheMachine(d.node.Platform), c.CaseID)
		if err != nil {
			return err
		}
		after, rung, overtaken := w.ladder(c).Fire(c, d.Now())
		if after == c {
			return nil
		}
		if done, err := tx.FireClock(ctx, after, c.Rung); err != nil || !done || rung == "" {
			return err
		}
		fired = true
		b := body{"clock": string(c.Kind), "due": c.Due.UnixMicro()}
		if len(overtaken) > 0 {
			b["overtaken"] = overtaken
		}
		if err := w.event("clock_"+rung, c.LegID, b, ""); err != nil {
			return err
		}
		if rung == catalogue.RungOrder {
			if err := w.orderByLadder(c); err != nil {
				return err
			}
		}
		if err := w.notice(c, rung); err != nil {
			return err
		}
		return tx.AddEvents(ctx, w.events...)
	}
	err := d.st.Write(ctx, fire)
	for range 8 {
		if !store.IsDuplicate(err) { // a supervisor took the same number, or a message began to wait, at the same time
			break
		}
		fired = false
		err = d.st.Write(ctx, fire)
	}
	return fired, err
}

// orderByLadder issues the supervision order of the last rung, unless nobody
// here can be ordered (the leg lies on the other platform, or has ended), or an
// order on the unit in this case is open already.
func (w *work) orderByLadder(c deadline.Clock) error {
	if w.erased != nil {
		return nil // nothing can be written under a key that is gone
	}
	open, err := w.tx.SupervisionsOf(w.ctx, w.c.ID)
	if err != nil {
		return err
	}
	ledger, err := w.tx.SuspensionsOf(w.ctx, w.c.ID)
	if err != nil {
		return err
	}
	var units []string
	for _, l := range w.legs {
		if slices.ContainsFunc(ledger, func(s store.Suspension) bool { return s.LegID == l.ID && !w.now.Before(s.From) && w.now.Before(s.To) }) {
			continue // it waits by leave
		}
		ordered := slices.ContainsFunc(open, func(s store.Supervision) bool {
			return slices.ContainsFunc(s.Parts, func(p store.SupervisionPart) bool { return p.Unit == l.Unit && !p.State.Ended() })
		})
		if l.Unit != "" && !l.Done() && !ordered && (c.LegID == "" || c.LegID == l.ID) && !slices.Contains(units, l.Unit) {
			units = append(units, l.Unit)
		}
	}
	if len(units) == 0 {
		return nil
	}
	_, err = w.supervise(NewOrder{CaseID: w.c.ID, Units: units, Cause: supervision.Overdue, Demand: supervision.LadderDemand})
	return err
}

// IndexSome puts new cases into the search index, few at a time: a long
// transaction would hold up the desks, and only what must be in it is.
func (d *Desk) IndexSome(ctx context.Context) error {
	for {
		ids, err := d.read.Unindexed(ctx, aRound)
		if err != nil || len(ids) == 0 {
			return err
		}
		privs, err := d.read.PrivateOf(ctx, ids)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(ids, indexedAtOnce) {
			cases := make([]store.Indexed, len(some))
			for i, id := range some {
				cases[i].ID = id
				if cases[i].Tokens, err = d.tokens(privs[id]); err != nil {
					return err
				}
			}
			err := d.st.Write(ctx, func(tx *store.Tx) error { return tx.IndexCases(ctx, cases...) })
			if err != nil {
				return err
			}
		}
		if len(ids) < aRound {
			return nil
		}
	}
}

// indexedAtOnce is how many cases a transaction of IndexSome holds: some
// 10 ms of the one writer of SQLite.
const indexedAtOnce = 20

func (d *Desk) tokens(p store.Private) ([]int32, error) {
	words, err := d.wordsOf(p)
	return store.Tokens(words), err
}

// GiveUp ends the retries of a letter that expired. An offer makes its leg
// undeliverable, which a person resolves; any other number is voided.
func (d *Desk) GiveUp(ctx context.Context, link store.Link, out store.LetterOut) error {
	return d.machineChange(ctx, out.CaseID, func(w *work) error {
		ended, err := w.tx.EndLetter(ctx, out.ID, store.LetterExpired, "", w.now)
		if err != nil || !ended {
			return err
		}
		l, err := w.leg(out.LegID)
		if err != nil {
			return err
		}
		l.dirty = true
		if out.Type != leg.TypeOffer {
			if err := w.event("expired", l.ID, body{"type": out.Type, "number": out.Number}, ""); err != nil {
				return err
			}
			return w.void(link, l, out, "")
		}
		l.Undeliverable = l.State == leg.Sent
		return w.event("undeliverable", l.ID, body{"re": out.ID}, "")
	})
}
