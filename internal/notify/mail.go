package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// How a mail server is spoken to.
const (
	StartTLS = "starttls" // in the clear until both agree on TLS; without it nothing is said
	OnlyTLS  = "tls"      // from the first byte
	NoTLS    = "none"     // for a server on the same machine
)

// Mail is a mail server (SMTP).
type Mail struct {
	Server   string // host:port
	From     string // address
	User     string // "": the server asks for none
	Password string
	TLS      string // StartTLS, OnlyTLS or NoTLS
}

// Send is part of Channel. Until the text has been said whole the server has
// taken nothing; when its answer to that is lost, it may have.
func (c Mail) Send(ctx context.Context, m Message) error {
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	conn, err := c.dial(ctx, host)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return err
		}
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("mail server greets: %w", err)
	}
	defer client.Close()
	if err := c.open(client, host); err != nil {
		return err
	}
	if err := client.Mail(c.From); err != nil {
		return fmt.Errorf("mail from: %w", err)
	}
	if err := client.Rcpt(m.To.Reveal()); err != nil {
		return fmt.Errorf("mail to: %w", private(err, m.To.Reveal()))
	}
	w, err := client.Data()
	if err != nil {
		return fmt.Errorf("mail text: %w", err)
	}
	if _, err := w.Write(c.text(m)); err != nil {
		return fmt.Errorf("mail text: %w", err)
	}
	if err := w.Close(); err != nil {
		if _, said := errors.AsType[*textproto.Error](err); said {
			return fmt.Errorf("mail text: %w", private(err, m.To.Reveal()))
		}
		return &Unsure{err}
	}
	_ = client.Quit() // it has the mail; what it says now changes nothing
	return nil
}

func (c Mail) dial(ctx context.Context, host string) (net.Conn, error) {
	if c.TLS == OnlyTLS {
		return (&tls.Dialer{Config: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", c.Server)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", c.Server)
}

// open agrees on TLS and signs in.
func (c Mail) open(client *smtp.Client, host string) error {
	if c.TLS == StartTLS {
		if err := client.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return fmt.Errorf("mail server, STARTTLS: %w", err)
		}
	}
	if c.User == "" {
		return nil
	}
	if err := client.Auth(smtp.PlainAuth("", c.User, c.Password, host)); err != nil {
		return fmt.Errorf("mail server, sign in: %w", err)
	}
	return nil
}

// text is the mail as it is said. Its id is the message's, so that a server or
// a reader that gets it twice can tell.
func (c Mail) text(m Message) []byte {
	var b bytes.Buffer
	_, host, _ := strings.Cut(c.From, "@")
	for _, h := range [][2]string{
		{"From", c.From}, {"To", m.To.Reveal()}, {"Subject", mime.BEncoding.Encode("utf-8", m.Subject)},
		{"Date", time.Now().Format(time.RFC1123Z)}, {"Message-ID", "<" + m.ID + "@" + host + ">"}, {"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "base64"},
	} {
		b.WriteString(h[0] + ": " + strings.NewReplacer("\r", "", "\n", "").Replace(h[1]) + "\r\n")
	}
	b.WriteString("\r\n")
	enc := base64.StdEncoding.EncodeToString([]byte(m.Text))
	for len(enc) > 76 {
		b.WriteString(enc[:76] + "\r\n")
		enc = enc[76:]
	}
	b.WriteString(enc + "\r\n")
	return b.Bytes()
}

// private is what a server says, without the address that it repeats.
func private(err error, address string) error {
	return errors.New(strings.ReplaceAll(err.Error(), address, "***"))
}
