package store

import (
	"context"
	"fmt"
	"strings"
)

// Holding lists for each token the newest cases that hold it, newest first, at
// most so many a token: of a rare word all, of a common one a sample whose
// fullness says that it is common. It costs the tokens times most, not what is
// on file.
func (r *Reader) Holding(ctx context.Context, tokens []int32, most int) ([][]string, error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	var w where
	limit := w.place(most)
	parts := make([]string, len(tokens))
	for i := range tokens {
		if r.postgres {
			parts[i] = fmt.Sprintf(`SELECT %d AS n, f%d.case_id FROM (SELECT case_id FROM case_search WHERE tokens @> %s::integer[]
				ORDER BY case_id DESC LIMIT %s) f%d`, i, i, w.place(intArray(tokens[i:i+1])), limit, i)
			continue
		}
		parts[i] = fmt.Sprintf(`SELECT %d AS n, s.case_id FROM (SELECT rowid AS r FROM case_search WHERE case_search MATCH %s
			ORDER BY rowid DESC LIMIT %s) f JOIN case_search_row s ON s.row = f.r`, i, w.place(base36(tokens[i:i+1], " ")), limit)
	}
	type row struct {
		token int
		id    string
	}
	rows, err := all(ctx, r, "cases", strings.Join(parts, " UNION ALL "), w.args, func(rows scanner) (v row, err error) {
		err = rows.Scan(&v.token, &v.id)
		return v, err
	})
	out := make([][]string, len(tokens))
	for _, v := range rows {
		out[v.token] = append(out[v.token], v.id)
	}
	return out, err
}
