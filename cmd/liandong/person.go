package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"liandong/internal/hotline"
	"liandong/internal/node"
)

func newPerson() *cobra.Command {
	return group("person", "Say who may sign in", newPersonAdd(), newPersonPassword(), newPersonList(),
		newPersonSet("disable", "Put somebody out of service and end their sessions; what they did stays", false),
		newPersonSet("enable", "Let somebody who was put out sign in again", true))
}

// password reads a password from a file, stdin or the terminal, where it is not
// shown: never from the command line, which other people on the machine can see.
func password(cmd *cobra.Command, file string) (string, error) {
	var b []byte
	var err error
	if tty := int(os.Stdin.Fd()); file == "" && term.IsTerminal(tty) {
		fmt.Fprint(cmd.ErrOrStderr(), "The password (it is not shown): ")
		b, err = term.ReadPassword(tty)
		fmt.Fprintln(cmd.ErrOrStderr())
	} else {
		b, err = readBounded(cmp.Or(file, "-"))
	}
	if err != nil {
		return "", err
	}
	s := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return "", errors.New("the password is one line that is not empty")
	}
	return s, nil
}

func passwordFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "password-file", "", "`FILE` with the password (default: the terminal, or stdin)")
}

func newPersonAdd() *cobra.Command {
	var t target
	var p node.NewPerson
	var file string
	cmd := &cobra.Command{
		Use: "add", Short: "Let somebody sign in", Args: noArgs,
		Long: "Adds somebody who may sign in. Roles: " + list(hotline.Roles()) + ".\n\nClerks and duty officers belong to a unit, everybody else to the desk itself.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.Login == "" || p.Name == "" || p.Role == "" {
				return usagef("--login, --name and --role are needed")
			}
			var err error
			if p.Password, err = password(cmd, file); err != nil {
				return err
			}
			return t.with(cmd, func(ctx context.Context, a admin) error {
				out, err := a.AddPerson(ctx, p)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s may sign in as %s.\n", out.Login, out.Role)
				}
				return err
			})
		},
	}
	t.flags(cmd)
	passwordFlag(cmd, &file)
	cmd.Flags().StringVar(&p.Login, "login", "", "`NAME` to sign in with: small letters, digits, '.', '_', '-'")
	cmd.Flags().StringVar(&p.Name, "name", "", "`NAME` as colleagues see it")
	cmd.Flags().StringVar(&p.Role, "role", "", "`ROLE`, see above")
	cmd.Flags().StringVar(&p.Unit, "unit", "", "`CODE` of the unit, like 540102-housing")
	cmd.Flags().StringVar(&p.Region, "region", "", "`CODE` of the region that bounds what they see (default: everything)")
	cmd.Flags().StringVar(&p.Language, "language", "", "`TAG` of the pages' language, zh-CN or en")
	return cmd
}

// list joins values of a kind of text.
func list[T ~string](vs []T) string {
	ss := make([]string, len(vs))
	for i, v := range vs {
		ss[i] = string(v)
	}
	return strings.Join(ss, ", ")
}

func newPersonPassword() *cobra.Command {
	var t target
	var login, file string
	cmd := &cobra.Command{
		Use: "password", Short: "Give somebody another password", Args: noArgs,
		Long: "Gives somebody another password. Their sessions end, and a lock after too many failures is opened.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if login == "" {
				return usagef("--login is needed")
			}
			p, err := password(cmd, file)
			if err != nil {
				return err
			}
			return t.with(cmd, func(ctx context.Context, a admin) error {
				err := a.SetPassword(ctx, login, p)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s has another password.\n", login)
				}
				return err
			})
		},
	}
	t.flags(cmd)
	passwordFlag(cmd, &file)
	cmd.Flags().StringVar(&login, "login", "", "`NAME` that they sign in with")
	return cmd
}

func newPersonList() *cobra.Command {
	return newListing("List who may sign in, and who may no longer", admin.People, personLine)
}

func personLine(p node.PersonInfo) string {
	return fmt.Sprintf("%-20s %-14s %-22s %-8s %s", p.Login, p.Role, p.Unit, inUse(p.Active, "disabled"), p.Name)
}

// inUse is a word for something that may have ended.
func inUse(active bool, ended string) string {
	if active {
		return "active"
	}
	return ended
}

func newPersonSet(use, short string, active bool) *cobra.Command {
	return newChange(use, short, "login", "`NAME` that they sign in with", func(ctx context.Context, a admin, login string) (string, error) {
		p, err := a.SetActive(ctx, login, active)
		return p.Login + ": " + inUse(p.Active, "disabled, signed out everywhere"), err
	})
}
