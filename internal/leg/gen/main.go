// Command gen writes docs/states.md, the life of a leg, from the table in package leg
// and the words that people see. Run it from anywhere in the repository:
//
//	go run ./internal/leg/gen
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"liandong/internal/leg"
)

// target is the page, from the root of the repository.
const target = "docs/states.md"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	text, err := page(root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, target), []byte(text), 0o644)
}

// findRoot is the nearest directory above that holds go.mod.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod in this directory or above: run it inside the repository")
		}
		dir = up
	}
}

// words are the sentences of one language. The package message, which serves
// them to pages, lies above leg, so the file is read as it is.
type words map[string]string

func readWords(root, lang string) (words, error) {
	name := filepath.Join(root, "internal/message", lang, "word.txt")
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	out := words{}
	for line := range strings.Lines(string(raw)) {
		if key, word, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			out[strings.TrimSpace(key)] = strings.TrimSpace(word)
		}
	}
	return out, nil
}

// writer puts the page together and remembers words that are missing.
type writer struct {
	strings.Builder
	zh, en  words
	missing []string
}

func (w *writer) word(from words, kind, value string) string {
	s := from[kind+"."+value]
	if s == "" && !slices.Contains(w.missing, kind+"."+value) {
		w.missing = append(w.missing, kind+"."+value)
	}
	return s
}

// both is a value with its two names: `sent` 已发出.
func (w *writer) both(kind, value string) string {
	return "`" + value + "` " + w.word(w.zh, kind, value)
}

func (w *writer) row(cells ...string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }

func (w *writer) head(cells ...string) {
	w.row(cells...)
	w.WriteString("|" + strings.Repeat("---|", len(cells)) + "\n")
}

// page is the whole of docs/states.md.
func page(root string) (string, error) {
	w := &writer{}
	var err error
	if w.zh, err = readWords(root, "zh-CN"); err != nil {
		return "", err
	}
	if w.en, err = readWords(root, "en"); err != nil {
		return "", err
	}
	w.WriteString(`# The life of a leg (办理环节)

<!-- Written by go run ./internal/leg/gen from the table in internal/leg/table.go; a test fails when this page is behind. -->

A leg is one party's duty in a case: a transfer (移交) to another platform, or a dispatch (转办) to a unit under this desk. In every state
the next move belongs to one side, the **sender** (发出方) or the **holder** (承办方). What the other side wants meanwhile is an event that moves
nothing. So two copies of a leg on two platforms can never be moved apart, and nothing has to be merged.

`)
	w.diagram()
	w.states()
	w.moves()
	w.events()
	w.WriteString(`## What goes with the moves

- **Undeliverable** (` + w.word(w.zh, "state", "undeliverable") + `) is a flag on a sent leg, not a state: the sender's machine gave up on the offer. A receipt that comes late clears it.
- A **returned** or undeliverable leg wants a resolution of its sender: another leg takes its place, or the sender does it itself.
- A **return** names its ground and its legal basis. It is possible until work begins and always stands; whoever disagrees contests it beside the case.
- **One ask** is open at a time: a withdrawal asked by the sender, or an extension asked by the holder. Where both are asked at once, the
  withdrawal stands, on both sides. An ask ends with its answer, or when the leg is answered, returned or withdrawn. Accepting it or beginning work
  ends no ask, because the other side may have asked just before it heard of that.
- A **withdrawal** of a leg that nobody has accepted is granted by the holder's machine at once. On an urgent leg a person answers, since a car
  may already be rolling.
- A **settled** leg may be reopened for a while, ` + fmt.Sprint(int(leg.ReopenFor/(24*time.Hour))) + ` days unless its sender said otherwise; later, a new leg is sent.
- A **case** may be closed when every leg is settled, withdrawn, or returned or undeliverable with a resolution.
`)
	if len(w.missing) > 0 {
		return "", fmt.Errorf("no words for %s in internal/message", strings.Join(w.missing, ", "))
	}
	return w.String(), nil
}

