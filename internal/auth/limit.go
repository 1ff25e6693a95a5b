package auth

import (
	"sync"
	"time"
)

// limiter slows down whoever tries too often: a bucket of tries for each key,
// which fills up again with time. It lives in memory and is bounded; the lock
// of an account is in the database.
type limiter struct {
	mu      sync.Mutex
	most    int // keys kept
	buckets map[string]bucket
}

type bucket struct {
	tries float64 // left
	at    time.Time
	rate  rate
}

// rate is how many tries a key has at once, and how long one takes to return.
type rate struct {
	burst int
	every time.Duration
}

func newLimiter(most int) *limiter { return &limiter{most: most, buckets: map[string]bucket{}} }

// take says whether the key has a try left, and takes it.
func (l *limiter) take(key string, r rate, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= l.most {
			l.sweep(now)
		}
		b = bucket{tries: float64(r.burst), rate: r}
	} else {
		b.tries = b.filled(now)
	}
	b.at = now
	allowed := b.tries >= 1
	if allowed {
		b.tries--
	}
	l.buckets[key] = b
	return allowed
}

func (b bucket) filled(now time.Time) float64 {
	since := max(now.Sub(b.at), 0)
	return min(float64(b.rate.burst), b.tries+float64(since)/float64(b.rate.every))
}

// sweep makes room: full buckets say nothing and go first. Where there are too
// few of those, any go, down to half.
func (l *limiter) sweep(now time.Time) {
	for key, b := range l.buckets {
		if b.filled(now) >= float64(b.rate.burst) {
			delete(l.buckets, key)
		}
	}
	for key := range l.buckets {
		if len(l.buckets) <= l.most/2 {
			return
		}
		delete(l.buckets, key)
	}
}

// strangers counts failures for names that nobody has, as the database does
// for those that somebody has: the answers must not tell them apart.
type strangers struct {
	mu    sync.Mutex
	most  int
	names map[string]stranger
}

type stranger struct {
	failed int
	until  time.Time
}

func (s *strangers) lockedUntil(login string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[login].until
}

func (s *strangers) fail(login string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names) >= s.most {
		clear(s.names) // somebody tries names by the ten thousand; perAddress slows that down
	}
	n := s.names[login]
	n.failed++
	if n.failed >= lockAfter {
		n = stranger{until: now.Add(lockFor)}
	}
	s.names[login] = n
}
