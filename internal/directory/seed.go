package directory

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"liandong/internal/catalogue"
	"liandong/internal/catalogue/seedfile"
)

//go:embed seed
var seed embed.FS

const (
	regionFile     = "regions.csv"
	townshipFile   = "townships.csv"
	departmentFile = "departments.csv"
)

var (
	townshipColumns   = []string{"code", "name"}
	regionColumns     = []string{"code", "name", "name_en", "name_bo", "short", "unlike", "parent", "kind", "area"}
	departmentColumns = []string{"kind", "only", "region", "prefecture", "district", "county", "zone", "name_en", "platform", "utility"}
)

// Seed is the directory that the product ships: Tibet's regions, and units
// invented by rule.
func Seed() (*Directory, error) {
	files, err := fs.Sub(seed, "seed")
	if err != nil {
		return nil, err
	}
	return Parse(files)
}

// Parse reads regions.csv, townships.csv and departments.csv and makes the units that the
// latter's rules give. All faults are found at once; those of a row name file
// and line, those of the tree as a whole the region.
//
// A rule says for one kind of department what its unit is called at each level:
// {region} stands for the region's name, {short} for its first short name and
// {parent} for the name of the region above. A level with no pattern has no
// such unit, and the one above answers. A district (区) is a county too; it
// takes the county's pattern where it has none of its own. A rule with a
// region under only replaces the general one there.
func Parse(files fs.FS) (*Directory, error) {
	regions, faults := readRegions(files)
	byCode := make(map[string]Region, len(regions))
	for _, r := range regions {
		byCode[r.Code] = r
	}
	townships, townFaults := readTownships(files, byCode)
	regions, faults = append(regions, townships...), append(faults, townFaults...)
	rules, ruleFaults := readRules(files, byCode)
	faults = append(faults, ruleFaults...)

	var units []Unit
	for _, r := range regions {
		for _, rule := range rules {
			if u, ok := rule.unit(r, byCode[r.Parent], rules); ok {
				u.Phone = inventedPhone(len(units))
				units = append(units, u)
			}
		}
	}
	d, err := New(regions, units)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	return d, nil
}

// inventedPhone is the n-th telephone number of the sample: no exchange in
// Lhasa begins with 000.
func inventedPhone(n int) string { return fmt.Sprintf("0891-000%04d", n+1) }

func readRegions(files fs.FS) (regions []Region, faults []error) {
	rows, err := seedfile.Read(files, regionFile, regionColumns...)
	if err != nil {
		faults = append(faults, err)
	}
	seen := make(map[string]bool, len(rows))
	for _, row := range rows {
		r := Region{
			Code: row.Get("code"), Name: row.Get("name"), NameEN: row.Get("name_en"), NameBO: row.Get("name_bo"),
			Short: row.List("short"), Unlike: row.List("unlike"),
			Parent: row.Get("parent"), Kind: row.Get("kind"), Area: row.Get("area"),
		}
		if seen[r.Code] {
			faults = append(faults, fmt.Errorf("%s: region %s twice", row.Where(), r.Code))
			continue
		}
		seen[r.Code] = true
		regions = append(regions, r)
	}
	return regions, faults
}

// readTownships reads the townships. They have no names but their own: a page in
// English shows it too. A street office is held by its county's limits, a town
// or village of a city district by those of towns.
func readTownships(files fs.FS, counties map[string]Region) (regions []Region, faults []error) {
	rows, err := seedfile.Read(files, townshipFile, townshipColumns...)
	if err != nil {
		faults = append(faults, err)
	}
	seen := make(map[string]bool, len(rows))
	for _, row := range rows {
		code, name := row.Get("code"), row.Get("name")
		county, ok := counties[code[:min(6, len(code))]]
		switch {
		case seen[code]:
			faults = append(faults, fmt.Errorf("%s: township %s twice", row.Where(), code))
		case !ok:
			faults = append(faults, fmt.Errorf("%s: township %q is under no county that is known", row.Where(), code))
		default:
			area := county.Area
			if area == catalogue.AreaUrban && !strings.HasSuffix(name, streetOffice) {
				area = catalogue.AreaTown
			}
			regions = append(regions, Region{Code: code, Name: name, NameEN: name, Parent: county.Code, Kind: KindTownship, Area: area})
		}
		seen[code] = true
	}
	return regions, faults
}