// diagram draws the table; GitHub and most readers of Markdown show it as a
// picture, and it can be read as it is.
func (w *writer) diagram() {
	w.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> sent: send\n")
	for _, m := range leg.Moves() {
		fmt.Fprintf(w, "    %s --> %s: %s\n", m.From, m.To, m.Verb)
	}
	for _, s := range leg.States() {
		if s.Ended() {
			fmt.Fprintf(w, "    %s --> [*]\n", s)
		}
	}
	w.WriteString("```\n\n")
}

// seen is a moment at which a settled leg can still be reopened.
var seen = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func (w *writer) states() {
	w.WriteString("## States\n\nWhat a person may do is what their page offers while no ask is open.\n\n")
	w.head("state", "a person sees", "next move", "the sender may", "the holder may")
	for _, s := range leg.States() {
		owner := "nobody: an end"
		if o := leg.Owner(s); o != "" {
			owner = w.both("side", string(o))
		}
		if s == leg.Sent {
			owner += " (its machine)"
		}
		l := leg.Leg{State: s, ReopenUntil: seen}
		holder := w.verbs(l.Can(leg.Holder, seen))
		if s == leg.Sent {
			holder = "–" // its machine alone
		}
		w.row("`"+string(s)+"`", w.word(w.zh, "state", string(s))+" · "+w.word(w.en, "state", string(s)), owner,
			w.verbs(l.Can(leg.Sender, seen)), holder)
	}
	w.WriteString("\n")
}

func (w *writer) verbs(vs []leg.Verb) string {
	var out []string
	for _, v := range vs {
		out = append(out, w.word(w.zh, "verb", string(v)))
	}
	return strings.Join(out, "、")
}

func (w *writer) moves() {
	w.WriteString("## Moves\n\nEach is checked in one place, `leg.Next`; what is not here is refused.\n\n")
	w.head("from", "verb", "who", "to", "letter", "means")
	w.row("–", w.both("verb", string(leg.Send)), w.both("side", string(leg.Sender)), w.both("state", string(leg.Sent)),
		"`"+leg.TypeOffer+"`", w.word(w.en, "verb", string(leg.Send)))
	for _, m := range leg.Moves() {
		letter := leg.TypeOf(m.Verb)
		if m.Verb == leg.Receive {
			letter = leg.TypeReceipt
		}
		w.row(w.both("state", string(m.From)), w.both("verb", string(m.Verb)), w.both("side", string(m.Side)), w.both("state", string(m.To)),
			"`"+letter+"`", w.meaning(m.Verb, m.Side))
	}
	w.WriteString("\n")
}

func (w *writer) events() {
	w.WriteString("## Events\n\nThey move nothing. The letter has the name of the verb.\n\n")
	w.head("verb", "who", "in which states", "means")
	for _, v := range leg.Verbs() {
		bySide := map[leg.Side]string{}
		for _, side := range []leg.Side{leg.Sender, leg.Holder} {
			bySide[side] = w.standing(v, side)
		}
		switch sender, holder := bySide[leg.Sender], bySide[leg.Holder]; {
		case sender != "" && sender == holder && w.meaning(v, leg.Sender) == w.meaning(v, leg.Holder):
			w.row(w.both("verb", string(v)), "either", sender, w.word(w.en, "verb", string(v)))
		default:
			for _, side := range []leg.Side{leg.Sender, leg.Holder} {
				if bySide[side] != "" {
					w.row(w.both("verb", string(v)), w.both("side", string(side)), bySide[side], w.meaning(v, side))
				}
			}
		}
	}
	w.WriteString("\n")
}

// meaning says of an answer what it answers.
func (w *writer) meaning(v leg.Verb, side leg.Side) string {
	en := w.word(w.en, "verb", string(v))
	if v != leg.Grant && v != leg.Refuse {
		return en
	}
	if side == leg.Sender {
		return en + " an extension"
	}
	return en + " a withdrawal"
}

// standing lists the states in which a side may use a verb and nothing moves.
func (w *writer) standing(v leg.Verb, side leg.Side) string {
	var out []string
	for _, s := range leg.States() {
		if to, err := leg.Next(s, v, side); err == nil && to == s {
			out = append(out, "`"+string(s)+"`")
		}
	}
	if len(out) == len(leg.States()) {
		return "any"
	}
	return strings.Join(out, ", ")
}
