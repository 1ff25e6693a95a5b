package proof

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"liandong/internal/audit"
	"liandong/internal/hotline"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// Codes of what is wrong. They never change their meaning.
const (
	FileForm          = "file_form"          // a line that is none
	FileCut           = "file_cut"           // the end is missing
	FileChanged       = "file_changed"       // the node's signature under the file does not fit
	KeyMissing        = "key_missing"        // the file brings no key of that platform
	KeyOther          = "key_other"          // the file's keys are not the pinned ones
	HeadSignature     = "head_signature"     // no key of the node signed the head
	HeadMissing       = "head_missing"       // records, and no head
	HeadOrder         = "head_order"         // a later head is over less, or of an earlier time
	HeadRoot          = "head_root"          // the records up to here are not those that the head was signed over
	HeadOld           = "head_old"           // the head does not reach the record: it is an older one
	RecordChanged     = "record_changed"     // its content is not what the tree holds
	RecordNotInTree   = "record_not_in_tree" // its proof does not lead to the head
	RecordMissing     = "record_missing"     // it should be here and is not
	RecordTwice       = "record_twice"       // its place is taken
	RecordOrder       = "record_order"       // out of its order
	RecordForeign     = "record_foreign"     // of another node or case
	LogCut            = "log_cut"            // fewer records than the head was signed over
	StampWrong        = "stamp_wrong"        // it is not over the head before it, or nobody's, or not by an authority that is trusted
	CommitmentWrong   = "commitment_wrong"   // the personal text is not what was committed to
	LetterChanged     = "letter_changed"     // its content is not what the ledger took in
	LetterSignature   = "letter_signature"   // the platform that it names did not sign it
	LetterMissing     = "letter_missing"     // a number of a leg is not there, or the end names it
	LetterTwice       = "letter_twice"       // a number of a leg stands twice
	LetterForeign     = "letter_foreign"     // neither from nor to the node
	faultsMost        = 100
	lineMost          = 8 << 20
	recordsMissingMax = 20
)

// Fault is one thing that is wrong, and where.
type Fault struct {
	Code   string `json:"code"`
	Record string `json:"record,omitempty"` // id of the event
	Letter string `json:"letter,omitempty"` // its id
	Index  *int64 `json:"index,omitempty"`  // place in the log
	Line   int    `json:"line,omitempty"`   // of the file
	Detail string `json:"detail,omitempty"` // platform, key, leg: what the code speaks of
}

// Report is what came of verifying a file.
type Report struct {
	OK        bool      `json:"ok"`
	Kind      string    `json:"kind"`
	Platform  string    `json:"platform"`
	Case      string    `json:"case,omitempty"`
	At        time.Time `json:"at"`
	Events    int       `json:"events"`
	Letters   int       `json:"letters"`
	Unindexed int       `json:"unindexed"` // records that have no place in the tree yet: nothing proves them
	Erased    int       `json:"erased"`    // personal parts of which only the commitment is left
	Heads     int       `json:"heads"`
	Size      int64     `json:"size"` // of the last head
	HeadAt    time.Time `json:"head_at"`
	Epoch     int64     `json:"epoch"`
	Root      string    `json:"root"`
	KeyID     string    `json:"key"`
	// Pinned says that the node's key was given by whoever verifies; without,
	// the file speaks for itself only.
	Pinned      bool   `json:"pinned"`
	Fingerprint string `json:"fingerprint"` // of the node's key document
	// Stamps are the words of time-stamp authorities (RFC 3161) on heads of the
	// file, the last of each authority.
	Stamps []Stamp `json:"stamps,omitempty"`
	Faults []Fault `json:"faults"`
	More   int     `json:"more,omitempty"` // faults beyond those listed
}

// Stamp says that a head existed at a time.
type Stamp struct {
	Size      int64     `json:"size"` // of the head
	At        time.Time `json:"at"`   // by the authority
	Authority string    `json:"authority"`
	Trusted   bool      `json:"trusted"` // by the roots given
}

// Options of a verification.
type Options struct {
	// Roots are the authorities of time-stamps that the verifier trusts; nil:
	// stamps are shown to be whole, not by whom.
	Roots *x509.CertPool

	// Keys are key documents that the verifier trusts, by platform; those of
	// the file count only for platforms that are not here.
	Keys map[string]seal.PublicKeys
}

