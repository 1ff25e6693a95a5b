package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// How a replay goes.
const (
	replayAtOnce  = 8
	replayPatient = 10 * time.Minute // a node that does not answer is waited for this long
	replayPause   = 100 * time.Millisecond
	replayPauses  = 2 * time.Second // the longest pause between two tries
)

// replay is one run of the command.
type replay struct {
	from   string
	to     nodes
	rate   float64
	drive  string
	inJSON bool

	clients []*client
	log     io.Writer
	fed     map[string]int // external ids that are a case now, and on how many nodes
}

func newReplay() *cobra.Command {
	var r replay
	cmd := &cobra.Command{
		Use: "replay", Short: "Feed texts from a file into running nodes as intakes", Args: noArgs,
		Long: `Reads JSONL {"id","text", …} and takes each line as a case, in turn on each node. Other fields of an intake (channel, region, address, caller,
category …) are passed on; the id becomes the case's external_id, so running it again adds nothing twice. A node that does not answer, because it
restarts, is tried again for ten minutes.

With --drive SEED it then plays the clerks of both sides: decides, passes on, sends, accepts, returns, works, answers, settles, reopens, calls
back and closes, by a seed, until nothing moves, and says what became of each case.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.log = cmd.ErrOrStderr()
			return r.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&r.from, "from", "", "`FILE` of texts (- reads stdin)")
	r.to.flags(cmd)
	cmd.Flags().Float64Var(&r.rate, "rate", 0, "at most `R` intakes a second (default: as fast as they are taken)")
	cmd.Flags().StringVar(&r.drive, "drive", "", "play the clerks, by a `SEED`")
	asJSON(cmd, &r.inJSON)
	return cmd
}

// Tally is what became of the lines.
type Tally struct {
	Lines   int           `json:"lines"`
	Taken   int           `json:"taken"`   // cases added by this run
	Already int           `json:"already"` // were there before
	Failed  []FailedLine  `json:"failed"`
	Driven  *DriveSummary `json:"driven,omitempty"`
}

// FailedLine is a line that is no case now, and why.
type FailedLine struct {
	Line   int    `json:"line"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

func (r *replay) run(ctx context.Context, out io.Writer) error {
	if r.from == "" {
		return usagef("--from FILE is needed")
	}
	if r.rate < 0 {
		return usagef("--rate is above zero")
	}
	var err error
	if r.clients, err = r.to.clients(replayAtOnce); err != nil {
		return err
	}
	f := os.Stdin
	if r.from != "-" {
		var err error
		if f, err = os.Open(r.from); err != nil {
			return err
		}
		defer f.Close()
	}
	tally, err := r.feed(ctx, f)
	if err != nil {
		return err
	}
	if !r.inJSON {
		fmt.Fprintf(out, "lines %d, taken %d, there already %d, failed %d\n", tally.Lines, tally.Taken, tally.Already, len(tally.Failed))
		for _, x := range tally.Failed {
			fmt.Fprintf(out, "  line %d %s: %s\n", x.Line, x.ID, x.Reason)
		}
	}
	if r.drive != "" {
		if tally.Driven, err = r.play(ctx); err != nil {
			return err
		}
		if !r.inJSON {
			tally.Driven.print(out)
		}
	}
	if r.inJSON {
		if err := printJSON(out, tally); err != nil {
			return err
		}
	}
	if len(tally.Failed) > 0 || tally.Driven != nil && tally.Driven.gaveUp() {
		return errFailed
	}
	return nil
}

// intakeFields are the fields of a line that an intake takes as they are.
var intakeFields = []string{"text", "channel", "occurred_at", "region", "address", "caller", "confidential", "category", "kind", "level", "item",
	"urgent", "danger", "safe_contact", "subject_unit", "call_id"}

// intake is a line as the body of POST /api/v1/cases.
func intake(line []byte) (id string, body map[string]any, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return "", nil, fmt.Errorf("not a JSON object with id and text: %w", err)
	}
	if err := json.Unmarshal(fields["id"], &id); err != nil || id == "" {
		return "", nil, errors.New("id: want a text that is not empty")
	}
	if fields["text"] == nil {
		return id, nil, errors.New("text is missing")
	}
	body = map[string]any{"external_id": id, "channel": "web"}
	for _, f := range intakeFields {
		if v, ok := fields[f]; ok {
			body[f] = v
		}
	}
	return id, body, nil
}

// feed takes every line as a case.
func (r *replay) feed(ctx context.Context, in io.Reader) (*Tally, error) {
	t := &Tally{Failed: []FailedLine{}}
	r.fed = map[string]int{}
	on := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, replayAtOnce)
	var tick <-chan time.Time
	if r.rate > 0 {
		ticker := time.NewTicker(time.Duration(float64(time.Second) / r.rate))
		defer ticker.Stop()
		tick = ticker.C
	}
	err := eachLine(in, func(number int, line []byte, err error) error {
		turn := t.Lines % len(r.clients)
		t.Lines++
		var id string
		var body map[string]any
		if err == nil {
			id, body, err = intake(line)
		}
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			t.Failed = append(t.Failed, FailedLine{Line: number, ID: id, Reason: err.Error()})
			return nil
		}
		if tick != nil {
			select {
			case <-tick:
			case <-ctx.Done():
			}
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			status, err := patiently(ctx, func() (int, error) {
				return r.clients[turn].call(ctx, http.MethodPost, "/api/v1/cases", body, nil)
			})
			mu.Lock()
			defer mu.Unlock()
			if at := fmt.Sprint(turn, " ", id); err == nil && !on[at] { // a line may come twice
				on[at] = true
				r.fed[id]++
			}
			switch {
			case err != nil:
				t.Failed = append(t.Failed, FailedLine{Line: number, ID: id, Reason: err.Error()})
			case status == http.StatusCreated:
				t.Taken++
			default:
				t.Already++
			}
		})
		return ctx.Err()
	})
	wg.Wait()
	slices.SortFunc(t.Failed, func(a, b FailedLine) int { return a.Line - b.Line })
	return t, err
}

// patiently makes a call again while the node does not answer: it may be
// restarting. The call must be one that may come twice.
func patiently[T any](ctx context.Context, call func() (T, error)) (T, error) {
	end := time.Now().Add(replayPatient)
	pause := replayPause
	for {
		v, err := call()
		if err == nil || ctx.Err() != nil || !worthTrying(err) || time.Now().After(end) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, replayPauses)
	}
}
