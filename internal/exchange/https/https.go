// Package https carries letters by HTTPS: one POST a letter, the receipt in the
// answer. It knows nothing of what a letter says.
package https

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"liandong/internal/store"
)

// Paths below a node's address.
const (
	LettersPath = "/exchange/v1/letters"
	DigestsPath = "/exchange/v1/digests"
)

// answerMost bounds what is read of an answer, in bytes.
const answerMost = 4 << 20

// Carrier carries letters by HTTPS. The zero value is not usable; see New.
type Carrier struct{ client *http.Client }

// New makes a carrier with its own connections. A call takes at most ten
// seconds: a peer that does not answer is tried again, not waited for.
func New() *Carrier {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 16, 32
	t.Proxy = nil // letters go to the address in the link and nowhere else
	return &Carrier{client: &http.Client{
		Transport: t, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// StatusError says that the other side answered, but not with a letter.
type StatusError struct {
	Status int
	Detail string
}

func (e *StatusError) Error() string { return fmt.Sprintf("answered %d: %s", e.Status, e.Detail) }

// Send posts a letter and returns the answer; nil is an answer that has nothing
// to say. A *StatusError is the other side's word; every other error says that
// there was no answer.
func (c *Carrier) Send(ctx context.Context, link store.Link, wire []byte) ([]byte, error) {
	answer, _, err := c.Post(ctx, link, LettersPath, wire, nil)
	return answer, err
}

// Post posts a document to a path of the peer with more header fields.
func (c *Carrier) Post(ctx context.Context, link store.Link, path string, doc []byte, header http.Header) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link.URL+path, bytes.NewReader(doc))
	if err != nil {
		return nil, nil, fmt.Errorf("post to %s: %w", link.Peer, err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, vs := range header {
		req.Header[k] = vs
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("post to %s: %w", link.Peer, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if err != nil {
		return nil, nil, fmt.Errorf("answer of %s: %w", link.Peer, err)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return body, res.Header, nil
	case http.StatusNoContent:
		return nil, res.Header, nil
	}
	return nil, nil, &StatusError{Status: res.StatusCode, Detail: firstLine(body)}
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
func (c *Carrier) Close() { c.client.CloseIdleConnections() }
