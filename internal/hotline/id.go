package hotline

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

// NewID returns an id of 26 lower-case characters: 48 bits of milliseconds and
// 80 random bits in Crockford's base 32. Ids sort by the time they were made
// and, within one process, strictly in the order they were made.
func NewID() string { return ids.next(time.Now()) }

const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

var ids idSource

type idSource struct {
	mu   sync.Mutex
	last uint64 // milliseconds of the last id
	hi   uint16 // its random part, upper 16 bits
	lo   uint64 // and lower 64 bits
}

func (s *idSource) next(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := uint64(now.UnixMilli())
	if ms > s.last {
		var b [10]byte
		rand.Read(b[:]) // never fails (crypto/rand)
		s.last = ms
		s.hi = binary.BigEndian.Uint16(b[:2]) >> 1 // room to count up
		s.lo = binary.BigEndian.Uint64(b[2:])
	} else { // same millisecond, or the clock went back: count on
		s.lo++
		if s.lo == 0 {
			s.hi++
		}
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], s.last<<16|uint64(s.hi))
	binary.BigEndian.PutUint64(raw[8:], s.lo)
	return encode32(raw)
}

// encode32 writes 128 bits as 26 characters, most significant first.
func encode32(raw [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// FirstID sorts before every id made at or after a moment, and after those made
// before it, to the millisecond.
func FirstID(t time.Time) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(t.UnixMilli())<<16)
	return encode32(raw)
}

// IDTime is the moment an id was made, to the millisecond; ok is false for a
// text that is not one of our ids.
func IDTime(id string) (t time.Time, ok bool) {
	if len(id) != 26 {
		return time.Time{}, false
	}
	var ms uint64
	for i := range 26 {
		v := strings.IndexByte(crockford, id[i])
		if v < 0 || i == 0 && v > 7 { // 26 characters hold 130 bits, an id 128
			return time.Time{}, false
		}
		if i < 10 {
			ms = ms<<5 | uint64(v)
		}
	}
	return time.UnixMilli(int64(ms)), true
}
