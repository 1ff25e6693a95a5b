package api

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/consultation"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// Desk is what the API asks of the desk; *desk.Desk is one.
type Desk interface {
	Node() store.Node
	Catalogue() *catalogue.Catalogue
	Propose(text, region string) desk.Proposal

	Intake(ctx context.Context, a hotline.Actor, in desk.In) (v desk.CaseView, created bool, err error)
	Case(ctx context.Context, a hotline.Actor, id string) (desk.CaseView, error)
	Cases(ctx context.Context, a hotline.Actor, f desk.Filter) (desk.CaseList, error)
	Events(ctx context.Context, a hotline.Actor, caseID, after string, limit int) ([]desk.EventView, error)
	Reveal(ctx context.Context, a hotline.Actor, caseID, reason string) (desk.Person, error)
	BeginAttachment(ctx context.Context, a hotline.Actor, caseID string, up desk.Upload) (desk.AttachmentView, error)
	PutPart(ctx context.Context, a hotline.Actor, id string, number int64, content []byte) (desk.AttachmentView, error)
	Attachment(ctx context.Context, a hotline.Actor, caseID, id string) (desk.AttachmentView, error)
	OpenAttachment(ctx context.Context, a hotline.Actor, caseID, id, reason string) (desk.File, error)
	Erase(ctx context.Context, a hotline.Actor, caseID string, version *int64, basis string) (desk.CaseView, error)
	Decide(ctx context.Context, a hotline.Actor, caseID string, dec desk.Decision) (desk.CaseView, error)
	Note(ctx context.Context, a hotline.Actor, caseID, text string) error
	CompleteCaller(ctx context.Context, a hotline.Actor, caseID string, version *int64, p desk.Particulars) error
	RecordCall(ctx context.Context, a hotline.Actor, caseID, legID string, c desk.Call) error
	RecordDispatch(ctx context.Context, a hotline.Actor, caseID string, m desk.Dispatched) error
	Callback(ctx context.Context, a hotline.Actor, caseID string, asked desk.Asked) (desk.CaseView, error)
	Close(ctx context.Context, a hotline.Actor, caseID string, c desk.Closing) (desk.CaseView, error)
	Group(ctx context.Context, a hotline.Actor, lead string, others []string) error
	Ungroup(ctx context.Context, a hotline.Actor, caseID string) error

	SendLegs(ctx context.Context, a hotline.Actor, caseID string, version *int64, orders []desk.Order) (desk.CaseView, error)
	Dual(ctx context.Context, a hotline.Actor, caseID string, version *int64) (desk.CaseView, error)
	Leg(ctx context.Context, a hotline.Actor, legID string) (desk.LegView, error)
	Act(ctx context.Context, a hotline.Actor, legID string, do desk.Do) (desk.LegView, error)
	Resolve(ctx context.Context, a hotline.Actor, legID string) error

	Consultations(ctx context.Context, a hotline.Actor, state consultation.State) ([]store.Consultation, error)
	Consultation(ctx context.Context, a hotline.Actor, id string) (desk.ConsultationView, error)
	ReturnedItems(ctx context.Context, a hotline.Actor) ([]store.ReturnedItem, error)
	OpenConsultationOnce(ctx context.Context, a hotline.Actor, n desk.NewConsultation) (c store.Consultation, created bool, err error)
	TakeTurn(ctx context.Context, a hotline.Actor, id string, t desk.Turn) error
	DraftOfRulingOnce(ctx context.Context, a hotline.Actor, id string, version *int64, key string) (d store.Draft, created bool, err error)

	GrantStopOnce(ctx context.Context, a hotline.Actor, legID string, version *int64, note, key string) error
	Scores(ctx context.Context, a hotline.Actor, month string, asOf time.Time) (desk.ScoreSheet, error)
	Channels() []string
	NoticeRecipients(ctx context.Context, a hotline.Actor) ([]desk.RecipientView, error)
	NoticeRecipient(ctx context.Context, a hotline.Actor, id string) (desk.RecipientView, error)
	NewNoticeRecipient(ctx context.Context, a hotline.Actor, in desk.NewRecipient, key string) (v desk.RecipientView, created bool, err error)
	ChangeNoticeRecipient(ctx context.Context, a hotline.Actor, id, how string) error

	Deadline(from time.Time, budget, region string) (calendar.Deadline, error)
	ClockAccount(ctx context.Context, a hotline.Actor, caseID, clockID string) (desk.ClockAccount, error)
}

// Auth says who a token belongs to; *auth.Auth does.
type Auth interface {
	Token(ctx context.Context, secret string) (hotline.Actor, error)
}

