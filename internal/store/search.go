package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"

	"liandong/internal/hotline"
)

// Tokens cuts a text into what the search index keeps, as numbers that hold no
// words: pairs of Han characters, Tibetan syllables, and words and numbers of
// other scripts, full width folded. One tokenizer serves both engines, so the
// answer depends on no locale and no extension. A query of a single Han
// character matches nothing.
func Tokens(text string) []int32 {
	seen := map[int32]bool{}
	var out []int32
	emit := func(s string) {
		h := fnv.New32a()
		h.Write([]byte(s))
		v := int32(h.Sum32() >> 1) // positive in both engines
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	var word []rune
	flush := func() {
		if len(word) > 0 {
			emit(string(word))
			word = word[:0]
		}
	}
	var han rune
	for _, r := range text {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case unicode.Is(unicode.Han, r):
			flush()
			if han != 0 {
				emit(string([]rune{han, r}))
			}
			han = r
			continue
		case unicode.Is(unicode.Tibetan, r) && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)),
			unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			word = append(word, unicode.ToLower(r))
		default:
			flush()
		}
		han = 0
	}
	flush()
	return out
}

// Unindexed lists ids of cases that the search index does not hold yet.
func (r *Reader) Unindexed(ctx context.Context, limit int) ([]string, error) {
	return all(ctx, r, "unindexed cases", `SELECT id FROM case_file WHERE indexed = 0 ORDER BY id LIMIT $1`, []any{limit},
		func(rows scanner) (id string, err error) { err = rows.Scan(&id); return id, err })
}

// IndexCase puts the tokens of a case into the search index.
func (t *Tx) IndexCase(ctx context.Context, id string, tokens []int32) error {
	if t.postgres { // both wait, so that a round of many cases is one trip
		if err := t.put(ctx, "index case", `INSERT INTO case_search (case_id, tokens) SELECT id, $2::integer[] FROM case_file
			WHERE id = $1 AND indexed = 0`, id, intArray(tokens)); err != nil {
			return err
		}
		return t.put(ctx, "index case", `UPDATE case_file SET indexed = 1 WHERE id = $1 AND indexed = 0`, id)
	}
	n, err := t.exec(ctx, "index case", `UPDATE case_file SET indexed = 1 WHERE id = $1 AND indexed = 0`, id)
	if err != nil || n == 0 {
		return err
	}
	if err = t.put(ctx, "index case", `INSERT INTO case_search_row (case_id) VALUES ($1)`, id); err != nil {
		return err
	}
	return t.put(ctx, "index case", `INSERT INTO case_search (rowid, tokens) SELECT row, $2 FROM case_search_row WHERE case_id = $1`, id, base36(tokens, " "))
}

// newestMatching walks SQLite's search index itself from its newest row, which
// costs what a page shows and not all that match: a common word matches a fifth
// of a desk's cases. Rows are in the order in which cases came, so this is
// newest first; of cases of the same millisecond it may be another order than
// in a list without search, and a list keeps to its own from page to page.
func newestMatching(w *where, tokens []int32, after hotline.Cursor) (from, order string) {
	w.add("case_search MATCH ?", base36(tokens, " AND "))
	if !after.Zero() {
		w.add("case_search.rowid < (SELECT a.row FROM case_search_row a WHERE a.case_id = ?)", after.ID)
	}
	return `case_search CROSS JOIN case_search_row s ON s.row = case_search.rowid CROSS JOIN case_file ON case_file.id = s.case_id`,
		"case_search.rowid DESC"
}

// matching adds the condition that a case holds all tokens.
func (r *Reader) matching(w *where, tokens []int32) {
	if r.postgres {
		w.add("id IN (SELECT case_id FROM case_search WHERE tokens @> ?::integer[])", intArray(tokens))
		return
	}
	w.add("id IN (SELECT s.case_id FROM case_search_row s WHERE s.row IN (SELECT rowid FROM case_search WHERE case_search MATCH ?))", base36(tokens, " AND "))
}

func intArray(tokens []int32) string {
	ss := make([]string, len(tokens))
	for i, t := range tokens {
		ss[i] = strconv.Itoa(int(t))
	}
	return "{" + strings.Join(ss, ",") + "}"
}

// base36 writes tokens for FTS5; the leading t keeps them from reading as
// operators.
func base36(tokens []int32, sep string) string {
	ss := make([]string, len(tokens))
	for i, t := range tokens {
		ss[i] = fmt.Sprintf("t%s", strconv.FormatInt(int64(t), 36))
	}
	return strings.Join(ss, sep)
}
