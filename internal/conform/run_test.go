package conform

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// side is a side under test that writes to the kit.
type side struct {
	t    *testing.T
	keys *seal.Keyring
	url  string
	kit  seal.PublicKeys
	run  *Run
}

func newSide(t *testing.T) *side {
	t.Helper()
	s := &side{t: t}
	var kit *seal.Keyring
	for _, k := range []**seal.Keyring{&s.keys, &kit} {
		keys, err := seal.NewKeyring(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		*k = keys
	}
	s.kit = kit.Public("conform-110", "符合性测试")
	s.run = New(Config{Keys: kit, Platform: s.kit.Platform, Name: s.kit.Name, Peer: s.keys.Public("540000-110", "试点110"), Link: "540000-110~conform-110",
		URL: "http://127.0.0.1:1", Patience: 50 * time.Millisecond})
	srv := httptest.NewServer(s.run.Handler())
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// post signs a content as it is and brings it.
func (s *side) post(content map[string]any) (status int, answer letter.Envelope) {
	s.t.Helper()
	doc, err := json.Marshal(content)
	if err == nil {
		doc, err = seal.Canonical(doc)
	}
	var wire []byte
	if err == nil {
		wire, err = letter.Compose(doc, nil, letter.Signer(s.keys))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.Post(s.url, "application/json", bytes.NewReader(wire))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.StatusCode, answer
	}
	if answer, err = letter.Parse(raw); err == nil {
		err = answer.Verify(s.kit)
	}
	if err != nil {
		s.t.Fatalf("the kit's answer %s: %v", raw, err)
	}
	return res.StatusCode, answer
}

func (s *side) accept() map[string]any {
	return map[string]any{"id": hotline.NewID(), "type": "accept", "schema": leg.Schema, "from": "540000-110", "to": "conform-110", "link": "540000-110~conform-110", "epoch": 1,
		"leg": "leg-1", "number": 1, "sent_at": "2026-03-11T10:00:00Z", "cases": map[string]any{"540000-110": "case-1"}, "body": map[string]any{"person": "测试班长"}}
}

// The kit answers as the contract says: a letter that is authentic and wrong
// gets a signed error and is named in the report, as one that came.
func TestKitRefuses(t *testing.T) {
	s := newSide(t)
	wrong := s.accept()
	wrong["type"], wrong["body"] = "return", map[string]any{"ground": "not_duty"}
	status, answer := s.post(wrong)
	if b := answer.Body; status != http.StatusOK || answer.Type != leg.TypeError || b.Code != letter.CodeSchema || b.Field != "/body/basis" || b.Re != wrong["id"] || b.Status != "dropped" {
		t.Errorf("a return without its basis: %d %+v, want an error letter_schema at /body/basis, dropped", status, answer.Letter)
	}
	_, err := s.run.hearOf(t.Context(), "return", "leg-1", 1)
	if err == nil || !strings.Contains(err.Error(), "came and was refused") || !strings.Contains(s.run.came, `"ground":"not_duty"`) {
		t.Errorf("the report says %v, shows %.80s, want the letter that came", err, s.run.came)
	}
	other := s.accept()
	other["from"] = "540000-120"
	if status, _ := s.post(other); status != http.StatusUnauthorized {
		t.Errorf("a letter of somebody else: %d, want 401", status)
	}
}

// The same letter again is receipted again; with another content it is another
// letter under a used id.
func TestKitToldAgain(t *testing.T) {
	s := newSide(t)
	m := s.accept()
	for range 2 {
		if _, answer := s.post(m); answer.Type != leg.TypeReceipt {
			t.Fatalf("got %+v, want a receipt", answer.Letter)
		}
	}
	m["sent_at"] = "2026-03-11T10:00:01Z"
	if _, answer := s.post(m); answer.Type != leg.TypeError || answer.Body.Code != "letter_id_reused" {
		t.Errorf("another content: got %+v, want letter_id_reused", answer.Letter)
	}
	if n := len(s.run.tries[m["id"].(string)]); n != 2 || len(s.run.broken) != 1 {
		t.Errorf("%d tries and %d broken letters, want 2 and 1", n, len(s.run.broken))
	}
}

// Heads of the side under test are tried: what goes on from the head that the kit
// holds passes, what does not fails, and a side that writes none is not tried.
func TestHeadsThatTheKitHears(t *testing.T) {
	leaf := func(b byte) audit.Hash { return sha256.Sum256([]byte{0, b}) }
	both := func(a, b audit.Hash) audit.Hash { return sha256.Sum256(slices.Concat([]byte{1}, a[:], b[:])) }
	i := slices.IndexFunc(rules, func(r rule) bool { return r.id == "head-out" })
	for name, tc := range map[string]struct {
		second  audit.Hash
		proof   audit.Hash
		silent  bool
		outcome Outcome
	}{
		"goes on":      {both(leaf(1), leaf(2)), leaf(2), false, Passed},
		"rewritten":    {both(leaf(3), leaf(2)), leaf(2), false, Failed},
		"no proof":     {both(leaf(1), leaf(2)), leaf(4), false, Failed},
		"keeps no log": {audit.Hash{}, audit.Hash{}, true, NotTried},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSide(t)
			tell := func(size int64, root audit.Hash, from int64, path ...string) {
				head, err := audit.SignHead(audit.Head{Platform: "540000-110", Size: size, Root: root, Epoch: 1, At: time.Now()}, s.keys)
				if err != nil {
					t.Error(err)
				}
				body := map[string]any{"head": head}
				if from > 0 {
					body["from"], body["path"] = from, path
				}
				m := s.accept()
				delete(m, "leg")
				delete(m, "number")
				m["type"], m["body"] = "head", body
				if status, _ := s.post(m); status != http.StatusNoContent {
					t.Errorf("the kit answers a head %d, want 204", status)
				}
			}
			here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				wire, _ := io.ReadAll(r.Body)
				e, err := letter.Parse(wire)
				if err != nil {
					t.Error(err)
				}
				if e.Type == leg.TypeHead {
					if e.Body.Seen != 1 {
						t.Errorf("the kit has seen %d records, want 1", e.Body.Seen)
					}
					w.WriteHeader(http.StatusNoContent)
					return
				}
				now := time.Now()
				m := leg.Letter{ID: hotline.NewID(), Type: leg.TypeReceipt, Schema: leg.Schema, From: e.To, To: e.From, Link: e.Link, Epoch: 1, SentAt: now,
					Body: leg.Body{Re: e.ID, Hash: e.Hash(), Status: leg.ReceiptApplied, At: &now}}
				content, _, err := letter.Content(m)
				if err != nil {
					t.Error(err)
				}
				wire, err = letter.Compose(content, nil, letter.Signer(s.keys))
				if err != nil {
					t.Error(err)
				}
				w.Write(wire)
				go tell(2, tc.second, 1, base64.StdEncoding.EncodeToString(tc.proof[:]))
			}))
			defer here.Close()
			s.run.cfg.Patience = headFirst
			s.run.way = overHTTPS{url: here.URL, client: here.Client()}
			ctx := t.Context()
			if tc.silent {
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, 50*time.Millisecond)
				defer stop()
			} else {
				tell(1, leaf(1), 0)
			}
			if res := s.run.one(ctx, rules[i]); res.Outcome != tc.outcome {
				t.Errorf("%s %s, want %s", res.Outcome, res.Why, tc.outcome)
			}
		})
	}
}
