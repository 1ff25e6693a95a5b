package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// perCase is how many letters of a backlog belong to one case: its offer and
// what the caller and the desk said of it while the peer was away.
const perCase = 4

// backlog measures how fast the letters that waited for a peer reach it when
// it comes back, all receipted and those of a case in order, in letters a
// second; and of offers alone, each of which opens a case there.
func (b *bench) backlog(ctx context.Context, engine string) error {
	floor, err := b.commit(ctx, engine, 0)
	if err != nil {
		return err
	}
	for _, of := range []struct {
		what  string
		cases int
		words []string
	}{
		{fmt.Sprintf("backlog of %d letters, %d of a case, drains, %s", b.letters, perCase, engine), b.letters / perCase, []string{"supplement", "urge", "supplement"}},
		{fmt.Sprintf("backlog of %d offers drains, %s", b.letters, engine), b.letters, nil},
	} {
		rate, work, err := b.drain(ctx, engine, of.cases, of.words)
		if err != nil {
			return err
		}
		single := float64(time.Second) / float64(floor)
		b.atLeast(of.what, fmt.Sprintf("%.0f/s, both nodes' CPU %s each", rate, ms(work)), fmt.Sprintf("one small row a commit, %.0f/s", single), rate/single, 1.0/3)
	}
	return nil
}

