package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"liandong/internal/node"
	"liandong/internal/seal"
)

func newKeys() *cobra.Command {
	c := group("keys", "The keys of this platform", newKeysChange("sm2", "Make a signing key of the national suite SM2/SM3",
		`Makes a signing key of the national suite (国密 SM2/SM3) beside the one the platform has, and prints the new fingerprint. The node must not be
running. Then hand the new key document to each peer (liandong link keys); it takes it with liandong link add --replace, after the fingerprint was
compared over the phone. A link whose letters shall be signed by it: liandong link add --suite `+seal.SM2+`.`, node.AddSM2),
		newKeysChange("renew", "Make a new signing key and a new receiving key; peers hear of it by themselves",
			`Makes a new signing key and a new receiving key, once a year, say. The node must not be running. When it runs again it announces the new keys
to every peer under the old ones, and signs by the new ones as soon as a peer has them. The old keys stay in the file.`, node.RenewKeys),
		newKeysChange("revoke", "Make a new signing key and forget the old ones: somebody else has seen them",
			`Makes a new signing key and forgets the old ones. The node must not be running. Peers refuse its letters until they have the new key document:
telephone them at once, hand it to them (liandong link keys), and have them take it with liandong link add --replace. Letters that wait are signed
again by the new key. The keys that case data is sealed under do not change.`,
			func(c node.Config) (seal.PublicKeys, error) { return node.RevokeKey(context.Background(), c) }))
	c.Long = "Changes the key file of a node that is not running. Copy it before, and after: without it no case can be read."
	return c
}

func newKeysChange(use, short, long string, change func(node.Config) (seal.PublicKeys, error)) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config == "" {
				return usagef("which node? --config FILE")
			}
			c, err := readConfig(config)
			if err != nil {
				return err
			}
			k, err := change(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "platform     %s %s\nfingerprint  %s\n", k.Platform, k.Name, k.Fingerprint())
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration `FILE` of the node, which is not running")
	return cmd
}
