package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"liandong/internal/store"
)

// caller calls a node as a program does.
type caller struct {
	t     *testing.T
	base  string
	token string
}

func newCaller(t *testing.T, n *Node, scopes ...string) caller {
	t.Helper()
	token, err := n.AddToken(t.Context(), NewToken{Name: "测试程序", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(n.Handler())
	t.Cleanup(srv.Close)
	return caller{t: t, base: srv.URL, token: token.Token}
}

// call makes a call, reads the answer into out (where it is not nil) and wants
// a status.
func (c caller) call(method, path string, in any, want int, out any) string {
	c.t.Helper()
	doc, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(doc))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.t.Fatalf("%s %s: got %d %s (%v), want %d", method, path, res.StatusCode, body, err, want)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, body)
		}
	}
	return string(body)
}

// linked is a node with a link to a platform whose address nobody answers at.
func linked(t *testing.T, c Config) (n *Node, peer string) {
	t.Helper()
	n = open(t, c)
	t.Cleanup(func() { n.Close() })
	other, err := makeKeys(t.TempDir() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	peer = "540000-110"
	if n.cfg.Line == "110" {
		peer = "540000-12345"
	}
	if _, err := n.PutLink(t.Context(), NewLink{Keys: other.Public(peer, "测试对方").Bytes(), URL: "http://127.0.0.1:1", Phone: "0891-0000110"}); err != nil {
		t.Fatal(err)
	}
	return n, peer
}

// What is stuck on a link is in figures and in a list, and is mended by calls.
func TestLinkOperations(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		n, peer := linked(t, c)
		api := newCaller(t, n, "cases.see", "cases.take", "cases.decide", "legs.ask", "links.see", "links.mend")
		line := strings.TrimPrefix(peer, "540000-")
		var made struct{ ID string }
		api.call("POST", "/api/v1/cases", map[string]any{"text": "测试路灯坏了，请派人来看", "channel": "phone", "region": "540102"}, 201, &made)
		var sent struct{ Legs []struct{ ID string } }
		api.call("POST", "/api/v1/cases/"+made.ID+"/legs", map[string]any{"legs": []any{map[string]any{"to": line, "ask": "请处理"}}}, 201, &sent)
		api.call("POST", "/api/v1/legs/"+sent.Legs[0].ID+"/urge", map[string]any{}, 200, nil)

		out, err := n.store.Reader().LettersOut(t.Context(), peer, store.LetterWaiting, "", 10)
		if err != nil || len(out) != 2 {
			t.Fatalf("got %d letters, %v, want the offer and the urge", len(out), err)
		}
		err = n.store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.RetryLetter(t.Context(), out[1].ID, 4, time.Now().Add(time.Hour), "no answer")
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"letters_waiting", "letters_retried", "failed_tries", "oldest_letter_seconds", "stuck", "active", "letters_refused"} {
			value := map[string]string{"letters_waiting": "2", "letters_retried": "1", "failed_tries": "4", "stuck": "0", "active": "1", "letters_refused": "0"}[want]
			line := fmt.Sprintf("liandong_link_%s{peer=%q} %s", want, peer, value)
			if metrics := api.call("GET", "/metrics", nil, 200, nil); !strings.Contains(metrics, line) {
				t.Errorf("metrics: got none like %s", line)
			}
		}
		var links []LinkInfo
		api.call("GET", "/api/v1/links", nil, 200, &links)
		if l := links[0]; l.Waiting != 2 || l.Retried != 1 || l.OldestAt == nil {
			t.Errorf("link: got %d waiting, %d retried, oldest %v", l.Waiting, l.Retried, l.OldestAt)
		}
		var stuck []StuckLetter
		api.call("GET", "/api/v1/links/"+peer+"/letters", nil, 200, &stuck)
		if len(stuck) != 1 || stuck[0].ID != out[1].ID || stuck[0].Type != "urge" || stuck[0].Attempts != 4 {
			t.Fatalf("stuck: got %+v, want the urge", stuck)
		}
		api.call("POST", "/api/v1/letters/"+stuck[0].ID+"/resend", map[string]any{}, 200, nil)
		api.call("POST", "/api/v1/letters/"+stuck[0].ID+"/void", map[string]any{"reason": " "}, 422, nil)
		api.call("POST", "/api/v1/letters/"+stuck[0].ID+"/void", map[string]any{"reason": "已电话告知"}, 200, nil)
		var events struct {
			Events []struct{ Kind, Note string }
		}
		api.call("GET", "/api/v1/cases/"+made.ID+"/events", nil, 200, &events)
		if got := events.Events[len(events.Events)-1]; got.Kind != "voided" {
			t.Errorf("last event: got %+v, want that the letter was given up", got)
		}

		for _, bad := range []any{map[string]any{}, map[string]any{"leg": sent.Legs[0].ID}, map[string]any{"leg": "x", "number": 1, "since": time.Now()}} {
			api.call("POST", "/api/v1/links/"+peer+"/replay", bad, 422, nil)
		}
		api.call("POST", "/api/v1/links/nobody/replay", map[string]any{"since": time.Now()}, 404, nil)
		err = n.store.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.EndLetter(t.Context(), out[0].ID, store.LetterReceipted, "{}", time.Now())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var again Replayed
		api.call("POST", "/api/v1/links/"+peer+"/replay", map[string]any{"leg": sent.Legs[0].ID, "number": 1}, 200, &again)
		if again.Letters != 1 {
			t.Errorf("replayed: got %d letters, want the offer that was receipted", again.Letters)
		}
	})
}
