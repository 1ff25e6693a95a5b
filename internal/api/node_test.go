package api

import (
	"bytes"
	"context"
	"crypto/rand"
	stdjson "encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"liandong/internal/auth"
	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/pgtest"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// node is a platform with nothing but its API: a real desk on a real database,
// linked with a 110 platform that never answers.
type node struct {
	*API
	t     testing.TB
	store *store.Store
	auth  *auth.Auth
	desk  *desk.Desk
	log   *safeBuffer
	token string // with every scope

	schemas *schemas
}

// schemas of the document, compiled when asked for.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newNode(t testing.TB) *node { return openNode(t, filepath.Join(t.TempDir(), "node.db")) }

// onBoth runs a test on either engine.
func onBoth(t *testing.T, test func(t *testing.T, n *node)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newNode(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, openNode(t, pgtest.DSN(t))) })
}

func openNode(t testing.TB, dsn string) *node { return openLine(t, dsn, "12345", "110") }

// openLine is a node of a line, linked to one of the other.
func openLine(t testing.TB, dsn, line, other string) *node {
	t.Helper()
	ctx := context.Background()
	n := &node{t: t, log: &safeBuffer{}, schemas: &schemas{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	n.store, err = store.Open(ctx, dsn)
	must(err)
	t.Cleanup(func() { must(n.store.Close()) })
	cat, err := catalogue.Seed()
	must(err)
	dir, err := directory.Seed()
	must(err)
	cal, err := calendar.Seed()
	must(err)
	keys, err := seal.NewKeyring(rand.Reader)
	must(err)
	peer, err := seal.NewKeyring(rand.Reader)
	must(err)
	who := store.Node{Platform: "540000-" + line, Line: line, Name: "西藏 " + line, Region: "540000", Epoch: 1, CreatedAt: time.Now()}
	cat, dir, err = desk.Seed(ctx, n.store, cat, dir, time.Now())
	must(err)
	must(n.store.Write(ctx, func(tx *store.Tx) error { return tx.AddNode(ctx, who) }))
	n.desk = desk.New(desk.Config{Store: n.store, Keys: keys, Node: who, Catalogue: cat, Directory: dir, Calendar: cal, Channels: desk.NoticeChannels(), Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }})
	doc, err := stdjson.Marshal(peer.Public("540000-"+other, "西藏 "+other))
	must(err)
	must(n.desk.PutLink(ctx, store.Link{Peer: "540000-" + other, ID: desk.LinkID("540000-"+line, "540000-"+other), Line: other, Name: "西藏 " + other,
		Region: "540000", Phone: "0891-0000110", Keys: string(doc), Carrier: "https", Active: true}))
	n.auth = auth.New(n.store, who.Platform, nil)
	n.token, err = n.auth.NewToken(ctx, "测试程序", hotline.Rights(), "")
	must(err)
	n.API = New(Config{Desk: n.desk, Auth: n.auth, Ready: n.store.Ping, Version: "test",
		Log: slog.New(slog.NewJSONHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	return n
}

// with is the same node asked with another token.
func (n *node) with(rights ...hotline.Right) *node {
	n.t.Helper()
	token, err := n.auth.NewToken(context.Background(), "另一程序", rights, "")
	if err != nil {
		n.t.Fatal(err)
	}
	other := *n
	other.token = token
	return &other
}

// answer is what came back, the body as the document it is.
type answer struct {
	*httptest.ResponseRecorder
	doc map[string]any
}

// call asks the node; body is a text as it is, or a document, or nil. Headers
// are name, value pairs and may replace the token.
func (n *node) call(method, path string, body any, headers ...string) answer {
	n.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		doc, err := stdjson.Marshal(b)
		if err != nil {
			n.t.Fatal(err)
		}
		r = bytes.NewReader(doc)
	}
	req := httptest.NewRequest(method, path, r)
	req.Header.Set("Authorization", "Bearer "+n.token)
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	n.ServeHTTP(a.ResponseRecorder, req)
	if strings.Contains(a.Header().Get("Content-Type"), "json") {
		if err := stdjson.Unmarshal(a.Body.Bytes(), &a.doc); err != nil {
			n.t.Fatalf("%s %s: the answer is no JSON object: %v\n%s", method, path, err, a.Body)
		}
		n.checkAnswer(req, a)
	}
	return a
}

// want is call with a status; it ends the test where another comes.
func (n *node) want(status int, method, path string, body any, headers ...string) map[string]any {
	n.t.Helper()
	a := n.call(method, path, body, headers...)
	if a.Code != status {
		n.t.Fatalf("%s %s: got %d, want %d\n%s", method, path, a.Code, status, a.Body)
	}
	return a.doc
}

type obj = map[string]any

// take takes a case and returns its id.
func (n *node) take(more obj) string {
	n.t.Helper()
	body := obj{"text": "城关区某小区门口的井盖破损，请派人维修。", "channel": "phone", "region": "540102"}
	for k, v := range more {
		body[k] = v
	}
	return n.want(http.StatusCreated, "POST", "/api/v1/cases", body)["id"].(string)
}

// at follows a path of names and indexes into a document.
func at(doc any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, ok := doc.(map[string]any)
			if !ok {
				return nil
			}
			doc = m[k]
		case int:
			l, ok := doc.([]any)
			if !ok || k >= len(l) {
				return nil
			}
			doc = l[k]
		}
	}
	return doc
}
