package desk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/store"
)

// numberBlock is how many case numbers a process takes at once, so that intakes
// do not wait for each other. What is left of a block when a process ends is
// never given out: numbers rise, but there are gaps.
const numberBlock = 64

// numbers are those that this process has taken and not given out. One who fills
// them waits for the database, so taking and filling have a lock each.
type numbers struct {
	filling   sync.Mutex
	mu        sync.Mutex
	day       string
	next, end int64
}

// take gives out one of a day; false: none is left.
func (n *numbers) take(day string) (int64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.day != day || n.next == n.end {
		return 0, false
	}
	n.next++
	return n.next - 1, true
}

func (n *numbers) has(day string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.day == day && n.next < n.end
}

func (n *numbers) put(day string, first int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.day, n.next, n.end = day, first, first+numberBlock
}

// stockNumbers sees to it that there is a number for a new case, outside of any
// transaction.
func (d *Desk) stockNumbers(ctx context.Context) error {
	day := numberDay(d.Now())
	n := &d.numbers
	if n.has(day) {
		return nil
	}
	n.filling.Lock()
	defer n.filling.Unlock()
	if n.has(day) {
		return nil
	}
	var first int64
	take := func(tx *store.Tx) (err error) {
		first, err = tx.TakeNumbers(ctx, day, numberBlock)
		return err
	}
	err := d.st.Write(ctx, take)
	if store.IsDuplicate(err) { // another process began the day at the same moment
		err = d.st.Write(ctx, take)
	}
	if err == nil {
		n.put(day, first)
	}
	return err
}

// number is the number of a new case, ten digits or more: the day of its intake
// and a count, as it is said on the telephone. It is asked for outside of any
// transaction.
func (d *Desk) number(ctx context.Context) (string, error) {
	for {
		if err := d.stockNumbers(ctx); err != nil {
			return "", err
		}
		day := numberDay(d.Now())
		if n, ok := d.numbers.take(day); ok {
			return fmt.Sprintf("%s%04d", day, n), nil
		}
	}
}

func numberDay(t time.Time) string { return t.In(calendar.Zone).Format("060102") }
