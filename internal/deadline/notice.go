package deadline

import (
	"time"

	"liandong/internal/calendar"
)

// A notice that is not urgent waits for company: NoticeSettles after it is
// made, so that what fires together is one message, and NoticeGathers after the
// recipient was told last. Our own figures: nobody is served by a flood, and an
// hour is short against limits of days.
const (
	NoticeSettles = time.Minute
	NoticeGathers = time.Hour
)

// NoticeAt is when a notice goes to a recipient who was told last at a moment
// (zero: never) and has quiet hours. Urgent legs wait for neither.
func NoticeAt(now, told time.Time, quiet calendar.Quiet, urgent bool) time.Time {
	if urgent {
		return now
	}
	at := now.Add(NoticeSettles)
	if next := told.Add(NoticeGathers); !told.IsZero() && next.After(at) {
		at = next
	}
	return quiet.After(at)
}

// NoticePause is how long a message waits after so many attempts in vain:
// 30 seconds, then twice as long each time, up to an hour; of urgent legs 10
// seconds, up to five minutes.
func NoticePause(attempts int, urgent bool) time.Duration {
	first, most := 30*time.Second, time.Hour
	if urgent {
		first, most = 10*time.Second, 5*time.Minute
	}
	if attempts > 10 {
		return most
	}
	return min(first<<max(attempts-1, 0), most)
}
