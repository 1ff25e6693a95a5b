package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/conform"
	"liandong/internal/desk"
	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/leg"
	"liandong/internal/seal"
)

func newConform() *cobra.Command {
	c := group("conform", "Play the other platform against an endpoint, and say for each rule of the contract whether it was kept",
		newConformKeys(), newConformRun(), newConformRules())
	c.Long = `Plays the other platform (docs/exchange) against a side under test, rule by rule.

1. "liandong conform keys" makes keys for the kit and prints the file that the side under test links to, as it would any platform.

2. The side under test links to the kit, at the address given by --listen, and hands over its own key file.

3. "liandong conform run" tries every rule. What a person of that side has to do is asked at the terminal, done by a program (--drive), or by our own API (--node and --token).`
	return c
}

const kitPlatform = "conform-110"

func newConformKeys() *cobra.Command {
	var file, platform string
	var sm2 bool
	cmd := &cobra.Command{
		Use: "keys --keys FILE", Short: "Make the kit's keys and print the file that the side under test links to", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := kitKeys(file, true)
			if err == nil && sm2 && len(keys.Public(platform, "").SigningSM2) == 0 {
				if keys, err = keys.WithSM2(rand.Reader); err == nil {
					err = keepKeys(file, keys)
				}
			}
			if err != nil {
				return err
			}
			pub := keys.Public(platform, "符合性测试")
			fmt.Fprintf(cmd.ErrOrStderr(), "platform     %s\nfingerprint  %s\n", pub.Platform, pub.Fingerprint())
			_, err = cmd.OutOrStdout().Write(pub.Bytes())
			return err
		},
	}
	cmd.Flags().StringVar(&file, "keys", "conform-keys.json", "`FILE` with the kit's secret keys; made where there is none")
	cmd.Flags().StringVar(&platform, "platform", kitPlatform, "`CODE` of the platform that the kit plays")
	cmd.Flags().BoolVar(&sm2, "sm2", false, "with a key of the national suite, too, which the rule sm2 signs with")
	return cmd
}

