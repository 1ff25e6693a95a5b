// Package door is what the doors for people (web) and for programs (api) do
// alike with HTTP, so that one kind of refusal is one status on both. What
// they answer, and in which words, is each door's own.
package door

import (
	"net/http"

	"liandong/internal/hotline"
)

// Status is the HTTP status of an error by its kind: 422, 404, 403, 409, 503,
// and 500 for everything that is our fault.
func Status(err error) int {
	switch hotline.KindOf(err) {
	case hotline.Invalid:
		return http.StatusUnprocessableEntity
	case hotline.NotFound:
		return http.StatusNotFound
	case hotline.Denied:
		return http.StatusForbidden
	case hotline.Conflict:
		return http.StatusConflict
	case hotline.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Recorder passes an answer on and remembers its status, for the log.
type Recorder struct {
	http.ResponseWriter
	Status int // 0 until something was answered
}

func (r *Recorder) WriteHeader(status int) {
	if r.Status == 0 {
		r.Status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *Recorder) Write(b []byte) (int, error) {
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is beneath.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
