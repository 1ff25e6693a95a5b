package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// order is an intake of a matter for the police, with its transfer: a case, a
// leg, two events, the clocks and a letter, in one transaction.
func order(i int64) []byte {
	doc, err := json.Marshal(map[string]any{
		"text":    fmt.Sprintf("来电人反映测试路%d号门口的消防通道长期被外来车辆占用，多次联系车主无果，昨天夜里还发生了剐蹭，希望派人到现场处理并回复处理结果。", i%1000),
		"channel": "phone", "region": "540102", "address": "测试路1号", "category": "B03",
		"caller": map[string]any{"name": "张测试", "phone": "13900000001", "consent_to_transfer": true},
		"legs":   []any{map[string]any{"to": "110", "ask": "请到现场处理并反馈"}},
	})
	if err != nil {
		panic(err) // texts and truths always marshal
	}
	return doc
}

// intake measures how many cases a second are taken and on disk when they are
// answered, turn about with what the engine does with the same statements.
//
// The peer is linked and not there, so the letters stay in the ledger: it is
// the intake that is measured, not the other platform's work on the same cores.
func (b *bench) intake(ctx context.Context, engine string) error {
	n, err := b.sender(ctx, engine)
	if err != nil {
		return err
	}
	if err := n.start(ctx); err != nil {
		return err
	}
	defer n.stop()
	script, err := b.recorded(ctx)
	if err != nil {
		return fmt.Errorf("record the statements: %w", err)
	}
	fl, name, target, err := b.floor(ctx, engine, script)
	if err != nil {
		return err
	}
	defer fl.close()
	if _, _, err := n.load(ctx, b.clients, b.turn/2); err != nil { // warm
		return err
	}
	var ours, theirs, ratios []float64
	var took []time.Duration
	var work time.Duration
	for range b.rounds {
		base, err := fl.run(ctx, b.turn)
		if err != nil {
			return err
		}
		before := cpu(n.cmd.Process.Pid)
		rate, times, err := n.load(ctx, b.clients, b.turn)
		if err != nil {
			return err
		}
		work += cpu(n.cmd.Process.Pid) - before
		ours, theirs, ratios, took = append(ours, rate), append(theirs, base), append(ratios, rate/base), append(took, times...)
	}
	b.atLeast(fmt.Sprintf("intake over HTTP on %s, %d clients", engine, b.clients),
		fmt.Sprintf("%.0f/s, p50 %s, p99 %s, the node's CPU %s each", median(ours), ms(percentile(took, 50)), ms(percentile(took, 99)),
			ms(work/time.Duration(max(1, len(took))))),
		fmt.Sprintf("%s %.0f/s", name, median(theirs)), median(ratios), target)
	return nil
}

// sender is a 12345 node with a link to a 110 node that does not run.
func (b *bench) sender(ctx context.Context, engine string) (*node, error) {
	n, err := b.newNode(ctx, engine, "12345")
	if err != nil {
		return nil, err
	}
	peer, err := b.newNode(ctx, "sqlite", "110")
	if err != nil {
		return nil, err
	}
	return n, n.link(ctx, peer)
}

// load takes cases with some clients for a while.
func (n *node) load(ctx context.Context, clients int, d time.Duration) (rate float64, took []time.Duration, err error) {
	var count atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs []error
	start := time.Now()
	for c := range clients {
		wg.Go(func() {
			var mine []time.Duration
			for i := int64(c); time.Since(start) < d && ctx.Err() == nil; i += int64(clients) {
				at := time.Now()
				if err := n.call(ctx, "POST", "/api/v1/cases", order(i), nil); err != nil {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, err)
					return
				}
				mine = append(mine, time.Since(at))
				count.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	wg.Wait()
	return float64(count.Load()) / time.Since(start).Seconds(), took, errors.Join(errs...)
}

// recorded is the transaction of an intake as PostgreSQL logged it; both
// engines run one text.
func (b *bench) recorded(ctx context.Context) (script, error) {
	n, err := b.sender(ctx, "postgres")
	if err != nil {
		return script{}, err
	}
	rec, err := startRecording(ctx, b.server)
	if err != nil {
		return script{}, err
	}
	defer rec.stop()
	if err := n.start(ctx); err != nil {
		return script{}, err
	}
	defer n.stop()
	for i := range int64(2) { // the second finds everything prepared
		if err := n.call(ctx, "POST", "/api/v1/cases", order(i), nil); err != nil {
			return script{}, err
		}
	}
	s, err := rec.transaction(ctx, "INSERT INTO case_file")
	if err != nil {
		return s, err
	}
	return s, os.WriteFile(filepath.Join(b.dir, "intake.sql"), []byte(s.pgbench()), 0o644)
}