// Config is what the API is put together from.
type Config struct {
	Desk    Desk
	Auth    Auth
	Ready   func(context.Context) error // whether work can be done: the database answers
	Log     *slog.Logger
	Version string // of the program
	// Metrics are what the node counts beside requests: letters waiting, say.
	Metrics []prometheus.Collector
}

// BodyMost is how large a request may be, in bytes. The longest text there is,
// 10,000 characters, fits in also where a client escapes each of them.
const BodyMost = 64 << 10

// PartMost is BodyMost for a request that brings a part of a file, in base64.
const PartMost = 400 << 10

// partsPath is the one place that takes so much.
const partsPath = "/api/v1/cases/{id}/attachments/{attachment}/parts"

const recipientsPath = "/api/v1/notices/recipients"

// mostFor is how large a request to a path of the table may be, in bytes.
func mostFor(path string) int64 {
	if path == partsPath {
		return PartMost
	}
	return BodyMost
}

// API answers programs. It is safe for concurrent use.
type API struct {
	desk    Desk
	auth    Auth
	ready   func(context.Context) error
	log     *slog.Logger
	metrics *metrics
	mux     *http.ServeMux
	huma    huma.API
	handler http.Handler
}

// New puts the API together.
func New(c Config) *API {
	a := &API{desk: c.Desk, auth: c.Auth, ready: c.Ready, log: c.Log, mux: http.NewServeMux()}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.metrics = newMetrics(c.Version, c.Metrics)
	a.huma = humago.New(a.mux, humaConfig(c.Version, c.Desk.Node()))
	a.huma.UseMiddleware(a.admit)
	a.routes()
	a.handler = a.observe(a.mux)
	return a
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Guard wraps a handler of the node's own that stands beside the API: the
// token, the right, the log, the metrics and the problem documents are the
// same. The handler writes its answer, by WriteJSON, or returns an error.
func (a *API) Guard(right hotline.Right, h func(http.ResponseWriter, *http.Request, hotline.Actor) error) http.Handler {
	return a.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := a.actor(r.Context(), r.Header.Get("Authorization"), []hotline.Right{right})
		if err == nil {
			err = h(w, r, actor)
		}
		if err != nil {
			a.refuse(w, r, err)
		}
	}))
}

// WriteJSON answers with a document.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(doc, '\n'))
	return err
}

