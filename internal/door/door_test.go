package door

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"liandong/internal/hotline"
)

func TestStatus(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{hotline.Errorf(hotline.Invalid, "x", ""), 422},
		{hotline.Errorf(hotline.NotFound, "x", ""), 404},
		{hotline.Errorf(hotline.Denied, "x", ""), 403},
		{hotline.Errorf(hotline.Conflict, "x", ""), 409},
		{hotline.Errorf(hotline.Unavailable, "x", ""), 503},
		{hotline.Errorf(hotline.Internal, "x", ""), 500},
		{fmt.Errorf("wrapped: %w", hotline.Errorf(hotline.Conflict, "x", "")), 409},
		{errors.New("anything else"), 500},
	} {
		if got := Status(tc.err); got != tc.want {
			t.Errorf("%v: got status %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestRecorder(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter)
		want   int
	}{
		"nothing":          {func(http.ResponseWriter) {}, 0},
		"a body alone":     {func(w http.ResponseWriter) { w.Write([]byte("x")) }, 200},
		"a status":         {func(w http.ResponseWriter) { w.WriteHeader(404); w.Write([]byte("x")) }, 404},
		"the first counts": {func(w http.ResponseWriter) { w.WriteHeader(409); w.WriteHeader(200) }, 409},
	} {
		beneath := httptest.NewRecorder()
		r := &Recorder{ResponseWriter: beneath}
		tc.answer(r)
		if r.Status != tc.want {
			t.Errorf("%s: got status %d, want %d", name, r.Status, tc.want)
		}
		if tc.want != 0 && beneath.Code != tc.want {
			t.Errorf("%s: passed on status %d, want %d", name, beneath.Code, tc.want)
		}
		if err := http.NewResponseController(r).Flush(); err != nil || !beneath.Flushed {
			t.Errorf("%s: what is beneath was not reached: %v", name, err)
		}
	}
}
