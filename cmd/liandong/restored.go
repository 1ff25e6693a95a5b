package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/node"
)

func newRestored() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use: "restored", Short: "Say that the database was put back from a backup", Args: noArgs,
		Long: `Raises the epoch of a node whose database was put back from a backup, once, before it is started again. The peers hear of it and send again
what was lost since; they show that this node was restored.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config == "" {
				return usagef("which node? --config FILE")
			}
			c, err := readConfig(config)
			if err != nil {
				return err
			}
			n, err := node.Open(cmd.Context(), c, node.Options{Log: logTo(cmd.ErrOrStderr(), false), Version: version})
			if err != nil {
				return err
			}
			defer n.Close()
			epoch, to, err := n.Restored(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "epoch %d; the backup knows what happened until %s\n", epoch, to.Format(time.RFC3339))
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration `FILE` of the node, which is not running")
	return cmd
}
