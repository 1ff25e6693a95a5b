package catalogue

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"liandong/internal/hotline"
)

var itemCode = regexp.MustCompile(`^[A-D][0-9]{1,2}\.[0-9]{2}$`)

// ClassCodes lists the codes of the 35 classes in the order of the policy.
func ClassCodes() []string {
	codes := make([]string, 0, 35)
	for _, g := range []struct {
		form string
		n    int
	}{{"A%02d", 17}, {"B%02d", 7}, {"C%d", 4}, {"D%d", 7}} {
		for i := range g.n {
			codes = append(codes, fmt.Sprintf(g.form, i+1))
		}
	}
	return codes
}

// lines says which line takes each group of classes.
var lines = map[byte]Line{NonPolice: Line12345, Police: Line110, Urgent: Line110, FirstResponse: Line110}

// Validate says all that is wrong with a catalogue, joined, each fault with
// the place it stands at ("items[3] A01.04: …"); nil where it may be used.
func (c *Catalogue) Validate() error { return errors.Join(c.check(places{})...) }

// places says where each row came from. Where a catalogue came from no file,
// its rows are named by their position.
type places struct {
	version                string
	classes, items, limits []string
	rungs                  []string
}

// checker gathers faults; at is the place of the row at hand.
type checker struct {
	c      *Catalogue
	x      *index
	at     string
	faults []error
}

func (k *checker) fault(code, format string, args ...any) {
	k.faults = append(k.faults, refuse(k.at, code, format, args...))
}

// unreadable is fault for a cell: the sentence tells what stands in it, the log
// what is wrong with that.
func (k *checker) unreadable(code, what, cell string, err error) {
	k.faults = append(k.faults, &hotline.Error{Kind: hotline.Invalid, Code: code, Args: []any{k.at, cell}, Cause: fmt.Errorf("%s: %s: %w", k.at, what, err)})
}

// refuse makes a fault: a code with a sentence of its own in every language,
// whose first argument is the place, and the English sentence for logs.
func refuse(at, code, format string, args ...any) error {
	return &hotline.Error{Kind: hotline.Invalid, Code: code, Args: append([]any{at}, args...), Cause: fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))}
}

// Faults are the single faults that an error of Validate or Parse is made of.
func Faults(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, Faults(e)...)
		}
		return out
	}
	return []error{err}
}

// place says where the row at hand stands: its line, or else its position in
// the list; and its code, if it has one.
func (k *checker) place(from []string, list string, i int, code string) {
	at := fmt.Sprintf("%s[%d]", list, i)
	if i < len(from) {
		at = from[i] + ":"
	}
	k.at = strings.TrimSuffix(strings.TrimSpace(at+" "+code), ":")
}

func (c *Catalogue) check(from places) []error {
	k := &checker{c: c, x: c.build(), at: from.version}
	if k.at == "" {
		k.at = "catalogue"
	}
	k.head()
	for i, v := range c.Classes {
		k.place(from.classes, "classes", i, v.Code)
		k.class(i, v)
	}
	for i, v := range c.Items {
		k.place(from.items, "items", i, v.Code)
		k.item(i, v)
	}
	for i, v := range c.Limits {
		k.place(from.limits, "limits", i, "")
		k.limit(i, v)
	}
	for i, v := range c.Rungs {
		k.place(from.rungs, "ladders", i, "")
		k.rung(i, v)
	}
	k.at = "ladders"
	if len(from.rungs) > 0 {
		k.at = ladderFile
	}
	k.ends()
	k.at = "limits"
	if len(from.limits) > 0 {
		k.at = limitFile
	}
	k.defaults()
	return k.faults
}

