package auth

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/hotline"
	"liandong/internal/pgtest"
	"liandong/internal/store"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// onBoth runs a test on either engine, each time on an empty database.
func onBoth(t *testing.T, test func(t *testing.T, a *Auth, c *clock)) {
	t.Helper()
	t.Parallel() // they wait for the disk most of the time
	for engine, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "node.db") },
		"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), dsn(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			c := &clock{at: time.Date(2025, 5, 6, 10, 0, 0, 0, time.UTC)}
			test(t, New(s, "540000-12345", c.now), c)
		})
	}
}

const password = "correct horse 电话"

func add(t *testing.T, a *Auth, n NewPerson) store.Person {
	t.Helper()
	if n.Name == "" {
		n.Name = "张测试"
	}
	if n.Password == "" && n.Hash == "" {
		n.Password = password
	}
	if n.Role == "" {
		n.Role = hotline.Operator
	}
	p, err := a.AddPerson(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantCode(t *testing.T, what string, err error, kind hotline.Kind, code string) {
	t.Helper()
	if err == nil || hotline.KindOf(err) != kind || hotline.CodeOf(err) != code {
		t.Errorf("%s: got %v, want %s: %s", what, err, kind, code)
	}
}

func TestSignInAndSession(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		ctx := t.Context()
		p := add(t, a, NewPerson{Login: " Zhang.Clerk ", Role: hotline.Clerk, Unit: "540102-housing", Region: "540102"})
		if p.Login != "zhang.clerk" || strings.Contains(p.Password, password) || p.Language != "zh-CN" {
			t.Errorf("got %+v, want the login in small letters, a hash and Chinese", p)
		}
		secret, got, err := a.SignIn(ctx, "ZHANG.clerk ", password, "10.0.0.1")
		if err != nil || got.ID != p.ID {
			t.Fatalf("got %v, %v, want %s signed in", got.ID, err, p.ID)
		}
		actor, who, err := a.Session(ctx, secret)
		if err != nil {
			t.Fatal(err)
		}
		want := hotline.Actor{ID: p.ID, Name: "张测试", Role: hotline.Clerk, Platform: "540000-12345", Unit: "540102-housing", Region: "540102"}
		if diff := cmp.Diff(want, actor); diff != "" {
			t.Errorf("actor (-want +got):\n%s", diff)
		}
		if who.Login != "zhang.clerk" {
			t.Errorf("got person %q, want zhang.clerk", who.Login)
		}
		if _, _, err := a.store.Reader().Session(ctx, secret, c.now()); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("the secret itself is in the database: %v", err)
		}

		// A session lasts as long as it is used, and twelve hours more.
		for range 4 {
			c.add(11 * time.Hour)
			if _, _, err := a.Session(ctx, secret); err != nil {
				t.Fatalf("a session in use: %v", err)
			}
		}
		c.add(SessionFor + time.Second)
		_, _, err = a.Session(ctx, secret)
		wantCode(t, "after twelve hours of rest", err, hotline.Denied, "session_expired")

		secret, _, err = a.SignIn(ctx, "zhang.clerk", password, "10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if err := a.SignOut(ctx, secret); err != nil {
			t.Fatal(err)
		}
		_, _, err = a.Session(ctx, secret)
		wantCode(t, "after signing out", err, hotline.Denied, "session_expired")
		for _, bad := range []string{"", "x", strings.Repeat("a", 43), strings.Repeat("长", 43)} {
			_, _, err = a.Session(ctx, bad)
			wantCode(t, "session "+bad, err, hotline.Denied, "session_expired")
		}
		if err := a.SignOut(ctx, "never was"); err != nil {
			t.Errorf("sign out twice: %v", err)
		}
	})
}

