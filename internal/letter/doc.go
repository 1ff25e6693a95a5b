// Package letter is the wire form of a letter (函件) between two platforms: its
// canonical content and hash, its signature, its sealed personal part, and the
// check of all that comes in against the published schemas of docs/exchange.
// What a letter says is package leg's; what it does is package desk's; who
// carries it is package exchange's.
//
//	leg.Letter ──Content──▶ canonical bytes ──┐
//	leg.Private ─Plain─▶ bytes ─SealPrivate─▶ ciphertext ─Wrap─▶ sealed ──Compose──▶ wire
//	                          └─ commitment, in the content
//	wire ──Parse──▶ Envelope ──Verify──▶ authentic ──Open──▶ leg.Private
package letter
