// Package triage tells matters apart (甄别分流): for the words of a call it
// proposes which line takes them, which class and item they are, whether they
// are urgent, and says why. It proposes; a person decides. It sends nothing and
// does no input or output.
//
// This is the first engine, of rules: words of the catalogue and of this
// package's own lists speak for classes, and danger words, read in their
// surroundings, speak for the four urgent classes.
//
//	text ─▶ fold ─▶ one pass over all words ─┬─▶ weigh classes and items ─▶ category, top three
//	                                         ├─▶ danger − (negated, past, asked, heard, rhetoric …) ─▶ urgent
//	                                         └─▶ can it be read at all? ─▶ unread
//
// It errs on the side of danger for persons and public safety (C1, C4); a
// gathering (C3) needs more than many angry people. What it cannot read it
// calls unread, never harmless.
package triage
