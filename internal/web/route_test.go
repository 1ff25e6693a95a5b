package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"liandong/internal/hotline"
)

// may is the table of who may use which route, written out by hand: o operator,
// l shift leader, c clerk, d duty officer, s supervisor, y secretary, e editor,
// a auditor, m administrator. "*" is everybody signed in, "?" anybody at all.
var may = map[string]string{
	"GET /{$}":               "*",
	"GET /sign-in":           "?",
	"POST /sign-in":          "?",
	"POST /sign-out":         "?",
	"POST /language":         "?",
	"POST /lock":             "*",
	"GET /unlock":            "*",
	"POST /unlock":           "*",
	"POST /pin":              "olcd",
	"GET /offline":           "?",
	"GET /offline-worker.js": "?",
	"GET /desk":              "ol",
	"POST /desk":             "ol",
	"POST /desk/triage":      "ol",
	"POST /desk/opinion":     "ol",
	"GET /desk/files":        "ol",
	"POST /desk/files":       "ol",
	"POST /desk/files/drop":  "ol",
	"GET /units":             "olcdsyea",

	"GET /cases":                                       "olcdsyea",
	"GET /assign":                                      "ol",
	"POST /assign":                                     "ol",
	"POST /assign/undo":                                "ol",
	"POST /views":                                      "olcdsyea",
	"POST /views/{id}":                                 "olcdsyea",
	"POST /views/{id}/drop":                            "olcdsyea",
	"GET /cases/{id}":                                  "olcdsyea",
	"GET /cases/{id}/fresh":                            "olcdsyea",
	"GET /cases/{id}/clocks/{clock}":                   "olcdsyea",
	"POST /cases/{id}/reveal":                          "olcda",
	"POST /cases/{id}/attachments":                     "olcdsyea",
	"POST /cases/{id}/attachments/begin":               "olcdsyea",
	"POST /cases/{id}/attachments/{file}":              "olcda",
	"POST /cases/{id}/attachments/{file}/parts/{part}": "olcdsyea",
	"POST /cases/{id}/decide":                          "ol",
	"POST /cases/{id}/legs":                            "ol",
	"POST /cases/{id}/dual":                            "ol",
	"POST /cases/{id}/calls":                           "ol",
	"POST /cases/{id}/dispatch":                        "ol",
	"POST /cases/{id}/caller":                          "ol",
	"POST /cases/{id}/notes":                           "ol",
	"POST /cases/{id}/callback":                        "ol",
	"POST /cases/{id}/erase":                           "l",
	"POST /cases/{id}/close":                           "ol",
	"POST /cases/{id}/group":                           "ol",
	"POST /cases/{id}/ungroup":                         "ol",

	"GET /handovers":          "olcd", // a unit is refused by the desk: it holds none
	"GET /handovers/xlsx":     "olcd",
	"POST /handovers/preview": "olcd",
	"POST /handovers/enter":   "olcd",
	"GET /legs/{id}/slip":     "olcd",
	"POST /legs/{id}/slip":    "olcda",

	"GET /legs/{id}":             "olcdsyea",
	"POST /legs/{id}/resolve":    "ol",
	"POST /legs/{id}/adopt":      "ol",
	"POST /legs/{id}/contact":    "olcd",
	"POST /legs/{id}/stop":       "olcds",
	"POST /legs/{id}/stop/grant": "ls",
	"POST /legs/{id}/repaired":   "lm",
	"POST /legs/{id}/accept":     "olcd",
	"POST /legs/{id}/return":     "olcd",
	"POST /legs/{id}/progress":   "olcd",
	"POST /legs/{id}/feedback":   "olcd",
	"POST /legs/{id}/escalate":   "olcd",
	"POST /legs/{id}/grant":      "olcd",
	"POST /legs/{id}/refuse":     "olcd",
	"POST /legs/{id}/settle":     "ol",
	"POST /legs/{id}/reopen":     "ol",
	"POST /legs/{id}/withdraw":   "olcds",
	"POST /legs/{id}/extend":     "olcds",
	"POST /legs/{id}/urge":       "olcds",
	"POST /legs/{id}/supplement": "olcds",
	"POST /legs/{id}/contest":    "olcds",

	"GET /inbox":    "olcd",
	"GET /overview": "lsyeam",
	"GET /figures":  "lsyeam",

	"GET /figures/models":                    "lsyeam",
	"POST /figures/models":                   "ye",
	"POST /figures/models/rollback":          "ye",
	"POST /figures/models/{version}/compare": "ye",
	"POST /figures/models/{version}/publish": "ye",

	"GET /notices":                        "olcdsyea",
	"GET /notices/bell":                   "olcdsyea",
	"POST /notices/seen":                  "olcdsyea",
	"GET /notices/log":                    "lsam",
	"POST /notices/log/{id}/resend":       "lm",
	"POST /notices/recipients":            "m",
	"POST /notices/recipients/{id}/{how}": "m",

	"GET /links": "lsam",
	"GET /wall":  "lsyeam",

	"GET /shift":            "lsyeam",
	"POST /shift":           "l",
	"GET /shift/{id}":       "lsyeam",
	"POST /shift/{id}/take": "l",

	"POST /links/letters/{id}/{how}": "lm",
	"POST /links/{peer}/accept":      "lm",
	"POST /links/{peer}/replay":      "lm",
	"POST /links/refusals/{id}/seen": "lm",

	"GET /supervision":                               "olcdsyea",
	"GET /supervision/unfounded":                     "ls",
	"GET /supervision/{id}":                          "olcdsyea",
	"GET /unreasonable":                              "ls",
	"POST /unreasonable/{id}":                        "ls",
	"GET /draws":                                     "ls",
	"POST /draws":                                    "ls",
	"GET /draws/{id}":                                "ls",
	"POST /draws/{id}/{case}":                        "ls",
	"GET /consultations":                             "olcdsyea",
	"GET /consultations/{id}":                        "olcdsyea",
	"POST /consultations/{id}/opinion":               "olcdsyea",
	"POST /consultations/{id}/rule":                  "ly",
	"POST /consultations/{id}/cancel":                "ly",
	"POST /consultations/{id}/mend":                  "ly",
	"GET /cases/{id}/consult":                        "ly",
	"POST /cases/{id}/consult":                       "ly",
	"GET /assessment":                                "lsyeam",
	"GET /assessment.xlsx":                           "lsyeam",
	"GET /assessment.csv":                            "lsyeam",
	"GET /assessment/cases":                          "lsyeam",
	"GET /assessment/scores":                         "olcdsyea", // at the desk those who see the overview
	"GET /assessment/scores/cases":                   "olcd",     // a unit's own
	"POST /assessment/scores/objections/{indicator}": "olcd",
	"GET /assessment/scheme":                         "lsyeam",
	"GET /assessment/scheme.csv":                     "lsyeam",
	"POST /assessment/scheme":                        "ye",
	"POST /assessment/scheme/table":                  "ye",
	"GET /cases/{id}/orders":                         "olcdsyea",
	"POST /cases/{id}/orders":                        "ls",
	"POST /cases/{id}/unreasonable":                  "olcds",
	"POST /cases/{id}/suspensions":                   "ls",
	"POST /cases/{id}/suspensions/{entry}/end":       "ls",
	"POST /supervision/{id}/answer":                  "olcd",
	"POST /supervision/{id}/accept":                  "ls",
	"POST /supervision/{id}/demand":                  "ls",
	"POST /supervision/{id}/withdraw":                "ls",

	"GET /catalogue":                           "lsyeam",
	"GET /catalogue/versions/{version}":        "lsyeam",
	"GET /catalogue/versions/{version}/xlsx":   "lsyeam",
	"GET /catalogue/versions/{version}/moves":  "olsyea",
	"POST /catalogue/versions/{version}/moves": "ol",
	"POST /catalogue/drafts":                   "ye",
	"POST /consultations/{id}/draft":           "ye",
	"GET /catalogue/drafts/{id}":               "ye",
	"GET /catalogue/drafts/{id}/xlsx":          "ye",
	"POST /catalogue/drafts/{id}/import":       "ye",
	"GET /catalogue/drafts/{id}/item":          "ye",
	"POST /catalogue/drafts/{id}/item":         "ye",
	"POST /catalogue/drafts/{id}/item/drop":    "ye",
	"POST /catalogue/drafts/{id}/limit":        "ye",
	"POST /catalogue/drafts/{id}/limit/drop":   "ye",
	"GET /catalogue/drafts/{id}/ladder":        "ye",
	"POST /catalogue/drafts/{id}/ladder":       "ye",
	"POST /catalogue/drafts/{id}/ladder/drop":  "ye",
	"POST /catalogue/drafts/{id}/try":          "ye",
	"POST /catalogue/drafts/{id}/publish":      "ye",
	"POST /catalogue/drafts/{id}/drop":         "ye",

	"GET /events": "*",
	"GET /alert":  "olcdsyea",
}

