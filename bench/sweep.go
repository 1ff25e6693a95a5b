package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"liandong/internal/seal"
	"liandong/internal/store"
)

// sweep measures that finding what is due costs what is due: a hundred clocks
// among many, compared with a hundred among few.
func (b *bench) sweep(ctx context.Context) error {
	now := time.Now()
	took := map[int]time.Duration{}
	const few, due = 10_000, 100
	for _, clocks := range []int{few, b.monthly} {
		n, err := b.newNode(ctx, "postgres", "12345")
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(n.data, "keys.json"))
		if err != nil {
			return err
		}
		keys, err := seal.ParseKeyring(raw)
		if err != nil {
			return err
		}
		st, err := store.Open(ctx, n.dsn)
		if err != nil {
			return err
		}
		defer st.Close()
		var id string
		err = st.Write(ctx, func(tx *store.Tx) error {
			id, err = n.fillOne(ctx, tx, keys, 1, now.Add(-time.Hour))
			return err
		})
		if err != nil {
			return err
		}
		soon := fmt.Sprintf("%d + (i * 7919 %% %d) * 60000000", now.Add(time.Minute).UnixMicro(), clocks)
		err = n.copies(ctx, id, clocks, []copied{{"clock", map[string]string{
			"id": "'bench-clock' || CAST(1000000000 + i AS TEXT)", "stopped_at": "NULL",
			"next_at": fmt.Sprintf("CASE WHEN i < %d THEN %d - i ELSE %s END", due, now.UnixMicro(), soon),
		}}})
		if err == nil {
			err = n.analyse(ctx)
		}
		if err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		var times []time.Duration
		for range 200 {
			at := time.Now()
			found, err := st.Reader().DueClocks(ctx, now, 500)
			if err != nil || len(found) != due {
				return fmt.Errorf("%d clocks due, want %d: %w", len(found), due, err)
			}
			times = append(times, time.Since(at))
		}
		took[clocks] = median(times)
	}
	b.atMost(fmt.Sprintf("%d clocks due among %d found, postgres", due, b.monthly), ms(took[b.monthly]), fmt.Sprintf("among %d, %s", few, ms(took[few])),
		float64(took[b.monthly])/float64(took[few]), 3)
	return nil
}
