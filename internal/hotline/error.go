package hotline

import (
	"errors"
	"fmt"
)

// Kind says what the reader of an error can do about it.
type Kind string

const (
	Invalid     Kind = "invalid"     // mend the input and try again
	NotFound    Kind = "not_found"   // there is no such thing, or you may not see it
	Denied      Kind = "denied"      // you may not do this
	Conflict    Kind = "conflict"    // someone was faster, or the state does not allow it
	Unavailable Kind = "unavailable" // try again later
	Internal    Kind = "internal"    // our fault
)

// Error is a refusal that a person can read. Code is stable and is the key of
// the translated sentence; Field names the input at fault; Args fill the
// sentence; the wrapped cause is for the log only.
type Error struct {
	Kind  Kind
	Code  string
	Field string
	Args  []any
	Cause error
}

func (e *Error) Error() string {
	s := string(e.Kind) + ": " + e.Code
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if len(e.Args) > 0 {
		s += fmt.Sprintf(" %v", e.Args)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of a kind with its stable code, the field at fault (or
// "") and the arguments of its sentence.
func Errorf(kind Kind, code, field string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Field: field, Args: args}
}

// KindOf is the kind of err: Internal for every error that says nothing else.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf is the stable code of err, "internal" where it has none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}
