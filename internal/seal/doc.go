// Package seal is the cryptography of a node: signatures under letters, the
// encryption of personal fields (字段加密), the wrapping of a case's key for the
// platforms that may read it, and blind indexes for finding a caller's own case.
//
// It works on bytes and knows no file, no database and no letter. Long-term
// keys stand behind KeyService, so that a hardware module can take the place of
// the key file; passwords are no concern of this package.
//
//	master key (KEK) ──wraps──▶ case key ──seals──▶ field, field, … (database)
//	                               │     ──seals──▶ personal part of a letter
//	                               └─HPKE─▶ wrapped for each reading platform
//	signing key ──signs──▶ digest of a letter, head of the audit log
//	index key ──HMAC──▶ blind index
//
// Destroying the wrapped case key is erasure: nothing that was sealed under it
// can be read again, in the database, in letters or in backups.
//
// Every sealed value and every signature names its algorithm and its key.
// Errors are *hotline.Error: seal_format (not a sealed value), seal_key (under
// another key), seal_tampered (changed, or moved to another place),
// signature_key, signature_invalid, keys_format.
package seal
