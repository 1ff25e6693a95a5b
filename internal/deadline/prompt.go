package deadline

import (
	"time"

	"liandong/internal/leg"
)

// PromptLimits are how long an urgent leg waits for a machine and for a person
// before the sender's operator is told to pick up the phone. They are data.
type PromptLimits struct {
	Receipt    time.Duration // sent → received
	Acceptance time.Duration // sent → accepted
}

// DefaultPrompt: seconds for a machine, a minute for a person (design.md §4).
// Proposal: no published limit of the hand-over between the two lines was found.
var DefaultPrompt = PromptLimits{Receipt: 5 * time.Second, Acceptance: time.Minute}

// Reasons of a prompt.
const (
	NoReceipt    = "no_receipt"
	NoAcceptance = "no_acceptance"
)

// Prompt says whether the operator must be told to pick up the phone now, and
// why. A leg that was accepted by phone prompts no more, whatever its state.
// Both limits run from the sending: an urgent leg never waits on a machine, and
// a slow receipt must not buy the holder another minute.
func Prompt(state leg.State, sentAt time.Time, urgent bool, now time.Time, acceptedByPhone bool, limits PromptLimits) (reason string, ok bool) {
	if !urgent || acceptedByPhone {
		return "", false
	}
	waited := now.Sub(sentAt)
	switch {
	case state == leg.Sent && waited >= limits.Receipt:
		return NoReceipt, true
	case state == leg.Received && waited >= limits.Acceptance:
		return NoAcceptance, true
	}
	return "", false
}
