package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/store"
)

// How long things last. Five failures and fifteen minutes are ours: they stop
// guessing and cost a person who mistypes little.
const (
	SessionFor   = 12 * time.Hour   // after the last use; a shift and its hand-over
	extendAfter  = 10 * time.Minute // a session in use is written this often at most
	lockAfter    = 5                // failures in a row
	lockFor      = 15 * time.Minute
	tokenRemains = 5 * time.Second // an answer about a token is good this long
)

// Limits of trying to sign in, from one address: for one name, and at all.
// Many seats may share an address.
var (
	perName    = rate{burst: 10, every: 6 * time.Second}
	perAddress = rate{burst: 100, every: time.Second}
)

const (
	limiterMost = 20000
	tokensMost  = 1000
)

// Auth knows the people and programs of one node.
type Auth struct {
	store    *store.Store
	platform string
	now      func() time.Time
	gate     gate
	tries    *limiter
	unknown  *strangers

	mu      sync.Mutex
	tokens  map[string]tokenAnswer // by hash
	revoked int                    // how often tokens was emptied because a token ended
}

type tokenAnswer struct {
	actor hotline.Actor
	until time.Time
}

// New returns the Auth of the platform with that code; now is the clock, nil
// for the real one.
func New(s *store.Store, platform string, now func() time.Time) *Auth {
	if now == nil {
		now = time.Now
	}
	return &Auth{
		store:    s,
		platform: platform,
		now:      now,
		gate:     make(gate, atOnce),
		tries:    newLimiter(limiterMost),
		unknown:  &strangers{most: limiterMost, names: map[string]stranger{}},
		tokens:   map[string]tokenAnswer{},
	}
}

// SignIn opens a session for a person and returns its secret for the cookie.
// ip is where the request came from. Every failure is Denied: sign_in_failed
// says no more than that, whether the name exists or not; account_locked says
// until when; too_many_tries asks to wait.
func (a *Auth) SignIn(ctx context.Context, login, password, ip string) (secret string, p store.Person, err error) {
	login = normal(login)
	now := a.now()
	if len(login) > 80 || len(password) > PasswordMost {
		return "", store.Person{}, failed()
	}
	if !a.tries.take("a "+ip, perAddress, now) || !a.tries.take("n "+ip+" "+login, perName, now) {
		return "", store.Person{}, hotline.Errorf(hotline.Denied, "too_many_tries", "login")
	}
	p, err = a.store.Reader().PersonByLogin(ctx, login)
	switch {
	case hotline.KindOf(err) == hotline.NotFound || err == nil && !p.Active:
		return "", store.Person{}, a.stranger(ctx, login, password, now)
	case err != nil:
		return "", store.Person{}, fmt.Errorf("sign in: %w", err)
	case p.LockedUntil.After(now):
		return "", store.Person{}, locked(p.LockedUntil)
	}
	right, err := a.gate.verify(ctx, p.Password, password)
	if err != nil {
		return "", store.Person{}, fmt.Errorf("sign in: %w", err)
	}
	if !right {
		return "", store.Person{}, a.countFailure(ctx, p.ID, now)
	}
	secret = newSecret()
	admitted := false
	err = a.store.Write(ctx, func(t *store.Tx) error {
		var err error
		if admitted, err = t.Admit(ctx, p.ID, p.Password, now); err != nil || !admitted {
			return err
		}
		return t.AddSession(ctx, store.Session{Hash: hashOf(secret), PersonID: p.ID, CreatedAt: now, ExpiresAt: now.Add(SessionFor)})
	})
	if err != nil {
		return "", store.Person{}, fmt.Errorf("sign in: %w", err)
	}
	if !admitted { // locked, put out, or given another password while this one was looked at
		return "", store.Person{}, failed()
	}
	p.Failed, p.LockedUntil = 0, time.Time{}
	return secret, p, nil
}

