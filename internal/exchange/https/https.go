// Package https carries letters by HTTPS: one POST a letter, the receipt in the
// answer. It knows nothing of what a letter says.
package https

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/hotline"
)

// Paths below a node's address.
const (
	LettersPath = "/exchange/v1/letters"
	FetchPath   = "/exchange/v1/fetch"
)

// SignatureHeader holds the signature of a document that is no letter.
const SignatureHeader = "Liandong-Signature"

// answerMost bounds what is read of an answer, in bytes.
const answerMost = 4 << 20

// AtOnceHeader stands in answers to letters of a side that takes several in one
// call: how many.
const AtOnceHeader = "Liandong-Letters-At-Once"

// Several letters in one call: a document of ManyType has a letter a line, its
// answer a Line a line, in their order.
const (
	ManyType = "application/x-ndjson"
	AtOnce   = 64      // letters that our side takes
	ManySize = 1 << 20 // bytes that it takes, one letter apart
)

// sendSize is how much we put into one call with several letters, in bytes: a
// minute on a line of 32 kbit/s.
const sendSize = 256 << 10

// Line is the answer to one of several letters: the status that it would have
// had in a call of its own, and the letter or the words that would have come.
type Line struct {
	Status int             `json:"status"`
	Answer json.RawMessage `json:"answer,omitempty"`
	Detail string          `json:"detail,omitempty"`
}

// Kind is this carrier in a link's configuration.
var Kind = carrier.Kind{
	Name: "https", NeedsURL: true,
	Settings: []carrier.Setting{{Key: "mode", OneOf: []string{carrier.Held, carrier.Pull}}, {Key: "cert"}, {Key: "key"}, {Key: "ca"}},
	Check: func(set map[string]string) error {
		_, err := clientTLS(set)
		return err
	},
	Open: func(l carrier.Link) (carrier.Carrier, error) { return New(l) },
}

// Carrier carries the letters of one link by HTTPS. The zero value is not
// usable; see New.
type Carrier struct {
	link   carrier.Link
	client *http.Client
	atOnce atomic.Int32 // letters that the peer takes in one call, as it said last
}

// A call takes at most so long, and longer where it carries much: a peer that
// does not answer is tried again, not waited for.
const (
	callTime = 10 * time.Second
	slowest  = 4 << 10 // bytes a second
)

// New makes a carrier with its own connections.
//
// Settings, each the path of a PEM file: cert and key, with which this node says
// who it is (mutual TLS); ca, the only authority whose certificate the peer may
// show.
func New(l carrier.Link) (*Carrier, error) {
	client, err := Client(l.Set, callTime+sendSize/slowest*time.Second)
	return &Carrier{link: l, client: client}, err
}

