package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/table"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
)

// overTable is the way over a shared table.
type overTable struct {
	*posted
	rows *table.Carrier
}

// NewTable is the way over a shared table. The link names both sides and, in its
// settings, the database, as a link of a node does.
func NewTable(l carrier.Link, patience time.Duration) (Carried, error) {
	c, err := table.New(l)
	if err != nil {
		return nil, err
	}
	return &overTable{posted: newPosted(c, patience), rows: c}, nil
}

func (*overTable) Name() string    { return OverTable }
func (*overTable) Refuses() string { return "the row set aside as poison, with a reason" }

func (w *overTable) Listen(ctx context.Context, take func(wire []byte) ([]byte, error)) error {
	return w.listen(ctx, take, func() error { return nil })
}

func (w *overTable) Bring(ctx context.Context, wire []byte) (Said, error) {
	row := hotline.NewID()
	if err := w.put(ctx, row, wire); err != nil {
		return Said{}, err
	}
	return w.fate(ctx, row, wire)
}

// fate waits for what becomes of a row.
func (w *overTable) fate(ctx context.Context, row string, wire []byte) (Said, error) {
	id, typ, _, _, _ := letter.Peek(wire)
	most := w.patience
	status, reason, err := w.state(ctx, row)
	switch {
	case err != nil:
		return Said{}, err
	case status == "poison" && strings.TrimSpace(reason) == "":
		return Said{}, errors.New("the row was set aside without a reason")
	case status == "poison", !leg.Receipted(typ) && typ != leg.TypeReconcile: // an error may have come with it
		most = 5 * look
	}
	if said := w.answer(ctx, id, most); said != nil {
		return Said{Status: http.StatusOK, Raw: said}, nil
	}
	if status == "poison" {
		return Said{Status: http.StatusUnauthorized, Raw: []byte(reason)}, nil
	}
	return Said{Status: http.StatusNoContent}, nil
}

// state waits until a row has been taken or set aside.
func (w *overTable) state(ctx context.Context, row string) (status, reason string, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	for {
		status, reason, err = w.rows.State(ctx, row)
		if err == nil && status != "new" {
			return status, reason, nil
		}
		select {
		case <-ctx.Done():
			return "", "", errors.Join(fmt.Errorf("the row was not taken within %v", w.patience), err)
		case <-time.After(look):
		}
	}
}
