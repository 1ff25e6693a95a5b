package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"liandong/internal/catalogue"
	"liandong/internal/directory"
	"liandong/internal/triage"
)

// lineMost bounds a line of input, in bytes: the longest text a case can have
// fits many times.
const lineMost = 1 << 20

func newTriage() *cobra.Command {
	var version string
	cmd := &cobra.Command{
		Use: "triage", Short: "Propose line, class, urgency and unit for texts", Args: noArgs,
		Long: `Reads JSONL {"id","text"} on stdin and writes a proposal for each as JSONL on stdout, in the same order. It needs no running node.

A line that cannot be read is reported with its number on stderr; the rest is done, and the exit status is 1.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := newTriager(version)
			if err != nil {
				return err
			}
			return t.all(cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&version, "catalogue", catalogue.SeedVersion, "`VERSION` of the catalogue")
	return cmd
}

// triager proposes for texts by the catalogue and directory that the program
// ships.
type triager struct {
	engine triage.Engine
	cat    *catalogue.Catalogue
	dir    *directory.Directory
	root   string // region that stands for "somewhere"
}

func newTriager(version string) (*triager, error) {
	if version != catalogue.SeedVersion {
		return nil, usagef("no catalogue %q in this program; there is %s", version, catalogue.SeedVersion)
	}
	cat, err := catalogue.Seed()
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	dir, err := directory.Seed()
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	regions := dir.Regions()
	root := slices.IndexFunc(regions, func(r directory.Region) bool { return r.Parent == "" })
	return &triager{engine: triage.New(cat, dir), cat: cat, dir: dir, root: regions[root].Code}, nil
}

// triageIn is a line of input; what else it holds is not for triage.
type triageIn struct {
	ID   json.RawMessage `json:"id"`
	Text *string         `json:"text"`
}

// triageOut is a line of output.
type triageOut struct {
	ID            json.RawMessage   `json:"id"`
	Line          string            `json:"line"`
	Category      string            `json:"category"`
	Item          string            `json:"item,omitempty"`
	Region        string            `json:"region,omitempty"`
	Unit          string            `json:"unit,omitempty"`
	Level         int               `json:"level"`
	Unread        bool              `json:"unread"`
	Urgent        string            `json:"urgent"`
	FirstResponse string            `json:"first_response"`
	Score         float64           `json:"score"`
	Candidates    []triageCandidate `json:"candidates"`
	Reasons       []string          `json:"reasons"`
}

type triageCandidate struct {
	Category string  `json:"category"`
	Score    float64 `json:"score"`
}

// all goes through the input line by line.
func (t *triager) all(in io.Reader, out, diagnostics io.Writer) error {
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	bad := 0
	err := eachLine(in, func(number int, line []byte, err error) error {
		var got triageOut
		if err == nil {
			got, err = t.one(line)
		}
		if err != nil {
			bad++
			fmt.Fprintf(diagnostics, "line %d: %v\n", number, err)
			return nil
		}
		return enc.Encode(got)
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		return err
	}
	if bad > 0 {
		fmt.Fprintf(diagnostics, "liandong: %d lines could not be read\n", bad)
		return errFailed
	}
	return nil
}

func (t *triager) one(line []byte) (triageOut, error) {
	var in triageIn
	if err := json.Unmarshal(line, &in); err != nil {
		return triageOut{}, fmt.Errorf("not a JSON object with id and text: %w", err)
	}
	if len(in.ID) == 0 || in.ID[0] != '"' && (in.ID[0] < '0' || in.ID[0] > '9') {
		return triageOut{}, errors.New("id: want a text or a number")
	}
	if in.Text == nil {
		return triageOut{}, errors.New("text is missing")
	}
	p := t.engine.Propose(*in.Text)
	o := triageOut{ID: in.ID, Line: p.Line, Category: p.Category, Item: p.Item, Region: p.Region, Level: p.Level, Unread: p.Unread,
		Urgent: p.Urgent, FirstResponse: p.FirstResponse, Score: p.Score, Candidates: []triageCandidate{}, Reasons: []string{}}
	region := p.Region
	if region == "" {
		region = t.root
	}
	if u, _, ok := directory.Route(t.cat, t.dir, p.Item, p.Category, region); ok {
		o.Unit = u.Code
	}
	for _, c := range p.Candidates {
		o.Candidates = append(o.Candidates, triageCandidate{Category: c.Category, Score: c.Score})
	}
	for _, r := range p.Reasons {
		o.Reasons = append(o.Reasons, r.Say(t.cat, "zh"))
	}
	return o, nil
}

// eachLine calls f for every line that is not blank, with its number from 1.
// One that is too long comes with an error and without its content.
func eachLine(in io.Reader, f func(number int, line []byte, err error) error) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for number := 1; ; number++ {
		line, tooLong, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read: %w", err)
		}
		var fault error
		if tooLong {
			line, fault = nil, fmt.Errorf("longer than %d bytes", lineMost)
		}
		if fault != nil || len(bytes.TrimSpace(line)) > 0 {
			if err := f(number, bytes.TrimSpace(line), fault); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// readLine reads to the end of a line, but keeps no more than lineMost of it.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > lineMost {
			tooLong, line = true, nil
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}
