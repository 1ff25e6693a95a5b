package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/calendar"
	"liandong/internal/directory"
	"liandong/internal/message"
)

func newDeadline() *cobra.Command {
	var o deadlineOptions
	var asText, jsonToo bool
	cmd := &cobra.Command{
		Use: "deadline", Short: "When a limit runs out, counted day by day", Args: noArgs,
		Long: `Prints when a budget runs out and its account from start to end, as JSON, or with --text as a table.

Budgets: 5wd working days (the day of sending does not count), 4wh working hours, 30m, 2h, 7d plain time.
It counts by the calendar that this program ships, or with --node by the one in force there.`,
		Example: "  liandong deadline --from 2026-09-18T10:00:00+08:00 --budget 10wd --region 540102 --text",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asText && jsonToo {
				return usagef("--text or --json, not both")
			}
			d, err := o.count(cmd.Context())
			if err != nil {
				return err
			}
			if asText {
				return d.print(cmd.OutOrStdout())
			}
			return printJSON(cmd.OutOrStdout(), d)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "start, `RFC3339` with zone: 2026-11-27T10:00:00+08:00")
	f.StringVar(&o.budget, "budget", "", "`BUDGET`: 5wd, 4wh, 30m, 2h, 7d")
	f.StringVar(&o.region, "region", "", "whose holidays and hours, a GB/T 2260 `CODE`")
	f.StringVar(&o.node, "node", "", "`URL` of a node to ask instead")
	f.StringVar(&o.token, "token", "", "`TOKEN` for that node")
	f.BoolVar(&asText, "text", false, "print a table")
	f.BoolVar(&jsonToo, "json", false, "print JSON, which is what is printed anyway")
	return cmd
}

type deadlineOptions struct{ from, budget, region, node, token string }

// deadlineOut is what the command prints; the API answers the same.
type deadlineOut struct {
	Due         time.Time  `json:"due"`
	Provisional bool       `json:"provisional"`
	Account     []spanLine `json:"account"`
}

type spanLine struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Counted bool      `json:"counted"`
	Why     string    `json:"why"`
	Name    string    `json:"name,omitempty"`
}

func (o deadlineOptions) count(ctx context.Context) (deadlineOut, error) {
	from, err := time.Parse(time.RFC3339, o.from)
	if err != nil {
		return deadlineOut{}, usagef("--from is a time like 2026-11-27T10:00:00+08:00, not %q", o.from)
	}
	b, err := calendar.ParseBudget(o.budget)
	if err != nil {
		return deadlineOut{}, usageError{err}
	}
	if o.node != "" {
		return o.ask(ctx)
	}
	if o.region != "" {
		dir, err := directory.Seed()
		if err != nil {
			return deadlineOut{}, fmt.Errorf("directory: %w", err)
		}
		if _, ok := dir.Region(o.region); !ok {
			return deadlineOut{}, usagef("--region: the directory does not know %q", o.region)
		}
	}
	cal, err := calendar.Seed()
	if err != nil {
		return deadlineOut{}, fmt.Errorf("calendar: %w", err)
	}
	d, err := cal.Explain(from, b, o.region)
	if err != nil {
		return deadlineOut{}, usageError{err}
	}
	out := deadlineOut{Due: d.Due, Provisional: d.Provisional, Account: []spanLine{}}
	for _, s := range d.Account {
		out.Account = append(out.Account, spanLine{From: s.From, To: s.To, Counted: s.Counted, Why: string(s.Why), Name: s.Name})
	}
	return out, nil
}

// ask has a node count, by the calendar in force there.
func (o deadlineOptions) ask(ctx context.Context) (deadlineOut, error) {
	c, err := newClient(o.node, o.token, 1)
	if err != nil {
		return deadlineOut{}, err
	}
	q := url.Values{"from": {o.from}, "budget": {o.budget}}
	if o.region != "" {
		q.Set("region", o.region)
	}
	var out deadlineOut
	_, err = c.call(ctx, http.MethodGet, "/api/v1/deadline?"+q.Encode(), nil, &out)
	return out, err
}

// print is the account as a table for a person.
func (d deadlineOut) print(w io.Writer) error {
	const form = "2006-01-02 Mon 15:04:05"
	note := ""
	if d.Provisional {
		note = "  (provisional: the holidays of a year it needs are not loaded)"
	}
	fmt.Fprintf(w, "due %s%s\n\n", d.Due.In(calendar.Zone).Format(form), note)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "from\tto\tcounts\twhy")
	for _, s := range d.Account {
		counts := "no"
		if s.Counted {
			counts = "yes"
		}
		why := message.Word(message.English, "why", s.Why)
		if s.Name != "" {
			why += " (" + s.Name + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.From.In(calendar.Zone).Format(form), s.To.In(calendar.Zone).Format(form), counts, why)
	}
	return t.Flush()
}
