package triage

import (
	"testing"
	"time"
)

func TestAlike(t *testing.T) {
	now := time.Date(2026, 3, 11, 10, 0, 0, 0, time.UTC)
	of := Matter{Text: "小区门口的井盖丢了ＡＢ１２", Category: "A01", Item: "A01.02", At: now}
	got := Alike(of, []Matter{
		{Text: "小区门口的井盖丢了ab12", Category: "A01", Item: "A01.02", At: now},
		{Text: "小区门口的井盖丢了ab12", Category: "A01", Item: "A01.02", At: now.Add(-60 * 24 * time.Hour)},
		{Text: "门口少了一个井盖", Category: "A01", Item: "A01.02", At: now},
		{Text: "门口少了一个井盖", Category: "A01", At: now},
		{Text: "门口少了一个井盖", Category: "A05", At: now},
		{Text: "老板拖欠工资三个月", Category: "A01", Item: "A01.02", At: now},
		{Text: "", At: now},
	})
	for i := 1; i < len(got)-1; i++ {
		if got[i-1] <= got[i] {
			t.Errorf("candidate %d: got %.3f, not more than %.3f of the next", i-1, got[i-1], got[i])
		}
	}
	if got[5] != 0 || got[6] != 0 {
		t.Errorf("nothing in common: got %.3f and %.3f, want 0", got[5], got[6])
	}
	if got := Alike(Matter{}, []Matter{{Text: "井盖"}}); got[0] != 0 {
		t.Errorf("no text: got %.3f, want 0", got[0])
	}
}

func FuzzAlike(f *testing.F) {
	f.Add("ལྷ་ས井盖２０８", "wifi断了\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := Alike(Matter{Text: a}, []Matter{{Text: b}, {Text: a}})
		if !(got[0] >= 0 && got[1] >= got[0]-1e-9) {
			t.Errorf("got %v: nothing is more like a text than itself", got)
		}
	})
}
