package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/node"
)

// answerMost bounds what is read of an answer, in bytes.
const answerMost = 16 << 20

// client calls a node's API.
type client struct {
	base  string
	token string
	http  *http.Client
}

// newClient makes a client with connections for that many calls at once.
func newClient(base, token string, atOnce int) (*client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usagef("--node is an address like http://127.0.0.1:8080, not %q", base)
	}
	if token == "" {
		return nil, usagef("a token is needed: --token TOKEN")
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = atOnce
	return &client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Transport: t, Timeout: 30 * time.Second}}, nil
}

// nodes are those that a command speaks to: the ones of a demonstration, or
// those named one by one.
type nodes struct {
	ready        string
	urls, tokens []string
}

func (n *nodes) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&n.ready, "ready", "", "`FILE` that liandong demo wrote, instead of --node and --token")
	cmd.Flags().StringArrayVar(&n.urls, "node", nil, "address `URL` of a node; again for another one")
	cmd.Flags().StringArrayVar(&n.tokens, "token", nil, "`TOKEN` for the node named before it")
}

// clients makes a client for each node, with connections for that many calls at
// once.
func (n nodes) clients(atOnce int) ([]*client, error) {
	if (n.ready == "") == (len(n.urls) == 0) {
		return nil, usagef("which nodes? Give --ready FILE, or --node URL --token TOKEN")
	}
	if n.ready != "" {
		b, err := os.ReadFile(n.ready)
		if err != nil {
			return nil, err
		}
		var ready node.Ready
		if err := json.Unmarshal(b, &ready); err != nil || len(ready.Nodes) == 0 {
			return nil, fmt.Errorf("%s is not what liandong demo --ready writes", n.ready)
		}
		for _, r := range ready.Nodes {
			n.urls, n.tokens = append(n.urls, r.URL), append(n.tokens, r.Token)
		}
	}
	if len(n.urls) != len(n.tokens) {
		return nil, usagef("each --node needs its --token")
	}
	var out []*client
	for i := range n.urls {
		c, err := newClient(n.urls[i], n.tokens[i], atOnce)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// problem is a refusal: an RFC 9457 problem document.
type problem struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

func (p *problem) Error() string {
	s := fmt.Sprintf("%d %s", p.Status, p.Detail)
	for _, e := range p.Errors {
		if e.Message != "" && e.Message != p.Detail {
			s += "; " + e.Location + ": " + e.Message
		} else if e.Location != "" {
			s += " (" + e.Location + ")"
		}
	}
	return s
}

// code is the stable end of the problem's type.
func (p *problem) code() string { return p.Type[strings.LastIndexByte(p.Type, ':')+1:] }

// worthTrying says that the same call may do better later: the node did not
// answer, or said so itself.
func worthTrying(err error) bool {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		return !errors.Is(err, context.Canceled)
	}
	return p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests || p.Status == http.StatusBadGateway ||
		p.Status == http.StatusGatewayTimeout
}

// call makes one call. in may be nil; out may be nil. An answer that is no
// success is a *problem; every other error says that there was no answer.
func (c *client) call(ctx context.Context, method, path string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		doc, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(doc)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	doc, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if err != nil {
		return 0, fmt.Errorf("answer of %s: %w", c.base, err)
	}
	if res.StatusCode/100 != 2 {
		p := &problem{}
		if json.Unmarshal(doc, p) != nil || p.Detail == "" && p.Title == "" {
			p.Detail = fmt.Sprintf("%s %s: %.200s", method, path, strings.TrimSpace(string(doc)))
		}
		p.Status = res.StatusCode
		if p.Detail == "" {
			p.Detail = p.Title
		}
		return res.StatusCode, p
	}
	if out == nil {
		return res.StatusCode, nil
	}
	if err := json.Unmarshal(doc, out); err != nil {
		return res.StatusCode, fmt.Errorf("answer of %s to %s %s: %w", c.base, method, path, err)
	}
	return res.StatusCode, nil
}

// jsonLine is a value as one line of JSON.
func jsonLine(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	return append(doc, '\n'), err
}
