package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/message"
)

// trace is what is known of one request: handlers write into it, observe
// writes it to the log. It holds no personal data.
type trace struct {
	id     string
	lang   string
	method string
	actor  hotline.Actor
	code   string // of the refusal
	field  string // at fault
	cause  error  // of the refusal; shown in the log where the fault is ours
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{lang: message.Chinese}
}

// requestID is what a caller may send to find its request in our log.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// observe gives a request its id, survives a panic, and writes one line and one
// measurement when it is answered.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		t := &trace{id: r.Header.Get("X-Request-Id"), lang: message.Choose(r.Header.Get("Accept-Language")), method: r.Method}
		if !requestID.MatchString(t.id) {
			t.id = hotline.NewID()
		}
		r = r.WithContext(context.WithValue(r.Context(), traceKey{}, t))
		rec := &door.Recorder{ResponseWriter: w}
		rec.Header().Set("X-Request-Id", t.id)
		rec.Header().Set("X-Content-Type-Options", "nosniff")
		rec.Header().Set("Cache-Control", "no-store")
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				a.log.Error("panic", "request", t.id, "what", fmt.Sprint(v), "stack", string(debug.Stack()))
				if rec.Status == 0 {
					a.refuse(rec, r, hotline.Errorf(hotline.Internal, "panic", ""))
				}
			}
			a.record(r, t, rec, time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

// field names are ours, except where a client invents one.
var knownField = regexp.MustCompile(`^[A-Za-z_.\-\[\]0-9]{1,64}$`)

func (a *API) record(r *http.Request, t *trace, rec *door.Recorder, took time.Duration) {
	status := rec.Status
	if status == 0 {
		status = http.StatusOK
	}
	route := r.Pattern
	if _, path, ok := strings.Cut(route, " "); ok {
		route = path
	}
	a.metrics.observe(r.Method, route, status, took)

	attrs := []slog.Attr{slog.String("request", t.id), slog.String("method", known(r.Method)), slog.String("route", route),
		slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000)}
	if t.actor.ID != "" {
		attrs = append(attrs, slog.String("actor", t.actor.ID))
	}
	level, what := slog.LevelInfo, "request"
	if t.code != "" {
		level, what = slog.LevelWarn, "refused"
		attrs = append(attrs, slog.String("code", t.code))
		if t.field != "" && t.code != "field_unknown" && t.code != "param_unknown" && knownField.MatchString(t.field) {
			attrs = append(attrs, slog.String("field", t.field))
		}
	}
	if status >= http.StatusInternalServerError && t.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", t.cause.Error()))
	}
	a.log.LogAttrs(r.Context(), level, what, attrs...)
}

// known keeps invented methods out of the log and the metrics.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// metrics counts requests in a registry of the node's own: a demo runs two
// nodes in one process.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(version string, more []prometheus.Collector) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liandong_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "liandong_http_request_seconds", Help: "How long requests took, by route.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
		}, []string{"method", "route"}),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "liandong_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.requests, m.seconds, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(more...)
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if route == "" || route == "/" {
		route = "other"
	}
	m.requests.WithLabelValues(known(method), route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(known(method), route).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
