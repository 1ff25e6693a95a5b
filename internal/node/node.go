package node

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"liandong/internal/auth"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/exchange"
	"liandong/internal/job"
	"liandong/internal/notify"
	"liandong/internal/opinion"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
	"liandong/internal/tsa"
	"liandong/internal/web"
)

// Options are what a program adds to the configuration.
type Options struct {
	Log     *slog.Logger // nil: none
	Version string       // of the program
	// Demo is shown on the sign-in page; empty on a real node.
	Demo []web.DemoUser
}

// Node is one platform, open.
type Node struct {
	cfg        Config
	opt        Options
	log        *slog.Logger
	store      *store.Store
	keys       *seal.Keyring
	desk       *desk.Desk
	auth       *auth.Auth
	exchange   *exchange.Exchange
	notifier   *notify.Notifier
	messenger  *notify.Messenger
	stampRoots *x509.CertPool   // nil: any authority
	advisor    *opinion.Advisor // nil: none

	roundSeconds *prometheus.CounterVec
}

// Open opens a platform: its directory, database and keys, which it makes at
// the first start, and the desk over them. A SQLite database is open in one
// process at a time; a second one gets database_in_use.
func Open(ctx context.Context, c Config, opt Options) (*Node, error) {
	log := opt.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("platform", c.Platform)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	st, err := store.Open(ctx, c.dsn())
	if err != nil {
		return nil, err
	}
	n := &Node{cfg: c, opt: opt, log: log, store: st}
	if err := n.assemble(ctx); err != nil {
		st.Close()
		return nil, err
	}
	return n, nil
}

// assemble puts the parts together over an open store.
func (n *Node) assemble(ctx context.Context) error {
	who, known, err := identity(ctx, n.cfg, n.store)
	if err != nil {
		return err
	}
	if n.keys, err = loadKeys(ctx, n.cfg, n.store, known); err != nil {
		return err
	}
	cat, dir, err := seedData(ctx, n.store)
	if err != nil {
		return err
	}
	if _, ok := dir.Region(n.cfg.Region); !ok {
		return fmt.Errorf("region: the directory does not know %s", n.cfg.Region)
	}
	if !known {
		err := n.store.Write(ctx, func(tx *store.Tx) error { return tx.AddNode(ctx, who) })
		if err != nil && !store.IsDuplicate(err) {
			return err
		}
		n.log.Info("first start", "line", who.Line, "region", who.Region, "storage", n.cfg.Storage(), "keys", n.Keys().Fingerprint())
	}
	cal, err := n.cfg.calendar()
	if err != nil {
		return fmt.Errorf("calendar_file: %w", err)
	}
	n.desk = desk.New(desk.Config{Store: n.store, Keys: n.keys, Node: who, Catalogue: cat, Directory: dir, Calendar: cal,
		Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }, Log: n.log, Channels: n.cfg.NoticeChannels()})
	if err := n.desk.RefreshModel(ctx); err != nil { // proposals go on, by the model that ships
		n.log.Error("model of triage", "err", err)
	}
	if n.cfg.OpinionURL != "" {
		key := ""
		if n.cfg.OpinionKeyFile != "" {
			if key, err = readSecret(n.cfg.OpinionKeyFile); err != nil {
				return fmt.Errorf("opinion_key_file: %w", err)
			}
		}
		n.advisor = opinion.New(opinion.Config{URL: n.cfg.OpinionURL, Model: n.cfg.OpinionModel, Key: key})
	}
	if n.cfg.StampCAFile != "" {
		doc, err := os.ReadFile(n.cfg.StampCAFile)
		if err != nil {
			return fmt.Errorf("stamp_ca_file: %w", err)
		}
		if n.stampRoots = x509.NewCertPool(); !n.stampRoots.AppendCertsFromPEM(doc) {
			return fmt.Errorf("stamp_ca_file: no certificate in %s", n.cfg.StampCAFile)
		}
	}
	n.auth = auth.New(n.store, who.Platform, nil)
	n.exchange = exchange.New(n.desk, n.store, n.keys, n.log)
	n.notifier = notify.New(n.desk, n.store, n.keys, n.log)
	if n.messenger, err = n.newMessenger(); err != nil {
		return err
	}
	n.roundSeconds = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "liandong_round_seconds_total", Help: "Time spent in each round that came to its end, waiting for the database included.",
	}, []string{"round"})
	return nil
}

