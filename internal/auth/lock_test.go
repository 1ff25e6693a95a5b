package auth

import (
	"testing"
	"time"

	"liandong/internal/hotline"
)

func TestLock(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		ctx := t.Context()
		p := add(t, a, NewPerson{Login: "clerk", Role: hotline.Clerk, Unit: "540102-housing"})
		signIn := func() string {
			t.Helper()
			secret, _, err := a.SignIn(ctx, "clerk", password, "10.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		lock := func(secret string) {
			t.Helper()
			if err := a.Lock(ctx, secret); err != nil {
				t.Fatal(err)
			}
		}
		try := func(secret, code string) error {
			c.add(time.Minute) // the limiter is not what is tested
			return a.Unlock(ctx, secret, code, "10.0.0.1")
		}
		secret, other := signIn(), signIn()
		lock(secret)
		_, who, err := a.Session(ctx, secret)
		wantCode(t, "a locked session", err, hotline.Denied, "session_locked")
		if who.ID != p.ID {
			t.Errorf("got person %q, want the one who may open it", who.ID)
		}
		wantCode(t, "a PIN for a locked session", a.SetPIN(ctx, secret, "482913"), hotline.Denied, "session_locked")
		if _, _, err := a.Session(ctx, other); err != nil {
			t.Errorf("another session of the same person: %v, want it open", err)
		}
		wantCode(t, "a wrong password", try(secret, "nonsense"), hotline.Denied, "password_wrong")
		if err := try(secret, password); err != nil {
			t.Fatalf("the password: %v", err)
		}
		if _, _, err := a.Session(ctx, secret); err != nil {
			t.Errorf("opened: %v", err)
		}

		for _, weak := range []string{"", "12345", "1234567", "111111", "123456", "987654", "12345a", "一二三四五六"} {
			wantCode(t, "PIN "+weak, a.SetPIN(ctx, secret, weak), hotline.Invalid, "pin_weak")
		}
		if err := a.SetPIN(ctx, secret, "482913"); err != nil {
			t.Fatal(err)
		}
		if has, err := a.HasPIN(ctx, secret); err != nil || !has {
			t.Errorf("got %v, %v, want the session to have a PIN", has, err)
		}
		if has, err := a.HasPIN(ctx, other); err != nil || has {
			t.Errorf("got %v, %v, want no PIN in another session", has, err)
		}
		lock(secret)
		wantCode(t, "the password where a PIN was set", try(secret, password), hotline.Denied, "pin_wrong")
		if err := try(secret, "482913"); err != nil {
			t.Fatalf("the PIN: %v", err)
		}
		lock(secret)
		for range pinsMost - 1 {
			wantCode(t, "a wrong PIN", try(secret, "000000"), hotline.Denied, "pin_wrong")
		}
		wantCode(t, "the last wrong PIN", try(secret, "000000"), hotline.Denied, "session_expired")
		wantCode(t, "the right one after it", try(secret, "482913"), hotline.Denied, "session_expired")
	})
}
