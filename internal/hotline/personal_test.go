package hotline

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

const secret = "张测试13900000001"

// holder keeps personal data where fmt may not ask it for its mask.
type holder struct {
	Name    string
	phone   Personal
	inner   struct{ p *Personal }
	Listed  []Personal
	ByName  map[string]Personal
	Pointer *Personal
}

// Personal data never gets out but by Reveal: not printed, not logged, not
// marshalled, not in an error, not from the depths of somebody's struct.
func TestPersonalNeverLeaks(t *testing.T) {
	p := NewPersonal(secret)
	h := holder{Name: "测试单位", phone: p, inner: struct{ p *Personal }{&p}, Listed: []Personal{p}, ByName: map[string]Personal{"a": p}, Pointer: &p}
	clean := func(how, got string) {
		t.Helper()
		// A whole number: three digits of it also stand in the addresses that fmt prints of other people's pointers.
		for _, s := range []string{secret, "张", "13900000001", fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%q", secret), fmt.Sprint([]byte(secret))} {
			if strings.Contains(got, s) {
				t.Errorf("%s shows it: %s", how, got)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%08.3f", "% x", "%T"} {
		for _, x := range []any{p, &p, h, &h, []any{p}, [2]Personal{p}, map[Personal]int{p: 1}, struct{ p Personal }{p}, any(p)} {
			clean(fmt.Sprintf("%s of %T", verb, x), fmt.Sprintf(verb, x))
		}
	}
	if got := fmt.Sprintf("%v|%s|%+v|%#v|%q", p, p, p, p, p); got != "***|***|***|***|***" {
		t.Errorf("got %s, want masks", got)
	}
	clean("Sprint", fmt.Sprint(p, h)+fmt.Sprintln(p, &h))
	clean("String", p.String()+p.GoString())

	for how, marshal := range map[string]func(any) ([]byte, error){
		"json": json.Marshal,
		"xml":  xml.Marshal,
		"gob": func(x any) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(x)
			return b.Bytes(), err
		},
	} {
		for _, x := range []any{p, &p, struct{ P Personal }{p}, []Personal{p}} {
			raw, err := marshal(x)
			clean(fmt.Sprintf("%s of %T", how, x), fmt.Sprint(string(raw), err))
		}
	}
	if raw, err := json.Marshal(struct{ P Personal }{p}); err != nil || string(raw) != `{"P":"***"}` {
		t.Errorf("json is %s, %v", raw, err)
	}
	if raw, err := json.Marshal(map[Personal]Personal{p: p}); err != nil || string(raw) != `{"***":"***"}` {
		t.Errorf("json is %s, %v", raw, err)
	}

	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		l := slog.New(handler).With("with", p)
		l.Info("a call", "p", p, "pointer", &p, "holder", h, "list", []Personal{p}, slog.Group("g", "p", p), slog.Any("any", p))
		l.Error("failed", "err", fmt.Errorf("call %v: %w", p, errors.New("no line")))
	}
	clean("slog", log.String())
	if !strings.Contains(log.String(), "with=***") || !strings.Contains(log.String(), `"p":"***"`) {
		t.Errorf("the log does not tell that there is something: %s", &log)
	}

	err := Errorf(Invalid, "phone_invalid", "phone", p, h)
	err.Cause = fmt.Errorf("dial %s: %w", p, errors.New("busy"))
	clean("an error", fmt.Sprintf("%v %+v %#v %s", err, err, err, fmt.Errorf("wrapped: %w", err)))

	var page bytes.Buffer
	tmpl := template.Must(template.New("").Parse(`<a href="/{{.}}" title="{{.}}" onclick="f({{.}})">{{.}} {{printf "%s" .}}</a><script>var p = {{.}}</script>`))
	if err := tmpl.Execute(&page, p); err != nil {
		t.Fatal(err)
	}
	clean("a page", page.String())

	func() {
		defer func() { clean("a panic", fmt.Sprint(recover())) }()
		panic(p)
	}()
}

func TestPersonal(t *testing.T) {
	for _, s := range []string{"", " ", secret, "\xff"} {
		p := NewPersonal(s)
		if p.Reveal() != s || p.Empty() != (s == "") {
			t.Errorf("%q: reveals %q, empty %v", s, p.Reveal(), p.Empty())
		}
		if want := map[bool]string{true: "", false: "***"}[s == ""]; p.String() != want || string(p.MaskAll()) != want {
			t.Errorf("%q: prints %q and %q, want %q", s, p.String(), p.MaskAll(), want)
		}
	}
	if z := (Personal{}); !z.Empty() || z.Reveal() != "" || z.MaskName() != "" || z.MaskPhone() != "" || z.Redact() != "" || fmt.Sprint(z) != "" {
		t.Error("the zero value is not nothing")
	}
}

// A mask cannot be written back: nothing that was marshalled, and nothing that
// was masked, reads as personal data.
func TestMaskIsNotReadBack(t *testing.T) {
	var p Personal
	for _, s := range []string{`"***"`, `"张**"`, `13900000001`} {
		//lint:ignore SA9005 that nothing is read into it is what is tested
		if err := json.Unmarshal([]byte(s), &p); err == nil || !p.Empty() {
			t.Errorf("%s was read as %q", s, p.Reveal())
		}
	}
	//lint:ignore SA9005 the same
	if err := json.Unmarshal([]byte(`{"value":"***","Value":"***"}`), &p); !p.Empty() {
		t.Errorf("a field was read: %q, %v", p.Reveal(), err)
	}
}

func TestMasks(t *testing.T) {
	for _, tc := range []struct{ in, name, phone string }{
		{"", "", ""},
		{"张", "张*", "***"},
		{"张测", "张*", "***"},
		{"张测试", "张**", "***"},
		{"扎西测试", "扎***", "***"},
		{"一个很长很长的测试名字", "一****", "***"},
		{"བཀྲ་ཤིས", "བ****", "***"},
		{"𠮷测试", "𠮷**", "***"},
		{"\xff", "\ufffd*", "***"},
		{"13900000001", "1****", "139******01"},
		{"139-0000-0001", "1****", "139********01"},
		{"139 0000 0001", "1****", "139********01"},
		{"+8613900000001", "+****", "+86*********01"},
		{"１３９００００００２１", "１****", "１３９******２１"},
		{"0891-6330000", "0****", "089*******00"},
		{"63300001", "6****", "633***01"},
		{"6330000", "6****", "***"},
		{"633-0000", "6****", "***"},
		{"110", "1**", "***"},
		{"1234567藏", "1****", "***"},
	} {
		p := NewPersonal(tc.in)
		if got := string(p.MaskName()); got != tc.name {
			t.Errorf("MaskName(%q) = %q, want %q", tc.in, got, tc.name)
		}
		if got := string(p.MaskPhone()); got != tc.phone {
			t.Errorf("MaskPhone(%q) = %q, want %q", tc.in, got, tc.phone)
		}
	}
}

// A mask of a phone shows five characters at most, of a name one, and is text.
func TestMasksHide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPersonal(rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9０-９ +-]{0,20}`)).Draw(t, "value"))
		for most, m := range map[int]Masked{1: p.MaskName(), 5: p.MaskPhone(), 0: p.MaskAll()} {
			shown := utf8.RuneCountInString(string(m)) - strings.Count(string(m), "*") + strings.Count(p.Reveal(), "*")
			if shown > most+strings.Count(p.Reveal(), "*") || !utf8.ValidString(string(m)) || (m == "") != p.Empty() {
				t.Errorf("%q is masked as %q", p.Reveal(), m)
			}
		}
	})
}