// drain takes cases for a peer that is away, says words about each, lets the
// peer come back, and returns the letters a second until it has all and the
// processor time of both nodes for one.
func (b *bench) drain(ctx context.Context, engine string, cases int, words []string) (rate float64, work time.Duration, err error) {
	from, err := b.newNode(ctx, engine, "12345")
	if err != nil {
		return 0, 0, err
	}
	to, err := b.newNode(ctx, engine, "110")
	if err != nil {
		return 0, 0, err
	}
	if err := errors.Join(from.link(ctx, to), to.link(ctx, from), from.start(ctx)); err != nil {
		return 0, 0, err
	}
	defer from.stop()
	err = from.times(ctx, b.clients, cases, func(i int) error {
		var c struct{ Legs []struct{ ID string } }
		if err := from.call(ctx, "POST", "/api/v1/cases", order(int64(i)), &c); err != nil {
			return err
		}
		for n, verb := range words {
			doc := fmt.Appendf(nil, `{"version":1,"note":"来电人第%d次来电，说门口的车仍未移走，请一并告知经办人"}`, n+2)
			if err := from.call(ctx, "POST", "/api/v1/legs/"+c.Legs[0].ID+"/"+verb, doc, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	if err := to.start(ctx); err != nil {
		return 0, 0, err
	}
	defer to.stop()
	begin, before := time.Now(), cpu(from.cmd.Process.Pid)+cpu(to.cmd.Process.Pid)
	if err := from.until(ctx, "liandong_link_letters_waiting", time.Second, func(waiting float64) bool { return waiting == 0 }); err != nil {
		return 0, 0, err
	}
	letters := cases * (1 + len(words))
	work = (cpu(from.cmd.Process.Pid) + cpu(to.cmd.Process.Pid) - before) / time.Duration(letters)
	last, err := from.answered(ctx)
	if err != nil {
		return 0, 0, err
	}
	return float64(letters) / last.Sub(begin).Seconds(), work, to.arrived(ctx, letters)
}

// answered is when the last receipt was on disk.
func (n *node) answered(ctx context.Context) (time.Time, error) {
	db, err := n.open()
	if err != nil {
		return time.Time{}, err
	}
	defer db.Close()
	var at int64
	err = db.QueryRowContext(ctx, `SELECT max(answered_at) FROM letter_out`).Scan(&at)
	return time.UnixMicro(at), err
}

// arrived fails unless so many letters were taken, those of each leg in order.
func (n *node) arrived(ctx context.Context, letters int) error {
	db, err := n.open()
	if err != nil {
		return err
	}
	defer db.Close()
	var got, early int
	err = db.QueryRowContext(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN EXISTS (SELECT 1 FROM letter_in e
		WHERE e.leg_id = l.leg_id AND e.number < l.number AND e.received_at > l.received_at) THEN 1 ELSE 0 END), 0)
		FROM letter_in l WHERE state = 'applied' AND number > 0`).Scan(&got, &early)
	if err == nil && (got != letters || early > 0) {
		err = fmt.Errorf("%d of %d letters were applied, %d of them before one that came before", got, letters, early)
	}
	return err
}

// deadPeer measures by how much one peer that takes connections and never
// answers slows the letters to nine others.
func (b *bench) deadPeer(ctx context.Context) error {
	from, err := b.newNode(ctx, "sqlite", "12345")
	if err != nil {
		return err
	}
	regions := []string{"540100", "540200", "540300", "540400", "540500", "540600", "542500", "540102", "540103", "540104"}
	var peers []*node
	for _, r := range regions {
		p, err := b.newPlatform(ctx, "sqlite", "110", r)
		if err != nil {
			return err
		}
		for _, err := range []error{p.link(ctx, from), from.link(ctx, p)} {
			if err != nil {
				return err
			}
		}
		peers = append(peers, p)
	}
	last := peers[len(peers)-1]
	keys, err := last.keys(ctx)
	if err != nil {
		return err
	}
	for _, p := range peers {
		if err := p.start(ctx); err != nil {
			return err
		}
		defer p.stop()
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer silent.Close()
	defer from.stop()
	const each = 30
	nine := peers[:len(peers)-1]
	turn := func() (time.Duration, error) {
		begin := time.Now()
		if err := from.times(ctx, b.clients, each*len(nine), func(i int) error { return from.take(ctx, orderTo(i, nine[i%len(nine)].platform)) }); err != nil {
			return 0, err
		}
		for _, p := range nine {
			if err := from.until(ctx, `liandong_link_letters_waiting{peer="`+p.platform+`"}`, 200*time.Millisecond, func(n float64) bool { return n == 0 }); err != nil {
				return 0, err
			}
		}
		return time.Since(begin), nil
	}
	point := func(url string) error {
		from.stop()
		if err := from.linkTo(ctx, keys, url); err != nil {
			return err
		}
		return from.start(ctx)
	}
	var all, dead []time.Duration
	for i := range 1 + 2*b.rounds { // the first one warms; turn about
		url, into := last.url, &all
		if i%2 == 1 {
			url, into = "http://"+silent.Addr().String(), &dead
		}
		if err := point(url); err != nil {
			return err
		}
		if err := from.times(ctx, b.clients, each, func(i int) error { return from.take(ctx, orderTo(i, last.platform)) }); err != nil {
			return err
		}
		if url == last.url { // out of the way
			if err := from.until(ctx, "liandong_link_letters_waiting", 200*time.Millisecond, func(n float64) bool { return n == 0 }); err != nil {
				return err
			}
		}
		took, err := turn()
		if err != nil {
			return err
		}
		if i > 0 {
			*into = append(*into, took)
		}
	}
	got, base := median(dead), median(all)
	b.atMost("letters to nine peers, the tenth never answers", ms(got), "all ten answer, "+ms(base), float64(got)/float64(base), 1.1)
	return nil
}

// proof measures what the tree of events costs an intake, and how long a log is
// verified.
func (b *bench) proof(ctx context.Context) error {
	n, err := b.sender(ctx, "sqlite")
	if err != nil {
		return err
	}
	if err := n.start(ctx); err != nil {
		return err
	}
	defer n.stop()
	if err := n.times(ctx, b.clients, b.events/2, func(i int) error { return n.take(ctx, order(int64(i))) }); err != nil { // two events each
		return err
	}
	// One client, so that the tree's transactions wait for few others.
	const alone = 3000
	tree := func() (float64, error) { return n.metric(ctx, `liandong_round_seconds_total{round="tree"}`) }
	before, err := tree()
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := n.times(ctx, 1, alone, func(i int) error { return n.take(ctx, order(int64(i))) }); err != nil {
		return err
	}
	took := time.Since(begin)
	after, err := tree()
	if err != nil {
		return err
	}
	b.atMost(fmt.Sprintf("the audit tree beside %d intakes one by one, sqlite", alone), fmt.Sprintf("%.0f ms", 1000*(after-before)), "the intakes, "+ms(took),
		(after-before)/took.Seconds(), 0.1)

	path := filepath.Join(b.dir, "log.jsonl")
	if err := n.download(ctx, "/api/v1/log", path); err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for range b.rounds {
		base, err := hashAndCheck(path)
		if err != nil {
			return err
		}
		at := time.Now()
		if out, err := exec.CommandContext(ctx, b.bin, "verify", path).CombinedOutput(); err != nil {
			return fmt.Errorf("verify: %w: %.500s", err, out)
		}
		ours, theirs = append(ours, time.Since(at)), append(theirs, base)
	}
	got, base := median(ours), median(theirs)
	b.atMost(fmt.Sprintf("a log of %d events verified, with start of the program", b.events), ms(got), "SHA-256 over the file and its signatures, "+ms(base),
		float64(got)/float64(base), 2)
	return nil
}

var signature = regexp.MustCompile(`"alg":"`)

// hashAndCheck is what nobody can do without: the file hashed, and as many
// signatures checked as stand in it.
func hashAndCheck(path string) (time.Duration, error) {
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		return 0, err
	}
	msg := bytes.Repeat([]byte("x"), 500)
	sig := ed25519.Sign(priv, msg)
	doc, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	signatures := len(signature.FindAllIndex(doc, -1))
	begin := time.Now()
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := io.Copy(sha256.New(), f); err != nil {
		return 0, err
	}
	for range signatures {
		if !ed25519.Verify(pub, msg, sig) {
			return 0, fmt.Errorf("a good signature is refused")
		}
	}
	return time.Since(begin), nil
}

// orderTo is order for one platform.
func orderTo(i int, platform string) []byte {
	return bytes.Replace(order(int64(i)), []byte(`"to":"110"`), []byte(`"to":"platform:`+platform+`"`), 1)
}

// take takes a case.
func (n *node) take(ctx context.Context, doc []byte) error {
	return n.call(ctx, "POST", "/api/v1/cases", doc, nil)
}

// times does something so many times, with some clients at once.
func (n *node) times(ctx context.Context, clients, cases int, take func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, clients)
	for c := range clients {
		wg.Go(func() {
			for i := c; i < cases && errs[c] == nil; i += clients {
				errs[c] = take(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// until waits until the sum of a metric over its labels is as wanted, and looks
// every so often.
func (n *node) until(ctx context.Context, name string, every time.Duration, done func(float64) bool) error {
	for end := time.Now().Add(5 * time.Minute); ; {
		v, err := n.metric(ctx, name)
		if err != nil {
			return err
		}
		if done(v) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s is still %v after five minutes", name, v)
		}
		time.Sleep(every) // a look counts what waits
	}
}

// metric is the sum of the lines of /metrics that begin with a name.
func (n *node) metric(ctx context.Context, name string) (sum float64, err error) {
	doc, err := n.raw(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	found := false
	for line := range strings.Lines(string(doc)) {
		if !strings.HasPrefix(line, name) {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", line, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("no metric %s", name)
	}
	return sum, nil
}

func (n *node) raw(ctx context.Context, path string) (json.RawMessage, error) {
	var b bytes.Buffer
	err := n.read(ctx, path, &b)
	return b.Bytes(), err
}

func (n *node) download(ctx context.Context, path, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return n.read(ctx, path, f)
}

func (n *node) read(ctx context.Context, path string, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	res, err := n.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, res.Status)
	}
	_, err = io.Copy(w, res.Body)
	return err
}
