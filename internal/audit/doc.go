// Package audit is what a node can prove of its past (审计): the record of an
// event as a leaf of a Merkle tree (RFC 6962, SHA-256).
//
// A record holds who did what to which case and when, and what changed, but
// nothing personal: for that it holds a salted commitment. So a case can be
// erased, and every proof still holds.
//
// The leaf's hash is computed here and written in the transaction of the
// change; a sequencer gives it its index in the tree later.
package audit
