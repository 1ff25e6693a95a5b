package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"liandong/internal/exchange"
)

func newReconcile() *cobra.Command {
	var of nodes
	var inJSON bool
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compare both sides of every link, message by message and leg by leg", Args: noArgs,
		Long: `Asks a running node to compare what it keeps of every link with what the other side keeps, and prints each difference.
Exit status 0 says that both sides agree.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			clients, err := of.clients(1)
			if err != nil {
				return err
			}
			agree := true
			for _, c := range clients {
				same, err := c.reconcile(cmd.Context(), cmd.OutOrStdout(), inJSON)
				if err != nil {
					return err
				}
				agree = agree && same
			}
			if !agree {
				fmt.Fprintln(cmd.ErrOrStderr(), "liandong: the two sides do not agree")
				return errFailed
			}
			return nil
		},
	}
	of.flags(cmd)
	asJSON(cmd, &inJSON)
	return cmd
}

// reconcile has a node compare its links, prints what came of it, and says
// whether both sides agree.
func (c *client) reconcile(ctx context.Context, w io.Writer, inJSON bool) (bool, error) {
	c.http.Timeout = 0 // comparing takes what it takes; Ctrl+C ends it
	var r exchange.Reconciled
	if _, err := c.call(ctx, http.MethodPost, "/api/v1/reconcile", nil, &r); err != nil {
		return false, err
	}
	if inJSON {
		return r.Agree, printJSON(w, r)
	}
	for _, d := range r.Differences {
		fmt.Fprintln(w, describe(d))
	}
	fmt.Fprintf(w, "%s: links %d, letters %d, legs %d, differences %d\n", c.base, r.Links, r.Letters, r.Legs, len(r.Differences))
	return r.Agree, nil
}

// describe is a difference as one line.
func describe(d exchange.Difference) string {
	parts := []string{d.Peer, d.What}
	for _, p := range [][2]string{{"letter", d.Letter}, {"leg", d.Leg}, {"ours", d.Ours}, {"theirs", d.Theirs}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	return strings.Join(parts, "  ")
}
