package hotline

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Cursor marks a place in a list that is sorted by a key and then by id:
// Key is the sort key (usually microseconds), ID the last id shown.
type Cursor struct {
	Key int64
	ID  string
}

// Zero says that the list starts at its beginning.
func (c Cursor) Zero() bool { return c == Cursor{} }

// String is the cursor as an opaque text for a URL.
func (c Cursor) String() string {
	if c.Zero() {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.Key, 10) + "." + c.ID))
}

// ParseCursor reads what String wrote; a text of anyone else's making is
// Invalid, so nothing strange reaches the database.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	key, id, ok := strings.Cut(string(raw), ".")
	n, nerr := strconv.ParseInt(key, 10, 64)
	c := Cursor{Key: n, ID: id}
	if err != nil || nerr != nil || !ok || id == "" || len(id) > 64 || strings.ContainsFunc(id, notPrinted) || c.String() != s {
		return Cursor{}, Errorf(Invalid, "cursor_invalid", "cursor")
	}
	return c, nil
}

func notPrinted(r rune) bool { return r <= ' ' || r >= 0x7f }

// Limits of a page: how many rows a list shows when not told, and at most.
const (
	PageDefault = 50
	PageMost    = 200 // contract: limit ≤ 200
)

// PageLimit checks a wished number of rows; 0 means the default.
func PageLimit(n int) (int, error) {
	if n == 0 {
		return PageDefault, nil
	}
	if n < 1 || n > PageMost {
		return 0, Errorf(Invalid, "limit_range", "limit", PageMost)
	}
	return n, nil
}
