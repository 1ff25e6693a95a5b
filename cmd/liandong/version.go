package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version of the program; CHANGELOG.md says what is in it.
const version = "0.1.0"

// versionInfo is the version, the revision it was built from and the compiler.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a changed tree
	Go       string `json:"go"`
}

func readVersion() versionInfo {
	v := versionInfo{Version: version, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func newVersion() *cobra.Command {
	var inJSON bool
	cmd := &cobra.Command{Use: "version", Short: "Say which version this is", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		v := readVersion()
		if inJSON {
			return printJSON(cmd.OutOrStdout(), v)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "liandong %s", v.Version)
		if v.Revision != "" {
			fmt.Fprintf(cmd.OutOrStdout(), " %.12s", v.Revision)
		}
		fmt.Fprintf(cmd.OutOrStdout(), " %s\n", v.Go)
		return nil
	}}
	asJSON(cmd, &inJSON)
	return cmd
}
