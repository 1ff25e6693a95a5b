package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"liandong/internal/hotline"
)

// Cost of a password: argon2id with two passes over 19 MiB, the smallest that
// OWASP's password storage page recommends; 32 ms on the machine measured.
const (
	passes   = 2
	memory   = 19 * 1024 // KiB
	lanes    = 1
	saltSize = 16
	hashSize = 32
	atOnce   = 2 // computations at a time, so that signing in takes 38 MiB at most
)

// Bounds of a password. Above the upper one nobody types it, and hashing a
// long text costs.
const (
	PasswordLeast = 10  // characters
	PasswordMost  = 256 // bytes
)

// CheckPassword says whether a new password may be taken.
func CheckPassword(login, password string) error {
	switch {
	case len(password) > PasswordMost:
		return hotline.Errorf(hotline.Invalid, "password_long", "password", PasswordMost)
	case !utf8.ValidString(password):
		return hotline.Errorf(hotline.Invalid, "text_encoding", "password")
	case utf8.RuneCountInString(password) < PasswordLeast,
		strings.EqualFold(password, login),
		oneCharacter(password):
		return hotline.Errorf(hotline.Invalid, "password_weak", "password", PasswordLeast)
	}
	return nil
}

func oneCharacter(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return strings.Trim(s, string(first)) == ""
}

// HashPassword is a password as it is kept, in the PHC string format. It does
// not judge the password.
func HashPassword(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	return encode(salt, argon2.IDKey([]byte(password), salt, passes, memory, lanes, hashSize))
}

func encode(salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// kept is a PHC string taken apart.
type kept struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

// decode reads a PHC string, also one with another cost: it was made when the
// cost was another.
func decode(phc string) (kept, error) {
	bad := func(what string) (kept, error) { return kept{}, fmt.Errorf("a password is kept with a wrong %s", what) }
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return bad("form")
	}
	var k kept
	var version int
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return bad("version")
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &k.memory, &k.passes, &k.lanes); n != 3 || err != nil {
		return bad("cost")
	}
	if k.memory < 8 || k.memory > 1<<20 || k.passes < 1 || k.passes > 16 || k.lanes < 1 {
		return bad("cost")
	}
	var err error
	if k.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(k.salt) < 8 {
		return bad("salt")
	}
	if k.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(k.sum) < 16 || len(k.sum) > 64 {
		return bad("sum")
	}
	return k, nil
}

// gate lets a few computations through at a time; the others wait in line for
// as long as their request lives.
type gate chan struct{}

// verify says whether the password is the one that is kept, in a time that
// does not depend on where they differ.
func (g gate) verify(ctx context.Context, phc, password string) (bool, error) {
	k, err := decode(phc)
	if err != nil {
		return false, err
	}
	if err := g.enter(ctx); err != nil {
		return false, err
	}
	defer g.leave()
	sum := argon2.IDKey([]byte(password), k.salt, k.passes, k.memory, k.lanes, uint32(len(k.sum)))
	return subtle.ConstantTimeCompare(sum, k.sum) == 1, nil
}

func (g gate) hash(ctx context.Context, password string) (string, error) {
	if err := g.enter(ctx); err != nil {
		return "", err
	}
	defer g.leave()
	return HashPassword(password), nil
}

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &hotline.Error{Kind: hotline.Unavailable, Code: "cancelled", Cause: ctx.Err()}
	}
}

func (g gate) leave() { <-g }

// nobody is a kept password that no password matches: an unknown name takes as
// long as a wrong password.
var nobody = encode(make([]byte, saltSize), make([]byte, hashSize))
