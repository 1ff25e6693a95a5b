package message

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/casefile"
	"liandong/internal/consultation"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/supervision"
)

var place = regexp.MustCompile(`\{(\d+|field)(?::[a-z_]+)?\}`)

// Both languages say the same things, with the same arguments.
func TestLanguagesAgree(t *testing.T) {
	zh, en := texts[Chinese], texts[English]
	if diff := cmp.Diff(Keys(Chinese), Keys(English)); diff != "" {
		t.Errorf("keys differ (-zh-CN +en):\n%s", diff)
	}
	for key, a := range zh {
		b, ok := en[key]
		if !ok {
			continue
		}
		if got, want := placesOf(b), placesOf(a); !slices.Equal(got, want) {
			t.Errorf("%s: en has the places %v, zh-CN %v", key, got, want)
		}
	}
}

func placesOf(s string) []string {
	var out []string
	for _, m := range place.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var (
	byErrorf  = regexp.MustCompile(`Errorf\(\s*(?:hotline\.)?(?:Invalid|NotFound|Denied|Conflict|Unavailable|Internal),\s*"([a-z0-9_]+)"`)
	byFault   = regexp.MustCompile(`\bfault\((?:\w+, )?"(row_[a-z_]+)"`)
	byLiteral = regexp.MustCompile(`\bError\{[^}]*\bCode:\s*"([a-z0-9_]+)"`)
	byReader  = regexp.MustCompile(`\.one\(ctx, "([a-z ]+)"`)
)

// Every code that the program refuses with has its sentence.
func TestEveryCodeHasASentence(t *testing.T) {
	found := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, re := range []*regexp.Regexp{byErrorf, byLiteral, byFault} {
			for _, m := range re.FindAllSubmatch(src, -1) {
				found[string(m[1])] = path
			}
		}
		if strings.Contains(filepath.ToSlash(path), "internal/store/") {
			for _, m := range byReader.FindAllSubmatch(src, -1) {
				found[string(m[1])+"_not_found"] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 30 {
		t.Errorf("found %d codes, want all of the program's: has the directory moved?", len(found))
	}
	// These read a count or a minimum, which always has a row.
	delete(found, "counts_not_found")
	delete(found, "letters_not_found")
	for code, path := range found {
		for _, lang := range Languages() {
			if !Has(lang, "error."+code) {
				t.Errorf("%s: %s has no sentence error.%s", path, lang, code)
			}
		}
	}
}

// Every value of the small vocabularies has its word.
func TestEveryValueHasAWord(t *testing.T) {
	want := map[string][]string{
		"status":        plain(casefile.Statuses()),
		"kind":          plain(casefile.Kinds()),
		"outcome":       plain(casefile.Outcomes()),
		"channel":       casefile.Channels,
		"state":         plain(leg.States()),
		"verb":          plain(leg.Verbs()),
		"side":          {string(leg.Sender), string(leg.Holder)},
		"leg_role":      {string(leg.Lead), string(leg.Joint)},
		"ground":        plain(leg.Grounds()),
		"resolution":    {string(leg.BySuccessor), string(leg.KeptBySender)},
		"role":          plain(append(hotline.Roles(), hotline.Integration, hotline.Citizen, hotline.Peer, hotline.Machine)),
		"right":         plain(hotline.Rights()),
		"order_state":   plain(supervision.States()),
		"order_verb":    plain(supervision.Verbs()),
		"order_cause":   plain(supervision.Causes()),
		"watch":         plain(supervision.Watches()),
		"consultation":  plain(consultation.States()),
		"consult_cause": plain(consultation.Causes()),
		"consult_form":  plain(consultation.Forms()),
		"refusal": plain([]hotline.Kind{hotline.Invalid, hotline.NotFound, hotline.Denied, hotline.Conflict,
			hotline.Unavailable, hotline.Internal}),
	}
	for kind, values := range want {
		for _, v := range values {
			for _, lang := range Languages() {
				if !Has(lang, kind+"."+v) {
					t.Errorf("%s has no word for %s.%s", lang, kind, v)
				}
			}
		}
	}
}

func plain[T ~string](vs []T) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = string(v)
	}
	return out
}

func TestFill(t *testing.T) {
	at := time.Date(2025, 3, 1, 16, 30, 0, 0, time.UTC)
	for _, tc := range []struct {
		lang, sentence, field string
		args                  []any
		want                  string
	}{
		{Chinese, "共 {0} 件，{1} 件超期", "", []any{5, 2}, "共 5 件，2 件超期"},
		{Chinese, "{1} 在 {0} 前", "", []any{"甲", "乙"}, "乙 在 甲 前"},
		{Chinese, "环节{0:state}", "", []any{leg.Returned}, "环节已退回"},
		{English, "leg {0:state}", "", []any{leg.Returned}, "leg Returned"},
		{English, "leg {0:state}", "", []any{"nowhere"}, "leg nowhere"},
		{English, "until {0}", "", []any{at}, "until 2025-03-02 00:30"},
		{English, "until {0}", "", []any{time.Time{}}, "until "},
		{English, "none {0} {1}", "", []any{nil}, "none  "},
		{Chinese, "请填写“{field}”", "legs[2].to", nil, "请填写“去向”"},
		{English, "{field}!", "caller.phone", nil, "phone!"},
		{English, "{field}!", "strange", nil, "strange!"},
		{English, "{field}!", "", nil, "content!"},
		{English, "a {brace} and { open", "", nil, "a {brace} and { open"},
		{English, "{-1} {}", "", []any{"x"}, "{-1} {}"},
		{English, "{0}", "", []any{"{0} {field}"}, "{0} {field}"},
	} {
		if got := fill(tc.lang, tc.sentence, tc.field, tc.args); got != tc.want {
			t.Errorf("fill(%s, %q, %q, %v): got %q, want %q", tc.lang, tc.sentence, tc.field, tc.args, got, tc.want)
		}
	}
}

func TestError(t *testing.T) {
	for _, tc := range []struct {
		lang string
		err  error
		want string
	}{
		{Chinese, hotline.Errorf(hotline.Invalid, "text_long", "text", 10, 12), "“诉求内容”最多 10 个字，现有 12 个字"},
		{English, hotline.Errorf(hotline.Invalid, "text_long", "text", 10, 12), "“text” may have 10 characters at most, and has 12"},
		{Chinese, fmt.Errorf("do: %w", hotline.Errorf(hotline.Conflict, "move_refused", "state", "settle", "sent", "sender")),
			"环节处于“已发出”，发出方不能“了结”"},
		{English, hotline.Errorf(hotline.Denied, "denied", string(hotline.SeeLinks), "clerk"), "You do not have the right “see links”"},
		{English, hotline.Errorf(hotline.Conflict, "never_heard_of", ""), "This cannot be done now (never_heard_of)"},
		{English, errors.New("secret of the machine"), "Something went wrong on our side. It has been recorded; please try again"},
		{"fr", hotline.Errorf(hotline.NotFound, "leg_not_found", ""), "没有这个办理环节，或者您无权查看"},
	} {
		if got := Error(tc.lang, tc.err); got != tc.want {
			t.Errorf("Error(%s, %v): got %q, want %q", tc.lang, tc.err, got, tc.want)
		}
	}
}

func TestReadNamesFaults(t *testing.T) {
	_, err := read(fstest.MapFS{
		"en/a.txt": {Data: []byte("# c\nx = 1\nno sign\n = 3\nempty =\n")},
		"en/b.txt": {Data: []byte("x = again\ny z = 1\n")},
	}, "en")
	if err == nil {
		t.Fatal("got no error, want five faults")
	}
	for _, want := range []string{"en/a.txt:3:", "en/a.txt:4:", "en/a.txt:5: empty says nothing", "en/b.txt:1: x was said before", "en/b.txt:2:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %q", err, want)
		}
	}
}

func TestChoose(t *testing.T) {
	for accept, want := range map[string]string{
		"":                           Chinese,
		"en":                         English,
		"en-GB,en;q=0.9":             English,
		"zh-CN,zh;q=0.9,en;q=0.8":    Chinese,
		"en;q=0.5, zh-TW;q=0.7":      Chinese,
		"fr, en;q=0.1":               English,
		"fr":                         Chinese,
		"en;q=x":                     Chinese,
		"en;q=0":                     Chinese,
		"zh;q=0.4,en;q=0.6,bo;q=0.9": English,
	} {
		if got := Choose(accept); got != want {
			t.Errorf("Choose(%q): got %s, want %s", accept, got, want)
		}
	}
}