// routes is everything there is. Each operation names the rights of which a
// token needs one; desk asks again with the object in hand.
func (a *API) routes() {
	see := []hotline.Right{hotline.SeeCases}
	take := []hotline.Right{hotline.TakeCases}
	takeOrSee := []hotline.Right{hotline.TakeCases, hotline.SeeCases}
	decide := []hotline.Right{hotline.DecideCases}

	add(a, route{"POST", "/api/v1/cases", "take-case", "Take a case, and send its legs in the same action", take, 201}, a.takeCase)
	add(a, route{"GET", "/api/v1/cases", "list-cases", "List cases, newest first", see, 200}, a.listCases)
	add(a, route{"GET", "/api/v1/cases/{id}", "show-case", "Show a case", takeOrSee, 200}, a.showCase)
	add(a, route{"GET", "/api/v1/cases/{id}/events", "list-events", "What happened in a case, oldest first, on both platforms as far as this one may know", takeOrSee, 200}, a.listEvents)
	add(a, route{"POST", "/api/v1/cases/{id}/legs", "send-legs", "Send legs, all or none", decide, 201}, a.sendLegs)
	add(a, route{"POST", "/api/v1/cases/{id}/dual", "dual-dispatch", "Send the dual dispatch of an urgent case: 110, local government and departments at once", decide, 201}, a.dual)
	add(a, route{"POST", "/api/v1/cases/{id}/decide", "decide-case", "Record what a person decides of a case", decide, 200}, a.decideCase)
	add(a, route{"POST", "/api/v1/cases/{id}/notes", "add-note", "Add what the caller or a colleague says; it is checked for danger", take, 200}, a.addNote)
	add(a, route{"POST", "/api/v1/cases/{id}/caller", "complete-caller", "Add what was not taken down of the caller; what is on record is not changed", take, 200}, a.completeCaller)
	add(a, route{"POST", "/api/v1/cases/{id}/calls", "record-call", "Record a telephone call: three-way, transfer, report by phone", take, 200}, a.recordCall)
	add(a, route{"POST", "/api/v1/cases/{id}/dispatch", "record-dispatch", "Record a moment of a police dispatch, on a 110 platform: level set, unit sent, on scene, first feedback", decide, 200}, a.recordDispatch)
	add(a, route{"POST", "/api/v1/cases/{id}/reveal", "reveal-case", "See personal data, with a reason; the view is an event", []hotline.Right{hotline.RevealPerson}, 200}, a.reveal)
	add(a, route{"POST", "/api/v1/cases/{id}/callback", "record-callback", "Record that the caller was asked; unsolved or not satisfied reopens the leg that failed", decide, 200}, a.callback)
	add(a, route{"POST", "/api/v1/cases/{id}/close", "close-case", "Close a case", decide, 200}, a.closeCase)
	add(a, route{"POST", "/api/v1/cases/{id}/erase", "erase-case", "Destroy the key of a closed case, here and at every platform that got it", []hotline.Right{hotline.EraseCase}, 200}, a.eraseCase)
	add(a, route{"POST", "/api/v1/cases/{id}/group", "group-cases", "Group other cases under this one", take, 200}, a.group)
	add(a, route{"POST", "/api/v1/cases/{id}/ungroup", "ungroup-case", "Take a case out of its group", take, 200}, a.ungroup)
	add(a, route{"POST", "/api/v1/cases/{id}/attachments", "add-attachment", "Begin to add a file; its parts follow", take, 201}, a.attach)
	add(a, route{"GET", "/api/v1/cases/{id}/attachments", "list-attachments", "The files of a case, without names and bytes", takeOrSee, 200}, a.listAttachments)
	add(a, route{"GET", "/api/v1/cases/{id}/attachments/{attachment}", "show-attachment", "A file, and which of its parts are missing", takeOrSee, 200}, a.showAttachment)
	add(a, route{"POST", partsPath, "put-part", "Send one part of a file, in any order; one that is there does nothing", take, 200}, a.putPart)
	add(a, route{"GET", "/api/v1/cases/{id}/attachments/{attachment}/content", "open-attachment", "The bytes of a file, with a reason; the view is an event", []hotline.Right{hotline.RevealPerson}, 200}, a.attachmentContent)
	add(a, route{"GET", "/api/v1/legs/{id}", "show-leg", "Show a leg", takeOrSee, 200}, a.showLeg)
	add(a, route{"POST", "/api/v1/legs/{id}/resolve", "resolve-leg", "Keep a returned or undeliverable leg: the sender does it", decide, 200}, a.resolve)
	a.verbs()
	add(a, route{"POST", "/api/v1/legs/{id}/grant-suspension", "grant-suspension", "Yes to an ask that the time limit stand still; refuse says no, grant gives more time instead", []hotline.Right{hotline.Supervise}, 200}, a.grantSuspension)
	a.consultations()
	add(a, route{"POST", "/api/v1/triage", "triage", "Propose line, class, urgency and unit for a text; nothing is kept", takeOrSee, 200}, a.triage)

	add(a, route{"GET", "/api/v1/scores", "show-scores", "The scores of the units of a month, with their accounts", []hotline.Right{hotline.SeeOverview}, 200}, a.scores)
	administer := []hotline.Right{hotline.Administer}
	add(a, route{"GET", recipientsPath, "list-recipients", "Where notices go beside the screen, addresses masked", []hotline.Right{hotline.SeeLinks}, 200}, a.listRecipients)
	add(a, route{"POST", recipientsPath, "add-recipient", "Add where notices of a unit or of the desk go", administer, 201}, a.addRecipient)
	for how, summary := range map[string]string{"stop": "Send a recipient nothing for now", "start": "Send a recipient notices again", "remove": "Take a recipient and its address away",
		"test": "Send a recipient at once what waits for it, or else a test"} {
		add(a, route{"POST", recipientsPath + "/{id}/" + how, how + "-recipient", summary, administer, 200}, a.changeRecipient(how))
	}

	add(a, route{"GET", "/api/v1/deadline", "count-deadline", "When a budget runs out, by the calendar in force, with its account", takeOrSee, 200}, a.deadline)
	add(a, route{"GET", "/api/v1/cases/{id}/clocks/{clock}", "explain-clock", "A clock of a case and how its due time came about", takeOrSee, 200}, a.clockAccount)

	a.mux.HandleFunc("GET /healthz", a.alive)
	a.mux.HandleFunc("GET /readyz", a.isReady)
	a.mux.Handle("GET /metrics", a.metrics.handler())
	a.document()
	a.mux.HandleFunc("/", a.noSuchPath)
}

// route is one line of the table of routes.
type route struct {
	method, path, id, summary string
	rights                    []hotline.Right // one of them
	status                    int             // of success
}

// rightsKey holds the rights of an operation in its metadata.
const rightsKey = "rights"

