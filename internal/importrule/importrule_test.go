// Package importrule holds one test: imports go down the list of rooms in docs/architecture.md, or not at all. A rule that
// sits in the right room is found there; a rule that reaches up is how two rooms grow into one.
package importrule

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "liandong"

// levels are the rooms, the highest first. A room may import those below it. Rooms on one line leave each other alone, except
// in the domain, where they may build on each other (the compiler forbids circles). What lies inside a room (store/storetest,
// exchange/https) belongs to it.
var levels = []struct {
	domain bool
	rooms  []string
}{
	{false, []string{"cmd"}},
	{false, []string{"node"}},
	{false, []string{"job"}},
	{false, []string{"web", "portal", "api", "conform"}},
	{false, []string{"exchange"}},
	{false, []string{"auth", "notify", "telephony", "opinion", "tsa"}},
	{false, []string{"door", "sheet", "importmap"}}, // what web and api do alike with HTTP; spreadsheets
	{false, []string{"message"}},                    // the sentences: below them there are codes only
	{false, []string{"desk"}},
	{false, []string{"store"}},
	{false, []string{"proof"}},
	{false, []string{"letter"}},
	{true, []string{"consultation", "supervision", "assessment", "staffing", "incident", "knowledge"}},
	{true, []string{"casefile", "leg", "deadline", "triage", "attachment"}},
	{true, []string{"calendar", "catalogue", "directory", "audit", "seal"}},
	{true, []string{"hotline"}},
	{false, []string{"docs"}}, // docs/exchange embeds the published contract, so that we check with exactly that
}

// testOnly are helpers of tests: only files that end in _test.go may import them, and they each other.
var testOnly = []string{"internal/browsertest", "internal/pgtest", "internal/importrule", "internal/store/storetest", "internal/tsa/tsatest"}

// impure may not be imported in the domain, which gets time and data as arguments and hands back decisions. What lies below
// these is meant too, except path-like names that only look alike.
var impure = []string{"context", "database/sql", "log/slog", "net/http", "os"}

// cryptography is what a domain room may import beyond the standard library. The one form of a JSON text that can be signed
// (RFC 8785) belongs to signing, and the standard library does not have it.
var cryptography = map[string][]string{
	"audit": {"github.com/transparency-dev/merkle", "golang.org/x/mod/sumdb/note", "github.com/emmansun/gmsm", "golang.org/x/crypto",
		"github.com/digitorus/timestamp", "github.com/digitorus/pkcs7"},
	"seal": {"github.com/emmansun/gmsm", "golang.org/x/crypto", "github.com/go-json-experiment/json/jsontext"},
}

// keptIn are libraries that one or two rooms alone may know, so that leaving one is a day's work.
var keptIn = map[string][]string{
	"database/sql":                   {"store", "exchange"},
	"github.com/jackc/pgx":           {"store", "exchange"},
	"modernc.org/sqlite":             {"store", "exchange"},
	"github.com/pressly/goose":       {"store"},
	"html/template":                  {"web", "portal"},
	"github.com/danielgtaylor/huma":  {"api"},
	"github.com/spf13/cobra":         {"cmd"},
	"github.com/boombuler/barcode":   {"web"},
	"github.com/xuri/excelize":       {"sheet"},
	"github.com/nats-io/nats.go":     {"exchange"},
	"github.com/nats-io/nats-server": {}, // no server in the program: docs/decisions/0018
	"github.com/chromedp":            {},
	"github.com/google/go-cmp":       {},
	"github.com/jba/templatecheck":   {},
	"net/http/httptest":              {},
	"pgregory.net/rapid":             {},
	"testing":                        {},
}

func TestImportsGoDown(t *testing.T) {
	root := "../.."
	files := 0
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			files++
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			for _, spec := range file.Imports {
				target, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				if fault := fault(name, file.Name.Name, target); fault != "" {
					t.Errorf("%s imports %s: %s", name, target, fault)
				}
			}
			return nil
		})
		// Until there is a command, there is no such directory.
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if files < 10 {
		t.Errorf("read %d files, want all of the program's: has the directory moved?", files)
	}
}

