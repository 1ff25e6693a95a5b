// Package exchange is a node's side of its links (对接): it takes letters, sends
// letters that wait in a lane of their own for each peer, and compares what both
// sides keep. What a letter says is package letter's, what it does is desk's,
// how it travels is the carrier's below.
//
//	desk ──posts──▶ ledger ──lane──▶ carrier ═══▶ peer: store, check, apply
//	  ▲                                  │                     │
//	  └── receipt: leg received ◀────────┴──◀══ signed receipt ┘
package exchange
