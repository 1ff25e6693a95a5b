package hotline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// permissions is the table of rights written out once more, by hand: one line a
// role, one column a right. What is not granted here must be denied.
const permissions = `
role           cases.see  cases.take  cases.decide  legs.work  legs.ask  person.reveal  overview.see  cases.supervise  cases.consult  catalogue.edit  links.see  links.mend  proof.export  case.erase  shift.hand_over  node.administer
operator       yes        yes         yes           yes        yes       yes            -             -                -              -               -          -           -             -           -                -
shift_leader   yes        yes         yes           yes        yes       yes            yes           yes              yes            -               yes        yes         yes           yes         yes              -
clerk          yes        -           -             yes        yes       yes            -             -                -              -               -          -           -             -           -                -
duty_officer   yes        -           -             yes        yes       yes            -             -                -              -               -          -           -             -           -                -
supervisor     yes        -           -             -          yes       -              yes           yes              -              -               yes        -           -             -           -                -
secretary      yes        -           -             -          -         -              yes           -                yes            yes             -          -           -             -           -                -
editor         yes        -           -             -          -         -              yes           -                -              yes             -          -           -             -           -                -
auditor        yes        -           -             -          -         yes            yes           -                -              -               yes        -           yes           -           -                -
administrator  -          -           -             -          -         -              yes           -                -              -               yes        yes         yes           -           -                yes
integration    -          -           -             -          -         -              -             -                -              -               -          -           -             -           -                -
citizen        -          -           -             -          -         -              -             -                -              -               -          -           -             -           -                -
peer           -          -           -             -          -         -              -             -                -              -               -          -           -             -           -                -
machine        -          -           -             -          -         -              -             -                -              -               -          -           -             -           -                -
nobody         -          -           -             -          -         -              -             -                -              -               -          -           -             -           -                -
`

func TestEveryRoleAndRight(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(permissions), "\n")
	head := strings.Fields(lines[0])[1:]
	var listed []string
	for _, r := range Rights() {
		listed = append(listed, string(r))
	}
	if diff := cmp.Diff(head, listed); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	var people []string
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		role := Role(cells[0])
		for i, cell := range cells[1:] {
			right, want := Right(head[i]), cell == "yes"
			if got := role.Allows(right); got != want {
				t.Errorf("%s, %s: got %v, want %v", role, right, got, want)
			}
			a := Actor{Role: role, Scopes: []Right{SeeCases, Administer}} // scopes are a token's
			if got := a.Has(right); role != Integration && got != want {
				t.Errorf("an actor who is %s has %s: %v, want %v", role, right, got, want)
			}
		}
		if role.Allows("") || role.Allows("cases") || role.Allows("cases.see ") {
			t.Errorf("%s is allowed what is no right", role)
		}
		switch role {
		case Integration, Citizen, Peer, Machine, "nobody":
		default:
			people = append(people, string(role))
		}
	}
	var roles []string
	for _, r := range Roles() {
		roles = append(roles, string(r))
	}
	if diff := cmp.Diff(people, roles); diff != "" {
		t.Errorf("roles of people (-want +got):\n%s", diff)
	}
	if len(rights)+1 != len(lines)-1 {
		t.Errorf("%d roles have rights, the table above has %d", len(rights), len(lines)-2)
	}
}

// A program has what its token says and nothing else.
func TestScopes(t *testing.T) {
	for _, tc := range []struct {
		role   Role
		scopes []Right
		want   []Right
	}{
		{Integration, nil, nil},
		{Integration, []Right{SeeCases}, []Right{SeeCases}},
		{Integration, []Right{TakeCases, RevealPerson}, []Right{TakeCases, RevealPerson}},
		{Integration, []Right{"*", "cases"}, nil},
		{Citizen, Rights(), nil},
		{Peer, Rights(), nil},
		{Editor, []Right{Administer}, []Right{SeeCases, SeeOverview, EditCatalogue}},
	} {
		var got []Right
		for _, r := range Rights() {
			if (Actor{Role: tc.role, Scopes: tc.scopes}).Has(r) {
				got = append(got, r)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s with %v (-want +got):\n%s", tc.role, tc.scopes, diff)
		}
	}
}

// Role or scope, then organisation, then region.
func TestMay(t *testing.T) {
	const water, power = "540102-water", "540102-power"
	for _, tc := range []struct {
		name  string
		actor Actor
		right Right
		where Where
		want  bool
	}{
		{"the desk sees what a unit holds", Actor{Role: Operator}, SeeCases, Where{Unit: water, InRegion: true}, true},
		{"the desk sees its own", Actor{Role: Operator}, SeeCases, Where{InRegion: true}, true},
		{"not beyond its region", Actor{Role: Operator, Region: "540102"}, SeeCases, Where{Unit: water}, false},
		{"not what its role does not do", Actor{Role: Operator}, MendLinks, Where{InRegion: true}, false},
		{"a clerk works on what the unit holds", Actor{Role: Clerk, Unit: water}, WorkLegs, Where{Unit: water, InRegion: true}, true},
		{"not on another's", Actor{Role: Clerk, Unit: water}, WorkLegs, Where{Unit: power, InRegion: true}, false},
		{"not on the desk's", Actor{Role: Clerk, Unit: water}, SeeCases, Where{InRegion: true}, false},
		{"not on a unit whose name begins so", Actor{Role: Clerk, Unit: water}, SeeCases, Where{Unit: water + "2", InRegion: true}, false},
		{"not beyond the region, though the unit holds it", Actor{Role: Clerk, Unit: water}, WorkLegs, Where{Unit: water}, false},
		{"not what a clerk does not do", Actor{Role: Clerk, Unit: water}, DecideCases, Where{Unit: water, InRegion: true}, false},
		{"a token of a unit is bound to it", Actor{Role: Integration, Unit: water, Scopes: []Right{WorkLegs}}, WorkLegs, Where{Unit: power, InRegion: true}, false},
		{"a token of the desk is not", Actor{Role: Integration, Scopes: []Right{WorkLegs}}, WorkLegs, Where{Unit: power, InRegion: true}, true},
		{"a peer's letter has no role", ThePeer("540000-110", "测试110"), SeeCases, Where{InRegion: true}, false},
		{"nor has the machine", TheMachine("540000-12345"), SeeCases, Where{InRegion: true}, false},
		{"nobody may nothing", Actor{}, SeeCases, Where{InRegion: true}, false},
	} {
		if got := tc.actor.May(tc.right, tc.where); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
		err := tc.actor.Check(tc.right, tc.where)
		switch {
		case tc.want && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case !tc.want && (KindOf(err) != Denied || CodeOf(err) != "denied"):
			t.Errorf("%s: got %v, want it denied", tc.name, err)
		}
	}
}

func TestAtDesk(t *testing.T) {
	if !(Actor{}).AtDesk() || (Actor{Unit: "540102-water"}).AtDesk() {
		t.Error("the desk is where no unit is")
	}
	if m := TheMachine("540000-12345"); m.Role != Machine || m.Platform != "540000-12345" || m.ID != "machine" {
		t.Errorf("the machine is %+v", m)
	}
	if p := ThePeer("540000-110", "测试110"); p.Role != Peer || p.ID != "540000-110" || p.Platform != "540000-110" || p.Name != "测试110" {
		t.Errorf("the peer is %+v", p)
	}
}
