package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestDeadline(t *testing.T) {
	for _, tc := range []struct{ from, budget, want string }{
		{"2026-09-18T10:00:00+08:00", "10wd", "2026-10-09T18:00:00+08:00"},
		{"2026-11-20T02:00:00Z", "1wd", "2026-11-23T18:00:00+08:00"},
		{"2026-11-23T10:00:00+08:00", "3wh", "2026-11-23T13:00:00+08:00"},
		{"2026-11-23T23:45:00+08:00", "30m", "2026-11-24T00:15:00+08:00"},
	} {
		var out, diagnostics bytes.Buffer
		args := []string{"deadline", "--from", tc.from, "--budget", tc.budget, "--region", "540102"}
		if code := run(t.Context(), args, nil, &out, &diagnostics); code != done {
			t.Fatalf("%v: exit %d, %s", args, code, diagnostics.String())
		}
		var got struct {
			Due         string `json:"due"`
			Provisional bool
			Account     []struct {
				From, To, Why string
				Counted       bool
			}
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if n := len(got.Account); got.Due != tc.want || n == 0 || got.Account[n-1].To != tc.want {
			t.Errorf("%v: got %s, account of %d, want %s", tc, got.Due, n, tc.want)
		}
	}
	var out, diagnostics bytes.Buffer
	code := run(t.Context(), []string{"deadline", "--from", "2026-12-28T10:00:00+08:00", "--budget", "5wd", "--text"}, nil, &out, &diagnostics)
	if code != done || !strings.Contains(out.String(), "provisional") || !strings.Contains(out.String(), "weekend") {
		t.Errorf("over the end of the data: exit %d\n%s", code, out.String())
	}
}

func TestDeadlineRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--budget", "5wd"},
		{"--from", "2026-11-23", "--budget", "5wd"},
		{"--from", "2026-11-23T10:00:00+08:00", "--budget", "0wd"},
		{"--from", "2026-11-23T10:00:00+08:00"},
		{"--from", "0001-01-01T10:00:00+08:00", "--budget", "5wd"},
		{"--from", "2026-11-23T10:00:00+08:00", "--budget", "5wd", "--region", "999999"},
		{"--from", "2026-11-23T10:00:00+08:00", "--budget", "5wd", "--text", "--json"},
		{"--from", "2026-11-23T10:00:00+08:00", "--budget", "5wd", "--node", "here"},
	} {
		var out, diagnostics bytes.Buffer
		if code := run(t.Context(), append([]string{"deadline"}, args...), nil, &out, &diagnostics); code != wrongUsage || out.Len() > 0 || diagnostics.Len() == 0 {
			t.Errorf("%v: exit %d, out %q, diagnostics %q", args, code, out.String(), diagnostics.String())
		}
	}
}
