// Package hotline holds the words that every other package uses: ids, the
// actor, the rights, the kinds of error, personal data as types of its own,
// and the cursor of a page.
//
// It is the bottom of the tree: it imports nothing of ours and does no work.
package hotline
