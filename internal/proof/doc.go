// Package proof is what a node gives out as proof of its past (存证导出), and how
// anyone checks it: one file, no node, no network. The form is described for
// strangers in docs/exchange/proof.md.
//
//	proof     what this is: a case, or a whole log
//	keys      of the node, and of each platform whose letters are in it
//	head …    signed heads of the log, the smallest first
//	event …   records in the order of the log, with their proofs
//	letter …  letters of both directions, with their signatures
//	end       what must have been there, signed by the node
//
// Every line is one JSON object with one of these names. The package reads and
// writes; it keeps nothing, and knows no database.
package proof
