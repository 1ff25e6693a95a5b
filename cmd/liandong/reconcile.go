package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"liandong/internal/exchange"
)

func newReconcile() *cobra.Command {
	var nodeURL, token string
	var inJSON bool
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compare both sides of every link, message by message and leg by leg", Args: noArgs,
		Long: `Asks a running node to compare what it keeps of every link with what the other side keeps, and prints each difference.
Exit status 0 says that both sides agree.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(nodeURL, token, 1)
			if err != nil {
				return err
			}
			c.http.Timeout = 0 // comparing takes what it takes; Ctrl+C ends it
			var r exchange.Reconciled
			if _, err := c.call(cmd.Context(), http.MethodPost, "/api/v1/reconcile", nil, &r); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if inJSON {
				if err := printJSON(w, r); err != nil {
					return err
				}
			} else {
				for _, d := range r.Differences {
					fmt.Fprintln(w, describe(d))
				}
				fmt.Fprintf(w, "links %d, letters %d, legs %d, differences %d\n", r.Links, r.Letters, r.Legs, len(r.Differences))
			}
			if !r.Agree {
				fmt.Fprintln(cmd.ErrOrStderr(), "liandong: the two sides do not agree")
				return errFailed
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&nodeURL, "node", "", "address `URL` of the node")
	cmd.Flags().StringVar(&token, "token", "", "`TOKEN` with the scope links.see")
	asJSON(cmd, &inJSON)
	return cmd
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