// Whoever was put out of service is treated like a stranger.
func TestInactivePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		p := store.Person{ID: hotline.NewID(), Login: "gone", Name: "周测试", Password: HashPassword(password), Role: hotline.Operator, Language: "zh-CN", CreatedAt: c.now()}
		if err := a.store.Write(t.Context(), func(tx *store.Tx) error { return tx.AddPerson(t.Context(), p) }); err != nil {
			t.Fatal(err)
		}
		_, _, err := a.SignIn(t.Context(), "gone", password, "ip")
		wantCode(t, "sign in", err, hotline.Denied, "sign_in_failed")
	})
}

// Putting somebody out ends what they have open, at once.
func TestSetActive(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, _ *clock) {
		ctx := t.Context()
		p, other := add(t, a, NewPerson{Login: "op1"}), add(t, a, NewPerson{Login: "op2"})
		open := func(login string) string {
			t.Helper()
			secret, _, err := a.SignIn(ctx, login, password, "ip")
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		theirs, others := []string{open("op1"), open("op1")}, open("op2")
		if got, err := a.SetActive(ctx, " OP1", false); err != nil || got.ID != p.ID || got.Active {
			t.Errorf("got %+v, %v, want op1 put out", got, err)
		}
		out := func(when string) {
			t.Helper()
			for _, secret := range theirs {
				_, _, err := a.Session(ctx, secret)
				wantCode(t, "a session "+when, err, hotline.Denied, "session_expired")
			}
		}
		out("of somebody put out")
		_, _, err := a.SignIn(ctx, "op1", password, "ip")
		wantCode(t, "sign in", err, hotline.Denied, "sign_in_failed")
		if actor, _, err := a.Session(ctx, others); err != nil || actor.ID != other.ID {
			t.Errorf("somebody else's session: got %v, %v, want it open", actor.ID, err)
		}
		if got, err := a.SetActive(ctx, "op1", true); err != nil || !got.Active {
			t.Errorf("got %+v, %v, want op1 back", got, err)
		}
		out("from before")
		open("op1")
		_, err = a.SetActive(ctx, "nobody", false)
		wantCode(t, "nobody", err, hotline.NotFound, "person_not_found")
	})
}

