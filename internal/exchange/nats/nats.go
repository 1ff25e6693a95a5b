// Package nats carries letters by an existing NATS JetStream cluster, for many
// sites that already share one.
//
//	Send ─▶ PREFIX.letter.FROM.TO.ID ─▶ stream ─▶ durable consumer of TO ─▶ Collect
//	                                                  │
//	            PREFIX.poison.FROM.TO.ID ◀── what no node can take, ever
//
// A letter has a subject of its own and the stream keeps one message a subject:
// put up again it takes the place of the old one, so a peer that is down for a
// week finds each letter once. The acknowledgement of the bus says only that the
// letter lies there (carrier.Sent.Handed); what is delivered, the peer's signed
// receipt decides, which comes back as a letter. The bus may lose all it holds
// and the letters go again. docs/exchange/nats.md is the contract.
package nats

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	bus "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"liandong/internal/exchange/carrier"
)

// Kind is this carrier in a link's configuration. Settings: servers, addresses
// (nats://… or tls://…) with commas between; stream (LIANDONG), prefix of the
// subjects (liandong) and durable, the name of our consumer
// (liandong-SELF-PEER); create=yes makes stream and consumer where they are
// missing, with replicas (1, 3 or 5); creds_file, or user and password_file;
// tls_ca, tls_cert and tls_key, files; domain, of a JetStream behind a leaf
// node; patience, how long a letter waits for its receipt before it is put up
// again (5m).
var Kind = carrier.Kind{
	Name: "nats",
	Settings: []carrier.Setting{{Key: "servers", Needed: true}, {Key: "stream"}, {Key: "prefix"}, {Key: "durable"}, {Key: "create", OneOf: []string{"yes"}},
		{Key: "replicas", OneOf: []string{"1", "3", "5"}}, {Key: "creds_file"}, {Key: "user"}, {Key: "password_file"},
		{Key: "tls_ca"}, {Key: "tls_cert"}, {Key: "tls_key"}, {Key: "domain"}, {Key: "patience"}},
	Check: func(set map[string]string) error { _, err := read(set); return err },
	Open: func(l carrier.Link) (carrier.Carrier, error) {
		c, err := New(l)
		if err != nil { // a nil pointer in the interface would look like a carrier
			return nil, err
		}
		return c, nil
	},
}

const (
	// batch stays below 512: with more outstanding the client answers "stalled".
	batch   = 200
	look    = 300 * time.Millisecond
	limit   = 15 * time.Second // for the bus to acknowledge what it was given
	ackWait = time.Minute      // a letter that was brought and not acknowledged is brought again
	maxAge  = 30 * 24 * time.Hour
	window  = 2 * time.Minute // within it the bus itself drops a repeated id
)

type settings struct {
	servers                 []string
	stream, prefix, durable string
	create                  bool
	replicas                int
	patience                time.Duration
	domain                  string
	options                 []bus.Option
}

func read(set map[string]string) (s settings, err error) {
	for _, addr := range strings.Split(set["servers"], ",") {
		u, err := url.Parse(strings.TrimSpace(addr))
		switch {
		case err != nil || u.User != nil: // it may hold a password, which belongs in a file
			return s, carrier.BadSetting("servers", "***")
		case u.Scheme != "nats" && u.Scheme != "tls", u.Hostname() == "":
			return s, carrier.BadSetting("servers", addr)
		}
		s.servers = append(s.servers, u.String())
	}
	s.stream, s.prefix, s.durable, s.domain = cmp.Or(set["stream"], "LIANDONG"), cmp.Or(set["prefix"], "liandong"), set["durable"], set["domain"]
	for _, name := range []struct{ key, value string }{{"stream", s.stream}, {"durable", s.durable}, {"domain", s.domain}, {"prefix", strings.ReplaceAll(s.prefix, ".", "")}} {
		if strings.ContainsAny(name.value, " \t\r\n.*>/\\") || strings.HasPrefix(name.value, "$") {
			return s, carrier.BadSetting(name.key, set[name.key])
		}
	}
	if strings.HasPrefix(s.prefix, ".") || strings.HasSuffix(s.prefix, ".") || strings.Contains(s.prefix, "..") {
		return s, carrier.BadSetting("prefix", s.prefix)
	}
	s.create, s.replicas = set["create"] == "yes", int(cmp.Or(set["replicas"], "1")[0]-'0')
	if s.patience, err = carrier.Duration(set, "patience", 5*time.Minute, time.Second, 24*time.Hour); err != nil {
		return s, err
	}
	s.options, err = secrets(set)
	return s, err
}