var initials = map[string]string{"operator": "o", "leader": "l", "clerk": "c", "duty": "d", "supervisor": "s",
	"secretary": "y", "editor": "e", "auditor": "a", "administrator": "m"}

// Every route × every role, through the whole handler: who may not is refused
// before anything is looked at, who may gets past the door.
func TestRoutesByRole(t *testing.T) {
	w := newWorld(t)
	s := &site{desk: w.gov.desk}
	routes := s.routes()
	if got, want := len(routes), len(may); got != want {
		t.Errorf("got %d routes, want the %d of the table", got, want)
	}
	people := map[string]*person{"": w.gov.nobody()}
	for login := range initials {
		people[login] = w.gov.as(login)
	}
	for _, r := range routes {
		allowed, ok := may[r.pattern]
		if !ok {
			t.Errorf("%s: not in the table", r.pattern)
			continue
		}
		method, path, _ := strings.Cut(r.pattern, " ")
		path = strings.NewReplacer("{$}", "", "{id}", "none", "{how}", "none", "{case}", "none").Replace(path)
		if path == "/events" || path == "/sign-out" || path == "/lock" {
			continue // the stream does not end; signing out and locking end or lock the session that the other rows need
		}
		for login, who := range people {
			var got answer
			if method == http.MethodGet {
				got = who.get(path)
			} else {
				got = who.post(path, url.Values{})
			}
			asked := got.status == http.StatusSeeOther && strings.HasPrefix(got.location, "/sign-in")
			switch {
			case allowed == "?" && asked && path != "/sign-in":
				t.Errorf("%s by %q: asked to sign in, want it open", r.pattern, login)
			case allowed != "?" && login == "" && !asked:
				t.Errorf("%s by nobody: got %d, want to be asked to sign in", r.pattern, got.status)
			case login == "" || allowed == "?":
			case allowed == "*" || strings.Contains(allowed, initials[login]):
				if got.status == http.StatusForbidden && !deskRefuses(r.pattern, login) || asked {
					t.Errorf("%s by %s: got %d, want to get past the door", r.pattern, login, got.status)
				}
			case got.status != http.StatusForbidden:
				t.Errorf("%s by %s: got %d, want 403", r.pattern, login, got.status)
			}
		}
	}
}

