// Package casefile is a case (诉求 on 12345, 警情 on 110): what one caller
// needs settled. It holds what may be said of a case, when a case may close,
// and how a call-back reads. The words of the caller are kept elsewhere, sealed.
//
// A status is computed from facts (legs, closing), never set by hand:
//
//	open ──legs sent──▶ in_progress ──all legs done──▶ awaiting_callback ──close──▶ closed ──▶ archived
//	  └──────────────── answered on the spot: close ────────────────────────────────▲
package casefile
