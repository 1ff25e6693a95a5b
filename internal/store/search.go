package store

import (
	"context"
	"encoding/json"
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

// Indexed is a case as the search index gets it.
type Indexed struct {
	ID     string
	Tokens []int32 // see Tokens
}

// IndexCases puts cases into the search index that it does not hold yet, in
// the order given. SQLite takes all of them by one statement, since FTS5 writes
// what it gathered before each new one: 20 cases cost a third of what they do
// one by one.
func (t *Tx) IndexCases(ctx context.Context, cases ...Indexed) error {
	if t.postgres { // both wait, so that a round of many cases is one trip
		for _, c := range cases {
			if err := t.put(ctx, "index case", `INSERT INTO case_search (case_id, tokens) SELECT id, $2::integer[] FROM case_file
				WHERE id = $1 AND indexed = 0`, c.ID, intArray(c.Tokens)); err != nil {
				return err
			}
			if err := t.put(ctx, "index case", `UPDATE case_file SET indexed = 1 WHERE id = $1 AND indexed = 0`, c.ID); err != nil {
				return err
			}
		}
		return nil
	}
	pairs := make([][2]string, len(cases)) // id, tokens
	for i, c := range cases {
		pairs[i] = [2]string{c.ID, base36(c.Tokens, " ")}
	}
	doc, err := json.Marshal(pairs)
	if err != nil {
		return fmt.Errorf("index cases: %w", err)
	}
	for _, q := range []string{
		`INSERT INTO case_search_row (case_id) SELECT c.id FROM json_each($1) j CROSS JOIN case_file c ON c.id = j.value ->> 0
			WHERE c.indexed = 0 ORDER BY j.key`,
		`INSERT INTO case_search (rowid, tokens) SELECT s.row, j.value ->> 1 FROM json_each($1) j CROSS JOIN case_file c ON c.id = j.value ->> 0
			CROSS JOIN case_search_row s ON s.case_id = c.id WHERE c.indexed = 0 ORDER BY j.key`,
		`UPDATE case_file SET indexed = 1 WHERE id IN (SELECT value ->> 0 FROM json_each($1)) AND indexed = 0`,
	} {
		if err := t.put(ctx, "index cases", q, string(doc)); err != nil {
			return err
		}
	}
	return nil
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
