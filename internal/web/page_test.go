package web

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jba/templatecheck"

	"liandong/internal/assessment"
	"liandong/internal/calendar"
	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/leg"
	"liandong/internal/message"
	"liandong/internal/opinion"
	"liandong/internal/store"
	"liandong/internal/supervision"
	"liandong/internal/triage"
	"liandong/internal/triage/learn"
)

// Every template fits the struct that its page gives it.
func TestTemplatesFitTheirPages(t *testing.T) {
	set := parsePages(testWords(t, message.Chinese))
	for _, tc := range []struct {
		page, block string
		data        any
	}{
		{"problem", "layout", ProblemPage{}},
		{"sign-in", "layout", SignInPage{}},
		{"seat", "layout", SeatPage{}},
		{"seat", "panel", Panel{}},
		{"seat", "opinion", opinion.Opinion{}},
		{"queue", "layout", QueuePage{}},
		{"draft-ladder", "layout", LadderPage{}},
		{"notices", "layout", NoticesPage{}},
		{"notices", "bell", Bell{}},
		{"notice-log", "layout", NoticeLogPage{}},
		{"case", "layout", CasePage{}},
		{"account", "layout", AccountPage{}},
		{"case", "fresh", FreshPage{}},
		{"case", "unit-options", UnitOptions{}},
		{"leg", "layout", LegPage{}},
		{"inbox", "layout", InboxPage{}},
		{"overview", "layout", OverviewPage{}},
		{"overview", "alert", AlertPart{}},
		{"links", "layout", LinksPage{}},
		{"wall", "layout", WallPage{}},
		{"shift", "layout", ShiftPage{}},
		{"supervision", "layout", BoardPage{}},
		{"order", "layout", OrderPage{}},
		{"case-orders", "layout", OrdersPage{}},
		{"unreasonable", "layout", UnreasonablePage{}},
		{"draws", "layout", DrawsPage{}},
		{"draw", "layout", DrawPage{}},
		{"assessment", "layout", StatementPage{}},
		{"behind", "layout", BehindPage{}},
		{"score", "layout", ScorePage{}},
		{"scheme", "layout", SchemePage{}},
		{"consultations", "layout", ConsultationsPage{}},
		{"consultation", "layout", ConsultationPage{}},
		{"case-consult", "layout", ConsultPage{}},
		{"figures", "layout", FiguresPage{}},
		{"models", "layout", ModelsPage{}},
		{"catalogue", "layout", CataloguePage{}},
		{"catalogue-version", "layout", VersionPage{}},
		{"catalogue-moves", "layout", MovesPage{}},
		{"draft", "layout", DraftPage{}},
		{"draft-item", "layout", ItemPage{}},
	} {
		tmpl := set.page(tc.page).Lookup(tc.block)
		if tmpl == nil {
			t.Errorf("%s has no block %s", tc.page, tc.block)
			continue
		}
		if err := templatecheck.CheckHTML(tmpl, tc.data); err != nil {
			t.Errorf("%s, block %s: %v", tc.page, tc.block, err)
		}
	}
}

func testWords(t testing.TB, lang string) words {
	t.Helper()
	cat, err := seeds()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := places()
	if err != nil {
		t.Fatal(err)
	}
	cal, err := calendar.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return words{lang: lang, cat: func() *catalogue.Catalogue { return cat }, dir: dir, cal: cal, now: clockAt("2026-03-11 10:00")}
}

var (
	keyInTemplate = regexp.MustCompile(`\bt "([a-z_]+\.[a-z0-9_.]+)"`)
	keyInCode     = regexp.MustCompile(`"((?:web|field)\.[a-z0-9_.]*[a-z0-9])"`)
	wordKind      = regexp.MustCompile(`\b[wW]ord\(?\s*"([a-z_]+)"`)
)

// Every sentence that a page or its code asks for stands in both languages;
// so does every sentence whose key is put together from a value.
func TestEverySentenceIsThere(t *testing.T) {
	keys := map[string]string{}
	kinds := map[string]bool{}
	for _, pattern := range []string{"template/*.html", "*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: got %d files (error %v)", pattern, len(names), err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			re := keyInCode
			if strings.HasSuffix(name, ".html") {
				re = keyInTemplate
			}
			for _, m := range re.FindAllSubmatch(src, -1) {
				keys[string(m[1])] = name
			}
			for _, m := range wordKind.FindAllSubmatch(src, -1) {
				kinds[string(m[1])] = true
			}
		}
	}
	for _, key := range madeKeys() {
		keys[key] = "a key made from a value"
	}
	if len(keys) < 250 || len(kinds) < 10 {
		t.Errorf("found %d keys and %d kinds of word, want all of the pages': has the form of the calls changed?", len(keys), len(kinds))
	}
	for _, lang := range message.Languages() {
		all := message.Keys(lang)
		for key, where := range keys {
			if !slices.Contains(all, key) {
				t.Errorf("%s: %s has no sentence %s", where, lang, key)
			}
		}
		for kind := range kinds {
			if !slices.ContainsFunc(all, func(k string) bool { return strings.HasPrefix(k, kind+".") }) {
				t.Errorf("%s has no words of the kind %s", lang, kind)
			}
		}
	}
}

