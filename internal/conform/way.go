package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/leg"
	"liandong/internal/letter"
)

// The ways there are.
const (
	OverHTTPS = "https"
	OverTable = "table"
	OverFerry = "ferry"
	OverFetch = "fetch" // by HTTPS, and the kit fetches what is for it
)

// Silent is the status of a document about which nothing was said, though what
// was brought after it has been answered: a way without a word for "not
// authentic" has no other.
const Silent = 0

// Said is what the side under test said to a document: an HTTP status, or what
// comes to the same. 200 with a letter; 204 taken, and no letter; 401 turned
// away, with the reason; Silent.
type Said struct {
	Status int
	Raw    []byte
}

// Way is how documents get to the side under test, and its answers back.
type Way interface {
	Name() string
	// Bring brings a document and waits for what is said to it.
	Bring(ctx context.Context, wire []byte) (Said, error)
	// Refuses is how this way turns away what is not authentic, in words.
	Refuses() string
}

// overHTTPS brings each document as a request.
type overHTTPS struct {
	url    string
	client *http.Client
}

func (overHTTPS) Name() string    { return OverHTTPS }
func (overHTTPS) Refuses() string { return "401" }

func (w overHTTPS) Bring(ctx context.Context, wire []byte) (Said, error) {
	said, _, err := w.post(ctx, "application/json", wire)
	return said, err
}

// post brings a document of a media type.
func (w overHTTPS) post(ctx context.Context, kind string, doc []byte) (Said, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/exchange/v1/letters", bytes.NewReader(doc))
	if err != nil {
		return Said{}, nil, err
	}
	req.Header.Set("Content-Type", kind)
	res, err := w.client.Do(req)
	if err != nil {
		return Said{}, nil, fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, letter.MaxLetter))
	return Said{Status: res.StatusCode, Raw: raw}, res.Header, err
}

// overFetch brings documents as requests, and fetches the letters that the side
// under test keeps for the kit, which it cannot call.
type overFetch struct {
	overHTTPS
	link carrier.Link
	pull *https.Carrier
}

// NewFetch is the way of a kit that cannot be called. The link names both sides,
// the address, and in its settings what TLS wants.
func NewFetch(l carrier.Link, client *http.Client) (Carried, error) {
	l.Set = maps.Clone(l.Set)
	l.Set["mode"] = carrier.Pull
	c, err := https.New(l)
	if err != nil {
		return nil, err
	}
	return &overFetch{overHTTPS: overHTTPS{url: l.URL, client: client}, link: l, pull: c}, nil
}

// Name is part of Way.
func (*overFetch) Name() string { return OverFetch }

// Close is part of Carried.
func (w *overFetch) Close() error { return w.pull.Close() }

// Listen is part of Carried: it asks once a second. What cannot be asked now is
// asked again; a side that never answers is seen by the rules.
func (w *overFetch) Listen(ctx context.Context, take func(wire []byte) ([]byte, error)) error {
	for ctx.Err() == nil {
		_, _ = w.pull.Collect(ctx, func(_ context.Context, in []carrier.Parcel) []carrier.Taken {
			out := make([]carrier.Taken, len(in))
			for i, p := range in {
				answer, err := take(p.Wire)
				switch {
				case err != nil:
					out[i].Poison = err.Error()
				case len(answer) > 0:
					out[i].Answer = answer
				}
			}
			return out
		})
		select {
		case <-ctx.Done():
		case <-time.After(w.pull.Traits().Look):
		}
	}
	return nil
}

// ask asks for letters in the words and with the signature given.
func (w *overFetch) ask(ctx context.Context, q https.Fetch, sign func([]byte) (string, error)) (status int, err error) {
	doc, err := json.Marshal(q)
	if err != nil {
		return 0, err
	}
	sig, err := sign(doc)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+https.FetchPath, bytes.NewReader(doc))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(https.SignatureHeader, sig)
	res, err := w.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("no answer: %w", err)
	}
	return res.StatusCode, res.Body.Close()
}

// Carried is a way on which letters are put down and fetched: a shared table,
// or folders.
type Carried interface {
	Way
	// Listen takes what the side under test puts down until ctx ends: answers go
	// to who waits for them, letters to take, which returns what goes back. It
	// must run beside the rules.
	Listen(ctx context.Context, take func(wire []byte) ([]byte, error)) error
	// Close ends the connections.
	Close() error
}

// posted is what a table and folders have in common.
type posted struct {
	c        carrier.Carrier
	patience time.Duration

	sending sync.Mutex
	mu      sync.Mutex
	answers map[string][][]byte // by the id of the letter that they are about
	bell    chan struct{}
}

// look is how often a table or a folder is looked at.
const look = 100 * time.Millisecond

func newPosted(c carrier.Carrier, patience time.Duration) *posted {
	return &posted{c: c, patience: patience, answers: map[string][][]byte{}, bell: make(chan struct{})}
}

// Close is part of Carried.
func (w *posted) Close() error { return w.c.Close() }

// listen is Listen; after each look comes then.
func (w *posted) listen(ctx context.Context, take func(wire []byte) ([]byte, error), then func() error) error {
	for {
		_, err := w.c.Collect(ctx, func(_ context.Context, in []carrier.Parcel) []carrier.Taken {
			out := make([]carrier.Taken, len(in))
			for i, p := range in {
				if re := aboutOf(p.Wire); re != "" {
					w.heard(re, p.Wire)
				} else if answer, err := take(p.Wire); err != nil {
					out[i].Poison = err.Error()
				} else if len(answer) > 0 {
					out[i].Answer = answer
				}
			}
			return out
		})
		if err == nil {
			err = then()
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(look):
		}
	}
}

// aboutOf is the id that a receipt, an error or another answer is about; "" of
// other letters.
func aboutOf(wire []byte) string {
	e, err := letter.Parse(wire)
	if err != nil || e.Type != leg.TypeReceipt && e.Type != leg.TypeError && e.Type != leg.TypeReconcile {
		return ""
	}
	return e.Body.Re
}

func (w *posted) heard(re string, wire []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[re] = append(w.answers[re], wire)
	close(w.bell)
	w.bell = make(chan struct{})
}

// answer waits for what is said about a letter; nil where nothing is in time.
func (w *posted) answer(ctx context.Context, id string, most time.Duration) []byte {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		w.mu.Lock()
		if said := w.answers[id]; len(said) > 0 {
			w.answers[id] = said[1:]
			w.mu.Unlock()
			return said[0]
		}
		bell := w.bell
		w.mu.Unlock()
		select {
		case <-bell:
		case <-ctx.Done():
			return nil
		}
	}
}

// put puts a document down under an id of its own.
func (w *posted) put(ctx context.Context, id string, wire []byte) error {
	w.sending.Lock()
	defer w.sending.Unlock()
	return w.c.Send(ctx, []carrier.Parcel{{ID: id, Wire: wire}})[0].Err
}