func (k *checker) head() {
	if k.c.Version == "" {
		k.fault("row_version_missing", "no version")
	}
	if _, err := time.Parse(time.DateOnly, k.c.EffectiveFrom); err != nil {
		k.fault("row_date_invalid", "effective from %q is not a date like 2025-01-31", k.c.EffectiveFrom)
	}
	var missing []string
	for _, code := range ClassCodes() {
		if !k.knownClass(code) {
			missing = append(missing, code)
		}
	}
	if len(missing) > 0 {
		k.fault("row_class_missing", "no class %s: all 35 are needed", strings.Join(missing, ", "))
	}
}

func (k *checker) class(i int, v Class) {
	if !slices.Contains(ClassCodes(), v.Code) {
		k.fault("row_class_code", "class code %q is none of A01…A17, B01…B07, C1…C4, D1…D7", v.Code)
	}
	if k.x.class[v.Code] != i {
		k.fault("row_code_twice", "class code %q twice", v.Code)
	}
	k.names(v.Name, v.NameEN)
	if want, ok := lines[Group(v.Code)]; v.Line != Line12345 && v.Line != Line110 {
		k.fault("row_line_unknown", "unknown line %q", v.Line)
	} else if ok && v.Line != want {
		k.fault("row_line_other", "line %s, but classes %c are taken by %s", v.Line, v.Code[0], want)
	}
	if v.Level < 1 || v.Level > 4 {
		k.fault("row_level_range", "level %d is not within 1 to 4", v.Level)
	}
	k.departments(v.Lead, v.Joint)
	k.words("synonyms", v.Synonyms)
	k.pair(v)
	if Group(v.Code) != 0 && len(k.x.ofClass[v.Code]) == 0 {
		k.fault("row_class_empty", "no items under class %s", v.Code)
	}
}

// pair checks that a first-response class, and no other, names the classes
// that its rest belongs to.
func (k *checker) pair(v Class) {
	if !IsFirstResponse(v.Code) {
		if len(v.Pair) > 0 {
			k.fault("row_pair_only_d", "pair is for classes D only")
		}
		return
	}
	if len(v.Pair) == 0 {
		k.fault("row_pair_missing", "a class D pairs with the class that its rest belongs to")
	}
	k.words("pair", v.Pair)
	for _, p := range v.Pair {
		if g := Group(p); !k.knownClass(p) || g != NonPolice && g != Police {
			k.fault("row_pair_unknown", "pair %q is no class A or B here", p)
		}
	}
}

func (k *checker) item(i int, v Item) {
	if !itemCode.MatchString(v.Code) {
		k.fault("row_item_code", "item code %q is not a class code, a dot and two digits", v.Code)
	}
	if k.x.item[v.Code] != i {
		k.fault("row_code_twice", "item code %q twice", v.Code)
	}
	if class, _, _ := strings.Cut(v.Code, "."); class != v.Class {
		k.fault("row_class_other", "class %q, but its code says %q", v.Class, class)
	} else if !k.knownClass(v.Class) {
		k.fault("row_class_unknown", "unknown class %q", v.Class)
	}
	k.names(v.Name, v.NameEN)
	k.departments(v.Lead, v.Joint)

	k.words("synonyms", v.Synonyms)
	if len(v.Synonyms) < 2 {
		k.fault("row_synonyms_few", "%d synonyms: an item needs two ways that callers say it", len(v.Synonyms))
	}
	k.exclusions(v)
	k.escalations(v)
	if f := v.FirstResponse; f != "" && (!IsFirstResponse(f) || !k.knownClass(f)) {
		k.fault("row_first_unknown", "first response %q is no class D here", f)
	}
}

// exclusions checks that no excluded word is part of a synonym: such a synonym
// could never count.
func (k *checker) exclusions(v Item) {
	k.words("exclude", v.Exclude)
	for _, w := range v.Exclude {
		if i := slices.IndexFunc(v.Synonyms, func(s string) bool { return strings.Contains(s, w) }); w != "" && i >= 0 {
			k.fault("row_exclude_in_synonym", "excluded word %q is part of the synonym %q", w, v.Synonyms[i])
		}
	}
}

