package tsa_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"liandong/internal/audit"
	"liandong/internal/tsa"
	"liandong/internal/tsa/tsatest"
)

func TestAsk(t *testing.T) {
	a := tsatest.New(t)
	h := audit.Head{Platform: "540000-12345", Size: 7, Epoch: 1, At: time.Now().UTC().Truncate(time.Microsecond)}
	request, nonce, err := audit.StampRequest(h)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := tsa.New(a.URL).Ask(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, s, err := audit.ReadStamp(h, nonce, answer, a.Roots); err != nil || !s.Trusted {
		t.Errorf("got %+v, %v, want a trusted stamp", s, err)
	}
}

func TestAskRefused(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	for _, url := range []string{srv.URL, "http://127.0.0.1:1"} {
		if _, err := tsa.New(url).Ask(t.Context(), nil); err == nil {
			t.Errorf("%s: got no error", url)
		}
	}
}
