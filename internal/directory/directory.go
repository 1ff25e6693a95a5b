package directory

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"liandong/internal/catalogue"
)

// The kinds of region.
const (
	KindRegion     = "region"     // 自治区, province level
	KindPrefecture = "prefecture" // 地级市, 地区
	KindCounty     = "county"     // 县, 县级市, 市辖区
	KindZone       = "zone"       // 园区, 开发区
	KindTownship   = "township"   // 乡镇, 街道
)

// Region is one administrative region.
type Region struct {
	Code   string   `json:"code"` // GB/T 2260: six digits, nine for a township
	Name   string   `json:"name"`
	NameEN string   `json:"name_en"`
	NameBO string   `json:"name_bo,omitempty"` // Tibetan, without the word for its kind where that is how it is said
	Short  []string `json:"short,omitempty"`   // other names that callers use
	Unlike []string `json:"unlike,omitempty"`  // words that hold one of its names and mean something else: 阿里巴巴
	Parent string   `json:"parent,omitempty"`  // code; empty for the root
	Kind   string   `json:"kind"`
	Area   string   `json:"area"` // catalogue.Areas: by which limits it is held
}

// Unit is one party that can hold a leg.
type Unit struct {
	Code     string `json:"code"` // region code, a dash and the kind: 540102-housing
	Kind     string `json:"kind"` // catalogue.Departments
	Name     string `json:"name"`
	NameEN   string `json:"name_en"`
	Region   string `json:"region"` // region code
	Phone    string `json:"phone"`  // duty telephone, answered day and night
	Platform string `json:"platform"`
	Utility  bool   `json:"utility,omitempty"` // a water, power, gas or heat company: an enterprise, not an authority
}

// Directory is one state of regions and units. It never changes once built, so
// any number of goroutines may read it.
type Directory struct {
	regions  []Region // by code
	units    []Unit   // by region, in the order given
	region   map[string]int
	unit     map[string]int
	children map[string][]int
	inRegion map[string][]int
	names    names
}

var regionCode = regexp.MustCompile(`^[1-9][0-9]{5}([0-9]{3})?$`)