// Client makes a client that uses a link's settings for TLS, follows no redirect
// and no proxy, and gives a call so much time.
func Client(set map[string]string, timeout time.Duration) (*http.Client, error) {
	conf, err := clientTLS(set)
	if err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 16, 32
	t.TLSClientConfig = conf
	t.Proxy = nil // letters go to the address in the link and nowhere else
	return &http.Client{
		Transport: t, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// clientTLS reads the settings for TLS. Errors are Invalid and name the key.
func clientTLS(set map[string]string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if set["cert"] != "" || set["key"] != "" {
		pair, err := tls.LoadX509KeyPair(set["cert"], set["key"])
		if err != nil {
			return nil, badFile("cert", set["cert"], err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if path := set["ca"]; path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, badFile("ca", path, err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, carrier.BadSetting("ca", path)
		}
	}
	return conf, nil
}

func badFile(key, path string, cause error) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: "carrier_setting_invalid", Field: "set." + key, Args: []any{key, path}, Cause: cause}
}

// Traits: one letter a call and many calls at once, or with a peer that takes
// several letters in one call fewer calls. A peer without an address cannot be
// called; it fetches.
func (c *Carrier) Traits() carrier.Traits {
	t := carrier.Traits{Batch: 1, Lanes: 32, Passive: c.link.URL == "" || c.link.Set["mode"] == carrier.Held}
	if c.link.Set["mode"] == carrier.Pull {
		t.Look = pullEvery
	}
	if n := int(c.atOnce.Load()); n > 1 {
		t.Batch, t.Lanes = min(n, AtOnce), 6
	}
	return t
}

// pullEvery: an urgent letter waits no longer than this at a side that cannot
// call us.
const pullEvery = time.Second

// Send posts letters in their order, several in one call where the peer takes
// them so.
func (c *Carrier) Send(ctx context.Context, parcels []carrier.Parcel) []carrier.Sent {
	out := make([]carrier.Sent, 0, len(parcels))
	for len(parcels) > 0 {
		n, size := 1, len(parcels[0].Wire)
		for most := int(c.atOnce.Load()); n < min(most, AtOnce, len(parcels)); n++ {
			if size += len(parcels[n].Wire) + 1; size > sendSize {
				break
			}
		}
		if n == 1 {
			out = append(out, c.one(ctx, parcels[0]))
		} else {
			out = append(out, c.many(ctx, parcels[:n])...)
		}
		parcels = parcels[n:]
	}
	return out
}

func (c *Carrier) one(ctx context.Context, p carrier.Parcel) (s carrier.Sent) {
	var header http.Header
	if s.Answer, header, s.Err = c.Post(ctx, LettersPath, p.Wire, nil); s.Err == nil {
		c.heard(header)
	}
	return s
}

// heard notes how many letters the peer takes in one call.
func (c *Carrier) heard(header http.Header) {
	n, err := strconv.ParseInt(header.Get(AtOnceHeader), 10, 32)
	if err != nil {
		n = 1 // it says nothing of it, or nothing more
	}
	c.atOnce.Store(int32(n))
}

// many posts several letters in one call. What is wrong with the call is wrong
// with each of them.
func (c *Carrier) many(ctx context.Context, parcels []carrier.Parcel) []carrier.Sent {
	wires := make([][]byte, len(parcels))
	for i, p := range parcels {
		wires[i] = p.Wire
	}
	out := make([]carrier.Sent, len(parcels))
	doc, header, err := c.Post(ctx, LettersPath, bytes.Join(wires, []byte{'\n'}), http.Header{"Content-Type": {ManyType}})
	var lines []Line
	if err == nil {
		c.heard(header)
		lines, err = ReadLines(doc, len(parcels))
	}
	if word, _ := errors.AsType[*carrier.Refused](err); word != nil && word.After == 0 {
		c.atOnce.Store(1) // it may be an older one again
	}
	for i := range out {
		if out[i].Err = err; err != nil {
			continue
		}
		switch l := lines[i]; l.Status {
		case http.StatusOK:
			out[i].Answer = l.Answer
		case http.StatusNoContent:
		default:
			out[i].Err = &carrier.Refused{Detail: fmt.Sprintf("answered %d: %s", l.Status, firstLine([]byte(l.Detail)))}
		}
	}
	return out
}

// ReadLines reads the answer to n letters in one call: as many lines, or an error.
func ReadLines(doc []byte, n int) ([]Line, error) {
	var lines []Line
	for d := json.NewDecoder(bytes.NewReader(doc)); ; {
		var l Line
		err := d.Decode(&l)
		if err == io.EOF && len(lines) == n {
			return lines, nil
		}
		if err != nil || len(lines) == n {
			return nil, fmt.Errorf("the answer to %d letters does not hold as many lines (%d): %w", n, len(lines), err)
		}
		lines = append(lines, l)
	}
}

// Fetch asks a peer for the letters that it keeps for us, and Fetched is what it
// replies. Both are signed in SignatureHeader.
type (
	Fetch struct {
		From string    `json:"from"`
		To   string    `json:"to"`
		At   time.Time `json:"at"`
	}
	Fetched struct {
		To      string            `json:"to"`
		Letters []json.RawMessage `json:"letters"`
	}
)

// Collect fetches the letters that the peer keeps for us, where the link is
// pulled, and posts their receipts. Otherwise the peer posts its letters to us.
func (c *Carrier) Collect(ctx context.Context, take carrier.Take) (n int, err error) {
	if c.link.Set["mode"] != carrier.Pull {
		return 0, nil
	}
	for {
		letters, err := c.fetch(ctx)
		if err != nil || len(letters) == 0 {
			return n, err
		}
		in := make([]carrier.Parcel, len(letters))
		for i, l := range letters {
			in[i].Wire = l
		}
		var answers []carrier.Parcel
		for _, t := range take(ctx, in) {
			if t.Again != nil {
				return n, t.Again
			}
			n++ // one that is set aside is kept with the refusals
			if t.Answer != nil {
				answers = append(answers, carrier.Parcel{Wire: t.Answer})
			}
		}
		for _, s := range c.Send(ctx, answers) {
			if s.Err != nil {
				return n, s.Err // the letter comes again, and so does its receipt
			}
		}
	}
}

func (c *Carrier) fetch(ctx context.Context) ([]json.RawMessage, error) {
	doc, err := json.Marshal(Fetch{From: c.link.Self, To: c.link.Peer, At: time.Now()})
	if err != nil {
		return nil, err
	}
	sig, err := c.link.Sign(doc)
	if err != nil {
		return nil, err
	}
	body, header, err := c.Post(ctx, FetchPath, doc, http.Header{SignatureHeader: {sig}})
	if err != nil {
		return nil, err
	}
	if err := c.link.Verify(body, header.Get(SignatureHeader)); err != nil {
		return nil, err
	}
	var r Fetched
	if err := json.Unmarshal(body, &r); err != nil || r.To != c.link.Self {
		return nil, fmt.Errorf("letters of %s: not a reply to us", c.link.Peer)
	}
	return r.Letters, nil
}

// Post posts a document to a path of the peer with more header fields. A
// *carrier.Refused is the other side's word; every other error says that there
// was no answer.
func (c *Carrier) Post(ctx context.Context, path string, doc []byte, header http.Header) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime+time.Duration(len(doc)/slowest)*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.link.URL+path, bytes.NewReader(doc))
	if err != nil {
		return nil, nil, fmt.Errorf("post to %s: %w", c.link.Peer, err)
	}
	req.Header.Set("Content-Type", "application/json")
	maps.Copy(req.Header, header)
	res, err := c.client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("post to %s: %w", c.link.Peer, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if err != nil {
		return nil, nil, fmt.Errorf("answer of %s: %w", c.link.Peer, err)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return body, res.Header, nil
	case http.StatusNoContent:
		return nil, res.Header, nil
	}
	return nil, nil, &carrier.Refused{Detail: fmt.Sprintf("answered %d: %s", res.StatusCode, firstLine(body)), After: retryAfter(res)}
}

// retryAfter is how long a side that is busy wants to be left alone (RFC 9110
// §10.2.3), in whole seconds or as a date by its own clock.
func retryAfter(res *http.Response) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	said := res.Header.Get("Retry-After")
	if n, err := strconv.Atoi(said); err == nil {
		return time.Duration(max(0, min(n, 24*3600))) * time.Second
	}
	at, err := http.ParseTime(said)
	now, err2 := http.ParseTime(res.Header.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// firstLine is the beginning of an answer, fit for a page.
func firstLine(b []byte) string {
	const most = 200
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	if len(b) > most {
		b = b[:most]
	}
	return string(bytes.ToValidUTF8(b, nil))
}

// Close drops idle connections.
func (c *Carrier) Close() error {
	c.client.CloseIdleConnections()
	return nil
}
