package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"

	"liandong/internal/api"
	"liandong/internal/auth"
	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/exchange"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// KeysInfo is the document that this platform hands to another, and what two
// people read to each other over the phone before they trust it.
type KeysInfo struct {
	Fingerprint string          `json:"fingerprint"`
	Keys        seal.PublicKeys `json:"keys"`
}

// LinkInfo is a link as administrators see it.
type LinkInfo struct {
	Peer        string            `json:"peer"`
	Line        string            `json:"line"`
	Name        string            `json:"name"`
	Region      string            `json:"region"`
	URL         string            `json:"url"`
	Carrier     string            `json:"carrier"`
	Set         map[string]string `json:"set,omitempty"`
	Suite       string            `json:"suite"` // what letters to it are signed by
	Phone       string            `json:"phone"`
	Fingerprint string            `json:"fingerprint"`
	Active      bool              `json:"active"`
	HeardAt     *time.Time        `json:"heard_at,omitempty"`
	StuckAt     *time.Time        `json:"stuck_at,omitempty"`
	Trouble     string            `json:"trouble,omitempty"`
	// Waiting are letters on their way, Retried those of them that were tried in
	// vain; Refused those that a person must deal with.
	Waiting  int        `json:"waiting"`
	Retried  int        `json:"retried"`
	Refused  int        `json:"refused"`
	OldestAt *time.Time `json:"oldest_at,omitempty"`
}

// NewLink is a link to be added or changed.
type NewLink struct {
	Keys   json.RawMessage `json:"keys"` // the peer's key document
	URL    string          `json:"url"`  // where the peer's node is reached; "" for carriers that need none
	Phone  string          `json:"phone"`
	Line   string          `json:"line,omitempty"`   // default: from a platform code like 540100-110
	Region string          `json:"region,omitempty"` // the same
	// Carrier moves the letters; "" is https. Set are its settings.
	Carrier string            `json:"carrier,omitempty"`
	Set     map[string]string `json:"set,omitempty"`
	// Suite is what our letters are signed by; "" is ed25519.
	Suite string `json:"suite,omitempty"`
	// Fingerprint, as it was heard over the phone, must fit the keys.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Replace says that other keys than the known ones are meant.
	Replace bool `json:"replace,omitempty"`
}

// PersonInfo is somebody who may sign in.
type PersonInfo struct {
	Login  string `json:"login"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Unit   string `json:"unit,omitempty"`
	Region string `json:"region,omitempty"`
	Active bool   `json:"active"`
}

// NewPerson is somebody to be added.
type NewPerson struct {
	Login    string `json:"login"`
	Name     string `json:"name"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Unit     string `json:"unit,omitempty"`
	Region   string `json:"region,omitempty"`
	Language string `json:"language,omitempty"`
}

// NewPassword is a person's other password.
type NewPassword struct {
	Password string `json:"password"`
}

// NewToken is a token to be made for a program.
type NewToken struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
	Region string   `json:"region,omitempty"`
}

// KnownToken is a token as administrators see it: without its secret.
type KnownToken struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Scopes  []string  `json:"scopes"`
	Region  string    `json:"region,omitempty"`
	Active  bool      `json:"active"` // false: revoked
	AddedAt time.Time `json:"added_at"`
}

// TokenInfo holds a token's secret, which is shown this once.
type TokenInfo struct {
	Token string `json:"token"`
}

// KeysInfo is this platform's public keys.
func (n *Node) KeysInfo(context.Context) (KeysInfo, error) {
	return KeysInfo{Fingerprint: n.Keys().Fingerprint(), Keys: n.Keys()}, nil
}

// Links lists the links.
func (n *Node) Links(ctx context.Context) ([]LinkInfo, error) {
	links, err := n.store.Reader().Links(ctx)
	if err != nil {
		return nil, err
	}
	out := []LinkInfo{}
	for _, l := range links {
		v := linkInfo(l)
		t, err := n.store.Reader().Traffic(ctx, l.Peer)
		if err != nil {
			return nil, err
		}
		v.Waiting, v.Retried, v.Refused, v.OldestAt = t.Waiting, t.Retried, t.Refused, known(t.Oldest)
		out = append(out, v)
	}
	return out, nil
}

func linkInfo(l store.Link) LinkInfo {
	v := LinkInfo{Peer: l.Peer, Line: l.Line, Name: l.Name, Region: l.Region, URL: l.URL, Carrier: l.Carrier, Set: settings(l), Suite: cmp.Or(l.Suite, seal.Ed25519), Phone: l.Phone, Active: l.Active,
		HeardAt: known(l.HeardAt), StuckAt: known(l.StuckAt), Trouble: l.Trouble}
	if keys, err := seal.ParsePublicKeys([]byte(l.Keys)); err == nil {
		v.Fingerprint = keys.Fingerprint()
	}
	return v
}

