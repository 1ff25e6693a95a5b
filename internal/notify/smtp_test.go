package notify

import (
	"bufio"
	"encoding/base64"
	"io"
	"mime"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// postOffice is a mail server on this machine (SMTP, as much of RFC 5321 as a
// sender needs) that keeps what it is given.
type postOffice struct {
	t    *testing.T
	addr string
	// took is called with each mail before the answer; false hangs up without
	// one. refuse answers RCPT with 550 where it is true.
	took   func() bool
	refuse func(to string) bool

	mu    sync.Mutex
	mails []letterSeen
	said  []string
}

// letterSeen is a mail as it came.
type letterSeen struct{ to, subject, id, text string }

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &postOffice{t: t, addr: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer conn.Close(); o.serve(conn) })
		}
	})
	return o
}

func (o *postOffice) serve(conn net.Conn) {
	r := bufio.NewReader(conn)
	say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
	say("220 test")
	to := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		o.mu.Lock()
		o.said = append(o.said, line)
		o.mu.Unlock()
		switch verb, rest, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "EHLO":
			say("250-test\r\n250 AUTH PLAIN")
		case "AUTH":
			say("235 in")
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			if o.refuse != nil && o.refuse(to) {
				say("550 no such user " + to)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			if !o.keep(to, r) {
				return
			}
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// keep reads a mail up to its dot.
func (o *postOffice) keep(to string, r *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(line)
	}
	m, err := mail.ReadMessage(strings.NewReader(b.String()))
	if err != nil {
		o.t.Errorf("a mail that cannot be read: %v\n%s", err, b.String())
		return true
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		o.t.Error(err)
	}
	text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if err != nil {
		o.t.Error(err)
	}
	o.mu.Lock()
	o.mails = append(o.mails, letterSeen{to: to, subject: subject, id: m.Header.Get("Message-ID"), text: string(text)})
	o.mu.Unlock()
	return o.took == nil || o.took()
}

func (o *postOffice) got() []letterSeen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letterSeen(nil), o.mails...)
}
