package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/node"
)

func newModel() *cobra.Command {
	cmd := group("model", "Let triage learn from what people decided, and say which model is at work",
		modelCommand("list", "List the models and what was at work when", false, (*client).listModels),
		modelCommand("train", "Train a model on what people decided, and compare it with the one at work", false, (*client).trainModel),
		modelCommand("compare VERSION", "Compare a model with the one at work", true, (*client).compareModel),
		modelCommand("publish VERSION", "Put a model to work that beats the one at work", true, (*client).publishModel),
		modelCommand("rollback", "Put the model to work that was there before", false, (*client).rollBackModel))
	cmd.Long = `The model of triage learns inside a running node, because the callers' words are there and leave it in no form.
It learns from decisions made in sight of a proposal, and is judged on decisions made without one. A new model is put
to work by a person alone, and only where it beats the one at work.`
	return cmd
}

func oneVersion(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("which model? Give one VERSION, as liandong model list shows it")
	}
	return nil
}

// modelCommand is one of the commands: do prints what came of it to w, as JSON
// where that is asked for.
func modelCommand(use, short string, named bool, do func(c *client, ctx context.Context, version string, w io.Writer, inJSON bool) error) *cobra.Command {
	var base, token string
	var inJSON bool
	args := noArgs
	if named {
		args = oneVersion
	}
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		c, err := newClient(base, token, 1)
		if err != nil {
			return err
		}
		c.http.Timeout = 0 // training takes what it takes; Ctrl+C ends it
		version := ""
		if named {
			version = args[0]
		}
		return do(c, cmd.Context(), version, cmd.OutOrStdout(), inJSON)
	}}
	cmd.Flags().StringVar(&base, "node", "", "address `URL` of the node")
	cmd.Flags().StringVar(&token, "token", "", "`TOKEN` for it")
	asJSON(cmd, &inJSON)
	return cmd
}

func (c *client) models(ctx context.Context) (ms desk.Models, err error) {
	_, err = c.call(ctx, http.MethodGet, "/api/v1/models", nil, &ms)
	return ms, err
}

func (c *client) listModels(ctx context.Context, _ string, w io.Writer, inJSON bool) error {
	ms, err := c.models(ctx)
	if err != nil {
		return err
	}
	if inJSON {
		return printJSON(w, ms)
	}
	for _, m := range ms.Models {
		printModel(w, m)
	}
	for _, u := range ms.Uses {
		fmt.Fprintf(w, "%s  %s put to work by %s\n", u.At.In(calendar.Zone).Format(time.DateTime), u.Version, u.ByName)
	}
	return nil
}

// changed makes a call that answers with a model, and prints that.
func (c *client) changed(ctx context.Context, path string, ask any, w io.Writer, inJSON bool) error {
	var m desk.ModelView
	if _, err := c.call(ctx, http.MethodPost, path, ask, &m); err != nil {
		return err
	}
	if inJSON {
		return printJSON(w, m)
	}
	printModel(w, m)
	return nil
}

func (c *client) trainModel(ctx context.Context, _ string, w io.Writer, inJSON bool) error {
	return c.changed(ctx, "/api/v1/models", nil, w, inJSON)
}

func (c *client) compareModel(ctx context.Context, version string, w io.Writer, inJSON bool) error {
	return c.changed(ctx, "/api/v1/models/"+url.PathEscape(version)+"/compare", nil, w, inJSON)
}

func (c *client) publishModel(ctx context.Context, version string, w io.Writer, inJSON bool) error {
	ms, err := c.models(ctx)
	if err != nil {
		return err
	}
	return c.changed(ctx, "/api/v1/models/"+url.PathEscape(version)+"/publish", node.ModelAsk{Live: ms.Live().Version}, w, inJSON)
}

func (c *client) rollBackModel(ctx context.Context, _ string, w io.Writer, inJSON bool) error {
	ms, err := c.models(ctx)
	if err != nil {
		return err
	}
	return c.changed(ctx, "/api/v1/models/rollback", node.ModelAsk{Live: ms.Live().Version}, w, inJSON)
}

// printModel prints a model as a few lines.
func printModel(w io.Writer, m desk.ModelView) {
	state := ""
	if m.Live {
		state = "  at work"
	}
	if m.Shipped {
		fmt.Fprintf(w, "%s  shipped with the program%s\n", m.Version, state)
	} else {
		fmt.Fprintf(w, "%s  %d decisions on top of %s, by %s, %s%s\n", m.Version, m.Examples, m.Base, m.By,
			m.MadeAt.In(calendar.Zone).Format(time.DateTime), state)
	}
	if j := m.Judged; j != nil {
		fmt.Fprintf(w, "  on %d blind decisions, against %s: right %d (%d), among three %d (%d), danger %d of %d (%d), false alarms %d (%d)\n",
			j.N, j.Against, j.New.Right, j.Old.Right, j.New.Top3, j.Old.Top3, j.New.Danger, j.Urgent, j.Old.Danger, j.New.Alarms, j.Old.Alarms)
		fmt.Fprintf(w, "  better %d, worse %d, by luck %.3f: %s\n", j.Better, j.Worse, j.Luck, verdicts[j.Refused()])
	}
}

// verdicts say whether a model may be put to work.
var verdicts = map[string]string{
	"":              "may be put to work",
	desk.TooFew:     fmt.Sprintf("not to be judged before there are %d blind decisions", desk.HeldOutLeast),
	desk.NotBetter:  "not better than the one at work",
	desk.MayBeLuck:  "better, but that may be luck",
	desk.LostDanger: "finds less danger than the one at work",
	desk.MoreAlarms: "alarms falsely more often than the one at work",
}