// secrets reads who we are to the bus. Files are named by their whole path and
// must be there.
func secrets(set map[string]string) (out []bus.Option, err error) {
	for _, key := range []string{"creds_file", "password_file", "tls_ca", "tls_cert", "tls_key"} {
		if path := set[key]; path != "" {
			if _, err := os.ReadFile(path); err != nil || !filepath.IsAbs(path) {
				return nil, carrier.BadSetting(key, path)
			}
		}
	}
	switch user, file := set["user"], set["password_file"]; {
	case user == "" && file != "", user != "" && set["creds_file"] != "":
		return nil, carrier.BadSetting("user", user)
	case user != "" && file == "":
		return nil, carrier.BadSetting("password_file", file)
	case user != "":
		out = append(out, bus.UserInfoHandler(func() (string, string) {
			word, err := os.ReadFile(file)
			if err != nil {
				return user, "" // the bus refuses, and says so
			}
			return user, strings.TrimSpace(string(word))
		}))
	}
	if creds := set["creds_file"]; creds != "" {
		out = append(out, bus.UserCredentials(creds))
	}
	if ca := set["tls_ca"]; ca != "" {
		out = append(out, bus.RootCAs(ca))
	}
	switch cert, key := set["tls_cert"], set["tls_key"]; {
	case cert != "" && key == "":
		return nil, carrier.BadSetting("tls_key", key)
	case cert == "" && key != "":
		return nil, carrier.BadSetting("tls_cert", cert)
	case cert != "":
		out = append(out, bus.ClientCert(cert, key))
	}
	return out, nil
}

// Carrier carries the letters of one link.
type Carrier struct {
	link carrier.Link
	set  settings
	conn *bus.Conn
	js   jetstream.JetStream

	mu       sync.Mutex
	consumer jetstream.Consumer // nil until stream and consumer are found to be as they must
	said     error              // what the bus said last without being asked: a permission that we lack, mostly
}

// New connects, now or as soon as a server is there.
func New(l carrier.Link) (*Carrier, error) {
	set, err := read(l.Set)
	if err != nil {
		return nil, err
	}
	set.durable = cmp.Or(set.durable, token("liandong-"+l.Self+"-"+l.Peer))
	c := &Carrier{link: l, set: set}
	options := append(set.options, bus.Name("liandong "+l.Self), bus.RetryOnFailedConnect(true), bus.MaxReconnects(-1), bus.ReconnectWait(500*time.Millisecond),
		bus.IgnoreAuthErrorAbort(), // who repairs a password at the bus does not restart the node
		bus.ReconnectBufSize(-1),   // a letter that lies in this process's memory is handed to nobody
		bus.ErrorHandler(func(_ *bus.Conn, _ *bus.Subscription, err error) { c.hear(err) }),
		bus.ReconnectErrHandler(func(_ *bus.Conn, err error) { c.hear(err) }))
	if c.conn, err = bus.Connect(strings.Join(set.servers, ","), options...); err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	if set.domain != "" {
		c.js, err = jetstream.NewWithDomain(c.conn, set.domain, jetstream.WithPublishAsyncTimeout(limit))
	} else {
		c.js, err = jetstream.New(c.conn, jetstream.WithPublishAsyncTimeout(limit))
	}
	if err != nil {
		c.conn.Close()
		return nil, fmt.Errorf("nats: %w", err)
	}
	return c, nil
}

func (c *Carrier) hear(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = err
}

// Traits: many letters at once, in no order; the receipt is a letter that comes
// back.
func (c *Carrier) Traits() carrier.Traits {
	return carrier.Traits{Batch: batch, Stream: true, Patience: c.set.patience, Look: look}
}

// Close ends the connection.
func (c *Carrier) Close() error {
	c.conn.Close()
	return nil
}

// token is a word as it may stand in a subject: an id may hold dots, which there
// part words, and never a tilde.
func token(s string) string { return strings.ReplaceAll(s, ".", "~") }

func (c *Carrier) subject(kind, from, to, id string) string {
	return strings.Join([]string{c.set.prefix, kind, token(from), token(to), id}, ".")
}

