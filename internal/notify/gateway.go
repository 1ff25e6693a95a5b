package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"liandong/internal/seal"
)

// KeyHeader is the header field that holds a message's id: one that comes twice
// under the same is one.
const KeyHeader = "Idempotency-Key"

// poster posts over HTTP, past no proxy and to no other address than the one
// that was given.
func poster() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	t.DisableKeepAlives = true // what was said on a connection that had died would be said again unasked
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send sends a request; only 2xx is a yes. When it was said whole and no answer
// came, nobody knows.
func send(client *http.Client, req *http.Request, address string) error {
	var said atomic.Bool
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { said.Store(i.Err == nil) }}))
	res, err := client.Do(req)
	if err != nil {
		if e, ok := err.(*url.Error); ok {
			err = e.Err // without the address
		}
		if said.Load() {
			return &Unsure{err}
		}
		return fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	says, _ := io.ReadAll(io.LimitReader(res.Body, 200)) // only shown
	if res.StatusCode/100 != 2 {
		return private(&refusal{res.StatusCode, strings.ToValidUTF8(strings.Join(strings.Fields(string(says)), " "), "\uFFFD")}, address)
	}
	return nil
}

// SMS is a gateway for short messages that is spoken to over HTTP.
type SMS struct {
	URL  string
	Key  string // sent as a bearer's token; "" none
	Body string // with {to}, {text} and {id}; "" is SMSBody
	http *http.Client
}

// SMSBody is what is posted unless the configuration says otherwise.
const SMSBody = `{"id":{id},"to":{to},"text":{text}}`

// NewSMS makes a gateway.
func NewSMS(url, key, body string) *SMS {
	if body == "" {
		body = SMSBody
	}
	return &SMS{URL: url, Key: key, Body: body, http: poster()}
}

// Send is part of Channel.
func (g *SMS) Send(ctx context.Context, m Message) error {
	form := !strings.HasPrefix(strings.TrimSpace(g.Body), "{") // a form begins with a name
	quote := func(s string) string {
		if form {
			return url.QueryEscape(s)
		}
		b, _ := json.Marshal(s) // a text can always be written
		return string(b)
	}
	body := strings.NewReplacer("{to}", quote(m.To.Reveal()), "{text}", quote(m.Short), "{id}", quote(m.ID)).Replace(g.Body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if form {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	req.Header.Set(KeyHeader, m.ID)
	if g.Key != "" {
		req.Header.Set("Authorization", "Bearer "+g.Key)
	}
	return send(g.http, req, m.To.Reveal())
}

// Webhook posts messages to a recipient's own address, signed as events are.
type Webhook struct {
	keys seal.KeyService
	http *http.Client
}

// NewWebhook makes the channel.
func NewWebhook(keys seal.KeyService) *Webhook { return &Webhook{keys: keys, http: poster()} }

// hook is what is posted: a text that a group's robot shows as it is, and the
// same for programs.
type hook struct {
	MsgType string `json:"msgtype"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	ID      string `json:"id"`
	Notices []Line `json:"notices"`
}

// Send is part of Channel.
func (c *Webhook) Send(ctx context.Context, m Message) error {
	h := hook{MsgType: "text", ID: m.ID, Notices: m.Notices}
	h.Text.Content = m.Subject + "\n" + m.Text
	doc, err := json.Marshal(h)
	if err != nil {
		return err
	}
	sentAt := time.Now().UTC().Format(time.RFC3339)
	sig, err := seal.Sign(c.keys, signContext, digest(sentAt, m.ID, doc))
	if err != nil {
		return err
	}
	sigDoc, err := json.Marshal(sig)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.To.Reveal(), bytes.NewReader(doc))
	if err != nil {
		return private(err, m.To.Reveal())
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set(KeyHeader, m.ID)
	req.Header.Set(SentAtHeader, sentAt)
	req.Header.Set(SubscriberHeader, m.ID)
	req.Header.Set(SignatureHeader, base64.StdEncoding.EncodeToString(sigDoc))
	return send(c.http, req, m.To.Reveal())
}
