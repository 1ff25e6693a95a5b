package proof

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"liandong/internal/seal"
)

// Format names the version of the file.
const Format = "liandong-proof/1"

// Kinds of file.
const (
	OfCase = "case" // the records and letters of one case, each record with its own proof
	OfLog  = "log"  // every record of a node: together they are the tree
)

// signContext keeps the signature under a file from being one of anything else.
const signContext = "liandong proof v1\n"

// Title says what a file is.
type Title struct {
	Format   string    `json:"format"`
	Kind     string    `json:"kind"`
	Platform string    `json:"platform"`      // the node whose log it is
	Case     string    `json:"case,omitzero"` // of OfCase
	At       time.Time `json:"at"`            // when it was made
	Revealed bool      `json:"revealed,omitzero"`
}

// Event is a record with its place in the tree.
type Event struct {
	Index  int64          `json:"index"` // -1: it has none yet
	Leaf   string         `json:"leaf"`  // hex, as the tree keeps it
	Path   [][]byte       `json:"path,omitzero"`
	Record jsontext.Value `json:"record"` // canonical, byte for byte what was hashed
	// Personal is the personal text under the record's commitment, with its
	// salt, byte for byte; Sealed is the same under the case's key.
	Personal string `json:"personal,omitzero"`
	Sealed   []byte `json:"sealed,omitzero"`
}

// Letter is a letter in its canonical content, with its signature. The keys
// that open its personal part are not in the file, so that erasure reaches it.
type Letter struct {
	State    string         `json:"state"`
	Hash     string         `json:"hash"` // hex, as the ledger keeps it
	Sig      seal.Signature `json:"sig"`
	Content  jsontext.Value `json:"content"`
	Personal string         `json:"personal,omitzero"`
	Sealed   []byte         `json:"sealed,omitzero"`
}

// End lists what must have been in the file.
type End struct {
	Events  int `json:"events"`
	Letters int `json:"letters"`
	// Waiting is how many records of the node had no place in the tree, and are
	// not in the file; of a log only.
	Waiting int `json:"waiting,omitzero"`
	// Records and LetterIDs name them, in the order of the file; of a case only.
	Records   []string `json:"records,omitzero"`
	LetterIDs []string `json:"letter_ids,omitzero"`
	// Sig is the node's, over the SHA-256 of the lines before and of this
	// object without it.
	Sig *seal.Signature `json:"sig,omitzero"`
}

// line is one line of the file: one of these.
type line struct {
	Proof  *Title           `json:"proof,omitzero"`
	Keys   *seal.PublicKeys `json:"keys,omitzero"`
	Head   string           `json:"head,omitzero"`
	Stamp  []byte           `json:"stamp,omitzero"`
	Event  *Event           `json:"event,omitzero"`
	Letter *Letter          `json:"letter,omitzero"`
	End    *End             `json:"end,omitzero"`
}

// Writer writes a file, line by line. The first error stays.
type Writer struct {
	w     *bufio.Writer
	sum   hash.Hash
	title Title
	end   End
	err   error
}

// NewWriter begins a file.
func NewWriter(w io.Writer, title Title) *Writer {
	title.Format = Format
	out := &Writer{w: bufio.NewWriter(w), sum: sha256.New(), title: title}
	out.put(line{Proof: &title})
	return out
}

func (w *Writer) put(l line) {
	if w.err != nil {
		return
	}
	doc, err := json.Marshal(l)
	if err != nil {
		w.err = fmt.Errorf("write proof: %w", err)
		return
	}
	doc = append(doc, '\n')
	w.sum.Write(doc)
	_, w.err = w.w.Write(doc)
}

// Keys adds the keys of a platform, the node's own first.
func (w *Writer) Keys(k seal.PublicKeys) { w.put(line{Keys: &k}) }

// Head adds a signed head; the last is the one that paths lead to.
func (w *Writer) Head(signed string) { w.put(line{Head: signed}) }

// Stamp adds a time-stamp (RFC 3161, DER) over the text of the head before it.
func (w *Writer) Stamp(token []byte) { w.put(line{Stamp: token}) }

// Event adds a record; its id is what the end names it by.
func (w *Writer) Event(id string, e Event) {
	w.put(line{Event: &e})
	w.end.Events++
	if w.title.Kind == OfCase {
		w.end.Records = append(w.end.Records, id)
	}
}

// Letter adds a letter.
func (w *Writer) Letter(id string, l Letter) {
	w.put(line{Letter: &l})
	w.end.Letters++
	if w.title.Kind == OfCase {
		w.end.LetterIDs = append(w.end.LetterIDs, id)
	}
}

// Waiting says how many records had no place yet.
func (w *Writer) Waiting(n int) { w.end.Waiting = n }

// Close signs and ends the file.
func (w *Writer) Close(keys seal.KeyService) error {
	digest, err := endDigest(w.sum, w.end)
	if err != nil {
		return err
	}
	sig, err := seal.Sign(keys, signContext, digest)
	if err != nil {
		return err
	}
	w.end.Sig = &sig
	w.put(line{End: &w.end})
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}

func endDigest(before hash.Hash, end End) (digest [32]byte, err error) {
	end.Sig = nil
	doc, err := json.Marshal(end)
	if err != nil {
		return digest, fmt.Errorf("write proof: %w", err)
	}
	before.Write(doc)
	copy(digest[:], before.Sum(nil))
	return digest, nil
}
