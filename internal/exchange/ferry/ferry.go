// Package ferry carries letters as files across a network gap (网闸、单向光闸、U盘):
// bundles in a folder, one direction each, minutes or half a day late, in any
// order, some lost, some twice, some half copied.
//
//	Send ─▶ bundle ─▶ OUT/ ═══ somebody or something carries files ═══▶ IN/ ─▶ Collect
//
// A bundle is a file of lines: a manifest with its number and the hash of the
// rest, its signature, and the letters. It is written beside, synced and then
// renamed, so a reader never sees half of one that we wrote. What was put out is
// kept in OUT/.kept, what was taken in is moved to IN/.taken; the numbers in
// between that never came are the gap, which the next bundle back names, and the
// other side puts those out again. docs/exchange/ferry.md is the contract.
package ferry

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"liandong/internal/exchange/carrier"
)

// Format names the version of a bundle.
const Format = "liandong-ferry/1"

// Kind is this carrier in a link's configuration. Settings: out and in, the
// folders; patience, how long a letter waits for its receipt before it goes
// again (12h); settle, how long a file in the folder may still be growing before
// it counts as broken (10m); keep, how many bundles are kept to be put out again
// (1000).
var Kind = carrier.Kind{
	Name:     "ferry",
	Settings: []carrier.Setting{{Key: "out", Needed: true}, {Key: "in", Needed: true}, {Key: "patience"}, {Key: "settle"}, {Key: "keep"}},
	Check:    func(set map[string]string) error { _, err := read(set); return err },
	Open: func(l carrier.Link) (carrier.Carrier, error) {
		c, err := New(l)
		if err != nil { // a nil pointer in the interface would look like a carrier
			return nil, err
		}
		return c, nil
	},
}

type settings struct {
	out, in          string
	patience, settle time.Duration
	keep             int
}

func read(set map[string]string) (s settings, err error) {
	s.out, s.in, s.keep = set["out"], set["in"], 1000
	for _, d := range []struct{ key, dir string }{{"out", s.out}, {"in", s.in}} {
		if !filepath.IsAbs(d.dir) || filepath.Clean(s.out) == filepath.Clean(s.in) {
			return s, carrier.BadSetting(d.key, d.dir)
		}
	}
	if s.patience, err = carrier.Duration(set, "patience", 12*time.Hour, time.Minute, 30*24*time.Hour); err != nil {
		return s, err
	}
	if s.settle, err = carrier.Duration(set, "settle", 10*time.Minute, time.Second, 24*time.Hour); err != nil {
		return s, err
	}
	if v := set["keep"]; v != "" {
		if s.keep, err = strconv.Atoi(v); err != nil || s.keep < 10 || s.keep > 100000 {
			return s, carrier.BadSetting("keep", v)
		}
	}
	return s, nil
}

const (
	keptDir   = ".kept"
	takenDir  = ".taken"
	brokenDir = ".broken"

	bundleMost  = 1000             // letters in a bundle
	sizeMost    = 64 << 20         // bytes of a bundle that is read
	missingMost = 200              // numbers that one bundle asks for
	askEvery    = 10 * time.Minute // a gap that stays is asked for again
	look        = time.Second
)

// Manifest is the first line of a bundle.
type Manifest struct {
	Format  string `json:"format"`
	Link    string `json:"link"`
	From    string `json:"from"`
	To      string `json:"to"`
	Number  int64  `json:"number"` // 1, 2, 3 … by direction, without gaps
	MadeAt  string `json:"made_at"`
	Letters int    `json:"letters"`
	// SHA256 of everything after the second line, hex.
	SHA256 string `json:"sha256"`
	// Missing are numbers of the other direction that never came here.
	Missing []int64 `json:"missing,omitempty"`
}

// Carrier carries the letters of one link. Only one process may serve a pair of
// folders: the postman's lease sees to it.
type Carrier struct {
	link carrier.Link
	set  settings
	now  func() time.Time

	mu    sync.Mutex // of writing bundles
	next  int64
	asked string // the gap that was asked for last
	at    time.Time
}

// New opens the folders and finds out which number is next.
func New(l carrier.Link) (*Carrier, error) {
	set, err := read(l.Set)
	if err != nil {
		return nil, err
	}
	c := &Carrier{link: l, set: set, now: time.Now}
	for _, dir := range []string{filepath.Join(set.out, keptDir), filepath.Join(set.in, takenDir), filepath.Join(set.in, brokenDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("folders of the ferry: %w", err)
		}
	}
	kept, err := c.numbers(filepath.Join(set.out, keptDir), l.Self, l.Peer)
	if err != nil {
		return nil, err
	}
	c.next = 1
	if len(kept) > 0 {
		c.next = slices.Max(kept) + 1
	}
	return c, nil
}