// Verify reads a file to its end and says all that is wrong with it. An error
// is one of reading; what is wrong stands in the report.
func Verify(r io.Reader, o Options) (Report, error) {
	v := &verifier{pinned: o.Keys, roots: o.Roots, keys: map[string]seal.PublicKeys{}, sum: sha256.New(), roller: audit.NewRoller(), at: -1,
		numbers: map[legSide][]int64{}}
	v.Faults = []Fault{}
	in := bufio.NewReaderSize(r, 1<<16)
	for {
		raw, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			raw, err = longLine(in, raw)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Report{}, fmt.Errorf("read proof: %w", err)
		}
		if len(raw) > 0 {
			v.line++
			v.take(raw)
		}
		if err != nil {
			break
		}
	}
	v.finish()
	v.OK = len(v.Faults) == 0
	return v.Report, nil
}

func longLine(in *bufio.Reader, begun []byte) ([]byte, error) {
	raw := bytes.Clone(begun)
	for {
		more, err := in.ReadSlice('\n')
		raw = append(raw, more...)
		if len(raw) > lineMost {
			return nil, hotline.Errorf(hotline.Invalid, "proof_line", "", lineMost>>20)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return raw, err
		}
	}
}

type verifier struct {
	Report
	pinned, keys map[string]seal.PublicKeys
	roots        *x509.CertPool
	sum          hash.Hash
	line         int
	titled       bool
	heads        []audit.Head
	checked      int // heads whose roots were compared
	roller       *audit.Roller
	rolled       int64
	at           int64 // the last place seen
	records      []string
	letters      []string
	numbers      map[legSide][]int64
	ended        bool
}

type legSide struct{ leg, from string }

func (v *verifier) fault(f Fault) {
	if f.Line == 0 {
		f.Line = v.line
	}
	if len(v.Faults) == faultsMost {
		v.More++
		return
	}
	v.Faults = append(v.Faults, f)
}

func (v *verifier) take(raw []byte) {
	var l line
	if err := json.Unmarshal(raw, &l, json.RejectUnknownMembers(true)); err != nil || v.ended {
		v.sum.Write(raw)
		v.fault(Fault{Code: FileForm})
		return
	}
	if l.End != nil {
		v.end(*l.End)
		return
	}
	v.sum.Write(raw)
	switch {
	case l.Proof != nil && !v.titled && l.Proof.Format == Format && (l.Proof.Kind == OfCase || l.Proof.Kind == OfLog):
		v.titled = true
		v.Kind, v.Platform, v.Case, v.At = l.Proof.Kind, l.Proof.Platform, l.Proof.Case, l.Proof.At
	case !v.titled:
		v.fault(Fault{Code: FileForm})
	case l.Keys != nil:
		v.takeKeys(*l.Keys)
	case l.Head != "":
		v.takeHead(l.Head)
	case l.Stamp != nil:
		v.takeStamp(l.Stamp)
	case l.Event != nil:
		v.takeEvent(l.Event)
	case l.Letter != nil:
		v.takeLetter(l.Letter)
	default:
		v.fault(Fault{Code: FileForm})
	}
}

// takeKeys takes the keys of a platform, unless the verifier knows better.
func (v *verifier) takeKeys(k seal.PublicKeys) {
	if err := k.Check(); err != nil {
		v.fault(Fault{Code: FileForm, Detail: err.Error()})
		return
	}
	if mine, ok := v.pinned[k.Platform]; ok {
		if !slices.ContainsFunc(k.AllSigning(), func(s seal.PublicKey) bool { _, known := mine.SigningKey(s.ID); return known }) {
			v.fault(Fault{Code: KeyOther, Detail: k.Platform})
		}
		k = mine
	}
	v.keys[k.Platform] = k
	if k.Platform == v.Platform {
		_, v.Pinned = v.pinned[k.Platform]
		v.Fingerprint = k.Fingerprint()
	}
}

func (v *verifier) takeHead(signed string) {
	h, keyID, err := audit.OpenHead(signed, v.keys[v.Platform])
	if err != nil {
		v.fault(Fault{Code: HeadSignature, Detail: hotline.CodeOf(err)})
		return
	}
	if n := len(v.heads); n > 0 && (h.Size < v.heads[n-1].Size || h.Epoch < v.heads[n-1].Epoch) {
		v.fault(Fault{Code: HeadOrder, Index: &h.Size})
		return
	}
	v.heads = append(v.heads, h)
	v.Heads, v.Size, v.HeadAt, v.Epoch, v.Root, v.KeyID = len(v.heads), h.Size, h.At, h.Epoch, hex.EncodeToString(h.Root[:]), keyID
}

