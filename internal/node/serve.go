package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"liandong/internal/api"
	"liandong/internal/job"
	"liandong/internal/web"
)

// Limits of the server. A client that is slower or bigger than this is no desk
// and no platform.
const (
	headTimeout  = 10 * time.Second
	bodyTimeout  = time.Minute
	idleTimeout  = 2 * time.Minute
	writeTimeout = 10 * time.Minute // a stream of events; browsers come back
	headMost     = 64 << 10
	bodyMost     = 4 << 20 // each door has its own, lower bound
	stopTimeout  = 10 * time.Second
)

// Handler is all doors of the node on one mux. The longest pattern wins: what
// peers call, what administrators' programs call, the API, and pages for
// everything else.
func (n *Node) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/exchange/v1/", n.certified(n.exchange.Handler()))
	doors := api.New(api.Config{Desk: n.desk, Auth: n.auth, Ready: n.store.Ping, Log: n.log, Version: n.opt.Version,
		Metrics: []prometheus.Collector{linkMetrics{n.store.Reader()}, noticeMetrics{n.store.Reader()}, calendarLeft(n.desk.Calendar()), n.roundSeconds}})
	n.adminRoutes(mux, doors)
	n.exportRoutes(mux, doors)
	for _, path := range []string{"/api/", "/openapi.json", "/openapi.yaml", "/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, doors)
	}
	pages := web.Config{Desk: n.desk, Auth: n.auth, Log: n.log, Secure: strings.HasPrefix(n.cfg.PublicURL, "https:"), Demo: n.opt.Demo,
		KeepOffline: n.cfg.keepOffline()}
	if n.advisor != nil {
		pages.Advisor = n.advisor
	}
	mux.Handle("/", web.New(pages))
	return http.MaxBytesHandler(mux, bodyMost)
}

// certified lets only who showed a certificate of a known authority bring
// letters, where the configuration asks for one.
func (n *Node) certified(next http.Handler) http.Handler {
	if n.cfg.TLSClientCA == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			n.log.Warn("no client certificate", "remote", r.RemoteAddr, "path", r.URL.Path)
			http.Error(w, "a client certificate is needed", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OpenListener opens the address of the configuration.
func (c Config) OpenListener(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// Serve serves on a listener and runs the rounds until ctx ends or the listener
// breaks. It returns when requests under way are answered, or have had ten
// seconds to be.
func (n *Node) Serve(ctx context.Context, l net.Listener) error {
	streams, endStreams := context.WithCancel(context.Background())
	defer endStreams()
	srv := &http.Server{
		Handler:           endWith(streams, n.Handler()),
		ReadHeaderTimeout: headTimeout, ReadTimeout: bodyTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headMost,
		ErrorLog:       slog.NewLogLogger(n.log.Handler(), slog.LevelWarn),
	}
	if n.cfg.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(n.cfg.TLSCert, n.cfg.TLSKey)
		if err != nil {
			l.Close()
			return fmt.Errorf("TLS certificate: %w", err)
		}
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	if n.cfg.TLSClientCA != "" {
		pem, err := os.ReadFile(n.cfg.TLSClientCA)
		pool := x509.NewCertPool()
		if err == nil && !pool.AppendCertsFromPEM(pem) {
			err = errors.New("no certificate in it")
		}
		if err != nil {
			l.Close()
			return fmt.Errorf("tls_client_ca: %w", err)
		}
		srv.TLSConfig.ClientCAs, srv.TLSConfig.ClientAuth = pool, tls.VerifyClientCertIfGiven // browsers have none
	}

	within, stop := context.WithCancel(ctx)
	defer stop()
	rounds := make(chan struct{})
	go func() {
		defer close(rounds)
		job.Run(within, n.lease(), n.log, n.rounds()...)
	}()
	served := make(chan error, 1)
	go func() { served <- n.serve(srv, l) }()
	if end, soon := n.desk.Calendar().RunsOut(time.Now()); soon {
		n.log.Warn("the calendar runs out: add the next year by calendar_file", "end", end.Format(time.DateOnly))
	}
	n.log.Info("serving", "address", l.Addr().String(), "url", n.cfg.PublicURL)

	var err error
	select {
	case err = <-served:
		stop()
	case <-ctx.Done():
		endStreams()
		limit, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err = srv.Shutdown(limit); err != nil {
			err = errors.Join(fmt.Errorf("stop serving: %w", err), srv.Close())
		}
	}
	<-rounds
	n.log.Info("stopped")
	return err
}

func (n *Node) serve(srv *http.Server, l net.Listener) error {
	var err error
	if srv.TLSConfig != nil {
		err = srv.ServeTLS(l, "", "")
	} else {
		err = srv.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// endWith ends streams of events when ctx does: they would keep the server from
// stopping. All other requests are answered first.
func endWith(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/events" {
			next.ServeHTTP(w, r)
			return
		}
		within, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(within))
	})
}
