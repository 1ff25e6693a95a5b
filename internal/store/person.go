package store

import (
	"context"
	"strings"
	"time"

	"liandong/internal/hotline"
)

// Person is somebody who signs in.
type Person struct {
	ID, Login, Name, Password string // Password is an argon2id hash
	Role                      hotline.Role
	Unit, Region, Language    string
	Active                    bool
	Failed                    int
	LockedUntil, CreatedAt    time.Time
}

const personColumns = `id, login, name, password, role, unit, region, language, active, failed, locked_until, created_at`

func personFields(p *Person) []any {
	return []any{&p.ID, &p.Login, &p.Name, &p.Password, &p.Role, &p.Unit, &p.Region, &p.Language, &p.Active, &p.Failed,
		moment{&p.LockedUntil}, moment{&p.CreatedAt}}
}

// PersonByLogin finds somebody by the name they sign in with.
func (r *Reader) PersonByLogin(ctx context.Context, login string) (Person, error) {
	var p Person
	err := r.one(ctx, "person", `SELECT `+personColumns+` FROM person WHERE login = $1`, []any{login}, personFields(&p)...)
	return p, err
}

// People lists everybody who may sign in.
func (r *Reader) People(ctx context.Context) ([]Person, error) {
	return all(ctx, r, "people", `SELECT `+personColumns+` FROM person ORDER BY login`, nil, func(rows scanner) (p Person, err error) {
		err = rows.Scan(personFields(&p)...)
		return p, err
	})
}

// AddPerson adds somebody; a login that is taken is IsDuplicate.
func (t *Tx) AddPerson(ctx context.Context, p Person) error {
	return t.put(ctx, "add person", `INSERT INTO person (`+personColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		p.ID, p.Login, p.Name, p.Password, string(p.Role), p.Unit, p.Region, p.Language, flag(p.Active), p.Failed, micros(p.LockedUntil), micros(p.CreatedAt))
}

// SetPassword gives a person another password and ends their sessions.
func (t *Tx) SetPassword(ctx context.Context, personID, hash string) error {
	if err := t.must(ctx, "set password", `UPDATE person SET password = $1, failed = 0, locked_until = NULL WHERE id = $2`, hash, personID); err != nil {
		return err
	}
	return t.put(ctx, "end sessions", `DELETE FROM session WHERE person_id = $1`, personID)
}

// SetLanguage keeps the language that a person chose.
func (t *Tx) SetLanguage(ctx context.Context, personID, language string) error {
	return t.put(ctx, "set language", `UPDATE person SET language = $1 WHERE id = $2`, language, personID)
}

// Session is somebody signed in. Hash is of the secret in the cookie.
type Session struct {
	Hash, PersonID       string
	CreatedAt, ExpiresAt time.Time
	Locked               bool   // somebody left the screen: nothing is answered until it is opened
	PIN                  string // hash of what opens it, of this session alone; "" the password does
	PINFailed            int64  // wrong ones since the last right one
}

// AddSession opens a session and drops those that ended.
func (t *Tx) AddSession(ctx context.Context, s Session) error {
	if err := t.put(ctx, "drop ended sessions", `DELETE FROM session WHERE expires_at < $1`, s.CreatedAt.UnixMicro()); err != nil {
		return err
	}
	return t.put(ctx, "open session", `INSERT INTO session (hash, person_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		s.Hash, s.PersonID, micros(s.CreatedAt), micros(s.ExpiresAt))
}

// Session finds an open session and its person.
func (r *Reader) Session(ctx context.Context, hash string, now time.Time) (Session, Person, error) {
	s := Session{Hash: hash}
	var p Person
	err := r.one(ctx, "session", `SELECT s.person_id, s.created_at, s.expires_at, s.locked, s.pin, s.pin_failed, `+prefix("p.", personColumns)+`
		FROM session s JOIN person p ON p.id = s.person_id WHERE s.hash = $1 AND s.expires_at > $2 AND p.active = 1`,
		[]any{hash, now.UnixMicro()}, append([]any{&s.PersonID, moment{&s.CreatedAt}, moment{&s.ExpiresAt}, &s.Locked, &s.PIN, &s.PINFailed}, personFields(&p)...)...)
	return s, p, err
}

// ExtendSession moves the end of a session in use.
func (t *Tx) ExtendSession(ctx context.Context, hash string, until time.Time) error {
	return t.put(ctx, "extend session", `UPDATE session SET expires_at = $1 WHERE hash = $2`, micros(until), hash)
}

// LockSession locks a session, or opens it again and forgets wrong PINs.
func (t *Tx) LockSession(ctx context.Context, hash string, locked bool) error {
	return t.put(ctx, "lock session", `UPDATE session SET locked = $1, pin_failed = 0 WHERE hash = $2`, flag(locked), hash)
}

// SetPIN gives a session the hash of a PIN that opens it.
func (t *Tx) SetPIN(ctx context.Context, hash, pin string) error {
	return t.put(ctx, "set pin", `UPDATE session SET pin = $1, pin_failed = 0 WHERE hash = $2`, pin, hash)
}

// CountWrongPIN counts a wrong PIN; the one that makes it most ends the session.
func (t *Tx) CountWrongPIN(ctx context.Context, hash string, most int64) error {
	if err := t.put(ctx, "count wrong pin", `UPDATE session SET pin_failed = pin_failed + 1 WHERE hash = $1`, hash); err != nil {
		return err
	}
	return t.put(ctx, "end session", `DELETE FROM session WHERE hash = $1 AND pin_failed >= $2`, hash, most)
}

// EndSession ends a session.
func (t *Tx) EndSession(ctx context.Context, hash string) error {
	return t.put(ctx, "end session", `DELETE FROM session WHERE hash = $1`, hash)
}

// Token is a program's key to the API. Hash is of the secret.
type Token struct {
	ID, Hash, Name string
	Scopes         []hotline.Right
	Region         string
	Active         bool
	CreatedAt      time.Time
}

// AddToken adds a token.
func (t *Tx) AddToken(ctx context.Context, k Token) error {
	ss := make([]string, len(k.Scopes))
	for i, s := range k.Scopes {
		ss[i] = string(s)
	}
	return t.put(ctx, "add token", `INSERT INTO token (id, hash, name, scopes, region, active, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		k.ID, k.Hash, k.Name, strings.Join(ss, " "), k.Region, flag(k.Active), micros(k.CreatedAt))
}

// Token finds an active token by the hash of its secret.
func (r *Reader) Token(ctx context.Context, hash string) (Token, error) {
	k := Token{Hash: hash, Active: true}
	var scopes string
	err := r.one(ctx, "token", `SELECT id, name, scopes, region, created_at FROM token WHERE hash = $1 AND active = 1`,
		[]any{hash}, &k.ID, &k.Name, &scopes, &k.Region, moment{&k.CreatedAt})
	for _, s := range strings.Fields(scopes) {
		k.Scopes = append(k.Scopes, hotline.Right(s))
	}
	return k, err
}
