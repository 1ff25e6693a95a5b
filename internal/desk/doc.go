// Package desk holds the use cases: the only code that changes anything. A
// clerk's click and a peer's letter come in by the same methods; only the door
// differs.
//
// Each use case reads load, decide, keep, tell: in one transaction the case and
// its legs are read, the pure rules of casefile and leg decide, the events, the
// guarded changes and the audit leaves are written, and what must go out is
// posted as a letter. A work (work.go) is that transaction for one case.
package desk
