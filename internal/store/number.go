package store

import "context"

// TakeNumbers takes the next n case numbers of a day, like 261127, and returns
// the first: 1 on a new day. Nobody else ever gets them, also when they are not
// used.
func (t *Tx) TakeNumbers(ctx context.Context, day string, n int64) (first int64, err error) {
	changed, err := t.exec(ctx, "take numbers", `UPDATE numbering SET next = next + $1 WHERE day = $2`, n, day)
	if err != nil {
		return 0, err
	}
	if changed == 0 {
		// Somebody else may be first on this day: that is IsDuplicate, and this is done again.
		return 1, t.put(ctx, "take numbers", `INSERT INTO numbering (day, next) VALUES ($1, $2)`, day, n+1)
	}
	err = t.one(ctx, "case", `SELECT next FROM numbering WHERE day = $1`, []any{day}, &first)
	return first - n, err
}