// settings are those of a link's carrier.
func settings(l store.Link) (set map[string]string) {
	_ = json.Unmarshal([]byte(l.Settings), &set) // "" has none; what is stored was written by us
	return set
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (n *Node) link(ctx context.Context, peer string) (store.Link, error) {
	links, err := n.store.Reader().Links(ctx)
	if err != nil {
		return store.Link{}, err
	}
	for _, l := range links {
		if l.Peer == peer {
			return l, nil
		}
	}
	return store.Link{}, hotline.Errorf(hotline.NotFound, "link_not_found", "peer", peer)
}

// platformParts reads line and region from a code like 540100-110, the form
// that our own examples use.
var platformParts = regexp.MustCompile(`^([1-9][0-9]{5})-(12345|110)$`)

// PutLink adds a link, or changes one. Its keys were compared by phone before.
func (n *Node) PutLink(ctx context.Context, in NewLink) (LinkInfo, error) {
	keys, err := seal.ParsePublicKeys(in.Keys)
	if err != nil {
		return LinkInfo{}, err
	}
	if m := platformParts.FindStringSubmatch(keys.Platform); m != nil {
		if in.Region == "" {
			in.Region = m[1]
		}
		if in.Line == "" {
			in.Line = m[2]
		}
	}
	if in.Carrier == "" {
		in.Carrier = "https"
	}
	if err := n.checkLink(in, keys); err != nil {
		return LinkInfo{}, err
	}
	before, err := n.link(ctx, keys.Platform)
	if err != nil && hotline.KindOf(err) != hotline.NotFound {
		return LinkInfo{}, err
	}
	l := before
	l.Peer, l.ID, l.Name = keys.Platform, desk.LinkID(n.cfg.Platform, keys.Platform), keys.Name
	l.Line, l.Region, l.URL, l.Phone = in.Line, in.Region, strings.TrimRight(in.URL, "/"), in.Phone
	set, jsonErr := json.Marshal(in.Set)
	if jsonErr != nil {
		return LinkInfo{}, jsonErr
	}
	l.Keys, l.Carrier, l.Settings, l.Suite = string(keys.Bytes()), in.Carrier, string(set), in.Suite
	if err != nil { // new
		l.Active, l.ToldKeys, l.ToldKid = true, n.Keys().Fingerprint(), n.Keys().Signing[0].ID
	} else if linkInfo(before).Fingerprint != keys.Fingerprint() && !in.Replace {
		return LinkInfo{}, hotline.Errorf(hotline.Conflict, "link_keys_differ", "keys", keys.Platform, linkInfo(before).Fingerprint)
	}
	if err := n.desk.PutLink(ctx, l); err != nil {
		return LinkInfo{}, err
	}
	n.log.Info("link changed", "peer", l.Peer, "url", l.URL, "keys", keys.Fingerprint())
	return linkInfo(l), nil
}

// checkLink refuses what cannot be a link, naming the field.
func (n *Node) checkLink(in NewLink, keys seal.PublicKeys) error {
	if keys.Platform == n.cfg.Platform {
		return hotline.Errorf(hotline.Invalid, "to_self", "keys")
	}
	if in.Fingerprint != "" && plainHex(in.Fingerprint) != plainHex(keys.Fingerprint()) {
		return hotline.Errorf(hotline.Invalid, "fingerprint_wrong", "fingerprint", keys.Fingerprint())
	}
	if in.Suite != "" && !slices.Contains(seal.Suites(), in.Suite) {
		return hotline.Errorf(hotline.Invalid, "suite_unknown", "suite", in.Suite)
	}
	if in.Suite != "" && !n.Keys().Has(in.Suite) {
		return hotline.Errorf(hotline.Conflict, "suite_no_key", "suite", in.Suite)
	}
	if in.Line != "12345" && in.Line != "110" {
		return hotline.Errorf(hotline.Invalid, "line_unknown", "line", in.Line)
	}
	if _, ok := n.desk.Directory().Region(in.Region); !ok {
		return hotline.Errorf(hotline.Invalid, "region_unknown", "region", in.Region)
	}
	kind, err := exchange.KindOf(in.Carrier)
	if err == nil {
		err = kind.CheckSet(in.Set)
	}
	if err != nil {
		return err
	}
	u, err := url.Parse(in.URL)
	if (in.URL != "" || kind.WantsURL(in.Set)) && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		return hotline.Errorf(hotline.Invalid, "link_url_invalid", "url")
	}
	if strings.TrimSpace(in.Phone) == "" { // without it nobody can be called when a machine is silent
		return hotline.Errorf(hotline.Invalid, "text_empty", "phone")
	}
	return casefile.CheckLine("phone", in.Phone)
}

