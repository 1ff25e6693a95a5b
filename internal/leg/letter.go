package leg

import (
	"cmp"
	"fmt"
	"time"
)

// Schema is the version of the letters written here: major.minor. A reader
// takes every minor of its major.
const Schema = "1.0"

// Letter types beside the verbs, which are types of their own under the same
// name; Send travels as TypeOffer.
const (
	TypeOffer   = "offer"
	TypeReceipt = "receipt"
	TypeError   = "error"
	TypeErase   = "erase" // the key of the case is destroyed, and shall be at the reader's
	TypeKeys    = "keys"  // the sender has a new key, announced under the old one
	TypeHead    = "head"  // of the sender's log of events

	TypeAttachment = "attachment" // one part of a file

	TypeReconcile = "reconcile" // asks what the other side holds, or answers that

	// Of a consultation (会商): numbered in it, and about no leg.
	TypeConsultOpen  = "consult.open"
	TypeConsultSay   = "consult.say"
	TypeConsultRule  = "consult.rule"
	TypeConsultClose = "consult.close"
)

// TypeOf is the type of the letter that tells of a verb.
func TypeOf(v Verb) string {
	if v == Send {
		return TypeOffer
	}
	return string(v)
}

// Letter is the content of a message between two platforms: everything but the
// sealed personal part and the signature. Its identity is its id together with
// the hash of its canonical form.
type Letter struct {
	ID     string            `json:"id"` // never changes on a resend
	Type   string            `json:"type"`
	Schema string            `json:"schema"`
	From   string            `json:"from"` // platform codes
	To     string            `json:"to"`
	Link   string            `json:"link"`
	Epoch  int64             `json:"epoch"` // of the sending node, from 1
	Cases  map[string]string `json:"cases,omitempty"`
	Leg    string            `json:"leg,omitempty"`
	// Consultation is the id of a consultation between the two platforms, in the
	// place of a leg.
	Consultation string `json:"consultation,omitempty"`

	Number int64    `json:"number,omitempty"` // per leg or consultation, and direction, from 1; 0 unnumbered
	Via    []string `json:"via,omitempty"`    // platforms passed, the sender last

	SentAt    time.Time  `json:"sent_at"` // when the act happened, RFC 3339 with zone
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Requires  []string   `json:"requires,omitempty"` // fields a reader must know or refuse

	Body Body `json:"body"`
	// Commitment is the SHA-256 of the sealed personal part in the clear, which
	// holds a salt; hex. Empty where nothing is sealed.
	Commitment string `json:"commitment,omitempty"`
}

// Thread is what the letter is numbered in: its leg, or its consultation.
func (l Letter) Thread() string { return cmp.Or(l.Leg, l.Consultation) }