// seedData writes the catalogue and the directory that the program ships into a
// new database, and reads those in force.
func seedData(ctx context.Context, st *store.Store) (*catalogue.Catalogue, *directory.Directory, error) {
	cat, err := catalogue.Seed()
	if err != nil {
		return nil, nil, fmt.Errorf("catalogue: %w", err)
	}
	dir, err := directory.Seed()
	if err != nil {
		return nil, nil, fmt.Errorf("directory: %w", err)
	}
	return desk.Seed(ctx, st, cat, dir, time.Now())
}

// Close ends the node. It must not be serving.
func (n *Node) Close() error { return n.store.Close() }

// Config is what the node was opened with.
func (n *Node) Config() Config { return n.cfg }

// Keys are the public keys that peers get.
func (n *Node) Keys() seal.PublicKeys { return n.keys.Public(n.cfg.Platform, n.cfg.Name) }

// rounds are the work that nobody asks for by a click.
func (n *Node) rounds() []job.Round {
	rounds := []job.Round{
		{Name: "postman", Every: time.Second, Lease: true, Run: n.exchange.Post},
		{Name: "subscribers", Every: time.Second, Lease: true, Run: n.notifier.Run},
		{Name: "prompts", Every: time.Second, Lease: true, Run: n.desk.FirePrompts},
		{Name: "clocks", Every: time.Second, Lease: true, Run: func(ctx context.Context) error { _, err := n.desk.FireClocks(ctx); return err }},
		{Name: "orders", Every: time.Minute, Lease: true, Run: n.desk.OverdueOrders},
		{Name: "uploads", Every: 10 * time.Minute, Lease: true, Run: n.desk.DropUploads},
		{Name: "index", Every: time.Second, Lease: true, Run: n.desk.IndexSome},
		{Name: "tree", Every: 300 * time.Millisecond, Lease: true, Run: n.desk.Sequence},
		{Name: "keys", Every: 5 * time.Second, Lease: true, Run: n.desk.PostKeys},
		{Name: "heads", Every: 5 * time.Second, Lease: true, Run: n.desk.PostHeads},
		{Name: "catalogue", Every: 5 * time.Second, Run: n.desk.RefreshCatalogue}, // each process for itself
		{Name: "model", Every: 5 * time.Second, Run: n.desk.RefreshModel},
		{Name: "memory", Every: 4 * time.Second, Run: giveBack()},
	}
	rounds = append(rounds, n.noticeRounds()...)
	if every := n.cfg.reconcileEvery(); every > 0 {
		rounds = append(rounds, job.Round{Name: "reconcile", Every: every, Lease: true, Run: n.exchange.Watch})
	}
	if n.cfg.StampURL != "" {
		authority := tsa.New(n.cfg.StampURL)
		rounds = append(rounds, job.Round{Name: "stamps", Every: 10 * time.Second, Lease: true, Run: func(ctx context.Context) error {
			return n.desk.StampHead(ctx, n.cfg.stampEvery(), authority.Ask, n.stampRoots)
		}})
	}
	for i, r := range rounds {
		spent := n.roundSeconds.WithLabelValues(r.Name)
		rounds[i].Run = func(ctx context.Context) error {
			begin := time.Now()
			defer func() { spent.Add(time.Since(begin).Seconds()) }()
			return r.Run(ctx)
		}
	}
	return rounds
}

// lease is what rounds run under: on SQLite no other process can have the
// database open, so there is nothing to hold.
func (n *Node) lease() job.Lease {
	if n.store.Postgres() {
		return job.InStore(n.store)
	}
	return nil
}