// Traits: many letters at once, in no order, and receipts when the ferry comes
// back.
func (c *Carrier) Traits() carrier.Traits {
	return carrier.Traits{Batch: bundleMost, Stream: true, Patience: c.set.patience, Look: look}
}

// Close has nothing to close.
func (c *Carrier) Close() error { return nil }

func name(from, to string, number int64) string {
	return fmt.Sprintf("%s~%s-%010d.bundle", from, to, number)
}

// numbers lists the numbers of the bundles of a direction in a folder.
func (c *Carrier) numbers(dir, from, to string) ([]int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of the ferry: %w", err)
	}
	var out []int64
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), from+"~"+to+"-")
		digits, isBundle := strings.CutSuffix(rest, ".bundle")
		if n, err := strconv.ParseInt(digits, 10, 64); ok && isBundle && err == nil && n > 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Send puts letters out as one bundle.
func (c *Carrier) Send(_ context.Context, parcels []carrier.Parcel) []carrier.Sent {
	out := make([]carrier.Sent, len(parcels))
	wires := make([][]byte, len(parcels))
	for i, p := range parcels {
		wires[i] = p.Wire
	}
	err := c.put(wires)
	for i := range out {
		out[i] = carrier.Sent{Handed: err == nil, Err: err}
	}
	return out
}

