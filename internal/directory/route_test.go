package directory

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"liandong/internal/catalogue"
)

func seededCatalogue(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func codes(units []Unit) []string {
	var cs []string
	for _, u := range units {
		cs = append(cs, u.Code)
	}
	return cs
}

func TestRoute(t *testing.T) {
	c, d := seededCatalogue(t), seeded(t)
	for _, tc := range []struct {
		item, class, region string
		lead                string
		joint               []string
	}{
		{"A01.02", "A01", "540102", "540102-housing", []string{"540102-urban"}},
		{"A01.02", "", "540102", "540102-housing", []string{"540102-urban"}},
		{"A01.09", "A01", "540102", "540100-gas", []string{"540102-housing"}},                        // the prefecture's gas company
		{"A01.15", "A01", "540630", "540000-telecom", nil},                                           // the region's
		{"", "A11", "540423", "540423-education", nil},                                               // no item: the class
		{"A11.99", "A11", "540423", "540423-education", nil},                                         // unknown item: the class
		{"A12.01", "B01", "540481", "540481-labour", []string{"540481-housing", "540481-transport"}}, // the item decides
		{"B07.01", "B07", "540102", "540102-discipline", nil},
		{"A14.01", "A14", "540122", "540122-townoffice", []string{"540122-justice"}},
		{"A14.01", "A14", "540100", "540100-government", []string{"540100-justice"}}, // no township known: local government
		{"A14.01", "A14", "540172", "540172-government", []string{"540100-justice"}}, // a zone's committee
		{"A17.02", "A17", "540000", "540000-desk12345", nil},
		{"", "A99", "540102", "", nil},
		{"", "", "540102", "", nil},
		{"A01.02", "A01", "549999", "", nil},
		{"A01.02", "A01", "", "", nil},
	} {
		lead, joint, ok := Route(c, d, tc.item, tc.class, tc.region)
		if lead.Code != tc.lead || ok != (tc.lead != "") {
			t.Errorf("Route(%q, %q, %q): got lead %q %v, want %q", tc.item, tc.class, tc.region, lead.Code, ok, tc.lead)
		}
		if diff := cmp.Diff(tc.joint, codes(joint), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Route(%q, %q, %q): joint (-want +got):\n%s", tc.item, tc.class, tc.region, diff)
		}
	}
}

func TestOwners(t *testing.T) {
	c, d := seededCatalogue(t), seeded(t)
	for _, tc := range []struct {
		mine, item, class, region string
		want                      []string
	}{
		{"540102-urban", "A01.02", "A01", "540102", []string{"540102-housing lead", "540100-urban area", "540102-government place"}},
		{"540102-housing", "A01.02", "A01", "540102", []string{"540102-urban joint", "540100-housing area", "540102-government place"}},
		{"540102-education", "A11.99", "A11", "540423", []string{"540423-education area", "540400-education area", "540423-government place"}},
		{"540102-urban", "", "", "540102", []string{"540100-urban area", "540102-government place"}},
		{"540102-government", "", "A99", "540102", []string{"540100-government area"}},
		{"540102-urban", "A01.02", "A01", "", nil},
	} {
		mine, ok := d.Unit(tc.mine)
		if !ok {
			t.Fatalf("no unit %s", tc.mine)
		}
		var got []string
		for _, o := range Owners(c, d, mine, tc.item, tc.class, tc.region) {
			got = append(got, o.Unit.Code+" "+o.Why)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("Owners(%s, %q, %q, %q) (-want +got):\n%s", tc.mine, tc.item, tc.class, tc.region, diff)
		}
	}
}

// Every matter in the catalogue has somebody who takes it, wherever it is: in
// every county and zone, and also where only the prefecture or nothing is
// known. A county's matter stays within that county's line of parents.
func TestEveryItemHasItsUnitEverywhere(t *testing.T) {
	c, d := seededCatalogue(t), seeded(t)
	for _, r := range d.Regions() {
		for _, item := range c.Items {
			lead, joint, ok := Route(c, d, item.Code, item.Class, r.Code)
			if !ok {
				t.Errorf("%s %s in %s: nobody", item.Code, item.Name, r.Name)
				continue
			}
			if r.Kind == KindCounty && lead.Kind != item.Lead {
				t.Errorf("%s in %s: got %s, want a unit of kind %s", item.Code, r.Name, lead.Code, item.Lead)
			}
			if r.Kind == KindCounty && len(joint) != len(item.Joint) {
				t.Errorf("%s in %s: got joint %v, want one of each of %v", item.Code, r.Name, codes(joint), item.Joint)
			}
			all := append([]Unit{lead}, joint...)
			for i, u := range all {
				if !d.Within(r.Code, u.Region) {
					t.Errorf("%s in %s: got %s, which is elsewhere", item.Code, r.Name, u.Code)
				}
				if slices.Contains(all[:i], u) {
					t.Errorf("%s in %s: %s twice", item.Code, r.Name, u.Code)
				}
			}
		}
		for _, class := range c.Classes {
			if _, _, ok := Route(c, d, "", class.Code, r.Code); !ok {
				t.Errorf("class %s in %s: nobody", class.Code, r.Name)
			}
		}
	}
}

func TestDual(t *testing.T) {
	c, d := seededCatalogue(t), seeded(t)
	for _, tc := range []struct {
		class, item, region string
		want                []string
	}{
		{"C4", "C4.01", "540102", []string{"540102-government", "540100-gas", "540102-line119", "540102-emergency", "540102-housing", "540102-townoffice"}},
		{"C4", "A01.09", "540102", []string{"540102-government", "540100-gas", "540102-housing", "540102-emergency", "540102-townoffice"}},
		{"C4", "", "540102", []string{"540102-government", "540102-emergency", "540102-townoffice"}},
		{"C3", "C3.01", "540122", []string{"540122-government", "540122-labour", "540122-housing", "540122-townoffice", "540122-petition"}},
		{"C1", "C1.01", "540172", []string{"540172-government", "540100-health", "540100-line120", "540100-line119", "540100-civil"}},
		{"A01", "A01.09", "540102", nil}, // not urgent
		{"D6", "", "540102", nil},
		{"", "", "540102", nil},
		{"C4", "C4.01", "549999", nil},
	} {
		got := codes(Dual(c, d, tc.class, tc.item, tc.region))
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Dual(%s, %s, %s) (-want +got):\n%s", tc.class, tc.item, tc.region, diff)
		}
	}
}

// Whatever the urgent class and item, and wherever: local government is first,
// at least one department is with it, nobody is there twice, and 110 is not.
func TestDualEverywhere(t *testing.T) {
	c, d := seededCatalogue(t), seeded(t)
	for _, r := range d.Regions() {
		for _, class := range []string{"C1", "C2", "C3", "C4"} {
			items := append(c.ItemsOf(class), catalogue.Item{}, c.Items[0])
			for _, item := range items {
				units := Dual(c, d, class, item.Code, r.Code)
				if len(units) == 0 || units[0].Kind != catalogue.KindGovernment {
					t.Errorf("%s %s in %s: got %v, want local government first", class, item.Code, r.Name, codes(units))
					continue
				}
				if r.Kind == KindCounty && len(units) < 2 {
					t.Errorf("%s %s in %s: got %v, want departments too", class, item.Code, r.Name, codes(units))
				}
				for i, u := range units {
					if u.Platform == "110" {
						t.Errorf("%s %s in %s: got %s of 110", class, item.Code, r.Name, u.Code)
					}
					if slices.Contains(units[:i], u) {
						t.Errorf("%s %s in %s: %s twice", class, item.Code, r.Name, u.Code)
					}
				}
			}
		}
	}
}
