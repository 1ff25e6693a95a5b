package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"liandong/internal/node"
)

// admin is what an administrator does with a node: by its API while it runs,
// or with its files while it does not.
type admin interface {
	KeysInfo(ctx context.Context) (node.KeysInfo, error)
	Links(ctx context.Context) ([]node.LinkInfo, error)
	PutLink(ctx context.Context, l node.NewLink) (node.LinkInfo, error)
	SetLink(ctx context.Context, peer string, active bool) (node.LinkInfo, error)
	People(ctx context.Context) ([]node.PersonInfo, error)
	AddPerson(ctx context.Context, p node.NewPerson) (node.PersonInfo, error)
	SetPassword(ctx context.Context, login, password string) error
	SetActive(ctx context.Context, login string, active bool) (node.PersonInfo, error)
	Tokens(ctx context.Context) ([]node.KnownToken, error)
	RevokeToken(ctx context.Context, id string) error
	AddToken(ctx context.Context, t node.NewToken) (node.TokenInfo, error)
	Subscribers(ctx context.Context) ([]node.SubscriberInfo, error)
	AddSubscriber(ctx context.Context, s node.NewSubscriber) (node.SubscriberInfo, error)
	ChangeSubscriber(ctx context.Context, id, how string) error
	RewindSubscriber(ctx context.Context, id string, from int64) error
}

// target says which node is meant.
type target struct{ config, node, token string }

func (t *target) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.config, "config", "", "configuration `FILE` of a node that is not running, or whose data is in PostgreSQL")
	cmd.Flags().StringVar(&t.node, "node", "", "address `URL` of a running node")
	cmd.Flags().StringVar(&t.token, "token", "", "`TOKEN` for it with the right node.administer")
}

// open opens the node that is meant, with what closes it.
func (t *target) open(cmd *cobra.Command) (admin, func(), error) {
	switch {
	case (t.config == "") == (t.node == ""):
		return nil, nil, usagef("which node? Give --config FILE (it is not running), or --node URL and --token TOKEN (it runs)")
	case t.node != "":
		c, err := newClient(t.node, t.token, 1)
		if err != nil {
			return nil, nil, err
		}
		return remote{c}, func() {}, nil
	}
	c, err := readConfig(t.config)
	if err != nil {
		return nil, nil, err
	}
	n, err := node.Open(cmd.Context(), c, node.Options{Log: logTo(cmd.ErrOrStderr(), false), Version: version})
	if err != nil {
		return nil, nil, err
	}
	return n, func() { n.Close() }, nil
}

// with runs something on the node that is meant.
func (t *target) with(cmd *cobra.Command, do func(ctx context.Context, a admin) error) error {
	a, end, err := t.open(cmd)
	if err != nil {
		return err
	}
	defer end()
	return do(cmd.Context(), a)
}

// newListing is a command that lists something of the node that is meant.
func newListing[T any](short string, get func(admin, context.Context) ([]T, error), line func(T) string) *cobra.Command {
	var t target
	var inJSON bool
	cmd := &cobra.Command{Use: "list", Short: short, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return t.with(cmd, func(ctx context.Context, a admin) error {
			all, err := get(a, ctx)
			if err != nil {
				return err
			}
			if inJSON {
				return printJSON(cmd.OutOrStdout(), all)
			}
			for _, one := range all {
				fmt.Fprintln(cmd.OutOrStdout(), line(one))
			}
			return nil
		})
	}}
	t.flags(cmd)
	asJSON(cmd, &inJSON)
	return cmd
}

// newChange is a command that changes the one thing that a flag names, and says
// how it stands then.
func newChange(use, short, flag, means string, change func(ctx context.Context, a admin, name string) (says string, err error)) *cobra.Command {
	var t target
	var name string
	cmd := &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if name == "" {
			return usagef("--%s is needed", flag)
		}
		return t.with(cmd, func(ctx context.Context, a admin) error {
			says, err := change(ctx, a, name)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), says)
			return nil
		})
	}}
	t.flags(cmd)
	cmd.Flags().StringVar(&name, flag, "", means)
	return cmd
}