// put writes a bundle with what is missing here, keeps a copy and puts it out.
func (c *Carrier) put(wires [][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	missing, err := c.missing()
	if err != nil {
		return err
	}
	var body bytes.Buffer
	for _, w := range wires {
		if bytes.ContainsAny(w, "\n\r") {
			return fmt.Errorf("a letter with a line break")
		}
		body.Write(w)
		body.WriteByte('\n')
	}
	sum := sha256.Sum256(body.Bytes())
	head, err := json.Marshal(Manifest{Format: Format, Link: c.link.ID, From: c.link.Self, To: c.link.Peer, Number: c.next, MadeAt: c.now().UTC().Format(time.RFC3339),
		Letters: len(wires), SHA256: hex.EncodeToString(sum[:]), Missing: missing})
	if err != nil {
		return err
	}
	sig, err := c.link.Sign(head)
	if err != nil {
		return err
	}
	doc := slices.Concat(head, []byte("\n"), []byte(sig), []byte("\n"), body.Bytes())
	file := name(c.link.Self, c.link.Peer, c.next)
	if err := write(filepath.Join(c.set.out, keptDir), file, doc); err != nil {
		return err
	}
	c.next++ // kept is kept: a number is never used twice
	c.asked, c.at = fmt.Sprint(missing), c.now()
	if err := write(c.set.out, file, doc); err != nil {
		return err
	}
	return c.prune()
}

// write puts a file into a folder whole or not at all.
func write(dir, file string, doc []byte) (err error) {
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(doc); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if err = f.Sync(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if err = f.Close(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if err = os.Rename(f.Name(), filepath.Join(dir, file)); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	defer d.Close()
	return d.Sync()
}

// prune forgets the oldest kept bundles: their letters go again by themselves
// when no receipt comes.
func (c *Carrier) prune() error {
	kept, err := c.numbers(filepath.Join(c.set.out, keptDir), c.link.Self, c.link.Peer)
	if err != nil {
		return err
	}
	for _, n := range kept[:max(0, len(kept)-c.set.keep)] {
		if err := os.Remove(filepath.Join(c.set.out, keptDir, name(c.link.Self, c.link.Peer, n))); err != nil {
			return err
		}
	}
	return nil
}

// missing are the numbers that should have come and did not.
func (c *Carrier) missing() ([]int64, error) {
	taken, err := c.numbers(filepath.Join(c.set.in, takenDir), c.link.Peer, c.link.Self)
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	var out []int64
	last := taken[0] - 1 // what was pruned below the first was taken
	if taken[0] > 1 && len(taken) < c.set.keep {
		last = 0
	}
	for _, n := range taken {
		for m := last + 1; m < n && len(out) < missingMost; m++ {
			out = append(out, m)
		}
		last = n
	}
	return out, nil
}

// Collect takes the bundles that have arrived, the lowest number first. A bundle
// is moved away only when its letters are taken and their receipts are put out.
func (c *Carrier) Collect(ctx context.Context, take carrier.Take) (n int, err error) {
	arrived, err := c.numbers(c.set.in, c.link.Peer, c.link.Self)
	if err != nil {
		return 0, err
	}
	for _, number := range arrived {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		took, err := c.bundle(ctx, number, take)
		n += took
		if err != nil {
			return n, err
		}
	}
	return n, c.ask()
}

// ask puts out a bundle of nothing but a gap, where one is open and no other
// bundle has told of it lately.
func (c *Carrier) ask() error {
	c.mu.Lock()
	missing, err := c.missing()
	quiet := fmt.Sprint(missing) == c.asked && c.now().Sub(c.at) < askEvery
	c.mu.Unlock()
	if err != nil || len(missing) == 0 || quiet {
		return err
	}
	return c.put(nil)
}

func (c *Carrier) bundle(ctx context.Context, number int64, take carrier.Take) (n int, err error) {
	file := name(c.link.Peer, c.link.Self, number)
	path := filepath.Join(c.set.in, file)
	if _, err := os.Stat(filepath.Join(c.set.in, takenDir, file)); err == nil {
		return 0, os.Remove(path) // it came twice
	}
	m, wires, err := c.open(path, number)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, c.broken(path, file, err)
	}
	parcels := make([]carrier.Parcel, len(wires))
	for i, w := range wires {
		parcels[i].Wire = w
	}
	var answers [][]byte
	for _, t := range take(ctx, parcels) {
		if t.Again != nil {
			return n, t.Again // the bundle stays and comes again
		}
		n++
		if t.Answer != nil {
			answers = append(answers, t.Answer)
		}
	}
	if len(answers) > 0 {
		if err := c.put(answers); err != nil {
			return n, err
		}
	}
	if err := c.putAgain(m.Missing); err != nil {
		return n, err
	}
	if err := os.Rename(path, filepath.Join(c.set.in, takenDir, file)); err != nil {
		return n, fmt.Errorf("bundle: %w", err)
	}
	return n, c.forget()
}

// forget drops the oldest of the bundles that were taken.
func (c *Carrier) forget() error {
	dir := filepath.Join(c.set.in, takenDir)
	taken, err := c.numbers(dir, c.link.Peer, c.link.Self)
	if err != nil {
		return err
	}
	for _, n := range taken[:max(0, len(taken)-c.set.keep)] {
		if err := os.Remove(filepath.Join(dir, name(c.link.Peer, c.link.Self, n))); err != nil {
			return err
		}
	}
	return nil
}

// open reads a bundle and checks it: whole, of this link and direction, signed.
func (c *Carrier) open(path string, number int64) (m Manifest, wires [][]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, nil, err
	}
	defer f.Close()
	doc, err := io.ReadAll(io.LimitReader(f, sizeMost+1))
	if err != nil {
		return m, nil, err
	}
	head, rest, ok := bytes.Cut(doc, []byte("\n"))
	sig, body, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok || !ok2 || len(doc) > sizeMost {
		return m, nil, errors.New("not whole")
	}
	if err := json.Unmarshal(head, &m); err != nil {
		return m, nil, err
	}
	sum := sha256.Sum256(body)
	switch {
	case m.Format != Format:
		return m, nil, fmt.Errorf("format %.40q", m.Format)
	case m.Link != c.link.ID || m.From != c.link.Peer || m.To != c.link.Self || m.Number != number:
		return m, nil, errors.New("of another link, direction or number")
	case hex.EncodeToString(sum[:]) != m.SHA256:
		return m, nil, errors.New("not whole")
	}
	if err := c.link.Verify(head, string(sig)); err != nil {
		return m, nil, err
	}
	in := bufio.NewScanner(bytes.NewReader(body))
	in.Buffer(nil, 4<<20)
	for in.Scan() {
		wires = append(wires, bytes.Clone(in.Bytes()))
	}
	if len(wires) != m.Letters {
		return m, nil, errors.New("not whole")
	}
	return m, wires, in.Err()
}

// broken leaves a file that may still be growing, and sets one aside that is
// not: its number is then asked for.
func (c *Carrier) broken(path, file string, why error) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // it has gone
	}
	if c.now().Sub(info.ModTime()) < c.set.settle {
		return nil
	}
	if err := os.Rename(path, filepath.Join(c.set.in, brokenDir, file+"."+c.now().UTC().Format("20060102T150405"))); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return fmt.Errorf("bundle %s set aside: %w", file, why)
}

// putAgain puts out again what the other side says it misses, where it is still
// kept.
func (c *Carrier) putAgain(numbers []int64) error {
	for _, n := range numbers[:min(len(numbers), missingMost)] {
		file := name(c.link.Self, c.link.Peer, n)
		doc, err := os.ReadFile(filepath.Join(c.set.out, keptDir, file))
		if errors.Is(err, os.ErrNotExist) {
			continue // its letters go again by themselves
		}
		if err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		if err := write(c.set.out, file, doc); err != nil {
			return err
		}
	}
	return nil
}

// Gap is what the ledger of bundles says: the numbers that never came.
func (c *Carrier) Gap() ([]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.missing()
}

var _ carrier.Carrier = (*Carrier)(nil)
