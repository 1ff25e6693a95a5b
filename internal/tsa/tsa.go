// Package tsa asks a time-stamp authority (RFC 3161) over HTTP. What it asks for
// and what the answer is worth is decided elsewhere; it is off unless
// configured, and nothing waits for it.
package tsa

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// answerMost bounds an answer, in bytes; one with certificates has some four
// thousand.
const answerMost = 256 << 10

// Client asks one authority.
type Client struct {
	url    string
	client *http.Client
}

// New makes a client for an authority's address. A call takes at most twenty
// seconds.
func New(url string) *Client {
	return &Client{url: url, client: &http.Client{Timeout: 20 * time.Second}}
}

// Ask posts a request in DER and returns the answer, unchecked.
func (c *Client) Ask(ctx context.Context, request []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(request))
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	res, err := c.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("time-stamp: %s answered %s", c.url, res.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	return answer, nil
}