// Body of a letter. Each type uses some of the fields; the JSON Schemas in
// docs/exchange say which. Free text never stands here: it is personal.
type Body struct {
	// offer
	Role          Role       `json:"role,omitempty"`
	Urgent        bool       `json:"urgent,omitempty"`
	Kind          string     `json:"kind,omitempty"`
	Level         int        `json:"level,omitempty"`
	Class         string     `json:"class,omitempty"`
	Item          string     `json:"item,omitempty"`
	UrgentClass   string     `json:"urgent_class,omitempty"`
	FirstResponse string     `json:"first_response,omitempty"`
	Region        string     `json:"region,omitempty"`
	Catalogue     string     `json:"catalogue,omitempty"`
	Channel       string     `json:"channel,omitempty"`
	OccurredAt    *time.Time `json:"occurred_at,omitempty"`
	Confidential  bool       `json:"confidential,omitempty"`
	SafeContact   string     `json:"safe_contact,omitempty"` // when and how the caller may be called
	SubjectUnit   string     `json:"subject_unit,omitempty"` // whom a complaint is about
	Language      string     `json:"language,omitempty"`
	Unread        bool       `json:"unread,omitempty"` // the text was not assessed for danger
	CallbackBy    string     `json:"callback_by,omitempty"`
	CallID        string     `json:"call_id,omitempty"`
	Spoken        bool       `json:"spoken,omitempty"`
	ForLeg        string     `json:"for_leg,omitempty"` // the leg whose rest this offer carries
	Dues          []Due      `json:"dues,omitempty"`
	Adopt         []Carried  `json:"adopt,omitempty"` // what was done while people carried the leg

	// receipt, error, void
	Re     string     `json:"re,omitempty"`     // id of the letter answered or voided
	Hash   string     `json:"hash,omitempty"`   // its content hash, hex
	Status string     `json:"status,omitempty"` // of a receipt
	At     *time.Time `json:"at,omitempty"`
	Late   bool       `json:"late,omitempty"`
	Code   string     `json:"code,omitempty"`
	Field  string     `json:"field,omitempty"`

	// moves and asks
	Unit        string     `json:"unit,omitempty"`   // of the acting party
	Person      string     `json:"person,omitempty"` // staff who acted, as shown on the other side
	ByPhone     bool       `json:"by_phone,omitempty"`
	Ground      Ground     `json:"ground,omitempty"`
	Basis       string     `json:"basis,omitempty"`
	NextOwner   string     `json:"next_owner,omitempty"`
	RestLeg     string     `json:"rest_leg,omitempty"` // "my part is done, the rest is leg X"
	ReopenUntil *time.Time `json:"reopen_until,omitempty"`
	Of          Verb       `json:"of,omitempty"`  // what grant and refuse answer
	Due         *time.Time `json:"due,omitempty"` // extension: asked or granted

	// consultation: besides these, parties, due, class, item, region, catalogue,
	// confidential and basis
	Cause     string              `json:"cause,omitempty"`
	Form      string              `json:"form,omitempty"`
	Interim   string              `json:"interim,omitempty"`    // who works on meanwhile
	Evidence  []map[string]string `json:"evidence,omitempty"`   // further cases, as Letter.Cases
	Party     string              `json:"party,omitempty"`      // whose word it is
	Owner     string              `json:"owner,omitempty"`      // of the matter, as ruled
	RulesFrom *time.Time          `json:"rules_from,omitempty"` // from when

	// call
	Parties []string `json:"parties,omitempty"` // platform, unit or "caller"
	Outcome string   `json:"outcome,omitempty"`
	Consent *bool    `json:"consent,omitempty"`

	// head: the signed head, and the proof that it goes on from the head of size
	// From; Seen is the size of the receiver's head that the sender holds
	Head string   `json:"head,omitempty"`
	From int64    `json:"from,omitempty"`
	Path []string `json:"path,omitempty"`
	Seen int64    `json:"seen,omitempty"`

	// keys: the sender's key document as it is now, and its fingerprint
	Keys        string `json:"keys,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`

	// attachment, and the supplement that names it
	Attachment *File `json:"attachment,omitempty"`
	Part       int64 `json:"part,omitempty"` // from 1

	// supplement: an entry of the sender's ledger of suspensions, as it is now;
	// Due is the answer's due time with it. extend: what the holder asks to be
	// suspended
	Suspension *Suspension `json:"suspension,omitempty"`

	// reconcile: stretches of both sides' ledgers; Re is the question answered
	Ranges []Range `json:"ranges,omitempty"`

	// callback
	Solved       *bool `json:"solved,omitempty"`
	Satisfaction int   `json:"satisfaction,omitempty"` // raw, 1 best
	Scale        int   `json:"scale,omitempty"`        // 3 or 5
	Mapped       int   `json:"mapped,omitempty"`       // on the 3-level scale
}

// Range is a stretch of a list that two sides compare: the entries whose ids come
// after one and up to another, in the order of bytes.
type Range struct {
	List  string `json:"list"`            // ListAsker, ListAnswerer, ListLegs or ListConsultations
	After string `json:"after,omitempty"` // "" from the beginning
	Until string `json:"until,omitempty"` // "" to the end
	Count int64  `json:"count"`           // entries that are in force at the writer
	Hash  string `json:"hash"`            // hex SHA-256 over these
	// Listed says that Entries are all that the writer has of the range.
	Listed  bool    `json:"listed,omitempty"`
	Entries []Entry `json:"entries,omitempty"`
}