// Guesses at the same moment count one by one.
func TestConcurrentFailures(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		p := add(t, a, NewPerson{Login: "op1"})
		var all sync.WaitGroup
		for range lockAfter {
			all.Go(func() {
				wantCode(t, "a guess", a.countFailure(t.Context(), p.ID, c.now()), hotline.Denied, "sign_in_failed")
			})
		}
		all.Wait()
		got, err := a.store.Reader().PersonByLogin(t.Context(), "op1")
		if err != nil || !got.LockedUntil.Equal(c.now().Add(lockFor)) {
			t.Errorf("after %d guesses at once: got %d counted and locked until %v (error %v), want a lock", lockAfter, got.Failed, got.LockedUntil, err)
		}
		// The right password among them opens nothing that they have locked.
		err = a.store.Write(t.Context(), func(tx *store.Tx) error {
			admitted, err := tx.Admit(t.Context(), p.ID, p.Password, c.now())
			if admitted {
				t.Error("a locked account was opened")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A session in use is written at most every ten minutes.
func TestSessionIsNotWrittenEachTime(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		add(t, a, NewPerson{Login: "op1"})
		secret, _, err := a.SignIn(t.Context(), "op1", password, "ip")
		if err != nil {
			t.Fatal(err)
		}
		start := c.now()
		ends := func() time.Duration {
			t.Helper()
			if _, _, err := a.Session(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			s, _, err := a.store.Reader().Session(t.Context(), hashOf(secret), c.now())
			if err != nil {
				t.Fatal(err)
			}
			return s.ExpiresAt.Sub(start)
		}
		for _, step := range []struct{ pass, want time.Duration }{
			{0, SessionFor},
			{9 * time.Minute, SessionFor},
			{time.Minute, SessionFor + 10*time.Minute},
			{5 * time.Minute, SessionFor + 10*time.Minute},
			{5 * time.Minute, SessionFor + 20*time.Minute},
		} {
			c.add(step.pass)
			if got := ends(); got != step.want {
				t.Errorf("%s after the start: the session ends at +%s, want +%s", c.now().Sub(start), got, step.want)
			}
		}
	})
}

// Somebody who is there and somebody who is not get the same answers.
func TestLockOut(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		ctx := t.Context()
		add(t, a, NewPerson{Login: "op1"})
		for _, login := range []string{"op1", "nobody"} {
			for i := range lockAfter {
				_, _, err := a.SignIn(ctx, login, "wrong wrong wrong", fmt.Sprint("ip", i))
				wantCode(t, fmt.Sprint(login, " try ", i), err, hotline.Denied, "sign_in_failed")
			}
			until := c.now().Add(lockFor)
			c.add(time.Minute)
			_, _, err := a.SignIn(ctx, login, password, "ip")
			wantCode(t, login+" locked", err, hotline.Denied, "account_locked")
			if e, ok := err.(*hotline.Error); !ok || len(e.Args) != 1 || !e.Args[0].(time.Time).Equal(until) {
				t.Errorf("%s: got %v, want locked until %s", login, err, until)
			}
			c.add(lockFor)
		}
		if _, _, err := a.SignIn(ctx, "op1", password, "ip"); err != nil {
			t.Errorf("after the lock: %v", err)
		}
		_, _, err := a.SignIn(ctx, "nobody", password, "ip")
		wantCode(t, "nobody after the lock", err, hotline.Denied, "sign_in_failed")

		// Failures before a success do not count.
		for range 3 {
			for i := range lockAfter - 1 {
				_, _, err := a.SignIn(ctx, "op1", "wrong wrong wrong", fmt.Sprint("ip", i))
				wantCode(t, "wrong", err, hotline.Denied, "sign_in_failed")
			}
			if _, _, err := a.SignIn(ctx, "op1", password, "ip"); err != nil {
				t.Fatalf("after four failures: %v", err)
			}
			c.add(time.Minute)
		}
	})
}

func TestTooManyTries(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		ctx := t.Context()
		add(t, a, NewPerson{Login: "op1"})
		add(t, a, NewPerson{Login: "op2"})
		for range perName.burst {
			if _, _, err := a.SignIn(ctx, "op1", password, "ip"); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := a.SignIn(ctx, "op1", password, "ip")
		wantCode(t, "the eleventh try", err, hotline.Denied, "too_many_tries")
		if _, _, err := a.SignIn(ctx, "op2", password, "ip"); err != nil {
			t.Errorf("another name: %v", err)
		}
		if _, _, err := a.SignIn(ctx, "op1", password, "ip2"); err != nil {
			t.Errorf("another address: %v", err)
		}
		c.add(perName.every)
		if _, _, err := a.SignIn(ctx, "op1", password, "ip"); err != nil {
			t.Errorf("a little later: %v", err)
		}
	})
}

func TestPasswords(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, _ *clock) {
		ctx := t.Context()
		add(t, a, NewPerson{Login: "op1"})
		secret, _, err := a.SignIn(ctx, "op1", password, "ip")
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, "wrong present password", a.ChangePassword(ctx, "op1", "wrong wrong wrong", "another password"), hotline.Denied, "password_wrong")
		wantCode(t, "weak new password", a.ChangePassword(ctx, "op1", password, "short"), hotline.Invalid, "password_weak")
		wantCode(t, "unknown person", a.SetPassword(ctx, "nobody", "another password"), hotline.NotFound, "person_not_found")
		if _, _, err := a.Session(ctx, secret); err != nil {
			t.Fatalf("a refused change ended the session: %v", err)
		}
		if err := a.ChangePassword(ctx, "op1", password, "another password"); err != nil {
			t.Fatal(err)
		}
		_, _, err = a.Session(ctx, secret)
		wantCode(t, "session after the change", err, hotline.Denied, "session_expired")
		if _, _, err := a.SignIn(ctx, "op1", "another password", "ip"); err != nil {
			t.Errorf("with the new password: %v", err)
		}
		_, _, err = a.SignIn(ctx, "op1", password, "ip")
		wantCode(t, "with the old password", err, hotline.Denied, "sign_in_failed")

		p := add(t, a, NewPerson{Login: "op3", Hash: HashPassword(password)})
		if _, _, err := a.SignIn(ctx, p.Login, password, "ip"); err != nil {
			t.Errorf("with a hash made before: %v", err)
		}
		if err := a.SetLanguage(ctx, p.ID, "en"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "language", a.SetLanguage(ctx, p.ID, "fr"), hotline.Invalid, "language_unknown")
		if p, err = a.store.Reader().PersonByLogin(ctx, "op3"); err != nil || p.Language != "en" {
			t.Errorf("got language %q, %v, want en", p.Language, err)
		}
	})
}

func TestAddPersonRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, _ *clock) {
		add(t, a, NewPerson{Login: "taken"})
		good := NewPerson{Login: "op9", Name: "李测试", Password: password, Role: hotline.Operator}
		for _, tc := range []struct {
			change func(*NewPerson)
			kind   hotline.Kind
			code   string
		}{
			{func(n *NewPerson) { n.Login = "TAKEN" }, hotline.Conflict, "login_taken"},
			{func(n *NewPerson) { n.Login = "" }, hotline.Invalid, "login_invalid"},
			{func(n *NewPerson) { n.Login = "a" }, hotline.Invalid, "login_invalid"},
			{func(n *NewPerson) { n.Login = "with space" }, hotline.Invalid, "login_invalid"},
			{func(n *NewPerson) { n.Login = "张三" }, hotline.Invalid, "login_invalid"},
			{func(n *NewPerson) { n.Login = strings.Repeat("a", 41) }, hotline.Invalid, "login_invalid"},
			{func(n *NewPerson) { n.Name = " " }, hotline.Invalid, "text_empty"},
			{func(n *NewPerson) { n.Name = "a\nb" }, hotline.Invalid, "text_control"},
			{func(n *NewPerson) { n.Role = "king" }, hotline.Invalid, "person_role_unknown"},
			{func(n *NewPerson) { n.Role = hotline.Machine }, hotline.Invalid, "person_role_unknown"},
			{func(n *NewPerson) { n.Role = hotline.Integration }, hotline.Invalid, "person_role_unknown"},
			{func(n *NewPerson) { n.Role = hotline.Clerk }, hotline.Invalid, "person_unit_missing"},
			{func(n *NewPerson) { n.Unit = "540102-housing" }, hotline.Invalid, "person_unit_extra"},
			{func(n *NewPerson) { n.Region = "Lhasa" }, hotline.Invalid, "region_unknown"},
			{func(n *NewPerson) { n.Language = "fr" }, hotline.Invalid, "language_unknown"},
			{func(n *NewPerson) { n.Password = "" }, hotline.Invalid, "password_weak"},
			{func(n *NewPerson) { n.Password = "123456789" }, hotline.Invalid, "password_weak"},
			{func(n *NewPerson) { n.Password = "密密密密密密密密密密" }, hotline.Invalid, "password_weak"},
			{func(n *NewPerson) { n.Login, n.Password = "longlogin1", "LongLogin1" }, hotline.Invalid, "password_weak"},
			{func(n *NewPerson) { n.Password = strings.Repeat("ab", 129) }, hotline.Invalid, "password_long"},
			{func(n *NewPerson) { n.Password = "0123456789\xff" }, hotline.Invalid, "text_encoding"},
			{func(n *NewPerson) { n.Hash = "plain" }, hotline.Internal, "internal"},
		} {
			n := good
			tc.change(&n)
			_, err := a.AddPerson(t.Context(), n)
			wantCode(t, fmt.Sprintf("%+v", n), err, tc.kind, tc.code)
		}
		people, err := a.store.Reader().People(t.Context())
		if err != nil || len(people) != 1 {
			t.Errorf("got %d people, %v, want the one that was there", len(people), err)
		}
	})
}

func TestTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, c *clock) {
		ctx := t.Context()
		secret, err := a.NewToken(ctx, "对接程序", []hotline.Right{hotline.SeeCases, hotline.TakeCases}, "540100")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(secret, "ld_") {
			t.Errorf("got %q, want it to begin with ld_", secret)
		}
		actor, err := a.Token(ctx, secret)
		if err != nil {
			t.Fatal(err)
		}
		if actor.Role != hotline.Integration || actor.Region != "540100" || actor.Platform != "540000-12345" ||
			!actor.Has(hotline.SeeCases) || !actor.Has(hotline.TakeCases) || actor.Has(hotline.DecideCases) {
			t.Errorf("got %+v, want a program that sees and takes cases in 540100", actor)
		}
		for _, bad := range []string{"", "ld_", secret + "x", strings.ToUpper(secret), "ld_" + newSecret(), newSecret()} {
			_, err := a.Token(ctx, bad)
			wantCode(t, "token "+bad, err, hotline.Denied, "token_invalid")
		}

		// For five seconds the answer stands; then the database is asked, which this context forbids.
		gone, cancel := context.WithCancel(ctx)
		cancel()
		c.add(tokenRemains - time.Millisecond)
		if again, err := a.Token(gone, secret); err != nil || cmp.Diff(actor, again) != "" {
			t.Errorf("within five seconds: got %+v, %v, want the answer of before", again, err)
		}
		c.add(time.Millisecond)
		if _, err := a.Token(gone, secret); err == nil || hotline.KindOf(err) == hotline.Denied {
			t.Errorf("after five seconds: got %v, want the database's fault", err)
		}
		if _, err := a.Token(ctx, secret); err != nil {
			t.Errorf("asked anew: %v", err)
		}
	})
}

// A revoked token stops at once, although its answer was good for a while.
func TestRevokeToken(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, _ *clock) {
		ctx := t.Context()
		var secrets [2]string
		for i := range secrets {
			var err error
			if secrets[i], err = a.NewToken(ctx, fmt.Sprint("程序", i), []hotline.Right{hotline.SeeCases}, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Token(ctx, secrets[i]); err != nil {
				t.Fatal(err)
			}
		}
		list, err := a.store.Reader().Tokens(ctx)
		if err != nil || len(list) != 2 || list[0].Name != "程序0" || !list[0].Active {
			t.Fatalf("got %+v, %v, want two active tokens", list, err)
		}
		for range 2 {
			if err := a.RevokeToken(ctx, list[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		_, err = a.Token(ctx, secrets[0])
		wantCode(t, "revoked", err, hotline.Denied, "token_invalid")
		if _, err := a.Token(ctx, secrets[1]); err != nil {
			t.Errorf("the other token: %v", err)
		}
		wantCode(t, "no such token", a.RevokeToken(ctx, "moon"), hotline.NotFound, "token_unknown")
	})
}

func TestNewTokenRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, a *Auth, _ *clock) {
		see := []hotline.Right{hotline.SeeCases}
		for _, tc := range []struct {
			name, region string
			scopes       []hotline.Right
			code         string
		}{
			{"", "", see, "text_empty"},
			{"a\x00b", "", see, "text_control"},
			{"a", "", nil, "scopes_missing"},
			{"a", "", []hotline.Right{hotline.SeeCases, "everything"}, "scope_unknown"},
			{"a", "54", see, "region_unknown"},
		} {
			_, err := a.NewToken(t.Context(), tc.name, tc.scopes, tc.region)
			wantCode(t, fmt.Sprintf("%+v", tc), err, hotline.Invalid, tc.code)
		}
	})
}