// madeKeys are the keys that code and templates put together.
func madeKeys() []string {
	var out []string
	add := func(prefix string, values ...string) {
		for _, v := range values {
			out = append(out, prefix+v)
		}
	}
	steps := []string{casefile.StepDual, casefile.StepDanger, casefile.StepTo110, casefile.StepTo12345, casefile.StepFirst, casefile.StepRest,
		casefile.StepDispatch, casefile.StepThreeWay, casefile.StepAccept, casefile.StepAnswer, casefile.StepSettle, casefile.StepResolve,
		casefile.StepPhone, casefile.StepCallback, casefile.StepClose, casefile.StepCloseOnSpot, casefile.StepAssess}
	add("web.step.", steps...)
	for _, s := range []string{casefile.StepAccept, casefile.StepSettle, casefile.StepAnswer, casefile.StepPhone, casefile.StepRest, casefile.StepResolve} {
		add("web.step.", s+".about") // steps about a leg
	}
	for _, s := range []string{casefile.StepDanger, casefile.StepAssess, casefile.StepFirst, casefile.StepDispatch} {
		add("web.step.", s+".button")
	}
	add("web.seat.do.", doTriage, doSave, doDual, doTo110, doTo12345, doFirst, doDispatch, doThreeWay, doClose)
	add("web.danger.", "C1", "C2", "C3", "C4")
	add("web.dispute.", "contested", "second_return")
	add("web.prompt.", deadline.NoReceipt, deadline.NoAcceptance)
	add("web.reason.", triage.ForItem, triage.ForClass, triage.Danger, triage.Escalates, triage.Negated, triage.Past, triage.Chronic,
		triage.Hypothetical, triage.Question, triage.Hearsay, triage.Rhetoric, triage.Gathered, triage.Peaceful, triage.FirstPolice, triage.InRegion, triage.Learned, triage.LearnedDanger, triage.Calmed,
		triage.OrRegion)
	add("web.score.why.", assessment.TooFewLegs, assessment.NothingCounted)
	add("figures.", "classes", "regions", "weeks")
	add("model.", "may", desk.TooFew, desk.NotBetter, desk.MayBeLuck, desk.LostDanger, desk.MoreAlarms)
	for _, why := range []string{desk.TooFew, desk.NotBetter, desk.MayBeLuck, desk.LostDanger, desk.MoreAlarms} {
		add("error.model_refused_", why)
	}
	for _, p := range learn.Published().Parts {
		add("figures.part.", p.Name)
		for _, e := range p.Engines {
			add("figures.engine.", e.Name)
		}
	}
	add("web.assign.", assignPreview, assignDone, assignUndone)
	add("web.unread.", "script", "garbled", "short")
	add("web.satisfaction.", "3.1", "3.2", "3.3", "5.1", "5.2", "5.3", "5.4", "5.5")
	for _, v := range verbs() {
		add("web.flash.", string(v))
		add("event.", string(v))
	}
	for _, v := range []leg.Verb{leg.Refuse, leg.Reopen, leg.Withdraw, leg.Supplement, leg.Contest, leg.Escalate} {
		add("web.verb.note.", string(v))
	}
	for _, v := range []leg.Verb{leg.Withdraw, leg.Extend} {
		add("web.verb.grant.", string(v))
		add("web.verb.refuse.", string(v))
	}
	add("web.flash.letter_", "resend", "void")
	for _, v := range supervision.Verbs() {
		add("web.flash.order_", string(v))
		add("event.order_", string(v))
	}
	add("letter_state.", store.LetterWaiting, store.LetterReceipted, store.LetterRefused, store.LetterExpired, store.LetterVoided, store.LetterApplied)
	for _, v := range leg.Verbs() {
		if v != leg.Send && v != leg.Receive {
			add("letter.", leg.TypeOf(v))
		}
	}
	add("letter.", leg.TypeOffer, leg.TypeReceipt, leg.TypeError, leg.TypeHead, leg.TypeErase, leg.TypeKeys)
	for _, k := range desk.CallKinds {
		add("call_kind.", k)
	}
	for _, k := range desk.CallOutcomes {
		add("call_outcome.", k)
	}
	for _, k := range deadline.Kinds() {
		add("clock.", string(k))
	}
	return out
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	p := Page{Fault: &fault{Action: "/a", Field: "note", Sentence: "请写明内容", values: url.Values{"note": {"typed"}, "to": {"x", "y"}}}}
	f := p.form("/a", 3).preset("note", "preset").preset("to", "z")
	if !f.Refused() || f.Val("note") != "typed" || !f.Is("to", "y") || f.Is("to", "z") || f.Wrong("note") == "" || f.Wrong("to") != "" {
		t.Errorf("refused form: got note %q, to y %v, to z %v, wrong %q", f.Val("note"), f.Is("to", "y"), f.Is("to", "z"), f.Wrong("note"))
	}
	g := p.form("/b", 3).preset("note", "preset")
	if g.Refused() || g.Val("note") != "preset" {
		t.Errorf("another form: got refused %v, note %q", g.Refused(), g.Val("note"))
	}
}

func TestLocalPathsOnly(t *testing.T) {
	for path, want := range map[string]bool{"/": true, "/cases?x=1": true, "": false, "//elsewhere": false, "/\\elsewhere": false,
		"https://elsewhere": false, "/a\r\nSet-Cookie: x": false, "cases": false} {
		if got := local(path); got != want {
			t.Errorf("local(%q): got %v, want %v", path, got, want)
		}
	}
}
