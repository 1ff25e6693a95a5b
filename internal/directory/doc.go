// Package directory knows the regions (行政区划) and the units (单位) in them:
// the two desks, the departments and the utilities of the region, of each
// prefecture and of each county, and which of them is responsible for what.
//
// Regions form a tree; a unit stands in one region. Where a county has no unit
// of a kind, its prefecture's answers, and then the region's:
//
//	540000 西藏自治区 ── 540100 拉萨市 ── 540102 城关区 ── townships, nine digits
//	   │ 540000-telecom      │ 540100-gas      │ 540102-housing
//
// Codes are GB/T 2260, six digits, and nine for a township. The seed's regions
// are facts; its units, with their names and telephone numbers, are invented
// by rule from seed/departments.csv, until a site loads its own.
//
// What it is not: it knows nobody's personal data, and it does not decide what
// a text is about (triage) or what to do with a case (desk).
package directory
