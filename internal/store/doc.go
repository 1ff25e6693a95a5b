// Package store keeps everything in SQL: one text for two engines, SQLite
// inside the binary and PostgreSQL beside it. No other package holds SQL.
//
// All changes go through Store.Write, which runs a closure in a transaction
// that is on disk before Write returns. The closure may run twice, so it must
// touch nothing but the transaction. On SQLite one goroutine owns the write
// connection and commits closures in groups, a savepoint each.
//
// Every change of a row that two people may change is guarded by its rev; a
// guard that misses is ErrStale, and Write runs the closure again.
package store
