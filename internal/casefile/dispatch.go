package casefile

import (
	"slices"
	"time"

	"liandong/internal/hotline"
)

// Mark is one moment of a police dispatch (出警) that the dispatcher records. The
// names are part of the log.
type Mark string

const (
	LevelSet      Mark = "level_set"      // 定级
	UnitSent      Mark = "unit_sent"      // 派警
	OnScene       Mark = "on_scene"       // 到场
	FirstFeedback Mark = "first_feedback" // 首次反馈
)

// Marks lists them in the order in which they happen.
func Marks() []Mark { return []Mark{LevelSet, UnitSent, OnScene, FirstFeedback} }

// Dispatch is when each mark was reached; those not recorded are not in it.
type Dispatch map[Mark]time.Time

// Last is the furthest mark that was reached; "" none.
func (d Dispatch) Last() Mark {
	for _, m := range slices.Backward(Marks()) {
		if !d[m].IsZero() {
			return m
		}
	}
	return ""
}

// Check says whether a mark may be recorded as reached at a moment, or, with
// correct, whether what was recorded may be put right. Marks do not run
// backwards: none lies before one that comes before it, nor before the case was
// taken. Moments are compared by the minute, as a person enters them.
func (d Dispatch) Check(m Mark, at, taken, now time.Time, correct bool) error {
	i := slices.Index(Marks(), m)
	switch {
	case i < 0:
		return hotline.Errorf(hotline.Invalid, "dispatch_unknown", "mark", string(m))
	case at.After(now.Add(time.Minute)):
		return hotline.Errorf(hotline.Invalid, "occurred_in_future", "at")
	case correct && d[m].IsZero():
		return hotline.Errorf(hotline.Conflict, "dispatch_not_yet", "mark")
	case !correct && !d[m].IsZero():
		return hotline.Errorf(hotline.Conflict, "dispatch_twice", "mark", d[m])
	case minute(at).Before(minute(taken)):
		return hotline.Errorf(hotline.Conflict, "dispatch_before_case", "at", taken)
	}
	for j, other := range Marks() {
		t := d[other]
		if !t.IsZero() && (j < i && minute(at).Before(minute(t)) || j > i && minute(at).After(minute(t))) {
			return hotline.Errorf(hotline.Conflict, "dispatch_backwards", "at", t)
		}
	}
	return nil
}

func minute(t time.Time) time.Time { return t.Truncate(time.Minute) }
