package desk

import (
	"encoding/json"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
	"liandong/internal/triage"
)

// CaseView is a case as one actor may see it. Personal data is masked; Reveal
// is the way to the rest.
type CaseView struct {
	casefile.Case
	Line        string
	DueAt       time.Time // earliest open due time; zero none
	Text        hotline.Masked
	Redacted    bool // Text hides something that Reveal shows
	Caller      hotline.Masked
	Phone       hotline.Masked
	Address     hotline.Masked
	Told        hotline.Masked
	Erased      bool
	CanErase    bool            // it is closed, and the actor may
	Proposal    triage.Proposal // kept as it was made at intake
	Legs        []LegView
	Clocks      []deadline.Clock
	Disputes    []store.Dispute
	Attachments []AttachmentView  // those that the actor may know of
	Group       []casefile.Case   // the other cases of its group, the lead first
	Steps       []casefile.Step   // what may be done next, the first is the primary one
	Dispatch    casefile.Dispatch // on the 110 side: when a unit was sent, came, answered
	CanDispatch bool              // it is for the police, and the actor may record those
	CanWork     bool              // the actor may decide of the case
	CanShow     bool              // the actor may reveal personal data
	CanSeeViews bool              // the actor may see who did
	CanAttach   bool              // the actor may put a file to it
}

// LegView is a leg as one actor may see it.
type LegView struct {
	leg.Leg
	HolderName string // unit or platform that holds it
	SenderName string
	PeerLine   string // line of the platform at the other end; "" a unit of this node
	Phone      string // of the holder, for the urgent prompt
	Ask        hotline.Masked
	DueAt      time.Time
	MovedAt    time.Time
	Prompted   bool                 // pick up the phone: no receipt or no acceptance in time
	Silenced   bool                 // accepted by phone
	Unfounded  bool                 // its return counts as unfounded
	Can        []leg.Verb           // what the actor may do with it now
	Acting     leg.Side             // the side that the actor is on
	Hand       []leg.Verb           // moves of the other side that the actor may enter: it is not connected
	Stop       *store.SuspensionAsk // the holder asks that the time limit stand still; nil: it does not
	CanStop    bool                 // the actor may say yes to that
	Adopt      bool                 // people carried it, and the actor may hand it over by wire now
}

// EventView is an event as one actor may see it.
type EventView struct {
	store.Event
	Text hotline.Masked // note, redacted
}

// Of is a text that the event's body holds; "" where it holds none.
func (e EventView) Of(name string) string {
	var b map[string]any
	if json.Unmarshal([]byte(e.Body), &b) != nil {
		return ""
	}
	s, _ := b[name].(string)
	return s
}

// CaseList is a page of cases.
type CaseList struct {
	Cases []CaseView
	Next  hotline.Cursor // zero: no more
}

// Person is personal data in the clear, for one who gave a reason.
type Person struct {
	Text, Name, Phone, Address, Told string
	Notes                            map[string]string       // by event id
	Files                            map[string]RevealedFile // by attachment id
}
