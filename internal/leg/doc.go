// Package leg is one party's duty in a case (办理环节): a transfer (移交) to
// another platform, or a dispatch (转办) to a unit under this desk. It holds the
// one table of moves, the rules around it, and the letters that carry moves
// between two platforms. It does no I/O.
//
// The life of a leg; in every state the next move belongs to one side:
//
//	        receive            accept             progress
//	(sent) ─────────▶ received ───────▶ accepted ─────────▶ working ◀──────────┐
//	 holder's machine    │   │             │    │ feedback     │ feedback      │ progress
//	                     │   │ return      │    ▼              ▼               │
//	                     │   └──────▶ returned  └──────▶ answered ──reopen──▶ reopened
//	                     │ grant                            │ settle     reopen ▲
//	                     └─────────▶ withdrawn ◀── grant    ▼                   │
//	                                (also from accepted,  settled ──────────────┘
//	                                 working, reopened)     until reopen_until
//
// undeliverable is a flag on sent, not a state. docs/states.md is generated
// from the table.
package leg
