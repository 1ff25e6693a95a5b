// Package deadline holds the clocks of cases and legs (时限): which run, what
// starts and stops each, when it reminds and when it is over, and when a person
// must pick up the phone because no machine or nobody has answered. It decides
// and does no work: storing clocks and telling people is done above.
//
// The life of a clock; each rung fires at most once:
//
//	start    remind   near       due    red    order
//	──●────────▲────────▲─────────▲──────▲───────▲───▶
//	           1        2      3 over    4       5
//	──────────────────── stopped: by a move of its leg, at any time
//
// Which rungs a clock has and when is a ladder of the catalogue, by class, kind
// and unit; Ladder arms and fires it.
//
// The clocks of a leg, by what starts and what stops each:
//
//	receipt        sent            → received by the holder's machine
//	sign_in        sent            → accepted or returned by a person
//	first_contact  sent            → the caller was spoken to
//	handling       sent, reopened  → answered
//	feedback       accepted, where urgent → the first report back
//
// and of a case: callback (the last leg settled → the caller asked) and case
// (intake → closed), which never restarts.
package deadline
