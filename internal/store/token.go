package store

import (
	"context"
	"strings"

	"liandong/internal/hotline"
)

// Tokens lists all tokens without their hashes, the revoked ones too, oldest
// first.
func (r *Reader) Tokens(ctx context.Context) ([]Token, error) {
	return all(ctx, r, "tokens", `SELECT id, name, scopes, region, active, created_at FROM token ORDER BY id`, nil, func(rows scanner) (k Token, err error) {
		var scopes string
		err = rows.Scan(&k.ID, &k.Name, &scopes, &k.Region, &k.Active, moment{&k.CreatedAt})
		for _, s := range strings.Fields(scopes) {
			k.Scopes = append(k.Scopes, hotline.Right(s))
		}
		return k, err
	})
}

// RevokeToken ends a token for good; one that was revoked before stays so.
func (t *Tx) RevokeToken(ctx context.Context, id string) error {
	n, err := t.exec(ctx, "revoke token", `UPDATE token SET active = 0 WHERE id = $1`, id)
	if err == nil && n == 0 {
		return hotline.Errorf(hotline.NotFound, "token_unknown", "id", id)
	}
	return err
}
