// Package https carries letters by HTTPS: one POST a letter, the receipt in the
// answer. It knows nothing of what a letter says.
package https

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
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
}

// New makes a carrier with its own connections. A call takes at most ten
// seconds: a peer that does not answer is tried again, not waited for.
//
// Settings, each the path of a PEM file: cert and key, with which this node says
// who it is (mutual TLS); ca, the only authority whose certificate the peer may
// show.
func New(l carrier.Link) (*Carrier, error) {
	client, err := Client(l.Set, 10*time.Second)
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

// Traits: one letter a call, several calls at once. A peer without an address
// cannot be called; it fetches.
func (c *Carrier) Traits() carrier.Traits {
	t := carrier.Traits{Batch: 1, Passive: c.link.URL == "" || c.link.Set["mode"] == carrier.Held}
	if c.link.Set["mode"] == carrier.Pull {
		t.Look = pullEvery
	}
	return t
}

// pullEvery: an urgent letter waits no longer than this at a side that cannot
// call us.
const pullEvery = time.Second

// Send posts letters, one after another.
func (c *Carrier) Send(ctx context.Context, parcels []carrier.Parcel) []carrier.Sent {
	out := make([]carrier.Sent, len(parcels))
	for i, p := range parcels {
		out[i].Answer, _, out[i].Err = c.Post(ctx, LettersPath, p.Wire, nil)
	}
	return out
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
		for _, t := range take(ctx, in) {
			if t.Again != nil {
				return n, t.Again
			}
			n++ // one that is set aside is kept with the refusals
			if t.Answer == nil {
				continue
			}
			if _, _, err := c.Post(ctx, LettersPath, t.Answer, nil); err != nil {
				return n, err // the letter comes again, and so does its receipt
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
	return nil, nil, &carrier.Refused{Detail: fmt.Sprintf("answered %d: %s", res.StatusCode, firstLine(body))}
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
