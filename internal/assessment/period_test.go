package assessment

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"liandong/internal/hotline"
)

// Periods are those of Asia/Shanghai; one that has not begun is refused.
func TestParsePeriod(t *testing.T) {
	now := time.Date(2026, 3, 31, 15, 59, 0, 0, time.UTC) // 23:59 in Shanghai, a Tuesday
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, shanghai) }
	for s, want := range map[string]Period{
		"2026-03-11": {Daily, day(2026, 3, 11), day(2026, 3, 12)},
		"2026-W14":   {Weekly, day(2026, 3, 30), day(2026, 4, 6)},
		"2026-W01":   {Weekly, day(2025, 12, 29), day(2026, 1, 5)},
		"2020-W53":   {Weekly, day(2020, 12, 28), day(2021, 1, 4)},
		"2026-03":    {Monthly, day(2026, 3, 1), day(2026, 4, 1)},
		"2024":       {Yearly, day(2024, 1, 1), day(2025, 1, 1)},
	} {
		got, err := ParsePeriod(s, shanghai, now)
		if err != nil || got.Kind != want.Kind || !got.From.Equal(want.From) || !got.Until.Equal(want.Until) {
			t.Errorf("%s: got %+v, %v, want %+v", s, got, err, want)
		}
	}
	for s, code := range map[string]string{"2026-04": "period_future", "2026-04-01": "period_future", "2026-W15": "period_future", "2027": "period_future",
		"2026-13": "period_invalid", "2026-02-29": "period_invalid", "2025-W53": "period_invalid", "2026-W1": "period_invalid", "2026-W00": "period_invalid",
		"": "period_invalid", "March": "period_invalid", "26": "period_invalid", "2026-W14x": "period_invalid"} {
		if _, err := ParsePeriod(s, shanghai, now); hotline.CodeOf(err) != code {
			t.Errorf("%q: got %v, want %s", s, err, code)
		}
	}
	if _, err := ParsePeriod("2026-04", shanghai, now.Add(time.Minute)); err != nil {
		t.Errorf("April at its first moment: got %v, want it taken", err)
	}
}

// Every moment lies in one period of each kind, which is read as it is written,
// and the next one begins where it ends.
func TestPeriods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).In(shanghai)
		for _, kind := range Kinds() {
			p := PeriodOf(kind, at)
			if at.Before(p.From) || !at.Before(p.Until) {
				t.Fatalf("%v is not in %+v", at, p)
			}
			if got, err := ParsePeriod(p.String(), shanghai, p.Until); err != nil || got != p {
				t.Fatalf("%s: got %+v, %v, want %+v", p, got, err, p)
			}
			if n := p.Next(); !n.From.Equal(p.Until) || n.Before() != p {
				t.Fatalf("after %s comes %s, before that %s", p, n, n.Before())
			}
		}
	})
}

func TestExceptions(t *testing.T) {
	ta := NewTally(time.UnixMicro(100))
	for i := range int64(10) {
		ta.Add(Fact{Sent: 1, Unit: "a", Signed: 2 + i, SignDue: 5, Direction: "local"})
		ta.Add(Fact{Sent: 1, Unit: "b", HandleDue: 5, Answered: 4 + i/9*3, Direction: "local"})
	}
	got := ta.Statement().Exceptions(1)
	want := Exception{By: ByUnit, Key: "a", Indicator: SignedOnTime, Bad: 7, Den: 10, Rest: true}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if all := ta.Statement().Exceptions(9); len(all) != 2 || all[1].Key != "b" || all[1].Bad != 1 {
		t.Errorf("got %+v, want the late answer of b after it", all)
	}
}

// Half hours are those of Asia/Shanghai.
func TestSentByHalfHour(t *testing.T) {
	ta := NewTally(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	ta.Add(Fact{Sent: time.Date(2026, 3, 31, 15, 59, 0, 0, time.UTC).UnixMicro()})
	ta.Add(Fact{Sent: time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC).UnixMicro()})
	if s := ta.Statement().Sent; s[47] != 1 || s[0] != 1 {
		t.Errorf("got %v, want one at 23:30 and one at 0:00", s)
	}
}
