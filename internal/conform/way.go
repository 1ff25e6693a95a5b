package conform

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/leg"
	"liandong/internal/letter"
)

// The ways there are.
const (
	OverHTTPS = "https"
	OverTable = "table"
	OverFerry = "ferry"
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/exchange/v1/letters", bytes.NewReader(wire))
	if err != nil {
		return Said{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(req)
	if err != nil {
		return Said{}, fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, letter.MaxLetter))
	return Said{Status: res.StatusCode, Raw: raw}, err
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
				} else {
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

// aboutOf is the id that a receipt or an error is about; "" of other letters.
func aboutOf(wire []byte) string {
	e, err := letter.Parse(wire)
	if err != nil || e.Type != leg.TypeReceipt && e.Type != leg.TypeError {
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