func plainHex(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }

// SetLink stops a link or starts it again. While it is stopped no letter goes
// out and none is taken; those that wait are sent when it starts.
func (n *Node) SetLink(ctx context.Context, peer string, active bool) (LinkInfo, error) {
	l, err := n.link(ctx, peer)
	if err != nil {
		return LinkInfo{}, err
	}
	l.Active = active
	if err := n.desk.PutLink(ctx, l); err != nil {
		return LinkInfo{}, err
	}
	n.log.Info("link changed", "peer", peer, "active", active)
	return linkInfo(l), nil
}

// People lists who may sign in.
func (n *Node) People(ctx context.Context) ([]PersonInfo, error) {
	people, err := n.store.Reader().People(ctx)
	if err != nil {
		return nil, err
	}
	out := []PersonInfo{}
	for _, p := range people {
		out = append(out, personInfo(p))
	}
	return out, nil
}

func personInfo(p store.Person) PersonInfo {
	return PersonInfo{Login: p.Login, Name: p.Name, Role: string(p.Role), Unit: p.Unit, Region: p.Region, Active: p.Active}
}

// AddPerson adds somebody who may sign in.
func (n *Node) AddPerson(ctx context.Context, in NewPerson) (PersonInfo, error) {
	return n.addPerson(ctx, auth.NewPerson{Login: in.Login, Name: in.Name, Password: in.Password, Role: hotline.Role(in.Role),
		Unit: in.Unit, Region: in.Region, Language: in.Language})
}

func (n *Node) addPerson(ctx context.Context, p auth.NewPerson) (PersonInfo, error) {
	if u, ok := n.desk.Directory().Unit(p.Unit); p.Unit != "" && (!ok || u.Platform != n.cfg.Line) {
		return PersonInfo{}, hotline.Errorf(hotline.Invalid, "unit_unknown", "unit", p.Unit)
	}
	if _, ok := n.desk.Directory().Region(p.Region); p.Region != "" && !ok {
		return PersonInfo{}, hotline.Errorf(hotline.Invalid, "region_unknown", "region", p.Region)
	}
	added, err := n.auth.AddPerson(ctx, p)
	if err != nil {
		return PersonInfo{}, err
	}
	n.log.Info("person added", "person", added.ID, "role", string(added.Role), "unit", added.Unit)
	return personInfo(added), nil
}

// SetPassword gives somebody another password and ends their sessions.
func (n *Node) SetPassword(ctx context.Context, login, password string) error {
	if err := n.auth.SetPassword(ctx, login, password); err != nil {
		return err
	}
	n.log.Info("password set")
	return nil
}

// SetActive lets somebody sign in, or puts them out of service and ends their
// sessions.
func (n *Node) SetActive(ctx context.Context, login string, active bool) (PersonInfo, error) {
	p, err := n.auth.SetActive(ctx, login, active)
	if err != nil {
		return PersonInfo{}, err
	}
	n.log.Info("person changed", "person", p.ID, "active", active)
	return personInfo(p), nil
}

// Tokens lists the programs' tokens, the revoked ones too, oldest first.
func (n *Node) Tokens(ctx context.Context) ([]KnownToken, error) {
	tokens, err := n.store.Reader().Tokens(ctx)
	if err != nil {
		return nil, err
	}
	out := []KnownToken{}
	for _, k := range tokens {
		v := KnownToken{ID: k.ID, Name: k.Name, Region: k.Region, Active: k.Active, AddedAt: k.CreatedAt, Scopes: []string{}}
		for _, s := range k.Scopes {
			v.Scopes = append(v.Scopes, string(s))
		}
		out = append(out, v)
	}
	return out, nil
}

// RevokeToken ends a program's token for good.
func (n *Node) RevokeToken(ctx context.Context, id string) error {
	if err := n.auth.RevokeToken(ctx, id); err != nil {
		return err
	}
	n.log.Info("token revoked", "token", id)
	return nil
}

// AddToken makes a token for a program.
func (n *Node) AddToken(ctx context.Context, in NewToken) (TokenInfo, error) {
	var scopes []hotline.Right
	for _, s := range in.Scopes {
		scopes = append(scopes, hotline.Right(s))
	}
	secret, err := n.auth.NewToken(ctx, in.Name, scopes, in.Region)
	if err != nil {
		return TokenInfo{}, err
	}
	n.log.Info("token added", "scopes", strings.Join(in.Scopes, " "), "region", in.Region)
	return TokenInfo{Token: secret}, nil
}

