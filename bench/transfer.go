package main

import (
	"context"
	"fmt"
	"time"
)

// transfer measures how long it takes from the moment a transfer is offered
// until its receipt is on the sender's disk: two nodes, two processes, one
// machine. The ledger tells both moments; the second is taken just before the
// receipt is committed, so one measured commit is added.
//
// The limit is four durable commits and 2 ms. A durable commit is one of what an
// intake writes, case, leg, events, clocks and letter, by the engine itself; that
// of one small row is told beside it, without a target.
func (b *bench) transfer(ctx context.Context, engine string) error {
	var pair [2]*node
	for i, line := range []string{"12345", "110"} {
		var err error
		if pair[i], err = b.newNode(ctx, engine, line); err != nil {
			return err
		}
	}
	for i, n := range pair {
		if err := n.link(ctx, pair[1-i]); err != nil {
			return err
		}
	}
	for _, n := range pair {
		if err := n.start(ctx); err != nil {
			return err
		}
		defer n.stop()
	}
	script, err := b.recorded(ctx)
	if err != nil {
		return err
	}
	f, _, _, err := b.floor(ctx, engine, script)
	if err != nil {
		return err
	}
	defer f.close()
	const warm, measured, turn = 50, 250, 50
	var small, whole []time.Duration
	for i := range int64(warm + measured) {
		if i%turn == 0 { // turn about with what it is compared with
			one, err := b.commit(ctx, engine, rest)
			if err != nil {
				return err
			}
			all, err := f.rested(ctx, turn)
			if err != nil {
				return err
			}
			small, whole = append(small, one), append(whole, all)
		}
		if err := pair[0].handOver(ctx, i); err != nil {
			return err
		}
	}
	took, err := pair[0].ledger(ctx)
	if err != nil {
		return err
	}
	if len(took) < warm+measured {
		return fmt.Errorf("%d receipts in the ledger, want %d", len(took), warm+measured)
	}
	took = took[warm:]
	got := median(took) + median(small)
	for _, base := range []struct {
		name   string
		commit time.Duration
		target float64
	}{{"the rows of a case", median(whole), 1}, {"one small row", median(small), 0}} {
		limit := 4*base.commit + 2*time.Millisecond
		b.atMost("transfer offered → receipt on the sender's disk, "+engine, fmt.Sprintf("p50 %s, p99 %s", ms(got), ms(percentile(took, 99)+median(small))),
			fmt.Sprintf("4 × durable commit of %s, %s, + 2 ms = %s", base.name, ms(base.commit), ms(limit)), float64(got)/float64(limit), base.target)
	}
	return nil
}

// handOver takes a case with a transfer and waits until the other platform has
// it.
func (n *node) handOver(ctx context.Context, i int64) error {
	var c struct {
		Legs []struct{ ID, State string }
	}
	if err := n.call(ctx, "POST", "/api/v1/cases", order(i), &c); err != nil {
		return err
	}
	if len(c.Legs) != 1 {
		return fmt.Errorf("the case has %d legs, want 1", len(c.Legs))
	}
	limit := time.Now().Add(10 * time.Second)
	for l := c.Legs[0]; l.State == "sent"; {
		if time.Now().After(limit) {
			return fmt.Errorf("leg %s is still sent after ten seconds", l.ID)
		}
		time.Sleep(5 * time.Millisecond) // so that looking costs nothing
		if err := n.call(ctx, "GET", "/api/v1/legs/"+l.ID, nil, &l); err != nil {
			return err
		}
	}
	return nil
}

// ledger reads how long each receipted offer took, in the order they were made.
func (n *node) ledger(ctx context.Context) ([]time.Duration, error) {
	db, err := n.open()
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT answered_at - created_at FROM letter_out WHERE type = 'offer' AND state = 'receipted' ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []time.Duration
	for rows.Next() {
		var micros int64
		if err := rows.Scan(&micros); err != nil {
			return nil, err
		}
		out = append(out, time.Duration(micros)*time.Microsecond)
	}
	return out, rows.Err()
}
