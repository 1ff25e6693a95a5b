package message

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"liandong/internal/hotline"
)

// The languages there are; the first is the default.
const (
	Chinese = "zh-CN"
	English = "en"
)

// Languages lists them, the default first.
func Languages() []string { return []string{Chinese, English} }

//go:embed zh-CN/*.txt en/*.txt
var files embed.FS

// texts is language → key → sentence, read once and never changed.
var texts = mustRead(files)

func mustRead(from fs.FS) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, lang := range Languages() {
		t, err := read(from, lang)
		if err != nil {
			panic("message: " + err.Error()) // the files are part of the binary, and a test reads them
		}
		out[lang] = t
	}
	return out
}

// read merges all files of a language. All faults are reported at once, each
// with its file and line.
func read(from fs.FS, lang string) (map[string]string, error) {
	names, err := fs.Glob(from, lang+"/*.txt")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var faults []error
	for _, name := range names {
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		n := 0
		for line := range strings.Lines(string(raw)) {
			n++
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			key, sentence, ok := strings.Cut(line, "=")
			key, sentence = strings.TrimSpace(key), strings.TrimSpace(sentence)
			_, twice := out[key]
			switch {
			case !ok || key == "" || strings.ContainsAny(key, " \t"):
				faults = append(faults, fmt.Errorf("%s:%d: want key = sentence", name, n))
			case sentence == "":
				faults = append(faults, fmt.Errorf("%s:%d: %s says nothing", name, n, key))
			case twice:
				faults = append(faults, fmt.Errorf("%s:%d: %s was said before", name, n, key))
			default:
				out[key] = sentence
			}
		}
	}
	return out, errors.Join(faults...)
}

// Has says whether a language has a key.
func Has(lang, key string) bool {
	_, ok := table(lang)[key]
	return ok
}

// Keys lists the keys of a language, sorted.
func Keys(lang string) []string {
	t := table(lang)
	out := make([]string, 0, len(t))
	for k := range t {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// table is the sentences of a language, the default's for one we do not have.
func table(lang string) map[string]string {
	if t, ok := texts[lang]; ok {
		return t
	}
	return texts[Chinese]
}

// Text is the sentence of a key with its arguments filled in. A key that is
// not there is shown itself, so that the fault is seen and nothing else breaks.
func Text(lang, key string, args ...any) string {
	s, ok := table(lang)[key]
	if !ok {
		return key
	}
	return fill(lang, s, "", args)
}

// Word is the word for a value of some kind, as Word(lang, "state", "sent");
// the value itself where there is none.
func Word(lang, kind, value string) string {
	if s, ok := table(lang)[kind+"."+value]; ok {
		return s
	}
	return value
}

// Error is the sentence for a refusal. An error without a sentence of its own,
// and every error of ours, is told by its kind alone: a cause is for the log.
func Error(lang string, err error) string {
	e, ok := errors.AsType[*hotline.Error](err)
	if !ok || e.Kind == hotline.Internal {
		return Text(lang, "refusal.internal")
	}
	s, ok := table(lang)["error."+e.Code]
	if !ok {
		return Title(lang, e.Kind) + " (" + e.Code + ")"
	}
	return fill(lang, s, e.Field, e.Args)
}

// Title says in general what a kind of error means for the reader.
func Title(lang string, kind hotline.Kind) string { return Word(lang, "refusal", string(kind)) }

// Field is the word for a field of a form or a body: "legs[0].to" is called
// what "to" is called.
func Field(lang, field string) string {
	if field == "" {
		return Text(lang, "field.")
	}
	if i := strings.LastIndexByte(field, '.'); i >= 0 {
		field = field[i+1:]
	}
	field, _, _ = strings.Cut(field, "[")
	return Word(lang, "field", field)
}

// fill puts arguments into a sentence. A place without an argument stays
// empty; a brace that opens no place stays as it is.
func fill(lang, s, field string, args []any) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		place, after, ok := strings.Cut(rest, "}")
		name, kind, _ := strings.Cut(place, ":")
		n, err := strconv.Atoi(name)
		switch {
		case ok && name == "field" && kind != "":
			b.WriteString(Word(lang, kind, field))
		case ok && name == "field":
			b.WriteString(Field(lang, field))
		case !ok || err != nil || n < 0:
			b.WriteByte('{')
			s = rest
			continue
		case n < len(args):
			b.WriteString(say(lang, kind, args[n]))
		}
		s = after
	}
}

// zone is what people in China read on a clock.
var zone = time.FixedZone("CST", 8*60*60)

func say(lang, kind string, arg any) string {
	switch v := arg.(type) {
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.In(zone).Format("2006-01-02 15:04")
	case nil:
		return ""
	}
	s := fmt.Sprint(arg)
	if kind != "" {
		return Word(lang, kind, s)
	}
	return s
}

// Choose picks a language by an Accept-Language header: the one of ours with
// the highest weight, the default when none is named.
func Choose(accept string) string {
	best, weight := Chinese, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				continue
			}
			q = f
		}
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		lang := map[string]string{"zh": Chinese, "en": English}[primary]
		if lang != "" && q > weight {
			best, weight = lang, q
		}
	}
	return best
}
