package web

import (
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/deadline"
	"liandong/internal/message"
)

func clockAt(s string) func() time.Time {
	t := wall(s)
	return func() time.Time { return t }
}

func wall(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

// 2026-03-11 is a Wednesday without holidays near it.
func TestLeft(t *testing.T) {
	zh, en := testWords(t, message.Chinese), testWords(t, message.English)
	for _, tc := range []struct{ now, due, tone, zh, en string }{
		{"2026-03-11 10:00", "2026-03-11 12:15", "ok", "还剩 2 小时 15 分", "2 h 15 min left"},
		{"2026-03-11 10:00", "2026-03-11 12:00", "near", "还剩 2 小时", "2 h left"},
		{"2026-03-11 10:00", "2026-03-11 10:20", "near", "还剩 20 分钟", "20 min left"},
		{"2026-03-11 10:00", "2026-03-11 10:00", "over", "超期 不到 1 分钟", "under a minute overdue"},
		{"2026-03-11 10:00", "2026-03-11 09:35", "over", "超期 25 分钟", "25 min overdue"},
		{"2026-03-11 10:00", "2026-03-10 18:00", "over", "超期 1 个工作日", "overdue, 1 working day(s)"},
		{"2026-03-11 10:00", "2026-03-09 18:00", "over", "超期 2 个工作日", "overdue, 2 working day(s)"},
		{"2026-03-11 10:00", "2026-03-18 18:00", "ok", "还剩 5 个工作日", "5 working days left"},
		{"2026-03-11 10:00", "2026-03-12 11:00", "ok", "还剩 1 天 1 小时", "1 d 1 h left"},
		{"2026-03-14 10:00", "2026-03-14 09:00", "over", "超期 1 小时", "1 h overdue"}, // a Saturday
	} {
		zh.now, en.now = clockAt(tc.now), clockAt(tc.now)
		if got := zh.Left(wall(tc.due), "540102"); got.Words != tc.zh || got.Tone != tc.tone {
			t.Errorf("at %s, due %s: got %q in tone %s, want %q in %s", tc.now, tc.due, got.Words, got.Tone, tc.zh, tc.tone)
		}
		if got := en.Left(wall(tc.due), "540102").Words; got != tc.en {
			t.Errorf("at %s, due %s: got %q, want %q", tc.now, tc.due, got, tc.en)
		}
	}
	if got := zh.Left(time.Time{}, ""); got != (Left{}) {
		t.Errorf("no limit: got %+v, want nothing", got)
	}
	if got, want := zh.Left(wall("2026-03-14 11:00"), "").Exact, "期限 2026-03-14 11:00:00（北京时间）"; got != want {
		t.Errorf("exact: got %q, want %q", got, want)
	}
}

func TestOfClock(t *testing.T) {
	w := testWords(t, message.Chinese)
	w.now = clockAt("2026-03-11 10:00")
	clock := func(start, due, stopped string, rung int) deadline.Clock {
		c := deadline.Clock{Start: wall(start), Due: wall(due), Rung: rung, Next: wall(due)}
		if stopped != "" {
			c.Stopped = wall(stopped)
		}
		return c
	}
	early := clock("2026-03-02 10:00", "2026-03-11 11:00", "", 0)
	early.Next = wall("2026-03-11 10:30")
	for _, tc := range []struct {
		name, tone, words string
		clock             deadline.Clock
	}{
		{"in time", "done", "按时", clock("2026-03-10 10:00", "2026-03-11 09:00", "2026-03-11 08:00", 0)},
		{"done late", "late", "逾期完成", clock("2026-03-10 10:00", "2026-03-11 09:00", "2026-03-11 09:30", 2)},
		{"reminded", "near", "还剩 3 个工作日", clock("2026-03-02 10:00", "2026-03-16 18:00", "", 1)},
		{"not reminded yet", "ok", "还剩 1 小时", early},
		{"over", "over", "超期 1 小时", clock("2026-03-10 10:00", "2026-03-11 09:00", "", 2)},
	} {
		if got := w.OfClock(tc.clock, "540102"); got.Tone != tc.tone || got.Words != tc.words {
			t.Errorf("%s: got %q in tone %s, want %q in %s", tc.name, got.Words, got.Tone, tc.words, tc.tone)
		}
	}
}

func TestMoment(t *testing.T) {
	zh, en := testWords(t, message.Chinese), testWords(t, message.English)
	zh.now, en.now = clockAt("2026-03-11 10:00"), clockAt("2026-03-11 10:00")
	for at, want := range map[string][2]string{
		"2026-03-11 00:00": {"今天 00:00", "today 00:00"},
		"2026-03-10 23:59": {"昨天 23:59", "yesterday 23:59"},
		"2026-03-12 00:00": {"明天 00:00", "tomorrow 00:00"},
		"2026-01-02 08:00": {"01-02 08:00", "01-02 08:00"},
		"2025-12-31 23:00": {"2025-12-31 23:00", "2025-12-31 23:00"},
	} {
		if got := [2]string{zh.Moment(wall(at).UTC()), en.Moment(wall(at).UTC())}; got != want {
			t.Errorf("%s: got %v, want %v", at, got, want)
		}
	}
	if got := zh.Moment(time.Time{}); got != "" {
		t.Errorf("no moment: got %q, want nothing", got)
	}
}

func TestNames(t *testing.T) {
	zh, en := testWords(t, message.Chinese), testWords(t, message.English)
	for _, tc := range []struct{ what, got, want string }{
		{"class", zh.Class("A01"), "公共设施类"},
		{"class in English", en.Class("A01"), "Public facilities"},
		{"class of a peer", en.Class("X99"), "X99"},
		{"place", zh.Place("540102"), "拉萨市 城关区"},
		{"place of a prefecture", zh.Place("540100"), "拉萨市"},
		{"unknown place", zh.Place("999999"), "999999"},
		{"unit", zh.Target("unit:540102-urban"), "城关区城市管理和综合执法局"},
		{"line", zh.Target("110"), "110 报警服务台"},
		{"platform", zh.Target("platform:540000-110"), "西藏自治区 110 报警服务台"},
		{"a platform's code of another form", zh.Target("platform:elsewhere"), "elsewhere"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.what, tc.got, tc.want)
		}
	}
}
