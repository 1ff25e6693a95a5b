package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/ferry"
	"liandong/internal/exchange/table"
	"liandong/internal/hotline"
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
// or folders. Listen must run beside the rules.
type Carried struct {
	name     string
	c        carrier.Carrier
	patience time.Duration
	probe    func() (id string, wire []byte, err error) // an offer: what was brought before it has been read when it is answered

	stage, out string     // folders: where the kit makes bundles, and where the other side finds them; "" of a table
	shipping   sync.Mutex // of moving them there

	sending sync.Mutex
	mu      sync.Mutex
	answers map[string][][]byte // by the id of the letter that they are about
	bell    chan struct{}
}

// look is how often a table or a folder is looked at.
const look = 100 * time.Millisecond

// NewTable is the way over a shared table. The link names both sides and, in its
// settings, the database, as a link of a node does.
func NewTable(l carrier.Link, patience time.Duration) (*Carried, error) {
	c, err := table.New(l)
	if err != nil {
		return nil, err
	}
	return newCarried(OverTable, c, patience), nil
}

// NewFerry is the way over two folders. Bundles are made in a folder of the
// kit's own beside out, and are shipped from there, so that a rule can lose,
// repeat or break one.
func NewFerry(l carrier.Link, patience time.Duration) (*Carried, error) {
	out := l.Set["out"]
	l.Set["out"] = filepath.Join(filepath.Dir(filepath.Clean(out)), "."+filepath.Base(filepath.Clean(out))+".kit")
	for _, dir := range []string{out, l.Set["out"]} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	c, err := ferry.New(l)
	if err != nil {
		return nil, err
	}
	w := newCarried(OverFerry, c, patience)
	w.stage, w.out = l.Set["out"], out
	return w, nil
}

// ship moves what was made to where the other side finds it.
func (w *Carried) ship() error {
	if w.stage == "" {
		return nil
	}
	w.shipping.Lock()
	defer w.shipping.Unlock()
	files, err := filepath.Glob(filepath.Join(w.stage, "*.bundle"))
	for _, file := range files {
		err = errors.Join(err, os.Rename(file, filepath.Join(w.out, filepath.Base(file))))
	}
	return err
}

// lose makes a bundle of a letter and does not ship it.
func (w *Carried) lose(ctx context.Context, wire []byte) (file string, doc []byte, err error) {
	w.shipping.Lock()
	defer w.shipping.Unlock()
	if err := w.put(ctx, hotline.NewID(), wire); err != nil {
		return "", nil, err
	}
	if file, doc, err = w.bundleOf(w.stage, wire); err != nil {
		return "", nil, err
	}
	return filepath.Base(file), doc, os.Remove(file)
}

// bundleOf finds the bundle in a folder that holds a letter.
func (w *Carried) bundleOf(dir string, wire []byte) (file string, doc []byte, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.bundle"))
	for _, file := range files {
		if doc, err = os.ReadFile(file); err == nil && bytes.Contains(doc, wire) {
			return file, doc, nil
		}
	}
	return "", nil, errors.Join(errors.New("kit: no bundle holds the letter"), err)
}

func newCarried(name string, c carrier.Carrier, patience time.Duration) *Carried {
	return &Carried{name: name, c: c, patience: patience, answers: map[string][][]byte{}, bell: make(chan struct{})}
}

// Name is part of Way.
func (w *Carried) Name() string { return w.name }

// Refuses is part of Way.
func (w *Carried) Refuses() string {
	if w.name == OverTable {
		return "the row set aside as poison, with a reason"
	}
	return "no answer"
}

// Close ends the connections.
func (w *Carried) Close() error { return w.c.Close() }

// Listen takes what the side under test puts down until ctx ends: answers go to
// who waits for them, letters to take, which returns what goes back.
func (w *Carried) Listen(ctx context.Context, take func(wire []byte) ([]byte, error)) error {
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
			err = w.ship()
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

func (w *Carried) heard(re string, wire []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[re] = append(w.answers[re], wire)
	close(w.bell)
	w.bell = make(chan struct{})
}

// answer waits for what is said about a letter; nil where nothing is in time.
func (w *Carried) answer(ctx context.Context, id string, most time.Duration) []byte {
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
func (w *Carried) put(ctx context.Context, id string, wire []byte) error {
	w.sending.Lock()
	defer w.sending.Unlock()
	return w.c.Send(ctx, []carrier.Parcel{{ID: id, Wire: wire}})[0].Err
}

// Bring is part of Way.
func (w *Carried) Bring(ctx context.Context, wire []byte) (Said, error) {
	row := hotline.NewID()
	if err := w.put(ctx, row, wire); err != nil {
		return Said{}, err
	}
	return w.fate(ctx, row, wire)
}

// fate waits for what becomes of a document that was put down.
func (w *Carried) fate(ctx context.Context, row string, wire []byte) (Said, error) {
	id, typ, _, _, _ := letter.Peek(wire)
	most := w.patience
	if w.name == OverTable {
		status, reason, err := w.state(ctx, row)
		switch {
		case err != nil:
			return Said{}, err
		case status == "poison" && strings.TrimSpace(reason) == "":
			return Said{}, errors.New("the row was set aside without a reason")
		case status == "poison": // an error may have come with it
			most = 5 * look
		}
		if typ == leg.TypeReceipt || typ == leg.TypeError {
			most = 5 * look
		}
		if said := w.answer(ctx, id, most); said != nil {
			return Said{Status: http.StatusOK, Raw: said}, nil
		}
		if status == "poison" {
			return Said{Status: http.StatusUnauthorized, Raw: []byte(reason)}, nil
		}
		return Said{Status: http.StatusNoContent}, nil
	}
	if said := w.answer(ctx, id, min(most, 4*time.Second)); said != nil {
		return Said{Status: http.StatusOK, Raw: said}, nil
	}
	after, probe, err := w.probe()
	if err == nil {
		err = w.put(ctx, hotline.NewID(), probe)
	}
	if err != nil {
		return Said{}, err
	}
	if w.answer(ctx, after, most) == nil {
		return Said{}, fmt.Errorf("nothing was answered within %v, nor was an offer brought after it", most)
	}
	if said := w.answer(ctx, id, 0); said != nil {
		return Said{Status: http.StatusOK, Raw: said}, nil
	}
	return Said{Status: Silent}, nil
}

// state waits until a row has been taken or set aside.
func (w *Carried) state(ctx context.Context, row string) (status, reason string, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	for {
		status, reason, err = w.c.(*table.Carrier).State(ctx, row)
		if err == nil && status != "new" {
			return status, reason, nil
		}
		select {
		case <-ctx.Done():
			return "", "", errors.Join(fmt.Errorf("the row was not taken within %v", w.patience), err)
		case <-time.After(look):
		}
	}
}
