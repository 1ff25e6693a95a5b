package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// Several seats take and look at the same time.
func TestConcurrentSeats(t *testing.T) {
	w := newWorld(t)
	op, leader := w.gov.as("operator"), w.gov.as("leader")
	var wg sync.WaitGroup
	for range 4 {
		for _, who := range []*person{op, leader} {
			wg.Go(func() {
				c := who.post("/desk", url.Values{"text": {"城关区北京中路的路灯坏了三天了"}, "do": {"dispatch"}, "channel": {"phone"}, "seen": {""}})
				if c.status != http.StatusSeeOther {
					t.Errorf("take: got %d, want to be sent to the case", c.status)
					return
				}
				for _, path := range []string{c.location, "/cases", "/alert"} {
					if got := who.get(path); got.status != http.StatusOK {
						t.Errorf("%s: got %d, want 200", path, got.status)
					}
				}
			})
		}
	}
	wg.Wait()
	if got := leader.get("/cases?sort=new").count("tr[data-case]"); got != 8 {
		t.Errorf("got %d cases, want 8", got)
	}
}

// A handler that panics gets a page and a reference, and keeps the server up.
func TestPanicBecomesAPage(t *testing.T) {
	w := newWorld(t)
	s := newSite(Config{Desk: w.gov.desk, Auth: w.gov.auth})
	rec := httptest.NewRecorder()
	h := s.wrap(route{pattern: "GET /panic", open: true, handle: func(*request) error { panic("broken") }})
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/panic", nil))
	got := answer{t: t, status: rec.Code, body: rec.Body.String()}
	if got.status != http.StatusInternalServerError || got.count("#problem") != 1 || got.count("#ref") != 1 {
		t.Errorf("got %d\n%s\nwant 500 and a page with a reference", got.status, got.body)
	}
}

func BenchmarkPages(b *testing.B) {
	w := newWorld(b)
	a := hotline.Actor{ID: "x", Name: "测试", Role: hotline.Operator, Platform: w.gov.node.Platform}
	var id string
	for range 60 {
		v, _, err := w.gov.desk.Intake(b.Context(), a, desk.In{Text: "城关区北京中路的路灯坏了三天了没人来修", Channel: "phone", Region: "540102",
			Legs: []desk.Order{{To: "unit:540102-urban"}}})
		if err != nil {
			b.Fatal(err)
		}
		id = v.ID
	}
	op := w.gov.as("operator")
	for name, path := range map[string]string{"case": "/cases/" + id, "queue": "/cases", "seat": "/desk", "alert": "/alert"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got := op.get(path); got.status != http.StatusOK {
					b.Fatalf("%s: got %d", path, got.status)
				}
			}
		})
	}
	b.Run("triage", func(b *testing.B) {
		for b.Loop() {
			op.post("/desk/triage", url.Values{"text": {"城关区这里煤气泄漏，有人晕倒了，快来人"}})
		}
	})
}
