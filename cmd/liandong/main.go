// Command liandong links China's 12345 and 110 lines: a desk for each, and the
// exchange between them. Each command stands in a file of its own name.
//
// Results go to stdout, diagnostics to stderr. Exit status: 0 done, 1 failed,
// 2 wrong usage.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"liandong/internal/hotline"
	"liandong/internal/message"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A node's heap is small, so more than the usual room costs a few megabytes and saves a tenth of its processor time
		// under load (make bench); what it does not need at rest it gives back (internal/node/memory.go).
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	done       = 0
	failed     = 1
	wrongUsage = 2
)

// usageError says that the command was not called as it must be.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errFailed ends a command with status 1 that has said everything already.
var errFailed = errors.New("failed")

// run runs one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return done
	case errors.Is(err, errFailed):
		return failed
	}
	fmt.Fprintf(stderr, "liandong: %s\n", sentence(err))
	if isUsage(err) {
		fmt.Fprintf(stderr, "\n%s", cmd.UsageString())
		return wrongUsage
	}
	return failed
}

// isUsage tells a wrong call from a failure. Cobra's own complaint about an
// unknown command has no type.
func isUsage(err error) bool {
	_, ok := errors.AsType[usageError](err)
	return ok || strings.HasPrefix(err.Error(), "unknown command")
}

// sentence is what a person reads of an error: the sentence of a refusal, with
// its code and what caused it.
func sentence(err error) string {
	e, ok := errors.AsType[*hotline.Error](err)
	if !ok {
		return err.Error()
	}
	s := message.Error(message.English, err) + " (" + e.Code + ")"
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	if e.Code == "database_in_use" {
		s += "\nThe node is running. Speak to it instead: --node URL --token TOKEN."
	}
	return s
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "liandong",
		Short: "Links the 12345 and 110 lines",
		Long: `Liandong (联动) is a desk for a 12345 or a 110 line, and the link between them:
what reaches one and belongs to the other is passed on, answered within its limit and told to the caller.

Try it: liandong demo`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q", args[0])
			}
			return usagef("which command?")
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newDemo(), newServe(), newCheck(), newLink(), newPerson(), newToken(), newSubscriber(), newImport(), newTriage(), newModel(), newReplay(), newReconcile(), newKeys(), newRestored(), newExport(), newVerify(), newConform(), newDeadline(),
		newVersion(), newMan())
	return root
}

// noArgs refuses arguments that are no flags, as wrong usage.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("what is %q? This command takes flags only", args[0])
	}
	return nil
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("unknown command %q of %s", args[0], cmd.CommandPath())
		}
		return usagef("which command of %s?", cmd.CommandPath())
	}}
	c.AddCommand(commands...)
	return c
}

// asJSON adds the flag --json to a command that has a result.
func asJSON(cmd *cobra.Command, into *bool) {
	cmd.Flags().BoolVar(into, "json", false, "print the result as JSON")
}

// printJSON prints a result for a program.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// logTo is the log of a command: lines of text for a person, JSON for a
// service.
func logTo(w io.Writer, asJSON bool) *slog.Logger {
	if asJSON {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
