// Package assessment defines the figures by which platforms and units are judged
// (考核指标): each indicator once, over the facts of legs, with its numerator, its
// denominator and what is left out. A period is a day, a week, a month or a year
// in Asia/Shanghai, by the moment a leg was sent; what happened after the moment a statement is made for
// does not count, so the statement of a past day can be made again as it stood.
//
// What it is not: where facts come from, which is the store's.
package assessment