// takeStamp checks a time-stamp over the head before it.
func (v *verifier) takeStamp(token []byte) {
	head, ok := v.lastHead()
	if !ok {
		v.fault(Fault{Code: FileForm})
		return
	}
	s, err := audit.OpenStamp(head, token, v.roots)
	if err != nil {
		v.fault(Fault{Code: StampWrong, Index: &head.Size, Detail: hotline.CodeOf(err)})
		return
	}
	v.Stamps = slices.DeleteFunc(v.Stamps, func(o Stamp) bool { return o.Authority == s.Authority })
	v.Stamps = append(v.Stamps, Stamp{Size: head.Size, At: s.At, Authority: s.Authority, Trusted: s.Trusted})
}

// recordFields are what a record is named and placed by.
type recordFields struct {
	ID         string `json:"id"`
	Node       string `json:"node"`
	Case       string `json:"case"`
	Commitment string `json:"commitment"`
}

func (v *verifier) takeEvent(e *Event) {
	v.Events++
	var r recordFields
	if err := json.Unmarshal(e.Record, &r); err != nil || r.ID == "" {
		v.fault(Fault{Code: FileForm})
		return
	}
	v.records = append(v.records, r.ID)
	f := Fault{Record: r.ID}
	if e.Index >= 0 {
		f.Index = &e.Index
	}
	say := func(code, detail string) {
		f.Code, f.Detail = code, detail
		v.fault(f)
	}
	if r.Node != v.Platform || v.Kind == OfCase && r.Case != v.Case {
		say(RecordForeign, r.Node+" "+r.Case)
	}
	leaf := audit.HashLeaf(e.Record)
	var stated audit.Hash
	if n, err := hex.Decode(stated[:], []byte(e.Leaf)); len(e.Leaf) != 64 || n != 32 || err != nil {
		say(FileForm, "leaf")
		return
	}
	changed := leaf != stated
	if changed {
		say(RecordChanged, "")
	}
	v.personal(r.Commitment, e.Personal, len(e.Sealed) > 0, f)
	if e.Index < 0 {
		v.Unindexed++
		return
	}
	if v.Kind == OfLog {
		v.takeLeaf(e.Index, stated, f)
		return
	}
	switch {
	case e.Index == v.at:
		say(RecordTwice, "")
	case e.Index < v.at:
		say(RecordOrder, "")
	}
	v.at = max(v.at, e.Index)
	switch head, ok := v.lastHead(); {
	case !ok: // said at the end
	case e.Index >= head.Size:
		say(HeadOld, "")
	case !audit.CheckInclusion(e.Index, head.Size, stated, e.Path, head.Root):
		say(RecordNotInTree, "")
	}
}

func (v *verifier) lastHead() (audit.Head, bool) {
	if len(v.heads) == 0 {
		return audit.Head{}, false
	}
	return v.heads[len(v.heads)-1], true
}

// takeLeaf takes the next leaf of a whole log, and compares the root wherever a
// head was signed.
func (v *verifier) takeLeaf(index int64, leaf audit.Hash, f Fault) {
	switch {
	case index == v.at:
		f.Code = RecordTwice
	case index < v.at:
		f.Code = RecordOrder
	case index > v.at+1:
		for i := v.at + 1; i < index && i <= v.at+recordsMissingMax; i++ {
			v.fault(Fault{Code: RecordMissing, Index: &i})
		}
	}
	if f.Code == RecordTwice || f.Code == RecordOrder {
		v.fault(f)
	}
	if head, ok := v.lastHead(); ok && index >= head.Size && v.at < head.Size {
		f.Code = HeadOld
		v.fault(f) // once: from here on
	}
	v.at = max(v.at, index)
	if err := v.roller.Add(leaf); err != nil {
		v.fault(Fault{Code: FileForm, Detail: err.Error()})
	}
	v.rolled++
	v.compareRoots()
}

func (v *verifier) compareRoots() {
	for v.checked < len(v.heads) && v.heads[v.checked].Size <= v.rolled {
		h := v.heads[v.checked]
		v.checked++
		if h.Size < v.rolled { // fewer than have gone by: a head over none
			continue
		}
		if root, err := v.roller.Root(); err != nil || root != h.Root {
			from := int64(0)
			if v.checked > 1 {
				from = v.heads[v.checked-2].Size
			}
			v.fault(Fault{Code: HeadRoot, Index: &h.Size, Detail: fmt.Sprintf("%d–%d", from, h.Size-1)})
		}
	}
}

// personal checks a personal text against its commitment.
func (v *verifier) personal(commitment, text string, sealed bool, f Fault) {
	switch {
	case commitment == "" && text == "":
	case text == "":
		if !sealed && v.Kind == OfCase {
			v.Erased++
		}
	case seal.Commit([]byte(text)) != commitment:
		f.Code = CommitmentWrong
		v.fault(f)
	}
}

