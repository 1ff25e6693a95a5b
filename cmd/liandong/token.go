package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"liandong/internal/hotline"
	"liandong/internal/node"
)

func newToken() *cobra.Command {
	return group("token", "Let programs use the API", newTokenAdd(), newTokenList(), newTokenRevoke())
}

func newTokenAdd() *cobra.Command {
	var t target
	var k node.NewToken
	var inJSON bool
	cmd := &cobra.Command{
		Use: "add", Short: "Make a token for a program", Args: noArgs,
		Long: "Makes a token for a program and prints it, this once. Scopes: " + list(hotline.Rights()) + ".",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if k.Name == "" || len(k.Scopes) == 0 {
				return usagef("--name and --scope are needed")
			}
			for i, s := range k.Scopes {
				k.Scopes[i] = strings.TrimSpace(s)
			}
			return t.with(cmd, func(ctx context.Context, a admin) error {
				out, err := a.AddToken(ctx, k)
				if err != nil {
					return err
				}
				if inJSON {
					return printJSON(cmd.OutOrStdout(), out)
				}
				fmt.Fprintln(cmd.OutOrStdout(), out.Token)
				return nil
			})
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&k.Name, "name", "", "`NAME` of the program, as it stands beside what it did")
	cmd.Flags().StringSliceVar(&k.Scopes, "scope", nil, "what it may do: `SCOPE`, again or with commas for more")
	cmd.Flags().StringVar(&k.Region, "region", "", "`CODE` of the region that bounds what it sees (default: everything)")
	asJSON(cmd, &inJSON)
	return cmd
}

func newTokenList() *cobra.Command {
	return newListing("List the tokens, without their secrets", admin.Tokens, func(k node.KnownToken) string {
		return fmt.Sprintf("%s %-8s %-20s %-8s %s", k.ID, inUse(k.Active, "revoked"), k.Name, k.Region, strings.Join(k.Scopes, ","))
	})
}

func newTokenRevoke() *cobra.Command {
	return newChange("revoke", "End a token for good", "id", "`ID` of the token, from liandong token list", func(ctx context.Context, a admin, id string) (string, error) {
		return id + ": revoked", a.RevokeToken(ctx, id)
	})
}
