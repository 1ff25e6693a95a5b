package directory

import (
	"slices"

	"liandong/internal/catalogue"
)

// Route says which units take a matter in a region: who leads (主办) and who
// joins (协办). The item decides; where item is "" or unknown, the class does.
//
// Where neither the region nor any above it has a unit of the leading kind (a
// township office, and only the prefecture is known), local government leads:
// it answers for what has no other owner (属地兜底). Joint kinds without a unit
// are left out. ok is false where nobody can be named, because class or region
// is unknown: then a person at the desk decides.
func Route(c *catalogue.Catalogue, d *Directory, item, class, region string) (lead Unit, joint []Unit, ok bool) {
	leadKind, jointKinds, ok := kinds(c, item, class)
	if !ok {
		return Unit{}, nil, false
	}
	lead, ok = d.Responsible(leadKind, region)
	if !ok {
		lead, ok = d.Responsible(catalogue.KindGovernment, region)
	}
	if !ok {
		return Unit{}, nil, false
	}
	all := d.gather(region, []Unit{lead}, jointKinds)
	return lead, all[1:], true
}

// Dual lists the units of the dual dispatch (双派) of an urgent class: local
// government first, then the departments of the item and of the class, each
// once. 110's own units are not among them: 110 gets its leg by itself. Nil for
// a class that is not urgent.
func Dual(c *catalogue.Catalogue, d *Directory, class, item, region string) []Unit {
	if !catalogue.IsUrgent(class) {
		return nil
	}
	want := []string{catalogue.KindGovernment}
	if lead, joint, ok := kinds(c, item, ""); ok {
		want = append(append(want, lead), joint...)
	}
	if v, ok := c.Class(class); ok {
		want = append(append(want, v.Lead), v.Joint...)
	}
	var others []Unit
	for _, u := range d.gather(region, nil, want) {
		if u.Platform != string(catalogue.Line110) {
			others = append(others, u)
		}
	}
	return others
}

// Why a unit is likely to be the owner of a matter.
const (
	ByDuty  = "lead"  // it leads by the item, or by the class
	Joining = "joint" // it joins by the item, or by the class
	ByArea  = "area"  // it does the same work where the matter lies, or above
	ByPlace = "place" // local government, which answers for what has no other owner
)

// Owner is a unit that may be the right one, and why.
type Owner struct {
	Unit Unit
	Why  string
}

// ownersMost is how many owners are worth offering: more are not read.
const ownersMost = 6

// Owners lists who may be responsible for a matter that a unit says is not its
// own, the likeliest first: by the item, by the class where somebody else has it
// by that, the units of its own kind in whose area the matter lies, and local
// government. The unit itself is never among them.
func Owners(c *catalogue.Catalogue, d *Directory, mine Unit, item, class, region string) []Owner {
	var out []Owner
	add := func(why, kind, region string) {
		u, ok := d.Responsible(kind, region)
		if !ok || u.Code == mine.Code || slices.ContainsFunc(out, func(o Owner) bool { return o.Unit.Code == u.Code }) {
			return
		}
		if u.Kind == mine.Kind {
			why = ByArea
		}
		out = append(out, Owner{Unit: u, Why: why})
	}
	for _, by := range [][2]string{{item, ""}, {"", class}} {
		lead, joint, ok := kinds(c, by[0], by[1])
		if !ok {
			continue
		}
		add(ByDuty, lead, region)
		for _, kind := range joint {
			add(Joining, kind, region)
		}
	}
	add(ByArea, mine.Kind, region)
	if r, ok := d.Region(region); ok && r.Parent != "" {
		add(ByArea, mine.Kind, r.Parent)
	}
	add(ByPlace, catalogue.KindGovernment, region)
	return out[:min(len(out), ownersMost)]
}

// kinds are the leading and joining kinds of an item, or else of a class.
func kinds(c *catalogue.Catalogue, item, class string) (lead string, joint []string, ok bool) {
	if v, found := c.Item(item); found {
		return v.Lead, v.Joint, true
	}
	if v, found := c.Class(class); found {
		return v.Lead, v.Joint, true
	}
	return "", nil, false
}

// gather adds the responsible unit of each kind that is not there yet.
func (d *Directory) gather(region string, units []Unit, kinds []string) []Unit {
	seen := make(map[string]bool, len(units)+len(kinds))
	for _, u := range units {
		seen[u.Code] = true
	}
	for _, kind := range kinds {
		u, ok := d.Responsible(kind, region)
		if ok && !seen[u.Code] {
			units, seen[u.Code] = append(units, u), true
		}
	}
	return units
}
