package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"liandong/internal/desk"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Header fields beside an event. The signature is base64 of a JSON object
// {"alg","kid","value"}, as of a document that is no letter (docs/exchange).
const (
	SignatureHeader  = "Liandong-Signature"
	SentAtHeader     = "Liandong-Sent-At"
	SubscriberHeader = "Liandong-Subscriber"
)

// signContext keeps the signature of an event from being one of anything else.
const signContext = "liandong event v1\n"

// ContentType of an event in structured mode (CloudEvents 1.0).
const ContentType = "application/cloudevents+json; charset=utf-8"

// Event is what a subscriber is told: CloudEvents 1.0. ID is the same on every
// retry.
type Event struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"` // liandong/ and the platform's code
	Type        string    `json:"type"`   // liandong. and the kind of event
	Subject     string    `json:"subject,omitempty"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        Data      `json:"data"`
}

// Data is the ids of what changed. Place is that of the event in the log:
// without gaps in the log, with gaps here where not every kind is asked for.
type Data struct {
	Case  string `json:"case,omitempty"`
	Leg   string `json:"leg,omitempty"`
	Place int64  `json:"place"`
}

// Pace of a lane.
const (
	batch      = 64
	look       = 300 * time.Millisecond
	firstPause = time.Second
	longPause  = 5 * time.Minute
	callMost   = 10 * time.Second
)

// Notifier tells subscribers.
type Notifier struct {
	desk  *desk.Desk
	read  *store.Reader
	keys  seal.KeyService
	log   *slog.Logger
	http  *http.Client
	first time.Duration // before the first retry
}

// New puts a notifier together; a nil log is none.
func New(d *desk.Desk, st *store.Store, keys seal.KeyService, log *slog.Logger) *Notifier {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil // events go to the address of the subscriber and nowhere else
	return &Notifier{desk: d, read: st.Reader(), keys: keys, log: log, first: firstPause, http: &http.Client{Transport: t, Timeout: callMost,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Run tells all subscribers until ctx ends: a lane for each.
func (n *Notifier) Run(ctx context.Context) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait()
	busy := map[string]bool{}
	for {
		all, err := n.read.Subscribers(ctx)
		if err != nil {
			return err
		}
		for _, s := range all {
			mu.Lock()
			if due := s.Active && !s.NextTryAt.After(n.desk.Now()); due && !busy[s.ID] {
				busy[s.ID] = true
				wg.Go(func() {
					if err := n.tell(ctx, s); err != nil && ctx.Err() == nil {
						n.log.Error("tell subscriber", "subscriber", s.ID, "err", err)
					}
					mu.Lock()
					delete(busy, s.ID)
					mu.Unlock()
				})
			}
			mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
}

// tell tells one subscriber of the next events, in their order, up to the first
// that it does not take.
func (n *Notifier) tell(ctx context.Context, s store.Subscriber) error {
	events, err := n.read.LoggedFrom(ctx, s.NextIndex, batch)
	if err != nil || len(events) == 0 {
		return err
	}
	at, took := s.NextIndex, false
	var missed error
	for _, e := range events {
		if len(s.Kinds) == 0 || slices.Contains(s.Kinds, e.Kind) {
			if missed = n.post(ctx, s, e); missed != nil {
				break
			}
			took = true
		}
		at = e.Index + 1
	}
	if ctx.Err() != nil && missed != nil && at == s.NextIndex {
		return nil // told to stop; the event comes again
	}
	if at > s.NextIndex {
		if err := n.desk.Told(context.WithoutCancel(ctx), s, at, took); err != nil {
			return err
		}
		s.NextIndex, s.Attempts = at, 0
	}
	switch gone, _ := missed.(*refusal); {
	case missed == nil || ctx.Err() != nil:
		return nil
	case gone != nil && gone.status == http.StatusGone:
		return n.desk.Gone(ctx, s)
	}
	return n.desk.Missed(ctx, s, desk.Retry{At: n.desk.Now().Add(n.pause(s.Attempts + 1)), Why: missed.Error()})
}

// pause before the next attempt after failed ones: doubling, with jitter.
func (n *Notifier) pause(failed int) time.Duration {
	d := longPause
	if failed < 16 {
		d = min(n.first<<(failed-1), longPause)
	}
	return d*3/4 + rand.N(d/2)
}

// refusal is a subscriber's word that is no yes.
type refusal struct {
	status int
	says   string
}

func (r *refusal) Error() string { return fmt.Sprintf("answered %d: %s", r.status, r.says) }

// post posts one event.
func (n *Notifier) post(ctx context.Context, s store.Subscriber, e store.LoggedEvent) error {
	doc, err := json.Marshal(Event{SpecVersion: "1.0", ID: e.ID, Source: "liandong/" + n.desk.Node().Platform, Type: "liandong." + e.Kind,
		Subject: e.CaseID, Time: e.At.UTC(), ContentType: "application/json", Data: Data{Case: e.CaseID, Leg: e.LegID, Place: e.Index}})
	if err != nil {
		return err
	}
	sentAt := n.desk.Now().UTC().Format(time.RFC3339)
	sig, err := seal.Sign(n.keys, signContext, digest(sentAt, s.ID, doc))
	if err != nil {
		return err
	}
	sigDoc, err := json.Marshal(sig)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(doc))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", ContentType)
	req.Header.Set(SentAtHeader, sentAt)
	req.Header.Set(SubscriberHeader, s.ID)
	req.Header.Set(SignatureHeader, base64.StdEncoding.EncodeToString(sigDoc))
	res, err := n.http.Do(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	says, _ := io.ReadAll(io.LimitReader(res.Body, 200)) // only shown
	if res.StatusCode/100 != 2 {
		return &refusal{res.StatusCode, strings.ToValidUTF8(strings.Join(strings.Fields(string(says)), " "), "\uFFFD")}
	}
	return nil
}

// digest is what is signed: when it was sent, to whom, and what. So an old
// event, or one meant for another, cannot be passed off as new.
func digest(sentAt, subscriber string, doc []byte) [32]byte {
	return sha256.Sum256(append([]byte(sentAt+"\n"+subscriber+"\n"), doc...))
}

// Verify is the subscriber's part: it checks the header fields of an event
// against the platform's keys.
func Verify(keys seal.PublicKeys, h http.Header, doc []byte) error {
	raw, err := base64.StdEncoding.DecodeString(h.Get(SignatureHeader))
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	var sig seal.Signature
	if err := json.Unmarshal(raw, &sig); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	sentAt, err := time.Parse(time.RFC3339, h.Get(SentAtHeader))
	if err != nil {
		return fmt.Errorf("sent at: %w", err)
	}
	return seal.Verify(keys, signContext, digest(h.Get(SentAtHeader), h.Get(SubscriberHeader), doc), sentAt, sig)
}