// keepKeys writes the kit's keys: whole or not at all.
func keepKeys(path string, keys *seal.Keyring) error {
	if err := os.WriteFile(path+".new", keys.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// kitKeys reads the kit's keys; made makes them where there are none.
func kitKeys(path string, made bool) (*seal.Keyring, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return seal.ParseKeyring(b)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if !made {
		return nil, usagef("there are no keys in %s; liandong conform keys --keys %s makes them, and prints what the side under test links to", path, path)
	}
	keys, err := seal.NewKeyring(rand.Reader)
	if err != nil {
		return nil, err
	}
	return keys, keepKeys(path, keys)
}

func newConformRules() *cobra.Command {
	var jsonOut bool
	var way string
	cmd := &cobra.Command{
		Use: "rules", Short: "List the rules", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range conform.Rules(way) {
				if jsonOut {
					line, err := jsonLine(r)
					if err != nil {
						return err
					}
					cmd.OutOrStdout().Write(line)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-24s %s (%s)\n", r.ID, r.Says, section(r.Section))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "one JSON object a line")
	cmd.Flags().StringVar(&way, "way", conform.OverHTTPS, "`WAY` to the side under test: https, table, ferry or fetch")
	return cmd
}

type conformOptions struct {
	keys, platform, peerKeys string
	url, listen, link        string
	node, token, drive       string
	byHand, jsonOut, fetch   bool
	ca, cert, key            string
	listenCert, listenKey    string
	table, in, out           string
	only                     []string
	patience                 time.Duration
}

func newConformRun() *cobra.Command {
	var o conformOptions
	cmd := &cobra.Command{
		Use: "run --keys FILE --peer-keys FILE --url URL --listen ADDR", Short: "Try the rules against a side under test", Args: noArgs,
		Long: `Tries the rules against a side under test. A line a rule: passed, failed with what was sent and what came back, or not tried.

--drive CMD is run by sh with two more words, the verb and the id of the leg (accept, return, progress, feedback, extend, settle, withdraw, grant, refuse, call, callback), "offer" and a text that a case is to be made of and sent to the kit, or one word alone: "restart", stop the side under test as if the power had gone, and start it again; "keys", give it a new signing key and announce that. Exit status 3 says that it does not do this: the rule is not tried. What it prints is shown behind "driver: ".

Exit status: 0 nothing failed, 1 something did, 2 wrong usage.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.keys, "keys", "conform-keys.json", "`FILE` with the kit's secret keys")
	f.StringVar(&o.platform, "platform", kitPlatform, "`CODE` of the platform that the kit plays")
	f.StringVar(&o.peerKeys, "peer-keys", "", "`FILE` with the keys of the side under test")
	f.StringVar(&o.url, "url", "", "`URL` where the side under test takes letters, without /exchange/v1/letters")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8490", "`ADDR` where the kit takes letters")
	f.BoolVar(&o.fetch, "fetch", false, "the kit cannot be called: it fetches what the side under test has for it, and listens nowhere; with --url")
	f.StringVar(&o.ca, "ca", "", "`FILE` (PEM) with the only authority whose certificate the side under test may show")
	f.StringVar(&o.cert, "cert", "", "`FILE` (PEM) with the certificate that the kit shows where it is asked for one; with --key")
	f.StringVar(&o.key, "key", "", "`FILE` (PEM) with its key")
	f.StringVar(&o.listenCert, "listen-cert", "", "`FILE` (PEM) with a certificate: the kit listens by HTTPS; with --listen-key")
	f.StringVar(&o.listenKey, "listen-key", "", "`FILE` (PEM) with its key")
	f.StringVar(&o.table, "table", "", "`DSN` of a shared table instead of --url: postgres://… or the path of an SQLite file; made where there is none")
	f.StringVar(&o.in, "in", "", "`DIR` in which bundles of the side under test arrive, instead of --url; with --out")
	f.StringVar(&o.out, "out", "", "`DIR` in which bundles of the kit are put for it")
	f.StringVar(&o.link, "link", "", "`ID` of the link; default: both codes, the smaller first, joined by ~")
	f.StringVar(&o.node, "node", "", "address `URL` of a node of ours under test: people's part is done by its API")
	f.StringVar(&o.token, "token", "", "`TOKEN` for it")
	f.StringVar(&o.drive, "drive", "", "`CMD` that does people's part")
	f.BoolVar(&o.byHand, "by-hand", false, "ask at the terminal for people's part")
	f.BoolVar(&o.jsonOut, "json", false, "one JSON object a rule")
	f.StringSliceVar(&o.only, "only", nil, "try these `RULES` only")
	f.DurationVar(&o.patience, "patience", 15*time.Second, "how long a letter of the side under test may take")
	return cmd
}

// check finds what would make every rule fail for one reason.
func (o conformOptions) check(peer seal.PublicKeys) error {
	if peer.Platform == o.platform {
		return usagef("%s is the kit itself: --peer-keys wants the file of the side under test", peer.Platform)
	}
	way := conform.OverTable
	switch {
	case o.fetch:
		way = conform.OverFetch
	case o.url != "":
		way = conform.OverHTTPS
	case o.in != "":
		way = conform.OverFerry
	}
	known := map[string]bool{}
	for _, r := range conform.Rules(way) {
		known[r.ID] = true
	}
	for _, id := range o.only {
		if !known[id] {
			return usagef("there is no rule %s; liandong conform rules --way %s lists them", id, way)
		}
	}
	if o.url == "" {
		return nil
	}
	u, err := url.Parse(o.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usagef("--url %s: want http:// or https:// and a host", o.url)
	}
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(u.Hostname(), port), 10*time.Second)
	if err != nil {
		return fmt.Errorf("nobody answers at %s: %w", o.url, err)
	}
	return conn.Close()
}

func (o conformOptions) run(cmd *cobra.Command) error {
	ways := 0
	for _, given := range []bool{o.url != "", o.table != "", o.in != "" && o.out != ""} {
		if given {
			ways++
		}
	}
	if o.peerKeys == "" || ways != 1 || (o.in == "") != (o.out == "") {
		return usagef("give --peer-keys FILE of the side under test, and one way to it: --url URL, --table DSN, or --in DIR and --out DIR")
	}
	if o.fetch && o.url == "" || (o.cert == "") != (o.key == "") || (o.listenCert == "") != (o.listenKey == "") {
		return usagef("--fetch goes with --url, --cert with --key, --listen-cert with --listen-key")
	}
	doc, err := os.ReadFile(o.peerKeys)
	if err != nil {
		return err
	}
	peer, err := seal.ParsePublicKeys(doc)
	if err != nil {
		return fmt.Errorf("%s: %w", o.peerKeys, err)
	}
	keys, err := kitKeys(o.keys, false)
	if err != nil {
		return err
	}
	if err := o.check(peer); err != nil {
		return err
	}
	driver, err := o.driver(cmd)
	if err != nil {
		return err
	}
	c := conform.Config{Keys: keys, Platform: o.platform, Name: "符合性测试", Peer: peer, Link: cmp.Or(o.link, desk.LinkID(o.platform, peer.Platform)),
		URL: strings.TrimRight(o.url, "/"), Driver: driver, Patience: o.patience,
		Renew: func(k *seal.Keyring) error { return keepKeys(o.keys, k) }}
	files := map[string]string{}
	for name, file := range map[string]string{"ca": o.ca, "cert": o.cert, "key": o.key} {
		if file != "" {
			files[name] = file
		}
	}
	if c.Client, err = https.Client(files, 30*time.Second); err != nil {
		return usagef("--ca, --cert, --key: %v", err)
	}
	if o.url == "" || o.fetch {
		way, err := o.carried(c, files)
		if err != nil {
			return err
		}
		defer way.Close()
		c.Way = way
	}
	kit := conform.New(c)
	if o.url != "" && !o.fetch {
		l, err := net.Listen("tcp", o.listen)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		mux := http.NewServeMux()
		mux.Handle("POST /exchange/v1/letters", kit.Handler())
		srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
		if o.listenCert != "" {
			pair, err := tls.LoadX509KeyPair(o.listenCert, o.listenKey)
			if err != nil {
				return usagef("--listen-cert, --listen-key: %v", err)
			}
			l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}})
		}
		go srv.Serve(l) // ends with Close
		defer srv.Close()
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "link %s, the kit's keys %s, yours %s\n", c.Link, keys.Public(o.platform, c.Name).Fingerprint(), peer.Fingerprint())
	ctx, stop := context.WithCancelCause(cmd.Context())
	listening := make(chan error, 1)
	go func() {
		err := kit.Listen(ctx)
		if err != nil {
			stop(err)
		}
		listening <- err
	}()
	count := map[conform.Outcome]int{}
	kit.All(ctx, o.only, func(res conform.Result) {
		count[res.Outcome]++
		sayResult(cmd.OutOrStdout(), res, o.jsonOut)
	})
	stop(nil)
	if err := <-listening; err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if !o.jsonOut {
		fmt.Fprintf(cmd.OutOrStdout(), "%d passed, %d failed, %d not tried\n", count[conform.Passed], count[conform.Failed], count[conform.NotTried])
	}
	if count[conform.Failed] > 0 || len(count) == 0 {
		return errFailed
	}
	return nil
}

// carried is the way over a table or folders.
func (o conformOptions) carried(c conform.Config, files map[string]string) (conform.Carried, error) {
	l := carrier.Link{Self: c.Platform, Peer: c.Peer.Platform, ID: c.Link,
		Sign:   func(doc []byte) (string, error) { return carrier.Sign(c.Keys, doc) },
		Verify: func(doc []byte, signature string) error { return carrier.Verify(c.Peer, doc, signature, time.Now()) }}
	if o.fetch {
		l.URL, l.Set = c.URL, files
		return conform.NewFetch(l, c.Client)
	}
	if o.table != "" {
		dsn := o.table
		if !strings.Contains(dsn, "://") {
			path, err := filepath.Abs(dsn)
			if err != nil {
				return nil, err
			}
			dsn = path
		}
		l.Set = map[string]string{"dsn": dsn, "create": "yes"}
		return conform.NewTable(l, c.Patience)
	}
	in, err := filepath.Abs(o.in)
	if err != nil {
		return nil, err
	}
	out, err := filepath.Abs(o.out)
	if err != nil {
		return nil, err
	}
	l.Set = map[string]string{"in": in, "out": out, "settle": "1s"}
	return conform.NewFerry(l, c.Patience)
}

// section says where in docs/exchange a rule comes from.
func section(name string) string {
	if strings.HasSuffix(name, ".md") {
		return name
	}
	return "README.md, " + name
}

func sayResult(w io.Writer, res conform.Result, jsonOut bool) {
	if jsonOut {
		if line, err := jsonLine(res); err == nil {
			w.Write(line)
		}
		return
	}
	fmt.Fprintf(w, "%-9s  %-24s %s\n", res.Outcome, res.ID, res.Rule)
	if res.Outcome == conform.Failed {
		fmt.Fprintf(w, "           contract: %s\n", section(res.Section))
	}
	if res.Why != "" {
		fmt.Fprintf(w, "           %s\n", strings.ReplaceAll(res.Why, "\n", "\n           "))
	}
	if res.Sent != "" {
		fmt.Fprintf(w, "           sent: %s\n", res.Sent)
	}
	if res.Came != "" {
		fmt.Fprintf(w, "           came: %s\n", res.Came)
	}
}

func (o conformOptions) driver(cmd *cobra.Command) (conform.Driver, error) {
	switch {
	case o.node != "":
		c, err := newClient(o.node, o.token, 1)
		if err != nil {
			return nil, err
		}
		return apiDriver{c, o.platform}, nil
	case o.drive != "":
		return programDriver{o.drive, cmd.ErrOrStderr()}, nil
	case o.byHand:
		return handDriver{bufio.NewScanner(cmd.InOrStdin()), cmd.ErrOrStderr()}, nil
	}
	return nil, nil
}

// apiDriver does people's part by the API of a node of ours.
type apiDriver struct {
	c        *client
	platform string
}

func (d apiDriver) Do(ctx context.Context, v leg.Verb, legID string) error {
	body := map[leg.Verb]fields{
		leg.Return:   {"ground": "not_duty", "basis": "《测试职责规定》第一条", "next_owner": "测试单位", "note": "符合性测试：退回"},
		leg.Progress: {"note": "符合性测试：正在处理"},
		leg.Feedback: {"result": "符合性测试：已处理完毕"},
		leg.Withdraw: {"note": "符合性测试：撤回"},
		leg.Grant:    {"due": time.Now().AddDate(0, 0, 30).Format(time.RFC3339)},
		leg.Refuse:   {"note": "符合性测试：不同意"},
		leg.Extend:   {"due": time.Now().AddDate(0, 0, 30).Format(time.RFC3339), "note": "符合性测试：需要更多时间"},
	}[v]
	switch {
	case v == leg.Call:
		return d.ofCase(ctx, legID, "calls", fields{"leg": legID, "kind": "call_back", "parties": []string{"caller", d.platform}, "outcome": "done", "consent_to_transfer": true})
	case v == leg.Callback:
		return d.ofCase(ctx, legID, "callback", fields{"leg": legID, "solved": true, "satisfaction": "2", "scale": 5})
	case body == nil:
		body = fields{}
	}
	_, err := d.c.call(ctx, http.MethodPost, "/api/v1/legs/"+url.PathEscape(legID)+"/"+string(v), body, nil)
	return err
}

// ofCase does something with the case of a leg.
func (d apiDriver) ofCase(ctx context.Context, legID, what string, body fields) error {
	var v struct {
		CaseID string `json:"case_id"`
	}
	_, err := d.c.call(ctx, http.MethodGet, "/api/v1/legs/"+url.PathEscape(legID), nil, &v)
	if err == nil {
		_, err = d.c.call(ctx, http.MethodPost, "/api/v1/cases/"+url.PathEscape(v.CaseID)+"/"+what, body, nil)
	}
	return err
}

func (d apiDriver) Offer(ctx context.Context, text string) error {
	var v struct {
		ID string `json:"id"`
	}
	if _, err := d.c.call(ctx, http.MethodPost, "/api/v1/cases", fields{"text": text, "channel": "phone", "caller": fields{"name": "张测试", "phone": "13900000001"}}, &v); err != nil {
		return err
	}
	_, err := d.c.call(ctx, http.MethodPost, "/api/v1/cases/"+v.ID+"/legs", fields{"legs": []fields{{"to": "platform:" + d.platform, "ask": "符合性测试"}}}, nil)
	return err
}

// notDone is the exit status of a driver for what it does not do.
const notDone = 3

// prefixed shows which lines are a driver's and not the kit's.
type prefixed struct {
	to   io.Writer
	line []byte // begun, without its end
}

func (p *prefixed) Write(b []byte) (int, error) {
	p.line = append(p.line, b...)
	for {
		i := bytes.IndexByte(p.line, '\n')
		if i < 0 {
			return len(b), nil
		}
		if _, err := fmt.Fprintf(p.to, "driver: %s\n", p.line[:i]); err != nil {
			return 0, err
		}
		p.line = p.line[i+1:]
	}
}

// end writes a line that has no end of its own.
func (p *prefixed) end() {
	if len(p.line) > 0 {
		fmt.Fprintf(p.to, "driver: %s\n", p.line)
		p.line = nil
	}
}

// programDriver has a program do people's part.
type programDriver struct {
	command string
	say     io.Writer
}

func (d programDriver) run(ctx context.Context, words ...string) error {
	c := exec.CommandContext(ctx, "sh", append([]string{"-c", d.command + ` "$@"`, "drive"}, words...)...)
	say := &prefixed{to: d.say}
	c.Stdout, c.Stderr = say, say
	err := c.Run()
	say.end()
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() == notDone {
		return fmt.Errorf("%w: the driver does not do that", conform.ErrNotTried)
	}
	return err
}

func (d programDriver) Do(ctx context.Context, v leg.Verb, legID string) error {
	return d.run(ctx, string(v), legID)
}
func (d programDriver) Offer(ctx context.Context, text string) error {
	return d.run(ctx, "offer", text)
}

// Restart is part of conform.Restarter.
func (d programDriver) Restart(ctx context.Context) error { return d.run(ctx, "restart") }

// NewKey is part of conform.Rekeyer.
func (d programDriver) NewKey(ctx context.Context) error { return d.run(ctx, "keys") }

// handDriver asks a person at the terminal.
type handDriver struct {
	in  *bufio.Scanner
	say io.Writer
}

func (d handDriver) ask(what string) error {
	fmt.Fprintf(d.say, "please: %s; then Enter (or \"skip\")\n", what)
	if !d.in.Scan() || strings.TrimSpace(d.in.Text()) == "skip" {
		return fmt.Errorf("skipped: %w", conform.ErrNotTried)
	}
	return nil
}

func (d handDriver) Do(_ context.Context, v leg.Verb, legID string) error {
	return d.ask(fmt.Sprintf("%s the leg %s", v, legID))
}

func (d handDriver) Offer(_ context.Context, text string) error {
	return d.ask(fmt.Sprintf("take a case “%s” and send it to the kit", text))
}

// Restart is part of conform.Restarter.
func (d handDriver) Restart(context.Context) error {
	return d.ask("stop your side as if the power had gone, and start it again")
}

// NewKey is part of conform.Rekeyer.
func (d handDriver) NewKey(context.Context) error {
	return d.ask("give your side a new signing key and have it announced")
}