// stranger treats a name that nobody has like one with a wrong password: the
// same time, the same answers, a lock after as many failures.
func (a *Auth) stranger(ctx context.Context, login, password string, now time.Time) error {
	if until := a.unknown.lockedUntil(login); until.After(now) {
		return locked(until)
	}
	if _, err := a.gate.verify(ctx, nobody, password); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	a.unknown.fail(login, now)
	return failed()
}

// countFailure records a wrong password; the last one that is allowed locks
// the account.
func (a *Auth) countFailure(ctx context.Context, personID string, now time.Time) error {
	err := a.store.Write(ctx, func(t *store.Tx) error { return t.CountFailure(ctx, personID, lockAfter, now.Add(lockFor)) })
	if err != nil {
		return fmt.Errorf("count failed sign-in: %w", err)
	}
	return failed()
}

func failed() error { return hotline.Errorf(hotline.Denied, "sign_in_failed", "login") }

func locked(until time.Time) error {
	return hotline.Errorf(hotline.Denied, "account_locked", "login", until)
}

// Session says who a session's secret belongs to, and lets the session last
// longer. One that ended, or never was, is Denied: session_expired; one that is
// locked is Denied: session_locked, with the person who may open it.
func (a *Auth) Session(ctx context.Context, secret string) (hotline.Actor, store.Person, error) {
	if !looksLike(secret, "") {
		return hotline.Actor{}, store.Person{}, expired()
	}
	now, hash := a.now(), hashOf(secret)
	s, p, err := a.store.Reader().Session(ctx, hash, now)
	switch {
	case hotline.KindOf(err) == hotline.NotFound:
		return hotline.Actor{}, store.Person{}, expired()
	case err != nil:
		return hotline.Actor{}, store.Person{}, fmt.Errorf("session: %w", err)
	}
	if s.Locked {
		return hotline.Actor{}, p, hotline.Errorf(hotline.Denied, "session_locked", "")
	}
	if left := s.ExpiresAt.Sub(now); left <= SessionFor-extendAfter {
		err := a.store.Write(ctx, func(t *store.Tx) error { return t.ExtendSession(ctx, hash, now.Add(SessionFor)) })
		if err != nil {
			return hotline.Actor{}, store.Person{}, fmt.Errorf("session: %w", err)
		}
	}
	return a.actor(p), p, nil
}

func expired() error { return hotline.Errorf(hotline.Denied, "session_expired", "") }

func (a *Auth) actor(p store.Person) hotline.Actor {
	return hotline.Actor{ID: p.ID, Name: p.Name, Role: p.Role, Platform: a.platform, Unit: p.Unit, Region: p.Region}
}

