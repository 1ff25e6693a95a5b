package opinion

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"liandong/internal/hotline"
)

var classes = []Class{{"A01", "公共设施类"}, {"B01", "违法犯罪行为"}}

func answering(t *testing.T, status int, content string) (*Advisor, *string) {
	t.Helper()
	var asked string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(b)
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": said{"assistant", content}}}})
	}))
	t.Cleanup(srv.Close)
	return New(Config{URL: srv.URL + "/v1/", Model: "local", Key: "k"}), &asked
}

func TestAsk(t *testing.T) {
	a, asked := answering(t, 200, "好的。```json\n{\"category\":\"A01\",\"why\":\"路灯  属于公共设施\"}\n```")
	got, err := a.Ask(t.Context(), hotline.NewPersonal("路灯坏了，电话13900000001").Redact(), classes)
	if err != nil || got != (Opinion{"A01", "路灯 属于公共设施"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, want := range []string{"POST /v1/chat/completions Bearer k", `"model":"local"`, "路灯坏了", "B01 违法犯罪行为"} {
		if !strings.Contains(*asked, want) {
			t.Errorf("asked %s, want %q in it", *asked, want)
		}
	}
	if strings.Contains(*asked, "13900000001") {
		t.Errorf("asked %s, with a telephone number", *asked)
	}
}

// Whatever else it says, the desk hears that there is no opinion, and does not
// ask again for a while.
func TestNoOpinion(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		content string
	}{
		"an error":         {500, `{"category":"A01"}`},
		"an unknown class": {200, `{"category":"Z99","why":"x"}`},
		"no object":        {200, "我认为是公共设施"},
		"a broken object":  {200, `{"category":}`},
		"nothing":          {200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, asked := answering(t, tc.status, tc.content)
			for range 2 {
				if _, err := a.Ask(t.Context(), "路灯坏了", classes); hotline.CodeOf(err) != "no_opinion" {
					t.Errorf("got %v, want no_opinion", err)
				}
			}
			*asked = ""
			a.Ask(t.Context(), "路灯坏了", classes)
			if *asked != "" {
				t.Error("it was asked again at once")
			}
			now := time.Now().Add(2 * rest)
			a.now = func() time.Time { return now }
			a.Ask(t.Context(), "路灯坏了", classes)
			if *asked == "" {
				t.Error("it was never asked again")
			}
		})
	}
}

// A slow model costs its limit once; a browser that goes away costs nothing.
func TestSlow(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer srv.Close()
	a := New(Config{URL: srv.URL, Limit: 20 * time.Millisecond})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Ask(gone, "x", classes); hotline.CodeOf(err) != "no_opinion" || a.resting() {
		t.Errorf("a browser that went away: got %v, resting %v", err, a.resting())
	}
	if _, err := a.Ask(t.Context(), "x", classes); hotline.CodeOf(err) != "no_opinion" || !a.resting() {
		t.Errorf("a slow model: got %v, resting %v, want it to rest", err, a.resting())
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"category":"A01","why":"x"}`)
	f.Add("}{")
	f.Fuzz(func(t *testing.T, content string) {
		if o, err := read(content, classes); err == nil && (o.Category != "A01" && o.Category != "B01" || len([]rune(o.Why)) > whyMost+1) {
			t.Errorf("got %+v", o)
		}
	})
}