// rule makes the units of one kind.
type rule struct {
	kind     string
	only     string            // region code, or "" for everywhere
	pattern  map[string]string // by kind of region, and "district"
	nameEN   string
	platform string
	utility  bool
}

const district = "district"

// placeholder is what stands in a pattern for a name.
var placeholder = strings.NewReplacer("{region}", "", "{short}", "", "{parent}", "")

func readRules(files fs.FS, regions map[string]Region) (rules []rule, faults []error) {
	rows, err := seedfile.Read(files, departmentFile, departmentColumns...)
	if err != nil {
		faults = append(faults, err)
	}
	seen := make(map[string]bool, len(rows))
	for _, row := range rows {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("%s: %s", row.Where(), fmt.Sprintf(format, args...)))
		}
		r := rule{
			kind: row.Get("kind"), only: row.Get("only"), nameEN: row.Get("name_en"),
			platform: row.Get("platform"), utility: row.Get("utility") == "yes",
			pattern: make(map[string]string),
		}
		for _, level := range []string{KindRegion, KindPrefecture, district, KindCounty, KindZone} {
			r.pattern[level] = row.Get(level)
			if strings.ContainsAny(placeholder.Replace(row.Get(level)), "{}") {
				fault("%s: %q has a place-holder other than {region}, {short} and {parent}", level, row.Get(level))
			}
		}
		if v := row.Get("utility"); v != "yes" && v != "" {
			fault("utility is %q, want yes or nothing", v)
		}
		if _, ok := catalogue.FindDepartment(r.kind); !ok {
			fault("unknown department kind %q", r.kind)
		}
		if l := catalogue.Line(r.platform); l != catalogue.Line12345 && l != catalogue.Line110 {
			fault("unknown platform %q", r.platform)
		}
		if r.nameEN == "" {
			fault("empty English name")
		}
		if strings.ContainsAny(strings.ReplaceAll(r.nameEN, "{region}", ""), "{}") {
			fault("name_en: %q has a place-holder other than {region}", r.nameEN)
		}
		if _, ok := regions[r.only]; r.only != "" && !ok {
			fault("no region %q", r.only)
		}
		if id := r.kind + " " + r.only; seen[id] {
			fault("department kind %s twice", strings.TrimSpace(id))
		} else {
			seen[id] = true
		}
		rules = append(rules, r)
	}
	return rules, faults
}

// unit is what the rule makes in a region, if anything.
func (r rule) unit(at, parent Region, rules []rule) (Unit, bool) {
	if r.only == "" {
		for _, other := range rules {
			if other.kind == r.kind && other.only == at.Code {
				return Unit{}, false
			}
		}
	} else if r.only != at.Code {
		return Unit{}, false
	}
	pattern := r.pattern[at.Kind]
	if at.Kind == KindCounty && strings.HasSuffix(at.Name, "区") && r.pattern[district] != "" {
		pattern = r.pattern[district]
	}
	if pattern == "" {
		return Unit{}, false
	}
	short := at.Name
	if len(at.Short) > 0 {
		short = at.Short[0]
	}
	fill := strings.NewReplacer("{region}", at.Name, "{short}", short, "{parent}", parent.Name)
	return Unit{
		Code: UnitCode(at.Code, r.kind), Kind: r.kind, Region: at.Code,
		Name:     fill.Replace(pattern),
		NameEN:   strings.NewReplacer("{region}", at.NameEN).Replace(r.nameEN),
		Platform: r.platform, Utility: r.utility,
	}, true
}
