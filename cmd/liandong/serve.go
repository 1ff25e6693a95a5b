package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"liandong/internal/node"
)

// configFlag adds --config, which is needed.
func configFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "config", "", "configuration of the node, a JSON `FILE`")
}

func readConfig(path string) (node.Config, error) {
	if path == "" {
		return node.Config{}, usagef("which node? Give --config FILE")
	}
	return node.ReadConfig(path)
}

func newServe() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "serve", Short: "Run one node for real use", Args: noArgs,
		Long: `Runs one platform's node until it is told to stop (SIGINT, SIGTERM). The log goes to stderr as JSON, a line for each request.

The first start makes the data directory with the node's keys (keys.json) in it: keep a copy of that file in a safe place, since without it no
case can be read. Then add people with "liandong person add" and links with "liandong link add".`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(path)
			if err != nil {
				return err
			}
			log := logTo(cmd.ErrOrStderr(), true)
			for _, w := range c.Warnings() {
				log.Warn(w)
			}
			l, err := c.OpenListener(cmd.Context())
			if err != nil {
				return err
			}
			defer l.Close()
			n, err := node.Open(cmd.Context(), c, node.Options{Log: log, Version: version})
			if err != nil {
				return err
			}
			defer n.Close()
			return n.Serve(cmd.Context(), l)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func newCheck() *cobra.Command {
	var path string
	var inJSON bool
	cmd := &cobra.Command{
		Use: "check", Short: "Read a node's configuration and say what was understood", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(path)
			if err != nil {
				return err
			}
			for _, w := range c.Warnings() {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
			}
			if inJSON {
				return printJSON(cmd.OutOrStdout(), c.Redacted())
			}
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "platform  %s, line %s, region %s\n", c.Platform, c.Line, c.Region)
			fmt.Fprintf(w, "name      %s\n", c.Name)
			fmt.Fprintf(w, "listens   %s, reached at %s\n", c.Listen, c.PublicURL)
			fmt.Fprintf(w, "keys      in %s\n", c.Data)
			fmt.Fprintf(w, "storage   %s\n", c.Storage())
			fmt.Fprintf(w, "calendar  %s\n", c.CalendarSpan())
			fmt.Fprintf(w, "notices   on screen, %s\n", strings.Join(c.NoticeChannels(), ", "))
			return nil
		},
	}
	configFlag(cmd, &path)
	asJSON(cmd, &inJSON)
	return cmd
}
