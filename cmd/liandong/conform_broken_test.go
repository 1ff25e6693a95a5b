package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liandong/internal/conform"
	"liandong/internal/exchange/https"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// exchanged is a letter that came by a proxy, and what was answered to it.
type exchanged struct {
	path   string
	wire   []byte          // several letters where it holds a line feed
	e      letter.Envelope // zero where the letter cannot be read
	status int
	answer []byte
}

// turnAway in place of an answer is 401.
var turnAway = []byte("401")

// between passes letters on to who is behind it; breaks answers in its place, nil
// lets it answer.
func between(t *testing.T, url string, breaks func(exchanged) []byte) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url+r.URL.Path, bytes.NewReader(wire))
		if err != nil {
			return
		}
		req.Header = r.Header
		e, _ := letter.Parse(wire)
		res, err := http.DefaultClient.Do(req)
		if err != nil { // nobody answered
			w.Write(breaks(exchanged{path: r.URL.Path, wire: wire, e: e}))
			return
		}
		defer res.Body.Close()
		answer, _ := io.ReadAll(res.Body)
		switch other := breaks(exchanged{r.URL.Path, wire, e, res.StatusCode, answer}); {
		case other == nil:
			for _, name := range []string{https.SignatureHeader, https.AtOnceHeader} {
				w.Header().Set(name, res.Header.Get(name))
			}
			w.WriteHeader(res.StatusCode)
			w.Write(answer)
		case bytes.Equal(other, turnAway):
			http.Error(w, "not authentic", http.StatusUnauthorized)
		default:
			w.Write(other)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// forger signs as a side of the link does.
type forger struct {
	t    *testing.T
	keys *seal.Keyring
}

func forgerOf(t *testing.T, keyring string) forger {
	t.Helper()
	doc, err := os.ReadFile(keyring)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeyring(doc)
	if err != nil {
		t.Fatal(err)
	}
	return forger{t, keys}
}

// sign answers a letter.
func (f forger) sign(to letter.Envelope, typ string, b leg.Body) []byte {
	now := time.Now()
	b.Re, b.Hash = to.ID, to.Hash()
	if typ == leg.TypeReceipt {
		b.At = &now
	}
	return f.write(leg.Letter{ID: "answer-" + to.ID, Type: typ, Schema: leg.Schema, From: to.To, To: to.From, Link: to.Link, Epoch: 1, SentAt: now, Body: b})
}

// change signs an answer anew, changed.
func (f forger) change(answer []byte, change func(*leg.Letter)) []byte {
	e, err := letter.Parse(answer)
	if err != nil {
		f.t.Fatalf("%s: %v", answer, err)
	}
	change(&e.Letter)
	return f.write(e.Letter)
}

func (f forger) write(m leg.Letter) []byte {
	content, _, err := letter.Content(m)
	if err != nil {
		f.t.Fatal(err)
	}
	wire, err := letter.Compose(content, nil, letter.Signer(f.keys))
	if err != nil {
		f.t.Fatal(err)
	}
	return wire
}

// A node that breaks one thing fails the rules about it and no others.
func TestBrokenNodesDoNot(t *testing.T) {
	dir, url, args := linkedToKit(t)
	args = args[:slices.Index(args, "--node")] // without people, and so with as many rules as need none
	f := forgerOf(t, filepath.Join(dir, "12345", "keys.json"))
	receipt := leg.Body{Status: leg.ReceiptApplied}
	seen := map[string]bool{}
	var mu sync.Mutex // of what the cases remember
	var told, last seal.PublicKeys
	has := func(x exchanged, what string) bool { return bytes.Contains(x.answer, []byte(what)) }
	refuses := func(x exchanged, code, status string) []byte {
		return f.sign(x.e, leg.TypeError, leg.Body{Code: code, Status: status})
	}
	for name, tc := range map[string]struct {
		// breaks answers in the node's place; nil lets it answer.
		breaks func(x exchanged) []byte
		fails  []string
	}{
		"takes what is not authentic": {func(x exchanged) []byte {
			if x.status == http.StatusUnauthorized && x.e.ID != "" {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"forged-content", "forged-key", "unknown-platform", "keys-forged", "sm2"}},
		"refuses what it does not know": {func(x exchanged) []byte {
			if x.e.Body.Class == "Z99" {
				return f.sign(x.e, leg.TypeError, leg.Body{Code: "class_unknown", Status: "dropped"})
			}
			return nil
		}, []string{"take-unknown-words"}},
		"answers receipts": {func(x exchanged) []byte {
			if x.e.Type == leg.TypeReceipt || x.e.Type == leg.TypeError {
				return f.sign(x.e, leg.TypeError, leg.Body{Code: "letter_schema", Status: "dropped"})
			}
			return nil
		}, []string{"no-answer-to-receipts"}},
		"refuses what it has taken before": {func(x exchanged) []byte {
			if x.e.Type == leg.TypeOffer && x.status == http.StatusOK {
				if seen[x.e.ID+x.e.Hash()] {
					return f.sign(x.e, leg.TypeError, leg.Body{Code: "letter_id_reused", Status: "kept"})
				}
				seen[x.e.ID+x.e.Hash()] = true
			}
			return nil
		}, []string{"take-again", "take-again-signed-anew", "take-at-once", "erase"}},
		"calls everything applied": {func(x exchanged) []byte {
			if bytes.Contains(x.answer, []byte(`"status":"waiting"`)) {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"not-your-leg", "early", "gap-closed", "void"}},
		"does not say late": {func(x exchanged) []byte {
			if bytes.Contains(x.answer, []byte(`"late":true`)) {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"take-late"}},
		"lets every move be": {func(x exchanged) []byte {
			if bytes.Contains(x.answer, []byte(`"code":"move_refused"`)) {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"wrong-move", "kept"}},
		"takes no words between the moves": {func(x exchanged) []byte {
			if x.e.Type == string(leg.Call) {
				return refuses(x, "letter_type", "dropped")
			}
			return nil
		}, []string{"take-words"}},
		"takes no suspensions": {func(x exchanged) []byte {
			if x.e.Body.Suspension != nil {
				return refuses(x, "move_refused", "kept")
			}
			return nil
		}, []string{"take-suspension"}},
		"gives all receipts one id": {func(x exchanged) []byte {
			if has(x, `"type":"receipt"`) {
				return f.change(x.answer, func(m *leg.Letter) { m.ID = "receipt" })
			}
			return nil
		}, []string{"receipt-own-id"}},
		"reads what no two read alike": {func(x exchanged) []byte {
			if bytes.Contains(x.wire, []byte(`"level":3,"level":1`)) {
				return f.sign(letter.Envelope{Letter: leg.Letter{ID: "x", From: "conform-110", To: "540000-12345", Link: "540000-12345~conform-110"}}, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"name-twice"}},
		"rounds numbers": {func(x exchanged) []byte {
			if bytes.Contains(x.wire, []byte(`"level":2.5`)) {
				return f.sign(letter.Envelope{Letter: leg.Letter{ID: "x", From: "conform-110", To: "540000-12345", Link: "540000-12345~conform-110"}}, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"number-fraction"}},
		"does not look at the personal part": {func(x exchanged) []byte {
			if has(x, "letter_private") {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"sealed-schema"}},
		"does not say that a void was late": {func(x exchanged) []byte {
			if has(x, "already_applied") {
				return f.change(x.answer, func(m *leg.Letter) { m.Body.Code = "" })
			}
			return nil
		}, []string{"void-late"}},
		"refuses late voids": {func(x exchanged) []byte {
			if has(x, "already_applied") {
				return refuses(x, "number_reused", "dropped")
			}
			return nil
		}, []string{"void-late"}},
		"does not look at numbers": {func(x exchanged) []byte {
			if has(x, "number_reused") {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"number-reused", "void-then-letter", "void-of-another", "void-of-offer"}},
		"lets no offer be given up": {func(x exchanged) []byte {
			if x.e.Type == string(leg.Void) && x.e.Number == 1 {
				return refuses(x, "not_your_leg", "dropped")
			}
			return nil
		}, []string{"void-of-offer"}},
		"keeps what it drops": {func(x exchanged) []byte {
			if has(x, `"status":"dropped"`) {
				return f.change(x.answer, func(m *leg.Letter) { m.Body.Status = "kept" })
			}
			return nil
		}, []string{"dropped"}},
		"drops what it keeps": {func(x exchanged) []byte {
			if has(x, `"status":"kept"`) {
				return f.change(x.answer, func(m *leg.Letter) { m.Body.Status = "dropped" })
			}
			return nil
		}, []string{"kept"}},
		"wants parts in their order": {func(x exchanged) []byte {
			if x.e.Type == leg.TypeAttachment && x.e.Body.Part == 2 && x.status == http.StatusOK && has(x, `"type":"receipt"`) {
				return refuses(x, "attachment_part_size", "dropped")
			}
			return nil
		}, []string{"file-parts"}},
		"does not hash files": {func(x exchanged) []byte {
			if has(x, "attachment_hash") {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"file-hash"}},
		"takes parts of anything": {func(x exchanged) []byte {
			if has(x, "attachment_unknown") {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"file-unknown"}},
		"says that all is the same": {func(x exchanged) []byte {
			if x.e.Type == leg.TypeReconcile {
				return f.sign(x.e, leg.TypeReconcile, leg.Body{})
			}
			return nil
		}, []string{"reconcile"}},
		"goes on after an erasure": {func(x exchanged) []byte {
			if has(x, `"code":"erased"`) {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"erase"}},
		"believes every announcement": {func(x exchanged) []byte {
			mu.Lock()
			defer mu.Unlock()
			if x.e.Type == leg.TypeKeys {
				told, _ = seal.ParsePublicKeys([]byte(x.e.Body.Keys))
			}
			if x.status == http.StatusUnauthorized && told.Platform != "" && letter.VerifyWire(x.wire, told) == nil {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"keys-forged"}},
		"knows no new keys": {func(x exchanged) []byte {
			mu.Lock()
			defer mu.Unlock()
			if x.e.Type == leg.TypeKeys && x.status == http.StatusNoContent {
				last, _ = seal.ParsePublicKeys([]byte(x.e.Body.Keys))
			}
			if len(last.Signing) > 0 && x.e.Sig.KeyID == last.Signing[0].ID {
				return turnAway
			}
			return nil
		}, []string{"keys-new"}},
		"knows no SM2": {func(x exchanged) []byte {
			if x.e.Sig.Alg == seal.SM2 {
				return turnAway
			}
			return nil
		}, []string{"sm2"}},
		"answers the letters of a call in another order": {func(x exchanged) []byte {
			lines := bytes.SplitAfter(x.answer, []byte("\n"))
			slices.Reverse(lines)
			return bytes.Join(lines, nil)
		}, []string{"at-once"}},
		"answers heads": {func(x exchanged) []byte {
			if x.e.Type == leg.TypeHead {
				return f.sign(x.e, leg.TypeReceipt, receipt)
			}
			return nil
		}, []string{"head"}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := between(t, url, func(x exchanged) []byte {
				if several := bytes.Contains(x.wire, []byte("\n")); several != slices.Equal(tc.fails, []string{"at-once"}) {
					return nil
				}
				return tc.breaks(x)
			})
			broken.Start()
			got := liandong(t, "", append(slices.Clone(args), "--url", broken.URL, "--patience", "2s")...)
			by := results(t, got.stdout)
			if got.status != failed || !slices.Equal(by[conform.Failed], tc.fails) {
				t.Errorf("exit %d, failed %v, want %v", got.status, by[conform.Failed], tc.fails)
			}
		})
	}
}

// A node whose people's acts go out wrong, or come in wrong, fails the rules about
// that and no others.
func TestBrokenActsDoNot(t *testing.T) {
	dir, url, args := linkedToKit(t)
	listen := args[slices.Index(args, "--listen")+1]
	node, kit := forgerOf(t, filepath.Join(dir, "12345", "keys.json")), forgerOf(t, args[slices.Index(args, "--keys")+1])
	kitPublic := kit.keys.Public("conform-110", "")
	behind := freePort(t)
	args[slices.Index(args, "--listen")+1] = behind
	refuse := func(x exchanged) []byte {
		return node.sign(x.e, leg.TypeError, leg.Body{Code: "move_refused", Status: "kept"})
	}
	var mu sync.Mutex
	unreceipted := map[string]bool{} // legs whose offer the kit let wait
	in := between(t, url, func(x exchanged) []byte {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case x.e.Type == string(leg.Accept) && unreceipted[x.e.Leg]:
			return refuse(x)
		case x.e.Type == string(leg.Contest), x.e.Type == string(leg.Escalate), x.e.Type == string(leg.Grant) && x.e.Body.Of == leg.Withdraw:
			return refuse(x)
		case len(x.e.Body.Adopt) > 0:
			return node.sign(x.e, leg.TypeError, leg.Body{Code: "letter_schema", Status: "dropped"})
		}
		return nil
	})
	in.Start()
	out := between(t, "http://"+behind, func(x exchanged) []byte {
		mu.Lock()
		defer mu.Unlock()
		switch e, err := letter.Parse(x.answer); {
		case x.status == 0: // it takes silence for a receipt, and does not hear Retry-After, which between does not pass on
			return kit.sign(x.e, leg.TypeReceipt, leg.Body{Status: leg.ReceiptApplied})
		case x.status == http.StatusServiceUnavailable && x.e.Type == leg.TypeOffer:
			unreceipted[x.e.Leg] = true
		case err == nil && e.Verify(kitPublic) != nil: // it believes any receipt
			return kit.sign(x.e, leg.TypeReceipt, leg.Body{Status: leg.ReceiptApplied})
		case x.e.Type == string(leg.Void):
			return turnAway
		}
		return nil
	})
	hears := func(x exchanged) bool { // what does not get to the kit at all
		return x.e.Type == string(leg.Void) || x.e.Type == string(leg.Call) || x.e.Type == string(leg.Callback) || x.e.Body.Of == leg.Extend && (x.e.Type == string(leg.Grant) || x.e.Type == string(leg.Refuse))
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	pass := out.Config.Handler
	out.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if e, err := letter.Parse(wire); err == nil && hears(exchanged{e: e}) {
			w.Write(kit.sign(e, leg.TypeReceipt, leg.Body{Status: leg.ReceiptApplied}))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(wire))
		pass.ServeHTTP(w, r)
	})
	out.Listener.Close()
	out.Listener = l
	out.Start()
	tried := []string{"accept", "whole-life", "return", "extension", "resend", "receipt-forged", "refused-out", "contest", "adopt", "offer-out", "holder-out", "return-out", "withdraw-out", "extension-out", "escalate-out",
		"retry-after", "no-answer", "overtaken", "expiry-out", "call-out", "callback-out"}
	want := []string{"receipt-forged", "refused-out", "contest", "adopt", "withdraw-out", "extension-out", "escalate-out", "retry-after", "no-answer", "overtaken", "call-out", "callback-out"}
	got := liandong(t, "", append(args, "--url", in.URL, "--patience", "4s", "--only", strings.Join(tried, ","))...)
	if by := results(t, got.stdout); got.status != failed || !slices.Equal(by[conform.Failed], want) {
		t.Errorf("exit %d, failed %v, want %v: %s", got.status, by[conform.Failed], want, got.stderr)
	}
}

// A side that gives letters to whoever asks fails the rules about that.
func TestBrokenFetchDoesNot(t *testing.T) {
	_, url, args := linkedBy(t, "--set", "mode=held")
	open := between(t, url, func(x exchanged) []byte {
		if x.path == https.FetchPath && x.status == http.StatusUnauthorized {
			return []byte(`{"to":"conform-110","letters":[]}`)
		}
		return nil
	})
	open.Start()
	got := liandong(t, "", append(args[:slices.Index(args, "--node")], "--url", open.URL, "--fetch", "--patience", "5s", "--only", "take-offer,withdraw-granted,fetch-stranger,fetch-old")...)
	if by := results(t, got.stdout); got.status != failed || !slices.Equal(by[conform.Failed], []string{"fetch-stranger", "fetch-old"}) || len(by[conform.Passed]) != 2 {
		t.Errorf("exit %d, passed %v, failed %v, want the rules about fetching alone failed: %s", got.status, by[conform.Passed], by[conform.Failed], got.stderr)
	}
}

// A restart is done by the driver; our node knows afterwards what it receipted, and
// one that has forgotten fails the rule.
func TestRestartIsTried(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	_, port, _ := strings.Cut(freePort(t), ":")
	s, _, ready := startDemo(t, "--dir", dir, "--port", port)
	n := ready.Nodes[0]
	tmp := t.TempDir()
	kitKeys, peerKeys, script := filepath.Join(tmp, "kit.json"), filepath.Join(tmp, "peer.json"), filepath.Join(tmp, "drive.sh")
	kit := must(t, "", "conform", "keys", "--keys", kitKeys)
	write(t, kitKeys+".public", kit.stdout)
	write(t, peerKeys, must(t, "", "link", "keys", "--node", n.URL, "--token", n.Token).stdout)
	listen := freePort(t)
	must(t, "", "link", "add", "--node", n.URL, "--token", n.Token, "--peer-keys", kitKeys+".public", "--phone", "0891-0000110",
		"--line", "110", "--region", "540000", "--fingerprint", fingerprintOf(t, kit.stderr), "--url", "http://"+listen)
	write(t, script, "[ \"$1\" = restart ] && touch "+tmp+"/asked && while [ ! -e "+tmp+"/done ]; do sleep 0.05; done; rm -f "+tmp+"/done\n")
	restarts := make(chan int)
	stop := make(chan bool)
	go func() {
		count := 0
		for {
			select {
			case <-stop:
				restarts <- count
				return
			case <-time.After(20 * time.Millisecond):
			}
			if os.Remove(filepath.Join(tmp, "asked")) == nil {
				s.cmd.Process.Kill()
				<-s.ended
				s.again()
				count++
				write(t, filepath.Join(tmp, "done"), "")
			}
		}
	}()
	restarted := false
	f := forgerOf(t, filepath.Join(dir, "12345", "keys.json"))
	forgets := between(t, n.URL, func(x exchanged) []byte {
		if restarted = restarted || x.e.Type == string(leg.Urge); restarted && bytes.Contains(x.answer, []byte("letter_id_reused")) {
			return f.sign(x.e, leg.TypeReceipt, leg.Body{Status: leg.ReceiptApplied})
		}
		return nil
	})
	forgets.Start()
	for url, status := range map[string]int{n.URL: done, forgets.URL: failed} {
		got := liandong(t, "", "conform", "run", "--keys", kitKeys, "--peer-keys", peerKeys, "--json", "--url", url, "--listen", listen, "--drive", "sh "+script, "--only", "take-offer,restart")
		by := results(t, got.stdout)
		if got.status != status || status == failed && !slices.Equal(by[conform.Failed], []string{"restart"}) || status == done && len(by[conform.Passed]) != 2 {
			t.Errorf("%s: exit %d, failed %v, not tried %v, want exit %d: %s", url, got.status, by[conform.Failed], by[conform.NotTried], status, got.stderr)
		}
	}
	close(stop)
	if n := <-restarts; n != 2 {
		t.Errorf("%d restarts, want 2", n)
	}
}