// New builds a directory and validates it. All faults are found at once; each
// names the region or unit it stands at.
func New(regions []Region, units []Unit) (*Directory, error) {
	d := &Directory{
		regions:  slices.Clone(regions),
		units:    slices.Clone(units),
		region:   make(map[string]int, len(regions)),
		unit:     make(map[string]int, len(units)),
		children: make(map[string][]int),
		inRegion: make(map[string][]int),
	}
	slices.SortStableFunc(d.regions, func(a, b Region) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortStableFunc(d.units, func(a, b Unit) int { return cmp.Compare(a.Region, b.Region) })

	faults := append(d.addRegions(), d.addUnits()...)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	d.names = d.collectNames()
	return d, nil
}

func (d *Directory) addRegions() []error {
	var faults []error
	for i, r := range d.regions {
		if _, ok := d.region[r.Code]; ok {
			faults = append(faults, fmt.Errorf("region %s: code twice", r.Code))
			continue
		}
		d.region[r.Code] = i
		if r.Parent != "" {
			d.children[r.Parent] = append(d.children[r.Parent], i)
		}
	}
	for _, r := range d.regions {
		for _, f := range d.checkRegion(r) {
			faults = append(faults, fmt.Errorf("region %s: %w", r.Code, f))
		}
	}
	return faults
}

func (d *Directory) checkRegion(r Region) (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !regionCode.MatchString(r.Code) {
		fault("code %q is not six or nine digits", r.Code)
	}
	if r.Name == "" || r.NameEN == "" {
		fault("empty name")
	}
	if !slices.Contains([]string{KindRegion, KindPrefecture, KindCounty, KindZone, KindTownship}, r.Kind) {
		fault("unknown kind %q", r.Kind)
	}
	if !slices.Contains(catalogue.Areas(), r.Area) {
		fault("unknown area %q", r.Area)
	}
	for _, words := range [][]string{r.Short, r.Unlike} {
		for i, w := range words {
			if len([]rune(w)) < 2 {
				fault("name %q is too short to be found in a text", w)
			}
			if slices.Contains(words[:i], w) {
				fault("name %q twice", w)
			}
		}
	}
	for _, w := range r.Unlike {
		if !slices.ContainsFunc(r.allNames(), func(n string) bool { return strings.Contains(w, n) }) {
			fault("%q holds none of its names", w)
		}
	}
	if r.Parent == "" {
		if r.Kind != KindRegion {
			fault("a %s needs a parent", r.Kind)
		}
		return faults
	}
	if _, ok := d.region[r.Parent]; !ok {
		fault("unknown parent %q", r.Parent)
	} else if d.loops(r) {
		fault("is its own ancestor")
	}
	return faults
}

// loops says whether the way up from a region never ends.
func (d *Directory) loops(r Region) bool {
	for range d.regions {
		i, ok := d.region[r.Parent]
		if !ok {
			return false
		}
		r = d.regions[i]
	}
	return true
}

func (d *Directory) addUnits() []error {
	var faults []error
	phones := make(map[string]string, len(d.units))
	for i, u := range d.units {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("unit %s: %s", u.Code, fmt.Sprintf(format, args...)))
		}
		if _, ok := d.unit[u.Code]; ok {
			fault("code twice")
			continue
		}
		d.unit[u.Code] = i
		d.inRegion[u.Region] = append(d.inRegion[u.Region], i)
		if want := UnitCode(u.Region, u.Kind); u.Code != want {
			fault("code does not say its region and kind: want %s", want)
		}
		if _, ok := d.region[u.Region]; !ok {
			fault("unknown region %q", u.Region)
		}
		if _, ok := catalogue.FindDepartment(u.Kind); !ok {
			fault("unknown department kind %q", u.Kind)
		}
		if u.Name == "" || u.NameEN == "" {
			fault("empty name")
		}
		if l := catalogue.Line(u.Platform); l != catalogue.Line12345 && l != catalogue.Line110 {
			fault("unknown platform %q", u.Platform)
		}
		if u.Phone == "" {
			fault("no duty telephone")
		} else if other, ok := phones[u.Phone]; ok {
			fault("same telephone as %s", other)
		}
		phones[u.Phone] = u.Code
	}
	return faults
}

// UnitCode is the code of the unit of a kind in a region.
func UnitCode(region, kind string) string { return region + "-" + kind }

// Region finds a region by its code.
func (d *Directory) Region(code string) (Region, bool) {
	i, ok := d.region[code]
	if !ok {
		return Region{}, false
	}
	return d.regions[i], true
}

// Regions lists all regions by code.
func (d *Directory) Regions() []Region { return slices.Clone(d.regions) }

// Children lists the regions directly under one, by code.
func (d *Directory) Children(code string) []Region {
	at := d.children[code]
	rs := make([]Region, 0, len(at))
	for _, i := range at {
		rs = append(rs, d.regions[i])
	}
	return rs
}

// Unit finds a unit by its code.
func (d *Directory) Unit(code string) (Unit, bool) {
	i, ok := d.unit[code]
	if !ok {
		return Unit{}, false
	}
	return d.units[i], true
}

// Units lists all units, by region.
func (d *Directory) Units() []Unit { return slices.Clone(d.units) }

// UnitsIn lists the units of one region itself, not of those under it.
func (d *Directory) UnitsIn(region string) []Unit {
	at := d.inRegion[region]
	us := make([]Unit, 0, len(at))
	for _, i := range at {
		us = append(us, d.units[i])
	}
	return us
}

// Responsible is the unit of a kind in the region, else in its parent, and so
// on up. ok is false where there is none all the way, or no such region.
func (d *Directory) Responsible(kind, region string) (u Unit, ok bool) {
	for {
		r, known := d.Region(region)
		if !known {
			return Unit{}, false
		}
		if u, ok := d.Unit(UnitCode(region, kind)); ok {
			return u, true
		}
		region = r.Parent
	}
}

// Within says whether a region is the ancestor or lies under it. An unknown
// region is within nothing, not even itself.
func (d *Directory) Within(region, ancestor string) bool {
	for {
		r, known := d.Region(region)
		if !known {
			return false
		}
		if region == ancestor {
			return true
		}
		region = r.Parent
	}
}
