package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/exchange"
	"liandong/internal/node"
	"liandong/internal/seal"
)

func newLink() *cobra.Command {
	c := group("link", "Connect this platform to others",
		newLinkKeys(), newLinkAdd(), newLinkList(), newLinkSet("stop", "Stop a link: no letter goes out and none is taken", false),
		newLinkSet("start", "Start a link that was stopped", true))
	c.Long = `Connects this platform to others. Two platforms are linked in three steps:

1. Each side runs "liandong link keys" and sends the file to the other, by any way.

2. Two people who know each other's voice compare the fingerprints over the phone. Nothing else makes the keys trustworthy.

3. Each side runs "liandong link add" with the other's file.`
	return c
}

func newLinkKeys() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use: "keys", Short: "Print this platform's public keys for another one", Args: noArgs,
		Long: `Prints the document with this platform's public keys on stdout, as another platform needs it, and its fingerprint on stderr, to be read out over the phone.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.with(cmd, func(ctx context.Context, a admin) error {
				k, err := a.KeysInfo(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "platform     %s %s\nfingerprint  %s\n", k.Keys.Platform, k.Keys.Name, k.Keys.Fingerprint())
				_, err = cmd.OutOrStdout().Write(k.Keys.Bytes())
				return err
			})
		},
	}
	t.flags(cmd)
	return cmd
}

func newLinkAdd() *cobra.Command {
	var t target
	var l node.NewLink
	var file string
	var inJSON bool
	cmd := &cobra.Command{
		Use: "add", Short: "Link this platform to another one, or change the link", Args: noArgs,
		Long: `Adds the link to the platform whose key document is given, or changes its address or telephone. Prints the fingerprint of the keys: compare it
over the phone with a person of the other side. With --fingerprint, as it was heard, the keys are only taken when they fit.

Keys that differ from those already known are refused unless --replace says that it is meant.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" || l.Phone == "" {
				return usagef("--peer-keys and --phone are needed")
			}
			b, err := readBounded(file)
			if err != nil {
				return err
			}
			if _, err := seal.ParsePublicKeys(b); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			l.Keys = b
			return t.with(cmd, func(ctx context.Context, a admin) error {
				out, err := a.PutLink(ctx, l)
				if err != nil {
					return err
				}
				if inJSON {
					return printJSON(cmd.OutOrStdout(), out)
				}
				w := cmd.OutOrStdout()
				fmt.Fprintf(w, "Linked to %s %s by %s.\nFingerprint of its keys: %s\n", out.Peer, out.Name, way(out), out.Fingerprint)
				if l.Fingerprint == "" {
					fmt.Fprintf(w, "Call the other side and compare it now. If it differs: liandong link stop --peer %s\n", out.Peer)
				}
				return nil
			})
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&file, "peer-keys", "", "key document of the other platform, a `FILE` (- reads stdin)")
	cmd.Flags().StringVar(&l.URL, "url", "", "address `URL` at which its node is reached (carrier https)")
	cmd.Flags().StringVar(&l.Carrier, "carrier", "https", "`NAME` of what moves the letters: "+carrierNames())
	cmd.Flags().StringToStringVar(&l.Set, "set", nil, "setting of the carrier, `KEY=VALUE`; may be given several times")
	cmd.Flags().StringVar(&l.Suite, "suite", "", "signing suite `NAME` of our letters on this link: "+strings.Join(seal.Suites(), ", ")+" (default "+seal.Suites()[0]+")")
	cmd.Flags().StringVar(&l.Phone, "phone", "", "its duty telephone, day and night: `NUMBER`")
	cmd.Flags().StringVar(&l.Line, "line", "", "`LINE` that it runs, 12345 or 110 (default: from a code like 540100-110)")
	cmd.Flags().StringVar(&l.Region, "region", "", "region `CODE` that it serves (default: from the code)")
	cmd.Flags().StringVar(&l.Fingerprint, "fingerprint", "", "`TEXT` of the fingerprint as heard over the phone")
	cmd.Flags().BoolVar(&l.Replace, "replace", false, "the keys differ from those known, and that is meant")
	asJSON(cmd, &inJSON)
	return cmd
}

// readBounded reads a small file, or stdin for "-".
func readBounded(path string) ([]byte, error) {
	f := os.Stdin
	if path != "-" {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	const most = 64 << 10
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(b) > most {
		err = fmt.Errorf("%s: more than %d bytes", path, most)
	}
	return b, err
}

func newLinkList() *cobra.Command {
	return newListing("List the links", admin.Links, func(l node.LinkInfo) string {
		return fmt.Sprintf("%s %s\n  line %s, region %s, by %s, telephone %s\n  fingerprint %s\n  %s",
			l.Peer, l.Name, l.Line, l.Region, way(l), l.Phone, l.Fingerprint, stateOf(l))
	})
}

// way is by what, and where to, the letters of a link go.
func way(l node.LinkInfo) string {
	s := strings.TrimSpace(l.Carrier + " " + l.URL)
	for _, k := range slices.Sorted(maps.Keys(l.Set)) {
		s += " " + k + "=" + l.Set[k]
	}
	return s
}

func carrierNames() string {
	var names []string
	for _, k := range exchange.Kinds() {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

func stateOf(l node.LinkInfo) string {
	switch {
	case !l.Active:
		return "stopped"
	case l.StuckAt != nil:
		return "stuck since " + l.StuckAt.Format(time.RFC3339) + ": " + l.Trouble
	case l.HeardAt != nil:
		return "works, heard last at " + l.HeardAt.Format(time.RFC3339)
	}
	return "active, not heard yet"
}

func newLinkSet(use, short string, active bool) *cobra.Command {
	return newChange(use, short, "peer", "platform `CODE` at the other end", func(ctx context.Context, a admin, peer string) (string, error) {
		l, err := a.SetLink(ctx, peer, active)
		return l.Peer + ": " + stateOf(l), err
	})
}