// letterFields are what a letter is checked by.
type letterFields struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Leg        string    `json:"leg"`
	Number     int64     `json:"number"`
	SentAt     time.Time `json:"sent_at"`
	Commitment string    `json:"commitment"`
}

func (v *verifier) takeLetter(l *Letter) {
	v.Letters++
	var m letterFields
	if err := json.Unmarshal(l.Content, &m); err != nil || m.ID == "" {
		v.fault(Fault{Code: FileForm})
		return
	}
	v.letters = append(v.letters, m.ID)
	f := Fault{Letter: m.ID}
	if m.From != v.Platform && m.To != v.Platform {
		f.Code, f.Detail = LetterForeign, m.From+" "+m.To
		v.fault(f)
		return
	}
	if letter.HashOf(l.Content) != l.Hash {
		f.Code = LetterChanged
		v.fault(f)
	}
	keys, ok := v.keys[m.From]
	if !ok {
		f.Code, f.Detail = KeyMissing, m.From
		v.fault(f)
		return
	}
	if err := letter.VerifyContent(keys, l.Content, m.SentAt, l.Sig); err != nil {
		f.Code, f.Detail = LetterSignature, m.From
		v.fault(f)
	}
	f.Detail = ""
	v.personal(m.Commitment, l.Personal, len(l.Sealed) > 0, f)
	// A voided letter of the node gave its number to the void; a letter that came early waits for those before it.
	given := m.From == v.Platform && l.State == "voided" || m.To == v.Platform && l.State == "waiting"
	if m.Number > 0 && !given {
		side := legSide{m.Leg, m.From}
		v.numbers[side] = append(v.numbers[side], m.Number)
	}
}

// end compares the file with what its node said was in it.
func (v *verifier) end(e End) {
	v.ended = true
	v.Unindexed += e.Waiting
	digest, err := endDigest(v.sum, e)
	if err != nil || e.Sig == nil || seal.Verify(v.keys[v.Platform], signContext, digest, v.At, *e.Sig) != nil {
		v.fault(Fault{Code: FileChanged})
	}
	for _, id := range missing(e.Records, v.records) {
		v.fault(Fault{Code: RecordMissing, Record: id})
	}
	for _, id := range missing(e.LetterIDs, v.letters) {
		v.fault(Fault{Code: LetterMissing, Letter: id})
	}
	if e.Events != v.Events || e.Letters != v.Letters {
		v.fault(Fault{Code: FileCut, Detail: fmt.Sprintf("%d/%d %d/%d", v.Events, e.Events, v.Letters, e.Letters)})
	}
}

func missing(want, have []string) []string {
	there := make(map[string]bool, len(have))
	for _, id := range have {
		there[id] = true
	}
	return slices.DeleteFunc(slices.Clone(want), func(id string) bool { return there[id] })
}

// finish says what is missing at the end.
func (v *verifier) finish() {
	if !v.titled && len(v.Faults) == 0 {
		v.fault(Fault{Code: FileForm})
	}
	if !v.ended {
		v.fault(Fault{Code: FileCut})
	}
	if _, ok := v.keys[v.Platform]; v.titled && !ok {
		v.fault(Fault{Code: KeyMissing, Detail: v.Platform})
	}
	head, ok := v.lastHead()
	if !ok && v.at >= 0 {
		v.fault(Fault{Code: HeadMissing})
	}
	if v.Kind == OfLog && ok && v.rolled < head.Size {
		v.fault(Fault{Code: LogCut, Index: &v.rolled, Detail: fmt.Sprintf("%d/%d", v.rolled, head.Size)})
	}
	v.numbered()
}

// numbered looks for gaps and doubles in the numbers of each leg's side.
func (v *verifier) numbered() {
	sides := make([]legSide, 0, len(v.numbers))
	for s := range v.numbers {
		sides = append(sides, s)
	}
	slices.SortFunc(sides, func(a, b legSide) int { return bytes.Compare([]byte(a.leg+a.from), []byte(b.leg+b.from)) })
	for _, s := range sides {
		ns := v.numbers[s]
		slices.Sort(ns)
		next := int64(1)
		for _, n := range ns {
			for ; next < n; next++ {
				v.fault(Fault{Code: LetterMissing, Detail: fmt.Sprintf("%s %s %d", s.from, s.leg, next)})
			}
			if n < next {
				v.fault(Fault{Code: LetterTwice, Detail: fmt.Sprintf("%s %s %d", s.from, s.leg, n)})
			}
			next = n + 1
		}
	}
}