// fault says what is wrong when the file (by its path in the repository) of a package of that name imports the target; ""
// when nothing is.
func fault(file, packageName, target string) string {
	dir := file[:strings.LastIndexByte(file, '/')]
	test := strings.HasSuffix(file, "_test.go")
	helper := slices.Contains(testOnly, dir)
	ours, isOurs := strings.CutPrefix(target, module+"/")

	if isOurs && slices.Contains(testOnly, ours) {
		if test || helper {
			return ""
		}
		return "it helps tests, and this file is none"
	}
	if helper && !isOurs {
		return ""
	}
	from, to := room(dir), room(ours)
	at := level(from)
	if at < 0 && !helper {
		return fmt.Sprintf("the room %s is not in the table of levels; give it its place there", from)
	}

	if isOurs {
		below := level(to)
		switch {
		case below < 0:
			return fmt.Sprintf("the room %s is not in the table of levels; give it its place there", to)
		case from == to || helper || below > at:
			return ""
		case below == at && levels[at].domain:
			return ""
		case below == at:
			return "rooms on one level leave each other alone"
		}
		return fmt.Sprintf("%s lies above %s; what both need belongs lower", to, from)
	}
	// Tests may reach for what they test with; a program (a generator, say) is not part of the room it lies in.
	if test || packageName == "main" && from != "cmd" {
		return ""
	}
	for library, rooms := range keptIn {
		if under(target, library) && !slices.Contains(rooms, from) {
			if len(rooms) == 0 {
				return "only tests use it"
			}
			return "it is kept in " + strings.Join(rooms, ", ")
		}
	}
	if !levels[at].domain {
		return ""
	}
	if slices.ContainsFunc(impure, func(p string) bool { return under(target, p) }) {
		return "the domain decides and does no work: no input, output, clock or log"
	}
	standard := !strings.Contains(strings.Split(target, "/")[0], ".")
	if !standard && !slices.ContainsFunc(cryptography[from], func(p string) bool { return under(target, p) }) {
		return "the domain uses the standard library only"
	}
	return ""
}

// room returns the first directory below internal, or cmd.
func room(dir string) string {
	dir = strings.TrimPrefix(dir, "internal/")
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// level returns the room's index in levels, or -1.
func level(room string) int {
	for i, l := range levels {
		if slices.Contains(l.rooms, room) {
			return i
		}
	}
	return -1
}

// under reports whether the import path is the package or one inside it.
func under(path, pkg string) bool {
	return path == pkg || strings.HasPrefix(path, pkg+"/")
}

// The rule itself, on imports that nobody should find in the tree.
func TestFaultsAreFound(t *testing.T) {
	for _, tc := range []struct{ file, target, want string }{
		{"internal/desk/leg.go", "liandong/internal/store", ""},
		{"internal/desk/leg.go", "liandong/internal/leg", ""},
		{"internal/store/leg.go", "liandong/internal/desk", "lies above"},
		{"internal/leg/leg.go", "liandong/internal/supervision", "lies above"},
		{"internal/leg/leg.go", "liandong/internal/deadline", ""},
		{"internal/hotline/id.go", "liandong/internal/audit", "lies above"},
		{"internal/web/leg.go", "liandong/internal/api", "one level"},
		{"internal/exchange/https/send.go", "liandong/internal/exchange", ""},
		{"internal/node/node.go", "liandong/cmd/liandong", "lies above"},
		{"internal/novel/novel.go", "fmt", "not in the table"},
		{"internal/desk/leg.go", "liandong/internal/novel", "not in the table"},
		{"cmd/liandong/main.go", "liandong/internal/hotline", ""},

		{"internal/leg/leg.go", "context", "the domain decides"},
		{"internal/leg/leg.go", "os/exec", "the domain decides"},
		{"internal/leg/leg.go", "net/http", "the domain decides"},
		{"internal/leg/leg.go", "net/url", ""},
		{"internal/leg/leg_test.go", "os", ""},
		{"internal/leg/leg.go", "golang.org/x/text/width", "standard library only"},
		{"internal/seal/seal.go", "golang.org/x/crypto/hkdf", ""},
		{"internal/audit/tree.go", "github.com/transparency-dev/merkle/rfc6962", ""},

		{"internal/desk/leg.go", "liandong/internal/pgtest", "helps tests"},
		{"internal/desk/leg_test.go", "liandong/internal/pgtest", ""},
		{"internal/store/storetest/open.go", "liandong/internal/pgtest", ""},
		{"internal/store/storetest/open.go", "liandong/internal/store", ""},
		{"internal/desk/leg.go", "liandong/internal/store/storetest", "helps tests"},

		{"internal/desk/leg.go", "database/sql", "kept in store"},
		{"internal/store/leg.go", "database/sql", ""},
		{"internal/desk/leg.go", "testing", "only tests"},
		{"internal/desk/leg_test.go", "testing", ""},
		{"internal/pgtest/pgtest.go", "testing", ""},
		{"internal/node/node.go", "github.com/spf13/cobra", "kept in cmd"},
		{"cmd/liandong/main.go", "github.com/spf13/cobra", ""},
	} {
		got := fault(tc.file, "any", tc.target)
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s imports %s: got fault %q, want one with %q", tc.file, tc.target, got, tc.want)
		}
	}
	if got := fault("internal/leg/gen/main.go", "main", "os"); got != "" {
		t.Errorf("a generator that writes a file: got fault %q, want none", got)
	}
}
