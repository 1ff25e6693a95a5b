// Package supervision holds the rules of supervision orders (督办单): a written
// demand on an overdue, failed or repeated case, made of one unit or of several
// together, each with an answer of its own under the order's own clock. It also
// draws closed cases to be looked at for false closing (虚假办结).
//
// What it is not: the ladder that finds what is overdue, and the store.
//
//	issued ──answer──▶ answered ──accept──▶ accepted
//	   │                 │  ▲
//	   │              demand answer
//	   │                 ▼  │
//	   └──withdraw──▶ demanded ──withdraw──▶ withdrawn
package supervision
