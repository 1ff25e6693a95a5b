package triage

// Engine proposes. An engine is deterministic, does no input or output, and may
// be used by any number of goroutines at once.
type Engine interface {
	Propose(text string) Proposal
}

// Proposal is what an engine says of a text. It is kept with the case beside
// what the person decided, so its JSON names must stay.
type Proposal struct {
	Line          string      `json:"line"`                  // "12345" or "110": the side of Category; "12345" where there is none
	Category      string      `json:"category"`              // A01…B07, "" where nothing speaks for any
	Item          string      `json:"item,omitempty"`        // of Category
	Region        string      `json:"region,omitempty"`      // code of the first region that the text names
	Level         int         `json:"level"`                 // 1 life or public safety now … 4 information
	Unread        bool        `json:"unread"`                // not assessed: a person must check
	Urgent        string      `json:"urgent"`                // C1…C4 or ""; overrides Line
	UrgentItem    string      `json:"urgent_item,omitempty"` // of Urgent: says which departments a dual dispatch goes to
	FirstResponse string      `json:"first_response"`        // D1…D7 or "": police act first
	Score         float64     `json:"score"`                 // of Category, 0..1: its share of all that speaks
	Candidates    []Candidate `json:"candidates"`            // best first, at most three, Category among them
	Reasons       []Reason    `json:"reasons"`               // danger first, then what spoke for Category
	Version       string      `json:"version"`               // of the engine and its words
}

// Candidate is a class that the text may belong to.
type Candidate struct {
	Category string  `json:"category"`
	Score    float64 `json:"score"` // 0..1; the scores of all classes together are at most 1
	Item     string  `json:"item,omitempty"`
}

// The kinds of reason.
const (
	ForItem       = "item"           // Word speaks for the item Of
	ForClass      = "synonym"        // Word speaks for the class Of
	Danger        = "danger"         // Word speaks for the urgent class Of
	Escalates     = "escalate"       // Word beside its item makes it the class Of
	Negated       = "negated"        // Word would speak for Of, but it is said not to be so
	Past          = "past"           // … but it is told as over
	Chronic       = "chronic"        // … but it is told as a lasting nuisance
	Hypothetical  = "hypothetical"   // … but as something that might be
	Question      = "question"       // … but somebody asks for information
	Hearsay       = "hearsay"        // … but it was read or heard of
	Rhetoric      = "rhetoric"       // … but it is a manner of speaking, or part of another word
	Learned       = "learned"        // Word is used much in texts of the class Of: the model's reason
	LearnedDanger = "learned_danger" // Word sounds like the urgent class Of, though no danger word is in it
	Calmed        = "calmed"         // Word sounds like the urgent class Of, but the text it stands in tells of no danger now
	Gathered      = "gathered"       // Word tells of people gathering: C3
	Peaceful      = "peaceful"       // Word tells of many people, but of no gathering now or announced
	FirstPolice   = "first"          // Word speaks for police acting first: the class D in Of
	InRegion      = "region"         // Word names the region Of
	OrRegion      = "region_or"      // Word names the region Of, which may be meant as well
	Unreadable    = "unread"         // Of says why: script, garbled, short, long
)

// Reason is one thing that spoke for or against something. A page says it in
// the words of its message catalogue; Say does so where there is none.
type Reason struct {
	Kind string `json:"kind"`
	Word string `json:"word,omitempty"` // as the text has it
	Of   string `json:"of,omitempty"`   // code of the class, item or region
	At   int    `json:"at"`             // byte offset of Word in the text; -1 where it stands nowhere
}