// remote is a running node.
type remote struct{ *client }

func ask[Out any](ctx context.Context, r remote, method, path string, in any) (out Out, err error) {
	_, err = r.call(ctx, method, path, in, &out)
	return out, err
}

func (r remote) KeysInfo(ctx context.Context) (node.KeysInfo, error) {
	return ask[node.KeysInfo](ctx, r, http.MethodGet, "/api/v1/keys", nil)
}

func (r remote) Links(ctx context.Context) ([]node.LinkInfo, error) {
	return ask[[]node.LinkInfo](ctx, r, http.MethodGet, "/api/v1/links", nil)
}

func (r remote) PutLink(ctx context.Context, l node.NewLink) (node.LinkInfo, error) {
	return ask[node.LinkInfo](ctx, r, http.MethodPost, "/api/v1/links", l)
}

func (r remote) SetLink(ctx context.Context, peer string, active bool) (node.LinkInfo, error) {
	how := "/stop"
	if active {
		how = "/start"
	}
	return ask[node.LinkInfo](ctx, r, http.MethodPost, "/api/v1/links/"+url.PathEscape(peer)+how, nil)
}

func (r remote) People(ctx context.Context) ([]node.PersonInfo, error) {
	return ask[[]node.PersonInfo](ctx, r, http.MethodGet, "/api/v1/people", nil)
}

func (r remote) AddPerson(ctx context.Context, p node.NewPerson) (node.PersonInfo, error) {
	return ask[node.PersonInfo](ctx, r, http.MethodPost, "/api/v1/people", p)
}

func (r remote) SetPassword(ctx context.Context, login, password string) error {
	_, err := r.call(ctx, http.MethodPost, "/api/v1/people/"+url.PathEscape(login)+"/password", node.NewPassword{Password: password}, nil)
	return err
}

func (r remote) AddToken(ctx context.Context, t node.NewToken) (node.TokenInfo, error) {
	return ask[node.TokenInfo](ctx, r, http.MethodPost, "/api/v1/tokens", t)
}

func (r remote) SetActive(ctx context.Context, login string, active bool) (node.PersonInfo, error) {
	how := "/disable"
	if active {
		how = "/enable"
	}
	return ask[node.PersonInfo](ctx, r, http.MethodPost, "/api/v1/people/"+url.PathEscape(login)+how, nil)
}

func (r remote) Tokens(ctx context.Context) ([]node.KnownToken, error) {
	return ask[[]node.KnownToken](ctx, r, http.MethodGet, "/api/v1/tokens", nil)
}

func (r remote) RevokeToken(ctx context.Context, id string) error {
	_, err := r.call(ctx, http.MethodPost, "/api/v1/tokens/"+url.PathEscape(id)+"/revoke", nil, nil)
	return err
}

func (r remote) Subscribers(ctx context.Context) ([]node.SubscriberInfo, error) {
	return ask[[]node.SubscriberInfo](ctx, r, http.MethodGet, "/api/v1/subscribers", nil)
}

func (r remote) AddSubscriber(ctx context.Context, s node.NewSubscriber) (node.SubscriberInfo, error) {
	return ask[node.SubscriberInfo](ctx, r, http.MethodPost, "/api/v1/subscribers", s)
}

func (r remote) ChangeSubscriber(ctx context.Context, id, how string) error {
	_, err := r.call(ctx, http.MethodPost, "/api/v1/subscribers/"+url.PathEscape(id)+"/"+how, nil, nil)
	return err
}

func (r remote) RewindSubscriber(ctx context.Context, id string, from int64) error {
	_, err := r.call(ctx, http.MethodPost, "/api/v1/subscribers/"+url.PathEscape(id)+"/rewind", node.RewindAsk{From: from}, nil)
	return err
}
