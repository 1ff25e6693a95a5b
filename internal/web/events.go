package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// How the stream of /events behaves.
const (
	tickAtMost  = 500 * time.Millisecond // twice a second, however much happens
	keepAlive   = 15 * time.Second       // a comment, so that a proxy does not cut the line
	streamLasts = 10 * time.Minute       // then the browser comes back, and its session is asked for again
)

// events tells an open page that something has changed. What it is, the page
// asks for itself, with the rights of whoever looks: the stream holds no data.
// It begins with a tick: something may have changed since the page was made, or
// since the browser was cut off.
func (s *site) events(q *request) error {
	c := http.NewResponseController(q.w)
	h := q.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	q.w.WriteHeader(http.StatusOK)

	changes := s.desk.Changes()
	if err := s.tick(q, c); err != nil {
		if errors.Is(err, http.ErrNotSupported) {
			s.log.Error("stream of changes", "err", err) // the answer has begun: there is no page to say it on
		}
		return nil
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	end := time.NewTimer(streamLasts)
	defer end.Stop()
	for {
		var err error
		select {
		case <-q.ctx().Done():
			return nil
		case <-end.C:
			return nil
		case <-alive.C:
			err = send(q, c, ": alive\n\n")
		case <-changes:
			changes = s.desk.Changes()
			err = s.tick(q, c)
		}
		if err != nil {
			return nil // the browser has gone
		}
		select {
		case <-q.ctx().Done():
			return nil
		case <-time.After(tickAtMost):
		}
	}
}

func (s *site) tick(q *request, c *http.ResponseController) error {
	now := s.desk.Now().UnixMicro()
	return send(q, c, fmt.Sprintf("retry: 1000\nevent: changed\nid: %d\ndata: %d\n\n", now, now))
}

// send writes to a stream, which the server's limit for whole answers would
// cut: it has a limit for each piece instead.
func send(q *request, c *http.ResponseController, piece string) error {
	if err := c.SetWriteDeadline(time.Now().Add(2 * keepAlive)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := io.WriteString(q.w, piece); err != nil {
		return err
	}
	return c.Flush()
}
