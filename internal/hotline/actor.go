package hotline

// Role is what somebody works as.
type Role string

const (
	Operator      Role = "operator"      // seat operator 坐席
	ShiftLeader   Role = "shift_leader"  // 班长
	Clerk         Role = "clerk"         // handling clerk of a unit 承办人
	DutyOfficer   Role = "duty_officer"  // 值班员 of a unit
	Supervisor    Role = "supervisor"    // 督办
	Secretary     Role = "secretary"     // consultation secretary 会商秘书
	Editor        Role = "editor"        // catalogue editor
	Auditor       Role = "auditor"       // 审计
	Administrator Role = "administrator" // 管理员
	Integration   Role = "integration"   // a program with a token
	Citizen       Role = "citizen"
	Peer          Role = "peer"    // the other platform, through a letter
	Machine       Role = "machine" // this node itself: clocks, receipts
)

// Right is one thing that may be allowed. Doors name it beside each route and
// desk asks for it again with the object in hand.
type Right string

const (
	SeeCases      Right = "cases.see"       // lists and case pages, personal data masked
	TakeCases     Right = "cases.take"      // intake, calls, grouping
	DecideCases   Right = "cases.decide"    // category, level, legs, settle, reopen, callback, close
	WorkLegs      Right = "legs.work"       // accept, return, progress, feedback as the holding unit
	AskLegs       Right = "legs.ask"        // urge, supplement, withdraw, extend, contest: either side
	RevealPerson  Right = "person.reveal"   // see personal data, with a reason
	SeeOverview   Right = "overview.see"    // the shift leader's figures
	Supervise     Right = "cases.supervise" // orders, their review, draws, the board
	Consult       Right = "cases.consult"   // open, lead and rule consultations
	EditCatalogue Right = "catalogue.edit"  // drafts of the catalogue, trying and publishing them
	SeeLinks      Right = "links.see"       // links and their letters
	MendLinks     Right = "links.mend"      // send again, void, clear the repair list
	ExportProof   Right = "proof.export"    // cases and the log with their proofs, to be verified elsewhere
	EraseCase     Right = "case.erase"      // destroy the key of a case, with a reason
	HandOver      Right = "shift.hand_over" // sign for a shift, at its end or its beginning
	Administer    Right = "node.administer"
)

// rights is the whole table: which role may do what. What is not in it is
// denied. Scope (whose case, which unit, which region) is decided by May.
var rights = map[Role]map[Right]bool{
	Operator:      set(SeeCases, TakeCases, DecideCases, WorkLegs, AskLegs, RevealPerson),
	ShiftLeader:   set(SeeCases, TakeCases, DecideCases, WorkLegs, AskLegs, RevealPerson, SeeOverview, Supervise, Consult, SeeLinks, MendLinks, ExportProof, EraseCase, HandOver),
	Clerk:         set(SeeCases, WorkLegs, AskLegs, RevealPerson),
	DutyOfficer:   set(SeeCases, WorkLegs, AskLegs, RevealPerson),
	Supervisor:    set(SeeCases, AskLegs, SeeOverview, Supervise, SeeLinks),
	Secretary:     set(SeeCases, SeeOverview, Consult, EditCatalogue),
	Editor:        set(SeeCases, SeeOverview, EditCatalogue),
	Auditor:       set(SeeCases, SeeOverview, SeeLinks, RevealPerson, ExportProof),
	Administrator: set(SeeOverview, SeeLinks, MendLinks, ExportProof, Administer),
	Integration:   {}, // a token carries scopes, see Actor.Scopes
	Citizen:       {},
	Peer:          {}, // a peer's letter is checked by signature and leg, not by role
	Machine:       {},
}

func set(rs ...Right) map[Right]bool {
	m := make(map[Right]bool, len(rs))
	for _, r := range rs {
		m[r] = true
	}
	return m
}

// Allows says whether a role holds a right at all.
func (r Role) Allows(right Right) bool { return rights[r][right] }

// Roles lists the roles that a person of a node can have, in the order shown.
func Roles() []Role {
	return []Role{Operator, ShiftLeader, Clerk, DutyOfficer, Supervisor, Secretary, Editor, Auditor, Administrator}
}

// Rights lists every right there is.
func Rights() []Right {
	return []Right{SeeCases, TakeCases, DecideCases, WorkLegs, AskLegs, RevealPerson, SeeOverview, Supervise, Consult, EditCatalogue, SeeLinks, MendLinks, ExportProof, EraseCase, HandOver, Administer}
}

// Actor is who does something: a person, a program with a token, the peer, or
// the node itself.
type Actor struct {
	ID       string // user or token id; platform code of a peer; "machine"
	Name     string // as shown beside an event
	Role     Role
	Platform string  // code of the platform that the actor belongs to
	Unit     string  // unit code; "" at the desk itself
	Region   string  // region code that bounds what the actor sees; "" none
	Scopes   []Right // of a token only
}

// At a desk means not bound to a unit below it.
func (a Actor) AtDesk() bool { return a.Unit == "" }

// Has says whether the actor holds the right at all, whatever the object.
func (a Actor) Has(right Right) bool {
	if a.Role == Integration {
		for _, s := range a.Scopes {
			if s == right {
				return true
			}
		}
		return false
	}
	return a.Role.Allows(right)
}

// Where describes the object that a right is asked for: the unit that holds
// it, the region it lies in and whether that region is within the actor's.
type Where struct {
	Unit     string // unit concerned: the holder of a leg; "" for the desk
	InRegion bool   // the object's region is within the actor's
}

// May is the one decision: role or scope, then organisation, then region.
//   - At the desk: everything of its platform within the region.
//   - In a unit: only what that unit holds.
func (a Actor) May(right Right, w Where) bool {
	if !a.Has(right) || !w.InRegion {
		return false
	}
	return a.AtDesk() || a.Unit == w.Unit
}

// Check is May as an error: Denied with the right at fault.
func (a Actor) Check(right Right, w Where) error {
	if a.May(right, w) {
		return nil
	}
	return Errorf(Denied, "denied", string(right), string(a.Role))
}

// CheckNode is Check for what belongs to the node as a whole: links, figures.
func (a Actor) CheckNode(right Right) error {
	return a.Check(right, Where{Unit: a.Unit, InRegion: true})
}

// TheMachine is the node acting by itself.
func TheMachine(platform string) Actor {
	return Actor{ID: "machine", Name: "系统", Role: Machine, Platform: platform}
}

// ThePeer is another platform acting through a letter.
func ThePeer(platform, name string) Actor {
	return Actor{ID: platform, Name: name, Role: Peer, Platform: platform}
}
