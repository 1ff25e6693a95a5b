package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"liandong/internal/node"
)

func newSubscriber() *cobra.Command {
	c := group("subscriber", "Tell other programs of what happens (webhooks)", newSubscriberAdd(),
		newListing("List the subscribers, and how far each has been told", admin.Subscribers, subscriberLine),
		newSubscriberChange("stop", "Tell a subscriber nothing for now"), newSubscriberChange("start", "Go on telling a subscriber, from where it stood"),
		newSubscriberChange("remove", "Take a subscriber away"), newSubscriberRewind())
	c.Long = `Tells other programs of what happens: CloudEvents 1.0 by POST, signed, with ids and no words. Each subscriber has a place in the log; an event that it does not take
comes again under the same id, and those behind it wait. docs/webhooks.md says what a subscriber does.`
	return c
}

func subscriberLine(s node.SubscriberInfo) string {
	kinds := strings.Join(s.Kinds, ",")
	if kinds == "" {
		kinds = "all"
	}
	line := fmt.Sprintf("%s %-8s %s %s\n  kinds %s, next %d, behind %d", s.ID, inUse(s.Active, "stopped"), s.Name, s.URL, kinds, s.Next, s.Behind)
	if s.LastError != "" {
		line += fmt.Sprintf("\n  tried %d times: %s", s.Attempts, s.LastError)
	}
	return line
}

func newSubscriberAdd() *cobra.Command {
	var t target
	var s node.NewSubscriber
	var inJSON bool
	cmd := &cobra.Command{Use: "add", Short: "Add a program that is told of what happens from now on", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if s.Name == "" || s.URL == "" {
			return usagef("--name and --url are needed")
		}
		return t.with(cmd, func(ctx context.Context, a admin) error {
			out, err := a.AddSubscriber(ctx, s)
			if err != nil {
				return err
			}
			if inJSON {
				return printJSON(cmd.OutOrStdout(), out)
			}
			fmt.Fprintln(cmd.OutOrStdout(), out.ID)
			return nil
		})
	}}
	t.flags(cmd)
	cmd.Flags().StringVar(&s.Name, "name", "", "`NAME` of the program")
	cmd.Flags().StringVar(&s.URL, "url", "", "`URL` that events are posted to")
	cmd.Flags().StringSliceVar(&s.Kinds, "kind", nil, "`KIND` of event, accept or return for instance; again or with commas for more (default: all)")
	asJSON(cmd, &inJSON)
	return cmd
}

const subscriberID = "`ID` of the subscriber, from liandong subscriber list"

func newSubscriberChange(how, short string) *cobra.Command {
	return newChange(how, short, "id", subscriberID, func(ctx context.Context, a admin, id string) (string, error) {
		return id + ": " + how, a.ChangeSubscriber(ctx, id, how)
	})
}

func newSubscriberRewind() *cobra.Command {
	var from int64
	cmd := newChange("rewind", "Tell a subscriber again, from a place in the log on", "id", subscriberID, func(ctx context.Context, a admin, id string) (string, error) {
		return fmt.Sprintf("%s: next %d", id, from), a.RewindSubscriber(ctx, id, from)
	})
	cmd.Flags().Int64Var(&from, "from", 0, "`PLACE` in the log of the first event to be told again")
	return cmd
}
