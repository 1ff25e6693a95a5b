package conform

import (
	"context"
	"slices"
)

// rule is one thing that a side has to keep.
type rule struct {
	id, says string
	in       string // the section of the contract that it comes from; or a page of its own, table.md
	person   bool   // somebody of the side under test has to act
	on       string // the way that it is about; "" every way
	try      func(ctx context.Context, r *Run) error
}

// rules are tried in this order; each makes legs of its own.
var rules = slices.Concat(taking, together, refusing, order, files, comparing, erasing, keys, moving, writing, waiting, lasting, heads, rows, bundles, fetches, renewing)