// ready finds stream and consumer, or makes them where it may. It looks once,
// and again after trouble.
func (c *Carrier) ready(ctx context.Context) (jetstream.Consumer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.consumer != nil {
		return c.consumer, nil
	}
	if !c.conn.IsConnected() {
		return nil, c.wrap(errors.Join(bus.ErrDisconnected, c.said))
	}
	stream, err := c.js.Stream(ctx, c.set.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) && c.set.create {
		stream, err = c.js.CreateStream(ctx, jetstream.StreamConfig{Name: c.set.stream, Description: "letters between platforms (liandong)", Subjects: []string{c.set.prefix + ".letter.>", c.set.prefix + ".poison.>"},
			Storage: jetstream.FileStorage, Replicas: c.set.replicas, MaxMsgsPerSubject: 1, MaxAge: maxAge, Duplicates: min(window, c.set.patience/2)})
	}
	if err != nil {
		return nil, c.wrap(fmt.Errorf("stream %s: %w", c.set.stream, errors.Join(err, c.said)))
	}
	if err := c.fit(stream.CachedInfo().Config); err != nil {
		return nil, c.wrap(err)
	}
	filter := c.subject("letter", c.link.Peer, c.link.Self, "*")
	consumer, err := stream.Consumer(ctx, c.set.durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) && c.set.create {
		consumer, err = stream.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: c.set.durable, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy,
			DeliverPolicy: jetstream.DeliverAllPolicy, AckWait: ackWait, MaxDeliver: -1, MaxAckPending: 4 * batch})
	}
	if err != nil {
		return nil, c.wrap(fmt.Errorf("consumer %s: %w", c.set.durable, errors.Join(err, c.said)))
	}
	switch conf := consumer.CachedInfo().Config; {
	case conf.FilterSubject != filter:
		return nil, c.wrap(fmt.Errorf("consumer %s reads %q, want filter_subject %s", c.set.durable, conf.FilterSubject, filter))
	case conf.AckPolicy != jetstream.AckExplicitPolicy || conf.MaxDeliver > 0:
		return nil, c.wrap(fmt.Errorf("consumer %s must acknowledge explicitly and deliver without limit", c.set.durable))
	}
	c.consumer, c.said = consumer, nil
	return consumer, nil
}

// fit refuses a stream by which letters would be lost or pile up.
func (c *Carrier) fit(s jetstream.StreamConfig) error {
	switch {
	case s.Storage != jetstream.FileStorage:
		return fmt.Errorf("stream %s is kept in memory, want storage file", s.Name)
	case s.Retention != jetstream.LimitsPolicy:
		return fmt.Errorf("stream %s has retention %s, want limits", s.Name, s.Retention)
	case s.MaxMsgsPerSubject != 1:
		return fmt.Errorf("stream %s keeps %d messages a subject, want max_msgs_per_subject 1", s.Name, s.MaxMsgsPerSubject)
	case s.Duplicates >= c.set.patience: // a letter put up again would be dropped as a repeat
		return fmt.Errorf("stream %s drops repeats for %s, which must be less than the patience of %s", s.Name, s.Duplicates, c.set.patience)
	}
	return nil
}

func (c *Carrier) wrap(err error) error { return fmt.Errorf("nats: %w", err) }

// again has stream and consumer looked for anew: one of them may be gone.
func (c *Carrier) again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.consumer = nil
}

// Send puts letters up and waits until the bus has them on disk.
func (c *Carrier) Send(ctx context.Context, parcels []carrier.Parcel) []carrier.Sent {
	out := make([]carrier.Sent, len(parcels))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if _, err := c.ready(ctx); err != nil {
		for i := range out {
			out[i].Err = err
		}
		return out
	}
	letters := make([]*bus.Msg, len(parcels))
	for i, p := range parcels {
		letters[i] = c.letter(p.ID, p.Wire)
	}
	for i, err := range c.put(ctx, letters) {
		out[i] = carrier.Sent{Handed: err == nil, Err: err}
	}
	return out
}

// letter is a letter as it is put up. Its subject is also the id by which the bus
// knows a repeat: another platform's letter of the same id is another.
func (c *Carrier) letter(id string, wire []byte) *bus.Msg {
	subject := c.subject("letter", c.link.Self, c.link.Peer, token(id))
	return &bus.Msg{Subject: subject, Header: bus.Header{jetstream.MsgIDHeader: {subject}}, Data: wire}
}

