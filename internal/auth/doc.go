// Package auth says who somebody is: people by name and password, then by the
// secret of a session; programs by a token. What they may do is decided by
// hotline, where it is done by desk.
//
// It keeps no secret: a password as argon2id, the secrets of sessions and
// tokens as SHA-256, which is enough for 256 random bits.
package auth