// add registers an operation: its document comes from the types, its errors
// all go one way.
func add[I, O any](a *API, r route, do func(context.Context, hotline.Actor, *I) (*O, error)) {
	names := make([]string, len(r.rights))
	for i, right := range r.rights {
		names[i] = string(right)
	}
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, DefaultStatus: r.status,
		Description: "The token needs the scope " + strings.Join(names, " or ") + ".",
		Metadata:    map[string]any{rightsKey: r.rights},
		Security:    []map[string][]string{{"token": {}}},
		Errors:      []int{401, 403, 406, 413, 415, 422, 500, 503},
		// Bodies are decoded by decode.go, which is stricter and says it in
		// the reader's language; the schema still documents them.
		SkipValidateBody: true,
		MaxBodyBytes:     mostFor(r.path) + 1, // huma refuses what reaches it
	}
	if strings.Contains(r.path, "{id}") {
		op.Errors = append(op.Errors, 404)
	}
	if r.id == "open-attachment" {
		op.Errors = append(op.Errors, 409) // it is not whole yet, or erased
	}
	if r.method == http.MethodPost {
		op.Errors = append(op.Errors, 400, 408, 409)
	}
	slices.Sort(op.Errors)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		if b, ok := any(in).(interface{ fault() error }); ok {
			if err := b.fault(); err != nil {
				return nil, problemOf(ctx, err)
			}
		}
		out, err := do(ctx, traceOf(ctx).actor, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return out, nil
	})
	if slices.Contains([]string{"take-case", "add-recipient", "open-consultation", "draft-of-ruling"}, r.id) {
		again := *a.operation(r).Responses["201"]
		again.Description = "A repeat: what the first one made"
		a.operation(r).Responses["200"] = &again
	}
	if r.id == "open-attachment" {
		a.operation(r).Responses["200"].Content = map[string]*huma.MediaType{octets: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	}
	if b := a.operation(r).RequestBody; b != nil {
		schema := b.Content["application/json"].Schema
		if schema.Ref != "" {
			schema = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
		}
		b.Required = len(schema.Required) > 0 // nothing said is the same as {}
	}
}

// operation is the document of a route.
func (a *API) operation(r route) *huma.Operation {
	item := a.huma.OpenAPI().Paths[r.path]
	if r.method == http.MethodGet {
		return item.Get
	}
	return item.Post
}

func humaConfig(version string, node store.Node) huma.Config {
	format := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Liandong " + node.Line, Version: version,
				Description: "The API of one platform. Times are RFC 3339 with zone, ids are strings, lists page by an opaque cursor. " +
					"A change takes If-Match with the version that it was decided on and answers 409 where someone was faster. " +
					"Refusals are problem documents (RFC 9457) with a stable type; a refused request changes nothing."},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A token with the scopes that the operation names."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format}, // json: application/problem+json
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

func marshal(w io.Writer, v any) error {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = w.Write(append(doc, '\n'))
	return err
}

// document serves the OpenAPI document, written once.
func (a *API) document() {
	doc, err := stdjson.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		panic(fmt.Sprintf("api: OpenAPI document: %v", err)) // a test reads it
	}
	yaml, err := a.huma.OpenAPI().YAML()
	if err != nil {
		panic(fmt.Sprintf("api: OpenAPI document: %v", err))
	}
	serve := func(path, kind string, doc []byte) {
		a.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Write(doc) // the client has gone where this fails
		})
	}
	serve("/openapi.json", "application/openapi+json", doc)
	serve("/openapi.yaml", "application/openapi+yaml", yaml)
}

// alive says that the process runs.
func (a *API) alive(w http.ResponseWriter, r *http.Request) {
	if err := WriteJSON(w, http.StatusOK, map[string]string{"status": "alive"}); err != nil {
		traceOf(r.Context()).cause = err
	}
}

// isReady says whether work can be done.
func (a *API) isReady(w http.ResponseWriter, r *http.Request) {
	if err := a.ready(r.Context()); err != nil {
		a.refuse(w, r, &hotline.Error{Kind: hotline.Unavailable, Code: "database_unavailable", Cause: err})
		return
	}
	node := a.desk.Node()
	if err := WriteJSON(w, http.StatusOK, map[string]string{"status": "ready", "platform": node.Platform, "line": node.Line}); err != nil {
		traceOf(r.Context()).cause = err
	}
}

// noSuchPath answers whatever no route takes: with 405 where another method
// would do.
func (a *API) noSuchPath(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		try := r.Clone(r.Context())
		try.Method = m
		if _, pattern := a.mux.Handler(try); pattern != "/" && m != r.Method {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		a.refuse(w, r, hotline.Errorf(hotline.Invalid, "method_not_allowed", "", r.Method))
		return
	}
	a.refuse(w, r, hotline.Errorf(hotline.NotFound, "no_such_path", ""))
}
