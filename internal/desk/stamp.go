package desk

import (
	"context"
	"crypto/x509"
	"time"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// StampHead has an authority stamp the newest head (RFC 3161), where the last
// stamp is older than every and the log has grown since. ask brings a request to
// it and its answer back, both in DER; with roots, its certificate must lead to
// one of them. Nothing waits for it: a stamp that fails is tried again later.
func (d *Desk) StampHead(ctx context.Context, every time.Duration, ask func(context.Context, []byte) ([]byte, error), roots *x509.CertPool) error {
	last, err := d.read.LastStamped(ctx)
	if err != nil {
		return err
	}
	at, err := d.read.LastStampAt(ctx)
	if err != nil {
		return err
	}
	newest, err := d.read.Head(ctx)
	if err != nil {
		if hotline.KindOf(err) == hotline.NotFound {
			return nil
		}
		return err
	}
	// An authority's clock that is ahead of ours holds nothing up for long.
	if last != nil && (newest.Size <= last.Size || d.Now().Sub(at).Abs() < every) {
		return nil
	}
	head, err := audit.ReadHead(newest.Note)
	if err != nil {
		return err
	}
	request, nonce, err := audit.StampRequest(head)
	if err != nil {
		return err
	}
	answer, err := ask(ctx, request)
	if err != nil {
		return err
	}
	token, stamp, err := audit.ReadStamp(head, nonce, answer, roots)
	if err != nil {
		return err
	}
	return d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		return tx.PutStamp(ctx, store.HeadNote{Size: newest.Size, Note: newest.Note, Stamp: token}, stamp.At)
	})
}