// SignOut ends a session; one that is not there has ended already.
func (a *Auth) SignOut(ctx context.Context, secret string) error {
	err := a.store.Write(ctx, func(t *store.Tx) error { return t.EndSession(ctx, hashOf(secret)) })
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// NewPerson is somebody to be added.
type NewPerson struct {
	Login    string
	Name     string
	Password string
	// Hash is the password as HashPassword gives it, instead of the password,
	// where many get the same (sample data).
	Hash     string
	Role     hotline.Role
	Unit     string // of clerks and duty officers, and of nobody else
	Region   string // bounds what they see; "" everything
	Language string // "" Chinese
}

var (
	loginForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,39}$`)
	regionForm = regexp.MustCompile(`^([0-9]{6}|[0-9]{9}|[0-9]{12})?$`)
)

// AddPerson adds somebody who may sign in. All that is wrong is Invalid and
// names the field; a login that is taken is Conflict.
func (a *Auth) AddPerson(ctx context.Context, n NewPerson) (store.Person, error) {
	n.Login = normal(n.Login)
	if err := n.check(); err != nil {
		return store.Person{}, err
	}
	hash := n.Hash
	if hash == "" {
		var err error
		if hash, err = a.gate.hash(ctx, n.Password); err != nil {
			return store.Person{}, fmt.Errorf("add person: %w", err)
		}
	}
	p := store.Person{
		ID: hotline.NewID(), Login: n.Login, Name: strings.TrimSpace(n.Name), Password: hash, Role: n.Role,
		Unit: n.Unit, Region: n.Region, Language: n.Language, Active: true, CreatedAt: a.now(),
	}
	if p.Language == "" {
		p.Language = message.Chinese
	}
	err := a.store.Write(ctx, func(t *store.Tx) error { return t.AddPerson(ctx, p) })
	if store.IsDuplicate(err) {
		return store.Person{}, hotline.Errorf(hotline.Conflict, "login_taken", "login", n.Login)
	}
	if err != nil {
		return store.Person{}, fmt.Errorf("add person: %w", err)
	}
	return p, nil
}

func (n NewPerson) check() error {
	if !loginForm.MatchString(n.Login) {
		return hotline.Errorf(hotline.Invalid, "login_invalid", "login")
	}
	if strings.TrimSpace(n.Name) == "" {
		return hotline.Errorf(hotline.Invalid, "text_empty", "name")
	}
	if err := casefile.CheckLine("name", n.Name); err != nil {
		return err
	}
	if !slices.Contains(hotline.Roles(), n.Role) {
		return hotline.Errorf(hotline.Invalid, "person_role_unknown", "role", string(n.Role))
	}
	inUnit := n.Role == hotline.Clerk || n.Role == hotline.DutyOfficer
	switch {
	case inUnit && n.Unit == "":
		return hotline.Errorf(hotline.Invalid, "person_unit_missing", "unit")
	case !inUnit && n.Unit != "":
		return hotline.Errorf(hotline.Invalid, "person_unit_extra", "unit")
	case !regionForm.MatchString(n.Region):
		return hotline.Errorf(hotline.Invalid, "region_unknown", "region", n.Region)
	}
	if err := checkLanguage(n.Language); n.Language != "" && err != nil {
		return err
	}
	if n.Hash != "" {
		if _, err := decode(n.Hash); err != nil {
			return fmt.Errorf("add person: %w", err)
		}
		return nil
	}
	return CheckPassword(n.Login, n.Password)
}

// SetPassword gives a person another password, for an administrator. The
// person's sessions end and a lock is opened.
func (a *Auth) SetPassword(ctx context.Context, login, password string) error {
	login = normal(login)
	if err := CheckPassword(login, password); err != nil {
		return err
	}
	p, err := a.store.Reader().PersonByLogin(ctx, login)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	hash, err := a.gate.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.SetPassword(ctx, p.ID, hash) }); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// SetActive lets somebody sign in, or puts them out of service: their sessions
// end with it. Nobody is deleted, since what they did bears their name. Nobody
// of that login is NotFound.
func (a *Auth) SetActive(ctx context.Context, login string, active bool) (store.Person, error) {
	p, err := a.store.Reader().PersonByLogin(ctx, normal(login))
	if err != nil {
		return store.Person{}, fmt.Errorf("change person: %w", err)
	}
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.SetActive(ctx, p.ID, active) }); err != nil {
		return store.Person{}, fmt.Errorf("change person: %w", err)
	}
	p.Active, p.Failed, p.LockedUntil = active, 0, time.Time{}
	return p, nil
}

// ChangePassword lets a person who is signed in take another password. All of
// that person's sessions end.
func (a *Auth) ChangePassword(ctx context.Context, login, present, wanted string) error {
	login = normal(login)
	if !a.tries.take("c "+login, perName, a.now()) {
		return hotline.Errorf(hotline.Denied, "too_many_tries", "password")
	}
	p, err := a.store.Reader().PersonByLogin(ctx, login)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	right, err := a.gate.verify(ctx, p.Password, present)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if !right {
		return hotline.Errorf(hotline.Denied, "password_wrong", "password")
	}
	return a.SetPassword(ctx, login, wanted)
}

// SetLanguage keeps the language that a person chose for the pages.
func (a *Auth) SetLanguage(ctx context.Context, personID, language string) error {
	if err := checkLanguage(language); err != nil {
		return err
	}
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.SetLanguage(ctx, personID, language) }); err != nil {
		return fmt.Errorf("set language: %w", err)
	}
	return nil
}

func checkLanguage(language string) error {
	if !slices.Contains(message.Languages(), language) {
		return hotline.Errorf(hotline.Invalid, "language_unknown", "language", language)
	}
	return nil
}

// tokenPrefix lets a secret that leaked be recognised for what it is.
const tokenPrefix = "ld_"

// NewToken makes a token for a program: what it may do, and in which region
// ("" everywhere). The secret is shown this once and kept nowhere.
func (a *Auth) NewToken(ctx context.Context, name string, scopes []hotline.Right, region string) (secret string, err error) {
	if strings.TrimSpace(name) == "" {
		return "", hotline.Errorf(hotline.Invalid, "text_empty", "name")
	}
	if err := casefile.CheckLine("name", name); err != nil {
		return "", err
	}
	if len(scopes) == 0 {
		return "", hotline.Errorf(hotline.Invalid, "scopes_missing", "scopes")
	}
	for _, s := range scopes {
		if !slices.Contains(hotline.Rights(), s) {
			return "", hotline.Errorf(hotline.Invalid, "scope_unknown", "scopes", string(s))
		}
	}
	if !regionForm.MatchString(region) {
		return "", hotline.Errorf(hotline.Invalid, "region_unknown", "region", region)
	}
	secret = tokenPrefix + newSecret()
	k := store.Token{
		ID: hotline.NewID(), Hash: hashOf(secret), Name: strings.TrimSpace(name), Scopes: scopes, Region: region,
		Active: true, CreatedAt: a.now(),
	}
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.AddToken(ctx, k) }); err != nil {
		return "", fmt.Errorf("add token: %w", err)
	}
	return secret, nil
}

// RevokeToken ends a token for good: in this process at once, in others on the
// same database within five seconds. An id that no token has is NotFound.
func (a *Auth) RevokeToken(ctx context.Context, id string) error {
	if err := a.store.Write(ctx, func(t *store.Tx) error { return t.RevokeToken(ctx, id) }); err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.tokens)
	a.revoked++
	return nil
}

// Token says which program a token belongs to; one that is not valid is
// Denied: token_invalid. An answer is good for five seconds, so that a burst
// of calls does not ask the database for each.
func (a *Auth) Token(ctx context.Context, secret string) (hotline.Actor, error) {
	if !looksLike(secret, tokenPrefix) {
		return hotline.Actor{}, hotline.Errorf(hotline.Denied, "token_invalid", "")
	}
	now, hash := a.now(), hashOf(secret)
	a.mu.Lock()
	known, ok := a.tokens[hash]
	revoked := a.revoked
	a.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.actor, nil
	}
	k, err := a.store.Reader().Token(ctx, hash)
	if hotline.KindOf(err) == hotline.NotFound {
		a.mu.Lock()
		delete(a.tokens, hash)
		a.mu.Unlock()
		return hotline.Actor{}, hotline.Errorf(hotline.Denied, "token_invalid", "")
	}
	if err != nil {
		return hotline.Actor{}, fmt.Errorf("token: %w", err)
	}
	actor := hotline.Actor{ID: k.ID, Name: k.Name, Role: hotline.Integration, Platform: a.platform, Region: k.Region, Scopes: k.Scopes}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.revoked != revoked { // perhaps this one, since it was read
		return actor, nil
	}
	if len(a.tokens) >= tokensMost {
		clear(a.tokens)
	}
	a.tokens[hash] = tokenAnswer{actor: actor, until: now.Add(tokenRemains)}
	return actor, nil
}

// normal is a login as it is kept: people type capitals and stray spaces.
func normal(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// newSecret is 256 random bits as 43 characters.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// looksLike spares the database a question about what cannot be a secret.
func looksLike(secret, prefix string) bool {
	rest, ok := strings.CutPrefix(secret, prefix)
	return ok && len(rest) == 43
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
