package desk

import (
	"context"
	"errors"

	"liandong/internal/leg"
	"liandong/internal/store"
)

// Follows says that a letter may be taken in one transaction with the one before
// it: the next number of the same leg, and nothing that ends or opens a thread.
func Follows(m, before leg.Letter) bool {
	return m.Leg != "" && m.Leg == before.Leg && m.From == before.From && m.Number == before.Number+1 && before.Number > 0 &&
		plain(m.Type) && (plain(before.Type) || before.Type == leg.TypeOffer)
}

func plain(typ string) bool {
	return leg.Numbered(typ) && typ != leg.TypeOffer && typ != leg.TypeErase && typ != string(leg.Void) && !consultType(typ)
}

// errApart says that letters are no run after all: they are taken one by one.
var errApart = errors.New("not a run")

// ReceiveRun is Receive for letters each of which Follows the one before: the
// case is read once and written once, and they are on disk together. ok is false
// where that cannot be, and then nothing was kept; they are taken one by one.
func (d *Desk) ReceiveRun(ctx context.Context, link store.Link, run []Incoming) (answers []leg.Letter, ok bool) {
	if err := d.prepare(ctx, &run[0]); err != nil {
		return nil, false
	}
	err := d.st.Write(ctx, func(tx *store.Tx) (err error) {
		answers, err = d.receiveRun(ctx, tx, link, run)
		return err
	})
	return answers, err == nil
}

func (d *Desk) receiveRun(ctx context.Context, tx *store.Tx, link store.Link, run []Incoming) ([]leg.Letter, error) {
	m := run[0].Letter
	known, err := tx.Arrival(ctx, m.ID, m.Thread(), m.Number, int64(len(run)))
	if err != nil {
		return nil, err
	}
	l := known.Leg
	switch {
	case known.Same != nil || known.Numbered != nil:
	case l != nil && l.Peer == link.Peer && l.InNo+1 == m.Number:
		return d.numbered(ctx, tx, link, run, known)
	case l == nil && m.Type == leg.TypeOffer && m.Number == 1:
		return d.offered(ctx, tx, link, run, known)
	}
	return nil, errApart
}

// only is the one answer of a run of one.
func only(answers []leg.Letter, err error) (leg.Letter, error) {
	if err != nil {
		return leg.Letter{}, err
	}
	return answers[0], nil
}
