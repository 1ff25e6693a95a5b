package store

import (
	"context"
	"time"
)

// CountFailure counts a wrong password. The one that makes most in a row locks
// the account until a moment, and counting begins anew. The counting is done
// by the database, so that no two at the same moment count as one.
func (t *Tx) CountFailure(ctx context.Context, personID string, most int, until time.Time) error {
	return t.must(ctx, "count failed sign-in", `UPDATE person SET failed = CASE WHEN failed + 1 >= $1 THEN 0 ELSE failed + 1 END,
		locked_until = CASE WHEN failed + 1 >= $1 THEN $2 ELSE locked_until END WHERE id = $3`, most, micros(until), personID)
}

// Admit forgets the failures of a person whose password was right, if they may
// still come in at this moment: not put out, not locked, and with the password
// that was looked at. It says whether that is so.
func (t *Tx) Admit(ctx context.Context, personID, password string, now time.Time) (bool, error) {
	n, err := t.exec(ctx, "admit", `UPDATE person SET failed = 0, locked_until = NULL
		WHERE id = $1 AND password = $2 AND active = 1 AND (locked_until IS NULL OR locked_until <= $3)`, personID, password, now.UnixMicro())
	return n == 1, err
}

// SetActive lets a person sign in, or puts them out: then their sessions end.
func (t *Tx) SetActive(ctx context.Context, personID string, active bool) error {
	err := t.must(ctx, "change person", `UPDATE person SET active = $1, failed = 0, locked_until = NULL WHERE id = $2`, flag(active), personID)
	if err != nil || active {
		return err
	}
	return t.put(ctx, "end sessions", `DELETE FROM session WHERE person_id = $1`, personID)
}
