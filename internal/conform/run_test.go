package conform

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
	if n := s.run.tries[m["id"].(string)]; n != 2 || len(s.run.broken) != 1 {
		t.Errorf("%d tries and %d broken letters, want 2 and 1", n, len(s.run.broken))
	}
}
