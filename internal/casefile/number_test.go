package casefile

import "testing"

func TestNumber(t *testing.T) {
	for in, want := range map[string]string{
		"2611270042": "2611270042", "261127-0042": "2611270042", "261127 0042": "2611270042", "26112710000": "26112710000",
		"": "", "261127": "", "13900000001": "", "路灯 2611270042": "", "26112700421234567": "",
	} {
		got, ok := ReadNumber(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, ok, want)
		}
	}
	if got := SayNumber("2611270042"); got != "261127-0042" {
		t.Errorf("got %s, want 261127-0042", got)
	}
}
