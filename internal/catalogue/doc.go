// Package catalogue is the table of matters (事项清单): which classes and items
// there are, which line takes each, how urgent it is, which kind of department
// leads and joins, the words callers use, and the time limits.
//
// It is data, and versioned: a case remembers the version that routed it, and
// a version never changes once it is in use. A Catalogue is one version; as
// JSON it is the document that the database keeps. The seed, xizang-2025.1, is
// read from the CSV files under seed/.
//
//	seed/*.csv ──Parse──▶ Catalogue ──JSON──▶ database ──JSON──▶ Catalogue
//	                 └──── Validate ────┘                   └─ Validate
//
// The 35 classes come in four groups, each under its letter:
//
//	A01…A17  non-police (非警务), 12345 takes them
//	B01…B07  police (警务), 110 takes them
//	C1…C4    urgent (紧急事件): 110 at once, and local government and departments too (双派)
//	D1…D7    first response (先期处置): police act first, the rest may go to 12345
//
// What it is not: it knows kinds of department, never a particular one
// (package directory does), and it judges no text (package triage does).
package catalogue
