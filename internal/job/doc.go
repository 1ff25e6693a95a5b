// Package job runs a node's rounds on time: work that nobody asks for by a
// click, such as sending letters that wait, or firing clocks that ran out.
//
// What it is not: a queue. What there is to do stands in the store, and a round
// looks there each time; nothing is lost when a process ends in the middle.
//
// Where several processes share one database, rounds run under a lease
// (租约): one process holds it and runs them all, the others wait to take over.
// Each change that a round makes is guarded in the store as well, so that two
// holders for a moment, which no lease can rule out, do no harm.
//
//	waiting ──lease taken──▶ tenure: rounds run, lease renewed ──lost──▶ waiting
package job