// adminRoutes are the calls for administrators' programs; the command line
// makes them. The right stands beside each.
func (n *Node) adminRoutes(mux *http.ServeMux, doors *api.API) {
	for _, r := range []struct {
		pattern string
		right   hotline.Right
		do      func(c call) (any, error)
	}{
		{"GET /api/v1/keys", hotline.SeeLinks, func(c call) (any, error) { return n.KeysInfo(c.ctx) }},
		{"GET /api/v1/links", hotline.SeeLinks, func(c call) (any, error) { return n.Links(c.ctx) }},
		{"POST /api/v1/links", hotline.Administer, func(c call) (any, error) { return take(c, n.PutLink) }},
		{"POST /api/v1/links/{peer}/stop", hotline.Administer, func(c call) (any, error) { return n.SetLink(c.ctx, c.r.PathValue("peer"), false) }},
		{"POST /api/v1/links/{peer}/start", hotline.Administer, func(c call) (any, error) { return n.SetLink(c.ctx, c.r.PathValue("peer"), true) }},
		{"GET /api/v1/links/{peer}/letters", hotline.SeeLinks, func(c call) (any, error) { return n.StuckLetters(c.ctx, c.r.PathValue("peer")) }},
		{"POST /api/v1/links/{peer}/replay", hotline.MendLinks, func(c call) (any, error) {
			return take(c, func(ctx context.Context, in ReplayAsk) (Replayed, error) {
				return n.replay(ctx, c.actor, c.r.PathValue("peer"), in)
			})
		}},
		{"POST /api/v1/letters/{id}/resend", hotline.MendLinks, func(c call) (any, error) {
			return struct{}{}, n.desk.MendLetter(c.ctx, c.actor, c.r.PathValue("id"), "resend", "")
		}},
		{"POST /api/v1/letters/{id}/void", hotline.MendLinks, func(c call) (any, error) {
			return take(c, func(ctx context.Context, in VoidAsk) (struct{}, error) {
				return struct{}{}, n.desk.MendLetter(ctx, c.actor, c.r.PathValue("id"), "void", in.Reason)
			})
		}},
		{"GET /api/v1/people", hotline.Administer, func(c call) (any, error) { return n.People(c.ctx) }},
		{"POST /api/v1/people", hotline.Administer, func(c call) (any, error) { return take(c, n.AddPerson) }},
		{"POST /api/v1/people/{login}/password", hotline.Administer, func(c call) (any, error) {
			return take(c, func(ctx context.Context, in NewPassword) (struct{}, error) {
				return struct{}{}, n.SetPassword(ctx, c.r.PathValue("login"), in.Password)
			})
		}},
		{"POST /api/v1/people/{login}/disable", hotline.Administer, func(c call) (any, error) { return n.SetActive(c.ctx, c.r.PathValue("login"), false) }},
		{"POST /api/v1/people/{login}/enable", hotline.Administer, func(c call) (any, error) { return n.SetActive(c.ctx, c.r.PathValue("login"), true) }},
		{"GET /api/v1/tokens", hotline.Administer, func(c call) (any, error) { return n.Tokens(c.ctx) }},
		{"POST /api/v1/tokens/{id}/revoke", hotline.Administer, func(c call) (any, error) { return struct{}{}, n.RevokeToken(c.ctx, c.r.PathValue("id")) }},
		{"POST /api/v1/tokens", hotline.Administer, func(c call) (any, error) { return take(c, n.AddToken) }},
		{"GET /api/v1/subscribers", hotline.Administer, func(c call) (any, error) { return n.Subscribers(c.ctx) }},
		{"POST /api/v1/subscribers", hotline.Administer, func(c call) (any, error) { return take(c, n.AddSubscriber) }},
		{"POST /api/v1/subscribers/{id}/rewind", hotline.Administer, func(c call) (any, error) {
			return take(c, func(ctx context.Context, in RewindAsk) (struct{}, error) {
				return struct{}{}, n.RewindSubscriber(ctx, c.r.PathValue("id"), in.From)
			})
		}},
		{"POST /api/v1/subscribers/{id}/{how}", hotline.Administer, func(c call) (any, error) {
			return struct{}{}, n.ChangeSubscriber(c.ctx, c.r.PathValue("id"), c.r.PathValue("how"))
		}},
		{"GET /api/v1/models", hotline.SeeOverview, func(c call) (any, error) { return n.desk.Models(c.ctx, c.actor) }},
		{"POST /api/v1/models", hotline.EditCatalogue, func(c call) (any, error) { return n.desk.TrainModel(c.ctx, c.actor) }},
		{"POST /api/v1/models/rollback", hotline.EditCatalogue, func(c call) (any, error) {
			return take(c, func(ctx context.Context, in ModelAsk) (desk.ModelView, error) {
				return n.desk.RollBackModel(ctx, c.actor, in.Live)
			})
		}},
		{"POST /api/v1/models/{version}/compare", hotline.EditCatalogue, func(c call) (any, error) {
			return n.desk.CompareModel(c.ctx, c.actor, c.r.PathValue("version"))
		}},
		{"POST /api/v1/models/{version}/publish", hotline.EditCatalogue, func(c call) (any, error) {
			return take(c, func(ctx context.Context, in ModelAsk) (desk.ModelView, error) {
				return n.desk.PublishModel(ctx, c.actor, c.r.PathValue("version"), in.Live)
			})
		}},
		{"POST /api/v1/reconcile", hotline.SeeLinks, func(c call) (any, error) { return n.exchange.Reconcile(c.ctx, c.actor) }},
	} {
		mux.Handle(r.pattern, doors.Guard(r.right, func(w http.ResponseWriter, hr *http.Request, actor hotline.Actor) error {
			out, err := r.do(call{ctx: hr.Context(), r: hr, w: w, actor: actor})
			if err != nil {
				return err
			}
			return api.WriteJSON(w, http.StatusOK, out)
		}))
	}
}

