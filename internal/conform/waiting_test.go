package conform

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// people of a side under test, as a test has them.
type people struct{ offer, newKey func() }

func (p people) Do(context.Context, leg.Verb, string) error { return nil }
func (p people) Offer(context.Context, string) error        { p.offer(); return nil }
func (p people) NewKey(context.Context) error               { p.newKey(); return nil }

func (s *side) try(id string) Result {
	s.t.Helper()
	return s.run.one(s.t.Context(), rules[slices.IndexFunc(rules, func(r rule) bool { return r.id == id })])
}

// An end of trying stands where a letter may be given up, and has not come before
// the letter was made.
func TestExpiriesThatTheKitHears(t *testing.T) {
	for name, tc := range map[string]struct {
		typ, expires string
		outcome      Outcome
	}{
		"none":                     {"accept", "", Passed},
		"of an urge":               {"urge", "2026-03-14T10:00:00Z", Passed},
		"of an acceptance":         {"accept", "2026-03-14T10:00:00Z", Failed},
		"of an urge that was over": {"urge", "2026-03-11T10:00:00Z", Failed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSide(t)
			s.run.cfg.Driver = people{offer: func() {
				offer := s.accept()
				offer["type"], offer["body"] = "offer", map[string]any{"role": "lead"}
				said := s.accept()
				said["type"], said["number"], said["body"] = tc.typ, 2, map[string]any{}
				if tc.expires != "" {
					said["expires_at"] = tc.expires
				}
				s.post(said)
				s.post(offer)
			}}
			if res := s.try("expiry-out"); res.Outcome != tc.outcome {
				t.Errorf("%s %s, want %s", res.Outcome, res.Why, tc.outcome)
			}
		})
	}
}

// A key of the side under test counts for the kit once it is announced as the
// contract says.
func TestKeysThatTheKitHears(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil   func(body map[string]any)
		signs   bool // with the new key, afterwards
		outcome Outcome
	}{
		"as it must be":         {func(map[string]any) {}, true, Passed},
		"another fingerprint":   {func(b map[string]any) { b["fingerprint"] = strings.Repeat("0000 ", 5) + "0000" }, true, Failed},
		"signs with the old":    {func(map[string]any) {}, false, Failed},
		"without the old key":   {nil, true, Failed},
		"announces what it has": {func(b map[string]any) { b["keys"] = "" }, false, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSide(t)
			old := s.keys
			next, err := old.Renew(seal.Signing, time.Now().Add(time.Hour), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			s.run.cfg.Driver = people{newKey: func() {
				doc := next.Public("540000-110", "试点110")
				if tc.spoil == nil {
					doc = next.Forget(1).Public("540000-110", "试点110")
					doc.Signing = doc.Signing[:1]
				}
				body := map[string]any{"keys": string(doc.Bytes()), "fingerprint": doc.Fingerprint()}
				if tc.spoil != nil {
					tc.spoil(body)
				}
				if body["keys"] == "" { // the document that is known already
					known := old.Public("540000-110", "试点110")
					body["keys"], body["fingerprint"] = string(known.Bytes()), known.Fingerprint()
				}
				m := s.accept()
				delete(m, "leg")
				delete(m, "number")
				m["type"], m["body"], m["sent_at"] = "keys", body, time.Now().UTC().Format(time.RFC3339)
				s.post(m)
				if tc.signs {
					s.keys = next
				}
			}}
			here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				wire, _ := io.ReadAll(r.Body)
				e, err := letter.Parse(wire)
				if err != nil {
					t.Error(err)
				}
				now := time.Now()
				content, _, err := letter.Content(leg.Letter{ID: hotline.NewID(), Type: leg.TypeReceipt, Schema: leg.Schema, From: e.To, To: e.From, Link: e.Link, Epoch: 1, SentAt: now,
					Body: leg.Body{Re: e.ID, Hash: e.Hash(), Status: leg.ReceiptApplied, At: &now}})
				if err == nil {
					wire, err = letter.Compose(content, nil, letter.Signer(s.keys))
				}
				if err != nil {
					t.Error(err)
				}
				w.Write(wire)
			}))
			defer here.Close()
			s.run.way = overHTTPS{url: here.URL, client: here.Client()}
			if res := s.try("keys-out"); res.Outcome != tc.outcome {
				t.Errorf("%s %s, want %s", res.Outcome, res.Why, tc.outcome)
			} else {
				t.Log(res.Why)
			}
		})
	}
}

// Each rule names the section of the contract that it comes from.
func TestRulesNameTheirSection(t *testing.T) {
	contract, err := os.ReadFile("../../docs/exchange/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if strings.HasSuffix(r.in, ".md") {
			if _, err := os.Stat("../../docs/exchange/" + r.in); err != nil {
				t.Errorf("%s: %v", r.id, err)
			}
		} else if !strings.Contains(string(contract), "\n## "+r.in+"\n") && !strings.Contains(string(contract), "\n### "+r.in+"\n") {
			t.Errorf("%s is of %q, and the contract has no such section", r.id, r.in)
		}
	}
}