// deskRefuses names what the role holds the right for, but the desk refuses by
// the object: an inbox, and objecting to a score, are a unit's.
func deskRefuses(pattern, login string) bool {
	switch pattern {
	case "GET /inbox", "GET /assessment/scores/cases", "POST /assessment/scores/objections/{indicator}":
		return login == "operator" || login == "leader"
	case "GET /assessment/scores":
		return login == "operator"
	}
	return false
}

// What a page offers in its navigation can be opened.
func TestNavigationLeadsSomewhere(t *testing.T) {
	w := newWorld(t)
	for login := range initials {
		who := w.gov.as(login)
		home := who.get("/")
		if home.status != http.StatusSeeOther {
			t.Errorf("%s: home got %d, want a redirect to their work", login, home.status)
			continue
		}
		first := who.get(home.location)
		if first.status != http.StatusOK {
			t.Errorf("%s: %s got %d, want 200", login, home.location, first.status)
			continue
		}
		for _, a := range first.page().all(t, ".nav-main a") {
			if got := who.get(a.attrs["href"]); got.status != http.StatusOK {
				t.Errorf("%s: %s in the navigation got %d, want 200", login, a.attrs["href"], got.status)
			}
		}
	}
}

// Every verb that a person may use has a route and a right that its role table
// knows.
func TestVerbsHaveRights(t *testing.T) {
	for _, v := range verbs() {
		if !slices.Contains(hotline.Rights(), verbRight(v)) {
			t.Errorf("%s: right %q is none", v, verbRight(v))
		}
	}
}

// A form of another site changes nothing, and nothing is kept or loaded from
// outside.
func TestHeadersAndForeignForms(t *testing.T) {
	w := newWorld(t)
	who := w.gov.as("operator")
	got := who.get("/desk")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
	} {
		if h := got.header.Get(name); h != want {
			t.Errorf("%s: got %q, want %q", name, h, want)
		}
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("got policy %q, want nothing by default and nothing unsafe", csp)
	}
	if n := got.count("script[src]"); n == 0 || n != got.count("script") || got.count("style") != 0 {
		t.Errorf("got a script or style in the page itself")
	}
	foreign := who.do(http.MethodPost, "/desk", strings.NewReader("text=x&do=save"), map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.invalid"})
	if foreign.status != http.StatusForbidden {
		t.Errorf("a form of another site got %d, want 403", foreign.status)
	}
}
