package conform

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/hotline"
	"liandong/internal/seal"
)

// rows: what a side does beside the letters where they lie in a shared table.
var rows = []rule{
	{id: "row-again", in: "table.md", on: OverTable, says: "A row that is put up again, its receipt not having come, is taken and receipted again", try: func(ctx context.Context, r *Run) error {
		w, row := r.way.(*overTable), hotline.NewID()
		o, err := r.offer()
		if err != nil {
			return err
		}
		for range 2 {
			if err := w.put(ctx, row, o.wire); err != nil {
				return err
			}
			said, err := w.fate(ctx, row, o.wire)
			if err != nil {
				return err
			}
			if said.Status != http.StatusOK {
				return fmt.Errorf("the row came to %d %s, want a receipt", said.Status, said.Raw)
			}
		}
		return nil
	}},
	{id: "row-late", in: "table.md", on: OverTable, says: "A row that was put up before another and commits after it is not missed", try: late},
	{id: "row-poison", in: "table.md", on: OverTable, says: "A row that nobody can read is set aside as poison with a reason, and holds up no other", try: func(ctx context.Context, r *Run) error {
		w, bad, good := r.way.(*overTable), hotline.NewID(), hotline.NewID()
		o, err := r.offer()
		if err != nil {
			return err
		}
		for _, x := range []struct {
			row  string
			wire []byte
		}{{bad, []byte("这不是函件")}, {good, o.wire}} {
			if err := w.put(ctx, x.row, x.wire); err != nil {
				return err
			}
		}
		if said, err := w.fate(ctx, good, o.wire); err != nil || said.Status != http.StatusOK {
			return errors.Join(fmt.Errorf("the row after it came to %d %s, want a receipt", said.Status, said.Raw), err)
		}
		status, reason, err := w.state(ctx, bad)
		if err == nil && (status != "poison" || reason == "") {
			err = fmt.Errorf("the row is %s, reason %q, want poison and why", status, reason)
		}
		return err
	}},
}

// late has the row of an offer commit after that of a later one.
func late(ctx context.Context, r *Run) error {
	w := r.way.(*overTable)
	if w.rows.OneWriter() {
		return fmt.Errorf("%w: in a SQLite file no row commits late; give a table in PostgreSQL", ErrNotTried)
	}
	o, err := r.offer()
	if err != nil {
		return err
	}
	row := hotline.NewID()
	ctx, cancel := context.WithCancel(ctx) // whatever happens, the transaction ends
	defer cancel()
	commit, err := w.rows.Begin(ctx, carrier.Parcel{ID: row, Wire: o.wire})
	if err != nil {
		return err
	}
	if _, err := r.offered(ctx); err != nil { // it was put up later, and is taken before
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	said, err := w.fate(ctx, row, o.wire)
	if err == nil && said.Status != http.StatusOK {
		err = fmt.Errorf("the row came to %d %s, want a receipt", said.Status, said.Raw)
	}
	return err
}

// bundles: what a side does beside the letters where they come in files.
var bundles = []rule{
	{id: "bundle-twice", in: "ferry.md", on: OverFerry, says: "A bundle that comes twice holds nothing up", try: func(ctx context.Context, r *Run) error {
		w := r.way.(*overFerry)
		o, err := r.offered(ctx)
		if err != nil {
			return err
		}
		file, doc, err := w.bundleOf(filepath.Join(w.stage, ".kept"), o.wire)
		if err == nil {
			err = os.WriteFile(filepath.Join(w.out, filepath.Base(file)), doc, 0o600)
		}
		if err == nil {
			_, err = r.offered(ctx)
		}
		return err
	}},
	{id: "bundle-lost", in: "ferry.md", on: OverFerry, says: "A bundle that was lost is asked for by its number, and the later one is not kept waiting for it", try: func(ctx context.Context, r *Run) error {
		w := r.way.(*overFerry)
		o, err := r.offer()
		if err != nil {
			return err
		}
		if _, _, err := w.lose(ctx, o.wire); err != nil {
			return err
		}
		return r.askedFor(ctx, o)
	}},
	{id: "bundle-half", in: "ferry.md", on: OverFerry, says: "Half of a bundle is not taken, and is asked for", try: func(ctx context.Context, r *Run) error {
		w := r.way.(*overFerry)
		o, err := r.offer()
		if err != nil {
			return err
		}
		file, doc, err := w.lose(ctx, o.wire)
		if err != nil {
			return err
		}
		path, old := filepath.Join(w.out, "."+file), time.Now().Add(-24*time.Hour) // nobody is still writing it
		if err := os.WriteFile(path, doc[:len(doc)/2], 0o600); err != nil {
			return err
		}
		if err := errors.Join(os.Chtimes(path, old, old), os.Rename(path, filepath.Join(w.out, file))); err != nil {
			return err
		}
		return r.askedFor(ctx, o)
	}},
}

// askedFor: a later bundle is taken, and one that did not come whole is asked
// for, comes again, and is answered.
func (r *Run) askedFor(ctx context.Context, o written) error {
	if _, err := r.offered(ctx); err != nil {
		return fmt.Errorf("the bundle after it: %w", err)
	}
	if r.way.(*overFerry).answer(ctx, o.letter.ID, r.cfg.Patience) == nil {
		return fmt.Errorf("it was not asked for, or not answered when it came, within %v", r.cfg.Patience)
	}
	return nil
}

// fetches: what a side does where the kit cannot be called.
var fetches = []rule{
	{id: "fetch-stranger", in: "A side that cannot be called", on: OverFetch, says: "A question for letters that the kit did not sign is turned away (401)", try: func(ctx context.Context, r *Run) error {
		other, err := seal.NewKeyring(rand.Reader)
		if err != nil {
			return err
		}
		return r.fetchRefused(ctx, time.Now(), func(doc []byte) (string, error) { return carrier.Sign(other, doc) })
	}},
	{id: "fetch-old", in: "A side that cannot be called", on: OverFetch, says: "A question for letters that was written ten minutes ago, or in ten minutes, is turned away (401)", try: func(ctx context.Context, r *Run) error {
		sign := r.way.(*overFetch).link.Sign
		for _, at := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
			if err := r.fetchRefused(ctx, time.Now().Add(at), sign); err != nil {
				return err
			}
		}
		return nil
	}},
}

// fetchRefused asks for letters and wants 401.
func (r *Run) fetchRefused(ctx context.Context, at time.Time, sign func([]byte) (string, error)) error {
	w := r.way.(*overFetch)
	status, err := w.ask(ctx, https.Fetch{From: r.cfg.Platform, To: r.peer().Platform, At: at}, sign)
	if err == nil && status != http.StatusUnauthorized {
		err = fmt.Errorf("answered %d, want 401", status)
	}
	return err
}
