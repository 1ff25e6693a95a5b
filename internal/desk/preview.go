package desk

import "liandong/internal/casefile"

// DualFor is DualOrders before there is a case: who a dual dispatch of an
// urgent class would send in a region, so that a seat sees it before it acts.
func (d *Desk) DualFor(urgent, item, region string) []Order {
	return d.dualOrders(casefile.Case{Urgent: urgent, Item: item, Region: d.regionOr(region)})
}
