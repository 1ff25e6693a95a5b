package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/conform"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// linkedToKit is a demonstration whose 12345 node is linked to a kit, with the
// arguments of a run against it.
func linkedToKit(t *testing.T) (dir, url string, args []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	_, _, ready := startDemo(t, "--dir", dir)
	n := ready.Nodes[0]
	kitKeys, peerKeys := filepath.Join(t.TempDir(), "kit.json"), filepath.Join(t.TempDir(), "peer.json")
	listen := freePort(t)
	kit := must(t, "", "conform", "keys", "--keys", kitKeys)
	write(t, kitKeys+".public", kit.stdout)
	write(t, peerKeys, must(t, "", "link", "keys", "--node", n.URL, "--token", n.Token).stdout)
	must(t, "", "link", "add", "--node", n.URL, "--token", n.Token, "--peer-keys", kitKeys+".public", "--url", "http://"+listen, "--phone", "0891-0000110",
		"--line", "110", "--region", "540000", "--fingerprint", fingerprintOf(t, kit.stderr))
	return dir, n.URL, []string{"conform", "run", "--keys", kitKeys, "--peer-keys", peerKeys, "--listen", listen, "--json", "--node", n.URL, "--token", n.Token}
}

func results(t *testing.T, out string) map[conform.Outcome][]string {
	t.Helper()
	by := map[conform.Outcome][]string{}
	for line := range strings.Lines(out) {
		var r conform.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		by[r.Outcome] = append(by[r.Outcome], r.ID)
		if r.Outcome == conform.Failed {
			t.Logf("%s: %s\nsent %s\ncame %s", r.ID, r.Why, r.Sent, r.Came)
		}
	}
	return by
}

// Our own node keeps every rule.
func TestOurNodeConforms(t *testing.T) {
	_, url, args := linkedToKit(t)
	got := liandong(t, "", append(args, "--url", url)...)
	by := results(t, got.stdout)
	if got.status != done || len(by[conform.Passed]) != len(conform.Rules()) {
		t.Errorf("exit %d, failed %v, not tried %v, want all %d rules passed", got.status, by[conform.Failed], by[conform.NotTried], len(conform.Rules()))
	}
}

// A node that breaks one thing fails the rules about it and no others.
func TestBrokenNodesDoNot(t *testing.T) {
	dir, url, args := linkedToKit(t)
	args = args[:slices.Index(args, "--node")] // without people, and so with as many rules as need none
	doc, err := os.ReadFile(filepath.Join(dir, "12345", "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeyring(doc)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(to letter.Envelope, typ string, b leg.Body) []byte {
		now := time.Now()
		b.Re, b.Hash = to.ID, to.Hash()
		if typ == leg.TypeReceipt {
			b.At = &now
		}
		content, _, err := letter.Content(leg.Letter{ID: "answer-" + to.ID, Type: typ, Schema: leg.Schema, From: to.To, To: to.From, Link: to.Link, Epoch: 1, SentAt: now, Body: b})
		if err != nil {
			t.Fatal(err)
		}
		wire, err := letter.Compose(content, nil, letter.Signer(keys))
		if err != nil {
			t.Fatal(err)
		}
		return wire
	}
	receipt := leg.Body{Status: leg.ReceiptApplied}
	seen := map[string]bool{}
	for name, tc := range map[string]struct {
		// breaks answers in the node's place; nil lets it answer.
		breaks func(e letter.Envelope, status int, answer []byte) []byte
		fails  []string
	}{
		"takes what is not authentic": {func(e letter.Envelope, status int, _ []byte) []byte {
			if status == http.StatusUnauthorized && e.ID != "" {
				return sign(e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"forged-content", "forged-key", "unknown-platform"}},
		"refuses what it does not know": {func(e letter.Envelope, _ int, _ []byte) []byte {
			if e.Body.Class == "Z99" {
				return sign(e, leg.TypeError, leg.Body{Code: "class_unknown", Status: "dropped"})
			}
			return nil
		}, []string{"take-unknown-words"}},
		"answers receipts": {func(e letter.Envelope, _ int, _ []byte) []byte {
			if e.Type == leg.TypeReceipt || e.Type == leg.TypeError {
				return sign(e, leg.TypeError, leg.Body{Code: "letter_schema", Status: "dropped"})
			}
			return nil
		}, []string{"no-answer-to-receipts"}},
		"refuses what it has taken before": {func(e letter.Envelope, status int, _ []byte) []byte {
			if e.Type == leg.TypeOffer && status == http.StatusOK {
				if seen[e.ID+e.Hash()] {
					return sign(e, leg.TypeError, leg.Body{Code: "letter_id_reused", Status: "kept"})
				}
				seen[e.ID+e.Hash()] = true
			}
			return nil
		}, []string{"take-again", "take-again-signed-anew", "take-at-once"}},
		"calls everything applied": {func(e letter.Envelope, _ int, answer []byte) []byte {
			if bytes.Contains(answer, []byte(`"status":"waiting"`)) {
				return sign(e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"not-your-leg", "early", "gap-closed", "void"}},
		"does not say late": {func(e letter.Envelope, _ int, answer []byte) []byte {
			if bytes.Contains(answer, []byte(`"late":true`)) {
				return sign(e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"take-late"}},
		"lets every move be": {func(e letter.Envelope, _ int, answer []byte) []byte {
			if bytes.Contains(answer, []byte(`"code":"move_refused"`)) {
				return sign(e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"wrong-move"}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				wire, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				res, err := http.Post(url+r.URL.Path, "application/json", bytes.NewReader(wire))
				if err != nil {
					return
				}
				defer res.Body.Close()
				answer, _ := io.ReadAll(res.Body)
				e, _ := letter.Parse(wire)
				if other := tc.breaks(e, res.StatusCode, answer); other != nil {
					w.Write(other)
					return
				}
				w.WriteHeader(res.StatusCode)
				w.Write(answer)
			}))
			defer broken.Close()
			got := liandong(t, "", append(slices.Clone(args), "--url", broken.URL, "--patience", "2s")...)
			by := results(t, got.stdout)
			if got.status != failed || !slices.Equal(by[conform.Failed], tc.fails) {
				t.Errorf("exit %d, failed %v, want %v", got.status, by[conform.Failed], tc.fails)
			}
		})
	}
}

func TestConformRefuses(t *testing.T) {
	for _, args := range [][]string{{"run"}, {"run", "--url", "http://127.0.0.1:1"}, {"run", "--node", "here", "--url", "x", "--peer-keys", "none"}, {"sing"}} {
		if got := liandong(t, "", append([]string{"conform"}, args...)...); got.status == done || got.stderr == "" {
			t.Errorf("%v: exit %d, %q", args, got.status, got.stderr)
		}
	}
	if got := must(t, "", "conform", "rules"); strings.Count(got.stdout, "\n") != len(conform.Rules()) {
		t.Errorf("got %d lines, want %d rules", strings.Count(got.stdout, "\n"), len(conform.Rules()))
	}
}
