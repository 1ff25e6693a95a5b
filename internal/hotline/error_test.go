package hotline

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestErrors(t *testing.T) {
	caused := Errorf(Unavailable, "database_unavailable", "")
	caused.Cause = io.ErrUnexpectedEOF
	for _, tc := range []struct {
		name string
		err  error
		kind Kind
		code string
		text string
	}{
		{"all of it", Errorf(Invalid, "limit_range", "limit", 200), Invalid, "limit_range", "invalid: limit_range (limit) [200]"},
		{"no field", Errorf(NotFound, "case_not_found", ""), NotFound, "case_not_found", "not_found: case_not_found"},
		{"a cause", caused, Unavailable, "database_unavailable", "unavailable: database_unavailable: unexpected EOF"},
		{"wrapped", fmt.Errorf("open case: %w", fmt.Errorf("read: %w", Errorf(Conflict, "stale", ""))), Conflict, "stale", "open case: read: conflict: stale"},
		{"joined", errors.Join(io.EOF, Errorf(Denied, "denied", "cases.see")), Denied, "denied", "EOF\ndenied: denied (cases.see)"},
		{"of others", io.EOF, Internal, "internal", "EOF"},
	} {
		if got := KindOf(tc.err); got != tc.kind {
			t.Errorf("%s: kind %s, want %s", tc.name, got, tc.kind)
		}
		if got := CodeOf(tc.err); got != tc.code {
			t.Errorf("%s: code %s, want %s", tc.name, got, tc.code)
		}
		if got := tc.err.Error(); got != tc.text {
			t.Errorf("%s: says %q, want %q", tc.name, got, tc.text)
		}
	}
	if !errors.Is(caused, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}
