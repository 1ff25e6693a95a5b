package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"liandong/internal/node"
)

func newDemo() *cobra.Command {
	c := node.DemoConfig{Port: 8080}
	var readyFile string
	var inJSON bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Run a 12345 node and a 110 node with sample people on this machine",
		Long: `Runs a 12345 node and a 110 node in this process, on loopback, linked to each other, with sample people for each role.

The two speak plain HTTP, since no letter leaves this machine; each letter is signed and its personal part sealed in any case. Everything is
invented and the password is public: nothing of it is for real use.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Port < 0 || c.Port > 65534 {
				return usagef("--port is 0 to 65534, not %d", c.Port)
			}
			if c.Dir == "" {
				dir, err := os.MkdirTemp("", "liandong-demo.")
				if err != nil {
					return err
				}
				c.Dir = dir
				fmt.Fprintf(cmd.ErrOrStderr(), "Data goes to %s; start with --dir %s to go on there.\n", dir, dir)
			}
			c.Log = logTo(cmd.ErrOrStderr(), false)
			c.Version = version
			if readyFile != "" { // one of an earlier run would tell of nodes that are gone
				if err := os.Remove(readyFile); err != nil && !os.IsNotExist(err) {
					return err
				}
			}
			var writeErr error
			c.Ready = func(r node.Ready) {
				writeErr = tellReady(cmd.OutOrStdout(), readyFile, r, inJSON)
				if writeErr != nil {
					fmt.Fprintln(cmd.ErrOrStderr(), "liandong:", writeErr)
				}
			}
			if err := node.RunDemo(cmd.Context(), c); err != nil {
				return err
			}
			return writeErr
		},
	}
	cmd.Flags().StringVar(&c.Dir, "dir", "", "data of the nodes `DIR`; a new temporary one unless given; the same one goes on where it stopped")
	cmd.Flags().IntVar(&c.Port, "port", c.Port, "port `N` of the 12345 node; the 110 node has N+1; 0 takes free ones")
	cmd.Flags().StringVar(&readyFile, "ready", "", "write `FILE` with addresses, tokens and users when both nodes answer")
	cmd.Flags().StringVar(&c.Postgres, "postgres", "", "keep the data in two schemas of this PostgreSQL database, `DSN` postgres://…")
	asJSON(cmd, &inJSON)
	return cmd
}

// tellReady says that both nodes answer: to the person, and in the file.
func tellReady(w io.Writer, file string, r node.Ready, inJSON bool) error {
	if file != "" {
		f, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		doc, err := jsonLine(r)
		if err != nil {
			return err
		}
		if err := node.WriteFile(f, doc); err != nil {
			return err
		}
	}
	if inJSON {
		return printJSON(w, r)
	}
	fmt.Fprintf(w, "Liandong is running. Everything in it is invented.\n\n")
	for _, n := range r.Nodes {
		fmt.Fprintf(w, "  %-6s %s\n", n.Platform, n.URL)
	}
	fmt.Fprintf(w, "\nSign in with the password %s as:\n\n", r.Users[0].Password)
	for _, u := range r.Users {
		fmt.Fprintf(w, "  %-6s %-18s %s %s\n", u.Platform, u.User, u.Role, u.Unit)
	}
	fmt.Fprintf(w, "\nCtrl+C ends it.\n")
	return nil
}
