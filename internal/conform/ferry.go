package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/ferry"
	"liandong/internal/hotline"
	"liandong/internal/letter"
)

// overFerry is the way over two folders.
type overFerry struct {
	*posted
	probe      func() (id string, wire []byte, err error) // an offer: what was brought before it has been read when it is answered
	stage, out string                                     // where the kit makes bundles, and where the other side finds them
	shipping   sync.Mutex                                 // of moving them there
}

// NewFerry is the way over two folders. Bundles are made in a folder of the
// kit's own beside out, and are shipped from there, so that a rule can lose,
// repeat or break one.
func NewFerry(l carrier.Link, patience time.Duration) (Carried, error) {
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
	return &overFerry{posted: newPosted(c, patience), stage: l.Set["out"], out: out}, nil
}

func (*overFerry) Name() string    { return OverFerry }
func (*overFerry) Refuses() string { return "no answer" }

func (w *overFerry) Listen(ctx context.Context, take func(wire []byte) ([]byte, error)) error {
	return w.listen(ctx, take, w.ship)
}

// Bring puts a document down and, where nothing is said to it, an offer after
// it: what came before that has been read when it is answered.
func (w *overFerry) Bring(ctx context.Context, wire []byte) (Said, error) {
	if err := w.put(ctx, hotline.NewID(), wire); err != nil {
		return Said{}, err
	}
	id, _, _, _, _ := letter.Peek(wire)
	if said := w.answer(ctx, id, min(w.patience, 4*time.Second)); said != nil {
		return Said{Status: http.StatusOK, Raw: said}, nil
	}
	after, probe, err := w.probe()
	if err == nil {
		err = w.put(ctx, hotline.NewID(), probe)
	}
	if err != nil {
		return Said{}, err
	}
	if w.answer(ctx, after, w.patience) == nil {
		return Said{}, fmt.Errorf("nothing was answered within %v, nor was an offer brought after it", w.patience)
	}
	if said := w.answer(ctx, id, 0); said != nil {
		return Said{Status: http.StatusOK, Raw: said}, nil
	}
	return Said{Status: Silent}, nil
}

// ship moves what was made to where the other side finds it.
func (w *overFerry) ship() error {
	w.shipping.Lock()
	defer w.shipping.Unlock()
	files, err := filepath.Glob(filepath.Join(w.stage, "*.bundle"))
	for _, file := range files {
		err = errors.Join(err, os.Rename(file, filepath.Join(w.out, filepath.Base(file))))
	}
	return err
}

// lose makes a bundle of a letter and does not ship it.
func (w *overFerry) lose(ctx context.Context, wire []byte) (file string, doc []byte, err error) {
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
func (w *overFerry) bundleOf(dir string, wire []byte) (file string, doc []byte, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.bundle"))
	for _, file := range files {
		if doc, err = os.ReadFile(file); err == nil && bytes.Contains(doc, wire) {
			return file, doc, nil
		}
	}
	return "", nil, errors.Join(errors.New("kit: no bundle holds the letter"), err)
}
