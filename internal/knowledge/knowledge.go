// Package knowledge is what the seat asks and says (话术): questions by matter,
// and steps for staying on the line where life is at risk.
//
// The Chinese lines are proposals that ship with the program. A line in Tibetan
// is shown only where a person has read and approved it; the slots are empty
// until then. It decides nothing.
package knowledge

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"liandong/internal/catalogue/seedfile"
)

// Kind says what a line is for.
type Kind string

const (
	Ask  Kind = "ask"  // a question to the caller
	Tell Kind = "tell" // something to tell the caller
	Stay Kind = "stay" // a step of staying on the line
)

// Line is one thing to ask or say.
type Line struct {
	Of   string // class or item code
	Kind Kind
	ZH   string
	BO   string // "" where nobody has reviewed one
}

// Book is all lines. It never changes once read.
type Book struct{ lines []Line }

//go:embed seed
var seed embed.FS

// Seed is the book that ships with the program.
func Seed() (*Book, error) {
	files, err := fs.Sub(seed, "seed")
	if err != nil {
		return nil, err
	}
	return Parse(files)
}

// Parse reads scripts.csv. All faults are found at once; each names file and
// line.
func Parse(files fs.FS) (*Book, error) {
	rows, err := seedfile.Read(files, "scripts.csv", "of", "kind", "zh", "bo", "reviewed")
	faults := []error{err}
	var b Book
	for _, r := range rows {
		l := Line{Of: r.Get("of"), Kind: Kind(r.Get("kind")), ZH: r.Get("zh")}
		switch {
		case l.Of == "" || l.ZH == "":
			faults = append(faults, fmt.Errorf("%s: a line needs what it is of and its words", r.Where()))
		case !slices.Contains([]Kind{Ask, Tell, Stay}, l.Kind):
			faults = append(faults, fmt.Errorf("%s: unknown kind %q: ask, tell or stay", r.Where(), l.Kind))
		case r.Get("bo") != "" && r.Get("reviewed") == "":
			faults = append(faults, fmt.Errorf("%s: Tibetan that nobody has reviewed", r.Where()))
		}
		l.BO = r.Get("bo")
		b.lines = append(b.lines, l)
	}
	return &b, errors.Join(faults...)
}

// Of lists the lines of a kind for a matter: the item's own, then its class's.
func (b *Book) Of(kind Kind, codes ...string) []Line {
	var out []Line
	for _, code := range codes {
		for _, l := range b.lines {
			if l.Of == code && l.Kind == kind {
				out = append(out, l)
			}
		}
	}
	return out
}

// Codes lists the classes and items that have lines.
func (b *Book) Codes() []string {
	var out []string
	for _, l := range b.lines {
		if !slices.Contains(out, l.Of) {
			out = append(out, l.Of)
		}
	}
	return out
}
