package web

import (
	"fmt"
	"net/http"
	"strconv"
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
// A browser that was cut off says the last id it has seen, and hears at once
// when anything may have happened since.
func (s *site) events(q *request) error {
	c := http.NewResponseController(q.w)
	// The server's limits are for answers that end.
	if err := c.SetWriteDeadline(time.Time{}); err != nil {
		s.log.Debug("stream keeps the server's write deadline", "err", err)
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	q.w.WriteHeader(http.StatusOK)

	changes := s.desk.Changes()
	if _, err := fmt.Fprint(q.w, ": open\nretry: 1000\n\n"); err != nil {
		return nil // gone already
	}
	last, err := strconv.ParseInt(q.Header.Get("Last-Event-ID"), 10, 64)
	if err == nil && last > 0 {
		if err := s.tick(q); err != nil {
			return nil
		}
	}
	if err := c.Flush(); err != nil {
		s.log.Error("stream of changes", "err", err) // the answer has begun: there is no page to say it on
		return nil
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	end := time.NewTimer(streamLasts)
	defer end.Stop()
	for {
		select {
		case <-q.ctx().Done():
			return nil
		case <-end.C:
			return nil
		case <-alive.C:
			_, err = fmt.Fprint(q.w, ": alive\n\n")
		case <-changes:
			changes = s.desk.Changes()
			err = s.tick(q)
		}
		if err == nil {
			err = c.Flush()
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

func (s *site) tick(q *request) error {
	now := s.desk.Now().UnixMicro()
	_, err := fmt.Fprintf(q.w, "event: changed\nid: %d\ndata: %d\n\n", now, now)
	return err
}
