package catalogue

import "encoding/json"

// Line is one of the two public lines.
type Line string

const (
	Line12345 Line = "12345"
	Line110   Line = "110"
)

// The groups of classes: the letter that a class code begins with.
const (
	NonPolice     = 'A' // 非警务诉求
	Police        = 'B' // 警务诉求
	Urgent        = 'C' // 紧急事件
	FirstResponse = 'D' // 先期处置
)

// Class is one of the policy's 35 classes.
type Class struct {
	Code     string   `json:"code"`            // A01…A17, B01…B07, C1…C4, D1…D7
	Name     string   `json:"name"`            // Chinese, as the policy has it
	NameEN   string   `json:"name_en"`         // English
	Line     Line     `json:"line"`            // who takes it; 110 for C and D, which police take first
	Level    int      `json:"level"`           // default level of handling 1 (life or public safety now) … 4 (information)
	Lead     string   `json:"lead"`            // kind of department that leads where no item says otherwise
	Joint    []string `json:"joint,omitempty"` // kinds that join; of a C class the departments of its dual dispatch, local government apart
	Synonyms []string `json:"synonyms,omitempty"`
	Pair     []string `json:"pair,omitempty"` // of a D class: the A and B classes that its rest belongs to
}

// Item is one matter under a class (事项).
type Item struct {
	Code          string       `json:"code"`  // class code, a dot and two digits: A01.03
	Class         string       `json:"class"` // the code before the dot
	Name          string       `json:"name"`
	NameEN        string       `json:"name_en"`
	Lead          string       `json:"lead"`            // kind of department that leads (主办)
	Joint         []string     `json:"joint,omitempty"` // kinds that join (协办)
	Synonyms      []string     `json:"synonyms"`        // as callers say it; at least two
	Exclude       []string     `json:"exclude,omitempty"`
	Escalate      []Escalation `json:"escalate,omitempty"`
	FirstResponse string       `json:"first_response,omitempty"` // the D class, when police act first
	Proposal      bool         `json:"proposal,omitempty"`       // no published list names it: ours, to be confirmed
}

// Escalation says that a word heard beside an item makes it another class:
// a gas fault with "smell of gas" is C4.
type Escalation struct {
	Word  string `json:"word"`
	Class string `json:"class"` // a B or C class
}

// The areas (区域类别) that limits are told apart by. Distance decides: a town
// four hours from its county seat cannot be held to a city's minutes.
const (
	AreaUrban    = "urban"    // 城区
	AreaTown     = "town"     // 乡镇
	AreaPastoral = "pastoral" // 牧区
	AreaRemote   = "remote"   // 边远
)

// Areas lists the area classes from the nearest to the farthest.
func Areas() []string { return []string{AreaUrban, AreaTown, AreaPastoral, AreaRemote} }

// The kinds of clock that a limit may bound; the words are those of protocol's
// "Clocks across two sides".
const (
	LimitReceipt      = "receipt"       // sent → received by the holder's machine
	LimitSignIn       = "sign_in"       // sent → accepted or returned (签收)
	LimitFirstContact = "first_contact" // sent → the caller was spoken to
	LimitHandling     = "handling"      // sent → answered
	LimitFeedback     = "feedback"      // police act → first feedback
	LimitCallback     = "callback"      // last leg settled → caller asked
)

// LimitKinds lists the kinds of limit in the order in which they run out.
func LimitKinds() []string {
	return []string{LimitReceipt, LimitSignIn, LimitFirstContact, LimitFeedback, LimitHandling, LimitCallback}
}

// Limit is one row of the table of limits. Budget says which row wins.
type Limit struct {
	Class  string `json:"class"`          // a class code, a group's letter (A, B, C, D), or * for all
	Item   string `json:"item,omitempty"` // an item of that class, or empty for all
	Area   string `json:"area"`           // an area class, or *
	Kind   string `json:"kind"`           // one of LimitKinds
	Budget string `json:"budget"`         // 5wd (working days), 4wh (working hours), 30m, 2h, 7d (plain minutes, hours, days)
	Urgent bool   `json:"urgent,omitempty"`
	Source string `json:"source"` // the rule it is taken from; P marks our proposal
}

