package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"liandong/internal/hotline"
)

func TestPasswordIsKept(t *testing.T) {
	g := make(gate, 1)
	one, two := HashPassword("correct horse"), HashPassword("correct horse")
	if one == two {
		t.Error("two hashes of a password are equal, want a salt in each")
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(one, want) {
		t.Errorf("got %s, want it to begin with %s", one, want)
	}
	for _, tc := range []struct {
		kept, try string
		want      bool
	}{
		{one, "correct horse", true},
		{two, "correct horse", true},
		{one, "correct horsf", false},
		{one, "", false},
		{nobody, "", false},
		{nobody, "correct horse", false},
		{cheap("other cost"), "other cost", true}, // made when the cost was another
		{cheap("other cost"), "other costs", false},
	} {
		got, err := g.verify(t.Context(), tc.kept, tc.try)
		if err != nil || got != tc.want {
			t.Errorf("verify(%q): got %v, %v, want %v", tc.try, got, err, tc.want)
		}
	}
}

func cheap(password string) string {
	salt := []byte("saltsaltsaltsalt")
	sum := argon2.IDKey([]byte(password), salt, 1, 64, 2, 32)
	b64 := base64.RawStdEncoding
	return "$argon2id$v=19$m=64,t=1,p=2$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(sum)
}

func TestBrokenHashIsAnError(t *testing.T) {
	good := HashPassword("correct horse")
	parts := strings.Split(good, "$")
	swap := func(i int, s string) string {
		p := append([]string(nil), parts...)
		p[i] = s
		return strings.Join(p, "$")
	}
	for _, bad := range []string{
		"", "plain", strings.TrimPrefix(good, "$"), good + "$",
		swap(1, "argon2i"), swap(2, "v=16"), swap(2, "x"), swap(3, "m=19456"), swap(3, "m=4,t=1,p=1"), swap(3, "m=99999999,t=1,p=1"),
		swap(3, "m=64,t=0,p=1"), swap(3, "m=64,t=99,p=1"), swap(3, "m=64,t=1,p=0"), swap(4, "*"), swap(4, "YQ"), swap(5, ""), swap(5, "*"),
	} {
		if ok, err := make(gate, 1).verify(t.Context(), bad, "correct horse"); err == nil || ok {
			t.Errorf("verify against %q: got %v, %v, want an error", bad, ok, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(nobody)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := decode(s)
		if err == nil && (k.memory > 1<<20 || k.passes > 16 || len(k.sum) > 64 || k.lanes == 0) {
			t.Errorf("decode(%q): got %+v, want a bounded cost", s, k)
		}
	})
}

// Whoever has gone away does not wait for a computation.
func TestGateHonoursTheRequest(t *testing.T) {
	g := make(gate, 1)
	if err := g.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.verify(ctx, nobody, "x")
	if hotline.KindOf(err) != hotline.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err := g.hash(ctx, "x"); hotline.KindOf(err) != hotline.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	g.leave()
	if _, err := g.verify(t.Context(), nobody, "x"); err != nil {
		t.Errorf("the gate is free: %v", err)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := rate{burst: 3, every: time.Minute}
	l := newLimiter(100)
	for i, step := range []struct {
		pass time.Duration
		want bool
	}{
		{0, true}, {0, true}, {0, true}, {0, false}, {0, false},
		{59 * time.Second, false}, {time.Second, true}, {0, false},
		{-time.Hour, false}, // a clock set back gives nothing and breaks nothing
		{time.Hour, true}, {0, true}, {0, true}, {0, false},
	} {
		now = now.Add(step.pass)
		if got := l.take("k", r, now); got != step.want {
			t.Errorf("step %d: got %v, want %v", i, got, step.want)
		}
	}
}

func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := rate{burst: 2, every: time.Minute}
	l := newLimiter(100)
	for i := range 10000 {
		l.take(fmt.Sprint("k", i), r, now)
		if len(l.buckets) > 100 {
			t.Fatalf("%d keys after %d, want 100 at most", len(l.buckets), i)
		}
	}
	s := strangers{most: 100, names: map[string]stranger{}}
	for i := range 10000 {
		s.fail(fmt.Sprint("k", i), now)
		if len(s.names) > 100 {
			t.Fatalf("%d names after %d, want 100 at most", len(s.names), i)
		}
	}
}
