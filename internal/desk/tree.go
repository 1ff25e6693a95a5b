package desk

import (
	"context"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// sequenceMost is how many events get their places in one transaction.
const sequenceMost = 512

// Sequence gives every event that is on disk its place in the tree, in
// transactions of its own beside the changes', and signs a head over them.
// Should two processes do so at once, one of them comes too late and begins again.
func (d *Desk) Sequence(ctx context.Context) error {
	for {
		n, err := d.sequenceSome(ctx)
		if err != nil || n < sequenceMost {
			return err
		}
	}
}

func (d *Desk) sequenceSome(ctx context.Context) (n int, err error) {
	if waiting, err := d.read.Unplaced(ctx, 1); err != nil || len(waiting) == 0 {
		return 0, err // the commonest case holds up no writer
	}
	err = d.st.WriteSilently(ctx, func(tx *store.Tx) error {
		events, err := tx.Unplaced(ctx, sequenceMost)
		if n = len(events); err != nil || n == 0 {
			return err
		}
		head, err := tx.Head(ctx)
		if err != nil && hotline.KindOf(err) != hotline.NotFound {
			return err
		}
		if err := tx.IndexEvents(ctx, head.Size, events); err != nil {
			return err
		}
		read := tilesOf(ctx, &tx.Reader)
		leaves := make([]audit.Hash, len(events))
		for i, e := range events {
			leaves[i] = e.Leaf
		}
		changed, err := audit.AppendLeaves(head.Size, leaves, read)
		if err != nil {
			return err
		}
		for at, tile := range changed {
			if err := tx.PutTile(ctx, at.Level, at.Index, flat(tile)); err != nil {
				return err
			}
		}
		return d.signHead(ctx, tx, head.Size+int64(n), audit.Over(changed, read))
	})
	return n, err
}

// signHead signs the head over a size of the tree and keeps it.
func (d *Desk) signHead(ctx context.Context, tx *store.Tx, size int64, tiles audit.Tiles) error {
	root, err := audit.Root(size, tiles)
	if err != nil {
		return err
	}
	head := audit.Head{Platform: d.node.Platform, Size: size, Root: root, Epoch: d.node.Epoch, At: d.Now()}
	signed, err := audit.SignHead(head, d.keys)
	if err != nil {
		return err
	}
	return tx.PutHead(ctx, store.TreeHead{Hour: head.At.Unix() / 3600, Size: size, Root: root[:], Epoch: head.Epoch, At: head.At, Note: signed})
}

// tilesOf reads the tiles of the tree.
func tilesOf(ctx context.Context, r *store.Reader) audit.Tiles {
	return func(at audit.TileAt) ([]audit.Hash, error) {
		raw, err := r.Tile(ctx, at.Level, at.Index)
		if err != nil {
			return nil, err
		}
		tile := make([]audit.Hash, len(raw)/32)
		for i := range tile {
			copy(tile[i][:], raw[32*i:])
		}
		return tile, nil
	}
}

func flat(tile []audit.Hash) []byte {
	out := make([]byte, 0, 32*len(tile))
	for _, h := range tile {
		out = append(out, h[:]...)
	}
	return out
}