// Catalogue is one version. Treat it as read-only once Index has been called:
// any number of goroutines may then read it.
type Catalogue struct {
	Version       string  `json:"version"`
	EffectiveFrom string  `json:"effective_from"` // YYYY-MM-DD, Asia/Shanghai
	Basis         string  `json:"basis,omitempty"`
	Classes       []Class `json:"classes"`
	Items         []Item  `json:"items"`
	Limits        []Limit `json:"limits"`
	Rungs         []Rung  `json:"ladders,omitempty"`

	index *index
}

// index finds things by code. It holds positions in the exported slices.
type index struct {
	class   map[string]int
	item    map[string]int
	ofClass map[string][]int
	limit   map[limitKey]int
	ladder  map[ladderKey][]Step
}

type limitKey struct {
	class, item, area, kind string
	urgent                  bool
}

// Index builds what the look-ups use. Seed, Parse and UnmarshalJSON call it; a
// catalogue made by hand works without, only slower, and must call it again
// after a change. Where a code comes twice, the first one counts.
func (c *Catalogue) Index() { c.index = c.build() }

func (c *Catalogue) build() *index {
	x := &index{
		class:   make(map[string]int, len(c.Classes)),
		item:    make(map[string]int, len(c.Items)),
		ofClass: make(map[string][]int, len(c.Classes)),
		limit:   make(map[limitKey]int, len(c.Limits)),
		ladder:  c.ladders(),
	}
	for i, v := range c.Classes {
		putFirst(x.class, v.Code, i)
	}
	for i, v := range c.Items {
		putFirst(x.item, v.Code, i)
		x.ofClass[v.Class] = append(x.ofClass[v.Class], i)
	}
	for i, v := range c.Limits {
		putFirst(x.limit, v.key(), i)
	}
	return x
}

func putFirst[K comparable](m map[K]int, k K, i int) {
	if _, ok := m[k]; !ok {
		m[k] = i
	}
}

// look is the index, made on the spot where nobody has called Index: it is not
// kept, so that reading never writes.
func (c *Catalogue) look() *index {
	if c.index != nil {
		return c.index
	}
	return c.build()
}

// UnmarshalJSON reads the document that the database keeps. It does not judge
// it: call Validate.
func (c *Catalogue) UnmarshalJSON(b []byte) error {
	type document Catalogue // without this method
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	*c = Catalogue(d)
	c.Index()
	return nil
}

// Class finds a class by its code.
func (c *Catalogue) Class(code string) (Class, bool) {
	i, ok := c.look().class[code]
	if !ok {
		return Class{}, false
	}
	return c.Classes[i], true
}

// Item finds an item by its code.
func (c *Catalogue) Item(code string) (Item, bool) {
	i, ok := c.look().item[code]
	if !ok {
		return Item{}, false
	}
	return c.Items[i], true
}

// ItemsOf lists the items of a class in the order of the catalogue.
func (c *Catalogue) ItemsOf(class string) []Item {
	at := c.look().ofClass[class]
	items := make([]Item, 0, len(at))
	for _, i := range at {
		items = append(items, c.Items[i])
	}
	return items
}

// LineOf is the line that takes a class, "" for a class that is not there.
func (c *Catalogue) LineOf(class string) Line {
	v, _ := c.Class(class)
	return v.Line
}

// Group is the letter of a class code, 0 for what begins with none of the four.
func Group(code string) byte {
	if code == "" || code[0] < NonPolice || code[0] > FirstResponse {
		return 0
	}
	return code[0]
}

// IsUrgent says whether a code is one of the four urgent classes C1…C4.
func IsUrgent(code string) bool { return len(code) == 2 && code >= "C1" && code <= "C4" }

// IsFirstResponse says whether a code is one of the seven classes D1…D7.
func IsFirstResponse(code string) bool { return len(code) == 2 && code >= "D1" && code <= "D7" }