// put publishes messages and says of each whether the stream has it. At most
// batch at a time.
func (c *Carrier) put(ctx context.Context, msgs []*bus.Msg) []error {
	out := make([]error, len(msgs))
	futures := make([]jetstream.PubAckFuture, len(msgs))
	for i, m := range msgs {
		futures[i], out[i] = c.js.PublishMsgAsync(m, jetstream.WithExpectStream(c.set.stream))
	}
	failed := false
	for i, f := range futures {
		if out[i] == nil {
			select {
			case <-f.Ok():
			case out[i] = <-f.Err():
			case <-ctx.Done():
				out[i] = ctx.Err()
			}
		}
		if out[i] != nil {
			failed = true
			c.mu.Lock()
			out[i] = c.wrap(errors.Join(out[i], c.said))
			c.mu.Unlock()
		}
	}
	if failed {
		c.again()
	}
	return out
}

// Collect takes what has come, until nothing has.
func (c *Carrier) Collect(ctx context.Context, take carrier.Take) (n int, err error) {
	for ctx.Err() == nil {
		msgs, err := c.fresh(ctx)
		if err != nil || len(msgs) == 0 {
			return n, err
		}
		took, err := c.taken(ctx, msgs, take)
		n += took
		if err != nil {
			return n, err
		}
	}
	return n, ctx.Err()
}

func (c *Carrier) fresh(ctx context.Context) (out []jetstream.Msg, err error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	consumer, err := c.ready(limited)
	if err != nil {
		return nil, err
	}
	got, err := consumer.FetchNoWait(batch)
	if err != nil {
		c.again()
		return nil, c.wrap(err)
	}
	for m := range got.Messages() {
		out = append(out, m)
	}
	if err := got.Error(); err != nil && len(out) == 0 {
		c.again()
		return nil, c.wrap(err)
	}
	return out, nil
}

// taken hands messages to the node, puts their receipts and what is poison up,
// and only then acknowledges. An acknowledgement that gets lost brings a letter
// once more, which has no second effect.
func (c *Carrier) taken(ctx context.Context, msgs []jetstream.Msg, take carrier.Take) (n int, err error) {
	parcels := make([]carrier.Parcel, len(msgs))
	for i, m := range msgs {
		parcels[i] = carrier.Parcel{ID: last(m.Subject()), Wire: m.Data()}
	}
	results := take(ctx, parcels)
	var back []*bus.Msg
	of := make([]int, 0, len(msgs)) // which message an entry of back belongs to
	for i, t := range results {
		switch {
		case t.Poison != "":
			back, of = append(back, c.poison(msgs[i], t.Poison)), append(of, i)
		case t.Answer != nil && t.Again == nil:
			m, err := c.answer(t.Answer)
			if err != nil {
				return n, err
			}
			back, of = append(back, m), append(of, i)
		}
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var errs []error
	for i, err := range c.put(limited, back) {
		if err != nil {
			results[of[i]].Again = err
		}
	}
	for i, t := range results {
		switch {
		case t.Again != nil:
			errs = append(errs, t.Again, msgs[i].Nak())
		case t.Poison != "":
			errs = append(errs, msgs[i].TermWithReason(t.Poison))
			n++
		default:
			errs = append(errs, msgs[i].Ack())
			n++
		}
	}
	return n, errors.Join(errs...)
}

// ReasonHeader says on a poisoned letter why no node can take it.
const ReasonHeader = "Liandong-Reason"

// poison is a message as it is set aside: what came, where its sender's people
// find it, with the reason.
func (c *Carrier) poison(m jetstream.Msg, reason string) *bus.Msg {
	return &bus.Msg{Subject: c.subject("poison", c.link.Peer, c.link.Self, last(m.Subject())), Header: bus.Header{ReasonHeader: {reason}}, Data: m.Data()}
}

// last is the last word of a subject: the letter's id, with tildes for dots.
func last(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

func (c *Carrier) answer(wire []byte) (*bus.Msg, error) {
	var m struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(wire, &m)
	if err == nil && m.ID == "" {
		err = errors.New("no id")
	}
	if err != nil {
		return nil, c.wrap(fmt.Errorf("an answer: %w", err))
	}
	return c.letter(m.ID, wire), nil
}

var _ carrier.Carrier = (*Carrier)(nil)