// Lists that two sides compare, named by who asks.
const (
	ListAsker    = "asker"    // letters that the asking side wrote
	ListAnswerer = "answerer" // letters that the answering side wrote
	ListLegs     = "legs"

	ListConsultations = "consultations" // by the ids that their letters name
)

// Entry is what is compared of a letter, a leg or a consultation.
type Entry struct {
	ID     string `json:"id"`
	Hash   string `json:"hash,omitempty"` // of a letter, or of a ruling
	State  string `json:"state"`
	Leg    string `json:"leg,omitempty"`    // of a letter
	Apart  bool   `json:"apart,omitempty"`  // a leg or consultation that the other side need not have
	Moving bool   `json:"moving,omitempty"` // one of which a letter waits for its receipt
}

// Carried is a move of a leg that people carried, before the two platforms were
// connected.
type Carried struct {
	Verb Verb      `json:"verb"`
	At   time.Time `json:"at"`
	How  string    `json:"how,omitempty"` // phone, fax, paper, chat, sheet
	Who  string    `json:"who,omitempty"`
}

// File names a file that belongs to a case. Its id, made where it was put up,
// and its hash are the same on every platform.
type File struct {
	ID    string `json:"id"`
	Hash  string `json:"hash"`  // hex SHA-256 over the commitments of its parts
	Size  int64  `json:"size"`  // bytes
	Media string `json:"media"` // media type
}

// Suspension is a stretch, half-open, in which the answer of a leg is not owed.
// Told again under the same id, it ends earlier; where From is To it never was.
type Suspension struct {
	ID     string    `json:"id"` // at the platform that sent the leg
	Ground string    `json:"ground"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// Due is one owed answer's limit as the sender computed it.
type Due struct {
	Clock  string    `json:"clock"`
	Due    time.Time `json:"due"`
	Budget string    `json:"budget,omitempty"`
}

// Receipt statuses.
const (
	ReceiptApplied = "applied" // stored and applied
	ReceiptWaiting = "waiting" // stored; a number before it is missing
)

// Private is the personal part of a letter, sealed by itself under the case's
// key. Salt makes its commitment say nothing about its content.
type Private struct {
	Salt         string `json:"salt"`           // 32 random bytes, hex
	Text         string `json:"text,omitempty"` // the words of the call
	CallerName   string `json:"caller_name,omitempty"`
	CallerPhone  string `json:"caller_phone,omitempty"`
	Address      string `json:"address,omitempty"`
	Ask          string `json:"ask,omitempty"`           // what the other side shall do
	PoliceAction string `json:"police_action,omitempty"` // first response: what police did
	Note         string `json:"note,omitempty"`          // reason, progress, supplement
	Result       string `json:"result,omitempty"`        // feedback
	Name         string `json:"name,omitempty"`          // of a file
	Data         string `json:"data,omitempty"`          // a part of a file, base64
}

// Empty says that there is nothing to seal.
func (p Private) Empty() bool {
	p.Salt = ""
	return p == Private{}
}

// Numbered says that letters of a type take a number in their leg and are
// receipted.
func Numbered(typ string) bool { return Receipted(typ) && typ != TypeAttachment }

// Receipted says that letters of a type are sent until their receipt is here.
// The parts of a file take no number: nothing waits for them.
func Receipted(typ string) bool {
	return typ != TypeReceipt && typ != TypeError && typ != TypeHead && typ != TypeKeys && typ != TypeReconcile
}

// Expires says that retries of a type end at expires_at: offers, urges and
// asks. A letter that moves state is retried until receipted.
func Expires(typ string) bool {
	switch Verb(typ) {
	case TypeOffer, Urge, Withdraw, Extend:
		return true
	}
	return false
}

// Format prints a mask: the content appears in no log by accident.
func (p Private) Format(f fmt.State, _ rune) { fmt.Fprint(f, "***") }
