package auth

import (
	"context"
	"fmt"
	"regexp"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// pinsMost is how many wrong PINs in a row end a session. Of a million PINs
// somebody who found the phone tries five.
const pinsMost = 5

var pinForm = regexp.MustCompile(`^[0-9]{6}$`)

// Lock locks a session: until Unlock it opens nothing. A session that ended
// needs no lock.
func (a *Auth) Lock(ctx context.Context, secret string) error {
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.LockSession(ctx, hashOf(secret), true) }); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// SetPIN gives a session a PIN of six digits that opens it when it was locked,
// until it ends. A PIN that anybody would try first is Invalid: pin_weak.
func (a *Auth) SetPIN(ctx context.Context, secret, pin string) error {
	if !pinForm.MatchString(pin) || plainPIN(pin) {
		return hotline.Errorf(hotline.Invalid, "pin_weak", "pin")
	}
	if _, _, err := a.Session(ctx, secret); err != nil {
		return err
	}
	hash, err := a.gate.hash(ctx, pin)
	if err != nil {
		return fmt.Errorf("set pin: %w", err)
	}
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.SetPIN(ctx, hashOf(secret), hash) }); err != nil {
		return fmt.Errorf("set pin: %w", err)
	}
	return nil
}

// plainPIN says that each digit follows the one before by the same step of at
// most one: 111111, 123456, 987654.
func plainPIN(pin string) bool {
	step := int(pin[1]) - int(pin[0])
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return false
		}
	}
	return step >= -1 && step <= 1
}

// HasPIN says whether a session is opened by a PIN; else it is by the password.
func (a *Auth) HasPIN(ctx context.Context, secret string) (bool, error) {
	s, _, err := a.found(ctx, secret)
	return s.PIN != "", err
}

// Unlock opens a locked session: with its PIN where it has one, else with the
// password of its person. A wrong PIN is Denied: pin_wrong, and the fifth ends
// the session; a wrong password counts as one at signing in.
func (a *Auth) Unlock(ctx context.Context, secret, code, ip string) error {
	s, p, err := a.found(ctx, secret)
	if err != nil {
		return err
	}
	now := a.now()
	switch {
	case len(code) > PasswordMost:
		return hotline.Errorf(hotline.Denied, "pin_wrong", "code")
	case !a.tries.take("a "+ip, perAddress, now) || !a.tries.take("n "+ip+" "+p.Login, perName, now):
		return hotline.Errorf(hotline.Denied, "too_many_tries", "code")
	case s.PIN == "" && p.LockedUntil.After(now):
		return locked(p.LockedUntil)
	}
	hash := s.PIN
	if hash == "" {
		hash = p.Password
	}
	right, err := a.gate.verify(ctx, hash, code)
	if err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	if !right && s.PIN == "" {
		if err := a.countFailure(ctx, p.ID, now); hotline.CodeOf(err) != "sign_in_failed" {
			return err
		}
		return hotline.Errorf(hotline.Denied, "password_wrong", "code")
	}
	err = a.store.Write(ctx, func(t *store.Tx) error {
		if !right {
			return t.CountWrongPIN(ctx, s.Hash, pinsMost)
		}
		return t.LockSession(ctx, s.Hash, false)
	})
	switch {
	case err != nil:
		return fmt.Errorf("unlock: %w", err)
	case right:
		return nil
	case s.PINFailed+1 >= pinsMost:
		return expired()
	}
	return hotline.Errorf(hotline.Denied, "pin_wrong", "code", pinsMost-s.PINFailed-1)
}

// found is an open session, locked or not.
func (a *Auth) found(ctx context.Context, secret string) (store.Session, store.Person, error) {
	if !looksLike(secret, "") {
		return store.Session{}, store.Person{}, expired()
	}
	s, p, err := a.store.Reader().Session(ctx, hashOf(secret), a.now())
	switch {
	case hotline.KindOf(err) == hotline.NotFound:
		return store.Session{}, store.Person{}, expired()
	case err != nil:
		return store.Session{}, store.Person{}, fmt.Errorf("session: %w", err)
	}
	return s, p, nil
}