// exportRoutes are the calls that give out proofs: files of lines, which go out
// as they are made.
func (n *Node) exportRoutes(mux *http.ServeMux, doors *api.API) {
	mux.Handle("GET /api/v1/log", doors.Guard(hotline.ExportProof, func(w http.ResponseWriter, r *http.Request, actor hotline.Actor) error {
		return n.desk.ExportLog(r.Context(), actor, &proofAnswer{ResponseWriter: w})
	}))
	mux.Handle("POST /api/v1/cases/{id}/export", doors.Guard(hotline.ExportProof, func(w http.ResponseWriter, r *http.Request, actor hotline.Actor) error {
		_, err := take(call{ctx: r.Context(), r: r, w: w, actor: actor}, func(ctx context.Context, in ExportAsk) (struct{}, error) {
			return struct{}{}, n.desk.ExportCase(ctx, actor, r.PathValue("id"), in.Reason, &proofAnswer{ResponseWriter: w})
		})
		return err
	}))
}

// ModelAsk names the model of triage that was seen at work: where another one
// is by now, nothing changes.
type ModelAsk struct {
	Live string `json:"live"`
}

// ExportAsk asks for a case with its proofs; with a reason, personal data in
// the clear.
type ExportAsk struct {
	Reason string `json:"reason,omitempty"`
}

// proofAnswer says what comes as soon as something does; a refusal before is a
// problem document.
type proofAnswer struct {
	http.ResponseWriter
	begun bool
}

func (p *proofAnswer) Write(b []byte) (int, error) {
	if !p.begun {
		p.begun = true
		p.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
		p.WriteHeader(http.StatusOK)
	}
	return p.ResponseWriter.Write(b)
}

// call is one request of a program.
type call struct {
	ctx   context.Context
	r     *http.Request
	w     http.ResponseWriter
	actor hotline.Actor
}

// adminMost bounds a body: key documents have the same bound.
const adminMost = 64 << 10

// take reads the body strictly and hands it on.
func take[In, Out any](c call, f func(context.Context, In) (Out, error)) (Out, error) {
	var in In
	err := strict.UnmarshalRead(http.MaxBytesReader(c.w, c.r.Body, adminMost), &in, strict.RejectUnknownMembers(true))
	if err != nil {
		var none Out
		return none, bodyFault(err)
	}
	return f(c.ctx, in)
}

func bodyFault(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return hotline.Errorf(hotline.Invalid, "body_large", "body", adminMost>>10)
	}
	field := "body"
	if e, ok := errors.AsType[*strict.SemanticError](err); ok && e.JSONPointer != "" {
		field = e.JSONPointer.LastToken()
	}
	return &hotline.Error{Kind: hotline.Invalid, Code: "body_invalid", Field: field, Args: []any{field}, Cause: err}
}

// Restored says that the database of this node, which is not running, was put
// back from a backup. See desk.Restored.
func (n *Node) Restored(ctx context.Context) (epoch int64, to time.Time, err error) {
	return n.desk.Restored(ctx)
}