func (k *checker) escalations(v Item) {
	words := make([]string, len(v.Escalate))
	for i, e := range v.Escalate {
		words[i] = e.Word
		if g := Group(e.Class); !k.knownClass(e.Class) || g != Urgent && g != Police {
			k.fault("row_escalate_class", "%q escalates to %q, which is no class B or C here", e.Word, e.Class)
		}
	}
	k.words("escalate", words)
}

func (k *checker) limit(i int, v Limit) {
	if v.Class != "*" && Group(v.Class) == 0 || len(v.Class) > 1 && !k.knownClass(v.Class) {
		k.fault("row_class_unknown", "unknown class %q: a class, a letter A to D, or *", v.Class)
	}
	if v.Item != "" {
		if at, ok := k.x.item[v.Item]; !ok {
			k.fault("row_item_unknown", "unknown item %q", v.Item)
		} else if class := k.c.Items[at].Class; class != v.Class {
			k.fault("row_item_elsewhere", "item %s is under class %s, not %s", v.Item, class, v.Class)
		}
	}
	if v.Area != "*" && !slices.Contains(Areas(), v.Area) {
		k.fault("row_area_unknown", "unknown area %q: one of %s, or *", v.Area, strings.Join(Areas(), ", "))
	}
	if !slices.Contains(LimitKinds(), v.Kind) {
		k.fault("row_kind_unknown", "unknown kind of limit %q: one of %s", v.Kind, strings.Join(LimitKinds(), ", "))
	}
	if err := checkBudget(v.Budget); err != nil {
		k.unreadable("row_budget", "budget", v.Budget, err)
	}
	if Group(v.Class) == Urgent && !v.Urgent {
		k.fault("row_limit_not_urgent", "a limit of class %s that is not for urgent legs: every leg of it is urgent", v.Class)
	}
	if v.Source == "" {
		k.fault("row_source_missing", "no source: name the rule, or P for a proposal")
	}
	if k.x.limit[v.key()] != i {
		k.fault("row_limit_twice", "a second limit for the same class, item, area, kind and urgency")
	}
}

// defaults asks for a row that every leg falls back to, so that no clock is
// ever without a limit.
func (k *checker) defaults() {
	for _, kind := range LimitKinds() {
		if _, ok := k.x.limit[limitKey{class: "*", area: "*", kind: kind}]; !ok {
			k.fault("row_limit_default", "no %s limit for class *, area *, not urgent: what all others fall back to", kind)
		}
	}
}

func (k *checker) knownClass(code string) bool {
	_, ok := k.x.class[code]
	return ok
}

func (k *checker) names(name, english string) {
	if name == "" {
		k.fault("row_name_empty", "empty name")
	}
	if english == "" {
		k.fault("row_name_en_empty", "empty English name")
	}
	if strings.ContainsFunc(name+english, unicode.IsControl) {
		k.fault("row_name_control", "control character in the name")
	}
}

func (k *checker) departments(lead string, joint []string) {
	if _, ok := FindDepartment(lead); !ok {
		k.fault("row_lead_unknown", "unknown lead department kind %q", lead)
	}
	for i, j := range joint {
		if _, ok := FindDepartment(j); !ok {
			k.fault("row_joint_unknown", "unknown joint department kind %q", j)
		}
		if j == lead {
			k.fault("row_lead_joins", "%q both leads and joins", j)
		}
		if slices.Contains(joint[:i], j) {
			k.fault("row_joint_twice", "joint department %q twice", j)
		}
	}
}

// words checks one list of words: none twice, and none of a single character,
// which would be found in every other text.
func (k *checker) words(list string, words []string) {
	for i, w := range words {
		if strings.TrimSpace(w) == "" {
			k.fault("row_word_empty", "empty word in %s", list)
		} else if utf8.RuneCountInString(w) < 2 {
			k.fault("row_word_single", "%q in %s is a single character", w, list)
		} else if slices.Contains(words[:i], w) {
			k.fault("row_word_twice", "%q twice in %s", w, list)
		}
	}
}
